/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "atelier-xgboost-number.h"

static float
parse_all (const char *text)
{
  float value = 12345;
  const char *end = text + strlen (text);

  g_assert_true (atelier_xgboost_number_parse (text, end, &value) == end);
  return value;
}

static void
assert_same (const char *text)
{
  float expected = (float) g_ascii_strtod (text, NULL), value = parse_all (text);

  if (memcmp (&expected, &value, sizeof value) != 0)
    g_error ("“%s”: %a, but must be %a", text, value, expected);
}

static void
test_plain (void)
{
  static const char *const texts[] = {
    "0",
    "-0",
    "+7",
    "1.5",
    ".5",
    "5.",
    "-12.75",
    "1e3",
    "1E-3",
    "1e+3",
    "0.1",
    "16777217",
    "16777219",
    "0.30000000000000004",
    "123456789012345678",
    "9999999999999999999",
    "12345678901234567890123456789",
    "1e-45",
    "1.4e-45",
    "7e-46",
    "3.4028235e38",
    "1e22",
    "1e23",
    "1e-30",
    "9007199254740993",
    "0.000000000000000000000000000000000000000000001",
    "00000000000000000000001.5",
    "1e-400",
    "2.2250738585072011e-308",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_same (texts[i]);
  g_assert_true (isinf (parse_all ("1e39")));
  g_assert_true (isinf (parse_all ("1e999999999999")));
  g_assert_true (isnan (parse_all ("nan")));
  g_assert_true (isnan (parse_all ("-NaN")));
  g_assert_cmpfloat (parse_all ("-Infinity"), ==, -INFINITY);
  g_assert_cmpfloat (parse_all ("inf"), ==, INFINITY);
}

static void
test_partial (void)
{
  static const struct
  {
    const char *text;
    int         length; /* that is used; -1: not a number */
  } cases[] = {
    { "", -1 },     { "-", -1 },    { ".", -1 },     { "-.", -1 },  { "e5", -1 }, { "x", -1 },   { "1x", 1 },
    { "1e", 1 },    { "1e+", 1 },   { "1.2.3", 3 },  { "1,2", 1 },  { "0x10", 1 }, { "--1", -1 }, { "1e5e", 3 },
    { "nano", 3 },  { " 1", -1 },   { ".e1", -1 },   { "na", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      float value;
      const char *next = atelier_xgboost_number_parse (cases[i].text, cases[i].text + strlen (cases[i].text), &value);

      g_assert_cmpint (next == NULL ? -1 : (int) (next - cases[i].text), ==, cases[i].length);
    }
}

static void
test_random (void)
{
  static const char *const formats[] = { "%.17g", "%.9g", "%.3f", "%.0f", "%.15e", "%.6g" };

  for (guint i = 0; i < 300000; i++)
    {
      double value = g_test_rand_double_range (-1, 1) * pow (10, g_test_rand_int_range (-42, 40));
      char text[512];

      g_ascii_formatd (text, sizeof text, formats[i % G_N_ELEMENTS (formats)], value);
      assert_same (text);
    }
}

/* Nothing beyond the end is read: ASan sees a heap block that ends there. */
static void
test_bounds (void)
{
  static const char *const texts[]
      = { "1", "1.", "1e", "1e+", "-", ".", "i", "infinit", "na", "123456789012345678901" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      gsize length = strlen (texts[i]);
      g_autofree char *copy = g_memdup2 (texts[i], length);
      float value;

      atelier_xgboost_number_parse (copy, copy + length, &value);
    }
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/xgboost/number/plain", test_plain);
  g_test_add_func ("/xgboost/number/partial", test_partial);
  g_test_add_func ("/xgboost/number/random", test_random);
  g_test_add_func ("/xgboost/number/bounds", test_bounds);
  return g_test_run ();
}
