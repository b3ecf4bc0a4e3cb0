/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "atelier-digest.h"
#include "atelier-json.h"
#include "base-fixture.h"

/* JSON values: reading with positions, fallbacks, and text that is equal for equal values. */

static json_t *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  json_t *value = atelier_json_parse (text, -1, &error);

  g_assert_no_error (error);
  g_assert_nonnull (value);
  return value;
}

static void
test_parse_any (void)
{
  const struct
  {
    const char *text;
    json_type   type;
  } cases[] = {
    { "{}", JSON_OBJECT }, { " [1, 2]\n", JSON_ARRAY }, { "\"a\"", JSON_STRING }, { "-7", JSON_INTEGER },
    { "1e3", JSON_REAL },  { "true", JSON_TRUE },       { "false", JSON_FALSE },  { "null", JSON_NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (json_t) value = parse (cases[i].text);

      g_assert_cmpint (json_typeof (value), ==, cases[i].type);
    }
}

static void
test_parse_length (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) part = atelier_json_parse ("[1]junk", 3, &error);
  g_autoptr (json_t) with_nul = atelier_json_parse ("\"a\\u0000b\"", -1, &error);
  g_autofree char *text = atelier_json_compact (with_nul);

  g_assert_no_error (error);
  g_assert_cmpuint (json_array_size (part), ==, 1);
  g_assert_cmpuint (json_string_length (with_nul), ==, 3);
  g_assert_cmpstr (text, ==, "\"a\\u0000b\"");
}

static void
test_parse_errors (void)
{
  const struct
  {
    const char *text;
    const char *place; /* beginning of the message */
  } cases[] = {
    { "", "Line 1, column 0:" },
    { "{", "Line 1, column 1:" },
    { "[1,\n 2,,]", "Line 2, column 4:" },
    { "{\"a\": 1, \"a\": 2}", "Line 1, column 12:" },
    { "[1] 2", "Line 1, column 5:" },
    { "[01]", "Line 1, column" },
    { "[1e999]", "Line 1, column" },
    { "[99999999999999999999999]", "Line 1, column" },
    { "\"\xff\"", "Line 1, column" },
    { "'a'", "Line 1, column 1:" },
    { "[NaN]", "Line 1, column" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_json_parse (cases[i].text, -1, &error));
      g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
      if (!g_str_has_prefix (error->message, cases[i].place))
        g_error ("%s: “%s” does not begin with “%s”", cases[i].text, error->message, cases[i].place);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
}

/* A file of nothing but brackets must not take the stack. */
static void
test_parse_deep (void)
{
  g_autofree char *deep = g_strnfill (1000000, '[');
  g_autofree char *objects = g_malloc (5 * 100000 + 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_json_parse (deep, -1, &error));
  g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
  g_clear_error (&error);
  for (gsize i = 0; i < 100000; i++)
    memcpy (objects + 5 * i, "{\"a\":", 5);
  g_assert_null (atelier_json_parse (objects, 5 * 100000, &error));
  g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
}

static void
test_files (void)
{
  char *folder = fixture_folder_new ();
  g_autofree char *path = fixture_path (folder, "value.json");
  g_autofree char *missing = fixture_path (folder, "missing.json");
  g_autofree char *nowhere = fixture_path (folder, "no/such/folder.json");
  g_autoptr (json_t) value = parse ("{\"b\": [1, 2.50, {}], \"a\": {\"y\": null, \"x\": []}}");
  g_autoptr (json_t) back = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_json_write_file (path, value, &error));
  g_assert_no_error (error);
  text = fixture_read (folder, "value.json");
  g_assert_cmpstr (text, ==,
                   "{\n"
                   "  \"a\": {\n"
                   "    \"x\": [],\n"
                   "    \"y\": null\n"
                   "  },\n"
                   "  \"b\": [\n"
                   "    1,\n"
                   "    2.5,\n"
                   "    {}\n"
                   "  ]\n"
                   "}\n");
  back = atelier_json_read_file (path, &error);
  g_assert_no_error (error);
  g_assert_true (json_equal (back, value));

  g_assert_false (atelier_json_write_file (nowhere, value, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, nowhere));
  g_clear_error (&error);
  g_assert_null (atelier_json_read_file (missing, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  fixture_write (folder, "value.json", "{\"a\": }");
  g_assert_null (atelier_json_read_file (path, &error));
  g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
  g_assert_nonnull (strstr (error->message, path));
  fixture_folder_free (folder);
}

static void
test_get (void)
{
  g_autoptr (json_t) value
      = parse ("{\"s\": \"text\", \"i\": 7, \"r\": 1.5, \"t\": true, \"n\": null, \"o\": {}, \"a\": [1]}");

  g_assert_cmpstr (atelier_json_get_string (value, "s", "no"), ==, "text");
  g_assert_cmpstr (atelier_json_get_string (value, "i", "no"), ==, "no");
  g_assert_cmpstr (atelier_json_get_string (value, "n", NULL), ==, NULL);
  g_assert_cmpstr (atelier_json_get_string (NULL, "s", "no"), ==, "no");
  g_assert_cmpint (atelier_json_get_int (value, "i", -1), ==, 7);
  g_assert_cmpint (atelier_json_get_int (value, "r", -1), ==, -1);
  g_assert_cmpfloat (atelier_json_get_double (value, "r", -1), ==, 1.5);
  g_assert_cmpfloat (atelier_json_get_double (value, "i", -1), ==, 7);
  g_assert_cmpfloat (atelier_json_get_double (value, "s", -1), ==, -1);
  g_assert_true (atelier_json_get_bool (value, "t", FALSE));
  g_assert_true (atelier_json_get_bool (value, "i", TRUE));
  g_assert_nonnull (atelier_json_get_object (value, "o"));
  g_assert_null (atelier_json_get_object (value, "a"));
  g_assert_nonnull (atelier_json_get_array (value, "a"));
  g_assert_null (atelier_json_get_array (value, "o"));
  g_assert_null (atelier_json_get_array (NULL, "a"));
}

static void
test_set (void)
{
  g_autoptr (json_t) object = json_object ();
  g_autofree char *text = NULL;

  atelier_json_set_string (object, "s", "text");
  atelier_json_set_string (object, "none", NULL);
  atelier_json_set_string (object, "bytes", "a\xff" "b");
  atelier_json_set_int (object, "i", G_MININT64);
  atelier_json_set_bool (object, "t", TRUE);
  text = atelier_json_compact (object);
  g_assert_cmpstr (text, ==, "{\"bytes\":\"a\357\277\275b\",\"i\":-9223372036854775808,\"s\":\"text\",\"t\":true}");
}

static void
test_strings (void)
{
  g_autoptr (json_t) value = json_array ();
  g_autofree char *text = NULL;
  g_autoptr (json_t) back = NULL;

  json_array_append_new (value, json_string ("plain é 日本 🎨 / \x7f"));
  json_array_append_new (value, json_string ("\" \\ \b \f \n \r \t \v \x01 \x1f"));
  json_array_append_new (value, json_string (""));
  text = atelier_json_compact (value);
  g_assert_cmpstr (text, ==,
                   "[\"plain é 日本 🎨 / \x7f\",\"\\\" \\\\ \\b \\f \\n \\r \\t \\u000B \\u0001 \\u001F\",\"\"]");
  back = parse (text);
  g_assert_true (json_equal (back, value));
}

/* Equal values give equal text, whatever order the keys came in and whichever way they were written. */
static void
test_digest (void)
{
  g_autoptr (json_t) one = parse ("{\"b\": 0.1, \"a\": [1, 2], \"Z\": {\"é\": 1, \"e\": 2}}");
  g_autoptr (json_t) two = parse ("{\"Z\":{\"e\":2,\"é\":1},\n\"a\":[1,2],\"b\":0.1000}");
  g_autoptr (json_t) three = parse ("{\"b\": 0.1, \"a\": [2, 1], \"Z\": {\"é\": 1, \"e\": 2}}");
  g_autofree char *text = atelier_json_compact (one);
  g_autofree char *digest_of_text = atelier_digest_text (text, -1);
  g_autofree char *digest_one = atelier_json_digest (one);
  g_autofree char *digest_two = atelier_json_digest (two);
  g_autofree char *digest_three = atelier_json_digest (three);

  g_assert_cmpstr (text, ==, "{\"Z\":{\"e\":2,\"é\":1},\"a\":[1,2],\"b\":0.1}");
  g_assert_cmpstr (digest_one, ==, digest_of_text);
  g_assert_cmpstr (digest_one, ==, digest_two);
  g_assert_cmpstr (digest_one, !=, digest_three);
}

static void
test_to_text (void)
{
  const struct
  {
    const char *json;
    const char *text;
  } cases[] = {
    { "\"as \\\"is\\\"\"", "as \"is\"" },
    { "7", "7" },
    { "-9223372036854775808", "-9223372036854775808" },
    { "7.0", "7.0" },
    { "0.10", "0.1" },
    { "true", "true" },
    { "false", "false" },
    { "null", "null" },
    { "[1, \"a\"]", "[1,\"a\"]" },
    { "{\"b\": 1, \"a\": 2.0}", "{\"a\":2.0,\"b\":1}" },
  };
  g_autofree char *none = atelier_json_to_text (NULL);

  g_assert_cmpstr (none, ==, "null");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (json_t) value = parse (cases[i].json);
      g_autofree char *text = atelier_json_to_text (value);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_double_table (void)
{
  const struct
  {
    double      value;
    const char *text;
  } cases[] = {
    { 0.0, "0.0" },
    { -0.0, "-0.0" },
    { 5.0, "5.0" },
    { -1.5, "-1.5" },
    { 0.1, "0.1" },
    { 1.0 / 3, "0.3333333333333333" },
    { 0.1 + 0.2, "0.30000000000000004" },
    { 1e-4, "0.0001" },
    { 1e-5, "1e-05" },
    { 0.00012345, "0.00012345" },
    { 1e-7, "1e-07" },
    { 1e15, "1000000000000000.0" },
    { 1.5e15, "1500000000000000.0" },
    { 9999999999999998.0, "9999999999999998.0" },
    { 1e16, "1e+16" },
    { 12345678901234568.0, "1.2345678901234568e+16" },
    { 123456789012345680.0, "1.2345678901234568e+17" },
    { 100.0, "100.0" },
    { 123456.789, "123456.789" },
    { 1e22, "1e+22" },
    { 1e100, "1e+100" },
    { DBL_MAX, "1.7976931348623157e+308" },
    { DBL_MIN, "2.2250738585072014e-308" },
    { 5e-324, "5e-324" },
    { 0x1p-44, "5.684341886080802e-14" },
    { INFINITY, "inf" },
    { -INFINITY, "-inf" },
    { NAN, "nan" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = atelier_json_double_to_text (cases[i].value);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
add_double (GArray *values, double value)
{
  const double three[] = { value, nextafter (value, INFINITY), -nextafter (value, -INFINITY) };

  for (gsize i = 0; i < G_N_ELEMENTS (three); i++)
    if (isfinite (three[i]))
      g_array_append_val (values, three[i]);
}

/* Powers of two and ten with their neighbours, decimals as people write them, numbers around the turn to exponents, and
 * random bits. */
static GArray *
make_doubles (void)
{
  GArray *values = g_array_new (FALSE, FALSE, sizeof (double));

  for (int i = -1074; i < 1024; i++)
    add_double (values, ldexp (1.0, i));
  for (int i = -323; i < 309; i++)
    add_double (values, pow (10, i));
  for (int i = 0; i < 2000; i++)
    add_double (values, g_test_rand_int_range (-100000, 100000) / 1000.0);
  for (int i = -500; i < 500; i++)
    add_double (values, 1e16 + 2.0 * i);
  for (int i = 0; i < 5000; i++)
    {
      guint64 bits = (guint64) (guint32) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      double value;

      memcpy (&value, &bits, sizeof value);
      add_double (values, value);
    }
  return values;
}

/* Python's repr() is the peer. */
static void
test_double_python (void)
{
  const char *script = "import array, sys\n"
                       "values = array.array('d')\n"
                       "values.frombytes(open(sys.argv[1], 'rb').read())\n"
                       "open(sys.argv[2], 'w').write(''.join(repr(value) + '\\n' for value in values))\n";
  g_autofree char *python = g_find_program_in_path ("python3");
  g_autoptr (GArray) values = make_doubles ();
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  char *folder;
  int status = 1;

  if (python == NULL)
    {
      g_test_skip ("there is no python3");
      return;
    }
  folder = fixture_folder_new ();
  {
    g_autofree char *bytes = fixture_path (folder, "bytes");
    g_autofree char *reprs = fixture_path (folder, "reprs");
    const char *argv[] = { python, "-c", script, bytes, reprs, NULL };

    g_file_set_contents (bytes, values->data, (gssize) (values->len * sizeof (double)), &error);
    g_assert_no_error (error);
    g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error);
    g_assert_no_error (error);
    g_assert_cmpint (status, ==, 0);
  }
  text = fixture_read (folder, "reprs");
  lines = g_strsplit (text, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, values->len + 1);
  for (guint i = 0; i < values->len; i++)
    {
      g_autofree char *ours = atelier_json_double_to_text (g_array_index (values, double, i));

      g_assert_cmpstr (ours, ==, lines[i]);
    }
  fixture_folder_free (folder);
}

/* Numbers survive a trip through text bit by bit, and a decimal comma never gets in. */
static void
test_double_back (void)
{
  g_autoptr (GArray) values = make_doubles ();
  g_autofree char *before = g_strdup (setlocale (LC_NUMERIC, NULL));
  const char *comma[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8" };

  for (gsize i = 0; i < G_N_ELEMENTS (comma) && setlocale (LC_NUMERIC, comma[i]) == NULL; i++)
    ;
  for (guint i = 0; i < values->len; i++)
    {
      g_autoptr (json_t) real = json_real (g_array_index (values, double, i));
      g_autofree char *text = atelier_json_compact (real);
      g_autoptr (json_t) back = parse (text);

      g_assert_null (strchr (text, ','));
      g_assert_true (json_is_real (back));
      g_assert_cmpmem (&(double){ json_real_value (back) }, sizeof (double), &g_array_index (values, double, i),
                       sizeof (double));
    }
  setlocale (LC_NUMERIC, before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json/parse/any", test_parse_any);
  g_test_add_func ("/json/parse/length", test_parse_length);
  g_test_add_func ("/json/parse/errors", test_parse_errors);
  g_test_add_func ("/json/parse/deep", test_parse_deep);
  g_test_add_func ("/json/files", test_files);
  g_test_add_func ("/json/get", test_get);
  g_test_add_func ("/json/set", test_set);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/digest", test_digest);
  g_test_add_func ("/json/to-text", test_to_text);
  g_test_add_func ("/json/double/table", test_double_table);
  g_test_add_func ("/json/double/python", test_double_python);
  g_test_add_func ("/json/double/back", test_double_back);
  return g_test_run ();
}
