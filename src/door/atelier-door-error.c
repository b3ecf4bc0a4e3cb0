/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <stdarg.h>

#include "atelier-door-error.h"
#include "atelier-uri.h"

/* Clients decide by code and status what to do (retry, make the bucket, tell the person), so both are S3's own
 * wherever it has the case. Two cases it cannot have, a key in the way of another and a full disk, get statuses that
 * no client retries. */

G_DEFINE_QUARK (atelier-door-error-quark, atelier_door_error)

static const struct
{
  const char *code;
  guint       status;
} table[ATELIER_DOOR_ERROR_N_VALUES] = {
  [ATELIER_DOOR_ERROR_ACCESS_DENIED] = { "AccessDenied", 403 },
  [ATELIER_DOOR_ERROR_AUTHORIZATION_HEADER_MALFORMED] = { "AuthorizationHeaderMalformed", 400 },
  [ATELIER_DOOR_ERROR_AUTHORIZATION_QUERY_PARAMETERS_ERROR] = { "AuthorizationQueryParametersError", 400 },
  [ATELIER_DOOR_ERROR_BAD_DIGEST] = { "BadDigest", 400 },
  [ATELIER_DOOR_ERROR_BUCKET_ALREADY_OWNED_BY_YOU] = { "BucketAlreadyOwnedByYou", 409 },
  [ATELIER_DOOR_ERROR_ENTITY_TOO_LARGE] = { "EntityTooLarge", 400 },
  [ATELIER_DOOR_ERROR_INCOMPLETE_BODY] = { "IncompleteBody", 400 },
  [ATELIER_DOOR_ERROR_INTERNAL_ERROR] = { "InternalError", 500 },
  [ATELIER_DOOR_ERROR_INVALID_ACCESS_KEY_ID] = { "InvalidAccessKeyId", 403 },
  [ATELIER_DOOR_ERROR_INVALID_ARGUMENT] = { "InvalidArgument", 400 },
  [ATELIER_DOOR_ERROR_INVALID_BUCKET_NAME] = { "InvalidBucketName", 400 },
  [ATELIER_DOOR_ERROR_INVALID_DIGEST] = { "InvalidDigest", 400 },
  [ATELIER_DOOR_ERROR_INVALID_PART] = { "InvalidPart", 400 },
  [ATELIER_DOOR_ERROR_INVALID_PART_ORDER] = { "InvalidPartOrder", 400 },
  [ATELIER_DOOR_ERROR_INVALID_RANGE] = { "InvalidRange", 416 },
  [ATELIER_DOOR_ERROR_INVALID_REQUEST] = { "InvalidRequest", 400 },
  [ATELIER_DOOR_ERROR_KEY_CONFLICT] = { "KeyConflict", 409 },
  [ATELIER_DOOR_ERROR_KEY_TOO_LONG] = { "KeyTooLongError", 400 },
  [ATELIER_DOOR_ERROR_MALFORMED_XML] = { "MalformedXML", 400 },
  [ATELIER_DOOR_ERROR_METHOD_NOT_ALLOWED] = { "MethodNotAllowed", 405 },
  [ATELIER_DOOR_ERROR_MISSING_SECURITY_HEADER] = { "MissingSecurityHeader", 400 },
  [ATELIER_DOOR_ERROR_NOT_IMPLEMENTED] = { "NotImplemented", 501 },
  [ATELIER_DOOR_ERROR_NOT_MODIFIED] = { "NotModified", 304 },
  [ATELIER_DOOR_ERROR_NO_SUCH_BUCKET] = { "NoSuchBucket", 404 },
  [ATELIER_DOOR_ERROR_NO_SUCH_KEY] = { "NoSuchKey", 404 },
  [ATELIER_DOOR_ERROR_NO_SUCH_UPLOAD] = { "NoSuchUpload", 404 },
  [ATELIER_DOOR_ERROR_PRECONDITION_FAILED] = { "PreconditionFailed", 412 },
  [ATELIER_DOOR_ERROR_REQUEST_TIME_TOO_SKEWED] = { "RequestTimeTooSkewed", 403 },
  [ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH] = { "SignatureDoesNotMatch", 403 },
  [ATELIER_DOOR_ERROR_STORAGE_FULL] = { "StorageFull", 507 },
  [ATELIER_DOOR_ERROR_CONTENT_SHA256_MISMATCH] = { "XAmzContentSHA256Mismatch", 400 },
};

gboolean
atelier_door_fail (GError **error, AtelierDoorError code, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ATELIER_DOOR_ERROR, code, message);
  return FALSE;
}

static AtelierDoorError
code_of (const GError *error)
{
  if (error->domain == ATELIER_DOOR_ERROR)
    return error->code;
  if (g_error_matches (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID))
    return ATELIER_DOOR_ERROR_INVALID_ARGUMENT;
  if (g_error_matches (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_CONFLICT))
    return ATELIER_DOOR_ERROR_KEY_CONFLICT;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return ATELIER_DOOR_ERROR_STORAGE_FULL;
  return ATELIER_DOOR_ERROR_INTERNAL_ERROR;
}

const char *
atelier_door_error_describe (const GError *error, guint *status)
{
  AtelierDoorError code = code_of (error);

  *status = table[code].status;
  return table[code].code;
}

char *
atelier_door_error_to_xml (const GError *error, const char *resource, const char *request_id)
{
  g_autofree char *message = g_utf8_make_valid (error->message, -1);
  g_autofree char *shown = g_utf8_make_valid (resource, -1);

  return g_markup_printf_escaped (
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
      "<Resource>%s</Resource><RequestId>%s</RequestId></Error>",
      table[code_of (error)].code, message, shown, request_id);
}
