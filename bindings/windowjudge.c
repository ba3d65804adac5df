/* The keeper's side of windows and timers: pieces merged -> judge(m, p, s, t) -> a verdict. */
#include "bindings/cellobj.h"
#include "bindings/columnobj.h"
#include "bindings/judging.h"
#include "bindings/summaryobj.h"
#include "bindings/windowrun.h"
#include "core/base/clock.h"
#include "core/state/measured.h"

#include <math.h>

struct judgement {
  struct tg_judging j;
  const struct tg_window_case *c;
};

/* Pushes what judge is given: the opposite of what windowrun.c reads. [-0, +1] */
static void push_parts(lua_State *L, const struct tg_measured *m)
{
  if (m->single) {
    tg_summaryobj_push(L, m->parts[0].summary);
    return;
  }
  lua_createtable(L, 0, (int)m->count);
  for (uint32_t i = 0; i < m->count; i++) {
    struct tg_text name = m->parts[i].name;
    if (name.len && *name.ptr == '#') {
      lua_pushlstring(L, name.ptr + 1, name.len - 1);
      lua_pushinteger(L, lua_tointeger(L, -1));
      lua_remove(L, -2);
    } else {
      lua_pushlstring(L, name.ptr, name.len);
    }
    tg_summaryobj_push(L, m->parts[i].summary);
    lua_rawset(L, -3);
  }
}

static void set_time(lua_State *L, const char *name, int64_t us)
{
  if (us == TG_FACT_NONE) return;
  lua_pushinteger(L, us);
  lua_setfield(L, -2, name);
}

/* t: microseconds since 1970; what is not known is nil. [-0, +1] */
static void push_facts(lua_State *L, const struct tg_timer_facts *f)
{
  lua_createtable(L, 0, 7);
  set_time(L, "now", f->now_us);
  set_time(L, "newest", f->newest_us);
  set_time(L, "newest_event", f->newest_event_us);
  set_time(L, "watermark", f->watermark_us);
  set_time(L, "since", f->since_us);
  set_time(L, "start", f->start_us);
  set_time(L, "stop", f->stop_us);
}

/* Under protection: judging(m, rows, s, t). */
static int call_judge(lua_State *L)
{
  struct judgement *w = lua_touserdata(L, 1);
  const struct tg_measured *m = w->c->measured;
  tg_batchobj_push(L, w->j.b, TG_PHASE_RULE);
  lua_rawgeti(L, LUA_REGISTRYINDEX, w->j.rule->judge);
  if (m)
    push_parts(L, m);
  else
    lua_pushnil(L);
  lua_pushinteger(L, m ? (lua_Integer)m->rows : 0);
  tg_cellobj_push(L, w->j.rule->cell);
  push_facts(L, &w->c->facts);
  lua_call(L, 4, 3);
  tg_rulemeasure_answer(L, &w->j);
  return 0;
}

/* What the cell holds may be of a judgement that was rolled back, or tried at load: only what was
 * saved counts. State that cannot be read is not replaced by none in silence. */
static enum tg_rc open_state(const struct tg_rule *rule, struct tg_text state, struct tg_err *err)
{
  if (!rule->cell) return TG_OK;
  enum tg_rc rc = tg_cell_restore(rule->cell, state, err);
  tg_cell_begin(rule->cell);
  return rc;
}

/* A state that has grown too large is the rule's error: it keeps the one before, and the topic goes
 * on. */
static enum tg_rc close_state(const struct judgement *w, struct tg_window_case *c,
                              struct tg_verdict_row *out, struct tg_err *err)
{
  const struct tg_rule *rule = w->j.rule;
  c->state_after = c->state;
  if (!rule->cell) return TG_OK;
  if (out->verdict == TG_VERDICT_ERROR) return tg_cell_drop(rule->cell), TG_OK;
  enum tg_rc rc = tg_cell_commit(rule->cell, err);
  if (rc == TG_FULL) return tg_rulerun_failed(&w->j, out, err);
  if (rc == TG_OK) c->state_after = tg_cell_bytes(rule->cell);
  return rc;
}

/* A batch without rows, so that objects have something to live with. */
static enum tg_rc run_judge(struct tg_program *p, struct judgement *w, struct tg_window_case *c,
                            struct tg_arena *a, struct tg_verdict_row *out, struct tg_err *err)
{
  struct tg_batch b;
  enum tg_rc rc = tg_evaluate_empty(w->j.rule->topic, a, &b);
  if (rc != TG_OK) return rc;
  w->j.b = &b;
  rc = tg_rulerun_call(p, call_judge, w, err);
  if (rc == TG_DATA)
    rc = tg_rulerun_failed(&w->j, out, err);
  else if (rc == TG_OK)
    rc = tg_rulemeasure_end(&w->j, out, err);
  return rc == TG_OK ? close_state(w, c, out, err) : rc;
}

static enum tg_rc judge_case(struct tg_program *p, struct tg_window_case *c, struct tg_arena *a,
                             struct tg_verdict_row *out, struct tg_err *err)
{
  struct judgement w = {.j = {.rule = c->rule}, .c = c};
  int64_t start = tg_clock_thread_us();
  if (c->rule->check != LUA_NOREF) return tg_windowcheck_judge(c, out), TG_OK;
  *out = (struct tg_verdict_row){.rule = c->rule->id,
                                 .version = c->rule->version,
                                 .owner = c->rule->owner,
                                 .observed_number = NAN};
  enum tg_rc rc = open_state(c->rule, c->state, err);
  if (rc != TG_OK) return rc;
  rc = run_judge(p, &w, c, a, out, err);
  tg_buf_fini(&w.j.seen);
  out->cpu_us = tg_clock_thread_us() - start;
  return rc;
}

enum tg_rc tg_program_judge_window(struct tg_program *p, struct tg_window_case *c,
                                   struct tg_arena *a, struct tg_verdict_row *out,
                                   struct tg_err *err)
{
  const struct tg_timer_facts *f = &c->facts;
  enum tg_rc rc = judge_case(p, c, a, out, err);
  out->shadow = tg_bake_shadow(c->rule, f->start_us == TG_FACT_NONE ? f->now_us : f->start_us);
  return rc;
}

bool tg_program_window(const struct tg_program *p, uint32_t topic, uint32_t *at,
                       struct tg_window_rule *out)
{
  const struct tg_script *s = p->topics[topic]->program;
  while (*at < s->rules_count) {
    struct tg_rule *rule = &s->rules[(*at)++];
    if (!rule->over_us && !rule->every_us) continue;
    *out = (struct tg_window_rule){.rule = rule,
                                   .id = rule->id,
                                   .kept_as = rule->kept_as,
                                   .over_us = rule->over_us,
                                   .every_us = rule->every_us};
    return true;
  }
  return false;
}
