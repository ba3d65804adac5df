/* State as bytes, in both directions. */
#include "core/state/codec.h"

#include <math.h>

static uint64_t fail(struct tg_codec *c)
{
  c->bad = true;
  c->in = tg_text("");
  return 0;
}

static uint64_t word(struct tg_codec *c, uint64_t v)
{
  uint8_t bytes[8];
  if (c->out) {
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(v >> (8 * i));
    tg_buf_add(c->out, bytes, sizeof bytes);
    return v;
  }
  if (c->bad || c->in.len < sizeof bytes) return fail(c);
  memcpy(bytes, c->in.ptr, sizeof bytes);
  c->in = tg_text_of(c->in.ptr + sizeof bytes, c->in.len - sizeof bytes);
  v = 0;
  for (int i = 0; i < 8; i++) v |= (uint64_t)bytes[i] << (8 * i);
  return v;
}

void tg_codec_count(struct tg_codec *c, uint64_t *v, uint64_t max)
{
  *v = word(c, *v);
  if (*v > max) *v = fail(c);
}

void tg_codec_count32(struct tg_codec *c, uint32_t *v, uint32_t max)
{
  uint64_t wide = *v;
  tg_codec_count(c, &wide, max);
  *v = (uint32_t)wide;
}

void tg_codec_flag(struct tg_codec *c, bool *v)
{
  uint32_t n = *v;
  tg_codec_count32(c, &n, 1);
  *v = n == 1;
}

void tg_codec_number(struct tg_codec *c, double *v)
{
  uint64_t bits;
  memcpy(&bits, v, sizeof bits);
  bits = word(c, bits);
  memcpy(v, &bits, sizeof bits);
  if (isfinite(*v)) return;
  fail(c);
  *v = 0;
}

void tg_codec_positive(struct tg_codec *c, double *v)
{
  tg_codec_number(c, v);
  if (*v >= 0) return;
  fail(c);
  *v = 0;
}

void tg_codec_numbers(struct tg_codec *c, double *v, size_t count)
{
  for (size_t i = 0; i < count; i++) tg_codec_number(c, &v[i]);
}

void tg_codec_bytes(struct tg_codec *c, struct tg_text *v)
{
  uint32_t len = v->len;
  tg_codec_count32(c, &len, c->out ? UINT32_MAX : c->in.len);
  if (c->out) {
    tg_buf_text(c->out, *v);
    return;
  }
  if (len > c->in.len) len = (uint32_t)fail(c);
  *v = tg_text_of(c->in.ptr, len);
  c->in = tg_text_of(c->in.ptr + len, c->in.len - len);
}
