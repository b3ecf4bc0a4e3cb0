/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-store-events.h"
#include "atelier-store-private.h"
#include "atelier-store-queries.h"

G_BEGIN_DECLS

/* A store in a folder of its own. */
typedef struct
{
  char         *folder;
  char         *path; /* of atelier.db */
  AtelierStore *store;
} StoreFixture;

#define STORE_TEST(path, func) \
  g_test_add (path, StoreFixture, NULL, store_fixture_set_up, func, store_fixture_tear_down)

void  store_fixture_set_up (StoreFixture *self,
                            gconstpointer data);
void  store_fixture_tear_down (StoreFixture *self,
                               gconstpointer data);
void  store_fixture_open (StoreFixture *self);
void  store_fixture_close (StoreFixture *self); /* asserts that nothing has failed */

/* Makes an execution of @pipeline with the steps named in @steps, separated by blanks. Returns its id, interned. */
const char *store_fixture_execution (StoreFixture *self,
                                     gint64        project_id,
                                     const char   *pipeline,
                                     const char   *steps);

/* Runs SQL on a connection of another hand, as any SQL tool would. */
void  raw_script (const char *path,
                  const char *sql);
gint64 raw_int (const char *path,
                const char *sql);

/* An event of the test's own: @sql inside the writer's transaction. */
gboolean write_sql (AtelierStore *store,
                    const char   *sql,
                    GError      **error);
void     queue_sql (AtelierStore         *store,
                    const char           *sql,
                    AtelierStoreCommitted committed,
                    gpointer              user_data);

/* Holds the writer inside a transaction, so that what is queued meanwhile makes one group with it. */
typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean is_held;
  gboolean is_free;
} WriterGate;

void writer_gate_close (WriterGate   *gate,
                        AtelierStore *store); /* returns when the writer stands in it */
void writer_gate_open (WriterGate *gate);

/* Iterates the default main context until @condition; aborts the test after a minute. */
void iterate_until (gboolean (*condition) (gpointer user_data),
                    gpointer user_data);

/* This program again, with the arguments that follow (NULL-terminated). @stdout_fd: -1: our standard error */
pid_t start_self (int         stdout_fd,
                  const char *first,
                  ...) G_GNUC_NULL_TERMINATED;
/* Waits for it; its exit code, or 128 + signal. */
int   wait_for (pid_t pid);
/* Called by main() before g_test_init(). */
void  store_fixture_init (int   argc,
                          char **argv);

G_END_DECLS
