/* The operations of keyed state: one loop over the rows, one small function per operation. */
#include "core/state/keyed.h"

#include "core/state/keyvalue.h"

#include <stdlib.h>

static const char *const names[] = {
#define X(code, name) name,
    TG_KEYOP_LIST(X)
#undef X
};

const char *tg_keyop_name(enum tg_keyop op)
{
  return op < TG_KEYOPS ? names[op] : "?";
}

/* --- life --- */

void tg_keyed_init(struct tg_keyed *k, const struct tg_keyed_conf *conf, uint64_t seed)
{
  *k = (struct tg_keyed){.conf = *conf, .seed = seed, .base_from = -1};
}

void tg_keystep_fini(struct tg_keystep *s)
{
  if (s->op == TG_KEYOP_MAYBE)
    tg_bloom_fini(&s->bloom);
  else
    tg_keytable_fini(&s->table);
}

void tg_keyed_fini(struct tg_keyed *k)
{
  for (uint32_t i = 0; i < k->steps_count; i++) tg_keystep_fini(&k->steps[i]);
  k->steps_count = 0;
}

static bool step_begin(struct tg_keystep *s, int64_t from)
{
  return s->op == TG_KEYOP_MAYBE ? tg_bloom_begin(&s->bloom, from)
                                 : tg_keytable_begin(&s->table, from);
}

bool tg_keyed_begin(struct tg_keyed *k, int64_t from)
{
  tg_keyed_rollback(k, from);
  k->open = true, k->from = from;
  for (uint32_t i = 0; i < k->steps_count; i++)
    if (!step_begin(&k->steps[i], from)) return false;
  return true;
}

void tg_keyed_rollback(struct tg_keyed *k, int64_t from)
{
  for (uint32_t i = 0; i < k->steps_count; i++)
    if (k->steps[i].op == TG_KEYOP_MAYBE)
      tg_bloom_rollback(&k->steps[i].bloom, from);
    else
      tg_keytable_rollback(&k->steps[i].table, from);
  if (k->base_from >= from) k->base_from = -1;
  k->open = false;
}

void tg_keyed_commit(struct tg_keyed *k, int64_t to)
{
  for (uint32_t i = 0; i < k->steps_count; i++)
    if (k->steps[i].op == TG_KEYOP_MAYBE)
      tg_bloom_commit(&k->steps[i].bloom, to);
    else
      tg_keytable_commit(&k->steps[i].table, to);
  if (k->base_from >= 0 && k->base_from < to) k->based = true, k->base_from = -1;
}

/* --- keys --- */

/* Bytes that are equal when the values are. */
static struct tg_text key_bytes(const struct tg_column *c, uint32_t row)
{
  switch (tg_type_store(c->type)) {
  case TG_STORE_TEXT: return c->v.texts[row];
  case TG_STORE_UUID: return tg_text_of((const char *)&c->v.uuids[row], sizeof *c->v.uuids);
  case TG_STORE_SPAN: return tg_text_of((const char *)&c->v.spans[row], sizeof *c->v.spans);
  case TG_STORE_MASK: return tg_text_of((const char *)&c->v.mask[row], 1);
  default: return tg_text_of((const char *)&c->v.ints[row], 8);
  }
}

/* Several columns: each as a byte (is it null), its length, its bytes. Null equals null. */
static bool join_key(struct tg_op *op, const struct tg_keyed_use *u, uint32_t row,
                     struct tg_text *out)
{
  char room[TG_KEY_BYTES_MAX];
  uint32_t len = 0, values = 0;
  for (uint32_t i = 0; i < u->key_count; i++) {
    bool null = tg_column_is_null(u->key[i], row);
    struct tg_text t = null ? tg_text("") : key_bytes(u->key[i], row);
    if (t.len > sizeof room || len + 5 + t.len > sizeof room)
      return *out = tg_text_of("", TG_KEY_BYTES_MAX + 1), true;
    room[len] = (char)!null;
    memcpy(room + len + 1, &t.len, 4);
    if (t.len) memcpy(room + len + 5, t.ptr, t.len);
    len += 5 + t.len;
    values += !null;
  }
  *out = values ? tg_arena_copy(op->arena, tg_text_of(room, len)) : (struct tg_text){NULL, 0};
  return !values || out->ptr || tg_op_full(op);
}

static uint8_t key_nul(const struct tg_keyed_use *u, uint32_t row)
{
  uint8_t nul = TG_SOME;
  for (uint32_t i = 0; i < u->key_count; i++) {
    uint8_t n = (uint8_t)tg_column_nul(u->key[i], row);
    if (n > nul && (n > TG_NULL || u->key_count == 1)) nul = n;
  }
  return nul;
}

static bool row_key(struct tg_op *op, struct tg_keyed_use *u, uint32_t row)
{
  bool live = u->b->fates[row] <= TG_TAG && (!u->rows || u->rows[row]);
  uint8_t nul = live ? key_nul(u, row) : TG_NULL;
  struct tg_text key = {NULL, 0};
  if (!nul && u->key_count == 0) key = tg_text("");
  if (!nul && u->key_count == 1) key = key_bytes(u->key[0], row);
  if (!nul && u->key_count > 1 && !join_key(op, u, row, &key)) return false;
  if (!nul && !key.ptr) nul = TG_NULL;
  if (key.len > TG_KEY_BYTES_MAX) key = (struct tg_text){NULL, 0}, nul = TG_LIMIT;
  u->keys[row] = key, u->nul[row] = nul;
  return true;
}

/* -0 and every NaN have the bytes of 0 and of one NaN. */
static struct tg_column *plain_floats(struct tg_op *op, const struct tg_column *c)
{
  struct tg_column *out = tg_op_raw(op, c->type);
  for (uint32_t row = 0; out && row < op->rows; row++) {
    double d = c->v.floats[row];
    out->v.floats[row] = d != d ? __builtin_nan("") : d + 0.0;
  }
  if (out) out->nul = c->nul;
  return out;
}

static bool make_keys(struct tg_keyed_use *u, struct tg_op *op)
{
  if (u->keys) return true;
  for (uint32_t i = 0; i < u->key_count; i++) {
    if (tg_type_store(u->key[i]->type) != TG_STORE_FLOAT || u->key[i]->type.array) continue;
    if (!(u->key[i] = plain_floats(op, u->key[i]))) return false;
  }
  struct tg_text *keys = tg_op_alloc(op, op->rows, sizeof *keys);
  u->nul = tg_op_alloc(op, op->rows, 1);
  if (!keys || !u->nul) return false;
  u->keys = keys;
  for (uint32_t row = 0; row < op->rows; row++) {
    if (row % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!row_key(op, u, row)) return false;
  }
  return true;
}

/* --- the loop --- */

enum { AHEAD = 32 }; /* rows whose keys are brought into the cache together */

struct work { /* of one operation */
  struct tg_keyed_use *u;
  struct tg_op *op;
  enum tg_keyop what;
  struct tg_column *out, *times, *values;
  int64_t window_us, keep_us;
  double fpp; /* of MAYBE */
  uint8_t *nul;
  bool one_key;              /* keys do not matter */
  struct tg_keytable *table; /* of the segment */
  struct tg_bloom *bloom;    /* or this one */
  int64_t us;                /* the row's time */
  uint32_t row;
  int64_t now[TG_KEYVALUE_WORDS_MAX]; /* the row's value */
  uint32_t now_count;
  uint64_t hashes[AHEAD]; /* of the rows from a multiple of AHEAD of the segment on */
};

/* What an operation does with the key's entry. False: no memory. */
typedef bool apply(struct work *w, struct tg_keyentry *e);

static struct tg_type value_type(const struct work *w)
{
  return w->values ? tg_keyvalue_type(w->values->type) : tg_type_of(TG_INT8);
}

/* Whether the step is this operation's, as it is asked now. */
static bool is_same(const struct tg_keystep *s, const struct tg_keyed *k, const struct work *w)
{
  if (s->op != w->what || !tg_type_eq(s->type, value_type(w))) return false;
  return s->op != TG_KEYOP_MAYBE ||
         (s->bloom.keys_max == k->conf.limits.keys_max && s->bloom.fpp == w->fpp);
}

static bool make_step(struct tg_keyed *k, struct tg_keystep *s, const struct work *w)
{
  s->op = w->what, s->type = value_type(w);
  if (s->op == TG_KEYOP_MAYBE)
    tg_bloom_init(&s->bloom, k->conf.limits.keys_max, w->fpp, w->window_us);
  else
    tg_keytable_init(&s->table, &k->conf.limits, k->seed);
  return step_begin(s, k->from);
}

/* Finds the step's memory; one of another kind begins anew. */
static bool find_step(struct tg_keyed *k, uint32_t number, struct work *w)
{
  struct tg_keystep *s = &k->steps[number];
  bool known = number < k->steps_count, good = known && is_same(s, k, w);
  if (known && !good) tg_keystep_fini(s), k->changed = true, k->based = false;
  if (!known) k->steps_count = number + 1;
  if (!good && !make_step(k, s, w)) return false;
  w->table = &s->table, w->bloom = &s->bloom;
  if (s->op == TG_KEYOP_MAYBE) return s->bloom.window_us = w->window_us, true;
  s->table.limits = k->conf.limits; /* a table that was read knows none */
  if (!s->table.limits.keep_us && w->window_us) s->table.limits.keep_us = w->window_us;
  w->keep_us = s->table.limits.keep_us;
  return true;
}

/* The time of a row; false: it has none, and so no result. */
static bool row_time(struct work *w)
{
  const struct tg_event *e = &w->u->b->events[w->row];
  w->us = e->kafka_us;
  if (!w->times) return true;
  if (tg_column_is_null(w->times, w->row)) return false;
  w->us = w->times->v.ints[w->row];
  bool date = w->times->type.kind == TG_DATE;
  return !date || !__builtin_mul_overflow(w->us, INT64_C(86400000000), &w->us);
}

static bool out_of_memory(struct work *w)
{
  return (void)tg_op_fail(w->op, TG_DATA, "no memory left for the rule's state"), false;
}

static bool too_many(struct work *w, const struct tg_keyed *k)
{
  return (void)tg_op_fail(w->op, TG_DATA, "more than %u keys: raise keys_max, or the key is wrong",
                          k->conf.limits.keys_max),
         false;
}

static struct tg_text row_text(const struct work *w, uint32_t row)
{
  return w->one_key ? tg_text("") : w->u->keys[row];
}

static void look_ahead(struct work *w, uint32_t end)
{
  uint32_t count = end - w->row < AHEAD ? end - w->row : AHEAD;
  for (uint32_t i = 0; i < count; i++)
    w->hashes[i] = tg_keytable_hash(w->table, row_text(w, w->row + i));
  tg_keytable_ahead(w->table, w->hashes, count);
}

static bool maybe_row(struct work *w, struct tg_text key, int64_t now_us)
{
  bool seen;
  if (!tg_bloom_meet(w->bloom, key, w->us, now_us, &seen)) return out_of_memory(w);
  w->out->v.mask[w->row] = seen ? TG_TRUE : TG_FALSE;
  return true;
}

static bool one_row(struct work *w, const struct tg_keyed *k, uint64_t hash, apply *fn)
{
  struct tg_text key = row_text(w, w->row);
  uint8_t nul = w->u->nul[w->row];
  if (!nul && !row_time(w)) nul = TG_NULL;
  if (!nul && w->values) nul = tg_keyvalue_read(w->values, w->row, w->now, &w->now_count);
  bool optional =
      w->what == TG_KEYOP_PREVIOUS || w->what == TG_KEYOP_LARGEST || w->what == TG_KEYOP_SMALLEST;
  if (nul == TG_NULL && optional && !w->u->nul[w->row]) nul = TG_SOME, w->now_count = 0;
  w->nul[w->row] = nul;
  if (nul) return true;
  int64_t kafka_us = w->u->b->events[w->row].kafka_us;
  int64_t now_us = kafka_us >= 0 && kafka_us < w->us ? kafka_us : w->us;
  if (w->what == TG_KEYOP_MAYBE) return maybe_row(w, key, now_us);
  if (!tg_keytable_tick(w->table, now_us)) return out_of_memory(w);
  if (k->conf.full_is_error && w->table->keys >= k->conf.limits.keys_max &&
      tg_keytable_find(w->table, key, hash) == TG_KEY_NONE)
    return too_many(w, k);
  uint32_t n = tg_keytable_touch(w->table, key, hash);
  return n != TG_KEY_NONE && fn(w, tg_keytable_entry(w->table, n)) ? true : out_of_memory(w);
}

static bool one_segment(struct work *w, struct tg_keyed *k, const struct tg_segment *s, apply *fn)
{
  if (!find_step(k, w->u->step, w)) return out_of_memory(w);
  for (uint32_t row = s->row; row < s->row + s->rows; row++) {
    if ((row - s->row) % TG_OP_BLOCK_ROWS == 0 && tg_op_late(w->op)) return false;
    w->row = row;
    uint32_t at = (row - s->row) % AHEAD;
    if (at == 0 && w->what != TG_KEYOP_MAYBE) look_ahead(w, s->row + s->rows);
    if (!one_row(w, k, w->hashes[at], fn)) return false;
  }
  return true;
}

static struct tg_column *run(struct work *w, struct tg_type type, apply *fn)
{
  struct tg_keyed_use *u = w->u;
  if (u->step == TG_KEYED_STEPS_MAX)
    return tg_op_fail(w->op, TG_CONFIG, "a rule asks its state at most %d times",
                      TG_KEYED_STEPS_MAX);
  if (!make_keys(u, w->op)) return NULL;
  w->out = tg_op_new(w->op, type);
  w->nul = w->out ? tg_op_alloc(w->op, w->op->rows, 1) : NULL;
  if (!w->nul) return NULL;
  if (w->op->rows) memset(w->nul, TG_NULL, w->op->rows);
  for (uint32_t i = 0; i < u->b->segments_count; i++)
    if (!one_segment(w, u->state[i], &u->b->segments[i], fn)) return NULL;
  u->step++;
  return tg_op_end(w->op, w->out, w->nul);
}

static bool are_times(struct tg_op *op, const struct tg_column *c)
{
  char name[64];
  if (!c || (!c->type.array && (c->type.kind == TG_TIMESTAMPTZ || c->type.kind == TG_TIMESTAMP ||
                                c->type.kind == TG_DATE)))
    return true;
  return tg_op_fail(op, TG_CONFIG, "a timestamp or date column is due, this is %s",
                    tg_type_name(c->type, name, sizeof name)) != NULL;
}

static bool window_fits(const struct tg_keyed_use *u, struct tg_op *op, int64_t window_us)
{
  for (uint32_t i = 0; i < u->b->segments_count; i++) {
    int64_t keep_us = u->state[i]->conf.limits.keep_us;
    if (keep_us && (window_us > keep_us || window_us <= 0))
      return tg_op_fail(op, TG_CONFIG,
                        "the window is longer than what the rule keeps: raise `keep`") != NULL;
  }
  return true;
}

/* --- windows: words are times, or times and values, ascending by time --- */

/* How many of `count` times (every `stride` words) are <= us. */
static uint32_t up_to(const int64_t *words, uint32_t count, uint32_t stride, int64_t us)
{
  uint32_t low = 0, high = count;
  if (count && words[(count - 1) * stride] <= us) return count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (words[middle * stride] <= us)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int64_t minus(int64_t us, int64_t span_us)
{
  int64_t out;
  return __builtin_sub_overflow(us, span_us, &out) ? INT64_MIN : out;
}

/* Puts `stride` words (time first) in their place, and drops what is too old or too much. */
static bool ring_add(struct work *w, struct tg_keyentry *e, uint32_t stride, const int64_t *add)
{
  uint32_t rows = e->count / stride, at = up_to(tg_keyentry_words(e), rows, stride, add[0]);
  if (!tg_keytable_change(w->table, e, at * stride)) return false;
  if (!tg_keytable_resize(w->table, e, e->count + stride)) return false;
  int64_t *words = tg_keyentry_words(e), *here = words + (size_t)at * stride;
  memmove(here + stride, here, (size_t)(rows - at) * stride * sizeof *here);
  memcpy(here, add, stride * sizeof *here);
  rows++;
  uint32_t old = up_to(words, rows, stride, minus(words[(rows - 1) * stride], w->keep_us));
  if (rows - old > TG_KEYED_RING_MAX) old = rows - TG_KEYED_RING_MAX;
  return tg_keytable_shift(w->table, e, old * stride);
}

static bool count_row(struct work *w, struct tg_keyentry *e)
{
  const int64_t *words = tg_keyentry_words(e);
  uint32_t high = up_to(words, e->count, 1, w->us);
  uint32_t low = up_to(words, e->count, 1, minus(w->us, w->window_us));
  w->out->v.ints[w->row] = (int64_t)(high - low) + 1;
  return ring_add(w, e, 1, &w->us);
}

struct tg_column *tg_keyed_count(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                 int64_t window_us)
{
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_COUNT, .times = times};
  w.window_us = window_us;
  if (!are_times(op, times) || !window_fits(u, op, window_us)) return NULL;
  return run(&w, tg_type_of(TG_INT8), count_row);
}

static bool sum_row(struct work *w, struct tg_keyentry *e)
{
  const int64_t *words = tg_keyentry_words(e);
  uint32_t high = up_to(words, e->count / 2, 2, w->us);
  uint32_t low = up_to(words, e->count / 2, 2, minus(w->us, w->window_us));
  const int64_t add[] = {w->us, w->now[0]};
  __int128_t sum = add[1];
  double total = 0, d;
  if (tg_type_store(w->values->type) == TG_STORE_FLOAT) {
    for (uint32_t i = low; i < high; i++) memcpy(&d, &words[2 * i + 1], 8), total += d;
    memcpy(&d, &add[1], 8);
    w->out->v.floats[w->row] = total + d;
  } else {
    for (uint32_t i = low; i < high; i++) sum += words[2 * i + 1];
    if ((int64_t)sum != sum) w->nul[w->row] = TG_OVERFLOW;
    w->out->v.ints[w->row] = (int64_t)sum;
  }
  return ring_add(w, e, 2, add);
}

struct tg_column *tg_keyed_sum(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *values,
                               struct tg_column *times, int64_t window_us)
{
  char name[64];
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_SUM, .times = times, .values = values};
  w.window_us = window_us;
  enum tg_store store = tg_type_store(values->type);
  bool number = tg_type_is_number(values->type) && !values->type.array && store != TG_STORE_TEXT;
  if (!number)
    return tg_op_fail(op, TG_CONFIG,
                      "sums are of whole numbers, numeric up to 18 digits and floats,"
                      " not of %s",
                      tg_type_name(values->type, name, sizeof name));
  if (!are_times(op, times) || !window_fits(u, op, window_us)) return NULL;
  struct tg_type type = values->type.kind == TG_NUMERIC ? tg_type_numeric(values->type.scale)
                        : store == TG_STORE_FLOAT       ? tg_type_of(TG_FLOAT8)
                                                        : tg_type_of(TG_INT8);
  return run(&w, type, sum_row);
}

/* --- one value --- */

static bool keep_words(struct work *w, struct tg_keyentry *e, const int64_t *words, uint32_t count)
{
  if (!tg_keytable_change(w->table, e, 0)) return false;
  if (!tg_keytable_resize(w->table, e, count)) return false;
  memcpy(tg_keyentry_words(e), words, count * sizeof *words);
  return true;
}

/* The window counts from the last time the key was seen. */
static bool seen_row(struct work *w, struct tg_keyentry *e)
{
  const int64_t *words = tg_keyentry_words(e);
  int64_t offset = w->u->b->events[w->row].offset;
  int64_t now[] = {offset, w->us};
  bool again =
      e->count && words[0] < offset && (!w->window_us || words[1] > minus(w->us, w->window_us));
  if (again) now[0] = words[0];
  if (e->count && words[1] > now[1]) now[1] = words[1];
  w->out->v.mask[w->row] = again ? TG_TRUE : TG_FALSE;
  return keep_words(w, e, now, 2);
}

struct tg_column *tg_keyed_seen(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                int64_t window_us)
{
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_SEEN, .times = times};
  w.window_us = window_us;
  if (!are_times(op, times) || !window_fits(u, op, window_us)) return NULL;
  return run(&w, tg_type_of(TG_BOOL), seen_row);
}

struct tg_column *tg_keyed_maybe(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                 int64_t window_us, double fpp)
{
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_MAYBE, .times = times, .fpp = fpp};
  w.window_us = window_us;
  if (!are_times(op, times) || !window_fits(u, op, window_us)) return NULL;
  if (!(fpp >= TG_BLOOM_FPP_MIN && fpp <= TG_BLOOM_FPP_MAX))
    return tg_op_fail(op, TG_CONFIG, "fpp is from 0.000001 to 0.1, not %g", fpp);
  for (uint32_t i = 0; i < u->b->segments_count; i++)
    if (u->state[i]->conf.full_is_error)
      return tg_op_fail(op, TG_CONFIG, "maybe_seen pushes keys out: full = \"error\" is of seen");
  return run(&w, tg_type_of(TG_BOOL), NULL);
}

static bool ordinal_row(struct work *w, struct tg_keyentry *e)
{
  int64_t n = e->count ? tg_keyentry_words(e)[0] + 1 : 1;
  w->out->v.ints[w->row] = n;
  return keep_words(w, e, &n, 1);
}

struct tg_column *tg_keyed_ordinal(struct tg_keyed_use *u, struct tg_op *op)
{
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_ORDINAL};
  return run(&w, tg_type_of(TG_INT8), ordinal_row);
}

static bool age_row(struct work *w, struct tg_keyentry *e)
{
  int64_t first = e->count ? tg_keyentry_words(e)[0] : w->us;
  w->out->v.spans[w->row] = (struct tg_span){.us = minus(w->us, first)};
  return e->count || keep_words(w, e, &first, 1);
}

struct tg_column *tg_keyed_age(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times)
{
  struct work w = {.u = u, .op = op, .what = TG_KEYOP_AGE, .times = times, .one_key = true};
  if (!are_times(op, times)) return NULL;
  return run(&w, tg_type_of(TG_INTERVAL), age_row);
}

/* --- values of a column --- */

static bool put_before(struct work *w, const struct tg_keyentry *e)
{
  if (!e->count) return w->nul[w->row] = TG_NULL, true;
  return tg_keyvalue_write(w->out, w->row, tg_keyentry_words(e), w->op->arena);
}

static bool previous_row(struct work *w, struct tg_keyentry *e)
{
  if (!put_before(w, e)) return false;
  return !w->now_count || keep_words(w, e, w->now, w->now_count);
}

static bool extreme_row(struct work *w, struct tg_keyentry *e)
{
  if (!put_before(w, e)) return false;
  bool up = w->what == TG_KEYOP_LARGEST;
  int order = w->now_count && e->count
                  ? tg_keyvalue_order(w->values->type, w->now, tg_keyentry_words(e))
                  : (up ? 1 : -1);
  return !w->now_count || (up ? order <= 0 : order >= 0) || keep_words(w, e, w->now, w->now_count);
}

/* words: length of the run, its value */
static bool run_row(struct work *w, struct tg_keyentry *e)
{
  int64_t *words = tg_keyentry_words(e), length = 1;
  bool same =
      e->count == w->now_count + 1 && memcmp(words + 1, w->now, w->now_count * sizeof *words) == 0;
  if (same) length = words[0] + 1;
  w->out->v.ints[w->row] = length;
  if (!tg_keytable_change(w->table, e, 0)) return false;
  if (!tg_keytable_resize(w->table, e, w->now_count + 1)) return false;
  words = tg_keyentry_words(e);
  words[0] = length;
  memcpy(words + 1, w->now, w->now_count * sizeof *words);
  return true;
}

struct tg_column *tg_keyed_value(struct tg_keyed_use *u, struct tg_op *op, enum tg_keyop what,
                                 struct tg_column *c)
{
  char name[64];
  struct work w = {.u = u, .op = op, .what = what, .values = c};
  enum tg_store store = tg_type_store(c->type);
  bool ordered = !c->type.array && (store == TG_STORE_INT || store == TG_STORE_FLOAT);
  if (what == TG_KEYOP_RUN) return run(&w, tg_type_of(TG_INT8), run_row);
  if (what == TG_KEYOP_PREVIOUS) return run(&w, c->type, previous_row);
  if (ordered) return run(&w, c->type, extreme_row);
  return tg_op_fail(op, TG_CONFIG, "%s is of numbers up to 18 digits and of times, not of %s",
                    tg_keyop_name(what), tg_type_name(c->type, name, sizeof name));
}
