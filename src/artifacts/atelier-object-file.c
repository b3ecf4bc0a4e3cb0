/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-object-file.h"

/* Objects appear whole or not at all, and a folder that holds no object does not exist for anyone. Those who delete
 * remove empty folders while others make them, so making a temporary file begins again where its folder has vanished;
 * once the file is in it, the folder stays. */

#define MOST_TRIES 1000
#define COPY_PIECE_BYTES (8 << 20)

G_GNUC_PRINTF (3, 4) static gboolean
set_errno (GError **error, int number, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (number), "%s: %s", message, g_strerror (number));
  return FALSE;
}

/* (nullable): the part of @path that is a file where a folder is needed */
static char *
find_obstacle (const char *path)
{
  g_autofree char *at = g_path_get_dirname (path);
  struct stat status;

  while (strlen (at) > 1)
    {
      char *parent;

      if (stat (at, &status) == 0)
        return S_ISDIR (status.st_mode) ? NULL : g_steal_pointer (&at);
      parent = g_path_get_dirname (at);
      g_free (at);
      at = parent;
    }
  return NULL;
}

static char *
new_temp_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  guint64 random[2];

  if (getrandom (random, sizeof random, 0) != sizeof random)
    {
      random[0] = ((guint64) g_random_int () << 32) | g_random_int ();
      random[1] = ((guint64) getpid () << 32) | g_random_int ();
    }
  return g_strdup_printf ("%s/" ATELIER_TEMP_PREFIX "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", folder,
                          random[0], random[1]);
}

AtelierObjectFile *
atelier_object_file_create (const char *path, int link_fd, GError **error)
{
  g_autoptr (AtelierObjectFile) self = g_new0 (AtelierObjectFile, 1);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *obstacle = NULL;
  int saved = 0;

  self->path = g_strdup (path);
  self->fd = -1;
  for (guint i = 0; i < MOST_TRIES; i++)
    {
      g_autofree char *temp_path = new_temp_path (path);

      if (g_mkdir_with_parents (folder, 0755) != 0)
        saved = errno;
      else if (link_fd >= 0)
        {
          g_autofree char *link_path = g_strdup_printf ("/proc/self/fd/%d", link_fd);

          saved = linkat (AT_FDCWD, link_path, AT_FDCWD, temp_path, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
        }
      else
        {
          self->fd = open (temp_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
          saved = self->fd >= 0 ? 0 : errno;
        }
      if (saved == 0)
        {
          self->temp_path = g_steal_pointer (&temp_path);
          return g_steal_pointer (&self);
        }
      /* ENOTDIR is also what is told of a folder that another process removed in between. */
      if (saved == ENOTDIR)
        obstacle = find_obstacle (path);
      if (obstacle != NULL || (saved != ENOENT && saved != EEXIST && saved != ENOTDIR))
        break;
    }
  if (obstacle != NULL)
    g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_CONFLICT,
                 _("“%s” is an object already, and on disk it cannot be a folder too: choose another key"), obstacle);
  else if (link_fd >= 0 && saved != ENOSPC)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, _("“%s” cannot be a hard link: %s"), path,
                 g_strerror (saved));
  else
    set_errno (error, saved, _("Cannot write “%s”"), path);
  return NULL;
}

void
atelier_object_file_free (AtelierObjectFile *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  if (self->temp_path != NULL)
    unlink (self->temp_path);
  g_free (self->temp_path);
  g_free (self->path);
  g_free (self);
}

gboolean
atelier_object_file_stamp (AtelierObjectFile *self, GError **error)
{
  struct timespec times[2] = { { .tv_nsec = UTIME_OMIT } };

  /* The kernel's own time of change moves in steps of milliseconds: two versions of one size could look alike. */
  clock_gettime (CLOCK_REALTIME, &times[1]);
  if (utimensat (AT_FDCWD, self->temp_path, times, 0) != 0)
    return set_errno (error, errno, _("Cannot finish “%s”"), self->path);
  self->mtime_ns = times[1].tv_sec * G_GINT64_CONSTANT (1000000000) + times[1].tv_nsec;
  return TRUE;
}

gboolean
atelier_object_file_publish (AtelierObjectFile *self, GError **error)
{
  if (self->mtime_ns == 0 && !atelier_object_file_stamp (self, error))
    return FALSE;
  if (chmod (self->temp_path, ATELIER_OBJECT_MODE) != 0)
    return set_errno (error, errno, _("Cannot finish “%s”"), self->path);

  for (guint i = 0; rename (self->temp_path, self->path) != 0; i++)
    {
      int saved = errno;

      /* A folder without objects may be left over; one with objects stays. */
      if ((saved == EISDIR || saved == ENOTEMPTY || saved == EEXIST) && i < MOST_TRIES && rmdir (self->path) == 0)
        continue;
      if (saved == EISDIR || saved == ENOTEMPTY || saved == EEXIST)
        {
          g_set_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_CONFLICT,
                       _("There are objects below “%s/”, and on disk it cannot be an object too: choose another key"),
                       self->path);
          return FALSE;
        }
      return set_errno (error, saved, _("Cannot write “%s”"), self->path);
    }
  g_clear_pointer (&self->temp_path, g_free);
  return TRUE;
}

gboolean
atelier_object_file_delete (const char *path, const char *bucket_folder, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  /* EISDIR, EPERM: a folder of that name, which is no object. */
  if (unlink (path) != 0)
    return errno == ENOENT || errno == ENOTDIR || errno == EISDIR || errno == ENAMETOOLONG ||
           set_errno (error, errno, _("Cannot delete “%s”"), path);
  while (strlen (folder) > strlen (bucket_folder) && rmdir (folder) == 0)
    {
      char *parent = g_path_get_dirname (folder);

      g_free (folder);
      folder = parent;
    }
  return TRUE;
}

int
atelier_object_open_beneath (int folder_fd, const char *relative, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (relative, "/", -1);
  guint n_parts = g_strv_length (parts);
  int at = folder_fd;
  struct stat status;

  for (guint i = 0; i < n_parts; i++)
    {
      gboolean is_last = i + 1 == n_parts;
      int next = openat (at, parts[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (is_last ? 0 : O_DIRECTORY));
      int saved = errno;

      if (at != folder_fd)
        close (at);
      if (next < 0)
        {
          set_errno (error, saved, _("Cannot open “%s”"), relative);
          return -1;
        }
      at = next;
    }
  if (fstat (at, &status) != 0 || !S_ISREG (status.st_mode))
    {
      close (at);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, _("“%s” is not a regular file"), relative);
      return -1;
    }
  return at;
}

static gssize
copy_by_hand (int from_fd, gint64 offset, gsize length, int to_fd)
{
  g_autofree char *piece = g_malloc (1 << 17);
  gssize got = pread (from_fd, piece, MIN (length, 1 << 17), offset);
  gssize written = 0;

  while (written < got)
    {
      gssize n = write (to_fd, piece + written, got - written);

      if (n < 0 && errno != EINTR)
        return -1;
      written += MAX (n, 0);
    }
  return got;
}

gint64
atelier_object_copy (int from_fd, gint64 offset, gint64 length, int to_fd, GCancellable *cancellable, GError **error)
{
  gboolean in_kernel = TRUE;
  gint64 copied = 0;

  while (length < 0 || copied < length)
    {
      gsize wanted = length < 0 ? COPY_PIECE_BYTES : MIN (length - copied, COPY_PIECE_BYTES);
      off_t from = offset + copied;
      gssize n;

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return -1;
      n = in_kernel ? copy_file_range (from_fd, &from, to_fd, NULL, wanted, 0)
                    : copy_by_hand (from_fd, from, wanted, to_fd);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && in_kernel
          && (errno == EXDEV || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL || errno == EPERM))
        {
          in_kernel = FALSE;
          continue;
        }
      if (n < 0)
        {
          set_errno (error, errno, _("Cannot copy"));
          return -1;
        }
      /* Some file systems of the kernel's own tell copy_file_range() that a file is empty. */
      if (n == 0 && in_kernel && copied == 0)
        {
          in_kernel = FALSE;
          continue;
        }
      if (n == 0)
        break;
      copied += n;
    }
  return copied;
}
