/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <gio/gio.h>

#include "atelier-json.h"
#include "atelier-spawn.h"
#include "base-fixture.h"

/* Processes. The child is mostly this program itself: with “--tell” it says as JSON on its standard output what it
 * has. */

extern char **environ;

static char *self_path;

static int
tell (int argc, char **argv)
{
  g_autoptr (json_t) facts = json_object ();
  g_autoptr (json_t) fds = json_array ();
  g_autoptr (json_t) texts = json_array ();
  g_autofree char *folder = g_get_current_dir ();
  g_autofree char *text = NULL;
  sigset_t mask;
  int n_blocked = 0, n_ignored = 0;

  sigprocmask (SIG_SETMASK, NULL, &mask);
  for (int i = 1; i < SIGRTMAX; i++)
    {
      struct sigaction action;

      n_blocked += sigismember (&mask, i) == 1;
      n_ignored += sigaction (i, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
  for (int i = 0; i < 64; i++)
    if (fcntl (i, F_GETFD) >= 0)
      json_array_append_new (fds, json_integer (i));
  for (int i = 2; i < argc; i++) /* descriptors to be read */
    {
      char piece[100];
      gssize n = read (atoi (argv[i]), piece, sizeof piece - 1);

      piece[MAX (n, 0)] = '\0';
      json_array_append_new (texts, json_string (n < 0 ? g_strerror (errno) : piece));
    }
  json_object_set (facts, "fds", fds);
  json_object_set (facts, "texts", texts);
  atelier_json_set_int (facts, "pid", getpid ());
  atelier_json_set_int (facts, "sid", getsid (0));
  atelier_json_set_int (facts, "pgid", getpgid (0));
  atelier_json_set_int (facts, "blocked", n_blocked);
  atelier_json_set_int (facts, "ignored", n_ignored);
  atelier_json_set_int (facts, "variables", g_strv_length (environ));
  atelier_json_set_string (facts, "folder", folder);
  atelier_json_set_string (facts, "variable", g_getenv ("ATELIER_TEST"));
  text = atelier_json_compact (facts);
  puts (text);
  fputs ("an error\n", stderr);
  return 0;
}

static json_t *
ask (int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  char piece[4096];
  gssize n;
  json_t *facts;

  while ((n = read (fd, piece, sizeof piece)) > 0)
    g_string_append_len (text, piece, n);
  close (fd);
  facts = atelier_json_parse (text->str, (gssize) text->len, &error);
  g_assert_no_error (error);
  return facts;
}

static void
make_pipe (int fds[2])
{
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
}

/* The reading end of a pipe that holds @text and nothing more. */
static int
pipe_with (const char *text)
{
  int fds[2];

  make_pipe (fds);
  g_assert_cmpint (write (fds[1], text, strlen (text)), ==, (gssize) strlen (text));
  close (fds[1]);
  return fds[0];
}

static int
wait_for (pid_t pid)
{
  int status;

  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  return status;
}

static guint
count_own_fds (void)
{
  return fixture_count_files ("/proc/self/fd");
}

/* Facts of a child started by @spawn, whose standard output is set here. */
static json_t *
facts_of (AtelierSpawn spawn)
{
  g_autoptr (GError) error = NULL;
  int out[2];
  pid_t pid;
  json_t *facts;

  make_pipe (out);
  spawn.stdout_fd = out[1];
  pid = atelier_spawn (&spawn, &error);
  g_assert_no_error (error);
  g_assert_cmpint (pid, >, 0);
  close (out[1]);
  facts = ask (out[0]);
  g_assert_cmpint (wait_for (pid), ==, 0);
  g_assert_cmpint (atelier_json_get_int (facts, "pid", 0), ==, pid);
  return facts;
}

static char *
member_text (const json_t *facts, const char *key)
{
  return atelier_json_compact (json_object_get (facts, key));
}

static void
test_descriptors (void)
{
  const char *argv[] = { self_path, "--tell", NULL };
  int stray = open ("/dev/null", O_RDONLY); /* not close-on-exec: the one way to leak */
  guint before = count_own_fds ();
  g_autoptr (json_t) facts = NULL;
  g_autofree char *fds = NULL;
  g_autofree char *expected = g_strdup_printf ("[0,1,2,%d]", stray);

  facts = facts_of ((AtelierSpawn) { .argv = argv, .stdin_fd = -1, .stderr_fd = -1 });
  fds = member_text (facts, "fds");
  g_assert_cmpstr (fds, ==, expected);
  g_assert_cmpuint (count_own_fds (), ==, before);
  close (stray);
}

/* Passed in the order given, whatever their numbers are here: also 3, 4, 5 turned round, and one twice. */
static void
test_pass (void)
{
  const char *argv[] = { self_path, "--tell", "3", "4", "5", "0", NULL };
  int fds[3], pass[4], in = pipe_with ("input");
  guint before;
  g_autoptr (json_t) facts = NULL;
  g_autofree char *texts = NULL;
  g_autofree char *open_fds = NULL;

  for (int i = 0; i < 3; i++)
    {
      g_autofree char *text = g_strdup_printf ("pipe %d", i);

      fds[i] = pipe_with (text);
    }
  for (int i = 0; i < 3; i++)
    pass[i] = fds[2 - i];
  pass[3] = fds[0];
  before = count_own_fds ();
  facts
      = facts_of ((AtelierSpawn){ .argv = argv, .stdin_fd = in, .stderr_fd = -1, .pass_fds = pass, .n_pass_fds = 4 });
  texts = member_text (facts, "texts");
  open_fds = member_text (facts, "fds");
  g_assert_cmpstr (texts, ==, "[\"pipe 2\",\"pipe 1\",\"pipe 0\",\"input\"]");
  g_assert_cmpstr (open_fds, ==, "[0,1,2,3,4,5,6]");
  g_assert_cmpuint (count_own_fds (), ==, before);
  for (int i = 0; i < 3; i++)
    close (fds[i]);
  close (in);
}

/* The child's output is our 2, its errors are our 1: neither overwrites the other. Run in a process of its own, since
 * the numbers 0, 1, 2 have to be chosen. */
static int
swap (void)
{
  const char *argv[] = { "/bin/sh", "-c", "echo to-out; echo to-err >&2; cat", NULL };
  int in = pipe_with ("from-in\n");
  pid_t pid;

  dup3 (in, 5, O_CLOEXEC);
  pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .stdin_fd = 5, .stdout_fd = 2, .stderr_fd = 1 }, NULL);
  if (wait_for (pid) != 0)
    return 1;
  /* with 0 closed the next descriptor is 0 */
  close (0);
  if (open ("/proc/self/fd/1", O_WRONLY | O_CLOEXEC) != 0)
    return 2;
  pid = atelier_spawn (&(AtelierSpawn) { .argv = argv, .stdin_fd = -1, .stdout_fd = 0, .stderr_fd = -1 }, NULL);
  return wait_for (pid) == 0 ? 0 : 3;
}

static void
test_swap (void)
{
  const char *argv[] = { self_path, "--swap", NULL };
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;

  atelier_spawn_capture (argv, NULL, NULL, 60000, &out, &err, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (out, ==, "to-err\nto-out\n");
  g_assert_cmpstr (err, ==, "to-out\nfrom-in\n");
}

/* Default signals, an empty mask, a session of its own, its folder and its environment and nothing else. */
static void
test_surroundings (void)
{
  const char *argv[] = { self_path, "--tell", NULL };
  const char *envp[] = { "ATELIER_TEST=a b=c", NULL };
  void (*handler) (int) = signal (SIGPIPE, SIG_IGN);
  char *folder = fixture_folder_new ();
  g_autofree char *real = realpath (folder, NULL);
  sigset_t mask, before;
  g_autoptr (json_t) own = NULL;
  g_autoptr (json_t) shared = NULL;

  sigfillset (&mask);
  pthread_sigmask (SIG_SETMASK, &mask, &before);
  own = facts_of ((AtelierSpawn){
      .argv = argv, .envp = envp, .folder = folder, .stdin_fd = -1, .stderr_fd = -1, .new_session = TRUE });
  shared = facts_of ((AtelierSpawn) { .argv = argv, .stdin_fd = -1, .stderr_fd = -1 });
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  signal (SIGPIPE, handler);

  g_assert_cmpint (atelier_json_get_int (own, "blocked", -1), ==, 0);
  g_assert_cmpint (atelier_json_get_int (own, "ignored", -1), ==, 0);
  g_assert_cmpint (atelier_json_get_int (own, "sid", -1), ==, atelier_json_get_int (own, "pid", -2));
  g_assert_cmpint (atelier_json_get_int (own, "pgid", -1), ==, atelier_json_get_int (own, "pid", -2));
  g_assert_cmpstr (atelier_json_get_string (own, "variable", NULL), ==, "a b=c");
  g_assert_cmpint (atelier_json_get_int (own, "variables", -1), ==, 1);
  g_assert_cmpstr (atelier_json_get_string (own, "folder", NULL), ==, real);

  g_assert_cmpint (atelier_json_get_int (shared, "sid", -1), ==, getsid (0));
  g_assert_cmpint (atelier_json_get_int (shared, "pgid", -1), ==, getpgid (0));
  g_assert_cmpint (atelier_json_get_int (shared, "variables", -1), ==, g_strv_length (environ));
  g_assert_cmpint (atelier_json_get_int (shared, "blocked", -1), ==, 0);
  fixture_folder_free (folder);
}

static void
test_failures (void)
{
  const char *missing[] = { "/no/such/program", NULL };
  const char *unknown[] = { "atelier-no-such-program", NULL };
  const char *folder[] = { "/", NULL };
  const char *fine[] = { "true", NULL };
  g_autofree char *long_text = g_strnfill (4 << 20, 'x');
  const char *too_long[] = { "true", long_text, NULL };
  const struct
  {
    const char *const *argv;
    const char        *folder;
    int                stdin_fd;
    int                code;
  } cases[] = {
    { missing, NULL, -1, G_IO_ERROR_NOT_FOUND },
    { unknown, NULL, -1, G_IO_ERROR_NOT_FOUND },
    { folder, NULL, -1, G_IO_ERROR_PERMISSION_DENIED },
    { fine, "/no/such/folder", -1, G_IO_ERROR_NOT_FOUND },
    { fine, NULL, 999, G_IO_ERROR_FAILED },
    { too_long, NULL, -1, G_IO_ERROR_FAILED },
  };
  guint before = count_own_fds ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      pid_t pid = atelier_spawn (&(AtelierSpawn){ .argv = cases[i].argv,
                                                  .folder = cases[i].folder,
                                                  .stdin_fd = cases[i].stdin_fd,
                                                  .stdout_fd = -1,
                                                  .stderr_fd = -1 },
                                 &error);

      g_assert_cmpint (pid, ==, -1);
      g_assert_error (error, G_IO_ERROR, cases[i].code);
      g_assert_nonnull (strstr (error->message, cases[i].argv[0]));
    }
  g_assert_cmpuint (count_own_fds (), ==, before);
  g_assert_cmpint (waitpid (-1, NULL, WNOHANG), ==, -1); /* no child is left, not even a dead one */
  g_assert_cmpint (errno, ==, ECHILD);
}

/* Found in PATH as it is here, not as the child's environment has it. */
static void
test_path (void)
{
  const char *argv[] = { "atelier-test-program", NULL };
  const char *envp[] = { "PATH=/nowhere", NULL };
  char *folder = fixture_folder_new ();
  g_autofree char *program = fixture_path (folder, argv[0]);
  g_autofree char *path = g_strdup (g_getenv ("PATH"));
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;

  fixture_write (folder, argv[0], "#!/bin/sh\necho \"$PATH\"\n");
  chmod (program, 0755);
  g_setenv ("PATH", folder, TRUE);
  atelier_spawn_capture (argv, envp, NULL, 60000, &out, NULL, NULL, &error);
  g_setenv ("PATH", path, TRUE);
  g_assert_no_error (error);
  g_assert_cmpstr (out, ==, "/nowhere\n");
  fixture_folder_free (folder);
}

/* --- capture --- */

static gboolean
shell (const char *script, int timeout_ms, char **out, char **err, int *status, GError **error)
{
  const char *argv[] = { "/bin/sh", "-c", script, NULL };

  return atelier_spawn_capture (argv, NULL, NULL, timeout_ms, out, err, status, error);
}

static void
test_capture (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_assert_true (
      shell ("echo out; echo err >&2; read line; echo \"<$line>\"; exit 3", 60000, &out, &err, &status, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (out, ==, "out\n<>\n");
  g_assert_cmpstr (err, ==, "err\n");
  g_assert_cmpint (status, ==, 3);
  g_assert_true (shell ("kill -SEGV $$", 60000, NULL, NULL, &status, &error));
  g_assert_cmpint (status, ==, 128 + SIGSEGV);
  g_assert_true (shell ("true", 0, NULL, NULL, NULL, &error));
  g_assert_false (shell ("echo nothing; echo why >&2; exit 7", 60000, NULL, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "code 7: why"));
  g_clear_error (&error);
  g_assert_false (shell ("echo only out; exit 1", 60000, NULL, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "only out"));
}

/* More than pipes hold, on both at the same time. */
static void
test_capture_large (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (
      shell ("i=0; line=$(printf %01000d 0); while [ $i -lt 1000 ]; do i=$((i+1)); echo $line; echo $line >&2; done",
             120000, &out, &err, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (strlen (out), ==, 1001000);
  g_assert_cmpuint (strlen (err), ==, 1001000);
  g_assert_cmpuint (strspn (out, "0\n"), ==, 1001000);
}

typedef struct
{
  pid_t   pid;
  guint64 ticks;
  char   *boot_id;
} Process;

static gboolean
is_gone (gpointer user_data)
{
  Process *process = user_data;

  return !atelier_process_is_alive (process->pid, process->ticks, process->boot_id);
}

/* A program that answers too late is ended with all it has started, whether or not it keeps its output open. */
static void
test_capture_timeout (void)
{
  const char *scripts[] = {
    "sleep 1000 & echo $! >pid; wait",
    "sleep 1000 & echo $! >pid; exec >&- 2>&-; wait",
    "sleep 1000 & echo $! >pid; while :; do echo more; sleep 0.01; done",
    "trap '' TERM INT HUP; sleep 1000 & echo $! >pid; wait",
  };
  g_autofree char *boot_id = atelier_process_boot_id ();
  guint before = count_own_fds ();

  for (gsize i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      char *folder = fixture_folder_new ();
      const char *argv[] = { "/bin/sh", "-c", scripts[i], NULL };
      g_autofree char *text = NULL;
      g_autofree char *out = NULL;
      g_autoptr (GError) error = NULL;
      Process sleeper = { .boot_id = boot_id };

      g_assert_false (atelier_spawn_capture (argv, NULL, folder, 1500, &out, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
      g_assert_nonnull (strstr (error->message, "1.5 seconds"));
      g_assert_null (out);
      text = fixture_read (folder, "pid");
      sleeper.pid = atoi (text);
      sleeper.ticks = atelier_process_start_ticks (sleeper.pid);
      g_assert_true (sleeper.ticks == 0 || fixture_wait (is_gone, &sleeper));
      fixture_folder_free (folder);
    }
  g_assert_cmpuint (count_own_fds (), ==, before);
}

/* What a program leaves in the background, its output still open, keeps nobody waiting. */
static void
test_capture_background (void)
{
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;
  pid_t pid;

  g_assert_true (shell ("sleep 1000 & echo $!; echo said >&2", 0, &out, &err, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (err, ==, "said\n");
  pid = atoi (out);
  g_assert_cmpint (pid, >, 1);
  g_assert_cmpint (kill (pid, SIGKILL), ==, 0);
}

/* --- identity --- */

static void
test_identity (void)
{
  const char *argv[] = { "sleep", "1000", NULL };
  g_autofree char *boot_id = atelier_process_boot_id ();
  g_autoptr (GError) error = NULL;
  guint64 own = atelier_process_start_ticks (getpid ()), ticks;
  pid_t pid
      = atelier_spawn (&(AtelierSpawn){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 }, &error);
  siginfo_t info;

  g_assert_no_error (error);
  g_assert_true (g_uuid_string_is_valid (boot_id));
  ticks = atelier_process_start_ticks (pid);
  g_assert_cmpuint (own, >, 0);
  g_assert_cmpuint (ticks, >=, own);
  g_assert_true (atelier_process_is_alive (getpid (), own, boot_id));
  g_assert_true (atelier_process_is_alive (pid, ticks, boot_id));
  g_assert_false (atelier_process_is_alive (pid, ticks + 1, boot_id));
  g_assert_false (atelier_process_is_alive (pid, ticks, "7f0c5c1e-0000-4000-8000-000000000000"));
  g_assert_false (atelier_process_is_alive (pid, ticks, ""));
  g_assert_false (atelier_process_is_alive (pid, ticks, NULL));
  g_assert_false (atelier_process_is_alive (0, 0, boot_id));
  g_assert_false (atelier_process_is_alive (-1, 0, boot_id));
  kill (pid, SIGKILL);
  /* dead but not yet waited for: no longer alive */
  g_assert_cmpint (waitid (P_PID, pid, &info, WEXITED | WNOWAIT), ==, 0);
  g_assert_false (atelier_process_is_alive (pid, ticks, boot_id));
  wait_for (pid);
  g_assert_false (atelier_process_is_alive (pid, ticks, boot_id));
  g_assert_cmpuint (atelier_process_start_ticks (pid), ==, 0);
}

/* A name with blanks and brackets shifts the fields of /proc/PID/stat for who does not look out. */
static void
test_identity_name (void)
{
  g_autofree char *boot_id = atelier_process_boot_id ();
  guint64 before = atelier_process_start_ticks (getpid ());
  char name[16] = { 0 };

  prctl (PR_GET_NAME, name);
  prctl (PR_SET_NAME, "a) Z 1 (b) 2");
  g_assert_cmpuint (atelier_process_start_ticks (getpid ()), ==, before);
  g_assert_true (atelier_process_is_alive (getpid (), before, boot_id));
  prctl (PR_SET_NAME, name);
}

/* Many at the same time from several threads: no descriptor of one gets into another's child. */
static gpointer
spawn_some (gpointer data)
{
  for (int i = 0; i < 40; i++)
    {
      const char *argv[] = { self_path, "--tell", NULL };
      g_autofree char *out = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (json_t) facts = NULL;
      g_autofree char *fds = NULL;

      atelier_spawn_capture (argv, NULL, NULL, 60000, &out, NULL, NULL, &error);
      g_assert_no_error (error);
      facts = atelier_json_parse (out, -1, &error);
      g_assert_no_error (error);
      fds = member_text (facts, "fds");
      g_assert_cmpstr (fds, ==, data);
    }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[4];
  guint before = count_own_fds ();

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("spawns", spawn_some, (gpointer) "[0,1,2]");
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (count_own_fds (), ==, before);
}

int
main (int argc, char **argv)
{
  int status;

  if (argc > 1 && strcmp (argv[1], "--tell") == 0)
    return tell (argc, argv);
  if (argc > 1 && strcmp (argv[1], "--swap") == 0)
    return swap ();
  g_test_init (&argc, &argv, NULL);
  self_path = g_file_read_link ("/proc/self/exe", NULL);
  /* what this program was started with does not go on to the children */
  for (int fd = 3; fd < 64; fd++)
    if (fcntl (fd, F_GETFD) >= 0)
      fcntl (fd, F_SETFD, FD_CLOEXEC);
  g_test_add_func ("/spawn/descriptors", test_descriptors);
  g_test_add_func ("/spawn/pass", test_pass);
  g_test_add_func ("/spawn/swap", test_swap);
  g_test_add_func ("/spawn/surroundings", test_surroundings);
  g_test_add_func ("/spawn/failures", test_failures);
  g_test_add_func ("/spawn/path", test_path);
  g_test_add_func ("/spawn/threads", test_threads);
  g_test_add_func ("/capture/plain", test_capture);
  g_test_add_func ("/capture/large", test_capture_large);
  g_test_add_func ("/capture/timeout", test_capture_timeout);
  g_test_add_func ("/capture/background", test_capture_background);
  g_test_add_func ("/process/identity", test_identity);
  g_test_add_func ("/process/name", test_identity_name);
  status = g_test_run ();
  g_free (self_path);
  return status;
}
