/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"

#include "atelier-text.h"
#include "atelier-time.h"

/* Events of executions. What a person did or has to know (started, retried, stopped, resumed, ended) is audited. */

static const gsize execution_texts[] = {
  G_STRUCT_OFFSET (AtelierNewExecution, id), G_STRUCT_OFFSET (AtelierNewExecution, pipeline_name),
  G_STRUCT_OFFSET (AtelierNewExecution, definition_digest), G_STRUCT_OFFSET (AtelierNewExecution, display_name),
  G_STRUCT_OFFSET (AtelierNewExecution, trigger), G_STRUCT_OFFSET (AtelierNewExecution, trigger_detail),
  G_STRUCT_OFFSET (AtelierNewExecution, author), G_STRUCT_OFFSET (AtelierNewExecution, commit_id),
  G_STRUCT_OFFSET (AtelierNewExecution, commit_subject), G_STRUCT_OFFSET (AtelierNewExecution, parameters_json),
  G_STRUCT_OFFSET (AtelierNewExecution, options_json), G_STRUCT_OFFSET (AtelierNewExecution, source_execution_id),
  G_STRUCT_OFFSET (AtelierNewExecution, experiment), G_STRUCT_OFFSET (AtelierNewExecution, trial),
  G_STRUCT_OFFSET (AtelierNewExecution, note), G_STRUCT_OFFSET (AtelierNewExecution, failure_reason),
  G_STRUCT_OFFSET (AtelierNewExecution, owner.boot_id),
};

static gboolean
audit_execution (AtelierDb *db, const char *action, const char *execution_id, gint64 at_us, const char *who,
                 const char *from, const char *to, const char *comment, GError **error)
{
  g_autofree char *subject = g_strconcat ("execution/", execution_id, NULL);
  AtelierAuditEntry entry = {
    .at_us = at_us, .who = who, .action = action, .subject = subject, .from_value = from, .to_value = to,
    .comment = comment
  };

  return atelier_audit_append (db, &entry, error);
}

/* --- creation --- */

typedef struct
{
  AtelierEvent         event;
  AtelierNewExecution  execution;
  AtelierNewStep      *steps;
  gsize                n_steps;
  int                  number; /* result */
} CreateExecution;

static gboolean
insert_execution (AtelierDb *db, CreateExecution *self, GError **error)
{
  const AtelierNewExecution *execution = &self->execution;
  gboolean is_final = atelier_execution_status_is_final (execution->status);
  gint64 taken = 0;
  gint64 pipeline_id;
  gint64 version_id = 0;
  gint64 number = 0;
  int version_number;

  if (!atelier_db_get_int (db, &taken, error, "SELECT sequence FROM executions WHERE id = ?1", "s", execution->id))
    return FALSE;
  if (taken != 0)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT, _("There is already an execution “%s”"),
                   execution->id);
      return FALSE;
    }
  if (!atelier_pipelines_ensure (db, execution->project_id, execution->pipeline_name, execution->created_at_us,
                                 &pipeline_id, error)
      || (execution->definition_digest != NULL
          && !atelier_pipelines_ensure_version (db, pipeline_id, execution->definition_digest, execution->commit_id,
                                                execution->created_at_us, &version_id, &version_number, error))
      || !atelier_db_get_int (db, &number, error, "SELECT max (number) FROM executions WHERE pipeline_id = ?1", "i",
                              pipeline_id))
    return FALSE;
  self->number = (int) number + 1;
  return atelier_db_run (db, error,
                         "INSERT INTO executions (id, project_id, pipeline_id, number, pipeline_version_id,"
                         " display_name, status, \"trigger\", trigger_detail, author, commit_id, commit_subject,"
                         " is_dirty, parameters, options, source_execution_id, experiment, trial, note,"
                         " failure_reason, owner_pid, owner_start_ticks, owner_boot_id, created_at_us, ended_at_us)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
                         " ?19, ?20, ?21, ?22, ?23, ?24, ?25)",
                         "stintsssssssnsssssssttsit", execution->id, execution->project_id, pipeline_id, self->number,
                         version_id, execution->display_name, atelier_execution_status_to_text (execution->status),
                         execution->trigger, execution->trigger_detail, execution->author, execution->commit_id,
                         execution->commit_subject, execution->is_dirty != FALSE, execution->parameters_json,
                         execution->options_json, execution->source_execution_id, execution->experiment,
                         execution->trial, execution->note, execution->failure_reason, execution->owner.pid,
                         (gint64) execution->owner.start_ticks, execution->owner.boot_id, execution->created_at_us,
                         is_final ? execution->created_at_us : (gint64) 0);
}

static gboolean
insert_steps (AtelierDb *db, CreateExecution *self, GError **error)
{
  for (gsize i = 0; i < self->n_steps; i++)
    {
      const AtelierNewStep *step = &self->steps[i];

      if (atelier_db_run (db, error,
                          "INSERT INTO steps (execution_id, position, name, type, status, why)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                          "sissss", self->execution.id, (gint64) i, step->name, step->type,
                          atelier_step_status_to_text (step->status), step->why))
        continue;
      if (sqlite3_extended_errcode (db->connection) == SQLITE_CONSTRAINT_UNIQUE)
        {
          g_clear_error (error);
          g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT,
                       _("There are two steps “%s”; give one another name"), step->name);
        }
      return FALSE;
    }
  return TRUE;
}

static gboolean
apply_create_execution (AtelierDb *db, CreateExecution *self, GError **error)
{
  const AtelierNewExecution *execution = &self->execution;
  const char *status = atelier_execution_status_to_text (execution->status);

  return insert_execution (db, self, error)
         && insert_steps (db, self, error)
         && audit_execution (db, execution->source_execution_id != NULL ? "execution.retried" : "execution.started",
                             execution->id, execution->created_at_us, execution->author,
                             execution->source_execution_id, status, execution->failure_reason, error);
}

gboolean
atelier_store_create_execution (AtelierStore *self, const AtelierNewExecution *execution, const AtelierNewStep *steps,
                                gsize n_steps, int *number, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  CreateExecution *create;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution != NULL, FALSE);
  g_return_val_if_fail (execution->id != NULL && execution->pipeline_name != NULL, FALSE);
  g_return_val_if_fail (atelier_text_is_id (execution->id) && (n_steps == 0 || steps != NULL), FALSE);

  create = ATELIER_EVENT (CreateExecution, apply_create_execution);
  event = &create->event;
  create->execution = *execution;
  if (execution->created_at_us == 0)
    create->execution.created_at_us = atelier_time_now_us ();
  if (execution->trigger == NULL)
    create->execution.trigger = "manual";
  if (execution->author == NULL)
    create->execution.author = atelier_store_get_who (self);
  atelier_event_texts (event, &create->execution, execution_texts, G_N_ELEMENTS (execution_texts));
  create->steps = atelier_event_alloc (event, n_steps * sizeof *steps);
  create->n_steps = n_steps;
  for (gsize i = 0; i < n_steps; i++)
    {
      create->steps[i] = steps[i];
      create->steps[i].name = atelier_event_text (event, steps[i].name);
      create->steps[i].type = atelier_event_text (event, steps[i].type);
      create->steps[i].why = atelier_event_text (event, steps[i].why);
    }
  if (!atelier_store_wait (self, create, error))
    return FALSE;
  if (number != NULL)
    *number = create->number;
  return TRUE;
}

/* --- changes --- */

/* The status of an execution, NOT_FOUND where there is none. */
static gboolean
read_status (AtelierDb *db, const char *execution_id, char **status, GError **error)
{
  if (!atelier_db_get_text (db, status, error, "SELECT status FROM executions WHERE id = ?1", "s", execution_id))
    return FALSE;
  if (*status != NULL)
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND, _("There is no execution “%s”"),
               execution_id);
  return FALSE;
}

/* As read_status(), CONFLICT where it has ended. */
static gboolean
check_is_open (AtelierDb *db, const char *execution_id, char **status, GError **error)
{
  AtelierExecutionStatus value;

  if (!read_status (db, execution_id, status, error))
    return FALSE;
  if (!atelier_execution_status_from_text (*status, &value) || !atelier_execution_status_is_final (value))
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT, _("Execution “%s” has already ended (%s)"),
               execution_id, *status);
  return FALSE;
}

typedef struct
{
  AtelierEvent           event;
  const char            *execution_id;
  AtelierExecutionUpdate update;
  const char            *who;
  gint64                 at_us;
} ExecutionChanged;

static gboolean
apply_execution_changed (AtelierDb *db, ExecutionChanged *self, GError **error)
{
  const AtelierExecutionUpdate *update = &self->update;
  const char *status = atelier_execution_status_to_text (update->status);
  gboolean is_final = atelier_execution_status_is_final (update->status);
  g_autofree char *old_status = NULL;

  if (!read_status (db, self->execution_id, &old_status, error)
      || !atelier_db_run (db, error,
                          "UPDATE executions SET status = ?2,"
                          " started_at_us = nullif (ifnull (?3, started_at_us), -1),"
                          " ended_at_us = nullif (ifnull (?4, ended_at_us), -1),"
                          " failure_reason = nullif (ifnull (?5, failure_reason), ''),"
                          " note = nullif (ifnull (?6, note), '') WHERE id = ?1",
                          "ssttss", self->execution_id, status, update->started_at_us, update->ended_at_us,
                          update->failure_reason, update->note))
    return FALSE;
  /* nobody is left to answer what was asked of it */
  if (is_final
      && !atelier_db_run (db, error,
                          "UPDATE requests SET handled_at_us = ?2 WHERE execution_id = ?1 AND handled_at_us IS NULL",
                          "si", self->execution_id, self->at_us))
    return FALSE;
  if (g_strcmp0 (old_status, status) == 0 || update->status == ATELIER_EXECUTION_STATUS_EXECUTING)
    return TRUE;
  return audit_execution (db, is_final ? "execution.ended" : "execution.stopping", self->execution_id, self->at_us,
                          self->who, old_status, status, update->failure_reason, error);
}

void
atelier_store_execution_changed (AtelierStore *self, const char *execution_id, const AtelierExecutionUpdate *update,
                                 const char *who, AtelierStoreCommitted committed, gpointer user_data)
{
  ExecutionChanged *changed;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && update != NULL);

  changed = ATELIER_EVENT (ExecutionChanged, apply_execution_changed);
  changed->execution_id = atelier_event_text (&changed->event, execution_id);
  changed->update = *update;
  changed->update.failure_reason = atelier_event_text (&changed->event, update->failure_reason);
  changed->update.note = atelier_event_text (&changed->event, update->note);
  changed->who = atelier_event_text (&changed->event, who != NULL ? who : atelier_store_get_who (self));
  changed->at_us = update->ended_at_us > 0 ? update->ended_at_us : atelier_time_now_us ();
  atelier_store_queue (self, changed, committed, user_data);
}

typedef struct
{
  AtelierEvent event;
  const char  *execution_id;
  AtelierOwner owner;
  const char  *who;
  gint64       at_us;
} TakeExecution;

static gboolean
apply_take_execution (AtelierDb *db, TakeExecution *self, GError **error)
{
  g_autofree char *status = NULL;

  return check_is_open (db, self->execution_id, &status, error)
         && atelier_db_run (db, error,
                            "UPDATE executions SET owner_pid = ?2, owner_start_ticks = ?3, owner_boot_id = ?4"
                            " WHERE id = ?1", "stts",
                            self->execution_id, self->owner.pid, (gint64) self->owner.start_ticks,
                            self->owner.boot_id)
         && audit_execution (db, "execution.resumed", self->execution_id, self->at_us, self->who, NULL, status, NULL,
                             error);
}

gboolean
atelier_store_take_execution (AtelierStore *self, const char *execution_id, const AtelierOwner *owner,
                              const char *who, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  TakeExecution *take;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL && owner != NULL, FALSE);

  take = ATELIER_EVENT (TakeExecution, apply_take_execution);
  event = &take->event;
  take->execution_id = atelier_event_text (event, execution_id);
  take->owner = *owner;
  take->owner.boot_id = atelier_event_text (event, owner->boot_id);
  take->who = atelier_event_text (event, who != NULL ? who : atelier_store_get_who (self));
  take->at_us = atelier_time_now_us ();
  return atelier_store_wait (self, take, error);
}

/* --- requests --- */

typedef struct
{
  AtelierEvent event;
  gint64       id; /* result of adding */
  const char  *execution_id;
  const char  *kind;
  const char  *argument_json;
  const char  *who;
  gint64       at_us;
} RequestEvent;

static gboolean
apply_add_request (AtelierDb *db, RequestEvent *self, GError **error)
{
  g_autofree char *action = g_strdup_printf ("execution.%s-requested", self->kind);
  g_autofree char *status = NULL;

  if (!check_is_open (db, self->execution_id, &status, error)
      || !atelier_db_run (db, error,
                          "INSERT INTO requests (execution_id, kind, argument, who, created_at_us)"
                          " VALUES (?1, ?2, ?3, ?4, ?5)",
                          "ssssi", self->execution_id, self->kind, self->argument_json, self->who, self->at_us))
    return FALSE;
  self->id = sqlite3_last_insert_rowid (db->connection);
  return audit_execution (db, action, self->execution_id, self->at_us, self->who, NULL, NULL, NULL, error);
}

static gboolean
apply_request_handled (AtelierDb *db, RequestEvent *self, GError **error)
{
  return atelier_db_run (db, error, "UPDATE requests SET handled_at_us = ifnull (handled_at_us, ?2) WHERE id = ?1",
                         "ii", self->id, self->at_us);
}

gint64
atelier_store_add_request (AtelierStore *self, const char *execution_id, const char *kind, const char *argument_json,
                           const char *who, GError **error)
{
  g_autoptr (AtelierEvent) event = NULL;
  RequestEvent *add;

  g_return_val_if_fail (ATELIER_IS_STORE (self) && execution_id != NULL && kind != NULL, 0);

  add = ATELIER_EVENT (RequestEvent, apply_add_request);
  event = &add->event;
  add->execution_id = atelier_event_text (event, execution_id);
  add->kind = atelier_event_text (event, kind);
  add->argument_json = atelier_event_text (event, argument_json);
  add->who = atelier_event_text (event, who != NULL ? who : atelier_store_get_who (self));
  add->at_us = atelier_time_now_us ();
  return atelier_store_wait (self, add, error) ? add->id : 0;
}

void
atelier_store_request_handled (AtelierStore *self, gint64 request_id, AtelierStoreCommitted committed,
                               gpointer user_data)
{
  RequestEvent *handled;

  g_return_if_fail (ATELIER_IS_STORE (self));

  handled = ATELIER_EVENT (RequestEvent, apply_request_handled);
  handled->id = request_id;
  handled->at_us = atelier_time_now_us ();
  atelier_store_queue (self, handled, committed, user_data);
}
