/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-engine"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-views.h"

#include "atelier-engine-private.h"

/* The proof that a workspace is whole: what the store proves of its database and audit chain, and that every artifact that a
 * step made or a registered version holds is there, byte for byte as it was recorded. Everything is read, nothing is
 * believed for its size or time. What a later step of the same name put in an artifact's place counts as that one. */

typedef struct
{
  AtelierEngine    *engine;
  AtelierArtifacts *plain; /* (owned) without remembered digests */
  json_t           *problems;
  GHashTable       *seen; /* addresses that were looked at */
} Verification;

static void
add_problem (Verification *verification, const char *format, const char *uri)
{
  g_autofree char *sentence = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  sentence = g_strdup_printf (format, uri);
#pragma GCC diagnostic pop
  json_array_append_new (verification->problems, json_string (sentence));
}

static void
verify_artifact (Verification *verification, const char *uri, const char *digest)
{
  g_autoptr (GPtrArray) files = NULL;
  const AtelierArtifactFile *file;

  if (!g_str_has_prefix (uri, "s3://") || digest == NULL || !g_hash_table_add (verification->seen, g_strdup (uri)))
    return;
  files = atelier_artifacts_resolve (verification->plain, uri, ATELIER_INPUT_PREFIX, NULL, NULL, NULL);
  file = files != NULL && files->len == 1 ? g_ptr_array_index (files, 0) : NULL;
  if (file == NULL)
    add_problem (verification, _("The artifact “%s” is gone"), uri);
  else if (!atelier_artifacts_digest_files (verification->plain, files, NULL, NULL))
    add_problem (verification, _("The artifact “%s” cannot be read"), uri);
  else if (g_strcmp0 (file->digest, digest) != 0)
    add_problem (verification, _("The content of the artifact “%s” is not what it was when it was made"), uri);
}

/* What the newest step that made an object said of it; objects that no step made may change. */
static gboolean
verify_objects (Verification *verification, GError **error)
{
  AtelierStore *store = verification->engine->store;
  g_autoptr (GPtrArray) objects = atelier_store_list_objects (store, "s3://", error);

  for (guint i = 0; objects != NULL && i < objects->len; i++)
    {
      const AtelierObjectRecord *object = g_ptr_array_index (objects, i);
      g_autoptr (GPtrArray) uses = atelier_store_list_uses (store, object->uri, NULL, error);

      if (uses == NULL)
        return FALSE;
      for (guint k = 0; k < uses->len; k++)
        {
          const AtelierLineageRecord *use = g_ptr_array_index (uses, k);

          if (use->direction != ATELIER_LINEAGE_PRODUCED)
            continue;
          verify_artifact (verification, use->uri, use->digest);
          break;
        }
    }
  return objects != NULL;
}

static gboolean
verify_versions (Verification *verification, GError **error)
{
  g_autoptr (GPtrArray) versions = atelier_store_list_model_versions (verification->engine->store, NULL, 0, error);

  for (guint i = 0; versions != NULL && i < versions->len; i++)
    {
      const AtelierModelVersionRecord *version = g_ptr_array_index (versions, i);

      if (version->model_uri != NULL)
        verify_artifact (verification, version->model_uri, version->model_digest);
    }
  return versions != NULL;
}

json_t *
atelier_view_verification (AtelierEngine *engine, GError **error)
{
  g_auto (GStrv) sentences = NULL;
  g_autoptr (GPtrArray) newest = NULL;
  g_autoptr (json_t) problems = json_array ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (AtelierArtifacts) plain = atelier_artifacts_new (atelier_artifacts_get_folder (engine->artifacts), NULL);
  Verification verification = { engine, plain, problems, seen };
  gint64 n_events;

  if (!atelier_store_verify (engine->store, &sentences, error))
    return NULL;
  for (gsize i = 0; sentences[i] != NULL; i++)
    json_array_append_new (problems, json_string (sentences[i]));
  if (!verify_versions (&verification, error) || !verify_objects (&verification, error))
    return NULL;
  newest = atelier_store_list_audit_events (engine->store, NULL, 0, 1, NULL);
  n_events = newest != NULL && newest->len > 0 ? ((AtelierAuditRecord *) g_ptr_array_index (newest, 0))->sequence : 0;
  return json_pack ("{s:O, s:I, s:i}", "problems", problems, "audit_events", (json_int_t) n_events, "artifacts",
                    (int) g_hash_table_size (seen));
}
