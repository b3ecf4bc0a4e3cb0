/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdlib.h>
#include <string.h>

#include "plan-graph.h"

static PlanGraph *
plan_graph_new (void)
{
  PlanGraph *self = g_new0 (PlanGraph, 1);

  self->steps = g_array_new (FALSE, TRUE, sizeof (AtelierPlanStep));
  self->edges = g_array_new (FALSE, TRUE, sizeof (AtelierEdge));
  self->names = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
plan_graph_free (PlanGraph *self)
{
  g_array_unref (self->steps);
  g_array_unref (self->edges);
  g_ptr_array_unref (self->names);
  g_free (self);
}

static guint
add_step (PlanGraph *self, const char *name)
{
  AtelierPlanStep step = { .name = g_strdup (name) };

  g_ptr_array_add (self->names, (gpointer) step.name);
  g_array_append_val (self->steps, step);
  return self->steps->len - 1;
}

guint
plan_graph_find (PlanGraph *self, const char *name)
{
  for (guint i = 0; i < self->names->len; i++)
    if (strcmp (g_ptr_array_index (self->names, i), name) == 0)
      return i;
  return add_step (self, name);
}

AtelierPlanStep *
plan_graph_step (PlanGraph *self, guint step)
{
  return &g_array_index (self->steps, AtelierPlanStep, step);
}

void
plan_graph_add_edge (PlanGraph *self, guint from, guint to, AtelierEdgeKind kind)
{
  AtelierEdge edge = { from, to, kind };

  g_array_append_val (self->edges, edge);
}

static AtelierPlanState
parse_state (const char *text)
{
  static const char * const words[] = { "PENDING", "READY", "DELAYED", "RUNNING", "SUCCEEDED", "CACHED", "FAILED",
                                        "STOPPED", "SKIPPED", "BLOCKED" };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (words[i], text) == 0)
      return i;
  g_error ("no state “%s”", text);
}

static void
parse_attribute (AtelierPlanStep *step, const char *word)
{
  if (g_str_has_prefix (word, "weight="))
    step->weight = g_ascii_strtod (word + 7, NULL);
  else if (g_str_has_prefix (word, "cpus="))
    step->cpus = atoi (word + 5);
  else if (g_str_has_prefix (word, "memory="))
    step->memory_bytes = atoi (word + 7);
  else if (g_str_has_prefix (word, "state="))
    step->state = parse_state (word + 6);
  else if (strcmp (word, "noslot") == 0)
    step->takes_no_slot = TRUE;
  else if (strcmp (word, "ends") == 0)
    step->ends_execution = TRUE;
  else if (strcmp (word, "branch") == 0)
    step->branch = TRUE;
  else
    g_error ("no attribute “%s”", word);
}

static gboolean
parse_arrow (const char *word, AtelierEdgeKind *kind)
{
  if (strcmp (word, "->") == 0)
    *kind = ATELIER_EDGE_REFERENCE;
  else if (strcmp (word, "=>") == 0)
    *kind = ATELIER_EDGE_DEPENDS_ON;
  else if (strcmp (word, "+>") == 0)
    *kind = ATELIER_EDGE_BRANCH_TRUE;
  else if (strcmp (word, "!>") == 0)
    *kind = ATELIER_EDGE_BRANCH_FALSE;
  else
    return FALSE;
  return TRUE;
}

static void
parse_statement (PlanGraph *self, const char *statement)
{
  g_auto (GStrv) words = g_strsplit_set (statement, " \n", -1);
  AtelierEdgeKind kind = ATELIER_EDGE_REFERENCE;
  gboolean is_edge = FALSE, is_attribute = FALSE;
  int from = -1;

  for (char **word = words; *word != NULL; word++)
    {
      if (**word == '\0')
        continue;
      if (from < 0)
        {
          is_attribute = g_str_has_suffix (*word, ":");
          if (is_attribute)
            (*word)[strlen (*word) - 1] = '\0';
          from = plan_graph_find (self, *word);
        }
      else if (is_attribute)
        parse_attribute (plan_graph_step (self, from), *word);
      else if (!is_edge)
        is_edge = parse_arrow (*word, &kind);
      else
        plan_graph_add_edge (self, from, plan_graph_find (self, *word), kind);
    }
}

PlanGraph *
plan_graph_parse (const char *text)
{
  PlanGraph *self = plan_graph_new ();
  g_auto (GStrv) statements = g_strsplit (text, ";", -1);

  for (char **statement = statements; *statement != NULL; statement++)
    parse_statement (self, *statement);
  return self;
}

PlanGraph *
plan_graph_random (GRand *random, guint n_steps, guint most_upstream)
{
  PlanGraph *self = plan_graph_new ();

  for (guint i = 0; i < n_steps; i++)
    {
      g_autofree char *name = g_strdup_printf ("S%u", i);
      guint n_upstream = i == 0 ? 0 : g_rand_int_range (random, 0, most_upstream + 1);
      gboolean is_held = FALSE;

      add_step (self, name);
      plan_graph_step (self, i)->weight = g_rand_int_range (random, 1, 10);
      plan_graph_step (self, i)->cpus = g_rand_int_range (random, 0, 5);
      plan_graph_step (self, i)->takes_no_slot = g_rand_int_range (random, 0, 16) == 0;
      for (guint u = 0; u < n_upstream; u++)
        {
          guint from = g_rand_int_range (random, i > 200 ? i - 200 : 0, i);
          gboolean holds = !is_held && from % 8 == 0;

          plan_graph_add_edge (self, from, i, !holds ? ATELIER_EDGE_REFERENCE
                                              : g_rand_boolean (random) ? ATELIER_EDGE_BRANCH_TRUE
                                                                        : ATELIER_EDGE_BRANCH_FALSE);
          is_held |= holds;
        }
    }
  return self;
}

AtelierPlan *
plan_graph_plan (PlanGraph *self, AtelierPlanLimits limits)
{
  g_autoptr (GError) error = NULL;
  AtelierPlan *plan = atelier_plan_new ((const AtelierPlanStep *) self->steps->data, self->steps->len,
                                        (const AtelierEdge *) self->edges->data, self->edges->len, &limits, &error);

  g_assert_no_error (error);
  return plan;
}

static void
append_name (PlanGraph *self, GString *text, guint step)
{
  g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", (char *) g_ptr_array_index (self->names, step));
}

char *
plan_graph_start (PlanGraph *self, AtelierPlan *plan, gint64 now_us)
{
  GString *text = g_string_new (NULL);
  int step;

  while ((step = atelier_plan_next_ready (plan, now_us)) >= 0)
    {
      atelier_plan_started (plan, step);
      append_name (self, text, step);
    }
  return g_string_free (text, FALSE);
}

void
plan_graph_finish (PlanGraph *self, AtelierPlan *plan, const char *name, AtelierPlanOutcome outcome, gboolean branch)
{
  atelier_plan_finished (plan, plan_graph_find (self, name), outcome, branch);
}

char *
plan_graph_settled (PlanGraph *self, AtelierPlan *plan)
{
  GString *text = g_string_new (NULL);
  int step;

  while ((step = atelier_plan_next_settled (plan)) >= 0)
    append_name (self, text, step);
  return g_string_free (text, FALSE);
}

/* The runner. */

typedef struct
{
  guint  step;
  gint64 end_us;
} Running;

static void
check_limits (FakeRunner *self, GArray *running)
{
  guint n_slots = 0, cpus = 0, n_big = 0;

  for (guint i = 0; i < running->len; i++)
    {
      const AtelierPlanStep *step = plan_graph_step (self->graph, g_array_index (running, Running, i).step);

      n_slots += !step->takes_no_slot;
      cpus += step->takes_no_slot ? 0 : step->cpus;
      n_big += !step->takes_no_slot && self->limits.cpus > 0 && step->cpus > self->limits.cpus;
    }
  if (self->limits.parallel > 0)
    g_assert_cmpuint (n_slots, <=, self->limits.parallel);
  if (n_big > 0)
    g_assert_cmpuint (n_slots, ==, 1);
  else if (self->limits.cpus > 0)
    g_assert_cmpuint (cpus, <=, self->limits.cpus);
  self->most_running = MAX (self->most_running, running->len);
}

static void
check_upstream (FakeRunner *self, GArray **upstream, guint step)
{
  for (guint i = 0; upstream[step] != NULL && i < upstream[step]->len; i++)
    {
      AtelierPlanState state = atelier_plan_get_state (self->plan, g_array_index (upstream[step], guint, i));

      g_assert_true (state == ATELIER_PLAN_SUCCEEDED || state == ATELIER_PLAN_CACHED);
    }
}

static void
end_step (FakeRunner *self, guint step)
{
  FakeEnd end = self->end != NULL ? self->end (step, self->attempts[step], self->user_data) : FAKE_SUCCEED;

  switch (end)
    {
    case FAKE_SUCCEED:
    case FAKE_SUCCEED_FALSE:
      atelier_plan_finished (self->plan, step, ATELIER_PLAN_OUTCOME_SUCCEEDED, end == FAKE_SUCCEED);
      break;
    case FAKE_CACHED:
      atelier_plan_finished (self->plan, step, ATELIER_PLAN_OUTCOME_CACHED, TRUE);
      break;
    case FAKE_RETRY:
      if (atelier_plan_retry (self->plan, step, self->now_us + 2 * G_USEC_PER_SEC))
        break;
      atelier_plan_finished (self->plan, step, ATELIER_PLAN_OUTCOME_FAILED, FALSE);
      break;
    case FAKE_FAIL:
      atelier_plan_finished (self->plan, step, ATELIER_PLAN_OUTCOME_FAILED, FALSE);
      break;
    case FAKE_STOP:
    default:
      atelier_plan_finished (self->plan, step, ATELIER_PLAN_OUTCOME_STOPPED, FALSE);
      break;
    }
  while (atelier_plan_next_settled (self->plan) >= 0)
    self->n_settled++;
}

/* Moves the clock to the next end of a step, or to the next attempt, and tells the plan. */
static void
advance (FakeRunner *self, GArray *running)
{
  gint64 next_us = atelier_plan_get_next_wake_us (self->plan);

  for (guint i = 0; i < running->len; i++)
    next_us = MIN (next_us, g_array_index (running, Running, i).end_us);
  g_assert_cmpint (next_us, <, G_MAXINT64); /* else nothing would ever happen again */
  g_assert_cmpint (next_us, >=, self->now_us);
  self->now_us = next_us;
  for (guint i = 0; i < running->len;)
    if (g_array_index (running, Running, i).end_us <= self->now_us)
      {
        guint step = g_array_index (running, Running, i).step;

        g_array_remove_index (running, i);
        end_step (self, step);
      }
    else
      i++;
}

void
fake_runner_run (FakeRunner *self)
{
  g_autoptr (GArray) running = g_array_new (FALSE, FALSE, sizeof (Running));
  guint n_steps = self->graph->steps->len;
  g_autofree GArray **upstream = g_new0 (GArray *, n_steps);

  for (guint i = 0; i < self->graph->edges->len; i++)
    {
      const AtelierEdge *edge = &g_array_index (self->graph->edges, AtelierEdge, i);

      if (upstream[edge->to] == NULL)
        upstream[edge->to] = g_array_new (FALSE, FALSE, sizeof (guint));
      g_array_append_val (upstream[edge->to], edge->from);
    }
  if (self->started == NULL)
    self->started = g_string_new (NULL);
  if (self->attempts == NULL)
    self->attempts = g_new0 (guint, n_steps);
  while (atelier_plan_more_to_do (self->plan))
    {
      int step;

      while ((step = atelier_plan_next_ready (self->plan, self->now_us)) >= 0)
        {
          gint64 duration_us = plan_graph_step (self->graph, step)->weight * G_USEC_PER_SEC;
          Running item = { step, self->now_us + duration_us };

          check_upstream (self, upstream, step);
          atelier_plan_started (self->plan, step);
          self->attempts[step]++;
          append_name (self->graph, self->started, step);
          g_array_append_val (running, item);
          check_limits (self, running);
        }
      advance (self, running);
    }
  g_assert_cmpuint (running->len, ==, 0);
  for (guint i = 0; i < n_steps; i++)
    g_clear_pointer (&upstream[i], g_array_unref);
}

void
fake_runner_clear (FakeRunner *self)
{
  if (self->started != NULL)
    g_string_free (self->started, TRUE);
  g_free (self->attempts);
  g_clear_pointer (&self->plan, atelier_plan_free);
}
