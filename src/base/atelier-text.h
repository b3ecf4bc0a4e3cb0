/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

const char *atelier_text_closest (const char         *word,
                                  const char * const *candidates,
                                  gsize               n_candidates);
char       *atelier_text_new_id (void);
gboolean    atelier_text_is_id (const char *text);
char       *atelier_text_first_line (const char *text,
                                     gsize       most_characters);

G_END_DECLS
