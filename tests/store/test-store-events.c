/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>

#include "store-fixture.h"

/* Each event: what it writes, what it leaves, what it refuses. */

#define ASSERT_STORE_ERROR(error, code)                                       \
  G_STMT_START                                                                \
  {                                                                           \
    g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_##code);  \
    g_clear_error (&error);                                                   \
  }                                                                           \
  G_STMT_END

static void
flush (StoreFixture *f)
{
  g_autoptr (GError) error = NULL;

  atelier_store_flush (f->store, &error);
  g_assert_no_error (error);
}

static AtelierStepRecord *
get_step (StoreFixture *f, const char *execution, const char *step)
{
  g_autoptr (GError) error = NULL;
  AtelierStepRecord *record;

  flush (f);
  record = atelier_store_get_step (f->store, execution, step, &error);
  g_assert_no_error (error);
  return record;
}

static AtelierAuditRecord *
newest_audit (StoreFixture *f)
{
  g_autoptr (GPtrArray) events = NULL;

  flush (f);
  events = atelier_store_list_audit_events (f->store, NULL, 0, 1, NULL);
  g_assert_cmpuint (events->len, ==, 1);
  return atelier_audit_record_ref (events->pdata[0]);
}

static void
test_projects (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  AtelierNewProject project = { .name = "Abalone", .template_name = "btd", .settings_json = "{\"a\":1}",
                                .is_simulated = TRUE, .created_at_us = 1000 };
  gint64 id = atelier_store_create_project (f->store, &project, "ada", &error);
  g_autoptr (AtelierProjectRecord) record = NULL;
  g_autoptr (AtelierProjectRecord) renamed = NULL;
  g_autoptr (AtelierProjectRecord) deleted = NULL;
  g_autoptr (AtelierAuditRecord) audit = NULL;
  g_autoptr (GPtrArray) living = NULL;
  g_autoptr (GPtrArray) all = NULL;
  gint64 second;

  g_assert_no_error (error);
  g_assert_cmpint (id, ==, 1);
  audit = newest_audit (f);
  g_assert_cmpstr (audit->action, ==, "project.created");
  g_assert_cmpstr (audit->subject, ==, "project/Abalone");
  g_assert_cmpstr (audit->who, ==, "ada");
  g_assert_cmpint (audit->at_us, ==, 1000);
  record = atelier_store_get_project (f->store, id, &error);
  g_assert_cmpstr (record->template_name, ==, "btd");
  g_assert_cmpstr (record->description, ==, NULL);
  g_assert_true (record->is_simulated);
  g_assert_cmpint (record->created_at_us, ==, 1000);
  g_assert_cmpint (record->deleted_at_us, ==, 0);

  g_assert_cmpint (atelier_store_create_project (f->store, &project, NULL, &error), ==, 0);
  ASSERT_STORE_ERROR (error, CONFLICT);

  g_assert_true (atelier_store_change_project (f->store, id, "Age of shells", NULL, &error));
  g_assert_true (atelier_store_rename_project (f->store, id, "Shells", NULL, &error));
  renamed = atelier_store_find_project (f->store, "Shells", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (renamed->description, ==, "Age of shells");
  g_assert_cmpstr (renamed->settings_json, ==, "{\"a\":1}");

  /* the name is free again, and free once more after the deletion */
  second = atelier_store_create_project (f->store, &project, NULL, &error);
  g_assert_cmpint (second, >, id);
  g_assert_false (atelier_store_rename_project (f->store, second, "Shells", NULL, &error));
  ASSERT_STORE_ERROR (error, CONFLICT);
  g_assert_true (atelier_store_delete_project (f->store, id, NULL, &error));
  g_assert_true (atelier_store_rename_project (f->store, second, "Shells", NULL, &error));
  g_assert_false (atelier_store_delete_project (f->store, id, NULL, &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);
  deleted = atelier_store_get_project (f->store, id, &error);
  g_assert_cmpint (deleted->deleted_at_us, >, 0);
  living = atelier_store_list_projects (f->store, FALSE, &error);
  all = atelier_store_list_projects (f->store, TRUE, &error);
  g_assert_cmpuint (living->len, ==, 1);
  g_assert_cmpuint (all->len, ==, 2);
  g_assert_null (atelier_store_find_project (f->store, "Nobody", &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);
}

static void
test_pipeline_versions (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierPipelineRecord) pipeline = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  gint64 pipeline_id = 0;
  gint64 other_id = 0;
  gint64 first;
  int number = 0;

  first = atelier_store_ensure_pipeline_version (f->store, 0, "p", "aa", "c1", 0, &pipeline_id, &number, &error);
  g_assert_no_error (error);
  g_assert_cmpint (number, ==, 1);
  atelier_store_ensure_pipeline_version (f->store, 0, "p", "bb", NULL, 0, NULL, &number, &error);
  g_assert_cmpint (number, ==, 2);
  g_assert_cmpint (atelier_store_ensure_pipeline_version (f->store, 0, "p", "aa", NULL, 0, NULL, &number, &error), ==,
                   first);
  g_assert_cmpint (number, ==, 1); /* it comes back with its number */
  g_assert_cmpint (atelier_store_ensure_pipeline_version (f->store, 77, "p", "aa", NULL, 0, NULL, NULL, &error), ==,
                   0);
  ASSERT_STORE_ERROR (error, NOT_FOUND); /* no such project */
  atelier_store_ensure_pipeline_version (f->store, 0, "q", "aa", NULL, 0, &other_id, &number, &error);
  g_assert_cmpint (other_id, !=, pipeline_id);
  g_assert_cmpint (number, ==, 1);

  pipeline = atelier_store_look_up_pipeline (f->store, 0, "p", &error);
  g_assert_cmpint (pipeline->id, ==, pipeline_id);
  g_assert_cmpint (pipeline->version_number, ==, 2);
  g_assert_cmpint (pipeline->last_status, ==, -1);
  g_assert_null (atelier_store_look_up_pipeline (f->store, 0, "r", &error));
  g_assert_no_error (error);
  versions = atelier_store_list_pipeline_versions (f->store, pipeline_id, &error);
  g_assert_cmpuint (versions->len, ==, 2);
  g_assert_cmpstr (((AtelierPipelineVersionRecord *) versions->pdata[0])->definition_digest, ==, "bb");
  g_assert_cmpstr (((AtelierPipelineVersionRecord *) versions->pdata[1])->commit_id, ==, "c1");
}

static void
test_execution (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  AtelierNewProject project = { .name = "Abalone" };
  gint64 project_id = atelier_store_create_project (f->store, &project, NULL, &error);
  const AtelierNewStep steps[] = { { "A", "Processing", ATELIER_STEP_STATUS_PENDING, NULL },
                                   { "B", "Training", ATELIER_STEP_STATUS_SKIPPED, "not selected" } };
  AtelierNewExecution execution = {
    .id = "aaaaaaaaaaaa", .project_id = project_id, .pipeline_name = "abalone", .definition_digest = "dd",
    .display_name = "Näme \xff", .trigger = "push", .trigger_detail = "main", .author = "ada", .commit_id = "c0ffee",
    .commit_subject = "max_depth 10", .is_dirty = TRUE, .parameters_json = "{\"x\":1}", .options_json = "{}",
    .experiment = "e", .trial = "t", .note = "no sandbox", .owner = { 42, 43, "boot" }, .created_at_us = 5000
  };
  AtelierNewExecution failed = { .id = "bbbbbbbbbbbb", .project_id = project_id, .pipeline_name = "abalone",
                                 .status = ATELIER_EXECUTION_STATUS_FAILED, .failure_reason = "no definition",
                                 .source_execution_id = "aaaaaaaaaaaa", .created_at_us = 6000 };
  g_autoptr (AtelierExecutionRecord) record = NULL;
  g_autoptr (AtelierExecutionRecord) failed_record = NULL;
  g_autoptr (AtelierStepRecord) b = NULL;
  g_autoptr (AtelierAuditRecord) audit = NULL;
  int number = 0;

  g_assert_true (atelier_store_create_execution (f->store, &execution, steps, 2, &number, &error));
  g_assert_no_error (error);
  g_assert_cmpint (number, ==, 1);
  record = atelier_store_get_execution (f->store, "aaaaaaaaaaaa", &error);
  g_assert_cmpstr (record->project_name, ==, "Abalone");
  g_assert_cmpstr (record->pipeline_name, ==, "abalone");
  g_assert_cmpint (record->version_number, ==, 1);
  g_assert_cmpstr (record->definition_digest, ==, "dd");
  g_assert_cmpstr (record->display_name, ==, "Näme \xef\xbf\xbd"); /* made valid */
  g_assert_cmpint (record->status, ==, ATELIER_EXECUTION_STATUS_EXECUTING);
  g_assert_cmpstr (record->trigger, ==, "push");
  g_assert_cmpstr (record->trigger_detail, ==, "main");
  g_assert_cmpstr (record->author, ==, "ada");
  g_assert_cmpstr (record->commit_id, ==, "c0ffee");
  g_assert_cmpstr (record->commit_subject, ==, "max_depth 10");
  g_assert_true (record->is_dirty);
  g_assert_cmpstr (record->parameters_json, ==, "{\"x\":1}");
  g_assert_cmpstr (record->experiment, ==, "e");
  g_assert_cmpstr (record->trial, ==, "t");
  g_assert_cmpstr (record->note, ==, "no sandbox");
  g_assert_cmpint (record->owner_pid, ==, 42);
  g_assert_cmpuint (record->owner_start_ticks, ==, 43);
  g_assert_cmpstr (record->owner_boot_id, ==, "boot");
  g_assert_cmpint (record->created_at_us, ==, 5000);
  g_assert_cmpint (record->ended_at_us, ==, 0);
  b = get_step (f, "aaaaaaaaaaaa", "B");
  g_assert_cmpint (b->position, ==, 1);
  g_assert_cmpstr (b->type, ==, "Training");
  g_assert_cmpint (b->status, ==, ATELIER_STEP_STATUS_SKIPPED);
  g_assert_cmpstr (b->why, ==, "not selected");

  g_assert_false (atelier_store_create_execution (f->store, &execution, steps, 2, NULL, &error));
  ASSERT_STORE_ERROR (error, CONFLICT);

  /* a run that fails before its first step is a run */
  g_assert_true (atelier_store_create_execution (f->store, &failed, NULL, 0, &number, &error));
  g_assert_cmpint (number, ==, 2);
  failed_record = atelier_store_get_execution (f->store, "bbbbbbbbbbbb", &error);
  g_assert_cmpint (failed_record->version_number, ==, 0);
  g_assert_cmpint (failed_record->ended_at_us, ==, 6000);
  g_assert_cmpstr (failed_record->failure_reason, ==, "no definition");
  g_assert_cmpstr (failed_record->trigger, ==, "manual");
  g_assert_cmpstr (failed_record->author, ==, "tester");
  audit = newest_audit (f);
  g_assert_cmpstr (audit->action, ==, "execution.retried");
  g_assert_cmpstr (audit->subject, ==, "execution/bbbbbbbbbbbb");
  g_assert_cmpstr (audit->from_value, ==, "aaaaaaaaaaaa");
  g_assert_cmpstr (audit->to_value, ==, "Failed");
}

/* Nothing of an execution is there when one of its steps is refused. */
static void
test_execution_is_whole (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const AtelierNewStep steps[] = { { "A", "Processing" }, { "A", "Training" } };
  AtelierNewExecution execution = { .id = "aaaaaaaaaaaa", .pipeline_name = "p", .definition_digest = "dd" };

  g_assert_false (atelier_store_create_execution (f->store, &execution, steps, 2, NULL, &error));
  g_assert_nonnull (strstr (error->message, "“A”"));
  ASSERT_STORE_ERROR (error, CONFLICT);
  g_assert_cmpint (raw_int (f->path, "SELECT (SELECT count (*) FROM executions) + (SELECT count (*) FROM pipelines)"
                                     " + (SELECT count (*) FROM steps) + (SELECT count (*) FROM audit_events)"), ==,
                                     0);
}

static void
test_execution_changes (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A");
  AtelierOwner owner = { 7, 8, "boot2" };
  g_autoptr (AtelierExecutionRecord) record = NULL;
  g_autoptr (GPtrArray) open = NULL;
  g_autoptr (GPtrArray) closed = NULL;
  g_autoptr (GPtrArray) events = NULL;
  g_autoptr (GPtrArray) requests = NULL;
  g_autoptr (GPtrArray) no_requests = NULL;
  const char *actions[] = { "execution.ended", "execution.stopping", "execution.stop-requested", "execution.resumed",
                            "execution.started" };
  gint64 first;

  atelier_store_execution_changed (f->store, id,
                                   &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_EXECUTING,
                                                               .started_at_us = 100, .note = "n" }, NULL, NULL, NULL);
  g_assert_true (atelier_store_take_execution (f->store, id, &owner, "bob", &error));
  open = atelier_store_list_open_executions (f->store, &error);
  g_assert_cmpuint (open->len, ==, 1);
  g_assert_cmpint (((AtelierExecutionRecord *) open->pdata[0])->owner_pid, ==, 7);

  first = atelier_store_add_request (f->store, id, "stop", NULL, "eve", &error);
  g_assert_cmpint (first, >, 0);
  requests = atelier_store_list_requests (f->store, id, &error);
  g_assert_cmpuint (requests->len, ==, 1);
  g_assert_cmpstr (((AtelierRequestRecord *) requests->pdata[0])->who, ==, "eve");
  g_assert_cmpstr (((AtelierRequestRecord *) requests->pdata[0])->kind, ==, "stop");
  atelier_store_request_handled (f->store, first, NULL, NULL);
  atelier_store_execution_changed (f->store, id,
                                   &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_STOPPING }, "eve",
                                   NULL, NULL);
  atelier_store_execution_changed (f->store, id,
                                   &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_STOPPED,
                                                               .ended_at_us = 900, .failure_reason = "stopped by eve",
                                                               .note = "" }, "eve", NULL, NULL);
  flush (f);
  record = atelier_store_get_execution (f->store, id, &error);
  g_assert_cmpint (record->status, ==, ATELIER_EXECUTION_STATUS_STOPPED);
  g_assert_cmpint (record->started_at_us, ==, 100); /* kept */
  g_assert_cmpint (record->ended_at_us, ==, 900);
  g_assert_cmpstr (record->note, ==, NULL); /* cleared */
  g_assert_cmpstr (record->failure_reason, ==, "stopped by eve");

  events = atelier_store_list_audit_events (f->store, NULL, 0, 0, &error);
  g_assert_cmpuint (events->len, ==, G_N_ELEMENTS (actions));
  for (guint i = 0; i < events->len; i++)
    g_assert_cmpstr (((AtelierAuditRecord *) events->pdata[i])->action, ==, actions[i]);

  /* an execution that has ended is asked for nothing and taken by nobody */
  closed = atelier_store_list_open_executions (f->store, &error);
  g_assert_cmpuint (closed->len, ==, 0);
  g_assert_false (atelier_store_take_execution (f->store, id, &owner, NULL, &error));
  ASSERT_STORE_ERROR (error, CONFLICT);
  g_assert_cmpint (atelier_store_add_request (f->store, id, "stop", NULL, NULL, &error), ==, 0);
  ASSERT_STORE_ERROR (error, CONFLICT);
  g_assert_false (atelier_store_take_execution (f->store, "nosuchthing1", &owner, NULL, &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);

  /* what was still asked when it ended is not asked any more */
  id = store_fixture_execution (f, 0, "p", "A");
  g_assert_cmpint (atelier_store_add_request (f->store, id, "stop", NULL, NULL, &error), >, 0);
  atelier_store_execution_changed (f->store, id,
                                   &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_SUCCEEDED }, NULL,
                                   NULL, NULL);
  flush (f);
  no_requests = atelier_store_list_requests (f->store, NULL, &error);
  g_assert_cmpuint (no_requests->len, ==, 0);
}

static void
test_step_update (StoreFixture *f, gconstpointer data)
{
  const char *id = store_fixture_execution (f, 0, "p", "A B C");
  const AtelierStepUpdate full = {
    .status = ATELIER_STEP_STATUS_SUCCEEDED, .started_at_us = 10, .ended_at_us = 20, .failure_reason = "f",
    .why = "w", .waits_for = "cpu", .cached_from = "x", .outcome_text = "1 > 0 → True", .outcome = TRUE,
    .properties_json = "{}", .cache_key = "k", .cache_components_json = "{\"c\":1}"
  };
  const AtelierStepUpdate bare = { .status = ATELIER_STEP_STATUS_EXECUTING };
  const AtelierStepUpdate clear = {
    .status = ATELIER_STEP_STATUS_PENDING, .started_at_us = ATELIER_STORE_CLEAR, .ended_at_us = ATELIER_STORE_CLEAR,
    .failure_reason = "", .why = "", .waits_for = "", .cached_from = "", .outcome_text = "", .properties_json = "",
    .cache_key = "", .cache_components_json = ""
  };
  const char *both[] = { "B", "C" };
  g_autoptr (AtelierStepRecord) set = NULL;
  g_autoptr (AtelierStepRecord) kept = NULL;
  g_autoptr (AtelierStepRecord) cleared = NULL;
  g_autoptr (AtelierStepRecord) c = NULL;
  guint counts[ATELIER_STEP_STATUS_N_VALUES];

  atelier_store_step_changed (f->store, id, "A", &full, NULL, NULL);
  set = get_step (f, id, "A");
  atelier_store_step_changed (f->store, id, "A", &bare, NULL, NULL);
  kept = get_step (f, id, "A");
  atelier_store_step_changed (f->store, id, "A", &clear, NULL, NULL);
  cleared = get_step (f, id, "A");
  g_assert_cmpint (set->status, ==, ATELIER_STEP_STATUS_SUCCEEDED);
  g_assert_cmpint (kept->status, ==, ATELIER_STEP_STATUS_EXECUTING);
  g_assert_cmpint (cleared->status, ==, ATELIER_STEP_STATUS_PENDING);
  for (guint i = 0; i < 2; i++)
    {
      const AtelierStepRecord *record = i == 0 ? set : kept;

      g_assert_cmpint (record->started_at_us, ==, 10);
      g_assert_cmpint (record->ended_at_us, ==, 20);
      g_assert_cmpstr (record->failure_reason, ==, "f");
      g_assert_cmpstr (record->why, ==, "w");
      g_assert_cmpstr (record->waits_for, ==, "cpu");
      g_assert_cmpstr (record->cached_from, ==, "x");
      g_assert_cmpstr (record->outcome_text, ==, "1 > 0 → True");
      g_assert_true (record->outcome);
      g_assert_cmpstr (record->properties_json, ==, "{}");
      g_assert_cmpstr (record->cache_key, ==, "k");
      g_assert_cmpstr (record->cache_components_json, ==, "{\"c\":1}");
    }
  g_assert_cmpint (cleared->started_at_us, ==, 0);
  g_assert_cmpint (cleared->ended_at_us, ==, 0);
  g_assert_null (cleared->failure_reason);
  g_assert_null (cleared->why);
  g_assert_null (cleared->waits_for);
  g_assert_null (cleared->cached_from);
  g_assert_null (cleared->outcome_text);
  g_assert_false (cleared->outcome);
  g_assert_null (cleared->properties_json);
  g_assert_null (cleared->cache_key);
  g_assert_null (cleared->cache_components_json);

  atelier_store_steps_changed (f->store, id, both, 2, &(AtelierStepUpdate) { .status = ATELIER_STEP_STATUS_SKIPPED,
                               .why = "branch not taken" }, NULL, NULL);
  c = get_step (f, id, "C");
  g_assert_cmpstr (c->why, ==, "branch not taken");
  g_assert_true (atelier_store_count_steps (f->store, id, counts, NULL));
  g_assert_cmpuint (counts[ATELIER_STEP_STATUS_SKIPPED], ==, 2);
  g_assert_cmpuint (counts[ATELIER_STEP_STATUS_PENDING], ==, 1);
}

static void
test_attempts (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A");
  const AtelierStepUpdate executing = { .status = ATELIER_STEP_STATUS_EXECUTING, .started_at_us = 10 };
  const AtelierStepUpdate succeeded = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .ended_at_us = 50,
                                        .properties_json = "{\"p\":1}" };
  AtelierNewAttempt attempt = { .number = 1, .status = ATELIER_STEP_STATUS_STARTING, .job_name = "job-1",
                                .runtime = "python", .sandbox = "bubblewrap", .environment_digest = "env",
                                .started_at_us = 11 };
  const AtelierAttemptUpdate running = { .number = 1, .status = ATELIER_STEP_STATUS_EXECUTING, .pid = 99,
                                         .start_ticks = 98, .boot_id = "b" };
  const AtelierAttemptUpdate failed = { .number = 1, .status = ATELIER_STEP_STATUS_FAILED, .ended_at_us = 30,
                                        .exit_code = -1, .signal = 9, .wall_us = 19, .cpu_us = 18,
                                        .peak_memory_bytes = 17, .log_bytes = 16, .failure_reason = "killed" };
  const AtelierAttemptUpdate done = { .number = 2, .status = ATELIER_STEP_STATUS_SUCCEEDED, .ended_at_us = 50 };
  const AtelierAttemptUpdate missing = { .number = 3, .status = ATELIER_STEP_STATUS_FAILED };
  const AtelierLineageItem lineage[] = {
    { ATELIER_LINEAGE_USED, "train", "s3://b/train.csv", "d1", 100 },
    { ATELIER_LINEAGE_PRODUCED, "model", "s3://b/model.tar.gz", NULL, 7 },
  };
  g_autoptr (GPtrArray) attempts = NULL;
  g_autoptr (GPtrArray) items = NULL;
  g_autoptr (AtelierStepRecord) step = NULL;
  g_autofree char *environment = NULL;
  const AtelierAttemptRecord *a;
  const AtelierLineageRecord *l;

  atelier_store_step_started (f->store, id, "A", &executing, &attempt, NULL, NULL);
  atelier_store_step_started (f->store, id, "A", &executing, &attempt, NULL, NULL); /* said again after a crash */
  atelier_store_attempt_changed (f->store, id, "A", &running, NULL, NULL);
  atelier_store_attempt_changed (f->store, id, "A", &failed, NULL, NULL);
  attempt.number = 2;
  attempt.job_name = "job-2";
  atelier_store_step_started (f->store, id, "A", &executing, &attempt, NULL, NULL);
  atelier_store_environment_seen (f->store, "env", "{\"python\":3}", NULL, NULL); /* later than its first use */
  atelier_store_environment_seen (f->store, "env", "{\"another\":3}", NULL, NULL);
  atelier_store_step_ended (f->store, id, "A", &succeeded, &done, lineage, 2, NULL, NULL);
  atelier_store_lineage_seen (f->store, id, "A", 2, lineage, 2, NULL, NULL); /* known already */
  step = get_step (f, id, "A");
  g_assert_cmpint (step->attempt_count, ==, 2);
  g_assert_cmpint (step->started_at_us, ==, 10);
  g_assert_cmpstr (step->properties_json, ==, "{\"p\":1}");

  attempts = atelier_store_list_attempts (f->store, id, "A", &error);
  g_assert_cmpuint (attempts->len, ==, 2);
  a = attempts->pdata[0];
  g_assert_cmpint (a->number, ==, 1);
  g_assert_cmpint (a->status, ==, ATELIER_STEP_STATUS_FAILED);
  g_assert_cmpstr (a->job_name, ==, "job-1");
  g_assert_cmpstr (a->runtime, ==, "python");
  g_assert_cmpstr (a->sandbox, ==, "bubblewrap");
  g_assert_cmpstr (a->environment_digest, ==, "env");
  g_assert_cmpint (a->pid, ==, 99);
  g_assert_cmpuint (a->start_ticks, ==, 98);
  g_assert_cmpstr (a->boot_id, ==, "b");
  g_assert_cmpint (a->started_at_us, ==, 11);
  g_assert_cmpint (a->ended_at_us, ==, 30);
  g_assert_cmpint (a->exit_code, ==, -1);
  g_assert_cmpint (a->signal, ==, 9);
  g_assert_cmpint (a->wall_us, ==, 19);
  g_assert_cmpint (a->cpu_us, ==, 18);
  g_assert_cmpint (a->peak_memory_bytes, ==, 17);
  g_assert_cmpint (a->log_bytes, ==, 16);
  g_assert_cmpstr (a->failure_reason, ==, "killed");
  a = attempts->pdata[1];
  g_assert_cmpint (a->exit_code, ==, 0);
  g_assert_cmpint (a->ended_at_us, ==, 50);
  environment = atelier_store_get_environment (f->store, "env", &error);
  g_assert_cmpstr (environment, ==, "{\"python\":3}");
  g_assert_null (atelier_store_get_environment (f->store, "none", &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);

  items = atelier_store_list_lineage (f->store, id, NULL, &error);
  g_assert_cmpuint (items->len, ==, 2);
  l = items->pdata[0];
  g_assert_cmpint (l->direction, ==, ATELIER_LINEAGE_USED);
  g_assert_cmpstr (l->uri, ==, "s3://b/train.csv");
  g_assert_cmpstr (l->digest, ==, "d1");
  g_assert_cmpint (l->attempt, ==, 2);
  l = items->pdata[1];
  g_assert_cmpstr (l->digest, ==, NULL);
  g_assert_cmpint (l->size_bytes, ==, 7);

  atelier_store_attempt_changed (f->store, id, "A", &missing, NULL, NULL);
  g_assert_false (atelier_store_flush (f->store, &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);
  atelier_store_step_started (f->store, id, "Z", &executing, &attempt, NULL, NULL);
  g_assert_false (atelier_store_flush (f->store, &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);
}

static char *
make_properties (const char *group_name, int number, gpointer user_data)
{
  return g_strdup_printf ("{\"%s\":\"%s/%d\"}", (const char *) user_data, group_name, number);
}

static void
test_facts_exactly_once (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "M R");
  const char *other = store_fixture_execution (f, 0, "p", "M R");
  const AtelierStepUpdate ended = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .ended_at_us = 5,
                                    .properties_json = "{}" };
  const AtelierStepUpdate again = { .status = ATELIER_STEP_STATUS_FAILED };
  const AtelierNewModel model = { "model-1", "{\"image\":\"x\"}" };
  const AtelierLineageItem used = { ATELIER_LINEAGE_USED, "model", "s3://b/m", "d", 1 };
  AtelierNewVersion version = {
    .group_name = "abalone", .group_description = "Shells", .execution_id = id, .step = "R", .model_uri = "s3://b/m",
    .model_digest = "d", .spec_json = "{}", .metrics_json = "{\"mse\":4.9}", .description = "first", .author = "ada"
  };
  g_autoptr (AtelierModelRecord) model_record = NULL;
  g_autoptr (AtelierStepRecord) m = NULL;
  g_autoptr (AtelierStepRecord) r = NULL;
  g_autoptr (AtelierModelVersionRecord) record = NULL;
  g_autoptr (GPtrArray) lineage = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  gint64 n_audit;

  g_assert_true (atelier_store_end_step_with_model (f->store, id, "M", &ended, &model, &used, 1, &error));
  g_assert_true (atelier_store_end_step_with_model (f->store, id, "M", &again, &model, NULL, 0, &error));
  g_assert_no_error (error);
  m = get_step (f, id, "M");
  g_assert_cmpint (m->status, ==, ATELIER_STEP_STATUS_SUCCEEDED);
  model_record = atelier_store_get_model (f->store, "model-1", &error);
  g_assert_cmpstr (model_record->execution_id, ==, id);
  g_assert_cmpstr (model_record->spec_json, ==, "{\"image\":\"x\"}");
  lineage = atelier_store_list_lineage (f->store, id, "M", &error);
  g_assert_cmpuint (lineage->len, ==, 1);
  g_assert_false (atelier_store_end_step_with_model (f->store, other, "M", &ended, &model, NULL, 0, &error));
  ASSERT_STORE_ERROR (error, CONFLICT); /* the name is taken by another step */

  g_assert_cmpint (atelier_store_register_version (f->store, &version, &ended, make_properties, (gpointer) "arn",
                                                   NULL, 0, &error),
                   ==, 1);
  n_audit = raw_int (f->path, "SELECT count (*) FROM audit_events");
  g_assert_cmpint (atelier_store_register_version (f->store, &version, &again, make_properties, (gpointer) "no", NULL,
                                                   0, &error),
                   ==, 1);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM audit_events"), ==, n_audit);
  r = get_step (f, id, "R");
  g_assert_cmpint (r->status, ==, ATELIER_STEP_STATUS_SUCCEEDED);
  g_assert_cmpstr (r->properties_json, ==, "{\"arn\":\"abalone/1\"}");
  record = atelier_store_get_model_version (f->store, "abalone", 1, &error);
  g_assert_cmpint (record->status, ==, ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL);
  g_assert_cmpstr (record->metrics_json, ==, "{\"mse\":4.9}");
  g_assert_cmpstr (record->author, ==, "ada");

  version.execution_id = other;
  g_assert_cmpint (atelier_store_register_version (f->store, &version, &ended, NULL, NULL, NULL, 0, &error), ==, 2);
  version.execution_id = version.step = NULL;
  g_assert_cmpint (atelier_store_register_version (f->store, &version, NULL, NULL, NULL, NULL, 0, &error), ==, 3);
  versions = atelier_store_list_execution_versions (f->store, other, &error);
  g_assert_cmpuint (versions->len, ==, 1);

  /* a step that is not there takes the version back with it */
  version.execution_id = id;
  version.step = "Z";
  g_assert_cmpint (atelier_store_register_version (f->store, &version, &ended, NULL, NULL, NULL, 0, &error), ==, 0);
  ASSERT_STORE_ERROR (error, NOT_FOUND);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM model_versions"), ==, 3);
}

static void
test_tracking (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A");
  const AtelierMetricPoint first[] = {
    { "rmse", 0, 3.0, 100 }, { "loss", 0, NAN, 100 }, { "rmse", 1, 1.0, 200 }, { "loss", 1, 0.5, 200 },
    { "rmse", 2, 2.0, 300 }
  };
  const AtelierMetricPoint again[] = { { "rmse", 1, 1.0, 200 }, { "loss", 2, INFINITY, 300 },
                                       { "loss", 3, NAN, 400 } };
  const AtelierLoggedItem items[] = { { ATELIER_LOGGED_PARAM, "depth", 0, "5" },
                                      { ATELIER_LOGGED_HISTOGRAM, "w", 1, "[1]" },
                                      { ATELIER_LOGGED_HISTOGRAM, "w", 2, "[2]" } };
  const AtelierLoggedItem changed[] = { { ATELIER_LOGGED_PARAM, "depth", 0, "6" } };
  g_autoptr (GPtrArray) metrics = NULL;
  g_autoptr (GPtrArray) logged = NULL;
  g_autoptr (AtelierMetricSeries) rmse = NULL;
  g_autoptr (AtelierMetricSeries) loss = NULL;
  g_autoptr (AtelierMetricSeries) none = NULL;
  const AtelierMetricRecord *metric;

  atelier_store_metrics_logged (f->store, id, "A", 1, first, G_N_ELEMENTS (first), NULL, NULL);
  atelier_store_metrics_logged (f->store, id, "A", 1, again, G_N_ELEMENTS (again), NULL, NULL);
  atelier_store_values_logged (f->store, id, "A", 1, items, G_N_ELEMENTS (items), NULL, NULL);
  atelier_store_values_logged (f->store, id, "A", 1, changed, G_N_ELEMENTS (changed), NULL, NULL);
  flush (f);
  metrics = atelier_store_list_metrics (f->store, id, NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (metrics->len, ==, 2);
  metric = metrics->pdata[0];
  g_assert_cmpstr (metric->name, ==, "loss");
  g_assert_cmpint (metric->last_iteration, ==, 3);
  g_assert_true (isnan (metric->last_value));
  g_assert_cmpfloat (metric->min_value, ==, 0.5);
  g_assert_true (isinf (metric->max_value));
  metric = metrics->pdata[1];
  g_assert_cmpstr (metric->name, ==, "rmse");
  g_assert_cmpint (metric->last_iteration, ==, 2); /* not that of the batch that came late */
  g_assert_cmpfloat (metric->last_value, ==, 2.0);
  g_assert_cmpint (metric->last_at_us, ==, 300);
  g_assert_cmpfloat (metric->min_value, ==, 1.0);
  g_assert_cmpfloat (metric->max_value, ==, 3.0);

  rmse = atelier_store_get_metric_series (f->store, id, "A", 0, "rmse", G_MININT64, 0, &error);
  g_assert_cmpuint (rmse->n_points, ==, 3); /* iteration 1 only once */
  g_assert_cmpfloat (rmse->values[1], ==, 1.0);
  g_assert_cmpint (rmse->at_us[2], ==, 300);
  loss = atelier_store_get_metric_series (f->store, id, "A", 1, "loss", 0, 0, &error);
  g_assert_cmpuint (loss->n_points, ==, 3);
  g_assert_true (isinf (loss->values[1]));
  g_assert_true (isnan (loss->values[2]));
  none = atelier_store_get_metric_series (f->store, id, "A", 2, "loss", G_MININT64, 0, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->n_points, ==, 0);

  logged = atelier_store_list_logged (f->store, id, "A", &error);
  g_assert_cmpuint (logged->len, ==, 3);
  g_assert_cmpint (((AtelierLoggedRecord *) logged->pdata[0])->kind, ==, ATELIER_LOGGED_HISTOGRAM);
  g_assert_cmpstr (((AtelierLoggedRecord *) logged->pdata[1])->value, ==, "[2]");
  g_assert_cmpstr (((AtelierLoggedRecord *) logged->pdata[2])->value, ==, "6");

  atelier_store_metrics_logged (f->store, id, "Z", 1, first, 1, NULL, NULL);
  g_assert_false (atelier_store_flush (f->store, &error));
  ASSERT_STORE_ERROR (error, NOT_FOUND);
}

static void
test_objects (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const AtelierNewObject objects[] = { { "s3://b/a/1", 1, 10, "d1" }, { "s3://b/a/2", 2, 20, "d2" },
                                       { "s3://b/ab", 3, 30, "d3" } };
  const AtelierNewObject changes[] = { { "s3://b/a/1", 5, 50, "d5" }, { "s3://b/a/2", 0, 0, NULL } };
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (AtelierObjectRecord) object = NULL;

  atelier_store_objects_seen (f->store, objects, 3, NULL, NULL);
  atelier_store_objects_seen (f->store, changes, 2, NULL, NULL);
  flush (f);
  list = atelier_store_list_objects (f->store, "s3://b/a/", &error);
  g_assert_cmpuint (list->len, ==, 1);
  object = atelier_store_look_up_object (f->store, "s3://b/a/1", &error);
  g_assert_cmpint (object->size_bytes, ==, 5);
  g_assert_cmpint (object->mtime_ns, ==, 50);
  g_assert_cmpstr (object->digest, ==, "d5");
  g_assert_null (atelier_store_look_up_object (f->store, "s3://b/a/2", &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/events/projects", test_projects);
  STORE_TEST ("/store/events/pipeline-versions", test_pipeline_versions);
  STORE_TEST ("/store/events/execution", test_execution);
  STORE_TEST ("/store/events/execution-is-whole", test_execution_is_whole);
  STORE_TEST ("/store/events/execution-changes", test_execution_changes);
  STORE_TEST ("/store/events/step-update", test_step_update);
  STORE_TEST ("/store/events/attempts", test_attempts);
  STORE_TEST ("/store/events/facts-exactly-once", test_facts_exactly_once);
  STORE_TEST ("/store/events/tracking", test_tracking);
  STORE_TEST ("/store/events/objects", test_objects);
  return g_test_run ();
}
