/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-archive.h"
#include "atelier-files.h"
#include "atelier-time.h"

/* Training: CreateTrainingJob's request and contract (SAGEMAKER-DEFINITION, "Training" and "Job contract"): a script, a command,
 * or the built-in algorithm. */

#define DEFAULT_SECONDS 86400
#define CODE_FOLDER "/opt/ml/code"
#define CHECKPOINT_FOLDER "/opt/ml/checkpoints"

static json_t *
specification_of (AtelierJob *job)
{
  return atelier_json_get_object (job->arguments, "AlgorithmSpecification");
}

static gboolean
read_channel (AtelierJob *job, json_t *channel, GError **error)
{
  const char *name = atelier_json_get_string (channel, "ChannelName", "");
  json_t *s3 = atelier_json_get_object (json_object_get (channel, "DataSource"), "S3DataSource");
  const char *type = atelier_json_get_string (s3, "S3DataType", "S3Prefix");
  const char *mode = atelier_json_get_string (channel, "InputMode",
                                              atelier_json_get_string (specification_of (job), "TrainingInputMode", "File"));
  g_autofree char *folder = g_strconcat ("/opt/ml/input/data/", name, NULL);

  if (*name == '\0' || strchr (name, '/') != NULL || s3 == NULL || strcmp (mode, "Pipe") == 0 || strcmp (type, "AugmentedManifestFile") == 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("the channel “%s” cannot be given to the script: this machine has channels of an S3DataSource (S3Prefix or ManifestFile) in "
                     "the modes File and FastFile"),
                   name);
      return FALSE;
    }
  return atelier_job_add_input (job, name, atelier_json_get_string (s3, "S3Uri", NULL), folder,
                                strcmp (type, "ManifestFile") == 0 ? ATELIER_INPUT_MANIFEST : ATELIER_INPUT_PREFIX,
                                strcmp (atelier_json_get_string (channel, "CompressionType", "None"), "Gzip") == 0, error);
}

/* Checkpoints are put while the job runs: what an attempt that fails leaves is there for the next one. */
static gboolean
read_checkpoints (AtelierJob *job, GError **error)
{
  json_t *checkpoints = atelier_json_get_object (job->arguments, "CheckpointConfig");
  const char *uri = atelier_json_get_string (checkpoints, "S3Uri", NULL);
  AtelierJobOutput *output;

  if (uri == NULL)
    return TRUE;
  output = atelier_job_add_output (job, "checkpoints", uri, atelier_json_get_string (checkpoints, "LocalPath", CHECKPOINT_FOLDER), error);
  if (output == NULL)
    return FALSE;
  output->is_continuous = TRUE;
  return TRUE;
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
  job->program = atelier_job_script_setting (job, "program");
  job->is_built_in = job->program == NULL && json_array_size (atelier_json_get_array (specification, "ContainerEntrypoint")) == 0;
  job->limit_us = atelier_job_int (stopping, "MaxRuntimeInSeconds", DEFAULT_SECONDS) * G_USEC_PER_SEC;
  if (atelier_json_get_string (json_object_get (job->arguments, "OutputDataConfig"), "S3OutputPath", NULL) == NULL)
    {
      g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("OutputDataConfig has no S3OutputPath"));
      return FALSE;
    }
  json_array_foreach (atelier_json_get_array (job->arguments, "InputDataConfig"), i, channel)
    if (!read_channel (job, channel, error))
      return FALSE;
  if (!read_checkpoints (job, error))
    return FALSE;
  source = atelier_job_script_setting (job, "submit_directory");
  if (job->program != NULL && source != NULL && !g_str_has_prefix (source, "/opt/ml/"))
    return atelier_job_add_input (job, "code", source, NULL, ATELIER_INPUT_PREFIX, FALSE, error);
  return TRUE;
}

/* --- before the process --- */

/* What inputdataconfig.json holds. */
static json_t *
input_config (AtelierJob *job)
{
  const char *default_mode = atelier_json_get_string (specification_of (job), "TrainingInputMode", "File");
  json_t *channels = json_object (), *channel;
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
  return channels;
}

static gboolean
write_configs (AtelierJob *job, const json_t *channels, const json_t *resources, GError **error)
{
  g_autoptr (json_t) texts = json_object ();
  json_t *value;
  const char *name;

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
  for (guint i = 0; i < job->outputs->len; i++)
    {
      const AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);
      g_autofree char *path = atelier_job_host_path (job, output->folder);
      g_autoptr (GPtrArray) files = atelier_artifacts_list (job->run->artifacts, output->uri, TRUE, job->run->cancellable, error);

      if (files == NULL ||
          (files->len > 0 && !atelier_artifacts_stage (job->run->artifacts, files, path, ATELIER_STAGE_COPY, job->run->cancellable, error)))
        return FALSE;
    }
  return TRUE;
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
        return atelier_artifacts_stage (job->run->artifacts, input->files, folder, ATELIER_STAGE_COPY, job->run->cancellable, error);
      path = atelier_artifacts_dup_path (job->run->artifacts, file->uri, error);
      return path != NULL && atelier_archive_unpack (path, folder, NULL, job->run->cancellable, error);
    }
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
    return atelier_job_set_script_command (job, error);
  g_ptr_array_add (job->argv, g_strdup (job->runtime->program));
  g_ptr_array_add (job->argv, g_strdup ("train"));
  return TRUE;
}

/* The service's images of the built-in XGBoost pickled their models before 1.3, and so do the scripts of that time read them. The
 * repository "xgboost", with the tags 1 and latest, is older still. */
static gboolean
pickles_models (const char *image)
{
  const char *slash = strrchr (image, '/');
  g_auto (GStrv) parts = g_strsplit (slash != NULL ? slash + 1 : image, ":", 2);
  const char *tag = parts[0] != NULL && parts[1] != NULL ? parts[1] : "latest";
  int major = 0, minor = 0;

  if (sscanf (tag, "%d.%d", &major, &minor) == 2)
    return major < 1 || (major == 1 && minor < 3);
  return strcmp (parts[0], "xgboost") == 0;
}

static gboolean
prepare (AtelierJob *job, GError **error)
{
  g_autoptr (json_t) channels = input_config (job);
  g_autoptr (json_t) resources = atelier_job_resource_config (job);
  g_autofree char *arn = atelier_job_dup_arn (job);

  if (!make_folders (job, error) || !write_configs (job, channels, resources, error) || !stage_checkpoints (job, error) ||
      !stage_code (job, error) || !set_command (job, error))
    return FALSE;
  atelier_job_set_script_environment (job, channels, resources);
  atelier_job_set_environment (job, "TRAINING_JOB_NAME", job->name);
  atelier_job_set_environment (job, "TRAINING_JOB_ARN", arn);
  if (job->is_built_in && pickles_models (job->image))
    atelier_job_set_environment (job, "ATELIER_XGBOOST_MODEL_FORMAT", "pickle");
  atelier_job_add_own_environment (job);
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
  for (guint i = 0; i < job->outputs->len; i++)
    {
      const AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);

      if (!atelier_job_put_folder (job, output->role, output->folder, output->uri, error))
        return FALSE;
    }
  return TRUE;
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
  .name_key = "TrainingJobName",
  .arn_kind = "training-job",
  .status_key = "TrainingJobStatus",
  .read = read_arguments,
  .prepare = prepare,
  .collect = collect,
};
