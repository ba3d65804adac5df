/* Methods of time columns. */
#include "bindings/api.h"
#include "bindings/batchlib.h"
#include "bindings/columnobj.h"
#include "core/data/timeop.h"

static int col_trunc(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text unit = tg_arg_text_check(L, 2), zone = tg_arg_text_opt(L, 3);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "trunc", tg_time_trunc(&op, h->c, unit, zone));
}

static int col_add(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text duration = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "add", tg_time_add(&op, h->c, duration));
}

static int col_age(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_column *now = tg_batchlib_timestamps(&op, tg_live_check(L)->b);
  return tg_op_done(L, &op, "age", now ? tg_time_age(&op, h->c, now) : NULL);
}

static int col_hour(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text zone = tg_arg_text_opt(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "hour", tg_time_hour(&op, h->c, zone));
}

static int col_weekday(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text zone = tg_arg_text_opt(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "weekday", tg_time_weekday(&op, h->c, zone));
}

static int col_seconds(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "seconds", tg_time_seconds(&op, h->c));
}

int tg_api_seconds(lua_State *L)
{
  struct tg_span span;
  if (!tg_time_duration(tg_arg_text_check(L, 1), &span))
    return luaL_error(L, "'%s' is no duration such as \"90s\" or \"2h\"", lua_tostring(L, 1));
  lua_pushnumber(L, tg_time_span_seconds(span));
  return 1;
}

const struct tg_api tg_api_time[] = {
    {"trunc", "col:trunc(unit[, zone])",
     "Start of its second minute hour day week month quarter year.", col_trunc},
    {"add", "col:add(duration)", "Later by \"2h\", \"7d\", \"1 month\"; earlier with a minus.",
     col_add},
    {"age", "col:age()", "The event's Kafka timestamp minus the value, an interval.", col_age},
    {"seconds", "col:seconds()",
     "An interval, or an instant counted from 1970 in UTC, as seconds, a float.", col_seconds},
    {"hour", "col:hour([zone])", "0 to 23.", col_hour},
    {"weekday", "col:weekday([zone])", "1 Monday to 7 Sunday.", col_weekday},
    {0},
};
