/* The partitions of a lane. */
#include "core/app/parts.h"

#include "core/base/clock.h"
#include "core/state/stateset.h"

#include <stdio.h>
#include <stdlib.h>

void tg_parts_clear(struct tg_parts *p)
{
  for (uint32_t i = 0; i < p->count; i++) tg_stateset_free(p->list[i].memory);
  p->count = p->alone = 0;
}

void tg_parts_fini(struct tg_parts *p)
{
  tg_parts_clear(p);
  free(p->list);
  *p = (struct tg_parts){0};
}

static void part_init(struct tg_part *part, const struct tg_topart *t)
{
  *part = (struct tg_part){.partition = t->partition,
                           .topic_index = -1,
                           .eof = -1,
                           .seam.offset = -1,
                           .limit = INT64_MAX};
  part->committed = part->sealed = part->next = -1;
  snprintf(part->topic, sizeof part->topic, "%s", t->topic);
}

bool tg_part_lag(struct tg_part *p, int64_t high, int64_t now_us, int64_t *records, int64_t *us)
{
  if (high < 0) return false;
  if (high <= p->committed) p->fresh_us = now_us;
  *records = high > p->committed ? high - p->committed : 0;
  *us = now_us > p->fresh_us ? now_us - p->fresh_us : 0;
  return true;
}

bool tg_parts_reset(struct tg_parts *p, const struct tg_topart *assigned, uint32_t count)
{
  tg_parts_clear(p);
  if (count > p->size) {
    struct tg_part *list = realloc(p->list, count * sizeof *list);
    if (!list) return false;
    p->list = list, p->size = count;
  }
  p->epoch++;
  for (uint32_t i = 0; i < count; i++) {
    part_init(&p->list[i], &assigned[i]);
    p->list[i].epoch = p->epoch;
  }
  p->count = count;
  return true;
}

int32_t tg_parts_topic(const struct tg_topic *const *topics, uint32_t count,
                       const char *kafka_topic)
{
  for (uint32_t t = 0; t < count; t++)
    for (uint32_t k = 0; k < topics[t]->kafka_topics_count; k++)
      if (tg_text_is(topics[t]->kafka_topics[k], kafka_topic)) return (int32_t)t;
  return -1;
}

void tg_parts_bind(struct tg_parts *p, const struct tg_topic *const *topics, uint32_t count)
{
  for (uint32_t i = 0; i < p->count; i++)
    p->list[i].topic_index = tg_parts_topic(topics, count, p->list[i].topic);
}

void tg_parts_rewind(struct tg_parts *p)
{
  p->epoch++;
  for (uint32_t i = 0; i < p->count; i++) {
    struct tg_part *part = &p->list[i];
    part->next = part->sealed;
    part->epoch = p->epoch;
    part->eof = -1;
  }
}

uint32_t tg_parts_assignment(const struct tg_parts *p, struct tg_topart *out)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->count; i++) {
    const struct tg_part *part = &p->list[i];
    if (part->state != TG_PART_READING) continue;
    bool waits = part->held || part->topic_index < 0 || tg_part_waits(p, i);
    out[n++] = (struct tg_topart){.topic = part->topic,
                                  .partition = part->partition,
                                  .slot = i,
                                  .offset = part->seam.offset >= 0 ? part->seam.offset : part->next,
                                  .paused = waits};
  }
  return n;
}
