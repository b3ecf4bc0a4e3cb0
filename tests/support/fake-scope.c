/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include <gio/gio.h>

#include "fake-scope.h"

static char *
unquote (const char *text)
{
  return g_strdelimit (g_strdup (text), "`", '"');
}

json_t *
fake_json (const char *text)
{
  g_autofree char *unquoted = unquote (text);
  g_autoptr (GError) error = NULL;
  json_t *value = atelier_json_parse (unquoted, -1, &error);

  g_assert_no_error (error);
  return value;
}

AtelierDocument *
fake_document (const char *text)
{
  g_autofree char *unquoted = unquote (text);
  g_autoptr (GError) error = NULL;
  AtelierDocument *document;
  guint line, column;

  document = atelier_document_parse (unquoted, -1, &line, &column, &error);
  g_assert_no_error (error);
  return document;
}

static json_t *
look_up (FakeScope *self, const char *group, const char *name, GError **error)
{
  json_t *value = json_object_get (json_object_get (self->values, group), name);

  if (g_strcmp0 (json_string_value (value), "unreadable") == 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "Cannot read “%s”", name);
      return NULL;
    }
  return json_incref (value);
}

static json_t *
get_parameter (const char *name, gpointer user_data, GError **error)
{
  return look_up (user_data, "Parameters", name, error);
}

static json_t *
get_execution_variable (const char *name, gpointer user_data, GError **error)
{
  return look_up (user_data, "Execution", name, error);
}

static json_t *
get_experiment_label (const char *name, gpointer user_data, GError **error)
{
  return look_up (user_data, "Experiment", name, error);
}

static json_t *
get_step_properties (const char *step, gpointer user_data, GError **error)
{
  return look_up (user_data, "Steps", step, error);
}

static json_t *
get_property_file (const char *step, const char *property_file, gpointer user_data, GError **error)
{
  FakeScope *self = user_data;
  g_autofree char *name = g_strdup_printf ("%s/%s", step, property_file);

  self->n_reads++;
  return look_up (self, "PropertyFiles", name, error);
}

static json_t *
get_s3_json (const char *uri, gpointer user_data, GError **error)
{
  FakeScope *self = user_data;

  self->n_reads++;
  return look_up (self, "S3", uri, error);
}

FakeScope *
fake_scope_new (const char *text)
{
  FakeScope *self = g_new0 (FakeScope, 1);

  self->values = fake_json (text);
  self->scope = (AtelierScope) { get_parameter, get_execution_variable, get_experiment_label, get_step_properties,
                                 get_property_file, get_s3_json, self };
  return self;
}

void
fake_scope_free (FakeScope *self)
{
  json_decref (self->values);
  g_free (self);
}
