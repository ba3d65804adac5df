/* Any bytes as a zone's file: no crash, and what is believed answers within a day and two hours. */
#include "core/data/zone.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const int64_t hours[] = {-500000, 0, 1, 493000, 494000, 600000, 9000000};
  const struct tg_zone *z = NULL;
  struct tg_arena arena;
  tg_arena_init(&arena, 4096, 0);
  if (tg_zone_read(&arena, tg_text_of((const char *)data, size), &z, NULL) == TG_OK)
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
      int64_t us = hours[i] * INT64_C(3600000000), most = 26 * INT64_C(3600000000), from;
      if (llabs(tg_zone_local(z, us) - us) > most || llabs(tg_zone_first(z, us) - us) > most)
        abort();
      (void)tg_zone_day(z, us, &from);
    }
  tg_arena_fini(&arena);
  return 0;
}
