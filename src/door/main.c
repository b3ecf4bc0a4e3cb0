/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include "atelier-door-server.h"
#include "atelier-json.h"

/* atelier-door: a store's folder as an S3 service of one execution.
 *
 *   atelier-door --store DIR --access-log FILE --secret-fd N | --secret-file FILE [--socket PATH] [--port N]
 * [--with-parent]
 *
 * The secret, 64 hexadecimal digits, is read from a descriptor or a file that only its owner can read, since
 * arguments and environment can be read by others. When it listens it prints one line, {"socket": PATH | null,
 * "port": N | null}; it ends on TERM or INT. Exit status: 0, or 1 with a sentence on standard error. */

#define SECRET_LENGTH 64

static char *
read_secret (int fd)
{
  char text[SECRET_LENGTH];
  gsize length = 0;

  while (length < sizeof text)
    {
      gssize n = read (fd, text + length, sizeof text - length);

      if (n == 0 || (n < 0 && errno != EINTR))
        break;
      length += MAX (n, 0);
    }
  close (fd);
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isxdigit (text[i]))
      return NULL;
  return length == SECRET_LENGTH ? g_strndup (text, length) : NULL;
}

static gboolean
quit_cb (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

static void
print_ready (const char *socket_path, int port)
{
  g_autoptr (json_t) line
      = json_pack ("{s:s?, s:o}", "socket", socket_path, "port", port > 0 ? json_integer (port) : json_null ());
  g_autofree char *text = atelier_json_compact (line);

  puts (text);
  fflush (stdout);
}

static gboolean
serve (const char *store, const char *access_log, const char *secret, const char *socket_path, int port, GError **error)
{
  g_autoptr (AtelierDoorServer) server = atelier_door_server_new (store, access_log, secret, error);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  int bound = 0;

  if (server == NULL || (socket_path != NULL && !atelier_door_server_listen_unix (server, socket_path, error)) ||
      (port >= 0 && (bound = atelier_door_server_listen_tcp (server, (guint16) port, error)) == 0))
    return FALSE;
  g_unix_signal_add (SIGTERM, quit_cb, loop);
  g_unix_signal_add (SIGINT, quit_cb, loop);
  atelier_door_server_start (server);
  print_ready (socket_path, bound);
  g_main_loop_run (loop);
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autofree char *store = NULL;
  g_autofree char *access_log = NULL;
  g_autofree char *socket_path = NULL;
  g_autofree char *secret_file = NULL;
  g_autofree char *secret = NULL;
  int port = -1;
  int secret_fd = -1;
  gboolean with_parent = FALSE;
  const GOptionEntry entries[] = {
    { "store", 0, 0, G_OPTION_ARG_FILENAME, &store, N_("Folder of the artifact store"), "DIR" },
    { "access-log", 0, 0, G_OPTION_ARG_FILENAME, &access_log, N_("File that accesses are appended to"), "FILE" },
    { "socket", 0, 0, G_OPTION_ARG_FILENAME, &socket_path, N_("Unix socket to listen on"), "PATH" },
    { "port", 0, 0, G_OPTION_ARG_INT, &port, N_("Port of 127.0.0.1 to listen on; 0: any"), "N" },
    { "secret-fd", 0, 0, G_OPTION_ARG_INT, &secret_fd, N_("Descriptor that the secret is read from"), "N" },
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME, &secret_file, N_("File that the secret is read from"), "FILE" },
    { "with-parent", 0, 0, G_OPTION_ARG_NONE, &with_parent, N_("End when the process that started this one ends"),
      NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  pid_t parent = getppid ();

  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("atelier-door: %s\n", error->message);
      return 1;
    }
  if (secret_file != NULL && secret_fd < 0)
    secret_fd = open (secret_file, O_RDONLY | O_CLOEXEC);
  if (store == NULL || access_log == NULL || secret_fd < 0 || port > G_MAXUINT16 || (socket_path == NULL && port < 0))
    {
      g_printerr ("atelier-door: %s\n", _("--store, --access-log, a readable --secret-fd or --secret-file, and one "
                                           "of --socket and --port are needed"));
      return 1;
    }
  if (with_parent && (prctl (PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid () != parent))
    return 1;
  secret = read_secret (secret_fd);
  if (secret == NULL)
    {
      g_printerr ("atelier-door: %s\n", _("The secret must be 64 hexadecimal digits"));
      return 1;
    }
  if (!serve (store, access_log, secret, socket_path, port, &error))
    {
      g_printerr ("atelier-door: %s\n", error->message);
      return 1;
    }
  return 0;
}
