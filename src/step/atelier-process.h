/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/types.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct _AtelierTreeRoot AtelierTreeRoot;

typedef struct
{
  pid_t            pid;
  pid_t            parent;
  pid_t            group;
  pid_t            session;
  char             state;       /* R, S, D, T, Z … as in /proc/PID/stat */
  guint64          start_ticks;
  AtelierTreeRoot *root;        /* (unowned) (nullable) whose it is, as atelier_tree_look() found; NULL for a stray: it took
                                 * off all marks and several roots could have started it */
} AtelierProcess;

typedef gboolean (*AtelierPidVisitor) (pid_t    pid,
                                       gpointer data);

void     atelier_process_each (int               proc_fd,
                               pid_t             from,
                               AtelierPidVisitor visit,
                               gpointer          data);
gboolean atelier_process_read (pid_t           pid,
                               AtelierProcess *process);
gboolean atelier_process_has_environment (pid_t       pid,
                                          const char *mark);
gboolean atelier_process_signal (const AtelierProcess *process,
                                 int                   number);
guint    atelier_process_namespace_depth (pid_t pid);
gint64   atelier_process_resident_bytes (pid_t pid);
gint64   atelier_process_private_bytes (pid_t pid);
char    *atelier_process_read_boot_id (void);
GArray  *atelier_process_find_marked (const char * const *environment_marks);

G_END_DECLS
