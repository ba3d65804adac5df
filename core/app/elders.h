/* Elders: while a changed rule bakes, the version before it goes on acting. Its set is read from
 * tidegate.generation by the keeper; each lane builds a program of it beside its own and binds the
 * rules that bake to their elders. A rule that cannot have one (it remembers, is judged over
 * windows, the topic's fields changed) bakes without, and the log says so.
 * Thread: find: the keeper; bind, drop: the lane. */
#ifndef TG_APP_ELDERS_H
#define TG_APP_ELDERS_H

#include "core/app/generation.h"

/* *index: of the elder with that sha256, which is read when it is the first to ask; -1: none, and
 * when it cannot be had, which is logged. TG_RETRY: PostgreSQL, memory. */
enum tg_rc tg_elders_find(struct tg_bakes *bakes, const struct tg_bakes_query *q,
                          const char *sha256, int8_t *index, struct tg_err *err);

/* Builds the programs of the elders, as far as they are known and not there yet, and lets their
 * rules act where those of p bake. programs: TG_ELDERS_MAX, NULL: none. True when nothing is left
 * to be done. */
bool tg_elders_bind(const struct tg_generation *g, struct tg_program *p,
                    struct tg_program **programs);
/* Before p is freed or runs no more; programs are NULL then. */
void tg_elders_drop(struct tg_program **programs);

#endif
