/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

#include "atelier-git.h"
#include "atelier-programs.h"
#include "atelier-runtime.h"
#include "atelier-spawn.h"
#include "atelier-text.h"

/* From what a person names (a definition file, a pipeline.py, a project) to a definition and the facts about where it came
 * from: commit, author, the patch of a tree that is not committed. */

#define COMPILE_MS 120000

void
atelier_source_clear (AtelierSource *source)
{
  g_free (source->text);
  g_clear_pointer (&source->definition, atelier_definition_unref);
  g_free (source->pipeline_name);
  g_free (source->commit_id);
  g_free (source->commit_subject);
  g_free (source->patch);
}

/* A file's name as a pipeline's: letters, digits and dashes. */
static char *
name_from_path (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);
  char *dot = strrchr (name, '.');

  if (dot != NULL && dot != name)
    *dot = '\0';
  g_strcanon (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", '-');
  while (g_str_has_suffix (name, "-"))
    name[strlen (name) - 1] = '\0';
  return g_strdup (*name != '\0' ? name + strspn (name, "-") : "pipeline");
}

/* Commit and changes of the repository that holds @path; none is no error. */
static gboolean
describe_commit (const char *path, AtelierSource *source, GError **error)
{
  g_autofree char *root = atelier_git_find_sync (path, NULL);
  g_autoptr (AtelierGitHead) head = NULL;

  if (root == NULL)
    return TRUE;
  head = atelier_git_head_sync (root, NULL);
  if (head == NULL)
    return TRUE;
  source->commit_id = g_strdup (head->commit);
  source->commit_subject = g_strdup (head->subject);
  if (!atelier_git_is_dirty_sync (root, &source->is_dirty, error))
    return FALSE;
  return !source->is_dirty || atelier_git_dirty_patch_sync (root, NULL, &source->patch, &source->patch_length, error);
}

static char *
find_compiler (AtelierEngine *self, GError **error)
{
  g_autoptr (AtelierRuntimeTable) runtimes = atelier_runtime_table_load (self->workspace, error);
  const AtelierRuntime *runtime = runtimes != NULL ? atelier_runtime_table_find (runtimes, "local/python:3", FALSE, error) : NULL;

  return runtime != NULL ? g_strdup (runtime->program) : NULL;
}

/* Compiles a pipeline.py with the Python package; its code goes to the artifact store. */
static gboolean
compile (AtelierEngine *self, const char *path, AtelierSource *source, GError **error)
{
  g_autofree char *python = find_compiler (self, error);
  const char *argv[] = { python, "-m", "atelier", "compile", path, NULL };
  g_autofree char *sdk = atelier_programs_data ("sdk");
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *out = NULL;
  g_autofree char *said = NULL;
  g_auto (GStrv) environment = g_get_environ ();
  const char *python_path = g_environ_getenv (environment, "PYTHONPATH");
  g_autofree char *paths = python_path != NULL && *python_path != '\0' ? g_strconcat (sdk, ":", python_path, NULL) : g_strdup (sdk);
  g_autoptr (json_t) answer = NULL;
  json_t *definition;
  int status = 0;

  if (python == NULL)
    return FALSE;
  environment = g_environ_setenv (environment, "PYTHONPATH", paths, TRUE);
  environment = g_environ_setenv (environment, "ATELIER_STORE", atelier_artifacts_get_folder (self->artifacts), TRUE);
  environment = g_environ_setenv (environment, "ATELIER_WORKSPACE", self->workspace, TRUE);
  environment = g_environ_setenv (environment, "PYTHONDONTWRITEBYTECODE", "1", TRUE);
  if (!atelier_spawn_capture (argv, (const char *const *) environment, folder, COMPILE_MS, &out, &said, &status, error))
    return FALSE;
  if (status != 0)
    {
      const char *line;

      /* what the file printed comes before the sentence, which is the last line */
      g_strchomp (said);
      line = strrchr (said, '\n');
      line = line != NULL ? line + 1 : said;
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID, _("“%s” could not be compiled: %s"), path,
                   *line != '\0' ? line : _("it said nothing"));
      return FALSE;
    }
  answer = atelier_json_parse (out, -1, error);
  definition = answer != NULL ? atelier_json_get_object (answer, "PipelineDefinition") : NULL;
  if (definition == NULL)
    {
      g_prefix_error (error, _("“%s” could not be compiled: "), path);
      if (error != NULL && *error == NULL)
        g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID, _("“%s” gave no pipeline"), path);
      return FALSE;
    }
  {
    /* keys keep the order in which the package wrote them */
    char *text = json_dumps (definition, JSON_INDENT (2));

    source->text = g_strdup (text);
    source->length = strlen (text);
    free (text);
  }
  if (source->pipeline_name == NULL)
    source->pipeline_name = g_strdup (atelier_json_get_string (answer, "PipelineName", NULL));
  source->parallel = (guint) atelier_json_get_int (json_object_get (answer, "ParallelismConfiguration"), "MaxParallelExecutionSteps", 0);
  return TRUE;
}

/* A project's working copy of its build repository. Returns: (transfer full) (nullable) */
static char *
clone_of (const AtelierProjectRecord *project)
{
  g_autoptr (json_t) settings = project->settings_json != NULL ? atelier_json_parse (project->settings_json, -1, NULL) : NULL;

  return g_strdup (atelier_json_get_string (json_object_get (settings, "clones"), "modelbuild", NULL));
}

static void
describe_project (const AtelierProjectRecord *project, AtelierSource *source)
{
  source->project_id = project->id;
  source->is_simulated = project->is_simulated;
}

/* A file in a project's working copy is the project's. */
static void
find_project_of (AtelierEngine *self, const char *path, AtelierSource *source)
{
  g_autoptr (GPtrArray) projects = atelier_store_list_projects (self->store, FALSE, NULL);

  for (guint i = 0; projects != NULL && i < projects->len; i++)
    {
      g_autofree char *clone = clone_of (g_ptr_array_index (projects, i));
      gsize length = clone != NULL ? strlen (clone) : 0;

      if (length > 0 && strncmp (path, clone, length) == 0 && path[length] == '/')
        describe_project (g_ptr_array_index (projects, i), source);
    }
}

static gboolean
read_file (AtelierEngine *self, const char *path, AtelierSource *source, GError **error)
{
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);

  find_project_of (self, absolute, source);
  if (!describe_commit (absolute, source, error))
    return FALSE;
  if (g_str_has_suffix (path, ".py"))
    return compile (self, absolute, source, error);
  if (source->pipeline_name == NULL)
    source->pipeline_name = name_from_path (absolute);
  return g_file_get_contents (absolute, &source->text, &source->length, error);
}

/* The pipeline.py files of a project's build repository: FOLDER/pipelines/NAME/pipeline.py. */
static GPtrArray *
list_pipelines (const char *clone)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *pipelines = g_build_filename (clone, "pipelines", NULL);
  g_autoptr (GDir) folder = g_dir_open (pipelines, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (pipelines, name, "pipeline.py", NULL);

      if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort_with_data (names, (GCompareDataFunc) (void (*) (void)) g_strcmp0, NULL);
  return names;
}

static gboolean
check_clone (AtelierEngine *self, const AtelierProjectRecord *project, const char *clone, GError **error)
{
  g_autofree char *repository = g_build_filename (self->workspace, "projects", project->name, "modelbuild.git", NULL);

  if (clone != NULL && g_file_test (clone, G_FILE_TEST_IS_DIR))
    return TRUE;
  if (clone == NULL)
    g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND, _("the project “%s” has no build repository that could be run"),
                 project->name);
  else
    g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
                 _("the working copy of the project “%s” is not at “%s” any more; put it back there, or clone it anew: git clone '%s' '%s'"),
                 project->name, clone, repository, clone);
  return FALSE;
}

/* Returns: (transfer full) (nullable): the path of the pipeline.py that is meant. @pipeline: (nullable): the only one */
static char *
find_pipeline (const AtelierProjectRecord *project, const char *clone, const char *pipeline, GError **error)
{
  g_autoptr (GPtrArray) names = list_pipelines (clone);
  const char *near = pipeline != NULL ? atelier_text_closest (pipeline, (const char *const *) names->pdata, names->len) : NULL;
  g_autofree char *path = NULL;

  if (names->len == 0)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND, _("“%s” has no pipelines/NAME/pipeline.py"), clone);
      return NULL;
    }
  if (pipeline == NULL && names->len > 1)
    {
      g_autofree char *all = NULL;

      g_ptr_array_add (names, NULL);
      all = g_strjoinv (", ", (char **) names->pdata);
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
                   _("the project “%s” has several pipelines (%s); name one: %s/PIPELINE"), project->name, all, project->name);
      return NULL;
    }
  path = g_build_filename (clone, "pipelines", pipeline != NULL ? pipeline : g_ptr_array_index (names, 0), "pipeline.py", NULL);
  if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return g_steal_pointer (&path);
  g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
               near != NULL ? _("the project “%s” has no pipeline “%s”; did you mean “%s”?") : _("the project “%s” has no pipeline “%s”"),
               project->name, pipeline, near);
  return NULL;
}

static gboolean
read_project (AtelierEngine *self, const AtelierProjectRecord *project, const char *pipeline, AtelierSource *source, GError **error)
{
  g_autofree char *clone = clone_of (project);
  g_autofree char *path = NULL;

  describe_project (project, source);
  if (!check_clone (self, project, clone, error))
    return FALSE;
  path = find_pipeline (project, clone, pipeline, error);
  return path != NULL && describe_commit (path, source, error) && compile (self, path, source, error);
}

static gboolean
read_target (AtelierEngine *self, const char *target, AtelierSource *source, GError **error)
{
  g_auto (GStrv) parts = NULL;
  g_autoptr (AtelierProjectRecord) project = NULL;

  if (g_file_test (target, G_FILE_TEST_IS_REGULAR))
    return read_file (self, target, source, error);
  parts = g_strsplit (target, "/", 2);
  project = atelier_store_find_project (self->store, parts[0], NULL);
  if (project != NULL)
    return read_project (self, project, parts[1], source, error);
  g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
               _("“%s” is neither a file nor a project; “atelier list projects” shows the projects"), target);
  return FALSE;
}

/* atelier_engine_load_source:
 * @target: a file, a project, or PROJECT/PIPELINE
 * @pipeline_name: (nullable): NULL: as the source says
 * @problems: what is wrong with the definition
 * @source: (out): filled as far as it could be, also on failure
 *
 * Returns: FALSE when there is no definition, or it has errors */
gboolean
atelier_engine_load_source (AtelierEngine *self, const char *target, const char *pipeline_name, GPtrArray *problems, AtelierSource *source,
                            GError **error)
{
  guint n_errors;

  source->pipeline_name = g_strdup (pipeline_name);
  if (!read_target (self, target, source, error))
    return FALSE;
  if (source->pipeline_name == NULL)
    source->pipeline_name = g_strdup ("pipeline");
  source->definition = atelier_definition_parse (source->text, (gssize) source->length, problems);
  n_errors = atelier_problems_count (problems, ATELIER_SEVERITY_ERROR);
  if (source->definition == NULL || n_errors > 0)
    {
      const AtelierProblem *first = problems->len > 0 ? g_ptr_array_index (problems, 0) : NULL;

      for (guint i = 0; i < problems->len && first->severity != ATELIER_SEVERITY_ERROR; i++)
        first = g_ptr_array_index (problems, i);
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID,
                   g_dngettext (GETTEXT_PACKAGE, "the definition “%s” has %u error; line %u: %s", "the definition “%s” has %u errors; line %u: %s",
                                n_errors),
                   target, n_errors, first != NULL ? first->line : 0, first != NULL ? first->message : "");
      return FALSE;
    }
  return TRUE;
}
