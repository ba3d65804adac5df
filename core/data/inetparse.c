/* Addresses go through inet_pton(), which knows no zone ids and no short IPv4 forms: neither does
 * inet. */
#include "core/data/inetparse.h"

#include <arpa/inet.h>

enum { FAMILY4 = 2, FAMILY6 = 3, TEXT_MAX = 64 };

/* 1 to 3 digits without a leading zero, at most max. */
static bool parse_bits(struct tg_text t, uint32_t max, uint8_t *bits)
{
  uint32_t v = 0;
  if (!t.len || t.len > 3 || (t.len > 1 && *t.ptr == '0')) return false;
  for (uint32_t i = 0; i < t.len; i++) {
    if (t.ptr[i] < '0' || t.ptr[i] > '9') return false;
    v = v * 10 + (uint32_t)(t.ptr[i] - '0');
  }
  *bits = (uint8_t)v;
  return v <= max;
}

uint32_t tg_inet_parse(struct tg_text t, uint8_t out[TG_INET_BYTES_MAX])
{
  char address[TEXT_MAX];
  const char *slash = t.len ? memchr(t.ptr, '/', t.len) : NULL;
  uint32_t len = slash ? (uint32_t)(slash - t.ptr) : t.len;
  if (!len || len >= sizeof address || memchr(t.ptr, '\0', len)) return 0;
  memcpy(address, t.ptr, len);
  address[len] = '\0';
  bool six = memchr(address, ':', len) != NULL;
  if (inet_pton(six ? AF_INET6 : AF_INET, address, out + 4) != 1) return 0;
  out[0] = six ? FAMILY6 : FAMILY4, out[2] = 0, out[3] = six ? 16 : 4;
  out[1] = (uint8_t)(out[3] * 8);
  if (slash && !parse_bits(tg_text_of(slash + 1, t.len - len - 1), out[1], &out[1])) return 0;
  return 4 + out[3];
}
