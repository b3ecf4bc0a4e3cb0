/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-journal.h"
#include "atelier-json.h"

G_BEGIN_DECLS

/* AtelierSupervisor: this program's side of "atelier-step serve" for one execution (src/step/README.md).
 *
 * Whoever uses it holds the lock RUN_FOLDER/owner. The process is started with the first connection and ends by itself after
 * the last. Any thread; each AtelierSupervisorLink is one thread's at a time. */
typedef struct _AtelierSupervisor     AtelierSupervisor;
typedef struct _AtelierSupervisorLink AtelierSupervisorLink;

AtelierSupervisor     *atelier_supervisor_new (const char *run_folder);
/* Waits for the process if nothing of it is left to supervise. Links must be freed before. */
void                   atelier_supervisor_free (AtelierSupervisor *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierSupervisor, atelier_supervisor_free)
const char            *atelier_supervisor_get_run_folder (AtelierSupervisor *self);

AtelierSupervisorLink *atelier_supervisor_connect (AtelierSupervisor *self,
                                                   GError           **error);
void                   atelier_supervisor_link_free (AtelierSupervisorLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierSupervisorLink, atelier_supervisor_link_free)
/* Of a link without an attempt or a question under way: FALSE when its supervisor is gone. */
gboolean               atelier_supervisor_link_is_idle (AtelierSupervisorLink *self);

gboolean               atelier_supervisor_link_send (AtelierSupervisorLink *self,
                                                     const json_t          *request,
                                                     GError               **error);
/* The next packet, or NULL: without @error when @timeout_ms (-1: none) passed or @wake_fd (-1: none) became readable;
 * G_IO_ERROR_CLOSED when the supervisor is gone. */
json_t                *atelier_supervisor_link_receive (AtelierSupervisorLink *self,
                                                        int                    timeout_ms,
                                                        int                    wake_fd,
                                                        GError               **error);

G_END_DECLS
