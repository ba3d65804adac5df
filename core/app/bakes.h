/* Since when the rules with `bake` of a generation act. The keeper reads it once, from
 * tidegate.bake, before any lane judges by them; all lanes, and all processes, see the same times.
 * One that is not known yet has not come: the rule is in shadow.
 * With them come the elders: the sets whose versions act until then (elders.h).
 * Thread: new, give: whoever builds the generation; read: the keeper. */
#ifndef TG_APP_BAKES_H
#define TG_APP_BAKES_H

#include "bindings/program.h"
#include "core/base/arena.h"
#include "core/pg/conn.h"

enum { TG_ELDERS_MAX = 4 };

/* A set of before, whose rules act while later versions of them bake. */
struct tg_elder {
  char sha256[65];
  struct tg_arena arena;
  struct tg_fileset files; /* in the arena */
};

struct tg_bakes {
  bool known; /* the keeper's */
  struct tg_elder elders[TG_ELDERS_MAX];
  uint32_t elders_count;
  int8_t *elder_of;  /* a rule's elder, one a rule; -1: none */
  atomic_bool ready; /* the elders are known; they do not change any more */
  atomic_bool told;  /* the log has who has no elder, and why */
  uint32_t count;
  atomic_llong until_us[]; /* one a rule, in the order of tg_program_baking() */
};

/* For any program of these files. NULL: out of memory. */
struct tg_bakes *tg_bakes_new(const struct tg_program *p);
void tg_bakes_free(struct tg_bakes *bakes); /* NULL is fine */
/* bakes must outlive the program's last batch. NULL: its rules act at once. */
void tg_bakes_give(const struct tg_bakes *bakes, struct tg_program *p);
/* Reads the times and the elders' files, unless they are known; a rule that has no time gets one.
 * set: the program's files. */
struct tg_bakes_query {
  struct tg_pg *pg;
  const char *pipeline;
  const struct tg_fileset *set;
  int64_t deadline_us;
};
enum tg_rc tg_bakes_read(struct tg_bakes *bakes, const struct tg_program *p,
                         const struct tg_bakes_query *q, struct tg_err *err);

#endif
