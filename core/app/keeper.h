/* The keeper: one thread with a PostgreSQL connection of its own, for everything that is not a
 * load: the state schema, tables (DDL), generations, breakers, the journal, and looking after
 * what waits.
 *
 * With `sink: kafka` there is no PostgreSQL: breakers are closed by a reload, what would be in the
 * journal is logged, and nothing else is left to do.
 *
 * Its program gives it the topics. A reload hands it the new program first (tg_keeper_adopt):
 * only when every table of the new set is there do the lanes swap. */
#ifndef TG_APP_KEEPER_H
#define TG_APP_KEEPER_H

#include "core/app/breakers.h"
#include "core/app/generation.h"
#include "core/app/hub.h"
#include "core/app/members.h"
#include "core/app/windows.h"
#include "core/pg/conn.h"

struct tg_keeper {
  struct tg_hub *hub;
  struct tg_pg *pg;
  struct tg_pg_conf pg_conf;
  struct tg_generation *generation;
  struct tg_program *program;
  const struct tg_topic *const *topics;
  uint32_t topics_count;
  struct tg_windows windows;
  struct tg_members members;
  bool upgraded;        /* the state schema is as this program needs it */
  bool generation_kept; /* the running set is in tidegate.generation */
  struct tg_breakers breakers;
  int64_t expire_us; /* monotonic: when settled rows of the quarantine are looked for again */
  int64_t connect_after_us;
  pthread_mutex_t lock; /* of the adoption below */
  pthread_cond_t changed;
  struct tg_swap_request *request;
  bool ended; /* the thread answers no more */
  pthread_t thread;
  bool started;
};

/* generation: a reference is taken; program: taken. All topics are held (PREPARE) until their
 * tables were seen. */
enum tg_rc tg_keeper_start(struct tg_keeper *k, struct tg_hub *hub,
                           struct tg_generation *generation, struct tg_program *program,
                           struct tg_err *err);

/* Prepares the tables of a new set and takes it over. TG_OK: program and generation (one
 * reference) are the keeper's now. Anything else: nothing changed, both are still the caller's;
 * err says what stands in the way. Waits for the answer; every statement behind it has a
 * deadline. */
enum tg_rc tg_keeper_adopt(struct tg_keeper *k, struct tg_generation *generation,
                           struct tg_program *program, struct tg_err *err);

/* Waits for the thread (hub->stopping is set) and frees everything. */
void tg_keeper_stop(struct tg_keeper *k);

#endif
