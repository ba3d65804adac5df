/* Membership: a bitmap for small ranges of numbers, a sorted list for the others, a hash for texts.
 * */
#include "core/data/member.h"
#include "core/data/literal.h"
#include "core/data/mask.h"
#include "core/data/order.h"
#include "core/data/textop.h"

#include <stdlib.h>

enum { MAP_BYTES_MAX = 65536, NAME_SIZE = 64 };

static int order_ints(const void *x, const void *y)
{
  return tg_order_ints(*(const int64_t *)x, *(const int64_t *)y);
}

/* The members that the column's type can hold, exactly. UINT32_MAX: an error is set. */
static uint32_t int_members(struct tg_op *op, struct tg_type type, const struct tg_literal *set,
                            uint32_t count, int64_t *out)
{
  uint32_t n = 0;
  bool number = tg_order_of(type) == TG_ORDER_NUMBER, exact;
  for (uint32_t i = 0; i < count; i++) {
    struct tg_number value;
    if (number && tg_literal_number(set[i], &value)) {
      __int128 v = tg_number_floor(value, type.scale, &exact);
      if (exact && v >= INT64_MIN && v <= INT64_MAX) out[n++] = (int64_t)v;
    } else if (!number && set[i].kind == TG_LIT_TEXT) {
      struct tg_column *one = tg_literal_value(op, set[i].t, type);
      if (!one) return UINT32_MAX;
      out[n++] = one->v.ints[0];
    }
  }
  qsort(out, n, sizeof *out, order_ints);
  return n;
}

static bool in_sorted(const int64_t *set, uint32_t n, int64_t v)
{
  uint32_t low = 0;
  while (n > 1) {
    uint32_t half = n / 2;
    low += set[low + half - 1] < v ? half : 0;
    n -= half;
  }
  return set[low] == v;
}

/* 0 or 2 for every value from the smallest member to the largest. */
static void mark_map(const struct tg_column *a, const uint8_t *map, int64_t low, uint64_t size,
                     uint8_t *out)
{
  const int64_t *v = a->v.ints;
  uint32_t rows = a->rows;
  for (uint32_t i = 0; i < rows; i++) {
    uint64_t at = (uint64_t)v[i] - (uint64_t)low;
    out[i] = at < size ? map[at] : TG_FALSE;
  }
}

static struct tg_column *member_ints(struct tg_op *op, struct tg_column *a,
                                     const struct tg_literal *set, uint32_t count)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  int64_t *list = tg_op_alloc(op, count + 1, sizeof *list);
  uint32_t n = out && list ? int_members(op, a->type, set, count, list) : UINT32_MAX;
  if (n == UINT32_MAX) return NULL;
  uint64_t size = n ? (uint64_t)list[n - 1] - (uint64_t)list[0] + 1 : 0;
  if (n == 0) return tg_op_end(op, out, a->nul);
  if (size == 0 || size > MAP_BYTES_MAX) {
    for (uint32_t i = 0; i < op->rows; i++)
      out->v.mask[i] = (uint8_t)(in_sorted(list, n, a->v.ints[i]) << 1);
    return tg_op_end(op, out, a->nul);
  }
  uint8_t *map = tg_op_alloc(op, size, 1);
  if (!map) return NULL;
  memset(map, TG_FALSE, size);
  for (uint32_t i = 0; i < n; i++) map[(uint64_t)list[i] - (uint64_t)list[0]] = TG_TRUE;
  mark_map(a, map, list[0], size, out->v.mask);
  return tg_op_end(op, out, a->nul);
}

struct table { /* open addressing; ptr NULL is free */
  struct tg_text *slots;
  uint32_t mask;
  uint64_t lengths; /* bit n: a member of n bytes (modulo 64) */
};

static uint32_t hash(struct tg_text t)
{
  const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t h = t.len * odd, word = 0;
  for (; t.len > 8; t.ptr += 8, t.len -= 8) {
    memcpy(&word, t.ptr, 8);
    h = (h ^ word) * odd;
    h ^= h >> 32;
  }
  word = 0;
  if (t.len) memcpy(&word, t.ptr, t.len);
  h = (h ^ word) * odd;
  return (uint32_t)(h >> 32);
}

static int in_table(const void *self, struct tg_text t)
{
  const struct table *table = self;
  if (!(table->lengths >> (t.len & 63) & 1)) return 0;
  for (uint32_t at = hash(t) & table->mask; table->slots[at].ptr; at = (at + 1) & table->mask)
    if (tg_text_eq(table->slots[at], t)) return 1;
  return 0;
}

static struct tg_column *member_texts(struct tg_op *op, struct tg_column *a,
                                      const struct tg_literal *set, uint32_t count)
{
  struct table table = {.mask = 15};
  while (table.mask < (uint64_t)count * 2) table.mask = table.mask * 2 + 1;
  if (!(table.slots = tg_op_alloc(op, (size_t)table.mask + 1, sizeof *table.slots))) return NULL;
  memset(table.slots, 0, ((size_t)table.mask + 1) * sizeof *table.slots);
  for (uint32_t i = 0; i < count; i++) {
    if (set[i].kind != TG_LIT_TEXT || in_table(&table, set[i].t)) continue;
    uint32_t at = hash(set[i].t) & table.mask;
    while (table.slots[at].ptr) at = (at + 1) & table.mask;
    table.slots[at] = set[i].t;
    table.lengths |= UINT64_C(1) << (set[i].t.len & 63);
  }
  return tg_text_mask(op, a, in_table, &table);
}

/* Types without a fast way: one member as a column of one row after the other. */
static struct tg_column *member_any(struct tg_op *op, struct tg_column *a,
                                    const struct tg_literal *set, uint32_t count)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  struct tg_op once = *op;
  uint8_t *nul;
  once.rows = 1;
  if (!out || !tg_op_nul(op, tg_arg_column(a), &nul)) return NULL;
  for (uint32_t m = 0; m < count; m++) {
    if (set[m].kind == TG_LIT_NULL) continue;
    struct tg_column *one = tg_literal_column(&once, set[m], a->type);
    if (!one || tg_op_late(op)) return NULL;
    if (tg_order_of(one->type) != tg_order_of(a->type)) continue;
    for (uint32_t i = 0; i < op->rows; i++)
      if (!(nul && nul[i]) && tg_order_rows(a, i, one, 0) == 0) out->v.mask[i] = TG_TRUE;
  }
  return tg_op_end(op, out, nul);
}

struct tg_column *tg_member_of(struct tg_op *op, struct tg_column *a, const struct tg_literal *set,
                               uint32_t count)
{
  char name[NAME_SIZE];
  enum tg_order order = tg_order_of(a->type);
  if (order == TG_ORDER_NONE)
    return tg_op_fail(op, TG_CONFIG, "%s has no values to look up",
                      tg_type_name(a->type, name, sizeof name));
  if (tg_type_store(a->type) == TG_STORE_INT) return member_ints(op, a, set, count);
  if (order == TG_ORDER_TEXT) return member_texts(op, a, set, count);
  return member_any(op, a, set, count);
}
