/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-runtime.h"

#include "atelier-digest.h"
#include "atelier-files.h"
#include "atelier-programs.h"
#include "atelier-runner-error.h"
#include "atelier-spawn.h"

/* Asking an interpreter what it is costs some 100 ms, so the answer is kept in WORKSPACE/cache/interpreters.json and holds as
 * long as the interpreter and the folders that hold its packages have not changed (their mtimes are in the answer). */

/* Prints what decides the results of a script. Only the standard library; works from Python 3.8 on. */
static const char probe_script[] =
  "import json, os, sys\n"
  "from importlib import metadata\n"
  "packages = {}\n"
  "for d in metadata.distributions():\n"
  "    n = d.metadata['Name']\n"
  "    if n and n not in packages: packages[n] = d.version or ''\n"
  "paths = [p for p in sys.path if p and os.path.isdir(p)]\n"
  "json.dump({'program': sys.executable, 'version': sys.version.split()[0], 'implementation': sys.implementation.name,\n"
  "  'prefixes': sorted({os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)} | {sys.prefix}),\n"
  "  'folders': {p: os.stat(p).st_mtime_ns for p in paths}, 'packages': packages}, sys.stdout)\n";

struct _AtelierRuntimeTable
{
  gatomicrefcount count;
  char           *workspace;
  json_t         *rows; /* (owned) the person's, then the built-in ones */
  GMutex          lock; /* guards the rest */
  GHashTable     *runtimes; /* (owned) program → AtelierRuntime, never removed: callers borrow */
  GHashTable     *found[2]; /* (owned) image → one of runtimes; [1] where the image's own algorithm was asked for */
  json_t         *answers;  /* (owned) program → what the interpreter said */
  gboolean        answers_changed;
};

typedef struct
{
  const char *image;
  const char *runtime;
  const char *module; /* (nullable) what the interpreter must be able to import */
} BuiltInRow;

static const BuiltInRow built_in_rows[] = {
  { "*sagemaker-scikit-learn*", "python", "sklearn" },
  { "*sagemaker-xgboost*", "xgboost", "xgboost" },
  { "*/xgboost:*", "xgboost", "xgboost" },
  { "*pytorch-training*", "python", "torch" },
  { "*pytorch-inference*", "python", "torch" },
  { "*tensorflow-training*", "python", "tensorflow" },
  { "*tensorflow-inference*", "python", "tensorflow" },
  { "*huggingface-pytorch*", "python", "transformers" },
  { "*sagemaker-base-python*", "python", NULL },
  { "*sagemaker-data-science*", "python", NULL },
  { "local/python*", "python", NULL },
  { "python:*", "python", NULL },
};

static void
runtime_free (gpointer data)
{
  AtelierRuntime *runtime = data;

  g_free (runtime->program);
  g_free (runtime->digest);
  json_decref (runtime->record);
  g_free (runtime);
}

static char *
rows_path (const char *workspace)
{
  return g_build_filename (workspace, "runtimes.json", NULL);
}

/* Reads and checks the person's rows. */
static json_t *
load_rows (const char *workspace, GError **error)
{
  g_autofree char *path = rows_path (workspace);
  g_autoptr (json_t) rows = NULL;
  json_t *row;
  size_t i;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return json_array ();
  rows = atelier_json_read_file (path, error);
  if (rows == NULL)
    return NULL;
  if (!json_is_array (rows))
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("“%s” must hold an array of rows"), path);
      return NULL;
    }
  json_array_foreach (rows, i, row)
    {
      const char *runtime = atelier_json_get_string (row, "runtime", "");

      if (atelier_json_get_string (row, "image", NULL) == NULL ||
          (strcmp (runtime, "python") != 0 && strcmp (runtime, "xgboost") != 0))
        {
          g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
                       _("“%s”, row %d: a row needs “image”, a pattern, and “runtime”, which is python or xgboost"), path,
                       (int) i + 1);
          return NULL;
        }
    }
  return g_steal_pointer (&rows);
}

/* atelier_runtime_table_load:
 *
 * Returns: (transfer full) (nullable): the table of a workspace; NULL with a sentence when runtimes.json is not well
 *   formed. Blocks. */
AtelierRuntimeTable *
atelier_runtime_table_load (const char *workspace, GError **error)
{
  g_autoptr (json_t) rows = load_rows (workspace, error);
  g_autofree char *path = g_build_filename (workspace, "cache", "interpreters.json", NULL);
  AtelierRuntimeTable *self;

  if (rows == NULL)
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (built_in_rows); i++)
    {
      json_t *row = json_object ();

      atelier_json_set_string (row, "image", built_in_rows[i].image);
      atelier_json_set_string (row, "runtime", built_in_rows[i].runtime);
      if (built_in_rows[i].module != NULL)
        json_object_set_new (row, "modules", json_pack ("[s]", built_in_rows[i].module));
      json_array_append_new (rows, row);
    }
  self = g_new0 (AtelierRuntimeTable, 1);
  g_atomic_ref_count_init (&self->count);
  g_mutex_init (&self->lock);
  self->workspace = g_strdup (workspace);
  self->rows = g_steal_pointer (&rows);
  self->runtimes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, runtime_free);
  for (gsize i = 0; i < G_N_ELEMENTS (self->found); i++)
    self->found[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->answers = atelier_json_read_file (path, NULL); /* a cache: unreadable is empty */
  if (!json_is_object (self->answers))
    {
      g_clear_pointer (&self->answers, json_decref);
      self->answers = json_object ();
    }
  return self;
}

AtelierRuntimeTable *
atelier_runtime_table_ref (AtelierRuntimeTable *self)
{
  g_atomic_ref_count_inc (&self->count);
  return self;
}

void
atelier_runtime_table_unref (AtelierRuntimeTable *self)
{
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  g_free (self->workspace);
  json_decref (self->rows);
  json_decref (self->answers);
  for (gsize i = 0; i < G_N_ELEMENTS (self->found); i++)
    g_hash_table_unref (self->found[i]);
  g_hash_table_unref (self->runtimes);
  g_mutex_clear (&self->lock);
  g_free (self);
}

static gint64
mtime_ns (const char *path)
{
  struct stat status;

  if (stat (path, &status) < 0)
    return -1;
  return (gint64) status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
}

static gboolean
answer_holds (const char *program, const json_t *answer)
{
  json_t *time;
  const char *folder;

  if (!json_is_object (answer) || atelier_json_get_int (answer, "program_mtime_ns", -2) != mtime_ns (program))
    return FALSE;
  json_object_foreach (atelier_json_get_object (answer, "folders"), folder, time)
    if (json_integer_value (time) != mtime_ns (folder))
      return FALSE;
  return TRUE;
}

/* Called with the lock held. */
static json_t *
ask_interpreter (AtelierRuntimeTable *self, const char *program, GError **error)
{
  const char *argv[] = { program, "-I", "-c", probe_script, NULL };
  json_t *answer = json_object_get (self->answers, program);
  g_autofree char *text = NULL;

  if (answer != NULL && answer_holds (program, answer))
    return answer;
  if (!atelier_spawn_capture (argv, NULL, "/", 60000, &text, NULL, NULL, error))
    {
      g_prefix_error (error, _("“%s” is no Python that can be used: "), program);
      return NULL;
    }
  answer = atelier_json_parse (text, -1, error);
  if (answer == NULL)
    return NULL;
  atelier_json_set_int (answer, "program_mtime_ns", mtime_ns (program));
  json_object_set_new (self->answers, program, answer);
  self->answers_changed = TRUE;
  return answer;
}

static void
keep_answers (AtelierRuntimeTable *self)
{
  g_autofree char *folder = g_build_filename (self->workspace, "cache", NULL);
  g_autofree char *path = g_build_filename (folder, "interpreters.json", NULL);

  if (!self->answers_changed)
    return;
  self->answers_changed = FALSE;
  /* only a cache: a workspace that cannot be written says so elsewhere */
  if (atelier_files_make_folder (folder, NULL))
    atelier_json_write_file (path, self->answers, NULL);
}

/* What a distribution is called when it is imported under another name. */
static const char *
distribution_of (const char *module)
{
  static const struct
  {
    const char *module;
    const char *distribution;
  } names[] = { { "sklearn", "scikit-learn" } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (names[i].module, module) == 0)
      return names[i].distribution;
  return module;
}

static gboolean
has_modules (const json_t *answer, const json_t *modules)
{
  json_t *packages = atelier_json_get_object (answer, "packages"), *module;
  size_t i;

  json_array_foreach (modules, i, module)
    if (json_object_get (packages, distribution_of (json_string_value (module))) == NULL)
      return FALSE;
  return TRUE;
}

/* Finds an interpreter with all modules. Called with the lock held. */
static char *
choose_interpreter (AtelierRuntimeTable *self, const json_t *modules, GError **error)
{
  g_autofree char *on_path = g_find_program_in_path ("python3");
  const char *candidates[] = { g_getenv ("ATELIER_PYTHON"), on_path, "/usr/bin/python3", "/usr/local/bin/python3" };
  const char *working = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (candidates); i++)
    {
      json_t *answer;

      if (candidates[i] == NULL || access (candidates[i], X_OK) < 0)
        continue;
      answer = ask_interpreter (self, candidates[i], NULL);
      if (answer == NULL)
        continue;
      if (has_modules (answer, modules))
        return g_strdup (candidates[i]);
      working = candidates[i];
    }
  if (working == NULL)
    g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                 _("there is no working Python 3 on this machine; install python3, or set ATELIER_PYTHON to one"));
  else
    {
      const char *module = json_string_value (json_array_get (modules, 0));

      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("no Python on this machine has the package “%s”; install it (on Debian: python3-%s), or name an interpreter: "
                     "atelier runtime set PATTERN python /path/to/python3"),
                   distribution_of (module), module);
    }
  return NULL;
}

static AtelierRuntime *
make_python (json_t *answer, const char *program)
{
  AtelierRuntime *runtime = g_new0 (AtelierRuntime, 1);
  g_autoptr (json_t) decisive = json_object ();

  runtime->kind = ATELIER_RUNTIME_PYTHON;
  /* what it calls itself: a starter of other interpreters (pyenv) may not be there in a sandbox */
  runtime->program = g_strdup (atelier_json_get_string (answer, "program", program));
  runtime->record = json_copy (answer);
  json_object_del (runtime->record, "folders");
  json_object_del (runtime->record, "program_mtime_ns");
  json_object_set (decisive, "version", json_object_get (answer, "version"));
  json_object_set (decisive, "packages", json_object_get (answer, "packages"));
  runtime->digest = atelier_json_digest (decisive);
  return runtime;
}

static AtelierRuntime *
make_xgboost (GError **error)
{
  g_autofree char *program = atelier_programs_find ("atelier-xgboost", error);
  const char *argv[] = { program, "--version", NULL };
  g_autofree char *version = NULL;
  AtelierRuntime *runtime;

  if (program == NULL || !atelier_spawn_capture (argv, NULL, NULL, 10000, &version, NULL, NULL, error))
    return NULL;
  g_strchomp (version);
  runtime = g_new0 (AtelierRuntime, 1);
  runtime->kind = ATELIER_RUNTIME_XGBOOST;
  runtime->program = g_steal_pointer (&program);
  runtime->record = json_object ();
  atelier_json_set_string (runtime->record, "program", runtime->program);
  atelier_json_set_string (runtime->record, "version", version);
  runtime->digest = atelier_digest_text (version, -1);
  return runtime;
}

static const json_t *
find_row (const json_t *rows, const char *image)
{
  json_t *row;
  size_t i;

  json_array_foreach (rows, i, row)
    if (g_pattern_match_simple (atelier_json_get_string (row, "image", ""), image))
      return row;
  return NULL;
}

/* Called with the lock held. */
static AtelierRuntime *
find_runtime (AtelierRuntimeTable *self, const char *image, gboolean is_built_in, GError **error)
{
  const json_t *row = find_row (self->rows, image);
  gboolean is_xgboost = row != NULL && strcmp (atelier_json_get_string (row, "runtime", ""), "xgboost") == 0;
  g_autofree char *program = NULL;
  AtelierRuntime *runtime;

  if (row == NULL || (is_built_in && !is_xgboost))
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   row == NULL ? _("nothing on this machine runs the image “%s”; map it to an interpreter: atelier runtime set '%s' python")
                               : _("the built-in algorithm of the image “%s” has no substitute on this machine; give it a training "
                                   "script, or map the image: atelier runtime set '%s' xgboost"),
                   image, image);
      return NULL;
    }
  if (is_xgboost && is_built_in)
    program = g_strdup ("atelier-xgboost");
  else
    {
      program = g_strdup (atelier_json_get_string (row, "interpreter", NULL));
      if (program == NULL)
        program = choose_interpreter (self, atelier_json_get_array (row, "modules"), error);
      if (program == NULL)
        return NULL;
    }
  runtime = g_hash_table_lookup (self->runtimes, program);
  if (runtime != NULL)
    return runtime;
  if (is_xgboost && is_built_in)
    runtime = make_xgboost (error);
  else
    {
      json_t *answer = ask_interpreter (self, program, error);

      runtime = answer != NULL ? make_python (answer, program) : NULL;
      keep_answers (self);
    }
  if (runtime != NULL)
    g_hash_table_insert (self->runtimes, g_steal_pointer (&program), runtime);
  return runtime;
}

/* atelier_runtime_table_find:
 * @image: ImageUri of the definition
 * @is_built_in: whether the image's own algorithm is asked for rather than a script in it
 *
 * Returns: (transfer none) (nullable): what runs it, for the life of the table, in which an image has one runtime; NULL with a
 *   sentence of what to do. Blocks when an interpreter is asked for the first time. */
const AtelierRuntime *
atelier_runtime_table_find (AtelierRuntimeTable *self, const char *image, gboolean is_built_in, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  GHashTable *found = self->found[is_built_in ? 1 : 0];
  AtelierRuntime *runtime = g_hash_table_lookup (found, image);

  if (runtime == NULL && (runtime = find_runtime (self, image, is_built_in, error)) != NULL)
    g_hash_table_insert (found, g_strdup (image), runtime);
  return runtime;
}

/* Returns: (transfer full): the rows, first match first */
json_t *
atelier_runtime_table_to_json (AtelierRuntimeTable *self)
{
  return json_deep_copy (self->rows);
}

/* atelier_runtime_table_set_row:
 * @runtime: (nullable): "python" or "xgboost"; %NULL removes the person's row for @image
 * @interpreter: (nullable): absolute path
 *
 * Changes WORKSPACE/runtimes.json; tables loaded before do not change. */
gboolean
atelier_runtime_table_set_row (const char *workspace, const char *image, const char *runtime, const char *interpreter,
                               GError **error)
{
  g_autoptr (json_t) rows = load_rows (workspace, error);
  g_autofree char *path = rows_path (workspace);

  if (rows == NULL)
    return FALSE;
  for (size_t i = json_array_size (rows); i-- > 0;)
    if (g_strcmp0 (atelier_json_get_string (json_array_get (rows, i), "image", NULL), image) == 0)
      json_array_remove (rows, i);
  if (runtime != NULL)
    {
      json_t *row = json_object ();

      if (strcmp (runtime, "python") != 0 && strcmp (runtime, "xgboost") != 0)
        {
          json_decref (row);
          g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
                       _("“%s” is no runtime; there are python and xgboost"), runtime);
          return FALSE;
        }
      if (interpreter != NULL && (!g_path_is_absolute (interpreter) || access (interpreter, X_OK) < 0))
        {
          json_decref (row);
          g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
                       _("“%s” is not the absolute path of a program"), interpreter);
          return FALSE;
        }
      atelier_json_set_string (row, "image", image);
      atelier_json_set_string (row, "runtime", runtime);
      atelier_json_set_string (row, "interpreter", interpreter);
      json_array_insert_new (rows, 0, row);
    }
  return atelier_json_write_file (path, rows, error);
}
