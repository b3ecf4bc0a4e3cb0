/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"

/* What all verbs share: the table of verbs with their help, options, opening the workspace, saying what went wrong. */

const AtelierVerb atelier_verbs[] = {
  { "run", "FILE|PROJECT", N_("Start an execution and follow it"),
    N_("Runs a pipeline: a definition file (SageMaker's JSON), a pipeline.py, or a project's pipeline (PROJECT, or\n"
       "PROJECT/PIPELINE). The exit code says how it ended. Ctrl+C stops it.\n"
       "\n"
       "  atelier run pipeline.json -p MaxDepth=10\n"
       "  atelier run Abalone                             the project's pipeline, as it is in the working copy\n"
       "  atelier run Abalone --reuse Abalone#3 -p MaxDepth=8   anew, but only what the parameter changes\n"
       "  atelier run Abalone --reuse Abalone#3 --step Evaluate   only this step\n"
       "  atelier run Abalone --dry-run                   show what would run"),
    atelier_cli_run },
  { "resume", "EXECUTION", N_("Go on with an execution that failed, was stopped or cut off"),
    N_("Goes on with the same execution: steps that succeeded are not run again, a step that still runs (its program was\n"
       "killed, the terminal closed) is taken over. For other parameters start a new run: atelier run --reuse EXECUTION -p …"),
    atelier_cli_resume },
  { "retry", "EXECUTION", N_("The same as resume"), N_("The same as “atelier resume”."), atelier_cli_resume },
  { "stop", "EXECUTION", N_("Stop an execution, whichever program runs it"),
    N_("Ends every process of its steps: first politely (TERM), after the grace of two minutes by force. Asked again,\n"
       "the new grace counts.\n"
       "\n"
       "  atelier stop Abalone --grace 5"), atelier_cli_stop },
  { "list", "[KIND]", N_("List executions, pipelines, projects, models or templates"),
    N_("  atelier list                          the newest executions\n"
       "  atelier list executions --pipeline Abalone --status Failed\n"
       "  atelier list models --json"),
    atelier_cli_list },
  { "show", "EXECUTION [STEP]", N_("Tell all about an execution or one of its steps"),
    N_("EXECUTION is an id, its beginning, PIPELINE#NUMBER, or a pipeline's name for its newest.\n"
       "\n"
       "  atelier show Abalone\n"
       "  atelier show Abalone#3 Train          why it ran, attempts, metrics, what it read and wrote"),
    atelier_cli_show },
  { "logs", "EXECUTION STEP", N_("Print what a step wrote"),
    N_("  atelier logs Abalone Train -f         go on as it writes\n"
       "  atelier logs Abalone Train -n 20      only the last lines"),
    atelier_cli_logs },
  { "metrics", "EXECUTION [STEP]", N_("Print metrics of an execution"),
    N_("  atelier metrics Abalone\n"
       "  atelier metrics Abalone Train --csv   every point"),
    atelier_cli_metrics },
  { "validate", "FILE…", N_("Check definition files"),
    N_("Prints every error and warning with line and column. Needs no workspace; “-” reads standard input."), atelier_cli_validate },
  { "graph", "FILE|EXECUTION", N_("Draw a pipeline as Graphviz text or SVG"),
    N_("  atelier graph pipeline.json -o pipeline.svg\n"
       "  atelier graph Abalone#3 --format svg  with the states of its steps\n"
       "  atelier graph pipeline.json | dot -Tpng > pipeline.png"),
    atelier_cli_graph },
  { "template", "list|show|save|delete …", N_("Project templates: built-in ones and your own"),
    N_("  atelier template list\n"
       "  atelier template show build-train-deploy\n"
       "  atelier template save PROJECT NAME    make a template of a project\n"
       "  atelier template delete NAME"),
    atelier_cli_template },
  { "project", "new|list|show|data|delete …", N_("Projects: repositories made from a template"),
    N_("  atelier project new Abalone --template build-train-deploy --data abalone.csv\n"
       "  atelier project show Abalone\n"
       "  atelier project data Abalone my.csv   other data, checked; the next run takes it\n"
       "  atelier project delete Abalone        its working copies and runs stay"),
    atelier_cli_project },
  { "sample", "", N_("Make the sample projects and run one"),
    N_("Makes the projects Abalone and BreastCancer where they are missing. Runs Abalone when its data is real (--data FILE,\n"
       "or downloaded), else Breast cancer, whose real data comes with scikit-learn."),
    atelier_cli_sample },
  { "runtime", "list|set|unset …", N_("Which interpreter runs which image"),
    N_("  atelier runtime list\n"
       "  atelier runtime set '*pytorch*' python /opt/torch/bin/python3\n"
       "  atelier runtime unset '*pytorch*'"),
    atelier_cli_runtime },
  { "audit", "", N_("Print the audit log, newest first"), N_("Who did what and when. “atelier verify” proves that nothing of it was changed."), atelier_cli_audit },
  { "verify", "", N_("Prove that the workspace is whole"),
    N_("Checks the database, the hash chain of the audit log and the content of stored artifacts."), atelier_cli_verify },
  { "help", "[VERB]", N_("Explain a verb"), N_("Explains a verb."), atelier_cli_help },
  { NULL },
};

static const AtelierVerb *
find_verb (const char *name)
{
  for (const AtelierVerb *verb = atelier_verbs; verb->name != NULL; verb++)
    if (strcmp (verb->name, name) == 0)
      return verb;
  g_assert_not_reached ();
}

gboolean
atelier_cli_parse (AtelierCli *cli, const char *name, const GOptionEntry *entries, int *argc, char ***argv, int least, int most, int *exit_code)
{
  const AtelierVerb *verb = find_verb (name);
  g_autoptr (GOptionContext) context = g_option_context_new (verb->arguments);
  g_autoptr (GError) error = NULL;
  gboolean help = FALSE;
  const GOptionEntry usual[] = {
    { "workspace", 'w', 0, G_OPTION_ARG_FILENAME, &cli->workspace, N_("Folder of the workspace"), N_("FOLDER") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &cli->json, N_("Print JSON"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &cli->quiet, N_("Print nothing but errors"), NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_("Show this help"), NULL },
    { NULL },
  };
  g_autofree char *prgname = g_strconcat ("atelier ", name, NULL);

  g_set_prgname (prgname);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_summary (context, _(verb->summary));
  g_option_context_set_description (context, _(verb->description));
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, usual, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      atelier_cli_complain (_("%s; “atelier %s --help” explains"), error->message, name);
      *exit_code = ATELIER_EXIT_USAGE;
      return FALSE;
    }
  if (help)
    {
      g_autofree char *text = g_option_context_get_help (context, TRUE, NULL);

      fputs (text, stdout);
      *exit_code = ATELIER_EXIT_OK;
      return FALSE;
    }
  if (*argc > 1 && strcmp ((*argv)[1], "--") == 0)
    {
      (*argv)[1] = (*argv)[0];
      (*argv)++;
      (*argc)--;
    }
  if (*argc - 1 < least || *argc - 1 > most)
    {
      atelier_cli_complain (*argc - 1 < least ? _("an argument is missing: atelier %s %s") : _("too many arguments: atelier %s %s"), name, verb->arguments);
      *exit_code = ATELIER_EXIT_USAGE;
      return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): the workspace, open; made when missing unless @read_only */
AtelierEngine *
atelier_cli_open (AtelierCli *cli, gboolean read_only, int *exit_code)
{
  g_autofree char *fallback = atelier_engine_default_workspace ();
  const char *workspace = cli->workspace != NULL ? cli->workspace : fallback;
  g_autofree char *database = g_build_filename (workspace, "atelier.db", NULL);
  g_autoptr (GError) error = NULL;
  AtelierEngine *engine;

  if (read_only && !g_file_test (database, G_FILE_TEST_EXISTS))
    {
      atelier_cli_complain (_("there is no workspace at “%s” yet; “atelier run” or “atelier project new” makes one"), workspace);
      *exit_code = ATELIER_EXIT_NOT_FOUND;
      return NULL;
    }
  engine = atelier_engine_open (workspace, read_only, &error);
  if (engine == NULL)
    *exit_code = atelier_cli_fail (error);
  return engine;
}

/* Says the sentence, and gives the exit code that fits it. */
int
atelier_cli_fail (const GError *error)
{
  if (error == NULL)
    return ATELIER_EXIT_ERROR;
  atelier_cli_complain ("%s", error->message);
  return atelier_engine_error_is_not_found (error)                                           ? ATELIER_EXIT_NOT_FOUND
         : g_error_matches (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_INVALID) ? ATELIER_EXIT_INVALID
                                                                                             : ATELIER_EXIT_ERROR;
}

/* Prints "atelier: SENTENCE" on standard error. */
int
atelier_cli_complain (const char *format, ...)
{
  va_list arguments;
  g_autofree char *sentence = NULL;

  va_start (arguments, format);
  sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  fflush (stdout);
  fprintf (stderr, "%satelier:%s %s\n", atelier_output_tint (ATELIER_TINT_BAD, STDERR_FILENO), atelier_output_untint (STDERR_FILENO), sentence);
  return ATELIER_EXIT_ERROR;
}

void
atelier_cli_print_json (const json_t *value)
{
  g_autofree char *text = atelier_json_pretty (value);

  fputs (text, stdout);
}
