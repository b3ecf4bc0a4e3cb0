/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-worker.h"

#include "atelier-layout-private.h"

/* Requests and results. There is one layout thread for the whole program, since there is one Graphviz in it; it begins
 * with the first request. The graph of a request is sealed, so the thread reads it without a lock. */

G_DEFINE_BOXED_TYPE (AtelierLayout, atelier_layout, atelier_layout_ref, atelier_layout_unref)

static GMutex lock;
static AtelierWorker *layout_thread; /* guarded by lock (owned) (nullable) */

AtelierLayout *
atelier_layout_ref (AtelierLayout *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
atelier_layout_unref (AtelierLayout *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_array_unref (self->points);
  g_free (self->curves);
  g_free (self->boxes);
  g_free (self);
}

double
atelier_layout_get_width (AtelierLayout *self)
{
  return self->width;
}

double
atelier_layout_get_height (AtelierLayout *self)
{
  return self->height;
}

/* The caller knows how many nodes and edges its graph has: the indices are not checked. */
AtelierLayoutBox
atelier_layout_get_box (AtelierLayout *self, guint node)
{
  return self->boxes[node];
}

void
atelier_layout_get_curve (AtelierLayout *self, guint edge, AtelierLayoutCurve *curve)
{
  *curve = self->curves[edge];
}

/* The sum over the edges of the ranks they go down. Ranks are the longest ways from the nodes without a predecessor;
 * what is on a cycle keeps the rank it was reached with. */
static gsize
sum_spans (AtelierLayoutGraph *graph)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph), n_edges = atelier_layout_graph_get_n_edges (graph);
  g_autofree guint *rank = g_new0 (guint, n_nodes), *n_open = g_new0 (guint, n_nodes),
                   *first = g_new0 (guint, n_nodes + 1);
  g_autofree guint *targets = g_new0 (guint, MAX (n_edges, 1)), *ready = g_new0 (guint, n_nodes);
  guint n_ready = 0;
  gsize sum = 0;

  for (guint i = 0; i < n_edges; i++)
    first[atelier_layout_graph_get_edge (graph, i)->from + 1]++;
  for (guint i = 0; i < n_nodes; i++)
    first[i + 1] += first[i];
  for (guint i = 0; i < n_edges; i++)
    {
      const AtelierLayoutEdge *edge = atelier_layout_graph_get_edge (graph, i);

      targets[--first[edge->from + 1]] = edge->to;
      n_open[edge->to]++;
    }
  /* filling them moved each first[i + 1] to the begin of node i's targets */
  for (guint i = 0; i < n_nodes; i++)
    if (n_open[i] == 0)
      ready[n_ready++] = i;
  for (guint k = 0; k < n_ready; k++)
    {
      guint node = ready[k];
      guint end = node + 1 < n_nodes ? first[node + 2] : n_edges;

      for (guint i = first[node + 1]; i < end; i++)
        {
          rank[targets[i]] = MAX (rank[targets[i]], rank[node] + 1);
          if (--n_open[targets[i]] == 0)
            ready[n_ready++] = targets[i];
        }
    }
  for (guint i = 0; i < n_edges; i++)
    {
      const AtelierLayoutEdge *edge = atelier_layout_graph_get_edge (graph, i);

      if (rank[edge->to] > rank[edge->from])
        sum += rank[edge->to] - rank[edge->from];
    }
  return sum;
}

gboolean
atelier_layout_wants_draft (AtelierLayoutGraph *graph)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph);

  return n_nodes > 1500 || (n_nodes > 100 && sum_spans (graph) > 3 * (gsize) n_nodes);
}

typedef struct
{
  AtelierLayoutGraph  *graph; /* (owned) */
  AtelierLayoutQuality quality;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  atelier_layout_graph_unref (request->graph);
  g_free (request);
}

static void
run_request (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Request *request = task_data;
  GError *error = NULL;
  AtelierLayout *layout = atelier_layout_engine_run (request->graph, request->quality, &error);

  if (layout != NULL)
    g_task_return_pointer (task, layout, (GDestroyNotify) atelier_layout_unref);
  else
    g_task_return_error (task, error);
}

static void
queue (GTask *task, GTaskThreadFunc func)
{
  g_mutex_lock (&lock);
  if (layout_thread == NULL)
    layout_thread = atelier_worker_new ("layout");
  atelier_worker_queue (layout_thread, task, func);
  g_mutex_unlock (&lock);
}

void
atelier_layout_compute_async (AtelierLayoutGraph  *graph,
                              AtelierLayoutQuality quality,
                              GCancellable        *cancellable,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Request *request = g_new0 (Request, 1);

  g_return_if_fail (graph != NULL);

  atelier_layout_graph_seal (graph);
  request->graph = atelier_layout_graph_ref (graph);
  request->quality = quality;
  g_task_set_source_tag (task, atelier_layout_compute_async);
  g_task_set_task_data (task, request, request_free);
  queue (task, run_request);
}

/* Returns: (transfer full) (nullable): the layout; %NULL with ATELIER_LAYOUT_ERROR or G_IO_ERROR_CANCELLED */
AtelierLayout *
atelier_layout_compute_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

typedef struct
{
  GAsyncResult *result; /* (owned) (nullable) NULL until it is there */
} Waiting;

static void
keep_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Waiting *) user_data)->result = g_object_ref (result);
}

/* The answer is waited for in a main context of its own, so that the caller's is not run. */
AtelierLayout *
atelier_layout_compute_sync (AtelierLayoutGraph *graph,
                             AtelierLayoutQuality quality,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Waiting waiting = { NULL };
  AtelierLayout *layout;

  g_main_context_push_thread_default (context);
  atelier_layout_compute_async (graph, quality, cancellable, keep_result_cb, &waiting);
  while (waiting.result == NULL)
    g_main_context_iteration (context, TRUE);
  layout = atelier_layout_compute_finish (waiting.result, error);
  g_object_unref (waiting.result);
  g_main_context_pop_thread_default (context);
  return layout;
}

/* Returns: (transfer full) (nullable): an SVG document; %NULL with ATELIER_LAYOUT_ERROR */
char *
atelier_layout_render_svg_sync (AtelierLayoutGraph *graph, GError **error)
{
  g_autoptr (AtelierLayout) layout = atelier_layout_compute_sync (graph, ATELIER_LAYOUT_QUALITY_FINE, NULL, error);

  return layout != NULL ? atelier_layout_to_svg (graph, layout) : NULL;
}

void
atelier_layout_shutdown (void)
{
  /* under the lock: a request that comes meanwhile waits, and then begins anew */
  g_mutex_lock (&lock);
  if (layout_thread != NULL)
    {
      atelier_worker_shutdown (layout_thread);
      g_clear_object (&layout_thread);
    }
  g_mutex_unlock (&lock);
}
