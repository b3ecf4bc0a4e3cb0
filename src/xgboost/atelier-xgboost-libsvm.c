/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-libsvm"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-xgboost-number.h"
#include "atelier-xgboost-source.h"

/* LIBSVM as XGBoost reads it: LABEL[:WEIGHT] [qid:GROUP] INDEX:VALUE …, words parted by blanks, “#” begins a comment.
 * An index is the number of a column as it stands: files that count from 1 have an empty column 0. What a row does
 * not name is missing, not zero. There are at most as many entries as colons, so each chunk gets room by its colons
 * and the gaps are closed at the end. */

#define MOST_INDEX 99999999

typedef struct
{
  AtelierXgboostTable *table;
  gsize                n_features; /* what a model takes; 0: free */
  gint                 largest;    /* (atomic) index, -1: none */
  gint                 has_weights; /* (atomic) */
  gint                 has_groups;  /* (atomic) */

  const AtelierXgboostLabelRule *rule;
} Libsvm;

typedef struct
{
  const Libsvm              *libsvm;
  const AtelierXgboostChunk *chunk;
  gsize                      line;
} Place;

G_GNUC_PRINTF (3, 4)
static gboolean
fail (const Place *place, GError **error, const char *format, ...)
{
  g_autofree char *sentence = NULL;
  va_list arguments;

  va_start (arguments, format);
  sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA, "%s:%" G_GSIZE_FORMAT ": %s",
               place->chunk->file->name, place->line, sentence);
  return FALSE;
}

static inline gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

static const char *
parse_whole (const char *p, const char *end, guint64 most, guint64 *value)
{
  const char *start = p;

  for (*value = 0; p < end && g_ascii_isdigit (*p); p++)
    {
      *value = *value * 10 + (guint64) (*p - '0');
      if (*value > most)
        return NULL;
    }
  return p > start ? p : NULL;
}

static gboolean
parse_label (const Place *place, Libsvm *libsvm, const char *p, const char *end, gsize row, GError **error)
{
  AtelierXgboostTable *table = libsvm->table;
  const char *next = atelier_xgboost_number_parse (p, end, &table->labels[row]);
  g_autofree char *fault = NULL;

  if (next != NULL && next < end && *next == ':')
    {
      next = atelier_xgboost_number_parse (next + 1, end, &table->weights[row]);
      if (next == NULL || next != end || !(table->weights[row] >= 0) || isinf (table->weights[row]))
        {
          g_autofree char *snippet = atelier_xgboost_snippet (p, end);

          return fail (place, error, _("“%s” has no weight of at least 0 after the colon"), snippet);
        }
      g_atomic_int_set (&libsvm->has_weights, TRUE);
    }
  else
    table->weights[row] = 1;
  if (next != end)
    {
      g_autofree char *snippet = atelier_xgboost_snippet (p, end);

      return fail (place, error,
                   _("the line begins with “%s” instead of a label, which must be a number. A line in the LIBSVM "
                      "format is: LABEL INDEX:VALUE INDEX:VALUE …"),
                   snippet);
    }
  fault = atelier_xgboost_label_fault (libsvm->rule, table->labels[row]);
  return fault == NULL || fail (place, error, "%s", fault);
}

static gboolean
parse_entry (const Place *place, const char *p, const char *end, guint32 *index, float *value, GError **error)
{
  guint64 whole;
  const char *colon = parse_whole (p, end, MOST_INDEX, &whole);
  const char *next;
  g_autofree char *snippet = NULL;

  if (colon != NULL && colon < end && *colon == ':')
    {
      next = atelier_xgboost_number_parse (colon + 1, end, value);
      if (next == end && !isinf (*value))
        {
          *index = (guint32) whole;
          return TRUE;
        }
    }
  snippet = atelier_xgboost_snippet (p, end);
  return fail (place, error, _("“%s” is not INDEX:VALUE with an index from 0 to %d and a finite value"), snippet,
               MOST_INDEX);
}

static gboolean
parse_group (const Place *place, const char *p, const char *end, guint32 *group, GError **error)
{
  guint64 whole;

  if (parse_whole (p, end, G_MAXUINT32 - 1, &whole) == end)
    {
      *group = (guint32) whole;
      return TRUE;
    }
  else
    {
      g_autofree char *snippet = atelier_xgboost_snippet (p, end);

      return fail (place, error, _("“qid:%s” is not the number of a group"), snippet);
    }
}

/* Entries usually ascend already. */
static gboolean
sort_row (const Place *place, guint32 *indices, float *entries, gsize n, GError **error)
{
  gboolean sorted = TRUE;

  for (gsize i = 1; i < n && sorted; i++)
    sorted = indices[i - 1] < indices[i];
  if (sorted)
    return TRUE;
  for (gsize gap = n / 2; gap > 0; gap /= 2)
    for (gsize i = gap; i < n; i++)
      {
        guint32 index = indices[i];
        float entry = entries[i];
        gsize j = i;

        for (; j >= gap && indices[j - gap] > index; j -= gap)
          {
            indices[j] = indices[j - gap];
            entries[j] = entries[j - gap];
          }
        indices[j] = index;
        entries[j] = entry;
      }
  for (gsize i = 1; i < n; i++)
    if (indices[i - 1] == indices[i])
      return fail (place, error, _("the index %u stands twice in the line"), indices[i]);
  return TRUE;
}

static gboolean
parse_row (const Place *place, Libsvm *libsvm, const char *p, const char *end, gsize row, GError **error)
{
  AtelierXgboostTable *table = libsvm->table;
  gsize first = place->chunk->first_mark + place->chunk->n_entries;
  gsize room = place->chunk->n_marks - place->chunk->n_entries;
  gsize n = 0;
  const char *comment = memchr (p, '#', end - p);

  if (comment != NULL)
    end = comment;
  table->groups[row] = G_MAXUINT32;
  for (gboolean label_seen = FALSE;; label_seen = TRUE)
    {
      const char *word;

      while (p < end && is_blank (*p))
        p++;
      if (p == end)
        break;
      for (word = p; p < end && !is_blank (*p); p++)
        ;
      if (!label_seen)
        {
          if (!parse_label (place, libsvm, word, p, row, error))
            return FALSE;
        }
      else if (n == 0 && p - word > 4 && strncmp (word, "qid:", 4) == 0)
        {
          if (!parse_group (place, word + 4, p, &table->groups[row], error))
            return FALSE;
          g_atomic_int_set (&libsvm->has_groups, TRUE);
        }
      else
        {
          guint32 index = 0;
          float value;

          if (!parse_entry (place, word, p, &index, &value, error))
            return FALSE;
          if (n == room) /* every entry has a colon, and colons were counted: unless the file changes */
            return fail (place, error, _("the file was changed while it was read"));
          table->indices[first + n] = index;
          table->entries[first + n] = value;
          n++;
        }
    }
  if (!sort_row (place, table->indices + first, table->entries + first, n, error))
    return FALSE;
  if (n > 0)
    {
      gint largest = (gint) table->indices[first + n - 1], seen;

      if (libsvm->n_features > 0 && (gsize) largest >= libsvm->n_features)
        return fail (place, error, _("the index %d is beyond the features of the model, which end at %" G_GSIZE_FORMAT),
                     largest, libsvm->n_features - 1);
      while ((seen = g_atomic_int_get (&libsvm->largest)) < largest
             && !g_atomic_int_compare_and_exchange (&libsvm->largest, seen, largest))
        ;
    }
  table->offsets[row + 1] = n;
  return TRUE;
}

static gboolean
parse_chunk (AtelierXgboostChunk *chunk, gpointer user_data, GError **error)
{
  Libsvm *libsvm = user_data;
  Place place = { libsvm, chunk, chunk->first_line - 1 };
  const char *position = chunk->start, *start, *end;
  gsize n = 0;

  for (; n < chunk->n_rows && atelier_xgboost_chunk_next_row (chunk, &position, &place.line, &start, &end); n++)
    {
      gsize row = chunk->first_row + n;

      if (!parse_row (&place, libsvm, start, end, row, error))
        return FALSE;
      chunk->n_entries += libsvm->table->offsets[row + 1];
    }
  return atelier_xgboost_chunk_check_end (chunk, position, n, error);
}

static void
close_gaps (AtelierXgboostSource *source, AtelierXgboostTable *table)
{
  gsize n_entries = 0;

  for (guint i = 0; i < source->chunks->len; i++)
    {
      const AtelierXgboostChunk *chunk = &g_array_index (source->chunks, AtelierXgboostChunk, i);

      memmove (table->indices + n_entries, table->indices + chunk->first_mark, chunk->n_entries * sizeof (guint32));
      memmove (table->entries + n_entries, table->entries + chunk->first_mark, chunk->n_entries * sizeof (float));
      n_entries += chunk->n_entries;
    }
  table->offsets[0] = 0;
  for (gsize row = 0; row < table->n_rows; row++)
    table->offsets[row + 1] += table->offsets[row];
}

/* XGBoost wants groups of neighbouring rows: the numbers must not descend, over all files. */
static gboolean
check_groups (AtelierXgboostSource *source, const AtelierXgboostTable *table, GError **error)
{
  for (guint i = 0; i < source->chunks->len; i++)
    {
      const AtelierXgboostChunk *chunk = &g_array_index (source->chunks, AtelierXgboostChunk, i);
      const char *position = chunk->start, *start, *end;
      Place place = { NULL, chunk, chunk->first_line - 1 };

      for (gsize n = 0; n < chunk->n_rows; n++)
        {
          gsize row = chunk->first_row + n;

          if (table->groups[row] != G_MAXUINT32 && (row == 0 || table->groups[row - 1] <= table->groups[row]))
            continue;
          /* lines were not noted: step to this one again */
          for (gsize k = 0; k <= n; k++)
            atelier_xgboost_chunk_next_row (chunk, &position, &place.line, &start, &end);
          if (table->groups[row] == G_MAXUINT32)
            return fail (&place, error, _("the line has no “qid:”, which other lines have"));
          return fail (&place, error, _("the group “qid:%u” comes after “qid:%u”; sort the lines by group"),
                       table->groups[row], table->groups[row - 1]);
        }
    }
  return TRUE;
}

gboolean
atelier_xgboost_read_libsvm (AtelierXgboostSource             *source,
                             const AtelierXgboostTableOptions *options,
                             AtelierXgboostTable              *table,
                             GError                          **error)
{
  Libsvm libsvm = { .table = table, .n_features = options->n_features, .largest = -1, .rule = &options->rule };

  atelier_xgboost_source_count (source, TRUE);
  table->n_rows = source->n_rows;
  table->offsets = g_try_new0 (guint64, table->n_rows + 1);
  table->indices = g_try_new (guint32, source->n_marks + 1);
  table->entries = g_try_new (float, source->n_marks + 1);
  table->labels = g_try_new (float, table->n_rows + 1);
  table->weights = g_try_new (float, table->n_rows + 1);
  table->groups = g_try_new (guint32, table->n_rows + 1);
  if (table->offsets == NULL || table->indices == NULL || table->entries == NULL || table->labels == NULL
      || table->weights == NULL || table->groups == NULL)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                   _("There is not enough memory for %" G_GSIZE_FORMAT " rows with %" G_GSIZE_FORMAT " entries"),
                   table->n_rows, source->n_marks);
      return FALSE;
    }
  if (!atelier_xgboost_source_each (source, parse_chunk, &libsvm, error))
    return FALSE;
  close_gaps (source, table);
  if (libsvm.has_groups && !check_groups (source, table, error))
    return FALSE;
  if (!libsvm.has_groups)
    g_clear_pointer (&table->groups, g_free);
  if (!libsvm.has_weights)
    g_clear_pointer (&table->weights, g_free);
  table->n_columns = MAX ((gsize) (libsvm.largest + 1), options->n_features);
  return TRUE;
}
