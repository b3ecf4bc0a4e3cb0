/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-db.h"

G_BEGIN_DECLS

/* Private to store/. */

#define ATELIER_SCHEMA_APPLICATION_ID 0x41544c52 /* "ATLR" */
#define ATELIER_SCHEMA_VERSION        3

/* FALSE with CORRUPT or NEWER where the file is not one to write to. */
gboolean atelier_schema_check_identity (AtelierDb *db,
                                        GError   **error);
/* Brings an open, writable database to the present schema. */
gboolean atelier_schema_migrate (AtelierDb *db,
                                 GError   **error);
/* Only looks: FALSE with NEWER, CORRUPT (of another program) or, where it is older, READ_ONLY. */
gboolean atelier_schema_check (AtelierDb *db,
                               GError   **error);

G_END_DECLS
