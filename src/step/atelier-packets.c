/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-packets"

#include "config.h"

#include <string.h>

#include "atelier-packets.h"

/* Packets out, as README.md has them. */

#define SENTENCE_BYTES 600 /* at most: one may quote what a client sent */

/* atelier_packet_tidy_sentence:
 *
 * Returns: (transfer full): the same in UTF-8, and not longer than fits a line of the journal */
char *
atelier_packet_tidy_sentence (const char *sentence)
{
  g_autofree char *begin = g_strndup (sentence, SENTENCE_BYTES);
  const char *end;

  if (strlen (sentence) > SENTENCE_BYTES && !g_utf8_validate (begin, -1, &end))
    begin[end - begin] = '\0';
  return g_utf8_make_valid (begin, -1);
}

json_t *
atelier_packet_new (const char *op, const char *step, gint64 attempt)
{
  return json_pack ("{s:s, s:s, s:I}", "op", op, "step", step, "attempt", (json_int_t) attempt);
}

json_t *
atelier_packet_new_error (const char *message)
{
  g_autofree char *sentence = atelier_packet_tidy_sentence (message);

  return json_pack ("{s:s, s:s}", "op", "error", "message", sentence);
}

static void
set_int (json_t *object, const char *key, gint64 value)
{
  json_object_set_new_nocheck (object, key, json_integer (value));
}

json_t *
atelier_packet_new_started (const AtelierTask *task)
{
  json_t *packet = atelier_packet_new ("started", task->step, task->attempt);

  set_int (packet, "pid", task->root.pid);
  set_int (packet, "start_ticks", (gint64) task->root.start_ticks);
  set_int (packet, "started_at_us", task->end.started_at_us);
  return packet;
}

/* atelier_packet_new_ended:
 * @is_recorded: whether the journal has it */
json_t *
atelier_packet_new_ended (const AtelierTask *task, gboolean is_recorded)
{
  json_t *packet = atelier_packet_new ("ended", task->step, task->attempt);

  atelier_attempt_end_to_json (&task->end, packet);
  if (!is_recorded)
    json_object_set_new_nocheck (packet, "recorded", json_false ());
  return packet;
}

/* Returns: an attempt's entry in “list” */
json_t *
atelier_packet_new_attempt (const AtelierTask *task)
{
  json_t *entry = json_pack ("{s:s}", "step", task->step);

  set_int (entry, "attempt", task->attempt);
  set_int (entry, "pid", task->root.pid);
  set_int (entry, "start_ticks", (gint64) task->root.start_ticks);
  set_int (entry, "started_at_us", task->end.started_at_us);
  set_int (entry, "memory_bytes", task->memory_bytes);
  set_int (entry, "processes", task->processes);
  set_int (entry, "log_bytes", task->log.size_bytes);
  json_object_set_new_nocheck (entry, "owned", json_boolean (task->owner != NULL));
  json_object_set_new_nocheck (entry, "stopping", json_boolean (task->phase != ATELIER_TASK_RUNNING));
  return entry;
}

/* Returns: a service's entry in “service-status”, which the answer to “service” begins with, too */
json_t *
atelier_packet_new_service (const AtelierTask *task)
{
  json_t *entry = json_pack ("{s:s}", "name", task->step);

  set_int (entry, "pid", task->root.pid);
  set_int (entry, "start_ticks", (gint64) task->root.start_ticks);
  set_int (entry, "exit_code", task->end.exit_code);
  set_int (entry, "signal", task->end.signal);
  json_object_set_new_nocheck (entry, "running", json_boolean (!task->root.reaped));
  return entry;
}
