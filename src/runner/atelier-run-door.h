/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-run-private.h"

G_BEGIN_DECLS

/* AtelierDoor: the S3 door of one execution (src/door/), as its runs see it. The process belongs to the execution's
 * supervisor, so it outlives this program; its secret is in RUN_FOLDER/door.secret, readable by its owner only. */
typedef struct _AtelierDoor AtelierDoor;

/* Starts the door or finds it running. Blocks for a moment. Any worker. (transfer none): the run keeps it. */
AtelierDoor *atelier_run_ensure_door (AtelierRun            *run,
                                      AtelierSupervisorLink *link,
                                      GError               **error);
void         atelier_door_free (AtelierDoor *self);

const char  *atelier_door_get_socket (AtelierDoor *self); /* absolute path */
guint        atelier_door_get_port (AtelierDoor *self);   /* of 127.0.0.1 */
const char  *atelier_door_get_secret (AtelierDoor *self);

/* What the attempt read and wrote through the door so far, taken out: (transfer full) (element-type json_t). */
GPtrArray   *atelier_door_take_accesses (AtelierDoor *self,
                                         const char  *step,
                                         int          attempt);

G_END_DECLS
