/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

/* Metrics and other logged values.
 *
 * A point is a row of two integers, a double and a time, keyed by metric and iteration: the rows of one curve lie
 * side by side, and writing a batch is appending. What a list shows of a metric (last, least, greatest) is kept with
 * the metric itself, brought up to date once a batch, so that no list ever reads points. */

/* --- metrics in --- */

typedef struct
{
  AtelierEvent        event;
  const char         *execution_id;
  const char         *step;
  int                 attempt;
  AtelierMetricPoint *points;
  gsize               n_points;
} MetricsLogged;

/* What a batch says of one of its metrics. */
typedef struct
{
  const char *name;
  gint64      id;
  gint64      last_iteration;
  gint64      last_at_us;
  double      last_value;
  double      min_value; /* nan: none that is a number */
  double      max_value;
} BatchMetric;

static gboolean
ensure_metric (AtelierDb *db, gint64 step_id, int attempt, const char *name, gint64 *id, GError **error)
{
  gint64 name_id = 0;

  *id = 0;
  if (!atelier_db_get_int (db, &name_id, error, "SELECT id FROM metric_names WHERE name = ?1", "s", name))
    return FALSE;
  if (name_id == 0)
    {
      if (!atelier_db_run (db, error, "INSERT INTO metric_names (name) VALUES (?1)", "s", name))
        return FALSE;
      name_id = sqlite3_last_insert_rowid (db->connection);
    }
  if (!atelier_db_get_int (db, id, error,
                           "SELECT id FROM metrics WHERE step_id = ?1 AND attempt = ?2 AND name_id = ?3", "ini",
                           step_id, attempt, name_id))
    return FALSE;
  if (*id != 0)
    return TRUE;
  if (!atelier_db_run (db, error, "INSERT INTO metrics (step_id, attempt, name_id) VALUES (?1, ?2, ?3)", "ini",
                       step_id, attempt, name_id))
    return FALSE;
  *id = sqlite3_last_insert_rowid (db->connection);
  return TRUE;
}

/* The metric of a point among those the batch has met; a log tells few, in turn, so the search begins behind the last
 * one found. */
static BatchMetric *
find_metric (GArray *metrics, guint *position, const char *name)
{
  for (guint i = 0; i < metrics->len; i++)
    {
      guint at = (*position + 1 + i) % metrics->len;
      BatchMetric *metric = &g_array_index (metrics, BatchMetric, at);

      if (metric->name == name || strcmp (metric->name, name) == 0)
        {
          *position = at;
          return metric;
        }
    }
  return NULL;
}

static BatchMetric *
add_metric (AtelierDb *db, GArray *metrics, gint64 step_id, int attempt, const char *name, GError **error)
{
  BatchMetric metric = { .name = name, .last_iteration = G_MININT64, .min_value = NAN, .max_value = NAN };

  if (!ensure_metric (db, step_id, attempt, name, &metric.id, error))
    return NULL;
  g_array_append_val (metrics, metric);
  return &g_array_index (metrics, BatchMetric, metrics->len - 1);
}

static void
note_point (BatchMetric *metric, const AtelierMetricPoint *point)
{
  if (point->iteration >= metric->last_iteration)
    {
      metric->last_iteration = point->iteration;
      metric->last_value = point->value;
      metric->last_at_us = point->at_us;
    }
  /* a comparison with nan is false, so these begin with the first number */
  if (!isnan (point->value) && !(metric->min_value <= point->value))
    metric->min_value = point->value;
  if (!isnan (point->value) && !(metric->max_value >= point->value))
    metric->max_value = point->value;
}

static gboolean
insert_point (AtelierDb *db, sqlite3_stmt *insert, gint64 metric_id, const AtelierMetricPoint *point, GError **error)
{
  sqlite3_bind_int64 (insert, 1, metric_id);
  sqlite3_bind_int64 (insert, 2, point->iteration);
  sqlite3_bind_double (insert, 3, point->value); /* nan becomes NULL */
  sqlite3_bind_int64 (insert, 4, point->at_us);
  if (atelier_db_next (db, insert, error) < 0)
    return FALSE;
  sqlite3_reset (insert);
  return TRUE;
}

static gboolean
update_metric (AtelierDb *db, const BatchMetric *metric, GError **error)
{
  return atelier_db_run (db, error,
                         "UPDATE metrics SET last_iteration = ?2, last_value = ?3, last_at_us = ?4"
                         " WHERE id = ?1 AND ifnull (last_iteration, ?2) <= ?2",
                         "iidi", metric->id, metric->last_iteration, metric->last_value, metric->last_at_us)
         && atelier_db_run (db, error,
                            "UPDATE metrics SET min_value = min (ifnull (min_value, ?2), ?2),"
                            " max_value = max (ifnull (max_value, ?3), ?3) WHERE id = ?1 AND ?2 IS NOT NULL",
                            "idd", metric->id, metric->min_value, metric->max_value);
}

static gboolean
apply_metrics_logged (AtelierDb *db, MetricsLogged *self, GError **error)
{
  g_autoptr (GArray) metrics = g_array_new (FALSE, FALSE, sizeof (BatchMetric));
  g_autoptr (AtelierQuery) insert = NULL;
  guint position = 0;
  gint64 step_id;

  if (!atelier_steps_find (db, self->execution_id, self->step, &step_id, error))
    return FALSE;
  insert = atelier_db_query (db, error,
                             "INSERT OR REPLACE INTO metric_points (metric_id, iteration, value, at_us)"
                             " VALUES (?1, ?2, ?3, ?4)",
                             "iidi", (gint64) 0, (gint64) 0, 0.0, (gint64) 0);
  if (insert == NULL)
    return FALSE;
  for (gsize i = 0; i < self->n_points; i++)
    {
      const AtelierMetricPoint *point = &self->points[i];
      BatchMetric *metric = find_metric (metrics, &position, point->name);

      if (metric == NULL)
        metric = add_metric (db, metrics, step_id, self->attempt, point->name, error);
      if (metric == NULL || !insert_point (db, insert, metric->id, point, error))
        return FALSE;
      note_point (metric, point);
    }
  for (guint i = 0; i < metrics->len; i++)
    if (!update_metric (db, &g_array_index (metrics, BatchMetric, i), error))
      return FALSE;
  return TRUE;
}

void
atelier_store_metrics_logged (AtelierStore *self, const char *execution_id, const char *step, int attempt,
                              const AtelierMetricPoint *points, gsize n_points, AtelierStoreCommitted committed,
                              gpointer user_data)
{
  g_autoptr (GHashTable) copies = NULL; /* name as told → our copy: a batch names few metrics many times */
  MetricsLogged *logged;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && (n_points == 0 || points != NULL));

  logged = ATELIER_EVENT (MetricsLogged, apply_metrics_logged);
  logged->execution_id = atelier_event_text (&logged->event, execution_id);
  logged->step = atelier_event_text (&logged->event, step);
  logged->attempt = attempt;
  logged->points = atelier_event_alloc (&logged->event, n_points * sizeof *points);
  logged->n_points = n_points;
  copies = g_hash_table_new (g_str_hash, g_str_equal);
  for (gsize i = 0; i < n_points; i++)
    {
      const char *copy = g_hash_table_lookup (copies, points[i].name);

      if (copy == NULL)
        {
          copy = atelier_event_text (&logged->event, points[i].name);
          g_hash_table_insert (copies, (gpointer) points[i].name, (gpointer) copy);
        }
      logged->points[i] = points[i];
      logged->points[i].name = copy;
    }
  atelier_store_queue (self, logged, committed, user_data);
}

/* --- other values in --- */

typedef struct
{
  AtelierEvent       event;
  const char        *execution_id;
  const char        *step;
  int                attempt;
  AtelierLoggedItem *items;
  gsize              n_items;
} ValuesLogged;

static gboolean
apply_values_logged (AtelierDb *db, ValuesLogged *self, GError **error)
{
  gint64 step_id;

  if (!atelier_steps_find (db, self->execution_id, self->step, &step_id, error))
    return FALSE;
  for (gsize i = 0; i < self->n_items; i++)
    {
      const AtelierLoggedItem *item = &self->items[i];

      if (!atelier_db_run (db, error,
                           "INSERT OR REPLACE INTO logged_values (step_id, attempt, kind, name, iteration, value)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                           "inssis", step_id, self->attempt, atelier_logged_kind_to_text (item->kind), item->name,
                           item->iteration, item->value))
        return FALSE;
    }
  return TRUE;
}

void
atelier_store_values_logged (AtelierStore *self, const char *execution_id, const char *step, int attempt,
                             const AtelierLoggedItem *items, gsize n_items, AtelierStoreCommitted committed,
                             gpointer user_data)
{
  ValuesLogged *logged;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && (n_items == 0 || items != NULL));

  logged = ATELIER_EVENT (ValuesLogged, apply_values_logged);
  logged->execution_id = atelier_event_text (&logged->event, execution_id);
  logged->step = atelier_event_text (&logged->event, step);
  logged->attempt = attempt;
  logged->items = atelier_event_alloc (&logged->event, n_items * sizeof *items);
  logged->n_items = n_items;
  for (gsize i = 0; i < n_items; i++)
    {
      logged->items[i] = items[i];
      logged->items[i].name = atelier_event_text (&logged->event, items[i].name);
      logged->items[i].value = atelier_event_text (&logged->event, items[i].value);
    }
  atelier_store_queue (self, logged, committed, user_data);
}

/* --- out --- */

GPtrArray *
atelier_store_list_metrics (AtelierStore *self, const char *execution_id, const char *step, int attempt,
                            GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_metric_record_type,
                          "WHERE s.execution_id = ?1 AND (?2 IS NULL OR s.name = ?2) AND m.attempt = CASE ?3 WHEN 0"
                          " THEN (SELECT max (x.attempt) FROM metrics x WHERE x.step_id = s.id) ELSE ?3 END"
                          " ORDER BY s.position, n.name",
                          "ssn", execution_id, step, attempt);
}

GPtrArray *
atelier_store_list_logged (AtelierStore *self, const char *execution_id, const char *step, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_logged_record_type,
                          "WHERE s.execution_id = ?1 AND (?2 IS NULL OR s.name = ?2)"
                          " ORDER BY s.position, g.attempt, g.kind, g.name, g.iteration",
                          "ss", execution_id, step);
}

static void
clear_series (gpointer record)
{
  AtelierMetricSeries *self = record;

  g_free (self->iterations);
  g_free (self->values);
  g_free (self->at_us);
}

AtelierMetricSeries *
atelier_metric_series_ref (AtelierMetricSeries *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
atelier_metric_series_unref (AtelierMetricSeries *self)
{
  g_atomic_rc_box_release_full (self, clear_series);
}

/* Points on their way from the rows to the arrays; thinned out where there are too many: of each stretch its first,
 * least, greatest and last point stay, so a curve keeps its shape and its spikes. */
typedef struct
{
  GArray            *points; /* of AtelierMetricPoint, without names */
  gsize              n_stored;
  gsize              stretch; /* in points; 0: keep all */
  gsize              n_in_stretch;
  AtelierMetricPoint first, least, greatest, last;
} Thinner;

static int
compare_iterations (gconstpointer a, gconstpointer b)
{
  const AtelierMetricPoint *x = a;
  const AtelierMetricPoint *y = b;

  return (x->iteration > y->iteration) - (x->iteration < y->iteration);
}

static void
end_stretch (Thinner *self)
{
  AtelierMetricPoint kept[] = { self->first, self->least, self->greatest, self->last };

  if (self->n_in_stretch == 0)
    return;
  qsort (kept, G_N_ELEMENTS (kept), sizeof kept[0], compare_iterations);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (i == 0 || kept[i].iteration != kept[i - 1].iteration)
      g_array_append_val (self->points, kept[i]);
  self->n_in_stretch = 0;
}

static void
add_point (Thinner *self, const AtelierMetricPoint *point)
{
  self->n_stored++;
  if (self->stretch == 0)
    {
      g_array_append_val (self->points, *point);
      return;
    }
  if (self->n_in_stretch == 0)
    self->first = self->least = self->greatest = *point;
  if (point->value < self->least.value || isnan (self->least.value))
    self->least = *point;
  if (point->value > self->greatest.value || isnan (self->greatest.value))
    self->greatest = *point;
  self->last = *point;
  if (++self->n_in_stretch == self->stretch)
    end_stretch (self);
}

static AtelierMetricSeries *
series_new (Thinner *thinner)
{
  AtelierMetricSeries *series = g_atomic_rc_box_new0 (AtelierMetricSeries);
  gsize n = thinner->points->len;

  series->n_points = n;
  series->n_stored = thinner->n_stored;
  series->iterations = g_new (gint64, n);
  series->values = g_new (double, n);
  series->at_us = g_new (gint64, n);
  for (gsize i = 0; i < n; i++)
    {
      const AtelierMetricPoint *point = &g_array_index (thinner->points, AtelierMetricPoint, i);

      series->iterations[i] = point->iteration;
      series->values[i] = point->value;
      series->at_us[i] = point->at_us;
    }
  return series;
}

static gboolean
read_points (AtelierDb *db, gint64 metric_id, gint64 after_iteration, gsize most_points, Thinner *thinner,
             GError **error)
{
  g_autoptr (AtelierQuery) query = NULL;
  gint64 n_points = 0;
  int n;

  if (most_points > 0
      && !atelier_db_get_int (db, &n_points, error,
                              "SELECT count (*) FROM metric_points WHERE metric_id = ?1 AND iteration > ?2", "ii",
                              metric_id, after_iteration))
    return FALSE;
  if (most_points > 0 && (gsize) n_points > most_points)
    thinner->stretch = ((gsize) n_points * 4 + most_points - 1) / most_points; /* four points of each stay */
  query = atelier_db_query (db, error,
                            "SELECT iteration, value, at_us FROM metric_points WHERE metric_id = ?1"
                            " AND iteration > ?2 ORDER BY iteration", "ii", metric_id, after_iteration);
  if (query == NULL)
    return FALSE;
  while ((n = atelier_db_next (db, query, error)) > 0)
    {
      AtelierMetricPoint point = {
        .iteration = sqlite3_column_int64 (query, 0),
        .value = sqlite3_column_type (query, 1) == SQLITE_NULL ? NAN : sqlite3_column_double (query, 1),
        .at_us = sqlite3_column_int64 (query, 2),
      };

      add_point (thinner, &point);
    }
  end_stretch (thinner);
  return n == 0;
}

AtelierMetricSeries *
atelier_store_get_metric_series (AtelierStore *self, const char *execution_id, const char *step, int attempt,
                                 const char *name, gint64 after_iteration, gsize most_points, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autoptr (GArray) points = g_array_new (FALSE, FALSE, sizeof (AtelierMetricPoint));
  Thinner thinner = { .points = points };
  gint64 metric_id = 0;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);
  g_return_val_if_fail (execution_id != NULL && step != NULL && name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL
      || !atelier_db_script (db, "BEGIN", error) /* the count and the points must agree */
      || !atelier_db_get_int (db, &metric_id, error,
                              "SELECT m.id FROM metrics m WHERE m.step_id = (SELECT id FROM steps"
                              " WHERE execution_id = ?1 AND name = ?2) AND m.name_id = (SELECT id FROM metric_names"
                              " WHERE name = ?3) AND (?4 = 0 OR m.attempt = ?4) ORDER BY m.attempt DESC LIMIT 1",
                              "sssn", execution_id, step, name, attempt)
      || (metric_id != 0 && !read_points (db, metric_id, after_iteration, most_points, &thinner, error)))
    return NULL;
  return series_new (&thinner);
}
