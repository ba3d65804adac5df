/* b:emit(topic, mask, { key =, value =, headers = }): columns become records for Kafka. */
#include "bindings/batchlib.h"
#include "bindings/vm.h"
#include "core/data/emitted.h"
#include "core/data/jsonop.h"
#include "core/data/literal.h"
#include "core/data/parseop.h"

enum { PARTS_MAX = 256, ARGUMENT = 4 };

struct parts { /* members of the value, or headers; names are held by their table */
  struct tg_emit_part list[PARTS_MAX];
  uint32_t count;
};

struct emitting { /* userdata, so that an error frees it */
  struct tg_emit_spec spec;
  struct tg_op op;
  struct parts members, headers;
};

static int refuse_topic(lua_State *L, const struct tg_topic *t, struct tg_text name)
{
  const char *names[TG_OUTPUTS_MAX + 1];
  for (uint32_t i = 0; i < t->outputs_count; i++) names[i] = t->outputs[i].ptr;
  names[t->outputs_count] = NULL;
  const char *near = tg_text_nearest(name, names);
  if (near)
    return luaL_error(L, "emit: '%s' is none of the topic's outputs; did you mean '%s'?",
                      lua_tostring(L, 2), near);
  return luaL_error(L, "emit: declare the topic first: outputs = { \"%s\" }", lua_tostring(L, 2));
}

static const char *topic_check(lua_State *L, const struct tg_topic *t)
{
  struct tg_text name = tg_arg_text_check(L, 2);
  for (uint32_t i = 0; i < t->outputs_count; i++)
    if (tg_text_eq(t->outputs[i], name)) return t->outputs[i].ptr;
  refuse_topic(L, t, name);
  return NULL;
}

/* The value on top as a column; popped. */
static struct tg_column *column_on_top(lua_State *L, struct tg_op *op)
{
  struct tg_arg v = tg_arg_check(L, -1);
  struct tg_column *c = v.c ? v.c : tg_literal_column(op, v.lit, tg_type_of(TG_TEXT_KIND));
  if (!c) luaL_error(L, "emit: %s", op->err->what);
  lua_pop(L, 1);
  return c;
}

static bool is_bytes(const struct tg_column *c)
{
  return c->type.kind == TG_BYTEA && !c->type.array;
}

static const struct tg_column *as_text(lua_State *L, struct tg_op *op, struct tg_column *c)
{
  const struct tg_column *text = tg_parse_text(op, c, tg_text(""));
  if (text) return text;
  tg_vm_poll(L);
  luaL_error(L, "emit: %s", op->err->what);
  return NULL;
}

/* A key, a header or a whole value: its bytes. */
static const struct tg_column *as_bytes(lua_State *L, struct tg_op *op, bool document)
{
  struct tg_column *c = column_on_top(L, op);
  return is_bytes(c) || (document && tg_json_is(c->type)) ? c : as_text(L, op, c);
}

static struct tg_emit_part as_member(lua_State *L, struct tg_op *op, struct tg_text name)
{
  struct tg_column *c = column_on_top(L, op);
  bool is_bool = c->type.kind == TG_BOOL && !c->type.array;
  struct tg_emit_part p = {.name = name, .text = c};
  if (tg_json_is(c->type)) return p;
  p.quoted = !is_bool && !(tg_type_is_number(c->type) && !c->type.array);
  p.text = as_text(L, op, c);
  return p;
}

static struct tg_emit_part *part_add(lua_State *L, struct parts *p)
{
  if (p->count == PARTS_MAX) luaL_error(L, "emit: at most %d members or headers", PARTS_MAX);
  return &p->list[p->count++];
}

/* Sorted by name: the order of a Lua table is no order. */
static void sort(struct tg_emit_part *list, uint32_t count)
{
  for (uint32_t i = 1; i < count; i++)
    for (uint32_t k = i; k > 0 && tg_text_cmp(list[k].name, list[k - 1].name) < 0; k--) {
      struct tg_emit_part p = list[k];
      list[k] = list[k - 1];
      list[k - 1] = p;
    }
}

/* The names in the list part of the table on top: fields as they are. */
static void take_fields(lua_State *L, struct emitting *e)
{
  const struct tg_batch *b = tg_live(L)->b;
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    struct tg_text name = tg_arg_text_check(L, -1);
    int32_t field = tg_batchlib_field(b, name);
    if (field < 0) tg_batchlib_no_field(L, b, name);
    struct tg_emit_part *p = part_add(L, &e->members);
    tg_handle_push(L, b->columns[field], true);
    *p = as_member(L, &e->op, name);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void take_members(lua_State *L, struct emitting *e)
{
  take_fields(L, e);
  uint32_t listed = e->members.count;
  for (lua_pushnil(L); lua_next(L, -2);) {
    if (lua_type(L, -2) != LUA_TSTRING) {
      lua_pop(L, 1);
      continue;
    }
    struct tg_text name = tg_arg_text_check(L, -2);
    struct tg_emit_part *p = part_add(L, &e->members);
    *p = as_member(L, &e->op, name);
  }
  sort(e->members.list + listed, e->members.count - listed);
}

static void take_headers(lua_State *L, struct emitting *e)
{
  if (lua_getfield(L, ARGUMENT, "headers") == LUA_TNIL) return lua_pop(L, 1);
  luaL_checktype(L, -1, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, -2);) {
    struct tg_text name = tg_arg_text_check(L, -2);
    if (name.len >= 3 && memcmp(name.ptr, "tg-", 3) == 0)
      luaL_error(L, "emit: header '%s': names that begin with 'tg-' are tidegate's own",
                 lua_tostring(L, -2));
    struct tg_emit_part *p = part_add(L, &e->headers);
    *p = (struct tg_emit_part){.name = name, .text = as_bytes(L, &e->op, false)};
  }
  sort(e->headers.list, e->headers.count);
  lua_pop(L, 1);
}

static void take_value(lua_State *L, struct emitting *e)
{
  int type = lua_getfield(L, ARGUMENT, "value");
  if (type == LUA_TNIL)
    luaL_error(L, "emit: value is missing: a column, a table of columns, or null for a tombstone");
  if (type == LUA_TTABLE) {
    take_members(L, e);
    lua_pop(L, 1);
  } else {
    e->spec.value = as_bytes(L, &e->op, true);
  }
}

static void check_keys(lua_State *L)
{
  static const char *const known[] = {"key", "value", "headers", NULL};
  luaL_checktype(L, ARGUMENT, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, ARGUMENT); lua_pop(L, 1)) {
    bool good = false;
    for (int i = 0; known[i] && lua_type(L, -2) == LUA_TSTRING; i++)
      good |= strcmp(lua_tostring(L, -2), known[i]) == 0;
    if (!good)
      luaL_error(L, "emit: { key = , value = , headers = } is due; '%s' is none of them",
                 luaL_tolstring(L, -2, NULL));
  }
}

/* What the script wants; the stack holds batch, topic, mask, table, emitting. */
static void take_all(lua_State *L, struct emitting *e, const struct tg_batch *b)
{
  e->op = tg_op_begin(L, NULL);
  e->spec.topic = topic_check(L, b->topic);
  e->spec.bytes_max = b->topic->output_bytes_max;
  if (!lua_isnil(L, 3)) e->spec.mask = tg_mask_check(L, 3);
  if (lua_getfield(L, ARGUMENT, "key") == LUA_TNIL)
    lua_pop(L, 1);
  else
    e->spec.key = as_bytes(L, &e->op, false);
  take_value(L, e);
  take_headers(L, e);
  e->spec.members = e->members.list, e->spec.members_count = e->members.count;
  e->spec.headers = e->headers.list, e->spec.headers_count = e->headers.count;
}

int tg_emitlib_emit(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_live *live = tg_live(L);
  if (live->phase != TG_PHASE_TRANSFORM) return luaL_error(L, "emit is not available in rules");
  if (b->emits_count == TG_EMITS_MAX)
    return luaL_error(L, "emit: at most %d calls a batch", TG_EMITS_MAX);
  if (lua_istable(L, 3)) {
    lua_pushnil(L);
    lua_insert(L, 3);
  }
  lua_settop(L, ARGUMENT);
  check_keys(L);
  struct emitting *e = lua_newuserdatauv(L, sizeof *e, 0);
  memset(e, 0, sizeof *e);
  take_all(L, e, b);
  if (tg_emit_rows(b, &e->spec, &e->op)) return 0;
  live->full |= e->op.err->rc == TG_FULL;
  tg_vm_poll(L);
  return luaL_error(L, "emit: %s", e->op.err->what);
}
