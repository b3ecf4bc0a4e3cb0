/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

G_BEGIN_DECLS

/* Runtimes: what an ImageUri of a definition becomes on this machine.
 *
 * The table is a list of rows, first match first: those of the person (WORKSPACE/runtimes.json, or "atelier runtime
 * set"), then the built-in ones. A row's "image" is a pattern with * and ? over the whole ImageUri.
 *
 *   [{"image": "*sagemaker-scikit-learn*", "runtime": "python", "interpreter": "/opt/venv/bin/python"}]
 *
 * runtime is "python" (an interpreter of this machine; "interpreter" absent: the first one that has all "modules") or
 * "xgboost" (the built-in algorithm). Immutable once loaded, any thread. */
typedef enum
{
  ATELIER_RUNTIME_PYTHON,
  ATELIER_RUNTIME_XGBOOST,
  ATELIER_RUNTIME_N_KINDS
} AtelierRuntimeKind;

typedef struct
{
  AtelierRuntimeKind kind;
  char              *program;    /* interpreter, or the built-in algorithm; absolute */
  json_t            *record;     /* what it is: "program", "version", "packages", "prefixes" */
  char              *digest;     /* of what decides its results: version and packages, not the path */
} AtelierRuntime;

typedef struct _AtelierRuntimeTable AtelierRuntimeTable;

AtelierRuntimeTable  *atelier_runtime_table_load (const char *workspace,
                                                  GError    **error);
AtelierRuntimeTable  *atelier_runtime_table_ref (AtelierRuntimeTable *self);
void                  atelier_runtime_table_unref (AtelierRuntimeTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierRuntimeTable, atelier_runtime_table_unref)

const AtelierRuntime *atelier_runtime_table_find (AtelierRuntimeTable *self,
                                                  const char          *image,
                                                  gboolean             is_built_in,
                                                  GError             **error);
json_t               *atelier_runtime_table_to_json (AtelierRuntimeTable *self);
gboolean              atelier_runtime_table_set_row (const char *workspace,
                                                     const char *image,
                                                     const char *runtime,
                                                     const char *interpreter,
                                                     GError    **error);

G_END_DECLS
