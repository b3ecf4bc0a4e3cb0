/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A named thread that runs GTasks one after the other, in the order they were queued. */
#define ATELIER_TYPE_WORKER (atelier_worker_get_type ())
G_DECLARE_FINAL_TYPE (AtelierWorker, atelier_worker, ATELIER, WORKER, GObject)

AtelierWorker *atelier_worker_new (const char *name);
void           atelier_worker_queue (AtelierWorker  *self,
                                     GTask          *task,
                                     GTaskThreadFunc func);
gboolean       atelier_worker_is_current (AtelierWorker *self);
void           atelier_worker_shutdown (AtelierWorker *self);

#define ATELIER_ASSERT_WORKER(worker) g_assert (atelier_worker_is_current (worker))

G_END_DECLS
