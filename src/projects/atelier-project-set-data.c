/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <fcntl.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-project.h"

#include "atelier-artifacts-cache.h"
#include "atelier-files.h"
#include "atelier-store-events.h"

/* Other data for a project that is there. What a data set looks like is kept beside the project's repositories. */

/* Returns: (transfer full) (nullable): the first entry of the data sets that the project was made with */
static json_t *
load_entry (const char *workspace, const char *project, GError **error)
{
  g_autofree char *path = g_build_filename (workspace, "projects", project, "template", "template.json", NULL);
  g_autoptr (json_t) object = g_file_test (path, G_FILE_TEST_EXISTS) ? atelier_json_read_file (path, error) : NULL;
  json_t *entry = json_array_get (atelier_json_get_array (object, "data"), 0);

  if (entry == NULL && (error == NULL || *error == NULL))
    g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND, _("The project “%s” has no data set"),
                 project);
  return json_incref (entry);
}

/* The record's settings with the new source of the first data set. */
static char *
change_settings (const AtelierProjectRecord *project, const char *uri)
{
  g_autoptr (json_t) settings
      = project->settings_json != NULL ? atelier_json_parse (project->settings_json, -1, NULL) : NULL;
  json_t *list = atelier_json_get_array (settings, "data");
  json_t *entry = json_array_get (list, 0);

  if (entry == NULL)
    return NULL;
  atelier_json_set_string (entry, "uri", uri);
  atelier_json_set_string (entry, "source", atelier_data_source_to_text (ATELIER_DATA_SOURCE_FILE));
  json_object_del (entry, "note");
  return atelier_json_compact (settings);
}

/* Checks @file into a temporary file and puts that as the object @uri. */
static gboolean
put_checked (AtelierArtifacts *artifacts, const char *workspace, const json_t *entry, const char *file, const char *uri,
             GError **error)
{
  g_autofree char *checked = g_build_filename (workspace, "projects", ".data-XXXXXX", NULL);
  g_autoptr (AtelierArtifactFile) put = NULL;
  int fd = g_mkstemp_full (checked, O_WRONLY | O_CLOEXEC, 0644);

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Cannot write in “%s”"), workspace);
      return FALSE;
    }
  close (fd);
  if (atelier_data_check_file (entry, file, checked, NULL, error))
    put = atelier_artifacts_put_file (artifacts, checked, uri, ATELIER_PUT_COPY, NULL, error);
  unlink (checked);
  return put != NULL;
}

gboolean
atelier_project_set_data_sync (AtelierStore *store, const AtelierProjectRecord *project, const char *file,
                               const char *who, GError **error)
{
  const char *workspace = atelier_store_get_workspace (store);
  g_autofree char *store_folder = g_build_filename (workspace, "store", NULL);
  g_autoptr (AtelierArtifacts) artifacts = atelier_artifacts_new_with_store (store_folder, store);
  g_autoptr (json_t) entry = load_entry (workspace, project->name, error);
  g_autofree char *uri = NULL;
  g_autofree char *warning_uri = NULL;
  g_autofree char *settings = NULL;

  if (entry == NULL)
    return FALSE;
  uri = g_strdup_printf ("s3://%s/%s/data/%s", ATELIER_PROJECT_BUCKET, project->name,
                         atelier_json_get_string (entry, "file", ""));
  warning_uri = g_strdup_printf ("s3://%s/%s/data/SIMULATED.txt", ATELIER_PROJECT_BUCKET, project->name);
  settings = change_settings (project, uri);
  return put_checked (artifacts, workspace, entry, file, uri, error)
         && atelier_store_change_project_data (store, project->id, settings, FALSE, who, error)
         && atelier_artifacts_delete (artifacts, warning_uri, error);
}
