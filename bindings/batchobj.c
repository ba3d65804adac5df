/* Batch objects: b.name, b.name = column, and the life of everything that hangs on a batch. */
#include "bindings/batchobj.h"
#include "bindings/api.h"
#include "bindings/batchlib.h"
#include "bindings/cellobj.h"
#include "bindings/columnobj.h"
#include "bindings/groupobj.h"
#include "bindings/statelib_keyed.h"
#include "bindings/summaryobj.h"

#include <stdio.h>

const char TG_BATCH_OBJECT[] = "tidegate.batch";

struct handle {
  uint64_t use;
};

struct tg_batch *tg_batchlib_check(lua_State *L, int idx)
{
  struct handle *h = luaL_checkudata(L, idx, TG_BATCH_OBJECT);
  struct tg_live *live = tg_live(L);
  if (!live->use || h->use != live->use) luaL_error(L, "batch used after it was handed over");
  return live->b;
}

int32_t tg_batchlib_field(const struct tg_batch *b, struct tg_text name)
{
  return tg_topic_field(b->topic, name);
}

struct tg_column *tg_batchlib_column(lua_State *L, const struct tg_batch *b, int32_t field)
{
  struct tg_column **read = tg_live(L)->read;
  return read && read[field] ? read[field] : b->columns[field];
}

int tg_batchlib_no_field(lua_State *L, const struct tg_batch *b, struct tg_text name)
{
  const struct tg_topic *t = b->topic;
  const struct tg_field *best = NULL;
  unsigned nearest = 3;
  for (uint32_t i = 0; i < t->fields_count; i++) {
    unsigned d = tg_text_distance(name, t->fields[i].name, 2);
    if (d < nearest) nearest = d, best = &t->fields[i];
  }
  lua_pushlstring(L, t->name.ptr, t->name.len);
  lua_pushlstring(L, name.ptr, name.len);
  if (!best) return luaL_error(L, "%s has no field '%s'", lua_tostring(L, -2), lua_tostring(L, -1));
  lua_pushlstring(L, best->name.ptr, best->name.len);
  return luaL_error(L, "%s has no field '%s'; did you mean '%s'?", lua_tostring(L, -3),
                    lua_tostring(L, -2), lua_tostring(L, -1));
}

/* __index; upvalue 1 is the table of methods. */
static int batch_index(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  struct tg_text name = tg_arg_text_check(L, 2);
  int32_t field = tg_batchlib_field(b, name);
  if (field >= 0) {
    struct tg_column *c = tg_batchlib_column(L, b, field);
    tg_handle_push(L, c, c == b->columns[field]);
    return 1;
  }
  if (tg_text_is(name, "rows")) {
    lua_pushinteger(L, b->rows);
    return 1;
  }
  if (!tg_text_is(name, "topic")) return tg_batchlib_no_field(L, b, name);
  lua_pushlstring(L, b->topic->name.ptr, b->topic->name.len);
  return 1;
}

static int batch_newindex(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_text name = tg_arg_text_check(L, 2);
  if (tg_live(L)->phase != TG_PHASE_TRANSFORM) {
    return luaL_error(L,
                      "assigning to b.%s is not available in rules: only transform changes columns",
                      lua_tostring(L, 2));
  }
  int32_t field = tg_batchlib_field(b, name);
  if (field < 0) return tg_batchlib_no_field(L, b, name);
  bool is_field = luaL_testudata(L, 3, "tidegate.column") && tg_handle_check(L, 3)->field;
  tg_batchlib_assign(L, (uint32_t)field, tg_arg_check(L, 3), is_field);
  return 0;
}

static int batch_tostring(lua_State *L)
{
  lua_pushliteral(L, "batch");
  return 1;
}

static int batch_trap(lua_State *L)
{
  return luaL_error(L, "a batch is no list: b.rows is the number of its rows, b.name a column");
}

static const luaL_Reg metamethods[] = {
    {"__newindex", batch_newindex},
    {"__tostring", batch_tostring},
    {"__len", batch_trap},
    {"__eq", batch_trap},
    {"__lt", batch_trap},
    {"__le", batch_trap},
    {NULL, NULL},
};

static void open_batch(lua_State *L)
{
  luaL_newmetatable(L, TG_BATCH_OBJECT);
  luaL_setfuncs(L, metamethods, 0);
  lua_newtable(L);
  tg_api_set(L, tg_api_batch);
  lua_pushcclosure(L, batch_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void tg_batchobj_open(lua_State *L)
{
  tg_columnobj_open(L);
  tg_cellobj_open(L);
  tg_summaryobj_open(L);
  tg_groupobj_open(L);
  open_batch(L);
  tg_statelib_keyed_open(L);
  tg_api_set(L, tg_api_globals);
  tg_api_set(L, tg_api_group);
  tg_api_set(L, tg_api_chi2);
  tg_null_push(L);
  lua_setfield(L, -2, "null");
  tg_lookuplib_open(L);
}

void tg_batchobj_push(lua_State *L, struct tg_batch *b, enum tg_phase phase)
{
  struct tg_live *live = tg_live(L);
  struct handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  luaL_setmetatable(L, TG_BATCH_OBJECT);
  memset(live->unused, 0, sizeof live->unused);
  h->use = live->use = ++live->uses;
  live->b = b, live->phase = phase, live->rows = NULL, live->read = NULL;
  live->where = NULL;
  live->full = live->untried = false, live->masks = 0;
}

void tg_batchobj_measure(lua_State *L, const uint8_t *rows)
{
  tg_live(L)->rows = rows;
}

void tg_batchobj_where(lua_State *L, const struct tg_column *where)
{
  tg_live(L)->where = where;
}

uint32_t tg_batchobj_close(lua_State *L, const char **line)
{
  struct tg_live *live = tg_live(L);
  const struct tg_unused *first = NULL;
  uint32_t count = 0;
  for (uint32_t i = 0; i < TG_MASKS_UNUSED_MAX; i++) {
    const struct tg_unused *u = &live->unused[i];
    if (!u->number) continue;
    count++;
    if (!first || u->number < first->number) first = u;
  }
  live->line[0] = '\0';
  if (first) {
    const char *name = first->source + (*first->source == '@' || *first->source == '=');
    snprintf(live->line, sizeof live->line, "%s:%d", name, first->line);
  }
  if (line) *line = live->line;
  memset(live->unused, 0, sizeof live->unused);
  live->use = 0, live->b = NULL, live->rows = NULL;
  return count;
}

bool tg_batchobj_full(lua_State *L)
{
  return tg_live(L)->full;
}

bool tg_batchobj_untried(lua_State *L)
{
  return tg_live(L)->untried;
}
