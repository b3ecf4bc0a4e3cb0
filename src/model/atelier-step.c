/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step"

#include "config.h"

#include "atelier-definition-private.h"

/* Reading a step, whatever is wrong with it: what is, the validator says. Entries of its lists that are not of the
 * right kind are left out. Its place among the others (parent, branches) is set by atelier-definition.c. */

static const char *
string_member (const AtelierNode *node, const char *key)
{
  return atelier_node_get_string (atelier_node_get_member (node, key));
}

static const char *
string_or_empty (const char *text)
{
  return text != NULL ? text : "";
}

/* The member when it is a list, and room for as many entries of @size bytes. */
static const AtelierNode *
read_list (const AtelierNode *node, const char *key, gsize size, gpointer entries)
{
  const AtelierNode *list = atelier_node_get_member (node, key);

  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY || atelier_node_get_length (list) == 0)
    return NULL;
  *(gpointer *) entries = g_malloc0_n (atelier_node_get_length (list), size);
  return list;
}

static void
read_depends_on (AtelierStep *self)
{
  const AtelierNode *list = read_list (self->node, "DependsOn", sizeof (char *), &self->depends_on);

  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const char *name = atelier_node_get_string (atelier_node_get_item (list, i));

      if (name != NULL)
        self->depends_on[self->n_depends_on++] = name;
    }
}

static void
read_property_files (AtelierStep *self)
{
  const AtelierNode *list = read_list (self->node, "PropertyFiles", sizeof (AtelierPropertyFile),
                                       &self->property_files);

  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *node = atelier_node_get_item (list, i);
      const char *name = string_member (node, "PropertyFileName");

      if (name != NULL)
        self->property_files[self->n_property_files++] = (AtelierPropertyFile) {
          .name = name,
          .output_name = string_or_empty (string_member (node, "OutputName")),
          .path = string_or_empty (string_member (node, "FilePath")),
          .node = node,
        };
    }
}

static void
read_output_parameters (AtelierStep *self)
{
  const AtelierNode *list = read_list (self->node, "OutputParameters", sizeof (AtelierOutputParameter),
                                       &self->output_parameters);

  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *node = atelier_node_get_item (list, i);
      AtelierOutputParameter *parameter = &self->output_parameters[self->n_output_parameters];

      parameter->name = string_member (node, "OutputName");
      parameter->node = node;
      if (!atelier_value_type_from_text (string_or_empty (string_member (node, "OutputType")), &parameter->type))
        parameter->type = ATELIER_VALUE_TYPE_STRING;
      if (parameter->name != NULL)
        self->n_output_parameters++;
    }
}

/* @self: zeros, but for the index */
void
atelier_step_init (AtelierStep *self, const AtelierNode *node)
{
  const AtelierNode *retry_policies = atelier_node_get_member (node, "RetryPolicies");

  self->node = node;
  self->name = string_or_empty (string_member (node, "Name"));
  self->type_text = string_or_empty (string_member (node, "Type"));
  self->type = atelier_step_type_from_text (self->type_text);
  self->arguments = atelier_node_get_member (node, "Arguments");
  read_depends_on (self);
  read_property_files (self);
  read_output_parameters (self);
  atelier_cache_policy_read (atelier_node_get_member (node, "CacheConfig"), &self->cache_policy, NULL, NULL);
  if (retry_policies != NULL)
    self->retry_policies = atelier_retry_policies_read (retry_policies, NULL, NULL);
}

void
atelier_step_clear (AtelierStep *self)
{
  g_free (self->depends_on);
  g_free (self->property_files);
  g_free (self->output_parameters);
  g_clear_pointer (&self->retry_policies, g_ptr_array_unref);
  g_free (self->branches[FALSE]);
  g_free (self->branches[TRUE]);
}

guint
atelier_step_get_index (const AtelierStep *self)
{
  return self->index;
}

const char *
atelier_step_get_name (const AtelierStep *self)
{
  return self->name;
}

AtelierStepType
atelier_step_get_step_type (const AtelierStep *self)
{
  return self->type;
}

const char *
atelier_step_get_type_text (const AtelierStep *self)
{
  return self->type_text;
}

const char *
atelier_step_get_display_name (const AtelierStep *self)
{
  const char *display_name = string_member (self->node, "DisplayName");

  return display_name != NULL && *display_name != '\0' ? display_name : self->name;
}

const char *
atelier_step_get_description (const AtelierStep *self)
{
  return string_member (self->node, "Description");
}

const AtelierNode *
atelier_step_get_node (const AtelierStep *self)
{
  return self->node;
}

const AtelierNode *
atelier_step_get_arguments (const AtelierStep *self)
{
  return self->arguments;
}

const AtelierNode *
atelier_step_get_member (const AtelierStep *self, const char *key)
{
  return atelier_node_get_member (self->node, key);
}

guint
atelier_step_get_n_depends_on (const AtelierStep *self)
{
  return self->n_depends_on;
}

const char *
atelier_step_get_depends_on (const AtelierStep *self, guint index)
{
  g_return_val_if_fail (index < self->n_depends_on, NULL);

  return self->depends_on[index];
}

const AtelierPropertyFile *
atelier_step_get_property_files (const AtelierStep *self, guint *n_files)
{
  *n_files = self->n_property_files;
  return self->property_files;
}

const AtelierPropertyFile *
atelier_step_find_property_file (const AtelierStep *self, const char *name)
{
  for (guint i = 0; i < self->n_property_files; i++)
    if (g_str_equal (self->property_files[i].name, name))
      return &self->property_files[i];
  return NULL;
}

const AtelierOutputParameter *
atelier_step_get_output_parameters (const AtelierStep *self, guint *n_parameters)
{
  *n_parameters = self->n_output_parameters;
  return self->output_parameters;
}

const AtelierCachePolicy *
atelier_step_get_cache_policy (const AtelierStep *self)
{
  return &self->cache_policy;
}

const GPtrArray *
atelier_step_get_retry_policies (const AtelierStep *self)
{
  return self->retry_policies;
}

int
atelier_step_get_parent (const AtelierStep *self)
{
  return self->parent;
}

gboolean
atelier_step_get_parent_outcome (const AtelierStep *self)
{
  return self->parent_outcome;
}

const AtelierNode *
atelier_step_get_conditions (const AtelierStep *self)
{
  return self->type == ATELIER_STEP_TYPE_CONDITION ? atelier_node_get_member (self->arguments, "Conditions") : NULL;
}

const guint *
atelier_step_get_branch (const AtelierStep *self, gboolean outcome, guint *n_steps)
{
  *n_steps = self->n_branches[outcome != FALSE];
  return self->branches[outcome != FALSE];
}
