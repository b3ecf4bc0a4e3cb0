/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-digest.h"
#include "atelier-files.h"
#include "atelier-project-data.h"
#include "git-peer.h"

/* The check of data files, and where data comes from. */

static json_t *
new_entry (void)
{
  return json_pack ("{s:s, s:i, s:[{s:s, s:s, s:[s,s,s]}, {s:s, s:s, s:i, s:i}, {s:s, s:s}, {s:s, s:s}]}",
                    "file", "table.csv", "minimum_rows", 2, "columns",
                    "name", "Sex", "type", "category", "values", "M", "F", "I",
                    "name", "Whole weight", "type", "number", "minimum", 0, "maximum", 10,
                    "name", "Rings", "type", "integer",
                    "name", "Remark", "type", "text");
}

/* What the check makes of @content: the stored text, or the sentence. */
static char *
check (const char *content, gssize length, gint64 *n_rows)
{
  g_autoptr (json_t) entry = new_entry ();
  g_autofree char *folder = peer_new_path ("data");
  g_autofree char *from = g_build_filename (folder, "mine.csv", NULL);
  g_autofree char *to = g_build_filename (folder, "stored.csv", NULL);
  g_autoptr (GError) error = NULL;

  peer_write (folder, "mine.csv", content, length);
  if (!atelier_data_check_file (entry, from, to, n_rows, &error))
    {
      g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
      g_assert_false (peer_exists (folder, "stored.csv"));
      return g_strdup (error->message);
    }
  g_assert_no_error (error);
  return peer_read (folder, "stored.csv");
}

static void
test_good (void)
{
  static const char stored[] = "M,0.5,3,a\nF,10,-4,b\n";
  const char *same[] = {
    stored,
    "M,0.5,3,a\nF,10,-4,b",
    "M,0.5,3,a\r\nF,10,-4,b\r\n",
    "\xef\xbb\xbfM,0.5,3,a\nF,10,-4,b\n",
    " M , 0.5,3,\ta\n\nF,10,-4, b \n\n",
    "\"M\",\"0.5\",\"3\",\"a\"\n\"F\",10,-4,b\n",
    "sex,whole_weight,RINGS,remark\nM,0.5,3,a\nF,10,-4,b\n",
    "\xef\xbb\xbf\"Sex\",\"Whole weight\",\"Rings\",\"Remark\"\r\nM,0.5,3,a\r\nF,10,-4,b\r\n",
    "some,other,names,here\nM,0.5,3,a\nF,10,-4,b\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      gint64 n_rows = 0;
      g_autofree char *text = check (same[i], -1, &n_rows);

      g_assert_cmpstr (text, ==, stored);
      g_assert_cmpint (n_rows, ==, 2);
    }
}

static void
test_quotes_are_kept (void)
{
  g_autofree char *text = check ("M,1,2,\"a, b\"\nF,1,2,\"say \"\"no\"\"\"\nI,1e-3,+2,x\n", -1, NULL);

  g_assert_cmpstr (text, ==, "M,1,2,\"a, b\"\nF,1,2,\"say \"\"no\"\"\"\nI,1e-3,+2,x\n");
}

static void
test_bad (void)
{
  const struct
  {
    const char *content;
    const char *line;   /* where the fault is said to be */
    const char *words;
  } cases[] = {
    { "M,0.5,3,a\nX,1,2,b\n", "line 2", "“Sex” holds “X”, which is none of M, F, I" },
    { "M,0.5,3,a\nm,1,2,b\n", "line 2", "“m”" },
    { "M,0.5,3,a\n\n\nF,one,2,b\n", "line 4", "“Whole weight” holds “one”, which is not a number" },
    { "M,0.5,3,a\nF,nan,2,b\n", "line 2", "“nan”, which is not a number" },
    { "M,0.5,3,a\nF,0x10,2,b\n", "line 2", "not a number" },
    { "M,0.5,3,a\nF,-0.5,2,b\n", "line 2", "less than 0" },
    { "M,0.5,3,a\nF,10.01,2,b\n", "line 2", "more than 10" },
    { "M,0.5,3,a\nF,1,2.5,b\n", "line 2", "“Rings” holds “2.5”, which is not a whole number" },
    { "M,0.5,3,a\nF,1,,b\n", "line 2", "“Rings” is empty" },
    { "M,0.5,3,a\nF,1,2\n", "line 2", "3 columns where 4 are expected: Sex, Whole weight, Rings, Remark" },
    { "M,0.5,3,a\nF,1,2,b,c\n", "line 2", "5 columns" },
    { "M,0.5,3,a\nF,1,2,\"b\n", "line 2", "quotation mark" },
    { "M;0.5;3;a\nF;1;2;b\n", "line 1", "commas" },
    { "Sex,Rings,Whole weight,Remark\nM,3,0.5,a\nF,1,2,b\n", "line 1", "“Rings” is in place 2 instead of 3" },
    { "M,0.5,3,a\n", "", "has 1 rows; a pipeline needs at least 2" },
    { "Sex,Whole weight,Rings,Remark\n", "", "has 0 rows" },
    { "", "", "has 0 rows" },
    { "M,0.5,3,a\nF,1,2,\xff\xfe\n", "line 2", "“Remark” is not UTF-8" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = check (cases[i].content, -1, NULL);

      if (strstr (text, cases[i].words) == NULL || strstr (text, cases[i].line) == NULL
          || strstr (text, "“mine.csv”") == NULL)
        g_error ("case %zu: “%s” says not “%s” at “%s”", i, text, cases[i].words, cases[i].line);
    }
}

static void
test_not_text (void)
{
  g_autofree char *zeros = check ("M,0.5,3,a\nF,\0,2,b\n", 18, NULL);
  g_autofree char *long_line = g_strnfill (3 << 20, 'x');
  g_autofree char *long_says = check (long_line, -1, NULL);
  g_autofree char *utf16 = check ("\xff\xfeM\0,\0", 6, NULL);

  g_assert_nonnull (strstr (zeros, "line 2: it holds bytes that are not text"));
  g_assert_nonnull (strstr (long_says, "longer than a megabyte"));
  g_assert_nonnull (strstr (utf16, "line 1: it holds bytes that are not text"));
}

static void
test_no_file (void)
{
  g_autoptr (json_t) entry = new_entry ();
  g_autofree char *pipe_path = peer_new_path ("pipe");
  g_autoptr (GError) error = NULL;

  g_assert_false (atelier_data_check_file (entry, "/no/such/file.csv", NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "/no/such/file.csv"));
  g_clear_error (&error);
  g_assert_false (atelier_data_check_file (entry, peer_root (), NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
  g_clear_error (&error);
  /* nobody writes to it: must not wait */
  g_assert_cmpint (mkfifo (pipe_path, 0600), ==, 0);
  g_assert_false (atelier_data_check_file (entry, pipe_path, NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
}

static void
test_random_bytes (void)
{
  static const char alphabet[] = "MFI,,,,\"\"\n\n0123.-; \r\xe2\x80\0";

  for (int round = 0; round < 500; round++)
    {
      char content[200];
      g_autofree char *text = NULL;

      for (gsize i = 0; i < sizeof content; i++)
        content[i] = alphabet[g_test_rand_int_range (0, sizeof alphabet)];
      text = check (content, g_test_rand_int_range (0, sizeof content), NULL);
      g_assert_true (g_utf8_validate (text, -1, NULL));
    }
}

static void
test_entry (void)
{
  const struct
  {
    const char *json;
    const char *words; /* NULL: good */
  } cases[] = {
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\"}]}", NULL },
    { "{\"columns\": [{\"name\": \"x\"}]}", "“file”" },
    { "{\"file\": \"../a.csv\", \"columns\": [{\"name\": \"x\"}]}", "../a.csv" },
    { "{\"file\": \"a.csv\"}", "no “columns”" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"type\": \"text\"}]}", "Column 1" },
    { "{\"file\": \"a.csv\", \"columns\": [3]}", "Column 1" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\", \"type\": \"float\"}]}", "“float”" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\", \"type\": \"category\"}]}", "without “values”" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\", \"type\": \"category\", \"values\": [1]}]}",
      "not text" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\"}], \"url\": \"-o /etc/passwd\"}", "address" },
    { "{\"file\": \"a.csv\", \"columns\": [{\"name\": \"x\"}], \"url\": \"https://example.org/\"}", "sha256" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) entry = atelier_json_parse (cases[i].json, -1, &error);

      g_assert_no_error (error);
      g_assert_cmpint (atelier_data_check_entry (entry, &error), ==, cases[i].words == NULL);
      if (cases[i].words == NULL)
        g_assert_no_error (error);
      else
        {
          g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE);
          g_assert_nonnull (strstr (error->message, cases[i].words));
        }
    }
}

/* A public file that curl(1) can read without a network, and a generator. */
static json_t *
new_entry_with_sources (const char *folder, const char *published, const char *generator)
{
  json_t *entry = new_entry ();
  g_autofree char *path = g_build_filename (folder, "published.csv", NULL);
  g_autofree char *url = g_strconcat ("file://", path, NULL);
  g_autofree char *program = g_build_filename (folder, "generate.py", NULL);
  g_autofree char *digest = atelier_digest_text ("M,0.5,3,public\nF,1,2,public\n", -1);

  peer_write (folder, "published.csv", published, -1);
  peer_write (folder, "generate.py", generator, -1);
  atelier_json_set_string (entry, "url", url);
  atelier_json_set_string (entry, "sha256", digest);
  atelier_json_set_string (entry, "generator", program);
  return entry;
}

#define PUBLISHED "M,0.5,3,public\nF,1,2,public\n"
#define GENERATOR "import sys\nopen(sys.argv[2], 'w').write('M,0.5,3,made up\\nF,1,2,made up\\n')\n"

static void
assert_only_file (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  g_assert_cmpstr (g_dir_read_name (dir), ==, "table.csv");
  g_assert_null (g_dir_read_name (dir));
}

static void
test_obtain (void)
{
  g_autofree char *folder = peer_new_path ("sources");
  g_autofree char *data = peer_new_path ("data");
  g_autofree char *to = g_build_filename (data, "table.csv", NULL);
  g_autofree char *mine = g_build_filename (folder, "mine.csv", NULL);
  g_autofree char *curl = g_find_program_in_path ("curl");
  g_autoptr (json_t) entry = new_entry_with_sources (folder, PUBLISHED, GENERATOR);
  g_autoptr (json_t) changed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *note = NULL;
  AtelierDataSource source = ATELIER_DATA_SOURCE_NONE;
  char *text;

  g_assert_cmpint (g_mkdir (data, 0755), ==, 0);
  peer_write (folder, "mine.csv", "Sex,Whole weight,Rings,Remark\nM,0.5,3,mine\nF,1,2,mine\n", -1);
  g_assert_true (atelier_data_obtain_sync (entry, mine, FALSE, to, &source, &note, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_FILE);
  g_assert_null (note);
  text = peer_read (data, "table.csv");
  g_assert_cmpstr (text, ==, "M,0.5,3,mine\nF,1,2,mine\n");
  g_free (text);
  assert_only_file (data);

  if (curl == NULL)
    {
      g_test_skip ("curl is not installed");
      return;
    }
  g_assert_true (atelier_data_obtain_sync (entry, NULL, FALSE, to, &source, &note, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_DOWNLOAD);
  g_assert_null (note);
  text = peer_read (data, "table.csv");
  g_assert_cmpstr (text, ==, PUBLISHED);
  g_free (text);

  g_assert_true (atelier_data_obtain_sync (entry, NULL, TRUE, to, &source, &note, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_GENERATED);
  g_assert_null (note);
  text = peer_read (data, "table.csv");
  g_assert_cmpstr (text, ==, "M,0.5,3,made up\nF,1,2,made up\n");
  g_free (text);

  /* another file under the same address */
  changed = new_entry_with_sources (folder, "M,0.5,3,tampered\nF,1,2,tampered\n", GENERATOR);
  g_assert_true (atelier_data_obtain_sync (changed, NULL, FALSE, to, &source, &note, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_GENERATED);
  g_assert_nonnull (strstr (note, "SHA-256"));
  g_clear_pointer (&note, g_free);

  /* nobody there */
  atelier_json_set_string (entry, "url", "http://127.0.0.1:1/table.csv");
  g_assert_true (atelier_data_obtain_sync (entry, NULL, FALSE, to, &source, &note, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_GENERATED);
  g_assert_nonnull (strstr (note, "http://127.0.0.1:1/table.csv"));
  assert_only_file (data);
}

static void
test_obtain_failures (void)
{
  g_autofree char *folder = peer_new_path ("sources");
  g_autofree char *data = peer_new_path ("data");
  g_autofree char *to = g_build_filename (data, "table.csv", NULL);
  g_autofree char *mine = g_build_filename (folder, "mine.csv", NULL);
  g_autoptr (json_t) entry = new_entry_with_sources (folder, PUBLISHED, "raise ValueError('no luck')\n");
  g_autoptr (json_t) wrong = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *note = NULL;
  AtelierDataSource source = ATELIER_DATA_SOURCE_NONE;

  g_assert_cmpint (g_mkdir (data, 0755), ==, 0);
  peer_write (folder, "mine.csv", "not,a,good,file\n", -1);
  g_assert_false (atelier_data_obtain_sync (entry, mine, FALSE, to, &source, &note, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
  g_clear_error (&error);

  g_assert_false (atelier_data_obtain_sync (entry, NULL, TRUE, to, &source, &note, NULL, &error));
  g_assert_nonnull (strstr (error->message, "ValueError: no luck"));
  g_clear_error (&error);

  wrong = new_entry_with_sources (folder, PUBLISHED, "import sys\nopen(sys.argv[2], 'w').write('a,b\\n')\n");
  g_assert_false (atelier_data_obtain_sync (wrong, NULL, TRUE, to, &source, &note, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
  g_clear_error (&error);

  json_object_del (entry, "generator");
  g_assert_false (atelier_data_obtain_sync (entry, NULL, TRUE, to, &source, &note, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
  g_assert_nonnull (strstr (error->message, "give a CSV file"));
  g_clear_error (&error);
  g_assert_cmpint (source, ==, ATELIER_DATA_SOURCE_NONE);
  g_assert_null (note);
  g_assert_cmpint (g_rmdir (data), ==, 0); /* nothing is left in it */
}

typedef struct
{
  GCancellable *cancellable;
  const char   *sign;
} Canceller;

/* Cancels once the generator has written its sign of life. */
static gpointer
cancel_thread (gpointer data)
{
  Canceller *canceller = data;

  while (!g_file_test (canceller->sign, G_FILE_TEST_EXISTS))
    g_thread_yield ();
  g_cancellable_cancel (canceller->cancellable);
  return NULL;
}

static void
test_obtain_cancel (void)
{
  g_autofree char *folder = peer_new_path ("sources");
  g_autofree char *to = g_build_filename (folder, "table.csv", NULL);
  g_autofree char *sign = g_build_filename (folder, "started", NULL);
  g_autofree char *program = g_strdup_printf ("import os, signal\nopen('%s', 'w')\nsignal.pause()\n", sign);
  g_autoptr (json_t) entry = new_entry_with_sources (folder, PUBLISHED, program);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *note = NULL;
  AtelierDataSource source;
  Canceller canceller = { cancellable, sign };
  GThread *thread = g_thread_new ("cancel", cancel_thread, &canceller);

  g_assert_false (atelier_data_obtain_sync (entry, NULL, TRUE, to, &source, &note, cancellable, &error));
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (to, G_FILE_TEST_EXISTS));
}

int
main (int argc, char *argv[])
{
  int result;

  peer_init ();
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/data/check/good", test_good);
  g_test_add_func ("/data/check/quotes", test_quotes_are_kept);
  g_test_add_func ("/data/check/bad", test_bad);
  g_test_add_func ("/data/check/not-text", test_not_text);
  g_test_add_func ("/data/check/no-file", test_no_file);
  g_test_add_func ("/data/check/random-bytes", test_random_bytes);
  g_test_add_func ("/data/entry", test_entry);
  g_test_add_func ("/data/obtain", test_obtain);
  g_test_add_func ("/data/obtain/failures", test_obtain_failures);
  g_test_add_func ("/data/obtain/cancel", test_obtain_cancel);
  result = g_test_run ();
  peer_clear ();
  return result;
}
