/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

int atelier_serve (const char *run_folder,
                   int         listen_fd);

G_END_DECLS
