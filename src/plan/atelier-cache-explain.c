/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-cache-key.h"

#include "atelier-text.h"

/* Why did it run? The differences between two keys, as sentences: arguments down to the member that changed, inputs
 * down to the file, the environment by name. Members are compared in sorted order, so that equal differences read
 * equally. */

#define SHOWN_CHARACTERS 40
#define SHOWN_FILES 5

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char * const *) a, *(const char * const *) b);
}

/* The keys of two objects (either may be NULL), each once, sorted; borrowed. */
static GPtrArray *
list_keys (json_t *a, json_t *b)
{
  GPtrArray *keys = g_ptr_array_new ();

  for (void *iter = json_object_iter (a); iter != NULL; iter = json_object_iter_next (a, iter))
    g_ptr_array_add (keys, (gpointer) json_object_iter_key (iter));
  for (void *iter = json_object_iter (b); iter != NULL; iter = json_object_iter_next (b, iter))
    if (json_object_get (a, json_object_iter_key (iter)) == NULL)
      g_ptr_array_add (keys, (gpointer) json_object_iter_key (iter));
  g_ptr_array_sort (keys, compare_texts);
  return keys;
}

static char *
show (const json_t *value)
{
  g_autofree char *text = atelier_json_to_text (value);
  g_autofree char *line = atelier_text_first_line (text, SHOWN_CHARACTERS);

  return json_is_string (value) ? g_strdup_printf (_("“%s”"), line) : g_steal_pointer (&line);
}

static gboolean
is_structure (const json_t *value)
{
  return json_is_object (value) || json_is_array (value);
}

static void G_GNUC_PRINTF (2, 3)
add (GPtrArray *sentences, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (sentences, g_strdup_vprintf (format, args));
  va_end (args);
}

static void explain_value (GPtrArray *sentences, const char *path, json_t *now, json_t *before);

static void
explain_members (GPtrArray *sentences, const char *path, json_t *now, json_t *before)
{
  g_autoptr (GPtrArray) keys = list_keys (now, before);

  for (guint i = 0; i < keys->len; i++)
    {
      const char *key = g_ptr_array_index (keys, i);
      g_autofree char *inner = *path != '\0' ? g_strdup_printf ("%s.%s", path, key) : g_strdup (key);

      explain_value (sentences, inner, json_object_get (now, key), json_object_get (before, key));
    }
}

/* Lists of one length are compared item by item; where one plain item differs it says enough. */
static void
explain_items (GPtrArray *sentences, const char *path, json_t *now, json_t *before)
{
  guint n_plain = 0, plain = 0;

  for (guint i = 0; i < json_array_size (now); i++)
    {
      json_t *a = json_array_get (now, i), *b = json_array_get (before, i);
      g_autofree char *inner = g_strdup_printf ("%s[%u]", path, i);

      if (is_structure (a) && is_structure (b))
        explain_value (sentences, inner, a, b);
      else if (!json_equal (a, b))
        {
          n_plain++;
          plain = i;
        }
    }
  if (n_plain == 1)
    explain_value (sentences, path, json_array_get (now, plain), json_array_get (before, plain));
  else if (n_plain > 1)
    add (sentences, _("Argument “%s” changed"), path);
}

static void
explain_value (GPtrArray *sentences, const char *path, json_t *now, json_t *before)
{
  if (json_equal (now, before))
    return;
  if (before == NULL)
    add (sentences, _("Argument “%s” is new"), path);
  else if (now == NULL)
    add (sentences, _("Argument “%s” is gone"), path);
  else if (json_is_object (now) && json_is_object (before))
    explain_members (sentences, path, now, before);
  else if (json_is_array (now) && json_is_array (before) && json_array_size (now) == json_array_size (before))
    explain_items (sentences, path, now, before);
  else if (is_structure (now) || is_structure (before))
    add (sentences, _("Argument “%s” changed"), path);
  else
    {
      g_autofree char *new_text = show (now);
      g_autofree char *old_text = show (before);

      if (strcmp (new_text, old_text) == 0)
        add (sentences, _("Argument “%s” changed"), path);
      else
        add (sentences, _("Argument “%s” changed from %s to %s"), path, old_text, new_text);
    }
}

static void
explain_input (GPtrArray *sentences, const char *input, json_t *now, json_t *before)
{
  g_autoptr (GPtrArray) files = list_keys (now, before);
  g_autoptr (GString) changes = g_string_new (NULL);
  guint n_changes = 0;
  gboolean whole = FALSE;

  for (guint i = 0; i < files->len; i++)
    {
      const char *file = g_ptr_array_index (files, i);
      json_t *a = json_object_get (now, file), *b = json_object_get (before, file);

      if (json_equal (a, b))
        continue;
      whole |= *file == '\0';
      if (n_changes++ >= SHOWN_FILES)
        continue;
      if (changes->len > 0)
        g_string_append (changes, ", ");
      if (b == NULL)
        g_string_append_printf (changes, _("%s is new"), file);
      else if (a == NULL)
        g_string_append_printf (changes, _("%s is gone"), file);
      else
        g_string_append_printf (changes, _("%s changed"), file);
    }
  if (n_changes > SHOWN_FILES)
    g_string_append_printf (changes, ngettext (" and %u more file", " and %u more files", n_changes - SHOWN_FILES),
                            n_changes - SHOWN_FILES);
  if (whole)
    add (sentences, _("Input “%s” changed"), input);
  else if (n_changes > 0)
    add (sentences, _("Input “%s”: %s"), input, changes->str);
}

static void
explain_inputs (GPtrArray *sentences, json_t *now, json_t *before)
{
  g_autoptr (GPtrArray) inputs = list_keys (now, before);

  for (guint i = 0; i < inputs->len; i++)
    {
      const char *input = g_ptr_array_index (inputs, i);
      json_t *a = json_object_get (now, input), *b = json_object_get (before, input);

      if (b == NULL)
        add (sentences, _("Input “%s” is new"), input);
      else if (a == NULL)
        add (sentences, _("Input “%s” is gone"), input);
      else
        explain_input (sentences, input, a, b);
    }
}

/* Digests and other long values say nothing to a person. */
static gboolean
is_readable (const char *value)
{
  return g_utf8_strlen (value, -1) <= SHOWN_CHARACTERS;
}

static void
explain_environment (GPtrArray *sentences, json_t *now, json_t *before)
{
  g_autoptr (GPtrArray) names = list_keys (now, before);

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      const char *a = atelier_json_get_string (now, name, NULL), *b = atelier_json_get_string (before, name, NULL);

      if (g_strcmp0 (a, b) == 0)
        continue;
      if (b == NULL)
        add (sentences, _("Environment changed: %s is new"), name);
      else if (a == NULL)
        add (sentences, _("Environment changed: %s is gone"), name);
      else if (is_readable (a) && is_readable (b))
        add (sentences, _("Environment changed: %s %s → %s"), name, b, a);
      else
        add (sentences, _("Environment changed: %s"), name);
    }
}

char **
atelier_cache_key_explain (const json_t *now, const json_t *before)
{
  g_autoptr (GPtrArray) sentences = g_ptr_array_new_with_free_func (g_free);

  g_return_val_if_fail (now != NULL, NULL);

  if (before == NULL)
    add (sentences, _("First run of this step"));
  else if (g_strcmp0 (atelier_json_get_string (now, "Type", ""), atelier_json_get_string (before, "Type", "")) != 0)
    add (sentences, _("Type of the step changed from %s to %s"), atelier_json_get_string (before, "Type", ""),
         atelier_json_get_string (now, "Type", ""));
  else
    {
      explain_members (sentences, "", atelier_json_get_object (now, "Arguments"),
                       atelier_json_get_object (before, "Arguments"));
      explain_members (sentences, "", atelier_json_get_object (now, "Step"),
                       atelier_json_get_object (before, "Step"));
      explain_inputs (sentences, atelier_json_get_object (now, "Inputs"), atelier_json_get_object (before, "Inputs"));
      explain_environment (sentences, atelier_json_get_object (now, "Environment"),
                           atelier_json_get_object (before, "Environment"));
    }
  g_ptr_array_add (sentences, NULL);
  g_ptr_array_set_free_func (sentences, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&sentences), FALSE);
}
