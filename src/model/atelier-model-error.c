/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include "atelier-model-error.h"

/* The error domain of this folder; every sentence is made where the error is found. */

G_DEFINE_QUARK (atelier-model-error-quark, atelier_model_error)
