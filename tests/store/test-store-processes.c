/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "store-fixture.h"

#include "atelier-text.h"

/* Several programs on one workspace: all write, one is killed, one watches. The others are this program again. */

#define N_EACH 60 /* executions and versions of a writing child */

/* --- children --- */

/* Makes N_EACH executions of one pipeline, each with a version of one group and some step events. */
static int
write_child (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStore) store = atelier_store_open (folder, "child", ATELIER_STORE_FLAGS_NONE, &error);

  g_assert_no_error (error);
  for (guint i = 0; i < N_EACH; i++)
    {
      g_autofree char *id = atelier_text_new_id ();
      const AtelierNewStep steps[] = { { "A", "Processing" }, { "R", "RegisterModel" } };
      const AtelierNewExecution execution = { .id = id, .pipeline_name = "shared",
                                              .definition_digest = i % 2 == 0 ? "a" : "b" };
      const AtelierNewVersion version = { .group_name = "shared", .execution_id = id, .step = "R" };
      const AtelierStepUpdate ended = { .status = ATELIER_STEP_STATUS_SUCCEEDED };

      g_assert_true (atelier_store_create_execution (store, &execution, steps, 2, NULL, &error));
      g_assert_no_error (error);
      for (guint j = 0; j < 20; j++)
        atelier_store_step_changed (store, id, "A", &(AtelierStepUpdate) { .status = ATELIER_STEP_STATUS_EXECUTING,
                                    .started_at_us = j + 1 }, NULL, NULL);
      g_assert_cmpint (atelier_store_register_version (store, &version, &ended, NULL, NULL, NULL, 0, &error), >, 0);
      g_assert_no_error (error);
    }
  return atelier_store_close (store, &error) ? 0 : 1;
}

typedef struct
{
  char id[13];
} Ack;

/* Tells the parent what is on disk, by one write, after the commit. */
static void
on_committed_cb (gpointer user_data, const GError *error)
{
  g_autofree Ack *ack = user_data;

  g_assert_no_error (error);
  ack->id[12] = '\n';
  if (write (STDOUT_FILENO, ack->id, sizeof ack->id) != sizeof ack->id)
    _exit (3);
}

static void
write_until_killed (const char *folder)
{
  g_autoptr (GError) error = NULL;
  AtelierStore *store = atelier_store_open (folder, "victim", ATELIER_STORE_FLAGS_NONE, &error);

  g_assert_no_error (error);
  for (guint64 i = 0;; i++)
    {
      Ack *ack = g_new0 (Ack, 1);
      g_autofree char *id = atelier_text_new_id ();
      const AtelierNewStep steps[] = { { "A", "Processing" }, { "B", "Processing" } };
      const AtelierNewExecution execution = { .id = id, .pipeline_name = "p", .definition_digest = "a" };

      g_assert_true (atelier_store_create_execution (store, &execution, steps, 2, NULL, &error));
      g_assert_no_error (error);
      memcpy (ack->id, id, 12);
      atelier_store_execution_changed (store, id,
                                       &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_SUCCEEDED,
                                                                   .ended_at_us = 5 }, NULL, on_committed_cb, ack);
    }
}

static int
write_once (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStore) store = atelier_store_open (folder, "other", ATELIER_STORE_FLAGS_NONE, &error);

  g_assert_no_error (error);
  g_assert_cmpint (atelier_store_create_project (store, &(AtelierNewProject) { .name = "Other" }, NULL, &error), >,
                   0);
  return atelier_store_close (store, &error) ? 0 : 1;
}

/* --- tests --- */

static void
assert_whole (StoreFixture *f)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) problems = NULL;

  g_assert_true (atelier_store_verify (f->store, &problems, &error));
  g_assert_no_error (error);
  if (problems[0] != NULL)
    g_test_message ("%s", problems[0]);
  g_assert_cmpuint (g_strv_length (problems), ==, 0);
}

static void
test_writers_at_once (StoreFixture *f, gconstpointer data)
{
  const gint64 n = 3 * N_EACH;
  pid_t pids[2];
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    pids[i] = start_self (-1, "--write", f->folder, NULL);
  g_assert_cmpint (write_child (f->folder), ==, 0); /* and this process itself */
  for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
    g_assert_cmpint (wait_for (pids[i]), ==, 0);
  g_test_message ("%d executions of three programs: %.0f ms", (int) n,
                  (double) (g_get_monotonic_time () - start) / 1e3);

  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM executions"), ==, n);
  g_assert_cmpint (raw_int (f->path, "SELECT max (number) FROM executions"), ==, n);
  g_assert_cmpint (raw_int (f->path, "SELECT count (DISTINCT number) FROM model_versions"), ==, n);
  g_assert_cmpint (raw_int (f->path, "SELECT max (number) FROM model_versions"), ==, n);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM pipelines"), ==, 1);
  g_assert_cmpint (raw_int (f->path, "SELECT max (number) FROM pipeline_versions"), ==, 2);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM audit_events"), ==, 2 * n);
  assert_whole (f);
}

/* kill -9 at any moment: what was told is there, what is there is whole, and the next one goes on. */
static void
test_killed (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GHashTable) told = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer id;

  store_fixture_close (f);
  for (guint round = 0; round < 8; round++)
    {
      int ends[2];
      char line[13];
      guint n_more = (guint) g_test_rand_int_range (1, 150);
      pid_t pid;

      g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
      pid = start_self (ends[1], "--write-until-killed", f->folder, NULL);
      close (ends[1]);
      for (guint i = 0; i < n_more; i++)
        {
          g_assert_cmpint (read (ends[0], line, sizeof line), ==, sizeof line);
          g_hash_table_add (told, g_strndup (line, 12));
        }
      g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
      g_assert_cmpint (wait_for (pid), ==, 128 + SIGKILL);
      while (read (ends[0], line, sizeof line) == sizeof line) /* told before it died */
        g_hash_table_add (told, g_strndup (line, 12));
      close (ends[0]);

      store_fixture_open (f);
      assert_whole (f);
      store_fixture_execution (f, 0, "p", "A");
      store_fixture_close (f);
    }

  store_fixture_open (f);
  g_test_message ("%u executions told, %d there", g_hash_table_size (told),
                  (int) raw_int (f->path, "SELECT count (*) FROM executions"));
  g_hash_table_iter_init (&iter, told);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      g_autoptr (AtelierExecutionRecord) record = atelier_store_get_execution (f->store, id, NULL);

      g_assert_nonnull (record);
      g_assert_cmpint (record->status, ==, ATELIER_EXECUTION_STATUS_SUCCEEDED);
    }
  /* an execution is there with all its steps or not at all */
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM executions e WHERE (SELECT count (*) FROM steps s"
                                     " WHERE s.execution_id = e.id) NOT IN (1, 2)"), ==, 0);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) - max (number) FROM executions"), ==, 0);
}

static void
on_changed_cb (gpointer user_data)
{
  *(guint *) user_data += 1;
}

static gboolean
has_changed (gpointer user_data)
{
  return *(guint *) user_data > 0;
}

typedef struct
{
  AtelierStore *store;
  guint         n_changes;
} Watched;

/* Told, and what was told of can be read. */
static gboolean
has_other_project (gpointer user_data)
{
  Watched *self = user_data;
  g_autoptr (AtelierProjectRecord) project = NULL;

  if (self->n_changes > 0)
    project = atelier_store_find_project (self->store, "Other", NULL);
  return project != NULL;
}

/* Makes the writer look now, and hears whatever there is to hear. */
static void
look (AtelierStore *store)
{
  atelier_store_ask_for_changes (store);
  g_assert_true (write_sql (store, "SELECT 1", NULL)); /* comes behind the look */
  while (g_main_context_iteration (NULL, FALSE));
}

static void
test_watch (StoreFixture *f, gconstpointer data)
{
  Watched watched = { .store = f->store };
  AtelierStoreWatch *watch = atelier_store_watch_new (f->store, on_changed_cb, &watched.n_changes);
  pid_t pid;

  /* commits of our own are not news */
  for (guint i = 0; i < 20; i++)
    store_fixture_execution (f, 0, "p", "A");
  look (f->store);
  g_assert_cmpuint (watched.n_changes, ==, 0);

  pid = start_self (-1, "--write-once", f->folder, NULL);
  iterate_until (has_other_project, &watched);
  g_assert_cmpint (wait_for (pid), ==, 0);

  /* silent once it is freed */
  look (f->store);
  watched.n_changes = 0;
  atelier_store_watch_free (watch);
  raw_script (f->path, "UPDATE projects SET description = 'x'");
  look (f->store);
  g_assert_cmpuint (watched.n_changes, ==, 0);
}

/* How long from another program's commit to the call: printed, not asserted. */
static void
test_watch_latency (StoreFixture *f, gconstpointer data)
{
  guint n_changes = 0;
  AtelierStoreWatch *watch = atelier_store_watch_new (f->store, on_changed_cb, &n_changes);
  gint64 longest = 0;

  store_fixture_execution (f, 0, "p", "A");
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *sql = g_strdup_printf ("UPDATE executions SET note = '%u'", i);
      gint64 start;

      n_changes = 0;
      raw_script (f->path, sql);
      start = g_get_monotonic_time ();
      iterate_until (has_changed, &n_changes);
      longest = MAX (longest, g_get_monotonic_time () - start);
    }
  g_test_message ("noticed within %.0f ms", (double) longest / 1e3);
  atelier_store_watch_free (watch);
}

/* A watcher that may not write, on a thread and context of its own. */
static gpointer
read_only_watcher (gpointer user_data)
{
  StoreFixture *f = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (AtelierStore) store = NULL;
  AtelierStoreWatch *watch;
  guint n_changes = 0;

  g_main_context_push_thread_default (context);
  store = atelier_store_open (f->folder, NULL, ATELIER_STORE_FLAGS_READ_ONLY, NULL);
  g_assert_nonnull (store);
  watch = atelier_store_watch_new (store, on_changed_cb, &n_changes);
  store_fixture_execution (f, 0, "p", "A");
  while (n_changes == 0)
    g_main_context_iteration (context, TRUE);
  atelier_store_watch_free (watch);
  g_main_context_pop_thread_default (context);
  g_assert_true (atelier_store_close (store, NULL));
  return NULL;
}

static void
test_watch_read_only (StoreFixture *f, gconstpointer data)
{
  g_thread_join (g_thread_new ("watcher", read_only_watcher, f));
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  if (argc == 3 && g_str_equal (argv[1], "--write"))
    return write_child (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "--write-until-killed"))
    write_until_killed (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "--write-once"))
    return write_once (argv[2]);

  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/processes/writers-at-once", test_writers_at_once);
  STORE_TEST ("/store/processes/killed", test_killed);
  STORE_TEST ("/store/processes/watch", test_watch);
  STORE_TEST ("/store/processes/watch-latency", test_watch_latency);
  STORE_TEST ("/store/processes/watch-read-only", test_watch_read_only);
  return g_test_run ();
}
