/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-starter"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-starter.h"

/* posix_spawn has no attributes for resource limits and the kernel's out-of-memory preference, but a child
 * inherits both. So they are set on this process around the call, which is single-threaded: a child has them
 * from its first instruction on, where setting them on the child afterwards would leave a moment in which it
 * could have children without. Only soft limits are touched, since a hard one could not be raised again. */

/* Steps are the first to go when memory runs out, before the supervisor and before the window. */
#define STEP_OOM_SCORE "1000"

static int null_fd = -1;
static int oom_fd = -1;
static char own_oom_score[16];
static struct rlimit own_mark, own_data;
static posix_spawnattr_t attributes;

/* atelier_starter_init:
 *
 * To be called once, when this process's own limits and score are as they shall stay. */
void
atelier_starter_init (void)
{
  sigset_t none, ignored;
  gssize n;

  null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  getrlimit (RLIMIT_MSGQUEUE, &own_mark);
  getrlimit (RLIMIT_DATA, &own_data);
  oom_fd = open ("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
  n = oom_fd >= 0 ? pread (oom_fd, own_oom_score, sizeof own_oom_score - 1, 0) : -1;
  if (n <= 0 && oom_fd >= 0)
    {
      close (oom_fd);
      oom_fd = -1;
    }

  sigemptyset (&none);
  sigemptyset (&ignored);
  sigaddset (&ignored, SIGINT);
  sigaddset (&ignored, SIGHUP);
  sigaddset (&ignored, SIGPIPE);
  sigaddset (&ignored, SIGXFSZ);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setsigdefault (&attributes, &ignored);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static void
set_soft_limit (int resource, const struct rlimit *own, rlim_t soft)
{
  struct rlimit limit = { MIN (soft, own->rlim_max), own->rlim_max };

  setrlimit (resource, &limit);
}

static void
set_oom_score (const char *score)
{
  if (oom_fd >= 0 && pwrite (oom_fd, score, strlen (score), 0) < 0)
    g_debug ("oom_score_adj: %s", g_strerror (errno));
}

/* Returns: (transfer full) (nullable): the program in the PATH that the child will have */
static char *
find_program (const char *name, const char *const *env)
{
  g_auto (GStrv) folders = NULL;
  const char *path = "/usr/local/bin:/usr/bin:/bin";

  if (strchr (name, '/') != NULL)
    return g_strdup (name);
  for (gsize i = 0; env[i] != NULL; i++)
    if (g_str_has_prefix (env[i], "PATH="))
      path = env[i] + strlen ("PATH=");
  folders = g_strsplit (path, ":", -1);
  for (gsize i = 0; folders[i] != NULL; i++)
    {
      g_autofree char *candidate = g_build_filename (folders[i], name, NULL);

      if (folders[i][0] == '/' && access (candidate, X_OK) == 0)
        return g_steal_pointer (&candidate);
    }
  return NULL;
}

/* atelier_starter_spawn:
 * @env: the whole environment
 * @folder: (nullable): working directory
 * @output_fd: becomes standard output and standard error; standard input is empty
 * @mark: see atelier-tree.c; 0 for none
 * @data_bytes: most private memory of one process, 0 for no limit
 *
 * Starts a process in a session of its own. It is not waited for.
 *
 * Returns: its pid, or -1 with a sentence that names the program */
pid_t
atelier_starter_spawn (const char *const *argv, const char *const *env, const char *folder, int output_fd,
                       rlim_t mark, rlim_t data_bytes, GError **error)
{
  g_autofree char *program = find_program (argv[0], env);
  posix_spawn_file_actions_t actions;
  pid_t pid = -1;
  int number;

  if (program == NULL)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                   _("“%s” cannot be started: it is not in the step's PATH"), argv[0]);
      return -1;
    }
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, null_fd, STDIN_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, output_fd, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, output_fd, STDERR_FILENO);
  if (folder != NULL)
    posix_spawn_file_actions_addchdir_np (&actions, folder);

  if (mark != 0)
    set_soft_limit (RLIMIT_MSGQUEUE, &own_mark, mark);
  if (data_bytes != 0)
    set_soft_limit (RLIMIT_DATA, &own_data, data_bytes);
  set_oom_score (STEP_OOM_SCORE);
  number = posix_spawn (&pid, program, &actions, &attributes, (char *const *) argv, (char *const *) env);
  set_oom_score (own_oom_score);
  if (data_bytes != 0)
    setrlimit (RLIMIT_DATA, &own_data);
  if (mark != 0)
    setrlimit (RLIMIT_MSGQUEUE, &own_mark);
  posix_spawn_file_actions_destroy (&actions);
  if (number == 0)
    return pid;

  if (folder != NULL && !g_file_test (folder, G_FILE_TEST_IS_DIR))
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
                 _("“%s” cannot be started in “%s”: there is no such folder"), argv[0], folder);
  else
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number), _("“%s” cannot be started: %s"), argv[0],
                 g_strerror (number));
  return -1;
}
