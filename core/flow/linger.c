/* How long a load waits for more. */
#include "core/flow/linger.h"

#include <stdbool.h>

int64_t tg_linger_due_us(const struct tg_linger *g, uint32_t rows, int64_t opened_us,
                         int64_t linger_us)
{
  int64_t due_us = opened_us + linger_us, apart_us = g->before_us + TG_LINGER_US;
  bool stream = due_us <= g->stream_us + (int64_t)rows * TG_LINGER_ROW_US;
  return stream || !g->before_us || apart_us < due_us ? due_us : apart_us;
}

void tg_linger_handed(struct tg_linger *g, uint32_t rows, int64_t now_us)
{
  int64_t paid_us = g->stream_us + (int64_t)rows * TG_LINGER_ROW_US;
  int64_t most_us = now_us + TG_LINGER_US;
  g->before_us = now_us;
  g->stream_us = paid_us < now_us ? now_us : paid_us > most_us ? most_us : paid_us;
}
