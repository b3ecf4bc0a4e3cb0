/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one way up from worker threads to the main thread: small messages, applied in the order they were posted. */
typedef void (*AtelierMainFunc) (gpointer message);

void     atelier_main_init (void);
void     atelier_main_post (AtelierMainFunc apply,
                            gpointer        message,
                            GDestroyNotify  free_message);
gboolean atelier_main_is_current (void);
void     atelier_main_drain (void);

#define ATELIER_ASSERT_MAIN_THREAD() g_assert (atelier_main_is_current ())

G_END_DECLS
