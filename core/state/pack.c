/* Little-endian writing, and reading that cannot run past its end. */
#include "core/state/pack.h"

enum { VARINT_BYTES_MAX = 10, WORD = 8 };

void tg_pack_u8(struct tg_buf *out, uint8_t v)
{
  tg_buf_add(out, &v, 1);
}

void tg_pack_u64(struct tg_buf *out, uint64_t v)
{
  uint8_t bytes[WORD];
  for (int i = 0; i < WORD; i++) bytes[i] = (uint8_t)(v >> (8 * i));
  tg_buf_add(out, bytes, sizeof bytes);
}

void tg_pack_varint(struct tg_buf *out, uint64_t v)
{
  uint8_t bytes[VARINT_BYTES_MAX];
  size_t n = 0;
  for (; v >= 0x80; v >>= 7) bytes[n++] = (uint8_t)(v | 0x80);
  bytes[n++] = (uint8_t)v;
  tg_buf_add(out, bytes, n);
}

void tg_pack_double(struct tg_buf *out, double v)
{
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  tg_pack_u64(out, bits);
}

void tg_pack_int128(struct tg_buf *out, __int128 v)
{
  tg_pack_u64(out, (uint64_t)v);
  tg_pack_u64(out, (uint64_t)((unsigned __int128)v >> 64));
}

struct tg_unpack tg_unpack_of(struct tg_text bytes)
{
  const uint8_t *at = (const uint8_t *)bytes.ptr;
  return (struct tg_unpack){.at = at, .end = at + bytes.len};
}

const uint8_t *tg_unpack_bytes(struct tg_unpack *in, size_t n)
{
  if (in->bad || (size_t)(in->end - in->at) < n) {
    in->bad = true;
    return NULL;
  }
  const uint8_t *p = in->at;
  in->at += n;
  return p;
}

uint8_t tg_unpack_u8(struct tg_unpack *in)
{
  const uint8_t *p = tg_unpack_bytes(in, 1);
  return p ? *p : 0;
}

uint64_t tg_unpack_u64(struct tg_unpack *in)
{
  const uint8_t *p = tg_unpack_bytes(in, WORD);
  uint64_t v = 0;
  for (int i = 0; p && i < WORD; i++) v |= (uint64_t)p[i] << (8 * i);
  return v;
}

uint64_t tg_unpack_varint(struct tg_unpack *in)
{
  uint64_t v = 0;
  for (int i = 0; i < VARINT_BYTES_MAX; i++) {
    uint8_t byte = tg_unpack_u8(in);
    bool over = i == VARINT_BYTES_MAX - 1 && byte > 1;
    if (in->bad || over) break;
    v |= (uint64_t)(byte & 0x7f) << (7 * i);
    if (byte < 0x80) return v;
  }
  in->bad = true;
  return 0;
}

uint64_t tg_unpack_count(struct tg_unpack *in, uint64_t max)
{
  uint64_t v = tg_unpack_varint(in);
  if (v <= max) return v;
  in->bad = true;
  return 0;
}

double tg_unpack_double(struct tg_unpack *in)
{
  uint64_t bits = tg_unpack_u64(in);
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

__int128 tg_unpack_int128(struct tg_unpack *in)
{
  uint64_t low = tg_unpack_u64(in), high = tg_unpack_u64(in);
  return (__int128)((unsigned __int128)high << 64 | low);
}
