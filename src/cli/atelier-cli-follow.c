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

/* Following an execution of this program to its end. On a terminal the steps that run are kept at the bottom and redrawn ten times
 * a second; a step that ends becomes a line above them. Elsewhere only those lines are printed. */

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
    case ATELIER_NEWS_ENDED:
      g_main_loop_quit (follow->loop);
      break;
    case ATELIER_NEWS_EXECUTION:
    default:
      break;
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
  const char *status = atelier_output_execution_status (view);
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

static int
exit_code_of (const char *status)
{
  return strcmp (status, "Succeeded") == 0 ? ATELIER_EXIT_OK
         : strcmp (status, "Failed") == 0  ? ATELIER_EXIT_FAILED
         : strcmp (status, "Stopped") == 0 ? ATELIER_EXIT_STOPPED
                                           : ATELIER_EXIT_ERROR;
}

/* Hears of the execution until nothing of it is left in this program. */
static void
follow_to_end (Follow *follow)
{
  guint sources[] = {
    g_unix_signal_add (SIGINT, on_interrupt, follow),
    g_unix_signal_add (SIGTERM, on_leave, follow),
    g_unix_signal_add (SIGHUP, on_leave, follow),
    follow->is_terminal && !follow->cli->quiet ? g_timeout_add (REDRAW_MS, redraw, follow) : 0,
  };
  gulong handler = g_signal_connect (follow->engine, "news", G_CALLBACK (on_news), follow);

  signal (SIGPIPE, SIG_IGN); /* nobody may read any more: the execution goes on all the same */
  g_main_loop_run (follow->loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    if (sources[i] != 0)
      g_source_remove (sources[i]);
  g_signal_handler_disconnect (follow->engine, handler);
  if (follow->is_terminal)
    erase (follow);
}

int
atelier_cli_follow (AtelierCli *cli, AtelierEngine *engine, const char *execution_id)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GPtrArray) live = g_ptr_array_new_with_free_func (live_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) before = atelier_view_execution (engine, execution_id, NULL);
  g_autoptr (json_t) view = NULL;
  AtelierCli own = *cli;
  Follow follow = { .cli = &own, .engine = engine, .execution_id = (char *) execution_id, .loop = loop, .live = live,
                    .is_terminal = atelier_output_is_terminal (STDOUT_FILENO) && !cli->json };

  own.quiet = cli->quiet || cli->json;
  follow.name_width = longest_name (atelier_json_get_array (before, "steps"));
  if (!own.quiet && before != NULL)
    printf (_("%s #%d, execution %s\n"), atelier_json_get_string (before, "pipeline", ""), (int) atelier_json_get_int (before, "number", 0),
            execution_id);
  follow_to_end (&follow);
  view = atelier_view_execution (engine, execution_id, &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (view);
  else if (!cli->quiet)
    print_outcome (view);
  return exit_code_of (atelier_json_get_string (view, "status", ""));
}
