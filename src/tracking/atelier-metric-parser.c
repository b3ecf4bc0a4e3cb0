/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-tracking"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-metric-parser.h"
#include "atelier-metric-pattern.h"
#include "atelier-metric-sink.h"

/* Lines are read in the piece they came in; only one that is cut by the end of a piece is copied and put together. */

#define LINE_MOST_BYTES (64 << 10)
/* A pattern may stumble over a few very long lines; one that stumbles often is given up. */
#define MOST_STRIKES 10

typedef struct
{
  char                 *name;    /* (owned) */
  AtelierMetricPattern *pattern; /* (owned) (nullable) NULL once it is given up */
  guint                 strikes;
} Definition;

struct _AtelierMetricParser
{
  GArray            *definitions; /* (owned) (element-type Definition) */
  GHashTable        *claimed;     /* (owned) (element-type utf8) their names, borrowed */
  GString           *line;        /* (owned) the line that is not at its end yet */
  GString           *escaped;     /* (owned) a line with `#011` for its tabs */
  AtelierMetricSink *sink;        /* (owned) */
  GPtrArray         *problems;    /* (owned) (element-type utf8) */
};

G_DEFINE_QUARK (atelier-tracking-error-quark, atelier_tracking_error)

static void
definition_clear (gpointer data)
{
  Definition *definition = data;

  g_free (definition->name);
  atelier_metric_pattern_free (definition->pattern);
}

AtelierMetricParser *
atelier_metric_parser_new (const AtelierMetricDefinition *definitions, gsize n_definitions, GError **error)
{
  g_autoptr (AtelierMetricParser) self = g_new0 (AtelierMetricParser, 1);

  g_return_val_if_fail (definitions != NULL || n_definitions == 0, NULL);

  self->definitions = g_array_new (FALSE, FALSE, sizeof (Definition));
  g_array_set_clear_func (self->definitions, definition_clear);
  self->claimed = g_hash_table_new (g_str_hash, g_str_equal);
  self->line = g_string_new (NULL);
  self->escaped = g_string_new (NULL);
  self->sink = atelier_metric_sink_new ();
  self->problems = g_ptr_array_new_with_free_func (g_free);
  for (gsize i = 0; i < n_definitions; i++)
    {
      Definition definition = { 0 };

      definition.pattern = atelier_metric_pattern_new (definitions[i].name, definitions[i].regex, error);
      if (definition.pattern == NULL)
        return NULL;
      definition.name = g_strdup (definitions[i].name);
      g_array_append_val (self->definitions, definition);
      g_hash_table_add (self->claimed, definition.name);
    }
  return g_steal_pointer (&self);
}

void
atelier_metric_parser_free (AtelierMetricParser *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->claimed);
  g_array_unref (self->definitions);
  g_string_free (self->line, TRUE);
  g_string_free (self->escaped, TRUE);
  atelier_metric_sink_free (self->sink);
  g_ptr_array_unref (self->problems);
  g_free (self);
}

/* --- XGBoost's lines --- */

/* The bytes of a tab, blank or `#011` at @at; 0 where there is none. */
static gsize
separator_length (const char *at, const char *end)
{
  if (at < end && (*at == '\t' || *at == ' '))
    return 1;
  return end - at >= 4 && memcmp (at, "#011", 4) == 0 ? 4 : 0;
}

/* "train-rmse" is "train:rmse"; the metric begins after the last dash that is not at the end ("ndcg@5-" has one of
 * its own). */
static gboolean
split_xgboost_name (const char *text, gsize length, char *name)
{
  gsize dash = length;

  if (length < 3 || length > ATELIER_METRIC_NAME_MAX_BYTES)
    return FALSE;
  for (gsize i = length - 2; i > 0 && dash == length; i--)
    if (text[i] == '-')
      dash = i;
  if (dash == length)
    return FALSE;
  memcpy (name, text, length);
  name[dash] = ':';
  name[length] = '\0';
  return TRUE;
}

/* One "NAME:VALUE" at @at. Returns where it ends; *found says whether it was one. */
static const char *
read_xgboost_item (AtelierMetricParser *self,
                   const char *at,
                   const char *end,
                   gint64 iteration,
                   gint64 at_us,
                   gboolean *found)
{
  char name[ATELIER_METRIC_NAME_MAX_BYTES + 1];
  const char *start = at;
  const char *colon = NULL;
  double value;

  for (; at < end && separator_length (at, end) == 0; at++)
    if (*at == ':')
      colon = at;
  *found = colon != NULL && split_xgboost_name (start, colon - start, name) &&
           atelier_metric_read_number (colon + 1, at - colon - 1, &value) > 0;
  if (*found && !g_hash_table_contains (self->claimed, name))
    atelier_metric_sink_add (self->sink, name, iteration, value, at_us);
  return at;
}

/* `[12]` and then items; returns the iteration, or ATELIER_METRIC_NEXT where it is no line of XGBoost. */
static gint64
read_xgboost_line (AtelierMetricParser *self, const char *line, gsize length, gint64 at_us)
{
  const char *at = line + 1;
  const char *end = line + length;
  gint64 iteration = 0;
  gboolean any = FALSE;

  if (length < 2 || line[0] != '[' || !g_ascii_isdigit (line[1]))
    return ATELIER_METRIC_NEXT;
  for (; at < end && g_ascii_isdigit (*at) && at - line < 12; at++)
    iteration = iteration * 10 + (*at - '0');
  if (at == end || *at++ != ']')
    return ATELIER_METRIC_NEXT;
  while (at < end)
    {
      gsize separator = separator_length (at, end);
      gboolean found = FALSE;

      if (separator == 0)
        break;
      at += separator;
      if (separator_length (at, end) == 0)
        at = read_xgboost_item (self, at, end, iteration, at_us, &found);
      any = any || found;
    }
  return any ? iteration : ATELIER_METRIC_NEXT;
}

/* --- definitions --- */

static void
escape_tabs (GString *escaped, const char *line, gsize length)
{
  const char *end = line + length;

  g_string_truncate (escaped, 0);
  while (line < end)
    {
      const char *tab = memchr (line, '\t', end - line);

      g_string_append_len (escaped, line, (tab != NULL ? tab : end) - line);
      if (tab == NULL)
        break;
      g_string_append (escaped, "#011");
      line = tab + 1;
    }
}

static void
strike (AtelierMetricParser *self, Definition *definition)
{
  if (++definition->strikes < MOST_STRIKES)
    return;
  g_clear_pointer (&definition->pattern, atelier_metric_pattern_free);
  g_ptr_array_add (
      self->problems,
      g_strdup_printf (_("The regular expression of the metric “%s” took too long on %u lines of the log and was "
                          "given up: make it more exact, without nested repetitions"),
                       definition->name, definition->strikes));
}

static void
read_line (AtelierMetricParser *self, const char *line, gsize length, gint64 at_us)
{
  gint64 iteration = ATELIER_METRIC_NEXT;
  gboolean has_tabs;

  if (length == 0)
    return;
  length = MIN (length, LINE_MOST_BYTES);
  if (line[0] == '[')
    iteration = read_xgboost_line (self, line, length, at_us);
  if (self->definitions->len == 0)
    return;

  has_tabs = memchr (line, '\t', length) != NULL;
  if (has_tabs)
    escape_tabs (self->escaped, line, length);
  for (guint i = 0; i < self->definitions->len; i++)
    {
      Definition *definition = &g_array_index (self->definitions, Definition, i);
      AtelierMetricMatch match;
      double value;

      if (definition->pattern == NULL)
        continue;
      match = atelier_metric_pattern_match (definition->pattern, line, length, &value);
      if (match == ATELIER_METRIC_MATCH_NONE && has_tabs)
        match = atelier_metric_pattern_match (definition->pattern, self->escaped->str, self->escaped->len, &value);
      if (match == ATELIER_METRIC_MATCH_FOUND)
        atelier_metric_sink_add (self->sink, definition->name, iteration, value, at_us);
      else if (match == ATELIER_METRIC_MATCH_TOO_LONG)
        strike (self, definition);
    }
}

/* --- lines --- */

static void
keep (AtelierMetricParser *self, const char *bytes, gsize length)
{
  g_string_append_len (self->line, bytes, MIN (length, LINE_MOST_BYTES - self->line->len));
}

void
atelier_metric_parser_feed (AtelierMetricParser *self, const char *bytes, gsize length, gint64 at_us)
{
  const char *at = bytes;
  const char *end = bytes + length;
  const char *line_feed = NULL;

  g_return_if_fail (self != NULL);
  g_return_if_fail (bytes != NULL || length == 0);

  while (at < end)
    {
      const char *carriage_return;
      const char *stop;

      /* The next LF is looked for once, not again for each CR before it. */
      if (line_feed < at)
        line_feed = memchr (at, '\n', end - at);
      if (line_feed == NULL)
        line_feed = end;
      carriage_return = memchr (at, '\r', line_feed - at);
      stop = carriage_return != NULL ? carriage_return : line_feed;
      if (stop == end)
        {
          keep (self, at, end - at);
          break;
        }
      if (self->line->len > 0)
        {
          keep (self, at, stop - at);
          read_line (self, self->line->str, self->line->len, at_us);
          g_string_truncate (self->line, 0);
        }
      else
        read_line (self, at, stop - at, at_us);
      at = stop + 1;
    }
}

void
atelier_metric_parser_finish (AtelierMetricParser *self, gint64 at_us)
{
  g_return_if_fail (self != NULL);

  read_line (self, self->line->str, self->line->len, at_us);
  g_string_truncate (self->line, 0);
}

const AtelierMetric *
atelier_metric_parser_get_metrics (AtelierMetricParser *self, gsize *n_metrics)
{
  g_return_val_if_fail (self != NULL, NULL);

  return atelier_metric_sink_get_metrics (self->sink, n_metrics);
}

void
atelier_metric_parser_clear (AtelierMetricParser *self)
{
  g_return_if_fail (self != NULL);

  atelier_metric_sink_clear (self->sink);
}

const GPtrArray *
atelier_metric_parser_get_problems (AtelierMetricParser *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->problems;
}
