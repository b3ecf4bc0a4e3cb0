/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-store-queries.h"
#include "atelier-time.h"

/* Caching: a step whose key, all that decides its result, is that of an earlier success takes that result, provided what it
 * made is still in the store, byte for byte. A key is of what is staged: it is computed again after the staging, since an
 * input may have been replaced meanwhile. */

gboolean
atelier_job_is_cacheable (const AtelierJob *job)
{
  return atelier_step_get_cache_policy (job->definition)->enabled;
}

/* The inputs are found, and known by their content. */
void
atelier_job_compute_cache_key (AtelierJob *job)
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
  json_decref (job->cache_components);
  g_free (job->cache_key);
  job->cache_components = atelier_cache_key_to_json (key);
  job->cache_key = atelier_cache_key_dup_digest (key);
}

static gboolean
is_there (AtelierJob *job, const AtelierLineageRecord *item, char **what)
{
  g_autoptr (GPtrArray) files = atelier_artifacts_resolve (job->run->artifacts, item->uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
  const AtelierArtifactFile *file;

  if (files == NULL || files->len != 1 || !atelier_artifacts_digest_files (job->run->artifacts, files, NULL, NULL))
    {
      *what = g_strdup_printf (_("The earlier result “%s” is gone"), item->uri);
      return FALSE;
    }
  file = g_ptr_array_index (files, 0);
  if (g_strcmp0 (file->digest, item->digest) == 0)
    return TRUE;
  *what = g_strdup_printf (_("The earlier result “%s” was changed since"), item->uri);
  return FALSE;
}

/* Whether what the earlier step read by itself, through the S3 door, is what it would read now: no input of the definition
 * names it, so it is in no key. */
static gboolean
is_read_alike (AtelierJob *job, const AtelierLineageRecord *item, char **what)
{
  g_autoptr (GPtrArray) files = atelier_artifacts_resolve (job->run->artifacts, item->uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);

  if (item->digest != NULL && files != NULL && files->len == 1 &&
      atelier_artifacts_digest_files (job->run->artifacts, files, NULL, NULL) &&
      g_strcmp0 (((AtelierArtifactFile *) g_ptr_array_index (files, 0))->digest, item->digest) == 0)
    return TRUE;
  *what = g_strdup_printf (_("“%s”, which the step read by itself, changed"), item->uri);
  return FALSE;
}

/* Takes what the earlier step made for this one's, if all of it is still in the store; *what names the first thing that is not. */
static gboolean
take_outputs (AtelierJob *job, GPtrArray *lineage, char **what)
{
  for (guint i = 0; i < lineage->len; i++)
    {
      const AtelierLineageRecord *record = g_ptr_array_index (lineage, i);
      AtelierLineageItem item = { record->direction, record->role, record->uri, record->digest, record->size_bytes };

      if (record->direction != ATELIER_LINEAGE_PRODUCED)
        {
          if (g_strcmp0 (record->role, "s3") == 0 && !is_read_alike (job, record, what))
            return FALSE;
          continue;
        }
      if (g_str_has_prefix (record->uri, "s3://") && !is_there (job, record, what))
        return FALSE;
      g_array_append_val (job->lineage, item);
    }
  return TRUE;
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

static AtelierStepRecord *
look_up (AtelierJob *job, gint64 now)
{
  gint64 oldest_us = atelier_cache_policy_get_oldest_us (atelier_step_get_cache_policy (job->definition), now);
  g_autoptr (AtelierStepRecord) earlier
      = atelier_store_look_up_cached (job->run->store, job->run->pipeline_id, atelier_step_get_name (job->definition), job->cache_key,
                                      MAX (oldest_us, 0), NULL);

  return earlier != NULL && earlier->properties_json != NULL ? g_steal_pointer (&earlier) : NULL;
}

gboolean
atelier_job_take_cached (AtelierJob *job, AtelierStepResult *result)
{
  AtelierRun *run = job->run;
  const char *name = atelier_step_get_name (job->definition);
  gint64 now = atelier_time_now_us ();
  g_autoptr (AtelierStepRecord) earlier = NULL;
  g_autoptr (GPtrArray) lineage = NULL;
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_CACHED, .started_at_us = now, .ended_at_us = now, .waits_for = "", .failure_reason = "" };
  AtelierRunNews *news;

  if (run->options.without_cache)
    {
      job->why = g_strdup (_("The run was started without cached results"));
      return FALSE;
    }
  earlier = look_up (job, now);
  if (earlier != NULL)
    lineage = atelier_store_list_lineage (run->store, earlier->execution_id, name, NULL);
  if (lineage == NULL)
    {
      job->why = explain_run (job);
      return FALSE;
    }
  if (!take_outputs (job, lineage, &job->why))
    {
      g_array_set_size (job->lineage, 0);
      return FALSE;
    }
  atelier_job_add_used_lineage (job);
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
