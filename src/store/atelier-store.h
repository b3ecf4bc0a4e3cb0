/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* AtelierStore: the facts of one workspace, kept in WORKSPACE/atelier.db.
 *
 * Who may call what:
 * - Everything may be called from any thread, and from several at once.
 * - Writing (atelier-store-events.h) goes through one writer thread. A function whose name is a past tense
 *   (…_step_started) is an event: it copies its arguments, queues them and returns at once. A function whose name is
 *   a verb (…_create_execution) waits until its event is on disk and returns what the store decided (a number, an
 *   id): never call one on the main thread of a window, nor from an AtelierStoreCommitted.
 * - Reading (atelier-store-queries.h) blocks the calling thread for the time of the query and returns snapshots
 *   (atelier-store-records.h) that never change. A query sees every event that was committed before it began; an
 *   event that is only queued is not seen yet (atelier_store_flush()).
 *
 * Events are applied in the order in which they were queued, each whole or not at all, many to a commit. Several
 * programs may have the same workspace open. */

#define ATELIER_TYPE_STORE (atelier_store_get_type ())
G_DECLARE_FINAL_TYPE (AtelierStore, atelier_store, ATELIER, STORE, GObject)

#define ATELIER_STORE_ERROR (atelier_store_error_quark ())
typedef enum
{
  ATELIER_STORE_ERROR_FAILED,    /* anything else; the message says what */
  ATELIER_STORE_ERROR_BUSY,      /* another program wrote for too long; try again */
  ATELIER_STORE_ERROR_NOT_FOUND, /* what was named does not exist */
  ATELIER_STORE_ERROR_CONFLICT,  /* it exists already, is ambiguous, or is no longer as the caller thought */
  ATELIER_STORE_ERROR_READ_ONLY, /* the workspace can only be read */
  ATELIER_STORE_ERROR_FULL,      /* the disk is full */
  ATELIER_STORE_ERROR_NEWER,     /* written by a newer version of the program */
  ATELIER_STORE_ERROR_CORRUPT,   /* damaged, or no database of ours */
  ATELIER_STORE_ERROR_CLOSED,    /* atelier_store_close() was called */
} AtelierStoreError;
GQuark atelier_store_error_quark (void);

typedef enum
{
  ATELIER_STORE_FLAGS_NONE = 0,
  ATELIER_STORE_FLAGS_READ_ONLY = 1 << 0, /* make and change nothing; NOT_FOUND when there is no database yet */
} AtelierStoreFlags;

/* AtelierStoreCommitted:
 * @error: (nullable): why the event did not happen; %NULL when it is on disk
 *
 * Called exactly once for its event, on the writer thread, after the commit (write first, then tell). It should do
 * little; it may queue further events. After atelier_store_close() it is called on the thread that queued, with
 * ATELIER_STORE_ERROR_CLOSED. */
typedef void (*AtelierStoreCommitted) (gpointer      user_data,
                                       const GError *error);

/* atelier_store_open:
 * @workspace: folder; made when missing (unless READ_ONLY)
 * @who: (nullable): the person for whom this program acts, for the audit log; %NULL: the name of the user
 *
 * Opens WORKSPACE/atelier.db, makes it or brings it to the present schema. A workspace that cannot be written is
 * opened all the same: reading works, each event fails with READ_ONLY. Blocks.
 *
 * Returns: (transfer full) (nullable): the store; %NULL with NEWER, CORRUPT, BUSY, NOT_FOUND, READ_ONLY or FAILED */
AtelierStore *atelier_store_open (const char       *workspace,
                                  const char       *who,
                                  AtelierStoreFlags flags,
                                  GError          **error);

/* atelier_store_flush:
 *
 * Waits until every event that was queued before is on disk or has failed.
 *
 * Returns: FALSE with the first failure of a queued event that no flush has reported yet (failures of functions that
 *   wait are told to their caller only). Not from an AtelierStoreCommitted. */
gboolean      atelier_store_flush (AtelierStore *self,
                                   GError      **error);

/* atelier_store_close:
 *
 * Refuses new events, writes those that are queued, ends the writer thread and closes the database. Result as for
 * atelier_store_flush(). Queries are impossible afterwards (CLOSED). May be called twice; the last unref does it
 * too. */
gboolean      atelier_store_close (AtelierStore *self,
                                   GError      **error);

const char   *atelier_store_get_workspace (AtelierStore *self); /* absolute path */
const char   *atelier_store_get_who (AtelierStore *self);
gboolean      atelier_store_is_read_only (AtelierStore *self);

/* atelier_store_verify:
 * @problems: (out) (transfer full): a sentence for each fault, NULL-terminated, empty when there is none
 *
 * Proves the database whole: SQLite's integrity check, foreign keys, and the audit chain (an edited, removed, moved
 * or cut-off event is named by its number). Reads everything: seconds for a large workspace.
 *
 * Returns: TRUE when it could be checked, whatever was found */
gboolean      atelier_store_verify (AtelierStore *self,
                                    GStrv        *problems,
                                    GError      **error);

/* AtelierStoreWatch: tells when another program has committed something.
 *
 * Commits of this store itself are not told. Idle, it costs nothing (inotify); several commits within some 50 ms are
 * told once. The callback runs on the main context that was the thread's default when the watch was made; it is told
 * "something changed", and asks the queries what. Free it on that same thread. */
typedef struct _AtelierStoreWatch AtelierStoreWatch;
typedef void (*AtelierStoreChanged) (gpointer user_data);

AtelierStoreWatch *atelier_store_watch_new (AtelierStore       *store,
                                            AtelierStoreChanged changed,
                                            gpointer            user_data);
void               atelier_store_watch_free (AtelierStoreWatch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierStoreWatch, atelier_store_watch_free)

G_END_DECLS
