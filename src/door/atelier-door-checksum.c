/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>

#include "atelier-door-checksum.h"

/* The three CRCs are reflected ones that begin and end with all bits inverted, so one table walk serves them; a CRC
 * of 32 bits simply leaves the upper half of the register zero. */

typedef struct
{
  const char   *header;
  guint64       polynomial; /* reflected; 0 for a GChecksum */
  guint         n_bytes;
  GChecksumType type;
} Algorithm;

static const Algorithm algorithms[] = {
  { "x-amz-checksum-crc32", 0xedb88320u, 4, 0 },
  { "x-amz-checksum-crc32c", 0x82f63b78u, 4, 0 },
  { "x-amz-checksum-crc64nvme", G_GUINT64_CONSTANT (0x9a6c9329ac4bc9b5), 8, 0 },
  { "x-amz-checksum-sha1", 0, 20, G_CHECKSUM_SHA1 },
  { "x-amz-checksum-sha256", 0, 32, G_CHECKSUM_SHA256 },
};

struct _AtelierDoorChecksum
{
  const Algorithm *algorithm;
  guint64          crc;
  guint64          table[256];
  GChecksum       *sum; /* (owned) (nullable) */
};

AtelierDoorChecksum *
atelier_door_checksum_new (const char *header)
{
  AtelierDoorChecksum *self;
  const Algorithm *algorithm = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (strcmp (header, algorithms[i].header) == 0)
      algorithm = &algorithms[i];
  if (algorithm == NULL)
    return NULL;
  self = g_new0 (AtelierDoorChecksum, 1);
  self->algorithm = algorithm;
  if (algorithm->polynomial == 0)
    {
      self->sum = g_checksum_new (algorithm->type);
      return self;
    }
  for (guint i = 0; i < 256; i++)
    {
      guint64 value = i;

      for (guint bit = 0; bit < 8; bit++)
        value = (value & 1) != 0 ? (value >> 1) ^ algorithm->polynomial : value >> 1;
      self->table[i] = value;
    }
  self->crc = algorithm->n_bytes == 8 ? G_MAXUINT64 : G_MAXUINT32;
  return self;
}

void
atelier_door_checksum_free (AtelierDoorChecksum *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->sum, g_checksum_free);
  g_free (self);
}

void
atelier_door_checksum_update (AtelierDoorChecksum *self, const guint8 *data, gsize length)
{
  guint64 crc = self->crc;

  if (self->sum != NULL)
    {
      g_checksum_update (self->sum, data, length);
      return;
    }
  for (gsize i = 0; i < length; i++)
    crc = (crc >> 8) ^ self->table[(crc ^ data[i]) & 0xff];
  self->crc = crc;
}

const char *
atelier_door_checksum_get_header (AtelierDoorChecksum *self)
{
  return self->algorithm->header;
}

char *
atelier_door_checksum_finish (AtelierDoorChecksum *self)
{
  guint8 bytes[32];
  gsize length = self->algorithm->n_bytes;

  if (self->sum != NULL)
    g_checksum_get_digest (self->sum, bytes, &length);
  else
    for (gsize i = 0; i < length; i++)
      bytes[i] = (guint8) (~self->crc >> (8 * (length - 1 - i)));
  return g_base64_encode (bytes, length);
}
