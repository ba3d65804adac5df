/* Inline tests, Lua's side: prelude_tests.lua lists, prepares and compares; testrun.c runs what it
 * prepared, again and again as long as a comparison leads to a further run. */
#include "bindings/runner.h"

#include "bindings/coverage.h"
#include "bindings/rowjson.h"
#include "bindings/testspec.h"
#include "core/base/clock.h"

#include <lauxlib.h>
#include <stdio.h>

/* One test between its protected calls. */
struct running {
  struct tg_testrun run;
  struct tg_test test;
  struct tg_buf json;        /* rows being written, one after the other */
  int list;                  /* reference: all tests */
  int spec;                  /* reference: what is to be run next */
  uint32_t number;           /* from 1 */
  bool prepared;             /* there is something to run */
  bool more;                 /* there is a further spec */
  struct tg_arena_mark mark; /* what a spec needs lies behind it */
};

static const char *keep(lua_State *L, struct running *r, int idx)
{
  return tg_testspec_keep(L, &r->run, idx);
}

/* --- listing --- */

struct listing {
  int ref;
  uint32_t count;
  bool own; /* see tg_program_test_own() */
};

static int list_tests(lua_State *L)
{
  struct listing *l = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "list");
  lua_pushboolean(L, l->own);
  lua_call(L, 1, 1);
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
  r->mark = tg_arena_mark(&r->run.arena);
  return 0;
}

/* --- preparing --- */

/* The spec on top becomes what is to be run. [-0, +0] */
static void take_spec(lua_State *L, struct running *r)
{
  int spec = lua_gettop(L);
  r->prepared = lua_getfield(L, spec, "error") == LUA_TNIL;
  if (r->prepared) {
    tg_testspec_read(L, spec, &r->run, &r->json);
  } else {
    r->run.error = keep(L, r, -1);
    r->run.verdict = TG_VERDICT_ERROR;
  }
  lua_settop(L, spec);
}

static int prepare(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "prepare");
  push_item(L, r);
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  r->spec = luaL_ref(L, LUA_REGISTRYINDEX);
  take_spec(L, r);
  return 0;
}

/* Leaves the run that is over for the spec that followed from it. */
static int prepare_next(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  tg_ruleload_drop(L, &r->run.rule);
  tg_testrun_restart(&r->run, r->mark);
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->spec);
  take_spec(L, r);
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

/* The rows that were loaded, as JSON texts, for a test with a golden file. */
static void push_loaded(lua_State *L, struct running *r)
{
  const struct tg_batch *b = &r->run.batch;
  lua_newtable(L);
  for (uint32_t row = 0; row < b->rows; row++) {
    if (b->fates[row] > TG_TAG) continue;
    tg_buf_clear(&r->json);
    tg_rowjson_write(b, row, &r->json);
    if (r->json.failed) luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
    lua_pushlstring(L, r->json.ptr, r->json.len);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_setfield(L, -2, "loaded_rows");
}

static bool wants_rows(lua_State *L, const struct running *r)
{
  lua_rawgeti(L, LUA_REGISTRYINDEX, r->spec);
  lua_getfield(L, -1, "golden");
  bool wants = lua_toboolean(L, -1);
  lua_pop(L, 2);
  return wants;
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

/* What the rule said about each batch. */
static void push_outcomes(lua_State *L, const struct tg_testrun *t)
{
  lua_createtable(L, (int)t->outcomes_count, 0);
  for (uint32_t i = 0; i < t->outcomes_count; i++) {
    lua_createtable(L, 0, 2);
    lua_pushstring(L, tg_verdict_name(t->outcomes[i].verdict));
    lua_setfield(L, -2, "verdict");
    lua_pushstring(L, t->outcomes[i].seen);
    lua_setfield(L, -2, "seen");
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "outcomes");
}

static void push_result(lua_State *L, struct running *r)
{
  lua_createtable(L, 0, 8);
  lua_pushstring(L, r->run.error);
  lua_setfield(L, -2, "error");
  if (r->run.script && !r->run.error) {
    push_fates(L, &r->run.batch);
    push_differences(L, r);
    lua_setfield(L, -2, "differ");
    if (wants_rows(L, r)) push_loaded(L, r);
    return;
  }
  lua_pushstring(L, tg_verdict_name(r->run.verdict));
  lua_setfield(L, -2, "verdict");
  lua_pushstring(L, tg_alarm_name(r->run.alarm));
  lua_setfield(L, -2, "level");
  lua_pushinteger(L, r->run.evaluated);
  lua_setfield(L, -2, "evaluated");
  push_fails(L, &r->run);
  push_outcomes(L, &r->run);
}

static int compare(lua_State *L)
{
  struct running *r = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "next");
  push_item(L, r);
  push_result(L, r);
  lua_call(L, 2, 1);
  r->more = lua_istable(L, -1);
  if (r->more) {
    lua_rawseti(L, LUA_REGISTRYINDEX, r->spec);
  } else if (!lua_isnil(L, -1)) {
    r->test.detail = keep(L, r, -1);
  }
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

static enum tg_rc run_spec(struct running *r, struct tg_err *err)
{
  if (!r->prepared) return TG_OK;
  return r->run.script ? tg_testrun_topic(&r->run, err) : tg_testrun_rule(&r->run, err);
}

/* A test that the machinery could not run is a failed test; only a lost VM ends the run. */
static enum tg_rc run_stages(struct running *r, struct tg_err *err)
{
  enum tg_rc rc = tg_loader_run(r->run.p, prepare, r, err);
  do {
    if (rc == TG_OK) rc = run_spec(r, err);
    if (rc == TG_OK) rc = tg_loader_run(r->run.p, compare, r, err);
    if (rc == TG_OK && r->more) rc = tg_loader_run(r->run.p, prepare_next, r, err);
  } while (rc == TG_OK && r->more);
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
    if (s->p->conf.coverage) tg_coverage_tested(s->p->conf.coverage, r.test.path);
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
  if (rc == TG_OK) rc = run_spec(r, err);
  if (rc == TG_OK) take_run(self, &r->run);
  enum tg_rc dropped = tg_loader_run(r->run.p, drop_spec, r, &ignored);
  tg_arena_release(&r->run.p->arena, mark);
  return rc == TG_OK ? dropped : rc;
}

enum tg_rc tg_program_eval(struct tg_program *p, const char *path, struct tg_text test,
                           void (*take_run)(void *self, const struct tg_testrun *run), void *self,
                           struct tg_err *err)
{
  struct single s = {path, test, {LUA_NOREF, 0, false}};
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

static const char *text_field(lua_State *L, const char *name)
{
  lua_getfield(L, -1, name);
  const char *text = lua_tostring(L, -1); /* its table keeps it */
  lua_pop(L, 1);
  return text;
}

/* Rules that no test has seen to fail, or to pass, are told as failed tests, or as notes. */
static int report_unseen(lua_State *L)
{
  struct suite *s = lua_touserdata(L, 1);
  tg_loader_push(L, "tests", "unseen");
  lua_pushboolean(L, s->filter && *s->filter);
  lua_call(L, 1, 1);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; i++) {
    struct tg_test test = {.path = text_field(L, "path"),
                           .subject = text_field(L, "subject"),
                           .title = text_field(L, "title"),
                           .detail = text_field(L, "detail")};
    lua_getfield(L, -1, "line");
    test.line = (int)lua_tointeger(L, -1);
    lua_getfield(L, -2, "note");
    test.note = test.passed = lua_toboolean(L, -1);
    lua_pop(L, 3);
    s->counts->run += !test.note, s->counts->failed += !test.note;
    if (s->report) s->report(s->self, &test);
  }
  return 0;
}

static enum tg_rc run_suite(struct suite *s, struct tg_err *err)
{
  struct tg_program *p = s->p;
  struct tg_err ignored;
  *s->counts = (struct tg_test_counts){0};
  p->testing = true;
  enum tg_rc rc = tg_loader_run(p, list_tests, &s->list, err);
  for (uint32_t i = 1; rc == TG_OK && i <= s->list.count; i++) rc = run_number(s, i, err);
  if (rc == TG_OK) rc = tg_loader_run(p, report_unseen, s, err);
  enum tg_rc dropped = tg_loader_run(p, drop_list, &s->list, &ignored);
  p->testing = false;
  return rc == TG_OK ? dropped : rc;
}

void tg_program_keep(struct tg_program *p, tg_test_keep *golden, void *self)
{
  p->keep = golden, p->keep_self = self;
}

enum tg_rc tg_program_test(struct tg_program *p, const char *filter, tg_test_report *report,
                           void *self, struct tg_test_counts *counts, struct tg_err *err)
{
  struct suite s = {p, filter, report, self, counts, {LUA_NOREF, 0, false}};
  return run_suite(&s, err);
}

enum tg_rc tg_program_test_own(struct tg_program *p, tg_test_report *report, void *self,
                               struct tg_test_counts *counts, struct tg_err *err)
{
  struct suite s = {p, NULL, report, self, counts, {LUA_NOREF, 0, true}};
  return run_suite(&s, err);
}
