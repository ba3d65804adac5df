/* The table behind casemap.c. */
#ifndef TG_DATA_CASEMAP_OWN_H
#define TG_DATA_CASEMAP_OWN_H

#include <stdint.h>

struct tg_case_range { /* every step-th code point from first to last changes by delta */
  uint32_t first, last, step;
  int32_t delta;
};

/* Ascending; ASCII is not in it. */
extern const struct tg_case_range tg_case_to_lower[], tg_case_to_upper[];
extern const uint32_t tg_case_to_lower_count, tg_case_to_upper_count;

#endif
