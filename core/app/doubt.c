/* Partitions whose log may not be the one that was loaded, or lacks what comes next: the seam
 * (seam.h), what the broker says of first offset and end, gaps, halts. */
#include "core/app/lane.h"

#include "core/app/alerts.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum {
  ASK_US = 5000000,  /* longest wait for the broker's answer */
  AGAIN_US = 1000000 /* between two questions about one partition */
};

static void leave_reading(struct tg_lane *lane, struct tg_part *p, enum tg_part_state state)
{
  if (p->state == TG_PART_READING) atomic_fetch_sub(&lane->reading, 1);
  p->state = state;
}

void tg_doubt_raise(struct tg_lane *lane, struct tg_part *p)
{
  leave_reading(lane, p, TG_PART_DOUBT);
  p->retry_us = tg_clock_mono_us();
}

static struct tg_trouble trouble(const struct tg_lane *lane, const struct tg_part *p,
                                 enum tg_trouble_kind kind)
{
  return (struct tg_trouble){
      .kind = kind, .source = lane->number, .topic = p->topic, .partition = p->partition};
}

void tg_doubt_halt(struct tg_lane *lane, struct tg_part *p, const char *why)
{
  char note[1024];
  leave_reading(lane, p, TG_PART_HALTED);
  p->retry_us = tg_clock_mono_us() + TG_HALTED_PAUSE_US;
  snprintf(note, sizeof note, "%s[%d] halted at offset %" PRId64 ": %s", p->topic, p->partition,
           p->next, why);
  tg_log(TG_ERROR, lane->name, "%s", note);
  tg_hub_note(lane->hub, "halt", p->topic, note);
  const struct tg_trouble t = trouble(lane, p, TG_TROUBLE_HALT);
  tg_alerts_raise(lane->hub->alerts, &t, note);
  p->alerted = true;
}

/* What there is to do when the log is another one. With `sink: kafka` the chain's end is the
 * group's offset. */
static const char *restart(const struct tg_lane *lane, const struct tg_part *p, char *out,
                           size_t size)
{
  const char *first = "if it is to be read from its beginning as a new one:";
  if (lane->config->sink == TG_SINK_KAFKA)
    snprintf(out, size, "%s stop the pipeline, then kafka-consumer-groups --reset-offsets", first);
  else
    snprintf(out, size, "%s tidegate partitions restart %s %d --yes", first, p->topic,
             p->partition);
  return out;
}

void tg_doubt_record(struct tg_lane *lane, struct tg_part *p, const struct tg_event *e)
{
  char why[700], next[400];
  if (p->seam.offset < 0 || tg_seam_record(&p->seam, p->next, e) != TG_SEAM_TORN) return;
  snprintf(why, sizeof why,
           "the record at offset %" PRId64 " is not what was loaded (last one: offset %" PRId64
           "): the topic was truncated or made anew; %s",
           e->offset, p->seam.offset, restart(lane, p, next, sizeof next));
  tg_doubt_halt(lane, p, why);
}

static void halt_truncated(struct tg_lane *lane, struct tg_part *p,
                           const struct tg_watermarks *marks)
{
  char why[700], next[400];
  snprintf(why, sizeof why,
           "the partition ends at %" PRId64 ", before what was loaded: the topic was truncated or "
           "made anew; %s",
           marks->high, restart(lane, p, next, sizeof next));
  tg_doubt_halt(lane, p, why);
}

static void halt_gap(struct tg_lane *lane, struct tg_part *p, const struct tg_watermarks *marks)
{
  char why[700];
  snprintf(why, sizeof why,
           "offsets %" PRId64 " to %" PRId64 " were deleted before they were read (retention?); to "
           "note the gap and go on at %" PRId64 ", set kafka.on_gap: skip and start again",
           p->next, marks->low - 1, marks->low);
  tg_doubt_halt(lane, p, why);
}

/* Sends the writer to note the gap and move the chain behind it, in one transaction. */
static void jump(struct tg_lane *lane, struct tg_part *p, const struct tg_watermarks *marks)
{
  lane->jump_slot = (uint32_t)(p - lane->parts.list);
  lane->jump = (struct tg_claim){.topic = p->topic,
                                 .partition = p->partition,
                                 .partition_id = p->partition_id,
                                 .claim_id = p->claim_id,
                                 .next = p->next,
                                 .first_offset = marks->low};
  snprintf(lane->jump_generation, sizeof lane->jump_generation, "%s",
           tg_program_sha256(lane->program));
  lane->jump_job = (struct tg_job){
      .kind = TG_JOB_JUMP, .claims = &lane->jump, .count = 1, .generation = lane->jump_generation};
  lane->jumping = true;
  tg_queue_push(&lane->writer.to_writer, &lane->jump_job, INT64_MAX);
}

static void go_on(struct tg_lane *lane, struct tg_part *p)
{
  p->seam.offset = -1;
  p->state = TG_PART_READING;
  atomic_fetch_add(&lane->reading, 1);
  lane->reassign = true;
  tg_log(TG_INFO, lane->name, "%s[%d] goes on at offset %" PRId64, p->topic, p->partition, p->next);
}

void tg_doubt_jumped(struct tg_lane *lane, const struct tg_job *job)
{
  struct tg_part *p = &lane->parts.list[lane->jump_slot];
  const struct tg_claim *c = &lane->jump;
  char note[600];
  lane->jumping = false;
  if (job->rc != TG_OK) {
    tg_log_err(TG_WARN, lane->name, &job->err);
    p->state = TG_PART_FENCED; /* claimed again: the chain's end tells whether it was written */
    p->retry_us = tg_clock_mono_us() + AGAIN_US;
    return;
  }
  snprintf(note, sizeof note,
           "%s[%d]: offsets %" PRId64 " to %" PRId64
           " were deleted before they were read; %sskipped",
           p->topic, p->partition, c->next, c->first_offset - 1,
           lane->config->sink == TG_SINK_KAFKA ? "" : "noted in tidegate.gap and ");
  tg_log(TG_WARN, lane->name, "%s", note);
  tg_hub_note(lane->hub, "gap", p->topic, note);
  const struct tg_trouble t = trouble(lane, p, TG_TROUBLE_GAP);
  tg_alerts_raise(lane->hub->alerts, &t, note);
  p->committed = p->sealed = p->next = c->first_offset;
  go_on(lane, p);
}

/* What is under way is waited for: only the chain's end can be compared. */
static bool due(const struct tg_part *p, int64_t now)
{
  return p->state == TG_PART_DOUBT && now >= p->retry_us && p->committed == p->next;
}

static void settle(struct tg_lane *lane, struct tg_part *p)
{
  struct tg_topart part = {.topic = p->topic, .partition = p->partition};
  struct tg_watermarks marks;
  struct tg_err err;
  p->retry_us = tg_clock_mono_us() + AGAIN_US;
  if (tg_consumer_watermarks(lane->consumer, &part, ASK_US, &marks, &err) != TG_OK) {
    tg_log_err(TG_WARN, lane->name, &err);
    return;
  }
  switch (tg_seam_marks(p->next, marks.low, marks.high)) {
  case TG_MARKS_TRUNCATED: return halt_truncated(lane, p, &marks);
  case TG_MARKS_GO_ON: return go_on(lane, p);
  case TG_MARKS_GAP: break;
  }
  if (lane->config->on_gap == TG_GAP_SKIP)
    jump(lane, p, &marks);
  else
    halt_gap(lane, p, &marks);
}

/* Halted ones are claimed again from time to time, only to be halted again: what counts is that
 * one is read. */
static void clear_alert(struct tg_lane *lane, struct tg_part *p)
{
  const struct tg_trouble t = trouble(lane, p, TG_TROUBLE_HALT);
  if (!p->alerted || p->state != TG_PART_READING) return;
  tg_alerts_clear(lane->hub->alerts, &t);
  p->alerted = false;
}

static void count_halted(struct tg_lane *lane)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    n += lane->parts.list[i].state == TG_PART_HALTED;
    clear_alert(lane, &lane->parts.list[i]);
  }
  atomic_store(&lane->halted, n);
}

void tg_doubt_settle(struct tg_lane *lane, int64_t now)
{
  count_halted(lane);
  if (lane->jumping || lane->claiming) return;
  for (uint32_t i = 0; i < lane->parts.count; i++)
    if (due(&lane->parts.list[i], now)) return settle(lane, &lane->parts.list[i]);
}
