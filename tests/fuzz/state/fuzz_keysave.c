/* Saved keyed state: whatever the bytes, loading them ends, holds what they can hold, and what was
 * believed can be saved and loaded again. The checksum is put right, or nothing would pass. */
#include "core/state/keysave.h"

#include "tests/unit/state/signed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes in their place between head and checksum. */
static enum tg_rc load(struct tg_keyed *k, char version, char kind, struct tg_text inside)
{
  struct tg_buf bytes;
  struct tg_err err;
  tg_buf_init(&bytes, 0);
  tg_buf_add(&bytes, "tgks", 4);
  tg_buf_char(&bytes, version), tg_buf_char(&bytes, kind);
  tg_buf_text(&bytes, inside);
  tg_buf_add(&bytes, "checksum", 8);
  sign(&bytes);
  enum tg_rc rc = tg_keysave_load(k, tg_buf_view(&bytes), &err);
  tg_buf_fini(&bytes);
  return rc;
}

/* What was believed is saved, loaded and saved again the same. */
static void save_twice(struct tg_keyed *k)
{
  struct tg_buf once, again;
  struct tg_err err;
  tg_buf_init(&once, 0), tg_buf_init(&again, 0);
  tg_keysave_base(k, &once);
  if (tg_keysave_load(k, tg_buf_view(&once), &err) != TG_OK) abort();
  tg_keysave_base(k, &again);
  if (once.len != again.len || memcmp(once.ptr, again.ptr, once.len) != 0) abort();
  tg_buf_fini(&once), tg_buf_fini(&again);
}

/* data: version, u8 length of a base, its inside; what is left is the inside of a delta, if any. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct tg_keyed_conf conf = {.limits = {.keys_max = 100, .bytes_max = 1 << 20}};
  struct tg_keyed k;
  if (size < 2) return 0;
  const char *inside = (const char *)data + 2, version = (char)data[0];
  size_t base = data[1] < size - 2 ? data[1] : size - 2;
  tg_keyed_init(&k, &conf, 1);
  enum tg_rc rc = load(&k, version, 'b', tg_text_of(inside, base));
  if (rc == TG_OK) save_twice(&k);
  if (rc == TG_OK && base < size - 2)
    rc = load(&k, version, 'd', tg_text_of(inside + base, size - 2 - base));
  if (rc == TG_OK) save_twice(&k);
  tg_keyed_fini(&k);
  return 0;
}
