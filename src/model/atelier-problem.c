/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-problem"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-problem.h"

/* Problems are plain values; this file makes, orders and prints them. atelier-validate*.c says what is one. */

static const char *const severity_texts[ATELIER_SEVERITY_N_SEVERITIES] = {
  [ATELIER_SEVERITY_ERROR] = "error",
  [ATELIER_SEVERITY_WARNING] = "warning",
};

const char *
atelier_severity_to_text (AtelierSeverity severity)
{
  g_return_val_if_fail (severity < ATELIER_SEVERITY_N_SEVERITIES, NULL);

  return severity_texts[severity];
}

/* atelier_problem_new:
 * @pointer: RFC 6901
 * @step: (nullable)
 * @hint: (nullable)
 *
 * Returns: (transfer full): a problem that holds copies of all texts */
AtelierProblem *
atelier_problem_new (AtelierSeverity severity,
                     guint           line,
                     guint           column,
                     const char     *pointer,
                     const char     *step,
                     const char     *message,
                     const char     *hint)
{
  AtelierProblem *self = g_new0 (AtelierProblem, 1);

  self->severity = severity;
  self->line = line;
  self->column = column;
  self->pointer = g_strdup (pointer);
  self->step = g_strdup (step);
  self->message = g_strdup (message);
  self->hint = g_strdup (hint);
  return self;
}

void
atelier_problem_free (AtelierProblem *self)
{
  g_free (self->pointer);
  g_free (self->step);
  g_free (self->message);
  g_free (self->hint);
  g_free (self->inside);
  g_free (self);
}

/* What was written into the file must not steer the terminal. */
static void
append_visible (GString *out, const char *text)
{
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      if (g_unichar_iscntrl (c))
        g_string_append_printf (out, "\\u%04x", c);
      else
        g_string_append_unichar (out, c);
    }
}

/* atelier_problem_to_text:
 * @file: how the person called the file
 *
 * Returns: (transfer full): one line for a terminal, in the form that editors jump to. Of a text in a JSON string,
 *   whose lines are not the file's, the file is followed by the string's pointer. */
char *
atelier_problem_to_text (const AtelierProblem *self, const char *file)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GString *line = g_string_new (file);

  if (self->inside != NULL && *self->inside != '\0')
    g_string_append_printf (text, _(" (the text in %s)"), self->inside);
  else if (self->inside != NULL)
    g_string_append (text, _(" (the text in the string)"));
  if (self->line > 0)
    g_string_append_printf (text, ":%u:%u", self->line, self->column);
  g_string_append_printf (text, ": %s: ", self->severity == ATELIER_SEVERITY_ERROR ? _("error") : _("warning"));
  if (self->step != NULL)
    g_string_append_printf (text, _("step “%s”: "), self->step);
  g_string_append (text, self->message);
  if (self->hint != NULL)
    g_string_append_printf (text, "; %s", self->hint);
  append_visible (line, text->str);
  return g_string_free (line, FALSE);
}

static json_t *
text_or_null (const char *text)
{
  return text != NULL ? json_string (text) : json_null ();
}

json_t *
atelier_problem_to_json (const AtelierProblem *self)
{
  json_t *object = json_object ();

  atelier_json_set_string (object, "severity", atelier_severity_to_text (self->severity));
  atelier_json_set_int (object, "line", self->line);
  atelier_json_set_int (object, "column", self->column);
  atelier_json_set_string (object, "pointer", self->pointer);
  json_object_set_new (object, "step", text_or_null (self->step));
  atelier_json_set_string (object, "message", self->message);
  json_object_set_new (object, "hint", text_or_null (self->hint));
  atelier_json_set_string (object, "inside", self->inside);
  return object;
}

/* Returns: (transfer full) (element-type AtelierProblem): an empty list */
GPtrArray *
atelier_problems_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_problem_free);
}

static int
compare_problems (gconstpointer a, gconstpointer b)
{
  const AtelierProblem *x = *(const AtelierProblem *const *) a, *y = *(const AtelierProblem *const *) b;

  if (x->line != y->line)
    return x->line < y->line ? -1 : 1;
  if (x->column != y->column)
    return x->column < y->column ? -1 : 1;
  if (x->severity != y->severity)
    return x->severity < y->severity ? -1 : 1;
  return strcmp (x->message, y->message);
}

/* By place; at one place errors first. */
void
atelier_problems_sort (GPtrArray *problems)
{
  g_ptr_array_sort (problems, compare_problems);
}

guint
atelier_problems_count (const GPtrArray *problems, AtelierSeverity severity)
{
  guint n = 0;

  for (guint i = 0; i < problems->len; i++)
    n += ((const AtelierProblem *) g_ptr_array_index (problems, i))->severity == severity;
  return n;
}

/* Returns: (transfer full): a list of atelier_problem_to_json() */
json_t *
atelier_problems_to_json (const GPtrArray *problems)
{
  json_t *list = json_array ();

  for (guint i = 0; i < problems->len; i++)
    json_array_append_new (list, atelier_problem_to_json (g_ptr_array_index (problems, i)));
  return list;
}
