/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "layout-support.h"

/* An SVG as a strict reader of XML sees it. */
typedef struct
{
  guint      n_nodes;
  guint      n_ways;
  guint      n_titles;
  GPtrArray *ids;
  GString   *text; /* of title elements, one a line */
  gboolean   in_title;
} Seen;

static void
start_element (GMarkupParseContext *context,
               const char *name,
               const char **names,
               const char **values,
               gpointer user_data,
               GError **error)
{
  Seen *seen = user_data;

  g_assert_true (g_str_equal (name, "svg") || g_str_equal (name, "title") || g_str_equal (name, "desc")
                 || g_str_equal (name, "style") || g_str_equal (name, "rect") || g_str_equal (name, "g")
                 || g_str_equal (name, "path") || g_str_equal (name, "polygon") || g_str_equal (name, "text"));
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_assert_false (g_str_has_prefix (names[i], "on") || strstr (names[i], "href") != NULL);
      if (g_str_equal (names[i], "data-node"))
        g_ptr_array_add (seen->ids, g_strdup (values[i]));
      if (g_str_equal (names[i], "class") && g_str_has_prefix (values[i], "node "))
        seen->n_nodes++;
      if (g_str_equal (names[i], "class") && g_str_has_prefix (values[i], "way "))
        seen->n_ways++;
      if (g_str_equal (names[i], "d") || g_str_equal (names[i], "points") || g_str_equal (names[i], "x"))
        g_assert_true (strspn (values[i], "MC0123456789.- ") == strlen (values[i]));
    }
  seen->in_title = g_str_equal (name, "title");
  seen->n_titles += seen->in_title;
}

static void
text (GMarkupParseContext *context, const char *content, gsize length, gpointer user_data, GError **error)
{
  Seen *seen = user_data;

  if (seen->in_title)
    {
      g_string_append_len (seen->text, content, length);
      g_string_append_c (seen->text, '\n');
      seen->in_title = FALSE;
    }
}

static void
parse (const char *svg, Seen *seen)
{
  static const GMarkupParser parser = { .start_element = start_element, .text = text };
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, seen, NULL);
  g_autoptr (GError) error = NULL;

  *seen = (Seen){ .ids = g_ptr_array_new_with_free_func (g_free), .text = g_string_new (NULL) };
  g_markup_parse_context_parse (context, svg, -1, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
}

static void
seen_clear (Seen *seen)
{
  g_ptr_array_unref (seen->ids);
  g_string_free (seen->text, TRUE);
}

static char *
render (AtelierLayoutGraph *graph)
{
  g_autoptr (GError) error = NULL;
  char *svg = atelier_layout_render_svg_sync (graph, &error);

  g_assert_no_error (error);
  return svg;
}

static void
test_abalone (void)
{
  g_autoptr (AtelierLayoutGraph) graph = make_abalone ();
  g_autofree char *svg = render (graph);
  Seen seen;

  parse (svg, &seen);
  g_assert_cmpuint (seen.n_nodes, ==, 7);
  g_assert_cmpuint (seen.n_ways, ==, 7);
  g_assert_cmpuint (seen.n_titles, ==, 15);
  assert_contains (seen.text->str, "AbalonePipeline\n");
  assert_contains (seen.text->str, "Preprocess, Processing, Succeeded · 4 s\n");
  assert_contains (seen.text->str, "mse ≤ 6.0 → Register, True\n");
  assert_contains (svg, "prefers-color-scheme:dark");
  assert_contains (svg, "<g class=\"node dimmed\"");
  assert_contains (svg, "<g class=\"way dashed\">");
  assert_contains (svg, "<desc>7 nodes, 7 connections</desc>");
  seen_clear (&seen);
}

static void
test_weird_names (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("</title><script>alert(1)</script>");
  g_autofree char *svg = NULL;
  Seen seen;

  for (gsize i = 0; i < n_weird_names; i++)
    {
      AtelierLayoutNode node = { .id = weird_names[i],
                                 .label = weird_names[i],
                                 .detail = weird_names[i],
                                 .status = weird_names[i],
                                 .shape = i % ATELIER_LAYOUT_SHAPE_N_VALUES,
                                 .tone = i % ATELIER_LAYOUT_TONE_N_VALUES };

      g_assert_true (atelier_layout_graph_add_node (graph, &node, NULL));
    }
  for (gsize i = 1; i < n_weird_names; i++)
    add_edge (graph, weird_names[i - 1], weird_names[i], weird_names[i], i % ATELIER_LAYOUT_EDGE_N_VALUES);
  svg = render (graph);
  g_assert_null (strstr (svg, "<script"));
  g_assert_null (strstr (svg, "<b>"));
  parse (svg, &seen);
  g_assert_cmpuint (seen.n_nodes, ==, n_weird_names);
  g_assert_cmpuint (seen.n_ways, ==, n_weird_names - 1);
  /* attribute values come back whole, but for what XML cannot hold */
  for (gsize i = 0; i < n_weird_names; i++)
    if (strpbrk (weird_names[i], "\x01\n\r\t") == NULL)
      g_assert_cmpstr (g_ptr_array_index (seen.ids, i), ==, weird_names[i]);
  seen_clear (&seen);
}

static void
test_empty (void)
{
  g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("nothing yet");
  g_autofree char *svg = render (graph);
  Seen seen;

  parse (svg, &seen);
  g_assert_cmpuint (seen.n_nodes, ==, 0);
  assert_contains (svg, "viewBox=\"0 0 16 16\"");
  seen_clear (&seen);
}

static void
test_large (void)
{
  g_autoptr (AtelierLayoutGraph) graph = make_random (1000, 1500, 20, 2);
  g_autofree char *svg = render (graph);
  Seen seen;

  parse (svg, &seen);
  g_assert_cmpuint (seen.n_nodes, ==, 1000);
  g_assert_cmpuint (seen.n_ways, ==, 1500);
  seen_clear (&seen);
}

/* Random bytes as names: repaired, escaped, well-formed. */
static void
test_random_names (void)
{
  for (guint round = 0; round < 50; round++)
    {
      g_autoptr (AtelierLayoutGraph) graph = atelier_layout_graph_new ("random");
      g_autofree char *svg = NULL;
      Seen seen;

      for (guint i = 0; i < 5; i++)
        {
          char id[24] = { 0 };
          AtelierLayoutNode node = { .id = id };

          for (gsize k = 0; k < sizeof id - 1; k++)
            id[k] = (char) g_test_rand_int_range (1, 256);
          g_assert_true (atelier_layout_graph_add_node (graph, &node, NULL));
          add_edge (graph, id, atelier_layout_graph_get_node (graph, 0)->id, id, ATELIER_LAYOUT_EDGE_SOLID);
        }
      svg = render (graph);
      parse (svg, &seen);
      g_assert_cmpuint (seen.n_nodes, ==, 5);
      seen_clear (&seen);
    }
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/layout/svg/abalone", test_abalone);
  g_test_add_func ("/layout/svg/weird-names", test_weird_names);
  g_test_add_func ("/layout/svg/empty", test_empty);
  g_test_add_func ("/layout/svg/large", test_large);
  g_test_add_func ("/layout/svg/random-names", test_random_names);
  result = g_test_run ();
  atelier_layout_shutdown ();
  return result;
}
