/* What prelude_rules.lua has bound becomes a struct tg_rule. */
#include "bindings/script.h"
#include "bindings/statelib_keyed.h"

#include <lauxlib.h>

/* Takes the function or table at field `key` of the rule into the registry; LUA_NOREF when absent.
 * [-0, +0] */
static int take(lua_State *L, int idx, const char *key)
{
  if (lua_getfield(L, idx, key) != LUA_TNIL) return luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pop(L, 1);
  return LUA_NOREF;
}

static const char *text_field(lua_State *L, int idx, const char *key)
{
  lua_getfield(L, idx, key);
  const char *text = tg_loader_text(L, -1).ptr;
  lua_pop(L, 1);
  return text;
}

static const char *text_field_opt(lua_State *L, int idx, const char *key)
{
  bool there = lua_getfield(L, idx, key) != LUA_TNIL;
  lua_pop(L, 1);
  return there ? text_field(L, idx, key) : NULL;
}

static struct tg_level level_field(lua_State *L, int idx, const char *key)
{
  struct tg_level level = {TG_LEVEL_NONE, 0};
  if (lua_getfield(L, idx, key) == LUA_TTABLE) {
    bool share = lua_getfield(L, -1, "share") == LUA_TNUMBER;
    if (!share) lua_getfield(L, -2, "count");
    level.kind = share ? TG_LEVEL_SHARE : TG_LEVEL_COUNT;
    level.at = lua_tonumber(L, -1);
    lua_pop(L, share ? 1 : 2);
  }
  lua_pop(L, 1);
  return level;
}

static int32_t field_index(lua_State *L, int idx, const struct tg_topic *topic)
{
  size_t len;
  const char *name = lua_tolstring(L, idx, &len);
  return name ? tg_topic_field(topic, tg_text_of(name, len)) : -1;
}

/* A reason: texts, and { column } for the value of the row. */
static void reason_field(lua_State *L, int idx, const struct tg_topic *topic, struct tg_rule *rule)
{
  lua_getfield(L, idx, "reason");
  uint32_t count = (uint32_t)lua_rawlen(L, -1);
  rule->reason = tg_arena_zalloc(&tg_loader_program(L)->arena, count, sizeof *rule->reason);
  if (!rule->reason) luaL_error(L, "not enough memory for the scripts");
  for (uint32_t i = 0; i < count; i++) {
    struct tg_reason_part *part = &rule->reason[i];
    part->field = -1;
    if (lua_rawgeti(L, -1, i + 1) == LUA_TTABLE) {
      lua_rawgeti(L, -1, 1);
      part->field = field_index(L, -1, topic);
      lua_pop(L, 1);
    } else {
      part->text = tg_loader_text(L, -1);
    }
    lua_pop(L, 1);
  }
  rule->reason_count = count;
  lua_pop(L, 1);
}

/* What `as` has made: { format =, columns = { names } }, or nil. */
static void read_field(lua_State *L, int idx, const struct tg_topic *topic, struct tg_rule *rule)
{
  if (lua_getfield(L, idx, "read") == LUA_TTABLE) {
    rule->read_as = text_field(L, lua_gettop(L), "format");
    lua_getfield(L, -1, "columns");
    rule->read_count = (uint32_t)lua_rawlen(L, -1);
    rule->read_fields =
        tg_arena_zalloc(&tg_loader_program(L)->arena, rule->read_count, sizeof(uint32_t));
    if (!rule->read_fields) luaL_error(L, "not enough memory for the scripts");
    for (uint32_t i = 0; i < rule->read_count; i++) {
      lua_rawgeti(L, -1, i + 1);
      rule->read_fields[i] = (uint32_t)field_index(L, -1, topic);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* FNV-1a, 64 bit (Fowler, Noll, Vo: draft-eastlake-fnv), of the text that tells two rules apart. */
static uint64_t fingerprint_field(lua_State *L, int idx)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  size_t len = 0;
  lua_getfield(L, idx, "declared");
  const char *text = lua_tolstring(L, -1, &len);
  for (size_t i = 0; i < len; i++) hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
  lua_pop(L, 1);
  return hash;
}

static uint32_t count_field(lua_State *L, int idx, const char *key)
{
  lua_getfield(L, idx, key);
  uint32_t count = (uint32_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return count;
}

static enum tg_nulls nulls_of(const char *text)
{
  return text[0] == 'f' ? TG_NULLS_FAIL : text[0] == 'p' ? TG_NULLS_PASS : TG_NULLS_SKIP;
}

static enum tg_fate fate_of(const char *text)
{
  return text[0] == 'q' ? TG_QUARANTINE : text[0] == 'd' ? TG_DROP : TG_TAG;
}

/* As state by key is found by its declaration, which the version is part of. */
static const char *kept_as(lua_State *L, const struct tg_rule *rule)
{
  if (!rule->version) return rule->id;
  struct tg_arena *a = &tg_loader_program(L)->arena;
  const char *name = tg_arena_printf(a, "%s@%s", rule->id, rule->version);
  if (!name) luaL_error(L, "not enough memory for the scripts");
  return name;
}

void tg_ruleload_fill(lua_State *L, int idx, const struct tg_topic *topic, struct tg_rule *rule)
{
  *rule = TG_RULE_NONE;
  rule->topic = topic;
  rule->id = text_field(L, idx, "id");
  rule->place = text_field(L, idx, "place");
  rule->nulls = nulls_of(text_field(L, idx, "nulls"));
  rule->on_fail = fate_of(text_field(L, idx, "on_fail"));
  rule->warn = level_field(L, idx, "warn");
  rule->critical = level_field(L, idx, "critical");
  lua_getfield(L, idx, "mostly");
  rule->mostly = lua_tonumber(L, -1);
  rule->min_rows = count_field(L, idx, "min_rows");
  rule->min_count = count_field(L, idx, "min_count");
  lua_getfield(L, idx, "bake_us");
  rule->bake_us = lua_tointeger(L, -1);
  lua_pop(L, 1);
  rule->fingerprint = fingerprint_field(L, idx);
  rule->version = text_field_opt(L, idx, "version");
  rule->owner = text_field_opt(L, idx, "owner");
  lua_getfield(L, idx, "column");
  rule->field = field_index(L, -1, topic);
  lua_pop(L, 2);
  lua_getfield(L, idx, "on_event");
  rule->on_event = lua_toboolean(L, -1);
  lua_getfield(L, idx, "shadow");
  rule->shadow = lua_toboolean(L, -1);
  lua_pop(L, 2);
  reason_field(L, idx, topic, rule);
  read_field(L, idx, topic, rule);
  rule->state = tg_statelib_keyed_fill(L, idx, topic);
  rule->check = take(L, idx, "check");
  rule->measure = take(L, idx, "measure");
  rule->judge = take(L, idx, "judge");
  rule->params = take(L, idx, "p");
  rule->where = take(L, idx, "where");
  lua_getfield(L, idx, "by_value");
  rule->by_value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  lua_getfield(L, idx, "over_us");
  lua_getfield(L, idx, "every_us");
  rule->over_us = lua_tointeger(L, -2);
  rule->every_us = lua_tointeger(L, -1);
  lua_pop(L, 2);
  lua_getfield(L, idx, "stateful");
  bool stateful = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (stateful) rule->cell = tg_cell_new();
  if (stateful && !rule->cell) luaL_error(L, "not enough memory for a rule's state");
  rule->kept_as = kept_as(L, rule);
}

void tg_ruleload_move(struct tg_rule *rule, const struct tg_rule *from)
{
  rule->check = from->check;
  rule->measure = from->measure;
  rule->judge = from->judge;
  rule->params = from->params;
  rule->where = from->where;
}

void tg_ruleload_drop(lua_State *L, struct tg_rule *rule)
{
  static const struct tg_rule none = TG_RULE_NONE;
  luaL_unref(L, LUA_REGISTRYINDEX, rule->check);
  luaL_unref(L, LUA_REGISTRYINDEX, rule->measure);
  luaL_unref(L, LUA_REGISTRYINDEX, rule->judge);
  luaL_unref(L, LUA_REGISTRYINDEX, rule->params);
  luaL_unref(L, LUA_REGISTRYINDEX, rule->where);
  tg_ruleload_move(rule, &none);
  tg_cell_free(rule->cell);
  rule->cell = NULL;
}

/* tg.rule(handle, rule) */
static int rule_add(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TLIGHTUSERDATA);
  luaL_checktype(L, 2, LUA_TTABLE);
  struct tg_script *s = lua_touserdata(L, 1);
  if (s->rules_count == s->rules_size) {
    uint32_t size = s->rules_size ? s->rules_size * 2 : 16;
    if (size > TG_RULES_MAX) return luaL_error(L, "a topic has at most %d rules", TG_RULES_MAX);
    struct tg_rule *more = tg_arena_zalloc(&tg_loader_program(L)->arena, size, sizeof *more);
    if (!more) return luaL_error(L, "not enough memory for the scripts");
    if (s->rules) memcpy(more, s->rules, s->rules_count * sizeof *more);
    s->rules = more, s->rules_size = size;
  }
  tg_ruleload_fill(L, 2, &s->topic, &s->rules[s->rules_count]);
  s->rules_count++;
  return 0;
}

void tg_ruleload_open(lua_State *L)
{
  static const luaL_Reg functions[] = {{"rule", rule_add}, {NULL, NULL}};
  lua_pushlightuserdata(L, tg_loader_program(L));
  luaL_setfuncs(L, functions, 1);
}
