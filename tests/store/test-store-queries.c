/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>

#include "store-fixture.h"

/* Queries: pages, filters, what a person types, earlier runs, thinning of curves; and that pages are read off an
 * index. */

typedef struct
{
  gint64      projects[2];
  const char *ids[60];
} Sample;

/* 60 executions: of project 1 pipelines “train” (0, 4, …) and “eval”, of project 2 “train”, of none “loose”; every
 * third has failed. */
static void
make_sample (StoreFixture *f, Sample *sample)
{
  static const char * const pipelines[] = { "train", "eval", "train", "loose" };
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    sample->projects[i] = atelier_store_create_project (f->store,
                                                        &(AtelierNewProject) { .name = i == 0 ? "One" : "Two" }, NULL,
                                                        &error);
  for (guint i = 0; i < G_N_ELEMENTS (sample->ids); i++)
    {
      g_autofree char *id = g_strdup_printf ("%s%010u", i % 2 == 0 ? "ab" : "cd", i);
      g_autofree char *subject = g_strdup_printf ("commit %u 100%%", i);
      AtelierNewStep steps[] = { { "A", "Processing" }, { "B", "Training" } };
      AtelierNewExecution execution = {
        .id = id, .project_id = i % 4 < 2 ? sample->projects[0] : i % 4 == 2 ? sample->projects[1] : 0,
        .pipeline_name = pipelines[i % 4], .definition_digest = "d", .commit_subject = subject,
        .status = i % 3 == 0 ? ATELIER_EXECUTION_STATUS_FAILED : ATELIER_EXECUTION_STATUS_EXECUTING,
        .created_at_us = 1000 + i
      };

      sample->ids[i] = g_intern_string (id);
      g_assert_true (atelier_store_create_execution (f->store, &execution, steps, 2, NULL, &error));
      g_assert_no_error (error);
    }
}

/* The numbers of the sample that a query gives, page by page. */
static char *
numbers (StoreFixture *f, AtelierExecutionQuery query)
{
  g_autoptr (GString) text = g_string_new (NULL);

  while (TRUE)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) page = atelier_store_list_executions (f->store, &query, &error);

      g_assert_no_error (error);
      for (guint i = 0; i < page->len; i++)
        {
          const AtelierExecutionRecord *record = page->pdata[i];

          g_string_append_printf (text, "%s%d", text->len == 0 ? "" : " ", atoi (record->id + 2));
          query.before_sequence = record->sequence;
        }
      if (page->len == 0)
        break;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* What the numbers should be: those for which @wanted says so, newest first. */
static char *
expected (gboolean (*wanted) (guint i))
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 60; i-- > 0;)
    if (wanted (i))
      g_string_append_printf (text, "%s%u", text->len == 0 ? "" : " ", i);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean want_all (guint i) { return TRUE; }
static gboolean want_project_1 (guint i) { return i % 4 < 2; }
static gboolean want_pipeline_1 (guint i) { return i % 4 == 0; }
static gboolean want_failed (guint i) { return i % 3 == 0; }
static gboolean want_failed_of_project_1 (guint i) { return i % 3 == 0 && i % 4 < 2; }
static gboolean want_failed_of_pipeline_1 (guint i) { return i % 12 == 0; }
static gboolean want_eval (guint i) { return i % 4 == 1; }
static gboolean want_5 (guint i) { return i == 5 || i / 10 == 5; }
static gboolean want_none (guint i) { return FALSE; }

static void
test_pages (StoreFixture *f, gconstpointer data)
{
  const guint failed = 1u << ATELIER_EXECUTION_STATUS_FAILED;
  const guint both = failed | 1u << ATELIER_EXECUTION_STATUS_EXECUTING;
  Sample sample;
  g_autoptr (GPtrArray) pipelines = NULL;
  g_autoptr (GPtrArray) everything = NULL;

  make_sample (f, &sample);
  pipelines = atelier_store_list_pipelines (f->store, sample.projects[0], NULL);
  g_assert_cmpuint (pipelines->len, ==, 2);
  {
    const AtelierPipelineRecord *eval = pipelines->pdata[0];
    const AtelierPipelineRecord *train = pipelines->pdata[1];
    const struct { AtelierExecutionQuery query; gboolean (*wanted) (guint i); } cases[] = {
      { { .limit = 7 }, want_all },
      { { .limit = 1 }, want_all },
      { { .limit = 7, .project_id = sample.projects[0] }, want_project_1 },
      { { .limit = 4, .pipeline_id = train->id }, want_pipeline_1 },
      { { .limit = 4, .pipeline_id = train->id, .project_id = sample.projects[0] }, want_pipeline_1 },
      { { .limit = 3, .statuses = failed }, want_failed },
      { { .limit = 3, .statuses = both }, want_all },
      { { .limit = 3, .statuses = failed, .project_id = sample.projects[0] }, want_failed_of_project_1 },
      { { .limit = 3, .statuses = failed, .pipeline_id = train->id }, want_failed_of_pipeline_1 },
      { { .limit = 3, .statuses = 1u << ATELIER_EXECUTION_STATUS_STOPPED }, want_none },
      { { .text = "EVAL" }, want_eval },
      { { .limit = 2, .text = "commit 5" }, want_5 },
      { { .text = "0%" }, want_all }, /* a percent sign is a percent sign */
      { { .text = "1%0" }, want_none },
      { { .text = "comm_t" }, want_none },
      { { .text = "" }, want_all },
      { { .text = "\\" }, want_none },
      { { .text = "'; DROP TABLE executions; --" }, want_none },
    };

    g_assert_cmpstr (eval->name, ==, "eval");
    g_assert_cmpint (train->n_executions, ==, 15);
    g_assert_cmpstr (train->last_execution_id, ==, sample.ids[56]);
    g_assert_cmpint (train->last_status, ==, ATELIER_EXECUTION_STATUS_EXECUTING);
    g_assert_cmpint (train->last_at_us, ==, 1056);
    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
      {
        g_autofree char *is = numbers (f, cases[i].query);
        g_autofree char *should = expected (cases[i].wanted);

        g_test_message ("case %u", (guint) i);
        g_assert_cmpstr (is, ==, should);
      }
  }
  everything = atelier_store_list_executions (f->store, NULL, NULL);
  g_assert_cmpuint (everything->len, ==, 60);
}

/* The sorting and scanning that would make a page slow is not there. */
static void
test_pages_use_indices (StoreFixture *f, gconstpointer data)
{
  static const char * const wheres[] = {
    "e.sequence < 9 AND e.pipeline_id = 1 ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 AND e.project_id = 1 ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 AND e.status IN ('Failed') ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 AND e.project_id = 1 AND e.status IN ('Failed') ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 AND e.pipeline_id = 1 AND e.status IN ('Failed') ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 AND e.pipeline_id = 1 AND +e.status IN ('Failed', 'Stopped') ORDER BY e.sequence DESC LIMIT 5",
    "e.sequence < 9 ORDER BY e.sequence DESC LIMIT 5",
  };
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (f->path, &db), ==, SQLITE_OK);
  for (gsize i = 0; i < G_N_ELEMENTS (wheres); i++)
    {
      g_autofree char *sql = g_strdup_printf ("EXPLAIN QUERY PLAN SELECT 1 %s WHERE %s",
                                              atelier_execution_record_type.from, wheres[i]);
      sqlite3_stmt *statement = NULL;

      g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
      while (sqlite3_step (statement) == SQLITE_ROW)
        {
          const char *detail = (const char *) sqlite3_column_text (statement, 3);

          g_test_message ("%u: %s", (guint) i, detail);
          g_assert_null (strstr (detail, "TEMP B-TREE"));
          g_assert_false (g_str_has_prefix (detail, "SCAN"));
          if (i < 6 && g_str_has_prefix (detail, "SEARCH e "))
            g_assert_nonnull (strstr (detail, "INDEX executions_"));
        }
      sqlite3_finalize (statement);
    }
  sqlite3_close (db);
}

static void
assert_finds (StoreFixture *f, const char *text, const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierExecutionRecord) record = atelier_store_find_execution (f->store, text, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (record->id, ==, id);
}

static void
assert_finds_not (StoreFixture *f, const char *text, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_store_find_execution (f->store, text, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, code);
  g_test_message ("%s", error->message);
}

static void
test_find (StoreFixture *f, gconstpointer data)
{
  Sample sample;
  const char *named;

  make_sample (f, &sample);
  assert_finds (f, sample.ids[7], sample.ids[7]);
  named = store_fixture_execution (f, 0, "ab", "A"); /* a pipeline whose name is how half of the ids begin */
  assert_finds (f, "ab", named);
  assert_finds (f, "ab#1", named);
  assert_finds (f, "loose#3", sample.ids[11]);
  assert_finds (f, "loose", sample.ids[59]);
  assert_finds (f, "One/train#2", sample.ids[4]);
  assert_finds (f, "Two/train", sample.ids[58]);
  assert_finds_not (f, "train#2", ATELIER_STORE_ERROR_CONFLICT); /* two projects have it */
  assert_finds_not (f, "cd00", ATELIER_STORE_ERROR_CONFLICT);
  assert_finds_not (f, "loose#99", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "loose#0", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "loose#99999999999999999999", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "Three/train#2", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "#", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "AB00", ATELIER_STORE_ERROR_NOT_FOUND);
  assert_finds_not (f, "aaaaaaaaaaaaa", ATELIER_STORE_ERROR_NOT_FOUND);
}

static void
test_find_prefix (StoreFixture *f, gconstpointer data)
{
  const char *id = store_fixture_execution (f, 0, "pipeline", "A");

  for (gsize length = 1; length <= 12; length++)
    {
      g_autofree char *prefix = g_strndup (id, length);

      assert_finds (f, prefix, id);
    }
}

/* --- earlier runs --- */

static const char *
run (StoreFixture *f, const char *pipeline, AtelierStepStatus status, const char *key, gint64 start_us, gint64 end_us)
{
  const char *id = store_fixture_execution (f, 0, pipeline, "A B");
  g_autofree char *components = g_strdup_printf ("{\"key\":\"%s\"}", key);
  AtelierStepUpdate update = { .status = status, .started_at_us = start_us, .ended_at_us = end_us, .cache_key = key,
                               .cache_components_json = components };

  atelier_store_step_changed (f->store, id, "A", &update, NULL, NULL);
  g_assert_true (atelier_store_flush (f->store, NULL));
  return id;
}

static void
assert_cached (StoreFixture *f, gint64 pipeline_id, const char *step, const char *key, gint64 not_before_us,
               const char *id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStepRecord) record = atelier_store_look_up_cached (f->store, pipeline_id, step, key,
                                                                       not_before_us, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (record != NULL ? record->execution_id : NULL, ==, id);
}

static void
test_earlier_runs (StoreFixture *f, gconstpointer data)
{
  const char *first = run (f, "p", ATELIER_STEP_STATUS_SUCCEEDED, "k1", 100, 200);
  const char *second = run (f, "p", ATELIER_STEP_STATUS_SUCCEEDED, "k1", 300, 700);
  const char *failed = run (f, "p", ATELIER_STEP_STATUS_FAILED, "k2", 800, 900);
  const char *cached = run (f, "p", ATELIER_STEP_STATUS_CACHED, "k1", 950, 950);
  const char *asking = store_fixture_execution (f, 0, "p", "A B");
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierExecutionRecord) execution = atelier_store_get_execution (f->store, asking, NULL);
  g_autoptr (AtelierStepRecord) newest = NULL;
  g_autoptr (AtelierStepRecord) before = NULL;
  g_autoptr (GHashTable) durations = NULL;
  gint64 pipeline_id = execution->pipeline_id;
  gint64 *median;

  run (f, "other", ATELIER_STEP_STATUS_SUCCEEDED, "k1", 100, 2000);
  assert_cached (f, pipeline_id, "A", "k1", 0, second);   /* not another pipeline's, nor the cached one */
  assert_cached (f, pipeline_id, "A", "k1", 700, second);
  assert_cached (f, pipeline_id, "A", "k1", 701, NULL);   /* expired */
  assert_cached (f, pipeline_id, "A", "k2", 0, NULL);     /* failed */
  assert_cached (f, pipeline_id, "B", "k1", 0, NULL);
  assert_cached (f, pipeline_id + 7, "A", "k1", 0, NULL);

  newest = atelier_store_look_up_previous (f->store, pipeline_id, "A", asking, &error);
  g_assert_cmpstr (newest->execution_id, ==, cached);
  before = atelier_store_look_up_previous (f->store, pipeline_id, "A", cached, &error);
  g_assert_cmpstr (before->execution_id, ==, failed);
  g_assert_cmpstr (before->cache_components_json, ==, "{\"key\":\"k2\"}");
  g_assert_null (atelier_store_look_up_previous (f->store, pipeline_id, "B", NULL, &error));
  g_assert_no_error (error);

  run (f, "p", ATELIER_STEP_STATUS_SUCCEEDED, "k3", 0, 0);
  run (f, "p", ATELIER_STEP_STATUS_SUCCEEDED, "k3", 1000, 1300);
  durations = atelier_store_list_expected_durations (f->store, pipeline_id, &error);
  g_assert_cmpuint (g_hash_table_size (durations), ==, 1);
  median = g_hash_table_lookup (durations, "A");
  g_assert_cmpint (*median, ==, 300); /* of 100, 300 and 400 */
  g_assert_nonnull (first);
}

/* --- lineage --- */

static void
test_uses (StoreFixture *f, gconstpointer data)
{
  const char *id = store_fixture_execution (f, 0, "p", "A B");
  const AtelierLineageItem made = { ATELIER_LINEAGE_PRODUCED, "out", "s3://b/x", "d1", 1 };
  const AtelierLineageItem made_anew = { ATELIER_LINEAGE_PRODUCED, "out", "s3://b/x", "d2", 1 };
  const AtelierLineageItem copied = { ATELIER_LINEAGE_PRODUCED, "out", "s3://b/y", "d1", 1 };
  const AtelierLineageItem used = { ATELIER_LINEAGE_USED, "in", "s3://b/x", "d1", 1 };
  const struct { const char *uri; const char *digest; guint n; } cases[] = {
    { "s3://b/x", NULL, 3 }, { "s3://b/x", "d1", 2 }, { NULL, "d1", 3 }, { "s3://b/x", "d3", 0 }, { NULL, NULL, 0 }
  };

  atelier_store_lineage_seen (f->store, id, "A", 1, &made, 1, NULL, NULL);
  atelier_store_lineage_seen (f->store, id, "A", 2, &made_anew, 1, NULL, NULL);
  atelier_store_lineage_seen (f->store, id, "A", 2, &copied, 1, NULL, NULL);
  atelier_store_lineage_seen (f->store, id, "B", 1, &used, 1, NULL, NULL);
  g_assert_true (atelier_store_flush (f->store, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GPtrArray) uses = atelier_store_list_uses (f->store, cases[i].uri, cases[i].digest, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (uses->len, ==, cases[i].n);
      if (i == 1)
        g_assert_cmpstr (((AtelierLineageRecord *) uses->pdata[0])->step, ==, "B"); /* newest first */
    }
}

/* --- curves --- */

static void
test_thinning (StoreFixture *f, gconstpointer data)
{
  enum { N = 10000 };
  const char *id = store_fixture_execution (f, 0, "p", "A");
  g_autofree AtelierMetricPoint *points = g_new (AtelierMetricPoint, N);
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierMetricSeries) thin = NULL;
  g_autoptr (AtelierMetricSeries) rest = NULL;
  g_autoptr (AtelierMetricSeries) whole = NULL;
  gboolean has_spike = FALSE;
  gboolean has_dip = FALSE;

  for (guint i = 0; i < N; i++)
    points[i] = (AtelierMetricPoint) { "m", i, i == 4321 ? 99 : i == 8765 ? -99 : sin (i / 500.0), 1000 + i };
  points[17].value = NAN;
  atelier_store_metrics_logged (f->store, id, "A", 1, points, N, NULL, NULL);
  g_assert_true (atelier_store_flush (f->store, NULL));

  thin = atelier_store_get_metric_series (f->store, id, "A", 0, "m", G_MININT64, 400, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (thin->n_stored, ==, N);
  g_assert_cmpuint (thin->n_points, <=, 404);
  g_assert_cmpuint (thin->n_points, >=, 150);
  g_assert_cmpint (thin->iterations[0], ==, 0);
  g_assert_cmpint (thin->iterations[thin->n_points - 1], ==, N - 1);
  for (gsize i = 0; i < thin->n_points; i++)
    {
      g_assert_true (i == 0 || thin->iterations[i] > thin->iterations[i - 1]);
      g_assert_cmpint (thin->at_us[i], ==, 1000 + thin->iterations[i]);
      has_spike |= thin->values[i] == 99;
      has_dip |= thin->values[i] == -99;
    }
  g_assert_true (has_spike && has_dip);

  rest = atelier_store_get_metric_series (f->store, id, "A", 1, "m", N - 11, 400, &error);
  g_assert_cmpuint (rest->n_points, ==, 10);
  whole = atelier_store_get_metric_series (f->store, id, "A", 1, "m", G_MININT64, 0, &error);
  g_assert_cmpuint (whole->n_points, ==, N);
  g_assert_true (isnan (whole->values[17]));
}

/* A record outlives its array and the store, on any thread. */
static void
test_records_are_counted (StoreFixture *f, gconstpointer data)
{
  const char *id = store_fixture_execution (f, 0, "p", "A B");
  GPtrArray *steps = atelier_store_list_steps (f->store, id, NULL);
  g_autoptr (AtelierStepRecord) b = atelier_step_record_ref (steps->pdata[1]);

  g_ptr_array_unref (steps);
  store_fixture_close (f);
  g_assert_cmpstr (b->name, ==, "B");
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/queries/pages", test_pages);
  STORE_TEST ("/store/queries/pages-use-indices", test_pages_use_indices);
  STORE_TEST ("/store/queries/find", test_find);
  STORE_TEST ("/store/queries/find-prefix", test_find_prefix);
  STORE_TEST ("/store/queries/earlier-runs", test_earlier_runs);
  STORE_TEST ("/store/queries/uses", test_uses);
  STORE_TEST ("/store/queries/thinning", test_thinning);
  STORE_TEST ("/store/queries/records-are-counted", test_records_are_counted);
  return g_test_run ();
}
