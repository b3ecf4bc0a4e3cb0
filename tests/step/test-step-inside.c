/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "step-fixture.h"

typedef struct
{
  char    *folder;
  char    *path;
  GThread *thread;
  int      listen_fd;
} Echo;

/* Sends back what comes, one connection after the other, until the listening socket is shut down. */
static gpointer
echo (gpointer data)
{
  Echo *self = data;
  static char piece[100 * 1000];
  int fd;

  while ((fd = accept (self->listen_fd, NULL, NULL)) >= 0)
    {
      gssize n;

      while ((n = read (fd, piece, sizeof piece)) > 0)
        for (gssize done = 0, m; done < n; done += m)
          if ((m = send (fd, piece + done, n - done, MSG_NOSIGNAL)) <= 0)
            break;
      close (fd);
    }
  return NULL;
}

static void
listen_echo (Echo *self)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, self->path, sizeof address.sun_path);
  self->listen_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (bind (self->listen_fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  g_assert_cmpint (listen (self->listen_fd, 16), ==, 0);
  self->thread = g_thread_new ("echo", echo, self);
}

static void
set_up (Echo *self, gconstpointer unused)
{
  self->folder = g_dir_make_tmp ("atelier-inside-XXXXXX", NULL);
  self->path = g_build_filename (self->folder, "socket", NULL);
  self->listen_fd = -1;
}

static void
tear_down (Echo *self, gconstpointer unused)
{
  if (self->listen_fd >= 0)
    {
      shutdown (self->listen_fd, SHUT_RDWR);
      g_thread_join (self->thread);
      close (self->listen_fd);
    }
  g_unlink (self->path);
  g_rmdir (self->folder);
  g_free (self->path);
  g_free (self->folder);
}

static int
run_inside (const char *const *argv, char **output)
{
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, NULL, &status, &error);
  g_assert_no_error (error);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
}

#define SANDBOX \
  "bwrap", "--unshare-pid", "--unshare-net", "--die-with-parent", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc"

static void
test_forward (Echo *self, gconstpointer unused)
{
  g_autofree char *forward = g_strdup_printf ("8123=%s", self->path);
  g_autofree char *script = g_strdup_printf (
      "for i in 1 2 3; do %s echo 8123 %d & done; %s echo 8123 1 && %s echo 8123 %d && wait", STEP_HELPER,
      3 * 1000 * 1000, STEP_HELPER, STEP_HELPER, 20 * 1000 * 1000);
  const char *argv[] = { SANDBOX, STEP_PROGRAM, "inside", "--forward", forward, "--", "sh", "-c", script, NULL };
  g_autofree char *output = NULL;

  if (!step_can_sandbox ())
    return;
  listen_echo (self);
  g_assert_cmpint (run_inside (argv, &output), ==, 0);
  g_assert_nonnull (strstr (output, "echoed 20000000 of 20000000"));
  g_assert_nonnull (strstr (output, "echoed 1 of 1"));
}

static gpointer
listen_when_waited_for (gpointer data)
{
  Echo *self = data;
  g_autofree char *waiting = g_build_filename (self->folder, "waiting", NULL);

  while (!g_file_test (waiting, G_FILE_TEST_EXISTS))
    g_usleep (1000);
  g_unlink (waiting);
  listen_echo (self);
  return NULL;
}

/* The socket is not there yet when the command connects. */
static void
test_late (Echo *self, gconstpointer unused)
{
  g_autofree char *forward = g_strdup_printf ("8123=%s", self->path);
  g_autofree char *script = g_strdup_printf ("%s echo 8123 1000 & sleep 0.1; touch %s/waiting; wait $!", STEP_HELPER,
                                             self->folder);
  const char *argv[] = { SANDBOX, STEP_PROGRAM, "inside", "--forward", forward, "sh", "-c", script, NULL };
  g_autofree char *output = NULL;
  GThread *thread;

  if (!step_can_sandbox ())
    return;
  thread = g_thread_new ("late", listen_when_waited_for, self);
  g_assert_cmpint (run_inside (argv, &output), ==, 0);
  g_assert_cmpstr (output, ==, "echoed 1000 of 1000\n");
  g_thread_join (thread);
}

static void
test_status (void)
{
  g_assert_cmpint (run_inside ((const char *[]) { STEP_PROGRAM, "inside", "true", NULL }, NULL), ==, 0);
  g_assert_cmpint (run_inside ((const char *[]){ STEP_PROGRAM, "inside", "--", "sh", "-c", "exit 42", NULL }, NULL),
                   ==, 42);
  g_assert_cmpint (run_inside ((const char *[]){ STEP_PROGRAM, "inside", "sh", "-c", "kill -9 $$", NULL }, NULL), ==,
                   128 + SIGKILL);
  g_assert_cmpint (run_inside ((const char *[]) { STEP_PROGRAM, "inside", "/nonexistent", NULL }, NULL), ==, 127);
  g_assert_cmpint (run_inside ((const char *[]) { STEP_PROGRAM, "inside", "/etc/passwd", NULL }, NULL), ==, 126);
}

/* A child that is orphaned to it is no reason to end or to hang. */
static void
test_orphans (void)
{
  const char *argv[] = { "bwrap",      "--unshare-pid",
                         "--as-pid-1", "--die-with-parent",
                         "--ro-bind",  "/",
                         "/",          "--dev",
                         "/dev",       "--proc",
                         "/proc",      STEP_PROGRAM,
                         "inside",     "sh",
                         "-c",         "for i in 1 2 3 4; do (sh -c 'exit 1' & ); done; sleep 0.05; exit 6",
                         NULL };

  if (step_can_sandbox ())
    g_assert_cmpint (run_inside (argv, NULL), ==, 6);
}

/* TERM to it, from somebody it can see, reaches the command. */
static void
test_signal (void)
{
  const char *argv[] = { STEP_PROGRAM, "inside", STEP_HELPER, "polite", "x", NULL };
  g_autoptr (GError) error = NULL;
  char text[100];
  int out, status;
  gssize n;
  GPid pid;

  g_assert_true (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid,
                                           NULL, &out, NULL, &error));
  n = read (out, text, sizeof text);
  g_assert_cmpmem (text, n, "ready\n", 6);
  kill (pid, SIGTERM);
  n = read (out, text, sizeof text - 1);
  text[MAX (n, 0)] = '\0';
  g_assert_nonnull (strstr (text, "goodbye"));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (WEXITSTATUS (status), ==, 7);
  close (out);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/step/inside/forward", Echo, NULL, set_up, test_forward, tear_down);
  g_test_add ("/step/inside/late", Echo, NULL, set_up, test_late, tear_down);
  g_test_add_func ("/step/inside/status", test_status);
  g_test_add_func ("/step/inside/orphans", test_orphans);
  g_test_add_func ("/step/inside/signal", test_signal);
  return g_test_run ();
}
