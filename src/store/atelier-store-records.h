/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-status.h"

G_BEGIN_DECLS

/* Snapshots: what a query returns. A record is what was on disk at that moment and never changes; it is counted (ref,
 * unref, from any thread) and owns its texts. Times are 0 and texts NULL where there is nothing. Fields named …_json
 * hold JSON text. */

typedef struct
{
  gint64   id;
  char    *name;
  char    *description;
  char    *template_name;
  char    *settings_json;
  gboolean is_simulated;
  gint64   created_at_us;
  gint64   deleted_at_us; /* 0: not deleted */
} AtelierProjectRecord;

typedef struct
{
  gint64 id;
  gint64 project_id; /* 0: belongs to no project */
  char  *project_name;
  char  *name;
  gint64 n_executions;
  char  *last_execution_id;
  int    last_status;   /* AtelierExecutionStatus; -1: never run */
  gint64 last_at_us;    /* when the last execution was created */
  int    version_number; /* newest pipeline version; 0: none */
} AtelierPipelineRecord;

typedef struct
{
  gint64 id;
  gint64 pipeline_id;
  int    number; /* from 1 */
  char  *definition_digest;
  char  *commit_id;
  gint64 created_at_us;
} AtelierPipelineVersionRecord;

typedef struct
{
  gint64                 sequence; /* order of creation: key of paging */
  char                  *id;
  gint64                 project_id; /* 0: none */
  char                  *project_name;
  gint64                 pipeline_id;
  char                  *pipeline_name;
  int                    number;         /* of this pipeline, from 1 */
  int                    version_number; /* of the pipeline version; 0: the run failed before there was one */
  char                  *definition_digest;
  char                  *display_name;
  AtelierExecutionStatus status;
  char                  *trigger;        /* "manual", "push", "schedule", "retry", … */
  char                  *trigger_detail;
  char                  *author;
  char                  *commit_id;
  char                  *commit_subject;
  gboolean               is_dirty;
  char                  *parameters_json;
  char                  *options_json; /* parallelism, fail mode, selection, … */
  char                  *source_execution_id; /* the run that this one retries or selects from */
  char                  *experiment;
  char                  *trial;
  char                  *note;
  gint64                 owner_pid;
  guint64                owner_start_ticks;
  char                  *owner_boot_id;
  gint64                 created_at_us;
  gint64                 started_at_us;
  gint64                 ended_at_us;
  char                  *failure_reason;
} AtelierExecutionRecord;

typedef struct
{
  gint64            id;
  char             *execution_id;
  int               position; /* in document order, from 0 */
  char             *name;
  char             *type; /* as written: "Processing" */
  AtelierStepStatus status;
  gint64            started_at_us;
  gint64            ended_at_us;
  int               attempt_count;
  char             *failure_reason;
  char             *why;         /* why it ran, or why not */
  char             *waits_for;   /* a person, a resource */
  char             *cached_from; /* execution whose outputs were taken */
  char             *outcome_text; /* of a Condition: "4.93 ≤ 6.0 → True" */
  gboolean          outcome;      /* meaningful where outcome_text is given */
  char             *properties_json;
  char             *cache_key;
  char             *cache_components_json;
} AtelierStepRecord;

typedef struct
{
  char             *execution_id;
  char             *step;
  int               number; /* from 1 */
  AtelierStepStatus status;
  char             *job_name;
  char             *runtime;
  char             *sandbox;
  gint64            pid;
  guint64           start_ticks;
  char             *boot_id;
  char             *environment_digest;
  gint64            started_at_us;
  gint64            ended_at_us;
  int               exit_code; /* -1: did not exit by itself */
  int               signal;    /* 0: none */
  gint64            wall_us;
  gint64            cpu_us;
  gint64            peak_memory_bytes;
  gint64            log_bytes;
  char             *failure_reason;
} AtelierAttemptRecord;

/* A metric of an attempt, without its points. */
typedef struct
{
  char  *execution_id;
  char  *step;
  int    attempt;
  char  *name;
  gint64 last_iteration;
  double last_value; /* of the greatest iteration: FinalMetricDataList */
  gint64 last_at_us;
  double min_value;
  double max_value;
} AtelierMetricRecord;

/* The points of one metric, in order of iteration. */
typedef struct
{
  gsize   n_points; /* in the arrays */
  gsize   n_stored; /* on disk; more than n_points when it was thinned out */
  gint64 *iterations;
  double *values;
  gint64 *at_us;
} AtelierMetricSeries;

/* What a step logged about itself with the tracker, other than metrics. */
typedef enum
{
  ATELIER_LOGGED_PARAM,
  ATELIER_LOGGED_HISTOGRAM,
  ATELIER_LOGGED_ARTIFACT,
  ATELIER_LOGGED_N_KINDS
} AtelierLoggedKind;

const char *atelier_logged_kind_to_text (AtelierLoggedKind kind); /* "param", "histogram", "artifact" */

typedef struct
{
  char             *execution_id;
  char             *step;
  int               attempt;
  AtelierLoggedKind kind;
  char             *name;
  gint64            iteration; /* of a histogram; else 0 */
  char             *value;     /* of a param: its text; else JSON text */
} AtelierLoggedRecord;

/* What is known of a store file: its digest is right as long as size and time of change still match the file. */
typedef struct
{
  char  *uri;
  gint64 size_bytes;
  gint64 mtime_ns;
  char  *digest;
} AtelierObjectRecord;

typedef enum
{
  ATELIER_LINEAGE_USED,
  ATELIER_LINEAGE_PRODUCED,
  ATELIER_LINEAGE_N_DIRECTIONS
} AtelierLineageDirection;

const char *atelier_lineage_direction_to_text (AtelierLineageDirection direction); /* "used", "produced" */

typedef struct
{
  char                   *execution_id;
  char                   *step;
  int                     attempt;
  AtelierLineageDirection direction;
  char                   *role; /* channel, input or output name, "logged", "s3", …; never NULL */
  gint64                  artifact_id;
  char                   *uri;
  char                   *digest; /* NULL: was not known (a folder, a file that had gone) */
  gint64                  size_bytes;
} AtelierLineageRecord;

typedef struct
{
  char  *name;
  char  *execution_id;
  char  *step;
  char  *spec_json;
  gint64 created_at_us;
} AtelierModelRecord;

typedef struct
{
  gint64 id;
  char  *name;
  gint64 project_id; /* 0: none */
  char  *project_name;
  char  *description;
  gint64 created_at_us;
  int    n_versions;
  int    n_pending; /* waiting for approval */
  int    last_number;
} AtelierModelGroupRecord;

typedef struct
{
  gint64                group_id;
  char                 *group_name;
  int                   number; /* from 1 */
  AtelierApprovalStatus status;
  char                 *execution_id;
  char                 *step;
  char                 *model_uri;
  char                 *model_digest;
  char                 *spec_json;
  char                 *metrics_json;
  char                 *description;
  gboolean              is_simulated;
  char                 *author;
  gint64                created_at_us;
} AtelierModelVersionRecord;

typedef struct
{
  gint64 sequence; /* from 1, without gaps */
  gint64 at_us;
  char  *who;
  char  *action;  /* "project.created", "execution.started", "version.status", … */
  char  *subject; /* "project/NAME", "execution/ID", "model/GROUP/NUMBER" */
  char  *from_value;
  char  *to_value;
  char  *comment;
  char  *details_json;
  char  *previous_hash;
  char  *hash;
} AtelierAuditRecord;

typedef struct
{
  gint64 id;
  char  *execution_id;
  char  *kind; /* "stop", … */
  char  *argument_json;
  char  *who;
  gint64 created_at_us;
  gint64 handled_at_us; /* 0: still to do */
} AtelierRequestRecord;

#define ATELIER_DECLARE_RECORD(Type, prefix)      \
  Type *prefix##_ref (Type *self);                \
  void  prefix##_unref (Type *self);              \
  G_DEFINE_AUTOPTR_CLEANUP_FUNC (Type, prefix##_unref)

ATELIER_DECLARE_RECORD (AtelierProjectRecord, atelier_project_record)
ATELIER_DECLARE_RECORD (AtelierPipelineRecord, atelier_pipeline_record)
ATELIER_DECLARE_RECORD (AtelierPipelineVersionRecord, atelier_pipeline_version_record)
ATELIER_DECLARE_RECORD (AtelierExecutionRecord, atelier_execution_record)
ATELIER_DECLARE_RECORD (AtelierStepRecord, atelier_step_record)
ATELIER_DECLARE_RECORD (AtelierAttemptRecord, atelier_attempt_record)
ATELIER_DECLARE_RECORD (AtelierMetricRecord, atelier_metric_record)
ATELIER_DECLARE_RECORD (AtelierMetricSeries, atelier_metric_series)
ATELIER_DECLARE_RECORD (AtelierLoggedRecord, atelier_logged_record)
ATELIER_DECLARE_RECORD (AtelierObjectRecord, atelier_object_record)
ATELIER_DECLARE_RECORD (AtelierLineageRecord, atelier_lineage_record)
ATELIER_DECLARE_RECORD (AtelierModelRecord, atelier_model_record)
ATELIER_DECLARE_RECORD (AtelierModelGroupRecord, atelier_model_group_record)
ATELIER_DECLARE_RECORD (AtelierModelVersionRecord, atelier_model_version_record)
ATELIER_DECLARE_RECORD (AtelierAuditRecord, atelier_audit_record)
ATELIER_DECLARE_RECORD (AtelierRequestRecord, atelier_request_record)

#undef ATELIER_DECLARE_RECORD

G_END_DECLS
