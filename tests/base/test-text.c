/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-text.h"
#include "atelier-time.h"

/* Words, ids, times and sizes as people read them. */

static void
test_closest (void)
{
  const char *verbs[] = { "run", "resume", "stop", "list", "show", "logs", "validate", "template" };
  const struct
  {
    const char *word;
    const char *closest;
  } cases[] = {
    { "run", "run" },
    { "Run", "run" },
    { "runn", "run" },
    { "urn", "run" },          /* neighbours swapped are one edit */
    { "lsit", "list" },
    { "tempalte", "template" },
    { "validat", "validate" },
    { "vlidaet", "validate" }, /* two edits of seven letters */
    { "vldiaet", NULL },       /* three are too many */
    { "lost", "list" },        /* as near as “logs” would be at two */
    { "shop", "stop" },        /* as near as “show”: the first counts */
    { "x", NULL },
    { "", NULL },
    { "deploy", NULL },
    { "réçume", NULL },
  };
  g_autofree char *very_long = g_strnfill (100000, 'r');

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpstr (atelier_text_closest (cases[i].word, verbs, G_N_ELEMENTS (verbs)), ==, cases[i].closest);
  g_assert_null (atelier_text_closest (very_long, verbs, G_N_ELEMENTS (verbs)));
  g_assert_null (atelier_text_closest ("run", (const char *const *) &very_long, 1));
  g_assert_null (atelier_text_closest ("run", verbs, 0));
}

static void
test_id (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint counts[256] = { 0 };

  for (int i = 0; i < 10000; i++)
    {
      char *id = atelier_text_new_id ();

      g_assert_true (atelier_text_is_id (id));
      for (const char *p = id; *p != '\0'; p++)
        counts[(guchar) *p]++;
      g_assert_true (g_hash_table_add (seen, id));
    }
  /* 120,000 letters, 3,333 of each expected, deviation 57: eight of them are never seen */
  for (const char *p = "abcdefghijklmnopqrstuvwxyz0123456789"; *p != '\0'; p++)
    g_assert_cmpuint (ABS ((int) counts[(guchar) *p] - 3333), <, 8 * 57);
  g_assert_false (atelier_text_is_id (""));
  g_assert_false (atelier_text_is_id ("abcdefghijk"));
  g_assert_false (atelier_text_is_id ("abcdefghijklm"));
  g_assert_false (atelier_text_is_id ("abcdefghijkL"));
  g_assert_false (atelier_text_is_id ("abcdef/hijkl"));
}

static void
test_first_line (void)
{
  const struct
  {
    const char *text;
    gsize       most;
    const char *line;
  } cases[] = {
    { "one\ntwo", 10, "one" },
    { "\n \t\r\n  one  \r\ntwo", 10, "one" },
    { "", 10, "" },
    { "\n\n", 10, "" },
    { "1234567890", 10, "1234567890" },
    { "12345678901", 10, "123456789…" },
    { "ääääää", 6, "ääääää" },
    { "äääääää", 6, "äääää…" },
    { "a\xff" "b", 10, "a\357\277\275b" },
    { "long", 1, "…" },
    { "long", 0, "…" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = atelier_text_first_line (cases[i].text, cases[i].most);

      g_assert_cmpstr (line, ==, cases[i].line);
    }
}

static void
test_iso (void)
{
  const struct
  {
    gint64      time_us;
    const char *text;
  } cases[] = {
    { 0, "1970-01-01T00:00:00.000000Z" },
    { 1, "1970-01-01T00:00:00.000001Z" },
    { -1, "1969-12-31T23:59:59.999999Z" },
    { -1000000, "1969-12-31T23:59:59.000000Z" },
    { G_GINT64_CONSTANT (951782400000000), "2000-02-29T00:00:00.000000Z" },
    { G_GINT64_CONSTANT (1769846709123456), "2026-01-31T08:05:09.123456Z" },
    { G_GINT64_CONSTANT (4102444799999999), "2099-12-31T23:59:59.999999Z" },
  };
  const struct
  {
    const char *text;
    gint64      time_us;
  } others[] = {
    { "2026-01-31T08:05:09Z", G_GINT64_CONSTANT (1769846709000000) },
    { "2026-01-31T09:05:09.5+01:00", G_GINT64_CONSTANT (1769846709500000) },
    { "20260131T080509Z", G_GINT64_CONSTANT (1769846709000000) },
    { "2026-01-31T08:05:09", G_GINT64_CONSTANT (1769846709000000) },
    { "2026-02-30T00:00:00Z", 0 },
    { "yesterday", 0 },
    { "", 0 },
    { NULL, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = atelier_time_format_iso (cases[i].time_us);

      g_assert_cmpstr (text, ==, cases[i].text);
      g_assert_cmpint (atelier_time_parse_iso (text), ==, cases[i].time_us);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpint (atelier_time_parse_iso (others[i].text), ==, others[i].time_us);
}

/* Every microsecond survives the trip through text. */
static void
test_iso_back (void)
{
  gint64 now = atelier_time_now_us ();

  g_assert_cmpint (now, >, G_GINT64_CONSTANT (1700000000000000));
  for (int i = 0; i < 20000; i++)
    {
      gint64 time_us = now - now % G_USEC_PER_SEC + (gint64) g_test_rand_int_range (0, 86400) * G_USEC_PER_SEC
                       + (gint64) i * 50 + 49;
      g_autofree char *text = atelier_time_format_iso (time_us);

      g_assert_cmpint (atelier_time_parse_iso (text), ==, time_us);
    }
}

static void
test_duration (void)
{
  const struct
  {
    gint64      duration_us;
    const char *text;
  } cases[] = {
    { -1, "–" },
    { 0, "0 ms" },
    { 12345, "12 ms" },
    { 999999, "999 ms" },
    { 1000000, "1.0 s" },
    { 4249000, "4.2 s" },
    { 59990000, "59.9 s" },
    { 60000000, "1 min 00 s" },
    { 185000000, "3 min 05 s" },
    { 3599999999, "59 min 59 s" },
    { G_GINT64_CONSTANT (3600000000), "1 h 00 min" },
    { G_GINT64_CONSTANT (7620000000), "2 h 07 min" },
    { G_GINT64_CONSTANT (360000000000), "100 h 00 min" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = atelier_time_format_duration (cases[i].duration_us);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_size (void)
{
  const struct
  {
    gint64      size_bytes;
    const char *text;
  } cases[] = {
    { 0, "0 bytes" },
    { 812, "812 bytes" },
    { 1024, "1.0 KiB" },
    { 3565158, "3.4 MiB" },
    { G_GINT64_CONSTANT (1) << 40, "1.0 TiB" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = atelier_text_format_size (cases[i].size_bytes);
      g_auto (GStrv) words = g_strsplit (text, "\u00a0", -1); /* GLib may put a no-break space */
      g_autofree char *plain = g_strjoinv (" ", words);

      g_assert_cmpstr (plain, ==, cases[i].text);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/closest", test_closest);
  g_test_add_func ("/text/id", test_id);
  g_test_add_func ("/text/first-line", test_first_line);
  g_test_add_func ("/time/iso", test_iso);
  g_test_add_func ("/time/iso-back", test_iso_back);
  g_test_add_func ("/time/duration", test_duration);
  g_test_add_func ("/text/size", test_size);
  return g_test_run ();
}
