/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "atelier-cache-key.h"
#include "fake-scope.h"

static AtelierCacheKey *
new_key (AtelierStepType type, const char *arguments, const char *step_fields)
{
  g_autoptr (json_t) values = fake_json (arguments);
  g_autoptr (json_t) fields = step_fields != NULL ? fake_json (step_fields) : NULL;

  return atelier_cache_key_new (type, values, fields);
}

static char *
digest_of (AtelierStepType type, const char *arguments, const char *step_fields)
{
  g_autoptr (AtelierCacheKey) key = new_key (type, arguments, step_fields);

  return atelier_cache_key_dup_digest (key);
}

static void
assert_same (AtelierStepType type, const char *a, const char *b)
{
  g_autofree char *x = digest_of (type, a, NULL);
  g_autofree char *y = digest_of (type, b, NULL);

  g_assert_cmpuint (strlen (x), ==, 64);
  g_assert_cmpstr (x, ==, y);
}

static void
assert_different (AtelierStepType type, const char *a, const char *b)
{
  g_autofree char *x = digest_of (type, a, NULL);
  g_autofree char *y = digest_of (type, b, NULL);

  g_assert_cmpstr (x, !=, y);
}

static void
test_key_fields (void)
{
  assert_same (ATELIER_STEP_TYPE_PROCESSING,
               "{`AppSpecification`: {`ImageUri`: `a`, `ContainerArguments`: [`x`]}, `RoleArn`: `r`}",
               "{`ProcessingResources`: {`ClusterConfig`: {`InstanceType`: `ml.m5.large`}}, `Tags`: [],"
               " `ProcessingOutputConfig`: {`Outputs`: []}, `StoppingCondition`: {`MaxRuntimeInSeconds`: 5},"
               " `Environment`: null, `AppSpecification`: {`ContainerArguments`: [`x`], `ImageUri`: `a`}}");
  assert_different (ATELIER_STEP_TYPE_PROCESSING, "{`Environment`: {`A`: `1`}}", "{`Environment`: {`A`: `2`}}");
  assert_different (ATELIER_STEP_TYPE_TRAINING, "{`HyperParameters`: {`max_depth`: `5`}}",
                    "{`HyperParameters`: {`max_depth`: `10`}}");
  assert_same (ATELIER_STEP_TYPE_TRAINING, "{`ResourceConfig`: {`InstanceType`: `a`}, `OutputDataConfig`: {}}", "{}");
  assert_same (ATELIER_STEP_TYPE_TUNING, "{`TrainingJobDefinition`: {`StaticHyperParameters`: {}, `RoleArn`: `a`}}",
               "{`TrainingJobDefinition`: {`StaticHyperParameters`: {}, `OutputDataConfig`: {}}}");
  assert_different (ATELIER_STEP_TYPE_TUNING, "{`TrainingJobDefinition`: {`StaticHyperParameters`: {}}}",
                    "{`TrainingJobDefinition`: {`StaticHyperParameters`: {`a`: `b`}}}");
  assert_same (ATELIER_STEP_TYPE_TRANSFORM, "{`ModelName`: `m`, `TransformOutput`: {`S3OutputPath`: `a`}}",
               "{`ModelName`: `m`, `TransformOutput`: {`S3OutputPath`: `b`}}");
  assert_different (ATELIER_STEP_TYPE_AUTO_ML, "{`AutoMLJobConfig`: {`Mode`: `ENSEMBLING`}}", "{}");
  assert_different (ATELIER_STEP_TYPE_EMR, "{`StepConfig`: {`a`: 1}}", "{`StepConfig`: {`a`: 2}}");
  assert_different (ATELIER_STEP_TYPE_LAMBDA, "{`a`: 1}", "{`a`: 2}");
}

static void
test_type_matters (void)
{
  g_autofree char *a = digest_of (ATELIER_STEP_TYPE_PROCESSING, "{}", NULL);
  g_autofree char *b = digest_of (ATELIER_STEP_TYPE_TRAINING, "{}", NULL);

  g_assert_cmpstr (a, !=, b);
}

static void
test_step_fields (void)
{
  g_autofree char *a = digest_of (ATELIER_STEP_TYPE_QUALITY_CHECK, "{}",
                                  "{`SkipCheck`: true, `FailOnViolation`: false}");
  g_autofree char *b = digest_of (ATELIER_STEP_TYPE_QUALITY_CHECK, "{}",
                                  "{`SkipCheck`: true, `FailOnViolation`: true}");
  g_autofree char *c = digest_of (ATELIER_STEP_TYPE_QUALITY_CHECK, "{}", "{`SkipCheck`: false}");

  g_assert_cmpstr (a, ==, b);
  g_assert_cmpstr (a, !=, c);
}

#define INPUTS(uri) "{`ProcessingInputs`: [{`InputName`: `train`, `S3Input`: {`S3Uri`: `" uri "`}}]," \
                    " `AppSpecification`: {`ContainerArguments`: [`--input-data`, `" uri "`]}}"

static char *
digest_with_content (const char *arguments, const char *uri, const char *content)
{
  g_autoptr (AtelierCacheKey) key = new_key (ATELIER_STEP_TYPE_PROCESSING, arguments, NULL);

  atelier_cache_key_add_input (key, "train", uri);
  atelier_cache_key_add_input_file (key, "train", "train.csv", content);
  return atelier_cache_key_dup_digest (key);
}

/* The same content at another place is the same; other content at the same place is not. */
static void
test_content_replaces_place (void)
{
  g_autofree char *first = digest_with_content (INPUTS ("s3://b/run-1/train"), "s3://b/run-1/train", "aaaa");
  g_autofree char *second = digest_with_content (INPUTS ("s3://b/run-2/train"), "s3://b/run-2/train", "aaaa");
  g_autofree char *third = digest_with_content (INPUTS ("s3://b/run-1/train"), "s3://b/run-1/train", "bbbb");
  g_autofree char *unknown = digest_of (ATELIER_STEP_TYPE_PROCESSING, INPUTS ("s3://b/run-1/train"), NULL);

  g_assert_cmpstr (first, ==, second);
  g_assert_cmpstr (first, !=, third);
  g_assert_cmpstr (first, !=, unknown);
}

static void
test_code_in_hyper_parameters (void)
{
  g_autoptr (AtelierCacheKey) key
      = new_key (ATELIER_STEP_TYPE_TRAINING,
                 "{`HyperParameters`: {`sagemaker_submit_directory`: `\\`s3://b/t-2026/src.tar.gz\\``,"
                 " `other`: `s3://b/t-2026/src.tar.gz.old`}}",
                 NULL);
  g_autoptr (json_t) json = NULL;
  const json_t *parameters;

  atelier_cache_key_add_input (key, "code", "s3://b/t-2026/src.tar.gz");
  atelier_cache_key_add_input (key, "code", "s3://b/t-2026/src.tar.gz"); /* twice is once */
  json = atelier_cache_key_to_json (key);
  parameters = json_object_get (json_object_get (json, "Arguments"), "HyperParameters");
  g_assert_cmpstr (atelier_json_get_string (parameters, "sagemaker_submit_directory", NULL), ==,
                   "atelier-input:code");
  g_assert_cmpstr (atelier_json_get_string (parameters, "other", NULL), ==, "s3://b/t-2026/src.tar.gz.old");
}

static void
test_order_does_not_matter (void)
{
  g_autoptr (AtelierCacheKey) a = new_key (ATELIER_STEP_TYPE_PROCESSING, "{}", NULL);
  g_autoptr (AtelierCacheKey) b = new_key (ATELIER_STEP_TYPE_PROCESSING, "{}", NULL);
  g_autofree char *x = NULL;
  g_autofree char *y = NULL;

  atelier_cache_key_add_input_file (a, "one", "f", "1");
  atelier_cache_key_add_input_file (a, "two", "g", "2");
  atelier_cache_key_add_environment (a, "python", "3.11.2");
  atelier_cache_key_add_environment (a, "packages", "x");
  atelier_cache_key_add_environment (b, "packages", "x");
  atelier_cache_key_add_environment (b, "python", "3.11.2");
  atelier_cache_key_add_input_file (b, "two", "g", "2");
  atelier_cache_key_add_input_file (b, "one", "f", "1");
  x = atelier_cache_key_dup_digest (a);
  y = atelier_cache_key_dup_digest (b);
  g_assert_cmpstr (x, ==, y);
}

static void
assert_explained (const char *now, const char *before, const char *expected)
{
  g_autoptr (json_t) a = fake_json (now);
  g_autoptr (json_t) b = before != NULL ? fake_json (before) : NULL;
  g_auto (GStrv) sentences = atelier_cache_key_explain (a, b);
  g_autofree char *text = g_strjoinv (" · ", sentences);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_explain (void)
{
  assert_explained ("{`Type`: `Training`}", NULL, "First run of this step");
  assert_explained ("{`Type`: `Training`}", "{`Type`: `Training`}", "");
  assert_explained ("{`Type`: `Training`}", "{`Type`: `Processing`, `Arguments`: {`a`: 1}}",
                    "Type of the step changed from Processing to Training");
}

static void
test_explain_arguments (void)
{
  assert_explained ("{`Arguments`: {`HyperParameters`: {`max_depth`: `10`, `eta`: `0.2`}}}",
                    "{`Arguments`: {`HyperParameters`: {`max_depth`: `5`, `eta`: `0.2`}}}",
                    "Argument “HyperParameters.max_depth” changed from “5” to “10”");
  assert_explained ("{`Arguments`: {`Environment`: {`A`: `1`, `C`: `1`}}}",
                    "{`Arguments`: {`Environment`: {`B`: `1`, `C`: `1`}}}",
                    "Argument “Environment.A” is new · Argument “Environment.B” is gone");
  assert_explained ("{`Arguments`: {`AppSpecification`: {`ContainerArguments`: [`--depth`, `10`]}}}",
                    "{`Arguments`: {`AppSpecification`: {`ContainerArguments`: [`--depth`, `5`]}}}",
                    "Argument “AppSpecification.ContainerArguments” changed from “5” to “10”");
  assert_explained ("{`Arguments`: {`ContainerArguments`: [`a`, `b`]}}",
                    "{`Arguments`: {`ContainerArguments`: [`c`, `d`]}}",
                    "Argument “ContainerArguments” changed");
  assert_explained ("{`Arguments`: {`ContainerArguments`: [`a`]}}",
                    "{`Arguments`: {`ContainerArguments`: [`a`, `b`]}}",
                    "Argument “ContainerArguments” changed");
  assert_explained ("{`Arguments`: {`InputDataConfig`: [{`ChannelName`: `train`, `ContentType`: `text/csv`}]}}",
                    "{`Arguments`: {`InputDataConfig`: [{`ChannelName`: `train`, `ContentType`: `text/libsvm`}]}}",
                    "Argument “InputDataConfig[0].ContentType” changed from “text/libsvm” to “text/csv”");
  assert_explained ("{`Arguments`: {`a`: {`b`: 1}}}", "{`Arguments`: {`a`: 5}}", "Argument “a” changed");
  assert_explained ("{`Step`: {`SkipCheck`: true}}", "{`Step`: {`SkipCheck`: false}}",
                    "Argument “SkipCheck” changed from false to true");
}

static void
test_explain_inputs (void)
{
  assert_explained ("{`Inputs`: {`code`: {`preprocess.py`: `2`, `same.py`: `1`}}}",
                    "{`Inputs`: {`code`: {`preprocess.py`: `1`, `same.py`: `1`}}}",
                    "Input “code”: preprocess.py changed");
  assert_explained (
      "{`Inputs`: {`code`: {`a.py`: `2`, `b.py`: `1`}, `fresh`: {}}}",
      "{`Inputs`: {`code`: {`a.py`: `1`, `c.py`: `1`}, `old`: {}}}",
      "Input “code”: a.py changed, b.py is new, c.py is gone · Input “fresh” is new · Input “old” is gone");
  assert_explained ("{`Inputs`: {`train`: {``: `2`}}}", "{`Inputs`: {`train`: {``: `1`}}}", "Input “train” changed");
  assert_explained ("{`Inputs`: {`d`: {`1`: `x`, `2`: `x`, `3`: `x`, `4`: `x`, `5`: `x`, `6`: `x`, `7`: `x`}}}",
                    "{`Inputs`: {`d`: {}}}",
                    "Input “d”: 1 is new, 2 is new, 3 is new, 4 is new, 5 is new and 2 more files");
}

static void
test_explain_environment (void)
{
  assert_explained ("{`Environment`: {`python`: `3.12.1`}}", "{`Environment`: {`python`: `3.11.2`}}",
                    "Environment changed: python 3.11.2 → 3.12.1");
  assert_explained ("{`Environment`: {`packages`: `9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`}}",
                    "{`Environment`: {`packages`: `60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752`}}",
                    "Environment changed: packages");
  assert_explained ("{`Environment`: {`a`: `1`}}", "{`Environment`: {`b`: `1`}}",
                    "Environment changed: a is new · Environment changed: b is gone");
}

/* Keys that differ are explained, equal keys are not: what the record says and what the digest says agree. */
static void
test_explanation_agrees_with_digest (void)
{
  g_autoptr (AtelierCacheKey) a = new_key (ATELIER_STEP_TYPE_TRAINING, "{`HyperParameters`: {`eta`: 0.1}}", NULL);
  g_autoptr (AtelierCacheKey) b = new_key (ATELIER_STEP_TYPE_TRAINING,
                                           "{`HyperParameters`: {`eta`: 0.10000000000000001}}", NULL);
  g_autoptr (AtelierCacheKey) c = new_key (ATELIER_STEP_TYPE_TRAINING, "{`HyperParameters`: {`eta`: `0.1`}}", NULL);
  g_autoptr (json_t) x = atelier_cache_key_to_json (a);
  g_autoptr (json_t) y = atelier_cache_key_to_json (b);
  g_autoptr (json_t) z = atelier_cache_key_to_json (c);
  g_auto (GStrv) same = atelier_cache_key_explain (x, y);
  g_auto (GStrv) other = atelier_cache_key_explain (x, z);

  g_assert_cmpuint (g_strv_length (same), ==, 0);
  g_assert_cmpuint (g_strv_length (other), ==, 1);
  g_assert_cmpstr (other[0], ==, "Argument “HyperParameters.eta” changed from “0.1” to 0.1");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cache-key/key-fields", test_key_fields);
  g_test_add_func ("/cache-key/type-matters", test_type_matters);
  g_test_add_func ("/cache-key/step-fields", test_step_fields);
  g_test_add_func ("/cache-key/content-replaces-place", test_content_replaces_place);
  g_test_add_func ("/cache-key/code-in-hyper-parameters", test_code_in_hyper_parameters);
  g_test_add_func ("/cache-key/order-does-not-matter", test_order_does_not_matter);
  g_test_add_func ("/cache-key/explain", test_explain);
  g_test_add_func ("/cache-key/explain-arguments", test_explain_arguments);
  g_test_add_func ("/cache-key/explain-inputs", test_explain_inputs);
  g_test_add_func ("/cache-key/explain-environment", test_explain_environment);
  g_test_add_func ("/cache-key/explanation-agrees-with-digest", test_explanation_agrees_with_digest);
  return g_test_run ();
}
