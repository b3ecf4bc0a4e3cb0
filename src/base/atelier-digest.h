/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* SHA-256 in lower-case hexadecimal, 64 characters. */
char *atelier_digest_text (const char *text,
                           gssize      length);
char *atelier_digest_file (const char *path,
                           GError    **error);

G_END_DECLS
