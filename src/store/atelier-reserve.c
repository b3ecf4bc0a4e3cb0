/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "atelier-reserve.h"

#define LOOK_AGAIN_US (5 * G_USEC_PER_SEC)

struct _AtelierReserve
{
  char  *workspace;
  char  *path;
  gint64 looked_at_us; /* monotonic; 0: never */
};

AtelierReserve *
atelier_reserve_new (const char *workspace)
{
  AtelierReserve *self = g_new0 (AtelierReserve, 1);

  self->workspace = g_strdup (workspace);
  self->path = g_build_filename (workspace, ".reserve", NULL);
  return self;
}

void
atelier_reserve_free (AtelierReserve *self)
{
  g_free (self->workspace);
  g_free (self->path);
  g_free (self);
}

static gboolean
has_room (AtelierReserve *self)
{
  struct statvfs disk;

  return statvfs (self->workspace, &disk) == 0
         && (guint64) disk.f_bavail * disk.f_frsize > 2 * (guint64) ATELIER_RESERVE_BYTES;
}

void
atelier_reserve_keep (AtelierReserve *self)
{
  gint64 now_us = g_get_monotonic_time ();
  struct stat status;
  int fd;

  if (self->looked_at_us != 0 && now_us - self->looked_at_us < LOOK_AGAIN_US)
    return;
  self->looked_at_us = now_us;
  if ((stat (self->path, &status) == 0 && status.st_size >= ATELIER_RESERVE_BYTES) || !has_room (self))
    return;
  fd = open (self->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    return;
  /* a file system that cannot set room aside has no reserve, which is no fault */
  if (fallocate (fd, 0, 0, ATELIER_RESERVE_BYTES) < 0)
    unlink (self->path);
  close (fd);
}

gboolean
atelier_reserve_give_up (AtelierReserve *self)
{
  self->looked_at_us = g_get_monotonic_time ();
  return unlink (self->path) == 0;
}
