/* Rows of inline tests, out of files of the program's set. */
#include "bindings/fixture.h"

#include "bindings/rowfile.h"
#include "bindings/script.h"
#include "bindings/testrun.h"
#include "core/base/buf.h"

static const struct tg_source_file *find(const struct tg_program *p, const char *path)
{
  for (uint32_t i = 0; i < p->files.count; i++) {
    const struct tg_source_file *f = &p->files.files[i];
    if (f->kind == TG_FILE_DATA && strcmp(f->path, path) == 0) return f;
  }
  return NULL;
}

/* The lines of a text that are not empty. */
static enum tg_rc read_raw(struct tg_rowfile *out, struct tg_text text, struct tg_arena *a,
                           struct tg_err *err)
{
  const char *end = text.ptr + text.len;
  *out = (struct tg_rowfile){0};
  out->rows = tg_arena_zalloc(a, TG_TEST_ROWS_MAX + 1, sizeof *out->rows);
  if (!out->rows) return tg_err_set(err, TG_FULL, "", "no memory for its lines");
  for (const char *p = text.ptr; p < end && out->count <= TG_TEST_ROWS_MAX;) {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    if (!stop) stop = end;
    struct tg_text line = tg_text_trim(tg_text_of(p, (size_t)(stop - p)));
    if (line.len) out->rows[out->count++] = line;
    p = stop + 1;
  }
  return TG_OK;
}

static enum tg_rc read_rows(const struct tg_source_file *f, bool raw, struct tg_arena *a,
                            struct tg_rowfile *out, struct tg_err *err)
{
  struct tg_text text = tg_text_of(f->text, f->size);
  if (tg_text_has_suffix(tg_text(f->path), ".csv")) return tg_rowfile_csv(out, text, a, err);
  return raw ? read_raw(out, text, a, err) : tg_rowfile_read(out, text, NULL, a, err);
}

/* nil, nil, "rules/x.jsonl:3: why". err->where is "line 3", or empty. */
static int push_fault(lua_State *L, const char *path, const struct tg_err *err)
{
  bool line = strncmp(err->where, "line ", 5) == 0;
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushfstring(L, "%s%s%s: %s", path, line ? ":" : "", line ? err->where + 5 : "", err->what);
  return 3;
}

static int push_rows(lua_State *L, const struct tg_rowfile *f)
{
  lua_createtable(L, (int)f->count, 0);
  for (uint32_t i = 0; i < f->count; i++) {
    lua_pushlstring(L, f->rows[i].ptr, f->rows[i].len);
    lua_rawseti(L, -2, i + 1);
  }
  lua_createtable(L, 0, (int)f->columns_count);
  for (uint32_t i = 0; i < f->columns_count; i++) {
    lua_pushlstring(L, f->columns[i].name.ptr, f->columns[i].name.len);
    lua_pushstring(L, f->columns[i].type);
    lua_rawset(L, -3);
  }
  return 2;
}

/* Its memory is the program's until the test is over, which gives it back also when Lua raises. */
static int rows_of(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  const char *path = luaL_checkstring(L, 1);
  const struct tg_source_file *f = find(p, path);
  struct tg_rowfile rows;
  struct tg_err err;
  enum tg_rc rc;
  if (!f)
    rc = tg_err_set(&err, TG_DATA, "", "there is no such file");
  else
    rc = read_rows(f, lua_toboolean(L, 2), &p->arena, &rows, &err);
  if (rc == TG_OK && rows.count > TG_TEST_ROWS_MAX)
    rc = tg_err_set(&err, TG_DATA, "", "a test has at most %d rows", TG_TEST_ROWS_MAX);
  return rc == TG_OK ? push_rows(L, &rows) : push_fault(L, path, &err);
}

static int text_of(lua_State *L)
{
  const struct tg_source_file *f = find(tg_loader_program(L), luaL_checkstring(L, 1));
  if (!f) return 0;
  lua_pushlstring(L, f->text, f->size);
  return 1;
}

/* The buffer is filled and given back before Lua can raise: a text that is pushed twice is cheaper
 * than one that is lost. */
static int json_text(lua_State *L)
{
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  struct tg_program *p = tg_loader_program(L);
  struct tg_buf json;
  tg_buf_init(&json, TG_TEST_BYTES_MAX);
  tg_buf_json(&json, tg_text_of(text, len));
  struct tg_text kept = json.failed ? tg_text(NULL) : tg_arena_copy(&p->arena, tg_buf_view(&json));
  tg_buf_fini(&json);
  if (!kept.ptr) return luaL_error(L, "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
  lua_pushlstring(L, kept.ptr, kept.len);
  return 1;
}

static int keeps(lua_State *L)
{
  lua_pushboolean(L, tg_loader_program(L)->keep != NULL);
  return 1;
}

static int keep(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  struct tg_err err;
  size_t len;
  const char *path = luaL_checkstring(L, 1), *text = luaL_checklstring(L, 3, &len);
  enum tg_rc rc = p->keep(p->keep_self, path, lua_toboolean(L, 2), tg_text_of(text, len), &err);
  if (rc == TG_OK) return 0;
  lua_pushfstring(L, "%s: %s", err.where, err.what);
  return 1;
}

void tg_fixture_open(lua_State *L)
{
  static const luaL_Reg functions[] = {{"rows_of", rows_of},     {"text_of", text_of},
                                       {"json_text", json_text}, {"keeps", keeps},
                                       {"keep", keep},           {NULL, NULL}};
  lua_pushlightuserdata(L, tg_loader_program(L));
  luaL_setfuncs(L, functions, 1);
}
