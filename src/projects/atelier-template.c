/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-files.h"
#include "atelier-project.h"
#include "atelier-template-private.h"

/* A template as an object: reading template.json, and checking it whole, so that making a project never stops half
 * way because of it. Templates that are included are read with it and their parts become its own. */

#define INCLUDE_DEPTH_MOST 4

struct _AtelierTemplate
{
  GObject               parent_instance;

  char                 *name;
  char                 *title;
  char                 *description;
  char                 *location;
  char                 *problem;          /* (nullable) */
  char                 *clone;            /* (nullable) removed with the object */
  AtelierTemplateOrigin origin;
  GArray               *variables;        /* of AtelierTemplateVariable, whose strings are in strings */
  GStringChunk         *strings;
  GPtrArray            *repositories;     /* of AtelierTemplateRepository */
  GPtrArray            *repository_names; /* the same, NULL at the end */
  json_t               *data;             /* array */
};

G_DEFINE_FINAL_TYPE (AtelierTemplate, atelier_template, G_TYPE_OBJECT)

static const char *const origin_names[ATELIER_TEMPLATE_ORIGIN_N_VALUES] = { "built-in", "own", "folder", "git" };

const char *
atelier_template_origin_to_text (AtelierTemplateOrigin origin)
{
  g_return_val_if_fail (origin < ATELIER_TEMPLATE_ORIGIN_N_VALUES, NULL);

  return origin_names[origin];
}

static void
repository_free (gpointer data)
{
  AtelierTemplateRepository *repository = data;

  g_free (repository->name);
  g_free (repository->folder);
  g_free (repository);
}

static void
atelier_template_finalize (GObject *object)
{
  AtelierTemplate *self = ATELIER_TEMPLATE (object);
  g_autoptr (GError) error = NULL;

  if (self->clone != NULL && !atelier_files_remove_tree (self->clone, &error))
    g_debug ("%s", error->message);
  g_free (self->name);
  g_free (self->title);
  g_free (self->description);
  g_free (self->location);
  g_free (self->problem);
  g_free (self->clone);
  g_array_unref (self->variables);
  g_string_chunk_free (self->strings);
  g_ptr_array_unref (self->repository_names);
  g_ptr_array_unref (self->repositories);
  json_decref (self->data);
  G_OBJECT_CLASS (atelier_template_parent_class)->finalize (object);
}

static void
atelier_template_class_init (AtelierTemplateClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = atelier_template_finalize;
}

static void
atelier_template_init (AtelierTemplate *self)
{
  self->variables = g_array_new (FALSE, TRUE, sizeof (AtelierTemplateVariable));
  self->strings = g_string_chunk_new (256);
  self->repositories = g_ptr_array_new_with_free_func (repository_free);
  self->repository_names = g_ptr_array_new ();
  g_ptr_array_add (self->repository_names, NULL);
  self->data = json_array ();
}

/* Reading */

static gboolean
broken (GError **error, const char *folder, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
broken (GError **error, const char *folder, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE, "“%s/template.json”: %s", folder, text);
  return FALSE;
}

/* Whether @relative stays inside the folder that it is relative to. */
static gboolean
is_inside (const char *relative)
{
  g_auto (GStrv) parts = g_strsplit (relative, "/", -1);

  if (*relative == '\0' || *relative == '/')
    return FALSE;
  return !g_strv_contains ((const char *const *) parts, "..");
}

/* The array @key of @object, which may be missing but not be anything else. */
static gboolean
get_array (const json_t *object, const char *key, const char *folder, json_t **array, GError **error)
{
  json_t *value = json_object_get (object, key);

  if (value != NULL && !json_is_array (value))
    return broken (error, folder, _("“%s” is not a list"), key);
  *array = value;
  return TRUE;
}

static gboolean
add_variable (AtelierTemplate *self, const json_t *object, const char *folder, GError **error)
{
  static const char *const built_in[] = { "project_name", "author", "date", NULL };
  const char *name = atelier_json_get_string (object, "name", "");
  const char *pattern = atelier_json_get_string (object, "pattern", NULL);
  g_autoptr (GError) local_error = NULL;
  AtelierTemplateVariable variable;

  if (!atelier_template_is_variable_name (name))
    return broken (error, folder, _("a variable has the name “%s”; it must be lower-case letters, digits and “_”"),
                   name);
  if (g_strv_contains (built_in, name))
    return broken (error, folder, _("the variable “%s” is built in and must not be declared"), name);
  for (guint i = 0; i < self->variables->len; i++)
    if (g_str_equal (g_array_index (self->variables, AtelierTemplateVariable, i).name, name))
      return broken (error, folder, _("the variable “%s” is declared twice"), name);
  if (pattern != NULL)
    {
      g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, &local_error);

      if (regex == NULL)
        return broken (error, folder, _("the pattern of the variable “%s” is not a regular expression: %s"), name,
                       local_error->message);
    }
  variable.name = g_string_chunk_insert_const (self->strings, name);
  variable.description
      = g_string_chunk_insert_const (self->strings, atelier_json_get_string (object, "description", ""));
  variable.default_value
      = g_string_chunk_insert_const (self->strings, atelier_json_get_string (object, "default", ""));
  variable.pattern = pattern != NULL ? g_string_chunk_insert_const (self->strings, pattern) : NULL;
  g_array_append_val (self->variables, variable);
  return TRUE;
}

static gboolean
add_repository (AtelierTemplate *self, const json_t *object, const char *folder, GError **error)
{
  const char *name = atelier_json_get_string (object, "name", "");
  const char *below = atelier_json_get_string (object, "folder", name);
  g_autofree char *path = g_build_filename (folder, below, NULL);
  g_autoptr (GError) local_error = NULL;
  AtelierTemplateRepository *repository;

  if (!atelier_project_check_name (name, &local_error))
    return broken (error, folder, _("a repository has no usable name. %s"), local_error->message);
  for (guint i = 0; i < self->repositories->len; i++)
    if (g_str_equal (((AtelierTemplateRepository *) g_ptr_array_index (self->repositories, i))->name, name))
      return broken (error, folder, _("the repository “%s” is there twice"), name);
  if (!is_inside (below))
    return broken (error, folder, _("the folder “%s” of the repository “%s” is not inside the template"), below,
                   name);
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    return broken (error, folder, _("the folder “%s” of the repository “%s” is missing"), below, name);
  repository = g_new0 (AtelierTemplateRepository, 1);
  repository->name = g_strdup (name);
  repository->folder = g_steal_pointer (&path);
  g_ptr_array_add (self->repositories, repository);
  g_ptr_array_insert (self->repository_names, self->repositories->len - 1, repository->name);
  return TRUE;
}

static gboolean
add_data (AtelierTemplate *self, const json_t *object, const char *folder, GError **error)
{
  const char *file = atelier_json_get_string (object, "file", "");
  const char *generator = atelier_json_get_string (object, "generator", NULL);
  g_autoptr (GError) local_error = NULL;
  g_autoptr (json_t) entry = NULL;
  json_t *other;
  gsize i;

  if (!atelier_data_check_entry (object, &local_error))
    return broken (error, folder, "%s", local_error->message);
  json_array_foreach (self->data, i, other)
    if (g_str_equal (atelier_json_get_string (other, "file", ""), file))
      return broken (error, folder, _("the data set “%s” is there twice"), file);
  entry = json_deep_copy (object);
  if (generator != NULL)
    {
      g_autofree char *path = g_build_filename (folder, generator, NULL);

      if (!is_inside (generator) || !g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return broken (error, folder, _("the generator “%s” of the data set “%s” is not a file of the template"),
                       generator, file);
      atelier_json_set_string (entry, "generator", path);
    }
  json_array_append (self->data, entry);
  return TRUE;
}

static gboolean read_into (AtelierTemplate *self, const char *folder, AtelierTemplateFindIncluded find_included,
                           guint depth, GError **error);

static gboolean
add_included (AtelierTemplate *self,
              const json_t *name,
              const char *folder,
              AtelierTemplateFindIncluded find_included,
              guint depth,
              GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *included = NULL;

  if (!json_is_string (name))
    return broken (error, folder, _("“includes” holds something that is not the name of a template"));
  if (depth == INCLUDE_DEPTH_MOST)
    return broken (error, folder, _("“%s” includes templates in a circle or too deeply"), json_string_value (name));
  included = find_included (json_string_value (name), folder, &local_error);
  if (included == NULL)
    return broken (error, folder, _("it includes “%s”, which cannot be found"), json_string_value (name));
  return read_into (self, included, find_included, depth + 1, error);
}

/* Adds what FOLDER/template.json declares; its own name and texts are kept at depth 0. */
static gboolean
read_into (AtelierTemplate *self, const char *folder, AtelierTemplateFindIncluded find_included, guint depth,
           GError **error)
{
  g_autofree char *path = g_build_filename (folder, "template.json", NULL);
  g_autoptr (json_t) object = NULL;
  json_t *includes, *variables, *repositories, *data, *item;
  gsize i;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND,
                   _("“%s” is not a template: it has no template.json"), folder);
      return FALSE;
    }
  object = atelier_json_read_file (path, error);
  if (object == NULL)
    return FALSE;
  if (!json_is_object (object))
    return broken (error, folder, _("it does not hold a JSON object"));
  if (depth == 0)
    {
      g_autofree char *base = g_path_get_basename (folder);
      g_autoptr (GError) local_error = NULL;

      self->name = g_strdup (atelier_json_get_string (object, "name", base));
      self->title = g_strdup (atelier_json_get_string (object, "title", ""));
      self->description = g_strdup (atelier_json_get_string (object, "description", ""));
      if (!atelier_project_check_name (self->name, &local_error))
        return broken (error, folder, _("“name” is no usable name. %s"), local_error->message);
      if (*self->title == '\0')
        return broken (error, folder, _("“title” is missing"));
      if (self->origin <= ATELIER_TEMPLATE_ORIGIN_OWN && !g_str_equal (self->name, base))
        return broken (error, folder, _("“name” is “%s”, but the folder's name is “%s”"), self->name, base);
    }
  if (!get_array (object, "includes", folder, &includes, error)
      || !get_array (object, "variables", folder, &variables, error)
      || !get_array (object, "repositories", folder, &repositories, error)
      || !get_array (object, "data", folder, &data, error))
    return FALSE;
  json_array_foreach (includes, i, item)
    if (!add_included (self, item, folder, find_included, depth, error))
      return FALSE;
  json_array_foreach (variables, i, item)
    if (!add_variable (self, item, folder, error))
      return FALSE;
  json_array_foreach (repositories, i, item)
    if (!add_repository (self, item, folder, error))
      return FALSE;
  json_array_foreach (data, i, item)
    if (!add_data (self, item, folder, error))
      return FALSE;
  if (depth == 0 && self->repositories->len == 0)
    return broken (error, folder, _("it has no repositories"));
  return TRUE;
}

AtelierTemplate *
atelier_template_new_from_folder (const char *folder, const char *location, AtelierTemplateOrigin origin,
                                  AtelierTemplateFindIncluded find_included, const char *clone, GError **error)
{
  g_autoptr (AtelierTemplate) self = g_object_new (ATELIER_TYPE_TEMPLATE, NULL);

  self->origin = origin;
  self->location = g_strdup (location);
  self->clone = g_strdup (clone);
  if (!read_into (self, folder, find_included, 0, error))
    return NULL;
  return g_steal_pointer (&self);
}

AtelierTemplate *
atelier_template_new_broken (const char *folder, AtelierTemplateOrigin origin, const char *problem)
{
  AtelierTemplate *self = g_object_new (ATELIER_TYPE_TEMPLATE, NULL);

  self->origin = origin;
  self->location = g_strdup (folder);
  self->name = g_path_get_basename (folder);
  self->title = g_strdup (self->name);
  self->description = g_strdup ("");
  self->problem = g_strdup (problem);
  return self;
}

/* Reading what was read */

const char *
atelier_template_get_name (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->name;
}

const char *
atelier_template_get_title (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->title;
}

const char *
atelier_template_get_description (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->description;
}

AtelierTemplateOrigin
atelier_template_get_origin (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), ATELIER_TEMPLATE_ORIGIN_FOLDER);

  return self->origin;
}

const char *
atelier_template_get_location (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->location;
}

const char *
atelier_template_get_problem (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->problem;
}

const AtelierTemplateVariable *
atelier_template_get_variables (AtelierTemplate *self, gsize *n_variables)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  *n_variables = self->variables->len;
  return (const AtelierTemplateVariable *) self->variables->data;
}

const char *const *
atelier_template_get_repositories (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return (const char *const *) self->repository_names->pdata;
}

const json_t *
atelier_template_get_data (AtelierTemplate *self)
{
  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  return self->data;
}

GPtrArray *
atelier_template_list_files_sync (AtelierTemplate *self, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_template_file_free);

  g_return_val_if_fail (ATELIER_IS_TEMPLATE (self), NULL);

  for (guint i = 0; i < self->repositories->len; i++)
    {
      AtelierTemplateRepository *repository = g_ptr_array_index (self->repositories, i);
      GPtrArray *own = atelier_template_walk (repository->folder, repository->name, error);

      if (own == NULL)
        return NULL;
      g_ptr_array_extend_and_steal (files, own);
    }
  return g_steal_pointer (&files);
}
