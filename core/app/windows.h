/* The keeper's part in windows and timers: what lanes measured is merged and, once a window is
 * over, judged once for the topic, by whichever process holds the topic's lease (core/pg/window.h).
 *
 *   pieces -> merge -> over?  judge -> row of tidegate.verdict, state of the rule, breaker
 *                      else   back into the table
 *
 * All of it is one transaction, so that each window has exactly one verdict whatever dies; log,
 * journal and metrics follow its COMMIT. A timer's verdict is a row when it is fail, error, or pass
 * again. A verdict of a window comes after its rows are loaded: it warns, or opens the breaker for
 * later loads. Thread: the keeper's. */
#ifndef TG_APP_WINDOWS_H
#define TG_APP_WINDOWS_H

#include "bindings/program.h"
#include "core/app/windowview.h"
#include "core/pg/conn.h"

struct tg_windows {
  struct tg_hub *hub;
  const struct tg_program *program; /* whose topics these are; only compared */
  int64_t next_us;                  /* monotonic: when to look again */
  struct {                          /* by the topic's number; the server's wall clock */
    int64_t looked_us;              /* 0: never */
    int64_t held_us;                /* last seen to wait */
  } topics[TG_TOPICS_MAX];
  struct tg_windowview view;
};

/* Looks at every topic that has such rules, at most once a second. What fails is logged and tried
 * again; the connection is left without a transaction, or dropped. */
void tg_windows_turn(struct tg_windows *w, struct tg_pg *pg, struct tg_program *p);

#endif
