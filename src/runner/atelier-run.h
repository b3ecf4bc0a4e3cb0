/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-artifacts.h"
#include "atelier-definition.h"
#include "atelier-runner-error.h"
#include "atelier-runtime.h"
#include "atelier-scope.h"
#include "atelier-selection.h"
#include "atelier-store.h"
#include "atelier-store-events.h"

G_BEGIN_DECLS

/* AtelierRun: one execution while this program carries it out.
 *
 * The execution's row and its steps are in the store already, and the caller holds the lock RUN_FOLDER/owner. A run has
 * worker threads, each doing all of one step at a time and then asking the plan for the next, and a scheduler thread, which
 * does what no worker brings along. News is told on the store's writer thread, after the commit of what it tells. */
typedef struct _AtelierRun AtelierRun;

/* How an execution is carried out; kept in the store as its options. Zero is the usual choice everywhere. */
typedef struct
{
  guint     parallel;          /* most steps at a time; 0: as many as this machine has processors */
  gboolean  fail_slow;         /* a failure stops only what is downstream of it */
  gboolean  without_cache;     /* take no cached results (they are still made) */
  gboolean  without_sandbox;   /* plain processes */
  char    **network;           /* (nullable) names of steps that may use the network; "*": all */
  gint64    grace_ms;          /* between TERM and KILL; 0: 120 s, as the service */
  gint64    log_limit_bytes;   /* of an attempt; 0: 256 MiB */
} AtelierRunOptions;

json_t   *atelier_run_options_to_json (const AtelierRunOptions *self);
gboolean  atelier_run_options_from_json (AtelierRunOptions *self,
                                         const json_t      *options);
void      atelier_run_options_clear (AtelierRunOptions *self);

/* Everything a run needs; copied or referenced by atelier_run_new(). */
typedef struct
{
  AtelierStore              *store;
  AtelierArtifacts          *artifacts;
  AtelierRuntimeTable       *runtimes;
  AtelierDefinition         *definition;
  const char                *execution_id;
  json_t                    *parameters;        /* {name: value}, all of the definition's */
  const char                *pipeline_name;
  gint64                     pipeline_id;
  gint64                     project_id;        /* 0: none */
  const char                *commit_id;         /* (nullable) */
  gboolean                   is_dirty;
  gboolean                   is_simulated;
  gint64                     created_at_us;
  gint64                     started_at_us;     /* 0: it begins now */
  AtelierRunOptions          options;
  const AtelierSelectionAction *actions;        /* (nullable): one a step; NULL: run all */
  const char                *source_execution_id; /* (nullable): of what is reused */
} AtelierRunRequest;

typedef enum
{
  ATELIER_RUN_NEWS_STEP,      /* a step's status changed */
  ATELIER_RUN_NEWS_METRIC,    /* newest metric of a step; some are left out when they come fast */
  ATELIER_RUN_NEWS_NOTE,      /* a sentence on the whole run, such as that there is no sandbox */
  ATELIER_RUN_NEWS_EXECUTION, /* the execution's status changed */
  ATELIER_RUN_NEWS_ENDED,     /* nothing of it is left in this program; the last news */
} AtelierRunNewsKind;

/* Immutable. Texts are NULL where there is nothing to say. */
typedef struct
{
  AtelierRunNewsKind     kind;
  char                  *execution_id;
  guint                  step;        /* index in the definition */
  AtelierStepStatus      step_status;
  int                    attempt;
  gint64                 duration_us; /* of a step that ended */
  AtelierExecutionStatus status;
  char                  *text;        /* reason, outcome of a condition, metric, note */
  char                  *why;
} AtelierRunNews;

void        atelier_run_news_free (AtelierRunNews *news);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierRunNews, atelier_run_news_free)

/* @news: (transfer full). Called on threads of the store or the run: hand it on. */
typedef void (*AtelierRunListener) (AtelierRunNews *news,
                                    gpointer        user_data);

/* What is known of an execution before its first step: what parameters and variables of it give. Borrowed. */
typedef struct
{
  AtelierDefinition *definition;
  json_t            *parameters;     /* {name: value} */
  const char        *pipeline_name;
  const char        *execution_id;
  gint64             created_at_us;
  gint64             now_us;         /* what CurrentDateTime gives; 0: that is not known yet */
  const char        *job_variable;   /* (nullable): "TrainingJobName" or "ProcessingJobName", which gives job_name */
  const char        *job_name;       /* (nullable) */
  gboolean           has_read_clock; /* (out): CurrentDateTime was asked for */
} AtelierRunFacts;

/* A scope that knows parameters, variables and labels, and no step. @facts: lives as long as @scope is used */
void        atelier_run_facts_init_scope (AtelierRunFacts *facts,
                                          AtelierScope    *scope);

char       *atelier_run_folder (const char *workspace,
                                const char *execution_id);
GPtrArray  *atelier_run_check (AtelierRunFacts              *facts,
                               AtelierRuntimeTable          *runtimes,
                               AtelierArtifacts             *artifacts,
                               const AtelierSelectionAction *actions);
AtelierRun *atelier_run_new (const AtelierRunRequest *request,
                             AtelierRunListener       listener,
                             gpointer                 user_data,
                             GError                 **error);
void        atelier_run_start (AtelierRun *self);
void        atelier_run_stop (AtelierRun *self,
                              int         grace_ms);
void        atelier_run_leave (AtelierRun *self);
void        atelier_run_free (AtelierRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierRun, atelier_run_free)

G_END_DECLS
