/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-json.h"

#include "atelier-model-error.h"

G_BEGIN_DECLS

/* AtelierPropertyPath: a parsed path into a JSON value, such as
 *
 *     ProcessingOutputConfig.Outputs['train.csv'].S3Output.S3Uri        a property of a step
 *     $.regression_metrics.mse.value      Result['k'][0]                the Path of Std:JsonGet
 *
 * Immutable; any thread. */
typedef struct _AtelierPropertyPath AtelierPropertyPath;

typedef enum
{
  ATELIER_PATH_SEGMENT_NAME,  /* identifier: a member of an object */
  ATELIER_PATH_SEGMENT_KEY,   /* ['text']: a member of an object, or the item of a list that is named so */
  ATELIER_PATH_SEGMENT_INDEX, /* [int]: an item of a list, from 0 */
} AtelierPathSegmentKind;

typedef struct
{
  AtelierPathSegmentKind kind;
  const char            *text;   /* (nullable) NAME and KEY: the text without quotes; it may hold dots and blanks */
  guint                  index;  /* INDEX */
  guint                  offset; /* byte in the path's text where the segment begins */
  guint                  end;    /* byte after its last */
} AtelierPathSegment;

/* _parse reads the property grammar: segments joined by dots, each an identifier ([A-Za-z0-9_-] and ':') followed by
 * any number of [int], ['text'] or ["text"]. _parse_json reads the Path of Std:JsonGet: the same, after an optional
 * "$" or "$.", with any character but . [ ] and quotes in identifiers, and with an index allowed at the start; "$"
 * alone is the whole document. Wildcards and filters are refused.
 *
 * Returns: (transfer full) (nullable): NULL with ATELIER_MODEL_ERROR_SYNTAX, whose sentence names the character (from
 * 1) where reading stopped. */
AtelierPropertyPath      *atelier_property_path_parse (const char *text,
                                                       GError    **error);
AtelierPropertyPath      *atelier_property_path_parse_json (const char *text,
                                                            GError    **error);
void                      atelier_property_path_free (AtelierPropertyPath *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierPropertyPath, atelier_property_path_free)

const char               *atelier_property_path_get_text (const AtelierPropertyPath *self);
guint                     atelier_property_path_get_length (const AtelierPropertyPath *self);
const AtelierPathSegment *atelier_property_path_get_segment (const AtelierPropertyPath *self,
                                                             guint                      index);

/* Follows the path through @value. A KEY on a list selects the item whose OutputName, InputName, ChannelName,
 * MetricName or Name equals the text; where such an item is a {"Name", "Value"} pair and the path ends there
 * (OutputParameters['x']), the result is its Value.
 *
 * Returns: (transfer none) (nullable): a part of @value, which may be a JSON null; NULL with
 * ATELIER_MODEL_ERROR_NOT_FOUND and a sentence that names the part of the path that is missing and what there is */
json_t                   *atelier_property_path_apply (const AtelierPropertyPath *self,
                                                       json_t                    *value,
                                                       GError                   **error);

G_END_DECLS
