/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-definition.h"
#include "atelier-report.h"

G_BEGIN_DECLS

/* What atelier-definition.c fills in, in this order: the document, parameters and steps; then the edges (link); then
 * the validator looks at the whole. Nothing changes after that. Texts are borrowed from the document. */

struct _AtelierParameter
{
  const AtelierNode *node;
  const char        *name;
  AtelierValueType   type;
  const AtelierNode *default_node; /* (nullable) */
  const AtelierNode *enum_values;  /* (nullable) an array */
  const char        *description;  /* (nullable) */
};

struct _AtelierStep
{
  const AtelierNode      *node;
  guint                   index;
  const char             *name;
  const char             *type_text;
  AtelierStepType         type;
  const AtelierNode      *arguments;  /* (nullable) */
  const char            **depends_on; /* (owned) the strings of DependsOn */
  guint                   n_depends_on;
  AtelierPropertyFile    *property_files; /* (owned) */
  guint                   n_property_files;
  AtelierOutputParameter *output_parameters; /* (owned) */
  guint                   n_output_parameters;
  AtelierCachePolicy      cache_policy;
  GPtrArray              *retry_policies; /* (owned) (nullable) */
  int                     parent;
  gboolean                parent_outcome;
  guint                  *branches[2]; /* (owned) [FALSE] ElseSteps, [TRUE] IfSteps */
  guint                   n_branches[2];
};

struct _AtelierDefinition
{
  gatomicrefcount       ref_count;
  AtelierDocument      *document;
  const AtelierNode    *root;     /* the definition's object: the document's root, or a member of it */
  gboolean              has_errors;
  AtelierParameter     *parameters;
  guint                 n_parameters;
  GHashTable           *parameters_by_name; /* const char* → AtelierParameter* */
  AtelierStep          *steps;
  guint                 n_steps;
  GHashTable           *steps_by_name; /* const char* → AtelierStep* */
  AtelierEdge          *edges;
  guint                 n_edges;
  guint                *order;
};

void atelier_parameter_init (AtelierParameter  *self,
                             const AtelierNode *node);
void atelier_step_init (AtelierStep       *self,
                        const AtelierNode *node);
void atelier_step_clear (AtelierStep *self);

/* Finds every reference, reports those that lead nowhere, and makes edges and order. */
void atelier_definition_link (AtelierDefinition *self,
                              AtelierReport     *report);

/* Reports all that is wrong or odd and is not about references. */
void atelier_definition_validate (const AtelierDefinition *self,
                                  AtelierReport           *report);

G_END_DECLS
