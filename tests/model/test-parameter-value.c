/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-parameter-value.h"
#include "fake-scope.h"

static char *
parse (AtelierValueType type, const char *enum_values, const char *text)
{
  g_autoptr (AtelierDocument) document = enum_values != NULL ? fake_document (enum_values) : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) value = NULL;

  value = atelier_parameter_value_parse ("P", type, document != NULL ? atelier_document_get_root (document) : NULL,
                                         text, &error);
  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE);
  return value != NULL ? atelier_json_compact (value) : g_strdup (error->message);
}

static void
assert_parsed (AtelierValueType type, const char *enum_values, const char *text, const char *expected)
{
  g_autofree char *result = parse (type, enum_values, text);

  g_assert_cmpstr (result, ==, expected);
}

static void
test_words (void)
{
  AtelierValueType type = ATELIER_VALUE_TYPE_N_VALUES;

  for (int i = 0; i < ATELIER_VALUE_TYPE_N_VALUES; i++)
    {
      g_assert_true (atelier_value_type_from_text (atelier_value_type_to_text (i), &type));
      g_assert_cmpint (type, ==, i);
    }
  g_assert_cmpstr (atelier_value_type_to_text (ATELIER_VALUE_TYPE_FLOAT), ==, "Float");
  g_assert_false (atelier_value_type_from_text ("float", &type));
  g_assert_false (atelier_value_type_from_text (NULL, &type));
}

static void
test_integer (void)
{
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "42", "42");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, " -7 ", "-7");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "+7", "7");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "9223372036854775807", "9223372036854775807");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "9223372036854775808",
                 "Parameter “P” needs an integer, such as 42, not “9223372036854775808”");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "6.0", "Parameter “P” needs an integer, such as 42, not “6.0”");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "0x10", "Parameter “P” needs an integer, such as 42, not “0x10”");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "+-7", "Parameter “P” needs an integer, such as 42, not “+-7”");
  assert_parsed (ATELIER_VALUE_TYPE_INTEGER, NULL, "\xff",
                 "Parameter “P” needs an integer, such as 42, not “\xef\xbf\xbd”");
}

static void
test_float (void)
{
  assert_parsed (ATELIER_VALUE_TYPE_FLOAT, NULL, "0.5", "0.5");
  assert_parsed (ATELIER_VALUE_TYPE_FLOAT, NULL, "6", "6.0");
  assert_parsed (ATELIER_VALUE_TYPE_FLOAT, NULL, "-1e3", "-1000.0");
  assert_parsed (ATELIER_VALUE_TYPE_FLOAT, NULL, ".5", "0.5");
  for (const char * const *text = (const char * const []) { "inf", "nan", "0x1p3", "1e999", "1,5", "abc", "1.2.3",
                                                            "-", " ", NULL };
       *text != NULL; text++)
    {
      g_autofree char *expected = g_strdup_printf ("Parameter “P” needs a number, such as 0.5, not “%s”", *text);

      assert_parsed (ATELIER_VALUE_TYPE_FLOAT, NULL, *text, expected);
    }
}

static void
test_boolean (void)
{
  assert_parsed (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "true", "true");
  assert_parsed (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "True", "true");
  assert_parsed (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "FALSE ", "false");
  assert_parsed (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "1", "Parameter “P” needs true or false, not “1”");
}

static void
test_string (void)
{
  g_autofree char *longest = g_strnfill (ATELIER_PARAMETER_VALUE_MAX_CHARACTERS, 'x');
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", longest);
  g_autofree char *too_long = g_strconcat (longest, "x", NULL);

  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, "5", "\"5\"");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, " ä ", "\" ä \"");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, longest, quoted);
  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, too_long, "Parameter “P” is longer than 1024 characters");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, "",
                 "Parameter “P” is empty; give a value, or leave it out to use its default");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, NULL, "\xff\xfe", "Parameter “P” is not valid UTF-8 text");
}

static void
test_enum (void)
{
  const char *allowed = "[`Approved`, `PendingManualApproval`]";

  assert_parsed (ATELIER_VALUE_TYPE_STRING, allowed, "Approved", "\"Approved\"");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, allowed, "approved",
                 "Parameter “P” cannot be “approved”; it is one of “Approved”, “PendingManualApproval”");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, "[]", "anything", "\"anything\"");
  assert_parsed (ATELIER_VALUE_TYPE_STRING, "null", "anything", "\"anything\"");
}

static void
assert_checked (AtelierValueType type, const char *enum_values, const char *json, const char *expected)
{
  g_autoptr (AtelierDocument) document = enum_values != NULL ? fake_document (enum_values) : NULL;
  g_autoptr (json_t) given = fake_json (json);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) value = NULL;
  g_autofree char *result = NULL;

  value = atelier_parameter_value_check ("P", type, document != NULL ? atelier_document_get_root (document) : NULL,
                                         given, &error);
  g_assert_true ((value == NULL) == (error != NULL));
  result = value != NULL ? atelier_json_compact (value) : g_strdup (error->message);
  g_assert_cmpstr (result, ==, expected);
}

static void
test_check (void)
{
  assert_checked (ATELIER_VALUE_TYPE_STRING, NULL, "``", "\"\"");
  assert_checked (ATELIER_VALUE_TYPE_STRING, NULL, "5", "Parameter “P” needs a text, not 5");
  assert_checked (ATELIER_VALUE_TYPE_INTEGER, NULL, "5", "5");
  assert_checked (ATELIER_VALUE_TYPE_INTEGER, NULL, "5.0", "Parameter “P” needs an integer, such as 42, not 5.0");
  assert_checked (ATELIER_VALUE_TYPE_INTEGER, NULL, "0.1", "Parameter “P” needs an integer, such as 42, not 0.1");
  assert_checked (ATELIER_VALUE_TYPE_INTEGER, NULL, "`5`", "Parameter “P” needs an integer, such as 42, not \"5\"");
  assert_checked (ATELIER_VALUE_TYPE_FLOAT, NULL, "6", "6.0");
  assert_checked (ATELIER_VALUE_TYPE_FLOAT, NULL, "6.5", "6.5");
  assert_checked (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "true", "true");
  assert_checked (ATELIER_VALUE_TYPE_BOOLEAN, NULL, "null", "Parameter “P” needs true or false, not null");
  assert_checked (ATELIER_VALUE_TYPE_STRING, "[`a`]", "`b`", "Parameter “P” cannot be “b”; it is one of “a”");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parameter-value/words", test_words);
  g_test_add_func ("/parameter-value/integer", test_integer);
  g_test_add_func ("/parameter-value/float", test_float);
  g_test_add_func ("/parameter-value/boolean", test_boolean);
  g_test_add_func ("/parameter-value/string", test_string);
  g_test_add_func ("/parameter-value/enum", test_enum);
  g_test_add_func ("/parameter-value/check", test_check);
  return g_test_run ();
}
