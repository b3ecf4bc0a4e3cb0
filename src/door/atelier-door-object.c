/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"
#include "atelier-door-xml.h"

/* Single objects: get, head, put, copy, delete.
 *
 * A key that ends with a slash is S3's way to draw a folder. On disk folders are made by what is in them; putting
 * such a key makes the folder, asking for it finds one that is there, and it is never listed. */

#define MOST_DELETES 1000

/* Headers that belong to the object and are given back with it. */
static const char *const kept_headers[] = {
  "content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires", NULL,
};

static char *
http_date (gint64 mtime_ns)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (mtime_ns / 1000000000);

  return soup_date_time_to_string (date, SOUP_DATE_HTTP);
}

static gboolean
fail_no_key (AtelierDoorRequest *request, GError **error)
{
  return atelier_door_request_need_bucket (request, error) &&
         atelier_door_fail (error, ATELIER_DOOR_ERROR_NO_SUCH_KEY, _("There is no object “%s” in the bucket “%s”"),
                            request->key, request->bucket);
}

/* --- conditions --- */

static gboolean
etag_listed (const char *list, const char *etag)
{
  g_auto (GStrv) items = g_strsplit (list, ",", -1);

  for (guint i = 0; items[i] != NULL; i++)
    {
      char *item = g_strstrip (items[i]);
      gsize length;

      if (g_str_has_prefix (item, "W/"))
        item += 2;
      length = strlen (item);
      if (length >= 2 && item[0] == '"' && item[length - 1] == '"')
        {
          item[length - 1] = '\0';
          item++;
        }
      if (strcmp (item, "*") == 0 || strcmp (item, etag) == 0)
        return TRUE;
    }
  return FALSE;
}

/* Seconds since 1970 of an HTTP date, -1 where it is none. */
static gint64
parse_date (const char *text)
{
  g_autoptr (GDateTime) date = text != NULL ? soup_date_time_new_from_http_string (text) : NULL;

  return date != NULL ? g_date_time_to_unix (date) : -1;
}

/* The order of RFC 9110: an ETag outweighs a date. @prefix is "" or "x-amz-copy-source-". */
static gboolean
check_conditions (AtelierDoorRequest *request, const char *prefix, const char *etag, gint64 mtime_ns, gboolean is_read,
                  GError **error)
{
  g_autofree char *match_name = g_strconcat (prefix, "if-match", NULL);
  g_autofree char *none_name = g_strconcat (prefix, "if-none-match", NULL);
  g_autofree char *modified_name = g_strconcat (prefix, "if-modified-since", NULL);
  g_autofree char *unmodified_name = g_strconcat (prefix, "if-unmodified-since", NULL);
  const char *match = atelier_door_request_header (request, match_name);
  const char *none = atelier_door_request_header (request, none_name);
  gint64 modified_since = parse_date (atelier_door_request_header (request, modified_name));
  gint64 unmodified_since = parse_date (atelier_door_request_header (request, unmodified_name));
  gint64 modified_at = mtime_ns / 1000000000;

  if (match != NULL ? !etag_listed (match, etag) : (unmodified_since >= 0 && modified_at > unmodified_since))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_PRECONDITION_FAILED,
                              _("At least one of the preconditions you specified did not hold"));
  if (none != NULL ? etag_listed (none, etag) : (modified_since >= 0 && modified_at <= modified_since))
    return is_read ? atelier_door_fail (error, ATELIER_DOOR_ERROR_NOT_MODIFIED, _("Not modified"))
                   : atelier_door_fail (error, ATELIER_DOOR_ERROR_PRECONDITION_FAILED,
                                        _("At least one of the preconditions you specified did not hold"));
  return TRUE;
}

/* --- get and head --- */

gboolean
atelier_door_parse_range (const char *text, gint64 size, gint64 *start, gint64 *end)
{
  g_autofree char *first = NULL;
  const char *dash;
  guint64 from;
  guint64 to = G_MAXINT64;

  if (text == NULL || !g_str_has_prefix (text, "bytes="))
    return FALSE;
  text += strlen ("bytes=");
  dash = strchr (text, '-');
  if (dash == NULL)
    return FALSE;
  first = g_strndup (text, dash - text);
  if (*first == '\0') /* the last so many bytes */
    {
      if (!g_ascii_string_to_unsigned (dash + 1, 10, 0, G_MAXINT64, &to, NULL))
        return FALSE;
      *start = to > 0 ? MAX (size - (gint64) to, 0) : size;
      *end = size - 1;
      return TRUE;
    }
  if (!g_ascii_string_to_unsigned (first, 10, 0, G_MAXINT64, &from, NULL) ||
      (dash[1] != '\0' && !g_ascii_string_to_unsigned (dash + 1, 10, from, G_MAXINT64, &to, NULL)))
    return FALSE;
  *start = (gint64) from;
  *end = MIN ((gint64) to, size - 1);
  return TRUE;
}

static gboolean
set_range (AtelierDoorRequest *request, AtelierDoorReply *reply, gint64 size, GError **error)
{
  g_autofree char *content_range = NULL;
  gint64 start = 0;
  gint64 end = size - 1;

  if (atelier_door_parse_range (atelier_door_request_header (request, "Range"), size, &start, &end))
    {
      if (start >= size)
        return atelier_door_fail (
            error, ATELIER_DOOR_ERROR_INVALID_RANGE,
            _("The requested range is not satisfiable: the object has %" G_GINT64_FORMAT " bytes"), size);
      reply->status = 206;
      content_range
          = g_strdup_printf ("bytes %" G_GINT64_FORMAT "-%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, start, end, size);
      atelier_door_reply_set (reply, "Content-Range", content_range);
    }
  reply->offset = start;
  reply->length = end - start + 1;
  return TRUE;
}

static void
set_object_headers (AtelierDoorRequest *request,
                    AtelierDoorReply *reply,
                    const AtelierDoorFacts *facts,
                    gint64 mtime_ns)
{
  static const char *const overrides[] = {
    "response-content-type", "response-content-language", "response-expires",
    "response-cache-control", "response-content-disposition", "response-content-encoding",
  };
  g_autofree char *etag = g_strdup_printf ("\"%s\"", facts->etag);
  g_autofree char *date = http_date (mtime_ns);
  const char *name;
  json_t *value;

  atelier_door_reply_set (reply, "Content-Type", "binary/octet-stream");
  json_object_foreach (facts->headers, name, value)
    if (json_is_string (value))
      atelier_door_reply_set (reply, name, json_string_value (value));
  for (guint i = 0; i < G_N_ELEMENTS (overrides); i++)
    {
      const char *text = atelier_door_request_query (request, overrides[i]);

      if (text != NULL && strpbrk (text, "\r\n") == NULL)
        atelier_door_reply_set (reply, overrides[i] + strlen ("response-"), text);
    }
  atelier_door_reply_set (reply, "ETag", etag);
  atelier_door_reply_set (reply, "Last-Modified", date);
  atelier_door_reply_set (reply, "Accept-Ranges", "bytes");
}

static AtelierDoorReply *
get_folder (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *path = atelier_door_request_path (request);
  g_autoptr (AtelierDoorReply) reply = NULL;
  struct stat status;

  if (lstat (path, &status) != 0 || !S_ISDIR (status.st_mode))
    {
      fail_no_key (request, error);
      return NULL;
    }
  reply = atelier_door_reply_new (200);
  {
    g_auto (AtelierDoorFacts) facts = { .etag = g_compute_checksum_for_string (G_CHECKSUM_MD5, "", 0) };

    set_object_headers (request, reply, &facts, atelier_door_mtime_ns (&status));
  }
  return g_steal_pointer (&reply);
}

AtelierDoorReply *
atelier_door_get_object (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *uri = NULL;
  g_autoptr (AtelierDoorReply) reply = NULL;
  g_auto (AtelierDoorFacts) facts = { 0 };
  struct stat status;

  if (request->key_is_folder)
    return get_folder (request, error);
  reply = atelier_door_reply_new (200);
  reply->fd = atelier_door_open_object (request->door, request->bucket, request->key, &status);
  if (reply->fd < 0)
    {
      fail_no_key (request, error);
      return NULL;
    }
  atelier_door_facts_read (&facts, NULL, reply->fd, status.st_size, atelier_door_mtime_ns (&status), status.st_ino);
  if (!check_conditions (request, "", facts.etag, atelier_door_mtime_ns (&status), TRUE, error) ||
      !set_range (request, reply, status.st_size, error))
    return NULL;
  set_object_headers (request, reply, &facts, atelier_door_mtime_ns (&status));
  if (strcmp (request->method, "GET") == 0)
    {
      uri = atelier_door_request_uri (request);
      atelier_door_request_log (request, "get", uri, status.st_size, atelier_door_mtime_ns (&status), facts.digest);
    }
  return g_steal_pointer (&reply);
}

/* --- put --- */

/* What is to be kept of the request's headers; aws-chunked is how it came and not what it is. */
json_t *
atelier_door_keep_headers (SoupMessageHeaders *headers)
{
  g_autoptr (json_t) kept = json_object ();
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_autofree char *lower = g_ascii_strdown (name, -1);
      g_autofree char *text = g_strdup (value);

      if (!g_strv_contains (kept_headers, lower) && !g_str_has_prefix (lower, "x-amz-meta-"))
        continue;
      if (strcmp (lower, "content-encoding") == 0 && g_str_has_prefix (text, "aws-chunked"))
        {
          const char *comma = strchr (text, ',');
          char *rest = g_strstrip (g_strdup (comma != NULL ? comma + 1 : ""));

          g_free (text);
          text = rest;
        }
      if (*text != '\0' && g_utf8_validate (text, -1, NULL))
        atelier_json_set_string (kept, lower, text);
    }
  return g_steal_pointer (&kept);
}

static gboolean
check_put_conditions (AtelierDoorRequest *request, GError **error)
{
  const char *match = atelier_door_request_header (request, "If-Match");
  const char *none = atelier_door_request_header (request, "If-None-Match");
  g_autofree char *path = NULL;
  g_auto (AtelierDoorFacts) facts = { 0 };
  struct stat status;

  if (match == NULL && none == NULL)
    return TRUE;
  path = atelier_door_request_path (request);
  if (lstat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return match == NULL || fail_no_key (request, error);
  atelier_door_facts_read (&facts, path, -1, status.st_size, atelier_door_mtime_ns (&status), status.st_ino);
  return check_conditions (request, "", facts.etag, atelier_door_mtime_ns (&status), FALSE, error);
}

gboolean
atelier_door_publish (AtelierObjectFile *file, AtelierDoorFacts *facts, gint64 *size_bytes, GError **error)
{
  struct stat status;

  if (!atelier_object_file_stamp (file, error))
    return FALSE;
  if (fstat (file->fd, &status) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
      return FALSE;
    }
  *size_bytes = status.st_size;
  if (!atelier_door_facts_write (facts, file->fd, status.st_size, file->mtime_ns))
    {
      atelier_door_facts_clear (facts);
      atelier_door_facts_read (facts, NULL, file->fd, status.st_size, file->mtime_ns, status.st_ino);
    }
  return atelier_object_file_publish (file, error);
}

static AtelierDoorReply *
put_folder (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *path = atelier_door_request_path (request);
  AtelierDoorReply *reply;

  if (request->received > 0)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_REQUEST,
                         _("The key “%s/” ends with a slash and cannot have content: leave out the slash"),
                         request->key);
      return NULL;
    }
  if (g_mkdir_with_parents (path, 0755) != 0)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_KEY_CONFLICT, _("“%s/” cannot be made: %s"), request->key,
                         g_strerror (errno));
      return NULL;
    }
  reply = atelier_door_reply_new (200);
  atelier_door_reply_set (reply, "ETag", "\"d41d8cd98f00b204e9800998ecf8427e\"");
  return reply;
}

AtelierDoorReply *
atelier_door_put_object (AtelierDoorRequest *request, GError **error)
{
  g_auto (AtelierDoorFacts) facts = { 0 };
  g_autofree char *uri = NULL;
  g_autofree char *etag = NULL;
  AtelierDoorReply *reply;
  gint64 size_bytes;

  if (request->key_is_folder)
    return put_folder (request, error);
  facts.etag = g_strdup (g_checksum_get_string (request->md5));
  facts.digest = g_strdup (g_checksum_get_string (request->sha256));
  facts.headers = atelier_door_keep_headers (request->headers);
  if (!check_put_conditions (request, error) || !atelier_door_publish (request->file, &facts, &size_bytes, error))
    return NULL;
  uri = atelier_door_request_uri (request);
  atelier_door_request_log (request, "put", uri, size_bytes, request->file->mtime_ns,
                            g_checksum_get_string (request->sha256));
  etag = g_strdup_printf ("\"%s\"", facts.etag);
  reply = atelier_door_reply_new (200);
  atelier_door_reply_set (reply, "ETag", etag);
  return reply;
}

/* --- copy --- */

void
atelier_door_source_clear (AtelierDoorSource *self)
{
  g_clear_pointer (&self->uri, g_free);
  if (self->fd >= 0)
    close (self->fd);
}

gboolean
atelier_door_source_open (AtelierDoorRequest *request,
                          AtelierDoorSource *source,
                          AtelierDoorFacts *facts,
                          GError **error)
{
  const char *header = atelier_door_request_header (request, "x-amz-copy-source");
  g_autofree char *decoded = atelier_door_decode (header, strcspn (header, "?"));
  g_autofree char *text = NULL;
  g_autoptr (AtelierUri) uri = NULL;
  struct stat status;

  if (decoded == NULL || strchr (decoded + (*decoded == '/'), '/') == NULL)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                              _("The copy source “%s” is malformed: it must be BUCKET/KEY, percent-encoded"), header);
  text = g_strconcat ("s3://", decoded + (*decoded == '/'), NULL);
  uri = atelier_uri_parse (text, FALSE, error);
  if (uri == NULL)
    return FALSE;
  source->fd = uri->is_folder ? -1 : atelier_door_open_object (request->door, uri->bucket, uri->key, &status);
  if (source->fd < 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_NO_SUCH_KEY, _("There is no object “%s” to copy"), text);
  source->uri = atelier_uri_to_text (uri);
  source->size_bytes = status.st_size;
  source->mtime_ns = atelier_door_mtime_ns (&status);
  atelier_door_facts_read (facts, NULL, source->fd, status.st_size, source->mtime_ns, status.st_ino);
  return check_conditions (request, "x-amz-copy-source-", facts->etag, source->mtime_ns, FALSE, error);
}

void
atelier_door_reply_copied (AtelierDoorReply *reply, const char *root, const char *etag, gint64 mtime_ns)
{
  g_autofree char *date = atelier_door_format_date (mtime_ns);
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", etag);

  atelier_door_reply_element (reply, "LastModified", date);
  atelier_door_reply_element (reply, "ETag", quoted);
  g_string_append_printf (reply->body, "</%s>", root);
}

AtelierDoorReply *
atelier_door_copy_object (AtelierDoorRequest *request, GError **error)
{
  g_auto (AtelierDoorSource) source = { .fd = -1 };
  g_auto (AtelierDoorFacts) facts = { 0 };
  g_autofree char *path = atelier_door_request_path (request);
  g_autofree char *uri = atelier_door_request_uri (request);
  g_autoptr (AtelierObjectFile) file = NULL;
  AtelierDoorAccess access = { 0 };
  AtelierDoorReply *reply;
  gint64 size_bytes;

  if (!atelier_door_source_open (request, &source, &facts, error))
    return NULL;
  if (request->key_is_folder)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_REQUEST,
                         _("The key “%s/” ends with a slash and cannot have content"), request->key);
      return NULL;
    }
  file = atelier_object_file_create (path, -1, error);
  if (file == NULL || atelier_object_copy (source.fd, 0, -1, file->fd, request->door->cancellable, error) < 0)
    return NULL;
  if (g_strcmp0 (atelier_door_request_header (request, "x-amz-metadata-directive"), "REPLACE") == 0)
    {
      g_clear_pointer (&facts.headers, json_decref);
      facts.headers = atelier_door_keep_headers (request->headers);
    }
  if (!atelier_door_publish (file, &facts, &size_bytes, error))
    return NULL;
  access.step = request->signature->step;
  access.attempt = request->signature->attempt;
  access.operation = "copy";
  access.uri = uri;
  access.source = source.uri;
  access.size_bytes = size_bytes;
  access.mtime_ns = file->mtime_ns;
  access.digest = facts.digest;
  atelier_door_log_append (request->door->log, &access);
  reply = atelier_door_reply_new_xml ("CopyObjectResult");
  atelier_door_reply_copied (reply, "CopyObjectResult", facts.etag, file->mtime_ns);
  return reply;
}

/* --- delete --- */

static gboolean
delete_key (AtelierDoorRequest *request, const char *key, gboolean is_folder, GError **error)
{
  g_autofree char *bucket = atelier_door_bucket_path (request->door, request->bucket);
  g_autofree char *path = g_build_filename (bucket, key, NULL);
  g_autofree char *uri = g_strconcat ("s3://", request->bucket, "/", key, NULL);
  struct stat status;

  /* A folder goes with its last object; the mark that made it may be deleted any time. */
  if (is_folder)
    {
      rmdir (path);
      return TRUE;
    }
  if (lstat (path, &status) != 0 || !S_ISREG (status.st_mode))
    return TRUE;
  if (!atelier_object_file_delete (path, bucket, error))
    return FALSE;
  atelier_door_request_log (request, "delete", uri, status.st_size, atelier_door_mtime_ns (&status), NULL);
  return TRUE;
}

AtelierDoorReply *
atelier_door_delete_object (AtelierDoorRequest *request, GError **error)
{
  if (!atelier_door_request_need_bucket (request, error) ||
      !delete_key (request, request->key, request->key_is_folder, error))
    return NULL;
  return atelier_door_reply_new (204);
}

AtelierDoorReply *
atelier_door_delete_objects (AtelierDoorRequest *request, GError **error)
{
  g_autoptr (AtelierDoorXml) xml = NULL;
  AtelierDoorReply *reply;
  gboolean is_quiet;

  if (!atelier_door_request_need_bucket (request, error) ||
      (xml = atelier_door_xml_parse (request->xml->str, request->xml->len, "Delete", "Object", error)) == NULL)
    return NULL;
  if (xml->records->len > MOST_DELETES)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_MALFORMED_XML, _("At most %d objects can be deleted at once"),
                         MOST_DELETES);
      return NULL;
    }
  is_quiet = g_strcmp0 (g_hash_table_lookup (xml->fields, "Quiet"), "true") == 0;
  reply = atelier_door_reply_new_xml ("DeleteResult");
  for (guint i = 0; i < xml->records->len; i++)
    {
      const char *asked = g_hash_table_lookup (xml->records->pdata[i], "Key");
      g_autoptr (GError) local_error = NULL;
      g_autofree char *key = asked != NULL ? atelier_key_normalise (asked, &local_error) : NULL;

      if (key != NULL && *key != '\0' && delete_key (request, key, g_str_has_suffix (asked, "/"), &local_error))
        {
          if (is_quiet)
            continue;
          g_string_append (reply->body, "<Deleted>");
          atelier_door_reply_element (reply, "Key", asked);
          g_string_append (reply->body, "</Deleted>");
          continue;
        }
      g_string_append (reply->body, "<Error>");
      atelier_door_reply_element (reply, "Key", asked != NULL ? asked : "");
      atelier_door_reply_element (reply, "Code", local_error != NULL ? "InvalidArgument" : "UserKeyMustBeSpecified");
      atelier_door_reply_element (reply, "Message",
                                  local_error != NULL ? local_error->message : _("The key is missing"));
      g_string_append (reply->body, "</Error>");
    }
  g_string_append (reply->body, "</DeleteResult>");
  return reply;
}
