/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-expression.h"
#include "fake-scope.h"

static const char values[] =
  "{`Parameters`: {`Count`: 3, `Rate`: 0.1, `Whole`: 5.0, `Flag`: true, `Name`: `abc`, `Long`: 9007199254740993},"
  " `Execution`: {`PipelineName`: `abalone`, `PipelineExecutionId`: `x1y2`}, `Experiment`: {`ExperimentName`: `exp`},"
  " `Steps`: {`Train`: {`ModelArtifacts`: {`S3ModelArtifacts`: `s3://b/m.tar.gz`}, `Nothing`: null,"
  "                     `List`: [1, 2]}, `Broken`: `unreadable`},"
  " `PropertyFiles`: {`Eval/Report`: {`mse`: {`value`: 4.93}, `nothing`: null, `list`: [1, {`a`: 2}]},"
  "                   `Eval/Broken`: `unreadable`},"
  " `S3`: {`s3://b/abalone/results.json`: {`Result`: {`k`: [7]}}}}";

/* The value as JSON, or the sentence of the error. */
static char *
resolve (const char *text)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierDocument) document = fake_document (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) value = atelier_expression_resolve (atelier_document_get_root (document), &scope->scope, &error);

  g_assert_true ((value == NULL) == (error != NULL));
  if (value == NULL)
    return g_strdup (error->message);
  return json_is_real (value) ? atelier_json_to_text (value) : atelier_json_compact (value);
}

static void
assert_resolved (const char *text, const char *expected)
{
  g_autofree char *result = resolve (text);
  g_autofree char *unquoted = g_strdelimit (g_strdup (expected), "`", '"');

  g_assert_cmpstr (result, ==, unquoted);
}

static void
test_literals (void)
{
  assert_resolved ("5", "5");
  assert_resolved ("5.0", "5.0");
  assert_resolved ("null", "null");
  assert_resolved ("`${x} Get Parameters.Count`", "`${x} Get Parameters.Count`");
  assert_resolved ("{}", "{}");
  assert_resolved ("[]", "[]");
  assert_resolved ("{`Get`: `Parameters.Count`, `Other`: 1}", "{`Get`:`Parameters.Count`,`Other`:1}");
  assert_resolved ("{`Getter`: `Parameters.Count`}", "{`Getter`:`Parameters.Count`}");
}

static void
test_get (void)
{
  assert_resolved ("{`Get`: `Parameters.Count`}", "3");
  assert_resolved ("{`Get`: `Parameters.Flag`}", "true");
  assert_resolved ("{`Get`: `Parameters.Long`}", "9007199254740993");
  assert_resolved ("{`Get`: `Execution.PipelineName`}", "`abalone`");
  assert_resolved ("{`Get`: `PipelineExperimentConfig.ExperimentName`}", "`exp`");
  assert_resolved ("{`Get`: `Steps.Train.ModelArtifacts.S3ModelArtifacts`}", "`s3://b/m.tar.gz`");
  assert_resolved ("{`Get`: `Steps.Train.List[1]`}", "2");
  assert_resolved ("{`Get`: `Steps.Train.Nothing`}", "null");
}

static void
test_get_errors (void)
{
  assert_resolved ("{`Get`: `Parameters.Nobody`}", "“Parameters.Nobody”: it has no value");
  assert_resolved ("{`Get`: `PipelineExperimentConfig.TrialName`}",
                   "“PipelineExperimentConfig.TrialName”: it has no value");
  assert_resolved ("{`Get`: `Execution.PipelineNam`}",
                   "“Execution.PipelineNam” does not exist; did you mean “Execution.PipelineName”?");
  assert_resolved ("{`Get`: `Execution.Whatever`}", "“Execution.Whatever” does not exist");
  assert_resolved ("{`Get`: `Execution.TrainingJobName`}", "“Execution.TrainingJobName”: it has no value");
  assert_resolved ("{`Get`: `Steps.Nobody.X`}", "“Steps.Nobody.X”: it has no value");
  assert_resolved ("{`Get`: `Steps.Broken.X`}", "“Steps.Broken.X”: Cannot read “Broken”");
  assert_resolved (
      "{`Get`: `Steps.Train.ModelArtifacts.S3ModelArtifact`}",
      "“Steps.Train.ModelArtifacts.S3ModelArtifact”: “ModelArtifacts” has no “S3ModelArtifact”; did you mean "
      "“S3ModelArtifacts”?");
  assert_resolved (
      "{`Get`: `Steps.Train`}",
      "“Steps.Train”: a step has no value of its own; name one of its properties, such as “Steps.Train.PROPERTY”");
  assert_resolved ("{`Get`: `Steps.Train.a[`}",
                   "Character 3 of path “a[”: a number from 0 or a text in quotes is expected here");
  assert_resolved ("{`Get`: `Steps.Eval.PropertyFiles.Report`}", "A property file can only be read with Std:JsonGet");
  assert_resolved ("{`Get`: 5}", "“Get” needs a text such as “Parameters.NAME” or “Steps.STEP.PROPERTY”");
  for (const char *const *text = (const char *const[]){ "Parameters", "Parameters.", "Parameters.A.B", "parameters.A",
                                                        "Execution.A.B", "Steps.", "Steps..A", "Other.A", "", NULL };
       *text != NULL; text++)
    {
      g_autofree char *json = g_strdup_printf ("{`Get`: `%s`}", *text);
      g_autofree char *begin = g_strdup_printf ("“%s” cannot be read: a Get names Parameters.NAME", *text);
      g_autofree char *result = resolve (json);

      g_assert_true (g_str_has_prefix (result, begin));
    }
}

static void
test_join (void)
{
  assert_resolved (
      "{`Std:Join`: {`On`: `/`, `Values`: [`s3:/`, `b`, {`Get`: `Execution.PipelineExecutionId`}, `out`]}}",
      "`s3://b/x1y2/out`");
  assert_resolved ("{`Std:Join`: {`Values`: [{`Get`: `Parameters.Count`}]}}", "`3`");
  assert_resolved ("{`Std:Join`: {`On`: ` `, `Values`: [{`Get`: `Parameters.Rate`}, {`Get`: `Parameters.Whole`},"
                   " {`Get`: `Parameters.Flag`}, 6, 6.0, false]}}", "`0.1 5.0 true 6 6.0 false`");
  assert_resolved ("{`Std:Join`: {`On`: `-`, `Values`: [`a`, {`Std:Join`: {`On`: `+`, `Values`: [`b`, `c`]}}]}}",
                   "`a-b+c`");
  assert_resolved ("{`Std:Join`: {`On`: `,`, `Values`: []}}", "``");
  assert_resolved ("{`Std:Join`: {`On`: `,`, `Values`: [[1]]}}",
                   "Value 1 of Std:Join: A list cannot stand where a text is needed");
  assert_resolved ("{`Std:Join`: {`On`: `,`, `Values`: [`a`, {`Get`: `Steps.Train.Nothing`}]}}",
                   "Value 2 of Std:Join: Null cannot stand where a text is needed");
  assert_resolved ("{`Std:Join`: {`On`: 5, `Values`: []}}", "“On” of Std:Join must be a text");
  assert_resolved ("{`Std:Join`: [`a`]}", "Std:Join needs “Values”, a list");
}

#define JSON_GET(path) \
  "{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.Eval.PropertyFiles.Report`}, `Path`: `" path "`}}"

static void
test_json_get (void)
{
  assert_resolved (JSON_GET ("mse.value"), "4.93");
  assert_resolved (JSON_GET ("$.mse.value"), "4.93");
  assert_resolved (JSON_GET ("list[1].a"), "2");
  assert_resolved (JSON_GET ("list"), "[1,{`a`:2}]");
  assert_resolved (JSON_GET ("mse.valu"),
                   "Path “mse.valu” of Std:JsonGet: “mse” has no “valu”; did you mean “value”?");
  assert_resolved (JSON_GET ("nothing"), "Path “nothing” of Std:JsonGet: the value is null");
  assert_resolved (JSON_GET ("a[*]"),
                   "Character 3 of path “a[*]”: wildcards and filters are not supported; write the path to one value");
  assert_resolved (
      "{`Std:JsonGet`: {`S3Uri`: {`Std:Join`: {`On`: `/`, `Values`: [`s3://b`, {`Get`: `Execution.PipelineName`},"
      " `results.json`]}}, `Path`: `Result['k'][0]`}}",
      "7");
  assert_resolved ("{`Std:JsonGet`: {`S3Uri`: `s3://b/none`, `Path`: `a`}}", "“s3://b/none”: it has no value");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.Eval.PropertyFiles.None`}, `Path`: `a`}}",
                   "Property file “None” of step “Eval” is not there");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.Eval.PropertyFiles.Broken`}, `Path`: `a`}}",
                   "Cannot read “Eval/Broken”");
}

static void
test_json_get_errors (void)
{
  assert_resolved ("{`Std:JsonGet`: {`Path`: `a`}}", "Std:JsonGet needs PropertyFile or S3Uri");
  assert_resolved ("{`Std:JsonGet`: 5}", "Std:JsonGet needs PropertyFile or S3Uri");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.E.PropertyFiles.R`}, `S3Uri`: `x`, `Path`: `a`}}",
                   "Std:JsonGet has both PropertyFile and S3Uri; keep one");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: `Steps.E.PropertyFiles.R`, `Path`: `a`}}",
                   "PropertyFile of Std:JsonGet must be {`Get`: `Steps.STEP.PropertyFiles.NAME`}");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.E.Outputs`}, `Path`: `a`}}",
                   "Std:JsonGet reads property files: “Steps.STEP.PropertyFiles.NAME”");
  assert_resolved ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.E.PropertyFiles.R`}}}",
                   "Std:JsonGet needs a Path, a text such as “metrics.mse.value”");
  assert_resolved ("{`Std:Split`: [1]}",
                   "“Std:Split” is not a function of pipeline definitions; there are Std:Join and Std:JsonGet");
}

static void
test_trees (void)
{
  assert_resolved ("{`A`: [{`Get`: `Parameters.Count`}, {`B`: {`Get`: `Parameters.Name`}}], `C`: `c`, `D`: null}",
                   "{`A`:[3,{`B`:`abc`}],`C`:`c`,`D`:null}");
  assert_resolved ("{`A`: [{`Get`: `Parameters.Nobody`}]}", "“Parameters.Nobody”: it has no value");
}

/* What is resolved belongs to the caller: changing it leaves the step's properties as they were. */
static void
test_result_is_a_copy (void)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierDocument) document = fake_document ("{`Get`: `Steps.Train.ModelArtifacts`}");
  g_autoptr (json_t) value = atelier_expression_resolve (atelier_document_get_root (document), &scope->scope, NULL);
  g_autoptr (json_t) again = NULL;

  json_object_clear (value);
  again = atelier_expression_resolve (atelier_document_get_root (document), &scope->scope, NULL);
  g_assert_cmpuint (json_object_size (again), ==, 1);
}

static void
test_poor_scope (void)
{
  AtelierScope scope = { NULL };
  g_autoptr (AtelierDocument) document = fake_document ("{`Get`: `Steps.Train.X`}");
  g_autoptr (AtelierDocument) reader = fake_document (JSON_GET ("a"));
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) nothing = atelier_expression_resolve (NULL, &scope, &error);

  g_assert_true (json_is_null (nothing));
  g_assert_null (atelier_expression_resolve (atelier_document_get_root (document), &scope, &error));
  g_assert_cmpstr (error->message, ==, "“Steps.Train.X”: it is not available here");
  g_clear_error (&error);
  g_assert_null (atelier_expression_resolve (atelier_document_get_root (reader), &scope, &error));
  g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_NOT_FOUND);
}

static void
test_resolve_text (void)
{
  g_autoptr (FakeScope) scope = fake_scope_new (values);
  g_autoptr (AtelierDocument) number = fake_document ("{`Get`: `Parameters.Whole`}");
  g_autoptr (AtelierDocument) object = fake_document ("{`a`: 1}");
  g_autoptr (GError) error = NULL;
  g_autofree char *text = atelier_expression_resolve_text (atelier_document_get_root (number), &scope->scope, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (text, ==, "5.0");
  g_assert_null (atelier_expression_resolve_text (atelier_document_get_root (object), &scope->scope, &error));
  g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_TYPE);
}

/* Collecting. */

static void
append_reference (const AtelierReference *reference, gpointer user_data)
{
  static const char * const kinds[] = { "parameter", "execution", "experiment", "property", "file", "s3",
                                        "malformed" };
  GString *text = user_data;
  guint line, column;

  atelier_node_get_position (reference->node, &line, &column);
  g_assert_cmpuint (line, >, 0);
  g_string_append_printf (text, "%s%s", text->len > 0 ? " · " : "", kinds[reference->kind]);
  if (reference->name != NULL)
    g_string_append_printf (text, " %s", reference->name);
  if (reference->path != NULL)
    g_string_append_printf (text, "/%s", reference->path);
  if (reference->json_path != NULL)
    g_string_append_printf (text, "?%s", reference->json_path);
  g_assert_true (reference->kind != ATELIER_REFERENCE_STEP_PROPERTY || reference->problem != NULL
                 || *reference->path == '\0' || reference->property_path != NULL);
  if (reference->problem != NULL)
    g_string_append_printf (text, " (%s)", reference->problem);
}

static void
assert_collected (const char *text, const char * const *skip, const char *expected)
{
  g_autoptr (AtelierDocument) document = fake_document (text);
  g_autoptr (GString) result = g_string_new (NULL);

  atelier_expression_collect (atelier_document_get_root (document), skip, append_reference, result);
  g_assert_cmpstr (result->str, ==, expected);
}

static void
test_collect (void)
{
  const char * const branches[] = { "IfSteps", "ElseSteps", NULL };

  assert_collected ("{`a`: 1, `b`: [`Steps.X`, {`c`: null}]}", NULL, "");
  assert_collected (
      "[{`Get`: `Parameters.P`}, {`Get`: `Execution.PipelineName`}, {`Get`: `PipelineExperimentConfig.TrialName`},"
      " {`Get`: `Steps.T.A['x.y'].B`}, {`Get`: `Steps.T`}]",
      NULL, "parameter P · execution PipelineName · experiment TrialName · property T/A['x.y'].B · property T/");
  assert_collected (
      "{`Std:Join`: {`Values`: [`a`, {`Get`: `Parameters.P`}, {`Std:Join`: {`Values`: [{`Get`: `Steps.T.A`}]}}]}}",
      NULL, "parameter P · property T/A");
  assert_collected (JSON_GET ("a.b"), NULL, "file Eval/Report?a.b");
  assert_collected ("{`Std:JsonGet`: {`S3Uri`: {`Std:Join`: {`Values`: [{`Get`: `Parameters.P`}]}}, `Path`: `a`}}",
                    NULL,
                    "s3?a · parameter P");
  assert_collected ("{`Conditions`: [{`Get`: `Parameters.P`}], `IfSteps`: [{`Get`: `Parameters.Q`}]}", branches,
                    "parameter P");
  atelier_expression_collect (NULL, NULL, append_reference, NULL);
}

static void
test_collect_problems (void)
{
  assert_collected ("{`Get`: `Execution.Nope`}", NULL, "execution Nope (“Execution.Nope” does not exist)");
  assert_collected ("{`Get`: `Steps.T.A[`}", NULL,
                    "property T/A[ (Character 3 of path “A[”: a number from 0 or a text in quotes is expected here)");
  assert_collected ("{`Get`: `Steps.T.PropertyFiles.R`}", NULL,
                    "file T/R (A property file can only be read with Std:JsonGet)");
  assert_collected ("{`Get`: `Steps.T.PropertyFiles.`}", NULL,
                    "file T/ (“Steps.T.PropertyFiles.” lacks the name of the property file)");
  assert_collected ("{`Std:Join`: {`Values`: 5}}", NULL, "malformed (Std:Join needs “Values”, a list)");
  assert_collected (
      "{`Std:Upper`: {`Get`: `Parameters.P`}}", NULL,
      "malformed (“Std:Upper” is not a function of pipeline definitions; there are Std:Join and Std:JsonGet)");
  assert_collected ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.T.A`}, `Path`: `a`}}", NULL,
                    "property T/A?a (Std:JsonGet reads property files: “Steps.STEP.PropertyFiles.NAME”)");
  assert_collected ("{`Std:JsonGet`: {`PropertyFile`: {`Get`: `Steps.T.PropertyFiles.R`}}}", NULL,
                    "file T/R (Std:JsonGet needs a Path, a text such as “metrics.mse.value”)");
  assert_collected ("{`Std:JsonGet`: null}", NULL, "malformed (Std:JsonGet needs PropertyFile or S3Uri)");
}

/* Everything that public definitions refer to has a form we know. */
static void
check_reference (const AtelierReference *reference, gpointer user_data)
{
  guint *n_references = user_data;

  (*n_references)++;
  g_assert_cmpstr (reference->problem, ==, NULL);
}

static void
test_public_definitions (void)
{
  const char *root = g_getenv ("ATELIER_SOURCE_ROOT");
  g_autofree char *folder = g_build_filename (root != NULL ? root : ".",
                                              "..", "shared", "definitions", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n_references = 0;
  const char *name;

  if (dir == NULL)
    {
      g_test_skip ("no public definitions here");
      return;
    }
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      g_autoptr (AtelierDocument) document = NULL;
      guint line, column;

      if (!g_str_has_suffix (name, ".json"))
        continue;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      document = atelier_document_parse (text, -1, &line, &column, NULL);
      g_assert_nonnull (document);
      atelier_expression_collect (atelier_document_get_root (document), NULL, check_reference, &n_references);
    }
  g_assert_cmpuint (n_references, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/expression/literals", test_literals);
  g_test_add_func ("/expression/get", test_get);
  g_test_add_func ("/expression/get-errors", test_get_errors);
  g_test_add_func ("/expression/join", test_join);
  g_test_add_func ("/expression/json-get", test_json_get);
  g_test_add_func ("/expression/json-get-errors", test_json_get_errors);
  g_test_add_func ("/expression/trees", test_trees);
  g_test_add_func ("/expression/result-is-a-copy", test_result_is_a_copy);
  g_test_add_func ("/expression/poor-scope", test_poor_scope);
  g_test_add_func ("/expression/resolve-text", test_resolve_text);
  g_test_add_func ("/expression/collect", test_collect);
  g_test_add_func ("/expression/collect-problems", test_collect_problems);
  g_test_add_func ("/expression/public-definitions", test_public_definitions);
  return g_test_run ();
}
