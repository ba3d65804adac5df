-- Payments: cards and transfers. A batch in which every fifth amount is negative is a fault of the
-- source, not of single payments: the breaker opens before any of it is visible.
return {
  table      = "payments",
  event_time = "paid_at",
  key        = "card",
  fields = {
    "payment_id  uuid          not null",
    "paid_at     timestamptz   not null",
    "card        text          not null",
    "method      text          not null",
    "amount      numeric(12,2) not null",
  },
  rules = {
    compare       { "amount", ">", 0, on_fail = "quarantine", critical = "20%", min_rows = 20 },
    in_set        { "method", { "card", "transfer", "paypal" }, on_fail = "quarantine" },
    matches_regex { "card", "^card-[0-9]{5}$" },
  },
  tests = {
    { "a payment of nothing is quarantined",
      events = {
        { payment_id = uuid(1), paid_at = "2026-01-01T00:00:00Z", card = "card-00001",
          method = "card", amount = 1 },
        { payment_id = uuid(2), paid_at = "2026-01-01T00:00:00Z", card = "card-00001",
          method = "card", amount = 0 },
      },
      rows = { { amount = 1 } }, quarantined = { 2 } },
  },
}
