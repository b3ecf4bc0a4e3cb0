/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-expression.h"
#include "atelier-files.h"
#include "atelier-sandbox.h"
#include "atelier-store-queries.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* The life of a job step on its worker: resolve the arguments, look for a cached result, stage the inputs, run the
 * process under the supervisor, collect what it left. An attempt that an earlier owner of the execution started joins at
 * the process. Everything after the process is idempotent, so an owner that died in the middle of it does no harm. */

#define LOCAL_ARN "arn:aws:sagemaker:local:000000000000:"
#define REASON_CHARACTERS 1024

static const AtelierJobType *
find_type (const AtelierStep *step)
{
  return atelier_step_get_step_type (step) == ATELIER_STEP_TYPE_TRAINING ? &atelier_training_job : &atelier_processing_job;
}

static void
input_free (gpointer data)
{
  AtelierJobInput *input = data;

  g_free (input->role);
  g_free (input->uri);
  g_free (input->folder);
  g_clear_pointer (&input->files, g_ptr_array_unref);
  g_free (input);
}

static void
output_free (gpointer data)
{
  AtelierJobOutput *output = data;

  g_free (output->role);
  g_free (output->uri);
  g_free (output->folder);
  g_free (output);
}

static AtelierJob *
job_new (AtelierRun *run, guint step)
{
  AtelierJob *job = g_new0 (AtelierJob, 1);
  AtelierRunStep *state = &run->steps[step];

  job->run = run;
  job->step = step;
  job->definition = state->step;
  job->type = find_type (state->step);
  job->attempt = state->adopted != NULL ? (int) state->adopted->attempt : state->attempts + 1;
  job->folder = g_strdup_printf ("%s/%s/%d", run->run_folder, atelier_step_get_name (state->step), job->attempt);
  job->inputs = g_ptr_array_new_with_free_func (input_free);
  job->outputs = g_ptr_array_new_with_free_func (output_free);
  job->argv = g_ptr_array_new_with_free_func (g_free);
  job->environment = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  job->working_folder = g_strdup ("/opt/ml");
  job->lineage = g_array_new (FALSE, TRUE, sizeof (AtelierLineageItem));
  job->lineage_keep = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  job->final_metrics = json_object ();
  return job;
}

static void
job_free (AtelierJob *job)
{
  g_free (job->name);
  json_decref (job->arguments);
  g_free (job->image);
  g_free (job->folder);
  g_ptr_array_unref (job->inputs);
  g_ptr_array_unref (job->outputs);
  json_decref (job->hyperparameters);
  g_free (job->program);
  g_ptr_array_unref (job->argv);
  g_hash_table_unref (job->environment);
  g_free (job->working_folder);
  g_free (job->why);
  json_decref (job->cache_components);
  g_free (job->cache_key);
  g_free (job->environment_digest);
  json_decref (job->properties);
  g_array_unref (job->lineage);
  g_ptr_array_unref (job->lineage_keep);
  json_decref (job->final_metrics);
  g_free (job->last_metric);
  atelier_attempt_end_clear (&job->end);
  g_free (job);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierJob, job_free)

/* The base of the job's name, when the definition gives one; it may be an expression, but not of the name itself. */
static char *
name_base (AtelierJob *job, const AtelierScope *scope)
{
  const AtelierNode *node = atelier_node_get_member (atelier_step_get_arguments (job->definition), job->type->name_key);

  return node != NULL ? atelier_expression_resolve_text (node, scope, NULL) : NULL;
}

static gboolean
resolve (AtelierJob *job, GError **error)
{
  AtelierRunScope data = { job->run, job->step, NULL };
  AtelierScope scope;
  g_autofree char *base = NULL;

  atelier_run_scope_init (&scope, &data);
  base = name_base (job, &scope);
  job->name = atelier_run_job_name (job->run, job->step, base, job->attempt);
  data.job_name = job->name;
  job->arguments = atelier_expression_resolve (atelier_step_get_arguments (job->definition), &scope, error);
  if (job->arguments == NULL)
    return FALSE;
  if (!json_is_object (job->arguments))
    {
      json_decref (job->arguments);
      job->arguments = json_object ();
    }
  if (!job->type->read (job, error))
    return FALSE;
  job->runtime = atelier_runtime_table_find (job->run->runtimes, job->image, job->is_built_in, error);
  return job->runtime != NULL;
}

/* atelier_job_check:
 * @scope: what is known before the start: parameters
 *
 * Whether this machine can run the step, as far as that can be told now. */
gboolean
atelier_job_check (const AtelierStep *step, AtelierRuntimeTable *runtimes, const AtelierScope *scope, GError **error)
{
  const AtelierNode *arguments = atelier_step_get_arguments (step);
  gboolean is_training = atelier_step_get_step_type (step) == ATELIER_STEP_TYPE_TRAINING;
  const AtelierNode *specification = atelier_node_get_member (arguments, is_training ? "AlgorithmSpecification" : "AppSpecification");
  const AtelierNode *entry = atelier_node_get_member (specification, "ContainerEntrypoint");
  const char *first = atelier_node_get_string (atelier_node_get_item (entry, 0));
  const char *second = atelier_node_get_string (atelier_node_get_item (entry, 1));
  g_autofree char *image = NULL;
  gboolean is_built_in = FALSE;

  if (is_training && g_strcmp0 (first, "amazon_sagemaker_scheduler") == 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("it is a notebook job, which cannot be run yet on this machine"));
      return FALSE;
    }
  if (is_training && second != NULL && g_str_has_suffix (second, "/job_driver.sh"))
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("it is a function made with @step, which needs its stored function and cannot be run yet on this machine"));
      return FALSE;
    }
  image = atelier_expression_resolve_text (atelier_node_get_member (specification, is_training ? "TrainingImage" : "ImageUri"), scope,
                                           NULL);
  if (image == NULL)
    return TRUE; /* an earlier step will tell it */
  if (is_training && atelier_node_get_length (entry) == 0)
    {
      const AtelierNode *hyperparameters = atelier_node_get_member (arguments, "HyperParameters");
      const AtelierNode *environment = atelier_node_get_member (arguments, "Environment");

      is_built_in = atelier_node_get_member (hyperparameters, "sagemaker_program") == NULL &&
                    atelier_node_get_member (environment, "SAGEMAKER_PROGRAM") == NULL;
    }
  return atelier_runtime_table_find (runtimes, image, is_built_in, error) != NULL;
}

/* --- caching --- */

static void
compute_cache_key (AtelierJob *job)
{
  g_autoptr (AtelierCacheKey) key = atelier_cache_key_new (atelier_step_get_step_type (job->definition), job->arguments, NULL);

  for (guint i = 0; i < job->inputs->len; i++)
    {
      const AtelierJobInput *input = g_ptr_array_index (job->inputs, i);

      atelier_cache_key_add_input (key, input->role, input->uri);
      for (guint j = 0; j < input->files->len; j++)
        {
          const AtelierArtifactFile *file = g_ptr_array_index (input->files, j);

          atelier_cache_key_add_input_file (key, input->role, file->relative, file->digest);
        }
    }
  atelier_cache_key_add_environment (key, job->runtime->kind == ATELIER_RUNTIME_PYTHON ? "python" : "xgboost",
                                     atelier_json_get_string (job->runtime->record, "version", ""));
  atelier_cache_key_add_environment (key, "packages", job->runtime->digest);
  job->cache_components = atelier_cache_key_to_json (key);
  job->cache_key = atelier_cache_key_dup_digest (key);
}

/* Whether what a step produced is still in the store, byte for byte; *what names the first thing that is not. */
static gboolean
outputs_are_there (AtelierJob *job, const AtelierStepRecord *earlier, char **what)
{
  g_autoptr (GPtrArray) lineage
      = atelier_store_list_lineage (job->run->store, earlier->execution_id, earlier->name, NULL);

  for (guint i = 0; lineage != NULL && i < lineage->len; i++)
    {
      const AtelierLineageRecord *item = g_ptr_array_index (lineage, i);
      g_autoptr (GPtrArray) files = NULL;
      const AtelierArtifactFile *file;

      if (item->direction != ATELIER_LINEAGE_PRODUCED || !g_str_has_prefix (item->uri, "s3://"))
        continue;
      files = atelier_artifacts_resolve (job->run->artifacts, item->uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
      if (files == NULL || files->len != 1 || !atelier_artifacts_digest_files (job->run->artifacts, files, NULL, NULL))
        {
          *what = g_strdup_printf (_("The earlier result “%s” is gone"), item->uri);
          return FALSE;
        }
      file = g_ptr_array_index (files, 0);
      if (g_strcmp0 (file->digest, item->digest) != 0)
        {
          *what = g_strdup_printf (_("The earlier result “%s” was changed since"), item->uri);
          return FALSE;
        }
    }
  return lineage != NULL;
}

static char *
explain_run (AtelierJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStepRecord) before = atelier_store_look_up_previous (job->run->store, job->run->pipeline_id,
                                                                         atelier_step_get_name (job->definition),
                                                                         job->run->execution_id, &error);
  g_autoptr (json_t) components = NULL;
  g_auto (GStrv) sentences = NULL;

  if (before != NULL && before->cache_components_json != NULL)
    components = atelier_json_parse (before->cache_components_json, -1, NULL);
  sentences = atelier_cache_key_explain (job->cache_components, components);
  if (sentences[0] == NULL && before != NULL)
    return g_strdup_printf (_("The last run of this step ended as %s or too long ago"), atelier_step_status_to_text (before->status));
  return g_strjoinv ("\n", sentences);
}

/* Takes the result of an earlier execution where there is one. Sets job->why otherwise. */
static gboolean
take_cached (AtelierJob *job, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  const char *name = atelier_step_get_name (job->definition);
  const AtelierCachePolicy *policy = atelier_step_get_cache_policy (job->definition);
  gint64 now = atelier_time_now_us ();
  g_autoptr (AtelierStepRecord) earlier = NULL;
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_CACHED, .started_at_us = now, .ended_at_us = now };
  AtelierRunNews *news;
  gint64 oldest_us;

  if (policy == NULL || !policy->enabled)
    {
      job->why = g_strdup (_("Caching is off for this step"));
      return FALSE;
    }
  compute_cache_key (job);
  if (run->options.without_cache)
    {
      job->why = g_strdup (_("The run was started without cached results"));
      return FALSE;
    }
  oldest_us = atelier_cache_policy_get_oldest_us (policy, now);
  earlier = atelier_store_look_up_cached (run->store, run->pipeline_id, name, job->cache_key, MAX (oldest_us, 0), NULL);
  if (earlier == NULL || earlier->properties_json == NULL)
    {
      job->why = explain_run (job);
      return FALSE;
    }
  if (!outputs_are_there (job, earlier, &job->why))
    return FALSE;
  atelier_run_keep_properties (run, job->step, atelier_json_parse (earlier->properties_json, -1, NULL));
  update.cached_from = earlier->cached_from != NULL ? earlier->cached_from : earlier->execution_id;
  update.properties_json = earlier->properties_json;
  update.cache_key = job->cache_key;
  update.why = _("Nothing that decides its result has changed");
  news = atelier_run_step_news (run, job->step, ATELIER_STEP_STATUS_CACHED, update.cached_from);
  news->why = g_strdup (update.why);
  atelier_store_step_ended (run->store, run->execution_id, name, &update, NULL, (AtelierLineageItem *) job->lineage->data,
                            job->lineage->len, atelier_run_committed, atelier_run_pending_new (run, news));
  result->outcome = ATELIER_PLAN_OUTCOME_CACHED;
  return TRUE;
}

/* --- start --- */

static void
record_start (AtelierJob *job)
{
  AtelierRun *run = job->run;
  g_autofree char *components = job->cache_components != NULL ? atelier_json_compact (job->cache_components) : NULL;
  gint64 now = atelier_time_now_us ();
  AtelierStepUpdate update = {
    .status = ATELIER_STEP_STATUS_EXECUTING,
    .started_at_us = now,
    .why = job->why,
    .waits_for = "",
    .failure_reason = "",
    .cache_key = job->cache_key,
    .cache_components_json = components,
  };
  AtelierNewAttempt attempt = {
    .number = job->attempt,
    .status = ATELIER_STEP_STATUS_EXECUTING,
    .job_name = job->name,
    .runtime = job->runtime->program,
    .sandbox = job->has_sandbox ? "bubblewrap" : "none",
    .environment_digest = job->environment_digest,
    .started_at_us = now,
  };
  AtelierRunNews *news = atelier_run_step_news (run, job->step, ATELIER_STEP_STATUS_EXECUTING, NULL);

  news->why = g_strdup (job->why);
  atelier_store_step_started (run->store, run->execution_id, atelier_step_get_name (job->definition), &update, &attempt,
                              atelier_run_committed, atelier_run_pending_new (run, news));
}

/* --- end --- */

static char *
arn_of (AtelierJob *job)
{
  g_autofree char *lower = g_ascii_strdown (job->name, -1);

  return g_strconcat (LOCAL_ARN, job->type->arn_kind, "/", lower, NULL);
}

/* Properties are what the service's Describe call returns: it echoes the request and adds results. */
static void
begin_properties (AtelierJob *job)
{
  g_autofree char *arn_key = g_strndup (job->type->name_key, strlen (job->type->name_key) - strlen ("Name"));
  g_autofree char *key = g_strconcat (arn_key, "Arn", NULL);
  g_autofree char *arn = arn_of (job);

  job->properties = json_deep_copy (job->arguments);
  atelier_json_set_string (job->properties, job->type->name_key, job->name);
  atelier_json_set_string (job->properties, key, arn);
  atelier_json_set_string (job->properties, job->type->status_key, "Completed");
}

static AtelierAttemptUpdate
attempt_update (AtelierJob *job, AtelierStepStatus status, const char *reason)
{
  return (AtelierAttemptUpdate) {
    .number = job->attempt,
    .status = status,
    .ended_at_us = job->end.ended_at_us > 0 ? job->end.ended_at_us : atelier_time_now_us (),
    .exit_code = job->end.exit_code,
    .signal = job->end.signal,
    .wall_us = job->end.wall_us,
    .cpu_us = job->end.cpu_us,
    .peak_memory_bytes = job->end.peak_memory_bytes,
    .log_bytes = job->end.log_bytes,
    .failure_reason = reason,
  };
}

static void
record_end (AtelierJob *job, AtelierStepStatus status, const char *reason)
{
  AtelierRun *run = job->run;
  g_autofree char *properties = status == ATELIER_STEP_STATUS_SUCCEEDED ? atelier_json_compact (job->properties) : NULL;
  AtelierAttemptUpdate attempt = attempt_update (job, status, reason);
  AtelierStepUpdate update = { .status = status, .ended_at_us = attempt.ended_at_us, .failure_reason = reason, .properties_json = properties };
  AtelierRunNews *news = atelier_run_step_news (run, job->step, status, reason);

  if (status == ATELIER_STEP_STATUS_SUCCEEDED)
    {
      news->text = g_strdup (job->last_metric);
      atelier_run_keep_properties (run, job->step, g_steal_pointer (&job->properties));
    }
  news->duration_us = job->end.wall_us;
  atelier_store_step_ended (run->store, run->execution_id, atelier_step_get_name (job->definition), &update, &attempt,
                            (AtelierLineageItem *) job->lineage->data, job->lineage->len, atelier_run_committed,
                            atelier_run_pending_new (run, news));
}

/* Why an attempt failed, as retry policies name it; 0 for a script's own failure. */
static guint
exceptions_of (const AtelierJob *job, const GError *error)
{
  if (error != NULL)
    {
      if (g_error_matches (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT) ||
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT);
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
        return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_CAPACITY_ERROR) | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_RESOURCE_LIMIT);
      return 0;
    }
  switch (job->end.reason)
    {
    case ATELIER_END_REASON_NOT_STARTED:
    case ATELIER_END_REASON_LOST:
      return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT);
    case ATELIER_END_REASON_MEMORY_LIMIT:
      return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_CAPACITY_ERROR) | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_RESOURCE_LIMIT);
    case ATELIER_END_REASON_NONE:
      /* a sandbox tells the signal of what ran in it as 128 + signal, as a shell does */
      if (job->end.signal > 0 || (job->has_sandbox && job->end.exit_code > 128))
        return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_JOB_INTERNAL_ERROR);
      return 0;
    default:
      return 0;
    }
}

static char *
describe_failure (AtelierJob *job)
{
  g_autofree char *said = NULL;
  g_autofree char *how = NULL;

  if (job->end.message != NULL)
    return atelier_text_first_line (job->end.message, REASON_CHARACTERS);
  said = atelier_job_read_text (job, job->type == &atelier_training_job ? "/opt/ml/output/failure" : "/opt/ml/output/message");
  if (said == NULL)
    said = atelier_job_last_log_line (job);
  if (job->end.signal > 0)
    how = g_strdup_printf (_("ended by signal %d (%s)"), job->end.signal, g_strsignal (job->end.signal));
  else
    how = g_strdup_printf (_("exit code %d"), job->end.exit_code);
  if (said == NULL)
    return g_strdup_printf (_("%s, without a word in its log"), how);
  return g_strdup_printf ("%s: %s", how, said);
}

/* The attempt has failed with @reason: again, if a retry policy says so, else the step has failed. */
static void
fail_or_retry (AtelierJob *job, guint exceptions, const char *reason, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  AtelierRunStep *state = &run->steps[job->step];
  gint64 now = atelier_time_now_us ();
  gint64 not_before_us;
  AtelierStepStatus status = job->end.reason == ATELIER_END_REASON_LOST ? ATELIER_STEP_STATUS_INTERRUPTED : ATELIER_STEP_STATUS_FAILED;

  exceptions &= atelier_step_type_get_info (atelier_step_get_step_type (job->definition))->retries;
  if (!atelier_run_is_winding_up (run) &&
      atelier_retry_policies_decide (atelier_step_get_retry_policies (job->definition), exceptions, state->attempts, state->first_start_us,
                                     now, &not_before_us))
    {
      g_autofree char *wait = atelier_time_format_duration (MAX (not_before_us - now, 0));
      g_autofree char *waits_for = g_strdup_printf (_("attempt %d in %s (%s)"), job->attempt + 1, wait, reason);
      AtelierAttemptUpdate attempt = attempt_update (job, status, reason);
      AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_WAITING, .waits_for = waits_for };

      atelier_store_step_ended (run->store, run->execution_id, atelier_step_get_name (job->definition), &update, &attempt, NULL, 0,
                                atelier_run_committed,
                                atelier_run_pending_new (run, atelier_run_step_news (run, job->step, ATELIER_STEP_STATUS_WAITING,
                                                                                     waits_for)));
      result->retry = TRUE;
      result->not_before_us = not_before_us;
      return;
    }
  g_mutex_lock (&run->lock);
  if (run->failure == NULL)
    run->failure = g_strdup_printf (_("Step “%s” failed: %s"), atelier_step_get_name (job->definition), reason);
  g_mutex_unlock (&run->lock);
  record_end (job, ATELIER_STEP_STATUS_FAILED, reason);
  result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
}

/* The process has ended: job->end says how. */
static void
settle (AtelierJob *job, AtelierStepResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  if (job->end.reason == ATELIER_END_REASON_STOPPED)
    {
      record_end (job, ATELIER_STEP_STATUS_STOPPED, _("stopped"));
      result->outcome = ATELIER_PLAN_OUTCOME_STOPPED;
      return;
    }
  if (job->end.reason == ATELIER_END_REASON_NONE && job->end.exit_code == 0)
    {
      begin_properties (job);
      if (job->type->collect (job, &error))
        {
          record_end (job, ATELIER_STEP_STATUS_SUCCEEDED, NULL);
          result->outcome = ATELIER_PLAN_OUTCOME_SUCCEEDED;
          return;
        }
      reason = atelier_text_first_line (error->message, REASON_CHARACTERS);
      fail_or_retry (job, exceptions_of (job, error), reason, result);
      return;
    }
  reason = describe_failure (job);
  fail_or_retry (job, exceptions_of (job, NULL), reason, result);
}

static gboolean
start (AtelierJob *job, json_t **request, GError **error)
{
  return atelier_job_stage (job, error) && job->type->prepare (job, error) && (*request = atelier_job_request (job, error)) != NULL;
}

/* Takes up an attempt of an earlier owner: it runs still, or has ended meanwhile. */
static void
adopt (AtelierJob *job, AtelierStepResult *result)
{
  AtelierRunStep *state = &job->run->steps[job->step];
  g_autoptr (AtelierJournalEntry) entry = g_steal_pointer (&state->adopted);
  g_autoptr (GError) error = NULL;

  state->attempts = job->attempt;
  state->first_start_us = entry->intended_at_us;
  if (!atelier_job_find_inputs (job, &error))
    g_clear_error (&error); /* they were staged when it began; only the lineage of what is gone is lost */
  atelier_job_record_environment (job);
  record_start (job);
  if (!atelier_job_run_process (job, NULL, &result->is_left, &error))
    fail_or_retry (job, exceptions_of (job, error), error->message, result);
  else if (!result->is_left)
    settle (job, result);
}

/* Carries out one Processing or Training step. */
void
atelier_job_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  g_autoptr (AtelierJob) job = job_new (run, step);
  AtelierRunStep *state = &run->steps[step];
  g_autoptr (json_t) request = NULL;
  g_autoptr (GError) error = NULL;

  if (!resolve (job, &error))
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  job->has_sandbox = run->has_sandbox;
  job->has_network = run->options.network != NULL &&
                     (g_strv_contains ((const char *const *) run->options.network, "*") ||
                      g_strv_contains ((const char *const *) run->options.network, atelier_step_get_name (job->definition)));
  if (state->adopted != NULL)
    {
      adopt (job, result);
      return;
    }
  if (!atelier_job_find_inputs (job, &error))
    {
      atelier_run_fail_step (run, step, error, result);
      return;
    }
  if (state->attempts == 0 && take_cached (job, result))
    return;
  state->attempts = job->attempt;
  if (state->first_start_us == 0)
    state->first_start_us = atelier_time_now_us ();
  atelier_job_record_environment (job);
  if (!start (job, &request, &error))
    {
      job->end.exit_code = -1;
      record_start (job);
      fail_or_retry (job, exceptions_of (job, error), error->message, result);
      return;
    }
  record_start (job);
  if (!atelier_job_run_process (job, request, &result->is_left, &error))
    {
      job->end.exit_code = -1;
      fail_or_retry (job, exceptions_of (job, error), error->message, result);
    }
  else if (!result->is_left)
    settle (job, result);
}
