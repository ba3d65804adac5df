/* Which verdicts of a batch are worth a row of tidegate.verdict. */
#include "core/app/verdicts.h"

#include "core/app/lane.h"

#include <stdlib.h>

/* Verdict and level in one number; 0 is pass. */
static uint8_t state_of(const struct tg_verdict_row *v)
{
  return (uint8_t)(v->verdict << 2 | v->alarm);
}

/* A rule that is not judged while it warms up is told once, not with each load. */
static bool worth(const struct tg_verdict_row *v, uint8_t before)
{
  if (v->verdict == TG_VERDICT_FAIL || v->verdict == TG_VERDICT_ERROR) return true;
  if (v->later) return false;
  return state_of(v) != before;
}

struct tg_verdict_note tg_verdicts_row(const struct tg_verdict_row *v)
{
  return (struct tg_verdict_note){.rule = v->rule,
                                  .version = v->version,
                                  .verdict = tg_verdict_name(v->verdict),
                                  .level = tg_alarm_name(v->alarm),
                                  .shadow = v->shadow,
                                  .evaluated = v->evaluated,
                                  .skipped = v->skipped,
                                  .failed = v->failed,
                                  .seen = v->seen,
                                  .error = v->error};
}

enum tg_rc tg_verdicts_note(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                            const struct tg_judgement *j)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  if (!m->verdicts_last && !(m->verdicts_last = calloc(j->count + 1, 1))) return TG_OK;
  uint32_t count = 0;
  for (uint32_t r = 0; r < j->count; r++) count += worth(&j->rules[r], m->verdicts_last[r]);
  if (!count) return TG_OK;
  struct tg_verdict_note *notes = tg_arena_zalloc(b->arena, count, sizeof *notes);
  if (!notes) return TG_FULL;
  b->verdicts = notes;
  for (uint32_t r = 0; r < j->count; r++) {
    const struct tg_verdict_row *v = &j->rules[r];
    if (worth(v, m->verdicts_last[r])) notes[b->verdicts_count++] = tg_verdicts_row(v);
    m->verdicts_last[r] = state_of(v);
  }
  return TG_OK;
}
