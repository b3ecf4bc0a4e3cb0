/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-time.h"
#include "atelier-views.h"

/* show: all about an execution, or one of its steps. */

static void
print_field (const char *label, const char *text)
{
  g_autofree char *padded = NULL;

  if (text == NULL || *text == '\0')
    return;
  padded = atelier_output_fit (label, 12);
  printf ("%s%s%s %s\n", atelier_output_tint (ATELIER_TINT_FAINT, STDOUT_FILENO), padded, atelier_output_untint (STDOUT_FILENO), text);
}

static void
print_heading (const char *text)
{
  printf ("\n%s%s%s\n", atelier_output_tint (ATELIER_TINT_STRONG, STDOUT_FILENO), text, atelier_output_untint (STDOUT_FILENO));
}

/* What is most worth saying of a step in one cell. */
static char *
remark_of (const json_t *step)
{
  const char *keys[] = { "failure_reason", "outcome", "waits_for" };
  const char *cached = atelier_json_get_string (step, "cached_from", NULL);
  const char *why = atelier_json_get_string (step, "why", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = atelier_json_get_string (step, keys[i], NULL);

      if (text != NULL && *text != '\0')
        return g_strdup (text);
    }
  if (cached != NULL)
    return g_strdup_printf (_("result of %s"), cached);
  return g_strdup (why != NULL ? why : "");
}

static void
print_steps (const json_t *steps)
{
  static const char *const headings[] = { "", "STEP", "TYPE", "STATUS", "DURATION", "ATTEMPTS", "", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *step;
  size_t i;

  json_array_foreach (steps, i, step)
    {
      const char *status = atelier_json_get_string (step, "status", "");
      AtelierTint tint;
      const char *mark = atelier_output_status_mark (status, &tint);
      g_autofree char *duration = atelier_output_duration (step);
      g_autofree char *attempts = g_strdup_printf ("%d", (int) atelier_json_get_int (step, "attempts", 0));
      g_autofree char *remark = remark_of (step);

      atelier_table_add (table, tint, mark, atelier_json_get_string (step, "name", ""), atelier_json_get_string (step, "type", ""), status, duration,
                         attempts, remark, NULL);
    }
  atelier_table_print (table);
}

void
atelier_cli_print_metrics (const json_t *metrics)
{
  static const char *const headings[] = { "STEP", "METRIC", "LAST", "AT", "MIN", "MAX", NULL };
  g_autoptr (AtelierTable) table = NULL;
  json_t *metric;
  size_t i;

  if (json_array_size (metrics) == 0)
    return;
  print_heading (_("Metrics"));
  table = atelier_table_new (headings);
  json_array_foreach (metrics, i, metric)
    {
      g_autofree char *last = g_strdup_printf ("%.6g", atelier_json_get_double (metric, "value", NAN));
      g_autofree char *at = g_strdup_printf ("%" G_GINT64_FORMAT, atelier_json_get_int (metric, "iteration", 0));
      g_autofree char *min = g_strdup_printf ("%.6g", atelier_json_get_double (metric, "min", NAN));
      g_autofree char *max = g_strdup_printf ("%.6g", atelier_json_get_double (metric, "max", NAN));

      atelier_table_add (table, ATELIER_TINT_NONE, atelier_json_get_string (metric, "step", ""), atelier_json_get_string (metric, "name", ""), last, at, min,
                         max, NULL);
    }
  atelier_table_print (table);
}

static void
print_lineage (const json_t *lineage)
{
  static const char *const headings[] = { "STEP", "", "ROLE", "SIZE", "SHA-256", "ARTIFACT", NULL };
  g_autoptr (AtelierTable) table = NULL;
  json_t *item;
  size_t i;

  if (json_array_size (lineage) == 0)
    return;
  print_heading (_("Artifacts"));
  table = atelier_table_new (headings);
  json_array_foreach (lineage, i, item)
    {
      g_autofree char *size = atelier_text_format_size (atelier_json_get_int (item, "size_bytes", 0));
      g_autofree char *digest = g_strdup_printf ("%.12s", atelier_json_get_string (item, "digest", "–"));

      atelier_table_add (table, ATELIER_TINT_NONE, atelier_json_get_string (item, "step", ""), atelier_json_get_string (item, "direction", ""),
                         atelier_json_get_string (item, "role", ""), size, digest, atelier_json_get_string (item, "uri", ""), NULL);
    }
  atelier_table_print (table);
}

static void
print_object (const char *heading, const json_t *object)
{
  const char *name;
  json_t *value;

  if (json_object_size (object) == 0)
    return;
  print_heading (heading);
  json_object_foreach ((json_t *) object, name, value)
    {
      g_autofree char *text = atelier_json_to_text (value);

      printf ("%s = %s\n", name, text);
    }
}

static void
print_execution (const json_t *view)
{
  const char *status = atelier_output_execution_status (view);
  AtelierTint tint;
  const char *mark = atelier_output_status_mark (status, &tint);
  g_autofree char *title = g_strdup_printf ("%s #%d, version %d", atelier_json_get_string (view, "pipeline", ""),
                                            (int) atelier_json_get_int (view, "number", 0), (int) atelier_json_get_int (view, "version", 0));
  g_autofree char *started = atelier_output_time (atelier_json_get_string (view, "started_at", NULL));
  g_autofree char *duration = atelier_output_duration (view);
  g_autofree char *commit = NULL;
  json_t *item;
  size_t i;

  printf ("%s%s %s%s  %s\n", atelier_output_tint (tint, STDOUT_FILENO), mark, status, atelier_output_untint (STDOUT_FILENO),
          atelier_json_get_string (view, "id", ""));
  if (atelier_json_get_string (view, "commit", NULL) != NULL)
    commit = g_strdup_printf ("%.12s%s  %s", atelier_json_get_string (view, "commit", ""),
                              atelier_json_get_bool (view, "dirty", FALSE) ? _(" with uncommitted changes") : "",
                              atelier_json_get_string (view, "commit_subject", ""));
  print_field (_("Pipeline"), title);
  print_field (_("Name"), atelier_json_get_string (view, "name", NULL));
  print_field (_("Project"), atelier_json_get_string (view, "project", NULL));
  print_field (_("Started"), started);
  print_field (_("Duration"), duration);
  print_field (_("By"), atelier_json_get_string (view, "author", NULL));
  print_field (_("Trigger"), atelier_json_get_string (view, "trigger", NULL));
  print_field (_("Commit"), commit);
  print_field (_("Goes on from"), atelier_json_get_string (view, "source_execution", NULL));
  print_field (_("Reason"), atelier_json_get_string (view, "failure_reason", NULL));
  print_field (_("Note"), atelier_json_get_string (view, "note", NULL));
  print_field (_("Experiment"), atelier_json_get_string (view, "experiment", NULL));
  print_field (_("Trial"), atelier_json_get_string (view, "trial", NULL));
  if (atelier_json_get_bool (view, "interrupted", FALSE))
    {
      g_autofree char *hint = g_strdup_printf (_("the program that ran it has gone; atelier resume %s goes on with it"),
                                               atelier_json_get_string (view, "id", ""));

      print_field (_("Cut off"), hint);
    }
  print_heading (_("Steps"));
  print_steps (atelier_json_get_array (view, "steps"));
  json_array_foreach (atelier_json_get_array (view, "model_versions"), i, item)
    {
      if (i == 0)
        print_heading (_("Model versions"));
      printf ("%s version %d  %s%s\n", atelier_json_get_string (item, "group", ""), (int) atelier_json_get_int (item, "number", 0),
              atelier_json_get_string (item, "status", ""), atelier_json_get_bool (item, "simulated", FALSE) ? _("  (simulated data)") : "");
    }
  atelier_cli_print_metrics (atelier_json_get_array (view, "metrics"));
  print_object (_("Parameters"), atelier_json_get_object (view, "parameters"));
  print_lineage (atelier_json_get_array (view, "lineage"));
}

static void
print_attempt (const json_t *attempt)
{
  g_autofree char *wall = atelier_time_format_duration (atelier_json_get_int (attempt, "wall_us", 0));
  g_autofree char *cpu = atelier_time_format_duration (atelier_json_get_int (attempt, "cpu_us", 0));
  g_autofree char *memory = atelier_text_format_size (atelier_json_get_int (attempt, "peak_memory_bytes", 0));
  g_autofree char *log = atelier_text_format_size (atelier_json_get_int (attempt, "log_bytes", 0));
  g_autofree char *title = g_strdup_printf (_("Attempt %d: %s"), (int) atelier_json_get_int (attempt, "number", 0),
                                            atelier_json_get_string (attempt, "status", ""));
  g_autofree char *used = g_strdup_printf (_("%s wall-clock, %s of cpu, %s of memory, %s of log"), wall, cpu, memory, log);
  g_autofree char *code = g_strdup_printf ("%d", (int) atelier_json_get_int (attempt, "exit_code", 0));
  json_t *environment = atelier_json_get_object (attempt, "environment");

  print_heading (title);
  print_field (_("Job"), atelier_json_get_string (attempt, "job_name", NULL));
  print_field (_("Runs in"), atelier_json_get_string (attempt, "runtime", NULL));
  print_field (_("Sandbox"), atelier_json_get_string (attempt, "sandbox", NULL));
  print_field (_("Used"), used);
  print_field (_("Exit code"), code);
  print_field (_("Reason"), atelier_json_get_string (attempt, "failure_reason", NULL));
  if (environment != NULL)
    {
      json_t *runtime = atelier_json_get_object (environment, "Runtime");
      g_autofree char *packages = g_strdup_printf (_("%s, %d packages"), atelier_json_get_string (runtime, "version", ""),
                                                   (int) json_object_size (atelier_json_get_object (runtime, "packages")));

      print_field (_("Image"), atelier_json_get_string (environment, "Image", NULL));
      print_field (_("Version"), packages);
    }
}

static void
print_step_view (const json_t *view)
{
  const char *status = atelier_json_get_string (view, "status", "");
  AtelierTint tint;
  const char *mark = atelier_output_status_mark (status, &tint);
  g_autofree char *duration = atelier_output_duration (view);
  const char *display_name = atelier_json_get_string (view, "display_name", NULL);
  json_t *attempt;
  size_t i;

  printf ("%s%s %s%s  %s (%s)\n", atelier_output_tint (tint, STDOUT_FILENO), mark, status, atelier_output_untint (STDOUT_FILENO),
          atelier_json_get_string (view, "name", ""), atelier_json_get_string (view, "type", ""));
  if (g_strcmp0 (display_name, atelier_json_get_string (view, "name", NULL)) != 0)
    print_field (_("Called"), display_name);
  print_field (_("Description"), atelier_json_get_string (view, "description", NULL));
  print_field (_("Execution"), atelier_json_get_string (view, "execution", NULL));
  print_field (_("Duration"), duration);
  print_field (_("Outcome"), atelier_json_get_string (view, "outcome", NULL));
  print_field (_("Why it ran"), atelier_json_get_string (view, "why", NULL));
  print_field (_("Waits for"), atelier_json_get_string (view, "waits_for", NULL));
  print_field (_("Result of"), atelier_json_get_string (view, "cached_from", NULL));
  print_field (_("Reason"), atelier_json_get_string (view, "failure_reason", NULL));
  json_array_foreach (atelier_json_get_array (view, "attempt_list"), i, attempt)
    print_attempt (attempt);
  atelier_cli_print_metrics (atelier_json_get_array (view, "metrics"));
  print_lineage (atelier_json_get_array (view, "lineage"));
}

int
atelier_cli_show (AtelierCli *cli, int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) view = NULL;
  int code;

  if (!atelier_cli_parse (cli, "show", entries, &argc, &argv, 1, 2, &code))
    return code;
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  view = argc > 2 ? atelier_view_step (engine, argv[1], argv[2], &error) : atelier_view_execution (engine, argv[1], &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (view);
  else if (argc > 2)
    print_step_view (view);
  else
    print_execution (view);
  return ATELIER_EXIT_OK;
}
