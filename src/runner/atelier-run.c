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

#include "atelier-expression.h"
#include "atelier-instance-type.h"
#include "atelier-run-door.h"
#include "atelier-sandbox.h"
#include "atelier-store-queries.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* The scheduler of one execution: a thread that alone touches the plan, starts what is ready on worker threads, and hears from
 * them through one queue. What the plan settles by itself (skipped branches) is recorded here.
 *
 * What always holds: an event is in the store's queue before the scheduler acts on it, and the store applies its queue in
 * order; so nothing that depends on a step is ever on disk without that step's end. */

/* What the scheduler is told. */
typedef struct
{
  int               step; /* -1: only to be woken */
  AtelierStepResult result;
} Message;

#define MOST_WAITS_TOLD 200 /* steps of a run whose waiting is written down as it changes; larger runs change it too often */

/* --- options --- */

json_t *
atelier_run_options_to_json (const AtelierRunOptions *self)
{
  json_t *options = json_object ();
  json_t *network = json_array ();

  for (gsize i = 0; self->network != NULL && self->network[i] != NULL; i++)
    json_array_append_new (network, json_string (self->network[i]));
  atelier_json_set_int (options, "parallel", self->parallel);
  atelier_json_set_bool (options, "fail_slow", self->fail_slow);
  atelier_json_set_bool (options, "without_cache", self->without_cache);
  atelier_json_set_bool (options, "without_sandbox", self->without_sandbox);
  atelier_json_set_int (options, "grace_ms", self->grace_ms);
  atelier_json_set_int (options, "log_limit_bytes", self->log_limit_bytes);
  json_object_set_new (options, "network", network);
  return options;
}

/* @self: (out): free with atelier_run_options_clear() */
gboolean
atelier_run_options_from_json (AtelierRunOptions *self, const json_t *options)
{
  json_t *list = atelier_json_get_array (options, "network"), *name;
  g_autoptr (GPtrArray) network = g_ptr_array_new ();
  size_t i;

  *self = (AtelierRunOptions) {
    .parallel = (guint) atelier_json_get_int (options, "parallel", 0),
    .fail_slow = atelier_json_get_bool (options, "fail_slow", FALSE),
    .without_cache = atelier_json_get_bool (options, "without_cache", FALSE),
    .without_sandbox = atelier_json_get_bool (options, "without_sandbox", FALSE),
    .grace_ms = atelier_json_get_int (options, "grace_ms", 0),
    .log_limit_bytes = atelier_json_get_int (options, "log_limit_bytes", 0),
  };
  json_array_foreach (list, i, name)
    g_ptr_array_add (network, g_strdup (json_string_value (name)));
  g_ptr_array_add (network, NULL);
  self->network = (char **) g_ptr_array_free (g_steal_pointer (&network), FALSE);
  return json_is_object (options);
}

void
atelier_run_options_clear (AtelierRunOptions *self)
{
  g_clear_pointer (&self->network, g_strfreev);
}

/* Returns: (transfer full): WORKSPACE/runs/EXECUTION */
char *
atelier_run_folder (const char *workspace, const char *execution_id)
{
  return g_build_filename (workspace, "runs", execution_id, NULL);
}

/* --- hand-overs --- */

static void
post (AtelierRun *run, int step, const AtelierStepResult *result)
{
  Message *message = g_new0 (Message, 1);

  message->step = step;
  if (result != NULL)
    message->result = *result;
  g_async_queue_push (run->messages, message);
}

static void
wake (AtelierRun *run)
{
  guint64 one = 1;

  (void) !write (run->stop_fd, &one, sizeof one);
  post (run, -1, NULL);
}

gboolean
atelier_run_is_winding_up (AtelierRun *run)
{
  return g_atomic_int_get (&run->is_stopping) || g_atomic_int_get (&run->is_leaving);
}

/* Returns: (transfer full) (nullable): a connection to the supervisor that no other worker uses. It goes back with
 * atelier_run_give_link(): when the last one is freed the supervisor ends. */
AtelierSupervisorLink *
atelier_run_take_link (AtelierRun *run, GError **error)
{
  AtelierSupervisorLink *link;

  g_mutex_lock (&run->lock);
  link = g_queue_pop_head (&run->links);
  g_mutex_unlock (&run->lock);
  return link != NULL ? link : atelier_supervisor_connect (run->supervisor, error);
}

/* @link: (transfer full) */
void
atelier_run_give_link (AtelierRun *run, AtelierSupervisorLink *link)
{
  g_mutex_lock (&run->lock);
  g_queue_push_head (&run->links, link);
  g_mutex_unlock (&run->lock);
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
      g_atomic_int_set (&run->is_leaving, TRUE);
      wake (run);
    }
}

static void
work (gpointer data, gpointer user_data)
{
  AtelierRun *run = user_data;
  guint step = GPOINTER_TO_UINT (data) - 1;
  AtelierStepResult result = { .outcome = ATELIER_PLAN_OUTCOME_STOPPED };

  /* what was handed out but not begun when the run is wound up never begins; an adopted attempt is followed to its end */
  if (g_atomic_int_get (&run->is_leaving) || (g_atomic_int_get (&run->is_stopping) && run->steps[step].adopted == NULL))
    {
      result.is_left = g_atomic_int_get (&run->is_leaving);
      post (run, (int) step, &result);
      return;
    }
  result.outcome = ATELIER_PLAN_OUTCOME_FAILED;
  atelier_step_kind_find (atelier_step_get_step_type (run->steps[step].step))->execute (run, step, &result);
  post (run, (int) step, &result);
}

/* --- the plan --- */

static const char *
instance_type_of (const AtelierStep *step, AtelierScope *scope, char **keep)
{
  const AtelierNode *arguments = atelier_step_get_arguments (step);
  const AtelierNode *resources = atelier_step_get_step_type (step) == ATELIER_STEP_TYPE_TRAINING
                                     ? atelier_node_get_member (arguments, "ResourceConfig")
                                     : atelier_node_get_member (atelier_node_get_member (arguments, "ProcessingResources"), "ClusterConfig");

  *keep = atelier_expression_resolve_text (atelier_node_get_member (resources, "InstanceType"), scope, NULL);
  return *keep;
}

/* What a step asks of the machine. One that wants more than there is gets what there is, alone. */
static void
describe_step (AtelierRun *run, guint i, AtelierPlanStep *plan_step, const GHashTable *durations)
{
  AtelierRunStep *state = &run->steps[i];
  const AtelierStepKind *kind = atelier_step_kind_find (atelier_step_get_step_type (state->step));
  const gint64 *expected_us = g_hash_table_lookup ((GHashTable *) durations, atelier_step_get_name (state->step));
  AtelierRunScope data = { run, i, NULL };
  AtelierScope scope;
  g_autofree char *type_name = NULL;
  AtelierInstanceType type;

  plan_step->name = atelier_step_get_name (state->step);
  plan_step->weight = expected_us != NULL ? *expected_us / 1e6 : 0;
  plan_step->takes_no_slot = kind == NULL || kind->is_fact;
  plan_step->ends_execution = atelier_step_get_step_type (state->step) == ATELIER_STEP_TYPE_FAIL;
  if (plan_step->takes_no_slot)
    return;
  atelier_run_scope_init (&scope, &data);
  type = atelier_instance_type_look_up (instance_type_of (state->step, &scope, &type_name));
  plan_step->cpus = MAX (type.cpus, 1);
  plan_step->memory_bytes = type.known ? type.memory_bytes : 0;
  state->is_bigger = plan_step->cpus > run->limits.cpus || plan_step->memory_bytes > run->limits.memory_bytes;
  state->cpus = MIN (plan_step->cpus, run->limits.cpus);
  state->memory_bytes = type.known ? MIN (type.memory_bytes, run->limits.memory_bytes) : run->limits.memory_bytes;
}

static AtelierPlanState
plan_state_of (const AtelierRunStep *state)
{
  if (state->action == ATELIER_SELECTION_SKIP)
    return ATELIER_PLAN_SKIPPED;
  if (state->action == ATELIER_SELECTION_REUSE)
    return ATELIER_PLAN_CACHED;
  if (state->adopted != NULL)
    return ATELIER_PLAN_RUNNING;
  switch (state->status)
    {
    case ATELIER_STEP_STATUS_SUCCEEDED:
      return ATELIER_PLAN_SUCCEEDED;
    case ATELIER_STEP_STATUS_CACHED:
      return ATELIER_PLAN_CACHED;
    case ATELIER_STEP_STATUS_SKIPPED:
      return ATELIER_PLAN_SKIPPED;
    default:
      return ATELIER_PLAN_PENDING;
    }
}

static gboolean
make_plan (AtelierRun *run, const gboolean *branches, GError **error)
{
  g_autofree AtelierPlanStep *steps = g_new0 (AtelierPlanStep, run->n_steps);
  g_autoptr (GHashTable) durations = atelier_store_list_expected_durations (run->store, run->pipeline_id, error);
  const AtelierEdge *edges;
  guint n_edges;

  if (durations == NULL)
    return FALSE;
  for (guint i = 0; i < run->n_steps; i++)
    {
      describe_step (run, i, &steps[i], durations);
      steps[i].state = plan_state_of (&run->steps[i]);
      steps[i].branch = branches[i];
    }
  edges = atelier_definition_get_edges (run->definition, &n_edges);
  run->plan = atelier_plan_new (steps, run->n_steps, edges, n_edges, &run->limits, error);
  return run->plan != NULL;
}

/* --- taking up what is on disk --- */

/* What is on disk of the steps: nothing for a new run, results of earlier attempts for one that is resumed, results of the source
 * for steps that are reused. */
static gboolean
load_steps (AtelierRun *run, gboolean *branches, GError **error)
{
  g_autoptr (GPtrArray) own = atelier_store_list_steps (run->store, run->execution_id, error);
  g_autoptr (GPtrArray) source = NULL;
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);

  if (own == NULL)
    return FALSE;
  if (own->len != run->n_steps)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the execution “%s” does not fit its definition"), run->execution_id);
      return FALSE;
    }
  if (run->source_execution_id != NULL)
    {
      source = atelier_store_list_steps (run->store, run->source_execution_id, error);
      if (source == NULL)
        return FALSE;
      for (guint i = 0; i < source->len; i++)
        {
          AtelierStepRecord *record = g_ptr_array_index (source, i);

          g_hash_table_insert (by_name, record->name, record);
        }
    }
  for (guint i = 0; i < run->n_steps; i++)
    {
      AtelierRunStep *state = &run->steps[i];
      const AtelierStepRecord *record = g_ptr_array_index (own, i);

      state->status = record->status;
      state->attempts = record->attempt_count;
      if (state->action == ATELIER_SELECTION_REUSE)
        {
          const AtelierStepRecord *reused = g_hash_table_lookup (by_name, atelier_step_get_name (state->step));

          record = reused != NULL ? reused : record;
        }
      if (record->properties_json != NULL && (state->is_read || state->action == ATELIER_SELECTION_REUSE) &&
          (atelier_step_status_is_success (record->status) || state->action == ATELIER_SELECTION_REUSE))
        state->properties = atelier_json_parse (record->properties_json, -1, NULL);
      branches[i] = record->outcome;
    }
  return TRUE;
}

/* Attempts that an earlier owner started and whose end is not in the store. */
static void
find_adopted (AtelierRun *run)
{
  g_autofree char *path = g_build_filename (run->run_folder, "journal", NULL);
  g_autoptr (GPtrArray) entries = atelier_journal_read (path, NULL);

  for (guint i = entries != NULL ? entries->len : 0; i-- > 0;)
    {
      AtelierJournalEntry *entry = g_ptr_array_index (entries, i);
      const AtelierStep *step = atelier_definition_find_step (run->definition, entry->step);
      AtelierRunStep *state = step != NULL ? &run->steps[atelier_step_get_index (step)] : NULL;

      if (state == NULL || state->adopted != NULL || atelier_step_status_is_final (state->status) ||
          state->action != ATELIER_SELECTION_RUN || entry->attempt < state->attempts)
        continue;
      /* an attempt that is on record as over belongs to a step that waits for its next one */
      if (state->status == ATELIER_STEP_STATUS_WAITING && entry->attempt == state->attempts)
        continue;
      if (state->status == ATELIER_STEP_STATUS_PENDING && entry->attempt == state->attempts)
        continue;
      state->adopted = g_ptr_array_steal_index (entries, i);
    }
}

static void
record_reused (AtelierRun *run)
{
  for (guint i = 0; i < run->n_steps; i++)
    {
      AtelierRunStep *state = &run->steps[i];
      gint64 now = atelier_time_now_us ();
      g_autofree char *properties = NULL;
      AtelierStepUpdate update = { .started_at_us = now, .ended_at_us = now };

      if (state->action == ATELIER_SELECTION_RUN || atelier_step_status_is_final (state->status))
        continue;
      update.status = state->action == ATELIER_SELECTION_REUSE ? ATELIER_STEP_STATUS_CACHED : ATELIER_STEP_STATUS_SKIPPED;
      if (state->action == ATELIER_SELECTION_REUSE)
        {
          properties = state->properties != NULL ? atelier_json_compact (state->properties) : NULL;
          update.properties_json = properties;
          update.cached_from = run->source_execution_id;
        }
      update.why = state->action == ATELIER_SELECTION_REUSE ? _("Its result is taken from the run that this one goes on from")
                                                            : _("It was not chosen to run");
      atelier_store_step_changed (run->store, run->execution_id, atelier_step_get_name (state->step), &update, atelier_run_committed,
                                  atelier_run_pending_new (run, atelier_run_step_news (run, i, update.status, update.cached_from)));
      state->status = update.status;
    }
}

/* --- the loop --- */

/* Skipped steps of one moment are one event. */
static void
record_settled (AtelierRun *run)
{
  g_autoptr (GPtrArray) skipped = g_ptr_array_new ();
  g_autoptr (GPtrArray) news = g_ptr_array_new ();
  int step;

  while ((step = atelier_plan_next_settled (run->plan)) >= 0)
    {
      const char *name = atelier_step_get_name (run->steps[step].step);

      if (atelier_plan_get_state (run->plan, (guint) step) == ATELIER_PLAN_SKIPPED)
        {
          g_ptr_array_add (skipped, (char *) name);
          g_ptr_array_add (news, atelier_run_step_news (run, (guint) step, ATELIER_STEP_STATUS_SKIPPED, NULL));
        }
      else
        {
          gboolean is_stop = atelier_plan_get_state (run->plan, (guint) step) == ATELIER_PLAN_STOPPED;
          AtelierStepUpdate update = { .status = is_stop ? ATELIER_STEP_STATUS_STOPPED : ATELIER_STEP_STATUS_FAILED,
                                       .ended_at_us = atelier_time_now_us (), .waits_for = "" };

          atelier_store_step_changed (run->store, run->execution_id, name, &update, atelier_run_committed,
                                      atelier_run_pending_new (run, atelier_run_step_news (run, (guint) step, update.status, NULL)));
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
record_waits (AtelierRun *run, GHashTable *told)
{
  if (run->n_steps > MOST_WAITS_TOLD)
    return;
  for (guint i = 0; i < run->n_steps; i++)
    {
      g_autofree char *waits_for = NULL;
      AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_WAITING };

      if (atelier_plan_get_state (run->plan, i) != ATELIER_PLAN_READY)
        continue;
      waits_for = atelier_plan_describe_wait (run->plan, i);
      if (waits_for == NULL || g_strcmp0 (g_hash_table_lookup (told, GUINT_TO_POINTER (i)), waits_for) == 0)
        continue;
      update.waits_for = waits_for;
      atelier_store_step_changed (run->store, run->execution_id, atelier_step_get_name (run->steps[i].step), &update, atelier_run_committed,
                                  atelier_run_pending_new (run, atelier_run_step_news (run, i, ATELIER_STEP_STATUS_WAITING, waits_for)));
      g_hash_table_insert (told, GUINT_TO_POINTER (i), g_steal_pointer (&waits_for));
    }
}

static void
start_ready (AtelierRun *run)
{
  int step;

  while (!g_atomic_int_get (&run->is_leaving) && (step = atelier_plan_next_ready (run->plan, atelier_time_now_us ())) >= 0)
    {
      atelier_plan_started (run->plan, (guint) step);
      g_thread_pool_push (run->workers, GUINT_TO_POINTER (step + 1), NULL);
    }
}

static void
handle (AtelierRun *run, const Message *message)
{
  guint step = (guint) message->step;

  if (message->step < 0)
    return;
  if (message->result.retry && atelier_plan_retry (run->plan, step, message->result.not_before_us))
    return;
  atelier_plan_finished (run->plan, step, message->result.retry ? ATELIER_PLAN_OUTCOME_FAILED : message->result.outcome,
                         message->result.branch);
}

static Message *
wait_for_message (AtelierRun *run)
{
  gint64 wake_us = atelier_plan_get_next_wake_us (run->plan);
  gint64 now = atelier_time_now_us ();

  if (wake_us == G_MAXINT64)
    return g_async_queue_pop (run->messages);
  return g_async_queue_timeout_pop (run->messages, wake_us > now ? (guint64) (wake_us - now) : 0);
}

static void
record_status (AtelierRun *run, AtelierExecutionStatus status, const char *reason)
{
  gboolean is_end = atelier_execution_status_is_final (status);
  AtelierExecutionUpdate update = { .status = status, .failure_reason = reason };
  AtelierRunNews *news = atelier_run_news_new (run, ATELIER_RUN_NEWS_EXECUTION);

  if (is_end)
    update.ended_at_us = atelier_time_now_us ();
  news->status = status;
  news->text = g_strdup (reason);
  atelier_store_execution_changed (run->store, run->execution_id, &update, NULL, atelier_run_committed, atelier_run_pending_new (run, news));
}

static void
record_end (AtelierRun *run)
{
  switch (atelier_plan_get_outcome (run->plan))
    {
    case ATELIER_PLAN_SUCCEEDED:
      record_status (run, ATELIER_EXECUTION_STATUS_SUCCEEDED, NULL);
      break;
    case ATELIER_PLAN_STOPPED:
      record_status (run, ATELIER_EXECUTION_STATUS_STOPPED, NULL);
      break;
    default:
      record_status (run, ATELIER_EXECUTION_STATUS_FAILED, run->failure != NULL ? run->failure : _("a step failed"));
    }
}

static void
tell_start (AtelierRun *run)
{
  AtelierExecutionUpdate update = { .status = ATELIER_EXECUTION_STATUS_EXECUTING, .started_at_us = atelier_time_now_us () };
  g_autofree char *note = NULL;
  AtelierRunNews *news;

  if (!run->has_sandbox)
    {
      const char *refusal = atelier_sandbox_get_refusal ();

      note = refusal != NULL && !run->options.without_sandbox
                 ? g_strdup_printf (_("Steps run without a sandbox: %s. Scripts that name /opt/ml themselves will not find it"), refusal)
                 : g_strdup (_("Steps run without a sandbox, as asked"));
      news = atelier_run_news_new (run, ATELIER_RUN_NEWS_NOTE);
      news->text = g_strdup (note);
      atelier_run_tell (run, news);
    }
  update.note = note;
  news = atelier_run_news_new (run, ATELIER_RUN_NEWS_EXECUTION);
  news->status = ATELIER_EXECUTION_STATUS_EXECUTING;
  atelier_store_execution_changed (run->store, run->execution_id, &update, NULL, atelier_run_committed, atelier_run_pending_new (run, news));
}

static gpointer
schedule (gpointer data)
{
  AtelierRun *run = data;
  g_autoptr (GHashTable) told = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  gboolean is_stopping = FALSE;

  tell_start (run);
  record_reused (run);
  for (guint i = 0; i < run->n_steps; i++)
    if (run->steps[i].adopted != NULL)
      g_thread_pool_push (run->workers, GUINT_TO_POINTER (i + 1), NULL);
  for (;;)
    {
      g_autofree Message *message = NULL;

      record_settled (run);
      if (g_atomic_int_get (&run->is_stopping) && !is_stopping)
        {
          is_stopping = TRUE;
          atelier_plan_stop (run->plan);
          record_status (run, ATELIER_EXECUTION_STATUS_STOPPING, NULL);
          record_settled (run);
        }
      if (!atelier_plan_more_to_do (run->plan))
        break;
      start_ready (run);
      record_waits (run, told);
      if (g_atomic_int_get (&run->is_leaving))
        break;
      message = wait_for_message (run);
      if (message != NULL)
        handle (run, message);
    }
  g_thread_pool_free (g_steal_pointer (&run->workers), FALSE, TRUE);
  if (!g_atomic_int_get (&run->is_leaving))
    record_end (run);
  {
    g_autoptr (GError) error = NULL;

    /* nothing is told as ended that is not on disk */
    if (!atelier_store_flush (run->store, &error))
      atelier_run_store_failed (run, error->message);
  }
  atelier_run_tell (run, atelier_run_news_new (run, ATELIER_RUN_NEWS_ENDED));
  return NULL;
}

/* --- life --- */

static void
mark_read (AtelierRun *run)
{
  guint n_edges;
  const AtelierEdge *edges = atelier_definition_get_edges (run->definition, &n_edges);

  /* the edge of a branch may hide a reference */
  for (guint i = 0; i < n_edges; i++)
    if (edges[i].kind != ATELIER_EDGE_DEPENDS_ON)
      run->steps[edges[i].from].is_read = TRUE;
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
  g_autofree gboolean *branches = NULL;
  guint n_cpus = g_get_num_processors ();

  g_mutex_init (&run->lock);
  g_queue_init (&run->links);
  run->messages = g_async_queue_new_full (g_free);
  run->stop_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  run->store = g_object_ref (request->store);
  run->artifacts = atelier_artifacts_ref (request->artifacts);
  run->runtimes = atelier_runtime_table_ref (request->runtimes);
  run->definition = atelier_definition_ref (request->definition);
  run->execution_id = g_strdup (request->execution_id);
  run->parameters = json_deep_copy (request->parameters);
  run->pipeline_name = g_strdup (request->pipeline_name);
  run->pipeline_id = request->pipeline_id;
  run->project_id = request->project_id;
  run->project_name = g_strdup (request->project_name);
  run->commit_id = g_strdup (request->commit_id);
  run->is_dirty = request->is_dirty;
  run->is_simulated = request->is_simulated;
  run->created_at_us = request->created_at_us;
  atelier_run_options_from_json (&run->options, options);
  run->source_execution_id = g_strdup (request->source_execution_id);
  run->run_folder = atelier_run_folder (atelier_store_get_workspace (run->store), run->execution_id);
  run->has_sandbox = !run->options.without_sandbox && atelier_sandbox_get_refusal () == NULL;
  run->listener = listener;
  run->listener_data = user_data;
  run->environments = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  run->supervisor = atelier_supervisor_new (run->run_folder);
  run->limits = (AtelierPlanLimits) {
    .parallel = run->options.parallel > 0 ? run->options.parallel : n_cpus,
    .cpus = n_cpus,
    .memory_bytes = (gint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE),
    .fail_slow = run->options.fail_slow,
  };
  run->n_steps = atelier_definition_get_n_steps (run->definition);
  run->steps = g_new0 (AtelierRunStep, run->n_steps);
  branches = g_new0 (gboolean, run->n_steps);
  for (guint i = 0; i < run->n_steps; i++)
    {
      run->steps[i].step = atelier_definition_get_step (run->definition, i);
      run->steps[i].action = request->actions != NULL ? request->actions[i] : ATELIER_SELECTION_RUN;
    }
  mark_read (run);
  if (!load_steps (run, branches, error))
    return NULL;
  find_adopted (run);
  if (!make_plan (run, branches, error))
    return NULL;
  return g_steal_pointer (&run);
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
      g_clear_pointer (&self->steps[i].adopted, atelier_journal_entry_free);
    }
  g_free (self->steps);
  g_clear_object (&self->store);
  g_clear_pointer (&self->artifacts, atelier_artifacts_unref);
  g_clear_pointer (&self->runtimes, atelier_runtime_table_unref);
  g_clear_pointer (&self->definition, atelier_definition_unref);
  g_free (self->execution_id);
  json_decref (self->parameters);
  g_free (self->pipeline_name);
  g_free (self->project_name);
  g_free (self->commit_id);
  atelier_run_options_clear (&self->options);
  g_free (self->source_execution_id);
  g_free (self->run_folder);
  g_clear_pointer (&self->environments, g_hash_table_unref);
  g_async_queue_unref (self->messages);
  if (self->stop_fd >= 0)
    close (self->stop_fd);
  g_free (self->failure);
  g_free (self->store_failure);
  g_mutex_clear (&self->lock);
  g_free (self);
}
