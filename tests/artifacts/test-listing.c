/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include "atelier-files.h"
#include "atelier-listing.h"

/* Listings against a plain model: all keys, sorted by bytes, filtered. */

typedef struct
{
  char      *folder;
  GPtrArray *keys; /* sorted */
} Fixture;

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
put (Fixture *fixture, const char *key)
{
  g_autofree char *path = g_build_filename (fixture->folder, key, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_true (atelier_files_make_folder (parent, NULL));
  g_assert_true (g_file_set_contents (path, key, -1, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const char *const keys[] = {
    "a",  "a-b", "a.b/c", "b/a",       "b/b/c",  "b/b/d", "b/b-c", "b/b.c", "b/b0",
    "b!", "b.",  "b0",    "c/d/e/f/g", "c/d/e!", "z",     "é/ü",   "z z/%",
  };

  fixture->folder = g_dir_make_tmp ("atelier-listing-XXXXXX", NULL);
  fixture->keys = g_ptr_array_new ();
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      put (fixture, keys[i]);
      g_ptr_array_add (fixture->keys, (gpointer) keys[i]);
    }
  g_ptr_array_sort (fixture->keys, compare);
  {
    g_autofree char *empty = g_build_filename (fixture->folder, "b/empty/inner", NULL);
    g_autofree char *link = g_build_filename (fixture->folder, "b/link", NULL);

    put (fixture, "b/" ATELIER_TEMP_PREFIX "x");
    put (fixture, ATELIER_TEMP_PREFIX "uploads/x/y");
    g_assert_true (atelier_files_make_folder (empty, NULL));
    g_assert_cmpint (symlink ("/etc", link), ==, 0);
  }
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_true (atelier_files_remove_tree (fixture->folder, NULL));
  g_ptr_array_unref (fixture->keys);
  g_free (fixture->folder);
}

static void
assert_lists (Fixture *fixture, const char *prefix, const char *after, const char *skip)
{
  g_autoptr (AtelierListing) listing = atelier_listing_new (fixture->folder, prefix, after);
  g_autoptr (GError) error = NULL;
  AtelierListed listed;

  if (skip != NULL)
    atelier_listing_skip (listing, skip);
  for (guint i = 0; i < fixture->keys->len; i++)
    {
      const char *key = fixture->keys->pdata[i];

      if (!g_str_has_prefix (key, prefix) || strcmp (key, after) <= 0 || (skip != NULL && g_str_has_prefix (key, skip)))
        continue;
      g_assert_true (atelier_listing_next (listing, &listed, &error));
      g_assert_cmpstr (listed.key, ==, key);
      g_assert_cmpint (listed.size_bytes, ==, strlen (key));
    }
  g_assert_false (atelier_listing_next (listing, &listed, &error));
  g_assert_no_error (error);
}

static void
test_model (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[]
      = { "", "a", "b", "b/", "b/b", "b/b/", "b/b/c", "c/d/e", "c/d/e/f/g", "x", "é/", "\xff" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    for (guint k = 0; k < G_N_ELEMENTS (texts); k++)
      {
        assert_lists (fixture, texts[i], texts[k], NULL);
        for (guint m = 1; m < G_N_ELEMENTS (texts); m++)
          assert_lists (fixture, texts[i], texts[k], texts[m]);
      }
}

static void
test_skipped_links (Fixture *fixture, gconstpointer data)
{
  g_autoptr (AtelierListing) listing = atelier_listing_new (fixture->folder, "", NULL);
  AtelierListed listed;

  while (atelier_listing_next (listing, &listed, NULL))
    continue;
  g_assert_cmpuint (atelier_listing_get_skipped (listing)->len, ==, 1);
  g_assert_cmpstr (atelier_listing_get_skipped (listing)->pdata[0], ==, "b/link");
}

/* A prefix comes from anybody: it never leads out. */
static void
test_hostile_prefix (Fixture *fixture, gconstpointer data)
{
  static const char *const prefixes[]
      = { "../", "../../etc/", "b/../../", "/", "//", "./", "b//b/", "b/link/", "/etc/" };

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      g_autoptr (AtelierListing) listing = atelier_listing_new (fixture->folder, prefixes[i], NULL);
      g_autoptr (GError) error = NULL;
      AtelierListed listed;

      g_assert_false (atelier_listing_next (listing, &listed, &error));
      g_assert_no_error (error);
    }
}

static void
test_nothing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (fixture->folder, "missing", NULL);
  g_autofree char *file = g_build_filename (fixture->folder, "z", NULL);
  g_autoptr (AtelierListing) of_missing = atelier_listing_new (missing, "", NULL);
  g_autoptr (AtelierListing) of_file = atelier_listing_new (file, "", NULL);
  g_autoptr (GError) error = NULL;
  AtelierListed listed;

  g_assert_false (atelier_listing_next (of_missing, &listed, &error));
  g_assert_no_error (error);
  g_assert_false (atelier_listing_next (of_file, &listed, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/listing/model", Fixture, NULL, set_up, test_model, tear_down);
  g_test_add ("/listing/skipped-links", Fixture, NULL, set_up, test_skipped_links, tear_down);
  g_test_add ("/listing/hostile-prefix", Fixture, NULL, set_up, test_hostile_prefix, tear_down);
  g_test_add ("/listing/nothing", Fixture, NULL, set_up, test_nothing, tear_down);
  return g_test_run ();
}
