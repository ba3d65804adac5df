/* Which verdicts of a batch are worth a row of tidegate.verdict. */
#include "core/app/verdicts.h"

#include "core/app/alerts.h"
#include "core/app/lane.h"

#include <inttypes.h>
#include <stdio.h>
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

static void alert_text(const struct tg_verdict_row *v, char *text, size_t size)
{
  if (v->error)
    snprintf(text, size, "%s", v->error);
  else
    snprintf(text, size, "%" PRIu64 " of %" PRIu64 " rows failed%s%s", v->failed, v->evaluated,
             v->seen ? ", " : "", v->seen ? v->seen : "");
}

void tg_verdicts_alert(struct tg_alerts *a, unsigned source, const char *topic,
                       const struct tg_verdict_row *v)
{
  char text[512];
  struct tg_trouble t = {.kind = TG_TROUBLE_WARN,
                         .source = source,
                         .topic = topic,
                         .rule = v->rule,
                         .owner = v->owner,
                         .partition = -1};
  if (v->verdict == TG_VERDICT_SKIP) return; /* says nothing */
  enum tg_alarm alarm = v->shadow ? TG_ALARM_NONE : v->alarm;
  if (alarm != TG_ALARM_WARN) tg_alerts_clear(a, &t);
  t.kind = TG_TROUBLE_CRITICAL;
  if (alarm != TG_ALARM_CRITICAL) tg_alerts_clear(a, &t);
  if (alarm == TG_ALARM_NONE) return;
  t.kind = alarm == TG_ALARM_WARN ? TG_TROUBLE_WARN : TG_TROUBLE_CRITICAL;
  alert_text(v, text, sizeof text);
  tg_alerts_raise(a, &t, text);
}

/* A rule that is and was content costs nothing here. */
static void alert(struct tg_lane *lane, uint32_t topic, const struct tg_judgement *j)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  char name[TG_TOPIC_BYTES_MAX + 1];
  if (!lane->hub->alerts || (!m->alarms && !(m->alarms = calloc(j->count + 1, 1)))) return;
  snprintf(name, sizeof name, "%.*s", TG_TEXT(lane->topics[topic]->name));
  for (uint32_t r = 0; r < j->count; r++) {
    const struct tg_verdict_row *v = &j->rules[r];
    if (v->later || v->verdict == TG_VERDICT_SKIP || (!v->alarm && !m->alarms[r])) continue;
    tg_verdicts_alert(lane->hub->alerts, lane->number, name, v);
    m->alarms[r] = (uint8_t)v->alarm;
  }
}

enum tg_rc tg_verdicts_note(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                            const struct tg_judgement *j)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  alert(lane, topic, j);
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
