/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "atelier-xgboost-metrics.h"

/* The expected values are scikit-learn's for the same labels and classes. */

static void
assert_metric (const char *name,
               const float *labels,
               gsize n_rows,
               const float *values,
               gsize n_outputs,
               double expected)
{
  g_assert_cmpfloat_with_epsilon (atelier_xgboost_metric_compute (name, labels, n_rows, values, n_outputs), expected,
                                  1e-9);
}

static void
test_binary (void)
{
  /* classes 1 0 1 1 0 0 */
  static const float labels[] = { 1, 0, 0, 1, 1, 0 }, margins[] = { 2, -1, 0.5, 0.1, -3, 0 };

  assert_metric ("accuracy", labels, 6, margins, 1, 4 / 6.0);
  assert_metric ("precision", labels, 6, margins, 1, 2 / 3.0);
  assert_metric ("recall", labels, 6, margins, 1, 2 / 3.0);
  assert_metric ("f1_binary", labels, 6, margins, 1, 2 / 3.0);
  assert_metric ("f1", labels, 6, margins, 1, 2 / 3.0);
  assert_metric ("balanced_accuracy", labels, 6, margins, 1, 2 / 3.0);
}

static void
test_classes (void)
{
  /* labels 0 1 2 2 1 0, classes 0 2 2 2 1 1 */
  static const float labels[] = { 0, 1, 2, 2, 1, 0 };
  static const float margins[] = { 3, 1, 0, 0, 1, 2, 0, 0, 1, -1, -2, 0, 0, 5, 1, 0, 1, 0 };

  assert_metric ("accuracy", labels, 6, margins, 3, 4 / 6.0);
  assert_metric ("precision_micro", labels, 6, margins, 3, 4 / 6.0);
  assert_metric ("recall_micro", labels, 6, margins, 3, 4 / 6.0);
  assert_metric ("precision_macro", labels, 6, margins, 3, (1 + 0.5 + 2 / 3.0) / 3);
  assert_metric ("recall_macro", labels, 6, margins, 3, (0.5 + 0.5 + 1) / 3);
  assert_metric ("balanced_accuracy", labels, 6, margins, 3, (0.5 + 0.5 + 1) / 3);
  assert_metric ("f1_macro", labels, 6, margins, 3, (2 / 3.0 + 0.5 + 0.8) / 3);
}

/* A class that is neither a label nor predicted does not count; one that is only predicted does, but for balanced
 * accuracy. */
static void
test_absent_classes (void)
{
  static const float labels[] = { 0, 0 }, margins[] = { 1, 0, 0, 0, 1, 0 };

  assert_metric ("f1_macro", labels, 2, margins, 3, (2 / 3.0 + 0) / 2);
  assert_metric ("balanced_accuracy", labels, 2, margins, 3, 0.5);
  assert_metric ("accuracy", labels, 0, margins, 3, 0);
}

static void
test_regression (void)
{
  static const float labels[] = { 1, 2, 3 }, values[] = { 1, 2, 5 }, same[] = { 4, 4, 4 };

  assert_metric ("mse", labels, 3, values, 1, 4 / 3.0);
  assert_metric ("r2", labels, 3, values, 1, -1);
  assert_metric ("r2", same, 3, same, 1, 1);
  assert_metric ("r2", same, 3, labels, 1, 0);
}

static void
test_traits (void)
{
  g_assert_true (atelier_xgboost_metric_is_maximized ("auc"));
  g_assert_true (atelier_xgboost_metric_is_maximized ("ndcg@5-"));
  g_assert_true (atelier_xgboost_metric_is_maximized ("map-"));
  g_assert_false (atelier_xgboost_metric_is_maximized ("mape"));
  g_assert_false (atelier_xgboost_metric_is_maximized ("rmse"));
  g_assert_false (atelier_xgboost_metric_is_maximized ("error@0.3"));
  g_assert_true (atelier_xgboost_metric_is_known ("tweedie-nloglik"));
  g_assert_false (atelier_xgboost_metric_is_known ("ndcg@5"));
  g_assert_true (atelier_xgboost_metric_is_own ("mse"));
  g_assert_false (atelier_xgboost_metric_is_own ("rmse"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/metrics/binary", test_binary);
  g_test_add_func ("/xgboost/metrics/classes", test_classes);
  g_test_add_func ("/xgboost/metrics/absent-classes", test_absent_classes);
  g_test_add_func ("/xgboost/metrics/regression", test_regression);
  g_test_add_func ("/xgboost/metrics/traits", test_traits);
  return g_test_run ();
}
