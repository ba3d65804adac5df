/* One tidegate process: a keeper, N lanes, HTTP, signals, reload, shutdown.
 *
 *   SIGTERM, SIGINT   stop: finish or roll back the loads in flight, release claims, leave the
 *   group, exit 0
 *   a second one      ends the process at once (nothing is lost: the ledger decides where the next
 *   one goes on)
 *   SIGHUP            reload scripts and rules; on any fault the running set stays. At start and at
 *   each reload the folders are the truth, but for an order to go back to an earlier set.
 *
 * Order of start: scripts -> alerts -> keeper (schema, tables) -> relay -> log meter -> lanes ->
 * HTTP -> READY. Stop is the reverse.
 * Thread: main. */
#ifndef TG_APP_PROCESS_H
#define TG_APP_PROCESS_H

#include "core/app/keeper.h"
#include "core/app/lane.h"
#include "core/app/watch.h"

struct tg_endpoint; /* endpoint.h */

/* What a reload is asked for. */
struct tg_reload_order {
  char to[65]; /* the beginning of an earlier set's name; "": what lies on disk */
  char by[64]; /* who asks; "": nobody said, or a signal */
  bool dry;    /* show what would change, take nothing over */
  bool force;  /* take it over whatever the canary says */
};

/* What came of it. */
struct tg_reload_answer {
  enum tg_rc rc; /* TG_AGAIN: not known */
  bool dry;
  char running[65];     /* the set that runs now */
  char generation[65];  /* the one asked for; "": it could not be read */
  char text[4096];      /* faults, a line each */
  struct tg_buf canary; /* JSON list (canary.h), empty: it did not come so far */
};

/* A set that was taken over a moment ago, and the one to go back to (rollback.h). */
struct tg_rollback {
  struct tg_generation *former; /* its files; NULL: nothing to go back to */
  int64_t until_us, after_us;   /* monotonic: the trial's end; no other attempt before */
};

struct tg_process {
  const struct tg_config *config;
  struct tg_metrics *metrics;
  struct tg_hub *hub;
  struct tg_generation *generation; /* the running one; changed under the lock */
  struct tg_keeper keeper;
  struct tg_lane *lanes; /* lanes_count of them */
  uint32_t lanes_count;
  struct tg_endpoint *endpoint; /* NULL: HTTP is off */
  int signals;                  /* signalfd */
  int64_t started_us;           /* wall */
  int64_t tick_us;              /* monotonic: last turn of the main thread */
  struct tg_metric *reload_ok, *reload_time, *reloads_good, *reloads_bad, *rollbacks;
  struct tg_rollback rollback;
  struct tg_watch watch;
  pthread_mutex_t lock; /* of the reload asked for by another thread, and of its result */
  pthread_cond_t changed;
  uint64_t reloads_wanted, reloads_taken, reloads_done;
  struct tg_reload_order order; /* of those wanted and not taken yet */
  struct tg_reload_answer answer;
  enum tg_rc reload_rc;     /* of the last one */
  bool rolled_back;         /* it was taken over, and taken back */
  int64_t reloaded_us;      /* wall time of the last good reload */
  char reload_text[4096];   /* the faults of the last reload, a line each; "" after a good one */
  char generation_name[65]; /* sha256 of the running set */
  char recalled[256]; /* why the running set is not what lies on disk; "": it was, when read */
  bool keeper_started;
};

/* Before any thread: blocks the signals that the process handles. */
void tg_process_block_signals(void);

/* Starts everything. TG_CONFIG: faults in scripts or settings (each was logged). On failure
 * everything is stopped. */
enum tg_rc tg_process_start(struct tg_process *p, const struct tg_config *config,
                            struct tg_err *err);

/* One turn of the main thread: signals, reloads, watchdog; waits at most timeout_us. TG_AGAIN:
 * go on; TG_OK: a signal asked to stop; TG_FATAL: a lane ended by itself. */
enum tg_rc tg_process_turn(struct tg_process *p, int64_t timeout_us, struct tg_err *err);

/* Stops everything, in order. */
void tg_process_stop(struct tg_process *p);

#endif
