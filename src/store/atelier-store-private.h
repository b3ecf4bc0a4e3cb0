/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-db.h"
#include "atelier-record.h"
#include "atelier-store-events.h"

G_BEGIN_DECLS

/* --- events (atelier-event.c) --- */

/* AtelierEvent: one entry of the writer's queue. Events are structs that begin with this one; they, and all texts and
 * arrays copied into them, lie in a few blocks that are freed together.
 *
 * apply runs inside a transaction that may be rolled back and tried again: it may write results into its event, and
 * must have no other effect than on the database. */
typedef struct _AtelierEvent AtelierEvent;
typedef struct _AtelierEventBlock AtelierEventBlock;
typedef gboolean (*AtelierEventApply) (AtelierDb    *db,
                                       AtelierEvent *event,
                                       GError      **error);

struct _AtelierEvent
{
  AtelierEvent         *next;
  AtelierEventBlock    *blocks;
  AtelierEventApply     apply;
  AtelierStoreCommitted committed; /* (nullable) */
  gpointer              user_data;
  gboolean              is_waited_for; /* somebody sits in atelier_store_wait() and frees it */
  gboolean              is_settled;    /* guarded by the store's mutex, as error is */
  GError               *error;         /* (owned) (nullable) of an event that is waited for */
};

#define ATELIER_EVENT(Type, apply) ((Type *) atelier_event_new (sizeof (Type), (AtelierEventApply) (apply)))

gpointer    atelier_event_new (gsize             size, /* zeroed */
                               AtelierEventApply apply);
gpointer    atelier_event_alloc (AtelierEvent *event,
                                 gsize         size); /* not zeroed */
/* A copy that is valid UTF-8; NULL stays NULL. */
const char *atelier_event_text (AtelierEvent *event,
                                const char   *text);
/* Replaces the texts at these offsets of a copied struct by copies. */
void        atelier_event_texts (AtelierEvent *event,
                                 gpointer      fields,
                                 const gsize  *offsets,
                                 gsize         n_offsets);
void        atelier_event_free (AtelierEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierEvent, atelier_event_free)

/* --- the writer (atelier-store.c) --- */

/* (transfer full) of @event */
void        atelier_store_queue (AtelierStore         *self,
                                 gpointer              event,
                                 AtelierStoreCommitted committed,
                                 gpointer              user_data);
/* Queues and waits. The event stays the caller's, with its results in it. */
gboolean    atelier_store_wait (AtelierStore *self,
                                gpointer      event,
                                GError      **error);

/* Opening (atelier-store-open.c). The writer's connection: the schema is made or brought up to date. */
AtelierDb  *atelier_db_open_writer (const char *path,
                                    GError    **error);
/* In its place where the workspace can only be read. */
AtelierDb  *atelier_db_open_read_only (const char *path,
                                       GError    **error);

/* A read-only connection; back it goes at the end of the scope. */
typedef AtelierDb AtelierReader;
AtelierReader *atelier_store_borrow_reader (AtelierStore *self,
                                            GError      **error);
void           atelier_store_return_reader (AtelierReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierReader, atelier_store_return_reader)

/* Watches. @teller: its ready time is set to 0 when another program has committed. */
void        atelier_store_add_teller (AtelierStore *self,
                                      GSource      *teller);
void        atelier_store_remove_teller (AtelierStore *self,
                                         GSource      *teller);
/* Makes the writer look, soon, whether another program has committed. */
void        atelier_store_ask_for_changes (AtelierStore *self);

/* --- the audit chain (atelier-audit.c) --- */

typedef struct
{
  gint64      at_us;
  const char *who;
  const char *action;
  const char *subject;
  const char *from_value;
  const char *to_value;
  const char *comment;
  const char *details_json;
} AtelierAuditEntry;

/* Inside the transaction of the event that is audited. Texts must be valid UTF-8. */
gboolean    atelier_audit_append (AtelierDb               *db,
                                  const AtelierAuditEntry *entry,
                                  GError                 **error);
/* Adds a sentence for each fault. */
gboolean    atelier_audit_verify (AtelierDb *db,
                                  GPtrArray *problems,
                                  GError   **error);

/* --- shared by the events --- */

/* NOT_FOUND where there is no such step. */
gboolean    atelier_steps_find (AtelierDb  *db,
                                const char *execution_id,
                                const char *step,
                                gint64     *step_id,
                                GError    **error);
/* @attempt_count: 0: leave */
gboolean    atelier_steps_update (AtelierDb               *db,
                                  gint64                   step_id,
                                  const AtelierStepUpdate *update,
                                  int                      attempt_count,
                                  GError                 **error);
void        atelier_steps_copy_update (AtelierEvent            *event,
                                       AtelierStepUpdate       *copy,
                                       const AtelierStepUpdate *update);
gboolean    atelier_lineage_add (AtelierDb                *db,
                                 gint64                    step_id,
                                 int                       attempt,
                                 const AtelierLineageItem *items,
                                 gsize                     n_items,
                                 GError                  **error);
const AtelierLineageItem *
            atelier_lineage_copy (AtelierEvent             *event,
                                  const AtelierLineageItem *items,
                                  gsize                     n_items);
/* *id stays 0 where @digest is NULL; a digest that was not told yet is noted. */
gboolean    atelier_environment_ensure (AtelierDb  *db,
                                        const char *digest,
                                        gint64     *id,
                                        GError    **error);
/* The pipeline, made when missing. */
gboolean    atelier_pipelines_ensure (AtelierDb  *db,
                                      gint64      project_id,
                                      const char *name,
                                      gint64      at_us,
                                      gint64     *pipeline_id,
                                      GError    **error);
gboolean    atelier_pipelines_ensure_version (AtelierDb  *db,
                                              gint64      pipeline_id,
                                              const char *definition_digest,
                                              const char *commit_id,
                                              gint64      at_us,
                                              gint64     *version_id,
                                              int        *number,
                                              GError    **error);

G_END_DECLS
