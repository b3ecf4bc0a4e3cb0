/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

G_BEGIN_DECLS

/* AtelierProblem: one thing that is wrong, or only odd, in a text that a person wrote, and where.
 *
 * Lists of problems are GPtrArrays made by atelier_problems_new(), which own their items. Plain values. */

typedef enum
{
  ATELIER_SEVERITY_ERROR,   /* the service would refuse it, or it cannot be run */
  ATELIER_SEVERITY_WARNING, /* it runs; a person should look at it */
  ATELIER_SEVERITY_N_SEVERITIES
} AtelierSeverity;

typedef struct
{
  AtelierSeverity severity;
  guint           line;    /* from 1; 0: the problem has no place in the text */
  guint           column;  /* from 1, in characters */
  char           *pointer; /* RFC 6901, "" for the whole document */
  char           *step;    /* (nullable) name of the step it is about */
  char           *message; /* what is wrong, without full stop */
  char           *hint;    /* (nullable) what would be right */
  char *inside; /* (nullable) line, column and pointer refer to the text that the JSON string with this pointer
                   holds ("" when the file is one string); NULL: to the file itself */
} AtelierProblem;

const char     *atelier_severity_to_text (AtelierSeverity severity); /* "error", "warning" */

AtelierProblem *atelier_problem_new (AtelierSeverity severity,
                                     guint           line,
                                     guint           column,
                                     const char     *pointer,
                                     const char     *step,
                                     const char     *message,
                                     const char     *hint);
void            atelier_problem_free (AtelierProblem *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierProblem, atelier_problem_free)

/* "FILE:LINE:COLUMN: error: step “X”: message; hint", without line feed. */
char           *atelier_problem_to_text (const AtelierProblem *self,
                                         const char           *file);
/* {"severity", "line", "column", "pointer", "step", "message", "hint"[, "inside"]}; absent parts are null. */
json_t         *atelier_problem_to_json (const AtelierProblem *self);

GPtrArray      *atelier_problems_new (void);
void            atelier_problems_sort (GPtrArray *problems);
guint           atelier_problems_count (const GPtrArray *problems,
                                        AtelierSeverity  severity);
json_t         *atelier_problems_to_json (const GPtrArray *problems);

G_END_DECLS
