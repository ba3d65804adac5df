/* Telling the service manager what the process does: sd_notify(3)'s protocol, a datagram to
 * $NOTIFY_SOCKET. */
#ifndef TG_APP_NOTIFY_H
#define TG_APP_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1" or "WATCHDOG=1"; nothing happens outside of a service manager. */
void tg_notify(const char *lines);
/* Microseconds between two WATCHDOG=1 that the manager wants (half of $WATCHDOG_USEC), 0 = none. */
int64_t tg_notify_watchdog_us(void);

#endif
