/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-worker"

#include "config.h"

#include "atelier-worker.h"

/* A named thread with its own queue: unlike GTask's shared pool, order, thread identity and shutdown stay ours. */

typedef struct
{
  GTask          *task; /* (owned) */
  GTaskThreadFunc func; /* NULL ends the thread */
} Job;

struct _AtelierWorker
{
  GObject parent_instance;

  GThread     *thread;       /* (owned) (nullable) NULL after shutdown */
  gboolean     is_shut_down; /* no more jobs; those queued may still run */
  GAsyncQueue *jobs;         /* (owned) of Job */
};

G_DEFINE_FINAL_TYPE (AtelierWorker, atelier_worker, G_TYPE_OBJECT)

static gpointer
run_jobs (gpointer data)
{
  g_autoptr (GAsyncQueue) jobs = data;

  for (;;)
    {
      g_autofree Job *job = g_async_queue_pop (jobs);

      if (job->func == NULL)
        return NULL;
      if (!g_task_return_error_if_cancelled (job->task))
        job->func (job->task, g_task_get_source_object (job->task), g_task_get_task_data (job->task),
                   g_task_get_cancellable (job->task));
      g_object_unref (job->task);
    }
}

static void
atelier_worker_finalize (GObject *object)
{
  AtelierWorker *self = ATELIER_WORKER (object);

  atelier_worker_shutdown (self);
  g_async_queue_unref (self->jobs);
  G_OBJECT_CLASS (atelier_worker_parent_class)->finalize (object);
}

static void
atelier_worker_class_init (AtelierWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = atelier_worker_finalize;
}

static void
atelier_worker_init (AtelierWorker *self)
{
  self->jobs = g_async_queue_new ();
}

/* atelier_worker_new:
 * @name: of the thread, at most 15 bytes are shown by tools
 *
 * Returns: (transfer full): a running worker */
AtelierWorker *
atelier_worker_new (const char *name)
{
  AtelierWorker *self = g_object_new (ATELIER_TYPE_WORKER, NULL);

  self->thread = g_thread_new (name, run_jobs, g_async_queue_ref (self->jobs));
  return self;
}

/* atelier_worker_queue:
 * @func: runs on the worker; returns through @task; skipped when the task is cancelled before its turn */
void
atelier_worker_queue (AtelierWorker *self, GTask *task, GTaskThreadFunc func)
{
  Job *job;

  g_return_if_fail (ATELIER_IS_WORKER (self) && !self->is_shut_down && func != NULL);

  job = g_new (Job, 1);
  job->task = g_object_ref (task);
  job->func = func;
  g_async_queue_push (self->jobs, job);
}

gboolean
atelier_worker_is_current (AtelierWorker *self)
{
  return g_thread_self () == self->thread;
}

/* atelier_worker_shutdown:
 *
 * Lets the queued tasks finish and ends the thread. Blocks. May be called twice. */
void
atelier_worker_shutdown (AtelierWorker *self)
{
  if (self->is_shut_down)
    return;
  self->is_shut_down = TRUE;
  g_async_queue_push (self->jobs, g_new0 (Job, 1));
  g_thread_join (self->thread); /* the queued jobs may still ask atelier_worker_is_current() */
  self->thread = NULL;
}
