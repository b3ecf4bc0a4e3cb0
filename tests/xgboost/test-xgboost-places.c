/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include "atelier-xgboost-places.h"
#include "xgboost-support.h"

static void
test_root (void)
{
  g_auto (Job) job = { NULL };
  g_autoptr (AtelierXgboostPlaces) places = NULL;
  g_autofree char *model = NULL;

  job_init (&job);
  model = g_build_filename (job.root, "model", NULL);
  g_setenv ("SM_MODEL_DIR", "/elsewhere", TRUE);
  places = atelier_xgboost_places_new (job.root);
  g_assert_cmpstr (places->model, ==, model);
  g_assert_null (places->checkpoints);
  g_unsetenv ("SM_MODEL_DIR");
}

static void
test_environment (void)
{
  g_auto (Job) job = { NULL };
  g_autoptr (AtelierXgboostPlaces) places = NULL;
  g_autofree char *train = NULL, *checkpoints = NULL;

  job_init (&job);
  job_write (&job, "checkpoints/x", "");
  g_setenv ("ATELIER_OPT_ML", job.root, TRUE);
  g_setenv ("SM_MODEL_DIR", "/somewhere/model", TRUE);
  g_setenv ("SM_OUTPUT_DIR", "/somewhere/output", TRUE);
  places = atelier_xgboost_places_new (NULL);
  train = g_build_filename (job.root, "input/data/train", NULL);
  checkpoints = g_build_filename (job.root, "checkpoints", NULL);
  g_assert_cmpstr (places->model, ==, "/somewhere/model");
  g_assert_cmpstr (places->failure, ==, "/somewhere/output/failure");
  g_assert_cmpstr (places->train, ==, train);
  g_assert_cmpstr (places->checkpoints, ==, checkpoints);
  g_unsetenv ("ATELIER_OPT_ML");
  g_unsetenv ("SM_MODEL_DIR");
  g_unsetenv ("SM_OUTPUT_DIR");
}

static void
test_checkpoint_config (void)
{
  g_auto (Job) job = { NULL };
  g_autoptr (AtelierXgboostPlaces) places = NULL;
  g_autofree char *expected = NULL;

  job_init (&job);
  job_write (&job, "input/config/checkpointconfig.json",
             "{\"S3Uri\": \"s3://b/c\", \"LocalPath\": \"/opt/ml/kept/here\"}");
  places = atelier_xgboost_places_new (job.root);
  expected = g_build_filename (job.root, "kept/here", NULL);
  g_assert_cmpstr (places->checkpoints, ==, expected);
  g_assert_true (job_has (&job, "kept/here"));
}

static gboolean
read_channels (Job *job,
               AtelierXgboostChannel *train,
               AtelierXgboostChannel *validation,
               GPtrArray *notes,
               GError **error)
{
  g_autoptr (AtelierXgboostPlaces) places = atelier_xgboost_places_new (job->root);

  return atelier_xgboost_places_read_channels (places, train, validation, notes, error);
}

static void
test_channels (void)
{
  static const struct
  {
    const char *config;
    const char *fault; /* NULL: fine */
  } cases[] = {
    { "{\"train\": {\"ContentType\": \"text/csv; label_size=1\"}, \"validation\": {}}", NULL },
    { "{\"train\": {\"ContentType\": \"text/x-libsvm\", \"TrainingInputMode\": \"FastFile\", \"RecordWrapperType\": "
      "\"None\"}, \"code\": {}}",
      NULL },
    { "{\"validation\": {}}", "The channel “train” is missing" },
    { "{\"train\": {}, \"test\": {}}", "The channel “test” is not one of the XGBoost algorithm" },
    { "{\"train\": {\"TrainingInputMode\": \"Pipe\"}}", "input mode Pipe" },
    { "{\"train\": {\"RecordWrapperType\": \"RecordIO\"}}", "wrapped as RecordIO" },
    { "{\"train\": {\"ContentType\": \"application/x-parquet\"}}",
      "Channel “train”: The content type “application/x-parquet”" },
    { "{\"train\": {\"ContentType\": \"text/csv; label_size=2\"}}", "label_size must be 1" },
    { "{", "is not valid JSON" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (Job) job = { NULL };
      g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
      g_autoptr (GError) error = NULL;
      AtelierXgboostChannel train, validation;

      job_init (&job);
      job_write (&job, "input/config/inputdataconfig.json", cases[i].config);
      job_write (&job, "input/config/resourceconfig.json", "{\"hosts\": [\"algo-1\", \"algo-2\"]}");
      g_assert_true (read_channels (&job, &train, &validation, notes, &error) == (cases[i].fault == NULL));
      if (cases[i].fault != NULL)
        assert_contains (error->message, cases[i].fault);
      g_assert_cmpuint (notes->len, ==, 1);
      assert_contains ((char *) g_ptr_array_index (notes, 0), "asks for 2 hosts");
      if (i == 0)
        {
          g_assert_true (train.format == ATELIER_XGBOOST_FORMAT_CSV && validation.present);
          g_assert_true (validation.format == ATELIER_XGBOOST_FORMAT_SNIFF);
        }
    }
}

static void
test_list (void)
{
  g_auto (Job) job = { NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *loop = NULL, *linked = NULL;

  job_init (&job);
  job_write (&job, "b/deep/er/2.csv", "1,2\n");
  job_write (&job, "a.csv", "1,2\n");
  job_write (&job, "empty.csv", "");
  job_write (&job, "_SUCCESS", "x");
  job_write (&job, ".hidden", "x");
  linked = g_build_filename (job.root, "c.csv", NULL);
  g_assert_cmpint (symlink ("a.csv", linked), ==, 0);
  g_assert_true (atelier_xgboost_channel_list (job.root, "train", paths, names, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (names->len, ==, 3);
  g_assert_cmpstr (g_ptr_array_index (names, 0), ==, "train/a.csv");
  g_assert_cmpstr (g_ptr_array_index (names, 1), ==, "train/b/deep/er/2.csv");
  g_assert_cmpstr (g_ptr_array_index (names, 2), ==, "train/c.csv");

  loop = g_build_filename (job.root, "b/loop", NULL);
  g_assert_cmpint (symlink ("..", loop), ==, 0);
  g_assert_false (atelier_xgboost_channel_list (job.root, "train", paths, names, &error));
  assert_contains (error->message, "nested too deep");
}

static void
test_empty (void)
{
  g_auto (Job) job = { NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autofree char *missing = NULL;

  job_init (&job);
  job_write (&job, "train/_SUCCESS", "x");
  g_assert_false (atelier_xgboost_channel_list (job.root, "train", paths, paths, &error));
  g_assert_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL);
  assert_contains (error->message, "“train” holds no data");
  g_clear_error (&error);
  missing = g_build_filename (job.root, "nothing", NULL);
  g_assert_false (atelier_xgboost_channel_list (missing, "validation", paths, paths, &error));
  assert_contains (error->message, "Cannot read “validation”");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/places/root", test_root);
  g_test_add_func ("/xgboost/places/environment", test_environment);
  g_test_add_func ("/xgboost/places/checkpoint-config", test_checkpoint_config);
  g_test_add_func ("/xgboost/places/channels", test_channels);
  g_test_add_func ("/xgboost/places/list", test_list);
  g_test_add_func ("/xgboost/places/empty", test_empty);
  return g_test_run ();
}
