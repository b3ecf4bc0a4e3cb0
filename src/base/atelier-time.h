/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Time is gint64 microseconds since 1970, UTC, everywhere; names end in _us. */
gint64 atelier_time_now_us (void);
char  *atelier_time_format_iso (gint64 time_us);
gint64 atelier_time_parse_iso (const char *text);
char  *atelier_time_format_duration (gint64 duration_us);
char  *atelier_text_format_size (gint64 size_bytes);

G_END_DECLS
