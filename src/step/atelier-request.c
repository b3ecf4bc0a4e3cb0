/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-request"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-request.h"

/* Packets in, checked requests out. All checking of what a client may say is here; the rest of the supervisor
 * takes it as given. */

#define GRACE_MS          5000
#define STEP_BYTES        512
#define REQUEST_FILE_BYTES (16 * 1024 * 1024)
#define MOST_NUMBER       (G_GINT64_CONSTANT (1) << 53)

G_DEFINE_QUARK (atelier-request-error-quark, atelier_request_error)

static const char *const op_names[ATELIER_OP_N_VALUES] = {
  [ATELIER_OP_START] = "start",
  [ATELIER_OP_START_FILE] = "start-file",
  [ATELIER_OP_STOP] = "stop",
  [ATELIER_OP_ATTACH] = "attach",
  [ATELIER_OP_LIST] = "list",
  [ATELIER_OP_SERVICE] = "service",
  [ATELIER_OP_SERVICE_STATUS] = "service-status",
  [ATELIER_OP_HELLO] = "hello",
  [ATELIER_OP_BYE] = "bye",
};

static gboolean G_GNUC_PRINTF (2, 3)
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (error,
                     g_error_new_valist (ATELIER_REQUEST_ERROR, ATELIER_REQUEST_ERROR_MALFORMED, format, arguments));
  va_end (arguments);
  return FALSE;
}

static gboolean
get_text (const json_t *object, const char *key, gboolean needed, const char **value, GError **error)
{
  const json_t *member = json_object_get (object, key);

  if (json_is_string (member) && json_string_length (member) > 0)
    {
      *value = json_string_value (member);
      return TRUE;
    }
  if (member == NULL && !needed)
    return TRUE;
  return refuse (error, _("The request's “%s” is not a text, or empty"), key);
}

static gboolean
get_number (const json_t *object, const char *key, gint64 *value, GError **error)
{
  const json_t *member = json_object_get (object, key);

  if (member == NULL)
    return TRUE;
  if (!json_is_integer (member) || json_integer_value (member) < 0 || json_integer_value (member) > MOST_NUMBER)
    return refuse (error, _("The request's “%s” is not a whole number from 0 on"), key);
  *value = json_integer_value (member);
  return TRUE;
}

/* @room: places left free at the end of the array */
static gboolean
get_texts (const json_t *object, const char *key, gsize room, const char ***texts, GError **error)
{
  const json_t *member = json_object_get (object, key);
  gsize n = json_array_size (member);

  if (!json_is_array (member))
    return refuse (error, _("The request's “%s” is not a list of texts"), key);
  *texts = g_new0 (const char *, n + room + 1);
  for (gsize i = 0; i < n; i++)
    {
      (*texts)[i] = json_string_value (json_array_get (member, i));
      if ((*texts)[i] == NULL)
        return refuse (error, _("The request's “%s” is not a list of texts"), key);
    }
  return TRUE;
}

/* A path that stays below the run folder whatever it is joined to. */
static gboolean
get_inner_path (const json_t *object, const char *key, const char **path, GError **error)
{
  g_auto (GStrv) parts = NULL;

  if (!get_text (object, key, TRUE, path, error))
    return FALSE;
  parts = g_strsplit (*path, "/", -1);
  for (gsize i = 0; parts[i] != NULL; i++)
    if (parts[i][0] == '\0' || strcmp (parts[i], ".") == 0 || strcmp (parts[i], "..") == 0)
      return refuse (error, _("The request's “%s”, “%s”, is not a path inside the run folder"), key, *path);
  return TRUE;
}

static gboolean
read_identity (AtelierRequest *request, GError **error)
{
  request->attempt = -1;
  if (!get_text (request->json, "step", TRUE, &request->step, error) ||
      !get_number (request->json, "attempt", &request->attempt, error))
    return FALSE;
  if (strlen (request->step) > STEP_BYTES)
    return refuse (error, _("The step's name is longer than %d bytes"), STEP_BYTES);
  return request->attempt >= 0 || refuse (error, _("The request names no attempt"));
}

static gboolean
read_command (AtelierRequest *request, GError **error)
{
  gsize kept = 0;

  if (!get_texts (request->json, "argv", 0, &request->argv, error) ||
      !get_texts (request->json, "env", 1, &request->env, error) ||
      !get_text (request->json, "folder", FALSE, &request->folder, error) ||
      !get_inner_path (request->json, "log", &request->log, error))
    return FALSE;
  if (request->argv[0] == NULL || request->argv[0][0] == '\0')
    return refuse (error, _("The request names no program"));
  for (gsize i = 0; request->env[i] != NULL; i++)
    {
      const char *entry = request->env[i];

      if (entry[0] == '=' || strchr (entry, '=') == NULL)
        return refuse (error, _("“%s” is not a variable of an environment"), entry);
      if (!g_str_has_prefix (entry, "ATELIER_ATTEMPT="))
        request->env[kept++] = entry;
    }
  request->env[kept] = NULL;
  return TRUE;
}

static gboolean
read_limits (AtelierRequest *request, GError **error)
{
  const json_t *limits = json_object_get (request->json, "limits");
  AtelierLimits *values = &request->limits;

  values->grace_ms = GRACE_MS;
  if (limits == NULL)
    return TRUE;
  if (!json_is_object (limits))
    return refuse (error, _("The request's “%s” is not an object"), "limits");
  return get_number (limits, "wall_ms", &values->wall_ms, error) &&
         get_number (limits, "memory_bytes", &values->memory_bytes, error) &&
         get_number (limits, "processes", &values->processes, error) &&
         get_number (limits, "log_bytes", &values->log_bytes, error) &&
         get_number (limits, "grace_ms", &values->grace_ms, error);
}

static gboolean
read_members (AtelierRequest *request, GError **error)
{
  switch (request->op)
    {
    case ATELIER_OP_START:
      return read_identity (request, error) && read_command (request, error) && read_limits (request, error) &&
             get_number (request->json, "started_after_ms", &request->started_after_ms, error);
    case ATELIER_OP_SERVICE:
      return get_text (request->json, "name", TRUE, &request->step, error) && read_command (request, error) &&
             read_limits (request, error);
    case ATELIER_OP_ATTACH:
      return read_identity (request, error);
    case ATELIER_OP_START_FILE:
      return get_inner_path (request->json, "path", &request->path, error);
    case ATELIER_OP_STOP:
      request->grace_ms = -1;
      return get_number (request->json, "grace_ms", &request->grace_ms, error);
    case ATELIER_OP_LIST:
    case ATELIER_OP_SERVICE_STATUS:
    case ATELIER_OP_HELLO:
    case ATELIER_OP_BYE:
    case ATELIER_OP_N_VALUES:
    default:
      return TRUE;
    }
}

static gboolean
read_op (AtelierRequest *request, GError **error)
{
  const char *name = NULL;

  if (!json_is_object (request->json))
    return refuse (error, _("The request is not a JSON object"));
  if (!get_text (request->json, "op", TRUE, &name, error))
    return FALSE;
  for (request->op = 0; request->op < ATELIER_OP_N_VALUES; request->op++)
    if (strcmp (name, op_names[request->op]) == 0)
      return TRUE;
  return refuse (error, _("“%s” is not something a supervisor does"), name);
}

/* atelier_request_parse:
 * @text: a packet, of whatever bytes
 *
 * Returns: (transfer full) (nullable): the request; %NULL with a sentence for the client */
AtelierRequest *
atelier_request_parse (const char *text, gsize length, GError **error)
{
  g_autoptr (AtelierRequest) request = g_new0 (AtelierRequest, 1);
  json_error_t problem;

  request->json = json_loadb (text, length, JSON_REJECT_DUPLICATES, &problem);
  if (request->json == NULL)
    {
      refuse (error, _("The request is not JSON: line %d, column %d: %s"), problem.line, problem.column,
              problem.text);
      return NULL;
    }
  if (!read_op (request, error) || !read_members (request, error))
    return NULL;
  return g_steal_pointer (&request);
}

/* atelier_request_read_file:
 * @path: relative to the working directory, checked to be inside it
 *
 * Returns: (transfer full) (nullable): the request in the file, which must be a “start” */
AtelierRequest *
atelier_request_read_file (const char *path, GError **error)
{
  g_autoptr (AtelierRequest) request = NULL;
  g_autofree char *text = NULL;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat info;
  gssize n = -1;
  int number = EFBIG;

  if (fd < 0 || fstat (fd, &info) < 0)
    number = errno;
  else if (S_ISREG (info.st_mode) && info.st_size <= REQUEST_FILE_BYTES)
    {
      text = g_malloc (info.st_size + 1);
      n = read (fd, text, info.st_size);
      number = errno;
    }
  if (fd >= 0)
    close (fd);
  if (n < 0)
    {
      refuse (error, _("The request file “%s” cannot be read: %s"), path, g_strerror (number));
      return NULL;
    }
  request = atelier_request_parse (text, n, error);
  if (request == NULL)
    return NULL;
  if (request->op != ATELIER_OP_START)
    {
      refuse (error, _("The request file “%s” does not hold a “start”"), path);
      return NULL;
    }
  return g_steal_pointer (&request);
}

void
atelier_request_free (AtelierRequest *request)
{
  json_decref (request->json);
  g_free (request->argv);
  g_free (request->env);
  g_free (request);
}
