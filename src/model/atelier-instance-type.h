/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What an instance type such as "ml.m5.xlarge" asks of the machine. */
typedef struct
{
  guint    cpus;
  gint64   memory_bytes;
  guint    gpus;
  gboolean known; /* FALSE: not a type we know; then one processor and 1 GiB are asked for */
} AtelierInstanceType;

/* @name: (nullable): with or without the leading "ml.", any case; NULL and "local" are not known */
AtelierInstanceType atelier_instance_type_look_up (const char *name);

G_END_DECLS
