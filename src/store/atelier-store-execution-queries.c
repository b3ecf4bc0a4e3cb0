/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

/* Queries about executions, their steps and attempts.
 *
 * Lists go page by page along the sequence number (keyset): a page costs the same wherever it lies. For each filter
 * there is an index whose entries end with the sequence; several statuses at once, and text, are tested row by row on
 * the way. */

#define EARLIER_EXECUTIONS 50 /* how far back an earlier run of a step is looked for */

/* --- the list --- */

/* Text to look for with LIKE, its wildcards taken literally. (transfer full) */
static char *
like_pattern (const char *text)
{
  g_autoptr (GString) pattern = g_string_new ("%");

  for (const char *p = text; *p != '\0'; p++)
    {
      if (strchr ("%_\\", *p) != NULL)
        g_string_append_c (pattern, '\\');
      g_string_append_c (pattern, *p);
    }
  g_string_append_c (pattern, '%');
  return g_string_free (g_steal_pointer (&pattern), FALSE);
}

/* The condition on the status. One status is looked up in an index; a unary plus keeps several from it, since they
 * would have to be sorted. */
static void
append_statuses (GString *where, guint statuses)
{
  gboolean is_single = (statuses & (statuses - 1)) == 0;
  const char *separator = "";

  g_string_append (where, is_single ? " AND e.status IN (" : " AND +e.status IN (");
  for (guint i = 0; i < ATELIER_EXECUTION_STATUS_N_VALUES; i++)
    if (statuses & 1u << i)
      {
        g_string_append_printf (where, "%s'%s'", separator, atelier_execution_status_to_text (i));
        separator = ", ";
      }
  g_string_append (where, ")");
}

GPtrArray *
atelier_store_list_executions (AtelierStore *self, const AtelierExecutionQuery *query, GError **error)
{
  static const AtelierExecutionQuery all;
  g_autoptr (AtelierReader) db = NULL;
  g_autoptr (GString) where = g_string_new ("WHERE e.sequence < ?1");
  g_autofree char *pattern = NULL;
  gint64 before;
  gint64 owner;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  if (query == NULL)
    query = &all;
  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  before = query->before_sequence > 0 ? query->before_sequence : G_MAXINT64;
  owner = query->pipeline_id != 0 ? query->pipeline_id : query->project_id;

  /* a pipeline belongs to one project, so the narrower of the two says it all */
  g_string_append (where, query->pipeline_id != 0  ? " AND e.pipeline_id = ?2"
                          : query->project_id != 0 ? " AND e.project_id = ?2"
                                                   : " AND ?2 = 0");
  if (query->statuses != 0)
    append_statuses (where, query->statuses);
  if (query->text != NULL && *query->text != '\0')
    {
      pattern = like_pattern (query->text);
      g_string_append (where, " AND (e.id LIKE ?3 ESCAPE '\\' OR e.display_name LIKE ?3 ESCAPE '\\'"
                              " OR l.name LIKE ?3 ESCAPE '\\' OR e.commit_subject LIKE ?3 ESCAPE '\\'"
                              " OR e.author LIKE ?3 ESCAPE '\\' OR e.trigger_detail LIKE ?3 ESCAPE '\\'"
                              " OR e.failure_reason LIKE ?3 ESCAPE '\\')");
    }
  else
    g_string_append (where, " AND ?3 IS NULL");
  g_string_append (where, " ORDER BY e.sequence DESC LIMIT ?4");
  return atelier_db_list (db, error, &atelier_execution_record_type, where->str, "iisn", before, owner, pattern,
                          query->limit != 0 ? (int) MIN (query->limit, G_MAXINT) : ATELIER_STORE_PAGE);
}

GPtrArray *
atelier_store_list_open_executions (AtelierStore *self, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_execution_record_type,
                          "WHERE e.status IN ('Executing', 'Stopping') ORDER BY e.sequence", "");
}

AtelierExecutionRecord *
atelier_store_get_execution (AtelierStore *self, const char *id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no execution “%s”"), id);
  return atelier_db_get (db, error, &atelier_execution_record_type, missing, "WHERE e.id = ?1", "s", id);
}

/* --- what a person types --- */

/* One candidate: take it. Several: say which. *found stays NULL where there is none. */
static gboolean
take_only (GPtrArray *candidates, const char *text, AtelierExecutionRecord **found, GError **error)
{
  g_autoptr (GString) ids = g_string_new (NULL);

  if (candidates == NULL)
    return FALSE;
  if (candidates->len == 1)
    *found = atelier_execution_record_ref (candidates->pdata[0]);
  if (candidates->len <= 1)
    return TRUE;
  for (guint i = 0; i < candidates->len; i++)
    {
      const AtelierExecutionRecord *candidate = candidates->pdata[i];

      g_string_append_printf (ids, "%s%s (%s%s%s#%d)", i == 0 ? "" : ", ", candidate->id,
                              candidate->project_name != NULL ? candidate->project_name : "",
                              candidate->project_name != NULL ? "/" : "", candidate->pipeline_name,
                              candidate->number);
    }
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
               _("“%s” fits several executions; name one of them: %s"), text, ids->str);
  return FALSE;
}

/* "[PROJECT/]PIPELINE", number 0: its newest. */
static gboolean
find_by_pipeline (AtelierDb *db, const char *name, gint64 number, AtelierExecutionRecord **found, GError **error)
{
  const char *slash = strchr (name, '/');
  g_autofree char *project = slash != NULL ? g_strndup (name, (gsize) (slash - name)) : NULL;
  g_autoptr (GPtrArray) candidates
    = atelier_db_list (db, error, &atelier_execution_record_type,
                       "WHERE e.sequence IN (SELECT CASE ?3 WHEN 0 THEN"
                       "  (SELECT max (x.sequence) FROM executions x WHERE x.pipeline_id = q.id) ELSE"
                       "  (SELECT x.sequence FROM executions x WHERE x.pipeline_id = q.id AND x.number = ?3) END"
                       "  FROM pipelines q WHERE q.name = ?1)"
                       " AND (?2 IS NULL OR p.name = ?2) AND p.deleted_at_us IS NULL"
                       " ORDER BY e.sequence DESC LIMIT 5",
                       "ssi", slash != NULL ? slash + 1 : name, project, number);

  return take_only (candidates, name, found, error);
}

static gboolean
find_by_prefix (AtelierDb *db, const char *prefix, AtelierExecutionRecord **found, GError **error)
{
  g_autoptr (GPtrArray) candidates = NULL;
  g_autofree char *behind = NULL;

  if (*prefix == '\0' || strspn (prefix, "abcdefghijklmnopqrstuvwxyz0123456789") != strlen (prefix))
    return TRUE;
  behind = g_strconcat (prefix, "~", NULL); /* behind all letters of an id */
  candidates = atelier_db_list (db, error, &atelier_execution_record_type,
                                "WHERE e.id >= ?1 AND e.id < ?2 ORDER BY e.id LIMIT 5", "ss", prefix, behind);
  return take_only (candidates, prefix, found, error);
}

AtelierExecutionRecord *
atelier_store_find_execution (AtelierStore *self, const char *text, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autoptr (AtelierExecutionRecord) found = NULL;
  const char *hash;
  guint64 number;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && text != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  hash = strrchr (text, '#');
  if (hash != NULL && g_ascii_string_to_unsigned (hash + 1, 10, 1, G_MAXINT, &number, NULL))
    {
      g_autofree char *name = g_strndup (text, (gsize) (hash - text));

      if (!find_by_pipeline (db, name, (gint64) number, &found, error))
        return NULL;
    }
  else
    {
      /* a whole id is its own only prefix; a whole name is meant before the beginning of some id */
      if ((strlen (text) == 12 && !find_by_prefix (db, text, &found, error))
          || (found == NULL && !find_by_pipeline (db, text, 0, &found, error))
          || (found == NULL && !find_by_prefix (db, text, &found, error)))
        return NULL;
    }
  if (found == NULL)
    g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
                 _("There is no execution “%s”; name one by its id, the beginning of its id, or PIPELINE#NUMBER"),
                 text);
  return g_steal_pointer (&found);
}

/* --- steps and attempts --- */

GPtrArray *
atelier_store_list_steps (AtelierStore *self, const char *execution_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_step_record_type, "WHERE s.execution_id = ?1 ORDER BY s.position", "s",
                          execution_id);
}

AtelierStepRecord *
atelier_store_get_step (AtelierStore *self, const char *execution_id, const char *step, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL && step != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("Execution “%s” has no step “%s”"), execution_id, step);
  return atelier_db_get (db, error, &atelier_step_record_type, missing, "WHERE s.execution_id = ?1 AND s.name = ?2",
                         "ss", execution_id, step);
}

GPtrArray *
atelier_store_list_attempts (AtelierStore *self, const char *execution_id, const char *step, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_attempt_record_type,
                          "WHERE s.execution_id = ?1 AND (?2 IS NULL OR s.name = ?2) ORDER BY s.position, a.number",
                          "ss", execution_id, step);
}

gboolean
atelier_store_count_steps (AtelierStore *self, const char *execution_id, guint *counts, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autoptr (AtelierQuery) query = NULL;
  int n = -1;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL && counts != NULL, FALSE);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return FALSE;
  query = atelier_db_query (db, error, "SELECT status, count (*) FROM steps WHERE execution_id = ?1 GROUP BY status",
                            "s", execution_id);
  if (query == NULL)
    return FALSE;
  memset (counts, 0, ATELIER_STEP_STATUS_N_VALUES * sizeof *counts);
  while ((n = atelier_db_next (db, query, error)) > 0)
    {
      AtelierStepStatus status;

      if (atelier_step_status_from_text ((const char *) sqlite3_column_text (query, 0), &status))
        counts[status] = (guint) sqlite3_column_int64 (query, 1);
    }
  return n == 0;
}

/* --- earlier runs of a step --- */

AtelierStepRecord *
atelier_store_look_up_cached (AtelierStore *self, gint64 pipeline_id, const char *step, const char *cache_key,
                              gint64 not_before_us, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && step != NULL && cache_key != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_look_up (db, error, &atelier_step_record_type,
                             "CROSS JOIN executions e ON e.id = s.execution_id WHERE s.cache_key = ?1 AND s.name = ?2"
                             " AND s.status = 'Succeeded' AND s.ended_at_us >= ?3 AND e.pipeline_id = ?4"
                             " ORDER BY s.ended_at_us DESC LIMIT 1",
                             "ssii", cache_key, step, not_before_us, pipeline_id);
}

AtelierStepRecord *
atelier_store_look_up_previous (AtelierStore *self, gint64 pipeline_id, const char *step,
                                const char *not_execution_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && step != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_look_up (db, error, &atelier_step_record_type,
                             "WHERE s.name = ?2 AND s.cache_components IS NOT NULL AND s.execution_id IN"
                             " (SELECT e.id FROM executions e WHERE e.pipeline_id = ?1 AND e.id IS NOT ?3"
                             "  ORDER BY e.sequence DESC LIMIT " G_STRINGIFY (EARLIER_EXECUTIONS) ")"
                             " ORDER BY s.id DESC LIMIT 1",
                             "iss", pipeline_id, step, not_execution_id);
}

static int
compare_durations (gconstpointer a, gconstpointer b)
{
  gint64 x = *(const gint64 *) a;
  gint64 y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

/* Puts the median of @durations under @name and empties the array. */
static void
add_median (GHashTable *table, const char *name, GArray *durations)
{
  gint64 *median;

  if (durations->len == 0)
    return;
  g_array_sort (durations, compare_durations);
  median = g_new (gint64, 1);
  *median = g_array_index (durations, gint64, durations->len / 2);
  g_hash_table_insert (table, g_strdup (name), median);
  g_array_set_size (durations, 0);
}

GHashTable *
atelier_store_list_expected_durations (AtelierStore *self, gint64 pipeline_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autoptr (AtelierQuery) query = NULL;
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (GArray) durations = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autofree char *name = g_strdup ("");
  int n;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  query = atelier_db_query (db, error,
                            "SELECT s.name, s.ended_at_us - s.started_at_us FROM steps s WHERE s.execution_id IN"
                            " (SELECT e.id FROM executions e WHERE e.pipeline_id = ?1"
                            " ORDER BY e.sequence DESC LIMIT 8) AND s.status = 'Succeeded'"
                            " AND s.ended_at_us >= s.started_at_us ORDER BY s.name",
                            "i", pipeline_id);
  if (query == NULL)
    return NULL;
  while ((n = atelier_db_next (db, query, error)) > 0)
    {
      const char *row_name = (const char *) sqlite3_column_text (query, 0);
      gint64 duration_us = sqlite3_column_int64 (query, 1);

      if (strcmp (row_name, name) != 0)
        {
          add_median (table, name, durations);
          g_free (name);
          name = g_strdup (row_name);
        }
      g_array_append_val (durations, duration_us);
    }
  if (n < 0)
    return NULL;
  add_median (table, name, durations);
  return g_steal_pointer (&table);
}

/* --- requests, audit log --- */

GPtrArray *
atelier_store_list_requests (AtelierStore *self, const char *execution_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_request_record_type,
                          execution_id != NULL ? "WHERE r.handled_at_us IS NULL AND r.execution_id = ?1 ORDER BY r.id"
                                               : "WHERE r.handled_at_us IS NULL AND ?1 IS NULL ORDER BY r.id",
                          "s", execution_id);
}

GPtrArray *
atelier_store_list_audit_events (AtelierStore *self, const char *subject, gint64 before_sequence, guint limit,
                                 GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_audit_record_type,
                          subject != NULL ? "WHERE a.sequence < ?1 AND a.subject = ?2"
                                            " ORDER BY a.sequence DESC LIMIT ?3"
                                          : "WHERE a.sequence < ?1 AND ?2 IS NULL ORDER BY a.sequence DESC LIMIT ?3",
                          "isn", before_sequence > 0 ? before_sequence : G_MAXINT64, subject,
                          limit != 0 ? (int) MIN (limit, G_MAXINT) : ATELIER_STORE_PAGE);
}
