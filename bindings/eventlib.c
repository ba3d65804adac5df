/* Methods of a batch for rules that judge events: decode faults, field names, shapes. */
#include "bindings/api.h"
#include "bindings/batchlib.h"
#include "core/data/eventshape.h"

/* The first decode fault of a row, of a field when name.ptr is set; NULL when there is none. */
static const struct tg_issue *decode_fault(const struct tg_batch *b, uint32_t row,
                                           struct tg_text name)
{
  for (const struct tg_issue *i = b->issues[row]; i; i = i->next) {
    if (i->stage != TG_STAGE_DECODE) continue;
    if (!name.ptr || tg_text_eq(i->field, name)) return i;
  }
  return NULL;
}

int tg_eventlib_fault(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_text name = {NULL, 0};
  if (!tg_arg_absent(L, 2)) {
    name = tg_arg_text_check(L, 2);
    if (tg_batchlib_field(b, name) < 0) return tg_batchlib_no_field(L, b, name);
  }
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *c = tg_column_new(op.arena, tg_type_of(TG_TEXT_KIND), op.rows, true);
  if (!c) tg_op_full(&op);
  for (uint32_t i = 0; c && i < b->rows; i++) {
    const struct tg_issue *issue = decode_fault(b, i, name);
    c->nul[i] = issue ? TG_SOME : TG_NULL;
    if (issue) c->v.texts[i] = issue->reason;
  }
  return tg_op_done(L, &op, "fault", c);
}

int tg_eventlib_columns(lua_State *L)
{
  const struct tg_topic *t = tg_batchlib_check(L, 1)->topic;
  lua_createtable(L, (int)t->fields_count, 0);
  for (uint32_t i = 0; i < t->fields_count; i++) {
    lua_pushlstring(L, t->fields[i].name.ptr, t->fields[i].name.len);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* { "integer", "null" } [-0, +1] */
static void push_kinds(lua_State *L, uint8_t kinds)
{
  lua_newtable(L);
  for (uint8_t bit = 1; bit && bit <= TG_SHAPE_OBJECT; bit = (uint8_t)(bit << 1)) {
    if (!(kinds & bit)) continue;
    lua_pushstring(L, tg_shape_text(bit));
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
}

int tg_eventlib_seen(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_shapes s;
  if (!tg_eventshape_read(&op, b, &s)) return tg_op_done(L, &op, "seen", NULL);
  lua_createtable(L, (int)s.count, 1);
  for (uint32_t i = 0; i < s.count; i++) {
    lua_createtable(L, 0, 3);
    lua_pushlstring(L, s.names[i].name.ptr, s.names[i].name.len);
    lua_setfield(L, -2, "name");
    push_kinds(L, s.names[i].kinds);
    lua_setfield(L, -2, "types");
    lua_pushinteger(L, s.names[i].rows);
    lua_setfield(L, -2, "rows");
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushinteger(L, s.events);
  lua_setfield(L, -2, "events");
  return 1;
}

static uint8_t kind_named(lua_State *L, struct tg_text name)
{
  for (uint8_t bit = 1; bit && bit <= TG_SHAPE_OBJECT; bit = (uint8_t)(bit << 1)) {
    if (tg_text_is(name, tg_shape_text(bit))) return bit;
  }
  lua_pushlstring(L, name.ptr, name.len);
  luaL_error(L, "shape: there is no type '%s': string number integer boolean object array null",
             lua_tostring(L, -1));
  return 0;
}

/* "number|string", with ? when it may be null or absent. */
static void read_want(lua_State *L, struct tg_shape_want *want)
{
  struct tg_text text = tg_arg_text_check(L, -1);
  want->may_be_absent = text.len && text.ptr[text.len - 1] == '?';
  if (want->may_be_absent) text.len--, want->kinds |= TG_SHAPE_NULL;
  while (true) {
    const char *bar = text.len ? memchr(text.ptr, '|', text.len) : NULL;
    uint32_t len = bar ? (uint32_t)(bar - text.ptr) : text.len;
    want->kinds |= kind_named(L, tg_text_of(text.ptr, len));
    if (!bar) return;
    text = tg_text_of(bar + 1, text.len - len - 1);
  }
}

/* The list at 2, { { name, type }, .. }. */
static void read_wants(lua_State *L, struct tg_op *op, struct tg_shape_wants *wants)
{
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, 2);
  if (n > TG_SHAPE_NAMES_MAX) luaL_error(L, "shape: %d fields at most", TG_SHAPE_NAMES_MAX);
  wants->fields = tg_arena_zalloc(op->arena, n, sizeof *wants->fields);
  if (!wants->fields) luaL_error(L, "shape: no memory left");
  for (; wants->count < n; wants->count++) {
    lua_rawgeti(L, 2, (lua_Integer)wants->count + 1);
    luaL_checktype(L, -1, LUA_TTABLE);
    lua_rawgeti(L, -1, 1);
    wants->fields[wants->count].name = tg_arg_text_check(L, -1);
    lua_rawgeti(L, -2, 2);
    read_want(L, &wants->fields[wants->count]);
    lua_pop(L, 3);
  }
}

int tg_eventlib_shape(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_shape_wants wants = {.closed = lua_toboolean(L, 3)};
  struct tg_shape_match match;
  read_wants(L, &op, &wants);
  if (!tg_eventshape_match(&op, b, &wants, &match)) return tg_op_done(L, &op, "shape", NULL);
  tg_column_push(L, match.mask);
  tg_column_push(L, match.reasons);
  lua_pushinteger(L, match.missing);
  lua_pushinteger(L, match.extra);
  return 4;
}
