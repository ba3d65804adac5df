/* A lane: a whole pipeline with its own consumer, Lua VM, loads and PostgreSQL connection. Lanes
 * share nothing; Kafka's group divides the partitions between them as it does between processes.
 *
 *   worker thread                                              writer thread (writer.h)
 *   poll -> events in the open load                            COPY .. COMMIT
 *   seal -> decode -> transform -> judge  --- hand over --->
 *                                         <-- hand back ----
 *
 * Three loads: one being filled, up to two on their way. When none is free the consumer is
 * paused and the lane goes on polling, so that it stays in its group.
 *
 * Files: lane.c the data path; intake.c Kafka's side (assignment, claims, rewinds); doubt.c logs
 * that may not be what was loaded; careful.c data that ended processes; harvest.c what came back;
 * memory.c what rules remember; probe.c ranges of half-open breakers; outputs.c what goes to
 * Kafka. */
#ifndef TG_APP_LANE_H
#define TG_APP_LANE_H

#include "core/app/generation.h"
#include "core/app/parts.h"
#include "core/app/rulemeter.h"
#include "core/app/verdicts.h"
#include "core/app/writer.h"
#include "core/data/decode.h"
#include "core/flow/linger.h"

enum {
  TG_LOADS = 3,
  TG_HALTED_PAUSE_US = 3000000 /* until it is looked whether an operator has acted */
};

/* What a reload hands to a lane, and gets back with what the lane ran before: VMs are made and
 * freed beside the data path. */
struct tg_swap {
  struct tg_generation *generation;         /* a reference */
  struct tg_program *program;               /* owned */
  struct tg_program *elders[TG_ELDERS_MAX]; /* owned: whose rules act while those of program bake */
  bool elders_bound;
};
/* NULL is fine. */
void tg_swap_free(struct tg_swap *s);

struct tg_lane_load { /* a load and its way to the writer and back */
  struct tg_load load;
  struct tg_job job;
  bool out;
};

struct tg_state_size; /* core/state */

struct tg_topic_metrics {
  struct tg_metric *fates[TG_FATES], *copied, *stages[4]; /* stages: quarantined by enum tg_stage */
  struct tg_metric *state_keys, *state_bytes, *state_evicted;
  struct tg_metric *decode_s, *transform_s, *judge_s, *records, *latency;
  struct tg_rulemeter *rules; /* NULL until the first judgement */
  uint32_t rules_count;
  uint8_t *verdicts_last; /* per rule: its newest one, see verdicts.c; NULL until then */
  uint8_t *alarms;        /* per rule: the enum tg_alarm that was told; NULL until the first */
};

struct tg_lane {
  uint32_t number;
  char name[16]; /* "lane 0" */
  struct tg_hub *hub;
  const struct tg_config *config;
  struct tg_consumer *consumer;
  struct tg_writer writer;
  struct tg_parts parts;

  struct tg_generation *generation;
  struct tg_program *program;
  struct tg_program *elders[TG_ELDERS_MAX]; /* as in struct tg_swap */
  bool elders_bound;
  const struct tg_topic *const *topics;
  uint32_t topics_count;
  struct tg_decoder **decoders;      /* one per topic */
  struct tg_topic_metrics *measures; /* one per topic */
  struct tg_swap *retired;           /* the one before, while loads of it are out */
  _Atomic(struct tg_swap *) next;    /* from the supervisor; owned by whoever takes it out */
  _Atomic(struct tg_swap *) worn;    /* the one before, on its way back to the supervisor */
  struct tg_metric *pause_s;
  int64_t swapped_us; /* monotonic: taken over then, and nothing was read for it yet; else 0 */

  struct tg_lane_load loads[TG_LOADS];
  struct tg_lane_load *open; /* NULL: all are out */
  uint32_t loads_out;
  uint64_t loads_made;
  struct tg_linger linger; /* of the open load */
  uint32_t rows_max; /* of a load now; halved when one did not fit its arena, or took too long */
  int64_t grow_after_us; /* monotonic: not larger before */
  bool full;             /* the open load takes no more */

  uint64_t state_bytes;  /* this lane's part of hub->state_room */
  struct tg_buf scratch; /* bytes on their way into the open load */
  struct tg_buf member;  /* who the lane is in its group, for claim_job; with sink: kafka only */

  struct tg_job claim_job, release_job, jump_job, mark_job;
  struct tg_claim *claims; /* of claim_job and release_job, by claim_slots */
  uint32_t *claim_slots;
  struct tg_claim jump; /* of jump_job: the partition in jump_slot; from next to first_offset */
  uint32_t jump_slot;
  char jump_generation[65]; /* a copy: a reload may free the program meanwhile */
  struct tg_claim mark;     /* of mark_job: what is tried alone */
  int64_t mark_to;          /* up to where the records from mark.next on are marked */
  int64_t mark_after_us;    /* monotonic: not marked before */
  bool claiming, jumping, marking;
  int64_t claim_after_us; /* monotonic */
  int64_t fenced_us;      /* monotonic: another member had the lane's name then; 0: never */
  int64_t stand_after_us; /* monotonic: the log meter is not told before */
  bool told;              /* the relay knows what the lane holds */
  bool reassign;          /* the list of partitions must be told to the consumer again */
  unsigned hub_version;   /* of the holds the lane knows */
  bool trying;            /* some breaker is half open, and ranges of it are here */
  int32_t probing;        /* the topic whose ranges the open load is for; -1: none */
  int64_t probe_until_us, probe_rest_us; /* monotonic: its end; no other before */
  uint32_t seed;

  atomic_llong tick_us;   /* monotonic: the worker's last step */
  atomic_uint assigned;   /* partitions held */
  atomic_uint reading;    /* of them, claimed and read */
  atomic_uint halted;     /* of them, waiting for an operator */
  atomic_llong lua_bytes; /* held by the scripts' VM */
  pthread_t thread;
  bool started;
  _Atomic(enum tg_rc) ended; /* why the worker ended: TG_OK, TG_FATAL */
  struct tg_err err;
};

/* generation: a reference is taken; program: taken. Starts both threads. */
enum tg_rc tg_lane_start(struct tg_lane *lane, struct tg_hub *hub, uint32_t number,
                         struct tg_generation *generation, struct tg_program *program,
                         struct tg_err *err);
/* Waits for the worker (hub->stopping is set), leaves the group, frees everything. */
void tg_lane_stop(struct tg_lane *lane);

/* intake.c: the consumer's callbacks, claims, the assignment. */
enum tg_rc tg_intake_open(struct tg_lane *lane, struct tg_err *err);
enum tg_rc tg_intake_subscribe(struct tg_lane *lane, struct tg_err *err);
/* The group has another member under the lane's name, and everything was revoked as lost. The name
 * is taken back once, as that may have been the lane itself: a request of a session before, which
 * the broker read late (docs/KAFKA.md). Soon after that it is another process, and of two that have
 * one name the one that was fenced twice ends: TG_FATAL, the reason in lane->err. */
enum tg_rc tg_intake_rejoin(struct tg_lane *lane);
/* Claims what is new, follows holds, tells the assignment again. Called once per step. */
void tg_intake_steer(struct tg_lane *lane);
/* Drops what was read and not handed over; everything is read again from there. */
void tg_intake_rewind(struct tg_lane *lane);
/* Segments of the open load: from and to on the chain, claim, epoch; empty ones for partitions at
 * their end. */
enum tg_rc tg_intake_chain(struct tg_lane *lane, struct tg_batch *b, uint32_t topic);
/* The load goes to the writer: its segments are the new ends of what was handed over. */
void tg_intake_handed(struct tg_lane *lane, const struct tg_load *l);
/* True when a partition stands behind a run of invisible records that should reach the ledger. */
bool tg_intake_at_end(struct tg_lane *lane);
void tg_intake_claimed(struct tg_lane *lane, struct tg_job *job);
/* Brings the partition's lag metrics up to now; its end, -1: not known. */
int64_t tg_intake_show_lag(struct tg_lane *lane, struct tg_part *p);

/* doubt.c: is Kafka's log the one that was loaded, and does it have what comes next? A record below
 * the chain's end is compared with the ledger's last one. */
void tg_doubt_record(struct tg_lane *lane, struct tg_part *p, const struct tg_event *e);
/* The broker must be asked for the partition's first offset and end. */
void tg_doubt_raise(struct tg_lane *lane, struct tg_part *p);
/* Nothing more of it until an operator acts; why ends with what there is to do. */
void tg_doubt_halt(struct tg_lane *lane, struct tg_part *p, const char *why);
/* Asks about one partition in doubt, if there is any; called once per step. */
void tg_doubt_settle(struct tg_lane *lane, int64_t now);
void tg_doubt_jumped(struct tg_lane *lane, const struct tg_job *job);

/* careful.c: data on which processes ended. What the claim says of it. */
void tg_careful_begin(struct tg_lane *lane, struct tg_part *p, const struct tg_claim *c);
/* Chooses the partition that is read alone, if any is to be; called once per step. */
void tg_careful_steer(struct tg_lane *lane);
/* Records that a load may have. */
uint32_t tg_careful_rows(const struct tg_lane *lane);
/* The open load waits: for its mark, or for the piece before it to be committed. */
bool tg_careful_busy(const struct tg_lane *lane);
/* Whether the open load may be looked at; marks it first, when it must be. */
bool tg_careful_ready(struct tg_lane *lane);
void tg_careful_marked(struct tg_lane *lane, const struct tg_job *job);
/* Has decode refuse, unseen, what ended processes alone. */
void tg_careful_refuse(struct tg_lane *lane, struct tg_batch *b);
/* The partition has come further. */
void tg_careful_passed(struct tg_part *p);
/* Everything was revoked. */
void tg_careful_end(struct tg_lane *lane);

/* outputs.c: what the relay knows of the lane. */
/* From the first output of a set on the group's offsets are the relay's, for good. With `sink:
 * kafka` there is none: they are the lanes'. */
bool tg_outputs_any(const struct tg_config *config, const struct tg_program *program);
/* Tells it what the lane holds, when that has changed and there are outputs. Once per step. */
void tg_outputs_tell(struct tg_lane *lane);
/* Everything was revoked; lost: others may own it already. */
void tg_outputs_let_go(struct tg_lane *lane, bool lost);

/* harvest.c: jobs that came back. */
void tg_harvest(struct tg_lane *lane);
/* Waits until no job is out; after give_up_us (monotonic) the writer is told to give up. */
void tg_harvest_all(struct tg_lane *lane, int64_t give_up_us);

/* measure.c: metrics of a topic, and of the pause that a reload makes. */
enum tg_rc tg_measure_open(struct tg_lane *lane);
void tg_measure_close(struct tg_lane *lane);
void tg_measure_judged(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b,
                       const struct tg_judgement *j, int64_t decode_us);
void tg_measure_state(struct tg_lane *lane, uint32_t topic, const struct tg_state_size *size);
void tg_measure_committed(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b,
                          int64_t commit_us);
/* A program that was taken over has what it needs to go on; nothing, when none waits for it. */
void tg_measure_pause(struct tg_lane *lane);

/* lane.c: makes a free load the open one, if there is any. */
void tg_lane_open(struct tg_lane *lane);
/* lane.c: loads have at most half of these rows from now on; they grow again after pause_us,
 * or when loads of that size turn out to be quick. */
void tg_lane_shrink(struct tg_lane *lane, uint32_t rows, int64_t pause_us);

#endif
