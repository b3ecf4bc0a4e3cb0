/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-condition.h"
#include "atelier-expression.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* Steps that only move facts: Condition, Fail, Model, RegisterModel. They run on the worker itself, and each is one
 * transaction together with the end of its step, so doing one again after a crash changes nothing. */

static json_t *
resolve_arguments (AtelierRun *run, guint step, GError **error)
{
  AtelierRunScope data;
  AtelierScope scope;
  json_t *arguments;

  atelier_run_scope_init (&scope, &data, run, step, NULL);
  arguments = atelier_expression_resolve (atelier_step_get_arguments (run->steps[step].step), &scope, error);
  if (arguments != NULL && !json_is_object (arguments))
    {
      json_decref (arguments);
      arguments = json_object ();
    }
  return arguments;
}

void
atelier_condition_step_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  const AtelierStep *definition = run->steps[step].step;
  gint64 started_at_us = atelier_time_now_us ();
  AtelierRunScope data;
  AtelierScope scope;
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierConditionResult) outcome = NULL;
  g_autofree char *text = NULL;
  g_autofree char *properties = NULL;
  json_t *tree;
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_SUCCEEDED };

  atelier_run_scope_init (&scope, &data, run, step, NULL);
  outcome = atelier_condition_evaluate (atelier_step_get_conditions (definition), &scope, &error);
  if (outcome == NULL)
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  text = atelier_condition_result_dup_text (outcome);
  tree = json_deep_copy (outcome->json);
  /* the service's Describe says the outcome as text */
  json_object_set_new (tree, "Outcome", json_string (outcome->outcome ? "True" : "False"));
  properties = atelier_json_compact (tree);
  atelier_run_keep_properties (run, step, tree);
  update.started_at_us = started_at_us;
  update.ended_at_us = atelier_time_now_us ();
  update.outcome_text = *text != '\0' ? text : (outcome->outcome ? "True" : "False");
  update.outcome = outcome->outcome;
  update.properties_json = properties;
  atelier_store_step_ended (run->store, run->execution_id, atelier_step_get_name (definition), &update, NULL, NULL, 0,
                            atelier_run_committed,
                            atelier_run_pending_new (run, atelier_run_step_news (run, step, ATELIER_STEP_STATUS_SUCCEEDED,
                                                                                 update.outcome_text)));
  result->outcome = ATELIER_PLAN_OUTCOME_SUCCEEDED;
  result->branch = outcome->outcome;
}

void
atelier_fail_step_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) failure = NULL;
  g_autoptr (json_t) arguments = resolve_arguments (run, step, &error);
  g_autofree char *message = NULL;

  if (arguments == NULL)
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  message = json_object_get (arguments, "ErrorMessage") != NULL ? atelier_json_to_text (json_object_get (arguments, "ErrorMessage"))
                                                                : g_strdup ("");
  failure = g_error_new_literal (ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
                                 *message != '\0' ? message : _("the pipeline ended here on purpose"));
  atelier_run_fail_step (run, step, failure, result);
}

/* A lineage line for an object of the store, with its digest. */
static void
add_used (AtelierRun *run, GArray *lineage, GPtrArray *keep, const char *role, const char *uri)
{
  g_autoptr (GPtrArray) files = NULL;

  if (uri == NULL)
    return;
  files = atelier_artifacts_resolve (run->artifacts, uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
  if (files == NULL || !atelier_artifacts_digest_files (run->artifacts, files, NULL, NULL))
    return;
  for (guint i = 0; i < files->len; i++)
    {
      const AtelierArtifactFile *file = g_ptr_array_index (files, i);
      AtelierLineageItem item = { ATELIER_LINEAGE_USED, role, file->uri, file->digest, file->size_bytes };

      g_array_append_val (lineage, item);
    }
  g_ptr_array_add (keep, g_steal_pointer (&files));
}

static gboolean
check_model_data (AtelierRun *run, const char *uri, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;

  if (uri == NULL)
    return TRUE;
  files = atelier_artifacts_resolve (run->artifacts, uri, ATELIER_INPUT_PREFIX, NULL, NULL, error);
  if (files == NULL)
    g_prefix_error (error, _("the model data is missing: "));
  return files != NULL;
}

static json_t *
first_container (json_t *arguments)
{
  json_t *container = atelier_json_get_object (arguments, "PrimaryContainer");

  return container != NULL ? container : json_array_get (atelier_json_get_array (arguments, "Containers"), 0);
}

void
atelier_model_step_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  const AtelierStep *definition = run->steps[step].step;
  const char *name = atelier_step_get_name (definition);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) arguments = resolve_arguments (run, step, &error);
  g_autoptr (GArray) lineage = g_array_new (FALSE, FALSE, sizeof (AtelierLineageItem));
  g_autoptr (GPtrArray) keep = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autofree char *model_name = NULL;
  g_autofree char *lower = NULL;
  g_autofree char *arn = NULL;
  g_autofree char *created = NULL;
  g_autofree char *spec = NULL;
  g_autofree char *properties = NULL;
  gint64 now = atelier_time_now_us ();
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .started_at_us = now, .ended_at_us = now };
  const char *data;
  json_t *tree;

  if (arguments == NULL)
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  data = atelier_json_get_string (first_container (arguments), "ModelDataUrl", NULL);
  if (!check_model_data (run, data, &error))
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  add_used (run, lineage, keep, "ModelDataUrl", data);
  model_name = atelier_run_job_name (run, step, atelier_json_get_string (arguments, "ModelName", NULL), 1);
  lower = g_ascii_strdown (model_name, -1);
  arn = g_strconcat (ATELIER_LOCAL_ARN "model/", lower, NULL);
  created = atelier_time_format_iso (now);
  spec = atelier_json_compact (arguments);
  tree = json_deep_copy (arguments);
  atelier_json_set_string (tree, "ModelName", model_name);
  atelier_json_set_string (tree, "ModelArn", arn);
  atelier_json_set_string (tree, "CreationTime", created);
  properties = atelier_json_compact (tree);
  update.properties_json = properties;
  if (!atelier_store_end_step_with_model (run->store, run->execution_id, name, &update,
                                          &(AtelierNewModel) { model_name, spec }, (AtelierLineageItem *) lineage->data,
                                          lineage->len, &error))
    {
      json_decref (tree);
      atelier_run_store_failed (run, error->message);
      result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
      return;
    }
  atelier_run_keep_properties (run, step, tree);
  atelier_run_tell (run, atelier_run_step_news (run, step, ATELIER_STEP_STATUS_SUCCEEDED, model_name));
  result->outcome = ATELIER_PLAN_OUTCOME_SUCCEEDED;
}

/* The numbers that a ModelMetrics report holds: every file of it that is JSON, by the name of its part. */
static json_t *
read_model_metrics (AtelierRun *run, json_t *arguments, GArray *lineage, GPtrArray *keep)
{
  json_t *metrics = json_object ();
  json_t *section, *leaf;
  const char *section_name, *leaf_name;

  json_object_foreach (atelier_json_get_object (arguments, "ModelMetrics"), section_name, section)
    json_object_foreach (section, leaf_name, leaf)
      {
        const char *uri = atelier_json_get_string (leaf, "S3Uri", NULL);
        g_autofree char *path = NULL;
        json_t *report;

        if (uri == NULL)
          continue;
        add_used (run, lineage, keep, section_name, uri);
        path = atelier_artifacts_dup_path (run->artifacts, uri, NULL);
        report = path != NULL ? atelier_json_read_file (path, NULL) : NULL;
        if (report != NULL)
          json_object_set_new (metrics, section_name, report);
      }
  return metrics;
}

static char *
package_arn (const char *group, int number)
{
  g_autofree char *lower = g_ascii_strdown (group, -1);

  return g_strdup_printf (ATELIER_LOCAL_ARN "model-package/%s/%d", lower, number);
}

/* Runs on the store's writer thread, inside the transaction that gives the number. */
static char *
version_properties (const char *group, int number, gpointer user_data)
{
  g_autoptr (json_t) tree = json_copy (user_data);
  g_autofree char *arn = package_arn (group, number);

  atelier_json_set_string (tree, "ModelPackageGroupName", group);
  atelier_json_set_string (tree, "ModelPackageArn", arn);
  atelier_json_set_string (tree, "ModelPackageName", group);
  atelier_json_set_int (tree, "ModelPackageVersion", number);
  atelier_json_set_string (tree, "ModelPackageStatus", "Completed");
  return atelier_json_compact (tree);
}

void
atelier_register_step_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  const AtelierStep *definition = run->steps[step].step;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) arguments = resolve_arguments (run, step, &error);
  g_autoptr (json_t) metrics = NULL;
  g_autoptr (GArray) lineage = g_array_new (FALSE, FALSE, sizeof (AtelierLineageItem));
  g_autoptr (GPtrArray) keep = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autofree char *spec = NULL;
  g_autofree char *metrics_text = NULL;
  g_autofree char *properties = NULL;
  g_autofree char *said = NULL;
  gint64 now = atelier_time_now_us ();
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .started_at_us = now, .ended_at_us = now };
  AtelierNewVersion version = { .created_at_us = now };
  json_t *container;
  int number;

  if (arguments == NULL)
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  container = json_array_get (atelier_json_get_array (json_object_get (arguments, "InferenceSpecification"), "Containers"), 0);
  version.group_name = atelier_json_get_string (arguments, "ModelPackageGroupName", run->pipeline_name);
  version.project_id = run->project_id;
  version.execution_id = run->execution_id;
  version.step = atelier_step_get_name (definition);
  version.model_uri = atelier_json_get_string (container, "ModelDataUrl", NULL);
  version.description = atelier_json_get_string (arguments, "ModelPackageDescription", NULL);
  version.is_simulated = run->is_simulated;
  if (!atelier_approval_status_from_text (atelier_json_get_string (arguments, "ModelApprovalStatus", "PendingManualApproval"),
                                          &version.status))
    g_set_error (&error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED,
                 _("ModelApprovalStatus is “%s”; it can be PendingManualApproval, Approved or Rejected"),
                 atelier_json_get_string (arguments, "ModelApprovalStatus", ""));
  if (error != NULL || !check_model_data (run, version.model_uri, &error))
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  add_used (run, lineage, keep, "ModelDataUrl", version.model_uri);
  if (lineage->len == 1)
    version.model_digest = g_array_index (lineage, AtelierLineageItem, 0).digest;
  metrics = read_model_metrics (run, arguments, lineage, keep);
  spec = atelier_json_compact (arguments);
  metrics_text = atelier_json_compact (metrics);
  version.spec_json = spec;
  version.metrics_json = metrics_text;
  atelier_json_set_string (arguments, "ModelApprovalStatus", atelier_approval_status_to_text (version.status));
  number = atelier_store_register_version (run->store, &version, &update, version_properties, arguments,
                                           (AtelierLineageItem *) lineage->data, lineage->len, &error);
  if (number == 0)
    {
      atelier_run_store_failed (run, error->message);
      result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
      return;
    }
  properties = version_properties (version.group_name, number, arguments);
  atelier_run_keep_properties (run, step, atelier_json_parse (properties, -1, NULL));
  said = g_strdup_printf (_("%s version %d, %s"), version.group_name, number, atelier_approval_status_to_text (version.status));
  atelier_run_tell (run, atelier_run_step_news (run, step, ATELIER_STEP_STATUS_SUCCEEDED, said));
  result->outcome = ATELIER_PLAN_OUTCOME_SUCCEEDED;
}
