/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan.h"
#include "atelier-run.h"
#include "atelier-scope.h"
#include "atelier-step.h"
#include "atelier-supervisor-client.h"

G_BEGIN_DECLS

/* What the parts of a run share. Written by the thread that is named; read by all after that. */
typedef struct
{
  const AtelierStep      *step;       /* of the definition */
  AtelierSelectionAction  action;
  AtelierStepStatus       status;     /* scheduler at start, then the step's worker */
  gboolean                is_read;    /* another step reads its properties; immutable */
  json_t                 *properties; /* (owned) (nullable) guarded by run->lock; once the step succeeded, if it is read */
  int                     attempts;   /* made so far; the step's worker */
  gint64                  first_start_us; /* of this run's first attempt; for retry policies */
  AtelierJournalEntry    *adopted;    /* (owned) (nullable) an attempt that an earlier owner started */
  guint                   cpus;       /* admitted to it */
  gint64                  memory_bytes;
  gboolean                is_bigger;  /* asks for more than the machine has: runs alone, with what there is */
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
  char                 *project_name;
  char                 *commit_id;
  gboolean              is_dirty;
  gboolean              is_simulated;
  gint64                created_at_us;
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

  /* scheduler thread */
  AtelierPlan          *plan;
  GThread              *scheduler;
  GThreadPool          *workers;

  /* hand-overs */
  GAsyncQueue          *messages;    /* to the scheduler */
  int                   stop_fd;     /* eventfd: readable once the run is to stop or to be left */
  gint                  is_stopping; /* (atomic) how often it was asked to stop: a later one may shorten the grace */
  gint                  grace_ms;    /* (atomic) of the last stop; -1: as the options say */
  gint                  is_leaving;  /* (atomic) */

  GMutex                lock;        /* guards all below and properties of steps */
  GQueue                links;       /* of AtelierSupervisorLink that no worker uses */
  char                 *failure;     /* (nullable) why the execution failed, of the first failed step */
  char                 *store_failure; /* (nullable) the workspace cannot be written any more */
  GHashTable           *environments; /* what decides an environment → its digest, which is on record */
  struct _AtelierDoor  *door;        /* (nullable) */
};

/* What a worker tells the scheduler of its step. */
typedef struct
{
  AtelierPlanOutcome outcome;
  gboolean           branch;
  gboolean           retry;
  gint64             not_before_us;
  gboolean           is_left; /* neither ended nor failed: it goes on without this program */
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

/* values of expressions: atelier-run-scope.c */
typedef struct
{
  AtelierRun *run;
  guint       step;     /* the reader */
  const char *job_name; /* (nullable) */
} AtelierRunScope;
void     atelier_run_scope_init (AtelierScope    *scope,
                                 AtelierRunScope *data);
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
/* Remembers the results of a step for those that read them. @properties: (transfer full) (nullable) */
void               atelier_run_keep_properties (AtelierRun *run,
                                                guint       step,
                                                json_t     *properties);
void               atelier_run_fail_step (AtelierRun        *run,
                                          guint              step,
                                          const GError      *error,
                                          AtelierStepResult *result);

gboolean               atelier_run_is_winding_up (AtelierRun *run);
AtelierSupervisorLink *atelier_run_take_link (AtelierRun *run,
                                              GError    **error);
void                   atelier_run_give_link (AtelierRun            *run,
                                              AtelierSupervisorLink *link);

G_END_DECLS
