/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-template.h"

G_BEGIN_DECLS

/* A repository of a template: @name (owned), @folder (owned) absolute. */
typedef struct
{
  char *name;
  char *folder;
} AtelierTemplateRepository;

/* Reads FOLDER/template.json.
 * @find_included: gives the folder of a template that is included by name; NULL with @error
 * @clone: (nullable): a folder that the object owns and removes with itself */
typedef char *(*AtelierTemplateFindIncluded) (const char *name,
                                              const char *beside,
                                              GError    **error);
AtelierTemplate *atelier_template_new_from_folder (const char                 *folder,
                                                   const char                 *location,
                                                   AtelierTemplateOrigin       origin,
                                                   AtelierTemplateFindIncluded find_included,
                                                   const char                 *clone,
                                                   GError                    **error);
/* One that could not be read, for lists. */
AtelierTemplate *atelier_template_new_broken (const char           *folder,
                                              AtelierTemplateOrigin origin,
                                              const char           *problem);

/* Folders of templates. (transfer full) */
char            *atelier_template_dup_built_in_folder (void);
char            *atelier_template_dup_own_folder (void);

/* Regular files below @folder, sorted, without what templates leave out; ATELIER_PROJECT_ERROR_TEMPLATE for a
 * symbolic link. (transfer full) (element-type AtelierTemplateFile) */
GPtrArray       *atelier_template_walk (const char *folder,
                                        const char *repository,
                                        GError    **error);

/* Copies a file: a text has its placeholders filled in, as JSON text in .json and .ipynb; the executable bit is kept.
 * Parents are made. @to must not be there.
 * @values: (element-type utf8 utf8) */
gboolean         atelier_template_expand_file (const char *from,
                                               const char *to,
                                               GHashTable *values,
                                               GError    **error);
/* (transfer full): @text with its placeholders filled in */
char            *atelier_template_expand_text (const char *text,
                                               gsize       length,
                                               GHashTable *values,
                                               gboolean    is_json);

/* The other way: @word becomes the placeholder of @variable where it stands as a word, which is where neither letter
 * nor digit nor underscore is beside it. (transfer full) */
char            *atelier_template_contract_text (const char *text,
                                                 gsize       length,
                                                 const char *word,
                                                 const char *variable);

gboolean         atelier_template_is_text (const char *content,
                                           gsize       length);

/* Lower-case letters, digits and underscores, a letter first. */
gboolean         atelier_template_is_variable_name (const char *name);

G_END_DECLS
