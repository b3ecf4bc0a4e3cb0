/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>

#include "plan-graph.h"

/* Large graphs, run to their end on a fake clock. What a runner may rely on is checked at each start (by the fake
 * runner) and at the end (here). How long planning took is printed, not asserted. */

#define N_STEPS 10000

static void
count_states (AtelierPlan *plan, guint *total)
{
  *total = 0;
  for (int state = 0; state < ATELIER_PLAN_N_STATES; state++)
    *total += atelier_plan_count (plan, state);
}

/* A step is skipped if, and only if, something above it is, or a Condition holds it for the other outcome. */
static void
check_skipped (PlanGraph *graph, AtelierPlan *plan, const gboolean *outcomes)
{
  g_autofree gboolean *expected = g_new0 (gboolean, graph->steps->len);
  g_autofree guint *first = g_new0 (guint, graph->steps->len + 1);
  g_autofree guint *sorted = g_new (guint, graph->edges->len + 1);

  for (guint i = 0; i < graph->edges->len; i++)
    first[g_array_index (graph->edges, AtelierEdge, i).to + 1]++;
  for (guint i = 0; i < graph->steps->len; i++)
    first[i + 1] += first[i];
  for (guint i = graph->edges->len; i-- > 0;)
    sorted[--first[g_array_index (graph->edges, AtelierEdge, i).to + 1]] = i;
  for (guint step = 0; step < graph->steps->len; step++)
    {
      guint end = step + 2 <= graph->steps->len ? first[step + 2] : graph->edges->len;

      for (guint e = first[step + 1]; e < end; e++)
        {
          const AtelierEdge *edge = &g_array_index (graph->edges, AtelierEdge, sorted[e]);

          g_assert_cmpuint (edge->to, ==, step);
          expected[step] |= expected[edge->from]
                            || (edge->kind == ATELIER_EDGE_BRANCH_TRUE && !outcomes[edge->from])
                            || (edge->kind == ATELIER_EDGE_BRANCH_FALSE && outcomes[edge->from]);
        }
      g_assert_cmpint (atelier_plan_get_state (plan, step) == ATELIER_PLAN_SKIPPED, ==, expected[step]);
    }
}

static FakeEnd
end_with_outcome (guint step, guint attempt, gpointer user_data)
{
  const gboolean *outcomes = user_data;

  return outcomes[step] ? FAKE_SUCCEED : FAKE_SUCCEED_FALSE;
}

static void
run_random (guint seed, guint n_steps, AtelierPlanLimits limits)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (PlanGraph) graph = plan_graph_random (random, n_steps, 3);
  g_autofree gboolean *outcomes = g_new (gboolean, n_steps);
  g_auto (FakeRunner) runner = { graph, plan_graph_plan (graph, limits), limits, end_with_outcome, outcomes };
  guint total, n_skipped;

  for (guint i = 0; i < n_steps; i++)
    outcomes[i] = g_rand_int_range (random, 0, 4) > 0;
  fake_runner_run (&runner);
  count_states (runner.plan, &total);
  n_skipped = atelier_plan_count (runner.plan, ATELIER_PLAN_SKIPPED);
  g_assert_cmpuint (total, ==, n_steps);
  g_assert_cmpuint (atelier_plan_count (runner.plan, ATELIER_PLAN_SUCCEEDED) + n_skipped, ==, n_steps);
  g_assert_cmpuint (runner.n_settled, ==, n_skipped);
  g_assert_cmpint (atelier_plan_get_outcome (runner.plan), ==, ATELIER_PLAN_SUCCEEDED);
  check_skipped (graph, runner.plan, outcomes);
  for (guint i = 0; i < n_steps; i++)
    g_assert_cmpuint (runner.attempts[i], ==, atelier_plan_get_state (runner.plan, i) == ATELIER_PLAN_SUCCEEDED);
  g_test_message ("%u steps: %u skipped, at most %u at a time", n_steps, n_skipped, runner.most_running);
}

static void
test_random (void)
{
  for (guint seed = 1; seed <= 40; seed++)
    run_random (seed, 300, (AtelierPlanLimits) { .parallel = seed % 5, .cpus = seed % 3 == 0 ? 0 : 2 + seed % 4 });
  run_random (7, N_STEPS, (AtelierPlanLimits) { .parallel = 8, .cpus = 8 });
}

/* Each step's end is drawn: success, cached, failure, stop, or up to two retries. */
static FakeEnd
end_by_lot (guint step, guint attempt, gpointer user_data)
{
  guint lot = g_int_hash (&(gint) { step * 7919 + attempt * 104729 }) % 50;

  if (lot == 0)
    return FAKE_FAIL;
  if (lot == 1)
    return FAKE_STOP;
  if (lot < 10)
    return attempt < 3 ? FAKE_RETRY : FAKE_FAIL;
  return lot < 20 ? FAKE_CACHED : FAKE_SUCCEED;
}

static void
run_with_failures (guint seed, gboolean fail_slow)
{
  AtelierPlanLimits limits = { .parallel = 5, .cpus = 4, .fail_slow = fail_slow };
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (PlanGraph) graph = plan_graph_random (random, 400, 2);
  g_auto (FakeRunner) runner = { graph, plan_graph_plan (graph, limits), limits, end_by_lot };
  AtelierPlanState outcome;
  guint n_unstarted;

  fake_runner_run (&runner);
  outcome = atelier_plan_get_outcome (runner.plan);
  g_assert_cmpuint (atelier_plan_count (runner.plan, ATELIER_PLAN_RUNNING), ==, 0);
  g_assert_cmpuint (atelier_plan_count (runner.plan, ATELIER_PLAN_DELAYED), ==, 0);
  n_unstarted = atelier_plan_count (runner.plan, ATELIER_PLAN_PENDING)
                + atelier_plan_count (runner.plan, ATELIER_PLAN_READY);
  if (fail_slow)
    g_assert_cmpuint (n_unstarted, ==, 0);
  if (outcome == ATELIER_PLAN_FAILED)
    g_assert_cmpint (atelier_plan_get_state (runner.plan, atelier_plan_get_first_failed (runner.plan)), ==,
                     ATELIER_PLAN_FAILED);
  else
    g_assert_cmpuint (atelier_plan_count (runner.plan, ATELIER_PLAN_FAILED), ==, 0);
}

static void
test_random_failures (void)
{
  for (guint seed = 1; seed <= 60; seed++)
    {
      run_with_failures (seed, TRUE);
      run_with_failures (seed, FALSE);
    }
}

/* A run that is cut off at any point and goes on from what was recorded ends like one that was not. */
static void
test_random_resume (void)
{
  for (guint seed = 1; seed <= 30; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      guint n_steps = 200, n_events = g_rand_int_range (random, 0, 200);
      g_autoptr (PlanGraph) graph = plan_graph_random (random, n_steps, 3);
      AtelierPlanLimits limits = { .parallel = 4 };
      g_autofree gboolean *outcomes = g_new (gboolean, n_steps);
      g_auto (FakeRunner) whole = { graph, NULL, limits, end_with_outcome, outcomes };
      g_auto (FakeRunner) rest = { graph, NULL, limits, end_with_outcome, outcomes };
      g_autoptr (AtelierPlan) cut = NULL;

      for (guint i = 0; i < n_steps; i++)
        outcomes[i] = g_rand_int_range (random, 0, 4) > 0;
      whole.plan = plan_graph_plan (graph, limits);
      fake_runner_run (&whole);
      cut = plan_graph_plan (graph, limits);
      while (n_events-- > 0 && atelier_plan_more_to_do (cut))
        {
          int step = atelier_plan_next_ready (cut, 0);

          atelier_plan_started (cut, step);
          atelier_plan_finished (cut, step, ATELIER_PLAN_OUTCOME_SUCCEEDED, outcomes[step]);
        }
      for (guint i = 0; i < n_steps; i++)
        {
          AtelierPlanState state = atelier_plan_get_state (cut, i);

          /* Half of what was skipped had not been recorded when it happened. */
          plan_graph_step (graph, i)->state = state == ATELIER_PLAN_SKIPPED && i % 2 ? ATELIER_PLAN_PENDING : state;
          plan_graph_step (graph, i)->branch = outcomes[i];
        }
      rest.plan = plan_graph_plan (graph, limits);
      fake_runner_run (&rest);
      for (guint i = 0; i < n_steps; i++)
        {
          g_assert_cmpint (atelier_plan_get_state (rest.plan, i), ==, atelier_plan_get_state (whole.plan, i));
          g_assert_cmpuint (rest.attempts[i], ==, whole.attempts[i] - (atelier_plan_get_state (cut, i)
                                                                       == ATELIER_PLAN_SUCCEEDED));
        }
    }
}

/* How long the plan itself takes: every step starts and ends at once. */
static void
run_through (PlanGraph *graph, const char *shape)
{
  gint64 begin_us = g_get_monotonic_time (), made_us, end_us;
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 64, .cpus = 64 });
  g_autoptr (GArray) running = g_array_new (FALSE, FALSE, sizeof (guint));
  guint n_started = 0;

  made_us = g_get_monotonic_time ();
  while (atelier_plan_more_to_do (plan))
    {
      int step;

      while ((step = atelier_plan_next_ready (plan, 0)) >= 0)
        {
          atelier_plan_started (plan, step);
          g_array_append_val (running, step);
          n_started++;
        }
      g_assert_cmpuint (running->len, >, 0);
      atelier_plan_finished (plan, g_array_index (running, guint, running->len - 1), ATELIER_PLAN_OUTCOME_SUCCEEDED,
                             TRUE);
      g_array_set_size (running, running->len - 1);
    }
  end_us = g_get_monotonic_time ();
  g_assert_cmpuint (n_started, ==, graph->steps->len);
  g_test_message ("%s: %u steps, %u edges: made in %.2f ms, run through in %.2f ms", shape, graph->steps->len,
                  graph->edges->len, (made_us - begin_us) / 1e3, (end_us - made_us) / 1e3);
}

static PlanGraph *
make_steps (guint n_steps)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);

  return plan_graph_random (random, n_steps, 0);
}

static void
test_shapes (void)
{
  g_autoptr (PlanGraph) independent = make_steps (N_STEPS);
  g_autoptr (PlanGraph) chain = make_steps (N_STEPS);
  g_autoptr (PlanGraph) layers = make_steps (N_STEPS);
  g_autoptr (PlanGraph) star = make_steps (N_STEPS);

  for (guint i = 1; i < N_STEPS; i++)
    plan_graph_add_edge (chain, i - 1, i, ATELIER_EDGE_REFERENCE);
  for (guint i = 100; i < N_STEPS; i++)
    for (guint above = 0; above < 10; above++)
      plan_graph_add_edge (layers, (i / 100 - 1) * 100 + (i + above * 7) % 100, i, ATELIER_EDGE_REFERENCE);
  for (guint i = 1; i < N_STEPS - 1; i++)
    {
      plan_graph_add_edge (star, 0, i, ATELIER_EDGE_REFERENCE);
      plan_graph_add_edge (star, i, N_STEPS - 1, ATELIER_EDGE_DEPENDS_ON);
    }
  run_through (independent, "independent");
  run_through (chain, "chain");
  run_through (layers, "layers");
  run_through (star, "star");
}

/* A Condition at the top of a chain of 10,000: its untaken branch is one event. */
static void
test_deep_skip (void)
{
  g_autoptr (PlanGraph) graph = make_steps (N_STEPS);
  g_autoptr (AtelierPlan) plan = NULL;
  guint n_settled = 0;
  int step, before = 0;

  for (guint i = 1; i < N_STEPS; i++)
    plan_graph_add_edge (graph, i - 1, i, i == 1 ? ATELIER_EDGE_BRANCH_TRUE : ATELIER_EDGE_REFERENCE);
  plan = plan_graph_plan (graph, (AtelierPlanLimits) { 0 });
  atelier_plan_started (plan, atelier_plan_next_ready (plan, 0));
  atelier_plan_finished (plan, 0, ATELIER_PLAN_OUTCOME_SUCCEEDED, FALSE);
  while ((step = atelier_plan_next_settled (plan)) >= 0)
    {
      g_assert_cmpint (step, >, before);
      before = step;
      n_settled++;
    }
  g_assert_cmpuint (n_settled, ==, N_STEPS - 1);
  g_assert_false (atelier_plan_more_to_do (plan));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan-large/random", test_random);
  g_test_add_func ("/plan-large/random-failures", test_random_failures);
  g_test_add_func ("/plan-large/random-resume", test_random_resume);
  g_test_add_func ("/plan-large/shapes", test_shapes);
  g_test_add_func ("/plan-large/deep-skip", test_deep_skip);
  return g_test_run ();
}
