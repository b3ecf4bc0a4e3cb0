/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-process"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "atelier-process.h"

/* What /proc says of a single process, and the listing of all. Nothing here knows whose a process is. */

/* Where the pids begin in a listing of /proc. Kernels have had it so since 2006; who relies on it tries it out
 * first. */
#define PROC_PID_OFFSET 258

/* atelier_process_each:
 * @proc_fd: /proc, opened
 *
 * Calls @visit for the pids from @from on, ascending, until it returns %FALSE. */
void
atelier_process_each (int proc_fd, pid_t from, AtelierPidVisitor visit, gpointer data)
{
  char buffer[32 * 1024] __attribute__ ((aligned (8)));
  long n;

  if (lseek (proc_fd, from > 1 ? from + PROC_PID_OFFSET : 0, SEEK_SET) < 0)
    return;
  while ((n = syscall (SYS_getdents64, proc_fd, buffer, sizeof buffer)) > 0)
    for (long at = 0; at < n;)
      {
        const struct { guint64 inode; gint64 offset; unsigned short length; unsigned char type; char name[]; } *entry
          = (const void *) (buffer + at);
        pid_t pid = (pid_t) atoi (entry->name);

        at += entry->length;
        if (pid >= from && pid > 0 && !visit (pid, data))
          return;
      }
}

static gssize
read_proc (pid_t pid, const char *name, char *text, gsize size)
{
  char path[48];
  gssize n;
  int fd;

  g_snprintf (path, sizeof path, "/proc/%d/%s", (int) pid, name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -1;
  n = read (fd, text, size - 1);
  close (fd);
  if (n >= 0)
    text[n] = '\0';
  return n;
}

/* atelier_process_read:
 * @process: (out caller-allocates): without its root
 *
 * Returns: whether there is such a process, were it a zombie */
gboolean
atelier_process_read (pid_t pid, AtelierProcess *process)
{
  char text[1024], state;
  unsigned long long start_ticks;
  int parent, group, session;
  const char *rest;

  if (read_proc (pid, "stat", text, sizeof text) <= 0)
    return FALSE;
  /* the name in field 2 may hold blanks and parentheses: count from its last one */
  rest = strrchr (text, ')');
  if (rest == NULL ||
      sscanf (rest + 1, " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &state,
              &parent, &group, &session, &start_ticks) != 5)
    return FALSE;
  *process = (AtelierProcess) {
    .pid = pid, .parent = parent, .group = group, .session = session, .state = state, .start_ticks = start_ticks,
  };
  return TRUE;
}

/* Returns: whether its environment, as it was at its start, has the entry @mark */
gboolean
atelier_process_has_environment (pid_t pid, const char *mark)
{
  char path[48];
  g_autofree char *text = NULL;
  gsize length, mark_length = strlen (mark) + 1;

  g_snprintf (path, sizeof path, "/proc/%d/environ", (int) pid);
  if (!g_file_get_contents (path, &text, &length, NULL))
    return FALSE;
  for (const char *entry = text; entry < text + length; entry += strlen (entry) + 1)
    if (strlen (entry) + 1 == mark_length && memcmp (entry, mark, mark_length) == 0)
      return TRUE;
  return FALSE;
}

/* atelier_process_signal:
 *
 * Signals that very process and no later one with its pid.
 *
 * Returns: whether it was there */
gboolean
atelier_process_signal (const AtelierProcess *process, int number)
{
  AtelierProcess now;
  int fd = pidfd_open (process->pid, 0);
  gboolean ok;

  if (fd < 0)
    return errno == ENOSYS && kill (process->pid, number) == 0;
  ok = atelier_process_read (process->pid, &now) && now.start_ticks == process->start_ticks &&
       pidfd_send_signal (fd, number, NULL, 0) == 0;
  close (fd);
  return ok;
}

/* atelier_process_namespace_depth:
 *
 * Returns: in how many pid namespaces below ours the process is: 0 for one that is in no sandbox */
guint
atelier_process_namespace_depth (pid_t pid)
{
  char text[4096];
  const char *line;
  guint numbers = 0;

  if (read_proc (pid, "status", text, sizeof text) <= 0 || (line = strstr (text, "\nNSpid:")) == NULL)
    return 0;
  for (line += strlen ("\nNSpid:"); *line == '\t'; line += 1 + strspn (line + 1, "0123456789"))
    numbers++;
  return numbers > 0 ? numbers - 1 : 0;
}

/* Returns: memory the process has mapped and present, shared parts counted whole */
gint64
atelier_process_resident_bytes (pid_t pid)
{
  char text[128];
  long long pages;

  if (read_proc (pid, "statm", text, sizeof text) <= 0 || sscanf (text, "%*s %lld", &pages) != 1)
    return 0;
  return pages * sysconf (_SC_PAGESIZE);
}

static gint64
read_kib (const char *text, const char *key)
{
  const char *line = strstr (text, key);

  return line != NULL ? g_ascii_strtoll (line + strlen (key), NULL, 10) * 1024 : 0;
}

/* atelier_process_private_bytes:
 *
 * What only this process is to blame for: its share of anonymous and shared memory and of swap, without files,
 * which the kernel can drop. Walks its page tables: milliseconds for a large process.
 *
 * Returns: bytes, or -1 when we may not know */
gint64
atelier_process_private_bytes (pid_t pid)
{
  char text[4096];

  if (read_proc (pid, "smaps_rollup", text, sizeof text) <= 0)
    return -1;
  if (strstr (text, "\nPss_Anon:") == NULL)
    return read_kib (text, "\nPss:") + read_kib (text, "\nSwapPss:");
  return read_kib (text, "\nPss_Anon:") + read_kib (text, "\nPss_Shmem:") + read_kib (text, "\nSwapPss:");
}

/* Returns: (transfer full): the kernel's random name of this boot, "" when it has none */
char *
atelier_process_read_boot_id (void)
{
  char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (text);
}

typedef struct
{
  const char *const *marks;
  GArray            *found;
} Search;

static gboolean
check_environment (pid_t pid, gpointer data)
{
  Search *search = data;
  AtelierProcess process;

  for (gsize i = 0; search->marks[i] != NULL; i++)
    if (atelier_process_has_environment (pid, search->marks[i]) && atelier_process_read (pid, &process) &&
        process.state != 'Z')
      {
        g_array_append_val (search->found, process);
        break;
      }
  return TRUE;
}

/* atelier_process_find_marked:
 * @environment_marks: entries of an environment
 *
 * Returns: (transfer full) (element-type AtelierProcess): all processes of this user that have one of them,
 *   whoever's children they are */
GArray *
atelier_process_find_marked (const char *const *environment_marks)
{
  Search search = { environment_marks, g_array_new (FALSE, FALSE, sizeof (AtelierProcess)) };
  int proc_fd = open ("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (proc_fd >= 0)
    {
      atelier_process_each (proc_fd, 1, check_environment, &search);
      close (proc_fd);
    }
  return search.found;
}
