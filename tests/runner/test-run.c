/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "runner-fixture.h"

#include "atelier-files.h"
#include "atelier-time.h"

/* Whole runs, with the real supervisor: the order of news, attempts across owners, and what is on disk when a run is wound up. */

#define RETRIES ", \"RetryPolicies\": [{\"ExceptionType\": [\"SageMaker.JOB_INTERNAL_ERROR\"], \"IntervalSeconds\": 1000," \
                " \"BackoffRate\": 1, \"MaxAttempts\": 5}]"

/* Polls; the limit only keeps a broken program from hanging the test. */
#define WAIT_UNTIL(condition)                                         \
  G_STMT_START                                                        \
  {                                                                   \
    gint64 until_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;  \
    while (!(condition))                                              \
      {                                                               \
        if (g_get_monotonic_time () > until_us)                       \
          g_error ("waited a minute for: %s", #condition);            \
        g_usleep (2000);                                              \
      }                                                               \
  }                                                                   \
  G_STMT_END

static char *
path_of (RunnerFixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static void
touch (RunnerFixture *f, const char *name)
{
  g_autofree char *path = path_of (f, name);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static gboolean
is_there (RunnerFixture *f, const char *name)
{
  g_autofree char *path = path_of (f, name);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A step that says it is up (the file NAME-up), waits for the file NAME-go, and then does @then. */
static char *
gated (RunnerFixture *f, const char *name, const char *then, const char *more)
{
  g_autofree char *script = g_strdup_printf ("touch '%s/%s-up'; while [ ! -e '%s/%s-go' ]; do sleep 0.01; done; %s", f->folder, name, f->folder,
                                             name, then);

  return runner_shell (name, script, more);
}

static void
define (RunnerFixture *f, const char *first, const char *second)
{
  g_autofree char *body = g_strdup_printf ("\"Steps\": [%s%s%s]", first, second != NULL ? ", " : "", second != NULL ? second : "");

  runner_fixture_define (f, body);
}

static void
check_step (RunnerFixture *f, const char *step, AtelierStepStatus status, int attempts)
{
  g_autoptr (AtelierStepRecord) record = runner_fixture_record (f, step);

  g_assert_cmpstr (atelier_step_status_to_text (record->status), ==, atelier_step_status_to_text (status));
  g_assert_cmpint (record->attempt_count, ==, attempts);
  g_assert_null (record->waits_for);
}

static void
check_execution (RunnerFixture *f, AtelierExecutionStatus status)
{
  g_autoptr (AtelierExecutionRecord) record = atelier_store_get_execution (f->store, f->execution_id, NULL);

  g_assert_cmpstr (atelier_execution_status_to_text (record->status), ==, atelier_execution_status_to_text (status));
}

static GPtrArray *
attempts_of (RunnerFixture *f, const char *step)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *attempts = atelier_store_list_attempts (f->store, f->execution_id, step, &error);

  g_assert_no_error (error);
  return attempts;
}

static void
check_attempt (GPtrArray *attempts, guint index, int number, AtelierStepStatus status)
{
  const AtelierAttemptRecord *attempt = g_ptr_array_index (attempts, index);

  g_assert_cmpint (attempt->number, ==, number);
  g_assert_cmpstr (atelier_step_status_to_text (attempt->status), ==, atelier_step_status_to_text (status));
  g_assert_cmpint (attempt->ended_at_us, >, 0);
}

/* --- news --- */

/* Every news of a state comes when the state is on disk: the step's record is at least as far. */
static void
test_order_of_news (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = runner_shell ("A", "for i in 1 2 3; do echo \"[$i]\\ttrain-rmse:$i\"; done", "");
  g_autofree char *second = runner_shell ("B", "true", ", \"DependsOn\": [\"A\"]");
  g_autoptr (AtelierRun) run = NULL;
  const AtelierRunNews *news;
  int order[4];
  guint n_ended = 0, n_metrics = 0;

  define (f, first, second);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  runner_fixture_wait (f);
  order[0] = runner_fixture_find (f, "A", ATELIER_STEP_STATUS_EXECUTING);
  order[1] = runner_fixture_find (f, "A", ATELIER_STEP_STATUS_SUCCEEDED);
  order[2] = runner_fixture_find (f, "B", ATELIER_STEP_STATUS_EXECUTING);
  order[3] = runner_fixture_find (f, "B", ATELIER_STEP_STATUS_SUCCEEDED);
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    g_assert_cmpint (order[i], >, i > 0 ? order[i - 1] : 0);
  for (guint i = 0; i < f->news->len; i++)
    {
      news = g_ptr_array_index (f->news, i);
      g_assert_cmpstr (news->execution_id, ==, f->execution_id);
      n_ended += news->kind == ATELIER_RUN_NEWS_ENDED;
      if (news->kind == ATELIER_RUN_NEWS_METRIC)
        {
          n_metrics++;
          g_assert_cmpint ((int) i, >, order[0]);
          g_assert_cmpint ((int) i, <, order[1]);
        }
    }
  g_assert_cmpuint (n_ended, ==, 1);
  g_assert_cmpuint (n_metrics, >=, 1);
  news = g_ptr_array_index (f->news, f->news->len - 1);
  g_assert_cmpint (news->kind, ==, ATELIER_RUN_NEWS_ENDED);
  news = g_ptr_array_index (f->news, f->news->len - 2);
  g_assert_cmpint (news->kind, ==, ATELIER_RUN_NEWS_EXECUTION);
  g_assert_cmpint (news->status, ==, ATELIER_EXECUTION_STATUS_SUCCEEDED);
  news = g_ptr_array_index (f->news, order[1]);
  g_assert_cmpstr (news->text, ==, "train:rmse 3");
  check_execution (f, ATELIER_EXECUTION_STATUS_SUCCEEDED);
}

/* --- waiting --- */

/* A step that is shown as waiting for its turn is pending again when it will not have one. */
static void
test_waiting_is_withdrawn (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "exit 1", "");
  g_autofree char *second = runner_shell ("B", "true", "");
  g_autoptr (AtelierRun) run = NULL;

  define (f, first, second);
  f->request.options.parallel = 1;
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (runner_fixture_find (f, "B", ATELIER_STEP_STATUS_WAITING) >= 0);
  touch (f, "A-go");
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_FAILED, 1);
  check_step (f, "B", ATELIER_STEP_STATUS_PENDING, 0);
  check_execution (f, ATELIER_EXECUTION_STATUS_FAILED);
}

/* And one that has it goes on from Waiting by way of Starting. */
static void
test_waiting_ends (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "true", "");
  g_autofree char *second = runner_shell ("B", "true", "");
  g_autoptr (AtelierRun) run = NULL;

  define (f, first, second);
  f->request.options.parallel = 1;
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (runner_fixture_find (f, "B", ATELIER_STEP_STATUS_WAITING) >= 0);
  touch (f, "A-go");
  runner_fixture_wait (f);
  g_assert_cmpint (runner_fixture_find (f, "B", ATELIER_STEP_STATUS_STARTING), >, runner_fixture_find (f, "B", ATELIER_STEP_STATUS_WAITING));
  g_assert_cmpint (runner_fixture_find (f, "B", ATELIER_STEP_STATUS_EXECUTING), >, runner_fixture_find (f, "B", ATELIER_STEP_STATUS_STARTING));
  check_step (f, "B", ATELIER_STEP_STATUS_SUCCEEDED, 1);
}

/* --- retries when the run is wound up --- */

/* A step waits for its next attempt when another one fails: it will not have it. */
static void
test_failure_ends_delay (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = runner_shell ("A", "kill -9 $$", RETRIES);
  g_autofree char *second = gated (f, "B", "exit 1", "");
  g_autoptr (AtelierRun) run = NULL;
  g_autoptr (AtelierStepRecord) record = NULL;

  define (f, first, second);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (runner_fixture_find (f, "A", ATELIER_STEP_STATUS_WAITING) >= 0);
  touch (f, "B-go");
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_FAILED, 1);
  record = runner_fixture_record (f, "A");
  g_assert_nonnull (strstr (record->failure_reason, "signal 9"));
  check_execution (f, ATELIER_EXECUTION_STATUS_FAILED);
}

/* A step fails in a way that is retried after another one has failed for good. */
static void
test_retry_after_failure (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "kill -9 $$", RETRIES);
  g_autofree char *second = gated (f, "B", "exit 1", "");
  g_autoptr (AtelierRun) run = NULL;

  define (f, first, second);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (is_there (f, "A-up"));
  touch (f, "B-go");
  WAIT_UNTIL (runner_fixture_find (f, "B", ATELIER_STEP_STATUS_FAILED) >= 0);
  touch (f, "A-go");
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_FAILED, 1);
  check_execution (f, ATELIER_EXECUTION_STATUS_FAILED);
}

static void
test_stop_ends_delay (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = runner_shell ("A", "kill -9 $$", RETRIES);
  g_autoptr (AtelierRun) run = NULL;

  define (f, first, NULL);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (runner_fixture_find (f, "A", ATELIER_STEP_STATUS_WAITING) >= 0);
  atelier_run_stop (run, -1);
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_STOPPED, 1);
  check_execution (f, ATELIER_EXECUTION_STATUS_STOPPED);
}

/* --- owners --- */

static void
leave (RunnerFixture *f, AtelierRun *run)
{
  atelier_run_leave (run);
  runner_fixture_wait (f);
  atelier_run_free (run);
}

static void
test_left_and_taken_up (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "echo done", "");
  g_autofree char *second = runner_shell ("B", "true", "");
  AtelierRun *run;
  g_autoptr (AtelierRun) next = NULL;
  g_autoptr (GPtrArray) attempts = NULL;
  g_autoptr (GPtrArray) before = NULL;

  define (f, first, second);
  f->request.options.parallel = 1;
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (is_there (f, "A-up") && runner_fixture_find (f, "B", ATELIER_STEP_STATUS_WAITING) >= 0);
  leave (f, run);
  /* what waited for its turn waits no more: nobody is there to give it one */
  check_step (f, "A", ATELIER_STEP_STATUS_EXECUTING, 1);
  check_step (f, "B", ATELIER_STEP_STATUS_PENDING, 0);
  check_execution (f, ATELIER_EXECUTION_STATUS_EXECUTING);
  before = attempts_of (f, "A");
  f->request.started_at_us = 1;
  next = runner_fixture_run (f);
  atelier_run_start (next);
  touch (f, "A-go");
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_SUCCEEDED, 1);
  check_step (f, "B", ATELIER_STEP_STATUS_SUCCEEDED, 1);
  attempts = attempts_of (f, "A");
  g_assert_cmpuint (attempts->len, ==, 1);
  check_attempt (attempts, 0, 1, ATELIER_STEP_STATUS_SUCCEEDED);
  g_assert_cmpint (((AtelierAttemptRecord *) attempts->pdata[0])->started_at_us, ==, ((AtelierAttemptRecord *) before->pdata[0])->started_at_us);
}

static void
test_taken_up_to_stop (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "true", "");
  AtelierRun *run;
  g_autoptr (AtelierRun) next = NULL;
  g_autoptr (GPtrArray) attempts = NULL;

  define (f, first, NULL);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (is_there (f, "A-up"));
  leave (f, run);
  next = runner_fixture_run (f);
  atelier_run_stop (next, -1);
  atelier_run_start (next);
  runner_fixture_wait (f);
  check_step (f, "A", ATELIER_STEP_STATUS_STOPPED, 1);
  check_execution (f, ATELIER_EXECUTION_STATUS_STOPPED);
  attempts = attempts_of (f, "A");
  check_attempt (attempts, 0, 1, ATELIER_STEP_STATUS_STOPPED);
}

/* An attempt that was written down and never began is over, and the next one has the next number. */
static void
test_attempt_that_never_began (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = runner_shell ("A", "true", "");
  const AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_EXECUTING, .started_at_us = 5 };
  const AtelierNewAttempt attempt = { .number = 1, .status = ATELIER_STEP_STATUS_EXECUTING, .job_name = "j", .started_at_us = 5 };
  g_autoptr (AtelierRun) run = NULL;
  g_autoptr (GPtrArray) attempts = NULL;

  define (f, first, NULL);
  atelier_store_step_started (f->store, f->execution_id, "A", &update, &attempt, NULL, NULL);
  g_assert_true (atelier_store_flush (f->store, NULL));
  run = runner_fixture_run (f);
  atelier_run_start (run);
  runner_fixture_wait (f);
  attempts = attempts_of (f, "A");
  g_assert_cmpuint (attempts->len, ==, 2);
  check_attempt (attempts, 0, 1, ATELIER_STEP_STATUS_INTERRUPTED);
  check_attempt (attempts, 1, 2, ATELIER_STEP_STATUS_SUCCEEDED);
  check_step (f, "A", ATELIER_STEP_STATUS_SUCCEEDED, 2);
}

/* What an owner had prepared for an attempt that it did not come to start is not in the way, and not in the attempt. */
static void
test_folder_that_is_there (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = runner_shell ("A", "ls /opt/ml/processing/out; echo new", "");
  g_autofree char *folder = NULL;
  g_autofree char *left = NULL;
  g_autofree char *log = NULL;
  g_autofree char *text = NULL;
  g_autoptr (AtelierRun) run = NULL;

  define (f, first, NULL);
  folder = g_build_filename (f->folder, "runs", f->execution_id, "A", "1", "opt-ml", "processing", "out", NULL);
  left = g_build_filename (folder, "left", NULL);
  log = g_build_filename (f->folder, "runs", f->execution_id, "A", "1", "log", NULL);
  g_assert_true (atelier_files_make_folder (folder, NULL));
  g_assert_true (g_file_set_contents (left, "old", -1, NULL));
  g_assert_true (g_file_set_contents (log, "old\n", -1, NULL));
  run = runner_fixture_run (f);
  atelier_run_start (run);
  runner_fixture_wait (f);
  g_assert_true (g_file_get_contents (log, &text, NULL, NULL));
  g_assert_null (strstr (text, "old"));
  g_assert_null (strstr (text, "left"));
  g_assert_nonnull (strstr (text, "new"));
}

/* A step that was being stopped when its owner died runs again when the execution is gone on with. */
static void
test_stopped_by_an_earlier_owner (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *first = gated (f, "A", "true", "");
  AtelierRun *run;
  g_autoptr (AtelierRun) next = NULL;
  g_autoptr (AtelierSupervisor) supervisor = NULL;
  g_autoptr (AtelierSupervisorLink) link = NULL;
  g_autoptr (json_t) attach = json_pack ("{s:s, s:s, s:i}", "op", "attach", "step", "A", "attempt", 1);
  g_autoptr (json_t) stop = json_pack ("{s:s, s:i}", "op", "stop", "grace_ms", 0);
  g_autoptr (json_t) packet = NULL;
  g_autoptr (GPtrArray) attempts = NULL;
  g_autofree char *folder = NULL;

  define (f, first, NULL);
  run = runner_fixture_run (f);
  atelier_run_start (run);
  WAIT_UNTIL (is_there (f, "A-up"));
  leave (f, run);
  folder = atelier_run_folder (f->folder, f->execution_id);
  supervisor = atelier_supervisor_new (folder);
  link = atelier_supervisor_connect (supervisor, NULL);
  g_assert_true (atelier_supervisor_link_send (link, attach, NULL));
  g_assert_true (atelier_supervisor_link_send (link, stop, NULL));
  do
    {
      json_decref (packet);
      packet = atelier_supervisor_link_receive (link, 30000, -1, NULL);
    }
  while (g_strcmp0 (atelier_json_get_string (packet, "op", NULL), "started") == 0);
  g_assert_cmpstr (atelier_json_get_string (packet, "op", ""), ==, "ended");
  touch (f, "A-go");
  next = runner_fixture_run (f);
  atelier_run_start (next);
  runner_fixture_wait (f);
  attempts = attempts_of (f, "A");
  g_assert_cmpuint (attempts->len, ==, 2);
  check_attempt (attempts, 0, 1, ATELIER_STEP_STATUS_STOPPED);
  check_attempt (attempts, 1, 2, ATELIER_STEP_STATUS_SUCCEEDED);
  check_execution (f, ATELIER_EXECUTION_STATUS_SUCCEEDED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  RUNNER_TEST ("/run/order-of-news", test_order_of_news);
  RUNNER_TEST ("/run/waiting/withdrawn", test_waiting_is_withdrawn);
  RUNNER_TEST ("/run/waiting/ends", test_waiting_ends);
  RUNNER_TEST ("/run/retry/failure-ends-delay", test_failure_ends_delay);
  RUNNER_TEST ("/run/retry/after-failure", test_retry_after_failure);
  RUNNER_TEST ("/run/retry/stop-ends-delay", test_stop_ends_delay);
  RUNNER_TEST ("/run/owner/left-and-taken-up", test_left_and_taken_up);
  RUNNER_TEST ("/run/owner/taken-up-to-stop", test_taken_up_to_stop);
  RUNNER_TEST ("/run/owner/attempt-that-never-began", test_attempt_that_never_began);
  RUNNER_TEST ("/run/owner/folder-that-is-there", test_folder_that_is_there);
  RUNNER_TEST ("/run/owner/stopped-by-an-earlier-one", test_stopped_by_an_earlier_owner);
  return g_test_run ();
}
