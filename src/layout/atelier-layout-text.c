/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-layout-text"

#include "config.h"

#include <string.h>

#include "atelier-layout-private.h"

/* Text without fonts: what is drawn is never measured, since the reader of an SVG brings fonts of its own. The widths
 * are those of a wide face (DejaVu Sans), so that narrower ones fit as well. */

char *
atelier_layout_text_clean (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_sized_new (strlen (valid));

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (clean, g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029 ? ' ' : c);
    }
  return g_string_free (clean, FALSE);
}

char *
atelier_layout_text_shorten (const char *text, guint most_characters)
{
  g_autofree char *clean = atelier_layout_text_clean (text);
  g_autofree char *start = NULL;

  if (g_utf8_strlen (clean, -1) <= (glong) most_characters)
    return g_steal_pointer (&clean);
  start = g_utf8_substring (clean, 0, most_characters - 1);
  return g_strconcat (start, "…", NULL);
}

double
atelier_layout_text_width (const char *text, double size, gboolean bold)
{
  double width = 0;

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iszerowidth (c))
        continue;
      if (c < 0x80 && strchr ("ijl.,:;'|!I()[] ftr-", (int) c) != NULL)
        width += 0.41;
      else if (g_unichar_iswide (c) || (c < 0x80 && strchr ("mwMW@%", (int) c) != NULL))
        width += 1.0;
      else if (g_unichar_isupper (c))
        width += 0.75;
      else
        width += 0.64;
    }
  return width * size * (bold ? 1.1 : 1);
}
