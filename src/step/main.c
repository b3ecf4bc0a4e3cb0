/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step"

#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-inside.h"
#include "atelier-journal.h"
#include "atelier-serve.h"

/* The command line. Options are read by hand: there are two, and a sandboxed step pays for every library call
 * at start. */

static void
print_help (FILE *to)
{
  fputs (_("Usage:\n"
           "  atelier-step serve RUN_FOLDER [--listen-fd N]\n"
           "      Supervise the steps of one execution. RUN_FOLDER/control is the socket,\n"
           "      RUN_FOLDER/journal the record.\n"
           "  atelier-step inside [--forward PORT=SOCKET]… [--] COMMAND [ARGUMENT]…\n"
           "      Run a command in a sandbox and forward ports of its loopback to Unix sockets.\n"
           "  atelier-step --help | --version\n"
           "\n"
           "The engine of Atelier starts this program; there is seldom a reason to do so by hand.\n"),
         to);
}

static int
refuse (const char *sentence)
{
  fprintf (stderr, "atelier-step: %s\n\n", sentence);
  print_help (stderr);
  return ATELIER_STEP_EXIT_USAGE;
}

static gboolean
read_number (const char *text, long least, long most, long *number)
{
  char *end;

  if (text == NULL || !g_ascii_isdigit (text[0]))
    return FALSE;
  errno = 0;
  *number = strtol (text, &end, 10);
  return errno == 0 && *end == '\0' && *number >= least && *number <= most;
}

static int
run_serve (char **arguments)
{
  const char *folder = NULL;
  long listen_fd = -1;

  for (; *arguments != NULL; arguments++)
    if (strcmp (*arguments, "--listen-fd") == 0)
      {
        if (!read_number (arguments[1], 3, 65535, &listen_fd))
          return refuse (_("--listen-fd needs the number of a descriptor, 3 or more"));
        arguments++;
      }
    else if (folder == NULL && (*arguments)[0] != '-' && (*arguments)[0] != '\0')
      folder = *arguments;
    else
      return refuse (_("serve takes one folder"));
  if (folder == NULL)
    return refuse (_("serve needs the run folder"));
  return atelier_serve (folder, (int) listen_fd);
}

static int
run_inside (char **arguments)
{
  AtelierForward forwards[ATELIER_FORWARDS];
  gsize n_forwards = 0;

  while (*arguments != NULL && (*arguments)[0] == '-')
    {
      const char *option = *arguments++;
      char *equals;
      long port;

      if (strcmp (option, "--") == 0)
        break;
      if (strcmp (option, "--forward") != 0 || *arguments == NULL || n_forwards == ATELIER_FORWARDS ||
          (equals = strchr (*arguments, '=')) == NULL || equals[1] == '\0')
        return refuse (_("inside takes --forward PORT=SOCKET, at most four times, and a command"));
      *equals = '\0';
      if (!read_number (*arguments, 1, 65535, &port))
        return refuse (_("--forward needs a port from 1 to 65535"));
      forwards[n_forwards++] = (AtelierForward) { .port = (guint16) port, .socket_path = equals + 1 };
      arguments++;
    }
  if (*arguments == NULL)
    return refuse (_("inside needs a command"));
  return atelier_inside (forwards, n_forwards, arguments);
}

int
main (int argc, char **argv)
{
  const char *verb = argc > 1 ? argv[1] : "";

  if (strcmp (verb, "inside") == 0)
    return run_inside (argv + 2);
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, ATELIER_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  if (strcmp (verb, "serve") == 0)
    return run_serve (argv + 2);
  if (strcmp (verb, "--help") == 0 || strcmp (verb, "-h") == 0)
    {
      print_help (stdout);
      return 0;
    }
  if (strcmp (verb, "--version") == 0)
    {
      printf ("atelier-step %s\n", ATELIER_VERSION);
      return 0;
    }
  return refuse (_("What should it do?"));
}
