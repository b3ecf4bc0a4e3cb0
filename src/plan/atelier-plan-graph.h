/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan.h"

G_BEGIN_DECLS

/* Private to plan/: who waits for whom, as arrays. Downstream edges of step i are down[down_first[i]] …
 * down[down_first[i + 1] - 1]; upstream likewise. */
typedef struct
{
  guint  step;   /* the other end */
  gint8  branch; /* 1 or 0: a branch edge of a Condition for that outcome; -1: any other edge */
} AtelierPlanLink;

typedef struct
{
  guint            n_steps;
  guint           *down_first;
  AtelierPlanLink *down;
  guint           *up_first;
  AtelierPlanLink *up;
  guint           *order; /* upstream before downstream, else document order as far as that goes */
} AtelierPlanGraph;

/* NULL with ATELIER_PLAN_ERROR_CYCLE. */
AtelierPlanGraph *atelier_plan_graph_new (const AtelierPlanStep *steps,
                                          guint                  n_steps,
                                          const AtelierEdge     *edges,
                                          guint                  n_edges,
                                          GError               **error);
void              atelier_plan_graph_free (AtelierPlanGraph *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierPlanGraph, atelier_plan_graph_free)

#define ATELIER_PLAN_GRAPH_DOWN(graph, from, link) \
  (const AtelierPlanLink *link = (graph)->down + (graph)->down_first[from], \
                         *link##_end = (graph)->down + (graph)->down_first[(from) + 1]; \
   link < link##_end; link++)
#define ATELIER_PLAN_GRAPH_UP(graph, to, link) \
  (const AtelierPlanLink *link = (graph)->up + (graph)->up_first[to], \
                         *link##_end = (graph)->up + (graph)->up_first[(to) + 1]; \
   link < link##_end; link++)

G_END_DECLS
