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

enum { TG_KEY_HEAD = 16 };

struct tg_key {
  struct tg_text name;        /* a copy, a quote and zeros behind it, TG_KEY_HEAD bytes at least */
  bool plain;                 /* written in JSON as it is: nothing in it must be escaped */
  uint64_t masks[2];          /* ones for the name and its quote within those bytes */
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

/* True when k's name and a closing quote are written at p. Two words at a time, for most names are
 * short and a loop is hard to foresee: TG_KEY_HEAD bytes more must be readable, as behind an
 * event. */
static inline bool tg_key_at(const struct tg_key *k, const char *p)
{
  uint64_t a[2], b[2];
  memcpy(a, p, TG_KEY_HEAD), memcpy(b, k->name.ptr, TG_KEY_HEAD);
  if (((a[0] ^ b[0]) & k->masks[0]) | ((a[1] ^ b[1]) & k->masks[1])) return false;
  if (k->name.len < TG_KEY_HEAD) return k->plain;
  return k->plain && memcmp(p, k->name.ptr, (size_t)k->name.len + 1) == 0;
}

#endif
