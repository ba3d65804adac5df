/* Inline tests, Lua's side: prelude_tests.lua lists, prepares and compares; testrun.c runs what it
 * prepared. */
#include "bindings/runner.h"

#include "bindings/lookupread.h"
#include "bindings/luajson.h"
#include "bindings/testrun.h"
#include "core/base/clock.h"

#include <lauxlib.h>
#include <stdio.h>

/* One test between its protected calls. */
struct running {
  struct tg_testrun run;
  struct tg_test test;
  struct tg_buf json; /* rows being written, one after the other */
  int list;           /* reference: all tests */
  int spec;           /* reference: what prepare() made of this one */
  uint32_t number;    /* from 1 */
  bool prepared;      /* there is something to run */
};

static const char *keep(lua_State *L, struct running *r, int idx)
{
  size_t len;
  const char *s = luaL_checklstring(L, idx, &len);
  struct tg_text kept = tg_arena_copy(&r->run.arena, tg_text_of(s, len + 1));
  if (!kept.ptr) luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  return kept.ptr;
}

static void *take(lua_State *L, struct running *r, size_t count, size_t size)
{
  void *p = tg_arena_zalloc(&r->run.arena, count, size);
  if (!p) luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  return p;
}

/* --- listing --- */

struct listing {
  int ref;
  uint32_t count;
};

static int list_tests(lua_State *L)
{
  struct listing *l = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "list");
  lua_call(L, 0, 1);
  l->count = (uint32_t)lua_rawlen(L, -1);
  l->ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static int drop_list(lua_State *L)
{
  struct listing *l = lua_touserdata(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, l->ref);
  return 0;
}

/* Pushes test number r->number. [-0, +1] */
static void push_item(lua_State *L, const struct running *r)
{
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->list);
  lua_rawgeti(L, -1, r->number);
  lua_remove(L, -2);
}

static int describe(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  push_item(L, r);
  lua_getfield(L, -1, "path");
  lua_getfield(L, -2, "subject");
  lua_getfield(L, -3, "title");
  lua_getfield(L, -4, "line");
  r->test.path = keep(L, r, -4);
  r->test.subject = keep(L, r, -3);
  r->test.title = keep(L, r, -2);
  r->test.line = (int)lua_tointeger(L, -1);
  return 0;
}

/* --- preparing --- */

/* The value at idx as the JSON of one row; a text of its own when raw. */
static struct tg_text row_json(lua_State *L, struct running *r, int idx, int null_idx, bool raw)
{
  const char *why = "";
  if (raw && lua_type(L, idx) == LUA_TSTRING) {
    const char *text = keep(L, r, idx);
    return tg_text_of(text, lua_rawlen(L, idx));
  }
  tg_buf_clear(&r->json);
  if (!tg_luajson_write(L, idx, null_idx, &r->json, &why)) luaL_error(L, "a row holds %s", why);
  struct tg_text text = tg_arena_copy(&r->run.arena, tg_buf_view(&r->json));
  if (r->json.failed || !text.ptr) {
    luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  }
  return text;
}

/* The list of rows at the top of the stack. [-0, +0] */
static void read_rows(lua_State *L, struct running *r, bool raw, struct tg_test_batch *out)
{
  int list = lua_gettop(L);
  lua_Unsigned count = lua_rawlen(L, list);
  if (count > TG_TEST_ROWS_MAX) luaL_error(L, "a test has at most %d rows", TG_TEST_ROWS_MAX);
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->run.p->prelude);
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

static void read_batches(lua_State *L, struct running *r, int spec)
{
  lua_getfield(L, spec, "batches");
  lua_Unsigned count = lua_rawlen(L, -1);
  if (count > TG_TEST_BATCHES_MAX) {
    luaL_error(L, "a test has at most %d batches", TG_TEST_BATCHES_MAX);
  }
  r->run.batches = take(L, r, count, sizeof *r->run.batches);
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    read_rows(L, r, false, &r->run.batches[i]);
    lua_pop(L, 1);
  }
  r->run.batches_count = (uint32_t)count;
  lua_pop(L, 1);
}

/* One given column: { name, type }, read from a key of that name, whatever the name. */
static void read_column(lua_State *L, struct running *r, struct tg_field *f, struct tg_path *path)
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

static void read_columns(lua_State *L, struct running *r, int spec)
{
  lua_getfield(L, spec, "columns");
  lua_Unsigned count = lua_rawlen(L, -1);
  if (count > TG_FIELDS_MAX) luaL_error(L, "a test has at most %d columns", TG_FIELDS_MAX);
  struct tg_topic *topic = &r->run.topic;
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

static void read_topic(lua_State *L, struct running *r, int spec)
{
  lua_getfield(L, spec, "handle");
  r->run.script = lua_touserdata(L, -1);
  r->run.batches = take(L, r, 1, sizeof *r->run.batches);
  r->run.batches_count = 1;
  lua_getfield(L, spec, "events");
  read_rows(L, r, true, &r->run.batches[0]);
  if (lua_getfield(L, spec, "rows") == LUA_TTABLE) read_rows(L, r, false, &r->run.expected);
  lua_pop(L, 3);
}

static void read_rule(lua_State *L, struct running *r, int spec)
{
  read_columns(L, r, spec);
  read_batches(L, r, spec);
  lua_getfield(L, spec, "rule");
  tg_ruleload_fill(L, lua_gettop(L), &r->run.topic, &r->run.rule);
  lua_pop(L, 1);
}

static void read_spec(lua_State *L, struct running *r, int spec)
{
  if (lua_getfield(L, spec, "lookups") == LUA_TTABLE)
    tg_lookupread_set(L, lua_gettop(L), &r->run.arena, &r->run.lookups);
  if (lua_getfield(L, spec, "handle") != LUA_TNIL)
    read_topic(L, r, spec);
  else
    read_rule(L, r, spec);
}

static int prepare(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "prepare");
  push_item(L, r);
  lua_call(L, 1, 1);
  int spec = lua_gettop(L);
  if (lua_getfield(L, spec, "error") != LUA_TNIL) {
    r->run.error = keep(L, r, -1);
    r->run.verdict = TG_VERDICT_ERROR;
  } else {
    read_spec(L, r, spec);
    r->prepared = true;
  }
  lua_settop(L, spec);
  r->spec = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

/* --- comparing --- */

static void push_fails(lua_State *L, const struct tg_testrun *t)
{
  lua_createtable(L, (int)t->fails_count, 0);
  lua_createtable(L, (int)t->fails_count, 0);
  for (uint32_t i = 0; i < t->fails_count; i++) {
    lua_pushinteger(L, t->fails[i]);
    lua_rawseti(L, -3, i + 1);
    lua_pushstring(L, t->reasons[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -3, "reasons");
  lua_setfield(L, -2, "fails");
}

/* Pushes all reasons of a row, joined. */
static void push_reasons(lua_State *L, const struct tg_issue *issue)
{
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (const struct tg_issue *i = issue; i; i = i->next) {
    if (i != issue) luaL_addstring(&text, "; ");
    luaL_addlstring(&text, i->reason.ptr, i->reason.len);
  }
  luaL_pushresult(&text);
}

/* Fates and reasons of all events; fate "load" with no reason is the usual case. */
static void push_fates(lua_State *L, const struct tg_batch *b)
{
  lua_createtable(L, (int)b->rows, 0);
  lua_createtable(L, (int)b->rows, 0);
  lua_Integer loaded = 0;
  for (uint32_t i = 0; i < b->rows; i++) {
    loaded += b->fates[i] <= TG_TAG;
    lua_pushstring(L, tg_fate_name((enum tg_fate)b->fates[i]));
    lua_rawseti(L, -3, i + 1);
    push_reasons(L, b->issues[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -3, "reasons");
  lua_setfield(L, -2, "fates");
  lua_pushinteger(L, loaded);
  lua_setfield(L, -2, "loaded");
}

static void push_shown(lua_State *L, const struct tg_column *c, uint32_t row, int at)
{
  char text[320];
  lua_pushstring(L, tg_column_show(c, row, text, sizeof text));
  lua_rawseti(L, -2, at);
}

/* Appends { row, field, expected, got } to the list on top, for each expected value that differs.
 * */
static void compare_row(lua_State *L, const struct running *r, uint32_t i, uint32_t j)
{
  const struct tg_topic *topic = &r->run.topic;
  for (uint32_t f = 0; f < topic->fields_count; f++) {
    lua_rawgeti(L, -2, i + 1);
    lua_pushlstring(L, topic->fields[f].name.ptr, topic->fields[f].name.len);
    bool wanted = lua_gettable(L, -2) != LUA_TNIL;
    lua_pop(L, 2);
    if (!wanted || tg_testrun_same(&r->run, f, i, j)) continue;
    lua_createtable(L, 4, 0);
    lua_pushinteger(L, i + 1);
    lua_rawseti(L, -2, 1);
    lua_pushlstring(L, topic->fields[f].name.ptr, topic->fields[f].name.len);
    lua_rawseti(L, -2, 2);
    push_shown(L, r->run.expected_batch.columns[f], i, 3);
    push_shown(L, r->run.batch.columns[f], j, 4);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
}

/* Leaves the list of differing values on top. [-0, +1] */
static void push_differences(lua_State *L, const struct running *r)
{
  const struct tg_batch *b = &r->run.batch;
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->spec);
  lua_getfield(L, -1, "rows");
  lua_newtable(L);
  uint32_t i = 0;
  for (uint32_t j = 0; j < b->rows && i < r->run.expected_batch.rows; j++) {
    if (b->fates[j] <= TG_TAG) compare_row(L, r, i++, j);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}

static void push_result(lua_State *L, const struct running *r)
{
  lua_createtable(L, 0, 8);
  lua_pushstring(L, r->run.error);
  lua_setfield(L, -2, "error");
  if (r->run.script && !r->run.error) {
    push_fates(L, &r->run.batch);
    push_differences(L, r);
    lua_setfield(L, -2, "differ");
    return;
  }
  lua_pushstring(L, tg_verdict_name(r->run.verdict));
  lua_setfield(L, -2, "verdict");
  lua_pushinteger(L, r->run.evaluated);
  lua_setfield(L, -2, "evaluated");
  push_fails(L, &r->run);
}

static int compare(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "compare");
  push_item(L, r);
  push_result(L, r);
  lua_call(L, 2, 1);
  if (!lua_isnil(L, -1)) r->test.detail = keep(L, r, -1);
  return 0;
}

static int drop_spec(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  luaL_unref(L, LUA_REGISTRYINDEX, r->spec);
  tg_ruleload_drop(L, &r->run.rule);
  return 0;
}

/* --- running --- */

/* A test that the machinery could not run is a failed test; only a lost VM ends the run. */
static enum tg_rc run_stages(struct running *r, struct tg_err *err)
{
  enum tg_rc rc = tg_loader_run(r->run.p, prepare, r, err);
  if (rc == TG_OK && r->prepared) {
    rc = r->run.script ? tg_testrun_topic(&r->run, err) : tg_testrun_rule(&r->run, err);
  }
  if (rc == TG_OK) rc = tg_loader_run(r->run.p, compare, r, err);
  if (rc == TG_OK || rc == TG_FATAL) return rc;
  r->test.detail =
      tg_arena_printf(&r->run.arena, "%s%s%s", err->where, *err->where ? ": " : "", err->what);
  if (!r->test.detail) r->test.detail = "the test needs too much memory";
  return TG_OK;
}

static bool chosen(const struct running *r, const char *filter)
{
  if (!filter || !*filter || strstr(r->test.path, filter)) return true;
  const char *name = tg_arena_printf((struct tg_arena *)(uintptr_t)&r->run.arena, "%s: %s",
                                     r->test.subject, r->test.title);
  return name && strstr(name, filter);
}

static enum tg_rc run_one(struct running *r, struct tg_err *err)
{
  struct tg_err ignored;
  struct tg_arena_mark mark = tg_arena_mark(&r->run.p->arena);
  int64_t start = tg_clock_thread_us();
  enum tg_rc rc = run_stages(r, err);
  r->test.cpu_us = tg_clock_thread_us() - start;
  r->test.passed = !r->test.detail;
  enum tg_rc dropped = tg_loader_run(r->run.p, drop_spec, r, &ignored);
  tg_arena_release(&r->run.p->arena, mark);
  return rc == TG_OK ? dropped : rc;
}

static void open_running(struct running *r, struct tg_program *p, int list, uint32_t number)
{
  *r = (struct running){.number = number, .list = list, .spec = LUA_NOREF};
  tg_testrun_init(&r->run, p);
  tg_buf_init(&r->json, TG_TEST_BYTES_MAX);
}

static void close_running(struct running *r)
{
  tg_lookup_set_drop(&r->run.lookups);
  tg_buf_fini(&r->json);
  tg_testrun_fini(&r->run);
}

struct suite {
  struct tg_program *p;
  const char *filter;
  tg_test_report *report;
  void *self;
  struct tg_test_counts *counts;
  struct listing list;
};

static enum tg_rc run_number(struct suite *s, uint32_t number, struct tg_err *err)
{
  struct running r;
  open_running(&r, s->p, s->list.ref, number);
  enum tg_rc rc = tg_loader_run(s->p, describe, &r, err);
  if (rc == TG_OK && !chosen(&r, s->filter)) {
    s->counts->left_out++;
  } else if (rc == TG_OK && (rc = run_one(&r, err)) == TG_OK) {
    s->counts->run++;
    s->counts->failed += !r.test.passed;
    if (s->report) s->report(s->self, &r.test);
  }
  close_running(&r);
  return rc;
}

/* --- one test from elsewhere --- */

struct single {
  const char *path;
  struct tg_text text;
  struct listing list;
};

static int list_single(lua_State *L)
{
  struct single *s = lua_touserdata(L, 1);
  struct tg_err err;
  struct tg_program *p = tg_loader_program(L);
  tg_loader_push(L, "tests", "single");
  lua_pushstring(L, s->path);
  if (tg_vm_load(p->vm, "test", s->text, &err) != TG_OK) {
    return luaL_error(L, "%s: %s", err.where, err.what);
  }
  tg_loader_give_api(L);
  lua_call(L, 0, 1);
  lua_call(L, 2, 1);
  s->list.count = (uint32_t)lua_rawlen(L, -1);
  s->list.ref = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static enum tg_rc eval_one(struct running *r, void (*take_run)(void *, const struct tg_testrun *),
                           void *self, struct tg_err *err)
{
  struct tg_err ignored;
  struct tg_arena_mark mark = tg_arena_mark(&r->run.p->arena);
  enum tg_rc rc = tg_loader_run(r->run.p, prepare, r, err);
  if (rc == TG_OK && r->prepared) {
    rc = r->run.script ? tg_testrun_topic(&r->run, err) : tg_testrun_rule(&r->run, err);
  }
  if (rc == TG_OK) take_run(self, &r->run);
  enum tg_rc dropped = tg_loader_run(r->run.p, drop_spec, r, &ignored);
  tg_arena_release(&r->run.p->arena, mark);
  return rc == TG_OK ? dropped : rc;
}

enum tg_rc tg_program_eval(struct tg_program *p, const char *path, struct tg_text test,
                           void (*take_run)(void *self, const struct tg_testrun *run), void *self,
                           struct tg_err *err)
{
  struct single s = {path, test, {LUA_NOREF, 0}};
  struct running r;
  struct tg_err ignored;
  p->testing = true;
  enum tg_rc rc = tg_loader_run(p, list_single, &s, err);
  if (rc == TG_OK) {
    open_running(&r, p, s.list.ref, 1);
    rc = eval_one(&r, take_run, self, err);
    close_running(&r);
    tg_loader_run(p, drop_list, &s.list, &ignored);
  }
  p->testing = false;
  return rc == TG_DATA ? (err->rc = TG_CONFIG) : rc;
}

/* --- all of them --- */

enum tg_rc tg_program_test(struct tg_program *p, const char *filter, tg_test_report *report,
                           void *self, struct tg_test_counts *counts, struct tg_err *err)
{
  struct suite s = {p, filter, report, self, counts, {LUA_NOREF, 0}};
  struct tg_err ignored;
  *counts = (struct tg_test_counts){0};
  p->testing = true;
  enum tg_rc rc = tg_loader_run(p, list_tests, &s.list, err);
  for (uint32_t i = 1; rc == TG_OK && i <= s.list.count; i++) rc = run_number(&s, i, err);
  enum tg_rc dropped = tg_loader_run(p, drop_list, &s.list, &ignored);
  p->testing = false;
  return rc == TG_OK ? dropped : rc;
}
