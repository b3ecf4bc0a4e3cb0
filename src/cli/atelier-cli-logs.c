/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-views.h"

/* logs, metrics, audit, verify: what was written down, as text for people and as data for scripts. */

#define LOOK_US 100000

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

typedef struct
{
  AtelierEngine *engine;
  const char    *execution;
  const char    *step;
  int            attempt;
  gboolean       follow;
  gboolean       is_over;
} Log;

/* Where the log is; one that is followed may be waited for. Returns: (transfer full) (nullable) */
static char *
find_log (Log *log, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) problem = NULL;
      char *path = atelier_engine_log_path (log->engine, log->execution, log->step, log->attempt, &log->is_over, &problem);

      if (path != NULL)
        return path;
      if (!log->follow || log->is_over || !g_error_matches (problem, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_STATE))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
      g_usleep (LOOK_US);
    }
}

static void
print_log (Log *log, int fd, gint64 lines)
{
  gint64 offset = lines > 0 ? find_tail (fd, lines) : 0;

  while (copy_from (fd, &offset) && log->follow && !log->is_over)
    {
      g_autofree char *again = NULL;

      g_usleep (LOOK_US);
      /* whether it is over is asked before the last copy, so that nothing it wrote is missed */
      again = atelier_engine_log_path (log->engine, log->execution, log->step, log->attempt, &log->is_over, NULL);
      if (again == NULL)
        break;
    }
}

int
atelier_cli_logs (AtelierCli *cli, int argc, char **argv)
{
  Log log = { 0 };
  gboolean print_path = FALSE;
  int code, fd;
  gint64 lines = 0;
  const GOptionEntry entries[] = {
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &log.follow, N_("Go on as the step writes"), NULL },
    { "attempt", 0, 0, G_OPTION_ARG_INT, &log.attempt, N_("This attempt rather than the newest"), N_("N") },
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
  log.engine = engine;
  log.execution = argv[1];
  log.step = argv[2];
  path = find_log (&log, &error);
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
  print_log (&log, fd, lines);
  close (fd);
  return ATELIER_EXIT_OK;
}

/* --- metrics, audit, verify --- */

/* A field of a CSV file: quoted where it has to be. */
static void
print_csv (const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      fputs (text, stdout);
      return;
    }
  putchar ('"');
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == '"')
        putchar ('"');
      putchar (*p);
    }
  putchar ('"');
}

static void
print_points (const json_t *metrics)
{
  json_t *metric;
  size_t i;

  puts ("step,metric,iteration,value");
  json_array_foreach (metrics, i, metric)
    {
      json_t *iterations = atelier_json_get_array (metric, "iterations"), *values = atelier_json_get_array (metric, "values");

      for (size_t k = 0; k < json_array_size (values); k++)
        {
          json_t *value = json_array_get (values, k);
          g_autofree char *text = json_is_null (value) ? g_strdup ("nan") : atelier_json_to_text (value);

          print_csv (atelier_json_get_string (metric, "step", ""));
          putchar (',');
          print_csv (atelier_json_get_string (metric, "name", ""));
          printf (",%" JSON_INTEGER_FORMAT ",%s\n", json_integer_value (json_array_get (iterations, k)), text);
        }
    }
}

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
    atelier_cli_print_metrics (view);
  else
    print_points (view);
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
