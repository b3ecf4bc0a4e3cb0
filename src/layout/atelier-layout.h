/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

#include "atelier-layout-graph.h"

G_BEGIN_DECLS

/* How much time a layout may take; see atelier_layout_wants_draft (). */
typedef enum
{
  ATELIER_LAYOUT_QUALITY_FINE,  /* the best picture that is reasonable for the size */
  ATELIER_LAYOUT_QUALITY_DRAFT, /* straight edges and a few more crossings, several times sooner on large graphs */
} AtelierLayoutQuality;

typedef struct
{
  double x;
  double y;
} AtelierLayoutPoint;

/* A box by its upper left corner. */
typedef struct
{
  double x;
  double y;
  double width;
  double height;
} AtelierLayoutBox;

/* The way of an edge: a start point, then three points a cubic Bézier piece, so n_points is 3 k + 1. It begins at the
 * outline of the first node and ends at the tip of the arrow. n_points is 0 where Graphviz drew nothing. */
typedef struct
{
  const AtelierLayoutPoint *points; /* borrowed from the layout */
  guint                     n_points;
  AtelierLayoutPoint        label; /* centre of the label; meaningful only where the edge has one */
} AtelierLayoutCurve;

/* Where everything goes: points (1/72 inch), x to the right, y down, origin at the upper left corner of the picture.
 * Boxes and curves have the indices of the graph's nodes and edges. Immutable, reference counted (atomic). */
#define ATELIER_TYPE_LAYOUT (atelier_layout_get_type ())
typedef struct _AtelierLayout AtelierLayout;
GType            atelier_layout_get_type (void);
AtelierLayout   *atelier_layout_ref (AtelierLayout *self);
void             atelier_layout_unref (AtelierLayout *self);
double           atelier_layout_get_width (AtelierLayout *self);
double           atelier_layout_get_height (AtelierLayout *self);
AtelierLayoutBox atelier_layout_get_box (AtelierLayout *self,
                                         guint          node);
void             atelier_layout_get_curve (AtelierLayout      *self,
                                           guint               edge,
                                           AtelierLayoutCurve *curve);

/* TRUE where a fine layout takes long enough to show a draft first. Any thread. */
gboolean         atelier_layout_wants_draft (AtelierLayoutGraph *graph);

/* Layout on the one layout thread, in the order of the calls. Graphviz cannot be interrupted: a cancelled request that
 * has not begun never begins, one that has begun ends with G_IO_ERROR_CANCELLED when it is through. The sync form
 * blocks and may be called from any thread but the window's. */
void             atelier_layout_compute_async (AtelierLayoutGraph  *graph,
                                               AtelierLayoutQuality quality,
                                               GCancellable        *cancellable,
                                               GAsyncReadyCallback  callback,
                                               gpointer             user_data);
AtelierLayout   *atelier_layout_compute_finish (GAsyncResult *result,
                                                GError      **error);
AtelierLayout   *atelier_layout_compute_sync (AtelierLayoutGraph  *graph,
                                              AtelierLayoutQuality quality,
                                              GCancellable        *cancellable,
                                              GError             **error);

/* A whole SVG document: legible in light and dark, a title (and description) for every node. */
char            *atelier_layout_to_svg (AtelierLayoutGraph *graph,
                                        AtelierLayout      *layout);
char            *atelier_layout_render_svg_sync (AtelierLayoutGraph *graph,
                                                 GError            **error);

/* Ends the layout thread; waits for what is under way. At the end of the program; a later request begins a new one. */
void             atelier_layout_shutdown (void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierLayout, atelier_layout_unref)

G_END_DECLS
