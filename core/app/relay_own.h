/* The inside of the relay: relay.c (its thread, what lanes tell it) and relay_send.c (from the
 * outbox to Kafka). */
#ifndef TG_APP_RELAY_OWN_H
#define TG_APP_RELAY_OWN_H

#include "core/app/relay.h"

#include "core/app/producers.h"
#include "core/pg/outbox.h"

#include <pthread.h>

struct tg_relay_told { /* what a lane holds, with all that taking it over needs */
  struct tg_relay_part *parts;
  struct tg_outgoing *outgoing; /* one a part */
  struct tg_topart *toparts;    /* one a part: room for calls of Kafka's side */
  uint32_t count;
  struct tg_buf member;
};

struct tg_relay_lane {
  struct tg_relay_told told;       /* by the lane; lock held */
  _Atomic uint64_t version, taken; /* of what was told; taken over by the relay */
  /* the relay's own */
  struct tg_relay_part *parts;
  struct tg_outgoing *outgoing;
  struct tg_topart *toparts;
  uint32_t count;
  struct tg_buf member;
  bool ready;          /* what is out is known */
  int64_t advanced_us; /* monotonic: the last commit */
};

struct tg_relay_metrics {
  struct tg_output_metrics out;
  struct tg_metric *suppressed, *lag, *stalled;
};

struct tg_relay {
  struct tg_hub *hub;
  char id[TG_RELAY_ID_BYTES_MAX + 1]; /* transactional id: one a process */
  struct tg_emitter *emitter;         /* NULL: to be made */
  struct tg_pg_conf pg_conf;
  struct tg_pg *pg;
  char name[64];
  struct tg_relay_lane lanes[TG_LANES_MAX];
  bool open;                 /* a transaction was begun and not committed */
  _Atomic uint32_t failures; /* in a row; written by the thread only */
  int64_t retry_us;          /* monotonic: nothing before */
  int64_t behind_us;         /* monotonic: since when something waits; 0: nothing does */
  struct tg_buf headers;
  struct tg_relay_metrics metrics;
  _Atomic bool stopping;
  pthread_mutex_t lock;
  pthread_cond_t changed; /* told, taken, nudged */
  bool nudged;
  char failure[512]; /* the last one; lock held */
  pthread_t thread;
  bool started;
};

/* Events of the lane's partitions that are loaded and not yet out; pending: only of partitions that
 * have records in the outbox. */
int64_t tg_relay_lag(const struct tg_relay_lane *lane, bool pending);

/* Learns what is out of the lane's partitions, after ending what their former relays began. */
enum tg_rc tg_relay_adopt(struct tg_relay *r, struct tg_relay_lane *lane, struct tg_err *err);

/* Sends what the lane's partitions have in the outbox, one transaction at most. *more: there is
 * more. */
enum tg_rc tg_relay_send(struct tg_relay *r, struct tg_relay_lane *lane, bool *more,
                         struct tg_err *err);

#endif
