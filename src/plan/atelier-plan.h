/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-definition.h"

G_BEGIN_DECLS

/* AtelierPlan: which step of an execution may start now, and what the end of a step means for the others.
 *
 *   while (atelier_plan_more_to_do (plan))
 *     {
 *       while ((step = atelier_plan_next_ready (plan, now_us)) >= 0)
 *         {
 *           atelier_plan_started (plan, step);
 *           … hand it to a worker …
 *         }
 *       … wait until a worker ends, or until atelier_plan_get_next_wake_us () …
 *       atelier_plan_finished (plan, step, outcome, branch);
 *       while ((step = atelier_plan_next_settled (plan)) >= 0)
 *         … record that it is skipped …
 *     }
 *
 * A plain object without thread, clock or disk; used by one thread at a time. Steps are indices 0 … n-1. Each event
 * costs O(log n) and the edges it settles. */

#define ATELIER_PLAN_ERROR (atelier_plan_error_quark ())
typedef enum
{
  ATELIER_PLAN_ERROR_CYCLE,     /* steps wait for each other */
  ATELIER_PLAN_ERROR_SELECTION, /* the chosen steps cannot be run as they are */
} AtelierPlanError;
GQuark atelier_plan_error_quark (void);

typedef enum
{
  ATELIER_PLAN_PENDING,   /* an upstream step has not finished */
  ATELIER_PLAN_READY,     /* could start; waits for its turn, a slot, processors or memory */
  ATELIER_PLAN_DELAYED,   /* waits for the time of its next attempt */
  ATELIER_PLAN_RUNNING,
  ATELIER_PLAN_SUCCEEDED,
  ATELIER_PLAN_CACHED,
  ATELIER_PLAN_FAILED,
  ATELIER_PLAN_STOPPED,
  ATELIER_PLAN_SKIPPED,   /* in a branch that was not taken, or downstream of such a step */
  ATELIER_PLAN_BLOCKED,   /* downstream of a step that failed or was stopped: never starts in this run */
  ATELIER_PLAN_N_STATES
} AtelierPlanState;

/* One step as the plan needs to know it. Zero is a sensible value of every field but name. */
typedef struct
{
  const char      *name;           /* for sentences; copied */
  double           weight;         /* expected duration in seconds; 0: unknown, counts as one second */
  guint            cpus;           /* processors it asks for */
  gint64           memory_bytes;
  gboolean         takes_no_slot;  /* holds no slot, processor or memory while it runs: Callback, Approval, facts */
  gboolean         ends_execution; /* Fail: its failure ends the run even where failures are slow */

  /* What is known from before: PENDING for a new run. For resuming, SUCCEEDED, CACHED and SKIPPED are kept, RUNNING
   * is an attempt that still runs; anything else starts again. To go on winding up after a failure instead, give the
   * failed step as RUNNING and finish it as FAILED at once. */
  AtelierPlanState state;
  gboolean         branch;         /* of a Condition that has finished: its outcome */
} AtelierPlanStep;

typedef struct
{
  guint    parallel;     /* most steps at a time; 0: no limit */
  guint    cpus;         /* of the machine; 0: no limit */
  gint64   memory_bytes; /* 0: no limit */
  gboolean fail_slow;    /* a failure stops only what is downstream of it; FALSE: after the first no step starts */
} AtelierPlanLimits;

typedef enum
{
  ATELIER_PLAN_OUTCOME_SUCCEEDED,
  ATELIER_PLAN_OUTCOME_CACHED,
  ATELIER_PLAN_OUTCOME_FAILED,
  ATELIER_PLAN_OUTCOME_STOPPED,
} AtelierPlanOutcome;

typedef enum
{
  ATELIER_PLAN_WAIT_NOTHING,  /* it runs, has ended, or could start at once */
  ATELIER_PLAN_WAIT_UPSTREAM, /* for the end of step “upstream” */
  ATELIER_PLAN_WAIT_SLOT,     /* parallel steps */
  ATELIER_PLAN_WAIT_CPUS,     /* “need” of “have” processors free */
  ATELIER_PLAN_WAIT_MEMORY,   /* “need” of “have” bytes free */
  ATELIER_PLAN_WAIT_MACHINE,  /* “upstream” asks for more than the machine has and runs alone: it is the step itself,
                               * which must wait for that, or the one that does so now */
  ATELIER_PLAN_WAIT_TURN,     /* step “upstream” has a longer way to go and was passed often enough: it goes first */
  ATELIER_PLAN_WAIT_RETRY,    /* until “until_us” */
  ATELIER_PLAN_WAIT_FOREVER,  /* it will not start in this run: blocked, or no step starts any more */
} AtelierPlanWaitKind;

typedef struct
{
  AtelierPlanWaitKind kind;
  guint               upstream;
  gint64              need;
  gint64              have;
  gint64              until_us;
} AtelierPlanWait;

typedef struct _AtelierPlan AtelierPlan;

/* atelier_plan_new:
 * @steps: @n_steps descriptions in document order; copied
 * @edges: (nullable): in any order; what atelier_definition_get_edges() gives. A BRANCH edge says which Condition
 *   holds the step and for which outcome. Repeated edges do no harm
 * @limits: copied
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_PLAN_ERROR_CYCLE, naming the steps of a cycle */
AtelierPlan     *atelier_plan_new (const AtelierPlanStep   *steps,
                                   guint                    n_steps,
                                   const AtelierEdge       *edges,
                                   guint                    n_edges,
                                   const AtelierPlanLimits *limits,
                                   GError                 **error);
void             atelier_plan_free (AtelierPlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierPlan, atelier_plan_free)

/* The step to start next, or -1 when none may start now: of those ready and admitted the one with the longest way to
 * go (by weights, itself included), then the first in the document. A smaller step may pass one that waits for
 * processors or memory, but only a few times. The same step is given until atelier_plan_started() or another
 * event. */
int              atelier_plan_next_ready (AtelierPlan *self,
                                          gint64       now_us);
/* @step must be what next_ready just gave. */
void             atelier_plan_started (AtelierPlan *self,
                                       guint        step);

/* A running step has ended. @branch: of a Condition that succeeded, its outcome. */
void             atelier_plan_finished (AtelierPlan       *self,
                                        guint              step,
                                        AtelierPlanOutcome outcome,
                                        gboolean           branch);
/* A running step's attempt has failed, and it is to be tried again. FALSE, and nothing is changed, when the run is
 * being wound up (stopped or failed): the step must then be finished instead. */
gboolean         atelier_plan_retry (AtelierPlan *self,
                                     guint        step,
                                     gint64       not_before_us);

/* No further step starts; the running ones are the caller's to stop and must be finished as ever. */
void             atelier_plan_stop (AtelierPlan *self);

/* Takes the next step, in document order within one event, that the plan itself has settled since last asked:
 * SKIPPED, or STOPPED for a step that waited for its next attempt when the run was wound up (FAILED where a failure
 * did that). Also filled by atelier_plan_new() where a restored plan knows more than was recorded. -1: none. */
int              atelier_plan_next_settled (AtelierPlan *self);

/* Whether something runs, or will. */
gboolean         atelier_plan_more_to_do (const AtelierPlan *self);
/* Whether no further step starts, because of a failure or a stop. */
gboolean         atelier_plan_is_winding_up (const AtelierPlan *self);
/* When the next delayed step may start; G_MAXINT64 when none waits for its time. */
gint64           atelier_plan_get_next_wake_us (const AtelierPlan *self);

guint            atelier_plan_get_n_steps (const AtelierPlan *self);
AtelierPlanState atelier_plan_get_state (const AtelierPlan *self,
                                         guint              step);
gboolean         atelier_plan_is_running (const AtelierPlan *self,
                                          guint              step);
guint            atelier_plan_count (const AtelierPlan *self,
                                     AtelierPlanState   state);
/* The way to go from the start of @step to the end of the run, in seconds of weight. */
double           atelier_plan_get_remaining (const AtelierPlan *self,
                                             guint              step);

/* How the execution stands: SUCCEEDED, FAILED or STOPPED once there is nothing more to do, else RUNNING. It failed if
 * a step failed before the stop, is stopped if it was stopped before all was done, else succeeded. */
AtelierPlanState atelier_plan_get_outcome (const AtelierPlan *self);
/* The first step whose failure counts, or -1: what the execution's reason names. */
int              atelier_plan_get_first_failed (const AtelierPlan *self);

/* For what a step waits, and the same as a sentence for people ((transfer full) (nullable): NULL for nothing). */
AtelierPlanWait  atelier_plan_get_wait (const AtelierPlan *self,
                                        guint              step);
char            *atelier_plan_describe_wait (const AtelierPlan *self,
                                             guint              step);

G_END_DECLS
