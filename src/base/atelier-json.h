/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>
#include <jansson.h>

G_BEGIN_DECLS

/* The door to jansson. json_t is the value type of everything that is computed or recorded; a pipeline
 * definition, whose spelling and positions matter, is read by model/ into a tree of its own. */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (json_t, json_decref)

#define ATELIER_JSON_ERROR (atelier_json_error_quark ())
typedef enum
{
  ATELIER_JSON_ERROR_SYNTAX, /* not JSON; the message names line and column */
  ATELIER_JSON_ERROR_TYPE,   /* JSON, but not of the shape that was asked for */
} AtelierJsonError;
GQuark      atelier_json_error_quark (void);

json_t     *atelier_json_parse (const char *text,
                                gssize      length,
                                GError    **error);
json_t     *atelier_json_read_file (const char *path,
                                    GError    **error);
gboolean    atelier_json_write_file (const char *path,
                                     const json_t *value,
                                     GError    **error);
char       *atelier_json_compact (const json_t *value);
char       *atelier_json_pretty (const json_t *value);
char       *atelier_json_digest (const json_t *value);
const char *atelier_json_get_string (const json_t *object,
                                     const char   *key,
                                     const char   *fallback);
gint64      atelier_json_get_int (const json_t *object,
                                  const char   *key,
                                  gint64        fallback);
double      atelier_json_get_double (const json_t *object,
                                     const char   *key,
                                     double        fallback);
gboolean    atelier_json_get_bool (const json_t *object,
                                   const char   *key,
                                   gboolean      fallback);
json_t     *atelier_json_get_object (const json_t *object,
                                     const char   *key);
json_t     *atelier_json_get_array (const json_t *object,
                                    const char   *key);
void        atelier_json_set_string (json_t     *object,
                                     const char *key,
                                     const char *value);
void        atelier_json_set_int (json_t     *object,
                                  const char *key,
                                  gint64      value);
void        atelier_json_set_bool (json_t     *object,
                                   const char *key,
                                   gboolean    value);
char       *atelier_json_to_text (const json_t *value);
char       *atelier_json_double_to_text (double value);

G_END_DECLS
