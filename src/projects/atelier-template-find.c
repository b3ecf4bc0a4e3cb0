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
#include "atelier-text.h"

/* Where templates are: two folders that are searched by name, and any path or address. */

static gboolean
runs_from_build_folder (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  return self != NULL && g_str_has_prefix (self, ATELIER_BUILD_DIR "/");
}

char *
atelier_template_dup_built_in_folder (void)
{
  const char *given = g_getenv ("ATELIER_DATADIR");

  if (given != NULL && *given != '\0')
    return g_build_filename (given, "templates", NULL);
  if (runs_from_build_folder ())
    return g_build_filename (ATELIER_SOURCE_DIR, "data", "templates", NULL);
  return g_build_filename (ATELIER_DATADIR, "templates", NULL);
}

char *
atelier_template_dup_own_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "atelier", "templates", NULL);
}

static gboolean
is_template_folder (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "template.json", NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

/* A bare repository, whose template has to be cloned to be seen. */
static gboolean
is_bare_repository (const char *folder)
{
  g_autofree char *head = g_build_filename (folder, "HEAD", NULL);
  g_autofree char *objects = g_build_filename (folder, "objects", NULL);

  return g_file_test (head, G_FILE_TEST_IS_REGULAR) && g_file_test (objects, G_FILE_TEST_IS_DIR);
}

/* The folder of the template @name in the built-in folder or the person's own; NULL without an error. */
static char *
find_by_name (const char *name, AtelierTemplateOrigin *origin)
{
  g_autofree char *built_in = atelier_template_dup_built_in_folder ();
  g_autofree char *own = atelier_template_dup_own_folder ();
  const char *folders[] = { built_in, own };

  if (!atelier_project_check_name (name, NULL))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (folders[i], name, NULL);

      if (is_template_folder (folder))
        {
          *origin = i == 0 ? ATELIER_TEMPLATE_ORIGIN_BUILT_IN : ATELIER_TEMPLATE_ORIGIN_OWN;
          return g_steal_pointer (&folder);
        }
    }
  return NULL;
}

static char *
find_included (const char *name, const char *beside, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (beside);
  g_autofree char *sibling = g_build_filename (parent, name, NULL);
  AtelierTemplateOrigin origin;
  char *found;

  if (atelier_project_check_name (name, NULL) && is_template_folder (sibling))
    return g_steal_pointer (&sibling);
  found = find_by_name (name, &origin);
  if (found == NULL)
    g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND, _("There is no template “%s”"), name);
  return found;
}

/* Listing */

static int
compare_titles (gconstpointer a, gconstpointer b)
{
  AtelierTemplate *one = *(AtelierTemplate *const *) a;
  AtelierTemplate *other = *(AtelierTemplate *const *) b;
  int by_title = g_utf8_collate (atelier_template_get_title (one), atelier_template_get_title (other));

  return by_title != 0 ? by_title : strcmp (atelier_template_get_name (one), atelier_template_get_name (other));
}

static GPtrArray *
list_folder (const char *folder, AtelierTemplateOrigin origin)
{
  GPtrArray *templates = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autoptr (GError) error = NULL;
      AtelierTemplate *template;

      /* hidden: being made or deleted */
      if (*name == '.' || !is_template_folder (path))
        continue;
      template = atelier_template_new_from_folder (path, path, origin, find_included, NULL, &error);
      if (template == NULL)
        template = atelier_template_new_broken (path, origin, error->message);
      g_ptr_array_add (templates, template);
    }
  g_ptr_array_sort (templates, compare_titles);
  return templates;
}

GPtrArray *
atelier_template_list_sync (void)
{
  g_autofree char *built_in = atelier_template_dup_built_in_folder ();
  g_autofree char *own = atelier_template_dup_own_folder ();
  GPtrArray *templates = list_folder (built_in, ATELIER_TEMPLATE_ORIGIN_BUILT_IN);

  g_ptr_array_extend_and_steal (templates, list_folder (own, ATELIER_TEMPLATE_ORIGIN_OWN));
  return templates;
}

/* Loading */

/* Clones into a folder that the template then owns. */
static AtelierTemplate *
load_from_git (const char *source, GCancellable *cancellable, GError **error)
{
  g_autofree char *folder = g_dir_make_tmp ("atelier-template-XXXXXX", error);
  g_autofree char *clone = NULL;
  g_autofree char *name = NULL;
  AtelierTemplate *template = NULL;

  if (folder == NULL)
    return NULL;
  /* the clone's own name is that of the template where its file gives none */
  name = g_path_get_basename (source);
  if (g_str_has_suffix (name, ".git"))
    name[strlen (name) - strlen (".git")] = '\0';
  clone = g_build_filename (folder, atelier_project_check_name (name, NULL) ? name : "template", NULL);
  if (atelier_git_clone_sync (source, clone, NULL, NULL, cancellable, error))
    template
        = atelier_template_new_from_folder (clone, source, ATELIER_TEMPLATE_ORIGIN_GIT, find_included, folder, error);
  if (template == NULL)
    atelier_files_remove_tree (folder, NULL);
  return template;
}

static AtelierTemplate *
fail_not_found (const char *what, GError **error)
{
  g_autoptr (GPtrArray) templates = atelier_template_list_sync ();
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GString) all = g_string_new (NULL);
  const char *near;

  for (guint i = 0; i < templates->len; i++)
    {
      const char *name = atelier_template_get_name (g_ptr_array_index (templates, i));

      g_ptr_array_add (names, (char *) name);
      g_string_append_printf (all, "%s%s", i > 0 ? ", " : "", name);
    }
  near = atelier_text_closest (what, (const char *const *) names->pdata, names->len);
  if (near != NULL)
    g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND,
                 _("There is no template “%s”; did you mean “%s”?"), what, near);
  else
    g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND,
                 _("There is no template “%s”. There are: %s; or give a folder or the address of a Git repository."),
                 what, all->str);
  return NULL;
}

AtelierTemplate *
atelier_template_load_sync (const char *what, GCancellable *cancellable, GError **error)
{
  AtelierTemplateOrigin origin = ATELIER_TEMPLATE_ORIGIN_FOLDER;
  g_autofree char *folder = NULL;

  g_return_val_if_fail (what != NULL, NULL);

  if (atelier_git_is_address (what))
    return load_from_git (what, cancellable, error);
  folder = find_by_name (what, &origin);
  if (folder == NULL && strchr (what, '/') == NULL && !is_template_folder (what))
    return fail_not_found (what, error);
  if (folder == NULL)
    folder = g_canonicalize_filename (what, NULL);
  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND, _("There is no folder “%s”"),
                   folder);
      return NULL;
    }
  if (is_bare_repository (folder))
    return load_from_git (folder, cancellable, error);
  return atelier_template_new_from_folder (folder, folder, origin, find_included, NULL, error);
}

/* Deleting */

gboolean
atelier_template_delete_sync (const char *name, GError **error)
{
  AtelierTemplateOrigin origin;
  g_autofree char *folder = NULL;
  g_autofree char *own = atelier_template_dup_own_folder ();
  g_autofree char *hidden = NULL;

  g_return_val_if_fail (name != NULL, FALSE);

  folder = find_by_name (name, &origin);
  if (folder == NULL)
    return fail_not_found (name, error) != NULL;
  if (origin != ATELIER_TEMPLATE_ORIGIN_OWN)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE,
                   _("The template “%s” is built in and cannot be deleted"), name);
      return FALSE;
    }
  /* gone at once for everybody, whatever happens to the removal */
  hidden = g_strdup_printf ("%s/.deleted-%s-%08x", own, name, g_random_int ());
  if (g_rename (folder, hidden) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot delete “%s”: %s"), folder,
                   g_strerror (errno));
      return FALSE;
    }
  return atelier_files_remove_tree (hidden, error);
}
