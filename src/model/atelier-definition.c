/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-definition"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-definition-private.h"

/* A definition is made in one go by atelier_definition_parse(): find the definition in the file, read the parameters
 * and steps however wrong they are, link the steps, validate. Reading never reports: the validator sees the same
 * nodes again and says what is wrong with them, so that each rule stands in one place. */

static AtelierDefinition *
definition_new (AtelierDocument *document, const AtelierNode *root)
{
  AtelierDefinition *self = g_new0 (AtelierDefinition, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->document = atelier_document_ref (document);
  self->root = root;
  self->parameters_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  self->steps_by_name = g_hash_table_new (g_str_hash, g_str_equal);
  return self;
}

AtelierDefinition *
atelier_definition_ref (AtelierDefinition *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
atelier_definition_unref (AtelierDefinition *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  for (guint i = 0; i < self->n_steps; i++)
    atelier_step_clear (&self->steps[i]);
  g_hash_table_unref (self->parameters_by_name);
  g_hash_table_unref (self->steps_by_name);
  g_free (self->parameters);
  g_free (self->steps);
  g_free (self->edges);
  g_free (self->order);
  atelier_document_unref (self->document);
  g_free (self);
}

/* Finding the definition in the file */

typedef struct
{
  AtelierDocument   *document; /* (owned) */
  const AtelierNode *node;     /* of document */
  char              *inside;   /* (owned) (nullable) pointers of the strings that were opened, one after the other */
} Place;

/* Replaces the place, a string, by the text that it holds. */
static gboolean
open_string (Place *place, AtelierReport *report)
{
  g_autofree char *outer_inside = place->inside;
  g_autofree char *pointer = atelier_node_dup_pointer (place->node);
  g_autoptr (GError) error = NULL;
  AtelierDocument *inner;
  AtelierProblem *problem;
  guint line, column;

  inner = atelier_document_parse (atelier_node_get_string (place->node), -1, &line, &column, &error);
  place->inside = g_strconcat (outer_inside != NULL ? outer_inside : "", pointer, NULL);
  atelier_document_unref (place->document);
  place->document = inner;
  place->node = inner != NULL ? atelier_document_get_root (inner) : NULL;
  if (inner != NULL)
    return TRUE;

  problem = atelier_problem_new (ATELIER_SEVERITY_ERROR, line, column, "", NULL, error->message, NULL);
  problem->inside = g_strdup (place->inside);
  g_ptr_array_add (report->problems, problem);
  return FALSE;
}

/* Answers of the service hold the definition in a string, CloudFormation in an object in an object. The members that
 * lead on are looked for only where there are no Steps, so that a definition can have a key of such a name. */
static gboolean
find_definition (Place *place, AtelierReport *report)
{
  for (guint opened = 0; opened < 8; opened++)
    {
      const AtelierNode *inner = NULL;

      if (atelier_node_get_member (place->node, "Steps") == NULL)
        inner = atelier_node_get_member (place->node, "PipelineDefinition");
      if (inner == NULL && atelier_node_get_member (place->node, "Steps") == NULL)
        inner = atelier_node_get_member (place->node, "PipelineDefinitionBody");
      if (inner != NULL)
        place->node = inner;
      else if (atelier_node_get_kind (place->node) != ATELIER_NODE_STRING)
        break;
      else if (!open_string (place, report))
        return FALSE;
    }
  return TRUE;
}

/* Reading */

static void
read_parameters (AtelierDefinition *self)
{
  const AtelierNode *list = atelier_node_get_member (self->root, "Parameters");

  if (atelier_node_get_kind (list) != ATELIER_NODE_ARRAY)
    return;
  self->parameters = g_new0 (AtelierParameter, atelier_node_get_length (list));
  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *node = atelier_node_get_item (list, i);
      AtelierParameter *parameter = &self->parameters[self->n_parameters];

      if (atelier_node_get_kind (node) != ATELIER_NODE_OBJECT)
        continue;
      self->n_parameters++;
      atelier_parameter_init (parameter, node);
      if (*parameter->name != '\0' && !g_hash_table_contains (self->parameters_by_name, parameter->name))
        g_hash_table_insert (self->parameters_by_name, (gpointer) parameter->name, parameter);
    }
}

static void read_steps (GArray *steps, const AtelierNode *list, int parent, gboolean outcome);

/* In the order in which the branches stand in the file. The array moves as it grows: no pointer into it is kept. */
static void
read_branches (GArray *steps, guint condition)
{
  const AtelierNode *arguments = g_array_index (steps, AtelierStep, condition).arguments;
  const char *key;

  for (guint i = 0; i < atelier_node_get_length (arguments); i++)
    {
      const AtelierNode *list = atelier_node_get_member_at (arguments, i, &key);

      if (list != NULL && (strcmp (key, "IfSteps") == 0 || strcmp (key, "ElseSteps") == 0))
        read_steps (steps, list, condition, *key == 'I');
    }
}

static void
read_steps (GArray *steps, const AtelierNode *list, int parent, gboolean outcome)
{
  g_autoptr (GArray) indices = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; atelier_node_get_kind (list) == ATELIER_NODE_ARRAY && i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *node = atelier_node_get_item (list, i);
      AtelierStep step = { .index = steps->len };

      if (atelier_node_get_kind (node) != ATELIER_NODE_OBJECT)
        continue;
      atelier_step_init (&step, node);
      step.parent = parent;
      step.parent_outcome = outcome;
      g_array_append_val (indices, step.index);
      g_array_append_val (steps, step);
      if (step.type == ATELIER_STEP_TYPE_CONDITION)
        read_branches (steps, step.index);
    }
  if (parent >= 0)
    {
      AtelierStep *condition = &g_array_index (steps, AtelierStep, parent);

      condition->n_branches[outcome] = indices->len;
      condition->branches[outcome] = (gpointer) g_array_free (g_steal_pointer (&indices), FALSE);
    }
}

static void
read_all_steps (AtelierDefinition *self)
{
  GArray *steps = g_array_new (FALSE, FALSE, sizeof (AtelierStep));

  read_steps (steps, atelier_node_get_member (self->root, "Steps"), -1, FALSE);
  self->n_steps = steps->len;
  self->steps = (gpointer) g_array_free (steps, FALSE);
  for (guint i = 0; i < self->n_steps; i++)
    if (*self->steps[i].name != '\0' && !g_hash_table_contains (self->steps_by_name, self->steps[i].name))
      g_hash_table_insert (self->steps_by_name, (gpointer) self->steps[i].name, &self->steps[i]);
}

/* Whether there is anything to draw. */
static gboolean
check_shape (const AtelierNode *root, AtelierReport *report)
{
  const AtelierNode *steps = atelier_node_get_member (root, "Steps");

  if (atelier_node_get_kind (root) != ATELIER_NODE_OBJECT)
    atelier_report_error (report, root, NULL, _("A pipeline definition is a JSON object"));
  else if (steps == NULL)
    atelier_report_error (report, root, NULL, _("The definition has no “Steps”"));
  else if (atelier_node_get_kind (steps) != ATELIER_NODE_ARRAY)
    atelier_report_error (report, steps, NULL, _("“Steps” must be a list"));
  return report->n_errors == 0;
}

AtelierDefinition *
atelier_definition_parse (const char *text, gssize length, GPtrArray *problems)
{
  g_autoptr (AtelierDocument) document = NULL;
  g_autofree char *inside = NULL;
  g_autoptr (GError) error = NULL;
  AtelierDefinition *self = NULL;
  AtelierReport report;
  Place place = { 0 };
  guint line, column;
  gboolean found = FALSE;

  g_return_val_if_fail (text != NULL && problems != NULL, NULL);

  atelier_report_init (&report, problems);
  place.document = atelier_document_parse (text, length, &line, &column, &error);
  if (place.document != NULL)
    {
      place.node = atelier_document_get_root (place.document);
      found = find_definition (&place, &report);
    }
  else
    g_ptr_array_add (problems,
                     atelier_problem_new (ATELIER_SEVERITY_ERROR, line, column, "", NULL, error->message, NULL));
  document = place.document;
  report.inside = inside = place.inside;

  if (found && check_shape (place.node, &report))
    {
      self = definition_new (document, place.node);
      read_parameters (self);
      read_all_steps (self);
      atelier_definition_link (self, &report);
      atelier_definition_validate (self, &report);
      self->has_errors = report.n_errors > 0;
    }
  atelier_problems_sort (problems);
  return self;
}

/* Looking */

gboolean
atelier_definition_has_errors (const AtelierDefinition *self)
{
  return self->has_errors;
}

const AtelierNode *
atelier_definition_get_root (const AtelierDefinition *self)
{
  return self->root;
}

const char *
atelier_definition_get_version (const AtelierDefinition *self)
{
  return atelier_node_get_string (atelier_node_get_member (self->root, "Version"));
}

const AtelierNode *
atelier_definition_get_metadata (const AtelierDefinition *self)
{
  return atelier_node_get_member (self->root, "Metadata");
}

static const AtelierNode *
get_experiment_member (const AtelierDefinition *self, const char *key)
{
  const AtelierNode *config = atelier_node_get_member (self->root, "PipelineExperimentConfig");
  const AtelierNode *value = atelier_node_get_member (config, key);

  return atelier_node_get_kind (value) != ATELIER_NODE_NULL ? value : NULL;
}

const AtelierNode *
atelier_definition_get_experiment_name (const AtelierDefinition *self)
{
  return get_experiment_member (self, "ExperimentName");
}

const AtelierNode *
atelier_definition_get_trial_name (const AtelierDefinition *self)
{
  return get_experiment_member (self, "TrialName");
}

guint
atelier_definition_get_n_parameters (const AtelierDefinition *self)
{
  return self->n_parameters;
}

const AtelierParameter *
atelier_definition_get_parameter (const AtelierDefinition *self, guint index)
{
  g_return_val_if_fail (index < self->n_parameters, NULL);

  return &self->parameters[index];
}

const AtelierParameter *
atelier_definition_find_parameter (const AtelierDefinition *self, const char *name)
{
  return g_hash_table_lookup (self->parameters_by_name, name);
}

guint
atelier_definition_get_n_steps (const AtelierDefinition *self)
{
  return self->n_steps;
}

const AtelierStep *
atelier_definition_get_step (const AtelierDefinition *self, guint index)
{
  g_return_val_if_fail (index < self->n_steps, NULL);

  return &self->steps[index];
}

const AtelierStep *
atelier_definition_find_step (const AtelierDefinition *self, const char *name)
{
  return g_hash_table_lookup (self->steps_by_name, name);
}

const AtelierEdge *
atelier_definition_get_edges (const AtelierDefinition *self, guint *n_edges)
{
  *n_edges = self->n_edges;
  return self->edges;
}

const guint *
atelier_definition_get_order (const AtelierDefinition *self)
{
  return self->order;
}
