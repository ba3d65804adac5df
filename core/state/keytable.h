/* A bounded table of keys in the order they were last used, whose last changes can be taken back:
 * the memory below one operation of keyed state (keyed.h).
 *
 *   oldest <-> .. <-> newest      every touch moves its key to the newest end
 *   [ log of overlay 100 | log of overlay 250 | .. ]      how each key was before the overlay
 *
 * An *overlay* is what one segment of a partition has changed. The table always holds the newest
 * state; the log holds, per overlay, how every key was that the overlay has touched first, so that
 * an evaluation can start at the segment's start again (tg_keytable_begin()) and a dropped segment
 * leaves nothing behind. Committing an overlay forgets its log. One look-up a row, whatever the
 * number of overlays.
 *
 *   words before   a b c d e f                   what the overlay did: lost 1, kept 3, and new
 *   words now        b c d X Y e f               the log got a when it left, e f before they moved
 *
 * Long values cost what changes in them: a word goes to the log when it is lost or changed, not
 * when its key is touched; `lost` and `kept` tell the same to whoever saves the change.
 *
 * Bounds: keys_max and bytes_max push out the key used longest ago (`evicted`); keys untouched for
 * keep_us of the table's clock leave (`expired`). The clock is the largest time of a touch so far,
 * never later than the record's Kafka time, so that one event from the future empties nothing. All
 * of it depends on the sequence of touches alone, never on where a batch was cut.
 *
 * Taking back works as in "dancing links" (D. Knuth, TAOCP 4B, 7.2.2.1): list operations undone in
 * reverse order find their neighbours as they left them, and freed entries are reused last in,
 * first out, so that every entry comes back with its number.
 * Thread: one at a time. Pure. */
#ifndef TG_STATE_KEYTABLE_H
#define TG_STATE_KEYTABLE_H

#include "core/base/buf.h"
#include "core/base/text.h"

enum {
  TG_KEY_NONE = 0xffffffff,
  TG_KEY_BYTES_MAX = 1024,  /* of one key */
  TG_KEY_OWN_BYTES = 16,    /* keys up to this need no memory of their own */
  TG_KEY_OWN_WORDS = 2,     /* nor do values up to this */
  TG_KEY_ENTRY_BYTES = 104, /* what a key counts for in bytes_max, without its text and words */
  TG_KEY_WORDS_MAX = 1 << 14,
  TG_KEY_PAGE = 1 << 10 /* entries are allocated by so many, and never move */
};

struct tg_keyentry {
  uint64_t hash;
  int64_t touched_us; /* the table's clock at the last touch */
  union {
    int64_t *ptr; /* owned, when room is above TG_KEY_OWN_WORDS */
    int64_t own[TG_KEY_OWN_WORDS];
  } words; /* the value is words[head .. head + count) */
  union {
    char *ptr; /* owned, when key_len is above TG_KEY_OWN_BYTES */
    char own[TG_KEY_OWN_BYTES];
  } key;
  uint32_t older, newer; /* neighbours; of a free entry, older is the next free one */
  uint32_t overlay;      /* the overlay that has logged it already */
  uint16_t head, count, room, key_len;
  uint16_t lost, kept; /* since that overlay: first words that left, next ones as they were */
};

struct tg_keytable_limits {
  uint32_t keys_max;
  int64_t keep_us; /* 0: no limit in time */
  size_t bytes_max;
};

struct tg_keyoverlay {
  int64_t from; /* first offset of the segment */
  size_t log_at;
  int64_t clock_us, started_us;
  uint64_t evicted, expired;
  uint32_t number;
};

struct tg_keytable {
  struct tg_keytable_limits limits;
  uint64_t seed;
  struct tg_keyentry **pages;
  uint32_t pages_count, pages_size;
  uint32_t entries_used; /* ever handed out */
  uint32_t free;         /* newest freed entry */
  uint64_t *slots;       /* upper half of the hash, entry number + 1 */
  uint32_t slots_mask;
  uint32_t keys, oldest, newest;
  size_t bytes;                 /* by TG_KEY_ENTRY_BYTES, texts and words */
  int64_t clock_us, started_us; /* INT64_MIN: no touch yet */
  uint64_t evicted, expired;    /* so far */
  struct tg_buf log;
  uint32_t touched, first_touched, gone; /* of the newest overlay, from its beginning on */
  struct tg_keyoverlay *overlays;
  uint32_t overlays_count, overlays_size, overlays_made;
};

/* seed: of the hash; a random one keeps chosen keys from colliding. Results do not depend on it. */
void tg_keytable_init(struct tg_keytable *t, const struct tg_keytable_limits *limits,
                      uint64_t seed);
void tg_keytable_fini(struct tg_keytable *t);

/* Takes back every overlay that begins at or after `from`, and opens one there. False without
 * memory: the table is at `from`, without an overlay. */
bool tg_keytable_begin(struct tg_keytable *t, int64_t from);
/* Takes back every overlay that begins at or after `from`. Cannot fail. */
void tg_keytable_rollback(struct tg_keytable *t, int64_t from);
/* Overlays that begin before `to` cannot be taken back any more. */
void tg_keytable_commit(struct tg_keytable *t, int64_t to);

uint64_t tg_keytable_hash(const struct tg_keytable *t, struct tg_text key);

/* The number of the key's entry, TG_KEY_NONE when it is not there. Changes nothing. */
uint32_t tg_keytable_find(const struct tg_keytable *t, struct tg_text key, uint64_t hash);

/* Moves the table's clock to now_us when that is later; keys that are too old leave. False without
 * memory. */
bool tg_keytable_tick(struct tg_keytable *t, int64_t now_us);

/* The key becomes the newest; made (with no words) when it is not there, for which the oldest may
 * have to leave. Its number, or TG_KEY_NONE without memory. */
uint32_t tg_keytable_touch(struct tg_keytable *t, struct tg_text key, uint64_t hash);

static inline struct tg_keyentry *tg_keytable_entry(const struct tg_keytable *t, uint32_t number)
{
  return &t->pages[number / TG_KEY_PAGE][number % TG_KEY_PAGE];
}
struct tg_text tg_keyentry_key(const struct tg_keyentry *e);
static inline int64_t *tg_keyentry_words(const struct tg_keyentry *e)
{
  bool own = e->room <= TG_KEY_OWN_WORDS;
  return (int64_t *)(uintptr_t)(own ? e->words.own : e->words.ptr) + e->head;
}

/* The words from `at` on are about to change. To be called before they do. False without memory. */
bool tg_keytable_change(struct tg_keytable *t, struct tg_keyentry *e, uint32_t at);
/* Makes the value `count` words long, the first ones kept. False without memory. */
bool tg_keytable_resize(struct tg_keytable *t, struct tg_keyentry *e, uint32_t count);
/* Drops the first n words. False without memory. */
bool tg_keytable_shift(struct tg_keytable *t, struct tg_keyentry *e, uint32_t n);

/* Removes a key, as applying a delta does; no overlay may be open. */
void tg_keytable_remove(struct tg_keytable *t, uint32_t number);

/* Visits the keys that left in the newest overlay, oldest first; some may be there again. */
void tg_keytable_each_gone(const struct tg_keytable *t, void *self,
                           void (*visit)(void *self, struct tg_text key));
/* Of what was done since tg_keytable_begin(): the oldest entry touched (follow `newer` from there),
 * how many were touched; keys that left. */
static inline uint32_t tg_keytable_first_touched(const struct tg_keytable *t)
{
  return t->touched ? t->first_touched : TG_KEY_NONE;
}

/* Brings into the cache what touching keys with these hashes will need. Changes nothing. */
void tg_keytable_ahead(const struct tg_keytable *t, const uint64_t *hashes, uint32_t count);

#endif
