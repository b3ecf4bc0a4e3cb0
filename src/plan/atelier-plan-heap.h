/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Private to plan/: a binary heap of numbers, smallest key first. A zeroed one is empty. */
typedef struct
{
  gint64 key;
  guint  value;
} AtelierPlanHeapItem;

typedef struct
{
  AtelierPlanHeapItem *items;
  guint                length;
  guint                room;
} AtelierPlanHeap;

void  atelier_plan_heap_push (AtelierPlanHeap *self,
                              gint64           key,
                              guint            value);
guint atelier_plan_heap_pop (AtelierPlanHeap *self); /* the value; the heap must not be empty */
void  atelier_plan_heap_clear (AtelierPlanHeap *self);

G_END_DECLS
