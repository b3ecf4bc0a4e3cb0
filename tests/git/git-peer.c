/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

#include "atelier-files.h"
#include "atelier-spawn.h"
#include "git-peer.h"

static char *root;

/* libgit2 1.5 leaks what it hands to PCRE2 when it reads the name of a remote; the stacks begin in that library. Only
 * LeakSanitizer calls this. */
const char *__lsan_default_suppressions (void);
const char *
__lsan_default_suppressions (void)
{
  return "leak:libpcre2-8.so\n";
}

void
peer_init (void)
{
  g_autofree char *home = NULL;

  root = g_dir_make_tmp ("atelier-test-XXXXXX", NULL);
  g_assert_nonnull (root);
  home = g_build_filename (root, "home", NULL);
  g_assert_cmpint (g_mkdir (home, 0700), ==, 0);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("GIT_CONFIG_NOSYSTEM", "1", TRUE);
  g_setenv ("GIT_TERMINAL_PROMPT", "0", TRUE);
  for (const char **name = (const char *[]) { "XDG_CONFIG_HOME", "XDG_DATA_HOME", "GIT_DIR", "GIT_WORK_TREE",
                                              "GIT_INDEX_FILE", "GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE", NULL };
       *name != NULL; name++)
    g_unsetenv (*name);
}

void
peer_clear (void)
{
  g_autoptr (GError) error = NULL;

  atelier_files_remove_tree (root, &error);
  g_assert_no_error (error);
  g_clear_pointer (&root, g_free);
}

const char *
peer_root (void)
{
  return root;
}

char *
peer_new_path (const char *name)
{
  static int n;
  g_autofree char *numbered = g_strdup_printf ("%s-%d", name, ++n);

  return g_build_filename (root, numbered, NULL);
}

static char *
run (const char *folder, const char *first, va_list rest, int *status)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *errors = NULL;
  char *output = NULL;

  g_ptr_array_add (argv, (char *) "git");
  for (const char *word = first; word != NULL; word = va_arg (rest, const char *))
    g_ptr_array_add (argv, (char *) word);
  g_ptr_array_add (argv, NULL);
  atelier_spawn_capture ((const char *const *) argv->pdata, NULL, folder, 60000, &output, &errors, status, &error);
  g_assert_no_error (error);
  if (*status != 0)
    g_test_message ("git %s: %s", first, errors);
  return g_strchomp (output);
}

char *
peer_git (const char *folder, ...)
{
  va_list words;
  char *output;
  int status;

  va_start (words, folder);
  output = run (folder, va_arg (words, const char *), words, &status);
  va_end (words);
  g_assert_cmpint (status, ==, 0);
  return output;
}

gboolean
peer_git_succeeds (const char *folder, ...)
{
  va_list words;
  int status;

  va_start (words, folder);
  g_free (run (folder, va_arg (words, const char *), words, &status));
  va_end (words);
  return status == 0;
}

char *
peer_new_repository (void)
{
  char *folder = peer_new_path ("work");

  g_free (peer_git (root, "init", "--quiet", "--initial-branch=main", folder, NULL));
  g_free (peer_git (folder, "config", "user.name", "Ada Byron", NULL));
  g_free (peer_git (folder, "config", "user.email", "ada@example.org", NULL));
  return folder;
}

void
peer_write (const char *folder, const char *relative, const char *content, gssize length)
{
  g_autofree char *path = g_build_filename (folder, relative, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, content, length, &error);
  g_assert_no_error (error);
}

char *
peer_read (const char *folder, const char *relative)
{
  g_autofree char *path = g_build_filename (folder, relative, NULL);
  g_autoptr (GError) error = NULL;
  char *content = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  return content;
}

gboolean
peer_exists (const char *folder, const char *relative)
{
  g_autofree char *path = g_build_filename (folder, relative, NULL);
  struct stat info;

  return lstat (path, &info) == 0;
}

char *
peer_tree_id (const char *folder)
{
  g_autofree char *git_dir = peer_new_path ("peer");
  g_autofree char *git_option = g_strconcat ("--git-dir=", git_dir, NULL);
  g_autofree char *tree_option = g_strconcat ("--work-tree=", folder, NULL);

  g_free (peer_git (root, "init", "--quiet", "--bare", git_dir, NULL));
  g_free (peer_git (folder, git_option, tree_option, "add", "--all", "--force", ".", NULL));
  return peer_git (folder, git_option, tree_option, "write-tree", NULL);
}
