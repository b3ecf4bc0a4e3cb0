/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-door-key.h"
#include "atelier-door-sign.h"

/* Client and server each write down the request in a canonical form and sign it; the two agree or the request is
 * refused. Path and query are decoded and encoded again here, since clients differ in what they escape. */

#define ALGORITHM "AWS4-HMAC-SHA256"
#define MOST_SKEW_US (15 * G_TIME_SPAN_MINUTE)
#define MOST_EXPIRES_S (7 * 24 * 3600)
#define MOST_SIGNED_HEADERS 100
#define UNRESERVED "-_.~"

/* What a client says about its signature, in the header or in the query. */
typedef struct
{
  char    *access_key;
  char    *scope;
  char    *signed_headers;
  char    *signature;
  char    *date;
  gint64   expires_s;    /* presigned: how long; else -1 */
  gboolean is_presigned;
} Claim;

static void
claim_clear (Claim *claim)
{
  g_free (claim->access_key);
  g_free (claim->scope);
  g_free (claim->signed_headers);
  g_free (claim->signature);
  g_free (claim->date);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Claim, claim_clear)

void
atelier_door_signature_free (AtelierDoorSignature *self)
{
  if (self == NULL)
    return;
  g_free (self->access_key);
  g_free (self->step);
  g_free (self->payload_hash);
  g_free (self->date);
  g_free (self->scope);
  g_free (self->signature);
  memset (self->key, 0, sizeof self->key);
  g_free (self);
}

gboolean
atelier_door_text_equal (const char *a, const char *b)
{
  gsize length = strlen (a);
  guint difference = 0;

  if (length != strlen (b))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guint8) a[i] ^ (guint8) b[i];
  return difference == 0;
}

/* --- escapes --- */

char *
atelier_door_decode (const char *text, gssize length)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  gsize n = length < 0 ? strlen (text) : (gsize) length;

  for (gsize i = 0; i < n; i++)
    {
      int value = (guint8) text[i];

      if (text[i] == '%')
        {
          int high = i + 2 < n ? g_ascii_xdigit_value (text[i + 1]) : -1;
          int low = i + 2 < n ? g_ascii_xdigit_value (text[i + 2]) : -1;

          if (high < 0 || low < 0)
            return NULL;
          value = high << 4 | low;
          i += 2;
        }
      if (value == 0)
        return NULL;
      g_string_append_c (plain, (char) value);
    }
  return g_utf8_validate (plain->str, plain->len, NULL) ? g_string_free (g_steal_pointer (&plain), FALSE) : NULL;
}

static void
append_encoded (GString *to, const char *text, gboolean keep_slashes)
{
  for (; *text != '\0'; text++)
    if (g_ascii_isalnum (*text) || strchr (UNRESERVED, *text) != NULL || (keep_slashes && *text == '/'))
      g_string_append_c (to, *text);
    else
      g_string_append_printf (to, "%%%02X", (guint8) *text);
}

GHashTable *
atelier_door_parse_query (const char *raw_query, GError **error)
{
  g_autoptr (GHashTable) query = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) pairs = g_strsplit (raw_query != NULL ? raw_query : "", "&", -1);

  for (guint i = 0; pairs[i] != NULL; i++)
    {
      const char *mark = strchr (pairs[i], '=');
      char *name = atelier_door_decode (pairs[i], mark != NULL ? mark - pairs[i] : -1);
      char *value = mark != NULL ? atelier_door_decode (mark + 1, -1) : g_strdup ("");

      if (name == NULL || value == NULL)
        {
          g_free (name);
          g_free (value);
          atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                             _("The query is not valid percent-encoded UTF-8"));
          return NULL;
        }
      if (*name != '\0')
        g_hash_table_replace (query, name, value);
      else
        {
          g_free (name);
          g_free (value);
        }
    }
  return g_steal_pointer (&query);
}

/* --- the canonical request --- */

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
append_canonical_query (GString *to, const char *raw_query)
{
  g_auto (GStrv) pairs = g_strsplit (raw_query != NULL ? raw_query : "", "&", -1);
  g_autoptr (GPtrArray) encoded = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; pairs[i] != NULL; i++)
    {
      const char *mark = strchr (pairs[i], '=');
      g_autofree char *name = atelier_door_decode (pairs[i], mark != NULL ? mark - pairs[i] : -1);
      g_autofree char *value = mark != NULL ? atelier_door_decode (mark + 1, -1) : g_strdup ("");
      GString *pair;

      if (name == NULL || value == NULL)
        return FALSE;
      if (*pairs[i] == '\0' || strcmp (name, "X-Amz-Signature") == 0)
        continue;
      pair = g_string_new (NULL);
      append_encoded (pair, name, FALSE);
      g_string_append_c (pair, '=');
      append_encoded (pair, value, FALSE);
      g_ptr_array_add (encoded, g_string_free (pair, FALSE));
    }
  g_ptr_array_sort (encoded, compare_text);
  for (guint i = 0; i < encoded->len; i++)
    g_string_append_printf (to, "%s%s", i > 0 ? "&" : "", (const char *) encoded->pdata[i]);
  return TRUE;
}

/* Without blanks around, and single ones inside. */
static void
append_trimmed (GString *to, const char *value)
{
  gboolean pending = FALSE;
  gboolean any = FALSE;

  for (; *value != '\0'; value++)
    {
      if (*value == ' ' || *value == '\t')
        {
          pending = TRUE;
          continue;
        }
      if (pending && any)
        g_string_append_c (to, ' ');
      g_string_append_c (to, *value);
      pending = FALSE;
      any = TRUE;
    }
}

static gboolean
append_canonical_headers (GString *to, const AtelierDoorSigned *request, const Claim *claim, GError **error)
{
  g_auto (GStrv) names = g_strsplit (claim->signed_headers, ";", MOST_SIGNED_HEADERS);
  g_auto (GStrv) present = request->list_headers (request->user_data);

  if (!g_strv_contains ((const char *const *) names, "host"))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_ACCESS_DENIED, _("The header “host” must be signed"));
  for (guint i = 0; present[i] != NULL; i++)
    if (g_str_has_prefix (present[i], "x-amz-") && !g_strv_contains ((const char *const *) names, present[i]))
      return atelier_door_fail (error, ATELIER_DOOR_ERROR_ACCESS_DENIED, _("The header “%s” is present but not signed"),
                                present[i]);
  for (guint i = 0; names[i] != NULL; i++)
    {
      g_autofree char *value = request->get_header (names[i], request->user_data);

      g_string_append_printf (to, "%s:", names[i]);
      append_trimmed (to, value != NULL ? value : "");
      g_string_append_c (to, '\n');
    }
  return TRUE;
}

static char *
canonical_request (const AtelierDoorSigned *request, const Claim *claim, const char *payload_hash, GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *path = atelier_door_decode (request->raw_path, -1);

  g_string_append_printf (text, "%s\n", request->method);
  if (path != NULL)
    append_encoded (text, path, TRUE);
  g_string_append_c (text, '\n');
  if (path == NULL || !append_canonical_query (text, request->raw_query))
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                         _("The address is not valid percent-encoded UTF-8"));
      return NULL;
    }
  g_string_append_c (text, '\n');
  if (!append_canonical_headers (text, request, claim, error))
    return NULL;
  g_string_append_printf (text, "\n%s\n%s", claim->signed_headers, payload_hash);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* --- the claim --- */

static gboolean
split_credential (Claim *claim, const char *credential)
{
  const char *slash = strchr (credential, '/');
  g_auto (GStrv) parts = NULL;

  if (slash == NULL)
    return FALSE;
  parts = g_strsplit (slash + 1, "/", -1);
  if (g_strv_length (parts) != 4 || strlen (parts[0]) != 8 || strcmp (parts[2], "s3") != 0 ||
      strcmp (parts[3], "aws4_request") != 0)
    return FALSE;
  g_free (claim->access_key);
  g_free (claim->scope);
  claim->access_key = g_strndup (credential, slash - credential);
  claim->scope = g_strdup (slash + 1);
  return TRUE;
}

static gboolean
read_header_claim (const AtelierDoorSigned *request, const char *header, Claim *claim, GError **error)
{
  g_auto (GStrv) fields = NULL;
  gboolean credential_ok = FALSE;

  if (!g_str_has_prefix (header, ALGORITHM " "))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_REQUEST,
                              _("The authorization mechanism is not supported. Please use %s"), ALGORITHM);
  fields = g_strsplit (header + strlen (ALGORITHM " "), ",", -1);
  for (guint i = 0; fields[i] != NULL; i++)
    {
      const char *field = g_strstrip (fields[i]);

      if (g_str_has_prefix (field, "Credential="))
        credential_ok = split_credential (claim, field + strlen ("Credential="));
      else if (g_str_has_prefix (field, "SignedHeaders=") && claim->signed_headers == NULL)
        claim->signed_headers = g_strdup (field + strlen ("SignedHeaders="));
      else if (g_str_has_prefix (field, "Signature=") && claim->signature == NULL)
        claim->signature = g_strdup (field + strlen ("Signature="));
    }
  claim->date = request->get_header ("x-amz-date", request->user_data);
  claim->expires_s = -1;
  if (!credential_ok || claim->signed_headers == NULL || claim->signature == NULL)
    return atelier_door_fail (
        error, ATELIER_DOOR_ERROR_AUTHORIZATION_HEADER_MALFORMED,
        _("The authorization header is malformed: it needs Credential (of the service s3), SignedHeaders "
           "and Signature"));
  if (claim->date == NULL)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_MISSING_SECURITY_HEADER,
                              _("The header “x-amz-date” is missing"));
  return TRUE;
}

static gboolean
read_query_claim (GHashTable *query, Claim *claim, GError **error)
{
  const char *credential = g_hash_table_lookup (query, "X-Amz-Credential");
  const char *expires = g_hash_table_lookup (query, "X-Amz-Expires");
  guint64 expires_s = 0;

  claim->is_presigned = TRUE;
  claim->signed_headers = g_strdup (g_hash_table_lookup (query, "X-Amz-SignedHeaders"));
  claim->signature = g_strdup (g_hash_table_lookup (query, "X-Amz-Signature"));
  claim->date = g_strdup (g_hash_table_lookup (query, "X-Amz-Date"));
  if (g_strcmp0 (g_hash_table_lookup (query, "X-Amz-Algorithm"), ALGORITHM) != 0 || credential == NULL ||
      !split_credential (claim, credential) || claim->signed_headers == NULL || claim->signature == NULL ||
      claim->date == NULL || expires == NULL ||
      !g_ascii_string_to_unsigned (expires, 10, 1, MOST_EXPIRES_S, &expires_s, NULL))
    return atelier_door_fail (
        error, ATELIER_DOOR_ERROR_AUTHORIZATION_QUERY_PARAMETERS_ERROR,
        _("The presigned address is malformed: it needs X-Amz-Algorithm, X-Amz-Credential, X-Amz-Date, "
           "X-Amz-Expires (at most %d), X-Amz-SignedHeaders and X-Amz-Signature"),
        MOST_EXPIRES_S);
  claim->expires_s = (gint64) expires_s;
  return TRUE;
}

static gboolean
read_claim (const AtelierDoorSigned *request, Claim *claim, GError **error)
{
  g_autofree char *header = request->get_header ("authorization", request->user_data);
  g_autoptr (GHashTable) query = atelier_door_parse_query (request->raw_query, error);

  if (query == NULL)
    return FALSE;
  if (header != NULL)
    return read_header_claim (request, header, claim, error);
  if (g_hash_table_contains (query, "X-Amz-Algorithm") || g_hash_table_contains (query, "X-Amz-Signature"))
    return read_query_claim (query, claim, error);
  if (g_hash_table_contains (query, "AWSAccessKeyId"))
    return atelier_door_fail (
        error, ATELIER_DOOR_ERROR_INVALID_REQUEST,
        _("Signature version 2 is not supported: make the address with signature version 4 (in boto3, "
           "Config(signature_version=\"s3v4\"))"));
  return atelier_door_fail (error, ATELIER_DOOR_ERROR_ACCESS_DENIED,
                            _("The request is not signed: use the credentials of the step's environment"));
}

static gboolean
check_date (const Claim *claim, gint64 now_us, GError **error)
{
  g_autoptr (GDateTime) date = NULL;
  g_autofree char *iso = NULL;
  gint64 at_us;

  /* "20240131T120000Z" is ISO 8601 in its basic form. */
  if (strlen (claim->date) == 16 && claim->date[8] == 'T' && claim->date[15] == 'Z')
    date = g_date_time_new_from_iso8601 (claim->date, NULL);
  if (date == NULL || strncmp (claim->date, claim->scope, 8) != 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_ACCESS_DENIED,
                              _("The date “%s” of the signature is not valid for its scope “%s”"), claim->date,
                              claim->scope);
  at_us = g_date_time_to_unix (date) * G_USEC_PER_SEC;
  if (at_us > now_us + MOST_SKEW_US || (!claim->is_presigned && at_us < now_us - MOST_SKEW_US))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_REQUEST_TIME_TOO_SKEWED,
                              _("The difference between the request time and the server's time is too large"));
  if (claim->is_presigned && now_us > at_us + claim->expires_s * G_USEC_PER_SEC)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_ACCESS_DENIED, _("Request has expired"));
  return TRUE;
}

/* --- the signature --- */

static void
hmac (const guint8 *key, gsize key_length, const char *text, guint8 *result)
{
  g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  gsize length = 32;

  g_hmac_update (mac, (const guchar *) text, -1);
  g_hmac_get_digest (mac, result, &length);
}

static void
derive_key (const char *secret, const char *scope, guint8 *key)
{
  g_autofree char *first = g_strconcat ("AWS4", secret, NULL);
  g_auto (GStrv) parts = g_strsplit (scope, "/", -1);

  hmac ((const guint8 *) first, strlen (first), parts[0], key);
  for (guint i = 1; parts[i] != NULL; i++)
    {
      guint8 next[32];

      hmac (key, 32, parts[i], next);
      memcpy (key, next, sizeof next);
    }
}

char *
atelier_door_signature_sign (const AtelierDoorSignature *self, const char *text)
{
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, self->key, sizeof self->key, text, -1);
}

static char *
payload_hash_of (const AtelierDoorSigned *request, const Claim *claim, GError **error)
{
  char *hash = request->get_header ("x-amz-content-sha256", request->user_data);

  if (hash == NULL && claim->is_presigned)
    return g_strdup ("UNSIGNED-PAYLOAD");
  if (hash == NULL)
    atelier_door_fail (error, ATELIER_DOOR_ERROR_MISSING_SECURITY_HEADER,
                       _("The header “x-amz-content-sha256” is missing"));
  return hash;
}

AtelierDoorSignature *
atelier_door_sign_check (const AtelierDoorSigned *request, const char *execution_secret, gint64 now_us, GError **error)
{
  g_autoptr (AtelierDoorSignature) self = g_new0 (AtelierDoorSignature, 1);
  g_auto (Claim) claim = { 0 };
  g_autofree char *secret = NULL;
  g_autofree char *canonical = NULL;
  g_autofree char *canonical_hash = NULL;
  g_autofree char *to_sign = NULL;
  g_autofree char *right = NULL;

  if (!read_claim (request, &claim, error))
    return NULL;
  secret = atelier_door_key_new_secret (execution_secret, claim.access_key);
  if (secret == NULL || !atelier_door_key_parse_id (claim.access_key, &self->step, &self->attempt))
    {
      atelier_door_fail (
          error, ATELIER_DOOR_ERROR_INVALID_ACCESS_KEY_ID,
          _("The access key is none of this execution's: use the credentials of the step's environment"));
      return NULL;
    }
  self->payload_hash = payload_hash_of (request, &claim, error);
  if (self->payload_hash == NULL || !check_date (&claim, now_us, error))
    return NULL;
  canonical = canonical_request (request, &claim, self->payload_hash, error);
  if (canonical == NULL)
    return NULL;

  derive_key (secret, claim.scope, self->key);
  canonical_hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, canonical, -1);
  to_sign = g_strdup_printf (ALGORITHM "\n%s\n%s\n%s", claim.date, claim.scope, canonical_hash);
  right = atelier_door_signature_sign (self, to_sign);
  if (!atelier_door_text_equal (right, claim.signature))
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH,
                         _("The request signature does not match: check the secret key, and that no part of the object's key is “.” or “..”"));
      return NULL;
    }
  self->access_key = g_steal_pointer (&claim.access_key);
  self->date = g_steal_pointer (&claim.date);
  self->scope = g_steal_pointer (&claim.scope);
  self->signature = g_steal_pointer (&claim.signature);
  return g_steal_pointer (&self);
}
