/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-store"

#include "config.h"

#include <string.h>

#include "atelier-store-private.h"

/* The memory of events. An event is made on one thread and freed on another, some ten thousand times a second, with a
 * dozen texts each: it lies in one block with room for its texts, and few ever need a second one. */

#define BLOCK_ALIGNMENT 16
#define FIRST_ROOM      512 /* bytes for the texts of a usual event */
#define NEXT_ROOM       8192

struct _AtelierEventBlock
{
  AtelierEventBlock *next;
  gsize              used;
  gsize              size;
  gpointer           padding; /* so that what follows is aligned */
};

G_STATIC_ASSERT (sizeof (AtelierEventBlock) % BLOCK_ALIGNMENT == 0);

static gpointer
block_data (AtelierEventBlock *block)
{
  return (guint8 *) block + sizeof (AtelierEventBlock);
}

static AtelierEventBlock *
block_new (gsize size, AtelierEventBlock *next)
{
  AtelierEventBlock *block = g_malloc (sizeof (AtelierEventBlock) + size);

  block->next = next;
  block->used = 0;
  block->size = size;
  return block;
}

gpointer
atelier_event_new (gsize size, AtelierEventApply apply)
{
  AtelierEventBlock *block = block_new (size + FIRST_ROOM, NULL);
  AtelierEvent *event = memset (block_data (block), 0, size);

  block->used = (size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
  event->blocks = block;
  event->apply = apply;
  return event;
}

static gpointer
alloc (AtelierEvent *event, gsize size, gsize alignment)
{
  AtelierEventBlock *block = event->blocks;
  gsize start = (block->used + alignment - 1) / alignment * alignment;

  if (start > block->size || size > block->size - start)
    {
      event->blocks = block = block_new (MAX (size, NEXT_ROOM), block);
      start = 0;
    }
  block->used = start + size;
  return (guint8 *) block_data (block) + start;
}

gpointer
atelier_event_alloc (AtelierEvent *event, gsize size)
{
  return alloc (event, size, BLOCK_ALIGNMENT);
}

const char *
atelier_event_text (AtelierEvent *event, const char *text)
{
  g_autofree char *valid = NULL;
  gsize size;

  if (text == NULL)
    return NULL;
  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);
  size = strlen (text) + 1;
  return memcpy (alloc (event, size, 1), text, size);
}

void
atelier_event_texts (AtelierEvent *event, gpointer fields, const gsize *offsets, gsize n_offsets)
{
  for (gsize i = 0; i < n_offsets; i++)
    {
      const char **text = &G_STRUCT_MEMBER (const char *, fields, offsets[i]);

      *text = atelier_event_text (event, *text);
    }
}

void
atelier_event_free (AtelierEvent *event)
{
  AtelierEventBlock *block = event->blocks;

  g_clear_error (&event->error);
  while (block != NULL)
    {
      AtelierEventBlock *next = block->next;

      g_free (block); /* the last one holds the event itself */
      block = next;
    }
}
