/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-project-data.h"

G_BEGIN_DECLS

/* A template: a folder with template.json and one folder a repository. src/projects/README.md has the format.
 * Immutable once loaded, so it may be handed between threads. Calls ending in _sync read the disk. */
#define ATELIER_TYPE_TEMPLATE (atelier_template_get_type ())
G_DECLARE_FINAL_TYPE (AtelierTemplate, atelier_template, ATELIER, TEMPLATE, GObject)

typedef enum
{
  ATELIER_TEMPLATE_ORIGIN_BUILT_IN,
  ATELIER_TEMPLATE_ORIGIN_OWN,    /* in the person's own templates folder */
  ATELIER_TEMPLATE_ORIGIN_FOLDER, /* given by path */
  ATELIER_TEMPLATE_ORIGIN_GIT,    /* cloned from an address; the clone is removed with the object */
} AtelierTemplateOrigin;
#define ATELIER_TEMPLATE_ORIGIN_N_VALUES (ATELIER_TEMPLATE_ORIGIN_GIT + 1)
const char *atelier_template_origin_to_text (AtelierTemplateOrigin origin);

/* AtelierTemplateVariable:
 * @pattern: (nullable): a regular expression that the whole value must match
 * All strings belong to the template. */
typedef struct
{
  const char *name;
  const char *description;
  const char *default_value;
  const char *pattern;
} AtelierTemplateVariable;

/* AtelierTemplateFile: one file that the template will make.
 * @repository: borrowed from the template
 * @relative: (owned): path in the repository, placeholders as they are
 * @path: (owned): where it is now */
typedef struct
{
  const char *repository;
  char       *relative;
  char       *path;
} AtelierTemplateFile;
void atelier_template_file_free (AtelierTemplateFile *file);

/* All templates: built-in ones first, then the person's own, each by title. A template that cannot be read is in the
 * list, too, with its problem.
 * Returns: (transfer full) (element-type AtelierTemplate) */
GPtrArray *atelier_template_list_sync (void);

/* @what: the name of a template, the path of its folder or Git repository, or the address of a Git repository
 * Returns: (transfer full) (nullable): NULL with ATELIER_PROJECT_ERROR_NOT_FOUND (the sentence names what is near),
 *   ATELIER_PROJECT_ERROR_TEMPLATE, or an error of Git */
AtelierTemplate *atelier_template_load_sync (const char   *what,
                                             GCancellable *cancellable,
                                             GError      **error);

const char                    *atelier_template_get_name (AtelierTemplate *self);
const char                    *atelier_template_get_title (AtelierTemplate *self);
const char                    *atelier_template_get_description (AtelierTemplate *self);
AtelierTemplateOrigin          atelier_template_get_origin (AtelierTemplate *self);
const char                    *atelier_template_get_location (AtelierTemplate *self); /* path or address */
const char                    *atelier_template_get_problem (AtelierTemplate *self);  /* (nullable) a sentence */
const AtelierTemplateVariable *atelier_template_get_variables (AtelierTemplate *self,
                                                               gsize           *n_variables);
const char * const            *atelier_template_get_repositories (AtelierTemplate *self); /* names, NULL at the end */
const json_t                  *atelier_template_get_data (AtelierTemplate *self);         /* array of entries */

/* Returns: (transfer full) (element-type AtelierTemplateFile): sorted by repository, then by path in byte order;
 *   caches of Python and notebooks and .git folders are left out */
GPtrArray *atelier_template_list_files_sync (AtelierTemplate *self,
                                             GError         **error);

/* Saves the default branches of a project as one of the person's own templates. Where the project's name stands as a
 * word, in text files and file names, it becomes the placeholder of project_name again.
 * @workspace: the workspace's folder
 * @name: of the new template, same form as a project's
 * @title, @description: (nullable)
 * Returns: (transfer full) (nullable): the new template's folder; nothing is left after a failure */
char *atelier_template_save_sync (const char   *workspace,
                                  const char   *project,
                                  const char   *name,
                                  const char   *title,
                                  const char   *description,
                                  GCancellable *cancellable,
                                  GError      **error);

/* Deletes one of the person's own templates; built-in ones are refused. */
gboolean atelier_template_delete_sync (const char *name,
                                       GError    **error);

G_END_DECLS
