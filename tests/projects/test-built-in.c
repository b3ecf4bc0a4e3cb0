/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-project.h"
#include "atelier-spawn.h"
#include "git-peer.h"

/* The built-in templates as a person gets them: a project of each, its own tests, its pipeline compiled, its notebook
 * run, and the abalone pipeline's steps one after the other on the data that comes with the project. */

#define PYTHON "/usr/bin/python3"

typedef struct
{
  char               *workspace;
  AtelierProjectMade *made;
} Made;

static char *
source_path (const char *first, const char *second, const char *third)
{
  const char *root = g_getenv ("ATELIER_SOURCE_ROOT");

  return g_build_filename (root != NULL ? root : ATELIER_SOURCE_DIR, first, second, third, NULL);
}

/* Runs Python in @folder with the authoring package on its path. (transfer full): its output and messages */
static char *
python (const char *workspace, const char *folder, const char *const *words)
{
  g_autofree char *sdk = source_path ("data", "sdk", NULL);
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *output = NULL;
  g_autofree char *errors = NULL;
  int status;

  environment = g_environ_setenv (environment, "PYTHONPATH", sdk, TRUE);
  environment = g_environ_setenv (environment, "PYTHONDONTWRITEBYTECODE", "1", TRUE);
  environment = g_environ_setenv (environment, "ATELIER_WORKSPACE", workspace, TRUE);
  environment = g_environ_unsetenv (environment, "ATELIER_STORE");
  g_ptr_array_add (argv, (char *) PYTHON);
  for (; *words != NULL; words++)
    g_ptr_array_add (argv, (char *) *words);
  g_ptr_array_add (argv, NULL);
  atelier_spawn_capture ((const char *const *) argv->pdata, (const char *const *) environment, folder, 120000,
                         &output, &errors, &status, &error);
  g_assert_no_error (error);
  if (status != 0)
    g_error ("in %s: %s%s", folder, output, errors);
  return g_strconcat (output, errors, NULL);
}

static gboolean
has_packages (void)
{
  return g_file_test (PYTHON, G_FILE_TEST_IS_EXECUTABLE)
         && atelier_spawn_capture ((const char *const[]) { PYTHON, "-c", "import pandas, sklearn, xgboost", NULL },
                                   NULL, NULL, 60000, NULL, NULL, NULL, NULL);
}

static Made
make (const char *template_name, const char *name, const char *data_file)
{
  Made self = { peer_new_path ("workspace"), NULL };
  g_autofree char *clones = peer_new_path ("clones");
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierTemplate) template = atelier_template_load_sync (template_name, NULL, &error);
  g_autoptr (AtelierStore) store = NULL;
  AtelierProjectRequest request = { .name = name, .template_ = template, .clones_folder = clones, .offline = TRUE,
                                    .data_file = data_file };

  g_assert_no_error (error);
  store = atelier_store_open (self.workspace, NULL, ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  self.made = atelier_project_create_sync (store, &request, NULL, &error);
  g_assert_no_error (error);
  return self;
}

static void
clear (Made *self)
{
  atelier_project_made_free (self->made);
  g_free (self->workspace);
}

static void
test_own_tests (gconstpointer template_name)
{
  Made self;

  if (!has_packages ())
    {
      g_test_skip ("no " PYTHON " with pandas, scikit-learn and xgboost");
      return;
    }
  self = make (template_name, "harbour", NULL);
  for (int i = 0; self.made->clones[i] != NULL; i++)
    {
      const char *clone = self.made->clones[i];
      g_autofree char *says
          = python (self.workspace, clone, (const char *const[]) { "-m", "unittest", "discover", NULL });
      g_autofree char *status = NULL;

      if (strstr (says, "\nOK") == NULL || strstr (says, "skipped") != NULL || strstr (says, "Ran 0 tests") != NULL)
        g_error ("the tests of %s: %s", clone, says);
      /* all filled in, and nothing of the tests is left to commit */
      g_assert_false (peer_git_succeeds (clone, "grep", "--quiet", "@@", NULL));
      g_assert_true (peer_git_succeeds (clone, "grep", "--quiet", "harbour", NULL));
      status = peer_git (clone, "status", "--porcelain", NULL);
      g_assert_cmpstr (status, ==, "");
    }
  clear (&self);
}

/* The template that is two others makes what they make, file by file. */
static void
test_same_as_parts (void)
{
  Made whole = make ("build-train-deploy", "harbour", NULL);
  Made parts[] = { make ("build-train", "harbour", NULL), make ("deploy", "harbour", NULL) };

  g_assert_cmpint (g_strv_length (whole.made->repositories), ==, 2);
  for (int i = 0; i < 2; i++)
    {
      g_autofree char *ours = peer_git (parts[i].made->clones[0], "rev-parse", "HEAD^{tree}", NULL);
      g_autofree char *theirs = peer_git (whole.made->clones[i], "rev-parse", "HEAD^{tree}", NULL);

      g_assert_cmpstr (parts[i].made->repositories[0], ==, whole.made->repositories[i]);
      g_assert_cmpstr (ours, ==, theirs);
      clear (&parts[i]);
    }
  clear (&whole);
}

static void
test_compiles (gconstpointer template_name)
{
  Made self = make (template_name, "harbour", NULL);
  const char *pipeline = g_str_equal (template_name, "breast-cancer") ? "pipelines/breast_cancer/pipeline.py"
                                                                      : "pipelines/abalone/pipeline.py";
  g_autofree char *output = g_build_filename (self.workspace, "compiled.json", NULL);
  g_autoptr (json_t) compiled = NULL;
  json_t *definition;
  g_autoptr (GError) error = NULL;
  json_t *parameter;
  gsize i;

  g_free (python (self.workspace, self.made->clones[0],
                  (const char *const[]) { "-m", "atelier", "compile", pipeline, "--output", output, NULL }));
  compiled = atelier_json_read_file (output, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (atelier_json_get_string (compiled, "PipelineName", ""), ==, "harbour-train");
  definition = atelier_json_get_object (compiled, "PipelineDefinition");
  g_assert_cmpint (json_array_size (atelier_json_get_array (definition, "Steps")), ==, 4);
  /* the default input is the data set that was stored with the project */
  json_array_foreach (atelier_json_get_array (definition, "Parameters"), i, parameter)
    if (g_str_equal (atelier_json_get_string (parameter, "Name", ""), "InputData"))
      g_assert_cmpstr (atelier_json_get_string (parameter, "DefaultValue", ""), ==, self.made->data_uris[0]);
  clear (&self);
}

static void
test_notebook (gconstpointer template_name)
{
  gboolean is_cancer = g_str_equal (template_name, "breast-cancer");
  Made self;
  g_autofree char *folder = NULL;
  g_autofree char *program = source_path ("tests", "projects", "run-notebook.py");
  g_autofree char *says = NULL;

  if (!has_packages ())
    {
      g_test_skip ("no " PYTHON " with pandas, scikit-learn and xgboost");
      return;
    }
  self = make (template_name, "harbour", NULL);
  folder = g_build_filename (self.made->clones[0], "notebooks", NULL);
  says = python (self.workspace, folder,
                 (const char *const[]) { program, is_cancer ? "breast-cancer.ipynb" : "abalone.ipynb", NULL });
  g_assert_nonnull (strstr (says, "ran "));
  clear (&self);
}

static void
check_whole_way (Made *self)
{
  g_autofree char *program = source_path ("tests", "projects", "whole-way.py");
  g_autofree char *data
      = g_build_filename (self->workspace, "store", self->made->data_uris[0] + strlen ("s3://"), NULL);
  g_autofree char *output = g_build_filename (self->workspace, "compiled.json", NULL);
  g_autofree char *evaluated = g_build_filename (self->workspace, "evaluation.json", NULL);
  g_autoptr (json_t) evaluation = NULL;
  g_autoptr (GError) error = NULL;
  double mse;

  g_free (python (self->workspace, self->made->clones[0],
                  (const char *const[]) { "-m", "atelier", "compile", "pipelines/abalone/pipeline.py", "--output",
                                         output, NULL }));
  g_free (python (self->workspace, self->made->clones[0],
                  (const char *const[]) { program, data, output, evaluated, NULL }));
  evaluation = atelier_json_read_file (evaluated, &error);
  g_assert_no_error (error);
  mse = atelier_json_get_double (
      atelier_json_get_object (atelier_json_get_object (evaluation, "regression_metrics"), "mse"), "value", 0);
  g_test_message ("mse %g", mse);
  g_assert_cmpfloat (mse, >, 4.0);
  g_assert_cmpfloat (mse, <=, 6.0);
}

static void
test_whole_way_simulated (void)
{
  Made self;

  if (!has_packages ())
    {
      g_test_skip ("no " PYTHON " with pandas, scikit-learn and xgboost");
      return;
    }
  self = make ("build-train-deploy", "harbour", NULL);
  g_assert_cmpint (self.made->data_source, ==, ATELIER_DATA_SOURCE_GENERATED);
  check_whole_way (&self);
  clear (&self);
}

static void
test_whole_way_real (void)
{
  g_autofree char *shared = source_path ("..", "shared", "data");
  g_autofree char *real = g_build_filename (shared, "abalone.csv", NULL);
  Made self;

  if (!has_packages () || !g_file_test (real, G_FILE_TEST_EXISTS))
    {
      g_test_skip ("the real table is not here, or no " PYTHON " with the packages");
      return;
    }
  self = make ("build-train", "harbour", real);
  g_assert_cmpint (self.made->data_source, ==, ATELIER_DATA_SOURCE_FILE);
  check_whole_way (&self);
  clear (&self);
}

int
main (int argc, char *argv[])
{
  int result;

  peer_init ();
  g_unsetenv ("ATELIER_DATADIR");
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/built-in/tests/build-train-deploy", "build-train-deploy", test_own_tests);
  g_test_add_data_func ("/built-in/tests/breast-cancer", "breast-cancer", test_own_tests);
  g_test_add_func ("/built-in/same-as-parts", test_same_as_parts);
  g_test_add_data_func ("/built-in/compiles/build-train-deploy", "build-train-deploy", test_compiles);
  g_test_add_data_func ("/built-in/compiles/breast-cancer", "breast-cancer", test_compiles);
  g_test_add_data_func ("/built-in/notebook/build-train", "build-train", test_notebook);
  g_test_add_data_func ("/built-in/notebook/breast-cancer", "breast-cancer", test_notebook);
  g_test_add_func ("/built-in/whole-way/simulated", test_whole_way_simulated);
  g_test_add_func ("/built-in/whole-way/real", test_whole_way_real);
  result = g_test_run ();
  peer_clear ();
  return result;
}
