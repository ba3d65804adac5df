/* s:get, s:set and the models of a rule without a key. */
#include "bindings/api.h"
#include "bindings/cellobj.h"
#include "bindings/cellvalue.h"
#include "bindings/columnobj.h"
#include "bindings/vm.h"

#include <math.h>

static const char CELL[] = "tidegate.cell", MODEL[] = "tidegate.model";

struct cell_handle {
  uint64_t use; /* of the batch it was made for */
  struct tg_cell *cell;
};
struct model_handle {
  uint64_t use;
  struct tg_model *m;
};

void tg_cellobj_push(lua_State *L, struct tg_cell *cell)
{
  if (!cell) {
    lua_pushnil(L);
    return;
  }
  struct cell_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct cell_handle){tg_live_check(L)->use, cell};
  luaL_setmetatable(L, CELL);
}

static void check_use(lua_State *L, uint64_t use)
{
  if (use != tg_live(L)->use) luaL_error(L, "state used after its batch was handed over");
}

static struct tg_cell *check_cell(lua_State *L)
{
  struct cell_handle *h = luaL_checkudata(L, 1, CELL);
  check_use(L, h->use);
  return h->cell;
}

static struct tg_model *check_model(lua_State *L)
{
  struct model_handle *h = luaL_checkudata(L, 1, MODEL);
  check_use(L, h->use);
  return h->m;
}

/* --- values --- */

static int cell_get(lua_State *L)
{
  struct tg_text value = tg_cell_value(check_cell(L));
  value.ptr ? tg_cellvalue_push(L, value) : lua_pushnil(L);
  return 1;
}

/* The bytes are written into the scratch arena: what raises in between leaks nothing. */
static int cell_set(lua_State *L)
{
  struct tg_cell *cell = check_cell(L);
  struct tg_arena *scratch = tg_vm_scratch(L);
  struct tg_err err;
  char *room = tg_arena_bytes(scratch, TG_CELL_BYTES_MAX);
  if (!room) return luaL_error(L, "lua.memory is used up");
  struct tg_buf bytes = {.ptr = room, .size = TG_CELL_BYTES_MAX, .max = TG_CELL_BYTES_MAX};
  if (!lua_isnoneornil(L, 2)) tg_cellvalue_write(L, 2, &bytes);
  if (bytes.failed) {
    return luaL_error(L, "s:set: a rule keeps at most %d KiB", TG_CELL_BYTES_MAX >> 10);
  }
  struct tg_text none = tg_text(NULL);
  enum tg_rc rc = tg_cell_set(cell, bytes.len ? tg_buf_view(&bytes) : none, &err);
  return rc == TG_OK ? 0 : luaL_error(L, "s:set: %s", err.what);
}

/* --- settings of a model --- */

struct setting {
  const char *name;
  double *number;
  uint32_t *count;
};

static void take_setting(lua_State *L, const struct setting *s)
{
  if (s->number) {
    if (lua_type(L, -1) != LUA_TNUMBER) luaL_error(L, "%s is a number", s->name);
    *s->number = lua_tonumber(L, -1);
    return;
  }
  int whole;
  lua_Integer n = lua_tointegerx(L, -1, &whole);
  if (!whole || n < 0 || n > TG_MODEL_COUNT_MAX) {
    luaL_error(L, "%s is a whole number from 0 to %d", s->name, TG_MODEL_COUNT_MAX);
  }
  *s->count = (uint32_t)n;
}

static void take_direction(lua_State *L, struct tg_model_conf *conf)
{
  static const char *const names[] = {"both", "up", "down"};
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  for (int i = TG_BOTH; i <= TG_DOWN; i++) {
    if (strcmp(text, names[i]) != 0) continue;
    conf->direction = (enum tg_direction)i;
    return;
  }
  luaL_error(L, "direction is 'both', 'up' or 'down'");
}

/* The member on top, named `key`. */
static void take_member(lua_State *L, const char *key, struct tg_model_conf *conf)
{
  const struct setting settings[] = {
      {conf->kind == TG_MODEL_PAGE_HINKLEY ? "lambda" : "k", &conf->k, NULL},
      {"alpha", &conf->alpha, NULL},
      {"beta", &conf->beta, NULL},
      {"gamma", &conf->gamma, NULL},
      {"delta", &conf->delta, NULL},
      {"warmup", NULL, &conf->warmup},
      {"cooldown", NULL, &conf->cooldown},
      {conf->kind == TG_MODEL_WELFORD        ? "smooth"
       : conf->kind == TG_MODEL_HOLT_WINTERS ? "period"
                                             : "window",
       NULL, &conf->window},
  };
  if (strcmp(key, "name") == 0) return;
  if (strcmp(key, "direction") == 0) {
    take_direction(L, conf);
    return;
  }
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    if (strcmp(key, settings[i].name) == 0) return take_setting(L, &settings[i]);
  }
  luaL_error(L, "%s has no setting '%s'", tg_model_name(conf->kind), key);
}

static struct tg_text take_settings(lua_State *L, struct tg_model_conf *conf)
{
  struct tg_text name = tg_text(tg_model_name(conf->kind));
  if (lua_isnoneornil(L, 2)) return name;
  luaL_checktype(L, 2, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) luaL_error(L, "settings have names: { k = 3 }");
    take_member(L, lua_tostring(L, -2), conf);
  }
  if (lua_getfield(L, 2, "name") != LUA_TNIL) name = tg_arg_text_check(L, -1);
  return name; /* the table keeps it */
}

static int push_model(lua_State *L, enum tg_model_kind kind)
{
  struct tg_cell *cell = check_cell(L);
  struct tg_model_conf conf = tg_model_conf(kind);
  struct tg_text name = take_settings(L, &conf);
  struct tg_err err;
  struct model_handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct model_handle){tg_live_check(L)->use, NULL};
  if (tg_cell_model(cell, name, &conf, &h->m, &err) != TG_OK) {
    return luaL_error(L, "%s: %s", err.where, err.what);
  }
  luaL_setmetatable(L, MODEL);
  return 1;
}

static int cell_welford(lua_State *L)
{
  return push_model(L, TG_MODEL_WELFORD);
}
static int cell_ewma(lua_State *L)
{
  return push_model(L, TG_MODEL_EWMA);
}
static int cell_mad(lua_State *L)
{
  return push_model(L, TG_MODEL_MAD);
}
static int cell_holt_winters(lua_State *L)
{
  return push_model(L, TG_MODEL_HOLT_WINTERS);
}
static int cell_page_hinkley(lua_State *L)
{
  return push_model(L, TG_MODEL_PAGE_HINKLEY);
}
static int cell_adwin(lua_State *L)
{
  return push_model(L, TG_MODEL_ADWIN);
}

/* --- judging --- */

static void set_finite(lua_State *L, const char *key, double v)
{
  if (!isfinite(v)) return;
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

/* verdict, { value, expected, low, high, score } */
static int push_judged(lua_State *L, const struct tg_judged *j)
{
  bool skip = j->verdict == TG_MODEL_SKIP;
  skip ? (void)lua_pushliteral(L, "skip") : lua_pushboolean(L, j->verdict == TG_MODEL_PASS);
  lua_createtable(L, 0, 5);
  set_finite(L, "value", j->value);
  if (skip) return 2;
  set_finite(L, "expected", j->expected);
  set_finite(L, "low", j->low);
  set_finite(L, "high", j->high);
  set_finite(L, "score", j->score);
  return 2;
}

static int model_judge(lua_State *L)
{
  struct tg_model *m = check_model(L);
  if (lua_isnoneornil(L, 2)) {
    tg_model_miss(m);
    return 0;
  }
  struct tg_judged j = tg_model_judge(m, luaL_checknumber(L, 2));
  return push_judged(L, &j);
}

static int model_score(lua_State *L)
{
  struct tg_judged j = tg_model_score(check_model(L), luaL_checknumber(L, 2));
  return push_judged(L, &j);
}

static int model_learn(lua_State *L)
{
  tg_model_learn(check_model(L), luaL_checknumber(L, 2));
  return 0;
}

static int model_count(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)tg_model_learned(check_model(L)));
  return 1;
}

const struct tg_api tg_api_cell[] = {
    {"get", "s:get()", "What the last judgement set, or nil.", cell_get},
    {"set", "s:set(v)", "Keeps v for the next judgement: plain values and tables, 64 KiB.",
     cell_set},
    {"welford", "s:welford{k, warmup, smooth, direction, cooldown, name}",
     "Model: mean and variance of all values.", cell_welford},
    {"ewma", "s:ewma{alpha, k, warmup, direction, cooldown, name}",
     "Model: exponentially weighted mean and variance.", cell_ewma},
    {"mad", "s:mad{window, k, warmup, direction, cooldown, name}",
     "Model: median and MAD of the last values.", cell_mad},
    {"holt_winters", "s:holt_winters{period, alpha, beta, gamma, k, direction, cooldown, name}",
     "Model: level, trend and season.", cell_holt_winters},
    {"page_hinkley", "s:page_hinkley{lambda, delta, warmup, direction, name}",
     "Model: a change of the mean; begins anew after it.", cell_page_hinkley},
    {"adwin", "s:adwin{delta, warmup, direction, name}",
     "Model: a change of the mean; forgets what was before it.", cell_adwin},
    {0},
};

const struct tg_api tg_api_model[] = {
    {"judge", "m:judge(x)",
     "Verdict and { value, expected, low, high, score }; x is learned then. nil: a missing value.",
     model_judge},
    {"score", "m:score(x)", "The same without learning, and without the refractory time.",
     model_score},
    {"learn", "m:learn(x)", "Learns x without judging it.", model_learn},
    {"count", "m:count()", "Values learned so far.", model_count},
    {0},
};

static void open_one(lua_State *L, const char *name, const struct tg_api *list)
{
  luaL_newmetatable(L, name);
  lua_newtable(L);
  tg_api_set(L, list);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}

void tg_cellobj_open(lua_State *L)
{
  open_one(L, CELL, tg_api_cell);
  open_one(L, MODEL, tg_api_model);
}
