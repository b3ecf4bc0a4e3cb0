/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-model"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-duration.h"

/* Years and months are kept apart from the rest, since how long they are depends on the calendar. */

#define MOST_OF_A_UNIT 999999999

typedef struct
{
  char   letter;
  gint64 months;
  gint64 seconds;
} Unit;

/* In the order in which they may follow each other. */
static const Unit date_units[] = { { 'Y', 12, 0 }, { 'M', 1, 0 }, { 'W', 0, 604800 }, { 'D', 0, 86400 } };
static const Unit time_units[] = { { 'H', 0, 3600 }, { 'M', 0, 60 }, { 'S', 0, 1 } };

static gboolean
fail (const char *text, const char *message, GError **error)
{
  g_set_error (error, ATELIER_MODEL_ERROR, ATELIER_MODEL_ERROR_SYNTAX, _("“%s” is not a duration: %s"), text,
               message);
  return FALSE;
}

/* Reads as many units as there are and moves *at behind them; NULL or what is wrong. */
static const char *
read_units (const char **at, const Unit *units, guint n_units, AtelierDuration *sum, guint *n_read)
{
  guint next = 0;

  while (g_ascii_isdigit (**at))
    {
      char *end;
      guint64 amount = g_ascii_strtoull (*at, &end, 10);
      char letter = g_ascii_toupper (*end);
      guint unit = next;

      while (unit < n_units && units[unit].letter != letter)
        unit++;
      if (letter == '\0')
        return _("a unit is missing after the last number");
      if (unit == n_units)
        return _("units are years, months, weeks, days (y, m, w, d), then after a T hours, minutes, seconds "
                 "(h, m, s), each once and in this order");
      if (amount > MOST_OF_A_UNIT)
        return _("the number is too large");
      sum->months += amount * units[unit].months;
      sum->seconds += amount * units[unit].seconds;
      next = unit + 1;
      (*n_read)++;
      *at = end + 1;
    }
  return NULL;
}

gboolean
atelier_duration_parse (const char *text, AtelierDuration *duration, GError **error)
{
  const char *at = text;
  AtelierDuration sum = { 0, 0 };
  const char *problem;
  guint n_read = 0;

  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (duration != NULL, FALSE);

  if (*at == 'P' || *at == 'p')
    at++;
  problem = read_units (&at, date_units, G_N_ELEMENTS (date_units), &sum, &n_read);
  if (problem == NULL && (*at == 'T' || *at == 't'))
    {
      guint n_times = 0;

      at++;
      problem = read_units (&at, time_units, G_N_ELEMENTS (time_units), &sum, &n_times);
      if (problem == NULL && n_times == 0)
        problem = _("hours, minutes or seconds are expected after the T");
      n_read += n_times;
    }
  if (problem == NULL && (*at != '\0' || n_read == 0))
    problem = _("write it as P30D, PT12H or P1DT6H");
  if (problem != NULL)
    return fail (text, problem, error);
  *duration = sum;
  return TRUE;
}

gint64
atelier_duration_before (const AtelierDuration *duration, gint64 time_us)
{
  g_autoptr (GDateTime) now = NULL;
  g_autoptr (GDateTime) then = NULL;
  gint64 result = time_us;

  g_return_val_if_fail (duration != NULL, G_MININT64);

  if (duration->months > 0)
    {
      now = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
      if (now != NULL && duration->months <= 12 * 10000)
        then = g_date_time_add_months (now, -(int) duration->months);
      if (then == NULL)
        return G_MININT64;
      result = g_date_time_to_unix (then) * G_USEC_PER_SEC + time_us % G_USEC_PER_SEC;
    }
  if (duration->seconds > (G_MAXINT64 / G_USEC_PER_SEC) / 4)
    return G_MININT64;
  return result - duration->seconds * G_USEC_PER_SEC;
}
