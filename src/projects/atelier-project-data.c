/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-project-data.h"

/* What a data set's columns are, and the check of a CSV file against them.
 *
 * The file is read once, line by line, and written out as it is checked, into the one form that scripts get. The
 * first fault ends it: the sentence names the line as an editor counts it. */

#define LINE_BYTES_MOST (1024 * 1024)
#define ROWS_MINIMUM 50

G_DEFINE_QUARK (atelier-project-error-quark, atelier_project_error)

typedef enum
{
  COLUMN_TEXT,
  COLUMN_CATEGORY,
  COLUMN_NUMBER,
  COLUMN_INTEGER,
  COLUMN_N_VALUES
} ColumnType;

static const char *const column_types[COLUMN_N_VALUES] = { "text", "category", "number", "integer" };

static const char *const source_names[ATELIER_DATA_SOURCE_N_VALUES] = { "none", "file", "download", "generated" };

const char *
atelier_data_source_to_text (AtelierDataSource source)
{
  g_return_val_if_fail (source < ATELIER_DATA_SOURCE_N_VALUES, NULL);

  return source_names[source];
}

/* The entry */

static gboolean
broken (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
broken (GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE, text);
  return FALSE;
}

static int
column_type (const json_t *column)
{
  const char *type = atelier_json_get_string (column, "type", "text");

  for (int i = 0; i < COLUMN_N_VALUES; i++)
    if (g_str_equal (type, column_types[i]))
      return i;
  return -1;
}

static gboolean
check_column (const json_t *column, gsize number, const char *file, GError **error)
{
  json_t *values = atelier_json_get_array (column, "values");
  json_t *value;
  gsize i;

  if (!json_is_object (column) || *atelier_json_get_string (column, "name", "") == '\0')
    return broken (error, _("Column %zu of the data set “%s” has no name"), number, file);
  if (column_type (column) < 0)
    return broken (
        error, _("Column “%s” of the data set “%s” has the type “%s”; known are text, category, number and integer"),
        atelier_json_get_string (column, "name", ""), file, atelier_json_get_string (column, "type", ""));
  if (column_type (column) == COLUMN_CATEGORY && json_array_size (values) == 0)
    return broken (error, _("Column “%s” of the data set “%s” is a category without “values”"),
                   atelier_json_get_string (column, "name", ""), file);
  json_array_foreach (values, i, value)
    if (!json_is_string (value))
      return broken (error, _("Column “%s” of the data set “%s” has values that are not text"),
                     atelier_json_get_string (column, "name", ""), file);
  return TRUE;
}

static gboolean
is_digest (const char *text)
{
  return strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

gboolean
atelier_data_check_entry (const json_t *entry, GError **error)
{
  const char *file = atelier_json_get_string (entry, "file", "");
  const char *url = atelier_json_get_string (entry, "url", NULL);
  json_t *columns = atelier_json_get_array (entry, "columns");
  json_t *column;
  gsize i;

  g_return_val_if_fail (entry != NULL, FALSE);

  if (*file == '\0' || *file == '.' || strchr (file, '/') != NULL)
    return broken (error, _("A data set needs “file”, a file name such as data.csv; it is “%s”"), file);
  if (json_array_size (columns) == 0)
    return broken (error, _("The data set “%s” has no “columns”"), file);
  json_array_foreach (columns, i, column)
    if (!check_column (column, i + 1, file, error))
      return FALSE;
  if (url != NULL && !g_str_has_prefix (url, "https://") && !g_str_has_prefix (url, "http://")
      && !g_str_has_prefix (url, "file:///"))
    return broken (error, _("The address of the data set “%s” is not one of https or file: “%s”"), file, url);
  if (url != NULL && !is_digest (atelier_json_get_string (entry, "sha256", "")))
    return broken (error,
                   _("The data set “%s” has an address but no “sha256” of 64 lower-case digits to verify it with"),
                   file);
  return TRUE;
}

/* The check */

typedef struct
{
  const json_t *columns;
  const char   *from;   /* the file's base name, for sentences */
  gint64        line;   /* as an editor counts, from 1 */
  gint64        n_rows;
  FILE         *out;    /* (nullable) */
} Check;

static gboolean
refuse (Check *check, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (Check *check, GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA, _("“%s”, line %" G_GINT64_FORMAT ": %s"),
               check->from, check->line, text);
  return FALSE;
}

/* Splits a line at its commas: quotes around a cell and doubled ones inside it as in RFC 4180, blanks around it
 * dropped. NULL when a quote is not closed. */
static GPtrArray *
split_line (const char *line)
{
  g_autoptr (GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
  const char *p = line;

  for (;;)
    {
      GString *cell = g_string_new (NULL);

      p += strspn (p, " \t");
      if (*p == '"')
        {
          for (p++; *p != '\0' && (*p != '"' || p[1] == '"'); p++)
            {
              g_string_append_c (cell, *p);
              p += *p == '"';
            }
          if (*p == '\0')
            {
              g_string_free (cell, TRUE);
              return NULL;
            }
          p++;
        }
      while (*p != '\0' && *p != ',')
        g_string_append_c (cell, *p++);
      g_ptr_array_add (cells, g_strstrip (g_string_free (cell, FALSE)));
      if (*p == '\0')
        return g_steal_pointer (&cells);
      p++;
    }
}

static gboolean
parse_number (const char *text, double *number)
{
  char *end;

  errno = 0;
  *number = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && errno == 0 && isfinite (*number) && text[strcspn (text, "xX")] == '\0';
}

static gboolean
is_one_of (const json_t *values, const char *text)
{
  json_t *value;
  gsize i;

  json_array_foreach (values, i, value)
    if (g_strcmp0 (json_string_value (value), text) == 0)
      return TRUE;
  return FALSE;
}

static char *
join_names (const json_t *values, const char *key)
{
  g_autoptr (GString) text = g_string_new (NULL);
  json_t *value;
  gsize i;

  json_array_foreach (values, i, value)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "",
                            key != NULL ? atelier_json_get_string (value, key, "") : json_string_value (value));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
check_cell (Check *check, const json_t *column, const char *cell, GError **error)
{
  const char *name = atelier_json_get_string (column, "name", "");
  double minimum = atelier_json_get_double (column, "minimum", -HUGE_VAL);
  double maximum = atelier_json_get_double (column, "maximum", HUGE_VAL);
  ColumnType type = column_type (column);
  double number;

  if (*cell == '\0')
    return refuse (check, error, _("the column “%s” is empty"), name);
  if (!g_utf8_validate (cell, -1, NULL))
    return refuse (check, error, _("the column “%s” is not UTF-8 text"), name);
  if (type == COLUMN_CATEGORY && !is_one_of (atelier_json_get_array (column, "values"), cell))
    {
      g_autofree char *values = join_names (atelier_json_get_array (column, "values"), NULL);

      return refuse (check, error, _("the column “%s” holds “%s”, which is none of %s"), name, cell, values);
    }
  if (type != COLUMN_NUMBER && type != COLUMN_INTEGER)
    return TRUE;
  if (!parse_number (cell, &number))
    return refuse (check, error, _("the column “%s” holds “%s”, which is not a number"), name, cell);
  if (type == COLUMN_INTEGER && strspn (cell, "+-0123456789") != strlen (cell))
    return refuse (check, error, _("the column “%s” holds “%s”, which is not a whole number"), name, cell);
  if (number < minimum)
    return refuse (check, error, _("the column “%s” holds %s, which is less than %g"), name, cell, minimum);
  if (number > maximum)
    return refuse (check, error, _("the column “%s” holds %s, which is more than %g"), name, cell, maximum);
  return TRUE;
}

static void
write_row (FILE *out, GPtrArray *cells)
{
  for (guint i = 0; i < cells->len; i++)
    {
      const char *cell = g_ptr_array_index (cells, i);

      if (i > 0)
        fputc (',', out);
      if (strpbrk (cell, ",\"") == NULL)
        fputs (cell, out);
      else
        {
          fputc ('"', out);
          for (const char *p = cell; *p != '\0'; p++)
            {
              if (*p == '"')
                fputc ('"', out);
              fputc (*p, out);
            }
          fputc ('"', out);
        }
    }
  fputc ('\n', out);
}

static char *
plain_name (const char *text)
{
  GString *plain = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isalnum (*p) || (*p & 0x80) != 0)
      g_string_append_c (plain, g_ascii_tolower (*p));
  return g_string_free (plain, FALSE);
}

/* A first line is a header when none of the number columns holds a number there; where no column is one, when it
 * names the columns. */
static gboolean
is_header (Check *check, GPtrArray *cells)
{
  gboolean any_number = FALSE;
  gboolean all_named = TRUE;
  double number;

  for (guint i = 0; i < cells->len; i++)
    {
      const json_t *column = json_array_get (check->columns, i);
      g_autofree char *given = plain_name (g_ptr_array_index (cells, i));
      g_autofree char *wanted = plain_name (atelier_json_get_string (column, "name", ""));
      ColumnType type = column_type (column);

      all_named = all_named && g_str_equal (given, wanted);
      if (type != COLUMN_NUMBER && type != COLUMN_INTEGER)
        continue;
      if (parse_number (g_ptr_array_index (cells, i), &number))
        return FALSE;
      any_number = TRUE;
    }
  return any_number || all_named;
}

/* Names that are not ours are fine; ours in another place would swap columns without a word. */
static gboolean
check_header (Check *check, GPtrArray *cells, GError **error)
{
  for (guint i = 0; i < cells->len; i++)
    {
      g_autofree char *given = plain_name (g_ptr_array_index (cells, i));

      for (guint j = 0; j < cells->len; j++)
        {
          const char *name = atelier_json_get_string (json_array_get (check->columns, j), "name", "");
          g_autofree char *wanted = plain_name (name);

          if (i != j && g_str_equal (given, wanted))
            {
              g_autofree char *order = join_names (check->columns, "name");

              return refuse (check, error, _("the column “%s” is in place %u instead of %u; the order is %s"), name,
                             i + 1, j + 1, order);
            }
        }
    }
  return TRUE;
}

static gboolean
check_line (Check *check, char *line, gsize length, GError **error)
{
  gsize n_columns = json_array_size (check->columns);
  g_autoptr (GPtrArray) cells = NULL;

  if (length > LINE_BYTES_MOST)
    return refuse (check, error, _("the line is longer than a megabyte; is this a CSV file?"));
  if (memchr (line, '\0', length) != NULL)
    return refuse (check, error, _("it holds bytes that are not text. Save the file as CSV in UTF-8."));
  if (check->line == 1 && g_str_has_prefix (line, "\xef\xbb\xbf"))
    memmove (line, line + 3, length - 2);
  g_strchomp (line);
  if (*line == '\0')
    return TRUE;
  cells = split_line (line);
  if (cells == NULL)
    return refuse (check, error, _("a quotation mark is not closed on the line"));
  if (cells->len != n_columns)
    {
      g_autofree char *names = join_names (check->columns, "name");

      if (cells->len == 1 && n_columns > 1 && strpbrk (line, ";\t") != NULL)
        return refuse (check, error, _("its columns are not separated by commas. Save the file with commas."));
      return refuse (check, error, _("it has %u columns where %zu are expected: %s"), cells->len, n_columns, names);
    }
  if (check->line == 1 && is_header (check, cells))
    return check_header (check, cells, error);
  for (guint i = 0; i < cells->len; i++)
    if (!check_cell (check, json_array_get (check->columns, i), g_ptr_array_index (cells, i), error))
      return FALSE;
  if (check->out != NULL)
    write_row (check->out, cells);
  check->n_rows++;
  return TRUE;
}

static gboolean
check_stream (Check *check, FILE *in, gint64 minimum_rows, GError **error)
{
  char *line = NULL; /* getline's, which is malloc's */
  size_t size = 0;
  gboolean good = TRUE;
  gssize length;

  while (good && (length = getline (&line, &size, in)) >= 0)
    {
      check->line++;
      good = check_line (check, line, length, error);
    }
  if (good && ferror (in))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read “%s”: %s"), check->from,
                   g_strerror (errno));
      good = FALSE;
    }
  free (line);
  if (good && check->n_rows < minimum_rows)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA,
                   _("“%s” has %" G_GINT64_FORMAT " rows; a pipeline needs at least %" G_GINT64_FORMAT), check->from,
                   check->n_rows, minimum_rows);
      good = FALSE;
    }
  return good;
}

gboolean
atelier_data_check_file (const json_t *entry, const char *from, const char *to, gint64 *n_rows, GError **error)
{
  g_autofree char *name = g_path_get_basename (from);
  Check check = { .columns = atelier_json_get_array (entry, "columns"), .from = name };
  struct stat info;
  gboolean is_there;
  gboolean good;
  FILE *in;

  g_return_val_if_fail (check.columns != NULL, FALSE);

  is_there = stat (from, &info) == 0;
  if (is_there && !S_ISREG (info.st_mode)) /* asked first: to open a pipe would wait for its writer */
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA, _("“%s” is not a file"), from);
      return FALSE;
    }
  in = is_there ? fopen (from, "re") : NULL;
  if (in == NULL)
    {
      g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND,
                   _("Cannot read the data file “%s”: %s"), from, g_strerror (errno));
      return FALSE;
    }
  if (to != NULL)
    check.out = fopen (to, "we");
  if (to != NULL && check.out == NULL)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot write “%s”: %s"), to,
                   g_strerror (errno));
      fclose (in);
      return FALSE;
    }
  good = check_stream (&check, in, atelier_json_get_int (entry, "minimum_rows", ROWS_MINIMUM), error);
  fclose (in);
  if (check.out != NULL && (fclose (check.out) != 0 || !good))
    {
      if (good)
        g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot write “%s”: %s"), to,
                     g_strerror (errno));
      unlink (to);
      good = FALSE;
    }
  if (good && n_rows != NULL)
    *n_rows = check.n_rows;
  return good;
}
