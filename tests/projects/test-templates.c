/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-git.h"
#include "atelier-template-private.h"
#include "git-peer.h"

/* Finding and reading templates, and placeholders. */

/* A template with one file in one repository. (transfer full): its folder */
static char *
new_template (const char *folder, const char *json)
{
  peer_write (folder, "template.json", json, -1);
  peer_write (folder, "model/README.md", "# @@project_name@@\n", -1);
  return g_strdup (folder);
}

static char *
own_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "atelier", "templates", NULL);
}

static void
test_expand (void)
{
  g_autoptr (GHashTable) values = g_hash_table_new (g_str_hash, g_str_equal);
  const struct
  {
    const char *text;
    gboolean    is_json;
    const char *expanded;
  } cases[] = {
    { "a @@name@@ b", FALSE, "a value b" },
    { "@@name@@@@name@@", FALSE, "valuevalue" },
    { "@@@name@@@", FALSE, "@value@" },
    { "@@name@ @@nam@@ @@ name @@ @@NAME@@", FALSE, "@@name@ @@nam@@ @@ name @@ @@NAME@@" },
    { "@@", FALSE, "@@" },
    { "@@name@", FALSE, "@@name@" },
    { "@@@@", FALSE, "@@@@" },
    { "", FALSE, "" },
    { "{{ name }} ${name} %name% {name}", FALSE, "{{ name }} ${name} %name% {name}" },
    { "@@ -1,3 +1,4 @@", FALSE, "@@ -1,3 +1,4 @@" },
    { "@@who@@", FALSE, "Zoë \"Z\" \\o/" },
    { "@@who@@", TRUE, "Zoë \\\"Z\\\" \\\\o/" },
  };

  g_hash_table_insert (values, (char *) "name", (char *) "value");
  g_hash_table_insert (values, (char *) "who", (char *) "Zoë \"Z\" \\o/");
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *expanded = atelier_template_expand_text (cases[i].text, strlen (cases[i].text), values,
                                                                cases[i].is_json);

      g_assert_cmpstr (expanded, ==, cases[i].expanded);
    }
}

static void
test_contract (void)
{
  const struct
  {
    const char *text;
    const char *contracted;
  } cases[] = {
    { "shop", "@@p@@" },
    { "a shop.", "a @@p@@." },
    { "s3://atelier/shop/data", "s3://atelier/@@p@@/data" },
    { "shop-train \"shop\" shop", "@@p@@-train \"@@p@@\" @@p@@" },
    { "workshop shops shop_x x_shop Shop shopé", "workshop shops shop_x x_shop Shop shopé" },
    { "shopshop", "shopshop" },
    { "", "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *contracted
          = atelier_template_contract_text (cases[i].text, strlen (cases[i].text), "shop", "p");

      g_assert_cmpstr (contracted, ==, cases[i].contracted);
    }
}

static void
test_load_from_folder (void)
{
  g_autofree char *path = peer_new_path ("template");
  g_autofree char *folder = new_template (
      path,
      "{\"name\": \"mine\", \"title\": \"Mine\", \"description\": \"What it is.\", \"repositories\": [{\"name\": "
      "\"build\", \"folder\": \"model\"}], \"variables\": [{\"name\": \"team\", \"description\": \"Who\", "
      "\"default\": \"us\", \"pattern\": \"[a-z]+\"}], \"something\": \"else\"}");
  g_autoptr (AtelierTemplate) template = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autoptr (GError) error = NULL;
  const AtelierTemplateVariable *variables;
  AtelierTemplateFile *file;
  gsize n_variables;

  peer_write (folder, "model/__pycache__/x.pyc", "", 0);
  peer_write (folder, "model/.git/config", "", 0);
  peer_write (folder, "model/a/@@team@@.py", "pass\n", -1);
  template = atelier_template_load_sync (folder, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (atelier_template_get_name (template), ==, "mine");
  g_assert_cmpstr (atelier_template_get_title (template), ==, "Mine");
  g_assert_cmpstr (atelier_template_get_description (template), ==, "What it is.");
  g_assert_cmpstr (atelier_template_get_location (template), ==, folder);
  g_assert_cmpint (atelier_template_get_origin (template), ==, ATELIER_TEMPLATE_ORIGIN_FOLDER);
  g_assert_null (atelier_template_get_problem (template));
  g_assert_cmpstr (atelier_template_get_repositories (template)[0], ==, "build");
  g_assert_null (atelier_template_get_repositories (template)[1]);
  variables = atelier_template_get_variables (template, &n_variables);
  g_assert_cmpint (n_variables, ==, 1);
  g_assert_cmpstr (variables[0].name, ==, "team");
  g_assert_cmpstr (variables[0].default_value, ==, "us");
  g_assert_cmpstr (variables[0].pattern, ==, "[a-z]+");

  files = atelier_template_list_files_sync (template, &error);
  g_assert_no_error (error);
  g_assert_cmpint (files->len, ==, 2);
  file = g_ptr_array_index (files, 0);
  g_assert_cmpstr (file->repository, ==, "build");
  g_assert_cmpstr (file->relative, ==, "README.md");
  file = g_ptr_array_index (files, 1);
  g_assert_cmpstr (file->relative, ==, "a/@@team@@.py");
}

static void
test_broken (void)
{
  const struct
  {
    const char *json;
    const char *words;
  } cases[] = {
    { "{", "is not valid JSON" },
    { "[]", "JSON object" },
    { "{\"repositories\": [{\"name\": \"model\"}]}", "“title”" },
    { "{\"title\": \"T\", \"name\": \"a b\", \"repositories\": [{\"name\": \"model\"}]}", "blank" },
    { "{\"title\": \"T\"}", "no repositories" },
    { "{\"title\": \"T\", \"repositories\": {}}", "“repositories” is not a list" },
    { "{\"title\": \"T\", \"repositories\": [3]}", "no usable name" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"..\"}]}", "no usable name" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"x\", \"folder\": \"../../etc\"}]}", "not inside" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"x\", \"folder\": \"/etc\"}]}", "not inside" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"x\"}]}", "missing" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}, {\"name\": \"model\"}]}", "twice" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"variables\": [{\"name\": \"A\"}]}",
      "lower-case" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"variables\": [{\"name\": \"date\"}]}",
      "built in" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"variables\": [{\"name\": \"a\"}, {\"name\": "
      "\"a\"}]}",
      "twice" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"variables\": [{\"name\": \"a\", \"pattern\": "
      "\"(\"}]}",
      "regular expression" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"includes\": [1]}", "not the name" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"includes\": [\"none-such\"]}", "“none-such”" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"includes\": [\"../x\"]}", "“../x”" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"data\": [{\"file\": \"a.csv\"}]}",
      "“columns”" },
    { "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}], \"data\": [{\"file\": \"a.csv\", \"columns\": "
      "[{\"name\": \"x\"}], "
      "\"generator\": \"../../bin/sh\"}]}",
      "generator" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = peer_new_path ("template");
      g_autofree char *folder = new_template (path, cases[i].json);
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_template_load_sync (folder, NULL, &error));
      g_assert_nonnull (error);
      if (strstr (error->message, cases[i].words) == NULL || strstr (error->message, "template.json") == NULL)
        g_error ("case %zu: “%s” does not say “%s”", i, error->message, cases[i].words);
    }
}

static void
test_circle (void)
{
  g_autofree char *parent = peer_new_path ("circle");
  g_autofree char *one = g_build_filename (parent, "one", NULL);
  g_autofree char *two = g_build_filename (parent, "two", NULL);
  g_autoptr (GError) error = NULL;

  g_free (new_template (one, "{\"title\": \"One\", \"includes\": [\"two\"]}"));
  g_free (new_template (two, "{\"title\": \"Two\", \"includes\": [\"one\"]}"));
  g_assert_null (atelier_template_load_sync (one, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE);
  g_assert_nonnull (strstr (error->message, "circle"));
}

static void
test_links_are_refused (void)
{
  g_autofree char *path = peer_new_path ("template");
  g_autofree char *folder = new_template (path, "{\"title\": \"T\", \"repositories\": [{\"name\": \"model\"}]}");
  g_autofree char *link_path = g_build_filename (folder, "model", "passwords", NULL);
  g_autoptr (AtelierTemplate) template = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (symlink ("/etc/passwd", link_path), ==, 0);
  template = atelier_template_load_sync (folder, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (atelier_template_list_files_sync (template, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE);
  g_assert_nonnull (strstr (error->message, "symbolic link"));
}

static void
test_load_from_git (void)
{
  g_autofree char *work = peer_new_repository ();
  g_autofree char *bare = peer_new_path ("shared.git");
  g_autofree char *address = g_strconcat ("file://", work, NULL);
  g_autofree char *empty = peer_new_repository ();
  g_autofree char *empty_address = g_strconcat ("file://", empty, NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;

  g_free (new_template (work,
                        "{\"name\": \"shared\", \"title\": \"Shared\", \"repositories\": [{\"name\": \"model\"}]}"));
  g_free (peer_git (work, "add", "--all", NULL));
  g_free (peer_git (work, "commit", "--quiet", "--message", "Template", NULL));
  g_free (peer_git (peer_root (), "clone", "--quiet", "--bare", work, bare, NULL));

  for (const char **source = (const char *[]) { address, bare, NULL }; *source != NULL; source++)
    {
      AtelierTemplate *template = atelier_template_load_sync (*source, NULL, &error);
      g_autoptr (GPtrArray) files = NULL;

      g_assert_no_error (error);
      g_assert_cmpint (atelier_template_get_origin (template), ==, ATELIER_TEMPLATE_ORIGIN_GIT);
      g_assert_cmpstr (atelier_template_get_location (template), ==, *source);
      files = atelier_template_list_files_sync (template, &error);
      g_assert_no_error (error);
      g_assert_cmpint (files->len, ==, 1);
      g_free (path);
      path = g_strdup (((AtelierTemplateFile *) g_ptr_array_index (files, 0))->path);
      g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
      g_assert_finalize_object (template);
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS)); /* the clone goes with it */
    }

  /* a repository, but no template */
  g_free (peer_git (empty, "commit", "--quiet", "--allow-empty", "--message", "x", NULL));
  g_assert_null (atelier_template_load_sync (empty_address, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (atelier_template_load_sync ("http://127.0.0.1:1/none.git", NULL, &error));
  g_assert_error (error, ATELIER_GIT_ERROR, ATELIER_GIT_ERROR_FAILED);
}

static AtelierTemplate *
find_in (GPtrArray *templates, const char *name)
{
  for (guint i = 0; i < templates->len; i++)
    if (g_str_equal (atelier_template_get_name (g_ptr_array_index (templates, i)), name))
      return g_ptr_array_index (templates, i);
  return NULL;
}

static void
test_list_and_delete (void)
{
  g_autofree char *own = own_folder ();
  g_autofree char *good = g_build_filename (own, "good", NULL);
  g_autofree char *bad = g_build_filename (own, "bad", NULL);
  g_autofree char *renamed = g_build_filename (own, "renamed", NULL);
  g_autofree char *hidden = g_build_filename (own, ".new-x", NULL);
  g_autoptr (GPtrArray) templates = NULL;
  g_autoptr (AtelierTemplate) template = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_str_has_prefix (own, peer_root ()));
  g_free (new_template (good, "{\"title\": \"Good\", \"repositories\": [{\"name\": \"model\"}]}"));
  g_free (new_template (bad, "{\"title\": \"Bad\"}"));
  g_free (
      new_template (renamed, "{\"name\": \"other\", \"title\": \"R\", \"repositories\": [{\"name\": \"model\"}]}"));
  g_free (new_template (hidden, "{\"title\": \"Hidden\", \"repositories\": [{\"name\": \"model\"}]}"));

  templates = atelier_template_list_sync ();
  for (const char **name = (const char *[]) { "build-train-deploy", "build-train", "deploy", "breast-cancer", NULL };
       *name != NULL; name++)
    {
      AtelierTemplate *built_in = find_in (templates, *name);

      g_assert_nonnull (built_in);
      g_assert_cmpint (atelier_template_get_origin (built_in), ==, ATELIER_TEMPLATE_ORIGIN_BUILT_IN);
      g_assert_cmpstr (atelier_template_get_problem (built_in), ==, NULL);
      g_assert_cmpstr (atelier_template_get_description (built_in), !=, "");
    }
  g_assert_cmpint (templates->len, ==, 7);
  g_assert_null (atelier_template_get_problem (find_in (templates, "good")));
  g_assert_cmpint (atelier_template_get_origin (find_in (templates, "good")), ==, ATELIER_TEMPLATE_ORIGIN_OWN);
  g_assert_nonnull (strstr (atelier_template_get_problem (find_in (templates, "bad")), "no repositories"));
  g_assert_nonnull (strstr (atelier_template_get_problem (find_in (templates, "renamed")), "“other”"));

  template = atelier_template_load_sync ("good", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (atelier_template_get_title (template), ==, "Good");
  g_assert_null (atelier_template_load_sync ("goood", NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "did you mean “good”"));
  g_clear_error (&error);
  g_assert_null (atelier_template_load_sync ("zzzzzzzz", NULL, &error));
  g_assert_nonnull (strstr (error->message, "build-train-deploy"));
  g_clear_error (&error);
  g_assert_null (atelier_template_load_sync ("./zzz", NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_clear_error (&error);

  g_assert_true (atelier_template_delete_sync ("good", &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (good, G_FILE_TEST_EXISTS));
  g_assert_false (atelier_template_delete_sync ("good", &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (atelier_template_delete_sync ("bad", &error)); /* broken ones, too */
  g_assert_no_error (error);
  g_assert_false (atelier_template_delete_sync ("deploy", &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE);
  g_clear_error (&error);
  g_assert_false (atelier_template_delete_sync ("..", &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
}

static void
test_datadir (void)
{
  g_autofree char *data = peer_new_path ("share");
  g_autofree char *folder = g_build_filename (data, "templates", "only", NULL);
  g_autoptr (AtelierTemplate) template = NULL;
  g_autoptr (GError) error = NULL;

  g_free (new_template (folder, "{\"title\": \"Only\", \"repositories\": [{\"name\": \"model\"}]}"));
  g_setenv ("ATELIER_DATADIR", data, TRUE);
  template = atelier_template_load_sync ("only", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (atelier_template_get_origin (template), ==, ATELIER_TEMPLATE_ORIGIN_BUILT_IN);
  g_assert_null (atelier_template_load_sync ("deploy", NULL, NULL));
  g_unsetenv ("ATELIER_DATADIR");
}

int
main (int argc, char *argv[])
{
  int result;

  peer_init ();
  g_unsetenv ("ATELIER_DATADIR");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/templates/expand", test_expand);
  g_test_add_func ("/templates/contract", test_contract);
  g_test_add_func ("/templates/load/folder", test_load_from_folder);
  g_test_add_func ("/templates/load/broken", test_broken);
  g_test_add_func ("/templates/load/circle", test_circle);
  g_test_add_func ("/templates/load/git", test_load_from_git);
  g_test_add_func ("/templates/links", test_links_are_refused);
  g_test_add_func ("/templates/list-and-delete", test_list_and_delete);
  g_test_add_func ("/templates/datadir", test_datadir);
  result = g_test_run ();
  peer_clear ();
  return result;
}
