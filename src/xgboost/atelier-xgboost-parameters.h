/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

#include "atelier-xgboost-error.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *value;
} AtelierXgboostSetting;

/* The hyperparameters of one training, checked. */
typedef struct
{
  int        n_rounds;
  int        early_stopping_rounds; /* 0: none */
  gboolean   csv_weights;
  gboolean   save_on_termination;
  int        n_threads;         /* 0: not said */
  char      *objective;
  int        n_classes;         /* 0: not said */
  GArray    *settings;          /* of AtelierXgboostSetting: what goes to XGBoost, eval_metric once for each metric */
  GPtrArray *own_metrics;       /* of char *: metrics of SageMaker that XGBoost does not have */
  char      *stopping_metric;   /* (nullable) the metric of early stopping; NULL: the last one */
  GPtrArray *notes;             /* of char *: what was changed or left out, as sentences */
} AtelierXgboostParameters;

/* atelier_xgboost_parameters_new:
 * @hyperparameters: the object of hyperparameters.json: name → text
 *
 * Returns: (transfer full) (nullable): the settings; %NULL with ATELIER_XGBOOST_ERROR_PARAMETER, whose message names
 * every fault there is, one a line */
AtelierXgboostParameters *atelier_xgboost_parameters_new (const json_t *hyperparameters,
                                                          GError      **error);
void                      atelier_xgboost_parameters_free (AtelierXgboostParameters *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierXgboostParameters, atelier_xgboost_parameters_free)

G_END_DECLS
