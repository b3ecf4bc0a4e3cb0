/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-shapes"

#include "config.h"

#include <string.h>

#include "atelier-step-shapes-private.h"

/* The shapes of the step types: their keys as the service's API has them, with its limits. What a step needs always
 * is what nothing can be run without, and what the format's validator is told to refuse; everything else that the API
 * requires has the need SERVICE. Roles are not asked for: nothing on this machine has one. */

/* What several types share. */

const AtelierField atelier_shape_tags[] = {
  { "Key", TEXT, SERVICE, .most = 128 },
  { "Value", TEXT, SERVICE, .most = 256 },
  { NULL },
};

const AtelierField atelier_shape_vpc_config[] = {
  { "SecurityGroupIds", TEXTS, SERVICE },
  { "Subnets", TEXTS, SERVICE },
  { NULL },
};

const AtelierField atelier_shape_experiment_config[] = {
  { "ExperimentName", TEXT },
  { "TrialName", TEXT },
  { "TrialComponentDisplayName", TEXT },
  { "RunName", TEXT },
  { NULL },
};

const AtelierField atelier_shape_stopping_condition[] = {
  { "MaxRuntimeInSeconds", INTEGER },
  { "MaxWaitTimeInSeconds", INTEGER },
  { "MaxPendingTimeInSeconds", INTEGER },
  { NULL },
};

/* Flow, and what people and commands do. The branches are steps of their own, the conditions are looked at by
 * atelier-validate-condition.c. */

static const AtelierField condition_arguments[] = {
  { "Conditions", LIST, ALWAYS },
  { "IfSteps", LIST },
  { "ElseSteps", LIST },
  { NULL },
};

static const AtelierField fail_arguments[] = {
  { "ErrorMessage", TEXT },
  { NULL },
};

static const AtelierField output_parameter[] = {
  { "OutputName", LITERAL, ALWAYS },
  { "OutputType", LITERAL, .words = "String|Integer|Boolean|Float", .is_closed = TRUE },
  { NULL },
};

static const AtelierField lambda_step[] = {
  { "FunctionArn", TEXT, ALWAYS },
  { "OutputParameters", LIST, OPTIONAL, output_parameter, .most = 50 },
  { NULL },
};

static const AtelierField callback_step[] = {
  { "SqsQueueUrl", TEXT, ALWAYS },
  { "OutputParameters", LIST, OPTIONAL, output_parameter, .most = 50 },
  { NULL },
};

/* Every step. Name and Type have rules of their own. */

static const AtelierField retry_policy[] = {
  { "ExceptionType", ANY, ALWAYS },
  { "IntervalSeconds", NUMBER, .most = 43200, .is_closed = TRUE },
  { "BackoffRate", NUMBER, .is_closed = TRUE },
  { "MaxAttempts", INTEGER, .most = 20, .is_closed = TRUE },
  { "ExpireAfterMin", NUMBER, .most = 14400, .is_closed = TRUE },
  { NULL },
};

static const AtelierField cache_config[] = {
  { "Enabled", ANY },
  { "ExpireAfter", ANY },
  { NULL },
};

static const AtelierField common_step[] = {
  { "Name", ANY },
  { "Type", ANY },
  { "Arguments", OBJECT },
  { "DependsOn", LIST },
  { "DisplayName", LITERAL, .most = 256 },
  { "Description", LITERAL, .most = 3072 },
  { "CacheConfig", OBJECT, OPTIONAL, cache_config },
  { "RetryPolicies", LIST, OPTIONAL, retry_policy },
  { NULL },
};

/* One row a type: the further keys of the step, its Arguments, and the properties that it has besides them. */
static const struct
{
  const AtelierField *step;
  const AtelierField *arguments; /* NULL: any */
  const char         *results;   /* NULL: any */
} shapes[ATELIER_STEP_TYPE_N_TYPES] = {
  [ATELIER_STEP_TYPE_PROCESSING] = {
    atelier_shape_processing_step, atelier_shape_processing_arguments,
    "ProcessingJobArn|ProcessingJobStatus|ExitMessage|FailureReason|CreationTime|LastModifiedTime|"
    "ProcessingStartTime|ProcessingEndTime|MonitoringScheduleArn|AutoMLJobArn|TrainingJobArn"
  },
  [ATELIER_STEP_TYPE_TRAINING] = {
    NULL, atelier_shape_training_arguments,
    "TrainingJobArn|TrainingJobStatus|SecondaryStatus|SecondaryStatusTransitions|ModelArtifacts|"
    "FinalMetricDataList|TrainingTimeInSeconds|BillableTimeInSeconds|FailureReason|CreationTime|LastModifiedTime|"
    "TrainingStartTime|TrainingEndTime|TuningJobArn|LabelingJobArn|AutoMLJobArn|DebugRuleEvaluationStatuses|"
    "ProfilerRuleEvaluationStatuses|ProfilingStatus|WarmPoolStatus|OutputModelPackageArn"
  },
  [ATELIER_STEP_TYPE_TUNING] = {
    NULL, atelier_shape_tuning_arguments,
    "HyperParameterTuningJobArn|HyperParameterTuningJobStatus|BestTrainingJob|OverallBestTrainingJob|"
    "TrainingJobSummaries|TrainingJobStatusCounters|ObjectiveStatusCounters|FailureReason|CreationTime|"
    "LastModifiedTime|HyperParameterTuningEndTime|TuningJobCompletionDetails|ConsumedResources"
  },
  [ATELIER_STEP_TYPE_TRANSFORM] = {
    NULL, atelier_shape_transform_arguments,
    "TransformJobArn|TransformJobStatus|FailureReason|CreationTime|TransformStartTime|TransformEndTime|"
    "LabelingJobArn|AutoMLJobArn"
  },
  [ATELIER_STEP_TYPE_MODEL] = {
    NULL, atelier_shape_model_arguments,
    "ModelArn|CreationTime|DeploymentRecommendation"
  },
  [ATELIER_STEP_TYPE_REGISTER_MODEL] = {
    NULL, atelier_shape_register_model_arguments,
    "ModelPackageArn|ModelPackageVersion|ModelPackageStatus|ModelPackageStatusDetails|CreationTime|CreatedBy|"
    "LastModifiedTime|LastModifiedBy|ApprovalDescription"
  },
  [ATELIER_STEP_TYPE_CONDITION] = { NULL, condition_arguments, "Outcome" },
  [ATELIER_STEP_TYPE_FAIL] = { NULL, fail_arguments, "ErrorMessage" },
  [ATELIER_STEP_TYPE_LAMBDA] = { lambda_step, NULL, "OutputParameters|FunctionArn" },
  [ATELIER_STEP_TYPE_CALLBACK] = { callback_step, NULL, "OutputParameters|SqsQueueUrl" },
  [ATELIER_STEP_TYPE_QUALITY_CHECK] = {
    atelier_shape_quality_check_step, atelier_shape_processing_arguments,
    "CalculatedBaselineConstraints|CalculatedBaselineStatistics|BaselineUsedForDriftCheckConstraints|"
    "BaselineUsedForDriftCheckStatistics|ProcessingJobArn|ProcessingJobStatus|ExitMessage|CreationTime|"
    "ProcessingStartTime|ProcessingEndTime"
  },
  [ATELIER_STEP_TYPE_CLARIFY_CHECK] = {
    atelier_shape_clarify_check_step, atelier_shape_processing_arguments,
    "CalculatedBaselineConstraints|BaselineUsedForDriftCheckConstraints|ProcessingJobArn|ProcessingJobStatus|"
    "ExitMessage|CreationTime|ProcessingStartTime|ProcessingEndTime"
  },
  [ATELIER_STEP_TYPE_EMR] = { NULL, atelier_shape_emr_arguments, "Id|Name|Config|Status|ActionOnFailure" },
  [ATELIER_STEP_TYPE_AUTO_ML] = {
    NULL, atelier_shape_auto_ml_arguments,
    "AutoMLJobArn|AutoMLJobStatus|AutoMLJobSecondaryStatus|BestCandidate|BestCandidateProperties|"
    "PartialFailureReasons|FailureReason|CreationTime|EndTime|LastModifiedTime|AutoMLJobArtifacts|"
    "ResolvedAttributes|ModelDeployResult"
  },
  [ATELIER_STEP_TYPE_ENDPOINT_CONFIG] = {
    NULL, atelier_shape_endpoint_config_arguments,
    "EndpointConfigArn|CreationTime"
  },
  [ATELIER_STEP_TYPE_ENDPOINT] = {
    NULL, atelier_shape_endpoint_arguments,
    "EndpointArn|EndpointStatus|ProductionVariants|FailureReason|CreationTime|LastModifiedTime"
  },
  [ATELIER_STEP_TYPE_LINEAGE] = { NULL, atelier_shape_lineage_arguments, "ActionArns|ArtifactArns|ContextArns" },
};

const AtelierField *
atelier_step_shape_get_common (void)
{
  return common_step;
}

const AtelierField *
atelier_step_shape_get_step (AtelierStepType type)
{
  return shapes[type].step;
}

const AtelierField *
atelier_step_shape_get_arguments (AtelierStepType type)
{
  return shapes[type].arguments;
}

char **
atelier_step_shape_list_properties (AtelierStepType type)
{
  g_autoptr (GStrvBuilder) builder = NULL;
  g_auto (GStrv) results = NULL;

  if (shapes[type].results == NULL)
    return NULL;
  builder = g_strv_builder_new ();
  results = g_strsplit (shapes[type].results, "|", -1);
  for (const AtelierField *field = shapes[type].arguments; field != NULL && field->name != NULL; field++)
    g_strv_builder_add (builder, field->name);
  g_strv_builder_addv (builder, (const char **) results);
  return g_strv_builder_end (builder);
}

gboolean
atelier_step_shape_has_property (AtelierStepType type, const char *name)
{
  const char *results = shapes[type].results;
  gsize length = strlen (name);

  if (results == NULL)
    return TRUE;
  for (const AtelierField *field = shapes[type].arguments; field != NULL && field->name != NULL; field++)
    if (strcmp (field->name, name) == 0)
      return TRUE;
  for (const char *at = results; at != NULL; at = strchr (at, '|'))
    {
      at += *at == '|';
      if (strncmp (at, name, length) == 0 && (at[length] == '|' || at[length] == '\0'))
        return TRUE;
    }
  return FALSE;
}
