/* lookup.NAME[column] and what else a script can ask a lookup.
 *
 *   lookup            userdata without a value      .rates -> the lookup of that name
 *   lookup.rates      { use, which }                [column], :get :has :rows :sum ..
 *   ..[column]        { use, found }                .tier -> a column    (several values)
 *
 * `use` is that of column objects: all of it dies with the batch. A table that nobody has read yet
 * is an error, which the trial at load forgives: see tg_batchobj_untried(). */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/lookup.h"

#include <stdio.h>

static const char LOOKUP[] = "tidegate.lookup", FOUND[] = "tidegate.found";
enum { US = 1000000 };

struct asked { /* a lookup, and where the batch stands in it */
  uint64_t use;
  struct tg_lookup_use which;
  const struct tg_lookup_source *source; /* NULL: a test gave it and no topic declares it */
  struct tg_found found;
};

/* --- which lookup ----------------------------------------------------------------------------- */

static const struct tg_lookup_use *used(const struct tg_batch *b, struct tg_text name)
{
  for (uint32_t i = 0; b->lookups && i < b->lookups->count; i++)
    if (tg_text_eq(b->lookups->list[i].name, name)) return &b->lookups->list[i];
  return NULL;
}

static const struct tg_lookup_source *declared(const struct tg_batch *b, struct tg_text name)
{
  for (uint32_t i = 0; i < b->topic->lookups_count; i++)
    if (tg_text_eq(b->topic->lookups[i].name, name)) return &b->topic->lookups[i];
  return NULL;
}

static int no_lookup(lua_State *L, const struct tg_topic *t, struct tg_text name)
{
  const char *names[65], *near = NULL;
  uint32_t count = 0;
  char shown[128];
  for (; count < t->lookups_count && count < 64; count++) names[count] = t->lookups[count].name.ptr;
  names[count] = NULL;
  near = tg_text_nearest(name, names);
  tg_text_shown(name, shown, sizeof shown);
  if (near) return luaL_error(L, "there is no lookup '%s'; did you mean '%s'?", shown, near);
  return luaL_error(L, "there is no lookup '%s': declare it in the topic's `lookups`", shown);
}

/* __index of `lookup`. */
static int lookup_index(lua_State *L)
{
  struct tg_live *live = tg_live_check(L);
  struct tg_text name = tg_arg_text_check(L, 2);
  const struct tg_lookup_use *use = used(live->b, name);
  const struct tg_lookup_source *source = declared(live->b, name);
  if (!use && !source) return no_lookup(L, live->b->topic, name);
  struct asked *a = lua_newuserdatauv(L, sizeof *a, 0);
  *a = (struct asked){.use = live->use, .source = source};
  if (use)
    a->which = *use;
  else
    a->which =
        (struct tg_lookup_use){source->name, source->given, source->single, TG_LOOKUP_FRESH, 0};
  luaL_setmetatable(L, LOOKUP);
  return 1;
}

static int lookup_newindex(lua_State *L)
{
  return luaL_error(L, "lookups are not changed by scripts");
}

static struct asked *check(lua_State *L, const char *kind)
{
  struct asked *a = luaL_checkudata(L, 1, kind);
  struct tg_live *live = tg_live(L);
  if (!live->use || a->use != live->use) luaL_error(L, "batch used after it was handed over");
  return a;
}

/* Raises unless there is a snapshot that may be asked. */
static void check_read(lua_State *L, const struct asked *a)
{
  const char *name = lua_pushlstring(L, a->which.name.ptr, a->which.name.len);
  if (!a->which.lookup) {
    tg_live(L)->untried = true;
    luaL_error(L,
               "lookup '%s' reads a table, which is not read here: give the test "
               "lookups = { %s = { .. } }",
               name, name);
  }
  if (a->which.state == TG_LOOKUP_REFUSED)
    luaL_error(L, "lookup '%s' is stale: it was read %I s ago (stale_after, on_stale = \"error\")",
               name, (lua_Integer)(a->which.age_us / US));
  lua_pop(L, 1);
}

/* --- asking ----------------------------------------------------------------------------------- */

static void find(lua_State *L, struct asked *a)
{
  struct tg_column *keys[TG_LOOKUP_KEYS_MAX];
  uint32_t count = 0;
  check_read(L, a);
  for (int top = lua_gettop(L); (int)count + 2 <= top; count++) {
    luaL_argcheck(L, count < TG_LOOKUP_KEYS_MAX, 2, "8 key columns at most");
    keys[count] = tg_column_check(L, (int)count + 2);
  }
  struct tg_op op = tg_op_begin(L, count ? tg_handle_check(L, 2) : NULL);
  if (!tg_lookup_find(&op, a->which.lookup, keys, count, &a->found)) {
    lua_pushlstring(L, a->which.name.ptr, a->which.name.len);
    tg_op_done(L, &op, lua_tostring(L, -1), NULL);
  }
}

/* Too old, and the topic wants no answer then: nothing is found, nothing is missing. */
static bool skip(lua_State *L, struct asked *a, struct tg_op *op)
{
  if (a->which.state != TG_LOOKUP_SKIPPED) return false;
  a->found.nul = tg_op_alloc(op, op->rows, 1);
  if (!a->found.nul) tg_op_done(L, op, "lookup", NULL);
  memset(a->found.nul, TG_NULL, op->rows);
  return true;
}

static int push_value(lua_State *L, struct asked *a, uint32_t column)
{
  struct tg_op op = tg_op_begin(L, NULL);
  skip(L, a, &op);
  return tg_op_done(L, &op, "lookup", tg_lookup_get(&op, &a->found, column));
}

/* get(column, ..) */
static int lookup_get(lua_State *L)
{
  struct asked *a = check(L, LOOKUP);
  if (a->which.single || a->which.lookup) find(L, a);
  if (a->which.single) return push_value(L, a, a->which.lookup->keys_count);
  struct asked *found = lua_newuserdatauv(L, sizeof *found, 0);
  *found = *a;
  luaL_setmetatable(L, FOUND);
  return 1;
}

static int lookup_has(lua_State *L)
{
  struct asked *a = check(L, LOOKUP);
  find(L, a);
  struct tg_op op = tg_op_begin(L, NULL);
  skip(L, a, &op);
  return tg_op_done(L, &op, "has", tg_lookup_has(&op, &a->found));
}

static int no_value(lua_State *L, const struct asked *a, struct tg_text name)
{
  lua_pushlstring(L, a->which.name.ptr, a->which.name.len);
  lua_pushlstring(L, name.ptr, name.len);
  return luaL_error(L, "lookup '%s' has no value '%s': name it in `value`", lua_tostring(L, -2),
                    lua_tostring(L, -1));
}

/* The value column called name; raises when there is none. Its name is checked even when the
 * table was not read. */
static uint32_t value_check(lua_State *L, const struct asked *a, int idx)
{
  struct tg_text name = tg_arg_text_check(L, idx);
  const struct tg_lookup_source *s = a->source;
  bool known = !s;
  for (uint32_t i = s ? s->keys_count : 0; s && i < s->columns_count; i++)
    known = known || tg_text_eq(s->columns[i].name, name);
  if (!known) no_value(L, a, name);
  check_read(L, a);
  int32_t column = tg_lookup_value(a->which.lookup, name);
  if (column < 0) no_value(L, a, name);
  return (uint32_t)column;
}

/* __index of what was found. */
static int found_index(lua_State *L)
{
  struct asked *a = check(L, FOUND);
  return push_value(L, a, value_check(L, a, 2));
}

/* --- the whole of it -------------------------------------------------------------------------- */

static int lookup_rows(lua_State *L)
{
  struct asked *a = check(L, LOOKUP);
  check_read(L, a);
  if (a->which.state == TG_LOOKUP_SKIPPED)
    lua_pushnil(L);
  else
    lua_pushinteger(L, a->which.lookup->rows);
  return 1;
}

static struct tg_lookup_sums sums_of(lua_State *L)
{
  struct asked *a = check(L, LOOKUP);
  struct tg_lookup_sums sums;
  uint32_t column = value_check(L, a, 2);
  if (!tg_lookup_sums(a->which.lookup, column, &sums))
    luaL_error(L, "'%s' does not hold numbers", lua_tostring(L, 2));
  if (a->which.state == TG_LOOKUP_SKIPPED) sums.count = 0;
  return sums;
}

static int push_number(lua_State *L, const struct tg_lookup_sums *sums, double n)
{
  if (sums->count)
    lua_pushnumber(L, n);
  else
    lua_pushnil(L);
  return 1;
}

static int lookup_sum(lua_State *L)
{
  struct tg_lookup_sums sums = sums_of(L);
  return push_number(L, &sums, sums.sum);
}

static int lookup_mean(lua_State *L)
{
  struct tg_lookup_sums sums = sums_of(L);
  return push_number(L, &sums, sums.sum / sums.count);
}

static int lookup_min(lua_State *L)
{
  struct tg_lookup_sums sums = sums_of(L);
  return push_number(L, &sums, sums.min);
}

static int lookup_max(lua_State *L)
{
  struct tg_lookup_sums sums = sums_of(L);
  return push_number(L, &sums, sums.max);
}

/* __index of a lookup: a column asks, a text names a method (upvalue 1). */
static int lookup_ask(lua_State *L)
{
  lua_settop(L, 2);
  if (lua_type(L, 2) != LUA_TSTRING) return lookup_get(L);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  return luaL_error(L, "a lookup has no '%s': ask it with a column, lookup.NAME[b.column]",
                    lua_tostring(L, 2));
}

const struct tg_api tg_api_lookup[] = {
    {"lookup", "lookup.NAME[col]",
     "The value found for each key; a missing key is a fault, a null key null. Several values: "
     ".NAME behind it.",
     NULL},
    {"get", "lookup.NAME:get(col, ..)", "The same with as many columns as the lookup has keys.",
     lookup_get},
    {"has", "lookup.NAME:has(col, ..)", "A mask: the key is there.", lookup_has},
    {"rows", "lookup.NAME:rows()",
     "How many rows the snapshot has, a number; nil when stale and skipped.", lookup_rows},
    {"sum", "lookup.NAME:sum(value)", "The sum of a value over all rows, a number; nil of none.",
     lookup_sum},
    {"mean", "lookup.NAME:mean(value)", "The mean of a value over all rows.", lookup_mean},
    {"min", "lookup.NAME:min(value)", "The smallest.", lookup_min},
    {"max", "lookup.NAME:max(value)", "The largest.", lookup_max},
    {0},
};

/* A metatable with __index on top, protected. [-1, +0] */
static void make_metatable(lua_State *L, const char *name)
{
  luaL_newmetatable(L, name);
  lua_insert(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, lookup_newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void tg_lookuplib_open(lua_State *L)
{
  lua_newtable(L);
  tg_api_set(L, tg_api_lookup);
  lua_pushcclosure(L, lookup_ask, 1);
  make_metatable(L, LOOKUP);
  lua_pushcfunction(L, found_index);
  make_metatable(L, FOUND);
  lua_pushcfunction(L, lookup_index);
  make_metatable(L, "tidegate.lookups");
  lua_newuserdatauv(L, 1, 0);
  luaL_setmetatable(L, "tidegate.lookups");
  lua_setfield(L, -2, "lookup");
}
