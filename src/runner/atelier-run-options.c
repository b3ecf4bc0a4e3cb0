/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include "atelier-run.h"

/* How an execution is carried out, as JSON: it is kept with the execution, so that a resume goes on in the same way. */

json_t *
atelier_run_options_to_json (const AtelierRunOptions *self)
{
  json_t *options = json_object ();
  json_t *network = json_array ();

  for (gsize i = 0; self->network != NULL && self->network[i] != NULL; i++)
    json_array_append_new (network, json_string (self->network[i]));
  atelier_json_set_int (options, "parallel", self->parallel);
  atelier_json_set_bool (options, "fail_slow", self->fail_slow);
  atelier_json_set_bool (options, "without_cache", self->without_cache);
  atelier_json_set_bool (options, "without_sandbox", self->without_sandbox);
  atelier_json_set_int (options, "grace_ms", self->grace_ms);
  atelier_json_set_int (options, "log_limit_bytes", self->log_limit_bytes);
  json_object_set_new (options, "network", network);
  return options;
}

/* @self: (out): free with atelier_run_options_clear() */
gboolean
atelier_run_options_from_json (AtelierRunOptions *self, const json_t *options)
{
  json_t *list = atelier_json_get_array (options, "network"), *name;
  g_autoptr (GPtrArray) network = g_ptr_array_new ();
  size_t i;

  *self = (AtelierRunOptions) {
    .parallel = (guint) CLAMP (atelier_json_get_int (options, "parallel", 0), 0, G_MAXINT),
    .fail_slow = atelier_json_get_bool (options, "fail_slow", FALSE),
    .without_cache = atelier_json_get_bool (options, "without_cache", FALSE),
    .without_sandbox = atelier_json_get_bool (options, "without_sandbox", FALSE),
    .grace_ms = MAX (atelier_json_get_int (options, "grace_ms", 0), 0),
    .log_limit_bytes = MAX (atelier_json_get_int (options, "log_limit_bytes", 0), 0),
  };
  json_array_foreach (list, i, name)
    if (json_is_string (name))
      g_ptr_array_add (network, g_strdup (json_string_value (name)));
  g_ptr_array_add (network, NULL);
  self->network = (char **) g_ptr_array_free (g_steal_pointer (&network), FALSE);
  return json_is_object (options);
}

void
atelier_run_options_clear (AtelierRunOptions *self)
{
  g_clear_pointer (&self->network, g_strfreev);
}
