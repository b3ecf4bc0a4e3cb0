/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-run-private.h"

G_BEGIN_DECLS

/* AtelierDoor: the S3 door of one execution (src/door/), as its runs see it. The process belongs to the execution's
 * supervisor, so it outlives this program and dies with that; its secret is in RUN_FOLDER/door.secret, readable by its owner
 * only. Any thread. */
typedef struct _AtelierDoor AtelierDoor;

/* How an attempt reaches the door. */
typedef struct
{
  char *socket; /* (owned) absolute path */
  guint port;   /* of 127.0.0.1 */
  char *secret; /* (owned) of the execution */
} AtelierDoorPlace;

AtelierDoor *atelier_door_new (const char *run_folder,
                               const char *store_folder);
void         atelier_door_free (AtelierDoor *self);
void         atelier_door_place_clear (AtelierDoorPlace *place);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AtelierDoorPlace, atelier_door_place_clear)

/* Starts the door or finds it running. Blocks for a moment.
 * @run: lends a connection to the supervisor
 * @place: (out) */
gboolean     atelier_door_ensure (AtelierDoor      *self,
                                  AtelierRun       *run,
                                  AtelierDoorPlace *place,
                                  GError          **error);
/* Its supervisor has died: whoever needs the door next starts another. */
void         atelier_door_forget (AtelierDoor *self);

/* What the attempt read and wrote through the door so far, taken out: (transfer full) (element-type json_t). */
GPtrArray   *atelier_door_take_accesses (AtelierDoor *self,
                                         const char  *step,
                                         int          attempt);

G_END_DECLS
