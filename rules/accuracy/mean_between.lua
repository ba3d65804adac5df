-- rules/accuracy/mean_between.lua: the mean lies between two bounds.
return {
  doc       = "The mean lies between min and max; booleans count 0 and 1.",
  dimension = "accuracy",
  params    = { "column column", "min number?", "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:moments() end,
  judge     = function(m, p) return within(m.mean, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { "x", min = 2, max = 2 }, given = { x = { 1, 2, null, 3 } },
      verdict = "pass", observed = 2, evaluated = 3 },
    { "below min", with = { "x", min = 2.1 }, given = { x = { 1, 2, 3 } }, verdict = "fail",
      observed = 2 },
    { "above max", with = { "x", max = 1.9 }, given = { x = { 1, 2, 3 } }, verdict = "fail" },
    { "booleans", with = { "x", min = 0.5 }, given = { x = { true, false } }, verdict = "pass",
      observed = 0.5 },
    { "numeric is exact", with = { "x", min = 0.3, max = 0.3 }, given = { x = { "0.1", "0.5" } },
      types = { x = "numeric(12,2)" }, verdict = "pass" },
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
