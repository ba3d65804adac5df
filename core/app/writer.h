/* The writer of a lane: the thread that owns the lane's PostgreSQL connection. It takes jobs in
 * order and gives each back.
 *
 *   worker --- to_writer ---> writer --- from_writer ---> worker        every job comes back, done
 *   or not
 *
 * LOAD: written until it is committed, or until nothing of it is left (fenced, held), or the lane
 * gives up (stop, lost assignment). CLAIM, BEGIN, RELEASE, JUMP (over a gap), MARK (careful.c): one
 * attempt each. A segment that leaves a load takes all later segments of its partition with it: the
 * writer remembers up to which epoch a slot's segments are void. With `sink: kafka` loads and
 * claims are Kafka's (sink.h). */
#ifndef TG_APP_WRITER_H
#define TG_APP_WRITER_H

#include "core/app/hub.h"
#include "core/base/queue.h"
#include "core/data/load.h"
#include "core/pg/loader.h"

enum tg_job_kind {
  TG_JOB_LOAD,
  TG_JOB_CLAIM,
  TG_JOB_BEGIN,
  TG_JOB_RELEASE,
  TG_JOB_JUMP,
  TG_JOB_MARK
};

struct tg_job {
  enum tg_job_kind kind;
  enum tg_rc rc; /* out: TG_OK; LOAD: TG_FENCED when the lane gave up */
  struct tg_err err;
  struct tg_load *load;    /* LOAD */
  struct tg_claim *claims; /* the others; slot order */
  uint32_t count;
  const char *generation; /* JUMP: sha256 of the scripts */
  struct tg_text member;  /* CLAIM with sink: kafka: of tg_consumer_member(); borrowed */
  struct tg_loader_report report;
  int64_t handed_us; /* monotonic: when it went to the writer */
  int64_t commit_us; /* wall clock of the commit */
};

struct tg_sink; /* sink.h */

struct tg_writer {
  uint32_t lane;
  struct tg_hub *hub;
  struct tg_queue to_writer, from_writer;
  atomic_bool give_up;  /* set by the worker: end what is under way soon, write nothing more */
  struct tg_sink *sink; /* with sink: kafka, and then neither of the next two */
  struct tg_pg *pg;
  struct tg_loader *loader;
  atomic_llong failing_us; /* monotonic: since when the load under way fails; 0: it does not */
  struct tg_claimer who;
  char name[64], owner[128];
  struct tg_pg_conf pg_conf;
  struct tg_loader_conf loader_conf;
  uint32_t *void_epochs; /* per slot: segments of this epoch or older are void */
  uint32_t slots;
  uint32_t seed; /* of the back-off's jitter */
  bool looked;   /* for owners whose sessions it could not end */
  pthread_t thread;
  bool started;
  struct tg_metric *retries, *unknown, *fenced, *commits, *emitted, *encode_s, *copy_s, *commit_s;
};

/* Starts the thread. cluster_id is borrowed and must be set (in w->who) before the first CLAIM. */
enum tg_rc tg_writer_start(struct tg_writer *w, struct tg_hub *hub, uint32_t lane,
                           struct tg_err *err);

/* Closes the queue, waits for the thread, frees everything. Jobs not taken are left to the worker.
 */
void tg_writer_stop(struct tg_writer *w);

#endif
