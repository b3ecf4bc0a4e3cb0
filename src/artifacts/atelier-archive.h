/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Archives: model.tar.gz, output.tar.gz, sourcedir.tar.gz. All calls block; any thread. */

typedef struct
{
  gint64 most_bytes;   /* unpacked, 0: 64 GiB */
  guint  most_entries; /* 0: 1,000,000 */
} AtelierArchiveLimits;

/* atelier_archive_pack:
 * @folder: its contents stand at the archive's root; a folder that is empty or not there gives an empty archive
 * @notes: (nullable) (element-type utf8): sentences on what was left out (links that lead out of @folder, sockets…)
 *
 * The same contents give the same bytes: sorted names, no times, no owners, modes 0644 and 0755.
 * @archive_path is written under a temporary name and renamed. */
gboolean atelier_archive_pack (const char   *folder,
                               const char   *archive_path,
                               GPtrArray    *notes,
                               GCancellable *cancellable,
                               GError      **error);

/* atelier_archive_unpack:
 * @archive_path: tar, plain or compressed with gzip, bzip2, xz or zstd
 * @folder: is made; nothing is ever written outside it
 * @limits: (nullable)
 *
 * An archive with absolute names, `..`, links that lead out, devices, or more than the limits is refused with
 * ATELIER_ARTIFACTS_ERROR_INVALID or _TOO_LARGE. What was unpacked before the fault was met stays in @folder. */
gboolean atelier_archive_unpack (const char                 *archive_path,
                                 const char                 *folder,
                                 const AtelierArchiveLimits *limits,
                                 GCancellable               *cancellable,
                                 GError                    **error);

/* Decompresses one gzip file (several members too) to @to, which is replaced. */
gboolean atelier_archive_gunzip (const char   *from,
                                 const char   *to,
                                 gint64        most_bytes,
                                 GCancellable *cancellable,
                                 GError      **error);

G_END_DECLS
