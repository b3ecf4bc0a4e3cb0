/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include "atelier-run-private.h"

/* The kinds of step that this program carries out. */

static const AtelierStepKind kinds[] = {
  { ATELIER_STEP_TYPE_PROCESSING, FALSE, atelier_job_execute },
  { ATELIER_STEP_TYPE_TRAINING, FALSE, atelier_job_execute },
  { ATELIER_STEP_TYPE_CONDITION, TRUE, atelier_condition_step_execute },
  { ATELIER_STEP_TYPE_FAIL, TRUE, atelier_fail_step_execute },
  { ATELIER_STEP_TYPE_MODEL, TRUE, atelier_model_step_execute },
  { ATELIER_STEP_TYPE_REGISTER_MODEL, TRUE, atelier_register_step_execute },
};

/* Returns: (nullable): NULL for a type that cannot be carried out */
const AtelierStepKind *
atelier_step_kind_find (AtelierStepType type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].type == type)
      return &kinds[i];
  return NULL;
}
