/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <string.h>
#include <sys/random.h>

#include "atelier-door-key.h"

/* An access key must be of the characters that clients and servers pass on unchanged, 16 to 128 of them: base32 of a
 * step's name (64 at most) and a number fits; hexadecimal would not. */

#define KEY_PREFIX "ATELIER"
#define KEY_MOST_BYTES 128

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

char *
atelier_door_key_new_execution_secret (void)
{
  guint8 random[ATELIER_DOOR_SECRET_BYTES];
  GString *text = g_string_sized_new (2 * sizeof random);
  gsize filled = 0;

  while (filled < sizeof random)
    {
      gssize n = getrandom (random + filled, sizeof random - filled, 0);

      filled += MAX (n, 0);
    }
  for (gsize i = 0; i < sizeof random; i++)
    g_string_append_printf (text, "%02x", random[i]);
  return g_string_free (text, FALSE);
}

char *
atelier_door_key_new_id (const char *step, guint attempt)
{
  g_autofree char *plain = NULL;
  GString *id = g_string_new (KEY_PREFIX);
  guint bits = 0;
  guint held = 0;

  g_return_val_if_fail (step != NULL, NULL);

  plain = g_strdup_printf ("%s#%u", step, attempt);
  for (const char *at = plain; *at != '\0'; at++)
    {
      held = (held << 8) | (guint8) *at;
      bits += 8;
      while (bits >= 5)
        {
          bits -= 5;
          g_string_append_c (id, alphabet[(held >> bits) & 31]);
        }
      held &= (1u << bits) - 1;
    }
  if (bits > 0)
    g_string_append_c (id, alphabet[(held << (5 - bits)) & 31]);
  return g_string_free (id, FALSE);
}

static char *
decode (const char *text)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  guint bits = 0;
  guint held = 0;

  for (; *text != '\0'; text++)
    {
      const char *place = strchr (alphabet, *text);

      if (place == NULL)
        return NULL;
      held = (held << 5) | (guint) (place - alphabet);
      bits += 5;
      if (bits >= 8)
        {
          bits -= 8;
          if (((held >> bits) & 0xff) == 0)
            return NULL;
          g_string_append_c (plain, (char) ((held >> bits) & 0xff));
        }
      held &= (1u << bits) - 1;
    }
  return held == 0 ? g_string_free (g_steal_pointer (&plain), FALSE) : NULL;
}

gboolean
atelier_door_key_parse_id (const char *id, char **step, guint *attempt)
{
  g_autofree char *plain = NULL;
  g_autofree char *again = NULL;
  char *mark;
  guint64 number;

  g_return_val_if_fail (id != NULL, FALSE);

  if (!g_str_has_prefix (id, KEY_PREFIX) || strlen (id) > KEY_MOST_BYTES
      || (plain = decode (id + strlen (KEY_PREFIX))) == NULL)
    return FALSE;
  mark = strrchr (plain, '#');
  if (mark == NULL || mark == plain || !g_utf8_validate (plain, -1, NULL) ||
      !g_ascii_string_to_unsigned (mark + 1, 10, 0, G_MAXUINT, &number, NULL))
    return FALSE;
  *mark = '\0';
  /* One attempt has one key: another spelling of the same name is none. */
  again = atelier_door_key_new_id (plain, (guint) number);
  if (strcmp (again, id) != 0)
    return FALSE;
  *step = g_steal_pointer (&plain);
  *attempt = (guint) number;
  return TRUE;
}

char *
atelier_door_key_new_secret (const char *execution_secret, const char *id)
{
  guint8 key[ATELIER_DOOR_SECRET_BYTES];

  g_return_val_if_fail (execution_secret != NULL && id != NULL, NULL);

  if (strlen (execution_secret) != 2 * sizeof key)
    return NULL;
  for (gsize i = 0; i < sizeof key; i++)
    {
      int high = g_ascii_xdigit_value (execution_secret[2 * i]);
      int low = g_ascii_xdigit_value (execution_secret[2 * i + 1]);

      if (high < 0 || low < 0)
        return NULL;
      key[i] = (guint8) (high << 4 | low);
    }
  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, key, sizeof key, id, -1);
}
