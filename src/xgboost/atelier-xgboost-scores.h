/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-library.h"

G_BEGIN_DECLS

typedef struct
{
  guint  data; /* index of the data set */
  char  *metric;
  double value;
} AtelierXgboostScore;

/* atelier_xgboost_scores_new:
 * @names: of the data sets; none begins as another does
 * @own_metrics: (element-type utf8): of atelier-xgboost-metrics.h
 *
 * Evaluates the booster: for each data set XGBoost's metrics, then the own ones, in the order of XGBoost's own lines.
 *
 * Returns: (transfer full) (nullable) (element-type AtelierXgboostScore): the scores */
GArray *atelier_xgboost_scores_new (BoosterHandle      booster,
                                    DMatrixHandle     *matrices,
                                    const char *const *names,
                                    guint              n_matrices,
                                    const GPtrArray   *own_metrics,
                                    int                iteration,
                                    GError           **error);

G_END_DECLS
