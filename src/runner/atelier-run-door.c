/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <glib/gi18n.h>

#include "atelier-run-door.h"

#include "atelier-door-key.h"
#include "atelier-files.h"
#include "atelier-programs.h"

#define START_MS 10000

/* A door's process has a number of its own: socket and greeting of one that has ended are never taken for those of the next. */
#define NAME_FORMAT "door-%u"

struct _AtelierDoor
{
  char       *run_folder;
  char       *store_folder;
  char       *log_path;

  GMutex      starting; /* one start at a time */
  char       *secret;   /* (nullable) guarded by starting */

  GMutex      lock;     /* guards the rest */
  char       *socket;   /* (nullable): NULL: it is not known to run */
  guint       port;
  gint64      offset;   /* in the log: lines before it are in accesses */
  GHashTable *accesses; /* "step#attempt" → GPtrArray of json_t */
};

AtelierDoor *
atelier_door_new (const char *run_folder, const char *store_folder)
{
  AtelierDoor *self = g_new0 (AtelierDoor, 1);

  self->run_folder = g_strdup (run_folder);
  self->store_folder = g_strdup (store_folder);
  self->log_path = g_build_filename (run_folder, "door.log", NULL);
  self->accesses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_mutex_init (&self->starting);
  g_mutex_init (&self->lock);
  return self;
}

void
atelier_door_free (AtelierDoor *self)
{
  g_free (self->run_folder);
  g_free (self->store_folder);
  g_free (self->log_path);
  g_free (self->socket);
  g_free (self->secret);
  g_hash_table_unref (self->accesses);
  g_mutex_clear (&self->starting);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
atelier_door_place_clear (AtelierDoorPlace *place)
{
  g_clear_pointer (&place->socket, g_free);
  g_clear_pointer (&place->secret, g_free);
}

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

/* Asks the supervisor; an answer is waited for. */
static json_t *
ask (AtelierSupervisorLink *link, json_t *request, const char *answer_kind, GError **error)
{
  g_autoptr (json_t) answer = NULL;

  if (!atelier_supervisor_link_send (link, request, error))
    return NULL;
  answer = atelier_supervisor_link_receive (link, START_MS, -1, error);
  if (answer == NULL && error != NULL && *error == NULL)
    g_set_error_literal (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the supervisor did not answer"));
  if (answer != NULL && strcmp (atelier_json_get_string (answer, "op", ""), answer_kind) != 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("the S3 door did not start: %s"),
                   atelier_json_get_string (answer, "message", ""));
      return NULL;
    }
  return g_steal_pointer (&answer);
}

/* Returns: (transfer full) (nullable): the name of the door that runs; "" when none does */
static char *
find_running (AtelierSupervisorLink *link, GError **error)
{
  g_autoptr (json_t) request = json_pack ("{s:s}", "op", "service-status");
  g_autoptr (json_t) answer = ask (link, request, "service-status", error);
  json_t *service;
  size_t i;

  if (answer == NULL)
    return NULL;
  json_array_foreach (atelier_json_get_array (answer, "services"), i, service)
    if (atelier_json_get_bool (service, "running", FALSE))
      return g_strdup (atelier_json_get_string (service, "name", ""));
  return g_strdup ("");
}

static char *
output_path (AtelierDoor *self, const char *name)
{
  g_autofree char *file = g_strconcat (name, ".out", NULL);

  return g_build_filename (self->run_folder, file, NULL);
}

/* Returns: (transfer full) (nullable): the new door's name */
static char *
start_service (AtelierDoor *self, AtelierSupervisorLink *link, const char *secret_path, GError **error)
{
  g_autofree char *program = atelier_programs_find ("atelier-door", error);
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *name = NULL;
  g_autofree char *log = NULL;
  g_autoptr (json_t) request = NULL;
  g_autoptr (json_t) answer = NULL;
  json_t *variables;

  if (program == NULL)
    return NULL;
  for (guint number = 1; name == NULL; number++)
    {
      g_autofree char *candidate = g_strdup_printf (NAME_FORMAT, number);
      g_autofree char *path = output_path (self, candidate);

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        name = g_steal_pointer (&candidate);
    }
  log = g_strconcat (name, ".out", NULL);
  variables = json_array ();
  for (gsize i = 0; environment[i] != NULL; i++)
    json_array_append_new (variables, json_string (environment[i]));
  request = json_pack ("{s:s, s:s, s:[s, s, s, s, s, s, s, s, s, s, s, s], s:o, s:s, s:s}", "op", "service", "name", name, "argv", program,
                       "--store", self->store_folder, "--access-log", "door.log", "--socket", name, "--port", "0", "--secret-file",
                       secret_path, "--with-parent", "env", variables, "folder", self->run_folder, "log", log);
  answer = ask (link, request, "service", error);
  return answer != NULL ? g_steal_pointer (&name) : NULL;
}

/* Called with starting held. */
static gboolean
find_or_start (AtelierDoor *self, AtelierSupervisorLink *link, GError **error)
{
  g_autofree char *secret_path = g_build_filename (self->run_folder, "door.secret", NULL);
  g_autofree char *name = NULL;
  g_autofree char *out_path = NULL;
  g_autoptr (json_t) greeting = NULL;

  if (self->secret == NULL && (self->secret = load_secret (secret_path, error)) == NULL)
    return FALSE;
  name = find_running (link, error);
  if (name != NULL && *name == '\0')
    {
      g_free (name);
      name = start_service (self, link, secret_path, error);
    }
  if (name == NULL)
    return FALSE;
  out_path = output_path (self, name);
  greeting = wait_for_greeting (out_path, error);
  if (greeting == NULL)
    return FALSE;
  g_mutex_lock (&self->lock);
  self->port = (guint) atelier_json_get_int (greeting, "port", 0);
  g_free (self->socket);
  self->socket = g_build_filename (self->run_folder, name, NULL);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

/* Called with starting held. Returns: FALSE when it is not known to run */
static gboolean
get_place (AtelierDoor *self, AtelierDoorPlace *place)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->socket == NULL)
    return FALSE;
  *place = (AtelierDoorPlace) { g_strdup (self->socket), self->port, g_strdup (self->secret) };
  return TRUE;
}

gboolean
atelier_door_ensure (AtelierDoor *self, AtelierRun *run, AtelierDoorPlace *place, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->starting);
  AtelierSupervisorLink *link;

  if (get_place (self, place))
    return TRUE;
  link = atelier_run_take_link (run, error);
  if (link == NULL)
    return FALSE;
  if (!find_or_start (self, link, error))
    {
      atelier_supervisor_link_free (link); /* what it still has to say is of no use to anybody */
      return FALSE;
    }
  atelier_run_give_link (run, link);
  return get_place (self, place);
}

void
atelier_door_forget (AtelierDoor *self)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->socket, g_free);
  g_mutex_unlock (&self->lock);
}

/* Reads the lines that are new in the access log. Called with the lock held. */
static void
read_log (AtelierDoor *self)
{
  struct stat status;
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  FILE *file;

  if (stat (self->log_path, &status) < 0 || status.st_size <= self->offset)
    return;
  file = fopen (self->log_path, "re");
  if (file == NULL)
    return;
  if (fseeko (file, self->offset, SEEK_SET) == 0)
    while ((length = getline (&line, &size, file)) > 0 && line[length - 1] == '\n')
      {
        json_t *access = atelier_json_parse (line, length, NULL);

        self->offset += length;
        if (json_is_object (access))
          {
            g_autofree char *key = g_strdup_printf ("%s#%d", atelier_json_get_string (access, "step", ""),
                                                    (int) atelier_json_get_int (access, "attempt", 0));
            GPtrArray *list = g_hash_table_lookup (self->accesses, key);

            if (list == NULL)
              {
                list = g_ptr_array_new_with_free_func ((GDestroyNotify) json_decref);
                g_hash_table_insert (self->accesses, g_strdup (key), list);
              }
            g_ptr_array_add (list, access);
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
