/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-expression.h"
#include "atelier-time.h"

/* The life of a job step on its worker: resolve the arguments, look for a cached result, stage the inputs, run the
 * process under the supervisor, collect what it left. An attempt that an earlier owner of the execution started joins at
 * the process. Everything after the process is idempotent, so an owner that died in the middle of it does no harm; everything
 * before it leaves nothing but a folder, which the next attempt of that number begins anew. */

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
  g_clear_pointer (&output->sent, g_hash_table_unref);
  g_free (output);
}

static gboolean
may_use_network (AtelierRun *run, const char *step)
{
  const char *const *names = (const char *const *) run->options.network;

  return names != NULL && (g_strv_contains (names, "*") || g_strv_contains (names, step));
}

static AtelierJob *
job_new (AtelierRun *run, guint step)
{
  AtelierJob *job = g_new0 (AtelierJob, 1);
  AtelierRunStep *state = &run->steps[step];
  const char *name = atelier_step_get_name (state->step);

  job->run = run;
  job->step = step;
  job->definition = state->step;
  job->type = find_type (state->step);
  job->attempt = state->adopted != NULL ? (int) state->adopted->attempt : state->attempts + 1;
  job->has_sandbox = run->has_sandbox;
  job->has_network = may_use_network (run, name);
  job->folder = g_strdup_printf ("%s/%s/%d", run->run_folder, name, job->attempt);
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

gint64
atelier_job_int (const json_t *object, const char *key, gint64 fallback)
{
  const char *text = atelier_json_get_string (object, key, NULL);
  gint64 value;

  if (text != NULL && g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &value, NULL))
    return value;
  return atelier_json_get_int (object, key, fallback);
}

char *
atelier_job_dup_arn (const AtelierJob *job)
{
  g_autofree char *lower = g_ascii_strdown (job->name, -1);

  return g_strconcat (ATELIER_LOCAL_ARN, job->type->arn_kind, "/", lower, NULL);
}

/* --- what it is to do --- */

/* The base of the job's name, when the definition gives one; it may be an expression, but not of the name itself. */
static char *
make_name (AtelierJob *job)
{
  const AtelierNode *node = atelier_node_get_member (atelier_step_get_arguments (job->definition), job->type->name_key);
  g_autofree char *base = NULL;
  AtelierRunScope data;
  AtelierScope scope;

  atelier_run_scope_init (&scope, &data, job->run, job->step, NULL);
  if (node != NULL)
    base = atelier_expression_resolve_text (node, &scope, NULL);
  return atelier_run_job_name (job->run, job->step, base, job->attempt);
}

static gboolean
resolve (AtelierJob *job, GError **error)
{
  AtelierRunScope data;
  AtelierScope scope;

  job->name = make_name (job);
  atelier_run_scope_init (&scope, &data, job->run, job->step, job->name);
  job->arguments = job->run->steps[job->step].adopted != NULL ? atelier_job_kept_arguments (job) : NULL;
  if (job->arguments == NULL)
    job->arguments = atelier_expression_resolve (atelier_step_get_arguments (job->definition), &scope, error);
  if (job->arguments == NULL)
    return FALSE;
  job->has_read_clock = data.facts.has_read_clock;
  if (!json_is_object (job->arguments))
    {
      json_decref (job->arguments);
      job->arguments = json_object ();
    }
  if (atelier_json_get_bool (json_object_get (job->arguments, "NetworkConfig"), "EnableNetworkIsolation",
                             atelier_json_get_bool (job->arguments, "EnableNetworkIsolation", FALSE)))
    job->has_network = FALSE;
  if (!job->type->read (job, error))
    return FALSE;
  job->runtime = atelier_runtime_table_find (job->run->runtimes, job->image, job->is_built_in, error);
  return job->runtime != NULL;
}

/* --- an attempt of an earlier owner --- */

/* Takes up an attempt that an earlier owner started: it runs still, or has ended meanwhile. */
static void
adopt (AtelierJob *job, AtelierStepResult *result)
{
  AtelierRunStep *state = &job->run->steps[job->step];
  g_autoptr (AtelierJournalEntry) entry = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_resolved = resolve (job, &error);

  entry = g_steal_pointer (&state->adopted);
  state->attempts = job->attempt;
  if (state->first_start_us == 0)
    state->first_start_us = entry->intended_at_us;
  if (!is_resolved)
    {
      atelier_job_kill_process (job); /* what cannot be followed is not left running */
      atelier_run_fail_step (job->run, job->step, error, result);
      return;
    }
  if (!atelier_job_find_inputs (job, &error))
    g_clear_error (&error); /* they were staged when it began; only the lineage of what is gone is lost */
  if (state->adopted_is_recorded)
    atelier_run_tell (job->run, atelier_run_step_news (job->run, job->step, ATELIER_STEP_STATUS_EXECUTING, NULL));
  else
    {
      atelier_job_record_environment (job);
      atelier_job_record_start (job, entry->intended_at_us);
    }
  if (!atelier_job_run_process (job, NULL, &result->is_left, &error))
    atelier_job_end_with_error (job, error, result);
  else if (!result->is_left)
    atelier_job_settle (job, TRUE, result);
}

/* --- a new attempt --- */

static gboolean
prepare (AtelierJob *job, json_t **request, GError **error)
{
  if (!atelier_job_stage (job, error) || (job->has_read_clock && !atelier_job_keep_arguments (job, error)) || !job->type->prepare (job, error))
    return FALSE;
  if (job->cache_key != NULL)
    atelier_job_compute_cache_key (job);
  *request = atelier_job_request (job, error);
  return *request != NULL;
}

/* Nothing has been done yet that could fail. Returns: FALSE when the step is settled already */
static gboolean
find_out (AtelierJob *job, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  AtelierRunStep *state = &run->steps[job->step];
  g_autoptr (GError) error = NULL;

  if (!resolve (job, &error))
    {
      atelier_run_fail_step (run, job->step, error, result);
      return FALSE;
    }
  if (job->inputs->len > 0 && !state->is_shown)
    atelier_run_show_starting (run, job->step); /* reading and staging them may take a while */
  if (!atelier_job_find_inputs (job, &error))
    {
      if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        result->is_untouched = TRUE;
      else
        atelier_run_fail_step (run, job->step, error, result);
      return FALSE;
    }
  if (!atelier_job_is_cacheable (job))
    job->why = g_strdup (_("Caching is off for this step"));
  else
    {
      atelier_job_compute_cache_key (job);
      if (state->attempts == state->attempts_before && atelier_job_take_cached (job, result))
        return FALSE;
    }
  return TRUE;
}

/* Carries out one Processing or Training step. */
void
atelier_job_execute (AtelierRun *run, guint step, AtelierStepResult *result)
{
  g_autoptr (AtelierJob) job = job_new (run, step);
  AtelierRunStep *state = &run->steps[step];
  g_autoptr (json_t) request = NULL;
  g_autoptr (GError) error = NULL;

  if (state->adopted != NULL)
    {
      adopt (job, result);
      return;
    }
  if (!find_out (job, result))
    return;
  if (state->first_start_us == 0)
    state->first_start_us = atelier_time_now_us ();
  atelier_job_record_environment (job);
  if (!prepare (job, &request, &error) && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      atelier_job_record_start (job, atelier_time_now_us ());
      atelier_job_end_with_error (job, error, result);
      return;
    }
  if (atelier_run_is_winding_up (run))
    {
      result->is_untouched = TRUE;
      return;
    }
  atelier_job_record_start (job, atelier_time_now_us ());
  if (!atelier_job_run_process (job, request, &result->is_left, &error))
    atelier_job_end_with_error (job, error, result);
  else if (!result->is_left)
    atelier_job_settle (job, FALSE, result);
}
