/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

#include "atelier-time.h"

/* Projects, pipelines and pipeline versions. Projects are never removed, only marked, because executions, versions
 * and the audit log go on naming them. */

/* --- projects --- */

typedef struct
{
  AtelierEvent event;
  gint64       id; /* 0: to be made; then the result */
  const char  *name;        /* NULL: leave */
  const char  *description; /* NULL: leave */
  const char  *template_name;
  const char  *settings_json; /* NULL: leave */
  gboolean     is_simulated;
  gint64       at_us;
  const char  *who;
} ProjectEvent;

static gboolean
check_name_is_free (AtelierDb *db, const char *name, gint64 besides_id, GError **error)
{
  gint64 taken = 0;

  if (!atelier_db_get_int (db, &taken, error, "SELECT id FROM projects WHERE name = ?1 AND deleted_at_us IS NULL",
                           "s", name))
    return FALSE;
  if (taken == 0 || taken == besides_id)
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
               _("There is already a project “%s”; choose another name"), name);
  return FALSE;
}

/* The name of a project that is not deleted. */
static gboolean
read_name (AtelierDb *db, gint64 id, char **name, GError **error)
{
  if (!atelier_db_get_text (db, name, error, "SELECT name FROM projects WHERE id = ?1 AND deleted_at_us IS NULL", "i",
                            id))
    return FALSE;
  if (*name != NULL)
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
               _("There is no project number %" G_GINT64_FORMAT), id);
  return FALSE;
}

static gboolean
audit_project (AtelierDb *db, const ProjectEvent *self, const char *action, const char *name, const char *from,
               const char *to, GError **error)
{
  g_autofree char *subject = g_strconcat ("project/", name, NULL);
  AtelierAuditEntry entry = {
    .at_us = self->at_us, .who = self->who, .action = action, .subject = subject, .from_value = from, .to_value = to
  };

  return atelier_audit_append (db, &entry, error);
}

static gboolean
apply_create (AtelierDb *db, ProjectEvent *self, GError **error)
{
  if (!check_name_is_free (db, self->name, 0, error)
      || !atelier_db_run (db, error,
                          "INSERT INTO projects (name, description, template, settings, simulated, created_at_us)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                          "ssssni", self->name, self->description, self->template_name, self->settings_json,
                          self->is_simulated != FALSE, self->at_us))
    return FALSE;
  self->id = sqlite3_last_insert_rowid (db->connection);
  return audit_project (db, self, "project.created", self->name, NULL, self->template_name, error);
}

static gboolean
apply_change (AtelierDb *db, ProjectEvent *self, GError **error)
{
  g_autofree char *name = NULL;

  return read_name (db, self->id, &name, error)
         && atelier_db_run (db, error,
                            "UPDATE projects SET description = ifnull (?2, description), settings = ifnull (?3,"
                            " settings) WHERE id = ?1",
                            "iss", self->id, self->description, self->settings_json);
}

static gboolean
apply_data (AtelierDb *db, ProjectEvent *self, GError **error)
{
  g_autofree char *name = NULL;
  gint64 was_simulated = 0;

  return read_name (db, self->id, &name, error)
         && atelier_db_get_int (db, &was_simulated, error, "SELECT simulated FROM projects WHERE id = ?1", "i", self->id)
         && atelier_db_run (db, error,
                            "UPDATE projects SET settings = ifnull (?2, settings), simulated = ?3 WHERE id = ?1", "isi",
                            self->id, self->settings_json, (gint64) self->is_simulated)
         && audit_project (db, self, "project.data", name, was_simulated ? "simulated" : "real",
                           self->is_simulated ? "simulated" : "real", error);
}

static gboolean
apply_rename (AtelierDb *db, ProjectEvent *self, GError **error)
{
  g_autofree char *name = NULL;

  return read_name (db, self->id, &name, error)
         && check_name_is_free (db, self->name, self->id, error)
         && atelier_db_run (db, error, "UPDATE projects SET name = ?2 WHERE id = ?1", "is", self->id, self->name)
         && audit_project (db, self, "project.renamed", self->name, name, self->name, error);
}

static gboolean
apply_delete (AtelierDb *db, ProjectEvent *self, GError **error)
{
  g_autofree char *name = NULL;

  return read_name (db, self->id, &name, error)
         && atelier_db_run (db, error, "UPDATE projects SET deleted_at_us = ?2 WHERE id = ?1", "ii", self->id,
                            self->at_us)
         && audit_project (db, self, "project.deleted", name, NULL, NULL, error);
}

typedef gboolean (*ProjectApply) (AtelierDb *db, ProjectEvent *self, GError **error);

static ProjectEvent *
project_event_new (AtelierStore *self, ProjectApply apply, gint64 id, gint64 at_us, const char *who)
{
  ProjectEvent *event = ATELIER_EVENT (ProjectEvent, apply);

  event->id = id;
  event->at_us = at_us != 0 ? at_us : atelier_time_now_us ();
  event->who = atelier_event_text (&event->event, who != NULL ? who : atelier_store_get_who (self));
  return event;
}

gint64
atelier_store_create_project (AtelierStore *self, const AtelierNewProject *project, const char *who, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  ProjectEvent *create;

  g_return_val_if_fail (ATELIER_IS_STORE (self), 0);
  g_return_val_if_fail (project != NULL && project->name != NULL, 0);

  create = project_event_new (self, apply_create, 0, project->created_at_us, who);
  event = &create->event;
  create->name = atelier_event_text (event, project->name);
  create->description = atelier_event_text (event, project->description);
  create->template_name = atelier_event_text (event, project->template_name);
  create->settings_json = atelier_event_text (event, project->settings_json);
  create->is_simulated = project->is_simulated;
  return atelier_store_wait (self, create, error) ? create->id : 0;
}

gboolean
atelier_store_change_project (AtelierStore *self, gint64 project_id, const char *description,
                              const char *settings_json, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  ProjectEvent *change;

  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  change = project_event_new (self, apply_change, project_id, 0, NULL);
  event = &change->event;
  change->description = atelier_event_text (event, description);
  change->settings_json = atelier_event_text (event, settings_json);
  return atelier_store_wait (self, change, error);
}

gboolean
atelier_store_change_project_data (AtelierStore *self, gint64 project_id, const char *settings_json,
                                   gboolean is_simulated, const char *who, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  ProjectEvent *change;

  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  change = project_event_new (self, apply_data, project_id, 0, who);
  event = &change->event;
  change->settings_json = atelier_event_text (event, settings_json);
  change->is_simulated = is_simulated;
  return atelier_store_wait (self, change, error);
}

gboolean
atelier_store_rename_project (AtelierStore *self, gint64 project_id, const char *name, const char *who,
                              GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  ProjectEvent *rename;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, FALSE);

  rename = project_event_new (self, apply_rename, project_id, 0, who);
  event = &rename->event;
  rename->name = atelier_event_text (event, name);
  return atelier_store_wait (self, rename, error);
}

gboolean
atelier_store_delete_project (AtelierStore *self, gint64 project_id, const char *who, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  event = &project_event_new (self, apply_delete, project_id, 0, who)->event;
  return atelier_store_wait (self, event, error);
}

GPtrArray *
atelier_store_list_projects (AtelierStore *self, gboolean with_deleted, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_project_record_type,
                          "WHERE ?1 OR p.deleted_at_us IS NULL ORDER BY p.name, p.id", "n", with_deleted);
}

AtelierProjectRecord *
atelier_store_get_project (AtelierStore *self, gint64 id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no project number %" G_GINT64_FORMAT), id);
  return atelier_db_get (db, error, &atelier_project_record_type, missing, "WHERE p.id = ?1", "i", id);
}

AtelierProjectRecord *
atelier_store_find_project (AtelierStore *self, const char *name, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no project “%s”"), name);
  return atelier_db_get (db, error, &atelier_project_record_type, missing,
                         "WHERE p.name = ?1 AND p.deleted_at_us IS NULL", "s", name);
}
