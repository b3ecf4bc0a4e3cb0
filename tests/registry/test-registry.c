/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include "atelier-registry.h"

#include "atelier-files.h"

/* Names, numbers, and the law of approval with its audit trail. */

typedef struct
{
  char         *folder;
  AtelierStore *store;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("atelier-registry-XXXXXX", NULL);
  f->store = atelier_store_open (f->folder, "ada", ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_true (atelier_store_close (f->store, NULL));
  g_assert_finalize_object (f->store);
  g_assert_true (atelier_files_remove_tree (f->folder, NULL));
  g_free (f->folder);
}

static int
add (Fixture *f, const char *group_name, GError **error)
{
  const AtelierNewVersion version = { .group_name = group_name, .model_uri = "s3://b/model.tar.gz" };

  return atelier_registry_register (f->store, &version, NULL, NULL, NULL, NULL, 0, error);
}

static void
test_names (void)
{
  const char *good[] = { "a", "abalone", "Abalone-2", "a-b-c", "0",
                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
  const char *bad[] = { "", "-", "-a", "a-", "a--b", "a_b", "a/b", "a b", "ä",
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (atelier_registry_check_group_name (good[i], &error));
      g_assert_no_error (error);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (atelier_registry_check_group_name (bad[i], &error));
      g_assert_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME);
    }
}

static void
test_register (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) groups = NULL;
  g_autoptr (GPtrArray) versions = NULL;
  g_autoptr (GPtrArray) all = NULL;
  const AtelierModelGroupRecord *group;

  g_assert_cmpint (add (f, "shells", &error), ==, 1);
  g_assert_cmpint (add (f, "shells", &error), ==, 2);
  g_assert_cmpint (add (f, "wine", &error), ==, 1);
  g_assert_no_error (error);
  g_assert_cmpint (add (f, "no name", &error), ==, 0);
  g_assert_error (error, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME);
  g_clear_error (&error);

  groups = atelier_registry_list_groups (f->store, 0, &error);
  g_assert_cmpuint (groups->len, ==, 2);
  group = groups->pdata[0];
  g_assert_cmpstr (group->name, ==, "shells");
  g_assert_cmpint (group->n_versions, ==, 2);
  g_assert_cmpint (group->n_pending, ==, 2);
  g_assert_cmpint (group->last_number, ==, 2);
  versions = atelier_registry_list_versions (f->store, "shells", &error);
  g_assert_cmpuint (versions->len, ==, 2);
  g_assert_cmpint (((AtelierModelVersionRecord *) versions->pdata[0])->number, ==, 2);
  all = atelier_registry_list_versions (f->store, NULL, &error);
  g_assert_cmpuint (all->len, ==, 3);
}

static void
test_find (Fixture *f, gconstpointer data)
{
  const struct { const char *text; int number; GQuark domain; int code; } cases[] = {
    { "shells/1", 1 },
    { "shells/2", 2 },
    { "shells", 2 }, /* its newest */
    { "shells/3", 0, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND },
    { "shells/0", 0, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME },
    { "shells/", 0, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME },
    { "shells/x", 0, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME },
    { "shells/99999999999", 0, ATELIER_REGISTRY_ERROR, ATELIER_REGISTRY_ERROR_NAME },
    { "wine", 0, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND },
    { "wine/1", 0, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND },
    { "empty", 0, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND },
    { "", 0, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_NOT_FOUND },
  };

  add (f, "shells", NULL);
  add (f, "shells", NULL);
  g_assert_cmpint (atelier_store_ensure_model_group (f->store, "empty", 0, NULL, NULL), >, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierModelVersionRecord) version = atelier_registry_find_version (f->store, cases[i].text, &error);

      g_test_message ("“%s”: %s", cases[i].text, error != NULL ? error->message : "found");
      if (cases[i].number == 0)
        g_assert_error (error, cases[i].domain, cases[i].code);
      else
        g_assert_cmpint (version->number, ==, cases[i].number);
    }
}

static void
test_law (void)
{
  const AtelierApprovalStatus pending = ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL;
  const AtelierApprovalStatus approved = ATELIER_APPROVAL_STATUS_APPROVED;
  const AtelierApprovalStatus rejected = ATELIER_APPROVAL_STATUS_REJECTED;

  g_assert_true (atelier_registry_may_change (pending, approved));
  g_assert_true (atelier_registry_may_change (pending, rejected));
  g_assert_true (atelier_registry_may_change (approved, rejected));
  g_assert_true (atelier_registry_may_change (rejected, approved));
  for (int status = 0; status < ATELIER_APPROVAL_STATUS_N_VALUES; status++)
    {
      g_assert_false (atelier_registry_may_change (status, pending));
      g_assert_false (atelier_registry_may_change (status, status));
    }
}

static void
assert_refused (Fixture *f, AtelierApprovalStatus to, const char *comment, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (atelier_registry_update_status (f->store, "shells/1", to, NULL, comment, &error));
  g_assert_error (error, ATELIER_REGISTRY_ERROR, code);
  g_test_message ("%s", error->message);
}

static void
test_update_status (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierModelVersionRecord) approved = NULL;
  g_autoptr (AtelierModelVersionRecord) rejected = NULL;
  g_autoptr (GPtrArray) events = NULL;
  const AtelierAuditRecord *event;

  add (f, "shells", NULL);
  assert_refused (f, ATELIER_APPROVAL_STATUS_APPROVED, NULL, ATELIER_REGISTRY_ERROR_COMMENT);
  assert_refused (f, ATELIER_APPROVAL_STATUS_APPROVED, " \n\t", ATELIER_REGISTRY_ERROR_COMMENT);
  assert_refused (f, ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL, "why not", ATELIER_REGISTRY_ERROR_TRANSITION);

  approved = atelier_registry_update_status (f->store, "shells/1", ATELIER_APPROVAL_STATUS_APPROVED, "grace",
                                             "mse 4.9 is fine", &error);
  g_assert_no_error (error);
  g_assert_cmpint (approved->status, ==, ATELIER_APPROVAL_STATUS_APPROVED);
  assert_refused (f, ATELIER_APPROVAL_STATUS_APPROVED, "again", ATELIER_REGISTRY_ERROR_TRANSITION);
  rejected = atelier_registry_update_status (f->store, "shells", ATELIER_APPROVAL_STATUS_REJECTED, NULL, "too slow",
                                             &error);
  g_assert_cmpint (rejected->status, ==, ATELIER_APPROVAL_STATUS_REJECTED);

  events = atelier_store_list_audit_events (f->store, "model/shells/1", 0, 0, &error);
  g_assert_cmpuint (events->len, ==, 3); /* registered, approved, rejected: nothing of what was refused */
  event = events->pdata[1];
  g_assert_cmpstr (event->action, ==, "version.status");
  g_assert_cmpstr (event->who, ==, "grace");
  g_assert_cmpstr (event->from_value, ==, "PendingManualApproval");
  g_assert_cmpstr (event->to_value, ==, "Approved");
  g_assert_cmpstr (event->comment, ==, "mse 4.9 is fine");
  event = events->pdata[0];
  g_assert_cmpstr (event->who, ==, "ada");
}

/* Two decide at once: the second one is told. */
static void
test_conflict (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  add (f, "shells", NULL);
  g_assert_true (atelier_store_change_version_status (f->store, "shells", 1,
                                                      ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL,
                                                      ATELIER_APPROVAL_STATUS_REJECTED, NULL, "no", 0, &error));
  g_assert_false (atelier_store_change_version_status (f->store, "shells", 1,
                                                       ATELIER_APPROVAL_STATUS_PENDING_MANUAL_APPROVAL,
                                                       ATELIER_APPROVAL_STATUS_APPROVED, NULL, "yes", 0, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CONFLICT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/registry/names", test_names);
  g_test_add ("/registry/register", Fixture, NULL, set_up, test_register, tear_down);
  g_test_add ("/registry/find", Fixture, NULL, set_up, test_find, tear_down);
  g_test_add_func ("/registry/law", test_law);
  g_test_add ("/registry/update-status", Fixture, NULL, set_up, test_update_status, tear_down);
  g_test_add ("/registry/conflict", Fixture, NULL, set_up, test_conflict, tear_down);
  return g_test_run ();
}
