/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-duration.h"
#include "atelier-node.h"

G_BEGIN_DECLS

/* A step's CacheConfig: {"Enabled": true, "ExpireAfter": "P30D"}. */
typedef struct
{
  gboolean        enabled;
  gboolean        expires;      /* FALSE: no ExpireAfter; results are taken whatever their age (worth a warning) */
  AtelierDuration expire_after; /* only where it expires */
} AtelierCachePolicy;

/* @cache_config: (nullable): absent or null is "not enabled"
 * @policy: (out): untouched on failure
 * @where: (out) (optional): on failure the value that is wrong */
gboolean atelier_cache_policy_read (const AtelierNode  *cache_config,
                                    AtelierCachePolicy *policy,
                                    const AtelierNode **where,
                                    GError            **error);

/* The oldest end of an earlier run that is still taken at @now_us; G_MININT64 without expiry. */
gint64   atelier_cache_policy_get_oldest_us (const AtelierCachePolicy *policy,
                                             gint64                    now_us);

G_END_DECLS
