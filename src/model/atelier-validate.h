/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-definition-private.h"
#include "atelier-expression.h"

G_BEGIN_DECLS

/* The parts of the validator (private to model/). Each reports into an AtelierReport; none changes anything. */

/* References: atelier-validate-references.c. Made before the steps are linked; remembers which parameters are read. */
typedef struct _AtelierReferences AtelierReferences;

AtelierReferences *atelier_references_new (const AtelierDefinition *definition,
                                           AtelierReport           *report);
void               atelier_references_free (AtelierReferences *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierReferences, atelier_references_free)

/* Both return the step that is waited for, or NULL. */
const AtelierStep *atelier_references_check (AtelierReferences      *self,
                                             const AtelierStep      *reader,
                                             const AtelierReference *reference);
const AtelierStep *atelier_references_check_depends_on (AtelierReferences *self,
                                                        const AtelierStep *reader,
                                                        const AtelierNode *item);
/* What the experiment labels read, and which parameters nobody does. After all steps. */
void               atelier_references_check_top_level (AtelierReferences *self);

/* S3 URIs that are read and written, and what no string should hold: atelier-validate-data.c. */
typedef struct _AtelierDataCheck AtelierDataCheck;

AtelierDataCheck  *atelier_data_check_new (AtelierReport *report);
void               atelier_data_check_free (AtelierDataCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDataCheck, atelier_data_check_free)

void               atelier_data_check_add_read (AtelierDataCheck  *self,
                                                const AtelierStep *step,
                                                const AtelierNode *uri);
void               atelier_data_check_add_write (AtelierDataCheck  *self,
                                                 const AtelierNode *uri,
                                                 gboolean           of_jobs);
void               atelier_data_check_finish (AtelierDataCheck *self);
void               atelier_data_check_environment (AtelierReport     *report,
                                                   const AtelierNode *environment);
/* @skip: (nullable): NULL-terminated keys that are not gone into */
void               atelier_data_check_texts (AtelierReport      *report,
                                             const AtelierNode  *tree,
                                             const char * const *skip);

/* Steps: atelier-validate-step.c and -condition.c. */
void               atelier_validate_step (const AtelierDefinition *definition,
                                          const AtelierStep       *step,
                                          AtelierDataCheck        *data,
                                          AtelierReport           *report);
void               atelier_validate_conditions (const AtelierNode *conditions,
                                                AtelierReport     *report);

/* [A-Za-z0-9_-], 1 to 64: names of steps, and of parameters by the schema. */
gboolean           atelier_validate_is_name (const char *name);

G_END_DECLS
