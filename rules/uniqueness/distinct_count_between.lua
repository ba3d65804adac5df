-- rules/uniqueness/distinct_count_between.lua: the number of different values lies in bounds.
return {
  doc       = "The number of different values, nulls left out, lies between min and max; approx "
    .. "keeps 16 KiB instead of a hash of each value and is off by 0.8 % past 4,096.",
  dimension = "uniqueness",
  params    = { "column column", "min integer?", "max integer?", "approx flag = false" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:distinct(p.approx and 4096 or 1048576) end,
  judge     = function(m, p)
    local good = within(m.distinct, p.min, p.max)
    return good, { value = m.distinct, approx = m.approx or nil }
  end,
  tests     = {
    { "both ends belong", with = { "x", 2, 2 }, given = { x = { "a", "b", null, "a" } },
      verdict = "pass", observed = 2, evaluated = 3 },
    { "too few", with = { "x", 3 }, given = { x = { 1, 2, 1 } }, verdict = "fail", observed = 2 },
    { "too many", with = { "x", max = 1 }, given = { x = { 1, 2, 1 } }, verdict = "fail" },
    { "no values is 0", with = { "x", max = 0 }, given = { x = { null } }, verdict = "pass",
      observed = 0 },
    { "no bound passes", with = { "x" }, given = { x = { 1 } }, verdict = "pass", observed = 1 },
    { "by a sketch", with = { "x", 1, 1, approx = true }, given = { x = { 0.5, 0.5 } },
      verdict = "pass", observed = 1 },
    { "min above max is an error", with = { "x", 2, 1 }, given = { x = { 1 } }, verdict = "error" },
  },
}
