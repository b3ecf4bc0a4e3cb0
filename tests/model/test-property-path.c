/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-property-path.h"
#include "fake-scope.h"

/* The segments as text: NAME, 'KEY', #INDEX; or the sentence of the error. */
static char *
describe (const char *text, gboolean is_json)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierPropertyPath) path = is_json ? atelier_property_path_parse_json (text, &error)
                                                 : atelier_property_path_parse (text, &error);
  GString *result = g_string_new (NULL);

  if (path == NULL)
    {
      g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX);
      return g_string_free (g_string_append (result, error->message), FALSE);
    }
  g_assert_cmpstr (atelier_property_path_get_text (path), ==, text);
  for (guint i = 0; i < atelier_property_path_get_length (path); i++)
    {
      const AtelierPathSegment *segment = atelier_property_path_get_segment (path, i);

      g_assert_cmpuint (segment->offset, <, segment->end);
      if (segment->kind == ATELIER_PATH_SEGMENT_INDEX)
        g_string_append_printf (result, "#%u ", segment->index);
      else if (segment->kind == ATELIER_PATH_SEGMENT_KEY)
        g_string_append_printf (result, "'%s' ", segment->text);
      else
        g_string_append_printf (result, "%s ", segment->text);
    }
  if (result->len > 0)
    g_string_truncate (result, result->len - 1);
  return g_string_free (result, FALSE);
}

static void
assert_parsed (const char *text, const char *expected)
{
  g_autofree char *result = describe (text, FALSE);

  g_assert_cmpstr (result, ==, expected);
}

static void
assert_json_parsed (const char *text, const char *expected)
{
  g_autofree char *result = describe (text, TRUE);

  g_assert_cmpstr (result, ==, expected);
}

static void
test_parse (void)
{
  assert_parsed ("ModelArtifacts.S3ModelArtifacts", "ModelArtifacts S3ModelArtifacts");
  assert_parsed ("ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri",
                 "ProcessingOutputConfig Outputs 'train' S3Output S3Uri");
  assert_parsed ("Outputs['a.b [c]'].X", "Outputs 'a.b [c]' X");
  assert_parsed ("FinalMetricDataList[\"validation:rmse\"].Value", "FinalMetricDataList 'validation:rmse' Value");
  assert_parsed ("A[\"it's\"]['say \"x\"']", "A 'it's' 'say \"x\"'");
  assert_parsed ("TrainingJobSummaries[0].TrainingJobName", "TrainingJobSummaries #0 TrainingJobName");
  assert_parsed ("a[1][2]['x']", "a #1 #2 'x'");
  assert_parsed ("Tags['']", "Tags ''");
}

static void
test_parse_errors (void)
{
  assert_parsed ("", "Character 1 of path “”: a name is missing at the end");
  assert_parsed ("a.", "Character 3 of path “a.”: a name is missing at the end");
  assert_parsed ("a..b", "Character 3 of path “a..b”: a name is expected here");
  assert_parsed (".a", "Character 1 of path “.a”: a name is expected here");
  assert_parsed ("[0]", "Character 1 of path “[0]”: a name is expected here");
  assert_parsed ("a['b'", "Character 6 of path “a['b'”: “]” is expected here");
  assert_parsed ("a['b", "Character 3 of path “a['b”: the closing quote is missing");
  assert_parsed ("a[", "Character 3 of path “a[”: a number from 0 or a text in quotes is expected here");
  assert_parsed ("a[-1]", "Character 3 of path “a[-1]”: a number from 0 or a text in quotes is expected here");
  assert_parsed ("a[b]", "Character 3 of path “a[b]”: a number from 0 or a text in quotes is expected here");
  assert_parsed ("a[1", "Character 4 of path “a[1”: “]” is expected here");
  assert_parsed ("a[99999999999999999999]", "Character 3 of path “a[99999999999999999999]”: the index is too large");
  assert_parsed ("a['b']c", "Character 7 of path “a['b']c”: “.” or “[” is expected here");
  assert_parsed ("a b", "Character 2 of path “a b”: “.” or “[” is expected here");
  assert_parsed ("ä", "Character 1 of path “ä”: a name is expected here");
  assert_parsed ("a['ä'] ", "Character 7 of path “a['ä'] ”: “.” or “[” is expected here");
}

static void
test_parse_json (void)
{
  assert_json_parsed ("regression_metrics.mse.value", "regression_metrics mse value");
  assert_json_parsed ("$.a.b", "a b");
  assert_json_parsed ("$", "");
  assert_json_parsed ("$[0].a", "#0 a");
  assert_json_parsed ("$['a b'].c", "'a b' c");
  assert_json_parsed ("[1]['x'].y", "#1 'x' y");
  assert_json_parsed ("Result['k'][0]", "Result 'k' #0");
  assert_json_parsed ("metrics.validation:rmse/mean", "metrics validation:rmse/mean");
  assert_json_parsed ("größe.ß", "größe ß");
  assert_json_parsed ("$a.b", "$a b");
  assert_json_parsed ("$.", "Character 3 of path “$.”: a name is missing at the end");
  assert_json_parsed ("$..a", "Character 3 of path “$..a”: a name is expected here");
  assert_json_parsed ("", "Character 1 of path “”: a name is missing at the end");
  assert_json_parsed (
      "a.*.b", "Character 3 of path “a.*.b”: wildcards and filters are not supported; write the path to one value");
  assert_json_parsed (
      "a[*]", "Character 3 of path “a[*]”: wildcards and filters are not supported; write the path to one value");
  assert_json_parsed (
      "a[?(@.b)]",
      "Character 3 of path “a[?(@.b)]”: wildcards and filters are not supported; write the path to one value");
}

static const char tree[] =
  "{`ProcessingOutputConfig`: {`Outputs`: [{`OutputName`: `train`, `S3Output`: {`S3Uri`: `s3://b/t`}},"
  "                                        {`OutputName`: `a.b`, `S3Output`: {`S3Uri`: `s3://b/ab`}}]},"
  " `ProcessingInputs`: [{`InputName`: `code`, `N`: 1}], `InputDataConfig`: [{`ChannelName`: `train`, `N`: 2}],"
  " `FinalMetricDataList`: [{`MetricName`: `validation:rmse`, `Value`: 2.5}],"
  " `OutputParameters`: [{`Name`: `answer`, `Value`: 42}], `Ready`: {`answer`: 43},"
  " `Environment`: {`A.B`: `x`}, `Nothing`: null, `Text`: `plain`, `Count`: 7, `Flag`: true}";

static void
assert_applied (const char *text, const char *expected)
{
  g_autoptr (json_t) value = fake_json (tree);
  g_autoptr (AtelierPropertyPath) path = atelier_property_path_parse_json (text, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *result = NULL;
  json_t *found;

  g_assert_nonnull (path);
  found = atelier_property_path_apply (path, value, &error);
  if (found == NULL)
    g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND);
  result = found != NULL ? atelier_json_compact (found) : g_strdup (error->message);
  g_assert_cmpstr (result, ==, expected);
}

static void
test_apply (void)
{
  assert_applied ("ProcessingOutputConfig.Outputs['train'].S3Output.S3Uri", "\"s3://b/t\"");
  assert_applied ("ProcessingOutputConfig.Outputs['a.b'].S3Output.S3Uri", "\"s3://b/ab\"");
  assert_applied ("ProcessingOutputConfig.Outputs[1].S3Output.S3Uri", "\"s3://b/ab\"");
  assert_applied ("ProcessingInputs['code'].N", "1");
  assert_applied ("InputDataConfig['train'].N", "2");
  assert_applied ("FinalMetricDataList['validation:rmse'].Value", "2.5");
  assert_applied ("OutputParameters['answer']", "42");
  assert_applied ("OutputParameters['answer'].Value", "42");
  assert_applied ("OutputParameters[0]", "{\"Name\":\"answer\",\"Value\":42}");
  assert_applied ("Ready['answer']", "43");
  assert_applied ("Environment['A.B']", "\"x\"");
  assert_applied ("Nothing", "null");
}

static void
test_apply_errors (void)
{
  assert_applied ("ProcessingOutputConfig.Outputs['trian']",
                  "“ProcessingOutputConfig.Outputs” has no “trian”; did you mean “train”?");
  assert_applied ("ProcessingOutputConfig.Outputs['else']", "“ProcessingOutputConfig.Outputs” has no “else”");
  assert_applied ("ProcessingOutputConfig.Output",
                  "“ProcessingOutputConfig” has no “Output”; did you mean “Outputs”?");
  assert_applied ("Nowhere.x", "The value has no “Nowhere”");
  assert_applied ("$.Nowhere", "The value has no “Nowhere”");
  assert_applied ("ProcessingInputs[5]", "“ProcessingInputs” has 1 items, so there is none at index 5");
  assert_applied ("Environment[0]", "“Environment” is an object, not a list, so it has no index 0");
  assert_applied ("Text.more", "“Text” is a text, so it has no “more”");
  assert_applied ("Count['x']", "“Count” is a number, so it has no “x”");
  assert_applied ("Flag.x.y", "“Flag” is a boolean, so it has no “x”");
  assert_applied ("Nothing.x", "“Nothing” is null, so it has no “x”");
  assert_applied ("ProcessingInputs.code", "“ProcessingInputs” is a list, so it has no “code”");
}

/* Any text is either a path, whose segments cover it, or an error. */
static void
test_any_text (void)
{
  static const char alphabet[] = "a.$[]'\"01*-? é";

  for (guint round = 0; round < 20000; round++)
    {
      char text[12];
      guint length = g_test_rand_int_range (0, 11);

      for (guint i = 0; i < length; i++)
        text[i] = alphabet[g_test_rand_int_range (0, 13)];
      text[length] = '\0';
      for (int is_json = 0; is_json < 2; is_json++)
        {
          g_autofree char *result = describe (text, is_json);

          g_assert_nonnull (result);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/property-path/parse", test_parse);
  g_test_add_func ("/property-path/parse-errors", test_parse_errors);
  g_test_add_func ("/property-path/parse-json", test_parse_json);
  g_test_add_func ("/property-path/apply", test_apply);
  g_test_add_func ("/property-path/apply-errors", test_apply_errors);
  g_test_add_func ("/property-path/any-text", test_any_text);
  return g_test_run ();
}
