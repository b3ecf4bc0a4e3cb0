/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <glib/gi18n.h>

#include "atelier-files.h"
#include "atelier-git-private.h"

/* What all calls share: the library's start, errors as sentences, opening, and the rules of safe names.
 *
 * Nothing here outlives a call: a repository is opened, used and closed in one function and one thread. That costs
 * some tens of microseconds and takes away every question of sharing. */

G_DEFINE_QUARK (atelier-git-error-quark, atelier_git_error)

void
atelier_git_start (void)
{
  static gsize started;

  if (g_once_init_enter (&started))
    {
      git_libgit2_init ();
      g_once_init_leave (&started, 1);
    }
}

static AtelierGitError
code_from_result (int result, int klass)
{
  switch (result)
    {
    case GIT_ENOTFOUND:
    case GIT_EINVALIDSPEC:
      return ATELIER_GIT_ERROR_NOT_FOUND;
    case GIT_EEXISTS:
      return ATELIER_GIT_ERROR_EXISTS;
    case GIT_EUNBORNBRANCH:
      return ATELIER_GIT_ERROR_EMPTY;
    case GIT_EOWNER:
      return ATELIER_GIT_ERROR_OWNER;
    case GIT_EAUTH:
    case GIT_ECERTIFICATE:
      return ATELIER_GIT_ERROR_ACCESS;
    default:
      return klass == GIT_ERROR_SSL ? ATELIER_GIT_ERROR_ACCESS : ATELIER_GIT_ERROR_FAILED;
    }
}

void
atelier_git_set_error (GError **error, int result, const char *format, ...)
{
  const git_error *last = git_error_last ();
  AtelierGitError code = code_from_result (result, last != NULL ? last->klass : GIT_ERROR_NONE);
  g_autofree char *own = NULL;
  g_autofree char *theirs = g_strdup (last != NULL && last->message != NULL ? last->message : _("no reason given"));
  va_list arguments;

  va_start (arguments, format);
  own = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_strchomp (theirs);
  if (!g_utf8_validate (theirs, -1, NULL))
    {
      g_autofree char *broken = g_steal_pointer (&theirs);

      theirs = g_utf8_make_valid (broken, -1);
    }
  g_set_error (error, ATELIER_GIT_ERROR, code, _("%s: %s"), own, theirs);
}

/* libgit2 1.5 says “not found” of a repository that belongs to somebody else where the person has no configuration
 * file to look for safe.directory in. Discovery does not ask for the owner. */
static gboolean
is_there (const char *folder, unsigned int flags)
{
  g_auto (git_buf) found = GIT_BUF_INIT;

  return git_repository_discover (&found, folder, 0, NULL) == 0
         && ((flags & GIT_REPOSITORY_OPEN_NO_SEARCH) == 0 || g_str_has_prefix (found.ptr, folder));
}

git_repository *
atelier_git_open (const char *path, unsigned int flags, GError **error)
{
  git_repository *repository = NULL;
  g_autofree char *folder = NULL;
  int result;

  atelier_git_start ();
  folder = g_file_test (path, G_FILE_TEST_IS_DIR) ? g_strdup (path) : g_path_get_dirname (path);
  result = git_repository_open_ext (&repository, folder, flags, NULL);
  if (result == GIT_EOWNER || (result == GIT_ENOTFOUND && is_there (folder, flags)))
    g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_OWNER,
                 _("The repository at “%s” belongs to another user, so its settings could run their commands. If you "
                   "trust it, run: git config --global --add safe.directory '%s'"),
                 folder, folder);
  else if (result == GIT_ENOTFOUND)
    g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND,
                 (flags & GIT_REPOSITORY_OPEN_NO_SEARCH) != 0 ? _("“%s” is not a Git repository")
                                                              : _("“%s” is not in a Git repository"),
                 path);
  else if (result < 0)
    atelier_git_set_error (error, result, _("Cannot open the repository at “%s”"), folder);
  return repository;
}

git_commit *
atelier_git_head_commit (git_repository *repository, GError **error)
{
  g_autoptr (git_reference) head = NULL;
  git_object *commit = NULL;
  int result = git_repository_head (&head, repository);

  if (result == GIT_EUNBORNBRANCH || result == GIT_ENOTFOUND)
    {
      g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EMPTY,
                   _("The repository at “%s” has no commit yet"), git_repository_path (repository));
      return NULL;
    }
  if (result == 0)
    result = git_reference_peel (&commit, head, GIT_OBJECT_COMMIT);
  if (result < 0)
    atelier_git_set_error (error, result, _("Cannot read the newest commit of “%s”"),
                           git_repository_path (repository));
  return (git_commit *) commit;
}

char *
atelier_git_find_sync (const char *path, GError **error)
{
  g_autoptr (git_repository) repository = NULL;
  const char *root;
  gsize length;

  g_return_val_if_fail (path != NULL, NULL);

  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return NULL;
  root = git_repository_workdir (repository);
  if (root == NULL)
    root = git_repository_path (repository);
  length = strlen (root);
  while (length > 1 && root[length - 1] == '/')
    length--;
  return g_strndup (root, length);
}

gboolean
atelier_git_init_bare_sync (const char *folder, GError **error)
{
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  g_autoptr (git_repository) repository = NULL;
  gboolean made;
  int result;

  g_return_val_if_fail (folder != NULL, FALSE);

  atelier_git_start ();
  if (!atelier_git_make_empty_folder (folder, &made, error))
    return FALSE;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKPATH;
  options.initial_head = ATELIER_GIT_DEFAULT_BRANCH;
  result = git_repository_init_ext (&repository, folder, &options);
  if (result < 0)
    {
      atelier_git_set_error (error, result, _("Cannot make the repository “%s”"), folder);
      atelier_git_clear_folder (folder, made);
    }
  return result == 0;
}

gboolean
atelier_git_set_origin_sync (const char *path, const char *address, GError **error)
{
  g_autoptr (git_repository) repository = NULL;
  int result;

  g_return_val_if_fail (path != NULL && address != NULL, FALSE);

  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return FALSE;
  result = git_remote_set_url (repository, "origin", address);
  if (result < 0)
    atelier_git_set_error (error, result, _("Cannot set the address of “origin” in “%s”"), path);
  return result == 0;
}

/* Names */

/* A name that is a way up, hides a separator, or is .git in a spelling that some file system takes for it. */
gboolean
atelier_git_name_is_safe (const char *name)
{
  return name[0] != '\0' && strchr (name, '/') == NULL && !g_str_equal (name, ".") && !g_str_equal (name, "..")
         && g_ascii_strcasecmp (name, ".git") != 0 && g_ascii_strcasecmp (name, "git~1") != 0;
}

/* Only leading “..” may go up, and no higher than the tree's top: since each other link obeys the same rule,
 * following any of them ends inside, too. */
gboolean
atelier_git_link_is_safe (const char *target, guint depth)
{
  g_auto (GStrv) parts = g_strsplit (target, "/", -1);
  gboolean leading = TRUE;

  if (target[0] == '\0' || target[0] == '/')
    return FALSE;
  for (char **part = parts; *part != NULL; part++)
    {
      if (g_str_equal (*part, "..") && (!leading || depth-- == 0))
        return FALSE;
      if (g_ascii_strcasecmp (*part, ".git") == 0)
        return FALSE;
      leading = leading && (**part == '\0' || g_str_equal (*part, ".") || g_str_equal (*part, ".."));
    }
  return TRUE;
}

/* Target folders */

gboolean
atelier_git_make_empty_folder (const char *folder, gboolean *made, GError **error)
{
  struct stat info;

  *made = lstat (folder, &info) != 0;
  if (!*made)
    {
      g_autoptr (GDir) dir = S_ISDIR (info.st_mode) ? g_dir_open (folder, 0, NULL) : NULL;

      if (dir != NULL && g_dir_read_name (dir) == NULL)
        return TRUE;
      g_set_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EXISTS,
                   _("“%s” is there already and is not an empty folder. Choose another place or move it away."),
                   folder);
      return FALSE;
    }
  return atelier_files_make_folder (folder, error);
}

void
atelier_git_clear_folder (const char *folder, gboolean made)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = made ? NULL : g_dir_open (folder, 0, NULL);
  const char *name;

  if (made && !atelier_files_remove_tree (folder, &error))
    g_debug ("%s", error->message);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_clear_error (&error);
      if (!atelier_files_remove_tree (path, &error))
        g_debug ("%s", error->message);
    }
}
