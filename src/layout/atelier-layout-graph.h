/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define ATELIER_LAYOUT_ERROR (atelier_layout_error_quark ())
typedef enum
{
  ATELIER_LAYOUT_ERROR_DUPLICATE,    /* a node of that id is there already */
  ATELIER_LAYOUT_ERROR_UNKNOWN_NODE, /* an edge names a node that was not added */
  ATELIER_LAYOUT_ERROR_TOO_LARGE,    /* more nodes than can be drawn */
  ATELIER_LAYOUT_ERROR_GRAPHVIZ,     /* Graphviz or its “dot” plugin failed; the message holds its own words */
} AtelierLayoutError;
GQuark atelier_layout_error_quark (void);

typedef enum
{
  ATELIER_LAYOUT_SHAPE_CARD,    /* rounded box */
  ATELIER_LAYOUT_SHAPE_DIAMOND, /* a decision */
  ATELIER_LAYOUT_SHAPE_PILL,    /* fully rounded ends: a start, an end, a parameter */
  ATELIER_LAYOUT_SHAPE_N_VALUES
} AtelierLayoutShape;

/* How a node stands out. Colour is never alone: the status text says the same in words. */
typedef enum
{
  ATELIER_LAYOUT_TONE_NEUTRAL,
  ATELIER_LAYOUT_TONE_ACTIVE,
  ATELIER_LAYOUT_TONE_SUCCESS,
  ATELIER_LAYOUT_TONE_WARNING,
  ATELIER_LAYOUT_TONE_ERROR,
  ATELIER_LAYOUT_TONE_DIMMED,
  ATELIER_LAYOUT_TONE_N_VALUES
} AtelierLayoutTone;

typedef enum
{
  ATELIER_LAYOUT_EDGE_SOLID,
  ATELIER_LAYOUT_EDGE_DASHED,
  ATELIER_LAYOUT_EDGE_DIMMED, /* solid, but pale: a way that was not taken */
  ATELIER_LAYOUT_EDGE_N_VALUES
} AtelierLayoutEdgeStyle;

/* What a node is. Any text may be any UTF-8, with quotes, line feeds or angle brackets; broken UTF-8 is repaired. */
typedef struct
{
  const char        *id;     /* unique in the graph */
  const char        *label;  /* (nullable) first line, bold; NULL: the id */
  const char        *detail; /* (nullable) second line, small: the kind, a condition's text */
  const char        *status; /* (nullable) last line, small: the status in words */
  double             width;  /* points; 0: as wide as the text needs */
  double             height; /* points; 0: as high as the text needs */
  AtelierLayoutShape shape;
  AtelierLayoutTone  tone;
} AtelierLayoutNode;

typedef struct
{
  guint                  from;  /* index of the node, in the order of adding */
  guint                  to;
  const char            *label; /* (nullable) */
  AtelierLayoutEdgeStyle style;
} AtelierLayoutEdge;

/* A graph to be drawn: nodes and edges in the order in which they were added, which the layout keeps where it can.
 * Reference counted (atomic). It is built by one thread; once it has been given to a function of atelier-layout.h it
 * is sealed, and may be read from any thread. Cycles, loops and parallel edges are allowed. */
#define ATELIER_TYPE_LAYOUT_GRAPH (atelier_layout_graph_get_type ())
typedef struct _AtelierLayoutGraph AtelierLayoutGraph;
GType                    atelier_layout_graph_get_type (void);
AtelierLayoutGraph      *atelier_layout_graph_new (const char *title);
AtelierLayoutGraph      *atelier_layout_graph_ref (AtelierLayoutGraph *self);
void                     atelier_layout_graph_unref (AtelierLayoutGraph *self);
gboolean                 atelier_layout_graph_add_node (AtelierLayoutGraph      *self,
                                                        const AtelierLayoutNode *node,
                                                        GError                 **error);
gboolean                 atelier_layout_graph_add_edge (AtelierLayoutGraph    *self,
                                                        const char            *from,
                                                        const char            *to,
                                                        const char            *label,
                                                        AtelierLayoutEdgeStyle style,
                                                        GError               **error);
const char              *atelier_layout_graph_get_title (AtelierLayoutGraph *self);
guint                    atelier_layout_graph_get_n_nodes (AtelierLayoutGraph *self);
guint                    atelier_layout_graph_get_n_edges (AtelierLayoutGraph *self);
const AtelierLayoutNode *atelier_layout_graph_get_node (AtelierLayoutGraph *self,
                                                        guint               index);
const AtelierLayoutEdge *atelier_layout_graph_get_edge (AtelierLayoutGraph *self,
                                                        guint               index);
void                     atelier_layout_graph_seal (AtelierLayoutGraph *self);

/* Graphviz source of the graph, for people and other tools; needs no Graphviz. Every name and label is a quoted
 * string, never an HTML label. */
char                    *atelier_layout_to_dot (AtelierLayoutGraph *graph);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierLayoutGraph, atelier_layout_graph_unref)

G_END_DECLS
