/* Telephone numbers and postal codes. */
#include "core/data/format_own.h"
#include "core/data/registry.h"

enum { PHONE_MIN = 7, PHONE_MAX = 15 };

/* --- telephone --- */

static bool nxx(const char *p)
{
  return p[0] >= '2';
}

/* Digits behind the plus: a registered country code, and what its numbers must look like. */
static bool is_phone(struct tg_text t)
{
  uint32_t code = 0;
  if (t.len < PHONE_MIN || t.len > PHONE_MAX) return false;
  for (uint32_t n = 1; n <= 3; n++)
    if (tg_registry_has(&tg_registry_calling, tg_first(t, n))) code = n;
  if (!code) return false;
  struct tg_text national = tg_rest(t, code);
  if (tg_text_is(tg_first(t, code), "1"))
    return national.len == 10 && nxx(national.ptr) && nxx(national.ptr + 3);
  return !tg_text_is(tg_first(t, code), "800") || national.len == 8;
}

int tg_format_phone_e164(const struct tg_formatting *how, struct tg_text t)
{
  (void)how;
  return t.len > 0 && t.ptr[0] == '+' && tg_all(tg_rest(t, 1), tg_is_digit) &&
         is_phone(tg_rest(t, 1));
}

struct dialling { /* the digits met so far */
  char digits[PHONE_MAX];
  uint32_t count;
  bool open; /* a parenthesis */
  char last; /* character */
};

/* One character behind the plus; false when it may not stand there. */
static bool dial(struct dialling *d, char c)
{
  bool ok = true;
  if (tg_is_digit(c)) {
    ok = d->count < PHONE_MAX;
    if (ok) d->digits[d->count++] = c;
  } else if (c == '(') {
    ok = !d->open && d->last != '(';
    d->open = true;
  } else if (c == ')') {
    ok = d->open && tg_is_digit(d->last);
    d->open = false;
  } else {
    ok = (c == ' ' || c == '.' || c == '-') && (tg_is_digit(d->last) || d->last == ')');
  }
  d->last = c;
  return ok;
}

int tg_format_phone(const struct tg_formatting *how, struct tg_text t)
{
  struct dialling d = {.last = '+'};
  (void)how;
  if (tg_begins(t, "tel:")) t = tg_rest(t, 4);
  if (!t.len || t.ptr[0] != '+') return 0;
  for (uint32_t i = 1; i < t.len; i++)
    if (!dial(&d, t.ptr[i])) return 0;
  return tg_is_digit(d.last) && !d.open && is_phone(tg_text_of(d.digits, d.count));
}

/* --- postal codes --- */

/* What the small letters of the patterns stand for; other characters stand for themselves. s is an
 * optional space, h an optional hyphen. Sources: UPU, Postal addressing systems; Royal Mail,
 * Postcode Address File, appendix C; Canada Post, Addressing guidelines; Eircode, Product guide. */
static const struct class {
  char name;
  const char *members;
} classes[] = {
    {'n', "0123456789"},
    {'m', "123456789"},
    {'e', "12345678"},
    {'j', "1234567"},
    {'t', "1234"},
    {'b', "012345"},
    {'u', "012"},
    {'a', "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    {'f', "ABCEGHJKLMNPRSTVXY"},        /* CA: the first */
    {'g', "ABCEGHJKLMNPRSTVWXYZ"},      /* CA: others */
    {'q', "ABCDEFGHIJKLMNOPRSTUWYZ"},   /* GB: the first */
    {'k', "ABCDEFGHKLMNOPQRSTUVWXY"},   /* GB: the second */
    {'w', "ABDEFGHJLNPQRSTUWXYZ"},      /* GB: the last two */
    {'r', "ACDEFHKNPRTVWXY"},           /* IE: letters */
    {'i', "0123456789ACDEFHKNPRTVWXY"}, /* IE: the last four */
    {'p', "ABCDEGHJKLMNPRSTVWXZ"},      /* NL */
};

static const struct postal {
  char country[3];
  const char *patterns; /* separated by | */
} postals[] = {
    {"AT", "mnnn"},
    {"AU", "nnnn"},
    {"BE", "mnnn"},
    {"BR", "nnnnnhnnn"},
    {"CA", "fngsngn"},
    {"CH", "mnnn"},
    {"CZ", "jnnsnn"},
    {"DE", "0mnnn|mnnnn"},
    {"DK", "nnnn"},
    {"ES", "0mnnn|tnnnn|5unnn"},
    {"FI", "nnnnn"},
    {"FR", "0mnnn|ennnn|9bnnn|97nnn|98nnn"},
    {"GB", "qnsnww|qnnsnww|qnasnww|qknsnww|qknnsnww|qknasnww|GIRs0AA"},
    {"IE", "rnnsiiii|D6Wsiiii"},
    {"IN", "mnnsnnn"},
    {"IT", "nnnnn"},
    {"JP", "nnnhnnnn"},
    {"LU", "nnnn|L-nnnn"},
    {"MX", "nnnnn"},
    {"NL", "mnnnspp"},
    {"NO", "nnnn"},
    {"NZ", "nnnn"},
    {"PL", "nn-nnn"},
    {"PT", "mnnn-nnn"},
    {"SE", "mnnsnn"},
    {"US", "nnnnn|nnnnn-nnnn"},
};

static const struct postal *find_postal(struct tg_text country)
{
  for (size_t i = 0; i < sizeof postals / sizeof *postals; i++)
    if (tg_text_is(country, postals[i].country)) return &postals[i];
  return NULL;
}

bool tg_format_has_country(struct tg_text country)
{
  return find_postal(country) != NULL;
}

static bool in_class(char class, char c)
{
  for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
    if (classes[i].name == class) return c && strchr(classes[i].members, tg_upper(c)) != NULL;
  return tg_upper(c) == class;
}

/* Matches up to the next |. An optional separator that is there is taken: nothing else could take
 * it. */
static bool matches(const char *pattern, struct tg_text t)
{
  uint32_t i = 0;
  for (; *pattern && *pattern != '|'; pattern++) {
    if (*pattern == 's' || *pattern == 'h') {
      i += i < t.len && t.ptr[i] == (*pattern == 's' ? ' ' : '-');
      continue;
    }
    if (i >= t.len || !in_class(*pattern, t.ptr[i++])) return false;
  }
  return i == t.len;
}

int tg_format_postal_code(const struct tg_formatting *how, struct tg_text t)
{
  const struct postal *of = find_postal(how->country);
  const char *pattern = of ? of->patterns : NULL;
  for (; pattern; pattern = strchr(pattern, '|') ? strchr(pattern, '|') + 1 : NULL)
    if (matches(pattern, t)) return 1;
  return 0;
}
