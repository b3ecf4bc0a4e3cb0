/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-supervisor-client.h"

#include "atelier-files.h"
#include "atelier-programs.h"
#include "atelier-runner-error.h"
#include "atelier-spawn.h"

#define PACKET_BYTES (1 << 20)
#define INLINE_BYTES (100 * 1024) /* larger requests go through a file: a socket's buffer may be no larger than 200 KiB */

struct _AtelierSupervisor
{
  char  *run_folder;
  int    folder_fd; /* O_PATH: addresses of sockets are short, paths of workspaces may be long */
  GMutex lock;      /* guards starting */
  pid_t  pid;       /* of the process that this program started; 0: none, or another program's */
};

struct _AtelierSupervisorLink
{
  AtelierSupervisor *supervisor; /* (unowned) */
  int                fd;
  char              *packet;     /* receive buffer */
  char              *request_path; /* (nullable): the file of a large request, until it is answered */
};

AtelierSupervisor *
atelier_supervisor_new (const char *run_folder)
{
  AtelierSupervisor *self = g_new0 (AtelierSupervisor, 1);

  self->run_folder = g_strdup (run_folder);
  self->folder_fd = -1;
  g_mutex_init (&self->lock);
  return self;
}

void
atelier_supervisor_free (AtelierSupervisor *self)
{
  if (self->pid > 0)
    {
      /* the last link said bye: it ends at once unless it still supervises something, and then outlives this program */
      for (int i = 0; i < 300 && waitpid (self->pid, NULL, WNOHANG) == 0; i++)
        poll (NULL, 0, 10);
    }
  if (self->folder_fd >= 0)
    close (self->folder_fd);
  g_mutex_clear (&self->lock);
  g_free (self->run_folder);
  g_free (self);
}

const char *
atelier_supervisor_get_run_folder (AtelierSupervisor *self)
{
  return self->run_folder;
}

static gboolean
fault (GError **error, const char *what)
{
  int saved = errno;

  g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT, _("The supervisor of steps cannot be %s: %s"), what,
               g_strerror (saved));
  return FALSE;
}

static struct sockaddr_un
control_address (AtelierSupervisor *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/control", self->folder_fd);
  return address;
}

static int
try_connect (AtelierSupervisor *self)
{
  struct sockaddr_un address = control_address (self);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  int size = PACKET_BYTES;

  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  close (fd);
  return -1;
}

static gboolean
start_process (AtelierSupervisor *self, GError **error)
{
  g_autofree char *program = atelier_programs_find ("atelier-step", error);
  g_autofree char *control = g_build_filename (self->run_folder, "control", NULL);
  const char *argv[] = { program, "serve", self->run_folder, "--listen-fd", "3", NULL };
  struct sockaddr_un address = control_address (self);
  int listener;

  if (program == NULL)
    return FALSE;
  unlink (control);
  listener = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind (listener, (struct sockaddr *) &address, sizeof address) < 0 || listen (listener, 256) < 0)
    {
      fault (error, _("reached"));
      if (listener >= 0)
        close (listener);
      return FALSE;
    }
  self->pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .folder = "/", .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1,
                                               .pass_fds = &listener, .n_pass_fds = 1, .new_session = TRUE },
                             error);
  close (listener);
  return self->pid > 0;
}

/* atelier_supervisor_connect:
 *
 * Connects to the execution's supervisor, which is started when there is none. Blocks for a moment.
 *
 * Returns: (transfer full) (nullable) */
AtelierSupervisorLink *
atelier_supervisor_connect (AtelierSupervisor *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  AtelierSupervisorLink *link;
  int fd;

  if (self->folder_fd < 0)
    {
      self->folder_fd = open (self->run_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (self->folder_fd < 0)
        {
          fault (error, _("reached"));
          return NULL;
        }
    }
  fd = try_connect (self);
  if (fd < 0)
    {
      if (self->pid > 0)
        waitpid (self->pid, NULL, WNOHANG);
      if (!start_process (self, error))
        return NULL;
      fd = try_connect (self);
      if (fd < 0)
        {
          fault (error, _("reached"));
          return NULL;
        }
    }
  link = g_new0 (AtelierSupervisorLink, 1);
  link->supervisor = self;
  link->fd = fd;
  link->packet = g_malloc (PACKET_BYTES);
  return link;
}

/* A request holds the environment of an attempt: it does not stay on disk. */
static void
remove_request (AtelierSupervisorLink *self)
{
  if (self->request_path != NULL)
    unlink (self->request_path);
  g_clear_pointer (&self->request_path, g_free);
}

void
atelier_supervisor_link_free (AtelierSupervisorLink *self)
{
  static const char bye[] = "{\"op\":\"bye\"}";

  (void) !send (self->fd, bye, sizeof bye - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  close (self->fd);
  remove_request (self);
  g_free (self->packet);
  g_free (self);
}

gboolean
atelier_supervisor_link_is_idle (AtelierSupervisorLink *self)
{
  struct pollfd fd = { self->fd, POLLIN, 0 };

  return poll (&fd, 1, 0) == 0;
}

/* Puts a request that is too large for a packet into a file. Returns: (transfer full) (nullable): the packet that names it */
static char *
write_request (AtelierSupervisorLink *self, const json_t *request, const char *text, GError **error)
{
  g_autofree char *relative = g_strconcat (atelier_json_get_string (request, "log", "request"), ".request", NULL);
  g_autofree char *path = g_build_filename (self->supervisor->run_folder, relative, NULL);
  g_autoptr (json_t) reference = json_pack ("{s:s, s:s}", "op", "start-file", "path", relative);

  remove_request (self);
  if (!atelier_files_write_atomic (path, text, -1, 0600, error))
    return NULL;
  self->request_path = g_steal_pointer (&path);
  return atelier_json_compact (reference);
}

/* atelier_supervisor_link_send:
 * @request: an object as src/step/README.md has them; a "start" too large for a packet goes by way of a file beside the
 *   attempt's log, which is removed once it was answered */
gboolean
atelier_supervisor_link_send (AtelierSupervisorLink *self, const json_t *request, GError **error)
{
  g_autofree char *text = atelier_json_compact (request);

  if (strlen (text) > INLINE_BYTES)
    {
      char *reference = write_request (self, request, text, error);

      if (reference == NULL)
        return FALSE;
      g_free (text);
      text = reference;
    }
  while (send (self->fd, text, strlen (text), MSG_NOSIGNAL) < 0)
    if (errno != EINTR)
      {
        if (errno == EPIPE || errno == ECONNRESET)
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The supervisor of steps has ended"));
        else
          fault (error, _("asked"));
        return FALSE;
      }
  return TRUE;
}

json_t *
atelier_supervisor_link_receive (AtelierSupervisorLink *self, int timeout_ms, int wake_fd, GError **error)
{
  struct pollfd fds[2] = { { self->fd, POLLIN, 0 }, { wake_fd, POLLIN, 0 } };
  gssize n;

  while (poll (fds, wake_fd >= 0 ? 2 : 1, timeout_ms) < 0)
    if (errno != EINTR)
      {
        fault (error, _("heard"));
        return NULL;
      }
  if (fds[0].revents == 0)
    return NULL;
  do
    n = recv (self->fd, self->packet, PACKET_BYTES, 0);
  while (n < 0 && errno == EINTR);
  if (n <= 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _("The supervisor of steps has ended"));
      return NULL;
    }
  remove_request (self);
  return atelier_json_parse (self->packet, n, error);
}
