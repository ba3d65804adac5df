/* Methods of columns: from one type to another. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/cast.h"
#include "core/data/parseop.h"

static int col_cast(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text text = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_type type;
  if (tg_type_parse(text, &type, op.err) != TG_OK) return tg_op_done(L, &op, "cast", NULL);
  return tg_op_done(L, &op, "cast", tg_cast_to(&op, h->c, type, true));
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
  return tg_op_done(L, &op, "to_text", tg_parse_text(&op, h->c, pattern));
}

const struct tg_api tg_api_cast[] = {
    {"cast", "col:cast(type)", "Another type, rounding where needed; what does not fit is a fault.",
     col_cast},
    {"parse", "col:parse(format)",
     "Text as a type's value, or a time by a pattern such as %d.%m.%Y.", col_parse},
    {"parses", "col:parses(format)", "Which texts parse so.", col_parses},
    {"to_text", "col:to_text([pattern])", "As text; times in RFC 3339 or by a pattern.",
     col_to_text},
    {0},
};
