/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <glib.h>

#include "atelier-process.h"

G_BEGIN_DECLS

/* The processes below this one, and whose they are. */

/* The first process of a tree: embedded in whatever owns the tree. */
struct _AtelierTreeRoot
{
  pid_t    pid;              /* also the id of its session */
  gboolean reaped;           /* waited for: its pid may be another process's by now */
  rlim_t   mark;             /* soft RLIMIT_MSGQUEUE of all its processes; 0: none could be set */
  char    *environment_mark; /* (owned) "ATELIER_ATTEMPT=…" */
  guint64  start_ticks;
  gboolean is_service;       /* a helper of ours: strays are never taken for its children */
};

typedef struct _AtelierTree AtelierTree;

AtelierTree *atelier_tree_new (void);
void         atelier_tree_free (AtelierTree *self);
void         atelier_tree_add (AtelierTree     *self,
                               AtelierTreeRoot *root);
void         atelier_tree_remove (AtelierTree     *self,
                                  AtelierTreeRoot *root);
rlim_t       atelier_tree_take_mark (AtelierTree *self);

/* How hard to look. */
typedef enum
{
  ATELIER_LOOK_MARKED, /* processes that carry a mark: cheap, for measuring; does not prove whose they are */
  ATELIER_LOOK_ALL,    /* every descendant: for whatever kills */
} AtelierLook;

GArray      *atelier_tree_look (AtelierTree *self,
                                AtelierLook  look,
                                gboolean    *unsettled);
guint        atelier_tree_count_marked (AtelierTree     *self,
                                        AtelierTreeRoot *root);
gboolean     atelier_tree_may_have_leftovers (AtelierTree     *self,
                                              AtelierTreeRoot *root,
                                              gint64           age_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierTree, atelier_tree_free)

G_END_DECLS
