/* The tree of keys: small tables with open addressing, at most half full, fixed after loading. */
#include "core/data/keytree.h"

#include <stddef.h>

static uint32_t hash_name(struct tg_text name)
{
  uint32_t h =
      2166136261u; /* FNV-1a; the table's content is the operator's, so no seed is needed */
  for (uint32_t i = 0; i < name.len; i++) h = (h ^ (unsigned char)name.ptr[i]) * 16777619u;
  return h ^ h >> 15;
}

static bool is_plain(struct tg_text name)
{
  for (uint32_t i = 0; i < name.len; i++)
    if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == '\\' || name.ptr[i] == '"')
      return false;
  return true;
}

static struct tg_key *find_child(const struct tg_key *parent, struct tg_text name)
{
  struct tg_key *k = parent->children;
  while (k && !tg_text_eq(k->name, name)) k = k->sibling;
  return k;
}

static struct tg_key *add_child(struct tg_arena *a, struct tg_key *parent, struct tg_text name)
{
  struct tg_key *k = tg_arena_zalloc(a, 1, sizeof *k);
  char *copy = tg_arena_zalloc(a, (size_t)name.len + 1 + TG_KEY_HEAD, 1);
  if (!k || !copy) return NULL;
  if (name.len) memcpy(copy, name.ptr, name.len);
  copy[name.len] = '"';
  k->name = tg_text_of(copy, name.len);
  k->plain = is_plain(name);
  memset(k->masks, 0xff, name.len < TG_KEY_HEAD ? name.len + 1 : TG_KEY_HEAD);
  k->sibling = parent->children;
  return parent->children = k;
}

struct tg_key *tg_key_add(struct tg_arena *a, struct tg_key *root, const struct tg_path *path)
{
  struct tg_key *at = root;
  for (uint32_t i = 0; i < path->count && at; i++) {
    struct tg_key *child = find_child(at, path->steps[i]);
    at = child ? child : add_child(a, at, path->steps[i]);
  }
  return at;
}

bool tg_key_seal(struct tg_arena *a, struct tg_key *k)
{
  uint32_t count = 0;
  for (struct tg_key *c = k->children; c; c = c->sibling) count++;
  if (!count) return true;
  uint32_t size = 4;
  while (size < count * 2) size *= 2;
  if (!(k->slots = tg_arena_zalloc(a, size, sizeof(struct tg_key *)))) return false;
  k->mask = size - 1;
  for (struct tg_key *c = k->children; c; c = c->sibling) {
    uint32_t at = hash_name(c->name) & k->mask;
    while (k->slots[at]) at = (at + 1) & k->mask;
    k->slots[at] = c;
    if (c->name.len > k->longest) k->longest = c->name.len;
    if (!tg_key_seal(a, c)) return false;
  }
  return true;
}

struct tg_key *tg_key_find(const struct tg_key *parent, struct tg_text name)
{
  if (!parent->slots || name.len > parent->longest) return NULL;
  uint32_t at = hash_name(name) & parent->mask;
  while (parent->slots[at] && !tg_text_eq(parent->slots[at]->name, name))
    at = (at + 1) & parent->mask;
  return parent->slots[at];
}

void tg_key_forget(struct tg_key *k)
{
  k->stamp = 0;
  for (struct tg_key *c = k->children; c; c = c->sibling)
    if (c->stamp) tg_key_forget(c);
}
