/* Saved keyed state: whatever the bytes, loading them ends, holds what they can hold, and what was
 * believed can be saved and loaded again. The checksum is put right, or nothing would pass. */
#include "core/state/keysave.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void sign(struct tg_buf *b)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325), word;
  size_t at = 0, n = b->len - 8;
  for (; at + 8 <= n; at += 8) {
    memcpy(&word, b->ptr + at, 8);
    h = (h ^ word) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
  }
  for (; at < n; at++) h = (h ^ (unsigned char)b->ptr[at]) * UINT64_C(0x100000001b3);
  for (size_t i = 0; i < 8; i++) b->ptr[n + i] = (char)(h >> (8 * i));
}

/* data: 'b' or 'd', then what stands between the head and the checksum. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct tg_keyed_conf conf = {.limits = {.keys_max = 100, .bytes_max = 1 << 20}};
  struct tg_keyed k;
  struct tg_buf bytes;
  struct tg_err err;
  if (size == 0) return 0;
  tg_buf_init(&bytes, 0);
  tg_buf_add(&bytes, "tgks\1", 5);
  tg_buf_add(&bytes, data, size);
  tg_buf_add(&bytes, "checksum", 8);
  sign(&bytes);
  tg_keyed_init(&k, &conf, 1);
  if (tg_keysave_load(&k, tg_buf_view(&bytes), &err) == TG_OK) {
    tg_buf_clear(&bytes);
    tg_keysave_base(&k, &bytes);
    if (tg_keysave_load(&k, tg_buf_view(&bytes), &err) != TG_OK) abort();
  }
  tg_keyed_fini(&k);
  tg_buf_fini(&bytes);
  return 0;
}
