/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/stat.h>

#include "atelier-uri.h"

G_BEGIN_DECLS

/* AtelierListing: walks the objects below a folder in the byte order of their keys, one at a time.
 *
 * That is the order S3 lists in. Only the folders on the way to the present object are held in memory, so a page in the
 * middle of a bucket costs the folders on its path and not the bucket. Hidden names, symbolic links and everything
 * that is neither file nor folder are passed over; empty folders hold no objects. Blocks; one thread at a time. */
typedef struct _AtelierListing AtelierListing;

typedef struct
{
  const char *key;        /* (unowned) relative to the folder; until the next call */
  gint64      size_bytes;
  gint64      mtime_ns;
  guint64     inode;
} AtelierListed;

/* @prefix: only keys that begin with this text, need not end at a slash
 * @after: (nullable): only keys greater than this one */
AtelierListing *atelier_listing_new (const char *folder,
                                     const char *prefix,
                                     const char *after);
void            atelier_listing_free (AtelierListing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierListing, atelier_listing_free)

/* FALSE at the end, without an error, or where a folder cannot be read, with one. */
gboolean        atelier_listing_next (AtelierListing *self,
                                      AtelierListed  *listed,
                                      GError        **error);

/* Leaves out every following key that begins with @prefix; cheap where it ends with a slash. */
void            atelier_listing_skip (AtelierListing *self,
                                      const char     *prefix);

/* Names of symbolic links that were passed over so far, at most 20 of them. (transfer none) (element-type utf8) */
GPtrArray      *atelier_listing_get_skipped (AtelierListing *self);

G_END_DECLS
