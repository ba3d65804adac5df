/* Counted values: a hash table of items, cut to those with the smallest hashes. */
#include "core/state/counts.h"
#include "core/state/number.h"

#include <math.h>
#include <stdlib.h>

enum { SLOTS_MIN = 32 };

static void place(struct tg_counts *s, uint32_t item)
{
  uint32_t at = (uint32_t)s->items[item].hash & (s->size - 1);
  while (s->slots[at]) at = (at + 1) & (s->size - 1);
  s->slots[at] = item + 1;
}

static void index_items(struct tg_counts *s)
{
  if (s->size) memset(s->slots, 0, s->size * sizeof *s->slots);
  for (uint32_t i = 0; i < s->used; i++) place(s, i);
}

/* Twice the slots; items fill half of them at most. */
static bool grow(struct tg_counts *s, struct tg_arena *arena)
{
  uint32_t size = s->size ? s->size * 2 : SLOTS_MIN;
  uint32_t *slots = tg_arena_alloc(arena, size * sizeof *slots);
  struct tg_counted *items = tg_arena_alloc(arena, size / 2 * sizeof *items);
  if (!slots || !items) return false;
  if (s->used) memcpy(items, s->items, s->used * sizeof *items);
  s->items = items, s->slots = slots, s->size = size;
  index_items(s);
  return true;
}

static int order_hashes(const void *x, const void *y)
{
  const struct tg_counted *a = x, *b = y;
  if (a->hash != b->hash) return a->hash > b->hash ? 1 : -1;
  return tg_datum_order(&a->value, &b->value);
}

/* Leaves the cap items with the smallest hashes. */
static void cut(struct tg_counts *s)
{
  if (s->used <= s->cap) return;
  qsort(s->items, s->used, sizeof *s->items, order_hashes);
  s->used = s->cap;
  s->cut = true;
  s->limit = s->items[s->used - 1].hash;
  index_items(s);
}

static struct tg_counted *find(const struct tg_counts *s, uint64_t hash, const struct tg_datum *d)
{
  if (!s->size) return NULL;
  uint32_t at = (uint32_t)hash & (s->size - 1);
  for (; s->slots[at]; at = (at + 1) & (s->size - 1)) {
    struct tg_counted *item = &s->items[s->slots[at] - 1];
    if (item->hash == hash && tg_datum_eq(&item->value, d)) return item;
  }
  return NULL;
}

static bool append(struct tg_counts *s, struct tg_arena *arena, const struct tg_counted *item)
{
  if (s->used == s->cap * 2) cut(s);
  if (s->cut && item->hash > s->limit) return true;
  if (s->used * 2 >= s->size && !grow(s, arena)) return false;
  struct tg_counted *to = &s->items[s->used];
  *to = *item;
  struct tg_text *tail = &to->value.tail;
  if (tail->len && !(*tail = tg_arena_copy(arena, *tail)).ptr) return false;
  place(s, s->used++);
  return true;
}

bool tg_counts_put(struct tg_counts *s, struct tg_arena *arena, const struct tg_datum *d,
                   uint64_t n)
{
  struct tg_counted item = {.hash = tg_datum_hash(d), .n = n, .value = *d};
  s->count += n;
  if (s->cut && item.hash > s->limit) return true;
  if (!tg_datum_shorten(arena, &item.value, TG_COUNTS_VALUE_BYTES)) return false;
  struct tg_counted *known = find(s, item.hash, &item.value);
  if (!known) return append(s, arena, &item);
  known->n += n;
  return true;
}

/* Texts that repeat: rows are counted by code first. */
static bool add_dict(struct tg_counts *s, struct tg_arena *arena, struct tg_op *op,
                     const struct tg_dict *dict, const uint8_t *live)
{
  struct tg_column texts = {.type = tg_type_of(TG_TEXT_KIND), .v.texts = dict->texts};
  struct tg_datum d;
  uint64_t *n = tg_op_alloc(op, dict->count, sizeof *n);
  if (!n) return false;
  memset(n, 0, dict->count * sizeof *n);
  for (uint32_t i = 0; i < op->rows; i++)
    if (dict->codes[i] != TG_DICT_NULL && (!live || live[i])) n[dict->codes[i]]++;
  for (uint32_t i = 0; i < dict->count; i++) {
    if (!n[i]) continue;
    if (!tg_datum_of(op->arena, &texts, i, &d) || !tg_counts_put(s, arena, &d, n[i]))
      return tg_op_full(op) != NULL;
  }
  return true;
}

bool tg_counts_add(struct tg_counts *s, struct tg_arena *arena, struct tg_op *op,
                   struct tg_column *c, const uint8_t *live)
{
  struct tg_datum d;
  const struct tg_dict *dict = tg_op_dict(op, c);
  if (dict) return add_dict(s, arena, op, dict, live);
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_number_seen(c, live, i)) continue;
    if (!tg_datum_of(op->arena, c, i, &d) || !tg_counts_put(s, arena, &d, 1))
      return tg_op_full(op) != NULL;
  }
  return true;
}

bool tg_counts_merge(struct tg_counts *s, struct tg_arena *arena, const struct tg_counts *b)
{
  uint64_t count = s->count + b->count;
  if (b->cap < s->cap) s->cap = b->cap;
  cut(s);
  if (b->cut && (!s->cut || b->limit < s->limit)) s->cut = true, s->limit = b->limit;
  uint32_t kept = 0;
  for (uint32_t i = 0; s->cut && i < s->used; i++)
    if (s->items[i].hash <= s->limit) s->items[kept++] = s->items[i];
  if (s->cut) s->used = kept;
  index_items(s);
  for (uint32_t i = 0; i < b->used; i++)
    if (!tg_counts_put(s, arena, &b->items[i].value, b->items[i].n)) return false;
  s->count = count;
  return true;
}

bool tg_counts_write(struct tg_counts *s, struct tg_buf *out)
{
  cut(s);
  if (s->used) qsort(s->items, s->used, sizeof *s->items, order_hashes);
  index_items(s);
  tg_pack_varint(out, s->count);
  tg_pack_varint(out, s->cap);
  tg_pack_u8(out, s->cut);
  if (s->cut) tg_pack_u64(out, s->limit);
  tg_pack_varint(out, s->used);
  for (uint32_t i = 0; i < s->used; i++) {
    const struct tg_datum *d = &s->items[i].value;
    tg_pack_varint(out, s->items[i].n);
    tg_pack_u64(out, s->items[i].hash);
    tg_buf_add(out, d->head, d->head_len);
    tg_buf_text(out, d->tail);
  }
  return !out->failed;
}

/* One item; its hash is read, since that of a shortened text is that of the whole. */
static void read_item(struct tg_counts *s, struct tg_arena *arena, struct tg_unpack *in)
{
  struct tg_counted item = {.n = tg_unpack_varint(in)};
  item.hash = tg_unpack_u64(in);
  size_t size = in->bad ? 0 : tg_datum_read(in->at, (size_t)(in->end - in->at), &item.value);
  tg_unpack_bytes(in, size);
  bool whole = tg_datum_tag(&item.value) != TG_DATUM_LONG;
  if (!size || size > TG_COUNTS_VALUE_BYTES || (s->cut && item.hash > s->limit) ||
      (whole && item.hash != tg_datum_hash(&item.value)) || find(s, item.hash, &item.value) ||
      !append(s, arena, &item))
    in->bad = true;
}

void tg_counts_read(struct tg_counts *s, struct tg_arena *arena, struct tg_unpack *in)
{
  uint64_t rows = 0;
  s->count = tg_unpack_varint(in);
  s->cap = (uint32_t)tg_unpack_count(in, TG_COUNTS_CAP_MAX);
  uint8_t is_cut = tg_unpack_u8(in);
  s->cut = is_cut == 1;
  if (s->cut) s->limit = tg_unpack_u64(in);
  uint64_t used = tg_unpack_count(in, s->cap);
  if (is_cut > 1 || !s->cap) in->bad = true;
  for (uint64_t i = 0; i < used && !in->bad; i++) {
    read_item(s, arena, in);
    if (!in->bad) rows += s->items[i].n;
  }
  if (rows > s->count || (rows < s->count && !s->cut)) in->bad = true;
}

static int order_items(const void *x, const void *y)
{
  const struct tg_counted *a = x, *b = y;
  if (a->n != b->n) return a->n < b->n ? 1 : -1;
  return tg_datum_order(&a->value, &b->value);
}

const struct tg_counted *tg_counts_list(struct tg_counts *s, uint32_t *count)
{
  cut(s);
  if (s->used) qsort(s->items, s->used, sizeof *s->items, order_items);
  index_items(s);
  *count = s->used;
  return s->items;
}

uint64_t tg_counts_of(struct tg_counts *s, const struct tg_datum *d)
{
  cut(s);
  const struct tg_counted *item = find(s, tg_datum_hash(d), d);
  return item ? item->n : 0;
}

uint64_t tg_counts_other(struct tg_counts *s)
{
  uint64_t kept = 0;
  cut(s);
  for (uint32_t i = 0; i < s->used; i++) kept += s->items[i].n;
  return s->count - kept;
}

double tg_counts_distinct(struct tg_counts *s)
{
  cut(s);
  if (!s->cut) return s->used;
  return ((double)s->used - 1) / ((double)s->limit * 0x1p-64);
}

static double surprise(uint64_t n, uint64_t count)
{
  double p = (double)n / (double)count;
  return n ? -p * log(p) : 0;
}

double tg_counts_entropy(struct tg_counts *s)
{
  uint32_t count;
  const struct tg_counted *items = tg_counts_list(s, &count);
  double sum = surprise(tg_counts_other(s), s->count);
  for (uint32_t i = 0; i < count; i++) sum += surprise(items[i].n, s->count);
  return sum;
}
