/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-library.h"

G_BEGIN_DECLS

/* Checkpoints are files “xgboost-checkpoint.N”, as SageMaker names them: the model after iteration N, counted from 0.
 * They are models (binary JSON), complete or not there at all; the five newest are kept. */

/* Loads the newest checkpoint that can be read.
 * @notes: (element-type utf8): gets a sentence about each that cannot
 * Returns: its iteration, -1 when there is none; then @booster stays %NULL */
int      atelier_xgboost_checkpoints_load (const char    *folder,
                                           BoosterHandle *booster,
                                           GPtrArray     *notes);
gboolean atelier_xgboost_checkpoints_save (const char   *folder,
                                           BoosterHandle booster,
                                           int           iteration,
                                           GError      **error);

G_END_DECLS
