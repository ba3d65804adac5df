-- rules/distribution/category_share_between.lua: how often one value occurs.
return {
  doc       = "Rows with the value / values that are not null lies between min and max.",
  dimension = "distribution",
  params    = { "column column", "value value", "min share = 0", "max share = 1" },
  validate  = function(p)
    if p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:eq(p.value):moments() end,
  judge     = function(m, p) return within(m.mean, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { "x", "a", 0.5, 0.5 }, given = { x = { "a", "b", null } },
      verdict = "pass", observed = 0.5, evaluated = 2 },
    { "of several", with = { "x", "a" }, given = { x = { "a", "b", "c" } }, verdict = "pass",
      observed = 1 / 3 },
    { "below min", with = { "x", "a", "51%" }, given = { x = { "a", "b" } }, verdict = "fail" },
    { "above max", with = { "x", "a", max = "49%" }, given = { x = { "a", "b" } },
      verdict = "fail" },
    { "no values fail", with = { "x", "a" }, given = { x = { null } }, verdict = "fail",
      observed = null },
    { "no values may be skipped", with = { "x", "a", empty = "skip" }, given = { x = { null } },
      verdict = "skip" },
    { "min above max is an error", with = { "x", "a", 0.5, 0.4 }, given = { x = { "a" } },
      verdict = "error" },
    { "a value of another type is an error", with = { "x", 1 }, given = { x = { "a" } },
      verdict = "error" },
  },
}
