/* Methods of columns: from one type to another. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/cast.h"
#include "core/data/kindop.h"
#include "core/data/numbertext.h"
#include "core/data/parseop.h"

/* As tg_op_done(); a column that is its own result stays a column of the batch, so that what is
 * cached in it lives as long. */
static int done(lua_State *L, struct tg_op *op, const char *name, const struct tg_handle *h,
                struct tg_column *c)
{
  if (c != h->c) return tg_op_done(L, op, name, c);
  tg_handle_push(L, c, h->field);
  return 1;
}

static int col_cast(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text text = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_type type;
  if (tg_type_parse(text, &type, op.err) != TG_OK) return tg_op_done(L, &op, "cast", NULL);
  return done(L, &op, "cast", h, tg_cast_to(&op, h->c, type, true));
}

static int by_format(lua_State *L,
                     struct tg_column *(*fn)(struct tg_op *, struct tg_column *, struct tg_text),
                     const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text format = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, fn(&op, h->c, format));
}

static int col_parse(lua_State *L)
{
  return by_format(L, tg_parse_column, "parse");
}
static int col_parses(lua_State *L)
{
  return by_format(L, tg_parse_test, "parses");
}

static int col_to_text(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text pattern = tg_arg_text_opt(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return done(L, &op, "to_text", h, tg_parse_text(&op, h->c, pattern));
}

static int col_type(lua_State *L)
{
  char name[64];
  lua_pushstring(L, tg_type_name(tg_handle_check(L, 1)->c->type, name, sizeof name));
  return 1;
}

/* The bits of the names in the list at idx. */
static uint32_t kinds_check(lua_State *L, int idx)
{
  uint32_t kinds = 0;
  luaL_checktype(L, idx, LUA_TTABLE);
  for (lua_Integer i = 1; lua_rawgeti(L, idx, i) != LUA_TNIL; i++) {
    uint32_t bit = tg_kind_bit(tg_arg_text_check(L, -1));
    const char *near = bit ? "" : tg_text_nearest(tg_arg_text_check(L, -1), tg_kind_names);
    if (!bit)
      luaL_error(L, "of_type: there is no kind '%s'%s%s", lua_tostring(L, -1),
                 near ? "; the nearest is " : "", near ? near : "");
    kinds |= bit;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return kinds;
}

static int col_of_type(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  uint32_t kinds = kinds_check(L, 2);
  bool coerce = lua_toboolean(L, 3);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "of_type", tg_kind_test(&op, h->c, kinds, coerce));
}

static int col_fits(lua_State *L)
{
  return by_format(L, tg_number_fits, "fits");
}

const struct tg_api tg_api_cast[] = {
    {"cast", "col:cast(type)", "Another type, rounding where needed; what does not fit is a fault.",
     col_cast},
    {"parse", "col:parse(format)",
     "Text as a type's value, or a time by a pattern such as %d.%m.%Y.", col_parse},
    {"parses", "col:parses(format)", "Which texts parse so.", col_parses},
    {"type", "col:type()", "The name of its type, as \"bigint\" or \"numeric(12,2)\".", col_type},
    {"of_type", "col:of_type({kinds}[, coerce])",
     "integer number string boolean timestamp date object array; coerce: texts written so too.",
     col_of_type},
    {"fits", "col:fits(type)",
     "A number that smallint, integer, bigint or numeric(p,s) holds without rounding.", col_fits},
    {"to_text", "col:to_text([pattern])", "As text; times in RFC 3339 or by a pattern.",
     col_to_text},
    {0},
};
