/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"

/* Proves a database whole, in one read transaction, so that a program that writes meanwhile does not disturb it. What
 * is so damaged that it cannot even be read is a fault like others. */

static gboolean
check_pages (AtelierDb *db, GPtrArray *problems, GError **error)
{
  g_autoptr (AtelierQuery) rows = atelier_db_query (db, error, "PRAGMA integrity_check (20)", "");
  int n = -1;

  while (rows != NULL && (n = atelier_db_next (db, rows, error)) > 0)
    {
      const char *text = (const char *) sqlite3_column_text (rows, 0);

      if (g_strcmp0 (text, "ok") != 0)
        g_ptr_array_add (problems, g_strdup_printf (_("The database file is damaged: %s"), text));
    }
  return n == 0;
}

static gboolean
check_references (AtelierDb *db, GPtrArray *problems, GError **error)
{
  g_autoptr (AtelierQuery) rows = atelier_db_query (db, error, "PRAGMA foreign_key_check", "");
  int n = -1;

  while (rows != NULL && (n = atelier_db_next (db, rows, error)) > 0)
    g_ptr_array_add (problems,
                     g_strdup_printf (_("Row %s of table “%s” refers to something in “%s” that is not there"),
                                                sqlite3_column_text (rows, 1), sqlite3_column_text (rows, 0),
                                                sqlite3_column_text (rows, 2)));
  return n == 0;
}

gboolean
atelier_store_verify (AtelierStore *self, GStrv *problems, GError **error)
{
  gboolean (*const checks[]) (AtelierDb *db, GPtrArray *problems, GError **error)
    = { check_pages, check_references, atelier_audit_verify };
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && problems != NULL, FALSE);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL || !atelier_db_script (db, "BEGIN", error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (checks); i++)
    {
      g_autoptr (GError) problem = NULL;

      if (checks[i] (db, found, &problem))
        continue;
      if (!g_error_matches (problem, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CORRUPT))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      g_ptr_array_add (found, g_strdup (problem->message));
    }
  g_ptr_array_add (found, NULL);
  *problems = (GStrv) g_ptr_array_free (g_steal_pointer (&found), FALSE);
  return TRUE;
}
