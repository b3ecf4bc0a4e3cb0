/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-archive.h"

G_BEGIN_DECLS

/* Whether the symbolic link @relative (its own place below the top) to @target stays below the top: `..` only at the
 * beginning of @target, and no more often than the link lies deep. */
gboolean atelier_archive_link_stays_inside (const char *target,
                                            const char *relative);

G_END_DECLS
