/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include "atelier-record.h"

/* The record types, as tables: which SQL expression fills which field. What follows each table makes its ref and
 * unref, and the AtelierRecordType that atelier-record.c walks. */

#define COLUMN(Type, field, kind, sql) { sql, ATELIER_COLUMN_##kind, G_STRUCT_OFFSET (Type, field) }

#define DEFINE_RECORD(Type, prefix, from)                         \
  static void prefix##_clear (gpointer record)                    \
  {                                                               \
    atelier_record_clear (record, prefix##_columns);              \
  }                                                               \
  Type *prefix##_ref (Type *self)                                 \
  {                                                               \
    return g_atomic_rc_box_acquire (self);                        \
  }                                                               \
  void prefix##_unref (Type *self)                                \
  {                                                               \
    g_atomic_rc_box_release_full (self, prefix##_clear);          \
  }                                                               \
  const AtelierRecordType prefix##_type = { sizeof (Type), from, prefix##_columns, (GDestroyNotify) prefix##_unref };

static const AtelierColumn atelier_project_record_columns[] = {
  COLUMN (AtelierProjectRecord, id, INT64, "p.id"),
  COLUMN (AtelierProjectRecord, name, TEXT, "p.name"),
  COLUMN (AtelierProjectRecord, description, TEXT, "p.description"),
  COLUMN (AtelierProjectRecord, template_name, TEXT, "p.template"),
  COLUMN (AtelierProjectRecord, settings_json, TEXT, "p.settings"),
  COLUMN (AtelierProjectRecord, is_simulated, INT, "p.simulated"),
  COLUMN (AtelierProjectRecord, created_at_us, INT64, "p.created_at_us"),
  COLUMN (AtelierProjectRecord, deleted_at_us, INT64, "p.deleted_at_us"),
  { NULL }
};
DEFINE_RECORD (AtelierProjectRecord, atelier_project_record,
               "FROM projects p")

static const AtelierColumn atelier_pipeline_record_columns[] = {
  COLUMN (AtelierPipelineRecord, id, INT64, "l.id"),
  COLUMN (AtelierPipelineRecord, project_id, INT64, "l.project_id"),
  COLUMN (AtelierPipelineRecord, project_name, TEXT, "p.name"),
  COLUMN (AtelierPipelineRecord, name, TEXT, "l.name"),
  COLUMN (AtelierPipelineRecord, n_executions, INT64, "e.number"),
  COLUMN (AtelierPipelineRecord, last_execution_id, TEXT, "e.id"),
  COLUMN (AtelierPipelineRecord, last_status, EXECUTION_STATUS, "e.status"),
  COLUMN (AtelierPipelineRecord, last_at_us, INT64, "e.created_at_us"),
  COLUMN (AtelierPipelineRecord, version_number, INT,
          "(SELECT max (v.number) FROM pipeline_versions v WHERE v.pipeline_id = l.id)"),
  { NULL }
};
DEFINE_RECORD (AtelierPipelineRecord, atelier_pipeline_record,
               "FROM pipelines l LEFT JOIN projects p ON p.id = l.project_id"
               " LEFT JOIN executions e ON e.sequence = (SELECT max (x.sequence) FROM executions x"
               " WHERE x.pipeline_id = l.id)")

static const AtelierColumn atelier_pipeline_version_record_columns[] = {
  COLUMN (AtelierPipelineVersionRecord, id, INT64, "v.id"),
  COLUMN (AtelierPipelineVersionRecord, pipeline_id, INT64, "v.pipeline_id"),
  COLUMN (AtelierPipelineVersionRecord, number, INT, "v.number"),
  COLUMN (AtelierPipelineVersionRecord, definition_digest, TEXT, "v.definition_digest"),
  COLUMN (AtelierPipelineVersionRecord, commit_id, TEXT, "v.commit_id"),
  COLUMN (AtelierPipelineVersionRecord, created_at_us, INT64, "v.created_at_us"),
  { NULL }
};
DEFINE_RECORD (AtelierPipelineVersionRecord, atelier_pipeline_version_record,
               "FROM pipeline_versions v")

static const AtelierColumn atelier_execution_record_columns[] = {
  COLUMN (AtelierExecutionRecord, sequence, INT64, "e.sequence"),
  COLUMN (AtelierExecutionRecord, id, TEXT, "e.id"),
  COLUMN (AtelierExecutionRecord, project_id, INT64, "e.project_id"),
  COLUMN (AtelierExecutionRecord, project_name, TEXT, "p.name"),
  COLUMN (AtelierExecutionRecord, pipeline_id, INT64, "e.pipeline_id"),
  COLUMN (AtelierExecutionRecord, pipeline_name, TEXT, "l.name"),
  COLUMN (AtelierExecutionRecord, number, INT, "e.number"),
  COLUMN (AtelierExecutionRecord, version_number, INT, "v.number"),
  COLUMN (AtelierExecutionRecord, definition_digest, TEXT, "v.definition_digest"),
  COLUMN (AtelierExecutionRecord, display_name, TEXT, "e.display_name"),
  COLUMN (AtelierExecutionRecord, status, EXECUTION_STATUS, "e.status"),
  COLUMN (AtelierExecutionRecord, trigger, TEXT, "e.\"trigger\""),
  COLUMN (AtelierExecutionRecord, trigger_detail, TEXT, "e.trigger_detail"),
  COLUMN (AtelierExecutionRecord, author, TEXT, "e.author"),
  COLUMN (AtelierExecutionRecord, commit_id, TEXT, "e.commit_id"),
  COLUMN (AtelierExecutionRecord, commit_subject, TEXT, "e.commit_subject"),
  COLUMN (AtelierExecutionRecord, is_dirty, INT, "e.is_dirty"),
  COLUMN (AtelierExecutionRecord, parameters_json, TEXT, "e.parameters"),
  COLUMN (AtelierExecutionRecord, options_json, TEXT, "e.options"),
  COLUMN (AtelierExecutionRecord, source_execution_id, TEXT, "e.source_execution_id"),
  COLUMN (AtelierExecutionRecord, experiment, TEXT, "e.experiment"),
  COLUMN (AtelierExecutionRecord, trial, TEXT, "e.trial"),
  COLUMN (AtelierExecutionRecord, note, TEXT, "e.note"),
  COLUMN (AtelierExecutionRecord, owner_pid, INT64, "e.owner_pid"),
  COLUMN (AtelierExecutionRecord, owner_start_ticks, INT64, "e.owner_start_ticks"),
  COLUMN (AtelierExecutionRecord, owner_boot_id, TEXT, "e.owner_boot_id"),
  COLUMN (AtelierExecutionRecord, created_at_us, INT64, "e.created_at_us"),
  COLUMN (AtelierExecutionRecord, started_at_us, INT64, "e.started_at_us"),
  COLUMN (AtelierExecutionRecord, ended_at_us, INT64, "e.ended_at_us"),
  COLUMN (AtelierExecutionRecord, failure_reason, TEXT, "e.failure_reason"),
  { NULL }
};
DEFINE_RECORD (AtelierExecutionRecord, atelier_execution_record,
               "FROM executions e CROSS JOIN pipelines l ON l.id = e.pipeline_id"
               " LEFT JOIN projects p ON p.id = e.project_id"
               " LEFT JOIN pipeline_versions v ON v.id = e.pipeline_version_id")

static const AtelierColumn atelier_step_record_columns[] = {
  COLUMN (AtelierStepRecord, id, INT64, "s.id"),
  COLUMN (AtelierStepRecord, execution_id, TEXT, "s.execution_id"),
  COLUMN (AtelierStepRecord, position, INT, "s.position"),
  COLUMN (AtelierStepRecord, name, TEXT, "s.name"),
  COLUMN (AtelierStepRecord, type, TEXT, "s.type"),
  COLUMN (AtelierStepRecord, status, STEP_STATUS, "s.status"),
  COLUMN (AtelierStepRecord, started_at_us, INT64, "s.started_at_us"),
  COLUMN (AtelierStepRecord, ended_at_us, INT64, "s.ended_at_us"),
  COLUMN (AtelierStepRecord, attempt_count, INT, "s.attempt_count"),
  COLUMN (AtelierStepRecord, failure_reason, TEXT, "s.failure_reason"),
  COLUMN (AtelierStepRecord, why, TEXT, "s.why"),
  COLUMN (AtelierStepRecord, waits_for, TEXT, "s.waits_for"),
  COLUMN (AtelierStepRecord, cached_from, TEXT, "s.cached_from"),
  COLUMN (AtelierStepRecord, outcome_text, TEXT, "s.outcome_text"),
  COLUMN (AtelierStepRecord, outcome, INT, "s.outcome"),
  COLUMN (AtelierStepRecord, properties_json, TEXT, "s.properties"),
  COLUMN (AtelierStepRecord, cache_key, TEXT, "s.cache_key"),
  COLUMN (AtelierStepRecord, cache_components_json, TEXT, "s.cache_components"),
  { NULL }
};
DEFINE_RECORD (AtelierStepRecord, atelier_step_record,
               "FROM steps s")

static const AtelierColumn atelier_attempt_record_columns[] = {
  COLUMN (AtelierAttemptRecord, execution_id, TEXT, "s.execution_id"),
  COLUMN (AtelierAttemptRecord, step, TEXT, "s.name"),
  COLUMN (AtelierAttemptRecord, number, INT, "a.number"),
  COLUMN (AtelierAttemptRecord, status, STEP_STATUS, "a.status"),
  COLUMN (AtelierAttemptRecord, job_name, TEXT, "a.job_name"),
  COLUMN (AtelierAttemptRecord, runtime, TEXT, "a.runtime"),
  COLUMN (AtelierAttemptRecord, sandbox, TEXT, "a.sandbox"),
  COLUMN (AtelierAttemptRecord, pid, INT64, "a.pid"),
  COLUMN (AtelierAttemptRecord, start_ticks, INT64, "a.start_ticks"),
  COLUMN (AtelierAttemptRecord, boot_id, TEXT, "a.boot_id"),
  COLUMN (AtelierAttemptRecord, environment_digest, TEXT, "n.digest"),
  COLUMN (AtelierAttemptRecord, started_at_us, INT64, "a.started_at_us"),
  COLUMN (AtelierAttemptRecord, ended_at_us, INT64, "a.ended_at_us"),
  COLUMN (AtelierAttemptRecord, exit_code, INT, "ifnull (a.exit_code, -1)"),
  COLUMN (AtelierAttemptRecord, signal, INT, "a.signal"),
  COLUMN (AtelierAttemptRecord, wall_us, INT64, "a.wall_us"),
  COLUMN (AtelierAttemptRecord, cpu_us, INT64, "a.cpu_us"),
  COLUMN (AtelierAttemptRecord, peak_memory_bytes, INT64, "a.peak_memory_bytes"),
  COLUMN (AtelierAttemptRecord, log_bytes, INT64, "a.log_bytes"),
  COLUMN (AtelierAttemptRecord, failure_reason, TEXT, "a.failure_reason"),
  { NULL }
};
DEFINE_RECORD (AtelierAttemptRecord, atelier_attempt_record,
               "FROM steps s CROSS JOIN attempts a ON a.step_id = s.id"
               " LEFT JOIN environments n ON n.id = a.environment_id")

static const AtelierColumn atelier_metric_record_columns[] = {
  COLUMN (AtelierMetricRecord, execution_id, TEXT, "s.execution_id"),
  COLUMN (AtelierMetricRecord, step, TEXT, "s.name"),
  COLUMN (AtelierMetricRecord, attempt, INT, "m.attempt"),
  COLUMN (AtelierMetricRecord, name, TEXT, "n.name"),
  COLUMN (AtelierMetricRecord, last_iteration, INT64, "m.last_iteration"),
  COLUMN (AtelierMetricRecord, last_value, DOUBLE, "m.last_value"),
  COLUMN (AtelierMetricRecord, last_at_us, INT64, "m.last_at_us"),
  COLUMN (AtelierMetricRecord, min_value, DOUBLE, "m.min_value"),
  COLUMN (AtelierMetricRecord, max_value, DOUBLE, "m.max_value"),
  { NULL }
};
DEFINE_RECORD (AtelierMetricRecord, atelier_metric_record,
               "FROM steps s CROSS JOIN metrics m ON m.step_id = s.id CROSS JOIN metric_names n ON n.id = m.name_id")

static const AtelierColumn atelier_logged_record_columns[] = {
  COLUMN (AtelierLoggedRecord, execution_id, TEXT, "s.execution_id"),
  COLUMN (AtelierLoggedRecord, step, TEXT, "s.name"),
  COLUMN (AtelierLoggedRecord, attempt, INT, "g.attempt"),
  COLUMN (AtelierLoggedRecord, kind, LOGGED_KIND, "g.kind"),
  COLUMN (AtelierLoggedRecord, name, TEXT, "g.name"),
  COLUMN (AtelierLoggedRecord, iteration, INT64, "g.iteration"),
  COLUMN (AtelierLoggedRecord, value, TEXT, "g.value"),
  { NULL }
};
DEFINE_RECORD (AtelierLoggedRecord, atelier_logged_record,
               "FROM steps s CROSS JOIN logged_values g ON g.step_id = s.id")

static const AtelierColumn atelier_object_record_columns[] = {
  COLUMN (AtelierObjectRecord, uri, TEXT, "o.uri"),
  COLUMN (AtelierObjectRecord, size_bytes, INT64, "o.size_bytes"),
  COLUMN (AtelierObjectRecord, mtime_ns, INT64, "o.mtime_ns"),
  COLUMN (AtelierObjectRecord, digest, TEXT, "o.digest"),
  { NULL }
};
DEFINE_RECORD (AtelierObjectRecord, atelier_object_record,
               "FROM objects o")

static const AtelierColumn atelier_lineage_record_columns[] = {
  COLUMN (AtelierLineageRecord, execution_id, TEXT, "s.execution_id"),
  COLUMN (AtelierLineageRecord, step, TEXT, "s.name"),
  COLUMN (AtelierLineageRecord, attempt, INT, "i.attempt"),
  COLUMN (AtelierLineageRecord, direction, DIRECTION, "i.direction"),
  COLUMN (AtelierLineageRecord, role, TEXT, "i.role"),
  COLUMN (AtelierLineageRecord, artifact_id, INT64, "t.id"),
  COLUMN (AtelierLineageRecord, uri, TEXT, "t.uri"),
  COLUMN (AtelierLineageRecord, digest, FILLED, "t.digest"),
  COLUMN (AtelierLineageRecord, size_bytes, INT64, "t.size_bytes"),
  { NULL }
};
DEFINE_RECORD (AtelierLineageRecord, atelier_lineage_record,
               "FROM lineage i JOIN steps s ON s.id = i.step_id JOIN artifacts t ON t.id = i.artifact_id")

static const AtelierColumn atelier_model_record_columns[] = {
  COLUMN (AtelierModelRecord, name, TEXT, "m.name"),
  COLUMN (AtelierModelRecord, execution_id, TEXT, "m.execution_id"),
  COLUMN (AtelierModelRecord, step, TEXT, "m.step"),
  COLUMN (AtelierModelRecord, spec_json, TEXT, "m.spec"),
  COLUMN (AtelierModelRecord, created_at_us, INT64, "m.created_at_us"),
  { NULL }
};
DEFINE_RECORD (AtelierModelRecord, atelier_model_record,
               "FROM models m")

static const AtelierColumn atelier_model_group_record_columns[] = {
  COLUMN (AtelierModelGroupRecord, id, INT64, "g.id"),
  COLUMN (AtelierModelGroupRecord, name, TEXT, "g.name"),
  COLUMN (AtelierModelGroupRecord, project_id, INT64, "g.project_id"),
  COLUMN (AtelierModelGroupRecord, project_name, TEXT, "p.name"),
  COLUMN (AtelierModelGroupRecord, description, TEXT, "g.description"),
  COLUMN (AtelierModelGroupRecord, created_at_us, INT64, "g.created_at_us"),
  COLUMN (AtelierModelGroupRecord, n_versions, INT,
          "(SELECT count (*) FROM model_versions v WHERE v.group_id = g.id)"),
  COLUMN (AtelierModelGroupRecord, n_pending, INT,
          "(SELECT count (*) FROM model_versions v WHERE v.group_id = g.id AND v.status = 'PendingManualApproval')"),
  COLUMN (AtelierModelGroupRecord, last_number, INT,
          "(SELECT max (v.number) FROM model_versions v WHERE v.group_id = g.id)"),
  { NULL }
};
DEFINE_RECORD (AtelierModelGroupRecord, atelier_model_group_record,
               "FROM model_groups g LEFT JOIN projects p ON p.id = g.project_id")

static const AtelierColumn atelier_model_version_record_columns[] = {
  COLUMN (AtelierModelVersionRecord, group_id, INT64, "v.group_id"),
  COLUMN (AtelierModelVersionRecord, group_name, TEXT, "g.name"),
  COLUMN (AtelierModelVersionRecord, number, INT, "v.number"),
  COLUMN (AtelierModelVersionRecord, status, APPROVAL_STATUS, "v.status"),
  COLUMN (AtelierModelVersionRecord, execution_id, TEXT, "v.execution_id"),
  COLUMN (AtelierModelVersionRecord, step, TEXT, "v.step"),
  COLUMN (AtelierModelVersionRecord, model_uri, TEXT, "v.model_uri"),
  COLUMN (AtelierModelVersionRecord, model_digest, TEXT, "v.model_digest"),
  COLUMN (AtelierModelVersionRecord, spec_json, TEXT, "v.spec"),
  COLUMN (AtelierModelVersionRecord, metrics_json, TEXT, "v.metrics"),
  COLUMN (AtelierModelVersionRecord, description, TEXT, "v.description"),
  COLUMN (AtelierModelVersionRecord, is_simulated, INT, "v.simulated"),
  COLUMN (AtelierModelVersionRecord, author, TEXT, "v.author"),
  COLUMN (AtelierModelVersionRecord, created_at_us, INT64, "v.created_at_us"),
  { NULL }
};
DEFINE_RECORD (AtelierModelVersionRecord, atelier_model_version_record,
               "FROM model_versions v JOIN model_groups g ON g.id = v.group_id")

static const AtelierColumn atelier_audit_record_columns[] = {
  COLUMN (AtelierAuditRecord, sequence, INT64, "a.sequence"),
  COLUMN (AtelierAuditRecord, at_us, INT64, "a.at_us"),
  COLUMN (AtelierAuditRecord, who, TEXT, "a.who"),
  COLUMN (AtelierAuditRecord, action, TEXT, "a.action"),
  COLUMN (AtelierAuditRecord, subject, TEXT, "a.subject"),
  COLUMN (AtelierAuditRecord, from_value, TEXT, "a.from_value"),
  COLUMN (AtelierAuditRecord, to_value, TEXT, "a.to_value"),
  COLUMN (AtelierAuditRecord, comment, TEXT, "a.comment"),
  COLUMN (AtelierAuditRecord, details_json, TEXT, "a.details"),
  COLUMN (AtelierAuditRecord, previous_hash, TEXT, "a.previous_hash"),
  COLUMN (AtelierAuditRecord, hash, TEXT, "a.hash"),
  { NULL }
};
DEFINE_RECORD (AtelierAuditRecord, atelier_audit_record,
               "FROM audit_events a")

static const AtelierColumn atelier_request_record_columns[] = {
  COLUMN (AtelierRequestRecord, id, INT64, "r.id"),
  COLUMN (AtelierRequestRecord, execution_id, TEXT, "r.execution_id"),
  COLUMN (AtelierRequestRecord, kind, TEXT, "r.kind"),
  COLUMN (AtelierRequestRecord, argument_json, TEXT, "r.argument"),
  COLUMN (AtelierRequestRecord, who, TEXT, "r.who"),
  COLUMN (AtelierRequestRecord, created_at_us, INT64, "r.created_at_us"),
  COLUMN (AtelierRequestRecord, handled_at_us, INT64, "r.handled_at_us"),
  { NULL }
};
DEFINE_RECORD (AtelierRequestRecord, atelier_request_record,
               "FROM requests r")
