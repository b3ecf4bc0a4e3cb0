/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include "atelier-plan-heap.h"

/* The item with the smallest key is items[0]; item i is no greater than items 2 i + 1 and 2 i + 2. */

void
atelier_plan_heap_push (AtelierPlanHeap *self, gint64 key, guint value)
{
  AtelierPlanHeapItem item = { key, value };
  guint hole;

  if (self->length == self->room)
    {
      self->room = MAX (8, self->room * 2);
      self->items = g_renew (AtelierPlanHeapItem, self->items, self->room);
    }
  hole = self->length++;
  while (hole > 0 && key < self->items[(hole - 1) / 2].key)
    {
      self->items[hole] = self->items[(hole - 1) / 2];
      hole = (hole - 1) / 2;
    }
  self->items[hole] = item;
}

guint
atelier_plan_heap_pop (AtelierPlanHeap *self)
{
  AtelierPlanHeapItem item;
  guint hole = 0, child, value;

  g_assert (self->length > 0);

  value = self->items[0].value;
  item = self->items[--self->length];
  while ((child = 2 * hole + 1) < self->length)
    {
      if (child + 1 < self->length && self->items[child + 1].key < self->items[child].key)
        child++;
      if (item.key <= self->items[child].key)
        break;
      self->items[hole] = self->items[child];
      hole = child;
    }
  self->items[hole] = item;
  return value;
}

void
atelier_plan_heap_clear (AtelierPlanHeap *self)
{
  g_free (self->items);
  *self = (AtelierPlanHeap) { NULL };
}
