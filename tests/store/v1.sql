-- SPDX-FileCopyrightText: The Atelier contributors
-- SPDX-License-Identifier: Apache-2.0
--
-- A workspace as the first schema left it, for the migration test. Never changed: a later schema gets a file of its own.
PRAGMA application_id = 0x41544c52;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE artifacts (
  -- One content under one name: what was read or written once and may have been replaced since.
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL,
  digest TEXT NOT NULL, -- '': not known
  size_bytes INTEGER,
  UNIQUE (uri, digest)
);
INSERT INTO "artifacts" VALUES(1,'s3://demo/abalone.csv','0d1',191873);
CREATE TABLE attempts (
  step_id INTEGER NOT NULL REFERENCES steps (id),
  number INTEGER NOT NULL, -- 1, 2, …
  status TEXT NOT NULL, -- a step status
  job_name TEXT,
  runtime TEXT,
  sandbox TEXT,
  environment_id INTEGER REFERENCES environments (id),
  pid INTEGER, -- of its first process, in its own process group
  start_ticks INTEGER,
  boot_id TEXT,
  started_at_us INTEGER,
  ended_at_us INTEGER,
  exit_code INTEGER, -- NULL: has not ended, or did not exit by itself
  signal INTEGER, -- NULL: not ended by one
  wall_us INTEGER,
  cpu_us INTEGER,
  peak_memory_bytes INTEGER,
  log_bytes INTEGER,
  failure_reason TEXT,
  PRIMARY KEY (step_id, number)
) WITHOUT ROWID;
INSERT INTO "attempts" VALUES(2,1,'Succeeded','pipelines-abcdefghij12-Train','xgboost','bubblewrap',1,4243,100,'6b1f8a52-0000-4000-8000-000000000000',1700000000400001,1700000010000001,0,NULL,9600000,8000000,123456789,4096,NULL);
CREATE TABLE audit_events (
  -- Append-only. hash is the SHA-256 of a JSON object of all other columns: keys sorted, no blanks, NULL as null.
  sequence INTEGER PRIMARY KEY, -- 1, 2, … without gaps
  at_us INTEGER NOT NULL,
  who TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  from_value TEXT,
  to_value TEXT,
  comment TEXT,
  details TEXT, -- JSON object
  previous_hash TEXT NOT NULL, -- '' in the first
  hash TEXT NOT NULL
);
INSERT INTO "audit_events" VALUES(1,1700000000000000,'ada','project.created','project/Abalone',NULL,'build-train-deploy',NULL,NULL,'','f2e16f6e5359f3ca4a4f929fbd68d6481cd35640353de9b640e7df5e858a28e4');
INSERT INTO "audit_events" VALUES(2,1700000000200000,'ada','execution.started','execution/abcdefghij12',NULL,'Executing',NULL,NULL,'f2e16f6e5359f3ca4a4f929fbd68d6481cd35640353de9b640e7df5e858a28e4','8c94b5f0878aa2d7a45138e3ef8fabe7ee102f87751d760c1d6561573fbb2b57');
INSERT INTO "audit_events" VALUES(3,1700000060000000,'ada','execution.ended','execution/abcdefghij12','Executing','Succeeded',NULL,NULL,'8c94b5f0878aa2d7a45138e3ef8fabe7ee102f87751d760c1d6561573fbb2b57','797d51b1f584bed070b828bc539ad6b1eca2a19edbb1c285a90585d272e65844');
CREATE TABLE environments (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  record TEXT -- JSON object; NULL: not told yet
);
INSERT INTO "environments" VALUES(1,'e1','{"python":"3.11"}');
CREATE TABLE executions (
  sequence INTEGER PRIMARY KEY, -- order of creation
  id TEXT NOT NULL UNIQUE CHECK (length (id) = 12),
  project_id INTEGER REFERENCES projects (id), -- that of the pipeline
  pipeline_id INTEGER NOT NULL REFERENCES pipelines (id),
  number INTEGER NOT NULL, -- 1, 2, … of this pipeline
  pipeline_version_id INTEGER REFERENCES pipeline_versions (id), -- NULL: failed before it had a definition
  display_name TEXT,
  status TEXT NOT NULL, -- Executing, Stopping, Stopped, Failed, Succeeded
  "trigger" TEXT NOT NULL, -- manual, push, schedule, retry, …
  trigger_detail TEXT,
  author TEXT,
  commit_id TEXT,
  commit_subject TEXT,
  is_dirty INTEGER NOT NULL DEFAULT 0, -- 1: there were changes that no commit holds; their patch is in the snapshot
  parameters TEXT, -- JSON object, resolved values
  options TEXT, -- JSON object: parallelism, fail mode, selection
  source_execution_id TEXT REFERENCES executions (id), -- what it retries or takes outputs from
  experiment TEXT,
  trial TEXT,
  note TEXT, -- a sentence for the person, such as that there was no sandbox
  owner_pid INTEGER, -- the program that runs it: pid, start time and boot together name one process
  owner_start_ticks INTEGER,
  owner_boot_id TEXT,
  created_at_us INTEGER NOT NULL,
  started_at_us INTEGER,
  ended_at_us INTEGER,
  failure_reason TEXT,
  UNIQUE (pipeline_id, number)
);
INSERT INTO "executions" VALUES(1,'abcdefghij12',1,1,1,1,'First','Succeeded','push','main','ada','a1b2c3d4','max_depth 5',0,'{"MaxMse":6.0}','{"parallelism":2}',NULL,NULL,NULL,NULL,4242,99,'6b1f8a52-0000-4000-8000-000000000000',1700000000200000,1700000000300000,1700000060000000,NULL);
CREATE TABLE lineage (
  step_id INTEGER NOT NULL REFERENCES steps (id),
  attempt INTEGER NOT NULL, -- 0: no attempt (Cached, or the step only states a fact)
  direction TEXT NOT NULL CHECK (direction IN ('used', 'produced')),
  artifact_id INTEGER NOT NULL REFERENCES artifacts (id),
  role TEXT NOT NULL, -- name of the channel, input or output; logged; s3
  PRIMARY KEY (step_id, attempt, direction, artifact_id, role)
) WITHOUT ROWID;
INSERT INTO "lineage" VALUES(2,1,'used',1,'train');
CREATE TABLE meta (
  -- audit_count and audit_hash: number and hash of the newest audit event
  key TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('audit_count','3');
INSERT INTO "meta" VALUES('audit_hash','797d51b1f584bed070b828bc539ad6b1eca2a19edbb1c285a90585d272e65844');
CREATE TABLE objects (
  -- The digest of a file of the artifact store, right as long as the file's size and time still match.
  uri TEXT NOT NULL PRIMARY KEY, -- s3://BUCKET/KEY
  size_bytes INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  digest TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "objects" VALUES('s3://demo/abalone.csv',191873,1700000000000000000,'0d1');
CREATE TABLE pipeline_versions (
  id INTEGER PRIMARY KEY,
  pipeline_id INTEGER NOT NULL REFERENCES pipelines (id),
  number INTEGER NOT NULL, -- 1, 2, … of this pipeline
  definition_digest TEXT NOT NULL, -- SHA-256 of the definition's text
  commit_id TEXT,
  created_at_us INTEGER NOT NULL,
  UNIQUE (pipeline_id, number),
  UNIQUE (pipeline_id, definition_digest)
);
INSERT INTO "pipeline_versions" VALUES(1,1,1,'7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730','a1b2c3d4',1700000000100000);
CREATE TABLE pipelines (
  id INTEGER PRIMARY KEY,
  project_id INTEGER REFERENCES projects (id), -- NULL: of no project
  name TEXT NOT NULL,
  created_at_us INTEGER NOT NULL
);
INSERT INTO "pipelines" VALUES(1,1,'abalone',1700000000100000);
CREATE TABLE projects (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL, -- unique among those that are not deleted
  description TEXT,
  template TEXT,
  settings TEXT, -- JSON
  simulated INTEGER NOT NULL DEFAULT 0, -- 1: its data is made up
  created_at_us INTEGER NOT NULL,
  deleted_at_us INTEGER
);
INSERT INTO "projects" VALUES(1,'Abalone','Age of abalones','build-train-deploy','{"interpreter":"python3"}',0,1700000000000000,NULL);
CREATE TABLE requests (
  -- What another program asks of the owner of an execution.
  id INTEGER PRIMARY KEY,
  execution_id TEXT NOT NULL REFERENCES executions (id),
  kind TEXT NOT NULL, -- stop, …
  argument TEXT, -- JSON
  who TEXT NOT NULL,
  created_at_us INTEGER NOT NULL,
  handled_at_us INTEGER
);
INSERT INTO "requests" VALUES(1,'abcdefghij12','stop',NULL,'ada',1700000000500000,1700000060000000);
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,
  execution_id TEXT NOT NULL REFERENCES executions (id),
  position INTEGER NOT NULL, -- in document order, from 0
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL, -- Pending, Starting, Executing, Waiting, Stopping, Stopped, Succeeded, Failed, Skipped, Cached,
                        -- Interrupted
  started_at_us INTEGER,
  ended_at_us INTEGER,
  attempt_count INTEGER NOT NULL DEFAULT 0,
  failure_reason TEXT,
  why TEXT, -- why it ran, or why not
  waits_for TEXT,
  cached_from TEXT, -- execution whose outputs were taken
  outcome INTEGER, -- of a Condition: 0 or 1
  outcome_text TEXT, -- of a Condition: 4.93 ≤ 6.0 → True
  properties TEXT, -- JSON object: what Steps.NAME.… refers to
  cache_key TEXT, -- SHA-256
  cache_components TEXT, -- JSON object: what the key was made of
  UNIQUE (execution_id, name)
);
INSERT INTO "steps" VALUES(1,'abcdefghij12',0,'Preprocess','Processing','Cached',1700000000400000,1700000010000000,0,NULL,NULL,NULL,'abcdefghij12',NULL,NULL,'{}',NULL,NULL);
INSERT INTO "steps" VALUES(2,'abcdefghij12',1,'Train','Training','Succeeded',1700000000400001,1700000010000001,1,NULL,NULL,NULL,NULL,NULL,NULL,'{}','k1','{"image":"xgboost"}');
INSERT INTO "steps" VALUES(3,'abcdefghij12',2,'Check','Condition','Succeeded',1700000000400002,1700000010000002,0,NULL,NULL,NULL,NULL,1,'4.93 ≤ 6.0 → True','{}',NULL,NULL);
CREATE UNIQUE INDEX projects_name ON projects (name) WHERE deleted_at_us IS NULL;
CREATE UNIQUE INDEX pipelines_name ON pipelines (ifnull (project_id, 0), name);
CREATE INDEX executions_project ON executions (project_id);
CREATE INDEX executions_project_status ON executions (project_id, status);
CREATE INDEX executions_pipeline ON executions (pipeline_id);
CREATE INDEX executions_pipeline_status ON executions (pipeline_id, status);
CREATE INDEX executions_status ON executions (status);
CREATE INDEX steps_cache_key ON steps (cache_key) WHERE cache_key IS NOT NULL;
CREATE INDEX artifacts_digest ON artifacts (digest);
CREATE INDEX lineage_artifact ON lineage (artifact_id);
CREATE INDEX requests_open ON requests (execution_id) WHERE handled_at_us IS NULL;
CREATE INDEX audit_events_subject ON audit_events (subject);
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN SELECT raise (ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN SELECT raise (ABORT, 'the audit log is append-only'); END;
COMMIT;
