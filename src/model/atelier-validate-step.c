/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-validate"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-shape.h"
#include "atelier-validate.h"

/* The validator's part about one step: its name and type, its keys by the shape of its type, its policies, and the
 * rules that a shape cannot say. References are elsewhere. */

gboolean
atelier_validate_is_name (const char *name)
{
  gsize length = strlen (name);

  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_isalnum (*c) && *c != '-' && *c != '_')
      return FALSE;
  return length >= 1 && length <= 64;
}

static const AtelierNode *
dig (const AtelierNode *node, const char *key, const char *key_below)
{
  return atelier_node_get_member (atelier_node_get_member (node, key), key_below);
}

static gboolean
is_there (const AtelierNode *object, const char *key)
{
  return atelier_node_get_kind (atelier_node_get_member (object, key)) != ATELIER_NODE_NULL;
}

/* Name and type */

static void
validate_name (const AtelierDefinition *definition, const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *name = atelier_node_get_member (step->node, "Name");
  const AtelierStep *first;

  if (name == NULL)
    atelier_report_error (report, step->node, NULL, _("A step has no “Name”"));
  else if (atelier_node_get_string (name) == NULL)
    atelier_report_error (report, name, NULL, _("“Name” of a step must be text"));
  else if (!atelier_validate_is_name (step->name))
    atelier_report_error (report, name, g_strdup (_("it has 1 to 64 letters, digits, dashes and underscores")),
                          _("“%s” cannot be the name of a step"), step->name);
  first = atelier_definition_find_step (definition, step->name);
  if (first != NULL && first != step)
    {
      guint line, column;

      atelier_node_get_position (first->node, &line, &column);
      atelier_report_error (report, name, NULL, _("Another step, in line %u, is already called “%s”"), line,
                            step->name);
    }
}

static void
validate_type (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *type = atelier_node_get_member (step->node, "Type");

  if (type == NULL)
    atelier_report_error (report, step->node, NULL, _("The step has no “Type”"));
  else if (atelier_node_get_string (type) == NULL)
    atelier_report_error (report, type, NULL, _("“Type” of a step must be text"));
  else if (step->type == ATELIER_STEP_TYPE_UNKNOWN)
    atelier_report_error (report, type, atelier_step_type_suggest (step->type_text), _("There is no step type “%s”"),
                          step->type_text);
  else if (atelier_step_type_get_info (step->type)->work == ATELIER_STEP_WORK_NONE)
    atelier_report_warning (report, type, NULL, _("%s steps cannot run on this machine"), step->type_text);
}

/* Policies */

static void
validate_cache (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *config = atelier_step_get_member (step, "CacheConfig"), *wrong = NULL;
  g_autoptr (GError) error = NULL;
  AtelierCachePolicy policy;

  if (atelier_node_get_kind (config) != ATELIER_NODE_OBJECT)
    return;
  if (!atelier_cache_policy_read (config, &policy, &wrong, &error))
    atelier_report_error (report, wrong, NULL, "%s", error->message);
  else if (policy.enabled && !policy.expires)
    atelier_report_warning (report, config, g_strdup (_("here cached results then never expire")),
                            _("“ExpireAfter” is missing in “CacheConfig”; the service asks for it"));
  if (!atelier_step_type_get_info (step->type)->has_cache)
    atelier_report_key_warning (report, config, NULL, _("%s steps have no cache"), step->type_text);
}

static void
validate_exception (const AtelierStep *step, const AtelierNode *node, AtelierReport *report)
{
  const char *names[ATELIER_EXCEPTION_N_VALUES];
  const char *text = atelier_node_get_string (node);
  AtelierException exception;

  if (text == NULL)
    {
      atelier_report_error (report, node, NULL, _("“ExceptionType” must be a list of texts such as “%s”"),
                            atelier_exception_to_text (ATELIER_EXCEPTION_JOB_INTERNAL_ERROR));
      return;
    }
  if (atelier_exception_from_text (text, &exception))
    {
      guint retries = atelier_step_type_get_info (step->type)->retries;

      if (retries != 0 && (retries & ATELIER_EXCEPTION_BIT (exception)) == 0)
        atelier_report_warning (report, node, NULL, _("%s steps are not retried for “%s”"), step->type_text, text);
      return;
    }
  for (guint i = 0; i < ATELIER_EXCEPTION_N_VALUES; i++)
    names[i] = atelier_exception_to_text (i);
  atelier_report_warning (report, node, atelier_report_suggest (report, text, names, G_N_ELEMENTS (names)),
                          _("There is no exception type “%s”: the policy never applies to it"), text);
}

/* @n_errors_before: how many errors there were before the step was looked at */
static void
validate_retries (const AtelierStep *step, guint n_errors_before, AtelierReport *report)
{
  const AtelierNode *list = atelier_step_get_member (step, "RetryPolicies");
  g_autoptr (GError) error = NULL;

  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY)
    return;
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *policy = atelier_node_get_item (list, i);
      const AtelierNode *exceptions = atelier_node_get_member (policy, "ExceptionType");

      if (is_there (policy, "MaxAttempts") && is_there (policy, "ExpireAfterMin"))
        atelier_report_error (report, policy, g_strdup (_("keep one of them")),
                              _("A retry policy has either “MaxAttempts” or “ExpireAfterMin”"));
      if (atelier_node_get_kind (exceptions) == ATELIER_NODE_ARRAY)
        for (guint k = 0; k < atelier_node_get_length (exceptions); k++)
          validate_exception (step, atelier_node_get_item (exceptions, k), report);
      else if (exceptions != NULL)
        validate_exception (step, exceptions, report);
    }
  if (step->type != ATELIER_STEP_TYPE_UNKNOWN && atelier_step_type_get_info (step->type)->retries == 0)
    atelier_report_key_warning (report, list, NULL, _("%s steps are not retried"), step->type_text);

  /* Whatever else the reader does not take. */
  if (step->retry_policies == NULL && report->n_errors == n_errors_before)
    {
      const AtelierNode *wrong = list;
      g_autoptr (GPtrArray) policies = atelier_retry_policies_read (list, &wrong, &error);

      if (policies == NULL)
        atelier_report_error (report, wrong, NULL, "%s", error->message);
    }
}

/* Lists whose entries have names */

static void
warn_of_duplicates (const AtelierNode *list, const char *name_key, AtelierReport *report)
{
  g_autoptr (GHashTable) names = NULL;

  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY || atelier_node_get_length (list) < 2)
    return;
  names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *name = atelier_node_get_member (atelier_node_get_item (list, i), name_key);
      const char *text = atelier_node_get_string (name);

      if (text != NULL && !g_hash_table_add (names, (gpointer) text))
        atelier_report_warning (report, name, NULL, _("“%s” stands twice in %s"), text, atelier_node_get_key (list));
    }
}

/* Rules of the types */

/* Where the name of an output is computed, a property file may mean that one. */
static void
validate_property_files (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *outputs = dig (step->arguments, "ProcessingOutputConfig", "Outputs");
  g_autoptr (GHashTable) outputs_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  g_autofree const char **names = NULL;
  gboolean all_known = TRUE;
  guint n_names;

  for (guint i = 0; i < atelier_node_get_length (outputs); i++)
    {
      const AtelierNode *output = atelier_node_get_item (outputs, i);
      const char *name = atelier_node_get_string (atelier_node_get_member (output, "OutputName"));

      if (name != NULL)
        g_hash_table_add (outputs_by_name, (gpointer) name);
      else
        all_known = FALSE;
    }
  names = (const char **) g_hash_table_get_keys_as_array (outputs_by_name, &n_names);
  for (guint i = 0; i < step->n_property_files; i++)
    {
      const AtelierPropertyFile *file = &step->property_files[i];

      if (all_known && *file->output_name != '\0' && !g_hash_table_contains (outputs_by_name, file->output_name))
        atelier_report_error (report, atelier_node_get_member (file->node, "OutputName"),
                              atelier_report_suggest (report, file->output_name, names, n_names),
                              _("The step has no output “%s”"), file->output_name);
    }
  warn_of_duplicates (atelier_step_get_member (step, "PropertyFiles"), "PropertyFileName", report);
}

static void
validate_processing (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *inputs = atelier_node_get_member (step->arguments, "ProcessingInputs");

  warn_of_duplicates (inputs, "InputName", report);
  warn_of_duplicates (dig (step->arguments, "ProcessingOutputConfig", "Outputs"), "OutputName", report);
  validate_property_files (step, report);
}

/* @job: the arguments of a Training step, or a training definition of a Tuning step */
static void
validate_training_job (const AtelierNode *job, AtelierReport *report)
{
  const AtelierNode *algorithm = atelier_node_get_member (job, "AlgorithmSpecification");
  const AtelierNode *channels = atelier_node_get_member (job, "InputDataConfig");

  if (!is_there (job, "ServerlessJobConfig") && !is_there (algorithm, "TrainingImage") &&
      !is_there (algorithm, "AlgorithmName"))
    atelier_report_error (report, algorithm != NULL ? algorithm : job, g_strdup (_("or an “AlgorithmName”")),
                          _("“TrainingImage” is missing in “AlgorithmSpecification”"));
  warn_of_duplicates (channels, "ChannelName", report);
  for (guint i = 0; i < atelier_node_get_length (channels); i++)
    {
      const AtelierNode *name = atelier_node_get_member (atelier_node_get_item (channels, i), "ChannelName");
      const char *text = atelier_node_get_string (name);

      for (; text != NULL && *text != '\0'; text++)
        if (!g_ascii_isalnum (*text) && strchr ("._-", *text) == NULL)
          {
            atelier_report_warning (report, name, g_strdup (_("use letters, digits, dots, dashes and underscores")),
                                    _("“%s” cannot be the name of a channel"), atelier_node_get_string (name));
            break;
          }
    }
}

static void
validate_training (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *serverless = atelier_node_get_member (step->arguments, "ServerlessJobConfig");

  validate_training_job (step->arguments, report);
  if (serverless != NULL)
    atelier_report_warning (report, serverless, NULL, _("Serverless training cannot run on this machine"));
}

static void
validate_tuning (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *one = atelier_node_get_member (step->arguments, "TrainingJobDefinition");
  const AtelierNode *many = atelier_node_get_member (step->arguments, "TrainingJobDefinitions");

  if (one != NULL && many != NULL)
    atelier_report_error (report, many, g_strdup (_("keep one of them")),
                          _("A Tuning step has either “TrainingJobDefinition” or “TrainingJobDefinitions”"));
  else if (one == NULL && many == NULL)
    atelier_report_error (report, step->arguments, NULL, _("“TrainingJobDefinition” is missing in “Arguments”"));
  if (atelier_node_get_kind (one) == ATELIER_NODE_OBJECT)
    validate_training_job (one, report);
  for (guint i = 0; i < atelier_node_get_length (many); i++)
    if (atelier_node_get_kind (atelier_node_get_item (many, i)) == ATELIER_NODE_OBJECT)
      validate_training_job (atelier_node_get_item (many, i), report);
}

typedef struct
{
  const AtelierDefinition *definition;
  gboolean                 found;
} ModelSearch;

static void
find_model_cb (const AtelierReference *reference, gpointer user_data)
{
  ModelSearch *search = user_data;
  const AtelierStep *step;

  if (reference->kind != ATELIER_REFERENCE_STEP_PROPERTY)
    return;
  step = atelier_definition_find_step (search->definition, reference->name);
  search->found |= step == NULL || step->type == ATELIER_STEP_TYPE_MODEL;
}

static void
validate_transform (const AtelierDefinition *definition, const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *name = atelier_node_get_member (step->arguments, "ModelName");
  ModelSearch search = { definition };

  atelier_expression_collect (name, NULL, find_model_cb, &search);
  if (name != NULL && !search.found)
    atelier_report_warning (report, name, g_strdup (_("it must be there before the run")),
                            _("No Model step makes this model"));
}

static void
validate_model (const AtelierStep *step, AtelierReport *report)
{
  if (!is_there (step->arguments, "PrimaryContainer") && !is_there (step->arguments, "Containers"))
    atelier_report_warning (report, step->arguments, NULL,
                            _("The model has neither “PrimaryContainer” nor “Containers”"));
}

static void
validate_outputs (const AtelierStep *step, AtelierReport *report)
{
  warn_of_duplicates (atelier_step_get_member (step, "OutputParameters"), "OutputName", report);
}

static void
validate_lambda (const AtelierStep *step, AtelierReport *report)
{
  validate_outputs (step, report);
  for (guint i = 0; i < atelier_node_get_length (step->arguments); i++)
    {
      const AtelierNode *value = atelier_node_get_member_at (step->arguments, i, NULL);

      if (atelier_expression_recognise (value) == ATELIER_EXPRESSION_LITERAL &&
          atelier_node_get_kind (value) >= ATELIER_NODE_ARRAY)
        atelier_report_warning (report, value, NULL,
                                _("The service passes only texts, numbers and booleans to a function"));
    }
}

static void
validate_clarify (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *type = atelier_step_get_member (step, "CheckType");

  validate_processing (step, report);
  if (g_strcmp0 (atelier_node_get_string (type), "MODEL_EXPLAINABILITY") == 0)
    atelier_report_warning (report, type, NULL,
                            _("Explainability is not computed on this machine: bind a command to the step"));
}

static void
validate_emr (const AtelierStep *step, AtelierReport *report)
{
  static const char *const refused[] = {
    "Name", "Steps", "AutoTerminationPolicy", "KeepJobFlowAliveWhenNoSteps", "TerminationProtected",
  };
  const AtelierNode *cluster = atelier_node_get_member (step->arguments, "ClusterConfig");
  gboolean has_id = is_there (step->arguments, "ClusterId"), has_config = is_there (step->arguments, "ClusterConfig");

  if (has_id && has_config)
    atelier_report_error (report, cluster, g_strdup (_("keep one of them")),
                          _("An EMR step has either “ClusterId” or “ClusterConfig”"));
  else if (!has_id && !has_config)
    atelier_report_error (report, step->arguments, NULL,
                          _("“ClusterId” or “ClusterConfig” is missing in “Arguments”"));
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++)
    if (atelier_node_get_member (cluster, refused[i]) != NULL)
      atelier_report_key_warning (report, atelier_node_get_member (cluster, refused[i]), NULL,
                                  _("The service does not take “%s” in “ClusterConfig”"), refused[i]);
}

static void
validate_emr_serverless (const AtelierStep *step, AtelierReport *report)
{
  if (!is_there (step->arguments, "JobConfig"))
    atelier_report_warning (report, step->arguments, NULL,
                            _("“JobConfig” is missing in “Arguments”; the service asks for it"));
}

static void
validate_lineage (const AtelierStep *step, AtelierReport *report)
{
  if (!is_there (step->arguments, "Actions") && !is_there (step->arguments, "Artifacts") &&
      !is_there (step->arguments, "Contexts") && !is_there (step->arguments, "Associations"))
    atelier_report_warning (report, step->arguments, NULL,
                            _("The step records nothing: it has no actions, artifacts, contexts or associations"));
}

/* Only with Arguments that are an object. Transform, which looks at other steps, is called by itself. */
static void (*const rules[ATELIER_STEP_TYPE_N_TYPES]) (const AtelierStep *step, AtelierReport *report) = {
  [ATELIER_STEP_TYPE_PROCESSING] = validate_processing,
  [ATELIER_STEP_TYPE_TRAINING] = validate_training,
  [ATELIER_STEP_TYPE_TUNING] = validate_tuning,
  [ATELIER_STEP_TYPE_MODEL] = validate_model,
  [ATELIER_STEP_TYPE_LAMBDA] = validate_lambda,
  [ATELIER_STEP_TYPE_CALLBACK] = validate_outputs,
  [ATELIER_STEP_TYPE_QUALITY_CHECK] = validate_processing,
  [ATELIER_STEP_TYPE_CLARIFY_CHECK] = validate_clarify,
  [ATELIER_STEP_TYPE_EMR] = validate_emr,
  [ATELIER_STEP_TYPE_EMR_SERVERLESS] = validate_emr_serverless,
  [ATELIER_STEP_TYPE_LINEAGE] = validate_lineage,
};

static void
validate_arguments (const AtelierDefinition *definition, const AtelierStep *step, AtelierDataCheck *data,
                    AtelierReport *report)
{
  const AtelierShapeContext context = { step, data, report };

  if (atelier_node_get_kind (step->arguments) != ATELIER_NODE_OBJECT)
    {
      if (atelier_node_get_kind (step->arguments) == ATELIER_NODE_NULL &&
          atelier_step_type_get_info (step->type)->needs_arguments)
        atelier_report_error (report, step->node, NULL, _("The step has no “Arguments”"));
      return;
    }
  /* Unit tests of the SDK write such steps: they can be drawn, and show what a graph is. */
  if (step->type == ATELIER_STEP_TYPE_TRAINING && atelier_node_get_length (step->arguments) == 0)
    {
      atelier_report_warning (report, step->arguments, NULL, _("“Arguments” is empty: there is nothing to run"));
      return;
    }
  atelier_shape_check_object (&context, step->arguments, atelier_step_shape_get_arguments (step->type), NULL);
  if (rules[step->type] != NULL)
    rules[step->type] (step, report);
  if (step->type == ATELIER_STEP_TYPE_TRANSFORM)
    validate_transform (definition, step, report);
  if (step->type == ATELIER_STEP_TYPE_CONDITION)
    atelier_validate_conditions (atelier_step_get_conditions (step), report);
}

static void
validate_depends_on (const AtelierStep *step, AtelierReport *report)
{
  const AtelierNode *list = atelier_step_get_member (step, "DependsOn");

  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY)
    return;
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    if (atelier_node_get_string (atelier_node_get_item (list, i)) == NULL)
      atelier_report_error (report, atelier_node_get_item (list, i), NULL,
                            _("“DependsOn” must be a list of names of steps"));
}

/* The step's own keys: the common ones and those of its type. Of an unknown type they are not known. */
static void
validate_keys (const AtelierStep *step, AtelierReport *report)
{
  const AtelierShapeContext context = { step, NULL, report };
  const AtelierField *own = atelier_step_shape_get_step (step->type);
  const AtelierNode *files = atelier_step_get_member (step, "PropertyFiles");

  if (step->type != ATELIER_STEP_TYPE_UNKNOWN)
    {
      atelier_shape_check_object (&context, step->node, atelier_step_shape_get_common (), own);
      if (files != NULL && !atelier_step_type_get_info (step->type)->has_property_files)
        atelier_report_key_warning (report, files, NULL, _("Only Processing steps have property files"));
    }
}

void
atelier_validate_step (const AtelierDefinition *definition,
                       const AtelierStep       *step,
                       AtelierDataCheck        *data,
                       AtelierReport           *report)
{
  static const char *const branches[] = { "IfSteps", "ElseSteps", NULL };

  const guint n_errors_before = report->n_errors;

  report->step = *step->name != '\0' ? step->name : NULL;
  validate_name (definition, step, report);
  validate_type (step, report);
  validate_keys (step, report);
  validate_depends_on (step, report);
  validate_cache (step, report);
  validate_retries (step, n_errors_before, report);
  validate_arguments (definition, step, data, report);
  atelier_data_check_texts (report, step->node, step->type == ATELIER_STEP_TYPE_CONDITION ? branches : NULL);
  report->step = NULL;
}
