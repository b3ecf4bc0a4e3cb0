/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where this program's own helpers are: beside it in a build folder, else where they were installed.
 * ATELIER_LIBEXECDIR and ATELIER_DATADIR in the environment come first. */
char *atelier_programs_find (const char *name,
                             GError    **error);
char *atelier_programs_data (const char *name);

G_END_DECLS
