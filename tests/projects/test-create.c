/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>

#include "atelier-files.h"
#include "atelier-project.h"
#include "atelier-store-queries.h"
#include "git-peer.h"

/* Making projects, with a small template of all that a template can hold: and what is left when it does not work. */

#define TIME_US (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)

typedef struct
{
  char             *workspace;
  char             *home;      /* not there yet */
  char             *clones;    /* in it */
  char             *template_folder;
  AtelierStore     *store;
  AtelierTemplate  *template_;
  AtelierGitAuthor *author;
} Fixture;

static const char template_json[]
    = "{\"name\": \"small\", \"title\": \"Small\", \"description\": \"A small one.\","
      " \"variables\": [{\"name\": \"team\", \"default\": \"us\", \"pattern\": \"[a-z/.]*\"}],"
      " \"repositories\": [{\"name\": \"build\"}, {\"name\": \"deploy\"}],"
      " \"data\": [{\"file\": \"table.csv\", \"minimum_rows\": 2, \"generator\": \"make.py\","
      "             \"columns\": [{\"name\": \"x\", \"type\": \"number\"}, {\"name\": \"y\", \"type\": "
      "\"integer\"}]}]}";

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *script = NULL;

  fixture->workspace = peer_new_path ("workspace");
  fixture->home = peer_new_path ("home");
  fixture->clones = g_build_filename (fixture->home, "Atelier", "x", NULL);
  fixture->template_folder = peer_new_path ("small");
  peer_write (fixture->template_folder, "template.json", template_json, -1);
  peer_write (fixture->template_folder, "make.py", "import sys\nopen(sys.argv[2], 'w').write('1,1\\n2,2\\n')\n", -1);
  peer_write (fixture->template_folder, "build/README.md",
              "# @@project_name@@ of @@team@@, by @@author@@ on @@date@@\n", -1);
  peer_write (fixture->template_folder, "build/@@project_name@@/@@team@@.json",
              "{\"by\": \"@@author@@\", \"@@x@@\": 1}\n", -1);
  peer_write (fixture->template_folder, "build/bytes.bin", "@@project_name@@\0\xff", 18);
  peer_write (fixture->template_folder, "build/run.sh", "#!/bin/sh\necho @@project_name@@\n", -1);
  script = g_build_filename (fixture->template_folder, "build", "run.sh", NULL);
  g_assert_cmpint (chmod (script, 0755), ==, 0);
  peer_write (fixture->template_folder, "deploy/deploy.json", "{\"group\": \"@@project_name@@-models\"}\n", -1);

  fixture->store = atelier_store_open (fixture->workspace, "ada", ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  fixture->template_ = atelier_template_load_sync (fixture->template_folder, NULL, &error);
  g_assert_no_error (error);
  fixture->author = atelier_git_author_new ("Ada \"A\" Byron", "ada@example.org", TIME_US);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  atelier_store_close (fixture->store, NULL);
  g_object_unref (fixture->store);
  g_object_unref (fixture->template_);
  atelier_git_author_free (fixture->author);
  g_free (fixture->workspace);
  g_free (fixture->home);
  g_free (fixture->clones);
  g_free (fixture->template_folder);
}

static AtelierProjectRequest
request_of (Fixture *fixture, const char *name)
{
  return (AtelierProjectRequest) { .name = name, .template_ = fixture->template_, .clones_folder = fixture->clones,
                                   .offline = TRUE, .author = fixture->author };
}

static gboolean
note_file (const char *relative, const char *path, gpointer user_data, GError **error)
{
  g_ptr_array_add (user_data, g_strdup (relative));
  return TRUE;
}

/* Regular files below @folder, hidden ones included, one a line. */
static char *
list_files (const char *folder)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  if (g_file_test (folder, G_FILE_TEST_IS_DIR))
    atelier_files_walk (folder, note_file, names, NULL);
  g_ptr_array_add (names, NULL);
  return g_strjoinv ("\n", (char **) names->pdata);
}

static gboolean
is_empty_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);

  return dir == NULL || g_dir_read_name (dir) == NULL;
}

/* Neither repositories nor clones nor data nor a record, and no hidden remains. */
static void
assert_nothing_made (Fixture *fixture, const char *name)
{
  g_autofree char *projects = g_build_filename (fixture->workspace, "projects", NULL);
  g_autofree char *objects = g_build_filename (fixture->workspace, "store", NULL);
  g_autofree char *left = list_files (objects);
  g_autoptr (AtelierProjectRecord) record = atelier_store_find_project (fixture->store, name, NULL);

  g_assert_true (is_empty_folder (projects));
  g_assert_cmpstr (left, ==, "");
  g_assert_null (record);
  g_assert_false (g_file_test (fixture->home, G_FILE_TEST_EXISTS)); /* the first of the folders made for the clones */
}

static void
test_create (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) variables = g_hash_table_new (g_str_hash, g_str_equal);
  AtelierProjectRequest request = request_of (fixture, "shop");
  g_autoptr (AtelierProjectMade) made = NULL;
  g_autoptr (AtelierProjectRecord) record = NULL;
  g_autoptr (json_t) settings = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *build = g_build_filename (fixture->clones, "build", NULL);
  g_autofree char *deploy = g_build_filename (fixture->clones, "deploy", NULL);
  g_autofree char *bare = g_build_filename (fixture->workspace, "projects", "shop", "build.git", NULL);
  g_autofree char *script = g_build_filename (build, "run.sh", NULL);
  g_autofree char *names = NULL;
  char *text;

  g_hash_table_insert (variables, (char *) "team", (char *) "them");
  request.variables = variables;
  made = atelier_project_create_sync (fixture->store, &request, NULL, &error);
  g_assert_no_error (error);

  g_assert_cmpstr (made->repositories[0], ==, "build");
  g_assert_cmpstr (made->repositories[1], ==, "deploy");
  g_assert_null (made->repositories[2]);
  g_assert_cmpstr (made->clones[0], ==, build);
  g_assert_cmpstr (made->clones[1], ==, deploy);

  text = peer_read (build, "README.md");
  g_assert_cmpstr (text, ==, "# shop of them, by Ada \"A\" Byron on 2023-11-14\n");
  g_free (text);
  text = peer_read (build, "shop/them.json");
  g_assert_cmpstr (text, ==, "{\"by\": \"Ada \\\"A\\\" Byron\", \"@@x@@\": 1}\n");
  g_free (text);
  text = peer_read (build, "bytes.bin");
  g_assert_cmpmem (text, 18, "@@project_name@@\0\xff", 18);
  g_free (text);
  text = peer_read (deploy, "deploy.json");
  g_assert_cmpstr (text, ==, "{\"group\": \"shop-models\"}\n");
  g_free (text);
  g_assert_true (g_file_test (script, G_FILE_TEST_IS_EXECUTABLE));
  names = peer_git (build, "ls-files", NULL);
  g_assert_cmpstr (names, ==, "README.md\nbytes.bin\nrun.sh\nshop/them.json");

  /* one commit on main, the clone clean and on it, its origin where the bare repository is */
  text = peer_git (bare, "log", "--format=%H|%an|%ae|%at|%s", "main", NULL);
  g_assert_true (g_str_has_prefix (text, made->commits[0]));
  g_assert_true (
      g_str_has_suffix (text, "|Ada \"A\" Byron|ada@example.org|1700000000|Create shop from the template small"));
  g_free (text);
  text = peer_git (build, "rev-parse", "HEAD", NULL);
  g_assert_cmpstr (text, ==, made->commits[0]);
  g_free (text);
  text = peer_git (build, "status", "--porcelain", "--branch", NULL);
  g_assert_cmpstr (text, ==, "## main...origin/main");
  g_free (text);
  text = peer_git (build, "remote", "get-url", "origin", NULL);
  g_assert_cmpstr (text, ==, bare);
  g_free (text);
  peer_write (build, "new.txt", "new\n", -1);
  g_free (peer_git (build, "add", "--all", NULL));
  g_free (peer_git (build, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "New", NULL));
  g_free (peer_git (build, "push", "--quiet", NULL));
  g_free (peer_git (bare, "fsck", "--strict", NULL));

  /* data */
  g_assert_cmpint (made->data_source, ==, ATELIER_DATA_SOURCE_GENERATED);
  g_assert_cmpstr (made->data_uris[0], ==, "s3://atelier/shop/data/table.csv");
  text = peer_read (fixture->workspace, "store/atelier/shop/data/table.csv");
  g_assert_cmpstr (text, ==, "1,1\n2,2\n");
  g_free (text);
  g_assert_true (peer_exists (fixture->workspace, "store/atelier/shop/data/SIMULATED.txt"));
  g_assert_nonnull (strstr (made->note, "simulated"));

  /* the record */
  record = atelier_store_find_project (fixture->store, "shop", &error);
  g_assert_no_error (error);
  g_assert_cmpint (record->id, ==, made->id);
  g_assert_cmpstr (record->template_name, ==, "small");
  g_assert_cmpstr (record->description, ==, "A small one.");
  g_assert_true (record->is_simulated);
  g_assert_cmpint (record->created_at_us, ==, TIME_US);
  settings = atelier_json_parse (record->settings_json, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (atelier_json_get_string (atelier_json_get_object (settings, "clones"), "deploy", ""), ==, deploy);
  g_assert_cmpstr (atelier_json_get_string (atelier_json_get_object (settings, "variables"), "team", ""), ==, "them");
  g_free (names);
  text = g_build_filename (fixture->workspace, "projects", "shop", NULL);
  names = list_files (text);
  g_assert_null (strstr (names, "data/table.csv\n")); /* only in the artifact store */
  g_free (text);
}

static void
test_create_is_deterministic (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  g_autofree char *workspace = peer_new_path ("workspace");
  g_autofree char *clones = NULL;
  g_autoptr (AtelierProjectMade) one = NULL;
  g_autoptr (AtelierProjectMade) two = NULL;
  g_autoptr (AtelierStore) store = NULL;
  g_autoptr (GError) error = NULL;

  one = atelier_project_create_sync (fixture->store, &request, NULL, &error);
  g_assert_no_error (error);
  store = atelier_store_open (workspace, NULL, ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  request.clones_folder = NULL;
  two = atelier_project_create_sync (store, &request, NULL, &error);
  g_assert_no_error (error);
  clones = g_build_filename (g_getenv ("HOME"), "Atelier", "shop", "build", NULL);
  g_assert_cmpstr (two->clones[0], ==, clones);
  g_assert_true (peer_exists (clones, "README.md"));
  g_assert_cmpstr (one->commits[0], ==, two->commits[0]);
  g_assert_cmpstr (one->commits[1], ==, two->commits[1]);
}

static void
test_own_data (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  g_autoptr (AtelierProjectMade) made = NULL;
  g_autoptr (AtelierProjectRecord) record = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *mine = g_build_filename (peer_root (), "mine.csv", NULL);
  g_autofree char *text = NULL;

  peer_write (peer_root (), "mine.csv", "x,y\n1.5,2\n3,four\n", -1);
  request.data_file = mine;
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_DATA);
  g_assert_nonnull (strstr (error->message, "line 3"));
  g_clear_error (&error);
  assert_nothing_made (fixture, "shop");

  peer_write (peer_root (), "mine.csv", "x,y\n1.5,2\n3,4\n", -1);
  made = atelier_project_create_sync (fixture->store, &request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (made->data_source, ==, ATELIER_DATA_SOURCE_FILE);
  g_assert_null (made->note);
  text = peer_read (fixture->workspace, "store/atelier/shop/data/table.csv");
  g_assert_cmpstr (text, ==, "1.5,2\n3,4\n");
  g_assert_false (peer_exists (fixture->workspace, "store/atelier/shop/data/SIMULATED.txt"));
  record = atelier_store_find_project (fixture->store, "shop", &error);
  g_assert_no_error (error);
  g_assert_false (record->is_simulated);
}

static void
test_names (void)
{
  const struct
  {
    const char *name;
    const char *words; /* NULL: good */
  } cases[] = {
    { "a", NULL },
    { "7", NULL },
    { "abalone-age", NULL },
    { "A--b-9", NULL },
    { "a2345678901234567890123456789012", NULL },
    { "a23456789012345678901234567890123", "too long" },
    { "", "needed" },
    { "-a", "begin and end" },
    { "a-", "begin and end" },
    { "-", "begin and end" },
    { "a b", "blank" },
    { "a_b", "“_”" },
    { "a.b", "“.”" },
    { "../x", "“.”" },
    { "a/b", "“/”" },
    { "Zoë", "“ë”" },
    { "a\nb", "blank" },
    { "a\001b", "“?”" },
    { "a\xff" "b", "“" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *regex_name = g_utf8_make_valid (cases[i].name, -1);

      g_assert_cmpint (atelier_project_check_name (cases[i].name, &error), ==, cases[i].words == NULL);
      if (cases[i].words != NULL)
        {
          g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NAME);
          g_assert_nonnull (strstr (error->message, cases[i].words));
          g_assert_true (g_utf8_validate (error->message, -1, NULL));
        }
      else
        g_assert_true (g_regex_match_simple ("^[A-Za-z0-9](-*[A-Za-z0-9]){0,31}$", regex_name, 0, 0));
    }
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "a b");
  g_autoptr (GHashTable) variables = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (AtelierProjectMade) made = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *in_the_way = g_build_filename (fixture->workspace, "projects", "taken", NULL);
  g_autofree char *elsewhere = peer_new_path ("elsewhere");

  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NAME);
  g_clear_error (&error);

  request.name = "shop";
  request.variables = variables;
  g_hash_table_insert (variables, (char *) "teem", (char *) "x");
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_VARIABLE);
  g_assert_nonnull (strstr (error->message, "did you mean “team”"));
  g_clear_error (&error);
  g_hash_table_remove_all (variables);
  for (const char **value = (const char *[]) { "UPPER", "two\nlines", "\xff", "a/b", NULL }; *value != NULL; value++)
    {
      g_hash_table_insert (variables, (char *) "team", (char *) *value);
      g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
      g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_VARIABLE);
      g_clear_error (&error);
    }
  g_hash_table_remove_all (variables);
  assert_nothing_made (fixture, "shop");

  /* the name of a folder that belongs to nobody */
  request.name = "taken";
  peer_write (in_the_way, "mine.txt", "mine\n", -1);
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (peer_exists (in_the_way, "mine.txt"));

  /* a clone's place is taken */
  request.name = "shop";
  peer_write (fixture->clones, "deploy/mine.txt", "mine\n", -1);
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_true (peer_exists (fixture->clones, "deploy/mine.txt"));
  g_assert_false (peer_exists (fixture->clones, "build"));

  /* the name of a project */
  request.clones_folder = elsewhere;
  made = atelier_project_create_sync (fixture->store, &request, NULL, &error);
  g_assert_no_error (error);
  request.clones_folder = NULL;
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS);
  g_assert_nonnull (strstr (error->message, "“shop”"));
  g_assert_true (peer_exists (elsewhere, "build/README.md"));
}

typedef struct
{
  GCancellable *cancellable;
  int           cancel_at; /* the call at which it is cancelled; -1: never */
  int           n_calls;
  double        fraction;
  AtelierStore *close;     /* (nullable): closed at that call in place of a cancel */
} Progress;

static void
progress_cb (const char *what, double fraction, gpointer user_data)
{
  Progress *progress = user_data;

  g_assert_cmpfloat (fraction, >=, progress->fraction);
  g_assert_cmpfloat (fraction, <=, 1.0);
  g_assert_cmpstr (what, !=, "");
  progress->fraction = fraction;
  if (progress->n_calls++ == progress->cancel_at)
    {
      if (progress->close != NULL)
        atelier_store_close (progress->close, NULL);
      else
        g_cancellable_cancel (progress->cancellable);
    }
}

static void
test_cancel_everywhere (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  int n_calls = 0;

  request.progress = progress_cb;
  for (int at = 0;; at++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Progress progress = { cancellable, at, 0, 0.0, NULL };
      g_autoptr (AtelierProjectMade) made = NULL;
      g_autoptr (GError) error = NULL;

      request.user_data = &progress;
      made = atelier_project_create_sync (fixture->store, &request, cancellable, &error);
      if (made != NULL)
        {
          /* cancelled when all was done */
          n_calls = progress.n_calls;
          g_assert_cmpint (at, ==, n_calls - 1);
          g_assert_cmpfloat (progress.fraction, ==, 1.0);
          break;
        }
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_nothing_made (fixture, "shop");
    }
  g_assert_cmpint (n_calls, ==, 7); /* two repositories, a data set, two clones, the end, ready */
}

/* The very last move fails: all others are taken back. */
static void
test_store_fails (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  Progress progress = { NULL, 5, 0, 0.0, fixture->store };
  g_autoptr (GError) error = NULL;

  request.progress = progress_cb;
  request.user_data = &progress;
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_error (error, ATELIER_STORE_ERROR, ATELIER_STORE_ERROR_CLOSED);
  g_assert_cmpint (progress.n_calls, ==, 6);
  assert_nothing_made (fixture, "shop");
}

static void
test_workspace_not_writable (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  g_autofree char *projects = g_build_filename (fixture->workspace, "projects", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (projects, "a file", -1, NULL));
  g_assert_null (atelier_project_create_sync (fixture->store, &request, NULL, &error));
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, projects));
  g_assert_false (g_file_test (fixture->clones, G_FILE_TEST_EXISTS));
}

typedef struct
{
  Fixture            *fixture;
  char               *clones;
  AtelierProjectMade *made;
} Racer;

static gpointer
race_thread (gpointer data)
{
  Racer *racer = data;
  AtelierProjectRequest request = request_of (racer->fixture, "shop");

  request.clones_folder = racer->clones;
  racer->made = atelier_project_create_sync (racer->fixture->store, &request, NULL, NULL);
  return NULL;
}

static void
test_two_at_once (Fixture *fixture, gconstpointer data)
{
  Racer racers[4] = { 0 };
  GThread *threads[4];
  g_autoptr (GPtrArray) projects = NULL;
  g_autofree char *bare = g_build_filename (fixture->workspace, "projects", "shop", "build.git", NULL);
  int winners = 0;

  for (int i = 0; i < 4; i++)
    {
      racers[i] = (Racer) { fixture, peer_new_path ("racer"), NULL };
      threads[i] = g_thread_new ("racer", race_thread, &racers[i]);
    }
  for (int i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  for (int i = 0; i < 4; i++)
    {
      winners += racers[i].made != NULL;
      g_assert_cmpint (g_file_test (racers[i].clones, G_FILE_TEST_EXISTS), ==, racers[i].made != NULL);
      if (racers[i].made != NULL)
        g_free (peer_git (racers[i].made->clones[0], "fetch", "--quiet", NULL));
      atelier_project_made_free (racers[i].made);
      g_free (racers[i].clones);
    }
  g_assert_cmpint (winners, ==, 1);
  g_free (peer_git (bare, "fsck", "--strict", NULL));
  g_assert_true (peer_exists (fixture->workspace, "store/atelier/shop/data/table.csv"));
}

/* A project saved as a template makes the same files again under the same name, and the right ones under another. */
static void
test_own_template (Fixture *fixture, gconstpointer data)
{
  AtelierProjectRequest request = request_of (fixture, "shop");
  g_autoptr (AtelierProjectMade) made = NULL;
  g_autoptr (AtelierProjectMade) again = NULL;
  g_autoptr (AtelierProjectMade) other = NULL;
  g_autoptr (AtelierTemplate) own = NULL;
  g_autoptr (AtelierStore) second = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *workspace = peer_new_path ("workspace");
  g_autofree char *clones = peer_new_path ("clones");
  g_autofree char *other_clones = peer_new_path ("clones");
  g_autofree char *folder = NULL;
  g_autofree char *text = NULL;
  g_autofree char *one_tree = NULL;
  g_autofree char *two_tree = NULL;
  g_autofree char *names = NULL;

  made = atelier_project_create_sync (fixture->store, &request, NULL, &error);
  g_assert_no_error (error);
  peer_write (made->clones[0], "work/shop.txt", "shop, workshop and shop-train\n", -1);
  g_free (peer_git (made->clones[0], "add", "--all", NULL));
  g_free (peer_git (made->clones[0], "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "New",
                    NULL));
  g_free (peer_git (made->clones[0], "push", "--quiet", NULL));

  folder
      = atelier_template_save_sync (fixture->workspace, "shop", "our-shop", "Our shop", "As we do it.", NULL, &error);
  g_assert_no_error (error);
  text = peer_read (folder, "build/work/@@project_name@@.txt");
  g_assert_cmpstr (text, ==, "@@project_name@@, workshop and @@project_name@@-train\n");
  own = atelier_template_load_sync ("our-shop", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (atelier_template_get_title (own), ==, "Our shop");
  g_assert_cmpint (atelier_template_get_origin (own), ==, ATELIER_TEMPLATE_ORIGIN_OWN);

  second = atelier_store_open (workspace, NULL, ATELIER_STORE_FLAGS_NONE, &error);
  g_assert_no_error (error);
  request.template_ = own;
  request.clones_folder = clones;
  again = atelier_project_create_sync (second, &request, NULL, &error);
  g_assert_no_error (error);
  for (int i = 0; i < 2; i++)
    {
      g_free (one_tree);
      g_free (two_tree);
      one_tree = peer_git (made->clones[i], "rev-parse", "HEAD^{tree}", NULL);
      two_tree = peer_git (again->clones[i], "rev-parse", "HEAD^{tree}", NULL);
      g_assert_cmpstr (one_tree, ==, two_tree);
    }
  g_assert_cmpint (again->data_source, ==, ATELIER_DATA_SOURCE_GENERATED);
  g_assert_cmpstr (again->data_uris[0], ==, "s3://atelier/shop/data/table.csv");

  request.name = "bakery";
  request.clones_folder = other_clones;
  other = atelier_project_create_sync (second, &request, NULL, &error);
  g_assert_no_error (error);
  g_free (text);
  text = peer_read (other->clones[0], "work/bakery.txt");
  g_assert_cmpstr (text, ==, "bakery, workshop and bakery-train\n");
  names = peer_git (other->clones[0], "ls-files", NULL);
  g_assert_cmpstr (names, ==, "README.md\nbakery/us.json\nbytes.bin\nrun.sh\nwork/bakery.txt");

  /* names that are taken, projects that are not there */
  g_assert_null (atelier_template_save_sync (fixture->workspace, "shop", "our-shop", NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_null (atelier_template_save_sync (fixture->workspace, "shop", "deploy", NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_EXISTS);
  g_clear_error (&error);
  g_assert_null (atelier_template_save_sync (fixture->workspace, "none", "x", NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_NOT_FOUND);
  g_clear_error (&error);

  /* what a template would fill in, and what it cannot hold */
  peer_write (made->clones[1], "x", "@@author@@\n", -1);
  g_free (peer_git (made->clones[1], "add", "--all", NULL));
  g_free (peer_git (made->clones[1], "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "-m", "New",
                    NULL));
  g_free (peer_git (made->clones[1], "push", "--quiet", NULL));
  g_assert_null (atelier_template_save_sync (fixture->workspace, "shop", "second", NULL, NULL, NULL, &error));
  g_assert_error (error, ATELIER_PROJECT_ERROR, ATELIER_PROJECT_ERROR_TEMPLATE);
  g_assert_nonnull (strstr (error->message, "deploy/x"));
  {
    g_autofree char *templates = g_path_get_dirname (folder);
    g_autoptr (GDir) dir = g_dir_open (templates, 0, NULL);

    g_assert_cmpstr (g_dir_read_name (dir), ==, "our-shop");
    g_assert_null (g_dir_read_name (dir)); /* no remains of the one that failed */
  }
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char *argv[])
{
  int result;

  peer_init ();
  g_unsetenv ("ATELIER_DATADIR");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/project/names", test_names);
  ADD ("/project/create", test_create);
  ADD ("/project/deterministic", test_create_is_deterministic);
  ADD ("/project/own-data", test_own_data);
  ADD ("/project/refused", test_refused);
  ADD ("/project/cancel-everywhere", test_cancel_everywhere);
  ADD ("/project/store-fails", test_store_fails);
  ADD ("/project/not-writable", test_workspace_not_writable);
  ADD ("/project/two-at-once", test_two_at_once);
  ADD ("/project/own-template", test_own_template);
  result = g_test_run ();
  peer_clear ();
  return result;
}
