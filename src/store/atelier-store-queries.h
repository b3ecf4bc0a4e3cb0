/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-store.h"
#include "atelier-store-records.h"

G_BEGIN_DECLS

/* Reading. Each call blocks for one query on a read-only connection of its own; never on the main thread of a window.
 *
 * list: (transfer container) GPtrArray of records that it owns (may be empty); NULL with @error.
 * get, find: (transfer full) one record; NULL with @error, NOT_FOUND where there is none.
 * look_up: (transfer full) (nullable) one record; NULL *without* error where there is none: tell by *error. */

#define ATELIER_STORE_PAGE 100 /* records where a limit is 0 */

/* --- projects and pipelines --- */

GPtrArray             *atelier_store_list_projects (AtelierStore *self,
                                                    gboolean      with_deleted,
                                                    GError      **error); /* by name */
AtelierProjectRecord  *atelier_store_get_project (AtelierStore *self,
                                                  gint64        id,
                                                  GError      **error);
AtelierProjectRecord  *atelier_store_find_project (AtelierStore *self,
                                                   const char   *name,
                                                   GError      **error);
/* @project_id: 0: those of all projects and of none */
GPtrArray             *atelier_store_list_pipelines (AtelierStore *self,
                                                     gint64        project_id,
                                                     GError      **error); /* by name */
AtelierPipelineRecord *atelier_store_look_up_pipeline (AtelierStore *self,
                                                       gint64        project_id,
                                                       const char   *name,
                                                       GError      **error);
GPtrArray             *atelier_store_list_pipeline_versions (AtelierStore *self,
                                                             gint64        pipeline_id,
                                                             GError      **error); /* newest first */

/* --- executions --- */

/* Zeros mean: all, newest first, ATELIER_STORE_PAGE of them. */
typedef struct
{
  gint64      project_id;
  gint64      pipeline_id;
  guint       statuses;        /* bits 1 << AtelierExecutionStatus */
  const char *text;            /* occurs, in whatever case (ASCII), in id, display name, pipeline, commit subject,
                                  author, trigger detail or failure reason */
  gint64      before_sequence; /* go on behind the last record of the page before */
  guint       limit;
} AtelierExecutionQuery;

GPtrArray              *atelier_store_list_executions (AtelierStore                *self,
                                                       const AtelierExecutionQuery *query,
                                                       GError                     **error);
AtelierExecutionRecord *atelier_store_get_execution (AtelierStore *self,
                                                     const char   *id,
                                                     GError      **error);
/* What a person types: an id, the beginning of one id, PIPELINE#NUMBER, PROJECT/PIPELINE#NUMBER, or a PIPELINE's name
 * (its newest). CONFLICT, with the candidates, where it fits several. */
AtelierExecutionRecord *atelier_store_find_execution (AtelierStore *self,
                                                      const char   *text,
                                                      GError      **error);
/* Executing or Stopping, oldest first: at start each is adopted or settled, unless its owner lives. */
GPtrArray              *atelier_store_list_open_executions (AtelierStore *self,
                                                            GError      **error);

/* --- steps --- */

GPtrArray         *atelier_store_list_steps (AtelierStore *self,
                                             const char   *execution_id,
                                             GError      **error); /* by position */
AtelierStepRecord *atelier_store_get_step (AtelierStore *self,
                                           const char   *execution_id,
                                           const char   *step,
                                           GError      **error);
/* @step: (nullable): NULL: of all steps. By step and number. */
GPtrArray         *atelier_store_list_attempts (AtelierStore *self,
                                                const char   *execution_id,
                                                const char   *step,
                                                GError      **error);
/* How many steps of an execution have each status. @counts: array of ATELIER_STEP_STATUS_N_VALUES */
gboolean           atelier_store_count_steps (AtelierStore *self,
                                              const char   *execution_id,
                                              guint        *counts,
                                              GError      **error);

/* The newest step that Succeeded under this key, in the same pipeline and of the same name.
 * @not_before_us: it ended at this time or later; 0: any */
AtelierStepRecord *atelier_store_look_up_cached (AtelierStore *self,
                                                 gint64        pipeline_id,
                                                 const char   *step,
                                                 const char   *cache_key,
                                                 gint64        not_before_us,
                                                 GError      **error);
/* The newest earlier run of a step (with cache components), for "why did it run?".
 * @not_execution_id: (nullable): the run that asks */
AtelierStepRecord *atelier_store_look_up_previous (AtelierStore *self,
                                                   gint64        pipeline_id,
                                                   const char   *step,
                                                   const char   *not_execution_id,
                                                   GError      **error);
/* How long each step of a pipeline took: the median of its successful runs among the last 8 executions.
 * Returns: (transfer full) (element-type utf8 gint64): step name → pointer to µs, both owned by the table */
GHashTable        *atelier_store_list_expected_durations (AtelierStore *self,
                                                          gint64        pipeline_id,
                                                          GError      **error);

/* --- tracking --- */

/* @step: (nullable): NULL: of all steps. @attempt: 0: each step's newest attempt that has metrics. By step and
 * name. */
GPtrArray           *atelier_store_list_metrics (AtelierStore *self,
                                                 const char   *execution_id,
                                                 const char   *step,
                                                 int           attempt,
                                                 GError      **error);
/* The points of one metric.
 * @attempt: 0: the newest that has this metric
 * @after_iteration: only later ones, for a curve that grows; G_MININT64: all
 * @most_points: thin out to about this number, keeping the first, the last and the extremes of each stretch; 0: all
 * Returns: empty where there is no such metric (yet) */
AtelierMetricSeries *atelier_store_get_metric_series (AtelierStore *self,
                                                      const char   *execution_id,
                                                      const char   *step,
                                                      int           attempt,
                                                      const char   *name,
                                                      gint64        after_iteration,
                                                      gsize         most_points,
                                                      GError      **error);
/* @step: (nullable): NULL: of all steps */
GPtrArray           *atelier_store_list_logged (AtelierStore *self,
                                                const char   *execution_id,
                                                const char   *step,
                                                GError      **error);

/* --- artifacts, lineage, environments --- */

AtelierObjectRecord *atelier_store_look_up_object (AtelierStore *self,
                                                   const char   *uri,
                                                   GError      **error);
GPtrArray           *atelier_store_list_objects (AtelierStore *self,
                                                 const char   *prefix,
                                                 GError      **error); /* by URI */
/* @step: (nullable): NULL: of all steps */
GPtrArray           *atelier_store_list_lineage (AtelierStore *self,
                                                 const char   *execution_id,
                                                 const char   *step,
                                                 GError      **error);
/* Every attempt that used or produced an artifact, newest first.
 * @uri, @digest: either may be NULL: any */
GPtrArray           *atelier_store_list_uses (AtelierStore *self,
                                              const char   *uri,
                                              const char   *digest,
                                              GError      **error);
/* (transfer full): the record of an environment, JSON text */
char                *atelier_store_get_environment (AtelierStore *self,
                                                    const char   *digest,
                                                    GError      **error);

/* --- registry --- */

AtelierModelRecord        *atelier_store_get_model (AtelierStore *self,
                                                    const char   *name,
                                                    GError      **error);
/* @project_id: 0: all */
GPtrArray                 *atelier_store_list_model_groups (AtelierStore *self,
                                                            gint64        project_id,
                                                            GError      **error); /* by name */
AtelierModelGroupRecord   *atelier_store_get_model_group (AtelierStore *self,
                                                          const char   *name,
                                                          GError      **error);
/* @group_name: (nullable): NULL: of all groups. @statuses: bits 1 << AtelierApprovalStatus; 0: all */
GPtrArray                 *atelier_store_list_model_versions (AtelierStore *self,
                                                              const char   *group_name,
                                                              guint         statuses,
                                                              GError      **error); /* by group, newest first */
AtelierModelVersionRecord *atelier_store_get_model_version (AtelierStore *self,
                                                            const char   *group_name,
                                                            int           number,
                                                            GError      **error);
/* The versions that an execution registered. */
GPtrArray                 *atelier_store_list_execution_versions (AtelierStore *self,
                                                                  const char   *execution_id,
                                                                  GError      **error);

/* --- audit log, requests --- */

/* @subject: (nullable): only events on it. @before_sequence: 0: from the newest. @limit: 0: ATELIER_STORE_PAGE.
 * Newest first. */
GPtrArray *atelier_store_list_audit_events (AtelierStore *self,
                                            const char   *subject,
                                            gint64        before_sequence,
                                            guint         limit,
                                            GError      **error);
/* Requests still to do, oldest first. @execution_id: (nullable): NULL: of all executions */
GPtrArray *atelier_store_list_requests (AtelierStore *self,
                                        const char   *execution_id,
                                        GError      **error);

G_END_DECLS
