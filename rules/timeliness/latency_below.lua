-- rules/timeliness/latency_below.lua: how long events take to reach Kafka.
return {
  doc       = "The p-quantile of Kafka timestamp minus event time, in seconds, is at most max.",
  dimension = "timeliness",
  params    = { "event_ts column", "p number = 0.95", "max duration" },
  validate  = function(p)
    if p.p < 0 or p.p > 1 then return "p is a share from 0 to 1" end
  end,
  measure   = function(b, p) return b[p.event_ts]:age():seconds():quantiles() end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local good, value = within(m:q(p.p), nil, seconds(p.max))
    return good, { value = value, high = seconds(p.max), approx = m.approx or nil }
  end,
  tests     = {
    { "the limit itself passes", with = { "x", p = 0.5, max = "2s" },
      given = { x = at("1s", "2s", "3s") }, kafka = at("2s", "4s", "6s"), verdict = "pass" },
    { "a quantile above it fails", with = { "x", p = 1, max = "2s" },
      given = { x = at("1s", "2s", "3s") }, kafka = at("2s", "4s", "6s"), verdict = "fail" },
    { "the smallest", with = { "x", p = 0, max = "1s" },
      given = { x = at("1s", "2s", "3s") }, kafka = at("2s", "4s", "6s"), verdict = "pass" },
    { "no values fail", with = { "x", max = "2s" }, given = { x = { null } },
      types = { x = "timestamptz" }, verdict = "fail", observed = null },
    { "a share beyond 1 is an error", with = { "x", p = 1.5, max = "2s" },
      given = { x = at("1s") }, verdict = "error" },
    { "a share below 0 is an error", with = { "x", p = -0.5, max = "2s" },
      given = { x = at("1s") }, verdict = "error" },
  },
}
