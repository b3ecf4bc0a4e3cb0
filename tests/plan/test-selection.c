/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-selection.h"
#include "plan-graph.h"

/* “A=run B=reuse …”, or the sentence of the refusal. */
static char *
describe (PlanGraph *graph, gboolean done, const AtelierSelectionAction *actions, const GError *error)
{
  GString *text = g_string_new (NULL);

  if (!done)
    {
      g_assert_error (error, ATELIER_PLAN_ERROR, ATELIER_PLAN_ERROR_SELECTION);
      return g_string_free (g_string_append (text, error->message), FALSE);
    }
  for (guint i = 0; i < graph->steps->len; i++)
    g_string_append_printf (text, "%s%s=%s", i > 0 ? " " : "", (char *) g_ptr_array_index (graph->names, i),
                            atelier_selection_action_to_text (actions[i]));
  return g_string_free (text, FALSE);
}

#define GRAPH_ARGUMENTS(graph) \
  (const AtelierPlanStep *) (graph)->steps->data, (graph)->steps->len, (const AtelierEdge *) (graph)->edges->data, \
  (graph)->edges->len

static void
assert_choice (const char *text, const char *selection, const char *expected)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse (text);
  g_auto (GStrv) names = g_strsplit (selection, " ", -1);
  g_autofree gboolean *selected = g_new0 (gboolean, graph->steps->len);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, graph->steps->len);
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  gboolean done;

  for (char **name = names; *name != NULL; name++)
    if (**name != '\0')
      selected[plan_graph_find (graph, *name)] = TRUE;
  done = atelier_selection_choose (GRAPH_ARGUMENTS (graph), selected, actions, &error);
  result = describe (graph, done, actions, error);
  g_assert_cmpstr (result, ==, expected);
}

static void
assert_resume (const char *text, const char *expected)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse (text);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, graph->steps->len);
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  gboolean done = atelier_selection_resume (GRAPH_ARGUMENTS (graph), actions, &error);

  result = describe (graph, done, actions, error);
  g_assert_cmpstr (result, ==, expected);
}

static void
assert_run_from (const char *text, const char *chosen, const char *expected)
{
  g_autoptr (PlanGraph) graph = plan_graph_parse (text);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, graph->steps->len);
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  gboolean done = atelier_selection_run_from (GRAPH_ARGUMENTS (graph), plan_graph_find (graph, chosen), actions,
                                              &error);

  result = describe (graph, done, actions, error);
  g_assert_cmpstr (result, ==, expected);
}

#define FINISHED "P: state=SUCCEEDED; T: state=CACHED; E: state=SUCCEEDED; R: state=SUCCEEDED"

static void
test_choose (void)
{
  assert_choice ("P -> T; T -> E; E -> R; " FINISHED, "T", "P=reuse T=run E=skip R=skip");
  assert_choice ("P -> T; T -> E; E -> R; " FINISHED, "E R", "P=reuse T=reuse E=run R=run");
  assert_choice ("P -> T; T -> E; E -> R", "P", "P=run T=skip E=skip R=skip");
  assert_choice ("P -> T; T -> E; E -> R", "P T E R", "P=run T=run E=run R=run");
  assert_choice ("P -> T; Q; " FINISHED, "T", "P=reuse T=run Q=skip E=skip R=skip");
}

static void
test_choose_refusals (void)
{
  assert_choice ("P -> T", "", "No step is selected");
  assert_choice ("P -> T; T -> E; " FINISHED, "P E",
                 "Between the selected steps lies one that is not selected: “T”. Select it too");
  assert_choice ("P -> T; T -> U; U -> E; P -> E", "P E",
                 "Between the selected steps lie some that are not selected: “T”, “U”. Select them too");
  assert_choice ("P -> T", "T", "Step “T” needs “P”, which is neither selected nor finished in an earlier execution");
  assert_choice ("P -> T; P: state=FAILED", "T",
                 "Step “T” needs “P”, which is neither selected nor finished in an earlier execution");
  assert_choice ("P -> T; P: state=SUCCEEDED; T: state=RUNNING", "T",
                 "Step “T” still runs in the earlier execution; wait until that has ended");
}

static void
test_choose_in_branch (void)
{
  assert_choice ("K +> Yes; K !> No; K: state=SUCCEEDED branch", "Yes", "K=reuse Yes=run No=skip");
  assert_choice ("K +> Yes; K !> No; K: state=SUCCEEDED branch", "No",
                 "Step “No” is in a branch of “K” that the earlier execution did not take; select “K” too");
  assert_choice ("K +> Yes; K !> No", "Yes",
                 "Step “Yes” needs “K”, which is neither selected nor finished in an earlier execution");
  assert_choice ("K +> Yes; K !> No", "K No", "K=run Yes=skip No=run");
}

static void
test_resume (void)
{
  assert_resume ("P -> T; T -> E; P: state=SUCCEEDED; T: state=FAILED", "P=reuse T=run E=run");
  assert_resume ("P -> T; T -> E; " FINISHED,
                 "All steps of the earlier execution have finished; there is nothing to resume");
  assert_resume ("P -> K; K +> Yes; K !> No; No -> After; P: state=SUCCEEDED; K: state=SUCCEEDED branch;"
                 "Yes: state=STOPPED; No: state=SKIPPED; After: state=SKIPPED",
                 "P=reuse K=reuse Yes=run No=skip After=skip");
  /* The Condition had not been decided: whatever stood as skipped is open again. */
  assert_resume ("K +> Yes; K !> No; K: state=FAILED; No: state=SKIPPED", "K=run Yes=run No=run");
}

static void
test_run_from (void)
{
  assert_run_from ("P -> T; T -> E; Q -> E; Q: state=SUCCEEDED; " FINISHED, "T",
                   "P=reuse T=run E=run Q=reuse R=reuse");
  assert_run_from ("P -> T; T -> E; Q -> E; P: state=SUCCEEDED; T: state=SUCCEEDED; Q: state=FAILED", "T",
                   "P=reuse T=run E=run Q=run");
  /* From before a Condition: it is decided anew, so both branches are open. */
  assert_run_from ("P -> K; K +> Yes; K !> No; P: state=SUCCEEDED; K: state=SUCCEEDED branch; Yes: state=SUCCEEDED;"
                   "No: state=SKIPPED", "P", "P=run K=run Yes=run No=run");
  assert_run_from ("K +> Yes; K !> No; K: state=SUCCEEDED branch; Yes: state=SUCCEEDED; No: state=SKIPPED", "Yes",
                   "K=reuse Yes=run No=skip");
  assert_run_from (
      "K +> Yes; K !> No; K: state=SUCCEEDED branch; Yes: state=SUCCEEDED; No: state=SKIPPED", "No",
      "Step “No” is in or behind a branch that the earlier execution did not take; run from that Condition "
      "instead");
}

/* What a selection says can be planned, and every step that it lets run does run. */
static void
test_selection_can_be_planned (void)
{
  for (guint seed = 1; seed <= 50; seed++)
    {
      AtelierPlanLimits limits = { 0 };
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      g_autoptr (PlanGraph) graph = plan_graph_random (random, 60, 2);
      g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, 60);
      g_auto (FakeRunner) runner = { graph, NULL, limits };
      g_autoptr (GError) error = NULL;
      guint chosen = g_rand_int_range (random, 0, 60);

      runner.plan = plan_graph_plan (graph, limits);
      fake_runner_run (&runner);
      for (guint i = 0; i < 60; i++)
        {
          plan_graph_step (graph, i)->state = atelier_plan_get_state (runner.plan, i);
          plan_graph_step (graph, i)->branch = TRUE;
        }
      if (plan_graph_step (graph, chosen)->state == ATELIER_PLAN_SKIPPED)
        {
          g_assert_false (atelier_selection_run_from (GRAPH_ARGUMENTS (graph), chosen, actions, &error));
          continue;
        }
      g_assert_true (atelier_selection_run_from (GRAPH_ARGUMENTS (graph), chosen, actions, &error));
      g_assert_cmpint (actions[chosen], ==, ATELIER_SELECTION_RUN);
      for (guint i = 0; i < 60; i++)
        plan_graph_step (graph, i)->state = actions[i] == ATELIER_SELECTION_RUN ? ATELIER_PLAN_PENDING
                                            : actions[i] == ATELIER_SELECTION_REUSE ? ATELIER_PLAN_CACHED
                                                                                    : ATELIER_PLAN_SKIPPED;
      fake_runner_clear (&runner);
      runner = (FakeRunner) { graph, plan_graph_plan (graph, limits), limits };
      fake_runner_run (&runner);
      g_assert_cmpint (atelier_plan_get_outcome (runner.plan), ==, ATELIER_PLAN_SUCCEEDED);
      g_assert_cmpuint (runner.attempts[chosen], ==, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/selection/choose", test_choose);
  g_test_add_func ("/selection/choose-refusals", test_choose_refusals);
  g_test_add_func ("/selection/choose-in-branch", test_choose_in_branch);
  g_test_add_func ("/selection/resume", test_resume);
  g_test_add_func ("/selection/run-from", test_run_from);
  g_test_add_func ("/selection/can-be-planned", test_selection_can_be_planned);
  return g_test_run ();
}
