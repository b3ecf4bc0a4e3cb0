/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <fcntl.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"
#include "atelier-json.h"

/* What operations ask of a request, and the answers they make. */

const char *
atelier_door_request_header (AtelierDoorRequest *self, const char *name)
{
  return soup_message_headers_get_one (self->headers, name);
}

const char *
atelier_door_request_query (AtelierDoorRequest *self, const char *name)
{
  return g_hash_table_lookup (self->query, name);
}

char *
atelier_door_request_uri (AtelierDoorRequest *self)
{
  return g_strconcat ("s3://", self->bucket, "/", self->key, NULL);
}

char *
atelier_door_bucket_path (AtelierDoor *door, const char *bucket)
{
  return g_build_filename (door->store_folder, bucket, NULL);
}

char *
atelier_door_request_path (AtelierDoorRequest *self)
{
  return g_build_filename (self->door->store_folder, self->bucket, self->key, NULL);
}

int
atelier_door_open_object (AtelierDoor *door, const char *bucket, const char *key, struct stat *status)
{
  g_autofree char *folder = atelier_door_bucket_path (door, bucket);
  int folder_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int fd = folder_fd >= 0 ? atelier_object_open_beneath (folder_fd, key, NULL) : -1;

  if (folder_fd >= 0)
    close (folder_fd);
  if (fd >= 0 && fstat (fd, status) != 0)
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

gboolean
atelier_door_request_need_bucket (AtelierDoorRequest *self, GError **error)
{
  g_autofree char *path = atelier_door_bucket_path (self->door, self->bucket);

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  return atelier_door_fail (error, ATELIER_DOOR_ERROR_NO_SUCH_BUCKET,
                            _("The bucket “%s” does not exist: it is made by the first object put there"),
                            self->bucket);
}

void
atelier_door_request_log (AtelierDoorRequest *self,
                          const char *operation,
                          const char *uri,
                          gint64 size_bytes,
                          gint64 mtime_ns,
                          const char *digest)
{
  AtelierDoorAccess access = {
    .step = self->signature->step,
    .attempt = self->signature->attempt,
    .operation = operation,
    .uri = uri,
    .size_bytes = size_bytes,
    .mtime_ns = mtime_ns,
    .digest = digest,
  };

  atelier_door_log_append (self->door->log, &access);
}

char *
atelier_door_format_date (gint64 mtime_ns)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (mtime_ns / 1000000000);

  return g_date_time_format (date, "%Y-%m-%dT%H:%M:%S.000Z");
}

/* --- answers --- */

AtelierDoorReply *
atelier_door_reply_new (guint status)
{
  AtelierDoorReply *self = g_new0 (AtelierDoorReply, 1);

  self->status = status;
  self->headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  self->fd = -1;
  return self;
}

AtelierDoorReply *
atelier_door_reply_new_xml (const char *root)
{
  AtelierDoorReply *self = atelier_door_reply_new (200);

  self->body = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  g_string_append_printf (self->body, "<%s xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">", root);
  atelier_door_reply_set (self, "Content-Type", "application/xml");
  return self;
}

void
atelier_door_reply_free (AtelierDoorReply *self)
{
  if (self == NULL)
    return;
  soup_message_headers_unref (self->headers);
  if (self->body != NULL)
    g_string_free (self->body, TRUE);
  if (self->fd >= 0)
    close (self->fd);
  g_free (self);
}

void
atelier_door_reply_set (AtelierDoorReply *self, const char *header, const char *value)
{
  soup_message_headers_replace (self->headers, header, value);
}

void
atelier_door_reply_element (AtelierDoorReply *self, const char *name, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  g_autofree char *escaped = g_markup_escape_text (valid, -1);

  g_string_append_printf (self->body, "<%s>%s</%s>", name, escaped, name);
}
