/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-engine-projects.h"

#include "atelier-engine-private.h"
#include "atelier-files.h"
#include "atelier-project.h"
#include "atelier-runtime.h"
#include "atelier-template.h"

static json_t *
text_or_null (const char *text)
{
  return text != NULL ? json_string (text) : json_null ();
}

static json_t *
template_json (AtelierTemplate *template_)
{
  json_t *object = json_object ();
  json_t *list = json_array ();
  const char *const *repositories = atelier_template_get_repositories (template_);

  json_object_set_new (object, "name", text_or_null (atelier_template_get_name (template_)));
  json_object_set_new (object, "title", text_or_null (atelier_template_get_title (template_)));
  json_object_set_new (object, "description", text_or_null (atelier_template_get_description (template_)));
  json_object_set_new (object, "origin", json_string (atelier_template_origin_to_text (atelier_template_get_origin (template_))));
  json_object_set_new (object, "location", text_or_null (atelier_template_get_location (template_)));
  json_object_set_new (object, "problem", text_or_null (atelier_template_get_problem (template_)));
  for (gsize i = 0; repositories != NULL && repositories[i] != NULL; i++)
    json_array_append_new (list, json_string (repositories[i]));
  json_object_set_new (object, "repositories", list);
  return object;
}

json_t *
atelier_engine_list_templates (void)
{
  g_autoptr (GPtrArray) templates = atelier_template_list_sync ();
  json_t *list = json_array ();

  for (guint i = 0; i < templates->len; i++)
    json_array_append_new (list, template_json (g_ptr_array_index (templates, i)));
  return list;
}

json_t *
atelier_engine_show_template (const char *name, GError **error)
{
  g_autoptr (AtelierTemplate) template_ = atelier_template_load_sync (name, NULL, error);
  g_autoptr (GPtrArray) files = template_ != NULL ? atelier_template_list_files_sync (template_, error) : NULL;
  const AtelierTemplateVariable *variables;
  json_t *object, *list;
  gsize n;

  if (files == NULL)
    return NULL;
  object = template_json (template_);
  list = json_array ();
  for (guint i = 0; i < files->len; i++)
    {
      const AtelierTemplateFile *file = g_ptr_array_index (files, i);

      json_array_append_new (list, json_pack ("{s:s, s:s}", "repository", file->repository, "path", file->relative));
    }
  json_object_set_new (object, "files", list);
  list = json_array ();
  variables = atelier_template_get_variables (template_, &n);
  for (gsize i = 0; i < n; i++)
    {
      json_t *variable = json_object ();

      json_object_set_new (variable, "name", text_or_null (variables[i].name));
      json_object_set_new (variable, "description", text_or_null (variables[i].description));
      json_object_set_new (variable, "default", text_or_null (variables[i].default_value));
      json_object_set_new (variable, "pattern", text_or_null (variables[i].pattern));
      json_array_append_new (list, variable);
    }
  json_object_set_new (object, "variables", list);
  return object;
}

/* Returns: (transfer full) (nullable): the template's folder */
char *
atelier_engine_save_template (AtelierEngine *self, const char *project, const char *name, const char *title, const char *description, GError **error)
{
  return atelier_template_save_sync (self->workspace, project, name, title, description, NULL, error);
}

gboolean
atelier_engine_delete_template (const char *name, GError **error)
{
  return atelier_template_delete_sync (name, error);
}

json_t *
atelier_engine_create_project (AtelierEngine *self, const AtelierNewProjectRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (AtelierTemplate) template_ = atelier_template_load_sync (request->template_name, cancellable, error);
  g_autoptr (AtelierProjectMade) made = NULL;
  json_t *object, *clones, *data;

  if (template_ == NULL)
    return NULL;
  made = atelier_project_create_sync (self->store,
                                      &(AtelierProjectRequest) {
                                          .name = request->name,
                                          .template_ = template_,
                                          .description = request->description,
                                          .clones_folder = request->clones_folder,
                                          .variables = request->variables,
                                          .data_file = request->data_file,
                                          .offline = request->offline,
                                          .progress = request->progress,
                                          .user_data = request->user_data,
                                      },
                                      cancellable, error);
  if (made == NULL)
    return NULL;
  clones = json_object ();
  for (gsize i = 0; made->repositories[i] != NULL; i++)
    json_object_set_new (clones, made->repositories[i], json_string (made->clones[i]));
  data = json_array ();
  for (gsize i = 0; made->data_uris != NULL && made->data_uris[i] != NULL; i++)
    json_array_append_new (data, json_string (made->data_uris[i]));
  object = json_pack ("{s:s, s:o, s:o, s:s, s:b}", "name", request->name, "clones", clones, "data", data, "data_source",
                      atelier_data_source_to_text (made->data_source), "simulated", made->data_source == ATELIER_DATA_SOURCE_GENERATED);
  json_object_set_new (object, "note", text_or_null (made->note));
  return object;
}

gboolean
atelier_engine_set_project_data (AtelierEngine *self, const char *name, const char *file, GError **error)
{
  g_autoptr (AtelierProjectRecord) project = atelier_store_find_project (self->store, name, error);

  return project != NULL && atelier_project_set_data_sync (self->store, project, file, NULL, error);
}

gboolean
atelier_engine_delete_project (AtelierEngine *self, const char *name, GError **error)
{
  g_autoptr (AtelierProjectRecord) project = atelier_store_find_project (self->store, name, error);
  g_autofree char *folder = NULL;

  if (project == NULL || !atelier_store_delete_project (self->store, project->id, NULL, error))
    return FALSE;
  folder = g_build_filename (self->workspace, "projects", project->name, NULL);
  return atelier_files_remove_tree (folder, error);
}

gboolean
atelier_engine_set_runtime (AtelierEngine *self, const char *image, const char *runtime, const char *interpreter, GError **error)
{
  return atelier_runtime_table_set_row (self->workspace, image, runtime, interpreter, error);
}
