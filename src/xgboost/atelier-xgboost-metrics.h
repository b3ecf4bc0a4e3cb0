/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether more is better; the name may have a suffix such as “@5” or “-”. */
gboolean atelier_xgboost_metric_is_maximized (const char *name);

/* Whether @name can be an eval_metric, without its suffix: XGBoost's own or one of those below. */
gboolean atelier_xgboost_metric_is_known (const char *name);

/* Metrics that SageMaker adds to XGBoost's: accuracy, f1, precision, r2 … */
gboolean atelier_xgboost_metric_is_own (const char *name);

/* Whether the metric compares classes: it is computed from margins, else from predictions. */
gboolean atelier_xgboost_metric_is_of_classes (const char *name);

/* Whether the metric is defined for two classes only. */
gboolean atelier_xgboost_metric_is_binary (const char *name);

/* atelier_xgboost_metric_compute:
 * @name: an own metric
 * @labels: @n_rows of them
 * @values: margins or predictions, @n_outputs for each row
 *
 * Returns: the value as scikit-learn defines it */
double   atelier_xgboost_metric_compute (const char  *name,
                                         const float *labels,
                                         gsize        n_rows,
                                         const float *values,
                                         gsize        n_outputs);

G_END_DECLS
