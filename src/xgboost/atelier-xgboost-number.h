/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* atelier_xgboost_number_parse:
 * @text: first byte; blanks are not skipped
 * @end: one past the last byte; nothing is read from there on
 * @value: (out): the number as a double would hold it, rounded to float; NaN for “nan”, infinite when it is too large
 *
 * Returns: (nullable): one past the number; %NULL when @text does not begin with one. Decimal notation, “nan”, “inf”
 * and “infinity” without regard to case. No locale. */
const char *atelier_xgboost_number_parse (const char *text,
                                          const char *end,
                                          float      *value);

G_END_DECLS
