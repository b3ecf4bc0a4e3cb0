/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"
#include "atelier-door-server.h"
#include "atelier-door-session.h"
#include "atelier-time.h"

/* Listening. Connections are accepted here and handed to libsoup, since it knows neither Unix sockets nor their
 * owners. It wants internet addresses of both ends, so those of a Unix socket are said to be 127.0.0.1. And it keeps
 * a connection open for a next request only while it listens itself, so it is given a socket that nobody can reach.
 */

struct _AtelierDoorServer
{
  AtelierDoor     door;
  SoupServer     *soup;        /* (owned) */
  GSocketService *service;     /* (owned) */
  GSocketAddress *loopback;    /* (owned) */
  char           *socket_path; /* (owned) (nullable) */
};

static gboolean
is_own_peer (GSocket *socket)
{
  g_autoptr (GCredentials) credentials = NULL;

  if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
    return TRUE;
  credentials = g_socket_get_credentials (socket, NULL);
  return credentials != NULL && g_credentials_get_unix_user (credentials, NULL) == geteuid ();
}

static gboolean
incoming_cb (GSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  AtelierDoorServer *self = user_data;
  GSocket *socket = g_socket_connection_get_socket (connection);

  if (!is_own_peer (socket))
    g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  else
    {
      if (g_socket_get_family (socket) != G_SOCKET_FAMILY_UNIX)
        g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, TRUE, NULL);
      soup_server_accept_iostream (self->soup, G_IO_STREAM (connection), self->loopback, self->loopback, NULL);
    }
  return TRUE;
}

/* A socket's path holds 107 bytes; a run's folder may be deeper, but the way through its descriptor is short. */
static GSocketAddress *
new_unix_address (const char *path, int *folder_fd)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *bound = NULL;

  *folder_fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  bound = g_strdup_printf ("/proc/self/fd/%d/%s", *folder_fd, base);
  return g_unix_socket_address_new (bound);
}

static GSocket *
new_listening_socket (GSocketAddress *address, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, error);

  if (socket == NULL)
    return NULL;
  g_socket_set_listen_backlog (socket, 128);
  if (!g_socket_bind (socket, address, TRUE, error) || !g_socket_listen (socket, error))
    return NULL;
  return g_steal_pointer (&socket);
}

/* Only this user may connect. */
static GSocket *
new_unix_socket (const char *path, GError **error)
{
  int folder_fd;
  g_autoptr (GSocketAddress) address = new_unix_address (path, &folder_fd);
  mode_t mask = umask (0077);
  GSocket *socket = new_listening_socket (address, error);

  umask (mask);
  if (folder_fd >= 0)
    close (folder_fd);
  return socket;
}

AtelierDoorServer *
atelier_door_server_new (const char *store_folder, const char *access_log, const char *secret, GError **error)
{
  g_autoptr (AtelierDoorServer) self = g_new0 (AtelierDoorServer, 1);

  g_return_val_if_fail (store_folder != NULL && access_log != NULL && secret != NULL, NULL);

  if (g_mkdir_with_parents (store_folder, 0755) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), _("Cannot make the folder “%s”: %s"), store_folder,
                   g_strerror (errno));
      return NULL;
    }
  self->door.log = atelier_door_log_open (access_log, error);
  if (self->door.log == NULL)
    return NULL;
  self->door.store_folder = g_canonicalize_filename (store_folder, NULL);
  self->door.secret = g_strdup (secret);
  self->door.pages = atelier_door_pages_new ();
  self->door.cancellable = g_cancellable_new ();
  self->loopback = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  /* Paths as they came: their escapes are part of the signature, and this program has its own idea of what is a bad
   * one. */
  self->soup = soup_server_new ("raw-paths", TRUE, NULL);
  atelier_door_session_attach (self->soup, &self->door);
  self->service = g_object_new (G_TYPE_SOCKET_SERVICE, "active", FALSE, NULL);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
  atelier_door_remove_old_uploads (&self->door, atelier_time_now_us ());
  return g_steal_pointer (&self);
}

void
atelier_door_server_free (AtelierDoorServer *self)
{
  if (self == NULL)
    return;
  if (self->service != NULL)
    {
      g_socket_service_stop (self->service);
      g_socket_listener_close (G_SOCKET_LISTENER (self->service));
    }
  g_clear_object (&self->service);
  if (self->soup != NULL)
    soup_server_disconnect (self->soup);
  if (self->door.cancellable != NULL)
    g_cancellable_cancel (self->door.cancellable);
  while (self->door.n_operations > 0)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&self->soup);
  if (self->socket_path != NULL)
    unlink (self->socket_path);
  g_free (self->socket_path);
  g_clear_object (&self->loopback);
  g_clear_object (&self->door.cancellable);
  g_clear_pointer (&self->door.pages, atelier_door_pages_free);
  g_clear_pointer (&self->door.log, atelier_door_log_free);
  g_free (self->door.store_folder);
  g_free (self->door.secret);
  g_free (self);
}

gboolean
atelier_door_server_listen_unix (AtelierDoorServer *self, const char *path, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  struct stat status;

  if (lstat (path, &status) == 0 && S_ISSOCK (status.st_mode))
    unlink (path);
  socket = new_unix_socket (path, error);
  if (socket == NULL || !g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, error))
    {
      g_prefix_error (error, _("Cannot listen on the socket “%s”: "), path);
      return FALSE;
    }
  self->socket_path = g_strdup (path);
  return TRUE;
}

guint16
atelier_door_server_listen_tcp (AtelierDoorServer *self, guint16 port, GError **error)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", port);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autoptr (GSocket) socket = new_listening_socket (address, error);

  if (socket == NULL || !g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, error) ||
      (bound = g_socket_get_local_address (socket, error)) == NULL)
    {
      g_prefix_error (error, _("Cannot listen on port %u of 127.0.0.1: "), port);
      return 0;
    }
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
}

void
atelier_door_server_start (AtelierDoorServer *self)
{
  g_socket_service_start (self->service);
}
