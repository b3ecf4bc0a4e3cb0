/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-cache-policy.h"
#include "atelier-instance-type.h"
#include "atelier-retry-policy.h"
#include "atelier-status.h"
#include "atelier-time.h"
#include "fake-scope.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define GIB (G_GINT64_CONSTANT (1) << 30)

/* Durations. */

static void
assert_duration (const char *text, gint64 months, gint64 seconds)
{
  AtelierDuration duration = { -1, -1 };
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_duration_parse (text, &duration, &error));
  g_assert_no_error (error);
  g_assert_cmpint (duration.months, ==, months);
  g_assert_cmpint (duration.seconds, ==, seconds);
}

static void
test_duration (void)
{
  assert_duration ("P30D", 0, 30 * 86400);
  assert_duration ("p30d", 0, 30 * 86400);
  assert_duration ("30d", 0, 30 * 86400);
  assert_duration ("5y", 60, 0);
  assert_duration ("T16m", 0, 16 * 60);
  assert_duration ("PT1H", 0, 3600);
  assert_duration ("30dT5h", 0, 30 * 86400 + 5 * 3600);
  assert_duration ("P4DT12H", 0, 4 * 86400 + 12 * 3600);
  assert_duration ("P1Y2M3W4DT5H6M7S", 14, 3 * 604800 + 4 * 86400 + 5 * 3600 + 6 * 60 + 7);
  assert_duration ("P1M", 1, 0);
  assert_duration ("PT1M", 0, 60);
  assert_duration ("0d", 0, 0);
}

static void
test_bad_durations (void)
{
  for (const char *const *text = (const char *const[]){ "",
                                                        "P",
                                                        "PT",
                                                        "T",
                                                        "P1",
                                                        "5",
                                                        "d",
                                                        "P5H",
                                                        "PT5D",
                                                        "P1D2Y",
                                                        "P1D1D",
                                                        "P1.5D",
                                                        "P-1D",
                                                        "P1DT",
                                                        "P1D ",
                                                        " P1D",
                                                        "PP1D",
                                                        "P1DT1HT1M",
                                                        "P9999999999D",
                                                        "P99999999999999999999999D",
                                                        "P1X",
                                                        "TP1H",
                                                        NULL };
       *text != NULL; text++)
    {
      AtelierDuration duration = { 7, 7 };
      g_autoptr (GError) error = NULL;
      g_autofree char *begin = g_strdup_printf ("“%s” is not a duration: ", *text);

      g_assert_false (atelier_duration_parse (*text, &duration, &error));
      g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX);
      g_assert_true (g_str_has_prefix (error->message, begin));
      g_assert_cmpint (duration.months, ==, 7);
    }
}

static void
assert_before (const char *text, const char *moment, const char *expected)
{
  AtelierDuration duration;
  g_autofree char *result = NULL;

  g_assert_true (atelier_duration_parse (text, &duration, NULL));
  result = atelier_time_format_iso (atelier_duration_before (&duration, atelier_time_parse_iso (moment)));
  g_assert_cmpstr (result, ==, expected);
}

static void
test_duration_before (void)
{
  AtelierDuration ages = { 0 };

  assert_before ("P1M", "2026-03-31T10:00:00Z", "2026-02-28T10:00:00.000000Z");
  assert_before ("P1Y", "2024-02-29T10:00:00Z", "2023-02-28T10:00:00.000000Z");
  assert_before ("P1DT1H", "2026-01-01T00:30:00Z", "2025-12-30T23:30:00.000000Z");
  assert_before ("PT0S", "2026-01-01T00:30:00.123456Z", "2026-01-01T00:30:00.123456Z");
  g_assert_true (atelier_duration_parse ("999999999y", &ages, NULL));
  g_assert_cmpint (atelier_duration_before (&ages, 0), ==, G_MININT64);
}

/* CacheConfig. */

static void
test_cache_policy (void)
{
  g_autoptr (AtelierDocument) full = fake_document ("{`Enabled`: true, `ExpireAfter`: `PT1H`}");
  g_autoptr (AtelierDocument) endless = fake_document ("{`Enabled`: true}");
  g_autoptr (AtelierDocument) null = fake_document ("null");
  AtelierCachePolicy policy = { TRUE };
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_cache_policy_read (NULL, &policy, NULL, &error));
  g_assert_false (policy.enabled);
  g_assert_true (atelier_cache_policy_read (atelier_document_get_root (null), &policy, NULL, &error));
  g_assert_false (policy.enabled);
  g_assert_true (atelier_cache_policy_read (atelier_document_get_root (full), &policy, NULL, &error));
  g_assert_true (policy.enabled && policy.expires);
  g_assert_cmpint (atelier_cache_policy_get_oldest_us (&policy, 7200 * SECOND), ==, 3600 * SECOND);
  g_assert_true (atelier_cache_policy_read (atelier_document_get_root (endless), &policy, NULL, &error));
  g_assert_true (policy.enabled && !policy.expires);
  g_assert_cmpint (atelier_cache_policy_get_oldest_us (&policy, 7200 * SECOND), ==, G_MININT64);
}

static void
assert_bad_cache_policy (const char *text, const char *pointer)
{
  g_autoptr (AtelierDocument) document = fake_document (text);
  AtelierCachePolicy policy = { TRUE };
  const AtelierNode *where = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;

  g_assert_false (atelier_cache_policy_read (atelier_document_get_root (document), &policy, &where, &error));
  g_assert_nonnull (error);
  g_assert_true (policy.enabled);
  found = atelier_node_dup_pointer (where);
  g_assert_cmpstr (found, ==, pointer);
}

static void
test_bad_cache_policies (void)
{
  assert_bad_cache_policy ("5", "");
  assert_bad_cache_policy ("{`Enabled`: `yes`}", "/Enabled");
  assert_bad_cache_policy ("{`Enabled`: true, `ExpireAfter`: 30}", "/ExpireAfter");
  assert_bad_cache_policy ("{`Enabled`: true, `ExpireAfter`: `soon`}", "/ExpireAfter");
}

/* RetryPolicies. */

static GPtrArray *
read_policies (const char *text)
{
  g_autoptr (AtelierDocument) document = fake_document (text);
  g_autoptr (GError) error = NULL;
  GPtrArray *policies = atelier_retry_policies_read (atelier_document_get_root (document), NULL, &error);

  g_assert_no_error (error);
  return policies;
}

/* The seconds to wait after attempt @n_attempts, which began at 0 and ended at @now_seconds; -1: no retry. */
static gint64
decide (const GPtrArray *policies, AtelierException exception, guint n_attempts, gint64 now_seconds)
{
  gint64 not_before_us = G_MININT64;

  if (!atelier_retry_policies_decide (policies, ATELIER_EXCEPTION_BIT (exception), n_attempts, 0,
                                      now_seconds * SECOND,
                                      &not_before_us))
    {
      g_assert_cmpint (not_before_us, ==, G_MININT64);
      return -1;
    }
  return not_before_us / SECOND - now_seconds;
}

static void
test_default_retries (void)
{
  gint64 not_before_us;

  for (guint n = 1; n <= 5; n++)
    {
      g_assert_cmpint (decide (NULL, ATELIER_EXCEPTION_SERVICE_FAULT, n, 100), ==, 1 << (n - 1));
      g_assert_cmpint (decide (NULL, ATELIER_EXCEPTION_THROTTLING, n, 100), ==, 1 << (n - 1));
    }
  g_assert_cmpint (decide (NULL, ATELIER_EXCEPTION_SERVICE_FAULT, 6, 100), ==, -1);
  g_assert_cmpint (decide (NULL, ATELIER_EXCEPTION_JOB_INTERNAL_ERROR, 1, 100), ==, -1);
  g_assert_cmpint (decide (NULL, ATELIER_EXCEPTION_CAPACITY_ERROR, 1, 100), ==, -1);
  g_assert_false (atelier_retry_policies_decide (NULL, 0, 1, 0, 0, &not_before_us));
}

static void
test_retry_policies (void)
{
  g_autoptr (GPtrArray) policies = read_policies (
      "[{`ExceptionType`: [`SageMaker.CAPACITY_ERROR`, `SageMaker.RESOURCE_LIMIT`], `IntervalSeconds`: 10,"
      "  `BackoffRate`: 3, `MaxAttempts`: 2},"
      " {`ExceptionType`: `SageMaker.JOB_INTERNAL_ERROR`, `IntervalSeconds`: 60, `BackoffRate`: 1.0, "
      "`ExpireAfterMin`: 5},"
      " {`ExceptionType`: [`Step.SERVICE_FAULT`, `SageMaker.RESOURCE_LIMIT`], `MaxAttempts`: 0},"
      " {`ExceptionType`: [`Something.NEW`], `MaxAttempts`: 1}]");
  gint64 not_before_us;

  g_assert_cmpuint (policies->len, ==, 4);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_CAPACITY_ERROR, 1, 7), ==, 10);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_CAPACITY_ERROR, 2, 7), ==, 30);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_CAPACITY_ERROR, 3, 7), ==, -1);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_RESOURCE_LIMIT, 1, 7), ==, 10); /* the first that names it */
  /* The next attempt would begin at 300 seconds, just in time, and at 301. */
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_JOB_INTERNAL_ERROR, 9, 240), ==, 60);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_JOB_INTERNAL_ERROR, 1, 241), ==, -1);
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_SERVICE_FAULT, 1, 7), ==, -1); /* not even the default */
  g_assert_cmpint (decide (policies, ATELIER_EXCEPTION_THROTTLING, 1, 7), ==, 1);
  g_assert_true (atelier_retry_policies_decide (policies, ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_CAPACITY_ERROR)
                                                          | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT),
                                                1, 0, 0, &not_before_us));
}

static void
test_retry_defaults_and_limits (void)
{
  g_autoptr (GPtrArray) bare = read_policies ("[{`ExceptionType`: [`SageMaker.CAPACITY_ERROR`]}]");
  g_autoptr (GPtrArray) steep
      = read_policies ("[{`ExceptionType`: [`SageMaker.CAPACITY_ERROR`], `IntervalSeconds`: 43200,"
                       " `BackoffRate`: 1e300, `MaxAttempts`: 20}]");
  g_autoptr (GPtrArray) none = read_policies ("null");

  g_assert_cmpint (decide (bare, ATELIER_EXCEPTION_CAPACITY_ERROR, 5, 0), ==, 16);
  g_assert_cmpint (decide (bare, ATELIER_EXCEPTION_CAPACITY_ERROR, 6, 0), ==, -1);
  g_assert_cmpint (decide (steep, ATELIER_EXCEPTION_CAPACITY_ERROR, 20, 1), >, 0); /* for ever, but no overflow */
  g_assert_cmpuint (none->len, ==, 0);
}

static void
assert_bad_policies (const char *text, const char *pointer)
{
  g_autoptr (AtelierDocument) document = fake_document (text);
  const AtelierNode *where = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;

  g_assert_null (atelier_retry_policies_read (atelier_document_get_root (document), &where, &error));
  g_assert_nonnull (error);
  found = atelier_node_dup_pointer (where);
  g_assert_cmpstr (found, ==, pointer);
}

static void
test_bad_retry_policies (void)
{
  assert_bad_policies ("{}", "");
  assert_bad_policies ("[5]", "/0");
  assert_bad_policies ("[{`ExceptionType`: [`Step.THROTTLING`]}, {`MaxAttempts`: 1}]", "/1");
  assert_bad_policies ("[{`ExceptionType`: [5]}]", "/0/ExceptionType/0");
  assert_bad_policies ("[{`ExceptionType`: 5}]", "/0/ExceptionType");
  assert_bad_policies ("[{`ExceptionType`: [], `MaxAttempts`: 1, `ExpireAfterMin`: 1}]", "/0");
  assert_bad_policies ("[{`ExceptionType`: [], `MaxAttempts`: 21}]", "/0/MaxAttempts");
  assert_bad_policies ("[{`ExceptionType`: [], `MaxAttempts`: 1.5}]", "/0/MaxAttempts");
  assert_bad_policies ("[{`ExceptionType`: [], `IntervalSeconds`: 43201}]", "/0/IntervalSeconds");
  assert_bad_policies ("[{`ExceptionType`: [], `BackoffRate`: -1}]", "/0/BackoffRate");
  assert_bad_policies ("[{`ExceptionType`: [], `ExpireAfterMin`: `5`}]", "/0/ExpireAfterMin");
}

static void
test_exceptions (void)
{
  AtelierException exception = ATELIER_EXCEPTION_N_VALUES;

  for (int i = 0; i < ATELIER_EXCEPTION_N_VALUES; i++)
    {
      g_assert_true (atelier_exception_from_text (atelier_exception_to_text (i), &exception));
      g_assert_cmpint (exception, ==, i);
    }
  g_assert_false (atelier_exception_from_text ("Step.Throttling", &exception));
}

/* Instance types. */

static void
assert_instance (const char *name, guint cpus, double gib, guint gpus)
{
  AtelierInstanceType type = atelier_instance_type_look_up (name);

  g_assert_true (type.known);
  g_assert_cmpuint (type.cpus, ==, cpus);
  g_assert_cmpfloat_with_epsilon (type.memory_bytes / (double) GIB, gib, 0.01);
  g_assert_cmpuint (type.gpus, ==, gpus);
}

static void
test_instance_types (void)
{
  assert_instance ("ml.m5.large", 2, 8, 0);
  assert_instance ("ml.m5.xlarge", 4, 16, 0);
  assert_instance ("ml.m5.4xlarge", 16, 64, 0);
  assert_instance ("ml.m5.24xlarge", 96, 384, 0);
  assert_instance ("ML.M5.XLARGE", 4, 16, 0);
  assert_instance ("m6i.8xlarge", 32, 128, 0);
  assert_instance ("ml.m4.10xlarge", 40, 160, 0);
  assert_instance ("ml.c4.large", 2, 3.75, 0);
  assert_instance ("ml.c4.8xlarge", 36, 60, 0);
  assert_instance ("ml.c5.9xlarge", 36, 72, 0);
  assert_instance ("ml.c5n.xlarge", 4, 10.5, 0);
  assert_instance ("ml.r5.2xlarge", 8, 64, 0);
  assert_instance ("ml.t3.medium", 2, 4, 0);
  assert_instance ("ml.t3.2xlarge", 8, 32, 0);
  assert_instance ("ml.g4dn.xlarge", 4, 16, 1);
  assert_instance ("ml.g4dn.12xlarge", 48, 192, 4);
  assert_instance ("ml.g5.48xlarge", 192, 768, 8);
  assert_instance ("ml.p3.2xlarge", 8, 61, 1);
  assert_instance ("ml.p3.16xlarge", 64, 488, 8);
  assert_instance ("ml.p4d.24xlarge", 96, 1152, 8);
  assert_instance ("ml.p5.48xlarge", 192, 2048, 8);
  assert_instance ("ml.inf2.xlarge", 4, 16, 0);
}

static void
test_unknown_instance_types (void)
{
  for (const char *const *name
       = (const char *const[]){ "", "ml.", "local", "ml.m5", "ml.m5.", "ml.m5.huge", "ml.z9.xlarge",
                                "ml.m5.999999999999999999999xlarge", "ml.m.large", "ml.m5.0xlarge", "..", NULL };
       *name != NULL; name++)
    {
      AtelierInstanceType type = atelier_instance_type_look_up (*name);

      g_assert_false (type.known);
      g_assert_cmpuint (type.cpus, ==, 1);
      g_assert_cmpint (type.memory_bytes, ==, GIB);
    }
  g_assert_false (atelier_instance_type_look_up (NULL).known);
}

/* Status words. */

static void
test_status_words (void)
{
  AtelierStepStatus step = ATELIER_STEP_STATUS_PENDING;
  AtelierExecutionStatus execution = ATELIER_EXECUTION_STATUS_STOPPED;
  AtelierApprovalStatus approval = ATELIER_APPROVAL_STATUS_REJECTED;

  for (int i = 0; i < ATELIER_STEP_STATUS_N_VALUES; i++)
    {
      g_assert_true (atelier_step_status_from_text (atelier_step_status_to_text (i), &step));
      g_assert_cmpint (step, ==, i);
    }
  for (int i = 0; i < ATELIER_EXECUTION_STATUS_N_VALUES; i++)
    {
      g_assert_true (atelier_execution_status_from_text (atelier_execution_status_to_text (i), &execution));
      g_assert_cmpint (execution, ==, i);
    }
  for (int i = 0; i < ATELIER_APPROVAL_STATUS_N_VALUES; i++)
    {
      g_assert_true (atelier_approval_status_from_text (atelier_approval_status_to_text (i), &approval));
      g_assert_cmpint (approval, ==, i);
    }
  g_assert_cmpstr (atelier_approval_status_to_text (ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL), ==,
                   "PendingManualApproval");
  g_assert_false (atelier_step_status_from_text ("succeeded", &step));
  g_assert_false (atelier_execution_status_from_text (NULL, &execution));
  g_assert_false (atelier_approval_status_from_text ("Pending", &approval));
  g_assert_cmpint (approval, ==, ATELIER_APPROVAL_STATUS_REJECTED);
}

static void
test_final_statuses (void)
{
  g_assert_true (atelier_step_status_is_final (ATELIER_STEP_STATUS_SKIPPED));
  g_assert_true (atelier_step_status_is_final (ATELIER_STEP_STATUS_CACHED));
  g_assert_false (atelier_step_status_is_final (ATELIER_STEP_STATUS_WAITING));
  g_assert_false (atelier_step_status_is_final (ATELIER_STEP_STATUS_INTERRUPTED));
  g_assert_true (atelier_step_status_is_success (ATELIER_STEP_STATUS_CACHED));
  g_assert_false (atelier_step_status_is_success (ATELIER_STEP_STATUS_SKIPPED));
  g_assert_true (atelier_execution_status_is_final (ATELIER_EXECUTION_STATUS_FAILED));
  g_assert_false (atelier_execution_status_is_final (ATELIER_EXECUTION_STATUS_STOPPING));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/duration/parse", test_duration);
  g_test_add_func ("/duration/bad", test_bad_durations);
  g_test_add_func ("/duration/before", test_duration_before);
  g_test_add_func ("/cache-policy/read", test_cache_policy);
  g_test_add_func ("/cache-policy/bad", test_bad_cache_policies);
  g_test_add_func ("/retry-policy/default", test_default_retries);
  g_test_add_func ("/retry-policy/decide", test_retry_policies);
  g_test_add_func ("/retry-policy/defaults-and-limits", test_retry_defaults_and_limits);
  g_test_add_func ("/retry-policy/bad", test_bad_retry_policies);
  g_test_add_func ("/retry-policy/exceptions", test_exceptions);
  g_test_add_func ("/instance-type/known", test_instance_types);
  g_test_add_func ("/instance-type/unknown", test_unknown_instance_types);
  g_test_add_func ("/status/words", test_status_words);
  g_test_add_func ("/status/final", test_final_statuses);
  return g_test_run ();
}
