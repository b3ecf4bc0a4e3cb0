/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Credentials of the S3 door. Whoever starts a door makes 32 random bytes, the execution's secret; each attempt gets an
 * access key that names it, "ATELIER" followed by the base32 of "STEP#ATTEMPT" in lower case without padding, and the
 * secret key HMAC-SHA256 (execution's secret, access key). So the door knows every key without being told any.
 * Pure text; any thread. */

#define ATELIER_DOOR_SECRET_BYTES 32

/* (transfer full): 64 hexadecimal digits, from the kernel's random numbers */
char    *atelier_door_key_new_execution_secret (void);

/* (transfer full): the access key of an attempt */
char    *atelier_door_key_new_id (const char *step,
                                  guint       attempt);

/* The other way round; FALSE and nothing written where @id is no access key of ours. */
gboolean atelier_door_key_parse_id (const char *id,
                                    char      **step,
                                    guint      *attempt);

/* (transfer full) (nullable): the secret key of @id, 64 hexadecimal digits; NULL where @execution_secret is not 64
 * hexadecimal digits */
char    *atelier_door_key_new_secret (const char *execution_secret,
                                      const char *id);

G_END_DECLS
