/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <math.h>
#include <glib/gi18n.h>

#include "atelier-retry-policy.h"

/* RetryPolicies are data here; what made an attempt fail is the runner's to say. */

#define DEFAULT_MAX_ATTEMPTS 5
#define MOST_SECONDS (G_MAXINT64 / G_USEC_PER_SEC / 4) /* a wait that cannot be reached, yet can be added to a time */

static const char * const words[] =
{
  [ATELIER_EXCEPTION_SERVICE_FAULT] = "Step.SERVICE_FAULT",
  [ATELIER_EXCEPTION_THROTTLING] = "Step.THROTTLING",
  [ATELIER_EXCEPTION_JOB_INTERNAL_ERROR] = "SageMaker.JOB_INTERNAL_ERROR",
  [ATELIER_EXCEPTION_CAPACITY_ERROR] = "SageMaker.CAPACITY_ERROR",
  [ATELIER_EXCEPTION_RESOURCE_LIMIT] = "SageMaker.RESOURCE_LIMIT",
  [ATELIER_EXCEPTION_EMR_RESOURCE_LIMIT] = "Emr.RESOURCE_LIMIT",
};
G_STATIC_ASSERT (G_N_ELEMENTS (words) == ATELIER_EXCEPTION_N_VALUES);

static const AtelierRetryPolicy default_policy =
{
  .exceptions = ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_SERVICE_FAULT)
                | ATELIER_EXCEPTION_BIT (ATELIER_EXCEPTION_THROTTLING),
  .interval_seconds = 1,
  .backoff_rate = 2,
  .max_attempts = DEFAULT_MAX_ATTEMPTS,
  .expire_after_us = -1,
};

const char *
atelier_exception_to_text (AtelierException exception)
{
  g_return_val_if_fail (exception < ATELIER_EXCEPTION_N_VALUES, NULL);

  return words[exception];
}

gboolean
atelier_exception_from_text (const char *text, AtelierException *exception)
{
  g_return_val_if_fail (exception != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (words[i], text) == 0)
      {
        *exception = i;
        return TRUE;
      }
  return FALSE;
}

/* Reads a number of the policy between 0 and @most; an absent one leaves *value as it is. */
static gboolean
read_number (const AtelierNode  *policy,
             const char         *key,
             double              most,
             gboolean            whole,
             double             *value,
             const AtelierNode **wrong,
             GError            **error)
{
  const AtelierNode *node = atelier_node_get_member (policy, key);
  double number;

  if (node == NULL)
    return TRUE;
  if (atelier_node_get_double (node, &number) && number >= 0 && number <= most
      && (!whole || number == floor (number)))
    {
      *value = number;
      return TRUE;
    }
  *wrong = node;
  if (isfinite (most))
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE,
                 whole ? _("“%s” of a retry policy must be a whole number from 0 to %.0f")
                       : _("“%s” of a retry policy must be a number from 0 to %.0f"), key, most);
  else
    g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE,
                 _("“%s” of a retry policy must be a number from 0"), key);
  return FALSE;
}

static gboolean
read_exceptions (const AtelierNode *node, guint *exceptions, const AtelierNode **wrong, GError **error)
{
  gboolean is_list = atelier_node_get_kind (node) == ATELIER_NODE_ARRAY;
  guint length = is_list ? atelier_node_get_length (node) : 1;

  for (guint i = 0; i < length; i++)
    {
      const AtelierNode *item = is_list ? atelier_node_get_item (node, i) : node;
      const char *text = atelier_node_get_string (item);
      AtelierException exception;

      *wrong = item;
      if (text == NULL)
        {
          g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                               _("“ExceptionType” of a retry policy must be a list of texts such as "
                                 "“SageMaker.JOB_INTERNAL_ERROR”"));
          return FALSE;
        }
      if (atelier_exception_from_text (text, &exception))
        *exceptions |= ATELIER_EXCEPTION_BIT (exception);
    }
  return TRUE;
}

/* On failure *wrong is the value that is. */
static gboolean
read_policy (const AtelierNode *node, AtelierRetryPolicy *policy, const AtelierNode **wrong, GError **error)
{
  double attempts = -1, minutes = -1;

  *wrong = node;
  *policy = default_policy;
  policy->exceptions = 0;
  if (atelier_node_get_kind (node) != ATELIER_NODE_OBJECT)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                           _("A retry policy must be an object"));
      return FALSE;
    }
  if (atelier_node_get_member (node, "MaxAttempts") != NULL
      && atelier_node_get_member (node, "ExpireAfterMin") != NULL)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE,
                           _("A retry policy has either MaxAttempts or ExpireAfterMin, not both"));
      return FALSE;
    }
  if (atelier_node_get_member (node, "ExceptionType") == NULL)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE,
                           _("A retry policy needs “ExceptionType”"));
      return FALSE;
    }
  if (!read_exceptions (atelier_node_get_member (node, "ExceptionType"), &policy->exceptions, wrong, error)
      || !read_number (node, "IntervalSeconds", 43200, FALSE, &policy->interval_seconds, wrong, error)
      || !read_number (node, "BackoffRate", INFINITY, FALSE, &policy->backoff_rate, wrong, error)
      || !read_number (node, "MaxAttempts", 20, TRUE, &attempts, wrong, error)
      || !read_number (node, "ExpireAfterMin", 14400, FALSE, &minutes, wrong, error))
    return FALSE;
  if (attempts >= 0)
    policy->max_attempts = attempts;
  if (minutes >= 0)
    {
      policy->max_attempts = -1;
      policy->expire_after_us = minutes * 60 * G_USEC_PER_SEC;
    }
  return TRUE;
}

GPtrArray *
atelier_retry_policies_read (const AtelierNode *policies, const AtelierNode **where, GError **error)
{
  g_autoptr (GPtrArray) result = g_ptr_array_new_with_free_func (g_free);
  AtelierNodeKind kind = atelier_node_get_kind (policies);
  const AtelierNode *wrong = policies;
  gboolean is_good = kind == ATELIER_NODE_NULL || kind == ATELIER_NODE_ARRAY;

  if (!is_good)
    g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE, _("RetryPolicies must be a list"));
  for (guint i = 0; is_good && i < atelier_node_get_length (policies); i++)
    {
      AtelierRetryPolicy *policy = g_new (AtelierRetryPolicy, 1);

      g_ptr_array_add (result, policy);
      is_good = read_policy (atelier_node_get_item (policies, i), policy, &wrong, error);
    }
  if (is_good)
    return g_steal_pointer (&result);
  if (where != NULL)
    *where = wrong;
  return NULL;
}

static const AtelierRetryPolicy *
find_policy (const GPtrArray *policies, guint exceptions)
{
  for (guint i = 0; policies != NULL && i < policies->len; i++)
    {
      const AtelierRetryPolicy *policy = g_ptr_array_index (policies, i);

      if (policy->exceptions & exceptions)
        return policy;
    }
  return default_policy.exceptions & exceptions ? &default_policy : NULL;
}

gboolean
atelier_retry_policies_decide (const GPtrArray *policies,
                               guint            exceptions,
                               guint            n_attempts,
                               gint64           first_start_us,
                               gint64           now_us,
                               gint64          *not_before_us)
{
  const AtelierRetryPolicy *policy = find_policy (policies, exceptions);
  double delay_seconds;
  gint64 start_us;

  g_return_val_if_fail (n_attempts > 0, FALSE);
  g_return_val_if_fail (not_before_us != NULL, FALSE);

  if (policy == NULL || (policy->max_attempts >= 0 && n_attempts > (guint) policy->max_attempts))
    return FALSE;
  delay_seconds = policy->interval_seconds == 0 ? 0
                  : policy->interval_seconds * pow (policy->backoff_rate, n_attempts - 1);
  start_us = now_us + (gint64) (MIN (delay_seconds, (double) MOST_SECONDS) * G_USEC_PER_SEC);
  if (policy->expire_after_us >= 0 && start_us > first_start_us + policy->expire_after_us)
    return FALSE;
  *not_before_us = start_us;
  return TRUE;
}
