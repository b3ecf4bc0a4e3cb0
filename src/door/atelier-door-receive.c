/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"

/* The body of a request, as it comes in. Content goes to a file with a hidden name and through the checksums that
 * were asked for; nothing is kept in memory, and nothing becomes visible before all of it was found right. */

#define XML_MOST_BYTES (4 << 20)

static gboolean
is_streaming (const char *payload_hash)
{
  return g_str_has_prefix (payload_hash, "STREAMING-");
}

static gboolean
take_content (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  AtelierDoorRequest *self = user_data;

  self->received += length;
  if (self->sha256 != NULL)
    g_checksum_update (self->sha256, data, length);
  if (self->md5 != NULL)
    g_checksum_update (self->md5, data, length);
  if (self->checksum != NULL)
    atelier_door_checksum_update (self->checksum, data, length);
  if (self->xml != NULL)
    {
      if (self->xml->len + length > XML_MOST_BYTES)
        return atelier_door_fail (error, ATELIER_DOOR_ERROR_ENTITY_TOO_LARGE,
                                  _("The body of the request is too large"));
      g_string_append_len (self->xml, (const char *) data, length);
    }
  while (self->file != NULL && length > 0)
    {
      gssize n = write (self->file->fd, data, length);

      if (n < 0 && errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot write the object: %s"),
                       g_strerror (errno));
          return FALSE;
        }
      data += MAX (n, 0);
      length -= MAX (n, 0);
    }
  return TRUE;
}

/* The header of the checksum that the client will send, before the body or after it. */
static AtelierDoorChecksum *
new_checksum (AtelierDoorRequest *self)
{
  const char *trailer = atelier_door_request_header (self, "x-amz-trailer");
  SoupMessageHeadersIter iter;
  const char *name;
  const char *value;

  if (trailer != NULL)
    {
      g_autofree char *lower = g_ascii_strdown (trailer, -1);

      return atelier_door_checksum_new (g_strstrip (lower));
    }
  soup_message_headers_iter_init (&iter, self->headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_autofree char *lower = g_ascii_strdown (name, -1);
      AtelierDoorChecksum *checksum = atelier_door_checksum_new (lower);

      if (checksum != NULL)
        return checksum;
    }
  return NULL;
}

static gboolean
read_expected (AtelierDoorRequest *self, GError **error)
{
  gboolean decoded = is_streaming (self->signature->payload_hash);
  const char *text = atelier_door_request_header (self, decoded ? "x-amz-decoded-content-length" : "Content-Length");
  guint64 length = 0;

  self->expected = -1;
  if (text == NULL)
    return TRUE;
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &length, NULL))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT, _("“%s” is no length"), text);
  self->expected = (gint64) length;
  return TRUE;
}

gboolean
atelier_door_request_begin (AtelierDoorRequest *self, GError **error)
{
  g_autofree char *path = NULL;

  if (!read_expected (self, error))
    return FALSE;
  if (is_streaming (self->signature->payload_hash))
    {
      self->chunked = atelier_door_chunked_new (self->signature, take_content, self, error);
      if (self->chunked == NULL)
        return FALSE;
    }
  if (self->operation->func == atelier_door_put_object ||
      (self->chunked == NULL && strcmp (self->signature->payload_hash, "UNSIGNED-PAYLOAD") != 0))
    self->sha256 = g_checksum_new (G_CHECKSUM_SHA256);
  self->checksum = new_checksum (self);
  if (self->operation->body == ATELIER_DOOR_BODY_NONE)
    return TRUE;
  self->md5 = g_checksum_new (G_CHECKSUM_MD5);
  if (self->operation->body == ATELIER_DOOR_BODY_XML)
    {
      self->xml = g_string_new (NULL);
      return TRUE;
    }
  if (self->key_is_folder)
    return TRUE;
  path = self->operation->func == atelier_door_upload_part ? atelier_door_upload_part_path (self, error)
                                                            : atelier_door_request_path (self);
  if (path == NULL)
    return FALSE;
  self->file = atelier_object_file_create (path, -1, error);
  return self->file != NULL;
}

void
atelier_door_request_receive (AtelierDoorRequest *self, const guint8 *data, gsize length)
{
  /* After a fault the rest is passed over, as a client listens for the answer only when it has sent everything. */
  if (self->error != NULL)
    return;
  if (self->chunked != NULL)
    atelier_door_chunked_feed (self->chunked, data, length, &self->error);
  else
    take_content (data, length, self, &self->error);
}

static gboolean
check_md5 (AtelierDoorRequest *self, GError **error)
{
  const char *claimed = atelier_door_request_header (self, "Content-MD5");
  g_autofree guint8 *decoded = NULL;
  gsize length = 0;
  guint8 right[16];
  gsize right_length = sizeof right;
  g_autoptr (GChecksum) copy = NULL;

  if (claimed == NULL || self->md5 == NULL)
    return TRUE;
  decoded = g_base64_decode (claimed, &length);
  if (length != sizeof right)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_DIGEST, _("The Content-MD5 “%s” is not valid"),
                              claimed);
  copy = g_checksum_copy (self->md5);
  g_checksum_get_digest (copy, right, &right_length);
  if (memcmp (right, decoded, length) != 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_BAD_DIGEST,
                              _("The Content-MD5 does not match what was received"));
  return TRUE;
}

static gboolean
check_checksum (AtelierDoorRequest *self, GError **error)
{
  g_autofree char *right = NULL;
  const char *header;
  const char *claimed;

  if (self->checksum == NULL)
    return TRUE;
  header = atelier_door_checksum_get_header (self->checksum);
  claimed = atelier_door_request_header (self, header);
  if (claimed == NULL && self->chunked != NULL)
    claimed = atelier_door_chunked_get_trailer (self->chunked, header);
  right = atelier_door_checksum_finish (self->checksum);
  if (claimed != NULL && strcmp (claimed, right) != 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_BAD_DIGEST,
                              _("The checksum “%s” does not match what was received"), header);
  return TRUE;
}

gboolean
atelier_door_request_end (AtelierDoorRequest *self, GError **error)
{
  const char *payload_hash = self->signature->payload_hash;

  if (self->error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->error));
      return FALSE;
    }
  if (self->chunked != NULL && !atelier_door_chunked_finish (self->chunked, error))
    return FALSE;
  if (self->expected >= 0 && self->received != self->expected)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_INCOMPLETE_BODY,
                              _("The body does not have the length it was said to have"));
  if (self->chunked == NULL && strcmp (payload_hash, "UNSIGNED-PAYLOAD") != 0 &&
      g_ascii_strcasecmp (payload_hash, g_checksum_get_string (self->sha256)) != 0)
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_CONTENT_SHA256_MISMATCH,
                              _("The header “x-amz-content-sha256” does not match what was received"));
  return check_md5 (self, error) && check_checksum (self, error);
}
