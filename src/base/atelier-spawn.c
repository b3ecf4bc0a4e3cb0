/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-spawn"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#include "atelier-spawn.h"

/* posix_spawn clones with CLONE_VM and CLONE_VFORK: its cost does not grow with the memory of the caller, as fork's
 * does. All descriptors of this program are close-on-exec; what a child is to have is named. */

extern char **environ;

#define MOST_PASSED 16

/* The child's descriptors 0, 1, 2, 3, … come from descriptors of ours that may have just these numbers: all are first
 * moved out of the way, so that no dup2 overwrites one that is still needed. -1 stays -1. */
static gboolean
move_aside (int *fds, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (fds[i] >= 0)
      {
        int moved = fcntl (fds[i], F_DUPFD_CLOEXEC, (int) n);

        if (moved < 0)
          {
            while (i-- > 0)
              if (fds[i] >= 0)
                close (fds[i]);
            return FALSE;
          }
        fds[i] = moved;
      }
  return TRUE;
}

/* atelier_spawn:
 *
 * Starts a process with default signal handling and an empty signal mask. The caller waits for it.
 *
 * Returns: the pid, or -1 with a sentence that names the program */
pid_t
atelier_spawn (const AtelierSpawn *spawn, GError **error)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  int fds[3 + MOST_PASSED] = { spawn->stdin_fd, spawn->stdout_fd, spawn->stderr_fd };
  gsize n_fds = 3 + spawn->n_pass_fds;
  pid_t pid = -1;
  int code;

  g_return_val_if_fail (spawn->argv != NULL && spawn->argv[0] != NULL, -1);
  g_return_val_if_fail (spawn->n_pass_fds <= MOST_PASSED, -1);

  for (gsize i = 0; i < spawn->n_pass_fds; i++)
    fds[3 + i] = spawn->pass_fds[i];
  if (!move_aside (fds, n_fds))
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot start “%s”: %s"), spawn->argv[0],
                   g_strerror (saved));
      return -1;
    }
  posix_spawn_file_actions_init (&actions);
  for (int i = 0; i < (int) n_fds; i++)
    if (fds[i] < 0)
      posix_spawn_file_actions_addopen (&actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
    else
      posix_spawn_file_actions_adddup2 (&actions, fds[i], i);
  if (spawn->folder != NULL)
    posix_spawn_file_actions_addchdir_np (&actions, spawn->folder);

  posix_spawnattr_init (&attributes);
  sigemptyset (&none);
  sigfillset (&all);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &all);
  if (spawn->new_session)
    flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setflags (&attributes, flags);

  code = posix_spawnp (&pid, spawn->argv[0], &actions, &attributes, (char *const *) spawn->argv,
                       spawn->envp != NULL ? (char *const *) spawn->envp : environ);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  for (gsize i = 0; i < n_fds; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  if (code != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("Cannot start “%s”: %s"), spawn->argv[0],
                   g_strerror (code));
      return -1;
    }
  return pid;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* All that a pipe holds at most; its end closes the descriptor. */
static void
read_pipe (int *fd, GString *text)
{
  char piece[65536];
  gssize n = read (*fd, piece, sizeof piece);

  if (n > 0)
    g_string_append_len (text, piece, n);
  else if (n == 0 || (errno != EINTR && errno != EAGAIN))
    close_fd (fd);
}

/* Reads both pipes until the program has ended, or @until_us (0: no limit) has come, which is FALSE. What the program
 * leaves running in the background may hold the pipes open for ever: its end counts, not theirs. */
static gboolean
read_to_end (pid_t pid, int *out_fd, GString *out, int *err_fd, GString *err, gint64 until_us)
{
  int ended_fd = pidfd_open (pid, 0);
  gboolean in_time = TRUE;

  while (in_time && (ended_fd >= 0 || *out_fd >= 0 || *err_fd >= 0))
    {
      struct pollfd fds[] = { { *out_fd, POLLIN, 0 }, { *err_fd, POLLIN, 0 }, { ended_fd, POLLIN, 0 } };
      gint64 left_us = until_us > 0 ? until_us - g_get_monotonic_time () : 0;

      in_time = left_us >= 0;
      if (!in_time || poll (fds, G_N_ELEMENTS (fds), until_us > 0 ? (int) (left_us / 1000) + 1 : -1) <= 0)
        continue;
      /* after the end what is in the pipes is all that it wrote, also what came since poll() looked at them */
      if (fds[0].revents != 0 || fds[2].revents != 0)
        read_pipe (out_fd, out);
      if (fds[1].revents != 0 || fds[2].revents != 0)
        read_pipe (err_fd, err);
      if (fds[2].revents != 0)
        break;
    }
  close_fd (&ended_fd);
  return in_time;
}

/* atelier_spawn_capture:
 * @envp: (nullable): whole environment, or %NULL for this process's
 * @folder: (nullable): working directory
 * @timeout_ms: after which the process group is killed; 0 for no limit
 * @standard_output: (out) (nullable), @standard_error: (out) (nullable): NUL-terminated
 * @exit_status: (out) (nullable): the exit code, or 128 + signal; when %NULL any code but 0 is an error
 *
 * Runs a short program to its end. Blocks. */
gboolean
atelier_spawn_capture (const char *const *argv, const char *const *envp, const char *folder, int timeout_ms,
                       char **standard_output, char **standard_error, int *exit_status, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) err = g_string_new (NULL);
  gint64 until_us = timeout_ms > 0 ? g_get_monotonic_time () + (gint64) timeout_ms * 1000 : 0;
  int out_pipe[2] = { -1, -1 }, err_pipe[2] = { -1, -1 }, status, code;
  gboolean in_time = FALSE;
  pid_t pid = -1;

  if (pipe2 (out_pipe, O_CLOEXEC) < 0 || pipe2 (err_pipe, O_CLOEXEC) < 0 || fcntl (out_pipe[0], F_SETFL, O_NONBLOCK) < 0
      || fcntl (err_pipe[0], F_SETFL, O_NONBLOCK) < 0)
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot start “%s”: %s"), argv[0],
                   g_strerror (saved));
    }
  else
    pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .envp = envp, .folder = folder, .stdin_fd = -1,
                                           .stdout_fd = out_pipe[1], .stderr_fd = err_pipe[1], .new_session = TRUE },
                         error);
  close_fd (&out_pipe[1]);
  close_fd (&err_pipe[1]);
  if (pid > 0)
    in_time = read_to_end (pid, &out_pipe[0], out, &err_pipe[0], err, until_us);
  close_fd (&out_pipe[0]);
  close_fd (&err_pipe[0]);
  if (pid < 0)
    return FALSE;
  if (!in_time)
    kill (-pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (!in_time)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("“%s” did not answer within %g seconds"), argv[0],
                   timeout_ms / 1000.0);
      return FALSE;
    }
  code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
  if (exit_status == NULL && code != 0)
    {
      const char *text = g_strchomp (err->len > 0 ? err->str : out->str);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("“%s” failed with code %d: %s"), argv[0], code, text);
      return FALSE;
    }
  if (exit_status != NULL)
    *exit_status = code;
  if (standard_output != NULL)
    *standard_output = g_string_free (g_steal_pointer (&out), FALSE);
  if (standard_error != NULL)
    *standard_error = g_string_free (g_steal_pointer (&err), FALSE);
  return TRUE;
}

/* atelier_process_start_ticks:
 *
 * Returns: when @pid started, in clock ticks since boot (field 22 of /proc/PID/stat); 0 when there is none */
guint64
atelier_process_start_ticks (pid_t pid)
{
  char path[32], text[1024];
  const char *p;
  gssize n;
  int fd;

  g_snprintf (path, sizeof path, "/proc/%d/stat", (int) pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  if (n <= 0)
    return 0;
  text[n] = '\0';
  /* the name in field 2 may hold blanks and parentheses: count from its last one */
  p = strrchr (text, ')');
  for (int field = 2; p != NULL && field < 22; field++)
    p = strchr (p + 1, ' ');
  return p != NULL ? g_ascii_strtoull (p, NULL, 10) : 0;
}

/* Returns: (transfer full): the kernel's random name of this boot */
char *
atelier_process_boot_id (void)
{
  char *text = NULL;

  if (!g_file_get_contents ("/proc/sys/kernel/random/boot_id", &text, NULL, NULL))
    return g_strdup ("");
  return g_strchomp (text);
}

/* atelier_process_is_alive:
 *
 * Returns: whether that very process, not a later one with the same pid, is there and not a zombie */
gboolean
atelier_process_is_alive (pid_t pid, guint64 start_ticks, const char *boot_id)
{
  g_autofree char *now = atelier_process_boot_id ();
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid);
  g_autofree char *text = NULL;
  const char *p;

  if (pid <= 0 || g_strcmp0 (now, boot_id) != 0 || atelier_process_start_ticks (pid) != start_ticks)
    return FALSE;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  p = strrchr (text, ')');
  return p != NULL && p[1] == ' ' && p[2] != 'Z' && p[2] != 'X';
}
