/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-layout.h"

G_BEGIN_DECLS

/* Builders that cannot fail. */
void                add_node (AtelierLayoutGraph *graph,
                              const char         *id,
                              AtelierLayoutShape  shape);
void                add_edge (AtelierLayoutGraph    *graph,
                              const char            *from,
                              const char            *to,
                              const char            *label,
                              AtelierLayoutEdgeStyle style);

/* The pipeline of the first story: five steps, a condition with two branches, one edge of DependsOn. */
AtelierLayoutGraph *make_abalone (void);

/* Edges lead from lower to higher numbers, at most @reach of them further. */
AtelierLayoutGraph *make_random (guint n_nodes,
                                 guint n_edges,
                                 guint reach,
                                 guint seed);

/* Names that break careless quoting. */
extern const char *const weird_names[];
extern const gsize       n_weird_names;

#define assert_contains(text, part)                                                                   \
  G_STMT_START                                                                                        \
  {                                                                                                   \
    if (strstr ((text), (part)) == NULL)                                                              \
      g_error ("%s:%d: “%s” is not in “%s”", __FILE__, __LINE__, (part), (text));                     \
  }                                                                                                   \
  G_STMT_END

G_END_DECLS
