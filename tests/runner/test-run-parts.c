/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "runner-fixture.h"

#include "atelier-expression.h"
#include "atelier-files.h"

/* Parts of a run that start nothing: its options, names of jobs, values of expressions, and the check before the start. */

/* --- options --- */

static void
test_options_round_trip (void)
{
  char *network[] = { (char *) "A", (char *) "*", NULL };
  const AtelierRunOptions options = { .parallel = 7, .fail_slow = TRUE, .without_cache = TRUE, .without_sandbox = TRUE, .network = network,
                                      .grace_ms = 1500, .log_limit_bytes = G_GINT64_CONSTANT (5000000000) };
  g_autoptr (json_t) json = atelier_run_options_to_json (&options);
  g_autofree char *text = atelier_json_compact (json);
  g_autoptr (json_t) again = atelier_json_parse (text, -1, NULL);
  AtelierRunOptions read;

  g_assert_true (atelier_run_options_from_json (&read, again));
  g_assert_cmpuint (read.parallel, ==, 7);
  g_assert_true (read.fail_slow);
  g_assert_true (read.without_cache);
  g_assert_true (read.without_sandbox);
  g_assert_cmpint (read.grace_ms, ==, 1500);
  g_assert_cmpint (read.log_limit_bytes, ==, G_GINT64_CONSTANT (5000000000));
  g_assert_cmpuint (g_strv_length (read.network), ==, 2);
  g_assert_cmpstr (read.network[0], ==, "A");
  g_assert_cmpstr (read.network[1], ==, "*");
  atelier_run_options_clear (&read);
}

static void
test_options_of_anything (void)
{
  static const char *const texts[] = { "{}", "{\"parallel\": -3, \"network\": [1, null], \"grace_ms\": -1}", "[]", "null" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (json_t) json = atelier_json_parse (texts[i], -1, NULL);
      AtelierRunOptions read;

      g_assert_cmpint (atelier_run_options_from_json (&read, json), ==, i < 2);
      g_assert_cmpuint (read.parallel, ==, 0);
      g_assert_cmpint (read.grace_ms, ==, 0);
      g_assert_cmpuint (g_strv_length (read.network), ==, 0);
      atelier_run_options_clear (&read);
    }
}

/* --- job names --- */

static void
test_job_names (RunnerFixture *f, gconstpointer data)
{
  static const char *const bases[] = { NULL, "train", "Ä/b c", "-", "", "a-very-long-base-of-a-job-name-that-goes-on-and-on-and-on-beyond-all" };
  g_autofree char *step = runner_shell ("A_step-of-64-characters-0123456789012345678901234567890123456789", "true", "");
  g_autofree char *body = g_strdup_printf ("\"Steps\": [%s]", step);
  g_autoptr (AtelierRun) run = NULL;

  runner_fixture_define (f, body);
  run = runner_fixture_run (f);
  for (gsize i = 0; i < G_N_ELEMENTS (bases); i++)
    {
      g_autofree char *name = atelier_run_job_name (run, 0, bases[i], 1);
      g_autofree char *again = atelier_run_job_name (run, 0, bases[i], 1);
      g_autofree char *next = atelier_run_job_name (run, 0, bases[i], 2);

      g_test_message ("%s", name);
      g_assert_cmpuint (strlen (name), <=, 63);
      g_assert_true (g_ascii_isalnum (name[0]));
      g_assert_cmpuint (strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"), ==, strlen (name));
      g_assert_cmpstr (name, ==, again);
      g_assert_cmpstr (name, !=, next);
    }
}

/* --- values of expressions --- */

#define EXPRESSIONS                                                                                                                                    \
  "\"PipelineExperimentConfig\": {\"ExperimentName\": {\"Get\": \"Execution.PipelineName\"}, \"TrialName\": null},"                                    \
  "\"Parameters\": [{\"Name\": \"Depth\", \"Type\": \"Integer\", \"DefaultValue\": 5}],"                                                               \
  "\"Steps\": [%s, {\"Name\": \"B\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": \"local/python:3\","              \
  " \"ContainerEntrypoint\": [{\"Get\": \"Parameters.Depth\"}, {\"Get\": \"Execution.PipelineName\"}, {\"Get\": \"Execution.PipelineExecutionId\"},"   \
  " {\"Get\": \"Execution.PipelineExecutionArn\"}, {\"Get\": \"Execution.StartDateTime\"}, {\"Get\": \"Execution.ProcessingJobName\"},"                \
  " {\"Get\": \"PipelineExperimentConfig.ExperimentName\"}, {\"Get\": \"PipelineExperimentConfig.TrialName\"},"                                        \
  " {\"Get\": \"Steps.A.AppSpecification.ImageUri\"}, {\"Std:JsonGet\": {\"PropertyFile\": {\"Get\": \"Steps.A.PropertyFiles.Report\"},"               \
  " \"Path\": \"mse\"}}]}, \"ProcessingResources\": {\"ClusterConfig\": {\"InstanceCount\": 1, \"InstanceType\": \"local\", \"VolumeSizeInGB\": 1}}," \
  " \"RoleArn\": \"r\"}}]"

static void
test_scope (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *step = runner_shell ("A", "true", ", \"PropertyFiles\": []");
  g_autofree char *body = NULL;
  g_autoptr (AtelierRun) run = NULL;
  g_autoptr (json_t) value = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *arn = NULL;
  g_autofree char *with_file = NULL;
  const AtelierNode *list;
  AtelierRunScope scope_data;
  AtelierScope scope;
  const char *const expected[] = { NULL, "pipeline", NULL, NULL, NULL, "the-job", "pipeline", NULL, "some/image" };

  /* an output and a property file in it */
  with_file = g_strdup (step);
  {
    g_auto (GStrv) parts = g_strsplit (with_file, "\"RoleArn\": \"r\"}", 2);

    g_free (step);
    step = g_strconcat (parts[0],
                        "\"RoleArn\": \"r\", \"ProcessingOutputConfig\": {\"Outputs\": [{\"OutputName\": \"out\", \"S3Output\": {\"S3Uri\":"
                        " \"s3://b/out\", \"LocalPath\": \"/opt/ml/processing/out\", \"S3UploadMode\": \"EndOfJob\"}}]}}, \"PropertyFiles\":"
                        " [{\"PropertyFileName\": \"Report\", \"OutputName\": \"out\", \"FilePath\": \"report.json\"}]}",
                        NULL);
  }
  body = g_strdup_printf (EXPRESSIONS, step);
  runner_fixture_define (f, body);
  json_object_set_new (f->request.parameters, "Depth", json_integer (7));
  run = runner_fixture_run (f);
  list = atelier_node_get_member (atelier_node_get_member (atelier_step_get_arguments (run->steps[1].step), "AppSpecification"), "ContainerEntrypoint");
  atelier_run_scope_init (&scope, &scope_data, run, 1, "the-job");
  /* nothing is known yet of a step that has not ended */
  value = atelier_expression_resolve (list, &scope, &error);
  g_assert_null (value);
  g_assert_nonnull (strstr (error->message, "“A”"));
  g_clear_error (&error);
  atelier_run_keep_properties (run, 0,
                               json_pack ("{s:{s:s}, s:{s:[{s:s, s:{s:s}}]}}", "AppSpecification", "ImageUri", "some/image", "ProcessingOutputConfig",
                                          "Outputs", "OutputName", "out", "S3Output", "S3Uri", "s3://b/out"));
  g_clear_pointer (&value, json_decref);
  value = atelier_expression_resolve (list, &scope, &error);
  g_assert_null (value); /* the file is not there */
  g_assert_nonnull (strstr (error->message, "report.json"));
  g_clear_error (&error);
  {
    g_autoptr (AtelierArtifactFile) file = atelier_artifacts_put_bytes (f->artifacts, "{\"mse\": 4.93}", -1, "s3://b/out/report.json", &error);

    g_assert_no_error (error);
  }
  value = atelier_expression_resolve (list, &scope, &error);
  g_assert_no_error (error);
  g_assert_cmpint (json_integer_value (json_array_get (value, 0)), ==, 7);
  for (gsize i = 0; i < G_N_ELEMENTS (expected); i++)
    if (expected[i] != NULL)
      g_assert_cmpstr (json_string_value (json_array_get (value, i)), ==, expected[i]);
  arn = g_strdup_printf ("arn:aws:sagemaker:local:000000000000:pipeline/pipeline/execution/%s", f->execution_id);
  g_assert_cmpstr (json_string_value (json_array_get (value, 2)), ==, f->execution_id);
  g_assert_cmpstr (json_string_value (json_array_get (value, 3)), ==, arn);
  g_assert_cmpstr (json_string_value (json_array_get (value, 7)), ==, f->execution_id);
  g_assert_cmpfloat (json_real_value (json_array_get (value, 9)), ==, 4.93);
  g_assert_false (scope_data.facts.has_read_clock);
}

/* --- the check before the start --- */

/* @arguments: what comes before ProcessingResources */
static char *
reader (const char *name, const char *uri, const char *more)
{
  return g_strdup_printf ("{\"Name\": \"%s\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": \"local/python:3\","
                          " \"ContainerEntrypoint\": [\"true\"]}, \"ProcessingInputs\": [{\"InputName\": \"in\", \"S3Input\": {\"S3Uri\": %s,"
                          " \"LocalPath\": \"/opt/ml/processing/in\", \"S3DataType\": \"S3Prefix\", \"S3InputMode\": \"File\"}}], \"RoleArn\": \"r\","
                          " \"ProcessingOutputConfig\": {\"Outputs\": [{\"OutputName\": \"out\", \"S3Output\": {\"S3Uri\": \"s3://b/%s\","
                          " \"LocalPath\": \"/opt/ml/processing/out\", \"S3UploadMode\": \"EndOfJob\"}}]}, \"ProcessingResources\":"
                          " {\"ClusterConfig\": {\"InstanceCount\": 1, \"InstanceType\": \"local\", \"VolumeSizeInGB\": 1}}}%s}",
                          name, uri, name, more);
}

static GPtrArray *
check (RunnerFixture *f, const AtelierSelectionAction *actions)
{
  AtelierRunFacts facts = { .definition = f->definition, .parameters = f->request.parameters, .pipeline_name = "pipeline",
                            .execution_id = f->execution_id, .created_at_us = 1 };

  return atelier_run_check (&facts, f->runtimes, f->artifacts, actions);
}

static void
test_missing_inputs (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *literal = reader ("A", "\"s3://b/missing/one\"", "");
  g_autofree char *parameter = reader ("B", "{\"Std:Join\": {\"On\": \"/\", \"Values\": [{\"Get\": \"Parameters.Data\"}, \"two\"]}}", "");
  g_autofree char *made = reader ("C", "\"s3://b/A/deep\"", "");
  g_autofree char *there = reader ("D", "\"s3://b/there\"", "");
  g_autofree char *local = reader ("E", "\"file:///nowhere/at/all\"", "");
  g_autofree char *later = reader ("F", "{\"Get\": \"Steps.A.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri\"}", "");
  g_autofree char *behind = reader ("G", "\"s3://b/by-itself\"", ", \"DependsOn\": [\"A\"]");
  g_autofree char *body = g_strdup_printf ("\"Parameters\": [{\"Name\": \"Data\", \"DefaultValue\": \"s3://b/missing\"}],"
                                           " \"Steps\": [%s, %s, %s, %s, %s, %s, %s]",
                                           literal, parameter, made, there, local, later, behind);
  AtelierSelectionAction actions[7] = { ATELIER_SELECTION_REUSE, ATELIER_SELECTION_SKIP, ATELIER_SELECTION_RUN, ATELIER_SELECTION_RUN,
                                        ATELIER_SELECTION_SKIP, ATELIER_SELECTION_RUN, ATELIER_SELECTION_RUN };
  g_autoptr (GPtrArray) sentences = NULL;
  g_autoptr (GPtrArray) rest = NULL;
  g_autoptr (AtelierArtifactFile) file = atelier_artifacts_put_bytes (f->artifacts, "x", 1, "s3://b/there/x.csv", NULL);
  const char *all;

  runner_fixture_define (f, body);
  json_object_set_new (f->request.parameters, "Data", json_string ("s3://b/missing"));
  sentences = check (f, NULL);
  g_assert_cmpuint (sentences->len, ==, 1);
  all = g_ptr_array_index (sentences, 0);
  g_test_message ("%s", all);
  g_assert_nonnull (strstr (all, "s3://b/missing/one (“in” of step “A”)"));
  g_assert_nonnull (strstr (all, "s3://b/missing/two (“in” of step “B”)"));
  g_assert_nonnull (strstr (all, "file:///nowhere/at/all (“in” of step “E”)"));
  g_assert_null (strstr (all, "step “C”"));
  g_assert_null (strstr (all, "step “D”"));
  g_assert_null (strstr (all, "step “F”"));
  g_assert_null (strstr (all, "step “G”"));
  rest = check (f, actions);
  g_assert_cmpuint (rest->len, ==, 0);
}

static void
test_impossible_steps (RunnerFixture *f, gconstpointer data)
{
  g_autofree char *good = runner_shell ("Good", "true", "");
  g_autofree char *body = g_strdup_printf (
      "\"Steps\": [%s, {\"Name\": \"L\", \"Type\": \"Lambda\", \"FunctionArn\": \"arn:aws:lambda:x:1:function:f\", \"Arguments\": {}},"
      " {\"Name\": \"NoEntry\", \"Type\": \"Processing\", \"Arguments\": {\"AppSpecification\": {\"ImageUri\": \"local/python:3\"}, \"RoleArn\": \"r\","
      " \"ProcessingResources\": {\"ClusterConfig\": {\"InstanceCount\": 1, \"InstanceType\": \"local\", \"VolumeSizeInGB\": 1}}}}]",
      good);
  g_autoptr (GPtrArray) sentences = NULL;

  runner_fixture_define (f, body);
  sentences = check (f, NULL);
  g_assert_cmpuint (sentences->len, ==, 2);
  g_assert_nonnull (strstr (g_ptr_array_index (sentences, 0), "“L” is of type Lambda"));
  g_assert_nonnull (strstr (g_ptr_array_index (sentences, 1), "“NoEntry”"));
  g_assert_nonnull (strstr (g_ptr_array_index (sentences, 1), "ContainerEntrypoint"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run/options/round-trip", test_options_round_trip);
  g_test_add_func ("/run/options/of-anything", test_options_of_anything);
  RUNNER_TEST ("/run/job-names", test_job_names);
  RUNNER_TEST ("/run/scope", test_scope);
  RUNNER_TEST ("/run/check/missing-inputs", test_missing_inputs);
  RUNNER_TEST ("/run/check/impossible-steps", test_impossible_steps);
  return g_test_run ();
}
