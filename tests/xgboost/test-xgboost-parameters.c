/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-json.h"

#include "atelier-xgboost-parameters.h"
#include "xgboost-support.h"

/* Hyperparameters as JSON, with ' in place of ". */
static AtelierXgboostParameters *
parse (const char *text, GError **error)
{
  g_autofree char *json = g_strdelimit (g_strdup (text), "'", '"');
  g_autoptr (GError) fault = NULL;
  g_autoptr (json_t) value = atelier_json_parse (json, -1, &fault);

  g_assert_no_error (fault);
  return atelier_xgboost_parameters_new (value, error);
}

static const char *
get_setting (const AtelierXgboostParameters *parameters, const char *name)
{
  for (guint i = 0; i < parameters->settings->len; i++)
    if (strcmp (g_array_index (parameters->settings, AtelierXgboostSetting, i).name, name) == 0)
      return g_array_index (parameters->settings, AtelierXgboostSetting, i).value;
  return NULL;
}

static void
test_accepted (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostParameters) parameters = parse (
      "{'num_round': '50', 'objective': '\\'multi:softprob\\'', 'num_class': 3, 'learning_rate': ' 0.2 ', "
      "'eval_metric': 'merror, f1_macro',"
      " 'early_stopping_rounds': '5', 'csv_weights': '1', 'nthread': '2', 'save_model_on_termination': 'true',"
      " 'tree_method': 'hist', 'monotone_constraints': '(1, 0, -1)', 'interaction_constraints': '[[1, 2], [3]]',"
      " 'sagemaker_region': 'eu-central-1', 'updater': 'grow_quantile_histmaker,prune', 'seed': '-3'}",
      &error);

  g_assert_no_error (error);
  g_assert_cmpint (parameters->n_rounds, ==, 50);
  g_assert_cmpint (parameters->n_classes, ==, 3);
  g_assert_cmpint (parameters->early_stopping_rounds, ==, 5);
  g_assert_cmpint (parameters->n_threads, ==, 2);
  g_assert_true (parameters->csv_weights);
  g_assert_true (parameters->save_on_termination);
  g_assert_cmpstr (parameters->objective, ==, "multi:softprob");
  g_assert_cmpstr (parameters->stopping_metric, ==, "f1_macro");
  g_assert_cmpstr (get_setting (parameters, "objective"), ==, "multi:softprob");
  g_assert_cmpstr (get_setting (parameters, "eta"), ==, "0.2");
  g_assert_cmpstr (get_setting (parameters, "seed"), ==, "-3");
  g_assert_cmpstr (get_setting (parameters, "monotone_constraints"), ==, "(1,0,-1)");
  g_assert_cmpstr (get_setting (parameters, "interaction_constraints"), ==, "[[1,2],[3]]");
  g_assert_cmpstr (get_setting (parameters, "eval_metric"), ==, "merror");
  g_assert_null (get_setting (parameters, "num_round"));
  g_assert_null (get_setting (parameters, "sagemaker_region"));
  g_assert_cmpuint (parameters->own_metrics->len, ==, 1);
  g_assert_cmpuint (parameters->notes->len, ==, 0);
}

static void
test_tuning_metric (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostParameters) alone
      = parse ("{'num_round': '1', '_tuning_objective_metric': 'validation:mae'}", &error);
  g_autoptr (AtelierXgboostParameters) both
    = parse ("{'num_round': '1', '_tuning_objective_metric': 'validation:mae', 'eval_metric': 'rmse,logloss'}", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (get_setting (alone, "eval_metric"), ==, "mae");
  g_assert_cmpstr (get_setting (both, "eval_metric"), ==, "logloss");
  g_assert_cmpstr (both->stopping_metric, ==, "mae");
}

static void
test_notes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostParameters) parameters
      = parse ("{'num_round': '1', 'tree_method': 'gpu_hist', 'predictor': 'gpu_predictor', 'use_dask_gpu_training': "
               "'true', 'dsplit': 'row',"
               " 'sketch_eps': '0.1'}",
               &error);

  g_assert_no_error (error);
  g_assert_cmpuint (parameters->notes->len, ==, 5);
  g_assert_cmpstr (get_setting (parameters, "tree_method"), ==, "hist");
  g_assert_cmpstr (get_setting (parameters, "predictor"), ==, "cpu_predictor");
  g_assert_null (get_setting (parameters, "dsplit"));
  g_assert_null (get_setting (parameters, "use_dask_gpu_training"));
}

static void
test_faults (void)
{
  static const struct
  {
    const char *given;
    const char *sentence;
  } cases[] = {
    { "{}", "“num_round”, the number of rounds of boosting, is required" },
    { "[]", "must be a JSON object" },
    { "{'num_round': '1', 'etaa': '1'}", "The hyperparameter “etaa” is not known; did you mean “eta”?" },
    { "{'num_round': '1', 'zzzzzzzz': '1'}", "“zzzzzzzz” is not known to the XGBoost algorithm" },
    { "{'num_round': '1', 'eta': '3'}", "“eta” is 3, but must be in [0, 1]" },
    { "{'num_round': '1', 'eta': 'fast'}", "“eta” is “fast”, but must be a number" },
    { "{'num_round': '1', 'eta': 'nan'}", "“eta” is “nan”, but must be a number" },
    { "{'num_round': '1', 'eta': ''}", "“eta” is “”, but must be a number" },
    { "{'num_round': '1', 'eta': '0.1', 'learning_rate': '0.1'}",
      "“eta” and “learning_rate” are the same hyperparameter" },
    { "{'num_round': '1', 'max_depth': '5.0'}", "“max_depth” is “5.0”, but must be a whole number" },
    { "{'num_round': '1', 'max_depth': '-1'}", "“max_depth” is -1, but must be at least 0" },
    { "{'num_round': '0'}", "“num_round” is 0, but must be at least 1" },
    { "{'num_round': '99999999999'}", "“num_round” is “99999999999”, but must be a whole number" },
    { "{'num_round': '1', 'subsample': '0'}", "“subsample” is 0, but must be in (0, 1]" },
    { "{'num_round': '1', 'scale_pos_weight': '0'}", "“scale_pos_weight” is 0, but must be more than 0" },
    { "{'num_round': '1', 'tweedie_variance_power': '2'}", "must be in (1, 2)" },
    { "{'num_round': '1', 'booster': 'gbtre'}", "“booster” is “gbtre”, which is not known; did you mean “gbtree”?" },
    { "{'num_round': '1', 'booster': 'linear model'}", "must be one of: gbtree, gblinear, dart" },
    { "{'num_round': '1', 'objective': 'multi:softmax'}", "The objective “multi:softmax” needs “num_class”" },
    { "{'num_round': '1', 'num_class': '3'}",
      "“num_class” is for the objectives multi:softmax and multi:softprob only" },
    { "{'num_round': '1', 'eval_metric': 'rmse,rsme2'}",
      "“eval_metric” names the metric “rsme2”, which is not known" },
    { "{'num_round': '1', 'eval_metric': ''}", "“eval_metric” is empty" },
    { "{'num_round': '1', 'eval_metric': 'rmse@3'}", "only error, ndcg and map take a suffix" },
    { "{'num_round': '1', 'eval_metric': 'error@x'}", "where a number must follow “@”" },
    { "{'num_round': '1', 'eval_metric': 'auc'}", "The metric “auc” is for the objectives binary:… and rank:… only" },
    { "{'num_round': '1', 'eval_metric': 'accuracy'}", "The metric “accuracy” is for classification only" },
    { "{'num_round': '1', 'objective': 'multi:softmax', 'num_class': '3', 'eval_metric': 'f1_binary'}",
      "use “f1_macro”" },
    { "{'num_round': '1', 'objective': 'multi:softmax', 'num_class': '3', 'eval_metric': 'mse'}",
      "“mse” is for regression only" },
    { "{'num_round': '1', 'eval_metric': 'aft-nloglik'}", "survival:aft only" },
    { "{'num_round': '1', '_tuning_objective_metric': 'train:rmse'}", "must be “validation:” and a metric" },
    { "{'num_round': '1', 'monotone_constraints': '(1,0)'}",
      "“monotone_constraints” needs “tree_method” to be exact or hist" },
    { "{'num_round': '1', 'tree_method': 'hist', 'monotone_constraints': '(1,2)'}", "must be like (1,0,-1)" },
    { "{'num_round': '1', 'tree_method': 'hist', 'monotone_constraints': '__import__(\\'os\\')'}",
      "must be like (1,0,-1)" },
    { "{'num_round': '1', 'tree_method': 'hist', 'interaction_constraints': '[1,2]'}", "must be like [[1,2],[3,4]]" },
    { "{'num_round': '1', 'tree_method': 'hist', 'interaction_constraints': '[[0]]'}", "must be like [[1,2],[3,4]]" },
    { "{'num_round': '1', 'interaction_constraints': '[[1]]'}", "exact, hist or approx" },
    { "{'num_round': '1', 'booster': 'gblinear', 'updater': 'prune'}", "it must be shotgun or coord_descent" },
    { "{'num_round': '1', 'updater': 'shotgun'}", "belong to the booster gblinear" },
    { "{'num_round': '1', 'updater': 'grow_colmaker,grow_histmaker'}", "only one of them may grow trees" },
    { "{'num_round': '1', 'process_type': 'update', 'updater': 'grow_colmaker'}",
      "it can only be refresh and prune" },
    { "{'num_round': '1', '_kfold': '5'}", "“_kfold” (cross validation) is not available" },
    { "{'num_round': '1', 'save_model_on_termination': 'yes'}", "must be one of: true, false" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostParameters) parameters = parse (cases[i].given, &error);

      g_assert_null (parameters);
      g_assert_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_PARAMETER);
      assert_contains (error->message, cases[i].sentence);
    }
}

/* All faults come at once, and one fault makes no second. */
static void
test_all_at_once (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostParameters) parameters = parse (
      "{'etaa': '1', 'gamma': '-1', 'objective': 'multi:softmx', 'num_class': '1', 'eval_metric': 'auc'}", &error);
  g_auto (GStrv) lines = NULL;

  g_assert_null (parameters);
  lines = g_strsplit (error->message, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 5);
  assert_contains (lines[0], "etaa");
  assert_contains (lines[1], "gamma");
  assert_contains (lines[2], "multi:softmax");
  assert_contains (lines[3], "num_class");
  assert_contains (lines[4], "num_round");
}

/* Lists in brackets from random pieces: never a crash. */
static void
test_random_lists (void)
{
  static const char pieces[] = "()[],-0123 ";

  for (guint i = 0; i < 20000; i++)
    {
      char text[24], whole[200];
      gsize n = g_test_rand_int_range (0, sizeof text - 1);
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostParameters) parameters = NULL;

      for (gsize k = 0; k < n; k++)
        text[k] = pieces[g_test_rand_int_range (0, sizeof pieces - 1)];
      text[n] = '\0';
      g_snprintf (whole, sizeof whole, "{'num_round': '1', 'tree_method': 'hist', '%s': '%s'}",
                  i % 2 ? "monotone_constraints" : "interaction_constraints", text);
      parameters = parse (whole, &error);
      g_assert_true ((parameters == NULL) == (error != NULL));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/parameters/accepted", test_accepted);
  g_test_add_func ("/xgboost/parameters/tuning-metric", test_tuning_metric);
  g_test_add_func ("/xgboost/parameters/notes", test_notes);
  g_test_add_func ("/xgboost/parameters/faults", test_faults);
  g_test_add_func ("/xgboost/parameters/all-at-once", test_all_at_once);
  g_test_add_func ("/xgboost/parameters/random-lists", test_random_lists);
  return g_test_run ();
}
