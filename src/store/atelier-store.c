/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-store-private.h"
#include "atelier-reserve.h"

#include "atelier-files.h"

/* The store: one writer thread with the only connection that writes, and a few connections that read.
 *
 * Group commit: the writer takes whatever is queued, applies the events one after the other in one transaction, and
 * commits; while the disk works (synchronous=FULL: a commit is on disk when it returns) the next events gather. So
 * one event alone is durable after one sync, and ten thousand at once need a handful. Only after the commit is
 * anybody told. A sync costs the processor as much as some ten events, so while events come in a stream that nobody
 * waits for, there is a pause between two commits.
 *
 * An event that fails takes nobody with it: the transaction is rolled back and the events before it are applied again
 * as a smaller group, then it runs alone, where it fails for itself (or succeeds, if it was only the group that did
 * not fit on the disk), then the others go on. An event therefore has no effect but on the database until it is
 * settled.
 *
 * Other programs write too. Each transaction begins with BEGIN IMMEDIATE, and everything that depends on what is
 * there (next numbers, the head of the audit chain) is read inside it; nothing is remembered from one transaction to
 * the next. SQLite's lock is not fair, so a writer that notices another one pauses for a moment between its commits.
 *
 * The queue is not bounded: the scheduler must never wait for the disk on a queued event, and what is queued is
 * small. */

#define GROUP_MOST       2048  /* events in one commit */
#define GROUP_MOST_US    50000 /* longest time of applying before a commit */
#define GATHER_US        10000 /* from one commit to the next, unless somebody waits */
#define GATHER_MOST      512   /* events, at which the pause ends */
#define IDLE_READERS     4
#define POLITE_US        G_USEC_PER_SEC /* how long another writer is remembered */
#define POLITE_PAUSE_US  2000

struct _AtelierStore
{
  GObject    parent_instance;

  char      *workspace;
  char      *path;
  char      *who;
  gboolean   is_read_only;

  GThread   *thread; /* until the store is freed: tells who the writer is, also after it has ended */
  AtelierReserve *reserve; /* (owned): of the writer thread */
  AtelierDb *writer; /* (owned): touched by the writer thread alone between open and join */
  gint64     data_version;
  gint64     other_writer_at_us; /* monotonic */
  gint64     committed_at_us;    /* monotonic */

  GMutex     mutex; /* guards what follows */
  GCond      wake;    /* the writer: there is something to do */
  GCond      settled; /* those who wait for events */
  AtelierEvent  *first;
  AtelierEvent **last;
  guint64    n_queued;
  guint64    n_settled;
  gboolean   is_hurried; /* somebody waits for what is queued, or it is much */
  gboolean   is_closing;
  gboolean   is_joined;
  gboolean   has_to_look; /* for commits of other programs */
  GError    *first_failure; /* (owned) (nullable) not reported yet */
  GPtrArray *readers; /* (element-type AtelierDb): idle ones */
  GPtrArray *tellers; /* (element-type GSource) */
};

G_DEFINE_FINAL_TYPE (AtelierStore, atelier_store, G_TYPE_OBJECT)

/* --- commits of other programs --- */

/* PRAGMA data_version changes when another connection commits, and the writer's is the only one of this program that
 * does. */
static void
look_for_changes (AtelierStore *self)
{
  gint64 version = self->data_version;

  if (!atelier_db_get_int (self->writer, &version, NULL, "PRAGMA data_version", "") || version == self->data_version)
    return;
  self->data_version = version;
  self->other_writer_at_us = g_get_monotonic_time ();
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->tellers->len; i++)
    g_source_set_ready_time (self->tellers->pdata[i], 0);
  g_mutex_unlock (&self->mutex);
}

void
atelier_store_add_teller (AtelierStore *self, GSource *teller)
{
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->tellers, g_source_ref (teller));
  g_mutex_unlock (&self->mutex);
}

void
atelier_store_remove_teller (AtelierStore *self, GSource *teller)
{
  g_mutex_lock (&self->mutex);
  g_ptr_array_remove_fast (self->tellers, teller);
  g_mutex_unlock (&self->mutex);
}

void
atelier_store_ask_for_changes (AtelierStore *self)
{
  g_mutex_lock (&self->mutex);
  self->has_to_look = TRUE;
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);
}

/* --- the writer thread --- */

/* Tells the first @n events of the list (or all) how they ended, and gives back the rest. */
static AtelierEvent *
settle (AtelierStore *self, AtelierEvent *events, guint n, const GError *error)
{
  AtelierEvent *rest = events;
  AtelierEvent *unneeded = NULL;
  guint n_told = 0;
  gboolean is_unheard = FALSE; /* did somebody fail for whom nobody waits? */

  for (; n_told < n && rest != NULL; rest = rest->next)
    {
      if (rest->committed != NULL)
        rest->committed (rest->user_data, error);
      is_unheard |= error != NULL && !rest->is_waited_for;
      n_told++;
    }

  g_mutex_lock (&self->mutex);
  if (is_unheard && self->first_failure == NULL)
    self->first_failure = g_error_copy (error);
  for (AtelierEvent *event = events, *next; event != rest; event = next)
    {
      next = event->next;
      if (event->is_waited_for)
        {
          /* from here on it belongs to whoever waits, and may be gone at once */
          event->error = error != NULL ? g_error_copy (error) : NULL;
          event->is_settled = TRUE;
        }
      else
        {
          event->next = unneeded;
          unneeded = event;
        }
    }
  self->n_settled += n_told;
  g_cond_broadcast (&self->settled);
  g_mutex_unlock (&self->mutex);

  for (AtelierEvent *next; unneeded != NULL; unneeded = next)
    {
      next = unneeded->next;
      atelier_event_free (unneeded);
    }
  return rest;
}

static void
roll_back (AtelierStore *self)
{
  /* SQLite has rolled back by itself when the disk is full or fails */
  if (!sqlite3_get_autocommit (self->writer->connection))
    atelier_db_script (self->writer, "ROLLBACK", NULL);
}

/* Applies and commits up to *n events; on failure *n is how many went well before it. */
static gboolean
write_group (AtelierStore *self, AtelierEvent *events, guint *n, GError **error)
{
  gint64 until_us = g_get_monotonic_time () + GROUP_MOST_US;
  guint most = *n;

  *n = 0;
  for (AtelierEvent *event = events; event != NULL && *n < most; event = event->next)
    {
      if (!event->apply (self->writer, event, error))
        return FALSE;
      *n += 1;
      if (*n % 16 == 0 && g_get_monotonic_time () > until_us)
        break;
    }
  return atelier_db_run (self->writer, error, "COMMIT", "");
}

static void
write_all (AtelierStore *self, AtelierEvent *events)
{
  guint limit = GROUP_MOST;

  while (events != NULL)
    {
      g_autoptr (GError) error = NULL;
      guint n = limit;

      if (!atelier_db_run (self->writer, &error, "BEGIN IMMEDIATE", ""))
        {
          /* nobody can write at present: trying each event would make each wait as long */
          settle (self, events, G_MAXUINT, error);
          return;
        }
      look_for_changes (self);
      if (write_group (self, events, &n, &error))
        {
          events = settle (self, events, n, NULL);
          limit = GROUP_MOST;
          atelier_reserve_keep (self->reserve);
        }
      else
        {
          roll_back (self);
          if (g_error_matches (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FULL)
              && atelier_reserve_give_up (self->reserve))
            continue;
          if (limit == 1 || events->next == NULL)
            {
              events = settle (self, events, 1, error);
              limit = GROUP_MOST;
            }
          else
            {
              g_debug ("a group of events failed after %u: %s", n, error->message);
              limit = MAX (MIN (n, limit / 2), 1);
            }
        }
      if (self->other_writer_at_us != 0 && g_get_monotonic_time () - self->other_writer_at_us < POLITE_US)
        g_usleep (POLITE_PAUSE_US);
    }
}

/* Called with the mutex held, which others take meanwhile. */
static void
gather (AtelierStore *self)
{
  gint64 until_us = self->committed_at_us + GATHER_US;

  while (!self->is_hurried && !self->is_closing && !self->has_to_look)
    if (!g_cond_wait_until (&self->wake, &self->mutex, until_us))
      return;
}

static gpointer
writer_thread (gpointer user_data)
{
  AtelierStore *self = user_data;
  g_autoptr (GError) refusal = NULL;

  if (self->is_read_only)
    g_set_error (&refusal, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY,
                 _("The workspace “%s” can only be read; check the permissions of the folder and of atelier.db in"
                   " it"),
                 self->workspace);

  g_mutex_lock (&self->mutex);
  while (TRUE)
    {
      AtelierEvent *events;
      gboolean has_to_look;

      while (self->first == NULL && !self->has_to_look && !self->is_closing)
        g_cond_wait (&self->wake, &self->mutex);
      gather (self);
      events = g_steal_pointer (&self->first);
      self->last = &self->first;
      self->is_hurried = FALSE;
      has_to_look = self->has_to_look;
      self->has_to_look = FALSE;
      if (events == NULL && !has_to_look)
        break;
      g_mutex_unlock (&self->mutex);

      if (has_to_look)
        look_for_changes (self);
      if (events != NULL && refusal != NULL)
        settle (self, events, G_MAXUINT, refusal);
      else
        write_all (self, events);
      if (events != NULL)
        self->committed_at_us = g_get_monotonic_time ();

      g_mutex_lock (&self->mutex);
    }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

/* --- queueing and waiting --- */

static void
set_closed (AtelierStore *self, GError **error)
{
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CLOSED, _("The workspace “%s” is closed"),
               self->workspace);
}

/* Called with the mutex held. */
static void
hurry (AtelierStore *self)
{
  if (self->is_hurried)
    return;
  self->is_hurried = TRUE;
  g_cond_signal (&self->wake);
}

/* Returns: FALSE when it is too late */
static gboolean
enqueue (AtelierStore *self, AtelierEvent *event)
{
  gboolean is_open;

  g_mutex_lock (&self->mutex);
  is_open = !self->is_closing;
  if (is_open)
    {
      gboolean is_first = self->first == NULL;

      *self->last = event;
      self->last = &event->next;
      self->n_queued++;
      if (event->is_waited_for || self->n_queued - self->n_settled == GATHER_MOST)
        hurry (self);
      else if (is_first)
        g_cond_signal (&self->wake);
    }
  g_mutex_unlock (&self->mutex);
  return is_open;
}

void
atelier_store_queue (AtelierStore *self, gpointer event, AtelierStoreCommitted committed, gpointer user_data)
{
  AtelierEvent *queued = event;
  g_autoptr (GError) error = NULL;

  queued->committed = committed;
  queued->user_data = user_data;
  if (enqueue (self, queued))
    return;
  set_closed (self, &error);
  if (committed != NULL)
    committed (user_data, error);
  atelier_event_free (queued);
}

static gboolean
is_writer_thread (AtelierStore *self, GError **error)
{
  if (g_thread_self () != self->thread)
    return FALSE;
  g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_FAILED,
               "an AtelierStoreCommitted must not wait for the store: it runs on the thread that writes");
  return TRUE;
}

gboolean
atelier_store_wait (AtelierStore *self, gpointer event, GError **error)
{
  AtelierEvent *awaited = event;

  awaited->is_waited_for = TRUE;
  if (is_writer_thread (self, error))
    return FALSE;
  if (!enqueue (self, awaited))
    {
      set_closed (self, error);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  while (!awaited->is_settled)
    g_cond_wait (&self->settled, &self->mutex);
  g_mutex_unlock (&self->mutex);
  if (awaited->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&awaited->error));
  return FALSE;
}

gboolean
atelier_store_flush (AtelierStore *self, GError **error)
{
  GError *failure;
  guint64 upto;

  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  if (is_writer_thread (self, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  upto = self->n_queued;
  if (self->n_settled < upto)
    hurry (self);
  while (self->n_settled < upto)
    g_cond_wait (&self->settled, &self->mutex);
  failure = g_steal_pointer (&self->first_failure);
  g_mutex_unlock (&self->mutex);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

/* --- readers --- */

AtelierReader *
atelier_store_borrow_reader (AtelierStore *self, GError **error)
{
  AtelierDb *db = NULL;
  gboolean is_closing;

  g_mutex_lock (&self->mutex);
  is_closing = self->is_closing;
  if (!is_closing && self->readers->len > 0)
    db = g_ptr_array_steal_index_fast (self->readers, self->readers->len - 1);
  g_mutex_unlock (&self->mutex);
  if (is_closing)
    {
      set_closed (self, error);
      return NULL;
    }
  if (db == NULL)
    db = atelier_db_open (self->path, ATELIER_DB_READ_ONLY, error);
  if (db != NULL)
    db->store = g_object_ref (self);
  return db;
}

void
atelier_store_return_reader (AtelierReader *reader)
{
  g_autoptr (AtelierStore) self = g_steal_pointer (&reader->store);
  gboolean is_kept;

  /* a query that read several things did so in one transaction */
  if (!sqlite3_get_autocommit (reader->connection))
    atelier_db_script (reader, "ROLLBACK", NULL);
  g_mutex_lock (&self->mutex);
  is_kept = !self->is_closing && !reader->is_immutable && self->readers->len < IDLE_READERS;
  if (is_kept)
    g_ptr_array_add (self->readers, reader);
  g_mutex_unlock (&self->mutex);
  if (!is_kept)
    atelier_db_close (reader);
}

/* --- opening and closing --- */

static gboolean
cannot_be_written (AtelierStore *self)
{
  return g_file_test (self->path, G_FILE_TEST_EXISTS) && (access (self->path, W_OK) != 0
                                                          || access (self->workspace, W_OK) != 0);
}

AtelierStore *
atelier_store_open (const char *workspace, const char *who, AtelierStoreFlags flags, GError **error)
{
  g_autoptr (AtelierStore) self = g_object_new (ATELIER_TYPE_STORE, NULL);
  g_autoptr (GError) problem = NULL;

  g_return_val_if_fail (workspace != NULL, NULL);

  self->workspace = g_canonicalize_filename (workspace, NULL);
  self->reserve = atelier_reserve_new (self->workspace);
  self->path = g_build_filename (self->workspace, "atelier.db", NULL);
  self->who = g_utf8_make_valid (who != NULL && *who != '\0' ? who : g_get_user_name (), -1);
  self->is_read_only = (flags & ATELIER_STORE_FLAGS_READ_ONLY) != 0 || cannot_be_written (self);
  if (!self->is_read_only)
    {
      if (!atelier_files_make_folder (self->workspace, error))
        return NULL;
      self->writer = atelier_db_open_writer (self->path, &problem);
      self->is_read_only = g_error_matches (problem, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY);
      if (self->writer == NULL && !self->is_read_only)
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return NULL;
        }
    }
  if (self->is_read_only)
    {
      self->writer = atelier_db_open_read_only (self->path, error);
      if (self->writer == NULL)
        return NULL;
    }
  if (!atelier_db_get_int (self->writer, &self->data_version, error, "PRAGMA data_version", ""))
    return NULL;
  self->thread = g_thread_new ("store-writer", writer_thread, self);
  return g_steal_pointer (&self);
}

gboolean
atelier_store_close (AtelierStore *self, GError **error)
{
  g_autoptr (GPtrArray) readers = NULL;
  gboolean has_to_join;
  GError *failure;

  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  if (is_writer_thread (self, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  self->is_closing = TRUE;
  has_to_join = self->thread != NULL && !self->is_joined;
  self->is_joined = TRUE;
  readers = g_steal_pointer (&self->readers);
  self->readers = g_ptr_array_new ();
  g_cond_signal (&self->wake);
  g_mutex_unlock (&self->mutex);

  if (has_to_join)
    g_thread_join (self->thread);
  g_ptr_array_set_free_func (readers, (GDestroyNotify) atelier_db_close);
  g_clear_pointer (&readers, g_ptr_array_unref);
  /* the last connection that closes empties the write-ahead log into the file, for which it must be able to write */
  if (has_to_join)
    g_clear_pointer (&self->writer, atelier_db_close);

  g_mutex_lock (&self->mutex);
  failure = g_steal_pointer (&self->first_failure);
  g_mutex_unlock (&self->mutex);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

const char *
atelier_store_get_workspace (AtelierStore *self)
{
  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  return self->workspace;
}

const char *
atelier_store_get_who (AtelierStore *self)
{
  g_return_val_if_fail (ATELIER_IS_STORE (self), NULL);

  return self->who;
}

gboolean
atelier_store_is_read_only (AtelierStore *self)
{
  g_return_val_if_fail (ATELIER_IS_STORE (self), FALSE);

  return self->is_read_only;
}

static void
atelier_store_dispose (GObject *object)
{
  AtelierStore *self = ATELIER_STORE (object);
  g_autoptr (GError) error = NULL;

  if (!atelier_store_close (self, &error))
    g_debug ("closing “%s”: %s", self->workspace, error->message);
  G_OBJECT_CLASS (atelier_store_parent_class)->dispose (object);
}

static void
atelier_store_finalize (GObject *object)
{
  AtelierStore *self = ATELIER_STORE (object);

  g_clear_pointer (&self->writer, atelier_db_close);
  g_ptr_array_unref (self->readers);
  g_ptr_array_unref (self->tellers);
  g_clear_error (&self->first_failure);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->settled);
  g_clear_pointer (&self->reserve, atelier_reserve_free);
  g_free (self->workspace);
  g_free (self->path);
  g_free (self->who);
  G_OBJECT_CLASS (atelier_store_parent_class)->finalize (object);
}

static void
atelier_store_class_init (AtelierStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = atelier_store_dispose;
  object_class->finalize = atelier_store_finalize;
}

static void
atelier_store_init (AtelierStore *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->wake);
  g_cond_init (&self->settled);
  self->last = &self->first;
  self->readers = g_ptr_array_new ();
  self->tellers = g_ptr_array_new_with_free_func ((GDestroyNotify) g_source_unref);
}
