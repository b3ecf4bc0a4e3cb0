/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-step-type.h"
#include "atelier-validate.h"

G_BEGIN_DECLS

/* Shapes (private to model/): tables of which keys an object may have and what their values are. atelier-shape.c
 * holds a value against a shape; atelier-step-shapes.c has the shapes of all step types.
 *
 * An expression may stand for any text, number or boolean. null is “not there”. */

typedef enum
{
  ATELIER_SHAPE_ANY,
  ATELIER_SHAPE_TEXT,
  ATELIER_SHAPE_READ_URI,    /* text: an S3 URI that the step reads */
  ATELIER_SHAPE_WRITE_URI,   /* … writes */
  ATELIER_SHAPE_JOBS_URI,    /* … or below which each of its jobs writes in a folder of its own */
  ATELIER_SHAPE_JOB_NAME,    /* text: the name of a job or thing, or what it begins with */
  ATELIER_SHAPE_LITERAL,     /* text, and no expression */
  ATELIER_SHAPE_INTEGER,     /* or a numeric text */
  ATELIER_SHAPE_NUMBER,      /* or a numeric text */
  ATELIER_SHAPE_RANGE,       /* a number that the format writes as text */
  ATELIER_SHAPE_BOOLEAN,     /* or the text true or false */
  ATELIER_SHAPE_TEXTS,       /* list of texts */
  ATELIER_SHAPE_MAP,         /* object with any keys, whose values are texts */
  ATELIER_SHAPE_ENVIRONMENT, /* the same, for environment variables */
  ATELIER_SHAPE_OBJECT,      /* of a shape; without one, any object */
  ATELIER_SHAPE_LIST,        /* of objects of a shape; without one, any list */
} AtelierShapeKind;

typedef enum
{
  ATELIER_NEED_OPTIONAL,
  ATELIER_NEED_SERVICE, /* the service asks for it, we can do without: a warning */
  ATELIER_NEED_ALWAYS,
} AtelierNeed;

typedef struct _AtelierField AtelierField;

/* A shape is an array of fields that ends with one without name. */
struct _AtelierField
{
  const char         *name;
  AtelierShapeKind    kind;
  AtelierNeed         need;
  const AtelierField *shape;     /* (nullable) OBJECT and LIST */
  const char         *words;     /* (nullable) texts: the ones that are known, "File|Pipe" */
  gboolean            is_closed; /* any other word is an error, not a warning */
  guint               most;      /* 0: any. Characters of a text, items of a list, members of a map, a number itself */
  guint               most_key;  /* of a map: characters of a key */
  guint               most_item; /* of a map or TEXTS: characters of a value */
};

typedef struct
{
  const AtelierStep *step;   /* (nullable) */
  AtelierDataCheck  *data;   /* (nullable) told of the URIs */
  AtelierReport     *report;
} AtelierShapeContext;

/* @shape: (nullable): any object will do
 * @also: (nullable): a second array of fields */
void                atelier_shape_check_object (const AtelierShapeContext *context,
                                                const AtelierNode         *object,
                                                const AtelierField        *shape,
                                                const AtelierField        *also);
void                atelier_shape_check_value (const AtelierShapeContext *context,
                                               const AtelierNode         *value,
                                               const AtelierField        *field);

/* atelier-step-shapes.c. NULL: not known, anything goes. */
const AtelierField *atelier_step_shape_get_common (void);                       /* keys of every step */
const AtelierField *atelier_step_shape_get_step (AtelierStepType type);         /* further keys of the step */
const AtelierField *atelier_step_shape_get_arguments (AtelierStepType type);
/* The properties that a step of the type can have, on their first level. (transfer full) (nullable): anything goes */
char              **atelier_step_shape_list_properties (AtelierStepType type);
gboolean            atelier_step_shape_has_property (AtelierStepType type,
                                                     const char     *name);

G_END_DECLS
