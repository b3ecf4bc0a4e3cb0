/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

/* Going on with executions, and stopping them. Whoever does something to an execution that nobody runs takes its lock first and
 * looks at it then: what it was before may have changed. */

#define LET_GO_MS 5000 /* the program that ran an execution to its end lets go of it a moment later */

static void
actions_from_options (AtelierDefinition *definition, const json_t *options, AtelierPrepared *prepared)
{
  json_t *texts = atelier_json_get_object (options, "actions"), *text;
  const char *name;

  if (json_object_size (texts) == 0)
    return;
  prepared->actions = g_new0 (AtelierSelectionAction, atelier_definition_get_n_steps (definition));
  json_object_foreach (texts, name, text)
    {
      const AtelierStep *step = atelier_definition_find_step (definition, name);

      if (step != NULL)
        prepared->actions[atelier_step_get_index (step)]
            = g_strcmp0 (json_string_value (text), "reuse") == 0 ? ATELIER_SELECTION_REUSE : ATELIER_SELECTION_SKIP;
    }
}

/* Everything as it was recorded when the execution began. */
static gboolean
prepare_again (AtelierEngine *self, const AtelierExecutionRecord *record, AtelierPrepared *prepared, GError **error)
{
  g_autoptr (json_t) options = NULL;

  *prepared = (AtelierPrepared) { .execution_id = g_strdup (record->id), .created_at_us = record->created_at_us };
  prepared->source.definition = atelier_engine_load_snapshot (self, record->id, error);
  if (prepared->source.definition == NULL)
    return FALSE;
  atelier_engine_describe_again (self, record, &prepared->source);
  prepared->parameters = atelier_json_parse (record->parameters_json != NULL ? record->parameters_json : "{}", -1, error);
  if (prepared->parameters == NULL)
    return FALSE;
  options = atelier_json_parse (record->options_json != NULL ? record->options_json : "{}", -1, error);
  if (options == NULL)
    return FALSE;
  atelier_run_options_from_json (&prepared->options, options);
  actions_from_options (prepared->source.definition, options, prepared);
  if (record->source_execution_id != NULL)
    prepared->from = atelier_store_get_execution (self->store, record->source_execution_id, NULL);
  prepared->runtimes = atelier_runtime_table_load (self->workspace, error);
  return prepared->runtimes != NULL;
}

static gboolean
is_done (const AtelierStepRecord *step)
{
  return atelier_step_status_is_success (step->status) || step->status == ATELIER_STEP_STATUS_SKIPPED;
}

/* Only what is left to run has to be possible on this machine. */
static gboolean
check_rest (AtelierEngine *self, const AtelierPrepared *prepared, GPtrArray *steps, GError **error)
{
  guint n = atelier_definition_get_n_steps (prepared->source.definition);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, n);

  for (guint i = 0; i < n; i++)
    if (prepared->actions != NULL)
      actions[i] = prepared->actions[i];
  for (guint i = 0; i < steps->len && i < n; i++)
    if (is_done (g_ptr_array_index (steps, i)))
      actions[i] = ATELIER_SELECTION_SKIP;
  return atelier_engine_check_steps (self, prepared, actions, error);
}

/* What did not succeed is pending once more: of an execution that ended all such steps, of one that was cut off those that had
 * ended. */
static gboolean
reopen (AtelierEngine *self, const AtelierExecutionRecord *record, GPtrArray *steps, GError **error)
{
  gboolean has_ended = atelier_execution_status_is_final (record->status);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const AtelierStepUpdate pending = { .status = ATELIER_STEP_STATUS_PENDING, .started_at_us = ATELIER_STORE_CLEAR,
                                      .ended_at_us = ATELIER_STORE_CLEAR, .failure_reason = "", .waits_for = "" };
  const AtelierExecutionUpdate update = { .status = ATELIER_EXECUTION_STATUS_EXECUTING, .ended_at_us = ATELIER_STORE_CLEAR, .failure_reason = "" };

  for (guint i = 0; i < steps->len; i++)
    {
      const AtelierStepRecord *step = g_ptr_array_index (steps, i);

      if (has_ended && step->status == ATELIER_STEP_STATUS_FAILED && strcmp (step->type, "Fail") == 0)
        {
          g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE,
                       _("“%s” was ended on purpose, by its step “%s”; start it anew, with --reuse to keep results"), record->id, step->name);
          return FALSE;
        }
      if (!is_done (step) && (has_ended || atelier_step_status_is_final (step->status)))
        g_ptr_array_add (names, step->name);
    }
  if (has_ended && names->len == 0)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("nothing of “%s” is left to run"), record->id);
      return FALSE;
    }
  if (names->len > 0)
    atelier_store_steps_changed (self->store, record->id, (const char *const *) names->pdata, names->len, &pending, NULL, NULL);
  if (has_ended)
    atelier_store_execution_changed (self->store, record->id, &update, NULL, NULL, NULL);
  return names->len == 0 || atelier_store_flush (self->store, error);
}

static gboolean
check_resumable (const AtelierExecutionRecord *record, GError **error)
{
  if (record->status == ATELIER_EXECUTION_STATUS_SUCCEEDED)
    g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” has succeeded; start it anew to run it again"), record->id);
  else if (record->definition_digest == NULL)
    g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” was refused before it began; start it anew"), record->id);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_is_open (const AtelierExecutionRecord *record, GError **error)
{
  if (!atelier_execution_status_is_final (record->status))
    return TRUE;
  g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” has ended already (%s)"), record->id,
               atelier_execution_status_to_text (record->status));
  return FALSE;
}

/* Makes an execution whose lock is held this program's. */
static gboolean
take (AtelierEngine *self, const AtelierExecutionRecord *record, gboolean is_resume, AtelierPrepared *prepared, GError **error)
{
  g_autofree char *boot_id = NULL;
  AtelierOwner owner = atelier_engine_this_program (&boot_id);
  g_autoptr (GPtrArray) steps = NULL;

  if (!(is_resume ? check_resumable (record, error) : check_is_open (record, error)) || !prepare_again (self, record, prepared, error))
    return FALSE;
  steps = atelier_store_list_steps (self->store, record->id, error);
  if (steps == NULL || (is_resume && (!check_rest (self, prepared, steps, error) || !reopen (self, record, steps, error))))
    return FALSE;
  return atelier_store_take_execution (self->store, record->id, &owner, NULL, error);
}

/* @stop_grace_ms: ATELIER_ENGINE_NO_STOP: to go on with it; else only to stop what is left of it */
static gboolean
take_up (AtelierEngine *self, const AtelierExecutionRecord *seen, int stop_grace_ms, GError **error)
{
  g_auto (AtelierPrepared) prepared = { 0 };
  g_autoptr (AtelierExecutionRecord) record = NULL;
  AtelierRunRequest request;
  int lock_fd;

  if (!atelier_engine_lock_execution (self, seen->id, atelier_execution_status_is_final (seen->status) ? LET_GO_MS : 0, &lock_fd, error))
    return FALSE;
  record = atelier_store_get_execution (self->store, seen->id, error);
  if (record == NULL || !take (self, record, stop_grace_ms == ATELIER_ENGINE_NO_STOP, &prepared, error))
    {
      close (lock_fd);
      return FALSE;
    }
  request = atelier_engine_run_request (self, &prepared, record);
  return atelier_engine_begin (self, &request, lock_fd, stop_grace_ms, error);
}

char *
atelier_engine_resume_sync (AtelierEngine *self, const char *execution, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (self->store, execution, error);

  if (record == NULL || !check_resumable (record, error))
    return NULL;
  return take_up (self, record, ATELIER_ENGINE_NO_STOP, error) ? g_strdup (record->id) : NULL;
}

gboolean
atelier_engine_stop_sync (AtelierEngine *self, const char *execution, int grace_ms, char **id, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (self->store, execution, error);
  g_autoptr (GError) problem = NULL;
  g_autofree char *argument = grace_ms >= 0 ? g_strdup_printf ("{\"grace_ms\":%d}", grace_ms) : NULL;

  if (record == NULL || !check_is_open (record, error))
    return FALSE;
  if (id != NULL)
    *id = g_strdup (record->id);
  /* nobody may run it any more: then it is taken up only to stop what is left of it */
  if (atelier_engine_stop_own (self, record->id, grace_ms) || take_up (self, record, grace_ms, &problem))
    return TRUE;
  if (!g_error_matches (problem, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_BUSY))
    {
      if (id != NULL)
        g_clear_pointer (id, g_free);
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  if (atelier_store_add_request (self->store, record->id, "stop", argument, NULL, error) == 0)
    return FALSE;
  atelier_engine_stop_own (self, record->id, grace_ms); /* it was this program that was just taking it up */
  return TRUE;
}
