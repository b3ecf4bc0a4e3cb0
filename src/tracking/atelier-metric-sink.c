/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-tracking"

#include "config.h"

#include <string.h>

#include "atelier-metric-sink.h"

/* A log may be hostile or just wrong ("loss_0.123: …"), so the number of names is bounded; a name, once seen, stays
 * where it is, so that a metric is four words and no string is copied a point. */

typedef struct
{
  gint64 next_iteration;
  char   text[];
} Name;

struct _AtelierMetricSink
{
  GHashTable *names;     /* (owned) (element-type utf8 Name) the key is inside the value */
  GArray     *metrics;   /* (owned) (element-type AtelierMetric) */
  Name       *last_name; /* (unowned) (nullable) logs repeat themselves */
};

AtelierMetricSink *
atelier_metric_sink_new (void)
{
  AtelierMetricSink *self = g_new0 (AtelierMetricSink, 1);

  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->metrics = g_array_new (FALSE, FALSE, sizeof (AtelierMetric));
  return self;
}

void
atelier_metric_sink_free (AtelierMetricSink *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->names);
  g_array_unref (self->metrics);
  g_free (self);
}

static Name *
find_name (AtelierMetricSink *self, const char *text)
{
  gsize length = strlen (text);
  Name *name;

  if (self->last_name != NULL && strcmp (self->last_name->text, text) == 0)
    return self->last_name;
  name = g_hash_table_lookup (self->names, text);
  if (name == NULL)
    {
      if (length == 0 || length > ATELIER_METRIC_NAME_MAX_BYTES || !g_utf8_validate (text, length, NULL) ||
          g_hash_table_size (self->names) >= ATELIER_METRIC_MAX_NAMES)
        return NULL;
      name = g_malloc (sizeof (Name) + length + 1);
      name->next_iteration = 0;
      memcpy (name->text, text, length + 1);
      g_hash_table_insert (self->names, name->text, name);
    }
  self->last_name = name;
  return name;
}

gboolean
atelier_metric_sink_add (AtelierMetricSink *self, const char *name, gint64 iteration, double value, gint64 at_us)
{
  Name *known = find_name (self, name);
  AtelierMetric metric;

  if (known == NULL)
    return FALSE;
  metric.name = known->text;
  metric.iteration = iteration != ATELIER_METRIC_NEXT ? iteration : known->next_iteration;
  metric.value = value;
  metric.at_us = at_us;
  known->next_iteration = metric.iteration < G_MAXINT64 ? metric.iteration + 1 : metric.iteration;
  g_array_append_val (self->metrics, metric);
  return TRUE;
}

const AtelierMetric *
atelier_metric_sink_get_metrics (AtelierMetricSink *self, gsize *n_metrics)
{
  *n_metrics = self->metrics->len;
  return (const AtelierMetric *) self->metrics->data;
}

void
atelier_metric_sink_clear (AtelierMetricSink *self)
{
  g_array_set_size (self->metrics, 0);
}

gsize
atelier_metric_read_number (const char *text, gsize length, double *value)
{
  char copy[64];
  char *end = NULL;
  double number;

  length = MIN (length, sizeof copy - 1);
  memcpy (copy, text, length);
  copy[length] = '\0';
  /* strtod passes over blanks and takes hexadecimal digits: neither is how a log writes a number. */
  if (length == 0 || g_ascii_isspace (copy[0]) || (copy[0] == '0' && (copy[1] == 'x' || copy[1] == 'X')))
    return 0;
  number = g_ascii_strtod (copy, &end);
  if (end != copy)
    *value = number;
  return end - copy;
}
