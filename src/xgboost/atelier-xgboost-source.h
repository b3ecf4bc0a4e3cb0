/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-table.h"

G_BEGIN_DECLS

/* Text files, mapped into memory and cut into chunks of whole lines that several threads work on. */
typedef struct
{
  const char  *name; /* borrowed, for messages */
  GMappedFile *map;
  const char  *data; /* without a byte order mark */
  const char  *end;
} AtelierXgboostFile;

typedef struct
{
  const AtelierXgboostFile *file;
  const char               *start;
  const char               *end;
  gsize                     first_line; /* in the file, from 1 */
  gsize                     first_row;  /* over all files, from 0 */
  gsize                     n_rows;     /* lines that are not blank */
  gsize                     first_mark; /* colons before it, over all files */
  gsize                     n_marks;
  gsize                     n_entries;  /* what a reader found; at most n_marks */
  gboolean                  comments;   /* lines that begin with “#” count as blank */
} AtelierXgboostChunk;

typedef struct
{
  GArray *files;  /* of AtelierXgboostFile */
  GArray *chunks; /* of AtelierXgboostChunk, in order */
  gsize   n_rows;
  gsize   n_marks;
  guint   n_threads;
} AtelierXgboostSource;

typedef gboolean (*AtelierXgboostChunkFunc) (AtelierXgboostChunk *chunk,
                                             gpointer             user_data,
                                             GError             **error);

AtelierXgboostSource *atelier_xgboost_source_open (const GPtrArray *paths,
                                                   const GPtrArray *names,
                                                   guint            n_threads,
                                                   GError         **error);
void                  atelier_xgboost_source_free (AtelierXgboostSource *self);

/* The first line that is not blank, without its end; FALSE when there is none. */
gboolean              atelier_xgboost_source_first_line (AtelierXgboostSource      *self,
                                                         gboolean                   comments,
                                                         const AtelierXgboostFile **file,
                                                         gsize                     *line,
                                                         const char               **start,
                                                         const char               **end);

/* Fills in the counts of rows, lines and colons. */
void                  atelier_xgboost_source_count (AtelierXgboostSource *self,
                                                    gboolean              comments);

/* Calls @func for every chunk, from several threads; on failure the error is that of the earliest chunk. */
gboolean              atelier_xgboost_source_each (AtelierXgboostSource   *self,
                                                   AtelierXgboostChunkFunc func,
                                                   gpointer                user_data,
                                                   GError                **error);

/* Steps through the rows of a chunk: *start and *end become the next line that is not blank, without its end. */
gboolean              atelier_xgboost_chunk_next_row (const AtelierXgboostChunk *self,
                                                      const char               **position,
                                                      gsize                     *line,
                                                      const char               **start,
                                                      const char               **end);

/* Whether a chunk still has the rows that were counted: @n_rows were read up to @position. */
gboolean              atelier_xgboost_chunk_check_end (const AtelierXgboostChunk *self,
                                                       const char                *position,
                                                       gsize                      n_rows,
                                                       GError                   **error);

/* A short, printable piece of a file for messages. */
char                 *atelier_xgboost_snippet (const char *start,
                                               const char *end);

/* What is wrong with a label, as a sentence; NULL when nothing is. */
char                 *atelier_xgboost_label_fault (const AtelierXgboostLabelRule *rule,
                                                   float                          label);

/* The readers of the two formats; @table is empty. */
gboolean              atelier_xgboost_read_csv (AtelierXgboostSource             *source,
                                                const AtelierXgboostTableOptions *options,
                                                AtelierXgboostTable              *table,
                                                GError                          **error);
gboolean              atelier_xgboost_read_libsvm (AtelierXgboostSource             *source,
                                                   const AtelierXgboostTableOptions *options,
                                                   AtelierXgboostTable              *table,
                                                   GError                          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierXgboostSource, atelier_xgboost_source_free)

G_END_DECLS
