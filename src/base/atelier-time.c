/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-time"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-time.h"

gint64
atelier_time_now_us (void)
{
  return g_get_real_time ();
}

/* Returns: (transfer full): "2026-01-31T08:05:09.123456Z" */
char *
atelier_time_format_iso (gint64 time_us)
{
  gint64 fraction_us = (time_us % G_USEC_PER_SEC + G_USEC_PER_SEC) % G_USEC_PER_SEC; /* counts up before 1970, too */
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc ((time_us - fraction_us) / G_USEC_PER_SEC);
  g_autofree char *seconds = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S") : g_strdup ("");

  return g_strdup_printf ("%s.%06dZ", seconds, (int) fraction_us);
}

/* Returns: microseconds, or 0 when @text is no ISO 8601 time */
gint64
atelier_time_parse_iso (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = text != NULL ? g_date_time_new_from_iso8601 (text, utc) : NULL;

  return time != NULL ? g_date_time_to_unix (time) * G_USEC_PER_SEC + g_date_time_get_microsecond (time) : 0;
}

/* Returns: (transfer full): "12 ms", "4.2 s", "3 min 05 s", "2 h 07 min" */
char *
atelier_time_format_duration (gint64 duration_us)
{
  gint64 seconds = duration_us / G_USEC_PER_SEC;

  if (duration_us < 0)
    return g_strdup ("–");
  if (duration_us < G_USEC_PER_SEC)
    return g_strdup_printf (_("%d ms"), (int) (duration_us / 1000));
  if (seconds < 60)
    return g_strdup_printf (_("%.1f s"), MIN (duration_us / 1e6, 59.9)); /* never "60.0 s" */
  if (seconds < 3600)
    return g_strdup_printf (_("%d min %02d s"), (int) (seconds / 60), (int) (seconds % 60));
  return g_strdup_printf (_("%d h %02d min"), (int) (seconds / 3600), (int) (seconds / 60 % 60));
}

/* Returns: (transfer full): "812 bytes", "3.4 MiB"; the blank may be a no-break space */
char *
atelier_text_format_size (gint64 size_bytes)
{
  return g_format_size_full (size_bytes, G_FORMAT_SIZE_IEC_UNITS);
}
