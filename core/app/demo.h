/* The demo's parts: a throwaway PostgreSQL, an embedded broker, a feeder of events, the live view.
 *
 * Everything lives in one temporary folder and is gone afterwards. PostgreSQL never runs as root.
 */
#ifndef TG_APP_DEMO_H
#define TG_APP_DEMO_H

#include "core/app/process.h"
#include "core/kafka/mock.h"

#include <sys/types.h>

struct tg_demo_pg {
  char folder[64]; /* data and socket */
  char dsn[256];
  char bin[256]; /* where initdb and postgres are */
  pid_t pid;
  uid_t uid; /* who the server runs as */
  gid_t gid;
};

/* Finds PostgreSQL, makes a cluster in folder and starts it; waits until it answers. TG_CONFIG:
 * what to install. */
enum tg_rc tg_demo_pg_start(struct tg_demo_pg *pg, const char *folder, struct tg_err *err);
void tg_demo_pg_stop(struct tg_demo_pg *pg);

struct tg_feeder { /* a thread that produces flights, orders and payments */
  const char *brokers, *flights_path;
  int64_t rate; /* events a second over all streams; three-fold for 2 s in every 10 */
  bool bad;     /* payments go bad after 5 s */
  atomic_bool stop;
  atomic_ullong sent;
  pthread_t thread;
  bool started;
  struct tg_err err; /* valid after the join */
};

enum { TG_DEMO_PARTITIONS = 4 };

/* Returns once the broker has the topics: what the demo's time is counted from. */
enum tg_rc tg_feeder_start(struct tg_feeder *f, struct tg_err *err);
void tg_feeder_stop(struct tg_feeder *f);

enum { TG_DEMO_RATES = 48, TG_DEMO_REASONS = 16 };

struct tg_demo_reason { /* what the quarantine counts */
  char topic[32], stage[16], what[64];
  double rows;
};

/* Draws the state of the process: on a terminal in place, otherwise a line. */
struct tg_demo_view {
  bool terminal, drawn;
  int64_t started_us, last_us, ask_after_us;
  double last_rows, rates[TG_DEMO_RATES]; /* events a second, a ring */
  uint32_t rates_next, reasons_count;
  struct tg_demo_reason reasons[TG_DEMO_REASONS];
  struct tg_pg *pg; /* to ask what is in the quarantine; NULL until the first time */
};
/* Events in the ledger, by the metrics. */
double tg_demo_rows(struct tg_process *p);
void tg_demo_draw(struct tg_demo_view *v, struct tg_process *p, uint64_t sent);
/* Gives the terminal back and closes the connection. */
void tg_demo_draw_end(struct tg_demo_view *v);
/* The ledger's balance and some rejected rows, from PostgreSQL. Returns false when in != loaded +
 * quarantined + late + dropped. */
bool tg_demo_balance(const struct tg_config *config, uint64_t sent);

#endif
