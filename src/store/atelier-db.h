/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>
#include <sqlite3.h>

#include "atelier-store.h"

G_BEGIN_DECLS

/* Private to store/: one SQLite connection with its prepared statements. One thread at a time. */

typedef enum
{
  ATELIER_DB_READ_WRITE, /* made when missing */
  ATELIER_DB_READ_ONLY,
} AtelierDbMode;

typedef struct
{
  sqlite3      *connection;
  char         *path;
  GHashTable   *statements;   /* (element-type pointer sqlite3_stmt): by the address of the SQL text */
  gboolean      is_immutable; /* read without locks, in a folder where none can be made */
  AtelierStore *store;        /* (owned) (nullable): while lent to a reader: where it goes back */
} AtelierDb;

AtelierDb    *atelier_db_open (const char   *path,
                               AtelierDbMode mode,
                               GError      **error);
void          atelier_db_close (AtelierDb *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDb, atelier_db_close)

/* A statement being read; at the end of its scope it is reset and stays prepared. */
typedef sqlite3_stmt AtelierQuery;
void          atelier_query_end (AtelierQuery *query);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierQuery, atelier_query_end)

/* @sql: a text that lives as long as the program (a literal, or interned): its address is the statement's key.
 * @types: one letter for each value that follows:
 *   s  const char *, NULL is NULL      i  gint64      n  int or gboolean      d  double
 *   t  gint64, 0 is NULL
 * Texts must live until the statement has run. */
AtelierQuery *atelier_db_query (AtelierDb  *db,
                                GError    **error,
                                const char *sql,
                                const char *types,
                                ...);
AtelierQuery *atelier_db_query_valist (AtelierDb  *db,
                                       GError    **error,
                                       const char *sql,
                                       const char *types,
                                       va_list     values);
/* Returns: 1: there is a row; 0: no more; -1: failed with @error */
int           atelier_db_next (AtelierDb    *db,
                               AtelierQuery *query,
                               GError      **error);
/* Runs a statement without rows. */
gboolean      atelier_db_run (AtelierDb  *db,
                              GError    **error,
                              const char *sql,
                              const char *types,
                              ...);
/* The first column of the first row; *value is untouched where there is no row or it is NULL. */
gboolean      atelier_db_get_int (AtelierDb  *db,
                                  gint64     *value,
                                  GError    **error,
                                  const char *sql,
                                  const char *types,
                                  ...);
gboolean      atelier_db_get_text (AtelierDb  *db,
                                   char      **value, /* (transfer full) */
                                   GError    **error,
                                   const char *sql,
                                   const char *types,
                                   ...);
/* Several statements in one text, not kept. */
gboolean      atelier_db_script (AtelierDb  *db,
                                 const char *sql,
                                 GError    **error);
/* Turns the connection's last failure into a GError with a sentence; always FALSE. */
gboolean      atelier_db_set_error (AtelierDb *db,
                                    GError   **error);

G_END_DECLS
