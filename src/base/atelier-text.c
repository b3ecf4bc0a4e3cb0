/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-text"

#include "config.h"

#include <string.h>
#include <sys/random.h>

#include "atelier-text.h"

/* The number of single-character edits, neighbours swapped counting as one (optimal string alignment), between two
 * words without regard to ASCII case; more than @most counts as @most + 1. Words are at most 64 bytes by the format. */
static guint
distance (const char *a, const char *b, guint most)
{
  guint rows[3][66];
  gsize m = strlen (a), n = strlen (b);

  if (m > 64 || n > 64 || (m > n ? m - n : n - m) > most)
    return most + 1;
  for (gsize j = 0; j <= n; j++)
    rows[0][j] = j;
  for (gsize i = 1; i <= m; i++)
    {
      guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

      row[0] = i;
      for (gsize j = 1; j <= n; j++)
        {
          char x = g_ascii_tolower (a[i - 1]), y = g_ascii_tolower (b[j - 1]);

          row[j] = MIN (MIN (above[j] + 1, row[j - 1] + 1), above[j - 1] + (x != y));
          if (i > 1 && j > 1 && x == g_ascii_tolower (b[j - 2]) && g_ascii_tolower (a[i - 2]) == y)
            row[j] = MIN (row[j], before[j - 2] + 1);
        }
    }
  return rows[m % 3][n];
}

/* atelier_text_closest:
 *
 * Returns: (transfer none) (nullable): the candidate that was probably meant: the nearest one, at most a third of the
 *   word's length away (at least one edit); the first of equals */
const char *
atelier_text_closest (const char *word, const char *const *candidates, gsize n_candidates)
{
  const char *best = NULL;
  guint most = MAX (1, strlen (word) / 3);

  for (gsize i = 0; i < n_candidates; i++)
    {
      guint d = distance (word, candidates[i], most);

      if (d <= most && (best == NULL || d < distance (word, best, most)))
        best = candidates[i];
    }
  return best;
}

/* Returns: (transfer full): 12 random lower-case letters and digits, as SageMaker's execution ids */
char *
atelier_text_new_id (void)
{
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  guint8 bytes[64];
  char *id = g_malloc (13);
  gsize n = 0;

  while (n < 12)
    {
      if (getrandom (bytes, sizeof bytes, 0) != sizeof bytes)
        continue;
      for (gsize i = 0; i < sizeof bytes && n < 12; i++)
        if (bytes[i] < 36 * 7) /* the rest would favour the first letters */
          id[n++] = letters[bytes[i] % 36];
    }
  id[12] = '\0';
  return id;
}

gboolean
atelier_text_is_id (const char *text)
{
  return strlen (text) == 12 && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789") == 12;
}

/* atelier_text_first_line:
 *
 * Returns: (transfer full): the first line that is not blank, cut to @most_characters with an ellipsis; valid UTF-8 */
char *
atelier_text_first_line (const char *text, gsize most_characters)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  char *start = valid + strspn (valid, " \t\r\n");
  char *end = start + strcspn (start, "\r\n");

  *end = '\0';
  g_strchomp (start);
  if (g_utf8_strlen (start, -1) > (glong) most_characters)
    {
      g_autofree char *cut = g_utf8_substring (start, 0, MAX (most_characters, 1) - 1);

      return g_strconcat (cut, "…", NULL);
    }
  return g_strdup (start);
}
