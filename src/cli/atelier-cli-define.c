/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-cli"

#include "config.h"

#include <stdio.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cli.h"

#include "atelier-layout.h"
#include "atelier-views.h"

/* validate and graph: what can be done with a definition file without a workspace. */

static AtelierDefinition *
read_definition (const char *path, GPtrArray *problems, GError **error)
{
  g_autofree char *text = NULL;
  gsize length;

  if (strcmp (path, "-") == 0)
    {
      g_autoptr (GString) all = g_string_new (NULL);
      char piece[65536];
      size_t n;

      while ((n = fread (piece, 1, sizeof piece, stdin)) > 0)
        g_string_append_len (all, piece, (gssize) n);
      return atelier_definition_parse (all->str, (gssize) all->len, problems);
    }
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  return atelier_definition_parse (text, (gssize) length, problems);
}

int
atelier_cli_validate (AtelierCli *cli, int argc, char **argv)
{
  const GOptionEntry entries[] = { { NULL } };
  g_autoptr (json_t) all = json_array ();
  gboolean is_valid = TRUE;
  int code;

  if (!atelier_cli_parse (cli, "validate", entries, &argc, &argv, 1, G_MAXINT, &code))
    return code;
  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierDefinition) definition = read_definition (argv[i], problems, &error);
      guint n_errors = atelier_problems_count (problems, ATELIER_SEVERITY_ERROR);

      if (error != NULL)
        {
          atelier_cli_fail (error);
          is_valid = FALSE;
          continue;
        }
      is_valid = is_valid && n_errors == 0;
      if (cli->json)
        {
          json_array_append_new (all, json_pack ("{s:s, s:b, s:o}", "file", argv[i], "valid", n_errors == 0, "problems", atelier_problems_to_json (problems)));
          continue;
        }
      for (guint k = 0; k < problems->len; k++)
        {
          g_autofree char *text = atelier_problem_to_text (g_ptr_array_index (problems, k), argv[i]);

          puts (text);
        }
      if (!cli->quiet && n_errors == 0)
        {
          guint n_warnings = atelier_problems_count (problems, ATELIER_SEVERITY_WARNING);
          guint n_steps = atelier_definition_get_n_steps (definition);

          printf (g_dngettext (GETTEXT_PACKAGE, "%s: valid, %u step, %u warnings\n", "%s: valid, %u steps, %u warnings\n", n_steps), argv[i], n_steps,
                  n_warnings);
        }
    }
  if (cli->json)
    atelier_cli_print_json (all);
  return is_valid ? ATELIER_EXIT_OK : ATELIER_EXIT_INVALID;
}

/* --- graph --- */

static AtelierLayoutTone
tone_of (const char *status)
{
  static const struct
  {
    const char       *status;
    AtelierLayoutTone tone;
  } tones[] = {
    { "Succeeded", ATELIER_LAYOUT_TONE_SUCCESS }, { "Cached", ATELIER_LAYOUT_TONE_SUCCESS },  { "Failed", ATELIER_LAYOUT_TONE_ERROR },
    { "Interrupted", ATELIER_LAYOUT_TONE_ERROR }, { "Executing", ATELIER_LAYOUT_TONE_ACTIVE }, { "Starting", ATELIER_LAYOUT_TONE_ACTIVE },
    { "Stopping", ATELIER_LAYOUT_TONE_ACTIVE },   { "Waiting", ATELIER_LAYOUT_TONE_WARNING },  { "Stopped", ATELIER_LAYOUT_TONE_WARNING },
    { "Skipped", ATELIER_LAYOUT_TONE_DIMMED },
  };

  for (gsize i = 0; status != NULL && i < G_N_ELEMENTS (tones); i++)
    if (strcmp (tones[i].status, status) == 0)
      return tones[i].tone;
  return ATELIER_LAYOUT_TONE_NEUTRAL;
}

/* The step's status in an execution's view; NULL without one. */
static const json_t *
find_view_step (const json_t *view, const char *name)
{
  json_t *step;
  size_t i;

  json_array_foreach (atelier_json_get_array (view, "steps"), i, step)
    if (g_strcmp0 (atelier_json_get_string (step, "name", NULL), name) == 0)
      return step;
  return NULL;
}

static gboolean
add_edges (AtelierDefinition *definition, AtelierLayoutGraph *graph, const json_t *view, GError **error)
{
  guint n_edges;
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n_edges);

  for (guint i = 0; i < n_edges; i++)
    {
      const char *to = atelier_step_get_name (atelier_definition_get_step (definition, edges[i].to));
      const char *status = atelier_json_get_string (find_view_step (view, to), "status", "");
      gboolean is_branch = edges[i].kind == ATELIER_EDGE_BRANCH_TRUE || edges[i].kind == ATELIER_EDGE_BRANCH_FALSE;
      AtelierLayoutEdgeStyle style = strcmp (status, "Skipped") == 0                ? ATELIER_LAYOUT_EDGE_DIMMED
                                     : edges[i].kind == ATELIER_EDGE_DEPENDS_ON ? ATELIER_LAYOUT_EDGE_DASHED
                                                                                : ATELIER_LAYOUT_EDGE_SOLID;

      if (!atelier_layout_graph_add_edge (graph, atelier_step_get_name (atelier_definition_get_step (definition, edges[i].from)), to,
                                          !is_branch ? NULL : edges[i].kind == ATELIER_EDGE_BRANCH_TRUE ? "True" : "False", style, error))
        return FALSE;
    }
  return TRUE;
}

static AtelierLayoutGraph *
make_graph (AtelierDefinition *definition, const char *title, const json_t *view, GError **error)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new (title);

  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    {
      const AtelierStep *step = atelier_definition_get_step (definition, i);
      const json_t *state = find_view_step (view, atelier_step_get_name (step));
      const char *status = atelier_json_get_string (state, "status", NULL);
      const char *outcome = atelier_json_get_string (state, "outcome", NULL);
      AtelierLayoutNode node = {
        .id = atelier_step_get_name (step),
        .label = atelier_step_get_display_name (step),
        .detail = outcome != NULL ? outcome : atelier_step_get_type_text (step),
        .status = status,
        .shape = atelier_step_get_step_type (step) == ATELIER_STEP_TYPE_CONDITION ? ATELIER_LAYOUT_SHAPE_DIAMOND : ATELIER_LAYOUT_SHAPE_CARD,
        .tone = tone_of (status),
      };

      if (!atelier_layout_graph_add_node (graph, &node, error))
        return NULL;
    }
  return add_edges (definition, graph, view, error) ? g_steal_pointer (&graph) : NULL;
}

static int
write_graph (AtelierLayoutGraph *graph, const char *format, const char *output)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = strcmp (format, "dot") == 0 ? atelier_layout_to_dot (graph) : atelier_layout_render_svg_sync (graph, &error);

  if (text == NULL)
    return atelier_cli_fail (error);
  if (output == NULL)
    fputs (text, stdout);
  else if (!g_file_set_contents (output, text, -1, &error))
    return atelier_cli_fail (error);
  return ATELIER_EXIT_OK;
}

int
atelier_cli_graph (AtelierCli *cli, int argc, char **argv)
{
  g_autofree char *format = NULL;
  g_autofree char *output = NULL;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("dot (Graphviz text) or svg; by the ending of --output, else dot"), N_("FORMAT") },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, N_("File to write; standard output otherwise"), N_("FILE") },
    { NULL },
  };
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = NULL;
  g_autoptr (AtelierLayoutGraph) graph = NULL;
  g_autoptr (AtelierEngine) engine = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (json_t) view = NULL;
  int code;

  if (!atelier_cli_parse (cli, "graph", entries, &argc, &argv, 1, 1, &code))
    return code;
  if (format == NULL)
    format = g_strdup (output != NULL && g_str_has_suffix (output, ".svg") ? "svg" : "dot");
  if (strcmp (format, "dot") != 0 && strcmp (format, "svg") != 0)
    return atelier_cli_complain (_("“%s” is no format; there are dot and svg"), format), ATELIER_EXIT_USAGE;
  if (strcmp (argv[1], "-") == 0 || g_file_test (argv[1], G_FILE_TEST_IS_REGULAR))
    definition = read_definition (argv[1], problems, &error);
  else
    {
      /* an execution: its own definition, with the states of its steps */
      engine = atelier_cli_open (cli, TRUE, &code);
      if (engine == NULL)
        return code;
      view = atelier_view_execution (engine, argv[1], &error);
      if (view == NULL)
        return atelier_cli_fail (error);
      {
        g_autofree char *path = g_build_filename (atelier_engine_get_workspace (engine), "snapshots", atelier_json_get_string (view, "id", ""),
                                                  "definition.json", NULL);

        definition = read_definition (path, problems, &error);
      }
    }
  if (error != NULL)
    return atelier_cli_fail (error);
  if (definition == NULL)
    {
      const AtelierProblem *first = problems->len > 0 ? g_ptr_array_index (problems, 0) : NULL;

      return atelier_cli_complain ("%s", first != NULL ? first->message : _("it is no definition")), ATELIER_EXIT_INVALID;
    }
  graph = make_graph (definition, argv[1], view, &error);
  code = graph != NULL ? write_graph (graph, format, output) : atelier_cli_fail (error);
  atelier_layout_shutdown ();
  return code;
}
