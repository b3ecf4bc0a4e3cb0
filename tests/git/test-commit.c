/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-git.h"
#include "git-peer.h"

/* Folder to commit and commit to folder, with the git command as peer. */

#define TIME_US (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

static char *
new_bare (void)
{
  char *folder = peer_new_path ("bare.git");
  g_autoptr (GError) error = NULL;

  atelier_git_init_bare_sync (folder, &error);
  g_assert_no_error (error);
  return folder;
}

/* Names whose order in a tree differs from that of strings, bytes of all kinds, modes, links, empty folders. */
static char *
new_content (void)
{
  char *folder = peer_new_path ("content");
  g_autofree char *script = g_build_filename (folder, "run.sh", NULL);
  g_autofree char *link_path = g_build_filename (folder, "a", "link", NULL);
  g_autofree char *empty = g_build_filename (folder, "empty", "deeper", NULL);

  peer_write (folder, "a/b.txt", "b\n", -1);
  peer_write (folder, "a.txt", "sorts before the folder\n", -1);
  peer_write (folder, "a0", "sorts after it\n", -1);
  peer_write (folder, "Zoë's “file” (1).txt", "no line feed at the end", -1);
  peer_write (folder, "bytes.bin", "\0\1\2\xff\r\n\0", 7);
  peer_write (folder, "windows.txt", "one\r\ntwo\r\n", -1);
  peer_write (folder, "nothing.txt", "", 0);
  peer_write (folder, ".gitignore", "*.log\n", -1);
  peer_write (folder, "kept.log", "ignored by name, wanted all the same\n", -1);
  peer_write (folder, "run.sh", "#!/bin/sh\n", -1);
  g_assert_cmpint (chmod (script, 0755), ==, 0);
  g_assert_cmpint (symlink ("../a.txt", link_path), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (empty, 0755), ==, 0);
  return folder;
}

static void
test_commit_folder (void)
{
  g_autofree char *bare = new_bare ();
  g_autofree char *twin = new_bare ();
  g_autofree char *content = new_content ();
  g_autoptr (AtelierGitAuthor) author = atelier_git_author_new ("Ada Byron", "ada@example.org", TIME_US);
  g_autoptr (AtelierGitHead) head = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *commit = NULL;
  g_autofree char *same = NULL;
  g_autofree char *second = NULL;
  g_autofree char *tree = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *described = NULL;
  g_autofree char *parent = NULL;

  /* Settings that would change content on its way through `git add` must not. */
  g_free (peer_git (peer_root (), "config", "--global", "core.autocrlf", "input", NULL));
  commit = atelier_git_commit_folder_sync (bare, content, "First version\n\nWith a body.", author, NULL, &error);
  g_assert_no_error (error);
  g_free (peer_git (peer_root (), "config", "--global", "--unset", "core.autocrlf", NULL));

  g_free (peer_git (bare, "fsck", "--strict", NULL));
  tree = peer_git (bare, "rev-parse", "main^{tree}", NULL);
  expected = peer_tree_id (content);
  g_assert_cmpstr (tree, ==, expected);
  described = peer_git (bare, "log", "-1", "--format=%H|%an|%ae|%at|%cn|%ct|%B|", "main", NULL);
  g_assert_true (g_str_has_prefix (described, commit));
  g_assert_cmpstr (strchr (described, '|'), ==,
                   "|Ada Byron|ada@example.org|1700000000|Ada Byron|1700000000|First version\n\nWith a body.\n|");

  same = atelier_git_commit_folder_sync (twin, content, "First version\n\nWith a body.", author, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (same, ==, commit);

  second = atelier_git_commit_folder_sync (bare, content, "Second", author, NULL, &error);
  g_assert_no_error (error);
  parent = peer_git (bare, "rev-parse", "main^", NULL);
  g_assert_cmpstr (parent, ==, commit);
  head = atelier_git_head_sync (bare, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (head->commit, ==, second);
  g_assert_cmpstr (head->branch, ==, "main");
}

static void
test_commit_refused (void)
{
  g_autofree char *bare = new_bare ();
  g_autofree char *work = peer_new_repository ();
  g_autofree char *nested = peer_new_path ("nested");
  g_autofree char *linked = peer_new_path ("linked");
  g_autofree char *piped = peer_new_path ("piped");
  g_autofree char *link_path = g_build_filename (linked, "passwords", NULL);
  g_autofree char *pipe_path = g_build_filename (piped, "pipe", NULL);
  g_autoptr (AtelierGitAuthor) author = atelier_git_author_new (NULL, NULL, TIME_US);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  peer_write (nested, "sub/.git/config", "[core]\n", -1);
  g_assert_null (atelier_git_commit_folder_sync (bare, nested, "x", author, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE);
  g_assert_nonnull (strstr (error->message, "sub/.git"));
  g_clear_error (&error);

  g_assert_cmpint (g_mkdir (linked, 0755), ==, 0);
  g_assert_cmpint (symlink ("../../etc/passwd", link_path), ==, 0);
  g_assert_null (atelier_git_commit_folder_sync (bare, linked, "x", author, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE);
  g_clear_error (&error);

  g_assert_cmpint (g_mkdir (piped, 0755), ==, 0);
  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
  g_assert_null (atelier_git_commit_folder_sync (bare, piped, "x", author, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE);
  g_clear_error (&error);

  g_assert_null (atelier_git_commit_folder_sync (work, piped, "x", author, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_FAILED);
  g_clear_error (&error);
  g_assert_null (atelier_git_commit_folder_sync (bare, "/no/such/folder", "x", author, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  g_assert_null (atelier_git_commit_folder_sync (bare, nested, "x", author, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (peer_git_succeeds (bare, "rev-parse", "--verify", "--quiet", "main", NULL));
}

static void
test_author (void)
{
  g_autofree char *work = peer_new_repository ();
  AtelierGitAuthor *author = atelier_git_author_new_for_person (NULL, 5);

  g_assert_cmpstr (author->name, ==, "Atelier");
  g_assert_cmpstr (author->email, ==, "atelier@localhost");
  g_assert_cmpint (author->time_us, ==, 5);
  atelier_git_author_free (author);
  author = atelier_git_author_new_for_person (work, 0);
  g_assert_cmpstr (author->name, ==, "Ada Byron");
  g_assert_cmpstr (author->email, ==, "ada@example.org");
  atelier_git_author_free (author);
  author = atelier_git_author_new (" <Eve>\n\t", "<>", 0);
  g_assert_cmpstr (author->name, ==, "Eve");
  g_assert_cmpstr (author->email, ==, "atelier@localhost");
  atelier_git_author_free (author);

  g_free (peer_git (peer_root (), "config", "--global", "user.name", "Grace Hopper", NULL));
  author = atelier_git_author_new_for_person (NULL, 0);
  g_assert_cmpstr (author->name, ==, "Grace Hopper");
  g_assert_cmpstr (author->email, ==, "atelier@localhost");
  atelier_git_author_free (author);
  g_free (peer_git (peer_root (), "config", "--global", "--unset", "user.name", NULL));
}

static void
test_export (void)
{
  g_autofree char *bare = new_bare ();
  g_autofree char *content = new_content ();
  g_autofree char *exported = peer_new_path ("x/exported");
  g_autofree char *old = peer_new_path ("old");
  g_autofree char *full = peer_new_path ("full");
  g_autoptr (AtelierGitAuthor) author = atelier_git_author_new ("Ada", "ada@example.org", TIME_US);
  g_autoptr (GError) error = NULL;
  g_autofree char *first = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *tree = NULL;
  g_autofree char *text = NULL;

  first = atelier_git_commit_folder_sync (bare, content, "First", author, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (atelier_git_export_sync (bare, "main", exported, NULL, &error));
  g_assert_no_error (error);
  expected = peer_tree_id (content);
  tree = peer_tree_id (exported);
  g_assert_cmpstr (tree, ==, expected);
  g_assert_false (peer_exists (exported, ".git"));

  peer_write (content, "a.txt", "second\n", -1);
  g_free (atelier_git_commit_folder_sync (bare, content, "Second", author, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (atelier_git_export_sync (bare, first, old, NULL, &error));
  g_assert_no_error (error);
  text = peer_read (old, "a.txt");
  g_assert_cmpstr (text, ==, "sorts before the folder\n");

  for (const char **revision = (const char *[]) { "nonsense", "main~7", "^^", "", NULL }; *revision != NULL;
       revision++)
    {
      g_assert_false (atelier_git_export_sync (bare, *revision, full, NULL, &error));
      g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
      g_clear_error (&error);
    }
  g_assert_false (peer_exists (full, ""));
  peer_write (full, "mine", "mine", -1);
  g_assert_false (atelier_git_export_sync (bare, "main", full, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EXISTS);
  g_assert_true (peer_exists (full, "mine"));
}

/* Links that Git takes, but that lead out of the tree when followed. */
static void
test_export_links (void)
{
  const struct
  {
    const char *place;
    const char *target;
    gboolean    taken;
  } cases[] = {
    { "link", "a/b", TRUE },
    { "d/link", "../a", TRUE },
    { "d/link", "./../a", TRUE },
    { "link", "no/such/file", TRUE },
    { "link", "/etc/passwd", FALSE },
    { "link", "..", FALSE },
    { "d/link", "../..", FALSE },
    { "link", "a/../../x", FALSE },
    { "d/link", "../.git/config", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *work = peer_new_repository ();
      g_autofree char *exported = peer_new_path ("exported");
      g_autofree char *path = g_build_filename (work, cases[i].place, NULL);
      g_autoptr (GError) error = NULL;

      peer_write (work, "a/b", "b\n", -1);
      peer_write (work, "d/c", "c\n", -1);
      g_assert_cmpint (symlink (cases[i].target, path), ==, 0);
      g_free (peer_git (work, "add", "--all", NULL));
      g_free (peer_git (work, "commit", "--quiet", "--message", "Link", NULL));
      g_assert_cmpint (atelier_git_export_sync (work, "HEAD", exported, NULL, &error), ==, cases[i].taken);
      if (cases[i].taken)
        g_assert_no_error (error);
      else
        {
          g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE);
          g_assert_nonnull (strstr (error->message, cases[i].place));
        }
      g_assert_cmpint (peer_exists (exported, ""), ==, cases[i].taken);
    }
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  peer_init ();
  g_test_add_func ("/git/commit-folder", test_commit_folder);
  g_test_add_func ("/git/commit-folder/refused", test_commit_refused);
  g_test_add_func ("/git/author", test_author);
  g_test_add_func ("/git/export", test_export);
  g_test_add_func ("/git/export/links", test_export_links);
  result = g_test_run ();
  peer_clear ();
  return result;
}
