/* A program is one generation's scripts and rules, loaded into one Lua VM: what a lane runs
 * between decode and load. Each lane has its own; lanes share nothing. The topics it declares live
 * in it, so it must outlive its loads.
 *
 * Thread: one at a time (built by one thread, handed to another). */
#ifndef TG_BINDINGS_PROGRAM_H
#define TG_BINDINGS_PROGRAM_H

#include "core/data/batch.h"

#include <stdatomic.h>

struct tg_coverage;
struct tg_program;

/* What a file is; the base name without ".lua" is the name of the topic or rule. */
enum tg_file_kind {
  TG_FILE_CATALOGUE, /* a bundled rule */
  TG_FILE_RULE,      /* a user's rule */
  TG_FILE_MODULE,    /* below a folder of `scripts`: what `require "folder.name"` finds */
  TG_FILE_SCRIPT,    /* a topic */
  TG_FILE_DATA       /* what lookups and tests are read from: .csv, .jsonl .. */
};

struct tg_source_file {
  enum tg_file_kind kind;
  const char *path; /* as messages show it: "scripts/orders.lua", "rules/accuracy/between.lua" */
  const char *text;
  size_t size;
};

/* One consistent set of files, ordered by kind (in the enum's order), then by path. */
struct tg_fileset {
  struct tg_source_file *files;
  uint32_t count;
  char sha256[65]; /* over paths and contents: the generation's name */
};

struct tg_program_conf {
  size_t memory_max;            /* bytes the VM may hold */
  int64_t deadline_us;          /* CPU limit of one call of a script */
  uint32_t output_bytes_max;    /* of a record for Kafka; 0: 1 MB */
  uint32_t rows_max;            /* of a batch, which some rules ask; 0: 50,000 */
  bool to_kafka;                /* the pipeline's sink: what it cannot have is a fault */
  struct tg_coverage *coverage; /* counts the lines that run (coverage.h); borrowed; NULL: nobody */
};

/* Receives every fault of every file; path:line is in err->where. */
typedef void tg_program_fault(void *self, const struct tg_err *err);

/* Loads and validates everything. TG_CONFIG: at least one fault was reported, nothing is returned.
 * files: borrowed for the call. */
enum tg_rc tg_program_new(const struct tg_fileset *files, const struct tg_program_conf *conf,
                          tg_program_fault *fault, void *self, struct tg_program **out);
void tg_program_free(struct tg_program *p);

/* Tells what loading found odd and no fault, such as a topic without an active rule; path:line is
 * in err->where, err->rc is TG_OK. */
void tg_program_warnings(const struct tg_program *p, tg_program_fault *tell, void *self);

/* From now on a call of a script may take so long, instead of what conf said. */
void tg_program_limit(struct tg_program *p, int64_t deadline_us);

const char *tg_program_sha256(const struct tg_program *p);
/* The topics, by number as in tg_load_open(). Borrowed. */
const struct tg_topic *const *tg_program_topics(const struct tg_program *p, uint32_t *count);
size_t tg_program_memory(const struct tg_program *p); /* bytes held by the VM */

enum tg_verdict { TG_VERDICT_PASS, TG_VERDICT_FAIL, TG_VERDICT_ERROR, TG_VERDICT_SKIP };
const char *tg_verdict_name(enum tg_verdict verdict); /* "pass", "fail", "error", "skip" */
enum tg_alarm { TG_ALARM_NONE, TG_ALARM_WARN, TG_ALARM_CRITICAL };
const char *tg_alarm_name(enum tg_alarm alarm); /* "none", "warn", "critical" */

/* What one rule said about one batch. A measure that fails counts as one failing row; its
 * `evaluated` is the number of values it used. */
struct tg_verdict_row {
  const char *rule;            /* id: "between(amount)"; lives in the program */
  const char *version, *owner; /* of the rule, or NULL; live in the program */
  enum tg_verdict verdict;
  enum tg_alarm alarm;
  bool shadow;                         /* it moved nothing and trips nothing */
  bool later;                          /* judged by the keeper, not with this batch */
  bool counted;                        /* .. which counts rows that were counted as they came */
  uint64_t evaluated, skipped, failed; /* skipped: live rows that were left out */
  double observed_number;              /* a measure's value; NaN when it is no number */
  const char *seen; /* measures: a JSON object with those of observed, expected, low, high, score,
                     * min, max, approx, key that there are; else NULL. In the batch's arena */
  int64_t cpu_us;
  const char *error; /* file:line and text, or NULL; lives in the batch's arena */
};

/* A rule with `bake`: what asks to be watched, for how long, and what tells it from other versions
 * of it. Lives in the program. */
struct tg_bake {
  const struct tg_topic *topic;
  const char *rule; /* id */
  uint64_t fingerprint;
  int64_t bake_us;
};
/* The at-th of them, the same in every program of the same files; false: there are no more. */
bool tg_program_baking(const struct tg_program *p, uint32_t at, struct tg_bake *out);
/* Gives each of them the time before which it judges in shadow, in microseconds since 1970: one
 * element a rule, borrowed, read with every batch. Until then, and where nobody calls this, they
 * act. */
void tg_program_bake(struct tg_program *p, const atomic_llong *until_us);

/* Lets the version that the at-th of them has in `elder` act while it bakes. NULL when it does;
 * else why it cannot. elder must outlive p's last batch; both run in the same thread. */
const char *tg_program_elder(struct tg_program *p, uint32_t at, struct tg_program *elder);

#define TG_FACT_NONE INT64_MIN

/* What a judge of windows and timers is told, in microseconds since 1970; TG_FACT_NONE: not
 * known. */
struct tg_timer_facts {
  int64_t now_us;            /* the server's clock */
  int64_t newest_us;         /* Kafka time of the newest event that was loaded */
  int64_t newest_event_us;   /* newest event time */
  int64_t watermark_us;      /* windows that end by then are over */
  int64_t since_us;          /* the server's clock when the pipeline first looked at the topic */
  int64_t start_us, stop_us; /* the window being judged; none for a timer */
};

#define TG_FACTS_NONE                                                                              \
  {                                                                                                \
    TG_FACT_NONE, TG_FACT_NONE, TG_FACT_NONE, TG_FACT_NONE, TG_FACT_NONE, TG_FACT_NONE,            \
        TG_FACT_NONE                                                                               \
  }

struct tg_rule;     /* script.h */
struct tg_measured; /* core/state/measured.h */

/* A rule that the keeper judges: over windows of Kafka time, by the clock, or both. Of a check over
 * a window only mostly and the levels: its rows were judged as they came. */
struct tg_window_rule {
  struct tg_rule *rule; /* lives in the program */
  const char *id;
  const char *kept_as; /* what it remembers is saved under this: another version begins anew */
  int64_t over_us, every_us; /* 0: not so */
};
/* The next such rule of a topic from *at (0 at first) on; false: there are no more. */
bool tg_program_window(const struct tg_program *p, uint32_t topic, uint32_t *at,
                       struct tg_window_rule *out);

/* True while the rule bakes: its verdict is shown, nothing follows. now_us: the window's end, or
 * the clock; the first call starts the time. */
bool tg_program_shadow(const struct tg_window_rule *r, int64_t now_us);

struct tg_window_case {
  const struct tg_rule *rule;
  const struct tg_measured *measured; /* NULL: time has passed */
  struct tg_text state;               /* what the rule remembers; empty: nothing yet */
  struct tg_text state_after; /* out: after this judgement; borrowed until the rule's next one */
  struct tg_timer_facts facts;
};

struct tg_judgement {
  struct tg_verdict_row *rules; /* one per rule of the topic; in the batch's arena */
  uint32_t count;
  bool critical; /* the breaker must open before any row is visible */
  const char
      *critical_why; /* in the batch's arena: "between(amount): 812 of 1000 rows failed .." */
  int64_t transform_us, judge_us; /* CPU */
};

/* Runs transform, then every rule, on a decoded batch, and sets fates and issues. Script faults
 * never pass data: rows that make transform raise are found by halving and quarantined; if all are
 * guilty, or a rule raises, critical is set. between(self) is called between evaluations so that
 * the caller can keep polling; may be NULL.
 * A script that runs out of memory is such a fault too: the program builds itself a new VM.
 * TG_FULL: the arena's cap (cut the batch smaller). TG_FATAL: that VM cannot be built either. */
enum tg_rc tg_program_run(struct tg_program *p, struct tg_batch *b, struct tg_judgement *out,
                          void (*between)(void *self), void *self, struct tg_err *err);

/* Judges one window, or the passing of time; what the verdict says lives in the arena a.
 * TG_DATA: the state is damaged; TG_FULL: the arena; TG_FATAL: as above. */
enum tg_rc tg_program_judge_window(struct tg_program *p, struct tg_window_case *c,
                                   struct tg_arena *a, struct tg_verdict_row *out,
                                   struct tg_err *err);

#endif
