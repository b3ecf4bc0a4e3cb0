/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-journal"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-journal-writer.h"

/* Appends lines with one write each. Only the holder of the journal's lock writes, so its length is known
 * without asking, and what a full disk cut short can be taken back by truncating. Blocks are reserved beyond
 * the end of the file before an attempt starts, enough for the ends of all that run: then a full disk refuses
 * new attempts, and does not lose the ends of old ones. An end that nevertheless cannot be written waits here
 * for atelier_journal_writer_flush(). */

#define LINE_ROOM     8192         /* the longest line there should be */
#define RESERVE_BYTES (64 * 1024)

struct _AtelierJournalWriter
{
  int        fd;       /* (owned) O_APPEND, locked */
  gint64     size;
  gint64     reserved; /* blocks exist up to here, as far as we know */
  GPtrArray *waiting;  /* (owned) of char*: lines of ends */
};

/* atelier_journal_writer_new:
 * @fd: (transfer full): O_RDWR | O_APPEND, and locked, so that nobody else writes */
AtelierJournalWriter *
atelier_journal_writer_new (int fd)
{
  AtelierJournalWriter *self = g_new0 (AtelierJournalWriter, 1);
  struct stat info;
  char last;

  self->fd = fd;
  self->waiting = g_ptr_array_new_with_free_func (g_free);
  if (fstat (fd, &info) == 0)
    self->size = info.st_size;
  /* A machine that went down may have left half a line. */
  if (self->size > 0 && pread (fd, &last, 1, self->size - 1) == 1 && last != '\n' && write (fd, "\n", 1) == 1)
    self->size++;
  return self;
}

void
atelier_journal_writer_free (AtelierJournalWriter *self)
{
  /* gives back what was reserved and not used; a failure costs a few blocks */
  if (self->reserved > self->size && ftruncate (self->fd, self->size) < 0)
    g_debug ("ftruncate: %s", g_strerror (errno));
  close (self->fd);
  g_ptr_array_unref (self->waiting);
  g_free (self);
}

static gboolean
set_error (GError **error, int number)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
               _("The journal of this execution cannot be written: %s"), g_strerror (number));
  return FALSE;
}

static gboolean
append (AtelierJournalWriter *self, const char *line, GError **error)
{
  gsize length = strlen (line);
  gssize n;
  int number;

  do
    n = write (self->fd, line, length);
  while (n < 0 && errno == EINTR);
  number = n < 0 ? errno : ENOSPC;
  if (n == (gssize) length)
    {
      self->size += n;
      return TRUE;
    }
  /* What cannot be taken back is at least kept from running into the next line. */
  if (n > 0 && ftruncate (self->fd, self->size) < 0)
    {
      self->size += n;
      if (write (self->fd, "\n", 1) == 1)
        self->size++;
    }
  return set_error (error, number);
}

static gboolean
append_json (AtelierJournalWriter *self, json_t *object, char **failed, GError **error)
{
  char *text = json_dumps (object, JSON_COMPACT);
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  gboolean ok = append (self, line, error);

  if (!ok && failed != NULL)
    *failed = g_steal_pointer (&line);
  free (text);
  json_decref (object);
  return ok;
}

static json_t *
new_line (const char *event, const char *step, gint64 attempt)
{
  return json_pack ("{s:s, s:s, s:I}", "event", event, "step", step, "attempt", (json_int_t) attempt);
}

static gboolean
reserve (AtelierJournalWriter *self, guint n_running, GError **error)
{
  gint64 needed = self->size + (gint64) LINE_ROOM * (n_running + 2 + self->waiting->len);
  gint64 until;

  if (needed <= self->reserved)
    return TRUE;
  until = needed + RESERVE_BYTES;
  if (fallocate (self->fd, FALLOC_FL_KEEP_SIZE, self->size, until - self->size) < 0)
    {
      if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
        return set_error (error, errno);
      /* A file system that cannot reserve: its writes tell. */
    }
  self->reserved = until;
  return TRUE;
}

/* atelier_journal_writer_start:
 * @n_running: attempts under way, this one not counted: room for their ends is reserved too
 *
 * Writes that an attempt is about to be spawned. When it fails nothing is in the file, and nothing must be
 * spawned. */
gboolean
atelier_journal_writer_start (AtelierJournalWriter *self, const char *step, gint64 attempt, gint64 at_us,
                              guint n_running, GError **error)
{
  json_t *line;

  if (!reserve (self, n_running, error))
    return FALSE;
  line = new_line ("start", step, attempt);
  json_object_set_new_nocheck (line, "at_us", json_integer (at_us));
  return append_json (self, line, NULL, error);
}

gboolean
atelier_journal_writer_started (AtelierJournalWriter *self, const char *step, gint64 attempt, gint64 pid,
                                guint64 start_ticks, const char *boot_id, GError **error)
{
  json_t *line = new_line ("started", step, attempt);

  json_object_set_new_nocheck (line, "pid", json_integer (pid));
  json_object_set_new_nocheck (line, "start_ticks", json_integer ((json_int_t) start_ticks));
  json_object_set_new_nocheck (line, "boot_id", json_string (boot_id));
  return append_json (self, line, NULL, error);
}

/* atelier_journal_writer_end:
 *
 * Returns: %FALSE when the line is not in the file yet: it is kept for atelier_journal_writer_flush() */
gboolean
atelier_journal_writer_end (AtelierJournalWriter *self, const char *step, gint64 attempt,
                            const AtelierAttemptEnd *end, GError **error)
{
  json_t *line = new_line ("end", step, attempt);
  char *failed = NULL;

  atelier_attempt_end_to_json (end, line);
  if (append_json (self, line, &failed, error))
    return TRUE;
  g_ptr_array_add (self->waiting, failed);
  return FALSE;
}

/* atelier_journal_writer_flush:
 *
 * Tries the ends that could not be written.
 *
 * Returns: whether none waits any more */
gboolean
atelier_journal_writer_flush (AtelierJournalWriter *self)
{
  while (self->waiting->len > 0 && append (self, g_ptr_array_index (self->waiting, 0), NULL))
    g_ptr_array_remove_index (self->waiting, 0);
  return self->waiting->len == 0;
}
