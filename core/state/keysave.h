/* Keyed state as bytes: a base is all of it, a delta what one segment changed. A delta grows with
 * the change, not with what a key remembers: of a window it holds what came and how much left.
 *
 *   "tgks" u8 version=2 u8 kind('b','d') | steps | u64 checksum of all before, little endian
 *   steps: v count, each:  v op, v type kind, v is array, v precision, v scale
 *                          z clock, z started, v evicted, v expired
 *                          v gone, each a key
 *                          v entries, from the longest unused to the newest, each:
 *                          a key, z touched, v lost, v kept, v more, z word of `more` ..
 *                          of maybe_seen, after its type: v length, bytes (bloom.h)
 *   a key: v length, bytes.  v: varint, 7 bits a byte, the lowest first; z: zigzag varint. Times
 *   are differences: touched to the one before, the first of all to the clock; of the words that
 *   are times (of windows, and of `seen` the second) the first written of an entry to its touch,
 *   each other to the one before.
 *   lost, kept: of the key's words before, so many leave at the front, so many behind them stay; in
 *   a base both are 0.
 *
 * Version 1, read and not written any more: no lost and kept, `more` are all words; touched and the
 * first time of an entry are differences to the clock; the words of `seen` are no times.
 *
 * Loading = a base and the deltas behind it, in order, gives the table as it was, the order of use
 * included. Bytes are checked before anything is believed: hostile ones are refused, TG_DATA.
 * The checksum follows FNV-1a (draft-eastlake-fnv), by words. */
#ifndef TG_STATE_KEYSAVE_H
#define TG_STATE_KEYSAVE_H

#include "core/state/keyed.h"

/* Appends all of k, or what its newest overlays changed. The caller looks at out->failed. */
void tg_keysave_base(const struct tg_keyed *k, struct tg_buf *out);
void tg_keysave_delta(const struct tg_keyed *k, struct tg_buf *out);

/* True when the newest overlays changed nothing. */
bool tg_keysave_same(const struct tg_keyed *k);

/* Applies a base (k is emptied first) or a delta; no overlay may be open. TG_DATA: not such bytes;
 * TG_RETRY: no memory. k is of no use then. */
enum tg_rc tg_keysave_load(struct tg_keyed *k, struct tg_text bytes, struct tg_err *err);

#endif
