/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-engine.h"

#include "atelier-artifacts.h"
#include "atelier-run.h"
#include "atelier-store-events.h"
#include "atelier-store-queries.h"
#include "atelier-worker.h"

G_BEGIN_DECLS

struct _AtelierEngine
{
  GObject parent_instance;

  char                *workspace;
  AtelierStore        *store;
  AtelierArtifacts    *artifacts;
  AtelierStoreWatch   *watch;   /* (nullable) main thread */
  AtelierWorker       *worker;  /* (nullable) for what the watch makes necessary */

  GMutex               lock;    /* guards the rest */
  GHashTable          *runs;    /* execution id → RunEntry */
};

/* Where a definition came from and what it is. */
typedef struct
{
  char              *text;           /* as read */
  gsize              length;
  AtelierDefinition *definition;     /* (nullable) when it has errors beyond drawing */
  char              *pipeline_name;
  gint64             project_id;
  gboolean           is_simulated;
  char              *commit_id;      /* (nullable) */
  char              *commit_subject; /* (nullable) */
  gboolean           is_dirty;
  char              *patch;          /* (nullable) of a dirty tree */
  gsize              patch_length;
  guint              parallel;       /* the pipeline's own wish; 0: none */
} AtelierSource;

void             atelier_source_clear (AtelierSource *source);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AtelierSource, atelier_source_clear)
gboolean         atelier_engine_load_source (AtelierEngine *self,
                                             const char    *target,
                                             const char    *pipeline_name,
                                             GPtrArray     *problems,
                                             AtelierSource *source,
                                             GError       **error);

/* An execution that is to begin, or to be gone on with: everything that is decided before it is recorded. */
typedef struct
{
  char                   *execution_id;
  gint64                  created_at_us;
  AtelierSource           source;
  json_t                 *parameters; /* (nullable) until they are resolved */
  AtelierExecutionRecord *from;       /* (nullable): results are taken from it */
  AtelierSelectionAction *actions;    /* (nullable): all run */
  AtelierRuntimeTable    *runtimes;
  AtelierRunOptions       options;
} AtelierPrepared;

void              atelier_prepared_init (AtelierPrepared *prepared);
void              atelier_prepared_clear (AtelierPrepared *prepared);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AtelierPrepared, atelier_prepared_clear)
AtelierRunFacts   atelier_prepared_get_facts (const AtelierPrepared *prepared); /* borrowed */
gboolean          atelier_engine_prepare (AtelierEngine      *self,
                                          const AtelierStart *start,
                                          GPtrArray          *problems,
                                          AtelierPrepared    *prepared,
                                          GError            **error);
gboolean          atelier_engine_check_steps (AtelierEngine                *self,
                                              const AtelierPrepared        *prepared,
                                              const AtelierSelectionAction *actions,
                                              GError                      **error);

/* @name: (nullable): a file of the snapshot; NULL: its folder */
char             *atelier_engine_snapshot_path (AtelierEngine *self,
                                                const char    *execution_id,
                                                const char    *name);
AtelierDefinition *atelier_engine_load_snapshot (AtelierEngine *self,
                                                 const char    *execution_id,
                                                 GError       **error);
void              atelier_engine_describe_again (AtelierEngine                *self,
                                                 const AtelierExecutionRecord *record,
                                                 AtelierSource                *source);
/* @boot_id: (out) (transfer full): what the owner's points to */
AtelierOwner      atelier_engine_this_program (char **boot_id);
/* Whether a living program runs an execution that has not ended. */
gboolean          atelier_engine_has_owner (AtelierEngine                *self,
                                            const AtelierExecutionRecord *record);

/* Takes the lock of the run folder: FALSE with BUSY when another program has it for longer than @wait_ms. */
gboolean          atelier_engine_lock_execution (AtelierEngine *self,
                                                 const char    *execution_id,
                                                 int            wait_ms,
                                                 int           *fd,
                                                 GError       **error);
gboolean          atelier_engine_stop_own (AtelierEngine *self,
                                           const char    *execution_id,
                                           int            grace_ms);
/* (borrowed): lives as long as @prepared and @record */
AtelierRunRequest atelier_engine_run_request (AtelierEngine                *self,
                                              const AtelierPrepared        *prepared,
                                              const AtelierExecutionRecord *record);
/* Makes a run of an execution that is in the store, and starts it. @lock_fd: (transfer full). @stop_grace_ms: with
 * ATELIER_ENGINE_NO_STOP it runs on, else it is stopped at once, with that grace (-1: the usual one) */
#define ATELIER_ENGINE_NO_STOP (-2)
gboolean          atelier_engine_begin (AtelierEngine           *self,
                                        const AtelierRunRequest *request,
                                        int                      lock_fd,
                                        int                      stop_grace_ms,
                                        GError                 **error);

G_END_DECLS
