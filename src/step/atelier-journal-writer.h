/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

#include "atelier-json.h"
#include "atelier-journal.h"

G_BEGIN_DECLS

/* The one writer of a journal: whole lines or nothing. */
typedef struct _AtelierJournalWriter AtelierJournalWriter;

AtelierJournalWriter *atelier_journal_writer_new (int fd);
void                  atelier_journal_writer_free (AtelierJournalWriter *self);
gboolean              atelier_journal_writer_start (AtelierJournalWriter *self,
                                                    const char           *step,
                                                    gint64                attempt,
                                                    gint64                at_us,
                                                    guint                 n_running,
                                                    GError              **error);
gboolean              atelier_journal_writer_started (AtelierJournalWriter *self,
                                                      const char           *step,
                                                      gint64                attempt,
                                                      gint64                pid,
                                                      guint64               start_ticks,
                                                      const char           *boot_id,
                                                      GError              **error);
gboolean              atelier_journal_writer_end (AtelierJournalWriter    *self,
                                                  const char              *step,
                                                  gint64                   attempt,
                                                  const AtelierAttemptEnd *end,
                                                  GError                 **error);
gboolean              atelier_journal_writer_flush (AtelierJournalWriter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierJournalWriter, atelier_journal_writer_free)

G_END_DECLS
