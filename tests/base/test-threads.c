/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "atelier-main.h"
#include "atelier-worker.h"
#include "base-fixture.h"

/* The worker thread with its queue, and the hand-off to the main thread. */

/* --- worker --- */

typedef struct
{
  GMutex         mutex;
  GCond          cond;
  gboolean       is_open; /* (mutex) */
  GArray        *numbers; /* of int, touched by the worker only until it was shut down */
  AtelierWorker *worker;
  GThread       *thread;
} Record;

static Record *
record_new (void)
{
  Record *record = g_new0 (Record, 1);

  g_mutex_init (&record->mutex);
  g_cond_init (&record->cond);
  record->numbers = g_array_new (FALSE, FALSE, sizeof (int));
  record->worker = atelier_worker_new ("test");
  return record;
}

static void
record_free (Record *record)
{
  g_clear_object (&record->worker);
  g_array_unref (record->numbers);
  g_cond_clear (&record->cond);
  g_mutex_clear (&record->mutex);
  g_free (record);
}

static Record *current;

static void
note_number (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  int number = GPOINTER_TO_INT (data);

  g_assert_true (atelier_worker_is_current (current->worker));
  g_assert_true (current->thread == NULL || current->thread == g_thread_self ());
  current->thread = g_thread_self ();
  g_array_append_val (current->numbers, number);
  g_task_return_int (task, number);
}

static void
wait_for_gate (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_mutex_lock (&current->mutex);
  while (!current->is_open)
    g_cond_wait (&current->cond, &current->mutex);
  g_mutex_unlock (&current->mutex);
  g_task_return_boolean (task, TRUE);
}

static void
open_gate (void)
{
  g_mutex_lock (&current->mutex);
  current->is_open = TRUE;
  g_cond_broadcast (&current->cond);
  g_mutex_unlock (&current->mutex);
}

static GTask *
queue_number (int number, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_task_data (task, GINT_TO_POINTER (number), NULL);
  atelier_worker_queue (current->worker, task, note_number);
  return task;
}

/* In order, on one thread, and all of it before shutdown returns. */
static void
test_worker_order (void)
{
  current = record_new ();
  g_assert_false (atelier_worker_is_current (current->worker));
  for (int i = 0; i < 1000; i++)
    g_object_unref (queue_number (i, NULL, NULL, NULL));
  atelier_worker_shutdown (current->worker);
  g_assert_cmpuint (current->numbers->len, ==, 1000);
  for (int i = 0; i < 1000; i++)
    g_assert_cmpint (g_array_index (current->numbers, int, i), ==, i);
  /* twice is once */
  atelier_worker_shutdown (current->worker);
  record_free (current);
}

static gpointer
queue_a_hundred (gpointer data)
{
  for (int i = 0; i < 100; i++)
    g_object_unref (queue_number (GPOINTER_TO_INT (data) + i, NULL, NULL, NULL));
  return NULL;
}

static void
test_worker_threads (void)
{
  GThread *threads[4];
  int last[4] = { -1, -1, -1, -1 };

  current = record_new ();
  for (int i = 0; i < 4; i++)
    threads[i] = g_thread_new ("queues", queue_a_hundred, GINT_TO_POINTER (i * 1000));
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  atelier_worker_shutdown (current->worker);
  g_assert_cmpuint (current->numbers->len, ==, 400);
  for (int i = 0; i < 400; i++)
    {
      int number = g_array_index (current->numbers, int, i);

      g_assert_cmpint (number % 1000, ==, last[number / 1000] + 1);
      last[number / 1000] = number % 1000;
    }
  record_free (current);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError **error = user_data;

  g_task_propagate_int (G_TASK (result), error);
}

static gboolean
is_set (gpointer user_data)
{
  g_main_context_iteration (NULL, FALSE);
  return *(gpointer *) user_data != NULL;
}

/* A task that is cancelled before its turn is answered but not run. */
static void
test_worker_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GTask) gate = g_task_new (NULL, NULL, NULL, NULL);
  g_autoptr (GError) error = NULL;

  current = record_new ();
  atelier_worker_queue (current->worker, gate, wait_for_gate);
  g_object_unref (queue_number (1, cancellable, on_answer, &error));
  g_object_unref (queue_number (2, NULL, NULL, NULL));
  g_cancellable_cancel (cancellable);
  open_gate ();
  atelier_worker_shutdown (current->worker);
  g_assert_cmpuint (current->numbers->len, ==, 1);
  g_assert_cmpint (g_array_index (current->numbers, int, 0), ==, 2);
  g_assert_true (fixture_wait (is_set, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  record_free (current);
}

/* The last reference ends the thread, after the work that was queued. */
static void
test_worker_finalize (void)
{
  current = record_new ();
  g_object_unref (queue_number (7, NULL, NULL, NULL));
  g_object_unref (current->worker);
  current->worker = NULL;
  g_assert_cmpuint (current->numbers->len, ==, 1);
  record_free (current);
}

/* --- main --- */

typedef struct
{
  int thread;
  int number;
} Message;

static GArray *applied; /* of Message, main thread */
static int n_freed;     /* (atomic) */

static void
apply_message (gpointer data)
{
  g_assert_true (atelier_main_is_current ());
  g_array_append_vals (applied, data, 1);
}

static void
free_message (gpointer data)
{
  g_assert_true (atelier_main_is_current ());
  g_atomic_int_inc (&n_freed);
  g_free (data);
}

static void
post (int thread, int number)
{
  Message *message = g_new0 (Message, 1);

  message->thread = thread;
  message->number = number;
  atelier_main_post (apply_message, message, free_message);
}

static gpointer
post_many (gpointer data)
{
  g_assert_false (atelier_main_is_current ());
  for (int i = 0; i < 5000; i++)
    post (GPOINTER_TO_INT (data), i);
  return NULL;
}

static gboolean
all_applied (gpointer user_data)
{
  g_main_context_iteration (NULL, FALSE);
  return applied->len >= GPOINTER_TO_UINT (user_data);
}

static void
reset_messages (void)
{
  g_clear_pointer (&applied, g_array_unref);
  applied = g_array_new (FALSE, FALSE, sizeof (Message));
  n_freed = 0;
}

static void
assert_order (guint n_threads, guint n_each)
{
  g_autofree int *next = g_new0 (int, n_threads);

  g_assert_cmpuint (applied->len, ==, n_threads * n_each);
  g_assert_cmpint (n_freed, ==, (int) (n_threads * n_each));
  for (guint i = 0; i < applied->len; i++)
    {
      Message *message = &g_array_index (applied, Message, i);

      g_assert_cmpint (message->number, ==, next[message->thread]++);
    }
}

/* Every thread's messages come in the order it posted them, none is lost, while the loop runs. */
static void
test_main_order (void)
{
  GThread *threads[8];

  reset_messages ();
  for (int i = 0; i < 8; i++)
    threads[i] = g_thread_new ("posts", post_many, GINT_TO_POINTER (i));
  g_assert_true (fixture_wait (all_applied, GUINT_TO_POINTER (8 * 5000)));
  for (int i = 0; i < 8; i++)
    g_thread_join (threads[i]);
  assert_order (8, 5000);
  /* nothing left: the loop has nothing to do */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (g_main_context_pending (NULL));
}

static void
test_main_drain (void)
{
  GThread *threads[2];

  reset_messages ();
  for (int i = 0; i < 2; i++)
    threads[i] = g_thread_new ("posts", post_many, GINT_TO_POINTER (i));
  for (int i = 0; i < 2; i++)
    g_thread_join (threads[i]);
  atelier_main_drain ();
  assert_order (2, 5000);
  atelier_main_drain ();
  assert_order (2, 5000);
}

static void
apply_and_post (gpointer data)
{
  int number = GPOINTER_TO_INT (data);

  post (0, number);
  if (number < 9)
    atelier_main_post (apply_and_post, GINT_TO_POINTER (number + 1), NULL);
}

/* What is applied may post again. */
static void
test_main_nested (void)
{
  reset_messages ();
  atelier_main_post (apply_and_post, GINT_TO_POINTER (0), NULL);
  g_assert_true (fixture_wait (all_applied, GUINT_TO_POINTER (10)));
  assert_order (1, 10);
}

static void
apply_slowly (gpointer data)
{
  gint64 until = g_get_monotonic_time () + 2000;

  while (g_get_monotonic_time () < until)
    ;
  apply_message (&(Message) { .number = GPOINTER_TO_INT (data) });
  n_freed++;
}

/* A flood does not stop a frame: a turn of the loop applies a few milliseconds' worth, not all. */
static void
test_main_yields (void)
{
  reset_messages ();
  for (int i = 0; i < 100; i++)
    atelier_main_post (apply_slowly, GINT_TO_POINTER (i), NULL);
  while (applied->len < 100)
    {
      guint before = applied->len;

      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (applied->len - before, <=, 3);
    }
  assert_order (1, 100);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  atelier_main_init ();
  atelier_main_init ();
  g_test_add_func ("/worker/order", test_worker_order);
  g_test_add_func ("/worker/threads", test_worker_threads);
  g_test_add_func ("/worker/cancelled", test_worker_cancelled);
  g_test_add_func ("/worker/finalize", test_worker_finalize);
  g_test_add_func ("/main/order", test_main_order);
  g_test_add_func ("/main/drain", test_main_drain);
  g_test_add_func ("/main/nested", test_main_nested);
  g_test_add_func ("/main/yields", test_main_yields);
  status = g_test_run ();
  g_clear_pointer (&applied, g_array_unref);
  return status;
}
