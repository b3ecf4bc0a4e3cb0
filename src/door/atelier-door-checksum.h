/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The checksums that clients send along: x-amz-checksum-crc32, -crc32c, -crc64nvme, -sha1, -sha256, as base64. */
typedef struct _AtelierDoorChecksum AtelierDoorChecksum;

/* @header: "x-amz-checksum-…", lower case. NULL for one that is not known: it then is not checked. */
AtelierDoorChecksum *atelier_door_checksum_new (const char *header);
void                 atelier_door_checksum_free (AtelierDoorChecksum *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorChecksum, atelier_door_checksum_free)

void                 atelier_door_checksum_update (AtelierDoorChecksum *self,
                                                   const guint8        *data,
                                                   gsize                length);
const char          *atelier_door_checksum_get_header (AtelierDoorChecksum *self);
/* (transfer full): base64; only once */
char                *atelier_door_checksum_finish (AtelierDoorChecksum *self);

G_END_DECLS
