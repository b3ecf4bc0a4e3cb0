/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "step-fixture.h"

#define LONGEST_WAIT_MS (60 * 1000)

extern char **environ;

/* Through the folder's descriptor, as the engine does it: the path may be too long for a socket address. */
static void
fill_address (struct sockaddr_un *address, int folder_fd)
{
  *address = (struct sockaddr_un) { .sun_family = AF_UNIX };
  g_snprintf (address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/control", folder_fd);
}

int
step_fixture_listen (const char *folder)
{
  int folder_fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  struct sockaddr_un address;

  fill_address (&address, folder_fd);
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (fd, 64), ==, 0);
  close (folder_fd);
  return fd;
}

/* @prefix: (nullable): a command to put before the supervisor's */
pid_t
step_fixture_spawn (const char *folder, const char *const *prefix, int listen_fd)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  posix_spawn_file_actions_t actions;
  pid_t pid;

  for (gsize i = 0; prefix != NULL && prefix[i] != NULL; i++)
    g_ptr_array_add (argv, (gpointer) (strcmp (prefix[i], "FOLDER") == 0 ? folder : prefix[i]));
  g_ptr_array_add (argv, (gpointer) STEP_PROGRAM);
  g_ptr_array_add (argv, (gpointer) "serve");
  g_ptr_array_add (argv, (gpointer) folder);
  g_ptr_array_add (argv, (gpointer) "--listen-fd");
  g_ptr_array_add (argv, (gpointer) "3");
  g_ptr_array_add (argv, NULL);
  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_adddup2 (&actions, listen_fd, 3);
  g_assert_cmpint (posix_spawnp (&pid, argv->pdata[0], &actions, NULL, (char **) argv->pdata, environ), ==, 0);
  posix_spawn_file_actions_destroy (&actions);
  return pid;
}

void
step_fixture_set_up (StepFixture *self, gconstpointer prefix)
{
  g_autofree char *logs = NULL;
  int fd;

  self->folder = g_dir_make_tmp ("atelier-step-XXXXXX", NULL);
  self->mark = g_strdup_printf ("mark-%d-%u", (int) getpid (), g_random_int ());
  self->connections = g_array_new (FALSE, FALSE, sizeof (int));
  logs = g_build_filename (self->folder, "logs", NULL);
  g_assert_cmpint (g_mkdir (logs, 0755), ==, 0);
  fd = step_fixture_listen (self->folder);
  self->pid = step_fixture_spawn (self->folder, prefix, fd);
  close (fd);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        remove_tree (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

void
step_fixture_tear_down (StepFixture *self, gconstpointer unused)
{
  while (self->connections->len > 0)
    {
      step_send (g_array_index (self->connections, int, 0), "{\"op\":\"bye\"}");
      step_fixture_close (self, g_array_index (self->connections, int, 0));
    }
  if (self->pid > 0)
    step_fixture_wait_exit (self);
  g_assert_cmpint (self->exit_code, ==, 0);
  g_assert_cmpint (step_count_marked (self->mark), ==, 0);
  remove_tree (self->folder);
  g_free (self->folder);
  g_free (self->mark);
  g_array_unref (self->connections);
}

int
step_fixture_connect (StepFixture *self)
{
  int folder_fd = open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), size = 1 << 20;
  struct sockaddr_un address;

  fill_address (&address, folder_fd);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  close (folder_fd);
  g_array_append_val (self->connections, fd);
  return fd;
}

void
step_fixture_close (StepFixture *self, int connection)
{
  for (guint i = 0; i < self->connections->len; i++)
    if (g_array_index (self->connections, int, i) == connection)
      g_array_remove_index (self->connections, i--);
  close (connection);
}

/* Sets exit_code: −signal when one ended it. */
void
step_fixture_wait_exit (StepFixture *self)
{
  struct pollfd process = { .fd = pidfd_open (self->pid, 0), .events = POLLIN };
  int status;

  g_assert_cmpint (poll (&process, 1, LONGEST_WAIT_MS), ==, 1);
  close (process.fd);
  g_assert_cmpint (waitpid (self->pid, &status, 0), ==, self->pid);
  self->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  self->pid = 0;
}

GPtrArray *
step_fixture_read_journal (StepFixture *self)
{
  g_autofree char *path = g_build_filename (self->folder, "journal", NULL);
  g_autoptr (GError) error = NULL;
  GPtrArray *entries = atelier_journal_read (path, &error);

  g_assert_no_error (error);
  return entries;
}

const AtelierJournalEntry *
step_fixture_find_entry (GPtrArray *entries, const char *step, gint64 attempt)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const AtelierJournalEntry *entry = g_ptr_array_index (entries, i);

      if (strcmp (entry->step, step) == 0 && entry->attempt == attempt)
        return entry;
    }
  return NULL;
}

char *
step_fixture_read_log (StepFixture *self, const char *name)
{
  g_autofree char *path = g_build_filename (self->folder, "logs", name, NULL);
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, NULL);
  return text != NULL ? text : g_strdup ("");
}

void
step_send (int connection, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (send (connection, text, strlen (text), MSG_NOSIGNAL) < 0)
    g_test_message ("send: %s", g_strerror (errno));
}

/* Returns: (transfer full) (nullable): the next packet; NULL at the end of the connection */
json_t *
step_receive (int connection)
{
  struct pollfd readable = { .fd = connection, .events = POLLIN };
  static char text[1 << 20];
  json_t *packet;
  gssize n;

  if (poll (&readable, 1, LONGEST_WAIT_MS) != 1)
    g_error ("no answer came");
  n = recv (connection, text, sizeof text, 0);
  if (n <= 0)
    return NULL;
  packet = json_loadb (text, n, 0, NULL);
  g_assert_nonnull (packet);
  return packet;
}

/* Returns: (transfer full): the next packet, which must be @op */
json_t *
step_receive_op (int connection, const char *op)
{
  json_t *packet = step_receive (connection);

  g_assert_nonnull (packet);
  if (g_strcmp0 (step_get_text (packet, "op"), op) != 0)
    g_error ("“%s” was expected, “%s” came: %s", op, step_get_text (packet, "op"), json_dumps (packet, 0));
  return packet;
}

/* @limits: (nullable): JSON; then argv. The log is logs/STEP. */
void
step_start (int connection, const char *step, const char *limits, ...)
{
  json_t *packet = json_pack ("{s:s, s:s, s:i, s:[s, s]}", "op", "start", "step", step, "attempt", 1, "env",
                              "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8");
  g_autofree char *log = g_strdup_printf ("logs/%s", step);
  json_t *argv = json_array ();
  const char *argument;
  va_list arguments;
  char *text;

  va_start (arguments, limits);
  while ((argument = va_arg (arguments, const char *)) != NULL)
    json_array_append_new (argv, json_string (argument));
  va_end (arguments);
  json_object_set_new (packet, "argv", argv);
  json_object_set_new (packet, "log", json_string (log));
  if (limits != NULL)
    json_object_set_new (packet, "limits", json_loads (limits, 0, NULL));
  text = json_dumps (packet, JSON_COMPACT);
  g_assert_cmpint (send (connection, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
  free (text);
  json_decref (packet);
}

static gboolean
has_argument (const char *pid, const char *mark)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "cmdline", NULL);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    return FALSE;
  for (const char *argument = text; argument < text + length; argument += strlen (argument) + 1)
    if (strcmp (argument, mark) == 0)
      return TRUE;
  return FALSE;
}

/* Returns: how many processes of this machine have the word among their arguments */
guint
step_count_marked (const char *mark)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (proc)) != NULL)
    if (g_ascii_isdigit (name[0]))
      n += has_argument (name, mark);
  return n;
}

/* At least @wanted, or exactly none. */
void
step_wait_marked (const char *mark, guint wanted)
{
  gint64 until = g_get_monotonic_time () + LONGEST_WAIT_MS * 1000;
  guint n;

  while ((n = step_count_marked (mark)) < wanted || (wanted == 0 && n > 0))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_usleep (1000);
    }
}

void
step_wait_log (StepFixture *self, const char *name, const char *text)
{
  gint64 until = g_get_monotonic_time () + LONGEST_WAIT_MS * 1000;

  for (;;)
    {
      g_autofree char *log = step_fixture_read_log (self, name);

      if (strstr (log, text) != NULL)
        return;
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_usleep (1000);
    }
}

const char *
step_get_text (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

gint64
step_get_int (const json_t *object, const char *key)
{
  g_assert_true (json_is_integer (json_object_get (object, key)));
  return json_integer_value (json_object_get (object, key));
}

/* Whether bubblewrap is here and may do its work; skips the test otherwise. */
gboolean
step_can_sandbox (void)
{
  const char *argv[] = { "bwrap",         "--ro-bind",         "/",    "/", "--unshare-pid",
                         "--unshare-net", "--die-with-parent", "true", NULL };
  int status = -1;

  if (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, NULL,
                    NULL, &status, NULL) &&
      status == 0)
    return TRUE;
  g_test_skip ("bubblewrap is not here or may not make namespaces");
  return FALSE;
}
