/* Partitions on whose data processes ended: they are read one at a time, alone, in pieces that are
 * marked in PostgreSQL before anything looks at them; each death makes the piece a 64th, and the
 * record that ends the process alone, twice, is refused unseen (docs/EXACTLY_ONCE.md, "Data that
 * ends the process"). */
#include "core/app/lane.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum {
  TRIES_MIN = 2,     /* deaths in a row without progress: once may be anything */
  LETHAL_MIN = 2,    /* deaths with one record alone */
  PAUSE_US = 1000000 /* after a mark that failed */
};

void tg_careful_begin(struct tg_lane *lane, struct tg_part *p, const struct tg_claim *c)
{
  bool in_piece = c->piece && c->piece_to > c->next;
  p->careful = in_piece || c->tries >= TRIES_MIN;
  p->piece = in_piece ? c->piece : 0;
  p->careful_to = in_piece ? c->piece_to : -1;
  p->refused_to = in_piece && c->lethal >= LETHAL_MIN ? c->piece_to : 0;
  if (!p->careful) return;
  tg_log(TG_WARN, lane->name,
         "%s[%d]: processes ended at offset %" PRId64 ", %u in a row; its records are tried alone",
         p->topic, p->partition, c->next, c->tries);
}

/* The lane gives its turn back. */
static void give_back(struct tg_lane *lane)
{
  unsigned mine = lane->number + 1;
  lane->parts.alone = 0;
  atomic_compare_exchange_strong(&lane->hub->careful, &mine, 0);
}

void tg_careful_end(struct tg_lane *lane)
{
  give_back(lane);
  lane->mark_to = -1;
}

static bool is_suspect(const struct tg_part *p)
{
  return p->careful && p->state == TG_PART_READING && !p->held && p->topic_index >= 0;
}

/* A partition without records is not what ended the process. */
static void acquit(struct tg_parts *parts)
{
  struct tg_part *p = &parts->list[parts->alone - 1];
  if (p->eof >= 0 && p->next == p->sealed && p->sealed == p->committed) p->careful = false;
}

static uint32_t next_suspect(const struct tg_parts *parts)
{
  for (uint32_t i = 0; i < parts->count; i++)
    if (is_suspect(&parts->list[i])) return i + 1;
  return 0;
}

void tg_careful_steer(struct tg_lane *lane)
{
  struct tg_parts *parts = &lane->parts;
  unsigned nobody = 0;
  if (parts->alone) acquit(parts);
  if (parts->alone && is_suspect(&parts->list[parts->alone - 1])) return;
  uint32_t next = next_suspect(parts), before = parts->alone;
  if (before && !next) give_back(lane);
  if (!before && next &&
      !atomic_compare_exchange_strong(&lane->hub->careful, &nobody, lane->number + 1))
    return; /* another lane's turn */
  parts->alone = next;
  lane->reassign |= before != next;
}

uint32_t tg_careful_rows(const struct tg_lane *lane)
{
  uint32_t piece = lane->parts.alone ? lane->parts.list[lane->parts.alone - 1].piece : 0;
  return piece && piece < lane->rows_max ? piece : lane->rows_max;
}

bool tg_careful_busy(const struct tg_lane *lane)
{
  return lane->marking || (lane->parts.alone && lane->loads_out);
}

static void send_mark(struct tg_lane *lane, const struct tg_part *p)
{
  lane->mark = (struct tg_claim){.topic = p->topic,
                                 .partition = p->partition,
                                 .partition_id = p->partition_id,
                                 .claim_id = p->claim_id,
                                 .next = p->sealed,
                                 .piece_to = p->next,
                                 .piece = lane->open->load.rows};
  lane->mark_job = (struct tg_job){.kind = TG_JOB_MARK, .claims = &lane->mark, .count = 1};
  lane->marking = lane->full = true; /* nothing more comes into what is marked */
  tg_queue_push(&lane->writer.to_writer, &lane->mark_job, INT64_MAX);
}

bool tg_careful_ready(struct tg_lane *lane)
{
  if (!lane->parts.alone || !lane->open->load.rows) return true;
  const struct tg_part *p = &lane->parts.list[lane->parts.alone - 1];
  if (lane->mark_to == p->next && lane->mark.next == p->sealed) return true;
  if (tg_clock_mono_us() >= lane->mark_after_us) send_mark(lane, p);
  return false;
}

void tg_careful_marked(struct tg_lane *lane, const struct tg_job *job)
{
  lane->marking = false;
  if (job->rc == TG_OK) {
    lane->mark_to = lane->mark.piece_to;
    return;
  }
  tg_log_err(TG_WARN, lane->name, &job->err);
  lane->mark_after_us = tg_clock_mono_us() + PAUSE_US;
}

void tg_careful_refuse(struct tg_lane *lane, struct tg_batch *b)
{
  char note[600];
  const struct tg_part *p = lane->parts.alone ? &lane->parts.list[lane->parts.alone - 1] : NULL;
  if (!p || !p->refused_to || !b->rows) return;
  b->refused_to = p->refused_to;
  snprintf(note, sizeof note,
           "%s[%d]: the process ended twice with the record at offset %" PRId64
           " alone: it goes to the quarantine unseen",
           p->topic, p->partition, b->events[0].offset);
  tg_log(TG_ERROR, lane->name, "%s", note);
  tg_hub_note(lane->hub, "crash", p->topic, note);
}

void tg_careful_passed(struct tg_part *p)
{
  if (p->committed < p->careful_to) return;
  p->careful = false;
  p->piece = 0, p->refused_to = 0;
}
