/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout-svg"

#include "config.h"

#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-layout-private.h"

/* The picture as an SVG document, written here rather than by Graphviz: small, the same on every machine, with
 * colours that follow the reader's light or dark style, a background of its own so that neither depends on what is
 * behind it, and names for screen readers. A tone is a colour and a line of status text; a node that is dimmed has a
 * dashed outline. */

#define ARROW_LENGTH 7.0
#define ARROW_WIDTH  3.5

static const char *const tone_classes[] = { "neutral", "active", "success", "warning", "error", "dimmed" };
static const char *const edge_classes[] = { "solid", "dashed", "pale" };

G_STATIC_ASSERT (G_N_ELEMENTS (tone_classes) == ATELIER_LAYOUT_TONE_N_VALUES);
G_STATIC_ASSERT (G_N_ELEMENTS (edge_classes) == ATELIER_LAYOUT_EDGE_N_VALUES);

static const char style[] =
  "<style>\n"
  ".background{fill:#fafafb}\n"
  "text{font-family:Cantarell,system-ui,sans-serif;fill:#241f31;text-anchor:middle}\n"
  ".label{font-size:11px;font-weight:700}\n"
  ".detail,.status,.way text{font-size:9px}\n"
  ".detail{fill:#5e5c64}\n"
  ".outline{fill:#ffffff;stroke:#9a9996;stroke-width:1.2}\n"
  ".active .outline{stroke:#1a5fb4;stroke-width:2}.active .status{fill:#1a5fb4}\n"
  ".success .outline{stroke:#1a7f4b;stroke-width:2}.success .status{fill:#1a7f4b}\n"
  ".warning .outline{stroke:#8f5902;stroke-width:2}.warning .status{fill:#8f5902}\n"
  ".error .outline{stroke:#c01c28;stroke-width:2}.error .status{fill:#c01c28}\n"
  ".dimmed .outline{stroke-dasharray:4 3}.dimmed text{fill:#5e5c64}\n"
  ".way path{fill:none;stroke:#5e5c64;stroke-width:1.3}.way polygon{fill:#5e5c64}\n"
  ".dashed path{stroke-dasharray:5 4}\n"
  ".pale path{stroke:#c0bfbc}.pale polygon{fill:#c0bfbc}\n"
  "@media (prefers-color-scheme:dark){\n"
  ".background{fill:#1e1e20}\n"
  "text{fill:#f6f5f4}.detail{fill:#c0bfbc}\n"
  ".outline{fill:#303034;stroke:#77767b}\n"
  ".active .outline{stroke:#99c1f1}.active .status{fill:#99c1f1}\n"
  ".success .outline{stroke:#8ff0a4}.success .status{fill:#8ff0a4}\n"
  ".warning .outline{stroke:#f9d976}.warning .status{fill:#f9d976}\n"
  ".error .outline{stroke:#ff938c}.error .status{fill:#ff938c}\n"
  ".dimmed text{fill:#c0bfbc}\n"
  ".way path{stroke:#c0bfbc}.way polygon{fill:#c0bfbc}\n"
  ".pale path{stroke:#5e5c64}.pale polygon{fill:#5e5c64}\n"
  "}\n"
  "</style>\n";

/* What XML does not allow even as a reference becomes U+FFFD. */
static void
append_text (GString *svg, const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      switch (c)
        {
        case '&':
          g_string_append (svg, "&amp;");
          break;
        case '<':
          g_string_append (svg, "&lt;");
          break;
        case '>':
          g_string_append (svg, "&gt;");
          break;
        case '"':
          g_string_append (svg, "&quot;");
          break;
        case '\'':
          g_string_append (svg, "&#39;");
          break;
        default:
          if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f || c == 0xfffe || c == 0xffff)
            c = 0xfffd;
          g_string_append_unichar (svg, c);
          break;
        }
    }
}

/* At most two decimals, and no locale. */
static void
append_number (GString *svg, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  gsize length;

  g_ascii_formatd (text, sizeof text, "%.2f", value);
  length = strlen (text);
  while (text[length - 1] == '0')
    length--;
  if (text[length - 1] == '.')
    length--;
  text[length] = '\0';
  g_string_append (svg, strcmp (text, "-0") == 0 ? "0" : text);
}

static void
append_attribute (GString *svg, const char *name, double value)
{
  g_string_append_printf (svg, " %s=\"", name);
  append_number (svg, value);
  g_string_append_c (svg, '"');
}

static void
append_point (GString *svg, AtelierLayoutPoint point)
{
  append_number (svg, point.x);
  g_string_append_c (svg, ' ');
  append_number (svg, point.y);
}

static void
append_title (GString *svg, const char *const *parts)
{
  gboolean any = FALSE;

  g_string_append (svg, "<title>");
  for (gsize i = 0; parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      {
        g_string_append (svg, any ? ", " : "");
        append_text (svg, parts[i]);
        any = TRUE;
      }
  g_string_append (svg, "</title>");
}

static void
append_outline (GString *svg, AtelierLayoutShape shape, const AtelierLayoutBox *box)
{
  double middle_x = box->x + box->width / 2, middle_y = box->y + box->height / 2;

  if (shape == ATELIER_LAYOUT_SHAPE_DIAMOND)
    {
      g_string_append (svg, "<polygon class=\"outline\" points=\"");
      append_point (svg, (AtelierLayoutPoint){ middle_x, box->y });
      g_string_append_c (svg, ' ');
      append_point (svg, (AtelierLayoutPoint){ box->x + box->width, middle_y });
      g_string_append_c (svg, ' ');
      append_point (svg, (AtelierLayoutPoint){ middle_x, box->y + box->height });
      g_string_append_c (svg, ' ');
      append_point (svg, (AtelierLayoutPoint){ box->x, middle_y });
      g_string_append (svg, "\"/>");
      return;
    }
  g_string_append (svg, "<rect class=\"outline\"");
  append_attribute (svg, "x", box->x);
  append_attribute (svg, "y", box->y);
  append_attribute (svg, "width", box->width);
  append_attribute (svg, "height", box->height);
  append_attribute (svg, "rx", shape == ATELIER_LAYOUT_SHAPE_PILL ? MIN (box->width, box->height) / 2 : 8);
  g_string_append (svg, "/>");
}

static void
append_line (GString *svg, const char *class_name, double x, double y, const char *text, guint most_characters)
{
  g_autofree char *shortened = atelier_layout_text_shorten (text, most_characters);

  g_string_append (svg, "<text");
  if (class_name != NULL)
    g_string_append_printf (svg, " class=\"%s\"", class_name);
  append_attribute (svg, "x", x);
  append_attribute (svg, "y", y);
  g_string_append_c (svg, '>');
  append_text (svg, shortened);
  g_string_append (svg, "</text>");
}

static void
append_node (GString *svg, const AtelierLayoutNode *node, const AtelierLayoutBox *box)
{
  static const char *const classes[] = { "label", "detail", "status" };
  const char *lines[] = { node->label != NULL ? node->label : node->id, node->detail != NULL ? node->detail : "",
                          node->status != NULL ? node->status : "", NULL };
  double height = 0, y;

  for (gsize i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      height += (i == 0 ? ATELIER_LAYOUT_LABEL_SIZE : ATELIER_LAYOUT_SMALL_SIZE) * 1.4;
  y = box->y + (box->height - height) / 2;

  g_string_append_printf (svg, "<g class=\"node %s\" role=\"graphics-symbol img\" data-node=\"",
                          tone_classes[node->tone]);
  append_text (svg, node->id);
  g_string_append (svg, "\">");
  append_title (svg, lines);
  append_outline (svg, node->shape, box);
  for (gsize i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0')
      {
        double size = i == 0 ? ATELIER_LAYOUT_LABEL_SIZE : ATELIER_LAYOUT_SMALL_SIZE;

        /* the base line lies a little below the middle of its line */
        append_line (svg, classes[i], box->x + box->width / 2, y + size * 1.05, lines[i],
                     ATELIER_LAYOUT_MOST_NODE_CHARACTERS);
        y += size * 1.4;
      }
  g_string_append (svg, "</g>\n");
}

/* The arrow's tip is the end of the curve; the line ends inside the arrow, so that its blunt end does not show. */
static void
append_way (GString *svg, const AtelierLayoutCurve *curve)
{
  AtelierLayoutPoint tip = curve->points[curve->n_points - 1], base = tip;
  double dx = 0, dy = 1, length = 0;

  for (guint i = curve->n_points - 1; i-- > 0 && length < 0.01;)
    {
      dx = tip.x - curve->points[i].x;
      dy = tip.y - curve->points[i].y;
      length = hypot (dx, dy);
    }
  if (length > 0)
    {
      dx /= length;
      dy /= length;
    }
  base.x -= dx * ARROW_LENGTH;
  base.y -= dy * ARROW_LENGTH;
  g_string_append (svg, "<path d=\"M");
  append_point (svg, curve->points[0]);
  for (guint i = 1; i + 2 < curve->n_points; i += 3)
    for (guint k = 0; k < 3; k++)
      {
        g_string_append (svg, k == 0 ? " C" : " ");
        append_point (svg, i + k == curve->n_points - 1 ? base : curve->points[i + k]);
      }
  g_string_append (svg, "\"/><polygon points=\"");
  append_point (svg, tip);
  g_string_append_c (svg, ' ');
  append_point (svg, (AtelierLayoutPoint){ base.x - dy * ARROW_WIDTH, base.y + dx * ARROW_WIDTH });
  g_string_append_c (svg, ' ');
  append_point (svg, (AtelierLayoutPoint){ base.x + dy * ARROW_WIDTH, base.y - dx * ARROW_WIDTH });
  g_string_append (svg, "\"/>");
}

static void
append_edge (GString *svg, AtelierLayoutGraph *graph, const AtelierLayoutEdge *edge, const AtelierLayoutCurve *curve)
{
  const AtelierLayoutNode *from = atelier_layout_graph_get_node (graph, edge->from),
                          *to = atelier_layout_graph_get_node (graph, edge->to);

  if (curve->n_points < 4)
    return;
  g_string_append_printf (svg, "<g class=\"way %s\"><title>", edge_classes[edge->style]);
  append_text (svg, from->label != NULL ? from->label : from->id);
  g_string_append (svg, " → ");
  append_text (svg, to->label != NULL ? to->label : to->id);
  if (edge->label != NULL)
    {
      g_string_append (svg, ", ");
      append_text (svg, edge->label);
    }
  g_string_append (svg, "</title>");
  append_way (svg, curve);
  if (edge->label != NULL)
    append_line (svg, NULL, curve->label.x, curve->label.y + ATELIER_LAYOUT_SMALL_SIZE * 0.35, edge->label,
                 ATELIER_LAYOUT_MOST_EDGE_CHARACTERS);
  g_string_append (svg, "</g>\n");
}

/* atelier_layout_to_svg:
 * @layout: of this @graph
 *
 * Returns: (transfer full): the document; one unit is one point */
char *
atelier_layout_to_svg (AtelierLayoutGraph *graph, AtelierLayout *layout)
{
  guint n_nodes = atelier_layout_graph_get_n_nodes (graph), n_edges = atelier_layout_graph_get_n_edges (graph);
  GString *svg = g_string_new ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"graphics-document document\"");

  append_attribute (svg, "width", layout->width);
  append_attribute (svg, "height", layout->height);
  g_string_append (svg, " viewBox=\"0 0 ");
  append_number (svg, layout->width);
  g_string_append_c (svg, ' ');
  append_number (svg, layout->height);
  g_string_append (svg, "\">\n<title>");
  append_text (svg, atelier_layout_graph_get_title (graph));
  g_string_append (svg, "</title>\n<desc>");
  g_string_append_printf (svg, g_dngettext (GETTEXT_PACKAGE, "%u node", "%u nodes", n_nodes), n_nodes);
  g_string_append (svg, ", ");
  g_string_append_printf (svg, g_dngettext (GETTEXT_PACKAGE, "%u connection", "%u connections", n_edges), n_edges);
  g_string_append (svg, "</desc>\n");
  g_string_append (svg, style);
  g_string_append (svg, "<rect class=\"background\" width=\"100%\" height=\"100%\"/>\n");
  for (guint i = 0; i < n_edges; i++)
    append_edge (svg, graph, atelier_layout_graph_get_edge (graph, i), &layout->curves[i]);
  for (guint i = 0; i < n_nodes; i++)
    append_node (svg, atelier_layout_graph_get_node (graph, i), &layout->boxes[i]);
  g_string_append (svg, "</svg>\n");
  return g_string_free (svg, FALSE);
}
