/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-step-log.h"

#define LIMIT (256 * 1024)
#define LINE  32

typedef struct
{
  char          *path;
  AtelierStepLog log;
  GString       *all; /* what was written, whole */
} Fixture;

static void
set_up (Fixture *self, gconstpointer limit)
{
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("atelier-log-XXXXXX", &self->path, NULL);

  close (fd);
  self->all = g_string_new (NULL);
  g_assert_true (atelier_step_log_open (&self->log, self->path, GPOINTER_TO_INT (limit), &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *self, gconstpointer unused)
{
  atelier_step_log_close (&self->log);
  g_unlink (self->path);
  g_free (self->path);
  g_string_free (self->all, TRUE);
}

/* As the step does it: through its own descriptor. */
static void
write_text (Fixture *self, const char *text)
{
  int fd = open (self->path, O_WRONLY | O_APPEND | O_CLOEXEC);

  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
  close (fd);
  g_string_append (self->all, text);
}

static void
write_lines (Fixture *self, guint first, guint n)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = first; i < first + n; i++)
    g_string_append_printf (text, "line %020u xxxxx\n", i);
  g_assert_cmpint (text->len, ==, (gsize) n * LINE);
  write_text (self, text->str);
}

static gint64
get_blocks_bytes (const char *path)
{
  struct stat info;

  g_assert_cmpint (g_stat (path, &info), ==, 0);
  return (gint64) info.st_blocks * 512;
}

/* Head, line and tail are bytes that were written, whole lines if there are any, and the number is right. */
static void
check_cut (Fixture *self, gint64 head, gboolean has_lines)
{
  g_autofree char *text = NULL;
  const char *seam, *tail;
  gint64 left_out;
  gsize length, tail_length;

  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  g_assert_cmpint (length, ==, self->log.size_bytes);
  g_assert_cmpint (length, <=, LIMIT + 100);
  g_assert_cmpint (length, >=, LIMIT - 2 * 4096);
  g_assert_cmpint (head, >, LIMIT / 2 - 4097);
  g_assert_cmpint (head, <=, LIMIT / 2);
  g_assert_cmpmem (text, head, self->all->str, head);
  seam = text + head;
  if (!has_lines)
    g_assert_true (*seam++ == '\n');
  else
    g_assert_true (seam[-1] == '\n');
  g_assert_true (g_str_has_prefix (seam, "… "));
  left_out = g_ascii_strtoll (seam + strlen ("… "), NULL, 10);
  tail = strchr (seam, '\n') + 1;
  tail_length = length - (tail - text);
  g_assert_cmpint (head + left_out + tail_length, ==, self->all->len);
  g_assert_cmpmem (tail, tail_length, self->all->str + self->all->len - tail_length, tail_length);
  if (has_lines)
    g_assert_true (g_str_has_prefix (tail, "line "));
  g_assert_cmpint (atelier_step_log_get_written_bytes (&self->log), ==, self->all->len);
}

static void
test_small (Fixture *self, gconstpointer unused)
{
  g_autofree char *text = NULL;

  write_text (self, "a\nb\n");
  g_assert_cmpint (atelier_step_log_look (&self->log), >, LIMIT);
  g_assert_cmpint (atelier_step_log_finish (&self->log), ==, 0);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "a\nb\n");
  g_assert_cmpint (self->log.size_bytes, ==, 4);
}

static void
test_exactly (Fixture *self, gconstpointer unused)
{
  write_lines (self, 0, LIMIT / LINE);
  atelier_step_log_look (&self->log);
  g_assert_cmpint (atelier_step_log_finish (&self->log), ==, 0);
  g_assert_cmpint (self->log.size_bytes, ==, LIMIT);
}

static void
test_holes (Fixture *self, gconstpointer unused)
{
  for (guint i = 0; i < 400; i++)
    {
      write_lines (self, i * 1000, 1000);
      g_assert_cmpint (atelier_step_log_look (&self->log), <=, LIMIT + LIMIT / 8);
      if (self->log.can_punch)
        g_assert_cmpint (get_blocks_bytes (self->path), <=, LIMIT + LIMIT / 8 + 1000 * LINE + 64 * 1024);
    }
  if (!self->log.can_punch)
    {
      g_test_skip ("this file system has no holes");
      return;
    }
  check_cut (self, atelier_step_log_finish (&self->log), TRUE);
  g_assert_cmpint (get_blocks_bytes (self->path), <=, LIMIT + 64 * 1024);
}

static void
test_copies (Fixture *self, gconstpointer unused)
{
  self->log.can_punch = FALSE;
  for (guint i = 0; i < 400; i++)
    {
      write_lines (self, i * 1000, 1000);
      atelier_step_log_look (&self->log);
      g_assert_cmpint (self->log.size_bytes, <=, LIMIT + LIMIT / 8 + 1000 * LINE);
    }
  check_cut (self, atelier_step_log_finish (&self->log), TRUE);
}

/* All at once, without a look between: only the end cuts. */
static void
test_burst (Fixture *self, gconstpointer unused)
{
  write_lines (self, 0, 100000);
  check_cut (self, atelier_step_log_finish (&self->log), TRUE);
}

/* Little more than the limit: what is left out is smaller than the line that says so. */
static void
test_little (Fixture *self, gconstpointer unused)
{
  g_autofree char *text = g_strnfill (LIMIT + 5, 'x');

  write_text (self, text);
  check_cut (self, atelier_step_log_finish (&self->log), FALSE);
}

static void
test_no_lines (Fixture *self, gconstpointer can_punch)
{
  g_autofree char *text = g_strnfill (100 * 1000, 'x');

  self->log.can_punch = GPOINTER_TO_INT (can_punch) != LIMIT + 1;
  for (guint i = 0; i < 30; i++)
    {
      text[i] = 'y';
      write_text (self, text);
      atelier_step_log_look (&self->log);
    }
  check_cut (self, atelier_step_log_finish (&self->log), FALSE);
}

static void
test_unlimited (Fixture *self, gconstpointer unused)
{
  write_lines (self, 0, 100000);
  g_assert_cmpint (atelier_step_log_look (&self->log), ==, G_MAXINT64);
  g_assert_cmpint (atelier_step_log_finish (&self->log), ==, 0);
  g_assert_cmpint (self->log.size_bytes, ==, self->all->len);
}

/* A step may empty its own log. */
static void
test_emptied (Fixture *self, gconstpointer unused)
{
  write_lines (self, 0, 100000);
  atelier_step_log_look (&self->log);
  g_assert_cmpint (truncate (self->path, 0), ==, 0);
  g_string_truncate (self->all, 0);
  atelier_step_log_look (&self->log);
  write_text (self, "after\n");
  atelier_step_log_look (&self->log);
  atelier_step_log_finish (&self->log);
  g_assert_cmpint (get_blocks_bytes (self->path), <=, 64 * 1024);
}

static void
test_not_a_file (void)
{
  g_autoptr (GError) error = NULL;
  AtelierStepLog log;

  g_assert_false (atelier_step_log_open (&log, "/nonexistent/log", 0, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (atelier_step_log_open (&log, "/dev/null", 0, &error));
  g_assert_nonnull (error);
  g_assert_cmpint (log.fd, ==, -1);
}

#define ADD(name, limit, function) \
  g_test_add ("/step/log/" name, Fixture, GINT_TO_POINTER (limit), set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("small", LIMIT, test_small);
  ADD ("exactly", LIMIT, test_exactly);
  ADD ("holes", LIMIT, test_holes);
  ADD ("copies", LIMIT, test_copies);
  ADD ("burst", LIMIT, test_burst);
  ADD ("little", LIMIT, test_little);
  ADD ("no-lines", LIMIT, test_no_lines);
  ADD ("no-lines-no-holes", LIMIT + 1, test_no_lines);
  ADD ("unlimited", 0, test_unlimited);
  ADD ("emptied", LIMIT, test_emptied);
  g_test_add_func ("/step/log/not-a-file", test_not_a_file);
  return g_test_run ();
}
