/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-definition"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-definition-private.h"
#include "atelier-expression.h"
#include "atelier-validate.h"

/* The graph of a definition. One pass over all references makes the edges and reports the references that lead
 * nowhere (atelier-validate-references.c); a second, over the edges, makes the order and finds the cycles.
 *
 * Edges into step S: the Condition that holds it; each step that is named in a Get anywhere in S, JsonGet included,
 * except that what stands in the branches of a Condition does not count for the Condition; each name in DependsOn. */

#define MOST_CYCLE_NAMES 12

typedef struct
{
  AtelierEdge        edge;
  const AtelierNode *node; /* what makes the edge: shown when it closes a cycle */
} Link;

typedef struct
{
  AtelierDefinition *definition;
  AtelierReferences *references;
  AtelierReport     *report;
  AtelierStep       *step;
  GArray            *links; /* Link, sorted by the step they lead to */
  guint             *seen;  /* for each step, 1 + the last step to which it has an edge */
} Linker;

static void
add_link (Linker *linker, const AtelierStep *from, AtelierEdgeKind kind, const AtelierNode *node)
{
  Link link = { { from->index, linker->step->index, kind }, node };

  if (from == linker->step)
    {
      atelier_report_error (linker->report, node, NULL, _("The step waits for itself: %s → %s"), from->name,
                            from->name);
      return;
    }
  if (linker->seen[from->index] == linker->step->index + 1)
    return;
  linker->seen[from->index] = linker->step->index + 1;
  g_array_append_val (linker->links, link);
}

static void
reference_cb (const AtelierReference *reference, gpointer user_data)
{
  Linker *linker = user_data;
  const AtelierStep *target = atelier_references_check (linker->references, linker->step, reference);

  if (target != NULL)
    add_link (linker, target, ATELIER_EDGE_REFERENCE, reference->node);
}

static void
link_depends_on (Linker *linker)
{
  const AtelierNode *list = atelier_node_get_member (linker->step->node, "DependsOn");

  for (guint i = 0; i < atelier_node_get_length (list); i++)
    {
      const AtelierNode *item = atelier_node_get_item (list, i);
      const AtelierStep *target = atelier_references_check_depends_on (linker->references, linker->step, item);

      if (target != NULL)
        add_link (linker, target, ATELIER_EDGE_DEPENDS_ON, item);
    }
}

static int
compare_links (gconstpointer a, gconstpointer b)
{
  const Link *x = a, *y = b;

  return x->edge.from < y->edge.from ? -1 : x->edge.from > y->edge.from;
}

static void
link_step (Linker *linker, AtelierStep *step)
{
  static const char *const branches[] = { "IfSteps", "ElseSteps", NULL };
  guint first = linker->links->len;

  linker->step = step;
  linker->report->step = *step->name != '\0' ? step->name : NULL;
  if (step->parent >= 0)
    add_link (linker, &linker->definition->steps[step->parent],
              step->parent_outcome ? ATELIER_EDGE_BRANCH_TRUE : ATELIER_EDGE_BRANCH_FALSE, step->node);
  atelier_expression_collect (step->node, step->type == ATELIER_STEP_TYPE_CONDITION ? branches : NULL, reference_cb,
                              linker);
  link_depends_on (linker);
  if (linker->links->len > first)
    qsort (&g_array_index (linker->links, Link, first), linker->links->len - first, sizeof (Link), compare_links);
  linker->report->step = NULL;
}

/* Order and cycles: Tarjan's strongly connected components, walking from each step to those it waits for. Components
 * are finished after all that they wait for, so the order in which they are finished is an order to run them in; one
 * of more than one step is a knot of cycles. No recursion: a chain may be as long as the definition. */

typedef struct
{
  guint index;   /* 1 + when the step was entered; 0: not yet */
  guint low;     /* the earliest step on the stack that it reaches */
  guint link;    /* the next link to follow */
  guint component;
  gboolean on_stack;
} Visit;

typedef struct
{
  const AtelierDefinition *definition;
  const Link              *links;
  guint                   *first_link; /* n + 1 places in links */
  Visit                   *visits;
  GArray                  *path;  /* guint: steps that are being walked */
  GArray                  *stack; /* guint: steps whose component is not finished */
  guint                   *order;
  guint                    n_ordered;
  guint                    n_entered;
  guint                    n_components;
  GArray                  *knots; /* guint: one step, the first in the document, of each component with a cycle */
} Walk;

static void
enter (Walk *walk, guint step)
{
  walk->visits[step] = (Visit) { .index = ++walk->n_entered, .link = walk->first_link[step], .on_stack = TRUE };
  walk->visits[step].low = walk->visits[step].index;
  g_array_append_val (walk->path, step);
  g_array_append_val (walk->stack, step);
}

/* @root is the first step of its component that was entered: the component is all that stands above it. */
static void
finish_component (Walk *walk, guint root)
{
  guint size = 0, step, first = root;

  walk->n_components++;
  do
    {
      step = g_array_index (walk->stack, guint, walk->stack->len - 1);
      g_array_set_size (walk->stack, walk->stack->len - 1);
      walk->visits[step].on_stack = FALSE;
      walk->visits[step].component = walk->n_components;
      walk->order[walk->n_ordered++] = step;
      first = MIN (first, step);
      size++;
    }
  while (step != root);
  if (size > 1)
    g_array_append_val (walk->knots, first);
}

static void
walk_from (Walk *walk, guint start)
{
  enter (walk, start);
  while (walk->path->len > 0)
    {
      guint step = g_array_index (walk->path, guint, walk->path->len - 1);
      Visit *visit = &walk->visits[step];

      if (visit->link < walk->first_link[step + 1])
        {
          guint next = walk->links[visit->link++].edge.from;

          if (walk->visits[next].index == 0)
            enter (walk, next);
          else if (walk->visits[next].on_stack)
            visit->low = MIN (visit->low, walk->visits[next].index);
          continue;
        }
      g_array_set_size (walk->path, walk->path->len - 1);
      if (walk->path->len > 0)
        {
          Visit *above = &walk->visits[g_array_index (walk->path, guint, walk->path->len - 1)];

          above->low = MIN (above->low, visit->low);
        }
      if (visit->low == visit->index)
        finish_component (walk, step);
    }
}

/* The shortest cycle through @start, by breadth-first search within its component, backwards along the edges.
 * @next: (out): for each step of the cycle, the one that waits for it */
static void
find_cycle (const Walk *walk, guint start, guint *next)
{
  g_autoptr (GArray) queue = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GHashTable) met = g_hash_table_new (NULL, NULL);

  g_array_append_val (queue, start);
  for (guint i = 0; i < queue->len; i++)
    {
      guint step = g_array_index (queue, guint, i);

      for (guint l = walk->first_link[step]; l < walk->first_link[step + 1]; l++)
        {
          guint from = walk->links[l].edge.from;

          if (walk->visits[from].component != walk->visits[start].component ||
              g_hash_table_contains (met, GUINT_TO_POINTER (from)))
            continue;
          next[from] = step;
          if (from == start)
            return;
          g_hash_table_add (met, GUINT_TO_POINTER (from));
          g_array_append_val (queue, from);
        }
    }
}

/* Points at what makes the first step of the cycle wait for its last. */
static void
report_cycle (const Walk *walk, AtelierReport *report, guint start, guint *next)
{
  const AtelierStep *steps = walk->definition->steps;
  g_autoptr (GString) names = g_string_new (steps[start].name);
  guint step = start, last = start, n = 0, link;

  find_cycle (walk, start, next);
  do
    {
      last = step;
      step = next[step];
      if (++n < MOST_CYCLE_NAMES || step == start)
        g_string_append_printf (names, " → %s", steps[step].name);
      else if (n == MOST_CYCLE_NAMES)
        g_string_append (names, " → …");
    }
  while (step != start);
  for (link = walk->first_link[start]; walk->links[link].edge.from != last; link++)
    ;
  report->step = steps[start].name;
  atelier_report_error (report, walk->links[link].node, NULL, _("The steps wait for each other: %s"), names->str);
  report->step = NULL;
}

/* Steps in a cycle, and those that wait for one, are moved behind all others. */
static void
move_knots_back (Walk *walk)
{
  guint n = walk->definition->n_steps, n_free = 0, n_bound = 0;
  g_autofree gboolean *is_knot = g_new0 (gboolean, walk->n_components + 1);
  g_autofree gboolean *is_bound = g_new0 (gboolean, n);
  g_autofree guint *bound = g_new (guint, n);

  for (guint i = 0; i < walk->knots->len; i++)
    is_knot[walk->visits[g_array_index (walk->knots, guint, i)].component] = TRUE;
  for (guint i = 0; i < n; i++)
    {
      guint step = walk->order[i];

      is_bound[step] = is_knot[walk->visits[step].component];
      for (guint l = walk->first_link[step]; l < walk->first_link[step + 1]; l++)
        is_bound[step] |= is_bound[walk->links[l].edge.from];
      if (is_bound[step])
        bound[n_bound++] = step;
      else
        walk->order[n_free++] = step;
    }
  memcpy (walk->order + n_free, bound, n_bound * sizeof (guint));
}

static void
sort_steps (AtelierDefinition *self, AtelierReport *report, const GArray *links)
{
  g_autofree guint *first_link = g_new0 (guint, self->n_steps + 2);
  g_autofree Visit *visits = g_new0 (Visit, self->n_steps);
  g_autofree guint *next = g_new0 (guint, self->n_steps);
  g_autoptr (GArray) path = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GArray) knots = g_array_new (FALSE, FALSE, sizeof (guint));
  Walk walk = { self, (const Link *) (gconstpointer) links->data, first_link, visits, path, stack, .knots = knots };

  for (guint i = 0; i < links->len; i++)
    first_link[walk.links[i].edge.to + 1]++;
  for (guint i = 0; i < self->n_steps; i++)
    first_link[i + 1] += first_link[i];
  walk.order = self->order = g_new (guint, self->n_steps);
  for (guint i = 0; i < self->n_steps; i++)
    if (visits[i].index == 0)
      walk_from (&walk, i);
  for (guint i = 0; i < knots->len; i++)
    report_cycle (&walk, report, g_array_index (knots, guint, i), next);
  if (knots->len > 0)
    move_knots_back (&walk);
}

void
atelier_definition_link (AtelierDefinition *self, AtelierReport *report)
{
  g_autoptr (AtelierReferences) references = atelier_references_new (self, report);
  g_autoptr (GArray) links = g_array_new (FALSE, FALSE, sizeof (Link));
  g_autofree guint *seen = g_new0 (guint, self->n_steps);
  Linker linker = { .definition = self, .references = references, .report = report, .links = links, .seen = seen };

  for (guint i = 0; i < self->n_steps; i++)
    link_step (&linker, &self->steps[i]);
  atelier_references_check_top_level (references);

  self->n_edges = links->len;
  self->edges = g_new (AtelierEdge, links->len);
  for (guint i = 0; i < links->len; i++)
    self->edges[i] = g_array_index (links, Link, i).edge;
  sort_steps (self, report, links);
}
