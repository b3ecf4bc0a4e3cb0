/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-node.h"
#include "atelier-parameter-value.h"

G_BEGIN_DECLS

/* AtelierParameter: one declared parameter of a definition. Borrowed from its definition, immutable, any thread. */

typedef struct _AtelierParameter AtelierParameter;

const char *atelier_parameter_get_name (const AtelierParameter *self); /* "" when it has none (an error) */
AtelierValueType     atelier_parameter_get_value_type (const AtelierParameter *self); /* STRING when not said */
const AtelierNode   *atelier_parameter_get_default (const AtelierParameter *self);    /* NULL: must be given at start */
const AtelierNode   *atelier_parameter_get_enum_values (const AtelierParameter *self); /* (nullable) list */
guint                atelier_parameter_get_n_enum_values (const AtelierParameter *self); /* 0: any value */
const char          *atelier_parameter_get_enum_value (const AtelierParameter *self,
                                                       guint                   index);
const char          *atelier_parameter_get_description (const AtelierParameter *self); /* (nullable) */
const AtelierNode   *atelier_parameter_get_node (const AtelierParameter *self);

/* The value that a person typed or a caller sent: see atelier_parameter_value_parse().
 * (transfer full) (nullable): NULL with ATELIER_MODEL_ERROR_VALUE */
json_t              *atelier_parameter_parse_value (const AtelierParameter *self,
                                                    const char             *text,
                                                    GError                **error);
/* A value that already is JSON, of the same kinds: see atelier_parameter_value_check(). */
json_t              *atelier_parameter_check_value (const AtelierParameter *self,
                                                    const json_t           *value,
                                                    GError                **error);
/* The default as a JSON value of the declared type (an integer default of a Float is a real).
 * (transfer full) (nullable): NULL without a default, or with one of the wrong type (an error of the definition) */
json_t              *atelier_parameter_dup_default (const AtelierParameter *self);

G_END_DECLS
