/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-files"

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#include "atelier-files.h"

/* Files and folders, by plain system calls: GFile's layers cost more than the calls on the many small files of a run.
 * Links are never followed out of a tree: a walk sees a symbolic link as a link and leaves it out. */

static gboolean
fail (GError **error, const char *sentence, const char *path)
{
  int saved = errno;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), sentence, path, g_strerror (saved));
#pragma GCC diagnostic pop
  return FALSE;
}

static gboolean
write_all (int fd, const char *data, gsize length)
{
  while (length > 0)
    {
      gssize n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      data += n;
      length -= n;
    }
  return TRUE;
}

/* atelier_files_write_atomic:
 * @length: in bytes, or -1 when @data ends in NUL
 * @mode: permission bits of a new file
 *
 * Replaces @path in one step by way of a temporary file beside it: a reader sees the old content or the new. */
gboolean
atelier_files_write_atomic (const char *path, const char *data, gssize length, int mode, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.XXXXXX", path);
  int fd = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, mode);

  if (fd < 0)
    return fail (error, _("Cannot write “%s”: %s"), path);
  if (!write_all (fd, data, length < 0 ? strlen (data) : (gsize) length))
    {
      fail (error, _("Cannot write “%s”: %s"), path);
      close (fd);
      unlink (temporary);
      return FALSE;
    }
  if (close (fd) < 0 || rename (temporary, path) < 0)
    {
      fail (error, _("Cannot write “%s”: %s"), path);
      unlink (temporary);
      return FALSE;
    }
  return TRUE;
}

/* atelier_files_make_folder:
 *
 * Makes @path and what is missing above it. An existing folder is fine. */
gboolean
atelier_files_make_folder (const char *path, GError **error)
{
  if (g_mkdir_with_parents (path, 0755) < 0)
    return fail (error, _("Cannot make the folder “%s”: %s"), path);
  return TRUE;
}

/* Whether it is a regular file; errno says what is wrong with another. */
static gboolean
is_regular (const struct stat *status)
{
  if (S_ISREG (status->st_mode))
    return TRUE;
  errno = S_ISDIR (status->st_mode) ? EISDIR : EINVAL;
  return FALSE;
}

static gboolean
copy_content (int from, int to)
{
  char piece[65536];
  gssize n;

  if (ioctl (to, FICLONE, from) == 0)
    return TRUE;
  while ((n = copy_file_range (from, NULL, to, NULL, 1 << 30, 0)) > 0)
    ;
  if (n == 0)
    return TRUE;
  if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM)
    return FALSE;
  while ((n = read (from, piece, sizeof piece)) != 0)
    {
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 || !write_all (to, piece, n))
        return FALSE;
    }
  return TRUE;
}

/* atelier_files_copy:
 * @to: replaced in one step when it exists
 *
 * Copies the content and permission bits of a regular file: shared blocks where the file system can, a hard link
 * when @flags ask for one and it is possible. */
gboolean
atelier_files_copy (const char *from, const char *to, AtelierCopyFlags flags, GError **error)
{
  g_autofree char *temporary = g_strdup_printf ("%s.XXXXXX", to);
  struct stat status;
  int in, out;

  if (flags & ATELIER_COPY_FLAGS_LINK)
    {
      if (link (from, to) == 0)
        return TRUE;
      if (errno == EEXIST)
        {
          g_autofree char *beside = g_strdup_printf ("%s.%08x", to, g_random_int ());

          if (link (from, beside) == 0)
            {
              /* rename() does nothing when both names are one file already */
              if (rename (beside, to) == 0)
                {
                  unlink (beside);
                  return TRUE;
                }
              unlink (beside);
            }
        }
    }
  in = open (from, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not keep us waiting */
  if (in < 0 || fstat (in, &status) < 0 || !is_regular (&status))
    {
      fail (error, _("Cannot read “%s”: %s"), from);
      if (in >= 0)
        close (in);
      return FALSE;
    }
  out = g_mkstemp_full (temporary, O_WRONLY | O_CLOEXEC, 0600);
  if (out < 0)
    {
      fail (error, _("Cannot write “%s”: %s"), to);
      close (in);
      return FALSE;
    }
  if (!copy_content (in, out) || fchmod (out, (status.st_mode & 0777) | 0400) < 0 || rename (temporary, to) < 0)
    {
      fail (error, _("Cannot write “%s”: %s"), to);
      unlink (temporary);
      close (in);
      close (out);
      return FALSE;
    }
  close (in);
  close (out);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static gboolean
is_folder (int parent, const struct dirent *entry)
{
  struct stat status;

  if (entry->d_type != DT_UNKNOWN)
    return entry->d_type == DT_DIR;
  return fstatat (parent, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (status.st_mode);
}

/* The names in a folder, folders with a slash behind: sorted, what is below them then comes in byte order of the whole
 * relative path ("a.txt" before "a/b"). */
static GPtrArray *
list_folder (const char *path, GError **error)
{
  GPtrArray *names;
  DIR *folder = opendir (path);
  struct dirent *entry;

  if (folder == NULL)
    {
      fail (error, _("Cannot read the folder “%s”: %s"), path);
      return NULL;
    }
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = readdir (folder)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      g_ptr_array_add (names, g_strconcat (entry->d_name, is_folder (dirfd (folder), entry) ? "/" : "", NULL));
  closedir (folder);
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* @prefix: "" or the relative path of @folder with a slash behind */
static gboolean
walk_below (const char *folder, const char *prefix, AtelierFilesVisitor visit, gpointer user_data, GError **error)
{
  g_autoptr (GPtrArray) names = list_folder (folder, error);

  if (names == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autofree char *relative = g_strconcat (prefix, name, NULL);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      gboolean was_folder = g_str_has_suffix (path, "/");
      struct stat status;

      if (was_folder)
        path[strlen (path) - 1] = '\0'; /* else lstat() would follow a link that took the folder's place */
      if (lstat (path, &status) < 0)
        {
          if (errno == ENOENT)
            continue;
          return fail (error, _("Cannot read “%s”: %s"), path);
        }
      if (was_folder && S_ISDIR (status.st_mode) && !walk_below (path, relative, visit, user_data, error))
        return FALSE;
      if (!was_folder && S_ISREG (status.st_mode) && !visit (relative, path, user_data, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
atelier_files_walk (const char *folder, AtelierFilesVisitor visit, gpointer user_data, GError **error)
{
  return walk_below (folder, "", visit, user_data, error);
}

typedef struct
{
  const char      *to;
  AtelierCopyFlags flags;
} CopyTree;

static gboolean
copy_tree_file (const char *relative, const char *path, gpointer user_data, GError **error)
{
  CopyTree *copy = user_data;
  g_autofree char *target = g_build_filename (copy->to, relative, NULL);
  g_autofree char *parent = g_path_get_dirname (target);

  return atelier_files_make_folder (parent, error) && atelier_files_copy (path, target, copy->flags, error);
}

/* atelier_files_copy_tree:
 *
 * Copies every regular file below @from to the same relative place below @to. Links and special files are left out;
 * empty folders are not made. Files already there are replaced. */
gboolean
atelier_files_copy_tree (const char *from, const char *to, AtelierCopyFlags flags, GError **error)
{
  CopyTree copy = { to, flags };

  return atelier_files_make_folder (to, error) && atelier_files_walk (from, copy_tree_file, &copy, error);
}

static gboolean remove_at (int parent, const char *name);

/* Removes what is in the folder that @fd has open, as far as it goes; errno says what the first failure was. */
static gboolean
remove_content (int fd)
{
  DIR *folder = fdopendir (fd);
  struct dirent *entry;
  int failure = 0;

  if (folder == NULL)
    {
      failure = errno;
      close (fd);
      errno = failure;
      return FALSE;
    }
  while ((entry = readdir (folder)) != NULL)
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0 && !remove_at (fd, entry->d_name)
        && failure == 0)
      failure = errno;
  closedir (folder);
  errno = failure;
  return failure == 0;
}

static gboolean
remove_at (int parent, const char *name)
{
  int refusal, fd;

  if (unlinkat (parent, name, 0) == 0 || errno == ENOENT)
    return TRUE;
  refusal = errno;
  if (refusal != EISDIR && refusal != EPERM && refusal != EACCES)
    return FALSE;
  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == EACCES && fchmodat (parent, name, 0700, 0) == 0)
    fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    {
      if (errno == ENOTDIR || errno == ELOOP)
        errno = refusal; /* no folder: the first answer is the true one */
      return FALSE;
    }
  (void) fchmod (fd, 0700);
  return remove_content (fd) && (unlinkat (parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

/* atelier_files_remove_tree:
 *
 * Removes @path and all below it, folders without write permission included. What is not there is fine. Links are
 * removed, never followed. */
gboolean
atelier_files_remove_tree (const char *path, GError **error)
{
  if (!remove_at (AT_FDCWD, path))
    return fail (error, _("Cannot remove “%s”: %s"), path);
  return TRUE;
}

static gboolean
add_size (const char *relative, const char *path, gpointer user_data, GError **error)
{
  struct stat status;

  if (lstat (path, &status) == 0)
    *(gint64 *) user_data += (gint64) status.st_blocks * 512;
  return TRUE;
}

/* atelier_files_tree_size:
 *
 * Returns: the disk space of the regular files below @path, in bytes; 0 when it cannot be read */
gint64
atelier_files_tree_size (const char *path)
{
  gint64 size_bytes = 0;

  atelier_files_walk (path, add_size, &size_bytes, NULL);
  return size_bytes;
}
