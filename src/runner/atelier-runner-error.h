/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ATELIER_RUNNER_ERROR (atelier_runner_error_quark ())
typedef enum
{
  ATELIER_RUNNER_ERROR_FAILED,      /* the step's own fault: never retried */
  ATELIER_RUNNER_ERROR_UNSUPPORTED, /* this machine cannot run it; said before the start where possible */
  ATELIER_RUNNER_ERROR_FAULT,       /* the step could not be started: Step.SERVICE_FAULT */
  ATELIER_RUNNER_ERROR_CAPACITY,    /* no memory, no disk: SageMaker.CAPACITY_ERROR and RESOURCE_LIMIT */
  ATELIER_RUNNER_ERROR_INTERNAL,    /* killed by a signal that nobody here sent: SageMaker.JOB_INTERNAL_ERROR */
  ATELIER_RUNNER_ERROR_STOPPED,     /* a person stopped it */
  ATELIER_RUNNER_ERROR_BUSY,        /* another program owns the execution */
} AtelierRunnerError;
GQuark atelier_runner_error_quark (void);

G_END_DECLS
