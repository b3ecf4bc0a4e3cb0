/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-archive.h"
#include "atelier-artifacts.h"
#include "atelier-digest.h"
#include "atelier-files.h"

/* The artifact store over a real folder. */

typedef struct
{
  char             *folder;    /* temporary: store/, work/ */
  AtelierArtifacts *artifacts;
  GHashTable       *digests;   /* "uri size mtime" → digest */
  guint             n_hits;
} Fixture;

static char *
look_up_cb (const char *uri, gint64 size_bytes, gint64 mtime_ns, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree char *key = g_strdup_printf ("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, uri, size_bytes, mtime_ns);
  char *found = g_strdup (g_hash_table_lookup (fixture->digests, key));

  fixture->n_hits += found != NULL;
  return found;
}

static void
remember_cb (const char *uri, gint64 size_bytes, gint64 mtime_ns, const char *digest, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_hash_table_replace (fixture->digests,
                        g_strdup_printf ("%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, uri, size_bytes, mtime_ns),
                        g_strdup (digest));
}

static char *
path_of (Fixture *fixture, const char *relative)
{
  return g_build_filename (fixture->folder, relative, NULL);
}

static void
write_file (Fixture *fixture, const char *relative, const char *text)
{
  g_autofree char *path = path_of (fixture, relative);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_true (atelier_files_make_folder (parent, NULL));
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_file (Fixture *fixture, const char *relative, const char *text)
{
  g_autofree char *path = path_of (fixture, relative);
  g_autofree char *content = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &content, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (content, ==, text);
}

static gboolean
exists (Fixture *fixture, const char *relative)
{
  g_autofree char *path = path_of (fixture, relative);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static guint64
inode_of (Fixture *fixture, const char *relative)
{
  g_autofree char *path = path_of (fixture, relative);
  struct stat status;

  g_assert_cmpint (lstat (path, &status), ==, 0);
  return status.st_ino;
}

static void
put_text (Fixture *fixture, const char *uri, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierArtifactFile) file = atelier_artifacts_put_bytes (fixture->artifacts, text, -1, uri, &error);
  g_autofree char *digest = atelier_digest_text (text, -1);

  g_assert_no_error (error);
  g_assert_cmpstr (file->digest, ==, digest);
  g_assert_cmpint (file->size_bytes, ==, strlen (text));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  AtelierDigestCache cache = { look_up_cb, remember_cb, fixture, NULL };
  g_autofree char *store = NULL;

  fixture->folder = g_dir_make_tmp ("atelier-artifacts-XXXXXX", NULL);
  fixture->digests = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  store = path_of (fixture, "store");
  fixture->artifacts = atelier_artifacts_new (store, &cache);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  atelier_artifacts_unref (fixture->artifacts);
  g_hash_table_unref (fixture->digests);
  g_assert_true (atelier_files_remove_tree (fixture->folder, NULL));
  g_free (fixture->folder);
}

/* "relative=uri …" */
static char *
names (GPtrArray *files)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < files->len; i++)
    {
      const AtelierArtifactFile *file = files->pdata[i];

      g_string_append_printf (text, "%s%s=%s", i > 0 ? " " : "", file->relative, file->uri);
    }
  return g_string_free (text, FALSE);
}

static void
assert_resolves (Fixture *fixture, const char *uri, AtelierInputKind kind, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = atelier_artifacts_resolve (fixture->artifacts, uri, kind, NULL, NULL, &error);
  g_autofree char *text = NULL;

  g_assert_no_error (error);
  text = names (files);
  g_assert_cmpstr (text, ==, expected);
}

static void
assert_refuses (Fixture *fixture, const char *uri, AtelierInputKind kind, int code, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_artifacts_resolve (fixture->artifacts, uri, kind, NULL, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, code);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_resolve (Fixture *fixture, gconstpointer data)
{
  put_text (fixture, "s3://b/data/train.csv", "1");
  put_text (fixture, "s3://b/data/more/x.csv", "2");
  put_text (fixture, "s3://b/data-2", "3");
  assert_resolves (fixture, "s3://b/data/train.csv", ATELIER_INPUT_PREFIX, "train.csv=s3://b/data/train.csv");
  assert_resolves (fixture, "s3://b//data//", ATELIER_INPUT_PREFIX,
                   "more/x.csv=s3://b/data/more/x.csv train.csv=s3://b/data/train.csv");
  assert_resolves (fixture, "s3://b/data", ATELIER_INPUT_PREFIX,
                   "more/x.csv=s3://b/data/more/x.csv train.csv=s3://b/data/train.csv");
  assert_resolves (fixture, "s3://b", ATELIER_INPUT_PREFIX,
                   "data-2=s3://b/data-2 data/more/x.csv=s3://b/data/more/x.csv data/train.csv=s3://b/data/train.csv");
  assert_refuses (fixture, "s3://b/dat", ATELIER_INPUT_PREFIX, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
                  "no objects found at “s3://b/dat”: ");
  assert_refuses (fixture, "s3://b/data/train.csv/", ATELIER_INPUT_PREFIX, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
                  "no objects found");
  assert_refuses (fixture, "s3://nobody/x", ATELIER_INPUT_PREFIX, ATELIER_ARTIFACTS_ERROR_NOT_FOUND,
                  "no bucket “nobody”");
  assert_refuses (fixture, "s3://b/../x", ATELIER_INPUT_PREFIX, ATELIER_ARTIFACTS_ERROR_INVALID, "“..”");
}

static void
test_local (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = path_of (fixture, "mine");
  g_autofree char *link = path_of (fixture, "mine/link");
  g_autofree char *uri = g_strconcat ("file://", folder, NULL);
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;

  write_file (fixture, "mine/a.csv", "a");
  write_file (fixture, "mine/sub/b.csv", "bb");
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  files = atelier_artifacts_resolve (fixture->artifacts, uri, ATELIER_INPUT_PREFIX, notes, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
  g_assert_cmpuint (notes->len, ==, 1);
  g_assert_nonnull (strstr (notes->pdata[0], "“link”"));
  {
    g_autofree char *stage = path_of (fixture, "work/in");

    g_assert_true (atelier_artifacts_stage (fixture->artifacts, files, stage, ATELIER_STAGE_LINK, NULL, &error));
    assert_file (fixture, "work/in/a.csv", "a");
    assert_file (fixture, "work/in/sub/b.csv", "bb");
    g_assert_cmpuint (inode_of (fixture, "work/in/a.csv"), !=, inode_of (fixture, "mine/a.csv"));
  }
}

static void
test_manifest (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text;
    int         code;
    const char *says;
  } bad[] = {
    { "[]", ATELIER_ARTIFACTS_ERROR_INVALID, "prefix" },
    { "[\"part-1\"]", ATELIER_ARTIFACTS_ERROR_INVALID, "prefix" },
    { "[{\"prefix\": \"s3://b/p/\"}, 5]", ATELIER_ARTIFACTS_ERROR_INVALID, "item 1" },
    { "[{\"prefix\": \"s3://b/p/\"}, \"../x\"]", ATELIER_ARTIFACTS_ERROR_INVALID, "“..”" },
    { "[{\"prefix\": \"s3://b/p/\"}, \"none\"]", ATELIER_ARTIFACTS_ERROR_NOT_FOUND, "s3://b/p/none" },
    { "[{\"prefix\": \"/etc/\"}, \"passwd\"]", ATELIER_ARTIFACTS_ERROR_INVALID, "s3://" },
    { "[{\"prefix\": \"s3://b/p/\"}]", ATELIER_ARTIFACTS_ERROR_NOT_FOUND, "no objects found" },
  };

  put_text (fixture, "s3://b/p/one", "1");
  put_text (fixture, "s3://b/p/two/x", "2");
  put_text (fixture, "s3://b/m.json", "[{\"prefix\": \"s3://b/p/\"}, \"two/x\", \"one\"]");
  put_text (fixture, "s3://b/d.json", "{\"prefix\": \"s3://b/p\", \"train\": [\"/one\"], \"test\": [\"/two/x\"]}");
  assert_resolves (fixture, "s3://b/m.json", ATELIER_INPUT_MANIFEST, "two/x=s3://b/p/two/x one=s3://b/p/one");
  assert_resolves (fixture, "s3://b/d.json", ATELIER_INPUT_MANIFEST, "one=s3://b/p/one two/x=s3://b/p/two/x");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      put_text (fixture, "s3://b/bad.json", bad[i].text);
      assert_refuses (fixture, "s3://b/bad.json", ATELIER_INPUT_MANIFEST, bad[i].code, bad[i].says);
    }
  {
    g_autoptr (GError) error = NULL;

    put_text (fixture, "s3://b/bad.json", "not json");
    g_assert_null (atelier_artifacts_resolve (fixture->artifacts, "s3://b/bad.json", ATELIER_INPUT_MANIFEST, NULL,
                                              NULL, &error));
    g_assert_nonnull (strstr (error->message, "s3://b/bad.json"));
  }
}

/* A link of an object is a snapshot: a new version is a new file. */
static void
test_snapshot (Fixture *fixture, gconstpointer data)
{
  g_autofree char *stage = path_of (fixture, "work/in");
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;
  g_autofree char *object = path_of (fixture, "store/b/k");

  put_text (fixture, "s3://b/k", "old");
  g_assert_cmpint (stat (object, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0444);
  files = atelier_artifacts_resolve (fixture->artifacts, "s3://b/k", ATELIER_INPUT_PREFIX, NULL, NULL, &error);
  g_assert_true (atelier_artifacts_digest_files (fixture->artifacts, files, NULL, &error));
  g_assert_true (atelier_artifacts_stage (fixture->artifacts, files, stage, ATELIER_STAGE_LINK, NULL, &error));
  g_assert_cmpuint (inode_of (fixture, "work/in/k"), ==, inode_of (fixture, "store/b/k"));
  put_text (fixture, "s3://b/k", "new!");
  assert_file (fixture, "work/in/k", "old");
  /* Replaced between resolve and stage: what was staged is what is said. */
  {
    g_autofree char *second = path_of (fixture, "work/second");
    g_autofree char *digest = atelier_digest_text ("new!", -1);
    const AtelierArtifactFile *file = files->pdata[0];

    g_assert_true (atelier_artifacts_stage (fixture->artifacts, files, second, ATELIER_STAGE_COPY, NULL, &error));
    assert_file (fixture, "work/second/k", "new!");
    g_assert_cmpstr (file->digest, ==, digest);
    g_assert_cmpint (file->size_bytes, ==, 4);
    g_assert_cmpuint (inode_of (fixture, "work/second/k"), !=, inode_of (fixture, "store/b/k"));
    write_file (fixture, "work/second/k", "mine now");
    assert_file (fixture, "store/b/k", "new!");
  }
}

static void
test_put_tree (Fixture *fixture, gconstpointer data)
{
  g_autofree char *folder = path_of (fixture, "work/out");
  g_autofree char *link = path_of (fixture, "work/out/link");
  g_autofree char *folder_link = path_of (fixture, "work/out/etc");
  g_autofree char *twin = path_of (fixture, "work/twin");
  g_autofree char *second_name = path_of (fixture, "work/out/sub/twin");
  g_autofree char *missing = path_of (fixture, "work/missing");
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  write_file (fixture, "work/out/a", "a");
  write_file (fixture, "work/out/sub/b", "b");
  write_file (fixture, "work/twin", "twin");
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  g_assert_cmpint (symlink ("/etc", folder_link), ==, 0);
  g_assert_cmpint (linkat (-1, twin, -1, second_name, 0), ==, 0);
  files = atelier_artifacts_put_tree (fixture->artifacts, folder, "s3://b/run//out/", ATELIER_PUT_LINK, notes, NULL,
                                      &error);
  g_assert_no_error (error);
  text = names (files);
  g_assert_cmpstr (text, ==, "a=s3://b/run/out/a sub/b=s3://b/run/out/sub/b sub/twin=s3://b/run/out/sub/twin");
  g_assert_cmpuint (notes->len, ==, 2);
  assert_file (fixture, "store/b/run/out/sub/b", "b");
  g_assert_cmpuint (inode_of (fixture, "store/b/run/out/a"), ==, inode_of (fixture, "work/out/a"));
  /* A file with another name could be written through that name: it is copied. */
  g_assert_cmpuint (inode_of (fixture, "store/b/run/out/sub/twin"), !=, inode_of (fixture, "work/twin"));
  for (guint i = 0; i < files->len; i++)
    {
      const AtelierArtifactFile *file = files->pdata[i];
      g_autofree char *object = atelier_artifacts_dup_path (fixture->artifacts, file->uri, NULL);
      g_autofree char *digest = atelier_digest_file (object, NULL);
      struct stat status;

      g_assert_cmpstr (file->digest, ==, digest);
      g_assert_cmpint (stat (object, &status), ==, 0);
      g_assert_cmpint (file->mtime_ns, ==,
                       status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status.st_mtim.tv_nsec);
    }
  /* Again, as after a crash. */
  none = atelier_artifacts_put_tree (fixture->artifacts, folder, "s3://b/run/out", ATELIER_PUT_LINK, NULL, NULL,
                                     &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 3);
  g_clear_pointer (&none, g_ptr_array_unref);
  none = atelier_artifacts_put_tree (fixture->artifacts, missing, "s3://b/none", ATELIER_PUT_LINK, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_true (atelier_artifacts_sync (fixture->artifacts, &error));
}

static void
test_put_copy (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = path_of (fixture, "work/log");
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierArtifactFile) file = NULL;

  write_file (fixture, "work/log", "one");
  file = atelier_artifacts_put_file (fixture->artifacts, path, "s3://b/log", ATELIER_PUT_COPY, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (inode_of (fixture, "store/b/log"), !=, inode_of (fixture, "work/log"));
  g_assert_null (atelier_artifacts_put_file (fixture->artifacts, path, "s3://b/log/", ATELIER_PUT_COPY, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (
      atelier_artifacts_put_file (fixture->artifacts, path, "file:///tmp/x", ATELIER_PUT_COPY, NULL, &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (
      atelier_artifacts_put_file (fixture->artifacts, fixture->folder, "s3://b/x", ATELIER_PUT_COPY, NULL, &error));
  g_assert_nonnull (error);
}

/* On disk a name is a file or a folder, never both. */
static void
test_conflicts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *left_over = path_of (fixture, "store/b/empty/deep");

  put_text (fixture, "s3://b/a", "1");
  put_text (fixture, "s3://b/c/d", "2");
  g_assert_null (atelier_artifacts_put_bytes (fixture->artifacts, "x", 1, "s3://b/a/x/y", &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_CONFLICT);
  g_assert_nonnull (strstr (error->message, "/b/a”"));
  g_clear_error (&error);
  g_assert_null (atelier_artifacts_put_bytes (fixture->artifacts, "x", 1, "s3://b/c", &error));
  g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_CONFLICT);
  g_clear_error (&error);
  assert_file (fixture, "store/b/a", "1");
  assert_file (fixture, "store/b/c/d", "2");
  {
    g_autoptr (GPtrArray) all = atelier_artifacts_list (fixture->artifacts, "s3://b", TRUE, NULL, NULL);

    g_assert_cmpuint (all->len, ==, 2); /* and nothing half made */
  }
  g_assert_true (atelier_files_make_folder (left_over, NULL));
  put_text (fixture, "s3://b/empty/deep", "now a file");
}

static void
test_delete (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  put_text (fixture, "s3://b/x/y/z", "1");
  put_text (fixture, "s3://b/x/w", "2");
  g_assert_true (atelier_artifacts_delete (fixture->artifacts, "s3://b/x/y", &error)); /* a folder is no object */
  g_assert_true (exists (fixture, "store/b/x/y/z"));
  g_assert_true (atelier_artifacts_delete (fixture->artifacts, "s3://b/x/y/z", &error));
  g_assert_false (exists (fixture, "store/b/x/y"));
  g_assert_true (exists (fixture, "store/b/x/w"));
  g_assert_true (atelier_artifacts_delete (fixture->artifacts, "s3://b/x/y/z", &error));
  g_assert_true (atelier_artifacts_delete (fixture->artifacts, "s3://b/x/w", &error));
  g_assert_true (exists (fixture, "store/b"));
  g_assert_false (exists (fixture, "store/b/x"));
  put_text (fixture, "s3://b/x", "a file now");
}

static void
test_list (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *text = NULL;

  put_text (fixture, "s3://b/a", "1");
  put_text (fixture, "s3://b/c/d/e", "2");
  put_text (fixture, "s3://b/c/f", "3");
  files = atelier_artifacts_list (fixture->artifacts, "s3://b", FALSE, NULL, &error);
  g_assert_no_error (error);
  text = names (files);
  g_assert_cmpstr (text, ==, "a=s3://b/a c/=s3://b/c/");
  g_assert_cmpint (((AtelierArtifactFile *) files->pdata[1])->size_bytes, ==, -1);
  g_clear_pointer (&files, g_ptr_array_unref);
  files = atelier_artifacts_list (fixture->artifacts, "s3://none/x", TRUE, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 0);
}

static void
test_digests (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *right = atelier_digest_text ("hello", -1);
  g_autofree char *changed = atelier_digest_text ("HELLO", -1);
  g_autofree char *object = path_of (fixture, "store/b/byhand");
  g_autofree char *first_set = NULL;
  g_autofree char *second_set = NULL;

  put_text (fixture, "s3://b/k", "hello");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GPtrArray) files
          = atelier_artifacts_resolve (fixture->artifacts, "s3://b/k", ATELIER_INPUT_PREFIX, NULL, NULL, &error);
      const AtelierArtifactFile *file = files->pdata[0];

      g_assert_null (file->digest);
      g_assert_true (atelier_artifacts_digest_files (fixture->artifacts, files, NULL, &error));
      g_assert_cmpstr (file->digest, ==, right);
      g_assert_cmpuint (fixture->n_hits, ==, i + 1); /* put has remembered it */
    }
  /* A file that a person wrote there is read, and read again when it changed. */
  write_file (fixture, "store/b/byhand", "hello");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GPtrArray) files = NULL;

      if (i == 1)
        {
          struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 1000, .tv_nsec = 5 } };

          write_file (fixture, "store/b/byhand", "HELLO");
          g_assert_cmpint (utimensat (-1, object, times, 0), ==, 0);
        }
      files = atelier_artifacts_resolve (fixture->artifacts, "s3://b/byhand", ATELIER_INPUT_PREFIX, NULL, NULL, &error);
      g_assert_true (atelier_artifacts_digest_files (fixture->artifacts, files, NULL, &error));
      g_assert_cmpstr (((AtelierArtifactFile *) files->pdata[0])->digest, ==, i == 0 ? right : changed);
      if (i == 0)
        first_set = atelier_artifacts_set_digest (files);
      else
        second_set = atelier_artifacts_set_digest (files);
    }
  g_assert_cmpstr (first_set, !=, second_set);
  {
    g_autoptr (GPtrArray) files
        = atelier_artifacts_resolve (fixture->artifacts, "s3://b/byhand", ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();

    g_hash_table_remove_all (fixture->digests);
    g_cancellable_cancel (cancellable);
    g_assert_false (atelier_artifacts_digest_files (fixture->artifacts, files, cancellable, &error));
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  }
}

static void
test_gunzip (Fixture *fixture, gconstpointer data)
{
  static const guint8 member[] = {
    /* "hi\n" */
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0xc8,
    0xe4, 0x02, 0x00, 0x7a, 0x7a, 0x6f, 0xed, 0x03, 0x00, 0x00, 0x00,
  };
  guint8 twice[2 * sizeof member];
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (AtelierArtifactFile) file = NULL;
  g_autofree char *stage = path_of (fixture, "work/in");

  memcpy (twice, member, sizeof member);
  memcpy (twice + sizeof member, member, sizeof member);
  file = atelier_artifacts_put_bytes (fixture->artifacts, (const char *) twice, sizeof twice, "s3://b/z/x.csv.gz",
                                      &error);
  g_assert_no_error (error);
  files = atelier_artifacts_resolve (fixture->artifacts, "s3://b/z", ATELIER_INPUT_PREFIX, NULL, NULL, &error);
  g_assert_true (atelier_artifacts_stage (fixture->artifacts, files, stage, ATELIER_STAGE_LINK | ATELIER_STAGE_GUNZIP,
                                          NULL, &error));
  g_assert_no_error (error);
  assert_file (fixture, "work/in/x.csv", "hi\nhi\n");
  g_clear_pointer (&files, g_ptr_array_unref);

  put_text (fixture, "s3://b/z/plain.gz", "not compressed");
  files = atelier_artifacts_resolve (fixture->artifacts, "s3://b/z/plain.gz", ATELIER_INPUT_PREFIX, NULL, NULL, &error);
  g_assert_false (atelier_artifacts_stage (fixture->artifacts, files, stage, ATELIER_STAGE_GUNZIP, NULL, &error));
  g_assert_nonnull (strstr (error->message, "gzip"));
  g_assert_nonnull (strstr (error->message, "s3://b/z/plain.gz"));
}

/* Many threads put, list and delete around the same folders, which come and go. */
static gpointer
busy_thread (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *uri = g_strdup_printf ("s3://busy/x/y/%u", g_random_int_range (0, 3));
      g_autoptr (AtelierArtifactFile) file
          = atelier_artifacts_put_bytes (fixture->artifacts, "content", -1, uri, &error);
      g_autoptr (GPtrArray) files = NULL;

      g_assert_no_error (error);
      files = atelier_artifacts_list (fixture->artifacts, "s3://busy", TRUE, NULL, &error);
      g_assert_no_error (error);
      for (guint k = 0; k < files->len; k++)
        g_assert_cmpint (((AtelierArtifactFile *) files->pdata[k])->size_bytes, ==, 7);
      g_assert_true (atelier_artifacts_delete (fixture->artifacts, uri, &error));
    }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *threads[4];

  fixture->artifacts = (atelier_artifacts_unref (fixture->artifacts), NULL);
  {
    g_autofree char *store = path_of (fixture, "store");

    fixture->artifacts = atelier_artifacts_new (store, NULL);
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("busy", busy_thread, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/artifacts/resolve", Fixture, NULL, set_up, test_resolve, tear_down);
  g_test_add ("/artifacts/local", Fixture, NULL, set_up, test_local, tear_down);
  g_test_add ("/artifacts/manifest", Fixture, NULL, set_up, test_manifest, tear_down);
  g_test_add ("/artifacts/snapshot", Fixture, NULL, set_up, test_snapshot, tear_down);
  g_test_add ("/artifacts/put-tree", Fixture, NULL, set_up, test_put_tree, tear_down);
  g_test_add ("/artifacts/put-copy", Fixture, NULL, set_up, test_put_copy, tear_down);
  g_test_add ("/artifacts/conflicts", Fixture, NULL, set_up, test_conflicts, tear_down);
  g_test_add ("/artifacts/delete", Fixture, NULL, set_up, test_delete, tear_down);
  g_test_add ("/artifacts/list", Fixture, NULL, set_up, test_list, tear_down);
  g_test_add ("/artifacts/digests", Fixture, NULL, set_up, test_digests, tear_down);
  g_test_add ("/artifacts/gunzip", Fixture, NULL, set_up, test_gunzip, tear_down);
  g_test_add ("/artifacts/threads", Fixture, NULL, set_up, test_threads, tear_down);
  return g_test_run ();
}
