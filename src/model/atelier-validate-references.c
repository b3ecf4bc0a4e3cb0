/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-validate"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-shape.h"
#include "atelier-validate.h"

/* The validator's part about references: what an expression names must be declared. Form is atelier-expression.c's
 * business; it hands each reference over with what is wrong with its form. */

struct _AtelierReferences
{
  const AtelierDefinition *definition;
  AtelierReport           *report;
  gboolean                *is_used; /* for each parameter */
  const char             **parameter_names;
  const char             **step_names;
};

/* Lists whose items a path can select by name: Outputs['train']. */
static const struct
{
  const char     *path;       /* from the step's properties */
  const char     *name_key;
  gboolean        step_level; /* the list is a member of the step, not of its Arguments */
  AtelierSeverity severity;   /* of a name that is not there */
} named_lists[] = {
  { "ProcessingOutputConfig.Outputs", "OutputName", FALSE, ATELIER_SEVERITY_ERROR },
  { "ProcessingInputs", "InputName", FALSE, ATELIER_SEVERITY_WARNING },
  { "InputDataConfig", "ChannelName", FALSE, ATELIER_SEVERITY_WARNING },
  { "OutputParameters", "OutputName", TRUE, ATELIER_SEVERITY_WARNING },
};

AtelierReferences *
atelier_references_new (const AtelierDefinition *definition, AtelierReport *report)
{
  AtelierReferences *self = g_new0 (AtelierReferences, 1);

  self->definition = definition;
  self->report = report;
  self->is_used = g_new0 (gboolean, definition->n_parameters);
  self->parameter_names = g_new (const char *, definition->n_parameters);
  for (guint i = 0; i < definition->n_parameters; i++)
    self->parameter_names[i] = definition->parameters[i].name;
  self->step_names = g_new (const char *, definition->n_steps);
  for (guint i = 0; i < definition->n_steps; i++)
    self->step_names[i] = definition->steps[i].name;
  return self;
}

void
atelier_references_free (AtelierReferences *self)
{
  g_free (self->is_used);
  g_free (self->parameter_names);
  g_free (self->step_names);
  g_free (self);
}

static void
check_parameter (AtelierReferences *self, const AtelierReference *reference)
{
  const AtelierParameter *parameter = atelier_definition_find_parameter (self->definition, reference->name);

  if (parameter != NULL)
    self->is_used[parameter - self->definition->parameters] = TRUE;
  else
    atelier_report_error (self->report, reference->node,
                          atelier_report_suggest (self->report, reference->name, self->parameter_names,
                                                  self->definition->n_parameters),
                          _("There is no parameter “%s”"), reference->name);
}

/* Returns: (nullable): the step, when others may wait for it */
static const AtelierStep *
find_step (AtelierReferences *self, const char *name, const AtelierNode *at)
{
  const AtelierStep *step = atelier_definition_find_step (self->definition, name);

  if (step == NULL)
    {
      atelier_report_error (self->report, at,
                            atelier_report_suggest (self->report, name, self->step_names, self->definition->n_steps),
                            _("There is no step “%s”"), name);
      return NULL;
    }
  if (step->type == ATELIER_STEP_TYPE_FAIL)
    {
      atelier_report_error (self->report, at, NULL,
                            _("“%s” is a Fail step, which ends the run: nothing can wait for it"), name);
      return NULL;
    }
  return step;
}

static void
check_property_file (AtelierReferences *self, const AtelierStep *step, const AtelierReference *reference)
{
  g_autofree const char **names = NULL;

  if (step->type != ATELIER_STEP_TYPE_UNKNOWN && !atelier_step_type_get_info (step->type)->has_property_files)
    {
      atelier_report_error (self->report, reference->node, NULL,
                            _("“%s” is a %s step; only Processing steps have property files"), step->name,
                            step->type_text);
      return;
    }
  if (atelier_step_find_property_file (step, reference->path) != NULL)
    return;
  names = g_new (const char *, step->n_property_files);
  for (guint i = 0; i < step->n_property_files; i++)
    names[i] = step->property_files[i].name;
  atelier_report_error (self->report, reference->node,
                        atelier_report_suggest (self->report, reference->path, names, step->n_property_files),
                        _("Step “%s” declares no property file “%s”"), step->name, reference->path);
}

static void
report_list_item (AtelierReferences *self, const AtelierReference *reference, AtelierSeverity severity, char *hint,
                  const char *message)
{
  if (severity == ATELIER_SEVERITY_ERROR)
    atelier_report_error (self->report, reference->node, hint, "%s", message);
  else
    atelier_report_warning (self->report, reference->node, hint, "%s", message);
}

/* @segment: the one that selects an item of @list. A list with computed names is not looked into. */
static void
check_list_item (AtelierReferences        *self,
                 const AtelierStep        *step,
                 const AtelierReference   *reference,
                 const AtelierPathSegment *segment,
                 const AtelierNode        *list,
                 guint                     row)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *last = strrchr (named_lists[row].path, '.');
  const char *list_name = last != NULL ? last + 1 : named_lists[row].path;
  g_autofree char *message = NULL;

  if (segment->kind == ATELIER_PATH_SEGMENT_INDEX)
    {
      if (segment->index < atelier_node_get_length (list))
        return;
      message = g_strdup_printf (_("“%s” of step “%s” has no item %u, only %u items, counted from 0"), list_name,
                                 step->name, segment->index, atelier_node_get_length (list));
      report_list_item (self, reference, named_lists[row].severity, NULL, message);
      return;
    }
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *item = atelier_node_get_item (list, i);
      const char *name = atelier_node_get_string (atelier_node_get_member (item, named_lists[row].name_key));

      if (name == NULL || strcmp (name, segment->text) == 0)
        return;
      g_ptr_array_add (names, (gpointer) name);
    }
  message = g_strdup_printf (_("“%s” of step “%s” has no item “%s”"), list_name, step->name, segment->text);
  report_list_item (self, reference, named_lists[row].severity,
                    atelier_report_suggest (self->report, segment->text, (const char *const *) names->pdata,
                                            names->len), message);
}

/* Where the path goes through a named list of the step: checks which item it selects. */
static void
check_named_lists (AtelierReferences *self, const AtelierStep *step, const AtelierReference *reference)
{
  const AtelierPropertyPath *path = reference->property_path;

  for (guint row = 0; row < G_N_ELEMENTS (named_lists); row++)
    {
      g_auto (GStrv) names = NULL;
      const AtelierNode *node = named_lists[row].step_level ? step->node : step->arguments;
      guint n = 0;

      if (!g_str_has_prefix (reference->path, named_lists[row].path))
        continue;
      names = g_strsplit (named_lists[row].path, ".", -1);
      for (; names[n] != NULL && n < atelier_property_path_get_length (path); n++)
        {
          const AtelierPathSegment *segment = atelier_property_path_get_segment (path, n);

          if (segment->kind != ATELIER_PATH_SEGMENT_NAME || strcmp (segment->text, names[n]) != 0)
            return;
          node = atelier_node_get_member (node, names[n]);
        }
      if (names[n] == NULL && n < atelier_property_path_get_length (path) &&
          atelier_property_path_get_segment (path, n)->kind != ATELIER_PATH_SEGMENT_NAME &&
          (node == NULL || atelier_node_get_kind (node) == ATELIER_NODE_ARRAY))
        check_list_item (self, step, reference, atelier_property_path_get_segment (path, n), node, row);
    }
}

static void
check_property (AtelierReferences *self, const AtelierStep *step, const AtelierReference *reference)
{
  const AtelierPathSegment *first;

  if (*reference->path == '\0')
    {
      atelier_report_warning (self->report, reference->node, NULL, _("A step itself has no value"));
      return;
    }
  if (reference->property_path == NULL || step->type == ATELIER_STEP_TYPE_UNKNOWN)
    return;
  first = atelier_property_path_get_segment (reference->property_path, 0);
  /* Outputs that are not there are an error on any step. */
  if (!atelier_step_shape_has_property (step->type, first->text) &&
      atelier_node_get_member (step->arguments, first->text) == NULL &&
      !g_str_has_prefix (reference->path, "ProcessingOutputConfig.Outputs["))
    {
      g_auto (GStrv) names = atelier_step_shape_list_properties (step->type);

      atelier_report_warning (self->report, reference->node,
                              atelier_report_suggest (self->report, first->text, (const char *const *) names,
                                                      g_strv_length (names)),
                              _("A %s step has no property “%s”"), step->type_text, first->text);
      return;
    }
  check_named_lists (self, step, reference);
}

static void
note_step_cb (const AtelierReference *reference, gpointer user_data)
{
  if (reference->kind == ATELIER_REFERENCE_STEP_PROPERTY || reference->kind == ATELIER_REFERENCE_STEP_PROPERTY_FILE)
    *(gboolean *) user_data = TRUE;
}

/* An object in S3 is written by some step, but the expression does not say by which. */
static void
check_s3_json (AtelierReferences *self, const AtelierStep *reader, const AtelierReference *reference)
{
  const AtelierNode *json_get = atelier_node_get_member (reference->node, "Std:JsonGet");
  gboolean names_step = FALSE;

  if (reader != NULL && reader->n_depends_on > 0)
    return;
  atelier_expression_collect (atelier_node_get_member (json_get, "S3Uri"), NULL, note_step_cb, &names_step);
  if (!names_step)
    atelier_report_warning (self->report, reference->node,
                            g_strdup (_("name the step that writes the object in “DependsOn”")),
                            _("Nothing makes the step wait until this object is written"));
}

const AtelierStep *
atelier_references_check (AtelierReferences *self, const AtelierStep *reader, const AtelierReference *reference)
{
  const AtelierNode *config;
  const AtelierStep *step;

  if (reference->problem != NULL)
    atelier_report_error (self->report, reference->node, NULL, "%s", reference->problem);
  switch (reference->kind)
    {
    case ATELIER_REFERENCE_PARAMETER:
      check_parameter (self, reference);
      return NULL;
    case ATELIER_REFERENCE_EXPERIMENT:
      config = atelier_node_get_member (self->definition->root, "PipelineExperimentConfig");
      if (atelier_node_get_kind (config) == ATELIER_NODE_NULL)
        atelier_report_warning (self->report, reference->node, NULL,
                                _("The definition has no “PipelineExperimentConfig”"));
      return NULL;
    case ATELIER_REFERENCE_STEP_PROPERTY:
      step = find_step (self, reference->name, reference->node);
      if (step != NULL && reference->problem == NULL)
        check_property (self, step, reference);
      return step;
    case ATELIER_REFERENCE_STEP_PROPERTY_FILE:
      step = find_step (self, reference->name, reference->node);
      if (step != NULL && reference->path != NULL && *reference->path != '\0')
        check_property_file (self, step, reference);
      return step;
    case ATELIER_REFERENCE_S3_JSON:
      check_s3_json (self, reader, reference);
      return NULL;
    case ATELIER_REFERENCE_EXECUTION:
    case ATELIER_REFERENCE_MALFORMED:
    default:
      return NULL;
    }
}

const AtelierStep *
atelier_references_check_depends_on (AtelierReferences *self, const AtelierStep *reader, const AtelierNode *item)
{
  const char *name = atelier_node_get_string (item);

  return name != NULL ? find_step (self, name, item) : NULL;
}

static void
check_label_cb (const AtelierReference *reference, gpointer user_data)
{
  AtelierReferences *self = user_data;

  if (reference->kind == ATELIER_REFERENCE_STEP_PROPERTY || reference->kind == ATELIER_REFERENCE_STEP_PROPERTY_FILE)
    atelier_report_error (self->report, reference->node, NULL,
                          _("A label is made before any step runs and cannot read one"));
  else
    atelier_references_check (self, NULL, reference);
}

void
atelier_references_check_top_level (AtelierReferences *self)
{
  const AtelierNode *root = self->definition->root;

  atelier_expression_collect (atelier_node_get_member (root, "PipelineExperimentConfig"), NULL, check_label_cb, self);
  atelier_expression_collect (atelier_node_get_member (root, "MlflowConfig"), NULL, check_label_cb, self);
  for (guint i = 0; i < self->definition->n_parameters; i++)
    {
      const AtelierParameter *parameter = &self->definition->parameters[i];

      if (!self->is_used[i] && atelier_definition_find_parameter (self->definition, parameter->name) == parameter)
        atelier_report_warning (self->report, atelier_node_get_member (parameter->node, "Name"), NULL,
                                _("Nothing reads the parameter “%s”"), parameter->name);
    }
}
