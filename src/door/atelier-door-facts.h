/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/stat.h>

#include "atelier-json.h"

G_BEGIN_DECLS

/* What S3 knows of an object beside its content: the ETag and the headers that were given with it (Content-Type,
 * x-amz-meta-…).
 *
 * They lie in an extended attribute of the file, so they come and go with it. The attribute names size and time of
 * the file: on one that was changed by hand it does not count. An object without (put by a step's outputs, copied in
 * by a person, on a file system without attributes) has an ETag made of size, time and inode, in the form `…-1` that
 * no client takes for an MD5. So an ETag is always known without reading the object, and is the same wherever it is
 * told. */
typedef struct
{
  char   *etag;    /* (owned) without quotation marks */
  char   *digest;  /* (owned) (nullable) SHA-256, hexadecimal */
  json_t *headers; /* (owned) (nullable) object of strings, names in lower case */
} AtelierDoorFacts;

void     atelier_door_facts_clear (AtelierDoorFacts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AtelierDoorFacts, atelier_door_facts_clear)

/* Reads them of the file @path, or of @fd where @path is NULL. */
void     atelier_door_facts_read (AtelierDoorFacts *self,
                                  const char       *path,
                                  int               fd,
                                  gint64            size_bytes,
                                  gint64            mtime_ns,
                                  guint64           inode);
/* FALSE where the file system keeps no such attribute. */
gboolean atelier_door_facts_write (const AtelierDoorFacts *self,
                                   int                     fd,
                                   gint64                  size_bytes,
                                   gint64                  mtime_ns);
gint64   atelier_door_mtime_ns (const struct stat *status);

G_END_DECLS
