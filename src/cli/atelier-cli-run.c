/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-views.h"

/* run, resume, stop. */

#define LOOK_MS 500

/* NAME=VALUE texts to a table. Returns: (transfer full) (nullable) */
static GHashTable *
parse_assignments (char **texts, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      const char *equals = strchr (texts[i], '=');

      if (equals == NULL || equals == texts[i])
        {
          g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _("“%s” is not of the form NAME=VALUE"), texts[i]);
          return NULL;
        }
      g_hash_table_insert (table, g_strndup (texts[i], equals - texts[i]), g_strdup (equals + 1));
    }
  return g_steal_pointer (&table);
}

static void
print_preview (json_t *view)
{
  static const char *const headings[] = { "ACTION", "STEP", "TYPE", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *step;
  size_t i;

  json_array_foreach (atelier_json_get_array (view, "steps"), i, step)
    atelier_table_add (table, ATELIER_TINT_NONE, atelier_json_get_string (step, "action", ""), atelier_json_get_string (step, "name", ""),
                       atelier_json_get_string (step, "type", ""), NULL);
  atelier_table_print (table);
}

static void
print_problems (const char *target, GPtrArray *problems)
{
  for (guint i = 0; i < problems->len; i++)
    {
      const AtelierProblem *problem = g_ptr_array_index (problems, i);
      g_autofree char *text = atelier_problem_to_text (problem, target);

      /* “atelier validate” tells the warnings */
      if (problem->severity == ATELIER_SEVERITY_ERROR)
        fprintf (stderr, "%s\n", text);
    }
}

/* Options of run as they were typed. */
typedef struct
{
  char   **parameters;
  char   **steps;
  char   **network;
  char    *name;
  char    *pipeline;
  char    *source;
  char    *from_step;
  int      parallel;
  gboolean fail_slow;
  gboolean no_cache;
  gboolean no_sandbox;
  gboolean dry_run;
  gint64   log_limit;
} RunOptions;

static void
run_options_clear (RunOptions *options)
{
  g_strfreev (options->parameters);
  g_strfreev (options->steps);
  g_strfreev (options->network);
  g_free (options->name);
  g_free (options->pipeline);
  g_free (options->source);
  g_free (options->from_step);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RunOptions, run_options_clear)

static gboolean
parse_run (AtelierCli *cli, RunOptions *o, int *argc, char ***argv, int *code)
{
  const GOptionEntry entries[] = {
    { "parameter", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &o->parameters, N_("Value of a parameter"), N_("NAME=VALUE") },
    { "name", 0, 0, G_OPTION_ARG_STRING, &o->name, N_("A name for this execution"), N_("TEXT") },
    { "pipeline", 0, 0, G_OPTION_ARG_STRING, &o->pipeline, N_("Name of the pipeline, where the file does not tell it"), N_("NAME") },
    { "step", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->steps, N_("Run only this step (again for more); the rest comes from --reuse"), N_("STEP") },
    { "reuse", 0, 0, G_OPTION_ARG_STRING, &o->source, N_("Take results from this execution, for all that is as it was"), N_("EXECUTION") },
    { "from", 0, 0, G_OPTION_ARG_STRING, &o->from_step, N_("With --reuse: run this step and all behind it again"), N_("STEP") },
    { "parallel", 'j', 0, G_OPTION_ARG_INT, &o->parallel, N_("Most steps at a time"), N_("N") },
    { "fail-slow", 0, 0, G_OPTION_ARG_NONE, &o->fail_slow, N_("After a failure go on with what does not need the failed step"), NULL },
    { "no-cache", 0, 0, G_OPTION_ARG_NONE, &o->no_cache, N_("Take no cached results"), NULL },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &o->no_sandbox, N_("Run steps as plain processes"), NULL },
    { "allow-network", 0, 0, G_OPTION_ARG_STRING_ARRAY, &o->network, N_("A step that may use the network; * for all"), N_("STEP") },
    { "log-limit", 0, 0, G_OPTION_ARG_INT64, &o->log_limit, N_("Most bytes of a log that are kept, half its head and half its tail"), N_("BYTES") },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &o->dry_run, N_("Only show which steps would run"), NULL },
    { NULL },
  };

  if (!atelier_cli_parse (cli, "run", entries, argc, argv, 0, 1, code))
    return FALSE;
  *code = ATELIER_EXIT_USAGE;
  if (*argc < 2 && o->source == NULL)
    atelier_cli_complain (_("run needs a definition file, a pipeline.py or a project; “atelier run --help” explains"));
  else if (o->parallel < 0 || o->log_limit < 0)
    atelier_cli_complain (_("--parallel and --log-limit want a number above 0"));
  else if (o->from_step != NULL && o->source == NULL)
    atelier_cli_complain (_("--from wants --reuse EXECUTION: what comes before “%s” is taken from there"), o->from_step);
  else
    return TRUE;
  return FALSE;
}

static int
preview (AtelierCli *cli, AtelierEngine *engine, const AtelierStart *start)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) view = atelier_engine_preview_sync (engine, start, &error);

  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (view);
  else
    print_preview (view);
  return ATELIER_EXIT_OK;
}

static int
start_and_follow (AtelierCli *cli, AtelierEngine *engine, const AtelierStart *start)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *id = atelier_engine_start_sync (engine, start, problems, &error);

  if (!cli->quiet)
    print_problems (start->target, problems);
  return id != NULL ? atelier_cli_follow (cli, engine, id) : atelier_cli_fail (error);
}

/* Closes the workspace; what could not be written makes a success a failure. */
static int
close_engine (AtelierEngine *engine, int code)
{
  g_autoptr (GError) error = NULL;

  return !atelier_engine_close (engine, &error) && code == ATELIER_EXIT_OK ? atelier_cli_fail (error) : code;
}

int
atelier_cli_run (AtelierCli *cli, int argc, char **argv)
{
  g_auto (RunOptions) options = { 0 };
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  AtelierStart start;
  int code;

  if (!parse_run (cli, &options, &argc, &argv, &code))
    return code;
  values = parse_assignments (options.parameters, &error);
  if (values == NULL)
    return atelier_cli_complain ("%s", error->message), ATELIER_EXIT_USAGE;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  start = (AtelierStart) {
    .target = argc > 1 ? argv[1] : NULL,
    .pipeline_name = options.pipeline,
    .parameters = values,
    .display_name = options.name,
    .selected_steps = options.steps,
    .source = options.source,
    .from_step = options.from_step,
    .parallel = (guint) options.parallel,
    .fail_slow = options.fail_slow,
    .without_cache = options.no_cache,
    .without_sandbox = options.no_sandbox,
    .network = options.network,
    .log_limit_bytes = options.log_limit,
  };
  return close_engine (engine, options.dry_run ? preview (cli, engine, &start) : start_and_follow (cli, engine, &start));
}

int
atelier_cli_resume (AtelierCli *cli, int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autofree char *id = NULL;
  int code;

  if (!atelier_cli_parse (cli, "resume", entries, &argc, &argv, 1, 1, &code))
    return code;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  id = atelier_engine_resume_sync (engine, argv[1], &error);
  return close_engine (engine, id != NULL ? atelier_cli_follow (cli, engine, id) : atelier_cli_fail (error));
}

/* --- stop --- */

/* Waits until an execution that another program runs has ended, or that program has. */
typedef struct
{
  AtelierEngine *engine;
  const char    *id;
  GMainLoop     *loop;
  gboolean       is_cut_off;
} WaitEnd;

static gboolean
check_end (gpointer user_data)
{
  WaitEnd *wait = user_data;
  g_autoptr (json_t) view = atelier_view_execution (wait->engine, wait->id, NULL);
  const char *status = atelier_json_get_string (view, "status", "");

  wait->is_cut_off = atelier_json_get_bool (view, "interrupted", FALSE);
  if (wait->is_cut_off || (strcmp (status, "Executing") != 0 && strcmp (status, "Stopping") != 0))
    g_main_loop_quit (wait->loop);
  return G_SOURCE_CONTINUE;
}

static void
on_changed (AtelierEngine *engine, gpointer user_data)
{
  check_end (user_data);
}

/* Returns: FALSE when the program that was to stop it has gone before it did */
static gboolean
wait_for_other (AtelierEngine *engine, const char *id)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  WaitEnd wait = { engine, id, loop, FALSE };
  guint source;

  g_signal_connect (engine, "changed", G_CALLBACK (on_changed), &wait);
  source = g_timeout_add (LOOK_MS, check_end, &wait);
  g_main_loop_run (loop);
  g_source_remove (source);
  g_signal_handlers_disconnect_by_data (engine, &wait);
  return !wait.is_cut_off;
}

static int
stop (AtelierCli *cli, AtelierEngine *engine, const char *execution, int grace_ms, gboolean no_wait)
{
  for (;;)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *id = NULL;
      int code;

      if (!atelier_engine_stop_sync (engine, execution, grace_ms, &id, &error))
        return atelier_cli_fail (error);
      if (atelier_engine_is_running (engine, id))
        {
          code = atelier_cli_follow (cli, engine, id);
          return code == ATELIER_EXIT_STOPPED ? ATELIER_EXIT_OK : code;
        }
      if (no_wait)
        return ATELIER_EXIT_OK;
      if (wait_for_other (engine, id))
        {
          if (!cli->quiet)
            printf (_("%s is stopped.\n"), id);
          return ATELIER_EXIT_OK;
        }
    }
}

int
atelier_cli_stop (AtelierCli *cli, int argc, char **argv)
{
  gboolean no_wait = FALSE;
  double grace_s = -1;
  const GOptionEntry entries[] = {
    { "grace", 0, 0, G_OPTION_ARG_DOUBLE, &grace_s, N_("Time for the steps to end by themselves (120)"), N_("SECONDS") },
    { "no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait, N_("Only ask; do not wait for the end"), NULL },
    { NULL },
  };
  g_autoptr (AtelierEngine) engine = NULL;
  int code;

  if (!atelier_cli_parse (cli, "stop", entries, &argc, &argv, 1, 1, &code))
    return code;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  return close_engine (engine, stop (cli, engine, argv[1], grace_s >= 0 ? (int) MIN (grace_s * 1000, G_MAXINT) : -1, no_wait));
}
