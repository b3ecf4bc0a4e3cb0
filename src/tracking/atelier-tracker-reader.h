/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"
#include "atelier-metric-parser.h"

G_BEGIN_DECLS

/* AtelierTrackerReader: follows the file that the tracker of the Python package writes, one JSON object a line:
 *
 *   {"t": "metric", "name": NAME, "value": NUMBER | "nan" | "inf" | "-inf", "step": INTEGER | null, "at_us": INTEGER}
 *   {"t": "param" | "histogram" | "artifact", "name": NAME, …}
 *
 * A metric without a step has the running count of its name, which begins with the reader: after a crash, read from 0
 * again.
 *
 * The file is opened afresh at each read and may not be there yet. A line counts once its LF is there; a line that is
 * not as above is counted and passed over. Not thread safe: one thread at a time. */
typedef struct _AtelierTrackerReader AtelierTrackerReader;

typedef enum
{
  ATELIER_TRACKED_PARAM,
  ATELIER_TRACKED_HISTOGRAM,
  ATELIER_TRACKED_ARTIFACT,
} AtelierTrackedKind;

/* Everything that is not a metric: a few a run. */
typedef struct
{
  AtelierTrackedKind kind;
  const char        *name;  /* (unowned) inside value */
  json_t            *value; /* (owned) the whole object of the line */
} AtelierTracked;

/* @offset: where to go on in the file; 0, or what atelier_tracker_reader_get_offset() said */
AtelierTrackerReader *atelier_tracker_reader_new (const char *path,
                                                  gint64      offset);
void                  atelier_tracker_reader_free (AtelierTrackerReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierTrackerReader, atelier_tracker_reader_free)

/* atelier_tracker_reader_read:
 * @now_us: the time of lines that tell none
 *
 * Forgets what the last read gave and reads on, at most 4 MiB. Returns FALSE only where the file is there but cannot be
 * read. Call again at once while atelier_tracker_reader_has_more(). */
gboolean              atelier_tracker_reader_read (AtelierTrackerReader *self,
                                                   gint64                now_us,
                                                   GError              **error);
gboolean              atelier_tracker_reader_has_more (AtelierTrackerReader *self);
const AtelierMetric  *atelier_tracker_reader_get_metrics (AtelierTrackerReader *self,
                                                          gsize                *n_metrics);
/* (transfer none) (element-type AtelierTracked) */
const GPtrArray      *atelier_tracker_reader_get_tracked (AtelierTrackerReader *self);
gint64                atelier_tracker_reader_get_offset (AtelierTrackerReader *self);
guint64               atelier_tracker_reader_get_n_bad_lines (AtelierTrackerReader *self);

G_END_DECLS
