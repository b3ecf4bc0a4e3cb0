/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-cli-output.h"
#include "atelier-engine-projects.h"
#include "atelier-text.h"
#include "atelier-views.h"

/* template, project, sample, runtime. */

static int
unknown_action (const char *verb, const char *action, const char *const *actions, gsize n)
{
  const char *near = atelier_text_closest (action, actions, n);

  if (near != NULL)
    atelier_cli_complain (_("“%s” is nothing that “atelier %s” does; did you mean “%s”?"), action, verb, near);
  else
    atelier_cli_complain (_("“%s” is nothing that “atelier %s” does; “atelier %s --help” explains"), action, verb, verb);
  return ATELIER_EXIT_USAGE;
}

static int
wrong_count (const char *usage)
{
  atelier_cli_complain (_("use it as: atelier %s"), usage);
  return ATELIER_EXIT_USAGE;
}

static GHashTable *
parse_variables (char **texts)
{
  GHashTable *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  for (gsize i = 0; texts != NULL && texts[i] != NULL; i++)
    {
      const char *equals = strchr (texts[i], '=');

      if (equals != NULL)
        g_hash_table_insert (table, g_strndup (texts[i], equals - texts[i]), g_strdup (equals + 1));
      else
        g_hash_table_insert (table, g_strdup (texts[i]), g_strdup (""));
    }
  return table;
}

/* --- template --- */

static void
print_template (const json_t *template_)
{
  json_t *item;
  size_t i;

  printf ("%s%s%s  %s\n%s\n", atelier_output_tint (ATELIER_TINT_STRONG, STDOUT_FILENO), atelier_json_get_string (template_, "title", ""),
          atelier_output_untint (STDOUT_FILENO), atelier_json_get_string (template_, "location", ""), atelier_json_get_string (template_, "description", ""));
  json_array_foreach (atelier_json_get_array (template_, "variables"), i, item)
    {
      if (i == 0)
        puts (_("\nVariables (--variable NAME=VALUE)"));
      printf ("  %-20s %s [%s]\n", atelier_json_get_string (item, "name", ""), atelier_json_get_string (item, "description", ""),
              atelier_json_get_string (item, "default", ""));
    }
  puts (_("\nFiles"));
  json_array_foreach (atelier_json_get_array (template_, "files"), i, item)
    printf ("  %s/%s\n", atelier_json_get_string (item, "repository", ""), atelier_json_get_string (item, "path", ""));
}

int
atelier_cli_template (AtelierCli *cli, int argc, char **argv)
{
  static const char *const actions[] = { "list", "show", "save", "delete" };
  g_autofree char *title = NULL;
  g_autofree char *description = NULL;
  const GOptionEntry entries[] = {
    { "title", 0, 0, G_OPTION_ARG_STRING, &title, N_("save: title of the new template"), N_("TEXT") },
    { "description", 0, 0, G_OPTION_ARG_STRING, &description, N_("save: one or two sentences for the gallery"), N_("TEXT") },
    { NULL },
  };
  g_autoptr (GError) error = NULL;
  int code;

  if (!atelier_cli_parse (cli, "template", entries, &argc, &argv, 1, 3, &code))
    return code;
  if (strcmp (argv[1], "list") == 0)
    {
      char *arguments[] = { (char *) "list", (char *) "templates", NULL };

      return atelier_cli_list (cli, 2, arguments);
    }
  if (strcmp (argv[1], "show") == 0)
    {
      g_autoptr (json_t) template_ = NULL;

      if (argc != 3)
        return wrong_count ("template show NAME");
      template_ = atelier_engine_show_template (argv[2], &error);
      if (template_ == NULL)
        return atelier_cli_fail (error);
      if (cli->json)
        atelier_cli_print_json (template_);
      else
        print_template (template_);
      return ATELIER_EXIT_OK;
    }
  if (strcmp (argv[1], "save") == 0)
    {
      g_autoptr (AtelierEngine) engine = NULL;
      g_autofree char *folder = NULL;

      if (argc != 4)
        return wrong_count ("template save PROJECT NAME");
      engine = atelier_cli_open (cli, TRUE, &code);
      if (engine == NULL)
        return code;
      folder = atelier_engine_save_template (engine, argv[2], argv[3], title, description, &error);
      if (folder == NULL)
        return atelier_cli_fail (error);
      if (!cli->quiet)
        printf (_("The template “%s” is saved in %s\n"), argv[3], folder);
      return ATELIER_EXIT_OK;
    }
  if (strcmp (argv[1], "delete") == 0)
    {
      if (argc != 3)
        return wrong_count ("template delete NAME");
      return atelier_engine_delete_template (argv[2], &error) ? ATELIER_EXIT_OK : atelier_cli_fail (error);
    }
  return unknown_action ("template", argv[1], actions, G_N_ELEMENTS (actions));
}

/* --- project --- */

static void
show_progress (const char *what, double fraction, gpointer user_data)
{
  AtelierCli *cli = user_data;

  if (atelier_output_is_terminal (STDERR_FILENO) && !cli->quiet)
    {
      fprintf (stderr, "\r\033[2K%3d %%  %s", (int) (fraction * 100), what);
      fflush (stderr);
    }
}

static void
clear_progress (AtelierCli *cli)
{
  if (atelier_output_is_terminal (STDERR_FILENO) && !cli->quiet)
    fputs ("\r\033[2K", stderr);
}

static void
print_project (const json_t *project)
{
  const char *repository;
  json_t *clone;
  const char *note = atelier_json_get_string (project, "note", NULL);

  printf (_("The project %s is made.\n"), atelier_json_get_string (project, "name", ""));
  json_object_foreach (atelier_json_get_object (project, "clones"), repository, clone)
    printf ("  %-12s %s\n", repository, json_string_value (clone));
  if (json_array_size (atelier_json_get_array (project, "data")) > 0)
    printf ("  %-12s %s (%s)\n", _("data"), json_string_value (json_array_get (atelier_json_get_array (project, "data"), 0)),
            atelier_json_get_string (project, "data_source", ""));
  if (note != NULL)
    printf ("%s\n", note);
}

static json_t *
make_project (AtelierCli *cli, AtelierEngine *engine, AtelierNewProjectRequest *request, GError **error)
{
  json_t *project;

  request->progress = show_progress;
  request->user_data = cli;
  project = atelier_engine_create_project (engine, request, NULL, error);
  clear_progress (cli);
  return project;
}

static const json_t *
find_project (const json_t *projects, const char *name)
{
  json_t *project;
  size_t i;

  json_array_foreach ((json_t *) projects, i, project)
    if (g_strcmp0 (atelier_json_get_string (project, "name", NULL), name) == 0)
      return project;
  return NULL;
}

static int
new_project (AtelierCli *cli, const char *name, AtelierNewProjectRequest *request)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) project = NULL;
  int code;

  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  request->name = name;
  project = make_project (cli, engine, request, &error);
  if (project == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    atelier_cli_print_json (project);
  else if (!cli->quiet)
    {
      print_project (project);
      printf (_("\nNext: atelier run %s\n"), name);
    }
  return atelier_engine_close (engine, &error) ? ATELIER_EXIT_OK : atelier_cli_fail (error);
}

static int
show_project (AtelierCli *cli, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) projects = NULL;
  const json_t *project;
  int code;

  engine = atelier_cli_open (cli, TRUE, &code);
  if (engine == NULL)
    return code;
  projects = atelier_view_projects (engine, &error);
  if (projects == NULL)
    return atelier_cli_fail (error);
  project = find_project (projects, name);
  if (project == NULL)
    return atelier_cli_complain (_("there is no project “%s”"), name), ATELIER_EXIT_NOT_FOUND;
  atelier_cli_print_json (project);
  return ATELIER_EXIT_OK;
}

static int
change_data (AtelierCli *cli, const char *name, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  int code;

  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  if (!atelier_engine_set_project_data (engine, name, file, &error) || !atelier_engine_close (engine, &error))
    return atelier_cli_fail (error);
  if (!cli->quiet)
    printf (_("The project %s has the data of “%s” now. The next run takes it.\n"), name, file);
  return ATELIER_EXIT_OK;
}

int
atelier_cli_project (AtelierCli *cli, int argc, char **argv)
{
  static const char *const actions[] = { "new", "list", "show", "data", "delete" };
  g_autofree char *template_name = NULL;
  g_autofree char *description = NULL;
  g_autofree char *data = NULL;
  g_autofree char *folder = NULL;
  g_auto (GStrv) variables = NULL;
  gboolean offline = FALSE;
  const GOptionEntry entries[] = {
    { "template", 't', 0, G_OPTION_ARG_STRING, &template_name, N_("new: a template's name, its folder, or the address of its Git repository"), N_("TEMPLATE") },
    { "description", 0, 0, G_OPTION_ARG_STRING, &description, N_("new: what the project is for"), N_("TEXT") },
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, N_("new: your own CSV file for the template's data set"), N_("FILE") },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, N_("new: where the working copies go (~/Atelier/NAME)"), N_("FOLDER") },
    { "variable", 0, 0, G_OPTION_ARG_STRING_ARRAY, &variables, N_("new: value of a template's variable"), N_("NAME=VALUE") },
    { "offline", 0, 0, G_OPTION_ARG_NONE, &offline, N_("new: download nothing"), NULL },
    { NULL },
  };
  g_autoptr (GHashTable) values = NULL;
  int code;

  if (!atelier_cli_parse (cli, "project", entries, &argc, &argv, 1, 3, &code))
    return code;
  if (strcmp (argv[1], "list") == 0)
    {
      char *arguments[] = { (char *) "list", (char *) "projects", NULL };

      return atelier_cli_list (cli, 2, arguments);
    }
  if (strcmp (argv[1], "data") == 0)
    return argc == 4 ? change_data (cli, argv[2], argv[3]) : wrong_count ("project data NAME FILE");
  if (argc != 3 && (strcmp (argv[1], "new") == 0 || strcmp (argv[1], "show") == 0 || strcmp (argv[1], "delete") == 0))
    return wrong_count ("project new|show|delete NAME");
  if (strcmp (argv[1], "new") == 0)
    {
      g_autofree char *absolute = folder != NULL ? g_canonicalize_filename (folder, NULL) : NULL;
      AtelierNewProjectRequest request = { .template_name = template_name, .description = description, .clones_folder = absolute, .data_file = data,
                                           .offline = offline };

      if (template_name == NULL)
        return atelier_cli_complain (_("--template is missing; “atelier template list” shows the templates")), ATELIER_EXIT_USAGE;
      values = parse_variables (variables);
      request.variables = values;
      return new_project (cli, argv[2], &request);
    }
  if (strcmp (argv[1], "show") == 0)
    return show_project (cli, argv[2]);
  if (strcmp (argv[1], "delete") == 0)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierEngine) engine = atelier_cli_open (cli, FALSE, &code);

      if (engine == NULL)
        return code;
      if (!atelier_engine_delete_project (engine, argv[2], &error) || !atelier_engine_close (engine, &error))
        return atelier_cli_fail (error);
      return ATELIER_EXIT_OK;
    }
  return unknown_action ("project", argv[1], actions, G_N_ELEMENTS (actions));
}

/* --- sample --- */

int
atelier_cli_sample (AtelierCli *cli, int argc, char **argv)
{
  g_autofree char *data = NULL;
  gboolean only_make = FALSE;
  const GOptionEntry entries[] = {
    { "data", 0, 0, G_OPTION_ARG_FILENAME, &data, N_("The abalone data set, nine columns"), N_("FILE") },
    { "no-run", 0, 0, G_OPTION_ARG_NONE, &only_make, N_("Only make the projects"), NULL },
    { NULL },
  };
  static const struct
  {
    const char *name;
    const char *template_name;
  } samples[] = { { "Abalone", "build-train-deploy" }, { "BreastCancer", "breast-cancer" } };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) projects = NULL;
  g_autofree char *id = NULL;
  gboolean is_simulated;
  AtelierStart start = { 0 };
  int code;

  if (!atelier_cli_parse (cli, "sample", entries, &argc, &argv, 0, 0, &code))
    return code;
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  projects = atelier_view_projects (engine, &error);
  for (gsize i = 0; projects != NULL && i < G_N_ELEMENTS (samples); i++)
    {
      AtelierNewProjectRequest request = { .name = samples[i].name, .template_name = samples[i].template_name, .data_file = i == 0 ? data : NULL };
      g_autoptr (json_t) project = NULL;

      if (find_project (projects, samples[i].name) != NULL)
        {
          if (i == 0 && data != NULL && !atelier_engine_set_project_data (engine, samples[i].name, data, &error))
            return atelier_cli_fail (error);
          continue;
        }
      project = make_project (cli, engine, &request, &error);
      if (project == NULL)
        return atelier_cli_fail (error);
      if (!cli->quiet)
        print_project (project);
    }
  json_decref (projects);
  projects = atelier_view_projects (engine, &error);
  if (projects == NULL)
    return atelier_cli_fail (error);
  is_simulated = atelier_json_get_bool (find_project (projects, samples[0].name), "simulated", FALSE);
  if (only_make)
    code = ATELIER_EXIT_OK;
  else
    {
      start.target = is_simulated ? samples[1].name : samples[0].name;
      if (is_simulated && !cli->quiet)
        printf (_("\nThe data of %s is simulated, so %s runs, whose data is real. “atelier run %s” runs the other.\n"), samples[0].name, samples[1].name,
                samples[0].name);
      puts ("");
      id = atelier_engine_start_sync (engine, &start, NULL, &error);
      code = id != NULL ? atelier_cli_follow (cli, engine, id) : atelier_cli_fail (error);
    }
  g_clear_error (&error);
  if (!atelier_engine_close (engine, &error) && code == ATELIER_EXIT_OK)
    code = atelier_cli_fail (error);
  return code;
}

/* --- runtime --- */

static int
list_runtimes (AtelierCli *cli)
{
  static const char *const headings[] = { "IMAGE", "RUNTIME", "INTERPRETER", NULL };
  g_autoptr (AtelierTable) table = atelier_table_new (headings);
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (json_t) rows = NULL;
  json_t *row;
  size_t i;
  int code;

  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  rows = atelier_view_runtimes (engine, &error);
  if (rows == NULL)
    return atelier_cli_fail (error);
  if (cli->json)
    {
      atelier_cli_print_json (rows);
      return ATELIER_EXIT_OK;
    }
  json_array_foreach (rows, i, row)
    {
      const char *module = json_string_value (json_array_get (atelier_json_get_array (row, "modules"), 0));
      g_autofree char *any = module != NULL ? g_strdup_printf (_("the first that has %s"), module) : g_strdup (_("the first that works"));

      atelier_table_add (table, ATELIER_TINT_NONE, atelier_json_get_string (row, "image", ""), atelier_json_get_string (row, "runtime", ""),
                         atelier_json_get_string (row, "interpreter", any), NULL);
    }
  atelier_table_print (table);
  return ATELIER_EXIT_OK;
}

int
atelier_cli_runtime (AtelierCli *cli, int argc, char **argv)
{
  static const char *const actions[] = { "list", "set", "unset" };
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  gboolean is_set;
  int code;

  if (!atelier_cli_parse (cli, "runtime", entries, &argc, &argv, 1, 4, &code))
    return code;
  if (strcmp (argv[1], "list") == 0)
    return list_runtimes (cli);
  is_set = strcmp (argv[1], "set") == 0;
  if (!is_set && strcmp (argv[1], "unset") != 0)
    return unknown_action ("runtime", argv[1], actions, G_N_ELEMENTS (actions));
  if (is_set ? argc < 4 : argc != 3)
    return wrong_count (is_set ? "runtime set PATTERN python|xgboost [INTERPRETER]" : "runtime unset PATTERN");
  engine = atelier_cli_open (cli, FALSE, &code);
  if (engine == NULL)
    return code;
  if (!atelier_engine_set_runtime (engine, argv[2], is_set ? argv[3] : NULL, argc > 4 ? argv[4] : NULL, &error))
    return atelier_cli_fail (error);
  return ATELIER_EXIT_OK;
}
