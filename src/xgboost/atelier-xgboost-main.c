/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost"

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "atelier-files.h"

#include "atelier-xgboost-metrics.h"
#include "atelier-xgboost-scores.h"
#include "atelier-xgboost-train.h"

/* atelier-xgboost: SageMaker's built-in XGBoost algorithm as a program. README.md has the contract.
 *
 * Exit codes: 0 done · 1 failed, the sentence is on stderr and (train) in output/failure · 2 wrong use ·
 * 143 (train) ended by SIGTERM. */

#define EXIT_WRONG_USE  2
#define EXIT_TERMINATED (128 + 15)

#define MOST_FAILURE_CHARACTERS 1024

static int
fail (const GError *error)
{
  fprintf (stderr, "%s\n", error->message);
  return EXIT_FAILURE;
}

static void
write_failure (const char *path, const GError *error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *valid = g_utf8_make_valid (error->message, -1);
  g_autofree char *cut = NULL;
  g_autoptr (GError) problem = NULL;

  if (g_utf8_strlen (valid, -1) > MOST_FAILURE_CHARACTERS)
    {
      g_autofree char *start = g_utf8_substring (valid, 0, MOST_FAILURE_CHARACTERS - 1);

      cut = g_strconcat (start, "…", NULL);
    }
  if (!atelier_files_make_folder (folder, &problem)
      || !atelier_files_write_atomic (path, cut != NULL ? cut : valid, -1, 0644, &problem))
    fprintf (stderr, "%s\n", problem->message);
}

static gboolean
parse_options (const char *usage,
               const char *summary,
               const GOptionEntry *entries,
               int *argc,
               char ***argv,
               GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (usage);

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, _("“%s” was not expected; see --help"), (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

static int
run_train (int argc, char **argv)
{
  g_autofree char *root = NULL, *format_text = NULL;
  const GOptionEntry entries[] = {
    { "root", 0, 0, G_OPTION_ARG_FILENAME, &root, N_("Use DIR in place of /opt/ml"), N_("DIR") },
    { "model-format", 0, 0, G_OPTION_ARG_STRING, &format_text,
      N_("json (default), ubj, binary, or pickle as images before 1.3-1 wrote it; also "
          "ATELIER_XGBOOST_MODEL_FORMAT"),
      N_("FORMAT") },
    { NULL },
  };
  g_autoptr (AtelierXgboostPlaces) places = NULL;
  AtelierXgboostModelFormat format = ATELIER_XGBOOST_MODEL_JSON;
  g_autoptr (GError) error = NULL;
  const char *wanted;

  if (!parse_options ("train",
                      _("Trains on the channels “train” and “validation” as the container contract has it."),
                      entries, &argc, &argv, &error))
    {
      fail (error);
      return EXIT_WRONG_USE;
    }
  wanted = format_text != NULL ? format_text : g_getenv ("ATELIER_XGBOOST_MODEL_FORMAT");
  if (wanted != NULL && *wanted != '\0' && !atelier_xgboost_model_format_parse (wanted, &format, &error))
    {
      fail (error);
      return EXIT_WRONG_USE;
    }
  places = atelier_xgboost_places_new (root);
  g_unlink (places->failure);
  switch (atelier_xgboost_train (places, format, &error))
    {
    case ATELIER_XGBOOST_OUTCOME_TRAINED:
    case ATELIER_XGBOOST_OUTCOME_SAVED:
      return EXIT_SUCCESS;
    case ATELIER_XGBOOST_OUTCOME_TERMINATED:
      return EXIT_TERMINATED;
    case ATELIER_XGBOOST_OUTCOME_FAILED:
    default:
      write_failure (places->failure, error);
      return fail (error);
    }
}

/* A model and data for it, which predict and evaluate have in common. */
typedef struct
{
  char          *model;
  char          *data;
  char          *content_type;
  BoosterHandle  booster;
  DMatrixHandle  matrix;
  gboolean       has_labels;
} Trial;

static void
trial_clear (Trial *self)
{
  g_clear_pointer (&self->booster, atelier_xgboost_booster_free);
  g_clear_pointer (&self->matrix, atelier_xgboost_matrix_free);
  g_free (self->model);
  g_free (self->data);
  g_free (self->content_type);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Trial, trial_clear)

static gboolean
trial_open (Trial *self, GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  AtelierXgboostTableOptions options = { .n_threads = g_get_num_processors () };
  g_autoptr (AtelierXgboostTable) table = NULL;
  bst_ulong n_features = 0;

  if (!atelier_xgboost_format_from_content_type (self->content_type, &options.format, error)
      || !atelier_xgboost_channel_list (self->data, self->data, paths, names, error))
    return FALSE;
  self->booster = atelier_xgboost_model_read (self->model, error);
  if (self->booster == NULL
      || !atelier_xgboost_check (XGBoosterGetNumFeature (self->booster, &n_features), _("Cannot use the model"),
                                 error))
    return FALSE;
  options.n_features = n_features;
  table = atelier_xgboost_table_read (paths, names, &options, error);
  if (table == NULL)
    return FALSE;
  self->has_labels = table->labels != NULL;
  self->matrix = atelier_xgboost_matrix_new (table, n_features, options.n_threads, error);
  return self->matrix != NULL;
}

static void
print_predictions (const float *values, gsize n_values, gsize n_rows)
{
  gsize n_outputs = n_rows > 0 ? n_values / n_rows : 0;

  for (gsize row = 0; row < n_rows; row++)
    for (gsize k = 0; k < n_outputs; k++)
      printf ("%.9g%c", values[row * n_outputs + k], k + 1 < n_outputs ? ',' : '\n');
}

static int
run_predict (int argc, char **argv)
{
  g_auto (Trial) trial = { NULL };
  const GOptionEntry entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &trial.model, N_("The model, such as model/xgboost-model"),
      N_("FILE") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &trial.data,
      N_("A file or folder; a label before the features is left out"), N_("FILE") },
    { "content-type", 0, 0, G_OPTION_ARG_STRING, &trial.content_type,
      N_("text/csv or text/libsvm; found out without it"), N_("TYPE") },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  const float *values;
  bst_ulong n_rows = 0;
  gsize n_values;
  int best, n_rounds = 0;

  if (!parse_options ("predict", _("Prints one prediction a line, several outputs parted by commas."), entries,
                      &argc, &argv, &error))
    {
      fail (error);
      return EXIT_WRONG_USE;
    }
  if (trial.model == NULL || trial.data == NULL)
    {
      fprintf (stderr, "%s\n", _("“predict” needs --model and --data"));
      return EXIT_WRONG_USE;
    }
  if (!trial_open (&trial, &error))
    return fail (error);
  best = atelier_xgboost_booster_get_int (trial.booster, "best_iteration", -1);
  XGBoosterBoostedRounds (trial.booster, &n_rounds);
  values = atelier_xgboost_predict (trial.booster, trial.matrix, FALSE,
                                    best >= 0 && best + 1 < n_rounds ? best + 1 : 0, &n_values, &error);
  if (values == NULL || !atelier_xgboost_check (XGDMatrixNumRow (trial.matrix, &n_rows), _("Cannot predict"), &error))
    return fail (error);
  print_predictions (values, n_values, n_rows);
  return EXIT_SUCCESS;
}

static gboolean
evaluate (Trial *trial, char **metrics, GError **error)
{
  static const char *const names[] = { "data" };
  g_autoptr (GPtrArray) own = g_ptr_array_new ();
  g_autoptr (GArray) scores = NULL;

  for (gsize i = 0; metrics[i] != NULL; i++)
    if (atelier_xgboost_metric_is_own (g_strstrip (metrics[i])))
      g_ptr_array_add (own, metrics[i]);
    else if (!atelier_xgboost_check (XGBoosterSetParam (trial->booster, "eval_metric", metrics[i]),
                                     _("Cannot evaluate"), error))
      return FALSE;
  scores = atelier_xgboost_scores_new (trial->booster, &trial->matrix, names, 1, own, 0, error);
  if (scores == NULL)
    return FALSE;
  for (gsize i = 0; metrics[i] != NULL; i++)
    for (guint k = 0; k < scores->len; k++)
      {
        const AtelierXgboostScore *score = &g_array_index (scores, AtelierXgboostScore, k);
        gsize length = strlen (metrics[i]);

        if (strncmp (score->metric, metrics[i], length) == 0
            && (score->metric[length] == '\0' || score->metric[length] == '@'))
          {
            printf ("%s\t%.9g\n", score->metric, score->value);
            break;
          }
      }
  return TRUE;
}

static int
run_evaluate (int argc, char **argv)
{
  g_auto (Trial) trial = { NULL };
  g_autofree char *metric = NULL;
  const GOptionEntry entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &trial.model, N_("The model, such as model/xgboost-model"),
      N_("FILE") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &trial.data, N_("A file or folder with labels"), N_("FILE") },
    { "content-type", 0, 0, G_OPTION_ARG_STRING, &trial.content_type,
      N_("text/csv or text/libsvm; found out without it"), N_("TYPE") },
    { "metric", 0, 0, G_OPTION_ARG_STRING, &metric, N_("One or more, parted by commas"), N_("METRIC") },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) metrics = NULL;

  if (!parse_options ("evaluate", _("Prints each metric and its value, parted by a tab."), entries, &argc, &argv,
                      &error))
    {
      fail (error);
      return EXIT_WRONG_USE;
    }
  if (trial.model == NULL || trial.data == NULL || metric == NULL)
    {
      fprintf (stderr, "%s\n", _("“evaluate” needs --model, --data and --metric"));
      return EXIT_WRONG_USE;
    }
  if (!trial_open (&trial, &error))
    return fail (error);
  if (!trial.has_labels)
    {
      fprintf (stderr, _("“%s” has no label before the features; it cannot be evaluated\n"), trial.data);
      return EXIT_FAILURE;
    }
  metrics = g_strsplit (metric, ",", -1);
  return evaluate (&trial, metrics, &error) ? EXIT_SUCCESS : fail (error);
}

static void
print_help (void)
{
  fputs (_("Usage: atelier-xgboost COMMAND\n"
           "\n"
           "  train      [--root DIR] [--model-format FORMAT]\n"
           "             The built-in XGBoost algorithm under the container contract\n"
           "  predict    --model FILE --data FILE [--content-type TYPE]\n"
           "             One prediction a line\n"
           "  evaluate   --model FILE --data FILE --metric METRIC[,METRIC…] [--content-type TYPE]\n"
           "             Metrics of a model on data with labels\n"
           "\n"
           "  --version  the versions of this program and of XGBoost\n"
           "  --help     this text; after a command, its options\n"),
         stdout);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    int (*run) (int argc, char **argv);
  } commands[] = { { "train", run_train }, { "predict", run_predict }, { "evaluate", run_evaluate } };
  const char *name = argc > 1 ? argv[1] : NULL;

  /* numbers stay in the C locale: XGBoost reads its parameters with the locale's decimal point */
  setlocale (LC_CTYPE, "");
  setlocale (LC_MESSAGES, "");
  bindtextdomain (GETTEXT_PACKAGE, ATELIER_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  atelier_xgboost_library_set_up ();

  if (name != NULL && strcmp (name, "--help") == 0)
    {
      print_help ();
      return EXIT_SUCCESS;
    }
  if (name != NULL && strcmp (name, "--version") == 0)
    {
      int major, minor, patch;

      XGBoostVersion (&major, &minor, &patch);
      printf ("atelier-xgboost %s (XGBoost %d.%d.%d)\n", ATELIER_VERSION, major, minor, patch);
      return EXIT_SUCCESS;
    }
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (commands); i++)
    if (strcmp (name, commands[i].name) == 0)
      {
        argv[1] = argv[0];
        return commands[i].run (argc - 1, argv + 1);
      }
  if (name != NULL)
    fprintf (stderr, _("“%s” is not a command of atelier-xgboost; see --help\n"), name);
  else
    fprintf (stderr, "%s\n", _("A command is needed: train, predict or evaluate; see --help"));
  return EXIT_WRONG_USE;
}
