/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-json"

#include "config.h"

#include <math.h>
#include <string.h>

#include "atelier-json.h"

#include "atelier-digest.h"
#include "atelier-files.h"

/* JSON values to text: keys sorted, so that a change is one line in a diff and equal values give equal text.
 *
 * The writer is ours and not jansson's json_dumps() because of numbers: jansson writes 0.1 as 0.10000000000000001 up to
 * 2.14 and as 0.1 from 2.15 on. People read these texts, and digests of them are kept and compared for years. */

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Returns: (nullable): what stands for @c in a string; %NULL when it stands for itself or has no short form */
static const char *
get_short_escape (char c)
{
  switch (c)
    {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return NULL;
    }
}

static void
append_string (GString *text, const char *string, gsize length)
{
  gsize start = 0;

  g_string_append_c (text, '"');
  for (gsize i = 0; i < length; i++)
    {
      const char *escape = get_short_escape (string[i]);

      if (escape == NULL && (guchar) string[i] >= 0x20)
        continue;
      g_string_append_len (text, string + start, (gssize) (i - start));
      start = i + 1;
      if (escape != NULL)
        g_string_append (text, escape);
      else
        g_string_append_printf (text, "\\u%04X", (guint) (guchar) string[i]);
    }
  g_string_append_len (text, string + start, (gssize) (length - start));
  g_string_append_c (text, '"');
}

/* A line of its own for the next item; nothing at all where @indent is 0. */
static void
append_break (GString *text, guint indent, guint depth)
{
  if (indent > 0)
    g_string_append_printf (text, "\n%*s", (int) (indent * depth), "");
}

static void append_value (GString *text, const json_t *value, guint indent, guint depth);

static void
append_object (GString *text, const json_t *object, guint indent, guint depth)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_sized_new ((guint) json_object_size (object));
  const char *key;
  json_t *value;

  json_object_foreach ((json_t *) object, key, value)
    g_ptr_array_add (keys, (char *) key);
  g_ptr_array_sort (keys, compare_keys);
  g_string_append_c (text, '{');
  for (guint i = 0; i < keys->len; i++)
    {
      key = g_ptr_array_index (keys, i);
      if (i > 0)
        g_string_append_c (text, ',');
      append_break (text, indent, depth + 1);
      append_string (text, key, strlen (key));
      g_string_append (text, indent > 0 ? ": " : ":");
      append_value (text, json_object_get (object, key), indent, depth + 1);
    }
  if (keys->len > 0)
    append_break (text, indent, depth);
  g_string_append_c (text, '}');
}

static void
append_array (GString *text, const json_t *array, guint indent, guint depth)
{
  const json_t *value;
  size_t i;

  g_string_append_c (text, '[');
  json_array_foreach (array, i, value)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      append_break (text, indent, depth + 1);
      append_value (text, value, indent, depth + 1);
    }
  if (json_array_size (array) > 0)
    append_break (text, indent, depth);
  g_string_append_c (text, ']');
}

static void
append_value (GString *text, const json_t *value, guint indent, guint depth)
{
  g_autofree char *real = NULL;

  switch (value != NULL ? json_typeof (value) : JSON_NULL)
    {
    case JSON_OBJECT:
      append_object (text, value, indent, depth);
      break;
    case JSON_ARRAY:
      append_array (text, value, indent, depth);
      break;
    case JSON_STRING:
      append_string (text, json_string_value (value), json_string_length (value));
      break;
    case JSON_INTEGER:
      g_string_append_printf (text, "%" JSON_INTEGER_FORMAT, json_integer_value (value));
      break;
    case JSON_REAL:
      real = atelier_json_double_to_text (json_real_value (value));
      g_string_append (text, real);
      break;
    case JSON_TRUE:
      g_string_append (text, "true");
      break;
    case JSON_FALSE:
      g_string_append (text, "false");
      break;
    case JSON_NULL:
    default:
      g_string_append (text, "null");
    }
}

/* atelier_json_compact:
 * @value: (nullable): %NULL gives "null"
 *
 * Returns: (transfer full): one line without blanks, keys sorted: equal values give equal text */
char *
atelier_json_compact (const json_t *value)
{
  GString *text = g_string_new (NULL);

  append_value (text, value, 0, 0);
  return g_string_free (text, FALSE);
}

/* atelier_json_pretty:
 * @value: (nullable): %NULL gives "null"
 *
 * Returns: (transfer full): indented by two, keys sorted, with a final newline */
char *
atelier_json_pretty (const json_t *value)
{
  GString *text = g_string_new (NULL);

  append_value (text, value, 2, 0);
  g_string_append_c (text, '\n');
  return g_string_free (text, FALSE);
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

/* atelier_json_write_file:
 *
 * Replaces @path in one step (a reader sees the old or the new file), pretty, with sorted keys and a final newline. */
gboolean
atelier_json_write_file (const char *path, const json_t *value, GError **error)
{
  g_autofree char *text = atelier_json_pretty (value);

  return atelier_files_write_atomic (path, text, -1, 0644, error);
}

/* Adds one to the last digit of "d.ddde±xx". A 9 there is left alone: its carry gives a text of fewer digits, which
 * was tried before. */
static gboolean
increment_last_digit (char *scientific)
{
  char *last = strchr (scientific, 'e') - 1;

  if (*last == '9' || *last == '.')
    return FALSE;
  (*last)++;
  return TRUE;
}

/* The shortest "-d.ddde±xx" that reads back as @value. Below a power of two doubles are twice as dense as above it:
 * there the nearest decimal may be another double's while its upper neighbour, equally short, still reads back. */
static void
format_shortest (char *text, int size, double value)
{
  for (int precision = 0; precision <= 16; precision++)
    {
      char format[8];

      g_snprintf (format, sizeof format, "%%.%de", precision);
      g_ascii_formatd (text, size, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        return;
      if (precision == 15 && increment_last_digit (text) && g_ascii_strtod (text, NULL) == value)
        return;
    }
}

/* atelier_json_double_to_text:
 *
 * The shortest text that reads back as the same double, with at least one decimal, as Python prints it:
 * 5.0, 0.1, 1e-07 (the definition format's "Types and coercion").
 *
 * Returns: (transfer full): text in the C locale */
char *
atelier_json_double_to_text (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  const char *exponent_text;
  int n_decimals, exponent;

  if (!isfinite (value))
    return g_strdup (isnan (value) ? "nan" : value > 0 ? "inf" : "-inf");
  format_shortest (text, sizeof text, value);
  exponent_text = strchr (text, 'e');
  exponent = (int) g_ascii_strtoll (exponent_text + 1, NULL, 10);
  if (exponent < -4 || exponent >= 16)
    return g_strdup (text);
  n_decimals = strchr (text, '.') != NULL ? (int) (exponent_text - strchr (text, '.')) - 1 : 0;
  {
    char format[8];

    g_snprintf (format, sizeof format, "%%.%df", MAX (n_decimals - exponent, 1));
    g_ascii_formatd (text, sizeof text, format, value);
  }
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
  return json_is_string (value) ? g_strdup (json_string_value (value)) : atelier_json_compact (value);
}
