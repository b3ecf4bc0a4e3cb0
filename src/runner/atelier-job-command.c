/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-door-key.h"
#include "atelier-files.h"
#include "atelier-programs.h"
#include "atelier-run-door.h"
#include "atelier-sandbox.h"

/* From a job to the command that the supervisor starts: environment, sandbox, limits. And the record of the
 * environment that an attempt ran in. */

#define SDK_FOLDER "/opt/atelier/sdk"
#define STEP_PROGRAM "/opt/atelier/bin/atelier-step"
#define XGBOOST_PROGRAM "/opt/atelier/bin/atelier-xgboost"
#define DOOR_SOCKET "/opt/atelier/run/s3"
#define DOOR_PORT "9000"
#define TRACKING_FILE "/opt/ml/output/atelier/metrics.jsonl"
#define HOST_NAME "algo-1"

#define DEFAULT_GRACE_MS 120000
#define DEFAULT_LOG_LIMIT ((gint64) 256 << 20)
#define MOST_PROCESSES 1024
#define STARTED_AFTER_MS 20 /* nobody asks for the process of a step that ends sooner */

/* @value: (nullable): NULL leaves the variable out. PYTHONPATH is put in front of what is there. */
void
atelier_job_set_environment (AtelierJob *job, const char *name, const char *value)
{
  const char *there = strcmp (name, "PYTHONPATH") == 0 ? g_hash_table_lookup (job->environment, name) : NULL;

  if (value != NULL)
    g_hash_table_replace (job->environment, g_strdup (name), there != NULL ? g_strconcat (value, ":", there, NULL) : g_strdup (value));
}

static void
set_default (AtelierJob *job, const char *name, const char *value)
{
  if (value != NULL && !g_hash_table_contains (job->environment, name))
    g_hash_table_insert (job->environment, g_strdup (name), g_strdup (value));
}

/* The definition's own variables, which come before what the contract sets. */
void
atelier_job_add_own_environment (AtelierJob *job)
{
  json_t *value;
  const char *name;

  json_object_foreach (atelier_json_get_object (job->arguments, "Environment"), name, value)
    {
      g_autofree char *text = json_is_null (value) ? NULL : atelier_json_to_text (value);

      atelier_job_set_environment (job, name, text);
    }
}

static char *
find_sdk (AtelierJob *job)
{
  return job->has_sandbox ? g_strdup (SDK_FOLDER) : atelier_programs_data ("sdk");
}

/* What every script gets; what the definition sets stays. Nothing of this program's own environment comes through. */
void
atelier_job_add_base_environment (AtelierJob *job)
{
  g_autofree char *interpreter_folder = g_path_get_dirname (job->runtime->program);
  g_autofree char *path = g_strconcat (job->runtime->kind == ATELIER_RUNTIME_PYTHON ? interpreter_folder : "/usr/local/bin",
                                       ":/usr/local/bin:/usr/bin:/bin", NULL);
  g_autofree char *tmp = job->has_sandbox ? g_strdup ("/tmp") : g_build_filename (job->folder, "tmp", NULL);
  g_autofree char *sdk = find_sdk (job);
  g_autofree char *hook = g_build_filename (sdk, "door", NULL);
  g_autofree char *python_path = g_strconcat (hook, ":", sdk, NULL);
  g_autofree char *threads = g_strdup_printf ("%u", MAX (job->run->steps[job->step].cpus, 1));
  const char *own_python_path = g_hash_table_lookup (job->environment, "PYTHONPATH");

  if (own_python_path != NULL)
    {
      g_autofree char *both = g_strconcat (own_python_path, ":", python_path, NULL);

      g_hash_table_replace (job->environment, g_strdup ("PYTHONPATH"), g_strdup (both));
    }
  set_default (job, "PYTHONPATH", python_path);
  set_default (job, "PATH", path);
  set_default (job, "HOME", tmp);
  set_default (job, "TMPDIR", tmp);
  set_default (job, "USER", "atelier");
  set_default (job, "LOGNAME", "atelier");
  set_default (job, "LANG", "C.UTF-8");
  set_default (job, "TZ", "UTC");
  set_default (job, "PYTHONUNBUFFERED", "1");
  set_default (job, "PYTHONDONTWRITEBYTECODE", "1");
  set_default (job, "OMP_NUM_THREADS", threads);
  set_default (job, "OPENBLAS_NUM_THREADS", threads);
  /* threads that spin while they wait make steps that run side by side slower by orders of magnitude */
  set_default (job, "OMP_WAIT_POLICY", "PASSIVE");
  set_default (job, "AWS_REGION", "us-east-1");
  set_default (job, "AWS_DEFAULT_REGION", "us-east-1");
  set_default (job, "AWS_EC2_METADATA_DISABLED", "true");
  set_default (job, "AWS_CONFIG_FILE", "/dev/null");
  set_default (job, "AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  set_default (job, "ATELIER_TRACKING_FILE", TRACKING_FILE);
  set_default (job, "ATELIER_EXECUTION_ID", job->run->execution_id);
  set_default (job, "ATELIER_STEP_NAME", atelier_step_get_name (job->definition));
}

/* Gives the script its key to the S3 door. */
static gboolean
add_door (AtelierJob *job, AtelierSandbox *sandbox, GError **error)
{
  g_autofree char *id = atelier_door_key_new_id (atelier_step_get_name (job->definition), (guint) job->attempt);
  g_auto (AtelierDoorPlace) place = { 0 };
  g_autofree char *secret = NULL;
  g_autofree char *endpoint = NULL;

  if (!atelier_door_ensure (job->run->door, job->run, &place, error))
    return FALSE;
  secret = atelier_door_key_new_secret (place.secret, id);
  if (sandbox != NULL && !job->has_network)
    {
      endpoint = g_strdup ("http://127.0.0.1:" DOOR_PORT);
      atelier_sandbox_add_writable (sandbox, place.socket, DOOR_SOCKET);
    }
  else
    endpoint = g_strdup_printf ("http://127.0.0.1:%u", place.port);
  set_default (job, "AWS_ACCESS_KEY_ID", id);
  set_default (job, "AWS_SECRET_ACCESS_KEY", secret);
  set_default (job, "AWS_ENDPOINT_URL_S3", endpoint);
  set_default (job, "S3_ENDPOINT_URL", endpoint);
  return TRUE;
}

/* Without a sandbox /opt/ml is not there: what begins with it is turned into the attempt's own folder. */
static char *
map_text (AtelierJob *job, const char *text)
{
  static GRegex *pattern;
  g_autofree char *opt_ml = NULL;
  char *mapped;

  if (job->has_sandbox || strstr (text, "/opt/ml") == NULL)
    return g_strdup (text);
  if (g_once_init_enter (&pattern))
    g_once_init_leave (&pattern, g_regex_new ("(?<![A-Za-z0-9._-])/opt/ml(?=/|$|[^A-Za-z0-9._-])", G_REGEX_OPTIMIZE, 0, NULL));
  opt_ml = g_build_filename (job->folder, "opt-ml", NULL);
  mapped = g_regex_replace_literal (pattern, text, -1, 0, opt_ml, 0, NULL);
  return mapped != NULL ? mapped : g_strdup (text);
}

static gboolean
is_python (const char *program)
{
  g_autofree char *name = g_path_get_basename (program);

  return strcmp (name, "python") == 0 ||
         (g_str_has_prefix (name, "python3") && name[7 + strspn (name + 7, ".0123456789")] == '\0');
}

/* The script's command line for this machine. A "python3" of the image becomes the runtime's interpreter. */
static GStrv
command_line (AtelierJob *job)
{
  GPtrArray *argv = g_ptr_array_new ();

  for (guint i = 0; i < job->argv->len; i++)
    {
      const char *text = g_ptr_array_index (job->argv, i);

      if (i == 0 && job->runtime->kind == ATELIER_RUNTIME_PYTHON && is_python (text))
        text = job->runtime->program;
      else if (i == 0 && job->runtime->kind == ATELIER_RUNTIME_XGBOOST && job->has_sandbox)
        text = XGBOOST_PROGRAM;
      g_ptr_array_add (argv, map_text (job, text));
    }
  g_ptr_array_add (argv, NULL);
  return (GStrv) g_ptr_array_free (argv, FALSE);
}

static void
bind_runtime (AtelierJob *job, AtelierSandbox *sandbox)
{
  json_t *prefix;
  size_t i;

  if (job->runtime->kind == ATELIER_RUNTIME_XGBOOST)
    atelier_sandbox_add_read_only (sandbox, job->runtime->program, XGBOOST_PROGRAM);
  json_array_foreach (atelier_json_get_array (job->runtime->record, "prefixes"), i, prefix)
    atelier_sandbox_add_read_only (sandbox, json_string_value (prefix), NULL);
}

static gboolean
is_in_an_input (AtelierJob *job, const char *folder)
{
  for (guint i = 0; i < job->inputs->len; i++)
    {
      const AtelierJobInput *input = g_ptr_array_index (job->inputs, i);
      g_autofree char *prefix = input->folder != NULL ? g_strconcat (input->folder, "/", NULL) : NULL;

      if (prefix != NULL && g_str_has_prefix (folder, prefix))
        return TRUE;
    }
  return FALSE;
}

/* Inputs cannot be written, but an output may lie in the folder of one. */
static void
bind_files (AtelierJob *job, AtelierSandbox *sandbox)
{
  for (guint i = 0; i < job->inputs->len; i++)
    {
      const AtelierJobInput *input = g_ptr_array_index (job->inputs, i);
      g_autofree char *path = input->folder != NULL ? atelier_job_host_path (job, input->folder) : NULL;

      if (path != NULL)
        atelier_sandbox_add_read_only (sandbox, path, input->folder);
    }
  for (guint i = 0; i < job->outputs->len; i++)
    {
      const AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);
      g_autofree char *path = is_in_an_input (job, output->folder) ? atelier_job_host_path (job, output->folder) : NULL;

      if (path != NULL)
        atelier_sandbox_add_writable (sandbox, path, output->folder);
    }
}

/* Without a network only this machine has a name: that of the service's first host. */
static gboolean
bind_hosts (AtelierJob *job, AtelierSandbox *sandbox, GError **error)
{
  static const char text[] = "127.0.0.1 localhost " HOST_NAME "\n::1 localhost\n";
  g_autofree char *path = g_build_filename (job->run->run_folder, "hosts", NULL);

  if (job->has_network)
    return TRUE;
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && !atelier_files_write_atomic (path, text, -1, 0644, error))
    return FALSE;
  atelier_sandbox_add_read_only (sandbox, path, "/etc/hosts");
  return TRUE;
}

static gboolean
wrap_in_sandbox (AtelierJob *job, AtelierSandbox *sandbox, GStrv *argv, GError **error)
{
  g_autofree char *step_program = atelier_programs_find ("atelier-step", error);
  g_autofree char *sdk = atelier_programs_data ("sdk");
  g_autoptr (GPtrArray) inner = g_ptr_array_new ();
  GStrv wrapped;

  if (step_program == NULL || !bind_hosts (job, sandbox, error))
    return FALSE;
  bind_files (job, sandbox);
  bind_runtime (job, sandbox);
  if (g_file_test (sdk, G_FILE_TEST_IS_DIR))
    atelier_sandbox_add_read_only (sandbox, sdk, SDK_FOLDER);
  if (job->runtime->kind == ATELIER_RUNTIME_PYTHON && !job->has_network)
    {
      atelier_sandbox_add_read_only (sandbox, step_program, STEP_PROGRAM);
      g_ptr_array_add (inner, (char *) STEP_PROGRAM);
      g_ptr_array_add (inner, (char *) "inside");
      g_ptr_array_add (inner, (char *) "--forward");
      g_ptr_array_add (inner, (char *) DOOR_PORT "=" DOOR_SOCKET);
      g_ptr_array_add (inner, (char *) "--");
    }
  for (gsize i = 0; (*argv)[i] != NULL; i++)
    g_ptr_array_add (inner, (*argv)[i]);
  g_ptr_array_add (inner, NULL);
  wrapped = atelier_sandbox_wrap (sandbox, job->working_folder, (const char *const *) inner->pdata);
  g_strfreev (*argv);
  *argv = wrapped;
  return TRUE;
}

/* What is not UTF-8 is made so. */
static void
append_text (json_t *array, const char *text)
{
  json_t *value = json_string (text);

  if (value == NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (text, -1);

      value = json_string (valid);
    }
  json_array_append_new (array, value);
}

static json_t *
text_array (const char *const *texts)
{
  json_t *array = json_array ();

  for (gsize i = 0; texts[i] != NULL; i++)
    append_text (array, texts[i]);
  return array;
}

/* Sorted, so that the same attempt has the same request. */
static json_t *
environment_array (AtelierJob *job)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (job->environment), (GCompareFunc) strcmp);
  json_t *array = json_array ();

  for (GList *name = names; name != NULL; name = name->next)
    {
      g_autofree char *mapped = map_text (job, g_hash_table_lookup (job->environment, name->data));
      g_autofree char *variable = g_strconcat (name->data, "=", mapped, NULL);

      append_text (array, variable);
    }
  return array;
}

static json_t *
limits_of (AtelierJob *job)
{
  const AtelierRunOptions *options = &job->run->options;

  return json_pack ("{s:I, s:I, s:I, s:I, s:I}", "wall_ms", (json_int_t) (job->limit_us / 1000), "memory_bytes",
                    (json_int_t) job->run->steps[job->step].memory_bytes, "processes", (json_int_t) MOST_PROCESSES, "log_bytes",
                    (json_int_t) (options->log_limit_bytes > 0 ? options->log_limit_bytes : DEFAULT_LOG_LIMIT), "grace_ms",
                    (json_int_t) (options->grace_ms > 0 ? options->grace_ms : DEFAULT_GRACE_MS));
}

/* Without a sandbox: the script's working folder, where that is, else the attempt's. */
static char *
plain_folder (AtelierJob *job)
{
  g_autofree char *folder = atelier_job_host_path (job, job->working_folder);

  return g_file_test (folder, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&folder) : g_strdup (job->folder);
}

/* atelier_job_request:
 *
 * Returns: (transfer full) (nullable): the "start" that asks the supervisor for this attempt */
json_t *
atelier_job_request (AtelierJob *job, GError **error)
{
  const char *name = atelier_step_get_name (job->definition);
  g_autoptr (AtelierSandbox) sandbox = job->has_sandbox ? atelier_sandbox_new (job->folder, job->has_network) : NULL;
  g_autofree char *log = g_strdup_printf ("%s/%d/log", name, job->attempt);
  g_autofree char *folder = job->has_sandbox ? NULL : plain_folder (job);
  g_auto (GStrv) argv = NULL;
  json_t *request;

  if (job->runtime->kind == ATELIER_RUNTIME_PYTHON && !add_door (job, sandbox, error))
    return NULL;
  atelier_job_add_base_environment (job);
  argv = command_line (job);
  if (sandbox != NULL && !wrap_in_sandbox (job, sandbox, &argv, error))
    return NULL;
  request = json_pack ("{s:s, s:s, s:i, s:o, s:o, s:s, s:i, s:o}", "op", "start", "step", name, "attempt", job->attempt, "argv",
                       text_array ((const char *const *) argv), "env", environment_array (job), "log", log, "started_after_ms",
                       STARTED_AFTER_MS, "limits", limits_of (job));
  atelier_json_set_string (request, "folder", folder);
  return request;
}

static json_t *
describe_environment (AtelierJob *job)
{
  AtelierRun *run = job->run;
  json_t *record = json_object ();
  struct utsname host;

  json_object_set (record, "Runtime", job->runtime->record);
  atelier_json_set_string (record, "Image", job->image);
  atelier_json_set_string (record, "Sandbox", job->has_sandbox ? "bubblewrap" : "none");
  atelier_json_set_bool (record, "Network", !job->has_sandbox || job->has_network);
  atelier_json_set_string (record, "Commit", run->commit_id);
  atelier_json_set_bool (record, "Dirty", run->is_dirty);
  if (uname (&host) == 0)
    json_object_set_new (record, "Host",
                         json_pack ("{s:s, s:s, s:s, s:i, s:I}", "Name", host.nodename, "Kernel", host.release, "Machine", host.machine,
                                    "Processors", (int) g_get_num_processors (), "MemoryBytes",
                                    (json_int_t) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE)));
  return record;
}

/* Records what the attempt runs in, once for all that run in the same: interpreter, packages and versions, host, image, commit. */
void
atelier_job_record_environment (AtelierJob *job)
{
  AtelierRun *run = job->run;
  g_autofree char *key = g_strdup_printf ("%s %s %d", job->runtime->program, job->image, job->has_network);
  g_autoptr (json_t) record = NULL;
  g_autofree char *text = NULL;

  g_mutex_lock (&run->lock);
  job->environment_digest = g_strdup (g_hash_table_lookup (run->environments, key));
  g_mutex_unlock (&run->lock);
  if (job->environment_digest != NULL)
    return;
  record = describe_environment (job);
  job->environment_digest = atelier_json_digest (record);
  text = atelier_json_compact (record);
  /* queued before any attempt that names it; twice is once */
  atelier_store_environment_seen (run->store, job->environment_digest, text, atelier_run_committed, atelier_run_pending_new (run, NULL));
  g_mutex_lock (&run->lock);
  g_hash_table_replace (run->environments, g_steal_pointer (&key), g_strdup (job->environment_digest));
  g_mutex_unlock (&run->lock);
}
