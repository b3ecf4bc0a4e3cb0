/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "atelier-metric-parser.h"

/* The metric parser: lines however they are cut, XGBoost's lines, definitions as they stand in public pipelines, and
 * input that is hostile. */

static AtelierMetricParser *
new_parser (const char *name, const char *regex)
{
  AtelierMetricDefinition definition = { name, regex };
  g_autoptr (GError) error = NULL;
  AtelierMetricParser *parser = atelier_metric_parser_new (&definition, name != NULL, &error);

  g_assert_no_error (error);
  return parser;
}

static void
feed (AtelierMetricParser *parser, const char *text)
{
  atelier_metric_parser_feed (parser, text, strlen (text), 7);
}

/* "name@iteration=value …" */
static char *
told (AtelierMetricParser *parser)
{
  GString *text = g_string_new (NULL);
  const AtelierMetric *metrics;
  gsize n;

  metrics = atelier_metric_parser_get_metrics (parser, &n);
  for (gsize i = 0; i < n; i++)
    {
      char number[G_ASCII_DTOSTR_BUF_SIZE];

      g_ascii_dtostr (number, sizeof number, metrics[i].value);
      g_string_append_printf (text, "%s%s@%" G_GINT64_FORMAT "=%s", i > 0 ? " " : "", metrics[i].name,
                              metrics[i].iteration, number);
      g_assert_cmpint (metrics[i].at_us, ==, 7);
    }
  atelier_metric_parser_clear (parser);
  return g_string_free (text, FALSE);
}

#define assert_told(parser, expected)                                                                                \
  G_STMT_START                                                                                                       \
  {                                                                                                                  \
    g_autofree char *told_text = told (parser);                                                                      \
    g_assert_cmpstr (told_text, ==, expected);                                                                       \
  }                                                                                                                  \
  G_STMT_END

static void
test_xgboost (void)
{
  g_autoptr (AtelierMetricParser) parser = new_parser (NULL, NULL);

  feed (parser, "[0]\ttrain-rmse:1.5\tvalidation-rmse:1.25\n[12]\ttrain-rmse:0.5\n");
  assert_told (parser, "train:rmse@0=1.5 validation:rmse@0=1.25 train:rmse@12=0.5");
  feed (parser, "[3]#011train-mlogloss:0.5#011validation-mlogloss:2\n");
  assert_told (parser, "train:mlogloss@3=0.5 validation:mlogloss@3=2");
  feed (parser, "[4]  validation_0-auc:0.75\n[5]\teval-ndcg@5-:0.5\n[6]\tmy-set-error@0.7:0.25\n");
  assert_told (parser, "validation_0:auc@4=0.75 eval:ndcg@5-@5=0.5 my-set:error@0.7@6=0.25");
  feed (parser, "[7]\ttrain-rmse:0.5+0.125\ttest-rmse:1e-3+0\n[8]\ttrain-rmse:nan\ttest-rmse:-inf\n");
  assert_told (parser, "train:rmse@7=0.5 test:rmse@7=0.001 train:rmse@8=nan test:rmse@8=-inf");
  /* Not these. */
  feed (parser, "[12:30:01] WARNING: src/x.cc:5: a-b:3\n[1]\n[]\ta-b:1\n[x]\ta-b:1\n[9]train-rmse:1\n[1]\tloss:3\n"
                "[2024-01-01 10:00] train-rmse:4\n "
                "[1]\ttrain-rmse:1\n[10]\t-rmse:1\n[10]\ttrain-:1\n[99999999999999]\ta-b:1\n");
  assert_told (parser, "");
  feed (parser, "[10]\ttrain-rmse:abc\ttest-rmse:2\tStopping.\n");
  assert_told (parser, "test:rmse@10=2");
}

static void
test_pieces (void)
{
  static const char log[]
      = "[0]\ttrain-rmse:1.5\tvalidation-rmse:1.25\r\nloss: 0.5\rloss: 0.25\rloss: 0.125\n\n\nx\nloss: 1";
  g_autofree char *whole = NULL;
  gsize length = strlen (log);

  for (gsize first = 0; first <= length; first++)
    for (gsize second = first; second <= length; second += 7)
      {
        g_autoptr (AtelierMetricParser) parser = new_parser ("loss", "loss: (\\S+)");
        g_autofree char *text = NULL;

        atelier_metric_parser_feed (parser, log, first, 7);
        atelier_metric_parser_feed (parser, log + first, second - first, 7);
        atelier_metric_parser_feed (parser, log + second, length - second, 7);
        atelier_metric_parser_finish (parser, 7);
        text = told (parser);
        if (whole == NULL)
          whole = g_steal_pointer (&text);
        else
          g_assert_cmpstr (text, ==, whole);
      }
  g_assert_cmpstr (whole, ==, "train:rmse@0=1.5 validation:rmse@0=1.25 loss@0=0.5 loss@1=0.25 loss@2=0.125 loss@3=1");
}

static void
test_definitions (void)
{
  g_autoptr (AtelierMetricParser) tab = new_parser ("validation:rmse", ".*\\[[0-9]+\\].*#011validation-rmse:(\\S+)");
  g_autoptr (AtelierMetricParser) lazy
      = new_parser ("acc", "epoch.*?acc(?:uracy)?=\\s*([-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?)");
  g_autoptr (AtelierMetricParser) unicode = new_parser ("précision", "[éè]val\\s(\\d+)%");

  /* What a definition claims is told once, with the iteration of the line it was found in. */
  feed (tab, "[41]\ttrain-rmse:1.5\tvalidation-rmse:1.25\n");
  assert_told (tab, "train:rmse@41=1.5 validation:rmse@41=1.25");
  feed (tab, "[42]#011train-rmse:1.5#011validation-rmse:2\n");
  assert_told (tab, "train:rmse@42=1.5 validation:rmse@42=2");
  feed (lazy, "epoch 1 loss=3 acc=0.5, lr=1\nepoch 2 accuracy= 1e-2;\nacc=7\nepoch acc=none\n");
  assert_told (lazy, "acc@0=0.5 acc@1=0.01");
  feed (unicode, "éval 5%\nèval 6%\neval 7%\n");
  assert_told (unicode, "précision@0=5 précision@1=6");
  feed (unicode, "\xff\xfe èval 8% \xc3\n\xc3\xa9val 9%\n");
  assert_told (unicode, "précision@2=8 précision@3=9");
}

static void
test_numbers (void)
{
  g_autoptr (AtelierMetricParser) parser = new_parser ("v", "^v=(.*)$");

  feed (parser, "v=1\nv= -2.5 \nv=+3e2,\nv=NaN\nv=INF\nv=.5%\nv=12abc\nv=\nv=0x10\nv=1_000\nv=--1\nv=1.2.3\n");
  assert_told (parser, "v@0=1 v@1=-2.5 v@2=300 v@3=nan v@4=inf v@5=0.5 v@6=1.2");
}

static void
test_bad_definitions (void)
{
  static const struct
  {
    const char *regex;
    const char *says;
  } bad[] = {
    { "loss: (\\S+", "at character 11" },
    { "loss: \\S+", "has no group" },
    { "é(é)[", "at character 6" },
    { "(a)\\C", "wrong" },
    { "((a{0,1000}){0,1000}){0,1000}", "too large" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      AtelierMetricDefinition definition = { "loss", bad[i].regex };
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_metric_parser_new (&definition, 1, &error));
      g_assert_error (error, ATELIER_TRACKING_ERROR, ATELIER_TRACKING_ERROR_REGEX);
      g_assert_nonnull (strstr (error->message, "“loss”"));
      g_assert_nonnull (strstr (error->message, bad[i].says));
    }
}

/* A regular expression that would take for ever is given up, and the others go on. */
static void
test_hostile_regex (void)
{
  AtelierMetricDefinition definitions[] = { { "bad", "^(a+)+(\\d)$" }, { "good", "good=(\\S+)" } };
  g_autoptr (AtelierMetricParser) parser = atelier_metric_parser_new (definitions, 2, NULL);
  g_autoptr (GString) line = g_string_new (NULL);
  const GPtrArray *problems;

  for (guint i = 0; i < 5000; i++)
    g_string_append_c (line, 'a');
  g_string_append (line, "!\ngood=1\n");
  for (guint i = 0; i < 100; i++)
    atelier_metric_parser_feed (parser, line->str, line->len, 7);
  problems = atelier_metric_parser_get_problems (parser);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_nonnull (strstr (problems->pdata[0], "“bad”"));
  {
    gsize n;

    atelier_metric_parser_get_metrics (parser, &n);
    g_assert_cmpuint (n, ==, 100);
  }
}

/* A line without end costs a bounded amount of memory, and what comes after it is read. */
static void
test_long_lines (void)
{
  g_autoptr (AtelierMetricParser) parser = new_parser ("loss", "^x*loss=(\\d+)");
  g_autofree char *filler = g_strnfill (1 << 20, 'x');

  feed (parser, "loss=1 ");
  for (guint i = 0; i < 64; i++)
    atelier_metric_parser_feed (parser, filler, 1 << 20, 7);
  feed (parser, "loss=2\nloss=3\n");
  assert_told (parser, "loss@0=1 loss@1=3");
}

static void
test_many_names (void)
{
  g_autoptr (AtelierMetricParser) parser = new_parser (NULL, NULL);
  g_autofree char *long_name = g_strnfill (3000, 'n');
  g_autofree char *line = g_strdup_printf ("[1]\ta-%s:1\n", long_name);
  gsize n;

  feed (parser, line);
  assert_told (parser, "");
  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *text = g_strdup_printf ("[1]\tset-%u:1\n", i);

      feed (parser, text);
    }
  atelier_metric_parser_get_metrics (parser, &n);
  g_assert_cmpuint (n, ==, 10000);
  atelier_metric_parser_clear (parser);
  feed (parser, "[2]\tset-5:1\n");
  assert_told (parser, "set:5@2=1");
}

static void
test_random_bytes (void)
{
  static const char alphabet[] = "[]0129\t\r\n#011:-.eE+naif trainloss=\xff\xc3\xa9\0";
  g_autoptr (GRand) random = g_rand_new_with_seed (20240101);

  for (guint round = 0; round < 300; round++)
    {
      AtelierMetricDefinition definitions[] = { { "a", "loss=(\\S+)" }, { "b", ".*#011(?:train)?-?([0-9.]*)$" } };
      g_autoptr (AtelierMetricParser) parser = atelier_metric_parser_new (definitions, 2, NULL);
      char bytes[4096];

      for (guint i = 0; i < sizeof bytes; i++)
        bytes[i]
            = round % 3 == 0 ? (char) g_rand_int (random) : alphabet[g_rand_int_range (random, 0, sizeof alphabet)];
      for (gsize at = 0; at < sizeof bytes;)
        {
          gsize piece = (gsize) g_rand_int_range (random, 0, 200);

          piece = MIN (piece, sizeof bytes - at);
          atelier_metric_parser_feed (parser, bytes + at, piece, 7);
          at += MAX (piece, 1);
        }
      atelier_metric_parser_finish (parser, 7);
      {
        gsize n;
        const AtelierMetric *metrics = atelier_metric_parser_get_metrics (parser, &n);

        for (gsize i = 0; i < n; i++)
          g_assert_true (g_utf8_validate (metrics[i].name, -1, NULL));
      }
    }
}

/* The time is told, not judged: machines differ. */
static void
test_speed (void)
{
  g_autoptr (AtelierMetricParser) parser = new_parser ("loss", "loss=(\\S+)");
  g_autoptr (GString) log = g_string_new (NULL);
  gint64 start;
  gsize n;

  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (log, "[%u]\ttrain-rmse:0.%06u\tvalidation-rmse:1.%06u\n", i, i, i);
  start = g_get_monotonic_time ();
  for (gsize at = 0; at < log->len; at += 4096)
    atelier_metric_parser_feed (parser, log->str + at, MIN (4096, log->len - at), 7);
  atelier_metric_parser_get_metrics (parser, &n);
  g_assert_cmpuint (n, ==, 200000);
  g_test_message ("%.0f points/s", n * 1e6 / MAX (g_get_monotonic_time () - start, 1));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metric-parser/xgboost", test_xgboost);
  g_test_add_func ("/metric-parser/pieces", test_pieces);
  g_test_add_func ("/metric-parser/definitions", test_definitions);
  g_test_add_func ("/metric-parser/numbers", test_numbers);
  g_test_add_func ("/metric-parser/bad-definitions", test_bad_definitions);
  g_test_add_func ("/metric-parser/hostile-regex", test_hostile_regex);
  g_test_add_func ("/metric-parser/long-lines", test_long_lines);
  g_test_add_func ("/metric-parser/many-names", test_many_names);
  g_test_add_func ("/metric-parser/random-bytes", test_random_bytes);
  g_test_add_func ("/metric-parser/speed", test_speed);
  return g_test_run ();
}
