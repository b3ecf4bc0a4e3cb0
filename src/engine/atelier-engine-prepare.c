/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

#include "atelier-expression.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* All that is decided before an execution is recorded: what it runs, the values of its parameters, which of its steps run and
 * which are taken from an earlier execution, and whether this machine can carry it out. */

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
      json_t *before = json_object_get (earlier, name);
      /* one that the parameter cannot have any more is forgotten */
      json_t *value = before != NULL ? atelier_parameter_check_value (parameter, before, NULL) : NULL;

      if (value != NULL)
        json_object_set_new (values, name, value);
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

/* --- the whole --- */

void
atelier_prepared_init (AtelierPrepared *prepared)
{
  *prepared = (AtelierPrepared) { .execution_id = atelier_text_new_id (), .created_at_us = atelier_time_now_us () };
}

void
atelier_prepared_clear (AtelierPrepared *prepared)
{
  atelier_source_clear (&prepared->source);
  g_free (prepared->execution_id);
  json_decref (prepared->parameters);
  g_clear_pointer (&prepared->from, atelier_execution_record_unref);
  g_free (prepared->actions);
  g_clear_pointer (&prepared->runtimes, atelier_runtime_table_unref);
  atelier_run_options_clear (&prepared->options);
}

AtelierRunFacts
atelier_prepared_get_facts (const AtelierPrepared *prepared)
{
  return (AtelierRunFacts) {
    .definition = prepared->source.definition,
    .parameters = prepared->parameters,
    .pipeline_name = prepared->source.pipeline_name,
    .execution_id = prepared->execution_id,
    .created_at_us = prepared->created_at_us,
  };
}

char *
atelier_engine_snapshot_path (AtelierEngine *self, const char *execution_id, const char *name)
{
  return g_build_filename (self->workspace, "snapshots", execution_id, name, NULL);
}

AtelierDefinition *
atelier_engine_load_snapshot (AtelierEngine *self, const char *execution_id, GError **error)
{
  g_autofree char *path = atelier_engine_snapshot_path (self, execution_id, "definition.json");
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

/* Which steps run when everything runs again that is touched, or is behind it. */
static gboolean
choose_touched (AtelierEngine *self, const AtelierStart *start, AtelierPrepared *prepared, AtelierPlanStep *steps, AtelierSelectionAction *actions,
                GError **error)
{
  AtelierDefinition *definition = prepared->source.definition;
  guint n_edges, n = atelier_definition_get_n_steps (definition);
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);
  g_autofree gboolean *touched = g_new0 (gboolean, n);
  g_autofree gboolean *first = g_new0 (gboolean, n);
  g_autoptr (AtelierDefinition) before = atelier_engine_load_snapshot (self, prepared->from->id, error);
  g_autoptr (json_t) parameters_before = NULL;
  char *names[] = { (char *) start->from_step, NULL };

  if (before == NULL || !find_selected (definition, names, first, error))
    return FALSE;
  parameters_before = atelier_json_parse (prepared->from->parameters_json != NULL ? prepared->from->parameters_json : "{}", -1, NULL);
  find_touched (definition, before, parameters_before, prepared->parameters, touched);
  forget_downstream (definition, steps, touched);
  if (start->from_step == NULL)
    return atelier_selection_resume (steps, n, edges, n_edges, actions, error);
  return atelier_selection_run_from (steps, n, edges, n_edges, atelier_step_get_index (atelier_definition_find_step (definition, start->from_step)),
                                     actions, error);
}

/* Which steps run, which are taken from the source, which are left out. */
static gboolean
choose_steps (AtelierEngine *self, const AtelierStart *start, AtelierPrepared *prepared, GError **error)
{
  AtelierDefinition *definition = prepared->source.definition;
  guint n_edges, n = atelier_definition_get_n_steps (definition);
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);
  g_autofree AtelierPlanStep *steps = g_new0 (AtelierPlanStep, n);
  g_autofree AtelierSelectionAction *actions = g_new0 (AtelierSelectionAction, n);
  g_autofree gboolean *selected = g_new0 (gboolean, n);

  if (prepared->from == NULL && start->from_step != NULL)
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE,
                   _("to begin at the step “%s”, name the execution that the results before it are taken from"), start->from_step);
      return FALSE;
    }
  if (prepared->from == NULL && start->selected_steps == NULL)
    return TRUE;
  for (guint i = 0; i < n; i++)
    steps[i].name = atelier_step_get_name (atelier_definition_get_step (definition, i));
  if (prepared->from != NULL && !atelier_execution_status_is_final (prepared->from->status))
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("the execution “%s” has not ended yet"), prepared->from->id);
      return FALSE;
    }
  if (prepared->from != NULL && !describe_source_steps (self, definition, prepared->from->id, steps, error))
    return FALSE;
  if (start->selected_steps != NULL ? !find_selected (definition, start->selected_steps, selected, error) ||
                                          !atelier_selection_choose (steps, n, edges, n_edges, selected, actions, error)
                                    : !choose_touched (self, start, prepared, steps, actions, error))
    return FALSE;
  prepared->actions = g_steal_pointer (&actions);
  return TRUE;
}

/* atelier_engine_check_steps:
 * @actions: (nullable): what does not run is not looked at
 *
 * Returns: FALSE with a sentence a line of what cannot be carried out */
gboolean
atelier_engine_check_steps (AtelierEngine *self, const AtelierPrepared *prepared, const AtelierSelectionAction *actions, GError **error)
{
  AtelierRunFacts facts = atelier_prepared_get_facts (prepared);
  g_autoptr (GPtrArray) sentences = atelier_run_check (&facts, prepared->runtimes, self->artifacts, actions);
  g_autofree char *all = NULL;

  if (sentences->len == 0)
    return TRUE;
  g_ptr_array_add (sentences, NULL);
  all = g_strjoinv ("\n", (char **) sentences->pdata);
  g_set_error_literal (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_UNSUPPORTED, all);
  return FALSE;
}

static void
set_options (const AtelierStart *start, AtelierPrepared *prepared)
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
load_from (AtelierEngine *self, const AtelierStart *start, AtelierPrepared *prepared, json_t **earlier, GError **error)
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

static gboolean
is_simulated (AtelierEngine *self, gint64 project_id)
{
  g_autoptr (AtelierProjectRecord) project = project_id > 0 ? atelier_store_get_project (self->store, project_id, NULL) : NULL;

  return project != NULL && project->is_simulated;
}

/* Where an execution came from, as it was recorded. */
void
atelier_engine_describe_again (AtelierEngine *self, const AtelierExecutionRecord *record, AtelierSource *source)
{
  source->pipeline_name = g_strdup (record->pipeline_name);
  source->project_id = record->project_id;
  source->is_simulated = is_simulated (self, record->project_id);
  source->commit_id = g_strdup (record->commit_id);
  source->commit_subject = g_strdup (record->commit_subject);
  source->is_dirty = record->is_dirty;
}

/* A start without a target repeats what its source ran. */
static gboolean
load_from_snapshot (AtelierEngine *self, AtelierPrepared *prepared, GError **error)
{
  AtelierSource *source = &prepared->source;
  const AtelierExecutionRecord *from = prepared->from;
  g_autofree char *path = NULL;
  g_autofree char *patch_path = NULL;
  g_autoptr (GPtrArray) problems = atelier_problems_new ();

  if (from == NULL)
    {
      g_set_error_literal (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND, _("there is nothing to run: name a file, a project or an execution"));
      return FALSE;
    }
  path = atelier_engine_snapshot_path (self, from->id, "definition.json");
  patch_path = atelier_engine_snapshot_path (self, from->id, "dirty.patch");
  if (!g_file_get_contents (path, &source->text, &source->length, error))
    return FALSE;
  source->definition = atelier_definition_parse (source->text, (gssize) source->length, problems);
  atelier_engine_describe_again (self, from, source);
  if (from->is_dirty && !g_file_get_contents (patch_path, &source->patch, &source->patch_length, error))
    return FALSE;
  if (source->definition == NULL || atelier_definition_has_errors (source->definition))
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID, _("the definition of “%s” has errors"), from->id);
      return FALSE;
    }
  return TRUE;
}

/* atelier_engine_prepare:
 * @prepared: from atelier_prepared_init(); filled as far as it could be, also on failure */
gboolean
atelier_engine_prepare (AtelierEngine *self, const AtelierStart *start, GPtrArray *problems, AtelierPrepared *prepared, GError **error)
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
  return prepared->runtimes != NULL && choose_steps (self, start, prepared, error) &&
         atelier_engine_check_steps (self, prepared, prepared->actions, error);
}
