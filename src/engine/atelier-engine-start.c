/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

#include "atelier-digest.h"
#include "atelier-expression.h"
#include "atelier-files.h"
#include "atelier-spawn.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* Starting, resuming and stopping executions. What an execution runs is fixed before it begins, in snapshots/EXECUTION: the
 * definition, the parameters, the patch of an uncommitted tree. A start that is refused is recorded with its reason. */

/* --- parameters --- */

static gboolean
set_given_parameters (AtelierDefinition *definition, GHashTable *given, json_t *values, GError **error)
{
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, given);
  while (g_hash_table_iter_next (&iter, &name, &text))
    {
      const AtelierParameter *parameter = atelier_definition_find_parameter (definition, name);
      json_t *value;

      if (parameter == NULL)
        {
          guint n = atelier_definition_get_n_parameters (definition);
          g_autofree const char **names = g_new (const char *, n);
          const char *near;

          for (guint i = 0; i < n; i++)
            names[i] = atelier_parameter_get_name (atelier_definition_get_parameter (definition, i));
          near = atelier_text_closest (name, names, n);
          g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_PARAMETER,
                       near != NULL ? _("the pipeline has no parameter “%s”; did you mean “%s”?") : _("the pipeline has no parameter “%s”"),
                       (char *) name, near);
          return FALSE;
        }
      value = atelier_parameter_parse_value (parameter, text, error);
      if (value == NULL)
        return FALSE;
      json_object_set_new (values, name, value);
    }
  return TRUE;
}

/* Values for all parameters: those that were typed, those of an earlier run, defaults. */
static json_t *
resolve_parameters (AtelierDefinition *definition, GHashTable *given, json_t *earlier, GError **error)
{
  g_autoptr (json_t) values = json_object ();

  for (guint i = 0; i < atelier_definition_get_n_parameters (definition); i++)
    {
      const AtelierParameter *parameter = atelier_definition_get_parameter (definition, i);
      const char *name = atelier_parameter_get_name (parameter);
      json_t *value = json_object_get (earlier, name);

      if (value != NULL)
        json_object_set (values, name, value);
      else if (atelier_parameter_get_default (parameter) != NULL)
        json_object_set_new (values, name, atelier_parameter_dup_default (parameter));
      else if (given == NULL || !g_hash_table_contains (given, name))
        {
          g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_PARAMETER,
                       _("the parameter “%s” has no default; give it a value: --parameter %s=…"), name, name);
          return NULL;
        }
    }
  if (given != NULL && !set_given_parameters (definition, given, values, error))
    return NULL;
  return g_steal_pointer (&values);
}

/* --- what a run takes over from an earlier one --- */

typedef struct
{
  AtelierDefinition *definition;
  gboolean          *touched; /* a step reads a parameter whose value is another now */
  json_t            *before;
  json_t            *now;
  guint              step;
} Touch;

static void
look_at_reference (const AtelierReference *reference, gpointer user_data)
{
  Touch *touch = user_data;

  if (reference->kind == ATELIER_REFERENCE_PARAMETER &&
      !json_equal (json_object_get (touch->before, reference->name), json_object_get (touch->now, reference->name)))
    touch->touched[touch->step] = TRUE;
}

/* Marks the steps that another value of a parameter, or another text of the step itself, makes run again. */
static void
find_touched (AtelierDefinition *definition, AtelierDefinition *before, json_t *parameters_before, json_t *parameters, gboolean *touched)
{
  static const char *const branches[] = { "IfSteps", "ElseSteps", NULL };
  Touch touch = { definition, touched, parameters_before, parameters, 0 };

  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);
      const AtelierStep *old = atelier_definition_find_step (before, atelier_step_get_name (step));
      g_autoptr (json_t) text = atelier_node_to_json (atelier_step_get_node (step));
      g_autoptr (json_t) old_text = old != NULL ? atelier_node_to_json (atelier_step_get_node (old)) : NULL;

      touch.step = i;
      for (gsize b = 0; branches[b] != NULL; b++)
        {
          json_object_del (json_object_get (text, "Arguments"), branches[b]);
          json_object_del (json_object_get (old_text, "Arguments"), branches[b]);
        }
      touched[i] = old == NULL || !json_equal (text, old_text);
      atelier_expression_collect (atelier_step_get_node (step), branches, look_at_reference, &touch);
    }
}

/* The steps as they ended in the execution that results are taken from. */
static gboolean
describe_source_steps (AtelierEngine *self, AtelierDefinition *definition, const char *source_id, AtelierPlanStep *steps, GError **error)
{
  g_autoptr (GPtrArray) records = atelier_store_list_steps (self->store, source_id, error);
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);

  if (records == NULL)
    return FALSE;
  for (guint i = 0; i < records->len; i++)
    g_hash_table_insert (by_name, ((AtelierStepRecord *) g_ptr_array_index (records, i))->name, g_ptr_array_index (records, i));
  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    {
      const AtelierStepRecord *record = g_hash_table_lookup (by_name, steps[i].name);

      if (record == NULL)
        continue;
      steps[i].branch = record->outcome;
      if (record->status == ATELIER_STEP_STATUS_SUCCEEDED)
        steps[i].state = ATELIER_PLAN_SUCCEEDED;
      else if (record->status == ATELIER_STEP_STATUS_CACHED)
        steps[i].state = ATELIER_PLAN_CACHED;
      else if (record->status == ATELIER_STEP_STATUS_SKIPPED)
        steps[i].state = ATELIER_PLAN_SKIPPED;
      else if (record->status == ATELIER_STEP_STATUS_FAILED)
        steps[i].state = ATELIER_PLAN_FAILED;
      else if (record->status == ATELIER_STEP_STATUS_EXECUTING || record->status == ATELIER_STEP_STATUS_STARTING)
        steps[i].state = ATELIER_PLAN_RUNNING;
    }
  return TRUE;
}

/* A step that runs again makes everything behind it run again. */
static void
forget_downstream (AtelierDefinition *definition, AtelierPlanStep *steps, const gboolean *touched)
{
  guint n_edges, n = atelier_definition_get_n_steps (definition);
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);
  const guint *order = atelier_definition_get_order (definition);
  g_autofree gboolean *again = g_memdup2 (touched, n * sizeof *touched);
  g_autofree guint *first = g_new0 (guint, n + 1); /* edges are sorted by where they lead */

  for (guint e = 0; e < n_edges; e++)
    first[edges[e].to + 1]++;
  for (guint i = 0; i < n; i++)
    first[i + 1] += first[i];
  for (guint k = 0; k < n; k++)
    {
      guint i = order[k];

      for (guint e = first[i]; e < first[i + 1] && !again[i]; e++)
        again[i] = again[edges[e].from];
      if (again[i])
        steps[i].state = ATELIER_PLAN_PENDING;
    }
}

static gboolean
find_selected (AtelierDefinition *definition, char **names, gboolean *selected, GError **error)
{
  guint n = atelier_definition_get_n_steps (definition);
  g_autofree const char **all = g_new (const char *, n);

  for (guint i = 0; i < n; i++)
    all[i] = atelier_step_get_name (atelier_definition_get_step (definition, i));
  for (gsize k = 0; names[k] != NULL; k++)
    {
      const AtelierStep *step = atelier_definition_find_step (definition, names[k]);
      const char *near = step == NULL ? atelier_text_closest (names[k], all, n) : NULL;

      if (step == NULL)
        {
          g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
                       near != NULL ? _("the pipeline has no step “%s”; did you mean “%s”?") : _("the pipeline has no step “%s”"), names[k], near);
          return FALSE;
        }
      selected[atelier_step_get_index (step)] = TRUE;
    }
  return TRUE;
}

/* An execution that is to be started: everything that is decided before it is recorded. */
typedef struct
{
  AtelierSource           source;
  json_t                 *parameters;
  AtelierExecutionRecord *from;      /* (nullable): results are taken from it */
  AtelierSelectionAction *actions;   /* (nullable) */
  AtelierRuntimeTable    *runtimes;
  AtelierRunOptions       options;
} Prepared;

static void
prepared_clear (Prepared *prepared)
{
  atelier_source_clear (&prepared->source);
  json_decref (prepared->parameters);
  g_clear_pointer (&prepared->from, atelier_execution_record_unref);
  g_free (prepared->actions);
  g_clear_pointer (&prepared->runtimes, atelier_runtime_table_unref);
  atelier_run_options_clear (&prepared->options);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Prepared, prepared_clear)

static char *
snapshot_path (AtelierEngine *self, const char *execution_id, const char *name)
{
  return g_build_filename (self->workspace, "snapshots", execution_id, name, NULL);
}

static AtelierDefinition *
load_snapshot (AtelierEngine *self, const char *execution_id, GError **error)
{
  g_autofree char *path = snapshot_path (self, execution_id, "definition.json");
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autofree char *text = NULL;
  gsize length;
  AtelierDefinition *definition;

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  definition = atelier_definition_parse (text, (gssize) length, problems);
  if (definition == NULL)
    g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID, _("the snapshot “%s” cannot be read"), path);
  return definition;
}

/* Which steps run, which are taken from the source, which are left out. */
static gboolean
choose_steps (AtelierEngine *self, const AtelierStart *start, Prepared *prepared, GError **error)
{
  AtelierDefinition *definition = prepared->source.definition;
  guint n_edges, n = atelier_definition_get_n_steps (definition);
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);
  g_autofree AtelierPlanStep *steps = g_new0 (AtelierPlanStep, n);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, n);
  g_autofree gboolean *flags = g_new0 (gboolean, n);

  if (prepared->from == NULL && start->selected_steps == NULL)
    return TRUE;
  for (guint i = 0; i < n; i++)
    steps[i].name = atelier_step_get_name (atelier_definition_get_step (definition, i));
  if (prepared->from != NULL)
    {
      if (!atelier_execution_status_is_final (prepared->from->status))
        {
          g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("the execution “%s” has not ended yet"), prepared->from->id);
          return FALSE;
        }
      if (!describe_source_steps (self, definition, prepared->from->id, steps, error))
        return FALSE;
    }
  if (start->selected_steps != NULL)
    {
      if (!find_selected (definition, start->selected_steps, flags, error) ||
          !atelier_selection_choose (steps, n, edges, n_edges, flags, actions, error))
        return FALSE;
    }
  else
    {
      g_autoptr (AtelierDefinition) before = load_snapshot (self, prepared->from->id, error);
      g_autoptr (json_t) parameters_before = NULL;
      const AtelierStep *first = start->from_step != NULL ? atelier_definition_find_step (definition, start->from_step) : NULL;

      if (before == NULL)
        return FALSE;
      parameters_before = atelier_json_parse (prepared->from->parameters_json != NULL ? prepared->from->parameters_json : "{}", -1, NULL);
      find_touched (definition, before, parameters_before, prepared->parameters, flags);
      forget_downstream (definition, steps, flags);
      if (start->from_step != NULL && first == NULL)
        {
          char *names[] = { (char *) start->from_step, NULL };

          return find_selected (definition, names, flags, error);
        }
      if (!(first != NULL ? atelier_selection_run_from (steps, n, edges, n_edges, atelier_step_get_index (first), actions, error)
                          : atelier_selection_resume (steps, n, edges, n_edges, actions, error)))
        return FALSE;
    }
  prepared->actions = g_steal_pointer (&actions);
  return TRUE;
}

static gboolean
check_steps (Prepared *prepared, GError **error)
{
  g_autoptr (GPtrArray) sentences
      = atelier_run_check (prepared->source.definition, prepared->runtimes, prepared->parameters, prepared->actions);
  g_autofree char *all = NULL;

  if (sentences->len == 0)
    return TRUE;
  g_ptr_array_add (sentences, NULL);
  all = g_strjoinv ("\n", (char **) sentences->pdata);
  g_set_error_literal (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_UNSUPPORTED, all);
  return FALSE;
}

static void
set_options (const AtelierStart *start, Prepared *prepared)
{
  prepared->options = (AtelierRunOptions) {
    .parallel = start->parallel > 0 ? start->parallel : prepared->source.parallel,
    .fail_slow = start->fail_slow,
    .without_cache = start->without_cache,
    .without_sandbox = start->without_sandbox,
    .network = g_strdupv (start->network),
    .log_limit_bytes = start->log_limit_bytes,
  };
}

static gboolean
load_from (AtelierEngine *self, const AtelierStart *start, Prepared *prepared, json_t **earlier, GError **error)
{
  if (start->source == NULL)
    return TRUE;
  prepared->from = atelier_store_find_execution (self->store, start->source, error);
  if (prepared->from == NULL)
    return FALSE;
  if (prepared->from->parameters_json != NULL)
    *earlier = atelier_json_parse (prepared->from->parameters_json, -1, NULL);
  return TRUE;
}

/* A start without a target repeats what its source ran. */
static gboolean
load_from_snapshot (AtelierEngine *self, Prepared *prepared, GError **error)
{
  AtelierSource *source = &prepared->source;
  const AtelierExecutionRecord *from = prepared->from;
  g_autofree char *path = NULL;
  g_autoptr (GPtrArray) problems = atelier_problems_new ();

  if (from == NULL)
    {
      g_set_error_literal (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND, _("there is nothing to run: name a file, a project or an execution"));
      return FALSE;
    }
  path = snapshot_path (self, from->id, "definition.json");
  if (!g_file_get_contents (path, &source->text, &source->length, error))
    return FALSE;
  source->definition = atelier_definition_parse (source->text, (gssize) source->length, problems);
  source->pipeline_name = g_strdup (from->pipeline_name);
  source->project_id = from->project_id;
  source->project_name = g_strdup (from->project_name);
  source->commit_id = g_strdup (from->commit_id);
  source->commit_subject = g_strdup (from->commit_subject);
  if (from->project_id > 0)
    {
      g_autoptr (AtelierProjectRecord) project = atelier_store_get_project (self->store, from->project_id, NULL);

      source->is_simulated = project != NULL && project->is_simulated;
    }
  if (source->definition == NULL || atelier_definition_has_errors (source->definition))
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID, _("the definition of “%s” has errors"), from->id);
      return FALSE;
    }
  return TRUE;
}

static gboolean
prepare (AtelierEngine *self, const AtelierStart *start, GPtrArray *problems, Prepared *prepared, GError **error)
{
  g_autoptr (json_t) earlier = NULL;

  if (!load_from (self, start, prepared, &earlier, error))
    return FALSE;
  if (start->target != NULL ? !atelier_engine_load_source (self, start->target, start->pipeline_name, problems, &prepared->source, error)
                            : !load_from_snapshot (self, prepared, error))
    return FALSE;
  set_options (start, prepared);
  prepared->parameters = resolve_parameters (prepared->source.definition, start->parameters, earlier, error);
  if (prepared->parameters == NULL)
    return FALSE;
  prepared->runtimes = atelier_runtime_table_load (self->workspace, error);
  return prepared->runtimes != NULL && choose_steps (self, start, prepared, error) && check_steps (prepared, error);
}

/* --- recording --- */

static gboolean
write_snapshot (AtelierEngine *self, const char *execution_id, const Prepared *prepared, GError **error)
{
  const AtelierSource *source = &prepared->source;
  g_autofree char *folder = snapshot_path (self, execution_id, NULL);
  g_autofree char *definition = snapshot_path (self, execution_id, "definition.json");
  g_autofree char *parameters = snapshot_path (self, execution_id, "parameters.json");
  g_autofree char *patch = snapshot_path (self, execution_id, "dirty.patch");

  return atelier_files_make_folder (folder, error) && atelier_files_write_atomic (definition, source->text, (gssize) source->length, 0444, error) &&
         atelier_json_write_file (parameters, prepared->parameters, error) &&
         (source->patch == NULL || atelier_files_write_atomic (patch, source->patch, (gssize) source->patch_length, 0444, error));
}

static AtelierOwner
this_program (char **boot_id)
{
  *boot_id = atelier_process_boot_id ();
  return (AtelierOwner) { getpid (), atelier_process_start_ticks (getpid ()), *boot_id };
}

static char *
resolve_label (const Prepared *prepared, const AtelierNode *node)
{
  /* labels that need the execution itself are resolved by the run; here only what is written out */
  const char *text = atelier_node_get_string (node);

  return g_strdup (text);
}

static gboolean
record_execution (AtelierEngine *self, const AtelierStart *start, const Prepared *prepared, const char *id, const GError *refusal, gint64 now,
                  GError **error)
{
  const AtelierSource *source = &prepared->source;
  AtelierDefinition *definition = source->definition;
  guint n = definition != NULL ? atelier_definition_get_n_steps (definition) : 0;
  g_autofree AtelierNewStep *steps = g_new0 (AtelierNewStep, MAX (n, 1));
  g_autoptr (json_t) options = atelier_run_options_to_json (&prepared->options);
  g_autofree char *parameters = prepared->parameters != NULL ? atelier_json_compact (prepared->parameters) : NULL;
  g_autofree char *options_text = NULL;
  g_autofree char *digest = definition != NULL && source->text != NULL ? atelier_digest_text (source->text, (gssize) source->length) : NULL;
  g_autofree char *experiment = definition != NULL ? resolve_label (prepared, atelier_definition_get_experiment_name (definition)) : NULL;
  g_autofree char *boot_id = NULL;
  json_t *actions = json_object ();
  AtelierNewExecution execution = {
    .id = id,
    .project_id = source->project_id,
    .pipeline_name = source->pipeline_name != NULL ? source->pipeline_name : "pipeline",
    .definition_digest = refusal == NULL ? digest : NULL,
    .display_name = start->display_name,
    .status = refusal == NULL ? ATELIER_EXECUTION_STATUS_EXECUTING : ATELIER_EXECUTION_STATUS_FAILED,
    .trigger = start->trigger,
    .commit_id = source->commit_id,
    .commit_subject = source->commit_subject,
    .is_dirty = source->patch != NULL,
    .parameters_json = parameters,
    .source_execution_id = prepared->from != NULL ? prepared->from->id : NULL,
    .experiment = experiment,
    .failure_reason = refusal != NULL ? refusal->message : NULL,
    .created_at_us = now,
  };

  for (guint i = 0; i < n; i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);

      steps[i] = (AtelierNewStep) { atelier_step_get_name (step), atelier_step_get_type_text (step), ATELIER_STEP_STATUS_PENDING, NULL };
      if (prepared->actions != NULL && prepared->actions[i] != ATELIER_SELECTION_RUN)
        atelier_json_set_string (actions, steps[i].name, atelier_selection_action_to_text (prepared->actions[i]));
    }
  json_object_set_new (options, "actions", actions);
  options_text = atelier_json_compact (options);
  execution.options_json = options_text;
  if (refusal == NULL)
    execution.owner = this_program (&boot_id);
  /* a definition with two steps of one name cannot be recorded step by step */
  return atelier_store_create_execution (self->store, &execution, steps, refusal == NULL || (definition != NULL && !atelier_definition_has_errors (definition)) ? n : 0,
                                         NULL, error);
}

static AtelierRunRequest
run_request (AtelierEngine *self, const Prepared *prepared, const char *id, gint64 pipeline_id, gint64 created_at_us)
{
  return (AtelierRunRequest) {
    .store = self->store,
    .artifacts = self->artifacts,
    .runtimes = prepared->runtimes,
    .definition = prepared->source.definition,
    .execution_id = id,
    .parameters = prepared->parameters,
    .pipeline_name = prepared->source.pipeline_name,
    .pipeline_id = pipeline_id,
    .project_id = prepared->source.project_id,
    .project_name = prepared->source.project_name,
    .commit_id = prepared->source.commit_id,
    .is_dirty = prepared->source.patch != NULL,
    .is_simulated = prepared->source.is_simulated,
    .created_at_us = created_at_us,
    .options = prepared->options,
    .actions = prepared->actions,
    .source_execution_id = prepared->from != NULL ? prepared->from->id : NULL,
  };
}

char *
atelier_engine_start_sync (AtelierEngine *self, const AtelierStart *start, GPtrArray *problems, GError **error)
{
  g_auto (Prepared) prepared = { 0 };
  g_autoptr (GPtrArray) own_problems = atelier_problems_new ();
  g_autoptr (GError) refusal = NULL;
  g_autoptr (AtelierExecutionRecord) record = NULL;
  g_autofree char *id = atelier_text_new_id ();
  gint64 now = atelier_time_now_us ();
  AtelierRunRequest request;
  int lock_fd = -1;

  if (!prepare (self, start, problems != NULL ? problems : own_problems, &prepared, &refusal))
    {
      /* what names nothing that exists is a slip of the hand, not a run */
      if (prepared.source.text != NULL || g_error_matches (refusal, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID))
        record_execution (self, start, &prepared, id, refusal, now, NULL);
      g_propagate_error (error, g_steal_pointer (&refusal));
      return NULL;
    }
  if (!write_snapshot (self, id, &prepared, error) || !atelier_engine_lock_execution (self, id, &lock_fd, error))
    return NULL;
  if (!record_execution (self, start, &prepared, id, NULL, now, error) ||
      (record = atelier_store_get_execution (self->store, id, error)) == NULL)
    {
      close (lock_fd);
      return NULL;
    }
  request = run_request (self, &prepared, id, record->pipeline_id, now);
  if (!atelier_engine_begin (self, &request, lock_fd, ATELIER_ENGINE_NO_STOP, error))
    return NULL;
  return g_steal_pointer (&id);
}

json_t *
atelier_engine_preview_sync (AtelierEngine *self, const AtelierStart *start, GError **error)
{
  g_auto (Prepared) prepared = { 0 };
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  json_t *steps = json_array ();

  if (!prepare (self, start, problems, &prepared, error))
    {
      json_decref (steps);
      return NULL;
    }
  for (guint i = 0; i < atelier_definition_get_n_steps (prepared.source.definition); i++)
    {
      const AtelierStep *step = atelier_definition_get_step (prepared.source.definition, i);
      AtelierSelectionAction action = prepared.actions != NULL ? prepared.actions[i] : ATELIER_SELECTION_RUN;

      json_array_append_new (steps, json_pack ("{s:s, s:s, s:s}", "name", atelier_step_get_name (step), "type", atelier_step_get_type_text (step),
                                               "action", atelier_selection_action_to_text (action)));
    }
  return json_pack ("{s:s, s:O, s:o}", "pipeline", prepared.source.pipeline_name, "parameters", prepared.parameters, "steps", steps);
}

/* --- going on with an execution --- */

static gboolean
actions_from_options (AtelierDefinition *definition, const json_t *options, Prepared *prepared)
{
  json_t *texts = atelier_json_get_object (options, "actions"), *text;
  const char *name;

  if (json_object_size (texts) == 0)
    return FALSE;
  prepared->actions = g_new0 (AtelierSelectionAction, atelier_definition_get_n_steps (definition));
  json_object_foreach (texts, name, text)
    {
      const AtelierStep *step = atelier_definition_find_step (definition, name);

      if (step != NULL)
        prepared->actions[atelier_step_get_index (step)]
            = g_strcmp0 (json_string_value (text), "reuse") == 0 ? ATELIER_SELECTION_REUSE : ATELIER_SELECTION_SKIP;
    }
  return TRUE;
}

/* Everything as it was recorded when the execution began. */
static gboolean
prepare_again (AtelierEngine *self, const AtelierExecutionRecord *record, Prepared *prepared, GError **error)
{
  g_autoptr (json_t) options = NULL;
  AtelierSource *source = &prepared->source;

  source->definition = load_snapshot (self, record->id, error);
  if (source->definition == NULL)
    return FALSE;
  source->pipeline_name = g_strdup (record->pipeline_name);
  source->project_id = record->project_id;
  source->project_name = g_strdup (record->project_name);
  source->commit_id = g_strdup (record->commit_id);
  source->patch = record->is_dirty ? g_strdup ("") : NULL;
  if (record->project_id > 0)
    {
      g_autoptr (AtelierProjectRecord) project = atelier_store_get_project (self->store, record->project_id, NULL);

      source->is_simulated = project != NULL && project->is_simulated;
    }
  prepared->parameters = atelier_json_parse (record->parameters_json != NULL ? record->parameters_json : "{}", -1, error);
  options = atelier_json_parse (record->options_json != NULL ? record->options_json : "{}", -1, error);
  if (prepared->parameters == NULL || options == NULL)
    return FALSE;
  atelier_run_options_from_json (&prepared->options, options);
  actions_from_options (source->definition, options, prepared);
  if (record->source_execution_id != NULL)
    prepared->from = atelier_store_get_execution (self->store, record->source_execution_id, NULL);
  prepared->runtimes = atelier_runtime_table_load (self->workspace, error);
  return prepared->runtimes != NULL;
}

/* An execution that ended without success begins again where it stopped: what did not succeed is pending once more. */
static gboolean
reopen (AtelierEngine *self, const AtelierExecutionRecord *record, GError **error)
{
  g_autoptr (GPtrArray) steps = atelier_store_list_steps (self->store, record->id, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  AtelierStepUpdate pending = { .status = ATELIER_STEP_STATUS_PENDING, .started_at_us = ATELIER_STORE_CLEAR,
                                .ended_at_us = ATELIER_STORE_CLEAR, .failure_reason = "", .waits_for = "" };
  AtelierExecutionUpdate update = { .status = ATELIER_EXECUTION_STATUS_EXECUTING, .ended_at_us = ATELIER_STORE_CLEAR, .failure_reason = "" };

  if (steps == NULL)
    return FALSE;
  for (guint i = 0; i < steps->len; i++)
    {
      const AtelierStepRecord *step = g_ptr_array_index (steps, i);

      if (!atelier_step_status_is_success (step->status) && step->status != ATELIER_STEP_STATUS_SKIPPED)
        g_ptr_array_add (names, step->name);
    }
  if (names->len == 0)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("nothing of “%s” is left to run"), record->id);
      return FALSE;
    }
  atelier_store_steps_changed (self->store, record->id, (const char *const *) names->pdata, names->len, &pending, NULL, NULL);
  atelier_store_execution_changed (self->store, record->id, &update, NULL, NULL, NULL);
  return atelier_store_flush (self->store, error);
}

static gboolean
take_up (AtelierEngine *self, const AtelierExecutionRecord *record, int stop_grace_ms, GError **error)
{
  g_auto (Prepared) prepared = { 0 };
  g_autofree char *boot_id = NULL;
  AtelierOwner owner = this_program (&boot_id);
  AtelierRunRequest request;
  int lock_fd;

  if (!prepare_again (self, record, &prepared, error) || (stop_grace_ms == ATELIER_ENGINE_NO_STOP && !check_steps (&prepared, error)) ||
      !atelier_engine_lock_execution (self, record->id, &lock_fd, error))
    return FALSE;
  if ((atelier_execution_status_is_final (record->status) && !reopen (self, record, error)) ||
      !atelier_store_take_execution (self->store, record->id, &owner, NULL, error))
    {
      close (lock_fd);
      return FALSE;
    }
  request = run_request (self, &prepared, record->id, record->pipeline_id, record->created_at_us);
  return atelier_engine_begin (self, &request, lock_fd, stop_grace_ms, error);
}

char *
atelier_engine_resume_sync (AtelierEngine *self, const char *execution, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (self->store, execution, error);

  if (record == NULL)
    return NULL;
  if (record->status == ATELIER_EXECUTION_STATUS_SUCCEEDED)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” has succeeded; start it anew to run it again"), record->id);
      return NULL;
    }
  if (record->definition_digest == NULL)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” was refused before it began; start it anew"), record->id);
      return NULL;
    }
  return take_up (self, record, ATELIER_ENGINE_NO_STOP, error) ? g_strdup (record->id) : NULL;
}

gboolean
atelier_engine_stop_sync (AtelierEngine *self, const char *execution, int grace_ms, char **id, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (self->store, execution, error);
  g_autoptr (GError) problem = NULL;
  g_autofree char *argument = grace_ms >= 0 ? g_strdup_printf ("{\"grace_ms\":%d}", grace_ms) : NULL;

  if (record == NULL)
    return FALSE;
  if (atelier_execution_status_is_final (record->status))
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("“%s” has ended already (%s)"), record->id,
                   atelier_execution_status_to_text (record->status));
      return FALSE;
    }
  if (id != NULL)
    *id = g_strdup (record->id);
  if (atelier_engine_stop_own (self, record->id, grace_ms))
    return TRUE;
  /* nobody runs it any more: take it up only to stop what is left of it */
  if (take_up (self, record, grace_ms, &problem))
    return TRUE;
  if (problem != NULL && !g_error_matches (problem, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_BUSY))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return FALSE;
    }
  return atelier_store_add_request (self->store, record->id, "stop", argument, NULL, error) > 0;
}
