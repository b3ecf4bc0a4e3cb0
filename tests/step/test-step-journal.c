/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-journal-writer.h"
#include "atelier-journal.h"

typedef struct
{
  char *path;
  int   fd;
} Fixture;

static void
set_up (Fixture *self, gconstpointer unused)
{
  self->fd = g_file_open_tmp ("atelier-journal-XXXXXX", &self->path, NULL);
  g_assert_cmpint (self->fd, >=, 0);
  close (self->fd);
  self->fd = open (self->path, O_RDWR | O_APPEND | O_CLOEXEC);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  g_unlink (self->path);
  g_free (self->path);
}

static gint64
get_size (const char *path)
{
  struct stat info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  return info.st_size;
}

static GPtrArray *
read_all (const char *path)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *entries = atelier_journal_read (path, &error);

  g_assert_no_error (error);
  return entries;
}

static void
test_round_trip (Fixture *self, gconstpointer unused)
{
  g_autoptr (AtelierJournalWriter) writer = atelier_journal_writer_new (self->fd);
  AtelierAttemptEnd end = {
    .exit_code = 3,
    .reason = ATELIER_END_REASON_TIME_LIMIT,
    .message = (char *)"It “ran” \\ too\nlong",
    .started_at_us = 11,
    .ended_at_us = 22,
    .wall_us = 33,
    .cpu_us = 44,
    .peak_memory_bytes = 55,
    .log_bytes = 66,
    .log_written_bytes = 77,
    .log_head_bytes = 88,
  };
  g_autoptr (GPtrArray) entries = NULL;
  const AtelierJournalEntry *entry;

  g_assert_true (atelier_journal_writer_start (writer, "Träin \"1\"", 2, 1000, 0, NULL));
  entries = read_all (self->path);
  g_assert_cmpint (entries->len, ==, 1);
  entry = g_ptr_array_index (entries, 0);
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_INTENDED);
  g_assert_cmpint (entry->intended_at_us, ==, 1000);
  g_assert_cmpint (entry->pid, ==, 0);

  g_assert_true (
      atelier_journal_writer_started (writer, "Träin \"1\"", 2, 4711, G_GUINT64_CONSTANT (1) << 40, "boot", NULL));
  g_assert_true (atelier_journal_writer_start (writer, "Other", 1, 2000, 1, NULL));
  g_assert_true (atelier_journal_writer_end (writer, "Träin \"1\"", 2, &end, NULL));
  g_ptr_array_unref (entries);
  entries = read_all (self->path);
  g_assert_cmpint (entries->len, ==, 2);
  entry = g_ptr_array_index (entries, 0);
  g_assert_cmpstr (entry->step, ==, "Träin \"1\"");
  g_assert_cmpint (entry->attempt, ==, 2);
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_ENDED);
  g_assert_cmpint (entry->pid, ==, 4711);
  g_assert_cmpuint (entry->start_ticks, ==, G_GUINT64_CONSTANT (1) << 40);
  g_assert_cmpstr (entry->boot_id, ==, "boot");
  g_assert_cmpint (entry->end.exit_code, ==, 3);
  g_assert_cmpint (entry->end.reason, ==, ATELIER_END_REASON_TIME_LIMIT);
  g_assert_cmpstr (entry->end.message, ==, end.message);
  g_assert_cmpint (entry->end.started_at_us, ==, 11);
  g_assert_cmpint (entry->end.ended_at_us, ==, 22);
  g_assert_cmpint (entry->end.wall_us, ==, 33);
  g_assert_cmpint (entry->end.cpu_us, ==, 44);
  g_assert_cmpint (entry->end.peak_memory_bytes, ==, 55);
  g_assert_cmpint (entry->end.log_bytes, ==, 66);
  g_assert_cmpint (entry->end.log_written_bytes, ==, 77);
  g_assert_cmpint (entry->end.log_head_bytes, ==, 88);
}

static void
test_reasons (void)
{
  for (AtelierEndReason reason = 0; reason < ATELIER_END_REASON_N_VALUES; reason++)
    g_assert_cmpint (atelier_end_reason_from_text (atelier_end_reason_to_text (reason)), ==, reason);
  g_assert_null (atelier_end_reason_to_text (ATELIER_END_REASON_NONE));
  g_assert_cmpint (atelier_end_reason_from_text ("of the future"), ==, ATELIER_END_REASON_NONE);
}

static void
test_damage (void)
{
  const char text[] = "{\"event\":\"start\",\"step\":\"A\",\"attempt\":1,\"at_us\":5}\n"
                      "\n"
                      "not json\n"
                      "[1,2]\n"
                      "{\"event\":\"start\",\"step\":7,\"attempt\":1}\n"
                      "{\"event\":\"later invention\",\"step\":\"A\",\"attempt\":1}\n"
                      "{\"event\":\"end\",\"step\":\"A\",\"atte\n"
                      "\xff\xfe\x00\x01\n"
                      "{\"event\":\"started\",\"step\":\"A\",\"attempt\":1,\"pid\":9,\"start_ticks\":8,\"boot_id\":null}\n"
                      "{\"event\":\"end\",\"step\":\"A\",\"attempt\":1,\"exit_code\":0,\"signal\":0}";
  g_autoptr (GPtrArray) entries = atelier_journal_parse (text, sizeof text - 1);
  const AtelierJournalEntry *entry = g_ptr_array_index (entries, 0);

  g_assert_cmpint (entries->len, ==, 1);
  /* the last line lacks its newline: it does not count */
  g_assert_cmpint (entry->state, ==, ATELIER_JOURNAL_STATE_STARTED);
  g_assert_cmpint (entry->pid, ==, 9);
  g_assert_null (entry->boot_id);

  /* cut anywhere, or with any byte changed, it is read without harm */
  for (gsize i = 0; i < sizeof text; i++)
    {
      g_autofree char *copy = g_memdup2 (text, sizeof text);

      copy[i] ^= (char) g_test_rand_int_range (1, 255);
      g_ptr_array_unref (atelier_journal_parse (copy, i));
      g_ptr_array_unref (atelier_journal_parse (copy, sizeof text));
    }
}

static void
test_missing (void)
{
  g_autoptr (GPtrArray) none = read_all ("/nonexistent/journal");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (none->len, ==, 0);
  g_assert_null (atelier_journal_read ("/proc", &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, "/proc"));
}

/* A predecessor's half line does not spoil ours. */
static void
test_half_line (Fixture *self, gconstpointer unused)
{
  g_autoptr (AtelierJournalWriter) writer = NULL;
  g_autoptr (GPtrArray) entries = NULL;

  g_assert_cmpint (write (self->fd, "{\"event\":\"sta", 13), ==, 13);
  writer = atelier_journal_writer_new (self->fd);
  g_assert_true (atelier_journal_writer_start (writer, "A", 1, 1, 0, NULL));
  entries = read_all (self->path);
  g_assert_cmpint (entries->len, ==, 1);
}

/* No room, as far as a file size limit can play a full disk. */
static void
test_no_room (Fixture *self, gconstpointer unused)
{
  g_autoptr (AtelierJournalWriter) writer = atelier_journal_writer_new (self->fd);
  AtelierAttemptEnd end = { .exit_code = 0 };
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit before, tight;
  gint64 size;

  signal (SIGXFSZ, SIG_IGN);
  g_assert_true (atelier_journal_writer_start (writer, "A", 1, 1, 0, NULL));
  size = get_size (self->path);
  getrlimit (RLIMIT_FSIZE, &before);
  tight = (struct rlimit) { size + 20, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &tight), ==, 0);

  g_assert_false (atelier_journal_writer_end (writer, "A", 1, &end, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (get_size (self->path), ==, size);
  g_assert_false (atelier_journal_writer_flush (writer));
  g_clear_error (&error);
  /* so many that what was reserved does not do */
  g_assert_false (atelier_journal_writer_start (writer, "B", 1, 1, 1000, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (get_size (self->path), ==, size);

  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  g_assert_true (atelier_journal_writer_flush (writer));
  entries = read_all (self->path);
  g_assert_cmpint (entries->len, ==, 1);
  g_assert_cmpint (((AtelierJournalEntry *) g_ptr_array_index (entries, 0))->state, ==, ATELIER_JOURNAL_STATE_ENDED);
}

/* What was reserved and not used is given back. */
static void
test_reserve (Fixture *self, gconstpointer unused)
{
  AtelierJournalWriter *writer = atelier_journal_writer_new (self->fd);
  struct stat during, after;

  g_assert_true (atelier_journal_writer_start (writer, "A", 1, 1, 0, NULL));
  g_assert_cmpint (g_stat (self->path, &during), ==, 0);
  atelier_journal_writer_free (writer);
  g_assert_cmpint (g_stat (self->path, &after), ==, 0);
  g_assert_cmpint (after.st_size, ==, during.st_size);
  g_assert_cmpint (after.st_blocks, <=, MAX (8, during.st_blocks));
  if (during.st_blocks > 8)
    g_assert_cmpint (after.st_blocks, <, during.st_blocks);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/step/journal/round-trip", Fixture, NULL, set_up, test_round_trip, tear_down);
  g_test_add_func ("/step/journal/reasons", test_reasons);
  g_test_add_func ("/step/journal/damage", test_damage);
  g_test_add_func ("/step/journal/missing", test_missing);
  g_test_add ("/step/journal/half-line", Fixture, NULL, set_up, test_half_line, tear_down);
  g_test_add ("/step/journal/no-room", Fixture, NULL, set_up, test_no_room, tear_down);
  g_test_add ("/step/journal/reserve", Fixture, NULL, set_up, test_reserve, tear_down);
  return g_test_run ();
}
