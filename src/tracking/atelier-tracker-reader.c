/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-tracking"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-metric-sink.h"
#include "atelier-tracker-reader.h"

/* The tracker's file is written by the step's own process, so it is as trustworthy as a log: nothing in it is an
 * error. The writer appends whole lines; what stands after the last LF is read again next time. */

#define READ_MOST_BYTES (4 << 20)

struct _AtelierTrackerReader
{
  char              *path;        /* (owned) */
  gint64             offset;      /* of the first byte that is not read yet: the beginning of a line */
  gboolean           has_more;
  gboolean           in_long_line; /* its beginning was passed over, its end is not seen yet */
  char              *piece;       /* (owned) (nullable) READ_MOST_BYTES */
  AtelierMetricSink *sink;        /* (owned) */
  GPtrArray         *tracked;     /* (owned) (element-type AtelierTracked) */
  guint64            n_bad_lines;
};

static void
tracked_free (gpointer data)
{
  AtelierTracked *tracked = data;

  json_decref (tracked->value);
  g_free (tracked);
}

AtelierTrackerReader *
atelier_tracker_reader_new (const char *path, gint64 offset)
{
  AtelierTrackerReader *self = g_new0 (AtelierTrackerReader, 1);

  self->path = g_strdup (path);
  self->offset = MAX (offset, 0);
  self->sink = atelier_metric_sink_new ();
  self->tracked = g_ptr_array_new_with_free_func (tracked_free);
  return self;
}

void
atelier_tracker_reader_free (AtelierTrackerReader *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->piece);
  atelier_metric_sink_free (self->sink);
  g_ptr_array_unref (self->tracked);
  g_free (self);
}

static gboolean
read_value (const json_t *value, double *number)
{
  const char *text = json_string_value (value);

  if (json_is_number (value))
    *number = json_number_value (value);
  else if (text == NULL || atelier_metric_read_number (text, strlen (text), number) != strlen (text)
           || isfinite (*number))
    return FALSE;
  return TRUE;
}

static gboolean
read_metric (AtelierTrackerReader *self, const json_t *object, gint64 now_us)
{
  const char *name = json_string_value (json_object_get (object, "name"));
  const json_t *step = json_object_get (object, "step");
  const json_t *at_us = json_object_get (object, "at_us");
  double value;

  if (name == NULL || !read_value (json_object_get (object, "value"), &value) ||
      (step != NULL && !json_is_null (step) && !json_is_integer (step)))
    return FALSE;
  return atelier_metric_sink_add (self->sink, name,
                                  json_is_integer (step) ? json_integer_value (step) : ATELIER_METRIC_NEXT, value,
                                  json_is_integer (at_us) ? json_integer_value (at_us) : now_us);
}

static gboolean
read_line (AtelierTrackerReader *self, const char *line, gsize length, gint64 now_us)
{
  static const char *const kinds[] = { "param", "histogram", "artifact" };
  g_autoptr (json_t) object = json_loadb (line, length, JSON_REJECT_DUPLICATES, NULL);
  const char *type = json_string_value (json_object_get (object, "t"));
  const char *name = json_string_value (json_object_get (object, "name"));

  if (type == NULL || name == NULL || *name == '\0')
    return FALSE;
  if (strcmp (type, "metric") == 0)
    return read_metric (self, object, now_us);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (type, kinds[i]) == 0)
      {
        AtelierTracked *tracked = g_new0 (AtelierTracked, 1);

        tracked->kind = (AtelierTrackedKind) i;
        tracked->name = name;
        tracked->value = g_steal_pointer (&object);
        g_ptr_array_add (self->tracked, tracked);
        return TRUE;
      }
  return FALSE;
}

/* Reads the whole lines of @length bytes; returns how many bytes they take. */
static gsize
read_lines (AtelierTrackerReader *self, gsize length, gint64 now_us)
{
  const char *at = self->piece;
  const char *end = self->piece + length;
  const char *line_feed;

  while ((line_feed = memchr (at, '\n', end - at)) != NULL)
    {
      gsize line_length = line_feed - at;

      if (self->in_long_line || (line_length > 0 && !read_line (self, at, line_length, now_us)))
        self->n_bad_lines++;
      self->in_long_line = FALSE;
      at = line_feed + 1;
    }
  if (at == self->piece && length == READ_MOST_BYTES)
    {
      self->in_long_line = TRUE;
      return length;
    }
  return at - self->piece;
}

gboolean
atelier_tracker_reader_read (AtelierTrackerReader *self, gint64 now_us, GError **error)
{
  struct stat status;
  gssize length = 0;
  int saved = 0;
  int fd;

  g_return_val_if_fail (self != NULL, FALSE);

  atelier_metric_sink_clear (self->sink);
  g_ptr_array_set_size (self->tracked, 0);
  self->has_more = FALSE;
  fd = open (self->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return TRUE;
  if (fd < 0 || fstat (fd, &status) != 0)
    saved = errno;
  else if (!S_ISREG (status.st_mode))
    saved = EINVAL;
  else if (status.st_size > self->offset)
    {
      if (self->piece == NULL)
        self->piece = g_malloc (READ_MOST_BYTES);
      while ((length = pread (fd, self->piece, READ_MOST_BYTES, self->offset)) < 0 && errno == EINTR)
        continue;
      saved = length < 0 ? errno : 0;
    }
  if (fd >= 0)
    close (fd);
  if (saved != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot read the tracker's file “%s”: %s"),
                   self->path, g_strerror (saved));
      return FALSE;
    }
  if (length > 0)
    {
      gsize taken = read_lines (self, length, now_us);

      self->offset += taken;
      self->has_more = taken > 0 && length == READ_MOST_BYTES;
    }
  return TRUE;
}

gboolean
atelier_tracker_reader_has_more (AtelierTrackerReader *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->has_more;
}

const AtelierMetric *
atelier_tracker_reader_get_metrics (AtelierTrackerReader *self, gsize *n_metrics)
{
  g_return_val_if_fail (self != NULL, NULL);

  return atelier_metric_sink_get_metrics (self->sink, n_metrics);
}

const GPtrArray *
atelier_tracker_reader_get_tracked (AtelierTrackerReader *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->tracked;
}

gint64
atelier_tracker_reader_get_offset (AtelierTrackerReader *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->offset;
}

guint64
atelier_tracker_reader_get_n_bad_lines (AtelierTrackerReader *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_bad_lines;
}
