/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>

#include "atelier-door-pages.h"

#define MOST_KEPT 8

struct _AtelierDoorPage
{
  AtelierListing *listing;   /* (owned) */
  char           *folder;    /* (owned) */
  char           *prefix;    /* (owned) */
  char           *delimiter; /* (owned) */
  char           *last;      /* (owned) key or common prefix last taken */
  AtelierDoorItem next;      /* its key is NULL where it is not known */
};

struct _AtelierDoorPages
{
  GMutex lock;
  GQueue kept; /* (guarded by lock) (element-type AtelierDoorPage) the newest first */
};

AtelierDoorPages *
atelier_door_pages_new (void)
{
  AtelierDoorPages *self = g_new0 (AtelierDoorPages, 1);

  g_mutex_init (&self->lock);
  g_queue_init (&self->kept);
  return self;
}

static void
page_free (AtelierDoorPage *page)
{
  atelier_listing_free (page->listing);
  g_free (page->folder);
  g_free (page->prefix);
  g_free (page->delimiter);
  g_free (page->last);
  g_free (page->next.key);
  g_free (page);
}

void
atelier_door_pages_free (AtelierDoorPages *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->kept, (GDestroyNotify) page_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The part of @key up to its first delimiter after the prefix, or NULL. */
static char *
common_prefix (AtelierDoorPage *page, const char *key)
{
  const char *found = NULL;

  if (*page->delimiter != '\0' && g_str_has_prefix (key, page->prefix))
    found = strstr (key + strlen (page->prefix), page->delimiter);
  return found != NULL ? g_strndup (key, found + strlen (page->delimiter) - key) : NULL;
}

static AtelierDoorPage *
page_new (const char *folder, const char *prefix, const char *delimiter, const char *after)
{
  AtelierDoorPage *page = g_new0 (AtelierDoorPage, 1);
  g_autofree char *common = NULL;

  page->folder = g_strdup (folder);
  page->prefix = g_strdup (prefix);
  page->delimiter = g_strdup (delimiter);
  page->last = g_strdup (after);
  page->listing = atelier_listing_new (folder, prefix, after);
  /* A page that ended with a common prefix has told everything below it. */
  common = common_prefix (page, after);
  if (g_strcmp0 (common, after) == 0)
    atelier_listing_skip (page->listing, common);
  return page;
}

AtelierDoorPage *
atelier_door_pages_take (AtelierDoorPages *self, const char *folder, const char *prefix, const char *delimiter,
                         const char *after)
{
  AtelierDoorPage *found = NULL;

  after = after != NULL ? after : "";
  g_mutex_lock (&self->lock);
  for (GList *at = self->kept.head; at != NULL && found == NULL; at = at->next)
    {
      AtelierDoorPage *page = at->data;

      if (strcmp (page->last, after) == 0 && strcmp (page->folder, folder) == 0 && strcmp (page->prefix, prefix) == 0 &&
          strcmp (page->delimiter, delimiter) == 0)
        {
          found = page;
          g_queue_delete_link (&self->kept, at);
          break;
        }
    }
  g_mutex_unlock (&self->lock);
  return found != NULL ? found : page_new (folder, prefix, delimiter, after);
}

const AtelierDoorItem *
atelier_door_page_peek (AtelierDoorPage *self, GError **error)
{
  AtelierListed listed;
  char *common;

  if (self->next.key != NULL)
    return &self->next;
  if (!atelier_listing_next (self->listing, &listed, error))
    return NULL;
  common = common_prefix (self, listed.key);
  self->next.is_prefix = common != NULL;
  self->next.size_bytes = listed.size_bytes;
  self->next.mtime_ns = listed.mtime_ns;
  self->next.inode = listed.inode;
  if (common != NULL)
    atelier_listing_skip (self->listing, common);
  self->next.key = common != NULL ? common : g_strdup (listed.key);
  return &self->next;
}

void
atelier_door_page_take (AtelierDoorPage *self)
{
  g_free (self->last);
  self->last = g_steal_pointer (&self->next.key);
}

void
atelier_door_pages_give (AtelierDoorPages *self, AtelierDoorPage *page)
{
  AtelierDoorPage *oldest = NULL;

  if (page->next.key == NULL)
    {
      page_free (page);
      return;
    }
  g_mutex_lock (&self->lock);
  g_queue_push_head (&self->kept, page);
  if (g_queue_get_length (&self->kept) > MOST_KEPT)
    oldest = g_queue_pop_tail (&self->kept);
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&oldest, page_free);
}
