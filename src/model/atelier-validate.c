/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-validate"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-shape.h"
#include "atelier-validate.h"

/* The validator: what is said about the definition as a whole, and the walk over its steps. Its parts:
 *
 *     atelier-validate.c             top level, parameters
 *     atelier-validate-step.c        one step: name, type, policies, rules of its type
 *     atelier-shape.c                its keys and values, by the tables of atelier-step-shapes.c
 *     atelier-validate-condition.c   conditions
 *     atelier-validate-data.c        S3 URIs, secrets, unrendered texts
 *     atelier-validate-references.c  what expressions name (called while the steps are linked)
 *     atelier-definition-link.c      cycles
 *
 * All errors are found in one go. A rule speaks up only where those before it had nothing to say: a value of the
 * wrong kind is reported once, and then looks absent to the rest. */

#define MOST_CHARACTERS      1048576
#define MOST_STEPS           50
#define MOST_PARAMETERS      200
#define MOST_DEFAULT         4096
#define MOST_METADATA_KEY    128
#define MOST_METADATA_VALUE  1024

static const AtelierField experiment_config[] = {
  { "ExperimentName", ATELIER_SHAPE_TEXT },
  { "TrialName", ATELIER_SHAPE_TEXT },
  { NULL },
};

static const AtelierField mlflow_config[] = {
  { "MlflowResourceArn", ATELIER_SHAPE_TEXT },
  { "MlflowExperimentName", ATELIER_SHAPE_TEXT },
  { NULL },
};

static const AtelierField top_level[] = {
  { "Version", ATELIER_SHAPE_ANY },
  { "Metadata", ATELIER_SHAPE_MAP, .most_key = MOST_METADATA_KEY, .most_item = MOST_METADATA_VALUE },
  { "Parameters", ATELIER_SHAPE_LIST },
  { "PipelineExperimentConfig", ATELIER_SHAPE_OBJECT, .shape = experiment_config },
  { "MlflowConfig", ATELIER_SHAPE_OBJECT, .shape = mlflow_config },
  { "Steps", ATELIER_SHAPE_LIST },
  { NULL },
};

static const AtelierField parameter_shape[] = {
  { "Name", ATELIER_SHAPE_ANY },
  { "Type", ATELIER_SHAPE_ANY },
  { "DefaultValue", ATELIER_SHAPE_ANY },
  { "EnumValues", ATELIER_SHAPE_ANY },
  { "Description", ATELIER_SHAPE_LITERAL },
  { NULL },
};

/* Parameters */

/* The pattern of the service's API: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}$ */
static gboolean
is_api_name (const char *name)
{
  gsize length = strlen (name), n_other = 0;

  for (const char *c = name; *c != '\0'; c++)
    if (*c != '-' && !g_ascii_isalnum (*c))
      return FALSE;
    else
      n_other += *c != '-';
  return length > 0 && n_other <= 256 && *name != '-' && name[length - 1] != '-';
}

static void
validate_parameter_name (const AtelierDefinition *definition, const AtelierParameter *parameter,
                         AtelierReport *report)
{
  const AtelierNode *name = atelier_node_get_member (parameter->node, "Name");

  if (name == NULL)
    atelier_report_error (report, parameter->node, NULL, _("A parameter has no “Name”"));
  else if (atelier_node_get_string (name) == NULL)
    atelier_report_error (report, name, NULL, _("“Name” of a parameter must be text"));
  else if (!atelier_validate_is_name (parameter->name) && !is_api_name (parameter->name))
    atelier_report_error (report, name, g_strdup (_("it has letters, digits and dashes")),
                          _("“%s” cannot be the name of a parameter"), parameter->name);
  else if (!is_api_name (parameter->name))
    atelier_report_warning (report, name, g_strdup (_("use letters, digits and dashes between them")),
                            _("The service's API does not take the parameter name “%s”"), parameter->name);
  if (*parameter->name != '\0' && atelier_definition_find_parameter (definition, parameter->name) != parameter)
    atelier_report_error (report, name, NULL, _("There already is a parameter “%s”"), parameter->name);
}

static gboolean
validate_parameter_type (const AtelierParameter *parameter, AtelierReport *report)
{
  const AtelierNode *type = atelier_node_get_member (parameter->node, "Type");
  const char *names[ATELIER_VALUE_TYPE_N_VALUES];
  const char *text = atelier_node_get_string (type);
  AtelierValueType value_type;
  char *hint;

  if (atelier_node_get_kind (type) == ATELIER_NODE_NULL ||
      (text != NULL && atelier_value_type_from_text (text, &value_type)))
    return TRUE;
  for (guint i = 0; i < ATELIER_VALUE_TYPE_N_VALUES; i++)
    names[i] = atelier_value_type_to_text (i);
  hint = text != NULL ? atelier_report_suggest (report, text, names, G_N_ELEMENTS (names)) : NULL;
  if (hint == NULL)
    hint = g_strdup (_("it is one of String, Integer, Float, Boolean"));
  if (text != NULL)
    atelier_report_error (report, type, hint, _("There is no parameter type “%s”"), text);
  else
    atelier_report_error (report, type, hint, _("“Type” of a parameter must be text"));
  return FALSE;
}

/* Returns: whether a value can be held against it */
static gboolean
validate_enum_values (const AtelierParameter *parameter, AtelierReport *report)
{
  const AtelierNode *values = atelier_node_get_member (parameter->node, "EnumValues");

  if (atelier_node_get_kind (values) == ATELIER_NODE_NULL)
    return TRUE;
  if (parameter->enum_values == NULL)
    {
      atelier_report_error (report, values, NULL, _("“EnumValues” must be a list of texts"));
      return FALSE;
    }
  for (guint i = 0; i < atelier_node_get_length (values); i++)
    if (atelier_node_get_string (atelier_node_get_item (values, i)) == NULL)
      {
        atelier_report_error (report, atelier_node_get_item (values, i), NULL,
                              _("“EnumValues” must be a list of texts"));
        return FALSE;
      }
  if (parameter->type != ATELIER_VALUE_TYPE_STRING)
    {
      atelier_report_key_warning (report, values, NULL, _("Only a String can have “EnumValues”"));
      return FALSE;
    }
  return TRUE;
}

static char *
suggest_enum_value (const AtelierParameter *parameter, AtelierReport *report)
{
  g_autofree const char **values = NULL;
  guint n = atelier_parameter_get_n_enum_values (parameter);

  if (n == 0 || atelier_node_get_string (parameter->default_node) == NULL)
    return NULL;
  values = g_new (const char *, n);
  for (guint i = 0; i < n; i++)
    values[i] = atelier_parameter_get_enum_value (parameter, i);
  return atelier_report_suggest (report, atelier_node_get_string (parameter->default_node), values, n);
}

static void
validate_default (const AtelierParameter *parameter, gboolean has_good_enum, AtelierReport *report)
{
  const char *text = atelier_node_get_string (parameter->default_node);
  g_autoptr (json_t) value = NULL, checked = NULL;
  g_autoptr (GError) error = NULL;

  if (parameter->default_node == NULL)
    return;
  value = atelier_node_to_json (parameter->default_node);
  checked = atelier_parameter_value_check (parameter->name, parameter->type,
                                           has_good_enum ? parameter->enum_values : NULL, value, &error);
  if (checked == NULL)
    atelier_report_error (report, parameter->default_node,
                          has_good_enum ? suggest_enum_value (parameter, report) : NULL,
                          _("Wrong default: %s"), error->message);
  else if (text != NULL && strlen (text) > MOST_DEFAULT && g_utf8_strlen (text, -1) > MOST_DEFAULT)
    atelier_report_warning (report, parameter->default_node, NULL, _("The default has more than %d characters"),
                            MOST_DEFAULT);
}

static void
validate_parameters (const AtelierDefinition *definition, AtelierReport *report)
{
  const AtelierNode *list = atelier_node_get_member (definition->root, "Parameters");
  const AtelierShapeContext context = { .report = report };

  for (guint i = 0; i < definition->n_parameters; i++)
    {
      const AtelierParameter *parameter = &definition->parameters[i];
      gboolean has_good_enum;

      atelier_shape_check_object (&context, parameter->node, parameter_shape, NULL);
      validate_parameter_name (definition, parameter, report);
      has_good_enum = validate_enum_values (parameter, report);
      if (validate_parameter_type (parameter, report))
        validate_default (parameter, has_good_enum, report);
    }
  if (definition->n_parameters > MOST_PARAMETERS)
    atelier_report_warning (report, list, NULL, _("There are %u parameters; accounts of the service begin with %d"),
                            definition->n_parameters, MOST_PARAMETERS);
}

/* Steps */

/* Entries that are no objects are no steps; the definition has left them out. */
static void
report_strangers (const AtelierNode *list, const char *what, AtelierReport *report)
{
  for (guint i = 0; atelier_node_get_kind (list) == ATELIER_NODE_ARRAY && i < atelier_node_get_length (list); i++)
    if (atelier_node_get_kind (atelier_node_get_item (list, i)) != ATELIER_NODE_OBJECT)
      atelier_report_error (report, atelier_node_get_item (list, i), NULL, _("%s is an object"), what);
}

static void
validate_steps (const AtelierDefinition *definition, AtelierReport *report)
{
  const AtelierNode *list = atelier_node_get_member (definition->root, "Steps");
  g_autoptr (AtelierDataCheck) data = atelier_data_check_new (report);

  report_strangers (list, _("A step"), report);
  for (guint i = 0; i < definition->n_steps; i++)
    {
      const AtelierStep *step = &definition->steps[i];

      if (step->type == ATELIER_STEP_TYPE_CONDITION)
        {
          report->step = step->name;
          report_strangers (atelier_node_get_member (step->arguments, "IfSteps"), _("A step"), report);
          report_strangers (atelier_node_get_member (step->arguments, "ElseSteps"), _("A step"), report);
          report->step = NULL;
        }
      atelier_validate_step (definition, step, data, report);
    }
  atelier_data_check_finish (data);
  if (definition->n_steps > MOST_STEPS)
    atelier_report_warning (report, list, NULL, _("There are %u steps; accounts of the service begin with %d"),
                            definition->n_steps, MOST_STEPS);
}

/* The top level */

static void
validate_version (const AtelierDefinition *definition, AtelierReport *report)
{
  const AtelierNode *version = atelier_node_get_member (definition->root, "Version");
  const char *text = atelier_node_get_string (version);

  if (version == NULL || g_strcmp0 (text, ATELIER_DEFINITION_VERSION) == 0)
    return;
  atelier_report_error (report, version, g_strdup_printf (_("write “%s”"), ATELIER_DEFINITION_VERSION),
                        _("This is no version of the format"));
}

static void
validate_metadata (const AtelierDefinition *definition, AtelierReport *report)
{
  const AtelierNode *metadata = atelier_node_get_member (definition->root, "Metadata");

  for (guint i = 0; i < atelier_node_get_length (metadata); i++)
    {
      const AtelierNode *member = atelier_node_get_member_at (metadata, i, NULL);

      for (const char *c = atelier_node_get_key (member); c != NULL && *c != '\0'; c++)
        if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_')
          {
            atelier_report_key_warning (report, member, NULL,
                                        _("The service does not take the key “%s” in “Metadata”"),
                                        atelier_node_get_key (member));
            break;
          }
    }
}

static void
validate_size (const AtelierDefinition *definition, AtelierReport *report)
{
  gsize length;
  const char *text = atelier_node_get_spelling (definition->root, &length);

  /* No character has more than four bytes. */
  if (length > 4 * MOST_CHARACTERS || (length > MOST_CHARACTERS && g_utf8_strlen (text, length) > MOST_CHARACTERS))
    atelier_report_warning (report, definition->root, NULL,
                            _("The definition has more than %d characters, which the service does not take"),
                            MOST_CHARACTERS);
}

void
atelier_definition_validate (const AtelierDefinition *self, AtelierReport *report)
{
  static const char *const steps[] = { "Steps", NULL };
  const AtelierShapeContext context = { .report = report };

  atelier_shape_check_object (&context, self->root, top_level, NULL);
  atelier_data_check_texts (report, self->root, steps);
  validate_version (self, report);
  validate_metadata (self, report);
  report_strangers (atelier_node_get_member (self->root, "Parameters"), _("A parameter"), report);
  validate_parameters (self, report);
  validate_steps (self, report);
  validate_size (self, report);
}
