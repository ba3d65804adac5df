/* Lists that grow: malloc'ed, doubled when they are full.
 *
 *   if (!tg_grow(&w->parts, w->count, &w->size, sizeof *w->parts)) return no memory;
 *   w->parts[w->count++] = part; */
#ifndef TG_BASE_GROW_H
#define TG_BASE_GROW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TG_GROW_FIRST = 16 };

/* Room for one element more behind `count` of `each` bytes. list: the address of the pointer to
 * them (NULL: none yet), which free() ends. False: there is no memory, nothing has changed. */
static inline bool tg_grow(void *list, uint32_t count, uint32_t *size, size_t each)
{
  void *old, *more;
  if (count < *size) return true;
  if (count > UINT32_MAX / 2) return false;
  uint32_t next = *size ? *size * 2 : TG_GROW_FIRST;
  memcpy(&old, list, sizeof old);
  if (!(more = reallocarray(old, next, each))) return false;
  memcpy(list, &more, sizeof more);
  *size = next;
  return true;
}

#endif
