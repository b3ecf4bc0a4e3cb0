/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

#include "step-fixture.h"

/* The address sanitizer maps more than any limit of memory allows. */
#ifdef __SANITIZE_ADDRESS__
#define HAS_SANITIZER TRUE
#else
#define HAS_SANITIZER FALSE
#endif

/* That a stop stops everything, that limits hold, and that an end means nothing is left: by looking at /proc
 * for processes that have a word of ours among their arguments. */

static const char *const without_marks[] = { STEP_HELPER, "no-marks", NULL };

static json_t *
receive_end (int connection, const char *reason)
{
  json_t *packet = step_receive_op (connection, "ended");

  g_assert_cmpstr (step_get_text (packet, "reason"), ==, reason);
  return packet;
}

/* Daemons that forked twice, have sessions of their own, no environment, and ignore TERM. */
static void
test_stop (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self), other = step_fixture_connect (self);
  g_autofree char *others = g_strconcat (self->mark, "-other", NULL);

  step_start (other, "Other", NULL, STEP_HELPER, "daemons", others, "stay", NULL);
  json_decref (step_receive_op (other, "started"));
  step_start (connection, "A", "{\"grace_ms\":100}", STEP_HELPER, "daemons", self->mark, "stay", NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_marked (self->mark, 6);
  step_wait_marked (others, 6);
  step_send (connection, "{\"op\":\"stop\"}");
  json_decref (receive_end (connection, "stopped"));
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
  /* and no more than its own */
  g_assert_cmpint (step_count_marked (others), ==, 6);
  step_send (other, "{\"op\":\"stop\",\"grace_ms\":0}");
  json_decref (receive_end (other, "stopped"));
  g_assert_cmpint (step_count_marked (others), ==, 0);
}

/* The first process ends by itself and leaves daemons: they go before the end is told. */
static void
test_leftovers (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self), other = step_fixture_connect (self);
  g_autofree char *others = g_strconcat (self->mark, "-other", NULL);

  step_start (other, "Other", NULL, STEP_HELPER, "daemons", others, "stay", NULL);
  json_decref (step_receive_op (other, "started"));
  step_wait_marked (others, 6);
  for (int i = 0; i < 20; i++)
    {
      g_autofree char *step = g_strdup_printf ("A%d", i);
      json_t *packet;

      step_start (connection, step, NULL, STEP_HELPER, "daemons", self->mark, "leave", NULL);
      json_decref (step_receive_op (connection, "started"));
      packet = receive_end (connection, NULL);
      g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 3);
      json_decref (packet);
      g_assert_cmpint (step_count_marked (self->mark), ==, 0);
    }
  g_assert_cmpint (step_count_marked (others), ==, 6);
  step_send (other, "{\"op\":\"stop\",\"grace_ms\":0}");
  json_decref (receive_end (other, "stopped"));
}

/* One that took off its mark, too, is known as long as no other attempt can be to blame … */
static void
test_unmarked (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);

  step_start (connection, "A", NULL, STEP_HELPER, "daemons", self->mark, "leave-unmarked", NULL);
  json_decref (step_receive_op (connection, "started"));
  json_decref (receive_end (connection, NULL));
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);

  step_start (connection, "B", NULL, STEP_HELPER, "daemons", self->mark, "stay-unmarked", NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_marked (self->mark, 6);
  step_send (connection, "{\"op\":\"stop\",\"grace_ms\":0}");
  json_decref (receive_end (connection, "stopped"));
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
}

/* … and otherwise goes when none runs any more. */
static void
test_stray (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self), other = step_fixture_connect (self);
  g_autofree char *others = g_strconcat (self->mark, "-other", NULL);

  step_start (other, "Other", NULL, STEP_HELPER, "pause", others, NULL);
  json_decref (step_receive_op (other, "started"));
  step_start (connection, "A", NULL, STEP_HELPER, "daemons", self->mark, "leave-unmarked", NULL);
  json_decref (step_receive_op (connection, "started"));
  json_decref (receive_end (connection, NULL));
  g_assert_cmpint (step_count_marked (self->mark), <=, 1);
  g_assert_cmpint (step_count_marked (others), ==, 1);
  step_send (other, "{\"op\":\"stop\",\"grace_ms\":0}");
  json_decref (receive_end (other, "stopped"));
  step_wait_marked (self->mark, 0);
}

static void
test_grace (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autofree char *log = NULL;
  json_t *packet;

  step_start (connection, "A", "{\"grace_ms\":60000}", "/bin/sh", "-c", "\"$0\" polite \"$1\"; exit $?", STEP_HELPER,
              self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_log (self, "A", "ready");
  step_send (connection, "{\"op\":\"stop\"}");
  packet = receive_end (connection, "stopped");
  json_decref (packet);
  log = step_fixture_read_log (self, "A");
  g_assert_nonnull (strstr (log, "goodbye"));

  /* a second stop cuts the grace of the first short */
  step_start (connection, "B", "{\"grace_ms\":60000}", STEP_HELPER, "pause", self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_log (self, "B", "pausing");
  step_send (connection, "{\"op\":\"stop\"}");
  step_send (connection, "{\"op\":\"stop\",\"grace_ms\":0}");
  packet = receive_end (connection, "stopped");
  g_assert_cmpint (step_get_int (packet, "signal"), ==, SIGKILL);
  g_assert_cmpint (step_get_int (packet, "wall_us"), <, 30 * G_USEC_PER_SEC);
  json_decref (packet);
}

/* A process that was stopped still gets its TERM. */
static void
test_stopped_process (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet;

  step_start (connection, "A", "{\"grace_ms\":60000}", STEP_HELPER, "polite", self->mark, NULL);
  packet = step_receive_op (connection, "started");
  step_wait_log (self, "A", "ready");
  kill ((pid_t) step_get_int (packet, "pid"), SIGSTOP);
  json_decref (packet);
  step_send (connection, "{\"op\":\"stop\"}");
  packet = receive_end (connection, "stopped");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 7);
  json_decref (packet);
}

static void
test_time_limit (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet;

  step_start (connection, "A", "{\"wall_ms\":300,\"grace_ms\":50}", STEP_HELPER, "daemons", self->mark, "stay", NULL);
  json_decref (step_receive_op (connection, "started"));
  packet = receive_end (connection, "time-limit");
  g_assert_nonnull (strstr (step_get_text (packet, "message"), "0.3 s"));
  g_assert_cmpint (step_get_int (packet, "wall_us"), >=, 300 * 1000);
  json_decref (packet);
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
}

static void
test_memory_limit (StepFixture *self, gconstpointer unused)
{
  static const char *const how[] = { "eat", "eat-shared" };
  int connection = step_fixture_connect (self);

  if (HAS_SANITIZER)
    {
      g_test_skip ("a sanitized program needs more memory than the limit");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (how); i++)
    {
      json_t *packet;

      step_start (connection, how[i], "{\"memory_bytes\":67108864}", STEP_HELPER, how[i], self->mark, NULL);
      json_decref (step_receive_op (connection, "started"));
      packet = receive_end (connection, "memory-limit");
      g_assert_nonnull (strstr (step_get_text (packet, "message"), "64.0\302\240MiB"));
      g_assert_cmpint (step_get_int (packet, "peak_memory_bytes"), >, 64 << 20);
      g_assert_cmpint (step_get_int (packet, "peak_memory_bytes"), <, G_GINT64_CONSTANT (3) << 30);
      g_test_message ("%s: %" G_GINT64_FORMAT " MiB at most", how[i],
                      step_get_int (packet, "peak_memory_bytes") >> 20);
      json_decref (packet);
      g_assert_cmpint (step_count_marked (self->mark), ==, 0);
    }
}

static void
test_fork_bomb (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet;

  step_start (connection, "A", "{\"processes\":64}", STEP_HELPER, "bomb", self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  packet = receive_end (connection, "process-limit");
  g_assert_nonnull (strstr (step_get_text (packet, "message"), "64"));
  g_test_message ("%s; over after %.0f ms", step_get_text (packet, "message"),
                  step_get_int (packet, "wall_us") / 1000.0);
  json_decref (packet);
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
}

/* A gigabyte into a log of 8 MiB. */
static void
test_flood (StepFixture *self, gconstpointer unused)
{
  const gint64 limit = 8 << 20, bytes = G_GINT64_CONSTANT (1) << 30;
  int connection = step_fixture_connect (self);
  g_autofree char *path = g_build_filename (self->folder, "logs", "A", NULL);
  g_autofree char *log = NULL;
  const char *seam, *last;
  gint64 most_bytes = 0, head;
  struct stat info;
  json_t *packet = NULL;

  step_start (connection, "A", "{\"log_bytes\":8388608}", STEP_HELPER, "flood", "1073741824", NULL);
  json_decref (step_receive_op (connection, "started"));
  while (packet == NULL)
    {
      GPollFD readable = { .fd = connection, .events = G_IO_IN };

      if (g_poll (&readable, 1, 1) > 0)
        packet = step_receive_op (connection, "ended");
      g_assert_cmpint (g_stat (path, &info), ==, 0);
      most_bytes = MAX (most_bytes, (gint64) info.st_blocks * 512);
    }
  g_test_message ("at most %" G_GINT64_FORMAT " MiB of disk, %.2f s", most_bytes >> 20,
                  step_get_int (packet, "wall_us") / 1e6);
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 0);
  g_assert_cmpint (step_get_int (packet, "log_written_bytes"), ==, bytes);
  g_assert_cmpint (step_get_int (packet, "log_bytes"), <=, limit + 100);
  g_assert_cmpint (most_bytes, <, bytes / 2);
  head = step_get_int (packet, "log_head_bytes");

  g_assert_true (g_file_get_contents (path, &log, NULL, NULL));
  g_assert_cmpint (strlen (log), ==, step_get_int (packet, "log_bytes"));
  g_assert_true (g_str_has_prefix (log, "line 000000000000 ..."));
  seam = log + head;
  g_assert_true (g_str_has_prefix (seam, "… "));
  g_assert_cmpint (g_ascii_strtoll (strchr (seam, ' '), NULL, 10), >, bytes - limit - 1);
  g_assert_true (g_str_has_prefix (strchr (seam, '\n') + 1, "line "));
  last = log + strlen (log) - 64;
  g_assert_true (g_str_has_prefix (last, "line 000016777215 ..."));
  json_decref (packet);
}

#define SANDBOX \
  "bwrap", "--unshare-pid", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"

static void
test_sandbox (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  g_autofree char *log = NULL;
  json_t *packet;

  if (!step_can_sandbox ())
    return;
  step_start (connection, "Polite", "{\"grace_ms\":60000}", SANDBOX, STEP_PROGRAM, "inside", "--", STEP_HELPER,
              "polite", self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_log (self, "Polite", "ready");
  step_send (connection, "{\"op\":\"stop\"}");
  packet = receive_end (connection, "stopped");
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 7);
  json_decref (packet);
  log = step_fixture_read_log (self, "Polite");
  g_assert_cmpstr (log, ==, "ready\nhad time to say goodbye\n");

  step_start (connection, "Rude", "{\"grace_ms\":100}", SANDBOX, STEP_HELPER, "daemons", self->mark, "stay", NULL);
  json_decref (step_receive_op (connection, "started"));
  step_wait_marked (self->mark, 6);
  step_send (connection, "{\"op\":\"stop\"}");
  json_decref (receive_end (connection, "stopped"));
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);

  step_start (connection, "Leaver", NULL, SANDBOX, STEP_HELPER, "daemons", self->mark, "leave", NULL);
  json_decref (step_receive_op (connection, "started"));
  packet = receive_end (connection, NULL);
  g_assert_cmpint (step_get_int (packet, "exit_code"), ==, 3);
  json_decref (packet);
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);

  if (HAS_SANITIZER)
    return;
  step_start (connection, "Eater", "{\"memory_bytes\":67108864}", SANDBOX, STEP_HELPER, "eat", self->mark, NULL);
  json_decref (step_receive_op (connection, "started"));
  json_decref (receive_end (connection, "memory-limit"));
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
}

static void
test_list (StepFixture *self, gconstpointer unused)
{
  int connection = step_fixture_connect (self);
  json_t *packet, *attempt;
  gboolean seen = FALSE;

  step_start (connection, "A", NULL, STEP_HELPER, "daemons", self->mark, "stay", NULL);
  json_decref (step_receive_op (connection, "started"));
  while (!seen)
    {
      step_send (connection, "{\"op\":\"list\"}");
      packet = step_receive_op (connection, "list");
      g_assert_cmpint (json_array_size (json_object_get (packet, "attempts")), ==, 1);
      attempt = json_array_get (json_object_get (packet, "attempts"), 0);
      g_assert_cmpstr (step_get_text (attempt, "step"), ==, "A");
      g_assert_true (json_is_true (json_object_get (attempt, "owned")));
      g_assert_true (json_is_false (json_object_get (attempt, "stopping")));
      seen = step_get_int (attempt, "processes") == 6 && step_get_int (attempt, "memory_bytes") > 0;
      json_decref (packet);
    }
  step_send (connection, "{\"op\":\"stop\",\"grace_ms\":0}");
  json_decref (receive_end (connection, "stopped"));
}

#define ADD_MARKED(name, function) \
  g_test_add ("/step/kill/" name, StepFixture, NULL, step_fixture_set_up, function, step_fixture_tear_down)
#define ADD(name, function) \
  ADD_MARKED (name, function); \
  g_test_add ("/step/kill-without-marks/" name, StepFixture, without_marks, step_fixture_set_up, function, \
              step_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("time-limit", test_time_limit);
  ADD ("memory-limit", test_memory_limit);
  ADD ("fork-bomb", test_fork_bomb);
  ADD ("unmarked", test_unmarked);
  ADD ("stop-list", test_list);
  ADD_MARKED ("stop", test_stop);
  ADD_MARKED ("leftovers", test_leftovers);
  ADD_MARKED ("stray", test_stray);
  ADD_MARKED ("grace", test_grace);
  ADD_MARKED ("stopped-process", test_stopped_process);
  ADD_MARKED ("flood", test_flood);
  ADD_MARKED ("sandbox", test_sandbox);
  return g_test_run ();
}
