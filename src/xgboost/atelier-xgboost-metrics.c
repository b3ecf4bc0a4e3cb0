/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-metrics"

#include "config.h"

#include <math.h>
#include <string.h>

#include "atelier-xgboost-metrics.h"

/* The metrics that SageMaker's container adds to XGBoost's own, with scikit-learn's definitions. A class is right when
 * the largest margin (several outputs) or the sign of the one margin says so; the averages are over the classes that
 * occur among labels and predictions, and what would be a division by zero is zero. */

typedef enum
{
  MINIMIZE = 0,
  MAXIMIZE = 1 << 0,
  OWN = 1 << 1,
  CLASSES = 1 << 2,
  BINARY = 1 << 3,
} Traits;

static const struct
{
  const char *name;
  Traits      traits;
} metrics[] = {
  { "accuracy", MAXIMIZE | OWN | CLASSES },
  { "aft-nloglik", MINIMIZE },
  { "auc", MAXIMIZE },
  { "aucpr", MAXIMIZE },
  { "balanced_accuracy", MAXIMIZE | OWN | CLASSES },
  { "cox-nloglik", MINIMIZE },
  { "error", MINIMIZE },
  { "f1", MAXIMIZE | OWN | CLASSES },
  { "f1_binary", MAXIMIZE | OWN | CLASSES | BINARY },
  { "f1_macro", MAXIMIZE | OWN | CLASSES },
  { "gamma-deviance", MINIMIZE },
  { "gamma-nloglik", MINIMIZE },
  { "interval-regression-accuracy", MINIMIZE },
  { "logloss", MINIMIZE },
  { "mae", MINIMIZE },
  { "map", MAXIMIZE },
  { "mape", MINIMIZE },
  { "merror", MINIMIZE },
  { "mlogloss", MINIMIZE },
  { "mphe", MINIMIZE },
  { "mse", MINIMIZE | OWN },
  { "ndcg", MAXIMIZE },
  { "poisson-nloglik", MINIMIZE },
  { "precision", MAXIMIZE | OWN | CLASSES | BINARY },
  { "precision_macro", MAXIMIZE | OWN | CLASSES },
  { "precision_micro", MAXIMIZE | OWN | CLASSES },
  { "r2", MAXIMIZE | OWN },
  { "recall", MAXIMIZE | OWN | CLASSES | BINARY },
  { "recall_macro", MAXIMIZE | OWN | CLASSES },
  { "recall_micro", MAXIMIZE | OWN | CLASSES },
  { "rmse", MINIMIZE },
  { "rmsle", MINIMIZE },
  { "tweedie-nloglik", MINIMIZE },
};

static gboolean
find (const char *name, gboolean with_suffix, Traits *traits)
{
  for (gsize i = 0; i < G_N_ELEMENTS (metrics); i++)
    {
      gsize length = strlen (metrics[i].name);

      if (strncmp (name, metrics[i].name, length) == 0
          && (name[length] == '\0' || (with_suffix && (name[length] == '@' || strcmp (name + length, "-") == 0))))
        {
          *traits = metrics[i].traits;
          return TRUE;
        }
    }
  return FALSE;
}

gboolean
atelier_xgboost_metric_is_maximized (const char *name)
{
  Traits traits;

  return find (name, TRUE, &traits) && (traits & MAXIMIZE);
}

gboolean
atelier_xgboost_metric_is_known (const char *name)
{
  Traits traits;

  return find (name, FALSE, &traits);
}

gboolean
atelier_xgboost_metric_is_own (const char *name)
{
  Traits traits;

  return find (name, FALSE, &traits) && (traits & OWN);
}

gboolean
atelier_xgboost_metric_is_of_classes (const char *name)
{
  Traits traits;

  return find (name, FALSE, &traits) && (traits & CLASSES);
}

gboolean
atelier_xgboost_metric_is_binary (const char *name)
{
  Traits traits;

  return find (name, FALSE, &traits) && (traits & BINARY);
}

static double
mean_squared_error (const float *labels, gsize n_rows, const float *values)
{
  double sum = 0;

  for (gsize i = 0; i < n_rows; i++)
    sum += ((double) labels[i] - values[i]) * ((double) labels[i] - values[i]);
  return sum / n_rows;
}

static double
determination (const float *labels, gsize n_rows, const float *values)
{
  double mean = 0, total = 0;

  for (gsize i = 0; i < n_rows; i++)
    mean += labels[i];
  mean /= n_rows;
  for (gsize i = 0; i < n_rows; i++)
    total += (labels[i] - mean) * (labels[i] - mean);
  if (total == 0)
    return mean_squared_error (labels, n_rows, values) == 0 ? 1 : 0;
  return 1 - mean_squared_error (labels, n_rows, values) * n_rows / total;
}

typedef struct
{
  gsize labelled;
  gsize predicted;
  gsize right;
} Class;

static double
ratio (double a, double b)
{
  return b > 0 ? a / b : 0;
}

static gsize
predicted_class (const float *values, gsize n_outputs)
{
  gsize best = 0;

  if (n_outputs == 1)
    return values[0] > 0;
  for (gsize k = 1; k < n_outputs; k++)
    if (values[k] > values[best])
      best = k;
  return best;
}

static double
precision_of (const Class *c)
{
  return ratio (c->right, c->predicted);
}

static double
recall_of (const Class *c)
{
  return ratio (c->right, c->labelled);
}

static double
f1_of (const Class *c)
{
  return ratio (2.0 * c->right, c->labelled + c->predicted);
}

/* @labelled_only: over the classes that have a label, as balanced accuracy does */
static double
average (const Class *classes, gsize n_classes, gboolean labelled_only, double (*score) (const Class *c))
{
  double sum = 0;
  gsize n = 0;

  for (gsize k = 0; k < n_classes; k++)
    if (classes[k].labelled + (labelled_only ? 0 : classes[k].predicted) > 0)
      {
        sum += score (&classes[k]);
        n++;
      }
  return ratio (sum, n);
}

double
atelier_xgboost_metric_compute (const char *name,
                                const float *labels,
                                gsize n_rows,
                                const float *values,
                                gsize n_outputs)
{
  gsize n_classes = MAX (n_outputs, 2), n_right = 0;
  g_autofree Class *classes = g_new0 (Class, n_classes);

  if (n_rows == 0)
    return 0;
  if (strcmp (name, "mse") == 0)
    return mean_squared_error (labels, n_rows, values);
  if (strcmp (name, "r2") == 0)
    return determination (labels, n_rows, values);

  for (gsize i = 0; i < n_rows; i++)
    {
      gsize guess = predicted_class (values + i * n_outputs, n_outputs);
      gsize label = labels[i] >= 0 && labels[i] < n_classes ? (gsize) labels[i] : n_classes;

      classes[guess].predicted++;
      if (label < n_classes)
        classes[label].labelled++;
      if (label == guess)
        {
          classes[guess].right++;
          n_right++;
        }
    }
  if (strcmp (name, "balanced_accuracy") == 0)
    return average (classes, n_classes, TRUE, recall_of);
  if (strcmp (name, "f1") == 0 || strcmp (name, "f1_macro") == 0)
    return average (classes, n_classes, FALSE, f1_of);
  if (strcmp (name, "precision_macro") == 0)
    return average (classes, n_classes, FALSE, precision_of);
  if (strcmp (name, "recall_macro") == 0)
    return average (classes, n_classes, FALSE, recall_of);
  if (strcmp (name, "f1_binary") == 0)
    return f1_of (&classes[1]);
  if (strcmp (name, "precision") == 0)
    return precision_of (&classes[1]);
  if (strcmp (name, "recall") == 0)
    return recall_of (&classes[1]);
  return ratio (n_right, n_rows); /* accuracy, and the averages over all decisions: precision_micro, recall_micro */
}
