/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "xgboost-support.h"

/* Against Python's xgboost: peer.py makes data and parameters and trains, we train on the same files, and peer.py
 * compares the lines of all iterations and what the model predicts. Each of its steps does all cases at once, since
 * starting it takes longer than training. */

static const char *const names[] = {
  "squarederror", "squarederror-hist", "approx-sampled", "logistic", "softmax", "softprob-missing",
  "poisson",      "tweedie",           "gamma",          "ranking",  "dart",    "gblinear",
  "constraints",  "weights",           "libsvm",         "pickled",  "tuning",  "stopping",
  "own-binary",   "own-classes",       "abalone",
};

static Job jobs;
static gboolean have_peer;

static gboolean
run_peer (const char *verb, char **errors)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *output = NULL;
  int status = -1;

  g_ptr_array_add (argv, (gpointer) "/usr/bin/python3");
  g_ptr_array_add (argv, (gpointer) g_getenv ("ATELIER_XGBOOST_PEER"));
  g_ptr_array_add (argv, (gpointer) verb);
  g_ptr_array_add (argv, jobs.root);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (argv, (gpointer) names[i]);
  g_ptr_array_add (argv, NULL);
  return g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, errors, &status, NULL)
         && status == 0;
}

static void
train (const char *name)
{
  Job job = { g_build_filename (jobs.root, name, NULL) };
  g_autofree char *output = NULL, *errors = NULL;

  if (!job_has (&job, "skip")
      && job_run (&job, &output, &errors, "train", "--model-format",
                  strcmp (name, "pickled") == 0 ? "pickle" : "json", NULL)
             != 0)
    g_error ("%s: %s", name, errors);
  job_write (&job, "log", output != NULL ? output : "");
  g_free (job.root);
}

static void
test_case (gconstpointer data)
{
  Job job = { g_build_filename (jobs.root, data, NULL) };

  if (!have_peer)
    g_test_skip ("Python's xgboost and scikit-learn are not there");
  else if (job_has (&job, "skip"))
    {
      g_autofree char *reason = job_read (&job, "skip");

      g_test_skip (reason);
    }
  else
    {
      g_autofree char *difference = job_read (&job, "difference");

      g_assert_cmpstr (difference, ==, "");
    }
  g_free (job.root);
}

/* Only a missing module is a reason to skip. */
static void
prepare (void)
{
  g_autofree char *errors = NULL, *problem = NULL;

  have_peer = run_peer ("prepare", &errors);
  if (!have_peer && (errors == NULL || strstr (errors, "ModuleNotFoundError") == NULL)
      && g_file_test ("/usr/bin/python3", G_FILE_TEST_EXISTS))
    g_error ("peer.py: %s", errors);
  for (gsize i = 0; have_peer && i < G_N_ELEMENTS (names); i++)
    train (names[i]);
  if (have_peer && !run_peer ("compare", &problem))
    g_error ("peer.py: %s", problem);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  job_init (&jobs);
  prepare ();
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strconcat ("/xgboost/peer/", names[i], NULL);

      g_test_add_data_func (path, names[i], test_case);
    }
  result = g_test_run ();
  job_clear (&jobs);
  return result;
}
