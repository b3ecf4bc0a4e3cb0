/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-plan.h"

G_BEGIN_DECLS

/* Running a part of a pipeline. Each function decides for every step:
 *
 *   RUN    it runs, if its branch is taken           → plan it as PENDING
 *   REUSE  it does not run; its outputs are those of the reference execution → plan it as CACHED, with its branch
 *   SKIP   it does not run and nothing that runs needs it                    → plan it as SKIPPED
 *
 * The reference is described by the same steps that make a plan: their state (and branch, for Conditions) is how they
 * ended there; all PENDING where there is no reference. FALSE with ATELIER_PLAN_ERROR_SELECTION and a sentence;
 * @actions, an array of n_steps, is then untouched. A cycle is ATELIER_PLAN_ERROR_CYCLE. */
typedef enum
{
  ATELIER_SELECTION_RUN,
  ATELIER_SELECTION_REUSE,
  ATELIER_SELECTION_SKIP,
} AtelierSelectionAction;

const char *atelier_selection_action_to_text (AtelierSelectionAction action); /* "run", "reuse", "skip" */

/* Selective execution: only the selected steps run. Refused when nothing is selected, when a step on a path
 * between two selected ones is not, when a selected step needs one that is neither selected nor finished in the
 * reference, when it stands in a branch whose Condition is not selected and did not go that way, or when the
 * reference still runs.
 * @selected: n_steps flags */
gboolean    atelier_selection_choose (const AtelierPlanStep  *steps,
                                      guint                   n_steps,
                                      const AtelierEdge      *edges,
                                      guint                   n_edges,
                                      const gboolean         *selected,
                                      AtelierSelectionAction *actions,
                                      GError                **error);

/* Resume from where it failed: what finished is reused, untaken branches stay skipped, the rest runs. Refused when
 * nothing is left to run. */
gboolean    atelier_selection_resume (const AtelierPlanStep  *steps,
                                      guint                   n_steps,
                                      const AtelierEdge      *edges,
                                      guint                   n_edges,
                                      AtelierSelectionAction *actions,
                                      GError                **error);

/* Run from a step: it and everything downstream of it run, and whatever else had not finished; the rest is reused.
 * Refused when the step is in a branch that the reference did not take. */
gboolean    atelier_selection_run_from (const AtelierPlanStep  *steps,
                                        guint                   n_steps,
                                        const AtelierEdge      *edges,
                                        guint                   n_edges,
                                        guint                   chosen,
                                        AtelierSelectionAction *actions,
                                        GError                **error);

G_END_DECLS
