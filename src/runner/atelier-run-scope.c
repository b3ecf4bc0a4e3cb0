/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-digest.h"
#include "atelier-expression.h"
#include "atelier-time.h"

/* Where expressions get their values: parameters and variables of the execution, known before it begins; then properties of
 * steps that finished, and files that they left in the artifact store. Called on workers. */

/* atelier_run_job_name:
 * @base: (nullable): a prefix that the definition gives
 *
 * The name of the job that an attempt makes, 63 characters of [a-zA-Z0-9-] at most. It is the same whenever it is asked
 * for: an attempt that is taken over after a crash keeps its name. */
char *
atelier_run_job_name (AtelierRun *run, guint step, const char *base, int attempt)
{
  g_autofree char *identity = g_strdup_printf ("%s/%s/%d", run->execution_id,
                                               atelier_step_get_name (run->steps[step].step), attempt);
  g_autofree char *digest = atelier_digest_text (identity, -1);
  g_autofree char *name = base != NULL
                              ? g_strdup_printf ("%.52s", base)
                              : g_strdup_printf ("pipelines-%s-%.28s", run->execution_id,
                                                 atelier_step_get_name (run->steps[step].step));

  g_strcanon (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", '-');
  digest[10] = '\0';
  return g_strdup_printf ("%s-%s", name[strspn (name, "-")] != '\0' ? name + strspn (name, "-") : "job", digest);
}

void
atelier_run_keep_properties (AtelierRun *run, guint step, json_t *properties)
{
  json_t *before;

  if (!run->steps[step].is_read)
    {
      json_decref (properties);
      return;
    }
  g_mutex_lock (&run->lock);
  before = run->steps[step].properties;
  run->steps[step].properties = properties;
  g_mutex_unlock (&run->lock);
  json_decref (before);
}

static json_t *
get_parameter (const char *name, gpointer user_data, GError **error)
{
  AtelierRunFacts *facts = user_data;
  json_t *value = json_object_get (facts->parameters, name);

  return value != NULL ? json_incref (value) : NULL;
}

static json_t *
text_value (char *text)
{
  g_autofree char *owned = text;

  return json_string (owned);
}

static json_t *
get_execution_variable (const char *name, gpointer user_data, GError **error)
{
  AtelierRunFacts *facts = user_data;
  g_autofree char *lower = g_ascii_strdown (facts->pipeline_name, -1);

  if (strcmp (name, "PipelineName") == 0)
    return json_string (facts->pipeline_name);
  if (strcmp (name, "PipelineExecutionId") == 0)
    return json_string (facts->execution_id);
  if (strcmp (name, "PipelineArn") == 0)
    return text_value (g_strdup_printf (ATELIER_LOCAL_ARN "pipeline/%s", lower));
  if (strcmp (name, "PipelineExecutionArn") == 0)
    return text_value (g_strdup_printf (ATELIER_LOCAL_ARN "pipeline/%s/execution/%s", lower, facts->execution_id));
  if (strcmp (name, "StartDateTime") == 0)
    return text_value (atelier_time_format_iso (facts->created_at_us));
  if (strcmp (name, "CurrentDateTime") == 0 && facts->now_us != 0)
    {
      facts->has_read_clock = TRUE;
      return text_value (atelier_time_format_iso (facts->now_us));
    }
  return g_strcmp0 (name, facts->job_variable) == 0 && facts->job_name != NULL ? json_string (facts->job_name) : NULL;
}

static json_t *
get_experiment_label (const char *name, gpointer user_data, GError **error)
{
  AtelierRunFacts *facts = user_data;
  gboolean is_trial = strcmp (name, "TrialName") == 0;
  const AtelierNode *node = is_trial ? atelier_definition_get_trial_name (facts->definition)
                                     : atelier_definition_get_experiment_name (facts->definition);
  AtelierScope labels = { .get_parameter = get_parameter, .get_execution_variable = get_execution_variable, .user_data = facts };

  if (atelier_node_get_kind (node) == ATELIER_NODE_NULL)
    return json_string (is_trial ? facts->execution_id : facts->pipeline_name);
  return atelier_expression_resolve (node, &labels, error);
}

void
atelier_run_facts_init_scope (AtelierRunFacts *facts, AtelierScope *scope)
{
  *scope = (AtelierScope) {
    .get_parameter = get_parameter,
    .get_execution_variable = get_execution_variable,
    .get_experiment_label = get_experiment_label,
    .user_data = facts,
  };
}

static json_t *
get_step_properties (const char *name, gpointer user_data, GError **error)
{
  AtelierRunScope *scope = user_data;
  AtelierRun *run = scope->run;
  const AtelierStep *step = atelier_definition_find_step (run->definition, name);
  json_t *properties = NULL;

  if (step == NULL)
    return NULL;
  g_mutex_lock (&run->lock);
  properties = json_incref (run->steps[atelier_step_get_index (step)].properties);
  g_mutex_unlock (&run->lock);
  if (properties == NULL)
    g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("step “%s” has no results in this execution"), name);
  return properties;
}

static json_t *
read_json (AtelierRun *run, const char *uri, GError **error)
{
  g_autofree char *path = atelier_artifacts_dup_path (run->artifacts, uri, error);
  g_autoptr (GError) problem = NULL;
  json_t *value;

  if (path == NULL)
    return NULL;
  value = atelier_json_read_file (path, &problem);
  if (value == NULL)
    g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("“%s” cannot be read as JSON: %s"), uri,
                 problem->message);
  return value;
}

static json_t *
get_s3_json (const char *uri, gpointer user_data, GError **error)
{
  AtelierRunScope *scope = user_data;

  return read_json (scope->run, uri, error);
}

static json_t *
find_named (json_t *list, const char *key, const char *name)
{
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    if (g_strcmp0 (atelier_json_get_string (item, key, NULL), name) == 0)
      return item;
  return NULL;
}

static json_t *
get_property_file (const char *name, const char *property_file, gpointer user_data, GError **error)
{
  AtelierRunScope *scope = user_data;
  const AtelierStep *step = atelier_definition_find_step (scope->run->definition, name);
  const AtelierPropertyFile *file = step != NULL ? atelier_step_find_property_file (step, property_file) : NULL;
  g_autoptr (json_t) properties = NULL;
  g_autofree char *uri = NULL;
  json_t *output;
  const char *base;

  if (file == NULL)
    return NULL;
  properties = get_step_properties (name, user_data, error);
  if (properties == NULL)
    return NULL;
  output = find_named (atelier_json_get_array (json_object_get (properties, "ProcessingOutputConfig"), "Outputs"), "OutputName",
                       file->output_name);
  base = atelier_json_get_string (json_object_get (output, "S3Output"), "S3Uri", NULL);
  if (base == NULL)
    return NULL;
  uri = atelier_uri_join (base, file->path, error);
  if (uri == NULL)
    return NULL;
  return read_json (scope->run, uri, error);
}

void
atelier_run_scope_init (AtelierScope *scope, AtelierRunScope *data, AtelierRun *run, guint step, const char *job_name)
{
  *data = (AtelierRunScope) {
    .facts = {
      .definition = run->definition,
      .parameters = run->parameters,
      .pipeline_name = run->pipeline_name,
      .execution_id = run->execution_id,
      .created_at_us = run->created_at_us,
      .now_us = atelier_time_now_us (),
      .job_variable = atelier_step_get_step_type (run->steps[step].step) == ATELIER_STEP_TYPE_TRAINING ? "TrainingJobName" : "ProcessingJobName",
      .job_name = job_name,
    },
    .run = run,
  };
  atelier_run_facts_init_scope (&data->facts, scope);
  scope->get_step_properties = get_step_properties;
  scope->get_property_file = get_property_file;
  scope->get_s3_json = get_s3_json;
}
