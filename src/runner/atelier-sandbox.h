/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* AtelierSandbox: what one attempt sees of this machine, as arguments of bubblewrap.
 *
 * The root is empty but for /usr and what hangs on it, a few files of /etc, /proc, /dev, the attempt's own opt-ml/ and tmp/
 * as /opt/ml and /tmp, and what is added read-only. Own user, process, IPC and host name spaces; an own network
 * without a way out unless it is allowed one. One thread at a time. */
typedef struct _AtelierSandbox AtelierSandbox;

/* (nullable): why this machine has no sandbox, a sentence; NULL: it has one. Asked once a program, by trying. */
const char     *atelier_sandbox_get_refusal (void);

AtelierSandbox *atelier_sandbox_new (const char *attempt_folder,
                                     gboolean    has_network);
void            atelier_sandbox_free (AtelierSandbox *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierSandbox, atelier_sandbox_free)

/* Shows @path of this machine at @target (NULL: the same path), not to be written. What lies below /usr is there anyway. */
void            atelier_sandbox_add_read_only (AtelierSandbox *self,
                                               const char     *path,
                                               const char     *target);
void            atelier_sandbox_add_writable (AtelierSandbox *self,
                                              const char     *path,
                                              const char     *target);
/* (transfer full): bubblewrap's command line around @argv. @folder: working directory inside */
GStrv           atelier_sandbox_wrap (AtelierSandbox     *self,
                                      const char         *folder,
                                      const char * const *argv);

G_END_DECLS
