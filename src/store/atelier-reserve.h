/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* AtelierReserve: some room on the workspace's disk that is kept for the database.
 *
 * A step that fills the disk must not keep the program from writing down that it failed, nor the other steps from
 * going on. So a file of ATELIER_RESERVE_BYTES, which holds nothing, stands beside the database; when a commit finds
 * the disk full the file is given up, and made again once there is room. One thread: the store's writer. */
typedef struct _AtelierReserve AtelierReserve;

#define ATELIER_RESERVE_BYTES (2 << 20)

AtelierReserve *atelier_reserve_new (const char *workspace);
void            atelier_reserve_free (AtelierReserve *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierReserve, atelier_reserve_free)

/* Makes the reserve where it is missing, if the disk has room enough besides; asked often it looks rarely. */
void            atelier_reserve_keep (AtelierReserve *self);
/* Returns: whether there was something to give up, so that it is worth trying again */
gboolean        atelier_reserve_give_up (AtelierReserve *self);

G_END_DECLS
