/* A topic's metrics: fates, rules, stages, latency; a reload's pause. Slots are asked for once per
 * program. */
#include "core/app/alerts.h"
#include "core/app/lane.h"

#include "core/base/clock.h"
#include "core/state/stateset.h"

#include <stdio.h>
#include <stdlib.h>

enum { LATENCY_SAMPLES = 512 };

static struct tg_metric *slot(struct tg_lane *lane, enum tg_metric_type type, const char *name,
                              const char *help, const char *const *labels)
{
  return tg_metrics_slot(lane->hub->metrics, type, name, help, labels);
}

static struct tg_metric *stage_slot(struct tg_lane *lane, const char *topic, const char *stage)
{
  const char *const labels[] = {"topic", topic, "stage", stage, NULL};
  return slot(lane, TG_HISTOGRAM, "batch_duration_seconds", "Time of a stage per load", labels);
}

static void open_topic(struct tg_lane *lane, const char *name, struct tg_topic_metrics *m)
{
  static const char *const fates[TG_FATES] = {"loaded", "tagged", "dropped", "late", "quarantined"};
  for (int f = 0; f < TG_FATES; f++) {
    const char *const labels[] = {"topic", name, "fate", fates[f], NULL};
    m->fates[f] = slot(lane, TG_COUNTER, "rows_total", "Rows by where they ended", labels);
  }
  for (int s = TG_STAGE_DECODE; s <= TG_STAGE_LOAD; s++) {
    const char *const labels[] = {"topic", name, "stage", tg_stage_name((enum tg_stage)s), NULL};
    m->stages[s] = slot(lane, TG_COUNTER, "quarantined_total",
                        "Quarantined rows by the stage that refused them", labels);
  }
  const char *const topic[] = {"topic", name, NULL};
  const char *const ours[] = {"topic", name, "lane", lane->name + sizeof "lane", NULL};
  m->state_keys = slot(lane, TG_GAUGE, "state_keys", "Keys that rules remember", ours);
  m->state_bytes = slot(lane, TG_GAUGE, "state_bytes", "Memory of what rules remember", ours);
  m->state_evicted = slot(lane, TG_GAUGE, "state_evicted_keys",
                          "Keys that had to leave so far, of the partitions held now", ours);
  m->decode_s = stage_slot(lane, name, "decode");
  m->transform_s = stage_slot(lane, name, "transform");
  m->judge_s = stage_slot(lane, name, "judge");
  m->records =
      slot(lane, TG_COUNTER, "batch_records_total", "Records in handed-over batches", topic);
  m->latency = slot(lane, TG_HISTOGRAM, "e2e_latency_seconds",
                    "Visible in PostgreSQL minus the Kafka timestamp", topic);
}

enum tg_rc tg_measure_open(struct tg_lane *lane)
{
  lane->measures = calloc(lane->topics_count + 1, sizeof *lane->measures);
  if (!lane->measures) return TG_FATAL;
  for (uint32_t t = 0; t < lane->topics_count; t++) {
    const struct tg_topic *topic = lane->topics[t];
    char name[TG_TOPIC_BYTES_MAX + 1], table[2 * TG_NAME_BYTES_MAX + 2];
    snprintf(name, sizeof name, "%.*s", TG_TEXT(topic->name));
    snprintf(table, sizeof table, "%.*s%s%.*s", TG_TEXT(topic->schema),
             topic->schema.len ? "." : "", TG_TEXT(topic->table));
    open_topic(lane, name, &lane->measures[t]);
    const char *const labels[] = {"table", table, NULL};
    lane->measures[t].copied =
        slot(lane, TG_COUNTER, "pg_rows_copied_total", "Rows committed to a table", labels);
  }
  return TG_OK;
}

void tg_measure_close(struct tg_lane *lane)
{
  tg_alerts_leave(lane->hub->alerts, TG_TROUBLE_WARN, lane->number);
  for (uint32_t t = 0; lane->measures && t < lane->topics_count; t++) {
    free(lane->measures[t].alarms);
    free(lane->measures[t].rules);
    free(lane->measures[t].verdicts_last);
  }
  free(lane->measures);
  lane->measures = NULL;
}

static bool open_rules(struct tg_lane *lane, struct tg_topic_metrics *m,
                       const struct tg_judgement *j)
{
  m->rules = calloc(j->count + 1, sizeof *m->rules);
  if (!m->rules) return false;
  m->rules_count = j->count;
  for (uint32_t r = 0; r < j->count; r++)
    tg_rulemeter_open(&m->rules[r], lane->hub->metrics, j->rules[r].rule);
  return true;
}

void tg_measure_judged(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b,
                       const struct tg_judgement *j, int64_t decode_us)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  tg_metric_add(m->records, b->rows);
  tg_metric_observe(m->decode_s, (double)decode_us / TG_SEC, 1);
  tg_metric_observe(m->transform_s, (double)j->transform_us / TG_SEC, 1);
  tg_metric_observe(m->judge_s, (double)j->judge_us / TG_SEC, 1);
  if (!m->rules && !open_rules(lane, m, j)) return;
  for (uint32_t r = 0; r < j->count && r < m->rules_count; r++)
    tg_rulemeter_add(&m->rules[r], &j->rules[r]);
}

void tg_measure_state(struct tg_lane *lane, uint32_t topic, const struct tg_state_size *size)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  tg_metric_set(m->state_keys, (double)size->keys);
  tg_metric_set(m->state_bytes, (double)size->bytes);
  tg_metric_set(m->state_evicted, (double)size->evicted);
}

static void count_stages(struct tg_topic_metrics *m, const struct tg_batch *b,
                         const struct tg_segment *s)
{
  for (uint32_t row = s->row; b->issues && row < s->row + s->rows; row++) {
    const struct tg_issue *i = b->fates[row] == TG_QUARANTINE ? b->issues[row] : NULL;
    while (i && i->fate != TG_QUARANTINE) i = i->next;
    if (i) tg_metric_add(m->stages[i->stage], 1);
  }
}

/* Latency of a sample of the rows, weighted to all of them. */
static void observe_latency(struct tg_topic_metrics *m, const struct tg_batch *b,
                            const struct tg_segment *s, int64_t commit_us)
{
  uint32_t stride = s->rows / LATENCY_SAMPLES + 1;
  for (uint32_t row = s->row; row < s->row + s->rows; row += stride) {
    uint32_t left = s->row + s->rows - row;
    tg_metric_observe(m->latency, (double)(commit_us - b->events[row].kafka_us) / TG_SEC,
                      left < stride ? left : stride);
  }
}

void tg_measure_committed(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b,
                          int64_t commit_us)
{
  struct tg_topic_metrics *m = &lane->measures[topic];
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    uint32_t counts[TG_FATES];
    if (s->gone) continue;
    tg_batch_tally(b, s->row, s->rows, counts);
    for (int f = 0; f < TG_FATES; f++) tg_metric_add(m->fates[f], counts[f]);
    tg_metric_add(m->copied, counts[TG_LOAD] + counts[TG_TAG]);
    count_stages(m, b, s);
    observe_latency(m, b, s, commit_us);
  }
}

void tg_measure_pause(struct tg_lane *lane)
{
  if (!lane->swapped_us) return;
  tg_metric_observe(lane->pause_s, (double)(tg_clock_mono_us() - lane->swapped_us) / TG_SEC, 1);
  lane->swapped_us = 0;
}
