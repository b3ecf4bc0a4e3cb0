/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"

/* Buckets and their listings. A bucket is a folder of the store and needs no making: definitions name buckets that
 * exist in an account, so the first object put makes it. What asks whether a bucket exists is answered truthfully. */

#define MOST_KEYS 1000
#define OWNER "<ID>atelier</ID><DisplayName>atelier</DisplayName>"

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

AtelierDoorReply *
atelier_door_list_buckets (AtelierDoorRequest *request, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (request->door->store_folder, 0, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  AtelierDoorReply *reply = atelier_door_reply_new_xml ("ListAllMyBucketsResult");
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_text);
  g_string_append (reply->body, "<Owner>" OWNER "</Owner><Buckets>");
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = atelier_door_bucket_path (request->door, names->pdata[i]);
      struct stat status;

      if (atelier_bucket_check (names->pdata[i], NULL) && stat (path, &status) == 0 && S_ISDIR (status.st_mode))
        {
          g_autofree char *date = atelier_door_format_date (atelier_door_mtime_ns (&status));

          g_string_append (reply->body, "<Bucket>");
          atelier_door_reply_element (reply, "Name", names->pdata[i]);
          atelier_door_reply_element (reply, "CreationDate", date);
          g_string_append (reply->body, "</Bucket>");
        }
    }
  g_string_append (reply->body, "</Buckets></ListAllMyBucketsResult>");
  return reply;
}

AtelierDoorReply *
atelier_door_head_bucket (AtelierDoorRequest *request, GError **error)
{
  AtelierDoorReply *reply;

  if (!atelier_door_request_need_bucket (request, error))
    return NULL;
  reply = atelier_door_reply_new (200);
  atelier_door_reply_set (reply, "x-amz-bucket-region", ATELIER_DOOR_REGION);
  return reply;
}

AtelierDoorReply *
atelier_door_create_bucket (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *path = atelier_door_bucket_path (request->door, request->bucket);
  g_autofree char *location = g_strconcat ("/", request->bucket, NULL);
  AtelierDoorReply *reply;

  /* In S3's first region making one's own bucket again succeeds. */
  if (g_mkdir_with_parents (path, 0755) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make the bucket “%s”: %s"),
                   request->bucket, g_strerror (errno));
      return NULL;
    }
  reply = atelier_door_reply_new (200);
  atelier_door_reply_set (reply, "Location", location);
  return reply;
}

AtelierDoorReply *
atelier_door_get_location (AtelierDoorRequest *request, GError **error)
{
  AtelierDoorReply *reply;

  if (!atelier_door_request_need_bucket (request, error))
    return NULL;
  /* Empty is how S3 writes its first region. */
  reply = atelier_door_reply_new_xml ("LocationConstraint");
  g_string_append (reply->body, "</LocationConstraint>");
  return reply;
}

AtelierDoorReply *
atelier_door_get_versioning (AtelierDoorRequest *request, GError **error)
{
  AtelierDoorReply *reply;

  if (!atelier_door_request_need_bucket (request, error))
    return NULL;
  reply = atelier_door_reply_new_xml ("VersioningConfiguration");
  g_string_append (reply->body, "</VersioningConfiguration>");
  return reply;
}

/* --- listings --- */

typedef struct
{
  gboolean is_v2;
  gboolean is_encoded; /* encoding-type=url */
  gboolean tells_owner;
  guint    most_keys;
  char    *prefix;     /* (owned) */
  char    *delimiter;  /* (owned) */
  char    *after;      /* (owned) */
} Query;

static void
query_clear (Query *query)
{
  g_free (query->prefix);
  g_free (query->delimiter);
  g_free (query->after);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Query, query_clear)

/* Keys have no doubled or leading slashes, so neither need a prefix: what a client's join made finds what its put
 * made. */
static char *
tidy (const char *text)
{
  GString *tidied = g_string_new (NULL);

  for (; text != NULL && *text != '\0'; text++)
    if (*text != '/' || (tidied->len > 0 && tidied->str[tidied->len - 1] != '/'))
      g_string_append_c (tidied, *text);
  return g_string_free (tidied, FALSE);
}

static gboolean
read_query (AtelierDoorRequest *request, Query *query, GError **error)
{
  const char *most = atelier_door_request_query (request, "max-keys");
  const char *encoding = atelier_door_request_query (request, "encoding-type");
  const char *token = atelier_door_request_query (request, "continuation-token");
  const char *after;
  guint64 number = MOST_KEYS;

  query->is_v2 = g_strcmp0 (atelier_door_request_query (request, "list-type"), "2") == 0;
  if (most != NULL && !g_ascii_string_to_unsigned (most, 10, 0, G_MAXINT32, &number, NULL))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT, _("max-keys is “%s”, which is no number"),
                              most);
  if (encoding != NULL && strcmp (encoding, "url") != 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT, _("encoding-type may only be “url”"));
  query->is_encoded = encoding != NULL;
  query->most_keys = MIN (number, MOST_KEYS);
  query->prefix = tidy (atelier_door_request_query (request, "prefix"));
  query->delimiter = g_strdup (atelier_door_request_query (request, "delimiter"));
  if (query->delimiter == NULL)
    query->delimiter = g_strdup ("");
  query->tells_owner = !query->is_v2 || g_strcmp0 (atelier_door_request_query (request, "fetch-owner"), "true") == 0;
  if (query->is_v2 && token != NULL)
    {
      gsize length = 0;
      g_autofree char *decoded = (char *) g_base64_decode (token, &length);

      query->after = g_strndup (decoded, length);
      if (length == 0 || strlen (query->after) != length || !g_utf8_validate (query->after, -1, NULL))
        return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                                  _("The continuation token is not one of this service"));
      return TRUE;
    }
  after = atelier_door_request_query (request, query->is_v2 ? "start-after" : "marker");
  query->after = g_strdup (after != NULL ? after : "");
  return TRUE;
}

static void
add_name (AtelierDoorReply *reply, const Query *query, const char *element, const char *name)
{
  g_autofree char *encoded = query->is_encoded ? g_uri_escape_string (name, "/", FALSE) : NULL;

  atelier_door_reply_element (reply, element, encoded != NULL ? encoded : name);
}

static void
add_number (AtelierDoorReply *reply, const char *element, guint64 number)
{
  g_string_append_printf (reply->body, "<%s>%" G_GUINT64_FORMAT "</%s>", element, number, element);
}

static void
add_key (AtelierDoorReply *reply, const Query *query, const char *folder, const AtelierDoorItem *item)
{
  g_autofree char *path = g_build_filename (folder, item->key, NULL);
  g_autofree char *date = atelier_door_format_date (item->mtime_ns);
  g_auto (AtelierDoorFacts) facts = { 0 };
  g_autofree char *etag = NULL;

  atelier_door_facts_read (&facts, path, -1, item->size_bytes, item->mtime_ns, item->inode);
  etag = g_strdup_printf ("\"%s\"", facts.etag);
  g_string_append (reply->body, "<Contents>");
  add_name (reply, query, "Key", item->key);
  atelier_door_reply_element (reply, "LastModified", date);
  atelier_door_reply_element (reply, "ETag", etag);
  add_number (reply, "Size", item->size_bytes);
  if (query->tells_owner)
    g_string_append (reply->body, "<Owner>" OWNER "</Owner>");
  g_string_append (reply->body, "<StorageClass>STANDARD</StorageClass></Contents>");
}

static void
add_head (AtelierDoorReply *reply, AtelierDoorRequest *request, const Query *query)
{
  const char *prefix = atelier_door_request_query (request, "prefix");
  const char *token = atelier_door_request_query (request, "continuation-token");

  atelier_door_reply_element (reply, "Name", request->bucket);
  add_name (reply, query, "Prefix", prefix != NULL ? prefix : "");
  if (*query->delimiter != '\0')
    add_name (reply, query, "Delimiter", query->delimiter);
  if (!query->is_v2)
    add_name (reply, query, "Marker", query->after);
  else if (token != NULL)
    atelier_door_reply_element (reply, "ContinuationToken", token);
  else if (*query->after != '\0')
    add_name (reply, query, "StartAfter", query->after);
  add_number (reply, "MaxKeys", query->most_keys);
  if (query->is_encoded)
    atelier_door_reply_element (reply, "EncodingType", "url");
}

static void
add_tail (AtelierDoorReply *reply, const Query *query, guint n_keys, gboolean is_truncated, const char *last)
{
  atelier_door_reply_element (reply, "IsTruncated", is_truncated ? "true" : "false");
  if (query->is_v2)
    add_number (reply, "KeyCount", n_keys);
  if (is_truncated && query->is_v2)
    {
      g_autofree char *token = g_base64_encode ((const guchar *) last, strlen (last));

      atelier_door_reply_element (reply, "NextContinuationToken", token);
    }
  else if (is_truncated && *query->delimiter != '\0')
    add_name (reply, query, "NextMarker", last);
}

AtelierDoorReply *
atelier_door_list_objects (AtelierDoorRequest *request, GError **error)
{
  g_auto (Query) query = { 0 };
  g_autofree char *folder = atelier_door_bucket_path (request->door, request->bucket);
  g_autofree char *last = NULL;
  g_autoptr (AtelierDoorReply) reply = NULL;
  g_autoptr (GError) local_error = NULL;
  const AtelierDoorItem *item = NULL;
  AtelierDoorPage *page;
  guint n_keys = 0;

  if (!atelier_door_request_need_bucket (request, error) || !read_query (request, &query, error))
    return NULL;
  reply = atelier_door_reply_new_xml ("ListBucketResult");
  add_head (reply, request, &query);
  page = atelier_door_pages_take (request->door->pages, folder, query.prefix, query.delimiter, query.after);
  while (n_keys < query.most_keys && (item = atelier_door_page_peek (page, &local_error)) != NULL)
    {
      if (item->is_prefix)
        {
          g_string_append (reply->body, "<CommonPrefixes>");
          add_name (reply, &query, "Prefix", item->key);
          g_string_append (reply->body, "</CommonPrefixes>");
        }
      else
        add_key (reply, &query, folder, item);
      g_free (last);
      last = g_strdup (item->key);
      atelier_door_page_take (page);
      n_keys++;
    }
  item = local_error == NULL && n_keys > 0 ? atelier_door_page_peek (page, &local_error) : NULL;
  add_tail (reply, &query, n_keys, item != NULL, last);
  atelier_door_pages_give (request->door->pages, page);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  g_string_append (reply->body, "</ListBucketResult>");
  return g_steal_pointer (&reply);
}
