/* Running one rule, or a transform, on a batch: the parts of tg_program_run() that the loader and
 * the test runner use too. All of it runs in the VM of the program, temporaries in its scratch
 * arena. */
#ifndef TG_BINDINGS_EVALUATE_H
#define TG_BINDINGS_EVALUATE_H

#include "bindings/script.h"

/* What became of a row: left out, passed, failed, or not to be judged at all. */
enum tg_rowjudged { TG_ROW_LEFT, TG_ROW_PASSED, TG_ROW_FAILED, TG_ROW_UNJUDGED };

/* The rows that a rule failed, and those that it could not judge. */
struct tg_failing {
  uint32_t *rows;   /* ascending; NULL: none */
  uint32_t *errors; /* ascending: a pattern's limit was reached; NULL: none */
  uint32_t count, errors_count;
  uint8_t *judged;     /* enum tg_rowjudged of each row, for a check over a window; else NULL */
  enum tg_alarm least; /* what the check itself says that these rows raise at least */
  const struct tg_column *mask;    /* what check returned */
  const struct tg_column *where;   /* the rule's condition, or NULL */
  const struct tg_column *reasons; /* the texts it returned, or NULL */
};

/* Judges b by one rule; rows whose fate is already beyond TG_TAG are not looked at. Fills *out,
 * and *failing (valid until the scratch arena is released by the caller). Fates are not touched. A
 * script that raises is out->verdict TG_VERDICT_ERROR, not an error. What the rule keeps changes in
 * the overlay of rule->cell, which the caller commits or drops. TG_FULL: b's arena; TG_FATAL: as
 * tg_program_call(). */
enum tg_rc tg_rule_judge(struct tg_program *p, const struct tg_rule *rule, struct tg_batch *b,
                         struct tg_verdict_row *out, struct tg_failing *failing,
                         struct tg_err *err);

/* Gives every failing row the rule's fate and a reason; rows that could not be judged go to the
 * quarantine. */
void tg_rule_act(const struct tg_rule *rule, struct tg_batch *b, const struct tg_failing *failing);

/* The line that says why row failed, in out (TG_REASON_SIZE bytes). Returns out. */
enum { TG_REASON_SIZE = 1024 };
char *tg_rule_reason(const struct tg_rule *rule, const struct tg_batch *b,
                     const struct tg_failing *failing, uint32_t row, char *out);

/* TG_DATA for masks that were made at `line` and never used. */
enum tg_rc tg_rule_unused(uint32_t count, const char *line, struct tg_err *err);

/* True when the rule judges in shadow (bake.c): counted and shown, nothing follows. us:
 * tg_bake_time() of the batch, the window's start, or for what only the clock brings the server's
 * clock. */
bool tg_bake_shadow(const struct tg_rule *rule, int64_t us);
/* The newest Kafka time in b; -1: its records have none. */
int64_t tg_bake_time(const struct tg_batch *b);

/* What the caller wants called between two evaluations. */
struct tg_between {
  void (*call)(void *self); /* may be NULL */
  void *self;
};

/* How a transform that raised ended. */
struct tg_fault_tally {
  uint32_t live;   /* rows that were worth trying; 0 when nothing raised */
  uint32_t guilty; /* of them: quarantined */
  char why[800];   /* what the whole batch raised */
};

/* Runs transform once over b: columns replaced, fates and issues set. TG_DATA: it raised, b is
 * half changed.
 * TG_FULL: b's arena; TG_FATAL: as tg_program_call(). */
enum tg_rc tg_transform_call(struct tg_program *p, const struct tg_script *s, struct tg_batch *b,
                             struct tg_err *err);

/* Runs transform over b. When it raises, the guilty rows are found by halving and quarantined.
 * TG_FULL, TG_FATAL: as above; b's columns and fates are unchanged. */
enum tg_rc tg_transform_run(struct tg_program *p, const struct tg_script *s, struct tg_batch *b,
                            const struct tg_between *between, struct tg_fault_tally *out,
                            struct tg_err *err);

/* A batch of the topic's columns without rows. TG_FULL: the arena. */
enum tg_rc tg_evaluate_empty(const struct tg_topic *topic, struct tg_arena *a, struct tg_batch *b);

/* Tries transform and all rules on a batch without rows and reports what they raise. TG_FATAL: the
 * VM is lost. */
enum tg_rc tg_evaluate_try(struct tg_program *p, const struct tg_script *s, struct tg_err *err);

#endif
