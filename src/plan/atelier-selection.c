/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-selection.h"

#include "atelier-plan-graph.h"

/* Which steps of a partial run are run, reused or left out: flags that flow along the graph, once downwards and once
 * upwards. The plan itself knows nothing of selections; it is only given other states to begin with. */

static const char * const words[] =
{
  [ATELIER_SELECTION_RUN] = "run",
  [ATELIER_SELECTION_REUSE] = "reuse",
  [ATELIER_SELECTION_SKIP] = "skip",
};

#define SHOWN_STEPS 8

const char *
atelier_selection_action_to_text (AtelierSelectionAction action)
{
  g_return_val_if_fail (action < G_N_ELEMENTS (words), NULL);

  return words[action];
}

static gboolean
has_outputs (const AtelierPlanStep *step)
{
  return step->state == ATELIER_PLAN_SUCCEEDED || step->state == ATELIER_PLAN_CACHED;
}

static gboolean
refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, ATELIER_PLAN_ERROR, ATELIER_PLAN_ERROR_SELECTION, message);
  return FALSE;
}

static gboolean
check_has_ended (const AtelierPlanStep *steps, guint n_steps, GError **error)
{
  for (guint i = 0; i < n_steps; i++)
    if (steps[i].state == ATELIER_PLAN_RUNNING)
      return refuse (error, _("Step “%s” still runs in the earlier execution; wait until that has ended"),
                     steps[i].name);
  return TRUE;
}

/* Flags of the steps that have a flagged one somewhere above (@downward) or below them. */
static gboolean *
spread (const AtelierPlanGraph *graph, const gboolean *flags, gboolean downward)
{
  gboolean *reached = g_new0 (gboolean, MAX (graph->n_steps, 1));

  for (guint i = 0; i < graph->n_steps; i++)
    {
      guint step = graph->order[downward ? i : graph->n_steps - 1 - i];

      if (downward)
        for ATELIER_PLAN_GRAPH_UP (graph, step, link)
          reached[step] |= flags[link->step] || reached[link->step];
      else
        for ATELIER_PLAN_GRAPH_DOWN (graph, step, link)
          reached[step] |= flags[link->step] || reached[link->step];
    }
  return reached;
}

static gboolean
check_paths (const AtelierPlanGraph *graph,
             const AtelierPlanStep  *steps,
             const gboolean         *selected,
             const gboolean         *below,
             const gboolean         *above,
             GError                **error)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  guint n_missing = 0;

  for (guint i = 0; i < graph->n_steps; i++)
    if (below[i] && above[i] && !selected[i] && n_missing++ < SHOWN_STEPS)
      g_string_append_printf (missing, "%s“%s”", missing->len > 0 ? ", " : "", steps[i].name);
  if (n_missing > SHOWN_STEPS)
    g_string_append (missing, ", …");
  if (n_missing > 0)
    return refuse (error, ngettext ("Between the selected steps lies one that is not selected: %s. Select it too",
                                    "Between the selected steps lie some that are not selected: %s. Select them too",
                                    n_missing), missing->str);
  return TRUE;
}

/* What a selected step needs from outside the selection must be there. */
static gboolean
check_needs (const AtelierPlanGraph *graph,
             const AtelierPlanStep  *steps,
             const gboolean         *selected,
             guint                   step,
             GError                **error)
{
  for ATELIER_PLAN_GRAPH_UP (graph, step, link)
    {
      const AtelierPlanStep *upstream = &steps[link->step];

      if (selected[link->step])
        continue;
      if (!has_outputs (upstream))
        return refuse (error,
                       _("Step “%s” needs “%s”, which is neither selected nor finished in an earlier execution"),
                       steps[step].name, upstream->name);
      if (link->branch >= 0 && link->branch != !!upstream->branch)
        return refuse (error, _("Step “%s” is in a branch of “%s” that the earlier execution did not take; select "
                                "“%s” too"),
                       steps[step].name, upstream->name, upstream->name);
    }
  return TRUE;
}

gboolean
atelier_selection_choose (const AtelierPlanStep  *steps,
                          guint                   n_steps,
                          const AtelierEdge      *edges,
                          guint                   n_edges,
                          const gboolean         *selected,
                          AtelierSelectionAction *actions,
                          GError                **error)
{
  g_autoptr (AtelierPlanGraph) graph = NULL;
  g_autofree gboolean *below = NULL;
  g_autofree gboolean *above = NULL;
  gboolean any = FALSE;

  g_return_val_if_fail (selected != NULL || n_steps == 0, FALSE);
  g_return_val_if_fail (actions != NULL || n_steps == 0, FALSE);

  graph = atelier_plan_graph_new (steps, n_steps, edges, n_edges, error);
  if (graph == NULL || !check_has_ended (steps, n_steps, error))
    return FALSE;
  for (guint i = 0; i < n_steps; i++)
    any |= selected[i];
  if (!any)
    return refuse (error, _("No step is selected"));
  below = spread (graph, selected, TRUE);
  above = spread (graph, selected, FALSE);
  if (!check_paths (graph, steps, selected, below, above, error))
    return FALSE;
  for (guint i = 0; i < n_steps; i++)
    if (selected[i] && !check_needs (graph, steps, selected, i, error))
      return FALSE;
  for (guint i = 0; i < n_steps; i++)
    if (selected[i])
      actions[i] = ATELIER_SELECTION_RUN;
    else
      actions[i] = above[i] && has_outputs (&steps[i]) ? ATELIER_SELECTION_REUSE : ATELIER_SELECTION_SKIP;
  return TRUE;
}

/* Lets every step follow from those above it: below an untaken branch it stays skipped, below a step that runs it
 * runs, and else it runs only if it had not finished. @chosen runs anyway; -1: none. */
static AtelierSelectionAction *
follow (const AtelierPlanGraph *graph, const AtelierPlanStep *steps, int chosen)
{
  AtelierSelectionAction *actions = g_new (AtelierSelectionAction, MAX (graph->n_steps, 1));

  for (guint i = 0; i < graph->n_steps; i++)
    {
      guint step = graph->order[i];
      gboolean runs = (int) step == chosen || !has_outputs (&steps[step]);
      gboolean skipped = FALSE;

      for ATELIER_PLAN_GRAPH_UP (graph, step, link)
        {
          AtelierSelectionAction above = actions[link->step];

          runs |= above == ATELIER_SELECTION_RUN;
          skipped |= above == ATELIER_SELECTION_SKIP
                     || (above == ATELIER_SELECTION_REUSE && link->branch >= 0
                         && link->branch != !!steps[link->step].branch);
        }
      actions[step] = skipped ? ATELIER_SELECTION_SKIP : runs ? ATELIER_SELECTION_RUN : ATELIER_SELECTION_REUSE;
    }
  return actions;
}

gboolean
atelier_selection_resume (const AtelierPlanStep  *steps,
                          guint                   n_steps,
                          const AtelierEdge      *edges,
                          guint                   n_edges,
                          AtelierSelectionAction *actions,
                          GError                **error)
{
  g_autoptr (AtelierPlanGraph) graph = NULL;
  g_autofree AtelierSelectionAction *found = NULL;
  gboolean any = FALSE;

  g_return_val_if_fail (actions != NULL || n_steps == 0, FALSE);

  graph = atelier_plan_graph_new (steps, n_steps, edges, n_edges, error);
  if (graph == NULL || !check_has_ended (steps, n_steps, error))
    return FALSE;
  found = follow (graph, steps, -1);
  for (guint i = 0; i < n_steps; i++)
    any |= found[i] == ATELIER_SELECTION_RUN;
  if (!any)
    return refuse (error, _("All steps of the earlier execution have finished; there is nothing to resume"));
  for (guint i = 0; i < n_steps; i++)
    actions[i] = found[i];
  return TRUE;
}

gboolean
atelier_selection_run_from (const AtelierPlanStep  *steps,
                            guint                   n_steps,
                            const AtelierEdge      *edges,
                            guint                   n_edges,
                            guint                   chosen,
                            AtelierSelectionAction *actions,
                            GError                **error)
{
  g_autoptr (AtelierPlanGraph) graph = NULL;
  g_autofree AtelierSelectionAction *found = NULL;

  g_return_val_if_fail (chosen < n_steps, FALSE);
  g_return_val_if_fail (actions != NULL, FALSE);

  graph = atelier_plan_graph_new (steps, n_steps, edges, n_edges, error);
  if (graph == NULL || !check_has_ended (steps, n_steps, error))
    return FALSE;
  found = follow (graph, steps, chosen);
  if (found[chosen] == ATELIER_SELECTION_SKIP)
    return refuse (error, _("Step “%s” is in or behind a branch that the earlier execution did not take; run from "
                            "that Condition instead"), steps[chosen].name);
  for (guint i = 0; i < n_steps; i++)
    actions[i] = found[i];
  return TRUE;
}
