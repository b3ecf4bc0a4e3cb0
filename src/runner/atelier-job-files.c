/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

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
 * writing to them. */

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
  input->folder = g_strdup (folder);
  input->kind = kind;
  input->gunzip = gunzip;
  g_ptr_array_add (job->inputs, input);
  return TRUE;
}

/* The lines hold texts of @files, which the job keeps. */
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

/* Finds every input in the store and knows its content. */
gboolean
atelier_job_find_inputs (AtelierJob *job, GError **error)
{
  for (guint i = 0; i < job->inputs->len; i++)
    {
      AtelierJobInput *input = g_ptr_array_index (job->inputs, i);

      input->files = atelier_artifacts_resolve (job->run->artifacts, input->uri, input->kind, NULL, NULL, error);
      if (input->files == NULL || !atelier_artifacts_digest_files (job->run->artifacts, input->files, NULL, error))
        {
          g_prefix_error (error, _("input “%s”: "), input->role);
          return FALSE;
        }
      atelier_job_add_lineage (job, ATELIER_LINEAGE_USED, input->role, input->files);
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
  if (!atelier_artifacts_stage (job->run->artifacts, input->files, folder, flags, NULL, error))
    {
      g_prefix_error (error, _("input “%s”: "), input->role);
      return FALSE;
    }
  return TRUE;
}

/* Makes the attempt's tree. A step without files that needs no sandbox gets only the folder of its log. */
gboolean
atelier_job_stage (AtelierJob *job, GError **error)
{
  static const char *const always[] = { "opt-ml/output/atelier", "tmp" };
  g_autofree char *step_folder = g_path_get_dirname (job->folder);
  gboolean bare = !job->has_sandbox && job->inputs->len == 0 && job->outputs->len == 0 && job->type == &atelier_processing_job;

  if ((mkdir (step_folder, 0755) < 0 || mkdir (job->folder, 0755) < 0) && !atelier_files_make_folder (job->folder, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (always) && !bare; i++)
    {
      g_autofree char *path = g_build_filename (job->folder, always[i], NULL);

      if (!atelier_files_make_folder (path, error))
        return FALSE;
    }
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

/* Writes a configuration file of the container contract. @inside: its path as the script sees it */
gboolean
atelier_job_write_config (AtelierJob *job, const char *inside, const json_t *value, GError **error)
{
  g_autofree char *path = atelier_job_host_path (job, inside);
  g_autofree char *folder = g_path_get_dirname (path);

  return atelier_files_make_folder (folder, error) && atelier_json_write_file (path, value, error);
}

/* Puts what the script left in a folder below @uri. An empty folder is no error. */
gboolean
atelier_job_put_folder (AtelierJob *job, const char *role, const char *inside, const char *uri, GError **error)
{
  g_autofree char *path = atelier_job_host_path (job, inside);
  g_autoptr (GPtrArray) files = NULL;

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
  g_autofree char *path = atelier_job_host_path (job, inside);
  g_autofree char *name = g_path_get_basename (uri);
  g_autofree char *archive = g_build_filename (job->folder, name, NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_artifact_file_free);
  AtelierArtifactFile *file;

  if (!atelier_archive_pack (path, archive, NULL, NULL, error))
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

/* Returns: (transfer full) (nullable): the first 1024 bytes of a small text file that the script left; NULL when there is none */
char *
atelier_job_read_text (AtelierJob *job, const char *inside)
{
  g_autofree char *path = atelier_job_host_path (job, inside);
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  struct stat status;

  if (lstat (path, &status) < 0 || !S_ISREG (status.st_mode) || status.st_size > (1 << 20) || !g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  line = atelier_text_first_line (text, 1024);
  return *line != '\0' ? g_steal_pointer (&line) : NULL;
}
