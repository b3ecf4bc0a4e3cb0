/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-node.h"
#include "atelier-problem.h"

G_BEGIN_DECLS

/* AtelierReport: the validator's pen (private to model/). It turns “this node, this sentence” into a problem with its
 * place, pointer and step. */
typedef struct
{
  GPtrArray  *problems;
  const char *step;        /* (nullable) the step that is being looked at */
  const char *inside;      /* (nullable) see AtelierProblem */
  guint       n_errors;
  gint64      comparisons; /* left for suggestions: with as many mistakes as steps they would never end */
} AtelierReport;

void  atelier_report_init (AtelierReport *self,
                           GPtrArray     *problems);

/* @at: the value to point at
 * @hint: (transfer full) (nullable): what would be right */
void  atelier_report_error (AtelierReport     *self,
                            const AtelierNode *at,
                            char              *hint,
                            const char        *format,
                            ...) G_GNUC_PRINTF (4, 5);
void  atelier_report_warning (AtelierReport     *self,
                              const AtelierNode *at,
                              char              *hint,
                              const char        *format,
                              ...) G_GNUC_PRINTF (4, 5);
/* The same, but the key of the member @at is what is odd. */
void  atelier_report_key_warning (AtelierReport     *self,
                                  const AtelierNode *at,
                                  char              *hint,
                                  const char        *format,
                                  ...) G_GNUC_PRINTF (4, 5);

/* “did you mean “X”?”, or NULL. (transfer full) */
char *atelier_report_suggest (AtelierReport      *self,
                              const char         *word,
                              const char * const *candidates,
                              gsize               n_candidates);

/* How a sentence calls a value: “ImageUri”, “Outputs[2]”, “the definition”. (transfer full) */
char *atelier_report_describe (const AtelierNode *node);

G_END_DECLS
