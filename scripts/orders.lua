-- Orders: what an order event is, where it goes, and what must be true of it.
return {
  table      = "orders",
  event_time = "ordered_at",
  key        = "customer_id",
  fields = {
    "order_id     uuid           not null",
    "ordered_at   timestamptz    not null   @ ts",
    "customer_id  bigint         not null",
    "amount       numeric(12,2)",
    "currency     text",
    "country      text                      @ address.country",
    "items        jsonb",
    "is_test      boolean        default false  unstored",
    "produced_at  timestamptz               @kafka.timestamp",
    "amount_eur   numeric(12,2)  computed",
  },
  lookups = { rates = { file = "rates.csv", key = "ccy", value = "rate numeric(12,6)" } },

  transform = function(b)
    b.currency   = b.currency:upper():default("EUR")
    b.amount_eur = (b.amount * lookup.rates[b.currency]:default(null)):round(2)
    b:drop(b.is_test, "test order")
  end,

  rules = {
    between        { "amount", min = 0, max = 50000, on_fail = "quarantine", critical = "20%" },
    not_null       { "amount", warn = "5%" },
    in_set         { "currency", { "EUR", "USD", "GBP", "JPY", "CHF" }, on_fail = "quarantine" },
    matches_regex  { "country", "^[A-Z]{2}$" },
    length_between { "country", min = 2, max = 2 },
    compare        { "customer_id", ">=", 0 },
  },

  tests = {
    { "currency is upper-cased, a missing one is EUR",
      events = {
        { order_id = uuid(1), ts = "2026-01-01T00:00:00Z", customer_id = 7, currency = "eur" },
        { order_id = uuid(2), ts = "2026-01-01T00:00:00Z", customer_id = 7 },
      },
      rows = { { currency = "EUR" }, { currency = "EUR" } } },
    { "amounts are in EUR too, where the rate is known",
      lookups = { rates = { EUR = 1, USD = 0.9 } },
      events = {
        { order_id = uuid(1), ts = "2026-01-01T00:00:00Z", customer_id = 7, amount = 10,
          currency = "usd" },
        { order_id = uuid(2), ts = "2026-01-01T00:00:00Z", customer_id = 7, amount = 10,
          currency = "CHF" },
      },
      rows = { { amount_eur = 9 }, { amount_eur = null } } },
    { "test orders are dropped",
      events = {
        { order_id = uuid(1), ts = "2026-01-01T00:00:00Z", customer_id = 7, is_test = true },
      },
      dropped = { 1 } },
    { "too large an amount is quarantined",
      events = {
        { order_id = uuid(1), ts = "2026-01-01T00:00:00Z", customer_id = 7, amount = 75000 },
      },
      quarantined = { 1 } },
  },
}
