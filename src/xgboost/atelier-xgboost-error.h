/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ATELIER_XGBOOST_ERROR (atelier_xgboost_error_quark ())
typedef enum
{
  ATELIER_XGBOOST_ERROR_PARAMETER, /* a hyperparameter is unknown, missing, out of range or does not fit another */
  ATELIER_XGBOOST_ERROR_CHANNEL,   /* a channel is missing, empty or of a kind that cannot be read */
  ATELIER_XGBOOST_ERROR_DATA,      /* a data file; the message begins with file and line where there is one */
  ATELIER_XGBOOST_ERROR_LIBRARY,   /* XGBoost refused; the message holds its own words */
} AtelierXgboostError;
GQuark atelier_xgboost_error_quark (void);

G_END_DECLS
