/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include "atelier-status.h"

/* The tables between status values and status words. The words are stored and exchanged, so they are never translated
 * here; the tables are indexed by the enum, whose order may change freely. */

static const char * const step_words[] =
{
  [ATELIER_STEP_STATUS_PENDING] = "Pending",
  [ATELIER_STEP_STATUS_STARTING] = "Starting",
  [ATELIER_STEP_STATUS_EXECUTING] = "Executing",
  [ATELIER_STEP_STATUS_WAITING] = "Waiting",
  [ATELIER_STEP_STATUS_STOPPING] = "Stopping",
  [ATELIER_STEP_STATUS_STOPPED] = "Stopped",
  [ATELIER_STEP_STATUS_SUCCEEDED] = "Succeeded",
  [ATELIER_STEP_STATUS_FAILED] = "Failed",
  [ATELIER_STEP_STATUS_SKIPPED] = "Skipped",
  [ATELIER_STEP_STATUS_CACHED] = "Cached",
  [ATELIER_STEP_STATUS_INTERRUPTED] = "Interrupted",
};
G_STATIC_ASSERT (G_N_ELEMENTS (step_words) == ATELIER_STEP_STATUS_N_VALUES);

static const char * const execution_words[] =
{
  [ATELIER_EXECUTION_STATUS_EXECUTING] = "Executing",
  [ATELIER_EXECUTION_STATUS_STOPPING] = "Stopping",
  [ATELIER_EXECUTION_STATUS_STOPPED] = "Stopped",
  [ATELIER_EXECUTION_STATUS_FAILED] = "Failed",
  [ATELIER_EXECUTION_STATUS_SUCCEEDED] = "Succeeded",
};
G_STATIC_ASSERT (G_N_ELEMENTS (execution_words) == ATELIER_EXECUTION_STATUS_N_VALUES);

static const char * const approval_words[] =
{
  [ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL] = "PendingManualApproval",
  [ATELIER_APPROVAL_STATUS_APPROVED] = "Approved",
  [ATELIER_APPROVAL_STATUS_REJECTED] = "Rejected",
};
G_STATIC_ASSERT (G_N_ELEMENTS (approval_words) == ATELIER_APPROVAL_STATUS_N_VALUES);

static int
find_word (const char * const *words, guint n_words, const char *text)
{
  for (guint i = 0; i < n_words; i++)
    if (g_strcmp0 (words[i], text) == 0)
      return i;
  return -1;
}

const char *
atelier_step_status_to_text (AtelierStepStatus status)
{
  g_return_val_if_fail (status < ATELIER_STEP_STATUS_N_VALUES, NULL);

  return step_words[status];
}

gboolean
atelier_step_status_from_text (const char *text, AtelierStepStatus *status)
{
  int found = find_word (step_words, G_N_ELEMENTS (step_words), text);

  g_return_val_if_fail (status != NULL, FALSE);

  if (found >= 0)
    *status = found;
  return found >= 0;
}

gboolean
atelier_step_status_is_final (AtelierStepStatus status)
{
  switch (status)
    {
    case ATELIER_STEP_STATUS_STOPPED:
    case ATELIER_STEP_STATUS_SUCCEEDED:
    case ATELIER_STEP_STATUS_FAILED:
    case ATELIER_STEP_STATUS_SKIPPED:
    case ATELIER_STEP_STATUS_CACHED:
      return TRUE;
    case ATELIER_STEP_STATUS_PENDING:
    case ATELIER_STEP_STATUS_STARTING:
    case ATELIER_STEP_STATUS_EXECUTING:
    case ATELIER_STEP_STATUS_WAITING:
    case ATELIER_STEP_STATUS_STOPPING:
    case ATELIER_STEP_STATUS_INTERRUPTED:
    case ATELIER_STEP_STATUS_N_VALUES:
    default:
      return FALSE;
    }
}

gboolean
atelier_step_status_is_success (AtelierStepStatus status)
{
  return status == ATELIER_STEP_STATUS_SUCCEEDED || status == ATELIER_STEP_STATUS_CACHED;
}

const char *
atelier_execution_status_to_text (AtelierExecutionStatus status)
{
  g_return_val_if_fail (status < ATELIER_EXECUTION_STATUS_N_VALUES, NULL);

  return execution_words[status];
}

gboolean
atelier_execution_status_from_text (const char *text, AtelierExecutionStatus *status)
{
  int found = find_word (execution_words, G_N_ELEMENTS (execution_words), text);

  g_return_val_if_fail (status != NULL, FALSE);

  if (found >= 0)
    *status = found;
  return found >= 0;
}

gboolean
atelier_execution_status_is_final (AtelierExecutionStatus status)
{
  return status == ATELIER_EXECUTION_STATUS_STOPPED
         || status == ATELIER_EXECUTION_STATUS_FAILED
         || status == ATELIER_EXECUTION_STATUS_SUCCEEDED;
}

const char *
atelier_approval_status_to_text (AtelierApprovalStatus status)
{
  g_return_val_if_fail (status < ATELIER_APPROVAL_STATUS_N_VALUES, NULL);

  return approval_words[status];
}

gboolean
atelier_approval_status_from_text (const char *text, AtelierApprovalStatus *status)
{
  int found = find_word (approval_words, G_N_ELEMENTS (approval_words), text);

  g_return_val_if_fail (status != NULL, FALSE);

  if (found >= 0)
    *status = found;
  return found >= 0;
}
