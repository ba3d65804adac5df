/* One rule on one batch: check -> mask -> where -> nulls -> counts -> verdict, level, reasons. */
#include "bindings/batchobj.h"
#include "bindings/evaluate.h"
#include "core/base/clock.h"
#include "core/data/mask.h"

#include <lauxlib.h>
#include <stdio.h>

struct judging {
  const struct tg_rule *rule;
  struct tg_batch *b;
  const struct tg_column *where; /* NULL: every row */
  const struct tg_column *mask;
};

/* Under protection: calls where(b) and check(b, p). */
static int call_rule(lua_State *L)
{
  struct judging *j = lua_touserdata(L, 1);
  tg_batchobj_push(L, j->b, TG_PHASE_RULE);
  int batch = lua_gettop(L);
  if (j->rule->where != LUA_NOREF) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->where);
    lua_pushvalue(L, batch);
    lua_call(L, 1, 1);
    j->where = tg_mask_check(L, -1);
  }
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->check);
  lua_pushvalue(L, batch);
  lua_rawgeti(L, LUA_REGISTRYINDEX, j->rule->params);
  lua_call(L, 2, 1);
  j->mask = tg_mask_check(L, -1);
  return 0;
}

enum tg_rc tg_rule_unused(uint32_t count, const char *line, struct tg_err *err)
{
  return tg_err_set(err, TG_DATA, line,
                    "%u boolean column%s made here and never used: `and`, `or`, `not`, `==` do not "
                    "work on columns, write & | ~ :eq()",
                    count, count == 1 ? " was" : "s were");
}

/* Calls the rule's functions; TG_DATA when the script is at fault. */
static enum tg_rc call_script(struct tg_program *p, struct judging *j, struct tg_err *err)
{
  const char *line = NULL;
  enum tg_rc rc = tg_program_call(p, call_rule, j, err);
  if (rc == TG_DATA && tg_batchobj_full(tg_vm_lua(p->vm))) rc = TG_FULL;
  uint32_t unused = tg_batchobj_close(tg_vm_lua(p->vm), &line);
  if (rc == TG_OK && unused) rc = tg_rule_unused(unused, line, err);
  if (rc != TG_OK) return rc;
  if (j->mask->rows != j->b->rows || (j->where && j->where->rows != j->b->rows)) {
    return tg_err_set(err, TG_DATA, j->rule->place, "%s returned %u verdicts for %u rows",
                      j->rule->id, j->mask->rows, j->b->rows);
  }
  return TG_OK;
}

enum judged { LEFT_OUT, PASSED, FAILED, UNJUDGED };

static enum judged judge_row(const struct judging *j, uint32_t row)
{
  static const enum judged nulls[] = {
      [TG_NULLS_SKIP] = LEFT_OUT, [TG_NULLS_FAIL] = FAILED, [TG_NULLS_PASS] = PASSED};
  uint8_t nul = j->mask->nul ? j->mask->nul[row] : TG_SOME;
  if (nul > TG_NULL) return nul == TG_LIMIT ? UNJUDGED : FAILED;
  uint8_t m = j->mask->v.mask[row];
  if (m == TG_TRUE) return PASSED;
  return m == TG_FALSE ? FAILED : nulls[j->rule->nulls];
}

static void count_rows(const struct judging *j, struct tg_verdict_row *out,
                       struct tg_failing *failing)
{
  const struct tg_batch *b = j->b;
  for (uint32_t row = 0; row < b->rows; row++) {
    if (b->fates[row] > TG_TAG || (j->where && !tg_mask_is(j->where, row))) continue;
    enum judged judged = judge_row(j, row);
    out->evaluated += judged == PASSED || judged == FAILED;
    if (judged == FAILED) failing->rows[failing->count++] = row;
    if (judged == UNJUDGED) failing->errors[failing->errors_count++] = row;
  }
  out->failed = failing->count;
  failing->mask = j->mask;
}

static bool reached(const struct tg_rule *rule, struct tg_level level,
                    const struct tg_verdict_row *v)
{
  if (level.kind == TG_LEVEL_NONE || !v->failed) return false;
  if (level.kind == TG_LEVEL_COUNT) return v->failed >= level.at;
  return v->evaluated >= rule->min_rows && v->failed >= level.at * v->evaluated;
}

static void decide(const struct tg_rule *rule, struct tg_verdict_row *v)
{
  double n = v->evaluated, u = v->failed;
  bool pass = v->evaluated == 0 || (n - u) / n >= rule->mostly;
  v->alarm = pass ? TG_ALARM_NONE : TG_ALARM_WARN;
  if (reached(rule, rule->warn, v)) v->alarm = TG_ALARM_WARN;
  if (reached(rule, rule->critical, v)) v->alarm = TG_ALARM_CRITICAL;
  v->verdict = v->alarm == TG_ALARM_NONE ? TG_VERDICT_PASS : TG_VERDICT_FAIL;
}

/* Rows that cannot be judged cost themselves, not the topic: the alarm is a warning. */
static enum tg_rc note_errors(const struct judging *j, const struct tg_failing *failing,
                              struct tg_verdict_row *out, struct tg_err *err)
{
  uint32_t first = failing->errors[0];
  const char *text = tg_nul_text((enum tg_nul)j->mask->nul[first]);
  out->verdict = TG_VERDICT_ERROR;
  if (out->alarm == TG_ALARM_NONE) out->alarm = TG_ALARM_WARN;
  out->error = tg_arena_printf(j->b->arena, "%s: %s: %u rows could not be judged: %s",
                               j->rule->place, j->rule->id, failing->errors_count, text);
  return out->error ? TG_OK : tg_err_set(err, TG_FULL, j->rule->id, "no room for its error");
}

static enum tg_rc script_failed(const struct judging *j, struct tg_verdict_row *out,
                                struct tg_err *err)
{
  const char *where = *err->where ? err->where : j->rule->place;
  out->verdict = TG_VERDICT_ERROR;
  out->alarm = TG_ALARM_CRITICAL;
  out->error = tg_arena_printf(j->b->arena, "%s: %s", where, err->what);
  return out->error ? TG_OK : tg_err_set(err, TG_FULL, j->rule->id, "no room for its error");
}

enum tg_rc tg_rule_judge(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                         struct tg_verdict_row *out, struct tg_failing *failing, struct tg_err *err)
{
  struct judging j = {.rule = rule, .b = b};
  int64_t start = tg_clock_thread_us();
  *out = (struct tg_verdict_row){.rule = rule->id};
  *failing = (struct tg_failing){0};
  enum tg_rc rc = call_script(p, &j, err);
  if (rc == TG_OK) {
    failing->rows = tg_arena_alloc(&p->scratch, (size_t)b->rows * sizeof *failing->rows);
    failing->errors = tg_arena_alloc(&p->scratch, (size_t)b->rows * sizeof *failing->errors);
    if (!failing->rows || !failing->errors) {
      rc = tg_err_set(err, TG_DATA, rule->place, "%s: lua.memory is used up", rule->id);
    }
  }
  if (rc == TG_DATA) {
    rc = script_failed(&j, out, err);
  } else if (rc == TG_OK) {
    count_rows(&j, out, failing);
    decide(rule, out);
    if (failing->errors_count) rc = note_errors(&j, failing, out, err);
  }
  out->cpu_us = tg_clock_thread_us() - start;
  return rc;
}

/* Appends what fits behind the text of out. */
static void append(char *out, size_t *at, const char *text, size_t len)
{
  size_t room = TG_REASON_SIZE - 1 - *at;
  if (len > room) len = room;
  if (len) memcpy(out + *at, text, len);
  *at += len;
  out[*at] = '\0';
}

char *tg_rule_reason(const struct tg_rule *rule, const struct tg_batch *b,
                     const struct tg_failing *failing, uint32_t row, char *out)
{
  char value[320];
  const struct tg_column *mask = failing->mask;
  if (mask->nul && mask->nul[row] > TG_NULL) {
    const char *text = tg_nul_text((enum tg_nul)mask->nul[row]);
    snprintf(out, TG_REASON_SIZE, "%s: %s", rule->id, text);
    return out;
  }
  size_t at = 0;
  out[0] = '\0';
  for (uint32_t i = 0; i < rule->reason_count; i++) {
    const struct tg_reason_part *part = &rule->reason[i];
    if (part->field < 0) {
      append(out, &at, part->text.ptr, part->text.len);
    } else {
      tg_column_show(b->columns[part->field], row, value, sizeof value);
      append(out, &at, value, strlen(value));
    }
  }
  return out;
}

struct acting {
  const struct tg_rule *rule;
  struct tg_batch *b;
  const struct tg_failing *failing;
};

static void issue_rows(const struct acting *a, const uint32_t *rows, uint32_t count,
                       enum tg_fate fate)
{
  char reason[TG_REASON_SIZE];
  struct tg_issue issue = {.fate = fate, .stage = TG_STAGE_RULE, .rule = a->rule->id};
  if (a->rule->field >= 0) issue.field = a->b->topic->fields[a->rule->field].name;
  for (uint32_t i = 0; i < count; i++) {
    issue.reason = tg_text(tg_rule_reason(a->rule, a->b, a->failing, rows[i], reason));
    tg_batch_issue(a->b, rows[i], &issue);
  }
}

void tg_rule_act(const struct tg_rule *rule, struct tg_batch *b, const struct tg_failing *failing)
{
  struct acting a = {rule, b, failing};
  issue_rows(&a, failing->rows, failing->count, rule->on_fail);
  issue_rows(&a, failing->errors, failing->errors_count, TG_QUARANTINE);
}
