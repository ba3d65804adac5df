/* State as bytes: one walk over a structure both writes it and reads it back, so that the two
 * directions cannot differ.
 *
 *   whole number   8 bytes, little endian          number   its IEEE 754 bits, likewise
 *   bytes          length as a whole number, then as many bytes
 *
 * Reading takes nothing on trust: every number has the bounds that its place names, and the first
 * one outside, or the end of the bytes, sets `bad`; what is read after that is 0. */
#ifndef TG_STATE_CODEC_H
#define TG_STATE_CODEC_H

#include "core/base/buf.h"

struct tg_codec {
  struct tg_buf *out; /* written to; NULL: reading */
  struct tg_text in;  /* what is left to read */
  bool bad;
};

static inline struct tg_codec tg_codec_writer(struct tg_buf *out)
{
  return (struct tg_codec){.out = out};
}
static inline struct tg_codec tg_codec_reader(struct tg_text in)
{
  return (struct tg_codec){.in = in};
}
/* Reading ended well: nothing was out of bounds and nothing is left. */
static inline bool tg_codec_whole(const struct tg_codec *c)
{
  return !c->bad && c->in.len == 0;
}

/* Above it a double counts no more by one: no honest counter is there. */
#define TG_CODEC_COUNT_MAX ((uint64_t)1 << 53)

/* A whole number of 0..max. */
void tg_codec_count(struct tg_codec *c, uint64_t *v, uint64_t max);
void tg_codec_count32(struct tg_codec *c, uint32_t *v, uint32_t max);
void tg_codec_flag(struct tg_codec *c, bool *v);
/* A finite number; of at least 0. */
void tg_codec_number(struct tg_codec *c, double *v);
void tg_codec_positive(struct tg_codec *c, double *v);
void tg_codec_numbers(struct tg_codec *c, double *v, size_t count);
/* Bytes; what is read is borrowed from the input. */
void tg_codec_bytes(struct tg_codec *c, struct tg_text *v);

#endif
