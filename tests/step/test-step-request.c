/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-request.h"

static const char good[] =
  "{\"op\":\"start\",\"step\":\"Train\",\"attempt\":1,\"argv\":[\"/bin/true\",\"\"],\"env\":[\"A=1\",\"ATELIER_ATTEMPT=x\",\"B=\"],"
  "\"folder\":\"/tmp\",\"log\":\"Train/1/log\",\"limits\":{\"wall_ms\":1,\"memory_bytes\":2,\"processes\":3,\"log_bytes\":4,"
  "\"grace_ms\":0}}";

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AtelierRequest) request = atelier_request_parse (good, strlen (good), &error);

  g_assert_no_error (error);
  g_assert_cmpint (request->op, ==, ATELIER_OP_START);
  g_assert_cmpstr (request->step, ==, "Train");
  g_assert_cmpint (request->attempt, ==, 1);
  g_assert_cmpint (g_strv_length ((char **) request->argv), ==, 2);
  g_assert_cmpstr (request->env[0], ==, "A=1");
  g_assert_cmpstr (request->env[1], ==, "B=");
  g_assert_null (request->env[2]);
  g_assert_cmpstr (request->folder, ==, "/tmp");
  g_assert_cmpstr (request->log, ==, "Train/1/log");
  g_assert_cmpint (request->limits.wall_ms, ==, 1);
  g_assert_cmpint (request->limits.memory_bytes, ==, 2);
  g_assert_cmpint (request->limits.processes, ==, 3);
  g_assert_cmpint (request->limits.log_bytes, ==, 4);
  g_assert_cmpint (request->limits.grace_ms, ==, 0);
}

#define START(more) "{\"op\":\"start\",\"step\":\"A\",\"attempt\":1" more "}"
#define COMMAND     ",\"argv\":[\"x\"],\"env\":[],\"log\":\"l\""

static void
test_bad (void)
{
  static const char *const texts[] = {
    "",
    "null",
    "[]",
    "{}",
    "{",
    "\xff",
    "{\"op\":7}",
    "{\"op\":\"\"}",
    "{\"op\":\"explode\"}",
    "{\"op\":\"bye\",\"op\":\"bye\"}",
    START (""),
    START (",\"argv\":[],\"env\":[],\"log\":\"l\""),
    START (",\"argv\":[\"\"],\"env\":[],\"log\":\"l\""),
    START (",\"argv\":[1],\"env\":[],\"log\":\"l\""),
    START (",\"argv\":\"x\",\"env\":[],\"log\":\"l\""),
    START (",\"argv\":[\"x\"],\"log\":\"l\""),
    START (",\"argv\":[\"x\"],\"env\":[\"novalue\"],\"log\":\"l\""),
    START (",\"argv\":[\"x\"],\"env\":[\"=x\"],\"log\":\"l\""),
    START (",\"argv\":[\"x\"],\"env\":{},\"log\":\"l\""),
    START (",\"argv\":[\"x\\u0000y\"],\"env\":[],\"log\":\"l\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\"/etc/passwd\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\"../l\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\"a/../../l\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\"a//l\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\".\""),
    START (",\"argv\":[\"x\"],\"env\":[],\"log\":\"\""),
    START (COMMAND ",\"folder\":5"),
    START (COMMAND ",\"limits\":[]"),
    START (COMMAND ",\"limits\":{\"wall_ms\":-1}"),
    START (COMMAND ",\"limits\":{\"wall_ms\":1.5}"),
    START (COMMAND ",\"limits\":{\"memory_bytes\":9223372036854775807}"),
    START (COMMAND ",\"limits\":{\"memory_bytes\":92233720368547758070}"),
    "{\"op\":\"start\",\"attempt\":1" COMMAND "}",
    "{\"op\":\"start\",\"step\":\"A\"" COMMAND "}",
    "{\"op\":\"start\",\"step\":\"A\",\"attempt\":-1" COMMAND "}",
    "{\"op\":\"start\",\"step\":\"A\",\"attempt\":\"1\"" COMMAND "}",
    "{\"op\":\"attach\",\"step\":\"A\"}",
    "{\"op\":\"stop\",\"grace_ms\":\"soon\"}",
    "{\"op\":\"start-file\"}",
    "{\"op\":\"start-file\",\"path\":\"../x\"}",
    "{\"op\":\"service\",\"argv\":[\"x\"],\"env\":[],\"log\":\"l\"}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      AtelierRequest *request = atelier_request_parse (texts[i], strlen (texts[i]), &error);

      if (request != NULL)
        g_test_message ("accepted: %s", texts[i]);
      g_assert_null (request);
      g_assert_error (error, ATELIER_REQUEST_ERROR, ATELIER_REQUEST_ERROR_MALFORMED);
      g_assert_cmpint (strlen (error->message), >, 10);
    }
}

static gboolean
accepts_name (gsize length)
{
  g_autofree char *name = g_strnfill (length, 'n');
  g_autofree char *text = g_strdup_printf ("{\"op\":\"attach\",\"step\":\"%s\",\"attempt\":1}", name);
  g_autoptr (AtelierRequest) request = atelier_request_parse (text, strlen (text), NULL);

  return request != NULL;
}

static void
test_long_name (void)
{
  g_assert_true (accepts_name (512));
  g_assert_false (accepts_name (513));
}

/* Whatever the bytes are, an answer comes and nothing breaks. */
static void
test_mutations (void)
{
  guint accepted = 0;

  for (guint round = 0; round < 20000; round++)
    {
      g_autofree char *text = g_memdup2 (good, sizeof good);
      gsize length = strlen (good);
      AtelierRequest *request;

      for (int i = g_test_rand_int_range (1, 4); i > 0; i--)
        text[g_test_rand_int_range (0, (gint32) length)] = (char) g_test_rand_int_range (0, 256);
      if (g_test_rand_bit ())
        length = g_test_rand_int_range (0, (gint32) length + 1);
      request = atelier_request_parse (text, length, NULL);
      if (request != NULL)
        {
          accepted++;
          atelier_request_free (request);
        }
    }
  g_test_message ("%u of 20000 damaged requests were still requests", accepted);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/step/request/good", test_good);
  g_test_add_func ("/step/request/bad", test_bad);
  g_test_add_func ("/step/request/long-name", test_long_name);
  g_test_add_func ("/step/request/mutations", test_mutations);
  return g_test_run ();
}
