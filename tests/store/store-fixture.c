/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store-fixture.h"

#include "atelier-files.h"
#include "atelier-spawn.h"
#include "atelier-text.h"

static char *program;

void
store_fixture_init (int argc, char **argv)
{
  program = g_file_read_link ("/proc/self/exe", NULL);
  g_assert_nonnull (program);
}

void
store_fixture_open (StoreFixture *self)
{
  g_autoptr (GError) error = NULL;

  self->store = atelier_store_open (self->folder, "tester", ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->store);
}

void
store_fixture_close (StoreFixture *self)
{
  g_autoptr (GError) error = NULL;

  if (self->store == NULL)
    return;
  atelier_store_close (self->store, &error);
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&self->store));
}

void
store_fixture_set_up (StoreFixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("atelier-store-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->path = g_build_filename (self->folder, "atelier.db", NULL);
  store_fixture_open (self);
}

void
store_fixture_tear_down (StoreFixture *self, gconstpointer data)
{
  store_fixture_close (self);
  g_assert_true (atelier_files_remove_tree (self->folder, NULL));
  g_free (self->folder);
  g_free (self->path);
}

const char *
store_fixture_execution (StoreFixture *self, gint64 project_id, const char *pipeline, const char *steps)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *id = atelier_text_new_id ();
  g_auto (GStrv) names = g_strsplit (steps, " ", -1);
  g_autoptr (GArray) news = g_array_new (FALSE, TRUE, sizeof (AtelierNewStep));
  AtelierNewExecution execution = {
    .id = id, .project_id = project_id, .pipeline_name = pipeline, .definition_digest = "d1", .trigger = "manual",
    .parameters_json = "{}"
  };

  for (guint i = 0; names[i] != NULL && *names[i] != '\0'; i++)
    {
      AtelierNewStep step = { .name = names[i], .type = "Processing" };

      g_array_append_val (news, step);
    }
  atelier_store_create_execution (self->store, &execution, (AtelierNewStep *) news->data, news->len, NULL, &error);
  g_assert_no_error (error);
  return g_intern_string (id);
}

static sqlite3 *
raw_open (const char *path)
{
  sqlite3 *db = NULL;

  g_assert_cmpint (sqlite3_open (path, &db), ==, SQLITE_OK);
  sqlite3_busy_timeout (db, 10000);
  return db;
}

void
raw_script (const char *path, const char *sql)
{
  sqlite3 *db = raw_open (path);
  char *problem = NULL;

  sqlite3_exec (db, sql, NULL, NULL, &problem);
  g_assert_cmpstr (problem, ==, NULL);
  sqlite3_close (db);
}

gint64
raw_int (const char *path, const char *sql)
{
  sqlite3 *db = raw_open (path);
  sqlite3_stmt *statement = NULL;
  gint64 value;

  g_assert_cmpint (sqlite3_prepare_v2 (db, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  value = sqlite3_column_int64 (statement, 0);
  sqlite3_finalize (statement);
  sqlite3_close (db);
  return value;
}

typedef struct
{
  AtelierEvent event;
  const char  *sql;
} SqlEvent;

static gboolean
apply_sql (AtelierDb *db, SqlEvent *self, GError **error)
{
  return atelier_db_script (db, self->sql, error);
}

gboolean
write_sql (AtelierStore *store, const char *sql, GError **error)
{
  SqlEvent *sql_event = ATELIER_EVENT (SqlEvent, apply_sql);
  g_autoptr (AtelierEvent) event = &sql_event->event;

  sql_event->sql = atelier_event_text (event, sql);
  return atelier_store_wait (store, event, error);
}

void
queue_sql (AtelierStore *store, const char *sql, AtelierStoreCommitted committed, gpointer user_data)
{
  SqlEvent *event = ATELIER_EVENT (SqlEvent, apply_sql);

  event->sql = atelier_event_text (&event->event, sql);
  atelier_store_queue (store, event, committed, user_data);
}

typedef struct
{
  AtelierEvent event;
  WriterGate  *gate;
} GateEvent;

static gboolean
apply_gate (AtelierDb *db, GateEvent *self, GError **error)
{
  WriterGate *gate = self->gate;

  g_mutex_lock (&gate->mutex);
  gate->is_held = TRUE;
  g_cond_broadcast (&gate->cond);
  while (!gate->is_free)
    g_cond_wait (&gate->cond, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
  return TRUE;
}

void
writer_gate_close (WriterGate *gate, AtelierStore *store)
{
  GateEvent *event = ATELIER_EVENT (GateEvent, apply_gate);

  g_mutex_init (&gate->mutex);
  g_cond_init (&gate->cond);
  gate->is_held = gate->is_free = FALSE;
  event->gate = gate;
  atelier_store_queue (store, event, NULL, NULL);
  g_mutex_lock (&gate->mutex);
  while (!gate->is_held)
    g_cond_wait (&gate->cond, &gate->mutex);
  g_mutex_unlock (&gate->mutex);
}

void
writer_gate_open (WriterGate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->is_free = TRUE;
  g_cond_broadcast (&gate->cond);
  g_mutex_unlock (&gate->mutex);
}

static gboolean
on_too_long_cb (gpointer user_data)
{
  g_error ("waited a minute in vain");
  return G_SOURCE_REMOVE;
}

void
iterate_until (gboolean (*condition) (gpointer user_data), gpointer user_data)
{
  guint limit = g_timeout_add_seconds (60, on_too_long_cb, NULL);

  while (!condition (user_data))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (limit);
}

pid_t
start_self (int stdout_fd, const char *first, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  AtelierSpawn spawn = { .stdin_fd = -1, .stdout_fd = stdout_fd >= 0 ? stdout_fd : STDERR_FILENO,
                         .stderr_fd = STDERR_FILENO };
  va_list rest;
  pid_t pid;

  g_ptr_array_add (argv, program);
  va_start (rest, first);
  for (const char *argument = first; argument != NULL; argument = va_arg (rest, const char *))
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (rest);
  g_ptr_array_add (argv, NULL);
  spawn.argv = (const char * const *) argv->pdata;
  pid = atelier_spawn (&spawn, &error);
  g_assert_no_error (error);
  return pid;
}

int
wait_for (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) < 0)
    g_assert_cmpint (errno, ==, EINTR);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}
