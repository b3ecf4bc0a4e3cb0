/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "atelier-spawn.h"

#include "xgboost-support.h"

/* The program as a whole: the files of the contract, exit codes, early stopping, checkpoints and SIGTERM. */

/* A job with 400 and 100 rows; @hyperparameters is JSON with ' in place of ". */
static void
prepare (Job *job, const char *hyperparameters)
{
  g_autofree char *json = g_strdelimit (g_strdup (hyperparameters), "'", '"');
  g_autofree char *train = job_make_rows (400, 1);
  g_autofree char *validation = job_make_rows (100, 2);

  job_init (job);
  job_write (job, "input/config/hyperparameters.json", json);
  job_write (job, "input/config/inputdataconfig.json",
             "{\"train\": {\"ContentType\": \"text/csv\"}, \"validation\": {\"ContentType\": \"text/csv\"}}");
  job_write (job, "input/data/train/part-0.csv", train);
  job_write (job, "input/data/validation/part-0.csv", validation);
}

static guint
count_rounds (const char *output)
{
  guint n = 0;

  for (const char *p = output; (p = strstr (p, "\ttrain-")) != NULL; p++)
    n++;
  return n;
}

static void
test_plain (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL, *errors = NULL, *model = NULL;
  g_auto (GStrv) lines = NULL;

  prepare (&job, "{'num_round': '3', 'eta': '0.5', 'nthread': '1', 'sagemaker_region': 'x'}");
  job_write (&job, "output/failure", "of an earlier attempt");
  g_assert_cmpint (job_run (&job, &output, &errors, "train", NULL), ==, 0);
  lines = g_strsplit (output, "\n", -1);
  g_assert_cmpstr (lines[0], ==, "train: 400 rows and 3 columns in 1 files");
  g_assert_cmpstr (lines[1], ==, "validation: 100 rows and 3 columns in 1 files");
  for (int i = 0; i < 3; i++)
    g_assert_true (g_regex_match_simple (
        "^\\[[0-9]+\\]\\ttrain-rmse:[0-9]\\.[0-9]{5}\\tvalidation-rmse:[0-9]\\.[0-9]{5}$", lines[2 + i], 0, 0));
  g_assert_cmpstr (lines[5], ==, "");
  g_assert_cmpstr (errors, ==, "");
  model = job_read (&job, "model/xgboost-model");
  g_assert_cmpint (model[0], ==, '{');
  g_assert_false (job_has (&job, "output/failure"));
}

static void
test_predict_and_evaluate (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL, *errors = NULL, *predictions = NULL, *scores = NULL, *sparse = NULL, *bare = NULL,
                  *none = NULL;
  g_autofree char *model = NULL, *data = NULL, *sparse_path = NULL, *bare_path = NULL, *score_line = NULL;
  g_auto (GStrv) lines = NULL;
  double last;

  prepare (&job, "{'num_round': '10', 'eval_metric': 'mse,rmse'}");
  g_assert_cmpint (job_run (&job, &output, NULL, "train", NULL), ==, 0);
  model = g_build_filename (job.root, "model/xgboost-model", NULL);
  data = g_build_filename (job.root, "input/data/validation", NULL);
  g_assert_cmpint (job_run (&job, &predictions, NULL, "predict", "--model", model, "--data", data, NULL), ==, 0);
  lines = g_strsplit (predictions, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 101);
  g_assert_cmpint (
      job_run (&job, &scores, NULL, "evaluate", "--model", model, "--data", data, "--metric", "rmse,mse", NULL), ==,
      0);
  g_assert_true (g_str_has_prefix (scores, "rmse\t"));
  last = g_ascii_strtod (scores + 5, NULL);
  score_line = g_strdup_printf ("validation-rmse:%.5f", last);
  assert_contains (output, score_line);
  score_line = (g_free (score_line), g_strdup_printf ("validation-mse:%.5f", last * last));
  assert_contains (output, score_line);

  /* the same rows as LIBSVM, and without labels */
  {
    g_autofree char *rows = job_make_rows (100, 2);
    g_auto (GStrv) row = g_strsplit (rows, "\n", -1);
    GString *libsvm = g_string_new (NULL), *csv = g_string_new (NULL);

    for (guint i = 0; i < 100; i++)
      {
        g_auto (GStrv) fields = g_strsplit (row[i], ",", -1);

        g_string_append_printf (libsvm, "%s 0:%s 1:%s 2:%s\n", fields[0], fields[1], fields[2], fields[3]);
        g_string_append_printf (csv, "%s,%s,%s\n", fields[1], fields[2], fields[3]);
      }
    job_write (&job, "rows.libsvm", libsvm->str);
    job_write (&job, "rows.csv", csv->str);
    g_string_free (libsvm, TRUE);
    g_string_free (csv, TRUE);
  }
  sparse_path = g_build_filename (job.root, "rows.libsvm", NULL);
  bare_path = g_build_filename (job.root, "rows.csv", NULL);
  g_assert_cmpint (job_run (&job, &sparse, NULL, "predict", "--model", model, "--data", sparse_path, NULL), ==, 0);
  g_assert_cmpstr (sparse, ==, predictions);
  g_assert_cmpint (job_run (&job, &bare, NULL, "predict", "--model", model, "--data", bare_path, "--content-type",
                            "text/csv", NULL),
                   ==, 0);
  g_assert_cmpstr (bare, ==, predictions);
  g_assert_cmpint (
      job_run (&job, &none, &errors, "evaluate", "--model", model, "--data", bare_path, "--metric", "rmse", NULL), ==,
      1);
  assert_contains (errors, "has no label before the features");
}

/* The formats of the model hold the same trees. */
static void
test_model_formats (void)
{
  static const char *const formats[] = { "json", "ubj", "binary", "pickle" };
  g_autofree char *first = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_auto (Job) job = { NULL };
      g_autofree char *predictions = NULL, *model = NULL, *data = NULL;

      prepare (&job, "{'num_round': '5'}");
      g_assert_cmpint (job_run (&job, NULL, NULL, "train", "--model-format", formats[i], NULL), ==, 0);
      model = g_build_filename (job.root, "model/xgboost-model", NULL);
      data = g_build_filename (job.root, "input/data/validation", NULL);
      g_assert_cmpint (job_run (&job, &predictions, NULL, "predict", "--model", model, "--data", data, NULL), ==, 0);
      if (first == NULL)
        first = g_strdup (predictions);
      g_assert_cmpstr (predictions, ==, first);
    }
}

/* CSV and LIBSVM with all values given lead to the same model, and so do weights in both forms. */
static void
test_same_from_both_formats (void)
{
  g_auto (Job) dense = { NULL }, sparse = { NULL };
  g_autofree char *rows = job_make_rows (400, 1), *dense_model = NULL, *sparse_model = NULL;
  g_auto (GStrv) row = g_strsplit (rows, "\n", -1);
  GString *csv = g_string_new (NULL), *libsvm = g_string_new (NULL);

  for (guint i = 0; i < 400; i++)
    {
      g_auto (GStrv) fields = g_strsplit (row[i], ",", -1);

      g_string_append_printf (csv, "%s,%u,%s,,%s\n", fields[0], i % 3, fields[1], fields[3]);
      g_string_append_printf (libsvm, "%s:%u 0:%s 2:%s\n", fields[0], i % 3, fields[1], fields[3]);
    }
  prepare (&dense, "{'num_round': '5', 'csv_weights': '1'}");
  job_write (&dense, "input/config/inputdataconfig.json", "{\"train\": {\"ContentType\": \"text/csv\"}}");
  job_write (&dense, "input/data/train/part-0.csv", csv->str);
  prepare (&sparse, "{'num_round': '5'}");
  job_write (&sparse, "input/config/inputdataconfig.json", "{\"train\": {}}");
  job_write (&sparse, "input/data/train/part-0.csv", libsvm->str);
  g_assert_cmpint (job_run (&dense, NULL, NULL, "train", NULL), ==, 0);
  g_assert_cmpint (job_run (&sparse, NULL, NULL, "train", NULL), ==, 0);
  dense_model = job_read (&dense, "model/xgboost-model");
  sparse_model = job_read (&sparse, "model/xgboost-model");
  g_assert_cmpstr (dense_model, ==, sparse_model);
  g_string_free (csv, TRUE);
  g_string_free (libsvm, TRUE);
}

static void
test_early_stopping (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL, *model = NULL, *predictions = NULL;
  guint n_rounds;

  prepare (&job, "{'num_round': '500', 'eta': '0.5', 'max_depth': '6', 'eval_metric': 'mae,rmse', "
                 "'early_stopping_rounds': '5'}");
  g_assert_cmpint (job_run (&job, &output, NULL, "train", NULL), ==, 0);
  n_rounds = count_rounds (output) / 2;
  g_assert_cmpuint (n_rounds, <, 500);
  assert_contains (output, "Stops early: validation-rmse has not become better than");
  model = job_read (&job, "model/xgboost-model");
  {
    g_autofree char *best = g_strdup_printf ("\"best_iteration\":\"%u\"", n_rounds - 6);
    g_autofree char *trees = g_strdup_printf ("\"num_trees\":\"%u\"", n_rounds - 5);

    assert_contains (model, best);
    assert_contains (model, trees);
    assert_contains (model, "\"best_score\":\"");
  }
}

/* Maximised: auc; the last metric of the list decides, with gblinear the model stays whole. */
static void
test_early_stopping_maximised (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL;
  GString *rows = g_string_new (NULL);

  prepare (&job, "{'num_round': '200', 'objective': 'binary:logistic', 'eval_metric': 'logloss,auc', "
                 "'early_stopping_rounds': '3',"
                 " 'booster': 'gblinear', 'updater': 'coord_descent'}");
  for (guint i = 0; i < 100; i++)
    g_string_append_printf (rows, "%d,%u,%u\n", i % 7 < 3, i % 7, i % 5);
  job_write (&job, "input/data/train/part-0.csv", rows->str);
  job_write (&job, "input/data/validation/part-0.csv", rows->str);
  g_assert_cmpint (job_run (&job, &output, NULL, "train", NULL), ==, 0);
  assert_contains (output, "Stops early: validation-auc has not become better than");
  assert_contains (output, "this booster cannot be cut back to its best iteration");
  g_string_free (rows, TRUE);
}

static void
test_failures (void)
{
  static const struct
  {
    const char *hyperparameters;
    const char *train; /* NULL: as it is */
    const char *failure;
  } cases[] = {
    { "{'num_round': '1', 'etaa': '1', 'eta': '7'}", NULL,
      "The hyperparameter “etaa” is not known; did you mean “eta”?\n“eta” is 7, but must be in [0, 1]" },
    { "{'num_round': '1'}", "rings,length\n1,2\n",
      "train/part-0.csv:1: this is a header line (column 1 is “rings”)" },
    { "{'num_round': '1'}", "", "“train” holds no data" },
    { "{'num_round': '1'}", "\n\n", "“train” holds no data: its files have only empty lines" },
    { "{'num_round': '1'}", "1,2\n", "The channel “validation” has 3 features, the channel “train” has 1" },
    { "{'num_round': '1', 'objective': 'binary:logistic'}", "0,1,2,3\n3,1,2,3\n",
      "train/part-0.csv:2: the label is 3, but the objective binary:logistic" },
    { "{'num_round': '1', 'tree_method': 'exact', 'max_depth': '0'}", NULL,
      "Cannot train: XGBoost says “exact tree method doesn't support unlimited depth.”" },
    { "{'num_round': '1', 'updater': 'grow_skmaker'}", NULL,
      "Cannot train: XGBoost says “Unknown tree updater grow_skmaker”" },
    { "[1", NULL, "is not valid JSON" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Job) job = { NULL };
      g_autofree char *errors = NULL, *failure = NULL;

      prepare (&job, cases[i].hyperparameters);
      if (cases[i].train != NULL)
        job_write (&job, "input/data/train/part-0.csv", cases[i].train);
      g_assert_cmpint (job_run (&job, NULL, &errors, "train", NULL), ==, 1);
      failure = job_read (&job, "output/failure");
      assert_contains (failure, cases[i].failure);
      assert_contains (errors, cases[i].failure);
      g_assert_false (job_has (&job, "model/xgboost-model"));
    }
}

static void
test_long_failure (void)
{
  g_auto (Job) job = { NULL };
  GString *hyperparameters = g_string_new ("{'num_round': '1'");
  g_autofree char *failure = NULL;

  for (guint i = 0; i < 100; i++)
    g_string_append_printf (hyperparameters, ", 'unknown_parameter_%u': '1'", i);
  g_string_append (hyperparameters, "}");
  prepare (&job, hyperparameters->str);
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", NULL), ==, 1);
  failure = job_read (&job, "output/failure");
  g_assert_cmpint (g_utf8_strlen (failure, -1), ==, 1024);
  g_assert_true (g_str_has_suffix (failure, "…"));
  g_string_free (hyperparameters, TRUE);
}

static void
test_wrong_use (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *help = NULL, *version = NULL, *errors = NULL;

  job_init (&job);
  g_assert_cmpint (job_run (&job, &help, NULL, "--help", NULL), ==, 0);
  assert_contains (help, "evaluate   --model FILE --data FILE --metric METRIC");
  g_assert_cmpint (job_run (&job, &version, NULL, "--version", NULL), ==, 0);
  assert_contains (version, "XGBoost ");
  g_assert_cmpint (job_run (&job, NULL, &errors, "serve", NULL), ==, 2);
  assert_contains (errors, "“serve” is not a command");
  g_assert_cmpint (job_run (&job, NULL, NULL, "predict", NULL), ==, 2);
  g_assert_cmpint (job_run (&job, NULL, NULL, "evaluate", "--model", "x", "--data", "y", NULL), ==, 2);
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", "--what", NULL), ==, 2);
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", "--model-format", "xml", NULL), ==, 2);
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", NULL), ==, 1);
}

static void
test_bad_models (void)
{
  static const struct
  {
    const char *text;
    const char *fault;
  } cases[] = {
    { "short", "is too short to be a model" },
    { "this is no model at all", "Cannot read the model" },
    { "{\"version\": [1, 7, 4]}", "Cannot read the model" },
    { "{\"learner\": nonsense", "Cannot read the model" },
    { "\x80\x04\x95something", "it was pickled by Python" },
  };
  g_auto (Job) job = { NULL };
  g_autofree char *model = NULL, *data = NULL;

  prepare (&job, "{'num_round': '1'}");
  model = g_build_filename (job.root, "bad-model", NULL);
  data = g_build_filename (job.root, "input/data/train", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *errors = NULL;

      job_write (&job, "bad-model", cases[i].text);
      g_assert_cmpint (job_run (&job, NULL, &errors, "predict", "--model", model, "--data", data, NULL), ==, 1);
      assert_contains (errors, cases[i].fault);
    }
}

/* Starts a training that prints more than a pipe takes, so that it cannot be through before it is asked to end; asks
 * after a few lines, and gives its output. */
static int
run_and_terminate (Job *job, char **output)
{
  const char *argv[] = { g_getenv ("ATELIER_XGBOOST"), "train", "--root", job->root, NULL };
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  AtelierSpawn spawn = { .argv = argv, .stdin_fd = -1, .stderr_fd = -1 };
  gboolean asked = FALSE;
  int fds[2], status;
  char piece[512];
  gssize n;
  pid_t pid;

  g_assert_cmpint (pipe (fds), ==, 0);
  spawn.stdout_fd = fds[1];
  pid = atelier_spawn (&spawn, &error);
  g_assert_no_error (error);
  close (fds[1]);
  while ((n = read (fds[0], piece, sizeof piece)) > 0)
    {
      g_string_append_len (text, piece, n);
      if (!asked && strstr (text->str, "\n[20]\t") != NULL)
        {
          g_assert_cmpint (kill (pid, SIGTERM), ==, 0);
          asked = TRUE;
        }
    }
  close (fds[0]);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (asked);
  *output = g_string_free (text, FALSE);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

#define LONG_TRAINING                                                                                                \
  "{'num_round': '4000', 'max_depth': '2', 'eta': '0.01', 'subsample': '0.7', 'colsample_bytree': '0.7', "           \
  "'nthread': '1',"                                                                                                  \
  " 'eval_metric': 'rmse,mae,rmsle,mape'"

static void
test_terminate_and_resume (void)
{
  g_auto (Job) job = { NULL }, whole = { NULL };
  g_autofree char *first = NULL, *second = NULL, *all = NULL, *joined = NULL, *resumed_model = NULL,
                  *whole_model = NULL;
  guint done;

  prepare (&job, LONG_TRAINING "}");
  job_write (&job, "checkpoints/xgboost-checkpoint.notes", "not a checkpoint");
  job_write (&job, "checkpoints/xgboost-checkpoint.99999", "broken");
  g_assert_cmpint (run_and_terminate (&job, &first), ==, 143);
  assert_contains (first, "Note: The checkpoint of iteration 99999 is left out.");
  done = count_rounds (first) / 4;
  g_assert_cmpuint (done, <, 4000);
  assert_contains (first, "Was asked to end after iteration ");
  g_assert_false (job_has (&job, "model/xgboost-model"));
  {
    g_autofree char *last = g_strdup_printf ("checkpoints/xgboost-checkpoint.%u", done - 1);

    g_assert_true (job_has (&job, last));
  }

  g_assert_cmpint (job_run (&job, &second, NULL, "train", NULL), ==, 0);
  assert_contains (second, "Goes on from the checkpoint of iteration ");

  prepare (&whole, LONG_TRAINING "}");
  job_write (&whole, "checkpoints/x", "");
  g_assert_cmpint (job_run (&whole, &all, NULL, "train", NULL), ==, 0);
  joined = g_strconcat (strstr (first, "[0]\t"), strchr (strstr (second, "Goes on"), '\n') + 1, NULL);
  *strstr (joined, "Was asked") = '\0';
  g_assert_true (g_str_has_prefix (strstr (all, "[0]\t"), joined));
  g_assert_true (g_str_has_suffix (all, strchr (strstr (second, "Goes on"), '\n') + 1));
  resumed_model = job_read (&job, "model/xgboost-model");
  whole_model = job_read (&whole, "model/xgboost-model");
  g_assert_cmpstr (resumed_model, ==, whole_model);

  /* of the checkpoints the newest five are left, the broken one among them */
  {
    g_autofree char *folder = g_build_filename (job.root, "checkpoints", NULL);
    g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
    guint n = 0;

    while (g_dir_read_name (dir) != NULL)
      n++;
    g_assert_cmpuint (n, ==, 6);
  }

  /* nothing is left to do */
  g_free (g_steal_pointer (&second));
  g_assert_cmpint (job_run (&job, &second, NULL, "train", NULL), ==, 0);
  assert_contains (second, "nothing is left to train");
}

static void
test_terminate_and_save (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL, *model = NULL, *trees = NULL;

  prepare (&job, LONG_TRAINING ", 'save_model_on_termination': 'true'}");
  g_assert_cmpint (run_and_terminate (&job, &output), ==, 0);
  model = job_read (&job, "model/xgboost-model");
  trees = g_strdup_printf ("\"num_trees\":\"%u\"", count_rounds (output) / 4);
  assert_contains (model, trees);
}

/* Early stopping goes on where it was: the checkpoint has the best iteration. */
static void
test_resume_early_stopping (void)
{
  g_auto (Job) job = { NULL }, whole = { NULL };
  g_autofree char *model = NULL, *whole_model = NULL, *output = NULL, *again = NULL;
  const char *given = "'eta': '0.5', 'early_stopping_rounds': '5', 'subsample': '0.8'}";
  g_autofree char *longer = g_strdup_printf ("{'num_round': '300', %s", given), *shorter = NULL;

  prepare (&whole, longer);
  job_write (&whole, "checkpoints/x", "");
  g_assert_cmpint (job_run (&whole, &output, NULL, "train", NULL), ==, 0);
  whole_model = job_read (&whole, "model/xgboost-model");

  /* to one round before it stops, then the rest */
  shorter = g_strdup_printf ("{'num_round': '%u', %s", count_rounds (output) - 1, given);
  prepare (&job, shorter);
  job_write (&job, "checkpoints/x", "");
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", NULL), ==, 0);
  longer = g_strdelimit (longer, "'", '"');
  job_write (&job, "input/config/hyperparameters.json", longer);
  g_assert_cmpint (job_run (&job, &again, NULL, "train", NULL), ==, 0);
  g_assert_cmpuint (count_rounds (again), ==, 1);
  model = job_read (&job, "model/xgboost-model");
  g_assert_cmpstr (model, ==, whole_model);

  /* stopped already */
  g_free (g_steal_pointer (&again));
  g_assert_cmpint (job_run (&job, &again, NULL, "train", NULL), ==, 0);
  g_assert_cmpuint (count_rounds (again), ==, 0);
}

static void
test_checkpoint_of_other_data (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *failure = NULL;

  prepare (&job, "{'num_round': '2'}");
  job_write (&job, "checkpoints/x", "");
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", NULL), ==, 0);
  job_write (&job, "input/data/train/part-0.csv", "1,2\n2,3\n");
  job_write (&job, "input/data/validation/part-0.csv", "1,2\n2,3\n");
  g_assert_cmpint (job_run (&job, NULL, NULL, "train", NULL), ==, 1);
  failure = job_read (&job, "output/failure");
  assert_contains (failure, "The checkpoint of iteration 1 was made with 3 features, the channel “train” has 1");
}

/* Notes for what concerns clusters and graphics cards, and the objective that needs times. */
static void
test_notes_and_survival (void)
{
  g_auto (Job) job = { NULL };
  g_autofree char *output = NULL;

  prepare (
      &job,
      "{'num_round': '2', 'tree_method': 'gpu_hist', 'objective': 'survival:aft', 'eval_metric': 'aft-nloglik'}");
  job_write (&job, "input/config/resourceconfig.json",
             "{\"current_host\": \"algo-1\", \"hosts\": [\"algo-1\", \"algo-2\"]}");
  g_assert_cmpint (job_run (&job, &output, NULL, "train", NULL), ==, 0);
  assert_contains (output, "Note: “tree_method” is “gpu_hist”, which needs a graphics card; “hist” is used instead\n");
  assert_contains (output, "Note: The job asks for 2 hosts");
  assert_contains (output, "\tvalidation-aft-nloglik:");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/train/plain", test_plain);
  g_test_add_func ("/xgboost/train/predict-and-evaluate", test_predict_and_evaluate);
  g_test_add_func ("/xgboost/train/model-formats", test_model_formats);
  g_test_add_func ("/xgboost/train/same-from-both-formats", test_same_from_both_formats);
  g_test_add_func ("/xgboost/train/early-stopping", test_early_stopping);
  g_test_add_func ("/xgboost/train/early-stopping-maximised", test_early_stopping_maximised);
  g_test_add_func ("/xgboost/train/failures", test_failures);
  g_test_add_func ("/xgboost/train/long-failure", test_long_failure);
  g_test_add_func ("/xgboost/train/wrong-use", test_wrong_use);
  g_test_add_func ("/xgboost/train/bad-models", test_bad_models);
  g_test_add_func ("/xgboost/train/terminate-and-resume", test_terminate_and_resume);
  g_test_add_func ("/xgboost/train/terminate-and-save", test_terminate_and_save);
  g_test_add_func ("/xgboost/train/resume-early-stopping", test_resume_early_stopping);
  g_test_add_func ("/xgboost/train/checkpoint-of-other-data", test_checkpoint_of_other_data);
  g_test_add_func ("/xgboost/train/notes-and-survival", test_notes_and_survival);
  return g_test_run ();
}
