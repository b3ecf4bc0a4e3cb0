/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-cache-policy.h"
#include "atelier-node.h"
#include "atelier-parameter-value.h"
#include "atelier-retry-policy.h"
#include "atelier-step-type.h"

G_BEGIN_DECLS

/* AtelierStep: one step of a definition, wherever it stands: in Steps or in a branch of a Condition.
 *
 * Borrowed from its definition, immutable, any thread. Steps name each other by index: their place in document order,
 * 0 … n-1, a Condition before the steps of its branches. */

typedef struct _AtelierStep AtelierStep;

/* A file that a Processing step leaves in one of its outputs for others to read values from. */
typedef struct
{
  const char        *name;        /* PropertyFileName */
  const char        *output_name; /* OutputName: an output of the step */
  const char        *path;        /* FilePath, relative to that output's folder */
  const AtelierNode *node;
} AtelierPropertyFile;

/* What a Lambda or Callback step hands back. */
typedef struct
{
  const char        *name; /* OutputName */
  AtelierValueType   type; /* OutputType */
  const AtelierNode *node;
} AtelierOutputParameter;

guint                         atelier_step_get_index (const AtelierStep *self);
const char                   *atelier_step_get_name (const AtelierStep *self);         /* "": it has none (an error) */
AtelierStepType               atelier_step_get_step_type (const AtelierStep *self);
const char                   *atelier_step_get_type_text (const AtelierStep *self);    /* as written; "": none */
const char                   *atelier_step_get_display_name (const AtelierStep *self); /* the name when it has none */
const char                   *atelier_step_get_description (const AtelierStep *self);  /* (nullable) */
const AtelierNode            *atelier_step_get_node (const AtelierStep *self);         /* the whole step */
const AtelierNode            *atelier_step_get_arguments (const AtelierStep *self);    /* (nullable) */
const AtelierNode            *atelier_step_get_member (const AtelierStep *self,
                                                       const char        *key);        /* (nullable) step-level key */

/* The names in DependsOn, existing or not. */
guint                         atelier_step_get_n_depends_on (const AtelierStep *self);
const char                   *atelier_step_get_depends_on (const AtelierStep *self,
                                                           guint              index);

const AtelierPropertyFile    *atelier_step_get_property_files (const AtelierStep *self,
                                                               guint             *n_files);
const AtelierPropertyFile    *atelier_step_find_property_file (const AtelierStep *self,
                                                               const char        *name); /* (nullable) */
const AtelierOutputParameter *atelier_step_get_output_parameters (const AtelierStep *self,
                                                                  guint             *n_parameters);
const AtelierCachePolicy     *atelier_step_get_cache_policy (const AtelierStep *self);   /* never NULL */
/* (nullable) (element-type AtelierRetryPolicy): for atelier_retry_policies_decide() */
const GPtrArray              *atelier_step_get_retry_policies (const AtelierStep *self);

/* Branches. parent is the index of the Condition that holds the step, -1 for a step in Steps; outcome is then the
 * value of that Condition for which the step runs. */
int                           atelier_step_get_parent (const AtelierStep *self);
gboolean                      atelier_step_get_parent_outcome (const AtelierStep *self);
/* For a Condition: its list of conditions (nullable), and the indices of the steps directly in a branch. */
const AtelierNode            *atelier_step_get_conditions (const AtelierStep *self);
const guint                  *atelier_step_get_branch (const AtelierStep *self,
                                                       gboolean           outcome,
                                                       guint             *n_steps);

G_END_DECLS
