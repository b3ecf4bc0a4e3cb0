/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-definition.h"

static char *
data_path (const char *name)
{
  return g_build_filename (g_getenv ("ATELIER_SOURCE_ROOT"), "tests", "data", "definitions", name, NULL);
}

static AtelierDefinition *
parse_file (const char *path, GPtrArray *problems)
{
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  return atelier_definition_parse (text, length, problems);
}

static AtelierDefinition *
parse_data (const char *name, GPtrArray *problems)
{
  g_autofree char *path = data_path (name);
  AtelierDefinition *definition = parse_file (path, problems);

  g_assert_nonnull (definition);
  return definition;
}

/* “A>B A!C …” in the order of the edges: > reference, ! DependsOn, + True branch, - False branch. */
static char *
describe_edges (const AtelierDefinition *definition)
{
  static const char marks[ATELIER_EDGE_N_KINDS] = {
    [ATELIER_EDGE_REFERENCE] = '>',
    [ATELIER_EDGE_DEPENDS_ON] = '!',
    [ATELIER_EDGE_BRANCH_TRUE] = '+',
    [ATELIER_EDGE_BRANCH_FALSE] = '-',
  };
  GString *text = g_string_new (NULL);
  guint n;
  const AtelierEdge *edges = atelier_definition_get_edges (definition, &n);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%s%c%s", i > 0 ? " " : "",
                            atelier_step_get_name (atelier_definition_get_step (definition,
                                                                                edges[i].from)), marks[edges[i].kind],
                            atelier_step_get_name (atelier_definition_get_step (definition, edges[i].to)));
  return g_string_free (text, FALSE);
}

static char *
describe_order (const AtelierDefinition *definition)
{
  GString *text = g_string_new (NULL);
  const guint *order = atelier_definition_get_order (definition);

  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            atelier_step_get_name (atelier_definition_get_step (definition, order[i])));
  return g_string_free (text, FALSE);
}

/* What is written is the same JSON, token for token, and reads as the same definition. */
static void
assert_round_trip (const AtelierDefinition *definition)
{
  for (int pretty = 0; pretty <= 1; pretty++)
    {
      g_autofree char *text = atelier_definition_write (definition, pretty);
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (AtelierDefinition) again = atelier_definition_parse (text, -1, problems);
      g_autoptr (json_t) before = atelier_node_to_json (atelier_definition_get_root (definition));
      g_autoptr (json_t) after = NULL;
      g_autofree char *text_again = NULL;

      g_assert_nonnull (again);
      after = atelier_node_to_json (atelier_definition_get_root (again));
      text_again = atelier_definition_write (again, pretty);
      g_assert_true (json_equal (before, after));
      g_assert_cmpstr (text, ==, text_again);
    }
}

static void
test_accessors (void)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = parse_data ("smallest.json", problems);
  const AtelierParameter *parameter;
  const AtelierPropertyFile *file;
  const AtelierStep *step;
  g_autoptr (json_t) value = NULL;
  g_autoptr (GError) error = NULL;
  guint n;
  double number;

  g_assert_false (atelier_definition_has_errors (definition));
  g_assert_cmpstr (atelier_definition_get_version (definition), ==, "2020-12-01");
  g_assert_cmpuint (atelier_node_get_length (atelier_definition_get_metadata (definition)), ==, 0);
  g_assert_cmpstr (
      atelier_node_get_string (atelier_node_get_member (atelier_definition_get_experiment_name (definition), "Get")),
      ==, "Execution.PipelineName");
  g_assert_nonnull (atelier_definition_get_trial_name (definition));

  g_assert_cmpuint (atelier_definition_get_n_parameters (definition), ==, 1);
  parameter = atelier_definition_find_parameter (definition, "MaxMse");
  g_assert_true (parameter == atelier_definition_get_parameter (definition, 0));
  g_assert_cmpstr (atelier_parameter_get_name (parameter), ==, "MaxMse");
  g_assert_cmpint (atelier_parameter_get_value_type (parameter), ==, ATELIER_VALUE_TYPE_FLOAT);
  g_assert_true (atelier_node_get_double (atelier_parameter_get_default (parameter), &number));
  g_assert_cmpfloat (number, ==, 6.0);
  g_assert_null (atelier_parameter_get_description (parameter));
  g_assert_cmpuint (atelier_parameter_get_n_enum_values (parameter), ==, 0);
  value = atelier_parameter_dup_default (parameter);
  g_assert_true (json_is_real (value));
  g_assert_null (atelier_parameter_parse_value (parameter, "many", &error));
  g_assert_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_VALUE);
  g_assert_null (atelier_definition_find_parameter (definition, "maxmse"));

  g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, 3);
  step = atelier_definition_find_step (definition, "Evaluate");
  g_assert_true (step == atelier_definition_get_step (definition, 0));
  g_assert_cmpuint (atelier_step_get_index (step), ==, 0);
  g_assert_cmpint (atelier_step_get_step_type (step), ==, ATELIER_STEP_TYPE_PROCESSING);
  g_assert_cmpstr (atelier_step_get_type_text (step), ==, "Processing");
  g_assert_cmpstr (atelier_step_get_display_name (step), ==, "Evaluate");
  g_assert_null (atelier_step_get_description (step));
  g_assert_cmpint (atelier_step_get_parent (step), ==, -1);
  g_assert_nonnull (atelier_node_get_member (atelier_step_get_arguments (step), "AppSpecification"));
  g_assert_nonnull (atelier_step_get_member (step, "PropertyFiles"));
  g_assert_null (atelier_step_get_member (step, "DependsOn"));
  g_assert_true (atelier_step_get_cache_policy (step)->enabled);
  g_assert_true (atelier_step_get_cache_policy (step)->expires);
  g_assert_cmpint (atelier_step_get_cache_policy (step)->expire_after.seconds, ==, 30 * 24 * 3600);
  file = atelier_step_get_property_files (step, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpstr (file->name, ==, "Report");
  g_assert_cmpstr (file->output_name, ==, "report");
  g_assert_cmpstr (file->path, ==, "evaluation.json");
  g_assert_true (atelier_step_find_property_file (step, "Report") == file);
  g_assert_null (atelier_step_find_property_file (step, "report"));
  g_assert_null (atelier_step_get_conditions (step));
  g_assert_null (atelier_definition_find_step (definition, "evaluate"));
  g_assert_null (atelier_definition_find_step (definition, ""));
}

static void
test_all_step_types (void)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = parse_data ("all-step-types.json", problems);
  gboolean seen[ATELIER_STEP_TYPE_N_TYPES] = { FALSE };
  const AtelierParameter *parameter;
  const AtelierOutputParameter *outputs;
  const AtelierStep *step;
  guint n;

  g_assert_false (atelier_definition_has_errors (definition));
  for (guint i = 0; i < problems->len; i++) /* four types cannot run here, and nothing else is odd */
    g_assert_nonnull (strstr (((AtelierProblem *) g_ptr_array_index (problems, i))->message,
                              "cannot run on this machine"));
  g_assert_cmpuint (problems->len, ==, 4);
  for (guint i = 0; i < atelier_definition_get_n_steps (definition); i++)
    {
      step = atelier_definition_get_step (definition, i);
      seen[atelier_step_get_step_type (step)] = TRUE;
      g_assert_cmpstr (atelier_step_type_to_text (atelier_step_get_step_type (step)), ==,
                       atelier_step_get_type_text (step));
      g_assert_true (atelier_definition_find_step (definition, atelier_step_get_name (step)) == step);
    }
  for (guint i = ATELIER_STEP_TYPE_UNKNOWN + 1; i < ATELIER_STEP_TYPE_N_TYPES; i++)
    g_assert_true (seen[i]);

  parameter = atelier_definition_find_parameter (definition, "InstanceType");
  g_assert_cmpuint (atelier_parameter_get_n_enum_values (parameter), ==, 2);
  g_assert_cmpstr (atelier_parameter_get_enum_value (parameter, 1), ==, "ml.m5.xlarge");
  g_assert_cmpstr (atelier_parameter_get_description (parameter), ==, "for training");
  parameter = atelier_definition_find_parameter (definition, "Bucket");
  g_assert_cmpint (atelier_parameter_get_value_type (parameter), ==, ATELIER_VALUE_TYPE_STRING);
  g_assert_null (atelier_parameter_get_default (atelier_definition_find_parameter (definition, "Depth")));
  g_assert_null (atelier_parameter_get_default (atelier_definition_find_parameter (definition, "BatchData")));

  step = atelier_definition_find_step (definition, "Fetch");
  outputs = atelier_step_get_output_parameters (step, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpstr (outputs[1].name, ==, "count");
  g_assert_cmpint (outputs[1].type, ==, ATELIER_VALUE_TYPE_INTEGER);
  step = atelier_definition_find_step (definition, "Prepare");
  g_assert_cmpuint (atelier_step_get_retry_policies (step)->len, ==, 1);
  g_assert_cmpstr (atelier_step_get_description (step), ==, "Splits the data");
  step = atelier_definition_find_step (definition, "Decide");
  g_assert_cmpstr (atelier_step_get_display_name (step), ==, "Is it good?");
  g_assert_cmpuint (atelier_node_get_length (atelier_step_get_conditions (step)), ==, 8);
  atelier_step_get_branch (step, TRUE, &n);
  g_assert_cmpuint (n, ==, 6);
  assert_round_trip (definition);
}

static void
test_graph (void)
{
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = parse_data ("nested-conditions.json", problems);
  g_autofree char *edges = describe_edges (definition), *order = describe_order (definition);
  const AtelierStep *outer = atelier_definition_find_step (definition, "Outer");
  const AtelierStep *inner = atelier_definition_find_step (definition, "Inner");
  const AtelierStep *deep = atelier_definition_find_step (definition, "Deep");
  const AtelierStep *stop = atelier_definition_find_step (definition, "Stop");
  const guint *branch;
  guint n;

  g_assert_cmpuint (problems->len, ==, 0);
  /* “Outer” reads “First” by itself; what “Deep” in its branch reads is not its own. “Beside” names “Outer” in
   * DependsOn, too: the branch is the one edge between them. */
  g_assert_cmpstr (
      edges, ==,
      "Inner!After Deep>After First>Outer Outer-Stop Outer+Inner Inner+Deep First>Deep Outer+Beside First!Beside");
  g_assert_cmpstr (order, ==, "First Outer Inner Deep After Stop Beside");

  g_assert_cmpint (atelier_step_get_parent (outer), ==, -1);
  g_assert_cmpint (atelier_step_get_parent (inner), ==, atelier_step_get_index (outer));
  g_assert_true (atelier_step_get_parent_outcome (inner));
  g_assert_cmpint (atelier_step_get_parent (deep), ==, atelier_step_get_index (inner));
  g_assert_false (atelier_step_get_parent_outcome (stop));
  branch = atelier_step_get_branch (outer, TRUE, &n);
  g_assert_cmpuint (n, ==, 2);
  g_assert_cmpuint (branch[0], ==, atelier_step_get_index (inner));
  g_assert_cmpstr (atelier_step_get_name (atelier_definition_get_step (definition, branch[1])), ==, "Beside");
  branch = atelier_step_get_branch (outer, FALSE, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpuint (branch[0], ==, atelier_step_get_index (stop));
  atelier_step_get_branch (inner, FALSE, &n);
  g_assert_cmpuint (n, ==, 0);
  atelier_step_get_branch (deep, TRUE, &n);
  g_assert_cmpuint (n, ==, 0);
  assert_round_trip (definition);
}

/* A graph as text: “A<B,C” is step A that depends on B and C. */
static AtelierDefinition *
parse_graph (const char *graph, GPtrArray *problems)
{
  g_auto (GStrv) steps = g_strsplit (graph, " ", -1);
  g_autoptr (GString) text = g_string_new ("{\"Steps\": [");

  for (guint i = 0; steps[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (steps[i], "<", 2);
      g_auto (GStrv) names = g_strsplit (parts[1] != NULL ? parts[1] : "", ",", -1);
      g_autofree char *list = g_strjoinv ("\", \"", names);

      g_string_append_printf (text,
                              "%s{\"Name\": \"%s\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\", \"DependsOn\": [",
                              i > 0 ? ",\n" : "", parts[0]);
      if (parts[1] != NULL)
        g_string_append_printf (text, "\"%s\"", list);
      g_string_append (text, "]}");
    }
  g_string_append (text, "]}");
  return atelier_definition_parse (text->str, text->len, problems);
}

static void
test_order (void)
{
  static const struct
  {
    const char *graph;
    const char *order;
    const char *cycles; /* (nullable) messages, joined by | */
  } cases[] = {
    { "A B C", "A B C", NULL },
    { "A<C B C", "C A B", NULL },
    { "A<B,B,B B", "B A", NULL },
    { "A<B B<C C<D D", "D C B A", NULL },
    { "D<B,C B<A C<A A", "A B C D", NULL },
    { "A<B B<A C", "C ", "A → B → A" },
    /* two knots; one step behind each, one free */
    { "X<A A<B B<A C<D,X D<C F", "F", "A → B → A|C → D → C" },
    /* the shortest cycle through the first step */
    { "A<B,E B<C C<D D<A E<A", "", "A → E → A" },
    { "A<A B", "A B", "A → A" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (AtelierDefinition) definition = parse_graph (cases[i].graph, problems);
      g_autofree char *order = describe_order (definition);
      g_auto (GStrv) cycles = g_strsplit (cases[i].cycles != NULL ? cases[i].cycles : "", "|", -1);

      g_test_message ("%s: %s", cases[i].graph, order);
      g_assert_true (g_str_has_prefix (order, cases[i].order));
      g_assert_cmpuint (problems->len, ==, g_strv_length (cycles));
      for (guint k = 0; k < problems->len; k++)
        {
          const char *message = ((AtelierProblem *) g_ptr_array_index (problems, k))->message;

          g_assert_true (g_str_has_suffix (message, cycles[k]));
        }
    }
}

/* A long chain written backwards, and its ends tied: neither recursion nor the message may burst. */
static void
test_long_chain (void)
{
  for (int tied = 0; tied <= 1; tied++)
    {
      g_autoptr (GString) text = g_string_new ("{\"Steps\": [");
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (AtelierDefinition) definition = NULL;
      const guint n = 100000;
      const guint *order;

      for (guint i = 0; i < n; i++)
        {
          g_string_append_printf (text, "%s{\"Name\": \"s%u\", \"Type\": \"Lambda\", \"FunctionArn\": \"f\"",
                                  i > 0 ? ",\n" : "", i);
          if (i + 1 < n || tied)
            g_string_append_printf (text, ", \"DependsOn\": [\"s%u\"]", (i + 1) % n);
          g_string_append_c (text, '}');
        }
      g_string_append (text, "]}");
      definition = atelier_definition_parse (text->str, text->len, problems);
      order = atelier_definition_get_order (definition);
      g_assert_cmpint (atelier_definition_has_errors (definition), ==, tied);
      if (!tied)
        for (guint i = 0; i < n; i++)
          g_assert_cmpuint (order[i], ==, n - 1 - i);
      else
        g_assert_cmpuint (atelier_problems_count (problems, ATELIER_SEVERITY_ERROR), ==, 1);
    }
}

/* Ten thousand steps whose references lead forwards and backwards. Checked is that every edge is there, once, and
 * that the order keeps all. (How long it takes is printed by the benchmark.) */
static void
test_big (void)
{
  const guint n = 10000;
  g_autoptr (GRand) rand = g_rand_new_with_seed (20201201);
  g_autoptr (GString) text = g_string_new ("{\"Version\": \"2020-12-01\", \"Parameters\": [{\"Name\": \"Kind\", "
                                           "\"DefaultValue\": \"ml.m5.large\"}], \"Steps\": [\n");
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = NULL;
  g_autoptr (GHashTable) expected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree guint *rank
      = g_new (guint, n); /* rank[i]: the step at place i of the file may wait for those of lower rank */
  g_autofree guint *place = g_new (guint, n);    /* in the order */
  g_autofree guint *by_rank = g_new (guint, n);
  const AtelierEdge *edges;
  const guint *order;
  guint n_edges;

  for (guint i = 0; i < n; i++)
    rank[i] = i;
  for (guint i = n - 1; i > 0; i--)
    {
      guint k = g_rand_int_range (rand, 0, i + 1), swap = rank[i];

      rank[i] = rank[k];
      rank[k] = swap;
    }
  for (guint i = 0; i < n; i++)
    by_rank[rank[i]] = i;
  for (guint i = 0; i < n; i++)
    {
      g_string_append_printf (
          text,
          "%s{\"Name\": \"step-%u\", \"Type\": \"Processing\", \"Arguments\": {\"ProcessingResources\": "
          "{\"ClusterConfig\": "
          "{\"InstanceType\": {\"Get\": \"Parameters.Kind\"}, \"InstanceCount\": 1, \"VolumeSizeInGB\": 30}}, "
          "\"AppSpecification\": {\"ImageUri\": \"local/python:3\"}, \"ProcessingOutputConfig\": {\"Outputs\": "
          "[{\"OutputName\": \"out\", "
          "\"S3Output\": {\"S3Uri\": \"s3://b/step-%u\", \"LocalPath\": \"/opt/ml/processing/out\", "
          "\"S3UploadMode\": \"EndOfJob\"}}]}, "
          "\"ProcessingInputs\": [",
          i > 0 ? ",\n" : "", i, i);
      for (guint k = 0, m = g_rand_int_range (rand, 0, 4); k < m && rank[i] > 0; k++)
        {
          guint from = by_rank[g_rand_int_range (rand, 0, rank[i])];

          g_string_append_printf (
              text,
              "%s{\"InputName\": \"in%u\", \"S3Input\": {\"S3DataType\": \"S3Prefix\", \"S3Uri\": "
              "{\"Get\": \"Steps.step-%u.ProcessingOutputConfig.Outputs['out'].S3Output.S3Uri\"}}}",
              k > 0 ? ", " : "", k, from);
          g_hash_table_add (expected, g_strdup_printf ("%u %u", from, i));
        }
      g_string_append (text, "]}}");
    }
  g_string_append (text, "]}");

  definition = atelier_definition_parse (text->str, text->len, problems);
  g_assert_nonnull (definition);
  g_assert_cmpuint (atelier_problems_count (problems, ATELIER_SEVERITY_ERROR), ==, 0);
  g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, n);
  edges = atelier_definition_get_edges (definition, &n_edges);
  order = atelier_definition_get_order (definition);
  g_assert_cmpuint (n_edges, ==, g_hash_table_size (expected));
  for (guint i = 0; i < n; i++)
    place[i] = n;
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpuint (place[order[i]], ==, n);
      place[order[i]] = i;
    }
  for (guint i = 0; i < n_edges; i++)
    {
      g_autofree char *pair = g_strdup_printf ("%u %u", edges[i].from, edges[i].to);

      g_assert_true (g_hash_table_remove (expected, pair));
      g_assert_cmpuint (place[edges[i].from], <, place[edges[i].to]);
      g_assert_cmpint (edges[i].kind, ==, ATELIER_EDGE_REFERENCE);
      if (i > 0)
        g_assert_true (edges[i - 1].to < edges[i].to ||
                       (edges[i - 1].to == edges[i].to && edges[i - 1].from < edges[i].from));
    }
  assert_round_trip (definition);
}

/* Definitions inside something else. The inner text begins with three lines; its odd key stands in the fourth. */
static void
test_wrapped (void)
{
  static const struct
  {
    const char *file;
    const char *inside; /* (nullable) */
    const char *pointer;
    guint       line;
    guint       column;
  } cases[] = {
    { "inside-a-string.json", "", "/Steps/0/Typo", 4, 60 },
    { "described-pipeline.json", "/PipelineDefinition", "/Steps/0/Typo", 4, 60 },
    { "cloudformation.json", "/PipelineDefinition/PipelineDefinitionBody", "/Steps/0/Typo", 4, 60 },
    { "body-as-object.json", NULL, "/PipelineDefinitionBody/Steps/0/Typo", 9, 9 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (AtelierDefinition) definition = parse_data (cases[i].file, problems);
      const AtelierProblem *problem = g_ptr_array_index (problems, 0);
      g_autofree char *text = atelier_definition_write (definition, FALSE);

      g_assert_cmpuint (problems->len, ==, 1);
      g_assert_cmpstr (problem->inside, ==, cases[i].inside);
      g_assert_cmpstr (problem->pointer, ==, cases[i].pointer);
      g_assert_cmpuint (problem->line, ==, cases[i].line);
      g_assert_cmpuint (problem->column, ==, cases[i].column);
      g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, 1);
      g_assert_cmpstr (text, ==,
                       "{\"Version\":\"2020-12-01\",\"Steps\":[{\"Name\":\"Only\",\"Type\":\"Lambda\","
                       "\"FunctionArn\":\"f\",\"Typo\":6.0}]}");
      if (cases[i].inside != NULL)
        {
          g_autofree char *line = atelier_problem_to_text (problem, "f.json");

          g_assert_nonnull (strstr (line, "the text in "));
        }
    }
}

/* Strings within strings come to an end, and an error in an inner text says where it is. */
static void
test_wrapped_wrongly (void)
{
  static const char *const texts[] = {
    "\"\"",
    "\"null\"",
    "\"\\\"\\\\\\\"x\\\\\\\"\\\"\"",
    "{\"PipelineDefinition\": 5}",
    "{\"PipelineDefinition\": {\"PipelineDefinition\": \"{\\n]\"}}",
    "null",
    "5",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GPtrArray) problems = atelier_problems_new ();

      g_assert_null (atelier_definition_parse (texts[i], -1, problems));
      g_assert_cmpuint (atelier_problems_count (problems, ATELIER_SEVERITY_ERROR), ==, 1);
      if (i == 4)
        {
          const AtelierProblem *problem = g_ptr_array_index (problems, 0);

          g_assert_cmpstr (problem->inside, ==, "/PipelineDefinition/PipelineDefinition");
          g_assert_cmpuint (problem->line, ==, 2);
          g_assert_cmpuint (problem->column, ==, 1);
        }
    }
}

static void
test_write (void)
{
  static const char text[] =
    "\xef\xbb\xbf { \"Zeta\" :{\"b\":6.0,\"a\":6, \"long\" : 123456789012345678901234567890, \"e\":1E+2},\n"
    "\"Steps\":[ ],\"esc\\u0061pe\\/\":\"\\u00e9é\\/\", \"empty\":{ } ,\"list\":[1,[ ],[[ 2 ]]]}\n";
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (text, -1, problems);
  g_autofree char *compact = atelier_definition_write (definition, FALSE);
  g_autofree char *pretty = atelier_definition_write (definition, TRUE);

  g_assert_cmpstr (compact, ==,
                   "{\"Zeta\":{\"b\":6.0,\"a\":6,\"long\":123456789012345678901234567890,\"e\":1E+2},\"Steps\":[],"
                   "\"esc\\u0061pe\\/\":\"\\u00e9é\\/\",\"empty\":{},\"list\":[1,[],[[2]]]}");
  g_assert_cmpstr (pretty, ==,
                   "{\n"
                   "  \"Zeta\": {\n"
                   "    \"b\": 6.0,\n"
                   "    \"a\": 6,\n"
                   "    \"long\": 123456789012345678901234567890,\n"
                   "    \"e\": 1E+2\n"
                   "  },\n"
                   "  \"Steps\": [],\n"
                   "  \"esc\\u0061pe\\/\": \"\\u00e9é\\/\",\n"
                   "  \"empty\": {},\n"
                   "  \"list\": [\n"
                   "    1,\n"
                   "    [],\n"
                   "    [\n"
                   "      [\n"
                   "        2\n"
                   "      ]\n"
                   "    ]\n"
                   "  ]\n"
                   "}\n");
  assert_round_trip (definition);
}

/* A definition outlives the text it was made from, and is drawn however wrong it is. */
static void
test_broken_is_drawn (void)
{
  static const char text[]
      = "{\"Version\": 7, \"Parameters\": [5, {\"Type\": 1}], \"Steps\": [1, {}, {\"Name\": 5, \"Type\": "
        "\"Condition\", \"Arguments\": {\"IfSteps\": {}, \"ElseSteps\": [[], {\"Name\": \"In\"}]}},"
        " {\"Name\": \"X\", \"Type\": \"Training\", \"Arguments\": [], \"DependsOn\": [1, \"In\"], "
        "\"PropertyFiles\": [1, {\"PropertyFileName\": \"p\"}], \"CacheConfig\": 1, \"RetryPolicies\": [1]}]}";
  char *copy = g_strdup (text);
  g_autoptr (GPtrArray) problems = atelier_problems_new ();
  g_autoptr (AtelierDefinition) definition = atelier_definition_parse (copy, -1, problems);
  g_autoptr (AtelierDefinition) second = atelier_definition_ref (definition);
  const AtelierStep *step;
  g_autofree char *edges = NULL;
  guint n;

  memset (copy, 'x', strlen (copy));
  g_free (copy);
  g_assert_true (atelier_definition_has_errors (second));
  g_assert_null (atelier_definition_get_version (definition));
  g_assert_cmpuint (atelier_definition_get_n_parameters (definition), ==, 1);
  g_assert_cmpstr (atelier_parameter_get_name (atelier_definition_get_parameter (definition, 0)), ==, "");
  g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, 4);
  g_assert_cmpstr (atelier_step_get_name (atelier_definition_get_step (definition, 0)), ==, "");
  g_assert_cmpstr (atelier_step_get_type_text (atelier_definition_get_step (definition, 0)), ==, "");
  step = atelier_definition_find_step (definition, "X");
  g_assert_cmpuint (atelier_step_get_n_depends_on (step), ==, 1);
  g_assert_cmpstr (atelier_step_get_depends_on (step, 0), ==, "In");
  atelier_step_get_property_files (step, &n);
  g_assert_cmpuint (n, ==, 1);
  g_assert_false (atelier_step_get_cache_policy (step)->enabled);
  g_assert_null (atelier_step_get_retry_policies (step));
  edges = describe_edges (definition);
  g_assert_cmpstr (edges, ==, "-In In!X");
}

/* Definitions that others wrote: each behaves as the list beside them says. */
static void
test_collection (void)
{
  static const struct
  {
    const char *file;
    gboolean    has_errors;
    guint       n_steps;
    guint       n_edges;
  } cases[] = {
    { "10-ack-train-only.json", FALSE, 1, 0 },
    { "14-ack-NEGATIVE-pass-type.json", TRUE, 1, 0 },
    { "16-examples-abalone-output.json", FALSE, 8, 11 },
    { "22-churn-tuning.json", FALSE, 9, 14 },
    { "34-sdk-cond-interpolated.json", FALSE, 4, 3 },
    { "36-sdk-cond-in-delayed.json", FALSE, 5, 4 },
    { "47-ex-monitor-clarify.json", FALSE, 12, 23 },
    { "48-ex-callback-glue.json", FALSE, 4, 4 },
    { "50-ex-caching.json", FALSE, 2, 1 },
    { "54-ex-nbjob.json", FALSE, 2, 1 },
    { "64-ex-spark.json", FALSE, 1, 0 },
    { "75-batch-lambda.json", FALSE, 3, 2 },
  };
  g_autofree char *folder = g_build_filename (g_getenv ("ATELIER_SOURCE_ROOT"), "..", "shared", "definitions", NULL);

  if (!g_file_test (folder, G_FILE_TEST_IS_DIR))
    {
      g_test_skip ("the collection of definitions is not here");
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_build_filename (folder, cases[i].file, NULL);
      g_autoptr (GPtrArray) problems = atelier_problems_new ();
      g_autoptr (AtelierDefinition) definition = parse_file (path, problems);
      guint n_edges;

      g_test_message ("%s", cases[i].file);
      g_assert_nonnull (definition);
      g_assert_cmpint (atelier_definition_has_errors (definition), ==, cases[i].has_errors);
      g_assert_cmpuint (atelier_definition_get_n_steps (definition), ==, cases[i].n_steps);
      atelier_definition_get_edges (definition, &n_edges);
      g_assert_cmpuint (n_edges, ==, cases[i].n_edges);
      assert_round_trip (definition);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/definition/accessors", test_accessors);
  g_test_add_func ("/definition/all-step-types", test_all_step_types);
  g_test_add_func ("/definition/graph", test_graph);
  g_test_add_func ("/definition/order", test_order);
  g_test_add_func ("/definition/long-chain", test_long_chain);
  g_test_add_func ("/definition/big", test_big);
  g_test_add_func ("/definition/wrapped", test_wrapped);
  g_test_add_func ("/definition/wrapped-wrongly", test_wrapped_wrongly);
  g_test_add_func ("/definition/write", test_write);
  g_test_add_func ("/definition/broken-is-drawn", test_broken_is_drawn);
  g_test_add_func ("/definition/collection", test_collection);
  return g_test_run ();
}
