/* Methods of columns: from one type to another. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/cast.h"
#include "core/data/order.h"
#include "core/data/timeop.h"

static int col_cast(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text text = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_type type;
  if (tg_type_parse(text, &type, op.err) != TG_OK) return tg_op_done(L, &op, "cast", NULL);
  return tg_op_done(L, &op, "cast", tg_cast_to(&op, h->c, type, true));
}

static int col_to_text(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text pattern = tg_arg_text_opt(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "to_text", tg_time_text(&op, h->c, pattern));
}

const struct tg_api tg_api_cast[] = {
    {"cast", "col:cast(type)", "Another type, rounding where needed; what does not fit is a fault.",
     col_cast},
    {"to_text", "col:to_text([format])", "Text; of instants by %Y %m %d %H %M %S %f %j %u %y %z.",
     col_to_text},
    {0},
};
