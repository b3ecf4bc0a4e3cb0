/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-serve"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-serve.h"

#include "atelier-journal-writer.h"
#include "atelier-starter.h"
#include "atelier-supervisor.h"
#include "atelier-tree.h"

/* Makes this process a supervisor: apart from whoever started it (session, terminal, signals, descriptors),
 * alone in its folder (the journal's lock), and the one to whom orphans come. What a predecessor that was
 * killed left behind is settled before anybody is answered. */

#define TURN_NS      (100 * 1000)
#define LOCK_SECONDS 5    /* the last moments of a predecessor */
#define KILL_ROUNDS  1000 /* what is still there then cannot be killed */

static int
fail (int code, const char *what)
{
  g_autofree char *sentence = g_strdup_printf ("atelier-step: %s\n", what);

  fputs (sentence, stderr);
  return code;
}

static int
fail_on_folder (const char *run_folder)
{
  const char *problem = g_strerror (errno);
  g_autofree char *what = g_strdup_printf (_("The run folder “%s” cannot be used: %s"), run_folder, problem);

  return fail (ATELIER_STEP_EXIT_FOLDER, what);
}

/* The starter's descriptors may be locks and pipes that would never end while this one has them. */
static int
take_descriptors (int listen_fd)
{
  int kept = 3;

  if (listen_fd > kept)
    {
      dup3 (listen_fd, kept, O_CLOEXEC);
      listen_fd = kept;
    }
  else if (listen_fd == kept)
    fcntl (kept, F_SETFD, FD_CLOEXEC);
  close_range (listen_fd == kept ? kept + 1 : kept, ~0U, 0);
  return listen_fd;
}

static void
take_signals (sigset_t *waited)
{
  for (int number = 1; number < NSIG; number++)
    if (number != SIGKILL && number != SIGSTOP)
      signal (number, SIG_DFL);
  signal (SIGINT, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
  sigemptyset (waited);
  sigaddset (waited, SIGCHLD);
  sigaddset (waited, SIGTERM);
  sigprocmask (SIG_SETMASK, waited, NULL);
}

/* As unlikely a victim of the kernel as we may choose. */
static void
lower_oom_score (void)
{
  static const char *const scores[] = { "-500", "0", "100" };
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  for (gsize i = 0; fd >= 0 && i < G_N_ELEMENTS (scores); i++)
    if (write (fd, scores[i], strlen (scores[i])) > 0)
      break;
  if (fd >= 0)
    close (fd);
}

/* Asks for short turns that come soon (from Linux 6.12 on; earlier ones overlook it): else it waits behind the step that
 * it has just started, on that processor, while another one that has ended goes unnoticed. Not for the steps. */
static void
ask_for_short_turns (void)
{
  struct
  {
    guint32 size, policy;
    guint64 flags;
    gint32  nice;
    guint32 priority;
    guint64 runtime_ns, deadline_ns, period_ns;
  } attributes = { .size = sizeof attributes,
                   .policy = SCHED_OTHER,
                   .flags = 1, /* SCHED_FLAG_RESET_ON_FORK */
                   .nice = getpriority (PRIO_PROCESS, 0),
                   .runtime_ns = TURN_NS };

  if (syscall (SYS_sched_setattr, 0, &attributes, 0) < 0)
    g_debug ("sched_setattr: %s", g_strerror (errno));
}

static void
ignore_alarm (int number)
{
}

/* Returns: the locked journal, -1 when another has it, -2 when it cannot be used, with errno */
static int
open_journal (void)
{
  int fd = open ("journal", O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  struct sigaction action = { .sa_handler = ignore_alarm };
  struct itimerval limit = { { 0, 100 * 1000 }, { LOCK_SECONDS, 0 } };
  int result, number;

  if (fd < 0)
    return -2;
  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &limit, NULL);
  result = flock (fd, LOCK_EX);
  number = errno;
  setitimer (ITIMER_REAL, &(struct itimerval) { 0 }, NULL);
  if (result == 0)
    return fd;
  close (fd);
  errno = number;
  return number == EINTR ? -1 : -2;
}

/* For a supervisor that is started by hand: the usual starter passes the socket on. */
static int
listen_here (void)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "control" };
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

  unlink ("control");
  if (fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) == 0 && listen (fd, SOMAXCONN) == 0)
    return fd;
  return -1;
}

/* --- What a predecessor left --- */

static gboolean
is_undecided (const AtelierJournalEntry *entry)
{
  return entry->state != ATELIER_JOURNAL_STATE_ENDED;
}

static void
kill_marked (GPtrArray *entries, const char *run_name)
{
  g_autoptr (GPtrArray) marks = g_ptr_array_new_with_free_func (g_free);
  guint found = 1;

  for (guint i = 0; i < entries->len; i++)
    {
      const AtelierJournalEntry *entry = g_ptr_array_index (entries, i);

      if (is_undecided (entry))
        g_ptr_array_add (marks, g_strdup_printf ("ATELIER_ATTEMPT=%s/%s/%" G_GINT64_FORMAT, run_name, entry->step,
                                                 entry->attempt));
    }
  g_ptr_array_add (marks, NULL);
  for (guint round = 0; found > 0 && round < KILL_ROUNDS; round++)
    {
      g_autoptr (GArray) processes = atelier_process_find_marked ((const char *const *) marks->pdata);

      found = 0;
      for (guint i = 0; i < processes->len; i++)
        if (g_array_index (processes, AtelierProcess, i).pid != getpid ())
          found += atelier_process_signal (&g_array_index (processes, AtelierProcess, i), SIGKILL);
    }
}

/* An attempt without an end in the journal is of a supervisor that was killed. Nobody can say how it would have
 * ended; that it has ended, we see to. */
static void
settle_predecessor (AtelierJournalWriter *journal, const char *run_name)
{
  g_autoptr (GPtrArray) entries = atelier_journal_read ("journal", NULL);
  g_autofree char *boot_id = atelier_process_read_boot_id ();
  gboolean is_any = FALSE;

  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const AtelierJournalEntry *entry = g_ptr_array_index (entries, i);
      AtelierProcess process;

      if (!is_undecided (entry))
        continue;
      is_any = TRUE;
      if (entry->pid > 0 && g_strcmp0 (entry->boot_id, boot_id) == 0 && atelier_process_read (entry->pid, &process) &&
          process.start_ticks == entry->start_ticks)
        atelier_process_signal (&process, SIGKILL);
    }
  if (!is_any)
    return;
  kill_marked (entries, run_name);
  for (guint i = 0; i < entries->len; i++)
    {
      const AtelierJournalEntry *entry = g_ptr_array_index (entries, i);
      AtelierAttemptEnd end = { .exit_code = -1,
                                .reason = ATELIER_END_REASON_LOST,
                                .ended_at_us = g_get_real_time () };

      if (!is_undecided (entry))
        continue;
      end.message = g_strdup (_("Its supervisor was killed, or the machine went down"));
      atelier_journal_writer_end (journal, entry->step, entry->attempt, &end, NULL);
      atelier_attempt_end_clear (&end);
    }
}

/* atelier_serve:
 * @run_folder: exists
 * @listen_fd: a listening socket bound to the folder's “control”, or -1
 *
 * Returns: the exit code of the process: 0, or one of ATELIER_STEP_EXIT_… */
int
atelier_serve (const char *run_folder, int listen_fd)
{
  g_autoptr (AtelierSupervisor) supervisor = NULL;
  g_autofree char *run_name = NULL;
  AtelierJournalWriter *journal;
  struct stat info;
  sigset_t waited;
  int journal_fd, null_fd, log_fd, signal_fd;

  listen_fd = take_descriptors (listen_fd);
  if (listen_fd >= 0 && (fstat (listen_fd, &info) < 0 || !S_ISSOCK (info.st_mode)))
    return fail (ATELIER_STEP_EXIT_USAGE, _("The descriptor of --listen-fd is not a socket"));
  if (chdir (run_folder) < 0)
    return fail_on_folder (run_folder);
  setsid ();
  take_signals (&waited);
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  lower_oom_score ();
  ask_for_short_turns ();

  journal_fd = open_journal ();
  if (journal_fd == -1)
    {
      g_autofree char *what = g_strdup_printf (_("Another supervisor serves the run folder “%s”"), run_folder);

      return fail (ATELIER_STEP_EXIT_BUSY, what);
    }
  log_fd = open ("supervisor.log", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (listen_fd < 0 && journal_fd >= 0)
    listen_fd = listen_here ();
  if (journal_fd < 0 || listen_fd < 0 || null_fd < 0 || fstat (journal_fd, &info) < 0)
    return fail_on_folder (run_folder);
  fcntl (listen_fd, F_SETFL, fcntl (listen_fd, F_GETFL) | O_NONBLOCK);
  dup2 (null_fd, STDIN_FILENO);
  dup2 (null_fd, STDOUT_FILENO);
  dup2 (log_fd >= 0 ? log_fd : null_fd, STDERR_FILENO);
  close (null_fd);
  if (log_fd >= 0)
    close (log_fd);

  run_name = g_strdup_printf ("%lx-%lx", (gulong) info.st_dev, (gulong) info.st_ino);
  journal = atelier_journal_writer_new (journal_fd);
  settle_predecessor (journal, run_name);
  atelier_starter_init ();
  signal_fd = signalfd (-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
  supervisor = atelier_supervisor_new (listen_fd, signal_fd, journal, run_name);
  atelier_supervisor_run (supervisor);
  return 0;
}
