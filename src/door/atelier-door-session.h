/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-door-private.h"

G_BEGIN_DECLS

/* Answers every request of @soup. @door must outlive it. */
void atelier_door_session_attach (SoupServer  *soup,
                                  AtelierDoor *door);

G_END_DECLS
