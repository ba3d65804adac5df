/* Methods of json and array columns. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/arrayop.h"
#include "core/data/jsonop.h"

static int col_json(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text path = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_type type = tg_type_of(TG_TEXT_KIND);
  bool typed = !tg_arg_absent(L, 3);
  if (typed && tg_type_parse(tg_arg_text_check(L, 3), &type, op.err) != TG_OK) {
    return tg_op_done(L, &op, "json", NULL);
  }
  return tg_op_done(L, &op, "json", tg_json_at(&op, h->c, path, type));
}

static int col_at(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  lua_Integer place = luaL_checkinteger(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "at", tg_array_at(&op, h->c, place));
}

static int col_length(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "length", tg_array_length(&op, h->c));
}

static int col_any_in(lua_State *L)
{
  uint32_t count;
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_literal *set = tg_arg_set_check(L, 2, &op, &count);
  return tg_op_done(L, &op, "any_in", tg_array_any_in(&op, h->c, set, count));
}

const struct tg_api tg_api_nested[] = {
    {"json", "col:json(path[, type])",
     "The value at \"a.b.2\" inside json as text, or as type; absent is null.", col_json},
    {"at", "col:at(i)", "The i-th element of an array, from 1; negative: from the end.", col_at},
    {"length", "col:length()", "How many elements an array has.", col_length},
    {"any_in", "col:any_in({..})", "An element of the array equals one of the values.", col_any_in},
    {0},
};
