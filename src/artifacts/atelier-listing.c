/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-listing.h"

/* A depth-first walk with a stack of folders. Each folder is read whole, because a file system gives names in no
 * order, and sorted with its sub-folders as "name/": then the walk meets the keys in byte order, since `/` stands in
 * the key at just that place. A start in the middle (@after) leaves out what sorts before it, folder by folder on the
 * way down. */

#define MOST_SKIPPED 20

typedef struct
{
  char     *name;      /* (owned) with a trailing slash when a folder */
  gboolean  is_folder;
} Entry;

typedef struct
{
  int     fd;          /* of the folder */
  GArray *entries;     /* (owned) (element-type Entry) sorted */
  guint   next;        /* index of the entry to visit */
  gsize   key_length;  /* of the folder's own key, with its slash */
} Level;

struct _AtelierListing
{
  char      *folder;   /* (owned) */
  char      *prefix;   /* (owned) */
  char      *after;    /* (owned) */
  char      *start;    /* (owned) key of the folder where the walk begins: "" or with a final slash */
  char      *skip;     /* (owned) (nullable) */
  GArray    *levels;   /* (owned) (element-type Level) */
  GString   *key;      /* (owned) of the entry last visited */
  GPtrArray *skipped;  /* (owned) (element-type utf8) */
  gboolean   started;
};

static void
entry_clear (gpointer data)
{
  g_free (((Entry *) data)->name);
}

static void
level_clear (gpointer data)
{
  Level *level = data;

  if (level->fd >= 0)
    close (level->fd);
  g_array_unref (level->entries);
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Entry *) a)->name, ((const Entry *) b)->name);
}

/* The folders that a prefix names need not be looked for: the walk begins in the deepest one. A prefix may come from
 * anybody, so only parts that a key may have are taken for folders; with any other the walk begins at the top and
 * finds nothing. */
static char *
folders_of_prefix (const char *prefix)
{
  const char *slash = strrchr (prefix, '/');
  g_autofree char *folders = slash != NULL ? g_strndup (prefix, slash - prefix) : NULL;
  g_autofree char *normal = folders != NULL ? atelier_key_normalise (folders, NULL) : NULL;

  return normal != NULL && *normal != '\0' && strcmp (normal, folders) == 0 ? g_strconcat (normal, "/", NULL)
                                                                            : g_strdup ("");
}

AtelierListing *
atelier_listing_new (const char *folder, const char *prefix, const char *after)
{
  AtelierListing *self = g_new0 (AtelierListing, 1);

  self->folder = g_strdup (folder);
  self->prefix = g_strdup (prefix != NULL ? prefix : "");
  self->after = g_strdup (after != NULL ? after : "");
  self->start = folders_of_prefix (self->prefix);
  self->levels = g_array_new (FALSE, FALSE, sizeof (Level));
  g_array_set_clear_func (self->levels, level_clear);
  self->key = g_string_new (NULL);
  self->skipped = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
atelier_listing_free (AtelierListing *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->levels);
  g_string_free (self->key, TRUE);
  g_ptr_array_unref (self->skipped);
  g_free (self->folder);
  g_free (self->prefix);
  g_free (self->after);
  g_free (self->start);
  g_free (self->skip);
  g_free (self);
}

GPtrArray *
atelier_listing_get_skipped (AtelierListing *self)
{
  return self->skipped;
}

void
atelier_listing_skip (AtelierListing *self, const char *prefix)
{
  g_free (self->skip);
  self->skip = g_strdup (prefix);
}

/* Whether an entry of the present key can hold a key that is wanted: for a folder any key that begins with its own. */
static gboolean
is_wanted (AtelierListing *self, gboolean is_folder)
{
  const char *key = self->key->str;

  if (self->skip != NULL && g_str_has_prefix (key, self->skip))
    return FALSE;
  if (is_folder)
    return (g_str_has_prefix (key, self->prefix) || g_str_has_prefix (self->prefix, key)) &&
           (strcmp (key, self->after) > 0 || g_str_has_prefix (self->after, key));
  return g_str_has_prefix (key, self->prefix) && strcmp (key, self->after) > 0;
}

static gboolean
classify (AtelierListing *self, int fd, const struct dirent *found, gboolean *is_folder)
{
  struct stat status;
  unsigned char type = found->d_type;

  if (type == DT_UNKNOWN && fstatat (fd, found->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
    type = IFTODT (status.st_mode);
  if (type == DT_LNK && self->skipped->len < MOST_SKIPPED)
    g_ptr_array_add (self->skipped, g_strconcat (self->key->str, found->d_name, NULL));
  *is_folder = type == DT_DIR;
  return type == DT_DIR || type == DT_REG;
}

/* Reads the folder @fd (taken, and errno where it is -1), whose key is what self->key holds. One that vanished is
 * empty. */
static gboolean
read_folder (AtelierListing *self, int fd, GError **error)
{
  Level level = { .fd = fd };
  DIR *stream = NULL;
  struct dirent *found;
  int copy;

  if (fd >= 0 && (copy = fcntl (fd, F_DUPFD_CLOEXEC, 0)) >= 0 && (stream = fdopendir (copy)) == NULL)
    close (copy);
  if (stream == NULL)
    {
      int saved = errno;

      if (fd >= 0)
        close (fd);
      if (saved == ENOENT || saved == ENOTDIR || saved == ELOOP)
        return TRUE;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot read the folder “%s/%s”: %s"),
                   self->folder, self->key->str, g_strerror (saved));
      return FALSE;
    }

  level.key_length = self->key->len;
  level.entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (level.entries, entry_clear);
  while ((found = readdir (stream)) != NULL)
    {
      Entry entry;

      if (strcmp (found->d_name, ".") == 0 || strcmp (found->d_name, "..") == 0 ||
          atelier_name_is_hidden (found->d_name) || !classify (self, level.fd, found, &entry.is_folder))
        continue;
      entry.name = g_strconcat (found->d_name, entry.is_folder ? "/" : NULL, NULL);
      g_string_append (self->key, entry.name);
      if (is_wanted (self, entry.is_folder))
        g_array_append_val (level.entries, entry);
      else
        g_free (entry.name);
      g_string_truncate (self->key, level.key_length);
    }
  closedir (stream);
  g_array_sort (level.entries, compare_entries);
  g_array_append_val (self->levels, level);
  return TRUE;
}

/* The folder where the walk begins; below the top one, through no link. -1 where it is not there. */
static int
open_start (AtelierListing *self)
{
  g_auto (GStrv) parts = g_strsplit (self->start, "/", -1);
  int fd = open (self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (guint i = 0; fd >= 0 && parts[i] != NULL; i++)
    if (*parts[i] != '\0')
      {
        int next = openat (fd, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        close (fd);
        fd = next;
      }
  return fd;
}

static gboolean
start (AtelierListing *self, GError **error)
{
  int fd = open_start (self);

  self->started = TRUE;
  g_string_assign (self->key, self->start);
  return read_folder (self, fd, error);
}

gboolean
atelier_listing_next (AtelierListing *self, AtelierListed *listed, GError **error)
{
  if (!self->started && !start (self, error))
    return FALSE;
  while (self->levels->len > 0)
    {
      Level *level = &g_array_index (self->levels, Level, self->levels->len - 1);
      const Entry *entry;
      struct stat status;

      g_string_truncate (self->key, level->key_length);
      if (level->next == level->entries->len ||
          (self->skip != NULL && level->key_length > 0 && g_str_has_prefix (self->key->str, self->skip)))
        {
          g_array_set_size (self->levels, self->levels->len - 1);
          continue;
        }
      entry = &g_array_index (level->entries, Entry, level->next++);
      g_string_append (self->key, entry->name);
      if (!is_wanted (self, entry->is_folder))
        continue;
      if (entry->is_folder)
        {
          g_autofree char *name = g_strndup (entry->name, strlen (entry->name) - 1);

          if (!read_folder (self, openat (level->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), error))
            return FALSE;
        }
      else if (fstatat (level->fd, entry->name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG (status.st_mode))
        {
          listed->key = self->key->str;
          listed->size_bytes = status.st_size;
          listed->mtime_ns = status.st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status.st_mtim.tv_nsec;
          listed->inode = status.st_ino;
          return TRUE;
        }
    }
  return FALSE;
}
