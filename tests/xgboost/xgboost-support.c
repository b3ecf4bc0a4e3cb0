/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/wait.h>

#include "atelier-files.h"

#include "xgboost-support.h"

void
job_init (Job *self)
{
  g_autoptr (GError) error = NULL;

  self->root = g_dir_make_tmp ("atelier-xgboost-XXXXXX", &error);
  g_assert_no_error (error);
}

void
job_clear (Job *self)
{
  atelier_files_remove_tree (self->root, NULL);
  g_clear_pointer (&self->root, g_free);
}

void
job_write (Job *self, const char *relative, const char *text)
{
  g_autofree char *path = g_build_filename (self->root, relative, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
}

char *
job_read (Job *self, const char *relative)
{
  g_autofree char *path = g_build_filename (self->root, relative, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

gboolean
job_has (Job *self, const char *relative)
{
  g_autofree char *path = g_build_filename (self->root, relative, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

int
job_run (Job *self, char **output, char **errors, const char *command, ...)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *own_output = NULL, *own_errors = NULL; /* they never mix with the protocol of the test */
  const char *argument;
  va_list arguments;
  int status = 0;

  g_ptr_array_add (argv, (gpointer) g_getenv ("ATELIER_XGBOOST"));
  g_ptr_array_add (argv, (gpointer) command);
  va_start (arguments, command);
  while ((argument = va_arg (arguments, const char *)) != NULL)
    g_ptr_array_add (argv, (gpointer) argument);
  va_end (arguments);
  if (strcmp (command, "train") == 0)
    {
      g_ptr_array_add (argv, (gpointer) "--root");
      g_ptr_array_add (argv, self->root);
    }
  g_ptr_array_add (argv, NULL);
  g_spawn_sync (NULL, (char **) argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, output != NULL ? output : &own_output,
                errors != NULL ? errors : &own_errors, &status, &error);
  g_assert_no_error (error);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

char *
job_make_rows (guint n_rows, guint seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_rows; i++)
    {
      double a = g_rand_double (rand), b = g_rand_double (rand), c = g_rand_double (rand),
             noise = g_rand_double_range (rand, 0, 0.1);

      g_string_append_printf (text, "%.6f,%.6f,%.6f,%.6f\n", 3 * a + b * c + noise, a, b, c);
    }
  return g_string_free (text, FALSE);
}
