/* Money: accounts, banks, cards, securities, and the codes of currencies and countries. */
#include "core/data/checkdigit.h"
#include "core/data/format_own.h"
#include "core/data/registry.h"

enum { IBAN_MAX = 34, CARD_MIN = 12, CARD_MAX = 19, ISIN_LEN = 12, LEI_LEN = 20 };

uint32_t tg_format_compact(struct tg_text t, const char *separators, char *out, uint32_t max)
{
  uint32_t n = 0;
  bool behind = false; /* a letter or digit */
  for (uint32_t i = 0; i < t.len; i++) {
    char c = t.ptr[i];
    bool part = tg_is_alnum(c);
    if (!part && (!behind || !c || !strchr(separators, c))) return 0;
    if (part && n == max) return 0;
    if (part) out[n++] = tg_upper(c);
    behind = part;
  }
  return behind ? n : 0;
}

static bool in_class(char c, char class)
{
  return class == 'n' ? tg_is_digit(c) : class == 'a' ? tg_is_letter(c) : tg_is_alnum(c);
}

bool tg_format_structure(struct tg_text t, struct tg_text structure)
{
  uint32_t at = 0, count = 0;
  for (uint32_t i = 0; i < structure.len; i++) {
    char c = structure.ptr[i];
    if (tg_is_digit(c)) {
      count = count * 10 + (uint32_t)(c - '0');
      continue;
    }
    if (count > t.len - at) return false;
    for (; count; count--)
      if (!in_class(t.ptr[at++], c)) return false;
  }
  return at == t.len;
}

/* Spaces may stand between groups of four. */
static uint32_t iban_compact(struct tg_text t, char out[IBAN_MAX])
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t.len; i++) {
    bool space = t.ptr[i] == ' ';
    if (space && (n == 0 || n % 4 || i + 1 == t.len || t.ptr[i - 1] == ' ')) return 0;
    if (!space && (n == IBAN_MAX || !tg_is_alnum(t.ptr[i]))) return 0;
    if (!space) out[n++] = tg_upper(t.ptr[i]);
  }
  return n;
}

int tg_format_iban(const struct tg_formatting *how, struct tg_text t)
{
  char s[IBAN_MAX], turned[IBAN_MAX];
  uint32_t n = iban_compact(t, s);
  (void)how;
  if (n < 5) return 0;
  struct tg_text structure = tg_registry_value(&tg_registry_iban, tg_text_of(s, 2));
  int32_t check = tg_small_number(tg_text_of(s + 2, 2));
  if (!structure.ptr || check < 2 || check > 98) return 0;
  if (!tg_format_structure(tg_text_of(s + 4, n - 4), structure)) return 0;
  memcpy(turned, s + 4, n - 4);
  memcpy(turned + n - 4, s, 4);
  return tg_checkdigit_97(tg_text_of(turned, n));
}

static bool upper_or_digit(char c)
{
  return tg_is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Kosovo has no ISO code; SWIFT and others use XK. */
static bool is_country(struct tg_text two)
{
  return tg_registry_has(&tg_registry_country2, two) || tg_text_is(two, "XK");
}

int tg_format_bic(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  if ((t.len != 8 && t.len != 11) || !tg_all(t, upper_or_digit)) return 0;
  return tg_all(tg_first(t, 4), tg_is_letter) && is_country(tg_text_of(t.ptr + 4, 2));
}

int tg_format_credit_card(const struct tg_formatting *how, struct tg_text t)
{
  char s[CARD_MAX];
  uint32_t n = tg_format_compact(t, " -", s, sizeof s), equal = 1;
  (void)how;
  if (n < CARD_MIN || !tg_all(tg_text_of(s, n), tg_is_digit)) return 0;
  while (equal < n && s[equal] == s[0]) equal++;
  return equal < n && tg_checkdigit_luhn(tg_text_of(s, n));
}

int tg_format_isin(const struct tg_formatting *how, struct tg_text t)
{
  /* ISO 6166: of substitute and supranational numbering agencies. */
  static const struct tg_registry others = {"", "", " EU QS QT XA XB XC XD XF XS "};
  char s[ISIN_LEN];
  (void)how;
  if (t.len != ISIN_LEN || tg_format_compact(t, "", s, sizeof s) != ISIN_LEN) return 0;
  struct tg_text two = tg_text_of(s, 2);
  if (!is_country(two) && !tg_registry_has(&others, two)) return 0;
  return tg_is_digit(s[ISIN_LEN - 1]) && tg_checkdigit_luhn(tg_text_of(s, ISIN_LEN));
}

int tg_format_lei(const struct tg_formatting *how, struct tg_text t)
{
  char s[LEI_LEN];
  (void)how;
  if (t.len != LEI_LEN || tg_format_compact(t, "", s, sizeof s) != LEI_LEN) return 0;
  return tg_all(tg_text_of(s + LEI_LEN - 2, 2), tg_is_digit) &&
         tg_checkdigit_97(tg_text_of(s, LEI_LEN));
}

int tg_format_country2(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return tg_registry_has(&tg_registry_country2, t);
}
int tg_format_country3(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return tg_registry_has(&tg_registry_country3, t);
}
int tg_format_currency(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return tg_registry_has(&tg_registry_currency, t);
}
int tg_format_language(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return tg_registry_has(&tg_registry_language, t);
}
int tg_format_zone(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return tg_registry_has(&tg_registry_zone, t);
}
