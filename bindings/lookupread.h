/* What prelude_lookups.lua has checked becomes lookups: declarations of topics, snapshots that
 * tests give, and snapshots of files. */
#ifndef TG_BINDINGS_LOOKUPREAD_H
#define TG_BINDINGS_LOOKUPREAD_H

#include "bindings/script.h"
#include "core/data/lookup.h"

enum { TG_LOOKUPS_MAX = 64, TG_LOOKUP_GIVEN_BYTES_MAX = 16 << 20 };

/* Adds tg.lookup and tg.type_fault to the table on top. [-0, +0] */
void tg_lookupread_open(lua_State *L);

/* Fills set from the list at idx, in the arena. Raises when a value does not fit; what the set
 * holds by then is the caller's to drop. [-0, +0] */
void tg_lookupread_set(lua_State *L, int idx, struct tg_arena *a, struct tg_lookup_set *set);

/* Gives back what the topic's lookups hold. */
void tg_lookupread_drop(struct tg_topic *topic);

#endif
