/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout-engine"

#include "config.h"

#include <math.h>
#include <string.h>
#include <gvc.h>
#include <glib/gi18n.h>

#include "atelier-layout-private.h"

/* The door to Graphviz. Everything here runs on the layout thread: Graphviz is not thread safe, look-ups reorder its
 * trees.
 *
 * Graphviz gets numbers for names and no text at all: node sizes are fixed, and the room for an edge's label is an
 * empty table of fixed size. So no name can be read as markup, no font is looked for, and the picture is the same
 * everywhere.
 *
 * dot ends the program when it is asked for a distance above 65,535 points. What could lead there is kept from it:
 * sizes are bounded, loops are drawn by us, and of many edges between the same two nodes the later ones share a
 * curve. */

#define MARGIN         8.0 /* points around the picture */
#define MOST_NODES     10000
#define MOST_PARALLEL  4
#define LOOP_ROOM      18.0

/* Made at first use and kept to the end of the program: freeing a context leaks, and the next one loads its plugins
 * again. */
static GVC_t *context;
static GString *messages;

static int
collect_message (char *message)
{
  g_string_append (messages, message);
  return 0;
}

static void
open_context (void)
{
  if (context != NULL)
    return;
  messages = g_string_new (NULL);
  agseterrf (collect_message);
  agseterr (AGWARN);
  context = gvContext ();
}

/* Text attributes are char * in Graphviz, which does not write to them. */
static void
set_default (Agraph_t *g, int kind, const char *name, const char *value)
{
  agattr (g, kind, (char *) name, (char *) value);
}

static void
set_number (void *object, const char *name, double points)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (text, sizeof text, "%.4f", points / 72);
  agset (object, (char *) name, text);
}

/* The limits follow what was measured: up to 300 nodes dot takes all the time it likes, above that its network
 * simplex is cut off, above some thousands its work on crossings too, and a draft also gives up smooth edges. */
static Agraph_t *
open_graph (guint n_nodes, AtelierLayoutQuality quality)
{
  Agraph_t *g = agopen ((char *) "", Agdirected, NULL);

  set_default (g, AGRAPH, "newrank", "true");
  set_default (g, AGRAPH, "nodesep", "0.35");
  set_default (g, AGRAPH, "ranksep", "0.45");
  if (quality == ATELIER_LAYOUT_QUALITY_DRAFT)
    set_default (g, AGRAPH, "splines", "line");
  if (quality == ATELIER_LAYOUT_QUALITY_DRAFT || n_nodes > 3000)
    {
      set_default (g, AGRAPH, "nslimit", "0.1");
      set_default (g, AGRAPH, "nslimit1", "0.1");
      set_default (g, AGRAPH, "mclimit", "0.3");
    }
  else if (n_nodes > 300)
    {
      set_default (g, AGRAPH, "nslimit", "0.3");
      set_default (g, AGRAPH, "nslimit1", "0.3");
    }
  set_default (g, AGNODE, "shape", "box");
  set_default (g, AGNODE, "fixedsize", "true");
  set_default (g, AGNODE, "label", "");
  set_default (g, AGNODE, "width", "1");
  set_default (g, AGNODE, "height", "1");
  set_default (g, AGEDGE, "arrowhead", "none");
  set_default (g, AGEDGE, "label", "");
  return g;
}

static void
add_nodes (Agraph_t *g, AtelierLayoutGraph *graph, const gboolean *has_loop, Agnode_t **nodes)
{
  for (guint i = 0; i < atelier_layout_graph_get_n_nodes (graph); i++)
    {
      const AtelierLayoutNode *node = atelier_layout_graph_get_node (graph, i);
      char name[16];

      g_snprintf (name, sizeof name, "%u", i);
      nodes[i] = agnode (g, name, TRUE);
      set_number (nodes[i], "width", node->width + (has_loop[i] ? 2 * LOOP_ROOM : 0));
      set_number (nodes[i], "height", node->height);
      if (node->shape == ATELIER_LAYOUT_SHAPE_DIAMOND)
        agset (nodes[i], (char *) "shape", (char *) "diamond");
    }
}

static void
reserve_label (Agraph_t *g, Agedge_t *edge, const char *label)
{
  g_autofree char *text = atelier_layout_text_shorten (label, ATELIER_LAYOUT_MOST_EDGE_CHARACTERS);
  int width = (int) ceil (atelier_layout_text_width (text, ATELIER_LAYOUT_SMALL_SIZE, FALSE)) + 8;
  g_autofree char *table = g_strdup_printf (
      "<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLPADDING=\"0\" CELLSPACING=\"0\" FIXEDSIZE=\"TRUE\" "
      "WIDTH=\"%d\" HEIGHT=\"14\"><TR><TD></TD></TR></TABLE>",
      width);
  char *html = agstrdup_html (g, table);

  agset (edge, (char *) "label", html);
  agstrfree (g, html);
}

/* @edges: an edge of Graphviz for each of ours; NULL for a loop; shared where there are too many of them */
static void
add_edges (Agraph_t *g, AtelierLayoutGraph *graph, Agnode_t **nodes, Agedge_t **edges)
{
  g_autoptr (GHashTable) parallel = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < atelier_layout_graph_get_n_edges (graph); i++)
    {
      const AtelierLayoutEdge *edge = atelier_layout_graph_get_edge (graph, i);
      gint64 pair = ((gint64) edge->from << 32) | edge->to;
      gint64 *key;
      char name[16];
      guint n;

      if (edge->from == edge->to)
        continue;
      n = GPOINTER_TO_UINT (g_hash_table_lookup (parallel, &pair));
      key = g_memdup2 (&pair, sizeof pair);
      g_hash_table_insert (parallel, key, GUINT_TO_POINTER (n + 1));
      if (n >= MOST_PARALLEL)
        {
          g_snprintf (name, sizeof name, "%u", n % MOST_PARALLEL);
          edges[i] = agedge (g, nodes[edge->from], nodes[edge->to], name, FALSE);
          continue;
        }
      g_snprintf (name, sizeof name, "%u", n);
      edges[i] = agedge (g, nodes[edge->from], nodes[edge->to], name, TRUE);
      if (edge->label != NULL)
        reserve_label (g, edges[i], edge->label);
    }
}

static void
add_point (AtelierLayout *layout, double x, double y)
{
  AtelierLayoutPoint place = { x, y };

  g_array_append_val (layout->points, place);
}

/* A loop leaves the right side of its node above the middle and comes back below it. */
static void
draw_loop (AtelierLayout *layout, const AtelierLayoutBox *frame, AtelierLayoutCurve *curve)
{
  double right = frame->x + frame->width, middle = frame->y + frame->height / 2, rise = frame->height / 4;

  curve->n_points = 4;
  curve->label = (AtelierLayoutPoint){ right + LOOP_ROOM, middle };
  add_point (layout, right, middle - rise);
  add_point (layout, right + LOOP_ROOM, middle - rise);
  add_point (layout, right + LOOP_ROOM, middle + rise);
  add_point (layout, right, middle + rise);
}

static void
draw_spline (AtelierLayout *layout, Agedge_t *edge, double top, AtelierLayoutCurve *curve)
{
  const splines *spline = ED_spl (edge);

  /* pieces follow each other: the last point of one is the first of the next */
  for (int i = 0; spline != NULL && i < spline->size; i++)
    for (int k = i == 0 ? 0 : 1; k < spline->list[i].size; k++)
      {
        add_point (layout, spline->list[i].list[k].x + MARGIN, top - spline->list[i].list[k].y + MARGIN);
        curve->n_points++;
      }
  if (ED_label (edge) != NULL && ED_label (edge)->set)
    curve->label = (AtelierLayoutPoint){ ED_label (edge)->pos.x + MARGIN, top - ED_label (edge)->pos.y + MARGIN };
}

/* A node with a loop was given room on both sides, so that it stays in the middle of it. */
static AtelierLayout *
collect (AtelierLayoutGraph *graph, Agraph_t *g, Agnode_t **nodes, Agedge_t **edges)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph), n_edges = atelier_layout_graph_get_n_edges (graph);
  AtelierLayout *layout = g_new0 (AtelierLayout, 1);
  double top = n_nodes > 0 ? GD_bb (g).UR.y : 0;
  gsize first = 0;

  g_atomic_ref_count_init (&layout->ref_count);
  layout->width = (n_nodes > 0 ? GD_bb (g).UR.x : 0) + 2 * MARGIN;
  layout->height = top + 2 * MARGIN;
  layout->boxes = g_new0 (AtelierLayoutBox, MAX (n_nodes, 1));
  layout->curves = g_new0 (AtelierLayoutCurve, MAX (n_edges, 1));
  layout->points = g_array_new (FALSE, FALSE, sizeof (AtelierLayoutPoint));
  for (guint i = 0; i < n_nodes; i++)
    {
      const AtelierLayoutNode *node = atelier_layout_graph_get_node (graph, i);

      layout->boxes[i]
          = (AtelierLayoutBox){ ND_coord (nodes[i]).x - node->width / 2 + MARGIN,
                                top - ND_coord (nodes[i]).y - node->height / 2 + MARGIN, node->width, node->height };
    }
  for (guint i = 0; i < n_edges; i++)
    if (edges[i] != NULL)
      draw_spline (layout, edges[i], top, &layout->curves[i]);
    else
      draw_loop (layout, &layout->boxes[atelier_layout_graph_get_edge (graph, i)->from], &layout->curves[i]);

  /* only now the array stays where it is */
  for (guint i = 0; i < n_edges; i++)
    {
      layout->curves[i].points = &g_array_index (layout->points, AtelierLayoutPoint, first);
      first += layout->curves[i].n_points;
    }
  return layout;
}

AtelierLayout *
atelier_layout_engine_run (AtelierLayoutGraph *graph, AtelierLayoutQuality quality, GError **error)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph), n_edges = atelier_layout_graph_get_n_edges (graph);
  g_autofree gboolean *has_loop = g_new0 (gboolean, MAX (n_nodes, 1));
  g_autofree Agnode_t **nodes = g_new0 (Agnode_t *, MAX (n_nodes, 1));
  g_autofree Agedge_t **edges = g_new0 (Agedge_t *, MAX (n_edges, 1));
  AtelierLayout *layout = NULL;
  Agraph_t *g;

  if (n_nodes > MOST_NODES)
    {
      g_set_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_TOO_LARGE,
                   _("The graph has %u nodes; at most %d can be drawn"), n_nodes, MOST_NODES);
      return NULL;
    }
  open_context ();
  g_string_truncate (messages, 0);
  for (guint i = 0; i < n_edges; i++)
    if (atelier_layout_graph_get_edge (graph, i)->from == atelier_layout_graph_get_edge (graph, i)->to)
      has_loop[atelier_layout_graph_get_edge (graph, i)->from] = TRUE;
  g = open_graph (n_nodes, quality);
  add_nodes (g, graph, has_loop, nodes);
  add_edges (g, graph, nodes, edges);
  if (n_nodes == 0)
    layout = collect (graph, g, nodes, edges);
  else if (gvLayout (context, g, "dot") != 0)
    g_set_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_GRAPHVIZ,
                 _("Graphviz cannot lay out the graph (is its “dot” plugin installed?). %s"),
                 g_strchomp (messages->str));
  else
    {
      layout = collect (graph, g, nodes, edges);
      gvFreeLayout (context, g);
    }
  agclose (g);
  return layout;
}
