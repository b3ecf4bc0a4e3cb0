/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sys/types.h>
#include <glib.h>

#include "atelier-json.h"
#include "atelier-journal.h"

/* A supervisor in a temporary folder, and a client's side of the protocol. */
typedef struct
{
  char   *folder;      /* (owned) */
  char   *mark;        /* (owned) a word to give to processes, to find them by */
  pid_t   pid;         /* of what was spawned: the supervisor, or a program around it */
  int     exit_code;   /* once waited for */
  GArray *connections; /* (owned) of int */
} StepFixture;

#define STEP_PROGRAM STEP_BUILD_DIR "/atelier-step"
#define STEP_HELPER  STEP_TEST_BUILD_DIR "/step-helper"

void         step_fixture_set_up (StepFixture   *self,
                                  gconstpointer  prefix);
void         step_fixture_tear_down (StepFixture   *self,
                                     gconstpointer  unused);
int          step_fixture_listen (const char *folder);
pid_t        step_fixture_spawn (const char         *folder,
                                 const char * const *prefix,
                                 int                 listen_fd);
int          step_fixture_connect (StepFixture *self);
void         step_fixture_close (StepFixture *self,
                                 int          connection);
void         step_fixture_wait_exit (StepFixture *self);
GPtrArray   *step_fixture_read_journal (StepFixture *self);
const AtelierJournalEntry
            *step_fixture_find_entry (GPtrArray  *entries,
                                      const char *step,
                                      gint64      attempt);
char        *step_fixture_read_log (StepFixture *self,
                                    const char  *name);
void         step_send (int         connection,
                        const char *format,
                        ...) G_GNUC_PRINTF (2, 3);
json_t      *step_receive (int connection);
json_t      *step_receive_op (int         connection,
                              const char *op);
void         step_start (int         connection,
                         const char *step,
                         const char *limits,
                         ...) G_GNUC_NULL_TERMINATED;
guint        step_count_marked (const char *mark);
void         step_wait_marked (const char *mark,
                               guint       wanted);
void         step_wait_log (StepFixture *self,
                            const char  *name,
                            const char  *text);
const char  *step_get_text (const json_t *object,
                            const char   *key);
gint64       step_get_int (const json_t *object,
                           const char   *key);
gboolean     step_can_sandbox (void);
