-- rules/timeliness/no_gap_longer_than.lua: a key is not silent for too long.
return {
  doc       = "No event is later than max_gap after the newest one of its key before it.",
  dimension = "timeliness",
  params    = {
    "column column", "max_gap duration", "by column?", "keys_max integer = 100000",
  },
  state     = { key = "$by", keys_max = "$keys_max" },
  depends   = "stream",
  check     = function(b, p, s)
    local c = b[p.column]
    local newest = s:largest(c)
    local judged = c:not_null()
    if p.by then judged = judged & b[p.by]:not_null() end
    return ((c - newest):le(p.max_gap) | newest:is_null()):where(judged)
  end,
  reason    = "{column}: {} comes more than {max_gap} after the one before",
  tests     = {
    { "a gap as long as allowed passes", with = { "t", "1m", "k" },
      given = {
        k = { "a", "b", "a", "a", "b", "a" }, t = at("0s", "0s", "60s", "121s", "60s", "122s"),
      },
      fails = { 4 }, evaluated = 6 },
    { "an event that comes late ends no gap", with = { "t", "1m" },
      given = { t = at("2m", "0s", "170s", "4m") }, fails = { 4 } },
    { "over batches", with = { "t", "1m" },
      given = { { t = at("0s") }, { t = at("2m") }, { t = at("3m") } }, fails = { 2 } },
    { "null is left out", with = { "t", "1m", "k" },
      given = {
        k = { "a", null, "a" }, t = { "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", null },
      },
      types = { t = "timestamptz" }, fails = {}, evaluated = 1 },
  },
}
