/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-xgboost-source"

#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <glib/gi18n.h>

#include "atelier-xgboost-source.h"

/* Files of gigabytes are read in two passes over a mapping. The first counts lines, so that the second can write each
 * number straight to its place in memory that was asked for once; both work on chunks of whole lines, which threads
 * take from a common counter. The files must not shrink meanwhile: they are the read-only inputs of a step. */

#define CHUNK_BYTES (4 * 1024 * 1024)

static void
clear_file (gpointer data)
{
  g_mapped_file_unref (((AtelierXgboostFile *) data)->map);
}

void
atelier_xgboost_source_free (AtelierXgboostSource *self)
{
  g_array_unref (self->chunks);
  g_array_unref (self->files);
  g_free (self);
}

static gboolean
refuse_foreign (const AtelierXgboostFile *file, GError **error)
{
  static const struct
  {
    const char *magic;
    gsize       length;
    const char *kind;
  } kinds[] = {
    { "\x1f\x8b", 2, N_("compressed with gzip") }, { "BZh", 3, N_("compressed with bzip2") },
    { "PK\x03\x04", 4, N_("a zip archive") },      { "\x28\xb5\x2f\xfd", 4, N_("compressed with zstd") },
    { "PAR1", 4, N_("in the Parquet format") },    { "\x0a\x23\xd7\xce", 4, N_("in the RecordIO format") },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if ((gsize) (file->end - file->data) >= kinds[i].length
        && memcmp (file->data, kinds[i].magic, kinds[i].length) == 0)
      {
        g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA,
                     _("“%s” is %s; give plain text in the CSV or LIBSVM format"), file->name, _(kinds[i].kind));
        return FALSE;
      }
  return TRUE;
}

static void
cut_into_chunks (AtelierXgboostSource *self, const AtelierXgboostFile *file)
{
  const char *start = file->data;

  while (start < file->end)
    {
      AtelierXgboostChunk chunk = { .file = file, .start = start, .end = file->end };

      if (file->end - start > CHUNK_BYTES)
        {
          const char *feed = memchr (start + CHUNK_BYTES, '\n', file->end - start - CHUNK_BYTES);

          if (feed != NULL)
            chunk.end = feed + 1;
        }
      g_array_append_val (self->chunks, chunk);
      start = chunk.end;
    }
}

AtelierXgboostSource *
atelier_xgboost_source_open (const GPtrArray *paths, const GPtrArray *names, guint n_threads, GError **error)
{
  g_autoptr (AtelierXgboostSource) self = g_new0 (AtelierXgboostSource, 1);

  g_return_val_if_fail (paths->len == names->len, NULL);

  self->n_threads = MAX (n_threads, 1);
  self->files = g_array_new (FALSE, FALSE, sizeof (AtelierXgboostFile));
  g_array_set_clear_func (self->files, clear_file);
  self->chunks = g_array_new (FALSE, FALSE, sizeof (AtelierXgboostChunk));
  for (guint i = 0; i < paths->len; i++)
    {
      AtelierXgboostFile file = { .name = g_ptr_array_index (names, i) };
      gsize length;

      file.map = g_mapped_file_new (g_ptr_array_index (paths, i), FALSE, error);
      if (file.map == NULL)
        return NULL;
      length = g_mapped_file_get_length (file.map);
      file.data = length > 0 ? g_mapped_file_get_contents (file.map) : "";
      file.end = file.data + length;
      if (length > 0)
        madvise ((void *) file.data, length, MADV_SEQUENTIAL);
      if (length >= 3 && memcmp (file.data, "\xef\xbb\xbf", 3) == 0)
        file.data += 3;
      g_array_append_val (self->files, file);
      if (!refuse_foreign (&file, error))
        return NULL;
    }
  for (guint i = 0; i < self->files->len; i++)
    cut_into_chunks (self, &g_array_index (self->files, AtelierXgboostFile, i));
  return g_steal_pointer (&self);
}

static gboolean
is_blank (const char *start, const char *end, gboolean comments)
{
  while (start < end && (*start == ' ' || *start == '\r' || *start == '\t'))
    start++;
  return start == end || (comments && *start == '#');
}

gboolean
atelier_xgboost_chunk_next_row (const AtelierXgboostChunk *self,
                                const char               **position,
                                gsize                     *line,
                                const char               **start,
                                const char               **end)
{
  while (*position < self->end)
    {
      const char *feed = memchr (*position, '\n', self->end - *position);

      *start = *position;
      *end = feed != NULL ? feed : self->end;
      *position = feed != NULL ? feed + 1 : self->end;
      *line += 1;
      if (is_blank (*start, *end, self->comments))
        continue;
      if ((*end)[-1] == '\r')
        *end -= 1;
      return TRUE;
    }
  return FALSE;
}

gboolean
atelier_xgboost_chunk_check_end (const AtelierXgboostChunk *self, const char *position, gsize n_rows, GError **error)
{
  const char *start, *end;
  gsize line = 0;

  if (n_rows == self->n_rows && !atelier_xgboost_chunk_next_row (self, &position, &line, &start, &end))
    return TRUE;
  g_set_error (error, ATELIER_XGBOOST_ERROR, ATELIER_XGBOOST_ERROR_DATA, _("“%s” was changed while it was read"),
               self->file->name);
  return FALSE;
}

gboolean
atelier_xgboost_source_first_line (AtelierXgboostSource      *self,
                                   gboolean                   comments,
                                   const AtelierXgboostFile **file,
                                   gsize                     *line,
                                   const char               **start,
                                   const char               **end)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      AtelierXgboostChunk whole;

      *file = &g_array_index (self->files, AtelierXgboostFile, i);
      whole = (AtelierXgboostChunk){ .file = *file, .start = (*file)->data, .end = (*file)->end, .comments = comments };
      *line = 0;
      if (atelier_xgboost_chunk_next_row (&whole, &whole.start, line, start, end))
        return TRUE;
    }
  return FALSE;
}

typedef struct
{
  AtelierXgboostSource   *source;
  AtelierXgboostChunkFunc func;
  gpointer                user_data;
  guint                   next;   /* (atomic) chunk to be taken */
  guint                   failed; /* guarded by lock: the earliest chunk that failed, or the number of chunks */
  GError                 *error;  /* guarded by lock (owned) (nullable) its error */
  GMutex                  lock;
} Work;

static gpointer
work_on_chunks (gpointer data)
{
  Work *work = data;
  guint n_chunks = work->source->chunks->len;

  for (;;)
    {
      guint i = (guint) g_atomic_int_add ((gint *) &work->next, 1);
      g_autoptr (GError) error = NULL;
      gboolean skip;

      if (i >= n_chunks)
        return NULL;
      g_mutex_lock (&work->lock);
      skip = i > work->failed;
      g_mutex_unlock (&work->lock);
      if (skip || work->func (&g_array_index (work->source->chunks, AtelierXgboostChunk, i), work->user_data, &error))
        continue;
      g_mutex_lock (&work->lock);
      if (i < work->failed)
        {
          work->failed = i;
          g_clear_error (&work->error);
          work->error = g_steal_pointer (&error);
        }
      g_mutex_unlock (&work->lock);
    }
}

gboolean
atelier_xgboost_source_each (AtelierXgboostSource *self,
                             AtelierXgboostChunkFunc func,
                             gpointer user_data,
                             GError **error)
{
  Work work = { .source = self, .func = func, .user_data = user_data, .failed = self->chunks->len };
  g_autoptr (GPtrArray) helpers = g_ptr_array_new ();

  g_mutex_init (&work.lock);
  for (guint i = 1; i < MIN (self->n_threads, self->chunks->len); i++)
    {
      GThread *helper = g_thread_try_new ("reader", work_on_chunks, &work, NULL);

      if (helper != NULL)
        g_ptr_array_add (helpers, helper);
    }
  work_on_chunks (&work);
  for (guint i = 0; i < helpers->len; i++)
    g_thread_join (g_ptr_array_index (helpers, i));
  g_mutex_clear (&work.lock);
  if (work.error != NULL)
    {
      g_propagate_error (error, work.error);
      return FALSE;
    }
  return TRUE;
}

/* Colons, of which there is at least one for each entry of a LIBSVM row. */
static gsize
count_bytes (const char *start, const char *end, char byte)
{
  gsize n = 0;

  for (const char *p = start; p < end; p++)
    n += *p == byte;
  return n;
}

static gboolean
count_chunk (AtelierXgboostChunk *chunk, gpointer user_data, GError **error)
{
  const char *position = chunk->start, *start, *end;

  while (atelier_xgboost_chunk_next_row (chunk, &position, &chunk->first_line, &start, &end))
    chunk->n_rows++;
  if (chunk->comments)
    chunk->n_marks = count_bytes (chunk->start, chunk->end, ':');
  return TRUE;
}

void
atelier_xgboost_source_count (AtelierXgboostSource *self, gboolean comments)
{
  const AtelierXgboostFile *file = NULL;
  gsize line = 0;

  for (guint i = 0; i < self->chunks->len; i++)
    g_array_index (self->chunks, AtelierXgboostChunk, i).comments = comments;
  atelier_xgboost_source_each (self, count_chunk, NULL, NULL);

  /* each chunk has left its number of lines in first_line */
  for (guint i = 0; i < self->chunks->len; i++)
    {
      AtelierXgboostChunk *chunk = &g_array_index (self->chunks, AtelierXgboostChunk, i);
      gsize n_lines = chunk->first_line;

      if (chunk->file != file)
        line = 1;
      file = chunk->file;
      chunk->first_line = line;
      chunk->first_row = self->n_rows;
      chunk->first_mark = self->n_marks;
      line += n_lines;
      self->n_rows += chunk->n_rows;
      self->n_marks += chunk->n_marks;
    }
}

char *
atelier_xgboost_snippet (const char *start, const char *end)
{
  g_autofree char *valid = NULL;
  GString *text = g_string_new (NULL);
  glong n = 0;

  valid = g_utf8_make_valid (start, MIN (end - start, 200));
  for (const char *p = valid; *p != '\0' && n < 40; p = g_utf8_next_char (p), n++)
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (text, g_unichar_isprint (c) ? c : 0xfffd);
    }
  if (n == 40)
    g_string_append (text, "…");
  return g_string_free (text, FALSE);
}
