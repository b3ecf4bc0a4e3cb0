/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-model-error.h"

G_BEGIN_DECLS

/* A span of calendar time: “P1Y2M” is 14 months, whose length depends on when they are; the rest are seconds. */
typedef struct
{
  gint64 months;
  gint64 seconds;
} AtelierDuration;

/* ISO 8601 durations as CacheConfig writes them: any case, the leading P optional (P30D, 30d, T16m, P4DT12H); years,
 * months, weeks and days before the T, hours, minutes and seconds after it, each at most once and in this order. */
gboolean atelier_duration_parse (const char      *text,
                                 AtelierDuration *duration,
                                 GError         **error);

/* The moment that lies @duration before @time_us, by the UTC calendar; G_MININT64 when it is further back than
 * calendars go. */
gint64   atelier_duration_before (const AtelierDuration *duration,
                                  gint64                 time_us);

G_END_DECLS
