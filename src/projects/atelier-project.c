/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-project-private.h"
#include "atelier-text.h"
#include "atelier-time.h"

/* What a person gives for a new project, and its check: the name, and the values of the template's variables. */

gboolean
atelier_project_check_name (const char *name, GError **error)
{
  const char *sentence = NULL;
  gsize length;

  g_return_val_if_fail (name != NULL, FALSE);

  length = strlen (name);
  if (length == 0)
    sentence = _("A name is needed: letters, digits and dashes, such as abalone-age.");
  else if (length > ATELIER_PROJECT_NAME_MOST)
    sentence = _("The name is too long: at most 32 letters, digits and dashes.");
  else if (name[0] == '-' || name[length - 1] == '-')
    sentence = _("The name must begin and end with a letter or a digit, not with a dash.");
  if (sentence != NULL)
    {
      g_set_error_literal (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NAME, sentence);
      return FALSE;
    }
  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-')
      {
        g_autofree char *rest = g_utf8_make_valid (p, -1);
        g_autofree char *character = g_utf8_substring (rest, 0, 1);

        if (g_ascii_isspace (*p))
          g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NAME,
                       _("The name “%s” holds a blank; use a dash instead."), name);
        else
          g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NAME,
                       _("The name must not hold “%s”: only the letters a to z and A to Z, digits and dashes."),
                       g_unichar_isprint (g_utf8_get_char (character)) ? character : "?");
        return FALSE;
      }
  return TRUE;
}

char *
atelier_project_default_folder (const char *name)
{
  g_return_val_if_fail (name != NULL, NULL);

  return g_build_filename (g_get_home_dir (), "Atelier", name, NULL);
}

void
atelier_project_made_free (AtelierProjectMade *made)
{
  if (made == NULL)
    return;
  g_strfreev (made->repositories);
  g_strfreev (made->commits);
  g_strfreev (made->clones);
  g_strfreev (made->data_uris);
  g_free (made->note);
  g_free (made);
}

/* Values of variables */

static gboolean
refuse_variable (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
refuse_variable (GError **error, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error_literal (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_VARIABLE, text);
  return FALSE;
}

static gboolean
check_value (const AtelierTemplateVariable *variable, const char *value, GError **error)
{
  if (!g_utf8_validate (value, -1, NULL))
    return refuse_variable (error, _("The value of “%s” is not UTF-8 text"), variable->name);
  for (const char *p = value; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p))
      return refuse_variable (error, _("The value of “%s” must be one line of text"), variable->name);
  if (variable->pattern != NULL)
    {
      g_autofree char *whole = g_strdup_printf ("^(?:%s)$", variable->pattern);

      if (!g_regex_match_simple (whole, value, G_REGEX_DOLLAR_ENDONLY, 0))
        return refuse_variable (error, _("The value “%s” of “%s” does not fit the pattern %s"), value, variable->name,
                                variable->pattern);
    }
  return TRUE;
}

static gboolean
check_known (AtelierTemplate *template, const char *name, GError **error)
{
  gsize n_variables;
  const AtelierTemplateVariable *variables = atelier_template_get_variables (template, &n_variables);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  const char *near;

  for (gsize i = 0; i < n_variables; i++)
    {
      if (g_str_equal (variables[i].name, name))
        return TRUE;
      g_ptr_array_add (names, (char *) variables[i].name);
    }
  near = atelier_text_closest (name, (const char *const *) names->pdata, names->len);
  if (near != NULL)
    return refuse_variable (error, _("The template “%s” has no variable “%s”; did you mean “%s”?"),
                            atelier_template_get_name (template), name, near);
  return refuse_variable (error, _("The template “%s” has no variable “%s”"), atelier_template_get_name (template),
                          name);
}

GHashTable *
atelier_project_collect_values (const AtelierProjectRequest *request, const AtelierGitAuthor *author, GError **error)
{
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *date = atelier_time_format_iso (author->time_us);
  gsize n_variables;
  const AtelierTemplateVariable *variables = atelier_template_get_variables (request->template_, &n_variables);
  GHashTableIter iter;
  gpointer name;

  if (request->variables != NULL)
    {
      g_hash_table_iter_init (&iter, request->variables);
      while (g_hash_table_iter_next (&iter, &name, NULL))
        if (!check_known (request->template_, name, error))
          return NULL;
    }
  for (gsize i = 0; i < n_variables; i++)
    {
      const char *value
          = request->variables != NULL ? g_hash_table_lookup (request->variables, variables[i].name) : NULL;

      if (value == NULL)
        value = variables[i].default_value;
      if (!check_value (&variables[i], value, error))
        return NULL;
      g_hash_table_insert (values, g_strdup (variables[i].name), g_strdup (value));
    }
  g_hash_table_insert (values, g_strdup ("project_name"), g_strdup (request->name));
  g_hash_table_insert (values, g_strdup ("author"), g_strdup (author->name));
  g_hash_table_insert (values, g_strdup ("date"), g_strndup (date, strlen ("YYYY-MM-DD")));
  return g_steal_pointer (&values);
}
