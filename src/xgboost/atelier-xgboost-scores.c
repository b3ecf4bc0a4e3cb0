/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-scores"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-xgboost-metrics.h"
#include "atelier-xgboost-scores.h"

/* XGBoost gives its metrics as the text "[0]\ttrain-rmse:1.25\tvalidation-rmse:1.31", with all digits. */

static void
clear_score (gpointer data)
{
  g_free (((AtelierXgboostScore *) data)->metric);
}

static void
add_score (GArray *scores, guint data, const char *metric, gsize length, double value)
{
  AtelierXgboostScore score = { data, g_strndup (metric, length), value };

  g_array_append_val (scores, score);
}

static void
add_from_library (GArray *scores, const char *text, guint data, const char *name)
{
  g_auto (GStrv) words = g_strsplit (text, "\t", -1);
  gsize length = strlen (name);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      const char *colon = strrchr (words[i], ':');

      if (colon != NULL && strncmp (words[i], name, length) == 0 && words[i][length] == '-')
        add_score (scores, data, words[i] + length + 1, colon - words[i] - length - 1,
                   g_ascii_strtod (colon + 1, NULL));
    }
}

static gboolean
add_own (GArray *scores,
         BoosterHandle booster,
         DMatrixHandle matrix,
         guint data,
         const GPtrArray *metrics,
         GError **error)
{
  const float *labels = NULL;
  bst_ulong n_rows = 0;

  if (metrics->len > 0
      && !atelier_xgboost_check (XGDMatrixGetFloatInfo (matrix, "label", &n_rows, &labels), _("Cannot evaluate"),
                                 error))
    return FALSE;
  for (guint i = 0; i < metrics->len; i++)
    {
      const char *metric = g_ptr_array_index (metrics, i);
      gsize n_values;
      const float *values = atelier_xgboost_predict (booster, matrix, atelier_xgboost_metric_is_of_classes (metric),
                                                     0, &n_values, error);

      if (values == NULL)
        return FALSE;
      add_score (scores, data, metric, strlen (metric),
                 atelier_xgboost_metric_compute (metric, labels, n_rows, values, n_rows > 0 ? n_values / n_rows : 1));
    }
  return TRUE;
}

GArray *
atelier_xgboost_scores_new (BoosterHandle      booster,
                            DMatrixHandle     *matrices,
                            const char *const *names,
                            guint              n_matrices,
                            const GPtrArray   *own_metrics,
                            int                iteration,
                            GError           **error)
{
  g_autoptr (GArray) scores = g_array_new (FALSE, FALSE, sizeof (AtelierXgboostScore));
  g_autofree const char **list = g_memdup2 (names, n_matrices * sizeof *names);
  g_autofree char *text = NULL;
  const char *line = NULL;

  g_array_set_clear_func (scores, clear_score);
  if (!atelier_xgboost_check (XGBoosterEvalOneIter (booster, iteration, matrices, list, n_matrices, &line),
                              _("Cannot evaluate"), error))
    return NULL;
  text = g_strdup (line);
  for (guint i = 0; i < n_matrices; i++)
    {
      add_from_library (scores, text, i, names[i]);
      if (!add_own (scores, booster, matrices[i], i, own_metrics, error))
        return NULL;
    }
  return g_steal_pointer (&scores);
}
