/* Asking a snapshot: keys in the snapshot's scale -> hash -> rows -> values. */
#include "core/data/lookup.h"
#include "core/data/literal.h"
#include "core/data/lookupkey.h"

#include <stdlib.h>

enum { NAME_SIZE = 64, BLOCK = 64 };

struct tg_lookup *tg_lookup_ref(struct tg_lookup *l)
{
  atomic_fetch_add(&l->references, 1);
  return l;
}

void tg_lookup_drop(struct tg_lookup *l)
{
  if (!l || atomic_fetch_sub(&l->references, 1) != 1) return;
  tg_arena_fini(&l->arena);
  free(l);
}

void tg_lookup_set_drop(struct tg_lookup_set *set)
{
  for (uint32_t i = 0; i < set->count; i++) tg_lookup_drop(set->list[i].lookup);
  set->count = 0;
}

int32_t tg_lookup_value(const struct tg_lookup *l, struct tg_text name)
{
  for (uint32_t i = l->keys_count; i < l->columns_count; i++)
    if (tg_text_eq(l->names[i], name)) return (int32_t)i;
  return -1;
}

/* --- keys ------------------------------------------------------------------------------------- */

bool tg_lookupkey_type(struct tg_type type)
{
  enum tg_store store = tg_type_store(type);
  if (type.array || type.kind == TG_JSON || type.kind == TG_JSONB) return false;
  if (store == TG_STORE_TEXT) return type.kind != TG_NUMERIC;
  return store == TG_STORE_INT || store == TG_STORE_UUID;
}

bool tg_lookupkey_meet(struct tg_type a, struct tg_type b)
{
  if (!tg_lookupkey_type(a) || !tg_lookupkey_type(b)) return false;
  if (tg_type_is_number(a) || tg_type_is_text(a))
    return tg_type_is_number(a) == tg_type_is_number(b) && tg_type_is_text(a) == tg_type_is_text(b);
  bool instants = (a.kind == TG_TIMESTAMP || a.kind == TG_TIMESTAMPTZ) &&
                  (b.kind == TG_TIMESTAMP || b.kind == TG_TIMESTAMPTZ);
  return a.kind == b.kind || instants;
}

/* The finaliser of MurmurHash3 (Austin Appleby, public domain): every bit of the input reaches
 * every bit of the result. */
static uint64_t mix(uint64_t h)
{
  h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  return h ^ (h >> 33);
}

static uint64_t hash_bytes(uint64_t h, const char *p, size_t len)
{
  uint64_t word = 0;
  h ^= len * UINT64_C(0x9e3779b97f4a7c15);
  for (; len > sizeof word; p += sizeof word, len -= sizeof word) {
    memcpy(&word, p, sizeof word);
    h = mix(h ^ word);
  }
  word = 0;
  if (len) memcpy(&word, p, len);
  return mix(h ^ word);
}

uint64_t tg_lookupkey_hash(uint64_t seed, const struct tg_column *c, uint32_t row)
{
  switch (tg_type_store(c->type)) {
  case TG_STORE_TEXT: return hash_bytes(seed, c->v.texts[row].ptr, c->v.texts[row].len);
  case TG_STORE_UUID: return hash_bytes(seed, (const char *)c->v.uuids[row].bytes, 16);
  default: return mix(seed ^ (uint64_t)c->v.ints[row]);
  }
}

bool tg_lookupkey_same(const struct tg_column *a, uint32_t i, const struct tg_column *b, uint32_t j)
{
  switch (tg_type_store(a->type)) {
  case TG_STORE_TEXT: return tg_text_eq(a->v.texts[i], b->v.texts[j]);
  case TG_STORE_UUID: return memcmp(&a->v.uuids[i], &b->v.uuids[j], sizeof *a->v.uuids) == 0;
  default: return a->v.ints[i] == b->v.ints[j];
  }
}

/* --- finding ---------------------------------------------------------------------------------- */

struct finding {
  const struct tg_lookup *l;
  struct tg_column *keys[TG_LOOKUP_KEYS_MAX]; /* in the scale of the snapshot's */
  uint8_t *never; /* 1: a value that the snapshot's type cannot hold; NULL: none */
};

static uint64_t hash_row(const struct finding *f, uint32_t row)
{
  uint64_t h = 0;
  for (uint32_t k = 0; k < f->l->keys_count; k++) h = tg_lookupkey_hash(h, f->keys[k], row);
  return h;
}

static uint32_t find_row(const struct finding *f, uint32_t row, uint64_t h)
{
  const struct tg_lookup *l = f->l;
  for (uint32_t at = (uint32_t)h & l->mask; l->slots[at]; at = (at + 1) & l->mask) {
    if ((l->slots[at] ^ h) >> 32) continue;
    uint32_t k = 0, there = tg_lookupkey_row(l->slots[at]);
    while (k < l->keys_count && tg_lookupkey_same(l->columns[k], there, f->keys[k], row)) k++;
    if (k == l->keys_count) return there;
  }
  return TG_LOOKUP_MISS;
}

/* Finds count <= BLOCK rows from `row` on. All slots are asked for before the first is looked at: a
 * large snapshot is not in the cache. */
static void find_rows(const struct finding *f, uint32_t row, uint32_t count, uint32_t *out)
{
  uint64_t h[BLOCK];
  for (uint32_t i = 0; i < count; i++) {
    h[i] = hash_row(f, row + i);
    __builtin_prefetch(&f->l->slots[(uint32_t)h[i] & f->l->mask]);
  }
  for (uint32_t i = 0; i < count; i++) out[i] = find_row(f, row + i, h[i]);
}

/* One value at another scale; false: it cannot be held there. */
static bool rescale(int64_t v, uint32_t from, uint32_t to, int64_t *out)
{
  __int128 wide = v;
  if (to >= from)
    wide *= tg_pow10(to - from);
  else if (v % (int64_t)tg_pow10(from - to))
    return false;
  else
    wide /= tg_pow10(from - to);
  *out = (int64_t)wide;
  return wide >= INT64_MIN && wide <= INT64_MAX;
}

/* The key column in the scale of the snapshot's key; the same one when that is its own. */
static struct tg_column *scaled(struct tg_op *op, struct finding *f, struct tg_column *c,
                                struct tg_type to)
{
  if (c->type.scale == to.scale || tg_type_store(to) != TG_STORE_INT) return c;
  struct tg_column *out = tg_op_raw(op, to);
  if (out && !f->never) {
    f->never = tg_op_alloc(op, op->rows, 1);
    if (f->never) memset(f->never, 0, op->rows);
  }
  if (!out || !f->never) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    bool fits = rescale(c->v.ints[i], c->type.scale, to.scale, &out->v.ints[i]);
    f->never[i] |= !fits;
  }
  return out;
}

static bool take_keys(struct tg_op *op, struct finding *f, struct tg_column *const *keys,
                      uint8_t **nul)
{
  char mine[NAME_SIZE], theirs[NAME_SIZE];
  *nul = NULL;
  for (uint32_t k = 0; k < f->l->keys_count; k++) {
    struct tg_type type = f->l->columns[k]->type;
    if (!tg_lookupkey_meet(keys[k]->type, type)) {
      tg_op_fail(op, TG_CONFIG, "its key '%.*s' is %s, the column asked for is %s",
                 TG_TEXT(f->l->names[k]), tg_type_name(type, theirs, sizeof theirs),
                 tg_type_name(keys[k]->type, mine, sizeof mine));
      return false;
    }
    f->keys[k] = scaled(op, f, keys[k], type);
    if (!f->keys[k] || !tg_op_nul_max(op, *nul, keys[k]->nul, nul)) return false;
  }
  return true;
}

/* A text column that repeats itself: each distinct value is looked for once. */
static bool find_distinct(struct tg_op *op, const struct finding *f, const struct tg_dict *dict,
                          uint32_t *rows)
{
  uint32_t *found = tg_op_alloc(op, dict->count, sizeof *found);
  struct tg_column values = {.type = f->keys[0]->type, .rows = dict->count};
  struct finding once = {.l = f->l, .keys = {&values}};
  if (!found) return false;
  values.v.texts = dict->texts;
  for (uint32_t i = 0; i < dict->count; i++) found[i] = find_row(&once, i, hash_row(&once, i));
  for (uint32_t i = 0; i < op->rows; i++)
    rows[i] = dict->codes[i] == TG_DICT_NULL ? TG_LOOKUP_MISS : found[dict->codes[i]];
  return true;
}

static bool find_each(struct tg_op *op, const struct finding *f, const uint8_t *nul, uint32_t *rows)
{
  for (uint32_t i = 0; i < op->rows; i += BLOCK) {
    uint32_t count = op->rows - i < BLOCK ? op->rows - i : BLOCK;
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    find_rows(f, i, count, rows + i);
  }
  for (uint32_t i = 0; i < op->rows; i++)
    if ((nul && nul[i]) || (f->never && f->never[i])) rows[i] = TG_LOOKUP_MISS;
  return true;
}

bool tg_lookup_find(struct tg_op *op, struct tg_lookup *l, struct tg_column *const *keys,
                    uint32_t keys_count, struct tg_found *out)
{
  struct finding f = {.l = l};
  if (keys_count != l->keys_count) {
    tg_op_fail(op, TG_CONFIG, "it has %u key columns, not %u", l->keys_count, keys_count);
    return false;
  }
  *out = (struct tg_found){.lookup = l};
  if (tg_op_late(op) || !take_keys(op, &f, keys, &out->nul)) return false;
  out->rows = tg_op_alloc(op, op->rows, sizeof *out->rows);
  if (!out->rows) return false;
  const struct tg_dict *dict = NULL;
  if (keys_count == 1 && tg_type_is_text(keys[0]->type)) dict = tg_op_dict(op, keys[0]);
  return dict ? find_distinct(op, &f, dict, out->rows) : find_each(op, &f, out->nul, out->rows);
}

/* --- values ----------------------------------------------------------------------------------- */

/* The nul bytes of a result: those of the keys, misses, and nulls of the found rows. */
static uint8_t *nul_of_found(struct tg_op *op, const struct tg_found *found,
                             const struct tg_column *from)
{
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  for (uint32_t i = 0; nul && i < op->rows; i++) {
    uint32_t row = found->rows[i];
    if (found->nul && found->nul[i])
      nul[i] = found->nul[i];
    else
      nul[i] = (uint8_t)(row == TG_LOOKUP_MISS ? TG_MISS : tg_column_nul(from, row));
  }
  return nul;
}

/* out[i] = from[rows[i]]; rows that are not there stay zero. */
static void gather(const struct tg_column *from, const uint32_t *rows, struct tg_column *out)
{
  size_t width = tg_type_width(from->type);
  if (width == sizeof(int64_t)) {
    const uint64_t *src = from->v.any;
    uint64_t *dst = out->v.any;
    for (uint32_t i = 0; i < out->rows; i++)
      if (rows[i] != TG_LOOKUP_MISS) dst[i] = src[rows[i]];
    return;
  }
  for (uint32_t i = 0; i < out->rows; i++)
    if (rows[i] != TG_LOOKUP_MISS)
      memcpy((char *)out->v.any + i * width, (char *)from->v.any + rows[i] * width, width);
}

struct tg_column *tg_lookup_get(struct tg_op *op, const struct tg_found *found, uint32_t column)
{
  const struct tg_column *from = found->lookup->columns[column];
  struct tg_column *out = tg_op_new(op, from->type);
  uint8_t *nul = out ? nul_of_found(op, found, from) : NULL;
  if (!nul) return NULL;
  gather(from, found->rows, out);
  return tg_op_end(op, out, nul);
}

struct tg_column *tg_lookup_has(struct tg_op *op, const struct tg_found *found)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    out->v.mask[i] = found->rows[i] == TG_LOOKUP_MISS ? TG_FALSE : TG_TRUE;
  return tg_op_end(op, out, found->nul);
}

/* --- sums ------------------------------------------------------------------------------------- */

static double number_at(const struct tg_column *c, uint32_t row)
{
  if (tg_type_store(c->type) == TG_STORE_FLOAT) return c->v.floats[row];
  return (double)c->v.ints[row] / (double)tg_pow10(c->type.scale);
}

bool tg_lookup_sums(const struct tg_lookup *l, uint32_t column, struct tg_lookup_sums *out)
{
  const struct tg_column *c = l->columns[column];
  enum tg_store store = tg_type_store(c->type);
  __int128 whole = 0; /* 2^32 rows of 2^63 fit */
  double sum = 0;
  bool numbers = tg_type_is_number(c->type) && store != TG_STORE_TEXT;
  *out = (struct tg_lookup_sums){0};
  for (uint32_t i = 0; i < l->rows; i++) {
    if (tg_column_is_null(c, i)) continue;
    if (!numbers) return false;
    double v = number_at(c, i);
    if (!out->count || v < out->min) out->min = v;
    if (!out->count || v > out->max) out->max = v;
    out->count++;
    if (store == TG_STORE_INT)
      whole += c->v.ints[i];
    else
      sum += v;
  }
  out->sum = store == TG_STORE_INT ? (double)whole / (double)tg_pow10(c->type.scale) : sum;
  return true;
}
