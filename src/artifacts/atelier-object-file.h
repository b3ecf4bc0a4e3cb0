/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-uri.h"

G_BEGIN_DECLS

/* The one way a file becomes an object: written under a hidden name in its own folder, then renamed. Used by the
 * store's own calls and by the S3 door alike. All block; any thread, also other processes at the same time. */

#define ATELIER_OBJECT_MODE 0444

/* A file that is to become an object. */
typedef struct
{
  char  *path;      /* (owned) of the object */
  char  *temp_path; /* (owned) (nullable) once published */
  int    fd;        /* open for reading and writing, or -1 for a link */
  gint64 mtime_ns; /* of the object, once it is stamped */
} AtelierObjectFile;

/* atelier_object_file_create:
 * @path: of the object, as atelier_uri_to_path() gave it; its folders are made
 * @link_fd: a file to link as the new object, or -1 for a new, empty one
 *
 * Returns: (transfer full) (nullable): free it unpublished and nothing remains. ATELIER_ARTIFACTS_ERROR_CONFLICT
 * where an object stands in the place of a folder; with @link_fd G_IO_ERROR_NOT_SUPPORTED where it cannot be linked
 */
AtelierObjectFile *atelier_object_file_create (const char *path,
                                               int         link_fd,
                                               GError    **error);
void               atelier_object_file_free (AtelierObjectFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierObjectFile, atelier_object_file_free)

/* Gives it its time of change: now, to the nanosecond. The content must be complete. Publishing does it where it was
 * not done. */
gboolean           atelier_object_file_stamp (AtelierObjectFile *self,
                                              GError           **error);

/* Makes it the object, in place of one that was there. */
gboolean           atelier_object_file_publish (AtelierObjectFile *self,
                                                GError           **error);

/* Removes the object @path and every folder above it that is then empty, up to but without @bucket_folder. TRUE also
 * when there was none. */
gboolean           atelier_object_file_delete (const char *path,
                                               const char *bucket_folder,
                                               GError    **error);

/* Opens the regular file @relative below @folder_fd for reading, through no symbolic link. -1 with an error. */
int                atelier_object_open_beneath (int         folder_fd,
                                                const char *relative,
                                                GError    **error);

/* Copies @length bytes (-1: to the end) from @offset of @from_fd to the present place of @to_fd, in the kernel if it
 * can. Returns the number of bytes copied, or -1 */
gint64             atelier_object_copy (int           from_fd,
                                        gint64        offset,
                                        gint64        length,
                                        int           to_fd,
                                        GCancellable *cancellable,
                                        GError      **error);

G_END_DECLS
