/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "runner-fixture.h"

#include "atelier-artifacts-cache.h"
#include "atelier-files.h"
#include "atelier-text.h"
#include "atelier-time.h"

void
runner_fixture_set_up (RunnerFixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *objects = NULL;

  self->folder = g_dir_make_tmp ("atelier-runner-XXXXXX", NULL);
  self->store = atelier_store_open (self->folder, "ada", ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  objects = g_build_filename (self->folder, "store", NULL);
  self->artifacts = atelier_artifacts_new_with_store (objects, self->store);
  self->runtimes = atelier_runtime_table_load (self->folder, &error);
  g_assert_no_error (error);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->news = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_run_news_free);
}

void
runner_fixture_tear_down (RunnerFixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  json_decref (self->request.parameters);
  g_clear_pointer (&self->definition, atelier_definition_unref);
  g_clear_pointer (&self->runtimes, atelier_runtime_table_unref);
  g_clear_pointer (&self->artifacts, atelier_artifacts_unref);
  g_assert_true (atelier_store_close (self->store, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (self->store);
  g_ptr_array_unref (self->news);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self->execution_id);
  g_assert_true (atelier_files_remove_tree (self->folder, NULL));
  g_free (self->folder);
}

void
runner_fixture_define (RunnerFixture *self, const char *body)
{
  g_autofree char *text = g_strdup_printf ("{\"Version\": \"2020-12-01\", \"Metadata\": {}, %s}", body);
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierExecutionRecord) record = NULL;
  g_autofree AtelierNewStep *steps = NULL;
  g_autofree char *folder = NULL;
  AtelierNewExecution execution = { .pipeline_name = "pipeline", .definition_digest = "0", .status = ATELIER_EXECUTION_STATUS_EXECUTING };
  guint n;

  self->definition = atelier_definition_parse (text, -1, problems);
  g_assert_nonnull (self->definition);
  for (guint i = 0; i < problems->len; i++)
    {
      const AtelierProblem *problem = g_ptr_array_index (problems, i);

      if (problem->severity == ATELIER_SEVERITY_ERROR)
        g_error ("line %u: %s", problem->line, problem->message);
    }
  n = atelier_definition_get_n_steps (self->definition);
  steps = g_new0 (AtelierNewStep, n);
  for (guint i = 0; i < n; i++)
    {
      const AtelierStep *step = atelier_definition_get_step (self->definition, i);

      steps[i] = (AtelierNewStep) { atelier_step_get_name (step), atelier_step_get_type_text (step), ATELIER_STEP_STATUS_PENDING, NULL };
    }
  self->execution_id = atelier_text_new_id ();
  execution.id = self->execution_id;
  atelier_store_create_execution (self->store, &execution, steps, n, NULL, &error);
  g_assert_no_error (error);
  record = atelier_store_get_execution (self->store, self->execution_id, &error);
  g_assert_no_error (error);
  folder = atelier_run_folder (self->folder, self->execution_id);
  g_assert_true (atelier_files_make_folder (folder, NULL));
  self->request = (AtelierRunRequest) {
    .store = self->store,
    .artifacts = self->artifacts,
    .runtimes = self->runtimes,
    .definition = self->definition,
    .execution_id = self->execution_id,
    .parameters = json_object (),
    .pipeline_name = "pipeline",
    .pipeline_id = record->pipeline_id,
    .created_at_us = record->created_at_us,
    .options = { .without_sandbox = TRUE, .parallel = 4, .grace_ms = 2000 },
  };
}

static void
hear (AtelierRunNews *news, gpointer user_data)
{
  RunnerFixture *self = user_data;

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->news, news);
  self->has_ended |= news->kind == ATELIER_RUN_NEWS_ENDED;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

AtelierRun *
runner_fixture_run (RunnerFixture *self)
{
  g_autoptr (GError) error = NULL;
  AtelierRun *run = atelier_run_new (&self->request, hear, self, &error);

  g_assert_no_error (error);
  g_mutex_lock (&self->mutex);
  g_ptr_array_set_size (self->news, 0);
  self->has_ended = FALSE;
  g_mutex_unlock (&self->mutex);
  return run;
}

void
runner_fixture_wait (RunnerFixture *self)
{
  gint64 until_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;

  g_mutex_lock (&self->mutex);
  while (!self->has_ended)
    if (!g_cond_wait_until (&self->cond, &self->mutex, until_us))
      g_error ("the run did not end within a minute");
  g_mutex_unlock (&self->mutex);
}

guint
runner_fixture_step (RunnerFixture *self, const char *name)
{
  const AtelierStep *step = atelier_definition_find_step (self->definition, name);

  g_assert_nonnull (step);
  return atelier_step_get_index (step);
}

int
runner_fixture_find (RunnerFixture *self, const char *step, AtelierStepStatus status)
{
  guint index = runner_fixture_step (self, step);
  int found = -1;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->news->len && found < 0; i++)
    {
      const AtelierRunNews *news = g_ptr_array_index (self->news, i);

      if (news->kind == ATELIER_RUN_NEWS_STEP && news->step == index && news->step_status == status)
        found = (int) i;
    }
  g_mutex_unlock (&self->mutex);
  return found;
}

AtelierStepRecord *
runner_fixture_record (RunnerFixture *self, const char *step)
{
  g_autoptr (GError) error = NULL;
  AtelierStepRecord *record = atelier_store_get_step (self->store, self->execution_id, step, &error);

  g_assert_no_error (error);
  return record;
}

char *
runner_shell (const char *name, const char *script, const char *more)
{
  g_autoptr (json_t) text = json_string (script);
  g_autofree char *quoted = atelier_json_compact (text);

  return g_strdup_printf ("{\"Name\": \"%s\", \"Type\": \"Processing\", \"Arguments\": {\"ProcessingResources\": {\"ClusterConfig\":"
                          " {\"InstanceType\": \"local\", \"InstanceCount\": 1, \"VolumeSizeInGB\": 1}}, \"AppSpecification\": {\"ImageUri\":"
                          " \"local/python:3\", \"ContainerEntrypoint\": [\"sh\", \"-c\", %s]}, \"RoleArn\": \"r\"}%s}",
                          name, quoted, more);
}
