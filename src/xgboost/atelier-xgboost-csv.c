/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-csv"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-xgboost-number.h"
#include "atelier-xgboost-source.h"

/* CSV as the built-in algorithm takes it: no header line, label first, then (csv_weights=1) the weight, then the
 * features; numbers only. An empty field is a missing value. The separator is the first of , ; tab | and blank that
 * the first line has. Numbers may stand in double quotes. */

typedef struct
{
  AtelierXgboostTable *table;
  char                 separator;
  gsize                n_columns; /* in a line */
  gsize                n_before;  /* label and weight */
  const char          *model_name; /* file of the first line, for messages */

  const AtelierXgboostLabelRule *rule;
} Csv;

static char
find_separator (const char *start, const char *end)
{
  static const char candidates[] = ",;\t|";

  for (gsize i = 0; i + 1 < sizeof candidates; i++)
    if (memchr (start, candidates[i], end - start) != NULL)
      return candidates[i];
  return ' ';
}

static gsize
count_columns (const char *start, const char *end, char separator)
{
  gsize n = 1;

  for (const char *p = start; p < end; p++)
    n += *p == separator;
  return n;
}

static inline const char *
skip_blanks (const char *p, const char *end, char separator)
{
  while (p < end && (*p == ' ' || *p == '\t') && *p != separator)
    p++;
  return p;
}

/* One field; NULL when it is not a number. */
static inline const char *
parse_field (const char *p, const char *end, char separator, float *value)
{
  gboolean quoted;

  p = skip_blanks (p, end, separator);
  quoted = p < end && *p == '"';
  if (quoted)
    p = skip_blanks (p + 1, end, separator);
  if (p == end || *p == separator || (quoted && *p == '"'))
    *value = NAN;
  else
    p = atelier_xgboost_number_parse (p, end, value);
  if (p == NULL)
    return NULL;
  p = skip_blanks (p, end, separator);
  if (quoted)
    {
      if (p == end || *p != '"')
        return NULL;
      p = skip_blanks (p + 1, end, separator);
    }
  return p == end || *p == separator ? p : NULL;
}

static gboolean
is_not_available (const char *start, const char *end)
{
  return end - start == 2 && g_ascii_strncasecmp (start, "NA", 2) == 0;
}

static const char *
field_end (const char *start, const char *end, char separator)
{
  const char *found = memchr (start, separator, end - start);

  return found != NULL ? found : end;
}

/* Most fields of a header are text; of a row of data with a category, some are. */
static gboolean
looks_like_header (const char *start, const char *end, char separator)
{
  gsize n_text = 0, n = 0;

  for (const char *p = start;; p++)
    {
      const char *stop = field_end (p, end, separator);
      float value;

      n++;
      n_text += parse_field (p, stop, separator, &value) == NULL && !is_not_available (p, stop);
      p = stop;
      if (p == end)
        return n_text * 2 > n;
    }
}

static gboolean
fail_text (const Csv *csv, const AtelierXgboostChunk *chunk, gsize line, const char *start, const char *end,
           const char *field, gsize column, GError **error)
{
  g_autofree char *snippet = atelier_xgboost_snippet (field, field_end (field, end, csv->separator));

  if (line == 1 && looks_like_header (start, end, csv->separator))
    g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                 _("%s:1: this is a header line (column %" G_GSIZE_FORMAT
                    " is “%s”). Training data in CSV has no header and the "
                    "label in the first column: write the file without it"),
                 chunk->file->name, column + 1, snippet);
  else
    g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                 _("%s:%" G_GSIZE_FORMAT ": column %" G_GSIZE_FORMAT
                    " is “%s”, which is not a number. Encode text as numbers before "
                    "training"),
                 chunk->file->name, line, column + 1, snippet);
  return FALSE;
}

static gboolean
check_column (const Csv *csv, const AtelierXgboostChunk *chunk, gsize line, gsize column, float value, GError **error)
{
  g_autofree char *fault = NULL;

  if (csv->table->labels != NULL && column == 0)
    fault = atelier_xgboost_label_fault (csv->rule, value);
  if (fault != NULL)
    g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                 _("%s:%" G_GSIZE_FORMAT ": %s (first column)"), chunk->file->name, line, fault);
  else if (csv->table->weights != NULL && column == 1 && !(value >= 0 && isfinite (value)))
    g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                 _("%s:%" G_GSIZE_FORMAT
                    ": the weight (second column, since “csv_weights” is 1) must be a number of at least 0"),
                 chunk->file->name, line);
  else if (isinf (value))
    g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                 _("%s:%" G_GSIZE_FORMAT ": column %" G_GSIZE_FORMAT " is infinite or too large for a 32-bit number"),
                 chunk->file->name, line, column + 1);
  else
    return TRUE;
  return FALSE;
}

static gboolean
parse_row (const Csv *csv, const AtelierXgboostChunk *chunk, gsize row, gsize line, const char *start, const char *end,
           GError **error)
{
  AtelierXgboostTable *table = csv->table;
  float *out = table->values + row * table->n_columns;
  const char *p = start;

  for (gsize column = 0;; column++, p++)
    {
      const char *field = p;
      float value;

      p = parse_field (field, end, csv->separator, &value);
      if (p == NULL)
        {
          const char *stop = field_end (field, end, csv->separator);

          if (!is_not_available (field, stop))
            return fail_text (csv, chunk, line, start, end, field, column, error);
          value = NAN;
          p = stop;
        }
      if (column < csv->n_columns)
        {
          if ((column < csv->n_before || isinf (value)) && !check_column (csv, chunk, line, column, value, error))
            return FALSE;
          if (column >= csv->n_before)
            out[column - csv->n_before] = value;
          else if (column == 0)
            table->labels[row] = value;
          else
            table->weights[row] = value;
        }
      if (p < end)
        continue;
      if (column + 1 == csv->n_columns)
        return TRUE;
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                   _("%s:%" G_GSIZE_FORMAT ": the line has %" G_GSIZE_FORMAT
                      " columns, the first line of “%s” has %" G_GSIZE_FORMAT),
                   chunk->file->name, line, column + 1, csv->model_name, csv->n_columns);
      return FALSE;
    }
}

static gboolean
parse_chunk (AtelierXgboostChunk *chunk, gpointer user_data, GError **error)
{
  const Csv *csv = user_data;
  const char *position = chunk->start, *start, *end;
  gsize line = chunk->first_line - 1;
  gsize n = 0;

  for (; n < chunk->n_rows && atelier_xgboost_chunk_next_row (chunk, &position, &line, &start, &end); n++)
    if (!parse_row (csv, chunk, chunk->first_row + n, line, start, end, error))
      return FALSE;
  return atelier_xgboost_chunk_check_end (chunk, position, n, error);
}

static gboolean
settle_columns (Csv *csv, const AtelierXgboostTableOptions *options, gsize line, GError **error)
{
  gboolean has_label = TRUE;

  if (options->n_features > 0 && csv->n_columns == options->n_features)
    has_label = FALSE;
  csv->n_before = has_label + (has_label && options->has_weights);
  if (options->n_features > 0 && csv->n_columns != csv->n_before + options->n_features)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                   _("%s:%" G_GSIZE_FORMAT ": the line has %" G_GSIZE_FORMAT
                      " columns; the model takes %" G_GSIZE_FORMAT " features, with or without a label before them"),
                   csv->model_name, line, csv->n_columns, options->n_features);
      return FALSE;
    }
  if (csv->n_columns <= csv->n_before)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                   options->has_weights ? _("%s:%" G_GSIZE_FORMAT ": the line has %" G_GSIZE_FORMAT
                                             " columns; a label, a weight and at least one feature are needed")
                                        : _("%s:%" G_GSIZE_FORMAT ": the line has %" G_GSIZE_FORMAT
                                             " columns; a label and at least one feature are needed"),
                   csv->model_name, line, csv->n_columns);
      return FALSE;
    }
  csv->table->n_columns = csv->n_columns - csv->n_before;
  return TRUE;
}

gboolean
atelier_xgboost_read_csv (AtelierXgboostSource             *source,
                          const AtelierXgboostTableOptions *options,
                          AtelierXgboostTable              *table,
                          GError                          **error)
{
  Csv csv = { .table = table, .rule = &options->rule };
  const AtelierXgboostFile *file;
  const char *start, *end;
  gsize line;

  if (!atelier_xgboost_source_first_line (source, FALSE, &file, &line, &start, &end))
    return TRUE;
  csv.model_name = file->name;
  csv.separator = find_separator (start, end);
  csv.n_columns = count_columns (start, end, csv.separator);
  if (!settle_columns (&csv, options, line, error))
    return FALSE;

  atelier_xgboost_source_count (source, FALSE);
  table->n_rows = source->n_rows;
  if (table->n_rows <= G_MAXSIZE / sizeof (float) / table->n_columns)
    table->values = g_try_malloc (table->n_rows * table->n_columns * sizeof (float));
  table->labels = csv.n_before > 0 ? g_try_new (float, table->n_rows) : NULL;
  table->weights = csv.n_before > 1 ? g_try_new (float, table->n_rows) : NULL;
  if (table->values == NULL || (csv.n_before > 0 && table->labels == NULL)
      || (csv.n_before > 1 && table->weights == NULL))
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                   _("There is not enough memory for %" G_GSIZE_FORMAT " rows of %" G_GSIZE_FORMAT " columns"),
                   table->n_rows, table->n_columns);
      return FALSE;
    }
  return atelier_xgboost_source_each (source, parse_chunk, &csv, error);
}
