/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-text.h"

/* atelier VERB …: finds the verb and runs it. */

static void
print_overview (void)
{
  puts (_("Atelier runs machine-learning pipelines on this machine.\n"
          "\n"
          "Usage: atelier VERB [OPTION…] [ARGUMENT…]\n"));
  for (const AtelierVerb *verb = atelier_verbs; verb->name != NULL; verb++)
    {
      g_autofree char *usage = g_strdup_printf ("%s %s", verb->name, verb->arguments);

      printf ("  %-30s %s\n", usage, _(verb->summary));
    }
  puts (_("\n"
          "“atelier VERB --help” explains a verb, with examples. Every verb takes --workspace FOLDER (or the variable\n"
          "ATELIER_WORKSPACE), every reading verb takes --json.\n"
          "\n"
          "Exit codes: 0 done · 1 could not be done · 2 wrong use · 3 not found · 4 the execution failed · 5 it was stopped\n"
          "· 6 the definition has errors, or the workspace is not whole."));
}

int
atelier_cli_help (AtelierCli *cli, int argc, char **argv)
{
  for (const AtelierVerb *verb = atelier_verbs; argc > 1 && verb->name != NULL; verb++)
    if (strcmp (verb->name, argv[1]) == 0)
      {
        char *arguments[] = { argv[1], (char *) "--help", NULL };

        return verb->run (cli, 2, arguments);
      }
  print_overview ();
  return ATELIER_EXIT_OK;
}

static int
complain_of_verb (const char *name)
{
  const char *names[64];
  gsize n = 0;
  const char *near;

  for (const AtelierVerb *verb = atelier_verbs; verb->name != NULL && n < G_N_ELEMENTS (names); verb++)
    names[n++] = verb->name;
  near = atelier_text_closest (name, names, n);
  if (near != NULL)
    atelier_cli_complain (_("“%s” is no verb; did you mean “%s”?"), name, near);
  else
    atelier_cli_complain (_("“%s” is no verb; “atelier help” lists them"), name);
  return ATELIER_EXIT_USAGE;
}

int
main (int argc, char **argv)
{
  AtelierCli cli = { 0 };
  int code = ATELIER_EXIT_USAGE;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, ATELIER_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("atelier");
  if (argc < 2)
    {
      print_overview ();
      return ATELIER_EXIT_USAGE;
    }
  if (strcmp (argv[1], "--version") == 0)
    {
      puts ("atelier " ATELIER_VERSION);
      return ATELIER_EXIT_OK;
    }
  if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0)
    {
      print_overview ();
      return ATELIER_EXIT_OK;
    }
  for (const AtelierVerb *verb = atelier_verbs; verb->name != NULL; verb++)
    if (strcmp (verb->name, argv[1]) == 0)
      {
        code = verb->run (&cli, argc - 1, argv + 1);
        g_free (cli.workspace);
        return code;
      }
  return complain_of_verb (argv[1]);
}
