/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-digest"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <gio/gio.h>
#include <glib/gi18n.h>

#include "atelier-digest.h"

/* atelier_digest_text:
 * @length: in bytes, or -1 when @text ends in NUL */
char *
atelier_digest_text (const char *text, gssize length)
{
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text,
                                      length < 0 ? strlen (text) : (gsize) length);
}

/* atelier_digest_file:
 *
 * Reads @path once, in pieces, whatever its size. Blocks.
 *
 * Returns: (transfer full) (nullable): the digest of its content */
char *
atelier_digest_file (const char *path, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *piece = g_malloc (1 << 17);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize n = 0;

  if (fd >= 0)
    while ((n = read (fd, piece, 1 << 17)) > 0 || (n < 0 && errno == EINTR))
      if (n > 0)
        g_checksum_update (sum, piece, n);
  if (fd < 0 || n < 0)
    {
      int saved = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), _("Cannot read “%s”: %s"), path,
                   g_strerror (saved));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  close (fd);
  return g_strdup (g_checksum_get_string (sum));
}
