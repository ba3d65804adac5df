/* Since when the rules with `bake` of a generation act. The keeper reads it once, from
 * tidegate.bake, before any lane judges by them; all lanes, and all processes, see the same times.
 * One that is not known yet has not come: the rule is in shadow.
 * Thread: new, give: whoever builds the generation; read: the keeper. */
#ifndef TG_APP_BAKES_H
#define TG_APP_BAKES_H

#include "bindings/program.h"
#include "core/pg/conn.h"

struct tg_bakes {
  bool known; /* the keeper's */
  uint32_t count;
  atomic_llong until_us[]; /* one a rule, in the order of tg_program_baking() */
};

/* For any program of these files. NULL: out of memory. Freed with free(). */
struct tg_bakes *tg_bakes_new(const struct tg_program *p);
/* bakes must outlive the program's last batch. NULL: its rules act at once. */
void tg_bakes_give(const struct tg_bakes *bakes, struct tg_program *p);
/* Reads the times, unless they are known; a rule that has none gets one. */
enum tg_rc tg_bakes_read(struct tg_bakes *bakes, const struct tg_program *p, struct tg_pg *pg,
                         const char *pipeline, int64_t deadline_us, struct tg_err *err);

#endif
