/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

G_BEGIN_DECLS

/* Printing: colours and live progress only on a terminal, never with NO_COLOR or TERM=dumb. */

typedef enum
{
  ATELIER_TINT_NONE,
  ATELIER_TINT_GOOD,
  ATELIER_TINT_BAD,
  ATELIER_TINT_BUSY,
  ATELIER_TINT_FAINT,
  ATELIER_TINT_STRONG,
} AtelierTint;

gboolean    atelier_output_is_terminal (int fd);
guint       atelier_output_width (void);
const char *atelier_output_tint (AtelierTint tint,
                                 int         fd);
const char *atelier_output_untint (int fd);
/* The mark and tint of a status word, of steps, executions and approvals alike. */
const char *atelier_output_status_mark (const char  *status,
                                        AtelierTint *tint);
/* Local time, short: "14:05:09" today, "2026-01-31 14:05" else. (transfer full) @iso: (nullable) */
char       *atelier_output_time (const char *iso);
char       *atelier_output_duration (const json_t *object);
const char *atelier_output_execution_status (const json_t *execution);
/* Columns by display width. */
guint       atelier_output_text_width (const char *text);
char       *atelier_output_fit (const char *text,
                                guint       width);

/* A table: columns as wide as they need, the last one cut at the terminal's edge. */
typedef struct _AtelierTable AtelierTable;
AtelierTable *atelier_table_new (const char *const *headings);
void          atelier_table_add (AtelierTable *self,
                                 AtelierTint   tint,
                                 ...) G_GNUC_NULL_TERMINATED;
void          atelier_table_print (AtelierTable *self);
void          atelier_table_free (AtelierTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierTable, atelier_table_free)

G_END_DECLS
