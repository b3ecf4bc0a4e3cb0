/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-parameter-value.h"

/* Parameter values arrive as text (typed in a form, on a command line, in a call) or as JSON (a default, a preset).
 * Both end as a JSON value of the declared type that has passed the same rules. */

static const char * const words[] =
{
  [ATELIER_VALUE_TYPE_STRING] = "String",
  [ATELIER_VALUE_TYPE_INTEGER] = "Integer",
  [ATELIER_VALUE_TYPE_FLOAT] = "Float",
  [ATELIER_VALUE_TYPE_BOOLEAN] = "Boolean",
};
G_STATIC_ASSERT (G_N_ELEMENTS (words) == ATELIER_VALUE_TYPE_N_VALUES);

const char *
atelier_value_type_to_text (AtelierValueType type)
{
  g_return_val_if_fail (type < ATELIER_VALUE_TYPE_N_VALUES, NULL);

  return words[type];
}

gboolean
atelier_value_type_from_text (const char *text, AtelierValueType *type)
{
  g_return_val_if_fail (type != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (words[i], text) == 0)
      {
        *type = i;
        return TRUE;
      }
  return FALSE;
}

static const char *
get_expectation (AtelierValueType type)
{
  switch (type)
    {
    case ATELIER_VALUE_TYPE_INTEGER:
      return _("an integer, such as 42");
    case ATELIER_VALUE_TYPE_FLOAT:
      return _("a number, such as 0.5");
    case ATELIER_VALUE_TYPE_BOOLEAN:
      return _("true or false");
    case ATELIER_VALUE_TYPE_STRING:
    case ATELIER_VALUE_TYPE_N_VALUES:
    default:
      return _("a text");
    }
}

static json_t *
parse_integer (const char *text)
{
  gint64 number;

  /* g_ascii_string_to_signed() takes no leading plus, which people do type. */
  if (text[0] == '+' && g_ascii_isdigit (text[1]))
    text++;
  if (!g_ascii_string_to_signed (text, 10, G_MININT64, G_MAXINT64, &number, NULL))
    return NULL;
  return json_integer (number);
}

static json_t *
parse_float (const char *text)
{
  char *end;
  double number;

  /* Decimal notation only: strtod would also take hexadecimal, “inf” and “nan”. */
  if (*text == '\0' || strspn (text, "0123456789+-.eE") != strlen (text))
    return NULL;
  number = g_ascii_strtod (text, &end);
  if (*end != '\0' || !isfinite (number))
    return NULL;
  return json_real (number);
}

static json_t *
parse_boolean (const char *text)
{
  if (g_ascii_strcasecmp (text, "true") == 0)
    return json_true ();
  if (g_ascii_strcasecmp (text, "false") == 0)
    return json_false ();
  return NULL;
}

json_t *
atelier_value_parse (AtelierValueType type, const char *what, const char *text, GError **error)
{
  g_autofree char *stripped = NULL;
  json_t *value = NULL;

  g_return_val_if_fail (what != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  if (type == ATELIER_VALUE_TYPE_STRING)
    {
      value = json_string (text);
      if (value == NULL)
        g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE, _("%s is not valid UTF-8 text"), what);
      return value;
    }
  stripped = g_strstrip (g_strdup (text));
  if (type == ATELIER_VALUE_TYPE_INTEGER)
    value = parse_integer (stripped);
  else if (type == ATELIER_VALUE_TYPE_FLOAT)
    value = parse_float (stripped);
  else
    value = parse_boolean (stripped);
  if (value == NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (text, -1);

      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE, _("%s needs %s, not “%s”"), what,
                   get_expectation (type), shown);
    }
  return value;
}

static gboolean
check_enum (const char *what, const AtelierNode *enum_values, const json_t *value, GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GString) allowed = NULL;
  guint length = atelier_node_get_length (enum_values);

  if (atelier_node_get_kind (enum_values) != ATELIER_NODE_ARRAY || length == 0)
    return TRUE;
  text = atelier_json_to_text (value);
  allowed = g_string_new (NULL);
  for (guint i = 0; i < length; i++)
    {
      const char *item = atelier_node_get_string (atelier_node_get_item (enum_values, i));

      if (item == NULL)
        continue;
      if (strcmp (item, text) == 0)
        return TRUE;
      g_string_append_printf (allowed, _("%s“%s”"), allowed->len > 0 ? ", " : "", item);
    }
  g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE, _("%s cannot be “%s”; it is one of %s"), what,
               text, allowed->str);
  return FALSE;
}

json_t *
atelier_parameter_value_parse (const char        *name,
                               AtelierValueType   type,
                               const AtelierNode *enum_values,
                               const char        *text,
                               GError           **error)
{
  g_autofree char *what = g_strdup_printf (_("Parameter “%s”"), name);
  g_autoptr (json_t) value = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (text != NULL, NULL);

  if (*text == '\0')
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE,
                   _("%s is empty; give a value, or leave it out to use its default"), what);
      return NULL;
    }
  value = atelier_value_parse (type, what, text, error);
  if (value == NULL)
    return NULL;
  if (g_utf8_strlen (text, -1) > ATELIER_PARAMETER_VALUE_MAX_CHARACTERS)
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE, _("%s is longer than %d characters"), what,
                   ATELIER_PARAMETER_VALUE_MAX_CHARACTERS);
      return NULL;
    }
  return check_enum (what, enum_values, value, error) ? g_steal_pointer (&value) : NULL;
}

static json_t *
convert (AtelierValueType type, const json_t *value)
{
  switch (type)
    {
    case ATELIER_VALUE_TYPE_STRING:
      return json_is_string (value) ? json_copy ((json_t *) value) : NULL;
    case ATELIER_VALUE_TYPE_INTEGER:
      return json_is_integer (value) ? json_copy ((json_t *) value) : NULL;
    case ATELIER_VALUE_TYPE_FLOAT:
      return json_is_number (value) ? json_real (json_number_value (value)) : NULL;
    case ATELIER_VALUE_TYPE_BOOLEAN:
      return json_is_boolean (value) ? json_boolean (json_is_true (value)) : NULL;
    case ATELIER_VALUE_TYPE_N_VALUES:
    default:
      g_return_val_if_reached (NULL);
    }
}

json_t *
atelier_parameter_value_check (const char        *name,
                               AtelierValueType   type,
                               const AtelierNode *enum_values,
                               const json_t      *value,
                               GError           **error)
{
  g_autofree char *what = g_strdup_printf (_("Parameter “%s”"), name);
  g_autoptr (json_t) result = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (value != NULL, NULL);

  result = convert (type, value);
  if (result == NULL)
    {
      g_autofree char *shown = json_is_string (value) ? atelier_json_compact (value) : atelier_json_to_text (value);

      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE, _("%s needs %s, not %s"), what,
                   get_expectation (type), shown);
      return NULL;
    }
  return check_enum (what, enum_values, result, error) ? g_steal_pointer (&result) : NULL;
}
