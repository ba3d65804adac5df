/* Every format: what is valid, and next to it what is not: a wrong check digit, a wrong length, a
 * near miss. The empty text is tried for each. */
#include "columns.h"
#include "core/data/format.h"
#include "core/data/jsonindex.h"

struct sample {
  const char *format;
  const char *const *valid, *const *invalid; /* NULL-terminated */
};

#define L(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct sample samples[] = {
    {"email",
     L("a.b+c@example.com", "o'neil@mail.example.museum", "x@xn--bcher-kva.xn--p1ai", "a@b.co"),
     L("a.b.example.com", "a@b", "a..b@example.com", ".a@example.com", "a@example.c", "a@-x.com",
       "a@example.c1", "a@@example.com", "a b@example.com", "a@example.com.",
       "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345@example.com")},
    {"url",
     L("http://example.com", "HTTPS://user:pw@example.com:8080/a?b=c#d", "ftp://[2001:db8::1]:21/x",
       "http://localhost/%20", "http://127.0.0.1", "https://example.com?q"),
     L("example.com", "htp://example.com", "http://", "http://a b.com", "http://example.com:65536",
       "http://example.com/\xc2\xa0", "http://[1.2.3.4]", "http://-x.com", "http://1.2.3.256",
       "mailto:a@b.com", "http://example.com:")},
    {"hostname", L("localhost", "a-b.example.com", "1.2", "x"),
     L("a_b.com", "-a.com", "a-.com", "a..b", "a.", ".a",
       "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234.com")},
    {"ipv4", L("0.0.0.0", "255.255.255.255"),
     L("1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "1.2.3.4/8")},
    {"ipv6", L("::", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8"),
     L("1:2:3:4:5:6:7", "1::2::3", "12345::", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9", "[::1]")},
    {"cidr", L("10.0.0.1/8", "0.0.0.0/0", "2001:db8::/32", "::/128"),
     L("10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "::/129", "10.0.0.0/", "10.0.0/8")},
    {"mac", L("01:23:45:67:89:ab", "01-23-45-67-89-AB"),
     L("01:23:45:67:89", "01:23-45:67:89:ab", "0123456789ab", "01:23:45:67:89:ag",
       "01.23.45.67.89.ab")},
    {"uuid",
     L("28d12e8e-80aa-4b32-8afb-19da0aa7e3d5", "28D12E8E80AA4B328AFB19DA0AA7E3D5",
       "{28d12e8e-80aa-4b32-8afb-19da0aa7e3d5}", "urn:uuid:28d12e8e-80aa-4b32-8afb-19da0aa7e3d5"),
     L("28d12e8e-80aa-4b32-8afb-19da0aa7e3d", "28d12e8e-80aa-4b32-8afb-19da0aa7e3dg",
       "28d12e8e-80aa4b32-8afb-19da0aa7e3d5", "{28d12e8e-80aa-4b32-8afb-19da0aa7e3d5",
       "28d12e8e80aa-4b32-8afb-19da0aa7e3d5-")},
    {"ulid", L("01ARZ3NDEKTSV4RRFFQ69G5FAV", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
     L("81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAU",
       "01ARZ3NDEKTSV4RRFFQ69G5FAVV")},
    {"iban",
     L("DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19", "fr1420041010050500013m02606",
       "NO93 8601 1117 947", "MT84MALT011000012345MTLCAST001S", "XK051212012345678906"),
     L("DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000",
       "DE00370400440532013000", "DE89 3704 004405320130 0", " DE89370400440532013000",
       "DE89  370400440532013000", "GB29NWBK6016133192681A", "DE8937040044053201300A")},
    {"bic", L("GENODEM1GLS", "DEUTDEFF", "NCBVXKPR"),
     L("deutdeff", "DEUTXXFF", "DEUTDEF", "DEUTDEFF5", "DEUTDEFF50", "D3UTDEFF", "DEUTDEFF50!")},
    {"credit_card",
     L("4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "6304000000000000"),
     L("4111111111111112", "4111  1111 1111 1111", "41111111111", "0000000000000000",
       "41111111111111111111", "4111a11111111111", "4111111111111111 ")},
    {"isin", L("US0378331005", "GB00BYXJL758", "XS0371500611", "us0378331005"),
     L("US0378331006", "ZZ0378331005", "US037833100", "US03783310055", "US037833100A",
       "US0378 331005")},
    {"lei", L("5493001KJTIIGC8Y1R12", "7LTWFZYICNSX8D621K86"),
     L("5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1R1", "5493001KJTIIGC8Y1R122",
       "5493001KJTIIGC8Y1RAB")},
    {"isbn10", L("0-521-22151-X", "0521221 51X", "0-521-29366-9"),
     L("0-521-22151-1", "052122151", "X521221510", "0--52122151X", "0521221511X")},
    {"isbn13", L("978-3-16-148410-0", "9783161484100", "979 10 90636 07 1"),
     L("978-3-16-148410-1", "9773161484103", "978316148410", "978-3-16-148410-X",
       "97831614841000")},
    {"issn", L("0378-5955", "2434-561X", "2434561x"),
     L("0378-5954", "0378-595", "2434-X615", "0378--5955")},
    {"ean13", L("4006381333931", "400-6381-333931"),
     L("4006381333932", "400638133393", "40063813339311", "400638133393a")},
    {"ean", L("73513537", "036000291452", "4006381333931", "10012345678902"),
     L("73513538", "7351353", "036000291453", "4006381333932", "735135370")},
    {"imei", L("490154203237518", "49-015420-323751-8", "35686800004141", "3568680000414120"),
     L("490154203237519", "4901542032375", "49015420323751888", "49015420323751A",
       "49 015420 323751 8")},
    {"vin", L("1M8GDM9AXKP042788", "WDB9066351S123456", "11111111111111111", "1m8gdm9axkp042788"),
     L("1M8GDM9A1KP042788", "1M8GDM9AXKP04278", "WDB9066351O123456", "1M8GDM9AXKP0427888",
       "1M8GDM9AXKP04278I")},
    {"phone",
     L("+41 44 668 18 00", "tel:+1-900-253-0000", "+1 (900) 253-0000", "+800 1234 5678",
       "+4930.123456"),
     L("41446681800", "+1 900 153 0000", "+1 100 253 0000", "+999 123 4567", "+80012345678 9",
       "+41 44", "+41 44 668 18 00 ", "+41 (44 668 18 00", "+41 ) 44 668 18 00",
       "+1234567890123456", "+41--446681800", "+8001234567")},
    {"phone_e164", L("+41446681800", "+12125550123", "+80012345678"),
     L("+41 446681800", "41446681800", "+1212555012", "+210123456789", "+414466",
       "tel:+41446681800", "+1234567890123456")},
    {"us_ssn", L("123-45-6789", "899-99-9999"),
     L("000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000", "123456789",
       "123-45-678", "123-45-67890")},
    {"orcid", L("0000-0002-1825-0097", "0000-0002-1694-233X"),
     L("0000-0002-1825-0098", "0000-0002-1825-009", "0000000218250097", "0000-0002-1694-2330",
       "0000 0002 1825 0097")},
    {"btc",
     L("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
       "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
       "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
       "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
       "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
       "1111111111111111111114oLvT2"),
     L("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN",
       "0BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
       "bc1Qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "lc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
       "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd", /* BIP 350: bech32 */
       "bc1pw5dgrnzv", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", "bc1gmk9yu",
       "111111111111111111111114oLvT2")},
    {"eth",
     L("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
       "b794f5ea0ba39494ce839613fffba74279579268", "0xB794F5EA0BA39494CE839613FFFBA74279579268",
       "dbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"),
     L("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
       "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "b794f5ea0ba39494ce839613fffba7427957926g")},
    {"country_iso2", L("DE", "ZW", "AD"), L("de", "XK", "DEU", "D", "XX", "D ", "AD AE")},
    {"country_iso3", L("DEU", "ABW", "ZWE"), L("deu", "DE", "XYZ", "DEUT", "GER")},
    {"currency_iso4217", L("EUR", "XAU", "AED"), L("eur", "EU", "EURO", "XYZ", "DEM")},
    {"language_iso639", L("de", "deu", "ger", "afa", "zh"),
     L("DE", "xx", "d", "germ", "de-DE", "qqq")},
    {"timezone_iana", L("UTC", "Europe/Berlin", "US/Hawaii", "America/Argentina/Buenos_Aires"),
     L("europe/berlin", "Europe/Berln", "+02:00", "Europe", "CEST", "Europe/Berlin ")},
    {"md5", L("71c2709c8e93e30c40bb441d7423ccfd", "71C2709C8E93E30C40BB441D7423CCFD"),
     L("71c2709c8e93e30c40bb441d7423ccf", "71c2709c8e93e30c40bb441d7423ccfg",
       "71c2709c8e93e30c40bb441d7423ccfd0")},
    {"sha1", L("e1ded5a7a609185644711d0c72c18d29e308a1d0"),
     L("e1ded5a7a609185644711d0c72c18d29e308a1d", "e1ded5a7a609185644711d0c72c18d29e308a1dx")},
    {"sha256", L("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
     L("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85",
       "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85h")},
    {"crc32", L("35a4c0a4", "35A4C0A4"), L("35a4c0a", "35a4c0a45", "0x35a4c0", "35a4c0ag")},
    {"hex", L("0", "aF9"), L("0x1f", "g", "1 2")},
    {"base64", L("NDI=", "SGVsbG8gd29ybGQh", "/+==", "AAAA"),
     L("NDI", "N===", "ND=I", "NDI-", "NDI=\n", "====")},
    {"base32", L("GQZA====", "JBSWY3DPEBLW64TMMQQQ====", "AAAAAAAA", "AAAAAAA="),
     L("gqza====", "GQZA===", "GQZAA1==", "AAAAA===AAAAAAAA", "A=======", "AAAAAA==AAAAAAAA",
       "AAA=====")},
    {"hex_color", L("#abc", "#ABCD", "#a1b2c3", "#a1b2c3d4"),
     L("abc", "#ab", "#abcde", "#abg", "##abc")},
    {"semver",
     L("0.0.0", "1.2.3", "1.0.0-alpha.1", "1.0.0-0A.is.legal", "1.0.0+20130313144700.00",
       "1.0.0-beta+exp.sha.5114f85", "1.0.0--", "99999999999999999999.0.0"),
     L("1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "v1.2.3", "1.2.3+", "1.2.3-a..b", "1.2.x",
       "1.2.3+a+b", "1.0.0-a_b")},
    {"slug", L("a", "a-b_c-1", "history_of_2000s"),
     L("A", "-a", "a-", "a--b", "a_-b", "a b", "\xc3\xa9")},
    {"doi", L("10.1038/nphys1170", "10.123456789/(x);y"),
     L("11.1038/nphys1170", "10.103/nphys1170", "10.1234567890/x", "10.1038/", "10.1038.nphys1170",
       "10.1038/a b")},
    {"arn", L("arn:aws:s3:::my-bucket/my-object", "arn:aws:iam::123456789012:user/x:y"),
     L("arn:aws:s3:::", "arn::s3:::x", "arn:aws::::x", "arm:aws:s3:::x", "arn:aws:s3::x",
       "arn:a ws:s3:::x")},
    {"geohash", L("dpz8", "u", "U4PRUYDQQVJ0"), L("apz8", "dpzl", "u4pruydqqvj00", "dpi8", "dpo8")},
    {"latitude", L("0", "-90", "90.000", "+45.5", "1e-7", "9e1", "-0.0e99", "0.009e4"),
     L("90.0000000001", "-91", "1e2", "north", "45,5", "4 5", "1e999999", "0.0091e4")},
    {"longitude", L("180", "-180.0", "179.99999999999999999999"),
     L("180.00000000000000000001", "-181", "1e3", ".", "1.2.3")},
    {"json", L("{}", "[1,2]", "\"x\"", " null ", "1e9"),
     L("{a:1}", "[1,]", "nul", "{\"a\":1}}", "01", "'x'")},
    {"geojson",
     L("{\"type\":\"Point\",\"coordinates\":[1,2]}",
       "{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4,5]]}",
       "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}",
       "{\"type\":\"MultiPoint\",\"coordinates\":[]}",
       "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]]]}",
       "{\"type\":\"MultiLineString\",\"coordinates\":[[[0,0],[1,1]]],\"bbox\":[0,0,1,1]}",
       "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]}"
       "]}",
       "{\"type\":\"Feature\",\"geometry\":null,\"properties\":null}",
       "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":{\"type\":"
       "\"Point\",\"coordinates\":[1,2]},\"properties\":{\"a\":1}}]}"),
     L("{}", "[]", "{\"type\":\"point\",\"coordinates\":[1,2]}", "{\"type\":\"Point\"}",
       "{\"type\":\"Point\",\"coordinates\":[1]}", "{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}",
       "{\"type\":\"Point\",\"coordinates\":[[1,2]]}",
       "{\"type\":\"LineString\",\"coordinates\":[[1,2]]}",
       "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}",
       "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0]]]}",
       "{\"type\":\"Polygon\",\"coordinates\":[[0,0],[1,0],[1,1],[0,0]]}",
       "{\"type\":\"Feature\",\"properties\":null}", "{\"type\":\"Feature\",\"geometry\":null}",
       "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Point\",\"coordinates\":[1,2]}]}",
       "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Feature\"}]}",
       "{\"type\":\"Point\",\"coordinates\":[1,2],\"bbox\":[1,2,3]}")},
    {"xml",
     L("<a/>", "<?xml version=\"1.0\"?><a b='c'>&lt;&#65;<!-- x --><![CDATA[<]]></a>\n",
       "<!DOCTYPE a SYSTEM \"http://127.0.0.1:1/a.dtd\"><a>&b;</a>", "<x:a xmlns:x='u'/>",
       "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"),
     L("<a>", "<a></b>", "<a b=c/>", "<a/><b/>", "<a b='1' b='2'/>", "<a>&b;</a>", "a",
       "<a>\x01</a>", "<a b='<'/>", "<a>]]></a>", " <?xml version=\"1.0\"?><a/>")},
    {"jwt", L("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.AbC_-123", "e30.e30.AA"),
     L("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.",
       "W10.e30.AA", "e30.IjEi.AA", "e30.e30.A", "e30.e30.A=", "e30.e30.AA.AA", "e3.e30.AA",
       ".e30.AA", "e30=.e30.AA", "e+0.e30.AA")},
    {"cron", L("* * * * *", "*/5 0-23/2 1,15,31 JAN-mar 0-7", "0 0 * * SUN,6", "59\t23  31 12 7"),
     L("* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
       "5-1 * * * *", "*/0 * * * *", "5/2 * * * *", "*/60 * * * *", "1, * * * *", "* * * JANU *",
       "@daily", " * * * * *", "* * * * * ", "-1 * * * *", "* * * * SUN-MON-TUE")},
    {"http_status", L("100", "404", "599"), L("99", "600", "0404", "20", "200 ", "2000")},
    {"http_method", L("GET", "patch", "Options"), L("GETS", "GE", "HELP", "GET ")},
    {"tcp_port", L("1", "65535", "8080"), L("0", "65536", "080", "-1", "1.0", "99999999999")},
    {"udp_port", L("53"), L("0", "65536")},
    {"date", L("2026-01-31", "2024-02-29", "0001-01-01"),
     L("2026-02-29", "2026-04-31", "20260131", "2026-1-31", "2026-13-01", "2026-00-10",
       "0000-01-01", "2026-01-31T00:00:00Z", "2026/01/31")},
    {"iso8601",
     L("2026-01-31T12:30:00Z", "2026-01-31T12:30:00.123+02:00", "20260131T123000Z",
       "2026-01-31 12:30", "2026-01-31t24:00:00z"),
     L("2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31T25:00:00Z", "2026-01-31T12:60:00Z",
       "31.01.2026T12:00", "2026-01-31T12:30:00 UTC", "2026-01-31T")},
    {"time", L("00:00", "23:59:59", "12:30:00.123456789012"),
     L("24:00", "12:60", "12:30:60", "1:30", "12:30:00.", "12.30", "12:30:00Z", "123000",
       "12:30:")},
    {"duration", L("P1Y2M3W4DT5H6M7.5S", "PT0S", "P3W", "PT1,5H", "P0.5D"),
     L("P", "PT", "P1YT", "1Y", "P1S", "PT1D", "P1D2Y", "P1.5DT1H", "P1", "P1Y1Y", "PT1H.5M",
       "-P1D", "P1DT1HT1M", "P.5D", "P1.D")},
};

static struct tg_formatting how;

static int formats_setup(void **state)
{
  arena_setup(state);
  how = (struct tg_formatting){.index = tg_jsonindex_new()};
  return how.index ? 0 : -1;
}

static int formats_teardown(void **state)
{
  tg_jsonindex_free(how.index);
  return arena_teardown(state);
}

static uint32_t wrong;

static void expect(const struct tg_format *f, const char *text, int expected)
{
  char *exact = tg_arena_bytes(&arena, strlen(text) + 1);
  memcpy(exact, text, strlen(text));
  int got = f->test(&how, tg_text_of(exact, strlen(text)));
  if (got == expected) return;
  print_error("%s: '%s' expected %d, got %d\n", f->name, text, expected, got);
  wrong++;
}

static void each_format_knows_what_is_valid(void **state)
{
  (void)state;
  wrong = 0;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    const struct tg_format *f = tg_format_find(tg_text(samples[i].format));
    if (!f) fail_msg("no format %s", samples[i].format);
    for (const char *const *t = samples[i].valid; *t; t++) expect(f, *t, 1);
    for (const char *const *t = samples[i].invalid; *t; t++) expect(f, *t, 0);
    expect(f, "", 0);
  }
  assert_int_equal(wrong, 0);
}

static void every_format_has_samples(void **state)
{
  (void)state;
  for (const struct tg_format *f = tg_formats; f->name; f++) {
    bool found = f->country;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
      found |= strcmp(samples[i].format, f->name) == 0;
    if (!found) fail_msg("%s has no samples", f->name);
  }
}

static const struct sample postals[] = {
    {"US", L("12345", "12345-6789"), L("1234", "12345-678", "123456789", "12345 6789")},
    {"CA", L("K1A 0B1", "k1a0b1", "V6B 4Y8"),
     L("D1A 0B1", "K1A 0O1", "K1A-0B1", "K1A 0B", "W1A 0B1")},
    {"GB", L("EC1A 1BB", "W1A 0AX", "M1 1AE", "B33 8TH", "CR2 6XH", "dn551pt", "GIR 0AA"),
     L("QC1A 1BB", "EC1A 1BC", "E 1BB", "EC1A1 BB", "AI1 1AA", "EC1A 1B")},
    {"IE", L("D02 X285", "D6W XY00", "A65F4E2"), L("B02 X285", "D02 X28", "D02 O285", "D7W XY00")},
    {"DE", L("10115", "01067"), L("1011", "00115", "101155", "D-10115")},
    {"AT", L("1010"), L("0101", "101", "10100")},
    {"CH", L("8001"), L("0800", "80011")},
    {"FR", L("75001", "97400", "98000", "01000"), L("99000", "96000", "00100", "7500")},
    {"BE", L("1000"), L("0999", "100")},
    {"NL", L("1012 AB", "1012ab"), L("0012 AB", "1012 A", "1012 OA", "1012  AB")},
    {"LU", L("1009", "L-1009"), L("L1009", "100")},
    {"ES", L("28001", "01001", "52001"), L("53001", "00100", "2800")},
    {"PT", L("1000-205"), L("1000205", "0000-205", "1000-20")},
    {"IT", L("00118"), L("0011", "001188")},
    {"PL", L("00-950"), L("00950", "0-0950", "00-95")},
    {"CZ", L("110 00", "11000"), L("910 00", "010 00", "1100")},
    {"SE", L("114 55", "11455"), L("014 55", "1145")},
    {"NO", L("0150"), L("150", "01500")},
    {"DK", L("1050"), L("105", "DK-1050")},
    {"FI", L("00100"), L("0010")},
    {"AU", L("2000"), L("200", "20000")},
    {"NZ", L("6011"), L("601")},
    {"JP", L("100-0001", "1000001"), L("100 0001", "100-001")},
    {"IN", L("110001", "110 001"), L("010001", "11000")},
    {"BR", L("01310-100", "01310100"), L("0131-0100", "01310-10")},
    {"MX", L("06000"), L("0600", "060000")},
};

static void postal_codes_follow_their_country(void **state)
{
  (void)state;
  const struct tg_format *f = tg_format_find(tg_text("postal_code"));
  wrong = 0;
  for (size_t i = 0; i < sizeof postals / sizeof *postals; i++) {
    how.country = tg_text(postals[i].format);
    if (!tg_format_has_country(how.country)) fail_msg("no country %s", postals[i].format);
    for (const char *const *t = postals[i].valid; *t; t++) expect(f, *t, 1);
    for (const char *const *t = postals[i].invalid; *t; t++) expect(f, *t, 0);
    expect(f, "", 0);
  }
  assert_int_equal(wrong, 0);
}

static void every_digit_changed_breaks_a_check_digit(void **state)
{
  static const char *const codes[][2] = {
      {"iban", "DE89370400440532013000"},
      {"credit_card", "4111111111111111"},
      {"isin", "US0378331005"},
      {"lei", "5493001KJTIIGC8Y1R12"},
      {"isbn10", "0521293669"},
      {"isbn13", "9783161484100"},
      {"issn", "03785955"},
      {"ean13", "4006381333931"},
      {"orcid", "0000-0002-1825-0097"},
      {"imei", "490154203237518"},
      {"btc", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"},
      {"eth", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
  };
  (void)state;
  wrong = 0;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    char text[64];
    const struct tg_format *f = tg_format_find(tg_text(codes[i][0]));
    snprintf(text, sizeof text, "%s", codes[i][1]);
    for (char *p = text + (i == 11 ? 2 : 0); *p; p++) {
      char was = *p;
      if (was < '0' || was > '9') continue;
      *p = was == '9' ? '8' : (char)(was + 1);
      expect(f, text, 0);
      *p = was;
    }
    expect(f, text, 1);
  }
  assert_int_equal(wrong, 0);
}

static void a_column_is_judged_with_its_nulls(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "DE XX '' null DE");
  assert_column(tg_format_column(&op, c, tg_text("country_iso2"), tg_text("")),
                "true false false null true");
  c = column("text", "{} { null");
  assert_column(tg_format_column(&op, c, tg_text("json"), tg_text("")), "true false null");
  c = column("text", "10115 1011 null");
  assert_column(tg_format_column(&op, c, tg_text("postal_code"), tg_text("DE")), "true false null");
}

static void numbers_are_taken_where_the_format_says(void **state)
{
  (void)state;
  assert_column(tg_format_column(&op, column("float8", "90 -90.5 1e-7 null NaN Infinity"),
                                 tg_text("latitude"), tg_text("")),
                "true false true null false false");
  assert_column(tg_format_column(&op, column("bigint", "99 100 599 600"), tg_text("http_status"),
                                 tg_text("")),
                "false true true false");
  assert_column(tg_format_column(&op, column("numeric(12,2)", "-180.00 180.01"),
                                 tg_text("longitude"), tg_text("")),
                "true false");
  assert_refused(tg_format_column(&op, column("bigint", "1"), tg_text("iban"), tg_text("")),
                 "is_format needs text, this is bigint");
  assert_refused(tg_format_column(&op, column("boolean", "true"), tg_text("tcp_port"), tg_text("")),
                 "is_format needs text, this is boolean");
}

static void wrong_names_are_refused(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "a");
  assert_refused(tg_format_column(&op, c, tg_text("emial"), tg_text("")), "did you mean 'email'?");
  assert_refused(tg_format_column(&op, c, tg_text("zzzzzzz"), tg_text("")),
                 "there is no format 'zzzzzzz'");
  assert_refused(tg_format_column(&op, c, tg_text("postal_code"), tg_text("")),
                 "needs a country such as \"DE\"");
  assert_refused(tg_format_column(&op, c, tg_text("postal_code"), tg_text("de")), "'de' is none");
  assert_refused(tg_format_column(&op, c, tg_text("email"), tg_text("DE")),
                 "email takes no country");
}

/* A text of n times `part`. */
static struct tg_text many(const char *part, uint32_t n)
{
  uint32_t len = (uint32_t)strlen(part);
  char *p = tg_arena_bytes(&arena, (size_t)len * n);
  for (uint32_t i = 0; i < n; i++) memcpy(p + (size_t)i * len, part, len);
  return tg_text_of(p, (size_t)len * n);
}

static void long_texts_end_soon(void **state)
{
  static const char *const parts[] = {"a",       "1",    "-",    ".", "[",  "<a>", "a.",
                                      "((",      "1,",   "P1Y",  "=", "+1", "0.",  "\xff",
                                      "{\"a\":", "<!--", "*/5,", " ", "%"};
  (void)state;
  for (const struct tg_format *f = tg_formats; f->name; f++)
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
      f->test(&how, many(parts[i], 20000)); /* CTest's time limit is the assertion */
}

static void documents_beyond_the_caps_are_not_judged(void **state)
{
  (void)state;
  const struct tg_format *xml = tg_format_find(tg_text("xml"));
  assert_int_equal(xml->test(&how, many("<a>", 1001)), -TG_LIMIT);
  char bomb[101 * 20] = "<!DOCTYPE a [", one[20];
  size_t len = strlen(bomb);
  for (int i = 0; i < 101; i++) {
    int n = snprintf(one, sizeof one, "<!ENTITY a%d 'b'>", i);
    memcpy(bomb + len, one, (size_t)n + 1), len += (size_t)n;
  }
  assert_int_equal(xml->test(&how, tg_text_of(bomb, len)), -TG_LIMIT);
  const struct tg_format *jwt = tg_format_find(tg_text("jwt"));
  assert_int_equal(jwt->test(&how, many("e", 64 * 1024 + 1)), -TG_LIMIT);
  const struct tg_format *json = tg_format_find(tg_text("json"));
  assert_int_equal(json->test(&how, many("[", 65)), 0);
}

int main(void)
{
#define F(f) cmocka_unit_test_setup_teardown(f, formats_setup, formats_teardown)
  const struct CMUnitTest tests[] = {
      F(each_format_knows_what_is_valid),
      F(every_format_has_samples),
      F(postal_codes_follow_their_country),
      F(every_digit_changed_breaks_a_check_digit),
      F(a_column_is_judged_with_its_nulls),
      F(numbers_are_taken_where_the_format_says),
      F(wrong_names_are_refused),
      F(long_texts_end_soon),
      F(documents_beyond_the_caps_are_not_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
