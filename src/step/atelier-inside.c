/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-inside"

#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-inside.h"

/* The step's way out of a sandbox without network: connections to a port of its own loopback go to a Unix
 * socket that was bound into it. One thread, one poll; a connection is two half pipes, each with a buffer, and
 * is gone when both have ended.
 *
 * The command is a child like any other, in the same session. A signal that comes from inside the sandbox is
 * passed on; one that comes from outside (no sender that we could see: si_pid 0) is the supervisor's, which
 * signals every process itself. */

#define BUFFER_BYTES   (64 * 1024)
#define RETRY_MS       50
#define RETRY_FOR_US   (10 * G_USEC_PER_SEC)
#define CANNOT_SET_UP  125
#define CANNOT_EXECUTE 126
#define NOT_FOUND      127

extern char **environ;

/* One direction. */
typedef struct
{
  char     data[BUFFER_BYTES];
  gsize    from;
  gsize    to;
  gboolean ended;    /* the reading side is at its end */
  gboolean finished; /* and the writing side was told */
} Half;

typedef struct
{
  const AtelierForward *forward;
  int                   tcp_fd;       /* (owned) */
  int                   unix_fd;      /* (owned) -1 while not connected */
  gint64                give_up_us;   /* of connecting */
  gboolean              is_broken;
  Half                  out;          /* from the command to the socket */
  Half                  in;
} Pair;

typedef struct
{
  const AtelierForward *forwards;
  gsize                 n_forwards;
  int                   listen_fds[ATELIER_FORWARDS];
  int                   signal_fd;
  pid_t                 command;
  GPtrArray            *pairs;        /* (owned) of Pair */
} Inside;

static int
complain (int code, const char *what, int number)
{
  fprintf (stderr, "atelier-step: %s: %s\n", what, g_strerror (number));
  return code;
}

static void
pair_free (Pair *pair)
{
  close (pair->tcp_fd);
  if (pair->unix_fd >= 0)
    close (pair->unix_fd);
  g_free (pair);
}

static int
listen_at (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

  if (fd < 0)
    return -1;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind (fd, (struct sockaddr *) &address, sizeof address) == 0 && listen (fd, SOMAXCONN) == 0)
    return fd;
  close (fd);
  return -1;
}

/* A socket that is not there or has a full queue may be so for a moment only: the one behind it was just
 * started. */
static void
try_connect (Pair *pair, gint64 now_us)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  g_strlcpy (address.sun_path, pair->forward->socket_path, sizeof address.sun_path);
  if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
    {
      pair->unix_fd = fd;
      return;
    }
  pair->is_broken = fd < 0 || now_us >= pair->give_up_us ||
                    (errno != ENOENT && errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR);
  if (fd >= 0)
    close (fd);
}

static void
accept_one (Inside *self, gsize index)
{
  int fd = accept4 (self->listen_fds[index], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), yes = 1;
  gint64 now_us = g_get_monotonic_time ();
  Pair *pair;

  if (fd < 0)
    return;
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  pair = g_new (Pair, 1);
  pair->forward = &self->forwards[index];
  pair->tcp_fd = fd;
  pair->unix_fd = -1;
  pair->give_up_us = now_us + RETRY_FOR_US;
  pair->is_broken = FALSE;
  pair->out.from = pair->out.to = pair->in.from = pair->in.to = 0;
  pair->out.ended = pair->out.finished = pair->in.ended = pair->in.finished = FALSE;
  try_connect (pair, now_us);
  g_ptr_array_add (self->pairs, pair);
}

static gboolean
is_passing (int number)
{
  return number == EAGAIN || number == EINTR;
}

/* Reads what there is room for and writes what there is, as far as neither blocks. */
static gboolean
move (Half *half, int from_fd, int to_fd)
{
  if (half->from == half->to && !half->ended)
    {
      gssize n = recv (from_fd, half->data, BUFFER_BYTES, 0);

      if (n < 0 && !is_passing (errno))
        return FALSE;
      half->ended = n == 0;
      half->from = 0;
      half->to = MAX (n, 0);
    }
  if (half->from < half->to)
    {
      gssize n = send (to_fd, half->data + half->from, half->to - half->from, MSG_NOSIGNAL);

      if (n < 0 && !is_passing (errno))
        return FALSE;
      half->from += MAX (n, 0);
    }
  if (half->ended && half->from == half->to && !half->finished)
    {
      shutdown (to_fd, SHUT_WR);
      half->finished = TRUE;
    }
  return TRUE;
}

static void
tend_pair (Pair *pair, gint64 now_us)
{
  if (pair->unix_fd < 0)
    {
      try_connect (pair, now_us);
      return;
    }
  if (!move (&pair->out, pair->tcp_fd, pair->unix_fd) || !move (&pair->in, pair->unix_fd, pair->tcp_fd) ||
      (pair->out.finished && pair->in.finished))
    pair->is_broken = TRUE;
}

/* What to wait for on the side that @in is read from and @out is written to. */
static short
wanted (const Half *in, const Half *out)
{
  return (in->from == in->to && !in->ended ? POLLIN : 0) | (out->from < out->to ? POLLOUT : 0);
}

/* Returns: the exit code once the command ended, or -1 */
static int
reap (Inside *self)
{
  int status, code = -1;
  pid_t pid;

  while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
    if (pid == self->command)
      code = WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
  return code;
}

static int
handle_signals (Inside *self)
{
  struct signalfd_siginfo info;

  while (read (self->signal_fd, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD && info.ssi_pid != 0)
      kill (self->command, info.ssi_signo);
  return reap (self);
}

static void
add_poll (GArray *fds, int fd, short events)
{
  struct pollfd entry = { .fd = fd, .events = events };

  g_array_append_val (fds, entry);
}

static int
run (Inside *self)
{
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (struct pollfd));
  int code = reap (self);

  while (code < 0)
    {
      int timeout_ms = -1;
      guint n_pairs = self->pairs->len;
      gint64 now_us;

      g_array_set_size (fds, 0);
      add_poll (fds, self->signal_fd, POLLIN);
      for (gsize i = 0; i < self->n_forwards; i++)
        add_poll (fds, self->listen_fds[i], POLLIN);
      for (guint i = 0; i < n_pairs; i++)
        {
          const Pair *pair = g_ptr_array_index (self->pairs, i);

          /* a side of which nothing is wanted is left out: it would report its end again and again */
          if (pair->unix_fd < 0)
            timeout_ms = RETRY_MS;
          add_poll (fds, pair->unix_fd < 0 || wanted (&pair->out, &pair->in) == 0 ? -1 : pair->tcp_fd,
                    wanted (&pair->out, &pair->in));
          add_poll (fds, wanted (&pair->in, &pair->out) == 0 ? -1 : pair->unix_fd, wanted (&pair->in, &pair->out));
        }
      if (poll (&g_array_index (fds, struct pollfd, 0), fds->len, timeout_ms) < 0)
        continue;
      now_us = g_get_monotonic_time ();
      for (guint i = n_pairs; i-- > 0;)
        {
          const struct pollfd *entry = &g_array_index (fds, struct pollfd, 1 + self->n_forwards + 2 * i);
          Pair *pair = g_ptr_array_index (self->pairs, i);

          if (pair->unix_fd < 0 || entry[0].revents != 0 || entry[1].revents != 0)
            tend_pair (pair, now_us);
          if (pair->is_broken)
            g_ptr_array_remove_index_fast (self->pairs, i);
        }
      for (gsize i = 0; i < self->n_forwards; i++)
        if (g_array_index (fds, struct pollfd, 1 + i).revents != 0)
          accept_one (self, i);
      if (g_array_index (fds, struct pollfd, 0).revents != 0)
        code = handle_signals (self);
    }
  return code;
}

static int
spawn_command (Inside *self, char **argv)
{
  posix_spawnattr_t attributes;
  sigset_t none;
  int number;

  sigemptyset (&none);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setsigmask (&attributes, &none);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
  number = posix_spawnp (&self->command, argv[0], NULL, &attributes, argv, environ);
  posix_spawnattr_destroy (&attributes);
  return number;
}

/* atelier_inside:
 * @forwards: up to ATELIER_FORWARDS, borrowed
 * @argv: the command
 *
 * Returns: the exit code of this process: the command's, or 128 + its signal, or 125–127 as shells have it */
int
atelier_inside (const AtelierForward *forwards, gsize n_forwards, char **argv)
{
  Inside self = { .forwards = forwards, .n_forwards = n_forwards };
  sigset_t waited;
  int number, code;

  sigemptyset (&waited);
  sigaddset (&waited, SIGCHLD);
  sigaddset (&waited, SIGTERM);
  sigaddset (&waited, SIGINT);
  sigaddset (&waited, SIGHUP);
  sigprocmask (SIG_BLOCK, &waited, NULL);
  self.signal_fd = signalfd (-1, &waited, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self.signal_fd < 0)
    return complain (CANNOT_SET_UP, "signalfd", errno);
  for (gsize i = 0; i < n_forwards; i++)
    {
      self.listen_fds[i] = listen_at (forwards[i].port);
      if (self.listen_fds[i] < 0)
        return complain (CANNOT_SET_UP, _("A port of the sandbox cannot be listened on"), errno);
      if (strlen (forwards[i].socket_path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
        return complain (CANNOT_SET_UP, forwards[i].socket_path, ENAMETOOLONG);
    }
  number = spawn_command (&self, argv);
  if (number != 0)
    return complain (number == ENOENT ? NOT_FOUND : CANNOT_EXECUTE, argv[0], number);
  self.pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) pair_free);
  code = run (&self);
  g_ptr_array_unref (self.pairs);
  return code;
}
