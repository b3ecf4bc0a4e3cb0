/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One value of one metric, as the log or the tracker told it. */
typedef struct
{
  const char *name;      /* (unowned): lives as long as the parser or reader that made it */
  gint64      iteration; /* as told, else the running count of this name, from 0 */
  double      value;     /* may be nan or an infinity */
  gint64      at_us;
} AtelierMetric;

/* AtelierMetricParser: metrics out of the log of an attempt.
 *
 * Lines end with LF, CR LF or CR (a progress bar rewrites its line with CR: each state of it is a line). Each line is
 * tried with every definition, first raw and then, where it has tabs and nothing matched, with each tab as `#011`, as
 * it stands in the service's logs; group 1 is the value. The lines of XGBoost,
 * `[12]\ttrain-rmse:1.2\tvalidation-rmse:1.3`, need no definition: they give `train:rmse` and `validation:rmse` with
 * iteration 12, also to definitions that match the line; a name that a definition claims is left to the definition.
 *
 * Not thread safe: one thread at a time. Input may be anything: lines beyond 64 KiB are cut, bytes need not be UTF-8,
 * and a regular expression that passes its limits on a line is given up with a problem, so that nothing hangs. */
typedef struct _AtelierMetricParser AtelierMetricParser;

typedef struct
{
  const char *name;  /* "validation:rmse" */
  const char *regex; /* Perl-like; group 1 is the value */
} AtelierMetricDefinition;

#define ATELIER_TRACKING_ERROR (atelier_tracking_error_quark ())
typedef enum
{
  ATELIER_TRACKING_ERROR_REGEX, /* a MetricDefinition whose Regex is not one, or has no group */
} AtelierTrackingError;
GQuark               atelier_tracking_error_quark (void);

/* atelier_metric_parser_new:
 * @definitions: (array length=n_definitions) (nullable): copied; may be empty
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_TRACKING_ERROR_REGEX, which names the metric and the place */
AtelierMetricParser *atelier_metric_parser_new (const AtelierMetricDefinition *definitions,
                                                gsize                          n_definitions,
                                                GError                       **error);
void                 atelier_metric_parser_free (AtelierMetricParser *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierMetricParser, atelier_metric_parser_free)

/* atelier_metric_parser_feed:
 * @bytes: the next piece of the log, cut anywhere
 * @at_us: the time its lines are given, UTC */
void                 atelier_metric_parser_feed (AtelierMetricParser *self,
                                                 const char          *bytes,
                                                 gsize                length,
                                                 gint64               at_us);
/* The log has ended: a last line without an end is read too. */
void                 atelier_metric_parser_finish (AtelierMetricParser *self,
                                                   gint64               at_us);

/* The metrics found since the last clear, in the order of the log. (transfer none) (array length=n_metrics): valid
 * until the next feed or clear. */
const AtelierMetric *atelier_metric_parser_get_metrics (AtelierMetricParser *self,
                                                        gsize               *n_metrics);
void                 atelier_metric_parser_clear (AtelierMetricParser *self);

/* (transfer none) (element-type utf8): sentences on definitions that were given up, over the parser's life */
const GPtrArray     *atelier_metric_parser_get_problems (AtelierMetricParser *self);

G_END_DECLS
