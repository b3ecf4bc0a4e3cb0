/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-error.h"

G_BEGIN_DECLS

typedef enum
{
  ATELIER_XGBOOST_FORMAT_SNIFF, /* by the first line: LIBSVM when its second word is INDEX:VALUE or it is one number,
                                   else CSV */
  ATELIER_XGBOOST_FORMAT_CSV,
  ATELIER_XGBOOST_FORMAT_LIBSVM,
} AtelierXgboostFormat;

/* atelier_xgboost_format_from_content_type:
 * @content_type: (nullable): as in inputdataconfig.json, with or without parameters; %NULL or empty: sniff */
gboolean atelier_xgboost_format_from_content_type (const char           *content_type,
                                                   AtelierXgboostFormat *format,
                                                   GError              **error);

/* What labels an objective takes. */
typedef struct
{
  const char *objective;
  double      low;
  double      high;
  gboolean    above_low;  /* low itself is not allowed */
  gboolean    below_high; /* high itself is not allowed */
} AtelierXgboostLabelRule;

typedef struct
{
  AtelierXgboostFormat    format;
  gboolean                has_weights; /* CSV: the second column is the weight */
  gsize n_features; /* 0: data to learn from, label first. Else what a model takes: a label is optional */
  guint                   n_threads;   /* at least 1 */
  AtelierXgboostLabelRule rule;        /* without an objective: any finite label */
} AtelierXgboostTableOptions;

/* The rows of one channel, in the order of the files and their lines. Dense (CSV) or compressed by rows (LIBSVM).
 * A missing value is NaN in dense rows and absent in sparse ones. Plain data, owned by the caller. */
typedef struct
{
  gsize    n_rows;
  gsize    n_columns;  /* features, without label and weight; LIBSVM: the largest index + 1 */
  float   *values;     /* (nullable) dense: n_rows × n_columns, row by row */
  guint64 *offsets;    /* (nullable) sparse: n_rows + 1 positions in indices and entries */
  guint32 *indices;    /* (nullable) sparse: ascending within a row */
  float   *entries;    /* (nullable) sparse */
  float   *labels;     /* (nullable) only where the data to predict has none */
  float   *weights;    /* (nullable) */
  guint32 *groups;     /* (nullable) LIBSVM “qid:”, never descending */
} AtelierXgboostTable;

/* atelier_xgboost_table_read:
 * @paths: regular files
 * @names: their names for messages, as many as @paths
 *
 * Reads all files with several threads. Memory: the result, and what the kernel caches of the files.
 *
 * Returns: (transfer full) (nullable): the table; %NULL with ATELIER_XGBOOST_ERROR_DATA for the first fault in the
 * order of files and lines, or a G_FILE_ERROR */
AtelierXgboostTable *atelier_xgboost_table_read (const GPtrArray                  *paths,
                                                 const GPtrArray                  *names,
                                                 const AtelierXgboostTableOptions *options,
                                                 GError                          **error);
void                 atelier_xgboost_table_free (AtelierXgboostTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierXgboostTable, atelier_xgboost_table_free)

G_END_DECLS
