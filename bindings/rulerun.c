/* One rule on one batch: where -> check -> mask -> nulls -> counts -> verdict and level. */
#include "bindings/columnobj.h"
#include "bindings/judging.h"
#include "bindings/statelib_keyed.h"
#include "core/base/clock.h"
#include "core/data/mask.h"
#include "core/data/parseop.h"

#include <math.h>

/* '0.7%' is no double: a share that is met exactly is reached. */
#define SHARE_EPSILON 1e-12

/* The second value of a check, on top. */
static const struct tg_column *check_reasons(lua_State *L, int idx)
{
  const struct tg_column *c = tg_column_test(L, idx);
  if (!c || !tg_type_is_text(c->type)) {
    luaL_error(L, "check returned a %s behind the mask: a text column of reasons is due there",
               c ? "column of another type" : luaL_typename(L, idx));
  }
  return c;
}

/* The third: the least alarm that a failing row raises. */
static enum tg_alarm check_least(lua_State *L)
{
  const char *text = lua_tostring(L, -1);
  if (text && strcmp(text, "critical") == 0) return TG_ALARM_CRITICAL;
  if (text && strcmp(text, "warn") == 0) return TG_ALARM_WARN;
  luaL_error(L, "check returned a third value that is neither 'warn' nor 'critical'");
  return TG_ALARM_NONE;
}

/* Reads texts as what the rule's `as` says; a text that is none is the fault TG_PARSE. */
static void read_columns(lua_State *L, const struct tg_judging *j)
{
  const struct tg_rule *rule = j->rule;
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_column **read = tg_op_alloc(&op, j->b->topic->fields_count, sizeof *read);
  if (!read) luaL_error(L, "as: %s", op.err->what);
  memset(read, 0, j->b->topic->fields_count * sizeof *read);
  for (uint32_t i = 0; i < rule->read_count; i++) {
    uint32_t field = rule->read_fields[i];
    read[field] = tg_parse_column(&op, j->b->columns[field], tg_text(rule->read_as));
    if (!read[field]) {
      tg_vm_poll(L);
      luaL_error(L, "as: %s", op.err->what);
    }
  }
  tg_live(L)->read = read;
}

int tg_rulerun_open(lua_State *L, struct tg_judging *j)
{
  tg_batchobj_push(L, j->b, TG_PHASE_RULE);
  int batch = lua_gettop(L);
  if (j->rule->where != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->where);
    lua_pushvalue(L, batch);
    lua_call(L, 1, 1);
    j->where = tg_mask_check(L, -1);
    tg_batchobj_where(L, j->where);
  }
  if (j->rule->read_as) read_columns(L, j);
  return batch;
}

/* Under protection: calls where(b), then check(b, p), or measure(b, p) and judge. */
static int call_rule(lua_State *L)
{
  struct tg_judging *j = lua_touserdata(L, 1);
  int batch = tg_rulerun_open(L, j);
  if (j->rule->measure != LUA_NOREF) {
    tg_rulemeasure_call(L, j, batch);
    return 0;
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->check);
  lua_pushvalue(L, batch);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->params);
  tg_statelib_keyed_push(L, j);
  lua_call(L, 3, 3);
  j->mask = tg_mask_check(L, -3);
  if (!lua_isnil(L, -2)) j->reasons = check_reasons(L, -2);
  if (!lua_isnil(L, -1)) j->least = check_least(L);
  return 0;
}

enum tg_rc tg_rule_unused(uint32_t count, const char *line, struct tg_err *err)
{
  return tg_err_set(err, TG_DATA, line,
                    "%u boolean column%s made here and never used: `and`, `or`, `not`, `==` do not "
                    "work on columns, write & | ~ :eq()",
                    count, count == 1 ? " was" : "s were");
}

enum tg_rc tg_rulerun_call(struct tg_program *p, lua_CFunction body, void *argument,
                           struct tg_err *err)
{
  const char *line = NULL;
  enum tg_rc rc = tg_program_call(p, body, argument, err);
  if (rc == TG_DATA && tg_batchobj_full(tg_vm_lua(p->vm))) rc = TG_FULL;
  uint32_t unused = tg_batchobj_close(tg_vm_lua(p->vm), &line);
  if (rc == TG_OK && unused) rc = tg_rule_unused(unused, line, err);
  return rc;
}

/* Calls the rule's functions; TG_DATA when the script is at fault. */
static enum tg_rc call_script(struct tg_program *p, struct tg_judging *j, struct tg_err *err)
{
  enum tg_rc rc = tg_rulerun_call(p, call_rule, j, err);
  if (rc != TG_OK) return rc;
  if ((j->mask && j->mask->rows != j->b->rows) || (j->where && j->where->rows != j->b->rows)) {
    return tg_err_set(err, TG_DATA, j->rule->place, "%s returned %u verdicts for %u rows",
                      j->rule->id, j->mask ? j->mask->rows : j->where->rows, j->b->rows);
  }
  return TG_OK;
}

/* Faults that say nothing about the value: it cannot be compared, a pattern ran too long, or a text
 * is not what `as` says. */
static bool unjudged(const struct tg_rule *rule, uint8_t nul)
{
  return nul >= TG_LIMIT || (nul == TG_PARSE && rule->read_as);
}

static enum tg_rowjudged judge_row(const struct tg_judging *j, uint32_t row)
{
  static const enum tg_rowjudged nulls[] = {[TG_NULLS_SKIP] = TG_ROW_LEFT,
                                            [TG_NULLS_FAIL] = TG_ROW_FAILED,
                                            [TG_NULLS_PASS] = TG_ROW_PASSED};
  uint8_t nul = j->mask->nul ? j->mask->nul[row] : TG_SOME;
  if (nul > TG_NULL) return unjudged(j->rule, nul) ? TG_ROW_UNJUDGED : TG_ROW_FAILED;
  uint8_t m = j->mask->v.mask[row];
  if (m == TG_TRUE) return TG_ROW_PASSED;
  return m == TG_FALSE ? TG_ROW_FAILED : nulls[j->rule->nulls];
}

/* A condition that cannot be judged: nobody knows whether the row leaves. */
static enum tg_nul where_fault(const struct tg_judging *j, uint32_t row)
{
  uint8_t nul = j->where && j->where->nul ? j->where->nul[row] : TG_SOME;
  return nul >= TG_LIMIT ? (enum tg_nul)nul : TG_SOME;
}

/* The usual case, without a branch a row: nothing fails, and a null is left out. False: look at
 * every row. */
static bool count_good(const struct tg_judging *j, struct tg_verdict_row *out)
{
  const uint8_t *fates = j->b->fates, *mask = j->mask->v.mask;
  uint32_t rows = j->b->rows, good = 0, bad = 0;
  if (j->where || j->mask->nul || j->rule->nulls != TG_NULLS_SKIP) return false;
  for (uint32_t row = 0; row < rows; row++) {
    uint32_t live = fates[row] <= TG_TAG;
    good += live & (mask[row] == TG_TRUE);
    bad += live & (mask[row] == TG_FALSE);
  }
  out->evaluated = good;
  out->skipped = j->live - good;
  return bad == 0;
}

/* Appends row to a list, which is made for its first: most rules fail on none. False: no memory. */
static bool add_row(struct tg_program *p, uint32_t **list, uint32_t *count, uint32_t row,
                    uint32_t most)
{
  if (!*list) *list = tg_arena_alloc(&p->scratch, (size_t)most * sizeof **list);
  if (!*list) return false;
  (*list)[(*count)++] = row;
  return true;
}

static bool count_all(struct tg_program *p, const struct tg_judging *j, struct tg_verdict_row *out,
                      struct tg_failing *failing)
{
  const struct tg_batch *b = j->b;
  bool good = true;
  out->evaluated = 0;
  for (uint32_t row = 0; good && row < b->rows; row++) {
    bool lost = where_fault(j, row) && b->fates[row] <= TG_TAG;
    if (!lost && !tg_judging_row(j, row)) continue;
    enum tg_rowjudged judged = lost ? TG_ROW_UNJUDGED : judge_row(j, row);
    out->evaluated += judged == TG_ROW_PASSED || judged == TG_ROW_FAILED;
    if (failing->judged) failing->judged[row] = (uint8_t)judged;
    if (judged == TG_ROW_FAILED) good = add_row(p, &failing->rows, &failing->count, row, b->rows);
    if (judged == TG_ROW_UNJUDGED)
      good = add_row(p, &failing->errors, &failing->errors_count, row, b->rows);
  }
  out->failed = failing->count;
  out->skipped = j->live - out->evaluated - failing->errors_count;
  return good;
}

static bool count_rows(struct tg_program *p, const struct tg_judging *j, struct tg_verdict_row *out,
                       struct tg_failing *failing)
{
  bool windowed = j->rule->over_us != 0;
  failing->mask = j->mask;
  failing->reasons = j->reasons;
  failing->where = j->where;
  if (windowed) failing->judged = tg_arena_zalloc(&p->scratch, j->b->rows + 1, 1);
  if (windowed && !failing->judged) return false;
  bool good = (!windowed && count_good(j, out)) || count_all(p, j, out, failing);
  failing->least = out->failed ? j->least : TG_ALARM_NONE;
  return good;
}

bool tg_rule_reached(const struct tg_rule *rule, struct tg_level level,
                     const struct tg_verdict_row *v)
{
  if (level.kind == TG_LEVEL_NONE) return false;
  if (rule->by_value) return v->observed_number >= level.at * (1 - SHARE_EPSILON);
  if (!v->failed) return false;
  if (level.kind == TG_LEVEL_COUNT)
    return v->evaluated >= rule->min_count && (double)v->failed >= level.at;
  double share = v->evaluated ? (double)v->failed / (double)v->evaluated : 0;
  return v->evaluated >= rule->min_rows && share >= level.at * (1 - SHARE_EPSILON);
}

void tg_rule_decide(const struct tg_rule *rule, bool holds, struct tg_verdict_row *v)
{
  v->alarm = holds ? TG_ALARM_NONE : TG_ALARM_WARN;
  if (tg_rule_reached(rule, rule->warn, v)) v->alarm = TG_ALARM_WARN;
  if (tg_rule_reached(rule, rule->critical, v)) v->alarm = TG_ALARM_CRITICAL;
  v->verdict = v->alarm == TG_ALARM_NONE ? TG_VERDICT_PASS : TG_VERDICT_FAIL;
}

/* In this form: 1 - u / n rounds differently. */
bool tg_rule_mostly(const struct tg_rule *rule, const struct tg_verdict_row *v)
{
  double n = (double)v->evaluated, u = (double)v->failed;
  return v->evaluated == 0 || (n - u) / n >= rule->mostly;
}

/* Rows that cannot be judged cost themselves, not the topic: the alarm is a warning. */
static enum tg_rc note_errors(const struct tg_judging *j, const struct tg_failing *failing,
                              struct tg_verdict_row *out, struct tg_err *err)
{
  uint32_t first = failing->errors[0];
  enum tg_nul nul = where_fault(j, first);
  const char *text = tg_nul_text(nul ? nul : (enum tg_nul)j->mask->nul[first]);
  out->verdict = TG_VERDICT_ERROR;
  if (out->alarm == TG_ALARM_NONE) out->alarm = TG_ALARM_WARN;
  out->error = tg_arena_printf(j->b->arena, "%s: %s: %u rows could not be judged: %s",
                               j->rule->place, j->rule->id, failing->errors_count, text);
  return out->error ? TG_OK : tg_err_set(err, TG_FULL, j->rule->id, "no room for its error");
}

enum tg_rc tg_rulerun_failed(const struct tg_judging *j, struct tg_verdict_row *out,
                             struct tg_err *err)
{
  const char *where = *err->where ? err->where : j->rule->place;
  out->verdict = TG_VERDICT_ERROR;
  out->alarm = TG_ALARM_CRITICAL;
  out->error = tg_arena_printf(j->b->arena, "%s: %s", where, err->what);
  return out->error ? TG_OK : tg_err_set(err, TG_FULL, j->rule->id, "no room for its error");
}

static enum tg_rc end_check(struct tg_program *p, const struct tg_judging *j,
                            struct tg_verdict_row *out, struct tg_failing *failing,
                            struct tg_err *err)
{
  if (!count_rows(p, j, out, failing)) {
    *failing = (struct tg_failing){0};
    tg_err_set(err, TG_DATA, j->rule->place, "%s: lua.memory is used up", j->rule->id);
    return tg_rulerun_failed(j, out, err);
  }
  tg_rule_decide(j->rule, tg_rule_mostly(j->rule, out), out);
  if (failing->least > out->alarm) out->alarm = failing->least, out->verdict = TG_VERDICT_FAIL;
  return failing->errors_count ? note_errors(j, failing, out, err) : TG_OK;
}

static uint32_t count_live(const struct tg_batch *b)
{
  uint32_t live = 0;
  for (uint32_t row = 0; row < b->rows; row++) live += b->fates[row] <= TG_TAG;
  return live;
}

enum tg_rc tg_rule_judge(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                         struct tg_verdict_row *out, struct tg_failing *failing, struct tg_err *err)
{
  struct tg_judging j = {.rule = rule, .b = b, .live = count_live(b)};
  int64_t start = tg_clock_thread_us();
  *out = (struct tg_verdict_row){
      .rule = rule->id, .version = rule->version, .owner = rule->owner, .observed_number = NAN};
  *failing = (struct tg_failing){0};
  if (rule->cell) tg_cell_begin(rule->cell);
  uint8_t *fates = b->fates;
  if (rule->on_event && !(b->fates = tg_arena_zalloc(&p->scratch, b->rows + 1, 1))) {
    b->fates = fates;
    tg_err_set(err, TG_DATA, rule->place, "%s: lua.memory is used up", rule->id);
    return tg_rulerun_failed(&j, out, err);
  }
  if (rule->on_event) j.live = b->rows;
  enum tg_rc rc = call_script(p, &j, err);
  if (rc != TG_OK) tg_statelib_keyed_undo(&j);
  if (rc == TG_DATA) {
    rc = tg_rulerun_failed(&j, out, err);
  } else if (rc == TG_OK) {
    rc = j.mask ? end_check(p, &j, out, failing, err) : tg_rulemeasure_end(&j, out, err);
  }
  b->fates = fates;
  tg_buf_fini(&j.seen);
  out->cpu_us = tg_clock_thread_us() - start;
  return rc;
}
