/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-git-private.h"

/* Cloning, from a folder or an address, with progress and cancel.
 *
 * A folder is cloned through the same transport as an address and never by copying its object files: the clone then
 * shares no inode with its source, a link planted in the source's objects is not followed, and progress and cancel
 * work alike. Cancelling takes effect at the next callback; libgit2 has none while it waits for a connection. */

#define REPORT_INTERVAL_US (50 * 1000)

typedef struct
{
  AtelierGitProgress progress;
  gpointer           user_data;
  GCancellable      *cancellable;
  gint64             reported_us; /* monotonic: when progress was told last, */
  const char        *reported;    /* (nullable) and of what */
  gboolean           asked_agent; /* an ssh agent is asked once: libgit2 repeats the question until it is answered */
} Clone;

static int
report (Clone *clone, const char *what, guint64 done, guint64 total)
{
  gint64 now_us = g_get_monotonic_time ();

  if (g_cancellable_is_cancelled (clone->cancellable))
    return GIT_EUSER;
  if (clone->progress != NULL
      && (done == total || clone->reported != what || now_us - clone->reported_us >= REPORT_INTERVAL_US))
    {
      clone->reported_us = now_us;
      clone->reported = what;
      clone->progress (what, done, total, clone->user_data);
    }
  return 0;
}

static int
transfer_progress_cb (const git_indexer_progress *stats, void *payload)
{
  return report (payload, _("Receiving objects"), stats->received_objects, stats->total_objects);
}

static int
sideband_progress_cb (const char *text, int length, void *payload)
{
  Clone *clone = payload;

  return g_cancellable_is_cancelled (clone->cancellable) ? GIT_EUSER : 0;
}

static void
checkout_progress_cb (const char *path, size_t done, size_t total, void *payload)
{
  report (payload, _("Writing files"), done, total);
}

static int
checkout_notify_cb (git_checkout_notify_t why, const char *path, const git_diff_file *baseline,
                    const git_diff_file *target, const git_diff_file *workdir, void *payload)
{
  Clone *clone = payload;

  return g_cancellable_is_cancelled (clone->cancellable) ? GIT_EUSER : 0;
}

static int
credentials_cb (git_credential **out, const char *address, const char *user, unsigned int allowed, void *payload)
{
  Clone *clone = payload;

  if ((allowed & GIT_CREDENTIAL_SSH_KEY) != 0 && !clone->asked_agent)
    {
      clone->asked_agent = TRUE;
      return git_credential_ssh_key_from_agent (out, user != NULL ? user : "git");
    }
  if ((allowed & GIT_CREDENTIAL_USERNAME) != 0)
    return git_credential_username_new (out, "git");
  git_error_set_str (GIT_ERROR_NET,
                     _("it asks for a sign-in. Clone it with your Git client and give the folder's path instead"));
  return GIT_EAUTH;
}

gboolean
atelier_git_is_address (const char *text)
{
  const char *colon;

  g_return_val_if_fail (text != NULL, FALSE);

  if (strstr (text, "://") != NULL)
    return TRUE;
  /* person@host:path, where no slash stands before the colon */
  colon = strchr (text, ':');
  return colon != NULL && colon != text && memchr (text, '/', colon - text) == NULL
         && memchr (text, '@', colon - text) != NULL;
}

gboolean
atelier_git_clone_sync (const char *source, const char *folder, AtelierGitProgress progress, gpointer user_data,
                        GCancellable *cancellable, GError **error)
{
  Clone clone = { .progress = progress, .user_data = user_data, .cancellable = cancellable };
  git_clone_options options = GIT_CLONE_OPTIONS_INIT;
  g_autoptr (git_repository) repository = NULL;
  g_autofree char *from = NULL;
  gboolean made;
  int result;

  g_return_val_if_fail (source != NULL && folder != NULL, FALSE);

  atelier_git_start ();
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (atelier_git_is_address (source))
    from = g_strdup (source);
  else
    {
      g_autoptr (git_repository) there = NULL;

      /* Opened first for its clear sentences; a relative path would be relative to the clone later. */
      from = g_canonicalize_filename (source, NULL);
      there = atelier_git_open (from, GIT_REPOSITORY_OPEN_NO_SEARCH, error);
      if (there == NULL)
        return FALSE;
    }
  if (!atelier_git_make_empty_folder (folder, &made, error))
    return FALSE;

  options.local = GIT_CLONE_NO_LOCAL;
  options.checkout_opts.progress_cb = checkout_progress_cb;
  options.checkout_opts.progress_payload = &clone;
  options.checkout_opts.notify_flags = GIT_CHECKOUT_NOTIFY_UPDATED;
  options.checkout_opts.notify_cb = checkout_notify_cb;
  options.checkout_opts.notify_payload = &clone;
  options.fetch_opts.callbacks.transfer_progress = transfer_progress_cb;
  options.fetch_opts.callbacks.sideband_progress = sideband_progress_cb;
  options.fetch_opts.callbacks.credentials = credentials_cb;
  options.fetch_opts.callbacks.payload = &clone;
  result = git_clone (&repository, from, folder, &options);
  if (result == 0 && g_cancellable_is_cancelled (cancellable))
    result = GIT_EUSER;
  if (result < 0)
    {
      if (!g_cancellable_set_error_if_cancelled (cancellable, error))
        atelier_git_set_error (error, result, _("Cannot clone “%s”"), source);
      atelier_git_clear_folder (folder, made);
    }
  return result == 0;
}
