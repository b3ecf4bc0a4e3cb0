/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-store-events.h"
#include "atelier-store-queries.h"

G_BEGIN_DECLS

/* The model registry: groups, their numbered versions, and the law of approval. A thin layer over the store: all
 * calls block as the store's do, errors are the store's and ATELIER_REGISTRY_ERROR. Any thread but the main thread of
 * a window. */

#define ATELIER_REGISTRY_ERROR (atelier_registry_error_quark ())
typedef enum
{
  ATELIER_REGISTRY_ERROR_NAME,       /* not a name for a group, or not GROUP/NUMBER */
  ATELIER_REGISTRY_ERROR_TRANSITION, /* this status cannot become that one */
  ATELIER_REGISTRY_ERROR_COMMENT,    /* a change of status needs a comment */
} AtelierRegistryError;
GQuark atelier_registry_error_quark (void);

/* Letters and digits with single dashes between them, at most 63 (ModelPackageGroupName). */
gboolean                   atelier_registry_check_group_name (const char *name,
                                                              GError    **error);

/* atelier_registry_register:
 *
 * A new version of @version->group_name, which is made when missing. With an execution and a step in @version the
 * step ends in the same transaction, exactly once (see atelier_store_register_version()).
 *
 * Returns: the version's number, from 1; 0 on failure */
int                        atelier_registry_register (AtelierStore             *store,
                                                      const AtelierNewVersion  *version,
                                                      const AtelierStepUpdate  *update,
                                                      AtelierVersionProperties  properties,
                                                      gpointer                  properties_data,
                                                      const AtelierLineageItem *lineage,
                                                      gsize                     n_lineage,
                                                      GError                  **error);

/* (transfer container) (element-type AtelierModelGroupRecord); @project_id 0: all */
GPtrArray                 *atelier_registry_list_groups (AtelierStore *store,
                                                         gint64        project_id,
                                                         GError      **error);
/* (transfer container) (element-type AtelierModelVersionRecord): newest first; @group_name NULL: all groups */
GPtrArray                 *atelier_registry_list_versions (AtelierStore *store,
                                                           const char   *group_name,
                                                           GError      **error);
/* What a person types: "GROUP/NUMBER", or "GROUP" for its newest version. */
AtelierModelVersionRecord *atelier_registry_find_version (AtelierStore *store,
                                                          const char   *text,
                                                          GError      **error);

/* The law: may a version go from one status to the other? */
gboolean                   atelier_registry_may_change (AtelierApprovalStatus from,
                                                        AtelierApprovalStatus to);

/* atelier_registry_update_status:
 * @text: as for atelier_registry_find_version()
 * @who: (nullable): the approver; NULL: that of the store
 * @comment: must not be blank; it stays in the audit log
 *
 * Moves a version to @to, with its audit event, in one transaction.
 *
 * Returns: (transfer full) (nullable): the version as it is now; NULL with TRANSITION or COMMENT, or with
 *   ATELIER_STORE_ERROR_CONFLICT where somebody else was quicker */
AtelierModelVersionRecord *atelier_registry_update_status (AtelierStore         *store,
                                                           const char           *text,
                                                           AtelierApprovalStatus to,
                                                           const char           *who,
                                                           const char           *comment,
                                                           GError              **error);

G_END_DECLS
