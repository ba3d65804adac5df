/* Times before which rules judge in shadow; see the header. */
#include "core/app/bakes.h"

#include "core/app/elders.h"
#include "core/app/hub.h"
#include "core/pg/baked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tg_bakes *tg_bakes_new(const struct tg_program *p)
{
  struct tg_bake bake;
  uint32_t count = 0;
  while (tg_program_baking(p, count, &bake)) count++;
  struct tg_bakes *bakes = calloc(1, sizeof *bakes + count * sizeof *bakes->until_us);
  if (!bakes) return NULL;
  bakes->elder_of = malloc(count + 1);
  if (!bakes->elder_of) return free(bakes), NULL;
  memset(bakes->elder_of, -1, count + 1);
  bakes->count = count;
  for (uint32_t i = 0; i < count; i++) atomic_init(&bakes->until_us[i], INT64_MAX);
  return bakes;
}

void tg_bakes_free(struct tg_bakes *bakes)
{
  for (uint32_t i = 0; bakes && i < bakes->elders_count; i++)
    tg_arena_fini(&bakes->elders[i].arena);
  if (bakes) free(bakes->elder_of);
  free(bakes);
}

void tg_bakes_give(const struct tg_bakes *bakes, struct tg_program *p)
{
  if (bakes) tg_program_bake(p, bakes->until_us);
}

static enum tg_rc read_one(const struct tg_bake *bake, struct tg_pg *pg, struct tg_baked *row,
                           int64_t deadline_us, struct tg_err *err)
{
  char topic[TG_TOPIC_BYTES_MAX + 1];
  snprintf(topic, sizeof topic, "%.*s", TG_TEXT(bake->topic->name));
  row->topic = topic;
  row->rule = bake->rule;
  row->fingerprint = bake->fingerprint;
  row->bake_us = bake->bake_us;
  row->kafka = bake->topic->kafka_topics;
  row->kafka_count = bake->topic->kafka_topics_count;
  return tg_baked_read(pg, row, deadline_us, err);
}

enum tg_rc tg_bakes_read(struct tg_bakes *bakes, const struct tg_program *p,
                         const struct tg_bakes_query *q, struct tg_err *err)
{
  struct tg_bake bake;
  struct tg_baked row = {.pipeline = q->pipeline};
  for (uint32_t i = 0; !bakes->known && i < bakes->count && tg_program_baking(p, i, &bake); i++) {
    enum tg_rc rc = read_one(&bake, q->pg, &row, q->deadline_us, err);
    if (rc == TG_OK) rc = tg_elders_find(bakes, q, row.elder, &bakes->elder_of[i], err);
    if (rc != TG_OK) return rc;
    atomic_store(&bakes->until_us[i], row.until_us);
  }
  bakes->known = true;
  atomic_store(&bakes->ready, true);
  return TG_OK;
}
