/* One attempt to write a load; shared by the loader's files.
 *
 *   loader.c            who calls whom, and what each failure makes of the load
 *   loader_copy.c       COPY of a batch and of the quarantine
 *   loader_state.c     COPY of what rules remember
 *   loader_windows.c    COPY of what rules measured over windows
 *   loader_outbox.c     COPY of what rows emit to Kafka
 *   loader_isolate.c    COPY in savepoint chunks, to find the rows that PostgreSQL refuses
 *   loader_advance.c    the final message: ledger rows and COMMIT
 *   loader_split.c      loads that take too long: split between batches, batches to be cut
 *   loader_verdicts.c   what the rules said, for the final message
 *   loader_claims.c     renewing claims, resolving an unknown COMMIT, ending former owners */
#ifndef TG_PG_ATTEMPT_H
#define TG_PG_ATTEMPT_H

#include "core/base/buf.h"
#include "core/pg/loader.h"
#include "core/pg/wire.h"

enum { TG_VERDICTS_MAX = 1000 }; /* rows of tidegate.verdict that one load writes */
enum { TG_PIECE_BYTES = 128 << 10, TG_PIECE_BYTES_MAX = 1 << 30 };

struct tg_loader {
  struct tg_loader_conf conf;
  struct tg_pg *pg;
  struct tg_buf piece; /* COPY bytes on their way */
  struct tg_buf sql;   /* the statement being made */
  struct tg_buf text;  /* one value being made */
  uint64_t serial;     /* of the connection on which the claims were last renewed */
  uint64_t load;       /* number of the load that `unknown` and `isolate` are about */
  bool unknown;        /* its COMMIT was sent and not answered */
  bool *isolate;       /* per batch: COPY in savepoint chunks */
  uint32_t isolate_count;
  uint32_t healed;    /* attempts in a row that were fenced although all claims are ours */
  uint32_t internal;  /* internal errors of the server in a row */
  uint32_t late;      /* attempts at this load that ran into our own deadline */
  bool slow;          /* the last attempt took too long: split the load before the next */
  int32_t slow_batch; /* whose COPY it was, -1: nobody's in particular */
};

struct tg_attempt {
  struct tg_loader *l;
  struct tg_load *load;
  struct tg_loader_report *report;
  struct tg_err *err;
  int64_t deadline_us;
  bool begun; /* BEGIN was sent */
};

/* True when the batch is part of this transaction. */
static inline bool tg_batch_live(const struct tg_batch *b)
{
  return !b->held && !b->later && !b->done;
}

/* True when the segment is part of this transaction. */
static inline bool tg_segment_live(const struct tg_batch *b, const struct tg_segment *s)
{
  return tg_batch_live(b) && !s->gone;
}

/* Rows [row, end) of b that COPY would write. */
uint32_t tg_attempt_live(const struct tg_batch *b, uint32_t row, uint32_t end);

/* Sends `prefix` + COPY for rows [row, end) of b and compares the server's count with the rows
 * sent.
 * TG_CONFIG with an empty sqlstate: the counts differ. */
enum tg_rc tg_attempt_copy_rows(struct tg_attempt *a, const struct tg_batch *b, const char *prefix,
                                uint32_t row, uint32_t end);

/* COPY of all rows of a batch in one go. */
enum tg_rc tg_attempt_copy(struct tg_attempt *a, const struct tg_batch *b);

/* COPY of the quarantined rows of all batches. */
enum tg_rc tg_attempt_copy_quarantine(struct tg_attempt *a);

/* COPY of what the load's rows emit to Kafka. begin: part of the load's transaction. */
enum tg_rc tg_attempt_copy_outbox(struct tg_attempt *a, bool begin);

/* All issues of a row as a JSON list, in out; {NULL, 0} when there is only one. */
struct tg_text tg_attempt_issues(struct tg_buf *out, const struct tg_issue *first);

/* Appends "7":{"in_set":3} for a segment of partition 7 that dropped rows, nothing else; a comma
 * before it when json holds more than a brace. */
void tg_attempt_drops(struct tg_buf *json, const struct tg_batch *b, const struct tg_segment *s);

/* COPY of what the rules of the load's segments remember; older rows that a base replaces go. */
enum tg_rc tg_attempt_copy_state(struct tg_attempt *a);

/* The steps of a COPY: sends sql and takes results until the server waits for data; sends what is
 * in l->piece; ends it and compares the server's count with the rows sent. */
enum tg_rc tg_attempt_copy_start(struct tg_attempt *a, const char *sql);
enum tg_rc tg_attempt_copy_piece(struct tg_attempt *a);
enum tg_rc tg_attempt_copy_end(struct tg_attempt *a, const char *table, uint64_t sent);

/* COPY of what rules measured over windows. A batch of which a segment has left is set apart
 * before: what was measured tells of all its segments. */
enum tg_rc tg_attempt_copy_windows(struct tg_attempt *a);
void tg_attempt_set_apart(struct tg_load *load);

/* Before the first table of an attempt that looks for refused rows: deferred constraints would fail
 * at the end and name neither row nor batch. */
enum tg_rc tg_attempt_check_at_once(struct tg_attempt *a);

/* COPY of a batch in savepoint chunks. Rows that PostgreSQL refuses get an issue of stage load once
 * the whole batch is through. TG_DATA: the budget is used up. */
enum tg_rc tg_attempt_isolate(struct tg_attempt *a, struct tg_batch *b);

/* SET CONSTRAINTS, advance and COMMIT in one message. *step: how many of its statements were done.
 */
enum tg_rc tg_attempt_finish(struct tg_attempt *a, uint32_t *step);

/* Appends the INSERT of the load's verdicts, with a semicolon behind; nothing when there are none.
 * l->text is used on the way. What does not fit TG_VERDICTS_MAX is left out. */
void tg_attempt_verdicts(struct tg_attempt *a, struct tg_buf *sql);

/* Renews the claims of the load's segments. *committed: the unknown COMMIT had succeeded. Else
 * segments that are not ours or not at the chain's end are marked gone. */
enum tg_rc tg_attempt_renew(struct tg_attempt *a, bool *committed);

/* Ends sessions of former owners that may hold locks we wait for. *ended: how many. */
enum tg_rc tg_attempt_evict(struct tg_attempt *a, uint32_t *ended);

/* Notes whether the attempt failed because it took too long: the server's statement_timeout, or
 * twice our own deadline. batch: whose COPY it was, or -1. */
void tg_attempt_judge_time(struct tg_attempt *a, int32_t batch);

/* After such an attempt: some batches go with a later transaction, or the only one leaves the load
 * (too_big, held). TG_AGAIN; TG_CONFIG for a single row, with its topic held. */
enum tg_rc tg_attempt_split(struct tg_attempt *a);

/* After a commit: TG_AGAIN when batches that were put off are to be written now, else TG_OK. */
enum tg_rc tg_attempt_next(struct tg_attempt *a);

/* The line of the COPY that the last failure names, 0 when it names none. */
uint32_t tg_attempt_line(const struct tg_pg *pg, const struct tg_batch *b);

/* "BEGIN; " the first time, else "". */
static inline const char *tg_attempt_begin(struct tg_attempt *a)
{
  bool first = !a->begun;
  a->begun = true;
  return first ? "BEGIN; " : "";
}

#endif
