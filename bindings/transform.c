/* A topic's transform, made safe: it works on a view of the batch that takes effect only when it
 * returns, and when it raises, the rows that make it raise are found by halving.
 *
 *   all rows -- raises --> halves -- .. --> guilty rows: quarantined
 *                                      \--> the others, once more, all together: what is loaded
 *
 * The last run over all innocent rows makes the result that of a batch in which the guilty ones
 * never were. */
#include "bindings/batchobj.h"
#include "bindings/evaluate.h"
#include "bindings/view.h"
#include "core/base/clock.h"

#include <lauxlib.h>
#include <stdio.h>

enum { EVALUATIONS_MAX = 64, BUDGET_US = 10 * 1000000 };

struct calling {
  const struct tg_script *script;
  struct tg_batch *b;
};

static int call_transform(lua_State *L)
{
  struct calling *c = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, c->script->transform);
  tg_batchobj_push(L, c->b, TG_PHASE_TRANSFORM);
  lua_call(L, 1, 0);
  return 0;
}

enum tg_rc tg_transform_call(struct tg_program *p, const struct tg_script *s, struct tg_batch *b,
                             struct tg_err *err)
{
  struct calling c = {s, b};
  const char *line = NULL;
  struct tg_arena_mark mark = tg_arena_mark(&p->scratch);
  enum tg_rc rc = tg_program_call(p, call_transform, &c, err);
  if (rc == TG_DATA && tg_batchobj_full(tg_vm_lua(p->vm))) rc = TG_FULL;
  uint32_t unused = tg_batchobj_close(tg_vm_lua(p->vm), &line);
  if (rc == TG_OK && unused) rc = tg_rule_unused(unused, line, err);
  if (rc == TG_DATA && !*err->where) tg_err_set(err, TG_DATA, s->path, "%s", err->what);
  tg_arena_release(&p->scratch, mark);
  return rc;
}

/* A run of live rows that made transform raise, or has not been tried. */
struct range {
  uint32_t from, count;
  const char *why; /* what it raised; of an untried half: what the whole raised */
};

struct hunt {
  struct tg_program *p;
  const struct tg_script *s;
  struct tg_batch *b;
  uint32_t *live; /* row numbers that are worth trying */
  uint32_t live_count;
  const char **whys; /* one per entry of live; NULL: innocent */
  uint32_t guilty;
  struct range queue[2 * EVALUATIONS_MAX + 4]; /* breadth first: what the budget leaves is small */
  uint32_t head, tail;
  uint32_t evaluations;
  int64_t until_us;
  void (*between)(void *self);
  void *self;
};

/* Tries transform on some rows and forgets what it did. TG_DATA: it raised, r->why says what. */
static enum tg_rc try_rows(struct hunt *h, struct range *r, struct tg_err *err)
{
  struct tg_batch view;
  struct tg_arena_mark mark = tg_arena_mark(h->b->arena);
  enum tg_rc rc = tg_view_rows(h->b, h->live + r->from, r->count, &view, err);
  if (rc == TG_OK) rc = tg_transform_call(h->p, h->s, &view, err);
  tg_arena_release(h->b->arena, mark);
  h->evaluations++;
  if (h->between) h->between(h->self);
  if (rc != TG_DATA) return rc;
  r->why = tg_arena_printf(h->b->arena, "%s: %s", err->where, err->what);
  return r->why ? TG_DATA : tg_err_set(err, TG_FULL, h->s->path, "no room for its error");
}

static enum tg_rc blame(struct hunt *h, const struct range *r, struct tg_err *err)
{
  const char *why = r->why;
  if (r->count > 1) {
    why = tg_arena_printf(h->b->arena,
                          "%s (one of %u rows, not told apart within %d evaluations or %d s)",
                          r->why, r->count, EVALUATIONS_MAX, BUDGET_US / 1000000);
    if (!why) return tg_err_set(err, TG_FULL, h->s->path, "no room for its error");
  }
  for (uint32_t i = 0; i < r->count; i++) h->whys[r->from + i] = why;
  h->guilty += r->count;
  return TG_OK;
}

/* r raised: its halves come next, or it is guilty. */
static enum tg_rc split(struct hunt *h, const struct range *r, struct tg_err *err)
{
  if (r->count == 1) return blame(h, r, err);
  uint32_t half = r->count / 2;
  h->queue[h->tail++] = (struct range){r->from, half, r->why};
  h->queue[h->tail++] = (struct range){r->from + half, r->count - half, r->why};
  return TG_OK;
}

static enum tg_rc hunt_down(struct hunt *h, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  while (rc == TG_OK && h->head < h->tail) {
    struct range *r = &h->queue[h->head++];
    bool spent = h->evaluations >= EVALUATIONS_MAX || tg_clock_mono_us() > h->until_us;
    rc = spent ? TG_DATA : try_rows(h, r, err);
    if (rc == TG_DATA) rc = spent ? blame(h, r, err) : split(h, r, err);
  }
  return rc;
}

static enum tg_rc list_live(struct hunt *h, struct tg_err *err)
{
  struct tg_batch *b = h->b;
  h->live = tg_arena_alloc(b->arena, (size_t)b->rows * sizeof *h->live);
  h->whys = tg_arena_zalloc(b->arena, b->rows, sizeof *h->whys);
  if (!h->live || !h->whys) {
    return tg_err_set(err, TG_FULL, h->s->path, "no room to look for guilty rows");
  }
  for (uint32_t row = 0; row < b->rows; row++) {
    if (b->fates[row] <= TG_TAG) h->live[h->live_count++] = row;
  }
  return TG_OK;
}

/* Runs transform for good over the innocent rows; when even that raises, they are guilty too. */
static enum tg_rc keep_innocent(struct hunt *h, struct tg_err *err)
{
  struct tg_batch view;
  uint32_t count = 0;
  uint32_t *rows = tg_arena_alloc(h->b->arena, (size_t)h->live_count * sizeof *rows);
  if (!rows) return tg_err_set(err, TG_FULL, h->s->path, "no room for the innocent rows");
  for (uint32_t i = 0; i < h->live_count; i++) {
    if (!h->whys[i]) rows[count++] = h->live[i];
  }
  if (count == 0) return TG_OK;
  enum tg_rc rc = tg_view_rows(h->b, rows, count, &view, err);
  if (rc == TG_OK) rc = tg_transform_call(h->p, h->s, &view, err);
  if (rc == TG_OK) return tg_view_keep(h->b, &view, rows, err);
  if (rc != TG_DATA) return rc;
  const char *why = tg_arena_printf(h->b->arena, "%s: %s", err->where, err->what);
  if (!why) return tg_err_set(err, TG_FULL, h->s->path, "no room for its error");
  for (uint32_t i = 0; i < h->live_count; i++) {
    if (!h->whys[i]) h->whys[i] = why;
  }
  h->guilty = h->live_count;
  return TG_OK;
}

static void quarantine_guilty(struct hunt *h)
{
  struct tg_issue issue = {.fate = TG_QUARANTINE, .stage = TG_STAGE_TRANSFORM};
  for (uint32_t i = 0; i < h->live_count; i++) {
    if (!h->whys[i]) continue;
    issue.reason = tg_text(h->whys[i]);
    tg_batch_issue(h->b, h->live[i], &issue);
  }
}

/* The whole batch raised `err`. */
static enum tg_rc isolate(struct hunt *h, struct tg_err *err)
{
  h->until_us = tg_clock_mono_us() + BUDGET_US;
  struct range all = {0, 0, tg_arena_printf(h->b->arena, "%s: %s", err->where, err->what)};
  if (!all.why) return tg_err_set(err, TG_FULL, h->s->path, "no room for its error");
  enum tg_rc rc = list_live(h, err);
  if (rc != TG_OK || h->live_count == 0) return rc;
  all.count = h->live_count;
  bool dead_rows = h->live_count < h->b->rows; /* then they may have been what raised */
  if (dead_rows) {
    h->queue[h->tail++] = all;
  } else {
    rc = split(h, &all, err);
  }
  if (rc == TG_OK) rc = hunt_down(h, err);
  if (rc == TG_OK) rc = keep_innocent(h, err);
  if (rc == TG_OK) quarantine_guilty(h);
  return rc;
}

/* Dictionaries that a failed run cached stay: they live in the batch's arena like the columns they
 * belong to. */
static enum tg_rc run_whole(struct tg_program *p, const struct tg_script *s, struct tg_batch *b,
                            struct tg_err *err)
{
  struct tg_batch view;
  enum tg_rc rc = tg_view_all(b, &view, err);
  if (rc == TG_OK) rc = tg_transform_call(p, s, &view, err);
  return rc == TG_OK ? tg_view_keep(b, &view, NULL, err) : rc;
}

enum tg_rc tg_transform_run(struct tg_program *p, const struct tg_script *s, struct tg_batch *b,
                            const struct tg_between *between, struct tg_fault_tally *out,
                            struct tg_err *err)
{
  *out = (struct tg_fault_tally){0};
  enum tg_rc rc = run_whole(p, s, b, err);
  if (rc != TG_DATA) return rc;
  struct hunt h = {.p = p, .s = s, .b = b, .between = between->call, .self = between->self};
  snprintf(out->why, sizeof out->why, "%.120s: %.640s", err->where, err->what);
  rc = isolate(&h, err);
  out->guilty = h.guilty, out->live = h.live_count;
  return rc;
}
