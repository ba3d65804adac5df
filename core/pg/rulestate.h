/* tidegate.rule_state: reading what the rules of a partition remember. Loads write it
 * (loader_state.c). */
#ifndef TG_PG_RULESTATE_H
#define TG_PG_RULESTATE_H

#include "core/pg/state.h"

struct tg_saved_state { /* one row */
  struct tg_text rule, declared;
  bool base;
  struct tg_text bytes;
};

/* Receives the rows of a partition: rule by rule, each in the order of the chain. */
typedef enum tg_rc tg_rulestate_visit(void *self, const struct tg_saved_state *row,
                                      struct tg_err *err);

/* Reads the state of a claimed partition, which must not reach beyond the claim's end of the chain.
 * TG_RETRY: it does, because the owner before has committed since: claim again. Other codes: the
 * connection's, or visit's. */
enum tg_rc tg_rulestate_read(struct tg_pg *pg, const struct tg_claim *claim,
                             tg_rulestate_visit *visit, void *self, int64_t deadline_us,
                             struct tg_err *err);

#endif
