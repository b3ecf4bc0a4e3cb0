/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-programs.h"

#include "atelier-runner-error.h"

G_DEFINE_QUARK (atelier-runner-error-quark, atelier_runner_error)

/* Folder of a helper inside the build folder. */
static const struct
{
  const char *name;
  const char *folder;
} built[] = {
  { "atelier-step", "step" },
  { "atelier-door", "door" },
  { "atelier-xgboost", "xgboost" },
};

static gboolean
runs_from_build_folder (void)
{
  static gsize once;
  static gboolean answer;

  if (g_once_init_enter (&once))
    {
      g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
      g_autofree char *prefix = g_strconcat (ATELIER_BUILD_DIR, "/", NULL);

      answer = self != NULL && g_str_has_prefix (self, prefix);
      g_once_init_leave (&once, 1);
    }
  return answer;
}

/* atelier_programs_find:
 * @name: "atelier-step", "atelier-door" or "atelier-xgboost"
 *
 * Returns: (transfer full) (nullable): its path */
char *
atelier_programs_find (const char *name, GError **error)
{
  const char *set = g_getenv ("ATELIER_LIBEXECDIR");
  g_autofree char *path = NULL;

  if (set != NULL)
    path = g_build_filename (set, name, NULL);
  else if (runs_from_build_folder ())
    {
      for (gsize i = 0; i < G_N_ELEMENTS (built); i++)
        if (strcmp (built[i].name, name) == 0)
          path = g_build_filename (ATELIER_BUILD_DIR, "src", built[i].folder, name, NULL);
    }
  if (path == NULL)
    path = g_build_filename (ATELIER_LIBEXECDIR, name, NULL);
  if (access (path, X_OK) < 0)
    {
      g_set_error (error, ATELIER_RUNNER_ERROR, ATELIER_RUNNER_ERROR_FAULT,
                   _("“%s” is not there: install Atelier whole, or set ATELIER_LIBEXECDIR to the folder of its helpers"), path);
      return NULL;
    }
  return g_steal_pointer (&path);
}

/* atelier_programs_data:
 * @name: a folder of data/, "sdk" or "templates"
 *
 * Returns: (transfer full): its path, there or not */
char *
atelier_programs_data (const char *name)
{
  const char *set = g_getenv ("ATELIER_DATADIR");

  if (set != NULL)
    return g_build_filename (set, name, NULL);
  if (runs_from_build_folder ())
    return g_build_filename (ATELIER_SOURCE_DIR, "data", name, NULL);
  return g_build_filename (ATELIER_DATADIR, name, NULL);
}
