/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-parameter.h"
#include "atelier-problem.h"
#include "atelier-step.h"

G_BEGIN_DECLS

/* AtelierDefinition: a pipeline definition (version 2020-12-01), read, checked and linked.
 *
 *   g_autoptr (GPtrArray) problems = atelier_problems_new ();
 *   g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, length, problems);
 *
 * One call does all: it reads the JSON, finds every error and warning, flattens the steps, and links them. What comes
 * back can be drawn even when it has errors; it can be run only when atelier_definition_has_errors() is FALSE.
 *
 * Immutable and counted; everything that is got from it is borrowed and lives as long. Any thread may read it. */

typedef struct _AtelierDefinition AtelierDefinition;

typedef enum
{
  ATELIER_EDGE_REFERENCE,    /* “to” reads a property or a property file of “from” */
  ATELIER_EDGE_DEPENDS_ON,   /* “to” names “from” in DependsOn and reads nothing of it */
  ATELIER_EDGE_BRANCH_TRUE,  /* “from” is the Condition in whose IfSteps “to” stands */
  ATELIER_EDGE_BRANCH_FALSE, /* … in whose ElseSteps */
  ATELIER_EDGE_N_KINDS
} AtelierEdgeKind;

/* “to” waits for “from”. Two steps have at most one edge in a direction; a branch comes before a reference, a
 * reference before DependsOn. */
typedef struct
{
  guint           from;
  guint           to;
  AtelierEdgeKind kind;
} AtelierEdge;

#define ATELIER_DEFINITION_VERSION "2020-12-01"

/* atelier_definition_parse:
 * @text: the file: a definition, or a JSON string that holds one, or an object with the key PipelineDefinition or
 *   PipelineDefinitionBody (answers of the service, CloudFormation). Where the definition is text in a JSON string,
 *   lines, columns and pointers count in that inner text, and each problem's “inside” says so.
 * @length: in bytes, or -1
 * @problems: (element-type AtelierProblem): from atelier_problems_new(); all that is found is added, sorted by place
 *
 * Returns: (transfer full) (nullable): NULL when there is nothing to draw: not JSON, not an object, no Steps array */
AtelierDefinition      *atelier_definition_parse (const char *text,
                                                  gssize      length,
                                                  GPtrArray  *problems);
AtelierDefinition      *atelier_definition_ref (AtelierDefinition *self);
void                    atelier_definition_unref (AtelierDefinition *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDefinition, atelier_definition_unref)

gboolean                atelier_definition_has_errors (const AtelierDefinition *self);

/* The document. */
const AtelierNode      *atelier_definition_get_root (const AtelierDefinition *self);
const char             *atelier_definition_get_version (const AtelierDefinition *self);  /* (nullable) */
const AtelierNode      *atelier_definition_get_metadata (const AtelierDefinition *self); /* (nullable) */
/* (nullable): a text or an expression */
const AtelierNode      *atelier_definition_get_experiment_name (const AtelierDefinition *self);
const AtelierNode      *atelier_definition_get_trial_name (const AtelierDefinition *self);

/* Parameters, in document order. */
guint                   atelier_definition_get_n_parameters (const AtelierDefinition *self);
const AtelierParameter *atelier_definition_get_parameter (const AtelierDefinition *self,
                                                          guint                    index);
const AtelierParameter *atelier_definition_find_parameter (const AtelierDefinition *self,
                                                           const char              *name); /* (nullable) */

/* Steps, those of all branches included, in document order. Of two with one name (an error) the first is found. */
guint                   atelier_definition_get_n_steps (const AtelierDefinition *self);
const AtelierStep      *atelier_definition_get_step (const AtelierDefinition *self,
                                                     guint                    index);
const AtelierStep      *atelier_definition_find_step (const AtelierDefinition *self,
                                                      const char              *name); /* (nullable) */

/* The graph. Edges are sorted by “to”, then by “from”; edges to steps that do not exist are left out. */
const AtelierEdge      *atelier_definition_get_edges (const AtelierDefinition *self,
                                                      guint                   *n_edges);
/* All n steps, each after those it waits for, else in document order; those in or behind a cycle (an error) last. */
const guint            *atelier_definition_get_order (const AtelierDefinition *self);

/* atelier_definition_write:
 *
 * The definition as JSON text: keys in their order, unknown ones included, numbers and strings as they were spelt.
 * Of a definition inside a string, the inner text.
 *
 * Returns: (transfer full): @pretty: indented by two spaces, with a final line feed; else one line without blanks */
char                   *atelier_definition_write (const AtelierDefinition *self,
                                                  gboolean                 pretty);

G_END_DECLS
