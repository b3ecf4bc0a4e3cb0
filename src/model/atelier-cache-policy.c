/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-cache-policy.h"

#include "atelier-model-error.h"

/* The service wants an ExpireAfter beside Enabled; without one results do not grow old here. */

static gboolean
read_policy (const AtelierNode *config, AtelierCachePolicy *policy, const AtelierNode **wrong, GError **error)
{
  const AtelierNode *enabled = atelier_node_get_member (config, "Enabled");
  const AtelierNode *expire_after = atelier_node_get_member (config, "ExpireAfter");
  AtelierNodeKind kind = atelier_node_get_kind (config);

  *wrong = config;
  if (kind != ATELIER_NODE_NULL && kind != ATELIER_NODE_OBJECT)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                           _("CacheConfig must be an object with “Enabled” and “ExpireAfter”"));
      return FALSE;
    }
  *wrong = enabled;
  if (enabled != NULL && !atelier_node_get_boolean (enabled, &policy->enabled))
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                           _("“Enabled” of CacheConfig must be true or false"));
      return FALSE;
    }
  *wrong = expire_after;
  policy->expires = atelier_node_get_kind (expire_after) != ATELIER_NODE_NULL;
  if (policy->expires && atelier_node_get_string (expire_after) == NULL)
    {
      g_set_error_literal (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE,
                           _("“ExpireAfter” of CacheConfig must be a text such as “P30D”"));
      return FALSE;
    }
  return !policy->expires
         || atelier_duration_parse (atelier_node_get_string (expire_after), &policy->expire_after, error);
}

gboolean
atelier_cache_policy_read (const AtelierNode  *cache_config,
                           AtelierCachePolicy *policy,
                           const AtelierNode **where,
                           GError            **error)
{
  AtelierCachePolicy result = { FALSE };
  const AtelierNode *wrong;

  g_return_val_if_fail (policy != NULL, FALSE);

  if (!read_policy (cache_config, &result, &wrong, error))
    {
      if (where != NULL)
        *where = wrong;
      return FALSE;
    }
  *policy = result;
  return TRUE;
}

gint64
atelier_cache_policy_get_oldest_us (const AtelierCachePolicy *policy, gint64 now_us)
{
  g_return_val_if_fail (policy != NULL, G_MININT64);

  return policy->expires ? atelier_duration_before (&policy->expire_after, now_us) : G_MININT64;
}
