/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-schema.h"

/* The schema, and how an older one becomes the present one.
 *
 * PRAGMA user_version says how many steps of `migrations` a file has seen; a new file walks them all. Each step is
 * one transaction together with its version number, so a crash in between leaves a file at a whole version, and two
 * programs that open a file at the same time do each step once. A step that has been released is never changed; what
 * comes later is a new step at the end (and a stored old file in tests/store for it).
 *
 * The comments inside the parentheses are kept by SQLite: `.schema` of any SQL tool shows them. README.md has the
 * overview. */

static const char schema_runs[] =
  "CREATE TABLE meta (\n"
  "  -- audit_count and audit_hash: number and hash of the newest audit event\n"
  "  key TEXT NOT NULL PRIMARY KEY,\n"
  "  value TEXT NOT NULL\n"
  ") WITHOUT ROWID;\n"

  "CREATE TABLE projects (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  name TEXT NOT NULL, -- unique among those that are not deleted\n"
  "  description TEXT,\n"
  "  template TEXT,\n"
  "  settings TEXT, -- JSON\n"
  "  simulated INTEGER NOT NULL DEFAULT 0, -- 1: its data is made up\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  deleted_at_us INTEGER\n"
  ");\n"
  "CREATE UNIQUE INDEX projects_name ON projects (name) WHERE deleted_at_us IS NULL;\n"

  "CREATE TABLE pipelines (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  project_id INTEGER REFERENCES projects (id), -- NULL: of no project\n"
  "  name TEXT NOT NULL,\n"
  "  created_at_us INTEGER NOT NULL\n"
  ");\n"
  "CREATE UNIQUE INDEX pipelines_name ON pipelines (ifnull (project_id, 0), name);\n"

  "CREATE TABLE pipeline_versions (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  pipeline_id INTEGER NOT NULL REFERENCES pipelines (id),\n"
  "  number INTEGER NOT NULL, -- 1, 2, … of this pipeline\n"
  "  definition_digest TEXT NOT NULL, -- SHA-256 of the definition's text\n"
  "  commit_id TEXT,\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  UNIQUE (pipeline_id, number),\n"
  "  UNIQUE (pipeline_id, definition_digest)\n"
  ");\n"

  "CREATE TABLE executions (\n"
  "  sequence INTEGER PRIMARY KEY, -- order of creation\n"
  "  id TEXT NOT NULL UNIQUE CHECK (length (id) = 12),\n"
  "  project_id INTEGER REFERENCES projects (id), -- that of the pipeline\n"
  "  pipeline_id INTEGER NOT NULL REFERENCES pipelines (id),\n"
  "  number INTEGER NOT NULL, -- 1, 2, … of this pipeline\n"
  "  pipeline_version_id INTEGER REFERENCES pipeline_versions (id), -- NULL: failed before it had a definition\n"
  "  display_name TEXT,\n"
  "  status TEXT NOT NULL, -- Executing, Stopping, Stopped, Failed, Succeeded\n"
  "  \"trigger\" TEXT NOT NULL, -- manual, push, schedule, retry, …\n"
  "  trigger_detail TEXT,\n"
  "  author TEXT,\n"
  "  commit_id TEXT,\n"
  "  commit_subject TEXT,\n"
  "  is_dirty INTEGER NOT NULL DEFAULT 0, -- 1: with changes that no commit holds; their patch is in the snapshot\n"
  "  parameters TEXT, -- JSON object, resolved values\n"
  "  options TEXT, -- JSON object: parallelism, fail mode, selection\n"
  "  source_execution_id TEXT REFERENCES executions (id), -- what it retries or takes outputs from\n"
  "  experiment TEXT,\n"
  "  trial TEXT,\n"
  "  note TEXT, -- a sentence for the person, such as that there was no sandbox\n"
  "  owner_pid INTEGER, -- the program that runs it: pid, start time and boot together name one process\n"
  "  owner_start_ticks INTEGER,\n"
  "  owner_boot_id TEXT,\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  started_at_us INTEGER,\n"
  "  ended_at_us INTEGER,\n"
  "  failure_reason TEXT,\n"
  "  UNIQUE (pipeline_id, number)\n"
  ");\n"
  /* one for each filter of the list, so that a page is always a piece of an index */
  "CREATE INDEX executions_project ON executions (project_id);\n"
  "CREATE INDEX executions_project_status ON executions (project_id, status);\n"
  "CREATE INDEX executions_pipeline ON executions (pipeline_id);\n"
  "CREATE INDEX executions_pipeline_status ON executions (pipeline_id, status);\n"
  "CREATE INDEX executions_status ON executions (status);\n"

  "CREATE TABLE steps (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  execution_id TEXT NOT NULL REFERENCES executions (id),\n"
  "  position INTEGER NOT NULL, -- in document order, from 0\n"
  "  name TEXT NOT NULL,\n"
  "  type TEXT NOT NULL,\n"
  "  status TEXT NOT NULL, -- Pending, Starting, Executing, Waiting, Stopping, Stopped, Succeeded, Failed, Skipped,\n"
  "                        -- Cached, Interrupted\n"
  "  started_at_us INTEGER,\n"
  "  ended_at_us INTEGER,\n"
  "  attempt_count INTEGER NOT NULL DEFAULT 0,\n"
  "  failure_reason TEXT,\n"
  "  why TEXT, -- why it ran, or why not\n"
  "  waits_for TEXT,\n"
  "  cached_from TEXT, -- execution whose outputs were taken\n"
  "  outcome INTEGER, -- of a Condition: 0 or 1\n"
  "  outcome_text TEXT, -- of a Condition: 4.93 ≤ 6.0 → True\n"
  "  properties TEXT, -- JSON object: what Steps.NAME.… refers to\n"
  "  cache_key TEXT, -- SHA-256\n"
  "  cache_components TEXT, -- JSON object: what the key was made of\n"
  "  UNIQUE (execution_id, name)\n"
  ");\n"
  "CREATE INDEX steps_cache_key ON steps (cache_key) WHERE cache_key IS NOT NULL;\n"

  "CREATE TABLE environments (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  digest TEXT NOT NULL UNIQUE,\n"
  "  record TEXT -- JSON object; NULL: not told yet\n"
  ");\n"

  "CREATE TABLE attempts (\n"
  "  step_id INTEGER NOT NULL REFERENCES steps (id),\n"
  "  number INTEGER NOT NULL, -- 1, 2, …\n"
  "  status TEXT NOT NULL, -- a step status\n"
  "  job_name TEXT,\n"
  "  runtime TEXT,\n"
  "  sandbox TEXT,\n"
  "  environment_id INTEGER REFERENCES environments (id),\n"
  "  pid INTEGER, -- of its first process, in its own process group\n"
  "  start_ticks INTEGER,\n"
  "  boot_id TEXT,\n"
  "  started_at_us INTEGER,\n"
  "  ended_at_us INTEGER,\n"
  "  exit_code INTEGER, -- NULL: has not ended, or did not exit by itself\n"
  "  signal INTEGER, -- NULL: not ended by one\n"
  "  wall_us INTEGER,\n"
  "  cpu_us INTEGER,\n"
  "  peak_memory_bytes INTEGER,\n"
  "  log_bytes INTEGER,\n"
  "  failure_reason TEXT,\n"
  "  PRIMARY KEY (step_id, number)\n"
  ") WITHOUT ROWID;\n"

  "CREATE TABLE objects (\n"
  "  -- The digest of a file of the artifact store, right as long as the file's size and time still match.\n"
  "  uri TEXT NOT NULL PRIMARY KEY, -- s3://BUCKET/KEY\n"
  "  size_bytes INTEGER NOT NULL,\n"
  "  mtime_ns INTEGER NOT NULL,\n"
  "  digest TEXT NOT NULL\n"
  ") WITHOUT ROWID;\n"

  "CREATE TABLE artifacts (\n"
  "  -- One content under one name: what was read or written once and may have been replaced since.\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  uri TEXT NOT NULL,\n"
  "  digest TEXT NOT NULL, -- '': not known\n"
  "  size_bytes INTEGER,\n"
  "  UNIQUE (uri, digest)\n"
  ");\n"
  "CREATE INDEX artifacts_digest ON artifacts (digest);\n"

  "CREATE TABLE lineage (\n"
  "  step_id INTEGER NOT NULL REFERENCES steps (id),\n"
  "  attempt INTEGER NOT NULL, -- 0: no attempt (Cached, or the step only states a fact)\n"
  "  direction TEXT NOT NULL CHECK (direction IN ('used', 'produced')),\n"
  "  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),\n"
  "  role TEXT NOT NULL, -- name of the channel, input or output; logged; s3\n"
  "  PRIMARY KEY (step_id, attempt, direction, artifact_id, role)\n"
  ") WITHOUT ROWID;\n"
  "CREATE INDEX lineage_artifact ON lineage (artifact_id);\n"

  "CREATE TABLE requests (\n"
  "  -- What another program asks of the owner of an execution.\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  execution_id TEXT NOT NULL REFERENCES executions (id),\n"
  "  kind TEXT NOT NULL, -- stop, …\n"
  "  argument TEXT, -- JSON\n"
  "  who TEXT NOT NULL,\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  handled_at_us INTEGER\n"
  ");\n"
  "CREATE INDEX requests_open ON requests (execution_id) WHERE handled_at_us IS NULL;\n"

  "CREATE TABLE audit_events (\n"
  "  -- Append-only. hash: SHA-256 of a JSON object of all other columns, keys sorted, no blanks, NULL as null.\n"
  "  sequence INTEGER PRIMARY KEY, -- 1, 2, … without gaps\n"
  "  at_us INTEGER NOT NULL,\n"
  "  who TEXT NOT NULL,\n"
  "  action TEXT NOT NULL,\n"
  "  subject TEXT NOT NULL,\n"
  "  from_value TEXT,\n"
  "  to_value TEXT,\n"
  "  comment TEXT,\n"
  "  details TEXT, -- JSON object\n"
  "  previous_hash TEXT NOT NULL, -- '' in the first\n"
  "  hash TEXT NOT NULL\n"
  ");\n"
  "CREATE INDEX audit_events_subject ON audit_events (subject);\n"
  "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events\n"
  "BEGIN SELECT raise (ABORT, 'the audit log is append-only'); END;\n"
  "CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events\n"
  "BEGIN SELECT raise (ABORT, 'the audit log is append-only'); END;\n"
  "INSERT INTO meta (key, value) VALUES ('audit_count', '0'), ('audit_hash', '');\n";

static const char schema_registry[] =
  "CREATE TABLE models (\n"
  "  -- Made by Model steps.\n"
  "  name TEXT NOT NULL PRIMARY KEY,\n"
  "  execution_id TEXT NOT NULL REFERENCES executions (id),\n"
  "  step TEXT NOT NULL,\n"
  "  spec TEXT, -- JSON object: containers\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  UNIQUE (execution_id, step)\n"
  ");\n"

  "CREATE TABLE model_groups (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  name TEXT NOT NULL UNIQUE,\n"
  "  project_id INTEGER REFERENCES projects (id),\n"
  "  description TEXT,\n"
  "  created_at_us INTEGER NOT NULL\n"
  ");\n"
  "CREATE INDEX model_groups_project ON model_groups (project_id);\n"

  "CREATE TABLE model_versions (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  group_id INTEGER NOT NULL REFERENCES model_groups (id),\n"
  "  number INTEGER NOT NULL, -- 1, 2, … of this group\n"
  "  status TEXT NOT NULL, -- PendingManualApproval, Approved, Rejected\n"
  "  execution_id TEXT REFERENCES executions (id), -- NULL: registered by hand\n"
  "  step TEXT,\n"
  "  model_uri TEXT,\n"
  "  model_digest TEXT,\n"
  "  spec TEXT, -- JSON object\n"
  "  metrics TEXT, -- JSON object\n"
  "  description TEXT,\n"
  "  simulated INTEGER NOT NULL DEFAULT 0,\n"
  "  author TEXT,\n"
  "  created_at_us INTEGER NOT NULL,\n"
  "  UNIQUE (group_id, number)\n"
  ");\n"
  "CREATE UNIQUE INDEX model_versions_step ON model_versions (execution_id, step) WHERE execution_id IS NOT NULL;\n"
  "CREATE INDEX model_versions_status ON model_versions (group_id, status);\n";

static const char schema_tracking[] =
  "CREATE TABLE metric_names (\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  name TEXT NOT NULL UNIQUE\n"
  ");\n"

  "CREATE TABLE metrics (\n"
  "  -- One metric of one attempt, with what lists show of it. A NULL value is not a number (nan).\n"
  "  id INTEGER PRIMARY KEY,\n"
  "  step_id INTEGER NOT NULL REFERENCES steps (id),\n"
  "  attempt INTEGER NOT NULL,\n"
  "  name_id INTEGER NOT NULL REFERENCES metric_names (id),\n"
  "  last_iteration INTEGER,\n"
  "  last_value REAL,\n"
  "  last_at_us INTEGER,\n"
  "  min_value REAL,\n"
  "  max_value REAL,\n"
  "  UNIQUE (step_id, attempt, name_id)\n"
  ");\n"

  "CREATE TABLE metric_points (\n"
  "  -- Small rows in the order in which a curve is drawn: ten million of them are nothing special.\n"
  "  metric_id INTEGER NOT NULL REFERENCES metrics (id),\n"
  "  iteration INTEGER NOT NULL,\n"
  "  value REAL,\n"
  "  at_us INTEGER,\n"
  "  PRIMARY KEY (metric_id, iteration)\n"
  ") WITHOUT ROWID;\n"

  "CREATE TABLE logged_values (\n"
  "  -- What steps logged about themselves other than metrics.\n"
  "  step_id INTEGER NOT NULL REFERENCES steps (id),\n"
  "  attempt INTEGER NOT NULL,\n"
  "  kind TEXT NOT NULL CHECK (kind IN ('param', 'histogram', 'artifact')),\n"
  "  name TEXT NOT NULL,\n"
  "  iteration INTEGER NOT NULL DEFAULT 0,\n"
  "  value TEXT, -- of a param its text, else JSON\n"
  "  PRIMARY KEY (step_id, attempt, kind, name, iteration)\n"
  ");\n";

static gboolean
migrate_to_1 (AtelierDb *db, GError **error)
{
  g_autofree char *identity = g_strdup_printf ("PRAGMA application_id = %d", ATELIER_SCHEMA_APPLICATION_ID);

  return atelier_db_script (db, identity, error) && atelier_db_script (db, schema_runs, error);
}

static gboolean
migrate_to_2 (AtelierDb *db, GError **error)
{
  return atelier_db_script (db, schema_registry, error);
}

static gboolean
migrate_to_3 (AtelierDb *db, GError **error)
{
  return atelier_db_script (db, schema_tracking, error);
}

static gboolean (*const migrations[]) (AtelierDb *db, GError **error) = { migrate_to_1, migrate_to_2, migrate_to_3 };

G_STATIC_ASSERT (G_N_ELEMENTS (migrations) == ATELIER_SCHEMA_VERSION);

typedef struct
{
  gint64 application;
  gint64 version;
  gint64 n_tables;
} Identity;

/* All three at one moment: another program may be making the file just now. */
static gboolean
read_identity (AtelierDb *db, Identity *identity, GError **error)
{
  gboolean is_outside = sqlite3_get_autocommit (db->connection) != 0;
  gboolean is_read;

  if (is_outside && !atelier_db_script (db, "BEGIN", error))
    return FALSE;
  is_read = atelier_db_get_int (db, &identity->application, error, "PRAGMA application_id", "")
            && atelier_db_get_int (db, &identity->version, error, "PRAGMA user_version", "")
            && atelier_db_get_int (db, &identity->n_tables, error, "SELECT count (*) FROM sqlite_schema", "");
  if (is_outside)
    atelier_db_script (db, "ROLLBACK", NULL);
  return is_read;
}

/* What kind of file is this? *version is 0 for a new one. */
static gboolean
read_version (AtelierDb *db, gint64 *version, GError **error)
{
  Identity identity = { 0 };

  if (!read_identity (db, &identity, error))
    return FALSE;
  *version = identity.version;
  if (identity.application != ATELIER_SCHEMA_APPLICATION_ID
      && (identity.application != 0 || identity.version != 0 || identity.n_tables != 0))
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CORRUPT,
                   _("“%s” is a database of another program; choose another workspace, or move the file away"),
                   db->path);
      return FALSE;
    }
  if (*version > ATELIER_SCHEMA_VERSION)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NEWER,
                   _("“%s” was written by a newer version of Atelier (schema %" G_GINT64_FORMAT
                     ", this one knows %d); update this program to open it"),
                   db->path, *version, ATELIER_SCHEMA_VERSION);
      return FALSE;
    }
  return TRUE;
}

gboolean
atelier_schema_check_identity (AtelierDb *db, GError **error)
{
  gint64 version;

  return read_version (db, &version, error);
}

static gboolean
migrate_one (AtelierDb *db, gboolean *done, GError **error)
{
  g_autofree char *stamp = NULL;
  gint64 version;

  if (!read_version (db, &version, error))
    return FALSE;
  *done = version == ATELIER_SCHEMA_VERSION;
  if (*done)
    return TRUE;
  g_debug ("bringing “%s” from schema %" G_GINT64_FORMAT " to the next", db->path, version);
  stamp = g_strdup_printf ("PRAGMA user_version = %d", (int) version + 1);
  return migrations[version] (db, error) && atelier_db_script (db, stamp, error);
}

gboolean
atelier_schema_migrate (AtelierDb *db, GError **error)
{
  gint64 version;
  gboolean done = FALSE;

  if (!read_version (db, &version, error))
    return FALSE;
  if (version == ATELIER_SCHEMA_VERSION)
    return TRUE;
  /* all steps in one transaction, so that nobody sees a schema half way; the version is read again inside, since another
   * program may have been quicker */
  if (!atelier_db_script (db, "BEGIN IMMEDIATE", error))
    return FALSE;
  while (!done)
    if (!migrate_one (db, &done, error))
      {
        atelier_db_script (db, "ROLLBACK", NULL);
        return FALSE;
      }
  if (atelier_db_script (db, "COMMIT", error))
    return TRUE;
  atelier_db_script (db, "ROLLBACK", NULL);
  return FALSE;
}

gboolean
atelier_schema_check (AtelierDb *db, GError **error)
{
  gint64 version;

  if (!read_version (db, &version, error))
    return FALSE;
  if (version == 0)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND,
                   _("“%s” holds no workspace yet; it is just being made"), db->path);
      return FALSE;
    }
  if (version < ATELIER_SCHEMA_VERSION)
    {
      g_set_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_READ_ONLY,
                   _("“%s” was written by an older version of Atelier; open it once where it can be written"),
                   db->path);
      return FALSE;
    }
  return TRUE;
}
