/* The keeper's part in windows and timers: what lanes measured is merged and, once a window is
 * over, judged once for the topic, by whichever process holds the topic's lease (core/pg/window.h).
 *
 *   pieces -> merge -> over?  judge -> verdict, state of the rule, breaker
 *                      else   back into the table
 *
 * A verdict of a window comes after its rows are loaded: it warns, or opens the breaker for later
 * loads. Thread: the keeper's. */
#ifndef TG_APP_WINDOWS_H
#define TG_APP_WINDOWS_H

#include "bindings/program.h"
#include "core/app/hub.h"
#include "core/pg/conn.h"

struct tg_windows {
  struct tg_hub *hub;
  int64_t next_us;                /* monotonic: when to look again */
  int64_t last_us;                /* wall clock: when we looked last; 0: never */
  int64_t held_us[TG_TOPICS_MAX]; /* by number: wall clock when a topic was last seen to wait */
};

/* Looks at every topic that has such rules, at most once a second. What fails is logged and tried
 * again; the connection is left without a transaction, or dropped. */
void tg_windows_turn(struct tg_windows *w, struct tg_pg *pg, struct tg_program *p);

#endif
