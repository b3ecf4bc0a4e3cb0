/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-views.h"

#include "atelier-engine-private.h"
#include "atelier-runtime.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* Records of the store as JSON for people and scripts. */

static void
set_time (json_t *object, const char *key, gint64 time_us)
{
  g_autofree char *text = time_us > 0 ? atelier_time_format_iso (time_us) : NULL;

  json_object_set_new (object, key, text != NULL ? json_string (text) : json_null ());
}

static void
set_text (json_t *object, const char *key, const char *text)
{
  if (text != NULL)
    atelier_json_set_string (object, key, text);
  else
    json_object_set_new (object, key, json_null ());
}

/* A column that holds JSON text; what does not parse is left out. */
static void
set_json (json_t *object, const char *key, const char *text)
{
  json_t *value = text != NULL ? atelier_json_parse (text, -1, NULL) : NULL;

  json_object_set_new (object, key, value != NULL ? value : json_null ());
}

static void
set_duration (json_t *object, gint64 started_at_us, gint64 ended_at_us)
{
  json_object_set_new (object, "duration_us", started_at_us > 0 && ended_at_us > 0 ? json_integer (ended_at_us - started_at_us) : json_null ());
}

/* The program that runs an execution: its pid, or null. One that has not ended and has no such program was cut off. */
static void
set_owner (AtelierEngine *engine, json_t *object, const AtelierExecutionRecord *record)
{
  gboolean has_owner = atelier_engine_has_owner (engine, record);

  json_object_set_new (object, "owner", has_owner ? json_integer (record->owner_pid) : json_null ());
  atelier_json_set_bool (object, "interrupted", !has_owner && !atelier_execution_status_is_final (record->status));
}

static json_t *
execution_json (AtelierEngine *engine, const AtelierExecutionRecord *record)
{
  json_t *object = json_object ();

  set_text (object, "id", record->id);
  set_text (object, "pipeline", record->pipeline_name);
  set_text (object, "project", record->project_name);
  atelier_json_set_int (object, "number", record->number);
  atelier_json_set_int (object, "version", record->version_number);
  set_text (object, "name", record->display_name);
  set_text (object, "status", atelier_execution_status_to_text (record->status));
  set_owner (engine, object, record);
  set_text (object, "failure_reason", record->failure_reason);
  set_text (object, "trigger", record->trigger);
  set_text (object, "author", record->author);
  set_text (object, "commit", record->commit_id);
  set_text (object, "commit_subject", record->commit_subject);
  atelier_json_set_bool (object, "dirty", record->is_dirty);
  set_text (object, "source_execution", record->source_execution_id);
  set_text (object, "experiment", record->experiment);
  set_text (object, "trial", record->trial);
  set_text (object, "note", record->note);
  set_time (object, "created_at", record->created_at_us);
  set_time (object, "started_at", record->started_at_us);
  set_time (object, "ended_at", record->ended_at_us);
  set_duration (object, record->started_at_us, record->ended_at_us);
  return object;
}

/* A pipeline is known by its name, where there is one of that name, else as PROJECT/PIPELINE. */
static gboolean
find_pipeline (AtelierEngine *engine, gint64 project_id, const char *name, gint64 *id, GError **error)
{
  g_autoptr (GPtrArray) pipelines = atelier_store_list_pipelines (engine->store, project_id, error);
  const char *slash = strchr (name, '/');
  g_autofree char *project = slash != NULL ? g_strndup (name, (gsize) (slash - name)) : NULL;
  guint n_found = 0;

  if (pipelines == NULL)
    return FALSE;
  for (guint i = 0; i < pipelines->len; i++)
    {
      const AtelierPipelineRecord *pipeline = g_ptr_array_index (pipelines, i);

      if (strcmp (pipeline->name, slash != NULL ? slash + 1 : name) == 0 && (project == NULL || g_strcmp0 (pipeline->project_name, project) == 0))
        {
          *id = pipeline->id;
          n_found++;
        }
    }
  if (n_found == 1)
    return TRUE;
  g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
               n_found == 0 ? _("there is no pipeline “%s”") : _("several projects have a pipeline “%s”; name one as PROJECT/PIPELINE"), name);
  return FALSE;
}

static gboolean
make_query (AtelierEngine *engine, const AtelierExecutionFilter *filter, AtelierExecutionQuery *query, GError **error)
{
  AtelierExecutionStatus status;

  *query = (AtelierExecutionQuery) { .text = filter->text, .limit = filter->limit };
  if (filter->project != NULL)
    {
      g_autoptr (AtelierProjectRecord) project = atelier_store_find_project (engine->store, filter->project, error);

      if (project == NULL)
        return FALSE;
      query->project_id = project->id;
    }
  if (filter->pipeline != NULL && !find_pipeline (engine, query->project_id, filter->pipeline, &query->pipeline_id, error))
    return FALSE;
  if (filter->status == NULL)
    return TRUE;
  if (!atelier_execution_status_from_text (filter->status, &status))
    {
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_FAILED,
                   _("“%s” is no status; there are Executing, Stopping, Stopped, Failed and Succeeded"), filter->status);
      return FALSE;
    }
  query->statuses = 1u << status;
  return TRUE;
}

json_t *
atelier_view_executions (AtelierEngine *engine, const AtelierExecutionFilter *filter, GError **error)
{
  AtelierExecutionQuery query;
  g_autoptr (GPtrArray) records = NULL;
  json_t *list;

  if (!make_query (engine, filter, &query, error) || (records = atelier_store_list_executions (engine->store, &query, error)) == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < records->len; i++)
    json_array_append_new (list, execution_json (engine, g_ptr_array_index (records, i)));
  return list;
}

static json_t *
attempt_json (AtelierEngine *engine, const AtelierAttemptRecord *record, gboolean with_environment)
{
  json_t *object = json_object ();

  atelier_json_set_int (object, "number", record->number);
  set_text (object, "status", atelier_step_status_to_text (record->status));
  set_text (object, "job_name", record->job_name);
  set_text (object, "runtime", record->runtime);
  set_text (object, "sandbox", record->sandbox);
  atelier_json_set_int (object, "pid", record->pid);
  set_time (object, "started_at", record->started_at_us);
  set_time (object, "ended_at", record->ended_at_us);
  atelier_json_set_int (object, "exit_code", record->exit_code);
  atelier_json_set_int (object, "signal", record->signal);
  atelier_json_set_int (object, "wall_us", record->wall_us);
  atelier_json_set_int (object, "cpu_us", record->cpu_us);
  atelier_json_set_int (object, "peak_memory_bytes", record->peak_memory_bytes);
  atelier_json_set_int (object, "log_bytes", record->log_bytes);
  set_text (object, "failure_reason", record->failure_reason);
  set_text (object, "environment_digest", record->environment_digest);
  if (with_environment && record->environment_digest != NULL)
    {
      g_autofree char *text = atelier_store_get_environment (engine->store, record->environment_digest, NULL);

      set_json (object, "environment", text);
    }
  return object;
}

static json_t *
metric_json (const AtelierMetricRecord *record)
{
  json_t *object = json_object ();

  set_text (object, "step", record->step);
  atelier_json_set_int (object, "attempt", record->attempt);
  set_text (object, "name", record->name);
  atelier_json_set_int (object, "iteration", record->last_iteration);
  /* JSON has no infinities and no nan */
  json_object_set_new (object, "value", isfinite (record->last_value) ? json_real (record->last_value) : json_null ());
  json_object_set_new (object, "min", isfinite (record->min_value) ? json_real (record->min_value) : json_null ());
  json_object_set_new (object, "max", isfinite (record->max_value) ? json_real (record->max_value) : json_null ());
  return object;
}

static json_t *
step_json (const AtelierStepRecord *record)
{
  json_t *object = json_object ();

  set_text (object, "name", record->name);
  set_text (object, "type", record->type);
  set_text (object, "status", atelier_step_status_to_text (record->status));
  set_time (object, "started_at", record->started_at_us);
  set_time (object, "ended_at", record->ended_at_us);
  set_duration (object, record->started_at_us, record->ended_at_us);
  atelier_json_set_int (object, "attempts", record->attempt_count);
  set_text (object, "failure_reason", record->failure_reason);
  set_text (object, "why", record->why);
  set_text (object, "waits_for", record->waits_for);
  set_text (object, "cached_from", record->cached_from);
  set_text (object, "outcome", record->outcome_text);
  return object;
}

static json_t *
lineage_json (const GPtrArray *records)
{
  json_t *list = json_array ();

  for (guint i = 0; i < records->len; i++)
    {
      const AtelierLineageRecord *record = g_ptr_array_index (records, i);
      json_t *object = json_object ();

      set_text (object, "step", record->step);
      set_text (object, "direction", atelier_lineage_direction_to_text (record->direction));
      set_text (object, "role", record->role);
      set_text (object, "uri", record->uri);
      set_text (object, "digest", record->digest);
      atelier_json_set_int (object, "size_bytes", record->size_bytes);
      json_array_append_new (list, object);
    }
  return list;
}

static json_t *
version_json (const AtelierModelVersionRecord *record)
{
  json_t *object = json_object ();

  set_text (object, "group", record->group_name);
  atelier_json_set_int (object, "number", record->number);
  set_text (object, "status", atelier_approval_status_to_text (record->status));
  set_text (object, "execution", record->execution_id);
  set_text (object, "step", record->step);
  set_text (object, "model_uri", record->model_uri);
  set_text (object, "model_digest", record->model_digest);
  set_json (object, "metrics", record->metrics_json);
  set_text (object, "description", record->description);
  atelier_json_set_bool (object, "simulated", record->is_simulated);
  set_text (object, "author", record->author);
  set_time (object, "created_at", record->created_at_us);
  return object;
}

static json_t *
metrics_of (AtelierEngine *engine, const char *execution_id, const char *step)
{
  g_autoptr (GPtrArray) records = atelier_store_list_metrics (engine->store, execution_id, step, 0, NULL);
  json_t *list = json_array ();

  for (guint i = 0; records != NULL && i < records->len; i++)
    json_array_append_new (list, metric_json (g_ptr_array_index (records, i)));
  return list;
}

static json_t *
logged_of (AtelierEngine *engine, const char *execution_id, const char *step)
{
  g_autoptr (GPtrArray) records = atelier_store_list_logged (engine->store, execution_id, step, NULL);
  json_t *list = json_array ();

  for (guint i = 0; records != NULL && i < records->len; i++)
    {
      const AtelierLoggedRecord *record = g_ptr_array_index (records, i);
      json_t *object = json_object ();

      set_text (object, "step", record->step);
      set_text (object, "name", record->name);
      set_text (object, "value", record->value);
      json_array_append_new (list, object);
    }
  return list;
}

/* What the definition says of a step for people. @definition: (nullable): what a run was refused for may have left none */
static void
set_display (json_t *object, AtelierDefinition *definition, const char *name)
{
  const AtelierStep *step = definition != NULL ? atelier_definition_find_step (definition, name) : NULL;

  set_text (object, "display_name", step != NULL ? atelier_step_get_display_name (step) : name);
  set_text (object, "description", step != NULL ? atelier_step_get_description (step) : NULL);
}

json_t *
atelier_view_execution (AtelierEngine *engine, const char *execution, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (engine->store, execution, error);
  g_autoptr (GPtrArray) steps = NULL;
  g_autoptr (GPtrArray) lineage = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  g_autoptr (AtelierDefinition) definition = NULL;
  json_t *object, *list;

  if (record == NULL || (steps = atelier_store_list_steps (engine->store, record->id, error)) == NULL ||
      (lineage = atelier_store_list_lineage (engine->store, record->id, NULL, error)) == NULL ||
      (versions = atelier_store_list_execution_versions (engine->store, record->id, error)) == NULL)
    return NULL;
  object = execution_json (engine, record);
  set_json (object, "parameters", record->parameters_json);
  set_json (object, "options", record->options_json);
  definition = atelier_engine_load_snapshot (engine, record->id, NULL);
  list = json_array ();
  for (guint i = 0; i < steps->len; i++)
    {
      const AtelierStepRecord *step = g_ptr_array_index (steps, i);
      json_t *item = step_json (step);

      set_display (item, definition, step->name);
      json_array_append_new (list, item);
    }
  json_object_set_new (object, "steps", list);
  json_object_set_new (object, "metrics", metrics_of (engine, record->id, NULL));
  json_object_set_new (object, "logged", logged_of (engine, record->id, NULL));
  json_object_set_new (object, "lineage", lineage_json (lineage));
  list = json_array ();
  for (guint i = 0; i < versions->len; i++)
    json_array_append_new (list, version_json (g_ptr_array_index (versions, i)));
  json_object_set_new (object, "model_versions", list);
  return object;
}

static AtelierStepRecord *
find_step (AtelierEngine *engine, const char *execution_id, const char *name, GError **error)
{
  g_autoptr (GPtrArray) steps = atelier_store_list_steps (engine->store, execution_id, error);
  g_autofree const char **names = NULL;
  const char *near;

  if (steps == NULL)
    return NULL;
  names = g_new (const char *, steps->len);
  for (guint i = 0; i < steps->len; i++)
    {
      AtelierStepRecord *step = g_ptr_array_index (steps, i);

      if (strcmp (step->name, name) == 0)
        return atelier_step_record_ref (step);
      names[i] = step->name;
    }
  near = atelier_text_closest (name, names, steps->len);
  g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND,
               near != NULL ? _("the execution has no step “%s”; did you mean “%s”?") : _("the execution has no step “%s”"), name, near);
  return NULL;
}

json_t *
atelier_view_step (AtelierEngine *engine, const char *execution, const char *name, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (engine->store, execution, error);
  g_autoptr (AtelierStepRecord) step = record != NULL ? find_step (engine, record->id, name, error) : NULL;
  g_autoptr (GPtrArray) attempts = NULL;
  g_autoptr (GPtrArray) lineage = NULL;
  g_autoptr (AtelierDefinition) definition = NULL;
  json_t *object, *list;

  if (step == NULL || (attempts = atelier_store_list_attempts (engine->store, record->id, name, error)) == NULL ||
      (lineage = atelier_store_list_lineage (engine->store, record->id, name, error)) == NULL)
    return NULL;
  object = step_json (step);
  definition = atelier_engine_load_snapshot (engine, record->id, NULL);
  set_display (object, definition, step->name);
  set_text (object, "execution", record->id);
  set_json (object, "properties", step->properties_json);
  set_json (object, "cache_components", step->cache_components_json);
  list = json_array ();
  for (guint i = 0; i < attempts->len; i++)
    json_array_append_new (list, attempt_json (engine, g_ptr_array_index (attempts, i), i + 1 == attempts->len));
  json_object_set_new (object, "attempt_list", list);
  json_object_set_new (object, "metrics", metrics_of (engine, record->id, name));
  json_object_set_new (object, "logged", logged_of (engine, record->id, name));
  json_object_set_new (object, "lineage", lineage_json (lineage));
  return object;
}

json_t *
atelier_view_projects (AtelierEngine *engine, GError **error)
{
  g_autoptr (GPtrArray) records = atelier_store_list_projects (engine->store, FALSE, error);
  json_t *list;

  if (records == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < records->len; i++)
    {
      const AtelierProjectRecord *record = g_ptr_array_index (records, i);
      json_t *object = json_object ();

      set_text (object, "name", record->name);
      set_text (object, "description", record->description);
      set_text (object, "template", record->template_name);
      atelier_json_set_bool (object, "simulated", record->is_simulated);
      set_json (object, "settings", record->settings_json);
      set_time (object, "created_at", record->created_at_us);
      json_array_append_new (list, object);
    }
  return list;
}

json_t *
atelier_view_pipelines (AtelierEngine *engine, GError **error)
{
  g_autoptr (GPtrArray) records = atelier_store_list_pipelines (engine->store, 0, error);
  json_t *list;

  if (records == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < records->len; i++)
    {
      const AtelierPipelineRecord *record = g_ptr_array_index (records, i);
      json_t *object = json_object ();

      set_text (object, "name", record->name);
      set_text (object, "project", record->project_name);
      atelier_json_set_int (object, "version", record->version_number);
      atelier_json_set_int (object, "executions", record->n_executions);
      set_text (object, "last_execution", record->last_execution_id);
      set_text (object, "last_status", record->last_status >= 0 ? atelier_execution_status_to_text ((AtelierExecutionStatus) record->last_status) : NULL);
      set_time (object, "last_at", record->last_at_us);
      json_array_append_new (list, object);
    }
  return list;
}

json_t *
atelier_view_models (AtelierEngine *engine, const char *group, GError **error)
{
  g_autoptr (GPtrArray) records = NULL;
  json_t *list;

  if (group != NULL)
    {
      g_autoptr (AtelierModelGroupRecord) record = atelier_store_get_model_group (engine->store, group, error);

      if (record == NULL)
        return NULL;
    }
  records = atelier_store_list_model_versions (engine->store, group, 0, error);
  if (records == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < records->len; i++)
    json_array_append_new (list, version_json (g_ptr_array_index (records, i)));
  return list;
}

static json_t *
numbers (const double *values, gsize n)
{
  json_t *list = json_array ();

  for (gsize i = 0; i < n; i++)
    json_array_append_new (list, isfinite (values[i]) ? json_real (values[i]) : json_null ());
  return list;
}

json_t *
atelier_view_metrics (AtelierEngine *engine, const char *execution, const char *step, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (engine->store, execution, error);
  g_autoptr (AtelierStepRecord) step_record = NULL;
  g_autoptr (GPtrArray) metrics = NULL;
  json_t *list;

  if (record == NULL || (step != NULL && (step_record = find_step (engine, record->id, step, error)) == NULL))
    return NULL;
  metrics = atelier_store_list_metrics (engine->store, record->id, step, 0, error);
  if (metrics == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < metrics->len; i++)
    {
      const AtelierMetricRecord *metric = g_ptr_array_index (metrics, i);
      g_autoptr (AtelierMetricSeries) series = atelier_store_get_metric_series (engine->store, record->id, metric->step, metric->attempt, metric->name,
                                                                                G_MININT64, 0, error);
      json_t *object, *iterations;

      if (series == NULL)
        {
          json_decref (list);
          return NULL;
        }
      object = metric_json (metric);
      iterations = json_array ();
      for (gsize k = 0; k < series->n_points; k++)
        json_array_append_new (iterations, json_integer (series->iterations[k]));
      json_object_set_new (object, "iterations", iterations);
      json_object_set_new (object, "values", numbers (series->values, series->n_points));
      json_array_append_new (list, object);
    }
  return list;
}

json_t *
atelier_view_audit (AtelierEngine *engine, guint limit, GError **error)
{
  g_autoptr (GPtrArray) records = atelier_store_list_audit_events (engine->store, NULL, 0, limit, error);
  json_t *list;

  if (records == NULL)
    return NULL;
  list = json_array ();
  for (guint i = 0; i < records->len; i++)
    {
      const AtelierAuditRecord *record = g_ptr_array_index (records, i);
      json_t *object = json_object ();

      atelier_json_set_int (object, "sequence", record->sequence);
      set_time (object, "at", record->at_us);
      set_text (object, "who", record->who);
      set_text (object, "action", record->action);
      set_text (object, "subject", record->subject);
      set_text (object, "from", record->from_value);
      set_text (object, "to", record->to_value);
      set_text (object, "comment", record->comment);
      set_text (object, "hash", record->hash);
      json_array_append_new (list, object);
    }
  return list;
}

json_t *
atelier_view_runtimes (AtelierEngine *engine, GError **error)
{
  g_autoptr (AtelierRuntimeTable) table = atelier_runtime_table_load (engine->workspace, error);

  return table != NULL ? atelier_runtime_table_to_json (table) : NULL;
}

char *
atelier_engine_log_path (AtelierEngine *engine, const char *execution, const char *step, int attempt, gboolean *is_over, GError **error)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (engine->store, execution, error);
  g_autoptr (AtelierStepRecord) step_record = record != NULL ? find_step (engine, record->id, step, error) : NULL;
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;

  if (step_record == NULL)
    return NULL;
  if (attempt == 0)
    attempt = MAX (step_record->attempt_count, 1);
  folder = atelier_run_folder (engine->workspace, record->id);
  path = g_strdup_printf ("%s/%s/%d/log", folder, step, attempt);
  *is_over = atelier_step_status_is_final (step_record->status) || step_record->status == ATELIER_STEP_STATUS_INTERRUPTED ||
             attempt < step_record->attempt_count || !atelier_engine_has_owner (engine, record);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      if (step_record->cached_from != NULL)
        g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("the step “%s” did not run: its result was taken from “%s”, which has its log"),
                     step, step_record->cached_from);
      else
        g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE, _("the step “%s” (%s) has no log of attempt %d"), step,
                     atelier_step_status_to_text (step_record->status), attempt);
      return NULL;
    }
  return g_steal_pointer (&path);
}
