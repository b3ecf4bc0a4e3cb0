/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-retry-policy.h"

G_BEGIN_DECLS

/* The step types, in one table: what the format calls them and what each may have. A new type is a new enum value, a
 * row in atelier-step-type.c and a shape in atelier-step-shapes.c. */

typedef enum
{
  ATELIER_STEP_TYPE_UNKNOWN, /* a name that the format does not have; such a definition has an error */
  ATELIER_STEP_TYPE_PROCESSING,
  ATELIER_STEP_TYPE_TRAINING,
  ATELIER_STEP_TYPE_TUNING,
  ATELIER_STEP_TYPE_TRANSFORM,
  ATELIER_STEP_TYPE_MODEL,
  ATELIER_STEP_TYPE_REGISTER_MODEL,
  ATELIER_STEP_TYPE_CONDITION,
  ATELIER_STEP_TYPE_FAIL,
  ATELIER_STEP_TYPE_LAMBDA,
  ATELIER_STEP_TYPE_CALLBACK,
  ATELIER_STEP_TYPE_QUALITY_CHECK,
  ATELIER_STEP_TYPE_CLARIFY_CHECK,
  ATELIER_STEP_TYPE_EMR,
  ATELIER_STEP_TYPE_EMR_SERVERLESS,
  ATELIER_STEP_TYPE_AUTO_ML,
  ATELIER_STEP_TYPE_ENDPOINT_CONFIG,
  ATELIER_STEP_TYPE_ENDPOINT,
  ATELIER_STEP_TYPE_INFERENCE_COMPONENT,
  ATELIER_STEP_TYPE_BEDROCK_CUSTOM_MODEL,
  ATELIER_STEP_TYPE_BEDROCK_CUSTOM_MODEL_DEPLOYMENT,
  ATELIER_STEP_TYPE_BEDROCK_MODEL_IMPORT,
  ATELIER_STEP_TYPE_BEDROCK_PROVISIONED_MODEL_THROUGHPUT,
  ATELIER_STEP_TYPE_LINEAGE,
  ATELIER_STEP_TYPE_N_TYPES
} AtelierStepType;

/* What carrying a step out means on this machine. */
typedef enum
{
  ATELIER_STEP_WORK_FACT,  /* only moves facts: no process */
  ATELIER_STEP_WORK_JOB,   /* runs code: one or more jobs */
  ATELIER_STEP_WORK_BOUND, /* a person, or a command that the person bound to it, does it */
  ATELIER_STEP_WORK_NONE,  /* has no local substitute */
} AtelierStepWork;

typedef struct
{
  const char      *name;         /* "Processing"; never NULL */
  const char      *job_name_key; /* (nullable) the Arguments key, and the property, that holds its name */
  AtelierStepWork  work;
  guint            retries;      /* failures that may be retried: 1 << AtelierException, joined */
  gboolean         has_cache;
  gboolean         has_property_files;
  gboolean         has_output_parameters;
  gboolean         needs_arguments;
} AtelierStepTypeInfo;

AtelierStepType            atelier_step_type_from_text (const char *text);     /* @text: (nullable) */
const char                *atelier_step_type_to_text (AtelierStepType type);
const AtelierStepTypeInfo *atelier_step_type_get_info (AtelierStepType type);  /* never NULL */
/* A sentence for a name that is no step type: the nearest ones ("did you mean “Training”?"), and for a class or
 * collection of the SDK the types it becomes. (transfer full) */
char                      *atelier_step_type_suggest (const char *text);

G_END_DECLS
