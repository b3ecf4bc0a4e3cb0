/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-artifacts"

#include "config.h"

#include "atelier-artifacts-cache.h"
#include "atelier-store-events.h"
#include "atelier-store-queries.h"

/* The one place where the artifacts meet the database: digests are kept in its table of objects. A digest that cannot
 * be looked up is computed, and one that cannot be remembered is computed again: neither is worth an error. */

static char *
look_up_cb (const char *uri, gint64 size_bytes, gint64 mtime_ns, gpointer user_data)
{
  g_autoptr (AtelierObjectRecord) record = atelier_store_look_up_object (user_data, uri, NULL);

  if (record == NULL || record->size_bytes != size_bytes || record->mtime_ns != mtime_ns)
    return NULL;
  return g_strdup (record->digest);
}

static void
remember_cb (const char *uri, gint64 size_bytes, gint64 mtime_ns, const char *digest, gpointer user_data)
{
  AtelierStore *store = user_data;
  AtelierNewObject object = { .uri = uri, .size_bytes = size_bytes, .mtime_ns = mtime_ns, .digest = digest };

  if (!atelier_store_is_read_only (store))
    atelier_store_objects_seen (store, &object, 1, NULL, NULL);
}

AtelierArtifacts *
atelier_artifacts_new_with_store (const char *store_folder, AtelierStore *store)
{
  AtelierDigestCache cache = {
    .look_up = look_up_cb,
    .remember = remember_cb,
    .user_data = g_object_ref (store),
    .free_user_data = g_object_unref,
  };

  return atelier_artifacts_new (store_folder, &cache);
}
