/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-listing.h"

G_BEGIN_DECLS

/* AtelierDoorPage: a listing of a bucket that goes on from page to page.
 *
 * Between pages the walk is kept for the client that will ask for the next one, so a page costs its own keys and not
 * the folder they are in. When it is no longer kept, or the next page is asked of another door, the walk begins anew
 * at the last key: the same answer, only slower. */
typedef struct _AtelierDoorPages AtelierDoorPages;
typedef struct _AtelierDoorPage  AtelierDoorPage;

/* A key, or with a delimiter a common prefix. */
typedef struct
{
  char    *key;       /* (owned) */
  gboolean is_prefix;
  gint64   size_bytes;
  gint64   mtime_ns;
  guint64  inode;
} AtelierDoorItem;

AtelierDoorPages      *atelier_door_pages_new (void);
void                   atelier_door_pages_free (AtelierDoorPages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorPages, atelier_door_pages_free)

/* @after: (nullable): only what comes after this key or common prefix */
AtelierDoorPage       *atelier_door_pages_take (AtelierDoorPages *self,
                                                const char       *folder,
                                                const char       *prefix,
                                                const char       *delimiter,
                                                const char       *after);
/* (nullable): the next item, without taking it; valid until the next take. NULL at the end, or with an error. */
const AtelierDoorItem *atelier_door_page_peek (AtelierDoorPage *self,
                                               GError         **error);
void                   atelier_door_page_take (AtelierDoorPage *self);
/* Gives the walk back: kept where there is more. (transfer full) */
void                   atelier_door_pages_give (AtelierDoorPages *self,
                                                AtelierDoorPage  *page);

G_END_DECLS
