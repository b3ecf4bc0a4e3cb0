/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-archive.h"
#include "atelier-files.h"
#include "atelier-time.h"

/* Training: CreateTrainingJob's request and contract, script mode included: what a framework's image does on "train" is
 * done here, since its runtime is only an interpreter (SAGEMAKER-DEFINITION, "Job contract", Script mode). */

#define DEFAULT_SECONDS 86400
#define CODE_FOLDER "/opt/ml/code"
#define CHECKPOINT_FOLDER "/opt/ml/checkpoints"

static json_t *
specification_of (AtelierJob *job)
{
  return atelier_json_get_object (job->arguments, "AlgorithmSpecification");
}

/* Hyperparameters are text; the SDK writes JSON in it. What does not decode is meant as text. */
static json_t *
decode (const char *text)
{
  json_t *value = atelier_json_parse (text, -1, NULL);

  return value != NULL ? value : json_string (text);
}

/* A setting of script mode: a hyperparameter sagemaker_NAME, else the environment's SAGEMAKER_NAME. */
static char *
script_setting (AtelierJob *job, const char *name)
{
  g_autofree char *hyperparameter = g_strconcat ("sagemaker_", name, NULL);
  g_autofree char *variable = g_ascii_strup (hyperparameter, -1);
  const char *text = atelier_json_get_string (json_object_get (job->arguments, "HyperParameters"), hyperparameter, NULL);

  if (text != NULL)
    {
      g_autoptr (json_t) value = decode (text);

      return json_is_null (value) ? NULL : atelier_json_to_text (value);
    }
  return g_strdup (atelier_json_get_string (json_object_get (job->arguments, "Environment"), variable, NULL));
}

static gboolean
read_channel (AtelierJob *job, json_t *channel, GError **error)
{
  const char *name = atelier_json_get_string (channel, "ChannelName", "");
  json_t *s3 = atelier_json_get_object (json_object_get (channel, "DataSource"), "S3DataSource");
  gboolean is_manifest = strcmp (atelier_json_get_string (s3, "S3DataType", "S3Prefix"), "ManifestFile") == 0;
  const char *mode = atelier_json_get_string (channel, "InputMode",
                                              atelier_json_get_string (specification_of (job), "TrainingInputMode", "File"));
  g_autofree char *folder = g_strconcat ("/opt/ml/input/data/", name, NULL);

  if (*name == '\0' || strchr (name, '/') != NULL || s3 == NULL || strcmp (mode, "Pipe") == 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("the channel “%s” cannot be given to the script: this machine has channels of an S3DataSource in the modes File and FastFile"),
                   name);
      return FALSE;
    }
  return atelier_job_add_input (job, name, atelier_json_get_string (s3, "S3Uri", NULL), folder,
                                is_manifest ? ATELIER_INPUT_MANIFEST : ATELIER_INPUT_PREFIX,
                                strcmp (atelier_json_get_string (channel, "CompressionType", "None"), "Gzip") == 0, error);
}

static gboolean
read_arguments (AtelierJob *job, GError **error)
{
  json_t *specification = specification_of (job);
  json_t *stopping = json_object_get (job->arguments, "StoppingCondition");
  g_autofree char *source = NULL;
  json_t *channel;
  size_t i;

  job->image = g_strdup (atelier_json_get_string (specification, "TrainingImage",
                                                  atelier_json_get_string (specification, "AlgorithmName", "")));
  job->program = script_setting (job, "program");
  job->is_built_in = job->program == NULL && json_array_size (atelier_json_get_array (specification, "ContainerEntrypoint")) == 0;
  job->limit_us = atelier_json_get_int (stopping, "MaxRuntimeInSeconds", DEFAULT_SECONDS) * G_USEC_PER_SEC;
  if (atelier_json_get_string (json_object_get (job->arguments, "OutputDataConfig"), "S3OutputPath", NULL) == NULL)
    {
      g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("OutputDataConfig has no S3OutputPath"));
      return FALSE;
    }
  json_array_foreach (atelier_json_get_array (job->arguments, "InputDataConfig"), i, channel)
    if (!read_channel (job, channel, error))
      return FALSE;
  source = script_setting (job, "submit_directory");
  if (job->program != NULL && source != NULL && !g_str_has_prefix (source, "/opt/ml/"))
    return atelier_job_add_input (job, "code", source, NULL, ATELIER_INPUT_PREFIX, FALSE, error);
  return TRUE;
}

/* --- before the process --- */

static gboolean
write_input_config (AtelierJob *job, GError **error)
{
  json_t *specification = specification_of (job);
  const char *default_mode = atelier_json_get_string (specification, "TrainingInputMode", "File");
  g_autoptr (json_t) channels = json_object ();
  g_autoptr (json_t) texts = json_object ();
  g_autoptr (json_t) resources = atelier_job_resource_config (job);
  json_t *channel, *value;
  const char *name;
  size_t i;

  json_array_foreach (atelier_json_get_array (job->arguments, "InputDataConfig"), i, channel)
    {
      json_t *s3 = atelier_json_get_object (json_object_get (channel, "DataSource"), "S3DataSource");
      json_t *entry = json_object ();

      atelier_json_set_string (entry, "TrainingInputMode", atelier_json_get_string (channel, "InputMode", default_mode));
      atelier_json_set_string (entry, "S3DistributionType", atelier_json_get_string (s3, "S3DataDistributionType", "FullyReplicated"));
      atelier_json_set_string (entry, "RecordWrapperType", atelier_json_get_string (channel, "RecordWrapperType", "None"));
      atelier_json_set_string (entry, "ContentType", atelier_json_get_string (channel, "ContentType", NULL));
      json_object_set_new (channels, atelier_json_get_string (channel, "ChannelName", ""), entry);
    }
  json_object_foreach (atelier_json_get_object (job->arguments, "HyperParameters"), name, value)
    {
      g_autofree char *text = atelier_json_to_text (value);

      json_object_set_new (texts, name, json_string (text));
    }
  return atelier_job_write_config (job, "/opt/ml/input/config/hyperparameters.json", texts, error) &&
         atelier_job_write_config (job, "/opt/ml/input/config/inputdataconfig.json", channels, error) &&
         atelier_job_write_config (job, "/opt/ml/input/config/resourceconfig.json", resources, error);
}

static gboolean
make_folders (AtelierJob *job, GError **error)
{
  static const char *const folders[] = { "/opt/ml/model", "/opt/ml/output/data", "/opt/ml/output/intermediate",
                                         "/opt/ml/output/tensorboard", "/opt/ml/input/data", CODE_FOLDER };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = atelier_job_host_path (job, folders[i]);

      if (!atelier_files_make_folder (path, error))
        return FALSE;
    }
  return TRUE;
}

/* Checkpoints of earlier attempts are there when the job begins. */
static gboolean
stage_checkpoints (AtelierJob *job, GError **error)
{
  json_t *checkpoints = atelier_json_get_object (job->arguments, "CheckpointConfig");
  const char *uri = atelier_json_get_string (checkpoints, "S3Uri", NULL);
  const char *folder = atelier_json_get_string (checkpoints, "LocalPath", CHECKPOINT_FOLDER);
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *path = NULL;

  if (uri == NULL)
    return TRUE;
  if (atelier_job_check_folder (folder, "CheckpointConfig", error) == NULL)
    return FALSE;
  path = atelier_job_host_path (job, folder);
  files = atelier_artifacts_list (job->run->artifacts, uri, TRUE, NULL, error);
  if (files == NULL || !atelier_files_make_folder (path, error))
    return FALSE;
  return files->len == 0 || atelier_artifacts_stage (job->run->artifacts, files, path, ATELIER_STAGE_COPY, NULL, error);
}

/* The source of script mode: an archive or a prefix in the store, unpacked as /opt/ml/code. */
static gboolean
stage_code (AtelierJob *job, GError **error)
{
  g_autofree char *folder = atelier_job_host_path (job, CODE_FOLDER);

  for (guint i = 0; i < job->inputs->len; i++)
    {
      const AtelierJobInput *input = g_ptr_array_index (job->inputs, i);
      const AtelierArtifactFile *file;
      g_autofree char *path = NULL;

      if (input->folder != NULL)
        continue;
      file = g_ptr_array_index (input->files, 0);
      if (input->files->len != 1 || !g_str_has_suffix (file->relative, ".tar.gz"))
        return atelier_artifacts_stage (job->run->artifacts, input->files, folder, ATELIER_STAGE_COPY, NULL, error);
      path = atelier_artifacts_dup_path (job->run->artifacts, file->uri, error);
      return path != NULL && atelier_archive_unpack (path, folder, NULL, NULL, error);
    }
  return TRUE;
}

static int
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

static GPtrArray *
sorted_keys (json_t *object)
{
  GPtrArray *keys = g_ptr_array_new ();
  const char *key;
  json_t *value;

  json_object_foreach (object, key, value)
    g_ptr_array_add (keys, (char *) key);
  g_ptr_array_sort (keys, compare_text);
  return keys;
}

/* A value on a script's command line, as Python's str() gives it; objects as k=v,k=v. */
static char *
argument_text (json_t *value)
{
  if (json_is_boolean (value))
    return g_strdup (json_is_true (value) ? "True" : "False");
  if (json_is_null (value))
    return g_strdup ("");
  if (json_is_object (value))
    {
      g_autoptr (GString) text = g_string_new (NULL);
      g_autoptr (GPtrArray) keys = sorted_keys (value);

      for (guint i = 0; i < keys->len; i++)
        {
          g_autofree char *item = atelier_json_to_text (json_object_get (value, g_ptr_array_index (keys, i)));

          g_string_append_printf (text, "%s%s=%s", i > 0 ? "," : "", (char *) g_ptr_array_index (keys, i), item);
        }
      return g_strdup (text->str);
    }
  return atelier_json_to_text (value);
}

/* The script's own hyperparameters, decoded; settings of the framework are left out. */
static json_t *
script_hyperparameters (AtelierJob *job)
{
  json_t *result = json_object ();
  const char *name;
  json_t *value;

  json_object_foreach (atelier_json_get_object (job->arguments, "HyperParameters"), name, value)
    {
      g_autofree char *text = atelier_json_to_text (value);

      if (!g_str_has_prefix (name, "sagemaker_") && strcmp (name, "_tuning_objective_metric") != 0)
        json_object_set_new (result, name, decode (text));
    }
  return result;
}

static void
add_user_arguments (AtelierJob *job)
{
  g_autoptr (GPtrArray) keys = sorted_keys (job->hyperparameters);

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);

      g_ptr_array_add (job->argv, g_strdup_printf ("%s%s", strlen (key) == 1 ? "-" : "--", key));
      g_ptr_array_add (job->argv, argument_text (json_object_get (job->hyperparameters, key)));
    }
}

static void
set_json (AtelierJob *job, const char *name, json_t *value)
{
  g_autoptr (json_t) owned = value;
  g_autofree char *text = atelier_json_compact (owned);

  atelier_job_set_environment (job, name, text);
}

/* The SM_* variables of the training toolkit. */
static void
set_script_environment (AtelierJob *job)
{
  static const char *const fixed[][2] = {
    { "SM_MODEL_DIR", "/opt/ml/model" },
    { "SM_OUTPUT_DATA_DIR", "/opt/ml/output/data" },
    { "SM_OUTPUT_DIR", "/opt/ml/output" },
    { "SM_OUTPUT_INTERMEDIATE_DIR", "/opt/ml/output/intermediate" },
    { "SM_INPUT_DIR", "/opt/ml/input" },
    { "SM_INPUT_CONFIG_DIR", "/opt/ml/input/config" },
    { "SM_MODULE_DIR", CODE_FOLDER },
    { "SM_HOSTS", "[\"algo-1\"]" },
    { "SM_CURRENT_HOST", "algo-1" },
    { "SM_NUM_GPUS", "0" },
    { "SM_NUM_NEURONS", "0" },
    { "SM_NETWORK_INTERFACE_NAME", "lo" },
    { "SM_LOG_LEVEL", "20" },
    { "SM_FRAMEWORK_PARAMS", "{}" },
  };
  g_autoptr (json_t) channels = json_array ();
  g_autoptr (json_t) user_arguments = json_array ();
  g_autoptr (json_t) resources = atelier_job_resource_config (job);
  g_autofree char *cpus = g_strdup_printf ("%u", job->run->steps[job->step].cpus);
  json_t *item;
  const char *name;
  size_t i;

  for (gsize k = 0; k < G_N_ELEMENTS (fixed); k++)
    atelier_job_set_environment (job, fixed[k][0], fixed[k][1]);
  atelier_job_set_environment (job, "SM_NUM_CPUS", cpus);
  atelier_job_set_environment (job, "SM_CURRENT_INSTANCE_TYPE", atelier_json_get_string (resources, "current_instance_type", "local"));
  json_array_foreach (atelier_json_get_array (job->arguments, "InputDataConfig"), i, item)
    {
      const char *channel = atelier_json_get_string (item, "ChannelName", "");
      g_autofree char *upper = g_ascii_strup (channel, -1);
      g_autofree char *variable = g_strconcat ("SM_CHANNEL_", upper, NULL);
      g_autofree char *folder = g_strconcat ("/opt/ml/input/data/", channel, NULL);

      atelier_job_set_environment (job, variable, folder);
      json_array_append_new (channels, json_string (channel));
    }
  set_json (job, "SM_CHANNELS", json_incref (channels));
  if (job->program == NULL)
    return;
  json_object_foreach (job->hyperparameters, name, item)
    {
      g_autofree char *upper = g_ascii_strup (name, -1);
      g_autofree char *variable = g_strconcat ("SM_HP_", upper, NULL);
      g_autofree char *text = json_is_null (item) ? g_strdup ("") : atelier_json_to_text (item);

      atelier_job_set_environment (job, variable, text);
    }
  for (i = 2; i < job->argv->len; i++)
    json_array_append_new (user_arguments, json_string (g_ptr_array_index (job->argv, i)));
  set_json (job, "SM_HPS", json_incref (job->hyperparameters));
  set_json (job, "SM_USER_ARGS", json_incref (user_arguments));
  set_json (job, "SM_RESOURCE_CONFIG", json_incref (resources));
  set_json (job, "SM_INPUT_DATA_CONFIG", json_deep_copy (json_object_get (job->arguments, "InputDataConfig")));
  atelier_job_set_environment (job, "SM_USER_ENTRY_POINT", job->program);
  {
    g_autofree char *module = g_strdup (job->program);

    if (g_str_has_suffix (module, ".py"))
      module[strlen (module) - 3] = '\0';
    atelier_job_set_environment (job, "SM_MODULE_NAME", module);
  }
  set_json (job, "SM_TRAINING_ENV",
            json_pack ("{s:O, s:O, s:s, s:s, s:s, s:O}", "hyperparameters", job->hyperparameters, "resource_config", resources, "model_dir",
                       "/opt/ml/model", "output_data_dir", "/opt/ml/output/data", "user_entry_point", job->program, "channel_input_names",
                       channels));
}

static gboolean
set_script_command (AtelierJob *job, GError **error)
{
  g_autofree char *relative = g_strconcat (CODE_FOLDER "/", job->program, NULL);
  g_autofree char *path = NULL;

  if (atelier_job_check_folder (relative, "sagemaker_program", error) == NULL)
    return FALSE;
  path = atelier_job_host_path (job, relative);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the training script “%s” is not in its source folder"), job->program);
      return FALSE;
    }
  job->hyperparameters = script_hyperparameters (job);
  g_ptr_array_add (job->argv, g_strdup (g_str_has_suffix (job->program, ".py") ? "python3" : "/bin/sh"));
  g_ptr_array_add (job->argv, g_strdup (job->program));
  add_user_arguments (job);
  g_free (job->working_folder);
  job->working_folder = g_strdup (CODE_FOLDER);
  atelier_job_set_environment (job, "PYTHONPATH", CODE_FOLDER);
  return TRUE;
}

static gboolean
set_command (AtelierJob *job, GError **error)
{
  json_t *specification = specification_of (job), *item;
  size_t i;

  if (json_array_size (atelier_json_get_array (specification, "ContainerEntrypoint")) > 0)
    {
      json_array_foreach (atelier_json_get_array (specification, "ContainerEntrypoint"), i, item)
        g_ptr_array_add (job->argv, atelier_json_to_text (item));
      json_array_foreach (atelier_json_get_array (specification, "ContainerArguments"), i, item)
        g_ptr_array_add (job->argv, atelier_json_to_text (item));
      return TRUE;
    }
  if (job->program != NULL)
    return set_script_command (job, error);
  g_ptr_array_add (job->argv, g_strdup (job->runtime->program));
  g_ptr_array_add (job->argv, g_strdup ("train"));
  return TRUE;
}

static gboolean
prepare (AtelierJob *job, GError **error)
{
  json_t *value;
  const char *name;

  if (!make_folders (job, error) || !write_input_config (job, error) || !stage_checkpoints (job, error) || !stage_code (job, error) ||
      !set_command (job, error))
    return FALSE;
  set_script_environment (job);
  atelier_job_set_environment (job, "TRAINING_JOB_NAME", job->name);
  json_object_foreach (atelier_json_get_object (job->arguments, "Environment"), name, value)
    {
      g_autofree char *text = atelier_json_to_text (value);

      atelier_job_set_environment (job, name, text);
    }
  return TRUE;
}

/* --- after the process --- */

static json_t *
final_metrics (AtelierJob *job)
{
  json_t *list = json_array (), *metric;
  const char *name;

  json_object_foreach (job->final_metrics, name, metric)
    {
      json_t *item = json_copy (metric);

      atelier_json_set_string (item, "MetricName", name);
      json_array_append_new (list, item);
    }
  return list;
}

static gboolean
folder_is_empty (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);

  return folder == NULL || g_dir_read_name (folder) == NULL;
}

static gboolean
put_model (AtelierJob *job, const char *base, GError **error)
{
  json_t *config = atelier_json_get_object (job->arguments, "OutputDataConfig");
  gboolean is_packed = strcmp (atelier_json_get_string (config, "CompressionType", "GZIP"), "NONE") != 0;
  g_autofree char *relative = g_strconcat (job->name, is_packed ? "/output/model.tar.gz" : "/output/model", NULL);
  g_autofree char *uri = atelier_uri_join (base, relative, error);
  g_autofree char *folder = NULL;

  if (uri == NULL || !(is_packed ? atelier_job_put_archive (job, "model", "/opt/ml/model", uri, error)
                                 : atelier_job_put_folder (job, "model", "/opt/ml/model", uri, error)))
    return FALSE;
  folder = is_packed ? NULL : g_strconcat (uri, "/", NULL);
  json_object_set_new (job->properties, "ModelArtifacts", json_pack ("{s:s}", "S3ModelArtifacts", is_packed ? uri : folder));
  return TRUE;
}

static gboolean
put_output_data (AtelierJob *job, const char *base, GError **error)
{
  g_autofree char *path = atelier_job_host_path (job, "/opt/ml/output/data");
  g_autofree char *relative = g_strconcat (job->name, "/output/output.tar.gz", NULL);
  g_autofree char *uri = NULL;

  if (folder_is_empty (path))
    return TRUE;
  uri = atelier_uri_join (base, relative, error);
  return uri != NULL && atelier_job_put_archive (job, "output", "/opt/ml/output/data", uri, error);
}

static gboolean
put_checkpoints (AtelierJob *job, GError **error)
{
  json_t *checkpoints = atelier_json_get_object (job->arguments, "CheckpointConfig");
  const char *uri = atelier_json_get_string (checkpoints, "S3Uri", NULL);

  return uri == NULL ||
         atelier_job_put_folder (job, "checkpoints", atelier_json_get_string (checkpoints, "LocalPath", CHECKPOINT_FOLDER), uri, error);
}

static gboolean
collect (AtelierJob *job, GError **error)
{
  const char *base = atelier_json_get_string (json_object_get (job->arguments, "OutputDataConfig"), "S3OutputPath", "");

  if (!put_model (job, base, error) || !put_output_data (job, base, error) || !put_checkpoints (job, error))
    return FALSE;
  atelier_json_set_string (job->properties, "SecondaryStatus", "Completed");
  atelier_json_set_int (job->properties, "TrainingTimeInSeconds", (job->end.wall_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC);
  json_object_set_new (job->properties, "FinalMetricDataList", final_metrics (job));
  return TRUE;
}

const AtelierJobType atelier_training_job = {
  .type = ATELIER_STEP_TYPE_TRAINING,
  .name_key = "TrainingJobName",
  .arn_kind = "training-job",
  .status_key = "TrainingJobStatus",
  .read = read_arguments,
  .prepare = prepare,
  .collect = collect,
};
