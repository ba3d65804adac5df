/* Loads that take the server too long. A load is split between its batches, never inside one: what
 * was judged together is written together. A batch that is too big alone leaves the load; the lane
 * reads its events again in smaller loads and judges them again.
 *
 *   [orders refunds users]  57014 in COPY refunds  ->  [orders users] [refunds]
 *                           57014 elsewhere        ->  [orders] [refunds users]
 *   [refunds]               57014                  ->  held, too_big; a single row: the topic waits
 */
#include "core/pg/attempt.h"

#include "core/base/clock.h"

enum { LATE_MAX = 2 };

void tg_attempt_judge_time(struct tg_attempt *a, int32_t batch)
{
  struct tg_loader *l = a->l;
  bool late = !tg_pg_connected(l->pg) && tg_clock_mono_us() >= a->deadline_us;
  if (late) l->late++;
  if (strcmp(tg_pg_sqlstate(l->pg), "57014") != 0 && l->late < LATE_MAX) return;
  l->slow = true;
  l->slow_batch = batch;
  l->late = 0;
}

static uint32_t count_live(const struct tg_load *load)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++)
    n += tg_batch_live(&load->batches[i]) && load->batches[i].segments_count;
  return n;
}

/* The only batch: out with it, unless there is nothing to cut. */
static enum tg_rc cut(struct tg_attempt *a, uint32_t batch)
{
  struct tg_batch *b = &a->load->batches[batch];
  b->held = true;
  if (b->rows > 1) return b->too_big = true, TG_AGAIN;
  a->report->topic = (int32_t)batch;
  return tg_err_set(
      a->err, TG_CONFIG, "pg",
      "table %.*s takes longer than postgres.statement_timeout for a single row: is a "
      "trigger slow, the disk full of work? raise the setting if it must be so",
      TG_TEXT(b->topic->table));
}

enum tg_rc tg_attempt_split(struct tg_attempt *a)
{
  struct tg_load *load = a->load;
  uint32_t live = count_live(load), seen = 0;
  int32_t blamed = a->l->slow_batch;
  a->l->slow = false;
  for (uint32_t i = 0; i < load->batches_count; i++) {
    struct tg_batch *b = &load->batches[i];
    if (!tg_batch_live(b) || !b->segments_count) continue;
    if (live == 1) return cut(a, i);
    b->later = blamed >= 0 ? (int32_t)i == blamed : seen >= live / 2;
    seen++;
  }
  return TG_AGAIN;
}

enum tg_rc tg_attempt_next(struct tg_attempt *a)
{
  bool more = false;
  for (uint32_t i = 0; i < a->load->batches_count; i++) {
    struct tg_batch *b = &a->load->batches[i];
    if (tg_batch_live(b)) b->done = true;
    more |= b->later && !b->held;
    b->later = false;
  }
  return more ? TG_AGAIN : TG_OK;
}
