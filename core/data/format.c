/* The table of formats, and a column against one of them. */
#include "core/data/format.h"

#include "core/data/format_own.h"
#include "core/data/jsonindex.h"
#include "core/data/parseop.h"
#include "core/data/textop.h"

#include <stdio.h>

enum { SHOWN_SIZE = 160, NAME_SIZE = 64, NUMBERS = 1, COUNTRY = 2, INDEX = 4 };

#define F(name, test, flags, doc)                                                                  \
  {                                                                                                \
    name, doc, ((flags)&NUMBERS) != 0, ((flags)&COUNTRY) != 0, ((flags)&INDEX) != 0,               \
        tg_format_##test                                                                           \
  }

const struct tg_format tg_formats[] = {
    F("email", email, 0, "local part of at most 64, a host with a dot, 254 in all"),
    F("url", url, 0, "http, https or ftp; a host name or [IPv6], a port up to 65535, no space"),
    F("hostname", hostname, 0, "labels of 1-63 letters, digits and inner hyphens, 253 in all"),
    F("ipv4", ipv4, 0, "four numbers 0-255 without leading zeros"),
    F("ipv6", ipv6, 0, "RFC 4291 text, no zone"),
    F("cidr", cidr, 0, "an IPv4 or IPv6 address and /bits; host bits may be set"),
    F("mac", mac, 0, "six pairs of hex digits, all with : or all with -"),
    F("uuid", uuid, 0, "8-4-4-4-12 or 32 hex digits, also in braces or behind urn:uuid:"),
    F("ulid", ulid, 0, "26 of Crockford's base 32, the first at most 7"),
    F("iban", iban, 0, "a registered country, its structure, check digits modulo 97"),
    F("bic", bic, 0, "8 or 11 in upper case, letters 5-6 a country"),
    F("credit_card", credit_card, 0,
      "12-19 digits, spaces or hyphens between, Luhn, not all equal"),
    F("isin", isin, 0, "a country or an agency, Luhn over letters as numbers"),
    F("lei", lei, 0, "20 characters, check digits modulo 97"),
    F("isbn10", isbn10, 0, "10 digits, the last may be X, modulo 11; hyphens and spaces"),
    F("isbn13", isbn13, 0, "978 or 979, 13 digits, GS1 check digit; hyphens and spaces"),
    F("issn", issn, 0, "8 digits, the last may be X, modulo 11; hyphens and spaces"),
    F("ean13", ean13, 0, "13 digits, GS1 check digit; hyphens"),
    F("ean", ean, 0, "8, 12, 13 or 14 digits, GS1 check digit; hyphens"),
    F("imei", imei, 0, "15 digits with Luhn, 14 without it, or 16 (IMEISV); hyphens"),
    F("vin", vin, 0, "17 without I O Q; the check character when the first is 1-5"),
    F("phone", phone, 0, "+, a registered country code, 7-15 digits; spaces ( ) . -, tel:"),
    F("phone_e164", phone_e164, 0, "+ and digits only, else as phone"),
    F("us_ssn", us_ssn, 0, "3-2-4 digits, no area 000, 666, 9xx, no group 00, no serial 0000"),
    F("orcid", orcid, 0, "four groups of four, ISO 7064 mod 11-2"),
    F("btc", btc, 0, "Base58Check of version 0, 5, 111, 196, or bech32(m) of bc, tb"),
    F("eth", eth, 0, "40 hex digits, 0x before them; mixed case satisfies EIP-55"),
    F("country_iso2", country2, 0, "registered in ISO 3166-1, two upper-case letters"),
    F("country_iso3", country3, 0, "registered in ISO 3166-1, three upper-case letters"),
    F("currency_iso4217", currency, 0, "registered in ISO 4217, upper case"),
    F("language_iso639", language, 0, "registered in ISO 639, two or three lower-case letters"),
    F("timezone_iana", zone, 0, "a name or link of the tz database; no offsets"),
    F("postal_code", postal_code, COUNTRY, "as `country` has them"),
    F("md5", md5, 0, "32 hex digits"),
    F("sha1", sha1, 0, "40 hex digits"),
    F("sha256", sha256, 0, "64 hex digits"),
    F("crc32", crc32, 0, "8 hex digits"),
    F("hex", hex, 0, "one or more hex digits"),
    F("base64", base64, 0, "RFC 4648 with its padding"),
    F("base32", base32, 0, "RFC 4648 with its padding, upper case"),
    F("hex_color", hex_color, 0, "# and 3, 4, 6 or 8 hex digits"),
    F("semver", semver, 0, "Semantic Versioning 2.0.0"),
    F("slug", slug, 0, "lower-case letters and digits joined by single - or _"),
    F("doi", doi, 0, "10. and 4-9 digits, /, a suffix"),
    F("arn", arn, 0, "arn:partition:service:region:account:resource"),
    F("geohash", geohash, 0, "1-12 of its base 32: no a i l o"),
    F("latitude", latitude, NUMBERS, "a decimal from -90 to 90"),
    F("longitude", longitude, NUMBERS, "a decimal from -180 to 180"),
    F("json", json, INDEX, "RFC 8259, any value, 64 levels deep at most"),
    F("geojson", geojson, INDEX, "types and coordinates of RFC 7946; rings are closed"),
    F("xml", xml, 0, "well formed; no DTD is fetched; 100 entities, 1,000 levels at most"),
    F("jwt", jwt, INDEX, "three base64url parts, two JSON objects; signature not checked; 64 KiB"),
    F("cron", cron, 0, "five fields with lists, ranges, steps, names"),
    F("http_status", http_status, NUMBERS, "100-599"),
    F("http_method", http_method, 0, "the nine of RFC 9110 and RFC 5789, any case"),
    F("tcp_port", port, NUMBERS, "1-65535 without leading zeros"),
    F("udp_port", port, NUMBERS, "the same"),
    F("date", date, 0, "a day of the calendar, YYYY-MM-DD"),
    F("iso8601", iso8601, 0, "a date and time of RFC 3339 or ISO 8601"),
    F("time", time, 0, "HH:MM, HH:MM:SS or HH:MM:SS.f"),
    F("duration", duration, 0, "ISO 8601, P1Y2M3W4DT5H6M7.5S; only the last may have a fraction"),
    {0},
};

const struct tg_format *tg_format_find(struct tg_text name)
{
  for (const struct tg_format *f = tg_formats; f->name; f++)
    if (tg_text_is(name, f->name)) return f;
  return NULL;
}

static const struct tg_format *find(struct tg_op *op, struct tg_text name, struct tg_text country)
{
  char shown[SHOWN_SIZE];
  const char *names[sizeof tg_formats / sizeof *tg_formats];
  const struct tg_format *f = tg_format_find(name);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) names[i] = tg_formats[i].name;
  if (!f) {
    const char *near = tg_text_nearest(name, names);
    tg_op_fail(op, TG_CONFIG, "there is no format '%s'%s%s%s",
               tg_text_shown(name, shown, sizeof shown), near ? "; did you mean '" : "",
               near ? near : "", near ? "'?" : "");
    return NULL;
  }
  if (f->country && !tg_format_has_country(country)) {
    tg_op_fail(op, TG_CONFIG, "%s needs a country such as \"DE\"; '%s' is none that is known",
               f->name, tg_text_shown(country, shown, sizeof shown));
    return NULL;
  }
  if (!f->country && country.len) {
    tg_op_fail(op, TG_CONFIG, "%s takes no country", f->name);
    return NULL;
  }
  return f;
}

struct run { /* one column's */
  const struct tg_format *format;
  struct tg_formatting how;
};

static int test(const void *self, struct tg_text t)
{
  const struct run *run = self;
  return t.len ? run->format->test(&run->how, t) : 0;
}

struct tg_column *tg_format_column(struct tg_op *op, struct tg_column *c, struct tg_text name,
                                   struct tg_text country)
{
  struct run run = {find(op, name, country), {.country = country}};
  if (!run.format) return NULL;
  if (run.format->numbers && tg_type_is_number(c->type) && !c->type.array) {
    if (!(c = tg_parse_text(op, c, tg_text("")))) return NULL;
  } else if (!tg_text_check(op, c, "is_format")) {
    return NULL;
  }
  if (run.format->index && !(run.how.index = tg_jsonindex_new())) return tg_op_full(op);
  struct tg_column *out = tg_text_mask(op, c, test, &run);
  tg_jsonindex_free(run.how.index);
  return out;
}
