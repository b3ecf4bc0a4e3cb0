/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-main"

#include "config.h"

#include "atelier-main.h"

/* The hand-off to the main thread. Workers put messages into one queue; one GSource on the default main context applies
 * them in order, below redraw priority and a few milliseconds at a time, so that a flood of news never stops a frame.
 * Whoever posts gives the message away: it is applied and freed on the main thread.
 *
 * The release and acquire marks say to ThreadSanitizer what the queue's lock says to the processor: with a GLib
 * that is not instrumented it cannot see that lock. They are nothing in other builds. */

#if defined(__SANITIZE_THREAD__)
void __tsan_acquire (void *address);
void __tsan_release (void *address);
#define TSAN_ACQUIRE(address) __tsan_acquire (address)
#define TSAN_RELEASE(address) __tsan_release (address)
#else
#define TSAN_ACQUIRE(address) (void) (address)
#define TSAN_RELEASE(address) (void) (address)
#endif

#define BUDGET_US 4000

typedef struct
{
  AtelierMainFunc apply;
  gpointer        message;
  GDestroyNotify  free_message;
} Post;

static GAsyncQueue *posts; /* of Post */
static GSource *source;    /* ready while posts are waiting */
static GThread *main_thread;

static gboolean
apply_one (void)
{
  g_autofree Post *post = g_async_queue_try_pop (posts);

  if (post == NULL)
    return FALSE;
  TSAN_ACQUIRE (post);
  post->apply (post->message);
  if (post->free_message != NULL)
    post->free_message (post->message);
  return TRUE;
}

static gboolean
dispatch (GSource *self, GSourceFunc callback, gpointer user_data)
{
  gint64 until = g_get_monotonic_time () + BUDGET_US;

  g_source_set_ready_time (self, -1);
  while (g_get_monotonic_time () < until)
    if (!apply_one ())
      return G_SOURCE_CONTINUE;
  g_source_set_ready_time (self, 0);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

/* atelier_main_init:
 *
 * Says that the calling thread is the main thread. Call once, before any worker starts. */
void
atelier_main_init (void)
{
  if (main_thread != NULL)
    return;
  main_thread = g_thread_self ();
  posts = g_async_queue_new ();
  source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (source, "atelier hand-off");
  g_source_set_priority (source, G_PRIORITY_DEFAULT_IDLE);
  g_source_attach (source, NULL);
}

/* atelier_main_post:
 * @apply: called on the main thread
 * @message: (transfer full): nobody else may touch it any more
 *
 * Any thread. */
void
atelier_main_post (AtelierMainFunc apply, gpointer message, GDestroyNotify free_message)
{
  Post *post;

  g_return_if_fail (posts != NULL && apply != NULL);

  post = g_new (Post, 1);
  *post = (Post) { apply, message, free_message };
  TSAN_RELEASE (post);
  g_async_queue_push (posts, post);
  g_source_set_ready_time (source, 0);
}

gboolean
atelier_main_is_current (void)
{
  return g_thread_self () == main_thread;
}

/* atelier_main_drain:
 *
 * Applies all that has been posted, at once: for shutdown, after the workers were joined. Main thread. */
void
atelier_main_drain (void)
{
  ATELIER_ASSERT_MAIN_THREAD ();

  while (apply_one ())
    ;
}
