-- rules/accuracy/sum_between.lua: the sum lies between two bounds.
return {
  doc       = "The sum lies between min and max; exact for whole numbers and numeric.",
  dimension = "accuracy",
  params    = { "column column", "min number?", "max number?" },
  validate  = function(p)
    if p.min == nil and p.max == nil then return "give min, max or both" end
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p) return b[p.column]:sum() end,
  judge     = function(m, p) return within(m.value, p.min, p.max) end,
  tests     = {
    { "both ends belong", with = { "x", min = 6, max = 6 }, given = { x = { 1, 2, null, 3 } },
      verdict = "pass", observed = 6, evaluated = 3 },
    { "below min", with = { "x", min = 7 }, given = { x = { 1, 2, 3 } }, verdict = "fail",
      observed = 6 },
    { "above max", with = { "x", max = 5 }, given = { x = { 1, 2, 3 } }, verdict = "fail" },
    { "numeric is exact", with = { "x", min = 0.3, max = 0.3 }, given = { x = { "0.1", "0.2" } },
      types = { x = "numeric(12,2)" }, verdict = "pass" },
    { "large whole numbers are exact", with = { "x", min = 1, max = 1 },
      given = { x = { 9007199254740993, -9007199254740992 } }, verdict = "pass" },
    { "floats are compensated", with = { "x", min = 2, max = 2 },
      given = { x = { 1.0, 1e100, 1.0, -1e100 } }, verdict = "pass" },
    { "no bound is an error", with = { "x" }, given = { x = { 1 } }, verdict = "error" },
    { "one bound is enough", with = { "x", min = 1 }, given = { x = { 1 } }, verdict = "pass" },
    { "no values fail", with = { "x", max = 1 }, given = { x = { null } }, types = { x = "float8" },
      verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", empty = "skip", max = 1 }, given = { x = { null } },
      types = { x = "float8" }, verdict = "skip" },
    { "min above max is an error", with = { "x", min = 2, max = 1 }, given = { x = { 1, 2 } },
      verdict = "error" },
    { "text is an error", with = { "x", max = 1 }, given = { x = { "a" } }, verdict = "error" },
    { "a text bound is an error", with = { "x", max = "a" }, given = { x = { 1 } },
      verdict = "error" },
  },
}
