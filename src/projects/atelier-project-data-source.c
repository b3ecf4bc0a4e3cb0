/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-projects"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-digest.h"
#include "atelier-project-data.h"
#include "atelier-spawn.h"
#include "atelier-text.h"

/* Where a data set comes from: the person's file, the public one, or a generator, in that order.
 *
 * The public file is fetched by curl(1), which every system has or can have, so that the program itself has no
 * network code. It is taken only when its digest is the template's; whatever goes wrong there is a note, not an
 * error, because the generator gives a sample of the same columns without a network. */

#define CONNECT_SECONDS "5"
#define DOWNLOAD_SECONDS "30"
#define DOWNLOAD_BYTES "1073741824"

/* Runs a program to its end or until @cancellable, which kills its process group.
 * @messages: file that gets its output and messages */
static gboolean
run (const char *const *argv, const char *messages, GCancellable *cancellable, GError **error)
{
  GPollFD cancelled = { .fd = -1 };
  gboolean can_poll = g_cancellable_make_pollfd (cancellable, &cancelled);
  int log = open (messages, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_t pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .stdin_fd = -1, .stdout_fd = log, .stderr_fd = log,
                                               .new_session = TRUE },
                             error);
  int ended = pid > 0 ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
  int status = 0;

  if (ended >= 0)
    {
      struct pollfd fds[2] = { { ended, POLLIN, 0 }, { can_poll ? cancelled.fd : -1, POLLIN, 0 } };

      while (poll (fds, 2, -1) < 0 && errno == EINTR)
        ;
      close (ended);
    }
  if (pid > 0 && g_cancellable_is_cancelled (cancellable))
    kill (-pid, SIGKILL);
  while (pid > 0 && waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (can_poll)
    g_cancellable_release_fd (cancellable);
  if (log >= 0)
    close (log);
  if (pid < 0 || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
    {
      g_autofree char *text = NULL;
      g_autofree char *valid = NULL;
      g_autofree char *last = NULL;

      if (g_file_get_contents (messages, &text, NULL, NULL) && *g_strstrip (text) != '\0')
        {
          /* a Python traceback says the reason in its last line */
          valid = g_utf8_make_valid (strrchr (text, '\n') != NULL ? strrchr (text, '\n') + 1 : text, -1);
          last = atelier_text_first_line (valid, 200);
        }
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s", last != NULL ? last : _("it ended without a word"));
      return FALSE;
    }
  return TRUE;
}

static gboolean
download (const json_t *entry, const char *to, const char *messages, GCancellable *cancellable, GError **error)
{
  const char *url = atelier_json_get_string (entry, "url", NULL);
  g_autofree char *curl = g_find_program_in_path ("curl");
  g_autofree char *digest = NULL;

  if (curl == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("curl is not installed"));
      return FALSE;
    }
  if (!run ((const char *const[]) { curl, "--fail", "--silent", "--show-error", "--location", "--proto",
                                    "=https,http,file", "--proto-redir", "=https,http", "--connect-timeout",
                                    CONNECT_SECONDS, "--max-time", DOWNLOAD_SECONDS, "--max-filesize", DOWNLOAD_BYTES,
                                    "--output", to, "--url", url, NULL },
            messages, cancellable, error))
    return FALSE;
  digest = atelier_digest_file (to, error);
  if (digest == NULL)
    return FALSE;
  if (!g_str_equal (digest, atelier_json_get_string (entry, "sha256", "")))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _("what was found there is another file (its SHA-256 is %s)"), digest);
      return FALSE;
    }
  return TRUE;
}

static gboolean
generate (const json_t *entry, const char *to, const char *messages, GCancellable *cancellable, GError **error)
{
  const char *generator = atelier_json_get_string (entry, "generator", NULL);

  if (!run ((const char *const[]) { "python3", generator, "--output", to, NULL }, messages, cancellable, error))
    {
      g_prefix_error (error, _("Cannot make up the data set “%s”: "), atelier_json_get_string (entry, "file", ""));
      return FALSE;
    }
  return TRUE;
}

/* From the address or from the generator, unchecked, to @raw. */
static gboolean
fetch (const json_t *entry, gboolean offline, const char *raw, const char *messages, AtelierDataSource *source,
       char **note, GCancellable *cancellable, GError **error)
{
  const char *file = atelier_json_get_string (entry, "file", "");
  const char *url = atelier_json_get_string (entry, "url", NULL);
  g_autoptr (GError) local_error = NULL;

  if (url != NULL && !offline)
    {
      if (download (entry, raw, messages, cancellable, &local_error))
        {
          *source = ATELIER_DATA_SOURCE_DOWNLOAD;
          return TRUE;
        }
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      *note = g_strdup_printf (_("“%s” could not be downloaded from %s: %s."), file, url, local_error->message);
    }
  if (atelier_json_get_string (entry, "generator", NULL) != NULL)
    {
      *source = ATELIER_DATA_SOURCE_GENERATED;
      return generate (entry, raw, messages, cancellable, error);
    }
  g_set_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA,
               _("The template needs the data set “%s”: give a CSV file of your own.%s%s"), file,
               *note != NULL ? " " : "", *note != NULL ? *note : "");
  return FALSE;
}

gboolean
atelier_data_obtain_sync (const json_t *entry, const char *file, gboolean offline, const char *to,
                          AtelierDataSource *source, char **note, GCancellable *cancellable, GError **error)
{
  g_autofree char *raw = g_strconcat (to, ".raw", NULL);
  g_autofree char *messages = g_strconcat (to, ".messages", NULL);
  g_autofree char *own_note = NULL;
  AtelierDataSource own_source = ATELIER_DATA_SOURCE_FILE;
  gboolean good;

  g_return_val_if_fail (entry != NULL && to != NULL && source != NULL && note != NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (file != NULL)
    good = atelier_data_check_file (entry, file, to, NULL, error);
  else
    good = fetch (entry, offline, raw, messages, &own_source, &own_note, cancellable, error)
           && atelier_data_check_file (entry, raw, to, NULL, error);
  unlink (raw);
  unlink (messages);
  if (good)
    {
      *source = own_source;
      *note = g_steal_pointer (&own_note);
    }
  return good;
}
