/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-log.h"
#include "atelier-json.h"
#include "atelier-time.h"

#define MOST_REMEMBERED_GETS 100000

struct _AtelierDoorLog
{
  int         fd;
  GMutex      lock;
  GHashTable *gets; /* (owned) (guarded by lock) (element-type utf8): versions that an attempt is known to have read */
};

AtelierDoorLog *
atelier_door_log_open (const char *path, GError **error)
{
  AtelierDoorLog *self;
  int fd = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot open the access log “%s”: %s"), path,
                   g_strerror (errno));
      return NULL;
    }
  self = g_new0 (AtelierDoorLog, 1);
  self->fd = fd;
  g_mutex_init (&self->lock);
  self->gets = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
atelier_door_log_free (AtelierDoorLog *self)
{
  if (self == NULL)
    return;
  close (self->fd);
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->gets);
  g_free (self);
}

static gboolean
is_known_get (AtelierDoorLog *self, const AtelierDoorAccess *access)
{
  char *version;
  gboolean is_new;

  if (!g_str_equal (access->operation, "get"))
    return FALSE;
  version = g_strdup_printf ("%s#%u %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", access->step, access->attempt,
                             access->size_bytes, access->mtime_ns, access->uri);
  g_mutex_lock (&self->lock);
  if (g_hash_table_size (self->gets) >= MOST_REMEMBERED_GETS)
    g_hash_table_remove_all (self->gets);
  is_new = g_hash_table_add (self->gets, version);
  g_mutex_unlock (&self->lock);
  return !is_new;
}

void
atelier_door_log_append (AtelierDoorLog *self, const AtelierDoorAccess *access)
{
  g_autoptr (json_t) object = NULL;
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;

  if (is_known_get (self, access))
    return;
  object = json_pack ("{s:I, s:s, s:i, s:s, s:s, s:I, s:I, s:s?}", "at_us", (json_int_t) atelier_time_now_us (),
                      "step", access->step, "attempt", (int) access->attempt, "op", access->operation, "uri",
                      access->uri, "size_bytes", (json_int_t) access->size_bytes, "mtime_ns",
                      (json_int_t) access->mtime_ns, "digest", access->digest);
  if (object != NULL && access->source != NULL)
    atelier_json_set_string (object, "source", access->source);
  text = object != NULL ? atelier_json_compact (object) : NULL;
  if (text == NULL)
    return;
  line = g_strconcat (text, "\n", NULL);
  while (write (self->fd, line, strlen (line)) < 0 && errno == EINTR)
    continue;
}
