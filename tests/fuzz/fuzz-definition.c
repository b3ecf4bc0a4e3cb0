/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-definition.h"

/* Any bytes at all are read as a definition. Whatever they are: nothing breaks, what is said about them is sound, and
 * what is written back reads as the same again. */

int LLVMFuzzerTestOneInput (const guint8 *data, size_t size);

static void
check_problems (const AtelierDefinition *definition, const GPtrArray *problems)
{
  g_assert_true (definition != NULL || atelier_problems_count (problems, ATELIER_SEVERITY_ERROR) > 0);
  if (definition != NULL)
    g_assert_cmpint (atelier_definition_has_errors (definition), ==,
                     atelier_problems_count (problems, ATELIER_SEVERITY_ERROR) > 0);
  for (guint i = 0; i < problems->len; i++)
    {
      const AtelierProblem *problem = g_ptr_array_index (problems, i);
      g_autofree char *text = atelier_problem_to_text (problem, "f");
      g_autoptr (json_t) json = atelier_problem_to_json (problem);

      g_assert_true (problem->line > 0 && problem->column > 0);
      g_assert_true (g_utf8_validate (text, -1, NULL));
      g_assert_null (strchr (text, '\n'));
      g_assert_nonnull (json_object_get (json, "message"));
    }
}

static void
check_graph (const AtelierDefinition *definition)
{
  guint n = atelier_definition_get_n_steps (definition), n_edges, n_branch;
  g_autofree gboolean *seen = g_new0 (gboolean, n);
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);
  const guint *order = atelier_definition_get_order (definition);

  for (guint i = 0; i < n; i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);

      g_assert_true (order[i] < n && !seen[order[i]]);
      seen[order[i]] = TRUE;
      for (int outcome = FALSE; outcome <= TRUE; outcome++)
        {
          const guint *branch = atelier_step_get_branch (step, outcome, &n_branch);

          for (guint k = 0; k < n_branch; k++)
            {
              const AtelierStep *child = atelier_definition_get_step (definition, branch[k]);

              g_assert_cmpint (atelier_step_get_parent (child), ==, i);
              g_assert_cmpint (atelier_step_get_parent_outcome (child), ==, outcome);
            }
        }
    }
  for (guint i = 0; i < n_edges; i++)
    g_assert_true (edges[i].from < n && edges[i].to < n && edges[i].from != edges[i].to);
}

static void
check_round_trip (const AtelierDefinition *definition, gboolean pretty)
{
  g_autofree char *text = atelier_definition_write (definition, pretty);
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) again = atelier_definition_parse (text, -1, problems);
  g_autoptr (json_t) before = atelier_node_to_json (atelier_definition_get_root (definition));
  g_autoptr (json_t) after = NULL;
  g_autofree char *text_again = NULL;
  guint n_before, n_after;

  g_assert_nonnull (again);
  text_again = atelier_definition_write (again, pretty);
  g_assert_cmpstr (text, ==, text_again);
  after = atelier_node_to_json (atelier_definition_get_root (again));
  g_assert_true (json_equal (before, after));
  g_assert_cmpint (atelier_definition_has_errors (definition), ==, atelier_definition_has_errors (again));
  atelier_definition_get_edges (definition, &n_before);
  atelier_definition_get_edges (again, &n_after);
  g_assert_cmpuint (n_before, ==, n_after);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, size_t size)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autofree char *text = size > 0 ? g_memdup2 (data, size) : g_strdup (""); /* as long as it is: reading on is found */
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, size, problems);

  check_problems (definition, problems);
  if (definition == NULL)
    return 0;
  check_graph (definition);
  check_round_trip (definition, FALSE);
  check_round_trip (definition, TRUE);
  return 0;
}
