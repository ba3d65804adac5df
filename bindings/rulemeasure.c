/* A measure on one batch: measure(b, p) -> what it found -> judge -> verdict and what was seen. */
#include "bindings/cellobj.h"
#include "bindings/columnobj.h"
#include "bindings/judging.h"
#include "bindings/luajson.h"

#include <math.h>

enum { SEEN_BYTES_MAX = 64 << 10 };

/* Tells the summaries which rows they see. Returns how many those are. */
static uint32_t restrict_rows(lua_State *L, const struct tg_judging *j)
{
  uint32_t rows = j->b->rows, count = 0;
  uint8_t *seen = tg_arena_alloc(tg_vm_scratch(L), rows);
  if (!seen) luaL_error(L, "lua.memory is used up");
  for (uint32_t row = 0; row < rows; row++) count += seen[row] = tg_judging_row(j, row);
  tg_batchobj_measure(L, count == rows ? NULL : seen);
  return count;
}

static enum tg_verdict verdict_of(const char *text)
{
  return text[0] == 'p' ? TG_VERDICT_PASS : text[0] == 's' ? TG_VERDICT_SKIP : TG_VERDICT_FAIL;
}

/* The table on top as JSON, its keys in a fixed order. [-0, +0] */
static void write_seen(lua_State *L, struct tg_judging *j)
{
  static const char *const keys[] = {"observed", "expected", "low",    "high", "score",
                                     "min",      "max",      "approx", "key"};
  const char *why = "", *separator = "";
  int table = lua_gettop(L), null = table + 1;
  tg_null_push(L);
  tg_buf_char(&j->seen, '{');
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (lua_getfield(L, table, keys[i]) != LUA_TNIL || i == 0) {
      tg_buf_printf(&j->seen, "%s\"%s\":", separator, keys[i]);
      bool good = tg_luajson_write(L, -1, null, &j->seen, &why);
      if (!good) luaL_error(L, "judge: %s holds %s", keys[i], why);
      separator = ",";
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  tg_buf_char(&j->seen, '}');
}

void tg_rulemeasure_answer(lua_State *L, struct tg_judging *j)
{
  tg_buf_init(&j->seen, SEEN_BYTES_MAX);
  j->verdict = verdict_of(lua_tostring(L, -3));
  j->used = (uint64_t)lua_tointeger(L, -2);
  write_seen(L, j);
  lua_getfield(L, -1, "observed");
  j->number = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : NAN;
  lua_getfield(L, -2, "least");
  const char *least = lua_tostring(L, -1);
  if (least) j->least = least[0] == 'c' ? TG_ALARM_CRITICAL : TG_ALARM_WARN;
  lua_pop(L, 5);
}

void tg_rulemeasure_call(lua_State *L, struct tg_judging *j, int idx)
{
  uint32_t rows = restrict_rows(L, j);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->judge);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->measure);
  lua_pushvalue(L, idx);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->params);
  lua_call(L, 2, 1);
  lua_pushinteger(L, rows);
  tg_cellobj_push(L, j->rule->cell);
  lua_call(L, 3, 3);
  tg_rulemeasure_answer(L, j);
}

enum tg_rc tg_rulemeasure_end(const struct tg_judging *j, struct tg_verdict_row *out,
                              struct tg_err *err)
{
  static const char too_long[] = "{\"observed\":\"too long to be kept\"}";
  struct tg_text seen = j->seen.failed ? tg_text(too_long) : tg_buf_view(&j->seen);
  out->evaluated = j->used;
  out->skipped = j->live > j->used ? j->live - j->used : 0;
  out->failed = j->verdict == TG_VERDICT_FAIL;
  out->observed_number = j->number;
  out->seen = tg_arena_printf(j->b->arena, "%.*s", TG_TEXT(seen));
  if (!out->seen) return tg_err_set(err, TG_FULL, j->rule->id, "no room for what it observed");
  if (j->verdict == TG_VERDICT_SKIP) {
    out->verdict = TG_VERDICT_SKIP;
    return TG_OK;
  }
  tg_rule_decide(j->rule, j->verdict == TG_VERDICT_PASS, out);
  out->failed = out->verdict == TG_VERDICT_FAIL;
  if (out->failed && j->least > out->alarm) out->alarm = j->least;
  return TG_OK;
}
