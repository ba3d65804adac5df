/* Inline tests on the data path: JSON rows -> decoder -> rule or topic -> what came out. */
#include "bindings/testrun.h"

#include "bindings/statelib_keyed.h"
#include "bindings/windowrun.h"
#include "core/data/decode.h"
#include "core/data/order.h"
#include "core/state/measured.h"
#include "core/state/stateset.h"

#include <stdio.h>

void tg_testrun_init(struct tg_testrun *t, struct tg_program *p)
{
  *t = (struct tg_testrun){.p = p, .rule = TG_RULE_NONE};
  tg_arena_init(&t->arena, 64 << 10, TG_TEST_BYTES_MAX);
  tg_arena_init(&t->work, 64 << 10, TG_TEST_BYTES_MAX);
}

void tg_testrun_fini(struct tg_testrun *t)
{
  tg_lookup_set_drop(&t->lookups);
  tg_decoder_free(t->decoder);
  tg_stateset_free(t->state);
  tg_arena_fini(&t->work);
  tg_arena_fini(&t->arena);
}

void tg_testrun_clear(struct tg_testrun *t)
{
  t->verdict = TG_VERDICT_PASS, t->alarm = TG_ALARM_NONE;
  t->error = NULL, t->fails = NULL, t->reasons = NULL, t->outcomes = NULL;
  t->evaluated = t->fails_count = t->rows_count = t->outcomes_count = 0;
}

void tg_testrun_restart(struct tg_testrun *t, struct tg_arena_mark mark)
{
  tg_testrun_clear(t);
  tg_lookup_set_drop(&t->lookups);
  tg_decoder_free(t->decoder);
  t->decoder = NULL;
  tg_stateset_free(t->state);
  t->state = NULL;
  t->rule = TG_RULE_NONE;
  t->topic = (struct tg_topic){0};
  t->clocks = NULL, t->clocks_count = 0;
  t->batches = NULL, t->batches_count = 0, t->twice = t->saves = false, t->saved = NULL;
  tg_arena_release(&t->arena, mark);
}

static enum tg_rc full(struct tg_err *err)
{
  return tg_err_set(err, TG_FULL, "test", "a test holds at most %d MiB", TG_TEST_BYTES_MAX >> 20);
}

static enum tg_rc add_rows(struct tg_batch *b, const struct tg_test_batch *rows)
{
  for (uint32_t i = 0; i < rows->count; i++) {
    struct tg_event event = {.offset = rows->offset + i,
                             .kafka_us = rows->kafka_us ? rows->kafka_us[i]
                                                        : TG_TEST_START_US + rows->after_us,
                             .size = rows->rows[i].len,
                             .value = rows->rows[i]};
    enum tg_rc rc = tg_batch_add(b, &event);
    if (rc != TG_OK) return rc;
  }
  return tg_batch_seal(b);
}

/* The rows as a sealed batch in arena a. */
static enum tg_rc make_batch(const struct tg_topic *topic, struct tg_arena *a,
                             const struct tg_test_batch *rows, struct tg_batch *b,
                             struct tg_err *err)
{
  enum tg_rc rc = tg_batch_init(b, topic, a, rows->count);
  if (rc == TG_OK) rc = add_rows(b, rows);
  if (rc == TG_FULL) return full(err);
  return rc == TG_OK ? TG_OK : tg_err_set(err, rc, "test", "the rows cannot be put into a batch");
}

/* What rules remember lives as long as the test; its one partition goes on where the last batch
 * ended. */
static enum tg_rc remember(struct tg_testrun *t, int64_t offset, struct tg_batch *b,
                           struct tg_err *err)
{
  if (!t->state && !(t->state = tg_stateset_new(0)))
    return tg_err_set(err, TG_FATAL, "test", "no memory for what rules remember");
  tg_stateset_commit(t->state, offset);
  tg_stateset_begin(t->state, offset);
  for (uint32_t i = 0; i < b->segments_count; i++) b->segments[i].state = t->state;
  return TG_OK;
}

/* A batch of a topic test, decoded. */
static enum tg_rc topic_batch(struct tg_testrun *t, const struct tg_topic *topic,
                              const struct tg_test_batch *rows, struct tg_batch *b,
                              struct tg_err *err)
{
  enum tg_rc rc = make_batch(topic, &t->arena, rows, b, err);
  b->lookups = &t->lookups;
  if (rc == TG_OK) rc = remember(t, rows->offset, b, err);
  if (rc != TG_OK) return rc;
  struct tg_decoder *d = tg_decoder_new(topic);
  if (!d) return tg_err_set(err, TG_FATAL, "test", "no memory for a decoder");
  rc = tg_decoder_run(d, b, err);
  tg_decoder_free(d);
  return rc;
}

/* A batch of a rule test, decoded; one decoder serves all of them. */
static enum tg_rc rule_batch(struct tg_testrun *t, const struct tg_test_batch *rows,
                             struct tg_batch *b, struct tg_err *err)
{
  if (!t->decoder) t->decoder = tg_decoder_new(&t->topic);
  if (!t->decoder) return tg_err_set(err, TG_FATAL, "test", "no memory for a decoder");
  tg_decoder_take_nonfinite(t->decoder);
  enum tg_rc rc = make_batch(&t->topic, &t->work, rows, b, err);
  b->lookups = &t->lookups;
  if (rc == TG_OK) rc = remember(t, rows->offset, b, err);
  if (rc == TG_OK) rc = tg_decoder_run(t->decoder, b, err);
  return rc == TG_FULL ? full(err) : rc;
}

/* The first row that could not be decoded, as text; NULL when there is none. */
static const char *undecoded(struct tg_testrun *t, const struct tg_batch *b, const char *what)
{
  for (uint32_t row = 0; row < b->rows; row++) {
    const struct tg_issue *issue = b->issues[row];
    if (b->fates[row] <= TG_TAG || !issue) continue;
    return tg_arena_printf(&t->arena, "%s row %u: %.*s", what, row + 1, TG_TEXT(issue->reason));
  }
  return NULL;
}

static bool grow_fails(struct tg_testrun *t, uint32_t more)
{
  uint32_t count = t->fails_count + more;
  uint32_t *fails = tg_arena_zalloc(&t->arena, count, sizeof *fails);
  const char **reasons = tg_arena_zalloc(&t->arena, count, sizeof *reasons);
  if (!fails || !reasons) return false;
  if (t->fails_count) {
    memcpy(fails, t->fails, t->fails_count * sizeof *fails);
    memcpy(reasons, t->reasons, t->fails_count * sizeof *reasons);
  }
  t->fails = fails, t->reasons = reasons;
  return true;
}

static enum tg_rc note_fails(struct tg_testrun *t, const struct tg_batch *b,
                             const struct tg_failing *failing, struct tg_err *err)
{
  char reason[TG_REASON_SIZE];
  if (!grow_fails(t, failing->count)) return full(err);
  for (uint32_t i = 0; i < failing->count; i++) {
    tg_rule_reason(&t->rule, b, failing, failing->rows[i], reason);
    const char *kept = tg_arena_printf(&t->arena, "%s", reason);
    if (!kept) return full(err);
    t->fails[t->fails_count] = t->rows_count - b->rows + failing->rows[i] + 1;
    t->reasons[t->fails_count++] = kept;
  }
  return TG_OK;
}

/* Keeps what the rule said about a batch; the strongest verdict is that of the test. */
static enum tg_rc note_verdict(struct tg_testrun *t, const struct tg_verdict_row *v,
                               struct tg_err *err)
{
  static const int strength[] = {
      [TG_VERDICT_SKIP] = 0, [TG_VERDICT_PASS] = 1, [TG_VERDICT_FAIL] = 2, [TG_VERDICT_ERROR] = 3};
  struct tg_test_outcome *o = &t->outcomes[t->outcomes_count];
  bool first = t->outcomes_count++ == 0;
  *o = (struct tg_test_outcome){.verdict = v->verdict, .evaluated = (uint32_t)v->evaluated};
  o->failed = (uint32_t)v->failed;
  if (v->seen) o->seen = tg_arena_printf(&t->arena, "%s", v->seen);
  if (v->seen && !o->seen) return full(err);
  if (first || strength[v->verdict] > strength[t->verdict]) t->verdict = v->verdict;
  if (v->alarm > t->alarm) t->alarm = v->alarm;
  t->evaluated += (uint32_t)v->evaluated;
  if (!v->error || t->error) return TG_OK;
  t->error = tg_arena_printf(&t->arena, "%s", v->error);
  return t->error ? TG_OK : full(err);
}

/* A batch that could not be judged leaves the rule's state as it was. */
static enum tg_rc keep_state(struct tg_testrun *t, const struct tg_verdict_row *v,
                             struct tg_err *err)
{
  if (!t->rule.cell) return TG_OK;
  if (v->verdict != TG_VERDICT_ERROR) return tg_cell_commit(t->rule.cell, err);
  tg_cell_drop(t->rule.cell);
  return TG_OK;
}

/* --- saved and read again --- */

struct tg_test_saved { /* one row of keyed state, as a load commits it */
  struct tg_test_saved *next;
  struct tg_state_row row;
};

static bool save_row(void *self, const struct tg_state_row *row)
{
  struct tg_testrun *t = self;
  struct tg_test_saved *kept = tg_arena_zalloc(&t->arena, 1, sizeof *kept), **end = &t->saved;
  if (!kept) return false;
  kept->row.base = row->base;
  kept->row.rule = tg_arena_copy(&t->arena, row->rule);
  kept->row.declared = tg_arena_copy(&t->arena, row->declared);
  kept->row.bytes = tg_arena_copy(&t->arena, row->bytes);
  while (*end) end = &(*end)->next;
  *end = kept;
  return kept->row.rule.ptr && kept->row.declared.ptr && kept->row.bytes.ptr;
}

static enum tg_rc save_state(struct tg_testrun *t, struct tg_err *err)
{
  struct tg_buf scratch;
  if (!t->saves || !t->state) return TG_OK;
  tg_buf_init(&scratch, TG_TEST_BYTES_MAX);
  bool good = tg_stateset_save(t->state, &scratch, save_row, t);
  tg_buf_fini(&scratch);
  return good ? TG_OK : full(err);
}

static enum tg_rc restart_keyed(struct tg_testrun *t, struct tg_err *err)
{
  struct tg_stateset *fresh = tg_stateset_new(1);
  if (!fresh) return tg_err_set(err, TG_FATAL, "test", "no memory for what rules remember");
  enum tg_rc rc = TG_OK;
  for (const struct tg_test_saved *s = t->saved; s && rc == TG_OK; s = s->next) {
    rc = tg_stateset_load(fresh, &s->row, err);
  }
  tg_stateset_free(t->state);
  t->state = fresh;
  return rc;
}

static enum tg_rc restart_cell(struct tg_testrun *t, bool anew, struct tg_err *err)
{
  struct tg_cell *fresh = tg_cell_new();
  if (!fresh) return tg_err_set(err, TG_FATAL, "test", "no memory for a rule's state");
  enum tg_rc rc = anew ? TG_OK : tg_cell_restore(fresh, tg_cell_bytes(t->rule.cell), err);
  tg_cell_free(rc == TG_OK ? t->rule.cell : fresh);
  if (rc == TG_OK) t->rule.cell = fresh;
  return rc;
}

/* The rule has this version from now on; true when it had another one. State by key is found by its
 * declaration. */
static bool change_version(struct tg_rule *rule, const struct tg_test_batch *rows)
{
  bool same = rule->version && strcmp(rule->version, rows->version) == 0;
  rule->version = rows->version;
  if (rule->state && rows->declared)
    snprintf(rule->state->declared, sizeof rule->state->declared, "%s", rows->declared);
  return !same;
}

/* As a process does that dies here, and the one that follows it. */
static enum tg_rc restart(struct tg_testrun *t, const struct tg_test_batch *rows,
                          struct tg_err *err)
{
  bool anew = rows->version && change_version(&t->rule, rows);
  enum tg_rc rc = t->state ? restart_keyed(t, err) : TG_OK;
  return rc == TG_OK && t->rule.cell ? restart_cell(t, anew, err) : rc;
}

/* Judges b and takes it back, as a lane does whose load was lost. */
static enum tg_rc judge_in_vain(struct tg_testrun *t, struct tg_batch *b, int64_t offset,
                                struct tg_err *err)
{
  struct tg_verdict_row v;
  struct tg_failing failing;
  enum tg_rc rc = tg_rule_judge(t->p, &t->rule, b, &v, &failing, err);
  if (t->rule.cell) tg_cell_drop(t->rule.cell);
  if (t->state) tg_stateset_begin(t->state, offset);
  return rc;
}

/* --- windows and the clock --- */

/* As the keeper judges: what is remembered is read from what was saved. */
static enum tg_rc judge_case(struct tg_testrun *t, const struct tg_measured *measured,
                             const struct tg_timer_facts *facts, struct tg_err *err)
{
  struct tg_verdict_row v;
  struct tg_window_case c = {.rule = &t->rule, .measured = measured, .facts = *facts};
  struct tg_text state = t->rule.cell ? tg_cell_bytes(t->rule.cell) : tg_text("");
  if (state.len) c.state = tg_arena_copy(&t->work, state);
  if (state.len && !c.state.ptr) return full(err);
  enum tg_rc rc = TG_OK;
  if (t->twice) rc = tg_program_judge_window(t->p, &c, &t->work, &v, err);
  if (rc == TG_OK) rc = tg_program_judge_window(t->p, &c, &t->work, &v, err);
  return rc == TG_OK ? note_verdict(t, &v, err) : rc;
}

/* The batch is one window; without rows nobody measures it, and it is not judged. */
static enum tg_rc judge_window(struct tg_testrun *t, struct tg_batch *b, struct tg_err *err)
{
  struct tg_verdict_row v = tg_windowrun_later(&t->rule);
  struct tg_timer_facts facts = TG_FACTS_NONE;
  struct tg_measured *measured;
  enum tg_rc rc = TG_OK;
  if (b->rows > 0) rc = tg_windowrun_measure(t->p, &t->rule, b, &v, err);
  if (rc != TG_OK || v.verdict == TG_VERDICT_ERROR || b->windows_count == 0)
    return rc == TG_OK ? note_verdict(t, &v, err) : rc;
  if (b->windows_count > 1)
    return tg_err_set(err, TG_DATA, "kafka", "with a clock, each batch is one window");
  facts.start_us = facts.since_us = b->windows[0].start_us;
  facts.now_us = facts.watermark_us = facts.stop_us = facts.start_us + t->rule.over_us;
  rc = tg_measured_read(&t->work, b->windows[0].data, &measured, err);
  return rc == TG_OK ? judge_case(t, measured, &facts, err) : rc;
}

static enum tg_rc judge_batch(struct tg_testrun *t, const struct tg_test_batch *rows,
                              struct tg_err *err)
{
  struct tg_batch b;
  struct tg_verdict_row v;
  struct tg_failing failing;
  enum tg_rc rc = rows->restart ? restart(t, rows, err) : TG_OK;
  if (rc == TG_OK) rc = rule_batch(t, rows, &b, err);
  if (rc != TG_OK) return rc;
  if (!t->rule.on_event) t->error = undecoded(t, &b, "given");
  if (t->error) {
    t->verdict = TG_VERDICT_ERROR;
    return TG_OK;
  }
  t->rows_count += b.rows;
  if (t->clocks_count && tg_rule_measured(&t->rule)) return judge_window(t, &b, err);
  if (t->twice) rc = judge_in_vain(t, &b, rows->offset, err);
  if (rc == TG_OK) rc = tg_rule_judge(t->p, &t->rule, &b, &v, &failing, err);
  if (rc == TG_OK) rc = note_verdict(t, &v, err);
  if (rc == TG_OK) rc = keep_state(t, &v, err);
  if (rc == TG_OK) rc = save_state(t, err);
  return rc == TG_OK ? note_fails(t, &b, &failing, err) : rc;
}

/* The rule judges what only the clock brings. */
static enum tg_rc refuse_batches(struct tg_testrun *t, struct tg_err *err)
{
  t->verdict = TG_VERDICT_ERROR;
  t->error = tg_arena_printf(&t->arena,
                             "%s is judged by the clock, not on rows: a test gives it"
                             " clock = { { now = \"5m\", newest = \"0s\" } }",
                             t->rule.id);
  return t->error ? TG_OK : full(err);
}

enum tg_rc tg_testrun_rule(struct tg_testrun *t, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  struct tg_test_outcome *outcomes = tg_arena_zalloc(
      &t->arena, t->outcomes_count + t->batches_count + t->clocks_count, sizeof *outcomes);
  if (!outcomes) return full(err);
  if (t->batches_count && tg_rule_by_clock(&t->rule)) return refuse_batches(t, err);
  if (t->outcomes) memcpy(outcomes, t->outcomes, t->outcomes_count * sizeof *outcomes);
  t->outcomes = outcomes;
  for (uint32_t i = 0; rc == TG_OK && !t->error && i < t->batches_count; i++) {
    struct tg_arena_mark mark = tg_arena_mark(&t->p->scratch);
    t->batches[i].after_us = t->clocks_count ? i * t->rule.over_us : 0;
    rc = judge_batch(t, &t->batches[i], err);
    tg_arena_release(&t->p->scratch, mark);
    tg_arena_reset(&t->work, 0);
  }
  for (uint32_t i = 0; rc == TG_OK && !t->error && i < t->clocks_count; i++) {
    rc = judge_case(t, NULL, &t->clocks[i], err);
    tg_arena_reset(&t->work, 0);
  }
  return rc;
}

/* The topic's fields, each read from a key of its own name: what expected rows are written in. */
static bool plain_topic(struct tg_testrun *t)
{
  const struct tg_topic *from = &t->script->topic;
  t->topic = (struct tg_topic){.name = from->name, .event_time = -1, .key = -1};
  t->topic.tz_offset_s = from->tz_offset_s;
  t->topic.fields = tg_arena_zalloc(&t->arena, from->fields_count, sizeof *t->topic.fields);
  struct tg_path *paths = tg_arena_zalloc(&t->arena, from->fields_count, sizeof *paths);
  if (!t->topic.fields || !paths) return false;
  for (uint32_t i = 0; i < from->fields_count; i++) {
    paths[i].count = 1;
    paths[i].steps[0] = from->fields[i].name;
    t->topic.fields[i] = (struct tg_field){.name = from->fields[i].name,
                                           .type = from->fields[i].type,
                                           .source = TG_FROM_VALUE,
                                           .paths = &paths[i],
                                           .paths_count = 1};
  }
  t->topic.fields_count = from->fields_count;
  return true;
}

enum tg_rc tg_testrun_topic(struct tg_testrun *t, struct tg_err *err)
{
  struct tg_judgement judgement;
  enum tg_rc rc = topic_batch(t, &t->script->topic, &t->batches[0], &t->batch, err);
  if (rc == TG_OK) rc = tg_program_run(t->p, &t->batch, &judgement, NULL, NULL, err);
  for (uint32_t i = 0; rc == TG_OK && i < judgement.count; i++) {
    if (judgement.rules[i].error) t->error = judgement.rules[i].error;
  }
  if (rc != TG_OK || t->error || t->expected.count == 0) return rc;
  if (!plain_topic(t)) return full(err);
  rc = topic_batch(t, &t->topic, &t->expected, &t->expected_batch, err);
  if (rc == TG_OK) t->error = undecoded(t, &t->expected_batch, "expected");
  return rc;
}

bool tg_testrun_same(const struct tg_testrun *t, uint32_t index, uint32_t i, uint32_t j)
{
  const struct tg_column *want = t->expected_batch.columns[index];
  const struct tg_column *got = t->batch.columns[index];
  bool null = tg_column_is_null(want, i);
  if (null || tg_column_is_null(got, j)) return null && tg_column_is_null(got, j);
  if (tg_order_of(want->type) != TG_ORDER_NONE) return tg_order_rows(want, i, got, j) == 0;
  return tg_text_eq(want->v.texts[i], got->v.texts[j]);
}
