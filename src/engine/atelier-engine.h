/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-definition.h"
#include "atelier-json.h"
#include "atelier-status.h"

G_BEGIN_DECLS

/* AtelierEngine: one workspace, open: the façade that the command line and the window see.
 *
 * It owns the services (store, artifacts, runtimes, runs). Calls that end in _sync block and may be made on any thread but a
 * window's; the others belong to the main thread. News of runs comes as the signal "news" on the main thread, which must
 * iterate the default main context.
 *
 * Signals:
 *   news (const AtelierNews *news): something happened in a run of this program; borrowed for the emission
 *   changed (): another program wrote to the workspace */
#define ATELIER_TYPE_ENGINE (atelier_engine_get_type ())
G_DECLARE_FINAL_TYPE (AtelierEngine, atelier_engine, ATELIER, ENGINE, GObject)

#define ATELIER_ENGINE_ERROR (atelier_engine_error_quark ())
typedef enum
{
  ATELIER_ENGINE_ERROR_FAILED,
  ATELIER_ENGINE_ERROR_NOT_FOUND,  /* no such execution, project, pipeline, step */
  ATELIER_ENGINE_ERROR_INVALID,    /* the definition has errors; problems say which */
  ATELIER_ENGINE_ERROR_PARAMETER,  /* a parameter is unknown, missing, or of the wrong type */
  ATELIER_ENGINE_ERROR_UNSUPPORTED, /* steps that this machine cannot run */
  ATELIER_ENGINE_ERROR_BUSY,       /* another program owns the execution */
  ATELIER_ENGINE_ERROR_STATE,      /* the execution is not in a state for that */
} AtelierEngineError;
GQuark   atelier_engine_error_quark (void);
/* Whether an error, of whichever service, says that what was named does not exist. */
gboolean atelier_engine_error_is_not_found (const GError *error);

typedef enum
{
  ATELIER_NEWS_STEP,
  ATELIER_NEWS_METRIC,
  ATELIER_NEWS_NOTE,
  ATELIER_NEWS_EXECUTION,
  ATELIER_NEWS_ENDED, /* this program has nothing more to do with the execution */
} AtelierNewsKind;

/* One thing that happened, already on disk. Texts are NULL where there is nothing to say. */
typedef struct
{
  AtelierNewsKind        kind;
  const char            *execution_id;
  const char            *step;        /* STEP and METRIC: its name */
  const char            *step_type;
  AtelierStepStatus      step_status;
  int                    attempt;
  gint64                 duration_us; /* of a step that ended */
  AtelierExecutionStatus status;
  const char            *text;        /* reason, outcome of a condition, metric, note */
  const char            *why;
} AtelierNews;

char          *atelier_engine_default_workspace (void);
AtelierEngine *atelier_engine_open (const char *workspace,
                                    gboolean    read_only,
                                    GError    **error);
gboolean       atelier_engine_close (AtelierEngine *self,
                                     GError       **error);
const char    *atelier_engine_get_workspace (AtelierEngine *self);

/* --- executions --- */

/* What is to be run. Strings are the caller's; zero is "as usual". */
typedef struct
{
  const char  *target;            /* a definition file, a pipeline.py, PROJECT or PROJECT/PIPELINE */
  const char  *pipeline_name;     /* (nullable): NULL: the definition's, or the file's name */
  GHashTable  *parameters;        /* (nullable) (element-type utf8 utf8): name → text as typed */
  const char  *display_name;      /* (nullable) */
  const char  *trigger;           /* NULL: "manual" */
  char       **selected_steps;    /* (nullable): run only these */
  const char  *source;            /* (nullable): execution that results are taken from; with selected_steps NULL: resume it */
  const char  *from_step;         /* (nullable) with source: run this step and all behind it again */
  guint        parallel;
  gboolean     fail_slow;
  gboolean     without_cache;
  gboolean     without_sandbox;
  char       **network;           /* (nullable): steps that may use the network; "*": all */
  gint64       log_limit_bytes;
} AtelierStart;

/* Starts an execution.
 * @problems: (nullable): from atelier_problems_new(): errors and warnings of the definition are added
 *
 * Returns: (transfer full) (nullable): the new execution's id; NULL with ATELIER_ENGINE_ERROR. A run that was refused for its
 *   definition, parameters or steps is in the list of executions all the same, as Failed, with the reason. */
char          *atelier_engine_start_sync (AtelierEngine      *self,
                                          const AtelierStart *start,
                                          GPtrArray          *problems,
                                          GError            **error);
/* Goes on with an execution: one that has no owner any more is taken over, running steps included; one that failed or was
 * stopped runs again what has not succeeded, with the same parameters.
 * Returns: (transfer full) (nullable): its id */
char          *atelier_engine_resume_sync (AtelierEngine *self,
                                           const char    *execution,
                                           GError       **error);
/* Stops an execution wherever it runs: here, in another program (which is asked to), or nowhere.
 * @grace_ms: between TERM and KILL; -1: as the execution says (two minutes). Asked again, the new grace counts
 * @id: (out) (optional) (transfer full): the execution's whole id */
gboolean       atelier_engine_stop_sync (AtelierEngine *self,
                                         const char    *execution,
                                         int            grace_ms,
                                         char         **id,
                                         GError       **error);
/* Lets go of all executions of this program without stopping their steps. */
void           atelier_engine_leave (AtelierEngine *self);
gboolean       atelier_engine_is_running (AtelierEngine *self,
                                          const char    *execution_id);
/* What a start would do, without starting it: {"steps": [{"name", "type", "action": "run" | "reuse" | "skip"}]} */
json_t        *atelier_engine_preview_sync (AtelierEngine      *self,
                                            const AtelierStart *start,
                                            GError            **error);

G_END_DECLS
