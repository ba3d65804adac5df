/* Trials: columns and a rule from outside become a test run. */
#include "bindings/trial.h"

#include "bindings/lookupread.h"
#include "bindings/luajson.h"

#include <lauxlib.h>

enum tg_rc tg_trial_open(struct tg_trial *t, struct tg_program *p, uint32_t columns_max,
                         struct tg_err *err)
{
  *t = (struct tg_trial){.columns_max = columns_max};
  tg_testrun_init(&t->run, p);
  if (columns_max > TG_FIELDS_MAX) {
    return tg_err_set(err, TG_FULL, "columns", "%u columns: at most %d are taken", columns_max,
                      TG_FIELDS_MAX);
  }
  struct tg_topic *topic = &t->run.topic;
  topic->name = tg_text("given");
  topic->event_time = topic->key = -1;
  topic->fields = tg_arena_zalloc(&t->run.arena, columns_max + 1, sizeof *topic->fields);
  if (!topic->fields) return tg_err_set(err, TG_FULL, "columns", "no memory for the columns");
  p->testing = true;
  return TG_OK;
}

static int drop_rule(lua_State *L)
{
  struct tg_trial *t = lua_touserdata(L, 1);
  tg_ruleload_drop(L, &t->run.rule);
  return 0;
}

void tg_trial_close(struct tg_trial *t)
{
  struct tg_err ignored;
  if (t->bound) tg_loader_run(t->run.p, drop_rule, t, &ignored);
  t->run.p->testing = false;
  tg_testrun_fini(&t->run);
}

enum tg_rc tg_trial_column(struct tg_trial *t, struct tg_text name, const char *type,
                           struct tg_err *err)
{
  struct tg_topic *topic = &t->run.topic;
  struct tg_arena *a = &t->run.arena;
  if (topic->fields_count == t->columns_max) {
    return tg_err_set(err, TG_FULL, "columns", "more than the %u announced", t->columns_max);
  }
  struct tg_field *f = &topic->fields[topic->fields_count];
  f->paths = tg_arena_zalloc(a, 1, sizeof *f->paths);
  f->name = tg_arena_copy(a, name);
  if (!f->paths || !f->name.ptr) return tg_err_set(err, TG_FULL, "columns", "no memory");
  if (tg_type_parse(tg_text(type), &f->type, err) != TG_OK) return err->rc = TG_CONFIG;
  f->paths->count = 1, f->paths->steps[0] = f->name;
  f->source = TG_FROM_VALUE, f->paths_count = 1;
  topic->fields_count++;
  return TG_OK;
}

struct binding {
  struct tg_trial *t;
  const char *rule;
  struct json_t *params, *tables;
  const char *error; /* in the trial's arena */
};

/* A list of { name, type }, in the order of the columns. [-0, +1] */
static void push_columns(lua_State *L, const struct tg_topic *topic)
{
  char type[64];
  lua_createtable(L, (int)topic->fields_count, 0);
  for (uint32_t i = 0; i < topic->fields_count; i++) {
    lua_createtable(L, 2, 0);
    lua_pushlstring(L, topic->fields[i].name.ptr, topic->fields[i].name.len);
    lua_rawseti(L, -2, 1);
    lua_pushstring(L, tg_type_name(topic->fields[i].type, type, sizeof type));
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, i + 1);
  }
}

/* Pushes a JSON value, nil for NULL. [-0, +1] */
static void push_json(lua_State *L, const struct tg_program *p, const struct json_t *value)
{
  lua_rawgeti(L, LUA_REGISTRYINDEX, p->prelude);
  lua_getfield(L, -1, "null");
  if (value) {
    tg_luajson_push(L, value, lua_gettop(L));
  } else {
    lua_pushnil(L);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}

static int bind_rule(lua_State *L)
{
  struct binding *b = lua_touserdata(L, 1);
  struct tg_testrun *run = &b->t->run;
  tg_loader_push(L, "trials", "bind");
  lua_pushstring(L, b->rule);
  push_json(L, run->p, b->params);
  push_columns(L, &run->topic);
  push_json(L, run->p, b->tables);
  lua_call(L, 4, 2);
  if (lua_isnil(L, -2)) {
    b->error = tg_arena_printf(&run->arena, "%s", luaL_checkstring(L, -1));
    if (!b->error) return luaL_error(L, "no memory for an error");
    return 0;
  }
  if (lua_istable(L, -1)) tg_lookupread_set(L, lua_gettop(L), &run->arena, &run->lookups);
  tg_ruleload_fill(L, lua_gettop(L) - 1, &run->topic, &run->rule);
  b->t->bound = true;
  return 0;
}

enum tg_rc tg_trial_bind(struct tg_trial *t, const char *rule, struct json_t *params,
                         struct json_t *tables, struct tg_err *err)
{
  struct binding b = {t, rule, params, tables, NULL};
  enum tg_rc rc = tg_loader_run(t->run.p, bind_rule, &b, err);
  if (rc == TG_DATA) b.error = tg_arena_printf(&t->run.arena, "%s", err->what);
  if (rc != TG_OK && rc != TG_DATA) return rc;
  t->run.verdict = t->bound ? TG_VERDICT_PASS : TG_VERDICT_ERROR;
  t->run.error = b.error;
  t->mark = tg_arena_mark(&t->run.arena);
  return TG_OK;
}

enum tg_rc tg_trial_judge(struct tg_trial *t, struct tg_test_batch *rows, struct tg_err *err)
{
  struct tg_testrun *run = &t->run;
  if (!t->bound) return TG_OK;
  tg_testrun_clear(run);
  tg_arena_release(&run->arena, t->mark);
  run->batches = rows, run->batches_count = 1;
  return tg_testrun_rule(run, err);
}
