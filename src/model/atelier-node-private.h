/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-node.h"

G_BEGIN_DECLS

/* What atelier-document.c makes and atelier-node.c reads. */

/* An object of more members than this has, behind its children, their indices (guint32) sorted by key. */
#define ATELIER_NODE_SMALL_OBJECT 8

struct _AtelierNode
{
  const AtelierNode *parent;   /* NULL: the root */
  const char        *spelling; /* in the text */
  const char        *key;      /* in the scratch copy; NULL unless a member */
  union
  {
    const char        *string;   /* in the scratch copy */
    const AtelierNode *children; /* in the arena; NULL when there are none */
  } u;
  guint32            spelling_bytes;
  guint32            line;
  guint32            column;
  guint32            kind : 3;
  guint32            n_children : 29;
};


G_END_DECLS
