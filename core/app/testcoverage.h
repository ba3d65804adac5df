/* Line coverage of `tidegate test`, shown for people and programs, and as an LCOV tracefile
 * (geninfo(1), FILES) for the tools that read such. */
#ifndef TG_APP_TESTCOVERAGE_H
#define TG_APP_TESTCOVERAGE_H

#include "bindings/coverage.h"
#include "core/app/config.h"
#include "core/app/testreport.h"

struct tg_testcoverage {
  const struct tg_coverage *lines; /* borrowed */
  bool chosen;                     /* only some tests ran: only their files are worth telling */
};

/* A line a file on stdout, as the results are shown: its share and the lines that did not run, as
 * ranges without a line between that ran ("17-21,30"). A file is told when one of its tests ran, or
 * when it is the user's and all tests ran; those of the catalogue when there are no others. */
void tg_testcoverage_show(const struct tg_testcoverage *c, enum tg_testshow show);

/* The same files as an LCOV tracefile, their paths as they are on disk. TG_CONFIG: it cannot be
 * written. */
enum tg_rc tg_testcoverage_lcov(const struct tg_testcoverage *c, const struct tg_config *config,
                                const char *path, struct tg_err *err);

#endif
