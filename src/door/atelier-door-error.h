/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The errors of S3 that the door answers with. The table in the .c gives each its name and HTTP status. */
#define ATELIER_DOOR_ERROR (atelier_door_error_quark ())
typedef enum
{
  ATELIER_DOOR_ERROR_ACCESS_DENIED,
  ATELIER_DOOR_ERROR_AUTHORIZATION_HEADER_MALFORMED,
  ATELIER_DOOR_ERROR_AUTHORIZATION_QUERY_PARAMETERS_ERROR,
  ATELIER_DOOR_ERROR_BAD_DIGEST,
  ATELIER_DOOR_ERROR_BUCKET_ALREADY_OWNED_BY_YOU,
  ATELIER_DOOR_ERROR_ENTITY_TOO_LARGE,
  ATELIER_DOOR_ERROR_INCOMPLETE_BODY,
  ATELIER_DOOR_ERROR_INTERNAL_ERROR,
  ATELIER_DOOR_ERROR_INVALID_ACCESS_KEY_ID,
  ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
  ATELIER_DOOR_ERROR_INVALID_BUCKET_NAME,
  ATELIER_DOOR_ERROR_INVALID_DIGEST,
  ATELIER_DOOR_ERROR_INVALID_PART,
  ATELIER_DOOR_ERROR_INVALID_PART_ORDER,
  ATELIER_DOOR_ERROR_INVALID_RANGE,
  ATELIER_DOOR_ERROR_INVALID_REQUEST,
  ATELIER_DOOR_ERROR_KEY_CONFLICT,
  ATELIER_DOOR_ERROR_KEY_TOO_LONG,
  ATELIER_DOOR_ERROR_MALFORMED_XML,
  ATELIER_DOOR_ERROR_METHOD_NOT_ALLOWED,
  ATELIER_DOOR_ERROR_MISSING_SECURITY_HEADER,
  ATELIER_DOOR_ERROR_NOT_IMPLEMENTED,
  ATELIER_DOOR_ERROR_NOT_MODIFIED, /* an answer without a body, not a fault */
  ATELIER_DOOR_ERROR_NO_SUCH_BUCKET,
  ATELIER_DOOR_ERROR_NO_SUCH_KEY,
  ATELIER_DOOR_ERROR_NO_SUCH_UPLOAD,
  ATELIER_DOOR_ERROR_PRECONDITION_FAILED,
  ATELIER_DOOR_ERROR_REQUEST_TIME_TOO_SKEWED,
  ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH,
  ATELIER_DOOR_ERROR_STORAGE_FULL,
  ATELIER_DOOR_ERROR_CONTENT_SHA256_MISMATCH,
  ATELIER_DOOR_ERROR_N_VALUES
} AtelierDoorError;
GQuark      atelier_door_error_quark (void);

/* Sets @error to @code with a sentence; always FALSE. */
gboolean    atelier_door_fail (GError         **error,
                               AtelierDoorError code,
                               const char      *format,
                               ...) G_GNUC_PRINTF (3, 4);

/* What any error (also one of artifacts/ or GIO) is called in S3, and its HTTP status. (transfer none) */
const char *atelier_door_error_describe (const GError *error,
                                         guint        *status);

/* The XML answer. */
char       *atelier_door_error_to_xml (const GError *error,
                                       const char   *resource,
                                       const char   *request_id);

G_END_DECLS
