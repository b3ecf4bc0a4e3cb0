/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout-dot"

#include "config.h"

#include <string.h>

#include "atelier-layout-private.h"

/* The graph in Graphviz's language, for people and other tools.
 *
 * Two kinds of quoted strings have to be told apart. In a name a quotation mark is written \", and every backslash
 * twice: Graphviz keeps both, but a name that ends in one would otherwise swallow the closing mark. In a label it also
 * reads escapes (\n, \N, \G …) and entities (&lt;), so backslashes and ampersands are undone for it. A quoted string is
 * never an HTML label, whatever it begins with. */

static void
append_name (GString *dot, const char *name)
{
  g_string_append_c (dot, '"');
  for (const char *p = name; *p != '\0'; p++)
    {
      if (*p == '"' || *p == '\\')
        g_string_append_c (dot, '\\');
      g_string_append_c (dot, *p);
    }
  g_string_append_c (dot, '"');
}

static void
append_label_text (GString *dot, const char *text)
{
  g_autofree char *clean = atelier_layout_text_clean (text);

  for (const char *p = clean; *p != '\0'; p++)
    {
      if (*p == '&')
        g_string_append (dot, "&amp;");
      else if (*p == '"' || *p == '\\')
        g_string_append_printf (dot, "\\%c", *p);
      else
        g_string_append_c (dot, *p);
    }
}

static void
append_node (GString *dot, const AtelierLayoutNode *node)
{
  static const char *const colors[] = { NULL, "#1a5fb4", "#1a7f4b", "#8f5902", "#c01c28", "#77767b" };
  const char *lines[] = { node->label != NULL ? node->label : node->id, node->detail, node->status };
  gboolean dashed = node->tone == ATELIER_LAYOUT_TONE_DIMMED;

  G_STATIC_ASSERT (G_N_ELEMENTS (colors) == ATELIER_LAYOUT_TONE_N_VALUES);
  g_string_append (dot, "  ");
  append_name (dot, node->id);
  g_string_append (dot, " [label=\"");
  for (gsize i = 0, n = 0; i < G_N_ELEMENTS (lines); i++)
    if (lines[i] != NULL && *lines[i] != '\0')
      {
        g_string_append (dot, n++ > 0 ? "\\n" : "");
        append_label_text (dot, lines[i]);
      }
  g_string_append (dot, "\"");
  if (node->shape == ATELIER_LAYOUT_SHAPE_DIAMOND)
    g_string_append (dot, ", shape=diamond");
  if (dashed)
    g_string_append (dot,
                     node->shape == ATELIER_LAYOUT_SHAPE_DIAMOND ? ", style=dashed" : ", style=\"rounded,dashed\"");
  else if (node->shape == ATELIER_LAYOUT_SHAPE_DIAMOND)
    g_string_append (dot, ", style=solid");
  if (colors[node->tone] != NULL)
    g_string_append_printf (dot, ", color=\"%s\"", colors[node->tone]);
  g_string_append (dot, "];\n");
}

static void
append_edge (GString *dot, AtelierLayoutGraph *graph, const AtelierLayoutEdge *edge)
{
  g_string_append (dot, "  ");
  append_name (dot, atelier_layout_graph_get_node (graph, edge->from)->id);
  g_string_append (dot, " -> ");
  append_name (dot, atelier_layout_graph_get_node (graph, edge->to)->id);
  if (edge->label != NULL || edge->style != ATELIER_LAYOUT_EDGE_SOLID)
    {
      g_string_append (dot, " [");
      if (edge->label != NULL)
        {
          g_string_append (dot, "label=\"");
          append_label_text (dot, edge->label);
          g_string_append (dot, edge->style != ATELIER_LAYOUT_EDGE_SOLID ? "\", " : "\"");
        }
      if (edge->style == ATELIER_LAYOUT_EDGE_DASHED)
        g_string_append (dot, "style=dashed");
      else if (edge->style == ATELIER_LAYOUT_EDGE_DIMMED)
        g_string_append (dot, "color=\"#9a9996\"");
      g_string_append (dot, "]");
    }
  g_string_append (dot, ";\n");
}

char *
atelier_layout_to_dot (AtelierLayoutGraph *graph)
{
  GString *dot = g_string_new ("digraph ");

  append_name (dot, atelier_layout_graph_get_title (graph));
  g_string_append (dot, " {\n"
                        "  graph [newrank=true, nodesep=0.35, ranksep=0.45];\n"
                        "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];\n"
                        "  edge [fontname=\"sans-serif\", fontsize=9];\n");
  for (guint i = 0; i < atelier_layout_graph_get_n_nodes (graph); i++)
    append_node (dot, atelier_layout_graph_get_node (graph, i));
  for (guint i = 0; i < atelier_layout_graph_get_n_edges (graph); i++)
    append_edge (dot, graph, atelier_layout_graph_get_edge (graph, i));
  g_string_append (dot, "}\n");
  return g_string_free (dot, FALSE);
}
