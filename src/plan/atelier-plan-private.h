/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan-graph.h"
#include "atelier-plan-heap.h"

G_BEGIN_DECLS

typedef struct
{
  const char      *name;       /* in the plan's chunk */
  double           remaining;
  guint            rank;       /* 0: goes first of all, by remaining and document order */
  guint            demand;     /* index of its AtelierPlanDemand */
  guint            n_blocking; /* upstream edges whose step has not succeeded */
  guint            n_passed;   /* how often smaller steps have gone before it */
  gint64           not_before_us;
  AtelierPlanState state;
  gboolean         ends_execution;
} AtelierPlanStepRecord;

/* Steps that ask for the same wait in one queue: whether they are admitted is then one question for all of them. */
typedef struct
{
  gboolean        no_slot;
  gboolean        exceeds_machine;
  guint           cpus;
  gint64          memory_bytes;
  AtelierPlanHeap ready; /* by rank */
} AtelierPlanDemand;

struct _AtelierPlan
{
  AtelierPlanGraph      *graph;
  AtelierPlanStepRecord *steps;
  guint                  n_steps;
  guint                 *by_rank;    /* step of each rank */
  GStringChunk          *names;
  GArray                *demands;    /* (element-type AtelierPlanDemand) */
  AtelierPlanLimits      limits;

  guint                  n_slots;    /* in use, as are the next two */
  guint                  cpus;
  gint64                 memory_bytes;
  int                    alone;      /* the running step that exceeds the machine; -1: none */

  AtelierPlanHeap        delayed;    /* by not_before_us, then rank */
  GArray                *settled;    /* (element-type guint) */
  guint                  n_taken;    /* of settled */
  guint                  counts[ATELIER_PLAN_N_STATES];
  gboolean               winding_up;
  gboolean               stopped;
  int                    first_failed;
};

#define ATELIER_PLAN_MOST_PASSES 8

#define ATELIER_PLAN_DEMAND(plan, step) \
  (&g_array_index ((plan)->demands, AtelierPlanDemand, (plan)->steps[step].demand))

gboolean atelier_plan_admits (const AtelierPlan       *self,
                              const AtelierPlanDemand *demand);
/* The first of the ready steps that need a slot, admitted or not; -1: none is ready. */
int      atelier_plan_get_head (const AtelierPlan *self);

G_END_DECLS
