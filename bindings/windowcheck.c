/* Levels of a check over windows: the rows of a batch become counts, counts become a verdict. */
#include "bindings/judging.h"
#include "bindings/windowrun.h"
#include "core/base/clock.h"
#include "core/flow/window.h"
#include "core/state/measured.h"

#include <math.h>

enum { PIECE_BYTES_MAX = 256 };

struct tally { /* of one window; rows: judged, value: failed */
  int64_t start_us;
  struct tg_rowcount rows;
};

/* --- lane --- */

/* Rows come by time, nearly: the window is mostly the one before. NULL: there are too many. */
static struct tally *tally_of(struct tally *all, uint32_t *count, int64_t start_us)
{
  for (uint32_t i = *count; i > 0; i--)
    if (all[i - 1].start_us == start_us) return &all[i - 1];
  if (*count == TG_WINDOWS_PER_BATCH_MAX) return NULL;
  all[*count] = (struct tally){.start_us = start_us};
  return &all[(*count)++];
}

static enum tg_rc count_rows(const struct tg_rule *rule, const struct tg_batch *b,
                             const uint8_t *judged, struct tally *all, uint32_t *count)
{
  struct tally *now = NULL;
  for (uint32_t row = 0; row < b->rows; row++) {
    if (judged[row] != TG_ROW_PASSED && judged[row] != TG_ROW_FAILED) continue;
    int64_t us = b->events[row].kafka_us < 0 ? 0 : b->events[row].kafka_us;
    if (!now || us < now->start_us || us - now->start_us >= rule->over_us)
      now = tally_of(all, count, tg_window_start(us, rule->over_us));
    if (!now) return TG_DATA;
    now->rows.rows++;
    now->rows.value += judged[row] == TG_ROW_FAILED;
  }
  return TG_OK;
}

static enum tg_rc keep_piece(const struct tg_rule *rule, struct tg_batch *b, const struct tally *t)
{
  char room[PIECE_BYTES_MAX];
  struct tg_buf bytes = {.ptr = room, .size = sizeof room, .max = sizeof room};
  struct tg_summary counts = {.kind = TG_SUMMARY_ROWS, .u.rows = t->rows};
  struct tg_measured m = {.rows = t->rows.rows, .single = true};
  if (!tg_measured_put(&m, tg_text(""), &counts) || !tg_measured_write(&m, &bytes)) return TG_FULL;
  struct tg_windowed piece = {rule->id, t->start_us, rule->over_us,
                              tg_arena_copy(b->arena, tg_buf_view(&bytes))};
  return piece.data.ptr && tg_batch_window(b, &piece) ? TG_OK : TG_FULL;
}

/* More rows can only add to a count: what this batch alone reaches, its window has reached. */
static bool reached_alone(const struct tg_rule *rule, const struct tally *t)
{
  struct tg_verdict_row v = {.evaluated = t->rows.rows, .failed = t->rows.value};
  return rule->critical.kind == TG_LEVEL_COUNT && tg_rule_reached(rule, rule->critical, &v);
}

static enum tg_rc keep_pieces(const struct tg_rule *rule, struct tg_batch *b,
                              const struct tally *all, uint32_t count, struct tg_verdict_row *v)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < count; i++) {
    rc = keep_piece(rule, b, &all[i]);
    if (reached_alone(rule, &all[i])) v->alarm = TG_ALARM_CRITICAL, v->verdict = TG_VERDICT_FAIL;
  }
  return rc;
}

enum tg_rc tg_windowcheck_count(struct tg_program *p, const struct tg_rule *rule,
                                struct tg_batch *b, const struct tg_failing *failing,
                                struct tg_verdict_row *v, struct tg_err *err)
{
  struct tg_judging j = {.rule = rule, .b = b};
  uint32_t count = 0;
  struct tally *all = tg_arena_alloc(&p->scratch, TG_WINDOWS_PER_BATCH_MAX * sizeof *all);
  if (!failing->judged) return TG_OK; /* its script raised */
  if (v->verdict != TG_VERDICT_ERROR) {
    v->later = true;
    v->alarm = failing->least;
    v->verdict = failing->least ? TG_VERDICT_FAIL : TG_VERDICT_SKIP;
  }
  enum tg_rc rc = all ? count_rows(rule, b, failing->judged, all, &count) : TG_DATA;
  if (rc == TG_OK) rc = keep_pieces(rule, b, all, count, v);
  if (rc == TG_FULL) return tg_err_set(err, rc, "load.bytes", "no room for what was counted");
  if (rc == TG_OK) return rc;
  tg_err_set(err, rc, rule->place,
             all ? "%s: the Kafka times of one batch lie in more than %d windows: choose a larger "
                   "`over`"
                 : "%s: lua.memory is used up by the counts of %d windows",
             rule->id, TG_WINDOWS_PER_BATCH_MAX);
  return tg_rulerun_failed(&j, v, err);
}

/* --- keeper --- */

static const struct tg_rowcount *counts_of(const struct tg_measured *m)
{
  bool ours = m->single && m->parts[0].summary->kind == TG_SUMMARY_ROWS;
  return ours ? &m->parts[0].summary->u.rows : NULL;
}

void tg_windowcheck_judge(const struct tg_window_case *c, struct tg_verdict_row *out)
{
  const struct tg_rowcount *counts = counts_of(c->measured);
  *out = (struct tg_verdict_row){.rule = c->rule->id,
                                 .version = c->rule->version,
                                 .owner = c->rule->owner,
                                 .verdict = TG_VERDICT_SKIP,
                                 .counted = true,
                                 .observed_number = NAN};
  if (!counts) {
    out->error = "its window was measured by another rule of that id, before a reload";
    return;
  }
  out->evaluated = counts->rows;
  out->failed = counts->value;
  tg_rule_decide(c->rule, tg_rule_mostly(c->rule, out), out);
}
