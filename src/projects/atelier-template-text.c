/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-files.h"
#include "atelier-template-private.h"

/* Placeholders: filling them in, and putting them back.
 *
 * @@name@@ is the one form, in text and in names. What names no known variable stays as it is, so a repository may
 * hold any text; the scan goes on one character later, so that “@@@name@@” is “@” and a value. */

#define MARK "@@"

/* Larger files are data rather than text, and are copied. */
#define TEXT_BYTES_MOST (16 * 1024 * 1024)

gboolean
atelier_template_is_text (const char *content, gsize length)
{
  return memchr (content, '\0', length) == NULL && g_utf8_validate (content, length, NULL);
}

gboolean
atelier_template_is_variable_name (const char *name)
{
  return g_ascii_islower (*name) && name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* The value of the placeholder that begins at @p, and its length; NULL where there is none. */
static const char *
value_at (const char *p, const char *end, GHashTable *values, gsize *length)
{
  g_autofree char *name = NULL;
  const char *close;

  if (end - p < 5 || memcmp (p, MARK, 2) != 0)
    return NULL;
  for (close = p + 2; close < end && (g_ascii_islower (*close) || g_ascii_isdigit (*close) || *close == '_'); close++)
    ;
  if (end - close < 2 || memcmp (close, MARK, 2) != 0)
    return NULL;
  name = g_strndup (p + 2, close - p - 2);
  *length = close + 2 - p;
  return g_hash_table_lookup (values, name);
}

static void
append_json (GString *text, const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (*p == '"' || *p == '\\')
      g_string_append_printf (text, "\\%c", *p);
    else if ((guchar) *p < 0x20)
      g_string_append_printf (text, "\\u%04x", *p);
    else
      g_string_append_c (text, *p);
}

char *
atelier_template_expand_text (const char *text, gsize length, GHashTable *values, gboolean is_json)
{
  g_autoptr (GString) expanded = g_string_sized_new (length + 64);
  const char *end = text + length;
  const char *p = text;

  while (p < end)
    {
      gsize taken = 0;
      const char *value = value_at (p, end, values, &taken);

      if (value == NULL)
        g_string_append_c (expanded, *p++);
      else
        {
          if (is_json)
            append_json (expanded, value);
          else
            g_string_append (expanded, value);
          p += taken;
        }
    }
  return g_string_free (g_steal_pointer (&expanded), FALSE);
}

static gboolean
is_word_byte (char byte)
{
  return g_ascii_isalnum (byte) || byte == '_' || (byte & 0x80) != 0;
}

char *
atelier_template_contract_text (const char *text, gsize length, const char *word, const char *variable)
{
  g_autoptr (GString) contracted = g_string_sized_new (length + 64);
  gsize word_length = strlen (word);
  const char *end = text + length;
  const char *p = text;

  while (p < end)
    {
      const char *found = memmem (p, end - p, word, word_length);

      if (found == NULL)
        found = end;
      g_string_append_len (contracted, p, found - p);
      if (found == end)
        break;
      if ((found == text || !is_word_byte (found[-1]))
          && (found + word_length == end || !is_word_byte (found[word_length])))
        g_string_append_printf (contracted, MARK "%s" MARK, variable);
      else
        g_string_append_len (contracted, word, word_length);
      p = found + word_length;
    }
  return g_string_free (g_steal_pointer (&contracted), FALSE);
}

static gboolean
set_io_error (GError **error, const char *sentence, const char *path)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "%s “%s”: %s", sentence, path, g_strerror (saved));
  return FALSE;
}

gboolean
atelier_template_expand_file (const char *from, const char *to, GHashTable *values, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (to);
  g_autofree char *content = NULL;
  g_autofree char *expanded = NULL;
  struct stat info;
  gsize length;

  if (stat (from, &info) != 0)
    return set_io_error (error, _("Cannot read"), from);
  if (!atelier_files_make_folder (parent, error))
    return FALSE;
  if (info.st_size > TEXT_BYTES_MOST)
    return atelier_files_copy (from, to, ATELIER_COPY_FLAGS_NONE, error);
  if (!g_file_get_contents (from, &content, &length, error))
    return FALSE;
  if (atelier_template_is_text (content, length))
    {
      expanded = atelier_template_expand_text (content, length, values,
                                               g_str_has_suffix (from, ".json") || g_str_has_suffix (from, ".ipynb"));
      length = strlen (expanded);
    }
  return atelier_files_write_atomic (to, expanded != NULL ? expanded : content, length,
                                     (info.st_mode & S_IXUSR) != 0 ? 0755 : 0644, error);
}

/* Walking */

static const char *const left_out[] = { ".git", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", NULL };

void
atelier_template_file_free (AtelierTemplateFile *file)
{
  if (file == NULL)
    return;
  g_free (file->relative);
  g_free (file->path);
  g_free (file);
}

static gboolean
walk_below (GPtrArray *files, const char *folder, const char *prefix, const char *repository, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  const char *name;

  if (dir == NULL)
    return FALSE;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *relative = prefix != NULL ? g_build_filename (prefix, name, NULL) : g_strdup (name);
      struct stat info;

      if (g_strv_contains (left_out, name) || g_str_has_suffix (name, ".pyc"))
        continue;
      if (lstat (path, &info) != 0)
        return set_io_error (error, _("Cannot read"), path);
      if (S_ISDIR (info.st_mode))
        {
          if (!walk_below (files, path, relative, repository, error))
            return FALSE;
        }
      else if (S_ISREG (info.st_mode))
        {
          AtelierTemplateFile *file = g_new0 (AtelierTemplateFile, 1);

          file->repository = repository;
          file->relative = g_steal_pointer (&relative);
          file->path = g_steal_pointer (&path);
          g_ptr_array_add (files, file);
        }
      else
        {
          g_set_error (
              error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE,
              S_ISLNK (info.st_mode)
                  ? _("“%s” is a symbolic link. A template holds files and folders only: put a copy in its place.")
                  : _("“%s” is neither a file nor a folder; a template holds nothing else."),
              path);
          return FALSE;
        }
    }
  return TRUE;
}

static int
compare_files (gconstpointer a, gconstpointer b)
{
  const AtelierTemplateFile *one = *(AtelierTemplateFile *const *) a;
  const AtelierTemplateFile *other = *(AtelierTemplateFile *const *) b;

  return strcmp (one->relative, other->relative);
}

GPtrArray *
atelier_template_walk (const char *folder, const char *repository, GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_template_file_free);

  if (!walk_below (files, folder, NULL, repository, error))
    return NULL;
  g_ptr_array_sort (files, compare_files);
  return g_steal_pointer (&files);
}
