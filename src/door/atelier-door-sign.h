/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-door-error.h"

G_BEGIN_DECLS

/* AWS Signature Version 4, the side that checks: in the Authorization header and in the query (presigned addresses).
 * Pure: the request and the time come as arguments. */

/* A request as it stood on the wire. */
typedef struct
{
  const char *method;
  const char *raw_path;  /* percent-encoded as sent */
  const char *raw_query; /* (nullable) likewise, without `?` */
  /* (transfer full) (nullable): the value of a header, several joined with a comma */
  char     *(*get_header) (const char *name,
                           gpointer    user_data);
  /* (transfer full): all names, lower case, NULL-terminated */
  GStrv     (*list_headers) (gpointer user_data);
  gpointer    user_data;
} AtelierDoorSigned;

/* A signature that was found right. */
typedef struct
{
  char       *access_key;   /* (owned) */
  char       *step;         /* (owned) */
  guint       attempt;
  char       *payload_hash; /* (owned) of x-amz-content-sha256, "UNSIGNED-PAYLOAD" for a presigned address */
  char       *date;         /* (owned) "20240131T120000Z" */
  char       *scope;        /* (owned) "20240131/REGION/s3/aws4_request" */
  char       *signature;    /* (owned) the seed of chunk signatures */
  guint8      key[32];      /* the signing key */
} AtelierDoorSignature;

/* atelier_door_sign_check:
 * @execution_secret: 64 hexadecimal digits
 * @now_us: a date further away than 15 minutes is refused
 *
 * Returns: (transfer full) (nullable): NULL with an ATELIER_DOOR_ERROR */
AtelierDoorSignature *atelier_door_sign_check (const AtelierDoorSigned *request,
                                               const char              *execution_secret,
                                               gint64                   now_us,
                                               GError                 **error);
void                  atelier_door_signature_free (AtelierDoorSignature *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorSignature, atelier_door_signature_free)

/* (transfer full): HMAC-SHA256 with the signing key, hexadecimal */
char                 *atelier_door_signature_sign (const AtelierDoorSignature *self,
                                                   const char                 *text);
gboolean              atelier_door_text_equal (const char *a,
                                               const char *b); /* in a time that tells nothing */

/* Names and values of a query, decoded. (transfer full) (element-type utf8 utf8) (nullable): NULL where it is not
 * UTF-8 */
GHashTable           *atelier_door_parse_query (const char *raw_query,
                                                GError    **error);
/* (transfer full) (nullable): NULL for a bad escape, NUL or text that is not UTF-8 */
char                 *atelier_door_decode (const char *text,
                                           gssize      length);

G_END_DECLS
