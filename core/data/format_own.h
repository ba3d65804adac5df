/* The tests behind format.c's table, one function a format, and the letters they are made of. */
#ifndef TG_DATA_FORMAT_OWN_H
#define TG_DATA_FORMAT_OWN_H

#include "core/data/format.h"

tg_format_test tg_format_email, tg_format_url, tg_format_hostname, tg_format_ipv4, tg_format_ipv6,
    tg_format_cidr, tg_format_mac, tg_format_http_status, tg_format_http_method, tg_format_port,
    tg_format_iban, tg_format_bic, tg_format_credit_card, tg_format_isin, tg_format_lei,
    tg_format_btc, tg_format_eth, tg_format_isbn10, tg_format_isbn13, tg_format_issn,
    tg_format_ean13, tg_format_ean, tg_format_imei, tg_format_vin, tg_format_us_ssn,
    tg_format_orcid, tg_format_doi, tg_format_arn, tg_format_phone, tg_format_phone_e164,
    tg_format_country2, tg_format_country3, tg_format_currency, tg_format_language, tg_format_zone,
    tg_format_postal_code, tg_format_md5, tg_format_sha1, tg_format_sha256, tg_format_crc32,
    tg_format_hex, tg_format_base64, tg_format_base32, tg_format_hex_color, tg_format_uuid,
    tg_format_ulid, tg_format_semver, tg_format_slug, tg_format_geohash, tg_format_latitude,
    tg_format_longitude, tg_format_json, tg_format_geojson, tg_format_jwt, tg_format_xml,
    tg_format_date, tg_format_iso8601, tg_format_time, tg_format_duration, tg_format_cron;

static inline bool tg_is_digit(char c)
{
  return c >= '0' && c <= '9';
}
static inline bool tg_is_letter(char c)
{
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}
static inline bool tg_is_alnum(char c)
{
  return tg_is_digit(c) || tg_is_letter(c);
}
static inline bool tg_is_hex(char c)
{
  return tg_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
static inline char tg_upper(char c)
{
  return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* Is every byte of the text in a class? An empty text is. */
static inline bool tg_all(struct tg_text t, bool (*in)(char))
{
  for (uint32_t i = 0; i < t.len; i++)
    if (!in(t.ptr[i])) return false;
  return true;
}

/* The text from byte `from` on. */
static inline struct tg_text tg_rest(struct tg_text t, uint32_t from)
{
  return tg_text_of(t.ptr + from, t.len - from);
}
static inline struct tg_text tg_first(struct tg_text t, uint32_t len)
{
  return tg_text_of(t.ptr, len);
}

/* Does it begin with these letters, in any case? */
static inline bool tg_begins(struct tg_text t, const char *with)
{
  uint32_t i = 0;
  for (; with[i]; i++)
    if (i >= t.len || tg_upper(t.ptr[i]) != tg_upper(with[i])) return false;
  return true;
}

/* The value of 1 to 9 digits, or -1 for anything else. */
static inline int32_t tg_small_number(struct tg_text t)
{
  int32_t v = 0;
  if (!t.len || t.len > 9) return -1;
  for (uint32_t i = 0; i < t.len; i++) {
    if (!tg_is_digit(t.ptr[i])) return -1;
    v = v * 10 + (t.ptr[i] - '0');
  }
  return v;
}

/* Letters and digits in upper case, without the separators that may stand singly between two of
 * them, in out (at most max). Returns how many; 0 for anything else. */
uint32_t tg_format_compact(struct tg_text t, const char *separators, char *out, uint32_t max);

/* Does the text match the structure: counts of n digits, a letters, c either ("8n12c")? */
bool tg_format_structure(struct tg_text t, struct tg_text structure);

#endif
