/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-supervisor"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-supervisor-private.h"

#include "atelier-packets.h"

/* What clients ask for, and what they are told. */

/* @packet: (transfer full). Whoever does not read is let go: an attempt does not need its owner. */
static void
tell (AtelierConnection *connection, json_t *packet)
{
  char *text = json_dumps (packet, JSON_COMPACT);

  if (!connection->is_gone && send (connection->fd, text, strlen (text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    {
      g_debug ("send: %s", g_strerror (errno));
      connection->is_gone = TRUE;
    }
  free (text);
  json_decref (packet);
}

/* atelier_supervisor_tell_error:
 * @message: a sentence */
void
atelier_supervisor_tell_error (AtelierConnection *connection, const char *message)
{
  tell (connection, atelier_packet_new_error (message));
}

/* --- Attempts --- */

static AtelierTask *
find_attempt (AtelierSupervisor *self, const char *step, gint64 attempt)
{
  for (guint i = 0; i < self->tasks->len; i++)
    {
      AtelierTask *task = g_ptr_array_index (self->tasks, i);

      if (!task->root.is_service && task->attempt == attempt && strcmp (task->step, step) == 0)
        return task;
    }
  return NULL;
}

static void
set_owner (AtelierTask *task, AtelierConnection *connection)
{
  AtelierConnection *former = task->owner;

  if (former == connection)
    return;
  if (former != NULL)
    {
      former->task = NULL;
      tell (former, atelier_packet_new ("taken", task->step, task->attempt));
    }
  task->owner = connection;
  connection->task = task;
}

/* Tells the owner, if there is one, that the attempt runs. */
void
atelier_supervisor_tell_started (AtelierTask *task)
{
  task->tell_at_us = 0;
  if (task->owner != NULL)
    tell (task->owner, atelier_packet_new_started (task));
}

static void
add_task (AtelierSupervisor *self, AtelierTask *task)
{
  g_ptr_array_add (self->tasks, task);
  atelier_tree_add (self->tree, &task->root);
  if (!task->root.is_service)
    self->n_attempts++;
  self->looked_for_strays = FALSE;
}

static gboolean
record_end (AtelierSupervisor *self, const AtelierTask *task)
{
  g_autoptr (GError) error = NULL;

  if (atelier_journal_writer_end (self->journal, task->step, task->attempt, &task->end, &error))
    return TRUE;
  g_warning ("%s", error->message);
  self->retry_at_us = g_get_monotonic_time () + ATELIER_RETRY_US;
  return FALSE;
}

/* atelier_supervisor_settle:
 * @task: (transfer full): of which nothing is left
 *
 * Records its end and tells its owner. */
void
atelier_supervisor_settle (AtelierSupervisor *self, AtelierTask *task)
{
  AtelierConnection *owner = task->owner;
  gboolean is_recorded;

  atelier_task_finish (task);
  atelier_tree_remove (self->tree, &task->root);
  g_ptr_array_remove_fast (self->tasks, task);
  if (task->root.is_service)
    {
      g_ptr_array_add (self->services, task);
      return;
    }
  is_recorded = record_end (self, task);
  if (owner != NULL)
    {
      owner->task = NULL;
      tell (owner, atelier_packet_new_ended (task, is_recorded));
    }
  atelier_task_free (task);
  if (--self->n_attempts == 0)
    {
      self->idle_since_us = g_get_monotonic_time ();
      self->idle_until_us = self->idle_since_us + ATELIER_LINGER_US;
    }
}

/* An attempt that never ran: @is_intended when the journal has it. */
static void
settle_not_started (AtelierSupervisor *self, AtelierConnection *connection, AtelierTask *task, const GError *problem,
                    gboolean is_intended)
{
  task->end.reason = ATELIER_END_REASON_NOT_STARTED;
  task->end.message = atelier_packet_tidy_sentence (problem->message);
  atelier_task_finish (task);
  tell (connection, atelier_packet_new_ended (task, is_intended && record_end (self, task)));
}

static void
start (AtelierSupervisor *self, AtelierConnection *connection, AtelierRequest *request)
{
  g_autoptr (AtelierTask) task = NULL;
  g_autoptr (GError) error = NULL;
  const char *refusal = NULL;
  gboolean is_intended;

  if (self->is_ending)
    refusal = _("The supervisor is ending");
  else if (connection->task != NULL)
    refusal = _("This connection has an attempt under way");
  else if (find_attempt (self, request->step, request->attempt) != NULL)
    refusal = _("This attempt is under way");
  if (refusal != NULL)
    {
      atelier_supervisor_tell_error (connection, refusal);
      return;
    }
  task = atelier_task_new (request, atelier_tree_take_mark (self->tree), self->run_name);
  is_intended = atelier_journal_writer_start (self->journal, task->step, task->attempt, g_get_real_time (),
                                              self->n_attempts, &error);
  if (!is_intended || !atelier_task_spawn (task, request, &error))
    {
      settle_not_started (self, connection, task, error, is_intended);
      return;
    }
  add_task (self, task);
  set_owner (task, connection);
  if (!atelier_journal_writer_started (self->journal, task->step, task->attempt, task->root.pid,
                                       task->root.start_ticks, self->boot_id, &error))
    atelier_task_stop (task, self->tree, ATELIER_END_REASON_NOT_STARTED, error->message, 0);
  else if (request->started_after_ms == 0)
    atelier_supervisor_tell_started (task);
  else
    task->tell_at_us = task->started_us + request->started_after_ms * 1000;
  g_steal_pointer (&task);
}

static void
start_file (AtelierSupervisor *self, AtelierConnection *connection, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierRequest) request = atelier_request_read_file (path, &error);

  if (request == NULL)
    atelier_supervisor_tell_error (connection, error->message);
  else
    start (self, connection, request);
}

static void
stop (AtelierSupervisor *self, AtelierConnection *connection, gint64 grace_ms)
{
  AtelierTask *task = connection->task;

  if (task != NULL)
    atelier_task_stop (task, self->tree, ATELIER_END_REASON_STOPPED, NULL,
                       grace_ms >= 0 ? grace_ms : task->limits.grace_ms);
}

static void
attach (AtelierSupervisor *self, AtelierConnection *connection, const AtelierRequest *request)
{
  AtelierTask *task = find_attempt (self, request->step, request->attempt);

  if (task == NULL)
    tell (connection, atelier_packet_new ("unknown", request->step, request->attempt));
  else if (connection->task != NULL && connection->task != task)
    atelier_supervisor_tell_error (connection, _("This connection has an attempt under way"));
  else
    {
      set_owner (task, connection);
      atelier_supervisor_tell_started (task);
    }
}

static void
list (AtelierSupervisor *self, AtelierConnection *connection)
{
  json_t *attempts = json_array ();

  for (guint i = 0; i < self->tasks->len; i++)
    if (!((AtelierTask *) g_ptr_array_index (self->tasks, i))->root.is_service)
      json_array_append_new (attempts, atelier_packet_new_attempt (g_ptr_array_index (self->tasks, i)));
  tell (connection, json_pack ("{s:s, s:o}", "op", "list", "attempts", attempts));
}

/* --- Services --- */

static AtelierTask *
find_service (GPtrArray *tasks, const char *name)
{
  for (guint i = 0; i < tasks->len; i++)
    {
      AtelierTask *task = g_ptr_array_index (tasks, i);

      if (task->root.is_service && strcmp (task->step, name) == 0)
        return task;
    }
  return NULL;
}

static void
serve (AtelierSupervisor *self, AtelierConnection *connection, AtelierRequest *request)
{
  AtelierTask *task = find_service (self->tasks, request->step);
  g_autoptr (AtelierTask) fresh = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_new = FALSE;
  json_t *packet;

  if (task == NULL)
    task = find_service (self->services, request->step);
  if (task == NULL)
    {
      fresh = atelier_task_new (request, atelier_tree_take_mark (self->tree), self->run_name);
      if (self->is_ending || !atelier_task_spawn (fresh, request, &error))
        {
          atelier_supervisor_tell_error (connection, error != NULL ? error->message : _("The supervisor is ending"));
          return;
        }
      task = g_steal_pointer (&fresh);
      add_task (self, task);
      is_new = TRUE;
    }
  packet = atelier_packet_new_service (task);
  json_object_set_new_nocheck (packet, "op", json_string ("service"));
  json_object_set_new_nocheck (packet, "new", json_boolean (is_new));
  tell (connection, packet);
}

static void
list_services (AtelierSupervisor *self, AtelierConnection *connection)
{
  json_t *services = json_array ();

  for (guint i = 0; i < self->tasks->len; i++)
    if (((AtelierTask *) g_ptr_array_index (self->tasks, i))->root.is_service)
      json_array_append_new (services, atelier_packet_new_service (g_ptr_array_index (self->tasks, i)));
  for (guint i = 0; i < self->services->len; i++)
    json_array_append_new (services, atelier_packet_new_service (g_ptr_array_index (self->services, i)));
  tell (connection, json_pack ("{s:s, s:o}", "op", "service-status", "services", services));
}

/* atelier_supervisor_handle:
 * @length: of the packet in self->packet */
void
atelier_supervisor_handle (AtelierSupervisor *self, AtelierConnection *connection, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierRequest) request = atelier_request_parse (self->packet, length, &error);

  if (request == NULL)
    {
      atelier_supervisor_tell_error (connection, error->message);
      return;
    }
  switch (request->op)
    {
    case ATELIER_OP_START:
      start (self, connection, request);
      break;
    case ATELIER_OP_START_FILE:
      start_file (self, connection, request->path);
      break;
    case ATELIER_OP_STOP:
      stop (self, connection, request->grace_ms);
      break;
    case ATELIER_OP_ATTACH:
      attach (self, connection, request);
      break;
    case ATELIER_OP_LIST:
      list (self, connection);
      break;
    case ATELIER_OP_SERVICE:
      serve (self, connection, request);
      break;
    case ATELIER_OP_SERVICE_STATUS:
      list_services (self, connection);
      break;
    case ATELIER_OP_HELLO:
      tell (connection, json_pack ("{s:s, s:s, s:i, s:i, s:s}", "op", "hello", "version", ATELIER_VERSION, "protocol",
                                   ATELIER_STEP_PROTOCOL, "pid", (int) getpid (), "boot_id", self->boot_id));
      break;
    case ATELIER_OP_BYE:
      connection->is_gone = connection->said_bye = TRUE;
      break;
    case ATELIER_OP_N_VALUES:
    default:
      break;
    }
}

