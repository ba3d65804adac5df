/* Deterministic events; the fields say which h(k) decides them. */
#include "core/app/generator.h"

#include "core/base/clock.h"

#include <time.h>

static uint64_t mix(uint64_t z)
{
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

struct draw {
  uint64_t base;
};

static uint64_t h(struct draw d, unsigned k)
{
  return mix(d.base + k);
}

bool tg_stream_parse(const char *name, enum tg_stream *out)
{
  static const char *const names[] = {"orders", "payments", "reference"};
  for (int i = 0; i < 3; i++)
    if (strcmp(name, names[i]) == 0) return *out = (enum tg_stream)i, true;
  return false;
}

static void add_uuid(struct tg_buf *b, uint64_t hi, uint64_t lo)
{
  tg_buf_printf(b, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(hi >> 32),
                (unsigned)(hi >> 16) & 0xffff, (unsigned)hi & 0xfff,
                (unsigned)(0x8000 | (lo >> 50)), (unsigned long long)(lo & 0xffffffffffff));
}

/* "2026-11-15T00:00:00.003Z" */
static void add_time(struct tg_buf *b, int64_t us)
{
  char text[32];
  tg_buf_str(b, tg_clock_text(us, text));
}

/* 12345 -> 123.45 */
static void add_cents(struct tg_buf *b, int64_t cents)
{
  tg_buf_printf(b, "%s%lld.%02lld", cents < 0 ? "-" : "",
                (long long)(cents < 0 ? -cents : cents) / 100,
                (long long)(cents < 0 ? -cents : cents) % 100);
}

static const char *const currencies[] = {"EUR", "USD", "GBP", "JPY", "CHF"};
static const char *const lower[] = {"eur", "usd", "gbp", "jpy", "chf"};
static const char *const countries[] = {"DE", "FR", "US", "GB", "IT", "ES", "NL", "PL"};

static void add_items(struct tg_buf *b, struct draw d)
{
  unsigned n = 1 + (unsigned)(h(d, 11) % 2);
  tg_buf_char(b, '[');
  for (unsigned i = 0; i < n; i++)
    tg_buf_printf(b, "%s{\"sku\":\"SKU-%05u\",\"qty\":%u}", i ? "," : "",
                  (unsigned)(h(d, 12 + i) % 1000), 1 + (unsigned)(h(d, 14 + i) % 5));
  tg_buf_char(b, ']');
}

/* Faults of an order by h(9) % 10000; none from 250 on. */
enum fault {
  NOT_JSON = 50,    /* below 50: cut in the middle */
  NUL_IN_TEXT = 80, /* currency */
  SURROGATE = 100,  /* currency */
  OVERFLOW = 130,   /* amount does not fit numeric(12,2) */
  NULL_KEY = 160,   /* customer_id is null */
  WRONG_TYPE = 190, /* customer_id is an object */
  FAR_YEAR = 210,   /* ts in the year 99999 */
  TOO_MUCH = 250    /* amount 75000.00: a rule's business */
};

static void add_customer(struct tg_buf *b, unsigned fault, uint64_t customer)
{
  if (fault >= OVERFLOW && fault < NULL_KEY)
    tg_buf_str(b, "null");
  else if (fault >= NULL_KEY && fault < WRONG_TYPE)
    tg_buf_str(b, "{}");
  else
    tg_buf_printf(b, "%llu", (unsigned long long)customer);
}

static void add_amount(struct tg_buf *b, struct draw d, unsigned fault)
{
  if (fault >= SURROGATE && fault < OVERFLOW)
    tg_buf_str(b, "99999999999.99");
  else if (fault >= FAR_YEAR && fault < TOO_MUCH)
    tg_buf_str(b, "75000.00");
  else if (h(d, 5) % 1000 < 27)
    tg_buf_str(b, "null");
  else
    add_cents(b, 1 + (int64_t)(h(d, 6) % 200000));
}

static void add_currency(struct tg_buf *b, struct draw d, unsigned fault)
{
  if (fault >= NOT_JSON && fault < NUL_IN_TEXT)
    tg_buf_str(b, "E\\u0000R");
  else if (fault >= NUL_IN_TEXT && fault < SURROGATE)
    tg_buf_str(b, "\\ud800");
  else
    tg_buf_str(b, (h(d, 7) % 100 < 5 ? lower : currencies)[h(d, 8) % 5]);
}

static uint64_t customer_of(struct draw d)
{
  return h(d, 16) % 10 < 6 ? h(d, 17) % 100 : h(d, 17) % 100000;
}

static uint64_t order(const struct tg_generator *g, uint64_t number, struct tg_buf *b)
{
  if (number && mix(g->seed + 64 * number + 10) % 100 == 0 && !g->clean)
    number--; /* repeats the one before */
  struct draw d = {g->seed + 64 * number};
  unsigned fault = g->clean ? 9999 : (unsigned)(h(d, 9) % 10000);
  int64_t at = g->start_us + (int64_t)number * g->step_us;
  if (h(d, 3) % 100 == 0) at -= (int64_t)(h(d, 4) % 7200) * TG_SEC;
  uint64_t customer = customer_of(d);
  tg_buf_str(b, "{\"order_id\":\"");
  add_uuid(b, h(d, 1), h(d, 2));
  tg_buf_str(b, "\",\"ts\":\"");
  if (fault >= WRONG_TYPE && fault < FAR_YEAR)
    tg_buf_str(b, "99999-01-01T00:00:00Z");
  else
    add_time(b, at);
  tg_buf_str(b, "\",\"customer_id\":");
  add_customer(b, fault, customer);
  tg_buf_str(b, ",\"amount\":");
  add_amount(b, d, fault);
  tg_buf_str(b, ",\"currency\":\"");
  add_currency(b, d, fault);
  tg_buf_printf(b, "\",\"address\":{\"country\":\"%s\"},\"items\":", countries[h(d, 18) % 8]);
  add_items(b, d);
  tg_buf_printf(b, ",\"is_test\":%s}", h(d, 19) % 100 == 0 && !g->clean ? "true" : "false");
  if (fault < NOT_JSON) b->len = b->len * 2 / 3;
  return customer;
}

static uint64_t payment(const struct tg_generator *g, uint64_t number, struct tg_buf *b)
{
  static const char *const methods[] = {"card", "transfer", "paypal"};
  struct draw d = {g->seed + 64 * number};
  int64_t cents = 1 + (int64_t)(h(d, 6) % 100000);
  uint64_t card = h(d, 16) % 10 < 3 ? h(d, 17) % 50 : h(d, 17) % 5000;
  if (g->bad ? h(d, 9) % 3 == 0 : h(d, 9) % 1000 < 5) cents = -cents;
  tg_buf_str(b, "{\"payment_id\":\"");
  add_uuid(b, h(d, 1), h(d, 2));
  tg_buf_str(b, "\",\"paid_at\":\"");
  add_time(b, g->start_us + (int64_t)number * g->step_us);
  tg_buf_printf(b, "\",\"card\":\"card-%05llu\",\"method\":\"%s\",\"amount\":",
                (unsigned long long)card, methods[h(d, 8) % 3]);
  add_cents(b, cents);
  tg_buf_char(b, '}');
  return card;
}

static uint64_t reference(const struct tg_generator *g, uint64_t number, struct tg_buf *b)
{
  static const char *const types[] = {"view", "click", "purchase", "refund", "signup", "search"};
  static const char *const os[] = {"ios", "android", "windows", "macos", "linux"};
  static const char *const channels[] = {"web", "app", "store"};
  struct draw d = {g->seed + 64 * number};
  uint64_t user = customer_of(d);
  tg_buf_str(b, "{\"event_id\":\"");
  add_uuid(b, h(d, 1), h(d, 2));
  tg_buf_str(b, "\",\"event_time\":\"");
  add_time(b, g->start_us + (int64_t)number * g->step_us);
  tg_buf_printf(b,
                "\",\"user_id\":%llu,\"session_id\":\"s-%08x\",\"event_type\":\"%s\",\"amount\":",
                (unsigned long long)user, (unsigned)h(d, 20), types[h(d, 21) % 6]);
  if (h(d, 5) % 1000 < 27)
    tg_buf_str(b, "null");
  else
    add_cents(b, 1 + (int64_t)(h(d, 6) % 200000));
  uint64_t ip = h(d, 22);
  tg_buf_printf(b,
                ",\"currency\":\"%s\",\"country\":\"%s\",\"ip\":\"10.%u.%u.%u\",\"device\":{\"os\":"
                "\"%s\",\"ver\":\"%u.%u.%u\"},\"items\":",
                currencies[h(d, 8) % 5], countries[h(d, 18) % 8], (unsigned)(ip & 255),
                (unsigned)(ip >> 8 & 255), (unsigned)(ip >> 16 & 255), os[h(d, 23) % 5],
                10 + (unsigned)(h(d, 24) % 9), (unsigned)(h(d, 25) % 10),
                (unsigned)(h(d, 26) % 10));
  add_items(b, d);
  tg_buf_printf(b, ",\"is_test\":%s,\"channel\":\"%s\"}", h(d, 19) % 100 == 0 ? "true" : "false",
                channels[h(d, 27) % 3]);
  return user;
}

uint64_t tg_generate(const struct tg_generator *g, uint64_t number, struct tg_buf *out)
{
  tg_buf_clear(out);
  switch (g->stream) {
  case TG_STREAM_ORDERS: return order(g, number, out);
  case TG_STREAM_PAYMENTS: return payment(g, number, out);
  default: return reference(g, number, out);
  }
}
