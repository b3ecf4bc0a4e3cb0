/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-door-xml.h"

/* GMarkup knows no entities of the document's own and loads nothing, so there is nothing to forbid. */

#define MOST_RECORDS 20000

typedef struct
{
  AtelierDoorXml *xml;
  const char     *root;
  const char     *record;
  guint           depth;
  GString        *text; /* (owned) of the present field */
} Reader;

static void
start_element_cb (GMarkupParseContext *context,
                  const char *name,
                  const char **attribute_names,
                  const char **attribute_values,
                  gpointer user_data,
                  GError **error)
{
  Reader *reader = user_data;

  if (reader->depth == 0 && strcmp (name, reader->root) != 0)
    g_set_error (error, G_MARKUP_ERROR, G_MARKUP_ERROR_UNKNOWN_ELEMENT, "<%s>", name);
  else if (reader->depth == 1 && strcmp (name, reader->record) == 0)
    {
      if (reader->xml->records->len >= MOST_RECORDS)
        g_set_error (error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "<%s>", name);
      g_ptr_array_add (reader->xml->records, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free));
    }
  reader->depth++;
  g_string_truncate (reader->text, 0);
}

static void
end_element_cb (GMarkupParseContext *context, const char *name, gpointer user_data, GError **error)
{
  Reader *reader = user_data;
  GPtrArray *records = reader->xml->records;

  reader->depth--;
  if (reader->depth == 1 && strcmp (name, reader->record) != 0)
    g_hash_table_replace (reader->xml->fields, g_strdup (name), g_strdup (reader->text->str));
  else if (reader->depth == 2 && records->len > 0)
    g_hash_table_replace (records->pdata[records->len - 1], g_strdup (name), g_strdup (reader->text->str));
  g_string_truncate (reader->text, 0);
}

static void
text_cb (GMarkupParseContext *context, const char *text, gsize length, gpointer user_data, GError **error)
{
  Reader *reader = user_data;

  g_string_append_len (reader->text, text, length);
}

AtelierDoorXml *
atelier_door_xml_parse (const char *text, gsize length, const char *root, const char *record, GError **error)
{
  static const GMarkupParser parser
      = { .start_element = start_element_cb, .end_element = end_element_cb, .text = text_cb };
  g_autoptr (AtelierDoorXml) self = g_new0 (AtelierDoorXml, 1);
  g_autoptr (GMarkupParseContext) context = NULL;
  g_autoptr (GString) field = g_string_new (NULL);
  g_autoptr (GError) local_error = NULL;
  Reader reader = { .xml = self, .root = root, .record = record, .text = field };

  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->records = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  context = g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reader, NULL);
  if (!g_markup_parse_context_parse (context, text, length, &local_error) ||
      !g_markup_parse_context_end_parse (context, &local_error))
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_MALFORMED_XML,
                         _("The XML of the request is not well-formed or not <%s>: %s"), root, local_error->message);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
atelier_door_xml_free (AtelierDoorXml *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->fields);
  g_ptr_array_unref (self->records);
  g_free (self);
}
