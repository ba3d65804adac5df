/* Gaps: offsets that were deleted from Kafka before anybody read them. */
#ifndef TG_PG_GAP_H
#define TG_PG_GAP_H

#include "core/pg/state.h"

/* Notes [c->next, c->first_offset) in tidegate.gap and moves the chain behind it, in one
 * transaction: an empty ledger row under our claim. TG_FENCED: the claim or the chain's end is
 * another; nothing was written. TG_RETRY: the connection broke, nobody knows: claim again and look
 * at the chain's end. generation: of the scripts that run. */
enum tg_rc tg_gap_jump(struct tg_pg *pg, const char *pipeline, const char *generation,
                       const struct tg_claim *c, int64_t deadline_us, struct tg_err *err);

#endif
