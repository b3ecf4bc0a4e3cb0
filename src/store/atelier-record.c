/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-record.h"

/* Rows to records, by the tables of atelier-record-types.c. Records live in atomically counted boxes; their texts go
 * with them. */

static const char * const direction_words[] = { "used", "produced" };
static const char * const kind_words[] = { "param", "histogram", "artifact" };

G_STATIC_ASSERT (G_N_ELEMENTS (direction_words) == ATELIER_LINEAGE_N_DIRECTIONS);
G_STATIC_ASSERT (G_N_ELEMENTS (kind_words) == ATELIER_LOGGED_N_KINDS);

const char *
atelier_lineage_direction_to_text (AtelierLineageDirection direction)
{
  g_return_val_if_fail ((guint) direction < ATELIER_LINEAGE_N_DIRECTIONS, NULL);

  return direction_words[direction];
}

const char *
atelier_logged_kind_to_text (AtelierLoggedKind kind)
{
  g_return_val_if_fail ((guint) kind < ATELIER_LOGGED_N_KINDS, NULL);

  return kind_words[kind];
}

void
atelier_record_clear (gpointer record, const AtelierColumn *columns)
{
  for (const AtelierColumn *column = columns; column->sql != NULL; column++)
    if (column->kind == ATELIER_COLUMN_TEXT || column->kind == ATELIER_COLUMN_FILLED)
      g_free (G_STRUCT_MEMBER (char *, record, column->offset));
}

static gboolean
word_index (const char *text, const char * const *words, guint n_words, int *value)
{
  for (guint i = 0; i < n_words; i++)
    if (strcmp (text, words[i]) == 0)
      {
        *value = (int) i;
        return TRUE;
      }
  return FALSE;
}

/* Enums of this program are ints; each from_text leaves its output alone where the word is unknown. */
static gboolean
read_word (AtelierColumnKind kind, const char *text, int *value)
{
  AtelierStepStatus step;
  AtelierExecutionStatus execution;
  AtelierApprovalStatus approval;

  switch ((int) kind)
    {
    case ATELIER_COLUMN_STEP_STATUS:
      return atelier_step_status_from_text (text, &step) && (*value = (int) step, TRUE);
    case ATELIER_COLUMN_EXECUTION_STATUS:
      return atelier_execution_status_from_text (text, &execution) && (*value = (int) execution, TRUE);
    case ATELIER_COLUMN_APPROVAL_STATUS:
      return atelier_approval_status_from_text (text, &approval) && (*value = (int) approval, TRUE);
    case ATELIER_COLUMN_DIRECTION:
      return word_index (text, direction_words, G_N_ELEMENTS (direction_words), value);
    case ATELIER_COLUMN_LOGGED_KIND:
      return word_index (text, kind_words, G_N_ELEMENTS (kind_words), value);
    default:
      g_assert_not_reached ();
    }
}

static gboolean
read_column (AtelierDb *db, AtelierQuery *query, int i, const AtelierColumn *column, gpointer record, GError **error)
{
  const char *text;

  switch (column->kind)
    {
    case ATELIER_COLUMN_INT64:
      G_STRUCT_MEMBER (gint64, record, column->offset) = sqlite3_column_int64 (query, i);
      return TRUE;
    case ATELIER_COLUMN_INT:
      G_STRUCT_MEMBER (int, record, column->offset) = sqlite3_column_int (query, i);
      return TRUE;
    case ATELIER_COLUMN_DOUBLE:
      G_STRUCT_MEMBER (double, record, column->offset)
        = sqlite3_column_type (query, i) == SQLITE_NULL ? NAN : sqlite3_column_double (query, i);
      return TRUE;
    case ATELIER_COLUMN_TEXT:
    case ATELIER_COLUMN_FILLED:
      text = (const char *) sqlite3_column_text (query, i);
      if (text != NULL && (column->kind == ATELIER_COLUMN_TEXT || *text != '\0'))
        G_STRUCT_MEMBER (char *, record, column->offset) = g_strdup (text);
      return TRUE;
    case ATELIER_COLUMN_STEP_STATUS:
    case ATELIER_COLUMN_EXECUTION_STATUS:
    case ATELIER_COLUMN_APPROVAL_STATUS:
    case ATELIER_COLUMN_DIRECTION:
    case ATELIER_COLUMN_LOGGED_KIND:
    default:
      text = (const char *) sqlite3_column_text (query, i);
      if (text == NULL)
        G_STRUCT_MEMBER (int, record, column->offset) = -1;
      else if (!read_word (column->kind, text, &G_STRUCT_MEMBER (int, record, column->offset)))
        {
          g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CORRUPT,
                       _("“%s” holds the unknown word “%s” in %s"), db->path, text, column->sql);
          return FALSE;
        }
      return TRUE;
    }
}

static gpointer
read_record (AtelierDb *db, AtelierQuery *query, const AtelierRecordType *type, GError **error)
{
  gpointer record = g_atomic_rc_box_alloc0 (type->size);

  for (int i = 0; type->columns[i].sql != NULL; i++)
    if (!read_column (db, query, i, &type->columns[i], record, error))
      {
        type->unref (record);
        return NULL;
      }
  return record;
}

static AtelierQuery *
select_records (AtelierDb *db, GError **error, const AtelierRecordType *type, const char *tail, const char *types,
                va_list values)
{
  g_autoptr (GString) sql = g_string_new ("SELECT ");

  for (const AtelierColumn *column = type->columns; column->sql != NULL; column++)
    g_string_append_printf (sql, "%s%s", column == type->columns ? "" : ", ", column->sql);
  g_string_append_printf (sql, " %s %s", type->from, tail);
  return atelier_db_query_valist (db, error, g_intern_string (sql->str), types, values);
}

GPtrArray *
atelier_db_list (AtelierDb *db, GError **error, const AtelierRecordType *type, const char *tail, const char *types,
                 ...)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (type->unref);
  g_autoptr (AtelierQuery) query = NULL;
  va_list values;
  int n;

  va_start (values, types);
  query = select_records (db, error, type, tail, types, values);
  va_end (values);
  if (query == NULL)
    return NULL;
  while ((n = atelier_db_next (db, query, error)) > 0)
    {
      gpointer record = read_record (db, query, type, error);

      if (record == NULL)
        return NULL;
      g_ptr_array_add (records, record);
    }
  return n == 0 ? g_steal_pointer (&records) : NULL;
}

static gpointer
look_up (AtelierDb *db, GError **error, const AtelierRecordType *type, const char *missing, const char *tail,
         const char *types, va_list values)
{
  g_autoptr (AtelierQuery) query = select_records (db, error, type, tail, types, values);
  int n = query != NULL ? atelier_db_next (db, query, error) : -1;

  if (n > 0)
    return read_record (db, query, type, error);
  if (n == 0 && missing != NULL)
    g_set_error_literal (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND, missing);
  return NULL;
}

gpointer
atelier_db_look_up (AtelierDb *db, GError **error, const AtelierRecordType *type, const char *tail, const char *types,
                    ...)
{
  gpointer record;
  va_list values;

  va_start (values, types);
  record = look_up (db, error, type, NULL, tail, types, values);
  va_end (values);
  return record;
}

gpointer
atelier_db_get (AtelierDb *db, GError **error, const AtelierRecordType *type, const char *missing, const char *tail,
                const char *types, ...)
{
  gpointer record;
  va_list values;

  va_start (values, types);
  record = look_up (db, error, type, missing, tail, types, values);
  va_end (values);
  return record;
}
