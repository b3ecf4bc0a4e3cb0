/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "plan-graph.h"

#define SECOND G_USEC_PER_SEC

static const AtelierPlanLimits no_limits = { 0 };

#define assert_start(graph, plan, now_us, expected) G_STMT_START { \
    g_autofree char *started_ = plan_graph_start (graph, plan, now_us); \
    g_assert_cmpstr (started_, ==, expected); } G_STMT_END
#define assert_settled(graph, plan, expected) G_STMT_START { \
    g_autofree char *settled_ = plan_graph_settled (graph, plan); \
    g_assert_cmpstr (settled_, ==, expected); } G_STMT_END
#define assert_state(graph, plan, name, expected) \
  g_assert_cmpint (atelier_plan_get_state (plan, plan_graph_find (graph, name)), ==, ATELIER_PLAN_##expected)
#define assert_wait(graph, plan, name, expected) G_STMT_START { \
    g_autofree char *wait_ = atelier_plan_describe_wait (plan, plan_graph_find (graph, name)); \
    g_assert_cmpstr (wait_, ==, expected); } G_STMT_END

static void
succeed (PlanGraph *graph, AtelierPlan *plan, const char *name)
{
  plan_graph_finish (graph, plan, name, ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
}

static void
test_empty (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_next_ready (plan, 0), ==, -1);
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
}

static void
test_order (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B C; B => D; C -> D");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  g_assert_true (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_next_ready (plan, 0), ==, 0);
  g_assert_cmpint (atelier_plan_next_ready (plan, 0), ==, 0);
  assert_start (graph, plan, 0, "A");
  assert_start (graph, plan, 0, "");
  g_assert_true (atelier_plan_is_running (plan, 0));
  assert_wait (graph, plan, "B", "Waits for “A”");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "B C");
  succeed (graph, plan, "C");
  assert_start (graph, plan, 0, "");
  assert_wait (graph, plan, "D", "Waits for “B”");
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_RUNNING);
  succeed (graph, plan, "B");
  assert_start (graph, plan, 0, "D");
  succeed (graph, plan, "D");
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
  g_assert_cmpuint (atelier_plan_count (plan, ATELIER_PLAN_SUCCEEDED), ==, 4);
}

static void
test_longest_path_first (void)
{
  /* From the start: Long 2 + 10, Short 3, Middle 1 + 4; then document order for the equal ones. */
  g_autoptr (PlanGraph) graph = plan_graph_parse ("Short: weight=3; Middle: weight=1; Long: weight=2; Same: weight=3;"
                                                  "Middle -> M2; M2: weight=4; Long -> L2; L2: weight=10");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 1 });

  g_assert_cmpfloat (atelier_plan_get_remaining (plan, plan_graph_find (graph, "Long")), ==, 12);
  g_assert_cmpfloat (atelier_plan_get_remaining (plan, plan_graph_find (graph, "Middle")), ==, 5);
  for (const char * const *name = (const char * const []) { "Long", "L2", "Middle", "M2", "Short", "Same", NULL };
       *name != NULL; name++)
    {
      assert_start (graph, plan, 0, *name);
      succeed (graph, plan, *name);
    }
  g_assert_false (atelier_plan_more_to_do (plan));
}

static void
test_unknown_weights_count (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("One; A -> B; B -> C");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 1 });

  g_assert_cmpfloat (atelier_plan_get_remaining (plan, plan_graph_find (graph, "A")), ==, 3);
  assert_start (graph, plan, 0, "A");
}

static void
test_parallel_limit (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A; B; C; Person: noslot; D");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 2 });

  assert_start (graph, plan, 0, "A B Person");
  assert_wait (graph, plan, "C", "Waits for its turn: 2 steps run at a time");
  g_assert_cmpint (atelier_plan_get_wait (plan, 2).kind, ==, ATELIER_PLAN_WAIT_SLOT);
  succeed (graph, plan, "Person");
  assert_start (graph, plan, 0, "");
  succeed (graph, plan, "B");
  assert_wait (graph, plan, "C", NULL);
  assert_start (graph, plan, 0, "C");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "D");
}

static void
test_admission_by_cpus (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A: weight=9 cpus=3; B: weight=8 cpus=3; C: weight=7 cpus=1");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .cpus = 4 });
  AtelierPlanWait wait;

  assert_start (graph, plan, 0, "A C"); /* C passes B */
  wait = atelier_plan_get_wait (plan, 1);
  g_assert_cmpint (wait.kind, ==, ATELIER_PLAN_WAIT_CPUS);
  g_assert_cmpint (wait.need, ==, 3);
  g_assert_cmpint (wait.have, ==, 0);
  assert_wait (graph, plan, "B", "Waits for processors: it needs 3, and 0 are free");
  succeed (graph, plan, "C");
  assert_wait (graph, plan, "B", "Waits for processors: it needs 3, and 1 is free");
  assert_start (graph, plan, 0, "");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "B");
}

static void
test_admission_by_memory (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A: memory=600; B: memory=600; C: memory=300");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .memory_bytes = 1000 });
  AtelierPlanWait wait;

  assert_start (graph, plan, 0, "A C");
  wait = atelier_plan_get_wait (plan, 1);
  g_assert_cmpint (wait.kind, ==, ATELIER_PLAN_WAIT_MEMORY);
  g_assert_cmpint (wait.need, ==, 600);
  g_assert_cmpint (wait.have, ==, 100);
  succeed (graph, plan, "C");
  assert_start (graph, plan, 0, "");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "B");
}

static void
test_bigger_than_machine_runs_alone (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A: weight=3; Big: weight=2 cpus=64; C; Person: noslot");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .cpus = 2 });

  assert_start (graph, plan, 0, "A C Person");
  assert_wait (graph, plan, "Big", "Waits until no other step runs: it asks for more than this machine has");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "");
  succeed (graph, plan, "C"); /* the person may go on thinking */
  assert_start (graph, plan, 0, "Big");
  succeed (graph, plan, "Big");
  succeed (graph, plan, "Person");
  g_assert_false (atelier_plan_more_to_do (plan));
}

static void
test_nothing_beside_the_lone_one (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("Big: weight=9 memory=5000; A; Person: noslot");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .memory_bytes = 100 });

  assert_start (graph, plan, 0, "Big Person");
  assert_wait (graph, plan, "A", "Waits for “Big”, which has the machine to itself");
  succeed (graph, plan, "Big");
  assert_start (graph, plan, 0, "A");
}

/* A step that does not fit is passed by small ones, but not for ever. */
static void
test_passing_is_bounded (void)
{
  g_autoptr (GString) text = g_string_new ("Big: weight=100 cpus=4");
  g_autoptr (PlanGraph) graph = NULL;
  g_autoptr (AtelierPlan) plan = NULL;
  guint n_small = 0;
  int step;

  g_string_append (text, "; First: weight=200 cpus=1");
  for (guint i = 0; i < 40; i++)
    g_string_append_printf (text, "; Small%u: cpus=1", i);
  graph = plan_graph_parse (text->str);
  plan = plan_graph_plan (graph, (AtelierPlanLimits) { .cpus = 4 });
  step = atelier_plan_next_ready (plan, 0);
  g_assert_cmpint (step, ==, 1);
  atelier_plan_started (plan, step);
  /* A small one ends whenever another has started, so there never are four free processors by themselves. */
  while ((step = atelier_plan_next_ready (plan, 0)) > 0)
    {
      atelier_plan_started (plan, step);
      atelier_plan_finished (plan, step, ATELIER_PLAN_OUTCOME_SUCCEEDED, FALSE);
      n_small++;
    }
  g_assert_cmpuint (n_small, ==, 8);
  g_assert_cmpint (atelier_plan_get_wait (plan, plan_graph_find (graph, "Small39")).kind, ==, ATELIER_PLAN_WAIT_TURN);
  assert_wait (graph, plan, "Small39", "Waits for its turn: “Big” goes first");
  succeed (graph, plan, "First");
  g_assert_cmpint (atelier_plan_next_ready (plan, 0), ==, 0);
}

static void
test_condition_takes_one_branch (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> K; K +> Yes; K !> No; Yes -> AfterYes; No -> AfterNo;"
                                                  "A -> AfterNo; K => Beside; A -> Own");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "K Own");
  plan_graph_finish (graph, plan, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_settled (graph, plan, "No AfterNo");
  assert_settled (graph, plan, "");
  assert_start (graph, plan, 0, "Yes Beside");
  succeed (graph, plan, "Own");
  succeed (graph, plan, "Beside");
  succeed (graph, plan, "Yes");
  assert_start (graph, plan, 0, "AfterYes");
  succeed (graph, plan, "AfterYes");
  assert_state (graph, plan, "AfterNo", SKIPPED);
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
}

static void
test_nested_conditions (void)
{
  const char *text = "K +> L; K !> X; L +> M; L !> Y; M +> Deep; M !> Z; Y -> AfterY; X -> Both; Deep -> Both";
  g_autoptr (PlanGraph) graph = plan_graph_parse (text);
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);
  g_autoptr (AtelierPlan) other = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "K");
  plan_graph_finish (graph, plan, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_settled (graph, plan, "X Both"); /* Both needs X, which is gone, whatever becomes of Deep */
  assert_start (graph, plan, 0, "L");
  plan_graph_finish (graph, plan, "L", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_settled (graph, plan, "Y AfterY");
  assert_start (graph, plan, 0, "M");
  plan_graph_finish (graph, plan, "M", ATELIER_PLAN_OUTCOME_SUCCEEDED, FALSE);
  assert_settled (graph, plan, "Deep");
  assert_start (graph, plan, 0, "Z");

  assert_start (graph, other, 0, "K");
  plan_graph_finish (graph, other, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, FALSE);
  assert_settled (graph, other, "L M Y Deep Z AfterY Both");
  assert_start (graph, other, 0, "X");
  succeed (graph, other, "X");
  g_assert_false (atelier_plan_more_to_do (other));
  g_assert_cmpuint (atelier_plan_count (other, ATELIER_PLAN_SKIPPED), ==, 7);
}

static void
test_branch_step_with_outside_edges (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("K +> Inside; Slow -> Inside; Inside -> Outside");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "K Slow");
  plan_graph_finish (graph, plan, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_start (graph, plan, 0, "");
  succeed (graph, plan, "Slow");
  assert_start (graph, plan, 0, "Inside");
  succeed (graph, plan, "Inside");
  assert_start (graph, plan, 0, "Outside");
}

static void
test_failure_fast (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> A2; B -> B2; C");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 2 });

  assert_start (graph, plan, 0, "A B");
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  assert_start (graph, plan, 0, "");
  g_assert_true (atelier_plan_is_winding_up (plan));
  g_assert_true (atelier_plan_more_to_do (plan));
  assert_wait (graph, plan, "C", "Does not start any more in this run");
  assert_wait (graph, plan, "B2", "Does not start any more in this run");
  succeed (graph, plan, "B");
  assert_start (graph, plan, 0, "");
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_FAILED);
  g_assert_cmpint (atelier_plan_get_first_failed (plan), ==, 0);
  assert_state (graph, plan, "A2", PENDING);
  assert_state (graph, plan, "B", SUCCEEDED);
}

static void
test_failure_slow (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> A2; A2 -> Join; B -> B2; B2 -> Join");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .fail_slow = TRUE });

  assert_start (graph, plan, 0, "A B");
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  g_assert_false (atelier_plan_is_winding_up (plan));
  assert_state (graph, plan, "A2", BLOCKED);
  assert_state (graph, plan, "Join", BLOCKED);
  succeed (graph, plan, "B");
  assert_start (graph, plan, 0, "B2");
  plan_graph_finish (graph, plan, "B2", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_FAILED);
  g_assert_cmpint (atelier_plan_get_first_failed (plan), ==, 0);
}

static void
test_blocked_can_be_skipped (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> X; K !> X; X -> Y");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .fail_slow = TRUE });

  assert_start (graph, plan, 0, "A K");
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  assert_state (graph, plan, "X", BLOCKED);
  plan_graph_finish (graph, plan, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_settled (graph, plan, "X Y");
  g_assert_false (atelier_plan_more_to_do (plan));
}

static void
test_fail_step_ends_execution (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; K +> TooBad; TooBad: ends noslot");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .fail_slow = TRUE });

  assert_start (graph, plan, 0, "A K");
  plan_graph_finish (graph, plan, "K", ATELIER_PLAN_OUTCOME_SUCCEEDED, TRUE);
  assert_start (graph, plan, 0, "TooBad");
  plan_graph_finish (graph, plan, "TooBad", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "");
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_FAILED);
}

static void
test_retry (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> C; B");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 1 });

  g_assert_cmpint (atelier_plan_get_next_wake_us (plan), ==, G_MAXINT64);
  assert_start (graph, plan, 0, "A");
  g_assert_true (atelier_plan_retry (plan, 0, 5 * SECOND));
  assert_state (graph, plan, "A", DELAYED);
  g_assert_cmpint (atelier_plan_get_next_wake_us (plan), ==, 5 * SECOND);
  g_assert_cmpint (atelier_plan_get_wait (plan, 0).until_us, ==, 5 * SECOND);
  assert_wait (graph, plan, "A", "Waits for its next attempt at 1970-01-01T00:00:05.000000Z");
  assert_start (graph, plan, 5 * SECOND - 1, "B"); /* its slot is free meanwhile */
  succeed (graph, plan, "B");
  assert_start (graph, plan, 5 * SECOND - 1, "");
  g_assert_true (atelier_plan_more_to_do (plan));
  assert_start (graph, plan, 5 * SECOND, "A");
  g_assert_cmpint (atelier_plan_get_next_wake_us (plan), ==, G_MAXINT64);
  succeed (graph, plan, "A");
  assert_start (graph, plan, 5 * SECOND, "C");
}

static void
test_retries_wake_in_order (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A; B; C");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A B C");
  g_assert_true (atelier_plan_retry (plan, 0, 30));
  g_assert_true (atelier_plan_retry (plan, 1, 10));
  g_assert_true (atelier_plan_retry (plan, 2, 20));
  g_assert_cmpint (atelier_plan_get_next_wake_us (plan), ==, 10);
  assert_start (graph, plan, 10, "B");
  g_assert_cmpint (atelier_plan_get_next_wake_us (plan), ==, 20);
  assert_start (graph, plan, 40, "A C");
}

static void
test_no_retry_when_winding_up (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A; B; C -> D");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "C A B");
  g_assert_true (atelier_plan_retry (plan, plan_graph_find (graph, "C"), 100));
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  assert_settled (graph, plan, "C"); /* it will not have its next attempt */
  assert_state (graph, plan, "C", FAILED);
  g_assert_false (atelier_plan_retry (plan, plan_graph_find (graph, "B"), 100));
  assert_state (graph, plan, "B", RUNNING);
  plan_graph_finish (graph, plan, "B", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_first_failed (plan), ==, plan_graph_find (graph, "A"));
}

static void
test_stop (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; C; D");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .parallel = 3 });

  assert_start (graph, plan, 0, "A C D");
  g_assert_true (atelier_plan_retry (plan, plan_graph_find (graph, "D"), 100));
  atelier_plan_stop (plan);
  assert_settled (graph, plan, "D");
  assert_state (graph, plan, "D", STOPPED);
  assert_start (graph, plan, 1000, "");
  g_assert_true (atelier_plan_more_to_do (plan));
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_STOPPED, FALSE);
  plan_graph_finish (graph, plan, "C", ATELIER_PLAN_OUTCOME_FAILED, FALSE); /* killed: not why the run ended */
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_STOPPED);
  g_assert_cmpint (atelier_plan_get_first_failed (plan), ==, -1);
}

static void
test_stop_too_late (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A");
  atelier_plan_stop (plan);
  succeed (graph, plan, "A");
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
}

static void
test_stop_after_failure (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A; B");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A B");
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  atelier_plan_stop (plan);
  plan_graph_finish (graph, plan, "B", ATELIER_PLAN_OUTCOME_STOPPED, FALSE);
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_FAILED);
}

static void
test_cached_steps_unblock (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A");
  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_CACHED, FALSE);
  assert_state (graph, plan, "A", CACHED);
  assert_start (graph, plan, 0, "B");
}

static void
test_resume (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; B -> K; K +> Yes; K !> No; No -> AfterNo; Yes -> End;"
                                                  "Beside -> End;"
                                                  "A: state=SUCCEEDED; B: state=CACHED; K: state=SUCCEEDED branch;"
                                                  "Yes: state=FAILED; No: state=SKIPPED;"
                                                  "Beside: state=RUNNING cpus=2");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .cpus = 2 });

  assert_settled (graph, plan, "AfterNo"); /* the crash came before this was recorded */
  g_assert_true (atelier_plan_is_running (plan, plan_graph_find (graph, "Beside")));
  assert_state (graph, plan, "Yes", READY);
  assert_start (graph, plan, 0, "Yes");
  succeed (graph, plan, "Yes");
  assert_wait (graph, plan, "End", "Waits for “Beside”");
  succeed (graph, plan, "Beside"); /* re-adopted: it ends as if we had started it */
  assert_start (graph, plan, 0, "End");
  succeed (graph, plan, "End");
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
}

static void
test_resume_counts_what_runs (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A: state=RUNNING cpus=2; B: cpus=2; C: state=DELAYED");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, (AtelierPlanLimits) { .cpus = 2 });

  assert_start (graph, plan, 0, "C"); /* what waited for a retry starts again; B has no room yet */
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "B");
}

/* After a crash amid a failure: the failed step stays failed, what still runs is waited for, nothing else starts. */
static void
test_resume_winding_up (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; C; D; A: state=RUNNING; C: state=RUNNING");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  plan_graph_finish (graph, plan, "A", ATELIER_PLAN_OUTCOME_FAILED, FALSE);
  assert_start (graph, plan, 0, "");
  g_assert_true (atelier_plan_more_to_do (plan));
  succeed (graph, plan, "C");
  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_FAILED);
}

static void
test_resume_of_complete_run (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; A: state=SUCCEEDED; B: state=CACHED");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  g_assert_false (atelier_plan_more_to_do (plan));
  g_assert_cmpint (atelier_plan_get_outcome (plan), ==, ATELIER_PLAN_SUCCEEDED);
}

static void
assert_cycle (const char *text, const char *expected)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse (text);
  g_autoptr (GError) error = NULL;
  AtelierPlan *plan = atelier_plan_new ((const AtelierPlanStep *) graph->steps->data, graph->steps->len,
                                        (const AtelierEdge *) graph->edges->data, graph->edges->len, &no_limits,
                                        &error);

  g_assert_null (plan);
  g_assert_error (error, ATELIER_PLAN_ERROR, ATELIER_PLAN_ERROR_CYCLE);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_cycle (void)
{
  assert_cycle ("A -> B; B -> C; C -> D; D -> B; D -> E",
                "Steps wait for each other, so none of them can start: “B” → “D” → “C” → “B”");
  assert_cycle ("A -> A", "Steps wait for each other, so none of them can start: “A” → “A”");
}

static void
test_repeated_edges (void)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse ("A -> B; A => B; A -> B");
  g_autoptr (AtelierPlan) plan = plan_graph_plan (graph, no_limits);

  assert_start (graph, plan, 0, "A");
  succeed (graph, plan, "A");
  assert_start (graph, plan, 0, "B");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/empty", test_empty);
  g_test_add_func ("/plan/order", test_order);
  g_test_add_func ("/plan/longest-path-first", test_longest_path_first);
  g_test_add_func ("/plan/unknown-weights-count", test_unknown_weights_count);
  g_test_add_func ("/plan/parallel-limit", test_parallel_limit);
  g_test_add_func ("/plan/admission-by-cpus", test_admission_by_cpus);
  g_test_add_func ("/plan/admission-by-memory", test_admission_by_memory);
  g_test_add_func ("/plan/bigger-than-machine-runs-alone", test_bigger_than_machine_runs_alone);
  g_test_add_func ("/plan/nothing-beside-the-lone-one", test_nothing_beside_the_lone_one);
  g_test_add_func ("/plan/passing-is-bounded", test_passing_is_bounded);
  g_test_add_func ("/plan/condition-takes-one-branch", test_condition_takes_one_branch);
  g_test_add_func ("/plan/nested-conditions", test_nested_conditions);
  g_test_add_func ("/plan/branch-step-with-outside-edges", test_branch_step_with_outside_edges);
  g_test_add_func ("/plan/failure-fast", test_failure_fast);
  g_test_add_func ("/plan/failure-slow", test_failure_slow);
  g_test_add_func ("/plan/blocked-can-be-skipped", test_blocked_can_be_skipped);
  g_test_add_func ("/plan/fail-step-ends-execution", test_fail_step_ends_execution);
  g_test_add_func ("/plan/retry", test_retry);
  g_test_add_func ("/plan/retries-wake-in-order", test_retries_wake_in_order);
  g_test_add_func ("/plan/no-retry-when-winding-up", test_no_retry_when_winding_up);
  g_test_add_func ("/plan/stop", test_stop);
  g_test_add_func ("/plan/stop-too-late", test_stop_too_late);
  g_test_add_func ("/plan/stop-after-failure", test_stop_after_failure);
  g_test_add_func ("/plan/cached-steps-unblock", test_cached_steps_unblock);
  g_test_add_func ("/plan/resume", test_resume);
  g_test_add_func ("/plan/resume-counts-what-runs", test_resume_counts_what_runs);
  g_test_add_func ("/plan/resume-winding-up", test_resume_winding_up);
  g_test_add_func ("/plan/resume-of-complete-run", test_resume_of_complete_run);
  g_test_add_func ("/plan/cycle", test_cycle);
  g_test_add_func ("/plan/repeated-edges", test_repeated_edges);
  return g_test_run ();
}
