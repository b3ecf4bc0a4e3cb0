/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"

#include "atelier-schema.h"

/* How the writer's connection is opened: identity first, so that a file of another program is not touched; then the
 * write-ahead log, durability, and the schema. */

#define WAL_SWITCH_TRIES 500 /* of 10 ms */

/* The mode is a property of the file and outlives the connection; only the very first opening changes it, and of two
 * programs that do so at once one is told BUSY without waiting. */
static gboolean
switch_to_wal (AtelierDb *db, GError **error)
{
  for (guint i = 0; i < WAL_SWITCH_TRIES; i++)
    {
      g_autofree char *mode = NULL;
      g_autoptr (GError) problem = NULL;

      if (atelier_db_get_text (db, &mode, &problem, "PRAGMA journal_mode = WAL", ""))
        {
          if (g_strcmp0 (mode, "wal") == 0)
            return TRUE;
          g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED,
                       _("“%s” lies on a disk that cannot be shared between programs; choose a local one"),
                       db->path);
          return FALSE;
        }
      if (!g_error_matches (problem, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_BUSY) || i + 1 == WAL_SWITCH_TRIES)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_usleep (10 * 1000);
    }
  return FALSE;
}

AtelierDb *
atelier_db_open_writer (const char *path, GError **error)
{
  g_autoptr (AtelierDb) db = atelier_db_open (path, ATELIER_DB_READ_WRITE, error);

  if (db == NULL
      || !atelier_schema_check_identity (db, error)
      || !switch_to_wal (db, error)
      || !atelier_db_script (db,
                             "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;"
                             "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192;"
                             "PRAGMA temp_store = MEMORY;",
                             error)
      || !atelier_schema_migrate (db, error))
    return NULL;
  return g_steal_pointer (&db);
}

AtelierDb *
atelier_db_open_read_only (const char *path, GError **error)
{
  g_autoptr (AtelierDb) db = NULL;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
                   _("There is no workspace here: “%s” does not exist"), path);
      return NULL;
    }
  db = atelier_db_open (path, ATELIER_DB_READ_ONLY, error);
  if (db == NULL || !atelier_schema_check (db, error))
    return NULL;
  return g_steal_pointer (&db);
}
