/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-definition"

#include "config.h"

#include "atelier-definition-private.h"

/* Writing a definition back. Only the blanks between tokens are made anew: keys, strings, numbers and words are
 * copied from the document's text, so that nothing that was read is lost, known or not. */

static void
write_spelling (GString *out, const AtelierNode *node)
{
  gsize length;
  const char *spelling = atelier_node_get_spelling (node, &length);

  g_string_append_len (out, spelling, length);
}

/* @depth: of the line that begins here; ignored unless @pretty */
static void
break_line (GString *out, gboolean pretty, guint depth)
{
  static const char blanks[] = "                                ";

  if (!pretty)
    return;
  g_string_append_c (out, '\n');
  for (gsize n = (gsize) depth * 2; n > 0; n -= MIN (n, sizeof blanks - 1))
    g_string_append_len (out, blanks, MIN (n, sizeof blanks - 1));
}

static void
write_node (GString *out, const AtelierNode *node, gboolean pretty, guint depth)
{
  gboolean is_object = atelier_node_get_kind (node) == ATELIER_NODE_OBJECT;
  guint n = atelier_node_get_length (node);

  if (!is_object && atelier_node_get_kind (node) != ATELIER_NODE_ARRAY)
    {
      write_spelling (out, node);
      return;
    }
  g_string_append_c (out, is_object ? '{' : '[');
  for (guint i = 0; i < n; i++)
    {
      const AtelierNode *child = is_object ? atelier_node_get_member_at (node, i, NULL)
                                           : atelier_node_get_item (node, i);

      if (i > 0)
        g_string_append_c (out, ',');
      break_line (out, pretty, depth + 1);
      if (is_object)
        {
          gsize length;
          const char *key = atelier_node_get_key_spelling (child, &length);

          g_string_append_len (out, key, length);
          g_string_append (out, pretty ? ": " : ":");
        }
      write_node (out, child, pretty, depth + 1);
    }
  if (n > 0)
    break_line (out, pretty, depth);
  g_string_append_c (out, is_object ? '}' : ']');
}

char *
atelier_definition_write (const AtelierDefinition *self, gboolean pretty)
{
  gsize length;
  GString *out;

  atelier_node_get_spelling (self->root, &length);
  out = g_string_sized_new (length + length / 4);
  write_node (out, self->root, pretty, 0);
  if (pretty)
    g_string_append_c (out, '\n');
  return g_string_free (out, FALSE);
}
