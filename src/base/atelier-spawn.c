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
#include <sys/wait.h>
#include <unistd.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#include "atelier-spawn.h"

/* posix_spawn clones with CLONE_VM and CLONE_VFORK: its cost does not grow with the memory of the caller, as fork's
 * does. All descriptors of this program are close-on-exec; what a child is to have is named. */

extern char **environ;

#define FIRST_PASSED 3

/* Descriptors to pass may themselves be 3, 4, …; they are first moved out of the way so that no dup2 overwrites one. */
static gboolean
move_aside (const int *from, int *to, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      to[i] = fcntl (from[i], F_DUPFD_CLOEXEC, FIRST_PASSED + (int) n);
      if (to[i] < 0)
        {
          while (i-- > 0)
            close (to[i]);
          return FALSE;
        }
    }
  return TRUE;
}

static void
add_standard (posix_spawn_file_actions_t *actions, int fd, int target)
{
  if (fd < 0)
    posix_spawn_file_actions_addopen (actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0);
  else
    posix_spawn_file_actions_adddup2 (actions, fd, target);
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
  int moved[16];
  pid_t pid = -1;
  int code;

  g_return_val_if_fail (spawn->argv != NULL && spawn->argv[0] != NULL, -1);
  g_return_val_if_fail (spawn->n_pass_fds <= G_N_ELEMENTS (moved), -1);

  if (!move_aside (spawn->pass_fds, moved, spawn->n_pass_fds))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot start “%s”: %s"), spawn->argv[0],
                   g_strerror (errno));
      return -1;
    }
  posix_spawn_file_actions_init (&actions);
  add_standard (&actions, spawn->stdin_fd, 0);
  add_standard (&actions, spawn->stdout_fd, 1);
  add_standard (&actions, spawn->stderr_fd, 2);
  for (gsize i = 0; i < spawn->n_pass_fds; i++)
    posix_spawn_file_actions_adddup2 (&actions, moved[i], FIRST_PASSED + (int) i);
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
  for (gsize i = 0; i < spawn->n_pass_fds; i++)
    close (moved[i]);
  if (code != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("Cannot start “%s”: %s"), spawn->argv[0],
                   g_strerror (code));
      return -1;
    }
  return pid;
}

static gboolean
read_more (int *fd, GString *text)
{
  char piece[4096];
  gssize n = read (*fd, piece, sizeof piece);

  if (n > 0)
    g_string_append_len (text, piece, n);
  else if (n == 0 || (errno != EINTR && errno != EAGAIN))
    {
      close (*fd);
      *fd = -1;
    }
  return *fd >= 0;
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
  gint64 until = g_get_monotonic_time () + (gint64) timeout_ms * 1000;
  int out_pipe[2], err_pipe[2], status, code;
  gboolean timed_out = FALSE;
  pid_t pid;

  if (pipe2 (out_pipe, O_CLOEXEC) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      return FALSE;
    }
  if (pipe2 (err_pipe, O_CLOEXEC) < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s", g_strerror (errno));
      close (out_pipe[0]);
      close (out_pipe[1]);
      return FALSE;
    }
  pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .envp = envp, .folder = folder, .stdin_fd = -1,
                                         .stdout_fd = out_pipe[1], .stderr_fd = err_pipe[1], .new_session = TRUE },
                       error);
  close (out_pipe[1]);
  close (err_pipe[1]);
  while (pid > 0 && !timed_out && (out_pipe[0] >= 0 || err_pipe[0] >= 0))
    {
      struct pollfd fds[2] = { { out_pipe[0], POLLIN, 0 }, { err_pipe[0], POLLIN, 0 } };
      gint64 left_ms = timeout_ms > 0 ? (until - g_get_monotonic_time ()) / 1000 : -1;

      if (timeout_ms > 0 && left_ms <= 0)
        timed_out = TRUE;
      else if (poll (fds, 2, (int) left_ms) > 0)
        {
          if (fds[0].revents != 0)
            read_more (&out_pipe[0], out);
          if (fds[1].revents != 0)
            read_more (&err_pipe[0], err);
        }
    }
  if (out_pipe[0] >= 0)
    close (out_pipe[0]);
  if (err_pipe[0] >= 0)
    close (err_pipe[0]);
  if (pid < 0)
    return FALSE;
  if (timed_out)
    kill (-pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (timed_out)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, _("“%s” did not answer within %d seconds"), argv[0],
                   timeout_ms / 1000);
      return FALSE;
    }
  code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
  if (exit_status == NULL && code != 0)
    {
      const char *text = err->len > 0 ? err->str : out->str;

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("“%s” failed with code %d: %s"), argv[0], code, text);
      return FALSE;
    }
  if (exit_status != NULL)
    *exit_status = code;
  if (standard_output != NULL)
    *standard_output = g_strdup (out->str);
  if (standard_error != NULL)
    *standard_error = g_strdup (err->str);
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
