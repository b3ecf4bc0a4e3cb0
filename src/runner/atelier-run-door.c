/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-run-door.h"

#include "atelier-door-key.h"
#include "atelier-files.h"
#include "atelier-programs.h"

#define START_MS 10000

struct _AtelierDoor
{
  char       *socket;
  guint       port;
  char       *secret;
  char       *log_path;
  GMutex      lock;   /* guards the rest */
  gint64      offset; /* in the log: lines before it are in accesses */
  GHashTable *accesses; /* "step#attempt" → GPtrArray of json_t */
};

void
atelier_door_free (AtelierDoor *self)
{
  g_free (self->socket);
  g_free (self->secret);
  g_free (self->log_path);
  g_hash_table_unref (self->accesses);
  g_mutex_clear (&self->lock);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoor, atelier_door_free)

static char *
load_secret (const char *path, GError **error)
{
  g_autofree char *secret = NULL;

  if (g_file_get_contents (path, &secret, NULL, NULL))
    return g_strdup (g_strchomp (secret));
  secret = atelier_door_key_new_execution_secret ();
  return atelier_files_write_atomic (path, secret, -1, 0600, error) ? g_steal_pointer (&secret) : NULL;
}

/* The door's first line says where it listens. It comes through the log of the service. */
static json_t *
wait_for_greeting (const char *path, GError **error)
{
  for (int waited_ms = 0; waited_ms < START_MS; waited_ms += 2)
    {
      g_autofree char *text = NULL;
      char *end;

      if (g_file_get_contents (path, &text, NULL, NULL) && (end = strchr (text, '\n')) != NULL)
        {
          g_autoptr (json_t) greeting = atelier_json_parse (text, end - text, NULL);

          if (json_is_object (greeting))
            return g_steal_pointer (&greeting);
          g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the S3 door did not start: %s"), text);
          return NULL;
        }
      poll (NULL, 0, 2);
    }
  g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the S3 door did not answer"));
  return NULL;
}

static gboolean
start_service (AtelierRun *run, AtelierSupervisorLink *link, const char *secret_path, GError **error)
{
  g_autofree char *program = atelier_programs_find ("atelier-door", error);
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (json_t) request = NULL;
  g_autoptr (json_t) answer = NULL;
  json_t *variables = json_array ();

  for (gsize i = 0; environment[i] != NULL; i++)
    json_array_append_new (variables, json_string (environment[i]));
  request = json_pack ("{s:s, s:s, s:[s, s, s, s, s, s, s, s, s, s, s, s], s:o, s:s, s:s}", "op", "service", "name", "door", "argv",
                       program != NULL ? program : "", "--store", atelier_artifacts_get_folder (run->artifacts), "--access-log", "door.log",
                       "--socket", "door", "--port", "0", "--secret-file", secret_path, "--with-parent", "env", variables, "folder", run->run_folder, "log",
                       "door.out");
  if (program == NULL || !atelier_supervisor_link_send (link, request, error))
    return FALSE;
  answer = atelier_supervisor_link_receive (link, START_MS, -1, error);
  if (answer == NULL && error != NULL && *error == NULL)
    g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the supervisor did not answer"));
  if (answer != NULL && strcmp (atelier_json_get_string (answer, "op", ""), "service") != 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the S3 door did not start: %s"),
                   atelier_json_get_string (answer, "message", ""));
      return FALSE;
    }
  return answer != NULL;
}

AtelierDoor *
atelier_run_ensure_door (AtelierRun *run, AtelierSupervisorLink *link, GError **error)
{
  static GMutex starting; /* one at a time: several workers may come first */
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&starting);
  g_autoptr (AtelierDoor) door = NULL;
  g_autoptr (json_t) greeting = NULL;
  g_autofree char *secret_path = g_build_filename (run->run_folder, "door.secret", NULL);
  g_autofree char *out_path = g_build_filename (run->run_folder, "door.out", NULL);

  if (run->door != NULL)
    return run->door;
  door = g_new0 (AtelierDoor, 1);
  g_mutex_init (&door->lock);
  door->accesses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  door->log_path = g_build_filename (run->run_folder, "door.log", NULL);
  door->socket = g_build_filename (run->run_folder, "door", NULL);
  door->secret = load_secret (secret_path, error);
  if (door->secret == NULL || !start_service (run, link, secret_path, error))
    return NULL;
  greeting = wait_for_greeting (out_path, error);
  if (greeting == NULL)
    return NULL;
  door->port = (guint) atelier_json_get_int (greeting, "port", 0);
  run->door = g_steal_pointer (&door);
  return run->door;
}

const char *
atelier_door_get_socket (AtelierDoor *self)
{
  return self->socket;
}

guint
atelier_door_get_port (AtelierDoor *self)
{
  return self->port;
}

const char *
atelier_door_get_secret (AtelierDoor *self)
{
  return self->secret;
}

/* Reads the lines that are new in the access log. Called with the lock held. */
static void
read_log (AtelierDoor *self)
{
  FILE *file = fopen (self->log_path, "re");
  char *line = NULL;
  size_t size = 0;
  ssize_t length;

  if (file == NULL)
    return;
  if (fseeko (file, self->offset, SEEK_SET) == 0)
    while ((length = getline (&line, &size, file)) > 0 && line[length - 1] == '\n')
      {
        json_t *access = atelier_json_parse (line, length, NULL);

        self->offset += length;
        if (json_is_object (access))
          {
            char *key = g_strdup_printf ("%s#%d", atelier_json_get_string (access, "step", ""),
                                         (int) atelier_json_get_int (access, "attempt", 0));
            GPtrArray *list = g_hash_table_lookup (self->accesses, key);

            if (list == NULL)
              {
                list = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
                g_hash_table_insert (self->accesses, g_strdup (key), list);
              }
            g_ptr_array_add (list, access);
            g_free (key);
          }
        else
          json_decref (access);
      }
  free (line);
  fclose (file);
}

GPtrArray *
atelier_door_take_accesses (AtelierDoor *self, const char *step, int attempt)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *key = g_strdup_printf ("%s#%d", step, attempt);
  gpointer stolen_key = NULL, list = NULL;

  read_log (self);
  if (!g_hash_table_steal_extended (self->accesses, key, &stolen_key, &list))
    return g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
  g_free (stolen_key);
  return list;
}
