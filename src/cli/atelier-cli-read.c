/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-text.h"
#include "atelier-time.h"
#include "atelier-engine-projects.h"
#include "atelier-views.h"

/* The reading verbs: list, show, logs, metrics, audit, verify. Each asks the engine for one JSON value and prints it as it is or as
 * a table. */

static char *
duration_of (const json_t *object)
{
  gint64 duration_us = atelier_json_get_int (object, "duration_us", -1);

  return duration_us >= 0 ? atelier_time_format_duration (duration_us) : g_strdup ("–");
}

static void
print_executions (const json_t *list)
{
  static const char *const headings[] = { "", "STATUS", "ID", "PIPELINE", "STARTED", "DURATION", "WHY", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    {
      const char *status = atelier_json_get_string (item, "status", "");
      AtelierTint tint;
      const char *mark = atelier_output_status_mark (status, &tint);
      g_autofree char *pipeline = g_strdup_printf ("%s #%d", atelier_json_get_string (item, "pipeline", ""), (int) atelier_json_get_int (item, "number", 0));
      g_autofree char *time = atelier_output_time (atelier_json_get_string (item, "created_at", NULL));
      g_autofree char *duration = duration_of (item);
      const char *commit = atelier_json_get_string (item, "commit", NULL);
      g_autofree char *trigger = commit != NULL ? g_strdup_printf ("%s %.7s%s %s", atelier_json_get_string (item, "trigger", ""), commit,
                                                                   atelier_json_get_bool (item, "dirty", FALSE) ? "+" : "",
                                                                   atelier_json_get_string (item, "commit_subject", ""))
                                                : g_strdup (atelier_json_get_string (item, "trigger", ""));
      const char *reason = atelier_json_get_string (item, "failure_reason", NULL);

      atelier_table_add (table, tint, mark, status, atelier_json_get_string (item, "id", ""), pipeline, time, duration, reason != NULL ? reason : trigger,
                         NULL);
    }
  if (json_array_size (list) == 0)
    puts (_("No executions yet. “atelier run FILE” starts one."));
  else
    atelier_table_print (table);
}

static void
print_projects (const json_t *list)
{
  static const char *const headings[] = { "PROJECT", "TEMPLATE", "DATA", "MADE", "BUILD REPOSITORY", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    {
      g_autofree char *time = atelier_output_time (atelier_json_get_string (item, "created_at", NULL));
      json_t *clones = json_object_get (json_object_get (item, "settings"), "clones");

      atelier_table_add (table, ATELIER_TINT_STRONG, atelier_json_get_string (item, "name", ""), atelier_json_get_string (item, "template", ""),
                         atelier_json_get_bool (item, "simulated", FALSE) ? _("simulated") : "", time,
                         atelier_json_get_string (clones, "modelbuild", "–"), NULL);
    }
  if (json_array_size (list) == 0)
    puts (_("No projects yet. “atelier project new NAME --template build-train-deploy” makes one."));
  else
    atelier_table_print (table);
}

static void
print_pipelines (const json_t *list)
{
  static const char *const headings[] = { "", "PIPELINE", "PROJECT", "VERSION", "RUNS", "LAST", "STATUS", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    {
      const char *status = atelier_json_get_string (item, "last_status", "");
      AtelierTint tint;
      const char *mark = atelier_output_status_mark (status, &tint);
      g_autofree char *version = g_strdup_printf ("%d", (int) atelier_json_get_int (item, "version", 0));
      g_autofree char *runs = g_strdup_printf ("%d", (int) atelier_json_get_int (item, "executions", 0));
      g_autofree char *time = atelier_output_time (atelier_json_get_string (item, "last_at", NULL));

      atelier_table_add (table, tint, mark, atelier_json_get_string (item, "name", ""), atelier_json_get_string (item, "project", "–"), version, runs, time,
                         status, NULL);
    }
  if (json_array_size (list) == 0)
    puts (_("No pipelines yet. “atelier run FILE” makes one."));
  else
    atelier_table_print (table);
}

static void
print_models (const json_t *list)
{
  static const char *const headings[] = { "", "STATUS", "MODEL", "VERSION", "EXECUTION", "REGISTERED", "", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    {
      const char *status = atelier_json_get_string (item, "status", "");
      AtelierTint tint;
      const char *mark = atelier_output_status_mark (status, &tint);
      g_autofree char *number = g_strdup_printf ("%d", (int) atelier_json_get_int (item, "number", 0));
      g_autofree char *time = atelier_output_time (atelier_json_get_string (item, "created_at", NULL));

      atelier_table_add (table, tint, mark, status, atelier_json_get_string (item, "group", ""), number,
                         atelier_json_get_string (item, "execution", "–"), time,
                         atelier_json_get_bool (item, "simulated", FALSE) ? _("simulated data") : "", NULL);
    }
  if (json_array_size (list) == 0)
    puts (_("No model versions yet. A pipeline's RegisterModel step makes one."));
  else
    atelier_table_print (table);
}

static void
print_templates (const json_t *list)
{
  static const char *const headings[] = { "TEMPLATE", "FROM", "TITLE", "DESCRIPTION", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    atelier_table_add (table, ATELIER_TINT_STRONG, atelier_json_get_string (item, "name", ""), atelier_json_get_string (item, "origin", ""),
                       atelier_json_get_string (item, "title", ""),
                       atelier_json_get_string (item, "problem", atelier_json_get_string (item, "description", "")), NULL);
  atelier_table_print (table);
}

int
atelier_cli_list (AtelierCli *cli, int argc, char **argv)
{
  static const char *const kinds[] = { "executions", "pipelines", "projects", "models", "templates" };
  AtelierExecutionFilter filter = { 0 };
  g_autofree char *project = NULL;
  g_autofree char *pipeline = NULL;
  g_autofree char *status = NULL;
  g_autofree char *text = NULL;
  int limit = 0, code;
  const GOptionEntry entries[] = {
    { "project", 0, 0, G_OPTION_ARG_STRING, &project, N_("Executions of this project"), N_("NAME") },
    { "pipeline", 0, 0, G_OPTION_ARG_STRING, &pipeline, N_("Executions of this pipeline"), N_("NAME") },
    { "status", 0, 0, G_OPTION_ARG_STRING, &status, N_("Executions with this status"), N_("STATUS") },
    { "text", 0, 0, G_OPTION_ARG_STRING, &text, N_("Executions that hold this text"), N_("TEXT") },
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("Most executions shown (100)"), N_("N") },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) list = NULL;
  const char *kind;

  if (!atelier_cli_parse (cli, "list", entries, &argc, &argv, 0, 1, &code))
    return code;
  kind = argc > 1 ? argv[1] : "executions";
  if (strcmp (kind, "templates") == 0)
    {
      list = atelier_engine_list_templates ();
      if (cli->json)
        atelier_cli_print_json (list);
      else
        print_templates (list);
      return ATELIER_EXIT_OK;
    }
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  filter = (AtelierExecutionFilter) { project, pipeline, status, text, (guint) MAX (limit, 0) };
  if (strcmp (kind, "executions") == 0)
    list = atelier_view_executions (engine, &filter, &error);
  else if (strcmp (kind, "projects") == 0)
    list = atelier_view_projects (engine, &error);
  else if (strcmp (kind, "pipelines") == 0)
    list = atelier_view_pipelines (engine, &error);
  else if (strcmp (kind, "models") == 0)
    list = atelier_view_models (engine, NULL, &error);
  else
    {
      const char *near = atelier_text_closest (kind, kinds, G_N_ELEMENTS (kinds));

      return atelier_cli_complain (near != NULL ? _("“%s” cannot be listed; did you mean “%s”?")
                                                : _("“%s” cannot be listed; there are executions, pipelines, projects, models and templates"),
                                   kind, near),
             ATELIER_EXIT_USAGE;
    }
  if (list == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (list);
  else if (strcmp (kind, "executions") == 0)
    print_executions (list);
  else if (strcmp (kind, "projects") == 0)
    print_projects (list);
  else if (strcmp (kind, "pipelines") == 0)
    print_pipelines (list);
  else
    print_models (list);
  return ATELIER_EXIT_OK;
}

/* --- show --- */

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
      g_autofree char *duration = duration_of (step);
      g_autofree char *attempts = g_strdup_printf ("%d", (int) atelier_json_get_int (step, "attempts", 0));
      g_autofree char *remark = remark_of (step);

      atelier_table_add (table, tint, mark, atelier_json_get_string (step, "name", ""), atelier_json_get_string (step, "type", ""), status, duration,
                         attempts, remark, NULL);
    }
  atelier_table_print (table);
}

static void
print_metrics (const json_t *metrics)
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
  const char *status = atelier_json_get_string (view, "status", "");
  AtelierTint tint;
  const char *mark = atelier_output_status_mark (status, &tint);
  g_autofree char *title = g_strdup_printf ("%s #%d, version %d", atelier_json_get_string (view, "pipeline", ""),
                                            (int) atelier_json_get_int (view, "number", 0), (int) atelier_json_get_int (view, "version", 0));
  g_autofree char *started = atelier_output_time (atelier_json_get_string (view, "started_at", NULL));
  g_autofree char *duration = duration_of (view);
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
  print_heading (_("Steps"));
  print_steps (atelier_json_get_array (view, "steps"));
  json_array_foreach (atelier_json_get_array (view, "model_versions"), i, item)
    {
      if (i == 0)
        print_heading (_("Model versions"));
      printf ("%s version %d  %s%s\n", atelier_json_get_string (item, "group", ""), (int) atelier_json_get_int (item, "number", 0),
              atelier_json_get_string (item, "status", ""), atelier_json_get_bool (item, "simulated", FALSE) ? _("  (simulated data)") : "");
    }
  print_metrics (atelier_json_get_array (view, "metrics"));
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
  g_autofree char *duration = duration_of (view);
  g_autofree char *packages = NULL;
  json_t *attempt;
  size_t i;

  printf ("%s%s %s%s  %s (%s)\n", atelier_output_tint (tint, STDOUT_FILENO), mark, status, atelier_output_untint (STDOUT_FILENO),
          atelier_json_get_string (view, "name", ""), atelier_json_get_string (view, "type", ""));
  print_field (_("Execution"), atelier_json_get_string (view, "execution", NULL));
  print_field (_("Duration"), duration);
  print_field (_("Outcome"), atelier_json_get_string (view, "outcome", NULL));
  print_field (_("Why it ran"), atelier_json_get_string (view, "why", NULL));
  print_field (_("Waits for"), atelier_json_get_string (view, "waits_for", NULL));
  print_field (_("Result of"), atelier_json_get_string (view, "cached_from", NULL));
  print_field (_("Reason"), atelier_json_get_string (view, "failure_reason", NULL));
  json_array_foreach (atelier_json_get_array (view, "attempt_list"), i, attempt)
    print_attempt (attempt);
  print_metrics (atelier_json_get_array (view, "metrics"));
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

/* --- logs --- */

static gboolean
copy_from (int fd, gint64 *offset)
{
  char piece[65536];
  gssize n;

  while ((n = pread (fd, piece, sizeof piece, *offset)) > 0)
    {
      *offset += n;
      if (fwrite (piece, 1, (size_t) n, stdout) != (size_t) n)
        return FALSE;
    }
  fflush (stdout);
  return n == 0;
}

/* Where the last @lines lines begin. */
static gint64
find_tail (int fd, gint64 lines)
{
  struct stat status;
  gint64 position;
  char piece[65536];

  if (fstat (fd, &status) < 0)
    return 0;
  position = status.st_size;
  while (position > 0)
    {
      gint64 start = MAX (0, position - (gint64) sizeof piece);
      gssize n = pread (fd, piece, (size_t) (position - start), start);

      for (gssize i = n; i-- > 0;)
        if (piece[i] == '\n' && start + i + 1 < status.st_size && lines-- <= 1)
          return start + i + 1;
      position = start;
    }
  return 0;
}

int
atelier_cli_logs (AtelierCli *cli, int argc, char **argv)
{
  gboolean follow = FALSE, print_path = FALSE, is_over = FALSE;
  int attempt = 0, code, fd;
  gint64 lines = 0, offset;
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, N_("Go on as the step writes"), NULL },
    { "attempt", 0, 0, G_OPTION_ARG_INT, &attempt, N_("This attempt rather than the newest"), N_("N") },
    { "lines", 'n', 0, G_OPTION_ARG_INT64, &lines, N_("Only the last lines"), N_("N") },
    { "path", 0, 0, G_OPTION_ARG_NONE, &print_path, N_("Print the path of the log"), NULL },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autofree char *path = NULL;

  if (!atelier_cli_parse (cli, "logs", entries, &argc, &argv, 2, 2, &code))
    return code;
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  path = atelier_engine_log_path (engine, argv[1], argv[2], attempt, &is_over, &error);
  if (path == NULL)
    return atelier_cli_fail (error);
  if (print_path)
    {
      puts (path);
      return ATELIER_EXIT_OK;
    }
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return atelier_cli_complain (_("Cannot read “%s”: %s"), path, g_strerror (errno)), ATELIER_EXIT_ERROR;
  offset = lines > 0 ? find_tail (fd, lines) : 0;
  while (copy_from (fd, &offset) && follow && !is_over)
    {
      g_autofree char *again = NULL;

      g_usleep (100000);
      /* whether it is over is asked before the last copy, so that nothing it wrote is missed */
      again = atelier_engine_log_path (engine, argv[1], argv[2], attempt, &is_over, NULL);
      if (again == NULL)
        break;
      if (is_over)
        copy_from (fd, &offset);
    }
  close (fd);
  return ATELIER_EXIT_OK;
}

/* --- metrics, audit, verify --- */

int
atelier_cli_metrics (AtelierCli *cli, int argc, char **argv)
{
  gboolean csv = FALSE;
  const GOptionEntry entries[] = {
    { "csv", 0, 0, G_OPTION_ARG_NONE, &csv, N_("Every point, as CSV: step, metric, iteration, value"), NULL },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) view = NULL;
  json_t *metric;
  size_t i;
  int code;

  if (!atelier_cli_parse (cli, "metrics", entries, &argc, &argv, 1, 2, &code))
    return code;
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  view = atelier_view_metrics (engine, argv[1], argc > 2 ? argv[2] : NULL, &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (view);
  else if (!csv && json_array_size (view) == 0)
    puts (_("This execution has no metrics."));
  else if (!csv)
    print_metrics (view);
  else
    {
      puts ("step,metric,iteration,value");
      json_array_foreach (view, i, metric)
        {
          json_t *iterations = atelier_json_get_array (metric, "iterations"), *values = atelier_json_get_array (metric, "values");

          for (size_t k = 0; k < json_array_size (values); k++)
            {
              g_autofree char *value = atelier_json_to_text (json_array_get (values, k));

              printf ("%s,%s,%" JSON_INTEGER_FORMAT ",%s\n", atelier_json_get_string (metric, "step", ""), atelier_json_get_string (metric, "name", ""),
                      json_integer_value (json_array_get (iterations, k)), value);
            }
        }
    }
  return ATELIER_EXIT_OK;
}

int
atelier_cli_audit (AtelierCli *cli, int argc, char **argv)
{
  static const char *const headings[] = { "#", "AT", "WHO", "ACTION", "SUBJECT", "CHANGE", "COMMENT", NULL };
  int limit = 0, code;
  const GOptionEntry entries[] = {
    { "limit", 0, 0, G_OPTION_ARG_INT, &limit, N_("Most events shown (100)"), N_("N") },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (AtelierTable) table = NULL;
  g_autoptr (json_t) view = NULL;
  json_t *event;
  size_t i;

  if (!atelier_cli_parse (cli, "audit", entries, &argc, &argv, 0, 0, &code))
    return code;
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  view = atelier_view_audit (engine, (guint) MAX (limit, 0), &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    {
      atelier_cli_print_json (view);
      return ATELIER_EXIT_OK;
    }
  table = atelier_table_new (headings);
  json_array_foreach (view, i, event)
    {
      g_autofree char *number = g_strdup_printf ("%d", (int) atelier_json_get_int (event, "sequence", 0));
      g_autofree char *time = atelier_output_time (atelier_json_get_string (event, "at", NULL));
      const char *from = atelier_json_get_string (event, "from", NULL), *to = atelier_json_get_string (event, "to", NULL);
      g_autofree char *change = from != NULL ? g_strdup_printf ("%s → %s", from, to != NULL ? to : "–") : g_strdup (to != NULL ? to : "");

      atelier_table_add (table, ATELIER_TINT_NONE, number, time, atelier_json_get_string (event, "who", ""), atelier_json_get_string (event, "action", ""),
                         atelier_json_get_string (event, "subject", ""), change, atelier_json_get_string (event, "comment", ""), NULL);
    }
  atelier_table_print (table);
  return ATELIER_EXIT_OK;
}

int
atelier_cli_verify (AtelierCli *cli, int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) view = NULL;
  json_t *problems, *problem;
  size_t i;
  int code;

  if (!atelier_cli_parse (cli, "verify", entries, &argc, &argv, 0, 0, &code))
    return code;
  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  view = atelier_view_verification (engine, &error);
  if (view == NULL)
    return atelier_cli_fail (error);
  problems = atelier_json_get_array (view, "problems");
  if (cli->json)
    atelier_cli_print_json (view);
  else
    {
      json_array_foreach (problems, i, problem)
        puts (json_string_value (problem));
      if (json_array_size (problems) == 0)
        printf (_("The workspace is whole: %d audit events and %d artifacts, none changed or missing.\n"),
                (int) atelier_json_get_int (view, "audit_events", 0), (int) atelier_json_get_int (view, "artifacts", 0));
    }
  return json_array_size (problems) == 0 ? ATELIER_EXIT_OK : ATELIER_EXIT_INVALID;
}
