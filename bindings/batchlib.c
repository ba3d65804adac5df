/* Methods of a batch: fates, Kafka's own columns, functions by row; and assignment to fields. */
#include "bindings/batchlib.h"
#include "bindings/api.h"
#include "bindings/summaryobj.h"
#include "bindings/vm.h"
#include "core/data/cast.h"
#include "core/data/literal.h"
#include "core/data/mask.h"
#include "core/data/order.h"

#include <stdio.h>

enum { REASON_SIZE = 256, NAMES_MAX = 64 };

static struct tg_column *event_column(struct tg_op *op, enum tg_kind kind)
{
  return tg_op_new(op, tg_type_of(kind));
}

struct tg_column *tg_batchlib_timestamps(struct tg_op *op, const struct tg_batch *b)
{
  struct tg_column *c = event_column(op, TG_TIMESTAMPTZ);
  for (uint32_t i = 0; c && i < b->rows; i++) c->v.ints[i] = b->events[i].kafka_us;
  return c;
}

static int kafka_timestamp(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "kafka_timestamp", tg_batchlib_timestamps(&op, b));
}

static int kafka_offset(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *c = event_column(&op, TG_INT8);
  for (uint32_t i = 0; c && i < b->rows; i++) c->v.ints[i] = b->events[i].offset;
  return tg_op_done(L, &op, "kafka_offset", c);
}

static int kafka_partition(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *c = event_column(&op, TG_INT4);
  for (uint32_t i = 0; c && i < b->rows; i++) c->v.ints[i] = b->events[i].partition;
  return tg_op_done(L, &op, "kafka_partition", c);
}

static int event_bytes(lua_State *L)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *c = event_column(&op, TG_INT8);
  for (uint32_t i = 0; c && i < b->rows; i++) c->v.ints[i] = b->events[i].size;
  return tg_op_done(L, &op, "event_bytes", c);
}

/* A fault in a condition is not dropped in silence: nobody knows what the row deserves. */
static void issue_fault(struct tg_batch *b, uint32_t row, enum tg_nul nul, const char *what)
{
  char reason[REASON_SIZE];
  snprintf(reason, sizeof reason, "the condition of %s: %s", what, tg_nul_text(nul));
  struct tg_issue issue = {
      .fate = TG_QUARANTINE, .stage = TG_STAGE_TRANSFORM, .reason = tg_text(reason)};
  tg_batch_issue(b, row, &issue);
}

static int give_fate(lua_State *L, enum tg_fate fate, const char *what)
{
  struct tg_batch *b = tg_batchlib_check(L, 1);
  if (tg_live(L)->phase != TG_PHASE_TRANSFORM) {
    return luaL_error(L, "%s is not available in rules: set on_fail instead", what);
  }
  struct tg_column *mask = tg_mask_check(L, 2);
  struct tg_text reason = tg_arg_text_check(L, 3);
  struct tg_issue issue = {.fate = fate, .stage = TG_STAGE_TRANSFORM, .reason = reason};
  for (uint32_t i = 0; i < b->rows; i++) {
    bool live = b->fates[i] <= TG_TAG;
    if (live && mask->nul && mask->nul[i])
      issue_fault(b, i, (enum tg_nul)mask->nul[i], what);
    else if (tg_mask_is(mask, i) && (live || fate > b->fates[i]))
      tg_batch_issue(b, i, &issue);
  }
  return 0;
}

static int batch_drop(lua_State *L)
{
  return give_fate(L, TG_DROP, "drop");
}
static int batch_quarantine(lua_State *L)
{
  return give_fate(L, TG_QUARANTINE, "quarantine");
}
static int batch_tag(lua_State *L)
{
  return give_fate(L, TG_TAG, "tag");
}

/* Rows that cannot keep what they were given. */
static void judge_assigned(struct tg_batch *b, const struct tg_field *f, const struct tg_column *c)
{
  char reason[REASON_SIZE];
  if (!c->nul && c->type.kind != TG_BOOL) return;
  for (uint32_t i = 0; i < b->rows; i++) {
    enum tg_nul nul = tg_column_nul(c, i);
    if (nul == TG_SOME || (nul == TG_NULL && !f->not_null) || b->fates[i] > TG_TAG) continue;
    snprintf(reason, sizeof reason, "%.*s: %s", TG_TEXT(f->name),
             nul == TG_NULL ? "null in a NOT NULL field" : tg_nul_text(nul));
    struct tg_issue issue = {.fate = TG_QUARANTINE,
                             .stage = TG_STAGE_TRANSFORM,
                             .field = f->name,
                             .reason = tg_text(reason)};
    tg_batch_issue(b, i, &issue);
  }
}

void tg_batchlib_assign(lua_State *L, uint32_t field, struct tg_arg v, bool is_field)
{
  struct tg_live *live = tg_live_check(L);
  struct tg_batch *b = live->b;
  const struct tg_field *f = &b->topic->fields[field];
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *c = v.c ? v.c : tg_literal_column(&op, v.lit, f->type);
  struct tg_column *fit = c ? tg_cast_to(&op, c, f->type, false) : NULL;
  if (!fit) {
    tg_vm_poll(L);
    luaL_error(L, "%s: %s", lua_tostring(L, 2), op.err->what);
  }
  bool ours = (is_field && fit == c) || op.arena == b->arena;
  struct tg_column *kept = ours ? fit : tg_op_keep(b->arena, fit);
  if (!kept) {
    live->full = true;
    luaL_error(L, "%s: the batch has no memory left for its columns", lua_tostring(L, 2));
  }
  b->columns[field] = kept;
  judge_assigned(b, f, kept);
}

/* Pushes the value of a row for a function by row: null reads as nil. */
static void push_value(lua_State *L, const struct tg_column *c, uint32_t row)
{
  char text[640];
  if (tg_column_is_null(c, row)) {
    lua_pushnil(L);
    return;
  }
  switch (tg_type_store(c->type)) {
  case TG_STORE_MASK: lua_pushboolean(L, c->v.mask[row] == TG_TRUE); return;
  case TG_STORE_FLOAT: lua_pushnumber(L, c->v.floats[row]); return;
  case TG_STORE_TEXT: lua_pushlstring(L, c->v.texts[row].ptr, c->v.texts[row].len); return;
  case TG_STORE_INT:
    if (c->type.scale)
      lua_pushnumber(L, (double)c->v.ints[row] / (double)tg_pow10(c->type.scale));
    else
      lua_pushinteger(L, c->v.ints[row]);
    return;
  default: lua_pushstring(L, tg_column_show(c, row, text, sizeof text)); return;
  }
}

struct by_row { /* map_rows at work */
  struct tg_column *columns[NAMES_MAX];
  uint32_t count;
  struct tg_column *reasons; /* texts; NULL before the first */
};

static void check_names(lua_State *L, const struct tg_batch *b, struct by_row *r)
{
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, 2);
  luaL_argcheck(L, n <= NAMES_MAX, 2, "64 names at most");
  for (r->count = 0; r->count < n; r->count++) {
    lua_rawgeti(L, 2, (lua_Integer)r->count + 1);
    struct tg_text name = tg_arg_text_check(L, -1);
    int32_t field = tg_batchlib_field(b, name);
    if (field < 0) tg_batchlib_no_field(L, b, name);
    r->columns[r->count] = tg_batchlib_column(L, b, field);
    lua_pop(L, 1);
  }
}

/* The second value on top, when it is a text, is the row's reason. */
static void keep_reason(lua_State *L, struct tg_op *op, struct by_row *r, uint32_t row)
{
  size_t len;
  if (lua_isnil(L, -1)) return;
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "map_rows: the reason is a %s, not a text", luaL_typename(L, -1));
  if (!r->reasons) {
    r->reasons = tg_column_new(op->arena, tg_type_of(TG_TEXT_KIND), op->rows, true);
    if (!r->reasons) luaL_error(L, "map_rows: no memory left for reasons");
    memset(r->reasons->nul, TG_NULL, op->rows);
  }
  const char *text = lua_tolstring(L, -1, &len);
  struct tg_text kept = tg_arena_copy(op->arena, tg_text_of(text, len));
  if (!kept.ptr) luaL_error(L, "map_rows: no memory left for reasons");
  r->reasons->v.texts[row] = kept;
  r->reasons->nul[row] = TG_SOME;
}

/* Calls the function with the table of the row's values; both stay on the stack at 3 and 4. */
static uint8_t map_row(lua_State *L, struct tg_op *op, struct by_row *r, uint32_t row)
{
  for (uint32_t k = 0; k < r->count; k++) {
    lua_rawgeti(L, 2, (lua_Integer)k + 1);
    push_value(L, r->columns[k], row);
    lua_rawset(L, 4);
  }
  lua_pushvalue(L, 3);
  lua_pushvalue(L, 4);
  lua_call(L, 1, 2);
  if (!lua_isnil(L, -2) && !lua_isboolean(L, -2))
    luaL_error(L, "map_rows: the function returned a %s, not true, false or nil",
               luaL_typename(L, -2));
  uint8_t v = lua_isnil(L, -2) ? TG_UNKNOWN : lua_toboolean(L, -2) ? TG_TRUE : TG_FALSE;
  if (v == TG_FALSE) keep_reason(L, op, r, row);
  lua_pop(L, 2);
  return v;
}

static int map_rows(lua_State *L)
{
  struct by_row r = {.reasons = NULL};
  struct tg_batch *b = tg_batchlib_check(L, 1);
  check_names(L, b, &r);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  lua_createtable(L, 0, (int)r.count);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column *out = tg_op_new(&op, tg_type_of(TG_BOOL));
  for (uint32_t i = 0; out && i < b->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0) tg_vm_poll(L);
    /* A row that is gone may hold nulls where a field has none: its function would only raise. */
    out->v.mask[i] = b->fates[i] > TG_TAG ? TG_UNKNOWN : map_row(L, &op, &r, i);
  }
  tg_op_done(L, &op, "map_rows", out);
  if (!r.reasons) return 1;
  tg_column_push(L, r.reasons);
  return 2;
}

const struct tg_api tg_api_batch[] = {
    {"rows", "b.rows", "The number of rows.", NULL},
    {"topic", "b.topic", "The topic's name.", NULL},
    {"kafka_timestamp", "b:kafka_timestamp()", "Kafka's timestamp of each event.", kafka_timestamp},
    {"kafka_offset", "b:kafka_offset()", "The offset of each event.", kafka_offset},
    {"kafka_partition", "b:kafka_partition()", "The partition of each event.", kafka_partition},
    {"event_bytes", "b:event_bytes()", "The size of each event's value, in bytes.", event_bytes},
    {"columns", "b:columns()", "The names of the columns, a list.", tg_eventlib_columns},
    {"fault", "b:fault([field])",
     "Why the event, or that field of it, could not be decoded; else null.", tg_eventlib_fault},
    {"seen", "b:seen()",
     "The events' top-level fields, by name: { name, types = {..}, rows }, and .events.",
     tg_eventlib_seen},
    {"shape", "b:shape({{name, type}, ..}, extra)",
     "Which events have these fields of these types (\"number|string?\"), the reasons, and how "
     "many "
     "miss one or have one more.",
     tg_eventlib_shape},
    {"drop", "b:drop(mask, reason)", "Transform: these rows are not loaded, only counted.",
     batch_drop},
    {"quarantine", "b:quarantine(mask, reason)", "Transform: these rows go to the quarantine.",
     batch_quarantine},
    {"tag", "b:tag(mask, reason)", "Transform: loaded, with the reason in _issues.", batch_tag},
    {"emit", "b:emit(topic[, mask], {key =, value =, headers =})",
     "Transform: a record for Kafka of each of these rows that is loaded; value: a column, or "
     "{name = column}.",
     tg_emitlib_emit},
    {"count", "b:count([mask])", "A summary: m.rows, and m.value of them for which mask is true.",
     tg_columnlib_count},
    {"map_rows", "b:map_rows({names}, fn)",
     "A mask by a Lua function of each row (null is nil), and the reasons behind its false; slow.",
     map_rows},
    {0},
};
