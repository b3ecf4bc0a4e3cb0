/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

/* Processing: CreateProcessingJob's request and contract (SAGEMAKER-DEFINITION, "Processing" and "Job contract"). */

#define DEFAULT_SECONDS 86400
#define EXIT_MESSAGE_BYTES 1024

static gboolean
read_input (AtelierJob *job, json_t *input, GError **error)
{
  const char *name = atelier_json_get_string (input, "InputName", "input");
  json_t *s3 = atelier_json_get_object (input, "S3Input");
  gboolean is_manifest = strcmp (atelier_json_get_string (s3, "S3DataType", "S3Prefix"), "ManifestFile") == 0;
  g_autofree char *fallback = g_strconcat ("/opt/ml/processing/input/", name, NULL);

  if (atelier_json_get_bool (input, "AppManaged", FALSE))
    return TRUE;
  if (s3 == NULL)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("the input “%s” is a DatasetDefinition, which needs Athena or Redshift; give it an S3Input"), name);
      return FALSE;
    }
  return atelier_job_add_input (job, name, atelier_json_get_string (s3, "S3Uri", NULL),
                                atelier_json_get_string (s3, "LocalPath", fallback),
                                is_manifest ? ATELIER_INPUT_MANIFEST : ATELIER_INPUT_PREFIX,
                                strcmp (atelier_json_get_string (s3, "S3CompressionType", "None"), "Gzip") == 0, error);
}

static gboolean
read_output (AtelierJob *job, json_t *item, GError **error)
{
  const char *name = atelier_json_get_string (item, "OutputName", "output");
  json_t *s3 = atelier_json_get_object (item, "S3Output");
  const char *uri = atelier_json_get_string (s3, "S3Uri", NULL);
  g_autofree char *fallback = g_strconcat ("/opt/ml/processing/output/", name, NULL);
  AtelierJobOutput *output;

  if (atelier_json_get_bool (item, "AppManaged", FALSE))
    return TRUE;
  if (uri == NULL)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("the output “%s” has no S3Output; a feature store is not there on this machine"), name);
      return FALSE;
    }
  output = atelier_job_add_output (job, name, uri, atelier_json_get_string (s3, "LocalPath", fallback), error);
  if (output == NULL)
    return FALSE;
  output->is_continuous = strcmp (atelier_json_get_string (s3, "S3UploadMode", "EndOfJob"), "Continuous") == 0;
  return TRUE;
}

static gboolean
read_arguments (AtelierJob *job, GError **error)
{
  json_t *specification = atelier_json_get_object (job->arguments, "AppSpecification");
  json_t *item;
  size_t i;

  job->image = g_strdup (atelier_json_get_string (specification, "ImageUri", "local/python"));
  job->limit_us = atelier_job_int (json_object_get (job->arguments, "StoppingCondition"), "MaxRuntimeInSeconds", DEFAULT_SECONDS) *
                  G_USEC_PER_SEC;
  json_array_foreach (atelier_json_get_array (job->arguments, "ProcessingInputs"), i, item)
    if (!read_input (job, item, error))
      return FALSE;
  json_array_foreach (atelier_json_get_array (json_object_get (job->arguments, "ProcessingOutputConfig"), "Outputs"), i, item)
    if (!read_output (job, item, error))
      return FALSE;
  if (json_array_size (atelier_json_get_array (specification, "ContainerEntrypoint")) == 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_UNSUPPORTED,
                   _("AppSpecification has no ContainerEntrypoint, and what the image “%s” runs by itself is not known here; give it one, such "
                     "as [\"python3\", \"/opt/ml/processing/input/code/script.py\"]"),
                   job->image);
      return FALSE;
    }
  return TRUE;
}

static void
add_arguments (AtelierJob *job, json_t *list)
{
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    g_ptr_array_add (job->argv, atelier_json_to_text (item));
}

static gboolean
prepare (AtelierJob *job, GError **error)
{
  json_t *specification = atelier_json_get_object (job->arguments, "AppSpecification");
  gboolean has_tree = job->has_sandbox || job->inputs->len > 0 || job->outputs->len > 0;

  add_arguments (job, atelier_json_get_array (specification, "ContainerEntrypoint"));
  add_arguments (job, atelier_json_get_array (specification, "ContainerArguments"));
  atelier_job_add_own_environment (job);
  if (has_tree)
    {
      g_autoptr (json_t) resources = atelier_job_resource_config (job);
      g_autoptr (json_t) request = json_copy (job->arguments);
      g_autofree char *arn = atelier_job_dup_arn (job);

      atelier_json_set_string (request, "ProcessingJobName", job->name);
      atelier_json_set_string (request, "ProcessingJobArn", arn);
      if (!atelier_job_write_config (job, "/opt/ml/config/resourceconfig.json", resources, error) ||
          !atelier_job_write_config (job, "/opt/ml/config/processingjobconfig.json", request, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
collect (AtelierJob *job, GError **error)
{
  g_autofree char *message = atelier_job_read_text (job, "/opt/ml/output/message", EXIT_MESSAGE_BYTES);

  for (guint i = 0; i < job->outputs->len; i++)
    {
      const AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);

      if (!atelier_job_put_folder (job, output->role, output->folder, output->uri, error))
        return FALSE;
    }
  atelier_json_set_string (job->properties, "ExitMessage", message);
  return TRUE;
}

const AtelierJobType atelier_processing_job = {
  .name_key = "ProcessingJobName",
  .arn_kind = "processing-job",
  .status_key = "ProcessingJobStatus",
  .read = read_arguments,
  .prepare = prepare,
  .collect = collect,
};
