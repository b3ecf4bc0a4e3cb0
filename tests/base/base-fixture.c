/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base-fixture.h"

/* Nothing here uses what is under test. */

char *
fixture_folder_new (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("atelier-base-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

void
fixture_folder_free (char *folder)
{
  const char *argv[] = { "/bin/rm", "-rf", "--", folder, NULL };
  g_autoptr (GError) error = NULL;

  chmod (folder, 0700);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_free (folder);
}

char *
fixture_path (const char *folder, const char *relative)
{
  return g_build_filename (folder, relative, NULL);
}

void
fixture_write (const char *folder, const char *relative, const char *text)
{
  g_autofree char *path = fixture_path (folder, relative);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (parent, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
fixture_read (const char *folder, const char *relative)
{
  g_autofree char *path = fixture_path (folder, relative);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

guint
fixture_count_files (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  guint n = 0;

  g_assert_no_error (error);
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

gboolean
fixture_wait (gboolean (*holds) (gpointer user_data), gpointer user_data)
{
  gint64 until = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!holds (user_data))
    {
      if (g_get_monotonic_time () > until)
        return FALSE;
      g_usleep (2000);
    }
  return TRUE;
}
