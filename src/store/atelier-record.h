/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-db.h"
#include "atelier-store-records.h"

G_BEGIN_DECLS

/* Private to store/: how a row becomes a record. One table a record type says which SQL expression fills which field;
 * it makes the SELECT, reads the row and frees the record, so the three cannot disagree. */

typedef enum
{
  ATELIER_COLUMN_TEXT,   /* char *, owned */
  ATELIER_COLUMN_FILLED, /* char *, owned; '' is read as NULL */
  ATELIER_COLUMN_INT64,  /* gint64 or guint64; NULL is 0 */
  ATELIER_COLUMN_INT,    /* int or gboolean; NULL is 0 */
  ATELIER_COLUMN_DOUBLE, /* double; NULL is nan, which SQLite cannot keep otherwise */
  ATELIER_COLUMN_STEP_STATUS,
  ATELIER_COLUMN_EXECUTION_STATUS, /* these: an enum; NULL is -1 */
  ATELIER_COLUMN_APPROVAL_STATUS,
  ATELIER_COLUMN_DIRECTION,
  ATELIER_COLUMN_LOGGED_KIND,
} AtelierColumnKind;

typedef struct
{
  const char       *sql;
  AtelierColumnKind kind;
  gsize             offset;
} AtelierColumn;

typedef struct
{
  gsize                size;
  const char          *from;    /* "FROM …", with its joins */
  const AtelierColumn *columns; /* ended by an empty one */
  GDestroyNotify       unref;
} AtelierRecordType;

extern const AtelierRecordType atelier_project_record_type;
extern const AtelierRecordType atelier_pipeline_record_type;
extern const AtelierRecordType atelier_pipeline_version_record_type;
extern const AtelierRecordType atelier_execution_record_type;
extern const AtelierRecordType atelier_step_record_type;
extern const AtelierRecordType atelier_attempt_record_type;
extern const AtelierRecordType atelier_metric_record_type;
extern const AtelierRecordType atelier_logged_record_type;
extern const AtelierRecordType atelier_object_record_type;
extern const AtelierRecordType atelier_lineage_record_type;
extern const AtelierRecordType atelier_model_record_type;
extern const AtelierRecordType atelier_model_group_record_type;
extern const AtelierRecordType atelier_model_version_record_type;
extern const AtelierRecordType atelier_audit_record_type;
extern const AtelierRecordType atelier_request_record_type;

void       atelier_record_clear (gpointer             record,
                                 const AtelierColumn *columns);

/* @tail: what follows FROM: "WHERE …", with ?1 … for @types (see atelier_db_query()). It need not live on. */
GPtrArray *atelier_db_list (AtelierDb               *db,
                            GError                 **error,
                            const AtelierRecordType *type,
                            const char              *tail,
                            const char              *types,
                            ...);
/* (nullable) without error where there is no row */
gpointer   atelier_db_look_up (AtelierDb               *db,
                               GError                 **error,
                               const AtelierRecordType *type,
                               const char              *tail,
                               const char              *types,
                               ...);
/* NOT_FOUND with the sentence @missing where there is no row */
gpointer   atelier_db_get (AtelierDb               *db,
                           GError                 **error,
                           const AtelierRecordType *type,
                           const char              *missing,
                           const char              *tail,
                           const char              *types,
                           ...);

G_END_DECLS
