/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-sandbox.h"

#include "atelier-spawn.h"
#include "atelier-text.h"

struct _AtelierSandbox
{
  char      *attempt_folder;
  gboolean   has_network;
  GPtrArray *binds; /* (owned) of text: option, path, target, … */
};

/* Folders at the root that are links into /usr on merged systems and folders of their own on others. */
static const char *const root_folders[] = { "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32" };

/* What programs of /usr read in /etc and what holds nothing of the person's. */
static const char *const etc_files[] = {
  "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone",
  "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/mime.types", "/etc/fonts", "/etc/ssl", "/etc/pki",
  "/etc/ca-certificates", "/etc/python3", "/etc/python3.11", "/etc/matplotlibrc", "/etc/OpenCL",
};
static const char *const etc_network_files[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/services" };

/* atelier_sandbox_get_refusal: */
const char *
atelier_sandbox_get_refusal (void)
{
  static gsize once;
  static char *refusal;

  if (g_once_init_enter (&once))
    {
      const char *argv[] = { "bwrap", "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "--proc", "/proc",
                             "--dev", "/dev", "/bin/true", NULL };
      g_autofree char *program = g_find_program_in_path ("bwrap");
      g_autofree char *said = NULL;
      int status = 0;

      if (program == NULL)
        refusal = g_strdup (_("bubblewrap (bwrap) is not installed"));
      else if (!atelier_spawn_capture (argv, NULL, NULL, 10000, NULL, &said, &status, NULL) || status != 0)
        {
          g_autofree char *line = atelier_text_first_line (said != NULL ? said : "", 200);

          refusal = g_strdup_printf (_("this system does not allow user namespaces (%s)"), line);
        }
      g_once_init_leave (&once, 1);
    }
  return refusal;
}

AtelierSandbox *
atelier_sandbox_new (const char *attempt_folder, gboolean has_network)
{
  AtelierSandbox *self = g_new0 (AtelierSandbox, 1);

  self->attempt_folder = g_strdup (attempt_folder);
  self->has_network = has_network;
  self->binds = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
atelier_sandbox_free (AtelierSandbox *self)
{
  g_free (self->attempt_folder);
  g_ptr_array_unref (self->binds);
  g_free (self);
}

static void
add (GPtrArray *arguments, const char *option, const char *a, const char *b)
{
  g_ptr_array_add (arguments, g_strdup (option));
  if (a != NULL)
    g_ptr_array_add (arguments, g_strdup (a));
  if (b != NULL)
    g_ptr_array_add (arguments, g_strdup (b));
}

void
atelier_sandbox_add_read_only (AtelierSandbox *self, const char *path, const char *target)
{
  if (target == NULL && (strcmp (path, "/usr") == 0 || g_str_has_prefix (path, "/usr/")))
    return;
  add (self->binds, "--ro-bind", path, target != NULL ? target : path);
}

void
atelier_sandbox_add_writable (AtelierSandbox *self, const char *path, const char *target)
{
  add (self->binds, "--bind", path, target != NULL ? target : path);
}

GStrv
atelier_sandbox_wrap (AtelierSandbox *self, const char *folder, const char *const *argv)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autofree char *opt_ml = g_build_filename (self->attempt_folder, "opt-ml", NULL);
  g_autofree char *tmp = g_build_filename (self->attempt_folder, "tmp", NULL);

  add (all, "bwrap", NULL, NULL);
  add (all, "--unshare-user-try", "--unshare-ipc", "--unshare-pid");
  add (all, "--unshare-uts", "--hostname", "algo-1");
  add (all, "--unshare-cgroup-try", "--die-with-parent", NULL);
  add (all, "--cap-drop", "ALL", NULL);
  if (!self->has_network)
    add (all, "--unshare-net", NULL, NULL);
  add (all, "--ro-bind", "/usr", "/usr");
  for (gsize i = 0; i < G_N_ELEMENTS (root_folders); i++)
    {
      g_autofree char *link = g_file_read_link (root_folders[i], NULL);

      if (link != NULL)
        add (all, "--symlink", link, root_folders[i]);
      else
        add (all, "--ro-bind-try", root_folders[i], root_folders[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (etc_files); i++)
    add (all, "--ro-bind-try", etc_files[i], etc_files[i]);
  for (gsize i = 0; self->has_network && i < G_N_ELEMENTS (etc_network_files); i++)
    add (all, "--ro-bind-try", etc_network_files[i], etc_network_files[i]);
  add (all, "--proc", "/proc", NULL);
  add (all, "--dev", "/dev", NULL);
  add (all, "--bind", opt_ml, "/opt/ml");
  add (all, "--bind", tmp, "/tmp");
  for (guint i = 0; i < self->binds->len; i++)
    g_ptr_array_add (all, g_strdup (g_ptr_array_index (self->binds, i)));
  add (all, "--chdir", folder, "--");
  for (gsize i = 0; argv[i] != NULL; i++)
    g_ptr_array_add (all, g_strdup (argv[i]));
  g_ptr_array_add (all, NULL);
  return (GStrv) g_ptr_array_free (g_steal_pointer (&all), FALSE);
}
