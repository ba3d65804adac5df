/* The keys that a topic's fields look for, as a tree of object keys, and what the present event
 * holds there.
 *
 *   fields  id @ id,  os @ device.os,  dev @ device        root
 *                                                          +-- id       wanted
 *                                                          +-- device   wanted
 *                                                              +-- os   wanted
 * Producers write keys in the same order again and again: each key remembers which one followed it
 * last time, so that most keys are found by one comparison. A value belongs to the present event
 * when its stamp does. Memory: the arena given; the tree has no destructor. Thread: one at a
 * time. */
#ifndef TG_DATA_KEYTREE_H
#define TG_DATA_KEYTREE_H

#include "core/base/arena.h"
#include "core/data/jsonread.h"
#include "core/data/topic.h"

struct tg_key {
  struct tg_text name;        /* a copy, 8 zeros behind it */
  bool plain;                 /* written in JSON as it is: nothing in it must be escaped */
  struct tg_key *children;    /* the first one */
  struct tg_key *sibling;     /* the next child of the same parent */
  struct tg_key *guess;       /* which child came first last time */
  struct tg_key *then;        /* which sibling followed last time */
  struct tg_key **slots;      /* children by hash, mask + 1 slots; NULL without children */
  uint32_t mask, longest;     /* longest: name of a child, bytes */
  uint64_t stamp;             /* the event in which it was seen last */
  struct tg_json_value value; /* there */
};

/* The key at path below root, made where missing. NULL at the arena's cap. */
struct tg_key *tg_key_add(struct tg_arena *a, struct tg_key *root, const struct tg_path *path);

/* Builds the tables once all keys are there. False at the arena's cap. */
bool tg_key_seal(struct tg_arena *a, struct tg_key *root);

/* The child of that name (unescaped), or NULL. */
struct tg_key *tg_key_find(const struct tg_key *parent, struct tg_text name);

/* Forgets what was seen below k in the present event: a later duplicate replaces it all. */
void tg_key_forget(struct tg_key *k);

/* True when a key is written as k's name. Words at a time: 8 bytes behind raw must be readable, as
 * in an event. */
static inline bool tg_key_is(const struct tg_key *k, struct tg_text raw)
{
  static const unsigned char masks[16] = {255, 255, 255, 255, 255, 255, 255, 255};
  uint64_t a, b, mask;
  uint32_t i = 0;
  if (raw.len != k->name.len || !k->plain) return false;
  for (; i + 8 <= raw.len; i += 8) {
    memcpy(&a, raw.ptr + i, 8), memcpy(&b, k->name.ptr + i, 8);
    if (a != b) return false;
  }
  memcpy(&a, raw.ptr + i, 8), memcpy(&b, k->name.ptr + i, 8);
  memcpy(&mask, masks + 8 - (raw.len - i), 8); /* ones for the bytes that are left */
  return ((a ^ b) & mask) == 0;
}

#endif
