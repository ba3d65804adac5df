/* The state schema `tidegate`: its tables, versions, claims and small records. Who writes which
 * table when: docs/POSTGRES.md. Every call takes a connection and a deadline. */
#ifndef TG_PG_STATE_H
#define TG_PG_STATE_H

#include "core/base/buf.h"
#include "core/pg/conn.h"

/* Creates or upgrades the schema in one transaction under an advisory lock, for which it waits
 * until shortly before the deadline, whatever the session's lock timeout is. TG_CONFIG when rights
 * are missing (the message names the grant), or the schema is newer than this program can use. */
enum tg_rc tg_state_upgrade(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err);

struct tg_claim {    /* one partition of the chain, as its owner knows it */
  const char *topic; /* Kafka topic; borrowed from the caller */
  int32_t partition;
  int32_t partition_id; /* out */
  int64_t claim_id;     /* out of take, in for renew and release */
  int64_t next; /* out: the chain's end = next offset to read; -1: never seen, the caller decides */
  int64_t first_offset; /* in for tg_claim_begin */
  bool mine;            /* out of renew: the claim is still ours */
  bool relayed; /* out of take: records were emitted for it; the group's offset is the relay's */
  int64_t last_offset, last_us; /* out: the ledger's last record, -1 when there is none */
  uint32_t last_crc;
  uint32_t tries, piece, lethal; /* out of take: tidegate.attempt; in for mark: piece = records */
  int64_t piece_to;              /* of it; -1: none. in for mark: the end of what is tried */
  struct tg_stateset *state;     /* what its rules remember; the lane's business */
};

struct tg_claimer {
  const char *pipeline, *cluster_id;
  const char *owner; /* "host:pid lane 0" */
  int64_t run;       /* random, one a process: who claims again has not died */
};

/* Becomes the owner of these partitions on this connection (pid and backend_start are its own),
 * terminating stale owners' backends as docs/EXACTLY_ONCE.md says; synchronous_commit=on. All or
 * nothing. */
enum tg_rc tg_claim_take(struct tg_pg *pg, const struct tg_claimer *who, struct tg_claim *claims,
                         uint32_t count, int64_t deadline_us, struct tg_err *err);
/* Fixes the beginning of a chain that has none yet (next was -1): first_offset; next is set. */
enum tg_rc tg_claim_begin(struct tg_pg *pg, struct tg_claim *claims, uint32_t count,
                          int64_t deadline_us, struct tg_err *err);
/* After a reconnect or an unknown COMMIT: says which are still ours (mine) and where each chain
 * ends (next). */
enum tg_rc tg_claim_renew(struct tg_pg *pg, struct tg_claim *claims, uint32_t count,
                          int64_t deadline_us, struct tg_err *err);
/* Notes that the records from next to piece_to are tried alone now: should the process end before
 * they are committed, the next owner knows (tidegate.attempt). Nothing when the claim is lost. */
enum tg_rc tg_claim_mark(struct tg_pg *pg, const struct tg_claim *claim, int64_t deadline_us,
                         struct tg_err *err);
enum tg_rc tg_claim_release(struct tg_pg *pg, const struct tg_claim *claims, uint32_t count,
                            int64_t deadline_us, struct tg_err *err);

/* Roles, joined by ", ", of owners of this pipeline's partitions whose stuck sessions this role can
 * neither see fully nor end: other roles, and it is no member of pg_signal_backend and
 * pg_read_all_stats. "" when there is none. */
enum tg_rc tg_claim_strangers(struct tg_pg *pg, const char *pipeline, char *roles, size_t size,
                              int64_t deadline_us, struct tg_err *err);

struct tg_note { /* a journal row */
  const char *pipeline;
  const char *kind;  /* "reload", "ddl", "breaker", "halt", "gap" .. */
  const char *topic; /* or NULL */
  const char *message;
  const char *detail; /* JSON, or NULL */
};
enum tg_rc tg_journal_add(struct tg_pg *pg, const struct tg_note *note, int64_t deadline_us,
                          struct tg_err *err);

/* Appends the files of a generation as JSON, path -> text; nothing when it is not known. */
enum tg_rc tg_generation_files(struct tg_pg *pg, const char *pipeline, const char *sha256,
                               struct tg_buf *files, int64_t deadline_us, struct tg_err *err);

/* The generations whose name begins so, newest first, at most six: sha256, first_seen. Read with
 * tg_pg_rows(). begin: hex digits, or "" for all. */
enum tg_rc tg_generation_find(struct tg_pg *pg, const char *pipeline, const char *begin,
                              int64_t deadline_us, struct tg_err *err);

/* Remembers a generation and its files (a JSON object path -> text) if it is new. */
enum tg_rc tg_generation_keep(struct tg_pg *pg, const char *pipeline, const char *sha256,
                              const char *files, int64_t deadline_us, struct tg_err *err);

#endif
