/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-sandbox.h"

/* bubblewrap's command line: what an attempt sees, and what it does not. */

/* Where an option with these operands stands; -1 when it is not there. @b: (nullable) */
static int
find (GStrv argv, const char *option, const char *a, const char *b)
{
  for (int i = 0; argv[i] != NULL; i++)
    if (strcmp (argv[i], option) == 0 && (a == NULL || (argv[i + 1] != NULL && strcmp (argv[i + 1], a) == 0)) &&
        (b == NULL || (argv[i + 1] != NULL && argv[i + 2] != NULL && strcmp (argv[i + 2], b) == 0)))
      return i;
  return -1;
}

static GStrv
wrap (AtelierSandbox *sandbox, const char *folder)
{
  static const char *const command[] = { "/usr/bin/python3", "-c", "print('a b')", NULL };

  return atelier_sandbox_wrap (sandbox, folder, command);
}

static void
test_without_network (void)
{
  g_autoptr (AtelierSandbox) sandbox = atelier_sandbox_new ("/w/runs/e/S/1", FALSE);
  g_auto (GStrv) argv = wrap (sandbox, "/opt/ml/code");
  int end = find (argv, "--", NULL, NULL);

  g_assert_cmpstr (argv[0], ==, "bwrap");
  g_assert_cmpint (find (argv, "--unshare-net", NULL, NULL), >, 0);
  g_assert_cmpint (find (argv, "--unshare-pid", NULL, NULL), >, 0);
  g_assert_cmpint (find (argv, "--die-with-parent", NULL, NULL), >, 0);
  g_assert_cmpint (find (argv, "--cap-drop", "ALL", NULL), >, 0);
  g_assert_cmpint (find (argv, "--hostname", "algo-1", NULL), >, 0);
  g_assert_cmpint (find (argv, "--ro-bind", "/usr", "/usr"), >, 0);
  g_assert_cmpint (find (argv, "--bind", "/w/runs/e/S/1/opt-ml", "/opt/ml"), >, 0);
  g_assert_cmpint (find (argv, "--bind", "/w/runs/e/S/1/tmp", "/tmp"), >, 0);
  g_assert_cmpint (find (argv, "--chdir", "/opt/ml/code", NULL), ==, end - 2);
  /* nothing of the person's, and no names of other machines */
  g_assert_cmpint (find (argv, "--ro-bind-try", "/etc/resolv.conf", NULL), ==, -1);
  g_assert_cmpint (find (argv, "--ro-bind-try", "/etc/hosts", NULL), ==, -1);
  for (int i = 0; i < end; i++)
    {
      g_assert_false (g_str_has_prefix (argv[i], "/home"));
      g_assert_false (g_str_has_prefix (argv[i], "/root"));
      g_assert_cmpstr (argv[i], !=, "/");
    }
  /* the command follows as it is */
  g_assert_cmpstr (argv[end + 1], ==, "/usr/bin/python3");
  g_assert_cmpstr (argv[end + 3], ==, "print('a b')");
  g_assert_null (argv[end + 4]);
}

static void
test_with_network (void)
{
  g_autoptr (AtelierSandbox) sandbox = atelier_sandbox_new ("/w/runs/e/S/1", TRUE);
  g_auto (GStrv) argv = wrap (sandbox, "/opt/ml");

  g_assert_cmpint (find (argv, "--unshare-net", NULL, NULL), ==, -1);
  g_assert_cmpint (find (argv, "--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"), >, 0);
  g_assert_cmpint (find (argv, "--unshare-pid", NULL, NULL), >, 0);
}

static void
test_binds (void)
{
  g_autoptr (AtelierSandbox) sandbox = atelier_sandbox_new ("/w/runs/e/S/1", FALSE);
  g_auto (GStrv) argv = NULL;
  int tree, input, output;

  atelier_sandbox_add_read_only (sandbox, "/w/in", "/opt/ml/processing/in");
  atelier_sandbox_add_read_only (sandbox, "/opt/venv", NULL);
  atelier_sandbox_add_read_only (sandbox, "/usr/lib/python3", NULL); /* there already */
  atelier_sandbox_add_read_only (sandbox, "/usr", NULL);
  atelier_sandbox_add_writable (sandbox, "/w/out", "/opt/ml/processing/in/out");
  argv = wrap (sandbox, "/opt/ml");
  tree = find (argv, "--bind", "/w/runs/e/S/1/opt-ml", "/opt/ml");
  input = find (argv, "--ro-bind", "/w/in", "/opt/ml/processing/in");
  output = find (argv, "--bind", "/w/out", "/opt/ml/processing/in/out");
  /* what lies in a folder is bound after it */
  g_assert_cmpint (tree, <, input);
  g_assert_cmpint (input, <, output);
  g_assert_cmpint (find (argv, "--ro-bind", "/opt/venv", "/opt/venv"), >, tree);
  g_assert_cmpint (find (argv, "--ro-bind", "/usr/lib/python3", NULL), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sandbox/without-network", test_without_network);
  g_test_add_func ("/sandbox/with-network", test_with_network);
  g_test_add_func ("/sandbox/binds", test_binds);
  return g_test_run ();
}
