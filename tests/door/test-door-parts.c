/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#include "config.h"

#include <string.h>

#include "atelier-door-checksum.h"
#include "atelier-door-chunked.h"
#include "atelier-door-key.h"
#include "atelier-door-xml.h"

/* The parts of the door that need no connection: keys, checksums, the aws-chunked form (with the examples of AWS's own
 * documentation), escapes and XML. */

static void
test_keys (void)
{
  static const struct
  {
    const char *step;
    guint       attempt;
  } names[] = { { "a", 1 }, { "Train", 12 }, { "Évaluation #2", 4294967295u }, { "#", 0 } };
  static const char *const bad[] = {
    "",
    "ATELIER",
    "AKIAIOSFODNN7EXAMPLE",
    "ATELIERx",
    "ATELIERMFRA",
    "ATELIER1",
    "ATELIERae",
    "ATELIERmfrs",
    "atelierme",
    "ATELIERmerq=",
    "ATELIERmerdcmi",
  };
  g_autofree char *secret = atelier_door_key_new_execution_secret ();
  g_autofree char *other = atelier_door_key_new_execution_secret ();
  g_autofree char *longest = g_strnfill (64, 'x');
  g_autofree char *longest_id = atelier_door_key_new_id (longest, 999999);
  char *step;
  guint attempt;

  g_assert_cmpuint (strlen (secret), ==, 64);
  g_assert_cmpstr (secret, !=, other);
  g_assert_cmpuint (strlen (longest_id), <=, 128);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *id = atelier_door_key_new_id (names[i].step, names[i].attempt);
      g_autofree char *key = atelier_door_key_new_secret (secret, id);
      g_autofree char *again = atelier_door_key_new_secret (secret, id);
      g_autofree char *elsewhere = atelier_door_key_new_secret (other, id);

      g_assert_true (atelier_door_key_parse_id (id, &step, &attempt));
      g_assert_cmpstr (step, ==, names[i].step);
      g_assert_cmpuint (attempt, ==, names[i].attempt);
      g_free (step);
      g_assert_cmpuint (strlen (key), ==, 64);
      g_assert_cmpstr (key, ==, again);
      g_assert_cmpstr (key, !=, elsewhere);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (atelier_door_key_parse_id (bad[i], &step, &attempt));
  g_assert_null (atelier_door_key_new_secret ("abc", "ATELIERme"));
  {
    g_autofree char *no_hex = g_strnfill (64, 'g');

    g_assert_null (atelier_door_key_new_secret (no_hex, "ATELIERme"));
  }
}

static void
test_checksums (void)
{
  static const struct
  {
    const char *header;
    const char *right;
  } known[] = { /* of "123456789" */
    { "x-amz-checksum-crc32", "y/Q5Jg==" },
    { "x-amz-checksum-crc32c", "4waSgw==" },
    { "x-amz-checksum-crc64nvme", "rosUhgp5mIg=" },
    { "x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=" },
    { "x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (AtelierDoorChecksum) checksum = atelier_door_checksum_new (known[i].header);
      g_autofree char *text = NULL;

      atelier_door_checksum_update (checksum, (const guint8 *) "1234", 4);
      atelier_door_checksum_update (checksum, (const guint8 *) "56789", 5);
      text = atelier_door_checksum_finish (checksum);
      g_assert_cmpstr (text, ==, known[i].right);
    }
  g_assert_null (atelier_door_checksum_new ("x-amz-checksum-type"));
}

/* --- aws-chunked --- */

static void
hmac (const guint8 *key, gsize key_length, const char *text, guint8 *result)
{
  g_autoptr (GHmac) mac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  gsize length = 32;

  g_hmac_update (mac, (const guchar *) text, -1);
  g_hmac_get_digest (mac, result, &length);
}

/* The credentials, date and seed of the documentation's examples. */
static void
fill_signature (AtelierDoorSignature *signature, const char *form, const char *seed)
{
  static const char secret[] = "AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  guint8 first[32];
  guint8 second[32];

  hmac ((const guint8 *) secret, strlen (secret), "20130524", first);
  hmac (first, 32, "us-east-1", second);
  hmac (second, 32, "s3", first);
  hmac (first, 32, "aws4_request", signature->key);
  signature->payload_hash = (char *) form;
  signature->date = (char *) "20130524T000000Z";
  signature->scope = (char *) "20130524/us-east-1/s3/aws4_request";
  signature->signature = (char *) seed;
}

static gboolean
collect_cb (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  g_string_append_len (user_data, (const char *) data, length);
  return TRUE;
}

static GString *
example_body (const char *first, const char *second, const char *last)
{
  g_autofree char *many = g_strnfill (65536, 'a');
  g_autofree char *few = g_strnfill (1024, 'a');
  GString *body = g_string_new (NULL);

  g_string_append_printf (
      body, "10000;chunk-signature=%s\r\n%s\r\n400;chunk-signature=%s\r\n%s\r\n0;chunk-signature=%s\r\n", first, many,
      second, few, last);
  return body;
}

/* Feeds @body in pieces of @piece bytes; the content, or NULL with @error. */
static GString *
decode (AtelierDoorSignature *signature, const GString *body, gsize piece, char **trailer, GError **error)
{
  GString *content = g_string_new (NULL);
  g_autoptr (AtelierDoorChunked) chunked = atelier_door_chunked_new (signature, collect_cb, content, error);
  gboolean done = chunked != NULL;

  for (gsize at = 0; done && at < body->len; at += piece)
    done = atelier_door_chunked_feed (chunked, (const guint8 *) body->str + at, MIN (piece, body->len - at), error);
  if (done && atelier_door_chunked_finish (chunked, error))
    {
      if (trailer != NULL)
        *trailer = g_strdup (atelier_door_chunked_get_trailer (chunked, "x-amz-checksum-crc32c"));
      return content;
    }
  g_string_free (content, TRUE);
  return NULL;
}

static void
assert_content (AtelierDoorSignature *signature, const GString *body, const char *expected_trailer)
{
  static const gsize pieces[] = { 1, 7, 100, 65537, 1 << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *trailer = NULL;
      GString *content = decode (signature, body, pieces[i], &trailer, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (content->len, ==, 66560);
      g_assert_cmpuint (strspn (content->str, "a"), ==, 66560);
      g_assert_cmpstr (trailer, ==, expected_trailer);
      g_string_free (content, TRUE);
    }
}

static void
assert_refused (AtelierDoorSignature *signature, const GString *body, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (decode (signature, body, 1000, NULL, &error));
  g_assert_error (error, ATELIER_DOOR_ERROR, code);
}

static void
test_chunked (void)
{
  AtelierDoorSignature signature = { 0 };
  g_autoptr (GString) body = example_body ("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                                           "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                                           "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");

  fill_signature (&signature, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                  "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  assert_content (&signature, body, NULL); /* the last, empty line is left out by some clients */
  g_string_append (body, "\r\n");
  assert_content (&signature, body, NULL);

  g_string_append (body, "x");
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_INCOMPLETE_BODY);
  g_string_truncate (body, body->len - 100);
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_INCOMPLETE_BODY);
  body->str[1000] = 'b';
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH);
  signature.payload_hash = (char *) "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD";
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_NOT_IMPLEMENTED);
}

static void
test_chunked_trailer (void)
{
  AtelierDoorSignature signature = { 0 };
  g_autoptr (GString) body = example_body ("b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                                           "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                                           "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  gsize without_trailer = body->len;

  fill_signature (&signature, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                  "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
  g_string_append (
      body, "x-amz-checksum-crc32c:sOO8/Q==\r\n"
            "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n");
  assert_content (&signature, body, "sOO8/Q==");
  body->str[without_trailer + strlen ("x-amz-checksum-crc32c:")] = 'S';
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH);
  g_string_truncate (body, without_trailer);
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_INCOMPLETE_BODY);
  g_string_append (body, "\r\n");
  assert_refused (&signature, body, ATELIER_DOOR_ERROR_SIGNATURE_DOES_NOT_MATCH);
}

static void
test_chunked_unsigned (void)
{
  AtelierDoorSignature signature = { 0 };
  g_autoptr (GString) body = g_string_new ("3\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32c:AAAA\r\n\r\n");
  g_autofree char *trailer = NULL;
  GString *content;

  fill_signature (&signature, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x");
  content = decode (&signature, body, 1, &trailer, NULL);
  g_assert_cmpstr (content->str, ==, "abcde");
  g_assert_cmpstr (trailer, ==, "AAAA");
  g_string_free (content, TRUE);
}

static void
test_chunked_garbage (void)
{
  static const char alphabet[] = "0123abcf;chunk-signature=\r\n:x\0\xff";
  g_autoptr (GRand) random = g_rand_new_with_seed (20240105);
  AtelierDoorSignature signature = { 0 };

  fill_signature (&signature, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x");
  for (guint round = 0; round < 5000; round++)
    {
      g_autoptr (GString) body = g_string_new (NULL);
      GString *content;

      for (guint i = 0; i < 60; i++)
        g_string_append_c (body, alphabet[g_rand_int_range (random, 0, sizeof alphabet)]);
      content = decode (&signature, body, 5, NULL, NULL);
      if (content != NULL)
        g_string_free (content, TRUE);
    }
}

/* --- small things --- */

static void
test_decode (void)
{
  static const char *const bad[] = { "%", "%4", "%zz", "a%00b", "%ff", "%c3", "%c3%28" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (atelier_door_decode (bad[i], -1));
  {
    g_autofree char *text = atelier_door_decode ("/a%20b+%C3%a9%2e%25", -1);
    g_autoptr (GHashTable) query = atelier_door_parse_query ("a=1&b=%3D%26&c&&=x&d=a=b", NULL);

    g_assert_cmpstr (text, ==, "/a b+é.%");
    g_assert_cmpstr (g_hash_table_lookup (query, "b"), ==, "=&");
    g_assert_cmpstr (g_hash_table_lookup (query, "c"), ==, "");
    g_assert_cmpstr (g_hash_table_lookup (query, "d"), ==, "a=b");
    g_assert_null (atelier_door_parse_query ("a=%f", NULL));
  }
}

static void
test_xml (void)
{
  static const char good[]
      = "<?xml version=\"1.0\"?><Delete xmlns=\"http://s3\"><Quiet>true</Quiet>\n<Object><Key>a &amp; b</Key>"
        "<VersionId>null</VersionId></Object><Object><Key> c </Key></Object></Delete>";
  static const char *const bad[] = {
    "", "<", "<Delete>", "<Other></Other>", "<Delete><Object></Delete>", "text", "<Delete>&undefined;</Delete>",
    "<!DOCTYPE x [<!ENTITY a \"b\">]><Delete>&a;</Delete>",
  };
  g_autoptr (AtelierDoorXml) xml = atelier_door_xml_parse (good, strlen (good), "Delete", "Object", NULL);

  g_assert_cmpuint (xml->records->len, ==, 2);
  g_assert_cmpstr (g_hash_table_lookup (xml->fields, "Quiet"), ==, "true");
  g_assert_cmpstr (g_hash_table_lookup (xml->records->pdata[0], "Key"), ==, "a & b");
  g_assert_cmpstr (g_hash_table_lookup (xml->records->pdata[1], "Key"), ==, " c ");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (atelier_door_xml_parse (bad[i], strlen (bad[i]), "Delete", "Object", &error));
      g_assert_error (error, ATELIER_DOOR_ERROR, ATELIER_DOOR_ERROR_MALFORMED_XML);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/door/keys", test_keys);
  g_test_add_func ("/door/checksums", test_checksums);
  g_test_add_func ("/door/chunked", test_chunked);
  g_test_add_func ("/door/chunked-trailer", test_chunked_trailer);
  g_test_add_func ("/door/chunked-unsigned", test_chunked_unsigned);
  g_test_add_func ("/door/chunked-garbage", test_chunked_garbage);
  g_test_add_func ("/door/decode", test_decode);
  g_test_add_func ("/door/xml", test_xml);
  return g_test_run ();
}
