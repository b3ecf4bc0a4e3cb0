/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-project.h"

G_BEGIN_DECLS

/* The values of all variables by name, the built-in ones included. (transfer full) (nullable): NULL with
 * ATELIER_PROJECT_ERROR_VARIABLE */
GHashTable *atelier_project_collect_values (const AtelierProjectRequest *request,
                                            const AtelierGitAuthor      *author,
                                            GError                     **error);

G_END_DECLS
