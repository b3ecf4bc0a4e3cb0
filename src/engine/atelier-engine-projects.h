/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-engine.h"

G_BEGIN_DECLS

/* Templates and projects of a workspace. All calls block; any thread. Answers are JSON as in atelier-views.h. */

/* @fraction: 0 to 1, never falling; in the calling thread */
typedef void (*AtelierEngineProgress) (const char *what,
                                       double      fraction,
                                       gpointer    user_data);

typedef struct
{
  const char           *name;
  const char           *template_name; /* name, path or address */
  const char           *description;   /* (nullable) */
  const char           *clones_folder; /* (nullable): NULL: ~/Atelier/NAME */
  const char           *data_file;     /* (nullable) */
  GHashTable           *variables;     /* (nullable) (element-type utf8 utf8) */
  gboolean              offline;
  AtelierEngineProgress progress;      /* (nullable) */
  gpointer              user_data;
} AtelierNewProjectRequest;

json_t  *atelier_engine_list_templates (void);
json_t  *atelier_engine_show_template (const char *name,
                                       GError    **error);
char    *atelier_engine_save_template (AtelierEngine *self,
                                       const char    *project,
                                       const char    *name,
                                       const char    *title,
                                       const char    *description,
                                       GError       **error);
gboolean atelier_engine_delete_template (const char *name,
                                         GError    **error);
/* {"name", "clones": {repository: folder}, "data": [uri], "data_source", "simulated", "note"} */
json_t  *atelier_engine_create_project (AtelierEngine                  *self,
                                        const AtelierNewProjectRequest *request,
                                        GCancellable                   *cancellable,
                                        GError                        **error);
/* Puts another file, which is checked, in the place of the project's data set; a simulated project is real then. */
gboolean atelier_engine_set_project_data (AtelierEngine *self,
                                          const char    *name,
                                          const char    *file,
                                          GError       **error);
/* The project's facts and runs stay; its repositories in the workspace go, working copies elsewhere stay. */
gboolean atelier_engine_delete_project (AtelierEngine *self,
                                        const char    *name,
                                        GError       **error);
gboolean atelier_engine_set_runtime (AtelierEngine *self,
                                     const char    *image,
                                     const char    *runtime,
                                     const char    *interpreter,
                                     GError       **error);

G_END_DECLS
