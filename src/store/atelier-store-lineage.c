/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

/* Artifacts and what was done with them; the digests known of store files; environments. An artifact is one content
 * under one URI, so a file that is written again is another artifact, and lineage keeps pointing at what was really
 * read. */

static const gsize lineage_texts[] = {
  G_STRUCT_OFFSET (AtelierLineageItem, role), G_STRUCT_OFFSET (AtelierLineageItem, uri),
  G_STRUCT_OFFSET (AtelierLineageItem, digest),
};

/* --- lineage --- */

static gboolean
ensure_artifact (AtelierDb *db, const AtelierLineageItem *item, gint64 *id, GError **error)
{
  const char *digest = item->digest != NULL ? item->digest : "";

  *id = 0;
  if (!atelier_db_get_int (db, id, error, "SELECT id FROM artifacts WHERE uri = ?1 AND digest = ?2", "ss", item->uri,
                           digest))
    return FALSE;
  if (*id != 0)
    return TRUE;
  if (!atelier_db_run (db, error, "INSERT INTO artifacts (uri, digest, size_bytes) VALUES (?1, ?2, ?3)", "ssi",
                       item->uri, digest, item->size_bytes))
    return FALSE;
  *id = sqlite3_last_insert_rowid (db->connection);
  return TRUE;
}

gboolean
atelier_lineage_add (AtelierDb *db, gint64 step_id, int attempt, const AtelierLineageItem *items, gsize n_items,
                     GError **error)
{
  for (gsize i = 0; i < n_items; i++)
    {
      gint64 artifact_id;

      if (!ensure_artifact (db, &items[i], &artifact_id, error)
          || !atelier_db_run (db, error,
                              "INSERT INTO lineage (step_id, attempt, direction, artifact_id, role)"
                              " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                              "insis", step_id, attempt, atelier_lineage_direction_to_text (items[i].direction),
                              artifact_id, items[i].role != NULL ? items[i].role : ""))
        return FALSE;
    }
  return TRUE;
}

const AtelierLineageItem *
atelier_lineage_copy (AtelierEvent *event, const AtelierLineageItem *items, gsize n_items)
{
  AtelierLineageItem *copies = atelier_event_alloc (event, n_items * sizeof *copies);

  for (gsize i = 0; i < n_items; i++)
    {
      copies[i] = items[i];
      atelier_event_texts (event, &copies[i], lineage_texts, G_N_ELEMENTS (lineage_texts));
    }
  return copies;
}

typedef struct
{
  AtelierEvent              event;
  const char               *execution_id;
  const char               *step;
  int                       attempt;
  const AtelierLineageItem *items;
  gsize                     n_items;
} LineageSeen;

static gboolean
apply_lineage_seen (AtelierDb *db, LineageSeen *self, GError **error)
{
  gint64 step_id;

  return atelier_steps_find (db, self->execution_id, self->step, &step_id, error)
         && atelier_lineage_add (db, step_id, self->attempt, self->items, self->n_items, error);
}

void
atelier_store_lineage_seen (AtelierStore *self, const char *execution_id, const char *step, int attempt,
                            const AtelierLineageItem *items, gsize n_items, AtelierStoreCommitted committed,
                            gpointer user_data)
{
  LineageSeen *seen;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && (n_items == 0 || items != NULL));

  seen = ATELIER_EVENT (LineageSeen, apply_lineage_seen);
  seen->execution_id = atelier_event_text (&seen->event, execution_id);
  seen->step = atelier_event_text (&seen->event, step);
  seen->attempt = attempt;
  seen->items = atelier_lineage_copy (&seen->event, items, n_items);
  seen->n_items = n_items;
  atelier_store_queue (self, seen, committed, user_data);
}

GPtrArray *
atelier_store_list_lineage (AtelierStore *self, const char *execution_id, const char *step, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_lineage_record_type,
                          "WHERE s.execution_id = ?1 AND (?2 IS NULL OR s.name = ?2)"
                          " ORDER BY s.position, i.attempt, i.direction DESC, t.uri, i.role",
                          "ss", execution_id, step);
}

GPtrArray *
atelier_store_list_uses (AtelierStore *self, const char *uri, const char *digest, GError **error)
{
  static const char order[] = " ORDER BY s.id DESC, i.attempt DESC, i.direction, i.role";
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *tail = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  /* two forms, so that each finds its artifacts in an index */
  tail = g_strconcat (uri != NULL ? "WHERE t.uri = ?1 AND (?2 IS NULL OR t.digest = ?2)"
                                  : "WHERE ?1 IS NULL AND t.digest = ?2",
                      order, NULL);
  return atelier_db_list (db, error, &atelier_lineage_record_type, tail, "ss", uri, digest);
}

/* --- objects --- */

typedef struct
{
  AtelierEvent      event;
  AtelierNewObject *objects;
  gsize             n_objects;
} ObjectsSeen;

static gboolean
apply_objects_seen (AtelierDb *db, ObjectsSeen *self, GError **error)
{
  for (gsize i = 0; i < self->n_objects; i++)
    {
      const AtelierNewObject *object = &self->objects[i];

      if (object->digest == NULL
            ? !atelier_db_run (db, error, "DELETE FROM objects WHERE uri = ?1", "s", object->uri)
            : !atelier_db_run (db, error,
                               "INSERT OR REPLACE INTO objects (uri, size_bytes, mtime_ns, digest)"
                               " VALUES (?1, ?2, ?3, ?4)",
                               "siis", object->uri, object->size_bytes, object->mtime_ns, object->digest))
        return FALSE;
    }
  return TRUE;
}

void
atelier_store_objects_seen (AtelierStore *self, const AtelierNewObject *objects, gsize n_objects,
                            AtelierStoreCommitted committed, gpointer user_data)
{
  ObjectsSeen *seen;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (n_objects == 0 || objects != NULL);

  seen = ATELIER_EVENT (ObjectsSeen, apply_objects_seen);
  seen->objects = atelier_event_alloc (&seen->event, n_objects * sizeof *objects);
  seen->n_objects = n_objects;
  for (gsize i = 0; i < n_objects; i++)
    {
      seen->objects[i] = objects[i];
      seen->objects[i].uri = atelier_event_text (&seen->event, objects[i].uri);
      seen->objects[i].digest = atelier_event_text (&seen->event, objects[i].digest);
    }
  atelier_store_queue (self, seen, committed, user_data);
}

AtelierObjectRecord *
atelier_store_look_up_object (AtelierStore *self, const char *uri, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && uri != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_look_up (db, error, &atelier_object_record_type, "WHERE o.uri = ?1", "s", uri);
}

GPtrArray *
atelier_store_list_objects (AtelierStore *self, const char *prefix, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *behind = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && prefix != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  behind = g_strconcat (prefix, "\xf4\x8f\xbf\xbf", NULL); /* U+10FFFF sorts behind every text */
  return atelier_db_list (db, error, &atelier_object_record_type, "WHERE o.uri >= ?1 AND o.uri < ?2 ORDER BY o.uri",
                          "ss", prefix, behind);
}

/* --- environments --- */

gboolean
atelier_environment_ensure (AtelierDb *db, const char *digest, gint64 *id, GError **error)
{
  *id = 0;
  if (digest == NULL)
    return TRUE;
  if (!atelier_db_get_int (db, id, error, "SELECT id FROM environments WHERE digest = ?1", "s", digest))
    return FALSE;
  if (*id != 0)
    return TRUE;
  if (!atelier_db_run (db, error, "INSERT INTO environments (digest) VALUES (?1)", "s", digest))
    return FALSE;
  *id = sqlite3_last_insert_rowid (db->connection);
  return TRUE;
}

typedef struct
{
  AtelierEvent event;
  const char  *digest;
  const char  *record_json;
} EnvironmentSeen;

static gboolean
apply_environment_seen (AtelierDb *db, EnvironmentSeen *self, GError **error)
{
  return atelier_db_run (db, error,
                         "INSERT INTO environments (digest, record) VALUES (?1, ?2)"
                         " ON CONFLICT (digest) DO UPDATE SET record = excluded.record"
                         " WHERE environments.record IS NULL",
                         "ss", self->digest, self->record_json);
}

void
atelier_store_environment_seen (AtelierStore *self, const char *digest, const char *record_json,
                                AtelierStoreCommitted committed, gpointer user_data)
{
  EnvironmentSeen *seen;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (digest != NULL && record_json != NULL);

  seen = ATELIER_EVENT (EnvironmentSeen, apply_environment_seen);
  seen->digest = atelier_event_text (&seen->event, digest);
  seen->record_json = atelier_event_text (&seen->event, record_json);
  atelier_store_queue (self, seen, committed, user_data);
}

char *
atelier_store_get_environment (AtelierStore *self, const char *digest, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *record = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && digest != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL || !atelier_db_get_text (db, &record, error, "SELECT record FROM environments WHERE digest = ?1",
                                          "s", digest))
    return NULL;
  if (record == NULL)
    g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
                 _("There is no record of the environment “%s”"), digest);
  return g_steal_pointer (&record);
}
