/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

/* Programs that misbehave in the ways a supervisor must cope with. Whatever runs away here ends by itself after
 * a while, so that a failing test leaves nothing for long. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#define LIFE_SECONDS 60

static char self[4096];

/* pause MARK: does not go on TERM */
_Noreturn static void
do_pause (void)
{
  signal (SIGTERM, SIG_IGN);
  signal (SIGHUP, SIG_IGN);
  alarm (LIFE_SECONDS);
  if (write (1, "pausing\n", 8) < 0)
    _exit (9);
  for (;;)
    pause ();
}

static void
become_pause (const char *mark, int keep_environment)
{
  const char *none[] = { NULL }, *argv[] = { self, "pause", mark, NULL };

  execve (self, (char **) argv, keep_environment ? environ : (char **) none);
  _exit (99);
}

static void
daemonize (const char *mark, int unmark)
{
  if (fork () != 0)
    return;
  setsid ();
  if (fork () != 0)
    _exit (0);
  setsid ();
  if (unmark)
    {
      struct rlimit limit;

      getrlimit (RLIMIT_MSGQUEUE, &limit);
      limit.rlim_cur = 4096;
      setrlimit (RLIMIT_MSGQUEUE, &limit);
    }
  become_pause (mark, 0);
}

/* daemons MARK HOW: leaves daemons; then "stay" (ignoring TERM) or "leave" */
static int
do_daemons (const char *mark, const char *how)
{
  for (int i = 0; i < 3; i++)
    daemonize (mark, 0);
  daemonize (mark, strcmp (how, "stay-unmarked") == 0 || strcmp (how, "leave-unmarked") == 0);
  if (fork () == 0)
    become_pause (mark, 1);
  printf ("ready\n");
  fflush (stdout);
  if (strncmp (how, "leave", 5) == 0)
    return 3;
  do_pause ();
}

/* eat: as much memory as there is, as fast as it goes */
static int
do_eat (int share)
{
  alarm (LIFE_SECONDS);
  if (share)
    fork ();
  for (;;)
    {
      char *piece = mmap (NULL, 1 << 20, PROT_READ | PROT_WRITE, (share ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS,
                          -1, 0);

      if (piece == MAP_FAILED)
        return 5;
      memset (piece, 1, 1 << 20);
    }
}

/* flood BYTES: numbered lines of 64 bytes, as fast as it goes */
static int
do_flood (long long bytes)
{
  static char block[1 << 16];
  long long line = 0;

  while (line * 64 < bytes)
    {
      for (size_t at = 0; at < sizeof block; at += 64)
        {
          snprintf (block + at, 64, "line %012lld ", line++);
          memset (block + at + 18, '.', 45);
          block[at + 63] = '\n';
        }
      for (size_t done = 0; done < sizeof block;)
        {
          ssize_t n = write (1, block + done, sizeof block - done);

          if (n < 0)
            return 6;
          done += n;
        }
    }
  return 0;
}

/* bomb MARK: children that have children */
_Noreturn static void
do_bomb (void)
{
  for (;;)
    {
      alarm (LIFE_SECONDS / 4);
      if (fork () < 0)
        usleep (100);
    }
}

static void
on_term (int number)
{
  static const char text[] = "had time to say goodbye\n";

  if (write (1, text, sizeof text - 1) < 0)
    _exit (9);
  _exit (7);
}

/* polite MARK: goes on TERM, with a word */
_Noreturn static void
do_polite (void)
{
  signal (SIGTERM, on_term);
  alarm (LIFE_SECONDS);
  if (write (1, "ready\n", 6) < 0)
    _exit (9);
  for (;;)
    pause ();
}

/* both: lines to standard output and standard error in turn */
static int
do_both (void)
{
  for (int i = 0; i < 1000; i++)
    {
      char line[32];
      int n = snprintf (line, sizeof line, "%d\n", i);

      if (write (1 + i % 2, line, n) != n)
        return 8;
    }
  return 0;
}

/* no-marks PROGRAM …: runs it where the limit that serves as a mark cannot be set */
static int
do_no_marks (char **argv)
{
  struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_MSGQUEUE, &none);
  execv (argv[0], argv);
  return 99;
}

/* echo PORT BYTES: sends a pattern, closes its half, reads what comes back and compares */
static int
do_echo (int port, long bytes)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  unsigned char *text = malloc (bytes), *answer = malloc (bytes + 1);
  int is_same;
  long got = 0;

  for (long i = 0; i < bytes; i++)
    text[i] = i * 7 + i / 251;
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    {
      perror ("connect");
      return 11;
    }
  if (fork () == 0)
    {
      for (long done = 0; done < bytes;)
        {
          ssize_t n = write (fd, text + done, bytes - done);

          if (n <= 0)
            _exit (1);
          done += n;
        }
      shutdown (fd, SHUT_WR);
      _exit (0);
    }
  for (ssize_t n; got <= bytes && (n = read (fd, answer + got, bytes + 1 - got)) > 0;)
    got += n;
  printf ("echoed %ld of %ld\n", got, bytes);
  is_same = got == bytes && memcmp (text, answer, bytes) == 0;
  free (text);
  free (answer);
  return is_same ? 0 : 12;
}

int
main (int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);

  if (n > 0)
    self[n] = '\0';
  if (strcmp (what, "pause") == 0)
    do_pause ();
  if (strcmp (what, "daemons") == 0 && argc > 3)
    return do_daemons (argv[2], argv[3]);
  if (strcmp (what, "eat") == 0)
    return do_eat (0);
  if (strcmp (what, "eat-shared") == 0)
    return do_eat (1);
  if (strcmp (what, "flood") == 0 && argc > 2)
    return do_flood (atoll (argv[2]));
  if (strcmp (what, "bomb") == 0)
    do_bomb ();
  if (strcmp (what, "polite") == 0)
    do_polite ();
  if (strcmp (what, "both") == 0)
    return do_both ();
  if (strcmp (what, "no-marks") == 0 && argc > 2)
    return do_no_marks (argv + 2);
  if (strcmp (what, "echo") == 0 && argc > 3)
    return do_echo (atoi (argv[2]), atol (argv[3]));
  return 98;
}
