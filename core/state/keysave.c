/* Keyed state to bytes and back. */
#include "core/state/keysave.h"

#include "core/state/keyvalue.h"

enum { VERSION = 1, HEAD_BYTES = 6, SUM_BYTES = 8, VARINT_MAX = 10 };
static const char MAGIC[] = "tgks";

/* FNV-1a, eight bytes at a time (as the machine has them), the rest one by one; the upper half
 * is folded in, because a product carries only upwards. */
static uint64_t checksum(const char *p, size_t n)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325), word;
  for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
    memcpy(&word, p, sizeof word);
    h = (h ^ word) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
  }
  for (; n; p++, n--) h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
  return h;
}

/* How many words lie between a time and the time before it; 0: the words are no times. */
static uint32_t time_stride(enum tg_keyop op)
{
  return op == TG_KEYOP_COUNT ? 1 : op == TG_KEYOP_SUM ? 2 : 0;
}

/* --- writing --- */

/* Into a buffer that has room for VARINT_MAX bytes. */
static void put_here(struct tg_buf *out, uint64_t v)
{
  char *p = out->ptr + out->len;
  for (; v >= 0x80; v >>= 7) *p++ = (char)(v | 0x80);
  *p++ = (char)v;
  out->len = (size_t)(p - out->ptr);
}

static void put(struct tg_buf *out, uint64_t v)
{
  if (tg_buf_reserve(out, VARINT_MAX)) put_here(out, v);
}

static uint64_t zigzag(int64_t v)
{
  return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static void put_signed(struct tg_buf *out, int64_t v)
{
  put(out, zigzag(v));
}

/* Differences wrap around, and so does adding them up again. */
static void put_difference(struct tg_buf *out, int64_t v, int64_t from)
{
  put_here(out, zigzag((int64_t)((uint64_t)v - (uint64_t)from)));
}

static void put_key(struct tg_buf *out, struct tg_text key)
{
  put(out, key.len);
  tg_buf_text(out, key);
}

static void put_entry(struct tg_buf *out, const struct tg_keystep *s, const struct tg_keyentry *e)
{
  const int64_t *words = tg_keyentry_words(e);
  uint32_t stride = time_stride(s->op);
  int64_t before = s->table.clock_us;
  if (!tg_buf_reserve(out, e->key_len + (size_t)VARINT_MAX * (3 + e->count))) return;
  put_key(out, tg_keyentry_key(e));
  put_difference(out, e->touched_us, s->table.clock_us);
  put_here(out, e->count);
  for (uint32_t i = 0; i < e->count; i++) {
    bool time = stride && i % stride == 0;
    put_difference(out, words[i], time ? before : 0);
    if (time) before = words[i];
  }
}

static void put_step(struct tg_buf *out, const struct tg_keystep *s)
{
  put(out, s->op);
  put(out, s->type.kind);
  put(out, s->type.array);
  put(out, s->type.precision);
  put(out, s->type.scale);
  put_signed(out, s->table.clock_us);
  put_signed(out, s->table.started_us);
  put(out, s->table.evicted);
  put(out, s->table.expired);
}

static void put_head(struct tg_buf *out, char kind, uint32_t steps)
{
  tg_buf_add(out, MAGIC, 4);
  tg_buf_char(out, VERSION);
  tg_buf_char(out, kind);
  put(out, steps);
}

static void put_sum(struct tg_buf *out, size_t start)
{
  uint64_t sum = out->failed ? 0 : checksum(out->ptr + start, out->len - start);
  for (int i = 0; i < SUM_BYTES; i++) tg_buf_char(out, (char)(sum >> (8 * i)));
}

void tg_keysave_base(const struct tg_keyed *k, struct tg_buf *out)
{
  size_t start = out->len;
  put_head(out, 'b', k->steps_count);
  for (uint32_t i = 0; i < k->steps_count; i++) {
    const struct tg_keytable *t = &k->steps[i].table;
    put_step(out, &k->steps[i]);
    put(out, 0);
    put(out, t->keys);
    for (uint32_t n = t->oldest; n != TG_KEY_NONE; n = tg_keytable_entry(t, n)->newer)
      put_entry(out, &k->steps[i], tg_keytable_entry(t, n));
  }
  put_sum(out, start);
}

static void count_gone(void *self, struct tg_text key)
{
  (void)key;
  ++*(uint64_t *)self;
}

static void put_gone(void *self, struct tg_text key)
{
  put_key(self, key);
}

static uint32_t count_touched(const struct tg_keytable *t)
{
  uint32_t count = 0;
  for (uint32_t n = tg_keytable_first_touched(t); n != TG_KEY_NONE;
       n = tg_keytable_entry(t, n)->newer)
    count++;
  return count;
}

void tg_keysave_delta(const struct tg_keyed *k, struct tg_buf *out)
{
  size_t start = out->len;
  put_head(out, 'd', k->steps_count);
  for (uint32_t i = 0; i < k->steps_count; i++) {
    const struct tg_keytable *t = &k->steps[i].table;
    uint64_t gone = 0;
    tg_keytable_each_gone(t, &gone, count_gone);
    put_step(out, &k->steps[i]);
    put(out, gone);
    tg_keytable_each_gone(t, out, put_gone);
    put(out, count_touched(t));
    for (uint32_t n = tg_keytable_first_touched(t); n != TG_KEY_NONE;
         n = tg_keytable_entry(t, n)->newer)
      put_entry(out, &k->steps[i], tg_keytable_entry(t, n));
  }
  put_sum(out, start);
}

bool tg_keysave_same(const struct tg_keyed *k)
{
  bool same = true;
  for (uint32_t i = 0; i < k->steps_count; i++) {
    uint64_t gone = 0;
    tg_keytable_each_gone(&k->steps[i].table, &gone, count_gone);
    same &= !gone && tg_keytable_first_touched(&k->steps[i].table) == TG_KEY_NONE;
  }
  return same;
}

/* --- reading --- */

struct reader {
  const char *at, *end;
  bool bad; /* and from then on every value is 0 */
};

static uint64_t get(struct reader *r)
{
  uint64_t v = 0;
  for (uint32_t shift = 0; shift < 64; shift += 7) {
    if (r->at == r->end) break;
    uint64_t byte = (unsigned char)*r->at++;
    if (shift == 63 && byte > 1) break;
    v |= (byte & 0x7f) << shift;
    if (byte < 0x80) return v;
  }
  r->bad = true;
  r->at = r->end;
  return 0;
}

/* At most max, else the bytes are bad. */
static uint64_t get_below(struct reader *r, uint64_t max)
{
  uint64_t v = get(r);
  if (v <= max) return v;
  r->bad = true;
  return 0;
}

static int64_t get_signed(struct reader *r)
{
  uint64_t v = get(r);
  return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static int64_t get_difference(struct reader *r, int64_t from)
{
  return (int64_t)((uint64_t)get_signed(r) + (uint64_t)from);
}

static struct tg_text get_key(struct reader *r)
{
  uint64_t len = get_below(r, TG_KEY_BYTES_MAX);
  if (len > (uint64_t)(r->end - r->at)) r->bad = true;
  if (r->bad) return tg_text("");
  struct tg_text key = tg_text_of(r->at, len);
  r->at += len;
  return key;
}

/* What an operation will rely on. */
static bool words_fit(const struct tg_keystep *s, const int64_t *words, uint32_t count)
{
  uint32_t stride = time_stride(s->op);
  for (uint32_t i = stride; stride && i < count; i += stride)
    if (words[i] < words[i - stride]) return false;
  switch (s->op) {
  case TG_KEYOP_COUNT:
  case TG_KEYOP_SUM: return count % stride == 0 && count / stride <= TG_KEYED_RING_MAX;
  case TG_KEYOP_SEEN: return count == 2;
  case TG_KEYOP_ORDINAL:
  case TG_KEYOP_AGE: return count == 1;
  case TG_KEYOP_RUN: return count && tg_keyvalue_fits(s->type, words + 1, count - 1);
  default: return !count || tg_keyvalue_fits(s->type, words, count);
  }
}

static bool get_words(struct reader *r, const struct tg_keystep *s, int64_t *words, uint32_t count)
{
  uint32_t stride = time_stride(s->op);
  int64_t before = s->table.clock_us;
  for (uint32_t i = 0; i < count; i++) {
    bool time = stride && i % stride == 0;
    words[i] = get_difference(r, time ? before : 0);
    if (time) before = words[i];
  }
  return !r->bad && words_fit(s, words, count);
}

/* False without memory; r->bad for bad bytes. */
static bool get_entry(struct reader *r, struct tg_keystep *s)
{
  struct tg_keytable *t = &s->table;
  struct tg_text key = get_key(r);
  int64_t touched_us = get_difference(r, t->clock_us);
  uint32_t count = (uint32_t)get_below(r, TG_KEY_WORDS_MAX);
  if (count > (uint64_t)(r->end - r->at)) r->bad = true; /* a word is a byte or more */
  if (r->bad) return true;
  uint32_t n = tg_keytable_touch(t, key, tg_keytable_hash(t, key));
  if (n == TG_KEY_NONE) return false;
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  e->touched_us = touched_us;
  if (!tg_keytable_resize(t, e, count)) return false;
  r->bad = !get_words(r, s, tg_keyentry_words(e), count);
  return true;
}

static void remove_key(struct tg_keytable *t, struct tg_text key)
{
  uint32_t n = tg_keytable_find(t, key, tg_keytable_hash(t, key));
  if (n != TG_KEY_NONE) tg_keytable_remove(t, n);
}

static void get_counters(struct reader *r, struct tg_keytable *t)
{
  t->clock_us = get_signed(r);
  t->started_us = get_signed(r);
  t->evicted = get(r);
  t->expired = get(r);
}

static struct tg_type get_type(struct reader *r)
{
  struct tg_type type = {.kind = (enum tg_kind)get_below(r, TG_INET)};
  type.array = get_below(r, 1);
  type.precision = (uint16_t)get_below(r, TG_NUMERIC_DIGITS_MAX);
  type.scale = (uint16_t)get_below(r, TG_NUMERIC_DIGITS_MAX);
  type.sized = type.precision > 0;
  return type;
}

/* The step that the bytes go on with; a step not there yet is made. */
static struct tg_keystep *get_step(struct reader *r, struct tg_keyed *k, uint32_t number)
{
  enum tg_keyop op = (enum tg_keyop)get_below(r, TG_KEYOPS - 1);
  struct tg_type type = get_type(r);
  struct tg_keystep *s = &k->steps[number];
  if (number < k->steps_count) {
    r->bad |= s->op != op || !tg_type_eq(s->type, type);
    return s;
  }
  struct tg_keytable_limits limits = {.keys_max = TG_KEYED_KEYS_MAX,
                                      .bytes_max = (size_t)2 * TG_KEYED_BYTES_MAX};
  s->op = op, s->type = type;
  tg_keytable_init(&s->table, &limits, k->seed);
  k->steps_count = number + 1;
  return s;
}

static bool get_rows(struct reader *r, struct tg_keystep *s)
{
  get_counters(r, &s->table);
  for (uint64_t n = get(r); n && !r->bad; n--) remove_key(&s->table, get_key(r));
  for (uint64_t n = get(r); n && !r->bad; n--)
    if (!get_entry(r, s)) return false;
  return true;
}

static bool head_good(struct tg_text bytes)
{
  if (bytes.len < HEAD_BYTES + SUM_BYTES || memcmp(bytes.ptr, MAGIC, 4) != 0) return false;
  if (bytes.ptr[4] != VERSION || (bytes.ptr[5] != 'b' && bytes.ptr[5] != 'd')) return false;
  uint64_t sum = 0;
  for (int i = 0; i < SUM_BYTES; i++)
    sum |= (uint64_t)(unsigned char)bytes.ptr[bytes.len - SUM_BYTES + (uint32_t)i] << (8 * i);
  return sum == checksum(bytes.ptr, bytes.len - SUM_BYTES);
}

enum tg_rc tg_keysave_load(struct tg_keyed *k, struct tg_text bytes, struct tg_err *err)
{
  if (!head_good(bytes))
    return tg_err_set(err, TG_DATA, "rule state",
                      "%u bytes that are not those of a rule's state, "
                      "or were damaged, or are of a newer version",
                      bytes.len);
  struct reader r = {bytes.ptr + HEAD_BYTES, bytes.ptr + bytes.len - SUM_BYTES, false};
  if (bytes.ptr[5] == 'b') tg_keyed_fini(k);
  uint32_t steps = (uint32_t)get_below(&r, TG_KEYED_STEPS_MAX);
  for (uint32_t i = 0; i < steps && !r.bad; i++) {
    struct tg_keystep *s = get_step(&r, k, i);
    if (!r.bad && !get_rows(&r, s)) return tg_err_set(err, TG_RETRY, "rule state", "no memory");
  }
  if (!r.bad && r.at == r.end && steps >= k->steps_count) return TG_OK;
  return tg_err_set(err, TG_DATA, "rule state",
                    "%u bytes whose checksum holds and whose contents "
                    "do not",
                    bytes.len);
}
