/* Rotating Bloom filters. */
#include "core/state/bloom.h"

#include "core/base/err.h"
#include "core/data/hash.h"
#include "core/state/codec.h"

#include <math.h>
#include <stdlib.h>

enum { BITS_MIN = 1024 };

enum what { CHANGE_PUT, CHANGE_MADE, CHANGE_DROPPED };

struct change { /* in the log */
  uint64_t *words;
  uint64_t hash;  /* of what was put */
  uint32_t fresh; /* bit i: the bit of hash function i was not set before */
  enum what what;
};

void tg_bloom_init(struct tg_bloom *b, uint32_t keys_max, double fpp, int64_t window_us)
{
  *b = (struct tg_bloom){.keys_max = keys_max, .fpp = fpp, .window_us = window_us};
  double functions = log2(TG_BLOOM_FILTERS / fpp);
  b->hashes = (uint32_t)ceil(functions);
  b->keys_each = keys_max - keys_max / 2;
  b->bits = (uint64_t)ceil(b->keys_each * functions / log(2));
  if (b->bits < BITS_MIN) b->bits = BITS_MIN;
  b->clock_us = INT64_MIN;
  tg_buf_init(&b->log, 0);
}

static size_t words_count(const struct tg_bloom *b)
{
  return (size_t)(b->bits + 63) / 64;
}

size_t tg_bloom_bytes(const struct tg_bloom *b)
{
  return b->count * words_count(b) * sizeof(uint64_t) + b->log.size;
}

uint64_t tg_bloom_keys(const struct tg_bloom *b)
{
  uint64_t keys = 0;
  for (uint32_t i = 0; i < b->count; i++) keys += b->filters[i].keys;
  return keys;
}

/* --- overlays --- */

static struct change *change_at(const struct tg_bloom *b, size_t at)
{
  return (struct change *)(void *)(b->log.ptr + at);
}

/* Room for one more change; a log without an overlay is not kept. */
static bool log_room(struct tg_bloom *b)
{
  if (!b->overlays_count || tg_buf_reserve(&b->log, sizeof(struct change))) return true;
  return b->log.failed = false;
}

static void log_add(struct tg_bloom *b, struct change c)
{
  if (b->overlays_count) tg_buf_add(&b->log, &c, sizeof c);
}

/* Hash function i of a key. */
static uint64_t position(const struct tg_bloom *b, uint64_t hash, uint32_t i)
{
  uint64_t h = hash + i * (tg_hash_word(hash) | 1);
  return (uint64_t)(((__uint128_t)h * b->bits) >> 64);
}

static void take_back(struct tg_bloom *b, const struct change *c)
{
  if (c->what == CHANGE_MADE) free(c->words);
  for (uint32_t i = 0; i < b->hashes; i++) {
    uint64_t bit = position(b, c->hash, i);
    if (c->what == CHANGE_PUT && c->fresh >> i & 1)
      c->words[bit / 64] &= ~(UINT64_C(1) << (bit % 64));
  }
}

void tg_bloom_rollback(struct tg_bloom *b, int64_t from)
{
  while (b->overlays_count && b->overlays[b->overlays_count - 1].from >= from) {
    const struct tg_bloom_overlay *o = &b->overlays[--b->overlays_count];
    for (; b->log.len > o->log_at; b->log.len -= sizeof(struct change))
      take_back(b, change_at(b, b->log.len - sizeof(struct change)));
    memcpy(b->filters, o->filters, sizeof b->filters);
    b->count = o->count, b->clock_us = o->clock_us;
    b->evicted = o->evicted, b->made = o->made;
  }
  b->touched = false;
}

bool tg_bloom_begin(struct tg_bloom *b, int64_t from)
{
  tg_bloom_rollback(b, from);
  if (b->overlays_count == b->overlays_size) {
    uint32_t size = b->overlays_size + 4;
    struct tg_bloom_overlay *more = realloc(b->overlays, size * sizeof *more);
    if (!more) return false;
    b->overlays = more, b->overlays_size = size;
  }
  struct tg_bloom_overlay *o = &b->overlays[b->overlays_count++];
  *o = (struct tg_bloom_overlay){.from = from, .log_at = b->log.len, .count = b->count};
  memcpy(o->filters, b->filters, sizeof o->filters);
  o->clock_us = b->clock_us, o->evicted = b->evicted, o->made = b->made;
  return true;
}

/* Forgets the first len bytes of the log: filters dropped there are wanted no more. */
static void forget(struct tg_bloom *b, size_t len)
{
  for (size_t at = 0; at < len; at += sizeof(struct change))
    if (change_at(b, at)->what == CHANGE_DROPPED) free(change_at(b, at)->words);
  if (len) memmove(b->log.ptr, b->log.ptr + len, b->log.len - len);
  b->log.len -= len;
}

void tg_bloom_commit(struct tg_bloom *b, int64_t to)
{
  uint32_t n = 0;
  while (n < b->overlays_count && b->overlays[n].from < to) n++;
  if (!n) return;
  size_t len = n < b->overlays_count ? b->overlays[n].log_at : b->log.len;
  forget(b, len);
  b->overlays_count -= n;
  memmove(b->overlays, b->overlays + n, b->overlays_count * sizeof *b->overlays);
  for (uint32_t i = 0; i < b->overlays_count; i++) b->overlays[i].log_at -= len;
}

void tg_bloom_fini(struct tg_bloom *b)
{
  forget(b, b->log.len);
  for (uint32_t i = 0; i < b->count; i++) free(b->filters[i].words);
  b->count = 0;
  tg_buf_fini(&b->log);
  free(b->overlays);
  b->overlays = NULL;
  b->overlays_count = b->overlays_size = 0;
}

/* --- meeting a key --- */

static int64_t minus(int64_t us, int64_t span_us)
{
  int64_t out;
  return __builtin_sub_overflow(us, span_us, &out) ? INT64_MIN : out;
}

static bool drop(struct tg_bloom *b, uint32_t i)
{
  if (!log_room(b)) return false;
  struct change c = {.words = b->filters[i].words, .what = CHANGE_DROPPED};
  if (b->overlays_count)
    log_add(b, c);
  else
    free(c.words);
  b->count--;
  memmove(&b->filters[i], &b->filters[i + 1], (b->count - i) * sizeof *b->filters);
  return true;
}

static bool drop_old(struct tg_bloom *b)
{
  int64_t old = minus(b->clock_us, b->window_us);
  for (uint32_t i = b->window_us ? b->count : 0; i-- > 0;)
    if (b->filters[i].newest_us <= old && !drop(b, i)) return false;
  return true;
}

/* A row of that time needs a filter, and all are there: which one leaves. */
static uint32_t least_wanted(const struct tg_bloom *b, int64_t us)
{
  uint32_t future = 0;
  for (uint32_t i = 0; i < b->count; i++) future += b->filters[i].start_us > b->clock_us;
  bool newest = us > b->clock_us ? future < b->count - 1 : future > 0;
  return newest ? b->count - 1 : 0;
}

static struct tg_bloom_filter *make_filter(struct tg_bloom *b, int64_t us)
{
  if (b->count == TG_BLOOM_FILTERS) {
    uint32_t i = least_wanted(b, us);
    uint64_t keys = b->filters[i].keys;
    if (!drop(b, i)) return NULL;
    b->evicted += keys;
  }
  uint64_t *words = log_room(b) ? calloc(words_count(b), sizeof *words) : NULL;
  if (!words) return NULL;
  log_add(b, (struct change){.words = words, .what = CHANGE_MADE});
  uint32_t at = b->count++;
  for (; at && b->filters[at - 1].start_us > us; at--) b->filters[at] = b->filters[at - 1];
  b->filters[at] = (struct tg_bloom_filter){
      .number = ++b->made, .start_us = us, .newest_us = us, .words = words};
  return &b->filters[at];
}

/* Whether both times are of one half of a window, the second not before the first. */
static bool are_near(const struct tg_bloom *b, int64_t first, int64_t second)
{
  int64_t half = b->window_us - b->window_us / 2;
  return second >= first && (!b->window_us || minus(second, half) < first);
}

/* The filter that takes a key of that time: its own; or one that begins soon after it; or a new
 * one. NULL without memory. */
static struct tg_bloom_filter *filter_of(struct tg_bloom *b, int64_t us)
{
  struct tg_bloom_filter *later = NULL;
  for (uint32_t i = b->count; i-- > 0;) {
    struct tg_bloom_filter *f = &b->filters[i];
    if (f->keys >= b->keys_each) continue;
    if (are_near(b, f->start_us, us)) return f;
    if (are_near(b, us, f->start_us)) later = f;
  }
  return later ? later : make_filter(b, us);
}

static bool has(const struct tg_bloom *b, const struct tg_bloom_filter *f, uint64_t hash)
{
  for (uint32_t i = 0; i < b->hashes; i++) {
    uint64_t bit = position(b, hash, i);
    if (!(f->words[bit / 64] >> (bit % 64) & 1)) return false;
  }
  return true;
}

/* Sets the key's bits; which were not set before. */
static uint32_t set_bits(const struct tg_bloom *b, const struct tg_bloom_filter *f, uint64_t hash)
{
  uint32_t fresh = 0;
  for (uint32_t i = 0; i < b->hashes; i++) {
    uint64_t bit = position(b, hash, i), mask = UINT64_C(1) << (bit % 64);
    if (!(f->words[bit / 64] & mask)) fresh |= UINT32_C(1) << i;
    f->words[bit / 64] |= mask;
  }
  return fresh;
}

static bool put(struct tg_bloom *b, struct tg_bloom_filter *f, uint64_t hash, int64_t us)
{
  if (!log_room(b)) return false;
  uint32_t fresh = set_bits(b, f, hash);
  if (us > f->newest_us) f->newest_us = us;
  if (!fresh) return true;
  f->keys++;
  log_add(b, (struct change){f->words, hash, fresh, CHANGE_PUT});
  return true;
}

bool tg_bloom_meet(struct tg_bloom *b, struct tg_text key, int64_t us, int64_t now_us, bool *seen)
{
  uint64_t hash = tg_hash_bytes(key.ptr, key.len, 0);
  b->touched = true;
  if (now_us > b->clock_us) b->clock_us = now_us;
  if (!drop_old(b)) return false;
  *seen = false;
  for (uint32_t i = 0; i < b->count && !*seen; i++) {
    const struct tg_bloom_filter *f = &b->filters[i];
    bool within = !b->window_us || f->newest_us > minus(us, b->window_us);
    *seen = within && has(b, f, hash);
  }
  bool late = b->window_us && us <= minus(b->clock_us, b->window_us);
  int64_t time = late ? b->clock_us : us;
  struct tg_bloom_filter *f = filter_of(b, time);
  return f && put(b, f, hash, time);
}

/* --- as bytes --- */

static void put_varint(struct tg_buf *out, uint64_t v)
{
  for (; v >= 0x80; v >>= 7) tg_buf_char(out, (char)(v | 0x80));
  tg_buf_char(out, (char)v);
}

/* The distances between set bits, as long as that is shorter than all words. */
static bool put_sparse(const struct tg_bloom *b, const uint64_t *words, struct tg_buf *out)
{
  uint64_t next = 0;
  size_t start = out->len, count = words_count(b);
  for (size_t i = 0; i < count && out->len - start < count * 8; i++)
    for (uint64_t left = words[i]; left; left &= left - 1) {
      uint64_t bit = i * 64 + (uint64_t)__builtin_ctzll(left);
      put_varint(out, bit - next);
      next = bit + 1;
    }
  if (out->len - start < count * 8) return true;
  out->len = start;
  return false;
}

static void walk_words(struct tg_codec *c, const struct tg_bloom *b, uint64_t *words)
{
  size_t count = words_count(b);
  for (size_t i = 0; i < count; i++) tg_codec_count(c, &words[i], UINT64_MAX);
  if (b->bits % 64 && words[count - 1] >> (b->bits % 64)) c->bad = true;
}

static void save_bits(struct tg_codec *c, const struct tg_bloom *b, uint64_t *words)
{
  struct tg_buf bits;
  tg_buf_init(&bits, 0);
  bool sparse = put_sparse(b, words, &bits);
  struct tg_text text = tg_buf_view(&bits);
  c->out->failed |= bits.failed;
  tg_codec_flag(c, &sparse);
  if (sparse)
    tg_codec_bytes(c, &text);
  else
    walk_words(c, b, words);
  tg_buf_fini(&bits);
}

/* False: not the distances of bits. */
static bool get_sparse(const struct tg_bloom *b, uint64_t *words, struct tg_text text)
{
  uint64_t next = 0, v = 0;
  uint32_t shift = 0;
  for (uint32_t i = 0; i < text.len; i++) {
    uint64_t byte = (unsigned char)text.ptr[i];
    v |= (byte & 0x7f) << shift;
    shift += 7;
    if (shift > 35) return false;
    if (byte >= 0x80) continue;
    if (v >= b->bits - next) return false;
    words[(next + v) / 64] |= UINT64_C(1) << ((next + v) % 64);
    next += v + 1;
    v = shift = 0;
  }
  return shift == 0;
}

static void load_bits(struct tg_codec *c, const struct tg_bloom *b, uint64_t *words)
{
  bool sparse = false;
  struct tg_text text = tg_text("");
  tg_codec_flag(c, &sparse);
  if (sparse) tg_codec_bytes(c, &text);
  if (!sparse) walk_words(c, b, words);
  if (!get_sparse(b, words, text)) c->bad = true;
}

/* Counts (hashes == NULL) or writes the hashes that went into a filter since begin. */
static uint64_t walk_log(const struct tg_bloom *b, const uint64_t *words, struct tg_codec *hashes)
{
  uint64_t n = 0;
  size_t at = b->overlays_count ? b->overlays[b->overlays_count - 1].log_at : b->log.len;
  for (; at < b->log.len; at += sizeof(struct change)) {
    struct change c = *change_at(b, at);
    if (c.what != CHANGE_PUT || c.words != words) continue;
    if (hashes) tg_codec_count(hashes, &c.hash, UINT64_MAX);
    n++;
  }
  return n;
}

static void walk_us(struct tg_codec *c, int64_t *us)
{
  uint64_t v = (uint64_t)*us;
  tg_codec_count(c, &v, UINT64_MAX);
  *us = (int64_t)v;
}

static void walk_filter(struct tg_codec *c, struct tg_bloom_filter *f)
{
  tg_codec_count(c, &f->number, TG_CODEC_COUNT_MAX);
  walk_us(c, &f->start_us);
  walk_us(c, &f->newest_us);
  tg_codec_count(c, &f->keys, TG_CODEC_COUNT_MAX);
}

/* What stands before the filters. */
static void walk_head(struct tg_codec *c, struct tg_bloom *b)
{
  tg_codec_count32(c, &b->keys_max, TG_BLOOM_KEYS_MAX);
  tg_codec_number(c, &b->fpp);
  walk_us(c, &b->clock_us);
  tg_codec_count(c, &b->evicted, TG_CODEC_COUNT_MAX);
  tg_codec_count(c, &b->made, TG_CODEC_COUNT_MAX);
  tg_codec_count32(c, &b->count, TG_BLOOM_FILTERS);
}

void tg_bloom_save(const struct tg_bloom *b, bool all, struct tg_buf *out)
{
  struct tg_codec c = tg_codec_writer(out);
  struct tg_bloom head = *b;
  walk_head(&c, &head);
  for (uint32_t i = 0; i < b->count; i++) {
    struct tg_bloom_filter f = b->filters[i];
    walk_filter(&c, &f);
    if (all) {
      save_bits(&c, b, f.words);
      continue;
    }
    uint64_t n = walk_log(b, f.words, NULL);
    tg_codec_count(&c, &n, UINT64_MAX);
    walk_log(b, f.words, &c);
  }
}

/* The filter of b with that number, taken out of it; or a new one, empty. NULL without memory. */
static uint64_t *words_of(struct tg_bloom *b, uint64_t number)
{
  for (uint32_t i = 0; i < b->count; i++) {
    uint64_t *words = b->filters[i].words;
    if (b->filters[i].number != number || !words) continue;
    b->filters[i].words = NULL;
    return words;
  }
  return calloc(words_count(b), sizeof(uint64_t));
}

static void load_hashes(struct tg_codec *c, const struct tg_bloom *b,
                        const struct tg_bloom_filter *f)
{
  uint64_t n = 0, hash = 0;
  tg_codec_count(c, &n, c->in.len / 8);
  for (; n && !c->bad; n--) {
    tg_codec_count(c, &hash, UINT64_MAX);
    if (!c->bad) set_bits(b, f, hash);
  }
}

/* The filters that `next` speaks of, made of those of b. False without memory. */
static bool load_filters(struct tg_codec *c, struct tg_bloom *b, struct tg_bloom *next, bool all)
{
  uint32_t count = next->count;
  for (next->count = 0; next->count < count && !c->bad;) {
    struct tg_bloom_filter *f = &next->filters[next->count];
    *f = (struct tg_bloom_filter){0};
    walk_filter(c, f);
    bool later = !next->count || f->start_us >= f[-1].start_us;
    if (!later || f->number > next->made || f->newest_us < f->start_us) c->bad = true;
    if (c->bad) return true;
    if (!(f->words = words_of(b, f->number))) return false;
    next->count++;
    if (all)
      load_bits(c, next, f->words);
    else
      load_hashes(c, next, f);
  }
  return true;
}

enum tg_rc tg_bloom_load(struct tg_bloom *b, bool all, struct tg_text bytes)
{
  struct tg_codec c = tg_codec_reader(bytes);
  struct tg_bloom head = {0}, next;
  walk_head(&c, &head);
  bool same = b->keys_max == head.keys_max && b->fpp == head.fpp;
  if (c.bad || !head.keys_max || head.fpp < TG_BLOOM_FPP_MIN || head.fpp > TG_BLOOM_FPP_MAX)
    return TG_DATA;
  if (!all && !same) return TG_DATA;
  if (all) tg_bloom_fini(b);
  if (all) tg_bloom_init(b, head.keys_max, head.fpp, b->window_us);
  tg_bloom_init(&next, head.keys_max, head.fpp, b->window_us);
  next.clock_us = head.clock_us, next.evicted = head.evicted, next.made = head.made;
  next.count = head.count;
  bool memory = load_filters(&c, b, &next, all);
  tg_bloom_fini(b);
  *b = next;
  if (!memory) return TG_RETRY;
  return tg_codec_whole(&c) ? TG_OK : TG_DATA;
}
