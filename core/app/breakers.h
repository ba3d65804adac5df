/* Breakers between PostgreSQL and those who move them: the keeper, windows, operators.
 *
 *   lock the row -> core/flow/breaker.h decides -> row, ranges, journal -> COMMIT
 *
 * What moves is decided under the row's lock by the server's clock, so that all processes agree
 * and each move is made, and put down, once. The keeper's part, turn by turn: trips of its lanes
 * are written; every second, and more often while one is half open, all breakers are read and shown
 * to the lanes; holds that are over end, a changed cause makes half open, clean ranges close. */
#ifndef TG_APP_BREAKERS_H
#define TG_APP_BREAKERS_H

#include "core/app/hub.h"
#include "core/data/topic.h"

struct tg_breaker_act { /* one event for one breaker */
  const char *pipeline, *topic;
  const struct tg_breaker_conf *conf;
  enum tg_breaker_event event;
  const struct tg_trip *trip;    /* CRITICAL */
  const struct tg_topic *script; /* CRITICAL: whose ranges are none; NULL: nobody's */
  const char *by, *reason;       /* an operator and why; NULL: tidegate itself */
  int64_t hold_us;               /* HOLD: 0 = without an end */
  enum tg_range_verdict verdict; /* VERDICT */
  int64_t deadline_us;
  /* out */
  bool taken, moved;
  enum tg_breaker_state from;
  struct tg_breakerrow row; /* after it */
};

/* Applies it inside the caller's transaction. TG_OK with taken false: it means nothing now. */
enum tg_rc tg_breakers_apply(struct tg_pg *pg, struct tg_breaker_act *act, struct tg_err *err);
/* The same in a transaction of its own. */
enum tg_rc tg_breakers_act(struct tg_pg *pg, struct tg_breaker_act *act, struct tg_err *err);

/* What to do next about a breaker, in one line; empty when it is closed. */
void tg_breakers_next(const struct tg_breakerrow *row, struct tg_buf *out);

/* --- the keeper's part --- */

enum tg_breakers_fresh { TG_FRESH_NOT, TG_FRESH_START, TG_FRESH_RELOAD };

struct tg_breakers {
  struct tg_hub *hub;
  int64_t read_us;              /* monotonic: when they were read last */
  enum tg_breakers_fresh fresh; /* the rules that run are new to the breakers */
  bool trying;                  /* some are half open */
  struct tg_breakerrow *rows;   /* what was read, while it is looked at */
  uint32_t count, size;
};

struct tg_breakers_set { /* what runs */
  const struct tg_topic *const *topics;
  uint32_t count;
  const char *generation;
};

/* False: PostgreSQL failed, which was logged; topics that were never looked at must wait. */
bool tg_breakers_turn(struct tg_breakers *b, struct tg_pg *pg, const struct tg_breakers_set *set);
/* Trips that PostgreSQL does not have yet. False: not all were written. */
bool tg_breakers_write(struct tg_breakers *b, struct tg_pg *pg, const struct tg_breakers_set *set);

#endif
