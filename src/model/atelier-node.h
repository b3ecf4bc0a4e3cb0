/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

G_BEGIN_DECLS

/* AtelierNode: one value of a JSON document that remembers where it stood and how it was spelt.
 *
 * jansson forgets positions, the spelling of numbers (6.0 against 6, long integers) and, on request only, key order;
 * a definition needs all three: every problem has a line and a column, and a rewrite changes nothing that was not
 * edited. So a definition is read into this tree (RFC 8259, UTF-8), whose nodes live in the document's arena and
 * whose strings are slices of the document's text wherever they hold no escape.
 *
 * A document is immutable after parsing and may be read from any thread. Nodes are borrowed from their document. */

typedef enum
{
  ATELIER_NODE_NULL,
  ATELIER_NODE_BOOLEAN,
  ATELIER_NODE_NUMBER,
  ATELIER_NODE_STRING,
  ATELIER_NODE_ARRAY,
  ATELIER_NODE_OBJECT,
  ATELIER_NODE_N_KINDS
} AtelierNodeKind;

typedef struct _AtelierNode     AtelierNode;
typedef struct _AtelierDocument AtelierDocument;

#define ATELIER_DOCUMENT_MAX_DEPTH 512
#define ATELIER_DOCUMENT_MAX_BYTES (256 * 1024 * 1024)

/* Parsing. On failure NULL, ATELIER_JSON_ERROR_SYNTAX, and the place in *line and *column (from 1; columns count
 * characters, not bytes). A byte order mark is skipped. Refused beyond what RFC 8259 refuses: an object that has a
 * key twice, a lone surrogate or \u0000 in a string, a number beyond a double, and the two limits above. */
AtelierDocument   *atelier_document_parse (const char *text,
                                           gssize      length,
                                           guint      *line,
                                           guint      *column,
                                           GError    **error);
AtelierDocument   *atelier_document_ref (AtelierDocument *self);
void               atelier_document_unref (AtelierDocument *self);
const AtelierNode *atelier_document_get_root (const AtelierDocument *self);
const char        *atelier_document_get_text (const AtelierDocument *self,
                                              gsize                 *length);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDocument, atelier_document_unref)

/* Reading. All take NULL and then say "nothing". */
AtelierNodeKind    atelier_node_get_kind (const AtelierNode *self);      /* NULL: ATELIER_NODE_NULL */
const char        *atelier_node_get_string (const AtelierNode *self);    /* NULL unless a string; unescaped */
const char        *atelier_node_get_spelling (const AtelierNode *self,
                                              gsize             *length); /* the node's own text in the document */
gboolean           atelier_node_get_boolean (const AtelierNode *self,
                                             gboolean          *value);
gboolean           atelier_node_get_integer (const AtelierNode *self,
                                             gint64            *value);  /* FALSE unless an integer that fits */
gboolean           atelier_node_get_double (const AtelierNode *self,
                                            double            *value);
const char        *atelier_node_get_key_spelling (const AtelierNode *self,
                                                  gsize             *length); /* of the key, quotes included */
guint              atelier_node_get_length (const AtelierNode *self);    /* members or items */
const AtelierNode *atelier_node_get_item (const AtelierNode *self,
                                          guint              index);
const AtelierNode *atelier_node_get_member (const AtelierNode *self,
                                            const char        *key);
const AtelierNode *atelier_node_get_member_at (const AtelierNode *self,
                                               guint              index,
                                               const char       **key); /* in the order of the document */
void               atelier_node_get_position (const AtelierNode *self,
                                              guint             *line,
                                              guint             *column);
void               atelier_node_get_key_position (const AtelierNode *self,
                                                  guint             *line,
                                                  guint             *column); /* of the key; an item's own */
const AtelierNode *atelier_node_get_parent (const AtelierNode *self);    /* (nullable) */
const char        *atelier_node_get_key (const AtelierNode *self);       /* (nullable): not a member */
guint              atelier_node_get_index (const AtelierNode *self);     /* among its parent's members or items */
char              *atelier_node_dup_pointer (const AtelierNode *self);   /* RFC 6901, "/Steps/0/Arguments" */
json_t *atelier_node_to_json (const AtelierNode *self); /* (transfer full); long integers become reals */

G_END_DECLS
