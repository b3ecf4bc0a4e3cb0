/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

#include "atelier-json.h"

G_BEGIN_DECLS

/* What supervisor and engine share: how an attempt ended, as a packet and as a line of the journal, and the
 * journal's reader. src/step/README.md has the protocol. No call here keeps state: any thread. */

#define ATELIER_STEP_PROTOCOL 1

/* Exit codes of `atelier-step serve`. */
#define ATELIER_STEP_EXIT_USAGE  2
#define ATELIER_STEP_EXIT_BUSY   3 /* another supervisor holds the folder's journal */
#define ATELIER_STEP_EXIT_FOLDER 4 /* folder, journal or socket cannot be used */

typedef enum
{
  ATELIER_END_REASON_NONE,          /* ended by itself, whatever its status */
  ATELIER_END_REASON_STOPPED,       /* asked to */
  ATELIER_END_REASON_TIME_LIMIT,
  ATELIER_END_REASON_MEMORY_LIMIT,
  ATELIER_END_REASON_PROCESS_LIMIT,
  ATELIER_END_REASON_NOT_STARTED,   /* nothing ran; the message says why */
  ATELIER_END_REASON_LOST,          /* its supervisor died; how it would have ended is unknown */
  ATELIER_END_REASON_N_VALUES
} AtelierEndReason;

/* (nullable): "stopped", "time-limit", …; NULL for NONE, as JSON has it */
const char       *atelier_end_reason_to_text (AtelierEndReason reason);
AtelierEndReason  atelier_end_reason_from_text (const char *text);

typedef struct
{
  int              exit_code;         /* 0–255; -1: a signal ended it, or it was not started, or nobody knows */
  int              signal;            /* 0: none */
  AtelierEndReason reason;
  char            *message;           /* (owned) (nullable) a sentence */
  gint64           started_at_us;     /* 0: not started */
  gint64           ended_at_us;
  gint64           wall_us;
  gint64           cpu_us;            /* user and system, of the whole tree as far as it was waited for */
  gint64           peak_memory_bytes;
  gint64           log_bytes;         /* size of the file */
  gint64           log_written_bytes; /* what the step wrote; more when the middle was left out */
  gint64           log_head_bytes;    /* where the line about what was left out begins; 0: nothing was */
} AtelierAttemptEnd;

void atelier_attempt_end_clear (AtelierAttemptEnd *end);
void atelier_attempt_end_to_json (const AtelierAttemptEnd *end,
                                  json_t                  *object);
void atelier_attempt_end_from_json (AtelierAttemptEnd *end,
                                    const json_t      *object);

typedef enum
{
  ATELIER_JOURNAL_STATE_INTENDED, /* about to be spawned */
  ATELIER_JOURNAL_STATE_STARTED,  /* pid, start_ticks and boot_id are set */
  ATELIER_JOURNAL_STATE_ENDED,    /* end is set; pid and so on unless it was not started */
} AtelierJournalState;

/* One attempt, made of its lines. */
typedef struct
{
  char               *step;        /* (owned) */
  gint64              attempt;
  AtelierJournalState state;
  gint64              intended_at_us;
  gint64              pid;         /* 0: not known */
  guint64             start_ticks; /* with pid and boot_id: the process, for ever */
  char               *boot_id;     /* (owned) (nullable) */
  AtelierAttemptEnd   end;
} AtelierJournalEntry;

void       atelier_journal_entry_free (AtelierJournalEntry *entry);
GPtrArray *atelier_journal_read (const char *path,
                                 GError    **error);
GPtrArray *atelier_journal_parse (const char *text,
                                  gsize       length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierJournalEntry, atelier_journal_entry_free)

G_END_DECLS
