/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A temporary folder for one test, files in it by their relative path, and the wait for a condition. */

char    *fixture_folder_new (void);
void     fixture_folder_free (char *folder);
char    *fixture_path (const char *folder,
                       const char *relative);
void     fixture_write (const char *folder,
                        const char *relative,
                        const char *text);
char    *fixture_read (const char *folder,
                       const char *relative);
guint    fixture_count_files (const char *folder);
/* Whether @holds came true within 30 seconds. */
gboolean fixture_wait (gboolean (*holds) (gpointer user_data),
                       gpointer user_data);

G_END_DECLS
