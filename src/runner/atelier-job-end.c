/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-text.h"
#include "atelier-time.h"

/* What is written down of an attempt: its start, and its end: a success with its results, a failure with a sentence, or that it
 * is tried again. */

#define MOST_SIGNAL 64

void
atelier_job_record_start (AtelierJob *job, gint64 started_at_us)
{
  AtelierRun *run = job->run;
  g_autofree char *components = job->cache_components != NULL ? atelier_json_compact (job->cache_components) : NULL;
  AtelierStepUpdate update = {
    .status = ATELIER_STEP_STATUS_EXECUTING,
    .started_at_us = started_at_us,
    .ended_at_us = ATELIER_STORE_CLEAR,
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
    .started_at_us = started_at_us,
  };
  AtelierRunNews *news;

  run->steps[job->step].attempts = job->attempt;
  news = atelier_run_step_news (run, job->step, ATELIER_STEP_STATUS_EXECUTING, NULL);
  news->why = g_strdup (job->why);
  atelier_store_step_started (run->store, run->execution_id, atelier_step_get_name (job->definition), &update, &attempt,
                              atelier_run_committed, atelier_run_pending_new (run, news));
}

/* Properties are what the service's Describe call returns: it echoes the request and adds results. */
static void
begin_properties (AtelierJob *job)
{
  g_autofree char *arn_key = g_strndup (job->type->name_key, strlen (job->type->name_key) - strlen ("Name"));
  g_autofree char *key = g_strconcat (arn_key, "Arn", NULL);
  g_autofree char *arn = atelier_job_dup_arn (job);

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
  AtelierStepUpdate update
      = { .status = status, .ended_at_us = attempt.ended_at_us, .failure_reason = reason, .waits_for = "", .properties_json = properties };
  AtelierRunNews *news = atelier_run_step_news (run, job->step, status, reason);

  atelier_job_add_used_lineage (job);
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

/* The attempt is over; the step waits for another one. */
static void
record_retry (AtelierJob *job, AtelierStepStatus status, const char *reason, gint64 not_before_us, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  g_autofree char *wait = atelier_time_format_duration (MAX (not_before_us - atelier_time_now_us (), 0));
  g_autofree char *waits_for = g_strdup_printf (_("attempt %d in %s (%s)"), job->attempt + 1, wait, reason);
  AtelierAttemptUpdate attempt = attempt_update (job, status, reason);
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_WAITING, .waits_for = waits_for, .failure_reason = reason };

  atelier_store_step_ended (run->store, run->execution_id, atelier_step_get_name (job->definition), &update, &attempt, NULL, 0,
                            atelier_run_committed,
                            atelier_run_pending_new (run, atelier_run_step_news (run, job->step, ATELIER_STEP_STATUS_WAITING, waits_for)));
  result->retry = TRUE;
  result->not_before_us = not_before_us;
}

/* --- failures --- */

static guint
exceptions_of_error (const GError *error)
{
  if (g_error_matches (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
    return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_CAPACITY_ERROR) | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_RESOURCE_LIMIT);
  return 0;
}

/* Why an attempt failed, as retry policies name it; 0 for a script's own failure. */
static guint
exceptions_of_end (const AtelierJob *job)
{
  switch (job->end.reason)
    {
    case ATELIER_END_REASON_NOT_STARTED:
    case ATELIER_END_REASON_LOST:
      return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT);
    case ATELIER_END_REASON_MEMORY_LIMIT:
      return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_CAPACITY_ERROR) | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_RESOURCE_LIMIT);
    case ATELIER_END_REASON_NONE:
      /* a sandbox tells the signal of what ran in it as 128 + signal, as a shell does */
      if (job->end.signal > 0 || (job->has_sandbox && job->end.exit_code > 128 && job->end.exit_code <= 128 + MOST_SIGNAL))
        return ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_JOB_INTERNAL_ERROR);
      return 0;
    default:
      return 0;
    }
}

/* What the supervisor said of the end; of a limit also where it comes from and what can be done. */
static char *
describe_message (AtelierJob *job)
{
  g_autofree char *said = atelier_text_first_line (job->end.message, ATELIER_REASON_CHARACTERS / 2);
  g_autofree char *limit = atelier_time_format_duration (job->limit_us);
  g_autoptr (json_t) resources = atelier_job_resource_config (job);

  if (job->end.reason == ATELIER_END_REASON_TIME_LIMIT)
    return g_strdup_printf (_("it ran longer than its limit of %s (StoppingCondition.MaxRuntimeInSeconds)"), limit);
  if (job->end.reason == ATELIER_END_REASON_MEMORY_LIMIT && job->run->steps[job->step].memory_bytes < job->run->limits.memory_bytes)
    return g_strdup_printf (_("%s, what “%s” has; choose a larger instance type"), said,
                            atelier_json_get_string (resources, "current_instance_type", ""));
  if (job->end.reason == ATELIER_END_REASON_MEMORY_LIMIT)
    return g_strdup_printf (_("%s, what this machine has"), said);
  return g_steal_pointer (&said);
}

/* What the script itself said last: in the file that the contract has for it, else in its log. */
static char *
describe_exit (AtelierJob *job)
{
  gboolean is_training = job->type == &atelier_training_job;
  g_autofree char *left = atelier_job_read_text (job, is_training ? "/opt/ml/output/failure" : "/opt/ml/output/message", ATELIER_REASON_CHARACTERS);
  g_autofree char *said = left != NULL ? atelier_text_first_line (left, ATELIER_REASON_CHARACTERS) : atelier_job_last_log_line (job);
  g_autofree char *how = job->end.signal > 0 ? g_strdup_printf (_("ended by signal %d (%s)"), job->end.signal, g_strsignal (job->end.signal))
                                             : g_strdup_printf (_("exit code %d"), job->end.exit_code);

  return said != NULL ? g_strdup_printf ("%s: %s", how, said) : g_strdup_printf (_("%s, without a word in its log"), how);
}

/* The attempt has failed with @reason: again, if a retry policy says so, else the step has failed. */
static void
fail_or_retry (AtelierJob *job, guint exceptions, const char *reason, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  AtelierRunStep *state = &run->steps[job->step];
  gint64 not_before_us;
  AtelierStepStatus status = job->end.reason == ATELIER_END_REASON_LOST ? ATELIER_STEP_STATUS_INTERRUPTED : ATELIER_STEP_STATUS_FAILED;

  exceptions &= atelier_step_type_get_info (atelier_step_get_step_type (job->definition))->retries;
  /* a run that is left is gone on with: what it would do next is on disk */
  if (!atelier_run_is_stopping (run) &&
      atelier_retry_policies_decide (atelier_step_get_retry_policies (job->definition), exceptions,
                                     (guint) (state->attempts - state->attempts_before), state->first_start_us, atelier_time_now_us (),
                                     &not_before_us))
    {
      record_retry (job, status, reason, not_before_us, result);
      return;
    }
  atelier_run_keep_failure (run, job->step, reason);
  record_end (job, ATELIER_STEP_STATUS_FAILED, reason);
  result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
}

void
atelier_job_end_with_error (AtelierJob *job, const GError *error, AtelierStepResult *result)
{
  g_autofree char *reason = atelier_text_first_line (error->message, ATELIER_REASON_CHARACTERS);

  job->end.exit_code = -1;
  fail_or_retry (job, exceptions_of_error (error), reason, result);
}

/* --- the end of the process --- */

/* Takes what the job left; a success once all of it is safe. */
static gboolean
collect (AtelierJob *job, GError **error)
{
  guint n_before = job->lineage->len;

  begin_properties (job);
  /* the database survives a loss of power, so what it says was made must, too */
  return job->type->collect (job, error) && (job->lineage->len == n_before || atelier_artifacts_sync (job->run->artifacts, error));
}

void
atelier_job_settle (AtelierJob *job, gboolean is_adopted, AtelierStepResult *result)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  if (job->end.reason == ATELIER_END_REASON_NONE && job->end.exit_code == 0)
    {
      if (collect (job, &error))
        {
          record_end (job, ATELIER_STEP_STATUS_SUCCEEDED, NULL);
          result->outcome = ATELIER_PLAN_OUTCOME_SUCCEEDED;
          return;
        }
      reason = atelier_text_first_line (error->message, ATELIER_REASON_CHARACTERS);
      fail_or_retry (job, exceptions_of_error (error), reason, result);
      return;
    }
  atelier_job_upload_changed (job, NULL);
  if (job->end.reason == ATELIER_END_REASON_STOPPED && is_adopted && !atelier_run_is_stopping (job->run))
    {
      /* an earlier owner was stopping the execution when it died, and now it is gone on with */
      record_retry (job, ATELIER_STEP_STATUS_STOPPED, _("stopped"), atelier_time_now_us (), result);
      return;
    }
  if (job->end.reason == ATELIER_END_REASON_STOPPED)
    {
      record_end (job, ATELIER_STEP_STATUS_STOPPED, _("stopped"));
      result->outcome = ATELIER_PLAN_OUTCOME_STOPPED;
      return;
    }
  reason = job->end.message != NULL ? describe_message (job) : describe_exit (job);
  fail_or_retry (job, exceptions_of_end (job), reason, result);
}
