/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>

#include "store-fixture.h"

/* What the store does in a second. Printed, never asserted: machines differ. Set ATELIER_STORE_SPEED to a factor for
 * a larger run. */

static gsize
scaled (gsize n)
{
  const char *factor = g_getenv ("ATELIER_STORE_SPEED");

  return n * (gsize) (factor != NULL ? MAX (atoi (factor), 1) : 1);
}

static double
since (gint64 start_us)
{
  return (double) MAX (g_get_monotonic_time () - start_us, 1) / 1e6;
}

static const char *
make_execution (StoreFixture *f, gsize n_steps)
{
  g_autoptr (GString) names = g_string_new ("S0");
  gint64 start = g_get_monotonic_time ();
  const char *id;

  for (gsize i = 1; i < n_steps; i++)
    g_string_append_printf (names, " S%u", (guint) i);
  start = g_get_monotonic_time ();
  id = store_fixture_execution (f, 0, "p", names->str);
  g_test_message ("execution of %u steps: %.0f ms", (guint) n_steps, since (start) * 1e3);
  return id;
}

static void
test_events (StoreFixture *f, gconstpointer data)
{
  gsize n = scaled (10000);
  const char *id = make_execution (f, n);
  gint64 start = g_get_monotonic_time ();
  double queued;

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("S%u", (guint) i);
      g_autofree char *job = g_strdup_printf ("pipelines-%s-%s", id, name);
      const AtelierStepUpdate executing = { .status = ATELIER_STEP_STATUS_EXECUTING,
                                            .started_at_us = 1700000000000000 };
      const AtelierNewAttempt attempt = { .number = 1, .status = ATELIER_STEP_STATUS_EXECUTING, .job_name = job,
                                          .runtime = "python", .sandbox = "bubblewrap", .pid = 4242,
                                          .start_ticks = 123456, .boot_id = "6b1f8a52-0000-4000-8000-000000000000",
                                          .started_at_us = 1700000000000000 };
      const AtelierStepUpdate succeeded = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .ended_at_us = 1700000000100000,
                                            .properties_json = "{\"ProcessingJobStatus\":\"Completed\"}" };
      const AtelierAttemptUpdate done = { .number = 1, .status = ATELIER_STEP_STATUS_SUCCEEDED,
                                          .ended_at_us = 1700000000100000, .wall_us = 100000, .cpu_us = 90000,
                                          .peak_memory_bytes = 12345678, .log_bytes = 100 };

      atelier_store_step_started (f->store, id, name, &executing, &attempt, NULL, NULL);
      atelier_store_step_ended (f->store, id, name, &succeeded, &done, NULL, 0, NULL, NULL);
    }
  queued = since (start);
  g_assert_true (atelier_store_flush (f->store, NULL));
  g_test_message ("%u step events: %.0f/s (queued in %.0f ms)", (guint) n * 2, (double) n * 2 / since (start),
                  queued * 1e3);
}

static void
test_one_at_a_time (StoreFixture *f, gconstpointer data)
{
  gsize n = scaled (200);
  const char *id = store_fixture_execution (f, 0, "p", "A");
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < n; i++)
    {
      const AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_EXECUTING, .started_at_us = (gint64) i + 1 };

      atelier_store_step_changed (f->store, id, "A", &update, NULL, NULL);
      g_assert_true (atelier_store_flush (f->store, NULL));
    }
  g_test_message ("one event waited for: %.2f ms", since (start) * 1e3 / (double) n);
}

static void
test_metrics (StoreFixture *f, gconstpointer data)
{
  enum { BATCH = 1000, N_METRICS = 4 };
  static const char * const names[N_METRICS] = { "train:rmse", "validation:rmse", "train:mae", "validation:mae" };
  gsize n_batches = scaled (300);
  const char *id = store_fixture_execution (f, 0, "p", "A");
  g_autofree AtelierMetricPoint *points = g_new (AtelierMetricPoint, BATCH);
  gint64 start = g_get_monotonic_time ();
  gint64 read;
  g_autoptr (AtelierMetricSeries) series = NULL;

  for (gsize b = 0; b < n_batches; b++)
    {
      for (gsize i = 0; i < BATCH; i++)
        points[i] = (AtelierMetricPoint) { names[i % N_METRICS], (gint64) ((b * BATCH + i) / N_METRICS),
                                           sin ((double) i), 1700000000000000 + (gint64) i };
      atelier_store_metrics_logged (f->store, id, "A", 1, points, BATCH, NULL, NULL);
    }
  g_assert_true (atelier_store_flush (f->store, NULL));
  g_test_message ("metric points: %.0f/s", (double) (n_batches * BATCH) / since (start));
  read = g_get_monotonic_time ();
  series = atelier_store_get_metric_series (f->store, id, "A", 0, names[0], G_MININT64, 1000, NULL);
  g_assert_cmpuint (series->n_stored, ==, n_batches * BATCH / N_METRICS);
  g_test_message ("%u of %u points read: %.1f ms; file %.1f bytes a point", (guint) series->n_points,
                  (guint) series->n_stored, since (read) * 1e3,
                  (double) raw_int (f->path, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
                    / (double) (n_batches * BATCH));
}

static void
test_pages (StoreFixture *f, gconstpointer data)
{
  gsize n = scaled (2000);
  gsize n_pages = 200;
  AtelierExecutionQuery query = { .limit = 50 };
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *pipeline = g_strdup_printf ("p%u", (guint) (i % 100));
      g_autofree char *id = g_strdup_printf ("%012u", (guint) i);
      g_autofree char *sql = g_strdup_printf (
        "INSERT INTO executions (id, pipeline_id, number, status, \"trigger\", created_at_us, commit_subject) VALUES"
        " ('%s', %u, %u, 'Succeeded', 'manual', 1, 'max_depth 10')", id, (guint) (i % 100) + 1,
        (guint) (i / 100) + 1);

      if (i < 100)
        atelier_store_ensure_pipeline_version (f->store, 0, pipeline, "d", NULL, 1, NULL, NULL, NULL);
      queue_sql (f->store, sql, NULL, NULL);
    }
  g_assert_true (atelier_store_flush (f->store, NULL));
  start = g_get_monotonic_time ();
  for (gsize i = 0; i < n_pages; i++)
    {
      g_autoptr (GPtrArray) page = atelier_store_list_executions (f->store, &query, NULL);

      g_assert_cmpuint (page->len, ==, 50);
      query.before_sequence = ((AtelierExecutionRecord *) page->pdata[49])->sequence;
      if (query.before_sequence <= 50)
        query.before_sequence = 0;
    }
  g_test_message ("page of 50 of %u executions: %.3f ms", (guint) n, since (start) * 1e3 / (double) n_pages);
  start = g_get_monotonic_time ();
  query = (AtelierExecutionQuery) { .limit = 50, .text = "nowhere" };
  g_ptr_array_unref (atelier_store_list_executions (f->store, &query, NULL));
  g_test_message ("text that occurs nowhere: %.1f ms", since (start) * 1e3);
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/speed/events", test_events);
  STORE_TEST ("/store/speed/one-at-a-time", test_one_at_a_time);
  STORE_TEST ("/store/speed/metrics", test_metrics);
  STORE_TEST ("/store/speed/pages", test_pages);
  return g_test_run ();
}
