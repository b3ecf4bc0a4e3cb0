/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout-graph"

#include "config.h"

#include <math.h>
#include <glib/gi18n.h>

#include "atelier-layout-private.h"

/* The graph as its caller built it: copies of what was given, nodes with their sizes settled. */

struct _AtelierLayoutGraph
{
  gatomicrefcount ref_count;
  char           *title;
  GArray         *nodes;   /* of AtelierLayoutNode, texts owned */
  GArray         *edges;   /* of AtelierLayoutEdge, texts owned */
  GHashTable     *indices; /* id (of nodes) → index */
  gint            sealed;  /* (atomic) */
};

G_DEFINE_QUARK (atelier-layout-error-quark, atelier_layout_error)
G_DEFINE_BOXED_TYPE (AtelierLayoutGraph, atelier_layout_graph, atelier_layout_graph_ref, atelier_layout_graph_unref)

static void
clear_node (gpointer data)
{
  AtelierLayoutNode *node = data;

  g_free ((char *) node->id);
  g_free ((char *) node->label);
  g_free ((char *) node->detail);
  g_free ((char *) node->status);
}

static void
clear_edge (gpointer data)
{
  g_free ((char *) ((AtelierLayoutEdge *) data)->label);
}

AtelierLayoutGraph *
atelier_layout_graph_new (const char *title)
{
  AtelierLayoutGraph *self = g_new0 (AtelierLayoutGraph, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->title = g_utf8_make_valid (title, -1);
  self->nodes = g_array_new (FALSE, FALSE, sizeof (AtelierLayoutNode));
  g_array_set_clear_func (self->nodes, clear_node);
  self->edges = g_array_new (FALSE, FALSE, sizeof (AtelierLayoutEdge));
  g_array_set_clear_func (self->edges, clear_edge);
  self->indices = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

AtelierLayoutGraph *
atelier_layout_graph_ref (AtelierLayoutGraph *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
atelier_layout_graph_unref (AtelierLayoutGraph *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_hash_table_unref (self->indices);
  g_array_unref (self->edges);
  g_array_unref (self->nodes);
  g_free (self->title);
  g_free (self);
}

static char *
copy_text (const char *text)
{
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

/* The size of the lines of text, without any margin. */
static void
measure (const AtelierLayoutNode *node, double *width, double *height)
{
  const char *lines[] = { node->label != NULL ? node->label : node->id, node->detail, node->status };

  *width = *height = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    if (lines[i] != NULL && *lines[i] != '\0')
      {
        double size = i == 0 ? ATELIER_LAYOUT_LABEL_SIZE : ATELIER_LAYOUT_SMALL_SIZE;
        g_autofree char *text = atelier_layout_text_shorten (lines[i], ATELIER_LAYOUT_MOST_NODE_CHARACTERS);

        *width = MAX (*width, atelier_layout_text_width (text, size, i == 0));
        *height += size * 1.4;
      }
}

/* Graphviz gives up on sizes that make no sense, so they stay within what a picture can hold. */
static void
settle_size (AtelierLayoutNode *node)
{
  double width, height;

  measure (node, &width, &height);
  if (node->shape == ATELIER_LAYOUT_SHAPE_DIAMOND)
    {
      /* a box of w × h fits into a diamond of W × H when w / W + h / H ≤ 1 */
      width = MAX (width, 30) / 0.62;
      height = MAX (height, 14) / 0.38;
    }
  else
    {
      width = MAX (width + (node->shape == ATELIER_LAYOUT_SHAPE_PILL ? 32 : 24), 72);
      height += 16;
    }
  node->width = CLAMP (node->width > 0 ? node->width : ceil (width), 4, 4000);
  node->height = CLAMP (node->height > 0 ? node->height : ceil (height), 4, 4000);
}

/* atelier_layout_graph_add_node:
 * @node: copied
 *
 * Returns: %FALSE with ATELIER_LAYOUT_ERROR_DUPLICATE when the id is taken */
gboolean
atelier_layout_graph_add_node (AtelierLayoutGraph *self, const AtelierLayoutNode *node, GError **error)
{
  AtelierLayoutNode copy = *node;
  g_autofree char *id = NULL;

  g_return_val_if_fail (!g_atomic_int_get (&self->sealed), FALSE);
  g_return_val_if_fail (node->id != NULL && node->shape < ATELIER_LAYOUT_SHAPE_N_VALUES
                            && node->tone < ATELIER_LAYOUT_TONE_N_VALUES,
                        FALSE);

  id = copy_text (node->id);
  if (g_hash_table_contains (self->indices, id))
    {
      g_set_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_DUPLICATE, _("There are two nodes named “%s”"),
                   id);
      return FALSE;
    }
  copy.id = g_steal_pointer (&id);
  copy.label = copy_text (node->label);
  copy.detail = copy_text (node->detail);
  copy.status = copy_text (node->status);
  settle_size (&copy);
  g_hash_table_insert (self->indices, (gpointer) copy.id, GUINT_TO_POINTER (self->nodes->len));
  g_array_append_val (self->nodes, copy);
  return TRUE;
}

static gboolean
look_up (AtelierLayoutGraph *self, const char *id, guint *index, GError **error)
{
  g_autofree char *valid = copy_text (id);
  gpointer value;

  if (!g_hash_table_lookup_extended (self->indices, valid, NULL, &value))
    {
      g_set_error (error, ATELIER_LAYOUT_ERROR, ATELIER_LAYOUT_ERROR_UNKNOWN_NODE, _("There is no node named “%s”"),
                   valid);
      return FALSE;
    }
  *index = GPOINTER_TO_UINT (value);
  return TRUE;
}

/* atelier_layout_graph_add_edge:
 * @label: (nullable): copied
 *
 * Returns: %FALSE with ATELIER_LAYOUT_ERROR_UNKNOWN_NODE when one of the nodes was not added before */
gboolean
atelier_layout_graph_add_edge (AtelierLayoutGraph    *self,
                               const char            *from,
                               const char            *to,
                               const char            *label,
                               AtelierLayoutEdgeStyle style,
                               GError               **error)
{
  AtelierLayoutEdge edge = { .style = style };

  g_return_val_if_fail (!g_atomic_int_get (&self->sealed), FALSE);
  g_return_val_if_fail (from != NULL && to != NULL && style < ATELIER_LAYOUT_EDGE_N_VALUES, FALSE);

  if (!look_up (self, from, &edge.from, error) || !look_up (self, to, &edge.to, error))
    return FALSE;
  edge.label = label != NULL && *label != '\0' ? copy_text (label) : NULL;
  g_array_append_val (self->edges, edge);
  return TRUE;
}

const char *
atelier_layout_graph_get_title (AtelierLayoutGraph *self)
{
  return self->title;
}

guint
atelier_layout_graph_get_n_nodes (AtelierLayoutGraph *self)
{
  return self->nodes->len;
}

guint
atelier_layout_graph_get_n_edges (AtelierLayoutGraph *self)
{
  return self->edges->len;
}

/* Returns: (transfer none): the node as it is drawn: valid UTF-8, and sizes above 0 */
const AtelierLayoutNode *
atelier_layout_graph_get_node (AtelierLayoutGraph *self, guint index)
{
  g_return_val_if_fail (index < self->nodes->len, NULL);

  return &g_array_index (self->nodes, AtelierLayoutNode, index);
}

const AtelierLayoutEdge *
atelier_layout_graph_get_edge (AtelierLayoutGraph *self, guint index)
{
  g_return_val_if_fail (index < self->edges->len, NULL);

  return &g_array_index (self->edges, AtelierLayoutEdge, index);
}

/* From here on the graph does not change. */
void
atelier_layout_graph_seal (AtelierLayoutGraph *self)
{
  g_atomic_int_set (&self->sealed, TRUE);
}
