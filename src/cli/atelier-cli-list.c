/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-engine-projects.h"
#include "atelier-text.h"
#include "atelier-views.h"

/* list: executions, pipelines, projects, models, templates, each a table. */

static void
print_executions (const json_t *list)
{
  static const char *const headings[] = { "", "STATUS", "ID", "PIPELINE", "STARTED", "DURATION", "WHY", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  json_t *item;
  size_t i;

  json_array_foreach (list, i, item)
    {
      const char *status = atelier_output_execution_status (item);
      AtelierTint tint;
      const char *mark = atelier_output_status_mark (status, &tint);
      g_autofree char *pipeline = g_strdup_printf ("%s #%d", atelier_json_get_string (item, "pipeline", ""), (int) atelier_json_get_int (item, "number", 0));
      g_autofree char *time = atelier_output_time (atelier_json_get_string (item, "created_at", NULL));
      g_autofree char *duration = atelier_output_duration (item);
      const char *commit = atelier_json_get_string (item, "commit", NULL);
      g_autofree char *trigger = commit != NULL ? g_strdup_printf ("%s %.7s%s %s", atelier_json_get_string (item, "trigger", ""), commit,
                                                                   atelier_json_get_bool (item, "dirty", FALSE) ? "+" : "",
                                                                   atelier_json_get_string (item, "commit_subject", ""))
                                                : g_strdup (atelier_json_get_string (item, "trigger", ""));
      g_autofree char *cut_off = atelier_json_get_bool (item, "interrupted", FALSE)
                                     ? g_strdup_printf (_("its program has gone; atelier resume %s"), atelier_json_get_string (item, "id", ""))
                                     : NULL;
      const char *reason = atelier_json_get_string (item, "failure_reason", cut_off);

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

static json_t *
view_all_models (AtelierEngine *engine, GError **error)
{
  return atelier_view_models (engine, NULL, error);
}

/* What can be listed. executions is the first, and needs a filter. */
static const struct
{
  const char *name;
  json_t   *(*view) (AtelierEngine *engine,
                     GError       **error);
  void      (*print) (const json_t *list);
} kinds[] = {
  { "executions", NULL, print_executions },
  { "pipelines", atelier_view_pipelines, print_pipelines },
  { "projects", atelier_view_projects, print_projects },
  { "models", view_all_models, print_models },
  { "templates", NULL, print_templates },
};

static int
complain_of_kind (const char *kind)
{
  const char *names[G_N_ELEMENTS (kinds)];
  const char *near;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    names[i] = kinds[i].name;
  near = atelier_text_closest (kind, names, G_N_ELEMENTS (names));
  atelier_cli_complain (near != NULL ? _("“%s” cannot be listed; did you mean “%s”?")
                                     : _("“%s” cannot be listed; there are executions, pipelines, projects, models and templates"),
                        kind, near);
  return ATELIER_EXIT_USAGE;
}

static int
list_kind (AtelierCli *cli, gsize kind, const AtelierExecutionFilter *filter)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) list = NULL;
  int code;

  if (kinds[kind].print == print_templates)
    list = atelier_engine_list_templates ();
  else
    {
      engine = atelier_cli_open (cli, TRUE, &code);
      if (engine == NULL)
        return code;
      list = kinds[kind].view != NULL ? kinds[kind].view (engine, &error) : atelier_view_executions (engine, filter, &error);
    }
  if (list == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (list);
  else
    kinds[kind].print (list);
  return ATELIER_EXIT_OK;
}

int
atelier_cli_list (AtelierCli *cli, int argc, char **argv)
{
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

  if (!atelier_cli_parse (cli, "list", entries, &argc, &argv, 0, 1, &code))
    return code;
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (argc < 2 || strcmp (argv[1], kinds[i].name) == 0)
      return list_kind (cli, i, &(AtelierExecutionFilter) { project, pipeline, status, text, (guint) MAX (limit, 0) });
  return complain_of_kind (argv[1]);
}
