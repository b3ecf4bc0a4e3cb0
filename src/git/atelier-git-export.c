/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-git-private.h"

/* A commit's tree as plain files.
 *
 * A tree is somebody else's data and need not be one that Git itself would have made. So each entry is created new,
 * by name, in a folder that is open: what is there already is never written through, a name that is no name is
 * refused, and links may lead inside the tree only. Content is written byte for byte, without filters. */

typedef struct
{
  git_repository *repository;
  GCancellable   *cancellable;
} Exporter;

static gboolean
set_unsafe (GError **error, const char *relative, const char *why)
{
  g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE, _("“%s” of the commit cannot be written: %s"),
               relative, why);
  return FALSE;
}

static gboolean
set_write_error (GError **error, const char *relative)
{
  int saved = errno;

  if (saved == EEXIST)
    return set_unsafe (error, relative, _("another entry of the same folder has that name"));
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot write “%s”: %s"), relative,
               g_strerror (saved));
  return FALSE;
}

static gboolean
write_file (int folder_fd, const char *name, const char *relative, const git_blob *blob, int mode, GError **error)
{
  const char *content = git_blob_rawcontent (blob);
  gint64 left = git_blob_rawsize (blob);
  int fd = openat (folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

  if (fd < 0)
    return set_write_error (error, relative);
  while (left > 0)
    {
      gssize n = write (fd, content, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          set_write_error (error, relative);
          close (fd);
          return FALSE;
        }
      content += n;
      left -= n;
    }
  if (close (fd) != 0)
    return set_write_error (error, relative);
  return TRUE;
}

static gboolean
write_link (int folder_fd, const char *name, const char *relative, const git_blob *blob, guint depth, GError **error)
{
  g_autofree char *target = g_strndup (git_blob_rawcontent (blob), git_blob_rawsize (blob));

  if (!atelier_git_link_is_safe (target, depth))
    return set_unsafe (error, relative, _("it is a symbolic link that leads out of its folder"));
  if (symlinkat (target, folder_fd, name) != 0)
    return set_write_error (error, relative);
  return TRUE;
}

static gboolean write_tree (Exporter *exporter,
                            const git_tree *tree,
                            int folder_fd,
                            const char *relative,
                            guint depth,
                            GError **error);

static gboolean
write_folder (Exporter *exporter, const git_tree_entry *entry, int folder_fd, const char *relative, guint depth,
              GError **error)
{
  const char *name = git_tree_entry_name (entry);
  g_autoptr (git_tree) tree = NULL;
  gboolean written = TRUE;
  int fd;

  if (mkdirat (folder_fd, name, 0777) != 0)
    return set_write_error (error, relative);
  if (git_tree_entry_type (entry) == GIT_OBJECT_COMMIT)
    return TRUE;
  fd = openat (folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return set_write_error (error, relative);
  if (git_tree_lookup (&tree, exporter->repository, git_tree_entry_id (entry)) == 0)
    written = write_tree (exporter, tree, fd, relative, depth + 1, error);
  else
    {
      atelier_git_set_error (error, GIT_ERROR, _("Cannot read “%s” of the commit"), relative);
      written = FALSE;
    }
  close (fd);
  return written;
}

static gboolean
write_tree (Exporter *exporter,
            const git_tree *tree,
            int folder_fd,
            const char *relative,
            guint depth,
            GError **error)
{
  for (gsize i = 0; i < git_tree_entrycount (tree); i++)
    {
      const git_tree_entry *entry = git_tree_entry_byindex (tree, i);
      const char *name = git_tree_entry_name (entry);
      git_filemode_t mode = git_tree_entry_filemode (entry);
      g_autofree char *below = depth > 0 ? g_build_filename (relative, name, NULL) : g_strdup (name);
      g_autoptr (git_blob) blob = NULL;
      gboolean written;

      if (g_cancellable_set_error_if_cancelled (exporter->cancellable, error))
        return FALSE;
      if (!atelier_git_name_is_safe (name))
        return set_unsafe (error, below, _("its name is one of Git's own or leads out of its folder"));
      if (mode == GIT_FILEMODE_TREE || mode == GIT_FILEMODE_COMMIT)
        written = write_folder (exporter, entry, folder_fd, below, depth, error);
      else if (git_blob_lookup (&blob, exporter->repository, git_tree_entry_id (entry)) != 0)
        {
          atelier_git_set_error (error, GIT_ERROR, _("Cannot read “%s” of the commit"), below);
          written = FALSE;
        }
      else if (mode == GIT_FILEMODE_LINK)
        written = write_link (folder_fd, name, below, blob, depth, error);
      else
        written
            = write_file (folder_fd, name, below, blob, mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0777 : 0666, error);
      if (!written)
        return FALSE;
    }
  return TRUE;
}

gboolean
atelier_git_export_sync (const char *path, const char *revision, const char *folder, GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (git_repository) repository = NULL;
  g_autoptr (git_object) object = NULL;
  g_autoptr (git_object) tree = NULL;
  Exporter exporter;
  gboolean made;
  gboolean written = FALSE;
  int result;
  int fd;

  g_return_val_if_fail (path != NULL && revision != NULL && folder != NULL, FALSE);

  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return FALSE;
  result = git_revparse_single (&object, repository, revision);
  if (result == GIT_ENOTFOUND || result == GIT_EINVALIDSPEC || result == GIT_EAMBIGUOUS)
    {
      g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND, _("“%s” names no commit of “%s”"), revision,
                   path);
      return FALSE;
    }
  if (result == 0)
    result = git_object_peel (&tree, object, GIT_OBJECT_TREE);
  if (result < 0)
    {
      atelier_git_set_error (error, result, _("Cannot read the commit “%s” of “%s”"), revision, path);
      return FALSE;
    }
  if (!atelier_git_make_empty_folder (folder, &made, error))
    return FALSE;
  exporter = (Exporter) { repository, cancellable };
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    set_write_error (error, folder);
  else
    {
      written = write_tree (&exporter, (git_tree *) tree, fd, "", 0, error);
      close (fd);
    }
  if (!written)
    atelier_git_clear_folder (folder, made);
  return written;
}
