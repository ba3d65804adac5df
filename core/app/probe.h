/* A lane's part in a half-open breaker: the same ranges first, exactly, then what is behind them.
 *
 *   chain's end ----> from [ range ) to -----> rows behind it
 *        BEFORE            RANGE                   TRIAL
 *
 * The lane goes through these stages with all its partitions that have a range of the topic
 * together: what was one batch (one `cut`) is one batch again, so that it is judged as it was. For
 * that batch the lane reads nothing else; other topics wait for the moment that takes. A partition
 * is read up to its limit; events behind it are read again later. Partitions without a range stay
 * held until the breaker is closed. Thread: the worker. */
#ifndef TG_APP_PROBE_H
#define TG_APP_PROBE_H

#include "core/app/lane.h"

/* Which partitions are held, and up to where the others may be read; called once per step. A change
 * means that the assignment must be told again. */
void tg_probe_steer(struct tg_lane *lane);
/* True while the open load is only for the ranges of one batch. */
bool tg_probe_reading(const struct tg_lane *lane);
/* .. and all of it is there. */
bool tg_probe_complete(const struct tg_lane *lane);

/* What the operator decided about the batch, if it is one of ranges. */
enum tg_range_verdict tg_probe_verdict(const struct tg_lane *lane, uint32_t topic);
/* Applies that after the batch was judged: accepted rows are tagged, others go to the quarantine.
 * False: nothing was decided, the judgement stands. */
bool tg_probe_settle(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                     const struct tg_judgement *j);

#endif
