-- rules/accuracy/median_between.lua: the median lies between two bounds.
return {
  doc       = "The middle value, or the mean of the middle two, lies between min and max.",
  dimension = "accuracy",
  params    = { "column column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:quantiles() end,
  judge     = function(m, p) return within(m.median, p.min, p.max) end,
  tests     = {
    { "the middle", with = { "x", min = 2, max = 2 }, given = { x = { 9, 2, null, 1 } },
      verdict = "pass", observed = 2, evaluated = 3 },
    { "the mean of the middle two", with = { "x", min = 2.5, max = 2.5 },
      given = { x = { 1, 2, 3, 9 } }, verdict = "pass", observed = 2.5 },
    { "below min", with = { "x", min = 3 }, given = { x = { 1, 2, 9 } }, verdict = "fail",
      observed = 2 },
    { "above max", with = { "x", max = 1 }, given = { x = { 1, 2, 9 } }, verdict = "fail" },
    { "no bound passes", with = { "x" }, given = { x = { 1 } }, verdict = "pass", observed = 1 },
    { "no values fail", with = { "x" }, given = { x = { null } }, types = { x = "float8" },
      verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", empty = "skip" }, given = { x = { null } },
      types = { x = "float8" }, verdict = "skip" },
    { "min above max is an error", with = { "x", min = 2, max = 1 }, given = { x = { 1, 2 } },
      verdict = "error" },
    { "text is an error", with = { "x", max = 1 }, given = { x = { "a" } }, verdict = "error" },
    { "a text bound is an error", with = { "x", max = "a" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
