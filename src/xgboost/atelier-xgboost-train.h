/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-library.h"
#include "atelier-xgboost-places.h"

G_BEGIN_DECLS

typedef enum
{
  ATELIER_XGBOOST_OUTCOME_FAILED,
  ATELIER_XGBOOST_OUTCOME_TRAINED,
  ATELIER_XGBOOST_OUTCOME_TERMINATED, /* by SIGTERM, with a checkpoint where there is a place for them */
  ATELIER_XGBOOST_OUTCOME_SAVED,      /* by SIGTERM, and the model so far is written: save_model_on_termination */
} AtelierXgboostOutcome;

/* Does one training from the files of the contract to the model. Writes notes and one line for each iteration to
 * standard output. */
AtelierXgboostOutcome atelier_xgboost_train (const AtelierXgboostPlaces *places,
                                             AtelierXgboostModelFormat   format,
                                             GError                    **error);

G_END_DECLS
