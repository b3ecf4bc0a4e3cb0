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
#include "atelier-listing.h"
#include "atelier-object-file.h"

/* Putting. A file of a finished attempt becomes an object by a hard link: no byte is copied. That is right only while
 * no other name of the same file exists through which it could be written later, so a file with several links is
 * copied. Sources below a folder are opened through no symbolic link, since a step that still runs could swap one in.
 */

static AtelierUri *
parse_target (const char *text, gboolean as_folder, GError **error)
{
  g_autoptr (AtelierUri) uri = atelier_uri_parse (text, FALSE, error);

  if (uri != NULL && uri->is_folder && !as_folder)
    {
      g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID,
                   _("“%s” names a folder, not an object: leave out the final slash or add a name"), text);
      return NULL;
    }
  return g_steal_pointer (&uri);
}

static AtelierObjectFile *
make_object (int fd, const struct stat *status, const char *path, AtelierPutFlags flags, GCancellable *cancellable,
             GError **error)
{
  g_autoptr (AtelierObjectFile) object = NULL;

  if ((flags & ATELIER_PUT_COPY) == 0 && status->st_nlink == 1 && status->st_uid == geteuid ())
    {
      g_autoptr (GError) local_error = NULL;

      object = atelier_object_file_create (path, fd, &local_error);
      if (object != NULL)
        return g_steal_pointer (&object);
      if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return NULL;
        }
    }
  object = atelier_object_file_create (path, -1, error);
  if (object == NULL || atelier_object_copy (fd, 0, -1, object->fd, cancellable, error) < 0)
    return NULL;
  return g_steal_pointer (&object);
}

/* What was just published is described by the descriptor it was made through, whatever @path means by now. */
static AtelierArtifactFile *
describe (AtelierArtifacts *self, int fd, const AtelierUri *uri, const char *relative, GCancellable *cancellable,
          GError **error)
{
  g_autoptr (AtelierArtifactFile) file = NULL;
  g_autofree char *text = atelier_uri_to_text (uri);
  struct stat status;

  if (fstat (fd, &status) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read “%s”: %s"), text,
                   g_strerror (errno));
      return NULL;
    }
  file = atelier_artifact_file_new (relative, text, status.st_size, atelier_artifacts_mtime_ns (&status));
  if (!atelier_artifacts_read_digest (self, file, fd, cancellable, error))
    return NULL;
  return g_steal_pointer (&file);
}

static AtelierArtifactFile *
put_fd (AtelierArtifacts *self, int fd, const AtelierUri *uri, const char *relative, AtelierPutFlags flags,
        GCancellable *cancellable, GError **error)
{
  g_autofree char *path = atelier_uri_to_path (uri, self->folder);
  g_autofree char *text = atelier_uri_to_text (uri);
  g_autoptr (AtelierObjectFile) object = NULL;
  struct stat status;

  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _("Cannot put “%s”: it is not a regular file"),
                   text);
      return NULL;
    }
  object = make_object (fd, &status, path, flags, cancellable, error);
  if (object == NULL || !atelier_object_file_publish (object, error))
    {
      g_prefix_error (error, _("Cannot put “%s”: "), text);
      return NULL;
    }
  return describe (self, object->fd >= 0 ? object->fd : fd, uri, relative, cancellable, error);
}

AtelierArtifactFile *
atelier_artifacts_put_file (AtelierArtifacts *self, const char *path, const char *uri, AtelierPutFlags flags,
                            GCancellable *cancellable, GError **error)
{
  g_autoptr (AtelierUri) target = NULL;
  AtelierArtifactFile *file;
  g_autofree char *base = NULL;
  int fd;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (path != NULL && uri != NULL, NULL);

  target = parse_target (uri, FALSE, error);
  if (target == NULL)
    return NULL;
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  base = g_path_get_basename (target->key);
  file = put_fd (self, fd, target, base, flags, cancellable, error);
  close (fd);
  return file;
}

static AtelierArtifactFile *
put_one_below (AtelierArtifacts *self, int folder_fd, const char *relative, const char *uri, AtelierPutFlags flags,
               GCancellable *cancellable, GError **error)
{
  g_autofree char *text = atelier_uri_join (uri, relative, error);
  g_autoptr (AtelierUri) target = text != NULL ? parse_target (text, FALSE, error) : NULL;
  AtelierArtifactFile *file;
  int fd;

  if (target == NULL || (fd = atelier_object_open_beneath (folder_fd, relative, error)) < 0)
    return NULL;
  file = put_fd (self, fd, target, relative, flags, cancellable, error);
  close (fd);
  return file;
}

GPtrArray *
atelier_artifacts_put_tree (AtelierArtifacts *self, const char *folder, const char *uri, AtelierPutFlags flags,
                            GPtrArray *notes, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_artifact_file_free);
  g_autoptr (AtelierUri) target = NULL;
  g_autoptr (AtelierListing) listing = NULL;
  g_autoptr (GError) local_error = NULL;
  AtelierListed listed;
  GPtrArray *skipped;
  int folder_fd;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (folder != NULL && uri != NULL, NULL);

  target = parse_target (uri, TRUE, error);
  if (target == NULL)
    return NULL;
  folder_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0 && errno == ENOENT)
    return g_steal_pointer (&files);
  if (folder_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read the folder “%s”: %s"), folder,
                   g_strerror (errno));
      return NULL;
    }

  listing = atelier_listing_new (folder, NULL, NULL);
  while (local_error == NULL && atelier_listing_next (listing, &listed, &local_error))
    {
      AtelierArtifactFile *file = put_one_below (self, folder_fd, listed.key, uri, flags, cancellable, &local_error);

      if (file != NULL)
        g_ptr_array_add (files, file);
    }
  close (folder_fd);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  skipped = atelier_listing_get_skipped (listing);
  for (guint i = 0; notes != NULL && i < skipped->len; i++)
    {
      g_autofree char *shown = g_utf8_make_valid (skipped->pdata[i], -1);

      g_ptr_array_add (
          notes,
          g_strdup_printf (_("“%s” is a symbolic link and was not put to “%s”: write a file instead"), shown, uri));
    }
  return g_steal_pointer (&files);
}

AtelierArtifactFile *
atelier_artifacts_put_bytes (AtelierArtifacts *self, const char *data, gssize length, const char *uri, GError **error)
{
  g_autoptr (AtelierUri) target = NULL;
  g_autoptr (AtelierObjectFile) object = NULL;
  g_autofree char *path = NULL;
  g_autofree char *base = NULL;
  gsize left = length < 0 ? strlen (data) : (gsize) length;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (data != NULL && uri != NULL, NULL);

  target = parse_target (uri, FALSE, error);
  if (target == NULL)
    return NULL;
  path = atelier_uri_to_path (target, self->folder);
  base = g_path_get_basename (target->key);
  object = atelier_object_file_create (path, -1, error);
  while (object != NULL && left > 0)
    {
      gssize n = write (object->fd, data, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
          g_clear_pointer (&object, atelier_object_file_free);
          break;
        }
      data += n;
      left -= n;
    }
  if (object == NULL || !atelier_object_file_publish (object, error))
    {
      g_prefix_error (error, _("Cannot put “%s”: "), uri);
      return NULL;
    }
  return describe (self, object->fd, target, base, NULL, error);
}

gboolean
atelier_artifacts_delete (AtelierArtifacts *self, const char *uri, GError **error)
{
  g_autoptr (AtelierUri) target = NULL;
  g_autofree char *path = NULL;
  g_autofree char *bucket = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (uri != NULL, FALSE);

  target = parse_target (uri, FALSE, error);
  if (target == NULL)
    return FALSE;
  path = atelier_uri_to_path (target, self->folder);
  bucket = g_build_filename (self->folder, target->bucket, NULL);
  return atelier_object_file_delete (path, bucket, error);
}

gboolean
atelier_artifacts_sync (AtelierArtifacts *self, GError **error)
{
  int fd = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean done = fd >= 0 ? syncfs (fd) == 0 : errno == ENOENT;

  if (!done)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot bring the artifact store to the disk: %s"),
                 g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return done;
}
