/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-cache-key.h"
#include "atelier-run-private.h"

G_BEGIN_DECLS

/* A job: one step that runs code, on its way from the definition to its results. It is made and used by one worker.
 *
 * Paths that begin with /opt/ml are as the script sees them; atelier_job_host_path() says where they are. */

typedef struct
{
  char            *role;      /* InputName, ChannelName, "code" */
  char            *uri;
  AtelierInputKind kind;
  gboolean         gunzip;
  char            *folder;    /* where the script finds it; NULL: not staged, only known by content (code) */
  GPtrArray       *files;     /* (owned) (nullable) of AtelierArtifactFile */
} AtelierJobInput;

typedef struct
{
  char       *role;          /* OutputName, "checkpoints" */
  char       *uri;
  char       *folder;
  gboolean    is_continuous; /* put while the job runs, too, and also when it fails */
  GHashTable *sent;          /* (nullable) of a continuous one: relative path → what was put of it last */
} AtelierJobOutput;

typedef struct _AtelierJob AtelierJob;

/* What differs between Processing and Training. */
typedef struct
{
  const char     *name_key;   /* "ProcessingJobName" */
  const char     *arn_kind;   /* "processing-job" */
  const char     *status_key; /* "ProcessingJobStatus" */
  /* Fills in image, inputs, outputs and limits from the resolved arguments. */
  gboolean (*read) (AtelierJob *job,
                    GError    **error);
  /* Writes configuration files, fills in argv and environment. Inputs are staged. */
  gboolean (*prepare) (AtelierJob *job,
                       GError    **error);
  /* Moves what the job left behind into the store and adds results to job->properties. */
  gboolean (*collect) (AtelierJob *job,
                       GError    **error);
} AtelierJobType;

struct _AtelierJob
{
  AtelierRun           *run;
  guint                 step;
  const AtelierStep    *definition;
  const AtelierJobType *type;
  int                   attempt;
  char                 *name;
  json_t               *arguments;    /* (nullable) resolved */
  gboolean              has_read_clock; /* they would be others at another time */
  char                 *image;
  gboolean              is_built_in;  /* the image's own algorithm */
  const AtelierRuntime *runtime;      /* (nullable) until the arguments are resolved */
  gboolean              has_sandbox;
  gboolean              has_network;
  char                 *folder;       /* runs/EXECUTION/STEP/N */
  GPtrArray            *inputs;       /* of AtelierJobInput */
  GPtrArray            *outputs;      /* of AtelierJobOutput */
  json_t               *hyperparameters; /* (nullable) Training: decoded, without settings */
  char                 *program;      /* (nullable) Training in script mode: sagemaker_program */
  gint64                limit_us;     /* wall-clock */
  GPtrArray            *argv;         /* as the script's command line, paths as the script sees them */
  GHashTable           *environment;  /* name → value */
  char                 *working_folder; /* as the script sees it */
  char                 *why;
  json_t               *cache_components; /* (nullable) */
  char                 *cache_key;    /* (nullable) */
  char                 *environment_digest;
  json_t               *properties;
  GArray               *lineage;      /* of AtelierLineageItem */
  GPtrArray            *lineage_keep; /* what its texts live in */
  json_t               *final_metrics; /* name → {"Value", "Timestamp"} */
  char                 *last_metric;  /* (nullable) for people */
  gint64                next_upload_us; /* monotonic; of continuous outputs */
  AtelierAttemptEnd     end;
};

/* An integer of the arguments, which may be spelt as text: Join gives nothing else. */
gint64      atelier_job_int (const json_t *object,
                             const char   *key,
                             gint64        fallback);

char       *atelier_job_dup_arn (const AtelierJob *job);

/* atelier-job-end.c: what is on disk of an attempt */
void        atelier_job_record_start (AtelierJob *job,
                                      gint64      started_at_us);
/* The attempt could not be started or followed. */
void        atelier_job_end_with_error (AtelierJob        *job,
                                        const GError      *error,
                                        AtelierStepResult *result);
/* The process has ended: job->end says how. */
void        atelier_job_settle (AtelierJob        *job,
                                gboolean           is_adopted,
                                AtelierStepResult *result);

/* atelier-job-cache.c */
gboolean    atelier_job_is_cacheable (const AtelierJob *job);
void        atelier_job_compute_cache_key (AtelierJob *job);
/* Takes the result of an earlier execution where there is one. Sets job->why otherwise. */
gboolean    atelier_job_take_cached (AtelierJob        *job,
                                     AtelierStepResult *result);

/* atelier-job-files.c */
char       *atelier_job_host_path (AtelierJob *job,
                                   const char *inside);
const char *atelier_job_check_folder (const char *folder,
                                      const char *what,
                                      GError    **error);
gboolean    atelier_job_add_input (AtelierJob      *job,
                                   const char      *role,
                                   const char      *uri,
                                   const char      *folder,
                                   AtelierInputKind kind,
                                   gboolean         gunzip,
                                   GError         **error);
AtelierJobOutput *
            atelier_job_add_output (AtelierJob *job,
                                    const char *role,
                                    const char *uri,
                                    const char *folder,
                                    GError    **error);
gboolean    atelier_job_find_inputs (AtelierJob *job,
                                     GError    **error);
gboolean    atelier_job_stage (AtelierJob *job,
                               GError    **error);
gboolean    atelier_job_write_config (AtelierJob   *job,
                                      const char   *inside,
                                      const json_t *value,
                                      GError      **error);
gboolean    atelier_job_put_folder (AtelierJob *job,
                                    const char *role,
                                    const char *inside,
                                    const char *uri,
                                    GError    **error);
gboolean    atelier_job_put_archive (AtelierJob *job,
                                     const char *role,
                                     const char *inside,
                                     const char *uri,
                                     GError    **error);
void        atelier_job_add_lineage (AtelierJob             *job,
                                     AtelierLineageDirection direction,
                                     const char             *role,
                                     GPtrArray              *files);
void        atelier_job_add_used_lineage (AtelierJob *job);
json_t     *atelier_job_resource_config (AtelierJob *job);
char       *atelier_job_read_text (AtelierJob *job,
                                   const char *inside,
                                   gsize       most_bytes);
gboolean    atelier_job_keep_arguments (AtelierJob *job,
                                        GError    **error);
json_t     *atelier_job_kept_arguments (AtelierJob *job);

/* atelier-job-upload.c */
void        atelier_job_upload_when_due (AtelierJob *job);
void        atelier_job_upload_changed (AtelierJob   *job,
                                        GCancellable *cancellable);

/* atelier-job-command.c */
void        atelier_job_set_environment (AtelierJob *job,
                                         const char *name,
                                         const char *value);
void        atelier_job_add_own_environment (AtelierJob *job);
void        atelier_job_add_base_environment (AtelierJob *job);
json_t     *atelier_job_request (AtelierJob *job,
                                 GError    **error);
void        atelier_job_record_environment (AtelierJob *job);

/* atelier-job-script.c: script mode */
char       *atelier_job_script_setting (AtelierJob *job,
                                        const char *name);
gboolean    atelier_job_set_script_command (AtelierJob *job,
                                            GError    **error);
void        atelier_job_set_script_environment (AtelierJob   *job,
                                                const json_t *channels,
                                                const json_t *resources);

/* atelier-job-process.c */
gboolean    atelier_job_run_process (AtelierJob   *job,
                                     const json_t *request,
                                     gboolean     *is_left,
                                     GError      **error);
void        atelier_job_kill_process (AtelierJob *job);
char       *atelier_job_last_log_line (AtelierJob *job);

extern const AtelierJobType atelier_processing_job;
extern const AtelierJobType atelier_training_job;

G_END_DECLS
