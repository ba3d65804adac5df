-- rules/volume/velocity_below.lua: a key does not occur too often within a time.
return {
  doc       = "No key has more than max events within the window that ends with the event.",
  dimension = "volume",
  params    = {
    "key column", "max integer", "window duration", "keys_max integer = 100000", "time column?",
  },
  state     = { key = "$key", keys_max = "$keys_max", keep = "$window" },
  depends   = "stream",
  check     = function(b, p, s)
    return s:count_within(p.time and b[p.time] or b:kafka_timestamp(), p.window):le(p.max)
  end,
  validate  = function(p)
    if p.max < 1 then return "max is at least 1: no event at all would pass" end
    if p.max > 4096 then return "max is at most 4096: that many events of a key are remembered" end
  end,
  reason    = "more than {max} events of one {key} within {window}",
  tests     = {
    { "the third within a minute",
      with = { "card", 2, "1m", time = "paid_at" },
      given = {
        card = { "a", "a", "b", "a", "a", null },
        paid_at = at("0s", "1s", "1s", "59s", "2m", "2m"),
      },
      fails = { 4 }, evaluated = 5, reasons = { "more than 2 events of one card within 1m" } },
    { "an event as old as the window does not count",
      with = { "card", 1, "1m", time = "paid_at" },
      given = { card = { "a", "a", "a" }, paid_at = at("0s", "60s", "119s") }, fails = { 3 } },
    { "batches do not matter",
      with = { "card", 2, "1m", time = "paid_at" },
      given = {
        { card = { "a", "b" }, paid_at = at("0s", "0s") },
        { card = { "a" }, paid_at = at("10s") },
        { card = { "a", "b" }, paid_at = at("20s", "20s") },
      },
      fails = { 4 }, evaluated = 5 },
    { "an event that comes late counts at its own time",
      with = { "card", 1, "1m", time = "paid_at" },
      given = { card = { "a", "a", "a" }, paid_at = at("5m", "6m", "270s") }, fails = {} },
    { "a key too many pushes out the one used longest ago",
      with = { "card", 1, "1m", time = "paid_at", keys_max = 2 },
      given = { card = { "a", "b", "c", "b", "a" }, paid_at = at("0s", "0s", "0s", "1s", "1s") },
      fails = { 4 } },
    { "without a time of its own the record's counts",
      with = { "card", 1, "1m" }, given = { card = { "a", "a", "b" } }, fails = { 2 } },
    { "rows that `where` leaves out are not counted",
      with = {
        "card", 1, "1m", time = "paid_at", where = function(b) return b.paid:eq(true) end,
      },
      given = {
        card = { "a", "a", "a" }, paid = { true, false, true }, paid_at = at("0s", "1s", "2s"),
      },
      fails = { 3 }, evaluated = 2 },
    { "max 0", with = { "card", 0, "1m" }, given = { card = { "a" } }, verdict = "error" },
    { "max 1 is possible", with = { "card", 1, "1m" }, given = { card = { "a" } },
      verdict = "pass" },
    { "more than is remembered", with = { "card", 4097, "1m" }, given = { card = { "a" } },
      verdict = "error" },
    { "as many as are remembered", with = { "card", 4096, "1m" }, given = { card = { "a" } },
      verdict = "pass" },
  },
}
