/* The breaker of a topic: when it opens, when it may be tried again, when it closes.
 *
 *            CRITICAL                CHANGED, PROBE, VERDICT; REFRESHED + cool-down
 *   CLOSED ------------>     OPEN     --------------------------------------------> HALF_OPEN
 *      ^                      ^                                                        |
 *      |                      `-------------- CRITICAL: cool-down doubled -------------|
 *      `------------------------------------------ CLEAN ------------------------------'
 *
 *   any state -- HOLD --> HELD -- its time is over --> where it was before (HALF_OPEN: OPEN)
 *   any state -- RESET --> CLOSED
 *
 * A batch is deterministic: trying it again without a changed cause would fail for ever. So time
 * alone never leaves OPEN. A new set of rules (CHANGED), an operator's verdict on the ranges or his
 * wish to PROBE need not wait; data that was read again by itself (REFRESHED) waits for the
 * cool-down, or a lookup that is read every second would try every second.
 *
 * Pure: the clock is an argument, microseconds of any epoch. What is kept between two calls is the
 * caller's to save. */
#ifndef TG_FLOW_BREAKER_H
#define TG_FLOW_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum tg_breaker_state { TG_CLOSED, TG_OPEN, TG_HALF_OPEN, TG_HELD };
const char *tg_breaker_state_name(enum tg_breaker_state state); /* "closed", "half_open" .. */
/* False when name is none of them; *state is unchanged. */
bool tg_breaker_state_parse(const char *name, enum tg_breaker_state *state);

enum tg_breaker_event {
  TG_BREAKER_CRITICAL,  /* a batch or a window failed critically, or too many rows are rejected */
  TG_BREAKER_CHANGED,   /* other rules run than those that opened it */
  TG_BREAKER_REFRESHED, /* a lookup was read again */
  TG_BREAKER_PROBE,     /* an operator wants it tried */
  TG_BREAKER_VERDICT,   /* an operator decided what becomes of the ranges */
  TG_BREAKER_CLEAN,     /* the ranges and the rows behind them were clean */
  TG_BREAKER_HOLD,      /* an operator holds it, until hold_until_us */
  TG_BREAKER_RESET,     /* an operator closes it */
  TG_BREAKER_TICK       /* time has passed */
};

struct tg_breaker_conf {
  int64_t cooldown_us, cooldown_max_us;
  uint32_t trial_rows;         /* behind the ranges that must be clean, too */
  uint32_t quarantine_percent; /* of the rows in over_us; 0: never */
  uint32_t quarantine_rows;    /* with fewer rows the share is not judged */
  int64_t over_us;             /* of Kafka time */
};

struct tg_breaker {
  enum tg_breaker_state state;
  int64_t since_us;
  int64_t cooldown_us;          /* of this opening; 0: never opened */
  int64_t probe_us;             /* OPEN: not tried before, unless somebody wishes it */
  bool changed;                 /* the cause has, since it opened */
  uint32_t failures;            /* critical verdicts since it was closed last */
  enum tg_breaker_state before; /* HELD: CLOSED or OPEN, where it goes on */
  int64_t hold_until_us;        /* HELD: 0 = until somebody acts */
};

/* Applies an event. HOLD: hold_until_us is set by the caller before, 0 or a time. Returns true when
 * the state changed; since_us is now_us then. An event that means nothing in a state is ignored. */
bool tg_breaker_step(struct tg_breaker *b, const struct tg_breaker_conf *conf,
                     enum tg_breaker_event event, int64_t now_us);

/* True when the event would mean something: an operator is told when not. */
bool tg_breaker_takes(const struct tg_breaker *b, enum tg_breaker_event event);

/* --- rejected rows --- */

enum { TG_SHARE_BUCKETS = 60 };

/* Rows and rejected rows of the newest `over_us` of Kafka time, in buckets of a sixtieth of it. All
 * 0: nothing was counted. */
struct tg_breaker_share {
  int64_t newest; /* number of the newest bucket */
  uint64_t rows[TG_SHARE_BUCKETS], rejected[TG_SHARE_BUCKETS];
};

struct tg_breaker_tally {
  uint64_t rows, rejected;
};

/* Counts rows of Kafka time kafka_us, which is now_us at most: a producer whose clock is ahead
 * moves nothing. Rows older than the window count at its beginning. */
void tg_breaker_count(struct tg_breaker_share *s, const struct tg_breaker_conf *conf,
                      const struct tg_breaker_tally *rows, int64_t kafka_us, int64_t now_us);

/* True when the share is reached by enough rows. */
bool tg_breaker_reached(const struct tg_breaker_share *s, const struct tg_breaker_conf *conf,
                        struct tg_breaker_tally *out);

/* True when more than `points` of a hundred rows more are rejected now than before; both tallies
 * must have TG_JUMP_ROWS. points 0: never. */
enum { TG_JUMP_ROWS = 100 };
bool tg_breaker_jumped(const struct tg_breaker_tally *before, const struct tg_breaker_tally *now,
                       uint32_t points);

#endif
