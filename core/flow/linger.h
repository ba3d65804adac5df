/* When is a load due that is not full? An event shall not wait for company that does not come, and
 * nobody wants a transaction per event:
 *
 *   after a pause, or in a stream    load.linger after its first event
 *   in a trickle                     the same, but not before a second after the load before
 *
 * Every event pays for 50 ms of stream, up to a second ahead: at twenty events a second or more
 * none waits for longer than its linger, nor does the last one before a pause of them. Fewer make
 * fewer and larger loads, five a second one load a second. */
#ifndef TG_FLOW_LINGER_H
#define TG_FLOW_LINGER_H

#include <stdint.h>

enum {
  TG_LINGER_US = 1000000,
  TG_LINGER_ROW_US = 50000
}; /* between small loads; what a row pays */

struct tg_linger {   /* zeroed: there was no load yet */
  int64_t before_us; /* when the load before was handed over; 0: there was none */
  int64_t stream_us; /* until when the rows of loads have paid */
};

/* When a load of so many rows is due, which were taken from opened_us on and may wait for
 * linger_us. All on one clock. */
int64_t tg_linger_due_us(const struct tg_linger *g, uint32_t rows, int64_t opened_us,
                         int64_t linger_us);

/* A load was handed over. */
void tg_linger_handed(struct tg_linger *g, uint32_t rows, int64_t now_us);

#endif
