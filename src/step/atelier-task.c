/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-task"

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-task.h"

#include "atelier-starter.h"

/* The life of a process tree: running and looked at, terminating, killing, over. It is over only when its first
 * process was waited for and a look at all our descendants finds nothing more of it, so whoever is told of an
 * end may rely on it.
 *
 * atelier_task_tend() does whatever is due and says by atelier_task_get_due_us() when it wants to be called
 * again; the loop also calls it when the first process ended. Nothing here waits.
 *
 * KILL is preceded by STOP for all: a process that has a signal pending cannot fork, so after a look that finds
 * only stopped ones there will be no new ones, however fast they multiplied before; and nobody sees a relative
 * die and acts on it. */

#define FIRST_LOOK_US    (20 * 1000)         /* most steps that are short have ended by then */
#define LOOK_US          (100 * 1000)
#define LATE_LOOK_US     (250 * 1000)        /* for a task older than LATE_US */
#define LATE_US          (60 * G_USEC_PER_SEC)
#define MEASURE_US       G_USEC_PER_SEC      /* between exact measurements, which are dear */
#define FIRST_LOG_US     (5 * 1000)
#define SOONEST_LOG_US   (2 * 1000)
#define GRACE_LOOK_US    (5 * 1000)          /* while it is asked to end */
#define SHARED_BYTES     (64 * 1024 * 1024)  /* memory that may be counted twice without measuring exactly */
#define DATA_SLACK_BYTES (G_GINT64_CONSTANT (1) << 30)
#define STOP_ROUNDS      16
#define CROWD            8                   /* from which on a process group is signalled at once */

static void
set_reason (AtelierTask *self, AtelierEndReason reason, const char *message)
{
  if (self->end.reason != ATELIER_END_REASON_NONE)
    return;
  self->end.reason = reason;
  self->end.message = g_strdup (message);
}

/* atelier_task_new:
 * @request: a “start” or “service”
 * @mark: from atelier_tree_take_mark()
 * @run_name: what tells this execution from others, for the environment mark */
AtelierTask *
atelier_task_new (const AtelierRequest *request, rlim_t mark, const char *run_name)
{
  AtelierTask *self = g_new0 (AtelierTask, 1);

  self->root.is_service = request->op == ATELIER_OP_SERVICE;
  self->root.mark = mark;
  self->root.environment_mark = g_strdup_printf ("ATELIER_ATTEMPT=%s/%s/%" G_GINT64_FORMAT, run_name, request->step,
                                                 request->attempt);
  self->step = g_strdup (request->step);
  self->attempt = request->attempt;
  self->limits = request->limits;
  self->log.fd = -1;
  self->end.exit_code = -1;
  return self;
}

void
atelier_task_free (AtelierTask *self)
{
  atelier_step_log_close (&self->log);
  atelier_attempt_end_clear (&self->end);
  g_free (self->root.environment_mark);
  g_free (self->step);
  g_free (self);
}

/* A process may reserve more than it uses, so this only stops one that would take much in the moment between
 * two looks. */
static rlim_t
data_limit (gint64 memory_bytes)
{
  return memory_bytes > 0 ? (rlim_t) (memory_bytes + MAX (memory_bytes, DATA_SLACK_BYTES)) : 0;
}

/* atelier_task_spawn:
 * @request: the one the task was made of
 *
 * Opens the log and starts the first process. On failure nothing runs. */
gboolean
atelier_task_spawn (AtelierTask *self, AtelierRequest *request, GError **error)
{
  gsize n_env = 0;

  if (!atelier_step_log_open (&self->log, request->log, self->limits.log_bytes, error))
    return FALSE;
  while (request->env[n_env] != NULL)
    n_env++;
  request->env[n_env] = self->root.environment_mark;
  self->started_us = g_get_monotonic_time ();
  self->end.started_at_us = g_get_real_time ();
  self->root.pid = atelier_starter_spawn (request->argv, request->env, request->folder, self->log.fd, self->root.mark,
                                          data_limit (self->limits.memory_bytes), &self->root.start_ticks, error);
  request->env[n_env] = NULL;
  if (self->root.pid < 0)
    {
      self->end.started_at_us = 0;
      return FALSE;
    }
  self->look_at_us = self->started_us + FIRST_LOOK_US;
  self->log_look_at_us = self->started_us + FIRST_LOG_US;
  self->looked_us = self->log_looked_us = self->measured_us = self->started_us;
  self->processes = 1;
  return TRUE;
}

/* atelier_task_reaped:
 * @status: from wait4() for its first process, @usage: likewise
 *
 * To be followed by atelier_task_tend(). */
void
atelier_task_reaped (AtelierTask *self, int status, const struct rusage *usage)
{
  self->root.reaped = TRUE;
  self->tell_at_us = 0;
  self->end.exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  self->end.signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  self->end.ended_at_us = g_get_real_time ();
  self->end.wall_us = g_get_monotonic_time () - self->started_us;
  self->end.cpu_us = (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * G_USEC_PER_SEC + usage->ru_utime.tv_usec +
                     usage->ru_stime.tv_usec;
  self->end.peak_memory_bytes = MAX (self->end.peak_memory_bytes, (gint64) usage->ru_maxrss * 1024);
}

/* Drops the processes of others from what a look found. */
static GArray *
look_at_own (AtelierTask *self, AtelierTree *tree, AtelierLook look, gboolean *unsettled)
{
  GArray *processes = atelier_tree_look (tree, look, unsettled);
  guint kept = 0;

  for (guint i = 0; i < processes->len; i++)
    if (g_array_index (processes, AtelierProcess, i).root == &self->root)
      g_array_index (processes, AtelierProcess, kept++) = g_array_index (processes, AtelierProcess, i);
  g_array_set_size (processes, kept);
  return processes;
}

static guint
count_group (const GArray *processes, pid_t group)
{
  guint n = 0;

  for (guint i = 0; i < processes->len; i++)
    n += g_array_index (processes, AtelierProcess, i).group == group;
  return n;
}

/* Signals all processes, a crowded group at once: a group lies within one session, and sessions of a tree are
 * the tree's own. */
static void
signal_all (const GArray *processes, int number)
{
  pid_t crowd = 0;

  for (guint i = 0; i < processes->len; i++)
    {
      const AtelierProcess *process = &g_array_index (processes, AtelierProcess, i);

      if (process->group > 1 && process->group == crowd)
        continue;
      if (process->group > 1 && process->group != getpgrp () && processes->len >= CROWD &&
          count_group (processes, process->group) >= CROWD)
        {
          crowd = process->group;
          kill (-crowd, number);
        }
      else
        atelier_process_signal (process, number);
    }
}

/* Leaves in @processes those that are not in @seen yet, and adds them to it. */
static void
keep_new (GArray *processes, GHashTable *seen)
{
  guint kept = 0;

  for (guint i = 0; i < processes->len; i++)
    {
      AtelierProcess *process = &g_array_index (processes, AtelierProcess, i);
      gint64 *key = g_memdup2 (&(gint64) { (gint64) process->start_ticks << 22 ^ process->pid }, sizeof (gint64));

      if (g_hash_table_add (seen, key))
        g_array_index (processes, AtelierProcess, kept++) = *process;
    }
  g_array_set_size (processes, kept);
}

static void
stop_all (AtelierTask *self, AtelierTree *tree)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);

  for (guint i = 0; i < STOP_ROUNDS; i++)
    {
      g_autoptr (GArray) processes = look_at_own (self, tree, ATELIER_LOOK_ALL, NULL);

      keep_new (processes, seen);
      if (processes->len == 0)
        break;
      signal_all (processes, SIGSTOP);
    }
}

static void
kill_round (AtelierTask *self, AtelierTree *tree, gint64 now_us)
{
  g_autoptr (GArray) found = NULL;
  gboolean unsettled = FALSE;

  /* most of a tree is in the group of its first process: that stands still at once, however long the look takes */
  if (!self->root.reaped && self->kill_rounds == 0)
    kill (-self->root.pid, SIGSTOP);
  found = look_at_own (self, tree, ATELIER_LOOK_ALL, &unsettled);
  if (found->len == 0 && !unsettled && self->root.reaped)
    {
      self->phase = ATELIER_TASK_OVER;
      return;
    }
  if (found->len > 1)
    {
      stop_all (self, tree);
      g_array_unref (g_steal_pointer (&found));
      found = look_at_own (self, tree, ATELIER_LOOK_ALL, NULL);
    }
  signal_all (found, SIGKILL);
  self->phase = ATELIER_TASK_KILLING;
  self->look_at_us = now_us + MIN (LOOK_US, 1000 << MIN (self->kill_rounds, 10));
  self->kill_rounds++;
}

/* In a sandbox the processes inside are asked to end; bubblewrap itself would take them with it at once. */
static void
terminate_all (AtelierTask *self, AtelierTree *tree)
{
  g_autoptr (GArray) processes = look_at_own (self, tree, ATELIER_LOOK_ALL, NULL);
  g_autofree guint *depths = g_new0 (guint, processes->len + 1);
  guint outermost = atelier_process_namespace_depth (self->root.pid), deepest = outermost;

  for (guint i = 0; i < processes->len; i++)
    {
      depths[i] = atelier_process_namespace_depth (g_array_index (processes, AtelierProcess, i).pid);
      deepest = MAX (deepest, depths[i]);
    }
  for (guint i = 0; i < processes->len; i++)
    if (deepest == outermost || depths[i] > outermost)
      {
        atelier_process_signal (&g_array_index (processes, AtelierProcess, i), SIGTERM);
        atelier_process_signal (&g_array_index (processes, AtelierProcess, i), SIGCONT);
      }
}

/* atelier_task_stop:
 * @reason: kept unless there is one already
 * @message: (nullable)
 * @grace_ms: between TERM and KILL; 0 kills now. A later call can only shorten it. */
void
atelier_task_stop (AtelierTask *self, AtelierTree *tree, AtelierEndReason reason, const char *message,
                   gint64 grace_ms)
{
  gint64 now_us = g_get_monotonic_time ();
  gint64 kill_at_us = now_us + grace_ms * 1000;

  if (self->phase > ATELIER_TASK_TERMINATING)
    return;
  set_reason (self, reason, message);
  if (grace_ms == 0)
    {
      kill_round (self, tree, now_us);
      return;
    }
  if (self->phase == ATELIER_TASK_RUNNING)
    terminate_all (self, tree);
  self->kill_at_us = self->phase == ATELIER_TASK_TERMINATING ? MIN (self->kill_at_us, kill_at_us) : kill_at_us;
  self->phase = ATELIER_TASK_TERMINATING;
  self->look_at_us = now_us + GRACE_LOOK_US;
}

/* Between two looks: the younger a task, the less is known of it. */
static gint64
usual_pause_us (const AtelierTask *self, gint64 now_us, gint64 least_us)
{
  return CLAMP ((now_us - self->started_us) / 2, least_us, LOOK_US);
}

/* What the processes hold together. Pages that relatives share are counted once, but only where that can
 * matter, since it takes milliseconds. */
static void
measure_memory (AtelierTask *self, const GArray *processes, gint64 now_us)
{
  gint64 resident = 0, largest = 0, exact = 0, limit = self->limits.memory_bytes;
  gboolean due = now_us - self->measured_us >= MEASURE_US;
  gboolean is_shared, is_over;

  for (guint i = 0; i < processes->len; i++)
    {
      gint64 bytes = atelier_process_resident_bytes (g_array_index (processes, AtelierProcess, i).pid);

      resident += bytes;
      largest = MAX (largest, bytes);
    }
  is_shared = resident - largest > MAX (SHARED_BYTES, resident / 10);
  is_over = limit > 0 && resident > limit && (due || resident > self->resident_bytes + limit / 64);
  if (!is_over && !(is_shared && due))
    {
      if (!is_shared && (limit == 0 || resident <= limit))
        self->memory_bytes = resident;
    }
  else
    {
      for (guint i = 0; i < processes->len; i++)
        {
          pid_t pid = g_array_index (processes, AtelierProcess, i).pid;
          gint64 bytes = atelier_process_private_bytes (pid);

          exact += bytes >= 0 ? bytes : atelier_process_resident_bytes (pid);
        }
      self->memory_bytes = exact;
      self->measured_us = now_us;
      self->resident_bytes = resident;
    }
  self->end.peak_memory_bytes = MAX (self->end.peak_memory_bytes, self->memory_bytes);
}

/* A tree that multiplies is made to stand still as soon as its number shows, and only then looked at closely. */
static gboolean
check_number (AtelierTask *self, AtelierTree *tree)
{
  g_autoptr (GArray) processes = NULL;
  g_autofree char *message = NULL;
  gint64 limit = self->limits.processes;
  guint marked = atelier_tree_count_marked (tree, &self->root);

  if (marked <= limit)
    self->dead_marks = 0;
  if (self->root.mark != 0 && marked <= limit + self->dead_marks)
    return TRUE;
  if (self->root.mark != 0)
    kill (-self->root.pid, SIGSTOP);
  processes = look_at_own (self, tree, ATELIER_LOOK_ALL, NULL);
  if (processes->len > limit)
    {
      message = g_strdup_printf (_("It had %u processes at once, more than its limit of %" G_GINT64_FORMAT),
                                 processes->len, limit);
      atelier_task_stop (self, tree, ATELIER_END_REASON_PROCESS_LIMIT, message, 0);
      return FALSE;
    }
  if (self->root.mark != 0)
    {
      kill (-self->root.pid, SIGCONT);
      self->dead_marks = marked > processes->len ? marked - processes->len : 0;
    }
  return TRUE;
}

static void
look_at_processes (AtelierTask *self, AtelierTree *tree, gint64 now_us)
{
  gboolean is_late = now_us - self->started_us > LATE_US;
  gboolean thorough = now_us / MEASURE_US != self->looked_us / MEASURE_US;
  const AtelierLimits *limits = &self->limits;
  g_autoptr (GArray) processes = NULL;

  self->looked_us = now_us;
  self->look_at_us = now_us + (is_late ? LATE_LOOK_US : usual_pause_us (self, now_us, FIRST_LOOK_US));
  if (limits->processes > 0 && !check_number (self, tree))
    return;
  processes = look_at_own (self, tree, thorough ? ATELIER_LOOK_ALL : ATELIER_LOOK_MARKED, NULL);
  self->processes = processes->len;
  measure_memory (self, processes, now_us);
  if (limits->memory_bytes > 0 && self->memory_bytes > limits->memory_bytes && !thorough)
    {
      /* marks alone do not condemn: another supervisor may use the same */
      g_array_unref (g_steal_pointer (&processes));
      processes = look_at_own (self, tree, ATELIER_LOOK_ALL, NULL);
      self->resident_bytes = 0;
      measure_memory (self, processes, now_us);
    }
  if (limits->memory_bytes > 0 && self->memory_bytes > limits->memory_bytes)
    {
      g_autofree char *used = g_format_size_full (self->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
      g_autofree char *limit = g_format_size_full (limits->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);
      g_autofree char *message = g_strdup_printf (_("It used %s of memory, more than its limit of %s"), used, limit);

      atelier_task_stop (self, tree, ATELIER_END_REASON_MEMORY_LIMIT, message, 0);
    }
}

/* The next look comes before as much can be written as is allowed, if it goes on as fast as it did. */
static void
look_at_log (AtelierTask *self, gint64 now_us)
{
  gint64 before = atelier_step_log_get_written_bytes (&self->log);
  gint64 room = atelier_step_log_look (&self->log);
  gint64 written = atelier_step_log_get_written_bytes (&self->log) - before;
  gint64 pause_us = usual_pause_us (self, now_us, FIRST_LOG_US);

  if (room < G_MAXINT64 && written > 0)
    {
      double until_full_us = (double) room / written * (now_us - self->log_looked_us);

      pause_us = CLAMP ((gint64) (until_full_us / 2), SOONEST_LOG_US, pause_us);
    }
  self->log_looked_us = now_us;
  self->log_look_at_us = now_us + pause_us;
}

static void
check_time (AtelierTask *self, AtelierTree *tree, gint64 now_us)
{
  g_autofree char *message = NULL;

  if (self->limits.wall_ms == 0 || now_us < self->started_us + self->limits.wall_ms * 1000)
    return;
  message = g_strdup_printf (_("It ran longer than its limit of %.1f s"), self->limits.wall_ms / 1000.0);
  atelier_task_stop (self, tree, ATELIER_END_REASON_TIME_LIMIT, message, self->limits.grace_ms);
}

/* While its processes have their grace, the first one may already be gone. */
static void
watch_grace (AtelierTask *self, AtelierTree *tree, gint64 now_us)
{
  gboolean unsettled = FALSE;

  if (now_us >= self->kill_at_us)
    {
      kill_round (self, tree, now_us);
      return;
    }
  if (self->root.reaped)
    {
      g_autoptr (GArray) processes = look_at_own (self, tree, ATELIER_LOOK_ALL, &unsettled);

      if (processes->len == 0 && !unsettled)
        {
          self->phase = ATELIER_TASK_OVER;
          return;
        }
    }
  self->look_at_us = MIN (self->kill_at_us, now_us + GRACE_LOOK_US);
}

/* atelier_task_tend:
 * @now_us: monotonic
 *
 * Does what is due: looks, limits, the next step of stopping. To be called when it is due and after its first
 * process was waited for. */
void
atelier_task_tend (AtelierTask *self, AtelierTree *tree, gint64 now_us)
{
  if (self->phase == ATELIER_TASK_RUNNING && self->root.reaped)
    {
      if (atelier_tree_may_have_leftovers (tree, &self->root, now_us - self->started_us))
        kill_round (self, tree, now_us);
      else
        self->phase = ATELIER_TASK_OVER;
      return;
    }
  if (self->phase == ATELIER_TASK_RUNNING)
    check_time (self, tree, now_us);
  if (self->phase < ATELIER_TASK_OVER && now_us >= self->log_look_at_us)
    look_at_log (self, now_us);
  if (self->phase == ATELIER_TASK_KILLING && (now_us >= self->look_at_us || self->root.reaped))
    kill_round (self, tree, now_us);
  else if (self->phase == ATELIER_TASK_TERMINATING && (now_us >= self->look_at_us || self->root.reaped))
    watch_grace (self, tree, now_us);
  else if (self->phase == ATELIER_TASK_RUNNING && now_us >= self->look_at_us)
    look_at_processes (self, tree, now_us);
}

/* Returns: monotonic time of the next atelier_task_tend() */
gint64
atelier_task_get_due_us (const AtelierTask *self)
{
  gint64 due_us = MIN (self->look_at_us, self->log_look_at_us);

  if (self->phase == ATELIER_TASK_RUNNING && self->limits.wall_ms > 0)
    due_us = MIN (due_us, self->started_us + self->limits.wall_ms * 1000);
  if (self->tell_at_us > 0)
    due_us = MIN (due_us, self->tell_at_us);
  return due_us;
}

/* atelier_task_finish:
 *
 * Settles the log and completes self->end; nothing of the tree may be left. */
void
atelier_task_finish (AtelierTask *self)
{
  if (self->log.fd >= 0)
    {
      self->end.log_head_bytes = atelier_step_log_finish (&self->log);
      self->end.log_bytes = self->log.size_bytes;
      self->end.log_written_bytes = atelier_step_log_get_written_bytes (&self->log);
      atelier_step_log_close (&self->log);
    }
  if (self->end.ended_at_us == 0)
    self->end.ended_at_us = g_get_real_time ();
}
