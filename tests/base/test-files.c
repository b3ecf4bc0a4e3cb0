/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gio.h>

#include "atelier-digest.h"
#include "atelier-files.h"
#include "base-fixture.h"

/* Files and folders, and what goes wrong with them: full disk, no permission, links that lead elsewhere. */

typedef struct
{
  char *path; /* the folder of the test */
} Folder;

static void
set_up (Folder *folder, gconstpointer data)
{
  folder->path = fixture_folder_new ();
}

static void
tear_down (Folder *folder, gconstpointer data)
{
  fixture_folder_free (folder->path);
}

static struct stat
stat_of (const char *folder, const char *relative)
{
  g_autofree char *path = fixture_path (folder, relative);
  struct stat status;

  g_assert_cmpint (lstat (path, &status), ==, 0);
  return status;
}

static gboolean
exists (const char *folder, const char *relative)
{
  g_autofree char *path = fixture_path (folder, relative);
  struct stat status;

  return lstat (path, &status) == 0;
}

static void
link_to (const char *folder, const char *target, const char *relative)
{
  g_autofree char *path = fixture_path (folder, relative);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

/* Permissions mean nothing to root: what needs them to hold runs as somebody else. */
static gboolean
drop_root (const char *folder)
{
  if (geteuid () != 0)
    return FALSE;
  g_assert_cmpint (chown (folder, 65534, 65534), ==, 0);
  g_assert_cmpint (setegid (65534), ==, 0);
  g_assert_cmpint (seteuid (65534), ==, 0);
  return TRUE;
}

static void
restore_root (gboolean was_dropped)
{
  if (!was_dropped)
    return;
  g_assert_cmpint (seteuid (0), ==, 0);
  g_assert_cmpint (setegid (0), ==, 0);
}

/* --- write --- */

static void
test_write (Folder *folder, gconstpointer data)
{
  g_autofree char *path = fixture_path (folder->path, "file");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  mode_t mask = umask (0022);

  g_assert_true (atelier_files_write_atomic (path, "one\n", -1, 0644, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat_of (folder->path, "file").st_mode & 07777, ==, 0644);
  g_assert_true (atelier_files_write_atomic (path, "a\0b", 3, 0600, &error));
  g_assert_no_error (error);
  g_assert_cmpint (stat_of (folder->path, "file").st_size, ==, 3);
  g_assert_cmpint (stat_of (folder->path, "file").st_mode & 07777, ==, 0600);
  g_assert_true (atelier_files_write_atomic (path, "", 0, 0644, &error));
  text = fixture_read (folder->path, "file");
  g_assert_cmpstr (text, ==, "");
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 1);
  umask (mask);
}

/* Who reads while it is replaced again and again sees whole contents only. */
typedef struct
{
  const char *path;
  gboolean    is_over; /* (atomic) */
  int         n_reads; /* (atomic) */
  int         n_torn;  /* (atomic) */
} Reader;

static gpointer
read_again_and_again (gpointer data)
{
  Reader *reader = data;

  while (!g_atomic_int_get (&reader->is_over))
    {
      g_autofree char *text = NULL;
      gsize length;

      if (!g_file_get_contents (reader->path, &text, &length, NULL) || length != 100000
          || strspn (text, (char[]) { text[0], '\0' }) != 100000)
        g_atomic_int_inc (&reader->n_torn);
      g_atomic_int_inc (&reader->n_reads);
    }
  return NULL;
}

static void
test_write_atomic (Folder *folder, gconstpointer data)
{
  g_autofree char *path = fixture_path (folder->path, "file");
  Reader reader = { .path = path };
  GThread *thread = NULL;

  for (int i = 0; i < 200 || g_atomic_int_get (&reader.n_reads) < 100; i++)
    {
      g_autofree char *text = g_strnfill (100000, (char) ('a' + i % 26));

      g_assert_true (atelier_files_write_atomic (path, text, -1, 0644, NULL));
      if (thread == NULL)
        thread = g_thread_new ("reader", read_again_and_again, &reader);
    }
  g_atomic_int_set (&reader.is_over, TRUE);
  g_thread_join (thread);
  g_assert_cmpint (reader.n_torn, ==, 0);
}

/* A disk that is full half-way: the old content stays, nothing else is left. */
static void
test_write_full (Folder *folder, gconstpointer data)
{
  g_autofree char *path = fixture_path (folder->path, "file");
  g_autofree char *big = g_strnfill (100000, 'x');
  g_autofree char *copy = fixture_path (folder->path, "copy");
  g_autofree char *source = fixture_path (folder->path, "source");
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy_error = NULL;
  g_autofree char *text = NULL;
  struct rlimit before, small;
  void (*handler) (int) = signal (SIGXFSZ, SIG_IGN);
  gboolean written, copied;

  g_assert_true (atelier_files_write_atomic (path, "old", -1, 0644, NULL));
  g_assert_true (atelier_files_write_atomic (source, big, -1, 0644, NULL));
  getrlimit (RLIMIT_FSIZE, &before);
  small = (struct rlimit) { 5000, before.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  written = atelier_files_write_atomic (path, big, -1, 0644, &error);
  copied = atelier_files_copy (source, copy, ATELIER_COPY_FLAGS_NONE, &copy_error);
  setrlimit (RLIMIT_FSIZE, &before);
  signal (SIGXFSZ, handler);

  g_assert_false (written);
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_nonnull (strstr (error->message, path));
  text = fixture_read (folder->path, "file");
  g_assert_cmpstr (text, ==, "old");
  /* where blocks can be shared nothing is written */
  if (!copied)
    {
      g_assert_nonnull (strstr (copy_error->message, copy));
      g_assert_false (exists (folder->path, "copy"));
    }
  g_assert_cmpuint (fixture_count_files (folder->path), ==, copied ? 3 : 2);
}

static void
test_write_refused (Folder *folder, gconstpointer data)
{
  g_autofree char *missing = fixture_path (folder->path, "no/file");
  g_autofree char *taken = fixture_path (folder->path, "taken");
  g_autofree char *closed = fixture_path (folder->path, "closed");
  g_autofree char *inside = fixture_path (folder->path, "closed/file");
  g_autoptr (GError) error = NULL;
  gboolean dropped = drop_root (folder->path);

  g_assert_false (atelier_files_write_atomic (missing, "x", -1, 0644, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (atelier_files_make_folder (taken, NULL));
  g_assert_false (atelier_files_write_atomic (taken, "x", -1, 0644, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_clear_error (&error);
  g_assert_true (atelier_files_make_folder (closed, NULL));
  g_assert_cmpint (chmod (closed, 0500), ==, 0);
  g_assert_false (atelier_files_write_atomic (inside, "x", -1, 0644, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, inside));
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 2);
  restore_root (dropped);
}

static void
test_make_folder (Folder *folder, gconstpointer data)
{
  g_autofree char *deep = fixture_path (folder->path, "a/b/c");
  g_autofree char *through = fixture_path (folder->path, "file/d");
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_files_make_folder (deep, &error));
  g_assert_true (atelier_files_make_folder (deep, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (deep, G_FILE_TEST_IS_DIR));
  fixture_write (folder->path, "file", "");
  g_assert_false (atelier_files_make_folder (through, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  g_assert_nonnull (strstr (error->message, through));
}

/* --- copy --- */

static void
test_copy (Folder *folder, gconstpointer data)
{
  g_autofree char *from = fixture_path (folder->path, "from");
  g_autofree char *to = fixture_path (folder->path, "to");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  fixture_write (folder->path, "from", "content");
  fixture_write (folder->path, "to", "what was there before");
  g_assert_cmpint (chmod (from, 0750), ==, 0);
  g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_NONE, &error));
  g_assert_no_error (error);
  text = fixture_read (folder->path, "to");
  g_assert_cmpstr (text, ==, "content");
  g_assert_cmpint (stat_of (folder->path, "to").st_mode & 0777, ==, 0750);
  g_assert_cmpuint (stat_of (folder->path, "to").st_ino, !=, stat_of (folder->path, "from").st_ino);
  /* onto itself */
  g_assert_true (atelier_files_copy (to, to, ATELIER_COPY_FLAGS_NONE, &error));
  g_free (text);
  text = fixture_read (folder->path, "to");
  g_assert_cmpstr (text, ==, "content");
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 2);
}

/* More than one call of copy_file_range() and odd lengths: the digest is the same. */
static void
test_copy_large (Folder *folder, gconstpointer data)
{
  const gsize lengths[] = { 0, 1, 65535, 65536, 65537, 3000001 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *bytes = g_malloc (lengths[i] + 1);
      g_autofree char *from = fixture_path (folder->path, "from");
      g_autofree char *to = fixture_path (folder->path, "to");
      g_autofree char *before = NULL;
      g_autofree char *after = NULL;
      g_autofree char *expected = NULL;
      g_autoptr (GError) error = NULL;

      for (gsize k = 0; k < lengths[i]; k++)
        bytes[k] = (char) (k * 7 + k / 251);
      g_assert_true (atelier_files_write_atomic (from, bytes, (gssize) lengths[i], 0644, &error));
      g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_NONE, &error));
      before = atelier_digest_file (from, &error);
      after = atelier_digest_file (to, &error);
      g_assert_no_error (error);
      expected = atelier_digest_text (bytes, (gssize) lengths[i]);
      g_assert_cmpstr (before, ==, expected);
      g_assert_cmpstr (after, ==, expected);
    }
}

static void
test_copy_link (Folder *folder, gconstpointer data)
{
  g_autofree char *from = fixture_path (folder->path, "from");
  g_autofree char *to = fixture_path (folder->path, "to");
  g_autoptr (GError) error = NULL;

  fixture_write (folder->path, "from", "content");
  g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (stat_of (folder->path, "to").st_ino, ==, stat_of (folder->path, "from").st_ino);
  /* the same link again, and over something else */
  g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_cmpuint (stat_of (folder->path, "to").st_ino, ==, stat_of (folder->path, "from").st_ino);
  fixture_write (folder->path, "to", "another");
  g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_cmpuint (stat_of (folder->path, "to").st_ino, ==, stat_of (folder->path, "from").st_ino);
  g_assert_cmpuint (stat_of (folder->path, "from").st_nlink, ==, 2);
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 2);
}

/* Another file system: the link becomes a copy. */
static void
test_copy_across (Folder *folder, gconstpointer data)
{
  g_autofree char *from = fixture_path (folder->path, "from");
  g_autofree char *other = g_strdup ("/dev/shm/atelier-base-XXXXXX");
  struct stat here, there;
  g_autoptr (GError) error = NULL;
  g_autofree char *to = NULL;
  g_autofree char *text = NULL;

  fixture_write (folder->path, "from", "content");
  if (stat ("/dev/shm", &there) < 0 || stat (folder->path, &here) < 0 || here.st_dev == there.st_dev
      || g_mkdtemp (other) == NULL)
    {
      g_test_skip ("there is no second file system");
      return;
    }
  to = fixture_path (other, "to");
  g_assert_true (atelier_files_copy (from, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_no_error (error);
  text = fixture_read (other, "to");
  g_assert_cmpstr (text, ==, "content");
  g_assert_cmpuint (fixture_count_files (other), ==, 1);
  fixture_folder_free (g_steal_pointer (&other));
}

static void
test_copy_refused (Folder *folder, gconstpointer data)
{
  g_autofree char *missing = fixture_path (folder->path, "missing");
  g_autofree char *sub = fixture_path (folder->path, "folder");
  g_autofree char *pipe = fixture_path (folder->path, "pipe");
  g_autofree char *to = fixture_path (folder->path, "to");
  g_autofree char *file = fixture_path (folder->path, "file");
  g_autofree char *nowhere = fixture_path (folder->path, "no/to");
  g_autoptr (GError) error = NULL;

  fixture_write (folder->path, "file", "");
  fixture_write (folder->path, "folder/inside", "");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_false (atelier_files_copy (missing, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_clear_error (&error);
  g_assert_false (atelier_files_copy (sub, to, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
  g_assert_nonnull (strstr (error->message, sub));
  g_clear_error (&error);
  g_assert_false (atelier_files_copy (pipe, to, ATELIER_COPY_FLAGS_NONE, &error));
  g_assert_true (error->domain == G_IO_ERROR);
  g_clear_error (&error);
  g_assert_false (atelier_files_copy (file, sub, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_nonnull (strstr (error->message, sub));
  g_clear_error (&error);
  g_assert_false (atelier_files_copy (file, nowhere, ATELIER_COPY_FLAGS_NONE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 3);
}

/* --- trees --- */

static gboolean
note_relative (const char *relative, const char *path, gpointer user_data, GError **error)
{
  g_autofree char *end = g_strconcat ("/", relative, NULL);

  g_assert_true (g_str_has_suffix (path, end));
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  g_ptr_array_add (user_data, g_strdup (relative));
  return TRUE;
}

static GPtrArray *
walk (const char *folder)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_files_walk (folder, note_relative, names, &error));
  g_assert_no_error (error);
  return names;
}

static void
test_walk_order (Folder *folder, gconstpointer data)
{
  /* in byte order of the whole path: “-”, “.” and “ ” come before “/”, “0” behind it */
  const char *expected[] = { "A", "a b", "a-b", "a.txt", "a/.hidden", "a/b/c", "a/b/d", "a/z", "a0", "b", "é", "\xff" };
  g_autoptr (GPtrArray) names = NULL;

  for (gsize i = G_N_ELEMENTS (expected); i-- > 0;)
    fixture_write (folder->path, expected[i], "");
  names = walk (folder->path);
  g_assert_cmpuint (names->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < names->len; i++)
    g_assert_cmpstr (g_ptr_array_index (names, i), ==, expected[i]);
}

/* Links, pipes and empty folders are no files. */
static void
test_walk_kinds (Folder *folder, gconstpointer data)
{
  g_autofree char *pipe = fixture_path (folder->path, "tree/pipe");
  g_autofree char *tree = fixture_path (folder->path, "tree");
  g_autofree char *empty = fixture_path (folder->path, "tree/empty");
  g_autoptr (GPtrArray) names = NULL;

  fixture_write (folder->path, "outside/secret", "");
  fixture_write (folder->path, "tree/file", "");
  link_to (folder->path, "../outside", "tree/to-folder");
  link_to (folder->path, "../outside/secret", "tree/to-file");
  link_to (folder->path, "nothing", "tree/dangling");
  link_to (folder->path, ".", "tree/to-itself");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_true (atelier_files_make_folder (empty, NULL));
  names = walk (tree);
  g_assert_cmpuint (names->len, ==, 1);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "file");
}

static gboolean
stop_at_second (const char *relative, const char *path, gpointer user_data, GError **error)
{
  guint *n = user_data;

  if (++*n < 2)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "enough at %s", relative);
  return FALSE;
}

static void
test_walk_ends (Folder *folder, gconstpointer data)
{
  g_autofree char *missing = fixture_path (folder->path, "missing");
  g_autofree char *closed = fixture_path (folder->path, "closed");
  g_autoptr (GError) error = NULL;
  guint n = 0;
  gboolean dropped;

  fixture_write (folder->path, "a/1", "");
  fixture_write (folder->path, "a/2", "");
  fixture_write (folder->path, "b", "");
  g_assert_false (atelier_files_walk (folder->path, stop_at_second, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpstr (error->message, ==, "enough at a/2");
  g_assert_cmpuint (n, ==, 2);
  g_clear_error (&error);
  g_assert_false (atelier_files_walk (missing, stop_at_second, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_clear_error (&error);
  dropped = drop_root (folder->path);
  g_assert_true (atelier_files_make_folder (closed, NULL));
  g_assert_cmpint (chmod (closed, 0), ==, 0);
  n = 0;
  g_assert_false (atelier_files_walk (closed, stop_at_second, &n, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  restore_root (dropped);
}

static void
test_copy_tree (Folder *folder, gconstpointer data)
{
  g_autofree char *from = fixture_path (folder->path, "from");
  g_autofree char *to = fixture_path (folder->path, "deep/to");
  g_autofree char *linked = fixture_path (folder->path, "linked");
  g_autofree char *empty = fixture_path (folder->path, "from/empty");
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  fixture_write (folder->path, "from/a/b", "b");
  fixture_write (folder->path, "from/c", "c");
  fixture_write (folder->path, "deep/to/c", "old");
  fixture_write (folder->path, "deep/to/kept", "kept");
  link_to (folder->path, "/etc", "from/etc");
  g_assert_true (atelier_files_make_folder (empty, NULL));
  g_assert_true (atelier_files_copy_tree (from, to, ATELIER_COPY_FLAGS_NONE, &error));
  g_assert_no_error (error);
  names = walk (to);
  g_assert_cmpuint (names->len, ==, 3);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "a/b");
  g_assert_cmpstr (g_ptr_array_index (names, 1), ==, "c");
  g_assert_cmpstr (g_ptr_array_index (names, 2), ==, "kept");
  text = fixture_read (to, "c");
  g_assert_cmpstr (text, ==, "c");
  g_assert_false (exists (to, "etc"));
  g_assert_false (exists (to, "empty"));
  g_assert_true (atelier_files_copy_tree (from, linked, ATELIER_COPY_FLAGS_LINK, &error));
  g_assert_cmpuint (stat_of (linked, "a/b").st_ino, ==, stat_of (from, "a/b").st_ino);
}

/* --- remove --- */

static void
test_remove (Folder *folder, gconstpointer data)
{
  g_autofree char *tree = fixture_path (folder->path, "tree");
  g_autofree char *file = fixture_path (folder->path, "file");
  g_autofree char *to_outside = fixture_path (folder->path, "to-outside");
  g_autofree char *pipe = fixture_path (folder->path, "tree/pipe");
  g_autoptr (GError) error = NULL;
  gboolean dropped = drop_root (folder->path);

  fixture_write (folder->path, "outside/file", "");
  fixture_write (folder->path, "file", "");
  fixture_write (folder->path, "tree/a/b/c", "");
  fixture_write (folder->path, "tree/read-only/x", "");
  fixture_write (folder->path, "tree/closed/deeper/x", "");
  link_to (folder->path, "../outside", "tree/to-folder");
  link_to (folder->path, "../outside/file", "tree/to-file");
  link_to (folder->path, "outside", "to-outside");
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  for (int i = 0; i < 300; i++)
    {
      g_autofree char *name = g_strdup_printf ("tree/many/%d", i);

      fixture_write (folder->path, name, "");
    }
  {
    const char *closed[] = { "tree/read-only", "tree/closed/deeper", "tree/closed", "tree/a/b" };
    const int modes[] = { 0500, 0000, 0000, 0400 };

    for (gsize i = 0; i < G_N_ELEMENTS (closed); i++)
      {
        g_autofree char *path = fixture_path (folder->path, closed[i]);

        g_assert_cmpint (chmod (path, modes[i]), ==, 0);
      }
  }
  g_assert_true (atelier_files_remove_tree (tree, &error));
  g_assert_no_error (error);
  g_assert_false (exists (folder->path, "tree"));
  /* once more: what is not there is fine */
  g_assert_true (atelier_files_remove_tree (tree, &error));
  g_assert_true (atelier_files_remove_tree (to_outside, &error));
  g_assert_true (atelier_files_remove_tree (file, &error));
  g_assert_no_error (error);
  g_assert_true (exists (folder->path, "outside/file"));
  g_assert_cmpuint (fixture_count_files (folder->path), ==, 1);
  restore_root (dropped);
}

/* What cannot be removed is said as it is, and the rest is gone. */
static void
test_remove_refused (Folder *folder, gconstpointer data)
{
  g_autofree char *parent = fixture_path (folder->path, "parent");
  g_autofree char *file = fixture_path (folder->path, "parent/file");
  g_autofree char *tree = fixture_path (folder->path, "parent/tree");
  g_autoptr (GError) error = NULL;
  gboolean dropped = drop_root (folder->path);

  fixture_write (folder->path, "parent/file", "");
  fixture_write (folder->path, "parent/tree/x", "");
  g_assert_cmpint (chmod (parent, 0500), ==, 0);
  g_assert_false (atelier_files_remove_tree (file, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, file));
  g_clear_error (&error);
  g_assert_false (atelier_files_remove_tree (tree, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_true (exists (folder->path, "parent/file"));
  g_assert_false (exists (folder->path, "parent/tree/x"));
  g_assert_cmpint (chmod (parent, 0700), ==, 0);
  restore_root (dropped);
}

/* Somebody else's folder inside the tree. */
static void
test_remove_foreign (Folder *folder, gconstpointer data)
{
  g_autofree char *tree = fixture_path (folder->path, "tree");
  g_autofree char *foreign = fixture_path (folder->path, "tree/foreign");
  g_autoptr (GError) error = NULL;
  gboolean dropped;

  if (geteuid () != 0)
    {
      g_test_skip ("only root can make a folder of somebody else");
      return;
    }
  fixture_write (folder->path, "tree/a", "");
  fixture_write (folder->path, "tree/foreign/b", "");
  fixture_write (folder->path, "tree/z", "");
  g_assert_cmpint (chown (tree, 65534, 65534), ==, 0);
  dropped = drop_root (folder->path);
  g_assert_false (atelier_files_remove_tree (tree, &error));
  restore_root (dropped);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_true (g_file_test (foreign, G_FILE_TEST_IS_DIR));
  g_assert_false (exists (tree, "a"));
  g_assert_false (exists (tree, "z"));
}

static void
test_tree_size (Folder *folder, gconstpointer data)
{
  g_autofree char *text = g_strnfill (100000, 'x');
  g_autofree char *missing = fixture_path (folder->path, "missing");
  gint64 size;

  g_assert_cmpint (atelier_files_tree_size (folder->path), ==, 0);
  g_assert_cmpint (atelier_files_tree_size (missing), ==, 0);
  fixture_write (folder->path, "a/file", text);
  fixture_write (folder->path, "b", text);
  link_to (folder->path, "/usr", "usr");
  size = atelier_files_tree_size (folder->path);
  g_assert_cmpint (size, >, 0);
  g_assert_cmpint (size, <, 100 * 200000);
}

static void
test_digest (Folder *folder, gconstpointer data)
{
  /* of FIPS 180-2 */
  const char *abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  g_autofree char *path = fixture_path (folder->path, "abc");
  g_autofree char *missing = fixture_path (folder->path, "missing");
  g_autofree char *of_text = atelier_digest_text ("abc", -1);
  g_autofree char *of_part = atelier_digest_text ("abcdef", 3);
  g_autofree char *of_nothing = atelier_digest_text ("", -1);
  g_autofree char *of_file = NULL;
  g_autoptr (GError) error = NULL;

  fixture_write (folder->path, "abc", "abc");
  of_file = atelier_digest_file (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (of_text, ==, abc);
  g_assert_cmpstr (of_part, ==, abc);
  g_assert_cmpstr (of_file, ==, abc);
  g_assert_cmpstr (of_nothing, ==, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  g_assert_null (atelier_digest_file (missing, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, missing));
  g_clear_error (&error);
  g_assert_null (atelier_digest_file (folder->path, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
}

#define ADD(name, function) g_test_add (name, Folder, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/files/write/plain", test_write);
  ADD ("/files/write/atomic", test_write_atomic);
  ADD ("/files/write/full-disk", test_write_full);
  ADD ("/files/write/refused", test_write_refused);
  ADD ("/files/make-folder", test_make_folder);
  ADD ("/files/copy/plain", test_copy);
  ADD ("/files/copy/large", test_copy_large);
  ADD ("/files/copy/link", test_copy_link);
  ADD ("/files/copy/across", test_copy_across);
  ADD ("/files/copy/refused", test_copy_refused);
  ADD ("/files/walk/order", test_walk_order);
  ADD ("/files/walk/kinds", test_walk_kinds);
  ADD ("/files/walk/ends", test_walk_ends);
  ADD ("/files/copy-tree", test_copy_tree);
  ADD ("/files/remove/tree", test_remove);
  ADD ("/files/remove/refused", test_remove_refused);
  ADD ("/files/remove/foreign", test_remove_foreign);
  ADD ("/files/tree-size", test_tree_size);
  ADD ("/digest", test_digest);
  return g_test_run ();
}
