/* Bytes of states that leave the process: little endian, fixed widths or varints (7 bits a byte,
 * the lowest first, the top bit set on all but the last). A reader never runs past its end: after
 * the first bad read `bad` stays set, everything reads as zero, and the caller checks once. */
#ifndef TG_STATE_PACK_H
#define TG_STATE_PACK_H

#include "core/base/buf.h"

void tg_pack_u8(struct tg_buf *out, uint8_t v);
void tg_pack_u64(struct tg_buf *out, uint64_t v);
void tg_pack_varint(struct tg_buf *out, uint64_t v);
void tg_pack_double(struct tg_buf *out, double v);
void tg_pack_int128(struct tg_buf *out, __int128 v);

struct tg_unpack {
  const uint8_t *at, *end; /* borrowed */
  bool bad;
};

struct tg_unpack tg_unpack_of(struct tg_text bytes);
uint8_t tg_unpack_u8(struct tg_unpack *in);
uint64_t tg_unpack_u64(struct tg_unpack *in);
uint64_t tg_unpack_varint(struct tg_unpack *in);
/* A varint that may not be above max. */
uint64_t tg_unpack_count(struct tg_unpack *in, uint64_t max);
double tg_unpack_double(struct tg_unpack *in);
__int128 tg_unpack_int128(struct tg_unpack *in);
/* A view of the next n bytes; NULL and bad when there are fewer. */
const uint8_t *tg_unpack_bytes(struct tg_unpack *in, size_t n);

#endif
