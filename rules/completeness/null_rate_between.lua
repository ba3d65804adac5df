-- rules/completeness/null_rate_between.lua: the share of nulls lies between bounds.
return {
  doc       = "Nulls / all rows lies between min and max.",
  dimension = "completeness",
  params    = { "column column", "min share = 0", "max share = 1" },
  validate  = function(p)
    if p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:is_null():moments() end,
  judge     = function(m, p) return within(m.mean, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { "x", min = 0.25, max = "25%" },
      given = { x = { 1, 2, null, 4 } }, verdict = "pass", observed = 0.25, evaluated = 4 },
    { "above max", with = { "x", max = 0.24 }, given = { x = { 1, 2, null, 4 } },
      verdict = "fail" },
    { "below min", with = { "x", min = 0.26 }, given = { x = { 1, 2, null, 4 } },
      verdict = "fail" },
    { "none at all", with = { "x", max = 0 }, given = { x = { 1, 2 } }, verdict = "pass",
      observed = 0 },
    { "no rows fail", with = { "x" }, given = { x = {} }, verdict = "fail", observed = null },
    { "no rows may be skipped", with = { "x", empty = "skip" }, given = { x = {} },
      verdict = "skip" },
    { "min above max is an error", with = { "x", min = 0.5, max = 0.4 }, given = { x = { 1 } },
      verdict = "error" },
    { "equal bounds are none", with = { "x", min = 0, max = 0 }, given = { x = { 1 } },
      verdict = "pass" },
  },
}
