/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/types.h>
#include <glib.h>

G_BEGIN_DECLS

/* Processes are started by posix_spawn only: fork copies the page tables of a studio that has touched 200 MiB. */
typedef struct
{
  const char * const *argv;        /* argv[0] is looked up in PATH of this process when it holds no slash */
  const char * const *envp;        /* (nullable) whole environment, "NAME=value"; NULL: this process's */
  const char         *folder;      /* (nullable) working directory */
  int                 stdin_fd;    /* -1: /dev/null */
  int                 stdout_fd;   /* -1: /dev/null */
  int                 stderr_fd;   /* -1: /dev/null */
  const int          *pass_fds;    /* (nullable) become 3, 4, … of the child in this order */
  gsize               n_pass_fds;
  gboolean            new_session; /* own session and process group, whose id is the pid */
} AtelierSpawn;

pid_t    atelier_spawn (const AtelierSpawn *spawn,
                        GError            **error);
gboolean atelier_spawn_capture (const char * const *argv,
                                const char * const *envp,
                                const char         *folder,
                                int                 timeout_ms,
                                char              **standard_output,
                                char              **standard_error,
                                int                *exit_status,
                                GError            **error);

/* A process identity that survives pid reuse and reboots. */
guint64  atelier_process_start_ticks (pid_t pid);
char    *atelier_process_boot_id (void);
gboolean atelier_process_is_alive (pid_t       pid,
                                   guint64     start_ticks,
                                   const char *boot_id);

G_END_DECLS
