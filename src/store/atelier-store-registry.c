/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-store-queries.h"

#include "atelier-time.h"

/* Models, model groups and versions. A step that makes a model or registers a version ends in the transaction that
 * does so, and what it made is keyed by execution and step: done a second time (the program was killed before it
 * heard of the commit) it finds what is there and changes nothing. */

/* --- parts of the events --- */

/* The end of the step, where there is one. */
typedef struct
{
  gboolean                  is_given;
  const char               *execution_id;
  const char               *step;
  AtelierStepUpdate         update;
  const AtelierLineageItem *lineage;
  gsize                     n_lineage;
} StepEnd;

static void
copy_step_end (AtelierEvent *event, StepEnd *copy, const char *execution_id, const char *step,
               const AtelierStepUpdate *update, const AtelierLineageItem *lineage, gsize n_lineage)
{
  copy->execution_id = atelier_event_text (event, execution_id);
  copy->step = atelier_event_text (event, step);
  copy->is_given = update != NULL && execution_id != NULL && step != NULL;
  if (!copy->is_given)
    return;
  atelier_steps_copy_update (event, &copy->update, update);
  copy->lineage = atelier_lineage_copy (event, lineage, n_lineage);
  copy->n_lineage = n_lineage;
}

static gboolean
apply_step_end (AtelierDb *db, const StepEnd *self, const char *properties_json, GError **error)
{
  AtelierStepUpdate update = self->update;
  gint64 step_id;

  if (!self->is_given)
    return TRUE;
  if (properties_json != NULL)
    update.properties_json = properties_json;
  return atelier_steps_find (db, self->execution_id, self->step, &step_id, error)
         && atelier_steps_update (db, step_id, &update, 0, error)
         && atelier_lineage_add (db, step_id, 0, self->lineage, self->n_lineage, error);
}

/* --- models --- */

typedef struct
{
  AtelierEvent event;
  StepEnd      end;
  const char  *name;
  const char  *spec_json;
  gint64       at_us;
} ModelCreated;

static gboolean
apply_model_created (AtelierDb *db, ModelCreated *self, GError **error)
{
  g_autofree char *done = NULL;
  gint64 taken = 0;

  if (!atelier_db_get_text (db, &done, error, "SELECT name FROM models WHERE execution_id = ?1 AND step = ?2", "ss",
                            self->end.execution_id, self->end.step))
    return FALSE;
  if (done != NULL)
    return TRUE;
  if (!atelier_db_get_int (db, &taken, error, "SELECT count (*) FROM models WHERE name = ?1", "s", self->name))
    return FALSE;
  if (taken != 0)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
                   _("There is already a model “%s”; choose another name"), self->name);
      return FALSE;
    }
  return apply_step_end (db, &self->end, NULL, error)
         && atelier_db_run (db, error,
                            "INSERT INTO models (name, execution_id, step, spec, created_at_us)"
                            " VALUES (?1, ?2, ?3, ?4, ?5)",
                            "ssssi", self->name, self->end.execution_id, self->end.step, self->spec_json,
                            self->at_us);
}

gboolean
atelier_store_end_step_with_model (AtelierStore *self, const char *execution_id, const char *step,
                                   const AtelierStepUpdate *update, const AtelierNewModel *model,
                                   const AtelierLineageItem *lineage, gsize n_lineage, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  ModelCreated *created;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL && step != NULL && update != NULL, FALSE);
  g_return_val_if_fail (model != NULL && model->name != NULL && (n_lineage == 0 || lineage != NULL), FALSE);

  created = ATELIER_EVENT (ModelCreated, apply_model_created);
  event = &created->event;
  copy_step_end (event, &created->end, execution_id, step, update, lineage, n_lineage);
  created->name = atelier_event_text (event, model->name);
  created->spec_json = atelier_event_text (event, model->spec_json);
  created->at_us = update->ended_at_us > 0 ? update->ended_at_us : atelier_time_now_us ();
  return atelier_store_wait (self, created, error);
}

AtelierModelRecord *
atelier_store_get_model (AtelierStore *self, const char *name, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no model “%s”"), name);
  return atelier_db_get (db, error, &atelier_model_record_type, missing, "WHERE m.name = ?1", "s", name);
}

/* --- groups --- */

static gboolean
ensure_group (AtelierDb *db, const char *name, gint64 project_id, const char *description, gint64 at_us, gint64 *id,
              GError **error)
{
  *id = 0;
  if (!atelier_db_get_int (db, id, error, "SELECT id FROM model_groups WHERE name = ?1", "s", name))
    return FALSE;
  if (*id != 0)
    return TRUE;
  if (!atelier_db_run (db, error,
                       "INSERT INTO model_groups (name, project_id, description, created_at_us)"
                       " VALUES (?1, ?2, ?3, ?4)",
                       "stsi", name, project_id, description, at_us))
    return FALSE;
  *id = sqlite3_last_insert_rowid (db->connection);
  return TRUE;
}

typedef struct
{
  AtelierEvent event;
  const char  *name;
  gint64       project_id;
  const char  *description;
  gint64       at_us;
  gint64       id; /* result */
} EnsureGroup;

static gboolean
apply_ensure_group (AtelierDb *db, EnsureGroup *self, GError **error)
{
  return ensure_group (db, self->name, self->project_id, self->description, self->at_us, &self->id, error);
}

gint64
atelier_store_ensure_model_group (AtelierStore *self, const char *name, gint64 project_id, const char *description,
                                  GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  EnsureGroup *ensure;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, 0);

  ensure = ATELIER_EVENT (EnsureGroup, apply_ensure_group);
  event = &ensure->event;
  ensure->name = atelier_event_text (event, name);
  ensure->project_id = project_id;
  ensure->description = atelier_event_text (event, description);
  ensure->at_us = atelier_time_now_us ();
  return atelier_store_wait (self, ensure, error) ? ensure->id : 0;
}

GPtrArray *
atelier_store_list_model_groups (AtelierStore *self, gint64 project_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_model_group_record_type,
                          "WHERE ?1 = 0 OR g.project_id = ?1 ORDER BY g.name", "i", project_id);
}

AtelierModelGroupRecord *
atelier_store_get_model_group (AtelierStore *self, const char *name, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no model group “%s”"), name);
  return atelier_db_get (db, error, &atelier_model_group_record_type, missing, "WHERE g.name = ?1", "s", name);
}

/* --- versions --- */

static const gsize version_texts[] = {
  G_STRUCT_OFFSET (AtelierNewVersion, group_name), G_STRUCT_OFFSET (AtelierNewVersion, group_description),
  G_STRUCT_OFFSET (AtelierNewVersion, execution_id), G_STRUCT_OFFSET (AtelierNewVersion, step),
  G_STRUCT_OFFSET (AtelierNewVersion, model_uri), G_STRUCT_OFFSET (AtelierNewVersion, model_digest),
  G_STRUCT_OFFSET (AtelierNewVersion, spec_json), G_STRUCT_OFFSET (AtelierNewVersion, metrics_json),
  G_STRUCT_OFFSET (AtelierNewVersion, description), G_STRUCT_OFFSET (AtelierNewVersion, author),
};

static gboolean
audit_version (AtelierDb *db, const char *action, const char *group_name, int number, gint64 at_us, const char *who,
               const char *from, const char *to, const char *comment, GError **error)
{
  g_autofree char *subject = g_strdup_printf ("model/%s/%d", group_name, number);
  AtelierAuditEntry entry = {
    .at_us = at_us, .who = who, .action = action, .subject = subject, .from_value = from, .to_value = to,
    .comment = comment
  };

  return atelier_audit_append (db, &entry, error);
}

typedef struct
{
  AtelierEvent             event;
  AtelierNewVersion        version;
  StepEnd                  end;
  AtelierVersionProperties properties;
  gpointer                 properties_data;
  int                      number; /* result */
} RegisterVersion;

static gboolean
insert_version (AtelierDb *db, RegisterVersion *self, GError **error)
{
  const AtelierNewVersion *version = &self->version;
  const char *status = atelier_approval_status_to_text (version->status);
  gint64 last = 0;
  gint64 group_id;

  if (!ensure_group (db, version->group_name, version->project_id, version->group_description, version->created_at_us,
                     &group_id, error)
      || !atelier_db_get_int (db, &last, error, "SELECT max (number) FROM model_versions WHERE group_id = ?1", "i",
                              group_id))
    return FALSE;
  self->number = (int) last + 1;
  return atelier_db_run (db, error,
                         "INSERT INTO model_versions (group_id, number, status, execution_id, step, model_uri,"
                         " model_digest, spec, metrics, description, simulated, author, created_at_us)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                         "inssssssssnsi", group_id, self->number, status, version->execution_id, version->step,
                         version->model_uri, version->model_digest, version->spec_json, version->metrics_json,
                         version->description, version->is_simulated != FALSE, version->author,
                         version->created_at_us)
         && audit_version (db, "version.registered", version->group_name, self->number, version->created_at_us,
                           version->author, NULL, status, NULL, error);
}

static gboolean
apply_register_version (AtelierDb *db, RegisterVersion *self, GError **error)
{
  g_autofree char *properties_json = NULL;
  gint64 done = 0;

  if (self->version.execution_id != NULL
      && !atelier_db_get_int (db, &done, error,
                              "SELECT number FROM model_versions WHERE execution_id = ?1 AND step = ?2", "ss",
                              self->version.execution_id, self->version.step))
    return FALSE;
  self->number = (int) done;
  if (done != 0)
    return TRUE;
  if (!insert_version (db, self, error))
    return FALSE;
  if (self->properties != NULL)
    properties_json = self->properties (self->version.group_name, self->number, self->properties_data);
  return apply_step_end (db, &self->end, properties_json, error);
}

int
atelier_store_register_version (AtelierStore *self, const AtelierNewVersion *version, const AtelierStepUpdate *update,
                                AtelierVersionProperties properties, gpointer properties_data,
                                const AtelierLineageItem *lineage, gsize n_lineage, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  RegisterVersion *registration;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && version != NULL && version->group_name != NULL, 0);
  g_return_val_if_fail ((version->execution_id != NULL) == (version->step != NULL), 0);
  g_return_val_if_fail (n_lineage == 0 || lineage != NULL, 0);

  registration = ATELIER_EVENT (RegisterVersion, apply_register_version);
  event = &registration->event;
  registration->version = *version;
  if (version->created_at_us == 0)
    registration->version.created_at_us = atelier_time_now_us ();
  if (version->author == NULL)
    registration->version.author = atelier_store_get_who (self);
  atelier_event_texts (event, &registration->version, version_texts, G_N_ELEMENTS (version_texts));
  copy_step_end (event, &registration->end, version->execution_id, version->step, update, lineage, n_lineage);
  registration->properties = properties;
  registration->properties_data = properties_data;
  return atelier_store_wait (self, registration, error) ? registration->number : 0;
}

typedef struct
{
  AtelierEvent          event;
  const char           *group_name;
  int                   number;
  AtelierApprovalStatus from;
  AtelierApprovalStatus to;
  const char           *who;
  const char           *comment;
  gint64                at_us;
} StatusChange;

static gboolean
apply_status_change (AtelierDb *db, StatusChange *self, GError **error)
{
  const char *from = atelier_approval_status_to_text (self->from);
  const char *to = atelier_approval_status_to_text (self->to);
  g_autofree char *status = NULL;

  if (!atelier_db_get_text (db, &status, error,
                            "SELECT v.status FROM model_versions v JOIN model_groups g ON g.id = v.group_id"
                            " WHERE g.name = ?1 AND v.number = ?2", "sn", self->group_name, self->number))
    return FALSE;
  if (status == NULL)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND, _("There is no model version “%s/%d”"),
                   self->group_name, self->number);
      return FALSE;
    }
  if (g_strcmp0 (status, from) != 0)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
                   _("Model version “%s/%d” is %s by now; look again before you change it"), self->group_name,
                   self->number, status);
      return FALSE;
    }
  return atelier_db_run (db, error,
                         "UPDATE model_versions SET status = ?3"
                         " WHERE number = ?2 AND group_id = (SELECT id FROM model_groups WHERE name = ?1)",
                         "sns", self->group_name, self->number, to)
         && audit_version (db, "version.status", self->group_name, self->number, self->at_us, self->who, from, to,
                           self->comment, error);
}

gboolean
atelier_store_change_version_status (AtelierStore *self, const char *group_name, int number,
                                     AtelierApprovalStatus from, AtelierApprovalStatus to, const char *who,
                                     const char *comment, gint64 at_us, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  StatusChange *change;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && group_name != NULL, FALSE);

  change = ATELIER_EVENT (StatusChange, apply_status_change);
  event = &change->event;
  change->group_name = atelier_event_text (event, group_name);
  change->number = number;
  change->from = from;
  change->to = to;
  change->who = atelier_event_text (event, who != NULL ? who : atelier_store_get_who (self));
  change->comment = atelier_event_text (event, comment);
  change->at_us = at_us != 0 ? at_us : atelier_time_now_us ();
  return atelier_store_wait (self, change, error);
}

GPtrArray *
atelier_store_list_model_versions (AtelierStore *self, const char *group_name, guint statuses, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  const char *words[ATELIER_APPROVAL_STATUS_N_VALUES];

  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  for (guint i = 0; i < ATELIER_APPROVAL_STATUS_N_VALUES; i++)
    words[i] = statuses == 0 || (statuses & 1u << i) != 0 ? atelier_approval_status_to_text (i) : NULL;
  G_STATIC_ASSERT (ATELIER_APPROVAL_STATUS_N_VALUES == 3);
  return atelier_db_list (db, error, &atelier_model_version_record_type,
                          "WHERE (?1 IS NULL OR g.name = ?1) AND v.status IN (?2, ?3, ?4)"
                          " ORDER BY g.name, v.number DESC", "ssss",
                          group_name, words[0], words[1], words[2]);
}

AtelierModelVersionRecord *
atelier_store_get_model_version (AtelierStore *self, const char *group_name, int number, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;
  g_autofree char *missing = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && group_name != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  missing = g_strdup_printf (_("There is no model version “%s/%d”"), group_name, number);
  return atelier_db_get (db, error, &atelier_model_version_record_type, missing,
                         "WHERE g.name = ?1 AND v.number = ?2", "sn", group_name, number);
}

GPtrArray *
atelier_store_list_execution_versions (AtelierStore *self, const char *execution_id, GError **error)
{
  g_autoptr (AtelierReader) db = NULL;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL, NULL);

  db = atelier_store_borrow_reader (self, error);
  if (db == NULL)
    return NULL;
  return atelier_db_list (db, error, &atelier_model_version_record_type, "WHERE v.execution_id = ?1 ORDER BY v.id",
                          "s", execution_id);
}
