/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-layout.h"

G_BEGIN_DECLS

/* What the parts of the folder share. */

#define ATELIER_LAYOUT_LABEL_SIZE 11.0 /* points: the first line of a node */
#define ATELIER_LAYOUT_SMALL_SIZE 9.0  /* points: all other text */

/* Valid UTF-8 on one line: line feeds and other control characters become blanks. */
char  *atelier_layout_text_clean (const char *text);

/* The same, no longer than a node or an edge can show: an ellipsis ends what was cut. */
char  *atelier_layout_text_shorten (const char *text,
                                    guint       most_characters);

/* A cautious guess of the width of cleaned text in any sans-serif font, in points. */
double atelier_layout_text_width (const char *text,
                                  double      size,
                                  gboolean    bold);

#define ATELIER_LAYOUT_MOST_NODE_CHARACTERS 44
#define ATELIER_LAYOUT_MOST_EDGE_CHARACTERS 24

struct _AtelierLayout
{
  gatomicrefcount    ref_count;
  double             width;
  double             height;
  AtelierLayoutBox  *boxes;  /* (owned) a node each */
  AtelierLayoutCurve *curves; /* (owned) an edge each; their points point into the array below */
  GArray            *points; /* (owned) of AtelierLayoutPoint */
};

/* Runs Graphviz; on the layout thread only. */
AtelierLayout *atelier_layout_engine_run (AtelierLayoutGraph  *graph,
                                          AtelierLayoutQuality quality,
                                          GError             **error);

G_END_DECLS
