/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-expression.h"
#include "atelier-job.h"

/* The kinds of step that this program carries out, and the check before the start that names all others. */

static const AtelierStepKind kinds[] = {
  { ATELIER_STEP_TYPE_PROCESSING, FALSE, atelier_job_execute },
  { ATELIER_STEP_TYPE_TRAINING, FALSE, atelier_job_execute },
  { ATELIER_STEP_TYPE_CONDITION, TRUE, atelier_condition_step_execute },
  { ATELIER_STEP_TYPE_FAIL, TRUE, atelier_fail_step_execute },
  { ATELIER_STEP_TYPE_MODEL, TRUE, atelier_model_step_execute },
  { ATELIER_STEP_TYPE_REGISTER_MODEL, TRUE, atelier_register_step_execute },
};

/* Returns: (nullable): NULL for a type that cannot be carried out */
const AtelierStepKind *
atelier_step_kind_find (AtelierStepType type)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].type == type)
      return &kinds[i];
  return NULL;
}

static json_t *
get_known_parameter (const char *name, gpointer user_data, GError **error)
{
  json_t *value = json_object_get (user_data, name);

  return value != NULL ? json_incref (value) : NULL;
}

/* atelier_run_check:
 * @parameters: {name: value}
 * @actions: (nullable): steps that will not run are not looked at
 *
 * What this machine cannot carry out, found before anything starts: types without a kind, images without a
 * runtime. An image that only a running step will tell is left to that step.
 *
 * Returns: (transfer full) (element-type utf8): sentences; empty when the run can start. May block (interpreters are asked). */
GPtrArray *
atelier_run_check (AtelierDefinition *definition, AtelierRuntimeTable *runtimes, json_t *parameters,
                   const AtelierSelectionAction *actions)
{
  GPtrArray *sentences = g_ptr_array_new_with_free_func (g_free);
  AtelierScope scope = { .get_parameter = get_known_parameter, .user_data = parameters };

  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);
      const AtelierStepKind *kind = atelier_step_kind_find (atelier_step_get_step_type (step));
      g_autoptr (GError) error = NULL;

      if (actions != NULL && actions[i] != ATELIER_SELECTION_RUN)
        continue;
      if (kind == NULL)
        g_ptr_array_add (sentences,
                         g_strdup_printf (_("step “%s” is of type %s, which cannot be run yet on this machine; leave it out with "
                                            "--step, which runs only the steps it names, or take it out of the definition"),
                                          atelier_step_get_name (step), atelier_step_get_type_text (step)));
      else if (!kind->is_fact && !atelier_job_check (step, runtimes, &scope, &error))
        g_ptr_array_add (sentences, g_strdup_printf (_("step “%s”: %s"), atelier_step_get_name (step), error->message));
    }
  return sentences;
}
