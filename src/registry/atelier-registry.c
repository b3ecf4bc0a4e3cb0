/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-registry"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-registry.h"

/* The law of approval, and names.
 *
 * May a version go from the status of the row to that of the column?
 *
 *                 Pending  Approved  Rejected
 *     Pending        –       yes       yes      somebody decides
 *     Approved       –        –        yes      the decision is taken back: what it had put in service goes out again
 *     Rejected       –       yes        –       … or is made after all
 *
 * Laws: 1. what was decided never becomes undecided again; 2. a change is a change: to the same status nothing goes,
 * so each audit event says something; 3. each decision can be reversed by another one, with its own comment and
 * author. */

#define GROUP_NAME_MOST 63

static const gboolean may_change[ATELIER_APPROVAL_STATUS_N_VALUES][ATELIER_APPROVAL_STATUS_N_VALUES] = {
  [ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL] = {
    [ATELIER_APPROVAL_STATUS_APPROVED] = TRUE,
    [ATELIER_APPROVAL_STATUS_REJECTED] = TRUE,
  },
  [ATELIER_APPROVAL_STATUS_APPROVED] = {
    [ATELIER_APPROVAL_STATUS_REJECTED] = TRUE,
  },
  [ATELIER_APPROVAL_STATUS_REJECTED] = {
    [ATELIER_APPROVAL_STATUS_APPROVED] = TRUE,
  },
};

G_DEFINE_QUARK (atelier-registry-error-quark, atelier_registry_error)

gboolean
atelier_registry_may_change (AtelierApprovalStatus from, AtelierApprovalStatus to)
{
  g_return_val_if_fail ((guint) from < ATELIER_APPROVAL_STATUS_N_VALUES, FALSE);
  g_return_val_if_fail ((guint) to < ATELIER_APPROVAL_STATUS_N_VALUES, FALSE);

  return may_change[from][to];
}

gboolean
atelier_registry_check_group_name (const char *name, GError **error)
{
  gboolean after_letter = FALSE; /* a dash needs a letter or digit on both sides */
  gsize length;

  g_return_val_if_fail (name != NULL, FALSE);

  for (length = 0; name[length] != '\0'; length++)
    {
      gboolean is_letter = g_ascii_isalnum (name[length]);

      if (!is_letter && (name[length] != '-' || !after_letter))
        break;
      after_letter = is_letter;
    }
  if (name[length] == '\0' && after_letter && length <= GROUP_NAME_MOST)
    return TRUE;
  g_set_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME,
               _("“%s” cannot name a model group; use up to %d letters and digits, with single dashes between them"),
               name, GROUP_NAME_MOST);
  return FALSE;
}

int
atelier_registry_register (AtelierStore *store, const AtelierNewVersion *version, const AtelierStepUpdate *update,
                           AtelierVersionProperties properties, gpointer properties_data,
                           const AtelierLineageItem *lineage, gsize n_lineage, GError **error)
{
  g_return_val_if_fail (version != NULL && version->group_name != NULL, 0);

  if (!atelier_registry_check_group_name (version->group_name, error))
    return 0;
  return atelier_store_register_version (store, version, update, properties, properties_data, lineage, n_lineage,
                                         error);
}

GPtrArray *
atelier_registry_list_groups (AtelierStore *store, gint64 project_id, GError **error)
{
  return atelier_store_list_model_groups (store, project_id, error);
}

GPtrArray *
atelier_registry_list_versions (AtelierStore *store, const char *group_name, GError **error)
{
  return atelier_store_list_model_versions (store, group_name, 0, error);
}

AtelierModelVersionRecord *
atelier_registry_find_version (AtelierStore *store, const char *text, GError **error)
{
  const char *slash;
  g_autofree char *group_name = NULL;
  guint64 number = 0;

  g_return_val_if_fail (text != NULL, NULL);

  slash = strrchr (text, '/');
  group_name = slash != NULL ? g_strndup (text, (gsize) (slash - text)) : g_strdup (text);
  if (slash != NULL && !g_ascii_string_to_unsigned (slash + 1, 10, 1, G_MAXINT, &number, NULL))
    {
      g_set_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME,
                   _("“%s” does not name a model version; write GROUP/NUMBER"), text);
      return NULL;
    }
  if (slash == NULL)
    {
      g_autoptr (AtelierModelGroupRecord) group = atelier_store_get_model_group (store, group_name, error);

      if (group == NULL)
        return NULL;
      number = (guint64) group->last_number;
    }
  return atelier_store_get_model_version (store, group_name, (int) number, error);
}

static gboolean
is_blank (const char *text)
{
  g_autofree char *copy = g_strdup (text != NULL ? text : "");

  return *g_strstrip (copy) == '\0';
}

AtelierModelVersionRecord *
atelier_registry_update_status (AtelierStore *store, const char *text, AtelierApprovalStatus to, const char *who,
                                const char *comment, GError **error)
{
  g_autoptr (AtelierModelVersionRecord) version = atelier_registry_find_version (store, text, error);

  if (version == NULL)
    return NULL;
  if (!atelier_registry_may_change (version->status, to))
    {
      g_set_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_TRANSITION,
                   _("Model version “%s/%d” is %s and cannot become %s"), version->group_name, version->number,
                   atelier_approval_status_to_text (version->status), atelier_approval_status_to_text (to));
      return NULL;
    }
  if (is_blank (comment))
    {
      g_set_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_COMMENT,
                   _("Say why model version “%s/%d” becomes %s: the comment stays in the audit log"),
                   version->group_name, version->number, atelier_approval_status_to_text (to));
      return NULL;
    }
  if (!atelier_store_change_version_status (store, version->group_name, version->number, version->status, to, who,
                                            comment, 0, error))
    return NULL;
  return atelier_store_get_model_version (store, version->group_name, version->number, error);
}
