/* Text from outside: UTF-8 checks, and showing any bytes to people. */
#include "core/base/text.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {"amount", "currency", "customer_id", NULL};
  struct tg_text t = {(const char *)data, (uint32_t)size};
  char shown[512];
  tg_text_shown(t, shown, sizeof shown);
  assert(tg_text_utf8((struct tg_text){shown, (uint32_t)strlen(shown)}));
  tg_text_shown(t, shown, 1 + size % 80);
  assert(strlen(shown) <= size % 80);
  struct tg_text trimmed = tg_text_trim(t);
  assert(trimmed.len <= t.len);
  tg_text_nearest(t, names);
  return 0;
}
