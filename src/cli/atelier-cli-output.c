/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "atelier-cli-output.h"

#include "atelier-time.h"

gboolean
atelier_output_is_terminal (int fd)
{
  const char *term = g_getenv ("TERM");

  return isatty (fd) && g_strcmp0 (term, "dumb") != 0;
}

/* Returns: columns of the terminal; 0 where there is none */
guint
atelier_output_width (void)
{
  struct winsize size;

  if (isatty (STDOUT_FILENO) && ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 0;
}

static gboolean
has_colour (int fd)
{
  const char *no_color = g_getenv ("NO_COLOR");

  return atelier_output_is_terminal (fd) && (no_color == NULL || *no_color == '\0');
}

const char *
atelier_output_tint (AtelierTint tint, int fd)
{
  static const char *const codes[] = { "", "\033[32m", "\033[31m", "\033[34m", "\033[2m", "\033[1m" };

  return has_colour (fd) ? codes[tint] : "";
}

const char *
atelier_output_untint (int fd)
{
  return has_colour (fd) ? "\033[0m" : "";
}

const char *
atelier_output_status_mark (const char *status, AtelierTint *tint)
{
  static const struct
  {
    const char *status;
    const char *mark;
    AtelierTint tint;
  } marks[] = {
    { "Succeeded", "✓", ATELIER_TINT_GOOD },    { "Approved", "✓", ATELIER_TINT_GOOD },   { "Cached", "↺", ATELIER_TINT_GOOD },
    { "Failed", "✗", ATELIER_TINT_BAD },        { "Rejected", "✗", ATELIER_TINT_BAD },    { "Interrupted", "✗", ATELIER_TINT_BAD },
    { "Executing", "●", ATELIER_TINT_BUSY },    { "Starting", "●", ATELIER_TINT_BUSY },   { "Stopping", "◌", ATELIER_TINT_BUSY },
    { "Waiting", "◔", ATELIER_TINT_BUSY },      { "Stopped", "■", ATELIER_TINT_NONE },    { "Skipped", "–", ATELIER_TINT_FAINT },
    { "Pending", "○", ATELIER_TINT_FAINT },     { "PendingManualApproval", "◔", ATELIER_TINT_BUSY },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (strcmp (marks[i].status, status) == 0)
      {
        *tint = marks[i].tint;
        return marks[i].mark;
      }
  *tint = ATELIER_TINT_NONE;
  return " ";
}

/* Returns: (transfer full): how long an execution or a step took; a dash while it goes on */
char *
atelier_output_duration (const json_t *object)
{
  gint64 duration_us = atelier_json_get_int (object, "duration_us", -1);

  return duration_us >= 0 ? atelier_time_format_duration (duration_us) : g_strdup ("–");
}

/* The status of an execution, or that it was cut off, which its status cannot say. */
const char *
atelier_output_execution_status (const json_t *execution)
{
  return atelier_json_get_bool (execution, "interrupted", FALSE) ? "Interrupted" : atelier_json_get_string (execution, "status", "");
}

char *
atelier_output_time (const char *iso)
{
  gint64 time_us = atelier_time_parse_iso (iso);
  g_autoptr (GDateTime) time = time_us > 0 ? g_date_time_new_from_unix_local (time_us / G_USEC_PER_SEC) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  if (time == NULL)
    return g_strdup ("–");
  if (g_date_time_get_year (time) == g_date_time_get_year (now) && g_date_time_get_day_of_year (time) == g_date_time_get_day_of_year (now))
    return g_date_time_format (time, "%H:%M:%S");
  return g_date_time_format (time, "%Y-%m-%d %H:%M");
}

guint
atelier_output_text_width (const char *text)
{
  guint width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      width += g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

/* Returns: (transfer full): @text in exactly @width columns: cut with an ellipsis, or padded */
char *
atelier_output_fit (const char *text, guint width)
{
  GString *fitted = g_string_new (NULL);
  guint whole = atelier_output_text_width (text), used = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);
      guint columns = g_unichar_iszerowidth (c) ? 0 : g_unichar_iswide (c) ? 2 : 1;

      if (whole > width && used + columns > width - 1)
        break;
      g_string_append_unichar (fitted, c);
      used += columns;
    }
  if (whole > width && width > 0)
    {
      g_string_append (fitted, "…");
      used++;
    }
  for (; used < width; used++)
    g_string_append_c (fitted, ' ');
  return g_string_free (fitted, FALSE);
}

struct _AtelierTable
{
  guint      n_columns;
  GPtrArray *cells; /* (owned) of text, row by row, headings first */
  GArray    *tints; /* of AtelierTint, a row each */
};

AtelierTable *
atelier_table_new (const char *const *headings)
{
  AtelierTable *self = g_new0 (AtelierTable, 1);
  AtelierTint tint = ATELIER_TINT_FAINT;

  self->cells = g_ptr_array_new_with_free_func (g_free);
  self->tints = g_array_new (FALSE, FALSE, sizeof (AtelierTint));
  for (; headings[self->n_columns] != NULL; self->n_columns++)
    g_ptr_array_add (self->cells, g_strdup (headings[self->n_columns]));
  g_array_append_val (self->tints, tint);
  return self;
}

void
atelier_table_free (AtelierTable *self)
{
  g_ptr_array_unref (self->cells);
  g_array_unref (self->tints);
  g_free (self);
}

/* Adds a row: as many texts as there are columns, then NULL. @tint: of its first cell */
void
atelier_table_add (AtelierTable *self, AtelierTint tint, ...)
{
  va_list cells;

  va_start (cells, tint);
  for (guint i = 0; i < self->n_columns; i++)
    {
      const char *cell = va_arg (cells, const char *);
      char *line = g_strdup (cell != NULL ? cell : "");

      g_strdelimit (line, "\n\r\t", ' ');
      g_ptr_array_add (self->cells, line);
    }
  va_end (cells);
  g_array_append_val (self->tints, tint);
}

void
atelier_table_print (AtelierTable *self)
{
  guint n_rows = self->tints->len, terminal = atelier_output_width ();
  g_autofree guint *widths = g_new0 (guint, self->n_columns);
  guint before_last = 0;

  for (guint i = 0; i < self->cells->len; i++)
    widths[i % self->n_columns] = MAX (widths[i % self->n_columns], atelier_output_text_width (g_ptr_array_index (self->cells, i)));
  for (guint c = 0; c + 1 < self->n_columns; c++)
    before_last += widths[c] + 2;
  if (terminal > before_last + 10)
    widths[self->n_columns - 1] = MIN (widths[self->n_columns - 1], terminal - before_last);
  for (guint r = 0; r < n_rows; r++)
    {
      AtelierTint tint = g_array_index (self->tints, AtelierTint, r);
      g_autoptr (GString) line = g_string_new (NULL);

      for (guint c = 0; c < self->n_columns; c++)
        {
          g_autofree char *cell = atelier_output_fit (g_ptr_array_index (self->cells, r * self->n_columns + c), widths[c]);

          if (c == 0 || r == 0)
            g_string_append_printf (line, "%s%s%s", atelier_output_tint (tint, STDOUT_FILENO), cell, atelier_output_untint (STDOUT_FILENO));
          else
            g_string_append (line, cell);
          if (c + 1 < self->n_columns)
            g_string_append (line, "  ");
        }
      g_strchomp (line->str);
      puts (line->str);
    }
}
