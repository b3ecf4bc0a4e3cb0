/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "atelier-files.h"
#include "atelier-runner-error.h"
#include "atelier-spawn.h"
#include "atelier-supervisor-client.h"

/* This program's side of the supervisor, against the real atelier-step. */

typedef struct
{
  char              *folder; /* a run folder */
  AtelierSupervisor *supervisor;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *deep = NULL;

  f->folder = g_dir_make_tmp ("atelier-client-XXXXXX", NULL);
  /* addresses of sockets are short; run folders may be deep */
  deep = g_build_filename (f->folder, "a-rather-long-name-of-a-folder-in-a-workspace", "and-another-one-that-is-quite-as-long-as-that",
                           "runs/abcdefghijkl", NULL);
  g_assert_true (atelier_files_make_folder (deep, NULL));
  f->supervisor = atelier_supervisor_new (deep);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  atelier_supervisor_free (f->supervisor);
  g_assert_true (atelier_files_remove_tree (f->folder, NULL));
  g_free (f->folder);
}

static AtelierSupervisorLink *
connect_to (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  AtelierSupervisorLink *link = atelier_supervisor_connect (f->supervisor, &error);

  g_assert_no_error (error);
  return link;
}

/* The next packet, which must be of that kind. */
static json_t *
expect (AtelierSupervisorLink *link, const char *kind)
{
  g_autoptr (GError) error = NULL;
  json_t *packet = atelier_supervisor_link_receive (link, 30000, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (packet);
  g_assert_cmpstr (atelier_json_get_string (packet, "op", ""), ==, kind);
  return packet;
}

static json_t *
start_request (Fixture *f, const char *step, const char *script, const char *variable)
{
  g_autofree char *folder = g_build_filename (atelier_supervisor_get_run_folder (f->supervisor), step, "1", NULL);
  g_autofree char *log = g_build_filename (step, "1", "log", NULL);

  g_assert_true (atelier_files_make_folder (folder, NULL));
  return json_pack ("{s:s, s:s, s:i, s:[s, s, s], s:[s, s], s:s, s:{s:i}}", "op", "start", "step", step, "attempt", 1, "argv", "sh", "-c", script,
                    "env", "PATH=/usr/bin:/bin", variable, "log", log, "limits", "grace_ms", 5000);
}

static void
send_to (AtelierSupervisorLink *link, const json_t *request)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_supervisor_link_send (link, request, &error));
  g_assert_no_error (error);
}

static void
check_log (Fixture *f, const char *step, const char *expected)
{
  g_autofree char *path = g_build_filename (atelier_supervisor_get_run_folder (f->supervisor), step, "1", "log", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
test_attempts (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierSupervisorLink) link = connect_to (f);

  /* one connection, one attempt after the other */
  for (int i = 0; i < 3; i++)
    {
      g_autofree char *step = g_strdup_printf ("S%d", i);
      g_autofree char *script = g_strdup_printf ("echo $WORD; exit %d", i);
      g_autoptr (json_t) request = start_request (f, step, script, "WORD=said");
      g_autoptr (json_t) packet = NULL;

      send_to (link, request);
      packet = atelier_supervisor_link_receive (link, 30000, -1, NULL);
      if (strcmp (atelier_json_get_string (packet, "op", ""), "started") == 0)
        {
          json_decref (packet);
          packet = expect (link, "ended");
        }
      g_assert_cmpstr (atelier_json_get_string (packet, "op", ""), ==, "ended");
      g_assert_cmpint (atelier_json_get_int (packet, "exit_code", -2), ==, i);
      check_log (f, step, "said\n");
      g_assert_true (atelier_supervisor_link_is_idle (link));
    }
}

static void
test_wake_and_time (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierSupervisorLink) link = connect_to (f);
  g_autoptr (GError) error = NULL;
  int ends[2];

  g_assert_null (atelier_supervisor_link_receive (link, 0, -1, &error));
  g_assert_no_error (error);
  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (write (ends[1], "x", 1), ==, 1);
  /* without a time limit: what wakes it is the pipe */
  g_assert_null (atelier_supervisor_link_receive (link, -1, ends[0], &error));
  g_assert_no_error (error);
  close (ends[0]);
  close (ends[1]);
}

static void
test_large_request (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierSupervisorLink) link = connect_to (f);
  g_autofree char *much = g_strnfill (300 * 1024, 'x');
  g_autofree char *variable = g_strconcat ("SECRET=", much, NULL);
  g_autoptr (json_t) request = start_request (f, "Large", "true", "WORD=x");
  g_autoptr (json_t) packet = NULL;
  g_autofree char *file = g_build_filename (atelier_supervisor_get_run_folder (f->supervisor), "Large", "1", "log.request", NULL);

  /* one variable of that size would be too much for the kernel; what is not listed for a request is passed over */
  json_object_set_new (request, "note", json_string (variable));
  send_to (link, request);
  g_assert_true (g_file_test (file, G_FILE_TEST_IS_REGULAR));
  do
    {
      json_decref (packet);
      packet = atelier_supervisor_link_receive (link, 30000, -1, NULL);
      g_assert_nonnull (packet);
    }
  while (strcmp (atelier_json_get_string (packet, "op", ""), "started") == 0);
  g_assert_cmpint (atelier_json_get_int (packet, "exit_code", -2), ==, 0);
  /* it may hold secrets: nothing of it stays */
  g_assert_false (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
test_attach_and_stop (Fixture *f, gconstpointer data)
{
  AtelierSupervisorLink *first = connect_to (f);
  g_autoptr (AtelierSupervisorLink) second = connect_to (f);
  g_autoptr (json_t) request = start_request (f, "Long", "echo up; while :; do sleep 1; done", "WORD=x");
  g_autoptr (json_t) attach = json_pack ("{s:s, s:s, s:i}", "op", "attach", "step", "Long", "attempt", 1);
  g_autoptr (json_t) stop = json_pack ("{s:s}", "op", "stop");
  g_autoptr (json_t) started = NULL;
  g_autoptr (json_t) taken_over = NULL;
  g_autoptr (json_t) ended = NULL;

  send_to (first, request);
  started = expect (first, "started");
  atelier_supervisor_link_free (first); /* the attempt goes on */
  send_to (second, attach);
  taken_over = expect (second, "started");
  g_assert_cmpint (atelier_json_get_int (taken_over, "pid", 0), ==, atelier_json_get_int (started, "pid", -1));
  send_to (second, stop);
  ended = expect (second, "ended");
  g_assert_cmpstr (atelier_json_get_string (ended, "reason", ""), ==, "stopped");
}

/* The supervisor is killed: the connection says so, and the next one is to another supervisor, which knows what was lost. */
static void
test_killed (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierSupervisorLink) link = connect_to (f);
  g_autoptr (AtelierSupervisorLink) other = connect_to (f);
  g_autoptr (AtelierSupervisorLink) next = NULL;
  g_autoptr (json_t) request = start_request (f, "Long", "while :; do sleep 1; done", "WORD=x");
  g_autoptr (json_t) hello = json_pack ("{s:s}", "op", "hello");
  g_autoptr (json_t) greeting = NULL;
  g_autoptr (json_t) again = NULL;
  g_autoptr (json_t) started = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (atelier_supervisor_get_run_folder (f->supervisor), "journal", NULL);
  g_autoptr (GPtrArray) entries = NULL;
  g_autofree char *boot_id = atelier_process_boot_id ();
  const AtelierJournalEntry *entry;
  guint64 ticks;
  pid_t killed;

  send_to (other, hello);
  greeting = expect (other, "hello");
  send_to (link, request);
  started = expect (link, "started");
  g_assert_true (atelier_supervisor_link_is_idle (other));
  killed = (pid_t) atelier_json_get_int (greeting, "pid", 0);
  ticks = atelier_process_start_ticks (killed);
  g_assert_cmpint (kill (killed, SIGKILL), ==, 0);
  g_assert_null (atelier_supervisor_link_receive (link, 30000, -1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_false (atelier_supervisor_link_is_idle (other));
  /* it closes its connections before it stops listening: only once it is dead is the next connection to another */
  while (atelier_process_is_alive (killed, ticks, boot_id))
    g_thread_yield ();
  next = connect_to (f);
  send_to (next, hello);
  again = expect (next, "hello");
  g_assert_cmpint (atelier_json_get_int (again, "pid", 0), !=, atelier_json_get_int (greeting, "pid", 0));
  entries = atelier_journal_read (path, NULL);
  g_assert_cmpuint (entries->len, ==, 1);
  entry = g_ptr_array_index (entries, 0);
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_ENDED);
  g_assert_cmpint (entry->end.reason, ==, ATELIER_END_REASON_LOST);
  g_assert_false (atelier_process_is_alive ((pid_t) entry->pid, entry->start_ticks, entry->boot_id));
}

static void
test_nowhere (void)
{
  g_autoptr (AtelierSupervisor) supervisor = atelier_supervisor_new ("/nowhere/at/all");
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_supervisor_connect (supervisor, &error));
  g_assert_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/supervisor-client/attempts", Fixture, NULL, set_up, test_attempts, tear_down);
  g_test_add ("/supervisor-client/wake-and-time", Fixture, NULL, set_up, test_wake_and_time, tear_down);
  g_test_add ("/supervisor-client/large-request", Fixture, NULL, set_up, test_large_request, tear_down);
  g_test_add ("/supervisor-client/attach-and-stop", Fixture, NULL, set_up, test_attach_and_stop, tear_down);
  g_test_add ("/supervisor-client/killed", Fixture, NULL, set_up, test_killed, tear_down);
  g_test_add_func ("/supervisor-client/nowhere", test_nowhere);
  return g_test_run ();
}
