/* The hub is what the threads of one process tell each other outside the data path: which topics
 * are held and why, breakers to be persisted, health, metrics, stop. Everything here is rare;
 * the lanes read one atomic per step.
 *
 * A topic is held for a set of reasons; its partitions are paused on every lane until the set is
 * empty:
 *   PREPARE  its table has not been looked at yet (start, reload)       released by the keeper
 *   TABLE    its table cannot take rows (missing, changed, locked)      the keeper probes it and
 *   releases it
 *   BREAKER  its breaker is not closed in PostgreSQL, or about to be   the keeper mirrors
 *   tidegate.breaker; while it is half open lanes may read what tg_hub_range() says
 *   LOOKUP   a lookup of it was not read yet                            the keeper reads it
 *
 * Thread: any; a mutex inside. */
#ifndef TG_APP_HUB_H
#define TG_APP_HUB_H

#include "core/app/config.h"
#include "core/base/metrics.h"
#include "core/flow/breaker.h"
#include "core/pg/breakerrow.h"
#include "core/state/stateset.h"

#include "core/base/buf.h"

#include <pthread.h>
#include <stdatomic.h>

enum tg_hold { TG_HOLD_PREPARE = 1, TG_HOLD_TABLE = 2, TG_HOLD_BREAKER = 4, TG_HOLD_LOOKUP = 8 };
enum { TG_TOPICS_MAX = 1024, TG_TOPIC_BYTES_MAX = 249 };

/* Why a breaker opens, on its way to PostgreSQL. */
struct tg_trip {
  struct tg_trip *next;
  char reason[512], rule[160]; /* rule: empty when it is no single one's */
  char evidence[512];          /* JSON */
  char generation[65];
  uint32_t count;
  struct tg_range *ranges; /* the batch; partition_id, from, to */
};

struct tg_topic_state {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  unsigned holds;         /* set of enum tg_hold */
  int64_t probe_after_us; /* monotonic: when the keeper looks at the table again */
  int64_t failed_us;      /* monotonic: when the table was last found wanting */
  uint32_t failures;      /* times in a row */
  char reason[512];       /* why it is held, newest */
  /* its breaker */
  enum tg_breaker_state breaker; /* as lanes are to see it */
  struct tg_breakerrow row;      /* as PostgreSQL had it last; rule and generation of a new trip */
  uint32_t ranges_count, ranges_through;
  struct tg_range *ranges; /* while it is not closed; the hub's: NULL in a copy */
  struct tg_trip *trips;   /* not in PostgreSQL yet; the hub's: in a copy only NULL or not */
  uint32_t trips_count;
  bool refreshed;                /* a lookup was read again */
  struct tg_breaker_share share; /* rejected rows */
  /* at the newest reload */
  bool sound;                     /* the set before did not hold it back */
  struct tg_breaker_tally before; /* rejected rows until then */
};

enum { TG_JOURNAL_MAX = 64 };
struct tg_entry { /* a journal row on its way to PostgreSQL */
  char kind[16], topic[TG_TOPIC_BYTES_MAX + 1], message[512];
};

struct tg_relay;    /* relay.h */
struct tg_samples;  /* samples.h */
struct tg_alerts;   /* alerts.h */
struct tg_logmeter; /* logmeter.h */

struct tg_hub {
  const struct tg_config *config;
  struct tg_metrics *metrics;
  atomic_bool stopping;
  atomic_uint version;        /* grows with every change of holds */
  atomic_bool schema_ready;   /* the state schema is there: lanes may claim */
  atomic_llong pg_ok_us;      /* monotonic time when PostgreSQL last answered anybody; 0 = never */
  atomic_llong kafka_bad_us;  /* since when the brokers are away; 0 = fine */
  int64_t run;                /* random: which process this is */
  char name[72];              /* host:pid */
  atomic_uint careful;        /* the lane that tries records alone, plus one; 0: none does */
  atomic_uint swaps_due;      /* lanes that have not taken over the newest program yet */
  struct tg_samples *samples; /* of the newest events */
  struct tg_relay *relay;     /* outbox -> Kafka; set before any lane starts; NULL: sink: kafka */
  struct tg_logmeter *logmeter; /* set before any lane starts */
  struct tg_alerts *alerts;     /* set before anything else starts; NULL: nobody is told (tests) */
  atomic_bool emits; /* some output is, or was, configured: the group's offsets are the relay's */
  struct tg_state_room state_room; /* of all lanes */
  atomic_ullong lookups_bytes;     /* of the snapshots in use */
  atomic_bool reloaded; /* a new set is out; the keeper's share waits for swaps_due == 0 */
  pthread_mutex_t lock;
  char running[65]; /* the set whose rows are counted; "": any */
  bool trial;       /* it has yet to show that it can run */
  struct tg_topic_state topics[TG_TOPICS_MAX];
  uint32_t topics_count;
  struct tg_entry notes[TG_JOURNAL_MAX]; /* ring; full: the oldest is dropped, and logged */
  uint32_t notes_head, notes_count;
};

/* NULL without memory. metrics, config: borrowed. */
struct tg_hub *tg_hub_new(const struct tg_config *config, struct tg_metrics *metrics);
void tg_hub_free(struct tg_hub *h);

/* Adds a reason to hold a topic (its name is remembered from then on). Logs it once. */
void tg_hub_hold(struct tg_hub *h, struct tg_text topic, enum tg_hold why, const char *reason);
/* Removes a reason; logs when the topic goes on. */
void tg_hub_release(struct tg_hub *h, struct tg_text topic, enum tg_hold why);
unsigned tg_hub_holds(struct tg_hub *h, struct tg_text topic);

/* The keeper's side: copies the state of topic number i; false past the end. */
bool tg_hub_topic(struct tg_hub *h, uint32_t i, struct tg_topic_state *out);
/* Puts down something worth telling: "reload", "ddl", "breaker", "halt", "gap". topic may be
 * NULL. */
void tg_hub_note(struct tg_hub *h, const char *kind, const char *topic, const char *message);
/* The keeper's side: copies the oldest note; false when there is none. Dropped once it is in
 * PostgreSQL. */
bool tg_hub_note_first(struct tg_hub *h, struct tg_entry *out);
void tg_hub_note_done(struct tg_hub *h);

/* --- breakers --- */

enum { TG_TRIPS_MAX = 16 }; /* of a topic that wait; what comes then is found again */

/* The breaker opens: held at once here, written by the keeper. Copied. */
void tg_hub_trip(struct tg_hub *h, struct tg_text topic, const struct tg_trip *trip);
/* The keeper's side: the oldest trip, which stays where it is; NULL: none. It is freed once it is
 * written. */
const struct tg_trip *tg_hub_trip_first(struct tg_hub *h, struct tg_text topic);
void tg_hub_trip_written(struct tg_hub *h, struct tg_text topic);

/* What PostgreSQL says of a breaker. Not taken over while trips are on their way there. ranges:
 * taken. A change is logged and counted. */
void tg_hub_breaker(struct tg_hub *h, const struct tg_breakerrow *row, struct tg_range *ranges,
                    uint32_t count);
/* A load was refused: another process has moved it. Held, until the keeper has read more. */
void tg_hub_refused(struct tg_hub *h, struct tg_text topic);

/* True while the breaker is half open and the partition has a range: it may read that. */
bool tg_hub_range(struct tg_hub *h, struct tg_text topic, int32_t partition_id,
                  struct tg_range *out);
/* Such a partition stands at its end behind its range. */
void tg_hub_at_end(struct tg_hub *h, struct tg_text topic, int32_t partition_id);
/* The keeper's side: those partitions as "{3,7}"; "{}": none. */
void tg_hub_ends(struct tg_hub *h, struct tg_text topic, struct tg_buf *out);

/* A lookup of the topic was read again. */
void tg_hub_refreshed(struct tg_hub *h, const char *topic);
/* The keeper's side: was there one since the last time? */
bool tg_hub_was_refreshed(struct tg_hub *h, const char *topic);

/* Rows were committed; too large a share of them in the quarantine opens the breaker. */
struct tg_hub_rows {
  struct tg_text topic;
  const char *generation; /* that judged them */
  struct tg_breaker_tally tally;
  int64_t kafka_us;
};
void tg_hub_count(struct tg_hub *h, const struct tg_hub_rows *rows);
/* Closes all breakers: for a process that keeps them nowhere else. */
void tg_hub_close_breakers(struct tg_hub *h);
/* The main thread's: `generation` is about to be taken over. From now on its rows only are counted.
 * trial: meanwhile the breaker of a topic opens also when its share of rejected rows is more than
 * reload.canary_percent points above that of the set before. */
void tg_hub_run(struct tg_hub *h, const char *generation, bool trial);
void tg_hub_trial_over(struct tg_hub *h);
/* True when the set on trial holds back a topic that was sound before it, by an error of a script
 * or by rejected rows, not by a critical rule, which may be right. why: topic and reason. */
bool tg_hub_trial_failed(struct tg_hub *h, char *why, size_t size);

/* Sets when the keeper looks at the table again: in 1 s when only the world is at fault (TG_RETRY),
 * else in 1, 2, 4 .. 30 s, beginning anew when the last time is more than a minute ago. */
void tg_hub_probe_later(struct tg_hub *h, struct tg_text topic, enum tg_rc why);
/* A topic that no script has any more waits for nothing. */
void tg_hub_forget(struct tg_hub *h, const char *topic);

#endif
