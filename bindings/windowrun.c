/* The lane's side of windows: one batch -> pieces. */
#include "bindings/windowrun.h"

#include "bindings/columnobj.h"
#include "bindings/judging.h"
#include "bindings/summaryobj.h"
#include "core/base/clock.h"
#include "core/flow/window.h"
#include "core/state/measured.h"

#include <math.h>
#include <stdio.h>

enum { PIECE_BYTES_MAX = 1 << 20 };

struct measuring {
  struct tg_judging j;
  const int64_t *starts; /* ascending */
  uint32_t count;
  struct tg_buf bytes;
  struct tg_err *err;
};

/* --- what a measure returned, as parts --- */

static void put_part(lua_State *L, struct tg_measured *m, struct tg_text name)
{
  struct tg_summary *s = tg_summaryobj_test(L, -1);
  if (!s) {
    luaL_error(L,
               "measure: over a window it returns summaries, which can be merged, not %s%s%s; "
               "over = \"batch\" takes anything",
               luaL_typename(L, -1), name.len ? " in " : "", name.ptr ? name.ptr : "");
  }
  if (!tg_measured_put(m, name, s)) {
    luaL_error(L, "measure: at most %d summaries, each with a name of at most %d bytes",
               TG_MEASURED_PARTS_MAX, TG_MEASURED_NAME_MAX);
  }
}

/* Keys are texts, or whole numbers kept as "#1": a list stays one. */
static struct tg_text part_name(lua_State *L, int idx, struct tg_arena *scratch)
{
  if (lua_isinteger(L, idx)) {
    const char *name = tg_arena_printf(scratch, "#%lld", (long long)lua_tointeger(L, idx));
    if (!name) luaL_error(L, "lua.memory is used up");
    return tg_text(name);
  }
  if (lua_type(L, idx) != LUA_TSTRING)
    luaL_error(L, "measure: its table has a key that is no text");
  return tg_text(lua_tostring(L, idx)); /* the key stays in the table, which stays on the stack */
}

/* The value on top. [-0, +0] */
static void read_parts(lua_State *L, struct tg_measured *m)
{
  int value = lua_gettop(L);
  m->single = lua_type(L, value) != LUA_TTABLE;
  if (m->single) {
    put_part(L, m, tg_text(""));
    return;
  }
  for (lua_pushnil(L); lua_next(L, value);) {
    struct tg_text name = part_name(L, -2, tg_vm_scratch(L));
    put_part(L, m, name);
    lua_pop(L, 1);
  }
}

/* --- lane --- */

static int64_t start_of(const struct tg_judging *j, uint32_t row)
{
  int64_t us = j->b->events[row].kafka_us;
  return tg_window_start(us < 0 ? 0 : us, j->rule->over_us);
}

/* Restricts summaries to the rows of one window; returns how many. */
static uint32_t restrict_rows(lua_State *L, const struct tg_judging *j, int64_t start,
                              uint8_t *seen)
{
  uint32_t count = 0;
  for (uint32_t row = 0; row < j->b->rows; row++)
    count += seen[row] = tg_judging_row(j, row) && start_of(j, row) == start;
  tg_batchobj_measure(L, seen);
  return count;
}

/* The batch is full: not the script's fault. */
static void batch_full(lua_State *L)
{
  tg_live(L)->full = true;
  luaL_error(L, "load.bytes: no room for what was measured");
}

static void keep_piece(lua_State *L, struct measuring *w, struct tg_measured *m, int64_t start)
{
  struct tg_batch *b = w->j.b;
  tg_buf_clear(&w->bytes);
  if (!tg_measured_write(m, &w->bytes)) {
    luaL_error(L, "measure: a summary is larger than %d bytes", PIECE_BYTES_MAX);
  }
  struct tg_windowed piece = {w->j.rule->id, start, w->j.rule->over_us,
                              tg_arena_copy(b->arena, tg_buf_view(&w->bytes))};
  if (!piece.data.ptr || !tg_batch_window(b, &piece)) batch_full(L);
}

/* Under protection: where(b) once, measure(b, p) per window. */
static int measure_windows(lua_State *L)
{
  struct measuring *w = lua_touserdata(L, 1);
  int batch = tg_rulerun_open(L, &w->j);
  uint8_t *seen = tg_arena_alloc(tg_vm_scratch(L), w->j.b->rows);
  if (!seen) return luaL_error(L, "lua.memory is used up");
  for (uint32_t i = 0; i < w->count; i++) {
    struct tg_measured m = {.rows = restrict_rows(L, &w->j, w->starts[i], seen)};
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->j.rule->measure);
    lua_pushvalue(L, batch);
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->j.rule->params);
    lua_call(L, 2, 1);
    read_parts(L, &m);
    keep_piece(L, w, &m, w->starts[i]);
    lua_settop(L, batch);
  }
  return 0;
}

/* Adds start to the ascending list; false: it is full. */
static bool add_start(int64_t *starts, uint32_t *count, int64_t start)
{
  uint32_t at = *count;
  while (at > 0 && starts[at - 1] > start) at--;
  if (at > 0 && starts[at - 1] == start) return true;
  if (*count == TG_WINDOWS_PER_BATCH_MAX) return false;
  memmove(starts + at + 1, starts + at, (*count - at) * sizeof *starts);
  starts[at] = start;
  ++*count;
  return true;
}

/* The windows of the live rows; one for a batch without rows, which is how a script is tried. */
static enum tg_rc find_windows(struct tg_program *p, struct measuring *w)
{
  const struct tg_judging *j = &w->j;
  int64_t *starts = tg_arena_alloc(&p->scratch, TG_WINDOWS_PER_BATCH_MAX * sizeof *starts);
  int64_t last = INT64_MIN;
  if (!starts) return tg_err_set(w->err, TG_DATA, j->rule->place, "lua.memory is used up");
  for (uint32_t row = 0; row < j->b->rows; row++) {
    int64_t start = start_of(j, row);
    if (j->b->fates[row] > TG_TAG || start == last) continue;
    last = start;
    if (!add_start(starts, &w->count, start))
      return tg_err_set(w->err, TG_DATA, j->rule->place,
                        "%s: the Kafka times of one batch lie in more than %d windows: choose a "
                        "larger `over`",
                        j->rule->id, TG_WINDOWS_PER_BATCH_MAX);
  }
  if (j->b->rows == 0) starts[w->count++] = 0;
  w->starts = starts;
  return TG_OK;
}

struct tg_verdict_row tg_windowrun_later(const struct tg_rule *rule)
{
  return (struct tg_verdict_row){
      .rule = rule->id, .verdict = TG_VERDICT_SKIP, .later = true, .observed_number = NAN};
}

static enum tg_rc run_measure(struct tg_program *p, struct measuring *w)
{
  enum tg_rc rc = find_windows(p, w);
  if (rc != TG_OK || w->count == 0) return rc;
  return tg_rulerun_call(p, measure_windows, w, w->err);
}

enum tg_rc tg_windowrun_measure(struct tg_program *p, const struct tg_rule *rule,
                                struct tg_batch *b, struct tg_verdict_row *out, struct tg_err *err)
{
  struct measuring w = {.j = {.rule = rule, .b = b}, .err = err};
  struct tg_arena_mark mark = tg_arena_mark(&p->scratch);
  uint32_t before = b->windows_count;
  int64_t start = tg_clock_thread_us();
  *out = tg_windowrun_later(rule);
  tg_buf_init(&w.bytes, PIECE_BYTES_MAX);
  enum tg_rc rc = run_measure(p, &w);
  if (rc != TG_OK) b->windows_count = before;
  if (rc == TG_DATA) rc = tg_rulerun_failed(&w.j, out, err);
  tg_buf_fini(&w.bytes);
  tg_arena_release(&p->scratch, mark);
  out->cpu_us = tg_clock_thread_us() - start;
  return rc;
}
