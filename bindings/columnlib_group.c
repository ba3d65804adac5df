/* Groups: key(a, b) and its methods. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "bindings/groupobj.h"
#include "bindings/summaryobj.h"
#include "core/data/group.h"

static const char GROUP[] = "tidegate.key";
enum { TUPLES_MAX = 100000 };

struct handle {
  uint64_t use;
  struct tg_group *g;
};

static struct tg_group *check(lua_State *L, int idx)
{
  struct handle *h = luaL_checkudata(L, idx, GROUP);
  if (!h->use || h->use != tg_live(L)->use)
    luaL_error(L, "key used after its batch was handed over");
  return h->g;
}

static int api_key(lua_State *L)
{
  struct tg_column *columns[TG_GROUP_COLUMNS_MAX];
  int n = lua_gettop(L);
  if (n < 1 || n > TG_GROUP_COLUMNS_MAX)
    return luaL_error(L, "key takes 1 to %d columns", TG_GROUP_COLUMNS_MAX);
  for (int i = 0; i < n; i++) columns[i] = tg_column_check(L, i + 1);
  struct handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct handle){0};
  luaL_setmetatable(L, GROUP);
  const uint8_t *rows = tg_summaryobj_rows(L);
  struct tg_op op = tg_op_begin(L, NULL);
  h->g = tg_group_of(&op, columns, (uint32_t)n, rows);
  if (!h->g) return tg_op_done(L, &op, "key", NULL);
  h->use = tg_live(L)->use;
  return 1;
}

static int key_occurrences(lua_State *L)
{
  struct tg_group *g = check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "occurrences", tg_group_occurrences(&op, g));
}

static int key_ordinal(lua_State *L)
{
  struct tg_group *g = check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "ordinal", tg_group_ordinal(&op, g));
}

static int key_previous(lua_State *L)
{
  struct tg_group *g = check(L, 1);
  struct tg_column *c = tg_column_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "previous", tg_group_previous(&op, g, c));
}

/* The literals of the tuple on top, in out. */
static void read_tuple(lua_State *L, uint32_t width, struct tg_literal *out)
{
  bool list = lua_type(L, -1) == LUA_TTABLE;
  if (list ? lua_rawlen(L, -1) != width : width != 1)
    luaL_error(L, "is_in: each member has %d values, as many as key() has columns", (int)width);
  for (uint32_t k = 0; k < width; k++) {
    if (list)
      lua_rawgeti(L, -1, (lua_Integer)k + 1);
    else
      lua_pushvalue(L, -1);
    struct tg_arg v = tg_arg_check(L, -1);
    if (v.c) luaL_error(L, "is_in takes values, not columns");
    out[k] = v.lit;
    lua_pop(L, 1);
  }
}

static int key_is_in(lua_State *L)
{
  struct tg_group *g = check(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, 2);
  if (n > TUPLES_MAX)
    return luaL_error(L, "is_in: %I members; at most %d", (lua_Integer)n, TUPLES_MAX);
  struct tg_op op = tg_op_begin(L, NULL);
  uint32_t width = g->columns_count;
  struct tg_literal *tuples = tg_op_alloc(&op, (size_t)n * width, sizeof *tuples);
  if (!tuples) return tg_op_done(L, &op, "is_in", NULL);
  for (lua_Unsigned i = 0; i < n; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i + 1);
    read_tuple(L, width, tuples + i * width);
    lua_pop(L, 1);
  }
  return tg_op_done(L, &op, "is_in", tg_group_is_in(&op, g, tuples, (uint32_t)n));
}

/* One group and its rows into a summary of counts or of distinct values. */
static bool put_group(struct tg_summary *s, const struct tg_datum *d, uint64_t n)
{
  if (s->kind == TG_SUMMARY_COUNTS) return tg_counts_put(&s->u.counts, s->arena, d, n);
  return tg_distinct_put(&s->u.distinct, s->arena, d, n);
}

static bool sum_groups(struct tg_op *op, const struct tg_group *g, struct tg_summary *s)
{
  struct tg_datum d;
  for (uint32_t id = 0; id < g->count; id++) {
    if (id % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_group_datum(op, g, id, &d)) return false;
    if (!put_group(s, &d, g->sizes[id])) return tg_op_full(op) != NULL;
  }
  return true;
}

static int summarise(lua_State *L, enum tg_summary_kind kind, uint32_t cap)
{
  struct tg_group *g = check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_summary *s = tg_summary_new(op.arena, kind, cap);
  if (!s) tg_op_full(&op);
  if (!s || !sum_groups(&op, g, s)) return tg_op_done(L, &op, tg_summary_name(kind), NULL);
  tg_summaryobj_push(L, s);
  return 1;
}

static int key_counts(lua_State *L)
{
  return summarise(L, TG_SUMMARY_COUNTS, tg_summaryobj_cap(L, 2, TG_COUNTS_CAP_MAX));
}
static int key_distinct(lua_State *L)
{
  return summarise(L, TG_SUMMARY_DISTINCT, tg_summaryobj_cap(L, 2, TG_DISTINCT_EXACT_MAX));
}

const struct tg_api tg_api_group[] = {
    {"key", "key(a, b, ..)", "Groups the rows by equal values; in a tuple null equals null.",
     api_key},
    {0},
};

const struct tg_api tg_api_groups[] = {
    {"is_in", "k:is_in({{x, y}, ..})", "True where the row's values are one of the tuples.",
     key_is_in},
    {"occurrences", "k:occurrences()", "How many rows have the row's values.", key_occurrences},
    {"ordinal", "k:ordinal()", "The how-manieth of these rows it is, from 1.", key_ordinal},
    {"previous", "k:previous(col)",
     "The last value of col, nulls left out, in an earlier row of the same values.", key_previous},
    {"distinct", "k:distinct([max])", "A summary: how many different values or tuples.",
     key_distinct},
    {"counts", "k:counts([cap])", "A summary: how often each value or tuple occurs.", key_counts},
    {0},
};

void tg_groupobj_open(lua_State *L)
{
  luaL_newmetatable(L, GROUP);
  lua_newtable(L);
  tg_api_set(L, tg_api_groups);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
