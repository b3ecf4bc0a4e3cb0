/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-expression.h"

#include "atelier-text.h"

/* Expressions are read where they stand, each time: a Get is one short text, and keeping parsed ones would mean a
 * second tree beside the document. Collecting (for the validator) and resolving (for the runner) read through the
 * same functions, so what the validator accepts is what the runner understands.
 *
 * Depth is bounded by the document's own limit, so recursion is safe. */

static const char * const execution_variables[] =
{
  "PipelineName", "PipelineArn", "PipelineExecutionId", "PipelineExecutionArn", "StartDateTime", "CurrentDateTime",
  "TrainingJobName", "ProcessingJobName",
};

/* A Get, taken apart. Where problem is set the kind may still be known. */
typedef struct
{
  AtelierReferenceKind kind;
  char                *name;          /* (owned) (nullable) */
  char                *path;          /* (owned) (nullable) */
  AtelierPropertyPath *property_path; /* (owned) (nullable) */
  char                *problem;       /* (owned) (nullable) */
} Get;

static void
get_clear (Get *get)
{
  g_clear_pointer (&get->name, g_free);
  g_clear_pointer (&get->path, g_free);
  g_clear_pointer (&get->property_path, atelier_property_path_free);
  g_clear_pointer (&get->problem, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Get, get_clear)

/* A Std:JsonGet, taken apart. */
typedef struct
{
  const AtelierNode   *property_file; /* (nullable) text of the Get */
  const AtelierNode   *s3_uri;        /* (nullable) */
  const char          *path;          /* (nullable) */
  AtelierPropertyPath *json_path;     /* (owned) (nullable) */
  char                *problem;       /* (owned) (nullable) */
} JsonGet;

static void
json_get_clear (JsonGet *get)
{
  g_clear_pointer (&get->json_path, atelier_property_path_free);
  g_clear_pointer (&get->problem, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (JsonGet, json_get_clear)

AtelierExpressionKind
atelier_expression_recognise (const AtelierNode *node)
{
  const char *key;

  if (atelier_node_get_kind (node) != ATELIER_NODE_OBJECT || atelier_node_get_length (node) != 1)
    return ATELIER_EXPRESSION_LITERAL;
  atelier_node_get_member_at (node, 0, &key);
  if (strcmp (key, "Get") == 0)
    return ATELIER_EXPRESSION_GET;
  if (strcmp (key, "Std:Join") == 0)
    return ATELIER_EXPRESSION_JOIN;
  if (strcmp (key, "Std:JsonGet") == 0)
    return ATELIER_EXPRESSION_JSON_GET;
  return g_str_has_prefix (key, "Std:") ? ATELIER_EXPRESSION_UNKNOWN : ATELIER_EXPRESSION_LITERAL;
}

/* Reading. */

static void
read_execution_get (const char *rest, Get *get)
{
  get->kind = ATELIER_REFERENCE_EXECUTION;
  get->name = g_strdup (rest);
  for (guint i = 0; i < G_N_ELEMENTS (execution_variables); i++)
    if (strcmp (execution_variables[i], rest) == 0)
      return;
  {
    const char *closest = atelier_text_closest (rest, execution_variables, G_N_ELEMENTS (execution_variables));

    get->problem = closest != NULL
                   ? g_strdup_printf (_("“Execution.%s” does not exist; did you mean “Execution.%s”?"), rest, closest)
                   : g_strdup_printf (_("“Execution.%s” does not exist"), rest);
  }
}

static void
read_step_get (const char *rest, Get *get)
{
  const char *dot = strchr (rest, '.');
  const char *path = dot != NULL ? dot + 1 : "";

  get->name = dot != NULL ? g_strndup (rest, dot - rest) : g_strdup (rest);
  if (g_str_has_prefix (path, "PropertyFiles."))
    {
      get->kind = ATELIER_REFERENCE_STEP_PROPERTY_FILE;
      get->path = g_strdup (path + strlen ("PropertyFiles."));
      if (*get->path == '\0')
        get->problem = g_strdup_printf (_("“Steps.%s” lacks the name of the property file"), rest);
    }
  else
    {
      g_autoptr (GError) local_error = NULL;

      get->kind = ATELIER_REFERENCE_STEP_PROPERTY;
      get->path = g_strdup (path);
      if (dot == NULL)
        return; /* a bare step: it orders, but has no value */
      get->property_path = atelier_property_path_parse (path, &local_error);
      if (get->property_path == NULL)
        get->problem = g_strdup (local_error->message);
    }
}

static void
read_get (const AtelierNode *value, Get *get)
{
  const char *text = atelier_node_get_string (value);
  const char *rest = text != NULL ? strchr (text, '.') : NULL;

  *get = (Get) { ATELIER_REFERENCE_MALFORMED };
  if (text == NULL)
    {
      get->problem = g_strdup (_("“Get” needs a text such as “Parameters.NAME” or “Steps.STEP.PROPERTY”"));
      return;
    }
  if (rest != NULL && *++rest != '\0' && *rest != '.')
    {
      if (g_str_has_prefix (text, "Steps."))
        {
          read_step_get (rest, get);
          return;
        }
      if (g_str_has_prefix (text, "Parameters.") && strpbrk (rest, ".[]'\"") == NULL)
        {
          get->kind = ATELIER_REFERENCE_PARAMETER;
          get->name = g_strdup (rest);
          return;
        }
      if (g_str_has_prefix (text, "Execution.") && strchr (rest, '.') == NULL)
        {
          read_execution_get (rest, get);
          return;
        }
      if (strcmp (text, "PipelineExperimentConfig.ExperimentName") == 0
          || strcmp (text, "PipelineExperimentConfig.TrialName") == 0)
        {
          get->kind = ATELIER_REFERENCE_EXPERIMENT;
          get->name = g_strdup (rest);
          return;
        }
    }
  get->problem = g_strdup_printf (_("“%s” cannot be read: a Get names Parameters.NAME, Execution.VARIABLE, "
                                    "PipelineExperimentConfig.ExperimentName or .TrialName, or Steps.STEP.PROPERTY"),
                                  text);
}

static void
read_json_get (const AtelierNode *value, JsonGet *get)
{
  const AtelierNode *property_file = atelier_node_get_member (value, "PropertyFile");
  g_autoptr (GError) local_error = NULL;

  *get = (JsonGet) { NULL };
  get->s3_uri = atelier_node_get_member (value, "S3Uri");
  get->path = atelier_node_get_string (atelier_node_get_member (value, "Path"));
  if (atelier_expression_recognise (property_file) == ATELIER_EXPRESSION_GET)
    get->property_file = atelier_node_get_member (property_file, "Get");
  if (property_file != NULL && get->s3_uri != NULL)
    get->problem = g_strdup (_("Std:JsonGet has both PropertyFile and S3Uri; keep one"));
  else if (property_file == NULL && get->s3_uri == NULL)
    get->problem = g_strdup (_("Std:JsonGet needs PropertyFile or S3Uri"));
  else if (property_file != NULL && get->property_file == NULL)
    get->problem = g_strdup (_("PropertyFile of Std:JsonGet must be {\"Get\": \"Steps.STEP.PropertyFiles.NAME\"}"));
  else if (get->path == NULL)
    get->problem = g_strdup (_("Std:JsonGet needs a Path, a text such as “metrics.mse.value”"));
  else
    {
      get->json_path = atelier_property_path_parse_json (get->path, &local_error);
      if (get->json_path == NULL)
        get->problem = g_strdup (local_error->message);
    }
}

/* NULL when the Join is well formed, else what is wrong. */
static const char *
check_join (const AtelierNode *value)
{
  const AtelierNode *on = atelier_node_get_member (value, "On");

  if (atelier_node_get_kind (atelier_node_get_member (value, "Values")) != ATELIER_NODE_ARRAY)
    return _("Std:Join needs “Values”, a list");
  if (on != NULL && atelier_node_get_string (on) == NULL)
    return _("“On” of Std:Join must be a text");
  return NULL;
}

static char *
describe_unknown (const AtelierNode *node)
{
  const char *key;

  atelier_node_get_member_at (node, 0, &key);
  return g_strdup_printf (_("“%s” is not a function of pipeline definitions; there are Std:Join and Std:JsonGet"),
                          key);
}

/* Collecting. */

typedef struct
{
  const char * const   *skip_members;
  AtelierReferenceFunc  func;
  gpointer              user_data;
} Collector;

static void collect (const Collector *collector, const AtelierNode *node);

static void
emit_problem (const Collector *collector, const AtelierNode *node, const char *problem)
{
  AtelierReference reference = { ATELIER_REFERENCE_MALFORMED, .node = node, .problem = problem };

  collector->func (&reference, collector->user_data);
}

static void
collect_get (const Collector *collector, const AtelierNode *value)
{
  g_auto (Get) get = { 0 };
  AtelierReference reference;

  read_get (value, &get);
  if (get.kind == ATELIER_REFERENCE_STEP_PROPERTY_FILE && get.problem == NULL)
    get.problem = g_strdup (_("A property file can only be read with Std:JsonGet"));
  reference = (AtelierReference) { get.kind, get.name, get.path, get.property_path, NULL, value, get.problem };
  collector->func (&reference, collector->user_data);
}

static void
collect_json_get (const Collector *collector, const AtelierNode *node)
{
  const AtelierNode *value = atelier_node_get_member (node, "Std:JsonGet");
  g_auto (JsonGet) json_get = { 0 };
  g_auto (Get) get = { 0 };
  AtelierReference reference = { ATELIER_REFERENCE_MALFORMED };

  read_json_get (value, &json_get);
  reference.node = node;
  reference.problem = json_get.problem;
  reference.json_path = json_get.path;
  if (json_get.property_file != NULL)
    {
      read_get (json_get.property_file, &get);
      if (get.problem == NULL && get.kind != ATELIER_REFERENCE_STEP_PROPERTY_FILE)
        get.problem = g_strdup (_("Std:JsonGet reads property files: “Steps.STEP.PropertyFiles.NAME”"));
      reference.kind = get.kind;
      reference.name = get.name;
      reference.path = get.path;
      reference.property_path = get.property_path;
      reference.node = json_get.property_file;
      if (get.problem != NULL)
        reference.problem = get.problem;
    }
  else if (json_get.s3_uri != NULL)
    reference.kind = ATELIER_REFERENCE_S3_JSON;
  collector->func (&reference, collector->user_data);
  if (json_get.s3_uri != NULL)
    collect (collector, json_get.s3_uri);
}

static void
collect_children (const Collector *collector, const AtelierNode *node)
{
  guint length = atelier_node_get_length (node);

  if (atelier_node_get_kind (node) == ATELIER_NODE_ARRAY)
    {
      for (guint i = 0; i < length; i++)
        collect (collector, atelier_node_get_item (node, i));
      return;
    }
  for (guint i = 0; i < length; i++)
    {
      const char *key;
      const AtelierNode *member = atelier_node_get_member_at (node, i, &key);

      if (collector->skip_members == NULL || !g_strv_contains (collector->skip_members, key))
        collect (collector, member);
    }
}

static void
collect (const Collector *collector, const AtelierNode *node)
{
  AtelierNodeKind kind = atelier_node_get_kind (node);

  if (kind != ATELIER_NODE_ARRAY && kind != ATELIER_NODE_OBJECT)
    return;
  switch (atelier_expression_recognise (node))
    {
    case ATELIER_EXPRESSION_GET:
      collect_get (collector, atelier_node_get_member (node, "Get"));
      break;
    case ATELIER_EXPRESSION_JOIN:
      {
        const AtelierNode *join = atelier_node_get_member (node, "Std:Join");
        const char *problem = check_join (join);

        if (problem != NULL)
          emit_problem (collector, node, problem);
        collect (collector, atelier_node_get_member (join, "Values"));
        break;
      }
    case ATELIER_EXPRESSION_JSON_GET:
      collect_json_get (collector, node);
      break;
    case ATELIER_EXPRESSION_UNKNOWN:
      {
        g_autofree char *problem = describe_unknown (node);

        emit_problem (collector, node, problem);
        break;
      }
    case ATELIER_EXPRESSION_LITERAL:
    default:
      collect_children (collector, node);
      break;
    }
}

void
atelier_expression_collect (const AtelierNode    *tree,
                            const char * const   *skip_members,
                            AtelierReferenceFunc  func,
                            gpointer              user_data)
{
  Collector collector = { skip_members, func, user_data };

  g_return_if_fail (func != NULL);

  collect (&collector, tree);
}

/* Resolving. */

static json_t *
fail_syntax (const char *problem, GError **error)
{
  g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, problem);
  return NULL;
}

/* What the scope's function gave, or an error in its place. @read is NULL where the scope has no such values. */
static json_t *
look_up (json_t            *(*read) (const char *, gpointer, GError **),
         const AtelierScope  *scope,
         const char          *name,
         GError             **error)
{
  g_autoptr (GError) local_error = NULL;
  json_t *value;

  if (read == NULL)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND, _("it is not available here"));
      return NULL;
    }
  value = read (name, scope->user_data, &local_error);
  if (value == NULL && local_error == NULL)
    g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND, _("it has no value"));
  else if (value == NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return value;
}

static json_t *
resolve_step_property (const Get *get, const AtelierScope *scope, GError **error)
{
  g_autoptr (json_t) properties = NULL;
  json_t *found;

  if (get->property_path == NULL)
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                   _("a step has no value of its own; name one of its properties, such as “Steps.%s.PROPERTY”"),
                   get->name);
      return NULL;
    }
  properties = look_up (scope->get_step_properties, scope, get->name, error);
  if (properties == NULL)
    return NULL;
  found = atelier_property_path_apply (get->property_path, properties, error);
  return found != NULL ? json_deep_copy (found) : NULL; /* the tree stays the scope's own */
}

static json_t *
resolve_get (const AtelierNode *value, const AtelierScope *scope, GError **error)
{
  g_auto (Get) get = { 0 };
  json_t *result = NULL;

  read_get (value, &get);
  if (get.problem != NULL)
    return fail_syntax (get.problem, error);
  switch (get.kind)
    {
    case ATELIER_REFERENCE_PARAMETER:
      result = look_up (scope->get_parameter, scope, get.name, error);
      break;
    case ATELIER_REFERENCE_EXECUTION:
      result = look_up (scope->get_execution_variable, scope, get.name, error);
      break;
    case ATELIER_REFERENCE_EXPERIMENT:
      result = look_up (scope->get_experiment_label, scope, get.name, error);
      break;
    case ATELIER_REFERENCE_STEP_PROPERTY:
      result = resolve_step_property (&get, scope, error);
      break;
    case ATELIER_REFERENCE_STEP_PROPERTY_FILE:
      return fail_syntax (_("A property file can only be read with Std:JsonGet"), error);
    case ATELIER_REFERENCE_S3_JSON:
    case ATELIER_REFERENCE_MALFORMED:
    default:
      g_return_val_if_reached (NULL);
    }
  if (result == NULL)
    g_prefix_error (error, _("“%s”: "), atelier_node_get_string (value));
  return result;
}

static json_t *
read_property_file (const AtelierNode *value, const AtelierScope *scope, GError **error)
{
  g_auto (Get) get = { 0 };
  g_autoptr (GError) local_error = NULL;
  json_t *content;

  read_get (value, &get);
  if (get.problem != NULL)
    return fail_syntax (get.problem, error);
  if (get.kind != ATELIER_REFERENCE_STEP_PROPERTY_FILE)
    return fail_syntax (_("Std:JsonGet reads property files: “Steps.STEP.PropertyFiles.NAME”"), error);
  content = scope->get_property_file != NULL
            ? scope->get_property_file (get.name, get.path, scope->user_data, &local_error) : NULL;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (content == NULL)
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND,
                 _("Property file “%s” of step “%s” is not there"), get.path, get.name);
  return content;
}

static json_t *
read_s3_json (const AtelierNode *value, const AtelierScope *scope, GError **error)
{
  g_autofree char *uri = atelier_expression_resolve_text (value, scope, error);
  json_t *content;

  if (uri == NULL)
    return NULL;
  content = look_up (scope->get_s3_json, scope, uri, error);
  if (content == NULL)
    g_prefix_error (error, _("“%s”: "), uri);
  return content;
}

static json_t *
resolve_json_get (const AtelierNode *value, const AtelierScope *scope, GError **error)
{
  g_auto (JsonGet) get = { 0 };
  g_autoptr (json_t) content = NULL;
  json_t *found;

  read_json_get (value, &get);
  if (get.problem != NULL)
    return fail_syntax (get.problem, error);
  content = get.property_file != NULL ? read_property_file (get.property_file, scope, error)
                                      : read_s3_json (get.s3_uri, scope, error);
  if (content == NULL)
    return NULL;
  found = atelier_property_path_apply (get.json_path, content, error);
  if (json_is_null (found))
    g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND, _("the value is null"));
  if (found == NULL || json_is_null (found))
    {
      g_prefix_error (error, _("Path “%s” of Std:JsonGet: "), get.path);
      return NULL;
    }
  return json_deep_copy (found);
}

static json_t *
resolve_join (const AtelierNode *value, const AtelierScope *scope, GError **error)
{
  const AtelierNode *values = atelier_node_get_member (value, "Values");
  const char *on = atelier_node_get_string (atelier_node_get_member (value, "On"));
  const char *problem = check_join (value);
  g_autoptr (GString) text = g_string_new (NULL);

  if (problem != NULL)
    return fail_syntax (problem, error);
  for (guint i = 0; i < atelier_node_get_length (values); i++)
    {
      g_autofree char *part = atelier_expression_resolve_text (atelier_node_get_item (values, i), scope, error);

      if (part == NULL)
        {
          g_prefix_error (error, _("Value %u of Std:Join: "), i + 1);
          return NULL;
        }
      if (i > 0 && on != NULL)
        g_string_append (text, on);
      g_string_append (text, part);
    }
  return json_stringn_nocheck (text->str, text->len);
}

static json_t *
resolve_children (const AtelierNode *node, const AtelierScope *scope, GError **error)
{
  gboolean is_object = atelier_node_get_kind (node) == ATELIER_NODE_OBJECT;
  g_autoptr (json_t) result = is_object ? json_object () : json_array ();
  guint length = atelier_node_get_length (node);

  for (guint i = 0; i < length; i++)
    {
      const char *key = NULL;
      const AtelierNode *child = is_object ? atelier_node_get_member_at (node, i, &key)
                                           : atelier_node_get_item (node, i);
      json_t *value = atelier_expression_resolve (child, scope, error);

      if (value == NULL)
        return NULL;
      if (is_object)
        json_object_set_new_nocheck (result, key, value);
      else
        json_array_append_new (result, value);
    }
  return g_steal_pointer (&result);
}

json_t *
atelier_expression_resolve (const AtelierNode *tree, const AtelierScope *scope, GError **error)
{
  AtelierNodeKind kind = atelier_node_get_kind (tree);

  g_return_val_if_fail (scope != NULL, NULL);

  if (kind != ATELIER_NODE_ARRAY && kind != ATELIER_NODE_OBJECT)
    return tree != NULL ? atelier_node_to_json (tree) : json_null ();
  switch (atelier_expression_recognise (tree))
    {
    case ATELIER_EXPRESSION_GET:
      return resolve_get (atelier_node_get_member (tree, "Get"), scope, error);
    case ATELIER_EXPRESSION_JOIN:
      return resolve_join (atelier_node_get_member (tree, "Std:Join"), scope, error);
    case ATELIER_EXPRESSION_JSON_GET:
      return resolve_json_get (atelier_node_get_member (tree, "Std:JsonGet"), scope, error);
    case ATELIER_EXPRESSION_UNKNOWN:
      {
        g_autofree char *problem = describe_unknown (tree);

        return fail_syntax (problem, error);
      }
    case ATELIER_EXPRESSION_LITERAL:
    default:
      return resolve_children (tree, scope, error);
    }
}

char *
atelier_expression_resolve_text (const AtelierNode *node, const AtelierScope *scope, GError **error)
{
  g_autoptr (json_t) value = atelier_expression_resolve (node, scope, error);

  if (value == NULL)
    return NULL;
  if (json_is_null (value) || json_is_object (value) || json_is_array (value))
    {
      g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE, _("%s cannot stand where a text is needed"),
                   json_is_null (value) ? _("Null") : json_is_object (value) ? _("An object") : _("A list"));
      return NULL;
    }
  return atelier_json_to_text (value);
}
