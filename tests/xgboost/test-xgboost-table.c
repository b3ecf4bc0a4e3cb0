/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "atelier-xgboost-table.h"
#include "xgboost-support.h"

/* Reads texts as the files train/0, train/1 …; a NULL ends them. */
static AtelierXgboostTable *
read_texts (const AtelierXgboostTableOptions *options, const char *const *texts, const gsize *lengths, GError **error)
{
  g_auto (Job) job = { NULL };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) problem = NULL;

  job_init (&job);
  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autofree char *relative = g_strdup_printf ("%u", i);

      g_ptr_array_add (paths, g_build_filename (job.root, relative, NULL));
      g_ptr_array_add (names, g_strdup_printf ("train/%u", i));
      g_file_set_contents_full (g_ptr_array_index (paths, i), texts[i], lengths != NULL ? (gssize) lengths[i] : -1,
                                G_FILE_SET_CONTENTS_NONE, 0600, &problem);
      g_assert_no_error (problem);
    }
  return atelier_xgboost_table_read (paths, names, options, error);
}

static AtelierXgboostTable *
read_text (AtelierXgboostFormat format, gboolean has_weights, const char *text, GError **error)
{
  AtelierXgboostTableOptions options = { .format = format, .has_weights = has_weights, .n_threads = 2 };
  const char *texts[] = { text, NULL };

  return read_texts (&options, texts, NULL, error);
}

static void
assert_values (const float *values, gsize n, ...)
{
  va_list arguments;

  va_start (arguments, n);
  for (gsize i = 0; i < n; i++)
    {
      float expected = (float) va_arg (arguments, double);

      if (!(isnan (expected) ? isnan (values[i]) : values[i] == expected))
        g_error ("value %" G_GSIZE_FORMAT " is %g, but must be %g", i, values[i], expected);
    }
  va_end (arguments);
}

static void
test_csv (void)
{
  static const char *const texts[] = {
    "1,2,3\n4,5,6\n",
    "1,2,3\r\n\r\n4,5,6",
    "\xef\xbb\xbf" "1 , 2,\t3 \n  \n4,5,6\n\n\n",
    "1;2;3\n4;5;6\n",
    "1\t2\t3\n4\t5\t6\n",
    "1|2|3\n4|5|6\n",
    "1 2 3\n4 5 6\n",
    "\"1\",\"2\",3\n4, \" 5 \" ,6\n",
    "\n1.0e0,+2,3.\n4,5.0,0.6E1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostTable) table = read_text (ATELIER_XGBOOST_FORMAT_CSV, FALSE, texts[i], &error);

      g_assert_no_error (error);
      g_assert_cmpuint (table->n_rows, ==, 2);
      g_assert_cmpuint (table->n_columns, ==, 2);
      assert_values (table->labels, 2, 1.0, 4.0);
      assert_values (table->values, 4, 2.0, 3.0, 5.0, 6.0);
      g_assert_null (table->weights);
      g_assert_null (table->offsets);
    }
}

static void
test_csv_missing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) table
      = read_text (ATELIER_XGBOOST_FORMAT_CSV, FALSE, "1,,2,\n3,NaN,NA,\"\"\n-1, ,nan,4\n", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (table->n_rows, ==, 3);
  assert_values (table->values, 9, NAN, 2.0, NAN, NAN, NAN, NAN, NAN, NAN, 4.0);
}

static void
test_csv_weights (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) table = read_text (ATELIER_XGBOOST_FORMAT_CSV, TRUE, "1,0.5,7\n2,0,8\n", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (table->n_columns, ==, 1);
  assert_values (table->labels, 2, 1.0, 2.0);
  assert_values (table->weights, 2, 0.5, 0.0);
  assert_values (table->values, 2, 7.0, 8.0);
}

static void
test_several_files (void)
{
  AtelierXgboostTableOptions options = { .format = ATELIER_XGBOOST_FORMAT_SNIFF, .n_threads = 3 };
  const char *texts[] = { "1,2\n3,4", "", "\n", "5,6\n", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) table = read_texts (&options, texts, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (table->n_rows, ==, 3);
  assert_values (table->labels, 3, 1.0, 3.0, 5.0);
  assert_values (table->values, 3, 2.0, 4.0, 6.0);
}

/* Several chunks of 4 MiB, and a fault in the third: its line is right. */
static void
test_large (void)
{
  AtelierXgboostTableOptions options = { .format = ATELIER_XGBOOST_FORMAT_CSV, .n_threads = 4 };
  GString *text = g_string_new (NULL);
  const char *texts[] = { NULL, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) table = NULL;
  gsize n_rows = 700000;
  char *place;

  for (gsize i = 0; i < n_rows; i++)
    g_string_append_printf (text, "%07" G_GSIZE_FORMAT ",0.5,%" G_GSIZE_FORMAT "\n%s", i, i % 1000,
                            i % 10 == 0 ? "\n" : "");
  texts[0] = text->str;
  table = read_texts (&options, texts, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (table->n_rows, ==, n_rows);
  for (gsize i = 0; i < n_rows; i++)
    g_assert_true (table->labels[i] == i && table->values[2 * i] == 0.5f && table->values[2 * i + 1] == i % 1000);

  place = strstr (text->str, "\n0600005,") + 1;
  place[1] = 'x';
  g_clear_pointer (&table, atelier_xgboost_table_free);
  table = read_texts (&options, texts, NULL, &error);
  g_assert_null (table);
  assert_contains (error->message, "train/0:660007: column 1 is “0x00005”");
  g_string_free (text, TRUE);
}

static void
test_csv_faults (void)
{
  static const struct
  {
    const char *text;
    gboolean    weights;
    const char *fault;
  } cases[] = {
    { "rings,length,height\n1,2,3\n", FALSE, "train/0:1: this is a header line (column 1 is “rings”)" },
    { "\"fixed acidity\";\"pH\"\n7.4;3\n", FALSE, "this is a header line (column 1 is “\"fixed acidity\"”)" },
    { "1,2,3\n4,M,6\n", FALSE, "train/0:2: column 2 is “M”, which is not a number" },
    { "1,2,M\n", FALSE, "train/0:1: column 3 is “M”, which is not a number" },
    { "1,2,3\n4,5\n", FALSE, "train/0:2: the line has 2 columns, the first line of “train/0” has 3" },
    { "1,2,3\n\n4,5,6,7,8\n", FALSE, "train/0:3: the line has 5 columns, the first line of “train/0” has 3" },
    { "1\n2\n", FALSE, "a label and at least one feature are needed" },
    { "1,2\n2,3\n", TRUE, "a label, a weight and at least one feature are needed" },
    { "1,2\n,3\n", FALSE, "train/0:2: the label is missing (first column)" },
    { "1,2\ninf,3\n", FALSE, "the label is not a finite number (first column)" },
    { "1,2\n1e50,3\n", FALSE, "the label is not a finite number" },
    { "1,1,2\n1,-1,3\n", TRUE, "train/0:2: the weight (second column" },
    { "1,1,2\n1,,3\n", TRUE, "the weight (second column" },
    { "1,2\n1,-inf\n", FALSE, "train/0:2: column 2 is infinite or too large" },
    { "1,2\n1,1e39\n", FALSE, "column 2 is infinite or too large" },
    { "1,2\n1,1.2.3\n", FALSE, "column 2 is “1.2.3”" },
    { "1,2\n1,\"3\n", FALSE, "column 2 is “\"3”" },
    { "1,2\n1,2\x01\x02\xff\n", FALSE, "column 2 is “2���”" },
    { "\x1f\x8b\x08xxxx", FALSE, "“train/0” is compressed with gzip" },
    { "PAR1xxxxx", FALSE, "“train/0” is in the Parquet format" },
    { "1,2\r3,4\r", FALSE, "which is not a number" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostTable) table
          = read_text (ATELIER_XGBOOST_FORMAT_CSV, cases[i].weights, cases[i].text, &error);

      g_assert_null (table);
      g_assert_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA);
      assert_contains (error->message, cases[i].fault);
    }
}

static void
test_label_rule (void)
{
  AtelierXgboostTableOptions options
      = { .format = ATELIER_XGBOOST_FORMAT_CSV, .n_threads = 1, .rule = { "multi:softmax", 0, 3, FALSE, TRUE } };
  const char *texts[] = { "0,1\n3,1\n", NULL }, *sparse[] = { "0 1:1\n-1 1:1\n", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (read_texts (&options, texts, NULL, &error));
  assert_contains (error->message,
                   "train/0:2: the label is 3, but the objective multi:softmax takes labels from 0 to below 3 only");
  g_clear_error (&error);
  options.format = ATELIER_XGBOOST_FORMAT_LIBSVM;
  options.rule = (AtelierXgboostLabelRule){ "reg:gamma", 0, INFINITY, TRUE, FALSE };
  g_assert_null (read_texts (&options, sparse, NULL, &error));
  assert_contains (error->message, "train/0:1: the label is 0, but the objective reg:gamma takes labels above 0 only");
}

static void
test_libsvm (void)
{
  AtelierXgboostTableOptions options = { .format = ATELIER_XGBOOST_FORMAT_LIBSVM, .n_threads = 2 };
  const char *texts[]
      = { "# comment\n1 0:2 3:4.5 # more\n\n-1:0.5 qid:7\n", "2:2 qid:7 5:1\t1:3\r\n3 qid:8 2:nan", NULL };
  const char *plain[] = { "1 0:2\n", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) table = NULL;

  g_assert_null (read_texts (&options, texts, NULL, &error));
  assert_contains (error->message, "train/0:2: the line has no “qid:”");
  g_clear_error (&error);
  texts[0] = "# comment\n1 qid:3 0:2 3:4.5 # more\n\n-1:0.5 qid:7\n";
  table = read_texts (&options, texts, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (table->n_rows, ==, 4);
  g_assert_cmpuint (table->n_columns, ==, 6);
  g_assert_null (table->values);
  assert_values (table->labels, 4, 1.0, -1.0, 2.0, 3.0);
  assert_values (table->weights, 4, 1.0, 0.5, 2.0, 1.0);
  g_assert_cmpuint (table->offsets[1], ==, 2);
  g_assert_cmpuint (table->offsets[2], ==, 2);
  g_assert_cmpuint (table->offsets[3], ==, 4);
  g_assert_cmpuint (table->offsets[4], ==, 5);
  assert_values (table->entries, 5, 2.0, 4.5, 3.0, 1.0, NAN); /* sorted within the row */
  g_assert_cmpuint (table->indices[0], ==, 0);
  g_assert_cmpuint (table->indices[1], ==, 3);
  g_assert_cmpuint (table->indices[2], ==, 1);
  g_assert_cmpuint (table->indices[3], ==, 5);
  g_assert_cmpuint (table->groups[0], ==, 3);
  g_assert_cmpuint (table->groups[3], ==, 8);
  g_clear_pointer (&table, atelier_xgboost_table_free);

  table = read_texts (&options, plain, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (table->weights);
  g_assert_null (table->groups);
}

static void
test_libsvm_faults (void)
{
  static const struct
  {
    const char *text;
    const char *fault;
  } cases[] = {
    { "1,2,3\n", "train/0:1: the line begins with “1,2,3” instead of a label" },
    { "1 0:1\nyes 0:1\n", "train/0:2: the line begins with “yes”" },
    { "1 0:1 5\n", "train/0:1: “5” is not INDEX:VALUE" },
    { "1 a:1\n", "“a:1” is not INDEX:VALUE" },
    { "1 1:x\n", "“1:x” is not INDEX:VALUE" },
    { "1 1:\n", "“1:” is not INDEX:VALUE" },
    { "1 :1\n", "“:1” is not INDEX:VALUE" },
    { "1 -1:1\n", "“-1:1” is not INDEX:VALUE" },
    { "1 1:2:3\n", "“1:2:3” is not INDEX:VALUE" },
    { "1 100000000:1\n", "an index from 0 to 99999999" },
    { "1 99999999999999999999999:1\n", "an index from 0 to 99999999" },
    { "1 1:inf\n", "a finite value" },
    { "1 2:1 1:1 2:2\n", "the index 2 stands twice in the line" },
    { "1:-1 1:1\n", "“1:-1” has no weight of at least 0" },
    { "1: 1:1\n", "“1:” has no weight of at least 0" },
    { "nan 1:1\n", "the label is missing" },
    { "1 qid:x 1:1\n", "“qid:x” is not the number of a group" },
    { "1 qid:2 1:1\n# c\n1 qid:1 1:1\n", "train/0:3: the group “qid:1” comes after “qid:2”" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostTable) table = read_text (ATELIER_XGBOOST_FORMAT_LIBSVM, FALSE, cases[i].text, &error);

      g_assert_null (table);
      g_assert_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA);
      assert_contains (error->message, cases[i].fault);
    }
}

static void
test_sniff (void)
{
  static const struct
  {
    const char *text;
    gboolean    sparse;
  } cases[] = { { "1 1:2\n", TRUE },       { "1:3 1:2\n", TRUE }, { "1\n", TRUE },
                { "1 qid:1 1:2\n", TRUE }, { "1,2\n", FALSE },    { "1 2 3\n", FALSE },
                { "1;2\n", FALSE },        { "1\t2\n", FALSE },   { "1, 2\n", FALSE } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostTable) table = read_text (ATELIER_XGBOOST_FORMAT_SNIFF, FALSE, cases[i].text, &error);

      g_assert_no_error (error);
      g_assert_true ((table->offsets != NULL) == cases[i].sparse);
    }
}

/* Data for a model: with or without a label. */
static void
test_for_model (void)
{
  AtelierXgboostTableOptions options = { .n_features = 2, .n_threads = 1 };
  const char *bare[] = { "1,2\n3,4\n", NULL }, *labelled[] = { "9,1,2\n", NULL }, *narrow[] = { "1\n", NULL };
  const char *sparse[] = { "0 1:1\n", NULL }, *wide[] = { "0 2:1\n", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierXgboostTable) a = read_texts (&options, bare, NULL, &error);
  g_autoptr (AtelierXgboostTable) b = read_texts (&options, labelled, NULL, &error);
  g_autoptr (AtelierXgboostTable) c = read_texts (&options, sparse, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (a->labels);
  g_assert_cmpuint (a->n_columns, ==, 2);
  assert_values (b->labels, 1, 9.0);
  g_assert_cmpuint (c->n_columns, ==, 2);
  g_assert_null (read_texts (&options, wide, NULL, &error));
  assert_contains (error->message, "the index 2 is beyond the features of the model, which end at 1");
  g_clear_error (&error);
  options.format = ATELIER_XGBOOST_FORMAT_CSV;
  g_assert_null (read_texts (&options, narrow, NULL, &error));
  assert_contains (error->message, "the line has 1 columns; the model takes 2 features, with or without a label");
  g_clear_error (&error);
  options = (AtelierXgboostTableOptions){ .n_features = 1, .n_threads = 1 };
  g_clear_pointer (&a, atelier_xgboost_table_free);
  a = read_texts (&options, narrow, NULL, &error);
  g_assert_no_error (error);
  assert_values (a->values, 1, 1.0);
}

static void
test_content_types (void)
{
  AtelierXgboostFormat format;
  g_autoptr (GError) error = NULL;

  g_assert_true (atelier_xgboost_format_from_content_type (NULL, &format, NULL)
                 && format == ATELIER_XGBOOST_FORMAT_SNIFF);
  g_assert_true (atelier_xgboost_format_from_content_type ("", &format, NULL)
                 && format == ATELIER_XGBOOST_FORMAT_SNIFF);
  g_assert_true (atelier_xgboost_format_from_content_type ("csv", &format, NULL)
                 && format == ATELIER_XGBOOST_FORMAT_CSV);
  g_assert_true (atelier_xgboost_format_from_content_type ("Text/CSV ; charset=utf8", &format, NULL)
                 && format == ATELIER_XGBOOST_FORMAT_CSV);
  g_assert_true (atelier_xgboost_format_from_content_type ("text/libsvm", &format, NULL)
                 && format == ATELIER_XGBOOST_FORMAT_LIBSVM);
  g_assert_false (atelier_xgboost_format_from_content_type ("application/json", &format, &error));
  assert_contains (error->message, "“application/json” cannot be read here");
}

/* Random bytes and broken good files: an error or a table, never a crash. */
static void
test_fuzz (void)
{
  static const char alphabet[] = "0123456789.,:;- \t\r\n#\"eEqidnaNIf|\xff\x80";
  static const char *const seeds[]
      = { "1,2,3\n4,,6\n7,8,\"9\"\n", "1:2 qid:1 0:1 3:4.5 # c\n-1 qid:2 7:1e3\n", "a,b\n1,2\n" };

  for (guint i = 0; i < 6000; i++)
    {
      AtelierXgboostTableOptions options
          = { .format = i % 3, .has_weights = i % 2, .n_features = i % 5 == 0 ? 2 : 0, .n_threads = 1 + i % 2 };
      char text[200];
      gsize n = g_test_rand_int_range (0, sizeof text - 1);
      const char *texts[] = { text, NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (AtelierXgboostTable) table = NULL;

      if (i % 4 == 0)
        for (gsize k = 0; k < n; k++)
          text[k] = (char) g_test_rand_int_range (0, 256);
      else if (i % 4 == 1)
        for (gsize k = 0; k < n; k++)
          text[k] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      else
        {
          const char *seed = seeds[i % G_N_ELEMENTS (seeds)];

          n = strlen (seed);
          memcpy (text, seed, n);
          for (int k = 0; k < 3; k++)
            text[g_test_rand_int_range (0, n)] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
        }
      text[n] = '\0';
      table = read_texts (&options, texts, &n, &error);
      g_assert_true ((table == NULL) == (error != NULL));
      if (table != NULL && table->offsets != NULL)
        for (gsize row = 0; row < table->n_rows; row++)
          {
            g_assert_cmpuint (table->offsets[row], <=, table->offsets[row + 1]);
            for (guint64 k = table->offsets[row]; k < table->offsets[row + 1]; k++)
              g_assert_cmpuint (table->indices[k], <, table->n_columns);
          }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/table/csv", test_csv);
  g_test_add_func ("/xgboost/table/csv-missing", test_csv_missing);
  g_test_add_func ("/xgboost/table/csv-weights", test_csv_weights);
  g_test_add_func ("/xgboost/table/several-files", test_several_files);
  g_test_add_func ("/xgboost/table/large", test_large);
  g_test_add_func ("/xgboost/table/csv-faults", test_csv_faults);
  g_test_add_func ("/xgboost/table/label-rule", test_label_rule);
  g_test_add_func ("/xgboost/table/libsvm", test_libsvm);
  g_test_add_func ("/xgboost/table/libsvm-faults", test_libsvm_faults);
  g_test_add_func ("/xgboost/table/sniff", test_sniff);
  g_test_add_func ("/xgboost/table/for-model", test_for_model);
  g_test_add_func ("/xgboost/table/content-types", test_content_types);
  g_test_add_func ("/xgboost/table/fuzz", test_fuzz);
  return g_test_run ();
}
