/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"
#include "atelier-door-session.h"
#include "atelier-time.h"

/* From a message of libsoup to an operation and back.
 *
 *   headers   → who is it (signature), what is asked (route), may it begin → a file for the body
 *   body      → atelier_door_request_receive(), piece by piece
 *   its end   → the operation, here or on a thread → the reply
 *   reply     → headers and XML at once; a file in pieces, each read when the one before has gone
 *
 * One thread serves all connections, so nobody may keep it: a client that sends or reads faster than this program lets
 * others have their turn after each megabyte. Nothing of a body is ever held in memory but the piece in hand. */

#define SESSION_KEY "atelier-door-session"
#define PIECE_BYTES (256 << 10)
#define TURN_BYTES (1 << 20)

typedef struct
{
  AtelierDoorRequest  request;
  SoupServerMessage  *message;     /* (unowned) which owns this */
  AtelierDoorReply   *reply;       /* (owned) (nullable) */
  gint64              sent;        /* of the reply's file */
  gint64              turn;        /* bytes received since others had theirs */
  guint               idle_source;
  gboolean            is_finished; /* the message has no connection any more */
} Session;

static void
session_free (gpointer data)
{
  Session *self = data;
  AtelierDoorRequest *request = &self->request;

  if (self->idle_source != 0)
    g_source_remove (self->idle_source);
  g_clear_pointer (&self->reply, atelier_door_reply_free);
  g_clear_pointer (&request->chunked, atelier_door_chunked_free);
  g_clear_pointer (&request->signature, atelier_door_signature_free);
  g_clear_pointer (&request->file, atelier_object_file_free);
  g_clear_pointer (&request->md5, g_checksum_free);
  g_clear_pointer (&request->sha256, g_checksum_free);
  g_clear_pointer (&request->checksum, atelier_door_checksum_free);
  g_clear_pointer (&request->query, g_hash_table_unref);
  g_clear_pointer (&request->headers, soup_message_headers_unref);
  g_clear_error (&request->error);
  if (request->xml != NULL)
    g_string_free (request->xml, TRUE);
  g_free (request->method);
  g_free (request->id);
  g_free (request->bucket);
  g_free (request->key);
  g_free (self);
}

/* --- who --- */

static char *
get_header_cb (const char *name, gpointer user_data)
{
  SoupMessageHeadersIter iter;
  GString *joined = NULL;
  const char *found;
  const char *value;

  soup_message_headers_iter_init (&iter, user_data);
  while (soup_message_headers_iter_next (&iter, &found, &value))
    if (g_ascii_strcasecmp (found, name) == 0)
      {
        if (joined == NULL)
          joined = g_string_new (value);
        else
          g_string_append_printf (joined, ",%s", value);
      }
  return joined != NULL ? g_string_free (joined, FALSE) : NULL;
}

static GStrv
list_headers_cb (gpointer user_data)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_message_headers_iter_init (&iter, user_data);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_autofree char *lower = g_ascii_strdown (name, -1);

      g_strv_builder_add (builder, lower);
    }
  return g_strv_builder_end (builder);
}

static gboolean
check_signature (Session *self, GError **error)
{
  GUri *uri = soup_server_message_get_uri (self->message);
  AtelierDoorSigned wire = {
    .method = self->request.method,
    .raw_path = g_uri_get_path (uri),
    .raw_query = g_uri_get_query (uri),
    .get_header = get_header_cb,
    .list_headers = list_headers_cb,
    .user_data = self->request.headers,
  };

  self->request.signature = atelier_door_sign_check (&wire, self->request.door->secret, atelier_time_now_us (), error);
  return self->request.signature != NULL;
}

/* --- what --- */

/* /BUCKET/KEY, or /KEY where the host is BUCKET.localhost. */
static gboolean
read_target (Session *self, GError **error)
{
  AtelierDoorRequest *request = &self->request;
  GUri *uri = soup_server_message_get_uri (self->message);
  const char *host = g_uri_get_host (uri);
  g_autofree char *path = atelier_door_decode (g_uri_get_path (uri), -1);
  g_autoptr (GError) local_error = NULL;
  const char *rest;

  if (path == NULL)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                              _("The address is not valid percent-encoded UTF-8 or holds a NUL"));
  request->query = atelier_door_parse_query (g_uri_get_query (uri), error);
  if (request->query == NULL)
    return FALSE;
  rest = *path == '/' ? path + 1 : path;
  if (host != NULL && strlen (host) > strlen (".localhost") && g_str_has_suffix (host, ".localhost"))
    request->bucket = g_strndup (host, strlen (host) - strlen (".localhost"));
  else if (*rest != '\0')
    {
      gsize length = strcspn (rest, "/");

      request->bucket = g_strndup (rest, length);
      rest += length;
    }
  if (request->bucket != NULL && !atelier_bucket_check (request->bucket, &local_error))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_BUCKET_NAME, "%s", local_error->message);
  request->key = atelier_key_normalise (rest, &local_error);
  if (request->key == NULL)
    return atelier_door_fail (error, strlen (rest) > ATELIER_KEY_MAX_BYTES ? ATELIER_DOOR_ERROR_KEY_TOO_LONG
                                                                          : ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                              "%s", local_error->message);
  request->key_is_folder = *request->key != '\0' && g_str_has_suffix (rest, "/");
  return TRUE;
}

typedef enum
{
  LEVEL_SERVICE,
  LEVEL_BUCKET,
  LEVEL_OBJECT,
} Level;

/* The first line that fits decides. */
static const struct
{
  Level                level;
  const char          *method;
  const char          *subresource; /* (nullable) a name that the query must have */
  const char          *header;      /* (nullable) a header that must be there */
  AtelierDoorOperation operation;
} routes[] = {
  { LEVEL_SERVICE, "GET", NULL, NULL, { "ListBuckets", atelier_door_list_buckets, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_BUCKET,
    "GET",
    "location",
    NULL,
    { "GetBucketLocation", atelier_door_get_location, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_BUCKET,
    "GET",
    "versioning",
    NULL,
    { "GetBucketVersioning", atelier_door_get_versioning, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_BUCKET, "GET", NULL, NULL, { "ListObjects", atelier_door_list_objects, ATELIER_DOOR_BODY_NONE, TRUE } },
  { LEVEL_BUCKET, "HEAD", NULL, NULL, { "HeadBucket", atelier_door_head_bucket, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_BUCKET, "PUT", NULL, NULL, { "CreateBucket", atelier_door_create_bucket, ATELIER_DOOR_BODY_XML, FALSE } },
  { LEVEL_BUCKET,
    "POST",
    "delete",
    NULL,
    { "DeleteObjects", atelier_door_delete_objects, ATELIER_DOOR_BODY_XML, TRUE } },
  { LEVEL_OBJECT, "GET", "uploadId", NULL, { "ListParts", atelier_door_list_parts, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_OBJECT, "GET", NULL, NULL, { "GetObject", atelier_door_get_object, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_OBJECT, "HEAD", NULL, NULL, { "HeadObject", atelier_door_get_object, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_OBJECT,
    "PUT",
    "partNumber",
    "x-amz-copy-source",
    { "UploadPartCopy", atelier_door_copy_part, ATELIER_DOOR_BODY_NONE, TRUE } },
  { LEVEL_OBJECT,
    "PUT",
    "partNumber",
    NULL,
    { "UploadPart", atelier_door_upload_part, ATELIER_DOOR_BODY_OBJECT, FALSE } },
  { LEVEL_OBJECT,
    "PUT",
    NULL,
    "x-amz-copy-source",
    { "CopyObject", atelier_door_copy_object, ATELIER_DOOR_BODY_NONE, TRUE } },
  { LEVEL_OBJECT, "PUT", NULL, NULL, { "PutObject", atelier_door_put_object, ATELIER_DOOR_BODY_OBJECT, FALSE } },
  { LEVEL_OBJECT,
    "POST",
    "uploads",
    NULL,
    { "CreateMultipartUpload", atelier_door_create_upload, ATELIER_DOOR_BODY_XML, FALSE } },
  { LEVEL_OBJECT,
    "POST",
    "uploadId",
    NULL,
    { "CompleteMultipartUpload", atelier_door_complete_upload, ATELIER_DOOR_BODY_XML, TRUE } },
  { LEVEL_OBJECT,
    "DELETE",
    "uploadId",
    NULL,
    { "AbortMultipartUpload", atelier_door_abort_upload, ATELIER_DOOR_BODY_NONE, FALSE } },
  { LEVEL_OBJECT,
    "DELETE",
    NULL,
    NULL,
    { "DeleteObject", atelier_door_delete_object, ATELIER_DOOR_BODY_NONE, FALSE } },
};

/* Names in the query that make another operation of a request, none of which is here. */
static const char *const other_subresources[] = {
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "logging",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "tagging",
  "torrent",
  "versionId",
  "versions",
  "website",
  "versioning",
  "location",
  "uploads",
  "delete",
};

static gboolean
find_route (AtelierDoorRequest *request, GError **error)
{
  Level level = request->bucket == NULL ? LEVEL_SERVICE : *request->key == '\0' ? LEVEL_BUCKET : LEVEL_OBJECT;

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    if (routes[i].level == level && strcmp (routes[i].method, request->method) == 0 &&
        (routes[i].subresource == NULL || atelier_door_request_query (request, routes[i].subresource) != NULL) &&
        (routes[i].header == NULL || atelier_door_request_header (request, routes[i].header) != NULL))
      {
        for (guint k = 0; k < G_N_ELEMENTS (other_subresources); k++)
          if (atelier_door_request_query (request, other_subresources[k]) != NULL &&
              g_strcmp0 (other_subresources[k], routes[i].subresource) != 0)
            return atelier_door_fail (error, ATELIER_DOOR_ERROR_NOT_IMPLEMENTED,
                                      _("The local artifact store has no “%s” for %s"), other_subresources[k],
                                      request->method);
        request->operation = &routes[i].operation;
        return TRUE;
      }
  return atelier_door_fail (error, ATELIER_DOOR_ERROR_METHOD_NOT_ALLOWED,
                            _("%s is not among the operations of the local artifact store here"), request->method);
}

/* --- the answer --- */

/* One answer a connection: see atelier-door-server.c. */
static void
set_common_headers (Session *self)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);

  soup_message_headers_replace (headers, "x-amz-request-id", self->request.id);
  soup_message_headers_replace (headers, "Connection", "close");
}

static void
set_error_reply (Session *self, const GError *error)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  g_autofree char *xml = NULL;
  guint status;
  const char *code = atelier_door_error_describe (error, &status);

  g_debug ("%s %s: %s: %s", self->request.method, g_uri_get_path (soup_server_message_get_uri (self->message)), code,
           error->message);
  /* Nothing is left of what did not become an object by the time that the client knows. */
  g_clear_pointer (&self->request.file, atelier_object_file_free);
  soup_server_message_set_status (self->message, status, NULL);
  set_common_headers (self);
  if (status == 304)
    return;
  xml = atelier_door_error_to_xml (error, g_uri_get_path (soup_server_message_get_uri (self->message)),
                                   self->request.id);
  if (strcmp (self->request.method, "HEAD") == 0)
    soup_message_headers_set_content_length (headers, 0);
  else
    {
      gsize length = strlen (xml);

      soup_server_message_set_response (self->message, "application/xml", SOUP_MEMORY_TAKE, g_steal_pointer (&xml),
                                        length);
    }
}

/* Reads the next piece of the file. FALSE where it has become shorter: then the connection ends, as its promise is
 * broken. */
static gboolean
send_piece (Session *self)
{
  gint64 left = self->reply->length - self->sent;
  gsize wanted = MIN (left, PIECE_BYTES);
  guint8 *piece = g_malloc (MAX (wanted, 1));
  gssize n;

  while ((n = pread (self->reply->fd, piece, wanted, self->reply->offset + self->sent)) < 0 && errno == EINTR)
    continue;
  if (n <= 0)
    {
      g_free (piece);
      return FALSE;
    }
  self->sent += n;
  soup_message_body_append_take (soup_server_message_get_response_body (self->message), piece, n);
  return TRUE;
}

static gboolean
send_next_cb (gpointer data)
{
  Session *self = data;

  self->idle_source = 0;
  if (send_piece (self))
    soup_server_message_unpause (self->message);
  else
    g_io_stream_close (soup_server_message_steal_connection (self->message), NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
wrote_chunk_cb (SoupServerMessage *message, gpointer user_data)
{
  Session *self = user_data;

  if (self->reply == NULL || self->reply->fd < 0 || self->sent == self->reply->length || self->idle_source != 0)
    return;
  soup_server_message_pause (message);
  self->idle_source = g_idle_add_full (G_PRIORITY_DEFAULT, send_next_cb, self, NULL);
}

static void
set_reply (Session *self)
{
  AtelierDoorReply *reply = self->reply;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (self->message);
  gboolean is_head = strcmp (self->request.method, "HEAD") == 0;
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  soup_server_message_set_status (self->message, reply->status, NULL);
  soup_message_headers_iter_init (&iter, reply->headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    soup_message_headers_replace (headers, name, value);
  set_common_headers (self);
  if (reply->body != NULL)
    {
      gsize length = reply->body->len;

      soup_message_body_append_take (soup_server_message_get_response_body (self->message),
                                     (guchar *) g_string_free (g_steal_pointer (&reply->body), FALSE), length);
    }
  else if (reply->fd >= 0)
    {
      soup_message_headers_set_content_length (headers, reply->length);
      soup_message_body_set_accumulate (soup_server_message_get_response_body (self->message), FALSE);
      if (!is_head && reply->length > 0)
        send_piece (self);
    }
  else
    soup_message_headers_set_content_length (headers, 0);
}

static void
answer (Session *self, AtelierDoorReply *reply, const GError *error)
{
  self->reply = reply;
  if (reply != NULL)
    set_reply (self);
  else
    set_error_reply (self, error);
}

/* --- operations --- */

static void
operate_on_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Session *self = task_data;
  GError *error = NULL;
  AtelierDoorReply *reply = self->request.operation->func (&self->request, &error);

  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify) atelier_door_reply_free);
  else
    g_task_return_error (task, error);
}

static void
operated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Session *self = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  AtelierDoorReply *reply = g_task_propagate_pointer (G_TASK (result), &error);

  self->request.door->n_operations--;
  if (self->is_finished)
    {
      g_clear_pointer (&reply, atelier_door_reply_free);
      return;
    }
  answer (self, reply, error);
  soup_server_message_unpause (self->message);
}

/* The task's reference on the message keeps the session, also when the client has gone meanwhile. */
static void
start_operation (Session *self)
{
  g_autoptr (GTask) task = g_task_new (self->message, NULL, operated_cb, NULL);

  g_task_set_task_data (task, self, NULL);
  self->request.door->n_operations++;
  soup_server_message_pause (self->message);
  g_task_run_in_thread (task, operate_on_thread);
}

static void
handle_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  Session *self = g_object_get_data (G_OBJECT (message), SESSION_KEY);
  g_autoptr (GError) error = NULL;

  if (self == NULL) /* libsoup did not like the headers and answers by itself */
    return;
  if (!atelier_door_request_end (&self->request, &error))
    set_error_reply (self, error);
  else if (self->request.operation->on_thread)
    start_operation (self);
  else
    {
      AtelierDoorReply *reply = self->request.operation->func (&self->request, &error);

      answer (self, reply, error);
    }
}

/* --- the request comes in --- */

static gboolean
next_turn_cb (gpointer data)
{
  Session *self = data;

  self->idle_source = 0;
  soup_server_message_unpause (self->message);
  return G_SOURCE_REMOVE;
}

static void
got_chunk_cb (SoupServerMessage *message, GBytes *chunk, gpointer user_data)
{
  Session *self = user_data;
  gsize length;
  const guint8 *data = g_bytes_get_data (chunk, &length);

  if (soup_server_message_get_status (message) == 0)
    atelier_door_request_receive (&self->request, data, length);
  self->turn += length;
  if (self->turn >= TURN_BYTES && self->idle_source == 0)
    {
      self->turn = 0;
      soup_server_message_pause (message);
      self->idle_source = g_idle_add_full (G_PRIORITY_DEFAULT, next_turn_cb, self, NULL);
    }
}

static void
finished_cb (SoupServerMessage *message, gpointer user_data)
{
  Session *self = user_data;

  self->is_finished = TRUE;
  g_clear_handle_id (&self->idle_source, g_source_remove);
}

static Session *
session_new (AtelierDoor *door, SoupServerMessage *message)
{
  Session *self = g_new0 (Session, 1);
  g_autofree char *id = g_uuid_string_random ();

  self->message = message;
  self->request.door = door;
  self->request.method = g_strdup (soup_server_message_get_method (message));
  self->request.id = g_steal_pointer (&id);
  self->request.headers = soup_message_headers_ref (soup_server_message_get_request_headers (message));
  g_object_set_data_full (G_OBJECT (message), SESSION_KEY, self, session_free);
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect (message, "got-chunk", G_CALLBACK (got_chunk_cb), self);
  g_signal_connect (message, "wrote-chunk", G_CALLBACK (wrote_chunk_cb), self);
  g_signal_connect (message, "finished", G_CALLBACK (finished_cb), self);
  return self;
}

static void
begin_request (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query, gpointer user_data)
{
  Session *self;
  g_autoptr (GError) error = NULL;

  /* libsoup would read such a body until the connection ends. */
  if (soup_message_headers_get_content_length (soup_server_message_get_request_headers (message)) < 0)
    {
      g_io_stream_close (soup_server_message_steal_connection (message), NULL, NULL);
      return;
    }
  self = session_new (user_data, message);
  if (!check_signature (self, &error) || !read_target (self, &error) || !find_route (&self->request, &error) ||
      !atelier_door_request_begin (&self->request, &error))
    {
      set_error_reply (self, error);
      /* A client that waits to be told to go on may send its body all the same: nothing may be read after this
       * answer. */
      if (soup_message_headers_get_expectations (self->request.headers) & SOUP_EXPECTATION_CONTINUE)
        soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
    }
}

void
atelier_door_session_attach (SoupServer *soup, AtelierDoor *door)
{
  soup_server_add_early_handler (soup, NULL, begin_request, door, NULL);
  soup_server_add_handler (soup, NULL, handle_request, door, NULL);
}
