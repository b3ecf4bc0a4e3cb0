/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

#include "atelier-journal-writer.h"

G_BEGIN_DECLS

/* The loop of `atelier-step serve`. The working directory is the run folder. */
typedef struct _AtelierSupervisor AtelierSupervisor;

AtelierSupervisor *atelier_supervisor_new (int                   listen_fd,
                                           int                   signal_fd,
                                           AtelierJournalWriter *journal,
                                           const char           *run_name);
void               atelier_supervisor_free (AtelierSupervisor *self);
void               atelier_supervisor_run (AtelierSupervisor *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierSupervisor, atelier_supervisor_free)

G_END_DECLS
