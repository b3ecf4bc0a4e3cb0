/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-door-sign.h"

G_BEGIN_DECLS

/* AtelierDoorChunked: decodes a body of content-encoding aws-chunked, `SIZE;chunk-signature=…` CR LF data CR LF, with
 * the chunks' signatures and the trailer checked. Data is handed on before its signature is seen: whoever takes it
 * must be able to throw it away. */
typedef struct _AtelierDoorChunked AtelierDoorChunked;

typedef gboolean (*AtelierDoorChunkedSink) (const guint8 *data,
                                            gsize         length,
                                            gpointer      user_data,
                                            GError      **error);

/* @signature: (unowned): whose payload_hash is one of the STREAMING-… forms
 * Returns: (nullable): NULL with an error for a form that is not known */
AtelierDoorChunked *atelier_door_chunked_new (const AtelierDoorSignature *signature,
                                              AtelierDoorChunkedSink      sink,
                                              gpointer                    user_data,
                                              GError                    **error);
void                atelier_door_chunked_free (AtelierDoorChunked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorChunked, atelier_door_chunked_free)

gboolean            atelier_door_chunked_feed (AtelierDoorChunked *self,
                                               const guint8       *data,
                                               gsize               length,
                                               GError            **error);
/* Whether the body came to its proper end. */
gboolean            atelier_door_chunked_finish (AtelierDoorChunked *self,
                                                 GError            **error);
/* (nullable): the value of a header of the trailer, by its name in lower case */
const char         *atelier_door_chunked_get_trailer (AtelierDoorChunked *self,
                                                      const char         *name);

G_END_DECLS
