/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-json"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-json.h"

#include "atelier-digest.h"
#include "atelier-files.h"

/* JSON values as the rest of the program uses them: parsed with a sentence on failure, written with sorted keys so
 * that a change is one line in a diff, read with a fallback so that a missing key is not a special case.
 * Duplicate keys are refused, since two readers would see two documents. */

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

/* atelier_json_write_file:
 *
 * Replaces @path in one step (a reader sees the old or the new file), pretty, with sorted keys and a final newline. */
gboolean
atelier_json_write_file (const char *path, const json_t *value, GError **error)
{
  g_autofree char *text = atelier_json_pretty (value);

  return atelier_files_write_atomic (path, text, -1, 0644, error);
}

static char *
dump (const json_t *value, size_t flags, const char *ending)
{
  char *text = json_dumps (value, flags | JSON_ENCODE_ANY);
  char *result = g_strconcat (text != NULL ? text : "null", ending, NULL);

  free (text);
  return result;
}

/* atelier_json_compact:
 *
 * Returns: (transfer full): one line without blanks, keys sorted: equal values give equal text */
char *
atelier_json_compact (const json_t *value)
{
  return dump (value, JSON_COMPACT | JSON_SORT_KEYS, "");
}

/* atelier_json_pretty:
 *
 * Returns: (transfer full): indented by two, keys sorted, with a final newline */
char *
atelier_json_pretty (const json_t *value)
{
  return dump (value, JSON_INDENT (2) | JSON_SORT_KEYS, "\n");
}

/* atelier_json_digest:
 *
 * Returns: (transfer full): SHA-256 of atelier_json_compact(), in hexadecimal */
char *
atelier_json_digest (const json_t *value)
{
  g_autofree char *text = atelier_json_compact (value);

  return atelier_digest_text (text, -1);
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

/* atelier_json_double_to_text:
 *
 * The shortest text that reads back as the same double, with at least one decimal, as Python prints it:
 * 5.0, 0.1, 1e-07 (SAGEMAKER-DEFINITION, "Types and coercion").
 *
 * Returns: (transfer full): text in the C locale */
char *
atelier_json_double_to_text (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  int digits;

  if (!isfinite (value))
    return g_strdup (isnan (value) ? "nan" : value > 0 ? "inf" : "-inf");
  for (digits = 1; digits < 17; digits++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  if (digits == 17)
    g_ascii_formatd (text, sizeof text, "%.17g", value);
  if (fabs (value) >= 1e-4 && fabs (value) < 1e16)
    {
      /* %g turns to exponents earlier than Python does */
      if (strchr (text, 'e') != NULL)
        g_ascii_formatd (text, sizeof text, "%.0f", value);
    }
  if (strpbrk (text, ".en") == NULL)
    g_strlcat (text, ".0", sizeof text);
  return g_strdup (text);
}

/* atelier_json_to_text:
 *
 * The text form of a value where a job field wants text: strings as they are, integers in decimal, floats as
 * atelier_json_double_to_text(), booleans "true" and "false", anything else compact JSON.
 *
 * Returns: (transfer full): the text */
char *
atelier_json_to_text (const json_t *value)
{
  switch (value != NULL ? json_typeof (value) : JSON_NULL)
    {
    case JSON_STRING:
      return g_strdup (json_string_value (value));
    case JSON_INTEGER:
      return g_strdup_printf ("%" JSON_INTEGER_FORMAT, json_integer_value (value));
    case JSON_REAL:
      return atelier_json_double_to_text (json_real_value (value));
    case JSON_TRUE:
      return g_strdup ("true");
    case JSON_FALSE:
      return g_strdup ("false");
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
    default:
      return atelier_json_compact (value);
    }
}
