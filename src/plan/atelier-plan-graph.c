/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-plan-graph.h"

/* The edges of a plan as two flat arrays, sorted by either end: a walk over 10,000 steps touches memory in order and
 * allocates nothing. Made once, never changed. */

#define SHOWN_STEPS 8

static gint8
get_branch (AtelierEdgeKind kind)
{
  return kind == ATELIER_EDGE_BRANCH_TRUE ? 1 : kind == ATELIER_EDGE_BRANCH_FALSE ? 0 : -1;
}

/* Counts, sums up, fills: each list keeps the order of the edges. */
static void
fill_links (const AtelierEdge *edges,
            guint              n_edges,
            guint              n_steps,
            gboolean           downward,
            guint             *first,
            AtelierPlanLink   *links)
{
  for (guint i = 0; i < n_edges; i++)
    first[(downward ? edges[i].from : edges[i].to) + 1]++;
  for (guint i = 0; i < n_steps; i++)
    first[i + 1] += first[i];
  for (guint i = n_edges; i-- > 0;)
    {
      guint near = downward ? edges[i].from : edges[i].to;
      guint far = downward ? edges[i].to : edges[i].from;

      links[--first[near + 1]] = (AtelierPlanLink) { far, get_branch (edges[i].kind) };
    }
  /* first[near + 1] has been moved down to the begin of its list: shift the array back by one place. */
  for (guint i = 0; i < n_steps; i++)
    first[i] = first[i + 1];
  first[n_steps] = n_edges;
}

/* Fills order; returns the number of steps that are not behind a cycle. @blocking is left with the rest's counts. */
static guint
sort_steps (AtelierPlanGraph *self, guint *blocking)
{
  guint n_sorted = 0;

  for (guint i = 0; i < self->n_steps; i++)
    {
      blocking[i] = self->up_first[i + 1] - self->up_first[i];
      if (blocking[i] == 0)
        self->order[n_sorted++] = i;
    }
  for (guint done = 0; done < n_sorted; done++)
    for ATELIER_PLAN_GRAPH_DOWN (self, self->order[done], link)
      if (--blocking[link->step] == 0)
        self->order[n_sorted++] = link->step;
  return n_sorted;
}

/* Of the steps that could not be sorted each waits for another one of them: going up must come round. */
static void
set_cycle_error (const AtelierPlanGraph *self, const AtelierPlanStep *steps, const guint *blocking, GError **error)
{
  g_autofree guint8 *seen = g_new0 (guint8, self->n_steps);
  g_autoptr (GString) names = NULL;
  guint at = 0, last, n_shown = 0;

  while (blocking[at] == 0)
    at++;
  while (!seen[at])
    {
      seen[at] = TRUE;
      for ATELIER_PLAN_GRAPH_UP (self, at, link)
        if (blocking[link->step] > 0)
          {
            at = link->step;
            break;
          }
    }
  last = at;
  names = g_string_new (NULL);
  do
    {
      if (n_shown++ < SHOWN_STEPS)
        g_string_append_printf (names, "“%s” → ", steps[at].name);
      for ATELIER_PLAN_GRAPH_UP (self, at, link)
        if (blocking[link->step] > 0)
          {
            at = link->step;
            break;
          }
    }
  while (at != last);
  if (n_shown > SHOWN_STEPS)
    g_string_append (names, "… → ");
  g_string_append_printf (names, "“%s”", steps[last].name);
  g_set_error (error, ATELIER_PLAN_ERROR, ATELIER_PLAN_ERROR_CYCLE,
               _("Steps wait for each other, so none of them can start: %s"), names->str);
}

AtelierPlanGraph *
atelier_plan_graph_new (const AtelierPlanStep *steps,
                        guint                  n_steps,
                        const AtelierEdge     *edges,
                        guint                  n_edges,
                        GError               **error)
{
  g_autoptr (AtelierPlanGraph) self = NULL;
  g_autofree guint *blocking = NULL;

  g_return_val_if_fail (steps != NULL || n_steps == 0, NULL);
  g_return_val_if_fail (edges != NULL || n_edges == 0, NULL);
  for (guint i = 0; i < n_edges; i++)
    g_return_val_if_fail (edges[i].from < n_steps && edges[i].to < n_steps, NULL);

  self = g_new0 (AtelierPlanGraph, 1);
  self->n_steps = n_steps;
  self->down_first = g_new0 (guint, n_steps + 1);
  self->up_first = g_new0 (guint, n_steps + 1);
  self->down = g_new (AtelierPlanLink, MAX (n_edges, 1));
  self->up = g_new (AtelierPlanLink, MAX (n_edges, 1));
  self->order = g_new (guint, MAX (n_steps, 1));
  fill_links (edges, n_edges, n_steps, TRUE, self->down_first, self->down);
  fill_links (edges, n_edges, n_steps, FALSE, self->up_first, self->up);
  blocking = g_new (guint, MAX (n_steps, 1));
  if (sort_steps (self, blocking) < n_steps)
    {
      set_cycle_error (self, steps, blocking, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
atelier_plan_graph_free (AtelierPlanGraph *self)
{
  g_free (self->down_first);
  g_free (self->down);
  g_free (self->up_first);
  g_free (self->up);
  g_free (self->order);
  g_free (self);
}
