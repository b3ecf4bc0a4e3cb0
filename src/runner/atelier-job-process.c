/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-job.h"

#include "atelier-metric-parser.h"
#include "atelier-run-door.h"
#include "atelier-spawn.h"
#include "atelier-text.h"
#include "atelier-time.h"
#include "atelier-tracker-reader.h"

/* An attempt while it runs: the worker asks the supervisor to start it (or takes it over), reads metrics out of its log
 * and the tracker's file every LOOK_MS, passes a stop on, and leaves with how it ended. The log is the file that the script writes
 * to, so reading it again from its start after a crash gives the same metrics. */

#define LOOK_MS 100
#define PIECE_BYTES (256 * 1024)
#define MOST_BEHIND ((gint64) 64 << 20) /* a log that floods is read in part: the supervisor keeps head and tail only, too */
#define NEWS_EVERY_US 100000
#define SETTLE_MS 30000 /* a supervisor that follows a dead one first ends what that left running */
#define SUCCESSOR_TRIES 50
#define SUCCESSOR_PAUSE_US 20000

typedef struct
{
  AtelierJob            *job;
  AtelierSupervisorLink *link;
  AtelierMetricParser   *parser;
  AtelierTrackerReader  *tracker;
  int                    log_fd;
  gint64                 log_offset;
  gint64                 last_news_us;
  char                  *buffer;
  gint64                 pid;         /* 0: not told yet, or recorded */
  guint64                start_ticks;
  gboolean               is_doomed;   /* to be killed at once */
} Watch;

static void
watch_clear (Watch *watch)
{
  g_clear_pointer (&watch->parser, atelier_metric_parser_free);
  g_clear_pointer (&watch->tracker, atelier_tracker_reader_free);
  if (watch->log_fd >= 0)
    close (watch->log_fd);
  g_free (watch->buffer);
  if (watch->link != NULL)
    atelier_run_give_link (watch->job->run, watch->link);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Watch, watch_clear)

/* --- metrics --- */

static void
keep_final (AtelierJob *job, const AtelierMetric *metrics, gsize n)
{
  for (gsize i = 0; i < n; i++)
    json_object_set_new (job->final_metrics, metrics[i].name,
                         json_pack ("{s:f, s:f}", "Value", metrics[i].value, "Timestamp", metrics[i].at_us / 1e6));
}

/* News of the newest metric, unless the last one was only just. */
static AtelierRunNews *
metric_news (Watch *watch, const AtelierMetric *metric)
{
  AtelierJob *job = watch->job;
  gint64 now = g_get_monotonic_time ();
  AtelierRunNews *news;

  g_free (job->last_metric);
  job->last_metric = g_strdup_printf ("%s %.6g", metric->name, metric->value);
  if (now - watch->last_news_us < NEWS_EVERY_US)
    return NULL;
  watch->last_news_us = now;
  news = atelier_run_news_new (job->run, ATELIER_RUN_NEWS_METRIC);
  news->step = job->step;
  news->text = g_strdup (job->last_metric);
  return news;
}

static void
keep_metrics (Watch *watch, const AtelierMetric *metrics, gsize n)
{
  AtelierJob *job = watch->job;

  G_STATIC_ASSERT (sizeof (AtelierMetric) == sizeof (AtelierMetricPoint));
  if (n == 0)
    return;
  keep_final (job, metrics, n);
  atelier_store_metrics_logged (job->run->store, job->run->execution_id, atelier_step_get_name (job->definition), job->attempt,
                                (const AtelierMetricPoint *) metrics, n, atelier_run_committed,
                                atelier_run_pending_new (job->run, metric_news (watch, &metrics[n - 1])));
}

/* Where to go on in a log of @size_bytes. The log of a step that floods is cut in its middle at the end: what is not read yet is
 * the end of it. */
static gint64
place_in_log (Watch *watch, gint64 size_bytes)
{
  const AtelierAttemptEnd *end = &watch->job->end;

  if (size_bytes - watch->log_offset > MOST_BEHIND)
    return size_bytes - PIECE_BYTES;
  if (size_bytes < watch->log_offset && end->log_head_bytes > 0)
    return MAX (size_bytes - MAX (end->log_written_bytes - watch->log_offset, 0), end->log_head_bytes);
  return watch->log_offset;
}

static void
read_log (Watch *watch)
{
  struct stat status;
  gssize n;

  if (watch->log_fd < 0)
    {
      g_autofree char *path = g_build_filename (watch->job->folder, "log", NULL);

      watch->log_fd = open (path, O_RDONLY | O_CLOEXEC);
      if (watch->log_fd < 0)
        return;
    }
  if (fstat (watch->log_fd, &status) == 0)
    watch->log_offset = place_in_log (watch, status.st_size);
  while ((n = pread (watch->log_fd, watch->buffer, PIECE_BYTES, watch->log_offset)) > 0)
    {
      gsize n_metrics;
      const AtelierMetric *metrics;

      watch->log_offset += n;
      atelier_metric_parser_feed (watch->parser, watch->buffer, n, atelier_time_now_us ());
      metrics = atelier_metric_parser_get_metrics (watch->parser, &n_metrics);
      keep_metrics (watch, metrics, n_metrics);
      atelier_metric_parser_clear (watch->parser);
      if (n < PIECE_BYTES)
        break;
    }
}

static void
keep_tracked (Watch *watch, const GPtrArray *tracked)
{
  AtelierJob *job = watch->job;
  g_autoptr (GArray) items = g_array_new (FALSE, FALSE, sizeof (AtelierLoggedItem));
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < tracked->len; i++)
    {
      const AtelierTracked *one = g_ptr_array_index (tracked, i);
      AtelierLoggedItem item = { .name = one->name, .iteration = atelier_json_get_int (one->value, "step", -1) };
      char *text;

      switch (one->kind)
        {
        case ATELIER_TRACKED_PARAM:
          item.kind = ATELIER_LOGGED_PARAM;
          text = atelier_json_to_text (json_object_get (one->value, "value"));
          break;
        case ATELIER_TRACKED_HISTOGRAM:
          item.kind = ATELIER_LOGGED_HISTOGRAM;
          text = atelier_json_compact (one->value);
          break;
        case ATELIER_TRACKED_ARTIFACT:
        default:
          item.kind = ATELIER_LOGGED_ARTIFACT;
          text = atelier_json_compact (one->value);
        }
      g_ptr_array_add (texts, text);
      item.value = text;
      g_array_append_val (items, item);
    }
  if (items->len > 0)
    atelier_store_values_logged (job->run->store, job->run->execution_id, atelier_step_get_name (job->definition), job->attempt,
                                 (AtelierLoggedItem *) items->data, items->len, atelier_run_committed,
                                 atelier_run_pending_new (job->run, NULL));
}

static void
read_tracker (Watch *watch)
{
  do
    {
      gsize n;
      const AtelierMetric *metrics;

      if (!atelier_tracker_reader_read (watch->tracker, atelier_time_now_us (), NULL))
        return;
      metrics = atelier_tracker_reader_get_metrics (watch->tracker, &n);
      keep_metrics (watch, metrics, n);
      keep_tracked (watch, atelier_tracker_reader_get_tracked (watch->tracker));
    }
  while (atelier_tracker_reader_has_more (watch->tracker));
}

/* Records the process of an attempt that is not over at once; the journal has all of them. */
static void
record_process (Watch *watch)
{
  static char *boot_id;
  AtelierJob *job = watch->job;
  AtelierAttemptUpdate update = { .number = job->attempt, .status = ATELIER_STEP_STATUS_EXECUTING };

  if (g_once_init_enter (&boot_id))
    g_once_init_leave (&boot_id, atelier_process_boot_id ());
  update.pid = watch->pid;
  update.start_ticks = watch->start_ticks;
  update.boot_id = boot_id;
  watch->pid = 0;
  atelier_store_attempt_changed (job->run->store, job->run->execution_id, atelier_step_get_name (job->definition), &update,
                                 atelier_run_committed, atelier_run_pending_new (job->run, NULL));
}

static void
look (Watch *watch)
{
  if (watch->pid > 0)
    record_process (watch);
  read_log (watch);
  read_tracker (watch);
  atelier_job_upload_when_due (watch->job);
}

static AtelierMetricParser *
make_parser (AtelierJob *job, GError **error)
{
  json_t *list = atelier_json_get_array (json_object_get (job->arguments, "AlgorithmSpecification"), "MetricDefinitions"), *item;
  g_autoptr (GArray) definitions = g_array_new (FALSE, FALSE, sizeof (AtelierMetricDefinition));
  size_t i;

  json_array_foreach (list, i, item)
    {
      AtelierMetricDefinition definition = { atelier_json_get_string (item, "Name", NULL), atelier_json_get_string (item, "Regex", NULL) };

      if (definition.name != NULL && definition.regex != NULL)
        g_array_append_val (definitions, definition);
    }
  return atelier_metric_parser_new ((AtelierMetricDefinition *) definitions->data, definitions->len, error);
}

/* --- lineage of the S3 door --- */

/* The door tells no digest of what it has not seen whole: it is read now, if the object is still the one that was accessed.
 * Returns: (nullable): kept alive by @keep */
static const char *
digest_of_access (AtelierJob *job, const json_t *access, GPtrArray *keep)
{
  const char *known = atelier_json_get_string (access, "digest", NULL);
  const char *uri = atelier_json_get_string (access, "uri", "");
  g_autoptr (GPtrArray) files = NULL;
  const AtelierArtifactFile *file;

  if (known != NULL)
    return known;
  files = atelier_artifacts_resolve (job->run->artifacts, uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
  if (files == NULL || files->len != 1)
    return NULL;
  file = g_ptr_array_index (files, 0);
  if (file->mtime_ns != atelier_json_get_int (access, "mtime_ns", 0) ||
      !atelier_artifacts_digest_files (job->run->artifacts, files, NULL, NULL))
    return NULL;
  g_ptr_array_add (keep, g_steal_pointer (&files));
  return file->digest;
}

static void
keep_accesses (AtelierJob *job)
{
  g_autoptr (GPtrArray) accesses = NULL;
  g_autoptr (GPtrArray) keep = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GArray) items = g_array_new (FALSE, TRUE, sizeof (AtelierLineageItem));

  if (job->runtime->kind != ATELIER_RUNTIME_PYTHON)
    return;
  accesses = atelier_door_take_accesses (job->run->door, atelier_step_get_name (job->definition), job->attempt);
  for (guint i = 0; i < accesses->len; i++)
    {
      json_t *access = g_ptr_array_index (accesses, i);
      const char *operation = atelier_json_get_string (access, "op", "");
      AtelierLineageItem item = {
        .direction = strcmp (operation, "get") == 0 ? ATELIER_LINEAGE_USED : ATELIER_LINEAGE_PRODUCED,
        .role = "s3",
        .uri = atelier_json_get_string (access, "uri", NULL),
        .size_bytes = atelier_json_get_int (access, "size_bytes", 0),
      };

      if (item.uri == NULL ||
          (strcmp (operation, "get") != 0 && strcmp (operation, "put") != 0 && strcmp (operation, "copy") != 0))
        continue;
      item.digest = digest_of_access (job, access, keep);
      g_array_append_val (items, item);
    }
  if (items->len > 0)
    atelier_store_lineage_seen (job->run->store, job->run->execution_id, atelier_step_get_name (job->definition), job->attempt,
                                (AtelierLineageItem *) items->data, items->len, atelier_run_committed,
                                atelier_run_pending_new (job->run, NULL));
}

/* --- the process --- */

/* What the journal knows of this attempt; NULL when it does not. */
static AtelierJournalEntry *
look_up_journal (AtelierJob *job)
{
  g_autofree char *path = g_build_filename (job->run->run_folder, "journal", NULL);
  g_autoptr (GPtrArray) entries = atelier_journal_read (path, NULL);

  for (guint i = entries != NULL ? entries->len : 0; i-- > 0;)
    {
      AtelierJournalEntry *entry = g_ptr_array_index (entries, i);

      if (entry->attempt == job->attempt && strcmp (entry->step, atelier_step_get_name (job->definition)) == 0)
        return g_ptr_array_steal_index (entries, i);
    }
  return NULL;
}

/* Takes how the attempt ended from the journal. */
static gboolean
end_from_journal (AtelierJob *job)
{
  g_autoptr (AtelierJournalEntry) entry = look_up_journal (job);

  if (entry == NULL || entry->state != ATELIER_JOURNAL_STATE_ENDED)
    return FALSE;
  atelier_attempt_end_clear (&job->end);
  job->end = entry->end;
  entry->end = (AtelierAttemptEnd) { 0 };
  return TRUE;
}

static void
tell_stopping (AtelierJob *job)
{
  const AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_STOPPING };

  atelier_run_change_step (job->run, job->step, &update, NULL);
}

static json_t *
attach_request (AtelierJob *job)
{
  return json_pack ("{s:s, s:s, s:i}", "op", "attach", "step", atelier_step_get_name (job->definition), "attempt", job->attempt);
}

static void
lose (AtelierJob *job)
{
  job->end.reason = ATELIER_END_REASON_LOST;
  job->end.exit_code = -1;
  job->end.ended_at_us = atelier_time_now_us ();
  g_free (job->end.message);
  job->end.message = g_strdup (_("it was cut off: its supervisor ended before it"));
}

/* Connects to the supervisor that takes the place of one that is gone, and waits until it has settled what that one left. */
static json_t *
greet_successor (Watch *watch, GError **error)
{
  AtelierRun *run = watch->job->run;
  g_autoptr (json_t) hello = json_pack ("{s:s}", "op", "hello");

  g_clear_pointer (&watch->link, atelier_supervisor_link_free);
  watch->link = atelier_supervisor_connect (run->supervisor, error);
  if (watch->link == NULL)
    return NULL;
  atelier_run_drop_links (run); /* after this link, so that the new supervisor has somebody */
  if (!atelier_supervisor_link_send (watch->link, hello, error))
    return NULL;
  return atelier_supervisor_link_receive (watch->link, SETTLE_MS, -1, error);
}

/* The supervisor is gone. The next connection starts a new one, whose journal says how this attempt ended. A process that dies
 * may close this connection before it stops listening, so the first tries can still reach the old one. */
static gboolean
recover (Watch *watch, GError **error)
{
  AtelierJob *job = watch->job;
  g_autoptr (GError) problem = NULL;
  g_autoptr (json_t) answer = NULL;

  for (int i = 0; i < SUCCESSOR_TRIES; i++)
    {
      g_clear_error (&problem);
      answer = greet_successor (watch, &problem);
      if (answer != NULL || !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CLOSED))
        break;
      g_usleep (SUCCESSOR_PAUSE_US);
    }
  if (answer == NULL)
    {
      g_clear_pointer (&watch->link, atelier_supervisor_link_free);
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT,
                   _("the supervisor of steps has ended, and no other took its place: %s"),
                   problem != NULL ? problem->message : _("it does not answer"));
      return FALSE;
    }
  if (!end_from_journal (job))
    lose (job);
  return TRUE;
}

/* Handles one packet. Returns: whether the attempt has ended */
static gboolean
handle_packet (Watch *watch, const json_t *packet, GError **error)
{
  AtelierJob *job = watch->job;
  const char *operation = atelier_json_get_string (packet, "op", "");

  if (strcmp (operation, "ended") == 0)
    {
      atelier_attempt_end_clear (&job->end);
      atelier_attempt_end_from_json (&job->end, packet);
      return TRUE;
    }
  if (strcmp (operation, "unknown") == 0)
    {
      if (!end_from_journal (job))
        lose (job);
      return TRUE;
    }
  if (strcmp (operation, "started") == 0)
    {
      watch->pid = atelier_json_get_int (packet, "pid", 0);
      watch->start_ticks = (guint64) atelier_json_get_int (packet, "start_ticks", 0);
      job->end.started_at_us = atelier_json_get_int (packet, "started_at_us", 0);
    }
  else if (strcmp (operation, "error") == 0)
    g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("The supervisor refused it: %s"),
                 atelier_json_get_string (packet, "message", ""));
  return FALSE;
}

static gboolean
send_stop (Watch *watch, int grace_ms)
{
  g_autoptr (json_t) stop = json_pack ("{s:s}", "op", "stop");

  if (grace_ms >= 0)
    atelier_json_set_int (stop, "grace_ms", grace_ms);
  return atelier_supervisor_link_send (watch->link, stop, NULL);
}

/* Passes on what the run was asked for. Returns: FALSE when the supervisor is gone */
static gboolean
pass_stops (Watch *watch, int *stops_sent)
{
  AtelierRun *run = watch->job->run;
  int stops = g_atomic_int_get (&run->is_stopping);

  if (watch->is_doomed && *stops_sent == 0)
    {
      *stops_sent = G_MAXINT;
      return send_stop (watch, 0);
    }
  if (stops <= *stops_sent)
    return TRUE;
  if (*stops_sent == 0)
    tell_stopping (watch->job);
  *stops_sent = stops;
  return send_stop (watch, g_atomic_int_get (&run->grace_ms));
}

/* Waits until the attempt has ended, is left alone, or cannot be followed. */
static gboolean
wait_for_end (Watch *watch, gboolean *is_left, GError **error)
{
  AtelierRun *run = watch->job->run;
  int stops_sent = 0;

  for (;;)
    {
      g_autoptr (GError) problem = NULL;
      g_autoptr (json_t) packet = atelier_supervisor_link_receive (watch->link, LOOK_MS, stops_sent > 0 ? -1 : run->stop_fd, &problem);

      if (packet != NULL && handle_packet (watch, packet, &problem))
        return TRUE;
      if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CLOSED))
        return recover (watch, error);
      if (problem != NULL)
        {
          /* this connection is not to be trusted any more */
          g_clear_pointer (&watch->link, atelier_supervisor_link_free);
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      if (g_atomic_int_get (&run->is_leaving) && !watch->is_doomed)
        {
          *is_left = TRUE;
          return TRUE;
        }
      if (!pass_stops (watch, &stops_sent))
        return recover (watch, error);
      if (packet == NULL && !watch->is_doomed)
        look (watch);
    }
}

/* Asks the supervisor for the attempt and follows it. A request that does not get through because the supervisor has just ended is
 * made to the next one. */
static gboolean
follow (Watch *watch, const json_t *request, gboolean *is_left, GError **error)
{
  for (int tries = 0;; tries++)
    {
      g_autoptr (GError) problem = NULL;

      watch->link = atelier_run_take_link (watch->job->run, error);
      if (watch->link == NULL)
        return FALSE;
      if (atelier_supervisor_link_send (watch->link, request, &problem))
        return wait_for_end (watch, is_left, error);
      g_clear_pointer (&watch->link, atelier_supervisor_link_free);
      if (tries > 0 || !g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CLOSED))
        {
          g_propagate_error (error, g_steal_pointer (&problem));
          return FALSE;
        }
      atelier_run_drop_links (watch->job->run);
    }
}

/* What log and tracker said until the very end. */
static void
read_to_end (Watch *watch)
{
  gsize n;
  const AtelierMetric *metrics;

  if (watch->job->end.log_bytes > 0)
    read_log (watch);
  atelier_metric_parser_finish (watch->parser, atelier_time_now_us ());
  metrics = atelier_metric_parser_get_metrics (watch->parser, &n);
  keep_metrics (watch, metrics, n);
  read_tracker (watch);
  keep_accesses (watch->job);
}

/* atelier_job_run_process:
 * @request: (nullable): the "start"; NULL takes over an attempt that is there already
 * @is_left: (out): the attempt goes on without this program
 *
 * Returns: TRUE when job->end says how it ended, or it is left; FALSE when it could not be started or followed */
gboolean
atelier_job_run_process (AtelierJob *job, const json_t *request, gboolean *is_left, GError **error)
{
  g_auto (Watch) watch = { .job = job, .log_fd = -1 };
  g_autoptr (json_t) attach = request == NULL ? attach_request (job) : NULL;
  g_autofree char *tracking = atelier_job_host_path (job, "/opt/ml/output/atelier/metrics.jsonl");

  *is_left = FALSE;
  watch.parser = make_parser (job, error);
  if (watch.parser == NULL)
    return FALSE;
  watch.tracker = atelier_tracker_reader_new (tracking, 0);
  watch.buffer = g_malloc (PIECE_BYTES);
  if ((request != NULL || !end_from_journal (job)) && !follow (&watch, request != NULL ? request : attach, is_left, error))
    return FALSE;
  if (*is_left)
    g_clear_pointer (&watch.link, atelier_supervisor_link_free);
  else
    read_to_end (&watch);
  return TRUE;
}

/* Ends an attempt that an earlier owner started and that cannot be gone on with. */
void
atelier_job_kill_process (AtelierJob *job)
{
  g_auto (Watch) watch = { .job = job, .log_fd = -1, .is_doomed = TRUE };
  g_autoptr (json_t) attach = attach_request (job);
  gboolean is_left = FALSE;

  if (!end_from_journal (job))
    follow (&watch, attach, &is_left, NULL);
}

/* Returns: (transfer full) (nullable): the last line of the log that is not blank, cut to a sentence's length */
char *
atelier_job_last_log_line (AtelierJob *job)
{
  g_autofree char *path = g_build_filename (job->folder, "log", NULL);
  char tail[4097];
  struct stat status;
  gssize n;
  char *end, *start;
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0)
    return NULL;
  n = fstat (fd, &status) == 0 ? pread (fd, tail, sizeof tail - 1, MAX (0, status.st_size - (gint64) sizeof tail + 1)) : -1;
  close (fd);
  if (n <= 0)
    return NULL;
  tail[n] = '\0';
  for (gssize i = 0; i < n; i++)
    if (tail[i] == '\0')
      tail[i] = ' ';
  end = tail + n;
  while (end > tail && g_ascii_isspace (end[-1]))
    end--;
  *end = '\0';
  for (start = end; start > tail && start[-1] != '\n' && start[-1] != '\r'; start--)
    ;
  return *start != '\0' ? atelier_text_first_line (start, 400) : NULL;
}
