/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "atelier-artifacts.h"
#include "atelier-files.h"
#include "atelier-project-private.h"
#include "atelier-store-events.h"
#include "atelier-store-queries.h"
#include "atelier-template-private.h"
#include "atelier-time.h"

/* Making a project.
 *
 * Everything that takes time or can fail is done in hidden folders: one beside the project's place in the workspace,
 * one in the folder of the clones. Then four quick moves, each with its way back: the folder in the workspace (whose
 * rename also decides between two that make the same name), the clones, the data, and at last the record in the
 * store. Killed before the first move, hidden folders are left and nothing else. */

#define PROJECTS_FOLDER "projects"

/* One project being made */

typedef struct
{
  const AtelierProjectRequest *request;
  AtelierStore                *store;
  GCancellable                *cancellable;
  const AtelierGitAuthor      *author;
  GHashTable                  *values;          /* (owned) */
  const char *const           *repositories;    /* names */
  guint                        n_repositories;
  const json_t                *data;            /* entries */
  AtelierProjectMade          *made;            /* (owned) filled on the way */
  json_t                      *data_settings;   /* (owned) */

  char                        *place;           /* (owned) WORKSPACE/projects/NAME */
  char                        *staging;         /* (owned) (nullable) beside it */
  char                        *clones;          /* (owned) folder of the clones */
  char                        *clones_made;     /* (owned) (nullable) topmost folder that was made for them */
  char                        *clones_staging;  /* (owned) (nullable) in it */
  AtelierArtifacts            *artifacts;       /* (owned) */

  gboolean                     is_placed;       /* staging has become place */
  guint                        n_clones_placed;
  GPtrArray                   *put;             /* (owned) s3:// addresses */

  guint                        n_steps;
  guint                        n_done;
} Creation;

static gboolean
begin_step (Creation *self, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
begin_step (Creation *self, GError **error, const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list arguments;

  if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
    return FALSE;
  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (self->request->progress != NULL)
    self->request->progress (what, (double) self->n_done / self->n_steps, self->request->user_data);
  self->n_done++;
  return TRUE;
}

static gboolean
set_io_error (GError **error, const char *sentence, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s “%s”: %s", sentence, path, g_strerror (saved));
  return FALSE;
}

/* The first folder on the way to @path that is not there; NULL when @path is. */
static char *
first_missing (const char *path)
{
  g_autofree char *parent = NULL;
  char *above;

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  parent = g_path_get_dirname (path);
  above = first_missing (parent);
  return above != NULL ? above : g_strdup (path);
}

static char *
make_hidden_folder (const char *parent, GError **error)
{
  g_autofree char *path = g_build_filename (parent, ".new-XXXXXX", NULL);

  if (!atelier_files_make_folder (parent, error))
    return NULL;
  if (g_mkdtemp_full (path, 0755) == NULL)
    {
      set_io_error (error, _("Cannot make a folder in"), parent);
      return NULL;
    }
  return g_steal_pointer (&path);
}

static gboolean
check_places (Creation *self, GError **error)
{
  g_autoptr (AtelierProjectRecord) record = atelier_store_find_project (self->store, self->request->name, NULL);

  if (record != NULL)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS,
                   _("There is a project “%s” already. Choose another name."), self->request->name);
      return FALSE;
    }
  if (g_file_test (self->place, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS,
                   _("The folder “%s” is in the way, although no project has that name. Move it away, or choose "
                      "another name."),
                   self->place);
      return FALSE;
    }
  for (guint i = 0; i < self->n_repositories; i++)
    if (g_file_test (self->made->clones[i], G_FILE_TEST_EXISTS))
      {
        g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS,
                     _("“%s” is there already. Choose another folder for the working copies."),
                     self->made->clones[i]);
        return FALSE;
      }
  return TRUE;
}

/* Where a template's file goes in its repository. Values must not make ways out of it. */
static char *
expand_path (Creation *self, const char *relative, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (relative, "/", -1);
  g_autofree char *path = NULL;

  for (char **part = parts; *part != NULL; part++)
    {
      char *expanded = atelier_template_expand_text (*part, strlen (*part), self->values, FALSE);

      g_free (*part);
      *part = expanded;
      if (*expanded == '\0' || strchr (expanded, '/') != NULL || g_str_equal (expanded, ".")
          || g_str_equal (expanded, ".."))
        {
          g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_VARIABLE,
                       _("With these values the file “%s” of the template gets the name “%s”, which cannot be"),
                       relative, expanded);
          return NULL;
        }
    }
  path = g_strjoinv ("/", parts);
  return g_steal_pointer (&path);
}

static gboolean
write_files (Creation *self, GPtrArray *files, const char *repository, const char *to, GError **error)
{
  if (!atelier_files_make_folder (to, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      AtelierTemplateFile *file = g_ptr_array_index (files, i);
      g_autofree char *relative = NULL;
      g_autofree char *path = NULL;

      if (!g_str_equal (file->repository, repository))
        continue;
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      relative = expand_path (self, file->relative, error);
      if (relative == NULL)
        return FALSE;
      path = g_build_filename (to, relative, NULL);
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        {
          g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_VARIABLE,
                       _("With these values two files of the template get the name “%s”"), relative);
          return FALSE;
        }
      if (!atelier_template_expand_file (file->path, path, self->values, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
make_repositories (Creation *self, GError **error)
{
  g_autoptr (GPtrArray) files = atelier_template_list_files_sync (self->request->template_, error);
  g_autofree char *message = g_strdup_printf ("Create %s from the template %s", self->request->name,
                                              atelier_template_get_name (self->request->template_));

  if (files == NULL)
    return FALSE;
  for (guint i = 0; i < self->n_repositories; i++)
    {
      const char *name = self->repositories[i];
      g_autofree char *bare_name = g_strconcat (name, ".git", NULL);
      g_autofree char *bare = g_build_filename (self->staging, bare_name, NULL);
      g_autofree char *tree = g_build_filename (self->staging, "tree", NULL);

      if (!begin_step (self, error, _("Making the repository “%s”"), name)
          || !write_files (self, files, name, tree, error) || !atelier_git_init_bare_sync (bare, error))
        return FALSE;
      self->made->commits[i]
          = atelier_git_commit_folder_sync (bare, tree, message, self->author, self->cancellable, error);
      if (self->made->commits[i] == NULL || !atelier_files_remove_tree (tree, error))
        return FALSE;
    }
  return TRUE;
}

/* Data */

static void
add_note (Creation *self, const char *file, AtelierDataSource source, const char *note)
{
  g_autoptr (GString) text = g_string_new (self->made->note);

  if (note != NULL)
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", note);
  if (source == ATELIER_DATA_SOURCE_GENERATED)
    {
      g_string_append (text, text->len > 0 ? " " : "");
      g_string_append_printf (
          text, _("“%s” is a made-up sample with the same columns; the project is marked as simulated."), file);
    }
  g_free (self->made->note);
  self->made->note = text->len > 0 ? g_string_free (g_steal_pointer (&text), FALSE) : NULL;
}

static gboolean
get_data (Creation *self, GError **error)
{
  g_autofree char *folder = g_build_filename (self->staging, "data", NULL);
  json_t *entry;
  gsize i;

  if (!atelier_files_make_folder (folder, error))
    return FALSE;
  json_array_foreach ((json_t *) self->data, i, entry)
    {
      const char *file = atelier_json_get_string (entry, "file", "");
      g_autofree char *path = g_build_filename (folder, file, NULL);
      g_autofree char *uri
          = g_strdup_printf ("s3://%s/%s/data/%s", ATELIER_PROJECT_BUCKET, self->request->name, file);
      g_autofree char *note = NULL;
      AtelierDataSource source;
      json_t *setting;

      if (!begin_step (self, error, _("Getting the data set “%s”"), file)
          || !atelier_data_obtain_sync (entry, i == 0 ? self->request->data_file : NULL, self->request->offline, path,
                                        &source, &note, self->cancellable, error))
        return FALSE;
      self->made->data_source = MAX (self->made->data_source, source);
      add_note (self, file, source, note);
      setting = json_object ();
      atelier_json_set_string (setting, "uri", uri);
      atelier_json_set_string (setting, "source", atelier_data_source_to_text (source));
      if (note != NULL)
        atelier_json_set_string (setting, "note", note);
      json_array_append_new (self->data_settings, setting);
      self->made->data_uris[i] = g_steal_pointer (&uri);
    }
  return TRUE;
}

/* What a template that is saved from this project needs: the data sets and how to make them up. */
static gboolean
keep_data_entries (Creation *self, GError **error)
{
  g_autofree char *folder = g_build_filename (self->staging, "template", NULL);
  g_autofree char *data_folder = g_build_filename (folder, "data", NULL);
  g_autofree char *path = g_build_filename (folder, "template.json", NULL);
  g_autoptr (json_t) object = json_object ();
  g_autoptr (json_t) data = json_deep_copy (self->data);
  json_t *entry;
  gsize i;

  if (!atelier_files_make_folder (data_folder, error))
    return FALSE;
  json_array_foreach (data, i, entry)
    {
      const char *generator = atelier_json_get_string (entry, "generator", NULL);
      g_autofree char *kept = g_strdup_printf ("data/%s.py", atelier_json_get_string (entry, "file", ""));
      g_autofree char *kept_path = g_build_filename (folder, kept, NULL);

      if (generator == NULL)
        continue;
      if (!atelier_files_copy (generator, kept_path, ATELIER_COPY_FLAGS_NONE, error))
        return FALSE;
      atelier_json_set_string (entry, "generator", kept);
    }
  json_object_set (object, "data", data);
  return atelier_json_write_file (path, object, error);
}

static gboolean
put_data (Creation *self, GError **error)
{
  static const char warning[] = "The data in this folder is a made-up sample with the columns of the real data set.\n"
                                "Models trained on it, and their metrics, say nothing about the real world. Make the\n"
                                "project again with a data file of your own, or with a network.\n";
  g_autofree char *folder = g_build_filename (self->place, "data", NULL);
  json_t *entry;
  gsize i;

  json_array_foreach ((json_t *) self->data, i, entry)
    {
      g_autofree char *path = g_build_filename (folder, atelier_json_get_string (entry, "file", ""), NULL);
      g_autoptr (AtelierArtifactFile) file = NULL;

      g_ptr_array_add (self->put, g_strdup (self->made->data_uris[i]));
      file = atelier_artifacts_put_file (self->artifacts, path, self->made->data_uris[i], ATELIER_PUT_LINK,
                                         self->cancellable, error);
      if (file == NULL)
        return FALSE;
    }
  if (self->made->data_source == ATELIER_DATA_SOURCE_GENERATED)
    {
      g_autofree char *uri
          = g_strdup_printf ("s3://%s/%s/data/SIMULATED.txt", ATELIER_PROJECT_BUCKET, self->request->name);
      g_autoptr (AtelierArtifactFile) file = NULL;

      g_ptr_array_add (self->put, g_strdup (uri));
      file = atelier_artifacts_put_bytes (self->artifacts, warning, -1, uri, error);
      if (file == NULL)
        return FALSE;
    }
  return atelier_artifacts_sync (self->artifacts, error) && atelier_files_remove_tree (folder, error);
}

/* Clones */

static gboolean
make_clones (Creation *self, GError **error)
{
  self->clones_made = first_missing (self->clones);
  self->clones_staging = make_hidden_folder (self->clones, error);
  if (self->clones_staging == NULL)
    return FALSE;
  for (guint i = 0; i < self->n_repositories; i++)
    {
      const char *name = self->repositories[i];
      g_autofree char *bare_name = g_strconcat (name, ".git", NULL);
      g_autofree char *bare = g_build_filename (self->staging, bare_name, NULL);
      g_autofree char *origin = g_build_filename (self->place, bare_name, NULL);
      g_autofree char *clone = g_build_filename (self->clones_staging, name, NULL);

      if (!begin_step (self, error, _("Cloning “%s”"), name)
          || !atelier_git_clone_sync (bare, clone, NULL, NULL, self->cancellable, error)
          || !atelier_git_set_origin_sync (clone, origin, error))
        return FALSE;
    }
  return TRUE;
}

/* The moves */

static gboolean
record (Creation *self, GError **error)
{
  AtelierTemplate *template = self->request->template_;
  AtelierNewProject project = { .name = self->request->name, .created_at_us = self->author->time_us };
  g_autoptr (json_t) settings = json_object ();
  json_t *clones = json_object ();
  json_t *source = json_object ();
  json_t *variables = json_object ();
  g_autofree char *text = NULL;
  GHashTableIter iter;
  gpointer name, value;

  for (guint i = 0; i < self->n_repositories; i++)
    atelier_json_set_string (clones, self->repositories[i], self->made->clones[i]);
  atelier_json_set_string (source, "name", atelier_template_get_name (template));
  atelier_json_set_string (source, "location", atelier_template_get_location (template));
  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &name, &value))
    atelier_json_set_string (variables, name, value);
  json_object_set_new (settings, "clones", clones);
  json_object_set_new (settings, "template", source);
  json_object_set_new (settings, "variables", variables);
  json_object_set (settings, "data", self->data_settings);
  text = atelier_json_compact (settings);

  project.description = self->request->description != NULL ? self->request->description
                                                           : atelier_template_get_description (template);
  project.template_name = atelier_template_get_name (template);
  project.settings_json = text;
  project.is_simulated = self->made->data_source == ATELIER_DATA_SOURCE_GENERATED;
  self->made->id = atelier_store_create_project (self->store, &project, self->request->who, error);
  return self->made->id > 0;
}

static gboolean
place (Creation *self, GError **error)
{
  if (!begin_step (self, error, _("Finishing the project “%s”"), self->request->name))
    return FALSE;
  if (g_rename (self->staging, self->place) != 0)
    return set_io_error (error, _("Cannot make the project's folder"), self->place);
  self->is_placed = TRUE;
  for (guint i = 0; i < self->n_repositories; i++)
    {
      g_autofree char *clone = g_build_filename (self->clones_staging, self->repositories[i], NULL);

      if (g_rename (clone, self->made->clones[i]) != 0)
        return set_io_error (error, _("Cannot make the working copy"), self->made->clones[i]);
      self->n_clones_placed++;
    }
  return put_data (self, error) && record (self, error);
}

static void
remove_quietly (const char *path)
{
  g_autoptr (GError) error = NULL;

  if (path != NULL && !atelier_files_remove_tree (path, &error))
    g_debug ("%s", error->message);
}

static void
undo (Creation *self)
{
  for (guint i = 0; i < self->put->len; i++)
    atelier_artifacts_delete (self->artifacts, g_ptr_array_index (self->put, i), NULL);
  for (guint i = 0; i < self->n_clones_placed; i++)
    remove_quietly (self->made->clones[i]);
  remove_quietly (self->is_placed ? self->place : self->staging);
  remove_quietly (self->clones_staging);
  /* only folders that were made here, and only while they are empty */
  if (self->clones_made != NULL)
    {
      g_autofree char *folder = g_strdup (self->clones);

      while (g_rmdir (folder) == 0 && !g_str_equal (folder, self->clones_made))
        {
          char *parent = g_path_get_dirname (folder);

          g_free (folder);
          folder = parent;
        }
    }
}

static gboolean
create (Creation *self, GError **error)
{
  g_autofree char *projects = g_path_get_dirname (self->place);

  if (!check_places (self, error))
    return FALSE;
  self->staging = make_hidden_folder (projects, error);
  return self->staging != NULL && make_repositories (self, error) && get_data (self, error)
         && keep_data_entries (self, error) && make_clones (self, error) && place (self, error);
}

static gboolean
check_request (const AtelierProjectRequest *request, GError **error)
{
  const char *problem = atelier_template_get_problem (request->template_);

  if (!atelier_project_check_name (request->name, error))
    return FALSE;
  if (problem != NULL)
    {
      g_set_error_literal (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE, problem);
      return FALSE;
    }
  if (request->data_file != NULL && json_array_size (atelier_template_get_data (request->template_)) == 0)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA,
                   _("The template “%s” takes no data file"), atelier_template_get_name (request->template_));
      return FALSE;
    }
  return TRUE;
}

AtelierProjectMade *
atelier_project_create_sync (AtelierStore *store, const AtelierProjectRequest *request, GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (AtelierGitAuthor) own_author = NULL;
  g_autofree char *store_folder = NULL;
  g_autofree char *chosen = NULL;
  AtelierProjectMade *made = NULL;
  Creation self = { 0 };

  g_return_val_if_fail (ATELIER_IS_STORE (store) && request != NULL, NULL);
  g_return_val_if_fail (request->name != NULL && ATELIER_IS_TEMPLATE (request->template_), NULL);

  if (!check_request (request, error))
    return NULL;
  if (request->author == NULL)
    own_author = atelier_git_author_new_for_person (NULL, atelier_time_now_us ());
  self.author = request->author != NULL ? request->author : own_author;
  self.values = atelier_project_collect_values (request, self.author, error);
  if (self.values == NULL)
    return NULL;

  self.request = request;
  self.store = store;
  self.cancellable = cancellable;
  self.repositories = atelier_template_get_repositories (request->template_);
  self.n_repositories = g_strv_length ((char **) self.repositories);
  self.data = atelier_template_get_data (request->template_);
  self.n_steps = 2 * self.n_repositories + json_array_size (self.data) + 1;
  self.data_settings = json_array ();
  self.put = g_ptr_array_new_with_free_func (g_free);
  self.place = g_build_filename (atelier_store_get_workspace (store), PROJECTS_FOLDER, request->name, NULL);
  chosen = request->clones_folder != NULL ? g_strdup (request->clones_folder)
                                          : atelier_project_default_folder (request->name);
  self.clones = g_canonicalize_filename (chosen, NULL);
  store_folder = g_build_filename (atelier_store_get_workspace (store), "store", NULL);
  self.artifacts = atelier_artifacts_new (store_folder, NULL);
  self.made = g_new0 (AtelierProjectMade, 1);
  self.made->repositories = g_strdupv ((char **) self.repositories);
  self.made->commits = g_new0 (char *, self.n_repositories + 1);
  self.made->clones = g_new0 (char *, self.n_repositories + 1);
  self.made->data_uris = g_new0 (char *, json_array_size (self.data) + 1);
  for (guint i = 0; i < self.n_repositories; i++)
    self.made->clones[i] = g_build_filename (self.clones, self.repositories[i], NULL);

  if (create (&self, error))
    {
      remove_quietly (self.clones_staging);
      if (request->progress != NULL)
        request->progress (_("The project is ready"), 1.0, request->user_data);
      made = g_steal_pointer (&self.made);
    }
  else
    undo (&self);

  atelier_project_made_free (self.made);
  g_hash_table_unref (self.values);
  json_decref (self.data_settings);
  g_ptr_array_unref (self.put);
  atelier_artifacts_unref (self.artifacts);
  g_free (self.place);
  g_free (self.staging);
  g_free (self.clones);
  g_free (self.clones_made);
  g_free (self.clones_staging);
  return made;
}
