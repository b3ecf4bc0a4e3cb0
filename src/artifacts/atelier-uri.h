/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Names of objects, and where they lie on disk: `s3://BUCKET/KEY` is the file STORE/BUCKET/KEY.
 *
 * S3 is flat and takes nearly every key; a file system does not. So keys are normalised (`a//b/` is `a/b`: joins of
 * pipeline definitions make doubled slashes) and refused where no file could have that name: a component `.` or `..`,
 * a component over 255 bytes, a key over 1024 bytes, NUL, text that is not UTF-8, and names beginning with
 * ATELIER_TEMP_PREFIX, which objects have while they are being written.
 *
 * Pure text, no disk; any thread. */

#define ATELIER_ARTIFACTS_ERROR (atelier_artifacts_error_quark ())
typedef enum
{
  ATELIER_ARTIFACTS_ERROR_INVALID,   /* a URI, bucket, key, manifest or archive that is not taken, with the reason */
  ATELIER_ARTIFACTS_ERROR_NOT_FOUND, /* nothing there */
  ATELIER_ARTIFACTS_ERROR_CONFLICT,  /* an object where a folder is needed, or the other way round */
  ATELIER_ARTIFACTS_ERROR_TOO_LARGE, /* a limit was passed */
} AtelierArtifactsError;
GQuark      atelier_artifacts_error_quark (void);

#define ATELIER_TEMP_PREFIX ".atelier-tmp-"
#define ATELIER_KEY_MAX_BYTES 1024
#define ATELIER_BUCKET_MAX_BYTES 255

typedef enum
{
  ATELIER_URI_S3,    /* bucket and key */
  ATELIER_URI_LOCAL, /* a file or folder of this machine, path */
} AtelierUriKind;

/* Immutable. */
typedef struct
{
  AtelierUriKind kind;
  char          *bucket;    /* (nullable) NULL for local */
  char          *key;       /* (nullable) NULL for local; normalised; "" is the whole bucket */
  char          *path;      /* (nullable) local only: absolute */
  gboolean       is_folder; /* spelt with a trailing slash, or a whole bucket: can only mean a prefix */
} AtelierUri;

/* Parses `s3://BUCKET/KEY`; with @allow_local also `file:///PATH` and `/PATH`.
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_ARTIFACTS_ERROR_INVALID and a sentence */
AtelierUri *atelier_uri_parse (const char *text,
                               gboolean    allow_local,
                               GError    **error);
AtelierUri *atelier_uri_copy (const AtelierUri *self);
void        atelier_uri_free (AtelierUri *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierUri, atelier_uri_free)

/* The canonical text: "s3://BUCKET/KEY" or "file:///PATH", without a trailing slash except "s3://BUCKET/". */
char       *atelier_uri_to_text (const AtelierUri *self);

/* "s3://b/x" and "y/z" give "s3://b/x/y/z"; @base may end in a slash. NULL with an error where the result is refused.
 */
char       *atelier_uri_join (const char *base,
                              const char *relative,
                              GError    **error);

/* The file or folder of @self; local URIs have their own path. */
char       *atelier_uri_to_path (const AtelierUri *self,
                                 const char       *store_folder);

gboolean    atelier_bucket_check (const char *bucket,
                                  GError    **error);
/* (transfer full) (nullable): @key without doubled, leading and trailing slashes ("" when nothing is left) */
char       *atelier_key_normalise (const char *key,
                                   GError    **error);
gboolean    atelier_name_is_hidden (const char *name);

G_END_DECLS
