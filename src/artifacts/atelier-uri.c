/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-uri.h"

/* Names of objects and where they lie. The one place that decides which bucket and which key may become a path:
 * whatever passes atelier_bucket_check() and atelier_key_normalise() cannot leave the store's folder. */

G_DEFINE_QUARK (atelier-artifacts-error-quark, atelier_artifacts_error)

G_GNUC_PRINTF (2, 3) static void
set_invalid (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID, message);
}

/* atelier_name_is_hidden:
 *
 * Returns: whether @name is of a file that is being written, which no listing shows and no key may hold */
gboolean
atelier_name_is_hidden (const char *name)
{
  return g_str_has_prefix (name, ATELIER_TEMP_PREFIX);
}

/* atelier_bucket_check:
 *
 * As liberal as the older buckets of the service: 1 to 255 letters, digits, `.`, `-` and `_`, the first one a letter
 * or a digit, so that neither `..` nor a hidden name passes. */
gboolean
atelier_bucket_check (const char *bucket, GError **error)
{
  gsize length = strlen (bucket);

  if (length == 0)
    {
      set_invalid (error, _("The bucket's name is empty: write “s3://BUCKET/KEY”"));
      return FALSE;
    }
  if (length > ATELIER_BUCKET_MAX_BYTES)
    {
      set_invalid (error, _("The bucket's name “%.40s…” is too long: %d characters is the most"), bucket,
                   ATELIER_BUCKET_MAX_BYTES);
      return FALSE;
    }
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (bucket[i]) && (i == 0 || strchr (".-_", bucket[i]) == NULL))
      {
        g_autofree char *shown = g_utf8_make_valid (bucket, -1);

        set_invalid (
            error,
            _("“%s” is no name for a bucket: use letters, digits, “.”, “-” and “_”, beginning with a letter "
               "or a digit"),
            shown);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_component (const char *key, const char *component, gsize length, GError **error)
{
  if ((length == 1 && component[0] == '.') || (length == 2 && component[0] == '.' && component[1] == '.'))
    set_invalid (error, _("The key “%s” has a part “%.*s”, which would be another folder: leave it out"), key,
                 (int) length, component);
  else if (length > 255)
    set_invalid (error,
                 _("The key “%.60s…” has a part of %u bytes between slashes: a file's name holds 255 at most"), key,
                 (guint) length);
  else if (g_str_has_prefix (component, ATELIER_TEMP_PREFIX))
    set_invalid (error, _("The key “%s” has a part that begins with “%s”: such names are kept for files being written"),
                 key, ATELIER_TEMP_PREFIX);
  else
    return TRUE;
  return FALSE;
}

char *
atelier_key_normalise (const char *key, GError **error)
{
  g_autoptr (GString) normal = NULL;
  const char *at = key;

  if (!g_utf8_validate (key, -1, NULL))
    {
      g_autofree char *shown = g_utf8_make_valid (key, -1);

      set_invalid (error, _("The key “%s” is not valid UTF-8"), shown);
      return NULL;
    }
  normal = g_string_sized_new (strlen (key));
  while (*at != '\0')
    {
      gsize length = strcspn (at, "/");

      if (length > 0)
        {
          if (!check_component (key, at, length, error))
            return NULL;
          if (normal->len > 0)
            g_string_append_c (normal, '/');
          g_string_append_len (normal, at, length);
        }
      at += length;
      at += strspn (at, "/");
    }
  if (normal->len > ATELIER_KEY_MAX_BYTES)
    {
      set_invalid (error, _("The key “%.60s…” is too long: %d bytes is the most"), key, ATELIER_KEY_MAX_BYTES);
      return NULL;
    }
  return g_string_free (g_steal_pointer (&normal), FALSE);
}

static AtelierUri *
parse_local (const char *text, const char *path, GError **error)
{
  g_autofree char *normal = atelier_key_normalise (path, error);
  AtelierUri *self;

  if (normal == NULL)
    return NULL;
  self = g_new0 (AtelierUri, 1);
  self->kind = ATELIER_URI_LOCAL;
  self->path = g_strconcat ("/", normal, NULL);
  self->is_folder = g_str_has_suffix (text, "/");
  return self;
}

static AtelierUri *
parse_s3 (const char *text, GError **error)
{
  const char *rest = text + strlen ("s3://");
  gsize length = strcspn (rest, "/");
  g_autofree char *bucket = g_strndup (rest, length);
  g_autofree char *key = NULL;
  AtelierUri *self;

  if (!atelier_bucket_check (bucket, error) || (key = atelier_key_normalise (rest + length, error)) == NULL)
    {
      g_prefix_error (error, _("“%s” cannot be used: "), text);
      return NULL;
    }
  self = g_new0 (AtelierUri, 1);
  self->kind = ATELIER_URI_S3;
  self->is_folder = *key == '\0' || g_str_has_suffix (text, "/");
  self->bucket = g_steal_pointer (&bucket);
  self->key = g_steal_pointer (&key);
  return self;
}

AtelierUri *
atelier_uri_parse (const char *text, gboolean allow_local, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);

  if (!g_utf8_validate (text, -1, NULL))
    {
      g_autofree char *shown = g_utf8_make_valid (text, -1);

      set_invalid (error, _("The address “%s” is not valid UTF-8"), shown);
      return NULL;
    }
  if (g_str_has_prefix (text, "s3://"))
    return parse_s3 (text, error);
  if (g_str_has_prefix (text, "https://") || g_str_has_prefix (text, "http://"))
    {
      set_invalid (error, _("“%s” is a web address: the artifact store is local, so write “s3://BUCKET/KEY”"), text);
      return NULL;
    }
  if (allow_local && g_str_has_prefix (text, "file:///"))
    {
      g_autofree char *path = g_filename_from_uri (text, NULL, NULL);

      if (path != NULL && g_utf8_validate (path, -1, NULL))
        return parse_local (text, path, error);
    }
  if (allow_local && text[0] == '/')
    return parse_local (text, text, error);

  if (*text == '\0')
    set_invalid (error, _("The address of an object is empty: write “s3://BUCKET/KEY”"));
  else if (allow_local)
    set_invalid (error, _("“%s” names no object: write “s3://BUCKET/KEY”, “file:///PATH” or an absolute path"), text);
  else
    set_invalid (error, _("“%s” names no object: write “s3://BUCKET/KEY”"), text);
  return NULL;
}

AtelierUri *
atelier_uri_copy (const AtelierUri *self)
{
  AtelierUri *copy = g_new0 (AtelierUri, 1);

  copy->kind = self->kind;
  copy->bucket = g_strdup (self->bucket);
  copy->key = g_strdup (self->key);
  copy->path = g_strdup (self->path);
  copy->is_folder = self->is_folder;
  return copy;
}

void
atelier_uri_free (AtelierUri *self)
{
  if (self == NULL)
    return;
  g_free (self->bucket);
  g_free (self->key);
  g_free (self->path);
  g_free (self);
}

char *
atelier_uri_to_text (const AtelierUri *self)
{
  if (self->kind == ATELIER_URI_LOCAL)
    {
      g_autofree char *escaped = g_uri_escape_string (self->path, "/", TRUE);

      return g_strconcat ("file://", escaped, NULL);
    }
  return g_strconcat ("s3://", self->bucket, "/", self->key, NULL);
}

char *
atelier_uri_join (const char *base, const char *relative, GError **error)
{
  g_autoptr (AtelierUri) uri = NULL;
  g_autofree char *joined = g_strconcat (base, "/", relative, NULL);

  uri = atelier_uri_parse (joined, TRUE, error);
  return uri != NULL ? atelier_uri_to_text (uri) : NULL;
}

char *
atelier_uri_to_path (const AtelierUri *self, const char *store_folder)
{
  if (self->kind == ATELIER_URI_LOCAL)
    return g_strdup (self->path);
  return g_build_filename (store_folder, self->bucket, self->key, NULL);
}
