/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-supervisor"

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-supervisor-private.h"

/* One thread, one epoll: the listening socket, the connections, and SIGCHLD and SIGTERM as a descriptor. What
 * is due by the clock is asked of the tasks before each wait. An attempt's end is written to the journal first
 * and then told; whether anybody is there to be told changes nothing else. README.md has the protocol.
 *
 * Connections are closed by marking them and dropped after the events at hand were handled, so that no event
 * names one that is gone. */

#define PACKET_BYTES    (1024 * 1024)
#define SOCKET_BYTES    (1024 * 1024)
#define EVENTS          64
#define TURN_PACKETS    16                     /* of one connection before the others have their turn */
#define FIRST_LINGER_US (10 * G_USEC_PER_SEC)  /* for the first owner */
#define STRAY_US        (G_USEC_PER_SEC / 10)  /* without attempts, before strays are looked for */
#define STRAY_ROUNDS    50                     /* at the end; what is still there then cannot be killed */
#define SERVICE_GRACE_MS 2000

static void
connection_free (AtelierConnection *connection)
{
  close (connection->fd);
  g_free (connection);
}

AtelierSupervisor *
atelier_supervisor_new (int listen_fd, int signal_fd, AtelierJournalWriter *journal, const char *run_name)
{
  AtelierSupervisor *self = g_new0 (AtelierSupervisor, 1);
  struct stat info;

  self->listen_fd = listen_fd;
  self->signal_fd = signal_fd;
  self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  self->control_inode = stat ("control", &info) == 0 ? info.st_ino : 0;
  self->journal = journal;
  self->run_name = g_strdup (run_name);
  self->boot_id = atelier_process_read_boot_id ();
  self->tree = atelier_tree_new ();
  self->tasks = g_ptr_array_new ();
  self->services = g_ptr_array_new_with_free_func ((GDestroyNotify) atelier_task_free);
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) connection_free);
  self->packet = g_malloc (PACKET_BYTES);
  self->idle_since_us = g_get_monotonic_time ();
  self->idle_until_us = self->idle_since_us + FIRST_LINGER_US;
  self->looked_for_strays = TRUE;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, listen_fd,
             &(struct epoll_event) { .events = EPOLLIN, .data.ptr = &self->listen_fd });
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, signal_fd,
             &(struct epoll_event) { .events = EPOLLIN, .data.ptr = &self->signal_fd });
  return self;
}

void
atelier_supervisor_free (AtelierSupervisor *self)
{
  if (self->listen_fd >= 0)
    close (self->listen_fd);
  close (self->signal_fd);
  close (self->epoll_fd);
  g_ptr_array_set_free_func (self->tasks, (GDestroyNotify) atelier_task_free);
  g_ptr_array_unref (self->tasks);
  g_ptr_array_unref (self->services);
  g_ptr_array_unref (self->connections);
  atelier_tree_free (self->tree);
  atelier_journal_writer_free (self->journal);
  g_free (self->run_name);
  g_free (self->boot_id);
  g_free (self->packet);
  g_free (self);
}

static void
handle_connection (AtelierSupervisor *self, AtelierConnection *connection)
{
  for (guint i = 0; i < TURN_PACKETS && !connection->is_gone; i++)
    {
      gssize n = recv (connection->fd, self->packet, PACKET_BYTES, MSG_DONTWAIT | MSG_TRUNC);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        break;
      /* an empty packet cannot be told from the end; no client sends one */
      if (n <= 0)
        connection->is_gone = TRUE;
      else if (n > PACKET_BYTES)
        atelier_supervisor_tell_error (
            connection, _("The request is too large for a packet; “start-file” takes it from a file"));
      else
        atelier_supervisor_handle (self, connection, n);
    }
}

static void
handle_listener (AtelierSupervisor *self)
{
  int fd = accept4 (self->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), size = SOCKET_BYTES;
  struct ucred peer;
  socklen_t length = sizeof peer;
  AtelierConnection *connection;

  if (fd < 0)
    return;
  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != geteuid ())
    {
      close (fd);
      return;
    }
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  connection = g_new0 (AtelierConnection, 1);
  connection->fd = fd;
  g_ptr_array_add (self->connections, connection);
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &(struct epoll_event) { .events = EPOLLIN, .data.ptr = connection });
}

static void
drop_connections (AtelierSupervisor *self)
{
  for (guint i = self->connections->len; i-- > 0;)
    {
      AtelierConnection *connection = g_ptr_array_index (self->connections, i);

      if (!connection->is_gone)
        continue;
      if (connection->task != NULL)
        connection->task->owner = NULL;
      self->said_bye = connection->said_bye;
      g_ptr_array_remove_index_fast (self->connections, i);
      if (self->connections->len == 0)
        self->idle_until_us = g_get_monotonic_time () + ATELIER_LINGER_US;
    }
}

static void
tend (AtelierSupervisor *self, AtelierTask *task, gint64 now_us)
{
  atelier_task_tend (task, self->tree, now_us);
  if (task->tell_at_us > 0 && now_us >= task->tell_at_us)
    atelier_supervisor_tell_started (task);
  if (task->phase == ATELIER_TASK_OVER)
    atelier_supervisor_settle (self, task);
}

static void
reap (AtelierSupervisor *self)
{
  struct rusage usage;
  int status;
  pid_t pid;

  while ((pid = wait4 (-1, &status, WNOHANG, &usage)) > 0)
    for (guint i = 0; i < self->tasks->len; i++)
      {
        AtelierTask *task = g_ptr_array_index (self->tasks, i);

        if (task->root.pid == pid && !task->root.reaped)
          {
            atelier_task_reaped (task, status, &usage);
            tend (self, task, g_get_monotonic_time ());
            break;
          }
      }
}

static void
stop_attempts (AtelierSupervisor *self)
{
  self->is_ending = TRUE;
  for (guint i = 0; i < self->tasks->len; i++)
    {
      AtelierTask *task = g_ptr_array_index (self->tasks, i);

      if (!task->root.is_service)
        atelier_task_stop (task, self->tree, ATELIER_END_REASON_STOPPED, _("The supervisor was told to end"),
                           task->limits.grace_ms);
    }
}

/* The descriptor does not block, since the last look may come without a signal. */
static void
handle_signals (AtelierSupervisor *self)
{
  struct signalfd_siginfo info[8];
  gssize n = read (self->signal_fd, info, sizeof info);

  for (gsize i = 0; n > 0 && i < n / sizeof info[0]; i++)
    if (info[i].ssi_signo == SIGTERM)
      stop_attempts (self);
  reap (self);
}

/* --- Ending --- */

/* What lost all its marks and could have been several attempts' is nobody's any more when no attempt runs. */
static gboolean
kill_strays (AtelierSupervisor *self)
{
  g_autoptr (GArray) processes = atelier_tree_look (self->tree, ATELIER_LOOK_ALL, NULL);
  gboolean found = FALSE;

  for (guint i = 0; i < processes->len; i++)
    if (g_array_index (processes, AtelierProcess, i).root == NULL)
      {
        atelier_process_signal (&g_array_index (processes, AtelierProcess, i), SIGKILL);
        found = TRUE;
      }
  return found;
}

static gboolean
should_end (AtelierSupervisor *self, gint64 now_us)
{
  if (self->n_attempts > 0)
    return FALSE;
  if (self->is_ending)
    return TRUE;
  /* ends that are not recorded: whoever said bye was told of them */
  if (self->retry_at_us > 0 && !self->said_bye)
    return FALSE;
  return self->connections->len == 0 && (self->said_bye || now_us >= self->idle_until_us);
}

static gint64
next_due_us (AtelierSupervisor *self)
{
  gint64 due_us = G_MAXINT64;

  for (guint i = 0; i < self->tasks->len; i++)
    due_us = MIN (due_us, atelier_task_get_due_us (g_ptr_array_index (self->tasks, i)));
  if (self->n_attempts == 0 && self->connections->len == 0)
    due_us = MIN (due_us, self->idle_until_us);
  if (self->n_attempts == 0 && !self->looked_for_strays)
    due_us = MIN (due_us, self->idle_since_us + STRAY_US);
  if (self->retry_at_us > 0)
    due_us = MIN (due_us, self->retry_at_us);
  return due_us;
}

static void
do_due (AtelierSupervisor *self, gint64 now_us)
{
  for (guint i = self->tasks->len; i-- > 0;)
    {
      AtelierTask *task = g_ptr_array_index (self->tasks, i);

      if (now_us >= atelier_task_get_due_us (task))
        tend (self, task, now_us);
    }
  if (self->n_attempts == 0 && !self->looked_for_strays && now_us >= self->idle_since_us + STRAY_US)
    {
      self->looked_for_strays = !kill_strays (self);
      self->idle_since_us = now_us;
    }
  if (self->retry_at_us > 0 && now_us >= self->retry_at_us)
    self->retry_at_us = atelier_journal_writer_flush (self->journal) ? 0 : now_us + ATELIER_RETRY_US;
}

static void
wait_and_handle (AtelierSupervisor *self)
{
  struct epoll_event events[EVENTS];
  gint64 now_us = g_get_monotonic_time (), due_us = next_due_us (self);
  int timeout_ms = due_us == G_MAXINT64 ? -1 : (int) CLAMP ((due_us - now_us + 999) / 1000, 0, 60 * 1000);
  int n = epoll_wait (self->epoll_fd, events, EVENTS, timeout_ms);

  for (int i = 0; i < n; i++)
    if (events[i].data.ptr == &self->listen_fd)
      handle_listener (self);
    else if (events[i].data.ptr == &self->signal_fd)
      handle_signals (self);
    else
      handle_connection (self, events[i].data.ptr);
  now_us = g_get_monotonic_time ();
  if (now_us >= due_us)
    do_due (self, now_us);
  drop_connections (self);
}

/* The name goes first, so that whoever comes now starts a successor; it waits for the journal's lock, which we
 * hold to the end. */
static void
stop_listening (AtelierSupervisor *self)
{
  struct stat info;

  if (self->control_inode != 0 && stat ("control", &info) == 0 && info.st_ino == self->control_inode)
    unlink ("control");
  close (self->listen_fd);
  self->listen_fd = -1;
  self->is_ending = TRUE;
}

/* atelier_supervisor_run:
 *
 * Serves until there is nothing left to do and nobody to do it for. Returns with no process of its own left. */
void
atelier_supervisor_run (AtelierSupervisor *self)
{
  while (!should_end (self, g_get_monotonic_time ()))
    wait_and_handle (self);
  stop_listening (self);
  for (guint i = 0; i < self->tasks->len; i++)
    atelier_task_stop (g_ptr_array_index (self->tasks, i), self->tree, ATELIER_END_REASON_STOPPED, NULL,
                       SERVICE_GRACE_MS);
  while (self->tasks->len > 0)
    wait_and_handle (self);
  for (guint i = 0; i < STRAY_ROUNDS && kill_strays (self); i++)
    {
      poll (&(struct pollfd) { .fd = self->signal_fd, .events = POLLIN }, 1, STRAY_US / 1000);
      handle_signals (self);
    }
  if (!atelier_journal_writer_flush (self->journal))
    g_warning ("%s", _("The journal lacks ends that could not be written"));
}
