/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-artifacts.h"
#include "atelier-store.h"

G_BEGIN_DECLS

/* The artifact store of a workspace with its digests in the workspace's database. Keeps a reference on @store. */
AtelierArtifacts *atelier_artifacts_new_with_store (const char   *store_folder,
                                                    AtelierStore *store);

G_END_DECLS
