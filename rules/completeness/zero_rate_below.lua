-- rules/completeness/zero_rate_below.lua: the share of zeros is limited.
return {
  doc       = "Zeros / values that are not null is at most max.",
  dimension = "completeness",
  params    = { "column column", "max share" },
  measure   = function(b, p) return b[p.column]:eq(0):moments() end,
  judge     = function(m, p) return within(m.mean, nil, p.max) end,
  tests     = {
    { "the end belongs", with = { "x", 0.5 }, given = { x = { 0, 1, null } }, verdict = "pass",
      observed = 0.5, evaluated = 2 },
    { "above max", with = { "x", "49%" }, given = { x = { 0, 1 } }, verdict = "fail" },
    { "numeric zeros", with = { "x", 0 }, given = { x = { "0.00" } },
      types = { x = "numeric(12,2)" }, verdict = "fail", observed = 1 },
    { "no values fail", with = { "x", 1 }, given = { x = { null } }, types = { x = "bigint" },
      verdict = "fail", observed = null },
    { "no values may be skipped", with = { "x", 1, empty = "skip" }, given = { x = { null } },
      types = { x = "bigint" }, verdict = "skip" },
    { "text is an error", with = { "x", 1 }, given = { x = { "a" } }, verdict = "error" },
  },
}
