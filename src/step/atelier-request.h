/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

#include "atelier-json.h"

G_BEGIN_DECLS

typedef enum
{
  ATELIER_OP_START,
  ATELIER_OP_START_FILE,
  ATELIER_OP_STOP,
  ATELIER_OP_ATTACH,
  ATELIER_OP_LIST,
  ATELIER_OP_SERVICE,
  ATELIER_OP_SERVICE_STATUS,
  ATELIER_OP_HELLO,
  ATELIER_OP_BYE,
  ATELIER_OP_N_VALUES
} AtelierOp;

/* 0: no limit */
typedef struct
{
  gint64 wall_ms;
  gint64 memory_bytes;
  gint64 processes;
  gint64 log_bytes;
  gint64 grace_ms;     /* between TERM and KILL */
} AtelierLimits;

/* A checked request: what its kind needs is there and well formed. */
typedef struct
{
  json_t       *json;       /* (owned) what the pointers below point into */
  AtelierOp     op;
  const char   *step;       /* of a service: its name */
  gint64        attempt;
  const char  **argv;       /* (owned array) (nullable) */
  const char  **env;        /* (owned array) (nullable) without ATELIER_ATTEMPT, with a free place before its NULL */
  const char   *folder;     /* (nullable) */
  const char   *log;
  const char   *path;       /* of start-file */
  gint64        grace_ms;   /* of stop; -1: the attempt's own */
  gint64        started_after_ms; /* of start: how long the attempt lives before its owner is told that it started */
  AtelierLimits limits;
} AtelierRequest;

#define ATELIER_REQUEST_ERROR (atelier_request_error_quark ())
typedef enum
{
  ATELIER_REQUEST_ERROR_MALFORMED,
} AtelierRequestError;
GQuark          atelier_request_error_quark (void);

AtelierRequest *atelier_request_parse (const char *text,
                                       gsize       length,
                                       GError    **error);
AtelierRequest *atelier_request_read_file (const char *path,
                                           GError    **error);
void            atelier_request_free (AtelierRequest *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierRequest, atelier_request_free)

G_END_DECLS
