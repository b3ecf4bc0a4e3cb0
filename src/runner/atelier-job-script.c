/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

/* Script mode: what a framework's image does on "train" is done here, since its runtime is only an interpreter
 * (SAGEMAKER-DEFINITION, "Job contract", Script mode): settings out of hyperparameters, the command line, the SM_* variables.
 *
 * A source with setup.py is a package: its module is run where it lies, nothing is built. Of a requirements.txt the script's own
 * interpreter looks, before it runs the script, what is not there; that is installed where the step may use the network, and else
 * said in the log, after which the script finds out by itself. */

#define CODE_FOLDER "/opt/ml/code"
#define PACKAGES_FOLDER "atelier-packages"
#define DEFAULT_LOG_LEVEL "20"

/* python3 -c THIS FOLDER|- REQUIREMENTS COMMAND…: only the standard library; versions are compared where something on this machine
 * can. */
static const char requirements_script[] =
  "import os, re, sys\n"
  "from importlib import metadata\n"
  "folder, path, command = sys.argv[1], sys.argv[2], sys.argv[3:]\n"
  "requirement = None\n"
  "for module in ('packaging.requirements', 'pip._vendor.packaging.requirements', 'setuptools.extern.packaging.requirements'):\n"
  "    try:\n"
  "        requirement = __import__(module, fromlist=['Requirement']).Requirement\n"
  "        break\n"
  "    except Exception: pass\n"
  "def lines(path):\n"
  "    with open(path, encoding='utf-8', errors='replace') as text:\n"
  "        for line in text.read().replace('\\\\\\n', ' ').split('\\n'):\n"
  "            line = re.sub(r'(^|\\s)#.*', '', line).strip()\n"
  "            other = re.match(r'(?:-r|--requirement)[ =]*(\\S+)', line)\n"
  "            if other: yield from lines(os.path.join(os.path.dirname(path), other.group(1)))\n"
  "            elif line and not line.startswith('-'): yield line\n"
  "def is_there(line):\n"
  "    name = re.match(r'[A-Za-z0-9._-]+', line)\n"
  "    try:\n"
  "        wanted = requirement(re.split(r'\\s--?[a-z]', line)[0]) if requirement else None\n"
  "        if wanted is not None and wanted.marker is not None and not wanted.marker.evaluate(): return True\n"
  "        version = metadata.version(wanted.name if wanted is not None else name.group())\n"
  "        return wanted is None or wanted.specifier.contains(version, prereleases=True)\n"
  "    except Exception: return False\n"
  "try: missing = [line for line in lines(path) if not is_there(line)]\n"
  "except OSError as problem: sys.exit('requirements.txt cannot be read: %s' % problem)\n"
  "if missing and folder == '-':\n"
  "    print('requirements.txt: not there: ' + ', '.join(missing) + '. This step may not use the network, so nothing is installed;'\n"
  "          ' let it (--allow-network), or install them for ' + sys.executable, flush=True)\n"
  "elif missing:\n"
  "    print('requirements.txt: installing ' + ', '.join(missing), flush=True)\n"
  "    import subprocess\n"
  "    code = subprocess.call([sys.executable, '-m', 'pip', 'install', '--disable-pip-version-check', '--target', folder, *missing])\n"
  "    if code: sys.exit('requirements.txt could not be installed (pip ended with code %d)' % code)\n"
  "    os.environ['PYTHONPATH'] = os.pathsep.join([p for p in (os.environ.get('PYTHONPATH'), folder) if p])\n"
  "os.execvp(command[0], command)\n";

/* Hyperparameters are text; the SDK writes JSON in it. What does not decode is meant as text. */
static json_t *
decode (const char *text)
{
  json_t *value = atelier_json_parse (text, -1, NULL);

  return value != NULL ? value : json_string (text);
}

/* A setting of script mode: a hyperparameter sagemaker_NAME, else the environment's SAGEMAKER_NAME.
 * Returns: (transfer full) (nullable) */
char *
atelier_job_script_setting (AtelierJob *job, const char *name)
{
  g_autofree char *hyperparameter = g_strconcat ("sagemaker_", name, NULL);
  g_autofree char *variable = g_ascii_strup (hyperparameter, -1);
  json_t *setting = json_object_get (json_object_get (job->arguments, "HyperParameters"), hyperparameter);

  if (setting != NULL && !json_is_null (setting))
    {
      g_autofree char *text = atelier_json_to_text (setting);
      g_autoptr (json_t) value = decode (text);

      return json_is_null (value) ? NULL : atelier_json_to_text (value);
    }
  return g_strdup (atelier_json_get_string (json_object_get (job->arguments, "Environment"), variable, NULL));
}

/* --- the command line --- */

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

static void append_repr (GString *text, json_t *value);

/* A string as Python's repr() gives it. */
static void
append_quoted (GString *text, const char *string)
{
  char quote = strchr (string, '\'') != NULL && strchr (string, '"') == NULL ? '"' : '\'';

  g_string_append_c (text, quote);
  for (const char *p = string; *p != '\0'; p++)
    switch (*p)
      {
      case '\n':
        g_string_append (text, "\\n");
        break;
      case '\t':
        g_string_append (text, "\\t");
        break;
      case '\r':
        g_string_append (text, "\\r");
        break;
      default:
        if (*p == '\\' || *p == quote)
          g_string_append_c (text, '\\');
        g_string_append_c (text, *p);
      }
  g_string_append_c (text, quote);
}

static void
append_object (GString *text, json_t *object)
{
  g_autoptr (GPtrArray) keys = sorted_keys (object);

  g_string_append_c (text, '{');
  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);

      g_string_append (text, i > 0 ? ", " : "");
      append_quoted (text, key);
      g_string_append (text, ": ");
      append_repr (text, json_object_get (object, key));
    }
  g_string_append_c (text, '}');
}

/* A value as Python's repr() gives it. */
static void
append_repr (GString *text, json_t *value)
{
  g_autofree char *plain = NULL;
  json_t *item;
  size_t i;

  switch (json_typeof (value))
    {
    case JSON_STRING:
      append_quoted (text, json_string_value (value));
      break;
    case JSON_OBJECT:
      append_object (text, value);
      break;
    case JSON_ARRAY:
      g_string_append_c (text, '[');
      json_array_foreach (value, i, item)
        {
          g_string_append (text, i > 0 ? ", " : "");
          append_repr (text, item);
        }
      g_string_append_c (text, ']');
      break;
    case JSON_TRUE:
      g_string_append (text, "True");
      break;
    case JSON_FALSE:
      g_string_append (text, "False");
      break;
    case JSON_NULL:
      g_string_append (text, "None");
      break;
    default:
      plain = atelier_json_to_text (value);
      g_string_append (text, plain);
    }
}

/* A value on a script's command line, as Python's str() gives it: "" for null, k=v,k=v for an object. */
static char *
argument_text (json_t *value)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GPtrArray) keys = NULL;

  if (json_is_null (value))
    return g_strdup ("");
  if (json_is_string (value))
    return g_strdup (json_string_value (value));
  if (!json_is_object (value))
    {
      append_repr (text, value);
      return g_strdup (text->str);
    }
  keys = sorted_keys (value);
  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      json_t *item = json_object_get (value, key);

      g_string_append_printf (text, "%s%s=", i > 0 ? "," : "", key);
      if (json_is_string (item))
        g_string_append (text, json_string_value (item));
      else
        append_repr (text, item);
    }
  return g_strdup (text->str);
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

/* (transfer full) (element-type utf8) */
static GPtrArray *
user_arguments (AtelierJob *job)
{
  g_autoptr (GPtrArray) keys = sorted_keys (job->hyperparameters);
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);

      g_ptr_array_add (arguments, g_strdup_printf ("%s%s", strlen (key) == 1 ? "-" : "--", key));
      g_ptr_array_add (arguments, argument_text (json_object_get (job->hyperparameters, key)));
    }
  return arguments;
}

static gboolean
source_has (AtelierJob *job, const char *name)
{
  g_autofree char *inside = g_strconcat (CODE_FOLDER "/", name, NULL);
  g_autofree char *path = atelier_job_host_path (job, inside);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

static char *
module_name (const char *program)
{
  return g_strndup (program, strlen (program) - (g_str_has_suffix (program, ".py") ? strlen (".py") : 0));
}

/* Where packages of a requirements.txt go; "-": nowhere. */
static char *
packages_folder (AtelierJob *job)
{
  if (!job->has_network)
    return g_strdup ("-");
  return job->has_sandbox ? g_strdup ("/tmp/" PACKAGES_FOLDER) : g_build_filename (job->folder, "tmp", PACKAGES_FOLDER, NULL);
}

static void
add_python (AtelierJob *job)
{
  g_ptr_array_add (job->argv, g_strdup ("python3"));
  if (!source_has (job, "requirements.txt"))
    return;
  g_ptr_array_add (job->argv, g_strdup ("-c"));
  g_ptr_array_add (job->argv, g_strdup (requirements_script));
  g_ptr_array_add (job->argv, packages_folder (job));
  g_ptr_array_add (job->argv, g_strdup (CODE_FOLDER "/requirements.txt"));
  g_ptr_array_add (job->argv, g_strdup (job->runtime->program));
}

gboolean
atelier_job_set_script_command (AtelierJob *job, GError **error)
{
  g_autofree char *relative = g_strconcat (CODE_FOLDER "/", job->program, NULL);
  gboolean is_python = g_str_has_suffix (job->program, ".py");
  gboolean is_package = !g_str_has_suffix (job->program, ".sh") && source_has (job, "setup.py");
  g_autoptr (GPtrArray) arguments = NULL;

  if (atelier_job_check_folder (relative, "sagemaker_program", error) == NULL)
    return FALSE;
  if (!is_package && !source_has (job, job->program))
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAILED, _("the training script “%s” is not in its source folder"), job->program);
      return FALSE;
    }
  job->hyperparameters = script_hyperparameters (job);
  if (is_package)
    {
      add_python (job);
      g_ptr_array_add (job->argv, g_strdup ("-m"));
      g_ptr_array_add (job->argv, g_strdelimit (module_name (job->program), "/", '.'));
    }
  else
    {
      if (is_python)
        add_python (job);
      else
        g_ptr_array_add (job->argv, g_strdup ("/bin/sh"));
      g_ptr_array_add (job->argv, g_strdup (job->program));
    }
  arguments = user_arguments (job);
  for (guint i = 0; i < arguments->len; i++)
    g_ptr_array_add (job->argv, g_strdup (g_ptr_array_index (arguments, i)));
  g_free (job->working_folder);
  job->working_folder = g_strdup (CODE_FOLDER);
  atelier_job_set_environment (job, "PYTHONPATH", CODE_FOLDER);
  return TRUE;
}

/* --- the SM_* variables --- */

/* @value: (transfer full) */
static void
set_json (AtelierJob *job, const char *name, json_t *value)
{
  g_autoptr (json_t) owned = value;
  g_autofree char *text = atelier_json_compact (owned);

  atelier_job_set_environment (job, name, text);
}

static json_t *
set_channels (AtelierJob *job)
{
  json_t *channels = json_array (), *item;
  size_t i;

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
  return channels;
}

/* What depends on the script and its hyperparameters. */
static void
set_program (AtelierJob *job, const json_t *channels, const json_t *resources)
{
  g_autoptr (GPtrArray) arguments = user_arguments (job);
  g_autofree char *module = module_name (job->program);
  json_t *list = json_array (), *value;
  const char *name;

  json_object_foreach (job->hyperparameters, name, value)
    {
      g_autofree char *upper = g_ascii_strup (name, -1);
      g_autofree char *variable = g_strconcat ("SM_HP_", upper, NULL);
      g_autofree char *text = json_is_null (value) ? g_strdup ("") : atelier_json_to_text (value);

      atelier_job_set_environment (job, variable, text);
    }
  for (guint i = 0; i < arguments->len; i++)
    json_array_append_new (list, json_string (g_ptr_array_index (arguments, i)));
  set_json (job, "SM_HPS", json_incref (job->hyperparameters));
  set_json (job, "SM_USER_ARGS", list);
  atelier_job_set_environment (job, "SM_USER_ENTRY_POINT", job->program);
  atelier_job_set_environment (job, "SM_MODULE_NAME", module);
  set_json (job, "SM_TRAINING_ENV",
            json_pack ("{s:O, s:O, s:s, s:s, s:s, s:O}", "hyperparameters", job->hyperparameters, "resource_config", resources, "model_dir",
                       "/opt/ml/model", "output_data_dir", "/opt/ml/output/data", "user_entry_point", job->program, "channel_input_names",
                       channels));
}

/* atelier_job_set_script_environment:
 * @input_config: what inputdataconfig.json holds
 * @resources: what resourceconfig.json holds
 *
 * The SM_* variables of the training toolkit. */
void
atelier_job_set_script_environment (AtelierJob *job, const json_t *input_config, const json_t *resources)
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
    { "SM_FRAMEWORK_MODULE", "" },
    { "SM_FRAMEWORK_PARAMS", "{}" },
  };
  g_autoptr (json_t) channels = NULL;
  g_autofree char *cpus = g_strdup_printf ("%u", job->run->steps[job->step].cpus);
  g_autofree char *level = atelier_job_script_setting (job, "container_log_level");

  for (gsize k = 0; k < G_N_ELEMENTS (fixed); k++)
    atelier_job_set_environment (job, fixed[k][0], fixed[k][1]);
  atelier_job_set_environment (job, "SM_NUM_CPUS", cpus);
  atelier_job_set_environment (job, "SM_LOG_LEVEL", level != NULL ? level : DEFAULT_LOG_LEVEL);
  atelier_job_set_environment (job, "SM_CURRENT_INSTANCE_TYPE", atelier_json_get_string (resources, "current_instance_type", "local"));
  set_json (job, "SM_RESOURCE_CONFIG", json_deep_copy (resources));
  set_json (job, "SM_INPUT_DATA_CONFIG", json_deep_copy (input_config));
  channels = set_channels (job);
  if (job->program != NULL)
    set_program (job, channels, resources);
}
