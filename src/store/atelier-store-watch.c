/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <glib-unix.h>

#include "atelier-store-private.h"

/* The watch: two sources on the watcher's main context, and no SQL there.
 *
 * The listener waits on inotify for writes to the write-ahead log. A write says only that some commit is on its way,
 * perhaps one of our own: the commit is visible a sync later, so the listener lets a moment pass and then has the
 * writer thread look at PRAGMA data_version, and, since a sync can take long, again a few times with growing pauses.
 * While it pauses it does not listen: a program that commits a thousand times a second costs us some twenty wake-ups.
 * Where inotify is not to be had (its limits are per user) it looks at each pause for good.
 *
 * The teller is made ready by the writer thread when another program has committed; many at once are told once. */

#define WAL_NAME       "atelier.db-wal"
#define FIRST_PAUSE_US 40000
#define LAST_PAUSE_US  640000

typedef struct
{
  GSource       source;
  AtelierStore *store; /* (unowned) of the watch */
  int           fd;    /* inotify; -1: none */
  gpointer      tag;
  gint64        pause_us; /* the one under way; 0: listening only */
} Listener;

typedef struct
{
  GSource             source;
  AtelierStoreChanged changed;
  gpointer            user_data;
} Teller;

struct _AtelierStoreWatch
{
  AtelierStore *store; /* (owned) */
  GSource      *listener;
  GSource      *teller;
};

/* Reads what inotify has to say. Returns: whether it was about the log */
static gboolean
drain (int fd)
{
  union
  {
    struct inotify_event event;
    char                 bytes[4096];
  } buffer;
  gboolean is_log = FALSE;
  ssize_t length;

  while ((length = read (fd, &buffer, sizeof buffer)) > 0)
    for (ssize_t i = 0; i < length;)
      {
        const struct inotify_event *event = (const struct inotify_event *) (gconstpointer) (buffer.bytes + i);

        is_log |= (event->mask & IN_Q_OVERFLOW) != 0 || (event->len > 0 && strcmp (event->name, WAL_NAME) == 0);
        i += (ssize_t) (sizeof *event + event->len);
      }
  return is_log;
}

static void
pause_for (Listener *self, gint64 pause_us)
{
  self->pause_us = pause_us;
  g_source_set_ready_time (&self->source, pause_us > 0 ? g_get_monotonic_time () + pause_us : -1);
}

static gboolean
listener_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Listener *self = (Listener *) source;
  gboolean is_log = self->fd >= 0 && drain (self->fd);

  if (self->pause_us > 0 && g_get_monotonic_time () >= g_source_get_ready_time (source))
    {
      atelier_store_ask_for_changes (self->store);
      if (self->fd < 0)
        pause_for (self, FIRST_PAUSE_US * 2);
      else if (is_log)
        pause_for (self, FIRST_PAUSE_US);
      else
        pause_for (self, self->pause_us < LAST_PAUSE_US ? self->pause_us * 2 : 0);
    }
  else if (is_log)
    pause_for (self, FIRST_PAUSE_US);
  if (self->fd >= 0)
    g_source_modify_unix_fd (source, self->tag, self->pause_us == FIRST_PAUSE_US ? 0 : G_IO_IN);
  return G_SOURCE_CONTINUE;
}

static void
listener_finalize (GSource *source)
{
  Listener *self = (Listener *) source;

  if (self->fd >= 0)
    close (self->fd);
}

static GSourceFuncs listener_funcs = { .dispatch = listener_dispatch, .finalize = listener_finalize };

static gboolean
teller_dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  Teller *self = (Teller *) source;

  g_source_set_ready_time (source, -1);
  self->changed (self->user_data);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs teller_funcs = { .dispatch = teller_dispatch };

static GSource *
listener_new (AtelierStore *store)
{
  GSource *source = g_source_new (&listener_funcs, sizeof (Listener));
  Listener *self = (Listener *) source;

  g_source_set_static_name (source, "store-watch-listener");
  self->store = store;
  self->fd = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (self->fd >= 0 && inotify_add_watch (self->fd, atelier_store_get_workspace (store), IN_MODIFY | IN_CREATE) < 0)
    {
      close (self->fd);
      self->fd = -1;
    }
  if (self->fd >= 0)
    self->tag = g_source_add_unix_fd (source, self->fd, G_IO_IN);
  else
    {
      g_debug ("no inotify: looking for changes all the time");
      pause_for (self, FIRST_PAUSE_US);
    }
  return source;
}

AtelierStoreWatch *
atelier_store_watch_new (AtelierStore *store, AtelierStoreChanged changed, gpointer user_data)
{
  AtelierStoreWatch *self;
  GMainContext *context = g_main_context_get_thread_default ();

  g_return_val_if_fail (ATELIER_IS_STORE (store) && changed != NULL, NULL);

  self = g_new0 (AtelierStoreWatch, 1);
  self->store = g_object_ref (store);
  self->teller = g_source_new (&teller_funcs, sizeof (Teller));
  g_source_set_static_name (self->teller, "store-watch-teller");
  ((Teller *) self->teller)->changed = changed;
  ((Teller *) self->teller)->user_data = user_data;
  self->listener = listener_new (store);
  g_source_attach (self->teller, context);
  g_source_attach (self->listener, context);
  atelier_store_add_teller (store, self->teller);
  return self;
}

void
atelier_store_watch_free (AtelierStoreWatch *self)
{
  atelier_store_remove_teller (self->store, self->teller);
  g_source_destroy (self->teller);
  g_source_destroy (self->listener);
  g_source_unref (self->teller);
  g_source_unref (self->listener);
  g_object_unref (self->store);
  g_free (self);
}
