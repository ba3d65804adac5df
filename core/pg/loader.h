/* Writing a load: rows, quarantine, ledger and offsets in one transaction.
 *
 *   BEGIN + first COPY in one message | COPY per table | COPY quarantine, rule state, outbox
 *   SET CONSTRAINTS ALL IMMEDIATE; SELECT tidegate.advance_v2(..); COMMIT in one message
 *
 * COPY's count must equal the rows sent and COMMIT's tag must be COMMIT. What happens after a
 * failure is told by the code; the load is marked (segment.gone, batch.held, fates of refused
 * rows) so that the caller just writes it again.
 *
 *   TG_OK      committed; segments and batches that are gone or held are not part of it
 *   TG_AGAIN   the load was marked (fenced segments, held topic, refused rows, batches put off
 *              until the next transaction): write it again
 *   TG_RETRY   connection or server at fault: connect, renew, back off, write again
 *   TG_CONFIG  the operator must act, for the topic of report->topic (its batch.held was set) or
 *              for the whole lane (topic -1)
 *
 * A load that takes the server too long is split between its batches (batch.later, batch.done); a
 * batch that is too big alone is held and marked too_big.
 *
 * Unknown outcome of COMMIT: TG_RETRY with report->unknown; the next tg_loader_write() first
 * renews the claims, compares the chain's end with each segment's `to`, and returns TG_OK when
 * the load had been committed. */
#ifndef TG_PG_LOADER_H
#define TG_PG_LOADER_H

#include "core/data/load.h"
#include "core/pg/state.h"

struct tg_loader;

struct tg_loader_conf {
  const char *pipeline;
  int64_t transaction_us; /* limit of one attempt */
};

struct tg_loader_report {
  int32_t topic;                         /* batch index a failure belongs to, or -1 */
  bool unknown;                          /* COMMIT was sent and its outcome is not known */
  uint32_t fenced;                       /* segments newly marked gone */
  uint32_t refused;                      /* rows newly sent to the quarantine by PostgreSQL */
  uint64_t rows, quarantined, bytes;     /* written, when TG_OK */
  uint64_t emitted;                      /* records put into the outbox */
  int64_t encode_us, copy_us, commit_us; /* time spent, wall; encode is CPU */
  char sqlstate[6];
};

/* conf, pg: borrowed. */
struct tg_loader *tg_loader_new(const struct tg_loader_conf *conf, struct tg_pg *pg);
void tg_loader_free(struct tg_loader *l);

/* One attempt. Connected first when needed (a fresh connection renews the claims of all segments of
 * the load). */
enum tg_rc tg_loader_write(struct tg_loader *l, struct tg_load *load,
                           struct tg_loader_report *report, struct tg_err *err);

#endif
