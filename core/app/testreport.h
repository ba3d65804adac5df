/* How `tidegate test` shows its results: for people, as JSON lines, as TAP version 13; and as JUnit
 * XML in a file, for what shows test results of a build. */
#ifndef TG_APP_TESTREPORT_H
#define TG_APP_TESTREPORT_H

#include "bindings/runner.h"
#include "core/base/buf.h"

enum tg_testshow { TG_SHOW_PEOPLE, TG_SHOW_QUIET, TG_SHOW_JSON, TG_SHOW_TAP };

struct tg_testreport {
  enum tg_testshow show;
  bool junit; /* collect the results as XML */
  uint32_t run, failed;
  struct tg_buf xml; /* <testcase> elements so far */
};

void tg_testreport_init(struct tg_testreport *r, enum tg_testshow show, bool junit);
void tg_testreport_fini(struct tg_testreport *r);

/* Shows one result on stdout; a tg_test_report of bindings/runner.h with the report as self. */
void tg_testreport_take(void *self, const struct tg_test *test);

/* The last line: sum and time; where stdout is for programs it goes to stderr. */
void tg_testreport_end(struct tg_testreport *r, int64_t took_us);

/* Writes what was collected. TG_CONFIG: the file cannot be written. */
enum tg_rc tg_testreport_junit(const struct tg_testreport *r, const char *path, int64_t took_us,
                               struct tg_err *err);

#endif
