/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-node"

#include "config.h"

#include <string.h>

#include "atelier-node-private.h"

/* Reading the nodes that atelier-document.c made: see the header for why they are. */

static gboolean
is_kind (const AtelierNode *self, AtelierNodeKind kind)
{
  return self != NULL && self->kind == kind;
}

AtelierNodeKind
atelier_node_get_kind (const AtelierNode *self)
{
  return self != NULL ? self->kind : ATELIER_NODE_NULL;
}

const char *
atelier_node_get_string (const AtelierNode *self)
{
  return is_kind (self, ATELIER_NODE_STRING) ? self->u.string : NULL;
}

/* Of no node: %NULL and length 0. Not NUL-terminated. */
const char *
atelier_node_get_spelling (const AtelierNode *self, gsize *length)
{
  if (length != NULL)
    *length = self != NULL ? self->spelling_bytes : 0;
  return self != NULL ? self->spelling : NULL;
}

gboolean
atelier_node_get_boolean (const AtelierNode *self, gboolean *value)
{
  if (!is_kind (self, ATELIER_NODE_BOOLEAN))
    return FALSE;
  *value = *self->spelling == 't';
  return TRUE;
}

gboolean
atelier_node_get_integer (const AtelierNode *self, gint64 *value)
{
  char digits[24];

  /* No gint64 is longer than 20 characters, and JSON has no leading zeros. */
  if (!is_kind (self, ATELIER_NODE_NUMBER) || self->spelling_bytes > 20)
    return FALSE;
  memcpy (digits, self->spelling, self->spelling_bytes);
  digits[self->spelling_bytes] = '\0';
  if (strpbrk (digits, ".eE") != NULL)
    return FALSE;
  return g_ascii_string_to_signed (digits, 10, G_MININT64, G_MAXINT64, value, NULL);
}

gboolean
atelier_node_get_double (const AtelierNode *self, double *value)
{
  if (!is_kind (self, ATELIER_NODE_NUMBER))
    return FALSE;
  *value = g_ascii_strtod (self->spelling, NULL);
  return TRUE;
}

guint
atelier_node_get_length (const AtelierNode *self)
{
  return self != NULL ? self->n_children : 0;
}

const AtelierNode *
atelier_node_get_item (const AtelierNode *self, guint index)
{
  return is_kind (self, ATELIER_NODE_ARRAY) && index < self->n_children ? &self->u.children[index] : NULL;
}

const AtelierNode *
atelier_node_get_member (const AtelierNode *self, const char *key)
{
  const AtelierNode *children;
  const guint32 *sorted;
  guint low = 0, high;

  if (!is_kind (self, ATELIER_NODE_OBJECT))
    return NULL;
  children = self->u.children;
  if (self->n_children <= ATELIER_NODE_SMALL_OBJECT)
    {
      for (guint i = 0; i < self->n_children; i++)
        if (strcmp (children[i].key, key) == 0)
          return &children[i];
      return NULL;
    }
  sorted = (const guint32 *) (children + self->n_children);
  for (high = self->n_children; low < high;)
    {
      guint middle = low + (high - low) / 2;
      int order = strcmp (key, children[sorted[middle]].key);

      if (order == 0)
        return &children[sorted[middle]];
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return NULL;
}

const AtelierNode *
atelier_node_get_member_at (const AtelierNode *self, guint index, const char **key)
{
  const AtelierNode *member = NULL;

  if (is_kind (self, ATELIER_NODE_OBJECT) && index < self->n_children)
    member = &self->u.children[index];
  if (key != NULL)
    *key = member != NULL ? member->key : NULL;
  return member;
}

/* Of no node: 0, 0. */
void
atelier_node_get_position (const AtelierNode *self, guint *line, guint *column)
{
  *line = self != NULL ? self->line : 0;
  *column = self != NULL ? self->column : 0;
}

/* The key's own place is not stored: the key stands right before the value, with nothing but blanks and the colon
 * between. The quote that opens it is the first one, backwards, that no odd number of backslashes precedes. */
const char *
atelier_node_get_key_spelling (const AtelierNode *self, gsize *length)
{
  const char *start, *last;

  if (self == NULL || self->key == NULL)
    {
      *length = 0;
      return NULL;
    }
  for (last = self->spelling - 1; *last != '"'; last--)
    ;
  for (start = last - 1;; start--)
    {
      const char *slash = start;

      if (*start != '"')
        continue;
      while (slash[-1] == '\\')
        slash--;
      if ((start - slash) % 2 == 0)
        break;
    }
  *length = last + 1 - start;
  return start;
}

/* Before the text stands a line feed, so that looking for the beginning of a line ends. */
void
atelier_node_get_key_position (const AtelierNode *self, guint *line, guint *column)
{
  gsize length;
  const char *key = atelier_node_get_key_spelling (self, &length);
  const char *start;

  atelier_node_get_position (self, line, column);
  if (key == NULL)
    return;
  for (start = key + length; start < self->spelling; start++)
    if (*start == '\n' || (*start == '\r' && start[1] != '\n'))
      *line -= 1;
  if (*line == self->line)
    {
      *column -= g_utf8_strlen (key, self->spelling - key);
      return;
    }
  for (start = key; start[-1] != '\n' && start[-1] != '\r'; start--)
    ;
  if (g_str_has_prefix (start, "\xef\xbb\xbf"))
    start += 3;
  *column = 1 + g_utf8_strlen (start, key - start);
}

const AtelierNode *
atelier_node_get_parent (const AtelierNode *self)
{
  return self != NULL ? self->parent : NULL;
}

const char *
atelier_node_get_key (const AtelierNode *self)
{
  return self != NULL ? self->key : NULL;
}

guint
atelier_node_get_index (const AtelierNode *self)
{
  return self != NULL && self->parent != NULL ? self - self->parent->u.children : 0;
}

static void
append_pointer (const AtelierNode *self, GString *pointer)
{
  if (self->parent == NULL)
    return;
  append_pointer (self->parent, pointer);
  g_string_append_c (pointer, '/');
  if (self->key == NULL)
    {
      g_string_append_printf (pointer, "%u", atelier_node_get_index (self));
      return;
    }
  for (const char *c = self->key; *c != '\0'; c++)
    if (*c == '~')
      g_string_append (pointer, "~0");
    else if (*c == '/')
      g_string_append (pointer, "~1");
    else
      g_string_append_c (pointer, *c);
}

char *
atelier_node_dup_pointer (const AtelierNode *self)
{
  GString *pointer = g_string_new (NULL);

  if (self != NULL)
    append_pointer (self, pointer);
  return g_string_free (pointer, FALSE);
}

static json_t *
number_to_json (const AtelierNode *self)
{
  gint64 integer;
  double real = 0;

  if (atelier_node_get_integer (self, &integer))
    return json_integer (integer);
  atelier_node_get_double (self, &real);
  return json_real (real);
}

json_t *
atelier_node_to_json (const AtelierNode *self)
{
  json_t *value;

  switch (atelier_node_get_kind (self))
    {
    case ATELIER_NODE_BOOLEAN:
      return json_boolean (*self->spelling == 't');
    case ATELIER_NODE_NUMBER:
      return number_to_json (self);
    case ATELIER_NODE_STRING:
      return json_string_nocheck (self->u.string);
    case ATELIER_NODE_ARRAY:
      value = json_array ();
      for (guint i = 0; i < self->n_children; i++)
        json_array_append_new (value, atelier_node_to_json (&self->u.children[i]));
      return value;
    case ATELIER_NODE_OBJECT:
      value = json_object ();
      for (guint i = 0; i < self->n_children; i++)
        json_object_set_new_nocheck (value, self->u.children[i].key, atelier_node_to_json (&self->u.children[i]));
      return value;
    case ATELIER_NODE_NULL:
    case ATELIER_NODE_N_KINDS:
    default:
      return json_null ();
    }
}
