/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan.h"
#include "atelier-run.h"
#include "atelier-scope.h"
#include "atelier-step.h"
#include "atelier-supervisor-client.h"

G_BEGIN_DECLS

#define ATELIER_LOCAL_ARN "arn:aws:sagemaker:local:000000000000:"
#define ATELIER_REASON_CHARACTERS 1024 /* of a step's failure reason, as in the service */

/* What the parts of a run share of one step. Written when the run is taken up, then by the thread that is named; a step goes from
 * the plan to a worker and back under plan_lock. */
typedef struct
{
  const AtelierStep      *step;       /* of the definition */
  AtelierSelectionAction  action;
  AtelierStepStatus       status;     /* on disk when the run was taken up; immutable from then on */
  gboolean                is_read;    /* another step reads its properties; immutable */
  json_t                 *properties; /* (owned) (nullable) guarded by run->lock; once the step succeeded, if it is read */
  gboolean                outcome;    /* of a Condition that was decided before, here or in the source; immutable */
  char                   *outcome_text;   /* (owned) (nullable) */
  char                   *reused_from;    /* (owned) (nullable) of a step that is reused: the execution that really ran it */
  int                     attempts;       /* the number of its newest attempt; the step's worker */
  int                     attempts_before; /* those of them that retry policies do not count any more; immutable */
  gint64                  first_start_us; /* of the attempts that they count; the step's worker */
  AtelierJournalEntry    *adopted;        /* (owned) (nullable) an attempt that an earlier owner started */
  gboolean                adopted_is_recorded; /* and which the store knows; immutable */
  gboolean                is_shown;       /* on disk as Waiting or Starting, though it has not begun; plan_lock, then its worker */
  guint                   cpus;           /* admitted to it; immutable */
  gint64                  memory_bytes;
} AtelierRunStep;

struct _AtelierRun
{
  /* immutable after atelier_run_new */
  AtelierStore         *store;
  AtelierArtifacts     *artifacts;
  AtelierRuntimeTable  *runtimes;
  AtelierDefinition    *definition;
  char                 *execution_id;
  json_t               *parameters;
  char                 *pipeline_name;
  gint64                pipeline_id;
  gint64                project_id;
  char                 *commit_id;
  gboolean              is_dirty;
  gboolean              is_simulated;
  gint64                created_at_us;
  gint64                started_at_us;   /* 0: it has not begun before */
  AtelierRunOptions     options;
  char                 *source_execution_id;
  char                 *run_folder;
  gboolean              has_sandbox;
  AtelierRunListener    listener;
  gpointer              listener_data;
  guint                 n_steps;
  AtelierRunStep       *steps;
  AtelierPlanLimits     limits;
  AtelierSupervisor    *supervisor;
  struct _AtelierDoor  *door;
  GCancellable         *cancellable; /* of staging: cancelled once the run is to stop or to be left */

  GThread              *scheduler;
  GThreadPool          *workers;

  GMutex                plan_lock;   /* guards what follows */
  AtelierPlan          *plan;
  GHashTable           *waits;       /* step → what is on disk of what it waits for */
  gboolean              has_begun_to_stop;
  gint64                wake_us;     /* until when the scheduler sleeps */

  /* hand-overs */
  GAsyncQueue          *calls;       /* of the run itself: the scheduler has a turn to take */
  int                   stop_fd;     /* eventfd: readable once the run is to stop or to be left */
  gint                  is_stopping; /* (atomic) how often it was asked to stop: a later one may shorten the grace */
  gint                  grace_ms;    /* (atomic) of the last stop; -1: as the options say */
  gint                  is_leaving;  /* (atomic) */

  GMutex                lock;        /* guards all below and properties of steps */
  GQueue                links;       /* of AtelierSupervisorLink that no worker uses */
  char                 *failure;     /* (nullable) why the execution failed, of the first failed step */
  char                 *store_failure; /* (nullable) the workspace cannot be written any more */
  GHashTable           *environments; /* what decides an environment → its digest, which is on record */
};

/* What a worker reports of its step. */
typedef struct
{
  AtelierPlanOutcome outcome;
  gboolean           branch;
  gboolean           retry;         /* its attempt is over, and on disk it waits for the next one */
  gint64             not_before_us;
  gboolean           is_left;       /* neither ended nor failed: it goes on without this program */
  gboolean           is_untouched;  /* it has not begun: what is on disk says Pending still, or will again */
} AtelierStepResult;

/* A kind of step that can be carried out. New kinds are a new row in atelier-step-kinds.c. */
typedef struct
{
  AtelierStepType type;
  gboolean        is_fact; /* runs no code: holds no processor */
  void          (*execute) (AtelierRun        *run,
                            guint              step,
                            AtelierStepResult *result);
} AtelierStepKind;

const AtelierStepKind *atelier_step_kind_find (AtelierStepType type);

/* execute functions */
void     atelier_job_execute (AtelierRun        *run,
                              guint              step,
                              AtelierStepResult *result);
void     atelier_condition_step_execute (AtelierRun        *run,
                                         guint              step,
                                         AtelierStepResult *result);
void     atelier_fail_step_execute (AtelierRun        *run,
                                    guint              step,
                                    AtelierStepResult *result);
void     atelier_model_step_execute (AtelierRun        *run,
                                     guint              step,
                                     AtelierStepResult *result);
void     atelier_register_step_execute (AtelierRun        *run,
                                        guint              step,
                                        AtelierStepResult *result);

/* taking up what is on disk: atelier-run-restore.c */
gboolean atelier_run_restore (AtelierRun *run,
                              GError    **error);
/* Writes down the steps that do not run in this execution but are reused or left out. Scheduler. */
void     atelier_run_record_unrun (AtelierRun *run);

/* values of expressions: atelier-run-scope.c */
typedef struct
{
  AtelierRunFacts facts; /* first: the functions of facts read it, too */
  AtelierRun     *run;
} AtelierRunScope;
/* @job_name: (nullable): of the job that the step is about to make. @data: lives as long as @scope is used */
void     atelier_run_scope_init (AtelierScope    *scope,
                                 AtelierRunScope *data,
                                 AtelierRun      *run,
                                 guint            step,
                                 const char      *job_name);
char    *atelier_run_job_name (AtelierRun *run,
                               guint       step,
                               const char *base,
                               int         attempt);

/* telling: atelier-run-news.c */
AtelierRunNews *atelier_run_news_new (AtelierRun         *run,
                                      AtelierRunNewsKind  kind);
AtelierRunNews *atelier_run_step_news (AtelierRun        *run,
                                       guint              step,
                                       AtelierStepStatus  status,
                                       const char        *text);
void            atelier_run_tell (AtelierRun     *run,
                                  AtelierRunNews *news);
/* An AtelierStoreCommitted: tells the news, or that the store failed. @data: atelier_run_pending_new() */
typedef struct _AtelierRunPending AtelierRunPending;
AtelierRunPending *atelier_run_pending_new (AtelierRun     *run,
                                            AtelierRunNews *news);
AtelierRunPending *atelier_run_pending_new_many (AtelierRun *run,
                                                 GPtrArray  *news);
void               atelier_run_committed (gpointer      data,
                                          const GError *error);
void               atelier_run_store_failed (AtelierRun *run,
                                             const char *sentence);
/* Queues one change of a step's row, and its news for after the commit. @text: (nullable): of the news */
void               atelier_run_change_step (AtelierRun              *run,
                                            guint                    step,
                                            const AtelierStepUpdate *update,
                                            const char              *text);
/* The step is about to begin: what it waited for is no more. Its worker. */
void               atelier_run_show_starting (AtelierRun *run,
                                              guint       step);
/* Remembers the results of a step for those that read them. @properties: (transfer full) (nullable) */
void               atelier_run_keep_properties (AtelierRun *run,
                                                guint       step,
                                                json_t     *properties);
void               atelier_run_keep_failure (AtelierRun *run,
                                             guint       step,
                                             const char *reason);
void               atelier_run_fail_step (AtelierRun        *run,
                                          guint              step,
                                          const GError      *error,
                                          AtelierStepResult *result);

gboolean               atelier_run_is_stopping (AtelierRun *run);
gboolean               atelier_run_is_winding_up (AtelierRun *run);
AtelierSupervisorLink *atelier_run_take_link (AtelierRun *run,
                                              GError    **error);
void                   atelier_run_give_link (AtelierRun            *run,
                                              AtelierSupervisorLink *link);
/* The supervisor has died, and with it all connections to it and its services. */
void                   atelier_run_drop_links (AtelierRun *run);

G_END_DECLS
