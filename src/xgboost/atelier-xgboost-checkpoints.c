/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-checkpoints"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "atelier-xgboost-checkpoints.h"

#define PREFIX  "xgboost-checkpoint."
#define TO_KEEP 5

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  int x = *(const int *) a, y = *(const int *) b;

  return (x < y) - (x > y);
}

/* Iterations of the checkpoints in the folder, newest first. */
static GArray *
list (const char *folder)
{
  GArray *iterations = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) entries = g_dir_open (folder, 0, NULL);
  const char *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      guint64 number;
      int iteration;

      if (!g_str_has_prefix (name, PREFIX)
          || !g_ascii_string_to_unsigned (name + strlen (PREFIX), 10, 0, G_MAXINT - 1, &number, NULL))
        continue;
      iteration = (int) number;
      g_array_append_val (iterations, iteration);
    }
  g_array_sort (iterations, compare_newest_first);
  return iterations;
}

static char *
file_of (const char *folder, int iteration)
{
  return g_strdup_printf ("%s/" PREFIX "%d", folder, iteration);
}

int
atelier_xgboost_checkpoints_load (const char *folder, BoosterHandle *booster, GPtrArray *notes)
{
  g_autoptr (GArray) iterations = list (folder);

  for (guint i = 0; i < iterations->len; i++)
    {
      int iteration = g_array_index (iterations, int, i);
      g_autofree char *path = file_of (folder, iteration);
      g_autoptr (GError) error = NULL;

      *booster = atelier_xgboost_model_read (path, &error);
      if (*booster != NULL)
        return iteration;
      g_ptr_array_add (
          notes, g_strdup_printf (_("The checkpoint of iteration %d is left out. %s"), iteration, error->message));
    }
  return -1;
}

gboolean
atelier_xgboost_checkpoints_save (const char *folder, BoosterHandle booster, int iteration, GError **error)
{
  g_autofree char *path = file_of (folder, iteration);
  g_autoptr (GArray) iterations = NULL;

  if (!atelier_xgboost_model_write (booster, path, ATELIER_XGBOOST_MODEL_UBJ, error))
    return FALSE;
  iterations = list (folder);
  for (guint i = TO_KEEP; i < iterations->len; i++)
    {
      g_autofree char *old = file_of (folder, g_array_index (iterations, int, i));

      g_unlink (old);
    }
  return TRUE;
}
