/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-git.h"
#include "git-peer.h"

/* What is checked out, whether it was changed, and the changes as a patch that `git apply` takes. */

static char *
new_work (void)
{
  char *work = peer_new_repository ();
  g_autofree char *script = g_build_filename (work, "run.sh", NULL);
  g_autofree char *link_path = g_build_filename (work, "link", NULL);

  peer_write (work, ".gitignore", "*.log\nbuild/\n", -1);
  peer_write (work, "a.txt", "one\ntwo\nthree\n", -1);
  peer_write (work, "b/c d.txt", "blank in the name\n", -1);
  peer_write (work, "end.txt", "no line feed", -1);
  peer_write (work, "dos.txt", "one\r\ntwo\r\n", -1);
  peer_write (work, "picture.bin", "\0\1\2\3\4\5\6\7", 8);
  peer_write (work, "run.sh", "#!/bin/sh\n", -1);
  g_assert_cmpint (chmod (script, 0755), ==, 0);
  g_assert_cmpint (symlink ("a.txt", link_path), ==, 0);
  g_free (peer_git (work, "add", "--all", NULL));
  g_free (peer_git (work, "commit", "--quiet", "--message", "First line\n\nMore.", NULL));
  return work;
}

static void
test_head (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *below = g_build_filename (work, "b", NULL);
  g_autofree char *expected = peer_git (work, "log", "-1", "--format=%H|%h|%s|%an|%ae|%at", NULL);
  g_autofree char *empty = peer_new_repository ();
  g_autofree char *described = NULL;
  g_autoptr (AtelierGitHead) head = NULL;
  g_autoptr (AtelierGitHead) detached = NULL;
  g_autoptr (GError) error = NULL;

  head = atelier_git_head_sync (below, &error);
  g_assert_no_error (error);
  described = g_strdup_printf ("%s|%s|%s|%s|%s|%" G_GINT64_FORMAT, head->commit, head->short_id, head->subject,
                               head->author_name, head->author_email, head->time_us / G_USEC_PER_SEC);
  g_assert_cmpstr (described, ==, expected);
  g_assert_cmpstr (head->branch, ==, "main");
  g_assert_cmpstr (head->message, ==, "First line\n\nMore.\n");

  g_free (peer_git (work, "checkout", "--quiet", "--detach", NULL));
  detached = atelier_git_head_sync (work, &error);
  g_assert_no_error (error);
  g_assert_null (detached->branch);
  g_assert_cmpstr (detached->commit, ==, head->commit);

  g_assert_null (atelier_git_head_sync (empty, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_EMPTY);
  g_clear_error (&error);
  g_assert_null (atelier_git_head_sync (peer_root (), &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_NOT_FOUND);
}

/* Takes the patch, applies it to a fresh clone of HEAD with git, and compares: with what `git add --all` makes of the
 * working tree. Says whether there was a patch. */
static gboolean
check_patch (const char *work)
{
  g_autofree char *top = peer_git (work, "rev-parse", "--show-toplevel", NULL);
  g_autofree char *clone = peer_new_path ("clone");
  g_autofree char *patch_path = peer_new_path ("patch");
  g_autofree char *index_before = NULL;
  g_autofree char *objects_before = NULL;
  g_autofree char *objects_after = NULL;
  g_autofree char *patch = NULL;
  g_autofree char *ours = NULL;
  g_autofree char *theirs = NULL;
  g_autoptr (GError) error = NULL;
  gboolean dirty = 2;
  gsize length = 0;

  objects_before = peer_git (work, "count-objects", "-v", NULL);
  index_before = peer_git (work, "ls-files", "--stage", "--full-name", ":/", NULL);
  g_assert_true (atelier_git_is_dirty_sync (work, &dirty, &error));
  g_assert_no_error (error);
  g_assert_true (atelier_git_dirty_patch_sync (work, NULL, &patch, &length, &error));
  g_assert_no_error (error);
  g_assert_cmpint (dirty, ==, length > 0);
  g_assert_cmpint (strlen (patch), <=, length);

  /* nothing was written into the repository */
  objects_after = peer_git (work, "count-objects", "-v", NULL);
  ours = peer_git (work, "ls-files", "--stage", "--full-name", ":/", NULL);
  g_assert_cmpstr (objects_after, ==, objects_before);
  g_assert_cmpstr (ours, ==, index_before);
  g_clear_pointer (&ours, g_free);

  g_free (peer_git (peer_root (), "clone", "--quiet", top, clone, NULL));
  if (length > 0)
    {
      g_assert_true (g_file_set_contents (patch_path, patch, length, NULL));
      g_free (peer_git (clone, "apply", "--index", patch_path, NULL));
    }
  ours = peer_git (clone, "write-tree", NULL);
  g_free (peer_git (work, "add", "--all", ":/", NULL));
  theirs = peer_git (work, "write-tree", NULL);
  g_assert_cmpstr (ours, ==, theirs);
  return length > 0;
}

static void
test_clean (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *bare = peer_new_path ("bare.git");
  g_autofree char *patch = NULL;
  gboolean dirty = TRUE;

  peer_write (work, "noise.log", "ignored\n", -1);
  peer_write (work, "build/out", "ignored\n", -1);
  g_assert_false (check_patch (work));
  g_assert_true (atelier_git_init_bare_sync (bare, NULL));
  g_assert_true (atelier_git_is_dirty_sync (bare, &dirty, NULL));
  g_assert_false (dirty);
  g_assert_true (atelier_git_dirty_patch_sync (bare, NULL, &patch, NULL, NULL));
  g_assert_cmpstr (patch, ==, "");
}

static void
test_patch (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *below = g_build_filename (work, "b", NULL);
  g_autofree char *script = g_build_filename (work, "run.sh", NULL);
  g_autofree char *plain = g_build_filename (work, "new.sh", NULL);
  g_autofree char *link_path = g_build_filename (work, "link", NULL);
  g_autofree char *new_link = g_build_filename (work, "new link", NULL);
  g_autofree char *gone = g_build_filename (work, "end.txt", NULL);

  /* changed and staged, then changed again */
  peer_write (work, "a.txt", "one\n2\nthree\n", -1);
  g_free (peer_git (work, "add", "a.txt", NULL));
  peer_write (work, "a.txt", "one\n2\n3", -1);
  /* staged as deleted, and there again as something else */
  g_free (peer_git (work, "rm", "--quiet", "--cached", "dos.txt", NULL));
  peer_write (work, "dos.txt", "one\r\n2\r\n", -1);
  /* ignored, but staged */
  peer_write (work, "wanted.log", "wanted\n", -1);
  g_free (peer_git (work, "add", "--force", "wanted.log", NULL));
  /* binary: changed, and new */
  peer_write (work, "picture.bin", "\0\1\2\3\4\5\6\7\0\0\0", 11);
  peer_write (work, "new.bin", "\0\xff\xfe", 3);
  /* removed; mode changed; link changed; folder turned into a file */
  g_assert_cmpint (g_unlink (gone), ==, 0);
  g_assert_cmpint (chmod (script, 0644), ==, 0);
  g_assert_cmpint (g_unlink (link_path), ==, 0);
  g_assert_cmpint (symlink ("run.sh", link_path), ==, 0);
  g_free (peer_git (work, "rm", "--quiet", "-r", "--force", "b", NULL));
  peer_write (work, "b", "now a file\n", -1);
  /* untracked of all kinds */
  peer_write (work, "deep/er/Zoë's \"new\"\tfile", "text\n", -1);
  peer_write (work, "empty.txt", "", 0);
  peer_write (work, "latin1.txt", "caf\xe9\n", -1);
  peer_write (work, "new.sh", "#!/bin/sh\nexit 1", -1);
  g_assert_cmpint (chmod (plain, 0755), ==, 0);
  g_assert_cmpint (symlink ("deep/er", new_link), ==, 0);
  g_assert_true (check_patch (work));
}

static void
test_patch_from_below (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *below = g_build_filename (work, "b", NULL);

  peer_write (work, "a.txt", "above\n", -1);
  peer_write (work, "b/new", "below\n", -1);
  g_assert_true (check_patch (below));
}

static void
test_patch_of_merge_conflict (void)
{
  g_autofree char *work = new_work ();

  g_free (peer_git (work, "checkout", "--quiet", "-b", "other", NULL));
  peer_write (work, "a.txt", "other\n", -1);
  g_free (peer_git (work, "commit", "--quiet", "--all", "--message", "Other", NULL));
  g_free (peer_git (work, "checkout", "--quiet", "main", NULL));
  peer_write (work, "a.txt", "main\n", -1);
  g_free (peer_git (work, "commit", "--quiet", "--all", "--message", "Main", NULL));
  g_assert_false (peer_git_succeeds (work, "merge", "other", NULL));
  g_assert_true (check_patch (work));
}

static void
test_patch_before_first_commit (void)
{
  g_autofree char *work = peer_new_repository ();
  g_autofree char *other = peer_new_repository ();
  g_autofree char *patch_path = peer_new_path ("patch");
  g_autofree char *patch = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gboolean dirty = FALSE;

  peer_write (work, "a.txt", "first\n", -1);
  g_assert_true (atelier_git_is_dirty_sync (work, &dirty, &error));
  g_assert_true (dirty);
  g_assert_true (atelier_git_dirty_patch_sync (work, NULL, &patch, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (patch_path, patch, -1, NULL));
  g_free (peer_git (other, "apply", patch_path, NULL));
  text = peer_read (other, "a.txt");
  g_assert_cmpstr (text, ==, "first\n");
}

/* Another repository inside belongs to itself, with or without a commit. */
static void
test_patch_with_repository_inside (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *inside = g_build_filename (work, "inside", NULL);
  g_autofree char *patch = NULL;
  g_autoptr (GError) error = NULL;

  g_free (peer_git (work, "init", "--quiet", inside, NULL));
  peer_write (inside, "x", "x\n", -1);
  peer_write (work, "new.txt", "new\n", -1);
  g_assert_true (atelier_git_dirty_patch_sync (work, NULL, &patch, NULL, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (patch, "new.txt"));
  g_assert_null (strstr (patch, "inside"));
}

/* Many small random changes; any that git reads otherwise than we do shows. */
static void
test_patch_random (void)
{
  for (int round = 0; round < 8; round++)
    {
      g_autofree char *work = new_work ();

      for (int i = 0; i < 30; i++)
        {
          g_autofree char *name = g_strdup_printf ("d%d/f%d.txt", g_test_rand_int_range (0, 3),
                                                   g_test_rand_int_range (0, 6));
          g_autoptr (GString) content = g_string_new (NULL);

          for (int line = g_test_rand_int_range (0, 30); line > 0; line--)
            g_string_append_printf (content, "%d%s", g_test_rand_int_range (0, 4), line > 1 ? "\n" : "");
          peer_write (work, name, content->str, content->len);
          if (g_test_rand_int_range (0, 3) == 0)
            g_free (peer_git (work, "add", name, NULL));
          if (i == 15)
            {
              g_free (peer_git (work, "add", "--all", NULL));
              g_free (peer_git (work, "commit", "--quiet", "--message", "Half", NULL));
            }
        }
      check_patch (work);
    }
}

/* A sparse file is large at no cost. */
static void
test_patch_too_big (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *path = g_build_filename (work, "data.csv", NULL);
  g_autofree char *patch = NULL;
  g_autoptr (GError) error = NULL;

  peer_write (work, "data.csv", "", 0);
  g_assert_cmpint (truncate (path, G_GINT64_CONSTANT (3) << 30), ==, 0);
  g_assert_false (atelier_git_dirty_patch_sync (work, NULL, &patch, NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_TOO_BIG);
  g_assert_nonnull (strstr (error->message, "data.csv"));
  g_assert_null (patch);
}

static void
test_patch_cancel (void)
{
  g_autofree char *work = new_work ();
  g_autofree char *patch = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_false (atelier_git_dirty_patch_sync (work, cancellable, &patch, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (patch);
}

int
main (int argc, char *argv[])
{
  int result;

  g_test_init (&argc, &argv, NULL);
  peer_init ();
  g_test_add_func ("/git/head", test_head);
  g_test_add_func ("/git/patch/clean", test_clean);
  g_test_add_func ("/git/patch/all-kinds", test_patch);
  g_test_add_func ("/git/patch/from-below", test_patch_from_below);
  g_test_add_func ("/git/patch/merge-conflict", test_patch_of_merge_conflict);
  g_test_add_func ("/git/patch/before-first-commit", test_patch_before_first_commit);
  g_test_add_func ("/git/patch/repository-inside", test_patch_with_repository_inside);
  g_test_add_func ("/git/patch/random", test_patch_random);
  g_test_add_func ("/git/patch/too-big", test_patch_too_big);
  g_test_add_func ("/git/patch/cancel", test_patch_cancel);
  result = g_test_run ();
  peer_clear ();
  return result;
}
