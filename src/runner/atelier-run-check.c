/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-expression.h"

/* What can be told before anything starts: steps that this machine cannot carry out, and inputs that are not there and that no
 * step makes. What only a running step will tell is left to that step. */

typedef struct
{
  AtelierRunFacts              *facts;
  AtelierArtifacts             *artifacts;
  const AtelierSelectionAction *actions;   /* (nullable) */
  AtelierScope                  scope;
  GPtrArray                    *made;      /* (element-type utf8) canonical URIs below which steps put something */
  GArray                       *makers;    /* of guint: the step of each */
  GPtrArray                    *missing;   /* (element-type utf8) “input” of “step”: URI */
} Check;

static gboolean
runs (const Check *check, guint step)
{
  return check->actions == NULL || check->actions[step] == ATELIER_SELECTION_RUN;
}

static gboolean
is_training (const AtelierStep *step)
{
  return atelier_step_get_step_type (step) == ATELIER_STEP_TYPE_TRAINING;
}

static const AtelierNode *
member (const AtelierNode *node, const char *path)
{
  g_auto (GStrv) keys = g_strsplit (path, ".", -1);

  for (gsize i = 0; keys[i] != NULL; i++)
    node = atelier_node_get_member (node, keys[i]);
  return node;
}

/* Returns: (transfer full) (nullable): NULL where it is not a text, or not known yet */
static char *
text_of (Check *check, const AtelierNode *node)
{
  return atelier_node_get_kind (node) != ATELIER_NODE_NULL ? atelier_expression_resolve_text (node, &check->scope, NULL) : NULL;
}

/* --- can this machine carry it out? --- */

static gboolean
refuse (GError **error, const char *sentence)
{
  g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED, sentence);
  return FALSE;
}

static gboolean
check_entry (const AtelierStep *step, const AtelierNode *entry, const char *image, GError **error)
{
  const char *first = atelier_node_get_string (atelier_node_get_item (entry, 0));
  const char *second = atelier_node_get_string (atelier_node_get_item (entry, 1));

  if (is_training (step) && g_strcmp0 (first, "amazon_sagemaker_scheduler") == 0)
    return refuse (error, _("it is a notebook job, which cannot be run yet on this machine"));
  if (is_training (step) && second != NULL && g_str_has_suffix (second, "/job_driver.sh"))
    return refuse (error, _("it is a function made with @step, which needs its stored function and cannot be run yet on this machine"));
  if (!is_training (step) && atelier_node_get_length (entry) == 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("its AppSpecification has no ContainerEntrypoint, and what the image “%s” runs by itself is not known here; give it one, "
                     "such as [\"python3\", \"/opt/ml/processing/input/code/script.py\"]"),
                   image != NULL ? image : "");
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_job (Check *check, const AtelierStep *step, AtelierRuntimeTable *runtimes, GError **error)
{
  const AtelierNode *arguments = atelier_step_get_arguments (step);
  const AtelierNode *specification = atelier_node_get_member (arguments, is_training (step) ? "AlgorithmSpecification" : "AppSpecification");
  const AtelierNode *entry = atelier_node_get_member (specification, "ContainerEntrypoint");
  g_autofree char *image = text_of (check, atelier_node_get_member (specification, is_training (step) ? "TrainingImage" : "ImageUri"));
  gboolean is_built_in = is_training (step) && atelier_node_get_length (entry) == 0 &&
                         member (arguments, "HyperParameters.sagemaker_program") == NULL &&
                         member (arguments, "Environment.SAGEMAKER_PROGRAM") == NULL;

  if (!check_entry (step, entry, image, error))
    return FALSE;
  return image == NULL || atelier_runtime_table_find (runtimes, image, is_built_in, error) != NULL;
}

/* --- are its inputs there? --- */

/* Returns: (transfer full) (nullable): the URI as it is compared; NULL for what is none */
static char *
canonical (const char *text)
{
  g_autoptr (AtelierUri) uri = text != NULL ? atelier_uri_parse (text, TRUE, NULL) : NULL;

  return uri != NULL ? atelier_uri_to_text (uri) : NULL;
}

static void
add_made (Check *check, guint step, const AtelierNode *node)
{
  g_autofree char *text = text_of (check, node);
  char *uri = canonical (text);

  if (uri == NULL)
    return;
  g_ptr_array_add (check->made, uri);
  g_array_append_val (check->makers, step);
}

static void
add_mentioned (Check *check, guint step, const AtelierNode *node)
{
  if (atelier_expression_recognise (node) != ATELIER_EXPRESSION_LITERAL || atelier_node_get_length (node) == 0)
    {
      g_autofree char *text = text_of (check, node);

      if (text != NULL && g_str_has_prefix (text, "s3://"))
        add_made (check, step, node);
      return;
    }
  for (guint i = 0; i < atelier_node_get_length (node); i++)
    add_mentioned (check, step,
                   atelier_node_get_kind (node) == ATELIER_NODE_OBJECT ? atelier_node_get_member_at (node, i, NULL) : atelier_node_get_item (node, i));
}

/* Where a step's results go; and every place that is named to its script, which may write there through S3 by itself. */
static void
find_made (Check *check, guint step)
{
  static const char *const places[] = { "OutputDataConfig.S3OutputPath", "CheckpointConfig.S3Uri", "TransformOutput.S3OutputPath" };
  static const char *const told[] = { "AppSpecification.ContainerArguments", "AlgorithmSpecification.ContainerArguments", "Environment",
                                      "HyperParameters" };
  const AtelierNode *arguments = atelier_step_get_arguments (atelier_definition_get_step (check->facts->definition, step));
  const AtelierNode *outputs = member (arguments, "ProcessingOutputConfig.Outputs");

  for (guint i = 0; i < atelier_node_get_length (outputs); i++)
    add_made (check, step, member (atelier_node_get_item (outputs, i), "S3Output.S3Uri"));
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    add_made (check, step, member (arguments, places[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    add_mentioned (check, step, member (arguments, told[i]));
}

static gboolean
is_below (const char *uri, const char *folder)
{
  gsize length = strlen (folder);

  return g_str_has_prefix (uri, folder) && (uri[length] == '\0' || uri[length] == '/' || folder[length - 1] == '/');
}

/* Whether another step than @reader puts something there. */
static gboolean
is_made (const Check *check, guint reader, const char *uri)
{
  for (guint i = 0; i < check->made->len; i++)
    {
      const char *made = g_ptr_array_index (check->made, i);

      /* a prefix may be read that some output is part of */
      if (g_array_index (check->makers, guint, i) != reader && (is_below (uri, made) || is_below (made, uri)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_there (const Check *check, const char *uri)
{
  g_autoptr (GPtrArray) files = atelier_artifacts_list (check->artifacts, uri, FALSE, NULL, NULL);

  return files != NULL && files->len > 0;
}

static void
check_input (Check *check, const AtelierStep *step, const char *what, const AtelierNode *node)
{
  g_autofree char *text = text_of (check, node);
  g_autofree char *uri = canonical (text);

  if (uri != NULL && !is_made (check, atelier_step_get_index (step), uri) && !is_there (check, uri))
    g_ptr_array_add (check->missing, g_strdup_printf (_("%s (“%s” of step “%s”)"), text, what, atelier_step_get_name (step)));
}

static void
check_inputs (Check *check, const AtelierStep *step)
{
  const AtelierNode *arguments = atelier_step_get_arguments (step);
  const AtelierNode *inputs = atelier_node_get_member (arguments, "ProcessingInputs");
  const AtelierNode *channels = atelier_node_get_member (arguments, "InputDataConfig");

  for (guint i = 0; i < atelier_node_get_length (inputs); i++)
    {
      const AtelierNode *input = atelier_node_get_item (inputs, i);
      const char *name = atelier_node_get_string (atelier_node_get_member (input, "InputName"));
      gboolean is_managed = FALSE;

      atelier_node_get_boolean (atelier_node_get_member (input, "AppManaged"), &is_managed);
      if (!is_managed)
        check_input (check, step, name != NULL ? name : "input", member (input, "S3Input.S3Uri"));
    }
  for (guint i = 0; i < atelier_node_get_length (channels); i++)
    {
      const AtelierNode *channel = atelier_node_get_item (channels, i);
      const char *name = atelier_node_get_string (atelier_node_get_member (channel, "ChannelName"));

      check_input (check, step, name != NULL ? name : "channel", member (channel, "DataSource.S3DataSource.S3Uri"));
    }
}

/* A step that names a job in DependsOn, and reads nothing of it, waits for what that does by itself: it may well be its input. */
static gboolean
waits_for_a_job (Check *check, guint step)
{
  guint n_edges;
  const AtelierEdge *edges = atelier_definition_get_edges (check->facts->definition, &n_edges);

  for (guint i = 0; i < n_edges; i++)
    if (edges[i].to == step && edges[i].kind == ATELIER_EDGE_DEPENDS_ON)
      {
        const AtelierStepKind *kind
            = atelier_step_kind_find (atelier_step_get_step_type (atelier_definition_get_step (check->facts->definition, edges[i].from)));

        if (kind == NULL || !kind->is_fact)
          return TRUE;
      }
  return FALSE;
}

static char *
describe_missing (Check *check)
{
  g_autofree char *all = NULL;

  g_ptr_array_add (check->missing, NULL);
  all = g_strjoinv (", ", (char **) check->missing->pdata);
  return g_strdup_printf (_("these inputs are not in the artifact store, and no step makes them: %s; put them there, s3://BUCKET/KEY is the file "
                            "%s/BUCKET/KEY"),
                          all, atelier_artifacts_get_folder (check->artifacts));
}

/* atelier_run_check:
 * @actions: (nullable): steps that will not run are not looked at
 *
 * What of the execution cannot be carried out, found before anything starts: types without a kind, images without a runtime,
 * inputs that are not there.
 *
 * Returns: (transfer full) (element-type utf8): sentences; empty when the run can start. May block (interpreters are asked). */
GPtrArray *
atelier_run_check (AtelierRunFacts *facts, AtelierRuntimeTable *runtimes, AtelierArtifacts *artifacts, const AtelierSelectionAction *actions)
{
  GPtrArray *sentences = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) made = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) makers = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GPtrArray) missing = g_ptr_array_new_with_free_func (g_free);
  Check check = { .facts = facts, .artifacts = artifacts, .actions = actions, .made = made, .makers = makers, .missing = missing };
  guint n = atelier_definition_get_n_steps (facts->definition);

  atelier_run_facts_init_scope (facts, &check.scope);
  for (guint i = 0; i < n; i++)
    find_made (&check, i);
  for (guint i = 0; i < n; i++)
    {
      const AtelierStep *step = atelier_definition_get_step (facts->definition, i);
      const AtelierStepKind *kind = atelier_step_kind_find (atelier_step_get_step_type (step));
      g_autoptr (GError) error = NULL;

      if (!runs (&check, i))
        continue;
      if (kind == NULL)
        g_ptr_array_add (sentences,
                         g_strdup_printf (_("step “%s” is of type %s, which cannot be run yet on this machine; leave it out with "
                                            "--step, which runs only the steps it names, or take it out of the definition"),
                                          atelier_step_get_name (step), atelier_step_get_type_text (step)));
      else if (!kind->is_fact && !check_job (&check, step, runtimes, &error))
        g_ptr_array_add (sentences, g_strdup_printf (_("step “%s”: %s"), atelier_step_get_name (step), error->message));
      else if (!kind->is_fact && !waits_for_a_job (&check, i))
        check_inputs (&check, step);
    }
  if (missing->len > 0)
    g_ptr_array_add (sentences, describe_missing (&check));
  return sentences;
}
