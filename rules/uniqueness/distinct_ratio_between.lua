-- rules/uniqueness/distinct_ratio_between.lua: how much the values repeat themselves.
return {
  doc       = "Different values / values that are not null lies between min and max.",
  dimension = "uniqueness",
  params    = { "column column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:distinct(1048576) end,
  judge     = function(m, p)
    if m.count == 0 then return nil end
    local ratio = m.distinct / m.count
    return within(ratio, p.min, p.max), { value = ratio, approx = m.approx or nil }
  end,
  tests     = {
    { "both ends belong", with = { "x", 0.5, 0.5 }, given = { x = { "a", "a", null } },
      verdict = "pass", observed = 0.5, evaluated = 2 },
    { "below min", with = { "x", 0.6 }, given = { x = { 1, 1 } }, verdict = "fail",
      observed = 0.5 },
    { "above max", with = { "x", max = 0.9 }, given = { x = { 1, 2 } }, verdict = "fail",
      observed = 1 },
    { "no bound passes", with = { "x" }, given = { x = { 1 } }, verdict = "pass" },
    { "no values fail", with = { "x" }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no values may be skipped", with = { "x", empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
    { "min above max is an error", with = { "x", 1, 0 }, given = { x = { 1 } }, verdict = "error" },
  },
}
