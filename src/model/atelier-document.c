/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-document"

#include "config.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <glib/gi18n.h>

#include "atelier-node-private.h"

/* The JSON reader of definitions: see the header for why there is one.
 *
 * A document keeps its text twice. The first copy stays as it is and is what spellings point into. The second is the
 * scratch copy: strings are unescaped in place there and end in a NUL where their closing quote was, so that reading
 * a string allocates nothing. Nodes live in chunks of an arena; the children of a container are one array, so an
 * item is found in one step, and the index of an item is a difference of addresses.
 *
 * An object of more than a few members has, behind its children, their indices sorted by key. That index finds
 * duplicate keys and members in logarithmic time whatever the keys are: a hash table would have to fear keys
 * made to collide. */

#define CHUNK_BYTES (256 * 1024)

struct _AtelierDocument
{
  gatomicrefcount ref_count;
  char           *buffer; /* a line feed, then the text */
  const char     *text;
  gsize           length;
  char           *scratch;
  GPtrArray      *chunks; /* the arena; the last one is filled up to chunk_used */
  gsize           chunk_used;
  gsize           chunk_size;
  AtelierNode     root;
};

/* While reading. “at” and “out” walk through the text and the scratch copy. The column is a difference of addresses,
 * too: line_start is moved on by one for each byte that continues a character. */
typedef struct
{
  AtelierDocument *document;
  const char      *at;
  const char      *end;
  const char      *line_start;
  guint            line;
  GArray          *stack; /* AtelierNode: finished children of the containers that are still open */
  const char      *problem; /* NULL: none so far */
  guint            problem_line;
  guint            problem_column;
} Reader;

static gpointer
arena_alloc (AtelierDocument *self, gsize bytes)
{
  gpointer memory;

  bytes = (bytes + 7) & ~(gsize) 7;
  if (bytes > self->chunk_size - self->chunk_used)
    {
      self->chunk_size = MAX (bytes, CHUNK_BYTES);
      self->chunk_used = 0;
      g_ptr_array_add (self->chunks, g_malloc (self->chunk_size));
    }
  memory = (char *) g_ptr_array_index (self->chunks, self->chunks->len - 1) + self->chunk_used;
  self->chunk_used += bytes;
  return memory;
}

/* Reading */

static guint
column_of (const Reader *reader, const char *at)
{
  return at - reader->line_start + 1;
}

/* The first problem stands. Always FALSE. */
static gboolean
fail_at (Reader *reader, guint line, guint column, const char *problem)
{
  if (reader->problem == NULL)
    {
      reader->problem = problem;
      reader->problem_line = line;
      reader->problem_column = column;
    }
  return FALSE;
}

static gboolean
fail (Reader *reader, const char *problem)
{
  return fail_at (reader, reader->line, column_of (reader, reader->at), problem);
}

static void
skip_blanks (Reader *reader)
{
  for (; reader->at < reader->end; reader->at++)
    {
      if (*reader->at == '\n' || (*reader->at == '\r' && reader->at + 1 < reader->end && reader->at[1] != '\n'))
        {
          reader->line++;
          reader->line_start = reader->at + 1;
        }
      else if (*reader->at != ' ' && *reader->at != '\t' && *reader->at != '\r')
        break;
    }
}

static gboolean
read_hex (Reader *reader, gunichar *value)
{
  gunichar sum = 0;

  for (int i = 0; i < 4; i++)
    {
      int digit = reader->at < reader->end ? g_ascii_xdigit_value (*reader->at) : -1;

      if (digit < 0)
        return fail (reader, _("“\\u” needs four hexadecimal digits"));
      sum = sum * 16 + digit;
      reader->at++;
    }
  *value = sum;
  return TRUE;
}

/* After “\u”. */
static gboolean
read_unicode_escape (Reader *reader, char **out)
{
  const char *start = reader->at - 2;
  gunichar value, low;

  if (!read_hex (reader, &value))
    return FALSE;
  if (value == 0)
    return fail_at (reader, reader->line, column_of (reader, start), _("“\\u0000” is not allowed in a string"));
  if (value >= 0xd800 && value < 0xe000)
    {
      if (value >= 0xdc00 || reader->end - reader->at < 2 || reader->at[0] != '\\' || reader->at[1] != 'u')
        return fail_at (reader, reader->line, column_of (reader, start),
                        _("Half of a surrogate pair without the other half"));
      reader->at += 2;
      if (!read_hex (reader, &low))
        return FALSE;
      if (low < 0xdc00 || low >= 0xe000)
        return fail_at (reader, reader->line, column_of (reader, start),
                        _("Half of a surrogate pair without the other half"));
      value = 0x10000 + ((value - 0xd800) << 10) + (low - 0xdc00);
    }
  *out += g_unichar_to_utf8 (value, *out);
  return TRUE;
}

static gboolean
read_escape (Reader *reader, char **out)
{
  static const char from[] = "\"\\/bfnrt";
  static const char to[] = "\"\\/\b\f\n\r\t";
  const char *found;

  reader->at++;
  if (reader->at < reader->end && *reader->at == 'u')
    {
      reader->at++;
      return read_unicode_escape (reader, out);
    }
  found = reader->at < reader->end && *reader->at != '\0' ? strchr (from, *reader->at) : NULL;
  if (found == NULL)
    {
      reader->at--;
      return fail (reader,
                   _("A backslash must be followed by one of \" \\ / b f n r t u; write “\\\\” for a backslash"));
    }
  *(*out)++ = to[found - from];
  reader->at++;
  return TRUE;
}

/* At the opening quote. An escape is never shorter than what it stands for, so unescaping cannot overtake. */
static gboolean
read_string (Reader *reader, const char **string)
{
  const char *start = reader->at;
  guint column = column_of (reader, start);
  char *first = reader->document->scratch + (start + 1 - reader->document->text);
  char *out = first;

  for (reader->at++; reader->at < reader->end;)
    {
      const guchar c = *reader->at;

      if (c == '"')
        {
          *out = '\0';
          *string = first;
          reader->at++;
          return TRUE;
        }
      if (c < ' ')
        {
          if (c == '\n' || c == '\r')
            return fail_at (reader, reader->line, column, _("The string does not end on its line"));
          return fail (reader, c == '\t' ? _("A tab inside a string must be written “\\t”")
                                         : _("A control character inside a string must be written “\\u00XX”"));
        }
      if (c == '\\')
        {
          if (!read_escape (reader, &out))
            return FALSE;
          continue;
        }
      if ((c & 0xc0) == 0x80)
        reader->line_start++;
      *out++ = c;
      reader->at++;
    }
  return fail_at (reader, reader->line, column, _("The string does not end"));
}

static gboolean
read_digits (Reader *reader)
{
  if (reader->at >= reader->end || !g_ascii_isdigit (*reader->at))
    return fail (reader, _("A digit is missing here"));
  while (reader->at < reader->end && g_ascii_isdigit (*reader->at))
    reader->at++;
  return TRUE;
}

static gboolean
read_number (Reader *reader)
{
  const char *start = reader->at, *digits;
  gboolean has_exponent = FALSE;

  if (*reader->at == '-')
    reader->at++;
  digits = reader->at;
  if (!read_digits (reader))
    return FALSE;
  if (*digits == '0' && reader->at - digits > 1)
    return fail_at (reader, reader->line, column_of (reader, start), _("A number must not begin with 0"));
  if (reader->at < reader->end && *reader->at == '.')
    {
      reader->at++;
      if (!read_digits (reader))
        return FALSE;
    }
  if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E'))
    {
      has_exponent = TRUE;
      reader->at++;
      if (reader->at < reader->end && (*reader->at == '+' || *reader->at == '-'))
        reader->at++;
      if (!read_digits (reader))
        return FALSE;
    }
  /* The text ends in a NUL, and what follows a number cannot prolong it: strtod sees this number only. */
  if ((has_exponent || reader->at - start > DBL_MAX_10_EXP) && !isfinite (g_ascii_strtod (start, NULL)))
    return fail_at (reader, reader->line, column_of (reader, start), _("The number is too large"));
  return TRUE;
}

static gboolean
read_word (Reader *reader, const char *word)
{
  gsize length = strlen (word);
  const char *end = reader->at;

  if ((gsize) (reader->end - reader->at) >= length && memcmp (reader->at, word, length) == 0 &&
      (reader->at + length == reader->end || !(g_ascii_isalnum (reader->at[length]) || reader->at[length] == '_')))
    {
      reader->at += length;
      return TRUE;
    }
  while (end < reader->end && (g_ascii_isalnum (*end) || *end == '_'))
    end++;
  if (end == reader->at)
    return fail (reader, _("A value is missing here"));
  if (*reader->at == 'N' || *reader->at == 'I')
    return fail (reader, _("NaN and Infinity are not JSON"));
  return fail (reader, _("Not a JSON value; text stands in double quotes, words are true, false, null"));
}

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer children)
{
  guint32 i = *(const guint32 *) a, j = *(const guint32 *) b;
  int order = strcmp (((const AtelierNode *) children)[i].key, ((const AtelierNode *) children)[j].key);

  return order != 0 ? order : i < j ? -1 : i > j;
}

/* The first member, in document order, whose key an earlier one has; n when there is none. */
static guint
find_duplicate (const AtelierNode *children, guint n, const guint32 *sorted)
{
  guint first = n;

  if (sorted != NULL)
    {
      for (guint i = 1; i < n; i++)
        if (sorted[i] < first && strcmp (children[sorted[i - 1]].key, children[sorted[i]].key) == 0)
          first = sorted[i];
      return first;
    }
  for (guint i = 1; i < n; i++)
    for (guint j = 0; j < i; j++)
      if (strcmp (children[i].key, children[j].key) == 0)
        return i;
  return first;
}

/* Moves the children that stand on the stack from @base on into the arena, and tells their children where that is. */
static gboolean
close_container (Reader *reader, AtelierNode *node, guint base)
{
  guint n = reader->stack->len - base;
  gsize bytes = n * sizeof (AtelierNode);
  gboolean is_large = node->kind == ATELIER_NODE_OBJECT && n > ATELIER_NODE_SMALL_OBJECT;
  guint32 *sorted = NULL;
  AtelierNode *children;

  if (n == 0)
    return TRUE;
  children = arena_alloc (reader->document, bytes + (is_large ? n * sizeof (guint32) : 0));
  memcpy (children, &g_array_index (reader->stack, AtelierNode, base), bytes);
  g_array_set_size (reader->stack, base);
  for (guint i = 0; i < n; i++)
    if (children[i].kind >= ATELIER_NODE_ARRAY)
      for (guint j = 0; j < children[i].n_children; j++)
        ((AtelierNode *) children[i].u.children)[j].parent = &children[i];
  node->u.children = children;
  node->n_children = n;
  if (node->kind != ATELIER_NODE_OBJECT)
    return TRUE;

  if (is_large)
    {
      sorted = (guint32 *) (children + n);
      for (guint i = 0; i < n; i++)
        sorted[i] = i;
      g_qsort_with_data (sorted, n, sizeof (guint32), compare_keys, children);
    }
  n = find_duplicate (children, n, sorted);
  if (n < node->n_children)
    {
      guint line, column;

      atelier_node_get_key_position (&children[n], &line, &column);
      return fail_at (reader, line, column, _("The object already has this key"));
    }
  return TRUE;
}

static gboolean read_value (Reader *reader, guint depth, const char *key);

static gboolean
read_key (Reader *reader, const char **key)
{
  if (reader->at < reader->end && *reader->at == '}')
    return fail (reader, _("No comma may stand before “}”"));
  if (reader->at >= reader->end || *reader->at != '"')
    return fail (reader, _("A key in double quotes is missing here"));
  if (!read_string (reader, key))
    return FALSE;
  skip_blanks (reader);
  if (reader->at >= reader->end || *reader->at != ':')
    return fail (reader, _("A colon is missing after the key"));
  reader->at++;
  skip_blanks (reader);
  return TRUE;
}

static gboolean
read_container (Reader *reader, guint depth, AtelierNode *node)
{
  const gboolean is_object = node->kind == ATELIER_NODE_OBJECT;
  const char closing = is_object ? '}' : ']';
  const guint base = reader->stack->len;

  if (depth >= ATELIER_DOCUMENT_MAX_DEPTH)
    return fail (reader, _("The values are nested too deeply"));
  reader->at++;
  skip_blanks (reader);
  if (reader->at < reader->end && *reader->at == closing)
    {
      reader->at++;
      return TRUE;
    }
  for (;;)
    {
      const char *key = NULL;

      if (is_object && !read_key (reader, &key))
        return FALSE;
      if (!is_object && reader->at < reader->end && *reader->at == closing)
        return fail (reader, _("No comma may stand before “]”"));
      if (!read_value (reader, depth + 1, key))
        return FALSE;
      skip_blanks (reader);
      if (reader->at >= reader->end)
        return fail_at (reader, node->line, node->column,
                        is_object ? _("This “{” is never closed") : _("This “[” is never closed"));
      if (*reader->at == closing)
        {
          reader->at++;
          return close_container (reader, node, base);
        }
      if (*reader->at != ',')
        return fail (reader, is_object ? _("A comma or “}” is missing here") : _("A comma or “]” is missing here"));
      reader->at++;
      skip_blanks (reader);
    }
}

/* Reads one value and pushes its node. Blanks before it are skipped already. */
static gboolean
read_value (Reader *reader, guint depth, const char *key)
{
  AtelierNode node = {
    .spelling = reader->at, .key = key, .line = reader->line, .column = column_of (reader, reader->at)
  };
  gboolean ok;

  switch (reader->at < reader->end ? *reader->at : '\0')
    {
    case '{':
    case '[':
      node.kind = *reader->at == '{' ? ATELIER_NODE_OBJECT : ATELIER_NODE_ARRAY;
      ok = read_container (reader, depth, &node);
      break;
    case '"':
      node.kind = ATELIER_NODE_STRING;
      ok = read_string (reader, &node.u.string);
      break;
    case 't':
    case 'f':
      node.kind = ATELIER_NODE_BOOLEAN;
      ok = read_word (reader, *reader->at == 't' ? "true" : "false");
      break;
    case '-':
    case '0' ... '9':
      node.kind = ATELIER_NODE_NUMBER;
      ok = read_number (reader);
      break;
    case '\'':
      ok = fail (reader, _("Text stands in double quotes"));
      break;
    case '/':
    case '#':
      ok = fail (reader, _("JSON has no comments"));
      break;
    default:
      node.kind = ATELIER_NODE_NULL;
      ok = read_word (reader, "null");
    }
  if (!ok)
    return FALSE;
  node.spelling_bytes = reader->at - node.spelling;
  g_array_append_val (reader->stack, node);
  return TRUE;
}

/* Counts lines and characters up to a byte that is no UTF-8. */
static gboolean
check_utf8 (Reader *reader)
{
  const char *bad;

  if (g_utf8_validate_len (reader->at, reader->end - reader->at, &bad))
    return TRUE;
  for (; reader->at < bad; reader->at++)
    {
      if (*reader->at == '\n' || (*reader->at == '\r' && reader->at[1] != '\n'))
        {
          reader->line++;
          reader->line_start = reader->at + 1;
        }
      else if ((*reader->at & 0xc0) == 0x80)
        reader->line_start++;
    }
  return fail (reader, *bad == '\0' ? _("A NUL byte: this is no text") : _("The text is not UTF-8"));
}

static gboolean
read_document (Reader *reader)
{
  AtelierDocument *document = reader->document;

  if (reader->end - reader->at >= 3 && memcmp (reader->at, "\xef\xbb\xbf", 3) == 0)
    {
      reader->at += 3;
      reader->line_start = reader->at;
    }
  if (!check_utf8 (reader))
    return FALSE;
  skip_blanks (reader);
  if (reader->at == reader->end)
    return fail (reader, _("The text is empty"));
  if (!read_value (reader, 0, NULL))
    return FALSE;
  skip_blanks (reader);
  if (reader->at < reader->end)
    return fail (reader, _("Nothing may follow the end of the JSON text"));

  document->root = g_array_index (reader->stack, AtelierNode, 0);
  if (document->root.kind >= ATELIER_NODE_ARRAY)
    for (guint i = 0; i < document->root.n_children; i++)
      ((AtelierNode *) document->root.u.children)[i].parent = &document->root;
  return TRUE;
}

/* atelier_document_parse:
 * @text: UTF-8
 * @length: in bytes, or -1
 * @line: (out) (optional): on failure the place
 * @column: (out) (optional)
 *
 * Returns: (transfer full) (nullable): the document; %NULL with ATELIER_JSON_ERROR_SYNTAX, the sentence without place
 */
AtelierDocument *
atelier_document_parse (const char *text, gssize length, guint *line, guint *column, GError **error)
{
  g_autoptr (AtelierDocument) self = g_new0 (AtelierDocument, 1);
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (AtelierNode));
  Reader reader = { .document = self, .line = 1, .stack = stack };
  gboolean ok;

  g_return_val_if_fail (text != NULL, NULL);

  g_atomic_ref_count_init (&self->ref_count);
  self->chunks = g_ptr_array_new_with_free_func (g_free);
  self->length = length < 0 ? strlen (text) : (gsize) length;
  if (self->length > ATELIER_DOCUMENT_MAX_BYTES)
    {
      self->length = 0;
      ok = fail_at (&reader, 1, 1, _("The text is too long"));
    }
  else
    {
      self->buffer = g_malloc (self->length + 2);
      self->buffer[0] = '\n';
      memcpy (self->buffer + 1, text, self->length);
      self->buffer[self->length + 1] = '\0';
      self->text = self->buffer + 1;
      self->scratch = g_memdup2 (self->text, self->length + 1);
      reader.at = reader.line_start = self->text;
      reader.end = self->text + self->length;
      ok = read_document (&reader);
    }
  if (ok)
    return g_steal_pointer (&self);

  if (line != NULL)
    *line = reader.problem_line;
  if (column != NULL)
    *column = reader.problem_column;
  g_set_error_literal (error, ATELIER_JSON_ERROR, ATELIER_JSON_ERROR_SYNTAX, reader.problem);
  return NULL;
}

AtelierDocument *
atelier_document_ref (AtelierDocument *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
atelier_document_unref (AtelierDocument *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->chunks);
  g_free (self->scratch);
  g_free (self->buffer);
  g_free (self);
}

const AtelierNode *
atelier_document_get_root (const AtelierDocument *self)
{
  return &self->root;
}

/* The text as it was given, a byte order mark included; NUL-terminated. */
const char *
atelier_document_get_text (const AtelierDocument *self, gsize *length)
{
  if (length != NULL)
    *length = self->length;
  return self->text;
}
