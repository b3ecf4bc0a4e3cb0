/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-archive-private.h"
#include "atelier-uri.h"

/* Unpacking, of archives that may be hostile.
 *
 * No path of an archive is handed to the kernel. A name is split and walked part by part from the folder's own
 * descriptor, through real folders only (O_NOFOLLOW), so no entry can be written through a link that an earlier entry
 * made. A symbolic link may climb only at its beginning and only as high as it lies deep; a hard link may only name a
 * regular file, because a link to a link would be read from another depth. */

#define DEFAULT_MOST_BYTES (G_GINT64_CONSTANT (64) << 30)
#define DEFAULT_MOST_ENTRIES 1000000
#define PIECE_BYTES (1 << 18)

typedef struct archive       Archive;
typedef struct archive_entry ArchiveEntry;

typedef struct
{
  Archive      *archive;
  const char   *archive_path;
  int           folder_fd;
  char         *piece;
  gint64        bytes_left;
  guint         entries_left;
  GCancellable *cancellable;
} Unpacker;

G_GNUC_PRINTF (3, 4) static gboolean
refuse (GError **error, AtelierArtifactsError code, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list arguments;

  va_start (arguments, format);
  message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ATELIER_ARTIFACTS_ERROR, code, message);
  return FALSE;
}

static gboolean
fail_with_errno (GError **error, const char *relative)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot unpack “%s”: %s"), relative,
               g_strerror (saved));
  return FALSE;
}

static gboolean
fail_with_archive (GError **error, Archive *archive, const char *archive_path)
{
  const char *text = archive_error_string (archive);

  return refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID, _("The archive “%s” cannot be read: %s"), archive_path,
                 text != NULL ? text : _("it is damaged"));
}

gboolean
atelier_archive_link_stays_inside (const char *target, const char *relative)
{
  g_auto (GStrv) parts = NULL;
  gboolean went_down = FALSE;
  guint depth = 0;
  guint climbed = 0;

  if (target == NULL || *target == '\0' || *target == '/')
    return FALSE;
  for (const char *at = relative; *at != '\0'; at++)
    depth += *at == '/';
  parts = g_strsplit (target, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (strcmp (parts[i], "..") != 0)
        went_down = went_down || (*parts[i] != '\0' && strcmp (parts[i], ".") != 0);
      else if (went_down || ++climbed > depth)
        return FALSE;
    }
  return TRUE;
}

/* The parts of a name, without empty ones and `.`; NULL with a sentence for one that leads elsewhere. */
static GStrv
split_name (Unpacker *unpacker, const char *name, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) parts = NULL;

  if (name == NULL || *name == '\0')
    {
      refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID, _("The archive “%s” is refused: it has an entry without a name"),
              unpacker->archive_path);
      return NULL;
    }
  parts = g_strsplit (name, "/", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    {
      if (strcmp (parts[i], "..") == 0 || (i == 0 && *parts[i] == '\0'))
        {
          g_autofree char *shown = g_utf8_make_valid (name, -1);

          refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID,
                  _("The archive “%s” is refused: its entry “%s” leads out of the folder"), unpacker->archive_path,
                  shown);
          return NULL;
        }
      if (*parts[i] != '\0' && strcmp (parts[i], ".") != 0)
        g_strv_builder_add (builder, parts[i]);
    }
  return g_strv_builder_end (builder);
}

/* The folder that the last of @parts lies in, made where it is not there. The caller closes it. */
static int
open_parent (Unpacker *unpacker, char **parts, guint n_parents, gboolean make, GError **error)
{
  int at = fcntl (unpacker->folder_fd, F_DUPFD_CLOEXEC, 0);

  for (guint i = 0; at >= 0 && i < n_parents; i++)
    {
      int next = -1;
      int saved = 0;

      if (make && mkdirat (at, parts[i], 0755) != 0 && errno != EEXIST)
        saved = errno;
      else if ((next = openat (at, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        saved = errno;
      close (at);
      if (next < 0 && (saved == ELOOP || saved == ENOTDIR))
        {
          refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID,
                  _("The archive “%s” is refused: an entry leads through “%s”, which is not a folder"),
                  unpacker->archive_path, parts[i]);
          return -1;
        }
      errno = saved;
      at = next;
    }
  if (at < 0)
    fail_with_errno (error, parts[0]);
  return at;
}

/* A later entry of the same name replaces an earlier one; a folder stays. */
static void
make_room (int parent_fd, const char *name)
{
  unlinkat (parent_fd, name, 0);
}

static gboolean
unpack_content (Unpacker *unpacker, int fd, const char *relative, GError **error)
{
  la_ssize_t n;

  while ((n = archive_read_data (unpacker->archive, unpacker->piece, PIECE_BYTES)) > 0)
    {
      if (g_cancellable_set_error_if_cancelled (unpacker->cancellable, error))
        return FALSE;
      if ((unpacker->bytes_left -= n) < 0)
        return refuse (error, ATELIER_ARTIFACTS_ERROR_TOO_LARGE,
                       _("The archive “%s” is refused: it holds more than it may when unpacked"),
                       unpacker->archive_path);
      for (la_ssize_t written = 0; written < n;)
        {
          gssize m = write (fd, unpacker->piece + written, n - written);

          if (m < 0 && errno != EINTR)
            return fail_with_errno (error, relative);
          written += MAX (m, 0);
        }
    }
  return n == 0 || fail_with_archive (error, unpacker->archive, unpacker->archive_path);
}

static gboolean
unpack_file (Unpacker *unpacker,
             int parent_fd,
             const char *name,
             const char *relative,
             ArchiveEntry *entry,
             GError **error)
{
  mode_t mode = (archive_entry_perm (entry) & 0111) != 0 ? 0755 : 0644;
  gboolean done;
  int fd;

  make_room (parent_fd, name);
  fd = openat (parent_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0)
    return fail_with_errno (error, relative);
  done = unpack_content (unpacker, fd, relative, error);
  close (fd);
  return done;
}

static gboolean
unpack_hard_link (Unpacker *unpacker, int parent_fd, const char *name, const char *relative, const char *target,
                  GError **error)
{
  g_auto (GStrv) parts = split_name (unpacker, target, error);
  guint n_parts = parts != NULL ? g_strv_length (parts) : 0;
  gboolean done = FALSE;
  struct stat status;
  int target_fd;

  if (parts == NULL)
    return FALSE;
  target_fd = n_parts > 0 ? open_parent (unpacker, parts, n_parts - 1, FALSE, error) : -1;
  if (n_parts > 0 && target_fd < 0)
    return FALSE;
  if (n_parts == 0 || fstatat (target_fd, parts[n_parts - 1], &status, AT_SYMLINK_NOFOLLOW) != 0
      || !S_ISREG (status.st_mode))
    refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID,
            _("The archive “%s” is refused: “%s” is a link to “%s”, which is no file of the archive"),
            unpacker->archive_path, relative, target);
  else
    {
      struct stat present;

      if (fstatat (parent_fd, name, &present, AT_SYMLINK_NOFOLLOW) == 0 && present.st_ino == status.st_ino)
        done = TRUE; /* a link to itself */
      else
        {
          make_room (parent_fd, name);
          done = linkat (target_fd, parts[n_parts - 1], parent_fd, name, 0) == 0 || fail_with_errno (error, relative);
        }
    }
  if (target_fd >= 0)
    close (target_fd);
  return done;
}

static gboolean
unpack_into (Unpacker *unpacker,
             int parent_fd,
             const char *name,
             const char *relative,
             ArchiveEntry *entry,
             GError **error)
{
  const char *hard_link = archive_entry_hardlink (entry) != NULL ? archive_entry_hardlink (entry)
                                                                 : archive_entry_hardlink_utf8 (entry);
  const char *target;

  if (hard_link != NULL)
    return unpack_hard_link (unpacker, parent_fd, name, relative, hard_link, error);
  switch (archive_entry_filetype (entry))
    {
    case AE_IFREG:
      return unpack_file (unpacker, parent_fd, name, relative, entry, error);
    case AE_IFDIR:
      {
        struct stat status;

        if (mkdirat (parent_fd, name, 0755) == 0
            || (errno == EEXIST && fstatat (parent_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0
                && S_ISDIR (status.st_mode)))
          return TRUE;
        return fail_with_errno (error, relative);
      }
    case AE_IFLNK:
      target = archive_entry_symlink (entry) != NULL ? archive_entry_symlink (entry)
                                                     : archive_entry_symlink_utf8 (entry);
      if (!atelier_archive_link_stays_inside (target, relative))
        return refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID,
                       _("The archive “%s” is refused: “%s” is a link that leads out of the folder"),
                       unpacker->archive_path, relative);
      make_room (parent_fd, name);
      return symlinkat (target, parent_fd, name) == 0 || fail_with_errno (error, relative);
    default:
      return refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID,
                     _("The archive “%s” is refused: “%s” is neither a file nor a folder nor a link"),
                     unpacker->archive_path, relative);
    }
}

static gboolean
unpack_entry (Unpacker *unpacker, ArchiveEntry *entry, GError **error)
{
  const char *name = archive_entry_pathname (entry) != NULL ? archive_entry_pathname (entry)
                                                            : archive_entry_pathname_utf8 (entry);
  g_auto (GStrv) parts = split_name (unpacker, name, error);
  g_autofree char *relative = NULL;
  g_autofree char *shown = NULL;
  gboolean done;
  guint n_parts;
  int parent_fd;

  if (parts == NULL)
    return FALSE;
  n_parts = g_strv_length (parts);
  if (n_parts == 0)
    return TRUE; /* "./", the folder itself */
  if (unpacker->entries_left-- == 0)
    return refuse (error, ATELIER_ARTIFACTS_ERROR_TOO_LARGE, _("The archive “%s” is refused: it has too many entries"),
                   unpacker->archive_path);
  parent_fd = open_parent (unpacker, parts, n_parts - 1, TRUE, error);
  if (parent_fd < 0)
    return FALSE;
  relative = g_strjoinv ("/", parts);
  shown = g_utf8_make_valid (relative, -1);
  done = unpack_into (unpacker, parent_fd, parts[n_parts - 1], shown, entry, error);
  close (parent_fd);
  return done;
}

/* The filters that libarchive has inside; others would start programs. */
static gboolean
open_reader (Archive *archive, const char *path, GError **error)
{
  archive_read_support_filter_gzip (archive);
  archive_read_support_filter_bzip2 (archive);
  archive_read_support_filter_xz (archive);
  archive_read_support_filter_zstd (archive);
  return archive_read_open_filename (archive, path, PIECE_BYTES) == ARCHIVE_OK
         || fail_with_archive (error, archive, path);
}

static gboolean
unpack_all (Unpacker *unpacker, GError **error)
{
  ArchiveEntry *entry;
  int result;

  archive_read_support_format_tar (unpacker->archive);
  archive_read_support_format_empty (unpacker->archive);
  if (!open_reader (unpacker->archive, unpacker->archive_path, error))
    return FALSE;
  while ((result = archive_read_next_header (unpacker->archive, &entry)) == ARCHIVE_OK || result == ARCHIVE_WARN)
    {
      if (g_cancellable_set_error_if_cancelled (unpacker->cancellable, error) || !unpack_entry (unpacker, entry, error))
        return FALSE;
    }
  return result == ARCHIVE_EOF || fail_with_archive (error, unpacker->archive, unpacker->archive_path);
}

gboolean
atelier_archive_unpack (const char *archive_path, const char *folder, const AtelierArchiveLimits *limits,
                        GCancellable *cancellable, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE_BYTES);
  Unpacker unpacker = {
    .archive_path = archive_path,
    .piece = piece,
    .bytes_left = limits != NULL && limits->most_bytes > 0 ? limits->most_bytes : DEFAULT_MOST_BYTES,
    .entries_left = limits != NULL && limits->most_entries > 0 ? limits->most_entries : DEFAULT_MOST_ENTRIES,
    .cancellable = cancellable,
  };
  gboolean done;

  g_return_val_if_fail (archive_path != NULL && folder != NULL, FALSE);

  if (g_mkdir_with_parents (folder, 0755) != 0 ||
      (unpacker.folder_fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
    return fail_with_errno (error, folder);
  unpacker.archive = archive_read_new ();
  done = unpack_all (&unpacker, error);
  archive_read_free (unpacker.archive);
  close (unpacker.folder_fd);
  return done;
}

static gboolean
gunzip_all (Unpacker *unpacker, int fd, const char *to, GError **error)
{
  ArchiveEntry *entry;
  int result = ARCHIVE_FATAL;

  archive_read_support_filter_gzip (unpacker->archive);
  archive_read_support_format_raw (unpacker->archive);
  archive_read_support_format_empty (unpacker->archive);
  if (archive_read_open_filename (unpacker->archive, unpacker->archive_path, PIECE_BYTES) == ARCHIVE_OK)
    result = archive_read_next_header (unpacker->archive, &entry);
  if ((result != ARCHIVE_OK && result != ARCHIVE_EOF) ||
      archive_filter_code (unpacker->archive, 0) != ARCHIVE_FILTER_GZIP)
    return refuse (error, ATELIER_ARTIFACTS_ERROR_INVALID, _("“%s” is not compressed with gzip"),
                   unpacker->archive_path);
  if (result == ARCHIVE_EOF)
    return TRUE;
  return unpack_content (unpacker, fd, to, error);
}

gboolean
atelier_archive_gunzip (const char *from, const char *to, gint64 most_bytes, GCancellable *cancellable, GError **error)
{
  g_autofree char *piece = g_malloc (PIECE_BYTES);
  Unpacker unpacker = {
    .archive_path = from,
    .piece = piece,
    .bytes_left = most_bytes > 0 ? most_bytes : DEFAULT_MOST_BYTES,
    .cancellable = cancellable,
  };
  gboolean done;
  int fd;

  g_return_val_if_fail (from != NULL && to != NULL, FALSE);

  unlink (to);
  fd = open (to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0)
    return fail_with_errno (error, to);
  unpacker.archive = archive_read_new ();
  done = gunzip_all (&unpacker, fd, to, error);
  archive_read_free (unpacker.archive);
  close (fd);
  if (!done)
    unlink (to);
  return done;
}
