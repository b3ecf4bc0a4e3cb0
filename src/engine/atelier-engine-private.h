/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-engine.h"

#include "atelier-artifacts.h"
#include "atelier-run.h"
#include "atelier-store-queries.h"

G_BEGIN_DECLS

struct _AtelierEngine
{
  GObject parent_instance;

  char                *workspace;
  AtelierStore        *store;
  AtelierArtifacts    *artifacts;
  AtelierStoreWatch   *watch;   /* (nullable) main thread */

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
  char              *project_name;   /* (nullable) */
  gboolean           is_simulated;
  char              *commit_id;      /* (nullable) */
  char              *commit_subject; /* (nullable) */
  char              *author;         /* (nullable) */
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

/* Takes the lock of the run folder: FALSE with BUSY when another program has it. */
gboolean         atelier_engine_lock_execution (AtelierEngine *self,
                                                const char    *execution_id,
                                                int           *fd,
                                                GError       **error);
gboolean         atelier_engine_stop_own (AtelierEngine *self,
                                          const char    *execution_id,
                                          int            grace_ms);
/* Makes a run of an execution that is in the store, and starts it. @lock_fd: (transfer full). @stop_grace_ms: with ATELIER_ENGINE_NO_STOP it runs on,
 * else it is stopped at once, with that grace (-1: the usual one) */
#define ATELIER_ENGINE_NO_STOP (-2)
gboolean         atelier_engine_begin (AtelierEngine           *self,
                                       const AtelierRunRequest *request,
                                       int                      lock_fd,
                                       int                      stop_grace_ms,
                                       GError                 **error);

G_END_DECLS
