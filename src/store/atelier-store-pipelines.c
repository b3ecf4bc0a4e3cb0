/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

#include "atelier-time.h"

/* Pipelines and their versions. Both come into being when something names them. A version is a definition's digest: a
 * definition that comes back keeps the number it had. */

gboolean
atelier_pipelines_ensure (AtelierDb *db, gint64 project_id, const char *name, gint64 at_us, gint64 *pipeline_id,
                          GError **error)
{
  *pipeline_id = 0;
  if (!atelier_db_get_int (db, pipeline_id, error,
                           "SELECT id FROM pipelines WHERE ifnull (project_id, 0) = ?1 AND name = ?2", "is",
                           project_id, name))
    return FALSE;
  if (*pipeline_id != 0)
    return TRUE;
  if (!atelier_db_run (db, error, "INSERT INTO pipelines (project_id, name, created_at_us) VALUES (?1, ?2, ?3)",
                       "tsi", project_id, name, at_us))
    return FALSE;
  *pipeline_id = sqlite3_last_insert_rowid (db->connection);
  return TRUE;
}

gboolean
atelier_pipelines_ensure_version (AtelierDb *db, gint64 pipeline_id, const char *definition_digest,
                                  const char *commit_id, gint64 at_us, gint64 *version_id, int *number,
                                  GError **error)
{
  gint64 value = 0;

  *version_id = 0;
  if (!atelier_db_get_int (db, version_id, error,
                           "SELECT id FROM pipeline_versions WHERE pipeline_id = ?1 AND definition_digest = ?2", "is",
                           pipeline_id, definition_digest))
    return FALSE;
  if (*version_id == 0)
    {
      if (!atelier_db_run (db, error,
                           "INSERT INTO pipeline_versions (pipeline_id, number, definition_digest, commit_id,"
                           " created_at_us) VALUES (?1, (SELECT ifnull (max (number), 0) + 1 FROM pipeline_versions"
                           " WHERE pipeline_id = ?1), ?2, ?3, ?4)",
                           "issi", pipeline_id, definition_digest, commit_id, at_us))
        return FALSE;
      *version_id = sqlite3_last_insert_rowid (db->connection);
    }
  if (!atelier_db_get_int (db, &value, error, "SELECT number FROM pipeline_versions WHERE id = ?1", "i", *version_id))
    return FALSE;
  *number = (int) value;
  return TRUE;
}

typedef struct
{
  AtelierEvent event;
  gint64       project_id;
  const char  *name;
  const char  *definition_digest;
  const char  *commit_id;
  gint64       at_us;
  gint64       pipeline_id; /* results */
  gint64       version_id;
  int          number;
} EnsureVersion;

static gboolean
apply_ensure_version (AtelierDb *db, EnsureVersion *self, GError **error)
{
  return atelier_pipelines_ensure (db, self->project_id, self->name, self->at_us, &self->pipeline_id, error)
         && atelier_pipelines_ensure_version (db, self->pipeline_id, self->definition_digest, self->commit_id,
                                              self->at_us, &self->version_id, &self->number, error);
}

gint64
atelier_store_ensure_pipeline_version (AtelierStore *self, gint64 project_id, const char *name,
                                       const char *definition_digest, const char *commit_id, gint64 at_us,
                                       gint64 *pipeline_id, int *number, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  EnsureVersion *ensure;

  g_return_val_if_fail (ATELIER_IS_STORE (self), 0);
  g_return_val_if_fail (name != NULL && definition_digest != NULL, 0);

  ensure = ATELIER_EVENT (EnsureVersion, apply_ensure_version);
  event = &ensure->event;
  ensure->project_id = project_id;
  ensure->name = atelier_event_text (event, name);
  ensure->definition_digest = atelier_event_text (event, definition_digest);
  ensure->commit_id = atelier_event_text (event, commit_id);
  ensure->at_us = at_us != 0 ? at_us : atelier_time_now_us ();
  if (!atelier_store_wait (self, ensure, error))
    return 0;
  if (pipeline_id != NULL)
    *pipeline_id = ensure->pipeline_id;
  if (number != NULL)
    *number = ensure->number;
  return ensure->version_id;
}

GPtrArray *
atelier_store_list_pipelines (AtelierStore *self, gint64 project_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_pipeline_record_type,
                          "WHERE p.deleted_at_us IS NULL AND (?1 = 0 OR ifnull (l.project_id, 0) = ?1)"
                          " ORDER BY l.name, l.id", "i",
                          project_id);
}

AtelierPipelineRecord *
atelier_store_look_up_pipeline (AtelierStore *self, gint64 project_id, const char *name, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_look_up (db, error, &atelier_pipeline_record_type,
                             "WHERE ifnull (l.project_id, 0) = ?1 AND l.name = ?2", "is", project_id, name);
}

GPtrArray *
atelier_store_list_pipeline_versions (AtelierStore *self, gint64 pipeline_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_pipeline_version_record_type,
                          "WHERE v.pipeline_id = ?1 ORDER BY v.number DESC", "i", pipeline_id);
}
