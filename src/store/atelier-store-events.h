/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-store.h"
#include "atelier-status.h"
#include "atelier-store-records.h"

G_BEGIN_DECLS

/* Writing: one function a business event, each whole or not at all. Rules for all of them (see atelier-store.h):
 *
 * - Past tense: queued, returns at once; the optional @committed is told after the commit or the failure.
 *   Verb: waits until on disk; FALSE, 0 or NULL with @error.
 * - Structs are the caller's and are copied; a struct filled with zeros means "nothing known". Texts may be NULL.
 * - @who: (nullable): the person, for the audit log; NULL: that of atelier_store_open().
 * - at_us fields and arguments are the time of the event, UTC; 0: now.
 * - In updates: a text that is NULL or a time that is 0 leaves what is on disk, "" and ATELIER_STORE_CLEAR remove it.
 * - Something named that is not there is NOT_FOUND.
 *
 * Audit events are written by the store itself in the same transaction, where this says "Audited". */

#define ATELIER_STORE_CLEAR ((gint64) -1) /* for a time in an update: forget it */

/* --- projects and pipelines --- */

typedef struct
{
  const char *name;
  const char *description;
  const char *template_name;
  const char *settings_json;
  gboolean    is_simulated;
  gint64      created_at_us;
} AtelierNewProject;

/* Audited. Returns: the project's id, from 1; CONFLICT where a project of that name exists */
gint64   atelier_store_create_project (AtelierStore            *self,
                                       const AtelierNewProject *project,
                                       const char              *who,
                                       GError                 **error);
/* The project has other data now. Audited ("project.data": from and to are “real” or “simulated”). */
gboolean atelier_store_change_project_data (AtelierStore *self,
                                            gint64        project_id,
                                            const char   *settings_json,
                                            gboolean      is_simulated,
                                            const char   *who,
                                            GError      **error);
/* @description, @settings_json: NULL leaves it */
gboolean atelier_store_change_project (AtelierStore *self,
                                       gint64        project_id,
                                       const char   *description,
                                       const char   *settings_json,
                                       GError      **error);
/* Audited. CONFLICT where another project has that name */
gboolean atelier_store_rename_project (AtelierStore *self,
                                       gint64        project_id,
                                       const char   *name,
                                       const char   *who,
                                       GError      **error);
/* Audited. The project's facts stay; its name becomes free. */
gboolean atelier_store_delete_project (AtelierStore *self,
                                       gint64        project_id,
                                       const char   *who,
                                       GError      **error);

/* The pipeline @name of @project_id (0: of none), and its version with this definition; both are made when missing. A
 * definition that the pipeline had before keeps its old number.
 * @pipeline_id, @number: (out) (optional)
 * Returns: the id of the version */
gint64   atelier_store_ensure_pipeline_version (AtelierStore *self,
                                                gint64        project_id,
                                                const char   *name,
                                                const char   *definition_digest,
                                                const char   *commit_id,
                                                gint64        at_us,
                                                gint64       *pipeline_id,
                                                int          *number,
                                                GError      **error);

/* --- executions --- */

/* The program that runs an execution. */
typedef struct
{
  gint64      pid; /* 0: nobody */
  guint64     start_ticks;
  const char *boot_id;
} AtelierOwner;

typedef struct
{
  const char            *id;                /* 12 lower-case letters and digits (atelier_text_new_id()) */
  gint64                 project_id;        /* 0: none */
  const char            *pipeline_name;     /* made when missing */
  const char            *definition_digest; /* (nullable): the run fails before it has a definition */
  const char            *display_name;
  AtelierExecutionStatus status;            /* usually Executing; a run that could not begin is made as Failed */
  const char            *trigger;           /* NULL: "manual" */
  const char            *trigger_detail;
  const char            *author;            /* NULL: that of the store */
  const char            *commit_id;
  const char            *commit_subject;
  gboolean               is_dirty;
  const char            *parameters_json;
  const char            *options_json;
  const char            *source_execution_id;
  const char            *experiment;
  const char            *trial;
  const char            *note;
  const char            *failure_reason;
  AtelierOwner           owner;
  gint64                 created_at_us;
} AtelierNewExecution;

typedef struct
{
  const char       *name;
  const char       *type;   /* as written */
  AtelierStepStatus status; /* usually Pending */
  const char       *why;
} AtelierNewStep;

/* The execution with all its steps (in document order), its pipeline and pipeline version. Audited as
 * "execution.started", or as "execution.retried" where there is a source.
 * @number: (out) (optional): of this pipeline, from 1
 * Errors: CONFLICT where the id or a step's name is there twice */
gboolean atelier_store_create_execution (AtelierStore              *self,
                                         const AtelierNewExecution *execution,
                                         const AtelierNewStep      *steps,
                                         gsize                      n_steps,
                                         int                       *number,
                                         GError                   **error);

typedef struct
{
  AtelierExecutionStatus status; /* always given */
  gint64                 started_at_us;
  gint64                 ended_at_us;
  const char            *failure_reason;
  const char            *note;
} AtelierExecutionUpdate;

/* Audited where the status changes to Stopping or to a final one. */
void     atelier_store_execution_changed (AtelierStore                 *self,
                                          const char                   *execution_id,
                                          const AtelierExecutionUpdate *update,
                                          const char                   *who,
                                          AtelierStoreCommitted         committed,
                                          gpointer                      user_data);

/* Makes this program the owner of an execution that has not ended. The caller holds the lock of the run folder.
 * Audited ("execution.resumed"). CONFLICT where the execution has ended. */
gboolean atelier_store_take_execution (AtelierStore       *self,
                                       const char         *execution_id,
                                       const AtelierOwner *owner,
                                       const char         *who,
                                       GError            **error);

/* --- steps and attempts --- */

typedef struct
{
  AtelierStepStatus status; /* always given */
  gint64            started_at_us;
  gint64            ended_at_us;
  const char       *failure_reason;
  const char       *why;
  const char       *waits_for;
  const char       *cached_from;
  const char       *outcome_text; /* of a Condition */
  gboolean          outcome;      /* stored where outcome_text is given */
  const char       *properties_json;
  const char       *cache_key;
  const char       *cache_components_json;
} AtelierStepUpdate;

typedef struct
{
  int               number; /* from 1; becomes the step's attempt_count */
  AtelierStepStatus status; /* Starting or Executing */
  const char       *job_name;
  const char       *runtime;
  const char       *sandbox;
  const char       *environment_digest; /* of atelier_store_environment_seen() before, or NULL */
  gint64            pid;                /* 0: not known yet */
  guint64           start_ticks;
  const char       *boot_id;
  gint64            started_at_us;
} AtelierNewAttempt;

typedef struct
{
  int               number;
  AtelierStepStatus status; /* always given */
  gint64            pid;    /* 0: leaves all three */
  guint64           start_ticks;
  const char       *boot_id;
  const char       *environment_digest;
  gint64            ended_at_us; /* 0: has not ended; then what follows is left as it is */
  int               exit_code;   /* -1: did not exit by itself */
  int               signal;
  gint64            wall_us;
  gint64            cpu_us;
  gint64            peak_memory_bytes;
  gint64            log_bytes;
  const char       *failure_reason;
} AtelierAttemptUpdate;

/* An artifact that an attempt used or produced. The artifact is the pair of URI and digest. */
typedef struct
{
  AtelierLineageDirection direction;
  const char             *role;
  const char             *uri;
  const char             *digest; /* (nullable) */
  gint64                  size_bytes;
} AtelierLineageItem;

void atelier_store_step_changed (AtelierStore            *self,
                                 const char              *execution_id,
                                 const char              *step,
                                 const AtelierStepUpdate *update,
                                 AtelierStoreCommitted    committed,
                                 gpointer                 user_data);
/* Several steps get one status at once, such as a branch that is not taken, or what a failure blocks.
 * @steps: (array length=n_steps): names */
void atelier_store_steps_changed (AtelierStore            *self,
                                  const char              *execution_id,
                                  const char * const      *steps,
                                  gsize                    n_steps,
                                  const AtelierStepUpdate *update,
                                  AtelierStoreCommitted    committed,
                                  gpointer                 user_data);

/* The hot pair. step_started: the step's update and a new attempt; the same number again replaces that attempt (a
 * start that is repeated after a crash). step_ended: the step's update, the end of its attempt, and lineage.
 * @attempt: (nullable) in step_ended: steps that have none (Condition, Cached, …)
 * @lineage: (nullable): of attempt @attempt->number, or 0 without one */
void atelier_store_step_started (AtelierStore            *self,
                                 const char              *execution_id,
                                 const char              *step,
                                 const AtelierStepUpdate *update,
                                 const AtelierNewAttempt *attempt,
                                 AtelierStoreCommitted    committed,
                                 gpointer                 user_data);
void atelier_store_step_ended (AtelierStore               *self,
                               const char                 *execution_id,
                               const char                 *step,
                               const AtelierStepUpdate    *update,
                               const AtelierAttemptUpdate *attempt,
                               const AtelierLineageItem   *lineage,
                               gsize                       n_lineage,
                               AtelierStoreCommitted       committed,
                               gpointer                    user_data);
/* An attempt alone: its process is known, it is Stopping, or it ended and the step goes on with another attempt. */
void atelier_store_attempt_changed (AtelierStore               *self,
                                    const char                 *execution_id,
                                    const char                 *step,
                                    const AtelierAttemptUpdate *attempt,
                                    AtelierStoreCommitted       committed,
                                    gpointer                    user_data);

/* --- steps that only state a fact: exactly once, together with the step's end --- */

typedef struct
{
  const char *name; /* unique in the workspace */
  const char *spec_json;
} AtelierNewModel;

typedef struct
{
  const char           *group_name;        /* made when missing */
  gint64                project_id;        /* of a group that is made; 0: none */
  const char           *group_description; /* of a group that is made */
  AtelierApprovalStatus status;            /* usually PendingManualApproval */
  const char           *execution_id;      /* (nullable) with @step: NULL: registered by hand */
  const char           *step;
  const char           *model_uri;
  const char           *model_digest;
  const char           *spec_json;
  const char           *metrics_json;
  const char           *description;
  gboolean              is_simulated;
  const char           *author; /* NULL: that of the store */
  gint64                created_at_us;
} AtelierNewVersion;

/* AtelierVersionProperties:
 *
 * Properties of a RegisterModel step name the version's number, which is known only inside the transaction. Called on
 * the writer thread, perhaps more than once: it must be quick and depend on its arguments alone.
 *
 * Returns: (transfer full) (nullable): the step's properties as JSON text */
typedef char *(*AtelierVersionProperties) (const char *group_name,
                                           int         number,
                                           gpointer    user_data);

/* The Model step @step of @execution_id has ended and made @model. Done again for the same step it changes
 * nothing. */
gboolean atelier_store_end_step_with_model (AtelierStore             *self,
                                            const char               *execution_id,
                                            const char               *step,
                                            const AtelierStepUpdate  *update,
                                            const AtelierNewModel    *model,
                                            const AtelierLineageItem *lineage,
                                            gsize                     n_lineage,
                                            GError                  **error);

/* Registers @version; where it names an execution and a step, that step ends with @update in the same transaction,
 * and doing it again for the same step gives the number of the first time. Audited ("version.registered").
 * @update: (nullable): of a version registered by hand
 * @properties: (nullable): gives the step's properties, in place of those in @update
 * Returns: the version's number, from 1; 0 on failure */
int      atelier_store_register_version (AtelierStore             *self,
                                         const AtelierNewVersion  *version,
                                         const AtelierStepUpdate  *update,
                                         AtelierVersionProperties  properties,
                                         gpointer                  properties_data,
                                         const AtelierLineageItem *lineage,
                                         gsize                     n_lineage,
                                         GError                  **error);

/* --- registry --- */

/* Audited. CONFLICT where the status is no longer @from. The law of which moves are allowed is registry/'s. */
gboolean atelier_store_change_version_status (AtelierStore         *self,
                                              const char           *group_name,
                                              int                   number,
                                              AtelierApprovalStatus from,
                                              AtelierApprovalStatus to,
                                              const char           *who,
                                              const char           *comment,
                                              gint64                at_us,
                                              GError              **error);
gint64   atelier_store_ensure_model_group (AtelierStore *self,
                                           const char   *name,
                                           gint64        project_id,
                                           const char   *description,
                                           GError      **error);

/* --- tracking --- */

/* Same fields in the same order as AtelierMetric of tracking/, whose arrays can be handed over with a cast. */
typedef struct
{
  const char *name;
  gint64      iteration;
  double      value; /* may be nan or an infinity */
  gint64      at_us;
} AtelierMetricPoint;

typedef struct
{
  AtelierLoggedKind kind;
  const char       *name;
  gint64            iteration;
  const char       *value;
} AtelierLoggedItem;

/* One value an iteration: a second one for the same iteration replaces the first, so a log may be read again after a
 * crash. Cheapest in batches of some thousand. */
void atelier_store_metrics_logged (AtelierStore             *self,
                                   const char               *execution_id,
                                   const char               *step,
                                   int                       attempt,
                                   const AtelierMetricPoint *points,
                                   gsize                     n_points,
                                   AtelierStoreCommitted     committed,
                                   gpointer                  user_data);
void atelier_store_values_logged (AtelierStore            *self,
                                  const char              *execution_id,
                                  const char              *step,
                                  int                      attempt,
                                  const AtelierLoggedItem *items,
                                  gsize                    n_items,
                                  AtelierStoreCommitted    committed,
                                  gpointer                 user_data);

/* --- artifacts, lineage, environments --- */

typedef struct
{
  const char *uri;
  gint64      size_bytes;
  gint64      mtime_ns;
  const char *digest; /* NULL: the object has gone */
} AtelierNewObject;

void atelier_store_objects_seen (AtelierStore           *self,
                                 const AtelierNewObject *objects,
                                 gsize                   n_objects,
                                 AtelierStoreCommitted   committed,
                                 gpointer                user_data);
/* Already known lines are left: reading the same access log again adds nothing. */
void atelier_store_lineage_seen (AtelierStore             *self,
                                 const char               *execution_id,
                                 const char               *step,
                                 int                       attempt,
                                 const AtelierLineageItem *items,
                                 gsize                     n_items,
                                 AtelierStoreCommitted     committed,
                                 gpointer                  user_data);
void atelier_store_environment_seen (AtelierStore         *self,
                                     const char           *digest,
                                     const char           *record_json,
                                     AtelierStoreCommitted committed,
                                     gpointer              user_data);

/* --- requests: how another program asks an execution's owner for something --- */

/* Returns: the request's id; CONFLICT where the execution has ended. Audited ("execution.KIND-requested"). */
gint64 atelier_store_add_request (AtelierStore *self,
                                  const char   *execution_id,
                                  const char   *kind,
                                  const char   *argument_json,
                                  const char   *who,
                                  GError      **error);
void   atelier_store_request_handled (AtelierStore         *self,
                                      gint64                request_id,
                                      AtelierStoreCommitted committed,
                                      gpointer              user_data);

G_END_DECLS
