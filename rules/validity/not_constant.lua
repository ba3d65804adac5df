-- rules/validity/not_constant.lua: the column holds more than one value.
return {
  doc       = "There are two different values at least, nulls left out.",
  dimension = "validity",
  params    = { "column column" },
  measure   = function(b, p) return b[p.column]:distinct() end,
  judge     = function(m) return m.distinct >= 2, m.distinct end,
  tests     = {
    { "two", with = { "x" }, given = { x = { 1, 2, null } }, verdict = "pass", observed = 2,
      evaluated = 2 },
    { "three", with = { "x" }, given = { x = { 1, 2, 3 } }, verdict = "pass" },
    { "one value", with = { "x" }, given = { x = { 1, 1, null } }, verdict = "fail", observed = 1 },
    { "no value", with = { "x" }, given = { x = { null } }, verdict = "fail", observed = 0 },
  },
}
