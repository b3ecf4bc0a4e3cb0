/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "step-fixture.h"

/* The protocol, the journal, and who outlives whom. */

static json_t *
run (int connection, const char *step, const char *script)
{
  json_t *started, *ended;

  step_start (connection, step, NULL, "/bin/sh", "-c", script, NULL);
  started = step_receive_op (connection, "started");
  json_decref (started);
  ended = step_receive_op (connection, "ended");
  g_assert_cmpstr (step_get_text (ended, "step"), ==, step);
  return ended;
}

static void
test_round_trip (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  gint64 before_us = g_get_real_time ();
  g_autoptr (GPtrArray) entries = NULL;
  const AtelierJournalEntry *entry;
  g_autofree char *log = NULL, *expected = NULL;
  json_t *packet;
  gint64 pid;

  step_send (connection, "{\"op\":\"hello\"}");
  packet = step_receive_op (connection, "hello");
  g_assert_cmpint (step_get_int (packet, "pid"), ==, self->pid);
  g_assert_cmpint (step_get_int (packet, "protocol"), ==, ATELIER_STEP_PROTOCOL);
  json_decref (packet);

  step_start (connection, "One", NULL, "/bin/sh", "-c",
              "echo out; echo err >&2; echo \"$PWD\"; cat; echo \"$ATELIER_ATTEMPT\"; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); "
              "done; exit 7", NULL);
  packet = step_receive_op (connection, "started");
  g_assert_cmpstr (step_get_text (packet, "step"), ==, "One");
  g_assert_cmpint (step_get_int (packet, "attempt"), ==, 1);
  pid = step_get_int (packet, "pid");
  g_assert_cmpint (step_get_int (packet, "start_ticks"), >, 0);
  json_decref (packet);

  packet = step_receive_op (connection, "ended");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 7);
  g_assert_cmpint (step_get_int (packet, "signal"), ==, 0);
  g_assert_true (json_is_null (json_object_get (packet, "reason")));
  g_assert_cmpint (step_get_int (packet, "wall_us"), >, 0);
  g_assert_cmpint (step_get_int (packet, "cpu_us"), >, 0);
  g_assert_cmpint (step_get_int (packet, "peak_memory_bytes"), >, 100 * 1024);
  g_assert_cmpint (step_get_int (packet, "started_at_us"), >=, before_us);
  g_assert_cmpint (step_get_int (packet, "ended_at_us"), >=, step_get_int (packet, "started_at_us"));
  g_assert_cmpint (step_get_int (packet, "ended_at_us"), <=, g_get_real_time ());
  log = step_fixture_read_log (self, "One");
  g_assert_cmpint (step_get_int (packet, "log_bytes"), ==, strlen (log));
  expected = g_strdup_printf ("out\nerr\n%s\n", self->folder);
  g_assert_true (g_str_has_prefix (log, expected));
  g_assert_nonnull (strstr (log, "/One/1\n"));

  entries = step_fixture_read_journal (self);
  g_assert_cmpint (entries->len, ==, 1);
  entry = step_fixture_find_entry (entries, "One", 1);
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_ENDED);
  g_assert_cmpint (entry->pid, ==, pid);
  g_assert_cmpint (entry->end.exit_code, ==, 7);
  g_assert_cmpint (entry->end.wall_us, ==, step_get_int (packet, "wall_us"));
  json_decref (packet);
}

/* With a “bye” it goes at once, takes its socket with it and has made nobody wait. */
static void
test_bye (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autofree char *control = g_build_filename (self->folder, "control", NULL);
  gint64 before_us;

  json_decref (run (connection, "A", "exit 0"));
  before_us = g_get_monotonic_time ();
  step_send (connection, "{\"op\":\"bye\"}");
  g_assert_null (step_receive (connection));
  step_fixture_close (self, connection);
  step_fixture_wait_exit (self);
  g_assert_cmpint (self->exit_code, ==, 0);
  g_assert_false (g_file_test (control, G_FILE_TEST_EXISTS));
  g_test_message ("ended %.1f ms after the last bye", (g_get_monotonic_time () - before_us) / 1000.0);
}

static void
test_signal_and_killed (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet = run (connection, "A", "kill -SEGV $$");

  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, -1);
  g_assert_cmpint (step_get_int (packet, "signal"), ==, SIGSEGV);
  g_assert_true (json_is_null (json_object_get (packet, "reason")));
  json_decref (packet);
}

/* What a child starts with: nothing of ours but what is said. */
static void
test_clean_child (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autofree char *log = NULL;
  const char *ignored;
  json_t *packet = run (connection, "A",
                        "ls -l /proc/self/fd | grep -c -v '/proc/\\|total'; cat /proc/self/oom_score_adj; [ $(ps -o sid= -p $$) = $$ ] && "
                        "echo leader; env | sort | sed 's/ATTEMPT=.*/ATTEMPT/'; grep -e SigBlk -e SigIgn /proc/self/status");

  json_decref (packet);
  log = step_fixture_read_log (self, "A");
  g_assert_true (g_str_has_prefix (log, "3\n1000\nleader\nATELIER_ATTEMPT\nLC_ALL=C.UTF-8\nPATH="));
  g_assert_nonnull (strstr (log, "SigBlk:\t0000000000000000\n"));
  ignored = strstr (log, "SigIgn:\t");
  g_assert_nonnull (ignored);
  /* but the two that the C library keeps for itself */
  g_assert_cmphex (g_ascii_strtoull (ignored + strlen ("SigIgn:\t"), NULL, 16) & ~G_GUINT64_CONSTANT (0x180000000),
                   ==, 0);
}

static void
test_log_order (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autoptr (GString) expected = g_string_new (NULL);
  g_autofree char *log = NULL;

  step_start (connection, "A", NULL, STEP_HELPER, "both", NULL);
  json_decref (step_receive_op (connection, "started"));
  json_decref (step_receive_op (connection, "ended"));
  for (int i = 0; i < 1000; i++)
    g_string_append_printf (expected, "%d\n", i);
  log = step_fixture_read_log (self, "A");
  g_assert_cmpstr (log, ==, expected->str);
}

static void
assert_not_started (int connection, const char *word)
{
  json_t *packet = step_receive_op (connection, "ended");

  g_assert_cmpstr (step_get_text (packet, "reason"), ==, "not-started");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, -1);
  g_assert_nonnull (strstr (step_get_text (packet, "message"), word));
  json_decref (packet);
}

static void
test_not_started (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autoptr (GPtrArray) entries = NULL;

  step_start (connection, "A", NULL, "/nonexistent/program", NULL);
  assert_not_started (connection, "/nonexistent/program");
  step_start (connection, "B", NULL, "no-such-program-anywhere", NULL);
  assert_not_started (connection, "no-such-program-anywhere");
  step_send (
      connection,
      "{\"op\":\"start\",\"step\":\"C\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"nowhere/log\"}");
  assert_not_started (connection, "nowhere/log");
  step_send (connection,
             "{\"op\":\"start\",\"step\":\"D\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"logs/D\","
             "\"folder\":\"/nonexistent\"}");
  assert_not_started (connection, "/nonexistent");
  step_start (connection, "E", NULL, "/etc/passwd", NULL);
  assert_not_started (connection, "/etc/passwd");
  /* and it goes on */
  json_decref (run (connection, "F", "exit 0"));

  entries = step_fixture_read_journal (self);
  g_assert_cmpint (entries->len, ==, 6);
  for (guint i = 0; i < 5; i++)
    {
      const AtelierJournalEntry *entry = g_ptr_array_index (entries, i);

      g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_ENDED);
      g_assert_cmpint (entry->end.reason, ==, ATELIER_END_REASON_NOT_STARTED);
      g_assert_cmpint (entry->pid, ==, 0);
    }
}

/* Whatever comes, it is answered, and an attempt under way does not notice. */
static void
test_hostile (StepFixture *self, gconstpointer unused)
{
  int worker = step_fixture_connect (self), enemy = step_fixture_connect (self), size = 1 << 20;
  g_autofree char *large = g_strnfill (400 * 1024, 'x');
  static const char *const packets[] = {
    "x",
    "{",
    "[]",
    "{\"op\":\"start\"}",
    "{\"op\":\"explode\"}",
    "{\"op\":\"start\",\"step\":\"E\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"../../etc/log\"}",
    "{\"op\":\"start\",\"step\":\"E\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"/tmp/log\"}",
    "{\"op\":\"start\",\"step\":\"Worker\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"logs/E\"}",
    "{\"op\":\"start-file\",\"path\":\"nothing\"}",
    "{\"op\":\"start-file\",\"path\":\"logs\"}",
    "{\"op\":\"start-file\",\"path\":\"journal\"}",
    "\xff\xfe\x01",
  };
  json_t *packet;

  step_start (worker, "Worker", NULL, STEP_HELPER, "pause", self->mark, NULL);
  json_decref (step_receive_op (worker, "started"));
  for (gsize i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      g_assert_cmpint (send (enemy, packets[i], strlen (packets[i]), MSG_NOSIGNAL), >, 0);
      packet = step_receive_op (enemy, "error");
      g_assert_cmpint (strlen (step_get_text (packet, "message")), >, 10);
      json_decref (packet);
    }
  setsockopt (enemy, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (send (enemy, large, 400 * 1024, MSG_NOSIGNAL) > 0)
    json_decref (step_receive_op (enemy, "error"));
  /* an attempt on a busy connection */
  step_start (worker, "Second", NULL, "/bin/true", NULL);
  json_decref (step_receive_op (worker, "error"));
  /* questions without reading the answers: the connection is dropped, nothing else */
  for (int i = 0; i < 100000; i++)
    if (send (enemy, "{\"op\":\"hello\"}", 14, MSG_NOSIGNAL) < 0)
      break;
  step_fixture_close (self, enemy);
  /* an empty packet */
  enemy = step_fixture_connect (self);
  g_assert_cmpint (send (enemy, "", 0, MSG_NOSIGNAL), ==, 0);
  g_assert_null (step_receive (enemy));

  step_send (worker, "{\"op\":\"list\"}");
  packet = step_receive_op (worker, "list");
  g_assert_cmpint (json_array_size (json_object_get (packet, "attempts")), ==, 1);
  json_decref (packet);
  step_send (worker, "{\"op\":\"stop\",\"grace_ms\":0}");
  packet = step_receive_op (worker, "ended");
  g_assert_cmpstr (step_get_text (packet, "reason"), ==, "stopped");
  json_decref (packet);
  /* a stop that comes too late is not answered */
  step_send (worker, "{\"op\":\"stop\"}");
  json_decref (run (worker, "Third", "exit 0"));
}

/* A request too large for a packet. */
static void
test_start_file (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autofree char *path = g_build_filename (self->folder, "logs", "request", NULL);
  g_autofree char *filler = g_strnfill (100 * 1024, 'v');
  g_autofree char *log = NULL;
  json_t *request = json_pack ("{s:s, s:s, s:i, s:[s, s, s], s:s}", "op", "start", "step", "Big", "attempt", 1,
                               "argv", "/bin/sh", "-c", "set | grep -c '^V[0-9]*=.vvvv'", "log", "logs/Big");
  json_t *env = json_array ();

  for (int i = 0; i < 15; i++)
    {
      g_autofree char *entry = g_strdup_printf ("V%d=%s", i, filler);

      json_array_append_new (env, json_string (entry));
    }
  json_array_append_new (env, json_string ("PATH=/usr/bin:/bin"));
  json_object_set_new (request, "env", env);
  g_assert_cmpint (json_dump_file (request, path, 0), ==, 0);
  json_decref (request);

  step_send (connection, "{\"op\":\"start-file\",\"path\":\"logs/request\"}");
  json_decref (step_receive_op (connection, "started"));
  json_decref (step_receive_op (connection, "ended"));
  log = step_fixture_read_log (self, "Big");
  g_assert_cmpstr (log, ==, "15\n");
}

static void
test_many (StepFixture *self, gconstpointer unused)
{
  enum { CONNECTIONS = 4, ATTEMPTS = 2000 };
  struct pollfd fds[CONNECTIONS];
  g_autoptr (GPtrArray) entries = NULL;
  guint begun = 0, ended = 0;
  gint64 before_us;

  for (int i = 0; i < CONNECTIONS; i++)
    fds[i] = (struct pollfd) { .fd = step_fixture_connect (self), .events = POLLIN };
  before_us = g_get_monotonic_time ();
  for (int i = 0; i < CONNECTIONS; i++)
    {
      g_autofree char *step = g_strdup_printf ("s%u", begun++);

      step_start (fds[i].fd, step, NULL, "/bin/true", NULL);
    }
  while (ended < ATTEMPTS)
    {
      g_assert_cmpint (poll (fds, CONNECTIONS, 60 * 1000), >, 0);
      for (int i = 0; i < CONNECTIONS; i++)
        {
          json_t *packet = fds[i].revents != 0 ? step_receive (fds[i].fd) : NULL;

          if (packet != NULL && strcmp (step_get_text (packet, "op"), "ended") == 0)
            {
              g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 0);
              ended++;
              if (begun < ATTEMPTS)
                {
                  g_autofree char *step = g_strdup_printf ("s%u", begun++);

                  step_start (fds[i].fd, step, NULL, "/bin/true", NULL);
                }
            }
          json_decref (packet);
        }
    }
  g_test_message ("%.3f ms an attempt, %d connections, %d attempts",
                  (g_get_monotonic_time () - before_us) / 1000.0 / ATTEMPTS, CONNECTIONS, ATTEMPTS);
  entries = step_fixture_read_journal (self);
  g_assert_cmpint (entries->len, ==, ATTEMPTS);
  for (guint i = 0; i < ATTEMPTS; i++)
    g_assert_cmpint (((AtelierJournalEntry *)g_ptr_array_index (entries, i))->state, ==, ATELIER_JOURNAL_STATE_ENDED);
}

static void
test_services (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  gint64 pid;
  json_t *packet, *services;

  for (int i = 0; i < 2; i++)
    {
      step_send (
          connection,
          "{\"op\":\"service\",\"name\":\"door\",\"argv\":[\"%s\",\"daemons\",\"%s\",\"stay\"],\"env\":[],\"log\":"
          "\"door.out\"}",
          STEP_HELPER, self->mark);
      packet = step_receive_op (connection, "service");
      g_assert_cmpint (json_is_true (json_object_get (packet, "new")), ==, i == 0);
      g_assert_true (json_is_true (json_object_get (packet, "running")));
      if (i == 0)
        pid = step_get_int (packet, "pid");
      else
        g_assert_cmpint (pid, ==, step_get_int (packet, "pid"));
      json_decref (packet);
    }
  step_send (
      connection,
      "{\"op\":\"service\",\"name\":\"short\",\"argv\":[\"/bin/sh\",\"-c\",\"exit 4\"],\"env\":[],\"log\":\"short.out\"}");
  json_decref (step_receive_op (connection, "service"));
  step_send (connection,
             "{\"op\":\"service\",\"name\":\"none\",\"argv\":[\"/nonexistent\"],\"env\":[],\"log\":\"none.out\"}");
  json_decref (step_receive_op (connection, "error"));
  step_wait_marked (self->mark, 6);
  json_decref (run (connection, "A", "exit 0"));

  /* the short one is asked after until it ended, and is not started again */
  for (gboolean over = FALSE; !over;)
    {
      step_send (connection, "{\"op\":\"service-status\"}");
      packet = step_receive_op (connection, "service-status");
      services = json_object_get (packet, "services");
      g_assert_cmpint (json_array_size (services), ==, 2);
      for (gsize i = 0; i < 2; i++)
        if (strcmp (step_get_text (json_array_get (services, i), "name"), "short") == 0)
          over = step_get_int (json_array_get (services, i), "exit_code") == 4;
      json_decref (packet);
    }
  step_send (connection,
             "{\"op\":\"service\",\"name\":\"short\",\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"short.out\"}");
  packet = step_receive_op (connection, "service");
  g_assert_true (json_is_false (json_object_get (packet, "new")));
  g_assert_true (json_is_false (json_object_get (packet, "running")));
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 4);
  json_decref (packet);

  step_send (connection, "{\"op\":\"bye\"}");
  step_fixture_close (self, connection);
  step_fixture_wait_exit (self);
  g_assert_cmpint (self->exit_code, ==, 0);
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
}

/* A connection that closes lets go of its attempt; another one takes it up. */
static void
test_attach (StepFixture *self, gconstpointer unused)
{
  int first = step_fixture_connect (self), second = step_fixture_connect (self), third;
  json_t *packet;
  gint64 pid;

  step_start (first, "A", NULL, STEP_HELPER, "polite", self->mark, NULL);
  packet = step_receive_op (first, "started");
  pid = step_get_int (packet, "pid");
  json_decref (packet);
  step_wait_log (self, "A", "ready");
  step_send (second, "{\"op\":\"attach\",\"step\":\"A\",\"attempt\":2}");
  packet = step_receive_op (second, "unknown");
  g_assert_cmpint (step_get_int (packet, "attempt"), ==, 2);
  json_decref (packet);

  /* from one that lives … */
  step_send (second, "{\"op\":\"attach\",\"step\":\"A\",\"attempt\":1}");
  packet = step_receive_op (second, "started");
  g_assert_cmpint (step_get_int (packet, "pid"), ==, pid);
  json_decref (packet);
  json_decref (step_receive_op (first, "taken"));
  json_decref (run (first, "B", "exit 0"));
  /* … and from one that is gone */
  step_fixture_close (self, second);
  third = step_fixture_connect (self);
  step_send (third, "{\"op\":\"attach\",\"step\":\"A\",\"attempt\":1}");
  packet = step_receive_op (third, "started");
  g_assert_cmpint (step_get_int (packet, "pid"), ==, pid);
  json_decref (packet);
  step_send (third, "{\"op\":\"stop\"}");
  packet = step_receive_op (third, "ended");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 7);
  json_decref (packet);
}

/* A starter in a process of its own, which can be killed. */
static int
be_starter (const char *folder, const char *mark)
{
  StepFixture self = { .folder = (char *)folder,
                       .mark = (char *)mark,
                       .connections = g_array_new (FALSE, FALSE, sizeof (int)) };
  int fd = step_fixture_listen (folder), connection;

  self.pid = step_fixture_spawn (folder, NULL, fd);
  close (fd);
  connection = step_fixture_connect (&self);
  step_start (connection, "Long", NULL, STEP_HELPER, "polite", mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  connection = step_fixture_connect (&self);
  step_start (connection, "Short", NULL, "/bin/sh", "-c", "while [ ! -e go ]; do :; done; exit 5", NULL);
  json_decref (step_receive_op (connection, "started"));
  printf ("%d\n", (int) self.pid);
  fflush (stdout);
  raise (SIGKILL);
  return 1;
}

static void
test_starter_killed (StepFixture *self, gconstpointer unused)
{
  g_autofree char *go = g_build_filename (self->folder, "go", NULL);
  const char *argv[] = { "/proc/self/exe", "--starter", self->folder, self->mark, NULL };
  g_autofree char *text = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  int status, connection;
  json_t *packet;

  /* the one of the fixture is not needed */
  connection = step_fixture_connect (self);
  step_send (connection, "{\"op\":\"bye\"}");
  step_fixture_close (self, connection);
  step_fixture_wait_exit (self);

  /* orphans of the starter come to us, so that we see the supervisor end */
  prctl (PR_SET_CHILD_SUBREAPER, 1);
  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, &text, NULL, &status, NULL));
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  self->pid = atoi (text);
  g_assert_true (g_file_set_contents (go, "", 0, NULL));

  /* a new owner */
  connection = step_fixture_connect (self);
  step_send (connection, "{\"op\":\"attach\",\"step\":\"Long\",\"attempt\":1}");
  packet = step_receive_op (connection, "started");
  g_assert_cmpstr (step_get_text (packet, "step"), ==, "Long");
  json_decref (packet);
  for (gboolean ended = FALSE; !ended;)
    {
      g_autoptr (GPtrArray) now = step_fixture_read_journal (self);
      const AtelierJournalEntry *entry = step_fixture_find_entry (now, "Short", 1);

      ended = entry->state == ATELIER_JOURNAL_STATE_ENDED;
      if (ended)
        g_assert_cmpint (entry->end.exit_code, ==, 5);
    }
  /* it, too, goes without a word while its attempt runs: the attempt ends by itself and then the supervisor */
  step_fixture_close (self, connection);
  step_wait_log (self, "Long", "ready");
  entries = step_fixture_read_journal (self);
  kill ((pid_t) step_fixture_find_entry (entries, "Long", 1)->pid, SIGTERM);
  step_fixture_wait_exit (self);
  g_assert_cmpint (self->exit_code, ==, 0);
  g_ptr_array_unref (entries);
  entries = step_fixture_read_journal (self);
  g_assert_cmpint (step_fixture_find_entry (entries, "Long", 1)->state, ==, ATELIER_JOURNAL_STATE_ENDED);
  g_assert_cmpint (step_fixture_find_entry (entries, "Long", 1)->end.exit_code, ==, 7);
  g_assert_cmpint (step_fixture_find_entry (entries, "Long", 1)->end.reason, ==, ATELIER_END_REASON_NONE);
  prctl (PR_SET_CHILD_SUBREAPER, 0);
}

/* The supervisor itself is killed: its successor leaves nothing undecided and nothing running. */
static void
test_supervisor_killed (StepFixture *self, gconstpointer unused)
{
  g_autofree char *control = g_build_filename (self->folder, "control", NULL);
  g_autoptr (GPtrArray) entries = NULL;
  const AtelierJournalEntry *entry;
  int connection = step_fixture_connect (self), fd;

  json_decref (run (connection, "Done", "exit 0"));
  step_start (connection, "A", NULL, "/bin/sh", "-c", "\"$0\" pause \"$1\" & \"$0\" pause \"$1\"", STEP_HELPER,
              self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_marked (self->mark, 3);
  kill (self->pid, SIGKILL);
  step_fixture_wait_exit (self);
  g_assert_null (step_receive (connection));
  step_fixture_close (self, connection);

  g_unlink (control);
  fd = step_fixture_listen (self->folder);
  self->pid = step_fixture_spawn (self->folder, NULL, fd);
  close (fd);
  connection = step_fixture_connect (self);
  step_send (connection, "{\"op\":\"hello\"}");
  json_decref (step_receive_op (connection, "hello"));
  step_wait_marked (self->mark, 0);
  entries = step_fixture_read_journal (self);
  g_assert_cmpint (entries->len, ==, 2);
  g_assert_cmpint (step_fixture_find_entry (entries, "Done", 1)->end.reason, ==, ATELIER_END_REASON_NONE);
  entry = step_fixture_find_entry (entries, "A", 1);
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_ENDED);
  g_assert_cmpint (entry->end.reason, ==, ATELIER_END_REASON_LOST);
  g_assert_cmpint (entry->end.exit_code, ==, -1);
}

static void
test_two_supervisors (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self), unused_fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  StepFixture other = { .folder = self->folder };
  g_autofree char *control = g_build_filename (self->folder, "control", NULL);

  json_decref (run (connection, "A", "exit 0"));
  other.pid = step_fixture_spawn (self->folder, NULL, unused_fd);
  close (unused_fd);
  step_fixture_wait_exit (&other);
  g_assert_cmpint (other.exit_code, ==, ATELIER_STEP_EXIT_BUSY);
  g_assert_true (g_file_test (control, G_FILE_TEST_EXISTS));
  json_decref (run (connection, "B", "exit 0"));
}

/* A new one that is started while the old one is still ending its services. */
static void
test_successor (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self), fd;
  g_autofree char *control = g_build_filename (self->folder, "control", NULL);
  StepFixture former = { .folder = self->folder };
  json_t *packet;

  step_send (
      connection,
      "{\"op\":\"service\",\"name\":\"slow\",\"argv\":[\"%s\",\"pause\",\"%s\"],\"env\":[],\"log\":\"logs/slow\"}",
      STEP_HELPER, self->mark);
  json_decref (step_receive_op (connection, "service"));
  step_wait_log (self, "slow", "pausing");
  step_send (connection, "{\"op\":\"bye\"}");
  step_fixture_close (self, connection);
  while (g_file_test (control, G_FILE_TEST_EXISTS))
    g_usleep (100);
  former.pid = self->pid;
  fd = step_fixture_listen (self->folder);
  self->pid = step_fixture_spawn (self->folder, NULL, fd);
  close (fd);
  connection = step_fixture_connect (self);
  step_send (connection, "{\"op\":\"hello\"}");
  packet = step_receive_op (connection, "hello");
  g_assert_cmpint (step_get_int (packet, "pid"), ==, self->pid);
  json_decref (packet);
  step_fixture_wait_exit (&former);
  g_assert_cmpint (former.exit_code, ==, 0);
  json_decref (run (connection, "A", "exit 0"));
}

/* Told to end (a session that ends): attempts are stopped and recorded. */
static void
test_terminated (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet;

  step_start (connection, "A", NULL, STEP_HELPER, "polite", self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_log (self, "A", "ready");
  kill (self->pid, SIGINT);
  kill (self->pid, SIGHUP);
  kill (self->pid, SIGTERM);
  packet = step_receive_op (connection, "ended");
  g_assert_cmpstr (step_get_text (packet, "reason"), ==, "stopped");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 7);
  g_assert_nonnull (step_get_text (packet, "message"));
  json_decref (packet);
  g_assert_null (step_receive (connection));
  step_fixture_wait_exit (self);
  g_assert_cmpint (self->exit_code, ==, 0);
}

/* A small disk of its own, full: what runs is recorded, what cannot be recorded does not run. */
static const char *const small_disk[] = { "bwrap",  "--dev-bind", "/",      "/", "--size",
                                          "262144", "--tmpfs",    "FOLDER", NULL };

static gint64
get_supervisor_pid (int connection)
{
  json_t *packet;
  gint64 pid;

  step_send (connection, "{\"op\":\"hello\"}");
  packet = step_receive_op (connection, "hello");
  pid = step_get_int (packet, "pid");
  json_decref (packet);
  return pid;
}

static void
test_disk_full (void)
{
  StepFixture self = { 0 };
  g_autofree char *inner = NULL, *filler = NULL, *journal = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  guint begun = 0;
  int connection;

  if (!step_can_sandbox ())
    return;
  step_fixture_set_up (&self, small_disk);
  connection = step_fixture_connect (&self);
  inner = g_strdup_printf ("/proc/%d/root%s", (int) get_supervisor_pid (connection), self.folder);
  filler = g_build_filename (inner, "filler", NULL);
  journal = g_build_filename (inner, "journal", NULL);

  step_send (
      connection,
      "{\"op\":\"start\",\"step\":\"Fill\",\"attempt\":1,\"argv\":[\"/bin/sh\",\"-c\",\"cat /dev/zero > filler\"],"
      "\"env\":[\"PATH=/bin\"],\"log\":\"fill.log\"}");
  json_decref (step_receive_op (connection, "started"));
  json_decref (step_receive_op (connection, "ended"));
  for (gboolean refused = FALSE; !refused; begun++)
    {
      json_t *packet;

      g_assert_cmpint (begun, <, 2000);
      step_send (
          connection,
          "{\"op\":\"start\",\"step\":\"s%u\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"fill.log\"}",
          begun);
      packet = step_receive (connection);
      if (strcmp (step_get_text (packet, "op"), "started") == 0)
        {
          json_decref (packet);
          packet = step_receive_op (connection, "ended");
        }
      g_assert_cmpstr (step_get_text (packet, "op"), ==, "ended");
      refused = g_strcmp0 (step_get_text (packet, "reason"), "not-started") == 0;
      if (refused)
        {
          g_assert_nonnull (strstr (step_get_text (packet, "message"), "journal"));
          g_assert_true (json_is_false (json_object_get (packet, "recorded")));
        }
      else
        g_assert_null (json_object_get (packet, "recorded"));
      json_decref (packet);
    }
  g_test_message ("%u attempts were recorded on a full disk before one was refused", begun - 1);
  entries = atelier_journal_read (journal, NULL);
  g_assert_cmpint (entries->len, ==, begun);
  for (guint i = 0; i < entries->len; i++)
    g_assert_cmpint (((AtelierJournalEntry *)g_ptr_array_index (entries, i))->state, ==, ATELIER_JOURNAL_STATE_ENDED);

  /* room again: it goes on */
  g_assert_cmpint (g_unlink (filler), ==, 0);
  step_send (
      connection,
      "{\"op\":\"start\",\"step\":\"Last\",\"attempt\":1,\"argv\":[\"/bin/true\"],\"env\":[],\"log\":\"fill.log\"}");
  json_decref (step_receive_op (connection, "started"));
  json_decref (step_receive_op (connection, "ended"));
  step_fixture_tear_down (&self, NULL);
}

static int
run_program (const char *const *argv, char **output, char **problem)
{
  int status = -1;

  g_assert_true (
      g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, output, problem, &status, NULL));
  return WEXITSTATUS (status);
}

static void
test_command_line (void)
{
  static const char *const wrong[][6] = {
    { STEP_PROGRAM },
    { STEP_PROGRAM, "dance" },
    { STEP_PROGRAM, "serve" },
    { STEP_PROGRAM, "serve", "" },
    { STEP_PROGRAM, "serve", "a", "b" },
    { STEP_PROGRAM, "serve", "--listen-fd", "x", "a" },
    { STEP_PROGRAM, "serve", "a", "--listen-fd" },
    { STEP_PROGRAM, "serve", "--other" },
    { STEP_PROGRAM, "inside" },
    { STEP_PROGRAM, "inside", "--forward", "80", "true" },
    { STEP_PROGRAM, "inside", "--forward", "99999=x", "true" },
    { STEP_PROGRAM, "inside", "--other", "true" },
  };
  g_autofree char *help = NULL, *version = NULL, *problem = NULL;

  g_assert_cmpint (run_program ((const char *[]) { STEP_PROGRAM, "--help", NULL }, &help, NULL), ==, 0);
  g_assert_nonnull (strstr (help, "serve RUN_FOLDER"));
  g_assert_cmpint (run_program ((const char *[]) { STEP_PROGRAM, "--version", NULL }, &version, NULL), ==, 0);
  g_assert_cmpstr (version, ==, "atelier-step " ATELIER_VERSION "\n");
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autofree char *said = NULL;

      g_assert_cmpint (run_program (wrong[i], NULL, &said), ==, ATELIER_STEP_EXIT_USAGE);
      g_assert_nonnull (strstr (said, "Usage:"));
    }
  g_assert_cmpint (run_program ((const char *[]) { STEP_PROGRAM, "serve", "/nonexistent", NULL }, NULL, &problem), ==,
                   ATELIER_STEP_EXIT_FOLDER);
  g_assert_nonnull (strstr (problem, "/nonexistent"));
}

#define ADD(name, function) \
  g_test_add ("/step/serve/" name, StepFixture, NULL, step_fixture_set_up, function, step_fixture_tear_down)

int
main (int argc, char **argv)
{
  if (argc == 4 && strcmp (argv[1], "--starter") == 0)
    return be_starter (argv[2], argv[3]);
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", test_round_trip);
  ADD ("bye", test_bye);
  ADD ("signal", test_signal_and_killed);
  ADD ("clean-child", test_clean_child);
  ADD ("log-order", test_log_order);
  ADD ("not-started", test_not_started);
  ADD ("hostile", test_hostile);
  ADD ("start-file", test_start_file);
  ADD ("many", test_many);
  ADD ("services", test_services);
  ADD ("attach", test_attach);
  ADD ("starter-killed", test_starter_killed);
  ADD ("supervisor-killed", test_supervisor_killed);
  ADD ("two-supervisors", test_two_supervisors);
  ADD ("successor", test_successor);
  ADD ("terminated", test_terminated);
  g_test_add_func ("/step/serve/disk-full", test_disk_full);
  g_test_add_func ("/step/serve/command-line", test_command_line);
  return g_test_run ();
}
