/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-step-log"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-step-log.h"

/* A step writes straight into its log: no pipe that breaks when the supervisor is killed, no copying, and
 * standard output and error stay in order. To bound it nevertheless, the middle is taken out from behind: the
 * first and the last half of the limit are kept and what is between is punched out of the file
 * (FALLOC_FL_PUNCH_HOLE), which frees its blocks while the writer's position goes on. When nobody writes any
 * more the hole is closed: head, one line that says how much is missing, tail.
 *
 * Where the file system has no holes the tail is moved down to the head instead. Bytes that are written between
 * the copy and the truncation are then lost too, and counted as left out. */

#define COPY_BYTES (256 * 1024)
#define SEAM_BYTES 4096 /* cuts are moved to the end of a line if there is one this near */
#define BLOCK      4096

void
atelier_step_log_close (AtelierStepLog *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* atelier_step_log_open:
 * @self: (out caller-allocates)
 * @path: relative to the working directory; appended to
 * @limit_bytes: 0 for none */
gboolean
atelier_step_log_open (AtelierStepLog *self, const char *path, gint64 limit_bytes, GError **error)
{
  struct stat info;
  int number;

  *self = (AtelierStepLog) { .limit_bytes = limit_bytes, .can_punch = TRUE };
  self->fd = open (path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
  if (self->fd >= 0 && fstat (self->fd, &info) == 0 && S_ISREG (info.st_mode))
    return TRUE;
  number = self->fd < 0 ? errno : EINVAL;
  atelier_step_log_close (self);
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number), _("The log “%s” cannot be opened: %s"), path,
               g_strerror (number));
  return FALSE;
}

static gint64
head_bytes (const AtelierStepLog *self)
{
  return self->limit_bytes / 2;
}

gint64
atelier_step_log_get_written_bytes (const AtelierStepLog *self)
{
  return self->size_bytes + self->removed_bytes;
}

static gboolean
read_size (AtelierStepLog *self)
{
  struct stat info;

  if (self->fd < 0 || fstat (self->fd, &info) < 0)
    return FALSE;
  self->size_bytes = info.st_size;
  /* a step may truncate its own log */
  if (self->hole_end > self->size_bytes)
    self->hole_end = 0;
  return TRUE;
}

/* Moves the bytes from @from to the end of the file down to @to. The file must not be O_APPEND now, nobody may
 * write it. */
static gboolean
move_down (int fd, gint64 from, gint64 to, gint64 end)
{
  g_autofree char *piece = g_malloc (COPY_BYTES);

  while (from < end)
    {
      gssize n = pread (fd, piece, MIN (COPY_BYTES, end - from), from);

      if (n <= 0 || pwrite (fd, piece, n, to) != n)
        return FALSE;
      from += n;
      to += n;
    }
  return ftruncate (fd, to) == 0;
}

/* For a file that is being written and cannot have holes. */
static void
cut_by_copying (AtelierStepLog *self)
{
  gint64 tail = MIN (self->limit_bytes - head_bytes (self), self->size_bytes - head_bytes (self));
  g_autofree char *kept = g_malloc (tail);
  gint64 seen = self->size_bytes;
  gssize n = pread (self->fd, kept, tail, seen - tail);

  if (n <= 0 || !read_size (self) || ftruncate (self->fd, head_bytes (self)) < 0)
    return;
  self->removed_bytes += self->size_bytes - head_bytes (self);
  for (gssize done = 0, m; done < n; done += m)
    {
      m = write (self->fd, kept + done, n - done);
      if (m <= 0)
        break;
      self->removed_bytes -= m;
    }
  read_size (self);
}

static void
cut (AtelierStepLog *self)
{
  gint64 from = MAX (self->hole_end, head_bytes (self) / BLOCK * BLOCK + BLOCK);
  gint64 to = (self->size_bytes - (self->limit_bytes - head_bytes (self))) / BLOCK * BLOCK;

  if (self->can_punch && to > from)
    {
      if (fallocate (self->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from) == 0)
        self->hole_end = to;
      else if (errno != EINTR)
        self->can_punch = FALSE;
    }
  if (!self->can_punch && self->hole_end == 0)
    cut_by_copying (self);
}

/* atelier_step_log_look:
 *
 * Measures the log and takes out its middle when it is an eighth above its limit.
 *
 * Returns: how many bytes may still be written before the next look should come; %G_MAXINT64 without a limit */
gint64
atelier_step_log_look (AtelierStepLog *self)
{
  gint64 slack = MAX (self->limit_bytes / 8, BLOCK), kept;

  if (!read_size (self) || self->limit_bytes <= 0)
    return G_MAXINT64;
  kept = self->size_bytes - (self->hole_end > 0 ? self->hole_end - head_bytes (self) : 0);
  if (kept > self->limit_bytes + slack)
    {
      cut (self);
      kept = self->limit_bytes;
    }
  return self->limit_bytes + slack - kept;
}

/* Returns: @at, or the beginning of the next line when that is near */
static gint64
next_line (int fd, gint64 at)
{
  char text[SEAM_BYTES];
  gssize n = pread (fd, text, sizeof text, at);
  const char *newline = n > 0 ? memchr (text, '\n', n) : NULL;

  return newline != NULL ? at + (newline + 1 - text) : at;
}

/* Returns: @at, or the end of the last line before it when that is near */
static gint64
previous_line (int fd, gint64 at)
{
  char text[SEAM_BYTES];
  gint64 from = MAX (0, at - (gint64) sizeof text);
  gssize n = pread (fd, text, at - from, from);
  const char *newline = n > 0 ? memrchr (text, '\n', n) : NULL;

  return newline != NULL ? from + (newline + 1 - text) : at;
}

/* Makes room for the line: in a file without holes the tail begins right behind the head. */
static gboolean
join (AtelierStepLog *self, gint64 head, gint64 tail, const char *line)
{
  gint64 length = strlen (line);
  g_autofree char *kept = NULL;

  if (tail >= head + length)
    return pwrite (self->fd, line, length, head) == length &&
           move_down (self->fd, tail, head + length, self->size_bytes);
  kept = g_malloc (self->size_bytes - tail + 1);
  return pread (self->fd, kept, self->size_bytes - tail, tail) == self->size_bytes - tail &&
         pwrite (self->fd, line, length, head) == length &&
         pwrite (self->fd, kept, self->size_bytes - tail, head + length) == self->size_bytes - tail &&
         ftruncate (self->fd, head + length + self->size_bytes - tail) == 0;
}

/* atelier_step_log_finish:
 *
 * Closes the hole, if any. No process may write the log any more. After it size_bytes is the size of the file,
 * and what was written is atelier_step_log_get_written_bytes() still.
 *
 * Returns: where the line about what is left out begins, 0 when nothing is */
gint64
atelier_step_log_finish (AtelierStepLog *self)
{
  g_autofree char *line = NULL;
  gint64 head, tail, written, size;
  char before = '\n';

  if (!read_size (self) || self->limit_bytes <= 0 ||
      (self->size_bytes <= self->limit_bytes && self->removed_bytes == 0))
    return 0;
  written = atelier_step_log_get_written_bytes (self);
  head = previous_line (self->fd, head_bytes (self));
  tail = next_line (self->fd, MAX (head_bytes (self), self->size_bytes - (self->limit_bytes - head_bytes (self))));
  if (head > 0 && pread (self->fd, &before, 1, head - 1) != 1)
    return head;
  line = g_strdup_printf ("%s… %" G_GINT64_FORMAT " bytes left out …\n", before != '\n' ? "\n" : "",
                          written - head - (self->size_bytes - tail));
  size = head + strlen (line) + self->size_bytes - tail;
  /* On a disk that is full the hole stays; the reader sees the same bytes around it. */
  if (fcntl (self->fd, F_SETFL, 0) < 0 || !join (self, head, tail, line))
    return head;
  self->size_bytes = size;
  self->removed_bytes = written - size;
  return head;
}
