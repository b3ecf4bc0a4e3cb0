/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-metric-parser.h"

G_BEGIN_DECLS

/* One compiled MetricDefinition; the only place that knows PCRE2. One thread at a time. */
typedef struct _AtelierMetricPattern AtelierMetricPattern;

typedef enum
{
  ATELIER_METRIC_MATCH_NONE,
  ATELIER_METRIC_MATCH_FOUND,
  ATELIER_METRIC_MATCH_TOO_LONG, /* a limit was passed: nothing is known of this line */
} AtelierMetricMatch;

AtelierMetricPattern *atelier_metric_pattern_new (const char *name,
                                                  const char *regex,
                                                  GError    **error);
void                  atelier_metric_pattern_free (AtelierMetricPattern *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierMetricPattern, atelier_metric_pattern_free)

/* Looks for the first match; FOUND with the number of group 1 in *value. A match whose group holds no number is none.
 */
AtelierMetricMatch    atelier_metric_pattern_match (AtelierMetricPattern *self,
                                                    const char           *line,
                                                    gsize                 length,
                                                    double               *value);

G_END_DECLS
