/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-door"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <glib/gi18n.h>

#include "atelier-door-private.h"
#include "atelier-door-xml.h"
#include "atelier-files.h"
#include "atelier-time.h"

/* Uploads in parts. An upload is a folder STORE/.atelier-tmp-uploads/ID with a file `upload` (what is to become of
 * it) and one file a part, `NUMBER-MD5`; the name says all there is to know, so parts may come in any order, again,
 * and after a restart of the door. Completing copies the parts one behind the other, in the kernel where it can, into
 * the object. */

#define UPLOADS_FOLDER ATELIER_TEMP_PREFIX "uploads"
#define MOST_PARTS 10000
#define MOST_LISTED 1000
#define ID_BYTES 16
#define OLD_UPLOAD_US (7 * G_TIME_SPAN_DAY)

typedef struct
{
  guint  number;
  char  *md5;  /* (owned) */
  char  *path; /* (owned) */
  gint64 size_bytes;
  gint64 mtime_ns;
} Part;

static void
part_free (gpointer data)
{
  Part *part = data;

  g_free (part->md5);
  g_free (part->path);
  g_free (part);
}

static char *
uploads_folder (AtelierDoor *door)
{
  return g_build_filename (door->store_folder, UPLOADS_FOLDER, NULL);
}

/* The folder of the request's uploadId and what it is for. */
static char *
find_upload (AtelierDoorRequest *request, json_t **about, GError **error)
{
  const char *id = atelier_door_request_query (request, "uploadId");
  g_autofree char *uploads = uploads_folder (request->door);
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autoptr (json_t) found = NULL;

  if (id != NULL && strlen (id) == 2 * ID_BYTES && strspn (id, "0123456789abcdef") == 2 * ID_BYTES)
    {
      folder = g_build_filename (uploads, id, NULL);
      path = g_build_filename (folder, "upload", NULL);
      found = atelier_json_read_file (path, NULL);
    }
  if (found == NULL || g_strcmp0 (atelier_json_get_string (found, "bucket", NULL), request->bucket) != 0 ||
      g_strcmp0 (atelier_json_get_string (found, "key", NULL), request->key) != 0)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_NO_SUCH_UPLOAD,
                         _("The upload does not exist: it may have been completed or aborted"));
      return NULL;
    }
  if (about != NULL)
    *about = g_steal_pointer (&found);
  return g_steal_pointer (&folder);
}

static guint
read_part_number (AtelierDoorRequest *request, GError **error)
{
  const char *text = atelier_door_request_query (request, "partNumber");
  guint64 number = 0;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 1, MOST_PARTS, &number, NULL))
    atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT, _("The part number must be from 1 to %d"),
                       MOST_PARTS);
  return (guint) number;
}

static int
compare_parts (gconstpointer a, gconstpointer b)
{
  const Part *first = *(const Part *const *) a;
  const Part *second = *(const Part *const *) b;

  return first->number < second->number ? -1 : first->number > second->number;
}

/* The parts that are there, by number. */
static GPtrArray *
read_parts (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  GPtrArray *parts = g_ptr_array_new_with_free_func (part_free);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      struct stat status;
      Part *part;

      if (strlen (name) != 5 + 1 + 32 || name[5] != '-' || lstat (path, &status) != 0)
        continue;
      part = g_new0 (Part, 1);
      part->number = (guint) g_ascii_strtoull (name, NULL, 10);
      part->md5 = g_strdup (name + 6);
      part->path = g_steal_pointer (&path);
      part->size_bytes = status.st_size;
      part->mtime_ns = atelier_door_mtime_ns (&status);
      g_ptr_array_add (parts, part);
    }
  g_ptr_array_sort (parts, compare_parts);
  return parts;
}

/* --- beginning --- */

AtelierDoorReply *
atelier_door_create_upload (AtelierDoorRequest *request, GError **error)
{
  guint8 random[ID_BYTES];
  g_autoptr (GString) id = g_string_new (NULL);
  g_autofree char *uploads = uploads_folder (request->door);
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autoptr (json_t) headers = atelier_door_keep_headers (request->headers);
  g_autoptr (json_t) about
      = json_pack ("{s:s, s:s, s:O}", "bucket", request->bucket, "key", request->key, "headers", headers);
  AtelierDoorReply *reply;

  if (request->key_is_folder)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_REQUEST,
                         _("The key “%s/” ends with a slash and cannot have content"), request->key);
      return NULL;
    }
  if (getrandom (random, sizeof random, 0) != sizeof random)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INTERNAL_ERROR, _("The kernel gives no random numbers"));
      return NULL;
    }
  for (guint i = 0; i < sizeof random; i++)
    g_string_append_printf (id, "%02x", random[i]);
  folder = g_build_filename (uploads, id->str, NULL);
  path = g_build_filename (folder, "upload", NULL);
  if (!atelier_files_make_folder (folder, error) || !atelier_json_write_file (path, about, error))
    return NULL;
  reply = atelier_door_reply_new_xml ("InitiateMultipartUploadResult");
  atelier_door_reply_element (reply, "Bucket", request->bucket);
  atelier_door_reply_element (reply, "Key", request->key);
  atelier_door_reply_element (reply, "UploadId", id->str);
  g_string_append (reply->body, "</InitiateMultipartUploadResult>");
  return reply;
}

/* --- parts --- */

char *
atelier_door_upload_part_path (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *folder = find_upload (request, NULL, error);

  if (folder == NULL || read_part_number (request, error) == 0)
    return NULL;
  return g_build_filename (folder, "part", NULL);
}

/* Gives a part its name and removes the one that had its number before. */
static gboolean
settle_part (AtelierDoorRequest *request, AtelierObjectFile *file, const char *md5, GError **error)
{
  g_autofree char *folder = find_upload (request, NULL, error);
  guint number = folder != NULL ? read_part_number (request, error) : 0;
  g_autoptr (GPtrArray) parts = NULL;

  if (number == 0)
    return FALSE;
  parts = read_parts (folder);
  g_free (file->path);
  file->path = g_strdup_printf ("%s/%05u-%s", folder, number, md5);
  if (!atelier_object_file_publish (file, error))
    return FALSE;
  for (guint i = 0; i < parts->len; i++)
    {
      const Part *part = parts->pdata[i];

      if (part->number == number && strcmp (part->path, file->path) != 0)
        unlink (part->path);
    }
  return TRUE;
}

AtelierDoorReply *
atelier_door_upload_part (AtelierDoorRequest *request, GError **error)
{
  const char *md5 = g_checksum_get_string (request->md5);
  g_autofree char *etag = g_strdup_printf ("\"%s\"", md5);
  AtelierDoorReply *reply;

  if (request->file == NULL || !settle_part (request, request->file, md5, error))
    {
      if (request->file == NULL)
        atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_REQUEST, _("The key of the upload is not right"));
      return NULL;
    }
  reply = atelier_door_reply_new (200);
  atelier_door_reply_set (reply, "ETag", etag);
  return reply;
}

static char *
md5_of (int fd, GCancellable *cancellable, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_MD5);
  g_autofree guint8 *piece = g_malloc (1 << 18);
  gint64 offset = 0;
  gssize n;

  while ((n = pread (fd, piece, 1 << 18, offset)) != 0)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      if (n < 0 && errno != EINTR)
        {
          g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
          return NULL;
        }
      g_checksum_update (sum, piece, MAX (n, 0));
      offset += MAX (n, 0);
    }
  return g_strdup (g_checksum_get_string (sum));
}

AtelierDoorReply *
atelier_door_copy_part (AtelierDoorRequest *request, GError **error)
{
  const char *range = atelier_door_request_header (request, "x-amz-copy-source-range");
  g_auto (AtelierDoorSource) source = { .fd = -1 };
  g_auto (AtelierDoorFacts) facts = { 0 };
  g_autoptr (AtelierObjectFile) file = NULL;
  g_autofree char *path = atelier_door_upload_part_path (request, error);
  g_autofree char *md5 = NULL;
  AtelierDoorReply *reply;
  gint64 start = 0;
  gint64 end;

  if (path == NULL || !atelier_door_source_open (request, &source, &facts, error))
    return NULL;
  end = source.size_bytes - 1;
  if (range != NULL
      && (!atelier_door_parse_range (range, source.size_bytes, &start, &end) || start >= source.size_bytes))
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                         _("The range “%s” is not within the source object"), range);
      return NULL;
    }
  file = atelier_object_file_create (path, -1, error);
  if (file == NULL ||
      atelier_object_copy (source.fd, start, end - start + 1, file->fd, request->door->cancellable, error) < 0 ||
      (md5 = md5_of (file->fd, request->door->cancellable, error)) == NULL || !settle_part (request, file, md5, error))
    return NULL;
  atelier_door_request_log (request, "get", source.uri, source.size_bytes, source.mtime_ns, facts.digest);
  reply = atelier_door_reply_new_xml ("CopyPartResult");
  atelier_door_reply_copied (reply, "CopyPartResult", md5, file->mtime_ns);
  return reply;
}

AtelierDoorReply *
atelier_door_list_parts (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *folder = find_upload (request, NULL, error);
  const char *after_text = atelier_door_request_query (request, "part-number-marker");
  const char *most_text = atelier_door_request_query (request, "max-parts");
  g_autoptr (GPtrArray) parts = NULL;
  AtelierDoorReply *reply;
  guint64 after = 0;
  guint64 most = MOST_LISTED;
  guint last = 0;
  guint n_listed = 0;
  gboolean is_truncated = FALSE;

  if (folder == NULL)
    return NULL;
  if ((after_text != NULL && !g_ascii_string_to_unsigned (after_text, 10, 0, MOST_PARTS, &after, NULL)) ||
      (most_text != NULL && !g_ascii_string_to_unsigned (most_text, 10, 0, G_MAXINT32, &most, NULL)))
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_ARGUMENT,
                         _("max-parts and part-number-marker must be numbers"));
      return NULL;
    }
  most = MIN (most, MOST_LISTED);
  parts = read_parts (folder);
  reply = atelier_door_reply_new_xml ("ListPartsResult");
  atelier_door_reply_element (reply, "Bucket", request->bucket);
  atelier_door_reply_element (reply, "Key", request->key);
  atelier_door_reply_element (reply, "UploadId", atelier_door_request_query (request, "uploadId"));
  for (guint i = 0; i < parts->len && !is_truncated; i++)
    {
      const Part *part = parts->pdata[i];
      g_autofree char *date = NULL;

      if (part->number <= after)
        continue;
      if (n_listed == most)
        {
          is_truncated = TRUE;
          break;
        }
      date = atelier_door_format_date (part->mtime_ns);
      g_string_append_printf (
          reply->body,
          "<Part><PartNumber>%u</PartNumber><LastModified>%s</LastModified><ETag>&quot;%s&quot;</ETag>"
          "<Size>%" G_GINT64_FORMAT "</Size></Part>",
          part->number, date, part->md5, part->size_bytes);
      last = part->number;
      n_listed++;
    }
  g_string_append_printf (reply->body,
                          "<PartNumberMarker>%u</PartNumberMarker><NextPartNumberMarker>%u</NextPartNumberMarker>"
                          "<MaxParts>%u</MaxParts><IsTruncated>%s</IsTruncated></ListPartsResult>",
                          (guint) after, last, (guint) most, is_truncated ? "true" : "false");
  return reply;
}

/* --- the end --- */

static const Part *
find_part (GPtrArray *parts, guint number)
{
  for (guint i = 0; i < parts->len; i++)
    if (((const Part *) parts->pdata[i])->number == number)
      return parts->pdata[i];
  return NULL;
}

static gboolean
same_etag (const char *claimed, const char *md5)
{
  gsize length = strlen (claimed);

  if (length >= 2 && claimed[0] == '"' && claimed[length - 1] == '"')
    return length - 2 == strlen (md5) && strncmp (claimed + 1, md5, length - 2) == 0;
  return strcmp (claimed, md5) == 0;
}

/* The parts that the client names, in its order. (element-type Part), borrowed from @parts. */
static GPtrArray *
choose_parts (const AtelierDoorXml *xml, GPtrArray *parts, GError **error)
{
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  guint64 last = 0;

  for (guint i = 0; i < xml->records->len; i++)
    {
      const char *number_text = g_hash_table_lookup (xml->records->pdata[i], "PartNumber");
      const char *etag = g_hash_table_lookup (xml->records->pdata[i], "ETag");
      guint64 number = 0;
      const Part *part;

      if (number_text == NULL || etag == NULL
          || !g_ascii_string_to_unsigned (number_text, 10, 1, MOST_PARTS, &number, NULL))
        {
          atelier_door_fail (error, ATELIER_DOOR_ERROR_MALFORMED_XML, _("Each part needs a PartNumber and an ETag"));
          return NULL;
        }
      if (number <= last)
        {
          atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_PART_ORDER, _("The parts must be in ascending order"));
          return NULL;
        }
      part = find_part (parts, (guint) number);
      if (part == NULL || !same_etag (etag, part->md5))
        {
          atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_PART, _("Part %u was not uploaded or has another ETag"),
                             (guint) number);
          return NULL;
        }
      g_ptr_array_add (chosen, (gpointer) part);
      last = number;
    }
  if (chosen->len == 0)
    {
      atelier_door_fail (error, ATELIER_DOOR_ERROR_MALFORMED_XML, _("An upload needs at least one part"));
      return NULL;
    }
  return g_steal_pointer (&chosen);
}

static gboolean
join_parts (AtelierDoorRequest *request, GPtrArray *chosen, int to_fd, GError **error)
{
  for (guint i = 0; i < chosen->len; i++)
    {
      const Part *part = chosen->pdata[i];
      int fd = open (part->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
      gint64 copied = fd >= 0 ? atelier_object_copy (fd, 0, -1, to_fd, request->door->cancellable, error) : -1;

      if (fd < 0)
        atelier_door_fail (error, ATELIER_DOOR_ERROR_INVALID_PART, _("Part %u cannot be read: %s"), part->number,
                           g_strerror (errno));
      else
        close (fd);
      if (copied < 0)
        return FALSE;
    }
  return TRUE;
}

/* S3's ETag of an object made of parts: the MD5 of the parts' MD5s, and their number. */
static char *
joined_etag (GPtrArray *chosen)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_MD5);

  for (guint i = 0; i < chosen->len; i++)
    {
      const Part *part = chosen->pdata[i];

      for (guint k = 0; k < 16; k++)
        {
          guint8 byte
              = (guint8) (g_ascii_xdigit_value (part->md5[2 * k]) << 4 | g_ascii_xdigit_value (part->md5[2 * k + 1]));

          g_checksum_update (sum, &byte, 1);
        }
    }
  return g_strdup_printf ("%s-%u", g_checksum_get_string (sum), chosen->len);
}

AtelierDoorReply *
atelier_door_complete_upload (AtelierDoorRequest *request, GError **error)
{
  g_autoptr (json_t) about = NULL;
  g_autofree char *folder = find_upload (request, &about, error);
  g_autoptr (AtelierDoorXml) xml = NULL;
  g_autoptr (GPtrArray) parts = NULL;
  g_autoptr (GPtrArray) chosen = NULL;
  g_autoptr (AtelierObjectFile) file = NULL;
  g_autofree char *path = atelier_door_request_path (request);
  g_autofree char *uri = atelier_door_request_uri (request);
  g_autofree char *etag = NULL;
  g_auto (AtelierDoorFacts) facts = { 0 };
  AtelierDoorReply *reply;
  gint64 size_bytes;

  if (folder == NULL
      || (xml
          = atelier_door_xml_parse (request->xml->str, request->xml->len, "CompleteMultipartUpload", "Part", error))
             == NULL)
    return NULL;
  parts = read_parts (folder);
  chosen = choose_parts (xml, parts, error);
  if (chosen == NULL || (file = atelier_object_file_create (path, -1, error)) == NULL ||
      !join_parts (request, chosen, file->fd, error))
    return NULL;
  facts.etag = joined_etag (chosen);
  facts.headers = json_incref (json_object_get (about, "headers"));
  if (!atelier_door_publish (file, &facts, &size_bytes, error))
    return NULL;
  atelier_door_request_log (request, "put", uri, size_bytes, file->mtime_ns, NULL);
  atelier_files_remove_tree (folder, NULL);
  etag = g_strdup_printf ("\"%s\"", facts.etag);
  reply = atelier_door_reply_new_xml ("CompleteMultipartUploadResult");
  atelier_door_reply_element (reply, "Location", uri);
  atelier_door_reply_element (reply, "Bucket", request->bucket);
  atelier_door_reply_element (reply, "Key", request->key);
  atelier_door_reply_element (reply, "ETag", etag);
  g_string_append (reply->body, "</CompleteMultipartUploadResult>");
  return reply;
}

AtelierDoorReply *
atelier_door_abort_upload (AtelierDoorRequest *request, GError **error)
{
  g_autofree char *folder = find_upload (request, NULL, error);

  if (folder == NULL || !atelier_files_remove_tree (folder, error))
    return NULL;
  return atelier_door_reply_new (204);
}

/* What a client began and never ended, a week ago or more. */
void
atelier_door_remove_old_uploads (AtelierDoor *door, gint64 now_us)
{
  g_autofree char *uploads = uploads_folder (door);
  g_autoptr (GDir) dir = g_dir_open (uploads, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (uploads, name, NULL);
      struct stat status;

      if (lstat (folder, &status) == 0 && atelier_door_mtime_ns (&status) / 1000 < now_us - OLD_UPLOAD_US)
        atelier_files_remove_tree (folder, NULL);
    }
}
