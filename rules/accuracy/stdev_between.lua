-- rules/accuracy/stdev_between.lua: the standard deviation lies between two bounds.
return {
  doc       = "The sample's standard deviation (n - 1) lies between min and max.",
  dimension = "accuracy",
  params    = { "column column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:moments() end,
  judge     = function(m, p) return within(m.stdev, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { "x", min = 1, max = 1 }, given = { x = { -1, 0, null, 1 } },
      verdict = "pass", observed = 1, evaluated = 3 },
    { "below min", with = { "x", min = 1.1 }, given = { x = { -1, 0, 1 } }, verdict = "fail",
      observed = 1 },
    { "above max", with = { "x", max = 0.9 }, given = { x = { -1, 0, 1 } }, verdict = "fail" },
    { "a constant has none", with = { "x", max = 0 }, given = { x = { 0.1, 0.1, 0.1 } },
      verdict = "pass", observed = 0 },
    { "a large offset costs no digits", with = { "x", min = 1, max = 1 },
      given = { x = { 1e15, 1e15 + 1, 1e15 + 2 } }, verdict = "pass" },
    { "one value has none", with = { "x", min = 0 }, given = { x = { 5 } }, verdict = "fail",
      observed = null },
    { "no bound passes", with = { "x" }, given = { x = { 1, 1 } }, verdict = "pass", observed = 0 },
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
