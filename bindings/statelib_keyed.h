/* `s` of a check: state by key, declared by the rule's `state` (prelude_state.lua). */
#ifndef TG_BINDINGS_STATELIB_KEYED_H
#define TG_BINDINGS_STATELIB_KEYED_H

#include "bindings/judging.h"
#include "core/state/stateset.h"

/* What a rule declared. */
struct tg_rule_state {
  int32_t fields[TG_KEYED_COLUMNS_MAX]; /* of the topic: the key */
  uint32_t fields_count;
  struct tg_keyed_conf conf;
  char declared[TG_STATE_HASH_BYTES + 1];
};

/* Registers the methods. [-0, +0] */
void tg_statelib_keyed_open(lua_State *L);

/* Reads `state` of the bound rule at idx; NULL when it has none. [-0, +0] */
struct tg_rule_state *tg_statelib_keyed_fill(lua_State *L, int idx, const struct tg_topic *topic);

/* The hash of the declaration whose text is at idx, TG_STATE_HASH_BYTES and a NUL. [-0, +0] */
void tg_statelib_keyed_declared(lua_State *L, int idx, char *out);

/* Pushes `s` for a rule at work: the state of every segment is where the segment begins. Nil for a
 * rule without. [-0, +1] */
void tg_statelib_keyed_push(lua_State *L, const struct tg_judging *j);

/* After an error: takes back what the rule remembered of the batch. */
void tg_statelib_keyed_undo(const struct tg_judging *j);

#endif
