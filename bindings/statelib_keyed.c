/* Methods of `s`, the state by key of a rule. */
#include "bindings/statelib_keyed.h"
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/timeop.h"

#include <openssl/evp.h>
#include <stdio.h>

static const char KEYED[] = "tidegate.keyed";

struct keyed_handle {
  uint64_t use; /* of the batch it belongs to */
  struct tg_keyed_use u;
};

static struct tg_keyed_use *use_check(lua_State *L)
{
  struct keyed_handle *h = luaL_checkudata(L, 1, KEYED);
  if (h->use != tg_live_check(L)->use) luaL_error(L, "state used after its batch");
  return &h->u;
}

/* A duration at idx in microseconds; 0 when it is absent. */
static int64_t window_check(lua_State *L, int idx)
{
  struct tg_span span;
  int64_t days_us = 0, us = 0;
  if (tg_arg_absent(L, idx)) return 0;
  bool good = tg_time_duration(tg_arg_text_check(L, idx), &span) && !span.months &&
              !__builtin_mul_overflow((int64_t)span.days, INT64_C(86400000000), &days_us) &&
              !__builtin_add_overflow(days_us, span.us, &us) && us > 0;
  if (!good) luaL_argerror(L, idx, "a duration such as \"90s\", \"24h\" or \"7d\" is due");
  return us;
}

static struct tg_column *column_opt(lua_State *L, int idx)
{
  return tg_arg_absent(L, idx) ? NULL : tg_column_check(L, idx);
}

static int state_count(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_column *times = tg_column_check(L, 2);
  luaL_checkany(L, 3);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "count_within", tg_keyed_count(u, &op, times, window_check(L, 3)));
}

static int state_sum(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_column *values = tg_column_check(L, 2), *times = tg_column_check(L, 3);
  luaL_checkany(L, 4);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "sum_within", tg_keyed_sum(u, &op, values, times, window_check(L, 4)));
}

static int state_seen(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_column *times = column_opt(L, 3);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "seen", tg_keyed_seen(u, &op, times, window_check(L, 2)));
}

static int state_maybe(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  luaL_checkany(L, 2);
  double fpp = luaL_checknumber(L, 3);
  struct tg_column *times = column_opt(L, 4);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "maybe_seen", tg_keyed_maybe(u, &op, times, window_check(L, 2), fpp));
}

static int value(lua_State *L, enum tg_keyop what)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_column *c = tg_column_check(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, tg_keyop_name(what), tg_keyed_value(u, &op, what, c));
}

static int state_previous(lua_State *L)
{
  return value(L, TG_KEYOP_PREVIOUS);
}
static int state_largest(lua_State *L)
{
  return value(L, TG_KEYOP_LARGEST);
}
static int state_smallest(lua_State *L)
{
  return value(L, TG_KEYOP_SMALLEST);
}
static int state_run(lua_State *L)
{
  return value(L, TG_KEYOP_RUN);
}

static int state_ordinal(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "ordinal", tg_keyed_ordinal(u, &op));
}

static int state_age(lua_State *L)
{
  struct tg_keyed_use *u = use_check(L);
  struct tg_column *times = column_opt(L, 2);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "age", tg_keyed_age(u, &op, times));
}

const struct tg_api tg_api_keyed[] = {
    {"count_within", "s:count_within(times, window)",
     "Rows of the key in (t - window, t], this one included; exact to 4,096.", state_count},
    {"sum_within", "s:sum_within(values, times, window)",
     "The sum of their values; exact for whole numbers and numeric.", state_sum},
    {"previous", "s:previous(col)", "The key's last value before this row that was not null.",
     state_previous},
    {"largest", "s:largest(col)", "The largest of the key's values before this row.",
     state_largest},
    {"smallest", "s:smallest(col)", "The smallest of the key's values before this row.",
     state_smallest},
    {"run", "s:run(col)", "How many rows of the key in a row have had this value, with this one.",
     state_run},
    {"seen", "s:seen([window[, times]])",
     "Whether an earlier row had the key, not longer than window ago (by Kafka's timestamps).",
     state_seen},
    {"maybe_seen", "s:maybe_seen(window, fpp[, times])",
     "As seen, by Bloom filters: also true of one new key in 1 / fpp; keys_max at a time.",
     state_maybe},
    {"ordinal", "s:ordinal()", "1 for the key's first row, 2 for its second ..", state_ordinal},
    {"age", "s:age([times])", "An interval: since the first row of all.", state_age},
    {0},
};

static int keyed_tostring(lua_State *L)
{
  lua_pushliteral(L, "state");
  return 1;
}

/* __index; upvalue 1 is the table of methods. */
static int keyed_index(lua_State *L)
{
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  return luaL_error(L,
                    "state by key has no '%s'; it has count_within sum_within previous largest "
                    "smallest run seen maybe_seen ordinal age",
                    luaL_tolstring(L, 2, NULL));
}

static int keyed_newindex(lua_State *L)
{
  return luaL_error(L, "state by key is not assigned to: its operations remember the rows");
}

void tg_statelib_keyed_open(lua_State *L)
{
  luaL_newmetatable(L, KEYED);
  lua_newtable(L);
  tg_api_set(L, tg_api_keyed);
  lua_pushcclosure(L, keyed_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, keyed_newindex);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, keyed_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

/* --- what a rule declared --- */

void tg_statelib_keyed_declared(lua_State *L, int idx, char *out)
{
  size_t len;
  const char *text = luaL_checklstring(L, idx, &len);
  unsigned char sum[EVP_MAX_MD_SIZE];
  if (!EVP_Digest(text, len, sum, NULL, EVP_sha256(), NULL)) luaL_error(L, "SHA-256 fails");
  for (size_t i = 0; i < TG_STATE_HASH_BYTES / 2; i++) snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void fill_key(lua_State *L, const struct tg_topic *topic, struct tg_rule_state *s)
{
  lua_getfield(L, -1, "columns");
  s->fields_count = (uint32_t)lua_rawlen(L, -1);
  for (uint32_t i = 0; i < s->fields_count && i < TG_KEYED_COLUMNS_MAX; i++) {
    size_t len;
    lua_rawgeti(L, -1, i + 1);
    const char *name = luaL_checklstring(L, -1, &len);
    s->fields[i] = tg_topic_field(topic, tg_text_of(name, len));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static lua_Integer integer_field(lua_State *L, const char *key)
{
  lua_getfield(L, -1, key);
  lua_Integer v = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return v;
}

struct tg_rule_state *tg_statelib_keyed_fill(lua_State *L, int idx, const struct tg_topic *topic)
{
  struct tg_rule_state *s = NULL;
  if (lua_getfield(L, idx, "state") == LUA_TTABLE) {
    s = tg_arena_zalloc(&tg_loader_program(L)->arena, 1, sizeof *s);
    if (!s) luaL_error(L, "not enough memory for the scripts");
    fill_key(L, topic, s);
    s->conf.limits = (struct tg_keytable_limits){.keys_max = (uint32_t)integer_field(L, "keys_max"),
                                                 .keep_us = integer_field(L, "keep_us"),
                                                 .bytes_max = TG_KEYED_BYTES_MAX};
    lua_getfield(L, -1, "full_is_error");
    s->conf.full_is_error = lua_toboolean(L, -1);
    lua_getfield(L, -2, "forget");
    s->conf.forget = lua_toboolean(L, -1);
    lua_getfield(L, -3, "text");
    tg_statelib_keyed_declared(L, -1, s->declared);
    lua_pop(L, 3);
  }
  lua_pop(L, 1);
  return s;
}

/* --- a rule at work --- */

static uint8_t *rows_of(lua_State *L, const struct tg_judging *j)
{
  if (!j->where) return NULL;
  uint8_t *rows = tg_arena_alloc(tg_vm_scratch(L), j->b->rows);
  if (!rows) luaL_error(L, "lua.memory is used up");
  for (uint32_t row = 0; row < j->b->rows; row++) rows[row] = tg_judging_row(j, row);
  return rows;
}

static struct tg_keyed **open_segments(lua_State *L, const struct tg_judging *j)
{
  const struct tg_rule_state *s = j->rule->state;
  struct tg_keyed **list = tg_arena_zalloc(tg_vm_scratch(L), j->b->segments_count, sizeof *list);
  if (!list) luaL_error(L, "lua.memory is used up");
  for (uint32_t i = 0; i < j->b->segments_count; i++) {
    struct tg_stateset *set = j->b->segments[i].state;
    if (!set) luaL_error(L, "there is no state here");
    if (tg_stateset_full(set))
      luaL_error(L, "what rules remember has used up state.bytes: raise it, or lower keys_max");
    list[i] = tg_stateset_open(set, tg_text(j->rule->id), tg_text(s->declared), &s->conf);
    if (!list[i]) luaL_error(L, "no memory left for the rule's state");
  }
  return list;
}

void tg_statelib_keyed_push(lua_State *L, const struct tg_judging *j)
{
  const struct tg_rule_state *s = j->rule->state;
  if (!s) return lua_pushnil(L);
  struct keyed_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct keyed_handle){.use = tg_live(L)->use};
  luaL_setmetatable(L, KEYED);
  h->u.b = j->b;
  h->u.key_count = s->fields_count;
  for (uint32_t i = 0; i < s->fields_count; i++) h->u.key[i] = j->b->columns[s->fields[i]];
  h->u.rows = rows_of(L, j);
  h->u.state = open_segments(L, j);
}

void tg_statelib_keyed_undo(const struct tg_judging *j)
{
  const struct tg_rule_state *s = j->rule->state;
  for (uint32_t i = 0; s && i < j->b->segments_count; i++)
    if (j->b->segments[i].state)
      tg_stateset_undo(j->b->segments[i].state, tg_text(j->rule->id), tg_text(s->declared));
}
