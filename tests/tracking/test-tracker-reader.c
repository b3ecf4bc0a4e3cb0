/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-files.h"
#include "atelier-tracker-reader.h"

/* The tracker's file, as the Python package writes it, and as something else might. */

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("atelier-tracker-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "metrics.jsonl", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (atelier_files_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
append (Fixture *fixture, const char *text, gsize length)
{
  FILE *file = fopen (fixture->path, "ae");

  g_assert_nonnull (file);
  g_assert_cmpuint (fwrite (text, 1, length, file), ==, length);
  fclose (file);
}

static void
append_text (Fixture *fixture, const char *text)
{
  append (fixture, text, strlen (text));
}

static const AtelierMetric *
read_on (AtelierTrackerReader *reader, gsize *n)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_tracker_reader_read (reader, 99, &error));
  g_assert_no_error (error);
  return atelier_tracker_reader_get_metrics (reader, n);
}

static void
test_lines (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  const AtelierMetric *metrics;
  const GPtrArray *tracked;
  const AtelierTracked *item;
  gsize n;

  metrics = read_on (reader, &n);
  g_assert_cmpuint (n, ==, 0);
  append_text (fixture,
               "{\"t\":\"metric\",\"name\":\"loss\",\"value\":0.5,\"step\":3,\"at_us\":17}\n"
               "{\"t\":\"metric\",\"name\":\"loss\",\"value\":\"nan\",\"step\":null,\"at_us\":18}\n"
               "{\"t\":\"metric\",\"name\":\"gain\",\"value\":\"-inf\"}\n"
               "{\"t\":\"metric\",\"name\":\"gain\",\"value\":2,\"step\":-5,\"at_us\":19}\n"
               "{\"t\":\"param\",\"name\":\"depth\",\"value\":5}\n"
               "{\"t\":\"histogram\",\"name\":\"w\",\"edges\":[0.0,1.0],\"counts\":[3],\"step\":null,\"at_us\":1}\n"
               "{\"t\":\"artifact\",\"name\":\"plot\",\"uri\":\"s3://b/k\",\"digest\":null,\"size_bytes\":null}\n");
  metrics = read_on (reader, &n);
  g_assert_cmpuint (n, ==, 4);
  g_assert_cmpstr (metrics[0].name, ==, "loss");
  g_assert_cmpint (metrics[0].iteration, ==, 3);
  g_assert_cmpfloat (metrics[0].value, ==, 0.5);
  g_assert_cmpint (metrics[0].at_us, ==, 17);
  g_assert_true (metrics[1].name == metrics[0].name);
  g_assert_cmpint (metrics[1].iteration, ==, 4);
  g_assert_true (isnan (metrics[1].value));
  g_assert_cmpint (metrics[2].iteration, ==, 0);
  g_assert_true (isinf (metrics[2].value) && metrics[2].value < 0);
  g_assert_cmpint (metrics[2].at_us, ==, 99);
  g_assert_cmpint (metrics[3].iteration, ==, -5);
  tracked = atelier_tracker_reader_get_tracked (reader);
  g_assert_cmpuint (tracked->len, ==, 3);
  item = tracked->pdata[0];
  g_assert_cmpint (item->kind, ==, ATELIER_TRACKED_PARAM);
  g_assert_cmpstr (item->name, ==, "depth");
  g_assert_cmpint (json_integer_value (json_object_get (item->value, "value")), ==, 5);
  item = tracked->pdata[2];
  g_assert_cmpint (item->kind, ==, ATELIER_TRACKED_ARTIFACT);
  g_assert_cmpuint (atelier_tracker_reader_get_n_bad_lines (reader), ==, 0);

  read_on (reader, &n);
  g_assert_cmpuint (n, ==, 0);
  g_assert_cmpuint (atelier_tracker_reader_get_tracked (reader)->len, ==, 0);
}

/* A line counts once its end is there; a second reader goes on where the first one was. */
static void
test_incremental (Fixture *fixture, gconstpointer data)
{
  static const char line[] = "{\"t\":\"metric\",\"name\":\"x\",\"value\":1,\"step\":1,\"at_us\":1}\n";
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  gsize n;

  for (gsize i = 0; i < strlen (line); i++)
    {
      append (fixture, line + i, 1);
      read_on (reader, &n);
      g_assert_cmpuint (n, ==, i + 1 == strlen (line));
    }
  append_text (fixture, line);
  append_text (fixture, "{\"t\":");
  {
    g_autoptr (AtelierTrackerReader) second =
        atelier_tracker_reader_new (fixture->path, atelier_tracker_reader_get_offset (reader));

    read_on (second, &n);
    g_assert_cmpuint (n, ==, 1);
    g_assert_cmpint (atelier_tracker_reader_get_offset (second), ==, 2 * strlen (line));
    g_assert_cmpuint (atelier_tracker_reader_get_n_bad_lines (second), ==, 0);
  }
}

static void
test_bad_lines (Fixture *fixture, gconstpointer data)
{
  static const char *const bad[] = {
    "not json",
    "[]",
    "17",
    "{",
    "{\"t\":\"metric\"}",
    "{\"t\":\"metric\",\"name\":\"\",\"value\":1}",
    "{\"t\":\"metric\",\"name\":\"x\"}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":\"0.5\"}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":\"infx\"}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":null}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":1,\"step\":\"1\"}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":1,\"step\":1.5}",
    "{\"t\":\"metric\",\"name\":5,\"value\":1}",
    "{\"t\":\"other\",\"name\":\"x\"}",
    "{\"name\":\"x\"}",
    "{\"t\":\"param\",\"name\":\"\"}",
    "\xff\xfe",
    "{\"t\":\"metric\",\"name\":\"\xff\",\"value\":1}",
    "{\"t\":\"metric\",\"name\":\"x\",\"value\":1e999}",
  };
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  gsize n;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      append_text (fixture, bad[i]);
      append_text (fixture, "\n\n");
    }
  append_text (fixture, "{\"t\":\"metric\",\"name\":\"x\",\"value\":1}\n");
  read_on (reader, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (atelier_tracker_reader_get_n_bad_lines (reader), ==, G_N_ELEMENTS (bad));
}

static void
test_long_line (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  g_autofree char *filler = g_strnfill (5 << 20, 'x');
  gsize n_found = 0;

  append (fixture, filler, 5 << 20);
  append (fixture, filler, 5 << 20);
  append_text (fixture, "\n{\"t\":\"metric\",\"name\":\"x\",\"value\":1}\n");
  do
    {
      gsize n;

      read_on (reader, &n);
      n_found += n;
    }
  while (atelier_tracker_reader_has_more (reader));
  g_assert_cmpuint (n_found, ==, 1);
  g_assert_cmpuint (atelier_tracker_reader_get_n_bad_lines (reader), ==, 1);
}

/* No link is followed and no pipe waited for: the step could have put either there. */
static void
test_not_a_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mkfifo (fixture->path, 0600), ==, 0);
  g_assert_false (atelier_tracker_reader_read (reader, 1, &error));
  g_assert_nonnull (strstr (error->message, fixture->path));
  g_clear_error (&error);
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", fixture->path), ==, 0);
  g_assert_false (atelier_tracker_reader_read (reader, 1, &error));
  g_assert_nonnull (error);
}

static void
test_random_bytes (Fixture *fixture, gconstpointer data)
{
  static const char alphabet[] = "{}[]\"\\:,0123456789.eE+-nullt\n\nmetricvalue \xff\0";
  g_autoptr (GRand) random = g_rand_new_with_seed (20240102);
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  gsize n;

  for (guint round = 0; round < 200; round++)
    {
      char bytes[1024];

      for (guint i = 0; i < sizeof bytes; i++)
        bytes[i]
            = round % 2 == 0 ? (char) g_rand_int (random) : alphabet[g_rand_int_range (random, 0, sizeof alphabet)];
      append (fixture, bytes, sizeof bytes);
      read_on (reader, &n);
      g_assert_cmpuint (n, ==, 0);
    }
  append_text (fixture, "\n{\"t\":\"metric\",\"name\":\"x\",\"value\":1}\n");
  read_on (reader, &n);
  g_assert_cmpuint (n, ==, 1);
}

/* The time is told, not judged: machines differ. */
static void
test_speed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AtelierTrackerReader) reader = atelier_tracker_reader_new (fixture->path, 0);
  g_autoptr (GString) text = g_string_new (NULL);
  gsize n_found = 0;
  gint64 start;

  for (guint i = 0; i < 200000; i++)
    g_string_append_printf (
        text, "{\"t\":\"metric\",\"name\":\"loss\",\"value\":0.%u,\"step\":%u,\"at_us\":1700000000000000}\n", i, i);
  append (fixture, text->str, text->len);
  start = g_get_monotonic_time ();
  do
    {
      gsize n;

      read_on (reader, &n);
      n_found += n;
    }
  while (atelier_tracker_reader_has_more (reader));
  g_assert_cmpuint (n_found, ==, 200000);
  g_test_message ("%.0f points/s", n_found * 1e6 / MAX (g_get_monotonic_time () - start, 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/tracker-reader/lines", Fixture, NULL, set_up, test_lines, tear_down);
  g_test_add ("/tracker-reader/incremental", Fixture, NULL, set_up, test_incremental, tear_down);
  g_test_add ("/tracker-reader/bad-lines", Fixture, NULL, set_up, test_bad_lines, tear_down);
  g_test_add ("/tracker-reader/long-line", Fixture, NULL, set_up, test_long_line, tear_down);
  g_test_add ("/tracker-reader/not-a-file", Fixture, NULL, set_up, test_not_a_file, tear_down);
  g_test_add ("/tracker-reader/random-bytes", Fixture, NULL, set_up, test_random_bytes, tear_down);
  g_test_add ("/tracker-reader/speed", Fixture, NULL, set_up, test_speed, tear_down);
  return g_test_run ();
}
