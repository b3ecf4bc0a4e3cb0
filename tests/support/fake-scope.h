/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-scope.h"
#include "atelier-node.h"

G_BEGIN_DECLS

/* A scope over one JSON value: {"Parameters": {name: value}, "Execution": {variable: value}, "Experiment": {label:
 * value}, "Steps": {step: properties}, "PropertyFiles": {"STEP/NAME": content}, "S3": {uri: content}}. What it lacks,
 * nobody has; where a content is the string "unreadable", the scope fails with G_IO_ERROR_FAILED.
 *
 * In the texts of tests a backtick stands for a double quote. */
typedef struct
{
  AtelierScope scope;
  json_t      *values;
  guint        n_reads; /* of property files and S3 objects */
} FakeScope;

FakeScope       *fake_scope_new (const char *text);
void             fake_scope_free (FakeScope *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeScope, fake_scope_free)

json_t          *fake_json (const char *text);
AtelierDocument *fake_document (const char *text);

G_END_DECLS
