/* Where a reader stands in the log of one partition, and what threatens it:
 *
 *   deleted | low ------- next ------- stable ------- high
 *             |  lead   |    unread              |
 *             |         |              `- behind -'  held back: a transaction is still open
 *
 *   low     the first offset that retention has left
 *   next    the reader's next offset
 *   stable  the last stable offset: what a reader of committed records gets ends here
 *   high    the high watermark: what the log has ends here
 */
#ifndef TG_FLOW_LOGSTAND_H
#define TG_FLOW_LOGSTAND_H

#include <stdint.h>

struct tg_logstand { /* offsets; high may be older than the others */
  int64_t low, next, stable, high;
};

/* Records between the first one and the reader. Below 0: so many were deleted before they were
 * read. */
int64_t tg_logstand_lead(const struct tg_logstand *s);

/* Records that open transactions hold back. */
int64_t tg_logstand_behind(const struct tg_logstand *s);

/* The share of the log that is not read yet, 0 .. 1; 1: what is deleted next is unread, or was. */
double tg_logstand_unread(const struct tg_logstand *s);

/* Since when the last stable offset stands while the log goes on. */
struct tg_stall { /* all 0: not looked at yet */
  int64_t stable, since_us;
};

/* How long it has stood, 0 when it moved or nothing is held back. now_us: monotonic, above 0; it is
 * counted from the first look that found it standing there. */
int64_t tg_stall_us(struct tg_stall *stall, const struct tg_logstand *s, int64_t now_us);

#endif
