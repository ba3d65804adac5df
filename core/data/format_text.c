/* Encodings, identifiers, versions and coordinates. */
#include "core/data/decimal.h"
#include "core/data/format_own.h"

static int hex_of(struct tg_text t, uint32_t len)
{
  return t.len == len && tg_all(t, tg_is_hex);
}

int tg_format_md5(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return hex_of(t, 32);
}
int tg_format_sha1(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return hex_of(t, 40);
}
int tg_format_sha256(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return hex_of(t, 64);
}
int tg_format_crc32(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return hex_of(t, 8);
}
int tg_format_hex(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return t.len > 0 && tg_all(t, tg_is_hex);
}

int tg_format_hex_color(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  bool length = t.len == 4 || t.len == 5 || t.len == 7 || t.len == 9;
  return length && t.ptr[0] == '#' && tg_all(tg_rest(t, 1), tg_is_hex);
}

/* Without the '=' at the end. */
static struct tg_text unpadded(struct tg_text t)
{
  while (t.len && t.ptr[t.len - 1] == '=') t.len--;
  return t;
}

static bool base64_char(char c)
{
  return tg_is_alnum(c) || c == '+' || c == '/';
}

int tg_format_base64(const struct tg_formatting *how, struct tg_text t)
{
  struct tg_text body = unpadded(t);
  (void)how;
  return t.len > 0 && t.len % 4 == 0 && t.len - body.len <= 2 && tg_all(body, base64_char);
}

static bool base32_char(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

int tg_format_base32(const struct tg_formatting *how, struct tg_text t)
{
  static const bool paddings[] = {true, true, false, true, true, false, true};
  struct tg_text body = unpadded(t);
  uint32_t padding = t.len - body.len;
  (void)how;
  return t.len > 0 && t.len % 8 == 0 && padding < sizeof paddings && paddings[padding] &&
         tg_all(body, base32_char);
}

static bool is_grouped_hex(struct tg_text t)
{
  for (uint32_t i = 0; i < t.len; i++) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? t.ptr[i] != '-' : !tg_is_hex(t.ptr[i])) return false;
  }
  return t.len == 36;
}

int tg_format_uuid(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  bool braces = t.len > 2 && t.ptr[0] == '{' && t.ptr[t.len - 1] == '}';
  if (braces) t = tg_text_of(t.ptr + 1, t.len - 2);
  if (!braces && tg_begins(t, "urn:uuid:")) t = tg_rest(t, 9);
  return is_grouped_hex(t) || hex_of(t, 32);
}

static bool crockford_char(char c)
{
  return tg_is_alnum(c) && !strchr("ILOU", tg_upper(c));
}

int tg_format_ulid(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return t.len == 26 && t.ptr[0] >= '0' && t.ptr[0] <= '7' && tg_all(t, crockford_char);
}

static bool geohash_char(char c)
{
  return tg_is_alnum(c) && !strchr("AILO", tg_upper(c));
}

int tg_format_geohash(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return t.len >= 1 && t.len <= 12 && tg_all(t, geohash_char);
}

int tg_format_slug(const struct tg_formatting *how, struct tg_text t)
{
  bool behind = false;
  (void)how;
  for (uint32_t i = 0; i < t.len; i++) {
    char c = t.ptr[i];
    bool part = tg_is_digit(c) || (c >= 'a' && c <= 'z');
    if (!part && (!behind || (c != '-' && c != '_'))) return 0;
    behind = part;
  }
  return behind;
}

/* --- semver --- */

/* Takes what stands before the next `stop` from the front. */
static struct tg_text take_until(struct tg_text *rest, char stop, bool *found)
{
  const char *at = rest->len ? memchr(rest->ptr, stop, rest->len) : NULL;
  struct tg_text part = at ? tg_first(*rest, (uint32_t)(at - rest->ptr)) : *rest;
  *found = at != NULL;
  *rest = tg_rest(*rest, part.len + *found);
  return part;
}

static bool identifier_char(char c)
{
  return tg_is_alnum(c) || c == '-';
}

static bool is_version_number(struct tg_text t)
{
  return t.len > 0 && tg_all(t, tg_is_digit) && (t.len == 1 || t.ptr[0] != '0');
}

/* Identifiers joined by dots; of a pre-release, numbers have no leading zeros. */
static bool are_identifiers(struct tg_text t, bool prerelease)
{
  bool more = true;
  while (more) {
    struct tg_text part = take_until(&t, '.', &more);
    if (!part.len || !tg_all(part, identifier_char)) return false;
    if (prerelease && tg_all(part, tg_is_digit) && !is_version_number(part)) return false;
  }
  return true;
}

int tg_format_semver(const struct tg_formatting *how, struct tg_text t)
{
  bool build, prerelease, more;
  struct tg_text core = take_until(&t, '+', &build);
  (void)how;
  if (build && !are_identifiers(t, false)) return 0;
  t = core;
  core = take_until(&t, '-', &prerelease);
  if (prerelease && !are_identifiers(t, true)) return 0;
  for (int i = 0; i < 3; i++) {
    struct tg_text number = take_until(&core, '.', &more);
    if (!is_version_number(number) || more != (i < 2)) return 0;
  }
  return 1;
}

/* --- coordinates --- */

/* Digit i of the decimal, counted from the first one before the point. */
static uint32_t digit_at(const struct tg_decimal *d, uint32_t i)
{
  if (i < d->whole.len) return (uint32_t)(d->whole.ptr[i] - '0');
  i -= d->whole.len;
  return i < d->fraction.len ? (uint32_t)(d->fraction.ptr[i] - '0') : 0;
}

/* |value| <= limit, a whole number; exact. */
static int within(struct tg_text t, uint32_t limit)
{
  struct tg_decimal d;
  if (!tg_decimal_parse(t, &d)) return 0;
  uint32_t digits = d.whole.len + d.fraction.len, whole = d.point > 0 ? (uint32_t)d.point : 0,
           v = 0;
  for (uint32_t i = 0; i < whole && v <= limit; i++) {
    if (v == 0 && i >= digits) return 1; /* zero, whatever the exponent */
    v = v * 10 + digit_at(&d, i);
  }
  bool rest = false;
  for (uint32_t i = whole; d.point > 0 && i < digits; i++) rest |= digit_at(&d, i) > 0;
  return v < limit || (v == limit && !rest);
}

int tg_format_latitude(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return within(t, 90);
}
int tg_format_longitude(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return within(t, 180);
}
