/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-run-door.h"
#include "atelier-sandbox.h"
#include "atelier-time.h"
#include "atelier-turns.h"

/* The scheduling of one execution. The plan is behind one lock, and whoever has it takes a turn: settles what the plan decided
 * by itself (skipped branches), starts what is ready on worker threads, writes down what waits. A worker that has carried out a
 * step reports it and takes a turn, in which it gets the next step itself: a step handed to a thread that has to be woken first
 * begins late, and most late where all processors are busy. The scheduler thread takes the turns that no worker does: the first,
 * after a stop, when it is time for a next attempt, and the last.
 *
 * What always holds: an event is in the store's queue before the plan hears of it, and the store applies its queue in
 * order; so nothing that depends on a step is ever on disk without that step's end. A run that is left writes nothing more but
 * that steps which were shown as waiting are pending. */

#define MOST_WAITS_TOLD 200 /* steps of a run whose waiting is written down as it changes; larger runs change it too often */

/* Returns: (transfer full): WORKSPACE/runs/EXECUTION */
char *
atelier_run_folder (const char *workspace, const char *execution_id)
{
  return g_build_filename (workspace, "runs", execution_id, NULL);
}

/* --- hand-overs --- */

static void
wake (AtelierRun *run)
{
  guint64 one = 1;

  g_cancellable_cancel (run->cancellable);
  (void) !write (run->stop_fd, &one, sizeof one);
  g_async_queue_push (run->calls, run);
}

gboolean
atelier_run_is_stopping (AtelierRun *run)
{
  return g_atomic_int_get (&run->is_stopping) > 0;
}

/* Whether no further step begins, because the run is to stop or to be left. */
gboolean
atelier_run_is_winding_up (AtelierRun *run)
{
  return atelier_run_is_stopping (run) || g_atomic_int_get (&run->is_leaving);
}

static AtelierSupervisorLink *
pop_link (AtelierRun *run)
{
  AtelierSupervisorLink *link;

  g_mutex_lock (&run->lock);
  link = g_queue_pop_head (&run->links);
  g_mutex_unlock (&run->lock);
  return link;
}

/* Returns: (transfer full) (nullable): a connection to the supervisor that no other worker uses. It goes back with
 * atelier_run_give_link(): when the last one is freed the supervisor ends. */
AtelierSupervisorLink *
atelier_run_take_link (AtelierRun *run, GError **error)
{
  AtelierSupervisorLink *link;

  while ((link = pop_link (run)) != NULL)
    {
      if (atelier_supervisor_link_is_idle (link))
        return link;
      atelier_supervisor_link_free (link); /* its supervisor has died */
      atelier_door_forget (run->door);
    }
  return atelier_supervisor_connect (run->supervisor, error);
}

/* @link: (transfer full) */
void
atelier_run_give_link (AtelierRun *run, AtelierSupervisorLink *link)
{
  g_mutex_lock (&run->lock);
  g_queue_push_head (&run->links, link);
  g_mutex_unlock (&run->lock);
}

void
atelier_run_drop_links (AtelierRun *run)
{
  AtelierSupervisorLink *link;

  while ((link = pop_link (run)) != NULL)
    atelier_supervisor_link_free (link);
  atelier_door_forget (run->door);
}

/* The workspace cannot be written: nothing new starts, what runs is left to its supervisor, and a later resume goes on from there. */
void
atelier_run_store_failed (AtelierRun *run, const char *sentence)
{
  gboolean is_first;

  g_mutex_lock (&run->lock);
  is_first = run->store_failure == NULL;
  if (is_first)
    run->store_failure = g_strdup (sentence);
  g_mutex_unlock (&run->lock);
  if (is_first)
    {
      AtelierRunNews *news = atelier_run_news_new (run, ATELIER_RUN_NEWS_NOTE);

      news->text = g_strdup_printf (_("The workspace cannot be written (%s). Nothing more is started; when that is put right, "
                                      "“atelier resume %s” goes on from here."),
                                    sentence, run->execution_id);
      atelier_run_tell (run, news);
      atelier_run_leave (run);
    }
}

/* --- turns: plan_lock is held --- */

/* Skipped steps of one moment are one event. */
static void
record_settled (AtelierRun *run)
{
  g_autoptr (GPtrArray) skipped = g_ptr_array_new ();
  g_autoptr (GPtrArray) news = g_ptr_array_new ();
  int step;

  while ((step = atelier_plan_next_settled (run->plan)) >= 0)
    {
      AtelierPlanState state = atelier_plan_get_state (run->plan, (guint) step);

      if (state == ATELIER_PLAN_SKIPPED)
        {
          g_ptr_array_add (skipped, (char *) atelier_step_get_name (run->steps[step].step));
          g_ptr_array_add (news, atelier_run_step_news (run, (guint) step, ATELIER_STEP_STATUS_SKIPPED, NULL));
        }
      else
        {
          /* it waited for an attempt that it will not have */
          AtelierStepUpdate update = { .status = state == ATELIER_PLAN_STOPPED ? ATELIER_STEP_STATUS_STOPPED : ATELIER_STEP_STATUS_FAILED,
                                       .ended_at_us = atelier_time_now_us (), .waits_for = "" };

          atelier_run_change_step (run, (guint) step, &update, NULL);
        }
    }
  if (skipped->len > 0)
    {
      AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_SKIPPED };

      update.why = _("It stands in a branch that was not taken, or needs a step that does");
      atelier_store_steps_changed (run->store, run->execution_id, (const char *const *) skipped->pdata, skipped->len, &update,
                                   atelier_run_committed, atelier_run_pending_new_many (run, g_steal_pointer (&news)));
    }
}

/* Writes down for what ready steps wait, where it changed. */
static void
record_waits (AtelierRun *run)
{
  if (run->n_steps > MOST_WAITS_TOLD || atelier_plan_is_winding_up (run->plan))
    return;
  for (guint i = 0; i < run->n_steps; i++)
    {
      g_autofree char *waits_for = NULL;
      AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_WAITING };

      if (atelier_plan_get_state (run->plan, i) != ATELIER_PLAN_READY)
        continue;
      waits_for = atelier_plan_describe_wait (run->plan, i);
      if (waits_for == NULL || g_strcmp0 (g_hash_table_lookup (run->waits, GUINT_TO_POINTER (i)), waits_for) == 0)
        continue;
      update.waits_for = waits_for;
      run->steps[i].is_shown = TRUE;
      atelier_run_change_step (run, i, &update, waits_for);
      g_hash_table_insert (run->waits, GUINT_TO_POINTER (i), g_steal_pointer (&waits_for));
    }
}

/* Steps that are shown as waiting, or as about to start, and will not begin any more are pending again. */
static void
withdraw_waits (AtelierRun *run)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GPtrArray) news = g_ptr_array_new ();
  const AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_PENDING, .waits_for = "" };

  for (guint i = 0; i < run->n_steps; i++)
    if (run->steps[i].is_shown)
      {
        g_ptr_array_add (names, (char *) atelier_step_get_name (run->steps[i].step));
        g_ptr_array_add (news, atelier_run_step_news (run, i, ATELIER_STEP_STATUS_PENDING, NULL));
      }
  if (names->len > 0)
    atelier_store_steps_changed (run->store, run->execution_id, (const char *const *) names->pdata, names->len, &update,
                                 atelier_run_committed, atelier_run_pending_new_many (run, g_steal_pointer (&news)));
}

/* @own: (nullable) (inout): takes one step for the calling worker where it is -1 */
static void
start_ready (AtelierRun *run, int *own)
{
  int step;

  while ((step = atelier_plan_next_ready (run->plan, atelier_time_now_us ())) >= 0)
    {
      atelier_plan_started (run->plan, (guint) step);
      g_hash_table_remove (run->waits, GUINT_TO_POINTER (step));
      if (own != NULL && *own < 0)
        *own = step;
      else
        g_thread_pool_push (run->workers, GINT_TO_POINTER (step + 1), NULL);
    }
}

static void
record_status (AtelierRun *run, AtelierExecutionStatus status, const AtelierExecutionUpdate *update)
{
  AtelierRunNews *news = atelier_run_news_new (run, ATELIER_RUN_NEWS_EXECUTION);

  news->status = status;
  news->text = g_strdup (update->failure_reason);
  atelier_store_execution_changed (run->store, run->execution_id, update, NULL, atelier_run_committed, atelier_run_pending_new (run, news));
}

static void
record_start (AtelierRun *run)
{
  AtelierExecutionUpdate update = {
    .status = atelier_run_is_stopping (run) ? ATELIER_EXECUTION_STATUS_STOPPING : ATELIER_EXECUTION_STATUS_EXECUTING,
    .started_at_us = run->started_at_us == 0 ? atelier_time_now_us () : 0,
  };
  g_autofree char *note = NULL;

  if (!run->has_sandbox)
    {
      const char *refusal = atelier_sandbox_get_refusal ();
      AtelierRunNews *news = atelier_run_news_new (run, ATELIER_RUN_NEWS_NOTE);

      note = refusal != NULL && !run->options.without_sandbox
                 ? g_strdup_printf (_("Steps run without a sandbox: %s. Scripts that name /opt/ml themselves will not find it"), refusal)
                 : g_strdup (_("Steps run without a sandbox, as asked"));
      news->text = g_strdup (note);
      atelier_run_tell (run, news);
    }
  update.note = note;
  record_status (run, update.status, &update);
}

static void
record_end (AtelierRun *run)
{
  AtelierExecutionUpdate update = { .ended_at_us = atelier_time_now_us () };

  switch (atelier_plan_get_outcome (run->plan))
    {
    case ATELIER_PLAN_SUCCEEDED:
      update.status = ATELIER_EXECUTION_STATUS_SUCCEEDED;
      break;
    case ATELIER_PLAN_STOPPED:
      update.status = ATELIER_EXECUTION_STATUS_STOPPED;
      break;
    default:
      update.status = ATELIER_EXECUTION_STATUS_FAILED;
      update.failure_reason = run->failure != NULL ? run->failure : _("a step failed");
    }
  record_status (run, update.status, &update);
}

static void
handle (AtelierRun *run, guint step, const AtelierStepResult *result)
{
  AtelierPlanOutcome outcome = result->outcome;

  if (result->retry && atelier_plan_retry (run->plan, step, result->not_before_us))
    return;
  if (result->retry)
    {
      /* the run has been wound up since the worker looked: there will be no next attempt */
      gboolean is_stop = atelier_run_is_stopping (run);
      AtelierStepUpdate update = { .status = is_stop ? ATELIER_STEP_STATUS_STOPPED : ATELIER_STEP_STATUS_FAILED,
                                   .ended_at_us = atelier_time_now_us (), .waits_for = "" };

      atelier_run_change_step (run, step, &update, NULL);
      outcome = is_stop ? ATELIER_PLAN_OUTCOME_STOPPED : ATELIER_PLAN_OUTCOME_FAILED;
    }
  atelier_plan_finished (run->plan, step, outcome, result->branch);
}

/* @own: (nullable) (inout): as for start_ready() */
static void
take_turn (AtelierRun *run, int *own)
{
  record_settled (run);
  if (atelier_run_is_stopping (run) && !run->has_begun_to_stop)
    {
      run->has_begun_to_stop = TRUE;
      atelier_plan_stop (run->plan);
      record_status (run, ATELIER_EXECUTION_STATUS_STOPPING, &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_STOPPING });
      record_settled (run);
    }
  if (!atelier_plan_more_to_do (run->plan))
    return;
  start_ready (run, own);
  record_waits (run);
}

/* --- workers --- */

/* What was handed out but not begun when the run is wound up never begins; an adopted attempt is followed to its end. */
static void
carry_out (AtelierRun *run, guint step, AtelierStepResult *result)
{
  AtelierRunStep *state = &run->steps[step];

  *result = (AtelierStepResult) { .outcome = ATELIER_PLAN_OUTCOME_STOPPED };
  if (g_atomic_int_get (&run->is_leaving))
    result->is_left = TRUE;
  else if (atelier_run_is_stopping (run) && state->adopted == NULL)
    result->is_untouched = TRUE;
  else
    {
      if (state->is_shown)
        atelier_run_show_starting (run, step);
      result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
      atelier_step_kind_find (atelier_step_get_step_type (state->step))->execute (run, step, result);
      if (result->is_untouched)
        result->outcome = ATELIER_PLAN_OUTCOME_STOPPED;
      else
        state->is_shown = FALSE;
    }
}

/* Returns: the next step for this worker, -1 when there is none */
static int
report (AtelierRun *run, guint step, const AtelierStepResult *result)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&run->plan_lock);
  int next = -1;

  if (g_atomic_int_get (&run->is_leaving))
    return -1;
  handle (run, step, result);
  take_turn (run, &next);
  if (!atelier_plan_more_to_do (run->plan) || atelier_plan_get_next_wake_us (run->plan) != run->wake_us)
    g_async_queue_push (run->calls, run);
  return next;
}

static void
work (gpointer data, gpointer user_data)
{
  int step = GPOINTER_TO_INT (data) - 1;

  atelier_ask_for_short_turns ();
  while (step >= 0)
    {
      AtelierStepResult result;

      carry_out (user_data, (guint) step, &result);
      step = report (user_data, (guint) step, &result);
    }
}

/* --- the scheduler --- */

/* Sleeps until a turn is due. Called with plan_lock held, which others take meanwhile. */
static void
wait_for_turn (AtelierRun *run)
{
  gint64 wake_us = atelier_plan_get_next_wake_us (run->plan);

  run->wake_us = wake_us;
  g_mutex_unlock (&run->plan_lock);
  if (wake_us == G_MAXINT64)
    g_async_queue_pop (run->calls);
  else
    g_async_queue_timeout_pop (run->calls, (guint64) MAX (wake_us - atelier_time_now_us (), 0));
  g_mutex_lock (&run->plan_lock);
}

/* Returns: whether everything is done; else the run is to be left */
static gboolean
carry_out_all (AtelierRun *run)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&run->plan_lock);

  while (!g_atomic_int_get (&run->is_leaving))
    {
      take_turn (run, NULL);
      if (!atelier_plan_more_to_do (run->plan))
        return TRUE;
      wait_for_turn (run);
    }
  return FALSE;
}

/* Nothing is told as ended that is not on disk, and nothing of the run is left in this program but its memory. */
static void
wind_up (AtelierRun *run)
{
  atelier_store_flush (run->store, NULL); /* a failure was told to atelier_run_committed() */
  atelier_run_drop_links (run);
  g_clear_pointer (&run->supervisor, atelier_supervisor_free);
  atelier_run_tell (run, atelier_run_news_new (run, ATELIER_RUN_NEWS_ENDED));
}

static gpointer
schedule (gpointer data)
{
  AtelierRun *run = data;
  gboolean is_done;

  atelier_ask_for_short_turns ();
  record_start (run);
  atelier_run_record_unrun (run);
  for (guint i = 0; i < run->n_steps; i++)
    if (run->steps[i].adopted != NULL)
      g_thread_pool_push (run->workers, GINT_TO_POINTER (i + 1), NULL);
  is_done = carry_out_all (run);
  g_thread_pool_free (g_steal_pointer (&run->workers), FALSE, TRUE);
  withdraw_waits (run);
  if (is_done)
    record_end (run);
  wind_up (run);
  return NULL;
}

/* --- life --- */

static AtelierPlanLimits
limits_of (const AtelierRunOptions *options)
{
  guint n_cpus = g_get_num_processors ();

  return (AtelierPlanLimits) {
    .parallel = options->parallel > 0 ? options->parallel : n_cpus,
    .cpus = n_cpus,
    .memory_bytes = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE),
    .fail_slow = options->fail_slow,
  };
}

/* atelier_run_new:
 *
 * Takes up an execution: a new one, or one whose owner has gone. Blocks for some queries.
 *
 * Returns: (transfer full) (nullable): a run that has not been started */
AtelierRun *
atelier_run_new (const AtelierRunRequest *request, AtelierRunListener listener, gpointer user_data, GError **error)
{
  g_autoptr (AtelierRun) run = g_new0 (AtelierRun, 1);
  g_autoptr (json_t) options = atelier_run_options_to_json (&request->options);

  g_mutex_init (&run->lock);
  g_mutex_init (&run->plan_lock);
  run->calls = g_async_queue_new ();
  run->waits = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&run->links);
  run->stop_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  run->cancellable = g_cancellable_new ();
  run->store = g_object_ref (request->store);
  run->artifacts = atelier_artifacts_ref (request->artifacts);
  run->runtimes = atelier_runtime_table_ref (request->runtimes);
  run->definition = atelier_definition_ref (request->definition);
  run->execution_id = g_strdup (request->execution_id);
  run->parameters = json_deep_copy (request->parameters);
  run->pipeline_name = g_strdup (request->pipeline_name);
  run->pipeline_id = request->pipeline_id;
  run->project_id = request->project_id;
  run->commit_id = g_strdup (request->commit_id);
  run->is_dirty = request->is_dirty;
  run->is_simulated = request->is_simulated;
  run->created_at_us = request->created_at_us;
  run->started_at_us = request->started_at_us;
  atelier_run_options_from_json (&run->options, options);
  run->source_execution_id = g_strdup (request->source_execution_id);
  run->run_folder = atelier_run_folder (atelier_store_get_workspace (run->store), run->execution_id);
  run->has_sandbox = !run->options.without_sandbox && atelier_sandbox_get_refusal () == NULL;
  run->listener = listener;
  run->listener_data = user_data;
  run->environments = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  run->supervisor = atelier_supervisor_new (run->run_folder);
  run->door = atelier_door_new (run->run_folder, atelier_artifacts_get_folder (run->artifacts));
  run->limits = limits_of (&run->options);
  run->n_steps = atelier_definition_get_n_steps (run->definition);
  run->steps = g_new0 (AtelierRunStep, run->n_steps);
  for (guint i = 0; i < run->n_steps; i++)
    {
      run->steps[i].step = atelier_definition_get_step (run->definition, i);
      run->steps[i].action = request->actions != NULL ? request->actions[i] : ATELIER_SELECTION_RUN;
    }
  return atelier_run_restore (run, error) ? g_steal_pointer (&run) : NULL;
}

/* Begins; the last news is ENDED. */
void
atelier_run_start (AtelierRun *self)
{
  /* steps that move facts hold no slot, so there is a worker more than slots for them */
  self->workers = g_thread_pool_new (work, self, (int) MIN (self->limits.parallel, 256) + 1, FALSE, NULL);
  self->scheduler = g_thread_new ("scheduler", schedule, self);
}

/* atelier_run_stop:
 * @grace_ms: between TERM and KILL; -1: as the options say. Asked again, the new grace counts, from then on
 *
 * Stops every step and the execution. Any thread; returns at once. */
void
atelier_run_stop (AtelierRun *self, int grace_ms)
{
  g_atomic_int_set (&self->grace_ms, grace_ms);
  g_atomic_int_inc (&self->is_stopping);
  wake (self);
}

/* Lets go of the execution without stopping anything: running steps go on under their supervisor. Any thread; returns at once. */
void
atelier_run_leave (AtelierRun *self)
{
  g_atomic_int_set (&self->is_leaving, TRUE);
  wake (self);
}

/* Waits for the run's threads: call after ENDED, or after leave. */
void
atelier_run_free (AtelierRun *self)
{
  if (self->scheduler != NULL)
    g_thread_join (self->scheduler);
  g_clear_pointer (&self->plan, atelier_plan_free);
  g_queue_clear_full (&self->links, (GDestroyNotify) atelier_supervisor_link_free);
  g_clear_pointer (&self->supervisor, atelier_supervisor_free);
  g_clear_pointer (&self->door, atelier_door_free);
  for (guint i = 0; i < self->n_steps; i++)
    {
      json_decref (self->steps[i].properties);
      g_free (self->steps[i].outcome_text);
      g_free (self->steps[i].reused_from);
      g_clear_pointer (&self->steps[i].adopted, atelier_journal_entry_free);
    }
  g_free (self->steps);
  g_clear_object (&self->store);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->artifacts, atelier_artifacts_unref);
  g_clear_pointer (&self->runtimes, atelier_runtime_table_unref);
  g_clear_pointer (&self->definition, atelier_definition_unref);
  g_free (self->execution_id);
  json_decref (self->parameters);
  g_free (self->pipeline_name);
  g_free (self->commit_id);
  atelier_run_options_clear (&self->options);
  g_free (self->source_execution_id);
  g_free (self->run_folder);
  g_clear_pointer (&self->environments, g_hash_table_unref);
  if (self->stop_fd >= 0)
    close (self->stop_fd);
  g_free (self->failure);
  g_free (self->store_failure);
  g_hash_table_unref (self->waits);
  g_async_queue_unref (self->calls);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->plan_lock);
  g_free (self);
}
