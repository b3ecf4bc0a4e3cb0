/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <glib/gstdio.h>

#include "atelier-archive.h"
#include "atelier-digest.h"
#include "atelier-files.h"
#include "atelier-uri.h"

/* Archives: the same contents give the same bytes, and nothing comes out of a hostile one. Hostile ones are built
 * here byte by byte, since no packer makes them. */

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("atelier-archive-XXXXXX", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (atelier_files_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
}

static char *
path_of (Fixture *fixture, const char *relative)
{
  return g_build_filename (fixture->folder, relative, NULL);
}

static void
write_file (Fixture *fixture, const char *relative, const char *text, int mode)
{
  g_autofree char *path = path_of (fixture, relative);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_true (atelier_files_make_folder (parent, NULL));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
}

static void
assert_file (Fixture *fixture, const char *relative, const char *text)
{
  g_autofree char *path = path_of (fixture, relative);
  g_autofree char *content = NULL;

  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, text);
}

static void
make_link (Fixture *fixture, const char *relative, const char *target)
{
  g_autofree char *path = path_of (fixture, relative);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
fill_model (Fixture *fixture, const char *folder)
{
  g_autofree char *weights = g_strconcat (folder, "/weights", NULL);
  g_autofree char *script = g_strconcat (folder, "/code/run.sh", NULL);
  g_autofree char *deep = g_strconcat (folder, "/é/ü", NULL);
  g_autofree char *link = g_strconcat (folder, "/code/same", NULL);
  g_autofree char *out = g_strconcat (folder, "/code/out", NULL);
  g_autofree char *absolute = g_strconcat (folder, "/absolute", NULL);

  write_file (fixture, weights, "0.5", 0600);
  write_file (fixture, script, "#!/bin/sh", 0700);
  write_file (fixture, deep, "text", 0644);
  make_link (fixture, link, "../weights");
  make_link (fixture, out, "../../x");
  make_link (fixture, absolute, "/etc/passwd");
}

static void
test_pack (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = path_of (fixture, "first.tar.gz");
  g_autofree char *second = path_of (fixture, "second.tar.gz");
  g_autofree char *model = path_of (fixture, "model");
  g_autofree char *twin = path_of (fixture, "twin");
  g_autofree char *weights = path_of (fixture, "twin/weights");
  g_autofree char *unpacked = path_of (fixture, "unpacked");
  g_autofree char *script = path_of (fixture, "unpacked/code/run.sh");
  g_autofree char *link = path_of (fixture, "unpacked/code/same");
  g_autofree char *first_digest = NULL;
  g_autofree char *second_digest = NULL;
  g_autofree char *target = NULL;
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  struct utimbuf times = { 1000, 1000 };
  struct stat status;

  fill_model (fixture, "model");
  fill_model (fixture, "twin");
  g_assert_cmpint (utime (weights, &times), ==, 0);
  g_assert_true (atelier_archive_pack (model, first, notes, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (notes->len, ==, 2);
  g_assert_true (atelier_archive_pack (twin, second, NULL, NULL, &error));
  first_digest = atelier_digest_file (first, NULL);
  second_digest = atelier_digest_file (second, NULL);
  g_assert_cmpstr (first_digest, ==, second_digest);

  g_assert_true (atelier_archive_unpack (first, unpacked, NULL, NULL, &error));
  g_assert_no_error (error);
  assert_file (fixture, "unpacked/weights", "0.5");
  assert_file (fixture, "unpacked/é/ü", "text");
  g_assert_cmpint (stat (script, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0111, !=, 0);
  target = g_file_read_link (link, NULL);
  g_assert_cmpstr (target, ==, "../weights");
  {
    g_autofree char *out = path_of (fixture, "unpacked/code/out");

    g_assert_false (g_file_test (out, G_FILE_TEST_IS_SYMLINK));
  }
}

static void
test_empty (Fixture *fixture, gconstpointer data)
{
  g_autofree char *missing = path_of (fixture, "missing");
  g_autofree char *archive = path_of (fixture, "empty.tar.gz");
  g_autofree char *unpacked = path_of (fixture, "unpacked");
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_archive_pack (missing, archive, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (atelier_archive_unpack (archive, unpacked, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (unpacked, G_FILE_TEST_IS_DIR));
}

/* --- hostile ones --- */

/* One member of a tar, in the old format that everybody reads. */
static void
add_member (GByteArray *tar, const char *name, char type, const char *link, const char *content)
{
  char header[512] = { 0 };
  gsize length = content != NULL ? strlen (content) : 0;
  guint sum = 0;

  g_strlcpy (header, name, 100);
  memcpy (header + 100, "0000644", 8);
  memcpy (header + 108, "0000000", 8);
  memcpy (header + 116, "0000000", 8);
  g_snprintf (header + 124, 12, "%011o", (guint) length);
  memcpy (header + 136, "00000000000", 12);
  memset (header + 148, ' ', 8);
  header[156] = type;
  g_strlcpy (header + 157, link != NULL ? link : "", 100);
  memcpy (header + 257, "ustar\00000", 8);
  for (guint i = 0; i < sizeof header; i++)
    sum += (guint8) header[i];
  g_snprintf (header + 148, 8, "%06o", sum);
  g_byte_array_append (tar, (const guint8 *) header, sizeof header);
  if (length > 0)
    {
      char block[512] = { 0 };

      memcpy (block, content, length);
      g_byte_array_append (tar, (const guint8 *) block, sizeof block);
    }
}

static void
end_tar (Fixture *fixture, GByteArray *tar)
{
  g_autofree char *path = path_of (fixture, "bad.tar");
  char block[1024] = { 0 };

  g_byte_array_append (tar, (const guint8 *) block, sizeof block);
  g_assert_true (g_file_set_contents (path, (const char *) tar->data, tar->len, NULL));
}

typedef struct
{
  const char *name;
  char        type;
  const char *link;
} Member;

static void
test_hostile (Fixture *fixture, gconstpointer data)
{
  static const Member cases[][4] = {
    { { "../evil", '0' } },
    { { "a/../../evil", '0' } },
    { { "/evil", '0' } },
    { { "evil", '2', "/etc/passwd" } },
    { { "evil", '2', "../outside" } },
    { { "a/evil", '2', "../../outside" } },
    { { "a/b", '2', "." }, { "a/b/../../evil", '0' } },
    { { "link", '2', "real" }, { "link/evil", '0' } },
    { { "d/", '5' }, { "d/up", '2', ".." }, { "out", '2', "d/up/../x" } },
    { { "d/up", '2', "../x" }, { "top", '1', "d/up" } },
    { { "evil", '1', "../secret" } },
    { { "evil", '1', "/etc/passwd" } },
    { { "evil", '1', "missing" } },
    { { "device", '3' } },
    { { "block", '4' } },
    { { "pipe", '6' } },
    { { "file", '0' }, { "file/evil", '0' } },
    { { "dir/", '5' }, { "dir", '0' } },
  };
  g_autofree char *archive = path_of (fixture, "bad.tar");

  write_file (fixture, "secret", "secret", 0600);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) tar = g_byte_array_new ();
      g_autofree char *folder = g_strdup_printf ("%s/box-%u/in/folder", fixture->folder, i);
      g_autofree char *box = g_strdup_printf ("%s/box-%u/in", fixture->folder, i);
      g_autoptr (GError) error = NULL;
      g_autoptr (GDir) dir = NULL;

      for (guint k = 0; k < 4 && cases[i][k].name != NULL; k++)
        add_member (tar, cases[i][k].name, cases[i][k].type, cases[i][k].link, cases[i][k].type == '0' ? "evil" : NULL);
      end_tar (fixture, tar);
      g_assert_false (atelier_archive_unpack (archive, folder, NULL, NULL, &error));
      g_assert_nonnull (error);
      g_test_message ("%u: %s", i, error->message);
      g_assert_true (error->domain == ATELIER_ARTIFACTS_ERROR || i == G_N_ELEMENTS (cases) - 1);
      dir = g_dir_open (box, 0, NULL);
      g_assert_cmpstr (g_dir_read_name (dir), ==, "folder");
      g_assert_null (g_dir_read_name (dir));
    }
  assert_file (fixture, "secret", "secret");
}

/* Odd, but harmless: links that stay inside, hard links to files, names twice. */
static void
test_harmless (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) tar = g_byte_array_new ();
  g_autofree char *archive = path_of (fixture, "bad.tar");
  g_autofree char *folder = path_of (fixture, "out");
  g_autoptr (GError) error = NULL;

  add_member (tar, "./", '5', NULL, NULL);
  add_member (tar, "./a//b/./file", '0', NULL, "one");
  add_member (tar, "a/b/link", '2', "../../a/b/file", NULL);
  add_member (tar, "hard", '1', "./a/b/file", NULL);
  add_member (tar, "twice", '0', NULL, "old");
  add_member (tar, "twice", '0', NULL, "new");
  add_member (tar, "a/b/", '5', NULL, NULL);
  end_tar (fixture, tar);
  g_assert_true (atelier_archive_unpack (archive, folder, NULL, NULL, &error));
  g_assert_no_error (error);
  assert_file (fixture, "out/a/b/file", "one");
  assert_file (fixture, "out/a/b/link", "one");
  assert_file (fixture, "out/hard", "one");
  assert_file (fixture, "out/twice", "new");
}

static void
test_limits (Fixture *fixture, gconstpointer data)
{
  g_autofree char *model = path_of (fixture, "model");
  g_autofree char *archive = path_of (fixture, "model.tar.gz");
  g_autofree char *folder = path_of (fixture, "out");
  g_autofree char *content = g_strnfill (4 << 20, 'x');
  AtelierArchiveLimits few_bytes = { .most_bytes = 1 << 20 };
  AtelierArchiveLimits few_entries = { .most_entries = 2 };
  g_autoptr (GError) error = NULL;

  write_file (fixture, "model/big", content, 0644);
  write_file (fixture, "model/x", "x", 0644);
  write_file (fixture, "model/y", "y", 0644);
  g_assert_true (atelier_archive_pack (model, archive, NULL, NULL, NULL));
  g_assert_false (atelier_archive_unpack (archive, folder, &few_bytes, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_TOO_LARGE);
  g_clear_error (&error);
  g_assert_false (atelier_archive_unpack (archive, folder, &few_entries, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_TOO_LARGE);
}

static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autofree char *model = path_of (fixture, "model");
  g_autofree char *archive = path_of (fixture, "model.tar.gz");
  g_autofree char *damaged = path_of (fixture, "damaged.tar.gz");
  g_autofree char *folder = path_of (fixture, "out");
  g_autofree char *bytes = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (20240104);
  g_autoptr (GError) error = NULL;
  gsize length;

  fill_model (fixture, "model");
  g_assert_true (atelier_archive_pack (model, archive, NULL, NULL, NULL));
  g_assert_true (g_file_get_contents (archive, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (damaged, bytes, length / 2, NULL));
  g_assert_false (atelier_archive_unpack (damaged, folder, NULL, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (damaged, "this is no archive at all, but some text", -1, NULL));
  g_assert_false (atelier_archive_unpack (damaged, folder, NULL, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_false (atelier_archive_unpack (folder, folder, NULL, NULL, &error));
  g_assert_nonnull (error);
  for (guint round = 0; round < 200; round++)
    {
      g_autofree char *copy = g_memdup2 (bytes, length);

      for (guint i = 0; i < 8; i++)
        copy[g_rand_int_range (random, 0, length)] = (char) g_rand_int (random);
      g_assert_true (g_file_set_contents (damaged, copy, length, NULL));
      atelier_archive_unpack (damaged, folder, NULL, NULL, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/archive/pack", Fixture, NULL, set_up, test_pack, tear_down);
  g_test_add ("/archive/empty", Fixture, NULL, set_up, test_empty, tear_down);
  g_test_add ("/archive/hostile", Fixture, NULL, set_up, test_hostile, tear_down);
  g_test_add ("/archive/harmless", Fixture, NULL, set_up, test_harmless, tear_down);
  g_test_add ("/archive/limits", Fixture, NULL, set_up, test_limits, tear_down);
  g_test_add ("/archive/damaged", Fixture, NULL, set_up, test_damaged, tear_down);
  return g_test_run ();
}
