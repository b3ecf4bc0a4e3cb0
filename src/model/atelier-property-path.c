/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-property-path.h"

#include "atelier-text.h"

/* Property paths are tokenised, never split at dots: a quoted key may hold dots, blanks and brackets.
 *
 *     path    = segment ("." segment)*
 *     segment = identifier index*
 *     index   = "[" digits "]" | "['" text "']" | "[\"" text "\"]"
 *
 * The Path of Std:JsonGet may begin with "$" or "$." and, since a document may be a list, with an index.
 * A text ends at the next quote of its own kind: the grammar has no escapes. */

struct _AtelierPropertyPath
{
  char   *text;
  GArray *segments; /* (element-type AtelierPathSegment), texts owned */
};

typedef struct
{
  const char *text;
  const char *at;       /* the next byte to read */
  gboolean    is_json;
  GArray     *segments;
} Reader;

static gboolean
fail (const Reader *reader, const char *message, GError **error)
{
  g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("Character %ld of path “%s”: %s"),
               g_utf8_pointer_to_offset (reader->text, reader->at) + 1, reader->text, message);
  return FALSE;
}

static gboolean
is_identifier_byte (const Reader *reader, char c)
{
  if (reader->is_json)
    return c != '\0' && strchr (".[]'\"", c) == NULL;
  return g_ascii_isalnum (c) || c == '_' || c == '-' || c == ':';
}

static void
add_segment (Reader *reader, AtelierPathSegmentKind kind, const char *start, char *text, guint index)
{
  AtelierPathSegment segment = { kind, text, index, start - reader->text, reader->at - reader->text };

  g_array_append_val (reader->segments, segment);
}

static gboolean
read_identifier (Reader *reader, GError **error)
{
  const char *start = reader->at;
  g_autofree char *text = NULL;

  while (is_identifier_byte (reader, *reader->at))
    reader->at++;
  if (reader->at == start)
    return fail (reader, *start == '\0' ? _("a name is missing at the end") : _("a name is expected here"), error);
  text = g_strndup (start, reader->at - start);
  if (reader->is_json && (strchr (text, '*') != NULL || strpbrk (text, "?@(") != NULL))
    {
      reader->at = start;
      return fail (reader, _("wildcards and filters are not supported; write the path to one value"), error);
    }
  add_segment (reader, ATELIER_PATH_SEGMENT_NAME, start, g_steal_pointer (&text), 0);
  return TRUE;
}

static gboolean
read_index (Reader *reader, GError **error)
{
  const char *start = reader->at++; /* the bracket */
  char quote = *reader->at;

  if (quote == '\'' || quote == '"')
    {
      const char *first = reader->at + 1;
      const char *end = strchr (first, quote);

      if (end == NULL)
        return fail (reader, _("the closing quote is missing"), error);
      reader->at = end + 1;
      if (*reader->at != ']')
        return fail (reader, _("“]” is expected here"), error);
      reader->at++;
      add_segment (reader, ATELIER_PATH_SEGMENT_KEY, start, g_strndup (first, end - first), 0);
    }
  else if (g_ascii_isdigit (quote))
    {
      char *end;
      guint64 index = g_ascii_strtoull (reader->at, &end, 10);

      if (index > G_MAXINT32)
        return fail (reader, _("the index is too large"), error);
      reader->at = end;
      if (*reader->at != ']')
        return fail (reader, _("“]” is expected here"), error);
      reader->at++;
      add_segment (reader, ATELIER_PATH_SEGMENT_INDEX, start, NULL, index);
    }
  else if (reader->is_json && quote != '\0' && strchr ("*?:", quote) != NULL)
    return fail (reader, _("wildcards and filters are not supported; write the path to one value"), error);
  else
    return fail (reader, _("a number from 0 or a text in quotes is expected here"), error);
  return TRUE;
}

static gboolean
read_indices (Reader *reader, GError **error)
{
  while (*reader->at == '[')
    if (!read_index (reader, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_segments (Reader *reader, GError **error)
{
  for (;;)
    {
      if (!read_identifier (reader, error) || !read_indices (reader, error))
        return FALSE;
      if (*reader->at == '\0')
        return TRUE;
      if (*reader->at != '.')
        return fail (reader, _("“.” or “[” is expected here"), error);
      reader->at++;
    }
}

static gboolean
read_json_path (Reader *reader, GError **error)
{
  gboolean rooted = *reader->at == '$' && (reader->at[1] == '\0' || reader->at[1] == '.' || reader->at[1] == '[');

  if (rooted)
    {
      reader->at++;
      if (*reader->at == '\0')
        return TRUE;
      if (*reader->at == '.')
        {
          reader->at++;
          return read_segments (reader, error);
        }
    }
  if (*reader->at != '[')
    return read_segments (reader, error);
  if (!read_indices (reader, error))
    return FALSE;
  if (*reader->at == '\0')
    return TRUE;
  if (*reader->at != '.')
    return fail (reader, _("“.” or “[” is expected here"), error);
  reader->at++;
  return read_segments (reader, error);
}

static void
clear_segment (gpointer data)
{
  AtelierPathSegment *segment = data;

  g_free ((char *) segment->text);
}

static AtelierPropertyPath *
parse (const char *text, gboolean is_json, GError **error)
{
  g_autoptr (AtelierPropertyPath) self = g_new0 (AtelierPropertyPath, 1);
  Reader reader;

  self->text = g_strdup (text);
  self->segments = g_array_new (FALSE, FALSE, sizeof (AtelierPathSegment));
  g_array_set_clear_func (self->segments, clear_segment);
  reader = (Reader) { self->text, self->text, is_json, self->segments };
  if (is_json ? read_json_path (&reader, error) : read_segments (&reader, error))
    return g_steal_pointer (&self);
  return NULL;
}

AtelierPropertyPath *
atelier_property_path_parse (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  return parse (text, FALSE, error);
}

AtelierPropertyPath *
atelier_property_path_parse_json (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  return parse (text, TRUE, error);
}

void
atelier_property_path_free (AtelierPropertyPath *self)
{
  g_return_if_fail (self != NULL);

  g_array_unref (self->segments);
  g_free (self->text);
  g_free (self);
}

const char *
atelier_property_path_get_text (const AtelierPropertyPath *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

guint
atelier_property_path_get_length (const AtelierPropertyPath *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->segments->len;
}

const AtelierPathSegment *
atelier_property_path_get_segment (const AtelierPropertyPath *self, guint index)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (index < self->segments->len, NULL);

  return &g_array_index (self->segments, AtelierPathSegment, index);
}

static const char * const name_fields[] = { "OutputName", "InputName", "ChannelName", "MetricName", "Name" };

static const char *
get_item_name (const json_t *item)
{
  for (guint i = 0; i < G_N_ELEMENTS (name_fields); i++)
    {
      const char *name = atelier_json_get_string (item, name_fields[i], NULL);

      if (name != NULL)
        return name;
    }
  return NULL;
}

static json_t *
find_named_item (const json_t *list, const char *text)
{
  for (gsize i = 0; i < json_array_size (list); i++)
    {
      json_t *item = json_array_get (list, i);

      for (guint f = 0; f < G_N_ELEMENTS (name_fields); f++)
        if (g_strcmp0 (atelier_json_get_string (item, name_fields[f], NULL), text) == 0)
          return item;
    }
  return NULL;
}

/* The names that a key could have chosen from, for the sentence; borrowed from @value. */
static GPtrArray *
list_names (json_t *value)
{
  GPtrArray *names = g_ptr_array_new ();

  if (json_is_object (value))
    {
      for (void *iter = json_object_iter (value); iter != NULL; iter = json_object_iter_next (value, iter))
        g_ptr_array_add (names, (gpointer) json_object_iter_key (iter));
    }
  else
    {
      for (gsize i = 0; i < json_array_size (value); i++)
        {
          const char *name = get_item_name (json_array_get (value, i));

          if (name != NULL)
            g_ptr_array_add (names, (gpointer) name);
        }
    }
  return names;
}

static const char *
describe_kind (const json_t *value)
{
  switch (json_typeof (value))
    {
    case JSON_OBJECT:
      return _("an object");
    case JSON_ARRAY:
      return _("a list");
    case JSON_STRING:
      return _("a text");
    case JSON_INTEGER:
    case JSON_REAL:
      return _("a number");
    case JSON_TRUE:
    case JSON_FALSE:
      return _("a boolean");
    case JSON_NULL:
    default:
      return _("null");
    }
}

static json_t *
fail_missing (const AtelierPropertyPath *self, const AtelierPathSegment *segment, json_t *value, GError **error)
{
  g_autofree char *before = g_strndup (self->text, segment->offset);
  g_autofree char *where = NULL;

  if (g_str_has_suffix (before, "."))
    before[strlen (before) - 1] = '\0';
  where = *before == '\0' || strcmp (before, "$") == 0 ? g_strdup (_("The value"))
                                                       : g_strdup_printf (_("“%s”"), before);
  if (segment->kind == ATELIER_PATH_SEGMENT_INDEX && json_is_array (value))
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                 _("%s has %u items, so there is none at index %u"), where, (guint) json_array_size (value),
                 segment->index);
  else if (segment->kind == ATELIER_PATH_SEGMENT_INDEX)
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                 _("%s is %s, not a list, so it has no index %u"), where, describe_kind (value), segment->index);
  else if (json_is_object (value) || (json_is_array (value) && segment->kind == ATELIER_PATH_SEGMENT_KEY))
    {
      g_autoptr (GPtrArray) names = list_names (value);
      const char *closest = atelier_text_closest (segment->text, (const char * const *) names->pdata, names->len);

      if (closest != NULL)
        g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                     _("%s has no “%s”; did you mean “%s”?"), where, segment->text, closest);
      else
        g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND, _("%s has no “%s”"), where,
                     segment->text);
    }
  else
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                 _("%s is %s, so it has no “%s”"), where, describe_kind (value), segment->text);
  return NULL;
}

static json_t *
apply_segment (const AtelierPathSegment *segment, json_t *value, gboolean is_last)
{
  if (segment->kind == ATELIER_PATH_SEGMENT_INDEX)
    return json_array_get (value, segment->index);
  if (segment->kind == ATELIER_PATH_SEGMENT_KEY && json_is_array (value))
    {
      json_t *item = find_named_item (value, segment->text);
      json_t *named = is_last && json_object_get (item, "Name") != NULL ? json_object_get (item, "Value") : NULL;

      return named != NULL ? named : item;
    }
  return json_object_get (value, segment->text);
}

json_t *
atelier_property_path_apply (const AtelierPropertyPath *self, json_t *value, GError **error)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (value != NULL, NULL);

  for (guint i = 0; i < self->segments->len; i++)
    {
      const AtelierPathSegment *segment = &g_array_index (self->segments, AtelierPathSegment, i);
      json_t *next = apply_segment (segment, value, i + 1 == self->segments->len);

      if (next == NULL)
        return fail_missing (self, segment, value, error);
      value = next;
    }
  return value;
}
