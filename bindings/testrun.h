/* One inline test while it runs; shared by runner.c (Lua's side) and testrun.c (the data path's
 * side). */
#ifndef TG_BINDINGS_TESTRUN_H
#define TG_BINDINGS_TESTRUN_H

#include "bindings/evaluate.h"
#include "core/data/lookup.h"

enum {
  TG_TEST_ROWS_MAX = 100000,
  TG_TEST_BYTES_MAX = 64 << 20,
  TG_TEST_BATCHES_MAX = 10000,
  TG_TEST_CLOCKS_MAX = 10000
};

/* The rows of one batch: JSON of each, and when Kafka got it. */
struct tg_test_batch {
  struct tg_text *rows;
  const int64_t *kafka_us; /* one a row; NULL: all at TG_TEST_START_US + after_us */
  int64_t after_us;        /* set while they are judged: windows follow each other */
  int64_t offset;          /* of the first row */
  uint32_t count;
  bool restart; /* before it, what the rule remembers is saved, forgotten and read again */
  /* and the rule comes back with this version, its state under this declaration; else NULL */
  const char *version, *declared;
};

#define TG_TEST_START_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z, as at("0s") */

/* What the rule said about one batch. */
struct tg_test_outcome {
  enum tg_verdict verdict;
  uint32_t evaluated, failed;
  const char *seen; /* measures: JSON object of what was seen; else NULL */
};

struct tg_testrun {
  struct tg_program *p;
  struct tg_arena arena; /* everything of this test, but */
  struct tg_arena work;  /* the batch that a rule judges */
  struct tg_decoder *decoder;
  struct tg_topic topic; /* rule tests: made of the given columns */
  struct tg_rule rule;
  const struct tg_script *script; /* topic tests; NULL in rule tests */
  struct tg_test_batch *batches;  /* rule tests: given; topic tests: the events, one batch */
  uint32_t batches_count;
  struct tg_timer_facts *clocks; /* behind the batches, each of which is a window then */
  uint32_t clocks_count;
  bool saves;                    /* some batch asks for a restart: state is saved behind each */
  struct tg_test_saved *saved;   /* oldest first */
  bool twice;                    /* each batch is judged, taken back, and judged again */
  struct tg_test_batch expected; /* topic tests: the rows that are to be loaded */
  struct tg_lookup_set lookups;  /* that the test gives; owned */
  /* what came out */
  enum tg_verdict verdict; /* over all batches: error, else fail, else pass, else skip */
  enum tg_alarm alarm;     /* the strongest of all batches */
  uint32_t evaluated;
  uint32_t *fails; /* from 1, over all batches */
  const char **reasons;
  uint32_t fails_count, rows_count;
  struct tg_test_outcome *outcomes; /* one a batch */
  uint32_t outcomes_count;
  const char *error;                     /* why there is no verdict */
  struct tg_batch batch, expected_batch; /* topic tests */
  struct tg_stateset *state;             /* what rules remember from batch to batch */
};

/* Starts a run without topic, rule and rows. p: borrowed. */
void tg_testrun_init(struct tg_testrun *t, struct tg_program *p);
/* The rule's references must have been given back. */
void tg_testrun_fini(struct tg_testrun *t);

/* Judges the given batches, after those judged before. TG_OK with t->error set when the rows cannot
 * be decoded or the rule raises; TG_FULL: more than TG_TEST_BYTES_MAX; TG_FATAL: the VM is lost. */
enum tg_rc tg_testrun_rule(struct tg_testrun *t, struct tg_err *err);

/* Forgets what came out, for further batches; topic, rule and rows stay. */
void tg_testrun_clear(struct tg_testrun *t);

/* Forgets everything put into the arena since the mark: topic, rule, rows, lookups, what came out.
 * The rule's references must have been given back. */
void tg_testrun_restart(struct tg_testrun *t, struct tg_arena_mark mark);

/* Runs the events through the topic, and decodes the expected rows as if all fields came from the
 * value. */
enum tg_rc tg_testrun_topic(struct tg_testrun *t, struct tg_err *err);

/* True when field `index` holds the same value in row i of the expected and row j of the loaded
 * batch. */
bool tg_testrun_same(const struct tg_testrun *t, uint32_t index, uint32_t i, uint32_t j);

#endif
