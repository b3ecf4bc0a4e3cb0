/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <sys/xattr.h>

#include "atelier-door-facts.h"

#define ATTRIBUTE "user.atelier.s3"
#define ATTRIBUTE_MOST_BYTES 8192

void
atelier_door_facts_clear (AtelierDoorFacts *self)
{
  g_clear_pointer (&self->etag, g_free);
  g_clear_pointer (&self->digest, g_free);
  g_clear_pointer (&self->headers, json_decref);
}

gint64
atelier_door_mtime_ns (const struct stat *status)
{
  return status->st_mtim.tv_sec * G_GINT64_CONSTANT (1000000000) + status->st_mtim.tv_nsec;
}

void
atelier_door_facts_read (AtelierDoorFacts *self,
                         const char *path,
                         int fd,
                         gint64 size_bytes,
                         gint64 mtime_ns,
                         guint64 inode)
{
  char text[ATTRIBUTE_MOST_BYTES];
  gssize length
      = path != NULL ? lgetxattr (path, ATTRIBUTE, text, sizeof text) : fgetxattr (fd, ATTRIBUTE, text, sizeof text);
  g_autoptr (json_t) facts = length > 0 ? json_loadb (text, length, 0, NULL) : NULL;
  const char *etag = json_string_value (json_object_get (facts, "etag"));

  if (etag != NULL && atelier_json_get_int (facts, "size_bytes", -1) == size_bytes &&
      atelier_json_get_int (facts, "mtime_ns", -1) == mtime_ns)
    {
      self->etag = g_strdup (etag);
      self->digest = g_strdup (json_string_value (json_object_get (facts, "digest")));
      self->headers = json_incref (json_object_get (facts, "headers"));
    }
  else
    {
      g_autofree char *version = g_strdup_printf ("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GUINT64_FORMAT,
                                                  size_bytes, mtime_ns, inode);
      g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_MD5, version, -1);

      self->etag = g_strconcat (sum, "-1", NULL);
    }
}

gboolean
atelier_door_facts_write (const AtelierDoorFacts *self, int fd, gint64 size_bytes, gint64 mtime_ns)
{
  g_autoptr (json_t) facts
      = json_pack ("{s:s, s:s*, s:O*, s:I, s:I}", "etag", self->etag, "digest", self->digest, "headers",
                   self->headers, "size_bytes", (json_int_t) size_bytes, "mtime_ns", (json_int_t) mtime_ns);
  g_autofree char *text = facts != NULL ? atelier_json_compact (facts) : NULL;

  return text != NULL && strlen (text) <= ATTRIBUTE_MOST_BYTES
         && fsetxattr (fd, ATTRIBUTE, text, strlen (text), 0) == 0;
}
