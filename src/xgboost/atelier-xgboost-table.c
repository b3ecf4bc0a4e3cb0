/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-table"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-xgboost-source.h"
#include "atelier-xgboost-number.h"

/* What is common to the formats: content types, the choice of a reader, the life of a table. */

G_DEFINE_QUARK (atelier-xgboost-error-quark, atelier_xgboost_error)

gboolean
atelier_xgboost_format_from_content_type (const char *content_type, AtelierXgboostFormat *format, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (content_type != NULL ? content_type : "", ";", -1);
  const char *type = parts[0] != NULL ? g_strstrip (parts[0]) : "";

  if (*type == '\0')
    {
      *format = ATELIER_XGBOOST_FORMAT_SNIFF;
      return TRUE;
    }
  if (g_ascii_strcasecmp (type, "libsvm") == 0 || g_ascii_strcasecmp (type, "text/libsvm") == 0
      || g_ascii_strcasecmp (type, "text/x-libsvm") == 0)
    {
      *format = ATELIER_XGBOOST_FORMAT_LIBSVM;
      return TRUE;
    }
  if (g_ascii_strcasecmp (type, "csv") != 0 && g_ascii_strcasecmp (type, "text/csv") != 0)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                   _("The content type “%s” cannot be read here; give the data as text/csv or text/libsvm"),
                   content_type);
      return FALSE;
    }
  for (gsize i = 1; parts[i] != NULL; i++)
    {
      const char *part = g_strstrip (parts[i]);

      if (g_ascii_strncasecmp (part, "label_size=", 11) == 0 && strcmp (part + 11, "1") != 0)
        {
          g_set_error (
              error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
              _("The content type “%s” cannot be used: label_size must be 1, the label in the first column"),
              content_type);
          return FALSE;
        }
    }
  *format = ATELIER_XGBOOST_FORMAT_CSV;
  return TRUE;
}

char *
atelier_xgboost_label_fault (const AtelierXgboostLabelRule *rule, float label)
{
  if (isnan (label))
    return g_strdup (_("the label is missing"));
  if (isinf (label))
    return g_strdup (_("the label is not a finite number"));
  if (rule->objective == NULL || ((rule->above_low ? label > rule->low : label >= rule->low)
                                  && (rule->below_high ? label < rule->high : label <= rule->high)))
    return NULL;
  if (isinf (rule->high))
    return g_strdup_printf (rule->above_low ? _("the label is %g, but the objective %s takes labels above %g only")
                                            : _("the label is %g, but the objective %s takes labels from %g up only"),
                            label, rule->objective, rule->low);
  return g_strdup_printf (rule->below_high
                              ? _("the label is %g, but the objective %s takes labels from %g to below %g only")
                              : _("the label is %g, but the objective %s takes labels from %g to %g only"),
                          label, rule->objective, rule->low, rule->high);
}

static const char *
next_word (const char **position, const char *end, const char **word_end)
{
  const char *p = *position, *word;

  while (p < end && (*p == ' ' || *p == '\t'))
    p++;
  for (word = p; p < end && *p != ' ' && *p != '\t' && *p != '\r'; p++)
    ;
  *position = *word_end = p;
  return word;
}

/* LABEL[:WEIGHT], then nothing or a word with a colon in it. One number alone is a label; with a model of one feature
 * it is that. */
static AtelierXgboostFormat
sniff (AtelierXgboostSource *source, gsize n_features)
{
  const AtelierXgboostFile *file;
  const char *position, *end, *word, *word_end, *after;
  gsize line;
  float value;

  if (!atelier_xgboost_source_first_line (source, TRUE, &file, &line, &position, &end))
    return ATELIER_XGBOOST_FORMAT_LIBSVM;
  word = next_word (&position, end, &word_end);
  after = atelier_xgboost_number_parse (word, word_end, &value);
  if (after == NULL || (after != word_end && *after != ':'))
    return ATELIER_XGBOOST_FORMAT_CSV;
  word = next_word (&position, end, &word_end);
  if (word == word_end)
    return n_features == 1 ? ATELIER_XGBOOST_FORMAT_CSV : ATELIER_XGBOOST_FORMAT_LIBSVM;
  if (*word == '#' || memchr (word, ':', word_end - word) != NULL)
    return ATELIER_XGBOOST_FORMAT_LIBSVM;
  return ATELIER_XGBOOST_FORMAT_CSV;
}

AtelierXgboostTable *
atelier_xgboost_table_read (const GPtrArray                  *paths,
                            const GPtrArray                  *names,
                            const AtelierXgboostTableOptions *options,
                            GError                          **error)
{
  g_autoptr (AtelierXgboostSource) source = atelier_xgboost_source_open (paths, names, options->n_threads, error);
  g_autoptr (AtelierXgboostTable) table = NULL;
  AtelierXgboostFormat format = options->format;

  if (source == NULL)
    return NULL;
  if (format == ATELIER_XGBOOST_FORMAT_SNIFF)
    format = sniff (source, options->n_features);
  table = g_new0 (AtelierXgboostTable, 1);
  if (format == ATELIER_XGBOOST_FORMAT_LIBSVM)
    {
      if (!atelier_xgboost_read_libsvm (source, options, table, error))
        return NULL;
    }
  else if (!atelier_xgboost_read_csv (source, options, table, error))
    return NULL;
  return g_steal_pointer (&table);
}

void
atelier_xgboost_table_free (AtelierXgboostTable *self)
{
  g_free (self->values);
  g_free (self->offsets);
  g_free (self->indices);
  g_free (self->entries);
  g_free (self->labels);
  g_free (self->weights);
  g_free (self->groups);
  g_free (self);
}
