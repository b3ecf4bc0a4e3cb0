/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-run-private.h"
#include "atelier-store-queries.h"

G_BEGIN_DECLS

/* A workspace in a folder of its own, with all that a run needs, and an ear for its news. */
typedef struct
{
  char                *folder;
  AtelierStore        *store;
  AtelierArtifacts    *artifacts;
  AtelierRuntimeTable *runtimes;
  AtelierDefinition   *definition;
  char                *execution_id;
  AtelierRunRequest    request;

  GMutex               mutex; /* guards the rest */
  GCond                cond;
  GPtrArray           *news;  /* (element-type AtelierRunNews) */
  gboolean             has_ended;
} RunnerFixture;

#define RUNNER_TEST(path, func) g_test_add (path, RunnerFixture, NULL, runner_fixture_set_up, func, runner_fixture_tear_down)

void        runner_fixture_set_up (RunnerFixture *self,
                                   gconstpointer  data);
void        runner_fixture_tear_down (RunnerFixture *self,
                                      gconstpointer  data);

/* An execution of a definition whose Parameters and Steps are @body; plain processes. */
void        runner_fixture_define (RunnerFixture *self,
                                   const char    *body);
AtelierRun *runner_fixture_run (RunnerFixture *self); /* not started */
void        runner_fixture_wait (RunnerFixture *self); /* until ENDED */
/* How often there was news of that kind of a step with that status (of STEP), and where the first stands; -1: nowhere */
int         runner_fixture_find (RunnerFixture     *self,
                                 const char        *step,
                                 AtelierStepStatus  status);
guint       runner_fixture_step (RunnerFixture *self,
                                 const char    *name);
AtelierStepRecord *runner_fixture_record (RunnerFixture *self,
                                          const char    *step);
/* A Processing step that runs @script in sh. @more: further members of the step, "" for none. (transfer full) */
char       *runner_shell (const char *name,
                          const char *script,
                          const char *more);

G_END_DECLS
