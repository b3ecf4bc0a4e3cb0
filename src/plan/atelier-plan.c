/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "atelier-plan-private.h"

/* The scheduler's state, after ninja's Plan: each step counts what still blocks it, an end of a step is told to its
 * downstream steps, and what reaches zero is ready.
 *
 * What always holds:
 * - A step leaves PENDING exactly once, to READY, SKIPPED or BLOCKED (BLOCKED may still become SKIPPED).
 * - A step is READY only when every upstream step has SUCCEEDED or is CACHED and its branch is taken.
 * - Everything downstream of a SKIPPED step is SKIPPED; so a skipped step never needs to unblock anybody.
 * - READY steps are in the queue of their demand, DELAYED ones in the delayed heap, no others in either.
 *
 * Order is by rank, fixed at the start: longest remaining way first. A step that does not fit into what is free may
 * be passed by smaller ones, or a machine would idle; but only ATELIER_PLAN_MOST_PASSES times, or a large step would
 * wait until the small ones have run out.
 *
 * Costs: a heap operation for each start, one for each retry, one visit to each edge over the whole run, and a look
 * at the head of each queue when the next step is asked for. There are as many queues as different demands (instance
 * types): a handful. */

G_DEFINE_QUARK (atelier-plan-error-quark, atelier_plan_error)

static void
set_state (AtelierPlan *self, guint step, AtelierPlanState state)
{
  self->counts[self->steps[step].state]--;
  self->counts[state]++;
  self->steps[step].state = state;
}

static gboolean
is_success (AtelierPlanState state)
{
  return state == ATELIER_PLAN_SUCCEEDED || state == ATELIER_PLAN_CACHED;
}

/* Admission. */

static gboolean
exceeds_machine (const AtelierPlan *self, const AtelierPlanDemand *demand)
{
  return (self->limits.cpus > 0 && demand->cpus > self->limits.cpus)
         || (self->limits.memory_bytes > 0 && demand->memory_bytes > self->limits.memory_bytes);
}

gboolean
atelier_plan_admits (const AtelierPlan *self, const AtelierPlanDemand *demand)
{
  if (demand->no_slot)
    return TRUE;
  if (self->limits.parallel > 0 && self->n_slots >= self->limits.parallel)
    return FALSE;
  if (demand->exceeds_machine)
    return self->n_slots == 0; /* and then nothing fits beside it */
  if (self->limits.cpus > 0 && self->cpus + demand->cpus > self->limits.cpus)
    return FALSE;
  return self->limits.memory_bytes == 0 || self->memory_bytes + demand->memory_bytes <= self->limits.memory_bytes;
}

/* Takes (or gives back) what a step asks for. */
static void
occupy (AtelierPlan *self, guint step, gboolean take)
{
  const AtelierPlanDemand *demand = ATELIER_PLAN_DEMAND (self, step);
  int sign = take ? 1 : -1;

  if (demand->no_slot)
    return;
  self->n_slots += sign;
  self->cpus += sign * demand->cpus;
  self->memory_bytes += sign * demand->memory_bytes;
  if (demand->exceeds_machine)
    self->alone = take ? (int) step : -1;
}

/* Moving steps on. */

static void
make_ready (AtelierPlan *self, guint step)
{
  set_state (self, step, ATELIER_PLAN_READY);
  atelier_plan_heap_push (&ATELIER_PLAN_DEMAND (self, step)->ready, self->steps[step].rank, step);
}

static void
settle (AtelierPlan *self, guint step, AtelierPlanState state)
{
  set_state (self, step, state);
  g_array_append_val (self->settled, step);
}

static int
compare_steps (gconstpointer a, gconstpointer b)
{
  guint x = *(const guint *) a, y = *(const guint *) b;

  return (x > y) - (x < y);
}

/* What one event has settled is told in document order. */
static void
sort_settled (AtelierPlan *self, guint from)
{
  if (self->settled->len > from)
    qsort (&g_array_index (self->settled, guint, from), self->settled->len - from, sizeof (guint), compare_steps);
}

/* Skips the steps in @stack and everything downstream of them. Empties the stack. */
static void
skip (AtelierPlan *self, GArray *stack)
{
  while (stack->len > 0)
    {
      guint step = g_array_index (stack, guint, stack->len - 1);
      AtelierPlanState state = self->steps[step].state;

      g_array_set_size (stack, stack->len - 1);
      if (state != ATELIER_PLAN_PENDING && state != ATELIER_PLAN_BLOCKED)
        continue;
      settle (self, step, ATELIER_PLAN_SKIPPED);
      for ATELIER_PLAN_GRAPH_DOWN (self->graph, step, link)
        g_array_append_val (stack, link->step);
    }
}

static void
block_downstream (AtelierPlan *self, guint failed)
{
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (guint));

  g_array_append_val (stack, failed);
  while (stack->len > 0)
    {
      guint step = g_array_index (stack, guint, stack->len - 1);

      g_array_set_size (stack, stack->len - 1);
      for ATELIER_PLAN_GRAPH_DOWN (self->graph, step, link)
        if (self->steps[link->step].state == ATELIER_PLAN_PENDING)
          {
            set_state (self, link->step, ATELIER_PLAN_BLOCKED);
            g_array_append_val (stack, link->step);
          }
    }
}

/* Pushes the steps of @condition's branch that was not taken. */
static void
push_untaken (const AtelierPlan *self, guint condition, gboolean branch, GArray *stack)
{
  for ATELIER_PLAN_GRAPH_DOWN (self->graph, condition, link)
    if (link->branch >= 0 && link->branch != !!branch)
      g_array_append_val (stack, link->step);
}

static void
unblock_downstream (AtelierPlan *self, guint step)
{
  for ATELIER_PLAN_GRAPH_DOWN (self->graph, step, link)
    if (--self->steps[link->step].n_blocking == 0 && self->steps[link->step].state == ATELIER_PLAN_PENDING)
      make_ready (self, link->step);
}

/* From now on no step starts. Those that wait for another attempt will not have it: they end as @state. */
static void
wind_up (AtelierPlan *self, AtelierPlanState state)
{
  guint from = self->settled->len;

  self->winding_up = TRUE;
  while (self->delayed.length > 0)
    settle (self, self->by_rank[atelier_plan_heap_pop (&self->delayed)], state);
  sort_settled (self, from);
}

/* Making a plan. */

static guint
find_demand (AtelierPlan *self, const AtelierPlanStep *step, GHashTable *known)
{
  g_autofree char *key = g_strdup_printf ("%d/%u/%" G_GINT64_FORMAT, step->takes_no_slot, step->cpus,
                                          step->memory_bytes);
  gpointer found;
  AtelierPlanDemand demand = { step->takes_no_slot, FALSE, step->cpus, step->memory_bytes, { NULL } };

  if (g_hash_table_lookup_extended (known, key, NULL, &found))
    return GPOINTER_TO_UINT (found);
  demand.exceeds_machine = exceeds_machine (self, &demand);
  g_array_append_val (self->demands, demand);
  g_hash_table_insert (known, g_steal_pointer (&key), GUINT_TO_POINTER (self->demands->len - 1));
  return self->demands->len - 1;
}

static int
compare_ranks (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const AtelierPlanStepRecord *steps = user_data;
  guint x = *(const guint *) a, y = *(const guint *) b;

  if (steps[x].remaining != steps[y].remaining)
    return steps[x].remaining > steps[y].remaining ? -1 : 1;
  return (x > y) - (x < y);
}

static void
rank_steps (AtelierPlan *self, const AtelierPlanStep *steps)
{
  for (guint i = self->n_steps; i-- > 0;)
    {
      guint step = self->graph->order[i];
      double weight = isfinite (steps[step].weight) && steps[step].weight > 0 ? steps[step].weight : 1.0;
      double longest = 0;

      for ATELIER_PLAN_GRAPH_DOWN (self->graph, step, link)
        longest = MAX (longest, self->steps[link->step].remaining);
      self->steps[step].remaining = weight + longest;
    }
  self->by_rank = g_new (guint, MAX (self->n_steps, 1));
  for (guint i = 0; i < self->n_steps; i++)
    self->by_rank[i] = i;
  g_qsort_with_data (self->by_rank, self->n_steps, sizeof (guint), compare_ranks, self->steps);
  for (guint i = 0; i < self->n_steps; i++)
    self->steps[self->by_rank[i]].rank = i;
}

/* Steps enter with what is known of them, then the consequences are drawn. */
static void
restore (AtelierPlan *self, const AtelierPlanStep *steps)
{
  g_autoptr (GArray) untaken = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < self->n_steps; i++)
    {
      AtelierPlanState state = steps[i].state;

      if (!is_success (state) && state != ATELIER_PLAN_SKIPPED && state != ATELIER_PLAN_RUNNING)
        state = ATELIER_PLAN_PENDING;
      self->steps[i].state = state;
      self->counts[state]++;
      self->steps[i].n_blocking = self->graph->up_first[i + 1] - self->graph->up_first[i];
      if (state == ATELIER_PLAN_RUNNING)
        occupy (self, i, TRUE);
    }
  for (guint i = 0; i < self->n_steps; i++)
    {
      AtelierPlanState state = self->steps[i].state;

      if (is_success (state))
        push_untaken (self, i, steps[i].branch, untaken);
      for ATELIER_PLAN_GRAPH_DOWN (self->graph, i, link)
        if (is_success (state))
          self->steps[link->step].n_blocking--;
        else if (state == ATELIER_PLAN_SKIPPED)
          g_array_append_val (untaken, link->step);
    }
  skip (self, untaken);
  sort_settled (self, 0);
  for (guint i = 0; i < self->n_steps; i++)
    if (self->steps[i].state == ATELIER_PLAN_PENDING && self->steps[i].n_blocking == 0)
      make_ready (self, i);
}

AtelierPlan *
atelier_plan_new (const AtelierPlanStep   *steps,
                  guint                    n_steps,
                  const AtelierEdge       *edges,
                  guint                    n_edges,
                  const AtelierPlanLimits *limits,
                  GError                 **error)
{
  g_autoptr (GHashTable) known = NULL;
  AtelierPlanGraph *graph;
  AtelierPlan *self;

  g_return_val_if_fail (limits != NULL, NULL);

  graph = atelier_plan_graph_new (steps, n_steps, edges, n_edges, error);
  if (graph == NULL)
    return NULL;
  known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self = g_new0 (AtelierPlan, 1);
  self->graph = graph;
  self->n_steps = n_steps;
  self->limits = *limits;
  self->alone = -1;
  self->first_failed = -1;
  self->steps = g_new0 (AtelierPlanStepRecord, MAX (n_steps, 1));
  self->names = g_string_chunk_new (4096);
  self->demands = g_array_new (FALSE, FALSE, sizeof (AtelierPlanDemand));
  self->settled = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < n_steps; i++)
    {
      self->steps[i].name = g_string_chunk_insert (self->names, steps[i].name);
      self->steps[i].demand = find_demand (self, &steps[i], known);
      self->steps[i].ends_execution = steps[i].ends_execution;
    }
  rank_steps (self, steps);
  restore (self, steps);
  return self;
}

void
atelier_plan_free (AtelierPlan *self)
{
  g_return_if_fail (self != NULL);

  for (guint i = 0; i < self->demands->len; i++)
    atelier_plan_heap_clear (&g_array_index (self->demands, AtelierPlanDemand, i).ready);
  atelier_plan_heap_clear (&self->delayed);
  g_array_unref (self->demands);
  g_array_unref (self->settled);
  g_string_chunk_free (self->names);
  g_free (self->by_rank);
  g_free (self->steps);
  atelier_plan_graph_free (self->graph);
  g_free (self);
}

/* Starting. */

int
atelier_plan_get_head (const AtelierPlan *self)
{
  guint best = G_MAXUINT;

  for (guint i = 0; i < self->demands->len; i++)
    {
      const AtelierPlanDemand *demand = &g_array_index (self->demands, AtelierPlanDemand, i);

      if (!demand->no_slot && demand->ready.length > 0)
        best = MIN (best, (guint) demand->ready.items[0].key);
    }
  return best < G_MAXUINT ? (int) self->by_rank[best] : -1;
}

int
atelier_plan_next_ready (AtelierPlan *self, gint64 now_us)
{
  guint best = G_MAXUINT;
  gboolean is_held;
  int head;

  g_return_val_if_fail (self != NULL, -1);

  if (self->winding_up)
    return -1;
  while (self->delayed.length > 0 && self->delayed.items[0].key <= now_us)
    make_ready (self, self->by_rank[atelier_plan_heap_pop (&self->delayed)]);
  head = atelier_plan_get_head (self);
  is_held = head >= 0 && self->steps[head].n_passed >= ATELIER_PLAN_MOST_PASSES;
  for (guint i = 0; i < self->demands->len; i++)
    {
      const AtelierPlanDemand *demand = &g_array_index (self->demands, AtelierPlanDemand, i);
      gboolean may_go = demand->no_slot || !is_held || self->steps[head].demand == i;

      if (may_go && demand->ready.length > 0 && demand->ready.items[0].key < best
          && atelier_plan_admits (self, demand))
        best = demand->ready.items[0].key;
    }
  return best < G_MAXUINT ? (int) self->by_rank[best] : -1;
}

void
atelier_plan_started (AtelierPlan *self, guint step)
{
  AtelierPlanDemand *demand;
  int head;

  g_return_if_fail (self != NULL);
  g_return_if_fail (step < self->n_steps);
  g_return_if_fail (self->steps[step].state == ATELIER_PLAN_READY);
  demand = ATELIER_PLAN_DEMAND (self, step);
  g_return_if_fail (demand->ready.items[0].value == step);

  atelier_plan_heap_pop (&demand->ready);
  head = demand->no_slot ? -1 : atelier_plan_get_head (self);
  if (head >= 0 && self->steps[head].rank < self->steps[step].rank)
    self->steps[head].n_passed++;
  occupy (self, step, TRUE);
  set_state (self, step, ATELIER_PLAN_RUNNING);
}

/* Ending. */

static void
fail (AtelierPlan *self, guint step, AtelierPlanState state)
{
  set_state (self, step, state);
  if (state == ATELIER_PLAN_FAILED && !self->stopped && self->first_failed < 0)
    self->first_failed = step;
  if (self->limits.fail_slow)
    block_downstream (self, step);
  if (!self->limits.fail_slow || self->steps[step].ends_execution)
    wind_up (self, state);
}

void
atelier_plan_finished (AtelierPlan *self, guint step, AtelierPlanOutcome outcome, gboolean branch)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (atelier_plan_is_running (self, step));

  occupy (self, step, FALSE);
  switch (outcome)
    {
    case ATELIER_PLAN_OUTCOME_SUCCEEDED:
    case ATELIER_PLAN_OUTCOME_CACHED:
      {
        g_autoptr (GArray) untaken = g_array_new (FALSE, FALSE, sizeof (guint));
        guint from = self->settled->len;

        set_state (self, step, outcome == ATELIER_PLAN_OUTCOME_CACHED ? ATELIER_PLAN_CACHED : ATELIER_PLAN_SUCCEEDED);
        push_untaken (self, step, branch, untaken);
        skip (self, untaken);
        sort_settled (self, from);
        unblock_downstream (self, step);
        break;
      }
    case ATELIER_PLAN_OUTCOME_FAILED:
      fail (self, step, ATELIER_PLAN_FAILED);
      break;
    case ATELIER_PLAN_OUTCOME_STOPPED:
    default:
      fail (self, step, ATELIER_PLAN_STOPPED);
      break;
    }
}

gboolean
atelier_plan_retry (AtelierPlan *self, guint step, gint64 not_before_us)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (atelier_plan_is_running (self, step), FALSE);

  if (self->winding_up)
    return FALSE;
  occupy (self, step, FALSE);
  set_state (self, step, ATELIER_PLAN_DELAYED);
  self->steps[step].not_before_us = not_before_us;
  atelier_plan_heap_push (&self->delayed, not_before_us, self->steps[step].rank);
  return TRUE;
}

void
atelier_plan_stop (AtelierPlan *self)
{
  g_return_if_fail (self != NULL);

  self->stopped = TRUE;
  wind_up (self, ATELIER_PLAN_STOPPED);
}

int
atelier_plan_next_settled (AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, -1);

  if (self->n_taken == self->settled->len)
    return -1;
  return g_array_index (self->settled, guint, self->n_taken++);
}

/* Asking. */

gboolean
atelier_plan_more_to_do (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  /* Without cycles a pending step always has one upstream that is running, ready or delayed. */
  return self->counts[ATELIER_PLAN_RUNNING] > 0
         || (!self->winding_up && self->counts[ATELIER_PLAN_READY] + self->counts[ATELIER_PLAN_DELAYED] > 0);
}

gboolean
atelier_plan_is_winding_up (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->winding_up;
}

gint64
atelier_plan_get_next_wake_us (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, G_MAXINT64);

  return self->delayed.length > 0 ? self->delayed.items[0].key : G_MAXINT64;
}

guint
atelier_plan_get_n_steps (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_steps;
}

AtelierPlanState
atelier_plan_get_state (const AtelierPlan *self, guint step)
{
  g_return_val_if_fail (self != NULL, ATELIER_PLAN_PENDING);
  g_return_val_if_fail (step < self->n_steps, ATELIER_PLAN_PENDING);

  return self->steps[step].state;
}

gboolean
atelier_plan_is_running (const AtelierPlan *self, guint step)
{
  return atelier_plan_get_state (self, step) == ATELIER_PLAN_RUNNING;
}

guint
atelier_plan_count (const AtelierPlan *self, AtelierPlanState state)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (state < ATELIER_PLAN_N_STATES, 0);

  return self->counts[state];
}

double
atelier_plan_get_remaining (const AtelierPlan *self, guint step)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (step < self->n_steps, 0);

  return self->steps[step].remaining;
}

AtelierPlanState
atelier_plan_get_outcome (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, ATELIER_PLAN_RUNNING);

  if (atelier_plan_more_to_do (self))
    return ATELIER_PLAN_RUNNING;
  if (self->first_failed >= 0)
    return ATELIER_PLAN_FAILED;
  return self->counts[ATELIER_PLAN_SUCCEEDED] + self->counts[ATELIER_PLAN_CACHED] + self->counts[ATELIER_PLAN_SKIPPED]
         == self->n_steps ? ATELIER_PLAN_SUCCEEDED : ATELIER_PLAN_STOPPED;
}

int
atelier_plan_get_first_failed (const AtelierPlan *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->first_failed;
}
