/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-number"

#include "config.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "atelier-xgboost-number.h"

/* Decimal text to float, the inner loop of reading data. A number of up to 19 digits is an integer times a power of
 * ten. Where both are exact as double, one division or multiplication rounds right (Clinger); where they are exact as
 * an 80-bit long double it does so too but for a tie in the last place of a double, which a float does not see. All
 * else, and long doubles that are no wider than double, goes to g_ascii_strtod (). The way is always decimal, double,
 * float: what numpy and pandas make of the same text, bit for bit. */

static const double powers[] = {
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
};
#define MOST_EXACT_POWER 22

#if LDBL_MANT_DIG >= 64
static const long double long_powers[] = { 1e23L, 1e24L, 1e25L, 1e26L, 1e27L };
#define MOST_LONG_POWER 27
#else
#define MOST_LONG_POWER (-1)
#endif

static float
parse_slowly (const char *text, gsize length)
{
  char copy[128];

  if (length < sizeof copy)
    {
      memcpy (copy, text, length);
      copy[length] = '\0';
      return (float) g_ascii_strtod (copy, NULL);
    }
  else
    {
      g_autofree char *long_copy = g_strndup (text, length);

      return (float) g_ascii_strtod (long_copy, NULL);
    }
}

static const char *
parse_word (const char *text, const char *end, gboolean negative, float *value)
{
  static const struct
  {
    const char *word;
    gboolean    is_nan;
  } words[] = { { "infinity", FALSE }, { "inf", FALSE }, { "nan", TRUE } };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      gsize length = strlen (words[i].word);

      if ((gsize) (end - text) >= length && g_ascii_strncasecmp (text, words[i].word, length) == 0)
        {
          *value = words[i].is_nan ? NAN : (negative ? -INFINITY : INFINITY);
          return text + length;
        }
    }
  return NULL;
}

static inline gboolean
is_digit (char c)
{
  return (guchar) (c - '0') < 10;
}

const char *
atelier_xgboost_number_parse (const char *text, const char *end, float *value)
{
  const char *p = text;
  gboolean negative = FALSE;
  guint64 digits = 0;
  gint64 exponent = 0;
  int n_digits = 0; /* significant ones; beyond 19 the integer is not exact */
  gboolean any = FALSE;

  if (p < end && (*p == '-' || *p == '+'))
    negative = *p++ == '-';
  for (; p < end && is_digit (*p); p++)
    {
      any = TRUE;
      n_digits += n_digits > 0 || *p != '0';
      digits = digits * 10 + (guint64) (*p - '0');
    }
  if (p < end && *p == '.')
    {
      const char *fraction = ++p;

      for (; p < end && is_digit (*p); p++)
        {
          n_digits += n_digits > 0 || *p != '0';
          digits = digits * 10 + (guint64) (*p - '0');
        }
      any = any || p > fraction;
      exponent = fraction - p;
    }
  if (!any)
    return p == text || p[-1] != '.' ? parse_word (p, end, negative, value) : NULL;
  if (p < end && (*p == 'e' || *p == 'E'))
    {
      const char *q = p + 1;
      gboolean minus = FALSE;
      gint64 power = 0;

      if (q < end && (*q == '-' || *q == '+'))
        minus = *q++ == '-';
      if (q < end && is_digit (*q))
        {
          for (; q < end && is_digit (*q); q++)
            power = MIN (power * 10 + (*q - '0'), 100000);
          exponent += minus ? -power : power;
          p = q;
        }
    }

  if (n_digits == 0)
    *value = negative ? -0.0f : 0.0f;
  else if (n_digits <= 19 && digits <= (G_GUINT64_CONSTANT (1) << 53) && exponent >= -MOST_EXACT_POWER
           && exponent <= MOST_EXACT_POWER)
    {
      double magnitude = (double) digits;

      magnitude = exponent < 0 ? magnitude / powers[-exponent] : magnitude * powers[exponent];
      *value = (float) (negative ? -magnitude : magnitude);
    }
#if LDBL_MANT_DIG >= 64
  else if (n_digits <= 19 && exponent >= -MOST_LONG_POWER && exponent <= MOST_LONG_POWER)
    {
      gint64 size = ABS (exponent);
      long double power
          = size <= MOST_EXACT_POWER ? (long double) powers[size] : long_powers[size - MOST_EXACT_POWER - 1];
      double magnitude = (double) (exponent < 0 ? (long double) digits / power : (long double) digits * power);

      *value = (float) (negative ? -magnitude : magnitude);
    }
#endif
  else
    *value = parse_slowly (text, p - text);
  return p;
}
