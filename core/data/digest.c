/* SHA-256 and Keccak-256 of one block. */
#include "core/data/digest.h"

#include <assert.h>

/* --- SHA-256 --- */

static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t right(uint32_t v, int n)
{
  return v >> n | v << (32 - n);
}

static uint32_t read_big(const uint8_t *p)
{
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void sha_schedule(const uint8_t block[64], uint32_t w[64])
{
  for (int i = 0; i < 16; i++) w[i] = read_big(block + i * 4);
  for (int i = 16; i < 64; i++) {
    uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (right(a, 7) ^ right(a, 18) ^ a >> 3) +
           (right(b, 17) ^ right(b, 19) ^ b >> 10);
  }
}

static void sha_rounds(const uint32_t w[64], uint32_t state[8])
{
  uint32_t v[8];
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t s1 = right(v[4], 6) ^ right(v[4], 11) ^ right(v[4], 25);
    uint32_t s0 = right(v[0], 2) ^ right(v[0], 13) ^ right(v[0], 22);
    uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    uint32_t t1 = v[7] + s1 + choice + sha_constants[i] + w[i];
    memmove(v + 1, v, 7 * sizeof *v);
    v[4] += t1;
    v[0] = t1 + s0 + majority;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

void tg_digest_sha256(struct tg_text t, uint8_t out[TG_DIGEST_BYTES])
{
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  uint8_t block[64] = {0};
  uint32_t w[64];
  assert(t.len <= TG_SHA256_TEXT_MAX);
  if (t.len) memcpy(block, t.ptr, t.len);
  block[t.len] = 0x80;
  block[62] = (uint8_t)(t.len * 8 >> 8), block[63] = (uint8_t)(t.len * 8);
  sha_schedule(block, w);
  sha_rounds(w, state);
  for (uint32_t i = 0; i < TG_DIGEST_BYTES; i++)
    out[i] = (uint8_t)(state[i / 4] >> (24 - i % 4 * 8));
}

/* --- Keccak-f[1600] --- */

static uint64_t left(uint64_t v, uint32_t n)
{
  return n ? v << n | v >> (64 - n) : v;
}

static void theta(uint64_t a[25])
{
  uint64_t c[5];
  for (int x = 0; x < 5; x++) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
  for (int i = 0; i < 25; i++) a[i] ^= c[(i + 4) % 5] ^ left(c[(i + 1) % 5], 1);
}

static void rho_pi(uint64_t a[25])
{
  uint64_t carried = a[1];
  uint32_t x = 1, y = 0;
  for (uint32_t t = 1; t <= 24; t++) {
    uint32_t next = (2 * x + 3 * y) % 5;
    x = y, y = next;
    uint64_t here = a[x + 5 * y];
    a[x + 5 * y] = left(carried, t * (t + 1) / 2 % 64);
    carried = here;
  }
}

static void chi(uint64_t a[25])
{
  for (int y = 0; y < 25; y += 5) {
    uint64_t row[5];
    memcpy(row, a + y, sizeof row);
    for (int x = 0; x < 5; x++) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
  }
}

/* The round constants are the output of a shift register (reference, 1.2). */
static uint64_t iota(uint8_t *shift)
{
  uint64_t constant = 0;
  for (int j = 0; j <= 6; j++) {
    if (*shift & 1) constant ^= UINT64_C(1) << ((1 << j) - 1);
    *shift = (uint8_t)(*shift << 1 ^ (*shift & 0x80 ? 0x71 : 0));
  }
  return constant;
}

void tg_digest_keccak256(struct tg_text t, uint8_t out[TG_DIGEST_BYTES])
{
  uint8_t block[TG_KECCAK256_TEXT_MAX + 1] = {0}, shift = 1;
  uint64_t a[25] = {0};
  assert(t.len <= TG_KECCAK256_TEXT_MAX);
  if (t.len) memcpy(block, t.ptr, t.len);
  block[t.len] = 0x01;
  block[TG_KECCAK256_TEXT_MAX] |= 0x80;
  for (uint32_t i = 0; i < sizeof block; i++) a[i / 8] ^= (uint64_t)block[i] << (i % 8 * 8);
  for (int round = 0; round < 24; round++) {
    theta(a);
    rho_pi(a);
    chi(a);
    a[0] ^= iota(&shift);
  }
  for (uint32_t i = 0; i < TG_DIGEST_BYTES; i++) out[i] = (uint8_t)(a[i / 8] >> (i % 8 * 8));
}
