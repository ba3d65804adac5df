/* Names and addresses of networks. */
#include "core/data/format_own.h"

#include <arpa/inet.h>

enum { EMAIL_MAX = 254, LOCAL_MAX = 64, HOST_MAX = 253, LABEL_MAX = 63, ADDRESS_SIZE = 64 };

static bool label_char(char c)
{
  return tg_is_alnum(c) || c == '-';
}

static bool is_label(struct tg_text t)
{
  return t.len > 0 && t.len <= LABEL_MAX && tg_all(t, label_char) && t.ptr[0] != '-' &&
         t.ptr[t.len - 1] != '-';
}

/* Takes the part up to the next dot from the front; the rest has ptr NULL behind the last one. */
static struct tg_text take_label(struct tg_text *rest)
{
  const char *dot = rest->len ? memchr(rest->ptr, '.', rest->len) : NULL;
  struct tg_text label = dot ? tg_first(*rest, (uint32_t)(dot - rest->ptr)) : *rest;
  *rest = dot ? tg_rest(*rest, label.len + 1) : (struct tg_text){NULL, 0};
  return label;
}

/* A host name; *labels and *last say how it is made. */
static bool is_host(struct tg_text t, uint32_t *labels, struct tg_text *last)
{
  if (t.len > HOST_MAX) return false;
  for (*labels = 0; t.ptr; ++*labels) {
    *last = take_label(&t);
    if (!is_label(*last)) return false;
  }
  return *labels > 0;
}

int tg_format_hostname(const struct tg_formatting *how, struct tg_text t)
{
  uint32_t labels;
  struct tg_text last;
  (void)how;
  return is_host(t, &labels, &last);
}

static bool atom_char(char c)
{
  return tg_is_alnum(c) || (c && strchr("!#$%&'*+/=?^_`{|}~-", c));
}

static bool is_dot_atom(struct tg_text t)
{
  while (t.ptr) {
    struct tg_text atom = take_label(&t);
    if (!atom.len || !tg_all(atom, atom_char)) return false;
  }
  return true;
}

int tg_format_email(const struct tg_formatting *how, struct tg_text t)
{
  uint32_t labels;
  struct tg_text last;
  const char *at = memchr(t.ptr, '@', t.len);
  (void)how;
  if (!at || t.len > EMAIL_MAX || at - t.ptr > LOCAL_MAX) return 0;
  struct tg_text local = tg_first(t, (uint32_t)(at - t.ptr));
  if (!is_dot_atom(local) || !is_host(tg_rest(t, local.len + 1), &labels, &last)) return 0;
  return labels >= 2 && last.len >= 2 && (tg_all(last, tg_is_letter) || tg_begins(last, "xn--"));
}

static bool is_address(struct tg_text t, int family)
{
  char s[ADDRESS_SIZE];
  uint8_t bytes[16];
  if (!t.len || t.len >= sizeof s || memchr(t.ptr, '\0', t.len)) return false;
  memcpy(s, t.ptr, t.len);
  s[t.len] = '\0';
  return inet_pton(family, s, bytes) == 1;
}

int tg_format_ipv4(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return is_address(t, AF_INET);
}
int tg_format_ipv6(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return is_address(t, AF_INET6);
}

/* A number without leading zeros, at most max; -1 for anything else. */
static int32_t plain_number(struct tg_text t, int32_t max)
{
  int32_t v = tg_small_number(t);
  return v > max || (t.len > 1 && t.ptr[0] == '0') ? -1 : v;
}

int tg_format_cidr(const struct tg_formatting *how, struct tg_text t)
{
  const char *slash = memchr(t.ptr, '/', t.len);
  (void)how;
  if (!slash) return 0;
  struct tg_text address = tg_first(t, (uint32_t)(slash - t.ptr));
  struct tg_text bits = tg_rest(t, address.len + 1);
  if (is_address(address, AF_INET)) return plain_number(bits, 32) >= 0;
  return is_address(address, AF_INET6) && plain_number(bits, 128) >= 0;
}

int tg_format_mac(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  if (t.len != 17 || (t.ptr[2] != ':' && t.ptr[2] != '-')) return 0;
  for (uint32_t i = 0; i < t.len; i++)
    if (i % 3 == 2 ? t.ptr[i] != t.ptr[2] : !tg_is_hex(t.ptr[i])) return 0;
  return 1;
}

static bool visible(char c)
{
  return (unsigned char)c > ' ' && c != 0x7f;
}

/* Unicode's white space beyond ASCII: U+0085 00A0 1680 2000-200A 2028 2029 202F 205F 3000. */
static bool has_wide_space(struct tg_text t)
{
  for (uint32_t i = 0; i + 1 < t.len; i++) {
    const unsigned char *p = (const unsigned char *)t.ptr + i;
    if (p[0] == 0xc2 && (p[1] == 0x85 || p[1] == 0xa0)) return true;
    if (i + 2 >= t.len || p[0] < 0xe1 || p[0] > 0xe3) continue;
    uint32_t c = (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    if (c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
        c == 0x205f || c == 0x3000)
      return true;
  }
  return false;
}

static bool is_port(struct tg_text t)
{
  return plain_number(t, 65535) >= 0;
}

/* host or [address], then an optional :port. */
static bool is_authority(struct tg_text t)
{
  uint32_t labels, n = 0;
  struct tg_text last;
  if (t.len && t.ptr[0] == '[') {
    const char *end = memchr(t.ptr, ']', t.len);
    if (!end || !is_address(tg_text_of(t.ptr + 1, (size_t)(end - t.ptr) - 1), AF_INET6))
      return false;
    n = (uint32_t)(end - t.ptr) + 1;
  } else {
    while (n < t.len && t.ptr[n] != ':') n++;
    if (!is_host(tg_first(t, n), &labels, &last)) return false;
    if (tg_all(last, tg_is_digit) && !is_address(tg_first(t, n), AF_INET)) return false;
  }
  return n == t.len || (t.ptr[n] == ':' && is_port(tg_rest(t, n + 1)));
}

int tg_format_url(const struct tg_formatting *how, struct tg_text t)
{
  static const char *const schemes[] = {"http://", "https://", "ftp://"};
  struct tg_text rest = {NULL, 0};
  (void)how;
  for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
    if (tg_begins(t, schemes[i])) rest = tg_rest(t, (uint32_t)strlen(schemes[i]));
  if (!rest.ptr || !tg_all(rest, visible) || has_wide_space(rest)) return 0;
  uint32_t end = 0, host = 0;
  for (; end < rest.len && !strchr("/?#", rest.ptr[end]); end++)
    if (rest.ptr[end] == '@') host = end + 1; /* a user before it */
  return is_authority(tg_text_of(rest.ptr + host, end - host));
}

int tg_format_http_status(const struct tg_formatting *how, struct tg_text t)
{
  int32_t v = plain_number(t, 599);
  (void)how;
  return v >= 100;
}

int tg_format_port(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return plain_number(t, 65535) > 0;
}

int tg_format_http_method(const struct tg_formatting *how, struct tg_text t)
{
  static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
  (void)how;
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (t.len == strlen(methods[i]) && tg_begins(t, methods[i])) return 1;
  return 0;
}
