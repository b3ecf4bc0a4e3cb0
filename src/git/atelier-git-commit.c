/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-git-private.h"

/* Commits: who makes them, and a folder's content put as one commit into a bare repository.
 *
 * Trees are built bottom up with the tree builder, which sorts as Git does; no index and no working copy is involved,
 * so neither filters nor attributes of anybody's configuration change the content. The commit's id depends on
 * content, message, author and time alone. */

#define FALLBACK_NAME "Atelier"
#define FALLBACK_EMAIL "atelier@localhost"

void
atelier_git_author_free (AtelierGitAuthor *author)
{
  if (author == NULL)
    return;
  g_free (author->name);
  g_free (author->email);
  g_free (author);
}

static char *
clean_word (const char *text, const char *fallback)
{
  g_autofree char *clean = text != NULL ? g_utf8_make_valid (text, -1) : g_strdup ("");
  char *to = clean;

  for (const char *from = clean; *from != '\0'; from++)
    if (!g_ascii_iscntrl (*from) && *from != '<' && *from != '>')
      *to++ = *from;
  *to = '\0';
  g_strstrip (clean);
  return g_strdup (*clean != '\0' ? clean : fallback);
}

AtelierGitAuthor *
atelier_git_author_new (const char *name, const char *email, gint64 time_us)
{
  AtelierGitAuthor *author = g_new0 (AtelierGitAuthor, 1);

  author->name = clean_word (name, FALLBACK_NAME);
  author->email = clean_word (email, FALLBACK_EMAIL);
  author->time_us = time_us;
  return author;
}

AtelierGitAuthor *
atelier_git_author_new_for_person (const char *path, gint64 time_us)
{
  g_autoptr (git_repository) repository = path != NULL ? atelier_git_open (path, 0, NULL) : NULL;
  g_autoptr (git_config) live = NULL;
  g_autoptr (git_config) config = NULL;
  const char *name = NULL;
  const char *email = NULL;

  atelier_git_start ();
  if ((repository != NULL ? git_repository_config (&live, repository) : git_config_open_default (&live)) == 0
      && git_config_snapshot (&config, live) == 0)
    {
      git_config_get_string (&name, config, "user.name");
      git_config_get_string (&email, config, "user.email");
    }
  return atelier_git_author_new (name, email, time_us);
}

static gboolean
set_unsafe (GError **error, const char *relative, const char *why)
{
  g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE, _("“%s” cannot be committed: %s"), relative, why);
  return FALSE;
}

static gboolean
set_io_error (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot read “%s”: %s"), path, g_strerror (saved));
  return FALSE;
}

typedef struct
{
  git_repository *repository;
  GCancellable   *cancellable;
} Writer;

static gboolean
write_blob (Writer *writer, const char *path, const char *relative, const struct stat *info, guint depth, git_oid *id,
            GError **error)
{
  g_autofree char *content = NULL;
  gsize length = 0;
  int result;

  if (S_ISLNK (info->st_mode))
    {
      content = g_file_read_link (path, error);
      if (content == NULL)
        return FALSE;
      length = strlen (content);
      if (!atelier_git_link_is_safe (content, depth))
        return set_unsafe (error, relative, _("it is a symbolic link that leads out of its folder"));
    }
  else if (!g_file_get_contents (path, &content, &length, error))
    return FALSE;
  result = git_blob_create_from_buffer (id, writer->repository, content, length);
  if (result < 0)
    atelier_git_set_error (error, result, _("Cannot store “%s”"), relative);
  return result == 0;
}

/* @id: of the tree made; not written for a folder that holds no file (@is_empty) */
static gboolean
write_tree (Writer *writer, const char *folder, const char *relative, guint depth, git_oid *id, gboolean *is_empty,
            GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  g_autoptr (git_treebuilder) builder = NULL;
  const char *name;
  int result;

  if (dir == NULL)
    return FALSE;
  result = git_treebuilder_new (&builder, writer->repository, NULL);
  while (result == 0 && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *below = depth > 0 ? g_build_filename (relative, name, NULL) : g_strdup (name);
      git_filemode_t mode = GIT_FILEMODE_TREE;
      gboolean nothing = FALSE;
      struct stat info;
      git_oid child;

      if (g_cancellable_set_error_if_cancelled (writer->cancellable, error))
        return FALSE;
      if (!atelier_git_name_is_safe (name))
        return set_unsafe (error, below, _("its name is one of Git's own"));
      if (lstat (path, &info) != 0)
        return set_io_error (error, path);
      if (S_ISDIR (info.st_mode))
        {
          if (!write_tree (writer, path, below, depth + 1, &child, &nothing, error))
            return FALSE;
        }
      else if (S_ISREG (info.st_mode) || S_ISLNK (info.st_mode))
        {
          mode = S_ISLNK (info.st_mode)               ? GIT_FILEMODE_LINK
                 : (info.st_mode & S_IXUSR) != 0 ? GIT_FILEMODE_BLOB_EXECUTABLE
                                                      : GIT_FILEMODE_BLOB;
          if (!write_blob (writer, path, below, &info, depth, &child, error))
            return FALSE;
        }
      else
        return set_unsafe (error, below, _("it is neither a file nor a folder"));
      if (!nothing)
        result = git_treebuilder_insert (NULL, builder, name, &child, mode);
    }
  *is_empty = result == 0 && git_treebuilder_entrycount (builder) == 0;
  if (result == 0 && (!*is_empty || depth == 0))
    result = git_treebuilder_write (id, builder);
  if (result < 0)
    atelier_git_set_error (error, result, _("Cannot store the folder “%s”"), folder);
  return result == 0;
}

char *
atelier_git_commit_folder_sync (const char *repository, const char *folder, const char *message,
                                const AtelierGitAuthor *author, GCancellable *cancellable, GError **error)
{
  g_autoptr (git_repository) opened = NULL;
  g_autoptr (git_signature) signature = NULL;
  g_autoptr (git_commit) parent = NULL;
  g_autoptr (git_tree) tree = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *text = NULL;
  const git_commit *parents[1];
  Writer writer;
  git_oid tree_id;
  git_oid commit_id;
  gboolean is_empty;
  int result;

  g_return_val_if_fail (repository != NULL && folder != NULL && message != NULL && author != NULL, NULL);

  opened = atelier_git_open (repository, GIT_REPOSITORY_OPEN_NO_SEARCH, error);
  if (opened == NULL)
    return NULL;
  if (!git_repository_is_bare (opened))
    {
      /* A commit here would make the working tree look as if everything had been undone. */
      g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_FAILED,
                   _("“%s” has a working tree: a folder can be committed to a bare repository only"), repository);
      return NULL;
    }
  parent = atelier_git_head_commit (opened, &local_error);
  if (parent == NULL && !g_error_matches (local_error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EMPTY))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  writer = (Writer) { opened, cancellable };
  if (!write_tree (&writer, folder, "", 0, &tree_id, &is_empty, error))
    return NULL;

  text = g_str_has_suffix (message, "\n") ? g_strdup (message) : g_strconcat (message, "\n", NULL);
  parents[0] = parent;
  result = git_tree_lookup (&tree, opened, &tree_id);
  if (result == 0)
    result = git_signature_new (&signature, author->name, author->email, author->time_us / G_USEC_PER_SEC, 0);
  if (result == 0)
    result = git_commit_create (&commit_id, opened, "HEAD", signature, signature, NULL, text, tree,
                                parent != NULL ? 1 : 0, parents);
  if (result < 0)
    {
      atelier_git_set_error (error, result, _("Cannot commit to “%s”"), repository);
      return NULL;
    }
  return g_strdup (git_oid_tostr_s (&commit_id));
}
