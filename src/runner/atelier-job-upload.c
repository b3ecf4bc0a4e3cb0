/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "atelier-job.h"

#include "atelier-listing.h"
#include "atelier-object-file.h"

/* Outputs that are put while the job runs: S3UploadMode Continuous, and checkpoints. Every few seconds whatever has changed is
 * copied, since the script goes on writing to its files; so the store may hold a file of which the end is yet to come, as in
 * the service. What cannot be put now is tried again, at last by the collecting of the finished job, which says why. */

#define EVERY_US (2 * G_USEC_PER_SEC)

/* Where an output's folder is now; -1 when it is not a folder, or one behind a link that the script has made. */
static int
open_folder (AtelierJob *job, const char *inside)
{
  g_auto (GStrv) parts = g_strsplit (inside + strlen ("/opt/ml/"), "/", -1);
  g_autofree char *root = atelier_job_host_path (job, "/opt/ml");
  int fd = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (gsize i = 0; fd >= 0 && parts[i] != NULL; i++)
    {
      int next;

      if (*parts[i] == '\0')
        continue;
      next = openat (fd, parts[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      close (fd);
      fd = next;
    }
  return fd;
}

static void
put_one (AtelierJob *job, AtelierJobOutput *output, int folder_fd, const AtelierListed *listed, GCancellable *cancellable)
{
  g_autofree char *state = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, listed->size_bytes, listed->mtime_ns);
  g_autofree char *uri = NULL;
  g_autofree char *path = NULL;
  g_autoptr (AtelierArtifactFile) file = NULL;
  int fd;

  if (g_strcmp0 (g_hash_table_lookup (output->sent, listed->key), state) == 0)
    return;
  uri = atelier_uri_join (output->uri, listed->key, NULL);
  fd = uri != NULL ? atelier_object_open_beneath (folder_fd, listed->key, NULL) : -1;
  if (fd < 0)
    return;
  path = g_strdup_printf ("/proc/self/fd/%d", fd);
  file = atelier_artifacts_put_file (job->run->artifacts, path, uri, ATELIER_PUT_COPY, cancellable, NULL);
  if (file != NULL)
    g_hash_table_insert (output->sent, g_strdup (listed->key), g_steal_pointer (&state));
  close (fd);
}

static void
put_output (AtelierJob *job, AtelierJobOutput *output, GCancellable *cancellable)
{
  int folder_fd = open_folder (job, output->folder);
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", folder_fd);
  g_autoptr (AtelierListing) listing = NULL;
  AtelierListed listed;

  if (folder_fd < 0)
    return;
  if (output->sent == NULL)
    output->sent = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  listing = atelier_listing_new (path, NULL, NULL);
  while (!g_cancellable_is_cancelled (cancellable) && atelier_listing_next (listing, &listed, NULL))
    put_one (job, output, folder_fd, &listed, cancellable);
  close (folder_fd);
}

/* @cancellable: (nullable) */
void
atelier_job_upload_changed (AtelierJob *job, GCancellable *cancellable)
{
  for (guint i = 0; i < job->outputs->len; i++)
    {
      AtelierJobOutput *output = g_ptr_array_index (job->outputs, i);

      if (output->is_continuous)
        put_output (job, output, cancellable);
    }
}

/* To be called often while the job runs. */
void
atelier_job_upload_when_due (AtelierJob *job)
{
  gint64 now = g_get_monotonic_time ();

  if (job->next_upload_us == 0)
    job->next_upload_us = now + EVERY_US;
  if (now < job->next_upload_us)
    return;
  atelier_job_upload_changed (job, job->run->cancellable);
  job->next_upload_us = g_get_monotonic_time () + EVERY_US;
}
