/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-expression.h"

G_BEGIN_DECLS

/* What the Conditions of a Condition step came to. */
typedef struct
{
  gboolean outcome;
  char    *text;    /* as a person reads it: 4.93 ≤ 6.0 → True. Reals have six digits where that keeps them apart */
  char    *warning; /* (nullable) what was compared by good will, such as a number with a numeric text */
} AtelierConditionCheck;

typedef struct
{
  gboolean   outcome; /* TRUE: the IfSteps run */
  GPtrArray *checks;  /* (element-type AtelierConditionCheck) those that were evaluated: up to the first false one */
  json_t    *json;    /* for the record: {"Outcome": true, "Conditions": [{"Type", "LeftValue", "RightValue",
                       * "Outcome", "Text", "Warning"}, …]}; Or and Not nest as in the definition. Values in full */
} AtelierConditionResult;

/* atelier_condition_evaluate:
 * @conditions: (nullable): the list “Conditions”; empty or NULL is true
 *
 * All must hold; evaluation stops at the first that does not, and an Or at the first that does. Kinds: Equals,
 * GreaterThan, GreaterThanOrEqualTo, LessThan, LessThanOrEqualTo, In, Not (with Condition or the older Expression),
 * Or, and NotEquals and NotIn. Numbers compare as numbers, texts by code point, booleans only for equality.
 * A number and a numeric text, or a boolean and the text "True" or "False", are compared with a warning; other
 * mixtures fail, except as items of In, where they are unequal. Null always fails.
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_MODEL_ERROR or the scope's error. Any thread. */
AtelierConditionResult *atelier_condition_evaluate (const AtelierNode  *conditions,
                                                    const AtelierScope *scope,
                                                    GError            **error);
void                    atelier_condition_result_free (AtelierConditionResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierConditionResult, atelier_condition_result_free)

/* The result's texts, a line each, warnings after theirs. (transfer full) */
char                   *atelier_condition_result_dup_text (const AtelierConditionResult *result);

G_END_DECLS
