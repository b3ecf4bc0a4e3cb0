/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/stat.h>

#include "atelier-artifacts.h"

G_BEGIN_DECLS

struct _AtelierArtifacts
{
  char              *folder; /* (owned) */
  AtelierDigestCache cache;  /* its functions may be NULL */
};

AtelierArtifactFile *atelier_artifact_file_new (const char *relative,
                                                const char *uri,
                                                gint64      size_bytes,
                                                gint64      mtime_ns);
gint64               atelier_artifacts_mtime_ns (const struct stat *status);
/* Where the content of @file lies. */
char                *atelier_artifacts_file_path (AtelierArtifacts          *self,
                                                  const AtelierArtifactFile *file,
                                                  GError                   **error);
/* Sets @file's digest to that of the open @fd, whose size and time @file has; from the cache if it can. */
gboolean             atelier_artifacts_digest_fd (AtelierArtifacts    *self,
                                                  AtelierArtifactFile *file,
                                                  int                  fd,
                                                  GCancellable        *cancellable,
                                                  GError             **error);
/* As the same, but always read. */
gboolean             atelier_artifacts_read_digest (AtelierArtifacts    *self,
                                                    AtelierArtifactFile *file,
                                                    int                  fd,
                                                    GCancellable        *cancellable,
                                                    GError             **error);

G_END_DECLS
