/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-condition.h"
#include "fake-scope.h"

static const char values[] = "{`Parameters`: {`Max`: 6.0, `N`: 5, `S`: `abc`, `T`: true, `Text5`: `5`, `Nine`: `9`, "
                             "`Ten`: `10`, `Outcome`: `True`},"
                             " `Execution`: {`StartDateTime`: `2026-01-31T08:05:09Z`},"
                             " `Steps`: {`E`: {`Nothing`: null, `List`: [1]}},"
                             " `PropertyFiles`: {`E/R`: {`mse`: 4.93, `long`: 4.9365329784, `close`: 6.0000000001}}}";

/* The result's text in one line, or "! " and the sentence of the error. */
static char *
evaluate (const char *text, guint *n_reads)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierDocument) document = fake_document (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierConditionResult) result = NULL;
  g_autofree char *lines = NULL;

  result = atelier_condition_evaluate (atelier_document_get_root (document), &scope->scope, &error);
  g_assert_true ((result == NULL) == (error != NULL));
  if (n_reads != NULL)
    *n_reads = scope->n_reads;
  if (result == NULL)
    return g_strdup_printf ("! %s", error->message);
  g_assert_cmpint (atelier_json_get_bool (result->json, "Outcome", !result->outcome), ==, result->outcome);
  g_assert_cmpuint (json_array_size (json_object_get (result->json, "Conditions")), ==, result->checks->len);
  lines = atelier_condition_result_dup_text (result);
  return g_strconcat (result->outcome ? "T " : "F ", g_strstrip (g_strdelimit (lines, "\n", '|')), NULL);
}

static void
assert_list (const char *text, const char *expected)
{
  g_autofree char *result = evaluate (text, NULL);

  g_assert_cmpstr (result, ==, expected);
}

/* One condition; @expected without the last line's end. */
static void
assert_one (const char *condition, const char *expected)
{
  g_autofree char *list = g_strdup_printf ("[%s]", condition);
  g_autofree char *result = evaluate (list, NULL);
  g_autofree char *ended = *expected == '!' ? g_strdup (expected) : g_strconcat (expected, "|", NULL);

  g_assert_cmpstr (result, ==, ended);
}

#define COMPARE(type, left, right) "{`Type`: `" type "`, `LeftValue`: " left ", `RightValue`: " right "}"
#define FILE_VALUE(path) "{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.E.PropertyFiles.R`}, `Path`: `" path "`}}"
#define PARAMETER(name) "{`Get`: `Parameters." name "`}"

static void
test_comparisons (void)
{
  assert_one (COMPARE ("LessThanOrEqualTo", FILE_VALUE ("mse"), PARAMETER ("Max")), "T 4.93 ≤ 6.0 → True");
  assert_one (COMPARE ("LessThan", "6", PARAMETER ("Max")), "F 6 < 6.0 → False");
  assert_one (COMPARE ("Equals", "6", PARAMETER ("Max")), "T 6 = 6.0 → True");
  assert_one (COMPARE ("NotEquals", "6", "7"), "T 6 ≠ 7 → True");
  assert_one (COMPARE ("GreaterThan", "7", "6"), "T 7 > 6 → True");
  assert_one (COMPARE ("GreaterThanOrEqualTo", "5", "6"), "F 5 ≥ 6 → False");
  assert_one (COMPARE ("Equals", PARAMETER ("S"), "`abc`"), "T “abc” = “abc” → True");
  assert_one (COMPARE ("GreaterThan", "{`Get`: `Execution.StartDateTime`}", "`2020-12-01`"),
              "T “2026-01-31T08:05:09Z” > “2020-12-01” → True");
  assert_one (COMPARE ("LessThan", "`Z`", "`a`"), "T “Z” < “a” → True");
  assert_one (COMPARE ("LessThan", "`ä`", "`€`"), "T “ä” < “€” → True");
  assert_one (COMPARE ("Equals", PARAMETER ("T"), "true"), "T True = True → True");
  assert_one (COMPARE ("NotEquals", PARAMETER ("T"), "false"), "T True ≠ False → True");
}

static void
test_numbers_are_exact (void)
{
  assert_one (COMPARE ("LessThan", "9007199254740992", "9007199254740993"),
              "T 9007199254740992 < 9007199254740993 → True");
  assert_one (COMPARE ("LessThan", FILE_VALUE ("long"), "6"), "T 4.93653 < 6 → True");
  assert_one (COMPARE ("LessThanOrEqualTo", FILE_VALUE ("close"), PARAMETER ("Max")), "F 6.0000000001 ≤ 6.0 → False");
}

static void
test_mixed_kinds (void)
{
  assert_one (COMPARE ("Equals", PARAMETER ("Text5"), PARAMETER ("N")),
              "T “5” = 5 → True|the text “5” was compared as a number");
  assert_one (COMPARE ("GreaterThan", PARAMETER ("N"), "`4.5e0`"),
              "T 5 > “4.5e0” → True|the text “4.5e0” was compared as a number");
  assert_one (COMPARE ("Equals", PARAMETER ("Outcome"), "true"),
              "T “True” = True → True|the text “True” was compared as a boolean");
  assert_one (COMPARE ("LessThan", PARAMETER ("Ten"), PARAMETER ("Nine")),
              "T “10” < “9” → True|both values are texts and were compared letter by letter, not as numbers");
  assert_one (COMPARE ("Equals", PARAMETER ("S"), PARAMETER ("N")),
              "! Cannot decide “abc” = 5: a text cannot be compared with a number");
  assert_one (COMPARE ("Equals", PARAMETER ("T"), PARAMETER ("N")),
              "! Cannot decide True = 5: a boolean cannot be compared with a number");
  assert_one (COMPARE ("LessThan", PARAMETER ("T"), "false"),
              "! Cannot decide True < False: booleans can only be equal or not; use Equals");
  assert_one (COMPARE ("Equals", "{`Get`: `Steps.E.List`}", "1"),
              "! Cannot decide [1] = 1: a list cannot be compared with a number");
  assert_one (COMPARE ("Equals", "`0x5`", "5"), "! Cannot decide “0x5” = 5: a text cannot be compared with a number");
}

static void
test_null_fails (void)
{
  assert_one (COMPARE ("Equals", "null", "null"), "! “LeftValue” of a condition of type Equals has no value (null)");
  assert_one (COMPARE ("NotEquals", "1", "{`Get`: `Steps.E.Nothing`}"),
              "! “RightValue” of a condition of type NotEquals has no value (null)");
  assert_one ("{`Type`: `In`, `QueryValue`: 1, `Values`: [1, null]}",
              "! Value 2 of a condition of type In has no value (null)");
}

static void
test_in (void)
{
  assert_one ("{`Type`: `In`, `QueryValue`: " PARAMETER ("S") ", `Values`: [`abc`, `def`]}",
              "T “abc” in [“abc”, “def”] → True");
  assert_one ("{`Type`: `In`, `Value`: 5, `In`: [5], `Values`: [" PARAMETER ("N") ", 6]}", "T 5 in [5, 6] → True");
  assert_one ("{`Type`: `NotIn`, `QueryValue`: 5, `Values`: [6, `abc`]}", "T 5 not in [6, “abc”] → True");
  assert_one ("{`Type`: `In`, `QueryValue`: 5, `Values`: [`x`, `5`]}",
              "T 5 in [“x”, “5”] → True|the text “5” was compared as a number");
  assert_one ("{`Type`: `In`, `QueryValue`: 5, `Values`: []}", "F 5 in [] → False");
  assert_one ("{`Type`: `In`, `QueryValue`: 5, `Values`: 5}", "! “Values” of a condition of type In must be a list");
  assert_one ("{`Type`: `In`, `Values`: []}", "! A condition of type In needs “QueryValue”");
}

static void
test_not_and_or (void)
{
  assert_one ("{`Type`: `Not`, `Condition`: " COMPARE ("Equals", "1", "2") "}", "T not (1 = 2) → True");
  assert_one ("{`Type`: `Not`, `Expression`: " COMPARE ("Equals", "2", "2") "}", "F not (2 = 2) → False");
  assert_one ("{`Type`: `Or`, `Conditions`: [" COMPARE ("Equals", "1", "2") ", " COMPARE ("Equals", "2", "2") "]}",
              "T 1 = 2 or 2 = 2 → True");
  assert_one ("{`Type`: `Or`, `Conditions`: [" COMPARE ("Equals", "2", "2") ", " COMPARE ("Equals", "1", "2") "]}",
              "T 2 = 2 or … → True");
  assert_one ("{`Type`: `Or`, `Conditions`: [{`Type`: `Not`, `Condition`: {`Type`: `Or`, `Conditions`: ["
              COMPARE ("Equals", "1", "1") "]}}, " COMPARE ("Equals", "3", "4") "]}",
              "F (not (1 = 1)) or 3 = 4 → False");
  assert_one ("{`Type`: `Or`, `Conditions`: []}", "F or of nothing → False");
  assert_one ("{`Type`: `Not`}", "! A condition of type Not needs “Condition”");
  assert_one ("{`Type`: `Or`}", "! A condition of type Or needs “Conditions”, a list");
}

static void
test_stops_at_first_false (void)
{
  const char *list = "[" COMPARE ("Equals", "1", "1") ", " COMPARE ("Equals", "1", "2") ", "
                     COMPARE ("Equals", FILE_VALUE ("not there"), "1") "]";
  guint n_reads = 1;
  g_autofree char *result = evaluate (list, &n_reads);

  g_assert_cmpstr (result, ==, "F 1 = 1 → True|1 = 2 → False|");
  g_assert_cmpuint (n_reads, ==, 0); /* the third was never looked at */
  assert_list ("[]", "T ");
  assert_list ("[" COMPARE ("Equals", "1", "1") ", " COMPARE ("LessThan", FILE_VALUE ("mse"), "9") "]",
               "T 1 = 1 → True|4.93 < 9 → True|");
}

static void
test_errors (void)
{
  assert_list ("{}", "! “Conditions” must be a list");
  assert_list ("[5]", "! A condition needs “Type”, such as “Equals”");
  assert_list ("[{`Type`: `Equal`}]", "! There is no condition of type “Equal”; did you mean “Equals”?");
  assert_list ("[{`Type`: `Matches`}]", "! There is no condition of type “Matches”");
  assert_list ("[{`Type`: `Equals`, `LeftValue`: 1}]", "! A condition of type Equals needs “RightValue”");
  assert_list ("[" COMPARE ("Equals", "1", "1") ", " COMPARE ("Equals", "1", PARAMETER ("Nobody")) "]",
               "! Condition 2 of 2: “RightValue” of a condition of type Equals: “Parameters.Nobody”: it has no value");
}

static void
test_record (void)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierDocument) document =
    fake_document ("[" COMPARE ("LessThan", FILE_VALUE ("long"), PARAMETER ("Max")) ","
                   " {`Type`: `Not`, `Expression`: {`Type`: `In`, `QueryValue`: 5, `Values`: [`5`]}}]");
  g_autoptr (AtelierConditionResult) result = atelier_condition_evaluate (atelier_document_get_root (document),
                                                                          &scope->scope, NULL);
  g_autoptr (json_t) expected = fake_json (
      "{`Outcome`: false, `Conditions`: ["
      " {`Type`: `LessThan`, `LeftValue`: 4.9365329784, `RightValue`: 6.0, `Outcome`: true, `Text`: `4.93653 < 6.0 → "
      "True`},"
      " {`Type`: `Not`, `Outcome`: false, `Text`: `not (5 in [“5”]) → False`,"
      "  `Warning`: `the text “5” was compared as a number`,"
      "  `Condition`: {`Type`: `In`, `QueryValue`: 5, `Values`: [`5`], `Outcome`: true, `Text`: `5 in [“5”]`}}]}");
  g_autofree char *text = atelier_json_compact (result->json);
  g_autofree char *expected_text = atelier_json_compact (expected);

  g_assert_cmpstr (text, ==, expected_text);
}

static void
test_no_conditions (void)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierConditionResult) result = atelier_condition_evaluate (NULL, &scope->scope, NULL);

  g_assert_true (result->outcome);
  g_assert_cmpuint (result->checks->len, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/condition/comparisons", test_comparisons);
  g_test_add_func ("/condition/numbers-are-exact", test_numbers_are_exact);
  g_test_add_func ("/condition/mixed-kinds", test_mixed_kinds);
  g_test_add_func ("/condition/null-fails", test_null_fails);
  g_test_add_func ("/condition/in", test_in);
  g_test_add_func ("/condition/not-and-or", test_not_and_or);
  g_test_add_func ("/condition/stops-at-first-false", test_stops_at_first_false);
  g_test_add_func ("/condition/errors", test_errors);
  g_test_add_func ("/condition/record", test_record);
  g_test_add_func ("/condition/no-conditions", test_no_conditions);
  return g_test_run ();
}
