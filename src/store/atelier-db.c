/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-db.h"

/* The door to SQLite: opening, binding, errors as sentences.
 *
 * Each connection belongs to one thread at a time, so SQLite's own mutexes are off. Statements are prepared once and
 * found again by the address of their text, which is why every SQL text is a literal or interned. A busy database is
 * waited for with short naps: SQLite's own time-out sleeps up to 100 ms, in which another writer that commits every
 * few milliseconds would take the lock again and again. */

#define BUSY_LIMIT_US (30 * G_USEC_PER_SEC)
#define BUSY_NAP_US   1000
#define BUSY_NAP_MOST 5000

G_DEFINE_QUARK (atelier-store-error-quark, atelier_store_error)

gboolean
atelier_db_set_error (AtelierDb *db, GError **error)
{
  int code = sqlite3_extended_errcode (db->connection);
  const char *text = sqlite3_errmsg (db->connection);

  switch (code & 0xff)
    {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_BUSY,
                   _("Another program is writing to “%s” and did not finish in time; try again"), db->path);
      break;
    case SQLITE_FULL:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FULL,
                   _("There is no room left for “%s”; free some space on its disk and try again"), db->path);
      break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY,
                   _("“%s” can only be read; check the permissions of the file and its folder"), db->path);
      break;
    case SQLITE_CANTOPEN:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED,
                   _("Cannot open “%s”; check that its folder exists and can be written"), db->path);
      break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CORRUPT,
                   _("“%s” is damaged or no database (%s); put back a copy, or move it away to begin anew"), db->path,
                   text);
      break;
    case SQLITE_CONSTRAINT:
      if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
                     _("Cannot record this in “%s”: something it refers to is not there"), db->path);
      else
        g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
                     _("Cannot record this in “%s”: it contradicts what is there (%s)"), db->path, text);
      break;
    default:
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED, _("Cannot work with “%s”: %s"), db->path,
                   text);
      break;
    }
  return FALSE;
}

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

static int
on_busy_cb (void *user_data, int n_calls)
{
  /* The naps grow by 1 ms to 5 ms; the sum of naps stands for the time waited. */
  if ((gint64) n_calls * BUSY_NAP_MOST > BUSY_LIMIT_US)
    return 0;
  g_usleep (MIN (BUSY_NAP_US * (gulong) (n_calls + 1), BUSY_NAP_MOST));
  return 1;
}

static gboolean
open_connection (AtelierDb *db, const char *name, int flags, GError **error)
{
  int result = sqlite3_open_v2 (name, &db->connection, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

  if (db->connection == NULL)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED, _("Cannot open “%s”: out of memory"),
                   db->path);
      return FALSE;
    }
  if (result != SQLITE_OK)
    return atelier_db_set_error (db, error);
  sqlite3_busy_handler (db->connection, on_busy_cb, NULL);
  return atelier_db_script (db, "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;", error);
}

static void
drop_connection (AtelierDb *db)
{
  g_hash_table_remove_all (db->statements);
  sqlite3_close (db->connection);
  db->connection = NULL;
}

/* The first access to a file in WAL mode needs the files -wal and -shm beside it. Where they are not there and cannot
 * be made (a read-only folder) the database is whole without them, and may be read as a file that nobody changes. */
static gboolean
open_immutable (AtelierDb *db, GError **error)
{
  g_autofree char *wal = g_strconcat (db->path, "-wal", NULL);
  g_autofree char *escaped = g_uri_escape_string (db->path, G_URI_RESERVED_CHARS_ALLOWED_IN_PATH, FALSE);
  g_autofree char *uri = g_strdup_printf ("file:%s?immutable=1", escaped);
  struct stat info;

  if (stat (wal, &info) == 0 && info.st_size > 0)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY,
                   _("“%s” was not closed properly and its folder cannot be written; copy the folder elsewhere"),
                   db->path);
      return FALSE;
    }
  drop_connection (db);
  db->is_immutable = TRUE;
  return open_connection (db, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, error);
}

/* atelier_db_open:
 *
 * Opens the file and makes sure that it can really be read. The schema is not looked at.
 *
 * Returns: (transfer full) (nullable): the connection; READ_ONLY where READ_WRITE is not possible */
AtelierDb *
atelier_db_open (const char *path, AtelierDbMode mode, GError **error)
{
  g_autoptr (AtelierDb) db = g_new0 (AtelierDb, 1);
  g_autoptr (GError) problem = NULL;
  gint64 version = 0;

  db->path = g_strdup (path);
  db->statements = g_hash_table_new_full (NULL, NULL, NULL, finalize_statement);
  if (mode == ATELIER_DB_READ_WRITE)
    {
      if (!open_connection (db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, error)
          || !atelier_db_get_int (db, &version, error, "PRAGMA user_version", ""))
        return NULL;
      if (sqlite3_db_readonly (db->connection, "main") == 1)
        {
          g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY, _("“%s” can only be read"), path);
          return NULL;
        }
      return g_steal_pointer (&db);
    }

  if (!open_connection (db, path, SQLITE_OPEN_READONLY, error))
    return NULL;
  if (!atelier_db_get_int (db, &version, &problem, "PRAGMA user_version", ""))
    {
      int code = sqlite3_errcode (db->connection) & 0xff;

      if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
      if (!open_immutable (db, error) || !atelier_db_get_int (db, &version, error, "PRAGMA user_version", ""))
        return NULL;
    }
  return g_steal_pointer (&db);
}

void
atelier_db_close (AtelierDb *db)
{
  g_hash_table_unref (db->statements);
  sqlite3_close (db->connection);
  g_free (db->path);
  g_free (db);
}

void
atelier_query_end (AtelierQuery *query)
{
  sqlite3_reset (query);
}

static sqlite3_stmt *
prepare (AtelierDb *db, const char *sql, const char *types, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (db->statements, sql);

  if (statement != NULL)
    return statement;
  if (sqlite3_prepare_v3 (db->connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
    {
      atelier_db_set_error (db, error);
      return NULL;
    }
  g_assert ((gsize) sqlite3_bind_parameter_count (statement) == strlen (types));
  g_hash_table_insert (db->statements, (gpointer) sql, statement);
  return statement;
}

AtelierQuery *
atelier_db_query_valist (AtelierDb *db, GError **error, const char *sql, const char *types, va_list values)
{
  sqlite3_stmt *statement = prepare (db, sql, types, error);
  int result = SQLITE_OK;

  if (statement == NULL)
    return NULL;
  for (int i = 1; *types != '\0' && result == SQLITE_OK; i++, types++)
    {
      gint64 number;

      switch (*types)
        {
        case 's':
          /* a NULL text binds NULL */
          result = sqlite3_bind_text (statement, i, va_arg (values, const char *), -1, SQLITE_STATIC);
          break;
        case 'i':
          result = sqlite3_bind_int64 (statement, i, va_arg (values, gint64));
          break;
        case 'n':
          result = sqlite3_bind_int (statement, i, va_arg (values, int));
          break;
        case 'd':
          result = sqlite3_bind_double (statement, i, va_arg (values, double));
          break;
        case 't':
          number = va_arg (values, gint64);
          result = number != 0 ? sqlite3_bind_int64 (statement, i, number) : sqlite3_bind_null (statement, i);
          break;
        default:
          g_assert_not_reached ();
        }
    }
  if (result == SQLITE_OK)
    return statement;
  atelier_db_set_error (db, error);
  return NULL;
}

AtelierQuery *
atelier_db_query (AtelierDb *db, GError **error, const char *sql, const char *types, ...)
{
  AtelierQuery *query;
  va_list values;

  va_start (values, types);
  query = atelier_db_query_valist (db, error, sql, types, values);
  va_end (values);
  return query;
}

int
atelier_db_next (AtelierDb *db, AtelierQuery *query, GError **error)
{
  switch (sqlite3_step (query))
    {
    case SQLITE_ROW:
      return 1;
    case SQLITE_DONE:
      return 0;
    default:
      atelier_db_set_error (db, error);
      return -1;
    }
}

gboolean
atelier_db_run (AtelierDb *db, GError **error, const char *sql, const char *types, ...)
{
  g_autoptr (AtelierQuery) query = NULL;
  va_list values;

  va_start (values, types);
  query = atelier_db_query_valist (db, error, sql, types, values);
  va_end (values);
  return query != NULL && atelier_db_next (db, query, error) >= 0;
}

gboolean
atelier_db_get_int (AtelierDb *db, gint64 *value, GError **error, const char *sql, const char *types, ...)
{
  g_autoptr (AtelierQuery) query = NULL;
  va_list values;
  int n;

  va_start (values, types);
  query = atelier_db_query_valist (db, error, sql, types, values);
  va_end (values);
  if (query == NULL || (n = atelier_db_next (db, query, error)) < 0)
    return FALSE;
  if (n > 0 && sqlite3_column_type (query, 0) != SQLITE_NULL)
    *value = sqlite3_column_int64 (query, 0);
  return TRUE;
}

gboolean
atelier_db_get_text (AtelierDb *db, char **value, GError **error, const char *sql, const char *types, ...)
{
  g_autoptr (AtelierQuery) query = NULL;
  va_list values;
  int n;

  va_start (values, types);
  query = atelier_db_query_valist (db, error, sql, types, values);
  va_end (values);
  if (query == NULL || (n = atelier_db_next (db, query, error)) < 0)
    return FALSE;
  if (n > 0 && sqlite3_column_type (query, 0) != SQLITE_NULL)
    {
      g_free (*value);
      *value = g_strdup ((const char *) sqlite3_column_text (query, 0));
    }
  return TRUE;
}

gboolean
atelier_db_script (AtelierDb *db, const char *sql, GError **error)
{
  return sqlite3_exec (db->connection, sql, NULL, NULL, NULL) == SQLITE_OK || atelier_db_set_error (db, error);
}
