/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "store-fixture.h"

#include "atelier-files.h"
#include "atelier-schema.h"

/* Opening: new files, old files, files that are not ours, folders that cannot be written. */

static AtelierStore *
open_expecting (const char *folder, AtelierStoreFlags flags, int code, const char *word)
{
  g_autoptr (GError) error = NULL;
  AtelierStore *store = atelier_store_open (folder, NULL, flags, &error);

  g_assert_error (error, ATELIER_STORE_ERROR, code);
  g_assert_null (store);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, word));
  return store;
}

static void
test_new (StoreFixture *f, gconstpointer data)
{
  g_auto (GStrv) problems = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (atelier_store_is_read_only (f->store));
  g_assert_cmpstr (atelier_store_get_who (f->store), ==, "tester");
  g_assert_cmpint (raw_int (f->path, "PRAGMA user_version"), ==, ATELIER_SCHEMA_VERSION);
  g_assert_cmpint (raw_int (f->path, "PRAGMA application_id"), ==, ATELIER_SCHEMA_APPLICATION_ID);
  g_assert_true (atelier_store_verify (f->store, &problems, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (problems), ==, 0);

  /* what is there stays there */
  store_fixture_execution (f, 0, "p", "A");
  store_fixture_close (f);
  store_fixture_open (f);
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM steps"), ==, 1);
}

static void
test_wal_is_emptied (StoreFixture *f, gconstpointer data)
{
  g_autofree char *wal = g_strconcat (f->path, "-wal", NULL);
  g_autoptr (GPtrArray) projects = NULL;

  store_fixture_execution (f, 0, "p", "A B");
  projects = atelier_store_list_projects (f->store, FALSE, NULL); /* so there is a reader, too */
  g_assert_nonnull (projects);
  g_assert_true (g_file_test (wal, G_FILE_TEST_EXISTS));
  store_fixture_close (f);
  g_assert_false (g_file_test (wal, G_FILE_TEST_EXISTS));
}

static void
test_migration (void)
{
  g_autofree char *folder = g_dir_make_tmp ("atelier-store-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "atelier.db", NULL);
  g_autofree char *old = g_build_filename (g_getenv ("ATELIER_SOURCE_ROOT"), "tests", "store", "v1.sql", NULL);
  g_autofree char *sql = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStore) store = NULL;
  g_autoptr (AtelierExecutionRecord) execution = NULL;
  g_autoptr (GPtrArray) attempts = NULL;
  g_autoptr (AtelierStepRecord) step = NULL;
  g_auto (GStrv) problems = NULL;
  AtelierMetricPoint point = { "rmse", 1, 0.5, 1 };
  AtelierNewVersion version = { .group_name = "abalone" };

  g_assert_true (g_file_get_contents (old, &sql, NULL, &error));
  raw_script (path, sql);
  g_assert_cmpint (raw_int (path, "PRAGMA user_version"), ==, 1);

  /* an old file that may not be written is refused, not half read */
  open_expecting (folder, ATELIER_STORE_FLAGS_READ_ONLY, ATELIER_STORE_ERROR_READ_ONLY, "older");

  store = atelier_store_open (folder, NULL, ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_assert_cmpint (raw_int (path, "PRAGMA user_version"), ==, ATELIER_SCHEMA_VERSION);

  /* what was in it */
  execution = atelier_store_get_execution (store, "abcdefghij12", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (execution->project_name, ==, "Abalone");
  g_assert_cmpstr (execution->pipeline_name, ==, "abalone");
  g_assert_cmpint (execution->status, ==, ATELIER_EXECUTION_STATUS_SUCCEEDED);
  step = atelier_store_get_step (store, "abcdefghij12", "Check", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (step->outcome_text, ==, "4.93 ≤ 6.0 → True");
  g_assert_true (step->outcome);
  attempts = atelier_store_list_attempts (store, "abcdefghij12", NULL, &error);
  g_assert_cmpuint (attempts->len, ==, 1);

  /* what it could not hold before */
  atelier_store_metrics_logged (store, "abcdefghij12", "Train", 1, &point, 1, NULL, NULL);
  g_assert_cmpint (atelier_store_register_version (store, &version, NULL, NULL, NULL, NULL, 0, &error), ==, 1);
  g_assert_true (atelier_store_flush (store, &error));
  g_assert_true (atelier_store_verify (store, &problems, &error));
  g_assert_cmpuint (g_strv_length (problems), ==, 0);
  g_assert_true (atelier_store_close (store, &error));
  g_assert_true (atelier_files_remove_tree (folder, NULL));
}

/* A step that fails leaves the file at the version before it. */
static void
test_migration_fails (void)
{
  g_autofree char *folder = g_dir_make_tmp ("atelier-store-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "atelier.db", NULL);
  g_autofree char *old = g_build_filename (g_getenv ("ATELIER_SOURCE_ROOT"), "tests", "store", "v1.sql", NULL);
  g_autofree char *sql = NULL;

  g_assert_true (g_file_get_contents (old, &sql, NULL, NULL));
  raw_script (path, sql);
  raw_script (path, "CREATE TABLE model_versions (in_the_way)");
  open_expecting (folder, ATELIER_STORE_FLAGS_NONE, ATELIER_STORE_ERROR_FAILED, "model_versions");
  g_assert_cmpint (raw_int (path, "PRAGMA user_version"), ==, 1);
  g_assert_cmpint (raw_int (path, "SELECT count (*) FROM sqlite_schema WHERE name = 'models'"), ==, 0);
  raw_script (path, "DROP TABLE model_versions");
  g_object_unref (atelier_store_open (folder, NULL, ATELIER_STORE_FLAGS_NONE, NULL));
  g_assert_cmpint (raw_int (path, "PRAGMA user_version"), ==, ATELIER_SCHEMA_VERSION);
  g_assert_true (atelier_files_remove_tree (folder, NULL));
}

static void
test_newer (StoreFixture *f, gconstpointer data)
{
  store_fixture_close (f);
  raw_script (f->path, "PRAGMA user_version = 99");
  open_expecting (f->folder, ATELIER_STORE_FLAGS_NONE, ATELIER_STORE_ERROR_NEWER, "newer");
  open_expecting (f->folder, ATELIER_STORE_FLAGS_READ_ONLY, ATELIER_STORE_ERROR_NEWER, "newer");
  g_assert_cmpint (raw_int (f->path, "PRAGMA user_version"), ==, 99);
}

static void
test_foreign (StoreFixture *f, gconstpointer data)
{
  store_fixture_close (f);
  g_assert_cmpint (unlink (f->path), ==, 0);
  raw_script (f->path, "CREATE TABLE songs (name TEXT)");
  open_expecting (f->folder, ATELIER_STORE_FLAGS_NONE, ATELIER_STORE_ERROR_CORRUPT, "another program");
  /* and is left as it was */
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM sqlite_schema"), ==, 1);
}

static void
test_corrupt (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  store_fixture_close (f);
  g_assert_true (g_file_set_contents (f->path,
                                      "This was never a database, and it is longer than a header is: 100 bytes. "
                                               "So SQLite can see that it is none, whatever it is.", -1, &error));
  open_expecting (f->folder, ATELIER_STORE_FLAGS_NONE, ATELIER_STORE_ERROR_CORRUPT, "damaged");
}

static void
test_damaged_page (StoreFixture *f, gconstpointer data)
{
  g_autofree char *bytes = NULL;
  g_auto (GStrv) problems = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  for (guint i = 0; i < 60; i++)
    store_fixture_execution (f, 0, "p", "A B C D E F");
  store_fixture_close (f);
  g_assert_true (g_file_get_contents (f->path, &bytes, &length, NULL));
  /* the schema at the beginning stays whole, the rows at the end do not */
  memset (bytes + length - 4 * 4096, 0x5a, 4 * 4096);
  g_assert_true (g_file_set_contents (f->path, bytes, (gssize) length, NULL));
  store_fixture_open (f);
  g_assert_true (atelier_store_verify (f->store, &problems, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (problems), >, 0);
  g_test_message ("%s", problems[0]);
}

static void
test_no_workspace (StoreFixture *f, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (f->folder, "nothing", NULL);
  g_autofree char *deep = g_build_filename (f->folder, "a", "b", NULL);
  g_autoptr (AtelierStore) store = NULL;

  open_expecting (missing, ATELIER_STORE_FLAGS_READ_ONLY, ATELIER_STORE_ERROR_NOT_FOUND, "nothing");
  g_assert_false (g_file_test (missing, G_FILE_TEST_EXISTS));
  store = atelier_store_open (deep, NULL, ATELIER_STORE_FLAGS_NONE, NULL);
  g_assert_nonnull (store);
  g_assert_true (atelier_store_close (store, NULL));
}

/* Reading works, writing gives a sentence. */
static void
check_read_only (const char *folder, AtelierStoreFlags flags)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStore) store = atelier_store_open (folder, NULL, flags, &error);
  g_autoptr (GPtrArray) executions = NULL;
  AtelierNewProject project = { .name = "x" };
  AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_STARTING };

  g_assert_no_error (error);
  g_assert_true (atelier_store_is_read_only (store));
  executions = atelier_store_list_executions (store, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (executions->len, ==, 1);
  g_assert_cmpint (atelier_store_create_project (store, &project, NULL, &error), ==, 0);
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY);
  g_test_message ("%s", error->message);
  g_clear_error (&error);
  atelier_store_step_changed (store, "abcdefghij12", "A", &update, NULL, NULL);
  g_assert_false (atelier_store_flush (store, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY);
  g_assert_true (atelier_store_close (store, NULL));
}

static void
test_read_only_flag (StoreFixture *f, gconstpointer data)
{
  store_fixture_execution (f, 0, "p", "A");
  check_read_only (f->folder, ATELIER_STORE_FLAGS_READ_ONLY); /* beside a writer */
  store_fixture_close (f);
  check_read_only (f->folder, ATELIER_STORE_FLAGS_READ_ONLY); /* alone */
}

/* Permissions do not hold for root, so there a child that is nobody does the check. */
static void
check_as_nobody (const char *folder)
{
  if (geteuid () != 0)
    check_read_only (folder, ATELIER_STORE_FLAGS_NONE);
  else
    g_assert_cmpint (wait_for (start_self (-1, "--read-only-as-nobody", folder, NULL)), ==, 0);
}

static void
test_read_only_folder (StoreFixture *f, gconstpointer data)
{
  store_fixture_execution (f, 0, "p", "A");
  store_fixture_close (f);
  g_assert_cmpint (chmod (f->path, 0444), ==, 0);
  g_assert_cmpint (chmod (f->folder, 0555), ==, 0);
  check_as_nobody (f->folder); /* no -wal file beside it, and none can be made */

  g_assert_cmpint (chmod (f->folder, 0755), ==, 0);
  g_assert_cmpint (chmod (f->path, 0644), ==, 0);
  store_fixture_open (f); /* now there is one, and a program that writes */
  g_assert_cmpint (chmod (f->path, 0444), ==, 0);
  g_assert_cmpint (chmod (f->folder, 0555), ==, 0);
  if (geteuid () == 0)
    check_as_nobody (f->folder);
  g_assert_cmpint (chmod (f->folder, 0755), ==, 0);
}

/* Several programs make the same new workspace at once. */
static void
test_made_at_once (void)
{
  for (guint round = 0; round < 8; round++)
    {
      g_autofree char *folder = g_dir_make_tmp ("atelier-store-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (folder, "atelier.db", NULL);
      pid_t pids[4];

      for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
        pids[i] = start_self (-1, "--open", folder, NULL);
      for (gsize i = 0; i < G_N_ELEMENTS (pids); i++)
        g_assert_cmpint (wait_for (pids[i]), ==, 0);
      g_assert_cmpint (raw_int (path, "PRAGMA user_version"), ==, ATELIER_SCHEMA_VERSION);
      g_assert_cmpint (raw_int (path, "SELECT count (*) FROM projects"), ==, G_N_ELEMENTS (pids));
      g_assert_true (atelier_files_remove_tree (folder, NULL));
    }
}

static int
open_child (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierStore) store = atelier_store_open (folder, NULL, ATELIER_STORE_FLAGS_NONE, &error);
  g_autofree char *name = g_strdup_printf ("p%d", (int) getpid ());
  AtelierNewProject project = { .name = name };

  g_assert_no_error (error);
  g_assert_cmpint (atelier_store_create_project (store, &project, NULL, &error), >, 0);
  g_assert_no_error (error);
  return atelier_store_close (store, NULL) ? 0 : 1;
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  if (argc == 3 && g_str_equal (argv[1], "--open"))
    return open_child (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "--read-only-as-nobody"))
    {
      g_test_init (&argc, &argv, NULL);
      g_assert_cmpint (setresgid (65534, 65534, 65534), ==, 0);
      g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
      check_read_only (argv[2], ATELIER_STORE_FLAGS_NONE);
      return 0;
    }

  g_test_init (&argc, &argv, NULL);
  STORE_TEST ("/store/schema/new", test_new);
  STORE_TEST ("/store/schema/wal-is-emptied", test_wal_is_emptied);
  g_test_add_func ("/store/schema/migration", test_migration);
  g_test_add_func ("/store/schema/migration-fails", test_migration_fails);
  STORE_TEST ("/store/schema/newer", test_newer);
  STORE_TEST ("/store/schema/foreign", test_foreign);
  STORE_TEST ("/store/schema/corrupt", test_corrupt);
  STORE_TEST ("/store/schema/damaged-page", test_damaged_page);
  STORE_TEST ("/store/schema/no-workspace", test_no_workspace);
  STORE_TEST ("/store/schema/read-only-flag", test_read_only_flag);
  STORE_TEST ("/store/schema/read-only-folder", test_read_only_folder);
  g_test_add_func ("/store/schema/made-at-once", test_made_at_once);
  return g_test_run ();
}
