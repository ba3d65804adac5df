/* How long a load waits for more. */
#include "core/flow/linger.h"

int64_t tg_linger_due_us(uint32_t rows, int64_t opened_us, int64_t linger_us, int64_t before_us)
{
  int64_t due_us = opened_us + linger_us;
  if (rows >= TG_LINGER_ROWS || !before_us || before_us + TG_LINGER_US < due_us) return due_us;
  return before_us + TG_LINGER_US;
}
