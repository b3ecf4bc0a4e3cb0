/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib-unix.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-time.h"
#include "atelier-views.h"

/* run, resume, stop: following an execution. On a terminal the steps that run are kept at the bottom and redrawn ten times a
 * second; a step that ends becomes a line above them. Elsewhere only those lines are printed. */

#define REDRAW_MS 100
#define MOST_LIVE 8

typedef struct
{
  char  *name;
  char  *status;
  char  *detail; /* (nullable) metric, what it waits for */
  gint64 since_us;
} Live;

typedef struct
{
  AtelierCli    *cli;
  AtelierEngine *engine;
  char          *execution_id;
  GMainLoop     *loop;
  gboolean       is_terminal;
  guint          n_drawn;   /* lines of the live part on the screen */
  GPtrArray     *live;      /* of Live, in the order they began */
  guint          name_width;
  guint          n_signals;
  gboolean       is_stopping;
  gboolean       has_status;
  AtelierExecutionStatus status;
} Follow;

static void
live_free (gpointer data)
{
  Live *live = data;

  g_free (live->name);
  g_free (live->status);
  g_free (live->detail);
  g_free (live);
}

static Live *
find_live (Follow *follow, const char *name)
{
  for (guint i = 0; i < follow->live->len; i++)
    {
      Live *live = g_ptr_array_index (follow->live, i);

      if (strcmp (live->name, name) == 0)
        return live;
    }
  return NULL;
}

static void
erase (Follow *follow)
{
  for (; follow->n_drawn > 0; follow->n_drawn--)
    fputs ("\033[1A\033[2K", stdout);
}

/* "✓ Train          Succeeded   4.2 s  validation:rmse 2.1" */
static void
print_step (Follow *follow, const char *name, const char *status, gint64 duration_us, const char *detail)
{
  AtelierTint tint;
  const char *mark = atelier_output_status_mark (status, &tint);
  g_autofree char *duration = duration_us > 0 ? atelier_time_format_duration (duration_us) : g_strdup ("");
  g_autofree char *padded = atelier_output_fit (name, MAX (follow->name_width, 12));
  g_autofree char *tail = g_strdup (detail != NULL ? detail : "");
  g_autofree char *line = NULL;
  guint width = atelier_output_width ();

  g_strdelimit (tail, "\n\r", ' ');
  line = g_strdup_printf ("%s  %-11s %9s  %s", padded, status, duration, tail);
  g_strchomp (line);
  if (width > 4 && follow->is_terminal && atelier_output_text_width (line) > width - 3)
    {
      g_autofree char *cut = atelier_output_fit (line, width - 3);

      g_free (line);
      line = g_steal_pointer (&cut);
    }
  printf ("%s%s%s %s\n", atelier_output_tint (tint, STDOUT_FILENO), mark, atelier_output_untint (STDOUT_FILENO), line);
}

static void
draw (Follow *follow)
{
  gint64 now = g_get_monotonic_time ();
  guint n = MIN (follow->live->len, MOST_LIVE);

  for (guint i = 0; i < n; i++)
    {
      Live *live = g_ptr_array_index (follow->live, i);

      print_step (follow, live->name, live->status, now - live->since_us, live->detail);
      follow->n_drawn++;
    }
  if (follow->live->len > n)
    {
      printf (_("  … and %u more\n"), follow->live->len - n);
      follow->n_drawn++;
    }
  fflush (stdout);
}

static gboolean
redraw (gpointer user_data)
{
  Follow *follow = user_data;

  erase (follow);
  draw (follow);
  return G_SOURCE_CONTINUE;
}

static void
on_step (Follow *follow, const AtelierNews *news)
{
  Live *live = find_live (follow, news->step);
  gboolean is_over = atelier_step_status_is_final (news->step_status) || news->step_status == ATELIER_STEP_STATUS_INTERRUPTED;

  if (is_over)
    {
      gint64 duration_us = news->duration_us > 0 ? news->duration_us : live != NULL ? g_get_monotonic_time () - live->since_us : 0;

      if (live != NULL)
        g_ptr_array_remove (follow->live, live);
      if (!follow->cli->quiet)
        {
          if (follow->is_terminal)
            erase (follow);
          print_step (follow, news->step, atelier_step_status_to_text (news->step_status), duration_us, news->text);
          if (follow->is_terminal)
            draw (follow);
        }
      return;
    }
  if (!follow->is_terminal || follow->cli->quiet)
    return;
  if (live == NULL)
    {
      live = g_new0 (Live, 1);
      live->name = g_strdup (news->step);
      live->since_us = g_get_monotonic_time ();
      g_ptr_array_add (follow->live, live);
    }
  if (g_strcmp0 (live->status, atelier_step_status_to_text (news->step_status)) != 0)
    {
      g_free (live->status);
      live->status = g_strdup (atelier_step_status_to_text (news->step_status));
      live->since_us = g_get_monotonic_time ();
    }
  g_free (live->detail);
  live->detail = g_strdup (news->text);
}

static void
on_news (AtelierEngine *engine, const AtelierNews *news, gpointer user_data)
{
  Follow *follow = user_data;
  Live *live;

  if (g_strcmp0 (news->execution_id, follow->execution_id) != 0)
    return;
  switch (news->kind)
    {
    case ATELIER_NEWS_STEP:
      on_step (follow, news);
      break;
    case ATELIER_NEWS_METRIC:
      live = find_live (follow, news->step);
      if (live != NULL)
        {
          g_free (live->detail);
          live->detail = g_strdup (news->text);
        }
      break;
    case ATELIER_NEWS_NOTE:
      if (follow->is_terminal)
        erase (follow);
      fflush (stdout);
      if (!follow->cli->quiet)
        fprintf (stderr, "%s\n", news->text);
      break;
    case ATELIER_NEWS_EXECUTION:
      follow->status = news->status;
      follow->has_status = TRUE;
      break;
    case ATELIER_NEWS_ENDED:
    default:
      g_main_loop_quit (follow->loop);
    }
}

static gboolean
on_interrupt (gpointer user_data)
{
  Follow *follow = user_data;
  g_autoptr (GError) error = NULL;

  follow->n_signals++;
  if (follow->is_terminal)
    erase (follow);
  fflush (stdout);
  if (follow->n_signals == 1)
    {
      fputs (_("Stopping. Press Ctrl+C again to end the steps by force.\n"), stderr);
      if (!atelier_engine_stop_sync (follow->engine, follow->execution_id, -1, NULL, &error))
        fprintf (stderr, "%s\n", error->message);
    }
  else
    atelier_engine_stop_sync (follow->engine, follow->execution_id, 0, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

/* The terminal is gone, or the machine goes down: steps go on, the rest waits for a resume. */
static gboolean
on_leave (gpointer user_data)
{
  Follow *follow = user_data;

  atelier_engine_leave (follow->engine);
  return G_SOURCE_CONTINUE;
}

static guint
longest_name (json_t *steps)
{
  guint width = 0;
  json_t *step;
  size_t i;

  json_array_foreach (steps, i, step)
    width = MAX (width, atelier_output_text_width (atelier_json_get_string (step, "name", "")));
  return MIN (width, 40);
}

/* What came of it and what to do next. */
static void
print_outcome (json_t *view)
{
  const char *status = atelier_json_get_string (view, "status", "");
  const char *id = atelier_json_get_string (view, "id", "");
  json_t *item;
  AtelierTint tint;
  const char *mark = atelier_output_status_mark (status, &tint);
  gint64 duration_us = atelier_json_get_int (view, "duration_us", -1);
  g_autofree char *duration = duration_us >= 0 ? atelier_time_format_duration (duration_us) : g_strdup ("–");
  gboolean is_simulated = FALSE;
  size_t i;

  printf ("\n%s%s %s%s  %s %s #%d  %s\n", atelier_output_tint (tint, STDOUT_FILENO), mark, status, atelier_output_untint (STDOUT_FILENO), id,
          atelier_json_get_string (view, "pipeline", ""), (int) atelier_json_get_int (view, "number", 0), duration);
  if (atelier_json_get_string (view, "failure_reason", NULL) != NULL)
    printf ("%s\n", atelier_json_get_string (view, "failure_reason", ""));
  json_array_foreach (atelier_json_get_array (view, "steps"), i, item)
    if (atelier_json_get_string (item, "outcome", NULL) != NULL)
      printf (_("The condition “%s” was decided: %s\n"), atelier_json_get_string (item, "name", ""), atelier_json_get_string (item, "outcome", ""));
  json_array_foreach (atelier_json_get_array (view, "model_versions"), i, item)
    {
      is_simulated = is_simulated || atelier_json_get_bool (item, "simulated", FALSE);
      printf (_("Registered: %s version %d, %s%s\n"), atelier_json_get_string (item, "group", ""), (int) atelier_json_get_int (item, "number", 0),
              atelier_json_get_string (item, "status", ""), atelier_json_get_bool (item, "simulated", FALSE) ? _(" (simulated data)") : "");
    }
  puts (_("\nNext:"));
  printf (_("  atelier show %s              what happened, step by step\n"), id);
  if (strcmp (status, "Succeeded") != 0)
    {
      printf (_("  atelier logs %s STEP         what a step said\n"), id);
      printf (_("  atelier resume %s            go on from where it ended\n"), id);
    }
  else
    printf (_("  atelier metrics %s           its metrics\n"), id);
  if (json_array_size (atelier_json_get_array (view, "model_versions")) > 0)
    puts (_("  atelier list models                   the versions that wait for approval"));
}

int
atelier_cli_follow (AtelierCli *cli, AtelierEngine *engine, const char *execution_id)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray) live = g_ptr_array_new_with_free_func (live_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) before = atelier_view_execution (engine, execution_id, NULL);
  g_autoptr (json_t) view = NULL;
  Follow follow = { .cli = cli, .engine = engine, .execution_id = (char *) execution_id, .loop = loop, .live = live,
                    .is_terminal = atelier_output_is_terminal (STDOUT_FILENO) && !cli->json };
  guint sources[4] = { g_unix_signal_add (SIGINT, on_interrupt, &follow), g_unix_signal_add (SIGTERM, on_leave, &follow),
                       g_unix_signal_add (SIGHUP, on_leave, &follow), 0 };
  gulong handler = g_signal_connect (engine, "news", G_CALLBACK (on_news), &follow);
  AtelierCli silent = *cli;

  if (cli->json)
    {
      silent.quiet = TRUE;
      follow.cli = &silent;
    }
  follow.name_width = longest_name (atelier_json_get_array (before, "steps"));
  if (follow.is_terminal && !cli->quiet)
    sources[3] = g_timeout_add (REDRAW_MS, redraw, &follow);
  if (!follow.cli->quiet && before != NULL)
    printf (_("%s #%d, execution %s\n"), atelier_json_get_string (before, "pipeline", ""), (int) atelier_json_get_int (before, "number", 0),
            execution_id);
  g_main_loop_run (loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != 0)
      g_source_remove (sources[i]);
  g_signal_handler_disconnect (engine, handler);
  if (follow.is_terminal)
    erase (&follow);
  view = atelier_view_execution (engine, execution_id, &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (view);
  else if (!cli->quiet)
    print_outcome (view);
  {
    const char *status = atelier_json_get_string (view, "status", "");

    return strcmp (status, "Succeeded") == 0 ? ATELIER_EXIT_OK
           : strcmp (status, "Failed") == 0  ? ATELIER_EXIT_FAILED
           : strcmp (status, "Stopped") == 0 ? ATELIER_EXIT_STOPPED
                                             : ATELIER_EXIT_ERROR;
  }
}

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

int
atelier_cli_run (AtelierCli *cli, int argc, char **argv)
{
  g_auto (GStrv) parameters = NULL;
  g_auto (GStrv) steps = NULL;
  g_auto (GStrv) network = NULL;
  g_autofree char *name = NULL;
  g_autofree char *pipeline = NULL;
  g_autofree char *source = NULL;
  g_autofree char *from_step = NULL;
  int parallel = 0;
  gboolean fail_slow = FALSE, no_cache = FALSE, no_sandbox = FALSE, dry_run = FALSE;
  gint64 log_limit = 0;
  const GOptionEntry entries[] = {
    { "parameter", 'p', 0, G_OPTION_ARG_STRING_ARRAY, &parameters, N_("Value of a parameter"), N_("NAME=VALUE") },
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, N_("A name for this execution"), N_("TEXT") },
    { "pipeline", 0, 0, G_OPTION_ARG_STRING, &pipeline, N_("Name of the pipeline, where the file does not tell it"), N_("NAME") },
    { "step", 0, 0, G_OPTION_ARG_STRING_ARRAY, &steps, N_("Run only this step (again for more); the rest comes from --reuse"), N_("STEP") },
    { "reuse", 0, 0, G_OPTION_ARG_STRING, &source, N_("Take results from this execution, for all that is as it was"), N_("EXECUTION") },
    { "from", 0, 0, G_OPTION_ARG_STRING, &from_step, N_("With --reuse: run this step and all behind it again"), N_("STEP") },
    { "parallel", 'j', 0, G_OPTION_ARG_INT, &parallel, N_("Most steps at a time"), N_("N") },
    { "fail-slow", 0, 0, G_OPTION_ARG_NONE, &fail_slow, N_("After a failure go on with what does not need the failed step"), NULL },
    { "no-cache", 0, 0, G_OPTION_ARG_NONE, &no_cache, N_("Take no cached results"), NULL },
    { "no-sandbox", 0, 0, G_OPTION_ARG_NONE, &no_sandbox, N_("Run steps as plain processes"), NULL },
    { "allow-network", 0, 0, G_OPTION_ARG_STRING_ARRAY, &network, N_("A step that may use the network; * for all"), N_("STEP") },
    { "log-limit", 0, 0, G_OPTION_ARG_INT64, &log_limit, N_("Most bytes of a log that are kept, half its head and half its tail"), N_("BYTES") },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, N_("Only show which steps would run"), NULL },
    { NULL },
  };
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autofree char *id = NULL;
  AtelierStart start = { 0 };
  int code;

  if (!atelier_cli_parse (cli, "run", entries, &argc, &argv, 0, 1, &code))
    return code;
  if (argc < 2 && source == NULL)
    return atelier_cli_complain (_("run needs a definition file, a pipeline.py or a project; “atelier run --help” explains")), ATELIER_EXIT_USAGE;
  if (parallel < 0 || log_limit < 0)
    return atelier_cli_complain (_("--parallel and --log-limit want a number above 0")), ATELIER_EXIT_USAGE;
  values = parse_assignments (parameters, &error);
  if (values == NULL)
    return atelier_cli_complain ("%s", error->message), ATELIER_EXIT_USAGE;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  start.target = argc > 1 ? argv[1] : NULL;
  start.pipeline_name = pipeline;
  start.parameters = values;
  start.display_name = name;
  start.selected_steps = steps;
  start.source = source;
  start.from_step = from_step;
  start.parallel = (guint) parallel;
  start.fail_slow = fail_slow;
  start.without_cache = no_cache;
  start.without_sandbox = no_sandbox;
  start.network = network;
  start.log_limit_bytes = log_limit;
  if (dry_run)
    {
      g_autoptr (json_t) view = atelier_engine_preview_sync (engine, &start, &error);

      if (view != NULL && cli->json)
        atelier_cli_print_json (view);
      else if (view != NULL)
        print_preview (view);
      code = view != NULL ? ATELIER_EXIT_OK : atelier_cli_fail (error);
    }
  else
    {
      id = atelier_engine_start_sync (engine, &start, problems, &error);
      if (!cli->quiet)
        print_problems (start.target, problems);
      code = id != NULL ? atelier_cli_follow (cli, engine, id) : atelier_cli_fail (error);
    }
  g_clear_error (&error);
  if (!atelier_engine_close (engine, &error) && code == ATELIER_EXIT_OK)
    code = atelier_cli_fail (error);
  return code;
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
  code = id != NULL ? atelier_cli_follow (cli, engine, id) : atelier_cli_fail (error);
  g_clear_error (&error);
  if (!atelier_engine_close (engine, &error) && code == ATELIER_EXIT_OK)
    code = atelier_cli_fail (error);
  return code;
}

/* Waits until an execution that another program runs has ended. */
typedef struct
{
  AtelierEngine *engine;
  const char    *id;
  GMainLoop     *loop;
} WaitEnd;

static gboolean
check_end (gpointer user_data)
{
  WaitEnd *wait = user_data;
  g_autoptr (json_t) view = atelier_view_execution (wait->engine, wait->id, NULL);
  const char *status = atelier_json_get_string (view, "status", "");

  if (strcmp (status, "Executing") != 0 && strcmp (status, "Stopping") != 0)
    g_main_loop_quit (wait->loop);
  return G_SOURCE_CONTINUE;
}

static void
on_changed (AtelierEngine *engine, gpointer user_data)
{
  check_end (user_data);
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
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (GMainLoop) loop = NULL;
  g_autofree char *id = NULL;
  int code;

  if (!atelier_cli_parse (cli, "stop", entries, &argc, &argv, 1, 1, &code))
    return code;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  if (!atelier_engine_stop_sync (engine, argv[1], grace_s >= 0 ? (int) MIN (grace_s * 1000, G_MAXINT) : -1, &id, &error))
    code = atelier_cli_fail (error);
  else if (atelier_engine_is_running (engine, id))
    {
      code = atelier_cli_follow (cli, engine, id);
      code = code == ATELIER_EXIT_STOPPED ? ATELIER_EXIT_OK : code;
    }
  else if (!no_wait)
    {
      WaitEnd wait = { engine, id, NULL };
      guint source;

      wait.loop = loop = g_main_loop_new (NULL, FALSE);
      g_signal_connect (engine, "changed", G_CALLBACK (on_changed), &wait);
      source = g_timeout_add (500, check_end, &wait);
      g_main_loop_run (loop);
      g_source_remove (source);
      g_signal_handlers_disconnect_by_data (engine, &wait);
      if (!cli->quiet)
        printf (_("%s is stopped.\n"), id);
      code = ATELIER_EXIT_OK;
    }
  g_clear_error (&error);
  if (!atelier_engine_close (engine, &error) && code == ATELIER_EXIT_OK)
    code = atelier_cli_fail (error);
  return code;
}
