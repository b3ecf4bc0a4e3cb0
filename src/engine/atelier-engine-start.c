/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

#include "atelier-digest.h"
#include "atelier-expression.h"
#include "atelier-files.h"
#include "atelier-time.h"

/* Starting executions. What an execution runs is fixed before it begins, in snapshots/EXECUTION: the definition, the parameters,
 * the patch of an uncommitted tree. A start that is refused, or that comes to nothing before the first step, is recorded with
 * its reason. */

static gboolean
write_snapshot (AtelierEngine *self, const AtelierPrepared *prepared, GError **error)
{
  const AtelierSource *source = &prepared->source;
  const char *id = prepared->execution_id;
  g_autofree char *folder = atelier_engine_snapshot_path (self, id, NULL);
  g_autofree char *definition = atelier_engine_snapshot_path (self, id, "definition.json");
  g_autofree char *parameters = atelier_engine_snapshot_path (self, id, "parameters.json");
  g_autofree char *patch = atelier_engine_snapshot_path (self, id, "dirty.patch");

  return atelier_files_make_folder (folder, error) &&
         atelier_files_write_atomic (definition, source->text, (gssize) source->length, 0444, error) &&
         (prepared->parameters == NULL || atelier_json_write_file (parameters, prepared->parameters, error)) &&
         (source->patch == NULL || atelier_files_write_atomic (patch, source->patch, (gssize) source->patch_length, 0444, error));
}

/* A label of the definition, which may be an expression. Returns: (transfer full) (nullable) */
static char *
resolve_label (const AtelierPrepared *prepared, const AtelierNode *node)
{
  AtelierRunFacts facts = atelier_prepared_get_facts (prepared);
  AtelierScope scope;

  if (atelier_node_get_kind (node) == ATELIER_NODE_NULL)
    return NULL;
  facts.now_us = prepared->created_at_us;
  atelier_run_facts_init_scope (&facts, &scope);
  return atelier_expression_resolve_text (node, &scope, NULL);
}

/* How the execution is carried out, with what does not run of it. */
static char *
options_text (const AtelierPrepared *prepared)
{
  g_autoptr (json_t) options = atelier_run_options_to_json (&prepared->options);
  json_t *actions = json_object ();

  for (guint i = 0; prepared->actions != NULL && i < atelier_definition_get_n_steps (prepared->source.definition); i++)
    if (prepared->actions[i] != ATELIER_SELECTION_RUN)
      atelier_json_set_string (actions, atelier_step_get_name (atelier_definition_get_step (prepared->source.definition, i)),
                               atelier_selection_action_to_text (prepared->actions[i]));
  json_object_set_new (options, "actions", actions);
  return atelier_json_compact (options);
}

/* @refusal: (nullable): why it does not begin */
static gboolean
record_execution (AtelierEngine *self, const AtelierStart *start, const AtelierPrepared *prepared, const GError *refusal, GError **error)
{
  const AtelierSource *source = &prepared->source;
  AtelierDefinition *definition = source->definition;
  /* a definition with two steps of one name cannot be recorded step by step */
  guint n = definition != NULL && !atelier_definition_has_errors (definition) ? atelier_definition_get_n_steps (definition) : 0;
  g_autofree AtelierNewStep *steps = g_new0 (AtelierNewStep, MAX (n, 1));
  g_autofree char *parameters = prepared->parameters != NULL ? atelier_json_compact (prepared->parameters) : NULL;
  g_autofree char *options = options_text (prepared);
  g_autofree char *digest = refusal == NULL ? atelier_digest_text (source->text, (gssize) source->length) : NULL;
  g_autofree char *experiment = definition != NULL ? resolve_label (prepared, atelier_definition_get_experiment_name (definition)) : NULL;
  g_autofree char *trial = definition != NULL ? resolve_label (prepared, atelier_definition_get_trial_name (definition)) : NULL;
  g_autofree char *boot_id = NULL;
  AtelierNewExecution execution = {
    .id = prepared->execution_id,
    .project_id = source->project_id,
    .pipeline_name = source->pipeline_name != NULL ? source->pipeline_name : "pipeline",
    .definition_digest = digest,
    .display_name = start->display_name,
    .status = refusal == NULL ? ATELIER_EXECUTION_STATUS_EXECUTING : ATELIER_EXECUTION_STATUS_FAILED,
    .trigger = start->trigger,
    .commit_id = source->commit_id,
    .commit_subject = source->commit_subject,
    .is_dirty = source->is_dirty,
    .parameters_json = parameters,
    .options_json = options,
    .source_execution_id = prepared->from != NULL ? prepared->from->id : NULL,
    .experiment = experiment,
    .trial = trial,
    .failure_reason = refusal != NULL ? refusal->message : NULL,
    .created_at_us = prepared->created_at_us,
  };

  for (guint i = 0; i < n; i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);

      steps[i] = (AtelierNewStep) { atelier_step_get_name (step), atelier_step_get_type_text (step), ATELIER_STEP_STATUS_PENDING, NULL };
    }
  if (refusal == NULL)
    execution.owner = atelier_engine_this_program (&boot_id);
  return atelier_store_create_execution (self->store, &execution, steps, n, NULL, error);
}

/* What comes to nothing is a run all the same, as far as it can be written down. */
static void
record_refusal (AtelierEngine *self, const AtelierStart *start, const AtelierPrepared *prepared, const GError *refusal)
{
  if (prepared->source.text != NULL)
    write_snapshot (self, prepared, NULL);
  record_execution (self, start, prepared, refusal, NULL);
}

/* An execution that is on disk already does not come to its first step. */
static void
record_failure (AtelierEngine *self, const AtelierPrepared *prepared, const GError *failure)
{
  AtelierExecutionUpdate update
      = { .status = ATELIER_EXECUTION_STATUS_FAILED, .ended_at_us = atelier_time_now_us (), .failure_reason = failure->message };

  atelier_store_execution_changed (self->store, prepared->execution_id, &update, NULL, NULL, NULL);
  atelier_store_flush (self->store, NULL);
}

AtelierRunRequest
atelier_engine_run_request (AtelierEngine *self, const AtelierPrepared *prepared, const AtelierExecutionRecord *record)
{
  return (AtelierRunRequest) {
    .store = self->store,
    .artifacts = self->artifacts,
    .runtimes = prepared->runtimes,
    .definition = prepared->source.definition,
    .execution_id = record->id,
    .parameters = prepared->parameters,
    .pipeline_name = prepared->source.pipeline_name,
    .pipeline_id = record->pipeline_id,
    .project_id = prepared->source.project_id,
    .commit_id = prepared->source.commit_id,
    .is_dirty = prepared->source.is_dirty,
    .is_simulated = prepared->source.is_simulated,
    .created_at_us = record->created_at_us,
    .started_at_us = record->started_at_us,
    .options = prepared->options,
    .actions = prepared->actions,
    .source_execution_id = prepared->from != NULL ? prepared->from->id : NULL,
  };
}

static gboolean
begin (AtelierEngine *self, const AtelierStart *start, const AtelierPrepared *prepared, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = NULL;
  AtelierRunRequest request;
  int lock_fd = -1;

  if (!write_snapshot (self, prepared, error) || !atelier_engine_lock_execution (self, prepared->execution_id, 0, &lock_fd, error))
    {
      record_refusal (self, start, prepared, *error);
      return FALSE;
    }
  if (!record_execution (self, start, prepared, NULL, error))
    {
      close (lock_fd);
      return FALSE;
    }
  record = atelier_store_get_execution (self->store, prepared->execution_id, error);
  if (record == NULL)
    close (lock_fd);
  else
    {
      request = atelier_engine_run_request (self, prepared, record);
      if (atelier_engine_begin (self, &request, lock_fd, ATELIER_ENGINE_NO_STOP, error))
        return TRUE;
    }
  record_failure (self, prepared, *error);
  return FALSE;
}

char *
atelier_engine_start_sync (AtelierEngine *self, const AtelierStart *start, GPtrArray *problems, GError **error)
{
  g_auto (AtelierPrepared) prepared;
  g_autoptr (GPtrArray) own_problems = atelier_problems_new ();
  g_autoptr (GError) refusal = NULL;

  atelier_prepared_init (&prepared);
  if (atelier_engine_prepare (self, start, problems != NULL ? problems : own_problems, &prepared, &refusal))
    {
      if (begin (self, start, &prepared, &refusal))
        return g_steal_pointer (&prepared.execution_id);
    }
  /* what names nothing that exists is a slip of the hand, not a run */
  else if (prepared.source.text != NULL || g_error_matches (refusal, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID))
    record_refusal (self, start, &prepared, refusal);
  g_propagate_error (error, g_steal_pointer (&refusal));
  return NULL;
}

json_t *
atelier_engine_preview_sync (AtelierEngine *self, const AtelierStart *start, GError **error)
{
  g_auto (AtelierPrepared) prepared;
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  json_t *steps;

  atelier_prepared_init (&prepared);
  if (!atelier_engine_prepare (self, start, problems, &prepared, error))
    return NULL;
  steps = json_array ();
  for (guint i = 0; i < atelier_definition_get_n_steps (prepared.source.definition); i++)
    {
      const AtelierStep *step = atelier_definition_get_step (prepared.source.definition, i);
      AtelierSelectionAction action = prepared.actions != NULL ? prepared.actions[i] : ATELIER_SELECTION_RUN;

      json_array_append_new (steps, json_pack ("{s:s, s:s, s:s}", "name", atelier_step_get_name (step), "type", atelier_step_get_type_text (step),
                                               "action", atelier_selection_action_to_text (action)));
    }
  return json_pack ("{s:s, s:O, s:o}", "pipeline", prepared.source.pipeline_name, "parameters", prepared.parameters, "steps", steps);
}
