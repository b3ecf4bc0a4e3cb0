/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <cgraph.h>

#include "layout-support.h"

static void
test_golden (void)
{
  static const char expected[] =
    "digraph \"AbalonePipeline\" {\n"
    "  graph [newrank=true, nodesep=0.35, ranksep=0.45];\n"
    "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n"
    "  edge [fontname=\"sans-serif\", fontsize=9];\n"
    "  \"Preprocess\" [label=\"Preprocess\\nProcessing\\nSucceeded · 4 s\", color=\"#1a7f4b\"];\n"
    "  \"Train\" [label=\"Train\\nTraining\\nExecuting\", color=\"#1a5fb4\"];\n"
    "  \"Evaluate\" [label=\"Evaluate\\nProcessing\"];\n"
    "  \"CheckMse\" [label=\"mse ≤ 6.0\", shape=diamond, style=solid];\n"
    "  \"Register\" [label=\"Register\\nRegisterModel\"];\n"
    "  \"Fail\" [label=\"Fail\\nFail\\nSkipped\", style=\"rounded,dashed\", color=\"#77767b\"];\n"
    "  \"Notify\" [label=\"Notify \\\"all\\\"\\nCallback\"];\n"
    "  \"Preprocess\" -> \"Train\";\n"
    "  \"Preprocess\" -> \"Evaluate\";\n"
    "  \"Train\" -> \"Evaluate\";\n"
    "  \"Evaluate\" -> \"CheckMse\";\n"
    "  \"CheckMse\" -> \"Register\" [label=\"True\"];\n"
    "  \"CheckMse\" -> \"Fail\" [label=\"False\", color=\"#9a9996\"];\n"
    "  \"Register\" -> \"Notify\" [style=dashed];\n"
    "}\n";
  g_autoptr (AtelierLayoutGraph) graph = make_abalone ();
  g_autofree char *dot = atelier_layout_to_dot (graph);

  g_assert_cmpstr (dot, ==, expected);
}

static void
test_empty (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("");
  g_autofree char *dot = atelier_layout_to_dot (graph);

  g_assert_true (g_str_has_prefix (dot, "digraph \"\" {\n"));
  g_assert_true (g_str_has_suffix (dot, "}\n"));
}

/* Graphviz itself reads the text back: as many nodes and edges as there are, and no HTML. */
static void
test_weird_names (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("<\"weird\\");
  g_autofree char *dot = NULL;
  Agraph_t *read;
  guint n_nodes = 0, n_edges = 0;

  for (gsize i = 0; i < n_weird_names; i++)
    {
      AtelierLayoutNode node = { .id = weird_names[i], .detail = weird_names[n_weird_names - 1 - i] };

      g_assert_true (atelier_layout_graph_add_node (graph, &node, NULL));
    }
  for (gsize i = 1; i < n_weird_names; i++)
    add_edge (graph, weird_names[i - 1], weird_names[i], weird_names[i], ATELIER_LAYOUT_EDGE_DASHED);
  dot = atelier_layout_to_dot (graph);
  g_assert_true (g_utf8_validate (dot, -1, NULL));

  agseterr (AGMAX);
  read = agmemread (dot);
  g_assert_nonnull (read);
  for (Agnode_t *node = agfstnode (read); node != NULL; node = agnxtnode (read, node))
    {
      n_nodes++;
      g_assert_false (aghtmlstr (agnameof (node)));
      g_assert_false (aghtmlstr (agget (node, (char *) "label")));
      for (Agedge_t *edge = agfstout (read, node); edge != NULL; edge = agnxtout (read, edge))
        {
          n_edges++;
          g_assert_false (aghtmlstr (agget (edge, (char *) "label")));
          g_assert_cmpstr (agget (edge, (char *) "style"), ==, "dashed");
        }
    }
  g_assert_cmpuint (n_nodes, ==, n_weird_names);
  g_assert_cmpuint (n_edges, ==, n_weird_names - 1);
  agclose (read);
}

static void
test_builder (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("t");
  AtelierLayoutNode node = { .id = "a\xff", .label = "A" };
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_layout_graph_add_node (graph, &node, &error));
  g_assert_cmpstr (atelier_layout_graph_get_node (graph, 0)->id, ==, "a\357\277\275");
  g_assert_cmpfloat (atelier_layout_graph_get_node (graph, 0)->width, >=, 72);
  g_assert_false (atelier_layout_graph_add_node (graph, &node, &error));
  g_assert_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_DUPLICATE);
  g_clear_error (&error);
  g_assert_false (atelier_layout_graph_add_edge (graph, "a\xff", "b", NULL, ATELIER_LAYOUT_EDGE_SOLID, &error));
  g_assert_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_UNKNOWN_NODE);
  assert_contains (error->message, "There is no node named “b”");
  g_clear_error (&error);
  g_assert_true (atelier_layout_graph_add_edge (graph, "a\xff", "a\xff", "", ATELIER_LAYOUT_EDGE_SOLID, &error));
  g_assert_null (atelier_layout_graph_get_edge (graph, 0)->label);
  node = (AtelierLayoutNode){ .id = "huge", .width = 1e9, .height = 0.001 };
  g_assert_true (atelier_layout_graph_add_node (graph, &node, &error));
  g_assert_cmpfloat (atelier_layout_graph_get_node (graph, 1)->width, ==, 4000);
  g_assert_cmpfloat (atelier_layout_graph_get_node (graph, 1)->height, ==, 4);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/dot/golden", test_golden);
  g_test_add_func ("/layout/dot/empty", test_empty);
  g_test_add_func ("/layout/dot/weird-names", test_weird_names);
  g_test_add_func ("/layout/dot/builder", test_builder);
  return g_test_run ();
}
