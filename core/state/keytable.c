/* The table of keys: hash, order of use, log. */
#include "core/state/keytable.h"

#include <assert.h>
#include <stdlib.h>

enum undo { UNDO_TOUCHED, UNDO_MADE, UNDO_GONE, UNDO_LOST, UNDO_CHANGED };

struct record { /* in the log; then, by `what`, the below; then its size again, for reading back */
  enum undo what;
  uint32_t number;
  struct tg_keyentry *entry;
  uint64_t size;
};

struct before { /* TOUCHED */
  int64_t touched_us;
  uint32_t older, overlay;
  uint16_t count, lost, kept;
};
/* GONE: the entry, its words and its key owned. LOST, CHANGED: the words, from the front and from
 * the end of those that were as before. */

enum { SLOTS_FIRST = 64 };

void tg_keytable_init(struct tg_keytable *t, const struct tg_keytable_limits *limits, uint64_t seed)
{
  *t = (struct tg_keytable){.limits = *limits, .seed = seed};
  t->free = t->oldest = t->newest = TG_KEY_NONE;
  t->clock_us = t->started_us = INT64_MIN;
  tg_buf_init(&t->log, 0);
}

struct tg_text tg_keyentry_key(const struct tg_keyentry *e)
{
  return tg_text_of(e->key_len > TG_KEY_OWN_BYTES ? e->key.ptr : e->key.own, e->key_len);
}

static void entry_free(struct tg_keyentry *e)
{
  if (e->key_len > TG_KEY_OWN_BYTES) free(e->key.ptr);
  if (e->room > TG_KEY_OWN_WORDS) free(e->words.ptr);
}

static size_t entry_bytes(const struct tg_keyentry *e)
{
  return TG_KEY_ENTRY_BYTES + e->key_len + (size_t)e->count * sizeof(int64_t);
}

/* --- hash: open addressing, a deleted slot is filled by those behind it --- */

/* A multiply-and-fold over eight bytes at a time, as in wyhash (Wang Yi, public domain). */
static uint64_t fold(uint64_t a, uint64_t b)
{
  __uint128_t product = (__uint128_t)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t tg_keytable_hash(const struct tg_keytable *t, struct tg_text key)
{
  const uint64_t p0 = UINT64_C(0xa0761d6478bd642f), p1 = UINT64_C(0xe7037ed1a0b428db);
  uint64_t h = t->seed ^ fold(key.len ^ p0, p1), w;
  uint32_t at = 0;
  for (; at + 8 <= key.len; at += 8) {
    memcpy(&w, key.ptr + at, 8);
    h = fold(h ^ w ^ p0, h ^ p1);
  }
  w = 0;
  if (at < key.len) memcpy(&w, key.ptr + at, key.len - at);
  return fold(h ^ w ^ p1, h ^ p0);
}

static uint64_t slot_of(uint64_t hash, uint32_t number)
{
  return (hash & UINT64_C(0xffffffff00000000)) | (number + 1);
}
static uint32_t slot_number(uint64_t slot)
{
  return (uint32_t)slot - 1;
}

/* The slot of the key, or the empty one where it belongs. */
static uint32_t slot_find(const struct tg_keytable *t, struct tg_text key, uint64_t hash)
{
  uint32_t at = (uint32_t)hash & t->slots_mask;
  for (; t->slots[at]; at = (at + 1) & t->slots_mask) {
    if ((t->slots[at] ^ hash) >> 32) continue;
    const struct tg_keyentry *e = tg_keytable_entry(t, slot_number(t->slots[at]));
    if (e->hash == hash && tg_text_eq(tg_keyentry_key(e), key)) break;
  }
  return at;
}

uint32_t tg_keytable_find(const struct tg_keytable *t, struct tg_text key, uint64_t hash)
{
  if (!t->slots) return TG_KEY_NONE;
  uint64_t slot = t->slots[slot_find(t, key, hash)];
  return slot ? slot_number(slot) : TG_KEY_NONE;
}

static void slot_put(uint64_t *slots, uint32_t mask, uint64_t hash, uint32_t number)
{
  uint32_t at = (uint32_t)hash & mask;
  while (slots[at]) at = (at + 1) & mask;
  slots[at] = slot_of(hash, number);
}

static void slot_remove(struct tg_keytable *t, uint32_t number)
{
  uint32_t hole = (uint32_t)tg_keytable_entry(t, number)->hash & t->slots_mask;
  while (slot_number(t->slots[hole]) != number) hole = (hole + 1) & t->slots_mask;
  for (uint32_t at = (hole + 1) & t->slots_mask; t->slots[at]; at = (at + 1) & t->slots_mask) {
    uint32_t home = (uint32_t)tg_keytable_entry(t, slot_number(t->slots[at]))->hash & t->slots_mask;
    if (((at - home) & t->slots_mask) < ((at - hole) & t->slots_mask)) continue;
    t->slots[hole] = t->slots[at];
    hole = at;
  }
  t->slots[hole] = 0;
}

/* Room for one more key, at most half of the slots taken. */
static bool slots_room(struct tg_keytable *t)
{
  uint32_t size = t->slots ? t->slots_mask + 1 : 0;
  if ((uint64_t)(t->keys + 1) * 2 <= size) return true;
  uint32_t more = size ? size * 2 : SLOTS_FIRST;
  uint64_t *slots = calloc(more, sizeof *slots);
  if (!slots) return false;
  for (uint32_t n = t->oldest; n != TG_KEY_NONE; n = tg_keytable_entry(t, n)->newer)
    slot_put(slots, more - 1, tg_keytable_entry(t, n)->hash, n);
  free(t->slots);
  t->slots = slots, t->slots_mask = more - 1;
  return true;
}

/* --- entries and their order --- */

static bool entries_room(struct tg_keytable *t)
{
  if (t->free != TG_KEY_NONE || t->entries_used < t->pages_count * TG_KEY_PAGE) return true;
  if (t->pages_count == t->pages_size) {
    uint32_t size = t->pages_size ? t->pages_size * 2 : 4;
    struct tg_keyentry **pages = realloc(t->pages, size * sizeof *pages);
    if (!pages) return false;
    t->pages = pages, t->pages_size = size;
  }
  struct tg_keyentry *page = calloc(TG_KEY_PAGE, sizeof *page);
  if (!page) return false;
  t->pages[t->pages_count++] = page;
  return true;
}

static uint32_t entry_take(struct tg_keytable *t)
{
  if (t->free == TG_KEY_NONE) return t->entries_used++;
  uint32_t n = t->free;
  t->free = tg_keytable_entry(t, n)->older;
  return n;
}

static void entry_give(struct tg_keytable *t, uint32_t n)
{
  *tg_keytable_entry(t, n) = (struct tg_keyentry){.older = t->free};
  t->free = n;
}

static void unlink_entry(struct tg_keytable *t, uint32_t n)
{
  const struct tg_keyentry *e = tg_keytable_entry(t, n);
  if (e->older == TG_KEY_NONE)
    t->oldest = e->newer;
  else
    tg_keytable_entry(t, e->older)->newer = e->newer;
  if (e->newer == TG_KEY_NONE)
    t->newest = e->older;
  else
    tg_keytable_entry(t, e->newer)->older = e->older;
}

/* Links n behind `older`; TG_KEY_NONE: as the oldest. */
static void link_entry(struct tg_keytable *t, uint32_t n, uint32_t older)
{
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  e->older = older;
  e->newer = older == TG_KEY_NONE ? t->oldest : tg_keytable_entry(t, older)->newer;
  if (older == TG_KEY_NONE)
    t->oldest = n;
  else
    tg_keytable_entry(t, older)->newer = n;
  if (e->newer == TG_KEY_NONE)
    t->newest = n;
  else
    tg_keytable_entry(t, e->newer)->older = n;
}

/* --- the log --- */

static struct tg_keyoverlay *open_overlay(const struct tg_keytable *t)
{
  return t->overlays_count ? &t->overlays[t->overlays_count - 1] : NULL;
}

static uint32_t open_number(const struct tg_keytable *t)
{
  return t->overlays_count ? open_overlay(t)->number : 0;
}

static void cut(struct tg_buf *b, size_t len)
{
  b->len = len, b->failed = false;
}

/* Appends a record. False without memory: the log is as before. */
static bool log_add(struct tg_keytable *t, struct record r, const void *more, size_t len)
{
  if (!t->overlays_count) return true;
  r.size = sizeof r + len + sizeof r.size;
  if (!tg_buf_reserve(&t->log, r.size)) return cut(&t->log, t->log.len), false;
  char *p = t->log.ptr + t->log.len;
  memcpy(p, &r, sizeof r);
  if (len) memcpy(p + sizeof r, more, len);
  memcpy(p + sizeof r + len, &r.size, sizeof r.size);
  t->log.len += r.size;
  return true;
}

static bool log_touched(struct tg_keytable *t, uint32_t n)
{
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  struct before was = {e->touched_us, e->older, e->overlay, e->count, e->lost, e->kept};
  return log_add(t, (struct record){UNDO_TOUCHED, n, e, 0}, &was, sizeof was);
}

static bool log_words(struct tg_keytable *t, enum undo what, struct tg_keyentry *e,
                      const int64_t *words, uint32_t count)
{
  return !count ||
         log_add(t, (struct record){what, TG_KEY_NONE, e, 0}, words, count * sizeof *words);
}

/* --- what the newest overlay has touched: the newest end of the order --- */

static void touched_add(struct tg_keytable *t, uint32_t n)
{
  if (!t->touched++) t->first_touched = n;
}

/* The entry leaves its place. */
static void touched_pass(struct tg_keytable *t, uint32_t n)
{
  if (t->touched && t->first_touched == n) t->first_touched = tg_keytable_entry(t, n)->newer;
}

static bool is_touched(const struct tg_keytable *t, const struct tg_keyentry *e)
{
  return t->overlays_count && e->overlay == open_number(t);
}

/* The key leaves; its memory goes to the log, if there is one. */
static bool drop_entry(struct tg_keytable *t, uint32_t n)
{
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  if (!log_add(t, (struct record){UNDO_GONE, n, e, 0}, e, sizeof *e)) return false;
  t->bytes -= entry_bytes(e);
  if (is_touched(t, e)) touched_pass(t, n), t->touched--;
  t->gone++;
  slot_remove(t, n);
  unlink_entry(t, n);
  t->keys--;
  if (!t->overlays_count) entry_free(e);
  entry_give(t, n);
  return true;
}

void tg_keytable_remove(struct tg_keytable *t, uint32_t number)
{
  assert(!t->overlays_count);
  (void)drop_entry(t, number);
}

/* Puts words back; those that came since then go. Room only grows: they fit. */
static void undo_words(struct tg_keytable *t, const struct record *r)
{
  struct tg_keyentry *e = r->entry;
  uint32_t n = (uint32_t)((r->size - sizeof *r - sizeof r->size) / sizeof(int64_t));
  bool front = r->what == UNDO_LOST;
  int64_t *from = tg_keyentry_words(e), *to = from - e->head;
  t->bytes -= entry_bytes(e);
  memmove(to + (front ? n : 0), from, e->kept * sizeof *to);
  memcpy(to + (front ? 0 : e->kept), r + 1, n * sizeof *to);
  e->head = 0;
  e->kept = (uint16_t)(e->kept + n);
  if (front) e->lost = (uint16_t)(e->lost - n);
  e->count = e->kept;
  t->bytes += entry_bytes(e);
}

static void undo_touched(struct tg_keytable *t, const struct record *r)
{
  struct tg_keyentry *e = r->entry;
  struct before was;
  memcpy(&was, r + 1, sizeof was);
  assert(e->kept == was.count);
  t->bytes -= entry_bytes(e);
  unlink_entry(t, r->number);
  e->touched_us = was.touched_us, e->overlay = was.overlay;
  e->count = was.count, e->lost = was.lost, e->kept = was.kept;
  link_entry(t, r->number, was.older);
  t->bytes += entry_bytes(e);
}

static void undo_made(struct tg_keytable *t, uint32_t n)
{
  t->bytes -= entry_bytes(tg_keytable_entry(t, n));
  slot_remove(t, n);
  unlink_entry(t, n);
  entry_free(tg_keytable_entry(t, n));
  entry_give(t, n);
  t->keys--;
}

static void undo_gone(struct tg_keytable *t, const struct record *r)
{
  uint32_t n = entry_take(t);
  assert(n == r->number);
  memcpy(r->entry, r + 1, sizeof *r->entry);
  link_entry(t, n, TG_KEY_NONE);
  slot_put(t->slots, t->slots_mask, r->entry->hash, n);
  t->bytes += entry_bytes(r->entry);
  t->keys++;
}

/* Takes back the newest record of the log. */
static void undo_last(struct tg_keytable *t)
{
  uint64_t size;
  memcpy(&size, t->log.ptr + t->log.len - sizeof size, sizeof size);
  const struct record *r = (const void *)(t->log.ptr + t->log.len - size);
  switch (r->what) {
  case UNDO_TOUCHED: undo_touched(t, r); break;
  case UNDO_MADE: undo_made(t, r->number); break;
  case UNDO_GONE: undo_gone(t, r); break;
  case UNDO_LOST:
  case UNDO_CHANGED: undo_words(t, r); break;
  }
  cut(&t->log, t->log.len - size);
}

/* Frees what the first `len` bytes of the log own, and takes them out of it. */
static void forget(struct tg_keytable *t, size_t len)
{
  struct tg_keyentry gone;
  for (size_t at = 0; at < len;) {
    const struct record *r = (const void *)(t->log.ptr + at);
    if (r->what == UNDO_GONE) memcpy(&gone, r + 1, sizeof gone), entry_free(&gone);
    at += r->size;
  }
  if (len) memmove(t->log.ptr, t->log.ptr + len, t->log.len - len);
  cut(&t->log, t->log.len - len);
}

void tg_keytable_rollback(struct tg_keytable *t, int64_t from)
{
  for (const struct tg_keyoverlay *o = open_overlay(t); o && o->from >= from; o = open_overlay(t)) {
    while (t->log.len > o->log_at) undo_last(t);
    t->clock_us = o->clock_us, t->started_us = o->started_us;
    t->evicted = o->evicted, t->expired = o->expired;
    t->overlays_count--;
  }
  t->touched = t->gone = 0;
}

bool tg_keytable_begin(struct tg_keytable *t, int64_t from)
{
  tg_keytable_rollback(t, from);
  if (t->overlays_count == t->overlays_size) {
    uint32_t size = t->overlays_size + 4;
    struct tg_keyoverlay *more = realloc(t->overlays, size * sizeof *more);
    if (!more) return false;
    t->overlays = more, t->overlays_size = size;
  }
  t->overlays[t->overlays_count++] = (struct tg_keyoverlay){.from = from,
                                                            .log_at = t->log.len,
                                                            .clock_us = t->clock_us,
                                                            .started_us = t->started_us,
                                                            .evicted = t->evicted,
                                                            .expired = t->expired,
                                                            .number = ++t->overlays_made};
  return true;
}

void tg_keytable_commit(struct tg_keytable *t, int64_t to)
{
  uint32_t n = 0;
  while (n < t->overlays_count && t->overlays[n].from < to) n++;
  if (!n) return;
  size_t len = n < t->overlays_count ? t->overlays[n].log_at : t->log.len;
  forget(t, len);
  t->overlays_count -= n;
  memmove(t->overlays, t->overlays + n, t->overlays_count * sizeof *t->overlays);
  for (uint32_t i = 0; i < t->overlays_count; i++) t->overlays[i].log_at -= len;
}

void tg_keytable_fini(struct tg_keytable *t)
{
  if (t->log.len) forget(t, t->log.len);
  for (uint32_t n = t->oldest; n != TG_KEY_NONE; n = tg_keytable_entry(t, n)->newer)
    entry_free(tg_keytable_entry(t, n));
  tg_buf_fini(&t->log);
  free(t->overlays);
  for (uint32_t i = 0; i < t->pages_count; i++) free(t->pages[i]);
  free(t->pages);
  free(t->slots);
}

/* --- touching --- */

bool tg_keytable_tick(struct tg_keytable *t, int64_t now_us)
{
  int64_t old;
  if (t->started_us == INT64_MIN) t->started_us = now_us;
  if (now_us > t->clock_us) t->clock_us = now_us;
  if (!t->limits.keep_us || __builtin_sub_overflow(t->clock_us, t->limits.keep_us, &old))
    return true;
  while (t->oldest != TG_KEY_NONE && tg_keytable_entry(t, t->oldest)->touched_us <= old) {
    if (!drop_entry(t, t->oldest)) return false;
    t->expired++;
  }
  return true;
}

static bool make_room(struct tg_keytable *t)
{
  while (t->keys && (t->keys >= t->limits.keys_max || t->bytes > t->limits.bytes_max)) {
    if (!drop_entry(t, t->oldest)) return false;
    t->evicted++;
  }
  return entries_room(t) && slots_room(t);
}

static uint32_t make_entry(struct tg_keytable *t, struct tg_text key, uint64_t hash)
{
  bool large = key.len > TG_KEY_OWN_BYTES;
  char *text = large ? malloc(key.len) : NULL;
  if ((large && !text) || !make_room(t)) return free(text), TG_KEY_NONE;
  uint32_t n = entry_take(t);
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  *e = (struct tg_keyentry){.hash = hash, .touched_us = t->clock_us, .room = TG_KEY_OWN_WORDS};
  e->key_len = (uint16_t)key.len;
  if (key.len) memcpy(large ? text : e->key.own, key.ptr, key.len);
  if (large) e->key.ptr = text;
  e->overlay = open_number(t);
  link_entry(t, n, t->newest);
  slot_put(t->slots, t->slots_mask, hash, n);
  t->bytes += entry_bytes(e);
  t->keys++;
  if (!log_add(t, (struct record){UNDO_MADE, n, e, 0}, NULL, 0))
    return undo_made(t, n), TG_KEY_NONE;
  touched_add(t, n);
  return n;
}

/* The overlay's first touch of an entry. */
static bool touch_first(struct tg_keytable *t, struct tg_keyentry *e, uint32_t n)
{
  if (!log_touched(t, n)) return false;
  e->overlay = open_number(t);
  e->lost = 0, e->kept = e->count;
  return true;
}

uint32_t tg_keytable_touch(struct tg_keytable *t, struct tg_text key, uint64_t hash)
{
  uint32_t n = tg_keytable_find(t, key, hash);
  if (n == TG_KEY_NONE) return make_entry(t, key, hash);
  struct tg_keyentry *e = tg_keytable_entry(t, n);
  bool again = is_touched(t, e);
  if (!again && !touch_first(t, e, n)) return TG_KEY_NONE;
  e->touched_us = t->clock_us;
  if (t->newest != n) {
    if (again) touched_pass(t, n);
    unlink_entry(t, n), link_entry(t, n, t->newest);
  }
  if (!again) touched_add(t, n);
  while (t->bytes > t->limits.bytes_max && t->oldest != n) {
    if (!drop_entry(t, t->oldest)) return TG_KEY_NONE;
    t->evicted++;
  }
  return n;
}

/* The entry that the hash leads to first; NULL: none. */
static const struct tg_keyentry *likely(const struct tg_keytable *t, uint64_t hash)
{
  uint32_t at = (uint32_t)hash & t->slots_mask;
  while (t->slots[at] && (t->slots[at] ^ hash) >> 32) at = (at + 1) & t->slots_mask;
  return t->slots[at] ? tg_keytable_entry(t, slot_number(t->slots[at])) : NULL;
}

/* Group prefetching (Chen, Ailamaki, Gibbons, Mowry: Improving hash join performance through
 * prefetching, ICDE 2004): each round asks for what the next one reads. */
void tg_keytable_ahead(const struct tg_keytable *t, const uint64_t *hashes, uint32_t count)
{
  const struct tg_keyentry *e;
  if (!t->slots) return;
  for (uint32_t i = 0; i < count; i++)
    __builtin_prefetch(&t->slots[(uint32_t)hashes[i] & t->slots_mask]);
  for (uint32_t i = 0; i < count; i++) {
    if (!(e = likely(t, hashes[i]))) continue;
    __builtin_prefetch(e, 1);
    __builtin_prefetch((const char *)(e + 1) - 1, 1);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (!(e = likely(t, hashes[i]))) continue;
    if (e->room > TG_KEY_OWN_WORDS) __builtin_prefetch(tg_keyentry_words(e) + e->count, 1);
    if (e->older != TG_KEY_NONE) __builtin_prefetch(&tg_keytable_entry(t, e->older)->newer, 1);
    if (e->newer != TG_KEY_NONE) __builtin_prefetch(&tg_keytable_entry(t, e->newer)->older, 1);
  }
}

/* Room for count words, the present ones at the front. */
static bool words_room(struct tg_keyentry *e, uint32_t count)
{
  int64_t *from = tg_keyentry_words(e), *to = from - e->head;
  uint32_t room = e->room;
  while (room < count) room *= 2;
  if (room > e->room && !(to = malloc(room * sizeof *to))) return false;
  memmove(to, from, e->count * sizeof *to);
  e->head = 0;
  if (room == e->room) return true;
  if (e->room > TG_KEY_OWN_WORDS) free(e->words.ptr);
  e->words.ptr = to, e->room = (uint16_t)room;
  return true;
}

bool tg_keytable_change(struct tg_keytable *t, struct tg_keyentry *e, uint32_t at)
{
  if (at >= e->kept) return true;
  if (!log_words(t, UNDO_CHANGED, e, tg_keyentry_words(e) + at, e->kept - at)) return false;
  e->kept = (uint16_t)at;
  return true;
}

bool tg_keytable_resize(struct tg_keytable *t, struct tg_keyentry *e, uint32_t count)
{
  if (count > TG_KEY_WORDS_MAX || !tg_keytable_change(t, e, count)) return false;
  if ((uint32_t)e->head + count > e->room && !words_room(e, count)) return false;
  t->bytes += (size_t)count * sizeof(int64_t);
  t->bytes -= (size_t)e->count * sizeof(int64_t);
  e->count = (uint16_t)count;
  return true;
}

bool tg_keytable_shift(struct tg_keytable *t, struct tg_keyentry *e, uint32_t n)
{
  uint32_t old = n < e->kept ? n : e->kept;
  if (!log_words(t, UNDO_LOST, e, tg_keyentry_words(e), old)) return false;
  e->lost = (uint16_t)(e->lost + old), e->kept = (uint16_t)(e->kept - old);
  e->head = (uint16_t)(e->head + n), e->count = (uint16_t)(e->count - n);
  t->bytes -= n * sizeof(int64_t);
  return true;
}

/* --- what the newest overlay did --- */

void tg_keytable_each_gone(const struct tg_keytable *t, void *self,
                           void (*visit)(void *self, struct tg_text key))
{
  struct tg_keyentry gone;
  const struct tg_keyoverlay *o = open_overlay(t);
  for (size_t at = o && t->gone ? o->log_at : t->log.len; at < t->log.len;) {
    const struct record *r = (const void *)(t->log.ptr + at);
    if (r->what == UNDO_GONE)
      memcpy(&gone, r + 1, sizeof gone), visit(self, tg_keyentry_key(&gone));
    at += r->size;
  }
}
