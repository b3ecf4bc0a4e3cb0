/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-engine.h"
#include "atelier-json.h"

G_BEGIN_DECLS

/* The command line: a verb a function, each with its help. Verbs print results on standard output and everything else (progress,
 * warnings, errors) on standard error. */

/* Exit codes, for scripts. */
enum
{
  ATELIER_EXIT_OK = 0,
  ATELIER_EXIT_ERROR = 1,     /* it could not be done; one sentence says why */
  ATELIER_EXIT_USAGE = 2,     /* wrong options or arguments */
  ATELIER_EXIT_NOT_FOUND = 3, /* what was named does not exist */
  ATELIER_EXIT_FAILED = 4,    /* the execution ended as Failed */
  ATELIER_EXIT_STOPPED = 5,   /* the execution ended as Stopped */
  ATELIER_EXIT_INVALID = 6,   /* the definition has errors; the workspace is not whole */
};

typedef struct
{
  char    *workspace;
  gboolean json;
  gboolean quiet;
} AtelierCli;

typedef struct
{
  const char *name;
  const char *arguments;   /* "FILE…" */
  const char *summary;     /* one line */
  const char *description; /* what it does, with examples */
  int       (*run) (AtelierCli *cli,
                    int         argc,
                    char      **argv);
} AtelierVerb;

extern const AtelierVerb atelier_verbs[]; /* ends with a NULL name */

/* Options of a verb: the usual ones (--workspace, --json, --quiet) and @entries; @argv keeps what is left.
 * Returns: FALSE after having said what is wrong, or shown the help (*exit_code says which) */
gboolean       atelier_cli_parse (AtelierCli         *cli,
                                  const char         *verb,
                                  const GOptionEntry *entries,
                                  int                *argc,
                                  char             ***argv,
                                  int                 least,
                                  int                 most,
                                  int                *exit_code);
AtelierEngine *atelier_cli_open (AtelierCli *cli,
                                 gboolean    read_only,
                                 int        *exit_code);
int            atelier_cli_fail (const GError *error);
int            atelier_cli_complain (const char *format,
                                     ...) G_GNUC_PRINTF (1, 2);
void           atelier_cli_print_json (const json_t *value);
/* The newest values of metrics as a table, with a heading; nothing where there are none. */
void           atelier_cli_print_metrics (const json_t *metrics);

/* verbs */
int atelier_cli_run (AtelierCli *cli, int argc, char **argv);
int atelier_cli_resume (AtelierCli *cli, int argc, char **argv);
int atelier_cli_stop (AtelierCli *cli, int argc, char **argv);
int atelier_cli_list (AtelierCli *cli, int argc, char **argv);
int atelier_cli_show (AtelierCli *cli, int argc, char **argv);
int atelier_cli_logs (AtelierCli *cli, int argc, char **argv);
int atelier_cli_metrics (AtelierCli *cli, int argc, char **argv);
int atelier_cli_audit (AtelierCli *cli, int argc, char **argv);
int atelier_cli_verify (AtelierCli *cli, int argc, char **argv);
int atelier_cli_validate (AtelierCli *cli, int argc, char **argv);
int atelier_cli_graph (AtelierCli *cli, int argc, char **argv);
int atelier_cli_template (AtelierCli *cli, int argc, char **argv);
int atelier_cli_project (AtelierCli *cli, int argc, char **argv);
int atelier_cli_sample (AtelierCli *cli, int argc, char **argv);
int atelier_cli_runtime (AtelierCli *cli, int argc, char **argv);
int atelier_cli_help (AtelierCli *cli, int argc, char **argv);

/* Follows an execution to its end on a terminal or in a log; the exit code says how it ended. */
int atelier_cli_follow (AtelierCli    *cli,
                        AtelierEngine *engine,
                        const char    *execution_id);

G_END_DECLS
