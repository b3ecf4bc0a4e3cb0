/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/resource.h>
#include <glib.h>

#include "atelier-journal.h"
#include "atelier-request.h"
#include "atelier-step-log.h"
#include "atelier-tree.h"

G_BEGIN_DECLS

/* One process tree under supervision: an attempt of a step, or a service. */
typedef enum
{
  ATELIER_TASK_RUNNING,
  ATELIER_TASK_TERMINATING, /* TERM was sent, KILL follows at kill_at_us */
  ATELIER_TASK_KILLING,     /* until nothing of it is left */
  ATELIER_TASK_OVER,        /* nothing of it is left */
} AtelierTaskPhase;

typedef struct
{
  AtelierTreeRoot   root;
  char             *step;              /* (owned) of a service: its name */
  gint64            attempt;
  gpointer          owner;             /* (unowned) (nullable) the connection that is told */
  gint64            tell_at_us;        /* monotonic: when the owner is told that it started; 0: was told */
  AtelierLimits     limits;
  AtelierStepLog    log;
  AtelierTaskPhase  phase;
  AtelierAttemptEnd end;               /* filled as things become known */
  gint64            started_us;        /* monotonic, as all times below */
  gint64            kill_at_us;
  gint64            look_at_us;        /* when to look next */
  gint64            looked_us;         /* when it was looked at last */
  gint64            log_look_at_us;
  gint64            log_looked_us;
  gint64            measured_us;       /* when memory was last measured exactly */
  guint             kill_rounds;
  guint             processes;         /* at the last look */
  guint             dead_marks;        /* counted by their mark, but no living processes of this task */
  gint64            resident_bytes;    /* at the last look */
  gint64            memory_bytes;      /* at the last look */
} AtelierTask;

AtelierTask *atelier_task_new (const AtelierRequest *request,
                               rlim_t                mark,
                               const char           *run_name);
void         atelier_task_free (AtelierTask *self);
gboolean     atelier_task_spawn (AtelierTask    *self,
                                 AtelierRequest *request,
                                 GError        **error);
void         atelier_task_reaped (AtelierTask         *self,
                                  int                  status,
                                  const struct rusage *usage);
void         atelier_task_stop (AtelierTask     *self,
                                AtelierTree     *tree,
                                AtelierEndReason reason,
                                const char      *message,
                                gint64           grace_ms);
void         atelier_task_tend (AtelierTask *self,
                                AtelierTree *tree,
                                gint64       now_us);
gint64       atelier_task_get_due_us (const AtelierTask *self);
void         atelier_task_finish (AtelierTask *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierTask, atelier_task_free)

G_END_DECLS
