/* What a test is run on, read from the tables that prelude_tests.lua made. */
#include "bindings/testspec.h"

#include "bindings/lookupread.h"
#include "bindings/luajson.h"
#include "bindings/statelib_keyed.h"
#include "core/data/timeparse.h"

#include <lauxlib.h>

struct reader {
  struct tg_testrun *t;
  struct tg_buf *json; /* rows being written, one after the other */
};

const char *tg_testspec_keep(lua_State *L, struct tg_testrun *t, int idx)
{
  size_t len;
  const char *s = luaL_checklstring(L, idx, &len);
  struct tg_text kept = tg_arena_copy(&t->arena, tg_text_of(s, len + 1));
  if (!kept.ptr) luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  return kept.ptr;
}

static const char *keep(lua_State *L, struct reader *r, int idx)
{
  return tg_testspec_keep(L, r->t, idx);
}

static void *take(lua_State *L, struct reader *r, size_t count, size_t size)
{
  void *p = tg_arena_zalloc(&r->t->arena, count, size);
  if (!p) luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  return p;
}

/* The value at idx as the JSON of one row; a text of its own when raw. */
static struct tg_text row_json(lua_State *L, struct reader *r, int idx, int null_idx, bool raw)
{
  const char *why = "";
  if (raw && lua_type(L, idx) == LUA_TSTRING) {
    const char *text = keep(L, r, idx);
    return tg_text_of(text, lua_rawlen(L, idx));
  }
  tg_buf_clear(r->json);
  if (!tg_luajson_write(L, idx, null_idx, r->json, &why)) luaL_error(L, "a row holds %s", why);
  struct tg_text text = tg_arena_copy(&r->t->arena, tg_buf_view(r->json));
  if (r->json->failed || !text.ptr) {
    luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  }
  return text;
}

/* The list of rows at the top of the stack. [-0, +0] */
static void read_rows(lua_State *L, struct reader *r, bool raw, struct tg_test_batch *out)
{
  int list = lua_gettop(L);
  lua_Unsigned count = lua_rawlen(L, list);
  if (count > TG_TEST_ROWS_MAX) luaL_error(L, "a test has at most %d rows", TG_TEST_ROWS_MAX);
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->t->p->prelude);
  lua_getfield(L, -1, "null");
  int null = lua_gettop(L);
  out->rows = take(L, r, count, sizeof *out->rows);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, i + 1);
    out->rows[i] = row_json(L, r, lua_gettop(L), null, raw);
    lua_pop(L, 1);
  }
  out->count = (uint32_t)count;
  lua_settop(L, list);
}

/* When Kafka got each row, and at which offset: from one batch to the next. */
static void read_times(lua_State *L, struct reader *r, int spec)
{
  uint32_t rows = 0;
  bool given = lua_getfield(L, spec, "kafka") == LUA_TTABLE;
  for (uint32_t i = 0; i < r->t->batches_count; i++) {
    struct tg_test_batch *b = &r->t->batches[i];
    int64_t *us = given ? take(L, r, b->count, sizeof *us) : NULL;
    for (uint32_t row = 0; us && row < b->count; row++) {
      lua_rawgeti(L, -1, rows + row + 1);
      const char *text = luaL_optstring(L, -1, "2026-01-01T00:00:00Z");
      const char *why = tg_timeparse_timestamptz(tg_text(text), 0, &us[row]);
      if (why) luaL_error(L, "kafka: '%s' %s", text, why);
      lua_pop(L, 1);
    }
    b->offset = rows, b->kafka_us = us;
    rows += b->count;
  }
  lua_pop(L, 1);
}

/* versions: { batch, version, text of the declaration or nil } of reloads that bring one. */
static void read_versions(lua_State *L, struct reader *r, int spec)
{
  bool given = lua_getfield(L, spec, "versions") == LUA_TTABLE;
  for (lua_Integer i = 1; given && lua_rawgeti(L, -1, i) == LUA_TTABLE; i++) {
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_rawgeti(L, -3, 3);
    lua_Integer batch = lua_tointeger(L, -3);
    if (batch >= 1 && batch <= r->t->batches_count) {
      struct tg_test_batch *b = &r->t->batches[batch - 1];
      char *declared = lua_isstring(L, -1) ? take(L, r, TG_STATE_HASH_BYTES + 1, 1) : NULL;
      if (declared) tg_statelib_keyed_declared(L, -1, declared);
      b->version = keep(L, r, -2), b->declared = declared;
    }
    lua_pop(L, 4);
  }
  lua_pop(L, given ? 2 : 1);
}

/* restart: before which batches the state is saved and read again, a list; twice: a flag. */
static void read_ways(lua_State *L, struct reader *r, int spec)
{
  lua_getfield(L, spec, "twice");
  r->t->twice = lua_toboolean(L, -1);
  if (lua_getfield(L, spec, "restart") == LUA_TTABLE) {
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TNUMBER; i++) {
      lua_Integer batch = lua_tointeger(L, -1);
      bool there = batch >= 1 && batch <= r->t->batches_count;
      if (there) r->t->batches[batch - 1].restart = r->t->saves = true;
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

/* Member `name` of the table on top. */
static int64_t read_fact(lua_State *L, const char *name)
{
  bool given = lua_getfield(L, -1, name) == LUA_TNUMBER;
  int64_t us = given ? lua_tointeger(L, -1) : TG_FACT_NONE;
  lua_pop(L, 1);
  return us;
}

/* What the clock tells, in order. */
static void read_clocks(lua_State *L, struct reader *r, int spec)
{
  bool given = lua_getfield(L, spec, "clock") == LUA_TTABLE;
  lua_Unsigned count = given ? lua_rawlen(L, -1) : 0;
  if (count > TG_TEST_CLOCKS_MAX) luaL_error(L, "clock: at most %d judgements", TG_TEST_CLOCKS_MAX);
  r->t->clocks = given ? take(L, r, count, sizeof *r->t->clocks) : NULL;
  for (uint32_t i = 0; i < count; i++) {
    struct tg_timer_facts *f = &r->t->clocks[i];
    *f = (struct tg_timer_facts)TG_FACTS_NONE;
    lua_rawgeti(L, -1, i + 1);
    f->now_us = read_fact(L, "now");
    f->newest_us = read_fact(L, "newest");
    f->newest_event_us = read_fact(L, "newest_event");
    f->watermark_us = read_fact(L, "watermark");
    f->since_us = read_fact(L, "since");
    lua_pop(L, 1);
  }
  r->t->clocks_count = (uint32_t)count;
  lua_pop(L, 1);
}

static void read_batches(lua_State *L, struct reader *r, int spec)
{
  lua_getfield(L, spec, "batches");
  lua_Unsigned count = lua_rawlen(L, -1);
  if (count > TG_TEST_BATCHES_MAX) {
    luaL_error(L, "a test has at most %d batches", TG_TEST_BATCHES_MAX);
  }
  r->t->batches = take(L, r, count, sizeof *r->t->batches);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    read_rows(L, r, true, &r->t->batches[i]);
    lua_pop(L, 1);
  }
  r->t->batches_count = (uint32_t)count;
  lua_pop(L, 1);
  read_times(L, r, spec);
  read_ways(L, r, spec);
  read_versions(L, r, spec);
  read_clocks(L, r, spec);
}

/* One given column: { name, type }, read from a key of that name, whatever the name. */
static void read_column(lua_State *L, struct reader *r, struct tg_field *f, struct tg_path *path)
{
  struct tg_err err;
  lua_rawgeti(L, -1, 1);
  lua_rawgeti(L, -2, 2);
  f->name = tg_text_of(keep(L, r, -2), lua_rawlen(L, -2));
  if (tg_type_parse(tg_text(keep(L, r, -1)), &f->type, &err) != TG_OK) {
    luaL_error(L, "types: %s: %s", f->name.ptr, err.what);
  }
  path->count = 1, path->steps[0] = f->name;
  f->source = TG_FROM_VALUE, f->paths = path, f->paths_count = 1;
  lua_pop(L, 2);
}

static void read_columns(lua_State *L, struct reader *r, int spec)
{
  lua_getfield(L, spec, "columns");
  lua_Unsigned count = lua_rawlen(L, -1);
  if (count > TG_FIELDS_MAX) luaL_error(L, "a test has at most %d columns", TG_FIELDS_MAX);
  struct tg_topic *topic = &r->t->topic;
  topic->name = tg_text("test");
  topic->event_time = topic->key = -1;
  topic->fields = take(L, r, count, sizeof *topic->fields);
  struct tg_path *paths = take(L, r, count, sizeof *paths);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    read_column(L, r, &topic->fields[i], &paths[i]);
    lua_pop(L, 1);
  }
  topic->fields_count = (uint32_t)count;
  lua_pop(L, 1);
}

static void read_topic(lua_State *L, struct reader *r, int spec)
{
  lua_getfield(L, spec, "handle");
  r->t->script = lua_touserdata(L, -1);
  r->t->batches = take(L, r, 1, sizeof *r->t->batches);
  r->t->batches_count = 1;
  lua_getfield(L, spec, "events");
  read_rows(L, r, true, &r->t->batches[0]);
  if (lua_getfield(L, spec, "rows") == LUA_TTABLE) read_rows(L, r, false, &r->t->expected);
  lua_pop(L, 3);
}

static void read_rule(lua_State *L, struct reader *r, int spec)
{
  read_columns(L, r, spec);
  read_batches(L, r, spec);
  lua_getfield(L, spec, "rule");
  tg_ruleload_fill(L, lua_gettop(L), &r->t->topic, &r->t->rule);
  lua_pop(L, 1);
}

void tg_testspec_read(lua_State *L, int spec, struct tg_testrun *t, struct tg_buf *json)
{
  struct reader r = {t, json};
  if (lua_getfield(L, spec, "lookups") == LUA_TTABLE) {
    tg_lookupread_set(L, lua_gettop(L), &t->arena, &t->lookups);
  }
  bool topic = lua_getfield(L, spec, "handle") != LUA_TNIL;
  lua_pop(L, 2);
  (topic ? read_topic : read_rule)(L, &r, spec);
}
