/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Files and folders. All calls block: never on the main thread of a window. Errors are G_IO_ERROR with a sentence that
 * names the path. */

typedef enum
{
  ATELIER_COPY_FLAGS_NONE = 0,
  ATELIER_COPY_FLAGS_LINK
  = 1 << 0, /* hard links where the file system allows: the copy shares content and must not be written */
} AtelierCopyFlags;

gboolean atelier_files_write_atomic (const char *path,
                                     const char *data,
                                     gssize      length,
                                     int         mode,
                                     GError    **error);
gboolean atelier_files_make_folder (const char *path,
                                    GError    **error);
gboolean atelier_files_copy (const char      *from,
                             const char      *to,
                             AtelierCopyFlags flags,
                             GError         **error);
gboolean atelier_files_copy_tree (const char      *from,
                                  const char      *to,
                                  AtelierCopyFlags flags,
                                  GError         **error);
gboolean atelier_files_remove_tree (const char *path,
                                    GError    **error);
gint64   atelier_files_tree_size (const char *path);

/* Called for each regular file below a folder, in byte order of the relative path; FALSE ends the walk with @error. */
typedef gboolean (*AtelierFilesVisitor) (const char *relative,
                                         const char *path,
                                         gpointer    user_data,
                                         GError    **error);
gboolean atelier_files_walk (const char         *folder,
                             AtelierFilesVisitor visit,
                             gpointer            user_data,
                             GError            **error);

G_END_DECLS
