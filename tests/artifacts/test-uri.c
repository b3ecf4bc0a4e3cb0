/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-uri.h"

/* Names of objects: what is one thing however it is spelt, and what can never be a path. */

static void
test_normal (void)
{
  static const struct
  {
    const char *text;
    const char *canonical;
    gboolean    is_folder;
  } good[] = {
    { "s3://b/k", "s3://b/k", FALSE },
    { "s3://b//a///c", "s3://b/a/c", FALSE },
    { "s3://b/a/", "s3://b/a", TRUE },
    { "s3://b", "s3://b/", TRUE },
    { "s3://b/", "s3://b/", TRUE },
    { "s3://b///", "s3://b/", TRUE },
    { "s3://My_Bucket-1.x/a b/é~+%20", "s3://My_Bucket-1.x/a b/é~+%20", FALSE },
    { "s3://b/...", "s3://b/...", FALSE },
    { "s3://b/.hidden/a..b", "s3://b/.hidden/a..b", FALSE },
    { "/data/x.csv", "file:///data/x.csv", FALSE },
    { "/data//x/", "file:///data/x", TRUE },
    { "file:///data/a%20b", "file:///data/a%20b", FALSE },
    { "/data/a b%", "file:///data/a%20b%25", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierUri) uri = atelier_uri_parse (good[i].text, TRUE, &error);
      g_autoptr (AtelierUri) again = NULL;
      g_autofree char *text = NULL;
      g_autofree char *same = NULL;

      g_assert_no_error (error);
      text = atelier_uri_to_text (uri);
      g_assert_cmpstr (text, ==, good[i].canonical);
      g_assert_cmpint (uri->is_folder, ==, good[i].is_folder);
      again = atelier_uri_parse (text, TRUE, &error);
      g_assert_no_error (error);
      same = atelier_uri_to_text (again);
      g_assert_cmpstr (same, ==, text);
    }
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "",
    "b/k",
    "s3:/b/k",
    "S3://b/k",
    "s3://",
    "s3:///k",
    "s3://../k",
    "s3://.b/k",
    "s3://-b/k",
    "s3://b b/k",
    "s3://b\n/k",
    "s3://b/..",
    "s3://b/a/../c",
    "s3://b/./c",
    "s3://b/a/.",
    "s3://b/../../etc/passwd",
    "s3://b/\xff",
    "s3://\xff/k",
    "s3://b/.atelier-tmp-1",
    "s3://b/a/.atelier-tmp-x/y",
    "https://b.s3.amazonaws.com/k",
    "http://localhost/k",
    "relative/path",
    "file://host/x",
    "file:x",
    "/data/../etc",
    "file:///a/%2e%2e/b",
    "file:///a%00b",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_uri_parse (bad[i], TRUE, &error));
      g_assert_error (error, ATELIER_ARTIFACTS_ERROR, ATELIER_ARTIFACTS_ERROR_INVALID);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_cmpuint (strlen (error->message), >, 20);
    }
  g_assert_null (atelier_uri_parse ("/data/x.csv", FALSE, NULL));
  g_assert_null (atelier_uri_parse ("file:///data/x.csv", FALSE, NULL));
}

static void
test_lengths (void)
{
  g_autofree char *part = g_strnfill (255, 'x');
  g_autofree char *good = g_strdup_printf ("s3://%s/%s/%s/%s/%s", part, part, part, part, part);
  g_autofree char *long_part = g_strdup_printf ("s3://b/%sx", part);
  g_autofree char *long_bucket = g_strdup_printf ("s3://%sx/k", part);
  g_autofree char *long_key = g_strdup_printf ("s3://b/%s/%s/%s/%s/x", part, part, part, part);
  g_autoptr (AtelierUri) uri = atelier_uri_parse (good, FALSE, NULL);

  g_assert_nonnull (uri);
  g_assert_null (atelier_uri_parse (long_part, FALSE, NULL));
  g_assert_null (atelier_uri_parse (long_bucket, FALSE, NULL));
  g_assert_null (atelier_uri_parse (long_key, FALSE, NULL));
}

static void
test_join (void)
{
  g_autofree char *joined = atelier_uri_join ("s3://b/x/", "/y//z", NULL);
  g_autofree char *top = atelier_uri_join ("s3://b", "y", NULL);
  g_autoptr (AtelierUri) uri = atelier_uri_parse ("s3://b/x/y", FALSE, NULL);
  g_autofree char *path = atelier_uri_to_path (uri, "/store");

  g_assert_cmpstr (joined, ==, "s3://b/x/y/z");
  g_assert_cmpstr (top, ==, "s3://b/y");
  g_assert_cmpstr (path, ==, "/store/b/x/y");
  g_assert_null (atelier_uri_join ("s3://b/x", "../y", NULL));
}

/* Whatever passes stays below the store. */
static void
test_random (void)
{
  static const char alphabet[] = "//..s3:b-_~% \xc3\xa9\xff\n";
  g_autoptr (GRand) random = g_rand_new_with_seed (20240103);
  guint n_passed = 0;

  for (guint round = 0; round < 20000; round++)
    {
      char text[40] = "s3://b/";
      g_autoptr (AtelierUri) uri = NULL;

      for (gsize i = 7; i < sizeof text - 1; i++)
        text[i] = alphabet[g_rand_int_range (random, 0, sizeof alphabet)];
      uri = atelier_uri_parse (text, TRUE, NULL);
      if (uri != NULL)
        {
          g_autofree char *path = atelier_uri_to_path (uri, "/store");
          g_autofree char *canonical = g_canonicalize_filename (path, "/");

          n_passed++;
          g_assert_true (g_str_equal (canonical, "/store/b") || g_str_has_prefix (canonical, "/store/b/"));
          g_assert_true (*uri->key == '\0' || g_str_equal (canonical, path));
        }
    }
  g_assert_cmpuint (n_passed, >, 100);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uri/normal", test_normal);
  g_test_add_func ("/uri/refused", test_refused);
  g_test_add_func ("/uri/lengths", test_lengths);
  g_test_add_func ("/uri/join", test_join);
  g_test_add_func ("/uri/random", test_random);
  return g_test_run ();
}
