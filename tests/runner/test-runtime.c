/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "atelier-files.h"
#include "atelier-runner-error.h"
#include "atelier-runtime.h"

/* Which interpreter or program runs which image. */

typedef struct
{
  char *folder; /* the workspace */
  char *python; /* an interpreter of the test's own, which says what it is told to */
} Fixture;

/* A "Python" that answers the probe with one package. */
static void
write_interpreter (const char *path, const char *version, const char *package)
{
  g_autofree char *text
      = g_strdup_printf ("#!/bin/sh\necho '{\"program\": \"%s\", \"version\": \"%s\", \"implementation\": \"cpython\", \"prefixes\": [\"/usr\"],"
                         " \"folders\": {}, \"packages\": {\"%s\": \"1.0\"}}'\n",
                         path, version, package);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_cmpint (chmod (path, 0755), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("atelier-runtime-XXXXXX", NULL);
  f->python = g_build_filename (f->folder, "python3", NULL);
  write_interpreter (f->python, "3.99.1", "scikit-learn");
  g_setenv ("ATELIER_PYTHON", f->python, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unsetenv ("ATELIER_PYTHON");
  g_assert_true (atelier_files_remove_tree (f->folder, NULL));
  g_free (f->folder);
  g_free (f->python);
}

static void
check (AtelierRuntimeTable *table, const char *image, gboolean is_built_in, AtelierRuntimeKind kind, const char *program)
{
  g_autoptr (GError) error = NULL;
  const AtelierRuntime *runtime = atelier_runtime_table_find (table, image, is_built_in, &error);

  g_assert_no_error (error);
  g_assert_cmpint (runtime->kind, ==, kind);
  if (program != NULL)
    g_assert_cmpstr (runtime->program, ==, program);
  g_assert_cmpuint (strlen (runtime->digest), ==, 64);
}

static void
test_built_in_rows (Fixture *f, gconstpointer data)
{
  static const char *const images[] = {
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
    "683313688378.dkr.ecr.cn-north-1.amazonaws.com.cn/sagemaker-scikit-learn:0.23-1",
    "123.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python:3.10",
    "local/python:3",
    "local/python",
    "python:3.11",
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierRuntimeTable) table = atelier_runtime_table_load (f->folder, &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (images); i++)
    check (table, images[i], FALSE, ATELIER_RUNTIME_PYTHON, f->python);
  check (table, "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", TRUE, ATELIER_RUNTIME_XGBOOST, NULL);
  check (table, "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", TRUE, ATELIER_RUNTIME_XGBOOST, NULL);
}

static void
check_refusal (AtelierRuntimeTable *table, const char *image, gboolean is_built_in, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_runtime_table_find (table, image, is_built_in, &error));
  g_assert_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, says));
}

static void
test_refusals (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierRuntimeTable) table = atelier_runtime_table_load (f->folder, NULL);

  check_refusal (table, "example.com/own/image:1", FALSE, "atelier runtime set 'example.com/own/image:1'");
  check_refusal (table, "123.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1", TRUE, "has no substitute");
  /* an image's name alone is no pattern for others */
  check_refusal (table, "python", FALSE, "nothing on this machine runs");
  check_refusal (table, "", FALSE, "nothing on this machine runs");
}

static void
test_own_rows (Fixture *f, gconstpointer data)
{
  g_autofree char *other = g_build_filename (f->folder, "other", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierRuntimeTable) before = atelier_runtime_table_load (f->folder, NULL);
  g_autoptr (AtelierRuntimeTable) after = NULL;
  g_autoptr (AtelierRuntimeTable) last = NULL;
  g_autoptr (json_t) rows = NULL;

  write_interpreter (other, "3.98.0", "torch");
  g_assert_true (atelier_runtime_table_set_row (f->folder, "example.com/own/*:?", "python", other, &error));
  g_assert_true (atelier_runtime_table_set_row (f->folder, "*scikit-learn*", "python", other, &error));
  g_assert_no_error (error);
  after = atelier_runtime_table_load (f->folder, &error);
  g_assert_no_error (error);
  check (after, "example.com/own/image:1", FALSE, ATELIER_RUNTIME_PYTHON, other);
  check (after, "123.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1", FALSE, ATELIER_RUNTIME_PYTHON, other);
  check_refusal (after, "example.com/own/image:12", FALSE, "nothing on this machine runs");
  /* a table does not change once it is loaded */
  check_refusal (before, "example.com/own/image:1", FALSE, "nothing on this machine runs");
  rows = atelier_runtime_table_to_json (after);
  g_assert_cmpstr (atelier_json_get_string (json_array_get (rows, 0), "image", ""), ==, "*scikit-learn*");
  g_assert_true (atelier_runtime_table_set_row (f->folder, "*scikit-learn*", NULL, NULL, &error));
  last = atelier_runtime_table_load (f->folder, NULL);
  check (last, "123.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1", FALSE, ATELIER_RUNTIME_PYTHON, f->python);
}

static void
test_bad_rows (Fixture *f, gconstpointer data)
{
  static const char *const texts[] = { "{", "{}", "[1]", "[{\"image\": \"x\"}]", "[{\"image\": \"x\", \"runtime\": \"docker\"}]",
                                       "[{\"runtime\": \"python\"}]" };
  g_autofree char *path = g_build_filename (f->folder, "runtimes.json", NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) problem = NULL;

      g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
      g_assert_null (atelier_runtime_table_load (f->folder, &problem));
      g_assert_nonnull (problem);
      g_assert_nonnull (strstr (problem->message, path));
    }
  g_assert_true (g_file_set_contents (path, "[]", -1, NULL));
  g_assert_false (atelier_runtime_table_set_row (f->folder, "x", "docker", NULL, &error));
  g_assert_nonnull (strstr (error->message, "docker"));
  g_clear_error (&error);
  g_assert_false (atelier_runtime_table_set_row (f->folder, "x", "python", "relative/python", &error));
  g_assert_nonnull (strstr (error->message, "absolute"));
}

/* What an interpreter said is kept as long as it is the same one. */
static void
test_answers (Fixture *f, gconstpointer data)
{
  g_autoptr (AtelierRuntimeTable) first = atelier_runtime_table_load (f->folder, NULL);
  g_autoptr (AtelierRuntimeTable) second = NULL;
  g_autofree char *cache = g_build_filename (f->folder, "cache", "interpreters.json", NULL);
  g_autofree char *digest = NULL;
  const struct timespec times[2] = { { 1, 1 }, { 1, 1 } };
  const AtelierRuntime *runtime = atelier_runtime_table_find (first, "local/python:3", FALSE, NULL);

  g_assert_cmpstr (atelier_json_get_string (runtime->record, "version", ""), ==, "3.99.1");
  g_assert_null (json_object_get (runtime->record, "folders"));
  digest = g_strdup (runtime->digest);
  g_assert_true (g_file_test (cache, G_FILE_TEST_IS_REGULAR));
  write_interpreter (f->python, "3.99.2", "scikit-learn");
  /* the clock of a file system may not have moved since */
  g_assert_cmpint (utimensat (AT_FDCWD, f->python, times, 0), ==, 0);
  second = atelier_runtime_table_load (f->folder, NULL);
  runtime = atelier_runtime_table_find (second, "local/python:3", FALSE, NULL);
  g_assert_cmpstr (atelier_json_get_string (runtime->record, "version", ""), ==, "3.99.2");
  g_assert_cmpstr (runtime->digest, !=, digest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/runtime/built-in-rows", Fixture, NULL, set_up, test_built_in_rows, tear_down);
  g_test_add ("/runtime/refusals", Fixture, NULL, set_up, test_refusals, tear_down);
  g_test_add ("/runtime/own-rows", Fixture, NULL, set_up, test_own_rows, tear_down);
  g_test_add ("/runtime/bad-rows", Fixture, NULL, set_up, test_bad_rows, tear_down);
  g_test_add ("/runtime/answers", Fixture, NULL, set_up, test_answers, tear_down);
  return g_test_run ();
}
