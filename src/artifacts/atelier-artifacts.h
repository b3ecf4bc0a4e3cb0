/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-uri.h"

G_BEGIN_DECLS

/* AtelierArtifacts: the artifact store of a workspace on disk.
 *
 * An object is never written in place: it is made under a temporary name in its own folder and renamed. So a hard
 * link of an object is a snapshot of it, and staging and putting cost no copy on one file system. Objects are
 * read-only files (mode 0444), which makes a slip against this rule an error instead of a corruption.
 *
 * All calls block and may come from any thread, several at once: the object itself never changes. Nothing here goes
 * to SQL; digests are remembered through the two functions of an AtelierDigestCache. Errors: ATELIER_ARTIFACTS_ERROR,
 * and G_IO_ERROR for what the disk says or a @cancellable. */
typedef struct _AtelierArtifacts AtelierArtifacts;

/* Where SHA-256 digests of objects are remembered, by the identity of their content (URI, size, time of change).
 * Called from whatever thread asks for a digest. */
typedef struct
{
  char         *(*look_up) (const char *uri,
                            gint64      size_bytes,
                            gint64      mtime_ns,
                            gpointer    user_data); /* (transfer full) (nullable) */
  void          (*remember) (const char *uri,
                             gint64      size_bytes,
                             gint64      mtime_ns,
                             const char *digest,
                             gpointer    user_data);
  gpointer       user_data;
  GDestroyNotify free_user_data;                    /* (nullable) */
} AtelierDigestCache;

/* One file that was found, staged or put. */
typedef struct
{
  char   *relative;   /* path below what was asked for; the base name when one object was */
  char   *uri;        /* canonical: "s3://…" or "file:///…" */
  gint64  size_bytes;
  gint64  mtime_ns;   /* of the object */
  char   *digest;     /* (nullable) SHA-256 of the object's content, lower-case hex; NULL until asked for */
} AtelierArtifactFile;
void                 atelier_artifact_file_free (AtelierArtifactFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierArtifactFile, atelier_artifact_file_free)

/* @cache: (nullable): copied; without one every digest is computed each time */
AtelierArtifacts    *atelier_artifacts_new (const char               *store_folder,
                                            const AtelierDigestCache *cache);
AtelierArtifacts    *atelier_artifacts_ref (AtelierArtifacts *self);
void                 atelier_artifacts_unref (AtelierArtifacts *self);
const char          *atelier_artifacts_get_folder (AtelierArtifacts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierArtifacts, atelier_artifacts_unref)

/* --- finding --- */

typedef enum
{
  ATELIER_INPUT_PREFIX,   /* S3DataType S3Prefix: one object, or all below */
  ATELIER_INPUT_MANIFEST, /* S3DataType ManifestFile: the objects that the JSON file at the URI names */
} AtelierInputKind;

/* atelier_artifacts_resolve:
 * @uri: s3://…, file://… or an absolute path
 * @notes: (nullable) (inout) (element-type utf8): sentences on what was passed over (symbolic links) are added, owned
 *   by the array (made with g_free)
 *
 * What @uri means now: the object of exactly that name, alone, under its base name; else all objects below it under
 * their relative paths, in byte order. Digests are not read: see atelier_artifacts_digest_files().
 *
 * Returns: (transfer full) (element-type AtelierArtifactFile) (nullable): never empty;
 * ATELIER_ARTIFACTS_ERROR_NOT_FOUND with “no objects found at …” where there is nothing */
GPtrArray           *atelier_artifacts_resolve (AtelierArtifacts *self,
                                                const char       *uri,
                                                AtelierInputKind  kind,
                                                GPtrArray        *notes,
                                                GCancellable     *cancellable,
                                                GError          **error);

/* As resolve, but nothing found is an empty array and not an error; @deep FALSE gives one level, whose folders have
 * a trailing slash in relative and uri, and size -1. */
GPtrArray           *atelier_artifacts_list (AtelierArtifacts *self,
                                             const char       *uri,
                                             gboolean          deep,
                                             GCancellable     *cancellable,
                                             GError          **error);

/* Fills in digest where it is NULL: from the cache where size and time still hold, else by reading the object. */
gboolean             atelier_artifacts_digest_files (AtelierArtifacts *self,
                                                     GPtrArray        *files,
                                                     GCancellable     *cancellable,
                                                     GError          **error);

/* (transfer full): SHA-256 over all relative paths and digests, in byte order: the content of a set of files, for cache
 * keys. Every file must have its digest. */
char                *atelier_artifacts_set_digest (GPtrArray *files);

/* (transfer full) (nullable): the path of the object that @uri names exactly, to read it in place;
 * ATELIER_ARTIFACTS_ERROR_NOT_FOUND */
char                *atelier_artifacts_dup_path (AtelierArtifacts *self,
                                                 const char       *uri,
                                                 GError          **error);

/* --- staging --- */

typedef enum
{
  ATELIER_STAGE_COPY = 0,        /* own, writable copies: for steps without sandbox */
  ATELIER_STAGE_LINK = 1 << 0,   /* hard links where possible: the folder must be bound read-only */
  ATELIER_STAGE_GUNZIP = 1 << 1, /* CompressionType Gzip: decompressed, without a final ".gz" in the name */
} AtelierStageFlags;

/* atelier_artifacts_stage:
 * @files: (element-type AtelierArtifactFile): what resolve gave. Where an object was replaced since, its size, time and
 *   digest are brought up to date: afterwards @files says what was really staged
 * @folder: is made; files lie in it under their relative paths
 *
 * Files of this machine (file://) are always copied, because their owner may change them in place. */
gboolean             atelier_artifacts_stage (AtelierArtifacts *self,
                                              GPtrArray        *files,
                                              const char       *folder,
                                              AtelierStageFlags flags,
                                              GCancellable     *cancellable,
                                              GError          **error);

/* --- putting --- */

typedef enum
{
  ATELIER_PUT_LINK = 0,      /* hard link where possible: nobody may write to the file any more */
  ATELIER_PUT_COPY = 1 << 0, /* copy: the file may still change (S3UploadMode Continuous, the person's own files) */
} AtelierPutFlags;

/* Puts the regular file @path as the object @uri, replacing one that is there.
 * Returns: (transfer full) (nullable): with its digest */
AtelierArtifactFile *atelier_artifacts_put_file (AtelierArtifacts *self,
                                                 const char       *path,
                                                 const char       *uri,
                                                 AtelierPutFlags   flags,
                                                 GCancellable     *cancellable,
                                                 GError          **error);

/* Puts every regular file below @folder under the prefix @uri. Symbolic links are not followed but passed over with a
 * note. Other objects below @uri stay. A folder that is empty or is not there puts nothing.
 * Returns: (transfer full) (element-type AtelierArtifactFile) (nullable): in byte order, with digests; may be empty */
GPtrArray           *atelier_artifacts_put_tree (AtelierArtifacts *self,
                                                 const char       *folder,
                                                 const char       *uri,
                                                 AtelierPutFlags   flags,
                                                 GPtrArray        *notes,
                                                 GCancellable     *cancellable,
                                                 GError          **error);

AtelierArtifactFile *atelier_artifacts_put_bytes (AtelierArtifacts *self,
                                                  const char       *data,
                                                  gssize            length,
                                                  const char       *uri,
                                                  GError          **error);

/* Deletes the object that @uri names exactly and then the folders that became empty; TRUE also when there was none. */
gboolean             atelier_artifacts_delete (AtelierArtifacts *self,
                                               const char       *uri,
                                               GError          **error);

/* Makes everything put so far survive a loss of power: once, before a step's success is recorded. */
gboolean             atelier_artifacts_sync (AtelierArtifacts *self,
                                             GError          **error);

G_END_DECLS
