/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "atelier-files.h"
#include "atelier-git.h"
#include "atelier-project.h"
#include "atelier-template-private.h"

/* A project as a template of the person's own: what its default branches hold now, with the project's name as a
 * placeholder. Making a project of the same name out of it gives the same files again.
 *
 * All is prepared in a hidden folder beside its place, which lists do not show; the rename makes it whole. */

static const char *const built_in_placeholders[] = { "@@project_name@@", "@@author@@", "@@date@@" };

static gboolean
save_file (const AtelierTemplateFile *file, const char *to_folder, const char *project, GError **error)
{
  g_autofree char *name
      = atelier_template_contract_text (file->relative, strlen (file->relative), project, "project_name");
  g_autofree char *to = g_build_filename (to_folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (to);
  g_autofree char *content = NULL;
  g_autofree char *contracted = NULL;
  gsize length;

  if (!g_file_get_contents (file->path, &content, &length, error) || !atelier_files_make_folder (parent, error))
    return FALSE;
  if (atelier_template_is_text (content, length))
    {
      for (gsize i = 0; i < G_N_ELEMENTS (built_in_placeholders); i++)
        if (strstr (content, built_in_placeholders[i]) != NULL)
          {
            g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE,
                         _("“%s/%s” holds the text %s, which a template would fill in. Change it and commit first."),
                         file->repository, file->relative, built_in_placeholders[i]);
            return FALSE;
          }
      contracted = atelier_template_contract_text (content, length, project, "project_name");
      length = strlen (contracted);
    }
  return atelier_files_write_atomic (to, contracted != NULL ? contracted : content, length,
                                     g_file_test (file->path, G_FILE_TEST_IS_EXECUTABLE) ? 0755 : 0644, error);
}

static gboolean
save_repository (const char *bare, const char *name, const char *to, const char *project, GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *exported = g_strconcat (to, ".export", NULL);
  g_autoptr (GPtrArray) files = NULL;

  if (!atelier_git_export_sync (bare, "HEAD", exported, cancellable, error))
    return FALSE;
  files = atelier_template_walk (exported, name, error);
  if (files == NULL || !atelier_files_make_folder (to, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    if (!save_file (g_ptr_array_index (files, i), to, project, error))
      return FALSE;
  return atelier_files_remove_tree (exported, error);
}

/* The data sets as the project has kept them, with their generators. */
static gboolean
save_data (const char *place, const char *to, json_t *object, GError **error)
{
  g_autofree char *kept = g_build_filename (place, "template", NULL);
  g_autofree char *kept_file = g_build_filename (kept, "template.json", NULL);
  g_autofree char *from = g_build_filename (kept, "data", NULL);
  g_autofree char *folder = g_build_filename (to, "data", NULL);
  g_autoptr (json_t) entries = NULL;
  json_t *data;

  if (!g_file_test (kept_file, G_FILE_TEST_EXISTS))
    return TRUE;
  entries = atelier_json_read_file (kept_file, error);
  if (entries == NULL)
    return FALSE;
  data = atelier_json_get_array (entries, "data");
  if (json_array_size (data) == 0)
    return TRUE;
  json_object_set (object, "data", data);
  return atelier_files_copy_tree (from, folder, ATELIER_COPY_FLAGS_NONE, error);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Names of the bare repositories of a project, sorted. */
static GPtrArray *
list_repositories (const char *place, const char *project, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (place, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (*name != '.' && g_str_has_suffix (name, ".git"))
      g_ptr_array_add (names, g_strndup (name, strlen (name) - strlen (".git")));
  if (names->len == 0)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND,
                   _("There is no project “%s” with repositories in this workspace"), project);
      return NULL;
    }
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static gboolean
save_into (const char *staging, const char *place, const char *project, const char *name, const char *title,
           const char *description, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) names = list_repositories (place, project, error);
  g_autofree char *path = g_build_filename (staging, "template.json", NULL);
  g_autoptr (json_t) object = json_object ();
  json_t *repositories = json_array ();

  json_object_set_new (object, "repositories", repositories);
  if (names == NULL)
    return FALSE;
  atelier_json_set_string (object, "name", name);
  atelier_json_set_string (object, "title", title != NULL && *title != '\0' ? title : name);
  atelier_json_set_string (object, "description", description != NULL ? description : "");
  for (guint i = 0; i < names->len; i++)
    {
      const char *repository = g_ptr_array_index (names, i);
      g_autofree char *bare = g_strdup_printf ("%s/%s.git", place, repository);
      g_autofree char *to = g_build_filename (staging, repository, NULL);
      json_t *item = json_object ();

      atelier_json_set_string (item, "name", repository);
      json_array_append_new (repositories, item);
      if (!save_repository (bare, repository, to, project, cancellable, error))
        return FALSE;
    }
  return save_data (place, staging, object, error) && atelier_json_write_file (path, object, error);
}

static gboolean
check_free (const char *own, const char *name, GError **error)
{
  g_autofree char *built_in = atelier_template_dup_built_in_folder ();
  g_autofree char *shadow = g_build_filename (built_in, name, NULL);
  g_autofree char *folder = g_build_filename (own, name, NULL);

  if (!g_file_test (shadow, G_FILE_TEST_EXISTS) && !g_file_test (folder, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS,
               _("There is a template “%s” already. Choose another name or delete that one first."), name);
  return FALSE;
}

char *
atelier_template_save_sync (const char *workspace, const char *project, const char *name, const char *title,
                            const char *description, GCancellable *cancellable, GError **error)
{
  g_autofree char *own = atelier_template_dup_own_folder ();
  g_autofree char *place = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *staging = NULL;

  g_return_val_if_fail (workspace != NULL && project != NULL && name != NULL, NULL);

  if (!atelier_project_check_name (project, error) || !atelier_project_check_name (name, error)
      || !check_free (own, name, error) || !atelier_files_make_folder (own, error))
    return NULL;
  place = g_build_filename (workspace, "projects", project, NULL);
  folder = g_build_filename (own, name, NULL);
  staging = g_build_filename (own, ".new-XXXXXX", NULL);
  if (g_mkdtemp_full (staging, 0755) == NULL)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make a folder in “%s”: %s"), own,
                 g_strerror (errno));
  else if (save_into (staging, place, project, name, title, description, cancellable, error))
    {
      if (g_rename (staging, folder) == 0)
        return g_steal_pointer (&folder);
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make the template's folder “%s”: %s"),
                   folder, g_strerror (errno));
    }
  atelier_files_remove_tree (staging, NULL);
  return NULL;
}
