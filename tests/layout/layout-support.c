/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "layout-support.h"

const char *const weird_names[] = {
  "plain",
  "with blank",
  "",
  "\"quoted\"",
  "ends with backslash\\",
  "two\\\\",
  "\\",
  "\\N \\G \\n \\l",
  "line\nfeed\r\nand\ttab",
  "<b>bold</b>",
  "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
  "&amp; &lt; &#65; &",
  "a:b:c",
  "a -> b; c [label=\"x\"]",
  "/* comment */ // # x",
  "graph",
  "Ünïcödé 工程 🚀 עברית",
  "]]> <![CDATA[ <script>alert(1)</script>",
  "control \x01\x1f\x7f here",
  "'single' `back`",
  "{record|field}",
  "node-with-a-name-that-is-so-long-that-no-card-can-show-it-whole-and-so-it-is-cut-with-an-ellipsis",
};
const gsize n_weird_names = G_N_ELEMENTS (weird_names);

void
add_node (AtelierLayoutGraph *graph, const char *id, AtelierLayoutShape shape)
{
  AtelierLayoutNode node = { .id = id, .shape = shape };
  g_autoptr (GError) error = NULL;

  atelier_layout_graph_add_node (graph, &node, &error);
  g_assert_no_error (error);
}

void
add_edge (AtelierLayoutGraph *graph, const char *from, const char *to, const char *label, AtelierLayoutEdgeStyle style)
{
  g_autoptr (GError) error = NULL;

  atelier_layout_graph_add_edge (graph, from, to, label, style, &error);
  g_assert_no_error (error);
}

AtelierLayoutGraph *
make_abalone (void)
{
  static const AtelierLayoutNode nodes[] = {
    { "Preprocess", NULL, "Processing", "Succeeded · 4 s", 0, 0, ATELIER_LAYOUT_SHAPE_CARD,
      ATELIER_LAYOUT_TONE_SUCCESS },
    { "Train", NULL, "Training", "Executing", 0, 0, ATELIER_LAYOUT_SHAPE_CARD, ATELIER_LAYOUT_TONE_ACTIVE },
    { "Evaluate", NULL, "Processing", NULL, 0, 0, ATELIER_LAYOUT_SHAPE_CARD, ATELIER_LAYOUT_TONE_NEUTRAL },
    { "CheckMse", "mse ≤ 6.0", NULL, NULL, 0, 0, ATELIER_LAYOUT_SHAPE_DIAMOND, ATELIER_LAYOUT_TONE_NEUTRAL },
    { "Register", NULL, "RegisterModel", NULL, 0, 0, ATELIER_LAYOUT_SHAPE_CARD, ATELIER_LAYOUT_TONE_NEUTRAL },
    { "Fail", NULL, "Fail", "Skipped", 0, 0, ATELIER_LAYOUT_SHAPE_CARD, ATELIER_LAYOUT_TONE_DIMMED },
    { "Notify", "Notify \"all\"", "Callback", NULL, 0, 0, ATELIER_LAYOUT_SHAPE_PILL, ATELIER_LAYOUT_TONE_NEUTRAL },
  };
  AtelierLayoutGraph *graph = atelier_layout_graph_new ("AbalonePipeline");

  for (gsize i = 0; i < G_N_ELEMENTS (nodes); i++)
    g_assert_true (atelier_layout_graph_add_node (graph, &nodes[i], NULL));
  add_edge (graph, "Preprocess", "Train", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "Preprocess", "Evaluate", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "Train", "Evaluate", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "Evaluate", "CheckMse", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "CheckMse", "Register", "True", ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "CheckMse", "Fail", "False", ATELIER_LAYOUT_EDGE_DIMMED);
  add_edge (graph, "Register", "Notify", NULL, ATELIER_LAYOUT_EDGE_DASHED);
  return graph;
}

AtelierLayoutGraph *
make_random (guint n_nodes, guint n_edges, guint reach, guint seed)
{
  AtelierLayoutGraph *graph = atelier_layout_graph_new ("random");
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  char from[16], to[16];

  for (guint i = 0; i < n_nodes; i++)
    {
      g_snprintf (to, sizeof to, "step-%u", i);
      add_node (graph, to, i % 10 == 3 ? ATELIER_LAYOUT_SHAPE_DIAMOND : ATELIER_LAYOUT_SHAPE_CARD);
    }
  for (guint i = 0; i < n_edges; i++)
    {
      guint target = (guint) g_rand_int_range (rand, 1, n_nodes);
      guint source = target - (guint) g_rand_int_range (rand, 1, MIN (target, reach) + 1);

      g_snprintf (from, sizeof from, "step-%u", source);
      g_snprintf (to, sizeof to, "step-%u", target);
      add_edge (graph, from, to, i % 20 == 0 ? "True" : NULL, i % ATELIER_LAYOUT_EDGE_N_VALUES);
    }
  return graph;
}
