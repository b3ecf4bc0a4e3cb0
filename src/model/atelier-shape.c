/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-shape"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-shape.h"

/* Holds a value against a shape: see the header. An error is what cannot be run and what the service would refuse for
 * its form; what only the service's further rules would refuse (a missing role, a text that is too long, a word that
 * is not known) is a warning, since the format grows and a definition for this machine need not follow them. */

static gboolean
is_missing (const AtelierNode *value)
{
  return atelier_node_get_kind (value) == ATELIER_NODE_NULL;
}

static const AtelierField *
find_field (const AtelierField *shape, const char *name)
{
  for (; shape != NULL && shape->name != NULL; shape++)
    if (strcmp (shape->name, name) == 0)
      return shape;
  return NULL;
}

/* Characters are never more than bytes, which are quicker to count. */
static void
check_characters (const AtelierShapeContext *context, const AtelierNode *value, const char *text, guint most)
{
  g_autofree char *what = NULL;

  if (most == 0 || strlen (text) <= most || g_utf8_strlen (text, -1) <= (glong) most)
    return;
  what = atelier_report_describe (value);
  atelier_report_warning (context->report, value, NULL, _("%s has %ld characters; the service takes %u"), what,
                          g_utf8_strlen (text, -1), most);
}

static void
check_items (const AtelierShapeContext *context, const AtelierNode *value, guint most)
{
  g_autofree char *what = NULL;

  if (most == 0 || atelier_node_get_length (value) <= most)
    return;
  what = atelier_report_describe (value);
  atelier_report_warning (context->report, value, NULL, _("%s has %u entries; the service takes %u"), what,
                          atelier_node_get_length (value), most);
}

static void
report_kind (const AtelierShapeContext *context, const AtelierNode *value, const char *wanted)
{
  g_autofree char *what = atelier_report_describe (value);

  atelier_report_error (context->report, value, NULL, _("%s must be %s"), what, wanted);
}

/* Texts */

static void
check_words (const AtelierShapeContext *context, const AtelierNode *value, const char *text,
             const AtelierField *field)
{
  g_auto (GStrv) words = g_strsplit (field->words, "|", -1);
  g_autofree char *list = NULL, *what = NULL;
  char *hint;

  if (g_strv_contains ((const char *const *) words, text))
    return;
  what = atelier_report_describe (value);
  hint = atelier_report_suggest (context->report, text, (const char *const *) words, g_strv_length (words));
  if (hint == NULL)
    {
      list = g_strjoinv (", ", words);
      hint = g_strdup_printf (_("it is one of %s"), list);
    }
  if (field->is_closed)
    atelier_report_error (context->report, value, hint, _("%s cannot be “%s”"), what, text);
  else
    atelier_report_warning (context->report, value, hint, _("%s is “%s”, which is not known here"), what, text);
}

/* A text that was never rendered is reported as that, elsewhere. */
static void
check_uri (const AtelierShapeContext *context, const AtelierNode *value, const char *text)
{
  g_autofree char *what = NULL;
  const char *bucket = NULL;

  if (g_str_has_prefix (text, "s3://"))
    bucket = text + strlen ("s3://");
  else if (g_str_has_prefix (text, "https://"))
    bucket = text + strlen ("https://");
  check_characters (context, value, text, 1024);
  if (bucket != NULL ? *bucket != '\0' && *bucket != '/' : *text == '/' || g_str_has_prefix (text, "file://"))
    return;
  if (strstr (text, "${") != NULL || strstr (text, "{{") != NULL)
    return;
  what = atelier_report_describe (value);
  atelier_report_warning (context->report, value, g_strdup (_("write s3://BUCKET/KEY")), _("%s is no S3 URI: “%s”"),
                          what, text);
}

/* [a-zA-Z0-9-], beginning with a letter or digit */
static void
check_job_name (const AtelierShapeContext *context, const AtelierNode *value, const char *text)
{
  g_autofree char *what = NULL;
  const char *c;

  for (c = text; g_ascii_isalnum (*c) || (*c == '-' && c > text); c++)
    ;
  if (*c == '\0' && *text != '\0')
    return;
  what = atelier_report_describe (value);
  atelier_report_warning (context->report, value, g_strdup (_("it has letters, digits and dashes between them")),
                          _("The service does not take “%s” as %s"), text, what);
}

static void
check_text (const AtelierShapeContext *context, const AtelierNode *value, const AtelierField *field)
{
  const char *text = atelier_node_get_string (value);
  AtelierNodeKind kind = atelier_node_get_kind (value);

  if (text == NULL && field->kind != ATELIER_SHAPE_LITERAL &&
      (kind == ATELIER_NODE_NUMBER || kind == ATELIER_NODE_BOOLEAN))
    {
      g_autofree char *what = atelier_report_describe (value);

      atelier_report_warning (context->report, value, NULL,
                              _("%s should be text; the value will be turned into text"), what);
      return;
    }
  if (text == NULL)
    {
      report_kind (context, value,
                   field->kind == ATELIER_SHAPE_LITERAL ? _("text, and no expression") : _("text or an expression"));
      return;
    }
  if (field->kind == ATELIER_SHAPE_READ_URI || field->kind == ATELIER_SHAPE_WRITE_URI ||
      field->kind == ATELIER_SHAPE_JOBS_URI)
    check_uri (context, value, text);
  else
    check_characters (context, value, text, field->most);
  if (field->kind == ATELIER_SHAPE_JOB_NAME)
    check_job_name (context, value, text);
  if (field->words != NULL)
    check_words (context, value, text, field);
}

static void
note_uri (const AtelierShapeContext *context, const AtelierNode *value, AtelierShapeKind kind)
{
  if (context->data == NULL)
    return;
  if (kind == ATELIER_SHAPE_READ_URI)
    atelier_data_check_add_read (context->data, context->step, value);
  else
    atelier_data_check_add_write (context->data, value, kind == ATELIER_SHAPE_JOBS_URI);
}

/* Numbers and booleans */

static void
check_number (const AtelierShapeContext *context, const AtelierNode *value, const AtelierField *field)
{
  const char *text = atelier_node_get_string (value);
  gboolean is_whole = field->kind == ATELIER_SHAPE_INTEGER;
  g_autofree char *what = NULL;
  double number = NAN;
  char *end;

  if (text != NULL && *text != '\0')
    {
      number = g_ascii_strtod (text, &end);
      if (*end != '\0')
        number = NAN;
    }
  else
    atelier_node_get_double (value, &number);
  if (!isfinite (number) || (is_whole && number != floor (number)))
    {
      report_kind (context, value, field->kind == ATELIER_SHAPE_RANGE ? _("a number written as text, such as \"0.5\"")
                                   : is_whole                         ? _("a whole number")
                                                                      : _("a number"));
      return;
    }
  what = atelier_report_describe (value);
  if (field->kind == ATELIER_SHAPE_RANGE)
    {
      if (text == NULL)
        atelier_report_warning (context->report, value, g_strdup (_("put it in double quotes")),
                                _("%s should be a number written as text"), what);
      return;
    }
  if (number >= 0 && (field->most == 0 || number <= field->most))
    return;
  if (!field->is_closed)
    atelier_report_warning (context->report, value, NULL, _("%s is out of range"), what);
  else if (field->most > 0)
    atelier_report_error (context->report, value, NULL, _("%s must lie between 0 and %u"), what, field->most);
  else
    atelier_report_error (context->report, value, NULL, _("%s must not be negative"), what);
}

static void
check_boolean (const AtelierShapeContext *context, const AtelierNode *value)
{
  const char *text = atelier_node_get_string (value);

  if (atelier_node_get_kind (value) == ATELIER_NODE_BOOLEAN)
    return;
  if (text != NULL && (g_ascii_strcasecmp (text, "true") == 0 || g_ascii_strcasecmp (text, "false") == 0))
    {
      g_autofree char *what = atelier_report_describe (value);

      atelier_report_warning (context->report, value, g_strdup (_("leave out the quotes")),
                              _("%s should be true or false, not text"), what);
      return;
    }
  report_kind (context, value, _("true or false"));
}

/* Containers */

static void
check_texts (const AtelierShapeContext *context, const AtelierNode *list, const AtelierField *field)
{
  const AtelierField item = { .kind = ATELIER_SHAPE_TEXT, .most = field->most_item };

  check_items (context, list, field->most);
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *value = atelier_node_get_item (list, i);

      if (atelier_expression_recognise (value) == ATELIER_EXPRESSION_LITERAL)
        check_text (context, value, &item);
    }
}

static void
check_map (const AtelierShapeContext *context, const AtelierNode *map, const AtelierField *field)
{
  const char *key;

  check_items (context, map, field->most);
  for (guint i = 0; i < atelier_node_get_length (map); i++)
    {
      const AtelierNode *value = atelier_node_get_member_at (map, i, &key);
      const char *text = atelier_node_get_string (value);

      if (text != NULL)
        check_characters (context, value, text, field->most_item);
      else if (atelier_expression_recognise (value) == ATELIER_EXPRESSION_LITERAL)
        atelier_report_warning (context->report, value, NULL, _("The value of “%s” is not text"), key);
      if (field->most_key > 0 && strlen (key) > field->most_key && g_utf8_strlen (key, -1) > (glong) field->most_key)
        atelier_report_key_warning (context->report, value, NULL, _("The key has more than %u characters"),
                                    field->most_key);
    }
  if (field->kind == ATELIER_SHAPE_ENVIRONMENT)
    atelier_data_check_environment (context->report, map);
}

static void
check_list (const AtelierShapeContext *context, const AtelierNode *list, const AtelierField *field)
{
  check_items (context, list, field->most);
  for (guint i = 0; field->shape != NULL && i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *item = atelier_node_get_item (list, i);

      if (atelier_node_get_kind (item) == ATELIER_NODE_OBJECT)
        atelier_shape_check_object (context, item, field->shape, NULL);
      else
        report_kind (context, item, _("an object"));
    }
}

/* @value: no expression */
static void
check_container (const AtelierShapeContext *context, const AtelierNode *value, const AtelierField *field)
{
  gboolean is_list = field->kind == ATELIER_SHAPE_LIST || field->kind == ATELIER_SHAPE_TEXTS;

  if (atelier_node_get_kind (value) != (is_list ? ATELIER_NODE_ARRAY : ATELIER_NODE_OBJECT))
    report_kind (context, value, is_list ? _("a list") : _("an object"));
  else if (field->kind == ATELIER_SHAPE_LIST)
    check_list (context, value, field);
  else if (field->kind == ATELIER_SHAPE_TEXTS)
    check_texts (context, value, field);
  else if (field->kind == ATELIER_SHAPE_OBJECT)
    atelier_shape_check_object (context, value, field->shape, NULL);
  else
    check_map (context, value, field);
}

void
atelier_shape_check_value (const AtelierShapeContext *context, const AtelierNode *value, const AtelierField *field)
{
  gboolean is_expression = atelier_expression_recognise (value) != ATELIER_EXPRESSION_LITERAL;

  if (is_missing (value))
    return;
  switch (field->kind)
    {
    case ATELIER_SHAPE_READ_URI:
    case ATELIER_SHAPE_WRITE_URI:
    case ATELIER_SHAPE_JOBS_URI:
      note_uri (context, value, field->kind);
      if (!is_expression)
        check_text (context, value, field);
      break;
    case ATELIER_SHAPE_TEXT:
    case ATELIER_SHAPE_JOB_NAME:
      if (!is_expression)
        check_text (context, value, field);
      break;
    case ATELIER_SHAPE_LITERAL:
      check_text (context, value, field);
      break;
    case ATELIER_SHAPE_INTEGER:
    case ATELIER_SHAPE_NUMBER:
    case ATELIER_SHAPE_RANGE:
      if (!is_expression)
        check_number (context, value, field);
      break;
    case ATELIER_SHAPE_BOOLEAN:
      if (!is_expression)
        check_boolean (context, value);
      break;
    case ATELIER_SHAPE_TEXTS:
    case ATELIER_SHAPE_MAP:
    case ATELIER_SHAPE_ENVIRONMENT:
    case ATELIER_SHAPE_OBJECT:
    case ATELIER_SHAPE_LIST:
      if (!is_expression)
        check_container (context, value, field);
      else
        {
          g_autofree char *what = atelier_report_describe (value);

          atelier_report_warning (context->report, value, NULL,
                                  _("%s should be written out: an expression gives a single value"), what);
        }
      break;
    case ATELIER_SHAPE_ANY:
    default:
      break;
    }
}

/* How a sentence about a key of @object calls the object. */
static char *
describe_object (const AtelierShapeContext *context, const AtelierNode *object)
{
  if (context->step != NULL && context->step->node == object)
    return g_strdup (_("the step"));
  return atelier_report_describe (object);
}

static void
check_needs (const AtelierShapeContext *context, const AtelierNode *object, const AtelierField *shape)
{
  for (; shape != NULL && shape->name != NULL; shape++)
    {
      g_autofree char *what = NULL;

      if (shape->need == ATELIER_NEED_OPTIONAL || !is_missing (atelier_node_get_member (object, shape->name)))
        continue;
      what = describe_object (context, object);
      if (shape->need == ATELIER_NEED_ALWAYS)
        atelier_report_error (context->report, object, NULL, _("“%s” is missing in %s"), shape->name, what);
      else
        atelier_report_warning (context->report, object, NULL, _("“%s” is missing in %s; the service asks for it"),
                                shape->name, what);
    }
}

static void
report_unknown_key (const AtelierShapeContext *context,
                    const AtelierNode         *object,
                    const AtelierNode         *member,
                    const AtelierField        *shape,
                    const AtelierField        *also)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *what = describe_object (context, object);

  for (; shape->name != NULL; shape++)
    g_ptr_array_add (names, (gpointer) shape->name);
  for (; also != NULL && also->name != NULL; also++)
    g_ptr_array_add (names, (gpointer) also->name);
  atelier_report_key_warning (context->report, member,
                              atelier_report_suggest (context->report, atelier_node_get_key (member),
                                                      (const char *const *) names->pdata, names->len),
                              _("Unknown key “%s” in %s"), atelier_node_get_key (member), what);
}

void
atelier_shape_check_object (const AtelierShapeContext *context,
                            const AtelierNode         *object,
                            const AtelierField        *shape,
                            const AtelierField        *also)
{
  if (shape == NULL)
    return;
  for (guint i = 0; i < atelier_node_get_length (object); i++)
    {
      const char *key;
      const AtelierNode *member = atelier_node_get_member_at (object, i, &key);
      const AtelierField *field = find_field (shape, key);

      if (field == NULL)
        field = find_field (also, key);
      if (field != NULL)
        atelier_shape_check_value (context, member, field);
      else
        report_unknown_key (context, object, member, shape, also);
    }
  check_needs (context, object, shape);
  check_needs (context, object, also);
}
