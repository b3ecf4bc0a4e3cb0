/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "store-fixture.h"

#include "atelier-digest.h"

/* Whatever a hand with an SQL tool does to the audit log, verify names it. */

#define UNLOCK "DROP TRIGGER audit_events_no_update; DROP TRIGGER audit_events_no_delete;"
#define LOCK                                                                                                   \
  "CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events BEGIN SELECT raise (ABORT, 'no'); END;" \
  "CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events BEGIN SELECT raise (ABORT, 'no'); END;"

typedef struct
{
  const char *name;
  const char *sql;
  const char *word; /* of the only problem */
} Tampering;

static const Tampering tamperings[] = {
  { "text", UNLOCK "UPDATE audit_events SET who = 'mallory' WHERE sequence = 3;" LOCK, "event 3 was changed" },
  { "time", UNLOCK "UPDATE audit_events SET at_us = at_us + 1 WHERE sequence = 1;" LOCK, "event 1 was changed" },
  { "to-null", UNLOCK "UPDATE audit_events SET to_value = NULL WHERE sequence = 5;" LOCK, "event 5 was changed" },
  { "from-null", UNLOCK "UPDATE audit_events SET comment = '' WHERE sequence = 5;" LOCK, "event 5 was changed" },
  { "hash", UNLOCK "UPDATE audit_events SET hash = replace (hash, substr (hash, 1, 1), 'x') WHERE sequence = 2;" LOCK,
    "event 2 was changed" },
  { "deleted", UNLOCK "DELETE FROM audit_events WHERE sequence = 3;" LOCK, "lost event 3; the next one is 4" },
  { "deleted-first", UNLOCK "DELETE FROM audit_events WHERE sequence = 1;" LOCK, "lost event 1; the next one is 2" },
  { "deleted-and-renumbered", UNLOCK "DELETE FROM audit_events WHERE sequence = 3;"
    "UPDATE audit_events SET sequence = sequence - 1 WHERE sequence = 4; UPDATE audit_events SET sequence = 4"
    " WHERE sequence = 5;" LOCK,
    "event 3 was changed" },
  { "swapped", UNLOCK "UPDATE audit_events SET sequence = 99 WHERE sequence = 2; UPDATE audit_events SET sequence = 2"
                      " WHERE sequence = 3;"
    "UPDATE audit_events SET sequence = 3 WHERE sequence = 99;" LOCK, "event 2 was changed" },
  { "cut-off", UNLOCK "DELETE FROM audit_events WHERE sequence >= 4;" LOCK, "ends with event 3 of 5" },
  { "all-gone", UNLOCK "DELETE FROM audit_events;" LOCK, "ends with event 0 of 5" },
  { "cut-off-with-count",
    UNLOCK "DELETE FROM audit_events WHERE sequence = 5; UPDATE meta SET value = '4' WHERE key = 'audit_count';"
    LOCK, "event 4 is not the one that was written last" },
  { "head-changed", "UPDATE meta SET value = 'x' WHERE key = 'audit_hash';", "event 5 is not the one" },
  { "head-lost", "DELETE FROM meta;", "lost the head" },
  { "added",
    "INSERT INTO audit_events SELECT 6, at_us, who, action, subject, from_value, to_value, comment, details, hash,"
    " hash FROM audit_events WHERE sequence = 5;", "event 6 was changed" },
  { "triggers", "DROP TRIGGER audit_events_no_delete;", "lost the triggers" },
  { "reference", "PRAGMA foreign_keys = OFF; UPDATE steps SET execution_id = 'nosuchthing1' WHERE name = 'B';",
    "table “steps” refers to something in “executions”" },
};

/* Five audit events. */
static void
make_events (StoreFixture *f)
{
  g_autoptr (GError) error = NULL;
  AtelierNewVersion version = { .group_name = "g" };
  const char *id;

  atelier_store_create_project (f->store, &(AtelierNewProject) { .name = "One" }, "ada", &error);
  id = store_fixture_execution (f, 0, "p", "A B");
  atelier_store_execution_changed (f->store, id,
                                   &(AtelierExecutionUpdate) { .status = ATELIER_EXECUTION_STATUS_SUCCEEDED }, NULL,
                                   NULL, NULL);
  atelier_store_register_version (f->store, &version, NULL, NULL, NULL, NULL, 0, &error);
  atelier_store_change_version_status (f->store, "g", 1, ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL,
                                       ATELIER_APPROVAL_STATUS_APPROVED, "grace", NULL, 0, &error);
  g_assert_no_error (error);
  g_assert_true (atelier_store_flush (f->store, &error));
  g_assert_cmpint (raw_int (f->path, "SELECT count (*) FROM audit_events"), ==, 5);
}

static GStrv
verify (StoreFixture *f)
{
  g_autoptr (GError) error = NULL;
  GStrv problems = NULL;

  g_assert_true (atelier_store_verify (f->store, &problems, &error));
  g_assert_no_error (error);
  return problems;
}

static void
test_tampering (StoreFixture *f, gconstpointer data)
{
  const Tampering *tampering = data;
  g_auto (GStrv) before = NULL;
  g_auto (GStrv) after = NULL;

  make_events (f);
  before = verify (f);
  g_assert_cmpuint (g_strv_length (before), ==, 0);
  raw_script (f->path, tampering->sql);
  after = verify (f);
  g_assert_cmpuint (g_strv_length (after), ==, 1);
  g_test_message ("%s", after[0]);
  g_assert_nonnull (strstr (after[0], tampering->word));
}

/* Plain SQL is refused by the triggers. */
static void
test_append_only (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  make_events (f);
  g_assert_false (write_sql (f->store, "UPDATE audit_events SET who = 'mallory'", &error));
  g_assert_nonnull (strstr (error->message, "append-only"));
  g_clear_error (&error);
  g_assert_false (write_sql (f->store, "DELETE FROM audit_events", &error));
  g_assert_nonnull (strstr (error->message, "append-only"));
}

/* The format is a promise: another program can check the chain. This is the first hash, computed by hand. */
static void
test_format (StoreFixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) events = NULL;
  g_autofree char *text = NULL;
  g_autofree char *hash = NULL;
  const AtelierAuditRecord *event;

  atelier_store_create_project (f->store, &(AtelierNewProject) { .name = "Ünï\"", .template_name = "t",
                                                                 .created_at_us = 7 }, "ada",
                                NULL);
  events = atelier_store_list_audit_events (f->store, "project/Ünï\"", 0, 0, NULL);
  g_assert_cmpuint (events->len, ==, 1);
  event = events->pdata[0];
  text = g_strdup ("{\"action\":\"project.created\",\"at_us\":7,\"comment\":null,\"details\":null,"
                   "\"from_value\":null,\"previous_hash\":\"\",\"sequence\":1,\"subject\":\"project/Ünï\\\"\","
                   "\"to_value\":\"t\",\"who\":\"ada\"}");
  hash = atelier_digest_text (text, -1);
  g_assert_cmpstr (event->hash, ==, hash);
}

int
main (int argc, char **argv)
{
  store_fixture_init (argc, argv);
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tamperings); i++)
    {
      g_autofree char *path = g_strdup_printf ("/store/verify/%s", tamperings[i].name);

      g_test_add (path, StoreFixture, &tamperings[i], store_fixture_set_up, test_tampering, store_fixture_tear_down);
    }
  STORE_TEST ("/store/verify/append-only", test_append_only);
  STORE_TEST ("/store/verify/format", test_format);
  return g_test_run ();
}
