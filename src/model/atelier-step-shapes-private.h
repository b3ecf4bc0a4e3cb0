/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-shape.h"

G_BEGIN_DECLS

/* What the tables of shapes, atelier-step-shapes*.c, share: short names for their columns, and the shapes that one
 * file has and another needs. For these files alone. */

#define ANY         ATELIER_SHAPE_ANY
#define TEXT        ATELIER_SHAPE_TEXT
#define READ_URI    ATELIER_SHAPE_READ_URI
#define WRITE_URI   ATELIER_SHAPE_WRITE_URI
#define JOBS_URI    ATELIER_SHAPE_JOBS_URI
#define JOB_NAME    ATELIER_SHAPE_JOB_NAME
#define LITERAL     ATELIER_SHAPE_LITERAL
#define INTEGER     ATELIER_SHAPE_INTEGER
#define NUMBER      ATELIER_SHAPE_NUMBER
#define RANGE       ATELIER_SHAPE_RANGE
#define BOOLEAN     ATELIER_SHAPE_BOOLEAN
#define TEXTS       ATELIER_SHAPE_TEXTS
#define MAP         ATELIER_SHAPE_MAP
#define ENVIRONMENT ATELIER_SHAPE_ENVIRONMENT
#define OBJECT      ATELIER_SHAPE_OBJECT
#define LIST        ATELIER_SHAPE_LIST
#define OPTIONAL    ATELIER_NEED_OPTIONAL
#define SERVICE     ATELIER_NEED_SERVICE
#define ALWAYS      ATELIER_NEED_ALWAYS

extern const AtelierField atelier_shape_auto_ml_arguments[];
extern const AtelierField atelier_shape_clarify_check_step[];
extern const AtelierField atelier_shape_emr_arguments[];
extern const AtelierField atelier_shape_endpoint_arguments[];
extern const AtelierField atelier_shape_endpoint_config_arguments[];
extern const AtelierField atelier_shape_experiment_config[];
extern const AtelierField atelier_shape_lineage_arguments[];
extern const AtelierField atelier_shape_model_arguments[];
extern const AtelierField atelier_shape_processing_arguments[];
extern const AtelierField atelier_shape_processing_step[];
extern const AtelierField atelier_shape_quality_check_step[];
extern const AtelierField atelier_shape_register_model_arguments[];
extern const AtelierField atelier_shape_stopping_condition[];
extern const AtelierField atelier_shape_tags[];
extern const AtelierField atelier_shape_training_arguments[];
extern const AtelierField atelier_shape_transform_arguments[];
extern const AtelierField atelier_shape_tuning_arguments[];
extern const AtelierField atelier_shape_vpc_config[];

G_END_DECLS
