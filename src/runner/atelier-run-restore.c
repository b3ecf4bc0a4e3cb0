/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-expression.h"
#include "atelier-instance-type.h"
#include "atelier-store-queries.h"
#include "atelier-time.h"

/* Taking up an execution: from its definition and what is on disk of it to a plan. For a new execution there is nothing but
 * pending steps; one whose owner has gone has results, attempts that ended, attempts that still run, and attempts that came to
 * nothing; a step that is reused has its results in the execution that this one goes on from.
 *
 * The store knows which attempts are over. Every other attempt that the journal has was started, so it is adopted: whoever runs
 * it again would do its work twice. One that the store has and the journal has not never began. */

/* --- steps --- */

static GHashTable *
records_by_name (GPtrArray *records)
{
  GHashTable *by_name = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      AtelierStepRecord *record = g_ptr_array_index (records, i);

      g_hash_table_insert (by_name, record->name, record);
    }
  return by_name;
}

/* Whether attempts made so far still count for retry policies: a person who resumes an execution begins anew, but a crash does
 * not. */
static gboolean
is_under_way (AtelierStepStatus status)
{
  return status == ATELIER_STEP_STATUS_EXECUTING || status == ATELIER_STEP_STATUS_STARTING || status == ATELIER_STEP_STATUS_WAITING ||
         status == ATELIER_STEP_STATUS_STOPPING;
}

static void
restore_step (AtelierRunStep *state, const AtelierStepRecord *own, const AtelierStepRecord *source)
{
  const AtelierStepRecord *record = own;

  state->status = own->status;
  state->attempts = own->attempt_count;
  state->attempts_before = is_under_way (own->status) ? 0 : own->attempt_count;
  if (state->action == ATELIER_SELECTION_REUSE && source != NULL)
    {
      record = source;
      state->reused_from = g_strdup (source->cached_from != NULL ? source->cached_from : source->execution_id);
    }
  state->outcome = record->outcome;
  state->outcome_text = g_strdup (record->outcome_text);
  if (record->properties_json != NULL &&
      (state->action == ATELIER_SELECTION_REUSE || (state->is_read && atelier_step_status_is_success (record->status))))
    state->properties = atelier_json_parse (record->properties_json, -1, NULL);
}

static gboolean
restore_steps (AtelierRun *run, GError **error)
{
  g_autoptr (GPtrArray) own = atelier_store_list_steps (run->store, run->execution_id, error);
  g_autoptr (GPtrArray) source = NULL;
  g_autoptr (GHashTable) by_name = NULL;

  if (own == NULL)
    return FALSE;
  if (own->len != run->n_steps)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the execution “%s” does not fit its definition"), run->execution_id);
      return FALSE;
    }
  if (run->source_execution_id != NULL && (source = atelier_store_list_steps (run->store, run->source_execution_id, error)) == NULL)
    return FALSE;
  by_name = records_by_name (source);
  for (guint i = 0; i < run->n_steps; i++)
    restore_step (&run->steps[i], g_ptr_array_index (own, i), g_hash_table_lookup (by_name, atelier_step_get_name (run->steps[i].step)));
  return TRUE;
}

/* Steps whose properties somebody reads. */
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

/* --- attempts --- */

static AtelierRunStep *
find_state (AtelierRun *run, const char *name)
{
  const AtelierStep *step = atelier_definition_find_step (run->definition, name);

  return step != NULL ? &run->steps[atelier_step_get_index (step)] : NULL;
}

/* Whether the step may have an attempt that the store does not know the end of. */
static gboolean
may_be_adopted (const AtelierRunStep *state)
{
  return state->action == ATELIER_SELECTION_RUN && !atelier_step_status_is_success (state->status) &&
         state->status != ATELIER_STEP_STATUS_SKIPPED && state->adopted == NULL;
}

static char *
attempt_key (const char *step, gint64 number)
{
  return g_strdup_printf ("%s/%" G_GINT64_FORMAT, step, number);
}

static void
index_attempts (GPtrArray *attempts, GHashTable *known)
{
  for (guint i = 0; i < attempts->len; i++)
    {
      AtelierAttemptRecord *attempt = g_ptr_array_index (attempts, i);

      g_hash_table_insert (known, attempt_key (attempt->step, attempt->number), attempt);
    }
}

static void
adopt_started (AtelierRun *run, GPtrArray *entries, GHashTable *known)
{
  for (guint i = entries->len; i-- > 0;)
    {
      AtelierJournalEntry *entry = g_ptr_array_index (entries, i);
      AtelierRunStep *state = find_state (run, entry->step);
      g_autofree char *key = NULL;
      const AtelierAttemptRecord *record;

      if (state == NULL || !may_be_adopted (state) || entry->attempt < state->attempts)
        continue;
      key = attempt_key (entry->step, entry->attempt);
      record = g_hash_table_lookup (known, key);
      if (record != NULL && record->ended_at_us > 0)
        continue;
      state->adopted = g_ptr_array_steal_index (entries, i);
      state->adopted_is_recorded = record != NULL;
    }
}

/* Attempts that were recorded and never began; and when those began that retry policies count. */
static void
settle_attempts (AtelierRun *run, GPtrArray *attempts)
{
  for (guint i = 0; i < attempts->len; i++)
    {
      const AtelierAttemptRecord *attempt = g_ptr_array_index (attempts, i);
      AtelierRunStep *state = find_state (run, attempt->step);
      AtelierAttemptUpdate update = {
        .number = attempt->number,
        .status = ATELIER_STEP_STATUS_INTERRUPTED,
        .ended_at_us = atelier_time_now_us (),
        .exit_code = -1,
        .failure_reason = _("it was cut off before it began"),
      };

      if (state == NULL || state->action != ATELIER_SELECTION_RUN)
        continue;
      if (attempt->number > state->attempts_before && (state->first_start_us == 0 || attempt->started_at_us < state->first_start_us))
        state->first_start_us = attempt->started_at_us;
      if (attempt->ended_at_us == 0 && (state->adopted == NULL || state->adopted->attempt != attempt->number))
        atelier_store_attempt_changed (run->store, run->execution_id, attempt->step, &update, atelier_run_committed,
                                       atelier_run_pending_new (run, NULL));
    }
}

static gboolean
restore_attempts (AtelierRun *run, GError **error)
{
  g_autofree char *path = g_build_filename (run->run_folder, "journal", NULL);
  g_autoptr (GPtrArray) entries = atelier_journal_read (path, error);
  g_autoptr (GPtrArray) attempts = NULL;
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (entries == NULL || (attempts = atelier_store_list_attempts (run->store, run->execution_id, NULL, error)) == NULL)
    return FALSE;
  index_attempts (attempts, known);
  adopt_started (run, entries, known);
  settle_attempts (run, attempts);
  return TRUE;
}

/* --- the plan --- */

static char *
instance_type_of (AtelierRun *run, guint i)
{
  const AtelierNode *arguments = atelier_step_get_arguments (run->steps[i].step);
  const AtelierNode *resources = atelier_step_get_step_type (run->steps[i].step) == ATELIER_STEP_TYPE_TRAINING
                                     ? atelier_node_get_member (arguments, "ResourceConfig")
                                     : atelier_node_get_member (atelier_node_get_member (arguments, "ProcessingResources"), "ClusterConfig");
  AtelierRunScope data;
  AtelierScope scope;

  atelier_run_scope_init (&scope, &data, run, i, NULL);
  return atelier_expression_resolve_text (atelier_node_get_member (resources, "InstanceType"), &scope, NULL);
}

/* What a step asks of the machine. One that wants more than there is gets what there is, alone. */
static void
describe_step (AtelierRun *run, guint i, AtelierPlanStep *plan_step, GHashTable *durations)
{
  AtelierRunStep *state = &run->steps[i];
  const AtelierStepKind *kind = atelier_step_kind_find (atelier_step_get_step_type (state->step));
  const gint64 *expected_us = g_hash_table_lookup (durations, atelier_step_get_name (state->step));
  g_autofree char *type_name = NULL;
  AtelierInstanceType type;

  plan_step->name = atelier_step_get_name (state->step);
  plan_step->weight = expected_us != NULL ? *expected_us / 1e6 : 0;
  plan_step->takes_no_slot = kind == NULL || kind->is_fact;
  plan_step->ends_execution = atelier_step_get_step_type (state->step) == ATELIER_STEP_TYPE_FAIL;
  plan_step->branch = state->outcome;
  if (plan_step->takes_no_slot)
    return;
  type_name = instance_type_of (run, i);
  type = atelier_instance_type_look_up (type_name);
  plan_step->cpus = MAX (type.cpus, 1);
  plan_step->memory_bytes = type.known ? type.memory_bytes : 0;
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
make_plan (AtelierRun *run, GError **error)
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
    }
  edges = atelier_definition_get_edges (run->definition, &n_edges);
  run->plan = atelier_plan_new (steps, run->n_steps, edges, n_edges, &run->limits, error);
  return run->plan != NULL;
}

/* atelier_run_restore:
 *
 * Fills in the steps of a run from what is on disk, and makes its plan. Blocks for some queries. */
gboolean
atelier_run_restore (AtelierRun *run, GError **error)
{
  mark_read (run);
  return restore_steps (run, error) && restore_attempts (run, error) && make_plan (run, error);
}

/* --- steps that do not run --- */

/* A step that is reused stands for what it read and made in the execution that ran it. */
static void
record_reused (AtelierRun *run, guint i)
{
  AtelierRunStep *state = &run->steps[i];
  const char *name = atelier_step_get_name (state->step);
  g_autofree char *properties = state->properties != NULL ? atelier_json_compact (state->properties) : NULL;
  g_autoptr (GPtrArray) lineage = atelier_store_list_lineage (run->store, run->source_execution_id, name, NULL);
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (AtelierLineageItem));
  gint64 now = atelier_time_now_us ();
  AtelierStepUpdate update = {
    .status = ATELIER_STEP_STATUS_CACHED,
    .started_at_us = now,
    .ended_at_us = now,
    .properties_json = properties,
    .cached_from = state->reused_from != NULL ? state->reused_from : run->source_execution_id,
    .outcome_text = state->outcome_text,
    .outcome = state->outcome,
    .why = _("Its result is taken from the run that this one goes on from"),
  };

  for (guint k = 0; lineage != NULL && k < lineage->len; k++)
    {
      const AtelierLineageRecord *record = g_ptr_array_index (lineage, k);
      AtelierLineageItem item = { record->direction, record->role, record->uri, record->digest, record->size_bytes };

      g_array_append_val (items, item);
    }
  atelier_store_step_ended (run->store, run->execution_id, name, &update, NULL, (AtelierLineageItem *) items->data, items->len,
                            atelier_run_committed,
                            atelier_run_pending_new (run, atelier_run_step_news (run, i, update.status, update.cached_from)));
}

void
atelier_run_record_unrun (AtelierRun *run)
{
  const AtelierStepUpdate skipped = { .status = ATELIER_STEP_STATUS_SKIPPED, .why = _("It was not chosen to run") };

  for (guint i = 0; i < run->n_steps; i++)
    {
      const AtelierRunStep *state = &run->steps[i];

      if (state->action == ATELIER_SELECTION_RUN || atelier_step_status_is_final (state->status))
        continue;
      if (state->action == ATELIER_SELECTION_REUSE)
        record_reused (run, i);
      else
        atelier_run_change_step (run, i, &skipped, NULL);
    }
}
