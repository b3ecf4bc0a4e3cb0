/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-model-error.h"
#include "atelier-node.h"

G_BEGIN_DECLS

/* Why an attempt could not do its work. A script that exits non-zero has no such reason: it is never retried. */
typedef enum
{
  ATELIER_EXCEPTION_SERVICE_FAULT,      /* Step.SERVICE_FAULT: the program could not be started */
  ATELIER_EXCEPTION_THROTTLING,         /* Step.THROTTLING */
  ATELIER_EXCEPTION_JOB_INTERNAL_ERROR, /* SageMaker.JOB_INTERNAL_ERROR: ended by a signal nobody asked for */
  ATELIER_EXCEPTION_CAPACITY_ERROR,     /* SageMaker.CAPACITY_ERROR: out of memory, disk or devices */
  ATELIER_EXCEPTION_RESOURCE_LIMIT,     /* SageMaker.RESOURCE_LIMIT */
  ATELIER_EXCEPTION_EMR_RESOURCE_LIMIT, /* Emr.RESOURCE_LIMIT */
  ATELIER_EXCEPTION_N_VALUES
} AtelierException;

#define ATELIER_EXCEPTION_BIT(exception) (1u << (exception))

const char *atelier_exception_to_text (AtelierException exception);
gboolean    atelier_exception_from_text (const char       *text,
                                         AtelierException *exception);

/* One of a step's RetryPolicies. */
typedef struct
{
  guint  exceptions;       /* ATELIER_EXCEPTION_BIT()s it is for */
  double interval_seconds; /* before the first retry */
  double backoff_rate;     /* each further wait is so many times longer */
  int    max_attempts;     /* retries; -1 where it expires instead */
  gint64 expire_after_us;  /* from the first start of the step; -1 where it counts instead */
} AtelierRetryPolicy;

/* atelier_retry_policies_read:
 * @policies: (nullable): a step's RetryPolicies; absent or null is an empty list
 * @where: (out) (optional): on failure the value that is wrong
 *
 * Unknown exception types are left out (a validator warns of them); numbers out of range, and MaxAttempts together
 * with ExpireAfterMin, are errors.
 *
 * Returns: (transfer full) (element-type AtelierRetryPolicy) (nullable): in document order; not to be changed, so
 * that any thread may read it */
GPtrArray  *atelier_retry_policies_read (const AtelierNode  *policies,
                                         const AtelierNode **where,
                                         GError            **error);

/* atelier_retry_policies_decide:
 * @policies: (nullable): the first that names any of @exceptions counts. Where none does, Step.SERVICE_FAULT and
 *   Step.THROTTLING are retried five times, after 1, 2, 4, 8 and 16 seconds, and nothing else is
 * @exceptions: why the attempt failed, as ATELIER_EXCEPTION_BIT()s; 0 is never retried
 * @n_attempts: attempts made so far, from 1: the next one would be retry number n_attempts
 * @first_start_us: when the first attempt began
 * @now_us: when this attempt ended
 * @not_before_us: (out): when the next attempt may begin
 *
 * Returns: whether the step is to be tried again */
gboolean    atelier_retry_policies_decide (const GPtrArray *policies,
                                           guint            exceptions,
                                           guint            n_attempts,
                                           gint64           first_start_us,
                                           gint64           now_us,
                                           gint64          *not_before_us);

G_END_DECLS
