/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-artifacts-private.h"
#include "atelier-json.h"
#include "atelier-listing.h"
#include "atelier-object-file.h"

/* The artifact store: what it is, and how objects are found and digested. Staging and putting have files of their
 * own.
 *
 * The store is the file system and nothing beside it: there is no index that could disagree with the folder, so a
 * person may copy files in and out. What the database keeps are digests, found again by (URI, size, time of change);
 * a file that was changed by hand is simply read again. */

#define MANIFEST_MOST_BYTES (64 << 20)
#define DIGEST_PIECE_BYTES (1 << 18)

AtelierArtifacts *
atelier_artifacts_new (const char *store_folder, const AtelierDigestCache *cache)
{
  AtelierArtifacts *self = g_atomic_rc_box_new0 (AtelierArtifacts);

  self->folder = g_canonicalize_filename (store_folder, NULL);
  if (cache != NULL)
    self->cache = *cache;
  return self;
}

AtelierArtifacts *
atelier_artifacts_ref (AtelierArtifacts *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
artifacts_clear (gpointer data)
{
  AtelierArtifacts *self = data;

  g_free (self->folder);
  if (self->cache.free_user_data != NULL)
    self->cache.free_user_data (self->cache.user_data);
}

void
atelier_artifacts_unref (AtelierArtifacts *self)
{
  if (self != NULL)
    g_atomic_rc_box_release_full (self, artifacts_clear);
}

const char *
atelier_artifacts_get_folder (AtelierArtifacts *self)
{
  return self->folder;
}

AtelierArtifactFile *
atelier_artifact_file_new (const char *relative, const char *uri, gint64 size_bytes, gint64 mtime_ns)
{
  AtelierArtifactFile *file = g_new0 (AtelierArtifactFile, 1);

  file->relative = g_strdup (relative);
  file->uri = g_strdup (uri);
  file->size_bytes = size_bytes;
  file->mtime_ns = mtime_ns;
  return file;
}

void
atelier_artifact_file_free (AtelierArtifactFile *file)
{
  if (file == NULL)
    return;
  g_free (file->relative);
  g_free (file->uri);
  g_free (file->digest);
  g_free (file);
}

gint64
atelier_artifacts_mtime_ns (const struct stat *status)
{
  return status->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status->st_mtim.tv_nsec;
}

char *
atelier_artifacts_file_path (AtelierArtifacts *self, const AtelierArtifactFile *file, GError **error)
{
  g_autoptr (AtelierUri) uri = atelier_uri_parse (file->uri, TRUE, error);

  return uri != NULL ? atelier_uri_to_path (uri, self->folder) : NULL;
}

/* The object of exactly that name. Of symbolic links only a person's own, outside the store, is followed. */
static gboolean
stat_object (const AtelierUri *uri, const char *path, struct stat *status)
{
  return !uri->is_folder && (uri->kind == ATELIER_URI_LOCAL ? stat (path, status) : lstat (path, status)) == 0 &&
         S_ISREG (status->st_mode);
}

static gboolean
set_not_found (AtelierArtifacts *self, const AtelierUri *uri, const char *text, GError **error)
{
  if (uri->kind == ATELIER_URI_LOCAL)
    g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
                 _("no objects found at “%s”: there is no file and no folder with files of that name"), text);
  else
    {
      g_autofree char *bucket = g_build_filename (self->folder, uri->bucket, NULL);

      if (g_file_test (bucket, G_FILE_TEST_IS_DIR))
        g_set_error (
            error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
            _("no objects found at “%s”: nothing was put there; check the key, or put the data there first"), text);
      else
        g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
                     _("no objects found at “%s”: the artifact store has no bucket “%s”; put the data there first"),
                     text, uri->bucket);
    }
  return FALSE;
}

/* --- finding --- */

static char *
child_uri (const AtelierUri *parent, const char *relative)
{
  AtelierUri child = *parent;
  g_autofree char *joined = NULL;

  joined = parent->kind == ATELIER_URI_LOCAL ? g_build_filename (parent->path, relative, NULL)
           : *parent->key != '\0'            ? g_strconcat (parent->key, "/", relative, NULL)
                                             : g_strdup (relative);
  if (parent->kind == ATELIER_URI_LOCAL)
    child.path = joined;
  else
    child.key = joined;
  return atelier_uri_to_text (&child);
}

static void
add_notes (GPtrArray *notes, GPtrArray *skipped, const char *text)
{
  for (guint i = 0; notes != NULL && i < skipped->len; i++)
    g_ptr_array_add (notes, g_strdup_printf (_("“%s” below “%s” is a symbolic link and was passed over"),
                                             (const char *) skipped->pdata[i], text));
}

static gboolean
list_below (AtelierArtifacts *self, const AtelierUri *uri, gboolean deep, GPtrArray *files, GPtrArray *notes,
            GCancellable *cancellable, GError **error)
{
  g_autofree char *path = atelier_uri_to_path (uri, self->folder);
  g_autofree char *text = atelier_uri_to_text (uri);
  g_autoptr (AtelierListing) listing = atelier_listing_new (path, NULL, NULL);
  g_autoptr (GError) local_error = NULL;
  AtelierListed listed;

  while (atelier_listing_next (listing, &listed, &local_error))
    {
      const char *slash = deep ? NULL : strchr (listed.key, '/');
      g_autofree char *relative
          = slash != NULL ? g_strndup (listed.key, slash + 1 - listed.key) : g_strdup (listed.key);
      g_autofree char *found = NULL;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!g_utf8_validate (relative, -1, NULL))
        {
          g_autofree char *shown = g_utf8_make_valid (relative, -1);

          g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID,
                       _("The file “%s” below “%s” has a name that is not valid UTF-8: rename it"), shown, text);
          return FALSE;
        }
      found = child_uri (uri, relative);
      if (slash != NULL)
        atelier_listing_skip (listing, relative);
      g_ptr_array_add (files, atelier_artifact_file_new (relative, found, slash != NULL ? -1 : listed.size_bytes,
                                                         slash != NULL ? 0 : listed.mtime_ns));
    }
  add_notes (notes, atelier_listing_get_skipped (listing), text);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return TRUE;
}

static gboolean
resolve_into (AtelierArtifacts *self, const AtelierUri *uri, gboolean deep, GPtrArray *files, GPtrArray *notes,
              GCancellable *cancellable, GError **error)
{
  g_autofree char *path = atelier_uri_to_path (uri, self->folder);
  struct stat status;

  if (stat_object (uri, path, &status))
    {
      g_autofree char *base = g_path_get_basename (path);
      g_autofree char *text = atelier_uri_to_text (uri);

      g_ptr_array_add (files,
                       atelier_artifact_file_new (base, text, status.st_size, atelier_artifacts_mtime_ns (&status)));
      return TRUE;
    }
  return list_below (self, uri, deep, files, notes, cancellable, error);
}

static GPtrArray *
new_files (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_artifact_file_free);
}

static gboolean
add_manifest_key (AtelierArtifacts *self, const char *prefix, const char *key, GPtrArray *files, GError **error)
{
  g_autofree char *text = g_strconcat (prefix, key, NULL);
  g_autofree char *relative = atelier_key_normalise (key, error);
  g_autoptr (AtelierUri) uri = relative != NULL ? atelier_uri_parse (text, FALSE, error) : NULL;
  g_autofree char *path = uri != NULL ? atelier_uri_to_path (uri, self->folder) : NULL;
  g_autofree char *canonical = NULL;
  struct stat status;

  if (path == NULL)
    return FALSE;
  if (!stat_object (uri, path, &status))
    return set_not_found (self, uri, text, error);
  canonical = atelier_uri_to_text (uri);
  g_ptr_array_add (files, atelier_artifact_file_new (relative, canonical, status.st_size,
                                                     atelier_artifacts_mtime_ns (&status)));
  return TRUE;
}

static gboolean
add_manifest_keys (AtelierArtifacts *self, const char *prefix, const json_t *keys, gsize first, const char *text,
                   GPtrArray *files, GError **error)
{
  for (gsize i = first; i < json_array_size (keys); i++)
    {
      const char *key = json_string_value (json_array_get (keys, i));

      if (key == NULL || *key == '\0')
        {
          g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID,
                       _("The manifest “%s” is wrong: item %u is no key (a text such as \"part-1.csv\")"), text,
                       (guint) i);
          return FALSE;
        }
      if (!add_manifest_key (self, prefix, key, files, error))
        {
          g_prefix_error (error, _("The manifest “%s” names what cannot be used: "), text);
          return FALSE;
        }
    }
  return TRUE;
}

/* [{"prefix": "s3://…/"}, "key", …], or one object with "prefix" and lists of keys. */
static gboolean
resolve_manifest (AtelierArtifacts *self, const char *text, GPtrArray *files, GError **error)
{
  g_autofree char *path = atelier_artifacts_dup_path (self, text, error);
  g_autoptr (json_t) manifest = NULL;
  const char *prefix = NULL;
  struct stat status;

  if (path == NULL)
    return FALSE;
  if (stat (path, &status) == 0 && status.st_size > MANIFEST_MOST_BYTES)
    {
      g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_TOO_LARGE,
                   _("The manifest “%s” is too large: it may hold %d MiB"), text, MANIFEST_MOST_BYTES >> 20);
      return FALSE;
    }
  manifest = atelier_json_read_file (path, error);
  if (manifest == NULL)
    {
      g_prefix_error (error, _("The manifest “%s” cannot be read: "), text);
      return FALSE;
    }
  if (json_is_array (manifest))
    prefix = json_string_value (json_object_get (json_array_get (manifest, 0), "prefix"));
  else if (json_is_object (manifest))
    prefix = json_string_value (json_object_get (manifest, "prefix"));
  if (prefix == NULL)
    {
      g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID,
                   _("The manifest “%s” is wrong: its first item must be {\"prefix\": \"s3://BUCKET/…\"}"), text);
      return FALSE;
    }
  if (json_is_array (manifest))
    return add_manifest_keys (self, prefix, manifest, 1, text, files, error);
  else
    {
      const char *name;
      json_t *value;

      json_object_foreach (manifest, name, value)
        if (json_is_array (value) && !add_manifest_keys (self, prefix, value, 0, text, files, error))
          return FALSE;
      return TRUE;
    }
}

GPtrArray *
atelier_artifacts_resolve (AtelierArtifacts *self, const char *uri, AtelierInputKind kind, GPtrArray *notes,
                           GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) files = new_files ();
  g_autoptr (AtelierUri) parsed = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (uri != NULL, NULL);

  parsed = atelier_uri_parse (uri, TRUE, error);
  if (parsed == NULL ||
      !(kind == ATELIER_INPUT_MANIFEST ? resolve_manifest (self, uri, files, error)
                                       : resolve_into (self, parsed, TRUE, files, notes, cancellable, error)))
    return NULL;
  if (files->len == 0 && !set_not_found (self, parsed, uri, error))
    return NULL;
  return g_steal_pointer (&files);
}

GPtrArray *
atelier_artifacts_list (AtelierArtifacts *self,
                        const char *uri,
                        gboolean deep,
                        GCancellable *cancellable,
                        GError **error)
{
  g_autoptr (GPtrArray) files = new_files ();
  g_autoptr (AtelierUri) parsed = NULL;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (uri != NULL, NULL);

  parsed = atelier_uri_parse (uri, TRUE, error);
  if (parsed == NULL || !resolve_into (self, parsed, deep, files, NULL, cancellable, error))
    return NULL;
  return g_steal_pointer (&files);
}

char *
atelier_artifacts_dup_path (AtelierArtifacts *self, const char *uri, GError **error)
{
  g_autoptr (AtelierUri) parsed = NULL;
  g_autofree char *path = NULL;
  struct stat status;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (uri != NULL, NULL);

  parsed = atelier_uri_parse (uri, TRUE, error);
  if (parsed == NULL)
    return NULL;
  path = atelier_uri_to_path (parsed, self->folder);
  if (!stat_object (parsed, path, &status))
    {
      set_not_found (self, parsed, uri, error);
      return NULL;
    }
  return g_steal_pointer (&path);
}

/* --- digests --- */

gboolean
atelier_artifacts_read_digest (AtelierArtifacts *self, AtelierArtifactFile *file, int fd, GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *piece = g_malloc (DIGEST_PIECE_BYTES);
  gint64 offset = 0;
  gssize n;

  while ((n = pread (fd, piece, DIGEST_PIECE_BYTES, offset)) != 0)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (n < 0 && errno != EINTR)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read “%s”: %s"), file->uri,
                       g_strerror (errno));
          return FALSE;
        }
      g_checksum_update (sum, piece, MAX (n, 0));
      offset += MAX (n, 0);
    }
  g_free (file->digest);
  file->digest = g_strdup (g_checksum_get_string (sum));
  if (self->cache.remember != NULL)
    self->cache.remember (file->uri, file->size_bytes, file->mtime_ns, file->digest, self->cache.user_data);
  return TRUE;
}

gboolean
atelier_artifacts_digest_fd (AtelierArtifacts *self, AtelierArtifactFile *file, int fd, GCancellable *cancellable,
                             GError **error)
{
  g_clear_pointer (&file->digest, g_free);
  if (self->cache.look_up != NULL)
    file->digest = self->cache.look_up (file->uri, file->size_bytes, file->mtime_ns, self->cache.user_data);
  return file->digest != NULL || atelier_artifacts_read_digest (self, file, fd, cancellable, error);
}

gboolean
atelier_artifacts_digest_files (AtelierArtifacts *self, GPtrArray *files, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (files != NULL, FALSE);

  for (guint i = 0; i < files->len; i++)
    {
      AtelierArtifactFile *file = files->pdata[i];
      g_autofree char *path = NULL;
      struct stat status;
      gboolean done;
      int fd;

      if (file->digest != NULL)
        continue;
      path = atelier_artifacts_file_path (self, file, error);
      if (path == NULL)
        return FALSE;
      fd = open (path, O_RDONLY | O_CLOEXEC);
      if (fd < 0 || fstat (fd, &status) != 0)
        {
          g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read “%s”: %s"), file->uri,
                       g_strerror (errno));
          if (fd >= 0)
            close (fd);
          return FALSE;
        }
      file->size_bytes = status.st_size;
      file->mtime_ns = atelier_artifacts_mtime_ns (&status);
      done = atelier_artifacts_digest_fd (self, file, fd, cancellable, error);
      close (fd);
      if (!done)
        return FALSE;
    }
  return TRUE;
}

static int
compare_relative (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const AtelierArtifactFile *const *) a)->relative,
                 (*(const AtelierArtifactFile *const *) b)->relative);
}

char *
atelier_artifacts_set_digest (GPtrArray *files)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_copy (files, NULL, NULL);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);

  g_ptr_array_set_free_func (sorted, NULL);
  g_ptr_array_sort (sorted, compare_relative);
  for (guint i = 0; i < sorted->len; i++)
    {
      const AtelierArtifactFile *file = sorted->pdata[i];

      g_return_val_if_fail (file->digest != NULL, NULL);
      g_checksum_update (sum, (const guchar *) file->relative, strlen (file->relative) + 1);
      g_checksum_update (sum, (const guchar *) file->digest, strlen (file->digest) + 1);
    }
  return g_strdup (g_checksum_get_string (sum));
}
