/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-report"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-report.h"

#include "atelier-text.h"

/* How the validator writes problems down: see the header. */

/* A comparison is some microseconds. */
#define MOST_COMPARISONS 50000
/* A message quotes what was written, which may be anything. */
#define MOST_BYTES 1000

void
atelier_report_init (AtelierReport *self, GPtrArray *problems)
{
  *self = (AtelierReport) { .problems = problems, .comparisons = MOST_COMPARISONS };
}

static void
shorten (char *text)
{
  if (strlen (text) > MOST_BYTES)
    strcpy (g_utf8_find_prev_char (text, text + MOST_BYTES), "…");
}

static void G_GNUC_PRINTF (6, 0)
add (AtelierReport     *self,
     AtelierSeverity    severity,
     const AtelierNode *at,
     gboolean           at_key,
     char              *hint,
     const char        *format,
     va_list            arguments)
{
  g_autofree char *message = g_strdup_vprintf (format, arguments);
  g_autofree char *pointer = atelier_node_dup_pointer (at);
  g_autofree char *owned_hint = hint;
  AtelierProblem *problem;
  guint line, column;

  shorten (message);
  if (at_key)
    atelier_node_get_key_position (at, &line, &column);
  else
    atelier_node_get_position (at, &line, &column);
  problem = atelier_problem_new (severity, line, column, pointer, self->step, message, owned_hint);
  problem->inside = g_strdup (self->inside);
  g_ptr_array_add (self->problems, problem);
  self->n_errors += severity == ATELIER_SEVERITY_ERROR;
}

void
atelier_report_error (AtelierReport *self, const AtelierNode *at, char *hint, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  add (self, ATELIER_SEVERITY_ERROR, at, FALSE, hint, format, arguments);
  va_end (arguments);
}

void
atelier_report_warning (AtelierReport *self, const AtelierNode *at, char *hint, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  add (self, ATELIER_SEVERITY_WARNING, at, FALSE, hint, format, arguments);
  va_end (arguments);
}

void
atelier_report_key_warning (AtelierReport *self, const AtelierNode *at, char *hint, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  add (self, ATELIER_SEVERITY_WARNING, at, TRUE, hint, format, arguments);
  va_end (arguments);
}

char *
atelier_report_suggest (AtelierReport *self, const char *word, const char *const *candidates, gsize n_candidates)
{
  const char *closest;

  if (self->comparisons < (gint64) n_candidates)
    return NULL;
  self->comparisons -= n_candidates;
  closest = atelier_text_closest (word, candidates, n_candidates);
  return closest != NULL ? g_strdup_printf (_("did you mean “%s”?"), closest) : NULL;
}

char *
atelier_report_describe (const AtelierNode *node)
{
  const AtelierNode *parent = atelier_node_get_parent (node);
  const char *key = atelier_node_get_key (node);
  GString *items;

  if (parent == NULL)
    return g_strdup (_("the definition"));
  if (key != NULL)
    return g_strdup_printf ("“%s”", key);
  items = g_string_new (NULL);
  while (key == NULL && parent != NULL)
    {
      g_autofree char *item = g_strdup_printf ("[%u]", atelier_node_get_index (node));

      g_string_prepend (items, item);
      node = parent;
      parent = atelier_node_get_parent (node);
      key = atelier_node_get_key (node);
    }
  g_string_prepend (items, key != NULL ? key : "");
  g_string_prepend (items, "“");
  g_string_append (items, "”");
  return g_string_free (items, FALSE);
}
