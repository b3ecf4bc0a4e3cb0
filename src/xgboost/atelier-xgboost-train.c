/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-train"

#include "config.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-files.h"
#include "atelier-json.h"

#include "atelier-xgboost-checkpoints.h"
#include "atelier-xgboost-metrics.h"
#include "atelier-xgboost-parameters.h"
#include "atelier-xgboost-scores.h"
#include "atelier-xgboost-train.h"

/* One training. Everything that can be wrong with parameters and data is found before the first iteration.
 *
 * Resuming. A checkpoint is a model, and the state of early stopping is in its attributes, so a training that was
 * stopped and begun again ends with the same model as one that was not, bit for bit. The one thing a model does not
 * hold is the state of the random numbers: where there is a folder for checkpoints each iteration therefore draws its
 * own from seed and number of the iteration ("seed_per_iteration"). XGBoost does not follow that for the methods hist
 * and approx with subsample or colsample_… below 1: there a resumed training is as good, but not identical.
 *
 * SIGTERM ends the training after the iteration that is under way. While data is still being read it ends the program
 * at once: nothing has been written yet. */

typedef struct
{
  const AtelierXgboostPlaces *places;
  AtelierXgboostParameters   *parameters; /* (owned) */
  AtelierXgboostModelFormat   format;
  DMatrixHandle               matrices[2]; /* (owned) train, validation */
  guint                       n_matrices;
  BoosterHandle               booster;      /* (owned) */
  gsize                       n_columns;
  guint                       n_threads;
  gint64                      checkpoint_us; /* when the last one was written */
  gint64                      checkpoint_took_us;
} Training;

static const char *const data_names[] = { "train", "validation" };

static volatile sig_atomic_t terminated;

static void
on_terminate (int number)
{
  terminated = 1;
}

G_GNUC_PRINTF (1, 2)
static void
say (const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  vprintf (format, arguments);
  va_end (arguments);
  putchar ('\n');
  fflush (stdout);
}

static void
say_notes (GPtrArray *notes)
{
  for (guint i = 0; i < notes->len; i++)
    say (_("Note: %s"), (const char *) g_ptr_array_index (notes, i));
  g_ptr_array_set_size (notes, 0);
}

static guint
choose_threads (const AtelierXgboostParameters *parameters)
{
  const char *granted = g_getenv ("SM_NUM_CPUS");
  guint64 n = 0;

  if (parameters->n_threads > 0)
    return parameters->n_threads;
  if (granted != NULL && g_ascii_string_to_unsigned (granted, 10, 1, 1024, &n, NULL))
    return (guint) n;
  return g_get_num_processors ();
}

static AtelierXgboostLabelRule
label_rule (const AtelierXgboostParameters *parameters)
{
  static const AtelierXgboostLabelRule rules[] = {
    { "binary:logistic", 0, 1, FALSE, FALSE },   { "binary:logitraw", 0, 1, FALSE, FALSE },
    { "reg:logistic", 0, 1, FALSE, FALSE },      { "count:poisson", 0, INFINITY, FALSE, FALSE },
    { "reg:tweedie", 0, INFINITY, FALSE, FALSE }, { "reg:gamma", 0, INFINITY, TRUE, FALSE },
    { "survival:aft", 0, INFINITY, TRUE, FALSE }, { "reg:squaredlogerror", -1, INFINITY, TRUE, FALSE },
  };

  if (g_str_has_prefix (parameters->objective, "multi:"))
    return (AtelierXgboostLabelRule){ parameters->objective, 0, parameters->n_classes, FALSE, TRUE };
  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (strcmp (rules[i].objective, parameters->objective) == 0)
      return rules[i];
  return (AtelierXgboostLabelRule){ NULL };
}

static AtelierXgboostTable *
read_table (Training *self, guint data, const char *folder, AtelierXgboostFormat format, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  AtelierXgboostTableOptions options = {
    .format = format,
    .has_weights = self->parameters->csv_weights,
    .n_threads = self->n_threads,
    .rule = label_rule (self->parameters),
  };
  AtelierXgboostTable *table;

  if (!atelier_xgboost_channel_list (folder, data_names[data], paths, names, error))
    return NULL;
  table = atelier_xgboost_table_read (paths, names, &options, error);
  if (table == NULL)
    return NULL;
  if (table->n_rows == 0 || table->n_columns == 0)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                   table->n_rows == 0 ? _("“%s” holds no data: its files have only empty lines")
                                      : _("“%s” holds labels but no feature"), data_names[data]);
      g_clear_pointer (&table, atelier_xgboost_table_free);
      return NULL;
    }
  say (_("%s: %" G_GSIZE_FORMAT " rows and %" G_GSIZE_FORMAT " columns in %u files"), data_names[data],
       table->n_rows, table->n_columns, paths->len);
  return table;
}

/* Survival times without censoring: both bounds are the label. */
static gboolean
set_times (DMatrixHandle matrix, GError **error)
{
  const char *what = _("Cannot use the data");
  const float *labels = NULL;
  bst_ulong n_rows = 0;
  g_autofree float *copy = NULL;

  if (!atelier_xgboost_check (XGDMatrixGetFloatInfo (matrix, "label", &n_rows, &labels), what, error))
    return FALSE;
  copy = g_memdup2 (labels, n_rows * sizeof *labels);
  return atelier_xgboost_check (XGDMatrixSetFloatInfo (matrix, "label_lower_bound", copy, n_rows), what, error)
         && atelier_xgboost_check (XGDMatrixSetFloatInfo (matrix, "label_upper_bound", copy, n_rows), what, error);
}

static gboolean
read_data (Training *self, GPtrArray *notes, GError **error)
{
  g_autoptr (AtelierXgboostTable) train = NULL, validation = NULL;
  AtelierXgboostChannel train_channel, validation_channel;

  if (!atelier_xgboost_places_read_channels ((AtelierXgboostPlaces *) self->places, &train_channel,
                                             &validation_channel, notes, error))
    return FALSE;
  say_notes (notes);
  train = read_table (self, 0, self->places->train, train_channel.format, error);
  if (train == NULL)
    return FALSE;
  self->n_columns = train->n_columns;
  if (validation_channel.present)
    {
      validation = read_table (self, 1, self->places->validation, validation_channel.format, error);
      if (validation == NULL)
        return FALSE;
      if (train->values != NULL && validation->n_columns != train->n_columns)
        {
          g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                       _("The channel “validation” has %" G_GSIZE_FORMAT
                          " features, the channel “train” has %" G_GSIZE_FORMAT "; they must have the same columns"),
                       validation->n_columns, train->n_columns);
          return FALSE;
        }
      self->n_columns = MAX (self->n_columns, validation->n_columns);
    }
  for (guint i = 0; i < (validation != NULL ? 2 : 1); i++)
    {
      self->matrices[i]
          = atelier_xgboost_matrix_new (i == 0 ? train : validation, self->n_columns, self->n_threads, error);
      if (self->matrices[i] == NULL)
        return FALSE;
      self->n_matrices = i + 1;
      if (strcmp (self->parameters->objective, "survival:aft") == 0 && !set_times (self->matrices[i], error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
apply_settings (Training *self, GError **error)
{
  const char *what = _("Cannot use the hyperparameters");
  g_autofree char *threads = g_strdup_printf ("%u", self->n_threads);

  for (guint i = 0; i < self->parameters->settings->len; i++)
    {
      const AtelierXgboostSetting *setting = &g_array_index (self->parameters->settings, AtelierXgboostSetting, i);

      if (!atelier_xgboost_check (XGBoosterSetParam (self->booster, setting->name, setting->value), what, error))
        return FALSE;
    }
  return atelier_xgboost_check (XGBoosterSetParam (self->booster, "nthread", threads), what, error)
         && (self->places->checkpoints == NULL
             || atelier_xgboost_check (XGBoosterSetParam (self->booster, "seed_per_iteration", "1"), what, error));
}

/* Returns: the iterations that are done already; -1 on failure */
static int
make_booster (Training *self, GPtrArray *notes, GError **error)
{
  int done = -1;

  if (self->places->checkpoints != NULL)
    done = atelier_xgboost_checkpoints_load (self->places->checkpoints, &self->booster, notes);
  say_notes (notes);
  if (done >= 0)
    {
      bst_ulong n_features = 0;

      XGBoosterGetNumFeature (self->booster, &n_features);
      if (n_features != self->n_columns)
        {
          g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                       _("The checkpoint of iteration %d was made with %" G_GUINT64_FORMAT
                          " features, the channel “train” has %" G_GSIZE_FORMAT
                          "; empty the folder of checkpoints to begin anew"),
                       done, (guint64) n_features, self->n_columns);
          return -1;
        }
      say (_("Goes on from the checkpoint of iteration %d"), done);
    }
  else if (!atelier_xgboost_check (XGBoosterCreate (self->matrices, self->n_matrices, &self->booster),
                                   _("Cannot make a model"), error))
    return -1;
  return apply_settings (self, error) ? done + 1 : -1;
}

static void
print_scores (int iteration, const GArray *scores)
{
  printf ("[%d]", iteration);
  for (guint i = 0; i < scores->len; i++)
    {
      const AtelierXgboostScore *score = &g_array_index (scores, AtelierXgboostScore, i);

      if (isnan (score->value))
        printf ("\t%s-%s:nan", data_names[score->data], score->metric);
      else
        printf ("\t%s-%s:%.5f", data_names[score->data], score->metric, score->value);
    }
  say ("%s", "");
}

static gboolean
is_metric (const char *metric, const char *wanted)
{
  gsize length = strlen (wanted);

  return strncmp (metric, wanted, length) == 0 && (metric[length] == '\0' || metric[length] == '@');
}

/* The score that early stopping goes by: of the last data set the wanted metric, else the last one. */
static const AtelierXgboostScore *
stopping_score (Training *self, const GArray *scores)
{
  for (guint i = scores->len; i-- > 0;)
    {
      const AtelierXgboostScore *score = &g_array_index (scores, AtelierXgboostScore, i);

      if (score->data + 1 == self->n_matrices
          && (self->parameters->stopping_metric == NULL
              || is_metric (score->metric, self->parameters->stopping_metric)))
        return score;
    }
  return NULL;
}

static double
get_best_score (Training *self)
{
  const char *text = NULL;
  int found = 0;

  return XGBoosterGetAttr (self->booster, "best_score", &text, &found) == 0 && found ? g_ascii_strtod (text, NULL)
                                                                                     : NAN;
}

/* Notes the best iteration in the booster's attributes, as Python's callback does, where a checkpoint keeps it too.
 * Returns: TRUE when it is time to stop */
static gboolean
is_stopped_early (Training *self, int iteration, const GArray *scores)
{
  const AtelierXgboostScore *score = stopping_score (self, scores);
  int best = atelier_xgboost_booster_get_int (self->booster, "best_iteration", -1);
  double best_score = get_best_score (self);

  if (self->parameters->early_stopping_rounds == 0 || score == NULL)
    return FALSE;
  if (best < 0
      || (atelier_xgboost_metric_is_maximized (score->metric) ? score->value > best_score
                                                              : score->value < best_score))
    {
      g_autofree char *iteration_text = g_strdup_printf ("%d", iteration);
      g_autofree char *score_text = atelier_json_double_to_text (score->value);

      XGBoosterSetAttr (self->booster, "best_iteration", iteration_text);
      XGBoosterSetAttr (self->booster, "best_score", score_text);
      return FALSE;
    }
  if (iteration - best < self->parameters->early_stopping_rounds)
    return FALSE;
  say (_("Stops early: %s-%s has not become better than %g for %d rounds; the best iteration is %d"),
       data_names[score->data], score->metric, best_score, iteration - best, best);
  return TRUE;
}

/* Whether a checkpoint was the last before the end. */
static gboolean
was_stopped_early (Training *self, int done)
{
  int best = atelier_xgboost_booster_get_int (self->booster, "best_iteration", -1);

  return self->parameters->early_stopping_rounds > 0 && best >= 0
         && done - 1 - best >= self->parameters->early_stopping_rounds;
}

/* Checkpoints may cost a twentieth of the time; the last state is always kept. */
static void
save_checkpoint (Training *self, int iteration, gboolean is_last)
{
  g_autoptr (GError) error = NULL;
  gint64 now_us = g_get_monotonic_time ();

  if (self->places->checkpoints == NULL || (!is_last && now_us - self->checkpoint_us < 20 * self->checkpoint_took_us))
    return;
  if (!atelier_xgboost_checkpoints_save (self->places->checkpoints, self->booster, iteration, &error))
    say (_("Note: the checkpoint of iteration %d could not be saved. %s"), iteration, error->message);
  self->checkpoint_us = g_get_monotonic_time ();
  self->checkpoint_took_us = self->checkpoint_us - now_us;
}

/* The model up to its best iteration; a slice has no attributes of its own. */
static BoosterHandle
cut_to_best (Training *self)
{
  int best = atelier_xgboost_booster_get_int (self->booster, "best_iteration", -1);
  g_autofree char *best_text = g_strdup_printf ("%d", best);
  g_autofree char *score_text = atelier_json_double_to_text (get_best_score (self));
  BoosterHandle cut = NULL;

  if (self->parameters->early_stopping_rounds == 0 || best < 0)
    return NULL;
  if (XGBoosterSlice (self->booster, 0, best + 1, 1, &cut) != 0)
    {
      say (_("Note: this booster cannot be cut back to its best iteration, %d; the whole model is written"), best);
      return NULL;
    }
  XGBoosterSetAttr (cut, "best_iteration", best_text);
  XGBoosterSetAttr (cut, "best_score", score_text);
  return cut;
}

/* After early stopping the model ends with its best iteration, as in the service. */
static gboolean
write_model (Training *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->places->model, "xgboost-model", NULL);
  g_auto (BoosterHandle) cut = cut_to_best (self);

  return atelier_files_make_folder (self->places->model, error)
         && atelier_xgboost_model_write (cut != NULL ? cut : self->booster, path, self->format, error);
}

static AtelierXgboostOutcome
iterate (Training *self, int done, GError **error)
{
  int n_rounds = self->parameters->n_rounds;
  gboolean stopped_early = was_stopped_early (self, done);

  if (done >= n_rounds)
    say (_("The checkpoint has all %d rounds; nothing is left to train"), n_rounds);
  for (int i = done; i < n_rounds && !stopped_early && !terminated; i++)
    {
      g_autoptr (GArray) scores = NULL;

      if (!atelier_xgboost_check (XGBoosterUpdateOneIter (self->booster, i, self->matrices[0]), _("Cannot train"),
                                  error))
        return ATELIER_XGBOOST_OUTCOME_FAILED;
      scores = atelier_xgboost_scores_new (self->booster, self->matrices, data_names, self->n_matrices,
                                           self->parameters->own_metrics, i, error);
      if (scores == NULL)
        return ATELIER_XGBOOST_OUTCOME_FAILED;
      print_scores (i, scores);
      stopped_early = is_stopped_early (self, i, scores);
      done = i + 1;
      save_checkpoint (self, i, stopped_early || terminated || done == n_rounds);
    }
  if (terminated && !stopped_early && done < n_rounds)
    {
      say (_("Was asked to end after iteration %d"), done - 1);
      if (!self->parameters->save_on_termination || done == 0)
        return ATELIER_XGBOOST_OUTCOME_TERMINATED;
      return write_model (self, error) ? ATELIER_XGBOOST_OUTCOME_SAVED : ATELIER_XGBOOST_OUTCOME_FAILED;
    }
  return write_model (self, error) ? ATELIER_XGBOOST_OUTCOME_TRAINED : ATELIER_XGBOOST_OUTCOME_FAILED;
}

static AtelierXgboostOutcome
run (Training *self, GError **error)
{
  g_autoptr (json_t) hyperparameters = atelier_json_read_file (self->places->hyperparameters, error);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  struct sigaction action = { .sa_handler = on_terminate, .sa_flags = SA_RESTART };
  int done;

  if (hyperparameters == NULL)
    return ATELIER_XGBOOST_OUTCOME_FAILED;
  self->parameters = atelier_xgboost_parameters_new (hyperparameters, error);
  if (self->parameters == NULL)
    return ATELIER_XGBOOST_OUTCOME_FAILED;
  say_notes (self->parameters->notes);
  self->n_threads = choose_threads (self->parameters);
  if (!read_data (self, notes, error))
    return ATELIER_XGBOOST_OUTCOME_FAILED;
  sigaction (SIGTERM, &action, NULL);
  done = make_booster (self, notes, error);
  if (done < 0)
    return ATELIER_XGBOOST_OUTCOME_FAILED;
  return iterate (self, done, error);
}

AtelierXgboostOutcome
atelier_xgboost_train (const AtelierXgboostPlaces *places, AtelierXgboostModelFormat format, GError **error)
{
  Training self = { .places = places, .format = format };
  AtelierXgboostOutcome outcome = run (&self, error);

  g_clear_pointer (&self.booster, atelier_xgboost_booster_free);
  for (guint i = 0; i < self.n_matrices; i++)
    atelier_xgboost_matrix_free (self.matrices[i]);
  g_clear_pointer (&self.parameters, atelier_xgboost_parameters_free);
  return outcome;
}
