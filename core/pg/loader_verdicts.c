/* The verdicts of a load: one INSERT of at most TG_VERDICTS_MAX rows, part of the final message. */
#include "core/pg/attempt.h"

#include "core/pg/verdictlist.h"

enum { RANGES_MAX = 256 };

/* The newest Kafka time of what is loaded; -1 when records have none. */
static int64_t newest_us(const struct tg_batch *b)
{
  int64_t us = -1;
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    if (tg_segment_live(b, s) && s->rows && s->kafka_us_max > us) us = s->kafka_us_max;
  }
  return us;
}

static void write_ranges(struct tg_buf *json, const struct tg_batch *b)
{
  uint32_t count = 0;
  tg_buf_clear(json);
  tg_buf_char(json, '[');
  for (uint32_t i = 0; i < b->segments_count && count < RANGES_MAX; i++) {
    const struct tg_segment *s = &b->segments[i];
    if (!tg_segment_live(b, s) || !s->rows) continue;
    tg_buf_printf(json, "%s{\"partition_id\":%d,\"part\":%d,\"from\":%lld,\"to\":%lld}",
                  count++ ? "," : "", s->partition_id, s->partition, (long long)s->from,
                  (long long)s->to);
  }
  tg_buf_char(json, ']');
}

static bool any_rows(const struct tg_batch *b)
{
  for (uint32_t i = 0; i < b->segments_count; i++)
    if (tg_segment_live(b, &b->segments[i]) && b->segments[i].rows) return true;
  return false;
}

/* Adds up to `most` of the batch's notes; returns how many. */
static uint32_t add_batch(struct tg_buf *list, struct tg_buf *ranges, const struct tg_batch *b,
                          uint32_t most)
{
  if (!b->verdicts_count || !any_rows(b)) return 0;
  uint32_t count = b->verdicts_count < most ? b->verdicts_count : most;
  write_ranges(ranges, b);
  for (uint32_t v = 0; v < count; v++)
    tg_verdictlist_add(list, &b->verdicts[v], b->topic->name, newest_us(b), tg_buf_cstr(ranges));
  list->failed |= ranges->failed;
  return count;
}

void tg_attempt_verdicts(struct tg_attempt *a, struct tg_buf *sql)
{
  struct tg_buf *list = &a->l->text, ranges;
  const char *generation = a->load->generation ? a->load->generation : "";
  uint32_t count = 0;
  tg_buf_init(&ranges, 0);
  tg_buf_clear(list);
  for (uint32_t i = 0; i < a->load->batches_count; i++)
    count += add_batch(list, &ranges, &a->load->batches[i], TG_VERDICTS_MAX - count);
  if (count) tg_verdictlist_insert(sql, a->l->conf.pipeline, generation, list);
  tg_buf_fini(&ranges);
}
