/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "store-fixture.h"

/* Group commit: told after the commit, in order, many to a commit; a failing event alone fails, a full disk fails
 * nobody for good; closing. */

typedef struct
{
  StoreFixture *f;
  const char   *execution_id;
  GPtrArray    *heard; /* of error codes as text, or "ok"; told on the writer thread, read after a flush */
  guint         n_unseen;
} Listener;

static void
on_committed_cb (gpointer user_data, const GError *error)
{
  Listener *self = user_data;

  g_ptr_array_add (self->heard, error != NULL ? g_strdup_printf ("%d", error->code) : g_strdup ("ok"));
}

/* Write first, then tell: who is told can read it. */
static void
on_committed_look_cb (gpointer user_data, const GError *error)
{
  Listener *self = user_data;
  g_autoptr (AtelierStepRecord) step = atelier_store_get_step (self->f->store, self->execution_id, "A", NULL);

  on_committed_cb (user_data, error);
  if (step == NULL || step->status != ATELIER_STEP_STATUS_EXECUTING)
    self->n_unseen++;
}

static void
listener_init (Listener *self, StoreFixture *f)
{
  *self = (Listener) { .f = f, .heard = g_ptr_array_new_with_free_func (g_free) };
}

static char *
listener_end (Listener *self)
{
  char *text;

  g_ptr_array_add (self->heard, NULL);
  text = g_strjoinv (" ", (char **) self->heard->pdata);
  g_ptr_array_unref (self->heard);
  return text;
}

static void
test_told_after_commit (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Listener listener;
  g_autofree char *heard = NULL;

  listener_init (&listener, f);
  listener.execution_id = store_fixture_execution (f, 0, "p", "A");
  atelier_store_step_changed (f->store, listener.execution_id, "A",
                              &(AtelierStepUpdate) { .status = ATELIER_STEP_STATUS_EXECUTING }, on_committed_look_cb,
                              &listener);
  g_assert_true (atelier_store_flush (f->store, &error));
  heard = listener_end (&listener);
  g_assert_cmpstr (heard, ==, "ok");
  g_assert_cmpuint (listener.n_unseen, ==, 0);
}

typedef struct
{
  AtelierEvent event;
  gint64       synchronous;
  gint64       foreign_keys;
} SettingsEvent;

static gboolean
apply_settings (AtelierDb *db, SettingsEvent *self, GError **error)
{
  return atelier_db_get_int (db, &self->synchronous, error, "PRAGMA synchronous", "")
         && atelier_db_get_int (db, &self->foreign_keys, error, "PRAGMA foreign_keys", "");
}

/* A commit is on disk when it returns. */
static void
test_settings (StoreFixture *f, gconstpointer data)
{
  SettingsEvent *settings = ATELIER_EVENT (SettingsEvent, apply_settings);
  g_autoptr (AtelierEvent) event = &settings->event;

  g_assert_true (atelier_store_wait (f->store, settings, NULL));
  g_assert_cmpint (settings->synchronous, ==, 2); /* FULL */
  g_assert_cmpint (settings->foreign_keys, ==, 1);
  g_assert_cmpint (raw_int (f->path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), ==, 1);
}

/* While another program writes, events wait, and reading goes on. */
static void
test_busy (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A");
  Listener listener;
  g_autofree char *heard = NULL;
  g_autoptr (AtelierStepRecord) step = NULL;
  sqlite3 *other = NULL;

  listener_init (&listener, f);
  g_assert_cmpint (sqlite3_open (f->path, &other), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_exec (other, "BEGIN IMMEDIATE; UPDATE executions SET note = 'x'", NULL, NULL, NULL), ==,
                   SQLITE_OK);
  atelier_store_step_changed (f->store, id, "A", &(AtelierStepUpdate) { .status = ATELIER_STEP_STATUS_EXECUTING },
                              on_committed_cb, &listener);
  step = atelier_store_get_step (f->store, id, "A", &error);
  g_assert_no_error (error);
  g_assert_cmpint (step->status, ==, ATELIER_STEP_STATUS_PENDING);
  g_assert_cmpint (sqlite3_exec (other, "COMMIT", NULL, NULL, NULL), ==, SQLITE_OK);
  sqlite3_close (other);
  g_assert_true (atelier_store_flush (f->store, &error));
  heard = listener_end (&listener);
  g_assert_cmpstr (heard, ==, "ok");
}

typedef struct
{
  AtelierEvent event;
  guint       *n_commits;
} HookEvent;

static int
on_commit_cb (void *user_data)
{
  *(guint *) user_data += 1;
  return 0;
}

static gboolean
apply_hook (AtelierDb *db, HookEvent *self, GError **error)
{
  sqlite3_commit_hook (db->connection, on_commit_cb, self->n_commits);
  return TRUE;
}

/* What gathers while the writer is busy is one commit: seen from outside, all of it or nothing. */
static void
test_one_commit (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  WriterGate gate;
  HookEvent *hook = ATELIER_EVENT (HookEvent, apply_hook);
  g_autoptr (AtelierEvent) event = &hook->event;
  guint n_commits = 0;

  g_assert_true (write_sql (f->store, "CREATE TABLE t (i INTEGER UNIQUE)", NULL));
  hook->n_commits = &n_commits;
  g_assert_true (atelier_store_wait (f->store, hook, NULL));
  n_commits = 0;

  writer_gate_close (&gate, f->store);
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *sql = g_strdup_printf ("INSERT INTO t VALUES (%u)", i);

      queue_sql (f->store, sql, NULL, NULL);
    }
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM t"), ==, 0);
  writer_gate_open (&gate);
  g_assert_true (atelier_store_flush (f->store, &error));
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM t"), ==, 1000);
  g_test_message ("%u commits", n_commits);
  g_assert_cmpuint (n_commits, <=, 4); /* the gate's, and what gathered, in pieces of at most 50 ms */
  g_assert_true (atelier_store_close (f->store, NULL)); /* before the counter goes */
  g_clear_object (&f->store);
}

static void
test_failing_event_alone (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  WriterGate gate;
  Listener listener;
  g_autofree char *heard = NULL;

  listener_init (&listener, f);
  g_assert_true (write_sql (f->store, "CREATE TABLE t (i INTEGER UNIQUE)", NULL));
  writer_gate_close (&gate, f->store);
  queue_sql (f->store, "INSERT INTO t VALUES (1)", on_committed_cb, &listener);
  queue_sql (f->store, "INSERT INTO t VALUES (2); INSERT INTO t VALUES (1)", on_committed_cb,
             &listener); /* half of it is right */
  queue_sql (f->store, "INSERT INTO t VALUES (3)", on_committed_cb, &listener);
  queue_sql (f->store, "this is not SQL", on_committed_cb, &listener);
  queue_sql (f->store, "INSERT INTO t VALUES (4)", on_committed_cb, &listener);
  queue_sql (f->store, "INSERT INTO t VALUES (5); INSERT OR ROLLBACK INTO t VALUES (1)", on_committed_cb,
             &listener); /* takes the whole transaction back, as SQLite does when in need */
  queue_sql (f->store, "INSERT INTO t VALUES (6)", on_committed_cb, &listener);
  writer_gate_open (&gate);
  g_assert_false (atelier_store_flush (f->store, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT); /* the first one that failed */
  g_clear_error (&error);
  g_assert_true (atelier_store_flush (f->store, &error)); /* and told once */
  g_assert_no_error (error);
  heard = listener_end (&listener);
  g_test_message ("%s", heard);
  g_assert_cmpstr (heard, ==, "ok 3 ok 0 ok 3 ok");
  g_assert_cmpint (raw_int (f->path, "SELECT group_concat (i, '') FROM t"), ==, 1346);
}

static void
test_waiting_hears_its_own (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (write_sql (f->store, "this is not SQL", &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_true (atelier_store_flush (f->store, &error)); /* told already */
  g_assert_no_error (error);
}

static void
test_full_disk (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A B");
  const AtelierStepUpdate executing = { .status = ATELIER_STEP_STATUS_EXECUTING };
  WriterGate gate;
  Listener listener;
  g_autofree char *big = g_strnfill (400000, 'x');
  const AtelierStepUpdate too_big = { .status = ATELIER_STEP_STATUS_SUCCEEDED, .properties_json = big };
  g_autofree char *limit = NULL;
  g_autofree char *heard = NULL;
  g_auto (GStrv) problems = NULL;
  g_autoptr (AtelierStepRecord) a = NULL;
  g_autoptr (AtelierStepRecord) b = NULL;

  listener_init (&listener, f);
  limit = g_strdup_printf ("PRAGMA max_page_count = %d", (int) raw_int (f->path, "PRAGMA page_count") + 10);
  g_assert_true (write_sql (f->store, limit, NULL));
  writer_gate_close (&gate, f->store);
  atelier_store_step_changed (f->store, id, "A", &executing, on_committed_cb, &listener);
  atelier_store_step_changed (f->store, id, "A", &too_big, on_committed_cb, &listener);
  atelier_store_step_changed (f->store, id, "B", &executing, on_committed_cb, &listener);
  writer_gate_open (&gate);
  g_assert_false (atelier_store_flush (f->store, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FULL);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  heard = listener_end (&listener);
  g_assert_cmpstr (heard, ==, "ok 5 ok");
  a = atelier_store_get_step (f->store, id, "A", NULL);
  b = atelier_store_get_step (f->store, id, "B", NULL);
  g_assert_cmpint (a->status, ==, ATELIER_STEP_STATUS_EXECUTING);
  g_assert_cmpint (b->status, ==, ATELIER_STEP_STATUS_EXECUTING);
  g_assert_true (atelier_store_verify (f->store, &problems, &error));
  g_assert_cmpuint (g_strv_length (problems), ==, 0);

  /* with room again it goes on */
  g_assert_true (write_sql (f->store, "PRAGMA max_page_count = 1000000", NULL));
  atelier_store_step_changed (f->store, id, "A", &too_big, NULL, NULL);
  g_assert_true (atelier_store_flush (f->store, &error));
}

static void
test_closed (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *id = store_fixture_execution (f, 0, "p", "A");
  const AtelierStepUpdate executing = { .status = ATELIER_STEP_STATUS_EXECUTING };
  WriterGate gate;
  Listener listener;
  g_autofree char *heard = NULL;

  listener_init (&listener, f);
  writer_gate_close (&gate, f->store);
  atelier_store_step_changed (f->store, id, "A", &executing, on_committed_cb, &listener);
  writer_gate_open (&gate);
  g_assert_true (atelier_store_close (f->store, &error)); /* writes what is queued */
  g_assert_no_error (error);
  atelier_store_step_changed (f->store, id, "A", &executing, on_committed_cb, &listener);
  heard = listener_end (&listener);
  g_assert_cmpstr (heard, ==, "ok 8");
  g_assert_null (atelier_store_list_projects (f->store, FALSE, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_false (write_sql (f->store, "SELECT 1", &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CLOSED);
  g_clear_error (&error);
  g_assert_true (atelier_store_close (f->store, &error));
  g_clear_object (&f->store);
}

typedef struct
{
  AtelierStore *store;
  GError       *error;
} Waiter;

static void
on_committed_flush_cb (gpointer user_data, const GError *error)
{
  Waiter *self = user_data;

  g_assert_false (atelier_store_flush (self->store, &self->error));
}

static void
test_waiting_in_callback (StoreFixture *f, gconstpointer data)
{
  Waiter waiter = { .store = f->store };

  queue_sql (f->store, "SELECT 1", on_committed_flush_cb, &waiter);
  g_assert_true (atelier_store_flush (f->store, NULL));
  g_assert_error (waiter.error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED);
  g_clear_error (&waiter.error);
}

/* Many threads at once: every event once, each thread's in its order. */
static gpointer
queueing_thread (gpointer user_data)
{
  StoreFixture *f = user_data;

  for (guint i = 0; i < 300; i++)
    {
      if (i % 50 == 0)
        g_assert_true (write_sql (f->store, "INSERT INTO t (n) VALUES (1)", NULL));
      else
        queue_sql (f->store, "INSERT INTO t (n) VALUES (1)", NULL, NULL);
      if (i % 100 == 0)
        g_ptr_array_unref (atelier_store_list_projects (f->store, FALSE, NULL));
    }
  return NULL;
}

static void
test_many_threads (StoreFixture *f, gconstpointer data)
{
  GThread *threads[6];

  g_assert_true (write_sql (f->store, "CREATE TABLE t (i INTEGER PRIMARY KEY, n INTEGER)", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("queueing", queueing_thread, f);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_true (atelier_store_flush (f->store, NULL));
  g_assert_cmpint (raw_int (f->path, "SELECT sum (n) FROM t"), ==, 300 * (gint64) G_N_ELEMENTS (threads));
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/group/told-after-commit", test_told_after_commit);
  STORE_TEST ("/store/group/settings", test_settings);
  STORE_TEST ("/store/group/busy", test_busy);
  STORE_TEST ("/store/group/one-commit", test_one_commit);
  STORE_TEST ("/store/group/failing-event-alone", test_failing_event_alone);
  STORE_TEST ("/store/group/waiting-hears-its-own", test_waiting_hears_its_own);
  STORE_TEST ("/store/group/full-disk", test_full_disk);
  STORE_TEST ("/store/group/closed", test_closed);
  STORE_TEST ("/store/group/waiting-in-callback", test_waiting_in_callback);
  STORE_TEST ("/store/group/many-threads", test_many_threads);
  return g_test_run ();
}
