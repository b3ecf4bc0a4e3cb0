/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* AtelierDoorServer: serves a store's folder as S3, on the main context of the thread that made it. */
typedef struct _AtelierDoorServer AtelierDoorServer;

/* @secret: the execution's secret, 64 hexadecimal digits */
AtelierDoorServer *atelier_door_server_new (const char *store_folder,
                                            const char *access_log,
                                            const char *secret,
                                            GError    **error);
/* Ends connections, stops operations and waits for them; what was not complete leaves nothing behind. */
void               atelier_door_server_free (AtelierDoorServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorServer, atelier_door_server_free)

/* Takes connections from a Unix socket at @path, of processes of the same user only. A stale socket there is
 * replaced. */
gboolean           atelier_door_server_listen_unix (AtelierDoorServer *self,
                                                    const char        *path,
                                                    GError           **error);
/* On 127.0.0.1. @port: 0: any. Returns the port, 0 with an error */
guint16            atelier_door_server_listen_tcp (AtelierDoorServer *self,
                                                   guint16            port,
                                                   GError           **error);

/* Begins to take connections, when everything listens: GSocketService loses one that comes in while a socket is added. */
void               atelier_door_server_start (AtelierDoorServer *self);

G_END_DECLS
