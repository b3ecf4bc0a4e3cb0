/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-supervisor.h"
#include "atelier-task.h"

G_BEGIN_DECLS

/* What the loop (atelier-supervisor.c) and the requests (atelier-supervisor-requests.c) share. */

#define ATELIER_RETRY_US G_USEC_PER_SEC        /* of ends that could not be written */
#define ATELIER_LINGER_US (3 * G_USEC_PER_SEC) /* for a new owner, after the last connection broke */

typedef struct
{
  int          fd;       /* (owned) */
  gboolean     is_gone;
  gboolean     said_bye;
  AtelierTask *task;     /* (unowned) (nullable) the attempt under way */
} AtelierConnection;

struct _AtelierSupervisor
{
  int                   listen_fd;    /* (owned) -1 when it takes no more */
  int                   signal_fd;    /* (owned) */
  int                   epoll_fd;     /* (owned) */
  ino_t                 control_inode;
  AtelierJournalWriter *journal;      /* (owned) */
  char                 *run_name;     /* (owned) */
  char                 *boot_id;      /* (owned) */
  AtelierTree          *tree;         /* (owned) */
  GPtrArray            *tasks;        /* (owned) of AtelierTask, attempts and running services */
  GPtrArray            *services;     /* (owned) of AtelierTask, those that are over */
  GPtrArray            *connections;  /* (owned) of AtelierConnection */
  char                 *packet;       /* (owned) PACKET_BYTES */
  guint                 n_attempts;   /* of tasks */
  gboolean              said_bye;     /* the connection that went last */
  gboolean              is_ending;
  gboolean              looked_for_strays;
  gint64                idle_until_us; /* when to end if nobody comes */
  gint64                idle_since_us; /* since when no attempt runs */
  gint64                retry_at_us;
};

void atelier_supervisor_tell_error (AtelierConnection *connection,
                                    const char        *message);
void atelier_supervisor_handle (AtelierSupervisor *self,
                                AtelierConnection *connection,
                                gsize              length);
void atelier_supervisor_tell_started (AtelierTask *task);
void atelier_supervisor_settle (AtelierSupervisor *self,
                                AtelierTask       *task);

G_END_DECLS
