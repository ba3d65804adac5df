/* Windows of Kafka time. */
#include "core/flow/window.h"

#include <stdbool.h>

int64_t tg_window_start(int64_t us, int64_t size)
{
  int64_t rest = us % size;
  return us - rest - (rest < 0 ? size : 0);
}

int64_t tg_window_watermark(const struct tg_window_part *parts, uint32_t count, int64_t now_us,
                            int64_t idle_us)
{
  int64_t least = TG_WINDOW_NONE, greatest = TG_WINDOW_NONE;
  for (uint32_t i = 0; i < count; i++) {
    const struct tg_window_part *p = &parts[i];
    bool idle = now_us - p->moved_us >= idle_us;
    if (p->newest_us == TG_WINDOW_NONE && !idle) return TG_WINDOW_NONE;
    if (p->newest_us > greatest) greatest = p->newest_us;
    if (idle) continue;
    if (least == TG_WINDOW_NONE || p->newest_us < least) least = p->newest_us;
  }
  if (least != TG_WINDOW_NONE || greatest == TG_WINDOW_NONE) return least;
  return now_us - idle_us > greatest ? now_us - idle_us : greatest;
}
