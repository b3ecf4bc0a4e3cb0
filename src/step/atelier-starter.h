/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/resource.h>
#include <sys/types.h>
#include <glib.h>

G_BEGIN_DECLS

/* Starts supervised processes. Functions of the one thread; what they change of this process is changed back. */
void  atelier_starter_init (void);
pid_t atelier_starter_spawn (const char * const *argv,
                             const char * const *env,
                             const char         *folder,
                             int                 output_fd,
                             rlim_t              mark,
                             rlim_t              data_bytes,
                             guint64            *start_ticks,
                             GError            **error);

G_END_DECLS
