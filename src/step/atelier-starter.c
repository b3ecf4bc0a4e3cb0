/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-starter"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-starter.h"

#include "atelier-process.h"

/* What posix_spawn does, for this process, which has one thread and no signal handlers: the child runs on our memory,
 * on a stack of its own, until it executes, and we stand still so long. Three things differ. The child sets its own
 * soft limits, which posix_spawn has no attributes for, so that it has them before it could have children. The stack
 * is always the same: unmapping one would wait for a lock that the child still holds in the moment in which it lets
 * us go on, and with every processor taken we would then come back only after the step has ended. And the handlers
 * of all signals need not be looked through.
 *
 * The child inherits the kernel's out-of-memory preference, which is set on this process around the call. Only soft
 * limits are touched, since a hard one could not be raised again.
 *
 * When the child was started, in ticks since the boot, its /proc/PID/stat says, but not before it has executed: reading
 * would make us wait just as long. The clock that the kernel takes it from says the same. */

/* Steps are the first to go when memory runs out, before the supervisor and before the window. */
#define STEP_OOM_SCORE "1000"
#define STACK_BYTES    (64 * 1024)

typedef struct
{
  const char        *program;
  const char *const *argv;
  const char *const *env;
  const char        *folder;
  int                output_fd;
  rlim_t             mark;
  rlim_t             data_bytes;
  int                failure; /* errno of what the child could not do */
} Child;

static int null_fd = -1;
static int oom_fd = -1;
static char own_oom_score[16];
static struct rlimit own_mark, own_data;
static gboolean clock_is_proven; /* it was compared with /proc once */
static char stack[STACK_BYTES] __attribute__ ((aligned (16)));

/* atelier_starter_init:
 *
 * To be called once, when this process's own limits and score are as they shall stay. */
void
atelier_starter_init (void)
{
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
}

static void
set_soft_limit (int resource, const struct rlimit *own, rlim_t soft)
{
  struct rlimit limit = { MIN (soft, own->rlim_max), own->rlim_max };

  setrlimit (resource, &limit);
}

/* In the child, on our memory: system calls only. */
static int
run_child (void *data)
{
  static const int ignored[] = { SIGINT, SIGHUP, SIGPIPE, SIGXFSZ };
  struct sigaction usual = { .sa_handler = SIG_DFL };
  Child *child = data;
  sigset_t none;

  setsid ();
  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    sigaction (ignored[i], &usual, NULL);
  if (child->mark != 0)
    set_soft_limit (RLIMIT_MSGQUEUE, &own_mark, child->mark);
  if (child->data_bytes != 0)
    set_soft_limit (RLIMIT_DATA, &own_data, child->data_bytes);
  if (dup2 (null_fd, STDIN_FILENO) >= 0 && dup2 (child->output_fd, STDOUT_FILENO) >= 0 &&
      dup2 (child->output_fd, STDERR_FILENO) >= 0 && (child->folder == NULL || chdir (child->folder) == 0))
    {
      sigemptyset (&none);
      sigprocmask (SIG_SETMASK, &none, NULL);
      execve (child->program, (char *const *) child->argv, (char *const *) child->env);
    }
  child->failure = errno;
  return 127;
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

static guint64
ticks_since_boot (void)
{
  const guint64 a_second = (guint64) sysconf (_SC_CLK_TCK);
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * a_second + (guint64) now.tv_nsec / (1000000000 / a_second);
}

/* Returns: when the child @pid was started; not before @earliest */
static guint64
find_start_ticks (pid_t pid, guint64 earliest)
{
  guint64 latest = ticks_since_boot ();
  AtelierProcess process;

  if (clock_is_proven && earliest == latest)
    return latest;
  if (!atelier_process_read (pid, &process))
    return 0;
  clock_is_proven = process.start_ticks >= earliest && process.start_ticks <= latest;
  return process.start_ticks;
}

/* atelier_starter_spawn:
 * @env: the whole environment
 * @folder: (nullable): working directory
 * @output_fd: becomes standard output and standard error; standard input is empty
 * @mark: see atelier-tree.c; 0 for none
 * @data_bytes: most private memory of one process, 0 for no limit
 * @start_ticks: (out): as field 22 of /proc/PID/stat
 *
 * Starts a process in a session of its own. It is not waited for.
 *
 * Returns: its pid, or -1 with a sentence that names the program */
pid_t
atelier_starter_spawn (const char *const *argv, const char *const *env, const char *folder, int output_fd,
                       rlim_t mark, rlim_t data_bytes, guint64 *start_ticks, GError **error)
{
  g_autofree char *program = find_program (argv[0], env);
  Child child = { program, argv, env, folder, output_fd, mark, data_bytes, 0 };
  guint64 earliest;
  pid_t pid;
  int number;

  if (program == NULL)
    {
      g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                   _("“%s” cannot be started: it is not in the step's PATH"), argv[0]);
      return -1;
    }
  set_oom_score (STEP_OOM_SCORE);
  earliest = ticks_since_boot ();
  pid = clone (run_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &child);
  number = pid < 0 ? errno : child.failure;
  set_oom_score (own_oom_score);
  if (number == 0)
    {
      *start_ticks = find_start_ticks (pid, earliest);
      return pid;
    }

  if (pid > 0)
    waitpid (pid, NULL, 0);
  if (folder != NULL && !g_file_test (folder, G_FILE_TEST_IS_DIR))
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
                 _("“%s” cannot be started in “%s”: there is no such folder"), argv[0], folder);
  else
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number), _("“%s” cannot be started: %s"), argv[0],
                 g_strerror (number));
  return -1;
}
