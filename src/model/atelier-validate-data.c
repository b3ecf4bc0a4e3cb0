/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-validate"

#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-validate.h"

/* The validator's part about data: S3 URIs that are read though no step writes them, secrets in environments, and
 * texts that look as if a template had not been rendered.
 *
 * URIs are compared as keys: the text with doubled slashes made one, and each expression in it replaced by its own
 * spelling between control characters. So a Join that is written the same way where it is written to and where it is
 * read from is the same place. What a step's property or a JSON file says is known to be made by a step, and what a
 * parameter says is the person's business: neither is reported. */

#define EXPRESSION_MARK '\001'
#define JOB_MARK        "\002"

typedef struct
{
  char              *key;
  const AtelierNode *node;
  const char        *step;
} Read;

struct _AtelierDataCheck
{
  AtelierReport *report;
  GArray        *reads;  /* Read */
  GPtrArray     *writes; /* char*, keys */
};

static void
clear_read (gpointer data)
{
  g_free (((Read *) data)->key);
}

AtelierDataCheck *
atelier_data_check_new (AtelierReport *report)
{
  AtelierDataCheck *self = g_new0 (AtelierDataCheck, 1);

  self->report = report;
  self->reads = g_array_new (FALSE, FALSE, sizeof (Read));
  g_array_set_clear_func (self->reads, clear_read);
  self->writes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
atelier_data_check_free (AtelierDataCheck *self)
{
  g_array_unref (self->reads);
  g_ptr_array_unref (self->writes);
  g_free (self);
}

/* FALSE: where it lies is said by a step or a person. */
static gboolean
append_value (GString *key, const AtelierNode *value, gboolean is_read)
{
  const AtelierNode *inner;
  const char *text = atelier_node_get_string (value);

  if (text != NULL)
    {
      g_string_append (key, text);
      return TRUE;
    }
  if (atelier_expression_recognise (value) == ATELIER_EXPRESSION_GET)
    {
      text = atelier_node_get_string (atelier_node_get_member (value, "Get"));
      if (text == NULL || (is_read && !g_str_has_prefix (text, "Execution.")))
        return FALSE;
      g_string_append_printf (key, "%c%s%c", EXPRESSION_MARK, text, EXPRESSION_MARK);
      return TRUE;
    }
  if (atelier_expression_recognise (value) != ATELIER_EXPRESSION_JOIN)
    return FALSE;
  inner = atelier_node_get_member (value, "Std:Join");
  text = atelier_node_get_string (atelier_node_get_member (inner, "On"));
  inner = atelier_node_get_member (inner, "Values");
  for (guint i = 0; i < atelier_node_get_length (inner); i++)
    {
      if (i > 0 && text != NULL)
        g_string_append (key, text);
      if (!append_value (key, atelier_node_get_item (inner, i), is_read))
        return FALSE;
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): without doubled and final slashes; NULL when not known or no S3 URI */
static char *
make_key (const AtelierNode *uri, gboolean is_read)
{
  g_autoptr (GString) key = g_string_new (NULL);
  gsize out = 0;

  if (!append_value (key, uri, is_read) || (is_read && !g_str_has_prefix (key->str, "s3://")))
    return NULL;
  for (gsize i = 0; i < key->len; i++)
    if (key->str[i] != '/' || out == 0 || key->str[out - 1] != '/')
      key->str[out++] = key->str[i];
  while (out > 0 && key->str[out - 1] == '/')
    out--;
  g_string_truncate (key, out);
  return g_strdup (key->str);
}

void
atelier_data_check_add_read (AtelierDataCheck *self, const AtelierStep *step, const AtelierNode *uri)
{
  Read read = { make_key (uri, TRUE), uri, step != NULL ? step->name : NULL };

  if (read.key != NULL)
    g_array_append_val (self->reads, read);
}

/* @of_jobs: what is written lies in folders below it whose names nobody can know before */
void
atelier_data_check_add_write (AtelierDataCheck *self, const AtelierNode *uri, gboolean of_jobs)
{
  g_autofree char *key = make_key (uri, FALSE);

  if (key != NULL)
    g_ptr_array_add (self->writes, g_strconcat (key, of_jobs ? "/" JOB_MARK : NULL, NULL));
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The first written key that does not sort before @key. */
static guint
find_write (const AtelierDataCheck *self, const char *key)
{
  guint low = 0, high = self->writes->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;

      if (strcmp (g_ptr_array_index (self->writes, middle), key) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static gboolean
is_written (const AtelierDataCheck *self, const char *key, gboolean below)
{
  guint found = find_write (self, key);

  if (found == self->writes->len)
    return FALSE;
  return below ? g_str_has_prefix (g_ptr_array_index (self->writes, found), key)
               : strcmp (g_ptr_array_index (self->writes, found), key) == 0;
}

/* Whether a step writes this place, one that contains it, or one within it. */
static gboolean
is_produced (const AtelierDataCheck *self, const char *key)
{
  g_autofree char *prefix = g_strconcat (key, "/", NULL);
  char *end;

  if (is_written (self, prefix, TRUE))
    return TRUE;
  /* Cut at each slash but that of the scheme, from the last one. */
  while ((end = strrchr (prefix, '/')) != NULL && end > prefix + strlen ("s3:/"))
    {
      *end = '\0';
      if (is_written (self, prefix, FALSE))
        return TRUE;
    }
  return FALSE;
}

/* Each place is reported once, where it is read first. */
void
atelier_data_check_finish (AtelierDataCheck *self)
{
  g_autoptr (GHashTable) reported = g_hash_table_new (g_str_hash, g_str_equal);

  g_ptr_array_sort (self->writes, compare_keys);
  for (guint i = 0; i < self->reads->len; i++)
    {
      const Read *read = &g_array_index (self->reads, Read, i);

      if (g_hash_table_contains (reported, read->key) || is_produced (self, read->key))
        continue;
      g_hash_table_add (reported, read->key);
      self->report->step = read->step;
      if (atelier_node_get_string (read->node) != NULL)
        atelier_report_warning (self->report, read->node, NULL,
                                _("No step makes “%s”: it must be there before the run"),
                                atelier_node_get_string (read->node));
      else
        atelier_report_warning (self->report, read->node, NULL,
                                _("No step makes what is read here: it must be there before the run"));
      self->report->step = NULL;
    }
}

/* Environments */

static gboolean
is_secret (const char *name, const char *value)
{
  static const char *const words[] = {
    "SECRET", "PASSWORD", "PASSWD", "TOKEN", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL",
  };
  g_autofree char *upper = g_ascii_strup (name, -1);

  if (*value == '\0')
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (strstr (upper, words[i]) != NULL)
      return TRUE;
  return g_str_has_prefix (value, "-----BEGIN ") ||
         (strlen (value) == 20 && (g_str_has_prefix (value, "AKIA") || g_str_has_prefix (value, "ASIA")));
}

static gboolean
is_variable_name (const char *name)
{
  if (*name == '\0' || g_ascii_isdigit (*name))
    return FALSE;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum (*name) && *name != '_')
      return FALSE;
  return TRUE;
}

/* @environment: an object */
void
atelier_data_check_environment (AtelierReport *report, const AtelierNode *environment)
{
  for (guint i = 0; i < atelier_node_get_length (environment); i++)
    {
      const char *name;
      const AtelierNode *member = atelier_node_get_member_at (environment, i, &name);
      const char *value = atelier_node_get_string (member);

      if (!is_variable_name (name))
        atelier_report_key_warning (report, member, NULL, _("“%s” is no name of an environment variable"), name);
      if (value != NULL && is_secret (name, value))
        atelier_report_warning (report, member, g_strdup (_("whoever reads the definition reads it")),
                                _("“%s” looks like a secret"), name);
    }
}

/* Texts */

static gboolean
is_template (const char *text)
{
  const char *open = strstr (text, "${");

  if (open != NULL && strchr (open, '}') != NULL)
    return TRUE;
  open = strstr (text, "{{");
  return open != NULL && strstr (open, "}}") != NULL;
}

/* An expression has one key; with others beside it, it is read as a literal object. */
static gboolean
is_crowded_expression (const char *key, const AtelierNode *value, guint n_members)
{
  const char *text = atelier_node_get_string (value);

  if (n_members < 2)
    return FALSE;
  if (strcmp (key, "Std:Join") == 0 || strcmp (key, "Std:JsonGet") == 0)
    return TRUE;
  return strcmp (key, "Get") == 0 && text != NULL &&
         (g_str_has_prefix (text, "Parameters.") || g_str_has_prefix (text, "Steps.") ||
          g_str_has_prefix (text, "Execution."));
}

/* @tree: (nullable) */
void
atelier_data_check_texts (AtelierReport *report, const AtelierNode *tree, const char *const *skip)
{
  const guint n = atelier_node_get_length (tree);
  const char *key, *text;

  switch (atelier_node_get_kind (tree))
    {
    case ATELIER_NODE_STRING:
      text = atelier_node_get_string (tree);
      if (is_template (text))
        atelier_report_warning (report, tree, g_strdup (_("write an expression, {\"Get\": …} or {\"Std:Join\": …}")),
                                _("Nothing fills in “%s”: it stays as it is"), text);
      break;
    case ATELIER_NODE_ARRAY:
      for (guint i = 0; i < n; i++)
        atelier_data_check_texts (report, atelier_node_get_item (tree, i), skip);
      break;
    case ATELIER_NODE_OBJECT:
      for (guint i = 0; i < n; i++)
        {
          const AtelierNode *member = atelier_node_get_member_at (tree, i, &key);

          if (is_crowded_expression (key, member, n))
            atelier_report_error (report, tree, NULL, _("An expression has no other keys beside “%s”"), key);
          if (skip == NULL || !g_strv_contains (skip, key))
            atelier_data_check_texts (report, member, skip);
        }
      break;
    case ATELIER_NODE_NULL:
    case ATELIER_NODE_BOOLEAN:
    case ATELIER_NODE_NUMBER:
    case ATELIER_NODE_N_KINDS:
    default:
      break;
    }
}
