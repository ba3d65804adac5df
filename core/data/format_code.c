/* Numbers of books, goods, devices, vehicles, people and resources. */
#include "core/data/checkdigit.h"
#include "core/data/format_own.h"

enum { CODE_MAX = 24 };

struct code { /* a text without its separators */
  char s[CODE_MAX];
  struct tg_text t;
};

/* False unless it is made of letters, digits and single separators between them. */
static bool compact(struct tg_text t, const char *separators, struct code *out)
{
  out->t = tg_text_of(out->s, tg_format_compact(t, separators, out->s, CODE_MAX));
  return out->t.len > 0;
}

int tg_format_isbn10(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  return compact(t, "- ", &c) && c.t.len == 10 && tg_checkdigit_11(c.t);
}

int tg_format_isbn13(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  if (!compact(t, "- ", &c) || c.t.len != 13) return 0;
  return (tg_begins(c.t, "978") || tg_begins(c.t, "979")) && tg_checkdigit_gs1(c.t);
}

int tg_format_issn(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  return compact(t, "- ", &c) && c.t.len == 8 && tg_checkdigit_11(c.t);
}

int tg_format_ean13(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  return compact(t, "-", &c) && c.t.len == 13 && tg_checkdigit_gs1(c.t);
}

int tg_format_ean(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  if (!compact(t, "-", &c)) return 0;
  return (c.t.len == 8 || (c.t.len >= 12 && c.t.len <= 14)) && tg_checkdigit_gs1(c.t);
}

int tg_format_imei(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  if (!compact(t, "-", &c) || !tg_all(c.t, tg_is_digit)) return 0;
  if (c.t.len == 15) return tg_checkdigit_luhn(c.t);
  return c.t.len == 14 || c.t.len == 16;
}

static bool vin_char(char c)
{
  return tg_is_digit(c) || (tg_is_letter(c) && !strchr("IOQ", tg_upper(c)));
}

int tg_format_vin(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  if (t.len != 17 || !tg_all(t, vin_char) || !compact(t, "", &c)) return 0;
  bool north_america = *c.s >= '1' && *c.s <= '5';
  return !north_america || tg_checkdigit_vin(c.t);
}

int tg_format_us_ssn(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  if (t.len != 11 || t.ptr[3] != '-' || t.ptr[6] != '-') return 0;
  int32_t area = tg_small_number(tg_first(t, 3)), group = tg_small_number(tg_text_of(t.ptr + 4, 2)),
          serial = tg_small_number(tg_rest(t, 7));
  return area > 0 && area != 666 && area < 900 && group > 0 && serial > 0;
}

int tg_format_orcid(const struct tg_formatting *how, struct tg_text t)
{
  struct code c;
  (void)how;
  if (t.len != 19 || t.ptr[4] != '-' || t.ptr[9] != '-' || t.ptr[14] != '-') return 0;
  return compact(t, "-", &c) && c.t.len == 16 && tg_checkdigit_11_2(c.t);
}

static bool printable(char c)
{
  return (unsigned char)c > ' ' && c != 0x7f;
}

int tg_format_doi(const struct tg_formatting *how, struct tg_text t)
{
  uint32_t digits = 0;
  (void)how;
  if (!tg_begins(t, "10.")) return 0;
  while (3 + digits < t.len && tg_is_digit(t.ptr[3 + digits])) digits++;
  if (digits < 4 || digits > 9 || t.len < digits + 5 || t.ptr[3 + digits] != '/') return 0;
  return tg_all(tg_rest(t, digits + 4), printable);
}

static bool arn_char(char c)
{
  return tg_is_alnum(c) || c == '-';
}

int tg_format_arn(const struct tg_formatting *how, struct tg_text t)
{
  struct tg_text rest = t;
  (void)how;
  for (int part = 0; part < 5; part++) {
    const char *colon = rest.len ? memchr(rest.ptr, ':', rest.len) : NULL;
    if (!colon) return 0;
    struct tg_text word = tg_first(rest, (uint32_t)(colon - rest.ptr));
    if (part == 0 && !tg_text_is(word, "arn")) return 0;
    if ((part < 3 && !word.len) || !tg_all(word, arn_char)) return 0;
    rest = tg_rest(rest, word.len + 1);
  }
  return rest.len > 0 && tg_all(rest, printable);
}
