/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <git2/sys/mempack.h>
#include <git2/sys/repository.h>
#include <glib/gi18n.h>

#include "atelier-git-private.h"
#include "atelier-time.h"

/* What the working tree has that HEAD has not, as one patch.
 *
 * It is what `git add --all; git diff --cached --binary HEAD` would say, done without touching the repository: the
 * index is changed in memory only, and objects go to a store in memory that has precedence over the one on disk. A
 * diff of HEAD's tree with the working tree itself would be less work for us, but forgets files that are staged and
 * ignored at the same time, and prints untracked links and empty files so that `git apply` refuses them. */

/* A patch is kept with each execution; a data set that was forgotten in .gitignore must not be copied each time. */
#define PATCH_BYTES_MOST (G_GINT64_CONSTANT (256) * 1024 * 1024)

typedef struct
{
  const char   *workdir;
  GCancellable *cancellable;
  gint64        bytes;
  char         *too_big; /* (owned) (nullable): the file that was too much */
} Adding;

/* 0 takes a file, 1 leaves it out */
static int
matched_path_cb (const char *relative, const char *pathspec, void *payload)
{
  Adding *adding = payload;
  g_autofree char *path = g_build_filename (adding->workdir, relative, NULL);
  struct stat info;

  if (g_cancellable_is_cancelled (adding->cancellable))
    return GIT_EUSER;
  if (lstat (path, &info) != 0)
    return 0;
  if (S_ISDIR (info.st_mode))
    return 1; /* a repository inside this one is not part of it */
  adding->bytes += info.st_size;
  if (adding->bytes > PATCH_BYTES_MOST)
    {
      adding->too_big = g_strdup (relative);
      return GIT_EUSER;
    }
  return 0;
}

static int
add_to_patch_cb (const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *payload)
{
  GString *patch = payload;

  if (line->origin == GIT_DIFF_LINE_ADDITION || line->origin == GIT_DIFF_LINE_DELETION
      || line->origin == GIT_DIFF_LINE_CONTEXT)
    g_string_append_c (patch, line->origin);
  g_string_append_len (patch, line->content, line->content_len);
  return 0;
}

/* The working tree's content as a tree object, in memory. */
static int
tree_of_workdir (git_repository *repository, Adding *adding, git_tree **tree)
{
  g_autoptr (git_odb) odb = NULL;
  g_autoptr (git_index) index = NULL;
  git_odb_backend *memory = NULL;
  git_oid id;
  int result = git_repository_odb (&odb, repository);

  if (result == 0)
    result = git_mempack_new (&memory);
  if (result == 0)
    result = git_odb_add_backend (odb, memory, G_MAXINT);
  if (result == 0)
    result = git_repository_index (&index, repository);
  if (result == 0)
    result = git_index_add_all (index, NULL, GIT_INDEX_ADD_DEFAULT, matched_path_cb, adding);
  if (result == 0)
    result = git_index_write_tree (&id, index);
  if (result == 0)
    result = git_tree_lookup (tree, repository, &id);
  return result;
}

gboolean
atelier_git_is_dirty_sync (const char *path, gboolean *dirty, GError **error)
{
  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  g_autoptr (git_repository) repository = NULL;
  git_status_list *list = NULL;
  int result;

  g_return_val_if_fail (path != NULL && dirty != NULL, FALSE);

  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return FALSE;
  if (git_repository_is_bare (repository))
    {
      *dirty = FALSE;
      return TRUE;
    }
  options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED;
  result = git_status_list_new (&list, repository, &options);
  if (result < 0)
    {
      atelier_git_set_error (error, result, _("Cannot compare the files of “%s” with its newest commit"), path);
      return FALSE;
    }
  *dirty = git_status_list_entrycount (list) > 0;
  git_status_list_free (list);
  return TRUE;
}

gboolean
atelier_git_dirty_patch_sync (const char *path,
                              GCancellable *cancellable,
                              char **patch,
                              gsize *length,
                              GError **error)
{
  git_diff_options options = GIT_DIFF_OPTIONS_INIT;
  g_autoptr (GError) local_error = NULL;
  g_autoptr (git_repository) repository = NULL;
  g_autoptr (git_commit) commit = NULL;
  g_autoptr (git_tree) before = NULL;
  g_autoptr (git_tree) after = NULL;
  g_autoptr (git_diff) diff = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  Adding adding = { .cancellable = cancellable };
  int result = 0;

  g_return_val_if_fail (path != NULL && patch != NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return FALSE;
  if (!git_repository_is_bare (repository))
    {
      commit = atelier_git_head_commit (repository, &local_error);
      if (commit == NULL && !g_error_matches (local_error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EMPTY))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      adding.workdir = git_repository_workdir (repository);
      if (commit != NULL)
        result = git_commit_tree (&before, commit);
      if (result == 0)
        result = tree_of_workdir (repository, &adding, &after);
      options.flags = GIT_DIFF_SHOW_BINARY;
      options.id_abbrev = GIT_OID_HEXSZ; /* `git apply` wants whole ids for binary files */
      if (result == 0)
        result = git_diff_tree_to_tree (&diff, repository, before, after, &options);
      if (result == 0)
        result = git_diff_print (diff, GIT_DIFF_FORMAT_PATCH, add_to_patch_cb, text);
    }
  if (adding.too_big != NULL)
    {
      g_autofree char *most = atelier_text_format_size (PATCH_BYTES_MOST);

      g_set_error (
          error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_TOO_BIG,
          _("The changes in “%s” are larger than %s with “%s”. Commit large files, or name them in .gitignore."),
          path, most, adding.too_big);
      g_free (adding.too_big);
      return FALSE;
    }
  if (result < 0)
    {
      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        atelier_git_set_error (error, result, _("Cannot read the changes in “%s”"), path);
      return FALSE;
    }
  if (length != NULL)
    *length = text->len;
  *patch = g_string_free (g_steal_pointer (&text), FALSE);
  return TRUE;
}
