/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

G_BEGIN_DECLS

/* AtelierScope: where expressions get their values from. The reader of a step fills it in; evaluation itself touches
 * no file, clock or database.
 *
 * Each function returns (transfer full) (nullable) a JSON value. NULL with @error set is that failure; NULL without
 * an error means "there is no such thing", and the evaluator makes the sentence. A function may be NULL: such values
 * are then said not to be available here. Called on the thread that evaluates, as often as a value is read. */
typedef struct
{
  json_t *(*get_parameter) (const char *name, gpointer user_data, GError **error);
  json_t *(*get_execution_variable) (const char *name, gpointer user_data, GError **error); /* "PipelineName", … */
  json_t *(*get_experiment_label) (const char *name, gpointer user_data, GError **error); /* "ExperimentName", … */

  /* The property tree of a finished step: its resolved Arguments overlaid with its results; OutputParameters of
   * Lambda and Callback steps as an object {name: value} or as a list of {"Name", "Value"}. */
  json_t *(*get_step_properties) (const char *step, gpointer user_data, GError **error);

  /* The parsed content of a property file that @step declared, and of an object in the store. */
  json_t *(*get_property_file) (const char *step, const char *property_file, gpointer user_data, GError **error);
  json_t *(*get_s3_json) (const char *uri, gpointer user_data, GError **error);

  gpointer user_data;
} AtelierScope;

G_END_DECLS
