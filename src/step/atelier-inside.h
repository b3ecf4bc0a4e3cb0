/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ATELIER_FORWARDS 4

typedef struct
{
  guint16     port;        /* of 127.0.0.1 */
  const char *socket_path; /* at most 107 bytes */
} AtelierForward;

int atelier_inside (const AtelierForward *forwards,
                    gsize                 n_forwards,
                    char                **argv);

G_END_DECLS
