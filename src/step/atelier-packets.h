/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"
#include "atelier-task.h"

G_BEGIN_DECLS

/* What the supervisor says. Each returns (transfer full) what is new. */
char   *atelier_packet_tidy_sentence (const char *sentence);
json_t *atelier_packet_new (const char *op,
                            const char *step,
                            gint64      attempt);
json_t *atelier_packet_new_error (const char *message);
json_t *atelier_packet_new_started (const AtelierTask *task);
json_t *atelier_packet_new_ended (const AtelierTask *task,
                                  gboolean           is_recorded);
json_t *atelier_packet_new_attempt (const AtelierTask *task);
json_t *atelier_packet_new_service (const AtelierTask *task);

G_END_DECLS
