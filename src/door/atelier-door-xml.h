/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-door-error.h"

G_BEGIN_DECLS

/* The two bodies that S3 clients send, <Delete> and <CompleteMultipartUpload>, have one shape: fields, and records of
 * fields. */
typedef struct
{
  GHashTable *fields;  /* (owned) (element-type utf8 utf8) of the root */
  GPtrArray  *records; /* (owned) (element-type GHashTable) each of utf8 to utf8 */
} AtelierDoorXml;

AtelierDoorXml *atelier_door_xml_parse (const char *text,
                                        gsize       length,
                                        const char *root,
                                        const char *record,
                                        GError    **error);
void            atelier_door_xml_free (AtelierDoorXml *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorXml, atelier_door_xml_free)

G_END_DECLS
