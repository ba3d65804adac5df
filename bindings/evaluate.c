/* What a lane runs between decode and load: transform, then every rule, then what each row's fate
 * is. */
#include "bindings/evaluate.h"
#include "bindings/batchobj.h"
#include "bindings/windowrun.h"

#include "core/base/clock.h"
#include "core/state/measured.h"

#include <inttypes.h>
#include <stdio.h>

/* --- transform --- */

/* A script may leave a null where the table takes none: PostgreSQL would refuse the whole load for
 * it. */
static void refuse_nulls(struct tg_batch *b, uint32_t index)
{
  const struct tg_field *f = &b->topic->fields[index];
  const struct tg_column *c = b->columns[index];
  struct tg_issue issue = {.fate = TG_QUARANTINE, .stage = TG_STAGE_TRANSFORM, .field = f->name};
  char reason[128];
  snprintf(reason, sizeof reason, "%.*s: null in a NOT NULL field after transform",
           TG_TEXT(f->name));
  issue.reason = tg_text(reason);
  for (uint32_t row = 0; row < b->rows; row++) {
    if (b->fates[row] <= TG_TAG && tg_column_is_null(c, row)) tg_batch_issue(b, row, &issue);
  }
}

static enum tg_rc set_critical(struct tg_judgement *out, struct tg_batch *b, const char *why,
                               struct tg_err *err)
{
  if (out->critical) return TG_OK;
  out->critical_why = tg_arena_printf(b->arena, "%s", why);
  if (!out->critical_why) return tg_err_set(err, TG_FULL, "load.bytes", "no room for a verdict");
  out->critical = true;
  return TG_OK;
}

static enum tg_rc transform(struct tg_program *p, struct tg_batch *b,
                            const struct tg_between *between, struct tg_judgement *out,
                            struct tg_err *err)
{
  const struct tg_script *s = b->topic->program;
  int64_t start = tg_clock_thread_us();
  struct tg_fault_tally tally = {0};
  enum tg_rc rc = TG_OK;
  char why[900];
  if (s->has_transform) rc = tg_transform_run(p, s, b, between, &tally, err);
  if (rc != TG_OK) return rc;
  for (uint32_t i = 0; i < b->topic->fields_count; i++) {
    if (b->topic->fields[i].not_null) refuse_nulls(b, i);
  }
  out->transform_us = tg_clock_thread_us() - start;
  if (tally.live == 0 || tally.guilty < tally.live) return TG_OK;
  snprintf(why, sizeof why, "transform: all %u rows raise: %s", tally.live, tally.why);
  return set_critical(out, b, why, err);
}

/* --- rules --- */

static void level_text(struct tg_level level, char *out, size_t size)
{
  bool share = level.kind == TG_LEVEL_SHARE;
  snprintf(out, size, share ? "%g%%" : "%g", share ? level.at * 100 : level.at);
}

static enum tg_rc note_critical(const struct tg_rule *rule, const struct tg_verdict_row *v,
                                struct tg_batch *b, struct tg_judgement *out, struct tg_err *err)
{
  char why[1024], level[32];
  if (v->alarm != TG_ALARM_CRITICAL || v->shadow) return TG_OK;
  level_text(rule->critical, level, sizeof level);
  if (v->verdict == TG_VERDICT_ERROR) {
    snprintf(why, sizeof why, "%s: %s", rule->id, v->error);
  } else if (v->seen) {
    snprintf(why, sizeof why, "%s: fails: %s", rule->id, v->seen);
  } else {
    snprintf(why, sizeof why, "%s: %" PRIu64 " of %" PRIu64 " rows failed (critical %s)", rule->id,
             v->failed, v->evaluated, level);
  }
  return set_critical(out, b, why, err);
}

/* fates: the batch's own; rules see b->fates, a copy as transform left it, so that none sees what
 * another did. */
static enum tg_rc judge_one(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                            struct tg_verdict_row *v, uint8_t *fates, struct tg_err *err)
{
  bool shadow = tg_bake_shadow(rule, tg_bake_time(b));
  struct tg_failing failing;
  struct tg_arena_mark mark = tg_arena_mark(&p->scratch);
  if (tg_rule_measured(rule)) return tg_windowrun_measure(p, rule, b, v, err);
  if (tg_rule_by_clock(rule)) return *v = tg_windowrun_later(rule), TG_OK;
  enum tg_rc rc = tg_rule_judge(p, rule, b, v, &failing, err);
  if (rc == TG_OK && rule->over_us) rc = tg_windowcheck_count(p, rule, b, &failing, v, err);
  v->shadow = shadow;
  if (rc == TG_OK && !shadow && failing.count + failing.errors_count > 0) {
    uint8_t *seen = b->fates;
    b->fates = fates;
    tg_rule_act(rule, b, &failing);
    b->fates = seen;
  }
  tg_arena_release(&p->scratch, mark);
  return rc;
}

/* While a rule bakes its elder acts, under the rule's name. */
static enum tg_rc elder_acts(const struct tg_rule *rule, struct tg_batch *b, uint8_t *fates,
                             struct tg_judgement *out, struct tg_err *err)
{
  struct tg_program *p = rule->elder_program;
  struct tg_verdict_row v;
  struct tg_failing failing;
  if (!rule->elder || rule->shadow || !tg_bake_shadow(rule, tg_bake_time(b))) return TG_OK;
  struct tg_rule as = *rule->elder;
  as.id = rule->id; /* issues point to it: the elder's program may go before they do */
  struct tg_arena_mark mark = tg_arena_mark(&p->scratch);
  enum tg_rc rc = tg_rule_judge(p, rule->elder, b, &v, &failing, err);
  if (rc == TG_OK && failing.count + failing.errors_count > 0) {
    uint8_t *seen = b->fates;
    b->fates = fates;
    tg_rule_act(&as, b, &failing);
    b->fates = seen;
  }
  if (rc == TG_OK) rc = note_critical(&as, &v, b, out, err);
  tg_arena_release(&p->scratch, mark);
  return rc;
}

static enum tg_rc open_judgement(struct tg_batch *b, struct tg_judgement *out, struct tg_err *err)
{
  const struct tg_script *s = b->topic->program;
  *out = (struct tg_judgement){0};
  out->rules = tg_arena_zalloc(b->arena, s->rules_count, sizeof *out->rules);
  if (!out->rules) return tg_err_set(err, TG_FULL, "load.bytes", "no room for verdicts");
  out->count = s->rules_count;
  return TG_OK;
}

struct judging_all {
  struct tg_program *p;
  struct tg_batch *b;
  const struct tg_between *between;
  struct tg_judgement *out;
};

/* The rules for events, or all the others. fates: what they may change. */
static enum tg_rc judge_these(struct judging_all *a, bool on_event, uint8_t *fates,
                              struct tg_err *err)
{
  const struct tg_script *s = a->b->topic->program;
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < s->rules_count; i++) {
    if (s->rules[i].on_event != on_event) continue;
    struct tg_verdict_row *v = &a->out->rules[i];
    rc = judge_one(a->p, &s->rules[i], a->b, v, fates, err);
    if (rc == TG_OK) rc = note_critical(&s->rules[i], v, a->b, a->out, err);
    if (rc == TG_OK) rc = elder_acts(&s->rules[i], a->b, fates, a->out, err);
    if (a->between->call) a->between->call(a->between->self);
  }
  return rc;
}

static enum tg_rc judge_all(struct judging_all *a, struct tg_err *err)
{
  struct tg_batch *b = a->b;
  uint8_t *fates = b->fates, *seen = tg_arena_alloc(b->arena, b->rows);
  if (!seen) return tg_err_set(err, TG_FULL, "load.bytes", "no room for verdicts");
  memcpy(seen, fates, b->rows);
  b->fates = seen;
  enum tg_rc rc = judge_these(a, false, fates, err);
  b->fates = fates;
  return rc;
}

enum tg_rc tg_program_run(struct tg_program *p, struct tg_batch *b, struct tg_judgement *out,
                          void (*between)(void *self), void *self, struct tg_err *err)
{
  struct tg_between then = {between, self};
  struct judging_all all = {p, b, &then, out};
  int64_t start = tg_clock_thread_us();
  enum tg_rc rc = open_judgement(b, out, err);
  if (rc == TG_OK) rc = judge_these(&all, true, b->fates, err);
  int64_t events_us = tg_clock_thread_us() - start;
  if (rc == TG_OK) rc = transform(p, b, &then, out, err);
  if (rc != TG_OK) return rc;
  start = tg_clock_thread_us();
  rc = judge_all(&all, err);
  out->judge_us = events_us + tg_clock_thread_us() - start;
  return rc;
}

/* --- trying at load --- */

enum tg_rc tg_evaluate_empty(const struct tg_topic *topic, struct tg_arena *a, struct tg_batch *b)
{
  enum tg_rc rc = tg_batch_init(b, topic, a, 0);
  if (rc == TG_OK) rc = tg_batch_seal(b);
  if (rc != TG_OK) return rc;
  b->columns = tg_arena_zalloc(a, topic->fields_count, sizeof(void *));
  for (uint32_t i = 0; b->columns && i < topic->fields_count; i++) {
    b->columns[i] = tg_column_new(a, topic->fields[i].type, 0, false);
    if (!b->columns[i]) return TG_FULL;
  }
  return b->columns ? TG_OK : TG_FULL;
}

/* The place is the topic's line; the file that raised is named behind, when it is another one. */
static void report_rule(struct tg_program *p, const struct tg_rule *rule, const char *error)
{
  struct tg_err err;
  size_t place = strlen(rule->place);
  const char *text = error;
  if (strncmp(text, rule->place, place) == 0 && text[place] == ':') text += place + 2;
  tg_err_set(&err, TG_CONFIG, rule->place, "%s: %s", rule->id, text);
  tg_loader_fault(p, &err);
}

/* Time passes before the first event comes. */
static enum tg_rc try_clock(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                            struct tg_verdict_row *v, struct tg_err *err)
{
  struct tg_window_case c = {.rule = rule, .facts = TG_FACTS_NONE};
  c.facts.now_us = c.facts.since_us = 0;
  return tg_program_judge_window(p, &c, b->arena, v, err);
}

/* A window without rows is measured and judged. */
static enum tg_rc try_window(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                             struct tg_verdict_row *v, struct tg_err *err)
{
  struct tg_window_case c = {.rule = rule, .facts = TG_FACTS_NONE};
  struct tg_measured *measured;
  enum tg_rc rc = tg_windowrun_measure(p, rule, b, v, err);
  if (rc != TG_OK || v->verdict == TG_VERDICT_ERROR) return rc;
  rc = tg_measured_read(b->arena, b->windows[b->windows_count - 1].data, &measured, err);
  if (rc != TG_OK) return rc;
  c.measured = measured;
  c.facts.start_us = c.facts.since_us = 0;
  c.facts.stop_us = c.facts.now_us = c.facts.watermark_us = rule->over_us;
  return tg_program_judge_window(p, &c, b->arena, v, err);
}

static enum tg_rc try_rule(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                           struct tg_err *err)
{
  struct tg_verdict_row v;
  struct tg_failing failing;
  struct tg_arena_mark mark = tg_arena_mark(&p->scratch);
  enum tg_rc rc = tg_rule_measured(rule)   ? try_window(p, rule, b, &v, err)
                  : tg_rule_by_clock(rule) ? try_clock(p, rule, b, &v, err)
                                           : tg_rule_judge(p, rule, b, &v, &failing, err);
  bool untried = tg_batchobj_untried(tg_vm_lua(p->vm));
  if (rc == TG_OK && v.verdict == TG_VERDICT_ERROR && !untried) report_rule(p, rule, v.error);
  tg_arena_release(&p->scratch, mark);
  return rc;
}

enum tg_rc tg_evaluate_try(struct tg_program *p, const struct tg_script *s, struct tg_err *err)
{
  struct tg_arena arena;
  struct tg_batch b;
  tg_arena_init(&arena, 64 << 10, p->conf.memory_max);
  enum tg_rc rc = tg_evaluate_empty(&s->topic, &arena, &b);
  for (uint32_t i = 0; rc == TG_OK && i < s->rules_count; i++) {
    rc = try_rule(p, &s->rules[i], &b, err);
  }
  if (rc == TG_OK && s->has_transform) {
    rc = tg_transform_call(p, s, &b, err);
    if (rc == TG_DATA) {
      err->rc = TG_CONFIG;
      if (!tg_batchobj_untried(tg_vm_lua(p->vm))) tg_loader_fault(p, err);
      rc = TG_OK;
    }
  }
  tg_arena_fini(&arena);
  if (rc == TG_FULL) return tg_err_set(err, TG_FATAL, s->path, "no memory to try the scripts");
  return rc;
}
