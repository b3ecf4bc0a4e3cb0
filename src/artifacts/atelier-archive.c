/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-archive-private.h"

/* Packing. GNU's tar format takes names as the bytes they are, whatever the locale, and files of any size; with
 * sorted names and without times and owners the same contents give the same archive, and so the same digest. */

#define PIECE_BYTES (1 << 18)

typedef struct archive       Archive;
typedef struct archive_entry ArchiveEntry;

static void
add_note (GPtrArray *notes, const char *relative, const char *why)
{
  if (notes != NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (relative, -1);

      g_ptr_array_add (notes, g_strdup_printf (_("“%s” was left out of the archive: %s"), shown, why));
    }
}

typedef struct archive       Archive;
typedef struct archive_entry ArchiveEntry;

typedef struct
{
  Archive      *archive;
  ArchiveEntry *entry;
  GPtrArray    *notes;
  GCancellable *cancellable;
  char         *piece;
} Packer;

static gboolean
pack_content (Packer *packer, const char *relative, int fd, gint64 size, GError **error)
{
  gint64 left = size;

  while (left > 0)
    {
      gssize n = read (fd, packer->piece, MIN (left, PIECE_BYTES));

      if (n < 0 && errno == EINTR)
        continue;
      if (g_cancellable_set_error_if_cancelled (packer->cancellable, error))
        return FALSE;
      if (n <= 0)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Cannot pack “%s”: %s"), relative,
                       n < 0 ? g_strerror (errno) : _("it became shorter meanwhile"));
          return FALSE;
        }
      if (archive_write_data (packer->archive, packer->piece, n) != n)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Cannot pack “%s”: %s"), relative,
                       archive_error_string (packer->archive));
          return FALSE;
        }
      left -= n;
    }
  return TRUE;
}

static gboolean
pack_header (Packer *packer,
             const char *relative,
             mode_t type,
             mode_t mode,
             gint64 size,
             const char *link,
             GError **error)
{
  archive_entry_clear (packer->entry);
  archive_entry_set_pathname (packer->entry, relative);
  archive_entry_set_filetype (packer->entry, type);
  archive_entry_set_perm (packer->entry, mode);
  archive_entry_set_size (packer->entry, size);
  archive_entry_set_mtime (packer->entry, 0, 0);
  if (link != NULL)
    archive_entry_set_symlink (packer->entry, link);
  if (archive_write_header (packer->archive, packer->entry) == ARCHIVE_OK)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Cannot pack “%s”: %s"), relative,
               archive_error_string (packer->archive));
  return FALSE;
}

static gboolean
pack_file (Packer *packer, int folder_fd, const char *name, const char *relative, GError **error)
{
  int fd = openat (folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat status;
  gboolean done;

  if (fd < 0 || fstat (fd, &status) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot pack “%s”: %s"), relative,
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  done = pack_header (packer, relative, AE_IFREG, (status.st_mode & 0100) != 0 ? 0755 : 0644, status.st_size, NULL,
                      error)
         && pack_content (packer, relative, fd, status.st_size, error);
  close (fd);
  return done;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean pack_folder (Packer *packer, int fd, const char *relative, GError **error);

static gboolean
pack_entry (Packer *packer, int folder_fd, const char *name, const char *relative, GError **error)
{
  char target[4096];
  struct stat status;
  gssize n;

  if (fstatat (folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return TRUE; /* gone meanwhile */
  if (S_ISREG (status.st_mode))
    return pack_file (packer, folder_fd, name, relative, error);
  if (S_ISDIR (status.st_mode))
    {
      int fd = openat (folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      g_autofree char *with_slash = g_strconcat (relative, "/", NULL);

      return pack_header (packer, with_slash, AE_IFDIR, 0755, 0, NULL, error)
             && pack_folder (packer, fd, relative, error);
    }
  if (!S_ISLNK (status.st_mode))
    add_note (packer->notes, relative, _("it is neither a file nor a folder"));
  else if ((n = readlinkat (folder_fd, name, target, sizeof target - 1)) > 0)
    {
      target[n] = '\0';
      if (atelier_archive_link_stays_inside (target, relative))
        return pack_header (packer, relative, AE_IFLNK, 0777, 0, target, error);
      add_note (packer->notes, relative, _("it is a symbolic link that leads out of the folder"));
    }
  return TRUE;
}

/* Takes @fd. */
static gboolean
pack_folder (Packer *packer, int fd, const char *relative, GError **error)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autoptr (GDir) dir = fd >= 0 ? g_dir_open (path, 0, error) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  gboolean done = dir != NULL;
  const char *name;

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read the folder “%s”: %s"), relative,
                   g_strerror (errno));
      return FALSE;
    }
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; done && i < names->len; i++)
    {
      g_autofree char *below = *relative != '\0' ? g_strconcat (relative, "/", names->pdata[i], NULL)
                                                 : g_strdup (names->pdata[i]);

      done = pack_entry (packer, fd, names->pdata[i], below, error);
    }
  close (fd);
  return done;
}

static gboolean
write_archive (Packer *packer, int folder_fd, const char *temp_path, GError **error)
{
  if (archive_write_set_format_gnutar (packer->archive) == ARCHIVE_OK &&
      archive_write_add_filter_gzip (packer->archive) == ARCHIVE_OK &&
      archive_write_set_options (packer->archive, "gzip:!timestamp,gzip:compression-level=6") == ARCHIVE_OK &&
      archive_write_open_filename (packer->archive, temp_path) == ARCHIVE_OK)
    {
      if (folder_fd >= 0 && !pack_folder (packer, folder_fd, "", error))
        return FALSE;
      if (archive_write_close (packer->archive) == ARCHIVE_OK)
        return TRUE;
    }
  else if (folder_fd >= 0)
    close (folder_fd);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _("Cannot write the archive “%s”: %s"), temp_path,
               archive_error_string (packer->archive));
  return FALSE;
}

gboolean
atelier_archive_pack (const char *folder,
                      const char *archive_path,
                      GPtrArray *notes,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autofree char *temp_path = NULL;
  g_autofree char *piece = g_malloc (PIECE_BYTES);
  Packer packer = { .notes = notes, .cancellable = cancellable, .piece = piece };
  gboolean done;
  int folder_fd;

  g_return_val_if_fail (folder != NULL && archive_path != NULL, FALSE);

  folder_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0 && errno != ENOENT)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot read the folder “%s”: %s"), folder,
                   g_strerror (errno));
      return FALSE;
    }
  temp_path = g_strdup_printf ("%s.%08x.tmp", archive_path, g_random_int ());
  packer.archive = archive_write_new ();
  packer.entry = archive_entry_new ();
  done = write_archive (&packer, folder_fd, temp_path, error);
  archive_entry_free (packer.entry);
  archive_write_free (packer.archive);
  if (done && rename (temp_path, archive_path) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot write the archive “%s”: %s"),
                   archive_path, g_strerror (errno));
      done = FALSE;
    }
  if (!done)
    unlink (temp_path);
  return done;
}
