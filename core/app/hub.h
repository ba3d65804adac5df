/* The hub is what the threads of one process tell each other outside the data path: which topics
 * are held and why, breakers to be persisted, health, metrics, stop. Everything here is rare;
 * the lanes read one atomic per step.
 *
 * A topic is held for a set of reasons; its partitions are paused on every lane until the set is
 * empty:
 *   PREPARE  its table has not been looked at yet (start, reload)       released by the keeper
 *   TABLE    its table cannot take rows (missing, changed, locked)      the keeper probes it and
 *   releases it
 *   BREAKER  its breaker is open in PostgreSQL, or about to be          the keeper mirrors
 *   tidegate.breaker
 *   LOOKUP   a lookup of it was not read yet                            the keeper reads it
 *
 * Thread: any; a mutex inside. */
#ifndef TG_APP_HUB_H
#define TG_APP_HUB_H

#include "core/app/config.h"
#include "core/base/metrics.h"
#include "core/state/stateset.h"

#include <pthread.h>
#include <stdatomic.h>

enum tg_hold { TG_HOLD_PREPARE = 1, TG_HOLD_TABLE = 2, TG_HOLD_BREAKER = 4, TG_HOLD_LOOKUP = 8 };
enum { TG_TOPICS_MAX = 1024, TG_TOPIC_BYTES_MAX = 249 };

struct tg_topic_state {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  unsigned holds;         /* set of enum tg_hold */
  bool trip_pending;      /* the breaker tripped here and PostgreSQL does not know yet */
  int64_t probe_after_us; /* monotonic: when the keeper looks at the table again */
  int64_t failed_us;      /* monotonic: when the table was last found wanting */
  uint32_t failures;      /* times in a row */
  char reason[512];       /* why it is held, newest */
  char evidence[512];     /* JSON of a trip: partitions and offsets */
};

enum { TG_JOURNAL_MAX = 64 };
struct tg_entry { /* a journal row on its way to PostgreSQL */
  char kind[16], topic[TG_TOPIC_BYTES_MAX + 1], message[512];
};

struct tg_relay;  /* relay.h */
struct tg_alerts; /* alerts.h */

struct tg_hub {
  const struct tg_config *config;
  struct tg_metrics *metrics;
  atomic_bool stopping;
  atomic_uint version;       /* grows with every change of holds */
  atomic_bool schema_ready;  /* the state schema is there: lanes may claim */
  atomic_llong pg_ok_us;     /* monotonic time when PostgreSQL last answered anybody; 0 = never */
  atomic_llong kafka_bad_us; /* since when the brokers are away; 0 = fine */
  int64_t run;               /* random: which process this is */
  atomic_uint careful;       /* the lane that tries records alone, plus one; 0: none does */
  atomic_uint swaps_due;     /* lanes that have not taken over the newest program yet */
  struct tg_relay *relay;    /* outbox -> Kafka; set before any lane starts */
  struct tg_alerts *alerts;  /* NULL: nobody is told; set before anything else starts */
  atomic_bool emits; /* some output is, or was, configured: the group's offsets are the relay's */
  struct tg_state_room state_room; /* of all lanes */
  atomic_ullong lookups_bytes;     /* of the snapshots in use */
  atomic_bool reloaded; /* a new set is out; the keeper's share waits for swaps_due == 0 */
  pthread_mutex_t lock;
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
/* Removes a reason; logs when the topic goes on. BREAKER: also one still to be persisted. */
void tg_hub_release(struct tg_hub *h, struct tg_text topic, enum tg_hold why);
unsigned tg_hub_holds(struct tg_hub *h, struct tg_text topic);

/* The breaker opens: held at once here, persisted by the keeper. evidence: JSON. */
void tg_hub_trip(struct tg_hub *h, struct tg_text topic, const char *reason, const char *evidence);
/* The keeper's side: copies the state of topic number i; false past the end. */
bool tg_hub_topic(struct tg_hub *h, uint32_t i, struct tg_topic_state *out);
/* Puts down something worth telling: "reload", "ddl", "breaker", "halt", "gap". topic may be
 * NULL. */
void tg_hub_note(struct tg_hub *h, const char *kind, const char *topic, const char *message);
/* The keeper's side: copies the oldest note; false when there is none. Dropped once it is in
 * PostgreSQL. */
bool tg_hub_note_first(struct tg_hub *h, struct tg_entry *out);
void tg_hub_note_done(struct tg_hub *h);

/* The breaker of a topic has moved in PostgreSQL: counted, and put down with the reason. */
void tg_hub_moved(struct tg_hub *h, const char *topic, const char *why);

void tg_hub_trip_persisted(struct tg_hub *h, struct tg_text topic);
/* PostgreSQL says that the breaker is closed: removes BREAKER, unless a trip is on its way. */
void tg_hub_closed(struct tg_hub *h, struct tg_text topic);
/* Sets when the keeper looks at the table again: in 1 s when only the world is at fault (TG_RETRY),
 * else in 1, 2, 4 .. 30 s, beginning anew when the last time is more than a minute ago. */
void tg_hub_probe_later(struct tg_hub *h, struct tg_text topic, enum tg_rc why);
/* A topic that no script has any more waits for nothing. */
void tg_hub_forget(struct tg_hub *h, const char *topic);

#endif
