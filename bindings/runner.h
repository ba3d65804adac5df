/* The runner of inline tests: the same evaluator as production, without Kafka and PostgreSQL.
 *
 * A rule's test is a small table judged by that rule; a topic's test is a list of events that go
 * through decode, transform and rules. The shape of tests: docs/LUA.md, section Testing. */
#ifndef TG_BINDINGS_RUNNER_H
#define TG_BINDINGS_RUNNER_H

#include "bindings/program.h"

/* One test that was run. Texts live for the call. */
struct tg_test {
  const char *path; /* file it stands in */
  int line;
  const char *subject; /* the rule or topic */
  const char *title;
  bool passed;
  bool note;          /* no test: something about the subject's tests, in detail; passed is true */
  const char *detail; /* failed: lines of "what: expected .., got .."; NULL when passed */
  int64_t cpu_us;
};

typedef void tg_test_report(void *self, const struct tg_test *test);

struct tg_test_counts {
  uint32_t run, failed, left_out; /* left_out: by the filter */
};

/* Writes a golden file; path as messages show it, text borrowed. catalogue: it stands beside a
 * bundled rule. */
typedef enum tg_rc tg_test_keep(void *self, const char *path, bool catalogue, struct tg_text text,
                                struct tg_err *err);

/* From now on a test whose golden file alone is not as expected holds, and golden writes the file
 * anew. NULL, as at first: it fails. */
void tg_program_keep(struct tg_program *p, tg_test_keep *golden, void *self);

/* Runs all inline tests whose path or "subject: title" contains filter (NULL or "": all), in the
 * order of the files; and on the rows of each what every rule must hold (prelude_checks.lua). A
 * rule of the catalogue whose tests all ran without seeing it fail, or pass, counts as a failed
 * test; of a user's rule that is a note, as it is that a rule has no test (without a filter).
 * TG_OK also when tests failed: see counts. TG_FATAL: the VM is lost (lua.memory), err says in
 * which test. */
enum tg_rc tg_program_test(struct tg_program *p, const char *filter, tg_test_report *report,
                           void *self, struct tg_test_counts *counts, struct tg_err *err);

/* The inline tests of the user's rules and topics alone, as they are written: what start and reload
 * wait for. The catalogue was tested when it was built. */
enum tg_rc tg_program_test_own(struct tg_program *p, tg_test_report *report, void *self,
                               struct tg_test_counts *counts, struct tg_err *err);

struct tg_testrun;

/* Runs one test that is written as Lua text, "return { \"title\", with = {..}, given = {..} }", on
 * the rule or topic of the file `path`, and hands what came out to take() (bindings/testrun.h).
 * What it expects is not looked at. TG_CONFIG: it is no test; TG_FATAL: the VM is lost. */
enum tg_rc tg_program_eval(struct tg_program *p, const char *path, struct tg_text test,
                           void (*take)(void *self, const struct tg_testrun *run), void *self,
                           struct tg_err *err);

#endif
