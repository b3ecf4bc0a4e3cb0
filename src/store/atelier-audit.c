/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"

#include "atelier-digest.h"
#include "atelier-json.h"

/* The audit log: append-only and hash-chained.
 *
 * The hash of an event is the SHA-256 of a JSON object (compact, keys sorted) of all its columns but the hash itself,
 * the hash of the event before among them. So whoever changes, removes or moves an event must make all later hashes
 * anew; and since the number and the hash of the newest event also stand in `meta`, written in the same transaction,
 * events that were cut off the end are missed too. Both are read inside the transaction that appends: another program
 * may have appended in between.
 *
 * It proves the log whole against slips, tools and half restored copies. Somebody who can write the file and makes
 * the whole chain anew can only be caught by a head hash that was noted elsewhere. */

static const char sql_head[] = "SELECT value FROM meta WHERE key = ?1";
static const char sql_set_head[] = "UPDATE meta SET value = ?2 WHERE key = ?1";

/* The columns as canonical JSON, hashed. (transfer full) */
static char *
hash_of (gint64 sequence, const AtelierAuditEntry *entry, const char *previous_hash)
{
  const struct { const char *key; const char *value; } texts[] = {
    { "who", entry->who },
    { "action", entry->action },
    { "subject", entry->subject },
    { "from_value", entry->from_value },
    { "to_value", entry->to_value },
    { "comment", entry->comment },
    { "details", entry->details_json },
    { "previous_hash", previous_hash },
  };
  g_autoptr (json_t) object = json_object ();

  json_object_set_new (object, "sequence", json_integer (sequence));
  json_object_set_new (object, "at_us", json_integer (entry->at_us));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      json_object_set_new (object, texts[i].key, json_null ());
      atelier_json_set_string (object, texts[i].key, texts[i].value);
    }
  return atelier_json_digest (object);
}

static gboolean
read_head (AtelierDb *db, gint64 *count, char **hash, GError **error)
{
  g_autofree char *text = NULL;

  if (!atelier_db_get_text (db, &text, error, sql_head, "s", "audit_count")
      || !atelier_db_get_text (db, hash, error, sql_head, "s", "audit_hash"))
    return FALSE;
  if (*hash != NULL && text != NULL && g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, count, NULL))
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CORRUPT,
               _("“%s” has lost the head of its audit log; put back a copy"), db->path);
  return FALSE;
}

gboolean
atelier_audit_append (AtelierDb *db, const AtelierAuditEntry *entry, GError **error)
{
  g_autofree char *previous_hash = NULL;
  g_autofree char *hash = NULL;
  char count_text[32];
  gint64 count = 0;

  if (!read_head (db, &count, &previous_hash, error))
    return FALSE;
  count++;
  hash = hash_of (count, entry, previous_hash);
  g_snprintf (count_text, sizeof count_text, "%" G_GINT64_FORMAT, count);
  return atelier_db_run (db, error,
                         "INSERT INTO audit_events (sequence, at_us, who, action, subject, from_value, to_value,"
                         " comment, details, previous_hash, hash)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                         "iisssssssss", count, entry->at_us, entry->who, entry->action, entry->subject,
                         entry->from_value, entry->to_value, entry->comment, entry->details_json, previous_hash, hash)
         && atelier_db_run (db, error, sql_set_head, "ss", "audit_count", count_text)
         && atelier_db_run (db, error, sql_set_head, "ss", "audit_hash", hash);
}

static void G_GNUC_PRINTF (2, 3)
add_problem (GPtrArray *problems, const char *format, ...)
{
  va_list values;

  va_start (values, format);
  g_ptr_array_add (problems, g_strdup_vprintf (format, values));
  va_end (values);
}

/* Compares one row with what the rows before it promise. @expected: the number it should have.
 * Returns: FALSE when what follows would only repeat the fault */
static gboolean
check_row (AtelierQuery *row, gint64 expected, const char *previous_hash, GPtrArray *problems)
{
  const char *texts[9];
  gint64 sequence = sqlite3_column_int64 (row, 0);
  AtelierAuditEntry entry = { .at_us = sqlite3_column_int64 (row, 1) };
  g_autofree char *hash = NULL;

  for (int i = 0; i < 9; i++)
    texts[i] = (const char *) sqlite3_column_text (row, i + 2);
  entry.who = texts[0];
  entry.action = texts[1];
  entry.subject = texts[2];
  entry.from_value = texts[3];
  entry.to_value = texts[4];
  entry.comment = texts[5];
  entry.details_json = texts[6];
  hash = hash_of (sequence, &entry, texts[7]);

  if (sequence != expected)
    {
      add_problem (problems,
                   _("The audit log has lost event %" G_GINT64_FORMAT "; the next one is %" G_GINT64_FORMAT),
                   expected, sequence);
      return FALSE;
    }
  if (g_strcmp0 (hash, texts[8]) != 0)
    {
      add_problem (problems, _("Audit event %" G_GINT64_FORMAT " was changed after it was written"), sequence);
      return FALSE;
    }
  if (g_strcmp0 (texts[7], previous_hash) != 0)
    {
      add_problem (problems,
                   _("Audit event %" G_GINT64_FORMAT " does not follow the one before it: one of them was replaced"),
                   sequence);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_triggers (AtelierDb *db, GPtrArray *problems, GError **error)
{
  gint64 n_triggers = 0;

  if (!atelier_db_get_int (db, &n_triggers, error,
                           "SELECT count (*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_events'"
                           " AND name IN ('audit_events_no_update', 'audit_events_no_delete')", ""))
    return FALSE;
  if (n_triggers != 2)
    add_problem (problems, _("The audit log has lost the triggers that make it append-only"));
  return TRUE;
}

gboolean
atelier_audit_verify (AtelierDb *db, GPtrArray *problems, GError **error)
{
  g_autoptr (AtelierQuery) rows = NULL;
  g_autofree char *head_hash = NULL;
  g_autofree char *hash = g_strdup ("");
  gint64 count = 0;
  gint64 n_read = 0;
  int n;

  if (!check_triggers (db, problems, error) || !read_head (db, &count, &head_hash, error))
    return FALSE;
  rows = atelier_db_query (db, error,
                           "SELECT sequence, at_us, who, action, subject, from_value, to_value, comment, details,"
                           " previous_hash, hash FROM audit_events ORDER BY sequence", "");
  if (rows == NULL)
    return FALSE;
  while ((n = atelier_db_next (db, rows, error)) > 0)
    {
      if (!check_row (rows, n_read + 1, hash, problems))
        return TRUE;
      n_read++;
      g_free (hash);
      hash = g_strdup ((const char *) sqlite3_column_text (rows, 10));
    }
  if (n < 0)
    return FALSE;
  if (n_read < count)
    add_problem (problems,
                 _("The audit log ends with event %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT ": the rest is gone"),
                 n_read, count);
  else if (n_read > count)
    add_problem (problems, _("Audit event %" G_GINT64_FORMAT " was added by another hand"), count + 1);
  else if (g_strcmp0 (hash, head_hash) != 0)
    add_problem (problems, _("Audit event %" G_GINT64_FORMAT " is not the one that was written last"), n_read);
  return TRUE;
}
