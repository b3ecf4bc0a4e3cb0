/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <xgboost/c_api.h>

#include "atelier-xgboost-table.h"

G_BEGIN_DECLS

/* The door to libxgboost: handles that free themselves, and its messages as sentences. */

static inline void
atelier_xgboost_matrix_free (DMatrixHandle matrix)
{
  XGDMatrixFree (matrix);
}

static inline void
atelier_xgboost_booster_free (BoosterHandle booster)
{
  XGBoosterFree (booster);
}

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (DMatrixHandle, atelier_xgboost_matrix_free, NULL)
G_DEFINE_AUTO_CLEANUP_FREE_FUNC (BoosterHandle, atelier_xgboost_booster_free, NULL)

typedef enum
{
  ATELIER_XGBOOST_MODEL_JSON, /* found out by content by XGBoost ≥ 1.6 whatever the file's name; every tool reads it
                               */
  ATELIER_XGBOOST_MODEL_UBJ,  /* the same in binary JSON: smaller and faster */
  ATELIER_XGBOOST_MODEL_BINARY, /* XGBoost's own old format, which new versions no longer read */
  ATELIER_XGBOOST_MODEL_PICKLE, /* a pickled Python Booster, as SageMaker's images before 1.3-1 wrote it */
} AtelierXgboostModelFormat;

gboolean      atelier_xgboost_model_format_parse (const char                *text,
                                                  AtelierXgboostModelFormat *format,
                                                  GError                   **error);

/* Turns the result of a call into an error: @what is a sentence without its full stop, such as “Cannot train”. */
gboolean      atelier_xgboost_check (int         result,
                                     const char *what,
                                     GError    **error);

/* XGBoost's warnings go to stderr, one line each, from here on. */
void          atelier_xgboost_library_set_up (void);

/* Takes the memory of @table as it goes; @n_columns is at least the table's. */
DMatrixHandle atelier_xgboost_matrix_new (AtelierXgboostTable *table,
                                          gsize                n_columns,
                                          guint                n_threads,
                                          GError             **error);

gboolean      atelier_xgboost_model_write (BoosterHandle             booster,
                                           const char               *path,
                                           AtelierXgboostModelFormat format,
                                           GError                  **error);
/* Any of the formats but a pickle of another program. */
BoosterHandle atelier_xgboost_model_read (const char *path,
                                          GError    **error);

/* @margin: the raw sums before the objective's transformation.
 * Returns: (nullable): *n_values values in the library's memory, until the next call */
const float  *atelier_xgboost_predict (BoosterHandle booster,
                                       DMatrixHandle matrix,
                                       gboolean      margin,
                                       int           n_iterations,
                                       gsize        *n_values,
                                       GError      **error);

/* An attribute of the booster as an integer, @fallback when it is not there. */
int           atelier_xgboost_booster_get_int (BoosterHandle booster,
                                               const char   *name,
                                               int           fallback);

G_END_DECLS
