/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The error domain of model/: what a definition asks for cannot be read or evaluated. Messages are sentences for the
 * person who wrote the definition or typed the value. */
#define ATELIER_MODEL_ERROR (atelier_model_error_quark ())
typedef enum
{
  ATELIER_MODEL_ERROR_SYNTAX,    /* a text (path, duration, expression, policy) does not parse */
  ATELIER_MODEL_ERROR_NOT_FOUND, /* a parameter, step, property or file value that is not there, or is null */
  ATELIER_MODEL_ERROR_TYPE,      /* a value of the wrong kind, or two kinds that cannot be compared */
  ATELIER_MODEL_ERROR_VALUE,     /* the right kind, but empty, too long, out of range or not one of the allowed */
} AtelierModelError;
GQuark atelier_model_error_quark (void);

G_END_DECLS
