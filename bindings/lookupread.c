/* Lookups out of Lua tables. */
#include "bindings/lookupread.h"
#include "core/data/literal.h"
#include "core/data/lookupfile.h"

#include <lauxlib.h>
#include <stdio.h>

/* tg.type_fault(text) -> nil, or why it is no type */
static int type_fault(lua_State *L)
{
  struct tg_type type;
  struct tg_err err;
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  if (tg_type_parse(tg_text_of(text, len), &type, &err) == TG_OK) return 0;
  lua_pushstring(L, err.what);
  return 1;
}

/* A text of Lua's in an arena. */
static struct tg_text keep(lua_State *L, int idx, struct tg_arena *a)
{
  size_t len;
  const char *s = luaL_checklstring(L, idx, &len);
  struct tg_text copy = tg_arena_copy(a, tg_text_of(s, len + 1));
  if (!copy.ptr) luaL_error(L, "not enough memory for a lookup");
  return tg_text_of(copy.ptr, len);
}

static struct tg_text text_field(lua_State *L, int idx, const char *key, struct tg_arena *a)
{
  struct tg_text text = tg_text("");
  if (lua_getfield(L, idx, key) == LUA_TSTRING) text = keep(L, -1, a);
  lua_pop(L, 1);
  return text;
}

static lua_Integer int_field(lua_State *L, int idx, const char *key)
{
  lua_getfield(L, idx, key);
  lua_Integer n = lua_tointeger(L, -1);
  lua_pop(L, 1);
  return n;
}

/* { name, type } on top. [-0, +0] */
static void read_column(lua_State *L, struct tg_arena *a, struct tg_lookup_column *c)
{
  struct tg_err err;
  lua_rawgeti(L, -1, 1);
  c->name = keep(L, -1, a);
  c->typed = lua_rawgeti(L, -2, 2) == LUA_TSTRING;
  if (c->typed && tg_type_parse(keep(L, -1, a), &c->type, &err) != TG_OK)
    luaL_error(L, "%s", err.what);
  lua_pop(L, 2);
}

/* The columns, keys and shape that a declaration and a given lookup share. */
static void read_shape(lua_State *L, int idx, struct tg_arena *a, struct tg_lookup_source *s)
{
  s->name = text_field(L, idx, "name", a);
  s->keys_count = (uint32_t)int_field(L, idx, "keys");
  lua_getfield(L, idx, "single");
  s->single = lua_toboolean(L, -1);
  lua_getfield(L, idx, "columns");
  s->columns_count = (uint32_t)lua_rawlen(L, -1);
  s->columns = tg_arena_zalloc(a, s->columns_count + 1, sizeof *s->columns);
  if (!s->columns) luaL_error(L, "not enough memory for a lookup");
  for (uint32_t i = 0; i < s->columns_count; i++) {
    lua_rawgeti(L, -1, i + 1);
    read_column(L, a, &s->columns[i]);
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
}

static struct tg_lookupmake *make(const struct tg_lookup_source *s, struct tg_err *err)
{
  struct tg_lookupmake *m = tg_lookup_source_make(s, TG_LOOKUP_GIVEN_BYTES_MAX);
  if (!m) tg_err_set(err, TG_FATAL, "lookups", "not enough memory for a lookup");
  return m;
}

/* --- given by a test ------------------------------------------------------------------------- */

/* digits * 10^-scale of a float, written out: 0.1 is "0.1". */
static struct tg_text float_text(double f, char *out, size_t size)
{
  struct tg_number n;
  struct tg_literal lit = {.kind = TG_LIT_FLOAT, .f = f};
  bool plain = tg_literal_number(lit, &n) && n.scale >= 0 && n.scale <= TG_NUMERIC_INT_DIGITS;
  if (!plain) return tg_text_of(out, (size_t)snprintf(out, size, "%.17g", f));
  __int128 one = tg_pow10((uint32_t)n.scale), whole = n.digits / one, part = n.digits % one;
  int len = snprintf(out, size, "%s%lld", n.digits < 0 && whole == 0 ? "-" : "", (long long)whole);
  if (n.scale)
    len += snprintf(out + len, size - (size_t)len, ".%0*lld", (int)n.scale,
                    (long long)(part < 0 ? -part : part));
  return tg_text_of(out, (size_t)len);
}

/* The value on top; anything but text, number and boolean is null. */
static struct tg_lookup_cell read_cell(lua_State *L, char *room, size_t size)
{
  struct tg_lookup_cell cell = {{NULL, 0}, false};
  size_t len;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    cell.text.ptr = lua_tolstring(L, -1, &len);
    cell.text.len = (uint32_t)len;
    cell.quoted = true;
    break;
  case LUA_TBOOLEAN: cell.text = tg_text(lua_toboolean(L, -1) ? "true" : "false"); break;
  case LUA_TNUMBER:
    if (!lua_isinteger(L, -1)) return cell.text = float_text(lua_tonumber(L, -1), room, size), cell;
    len = (size_t)snprintf(room, size, "%lld", (long long)lua_tointeger(L, -1));
    cell.text = tg_text_of(room, len);
    break;
  default: break;
  }
  return cell;
}

/* Adds the row on top. */
static enum tg_rc add_row(lua_State *L, struct tg_lookupmake *m, uint32_t count, struct tg_err *err)
{
  struct tg_lookup_cell cells[TG_LOOKUP_COLUMNS_MAX];
  char room[TG_LOOKUP_COLUMNS_MAX][64];
  for (uint32_t i = 0; i < count && i < TG_LOOKUP_COLUMNS_MAX; i++) {
    lua_rawgeti(L, -1, i + 1);
    cells[i] = read_cell(L, room[i], sizeof room[i]);
    lua_pop(L, 1); /* the row keeps the text alive */
  }
  return tg_lookupmake_add(m, cells, err);
}

/* The given lookup at idx as a snapshot. */
static void read_given(lua_State *L, int idx, struct tg_arena *a, struct tg_lookup_use *use)
{
  struct tg_lookup_source source = {0};
  struct tg_err err;
  read_shape(L, idx, a, &source);
  luaL_argcheck(L, source.columns_count <= TG_LOOKUP_COLUMNS_MAX, idx, "64 columns at most");
  lua_getfield(L, idx, "rows");
  lua_Unsigned count = lua_rawlen(L, -1);
  struct tg_lookupmake *m = make(&source, &err);
  enum tg_rc rc = m ? TG_OK : TG_FATAL;
  for (lua_Unsigned i = 0; rc == TG_OK && i < count; i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    rc = add_row(L, m, source.columns_count, &err);
    lua_pop(L, 1);
  }
  *use = (struct tg_lookup_use){.name = source.name, .single = source.single};
  if (rc == TG_OK) rc = tg_lookupmake_end(m, "given", &use->lookup, &err);
  tg_lookupmake_free(m);
  lua_pop(L, 1);
  if (rc != TG_OK) luaL_error(L, "%s", err.what);
}

void tg_lookupread_set(lua_State *L, int idx, struct tg_arena *a, struct tg_lookup_set *set)
{
  uint32_t count = (uint32_t)lua_rawlen(L, idx);
  set->count = 0;
  set->list = tg_arena_zalloc(a, count + 1, sizeof *set->list);
  if (!set->list) luaL_error(L, "not enough memory for a lookup");
  for (uint32_t i = 0; i < count; i++) {
    lua_rawgeti(L, idx, i + 1);
    read_given(L, lua_gettop(L), a, &set->list[set->count++]);
    lua_pop(L, 1);
  }
}

/* --- declared by a topic --------------------------------------------------------------------- */

static const struct tg_source_file *find_file(const struct tg_program *p, const char *name)
{
  for (uint32_t i = 0; i < p->files.count; i++) {
    const struct tg_source_file *f = &p->files.files[i];
    if (f->kind == TG_FILE_DATA && strncmp(f->path, "scripts/", 8) == 0 &&
        strcmp(f->path + 8, name) == 0)
      return f;
  }
  return NULL;
}

/* A table's rows come later; when all its types are known, scripts can be tried without them. */
static enum tg_rc give_empty(struct tg_lookup_source *s, struct tg_err *err)
{
  for (uint32_t i = 0; i < s->columns_count; i++)
    if (!s->columns[i].typed) return TG_OK;
  struct tg_lookupmake *m = make(s, err);
  enum tg_rc rc = m ? tg_lookupmake_end(m, "empty", &s->given, err) : TG_FATAL;
  tg_lookupmake_free(m);
  return rc;
}

static enum tg_rc give(const struct tg_program *p, struct tg_lookup_source *s, const char *file,
                       struct tg_err *err)
{
  if (!file) return give_empty(s, err);
  const struct tg_source_file *f = find_file(p, file);
  struct tg_lookupfile named = {f ? f->path : "", f ? tg_text_of(f->text, f->size) : tg_text("")};
  if (f) return tg_lookupfile_read(&named, s, TG_LOOKUP_GIVEN_BYTES_MAX, &s->given, err);
  return tg_err_set(err, TG_CONFIG, "", "there is no file scripts/%.100s", file);
}

static void read_policy(lua_State *L, struct tg_lookup_source *s)
{
  s->refresh_us = int_field(L, 2, "refresh_us");
  s->stale_after_us = int_field(L, 2, "stale_after_us");
  lua_getfield(L, 2, "on_stale");
  const char *text = luaL_checkstring(L, -1);
  s->on_stale = *text == 'w'   ? TG_ON_STALE_WARN
                : *text == 's' ? TG_ON_STALE_SKIP
                               : TG_ON_STALE_ERROR;
  lua_pop(L, 1);
}

/* tg.lookup(handle, declaration) -> nil, or what is wrong */
static int lookup_add(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  struct tg_script *script = lua_touserdata(L, 1);
  struct tg_topic *t = &script->topic;
  struct tg_err err = {0};
  luaL_checktype(L, 2, LUA_TTABLE);
  if (!t->lookups) t->lookups = tg_arena_zalloc(&p->arena, TG_LOOKUPS_MAX, sizeof *t->lookups);
  if (!t->lookups || t->lookups_count == TG_LOOKUPS_MAX)
    return luaL_error(L, "not enough memory for the lookups");
  struct tg_lookup_source *s = &t->lookups[t->lookups_count++];
  read_shape(L, 2, &p->arena, s);
  read_policy(L, s);
  s->schema = text_field(L, 2, "schema", &p->arena);
  s->table = text_field(L, 2, "table", &p->arena);
  s->where = text_field(L, 2, "where", &p->arena);
  lua_getfield(L, 2, "file");
  if (give(p, s, lua_tostring(L, -1), &err) == TG_OK) return 0;
  lua_pushfstring(L, "%s%s%s", err.where, *err.where ? ": " : "", err.what);
  return 1;
}

void tg_lookupread_drop(struct tg_topic *topic)
{
  for (uint32_t i = 0; i < topic->lookups_count; i++) tg_lookup_drop(topic->lookups[i].given);
}

void tg_lookupread_open(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"lookup", lookup_add}, {"type_fault", type_fault}, {NULL, NULL}};
  lua_pushlightuserdata(L, tg_loader_program(L));
  luaL_setfuncs(L, functions, 1);
}
