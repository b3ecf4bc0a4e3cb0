/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cache-key.h"

/* What is in a key, and what is not, decides whether caching helps and whether it lies. In: what the service compares
 * (the key fields of each step type, SAGEMAKER-DEFINITION §10), and beyond it the content of inputs and code and the
 * environment, since on a desktop files change in place. Out: outputs, instance types, role, tags, limits; and the
 * URI of any input whose content is known, since the same files may be at another place after each run.
 *
 * A URI is replaced wherever it is the whole of a string, not only where an input is declared: an argument
 * “--input-data s3://…” then counts by content, too. What stands in its place is “atelier-input:NAME”, so that a
 * change of content shows up once, under Inputs. */

/* The key fields of Arguments; "A.B" is member B of A. */
static const char * const processing_fields[] = { "AppSpecification", "Environment", "ProcessingInputs", NULL };
static const char * const training_fields[] =
{
  "AlgorithmSpecification", "CheckpointConfig", "DebugHookConfig", "DebugRuleConfigurations", "Environment",
  "HyperParameters", "InputDataConfig", NULL
};
static const char * const tuning_fields[] =
{
  "HyperParameterTuningJobConfig", "TrainingJobDefinitions", "TrainingJobDefinition.AlgorithmSpecification",
  "TrainingJobDefinition.HyperParameterRanges", "TrainingJobDefinition.InputDataConfig",
  "TrainingJobDefinition.StaticHyperParameters", "TrainingJobDefinition.TuningObjective", NULL
};
static const char * const transform_fields[] =
{
  "DataProcessing", "Environment", "ModelName", "TransformInput", NULL
};
static const char * const auto_ml_fields[] =
{
  "AutoMLJobObjective", "InputDataConfig", "ProblemType", "AutoMLJobConfig.CompletionCriteria",
  "AutoMLJobConfig.CandidateGenerationConfig", "AutoMLJobConfig.DataSplitConfig", "AutoMLJobConfig.Mode", NULL
};
static const char * const emr_fields[] = { "ClusterId", "StepConfig", NULL };

/* The key fields of the step itself, of check steps. */
static const char * const check_step_fields[] =
{
  "CheckType", "ModelName", "ModelPackageGroupName", "RegisterNewBaseline", "SkipCheck",
  "SuppliedBaselineConstraints", "SuppliedBaselineStatistics", NULL
};

struct _AtelierCacheKey
{
  json_t *arguments;
  json_t *step;
  json_t *inputs;      /* {input: {file: digest}} */
  json_t *environment; /* {name: value} */
  char   *type;
};

static const char * const *
get_argument_fields (AtelierStepType type)
{
  switch ((int) type)
    {
    case ATELIER_STEP_TYPE_PROCESSING:
    case ATELIER_STEP_TYPE_QUALITY_CHECK:
    case ATELIER_STEP_TYPE_CLARIFY_CHECK:
      return processing_fields;
    case ATELIER_STEP_TYPE_TRAINING:
      return training_fields;
    case ATELIER_STEP_TYPE_TUNING:
      return tuning_fields;
    case ATELIER_STEP_TYPE_TRANSFORM:
      return transform_fields;
    case ATELIER_STEP_TYPE_AUTO_ML:
      return auto_ml_fields;
    case ATELIER_STEP_TYPE_EMR:
      return emr_fields;
    default:
      return NULL;
    }
}

static const char * const *
get_step_fields (AtelierStepType type)
{
  return type == ATELIER_STEP_TYPE_QUALITY_CHECK || type == ATELIER_STEP_TYPE_CLARIFY_CHECK ? check_step_fields
                                                                                            : NULL;
}

/* A copy of the @fields of @object, or of all of it. An absent field and null are the same. */
static json_t *
copy_fields (const json_t *object, const char * const *fields)
{
  json_t *result;

  if (!json_is_object (object))
    return json_object ();
  if (fields == NULL)
    return json_deep_copy (object);
  result = json_object ();
  for (; *fields != NULL; fields++)
    {
      g_auto (GStrv) parts = g_strsplit (*fields, ".", 2);
      json_t *value = json_object_get (object, parts[0]);

      if (parts[1] != NULL)
        value = json_object_get (value, parts[1]);
      if (value != NULL && !json_is_null (value))
        json_object_set_new_nocheck (result, *fields, json_deep_copy (value));
    }
  return result;
}

AtelierCacheKey *
atelier_cache_key_new (AtelierStepType type, const json_t *arguments, const json_t *step_fields)
{
  AtelierCacheKey *self = g_new0 (AtelierCacheKey, 1);

  self->type = g_strdup (atelier_step_type_to_text (type));
  self->arguments = copy_fields (arguments, get_argument_fields (type));
  self->step = copy_fields (step_fields, get_step_fields (type));
  self->inputs = json_object ();
  self->environment = json_object ();
  return self;
}

void
atelier_cache_key_free (AtelierCacheKey *self)
{
  g_return_if_fail (self != NULL);

  json_decref (self->arguments);
  json_decref (self->step);
  json_decref (self->inputs);
  json_decref (self->environment);
  g_free (self->type);
  g_free (self);
}

/* Whether @value is @uri, or the JSON text of it. */
static gboolean
stands_for (const json_t *value, const char *uri)
{
  const char *text = json_string_value (value);
  gsize length = strlen (uri);

  if (text == NULL)
    return FALSE;
  if (strcmp (text, uri) == 0)
    return TRUE;
  return text[0] == '"' && strncmp (text + 1, uri, length) == 0 && strcmp (text + 1 + length, "\"") == 0;
}

static void
replace (json_t *tree, const char *uri, json_t *replacement)
{
  const char *key;
  void *next;
  json_t *value;
  size_t index;

  json_object_foreach_safe (tree, next, key, value)
    {
      if (stands_for (value, uri))
        json_object_set (tree, key, replacement);
      else
        replace (value, uri, replacement);
    }
  json_array_foreach (tree, index, value)
    {
      if (stands_for (value, uri))
        json_array_set (tree, index, replacement);
      else
        replace (value, uri, replacement);
    }
}

void
atelier_cache_key_add_input (AtelierCacheKey *self, const char *input, const char *uri)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (input != NULL);

  if (json_object_get (self->inputs, input) == NULL)
    json_object_set_new (self->inputs, input, json_object ());
  if (uri != NULL && *uri != '\0')
    {
      g_autofree char *name = g_strconcat ("atelier-input:", input, NULL);
      g_autoptr (json_t) replacement = json_string (name);

      replace (self->arguments, uri, replacement);
      replace (self->step, uri, replacement);
    }
}

void
atelier_cache_key_add_input_file (AtelierCacheKey *self, const char *input, const char *file, const char *digest)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (input != NULL && file != NULL && digest != NULL);

  atelier_cache_key_add_input (self, input, NULL);
  atelier_json_set_string (json_object_get (self->inputs, input), file, digest);
}

void
atelier_cache_key_add_environment (AtelierCacheKey *self, const char *name, const char *value)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (name != NULL && value != NULL);

  atelier_json_set_string (self->environment, name, value);
}

json_t *
atelier_cache_key_to_json (const AtelierCacheKey *self)
{
  json_t *json;

  g_return_val_if_fail (self != NULL, NULL);

  json = json_object ();
  atelier_json_set_string (json, "Type", self->type);
  json_object_set_new (json, "Arguments", json_deep_copy (self->arguments));
  json_object_set_new (json, "Step", json_deep_copy (self->step));
  json_object_set_new (json, "Inputs", json_deep_copy (self->inputs));
  json_object_set_new (json, "Environment", json_deep_copy (self->environment));
  return json;
}

char *
atelier_cache_key_dup_digest (const AtelierCacheKey *self)
{
  g_autoptr (json_t) json = atelier_cache_key_to_json (self);

  return atelier_json_digest (json);
}
