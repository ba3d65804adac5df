/* What prelude_topics.lua has checked becomes a struct tg_topic. */
#include "bindings/script.h"

#include <lauxlib.h>

static void *grow(lua_State *L, void *old, uint32_t *size, size_t width, uint32_t max)
{
  uint32_t more = *size ? *size * 2 : 16;
  if (*size >= max) luaL_error(L, "more than %d of them: that is the limit", (int)max);
  void *p = tg_arena_zalloc(&tg_loader_program(L)->arena, more, width);
  if (!p) luaL_error(L, "not enough memory for the scripts");
  if (old) memcpy(p, old, *size * width);
  *size = more;
  return p;
}

static struct tg_script *script_of(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TLIGHTUSERDATA);
  return lua_touserdata(L, 1);
}

/* tg.topic(name, path) -> handle */
static int topic_begin(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  if (p->scripts_count == p->scripts_size) {
    p->scripts = grow(L, p->scripts, &p->scripts_size, sizeof(void *), TG_SCRIPTS_MAX);
  }
  struct tg_script *s = tg_arena_zalloc(&p->arena, 1, sizeof *s);
  if (!s) return luaL_error(L, "not enough memory for the scripts");
  s->topic.name = tg_loader_text(L, 1);
  s->path = tg_loader_text(L, 2).ptr;
  s->topic.program = s;
  s->topic.event_time = s->topic.key = -1;
  s->topic.provenance = true;
  s->topic.output_bytes_max = p->conf.output_bytes_max ? p->conf.output_bytes_max : 1000000;
  p->scripts[p->scripts_count++] = s;
  lua_pushlightuserdata(L, s);
  return 1;
}

static struct tg_field *field_add(lua_State *L, struct tg_script *s)
{
  struct tg_topic *t = &s->topic;
  if (t->fields_count == TG_FIELDS_MAX)
    luaL_error(L, "a topic has at most %d fields", TG_FIELDS_MAX);
  if (t->fields_count == s->fields_size) {
    t->fields = grow(L, t->fields, &s->fields_size, sizeof *t->fields, TG_FIELDS_MAX);
  }
  return &t->fields[t->fields_count];
}

/* tg.field(handle, line) -> name, type; or nil and why */
static int topic_field(lua_State *L)
{
  struct tg_script *s = script_of(L);
  struct tg_err err;
  char type[64];
  size_t len;
  const char *line = luaL_checklstring(L, 2, &len);
  if (s->topic.fields_count == TG_FIELDS_MAX) {
    lua_pushnil(L);
    lua_pushfstring(L, "a topic has at most %d fields", TG_FIELDS_MAX);
    return 2;
  }
  struct tg_field *f = field_add(L, s);
  if (tg_field_parse(&tg_loader_program(L)->arena, tg_text_of(line, len), f, &err) != TG_OK) {
    lua_pushnil(L);
    lua_pushstring(L, err.what);
    return 2;
  }
  s->topic.fields_count++;
  lua_pushlstring(L, f->name.ptr, f->name.len);
  lua_pushstring(L, tg_type_name(f->type, type, sizeof type));
  return 2;
}

/* `_extra jsonb`, where unknown = "keep" puts what nobody declared. */
static void add_extra(lua_State *L, struct tg_script *s)
{
  struct tg_field *f = field_add(L, s);
  *f = (struct tg_field){
      .name = tg_text("_extra"), .type = {.kind = TG_JSONB}, .source = TG_FROM_NOWHERE};
  s->topic.fields_count++;
}

/* Index of the field named by values[key], or -1. */
static int32_t role(lua_State *L, const struct tg_topic *t, const char *key)
{
  int32_t index = -1;
  size_t len;
  if (lua_getfield(L, 2, key) == LUA_TSTRING) {
    const char *name = lua_tolstring(L, -1, &len);
    index = tg_topic_field(t, tg_text_of(name, len));
  }
  lua_pop(L, 1);
  return index;
}

static void set_target(lua_State *L, struct tg_topic *t)
{
  if (lua_getfield(L, 2, "table") == LUA_TTABLE) {
    lua_getfield(L, -1, "schema");
    t->schema = tg_loader_text(L, -1);
    lua_getfield(L, -2, "table");
    t->table = tg_loader_text(L, -1);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}

static void set_kafka_topics(lua_State *L, struct tg_topic *t)
{
  uint32_t count = 1;
  bool listed = lua_getfield(L, 2, "topics") == LUA_TTABLE;
  if (listed) count = (uint32_t)lua_rawlen(L, -1);
  t->kafka_topics = tg_arena_zalloc(&tg_loader_program(L)->arena, count, sizeof *t->kafka_topics);
  if (!t->kafka_topics) luaL_error(L, "not enough memory for the scripts");
  t->kafka_topics[0] = t->name;
  t->kafka_topics_count = count;
  for (uint32_t i = 0; listed && i < count; i++) {
    lua_rawgeti(L, -1, i + 1);
    t->kafka_topics[i] = tg_loader_text(L, -1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void set_outputs(lua_State *L, struct tg_topic *t)
{
  if (lua_getfield(L, 2, "outputs") == LUA_TTABLE) {
    uint32_t count = (uint32_t)lua_rawlen(L, -1);
    t->outputs = tg_arena_zalloc(&tg_loader_program(L)->arena, count + 1, sizeof *t->outputs);
    if (!t->outputs) luaL_error(L, "not enough memory for the scripts");
    for (; t->outputs_count < count; t->outputs_count++) {
      lua_rawgeti(L, -1, t->outputs_count + 1);
      t->outputs[t->outputs_count] = tg_loader_text(L, -1);
      lua_pop(L, 1);
    }
  }
  if (lua_getfield(L, 2, "dead_letter") == LUA_TSTRING) t->dead_letter = tg_loader_text(L, -1);
  lua_pop(L, 2);
}

static bool field_is(lua_State *L, const char *key, const char *text)
{
  lua_getfield(L, 2, key);
  bool is = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), text) == 0;
  lua_pop(L, 1);
  return is;
}

static void set_policies(lua_State *L, struct tg_script *s)
{
  struct tg_topic *t = &s->topic;
  if (field_is(L, "unknown", "keep")) t->unknown = TG_UNKNOWN_KEEP;
  if (field_is(L, "unknown", "quarantine")) t->unknown = TG_UNKNOWN_QUARANTINE;
  t->on_gap_skip = field_is(L, "on_gap", "skip");
  t->provenance = lua_getfield(L, 2, "provenance") != LUA_TBOOLEAN || lua_toboolean(L, -1);
  lua_getfield(L, 2, "tz");
  t->tz_offset_s = (int32_t)lua_tointeger(L, -1);
  if (lua_getfield(L, 2, "transform") == LUA_TFUNCTION) {
    s->transform = luaL_ref(L, LUA_REGISTRYINDEX);
    s->has_transform = true;
  } else {
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

/* tg.topic_end(handle, values): values as checked, absent ones have their defaults */
static int topic_end(lua_State *L)
{
  struct tg_script *s = script_of(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  s->topic.event_time = role(L, &s->topic, "event_time");
  s->topic.key = role(L, &s->topic, "key");
  set_target(L, &s->topic);
  set_kafka_topics(L, &s->topic);
  set_outputs(L, &s->topic);
  set_policies(L, s);
  lua_getfield(L, 2, "broken");
  s->broken = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (s->topic.unknown == TG_UNKNOWN_KEEP) add_extra(L, s);
  return 0;
}

void tg_topicload_open(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"topic", topic_begin}, {"field", topic_field}, {"topic_end", topic_end}, {NULL, NULL}};
  lua_pushlightuserdata(L, tg_loader_program(L));
  luaL_setfuncs(L, functions, 1);
}
