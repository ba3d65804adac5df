/* Keyed state to bytes and back. */
#include "core/state/keysave.h"

#include "core/state/keyvalue.h"

enum {
  VERSION_ENTIRE = 1,
  VERSION = 2,
  HEAD_BYTES = 6,
  SUM_BYTES = 8,
  VARINT_MAX = 10,
  GROUP = 32
};
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

/* Whether word i is written as the difference to the time before it. */
static bool is_time(enum tg_keyop op, uint32_t i, bool entire)
{
  uint32_t stride = time_stride(op);
  return stride ? i % stride == 0 : op == TG_KEYOP_SEEN && i == 1 && !entire;
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

/* The words behind the first `kept`. */
static void put_words(struct tg_buf *out, const struct tg_keystep *s, const struct tg_keyentry *e,
                      uint32_t kept)
{
  const int64_t *words = tg_keyentry_words(e);
  int64_t before = e->touched_us;
  for (uint32_t i = kept; i < e->count; i++) {
    bool time = is_time(s->op, i, false);
    put_difference(out, words[i], time ? before : 0);
    if (time) before = words[i];
  }
}

/* before_us: when the entry before was touched. */
static void put_entry(struct tg_buf *out, const struct tg_keystep *s, const struct tg_keyentry *e,
                      bool all, int64_t before_us)
{
  uint32_t kept = all ? 0 : e->kept;
  if (!tg_buf_reserve(out, e->key_len + (size_t)VARINT_MAX * (5 + e->count - kept))) return;
  struct tg_text key = tg_keyentry_key(e);
  put_here(out, key.len);
  if (key.len) memcpy(out->ptr + out->len, key.ptr, key.len);
  out->len += key.len;
  put_difference(out, e->touched_us, before_us);
  put_here(out, kept ? e->lost : 0);
  put_here(out, kept);
  put_here(out, e->count - kept);
  put_words(out, s, e, kept);
}

/* From entry `first` to the newest; what comes next is brought into the cache meanwhile. */
static void put_entries(struct tg_buf *out, const struct tg_keystep *s, uint32_t first, bool all)
{
  const struct tg_keytable *t = &s->table;
  const struct tg_keyentry *group[GROUP];
  int64_t before_us = t->clock_us;
  for (uint32_t n = first, count; n != TG_KEY_NONE;) {
    for (count = 0; n != TG_KEY_NONE && count < GROUP; n = group[count++]->newer) {
      const struct tg_keyentry *e = group[count] = tg_keytable_entry(t, n);
      __builtin_prefetch(tg_keyentry_words(e) + (all ? 0 : e->kept));
    }
    for (uint32_t i = 0; i < count; i++) {
      put_entry(out, s, group[i], all, before_us);
      before_us = group[i]->touched_us;
    }
  }
}

static void put_kind(struct tg_buf *out, const struct tg_keystep *s)
{
  put(out, s->op);
  put(out, s->type.kind);
  put(out, s->type.array);
  put(out, s->type.precision);
  put(out, s->type.scale);
}

static void put_counters(struct tg_buf *out, const struct tg_keystep *s)
{
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

static void put_bloom(struct tg_buf *out, const struct tg_keystep *s, bool all)
{
  struct tg_buf bytes;
  tg_buf_init(&bytes, 0);
  tg_bloom_save(&s->bloom, all, &bytes);
  out->failed |= bytes.failed;
  put(out, bytes.len);
  tg_buf_text(out, tg_buf_view(&bytes));
  tg_buf_fini(&bytes);
}

static void put_gone(void *self, struct tg_text key)
{
  put_key(self, key);
}

/* A step of a delta, or of a base. */
static void put_step(struct tg_buf *out, const struct tg_keystep *s, bool all)
{
  const struct tg_keytable *t = &s->table;
  put_kind(out, s);
  if (s->op == TG_KEYOP_MAYBE) return put_bloom(out, s, all);
  put_counters(out, s);
  put(out, all ? 0 : t->gone);
  if (!all) tg_keytable_each_gone(t, out, put_gone);
  put(out, all ? t->keys : t->touched);
  put_entries(out, s, all ? t->oldest : tg_keytable_first_touched(t), all);
}

static void put_all(const struct tg_keyed *k, char kind, struct tg_buf *out)
{
  size_t start = out->len;
  put_head(out, kind, k->steps_count);
  for (uint32_t i = 0; i < k->steps_count; i++) put_step(out, &k->steps[i], kind == 'b');
  put_sum(out, start);
}

void tg_keysave_base(const struct tg_keyed *k, struct tg_buf *out)
{
  put_all(k, 'b', out);
}

void tg_keysave_delta(const struct tg_keyed *k, struct tg_buf *out)
{
  put_all(k, 'd', out);
}

bool tg_keysave_same(const struct tg_keyed *k)
{
  bool same = true;
  for (uint32_t i = 0; i < k->steps_count; i++) {
    const struct tg_keystep *s = &k->steps[i];
    bool changed = s->op == TG_KEYOP_MAYBE ? s->bloom.touched : s->table.gone || s->table.touched;
    same &= !changed;
  }
  return same;
}

/* --- reading --- */

struct reader {
  const char *at, *end;
  bool bad;          /* and from then on every value is 0 */
  bool entire, base; /* version 1; not a delta */
  int64_t before_us; /* touch of the entry before */
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

/* What an operation will rely on; the words before `from` are known to be good. */
static bool words_fit(const struct tg_keystep *s, const int64_t *words, uint32_t count,
                      uint32_t from)
{
  uint32_t stride = time_stride(s->op);
  for (uint32_t i = from; stride && i < count; i += stride)
    if (i && words[i] < words[i - stride]) return false;
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

/* The words behind the first `kept`. */
static void get_words(struct reader *r, const struct tg_keystep *s, const struct tg_keyentry *e,
                      uint32_t kept)
{
  int64_t *words = tg_keyentry_words(e);
  int64_t before = r->entire ? s->table.clock_us : e->touched_us;
  for (uint32_t i = kept; i < e->count; i++) {
    bool time = is_time(s->op, i, r->entire);
    words[i] = get_difference(r, time ? before : 0);
    if (time) before = words[i];
  }
  r->bad |= !words_fit(s, words, e->count, kept);
}

struct change { /* of an entry's words */
  uint32_t lost, kept, more;
};

static bool change_fits(const struct tg_keystep *s, const struct tg_keyentry *e, struct change c)
{
  uint32_t stride = time_stride(s->op);
  bool whole = !stride || (c.lost % stride == 0 && c.kept % stride == 0);
  return whole && (!(c.lost || c.kept) || c.lost + c.kept <= e->count);
}

static struct change get_change(struct reader *r)
{
  struct change c = {0};
  uint64_t before = r->entire || r->base ? 0 : TG_KEY_WORDS_MAX;
  if (!r->entire) c.lost = (uint32_t)get_below(r, before), c.kept = (uint32_t)get_below(r, before);
  c.more = (uint32_t)get_below(r, TG_KEY_WORDS_MAX - c.kept);
  if (c.more > (uint64_t)(r->end - r->at)) r->bad = true; /* a word is a byte or more */
  return c;
}

/* False without memory; r->bad for bad bytes. */
static bool get_entry(struct reader *r, struct tg_keystep *s)
{
  struct tg_keytable *t = &s->table;
  struct tg_text key = get_key(r);
  int64_t touched_us = get_difference(r, r->entire ? t->clock_us : r->before_us);
  struct change c = get_change(r);
  if (r->bad) return true;
  uint32_t n = tg_keytable_touch(t, key, tg_keytable_hash(t, key));
  if (n == TG_KEY_NONE) return false;
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  r->before_us = e->touched_us = touched_us;
  if (!change_fits(s, e, c)) return r->bad = true;
  if (!tg_keytable_shift(t, e, c.lost) || !tg_keytable_resize(t, e, c.kept + c.more)) return false;
  get_words(r, s, e, c.kept);
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
  if (op == TG_KEYOP_MAYBE)
    tg_bloom_init(&s->bloom, 1, TG_BLOOM_FPP_MAX, 0); /* until its bytes say more */
  else
    tg_keytable_init(&s->table, &limits, k->seed);
  k->steps_count = number + 1;
  return s;
}

/* False without memory. */
static bool get_bloom(struct reader *r, struct tg_keystep *s)
{
  uint64_t len = get_below(r, (uint64_t)(r->end - r->at));
  if (len > (uint64_t)(r->end - r->at)) r->bad = true;
  if (r->bad) return true;
  enum tg_rc rc = tg_bloom_load(&s->bloom, r->base, tg_text_of(r->at, len));
  r->at += len;
  r->bad |= rc == TG_DATA;
  return rc != TG_RETRY;
}

static bool get_rows(struct reader *r, struct tg_keystep *s)
{
  if (s->op == TG_KEYOP_MAYBE) return get_bloom(r, s);
  get_counters(r, &s->table);
  r->before_us = s->table.clock_us;
  for (uint64_t n = get(r); n && !r->bad; n--) remove_key(&s->table, get_key(r));
  for (uint64_t n = get(r); n && !r->bad; n--)
    if (!get_entry(r, s)) return false;
  return true;
}

static bool head_good(struct tg_text bytes)
{
  if (bytes.len < HEAD_BYTES + SUM_BYTES || memcmp(bytes.ptr, MAGIC, 4) != 0) return false;
  bool known = bytes.ptr[4] == VERSION || bytes.ptr[4] == VERSION_ENTIRE;
  if (!known || (bytes.ptr[5] != 'b' && bytes.ptr[5] != 'd')) return false;
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
  struct reader r = {.at = bytes.ptr + HEAD_BYTES,
                     .end = bytes.ptr + bytes.len - SUM_BYTES,
                     .entire = bytes.ptr[4] == VERSION_ENTIRE,
                     .base = bytes.ptr[5] == 'b'};
  if (r.base) tg_keyed_fini(k);
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
