/* Windows of Kafka time (tumbling, as Flink calls them), and when one may be judged.
 *
 *   partition 0   ....................|newest
 *   partition 1   ...........|newest              <- the watermark: the least of those that move
 *   partition 2   ..|newest   (idle: nothing for a while, it holds nobody up)
 *
 *   window  [start, start + size)   is over when the watermark has passed its end
 *
 * Pure: times are arguments, in microseconds since 1970; `now` is the wall clock. */
#ifndef TG_FLOW_WINDOW_H
#define TG_FLOW_WINDOW_H

#include <stdint.h>

#define TG_WINDOW_NONE INT64_MIN /* no watermark yet: nothing is over */

/* Start of the window of `size` in which `us` lies, also before 1970. size > 0. */
int64_t tg_window_start(int64_t us, int64_t size);

/* True when the window has ended at the watermark. */
static inline int tg_window_over(int64_t start, int64_t size, int64_t watermark)
{
  return watermark != TG_WINDOW_NONE && start <= watermark - size;
}

/* How far one partition is. */
struct tg_window_part {
  int64_t newest_us; /* Kafka time of its newest event; TG_WINDOW_NONE: none was seen */
  int64_t moved_us;  /* wall time since when nothing has come though somebody reads it */
};

/* The least newest_us of the partitions that moved within idle_us. When all are idle: what is older
 * than idle_us by the wall clock is over, so that the last window of a quiet topic is judged too;
 * never before the newest event. TG_WINDOW_NONE: no event was ever seen, or of a partition that is
 * not idle none was: nobody knows yet what it brings. */
int64_t tg_window_watermark(const struct tg_window_part *parts, uint32_t count, int64_t now_us,
                            int64_t idle_us);

#endif
