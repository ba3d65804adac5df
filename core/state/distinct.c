/* Different values: a set of hashes, then HyperLogLog. */
#include "core/state/distinct.h"
#include "core/state/number.h"

#include <math.h>
#include <stdlib.h>

enum {
  SET_MIN = 16,
  RANK_BITS = 64 - TG_DISTINCT_BITS,
  RANK_MAX = RANK_BITS + 1,
  EMPTY_RUN_MAX = 255 - RANK_MAX /* a byte above RANK_MAX is a run of empty registers */
};

static void put_register(uint8_t *registers, uint64_t hash)
{
  uint64_t rest = hash << TG_DISTINCT_BITS;
  uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) : RANK_MAX;
  uint8_t *r = &registers[hash >> RANK_BITS];
  if (rank > *r) *r = rank;
}

static bool densify(struct tg_distinct *d, struct tg_arena *arena)
{
  uint8_t *registers = tg_arena_zalloc(arena, TG_DISTINCT_REGISTERS, 1);
  if (!registers) return false;
  for (uint32_t i = 0; i < d->size; i++)
    if (d->set[i]) put_register(registers, d->set[i]);
  d->registers = registers;
  d->set = NULL, d->size = d->used = 0;
  return true;
}

static void place(uint64_t *set, uint32_t size, uint64_t hash)
{
  uint32_t at = (uint32_t)hash & (size - 1);
  while (set[at]) at = (at + 1) & (size - 1);
  set[at] = hash;
}

static bool grow(struct tg_distinct *d, struct tg_arena *arena)
{
  uint32_t size = d->size ? d->size * 2 : SET_MIN;
  uint64_t *set = tg_arena_zalloc(arena, size, sizeof *set);
  if (!set) return false;
  for (uint32_t i = 0; i < d->size; i++)
    if (d->set[i]) place(set, size, d->set[i]);
  d->set = set, d->size = size;
  return true;
}

static bool put(struct tg_distinct *d, struct tg_arena *arena, uint64_t hash)
{
  hash += hash == 0;
  if (d->registers) return put_register(d->registers, hash), true;
  if (d->used * 2 >= d->size && !grow(d, arena)) return false;
  uint32_t at = (uint32_t)hash & (d->size - 1);
  for (; d->set[at]; at = (at + 1) & (d->size - 1))
    if (d->set[at] == hash) return true;
  if (d->used == d->exact_max) return densify(d, arena) && (put_register(d->registers, hash), true);
  d->set[at] = hash;
  d->used++;
  return true;
}

/* Texts that repeat: one hash for each value that is seen. */
static bool add_dict(struct tg_distinct *d, struct tg_arena *arena, struct tg_op *op,
                     const struct tg_dict *dict, const uint8_t *live)
{
  struct tg_column texts = {.type = tg_type_of(TG_TEXT_KIND), .v.texts = dict->texts};
  struct tg_datum value;
  uint8_t *met = tg_op_alloc(op, dict->count, 1);
  if (!met) return false;
  memset(met, 0, dict->count);
  for (uint32_t i = 0; i < op->rows; i++) {
    uint32_t code = dict->codes[i];
    if (code == TG_DICT_NULL || (live && !live[i])) continue;
    d->count++;
    met[code] = 1;
  }
  for (uint32_t i = 0; i < dict->count; i++) {
    if (!met[i]) continue;
    if (!tg_datum_of(arena, &texts, i, &value) || !put(d, arena, tg_datum_hash(&value)))
      return tg_op_full(op) != NULL;
  }
  return true;
}

bool tg_distinct_add(struct tg_distinct *d, struct tg_arena *arena, struct tg_op *op,
                     struct tg_column *c, const uint8_t *live)
{
  struct tg_datum value;
  const struct tg_dict *dict = tg_op_dict(op, c);
  if (dict) return add_dict(d, arena, op, dict, live);
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_number_seen(c, live, i)) continue;
    d->count++;
    if (!tg_datum_of(op->arena, c, i, &value) || !put(d, arena, tg_datum_hash(&value)))
      return tg_op_full(op) != NULL;
  }
  return true;
}

bool tg_distinct_put(struct tg_distinct *d, struct tg_arena *arena, const struct tg_datum *value,
                     uint64_t n)
{
  d->count += n;
  return put(d, arena, tg_datum_hash(value));
}

bool tg_distinct_merge(struct tg_distinct *d, struct tg_arena *arena, const struct tg_distinct *b)
{
  d->count += b->count;
  if (b->exact_max < d->exact_max) d->exact_max = b->exact_max;
  bool dense = b->registers || d->used > d->exact_max;
  if (dense && !d->registers && !densify(d, arena)) return false;
  for (uint32_t i = 0; b->registers && i < TG_DISTINCT_REGISTERS; i++)
    if (b->registers[i] > d->registers[i]) d->registers[i] = b->registers[i];
  for (uint32_t i = 0; i < b->size; i++)
    if (b->set[i] && !put(d, arena, b->set[i])) return false;
  return true;
}

static int order_hashes(const void *x, const void *y)
{
  uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
  return (a > b) - (a < b);
}

/* Ascending, so that equal sets have equal bytes. */
static bool write_set(const struct tg_distinct *d, struct tg_buf *out)
{
  uint32_t n = 0;
  uint64_t *sorted = malloc((d->used + 1) * sizeof *sorted);
  if (!sorted) return false;
  for (uint32_t i = 0; i < d->size; i++)
    if (d->set[i]) sorted[n++] = d->set[i];
  qsort(sorted, n, sizeof *sorted, order_hashes);
  tg_pack_varint(out, n);
  for (uint32_t i = 0; i < n; i++) tg_pack_u64(out, sorted[i]);
  free(sorted);
  return true;
}

static void write_registers(const uint8_t *registers, struct tg_buf *out)
{
  for (uint32_t i = 0; i < TG_DISTINCT_REGISTERS;) {
    uint32_t run = 0;
    while (run < EMPTY_RUN_MAX && i + run < TG_DISTINCT_REGISTERS && !registers[i + run]) run++;
    tg_pack_u8(out, run ? (uint8_t)(RANK_MAX + run) : registers[i]);
    i += run ? run : 1;
  }
}

bool tg_distinct_write(const struct tg_distinct *d, struct tg_buf *out)
{
  tg_pack_varint(out, d->count);
  tg_pack_varint(out, d->exact_max);
  tg_pack_u8(out, d->registers != NULL);
  if (!d->registers) return write_set(d, out);
  write_registers(d->registers, out);
  return true;
}

static void read_set(struct tg_distinct *d, struct tg_arena *arena, struct tg_unpack *in)
{
  uint64_t n = tg_unpack_count(in, d->exact_max), last = 0;
  for (uint64_t i = 0; i < n && !in->bad; i++) {
    uint64_t hash = tg_unpack_u64(in);
    if (hash <= last || !put(d, arena, hash)) in->bad = true;
    last = hash;
  }
}

static void read_registers(struct tg_distinct *d, struct tg_arena *arena, struct tg_unpack *in)
{
  if (!densify(d, arena)) in->bad = true;
  for (uint32_t i = 0; i < TG_DISTINCT_REGISTERS && !in->bad;) {
    uint8_t byte = tg_unpack_u8(in);
    uint32_t run = byte > RANK_MAX ? byte - RANK_MAX : 1;
    if (byte == 0 || i + run > TG_DISTINCT_REGISTERS) in->bad = true;
    if (!in->bad && byte <= RANK_MAX) d->registers[i] = byte;
    i += run;
  }
}

void tg_distinct_read(struct tg_distinct *d, struct tg_arena *arena, struct tg_unpack *in)
{
  d->count = tg_unpack_varint(in);
  d->exact_max = (uint32_t)tg_unpack_count(in, TG_DISTINCT_EXACT_MAX);
  uint8_t dense = tg_unpack_u8(in);
  if (dense > 1) in->bad = true;
  if (in->bad) return;
  if (dense)
    read_registers(d, arena, in);
  else
    read_set(d, arena, in);
}

/* Ertl's sigma: x + sum of x^(2^k) 2^(k-1). */
static double sigma(double x)
{
  if (x == 1) return INFINITY;
  double y = 1, z = x, last;
  do {
    x *= x;
    last = z;
    z += x * y;
    y += y;
  } while (z != last);
  return z;
}

/* Ertl's tau: (1 - x - sum of (1 - x^(2^-k))^2 2^-k) / 3. */
static double tau(double x)
{
  if (x == 0 || x == 1) return 0;
  double y = 1, z = 1 - x, last;
  do {
    x = sqrt(x);
    last = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != last);
  return z / 3;
}

double tg_distinct_estimate(const struct tg_distinct *d)
{
  if (!d->registers) return d->used;
  const double m = TG_DISTINCT_REGISTERS;
  uint32_t histogram[RANK_MAX + 1] = {0};
  for (uint32_t i = 0; i < TG_DISTINCT_REGISTERS; i++) histogram[d->registers[i]]++;
  double z = m * tau(1 - histogram[RANK_MAX] / m);
  for (int k = RANK_BITS; k >= 1; k--) z = 0.5 * (z + histogram[k]);
  z += m * sigma(histogram[0] / m);
  return m / (2 * M_LN2) * m / z;
}
