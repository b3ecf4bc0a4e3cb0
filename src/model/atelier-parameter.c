/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-parameter"

#include "config.h"

#include "atelier-definition-private.h"

/* Reading a declared parameter, whatever is wrong with it: what is, the validator says. */

static const AtelierNode *
member_of_kind (const AtelierNode *node, const char *key, AtelierNodeKind kind)
{
  const AtelierNode *member = atelier_node_get_member (node, key);

  return member != NULL && atelier_node_get_kind (member) == kind ? member : NULL;
}

void
atelier_parameter_init (AtelierParameter *self, const AtelierNode *node)
{
  const char *name = atelier_node_get_string (atelier_node_get_member (node, "Name"));
  const char *type = atelier_node_get_string (atelier_node_get_member (node, "Type"));
  const AtelierNode *value = atelier_node_get_member (node, "DefaultValue");

  self->node = node;
  self->name = name != NULL ? name : "";
  if (type == NULL || !atelier_value_type_from_text (type, &self->type))
    self->type = ATELIER_VALUE_TYPE_STRING;
  self->default_node = atelier_node_get_kind (value) != ATELIER_NODE_NULL ? value : NULL;
  self->enum_values = member_of_kind (node, "EnumValues", ATELIER_NODE_ARRAY);
  self->description = atelier_node_get_string (atelier_node_get_member (node, "Description"));
}

const char *
atelier_parameter_get_name (const AtelierParameter *self)
{
  return self->name;
}

AtelierValueType
atelier_parameter_get_value_type (const AtelierParameter *self)
{
  return self->type;
}

const AtelierNode *
atelier_parameter_get_default (const AtelierParameter *self)
{
  return self->default_node;
}

const AtelierNode *
atelier_parameter_get_enum_values (const AtelierParameter *self)
{
  return self->enum_values;
}

guint
atelier_parameter_get_n_enum_values (const AtelierParameter *self)
{
  return atelier_node_get_length (self->enum_values);
}

/* Returns: the text; "" where the file has no text (an error) */
const char *
atelier_parameter_get_enum_value (const AtelierParameter *self, guint index)
{
  const char *text = atelier_node_get_string (atelier_node_get_item (self->enum_values, index));

  return text != NULL ? text : "";
}

const char *
atelier_parameter_get_description (const AtelierParameter *self)
{
  return self->description;
}

const AtelierNode *
atelier_parameter_get_node (const AtelierParameter *self)
{
  return self->node;
}

json_t *
atelier_parameter_parse_value (const AtelierParameter *self, const char *text, GError **error)
{
  return atelier_parameter_value_parse (self->name, self->type, self->enum_values, text, error);
}

json_t *
atelier_parameter_check_value (const AtelierParameter *self, const json_t *value, GError **error)
{
  return atelier_parameter_value_check (self->name, self->type, self->enum_values, value, error);
}

json_t *
atelier_parameter_dup_default (const AtelierParameter *self)
{
  g_autoptr (json_t) value = NULL;

  if (self->default_node == NULL)
    return NULL;
  value = atelier_node_to_json (self->default_node);
  return atelier_parameter_check_value (self, value, NULL);
}
