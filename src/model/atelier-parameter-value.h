/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-model-error.h"
#include "atelier-node.h"

G_BEGIN_DECLS

/* The types of parameters, and of the OutputParameters of Lambda and Callback steps. */
typedef enum
{
  ATELIER_VALUE_TYPE_STRING,
  ATELIER_VALUE_TYPE_INTEGER,
  ATELIER_VALUE_TYPE_FLOAT,
  ATELIER_VALUE_TYPE_BOOLEAN,
  ATELIER_VALUE_TYPE_N_VALUES
} AtelierValueType;

#define ATELIER_PARAMETER_VALUE_MAX_CHARACTERS 1024

const char *atelier_value_type_to_text (AtelierValueType type); /* "String", "Integer", … */
gboolean    atelier_value_type_from_text (const char       *text,
                                          AtelierValueType *type);

/* Turns text into a value of @type: an integer in decimal that fits 64 bits, any finite decimal number, true or false
 * in any case. Blanks around a number or boolean are ignored. Any valid UTF-8 is a String.
 * @what: how the sentence calls it, such as "Parameter “X”"
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_MODEL_ERROR_VALUE */
json_t     *atelier_value_parse (AtelierValueType type,
                                 const char      *what,
                                 const char      *text,
                                 GError         **error);

/* A value that was typed at the start of a run: not empty, at most 1024 characters, of the type, and one of
 * @enum_values where there are any.
 * @enum_values: (nullable): the parameter's EnumValues, a list of strings */
json_t     *atelier_parameter_value_parse (const char        *name,
                                           AtelierValueType   type,
                                           const AtelierNode *enum_values,
                                           const char        *text,
                                           GError           **error);

/* The same for a value that already is JSON: a default, a preset, the value of an earlier run. An empty string is
 * legal here; Float takes an integer.
 *
 * Returns: (transfer full) (nullable): the value, integers of a Float turned into reals; NULL with
 * ATELIER_MODEL_ERROR_TYPE or _VALUE */
json_t     *atelier_parameter_value_check (const char        *name,
                                           AtelierValueType   type,
                                           const AtelierNode *enum_values,
                                           const json_t      *value,
                                           GError           **error);

G_END_DECLS
