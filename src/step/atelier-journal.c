/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-journal"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-journal.h"

/* The journal as its readers see it: lines in, one entry an attempt out, in the order the attempts were begun.
 * A line that is not whole or not JSON is passed over: it is the last one of a machine that went down, or one
 * that a full disk cut short. Nothing else of the file is affected by it, since every line stands for itself. */

static const char *const reason_texts[ATELIER_END_REASON_N_VALUES] = {
  [ATELIER_END_REASON_NONE] = NULL,
  [ATELIER_END_REASON_STOPPED] = "stopped",
  [ATELIER_END_REASON_TIME_LIMIT] = "time-limit",
  [ATELIER_END_REASON_MEMORY_LIMIT] = "memory-limit",
  [ATELIER_END_REASON_PROCESS_LIMIT] = "process-limit",
  [ATELIER_END_REASON_NOT_STARTED] = "not-started",
  [ATELIER_END_REASON_LOST] = "lost",
};

const char *
atelier_end_reason_to_text (AtelierEndReason reason)
{
  return (guint) reason < ATELIER_END_REASON_N_VALUES ? reason_texts[reason] : NULL;
}

/* atelier_end_reason_from_text:
 * @text: (nullable)
 *
 * Returns: the reason; NONE for %NULL and for a word of a later version */
AtelierEndReason
atelier_end_reason_from_text (const char *text)
{
  for (guint i = 1; text != NULL && i < ATELIER_END_REASON_N_VALUES; i++)
    if (strcmp (text, reason_texts[i]) == 0)
      return i;
  return ATELIER_END_REASON_NONE;
}

void
atelier_attempt_end_clear (AtelierAttemptEnd *end)
{
  g_free (end->message);
  *end = (AtelierAttemptEnd) { .exit_code = -1 };
}

static json_t *
text_or_null (const char *text)
{
  return text != NULL ? json_string (text) : json_null ();
}

/* atelier_attempt_end_to_json:
 * @object: gets the fields of “ended” */
void
atelier_attempt_end_to_json (const AtelierAttemptEnd *end, json_t *object)
{
  json_object_set_new_nocheck (object, "exit_code", json_integer (end->exit_code));
  json_object_set_new_nocheck (object, "signal", json_integer (end->signal));
  json_object_set_new_nocheck (object, "wall_us", json_integer (end->wall_us));
  json_object_set_new_nocheck (object, "cpu_us", json_integer (end->cpu_us));
  json_object_set_new_nocheck (object, "peak_memory_bytes", json_integer (end->peak_memory_bytes));
  json_object_set_new_nocheck (object, "log_bytes", json_integer (end->log_bytes));
  json_object_set_new_nocheck (object, "log_written_bytes", json_integer (end->log_written_bytes));
  json_object_set_new_nocheck (object, "log_head_bytes", json_integer (end->log_head_bytes));
  json_object_set_new_nocheck (object, "started_at_us", json_integer (end->started_at_us));
  json_object_set_new_nocheck (object, "ended_at_us", json_integer (end->ended_at_us));
  json_object_set_new_nocheck (object, "reason", text_or_null (atelier_end_reason_to_text (end->reason)));
  json_object_set_new_nocheck (object, "message", text_or_null (end->message));
}

static gint64
get_int (const json_t *object, const char *key, gint64 fallback)
{
  const json_t *value = json_object_get (object, key);

  return json_is_integer (value) ? json_integer_value (value) : fallback;
}

/* atelier_attempt_end_from_json:
 * @end: (out caller-allocates): overwritten, not freed; atelier_attempt_end_clear() it
 * @object: an “ended” packet or an "end" line; what it lacks is 0, exit_code −1 */
void
atelier_attempt_end_from_json (AtelierAttemptEnd *end, const json_t *object)
{
  *end = (AtelierAttemptEnd) {
    .exit_code = (int) get_int (object, "exit_code", -1),
    .signal = (int) get_int (object, "signal", 0),
    .wall_us = get_int (object, "wall_us", 0),
    .cpu_us = get_int (object, "cpu_us", 0),
    .peak_memory_bytes = get_int (object, "peak_memory_bytes", 0),
    .log_bytes = get_int (object, "log_bytes", 0),
    .log_written_bytes = get_int (object, "log_written_bytes", 0),
    .log_head_bytes = get_int (object, "log_head_bytes", 0),
    .started_at_us = get_int (object, "started_at_us", 0),
    .ended_at_us = get_int (object, "ended_at_us", 0),
    .reason = atelier_end_reason_from_text (json_string_value (json_object_get (object, "reason"))),
    .message = g_strdup (json_string_value (json_object_get (object, "message"))),
  };
}

void
atelier_journal_entry_free (AtelierJournalEntry *entry)
{
  g_free (entry->step);
  g_free (entry->boot_id);
  atelier_attempt_end_clear (&entry->end);
  g_free (entry);
}

static guint
entry_hash (gconstpointer key)
{
  const AtelierJournalEntry *entry = key;

  return g_str_hash (entry->step) ^ (guint) entry->attempt * 2654435761u;
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b)
{
  const AtelierJournalEntry *one = a, *other = b;

  return one->attempt == other->attempt && strcmp (one->step, other->step) == 0;
}

static AtelierJournalEntry *
find_or_add (GPtrArray *entries, GHashTable *known, const char *step, gint64 attempt)
{
  AtelierJournalEntry key = { .step = (char *) step, .attempt = attempt };
  AtelierJournalEntry *entry = g_hash_table_lookup (known, &key);

  if (entry == NULL)
    {
      entry = g_new0 (AtelierJournalEntry, 1);
      entry->step = g_strdup (step);
      entry->attempt = attempt;
      entry->end.exit_code = -1;
      g_ptr_array_add (entries, entry);
      g_hash_table_add (known, entry);
    }
  return entry;
}

static void
apply_line (GPtrArray *entries, GHashTable *known, const json_t *line)
{
  const char *event = json_string_value (json_object_get (line, "event"));
  const char *step = json_string_value (json_object_get (line, "step"));
  const json_t *attempt = json_object_get (line, "attempt");
  AtelierJournalEntry *entry;

  if (event == NULL || step == NULL || !json_is_integer (attempt))
    return;
  entry = find_or_add (entries, known, step, json_integer_value (attempt));
  if (strcmp (event, "start") == 0)
    {
      entry->state = ATELIER_JOURNAL_STATE_INTENDED;
      entry->intended_at_us = get_int (line, "at_us", 0);
    }
  else if (strcmp (event, "started") == 0)
    {
      entry->state = ATELIER_JOURNAL_STATE_STARTED;
      entry->pid = get_int (line, "pid", 0);
      entry->start_ticks = (guint64) get_int (line, "start_ticks", 0);
      g_free (entry->boot_id);
      entry->boot_id = g_strdup (json_string_value (json_object_get (line, "boot_id")));
    }
  else if (strcmp (event, "end") == 0)
    {
      entry->state = ATELIER_JOURNAL_STATE_ENDED;
      atelier_attempt_end_clear (&entry->end);
      atelier_attempt_end_from_json (&entry->end, line);
    }
}

/* atelier_journal_parse:
 * @text: the journal's bytes, whatever they are
 *
 * Returns: (transfer full) (element-type AtelierJournalEntry): one entry an attempt, in the order of their
 *   first lines */
GPtrArray *
atelier_journal_parse (const char *text, gsize length)
{
  GPtrArray *entries = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_journal_entry_free);
  g_autoptr (GHashTable) known = g_hash_table_new (entry_hash, entry_equal);
  const char *end = text + length;

  for (const char *line = text, *stop; line < end && (stop = memchr (line, '\n', end - line)) != NULL;
       line = stop + 1)
    {
      json_error_t problem;
      json_t *value = json_loadb (line, stop - line, 0, &problem);

      if (value != NULL)
        apply_line (entries, known, value);
      json_decref (value);
    }
  return entries;
}

/* atelier_journal_read:
 * @path: RUN_FOLDER/journal; a supervisor may be writing it
 *
 * Blocks for the time of one read.
 *
 * Returns: (transfer full) (nullable) (element-type AtelierJournalEntry): as atelier_journal_parse(); empty
 *   when there is no such file yet; %NULL with G_FILE_ERROR when it cannot be read */
GPtrArray *
atelier_journal_read (const char *path, GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &text, &length, &problem) &&
      !g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, problem->domain, problem->code, _("Cannot read the journal “%s”: %s"), path,
                   problem->message);
      return NULL;
    }
  return atelier_journal_parse (text != NULL ? text : "", length);
}
