/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-files.h"
#include "atelier-git.h"
#include "git-peer.h"

/* Making, finding and cloning repositories, with the git command as peer. */

static void
assert_says (GError *error, const char *words)
{
  g_assert_nonnull (error);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
}

/* A repository with @n_files small files in one commit. */
static char *
new_source (int n_files)
{
  char *source = peer_new_repository ();

  for (int i = 0; i < n_files; i++)
    {
      g_autofree char *name = g_strdup_printf ("folder-%d/file-%d.txt", i % 7, i);
      g_autofree char *content = g_strdup_printf ("file %d\n", i);

      peer_write (source, name, content, -1);
    }
  g_free (peer_git (source, "add", "--all", NULL));
  g_free (peer_git (source, "commit", "--quiet", "--message", "First", NULL));
  return source;
}

static void
test_init_bare (void)
{
  g_autofree char *folder = peer_new_path ("a/b/bare.git");
  g_autofree char *head = NULL;
  g_autofree char *bare = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_git_init_bare_sync (folder, &error));
  g_assert_no_error (error);
  head = peer_git (folder, "symbolic-ref", "HEAD", NULL);
  g_assert_cmpstr (head, ==, "refs/heads/main");
  bare = peer_git (folder, "rev-parse", "--is-bare-repository", NULL);
  g_assert_cmpstr (bare, ==, "true");
  g_free (peer_git (folder, "fsck", "--strict", NULL));

  g_assert_false (atelier_git_init_bare_sync (folder, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EXISTS);
  assert_says (error, folder);
  g_assert_true (peer_exists (folder, "HEAD"));
}

static void
test_find (void)
{
  g_autofree char *source = new_source (3);
  g_autofree char *bare = peer_new_path ("bare.git");
  g_autofree char *file = g_build_filename (source, "folder-1", "file-1.txt", NULL);
  g_autofree char *below = g_build_filename (source, "folder-1", NULL);
  g_autofree char *linked = peer_new_path ("linked");
  g_autoptr (GError) error = NULL;
  char *found;

  g_assert_true (atelier_git_init_bare_sync (bare, NULL));
  g_free (peer_git (source, "worktree", "add", "--quiet", linked, NULL));
  for (const char **path = (const char *[]) { source, below, file, NULL }; *path != NULL; path++)
    {
      found = atelier_git_find_sync (*path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (found, ==, source);
      g_free (found);
    }
  found = atelier_git_find_sync (bare, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, bare);
  g_free (found);
  found = atelier_git_find_sync (linked, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, linked);
  g_free (found);

  g_assert_null (atelier_git_find_sync (peer_root (), &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
  assert_says (error, peer_root ());
  g_clear_error (&error);
  g_assert_null (atelier_git_find_sync ("/no/such/place", &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
}

typedef struct
{
  GCancellable *cancellable; /* (nullable): cancelled at a call whose phrase is this one */
  const char   *cancel_at;
  int           n_calls;
  guint64       done;
  guint64       total;
} Seen;

static void
progress_cb (const char *what, guint64 done, guint64 total, gpointer user_data)
{
  Seen *seen = user_data;

  g_assert_nonnull (what);
  seen->n_calls++;
  seen->done = done;
  seen->total = total;
  if (seen->cancellable != NULL && g_str_equal (what, seen->cancel_at))
    g_cancellable_cancel (seen->cancellable);
}

static void
assert_same_clone (const char *source, const char *clone)
{
  g_autofree char *theirs = peer_git (source, "rev-parse", "HEAD", NULL);
  g_autofree char *ours = peer_git (clone, "rev-parse", "HEAD", NULL);
  g_autofree char *status = peer_git (clone, "status", "--porcelain", NULL);
  g_autofree char *upstream = peer_git (clone, "rev-parse", "--abbrev-ref", "main@{upstream}", NULL);

  g_assert_cmpstr (ours, ==, theirs);
  g_assert_cmpstr (status, ==, "");
  g_assert_cmpstr (upstream, ==, "origin/main");
  g_free (peer_git (clone, "fsck", "--strict", NULL));
}

static gboolean
is_linked_once (const char *relative, const char *path, gpointer user_data, GError **error)
{
  struct stat info;

  g_assert_cmpint (lstat (path, &info), ==, 0);
  g_assert_cmpint (info.st_nlink, ==, 1);
  return TRUE;
}

static void
test_clone (void)
{
  g_autofree char *source = new_source (20);
  g_autofree char *clone = peer_new_path ("x/clone");
  g_autofree char *again = peer_new_path ("again");
  g_autofree char *address = g_strconcat ("file://", source, NULL);
  g_autofree char *origin = NULL;
  g_autofree char *moved = NULL;
  g_autoptr (GError) error = NULL;
  Seen seen = { 0 };

  g_assert_true (atelier_git_clone_sync (source, clone, progress_cb, &seen, NULL, &error));
  g_assert_no_error (error);
  assert_same_clone (source, clone);
  g_assert_cmpint (seen.n_calls, >, 0);
  g_assert_cmpint (seen.done, ==, seen.total);
  g_assert_cmpint (seen.total, >=, 20);
  g_assert_true (atelier_files_walk (clone, is_linked_once, NULL, NULL));
  origin = peer_git (clone, "remote", "get-url", "origin", NULL);
  g_assert_cmpstr (origin, ==, source);

  /* into an empty folder that is there, from an address */
  g_assert_cmpint (g_mkdir (again, 0755), ==, 0);
  g_assert_true (atelier_git_clone_sync (address, again, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  assert_same_clone (source, again);
  g_assert_true (atelier_git_set_origin_sync (again, source, &error));
  g_assert_no_error (error);
  moved = peer_git (again, "remote", "get-url", "origin", NULL);
  g_assert_cmpstr (moved, ==, source);
  g_free (peer_git (again, "fetch", "--quiet", NULL));
}

static void
test_clone_relative_path (void)
{
  g_autofree char *source = new_source (2);
  g_autofree char *clone = peer_new_path ("clone");
  g_autofree char *name = g_path_get_basename (source);
  g_autofree char *before = g_get_current_dir ();
  g_autofree char *origin = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_chdir (peer_root ()), ==, 0);
  g_assert_true (atelier_git_clone_sync (name, clone, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_chdir (before), ==, 0);
  origin = peer_git (clone, "remote", "get-url", "origin", NULL);
  g_assert_cmpstr (origin, ==, source);
}

static void
test_clone_empty (void)
{
  g_autofree char *source = peer_new_path ("empty.git");
  g_autofree char *clone = peer_new_path ("clone");
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_git_init_bare_sync (source, NULL));
  g_assert_true (atelier_git_clone_sync (source, clone, NULL, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (peer_exists (clone, ".git/HEAD"));
}

static void
test_clone_failures (void)
{
  g_autofree char *clone = peer_new_path ("clone");
  g_autofree char *there = peer_new_path ("there");
  g_autofree char *full = peer_new_path ("full");
  g_autofree char *source = new_source (1);
  g_autoptr (GError) error = NULL;

  g_assert_false (atelier_git_clone_sync ("/no/such/repository", clone, NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (atelier_git_clone_sync (peer_root (), clone, NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (atelier_git_clone_sync ("http://127.0.0.1:1/none.git", clone, NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_FAILED);
  assert_says (error, "http://127.0.0.1:1/none.git");
  g_clear_error (&error);
  g_assert_false (peer_exists (clone, ""));

  g_assert_cmpint (g_mkdir (there, 0755), ==, 0);
  g_assert_false (atelier_git_clone_sync ("http://127.0.0.1:1/none.git", there, NULL, NULL, NULL, &error));
  g_clear_error (&error);
  g_assert_true (peer_exists (there, ""));
  g_assert_cmpint (g_rmdir (there), ==, 0); /* empty again */

  peer_write (full, "mine.txt", "mine\n", -1);
  g_assert_false (atelier_git_clone_sync (source, full, NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EXISTS);
  g_assert_true (peer_exists (full, "mine.txt"));
  g_assert_false (peer_exists (full, ".git"));
}

static void
test_clone_cancel (gconstpointer phrase)
{
  g_autofree char *source = new_source (400);
  g_autofree char *clone = peer_new_path ("clone");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Seen seen = { .cancellable = cancellable, .cancel_at = phrase };

  g_assert_false (atelier_git_clone_sync (source, clone, progress_cb, &seen, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (peer_exists (clone, ""));
  g_clear_error (&error);

  seen.n_calls = 0;
  g_assert_false (atelier_git_clone_sync (source, clone, progress_cb, &seen, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (seen.n_calls, ==, 0);
  g_assert_false (peer_exists (clone, ""));
}

/* A commit whose tree holds ".git/config", as Git itself would never make it. */
static char *
new_hostile_source (const char *entry)
{
  char *source = new_source (1);
  g_autofree char *blob = peer_git (source, "rev-parse", "HEAD:folder-0/file-0.txt", NULL);
  g_autofree char *raw = NULL;
  g_autofree char *tree_path = peer_new_path ("tree");
  g_autofree char *tree = NULL;
  g_autofree char *commit = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  raw = g_strdup_printf ("100644 %s", entry);
  g_byte_array_append (bytes, (guint8 *) raw, strlen (raw) + 1);
  for (int i = 0; i < 20; i++)
    {
      guint8 byte = g_ascii_xdigit_value (blob[2 * i]) << 4 | g_ascii_xdigit_value (blob[2 * i + 1]);

      g_byte_array_append (bytes, &byte, 1);
    }
  g_assert_true (g_file_set_contents (tree_path, (char *) bytes->data, bytes->len, NULL));
  tree = peer_git (source, "hash-object", "--literally", "-t", "tree", "-w", tree_path, NULL);
  commit = peer_git (source, "commit-tree", "-m", "Hostile", tree, NULL);
  g_free (peer_git (source, "update-ref", "refs/heads/main", commit, NULL));
  return source;
}

static void
test_hostile_names (gconstpointer entry)
{
  g_autofree char *source = new_hostile_source (entry);
  g_autofree char *clone = peer_new_path ("clone");
  g_autofree char *exported = peer_new_path ("exported");
  g_autofree char *outside = g_build_filename (peer_root (), "outside", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (atelier_git_clone_sync (source, clone, NULL, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_false (peer_exists (clone, ""));
  g_assert_false (atelier_git_export_sync (source, "HEAD", exported, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_UNSAFE);
  g_assert_false (peer_exists (exported, ""));
  g_assert_false (peer_exists (outside, ""));
}

static void
test_owner (void)
{
  g_autofree char *source = new_source (1);
  g_autofree char *clone = peer_new_path ("clone");
  g_autofree char *git_dir = g_build_filename (source, ".git", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *found = NULL;

  if (geteuid () != 0)
    {
      g_test_skip ("only the superuser can make a repository that belongs to somebody else");
      return;
    }
  g_assert_cmpint (chown (source, 54321, 54321), ==, 0);
  g_assert_cmpint (chown (git_dir, 54321, 54321), ==, 0);
  g_assert_false (peer_git_succeeds (source, "status", NULL));
  g_assert_null (atelier_git_find_sync (source, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_OWNER);
  assert_says (error, "safe.directory");
  g_clear_error (&error);
  g_assert_false (atelier_git_clone_sync (source, clone, NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_OWNER);
  g_clear_error (&error);
  g_assert_false (peer_exists (clone, ""));

  g_free (peer_git (peer_root (), "config", "--global", "--add", "safe.directory", source, NULL));
  g_assert_true (peer_git_succeeds (source, "status", NULL));
  found = atelier_git_find_sync (source, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (found, ==, source);
}

static void
test_is_address (void)
{
  for (const char **text = (const char *[]) { "https://example.org/a.git", "ssh://git@example.org/a", "file:///tmp/a",
                                              "git@example.org:team/a.git", NULL };
       *text != NULL; text++)
    g_assert_true (atelier_git_is_address (*text));
  for (const char **text = (const char *[]) { "/home/ada/a", "a", "a/b:c@d", "./git@x:y", "a:b", ":", "", NULL };
       *text != NULL; text++)
    g_assert_false (atelier_git_is_address (*text));
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  peer_init ();
  g_test_add_func ("/git/init-bare", test_init_bare);
  g_test_add_func ("/git/find", test_find);
  g_test_add_func ("/git/clone", test_clone);
  g_test_add_func ("/git/clone/relative-path", test_clone_relative_path);
  g_test_add_func ("/git/clone/empty", test_clone_empty);
  g_test_add_func ("/git/clone/failures", test_clone_failures);
  g_test_add_data_func ("/git/clone/cancel-receiving", "Receiving objects", test_clone_cancel);
  g_test_add_data_func ("/git/clone/cancel-writing", "Writing files", test_clone_cancel);
  g_test_add_data_func ("/git/hostile/dot-git", ".GIT", test_hostile_names);
  g_test_add_data_func ("/git/hostile/up", "../outside", test_hostile_names);
  g_test_add_data_func ("/git/hostile/dots", "..", test_hostile_names);
  g_test_add_func ("/git/owner", test_owner);
  g_test_add_func ("/git/is-address", test_is_address);
  result = g_test_run ();
  peer_clear ();
  return result;
}
