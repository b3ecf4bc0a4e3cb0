/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-engine-private.h"

#include "atelier-artifacts-cache.h"
#include "atelier-files.h"
#include "atelier-main.h"
#include "atelier-project-data.h"
#include "atelier-spawn.h"

/* The workspace, its services, and the runs of this program.
 *
 * An execution belongs to the program that holds the lock RUN_FOLDER/owner, an flock: it is free as soon as its holder is
 * dead, whatever killed it. Another program asks for a stop through the store's requests, which a watch brings here.
 *
 * Shutdown: leave or stop all runs, wait for their threads, end the worker, close the store (which flushes), apply the last news. */

#define LOCK_LOOK_US 10000

G_DEFINE_QUARK (atelier-engine-error-quark, atelier_engine_error)

gboolean
atelier_engine_error_is_not_found (const GError *error)
{
  return g_error_matches (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_NOT_FOUND) ||
         g_error_matches (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND) ||
         g_error_matches (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND) ||
         g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT) || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

G_DEFINE_FINAL_TYPE (AtelierEngine, atelier_engine, G_TYPE_OBJECT)

enum
{
  NEWS,
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  AtelierEngine     *engine;  /* (owned): as long as it has runs it lives */
  AtelierRun        *run;
  AtelierDefinition *definition;
  int                lock_fd;
} RunEntry;

static void
run_entry_free (gpointer data)
{
  RunEntry *entry = data;

  atelier_run_free (entry->run);
  atelier_definition_unref (entry->definition);
  close (entry->lock_fd); /* lets go of the execution */
  g_object_unref (entry->engine);
  g_free (entry);
}

/* --- news --- */

typedef struct
{
  AtelierEngine  *engine;
  AtelierRunNews *news;
} Post;

static void
post_free (gpointer data)
{
  Post *post = data;

  g_object_unref (post->engine);
  atelier_run_news_free (post->news);
  g_free (post);
}

static void
describe_step (AtelierEngine *self, const AtelierRunNews *run_news, AtelierNews *news)
{
  RunEntry *entry;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->runs, run_news->execution_id);
  if (entry != NULL)
    {
      const AtelierStep *step = atelier_definition_get_step (entry->definition, run_news->step);

      news->step = atelier_step_get_name (step);
      news->step_type = atelier_step_get_type_text (step);
    }
  g_mutex_unlock (&self->lock);
}

/* Main thread. */
static void
apply_news (gpointer data)
{
  Post *post = data;
  AtelierEngine *self = post->engine;
  const AtelierRunNews *run_news = post->news;
  AtelierNews news = {
    .kind = (AtelierNewsKind) run_news->kind,
    .execution_id = run_news->execution_id,
    .step_status = run_news->step_status,
    .attempt = run_news->attempt,
    .duration_us = run_news->duration_us,
    .status = run_news->status,
    .text = run_news->text,
    .why = run_news->why,
  };

  if (news.kind == ATELIER_NEWS_STEP || news.kind == ATELIER_NEWS_METRIC)
    {
      describe_step (self, run_news, &news);
      if (news.step == NULL)
        return;
    }
  if (news.kind == ATELIER_NEWS_ENDED)
    {
      gpointer key = NULL, entry = NULL;

      g_mutex_lock (&self->lock);
      g_hash_table_steal_extended (self->runs, news.execution_id, &key, &entry);
      g_mutex_unlock (&self->lock);
      if (entry != NULL)
        run_entry_free (entry);
      g_free (key);
    }
  g_signal_emit (self, signals[NEWS], 0, &news);
}

/* Threads of the run and of the store. */
static void
hear_news (AtelierRunNews *news, gpointer user_data)
{
  Post *post = g_new (Post, 1);

  *post = (Post) { g_object_ref (user_data), news };
  atelier_main_post (apply_news, post, post_free);
}

/* --- what other programs ask for --- */

static int
request_grace_ms (const AtelierRequestRecord *request)
{
  g_autoptr (json_t) argument = request->argument_json != NULL ? atelier_json_parse (request->argument_json, -1, NULL) : NULL;

  return (int) atelier_json_get_int (argument, "grace_ms", -1);
}

/* Any thread but a window's. */
static void
answer_requests (AtelierEngine *self)
{
  g_autoptr (GPtrArray) requests = atelier_store_list_requests (self->store, NULL, NULL);

  for (guint i = 0; requests != NULL && i < requests->len; i++)
    {
      const AtelierRequestRecord *request = g_ptr_array_index (requests, i);
      RunEntry *entry;

      g_mutex_lock (&self->lock);
      entry = g_hash_table_lookup (self->runs, request->execution_id);
      if (entry != NULL && strcmp (request->kind, "stop") == 0)
        atelier_run_stop (entry->run, request_grace_ms (request));
      g_mutex_unlock (&self->lock);
      if (entry != NULL)
        atelier_store_request_handled (self->store, request->id, NULL, NULL);
    }
}

static void
answer_requests_cb (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  answer_requests (data);
  g_task_return_boolean (task, TRUE);
}

/* Main thread. */
static void
on_store_changed (gpointer user_data)
{
  AtelierEngine *self = user_data;
  gboolean has_runs;

  g_mutex_lock (&self->lock);
  has_runs = g_hash_table_size (self->runs) > 0;
  g_mutex_unlock (&self->lock);
  if (has_runs)
    {
      g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

      g_task_set_task_data (task, self, NULL); /* unowned: the worker ends before the engine */
      atelier_worker_queue (self->worker, task, answer_requests_cb);
    }
  g_signal_emit (self, signals[CHANGED], 0);
}

/* --- runs --- */

AtelierOwner
atelier_engine_this_program (char **boot_id)
{
  *boot_id = atelier_process_boot_id ();
  return (AtelierOwner) { getpid (), atelier_process_start_ticks (getpid ()), *boot_id };
}

gboolean
atelier_engine_has_owner (AtelierEngine *self, const AtelierExecutionRecord *record)
{
  if (atelier_execution_status_is_final (record->status))
    return FALSE;
  if (record->owner_pid == getpid ())
    return atelier_engine_is_running (self, record->id);
  return record->owner_pid > 0 && atelier_process_is_alive ((pid_t) record->owner_pid, record->owner_start_ticks, record->owner_boot_id);
}

/* flock has no time limit of its own. */
static gboolean
try_lock (int fd, int wait_ms)
{
  gint64 until_us = g_get_monotonic_time () + (gint64) wait_ms * 1000;
  gboolean is_locked;

  while (!(is_locked = flock (fd, LOCK_EX | LOCK_NB) == 0) && g_get_monotonic_time () < until_us)
    g_usleep (LOCK_LOOK_US);
  return is_locked;
}

gboolean
atelier_engine_lock_execution (AtelierEngine *self, const char *execution_id, int wait_ms, int *fd, GError **error)
{
  g_autofree char *folder = atelier_run_folder (self->workspace, execution_id);
  g_autofree char *path = g_build_filename (folder, "owner", NULL);
  int lock_fd;

  if (!atelier_files_make_folder (folder, error))
    return FALSE;
  lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_fd < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot open “%s”: %s"), path, g_strerror (errno));
      return FALSE;
    }
  if (!try_lock (lock_fd, wait_ms))
    {
      close (lock_fd);
      g_set_error (error, ATELIER_ENGINE_ERROR, ATELIER_ENGINE_ERROR_BUSY, _("the execution “%s” is being run by another program"),
                   execution_id);
      return FALSE;
    }
  *fd = lock_fd;
  return TRUE;
}

gboolean
atelier_engine_begin (AtelierEngine *self, const AtelierRunRequest *request, int lock_fd, int stop_grace_ms, GError **error)
{
  AtelierRun *run = atelier_run_new (request, hear_news, self, error);
  RunEntry *entry;

  if (run == NULL)
    {
      close (lock_fd);
      return FALSE;
    }
  entry = g_new0 (RunEntry, 1);
  entry->engine = g_object_ref (self);
  entry->run = run;
  entry->definition = atelier_definition_ref (request->definition);
  entry->lock_fd = lock_fd;
  g_mutex_lock (&self->lock);
  g_hash_table_insert (self->runs, g_strdup (request->execution_id), entry);
  g_mutex_unlock (&self->lock);
  if (stop_grace_ms != ATELIER_ENGINE_NO_STOP)
    atelier_run_stop (run, stop_grace_ms);
  atelier_run_start (run);
  answer_requests (self); /* one may have come before the run was there to hear of it */
  return TRUE;
}

gboolean
atelier_engine_is_running (AtelierEngine *self, const char *execution_id)
{
  gboolean is_running;

  g_mutex_lock (&self->lock);
  is_running = g_hash_table_contains (self->runs, execution_id);
  g_mutex_unlock (&self->lock);
  return is_running;
}

/* Returns: whether the execution is this program's, and was told to stop */
gboolean
atelier_engine_stop_own (AtelierEngine *self, const char *execution_id, int grace_ms)
{
  RunEntry *entry;

  g_mutex_lock (&self->lock);
  entry = g_hash_table_lookup (self->runs, execution_id);
  if (entry != NULL)
    atelier_run_stop (entry->run, grace_ms);
  g_mutex_unlock (&self->lock);
  return entry != NULL;
}

void
atelier_engine_leave (AtelierEngine *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->runs);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    atelier_run_leave (((RunEntry *) entry)->run);
  g_mutex_unlock (&self->lock);
}

/* --- life --- */

static void
stop_watching (AtelierEngine *self)
{
  g_clear_pointer (&self->watch, atelier_store_watch_free);
  if (self->worker != NULL)
    atelier_worker_shutdown (self->worker);
  g_clear_object (&self->worker);
}

static void
atelier_engine_finalize (GObject *object)
{
  AtelierEngine *self = ATELIER_ENGINE (object);

  stop_watching (self);
  g_hash_table_unref (self->runs);
  g_clear_pointer (&self->artifacts, atelier_artifacts_unref);
  g_clear_object (&self->store);
  g_free (self->workspace);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (atelier_engine_parent_class)->finalize (object);
}

static void
atelier_engine_class_init (AtelierEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = atelier_engine_finalize;

  signals[NEWS] = g_signal_new ("news", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
atelier_engine_init (AtelierEngine *self)
{
  g_mutex_init (&self->lock);
  self->runs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, run_entry_free);
}

/* Returns: (transfer full): ATELIER_WORKSPACE, or the folder atelier in the user's data folder */
char *
atelier_engine_default_workspace (void)
{
  const char *set = g_getenv ("ATELIER_WORKSPACE");

  if (set != NULL && *set != '\0')
    return g_canonicalize_filename (set, NULL);
  return g_build_filename (g_get_user_data_dir (), "atelier", NULL);
}

/* atelier_engine_open:
 * @workspace: a folder; made when missing, unless @read_only
 *
 * Blocks. The calling thread becomes the main thread.
 *
 * Returns: (transfer full) (nullable) */
AtelierEngine *
atelier_engine_open (const char *workspace, gboolean read_only, GError **error)
{
  g_autoptr (AtelierEngine) self = g_object_new (ATELIER_TYPE_ENGINE, NULL);
  g_autofree char *store_folder = NULL;

  atelier_main_init ();
  self->workspace = g_canonicalize_filename (workspace, NULL);
  self->store = atelier_store_open (self->workspace, NULL, read_only ? ATELIER_STORE_FLAGS_READ_ONLY : ATELIER_STORE_FLAGS_NONE, error);
  if (self->store == NULL)
    return NULL;
  store_folder = g_build_filename (self->workspace, "store", NULL);
  self->artifacts = atelier_artifacts_new_with_store (store_folder, self->store);
  if (!read_only)
    {
      self->worker = atelier_worker_new ("engine");
      self->watch = atelier_store_watch_new (self->store, on_store_changed, self);
    }
  return g_steal_pointer (&self);
}

/* atelier_engine_close:
 *
 * Leaves what still runs, waits for all threads, and closes the store. Main thread; call before the last unref.
 *
 * Returns: FALSE when something that was to be written could not be */
gboolean
atelier_engine_close (AtelierEngine *self, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (run_entry_free);
  GHashTableIter iter;
  gpointer key, entry;
  gboolean is_written;

  atelier_engine_leave (self);
  g_mutex_lock (&self->lock);
  g_hash_table_iter_init (&iter, self->runs);
  while (g_hash_table_iter_next (&iter, &key, &entry))
    {
      g_ptr_array_add (entries, entry);
      g_free (key);
      g_hash_table_iter_steal (&iter);
    }
  g_mutex_unlock (&self->lock);
  g_ptr_array_set_size (entries, 0); /* joins their threads */
  stop_watching (self);
  is_written = atelier_store_close (self->store, error);
  atelier_main_drain ();
  return is_written;
}

const char *
atelier_engine_get_workspace (AtelierEngine *self)
{
  return self->workspace;
}
