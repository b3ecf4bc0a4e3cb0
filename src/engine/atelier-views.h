/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-engine.h"

G_BEGIN_DECLS

/* Reading: each call gives one JSON value that says all there is, in the words of the screen; the command line prints it as it
 * is (--json) or as a table. Times are ISO 8601 in UTC, durations and sizes numbers with their unit in the key, absent things
 * null. (transfer full) (nullable): NULL with a sentence. Blocks; any thread. */

typedef struct
{
  const char *project;  /* (nullable) */
  const char *pipeline; /* (nullable) */
  const char *status;   /* (nullable): a word of the execution status */
  const char *text;     /* (nullable): occurs in id, name, commit subject, … */
  guint       limit;    /* 0: 100 */
} AtelierExecutionFilter;

json_t *atelier_view_executions (AtelierEngine                *engine,
                                 const AtelierExecutionFilter *filter,
                                 GError                      **error);
/* @execution: an id, the beginning of one, PIPELINE#NUMBER, or a pipeline's name (its newest) */
json_t *atelier_view_execution (AtelierEngine *engine,
                                const char    *execution,
                                GError       **error);
json_t *atelier_view_step (AtelierEngine *engine,
                           const char    *execution,
                           const char    *step,
                           GError       **error);
json_t *atelier_view_projects (AtelierEngine *engine,
                               GError       **error);
json_t *atelier_view_pipelines (AtelierEngine *engine,
                                GError       **error);
json_t *atelier_view_models (AtelierEngine *engine,
                             const char    *group,
                             GError       **error);
json_t *atelier_view_metrics (AtelierEngine *engine,
                              const char    *execution,
                              const char    *step,
                              GError       **error);
json_t *atelier_view_audit (AtelierEngine *engine,
                            guint          limit,
                            GError       **error);
json_t *atelier_view_runtimes (AtelierEngine *engine,
                               GError       **error);
/* {"problems": [sentence, …], "audit_events": n, "artifacts": n}: the proof that the workspace is whole, stored artifacts included */
json_t *atelier_view_verification (AtelierEngine *engine,
                                   GError       **error);

/* (transfer full) (nullable): the log of a step's attempt. @attempt: 0: the newest. @is_over: (out): nothing more will come */
char   *atelier_engine_log_path (AtelierEngine *engine,
                                 const char    *execution,
                                 const char    *step,
                                 int            attempt,
                                 gboolean      *is_over,
                                 GError       **error);

G_END_DECLS
