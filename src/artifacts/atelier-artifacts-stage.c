/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-archive.h"
#include "atelier-artifacts-private.h"
#include "atelier-object-file.h"

/* Staging. Between resolve and stage an object may have been replaced; a link or an open descriptor then holds the new
 * version whole, and the description is made to say so. */

static char *
target_path (const AtelierArtifactFile *file, const char *folder, AtelierStageFlags flags)
{
  gsize length = strlen (file->relative);
  g_autofree char *relative = NULL;

  if ((flags & ATELIER_STAGE_GUNZIP) != 0 && length > 3 && g_str_has_suffix (file->relative, ".gz") &&
      file->relative[length - 4] != '/')
    length -= 3;
  relative = g_strndup (file->relative, length);
  return g_build_filename (folder, relative, NULL);
}

static gboolean
copy_to (int from_fd, const char *target, GCancellable *cancellable, GError **error)
{
  int to_fd = open (target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  gboolean done;

  if (to_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot write “%s”: %s"), target,
                   g_strerror (errno));
      return FALSE;
    }
  done = atelier_object_copy (from_fd, 0, -1, to_fd, cancellable, error) >= 0;
  close (to_fd);
  return done;
}

static gboolean
stage_content (int fd, const char *target, gboolean may_link, AtelierStageFlags flags, GCancellable *cancellable,
               GError **error)
{
  g_autofree char *held = g_strdup_printf ("/proc/self/fd/%d", fd);

  unlink (target);
  if ((flags & ATELIER_STAGE_GUNZIP) != 0)
    return atelier_archive_gunzip (held, target, 0, cancellable, error);
  if (may_link && linkat (AT_FDCWD, held, AT_FDCWD, target, AT_SYMLINK_FOLLOW) == 0)
    return TRUE;
  return copy_to (fd, target, cancellable, error);
}

static gboolean
stage_one (AtelierArtifacts *self, AtelierArtifactFile *file, const char *folder, AtelierStageFlags flags,
           GCancellable *cancellable, GError **error)
{
  g_autofree char *path = atelier_artifacts_file_path (self, file, error);
  g_autofree char *target = target_path (file, folder, flags);
  g_autofree char *target_folder = g_path_get_dirname (target);
  gboolean may_link = (flags & ATELIER_STAGE_LINK) != 0 && g_str_has_prefix (file->uri, "s3://");
  gboolean done = FALSE;
  struct stat status;
  int fd;

  if (path == NULL)
    return FALSE;
  fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || fstat (fd, &status) != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot stage “%s”: %s"), file->uri,
                 g_strerror (errno));
  else if (g_mkdir_with_parents (target_folder, 0755) != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make the folder “%s”: %s"), target_folder,
                 g_strerror (errno));
  else if (!stage_content (fd, target, may_link, flags, cancellable, error))
    g_prefix_error (error, _("Cannot stage “%s”: "), file->uri);
  else if (status.st_size == file->size_bytes && atelier_artifacts_mtime_ns (&status) == file->mtime_ns)
    done = TRUE;
  else
    {
      file->size_bytes = status.st_size;
      file->mtime_ns = atelier_artifacts_mtime_ns (&status);
      done = file->digest == NULL || atelier_artifacts_digest_fd (self, file, fd, cancellable, error);
    }
  if (fd >= 0)
    close (fd);
  return done;
}

gboolean
atelier_artifacts_stage (AtelierArtifacts *self, GPtrArray *files, const char *folder, AtelierStageFlags flags,
                         GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (files != NULL && folder != NULL, FALSE);

  if (g_mkdir_with_parents (folder, 0755) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make the folder “%s”: %s"), folder,
                   g_strerror (errno));
      return FALSE;
    }
  for (guint i = 0; i < files->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (!stage_one (self, files->pdata[i], folder, flags, cancellable, error))
        return FALSE;
    }
  return TRUE;
}
