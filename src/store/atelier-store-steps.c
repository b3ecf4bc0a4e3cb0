/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-store-private.h"

/* Events of steps and attempts: the hot path. A trivial step is two events of three statements each (find the step's
 * id by its name, update the step, insert or update the attempt).
 *
 * An update is one statement for all combinations of fields: a parameter that is NULL keeps the column, '' and -1
 * clear it. */

#define KEEP_TEXT(column, parameter) column " = nullif (ifnull (" parameter ", " column "), '')"
#define KEEP_TIME(column, parameter) column " = nullif (ifnull (" parameter ", " column "), -1)"

#define UPDATE_STEP                                                                             \
  "UPDATE steps SET status = ?2, " KEEP_TIME ("started_at_us", "?3") ", "                       \
  KEEP_TIME ("ended_at_us", "?4") ", " KEEP_TEXT ("failure_reason", "?5") ", "                  \
  KEEP_TEXT ("why", "?6") ", " KEEP_TEXT ("waits_for", "?7") ", "                               \
  KEEP_TEXT ("cached_from", "?8") ", " KEEP_TEXT ("outcome_text", "?9") ", "                    \
  "outcome = CASE WHEN ?9 IS NULL THEN outcome WHEN ?9 = '' THEN NULL ELSE ?10 END, "           \
  KEEP_TEXT ("properties", "?11") ", attempt_count = ifnull (?12, attempt_count)"

/* Naming an indexed column costs an index update even where it does not change, so the key has a statement of its
 * own. */
static const char sql_update_step[] = UPDATE_STEP " WHERE id = ?1";
static const char sql_update_step_and_key[]
  = UPDATE_STEP ", " KEEP_TEXT ("cache_key", "?13") ", " KEEP_TEXT ("cache_components", "?14") " WHERE id = ?1";

#define WHEN_ENDED(column, value) column " = CASE WHEN ?9 IS NULL THEN " column " ELSE " value " END"

static const char sql_update_attempt[]
  = "UPDATE attempts SET status = ?3, pid = ifnull (?4, pid), start_ticks = ifnull (?5, start_ticks),"
    " boot_id = ifnull (?6, boot_id), environment_id = ifnull (?7, environment_id), "
    KEEP_TEXT ("failure_reason", "?8") ", ended_at_us = ifnull (?9, ended_at_us), "
    WHEN_ENDED ("exit_code", "nullif (?10, -1)") ", "
    WHEN_ENDED ("signal", "nullif (?11, 0)") ", " WHEN_ENDED ("wall_us", "?12") ", " WHEN_ENDED ("cpu_us", "?13") ", "
    WHEN_ENDED ("peak_memory_bytes", "?14") ", " WHEN_ENDED ("log_bytes", "?15")
    " WHERE step_id = ?1 AND number = ?2";

static const gsize update_texts[] = {
  G_STRUCT_OFFSET (AtelierStepUpdate, failure_reason), G_STRUCT_OFFSET (AtelierStepUpdate, why),
  G_STRUCT_OFFSET (AtelierStepUpdate, waits_for), G_STRUCT_OFFSET (AtelierStepUpdate, cached_from),
  G_STRUCT_OFFSET (AtelierStepUpdate, outcome_text), G_STRUCT_OFFSET (AtelierStepUpdate, properties_json),
  G_STRUCT_OFFSET (AtelierStepUpdate, cache_key), G_STRUCT_OFFSET (AtelierStepUpdate, cache_components_json),
};
static const gsize new_attempt_texts[] = {
  G_STRUCT_OFFSET (AtelierNewAttempt, job_name), G_STRUCT_OFFSET (AtelierNewAttempt, runtime),
  G_STRUCT_OFFSET (AtelierNewAttempt, sandbox), G_STRUCT_OFFSET (AtelierNewAttempt, environment_digest),
  G_STRUCT_OFFSET (AtelierNewAttempt, boot_id),
};
static const gsize attempt_update_texts[] = {
  G_STRUCT_OFFSET (AtelierAttemptUpdate, boot_id), G_STRUCT_OFFSET (AtelierAttemptUpdate, environment_digest),
  G_STRUCT_OFFSET (AtelierAttemptUpdate, failure_reason),
};

/* --- parts shared with other events --- */

gboolean
atelier_steps_find (AtelierDb *db, const char *execution_id, const char *step, gint64 *step_id, GError **error)
{
  *step_id = 0;
  if (!atelier_db_get_int (db, step_id, error, "SELECT id FROM steps WHERE execution_id = ?1 AND name = ?2", "ss",
                           execution_id, step))
    return FALSE;
  if (*step_id != 0)
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND, _("Execution “%s” has no step “%s”"),
               execution_id, step);
  return FALSE;
}

gboolean
atelier_steps_update (AtelierDb *db, gint64 step_id, const AtelierStepUpdate *update, int attempt_count,
                      GError **error)
{
  const char *status = atelier_step_status_to_text (update->status);

  if (update->cache_key == NULL && update->cache_components_json == NULL)
    return atelier_db_run (db, error, sql_update_step, "isttsssssnst", step_id, status, update->started_at_us,
                           update->ended_at_us, update->failure_reason, update->why, update->waits_for,
                           update->cached_from, update->outcome_text, update->outcome, update->properties_json,
                           (gint64) attempt_count);
  return atelier_db_run (db, error, sql_update_step_and_key, "isttsssssnstss", step_id, status, update->started_at_us,
                         update->ended_at_us, update->failure_reason, update->why, update->waits_for,
                         update->cached_from, update->outcome_text, update->outcome, update->properties_json,
                         (gint64) attempt_count, update->cache_key, update->cache_components_json);
}

void
atelier_steps_copy_update (AtelierEvent *event, AtelierStepUpdate *copy, const AtelierStepUpdate *update)
{
  *copy = *update;
  atelier_event_texts (event, copy, update_texts, G_N_ELEMENTS (update_texts));
}

static gboolean
insert_attempt (AtelierDb *db, gint64 step_id, const AtelierNewAttempt *attempt, GError **error)
{
  gint64 environment_id = 0;

  return atelier_environment_ensure (db, attempt->environment_digest, &environment_id, error)
         && atelier_db_run (db, error,
                            "INSERT OR REPLACE INTO attempts (step_id, number, status, job_name, runtime, sandbox,"
                            " environment_id, pid, start_ticks, boot_id, started_at_us)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                            "insssstttst", step_id, attempt->number, atelier_step_status_to_text (attempt->status),
                            attempt->job_name, attempt->runtime, attempt->sandbox, environment_id, attempt->pid,
                            (gint64) attempt->start_ticks, attempt->boot_id, attempt->started_at_us);
}

static gboolean
update_attempt (AtelierDb *db, gint64 step_id, const AtelierAttemptUpdate *attempt, GError **error)
{
  gboolean has_process = attempt->pid != 0;
  gint64 environment_id = 0;

  if (!atelier_environment_ensure (db, attempt->environment_digest, &environment_id, error)
      || !atelier_db_run (db, error, sql_update_attempt, "insttststnniiii", step_id, attempt->number,
                          atelier_step_status_to_text (attempt->status), attempt->pid,
                          has_process ? (gint64) attempt->start_ticks : 0, has_process ? attempt->boot_id : NULL,
                          environment_id, attempt->failure_reason, attempt->ended_at_us, attempt->exit_code,
                          attempt->signal, attempt->wall_us, attempt->cpu_us, attempt->peak_memory_bytes,
                          attempt->log_bytes))
    return FALSE;
  if (sqlite3_changes (db->connection) > 0)
    return TRUE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND, _("The step has no attempt %d"),
               attempt->number);
  return FALSE;
}

/* --- one or several steps --- */

typedef struct
{
  AtelierEvent       event;
  const char        *execution_id;
  const char       **steps;
  gsize              n_steps;
  AtelierStepUpdate  update;
} StepsChanged;

static gboolean
apply_steps_changed (AtelierDb *db, StepsChanged *self, GError **error)
{
  for (gsize i = 0; i < self->n_steps; i++)
    {
      gint64 step_id;

      if (!atelier_steps_find (db, self->execution_id, self->steps[i], &step_id, error)
          || !atelier_steps_update (db, step_id, &self->update, 0, error))
        return FALSE;
    }
  return TRUE;
}

void
atelier_store_steps_changed (AtelierStore *self, const char *execution_id, const char * const *steps, gsize n_steps,
                             const AtelierStepUpdate *update, AtelierStoreCommitted committed, gpointer user_data)
{
  StepsChanged *changed;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && update != NULL && (n_steps == 0 || steps != NULL));

  changed = ATELIER_EVENT (StepsChanged, apply_steps_changed);
  changed->execution_id = atelier_event_text (&changed->event, execution_id);
  changed->steps = atelier_event_alloc (&changed->event, n_steps * sizeof *changed->steps);
  changed->n_steps = n_steps;
  for (gsize i = 0; i < n_steps; i++)
    changed->steps[i] = atelier_event_text (&changed->event, steps[i]);
  atelier_steps_copy_update (&changed->event, &changed->update, update);
  atelier_store_queue (self, changed, committed, user_data);
}

void
atelier_store_step_changed (AtelierStore *self, const char *execution_id, const char *step,
                            const AtelierStepUpdate *update, AtelierStoreCommitted committed, gpointer user_data)
{
  atelier_store_steps_changed (self, execution_id, &step, 1, update, committed, user_data);
}

/* --- the hot pair --- */

typedef struct
{
  AtelierEvent       event;
  const char        *execution_id;
  const char        *step;
  AtelierStepUpdate  update;
  AtelierNewAttempt  attempt;
} StepStarted;

static gboolean
apply_step_started (AtelierDb *db, StepStarted *self, GError **error)
{
  gint64 step_id;

  return atelier_steps_find (db, self->execution_id, self->step, &step_id, error)
         && atelier_steps_update (db, step_id, &self->update, self->attempt.number, error)
         && insert_attempt (db, step_id, &self->attempt, error);
}

void
atelier_store_step_started (AtelierStore *self, const char *execution_id, const char *step,
                            const AtelierStepUpdate *update, const AtelierNewAttempt *attempt,
                            AtelierStoreCommitted committed, gpointer user_data)
{
  StepStarted *started;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && update != NULL && attempt != NULL);

  started = ATELIER_EVENT (StepStarted, apply_step_started);
  started->execution_id = atelier_event_text (&started->event, execution_id);
  started->step = atelier_event_text (&started->event, step);
  atelier_steps_copy_update (&started->event, &started->update, update);
  started->attempt = *attempt;
  atelier_event_texts (&started->event, &started->attempt, new_attempt_texts, G_N_ELEMENTS (new_attempt_texts));
  atelier_store_queue (self, started, committed, user_data);
}

typedef struct
{
  AtelierEvent              event;
  const char               *execution_id;
  const char               *step;
  gboolean                  has_update;
  AtelierStepUpdate         update;
  gboolean                  has_attempt;
  AtelierAttemptUpdate      attempt;
  const AtelierLineageItem *lineage;
  gsize                     n_lineage;
} StepEnded;

static gboolean
apply_step_ended (AtelierDb *db, StepEnded *self, GError **error)
{
  gint64 step_id;

  return atelier_steps_find (db, self->execution_id, self->step, &step_id, error)
         && (!self->has_update || atelier_steps_update (db, step_id, &self->update, 0, error))
         && (!self->has_attempt || update_attempt (db, step_id, &self->attempt, error))
         && atelier_lineage_add (db, step_id, self->attempt.number, self->lineage, self->n_lineage, error);
}

static StepEnded *
step_ended_new (const char *execution_id, const char *step, const AtelierAttemptUpdate *attempt)
{
  StepEnded *ended = ATELIER_EVENT (StepEnded, apply_step_ended);

  ended->execution_id = atelier_event_text (&ended->event, execution_id);
  ended->step = atelier_event_text (&ended->event, step);
  ended->has_attempt = attempt != NULL;
  if (attempt != NULL)
    {
      ended->attempt = *attempt;
      atelier_event_texts (&ended->event, &ended->attempt, attempt_update_texts, G_N_ELEMENTS (attempt_update_texts));
    }
  return ended;
}

void
atelier_store_step_ended (AtelierStore *self, const char *execution_id, const char *step,
                          const AtelierStepUpdate *update, const AtelierAttemptUpdate *attempt,
                          const AtelierLineageItem *lineage, gsize n_lineage, AtelierStoreCommitted committed,
                          gpointer user_data)
{
  StepEnded *ended;

  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && update != NULL && (n_lineage == 0 || lineage != NULL));

  ended = step_ended_new (execution_id, step, attempt);
  ended->has_update = TRUE;
  atelier_steps_copy_update (&ended->event, &ended->update, update);
  ended->lineage = atelier_lineage_copy (&ended->event, lineage, n_lineage);
  ended->n_lineage = n_lineage;
  atelier_store_queue (self, ended, committed, user_data);
}

void
atelier_store_attempt_changed (AtelierStore *self, const char *execution_id, const char *step,
                               const AtelierAttemptUpdate *attempt, AtelierStoreCommitted committed,
                               gpointer user_data)
{
  g_return_if_fail (ATELIER_IS_STORE (self));
  g_return_if_fail (execution_id != NULL && step != NULL && attempt != NULL);

  atelier_store_queue (self, step_ended_new (execution_id, step, attempt), committed, user_data);
}
