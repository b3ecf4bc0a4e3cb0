/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-door-chunked.h"

/* A state machine over bytes, since pieces are cut anywhere. Lines are bounded, so a hostile body costs nothing but
 * time. */

#define LINE_MOST_BYTES 4096
#define MOST_TRAILERS 16
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

typedef enum
{
  STATE_SIZE,     /* in the line of size and signature */
  STATE_DATA,
  STATE_DATA_END, /* in the CR LF after the data */
  STATE_TRAILER,  /* in lines of the trailer, up to an empty one */
  STATE_END,
} State;

struct _AtelierDoorChunked
{
  const AtelierDoorSignature *signature;
  AtelierDoorChunkedSink      sink;
  gpointer                    user_data;
  gboolean                    is_signed;
  gboolean                    has_trailer;
  State                       state;
  GString                    *line;            /* (owned) */
  guint64                     left;            /* bytes of the present chunk */
  char                       *chunk_signature; /* (owned) (nullable) what the present chunk claims */
  char                       *previous;        /* (owned) the signature before */
  GChecksum                  *sum;             /* (owned) of the present chunk's data */
  GHashTable                 *trailers;        /* (owned) (element-type utf8 utf8) */
  GString                    *canonical;       /* (owned) the trailer as it is signed */
};

AtelierDoorChunked *
atelier_door_chunked_new (const AtelierDoorSignature *signature, AtelierDoorChunkedSink sink, gpointer user_data,
                          GError **error)
{
  static const struct
  {
    const char *form;
    gboolean    is_signed;
    gboolean    has_trailer;
  } forms[] = {
    { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", TRUE, FALSE },
    { "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", TRUE, TRUE },
    { "STREAMING-UNSIGNED-PAYLOAD-TRAILER", FALSE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (strcmp (signature->payload_hash, forms[i].form) == 0)
      {
        AtelierDoorChunked *self = g_new0 (AtelierDoorChunked, 1);

        self->signature = signature;
        self->sink = sink;
        self->user_data = user_data;
        self->is_signed = forms[i].is_signed;
        self->has_trailer = forms[i].has_trailer;
        self->line = g_string_new (NULL);
        self->previous = g_strdup (signature->signature);
        self->sum = g_checksum_new (G_CHECKSUM_SHA256);
        self->trailers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
        self->canonical = g_string_new (NULL);
        return self;
      }
  atelier_door_fail (error, ATELIER_DOOR_ERROR_NOT_IMPLEMENTED, _("The payload form “%s” is not supported"),
                     signature->payload_hash);
  return NULL;
}

void
atelier_door_chunked_free (AtelierDoorChunked *self)
{
  if (self == NULL)
    return;
  g_string_free (self->line, TRUE);
  g_free (self->chunk_signature);
  g_free (self->previous);
  g_checksum_free (self->sum);
  g_hash_table_unref (self->trailers);
  g_string_free (self->canonical, TRUE);
  g_free (self);
}

static gboolean
fail_malformed (GError **error)
{
  return atelier_door_fail (error, ATELIER_DOOR_ERROR_INCOMPLETE_BODY,
                            _("The aws-chunked body is malformed or ends too early"));
}

static gboolean
check_signature (AtelierDoorChunked *self, const char *what, const char *hashes, const char *claimed, GError **error)
{
  g_autofree char *text = g_strdup_printf ("AWS4-HMAC-SHA256-%s\n%s\n%s\n%s\n%s", what, self->signature->date,
                                           self->signature->scope, self->previous, hashes);
  g_autofree char *right = atelier_door_signature_sign (self->signature, text);

  if (claimed == NULL || !atelier_door_text_equal (right, claimed))
    return atelier_door_fail (error, ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH,
                              _("The signature of a part of the body does not match"));
  g_free (self->previous);
  self->previous = g_steal_pointer (&right);
  return TRUE;
}

static gboolean
end_chunk (AtelierDoorChunked *self, GError **error)
{
  if (self->is_signed)
    {
      g_autofree char *hashes = g_strconcat (EMPTY_SHA256 "\n", g_checksum_get_string (self->sum), NULL);

      if (!check_signature (self, "PAYLOAD", hashes, self->chunk_signature, error))
        return FALSE;
      g_checksum_reset (self->sum);
    }
  return TRUE;
}

static gboolean
read_size_line (AtelierDoorChunked *self, GError **error)
{
  char *mark = strchr (self->line->str, ';');

  g_clear_pointer (&self->chunk_signature, g_free);
  if (mark != NULL)
    {
      *mark = '\0';
      if (g_str_has_prefix (mark + 1, "chunk-signature="))
        self->chunk_signature = g_strdup (mark + 1 + strlen ("chunk-signature="));
    }
  if (!g_ascii_string_to_unsigned (self->line->str, 16, 0, G_MAXINT64, &self->left, NULL))
    return fail_malformed (error);
  if (self->left > 0)
    self->state = STATE_DATA;
  else if (!end_chunk (self, error))
    return FALSE;
  else
    self->state = STATE_TRAILER; /* without a trailer there is just its empty line */
  return TRUE;
}

static gboolean
read_trailer_line (AtelierDoorChunked *self, GError **error)
{
  char *colon = strchr (self->line->str, ':');
  char *name;

  if (self->line->len == 0)
    {
      if (self->is_signed && self->has_trailer)
        {
          g_autofree char *hash
              = g_compute_checksum_for_string (G_CHECKSUM_SHA256, self->canonical->str, self->canonical->len);

          if (!check_signature (self, "TRAILER", hash,
                                g_hash_table_lookup (self->trailers, "x-amz-trailer-signature"), error))
            return FALSE;
        }
      self->state = STATE_END;
      return TRUE;
    }
  if (!self->has_trailer || colon == NULL || g_hash_table_size (self->trailers) >= MOST_TRAILERS)
    return fail_malformed (error);
  *colon = '\0';
  name = g_ascii_strdown (self->line->str, -1);
  g_strstrip (colon + 1);
  if (strcmp (name, "x-amz-trailer-signature") != 0)
    g_string_append_printf (self->canonical, "%s:%s\n", name, colon + 1);
  g_hash_table_replace (self->trailers, name, g_strdup (colon + 1));
  return TRUE;
}

static gboolean
end_line (AtelierDoorChunked *self, GError **error)
{
  gboolean done;

  if (self->line->len > 0 && self->line->str[self->line->len - 1] == '\r')
    g_string_truncate (self->line, self->line->len - 1);
  if (strlen (self->line->str) != self->line->len)
    return fail_malformed (error);
  switch (self->state)
    {
    case STATE_SIZE:
      done = read_size_line (self, error);
      break;
    case STATE_DATA_END:
      done = self->line->len == 0 ? end_chunk (self, error) : fail_malformed (error);
      self->state = STATE_SIZE;
      break;
    case STATE_TRAILER:
      done = read_trailer_line (self, error);
      break;
    default:
      g_return_val_if_reached (FALSE);
    }
  g_string_truncate (self->line, 0);
  return done;
}

gboolean
atelier_door_chunked_feed (AtelierDoorChunked *self, const guint8 *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gsize taken;

      if (self->state == STATE_END)
        return fail_malformed (error);
      if (self->state == STATE_DATA)
        {
          taken = MIN (length, self->left);
          if (self->is_signed)
            g_checksum_update (self->sum, data, taken);
          if (!self->sink (data, taken, self->user_data, error))
            return FALSE;
          self->left -= taken;
          if (self->left == 0)
            self->state = STATE_DATA_END;
        }
      else
        {
          const guint8 *line_feed = memchr (data, '\n', length);

          taken = line_feed != NULL ? (gsize) (line_feed - data) : length;
          if (self->line->len + taken > LINE_MOST_BYTES)
            return fail_malformed (error);
          g_string_append_len (self->line, (const char *) data, taken);
          if (line_feed != NULL)
            {
              if (!end_line (self, error))
                return FALSE;
              taken++;
            }
        }
      data += taken;
      length -= taken;
    }
  return TRUE;
}

gboolean
atelier_door_chunked_finish (AtelierDoorChunked *self, GError **error)
{
  /* Some clients leave out the last, empty line where there is no trailer. */
  if (self->state == STATE_END || (self->state == STATE_TRAILER && !self->has_trailer && self->line->len == 0))
    return TRUE;
  return fail_malformed (error);
}

const char *
atelier_door_chunked_get_trailer (AtelierDoorChunked *self, const char *name)
{
  return g_hash_table_lookup (self->trailers, name);
}
