/* Column objects: handles on columns, literals, and the traps of operators that cannot work. */
#include "bindings/columnobj.h"
#include "bindings/api.h"
#include "bindings/vm.h"
#include "core/data/arith.h"
#include "core/data/mask.h"
#include "core/data/textop.h"

#include <stdio.h>

static const char live_key, null_key;
static const char COLUMN[] = "tidegate.column", NUL[] = "tidegate.null";
enum { LEVELS_MAX = 8, SET_MAX = 100000 };

struct tg_live *tg_live(lua_State *L)
{
  lua_rawgetp(L, LUA_REGISTRYINDEX, &live_key);
  struct tg_live *live = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return live;
}

struct tg_live *tg_live_check(lua_State *L)
{
  struct tg_live *live = tg_live(L);
  if (!live->use) luaL_error(L, "there is no batch here: columns live in transform and in rules");
  return live;
}

struct tg_column *tg_column_test(lua_State *L, int idx)
{
  return luaL_testudata(L, idx, COLUMN) ? tg_handle_check(L, idx)->c : NULL;
}

struct tg_handle *tg_handle_check(lua_State *L, int idx)
{
  struct tg_handle *h = luaL_checkudata(L, idx, COLUMN);
  struct tg_live *live = tg_live(L);
  if (!live->use || h->use != live->use) luaL_error(L, "batch used after it was handed over");
  if (h->slot >= 0) live->unused[h->slot].number = 0;
  h->slot = -1;
  return h;
}

struct tg_column *tg_column_check(lua_State *L, int idx)
{
  return tg_handle_check(L, idx)->c;
}

static bool is_mask(const struct tg_column *c)
{
  return c->type.kind == TG_BOOL && !c->type.array;
}

struct tg_column *tg_mask_check(lua_State *L, int idx)
{
  char name[64];
  if (!luaL_testudata(L, idx, COLUMN)) {
    const char *type = luaL_typename(L, idx);
    luaL_error(L, "a boolean column is due here, not a Lua %s: use :eq :lt .. and & | ~ on columns",
               type);
  }
  struct tg_column *c = tg_column_check(L, idx);
  if (!is_mask(c)) {
    luaL_error(L, "a boolean column is due here, this is %s",
               tg_type_name(c->type, name, sizeof name));
  }
  return c;
}

/* Where the script is, as the chunk and the line of the innermost Lua function. */
static void note_line(lua_State *L, struct tg_unused *u)
{
  lua_Debug ar;
  u->source = "?", u->line = 0;
  for (int level = 0; level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Sl", &ar);
    if (ar.currentline <= 0) continue;
    u->source = ar.source, u->line = ar.currentline;
    return;
  }
}

static int32_t note_mask(lua_State *L, struct tg_live *live)
{
  for (int32_t i = 0; i < TG_MASKS_UNUSED_MAX; i++) {
    if (live->unused[i].number) continue;
    live->unused[i].number = ++live->masks;
    note_line(L, &live->unused[i]);
    return i;
  }
  return luaL_error(L, "%d boolean columns were made and never used", TG_MASKS_UNUSED_MAX);
}

void tg_handle_push(lua_State *L, struct tg_column *c, bool field)
{
  struct tg_live *live = tg_live_check(L);
  struct tg_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct tg_handle){.use = live->use, .c = c, .slot = -1, .field = field};
  luaL_setmetatable(L, COLUMN);
  if (is_mask(c)) h->slot = note_mask(L, live);
}

void tg_column_push(lua_State *L, struct tg_column *c)
{
  tg_handle_push(L, c, false);
}

void tg_null_push(lua_State *L)
{
  lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key);
}

bool tg_null_test(lua_State *L, int idx)
{
  return luaL_testudata(L, idx, NUL) != NULL;
}

struct tg_text tg_arg_text_check(lua_State *L, int idx)
{
  size_t len;
  if (lua_type(L, idx) != LUA_TSTRING) luaL_typeerror(L, idx, "text");
  const char *s = lua_tolstring(L, idx, &len);
  return tg_text_of(s, len);
}

struct tg_text tg_arg_text_opt(lua_State *L, int idx)
{
  return tg_arg_absent(L, idx) ? tg_text("") : tg_arg_text_check(L, idx);
}

struct tg_arg tg_arg_check(lua_State *L, int idx)
{
  switch (lua_type(L, idx)) {
  case LUA_TNUMBER:
    return lua_isinteger(L, idx) ? tg_arg_int(lua_tointeger(L, idx))
                                 : tg_arg_float(lua_tonumber(L, idx));
  case LUA_TSTRING: return tg_arg_text(tg_arg_text_check(L, idx));
  case LUA_TBOOLEAN: return tg_arg_bool(lua_toboolean(L, idx));
  case LUA_TNIL:
  case LUA_TNONE: luaL_argerror(L, idx, "nil where a column or a value is due (write null)"); break;
  default: break;
  }
  if (tg_null_test(L, idx)) return tg_arg_null();
  if (!luaL_testudata(L, idx, COLUMN)) luaL_typeerror(L, idx, "column or value");
  return tg_arg_column(tg_column_check(L, idx));
}

struct tg_bounds tg_bounds_check(lua_State *L, int idx)
{
  struct tg_bounds bounds = {.has_min = !tg_arg_absent(L, idx),
                             .has_max = !tg_arg_absent(L, idx + 1)};
  if (bounds.has_min) bounds.min = tg_arg_check(L, idx);
  if (bounds.has_max) bounds.max = tg_arg_check(L, idx + 1);
  bounds.exclusive_min = lua_toboolean(L, idx + 2);
  bounds.exclusive_max = lua_toboolean(L, idx + 3);
  return bounds;
}

struct tg_literal *tg_arg_set_check(lua_State *L, int idx, struct tg_op *op, uint32_t *count)
{
  luaL_checktype(L, idx, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, idx);
  if (n > SET_MAX) luaL_error(L, "a set of %I values; at most %d", (lua_Integer)n, SET_MAX);
  struct tg_literal *set = tg_arena_alloc(op->arena, (size_t)n * sizeof *set);
  if (!set) luaL_error(L, "no memory left for a set");
  for (lua_Unsigned i = 0; i < n; i++) {
    lua_rawgeti(L, idx, (lua_Integer)i + 1);
    struct tg_arg a = tg_arg_check(L, -1);
    if (a.c) luaL_error(L, "a set holds values, not columns");
    set[i] = a.lit;
    lua_pop(L, 1);
  }
  *count = (uint32_t)n;
  return set;
}

static bool vm_late(void *vm)
{
  return tg_vm_late(vm);
}

struct tg_op tg_op_begin(lua_State *L, const struct tg_handle *first)
{
  struct tg_live *live = tg_live_check(L);
  struct tg_arena *scratch = tg_vm_scratch(L);
  tg_err_clear(&live->err);
  return (struct tg_op){.arena = scratch ? scratch : live->b->arena,
                        .home = first && first->field ? live->b->arena : NULL,
                        .rows = live->b->rows,
                        .late = vm_late,
                        .self = tg_vm_of(L),
                        .zone_s = live->b->topic->tz_offset_s,
                        .err = &live->err};
}

int tg_op_done(lua_State *L, struct tg_op *op, const char *name, struct tg_column *c)
{
  if (c) {
    tg_handle_push(L, c, false);
    return 1;
  }
  tg_vm_poll(L);
  return luaL_error(L, "%s: %s", name, op->err->what);
}

static int binary(lua_State *L, enum tg_arith what, const char *name)
{
  struct tg_arg a = tg_arg_check(L, 1), b = tg_arg_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, name, tg_arith(&op, what, a, b));
}

static int op_add(lua_State *L)
{
  return binary(L, TG_ADD, "+");
}
static int op_sub(lua_State *L)
{
  return binary(L, TG_SUB, "-");
}
static int op_mul(lua_State *L)
{
  return binary(L, TG_MUL, "*");
}
static int op_div(lua_State *L)
{
  return binary(L, TG_DIV, "/");
}
static int op_idiv(lua_State *L)
{
  return binary(L, TG_IDIV, "//");
}
static int op_mod(lua_State *L)
{
  return binary(L, TG_MOD, "%");
}

static int op_unm(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "-", tg_arith_unary(&op, TG_NEG, h->c, 0));
}

static int op_concat(lua_State *L)
{
  tg_vm_pin(L);
  struct tg_arg a = tg_arg_check(L, 1), b = tg_arg_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  int pushed = tg_op_done(L, &op, "..", tg_text_concat(&op, a, b));
  tg_vm_unpin(L);
  return pushed;
}

static int op_and(lua_State *L)
{
  struct tg_column *a = tg_mask_check(L, 1), *b = tg_mask_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "&", tg_mask_and(&op, a, b));
}

static int op_or(lua_State *L)
{
  struct tg_column *a = tg_mask_check(L, 1), *b = tg_mask_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "|", tg_mask_or(&op, a, b));
}

static int op_not(lua_State *L)
{
  struct tg_column *a = tg_mask_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "~", tg_mask_not(&op, a));
}

static int trap_lt(lua_State *L)
{
  return luaL_error(L, "< and > do not work on columns: use :lt() or :gt()");
}

static int trap_le(lua_State *L)
{
  return luaL_error(L, "<= and >= do not work on columns: use :le() or :ge()");
}

static int trap_eq(lua_State *L)
{
  return luaL_error(L, "== and ~= do not work on columns: use :eq() or :ne()");
}

static int trap_len(lua_State *L)
{
  return luaL_error(L, "# does not work on columns: use :len() for texts, b.rows for the rows");
}

static int trap_set(lua_State *L)
{
  return luaL_error(L, "columns are not changed in place: assign to b.name");
}

static int op_tostring(lua_State *L)
{
  char name[64];
  struct tg_handle *h = luaL_checkudata(L, 1, COLUMN);
  bool alive = h->use && h->use == tg_live(L)->use;
  lua_pushfstring(L, "column %s", alive ? tg_type_name(h->c->type, name, sizeof name) : "(dead)");
  return 1;
}

const struct tg_api tg_api_operators[] = {
    {"__add", "a + b", "Sum; exact for whole numbers and numeric. Instant + interval.", op_add},
    {"__sub", "a - b", "Difference; of two instants: an interval.", op_sub},
    {"__mul", "a * b", "Product; numeric keeps all decimals up to 18 digits.", op_mul},
    {"__div", "a / b", "Quotient; whole numbers and numeric give numeric, 6 decimals more.",
     op_div},
    {"__idiv", "a // b", "Quotient rounded down, as in Lua.", op_idiv},
    {"__mod", "a % b", "Remainder with the sign of the divisor, as in Lua.", op_mod},
    {"__unm", "-a", "The opposite number or interval.", op_unm},
    {"__concat", "a .. b", "Joined texts.", op_concat},
    {"__band", "a & b", "Both true, in three-valued logic.", op_and},
    {"__bor", "a | b", "At least one true, in three-valued logic.", op_or},
    {"__bnot", "~a", "The opposite; null stays null.", op_not},
    {0},
};

static const luaL_Reg traps[] = {
    {"__lt", trap_lt},        {"__le", trap_le},           {"__eq", trap_eq}, {"__len", trap_len},
    {"__newindex", trap_set}, {"__tostring", op_tostring}, {NULL, NULL},
};

void tg_api_set(lua_State *L, const struct tg_api *list)
{
  for (; list->name; list++) {
    if (!list->call) continue;
    lua_pushcfunction(L, list->call);
    lua_setfield(L, -2, list->name);
  }
}

/* __index of the methods' table: a method that does not exist. Arguments: methods, name. */
static int no_method(lua_State *L)
{
  const char *name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
  if (!name) return luaL_error(L, "a column has no values by number: use b:map_rows()");
  const char *best = NULL;
  unsigned nearest = 3;
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    unsigned d = tg_text_distance(tg_text(name), tg_text(lua_tostring(L, -2)), 2);
    /* The smaller name wins a draw: the order of the table is not stable. */
    bool closer = d < nearest || (d == nearest && best && strcmp(lua_tostring(L, -2), best) < 0);
    if (closer) nearest = d, best = lua_tostring(L, -2);
  }
  if (!best) return luaL_error(L, "columns have no method '%s'", name);
  return luaL_error(L, "columns have no method '%s'; did you mean '%s'?", name, best);
}

static void push_methods(lua_State *L)
{
  const struct tg_api *const lists[] = {tg_api_logic, tg_api_math,   tg_api_text,   tg_api_time,
                                        tg_api_cast,  tg_api_nested, tg_api_summary};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) tg_api_set(L, lists[i]);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, no_method);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

static int null_tostring(lua_State *L)
{
  lua_pushliteral(L, "null");
  return 1;
}

static void open_null(lua_State *L)
{
  lua_newuserdatauv(L, 1, 0);
  luaL_newmetatable(L, NUL);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
}

void tg_columnobj_open(lua_State *L)
{
  struct tg_live *live = lua_newuserdatauv(L, sizeof *live, 0);
  memset(live, 0, sizeof *live);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &live_key);
  open_null(L);
  luaL_newmetatable(L, COLUMN);
  tg_api_set(L, tg_api_operators);
  luaL_setfuncs(L, traps, 0);
  push_methods(L);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
