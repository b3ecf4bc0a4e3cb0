/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan.h"

G_BEGIN_DECLS

/* A small graph written as text, statements separated by “;”:
 *
 *   A -> B C      B and C read a property of A
 *   A => B        B names A in DependsOn
 *   K +> X Y      X and Y are in the branch of Condition K for True
 *   K !> Z        … for False
 *   A: weight=5 cpus=2 memory=100 noslot ends state=SUCCEEDED branch
 *
 * Document order is the order in which names first occur. */
typedef struct
{
  GArray    *steps; /* (element-type AtelierPlanStep) */
  GArray    *edges; /* (element-type AtelierEdge) */
  GPtrArray *names;
} PlanGraph;

PlanGraph   *plan_graph_parse (const char *text);
/* @n_steps steps named S0 …; each waits for up to @most_upstream random earlier ones; weights of 1 to 9, cpus of 0 to
 * 4. One step in eight is a Condition that holds some of the steps that wait for it. */
PlanGraph   *plan_graph_random (GRand *random,
                                guint  n_steps,
                                guint  most_upstream);
void         plan_graph_free (PlanGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlanGraph, plan_graph_free)

guint        plan_graph_find (PlanGraph  *self,
                              const char *name);
void         plan_graph_add_edge (PlanGraph      *self,
                                  guint           from,
                                  guint           to,
                                  AtelierEdgeKind kind);
AtelierPlanStep *plan_graph_step (PlanGraph *self,
                                  guint      step);
AtelierPlan *plan_graph_plan (PlanGraph         *self,
                              AtelierPlanLimits  limits);

/* Starts all that may start at @now_us; "A C", in the order of starting. */
char        *plan_graph_start (PlanGraph   *self,
                               AtelierPlan *plan,
                               gint64       now_us);
void         plan_graph_finish (PlanGraph          *self,
                                AtelierPlan        *plan,
                                const char         *name,
                                AtelierPlanOutcome  outcome,
                                gboolean            branch);
/* What the plan has settled by itself since last asked: "X Y". */
char        *plan_graph_settled (PlanGraph   *self,
                                 AtelierPlan *plan);

/* A runner on a clock of its own: each step takes its weight in seconds. It checks at every start that everything
 * upstream has succeeded and that the limits hold. */
typedef enum { FAKE_SUCCEED, FAKE_SUCCEED_FALSE, FAKE_CACHED, FAKE_FAIL, FAKE_STOP, FAKE_RETRY } FakeEnd;
typedef FakeEnd (*FakeEndFunc) (guint    step,
                                guint    attempt,
                                gpointer user_data);
typedef struct
{
  PlanGraph   *graph;
  AtelierPlan *plan;
  AtelierPlanLimits limits;
  FakeEndFunc  end;       /* (nullable): everything succeeds, Conditions with True */
  gpointer     user_data;
  gint64       now_us;
  GString     *started;   /* names in order */
  guint       *attempts;  /* of each step */
  guint        most_running;
  guint        n_settled;
} FakeRunner;

void         fake_runner_run (FakeRunner *self);
void         fake_runner_clear (FakeRunner *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FakeRunner, fake_runner_clear)

G_END_DECLS
