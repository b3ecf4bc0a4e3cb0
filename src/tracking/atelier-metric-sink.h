/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-metric-parser.h"

G_BEGIN_DECLS

/* Where parser and reader collect metrics: owns the names and counts the iterations of those that tell none. */
typedef struct _AtelierMetricSink AtelierMetricSink;

#define ATELIER_METRIC_NAME_MAX_BYTES 1020 /* 255 characters */
#define ATELIER_METRIC_MAX_NAMES 10000
#define ATELIER_METRIC_NEXT G_MININT64 /* as an iteration: the one after the last of this name */

AtelierMetricSink   *atelier_metric_sink_new (void);
void                 atelier_metric_sink_free (AtelierMetricSink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierMetricSink, atelier_metric_sink_free)

/* FALSE where the name is empty, too long, not UTF-8 or one too many: the metric is then dropped. */
gboolean             atelier_metric_sink_add (AtelierMetricSink *self,
                                              const char        *name,
                                              gint64             iteration,
                                              double             value,
                                              gint64             at_us);
const AtelierMetric *atelier_metric_sink_get_metrics (AtelierMetricSink *self,
                                                      gsize             *n_metrics);
void                 atelier_metric_sink_clear (AtelierMetricSink *self);

/* A number at the beginning of @text, which need not end in NUL: decimal or exponent form, nan, inf, in any case.
 * Returns the number of bytes it takes, 0 where there is none */
gsize                atelier_metric_read_number (const char *text,
                                                 gsize       length,
                                                 double     *value);

G_END_DECLS
