/* All keyed state of one partition: one struct tg_keyed per rule, found by the rule's id and the
 * hash of its declaration.
 *
 *   segment [0,500)  judged, handed over, not committed     overlay 0
 *   segment [500,900)  being judged                         overlay 500
 *
 * The lane tells where a segment begins (begin), the rules evaluate, what changed is written to
 * the load (save), and a committed segment is final (commit). Whatever was judged and dropped is
 * taken back by the next begin: the state at an offset is a function of the rows before it.
 * Thread: one at a time; the writer builds it, the worker owns it from then on. */
#ifndef TG_STATE_STATESET_H
#define TG_STATE_STATESET_H

#include "core/state/keyed.h"

enum { TG_STATE_HASH_BYTES = 32 }; /* hex digits of a declaration's hash */

struct tg_stateset;

/* seed: see tg_keytable_init(). NULL without memory. */
struct tg_stateset *tg_stateset_new(uint64_t seed);
void tg_stateset_free(struct tg_stateset *set);

/* What the states of several sets may take together: counted by the owner of the sets, with
 * tg_stateset_size(). Any thread. */
struct tg_state_room {
  uint64_t bytes_max; /* 0: no limit */
  _Atomic uint64_t bytes;
};
/* The set is one of those; room must live as long. A set without one is never full. */
void tg_stateset_share(struct tg_stateset *set, const struct tg_state_room *room);
/* The room is used up: nothing more may be remembered. */
bool tg_stateset_full(const struct tg_stateset *set);

/* One row of saved state. */
struct tg_state_row {
  struct tg_text rule, declared; /* id; hash of the declaration */
  bool base;
  struct tg_text bytes;
};

/* Adds what was saved: a base, then its deltas in order. TG_DATA: unreadable, or a delta without
 * its base; TG_RETRY: no memory. */
enum tg_rc tg_stateset_load(struct tg_stateset *set, const struct tg_state_row *row,
                            struct tg_err *err);

/* The segment that begins at `from` is next: everything from there on is taken back. */
void tg_stateset_begin(struct tg_stateset *set, int64_t from);
/* Everything before `to` is final. */
void tg_stateset_commit(struct tg_stateset *set, int64_t to);

/* The rule's state at the segment's start, ready to be evaluated; made when it is new. State under
 * the same id and another declaration is dropped and remembered as changed. NULL without memory. */
struct tg_keyed *tg_stateset_open(struct tg_stateset *set, struct tg_text rule,
                                  struct tg_text declared, const struct tg_keyed_conf *conf);

/* Takes back what the rule has remembered of the segment. */
void tg_stateset_undo(struct tg_stateset *set, struct tg_text rule, struct tg_text declared);

/* The id of a rule whose state began anew because its declaration changed, once each; "" when
 * there is none (any more). */
const char *tg_stateset_changed(struct tg_stateset *set);

/* Calls visit for every rule that the newest segment [from, ..) changed: a delta, or a base when it
 * is due. bytes are valid during the call. False without memory. */
typedef bool tg_stateset_visit(void *self, const struct tg_state_row *row);
bool tg_stateset_save(struct tg_stateset *set, struct tg_buf *scratch, tg_stateset_visit *visit,
                      void *self);

struct tg_state_size {
  uint64_t keys, bytes, evicted;
};
struct tg_state_size tg_stateset_size(const struct tg_stateset *set);

#endif
