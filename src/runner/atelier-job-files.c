/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-archive.h"
#include "atelier-files.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* The files of a job: what it reads is staged into the attempt's tree, what it leaves is put into the artifact store.
 * In a sandbox inputs are hard links, bound read-only; without one they are copies, since nothing else keeps a script from
 * writing to them. A script may leave anything where its outputs should be: nothing is read through a link that it made. */

#define KEPT_ARGUMENTS "arguments.json"

/* atelier_job_host_path:
 * @inside: begins with /opt/ml; was checked
 *
 * Returns: (transfer full): where that is on this machine */
char *
atelier_job_host_path (AtelierJob *job, const char *inside)
{
  g_assert (g_str_has_prefix (inside, "/opt/ml"));

  return g_strconcat (job->folder, "/opt-ml", inside + strlen ("/opt/ml"), NULL);
}

/* Returns: @folder, or %NULL with a sentence when a script may not have it there */
const char *
atelier_job_check_folder (const char *folder, const char *what, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (folder, "/", -1);

  if (g_str_has_prefix (folder, "/opt/ml/") && !g_strv_contains ((const char *const *) parts, "..") && strlen (folder) < 1024)
    return folder;
  g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the local path “%s” of “%s” must be a folder below /opt/ml"),
               folder, what);
  return NULL;
}

/* @folder: (nullable): as the script sees it; NULL: not staged by atelier_job_stage() */
gboolean
atelier_job_add_input (AtelierJob *job, const char *role, const char *uri, const char *folder, AtelierInputKind kind, gboolean gunzip,
                       GError **error)
{
  AtelierJobInput *input;

  if (uri == NULL)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the input “%s” has no S3Uri"), role);
      return FALSE;
    }
  if (folder != NULL && atelier_job_check_folder (folder, role, error) == NULL)
    return FALSE;
  input = g_new0 (AtelierJobInput, 1);
  input->role = g_strdup (role);
  input->uri = g_strdup (uri);
  input->folder = folder != NULL ? g_canonicalize_filename (folder, NULL) : NULL;
  input->kind = kind;
  input->gunzip = gunzip;
  g_ptr_array_add (job->inputs, input);
  return TRUE;
}

AtelierJobOutput *
atelier_job_add_output (AtelierJob *job, const char *role, const char *uri, const char *folder, GError **error)
{
  AtelierJobOutput *output;

  if (atelier_job_check_folder (folder, role, error) == NULL)
    return NULL;
  output = g_new0 (AtelierJobOutput, 1);
  output->role = g_strdup (role);
  output->uri = g_strdup (uri);
  output->folder = g_canonicalize_filename (folder, NULL);
  g_ptr_array_add (job->outputs, output);
  return output;
}

/* The lines hold texts of @files, which the job keeps and which do not change any more. */
void
atelier_job_add_lineage (AtelierJob *job, AtelierLineageDirection direction, const char *role, GPtrArray *files)
{
  for (guint i = 0; i < files->len; i++)
    {
      const AtelierArtifactFile *file = g_ptr_array_index (files, i);
      AtelierLineageItem item = { direction, role, file->uri, file->digest, file->size_bytes };

      g_array_append_val (job->lineage, item);
    }
  g_ptr_array_add (job->lineage_keep, g_ptr_array_ref (files));
}

/* What the attempt read, as it was staged. */
void
atelier_job_add_used_lineage (AtelierJob *job)
{
  for (guint i = 0; i < job->inputs->len; i++)
    {
      const AtelierJobInput *input = g_ptr_array_index (job->inputs, i);

      if (input->files != NULL)
        atelier_job_add_lineage (job, ATELIER_LINEAGE_USED, input->role, input->files);
    }
}

/* Finds every input in the store and knows its content. */
gboolean
atelier_job_find_inputs (AtelierJob *job, GError **error)
{
  for (guint i = 0; i < job->inputs->len; i++)
    {
      AtelierJobInput *input = g_ptr_array_index (job->inputs, i);
      g_autoptr (GPtrArray) files
          = atelier_artifacts_resolve (job->run->artifacts, input->uri, input->kind, NULL, job->run->cancellable, error);

      if (files == NULL || !atelier_artifacts_digest_files (job->run->artifacts, files, job->run->cancellable, error))
        {
          g_prefix_error (error, _("input “%s”: "), input->role);
          return FALSE;
        }
      input->files = g_steal_pointer (&files);
    }
  return TRUE;
}

static gboolean
stage_input (AtelierJob *job, AtelierJobInput *input, GError **error)
{
  g_autofree char *folder = atelier_job_host_path (job, input->folder);
  AtelierStageFlags flags = job->has_sandbox ? ATELIER_STAGE_LINK : ATELIER_STAGE_COPY;

  if (input->gunzip)
    flags |= ATELIER_STAGE_GUNZIP;
  if (!atelier_artifacts_stage (job->run->artifacts, input->files, folder, flags, job->run->cancellable, error))
    {
      g_prefix_error (error, _("input “%s”: "), input->role);
      return FALSE;
    }
  return TRUE;
}

/* Makes the attempt's own folder. One that is there already is of an attempt of this number that never began. */
static gboolean
make_folder (AtelierJob *job, GError **error)
{
  g_autofree char *step_folder = g_path_get_dirname (job->folder);

  if (mkdir (step_folder, 0755) < 0 && errno == ENOENT && !atelier_files_make_folder (step_folder, error))
    return FALSE;
  if (mkdir (job->folder, 0755) == 0)
    return TRUE;
  if (errno == EEXIST && !atelier_files_remove_tree (job->folder, error))
    return FALSE;
  return atelier_files_make_folder (job->folder, error);
}

/* Makes the attempt's tree. A step without files that needs no sandbox gets only the folders of its log and its temporary files. */
gboolean
atelier_job_stage (AtelierJob *job, GError **error)
{
  gboolean is_bare = !job->has_sandbox && job->inputs->len == 0 && job->outputs->len == 0 && job->type == &atelier_processing_job;
  g_autofree char *tmp = g_build_filename (job->folder, "tmp", NULL);
  g_autofree char *tracking = g_build_filename (job->folder, "opt-ml", "output", "atelier", NULL);

  if (!make_folder (job, error) || !atelier_files_make_folder (tmp, error) || (!is_bare && !atelier_files_make_folder (tracking, error)))
    return FALSE;
  for (guint i = 0; i < job->inputs->len; i++)
    {
      AtelierJobInput *input = g_ptr_array_index (job->inputs, i);

      if (input->folder != NULL && !stage_input (job, input, error))
        return FALSE;
    }
  for (guint i = 0; i < job->outputs->len; i++)
    {
      AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);
      g_autofree char *path = atelier_job_host_path (job, output->folder);

      if (!atelier_files_make_folder (path, error))
        return FALSE;
    }
  return TRUE;
}

/* Arguments that would be others at another time are kept: an attempt that is taken over after a crash has those it began with. */
gboolean
atelier_job_keep_arguments (AtelierJob *job, GError **error)
{
  g_autofree char *path = g_build_filename (job->folder, KEPT_ARGUMENTS, NULL);
  g_autofree char *text = atelier_json_compact (job->arguments);

  return atelier_files_write_atomic (path, text, -1, 0600, error);
}

/* Returns: (transfer full) (nullable) */
json_t *
atelier_job_kept_arguments (AtelierJob *job)
{
  g_autofree char *path = g_build_filename (job->folder, KEPT_ARGUMENTS, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS) ? atelier_json_read_file (path, NULL) : NULL;
}

/* Writes a configuration file of the container contract. @inside: its path as the script sees it */
gboolean
atelier_job_write_config (AtelierJob *job, const char *inside, const json_t *value, GError **error)
{
  g_autofree char *path = atelier_job_host_path (job, inside);
  g_autofree char *folder = g_path_get_dirname (path);

  return atelier_files_make_folder (folder, error) && atelier_json_write_file (path, value, error);
}

/* Where something is that the script was to leave, provided that no link leads there: in the sandbox the script was free to
 * make links that mean another place outside of it. What is not there is fine. */
static char *
path_of_left (AtelierJob *job, const char *inside, GError **error)
{
  g_autofree char *canonical = g_canonicalize_filename (inside, NULL);
  g_autofree char *path = atelier_job_host_path (job, canonical);
  g_autofree char *root = atelier_job_host_path (job, "/opt/ml");
  g_autofree char *real = realpath (path, NULL);
  g_autofree char *real_root = realpath (root, NULL);

  if (real == NULL || real_root == NULL ||
      (g_str_has_prefix (real, real_root) && strcmp (real + strlen (real_root), canonical + strlen ("/opt/ml")) == 0))
    return g_steal_pointer (&path);
  g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
               _("the script put a symbolic link in the place of “%s” or of a folder above it; write files there instead"), inside);
  return NULL;
}

/* Puts what the script left in a folder below @uri. An empty folder is no error. */
gboolean
atelier_job_put_folder (AtelierJob *job, const char *role, const char *inside, const char *uri, GError **error)
{
  g_autofree char *path = path_of_left (job, inside, error);
  g_autoptr (GPtrArray) files = NULL;

  if (path == NULL)
    return FALSE;
  files = atelier_artifacts_put_tree (job->run->artifacts, path, uri, ATELIER_PUT_LINK, NULL, NULL, error);
  if (files == NULL)
    {
      g_prefix_error (error, _("output “%s”: "), role);
      return FALSE;
    }
  atelier_job_add_lineage (job, ATELIER_LINEAGE_PRODUCED, role, files);
  return TRUE;
}

/* Packs what the script left in a folder as the object @uri, a .tar.gz. */
gboolean
atelier_job_put_archive (AtelierJob *job, const char *role, const char *inside, const char *uri, GError **error)
{
  g_autofree char *path = path_of_left (job, inside, error);
  g_autofree char *name = g_path_get_basename (uri);
  g_autofree char *archive = g_build_filename (job->folder, name, NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_artifact_file_free);
  AtelierArtifactFile *file;

  if (path == NULL || !atelier_archive_pack (path, archive, NULL, NULL, error))
    return FALSE;
  file = atelier_artifacts_put_file (job->run->artifacts, archive, uri, ATELIER_PUT_LINK, NULL, error);
  if (file == NULL)
    return FALSE;
  unlink (archive); /* the store has it */
  g_ptr_array_add (files, file);
  atelier_job_add_lineage (job, ATELIER_LINEAGE_PRODUCED, role, files);
  return TRUE;
}

/* resourceconfig.json of a job on one machine. */
json_t *
atelier_job_resource_config (AtelierJob *job)
{
  gboolean is_training = job->type == &atelier_training_job;
  json_t *resources = json_object_get (job->arguments, is_training ? "ResourceConfig" : "ProcessingResources");
  json_t *cluster = is_training ? resources : json_object_get (resources, "ClusterConfig");

  return json_pack ("{s:s, s:[s], s:s, s:s}", "current_host", "algo-1", "hosts", "algo-1", "network_interface_name", "lo",
                    "current_instance_type", atelier_json_get_string (cluster, "InstanceType", "local"));
}

/* Returns: (transfer full) (nullable): the first @most_bytes of a text file that the script left, valid UTF-8 without blanks at its
 *   ends; NULL when there is none, or nothing in it */
char *
atelier_job_read_text (AtelierJob *job, const char *inside, gsize most_bytes)
{
  g_autofree char *path = path_of_left (job, inside, NULL);
  g_autofree char *bytes = NULL;
  g_autofree char *text = NULL;
  struct stat status;
  gssize n = -1;
  int fd;

  if (path == NULL || (fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) < 0)
    return NULL;
  bytes = g_malloc0 (most_bytes + 1);
  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    n = pread (fd, bytes, most_bytes, 0);
  close (fd);
  if (n <= 0)
    return NULL;
  text = g_utf8_make_valid (bytes, -1);
  g_strstrip (text);
  return *text != '\0' ? g_steal_pointer (&text) : NULL;
}
