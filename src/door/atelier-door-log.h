/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* AtelierDoorLog: the access log from which lineage is made. One JSON object a line, written with a single write() to
 * a file opened with O_APPEND, before the client has its answer:
 *
 *   {"at_us": …, "step": "Train", "attempt": 1, "op": "get" | "put" | "delete" | "copy", "uri": "s3://…",
 *    "size_bytes": …, "mtime_ns": …, "digest": "sha-256 in hexadecimal" | null, "source": "s3://…" (copy only)}
 *
 * A reader that fetches an object range by range makes one "get" for the version it reads, not one a range. Thread
 * safe. */
typedef struct _AtelierDoorLog AtelierDoorLog;

typedef struct
{
  const char *step;
  guint       attempt;
  const char *operation;
  const char *uri;
  const char *source;     /* (nullable) */
  gint64      size_bytes; /* of the object; -1: not told */
  gint64      mtime_ns;   /* of the object; 0: not told */
  const char *digest;     /* (nullable) */
} AtelierDoorAccess;

AtelierDoorLog *atelier_door_log_open (const char *path,
                                       GError    **error);
void            atelier_door_log_free (AtelierDoorLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorLog, atelier_door_log_free)
void            atelier_door_log_append (AtelierDoorLog          *self,
                                         const AtelierDoorAccess *access);

G_END_DECLS
