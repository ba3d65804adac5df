/* `tidegate test --cases FILE`: a file of cases (bindings/cases.h), one JSON line each on stdout
 * and a last one that sums up: {"cases":298,"ok":296,"failed":2}. */
#ifndef TG_APP_CASEFILE_H
#define TG_APP_CASEFILE_H

#include "bindings/program.h"

#include <stdio.h>

/* Runs every line of f. Returns an enum tg_exit: OK when all cases are ok, FAILURE when one is not,
 * NOTHING without a case; a line that is no case is told on stderr and counts as a failed one. */
int tg_casefile_run(struct tg_program *p, FILE *f, const char *path);

#endif
