-- rules/accuracy/moment_between.lua: variance, skewness, kurtosis or entropy lies in bounds.
return {
  doc       = "A moment lies between min and max: variance (n - 1), skewness m3/m2^1.5, "
    .. "kurtosis m4/m2^2 - 3, or entropy -sum p ln p over the distinct values.",
  dimension = "accuracy",
  params    = { "column column", "moment variance|skewness|kurtosis|entropy", "min number?",
    "max number?" },
  validate  = function(p)
    if p.min and p.max and p.min > p.max then return "min is above max: no value can pass" end
  end,
  measure   = function(b, p)
    if p.moment == "entropy" then return b[p.column]:counts() end
    return b[p.column]:moments()
  end,
  judge     = function(m, p) return within(m[p.moment], p.min, p.max) end,
  tests     = {
    { "variance", with = { "x", "variance", min = 1, max = 1 }, given = { x = { -1, 0, null, 1 } },
      verdict = "pass", observed = 1, evaluated = 3 },
    { "below min", with = { "x", "variance", min = 1.1 }, given = { x = { -1, 0, 1 } },
      verdict = "fail" },
    { "above max", with = { "x", "variance", max = 0.9 }, given = { x = { -1, 0, 1 } },
      verdict = "fail" },
    { "skewness", with = { "x", "skewness", min = 0.2, max = 0.3 },
      given = { x = { 2, 8, 0, 4, 1, 9, 9, 0 } }, verdict = "pass", observed = 0.2650554122698573 },
    { "kurtosis", with = { "x", "kurtosis", max = -1 },
      given = { x = { 2, 8, 0, 4, 1, 9, 9, 0 } }, verdict = "pass", observed = -1.66600107528385 },
    { "entropy of texts", with = { "x", "entropy", min = 0.6 }, given = { x = { "a", "b", null } },
      verdict = "pass", observed = 0.6931471805599453 },
    { "a constant has no skewness", with = { "x", "skewness" }, given = { x = { 1, 1 } },
      verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", "variance", empty = "skip" },
      given = { x = { null } }, types = { x = "bigint" }, verdict = "skip" },
    { "no bound passes", with = { "x", "entropy" }, given = { x = { 1 } }, verdict = "pass",
      observed = 0 },
    { "min above max is an error", with = { "x", "variance", 2, 1 }, given = { x = { 1 } },
      verdict = "error" },
    { "an unknown moment is an error", with = { "x", "mode" }, given = { x = { 1 } },
      verdict = "error" },
    { "text has no variance", with = { "x", "variance" }, given = { x = { "a" } },
      verdict = "error" },
  },
}
