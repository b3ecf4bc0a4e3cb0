/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-json"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-json.h"

/* JSON values as the rest of the program uses them: parsed with a sentence on failure, read with a fallback so that a
 * missing key is not a special case. Duplicate keys are refused, since two readers would see two documents.
 * atelier-json-write.c has the other direction. */

G_DEFINE_QUARK (atelier-json-error-quark, atelier_json_error)

/* atelier_json_parse:
 * @text: UTF-8, need not end in NUL when @length is given
 * @length: in bytes, or -1
 *
 * Returns: (transfer full) (nullable): the value, of any JSON type; %NULL with ATELIER_JSON_ERROR_SYNTAX. */
json_t *
atelier_json_parse (const char *text, gssize length, GError **error)
{
  json_error_t problem;
  json_t *value;

  g_return_val_if_fail (text != NULL, NULL);

  value = json_loadb (text, length < 0 ? strlen (text) : (size_t) length,
                      JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
  if (value == NULL)
    g_set_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX, _("Line %d, column %d: %s"),
                 problem.line, problem.column, problem.text);
  return value;
}

/* atelier_json_read_file:
 *
 * Reads the whole of @path. The message names the file.
 *
 * Returns: (transfer full) (nullable): the value */
json_t *
atelier_json_read_file (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;
  json_t *value;

  g_return_val_if_fail (path != NULL, NULL);

  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  value = atelier_json_parse (text, length, error);
  if (value == NULL)
    g_prefix_error (error, _("“%s” is not valid JSON: "), path);
  return value;
}

const char *
atelier_json_get_string (const json_t *object, const char *key, const char *fallback)
{
  const char *text = json_string_value (json_object_get (object, key));

  return text != NULL ? text : fallback;
}

gint64
atelier_json_get_int (const json_t *object, const char *key, gint64 fallback)
{
  const json_t *value = json_object_get (object, key);

  return json_is_integer (value) ? json_integer_value (value) : fallback;
}

double
atelier_json_get_double (const json_t *object, const char *key, double fallback)
{
  const json_t *value = json_object_get (object, key);

  return json_is_number (value) ? json_number_value (value) : fallback;
}

gboolean
atelier_json_get_bool (const json_t *object, const char *key, gboolean fallback)
{
  const json_t *value = json_object_get (object, key);

  return json_is_boolean (value) ? json_is_true (value) : fallback;
}

/* Returns: (transfer none) (nullable): the member when it is an object */
json_t *
atelier_json_get_object (const json_t *object, const char *key)
{
  json_t *value = json_object_get (object, key);

  return json_is_object (value) ? value : NULL;
}

/* Returns: (transfer none) (nullable): the member when it is an array */
json_t *
atelier_json_get_array (const json_t *object, const char *key)
{
  json_t *value = json_object_get (object, key);

  return json_is_array (value) ? value : NULL;
}

/* atelier_json_set_string:
 * @value: (nullable): %NULL leaves the key out; bytes that are not UTF-8 are replaced */
void
atelier_json_set_string (json_t *object, const char *key, const char *value)
{
  g_autofree char *valid = NULL;

  if (value == NULL)
    return;
  if (json_object_set_new (object, key, json_string (value)) == 0)
    return;
  valid = g_utf8_make_valid (value, -1);
  json_object_set_new (object, key, json_string (valid));
}

void
atelier_json_set_int (json_t *object, const char *key, gint64 value)
{
  json_object_set_new (object, key, json_integer (value));
}

void
atelier_json_set_bool (json_t *object, const char *key, gboolean value)
{
  json_object_set_new (object, key, json_boolean (value));
}
