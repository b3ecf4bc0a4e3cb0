/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "atelier-node.h"

static AtelierDocument *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  AtelierDocument *document = atelier_document_parse (text, -1, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (document);
  return document;
}

static void
assert_position (const AtelierNode *node, guint line, guint column)
{
  guint l, c;

  atelier_node_get_position (node, &l, &c);
  g_assert_cmpuint (l, ==, line);
  g_assert_cmpuint (c, ==, column);
}

static void
assert_key_position (const AtelierNode *node, guint line, guint column)
{
  guint l, c;

  atelier_node_get_key_position (node, &l, &c);
  g_assert_cmpuint (l, ==, line);
  g_assert_cmpuint (c, ==, column);
}

static void
assert_spelling (const AtelierNode *node, const char *expected)
{
  gsize length;
  const char *spelling = atelier_node_get_spelling (node, &length);
  g_autofree char *copy = g_strndup (spelling, length);

  g_assert_cmpstr (copy, ==, expected);
}

static void
test_kinds (void)
{
  g_autoptr (AtelierDocument) document = parse (" [null, true, false, 1, \"x\", [], {}, {\"a\": [2]}] ");
  const AtelierNode *root = atelier_document_get_root (document);
  static const AtelierNodeKind kinds[] = {
    ATELIER_NODE_NULL, ATELIER_NODE_BOOLEAN, ATELIER_NODE_BOOLEAN, ATELIER_NODE_NUMBER,
    ATELIER_NODE_STRING, ATELIER_NODE_ARRAY, ATELIER_NODE_OBJECT, ATELIER_NODE_OBJECT,
  };
  gboolean value = FALSE;

  g_assert_cmpuint (atelier_node_get_length (root), ==, G_N_ELEMENTS (kinds));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const AtelierNode *item = atelier_node_get_item (root, i);

      g_assert_cmpint (atelier_node_get_kind (item), ==, kinds[i]);
      g_assert_true (atelier_node_get_parent (item) == root);
      g_assert_cmpuint (atelier_node_get_index (item), ==, i);
      g_assert_null (atelier_node_get_key (item));
    }
  g_assert_null (atelier_node_get_item (root, G_N_ELEMENTS (kinds)));
  g_assert_true (atelier_node_get_boolean (atelier_node_get_item (root, 1), &value) && value);
  g_assert_true (atelier_node_get_boolean (atelier_node_get_item (root, 2), &value) && !value);
  g_assert_false (atelier_node_get_boolean (atelier_node_get_item (root, 3), &value));
  g_assert_cmpstr (atelier_node_get_string (atelier_node_get_item (root, 4)), ==, "x");
  g_assert_null (atelier_node_get_string (atelier_node_get_item (root, 3)));
  g_assert_null (atelier_node_get_parent (root));
}

/* Every reading function takes NULL. */
static void
test_nothing (void)
{
  const char *key = "unset";
  guint line = 7, column = 7;
  gsize length = 7;
  gint64 integer;
  double real;
  gboolean boolean;
  g_autofree char *pointer = atelier_node_dup_pointer (NULL);
  g_autoptr (json_t) value = atelier_node_to_json (NULL);

  g_assert_cmpint (atelier_node_get_kind (NULL), ==, ATELIER_NODE_NULL);
  g_assert_null (atelier_node_get_string (NULL));
  g_assert_null (atelier_node_get_spelling (NULL, &length));
  g_assert_cmpuint (length, ==, 0);
  g_assert_null (atelier_node_get_key_spelling (NULL, &length));
  g_assert_false (atelier_node_get_boolean (NULL, &boolean));
  g_assert_false (atelier_node_get_integer (NULL, &integer));
  g_assert_false (atelier_node_get_double (NULL, &real));
  g_assert_cmpuint (atelier_node_get_length (NULL), ==, 0);
  g_assert_null (atelier_node_get_item (NULL, 0));
  g_assert_null (atelier_node_get_member (NULL, "x"));
  g_assert_null (atelier_node_get_member_at (NULL, 0, &key));
  g_assert_null (key);
  atelier_node_get_position (NULL, &line, &column);
  g_assert_cmpuint (line, ==, 0);
  g_assert_null (atelier_node_get_parent (NULL));
  g_assert_cmpstr (pointer, ==, "");
  g_assert_true (json_is_null (value));
}

static void
test_positions (void)
{
  g_autoptr (AtelierDocument) document =
    parse ("{\n  \"é\": [\"ä\", 1],\r\n \"q\\\"\\\\\" :\n\n  true, \"last\":2\r}");
  const AtelierNode *root = atelier_document_get_root (document);
  const AtelierNode *list = atelier_node_get_member (root, "é");
  const AtelierNode *quoted = atelier_node_get_member (root, "q\"\\");
  const AtelierNode *last = atelier_node_get_member (root, "last");
  gsize length;

  assert_position (root, 1, 1);
  assert_position (list, 2, 8);
  assert_key_position (list, 2, 3);
  assert_position (atelier_node_get_item (list, 0), 2, 9);
  assert_position (atelier_node_get_item (list, 1), 2, 14);
  assert_key_position (atelier_node_get_item (list, 1), 2, 14);
  assert_position (quoted, 5, 3);
  assert_key_position (quoted, 3, 2);
  g_assert_true (g_str_has_prefix (atelier_node_get_key_spelling (quoted, &length), "\"q\\\"\\\\\" :"));
  g_assert_cmpuint (length, ==, strlen ("\"q\\\"\\\\\""));
  assert_position (last, 5, 16);
  assert_key_position (last, 5, 9);
}

static void
test_byte_order_mark (void)
{
  g_autoptr (AtelierDocument) document = parse ("\xef\xbb\xbf{\"a\":\n1}");
  const AtelierNode *root = atelier_document_get_root (document);

  assert_position (root, 1, 1);
  assert_position (atelier_node_get_member (root, "a"), 2, 1);
  assert_key_position (atelier_node_get_member (root, "a"), 1, 2);
  g_assert_true (g_str_has_prefix (atelier_document_get_text (document, NULL), "\xef\xbb\xbf{"));
}

static void
test_strings (void)
{
  g_autoptr (AtelierDocument) document = parse ("[\"\", \"plain\", \"\\\"\\\\\\/\\b\\f\\n\\r\\t\", "
                                                "\"\\u00e9\\u20AC\\ud83d\\ude00!\", \"a\\u0062c\", \"\\u007f\"]");
  const AtelierNode *root = atelier_document_get_root (document);
  static const char *const expected[] = { "", "plain", "\"\\/\b\f\n\r\t", "é€😀!", "abc", "\x7f" };

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (atelier_node_get_string (atelier_node_get_item (root, i)), ==, expected[i]);
  assert_spelling (atelier_node_get_item (root, 4), "\"a\\u0062c\"");
}

static void
test_numbers (void)
{
  static const struct
  {
    const char *text;
    gboolean    is_integer;
    gint64      integer;
    double      real;
  } cases[] = {
    { "0", TRUE, 0, 0 },
    { "-0", TRUE, 0, 0 },
    { "6", TRUE, 6, 6 },
    { "6.0", FALSE, 0, 6 },
    { "1e2", FALSE, 0, 100 },
    { "1E+2", FALSE, 0, 100 },
    { "-12.5e-1", FALSE, 0, -1.25 },
    { "9223372036854775807", TRUE, G_MAXINT64, 9223372036854775807.0 },
    { "-9223372036854775808", TRUE, G_MININT64, -9223372036854775808.0 },
    { "9223372036854775808", FALSE, 0, 9223372036854775808.0 },
    { "123456789012345678901234567890", FALSE, 0, 123456789012345678901234567890.0 },
    { "1e-999", FALSE, 0, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (AtelierDocument) document = parse (cases[i].text);
      const AtelierNode *root = atelier_document_get_root (document);
      g_autoptr (json_t) value = atelier_node_to_json (root);
      gint64 integer = 0;
      double real = NAN;

      g_assert_cmpint (atelier_node_get_integer (root, &integer), ==, cases[i].is_integer);
      g_assert_cmpint (integer, ==, cases[i].integer);
      g_assert_true (atelier_node_get_double (root, &real));
      g_assert_cmpfloat (real, ==, cases[i].real);
      g_assert_cmpint (json_is_integer (value), ==, cases[i].is_integer);
      g_assert_cmpfloat (json_number_value (value), ==, cases[i].real);
      assert_spelling (root, cases[i].text);
    }
}

/* Small objects are searched one by one, large ones by their sorted index: both must find all. */
static void
test_members (void)
{
  for (guint n = 0; n < 40; n++)
    {
      g_autoptr (GString) text = g_string_new ("{");
      g_autoptr (AtelierDocument) document = NULL;
      const AtelierNode *root;
      const char *key;
      gint64 value;

      for (guint i = 0; i < n; i++)
        g_string_append_printf (text, "%s\"k%u\": %u", i > 0 ? "," : "", (i * 7919) % 101, i);
      g_string_append_c (text, '}');
      document = parse (text->str);
      root = atelier_document_get_root (document);
      g_assert_cmpuint (atelier_node_get_length (root), ==, n);
      for (guint i = 0; i < n; i++)
        {
          g_autofree char *name = g_strdup_printf ("k%u", (i * 7919) % 101);

          g_assert_true (atelier_node_get_integer (atelier_node_get_member (root, name), &value));
          g_assert_cmpint (value, ==, i);
          g_assert_true (atelier_node_get_member_at (root, i, &key) == atelier_node_get_member (root, name));
          g_assert_cmpstr (key, ==, name);
        }
      g_assert_null (atelier_node_get_member (root, "k"));
      g_assert_null (atelier_node_get_member (root, "zzz"));
      g_assert_null (atelier_node_get_member_at (root, n, &key));
    }
}

static void
test_pointers (void)
{
  g_autoptr (AtelierDocument) document = parse ("{\"Steps\": [{}, {\"a/b~c\": [[1, {\"\": 2}]]}]}");
  const AtelierNode *root = atelier_document_get_root (document);
  const AtelierNode *node = atelier_node_get_item (atelier_node_get_member (root, "Steps"), 1);
  g_autofree char *pointer = NULL, *root_pointer = NULL;

  node = atelier_node_get_item (atelier_node_get_member (node, "a/b~c"), 0);
  node = atelier_node_get_member (atelier_node_get_item (node, 1), "");
  pointer = atelier_node_dup_pointer (node);
  root_pointer = atelier_node_dup_pointer (root);
  g_assert_cmpstr (pointer, ==, "/Steps/1/a~1b~0c/0/1/");
  g_assert_cmpstr (root_pointer, ==, "");
}

static void
test_to_json (void)
{
  static const char text[] = "{\"b\":[1,2.5,null,true,\"\\u00e9\"],\"a\":{\"n\":-3}}";
  g_autoptr (AtelierDocument) document = parse (text);
  g_autoptr (json_t) value = atelier_node_to_json (atelier_document_get_root (document));
  g_autoptr (json_t) expected = atelier_json_parse (text, -1, NULL);

  g_assert_true (json_equal (value, expected));
}

/* “@” marks the place where the error is to be; it is taken out before parsing. */
static void
test_garbage (void)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "@", "empty" },
    { " \n @", "empty" },
    { "{} @{}", "Nothing may follow" },
    { "@{\"a\": 1", "never closed" },
    { "[1,\n @[2]", NULL },
    { "[1, 2@", NULL },
    { "[1 @2]", "comma" },
    { "{\"a\": 1 @\"b\": 2}", "comma" },
    { "{\"a\" @1}", "colon" },
    { "{@a: 1}", "key in double quotes" },
    { "{@'a': 1}", "key in double quotes" },
    { "{\"a\": @'x'}", "double quotes" },
    { "[1, @]", "before “]”" },
    { "{\"a\": 1, @}", "before “}”" },
    { "{\"é\": @nul}", "Not a JSON value" },
    { "[@True]", "Not a JSON value" },
    { "[@NaN]", "NaN" },
    { "[-@Infinity]", "digit" },
    { "[@truex]", "Not a JSON value" },
    { "[@.5]", "missing" },
    { "[1.@]", "digit" },
    { "[1e@]", "digit" },
    { "[@01]", "begin with 0" },
    { "[@1e999]", "too large" },
    { "[@-1e400]", "too large" },
    { "[+@1]", NULL },
    { "[@// comment\n]", "comments" },
    { "[@# comment\n]", "comments" },
    { "[\"a@\\x\"]", "backslash" },
    { "[\"\\u12@g4\"]", "hexadecimal" },
    { "[\"@\\ud83d\"]", "surrogate" },
    { "[\"@\\ude00\"]", "surrogate" },
    { "[\"@\\ud83d\\u0041\"]", "surrogate" },
    { "[\"@\\u0000\"]", "u0000" },
    { "[\"a@\tb\"]", "tab" },
    { "[\"a@\x01\"]", "control character" },
    { "[@\"abc]", "does not end" },
    { "[@\"abc\n\"]", "does not end on its line" },
    { "[\"äö\",\n \"ü\", @x]", "Not a JSON value" },
    { "{\"a\": 1, \"b\": 2,\n @\"a\": 3}", "already has this key" },
    { "{\"a\": 1, @\"\\u0061\": 3}", "already has this key" },
    { "{\"0\":0,\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,@\"3\":0,\"4\":0}",
     "already has this key" },
    { "[\"ä\", \"@\xff\"]", "not UTF-8" },
    { "[\n\"@\xc3\"]", "not UTF-8" },
    { "[\"@\xed\xa0\x80\"]", "not UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *mark = strchr (cases[i].text, '@');
      g_autofree char *before = g_strndup (cases[i].text, mark - cases[i].text);
      g_autofree char *text = g_strconcat (before, mark + 1, NULL);
      const char *line_start = strrchr (before, '\n');
      guint expected_line = 1, line = 0, column = 0;
      g_autoptr (GError) error = NULL;

      for (const char *c = before; *c != '\0'; c++)
        expected_line += *c == '\n';
      line_start = line_start != NULL ? line_start + 1 : before;
      g_test_message ("case %u", i);
      g_assert_null (atelier_document_parse (text, -1, &line, &column, &error));
      g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
      if (cases[i].message != NULL)
        {
          g_assert_nonnull (strstr (error->message, cases[i].message));
          g_assert_cmpuint (line, ==, expected_line);
          g_assert_cmpuint (column, ==, 1 + g_utf8_strlen (line_start, -1));
        }
    }
}

static void
test_embedded_nul (void)
{
  g_autoptr (GError) error = NULL;
  guint line, column;

  g_assert_null (atelier_document_parse ("[\n1,\0]", 6, &line, &column, &error));
  g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
  g_assert_cmpuint (line, ==, 2);
  g_assert_cmpuint (column, ==, 3);
}

static void
test_depth (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (AtelierDocument) document = NULL;
  g_autoptr (GError) error = NULL;
  guint line, column;

  for (guint i = 0; i < ATELIER_DOCUMENT_MAX_DEPTH; i++)
    g_string_append_c (text, '[');
  for (guint i = 0; i < ATELIER_DOCUMENT_MAX_DEPTH; i++)
    g_string_append_c (text, ']');
  document = parse (text->str);

  g_string_prepend_c (text, '[');
  g_string_append_c (text, ']');
  g_assert_null (atelier_document_parse (text->str, -1, &line, &column, &error));
  g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
  g_assert_cmpuint (column, ==, ATELIER_DOCUMENT_MAX_DEPTH + 1);

  g_string_truncate (text, 0);
  for (guint i = 0; i < 1000000; i++)
    g_string_append (text, "{\"a\":[");
  g_assert_null (atelier_document_parse (text->str, -1, NULL, NULL, NULL));
}

/* A million members with a long common beginning, all found. A quadratic look-up would not end within the test's
 * time. */
static void
test_big_object (void)
{
  g_autoptr (GString) text = g_string_new ("{");
  g_autoptr (AtelierDocument) document = NULL;
  const AtelierNode *root;

  for (guint i = 0; i < 1000000; i++)
    g_string_append_printf (text, "%s\"the-same-for-all-%u\":%u", i > 0 ? "," : "", 1999999 - i, i);
  g_string_append_c (text, '}');
  document = parse (text->str);
  root = atelier_document_get_root (document);
  for (guint i = 0; i < 1000000; i++)
    {
      char key[40];

      g_snprintf (key, sizeof key, "the-same-for-all-%u", 1999999 - i);
      g_assert_true (atelier_node_get_member (root, key) == atelier_node_get_member_at (root, i, NULL));
    }
}

/* Cut off anywhere, a text is refused or, where it is a number, still good; it never breaks. */
static void
test_truncated (void)
{
  static const char text[] = "{\"a\": [1, -2.5e3, \"\\ud83d\\ude00ä\", null, true, false], \"b\": {\"c\": {}}}";

  for (gsize i = 0; i < strlen (text); i++)
    {
      g_autofree char *cut
          = g_memdup2 (text, i > 0 ? i : 1); /* exact size: a reader that runs over the end is found by ASan */
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_document_parse (cut, i, NULL, NULL, &error));
      g_assert_error (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/node/kinds", test_kinds);
  g_test_add_func ("/node/nothing", test_nothing);
  g_test_add_func ("/node/positions", test_positions);
  g_test_add_func ("/node/byte-order-mark", test_byte_order_mark);
  g_test_add_func ("/node/strings", test_strings);
  g_test_add_func ("/node/numbers", test_numbers);
  g_test_add_func ("/node/members", test_members);
  g_test_add_func ("/node/pointers", test_pointers);
  g_test_add_func ("/node/to-json", test_to_json);
  g_test_add_func ("/node/garbage", test_garbage);
  g_test_add_func ("/node/embedded-nul", test_embedded_nul);
  g_test_add_func ("/node/depth", test_depth);
  g_test_add_func ("/node/big-object", test_big_object);
  g_test_add_func ("/node/truncated", test_truncated);
  return g_test_run ();
}
