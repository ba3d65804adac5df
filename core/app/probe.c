/* Ranges of half-open breakers; see the header. */
#include "core/app/probe.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <stdio.h>

enum {
  PATIENCE_US = 10000000, /* how long other topics wait for the ranges of one batch */
  REST_US = 60000000      /* .. and how long they then go on before it is tried again */
};

enum stage { BEFORE, RANGE, TRIAL, STAGES };

static enum stage stage_of(const struct tg_part *p)
{
  if (p->committed < p->range.from) return BEFORE;
  return p->committed < p->range.to ? RANGE : TRIAL;
}

/* Where a topic is with all its ranges here. */
struct progress {
  enum stage stage; /* STAGES: no range of it is here */
  uint32_t cut;     /* the batch that is tried now */
};

static struct progress progress_of(const struct tg_lane *lane, int32_t topic)
{
  struct progress at = {STAGES, UINT32_MAX};
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    if (p->topic_index != topic || !p->trying || p->state != TG_PART_READING) continue;
    enum stage stage = stage_of(p);
    if (stage < at.stage) at = (struct progress){stage, UINT32_MAX};
    if (stage == at.stage && p->range.cut < at.cut) at.cut = p->range.cut;
  }
  return at;
}

/* It is the partition's turn. */
static bool active(const struct tg_part *p, struct progress at)
{
  enum stage stage = stage_of(p);
  return p->trying && stage == at.stage && (stage != RANGE || p->range.cut == at.cut);
}

static int64_t limit_of(const struct tg_part *p)
{
  static const int64_t none = INT64_MAX;
  if (!p->trying) return none;
  enum stage stage = stage_of(p);
  return stage == BEFORE ? p->range.from : stage == RANGE ? p->range.to : none;
}

/* Asks the hub what it lets the lane do. */
static void follow(struct tg_lane *lane)
{
  unsigned version = atomic_load(&lane->hub->version);
  if (version == lane->hub_version) return;
  lane->hub_version = version;
  lane->trying = false;
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    struct tg_part *p = &lane->parts.list[i];
    struct tg_text topic = p->topic_index < 0 ? tg_text("") : lane->topics[p->topic_index]->name;
    unsigned holds = p->topic_index < 0 ? TG_HOLD_PREPARE : tg_hub_holds(lane->hub, topic);
    p->trying = holds == TG_HOLD_BREAKER && tg_part_claimed(p) &&
                tg_hub_range(lane->hub, topic, p->partition_id, &p->range);
    p->barred = holds && !p->trying;
    lane->trying |= p->trying;
  }
}

/* The topic whose ranges the next load is for; -1: none. */
static int32_t find_probe(struct tg_lane *lane)
{
  for (uint32_t i = 0; lane->trying && i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    struct progress at = progress_of(lane, p->topic_index);
    if (p->trying && p->state == TG_PART_READING && at.stage == RANGE && active(p, at) &&
        p->sealed < p->range.to)
      return p->topic_index;
  }
  return -1;
}

/* One that cannot be read to its end does not stop the other topics for long. */
static void choose(struct tg_lane *lane, int64_t now)
{
  int32_t topic = now < lane->probe_rest_us ? -1 : find_probe(lane);
  if (topic >= 0 && topic == lane->probing && now >= lane->probe_until_us) {
    tg_log(TG_WARN, lane->name, "%.*s: its ranges could not be read within %d s; tried again later",
           TG_TEXT(lane->topics[topic]->name), PATIENCE_US / 1000000);
    lane->probe_rest_us = now + REST_US;
    topic = -1;
  }
  if (topic != lane->probing) lane->probe_until_us = now + PATIENCE_US;
  lane->probing = topic;
}

/* True when the partition is not to be read now. */
static bool held_now(const struct tg_lane *lane, const struct tg_part *p)
{
  if (p->barred) return true;
  if (lane->probing >= 0 && p->topic_index != lane->probing) return true;
  if (!p->trying) return false;
  struct progress at = progress_of(lane, p->topic_index);
  return !active(p, at) || (at.stage == RANGE && lane->probing != p->topic_index);
}

static void apply(struct tg_lane *lane)
{
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    struct tg_part *p = &lane->parts.list[i];
    bool held = held_now(lane, p);
    int64_t limit = limit_of(p);
    lane->reassign |= held != p->held || limit > p->limit;
    p->held = held;
    p->limit = limit;
  }
}

/* Nothing is left behind the range that could be tried. */
static void tell_ends(struct tg_lane *lane)
{
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    bool quiet = p->eof >= 0 && p->next == p->sealed && p->sealed == p->committed;
    if (p->trying && p->state == TG_PART_READING && stage_of(p) == TRIAL && quiet &&
        p->eof <= p->committed)
      tg_hub_at_end(lane->hub, lane->topics[p->topic_index]->name, p->partition_id);
  }
}

void tg_probe_steer(struct tg_lane *lane)
{
  bool before = lane->trying;
  unsigned version = lane->hub_version;
  follow(lane);
  if (!before && !lane->trying && version == lane->hub_version) return;
  choose(lane, tg_clock_mono_us());
  apply(lane);
  tell_ends(lane);
}

bool tg_probe_reading(const struct tg_lane *lane)
{
  return lane->probing >= 0;
}

bool tg_probe_complete(const struct tg_lane *lane)
{
  struct progress at = progress_of(lane, lane->probing);
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    if (p->topic_index == lane->probing && p->state == TG_PART_READING && active(p, at) &&
        p->next < p->limit && p->eof < p->limit)
      return false;
  }
  return true;
}

/* --- what the operator decided --- */

/* The range that the lane tries now; NULL: the batch is another one. */
static const struct tg_range *range_of(const struct tg_lane *lane, uint32_t topic)
{
  if (lane->probing != (int32_t)topic) return NULL;
  struct progress at = progress_of(lane, lane->probing);
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    if (p->topic_index == lane->probing && p->state == TG_PART_READING && active(p, at))
      return &p->range;
  }
  return NULL;
}

enum tg_range_verdict tg_probe_verdict(const struct tg_lane *lane, uint32_t topic)
{
  const struct tg_range *r = range_of(lane, topic);
  return r ? r->verdict : TG_RANGE_NONE;
}

static bool has_issue(const struct tg_batch *b, uint32_t row, const char *rule)
{
  for (const struct tg_issue *i = b->issues[row]; i; i = i->next)
    if (i->rule && rule && strcmp(i->rule, rule) == 0) return true;
  return false;
}

/* Gives the rows that the rule failed this fate; all rows when it failed none by itself (a measure,
 * a rule that raised). */
static void settle_rule(struct tg_batch *b, const char *rule, struct tg_issue *issue)
{
  bool any = false;
  for (uint32_t row = 0; rule && row < b->rows && !any; row++) any = has_issue(b, row, rule);
  for (uint32_t row = 0; row < b->rows; row++)
    if (!any || has_issue(b, row, rule)) tg_batch_issue(b, row, issue);
}

static void settle_critical(struct tg_batch *b, const struct tg_judgement *j,
                            struct tg_issue *issue)
{
  bool any = false;
  for (uint32_t r = 0; r < j->count; r++) {
    const struct tg_verdict_row *v = &j->rules[r];
    if (v->alarm != TG_ALARM_CRITICAL || v->shadow || v->later) continue;
    issue->rule = v->rule;
    settle_rule(b, v->rule, issue);
    any = true;
  }
  if (!any && j->critical) settle_rule(b, NULL, issue); /* transform raised */
}

bool tg_probe_settle(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                     const struct tg_judgement *j)
{
  const struct tg_range *r = range_of(lane, topic);
  char reason[160];
  if (!r || r->verdict == TG_RANGE_NONE) return false;
  bool accept = r->verdict == TG_RANGE_ACCEPT;
  snprintf(reason, sizeof reason, "critical: %s by %s",
           accept ? "accepted" : "sent to the quarantine", r->decided_by);
  struct tg_issue issue = {
      .fate = accept ? TG_TAG : TG_QUARANTINE, .stage = TG_STAGE_RULE, .reason = tg_text(reason)};
  if (r->verdict == TG_RANGE_WHOLE)
    settle_rule(b, NULL, &issue);
  else
    settle_critical(b, j, &issue);
  return true;
}
