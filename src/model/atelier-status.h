/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The status words: the same in code, in the database, in JSON and on screen (before translation). */

typedef enum
{
  ATELIER_STEP_STATUS_PENDING,
  ATELIER_STEP_STATUS_STARTING,
  ATELIER_STEP_STATUS_EXECUTING,
  ATELIER_STEP_STATUS_WAITING,     /* for a person, or for a named resource */
  ATELIER_STEP_STATUS_STOPPING,
  ATELIER_STEP_STATUS_STOPPED,
  ATELIER_STEP_STATUS_SUCCEEDED,
  ATELIER_STEP_STATUS_FAILED,
  ATELIER_STEP_STATUS_SKIPPED,     /* branch not taken */
  ATELIER_STEP_STATUS_CACHED,      /* outputs taken from an earlier execution */
  ATELIER_STEP_STATUS_INTERRUPTED, /* was running when everything ended; resume goes on from here */
  ATELIER_STEP_STATUS_N_VALUES
} AtelierStepStatus;

typedef enum
{
  ATELIER_EXECUTION_STATUS_EXECUTING,
  ATELIER_EXECUTION_STATUS_STOPPING,
  ATELIER_EXECUTION_STATUS_STOPPED,
  ATELIER_EXECUTION_STATUS_FAILED,
  ATELIER_EXECUTION_STATUS_SUCCEEDED,
  ATELIER_EXECUTION_STATUS_N_VALUES
} AtelierExecutionStatus;

typedef enum
{
  ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL,
  ATELIER_APPROVAL_STATUS_APPROVED,
  ATELIER_APPROVAL_STATUS_REJECTED,
  ATELIER_APPROVAL_STATUS_N_VALUES
} AtelierApprovalStatus;

/* _to_text: (transfer none) the word, such as "PendingManualApproval". _from_text: FALSE for any other text, and for
 * NULL; *status is then untouched. _is_final: the status never changes again within this execution (an Interrupted
 * step is not final: resuming starts it anew). _is_success: its outputs can be used. */
const char *atelier_step_status_to_text (AtelierStepStatus status);
gboolean    atelier_step_status_from_text (const char        *text,
                                           AtelierStepStatus *status);
gboolean    atelier_step_status_is_final (AtelierStepStatus status);
gboolean    atelier_step_status_is_success (AtelierStepStatus status);

const char *atelier_execution_status_to_text (AtelierExecutionStatus status);
gboolean    atelier_execution_status_from_text (const char             *text,
                                                AtelierExecutionStatus *status);
gboolean    atelier_execution_status_is_final (AtelierExecutionStatus status);

const char *atelier_approval_status_to_text (AtelierApprovalStatus status);
gboolean    atelier_approval_status_from_text (const char            *text,
                                               AtelierApprovalStatus *status);

G_END_DECLS
