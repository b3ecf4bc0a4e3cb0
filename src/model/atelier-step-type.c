/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-type"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-step-type.h"

#include "atelier-text.h"

/* The table of step types. Which keys a type takes is in atelier-step-shapes.c. */

#define RETRY_STEP      (1u << ATELIER_EXCEPTION_SERVICE_FAULT | 1u << ATELIER_EXCEPTION_THROTTLING)
#define RETRY_RESOURCES (1u << ATELIER_EXCEPTION_CAPACITY_ERROR | 1u << ATELIER_EXCEPTION_RESOURCE_LIMIT)
#define RETRY_SEARCH    (RETRY_STEP | RETRY_RESOURCES)
#define RETRY_JOB       (RETRY_STEP | RETRY_RESOURCES | 1u << ATELIER_EXCEPTION_JOB_INTERNAL_ERROR)
#define RETRY_EMR       (RETRY_STEP | 1u << ATELIER_EXCEPTION_EMR_RESOURCE_LIMIT)

#define FACT  ATELIER_STEP_WORK_FACT
#define JOB   ATELIER_STEP_WORK_JOB
#define BOUND ATELIER_STEP_WORK_BOUND
#define NONE  ATELIER_STEP_WORK_NONE

/* has_cache is TRUE, too, where the service has no cache but the SDK writes CacheConfig all the same. */
static const AtelierStepTypeInfo types[ATELIER_STEP_TYPE_N_TYPES] = {
  /*                                        name                 job name key                   work   retries
   *                                        cache  files  outputs  arguments */
  [ATELIER_STEP_TYPE_UNKNOWN]           = { "",                  NULL,                          NONE,  0,
                                            TRUE,  TRUE,  TRUE,    FALSE },
  [ATELIER_STEP_TYPE_PROCESSING]        = { "Processing",        "ProcessingJobName",           JOB,   RETRY_JOB,
                                            TRUE,  TRUE,  FALSE,   TRUE },
  [ATELIER_STEP_TYPE_TRAINING]          = { "Training",          "TrainingJobName",             JOB,   RETRY_JOB,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_TUNING]            = { "Tuning",            "HyperParameterTuningJobName", JOB,   RETRY_SEARCH,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_TRANSFORM]         = { "Transform",         "TransformJobName",            JOB,   RETRY_JOB,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_MODEL]             = { "Model",             "ModelName",                   FACT,  RETRY_STEP,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_REGISTER_MODEL]    = { "RegisterModel",     "ModelPackageName",            FACT,  RETRY_STEP,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_CONDITION]         = { "Condition",         NULL,                          FACT,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_FAIL]              = { "Fail",              NULL,                          FACT,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_LAMBDA]            = { "Lambda",            NULL,                          BOUND, 0,
                                            TRUE,  FALSE, TRUE,    FALSE },
  [ATELIER_STEP_TYPE_CALLBACK]          = { "Callback",          NULL,                          BOUND, 0,
                                            TRUE,  FALSE, TRUE,    FALSE },
  [ATELIER_STEP_TYPE_QUALITY_CHECK]     = { "QualityCheck",      "ProcessingJobName",           JOB,   RETRY_JOB,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_CLARIFY_CHECK]     = { "ClarifyCheck",      "ProcessingJobName",           JOB,   RETRY_JOB,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_EMR]               = { "EMR",               NULL,                          JOB,   RETRY_EMR,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_EMR_SERVERLESS]    = { "EMRServerless",     NULL,                          JOB,   RETRY_EMR,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_AUTO_ML]           = { "AutoML",            "AutoMLJobName",               JOB,   RETRY_SEARCH,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_ENDPOINT_CONFIG]   = { "EndpointConfig",    "EndpointConfigName",          FACT,  RETRY_STEP,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_ENDPOINT]          = { "Endpoint",          "EndpointName",                FACT,  0,
                                            TRUE,  FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_INFERENCE_COMPONENT] = { "InferenceComponent", "InferenceComponentName",   FACT,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_BEDROCK_CUSTOM_MODEL] = { "BedrockCustomModel", NULL,                      NONE,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_BEDROCK_CUSTOM_MODEL_DEPLOYMENT] = { "BedrockCustomModelDeployment", NULL, NONE,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_BEDROCK_MODEL_IMPORT] = { "BedrockModelImport", NULL,                      NONE,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_BEDROCK_PROVISIONED_MODEL_THROUGHPUT] = { "BedrockProvisionedModelThroughput", NULL, NONE, 0,
                                            FALSE, FALSE, FALSE,   TRUE },
  [ATELIER_STEP_TYPE_LINEAGE]           = { "Lineage",           NULL,                          FACT,  0,
                                            FALSE, FALSE, FALSE,   TRUE },
};

/* Names that people take for types because the SDK has a class or a collection of steps called so. */
static const struct
{
  const char *name;
  const char *types;
} classes[] = {
  { "CreateModel",           "“Model”" },
  { "ModelStep",             "“Model” or “RegisterModel”" },
  { "NotebookJob",           "“Training”" },
  { "Function",              "“Training”" },
  { "RepackModel",           "“Training”" },
  { "EstimatorTransformer",  "“Model” and “Transform”" },
  { "MonitorBatchTransform", "“Transform” and “QualityCheck”" },
  { "QualityCheckConfig",    "“QualityCheck”" },
  { "ClarifyCheckConfig",    "“ClarifyCheck”" },
  { "HyperParameterTuning",  "“Tuning”" },
  { "BatchTransform",        "“Transform”" },
  { "Choice",                "“Condition”" },
};

AtelierStepType
atelier_step_type_from_text (const char *text)
{
  if (text == NULL)
    return ATELIER_STEP_TYPE_UNKNOWN;
  for (guint i = ATELIER_STEP_TYPE_UNKNOWN + 1; i < ATELIER_STEP_TYPE_N_TYPES; i++)
    if (strcmp (types[i].name, text) == 0)
      return i;
  return ATELIER_STEP_TYPE_UNKNOWN;
}

const char *
atelier_step_type_to_text (AtelierStepType type)
{
  return atelier_step_type_get_info (type)->name;
}

const AtelierStepTypeInfo *
atelier_step_type_get_info (AtelierStepType type)
{
  g_return_val_if_fail (type < ATELIER_STEP_TYPE_N_TYPES, &types[ATELIER_STEP_TYPE_UNKNOWN]);

  return &types[type];
}

char *
atelier_step_type_suggest (const char *text)
{
  const char *names[ATELIER_STEP_TYPE_N_TYPES + 1] = { NULL };
  g_autofree char *list = NULL, *stem = NULL;
  const char *closest;

  /* “TrainingStep” is the class of “Training” */
  stem = g_strndup (text, strlen (text) - (g_str_has_suffix (text, "Step") ? strlen ("Step") : 0));
  for (gsize i = 0; i < G_N_ELEMENTS (classes); i++)
    if (g_ascii_strcasecmp (classes[i].name, text) == 0 || g_ascii_strcasecmp (classes[i].name, stem) == 0)
      return g_strdup_printf (_("such a step has the type %s"), classes[i].types);

  for (guint i = ATELIER_STEP_TYPE_UNKNOWN + 1; i < ATELIER_STEP_TYPE_N_TYPES; i++)
    names[i - 1] = types[i].name;
  closest = atelier_text_closest (stem, names, ATELIER_STEP_TYPE_N_TYPES - 1);
  if (closest != NULL)
    return g_strdup_printf (_("did you mean “%s”?"), closest);
  list = g_strjoinv (", ", (char **) names);
  return g_strdup_printf (_("the step types are %s"), list);
}
