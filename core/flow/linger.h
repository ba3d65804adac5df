/* When is a load due that is not full? An event shall not wait for company that does not come, and
 * nobody wants a transaction per event:
 *
 *   rows   a worthy number: load.linger after the first one came
 *          few: the same, but a second after the load before it at the earliest
 *
 * So what comes after a pause is loaded at once, and a trickle makes one load a second. */
#ifndef TG_FLOW_LINGER_H
#define TG_FLOW_LINGER_H

#include <stdint.h>

enum { TG_LINGER_ROWS = 50, TG_LINGER_US = 1000000 }; /* a worthy number; between small loads */

/* When a load of so many rows is due, which were taken from opened_us on and may wait for
 * linger_us. before_us: when the lane's load before it was handed over; 0 = there was none.
 * All on one clock. */
int64_t tg_linger_due_us(uint32_t rows, int64_t opened_us, int64_t linger_us, int64_t before_us);

#endif
