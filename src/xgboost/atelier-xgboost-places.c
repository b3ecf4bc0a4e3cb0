/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-places"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "atelier-json.h"

#include "atelier-xgboost-places.h"

/* The container contract's folders and files, and the rules of the channels: “train” is required, “validation” is not,
 * “code” is ignored, any other is refused as the service does. */

#define MOST_DEPTH 32 /* of folders in a channel: ends loops of links */

static char *
place (const char *root, const char *variable, const char *base, const char *relative)
{
  const char *value = root == NULL && variable != NULL ? g_getenv (variable) : NULL;

  return value != NULL && *value != '\0' ? g_strdup (value) : g_build_filename (base, relative, NULL);
}

/* CheckpointConfig's LocalPath when the job has one, as it is outside a sandbox too; else checkpoints/ when it is
 * there. */
static char *
find_checkpoints (const char *base, const char *config_folder)
{
  g_autofree char *file = g_build_filename (config_folder, "checkpointconfig.json", NULL);
  g_autoptr (json_t) config = atelier_json_read_file (file, NULL);
  const char *local = atelier_json_get_string (config, "LocalPath", "/opt/ml/checkpoints");
  g_autofree char *path = g_str_has_prefix (local, "/opt/ml/")
                              ? g_build_filename (base, local + strlen ("/opt/ml/"), NULL)
                              : g_strdup (local);

  if (config != NULL)
    g_mkdir_with_parents (path, 0755);
  return g_file_test (path, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&path) : NULL;
}

AtelierXgboostPlaces *
atelier_xgboost_places_new (const char *root)
{
  AtelierXgboostPlaces *self = g_new0 (AtelierXgboostPlaces, 1);
  const char *variable = g_getenv ("ATELIER_OPT_ML");
  const char *base = root != NULL ? root : variable != NULL && *variable != '\0' ? variable : "/opt/ml";
  g_autofree char *config_folder = place (root, "SM_INPUT_CONFIG_DIR", base, "input/config");
  g_autofree char *output_folder = place (root, "SM_OUTPUT_DIR", base, "output");

  self->hyperparameters = g_build_filename (config_folder, "hyperparameters.json", NULL);
  self->input_data = g_build_filename (config_folder, "inputdataconfig.json", NULL);
  self->resources = g_build_filename (config_folder, "resourceconfig.json", NULL);
  self->train = place (root, "SM_CHANNEL_TRAIN", base, "input/data/train");
  self->validation = place (root, "SM_CHANNEL_VALIDATION", base, "input/data/validation");
  self->model = place (root, "SM_MODEL_DIR", base, "model");
  self->failure = g_build_filename (output_folder, "failure", NULL);
  self->checkpoints = find_checkpoints (base, config_folder);
  return self;
}

void
atelier_xgboost_places_free (AtelierXgboostPlaces *self)
{
  g_free (self->hyperparameters);
  g_free (self->input_data);
  g_free (self->resources);
  g_free (self->train);
  g_free (self->validation);
  g_free (self->model);
  g_free (self->failure);
  g_free (self->checkpoints);
  g_free (self);
}

static gboolean
read_channel (const char *name, const json_t *config, AtelierXgboostChannel *channel, GError **error)
{
  const char *mode = atelier_json_get_string (config, "TrainingInputMode", "File");
  const char *wrapper = atelier_json_get_string (config, "RecordWrapperType", "None");

  channel->present = TRUE;
  if (g_ascii_strcasecmp (mode, "Pipe") == 0)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                   _("The channel “%s” has the input mode Pipe, which the XGBoost algorithm does not take; use File "
                      "or FastFile"),
                   name);
      return FALSE;
    }
  if (g_ascii_strcasecmp (wrapper, "None") != 0)
    {
      g_set_error (
          error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
          _("The channel “%s” is wrapped as %s, which cannot be read here; give it as text/csv or text/libsvm"),
          name, wrapper);
      return FALSE;
    }
  if (!atelier_xgboost_format_from_content_type (atelier_json_get_string (config, "ContentType", NULL),
                                                 &channel->format, error))
    {
      g_prefix_error (error, _("Channel “%s”: "), name);
      return FALSE;
    }
  return TRUE;
}

static void
note_hosts (AtelierXgboostPlaces *self, GPtrArray *notes)
{
  g_autoptr (json_t) resources = atelier_json_read_file (self->resources, NULL);
  gsize n_hosts = json_array_size (atelier_json_get_array (resources, "hosts"));

  if (n_hosts > 1)
    g_ptr_array_add (notes, g_strdup_printf (_("The job asks for %" G_GSIZE_FORMAT
                                                " hosts; it is trained on this machine alone, with the data "
                                                "that is here"),
                                             n_hosts));
}

gboolean
atelier_xgboost_places_read_channels (AtelierXgboostPlaces  *self,
                                      AtelierXgboostChannel *train,
                                      AtelierXgboostChannel *validation,
                                      GPtrArray             *notes,
                                      GError               **error)
{
  g_autoptr (json_t) config = NULL;
  const char *name;
  json_t *value;

  *train = *validation = (AtelierXgboostChannel){ FALSE, ATELIER_XGBOOST_FORMAT_SNIFF };
  note_hosts (self, notes);
  if (!g_file_test (self->input_data, G_FILE_TEST_EXISTS))
    {
      train->present = g_file_test (self->train, G_FILE_TEST_EXISTS);
      validation->present = g_file_test (self->validation, G_FILE_TEST_EXISTS);
    }
  else
    {
      config = atelier_json_read_file (self->input_data, error);
      if (config == NULL)
        return FALSE;
      json_object_foreach (config, name, value)
        {
          if (strcmp (name, "train") == 0 || strcmp (name, "validation") == 0)
            {
              if (!read_channel (name, value, *name == 't' ? train : validation, error))
                return FALSE;
            }
          else if (strcmp (name, "code") != 0)
            {
              g_set_error (
                  error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                  _("The channel “%s” is not one of the XGBoost algorithm; it takes “train” and “validation”"),
                  name);
              return FALSE;
            }
        }
    }
  if (!train->present)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                   _("The channel “train” is missing; the XGBoost algorithm needs it"));
      return FALSE;
    }
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static gboolean
add_files (const char *path, const char *name, int depth, GPtrArray *paths, GPtrArray *names, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GDir) folder = NULL;
  const char *entry;
  GStatBuf status;

  if (g_stat (path, &status) != 0)
    {
      int saved = errno;

      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL, _("Cannot read “%s”: %s"), name,
                   g_strerror (saved));
      return FALSE;
    }
  if (S_ISREG (status.st_mode) && status.st_size > 0)
    {
      g_ptr_array_add (paths, g_strdup (path));
      g_ptr_array_add (names, g_strdup (name));
    }
  if (!S_ISDIR (status.st_mode))
    return TRUE;
  if (depth == MOST_DEPTH)
    {
      g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
                   _("The folders in “%s” are nested too deep"), name);
      return FALSE;
    }
  folder = g_dir_open (path, 0, error);
  if (folder == NULL)
    return FALSE;
  entries = g_ptr_array_new_with_free_func (g_free);
  while ((entry = g_dir_read_name (folder)) != NULL)
    if (*entry != '.' && *entry != '_')
      g_ptr_array_add (entries, g_strdup (entry));
  g_ptr_array_sort (entries, compare_names);
  for (guint i = 0; i < entries->len; i++)
    {
      g_autofree char *child = g_build_filename (path, g_ptr_array_index (entries, i), NULL);
      g_autofree char *child_name = g_build_filename (name, g_ptr_array_index (entries, i), NULL);

      if (!add_files (child, child_name, depth + 1, paths, names, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
atelier_xgboost_channel_list (const char *folder, const char *name, GPtrArray *paths, GPtrArray *names, GError **error)
{
  guint before = paths->len;

  if (!add_files (folder, name, 0, paths, names, error))
    return FALSE;
  if (paths->len > before)
    return TRUE;
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_CHANNEL,
               _("“%s” holds no data: no file that is not empty was found in “%s”"), name, folder);
  return FALSE;
}
