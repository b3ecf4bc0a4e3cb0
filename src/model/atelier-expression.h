/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-model-error.h"
#include "atelier-node.h"
#include "atelier-property-path.h"
#include "atelier-scope.h"

G_BEGIN_DECLS

/* Expressions are objects of one member, {"Get": …}, {"Std:Join": …} or {"Std:JsonGet": …}, wherever a value may
 * stand. Anything else is literal; expressions inside strings do not exist. */
typedef enum
{
  ATELIER_EXPRESSION_LITERAL,
  ATELIER_EXPRESSION_GET,
  ATELIER_EXPRESSION_JOIN,
  ATELIER_EXPRESSION_JSON_GET,
  ATELIER_EXPRESSION_UNKNOWN, /* an object of one member "Std:…" that is none of these */
} AtelierExpressionKind;

AtelierExpressionKind atelier_expression_recognise (const AtelierNode *node);

typedef enum
{
  ATELIER_REFERENCE_PARAMETER,          /* name */
  ATELIER_REFERENCE_EXECUTION,          /* name = the variable */
  ATELIER_REFERENCE_EXPERIMENT,         /* name = ExperimentName or TrialName */
  ATELIER_REFERENCE_STEP_PROPERTY,      /* name = the step, path = the property path's text, "" for a bare step */
  ATELIER_REFERENCE_STEP_PROPERTY_FILE, /* name = the step, path = the property file's name */
  ATELIER_REFERENCE_S3_JSON,            /* Std:JsonGet of an S3Uri: it names no step, only DependsOn can order it */
  ATELIER_REFERENCE_MALFORMED,          /* an expression without a meaning; only problem is set */
} AtelierReferenceKind;

typedef struct
{
  AtelierReferenceKind       kind;
  const char                *name;          /* (nullable) */
  const char                *path;          /* (nullable) */
  const AtelierPropertyPath *property_path; /* (nullable) STEP_PROPERTY: path, parsed */
  const char                *json_path;     /* (nullable) STEP_PROPERTY_FILE and S3_JSON: the Path */
  const AtelierNode         *node;          /* the value to point at: the text of a Get, or the expression */
  const char                *problem;       /* (nullable) a sentence: what is wrong with the expression itself */
} AtelierReference;

/* Everything is borrowed for the call. @reference->problem is about form only: a variable of Execution that does not
 * exist, a path that does not parse, a missing Path, a Get of a property file outside Std:JsonGet. Whether
 * parameters, steps and property files are declared is the validator's to say. A reference can have a problem and
 * still be of its kind. */
typedef void (*AtelierReferenceFunc) (const AtelierReference *reference,
                                      gpointer                user_data);

/* atelier_expression_collect:
 * @tree: (nullable): any value of the definition, read with everything below it
 * @skip_members: (nullable): NULL-terminated names of members that are left out in any object of the tree;
 *   {"IfSteps", "ElseSteps"} for the Arguments of a Condition
 *
 * Calls @func for each reference in document order. Any thread. */
void                  atelier_expression_collect (const AtelierNode    *tree,
                                                  const char * const   *skip_members,
                                                  AtelierReferenceFunc  func,
                                                  gpointer              user_data);

/* atelier_expression_resolve:
 * @tree: (nullable): a literal, an expression, or a tree of both; NULL is JSON null
 *
 * Replaces every expression in the tree by its value; keys and literals stay. A Get keeps its type, Std:Join is
 * always text (atelier_json_to_text() of each value; objects, lists and null cannot be joined), Std:JsonGet keeps the
 * type found and fails on null.
 *
 * Returns: (transfer full) (nullable): the value; NULL with ATELIER_MODEL_ERROR or the scope's own error, and a
 * sentence that quotes the expression */
json_t               *atelier_expression_resolve (const AtelierNode  *tree,
                                                  const AtelierScope *scope,
                                                  GError            **error);

/* The same, as text: what fields that hold text want (numbers and booleans are spelt, null and structures
 * refused). */
char                 *atelier_expression_resolve_text (const AtelierNode  *node,
                                                       const AtelierScope *scope,
                                                       GError            **error);

G_END_DECLS
