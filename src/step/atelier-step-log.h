/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The log file of an attempt: processes write into it directly, this keeps it within its limit. */
typedef struct
{
  int      fd;            /* (owned) O_RDWR | O_APPEND; -1: closed */
  gint64   limit_bytes;   /* 0: none */
  gboolean can_punch;     /* until the file system says it cannot */
  gint64   size_bytes;    /* of the file, holes counted, at the last look */
  gint64   hole_end;      /* left out so far: from the head to here, in a file with holes */
  gint64   removed_bytes; /* left out so far, in a file without */
} AtelierStepLog;

gboolean atelier_step_log_open (AtelierStepLog *self,
                                const char     *path,
                                gint64          limit_bytes,
                                GError        **error);
void     atelier_step_log_close (AtelierStepLog *self);
gint64   atelier_step_log_look (AtelierStepLog *self);
gint64   atelier_step_log_finish (AtelierStepLog *self);
gint64   atelier_step_log_get_written_bytes (const AtelierStepLog *self);

G_END_DECLS
