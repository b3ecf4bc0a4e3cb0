/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "layout-support.h"

/* What holds for every layout: boxes have their sizes, lie within the picture and do not overlap; curves are whole
 * Bézier pieces that begin and end at the outline of their nodes, in the direction of the edge. */
static void
check (AtelierLayoutGraph *graph, AtelierLayout *layout)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph);

  for (guint i = 0; i < n_nodes; i++)
    {
      AtelierLayoutBox box = atelier_layout_get_box (layout, i);

      g_assert_cmpfloat (box.width, ==, atelier_layout_graph_get_node (graph, i)->width);
      g_assert_cmpfloat (box.height, ==, atelier_layout_graph_get_node (graph, i)->height);
      g_assert_true (box.x >= 0 && box.x + box.width <= atelier_layout_get_width (layout));
      g_assert_true (box.y >= 0 && box.y + box.height <= atelier_layout_get_height (layout));
      for (guint k = 0; k < MIN (i, 400); k++)
        {
          AtelierLayoutBox other = atelier_layout_get_box (layout, k);

          g_assert_true (box.x + box.width <= other.x || other.x + other.width <= box.x || box.y + box.height <= other.y
                         || other.y + other.height <= box.y);
        }
    }
  for (guint i = 0; i < atelier_layout_graph_get_n_edges (graph); i++)
    {
      const AtelierLayoutEdge *edge = atelier_layout_graph_get_edge (graph, i);
      const guint ends[] = { edge->from, edge->to };
      AtelierLayoutCurve curve;

      atelier_layout_get_curve (layout, i, &curve);
      g_assert_cmpuint (curve.n_points, >=, 4);
      g_assert_cmpuint (curve.n_points % 3, ==, 1);
      for (guint k = 0; k < 2; k++)
        {
          AtelierLayoutBox box = atelier_layout_get_box (layout, ends[k]);
          AtelierLayoutPoint point = curve.points[k == 0 ? 0 : curve.n_points - 1];

          g_assert_true (point.x >= box.x - 20 && point.x <= box.x + box.width + 20);
          g_assert_true (point.y >= box.y - 2 && point.y <= box.y + box.height + 2);
        }
      if (edge->label != NULL)
        g_assert_true (curve.label.x > 0 && curve.label.x < atelier_layout_get_width (layout) && curve.label.y > 0
                       && curve.label.y < atelier_layout_get_height (layout));
    }
}

static AtelierLayout *
compute (AtelierLayoutGraph *graph, AtelierLayoutQuality quality)
{
  g_autoptr (GError) error = NULL;
  AtelierLayout *layout = atelier_layout_compute_sync (graph, quality, NULL, &error);

  g_assert_no_error (error);
  check (graph, layout);
  return layout;
}

static void
test_small (void)
{
  g_autoptr (AtelierLayoutGraph) graph = make_abalone ();
  g_autoptr (AtelierLayout) layout = compute (graph, ATELIER_LAYOUT_QUALITY_FINE);

  g_assert_false (atelier_layout_wants_draft (graph));
  /* rank order is drawing order: down */
  for (guint i = 0; i < atelier_layout_graph_get_n_edges (graph); i++)
    {
      const AtelierLayoutEdge *edge = atelier_layout_graph_get_edge (graph, i);

      g_assert_cmpfloat (atelier_layout_get_box (layout, edge->from).y, <, atelier_layout_get_box (layout, edge->to).y);
    }
  /* the untaken branch stands at the right, as it was added second */
  g_assert_cmpfloat (atelier_layout_get_box (layout, 4).x, <, atelier_layout_get_box (layout, 5).x);
}

static void
test_empty_and_single (void)
{
  g_autoptr (AtelierLayoutGraph) empty = atelier_layout_graph_new ("empty"),
                                 single = atelier_layout_graph_new ("single");
  g_autoptr (AtelierLayout) none = compute (empty, ATELIER_LAYOUT_QUALITY_FINE);
  g_autoptr (AtelierLayout) one = NULL;

  add_node (single, "only", ATELIER_LAYOUT_SHAPE_PILL);
  one = compute (single, ATELIER_LAYOUT_QUALITY_DRAFT);
  g_assert_cmpfloat (atelier_layout_get_width (none), >, 0);
  g_assert_cmpfloat (atelier_layout_get_width (one), >, atelier_layout_get_width (none));
}

static void
test_cycles_and_loops (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("cycle");
  g_autoptr (AtelierLayout) layout = NULL;

  add_node (graph, "a", ATELIER_LAYOUT_SHAPE_CARD);
  add_node (graph, "b", ATELIER_LAYOUT_SHAPE_DIAMOND);
  add_node (graph, "c", ATELIER_LAYOUT_SHAPE_CARD);
  add_edge (graph, "a", "b", "there", ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "b", "a", "back", ATELIER_LAYOUT_EDGE_DASHED);
  add_edge (graph, "b", "c", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "c", "a", NULL, ATELIER_LAYOUT_EDGE_SOLID);
  add_edge (graph, "c", "c", "again", ATELIER_LAYOUT_EDGE_SOLID);
  layout = compute (graph, ATELIER_LAYOUT_QUALITY_FINE);
  g_assert_false (atelier_layout_wants_draft (graph));
}

/* What makes Graphviz end the program when it is asked directly: very wide nodes, thousands of loops and parallel
 * edges. */
static void
test_hostile (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("hostile");
  g_autoptr (AtelierLayout) layout = NULL;
  g_autofree char *long_label = g_strnfill (5000, 'W');

  for (guint i = 0; i < 40; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", i);
      AtelierLayoutNode node = { .id = id, .label = long_label, .width = 1e6, .height = 1e6 };

      g_assert_true (atelier_layout_graph_add_node (graph, &node, NULL));
    }
  for (guint i = 0; i < 3000; i++)
    {
      add_edge (graph, "0", "0", long_label, ATELIER_LAYOUT_EDGE_SOLID);
      add_edge (graph, "0", "1", long_label, ATELIER_LAYOUT_EDGE_SOLID);
      add_edge (graph, "1", "0", long_label, ATELIER_LAYOUT_EDGE_SOLID);
      add_edge (graph, "2", "39", NULL, ATELIER_LAYOUT_EDGE_SOLID);
    }
  layout = compute (graph, ATELIER_LAYOUT_QUALITY_FINE);
}

static void
test_large (void)
{
  g_autoptr (AtelierLayoutGraph) graph = make_random (1000, 1500, 20, 1);
  g_autoptr (AtelierLayout) fine = compute (graph, ATELIER_LAYOUT_QUALITY_FINE);
  g_autoptr (AtelierLayout) draft = compute (graph, ATELIER_LAYOUT_QUALITY_DRAFT);
  g_autoptr (AtelierLayoutGraph) larger = make_random (1600, 1700, 5, 1);

  g_assert_true (atelier_layout_wants_draft (larger));
}

/* Long edges are what costs: 200 nodes whose edges span most of the graph. */
static void
test_wants_draft (void)
{
  g_autoptr (AtelierLayoutGraph) near = atelier_layout_graph_new ("near"), far = atelier_layout_graph_new ("far");

  for (guint i = 0; i < 200; i++)
    {
      char id[16], before[16];

      g_snprintf (id, sizeof id, "%u", i);
      add_node (near, id, ATELIER_LAYOUT_SHAPE_CARD);
      add_node (far, id, ATELIER_LAYOUT_SHAPE_CARD);
      if (i == 0)
        continue;
      g_snprintf (before, sizeof before, "%u", i - 1);
      add_edge (near, before, id, NULL, ATELIER_LAYOUT_EDGE_SOLID);
      add_edge (far, before, id, NULL, ATELIER_LAYOUT_EDGE_SOLID);
      add_edge (far, "0", id, NULL, ATELIER_LAYOUT_EDGE_SOLID);
    }
  g_assert_false (atelier_layout_wants_draft (near));
  g_assert_true (atelier_layout_wants_draft (far));
}

static void
test_too_large (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("too large");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i <= 10000; i++)
    {
      char id[16];

      g_snprintf (id, sizeof id, "%u", i);
      add_node (graph, id, ATELIER_LAYOUT_SHAPE_CARD);
    }
  g_assert_null (atelier_layout_compute_sync (graph, ATELIER_LAYOUT_QUALITY_FINE, NULL, &error));
  g_assert_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_TOO_LARGE);
}

/* The same graph gives the same picture. */
static void
test_deterministic (void)
{
  g_autofree char *first = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (AtelierLayoutGraph) graph = make_random (120, 180, 10, 4);
      g_autoptr (GError) error = NULL;
      g_autofree char *svg = atelier_layout_render_svg_sync (graph, &error);

      g_assert_no_error (error);
      if (first == NULL)
        first = g_strdup (svg);
      g_assert_cmpstr (svg, ==, first);
    }
}

static gpointer
compute_often (gpointer data)
{
  for (guint i = 0; i < 30; i++)
    {
      g_autoptr (AtelierLayoutGraph) graph = make_random (30 + i, 60 + i, 10, GPOINTER_TO_UINT (data) + i);
      g_autoptr (AtelierLayout) layout
          = compute (graph, i % 2 ? ATELIER_LAYOUT_QUALITY_FINE : ATELIER_LAYOUT_QUALITY_DRAFT);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("asker", compute_often, GUINT_TO_POINTER (i * 100));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

typedef struct
{
  guint    n_done;
  GThread *thread;
  GError  *error;
} Answers;

static void
answer_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Answers *answers = user_data;
  g_autoptr (AtelierLayout) layout = atelier_layout_compute_finish (result, &answers->error);

  g_assert_true (g_thread_self () == answers->thread);
  g_assert_true ((layout == NULL) == (answers->error != NULL));
  answers->n_done++;
}

static void
test_async (void)
{
  Answers answers = { .thread = g_thread_self () };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (AtelierLayoutGraph) graph = make_random (20, 30, 5, i);

      atelier_layout_compute_async (graph, ATELIER_LAYOUT_QUALITY_FINE, NULL, answer_cb, &answers);
    }
  while (answers.n_done < 10)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (answers.error);

  {
    g_autoptr (AtelierLayoutGraph) graph = make_abalone ();

    g_cancellable_cancel (cancellable);
    atelier_layout_compute_async (graph, ATELIER_LAYOUT_QUALITY_FINE, cancellable, answer_cb, &answers);
    while (answers.n_done < 11)
      g_main_context_iteration (NULL, TRUE);
    g_assert_error (answers.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    g_clear_error (&answers.error);
  }
}

/* After a shutdown a new request begins anew. */
static void
test_shutdown (void)
{
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (AtelierLayoutGraph) graph = make_abalone ();
      g_autoptr (AtelierLayout) layout = compute (graph, ATELIER_LAYOUT_QUALITY_FINE);

      atelier_layout_shutdown ();
    }
  atelier_layout_shutdown ();
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/compute/small", test_small);
  g_test_add_func ("/layout/compute/empty-and-single", test_empty_and_single);
  g_test_add_func ("/layout/compute/cycles-and-loops", test_cycles_and_loops);
  g_test_add_func ("/layout/compute/hostile", test_hostile);
  g_test_add_func ("/layout/compute/large", test_large);
  g_test_add_func ("/layout/compute/wants-draft", test_wants_draft);
  g_test_add_func ("/layout/compute/too-large", test_too_large);
  g_test_add_func ("/layout/compute/deterministic", test_deterministic);
  g_test_add_func ("/layout/compute/threads", test_threads);
  g_test_add_func ("/layout/compute/async", test_async);
  g_test_add_func ("/layout/compute/shutdown", test_shutdown);
  result = g_test_run ();
  atelier_layout_shutdown ();
  return result;
}
