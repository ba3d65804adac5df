/* One rule on columns from outside, without a topic file: what `test --cases` and `eval --rule` are
 * made of.
 *
 *   open -> column.. -> bind -> judge.. -> close
 *
 * The rule is bound as a topic binds it, and judged by the evaluator of production; what it keeps
 * between batches lives from bind to close. A rule that cannot be bound or judged is no error of
 * these functions: it is the verdict `error`, as it would be in a topic. Events get the Kafka time
 * 2026-01-01T00:00:00Z, as in inline tests. */
#ifndef TG_BINDINGS_TRIAL_H
#define TG_BINDINGS_TRIAL_H

#include "bindings/testrun.h"

struct json_t;

struct tg_trial {
  struct tg_testrun run; /* what came out: verdict, evaluated, fails, reasons, outcomes, error */
  struct tg_arena_mark mark; /* what came out of a batch lies behind it */
  uint32_t columns_max;
  bool bound; /* there is a rule to judge by */
};

/* Starts a trial of up to columns_max columns. p: borrowed, and used by nobody else until close.
 * TG_FULL: more columns than a topic may have, or no memory. */
enum tg_rc tg_trial_open(struct tg_trial *t, struct tg_program *p, uint32_t columns_max,
                         struct tg_err *err);
void tg_trial_close(struct tg_trial *t);

/* Adds a column of a PostgreSQL type. name: any text, copied. TG_CONFIG: there is no such type. */
enum tg_rc tg_trial_column(struct tg_trial *t, struct tg_text name, const char *type,
                           struct tg_err *err);

/* Binds the rule or alias of that name to the columns. params: a JSON object of arguments by name
 * (null: given, and nil; "$inf", "$-inf", "$nan": those numbers); tables: a JSON object of further
 * tables, name -> column -> list of values, that the rule finds as lookups; or NULL. Borrowed.
 * TG_OK with run.verdict and run.error set when it cannot be bound; TG_FATAL: the VM is lost. */
enum tg_rc tg_trial_bind(struct tg_trial *t, const char *rule, struct json_t *params,
                         struct json_t *tables, struct tg_err *err);

/* Judges one batch of rows (each the JSON object of a row) and leaves what came out in t->run until
 * the next call. Errors: as tg_testrun_rule(). */
enum tg_rc tg_trial_judge(struct tg_trial *t, struct tg_test_batch *rows, struct tg_err *err);

#endif
