/* What the relay is told of a lane: the partitions it has claimed, and who it is in its group. */
#include "core/app/lane.h"
#include "core/app/relay.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { LET_GO_US = 5000000 }; /* what an orderly revoke waits for the transaction under way */

bool tg_outputs_any(const struct tg_config *config, const struct tg_program *program)
{
  uint32_t count;
  if (config->sink == TG_SINK_KAFKA) return false;
  const struct tg_topic *const *topics = tg_program_topics(program, &count);
  for (uint32_t t = 0; t < count; t++)
    if (tg_topic_emits(topics[t])) return true;
  return false;
}

static uint32_t list_parts(const struct tg_lane *lane, struct tg_relay_part *out)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    const struct tg_part *p = &lane->parts.list[i];
    if (!tg_part_claimed(p)) continue;
    out[n] = (struct tg_relay_part){
        .partition = p->partition, .partition_id = p->partition_id, .claim_id = p->claim_id};
    snprintf(out[n++].topic, sizeof out->topic, "%s", p->topic);
  }
  return n;
}

void tg_outputs_tell(struct tg_lane *lane)
{
  struct tg_err err;
  if (lane->told || lane->claiming || !atomic_load(&lane->hub->emits)) return;
  struct tg_relay_part *parts = calloc(lane->parts.count + 1, sizeof *parts);
  if (!parts) return; /* at the next step */
  tg_buf_clear(&lane->scratch);
  if (tg_consumer_member(lane->consumer, &lane->scratch, &err) != TG_OK) return free(parts);
  lane->told = tg_relay_tell(lane->hub->relay, lane->number, parts, list_parts(lane, parts),
                             tg_buf_view(&lane->scratch));
}

void tg_outputs_let_go(struct tg_lane *lane, bool lost)
{
  if (lane->hub->relay) tg_relay_let_go(lane->hub->relay, lane->number, lost ? 0 : LET_GO_US);
  lane->told = true; /* there is nothing to tell */
}
