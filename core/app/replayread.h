/* The Kafka event that a row of the quarantine once was. */
#ifndef TG_APP_REPLAYREAD_H
#define TG_APP_REPLAYREAD_H

#include "core/base/buf.h"
#include "core/data/batch.h"
#include "core/pg/rejected.h"

/* slot: of its partition. headers: room that *out borrows. What was cut when it came is told by
 * out->oversize. TG_DATA: the headers are no list of pairs. */
enum tg_rc tg_replay_event(const struct tg_rejected *r, uint32_t slot, struct tg_buf *headers,
                           struct tg_event *out, struct tg_err *err);

#endif
